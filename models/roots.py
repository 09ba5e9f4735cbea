"""A bracketing root finder that serves one float and a block of rows with the same code."""

from collections.abc import Callable
from typing import Final

import numpy as np

from models.arithmetic import Condition, Number, absolute, both, where

ROUNDING: Final = 2.0**-52
MOST_ROUNDING: Final = 1e-12
MAXIMUM_STEPS: Final = 200
BISECTION: Final = 0.5


def bracketed_root(function: Callable[[Number], Number], *, low: Number, high: Number) -> Number:
    """Find where a continuous function changes sign between two bounds.

    Parameters
    ----------
    function : callable
        Takes and returns a float, or an array of the shape of the bounds.
    low, high : float or ndarray
        Bounds between which `function` changes sign, in the unit of the root.

    Returns
    -------
    float or ndarray
        The root, to within rounding, in the unit of the bounds. Where the signs at the bounds agree the
        result is meaningless: the caller checks that first.

    Notes
    -----
    Chandrupatla 1997: inverse quadratic interpolation where the last three points allow it, bisection
    elsewhere; never slower than bisection by more than a small factor.

    Examples
    --------
    >>> round(bracketed_root(lambda x: x * x - 2.0, low=0.0, high=2.0), 12)
    1.414213562373
    """
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        return _chandrupatla(function, low, high)


def fitting(value: float, inner: float, fits: Callable[[float], bool]) -> float:
    """Return a value, drawn inward by as little as rounding makes it need where it does not fit.

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


def _chandrupatla(function: Callable[[Number], Number], low: Number, high: Number) -> Number:
    newest, older = high, low
    f_newest, f_older = function(newest), function(older)
    fraction: Number = BISECTION
    root: Number = newest
    done: Condition = False
    for _ in range(MAXIMUM_STEPS):
        x = newest + fraction * (older - newest)
        f_x = function(x)
        same_side = (f_x > 0) == (f_newest > 0)
        oldest, f_oldest = where(same_side, newest, older), where(same_side, f_newest, f_older)
        older, f_older = where(same_side, older, newest), where(same_side, f_older, f_newest)
        newest, f_newest = x, f_x
        newest_is_best = absolute(f_newest) < absolute(f_older)
        best = where(newest_is_best, newest, older)
        f_best = where(newest_is_best, f_newest, f_older)
        root = where(done, root, best)
        width = absolute(older - oldest)
        step_limit = 2 * ROUNDING * absolute(best) / where(width > 0, width, 1.0)
        done = done | (f_best == 0) | (step_limit > BISECTION) | (width == 0)
        if _all(done):
            break
        fraction = _next_fraction(newest, older, oldest, f_newest, f_older, f_oldest)
        fraction = where(fraction < step_limit, step_limit, fraction)
        fraction = where(fraction > 1 - step_limit, 1 - step_limit, fraction)
    return root


def _next_fraction(a: Number, b: Number, c: Number, fa: Number, fb: Number, fc: Number) -> Number:
    """Return how far from a towards b to look next."""
    xi = (a - b) / where(c == b, 1.0, c - b)
    phi = (fa - fb) / where(fc == fb, 1.0, fc - fb)
    interpolate = both(phi * phi < xi, (1 - phi) * (1 - phi) < 1 - xi)
    interpolate = both(interpolate, both(fa != fb, both(fb != fc, fa != fc)))
    gap_ab, gap_bc, gap_ac = (
        where(interpolate, fb - fa, 1.0),
        where(interpolate, fb - fc, 1.0),
        where(interpolate, fc - fa, 1.0),
    )
    span = where(interpolate, b - a, 1.0)
    quadratic = fa / gap_ab * fc / gap_bc - (c - a) / span * fa / gap_ac * fb / gap_bc
    fraction: Number = where(interpolate, quadratic, BISECTION)
    return fraction


def _all(condition: Condition) -> bool:
    return bool(np.all(condition)) if isinstance(condition, np.ndarray) else bool(condition)
