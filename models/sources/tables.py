"""Published measurements: rows of the CSV files beside this module."""

import csv
from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Final, Literal, NamedTuple

TABLES: Final = Path(__file__).parent

TableName = Literal["energy", "gait", "load", "load_findings", "ratios"]
"""The tables of measurements."""


@cache
def table(name: TableName | Literal["constants", "references"]) -> tuple[dict[str, str], ...]:
    """Return one committed table, a dict of texts for each row.

    Parameters
    ----------
    name : {"energy", "gait", "load", "load_findings", "ratios", "constants", "references"}
        Table in `models/tables`.

    Returns
    -------
    tuple of dict
        Rows in file order; an empty text where a cell is empty.

    Examples
    --------
    >>> table("ratios")[0]["study"]
    'Williford 1998'
    """
    with (TABLES / f"{name}.csv").open(encoding="utf-8", newline="") as file:
        return tuple(csv.DictReader(file))


class Row(NamedTuple):
    """One row of a table, and its number counted from 1 after the header."""

    number: int
    cells: Mapping[str, str]


def numbered(name: TableName) -> list[Row]:
    """Return the rows of a table with their numbers."""
    return [Row(number, cells) for number, cells in enumerate(table(name), start=1)]


def number(text: str) -> float | None:
    """Return a cell as a number, or None where it holds none or a range.

    Examples
    --------
    >>> number("0.5"), number(""), number("0-0.25")
    (0.5, None, None)
    """
    try:
        return float(text)
    except ValueError:
        return None
