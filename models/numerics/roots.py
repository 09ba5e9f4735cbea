"""Find roots between two bounds, with the same code for one float and for a block of rows."""

from collections.abc import Callable
from typing import Final

import numpy as np

from retrorun.models.numerics.arithmetic import Condition, Number, absolute, settled, where

ROUNDING: Final = 2.0**-52
MOST_ROUNDING: Final = 1e-12
MAXIMUM_STEPS: Final = 200
BISECTION: Final = 0.5


def bracketed_root(function: Callable[[Number], Number], *, low: Number, high: Number) -> Number:
    """Return where a continuous function changes sign between two bounds.

    Parameters
    ----------
    function : callable
        Takes and returns a float, or an array of the shape of the bounds.
    low, high : float or ndarray
        Bounds between which `function` changes sign, in the unit of the root.

    Returns
    -------
    float or ndarray
        The root, to within rounding, in the unit of the bounds. If the signs at the bounds are equal, the result is
        meaningless; the caller checks that first.

    Notes
    -----
    Secant steps between the ends of a bracket. The value at an end that stays is lowered as in Anderson and Björck
    1973. If three steps have not halved the bracket, the next step is a bisection.

    Examples
    --------
    >>> round(bracketed_root(lambda x: x * x - 2.0, low=0.0, high=2.0), 12)
    1.414213562373
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        f_low, f_high = function(low), function(high)
        low_is_nearer = absolute(f_low) < absolute(f_high)
        near, far = where(low_is_nearer, low, high), where(low_is_nearer, high, low)
        f_near, f_far = where(low_is_nearer, f_low, f_high), where(low_is_nearer, f_high, f_low)
        searched: Condition = (f_near > 0) != (f_far > 0)
        earlier: tuple[Number, ...] = (np.inf, np.inf, np.inf)
        for _ in range(MAXIMUM_STEPS):
            gap, least = far - near, ROUNDING * absolute(near)
            width = absolute(gap)
            searched = searched & (f_near != 0) & (width > 2 * least)
            if settled(searched) is False:
                break
            share = where(width > BISECTION * earlier[-1], BISECTION, f_near / (f_near - f_far))
            least = least / width
            share = where(share < least, least, where(share > 1 - least, 1 - least, share))
            earlier = (width, *earlier[:-1])
            x = where(searched, near + share * gap, near)
            f_x = function(x)
            stays = (f_x > 0) == (f_near > 0)
            lowered = 1 - f_x / f_near
            f_far = where(stays, f_far * where(lowered > 0, lowered, BISECTION), f_near)
            far = where(stays, far, near)
            near, f_near = x, f_x
        return near  # type: ignore[no-any-return]  # `where` accepts words too


def fitting(value: float, inner: float, fits: Callable[[float], bool]) -> float:
    """Return a value, moved inward by the smallest rounding step at which it fits.

    Examples
    --------
    >>> fitting(1.0, 2.0, lambda trial: trial > 1.0)
    1.0000000000000002
    """
    share = ROUNDING
    while not fits(value) and share < MOST_ROUNDING:
        value += share * (inner - value)
        share *= 2
    return value
