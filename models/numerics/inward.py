"""Round and write the ends of a range, towards its inside: every written number is in the range."""

import math
from collections.abc import Callable
from typing import Final

DIGITS: Final = 6
"""Digits of the attainable values in an error (choice)."""


def rounded_inward(value: float, rounded: Callable[[float], int]) -> float:
    """Return a number with `DIGITS` digits, rounded up or down.

    Examples
    --------
    >>> rounded_inward(812.34567, math.floor), rounded_inward(0.01234115, math.ceil)
    (812.345, 0.0123412)
    """
    scale = 10 ** (DIGITS - 1 - math.floor(math.log10(value)))
    return float(rounded(value * scale) / scale)


def ends_inward(low: float, high: float) -> tuple[float, float]:
    """Return the ends of a range above zero, rounded inward; unchanged if nothing would be left between them.

    Examples
    --------
    >>> ends_inward(0.01234115, 812.34567), ends_inward(1.00000001, 1.00000002)
    ((0.0123412, 812.345), (1.00000001, 1.00000002))
    """
    inner = rounded_inward(low, math.ceil), rounded_inward(high, math.floor)
    return inner if inner[0] <= inner[1] else (low, high)


def written(value: float) -> str:
    """Return a number as text that reads as the same number.

    Examples
    --------
    >>> written(1604.0), written(0.1 + 0.2)
    ('1604', '0.30000000000000004')
    """
    text = f"{value:.12g}"
    return text if float(text) == value else repr(value)


def between(low: float, high: float) -> str:
    """Return a range in words, rounded inward.

    Examples
    --------
    >>> between(195.15151, 1604.1977)
    '195.152 to 1604.19'
    """
    low, high = ends_inward(low, high)
    return f"{written(low)} to {written(high)}"


def near(value: float, asked: float, low: float, high: float) -> str:
    """Return the value of a range that is nearest to another, in words: rounded away from that one, within the range.

    Examples
    --------
    >>> near(1604.1977, 3000.0, 195.15151, 1604.1977), near(195.15151, 100.0, 195.15151, 1604.1977)
    ('1604.19', '195.152')
    """
    low, high = ends_inward(low, high)
    rounded = rounded_inward(value, math.ceil if value > asked else math.floor)
    return written(min(max(rounded, low), high))
