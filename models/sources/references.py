"""The published measurements and the references behind every number.

The tables are the committed files in `tables/`; the models that rest on a table read it here, so that a new
study is one new row. A DOI is listed only where it was checked against the publisher.
"""

from typing import Final, NotRequired, TypedDict, cast

from retrorun.models.sources.tables import table


class Reference(TypedDict):
    """A source: short citation, and its DOI where it was checked."""

    id: str
    citation: str
    doi: NotRequired[str]


REFERENCES: Final = {
    row["id"]: cast(Reference, {name: cell for name, cell in row.items() if cell}) for row in table("references")
}
"""Every source an answer can name, by id."""
