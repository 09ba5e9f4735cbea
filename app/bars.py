"""Amounts as bars in a terminal, for the eye to compare."""

from collections.abc import Sequence
from typing import Final, NamedTuple

from app.page import Page

PARTS: Final = " ▏▎▍▌▋▊▉"
"""A column filled by none of its eighths, by one, and so on."""
FULL: Final = "█"
PLAIN: Final = "#"
SHORTEST: Final = 10
"""Columns under which bars say nothing."""


class Bar(NamedTuple):
    """An amount, or from where to where it reaches, with what stands before and behind it."""

    label: str
    amount: float
    text: str
    start: float = 0.0


def bars(drawn: Sequence[Bar], page: Page) -> list[str]:
    """Return bars as lines, the longest as wide as the page leaves room for; none where there is nothing to compare.

    Examples
    --------
    >>> for line in bars([Bar("Forward", 200.0, "200 kcal"), Bar("Backward", 260.0, "260 kcal")], Page(38)):
    ...     print(line)
    Forward   ██████████████▋ 200 kcal
    Backward  ███████████████████ 260 kcal
    """
    ahead = max((len(bar.label) for bar in drawn), default=0)
    room = page.width - ahead - max((len(bar.text) for bar in drawn), default=0) - len("   ")
    longest = max((bar.amount for bar in drawn), default=0.0)
    if len(drawn) <= 1 or room < SHORTEST or longest <= 0:
        return []
    return [
        f"{label:<{ahead}}  {filled(start / longest, end / longest, room, blocks=page.blocks)} {text}"
        for label, end, text, start in drawn
    ]


def filled(start: float, end: float, room: int, *, blocks: bool) -> str:
    """Return a bar from a share of the room to another, to an eighth of a column with blocks.

    Examples
    --------
    >>> filled(0.0, 0.55, 10, blocks=True), filled(0.2, 0.5, 10, blocks=False)
    ('█████▌', '  ###')
    """
    if not blocks:
        first = round(start * room)
        return " " * first + PLAIN * max(1, round(end * room) - first)
    first = round(start * room)
    whole, part = divmod(max(1, round(end * room * len(PARTS)) - first * len(PARTS)), len(PARTS))
    return " " * first + FULL * whole + PARTS[part].strip()
