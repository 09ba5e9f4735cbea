"""Clean the altitudes of a recording, and fit slopes to them."""

import math
from typing import Final

import numpy as np

from retrorun.models.numerics.arithmetic import Column, Mask, running_sum

ALTITUDE_RANGE_M: Final = (-500.0, 9000.0)
"""Altitudes on land. Others count as unknown (choice)."""

LEAST_ALTITUDES: Final = 2
"""Fewest altitudes that give a slope."""

ALTITUDE_JUMP_M: Final = 20.0
"""Change of altitude between points that noise does not reach, besides what the ground can rise (choice)."""

STEEPEST_GROUND: Final = 1.0
"""Rise over run of the steepest ground that one climbs on foot. A change of altitude beyond it, and beyond
`ALTITUDE_JUMP_M`, is a fault of the watch (choice)."""

PLANES: Final = 5
"""Most levels that faulty altitudes take one after the other before they return (choice)."""

SLOPE_STEP_M: Final = 5.0
"""Distance over which altitudes are averaged before a line is fitted to them (choice)."""

SLOPE_WINDOW_STEPS: Final = 10
"""Steps before and after a place to which the line is fitted: 105 m in total (choice)."""


def known_altitudes(altitude_m: Column) -> Column:
    """Return altitudes with NaN for those that are not on land."""
    low, high = ALTITUDE_RANGE_M
    return np.where((altitude_m >= low) & (altitude_m <= high), altitude_m, math.nan)


def climb_between(altitude_m: Column, way_m: Column, time_s: Column) -> tuple[Column | None, int]:
    """Return the climb from each point to the next [m], and the number of altitudes that were removed.

    The climb is None if the points have no altitudes. Unknown and removed altitudes are interpolated. A change that no
    ground has, and after which the altitude does not return, is a correction by the watch and no climb.
    """
    rows = np.flatnonzero(np.isfinite(altitude_m))
    if len(rows) < LEAST_ALTITUDES:
        return None, 0
    removed = dropouts(altitude_m[rows], way_m[rows])
    rows = rows[~removed]
    step_m = np.diff(altitude_m[rows])
    step_m[too_steep(step_m, np.diff(way_m[rows]))] = 0.0
    return np.diff(np.interp(time_s, time_s[rows], running_sum(step_m))), int(removed.sum())


def too_steep(altitude_m: Column, way_m: Column) -> Mask:
    """Return whether each change of altitude is larger than that of any ground along this way, as a mask."""
    found: Mask = abs(altitude_m) > ALTITUDE_JUMP_M + STEEPEST_GROUND * way_m
    return found


def dropouts(altitude_m: Column, way_m: Column) -> Mask:
    """Return the altitudes on another level than those before and after them, as a mask.

    They are the points after a change that no ground has, until the altitude returns. At the start and at the end they
    are points that all have the same altitude, if they are fewer than those beside them.

    Examples
    --------
    >>> dropouts(np.array([500.0, 501.0, 0.0, 0.0, 502.0, 503.0]), 3 * np.arange(6.0))
    array([False, False,  True,  True, False, False])
    >>> dropouts(np.array([0.0, 500.0, 501.0]), 3 * np.arange(3.0))
    array([ True, False, False])
    """
    found = np.zeros(len(altitude_m), dtype=np.bool_)
    far = np.flatnonzero(too_steep(np.diff(altitude_m), np.diff(way_m))) + 1
    starts, ends = [0, *far.tolist()], [*far.tolist(), len(altitude_m)]
    altitudes: list[float] = altitude_m.tolist()
    ways: list[float] = way_m.tolist()

    def fit(one: int, other: int) -> bool:
        rise, run = abs(altitudes[other] - altitudes[one]), ways[other] - ways[one]
        return rise <= ALTITUDE_JUMP_M + STEEPEST_GROUND * run

    last = None
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        if last is not None and fit(last, start):
            drop = False
        elif last is not None and end < len(altitudes):
            near = abs(altitudes[start] - altitudes[last]) / 2
            later = starts[number + 1 : number + 1 + PLANES]
            drop = any(fit(last, back) and abs(altitudes[back] - altitudes[last]) <= near for back in later)
        else:
            # The number of points in the next group, or in the one before the last.
            beside = ends[min(number + 1, len(ends) - 1)] - end if last is None else start - starts[number - 1]
            drop = beside > end - start and float(np.ptp(altitude_m[start:end])) == 0
        if drop:
            found[start:end] = True
        else:
            last = end - 1
    return found


def slope_of(way_m: Column, climb_m: Column) -> Column:
    """Return rise over run at each tick, from a line fitted to the climbs around it."""
    step = (way_m / SLOPE_STEP_M).astype(np.int64)
    ticks = np.bincount(step)
    seen = (ticks > 0).astype(np.float64)
    heights = np.bincount(step, weights=climb_m) / np.maximum(ticks, 1)
    places = np.arange(-SLOPE_WINDOW_STEPS, SLOPE_WINDOW_STEPS + 1.0)

    def around(column: Column, weights: Column) -> Column:
        return np.correlate(np.pad(column, SLOPE_WINDOW_STEPS), weights, mode="valid")

    n, first, second = (around(seen, weights) for weights in (places**0, places, places**2))
    total, moment = around(heights, places**0), around(heights, places)
    spread = n * second - first * first
    slope = np.divide(n * moment - first * total, spread, out=np.zeros_like(spread), where=spread > 0) / SLOPE_STEP_M
    middles = (np.arange(len(slope)) + 0.5) * SLOPE_STEP_M
    return np.interp(way_m, middles, slope)
