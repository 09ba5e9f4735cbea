"""Clean a recording of a watch: remove spikes and breaks, smooth distance and slope, and put them on an even clock.

Breaks (gaps, jumps) are removed from clock, distance and climb, so that one continuous recording remains.
"""

import math
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np

from retrorun.models.numerics.arithmetic import Column, Mask
from retrorun.models.track.order import SPIKE_POINTS, UNUSABLE_SHARE, in_order
from retrorun.models.track.points import EARTH_RADIUS_M, SPIKE_SPEED_M_S, Points, located, on_sphere
from retrorun.models.vocabulary.errors import OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import INPUTS

MAXIMUM_POINTS: Final = 172_801
"""Most points of a recording: one per second for two days, the longest bout allowed (choice)."""

LEAST_POINTS: Final = 2
"""Fewest points that give a distance."""

ALTITUDE_RANGE_M: Final = (-500.0, 9000.0)
"""Altitudes on land. Others count as unknown (choice)."""

GAP_S: Final = 60.0
"""Time without a point above which the time counts as a pause (choice)."""

WAY_WINDOW_S: Final = 5
"""Seconds over which positions are averaged before distances between them are summed (choice)."""

SLOPE_STEP_M: Final = 5.0
"""Distance over which altitudes are averaged before a line is fitted to them (choice)."""

SLOPE_WINDOW_STEPS: Final = 10
"""Steps before and after a place to which the line is fitted: 105 m in total (choice)."""

SMOOTHING: Final = (
    f"Elevation: means over each {SLOPE_STEP_M:g} m of distance, then the slope of the least-squares line through the "
    f"{SLOPE_STEP_M * (2 * SLOPE_WINDOW_STEPS + 1):g} m around each place (local linear regression). Positions: means "
    f"over {WAY_WINDOW_S} s."
)
"""How elevation and positions are smoothed, for the report."""


class Recording(NamedTuple):
    """A cleaned recording on an even clock of about one second that stops in gaps and jumps."""

    clock_s: Column
    """The even clock [s]."""
    way_m: Column
    """Accumulated distance at each tick [m]."""
    slope: Column | None
    """Rise over run at each tick; None if the file has no altitudes."""
    duration_s: float
    """From the first usable point to the last, gaps, jumps and spikes at either end included."""
    kept: Points
    """The points that are left."""
    point_time_s: Column
    """Time of each kept point since the first usable one [s]."""
    point_clock_s: Column
    """Time on the clock at each kept point [s]."""
    points: int
    unusable_points: int
    removed_spikes: int
    jumps: int
    jump_s: float
    gaps: int
    gap_s: float
    positions_distance_m: float | None
    device_distance_m: float | None


def recording(points: Points) -> Recording:
    """Return the points of a file cleaned and on an even clock.

    Parameters
    ----------
    points : Points
        Columns of the file, in the order of the file.

    Returns
    -------
    Recording
        The remaining recording, with counts of the removed points.

    Raises
    ------
    OutOfRange
        Too many points, or too long a time.
    Undefined
        Fewer than two points with time and place, more than half without, or only gaps.

    Notes
    -----
    The device's distance is used if every kept point has it and it neither falls nor jumps, because it uses more than
    positions. Points without a place then count too. Otherwise the sum over smoothed positions is used.
    """
    count = len(points.time_s)
    if count > MAXIMUM_POINTS:
        raise OutOfRange("file", f"A file may have up to {MAXIMUM_POINTS} points. Split it.")
    used, unusable, _ = in_order(points)
    refuse_unusable(points.time_s, count, unusable, len(used.time_s))
    by_position = bool(located(used).all())
    longest = INPUTS["duration_s"].high
    duration_s = float(used.time_s[-1] - used.time_s[0])
    if duration_s > longest:
        raise OutOfRange("file", f"A recording may last up to {longest:g} s from first to last point. Split it.")
    place = on_sphere(used) if by_position else used.distance_m[:, np.newaxis]
    since_s = used.time_s - used.time_s[0]
    kept = ~spikes(since_s, place)
    used, place, time_s = Points(*(column[kept] for column in used)), place[kept], since_s[kept]
    # A removed spike between two points is bridged; a spike at either end leaves a gap.
    ends_s = np.array([time_s[0], duration_s - time_s[-1]])
    step_s, step_m = np.diff(time_s), np.linalg.norm(np.diff(place, axis=0), axis=1)
    gap = step_s > GAP_S
    if len(gap) and gap.all():
        raise Undefined(
            "file",
            f"Every point is more than {GAP_S:g} s from the next, and such gaps count as pauses. Send a file with more "
            "points.",
            "all_gaps",
        )
    jump = ~gap & (step_m > SPIKE_SPEED_M_S * step_s)
    if not by_position:
        jump |= ~gap & (np.diff(used.distance_m) < 0)
    whole = ~(gap | jump)
    clock = running_sum(np.where(whole, step_s, 0.0))
    even = np.linspace(0.0, clock[-1], math.ceil(clock[-1]) + 1)
    device_way = positions_way = None
    if not by_position or is_steady(used.distance_m, time_s):
        device_way = np.interp(even, clock, running_sum(np.where(whole, np.diff(used.distance_m), 0.0)))
    if by_position:
        positions_way = smoothed_way(even, clock, used, whole)
    way = device_way if device_way is not None else positions_way
    assert way is not None, "points have positions, distances or both"
    return Recording(
        clock_s=even,
        way_m=way,
        slope=slope_of(even, clock, way, used, whole),
        duration_s=duration_s,
        kept=used,
        point_time_s=time_s,
        point_clock_s=clock,
        points=count,
        unusable_points=unusable,
        removed_spikes=int((~kept).sum()),
        jumps=int(jump.sum()),
        jump_s=float(step_s[jump].sum()),
        gaps=int(gap.sum() + (ends_s > 0).sum()),
        gap_s=float(step_s[gap].sum() + ends_s.sum()),
        positions_distance_m=None if positions_way is None else float(positions_way[-1]),
        device_distance_m=None if device_way is None else float(device_way[-1]),
    )


def refuse_unusable(time_s: Column, points: int, unusable: int, used: int) -> None:
    """Raise if a file has too few usable points."""
    if used < LEAST_POINTS:
        message = (
            "Fewer than two points have both a time and a place or distance. Send another file."
            if np.isfinite(time_s).any()
            else "This file has no times. Send a recorded activity, not a planned route."
        )
        raise Undefined("file", message, "no_track")
    if unusable > UNUSABLE_SHARE * points:
        raise Undefined(
            "file",
            "More than half of the points have no time, neither place nor distance, or a time that is out of order. "
            "Fix the file, or send another.",
            "mostly_unusable",
        )


def is_steady(distance_m: Column, time_s: Column) -> bool:
    """Return whether an accumulated distance is known throughout, and neither falls nor jumps except in gaps.

    Examples
    --------
    >>> is_steady(np.array([0.0, 2.0, 4.0]), np.arange(3.0)), is_steady(np.array([0.0, 400.0, 4.0]), np.arange(3.0))
    (True, False)
    """
    step_m, step_s = np.diff(distance_m), np.diff(time_s)
    # A comparison with NaN is false.
    return bool(((step_s > GAP_S) | ((step_m >= 0) & (step_m <= SPIKE_SPEED_M_S * step_s))).all())


def spikes(time_s: Column, place: Column) -> Mask:
    """Return the points that lie off a path that fits together without them, as a mask.

    Examples
    --------
    >>> spikes(np.arange(5.0), np.array([[0.0], [2.0], [400.0], [6.0], [8.0]]))
    array([False, False,  True, False, False])
    """
    found = np.zeros(len(time_s), dtype=np.bool_)
    far = np.linalg.norm(np.diff(place, axis=0), axis=1) > SPIKE_SPEED_M_S * np.diff(time_s)
    starts = [0, *(np.flatnonzero(far) + 1).tolist(), len(time_s)]

    def reached(begin: int, end: int) -> bool:
        return math.dist(place[begin], place[end]) <= SPIKE_SPEED_M_S * float(time_s[end] - time_s[begin])

    last = None
    for number, (start, end) in enumerate(pairwise(starts)):
        points, final = end - start, end == len(time_s)
        if points > SPIKE_POINTS or (last is not None and reached(last, start)):
            drop = False
        elif last is None:
            # At the start, keep the side with more points.
            drop = not final and starts[number + 2] - end > points
        else:
            drop = final or reached(last, end)
        if drop:
            found[start:end] = True
        else:
            last = end - 1
    return found


def running_sum(steps: Column) -> Column:
    """Return the running sums of steps, with a 0 in front."""
    return np.concatenate(([0.0], np.cumsum(steps)))


def smoothed_way(even: Column, clock: Column, points: Points, whole: Mask) -> Column:
    """Return the accumulated distance along smoothed positions, at each tick [m]."""
    latitude, longitude = np.radians(points.latitude_deg), np.radians(points.longitude_deg)
    across = np.cos((latitude[1:] + latitude[:-1]) / 2)
    east = EARTH_RADIUS_M * across * (np.remainder(np.diff(longitude) + math.pi, 2 * math.pi) - math.pi)
    north = EARTH_RADIUS_M * np.diff(latitude)
    half, steps = WAY_WINDOW_S // 2, []
    for component in (east, north):
        ticks = np.interp(even, clock, running_sum(np.where(whole, component, 0.0)))
        if len(ticks) > WAY_WINDOW_S:
            # Reflect at the ends, so that the ends do not move.
            ticks = np.pad(ticks, half, mode="reflect", reflect_type="odd")
            ticks = np.convolve(ticks, np.full(WAY_WINDOW_S, 1 / WAY_WINDOW_S), mode="valid")
        steps.append(np.diff(ticks))
    return running_sum(np.hypot(*steps))


def slope_of(even: Column, clock: Column, way: Column, points: Points, whole: Mask) -> Column | None:
    """Return rise over run at each tick, from a line fitted to the altitudes around it."""
    low, high = ALTITUDE_RANGE_M
    known = (points.altitude_m >= low) & (points.altitude_m <= high)
    if known.sum() < LEAST_POINTS:
        return None
    altitude = np.interp(points.time_s, points.time_s[known], points.altitude_m[known])
    climb = np.interp(even, clock, running_sum(np.where(whole, np.diff(altitude), 0.0)))
    step = (way / SLOPE_STEP_M).astype(np.int64)
    ticks = np.bincount(step)
    seen = (ticks > 0).astype(np.float64)
    heights = np.bincount(step, weights=climb) / np.maximum(ticks, 1)
    places = np.arange(-SLOPE_WINDOW_STEPS, SLOPE_WINDOW_STEPS + 1.0)

    def around(column: Column, weights: Column) -> Column:
        return np.correlate(np.pad(column, SLOPE_WINDOW_STEPS), weights, mode="valid")

    n, first, second = (around(seen, weights) for weights in (places**0, places, places**2))
    total, moment = around(heights, places**0), around(heights, places)
    spread = n * second - first * first
    slope = np.divide(n * moment - first * total, spread, out=np.zeros_like(spread), where=spread > 0) / SLOPE_STEP_M
    middles = (np.arange(len(slope)) + 0.5) * SLOPE_STEP_M
    return np.interp(way, middles, slope)
