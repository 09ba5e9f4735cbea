"""Find the way along positions or the distance of a device: without spikes, gaps and jumps, and smoothed."""

import math
from itertools import pairwise
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from retrorun.models.numerics.arithmetic import Column, Mask, Rows, running_sum
from retrorun.models.track.order import DISTANCE_HIGH_M, SPIKE_POINTS
from retrorun.models.track.points import (
    EARTH_RADIUS_M,
    SPIKE_SPEED_M_S,
    Points,
    Session,
    located,
    on_sphere,
    points_from,
)
from retrorun.models.vocabulary.quantities import INPUTS

DistanceSource: TypeAlias = Literal["device", "positions", "speed", "session"]
"""Source of the way of a recording."""

PAUSE_BELOW_M_S: Final = 0.5
"""Mean speed below which one stands: slower than people walk, about as fast as a position drifts at rest (choice)."""

GAP_S: Final = 60.0
"""Time without a point above which the mean speed decides whether one moved (choice)."""

CATCH_UP: Final = 1.5
"""Speed of a step over that of the next one from which it makes up for a position that stood still (choice)."""

DENSE_S: Final = 2.0
"""Time between points up to which positions are averaged: over longer times, bends are larger than noise (choice)."""

WAY_WINDOW_S: Final = 13
"""Seconds of dense positions to which a parabola is fitted before distances between them are summed (choice)."""

COARSE_STEP_M: Final = 5.0
"""Least step of a distance that counts as coarse. Smaller ones hardly change the speed over ten seconds (choice)."""

STEP_ERROR: Final = 0.05
"""Error of a coarse step by rounding, over the step (choice)."""

LEAST_STEPS: Final = 3
"""Fewest coarse steps that show their length (choice)."""

PAUSE_STEPS: Final = 3.0
"""Time of a coarse step over that of the steps beside it from which there was a pause in it (choice)."""

POINTS_APART: Final = 6.0
"""Points between two times of a coarse distance, so that their own distance changes speed little (choice)."""

CLIMBING_FROM_M_S: Final = 0.05
"""Vertical speed from which one moves although slower than `PAUSE_BELOW_M_S`: 180 m in an hour. Slow hikes climb twice
as much. The altitude of somebody who stands drifts less over two minutes (choice)."""

DRIFT_WINDOW_S: Final = 31
"""Seconds over which positions and altitudes are averaged to tell movement from drift at rest (choice)."""


class Steps(NamedTuple):
    """The points that a way leads through, and the steps between them."""

    rows: Rows
    spikes: int
    """Number of points that were removed as spikes."""
    step_s: Column
    gap: Mask
    """Steps of more than `GAP_S` in which one did not move at the speed of a foot."""
    sparse: Mask
    """Steps of more than `GAP_S` in which one did."""
    jump: Mask

    @property
    def whole(self) -> Mask:
        """Return the steps that are neither gap nor jump, as a mask."""
        return ~(self.gap | self.jump)


class Way(NamedTuple):
    """A way on an even clock of about one second that stops in gaps and jumps."""

    steps: Steps
    point_time_s: Column
    """Time of each point on the way."""
    point_clock_s: Column
    """Time on the clock at each point on the way."""
    clock_s: Column
    """The even clock."""
    way_m: Column
    """Accumulated distance at each tick."""
    steady_way_m: Column
    """Accumulated distance at each tick along positions averaged over `DRIFT_WINDOW_S`, which hardly drift at rest."""


def way_of_positions(points: Points, time_s: Column) -> Way:
    """Return the way along positions, which all are known."""
    steps = steps_of(time_s, on_sphere(points), points.altitude_m)
    latitude, longitude = np.radians(points.latitude_deg[steps.rows]), np.radians(points.longitude_deg[steps.rows])
    across = np.cos((latitude[1:] + latitude[:-1]) / 2)
    east = EARTH_RADIUS_M * across * (np.remainder(np.diff(longitude) + math.pi, 2 * math.pi) - math.pi)
    north = EARTH_RADIUS_M * np.diff(latitude)
    clock, even = clocks(steps)
    plain = [np.interp(even, clock, running_sum(np.where(steps.whole, component, 0.0))) for component in (east, north)]
    dense = is_dense(even, clock)
    smoothed = [np.where(dense, parabola_around(ticks, WAY_WINDOW_S), ticks) for ticks in plain]
    steady = [mean_around(ticks, DRIFT_WINDOW_S) for ticks in plain]
    return Way(steps, time_s[steps.rows], clock, even, length_along(smoothed), length_along(steady))


def way_of_device(points: Points, time_s: Column) -> Way:
    """Return the way by the distance of a device, which is known at every point."""
    steps = steps_of(time_s, points.distance_m[:, np.newaxis], points.altitude_m)
    clock, even = clocks(steps)
    way = running_sum(np.where(steps.whole, np.diff(points.distance_m[steps.rows]), 0.0))
    way = np.interp(even, clock, way)
    return Way(steps, time_s[steps.rows], clock, even, way, way)


def steps_of(time_s: Column, place: Column, altitude_m: Column) -> Steps:
    """Return the points that a way leads through, and the steps between them.

    A place is a row: one number for the distance of a device, three for a position.
    """
    rows = np.flatnonzero(~held(time_s, place))
    spike = spikes(time_s[rows], place[rows])
    rows = rows[~spike]
    step_s, step_m = np.diff(time_s[rows]), lengths(place[rows])
    long = step_s > GAP_S
    climbs = abs(np.diff(altitude_m[rows])) >= CLIMBING_FROM_M_S * step_s
    slow = climbs & (step_m >= INPUTS["speed_m_s"].low * step_s) & (step_m <= PAUSE_BELOW_M_S * step_s)
    sparse = long & (at_foot_speed(step_m, step_s) | slow)
    jump = ~long & ((step_m < 0) | (step_m > SPIKE_SPEED_M_S * step_s))
    return Steps(rows, int(spike.sum()), step_s, long & ~sparse, sparse, jump)


def lengths(place: Column) -> Column:
    """Return the length of each step; negative where a distance falls."""
    steps = np.diff(place, axis=0)
    found: Column = steps[:, 0] if place.shape[1] == 1 else np.linalg.norm(steps, axis=1)
    return found


def at_foot_speed(step_m: Column, step_s: Column) -> Mask:
    """Return the steps that are neither standing nor faster than running, as a mask."""
    found: Mask = (step_m >= PAUSE_BELOW_M_S * step_s) & (step_m <= INPUTS["speed_m_s"].high * step_s)
    return found


def held(time_s: Column, place: Column) -> Mask:
    """Return the points that repeat a place although one moved on, as a mask.

    A place was held if a step follows that has most of the way, is faster than those around it, and together with the
    time before it has the speed of a foot.

    Examples
    --------
    >>> held(np.arange(7.0), np.array([[0.0], [0.0], [0.0], [0.0], [12.0], [15.0], [18.0]]))
    array([False,  True,  True,  True, False, False, False])
    """
    step_s, step_m = np.diff(time_s), np.abs(lengths(place))
    first = np.concatenate(([True], step_m >= PAUSE_BELOW_M_S * step_s))
    begins = np.flatnonzero(first)
    many = np.diff(begins, append=len(time_s)) > 1
    last_m, last_s = step_m[begins[1:] - 1], step_s[begins[1:] - 1]
    whole_m, whole_s = np.abs(lengths(place[begins])), np.diff(time_s[begins])
    next_m, next_s = np.append(last_m[1:], 0.0), np.append(last_s[1:], 1.0)
    caught_up = (
        many[:-1]
        & at_foot_speed(whole_m, whole_s)
        & (2 * last_m >= whole_m)
        & ((last_m > INPUTS["speed_m_s"].high * last_s) | many[1:] | (last_m * next_s > CATCH_UP * next_m * last_s))
        # A step that goes back at once is a spike.
        & np.append(whole_m[1:] <= SPIKE_SPEED_M_S * whole_s[1:], True)
    )
    found: Mask = np.append(caught_up, False)[np.cumsum(first) - 1] & ~first
    return found


def clocks(steps: Steps) -> tuple[Column, Column]:
    """Return the clock that stops in gaps and jumps: at each point, and as even ticks of about one second."""
    clock = running_sum(np.where(steps.whole, steps.step_s, 0.0))
    return clock, np.linspace(0.0, clock[-1], math.ceil(clock[-1]) + 1)


def is_dense(even_s: Column, clock_s: Column) -> Mask:
    """Return the ticks around which points are dense throughout `WAY_WINDOW_S`, as a mask."""
    wide = running_sum((np.diff(clock_s) > DENSE_S).astype(np.float64))
    half = WAY_WINDOW_S / 2
    low = np.searchsorted(clock_s, even_s - half, side="right") - 1
    high = np.searchsorted(clock_s, even_s + half, side="left")
    found: Mask = wide[np.minimum(high, len(clock_s) - 1)] == wide[np.maximum(low, 0)]
    return found


def parabola_around(ticks: Column, window: int) -> Column:
    """Return the middle of the least-squares parabola through an odd number of ticks around each.

    It takes away noise as a mean over half the window does, and leaves bends as they are. The ends do not move.
    """
    if len(ticks) <= window:
        return ticks
    places = np.arange(window) - window // 2
    second, fourth = (float((places**power).sum()) for power in (2, 4))
    weights = (fourth - second * places**2) / (window * fourth - second**2)
    padded = np.pad(ticks, window // 2, mode="reflect", reflect_type="odd")
    return np.convolve(padded, weights, mode="valid")


def mean_around(ticks: Column, window: int) -> Column:
    """Return the mean over an odd number of ticks around each. The ends do not move."""
    if len(ticks) <= window:
        return ticks
    sums = running_sum(np.pad(ticks, window // 2, mode="reflect", reflect_type="odd"))
    found: Column = (sums[window:] - sums[:-window]) / window
    return found


def length_along(components: list[Column]) -> Column:
    """Return the accumulated length of a line through ticks."""
    return running_sum(np.hypot(*(np.diff(component) for component in components)))


def is_steady(distance_m: Column, time_s: Column) -> bool:
    """Return whether an accumulated distance is known throughout, and neither falls nor jumps except in gaps.

    Examples
    --------
    >>> is_steady(np.array([0.0, 2.0, 4.0]), np.arange(3.0)), is_steady(np.array([0.0, 400.0, 4.0]), np.arange(3.0))
    (True, False)
    """
    step_m, step_s = np.diff(distance_m), np.diff(time_s)
    return bool(np.isfinite(distance_m).all()) and bool(
        ((step_s > GAP_S) | ((step_m >= 0) & (step_m <= SPIKE_SPEED_M_S * step_s))).all()
    )


def evenly_grown(distance_m: Column, time_s: Column) -> Column:
    """Return a distance that grows in coarse equal steps as an even movement between the times at which it grows.

    A step that lasts much longer than both beside it has a pause: before it if it is the first, otherwise in its
    middle. The step that was not complete at the end continues at the pace of the last one. Where points are as far
    apart as steps, the movement is even over several steps. Another distance is returned as it is.

    Examples
    --------
    >>> evenly_grown(np.array([0.0, 0.0, 10.0, 10.0, 20.0, 20.0, 30.0, 30.0, 40.0]), np.arange(9.0))
    array([ 0.,  5., 10., 15., 20., 25., 30., 35., 40.])
    """
    grows = np.flatnonzero(np.diff(distance_m) > 0) + 1
    step_m = np.diff(distance_m)[grows - 1]
    # A device can write the exact distance at the end.
    equal_m = step_m[:-1]
    if len(equal_m) < LEAST_STEPS or equal_m.min() < COARSE_STEP_M or (np.diff(distance_m) < 0).any():
        return distance_m
    if (np.diff(grows) == 1).all():
        return distance_m
    quantum = float(equal_m.min())
    if (abs(equal_m - quantum * np.round(equal_m / quantum)) > STEP_ERROR * quantum).any():
        return distance_m
    times, values = np.append(time_s[0], time_s[grows]), np.append(distance_m[0], distance_m[grows])
    pace = np.diff(times) / step_m
    before, after = np.append(pace[1], pace[:-1]), np.append(pace[1:], pace[-2])
    paused = np.flatnonzero(pace > PAUSE_STEPS * np.maximum(before, after))
    moving_s = (step_m * (before + after) / 2)[paused]
    first = np.where(paused == 0, 0.0, 0.5)
    knots_s = [times, times[paused] + first * moving_s, times[paused + 1] - (1 - first) * moving_s]
    knots_m = [values, *(2 * [values[paused] + first * step_m[paused]])]
    left_s, last_s = float(time_s[-1] - times[-1]), quantum * float(min(pace[-1], before[-1]))
    if 0 < left_s <= PAUSE_STEPS * last_s:
        knots_s.append(time_s[-1:])
        knots_m.append(values[-1:] + quantum * min(left_s / last_s, 1.0))
    # A step is seen up to a point too late, so that times need some points between them.
    step_s, point_s = float(np.median(np.diff(times))), float(np.median(np.diff(time_s)))
    apart = max(1, math.floor(min(GAP_S, POINTS_APART * point_s + step_s) / step_s))
    used = np.arange(len(times)) % apart == 0
    used[[-1, *paused.tolist(), *(paused + 1).tolist()]] = True
    knots_s[0], knots_m[0] = times[used], values[used]
    knot_s, knot_m = np.concatenate(knots_s), np.concatenate(knots_m)
    order = np.argsort(knot_s, kind="stable")
    found: Column = np.interp(time_s, knot_s[order], knot_m[order])
    return found


def with_distance(points: Points, session: Session) -> tuple[Points, DistanceSource | None]:
    """Return points with a distance where they have neither place nor distance, and what it follows from.

    It is the speed summed over time, or else the distance of the session, spread evenly over the times of its points.
    Both stand still in times of more than `GAP_S` without a point. The order of the points does not matter.

    Examples
    --------
    >>> points, source = with_distance(points_from(time_s=np.arange(3.0), speed_m_s=np.full(3, 2.5)), Session())
    >>> points.distance_m, source
    (array([0. , 2.5, 5. ]), 'speed')
    """
    measured = points.distance_m[abs(points.distance_m) <= DISTANCE_HIGH_M]
    if located(points).any() or (len(measured) and np.ptp(measured) > 0):
        return points, None
    if not np.isfinite(points.time_s).any() and session.duration_s > 0:
        points = points_from(time_s=np.array([0.0, session.duration_s]))
    timed = np.isfinite(points.time_s)
    known = timed & (points.speed_m_s >= 0) & (points.speed_m_s <= SPIKE_SPEED_M_S)
    source: DistanceSource = "speed" if (points.speed_m_s[known] > 0).any() else "session"
    used = known if source == "speed" else timed
    time_s, rows = np.unique(points.time_s[used], return_index=True)
    if len(time_s) <= 1 or (source == "session" and not session.distance_m > 0):
        return points, None
    speed_m_s = points.speed_m_s[used][rows] if source == "speed" else np.ones_like(time_s)
    step_s = np.diff(time_s)
    step_s[(step_s > GAP_S) & (step_s.min() <= GAP_S)] = 0.0
    way = running_sum(step_s * (speed_m_s[1:] + speed_m_s[:-1]) / 2)
    if source == "session":
        way *= session.distance_m / way[-1]
    distance_m = np.where(timed, np.interp(np.where(timed, points.time_s, time_s[0]), time_s, way), math.nan)
    return points._replace(distance_m=distance_m), source


def spikes(time_s: Column, place: Column) -> Mask:
    """Return the points that lie off a path that fits together without them, as a mask.

    They are few, or stand still: a watch that lost its satellites can repeat one wrong place for minutes.

    Examples
    --------
    >>> spikes(np.arange(5.0), np.array([[0.0], [2.0], [400.0], [6.0], [8.0]]))
    array([False, False,  True, False, False])
    """
    found = np.zeros(len(time_s), dtype=np.bool_)
    step_s, step_m = np.diff(time_s), np.abs(lengths(place))
    far = step_m > SPIKE_SPEED_M_S * step_s
    moved = running_sum((step_m >= PAUSE_BELOW_M_S * step_s).astype(np.float64))
    starts = [0, *(np.flatnonzero(far) + 1).tolist(), len(time_s)]

    def reached(begin: int, end: int) -> bool:
        return math.dist(place[begin], place[end]) <= SPIKE_SPEED_M_S * float(time_s[end] - time_s[begin])

    last = None
    for number, (start, end) in enumerate(pairwise(starts)):
        points, final = end - start, end == len(time_s)
        stands = last is not None and not final and moved[end - 1] == moved[start]
        if (points > SPIKE_POINTS and not stands) or (last is not None and reached(last, start)):
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
