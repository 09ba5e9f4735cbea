"""Rounds an estimate by its range, for a sentence."""

import math
from typing import Final, TypeAlias

Rounded: TypeAlias = tuple[float, float, float]

DIGITS: Final = 2
"""Digits that are kept: of the value of a wide range, and of the width of any other (choice)."""

WIDE: Final = 2.0
"""Highest over lowest from which a range is wide (choice)."""

MOST_DIGITS: Final = 3
"""Most digits of a value (choice)."""


def rounded(*, value: float, low: float, high: float) -> Rounded:
    """Return a value and the ends of its range, rounded at the same digit.

    A range whose ends differ by a factor of two or more keeps two digits of the value. Any other range keeps two digits
    of its width, but at most three digits of the value, and so does a value without a range. A whole number is an int,
    so that every language writes it in the same way.

    Parameters
    ----------
    value, low, high : float
        The estimate and the ends of its range, in any unit.

    Returns
    -------
    tuple of float
        Value, low and high.

    Examples
    --------
    >>> rounded(value=274.5, low=198.6, high=379.4), rounded(value=274.5, low=251.2, high=300.9)
    ((270, 200, 380), (274, 251, 301))
    >>> rounded(value=1.709, low=1.078, high=2.708), rounded(value=2.5, low=2.5, high=2.5)
    ((1.7, 1.1, 2.7), (2.5, 2.5, 2.5))
    """
    if (low > 0 and high >= WIDE * low) or (high < 0 and low <= WIDE * high):
        decimals = decimals_of(value, DIGITS)
    elif high > low:
        decimals = min(decimals_of(high - low, DIGITS), decimals_of(value, MOST_DIGITS))
    else:
        decimals = decimals_of(value, MOST_DIGITS)
    places = 0 if decimals == math.inf else int(decimals)
    return plain(value, places), plain(low, places), plain(high, places)


def decimals_of(size: float, digits: int) -> float:
    """Return the number of decimals that shows so many digits of a size; infinity for zero.

    Examples
    --------
    >>> decimals_of(274.5, 2), decimals_of(0.0123, 2), decimals_of(0.0, 2)
    (-1, 3, inf)
    """
    return digits - 1 - math.floor(math.log10(abs(size))) if size else math.inf


def plain(number: float, decimals: int) -> float:
    """Return a number rounded to a number of decimals, as an int if it is whole.

    Examples
    --------
    >>> plain(1234.5, -2), plain(2.04, 1), plain(2.06, 1), plain(-0.2, 0)
    (1200, 2, 2.1, 0)
    """
    if decimals <= 0:
        step: int = 10**-decimals
        return round(number / step) * step
    found = round(float(number), decimals)
    return int(found) if found.is_integer() else found
