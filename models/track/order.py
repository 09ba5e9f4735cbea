"""Put the records of one session in order: sort them, correct a clock that was wrong, and merge those of one time.

The way decides which order is right. Sorting makes the way of shuffled records shorter. Where the clock was set, the
way continues from one record of the file to the next, although the time does not.
"""

from bisect import bisect_right
from itertools import pairwise
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrorun.models.numerics.arithmetic import Column, Mask
from retrorun.models.track.points import SPIKE_SPEED_M_S, Points, carry, located, merge, way_of
from retrorun.models.vocabulary.quantities import INPUTS

Places = NDArray[np.intp]

DISTANCE_HIGH_M: Final = 43e6
"""Largest accumulated distance, positive or negative. Larger ones count as unknown (choice: a FIT file can hold
42 950 km)."""

TIME_HIGH_S: Final = 1e12
"""Largest time since 1970, positive or negative. Larger ones count as unknown (choice: the year 9999 is 2.5e11)."""

SPIKE_POINTS: Final = 5
"""Most consecutive points that count as a spike if the points before and after fit together (choice). As many
misdated points in a row are dropped; more are dated anew."""

STRAY_S: Final = 3600.0
"""Time from the rest of a recording beyond which a few points at its start or end, at most `SPIKE_POINTS`, count as
misdated (choice)."""

UNUSABLE_SHARE: Final = 0.5
"""Share of unusable points above which a recording is refused, because too little is left (choice)."""

CLOCK_STEP_INTERVALS: Final = 10
"""Intervals between points without a point from which the clock may have been set forward (choice)."""

MAXIMUM_CLOCK_STEPS: Final = 1000
"""Most impossible steps of a clock that are corrected. With more, times are not those of a clock (choice)."""

CONTINUES_TIMES: Final = 3.0
"""The way continues over a step of the clock if it is at most as many times as long as the speed before and after it
gives for one interval (choice)."""

CONTINUES_NOISE_M: Final = 5.0
"""Length that errors of positions may add to such a step (choice)."""

SPEED_POINTS: Final = 10
"""Points before and after a step of the clock from which the speed there is taken (choice)."""

ZIGZAG_TIMES: Final = 2.0
"""Times that sorting may lengthen the way. Beyond it the times contradict each other, and as few points as possible are
dropped (choice)."""

LENGTH_ROUNDING: Final = 1e-9
"""Share by which rounding may change a length (choice)."""


class InOrder(NamedTuple):
    """The usable points of one session, in order of time."""

    points: Points
    """Points with increasing times, and with a place each or a distance each."""
    unusable: int
    """Records that are not used."""
    redated: int
    """Records that got another time, because the clock was wrong."""


def in_order(points: Points) -> InOrder:
    """Return the usable points of one session, in order of time.

    Records of one time become one point, which has the last known value of each column. A record between points that
    has neither place nor distance gives its other values to the points next to it. Misdated points are dropped if they
    are few, and dated anew if they are more and the way continues.
    """
    points = points._replace(
        time_s=np.where(abs(points.time_s) <= TIME_HIGH_S, points.time_s, np.nan),
        distance_m=np.where(abs(points.distance_m) <= DISTANCE_HIGH_M, points.distance_m, np.nan),
    )
    step_s = np.diff(points.time_s)
    unusable = redated = 0
    if not (np.isfinite(points.time_s[:1]).all() and ((step_s > 0) & (step_s <= STRAY_S)).all()):
        points, unusable, redated = dated(points)
    used = usable(points)
    return InOrder(carry(points, used), unusable + damaged(points, used), redated)


def dated(points: Points) -> tuple[Points, int, int]:
    """Return one point for each time, in order, how many records are not used, and how many are dated anew."""
    way = way_of(points)
    time_s = with_missing_times(points.time_s, way)
    redated = int((np.isfinite(time_s) & ~np.isfinite(points.time_s)).sum())
    points = points._replace(time_s=time_s)
    kept = np.flatnonzero(np.isfinite(time_s))
    rows, times, moved = in_sequence(time_s[kept], way[kept])
    merged, contradictory = merge(Points(*(column[kept[rows]] for column in points))._replace(time_s=times))
    return merged, len(time_s) - len(rows) + contradictory, redated + moved


def usual_interval(time_s: Column) -> float:
    """Return the median time from one point to a later next one [s]."""
    steps = np.diff(time_s)
    return float(np.median(steps[steps > 0])) if (steps > 0).any() else 0.0


def with_missing_times(time_s: Column, way: Column) -> Column:
    """Return times in which long stretches of places without a time have times at even intervals.

    A stretch of up to `SPIKE_POINTS` stays without. So does one in which the way would not continue at the usual
    interval.

    Examples
    --------
    >>> time_s = np.concatenate((np.arange(9.0), np.full(9, np.nan), np.arange(18.0, 27.0)))
    >>> with_missing_times(time_s, 3 * np.arange(27.0)[:, np.newaxis])[8:19]
    array([ 8.,  9., 10., 11., 12., 13., 14., 15., 16., 17., 18.])
    """
    known = np.isfinite(time_s)
    if known.all() or known.sum() < UNUSABLE_SHARE * len(time_s):
        return time_s
    usual, found = usual_interval(time_s[known]), time_s.copy()
    ends = np.flatnonzero(np.diff(known, prepend=True, append=True))
    for begin, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        if end - begin <= SPIKE_POINTS:
            continue
        step_m = np.linalg.norm(np.diff(way[max(begin - 1, 0) : end + 1], axis=0), axis=1)
        if not (step_m <= SPIKE_SPEED_M_S * usual).all():
            continue
        if begin == 0:
            times = time_s[end] - usual * np.arange(end, 0, -1.0)
        elif end == len(time_s):
            times = time_s[begin - 1] + usual * np.arange(1.0, end - begin + 1)
        else:
            times = np.linspace(time_s[begin - 1], time_s[end], end - begin + 2)[1:-1]
        found[begin:end] = times
    return found


def in_sequence(time_s: Column, way: Column) -> tuple[Places, Column, int]:
    """Return the places of records in order of time, their times, and how many of them are dated anew.

    Parameters
    ----------
    time_s : ndarray
        Known times in the order of the file [s].
    way : ndarray, shape (n, 1) or (n, 3)
        Where each record is [m]; NaN if unknown.
    """
    step_s = np.diff(time_s)
    if ((step_s >= 0) & (step_s <= STRAY_S)).all():
        return np.arange(len(time_s)), time_s, 0
    rows = sorted_where_shorter(time_s, way)
    rows = rows[~few_misdated(time_s[rows])]
    times, redated = rejoined(time_s[rows], way[rows])
    order = np.argsort(times, kind="stable")
    if length(way[rows[order]]) > ZIGZAG_TIMES * length(way[rows]) + CONTINUES_NOISE_M:
        order = longest_rising(times)
    return rows[order], times[order], redated


def filled(way: Column) -> Column:
    """Return where each record is, or was last known to be; a record before the first known one is where that is."""
    known = np.isfinite(way[:, 0])
    if not known.any():
        return np.zeros_like(way)
    last = np.maximum.accumulate(np.where(known, np.arange(len(way)), int(np.argmax(known))))
    found: Column = way[last]
    return found


def step_lengths(way: Column) -> Column:
    """Return how far each record is from the one before it [m]."""
    found: Column = np.linalg.norm(np.diff(filled(way), axis=0), axis=1)
    return found


def length(way: Column) -> float:
    """Return the length of the way from the first record to the last [m]."""
    return float(step_lengths(way).sum())


def sorted_where_shorter(time_s: Column, way: Column) -> Places:
    """Return an order in which each shuffled block is sorted by time, if that does not make the way longer.

    Examples
    --------
    >>> sorted_where_shorter(np.array([0.0, 2.0, 1.0, 3.0]), np.array([[0.0], [6.0], [3.0], [9.0]]))
    array([0, 2, 1, 3])
    >>> sorted_where_shorter(np.array([0.0, 1.0, -60.0, -59.0]), np.array([[0.0], [3.0], [6.0], [9.0]]))
    array([0, 1, 2, 3])
    """
    count = len(time_s)
    order = np.argsort(time_s, kind="stable")
    rank = np.empty_like(order)
    rank[order] = np.arange(count)
    # A block ends where all records so far have the lowest ranks.
    ended = np.maximum.accumulate(rank) == np.arange(count)
    block = np.concatenate(([0], np.cumsum(ended)[:-1]))
    enters, leaves = block[1:], np.where(block[1:] != block[:-1], block[:-1], count)

    def lengths(places: Places) -> Column:
        """Return the length of each block, with the steps into it and out of it [m]."""
        steps = step_lengths(way[places])
        sums = [np.bincount(ends, steps, count + 1).astype(np.float64) for ends in (enters, leaves)]
        return (sums[0] + sums[1])[:count]

    longer = lengths(order) > lengths(np.arange(count)) * (1 + LENGTH_ROUNDING)
    return np.where(longer[block], np.arange(count), order)


def few_misdated(time_s: Column) -> Mask:
    """Return the records out of order, and those far from the rest at either end, up to `SPIKE_POINTS` in a row.

    Examples
    --------
    >>> few_misdated(np.array([0.0, 1.0, 36_002.0, 3.0, 3.0, 4.0]))
    array([False, False,  True, False, False, False])
    """
    out = np.ones(len(time_s), dtype=np.bool_)
    out[longest_rising(time_s)] = False
    ends = np.flatnonzero(np.diff(out, prepend=False, append=False))
    for begin, end in zip(ends[::2].tolist(), ends[1::2].tolist(), strict=True):
        if end - begin > SPIKE_POINTS:
            out[begin:end] = False
    kept = np.flatnonzero(~out)
    far = np.flatnonzero(abs(np.diff(time_s[kept])) > STRAY_S) + 1
    begin, end = 0, len(kept)
    if len(far) and far[0] <= SPIKE_POINTS and end - far[0] > far[0]:
        begin = int(far[0])
    if len(far) and end - far[-1] <= SPIKE_POINTS and far[-1] - begin > end - far[-1]:
        end = int(far[-1])
    out[kept[:begin]] = out[kept[end:]] = True
    return out


def longest_rising(time_s: Column) -> Places:
    """Return the places of the longest run of times that never fall.

    Examples
    --------
    >>> longest_rising(np.array([0.0, 9.0, 1.0, 1.0, 2.0]))
    array([0, 2, 3, 4])
    """
    if (time_s[1:] >= time_s[:-1]).all():
        return np.arange(len(time_s))
    # Patience sorting: the lowest last time of a run of each length, its place, and the place before it.
    ends: list[float] = []
    places: list[int] = []
    follows = []
    for place, time in enumerate(time_s.tolist()):
        run = bisect_right(ends, time)
        follows.append(places[run - 1] if run else -1)
        if run == len(ends):
            ends.append(time)
            places.append(place)
        else:
            ends[run], places[run] = time, place
    found = []
    place = places[-1]
    while place >= 0:
        found.append(place)
        place = follows[place]
    return np.array(found[::-1], dtype=np.intp)


def rejoined(time_s: Column, way: Column) -> tuple[Column, int]:
    """Return times in which the clock is corrected where the way continues over an impossible step of it.

    Impossible is a step back, a step of more than the longest bout, and a step forward that is taken back later. The
    clock of the most records counts as right.

    Examples
    --------
    >>> time_s = np.concatenate((np.arange(9.0), np.arange(9.0) - 3600))
    >>> rejoined(time_s, 3 * np.arange(18.0)[:, np.newaxis])[0][7:12]
    array([ 7.,  8.,  9., 10., 11.])
    """
    usual = usual_interval(time_s)
    step_s = np.diff(time_s)
    near_s = max(CLOCK_STEP_INTERVALS * usual, 1.0)
    set_at = np.flatnonzero((step_s < 0) | (step_s > near_s)) + 1
    if ((step_s < 0) | (step_s > INPUTS["duration_s"].high)).sum() > MAXIMUM_CLOCK_STEPS:
        return time_s, 0
    bounds = [0, *set_at.tolist(), len(time_s)]
    known = np.isfinite(way[:, 0])
    later = len(time_s)
    """Start of the next part before which the clock went back."""
    taken_back = {}
    for start in reversed(bounds[1:-1]):
        taken_back[start] = later < len(time_s) and bool(time_s[start - 1] <= time_s[later] < time_s[start])
        later = start if step_s[start - 1] < 0 else later
    parts, chain = [(0, bounds[1], 0.0)], [0]
    for start, end in pairwise(bounds[1:]):
        offset_s = parts[-1][2]
        last_s = float(time_s[start - 1]) + offset_s
        impossible = step_s[start - 1] < 0 or step_s[start - 1] > INPUTS["duration_s"].high or taken_back[start]
        # The clock before the last one, and the first of all, may be back.
        earlier = [old_s for _, _, old_s in (parts[-2:][0], parts[chain[-1]])]
        back = [old_s for old_s in earlier if old_s != offset_s and 0 < time_s[start] + old_s - last_s <= near_s]
        if (impossible or back) and continues(time_s, way, known, start, (parts[-1][0], end), usual):
            offset_s = back[0] if back else last_s + usual - float(time_s[start])
        elif impossible:
            offset_s = 0.0
            chain.append(len(parts))
        parts.append((start, end, offset_s))
    times, redated = time_s.copy(), 0
    for first, after in pairwise([*chain, len(parts)]):
        records: dict[float, int] = {}
        for start, end, shift_s in parts[first:after]:
            records[shift_s] = records.get(shift_s, 0) + end - start
        true_s = max(records, key=lambda shift_s: records[shift_s])
        for start, end, shift_s in parts[first:after]:
            times[start:end] += shift_s - true_s
            redated += (end - start) * (shift_s != true_s)
    return times, redated


def continues(time_s: Column, way: Column, known: Mask, start: int, around: tuple[int, int], usual: float) -> bool:
    """Return whether the way continues over a step of the clock, as in one usual interval at the speed around it.

    Parameters
    ----------
    known : ndarray
        The records whose way is known, as a mask.
    start : int
        The record after the step.
    around : tuple of int
        The first record of the part before the step, and the end of the part after it.
    usual : float
        The usual interval [s].
    """
    before = around[0] + np.flatnonzero(known[around[0] : start])[-SPEED_POINTS:]
    after = start + np.flatnonzero(known[start : around[1]][: SPEED_POINTS**2])[:SPEED_POINTS]
    if not len(before) or not len(after):
        return False
    here, there = int(before[-1]), int(after[0])
    step_m = way[there] - way[here]
    speeds = [0.0]
    for side in (before, after):
        took_s = float(time_s[side[-1]] - time_s[side[0]])
        if took_s > 0:
            speeds.append(float(np.linalg.norm(way[side[-1]] - way[side[0]])) / took_s)
    wait_s = usual + float(time_s[start - 1] - time_s[here]) + float(time_s[there] - time_s[start])
    most_m = CONTINUES_TIMES * min(max(speeds), SPIKE_SPEED_M_S) * wait_s + CONTINUES_NOISE_M
    return bool(np.linalg.norm(step_m) <= most_m)


def usable(points: Points) -> Mask:
    """Return the points with a distance or those with a place, whichever is used; as a mask."""
    placed, measured = located(points), np.isfinite(points.distance_m)
    # Where every point with a place has a distance too, using distances loses nothing.
    if measured[placed].all() and only_rises(points.distance_m[measured], points.time_s[measured]):
        return measured
    # Most points with a distance have no position: indoors, or without satellites.
    return placed if placed.sum() >= measured.sum() / 2 else measured


def only_rises(distance_m: Column, time_s: Column) -> bool:
    """Return whether an accumulated distance neither falls nor rises faster than anybody runs."""
    step_m = np.diff(distance_m)
    return bool(((step_m >= 0) & (step_m <= SPIKE_SPEED_M_S * np.diff(time_s))).all())


def damaged(points: Points, used: Mask) -> int:
    """Return how many records are neither used nor complete others.

    Those have an impossible place, or come a usual interval or more before the first used point or after the last.
    """
    if used.all():
        return 0
    time_s = points.time_s[used]
    if not len(time_s):
        return len(used)
    beyond = np.maximum(time_s[0] - points.time_s, points.time_s - time_s[-1])
    impossible = ~(np.isnan(points.latitude_deg) & np.isnan(points.longitude_deg)) & ~located(points)
    away = (beyond > 0) & (beyond >= usual_interval(time_s))
    return int((~used & (impossible | away)).sum())
