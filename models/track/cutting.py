"""Cut a recording into segments, pauses and directions."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any, Final, NamedTuple, NotRequired, TypedDict

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from retrorun.models.estimate.inputs import Person
from retrorun.models.numerics.arithmetic import Column, Mask, running_sum
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.physiology.timing import BACKWARD_TRANSITION_M_S
from retrorun.models.track.distance import CLIMBING_FROM_M_S, DRIFT_WINDOW_S, PAUSE_BELOW_M_S, mean_around
from retrorun.models.track.recording import Recording
from retrorun.models.vocabulary.choices import Direction, Gait
from retrorun.models.vocabulary.errors import Conflict, OutOfRange
from retrorun.models.vocabulary.quantities import INPUTS, RUNNING_FROM_M_S, check, speed_bounds
from retrorun.models.workout.answer import LevelSpeed
from retrorun.models.workout.level import level_answers, levels_of
from retrorun.models.workout.sums import WALKED, Segments, case_of

SEGMENT_S: Final = 10.0
"""Length of a segment (choice). In shorter ones, noise of positions would change speed and grade. Longer ones would
blur intervals."""

CLIMB_WINDOW_S: Final = 120.0
"""Time around a slow segment over which it must climb to count as moving (choice)."""

GAIT_SEGMENTS: Final = 5
"""Consecutive segments whose median speed decides the gait of the middle one, if direction is the same and no pause is
between. A runner who slows for less than half a minute still counts as running (choice)."""


class Range(TypedDict):
    """A range of time that was done backward, in seconds after the first point with time and place."""

    from_s: float
    to_s: NotRequired[float]


class GradeRange(Range):
    """A range of time on a slope, in seconds after the first point with time and place."""

    grade: float


class Profile(TypedDict):
    """The segments used, as columns in their order."""

    segment_start_s: list[float]
    segment_duration_s: list[float]
    segment_speed_m_s: list[float]
    segment_grade: list[float]
    segment_direction: list[Direction]
    segment_level_speed_m_s: list[LevelSpeed]


class Cut(NamedTuple):
    """A recording cut into segments: moving, pauses, and those left out."""

    clock_s: Column
    """Start of each segment on the recording's clock [s]."""
    duration_s: Column
    distance_m: Column
    speed_m_s: Column
    grade: Column
    backward: Mask


class Slope(NamedTuple):
    """A range of time with its grade, in seconds from the first usable point of a file, or on a recording's clock."""

    begin_s: float
    end_s: float
    grade: float


def given_slopes(
    grade: float | Sequence[GradeRange] | None, grades: Sequence[GradeRange] | None, duration_s: float
) -> list[Slope]:
    """Return the grades of a request in seconds from the first usable point of a file, or raise for invalid ones.

    Time outside the ranges is level.
    """
    given, field = (grades, "grades") if grade is None else (grade, "grade")
    if given is None:
        return []
    if grade is not None and grades is not None:
        raise Conflict("grades", "Give either grade or grades.")
    if not isinstance(given, Sequence):
        return [Slope(0.0, duration_s, check("grade", given))]
    values = [check("grade", one["grade"], f"{field}/{index}") for index, one in enumerate(given)]
    ranges = given_ranges(given, duration_s, field)
    order = sorted(range(len(given)), key=lambda index: given[index]["from_s"])
    for one, after in pairwise(order):
        if given[one].get("to_s", math.inf) > given[after]["from_s"]:
            raise Conflict(f"{field}/{after}", "This range overlaps another one. Give each moment one grade.")
    return [Slope(begin, end, value) for (begin, end), value in zip(ranges, values, strict=True)]


def covers_all(slopes: Sequence[Slope], recorded: Recording) -> bool:
    """Return whether slopes on the clock of a recording, which do not overlap, leave no time of it out."""
    return math.isclose(sum(slope.end_s - slope.begin_s for slope in slopes), float(recorded.clock_s[-1]))


def given_ranges(ranges: Sequence[Range], duration_s: float, field: str) -> list[tuple[float, float]]:
    """Return the ranges of a field in seconds from the first usable point of a file, or raise for an invalid one.

    Parameters
    ----------
    duration_s : float
        Time from the first usable point of the file to the last [s].
    """
    found = []
    for index, given in enumerate(ranges):
        place = f"{field}/{index}"
        begin, end = check("from_s", given["from_s"], place), duration_s
        if "to_s" in given:
            end = check("to_s", given["to_s"], place)
            if end > duration_s:
                raise OutOfRange(
                    f"{place}/to_s",
                    f"This range ends after the recording, which is {duration_s:.10g} s long. Give an earlier "
                    "to_s, or remove it.",
                )
        if begin >= end:
            raise Conflict(place, "The end must come after the start, and both must lie within the recording.")
        found.append((begin, end))
    return found


def ranges_on_clock(
    ranges: Sequence[tuple[float, float]], recorded: Recording, start_s: float
) -> list[tuple[float, float]]:
    """Return ranges of a file on the clock of a recording that begins at `start_s` [s]; empty where it is elsewhere."""
    ends = np.interp(np.array(ranges).reshape(-1, 2) - start_s, recorded.point_time_s, recorded.point_clock_s)
    return [(begin, end) for begin, end in ends.tolist()]


def ranges_with_segments(ranges: Sequence[tuple[float, float]], cut: Cut, counts: Mask) -> Mask:
    """Return the ranges that contain a used segment, as a mask."""
    first, after = np.searchsorted(cut.clock_s[counts], np.array(ranges).reshape(-1, 2)).T
    found: Mask = after > first
    return found


def cut_recording(recorded: Recording, ranges: Sequence[tuple[float, float]], slopes: Sequence[Slope] = ()) -> Cut:
    """Return a recording cut at the ends of backward ranges and slopes, and between them into equal segments.

    The segments last about `SEGMENT_S`. Given slopes take the place of altitudes.
    """
    clock, ends = recorded.clock_s, np.array(ranges).reshape(-1, 2)
    bounds = np.array([slope[:2] for slope in slopes]).ravel()
    pieces = np.unique(np.concatenate(([0.0, clock[-1]], ends.ravel(), bounds)))
    parts = [
        np.linspace(begin, end, max(1, round((end - begin) / SEGMENT_S)), endpoint=False)
        for begin, end in zip(pieces[:-1].tolist(), pieces[1:].tolist(), strict=True)
    ]
    starts = np.concatenate([*parts, pieces[-1:]])
    duration_s = np.diff(starts)
    middles = starts[:-1] + duration_s / 2
    distance_m = np.diff(np.interp(starts, clock, recorded.way_m))
    # Number of ranges that have started, minus those that have ended.
    inside = np.searchsorted(np.sort(ends[:, 0]), middles) - np.searchsorted(np.sort(ends[:, 1]), middles)
    slope = np.zeros_like(middles) if recorded.slope is None else np.interp(middles, clock, recorded.slope)
    for begin, end, grade in slopes:
        slope[np.searchsorted(middles, begin) : np.searchsorted(middles, end)] = grade
    return Cut(starts[:-1], duration_s, distance_m, distance_m / duration_s, slope, inside > 0)


def moving_segments(recorded: Recording, cut: Cut) -> Mask:
    """Return the segments that are no pause, as a mask.

    A segment slower than `PAUSE_BELOW_M_S` moves if it climbs or descends, and if its speed is one that is estimated.
    Both must hold over `CLIMB_WINDOW_S` too, with drift averaged out.
    """
    moving: Mask = cut.speed_m_s >= PAUSE_BELOW_M_S
    if recorded.climb_m is None:
        return moving
    middles = cut.clock_s + cut.duration_s / 2
    low_s = np.maximum(middles - CLIMB_WINDOW_S / 2, 0.0)
    high_s = np.minimum(middles + CLIMB_WINDOW_S / 2, recorded.clock_s[-1])
    lasted_s, slowest_m_s = high_s - low_s, INPUTS["speed_m_s"].low

    def change(column: Column) -> Column:
        found: Column = np.interp(high_s, recorded.clock_s, column) - np.interp(low_s, recorded.clock_s, column)
        return found

    climbs: Mask = abs(change(mean_around(recorded.climb_m, DRIFT_WINDOW_S))) >= CLIMBING_FROM_M_S * lasted_s
    climbs &= (cut.speed_m_s >= slowest_m_s) & (change(recorded.steady_way_m) >= slowest_m_s * lasted_s)
    moving |= climbs & (lasted_s >= CLIMB_WINDOW_S / 2)
    return moving


def walked_segments(cut: Cut, moving: Mask) -> Mask:
    """Return the walked segments as a mask, by the median speed of those around each; see `GAIT_SEGMENTS`."""
    if not len(moving):
        return moving
    half = GAIT_SEGMENTS // 2
    stretch = running_sum((np.diff(cut.backward, prepend=False) | np.diff(moving, prepend=False)).astype(np.float64))[
        1:
    ]
    speeds = sliding_window_view(np.pad(cut.speed_m_s, half), GAIT_SEGMENTS)
    alike = sliding_window_view(np.pad(stretch, half, constant_values=math.nan), GAIT_SEGMENTS)
    speed_m_s = np.nanmedian(np.where(alike == stretch[:, np.newaxis], speeds, math.nan), axis=1)
    slow: Mask = speed_m_s < np.where(cut.backward, BACKWARD_TRANSITION_M_S, RUNNING_FROM_M_S)
    return slow


def segments_at(segments: Segments, rows: Mask) -> Segments:
    """Return some rows of segments."""
    columns: list[Any] = [column[rows] for column in segments]
    return Segments(*columns)


def outside_limits(segments: Segments, used: Mapping[Gait, str]) -> Mask:
    """Return the segments that are too fast for their gait or too steep, as a mask."""
    grade = INPUTS["grade"]
    found = (segments.grade < grade.low) | (segments.grade > grade.high)
    gaits: tuple[tuple[Gait, Mask], ...] = (("walk", segments.walk), ("run", ~segments.walk))
    for gait, rows in gaits:
        if gait in used:
            low, high = ENERGY_MODELS[gait][used[gait]].defined_grade
            found |= rows & ((segments.grade < low) | (segments.grade > high))
        found |= rows & (segments.speed_m_s > speed_bounds(gait)[1])
    return found


def level_speeds(segments: Segments, *, person: Person, energy_models: Mapping[Gait, str]) -> list[LevelSpeed]:
    """Return the level speed of each segment in its own direction; where it is unknown, an empty object."""
    found: list[LevelSpeed] = [{} for _ in segments.times]
    for gait, walked in WALKED.items():
        rows = np.flatnonzero(segments.walk == walked)
        if len(rows):
            both = levels_of(case_of(segments, rows, gait, person, energy_models[gait]), person.score)
            for backward, levels in enumerate(both):
                places = np.flatnonzero(segments.backward[rows] == backward)
                answers = level_answers(levels, places, person.score)
                for row, level in zip(rows[places].tolist(), answers, strict=True):
                    found[row] = level
    return found


def joined(cuts: Sequence[Cut]) -> Cut:
    """Return cut recordings as one."""
    columns: list[Any] = [np.concatenate(columns) for columns in zip(*cuts, strict=True)]
    return Cut(*columns)


def segment_starts(recorded: Recording, cut: Cut) -> Column:
    """Return the start of each segment in seconds from the first usable point of its recording."""
    # The clock shows one time before and after a gap: take the moment after it.
    after = np.searchsorted(recorded.point_clock_s, cut.clock_s, side="right") - 1
    starts: Column = recorded.point_time_s[after] + (cut.clock_s - recorded.point_clock_s[after])
    return starts


def profile(starts_s: Column, cut: Cut, rows: Mask, levels: list[LevelSpeed]) -> Profile:
    """Return start, duration, speed, grade, direction and level speed of the used segments, in order."""
    return {
        "segment_start_s": starts_s[rows].tolist(),
        "segment_duration_s": cut.duration_s[rows].tolist(),
        "segment_speed_m_s": cut.speed_m_s[rows].tolist(),
        "segment_grade": cut.grade[rows].tolist(),
        "segment_direction": ["backward" if backward else "forward" for backward in cut.backward[rows].tolist()],
        "segment_level_speed_m_s": levels,
    }
