"""Clean a recording of a watch: remove spikes and breaks, smooth distance and slope, and put them on an even clock.

Breaks (gaps, jumps) are removed from clock, distance and climb, so that one continuous recording remains.
"""

from typing import Final, NamedTuple

import numpy as np

from retrorun.models.numerics.arithmetic import Column, running_sum
from retrorun.models.track.distance import (
    DENSE_S,
    PAUSE_BELOW_M_S,
    WAY_WINDOW_S,
    DistanceSource,
    Way,
    evenly_grown,
    is_steady,
    way_of_device,
    way_of_positions,
    with_distance,
)
from retrorun.models.track.elevation import SLOPE_STEP_M, SLOPE_WINDOW_STEPS, climb_between, known_altitudes, slope_of
from retrorun.models.track.order import UNUSABLE_SHARE, in_order
from retrorun.models.track.points import Points, Session, located, on_sphere
from retrorun.models.vocabulary.errors import OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import INPUTS

MAXIMUM_POINTS: Final = 172_801
"""Most points of a recording: one per second for two days, the longest bout allowed (choice)."""

LEAST_POINTS: Final = 2
"""Fewest points that give a distance."""

COMPARED_S: Final = 60.0
"""Time over which the distance of the device is compared with the positions (choice)."""

CONTRADICTION: Final = 2.0
"""Straight way between positions over the distance of the device, or that distance over the way along the positions,
from which they contradict each other (choice)."""

ANOTHER_UNIT: Final = 1.3
"""The same, if it holds in most of the moving time: a mile for a kilometre is 1.6. A foot pod is hardly that far off
(choice)."""

MOST: Final = 0.75
"""Share of the compared times that "most" means there (choice)."""

CLOSE_S: Final = 10.0
"""Mean time between positions up to which the way along them has most of its bends (choice)."""

LEAST_COMPARED: Final = 3
"""Fewest times that show another unit (choice)."""

POSITION_ERROR_M: Final = 20.0
"""Distance between two positions that may be an error of both (choice)."""

TOO_SHORT_SHARE: Final = 0.02
"""Share of the time in which the distance of the device is too short, from which it is not used (choice)."""

TOO_LONG_SHARE: Final = 0.5
"""Share of the time in which it is too long, from which it is not used; positions indoors wander, too (choice)."""

POSITIONS_SHARE: Final = 0.5
"""Least share of points with a position that can contradict the distance of the device (choice)."""

SMOOTHING: Final = (
    f"Elevation: means over each {SLOPE_STEP_M:g} m of distance, then the slope of the least-squares line through the "
    f"{SLOPE_STEP_M * (2 * SLOPE_WINDOW_STEPS + 1):g} m around each place (local linear regression). Positions: a "
    f"parabola through {WAY_WINDOW_S} s, where points are up to {DENSE_S:g} s apart."
)
"""How elevation and positions are smoothed, for the report."""


NOTHING_MOVES: Final = "Nothing moves in this recording. Send a walk or a run."


class Recording(NamedTuple):
    """A cleaned recording on an even clock of about one second that stops in gaps and jumps."""

    clock_s: Column
    """The even clock [s]."""
    way_m: Column
    """Accumulated distance at each tick [m]."""
    steady_way_m: Column
    """Accumulated distance at each tick, with less drift at rest [m]."""
    climb_m: Column | None
    """Altitude above the first one at each tick, without removed altitudes [m]; None if the file has no altitudes."""
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
    removed_altitudes: int
    jumps: int
    jump_s: float
    gaps: int
    gap_s: float
    sparse_intervals: int
    sparse_s: float
    distance_source: DistanceSource
    contradicted: bool
    """Whether the positions contradict the distance of the device."""
    positions_distance_m: float | None
    device_distance_m: float | None


def recording(points: Points, session: Session | None = None) -> Recording:
    """Return the points of a session cleaned and on an even clock.

    Parameters
    ----------
    points : Points
        Columns of the session, in the order of the file.
    session : Session, optional
        Its totals, used where the points have neither place nor distance nor speed.

    Returns
    -------
    Recording
        The remaining recording, with counts of the removed points.

    Raises
    ------
    OutOfRange
        Too many points, or too long a time.
    Undefined
        Fewer than two points with time and place, more than half without, or nothing that moves.

    Notes
    -----
    The device's distance is used if every kept point has it, it neither falls nor jumps, and the positions do not
    contradict it, because a watch uses more than positions. Points without a place then count too. Otherwise the way
    along the positions is used.
    """
    count = len(points.time_s)
    points, derived = with_distance(points, session or Session())
    if count > MAXIMUM_POINTS:
        raise OutOfRange("file", f"A file may have up to {MAXIMUM_POINTS} points. Split it.")
    used, unusable, _ = in_order(points)
    refuse_unusable(points.time_s, count, unusable, len(used.time_s))
    used = used._replace(altitude_m=known_altitudes(used.altitude_m))
    longest = INPUTS["duration_s"].high
    duration_s = float(used.time_s[-1] - used.time_s[0])
    if duration_s > longest:
        raise OutOfRange("file", f"A recording may last up to {longest:g} s from first to last point. Split it.")
    time_s = used.time_s - used.time_s[0]
    if np.isfinite(used.distance_m).all():
        used = used._replace(distance_m=evenly_grown(used.distance_m, time_s))
    placed, steady = located(used), is_steady(used.distance_m, time_s)
    device = way_of_device(used, time_s) if steady or not placed.all() else None
    positions, contradicted = None, False
    if placed.all() or (device is not None and placed.sum() >= POSITIONS_SHARE * len(placed)):
        there = Points(*(column[placed] for column in used))
        positions = way_of_positions(there, time_s[placed])
        rows = positions.steps.rows
        contradicted = steady and contradicts(there.distance_m[rows], positions, on_sphere(there)[rows])
        if contradicted or device is None:
            unusable, used = unusable + int((~placed).sum()), there
    way = positions if device is None or contradicted else device
    assert way is not None, "points have positions, distances or both"
    steps = way.steps
    if len(steps.gap) and steps.gap.all():
        raise Undefined("file", NOTHING_MOVES, "nothing_moves")
    kept = Points(*(column[steps.rows] for column in used))
    # A removed spike between two points is bridged; a spike at either end leaves a gap.
    ends_s = np.array([way.point_time_s[0], duration_s - way.point_time_s[-1]])
    point_way_m = np.interp(way.point_clock_s, way.clock_s, way.way_m)
    climb_m, removed_altitudes = climb_between(kept.altitude_m, point_way_m, way.point_time_s)
    slope = None
    if climb_m is not None:
        climb_m = running_sum(np.where(steps.whole, climb_m, 0.0))
        climb_m = np.interp(way.clock_s, way.point_clock_s, climb_m)
        slope = slope_of(way.way_m, climb_m)
    return Recording(
        clock_s=way.clock_s,
        way_m=way.way_m,
        steady_way_m=way.steady_way_m,
        climb_m=climb_m,
        slope=slope,
        duration_s=duration_s,
        kept=kept,
        point_time_s=way.point_time_s,
        point_clock_s=way.point_clock_s,
        points=count,
        unusable_points=unusable,
        removed_spikes=steps.spikes,
        removed_altitudes=removed_altitudes,
        jumps=int(steps.jump.sum()),
        jump_s=float(steps.step_s[steps.jump].sum()),
        gaps=int(steps.gap.sum() + (ends_s > 0).sum()),
        gap_s=float(steps.step_s[steps.gap].sum() + ends_s.sum()),
        sparse_intervals=int(steps.sparse.sum()),
        sparse_s=float(steps.step_s[steps.sparse].sum()),
        distance_source=derived or ("positions" if way is positions else "device"),
        contradicted=contradicted,
        positions_distance_m=None
        if positions is None or not (way is positions or placed.all())
        else float(positions.way_m[-1]),
        device_distance_m=None if device is None else float(device.way_m[-1]),
    )


def contradicts(distance_m: Column, positions: Way, place: Column) -> bool:
    """Return whether positions contradict the distance of a device.

    It cannot be shorter than the straight way between two positions, and hardly much longer than the way along them.
    In a few times it must be off by `CONTRADICTION`, in most of them by `ANOTHER_UNIT`.
    Where positions stay at one place, as on a treadmill, they contradict nothing.

    Parameters
    ----------
    distance_m : array
        Distance of the device at each point on the way [m].
    positions : Way
        The way along the positions.
    place : array
        Position of each point on the way, as of `on_sphere`.
    """
    time_s = positions.point_time_s
    way_m = np.interp(positions.point_clock_s, positions.clock_s, positions.way_m)
    breaks = running_sum((~positions.steps.whole).astype(np.float64))
    ends = np.flatnonzero(np.diff(np.floor(time_s / COMPARED_S), prepend=-1.0))
    ends = np.unique(np.append(ends, len(time_s) - 1))
    lasted_s, grew_m, along_m = (np.diff(column[ends]) for column in (time_s, distance_m, way_m))
    whole = np.diff(breaks[ends]) == 0
    near = whole & (lasted_s <= 2 * COMPARED_S)
    compared_s = np.where(near if near.any() else whole, lasted_s, 0.0)
    straight_m = np.linalg.norm(np.diff(place[ends], axis=0), axis=1)
    short = straight_m > CONTRADICTION * grew_m + POSITION_ERROR_M
    long = (grew_m > CONTRADICTION * along_m + POSITION_ERROR_M) & (straight_m >= PAUSE_BELOW_M_S * lasted_s)
    close = (compared_s > 0) & (np.diff(ends) * CLOSE_S >= lasted_s) & (straight_m >= PAUSE_BELOW_M_S * lasted_s)
    if in_another_unit(grew_m[close], along_m[close], straight_m[close]):
        return True
    total_s = compared_s.sum()
    stuck = bool(np.ptp(distance_m) == 0 and way_m[-1] > POSITION_ERROR_M)
    too_short, too_long = (float(compared_s[faults].sum()) for faults in (short, long))
    return stuck or (total_s > 0 and bool(too_short > TOO_SHORT_SHARE * total_s or too_long > TOO_LONG_SHARE * total_s))


def in_another_unit(grew_m: Column, along_m: Column, straight_m: Column) -> bool:
    """Return whether a distance is too long, or too short, in most of the times in which one moved on.

    Parameters
    ----------
    grew_m, along_m, straight_m : array
        Length of each time [m]: by the device, along the positions, and straight from its first position to its last.

    Examples
    --------
    >>> way_m = np.full(5, 180.0)
    >>> in_another_unit(1.6 * way_m, way_m, way_m), in_another_unit(1.1 * way_m, way_m, way_m)
    (True, False)
    """
    if len(grew_m) < LEAST_COMPARED:
        return False
    too_long = float((grew_m > ANOTHER_UNIT * along_m).mean())
    too_short = float((straight_m > ANOTHER_UNIT * grew_m).mean())
    return max(too_long, too_short) > MOST


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
