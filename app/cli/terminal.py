"""Lay out text for a terminal: wrapped sentences, headings, bars, and a table with aligned columns."""

import itertools
import math
import re
import textwrap
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from decimal import ROUND_HALF_UP, Decimal
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

FIGURES: Final = 3
WIDTH_HIGH: Final = 100
"""Longer lines are hard to read."""
INDENT: Final = "  "
GAPS: Final = ("   ", "  ", " ")
"""Spaces between columns, from wide terminals to narrow ones."""
BOLD: Final = "\x1b[1m"
PLAIN: Final = "\x1b[0m"
UNKNOWN: Final = "unknown"
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NO_BREAK: Final = "\N{NO-BREAK SPACE}"

EIGHTHS: Final = " ▏▎▍▌▋▊▉"
"""A character filled to 0/8, 1/8, and so on."""
FULL: Final = "█"
HASH: Final = "#"
SHORTEST_BAR: Final = 10
"""Columns. A shorter bar shows nothing useful."""


class Page(NamedTuple):
    """The width of a terminal, what it can show, and the values typed in other units."""

    columns: int
    bold: bool = False
    """Whether headings are bold."""
    blocks: bool = True
    """Whether bars use block elements. Some encodings have none."""
    typed: Mapping[str, str] = NOTHING
    """Fields of the request to show also as the user typed them."""

    @property
    def width(self) -> int:
        """Return the greatest length of a line."""
        return min(self.columns, WIDTH_HIGH)

    def heading(self, text: str) -> str:
        """Return a text as a heading."""
        return f"{BOLD}{text}{PLAIN}" if self.bold else text


class Number(NamedTuple):
    """A rounded number and the ends of its interval. A missing end is empty."""

    value: str
    low: str = ""
    high: str = ""


Cell: TypeAlias = Number | str
"""A number, or a word in its place."""


class Row(NamedTuple):
    """One quantity: its name and unit, a cell for each column, and its evidence grades."""

    label: str
    unit: str
    cells: Sequence[Cell]
    grades: str = ""


def grid(groups: Mapping[str, Sequence[Row]], titles: Sequence[str], page: Page) -> list[str]:
    """Return groups of rows in aligned columns.

    On a narrow page each name has its own line. A column without any text is left out.
    """
    rows = [row for group in groups.values() for row in group]
    columns = [(title, aligned([row.cells[place] for row in rows])) for place, title in enumerate(titles)]
    columns.append(("Grade", [row.grades for row in rows]))
    texts = [padded([title, *column]) for title, column in columns if any(column)]
    label_width = max((len(f" {row.label} {row.unit}") for row in rows), default=0)
    names = [f" {row.label}{row.unit:>{label_width - len(row.label) - 1}}" for row in rows]
    for stacked, gap in itertools.product((False, True), GAPS):
        head, *cells = (gap.join(parts).rstrip() for parts in zip(*texts, strict=True))
        before = INDENT if stacked else f"{'':<{label_width}}{gap}"
        if len(before) + max(map(len, [head, *cells])) <= page.width:
            break
    lines = [
        [f" {row.label} {row.unit}".rstrip(), f"{INDENT}{cell}"] if stacked else [f"{name}{gap}{cell}".rstrip()]
        for row, name, cell in zip(rows, names, cells, strict=True)
    ]
    block, place = [page.heading(before + head)], iter(lines)
    for title, group in groups.items():
        block += [page.heading(title)] if group else []
        block += [line for _ in group for line in next(place)]
    return block


def aligned(cells: Sequence[Cell]) -> list[str]:
    """Return the cells of a column, with values aligned at their last digit and intervals at their dash."""
    numbers = [cell for cell in cells if isinstance(cell, Number)]
    value, low, high = (max((len(number[part]) for number in numbers), default=0) for part in range(3))
    return [
        cell
        if isinstance(cell, str)
        else f"{cell.value:>{value}} {cell.low:>{low}}{'–' if cell.low else ''}{cell.high:<{high}}".rstrip()
        for cell in cells
    ]


def padded(texts: Sequence[str]) -> list[str]:
    """Return texts padded to the width of the widest."""
    width = max(map(len, texts))
    return [text.ljust(width) for text in texts]


def cell_of(entry: Any, decimals: int, scale: float = 1.0) -> Cell:
    """Return a number, an interval, bounds or a word as a cell; return `UNKNOWN` for None."""
    if entry is None:
        return UNKNOWN
    if isinstance(entry, str):
        return entry
    if not isinstance(entry, dict):
        return Number(fixed(entry * scale, decimals))
    low, high = (fixed(entry[end] * scale, decimals) for end in ("low", "high"))
    value = fixed(entry["value"] * scale, decimals) if "value" in entry else ""
    return Number(value) if low == value == high else Number(value, low, high)


def decimals_for(entries: Iterable[Any], scale: float) -> int:
    """Return how many decimals show three digits of the largest number of a row, or two if it is below 1."""
    ends = [entry["high"] if isinstance(entry, dict) else entry for entry in entries]
    largest = max((abs(end) * scale for end in ends if isinstance(end, float)), default=0.0)
    if largest <= 0:
        return 0
    magnitude = math.floor(math.log10(largest))
    return max(0, FIGURES - 1 - magnitude - (magnitude < 0))


def fixed(value: float, decimals: int) -> str:
    """Return a number rounded half up, as people round. In binary, 1.075 is slightly less than 1.075.

    Examples
    --------
    >>> fixed(1.075, 2), f"{1.075:.2f}"
    ('1.08', '1.07')
    """
    return f"{Decimal(str(value)).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_UP):f}"


def bars(amounts: Mapping[str, tuple[float, str]], page: Page) -> list[str]:
    """Return amounts as bars, each with a label and a text. The longest bar fills the page.

    Examples
    --------
    >>> for line in bars({"Forward": (200.0, "200 kcal"), "Backward": (260.0, "260 kcal")}, Page(38)):
    ...     print(line)
    Forward   ██████████████▋ 200 kcal
    Backward  ███████████████████ 260 kcal
    """
    labels = padded(list(amounts))
    room = page.width - len(labels[0]) - len(INDENT) - 1 - max(len(text) for _, text in amounts.values())
    longest = max(amount for amount, _ in amounts.values())
    if room < SHORTEST_BAR or longest <= 0:
        return []
    lines = []
    for label, (amount, text) in zip(labels, amounts.values(), strict=True):
        share = amount / longest * room
        whole, part = divmod(max(1, round(share * len(EIGHTHS))), len(EIGHTHS))
        bar = FULL * whole + EIGHTHS[part].strip() if page.blocks else HASH * max(1, round(share))
        lines.append(f"{label}{INDENT}{bar} {text}")
    return lines


def wrapped(text: str, width: int, hang: str = "") -> list[str]:
    """Wrap a text. Keep each number with its unit, and indent all lines like the first."""
    kept = re.sub(r"(?<=[0-9]) (?=[A-Za-z%])|(?<=\bn) (?=[0-9])", NO_BREAK, text)
    lines = textwrap.wrap(kept, width, initial_indent=hang, subsequent_indent=" " * len(hang), break_on_hyphens=False)
    return [line.replace(NO_BREAK, " ") for line in lines]


def plain(text: str) -> str:
    """Return a text in ASCII, for an encoding with few other characters.

    Examples
    --------
    >>> plain("Péronnet: 811 BW·s, 448–1468")
    'Peronnet: 811 BWs, 448-1468'
    """
    return unicodedata.normalize("NFKD", text.replace("–", "-")).encode("ascii", "ignore").decode()
