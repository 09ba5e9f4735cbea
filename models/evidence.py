"""The published measurements and the references behind every number.

The tables are the committed files in `tables/`; the models that rest on a table read it here, so that a new
study is one new row. A DOI is listed only where it was checked against the publisher.
"""

import csv
from functools import cache
from pathlib import Path
from typing import Final, Literal, NotRequired, TypedDict, cast

TABLES: Final = Path(__file__).parent / "tables"

Standing = Literal["published", "secondary", "derived", "choice"]
"""published: in the publisher's page or abstract; secondary: transcribed by a third party; derived: arithmetic
on published numbers; choice: a modelling decision of this project."""

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


class Reference(TypedDict):
    """A source: short citation, and its DOI where it was checked."""

    id: str
    citation: str
    doi: NotRequired[str]


REFERENCES: Final = {
    row["id"]: cast(Reference, {name: cell for name, cell in row.items() if cell}) for row in table("references")
}
"""Every source an answer can name, by id."""
