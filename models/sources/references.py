"""The references behind every number.

The rows are in `references.csv` beside this module. A DOI is listed only if it was checked against the publisher.
"""

from typing import Final, NotRequired, TypedDict, cast

from retrorun.models.sources.tables import table


class Reference(TypedDict):
    """A source: a short citation, and its DOI if it was checked."""

    id: str
    citation: str
    doi: NotRequired[str]


REFERENCES: Final = {
    row["id"]: cast(Reference, {name: cell for name, cell in row.items() if cell}) for row in table("references")
}
"""Every source that an answer can name, by id."""
