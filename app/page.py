"""How an answer is set in a terminal: cells, columns, wrapped sentences, headings."""

import math
import re
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple

FIGURES: Final = 3
WIDTH_HIGH: Final = 100
"""Longer lines are hard to read."""
SPACINGS: Final = ((4, 2), (3, 2), (3, 1), (2, 1), (2, 0))
"""Blanks between columns, and between a value and its interval, from wide terminals to narrow ones; none is an
interval below its value."""

BOLD: Final = "\x1b[1m"
PLAIN: Final = "\x1b[0m"
EVIDENCE: Final = "Evidence"
UNKNOWN: Final = "unknown"
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NEXT_LINE: Final = "\n"
NO_BREAK: Final = "\N{NO-BREAK SPACE}"


class Page(NamedTuple):
    """What an answer is set on: the columns of a terminal, what it shows, and what was typed in other units there."""

    columns: int
    bold: bool = False
    """Mark headings as terminals do."""
    blocks: bool = True
    """Draw with block elements, which not every encoding has."""
    typed: Mapping[str, str] = NOTHING
    """Fields of the request to show also as they were typed."""

    @property
    def width(self) -> int:
        """Columns at which sentences are wrapped; a table is as wide as its numbers need."""
        return min(self.columns, WIDTH_HIGH)

    def heading(self, text: str) -> str:
        """Return a text as a heading."""
        return f"{BOLD}{text}{PLAIN}" if self.bold else text


class Cell(NamedTuple):
    """A value and the ends of its interval, or a word; whatever is not known is empty."""

    value: str = ""
    low: str = ""
    high: str = ""
    word: str = ""


class Row(NamedTuple):
    """One quantity: its name and unit, a cell for each column, and its evidence grades."""

    label: str
    unit: str
    cells: tuple[Cell, ...]
    evidence: str = ""


def text_of(blocks: Iterable[Sequence[str]]) -> str:
    """Return blocks of lines as a text, a blank line between them."""
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def grid(groups: Mapping[str, Sequence[Row]], titles: Sequence[str], page: Page) -> list[str]:
    """Return groups of rows in aligned columns; one in which nothing stands is left out."""
    every = [row for group in groups.values() for row in group]
    name_width = max(len(row.label) + 1 + len(row.unit) for row in every)
    names = [f" {row.label}{row.unit:>{name_width - len(row.label)}}" for row in every]
    for gap, inner in SPACINGS:
        lines_a_row = 1 if inner else 2
        columns = [column("", names, lines_a_row)]
        for place, title in enumerate(titles):
            cells = [row.cells[place] for row in every]
            if any(any(cell) for cell in cells):
                columns.append(column(title, aligned(cells, inner), lines_a_row))
        if any(row.evidence for row in every):
            columns.append(column("", [row.evidence for row in every], lines_a_row))
        lines = [(" " * gap).join(texts).rstrip() for texts in zip(*columns, strict=True)]
        if any(row.evidence for row in every):  # longer than what stands under it: it ends where that does
            lines[0] += " " * gap + EVIDENCE.rjust(max(map(len, lines)) - len(lines[0]) - gap)
        if max(map(len, lines)) <= page.width:
            break
    block, place = [page.heading(lines[0])], 1
    for title, group in groups.items():
        if group:
            until = place + lines_a_row * len(group)
            block += [page.heading(title), *(line for line in lines[place:until] if line)]
            place = until
    return block


def aligned(cells: Sequence[Cell], inner: int) -> list[str]:
    """Return the cells of a column, values by their last figure and intervals by their dash."""
    value, low, high = (max(len(cell[part]) for cell in cells) for part in range(3))
    texts = []
    for cell in cells:
        ends = f"{cell.low:>{low}}–{cell.high:<{high}}" if cell.low else ""
        first = cell.word or f"{cell.value:>{value}}"
        texts.append(f"{first}{' ' * inner or NEXT_LINE}{ends}")
    return texts


def column(title: str, texts: Sequence[str], lines_a_row: int) -> list[str]:
    """Return a title and texts of one or two lines as lines of one width."""
    lines = [title]
    for text in texts:
        first, _, second = text.partition(NEXT_LINE)
        lines += [first, second][:lines_a_row]
    width = max(map(len, lines))
    return [line.ljust(width) for line in lines]


def decimals_for(entries: Iterable[Any], scale: float) -> int:
    """Return the decimals that show three figures of the largest number of a row, two of one below 1."""
    ends = [entry["high"] if isinstance(entry, dict) else entry for entry in entries]
    largest = max((abs(end) * scale for end in ends if isinstance(end, float)), default=0.0)
    if largest <= 0:
        return 0
    magnitude = math.floor(math.log10(largest))
    return max(0, FIGURES - 1 - magnitude - (magnitude < 0))


def fixed(value: float, decimals: int) -> str:
    """Return a number rounded half up, as people do: in binary 1.075 is a little less than it says.

    Examples
    --------
    >>> fixed(1.075, 2), f"{1.075:.2f}"
    ('1.08', '1.07')
    """
    return f"{Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def cell_of(entry: Any, decimals: int, scale: float = 1.0) -> Cell:
    """Return a number, an interval, bounds, or a word as a cell."""
    if entry is None:
        return Cell(word=UNKNOWN)
    if isinstance(entry, str):
        return Cell(word=entry)
    if not isinstance(entry, dict):
        return Cell(fixed(entry * scale, decimals))
    low, high = (fixed(entry[end] * scale, decimals) for end in ("low", "high"))
    value = fixed(entry["value"] * scale, decimals) if "value" in entry else ""
    return Cell(value) if low == value == high else Cell(value, low, high)


def wrapped(text: str, width: int, hang: str = "") -> list[str]:
    """Return a text as lines, no number parted from its unit, and all as far in as the mark of the first."""
    kept = re.sub(r"(?<=[0-9]) (?=[a-z%])|(?<=\bn) (?=[0-9])", NO_BREAK, text)
    lines = textwrap.wrap(kept, width, initial_indent=hang, subsequent_indent=" " * len(hang), break_on_hyphens=False)
    return [line.replace(NO_BREAK, " ") for line in lines]
