"""Reads the tables of published measurements: the CSV files beside this module."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

TABLES: Final = Path(__file__).parent

TableName = Literal["energy", "gait", "load", "load_findings", "ratios"]
"""The tables of measurements."""


@cache
def table(name: TableName | Literal["constants", "facts", "references"]) -> tuple[dict[str, str], ...]:
    """Return a table, a dict of texts for each row.

    Parameters
    ----------
    name : {"energy", "gait", "load", "load_findings", "ratios", "constants", "facts", "references"}
        Table in `models/sources`.

    Returns
    -------
    tuple of dict
        Rows in file order. An empty cell is an empty text.

    Examples
    --------
    >>> table("ratios")[0]["study"]
    'Williford 1998'
    """
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


class Row(NamedTuple):
    """One row of a table, and its number. The first row after the header is 1."""

    number: int
    cells: Mapping[str, str]


def numbered(name: TableName) -> list[Row]:
    """Return the rows of a table with their numbers."""
    return [Row(number, cells) for number, cells in enumerate(table(name), start=1)]


def number(text: str) -> float | None:
    """Return a cell as a number, or None if it is empty, a word or a range.

    Examples
    --------
    >>> number("0.5"), number(""), number("0-0.25")
    (0.5, None, None)
    """
    try:
        return float(text)
    except ValueError:
        return None
