"""A recording cut into segments, pauses and directions."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple, NotRequired, TypedDict

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from retrorun.models.numerics.arithmetic import Column, Mask
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.physiology.timing import BACKWARD_TRANSITION_M_S
from retrorun.models.vocabulary.choices import Direction, Gait
from retrorun.models.vocabulary.errors import Conflict, OutOfRange
from retrorun.models.vocabulary.quantities import INPUTS, RUNNING_FROM_M_S, check, speed_bounds
from retrorun.models.workout.recording import Recording, running_sum
from retrorun.models.workout.sums import Segments

SEGMENT_S: Final = 10.0
"""Length of a segment: shorter ones would carry the noise of positions into speed and grade, longer ones would
blur intervals (choice)."""

PAUSE_BELOW_M_S: Final = 0.5
"""Mean speed of a segment under which it is taken as a pause: slower than people walk, about as fast as a position
drifts at rest (choice)."""

GAIT_SEGMENTS: Final = 5
"""Segments in a row whose median speed says the gait of the middle one, as far as they are moved the same way without a
pause: whoever slows for less than half a minute goes on running (choice)."""


class Range(TypedDict):
    """A range of time that was done backward, in seconds from the first point with time and place."""

    from_s: float
    to_s: NotRequired[float]


class Profile(TypedDict):
    """The segments that count, as columns in their order."""

    segment_start_s: list[float]
    segment_duration_s: list[float]
    segment_speed_m_s: list[float]
    segment_grade: list[float]
    segment_direction: list[Direction]


class Cut(NamedTuple):
    """A recording cut into segments, pauses and what is left out among them."""

    clock_s: Column
    """When each begins, by the recording's clock."""
    duration_s: Column
    distance_m: Column
    speed_m_s: Column
    grade: Column
    backward: Mask


def backward_ranges(backward: Sequence[Range], recorded: Recording) -> list[tuple[float, float]]:
    """Return the ranges by the recording's clock, or raise for one that is none."""
    found = []
    for index, given in enumerate(backward):
        place = f"backward/{index}"
        begin, end = check("from_s", given["from_s"], place), recorded.duration_s
        if "to_s" in given:
            end = check("to_s", given["to_s"], place)
            if end > recorded.duration_s:
                raise OutOfRange(
                    f"{place}/to_s",
                    f"The range ends after the file, which is {recorded.duration_s:.10g} s long: give an earlier end, "
                    "or none.",
                )
        if begin >= end:
            raise Conflict(place, "The range ends before it begins, or begins after the file ends: mend it.")
        found.append((begin, end))
    ends = np.interp(np.array(found).reshape(-1, 2), recorded.point_time_s, recorded.point_clock_s)
    return [(begin, end) for begin, end in ends.tolist()]


def any_range_is_empty(ranges: Sequence[tuple[float, float]], cut: Cut, counts: Mask) -> bool:
    """Say whether a range by the recording's clock holds no segment that counts."""
    first, after = np.searchsorted(cut.clock_s[counts], np.array(ranges).reshape(-1, 2)).T
    return bool((first == after).any())


def cut_recording(recorded: Recording, ranges: Sequence[tuple[float, float]]) -> Cut:
    """Cut a recording at the ends of ranges, and between them into equal segments of about the stated length."""
    clock, ends = recorded.clock_s, np.array(ranges).reshape(-1, 2)
    pieces = np.unique(np.concatenate(([0.0, clock[-1]], ends.ravel())))
    parts = [
        np.linspace(begin, end, max(1, round((end - begin) / SEGMENT_S)), endpoint=False)
        for begin, end in zip(pieces[:-1].tolist(), pieces[1:].tolist(), strict=True)
    ]
    starts = np.concatenate([*parts, pieces[-1:]])
    duration_s = np.diff(starts)
    middles = starts[:-1] + duration_s / 2
    distance_m = np.diff(np.interp(starts, clock, recorded.way_m))
    # How many ranges have begun less how many have ended.
    inside = np.searchsorted(np.sort(ends[:, 0]), middles) - np.searchsorted(np.sort(ends[:, 1]), middles)
    slope = np.zeros_like(middles) if recorded.slope is None else np.interp(middles, clock, recorded.slope)
    return Cut(starts[:-1], duration_s, distance_m, distance_m / duration_s, slope, inside > 0)


def walked_segments(cut: Cut, moving: Mask) -> Mask:
    """Say which segments are walked, by the median speed of those around each, see `GAIT_SEGMENTS`."""
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
    """Say which segments are faster than their gait allows, or steeper than is answered."""
    grade = INPUTS["grade"]
    found = (segments.grade < grade.low) | (segments.grade > grade.high)
    gaits: tuple[tuple[Gait, Mask], ...] = (("walk", segments.walk), ("run", ~segments.walk))
    for gait, rows in gaits:
        if gait in used:
            low, high = ENERGY_MODELS[gait][used[gait]].defined_grade
            found |= rows & ((segments.grade < low) | (segments.grade > high))
        found |= rows & (segments.speed_m_s > speed_bounds(gait)[1])
    return found


def profile(recorded: Recording, cut: Cut, rows: Mask) -> Profile:
    """Return what the segments that count are, in the order they were done."""
    # The latest moment at which the clock shows a time: behind a gap, not before it.
    after = np.searchsorted(recorded.point_clock_s, cut.clock_s, side="right") - 1
    starts = recorded.point_time_s[after] + (cut.clock_s - recorded.point_clock_s[after])
    return {
        "segment_start_s": starts[rows].tolist(),
        "segment_duration_s": cut.duration_s[rows].tolist(),
        "segment_speed_m_s": cut.speed_m_s[rows].tolist(),
        "segment_grade": cut.grade[rows].tolist(),
        "segment_direction": ["backward" if backward else "forward" for backward in cut.backward[rows].tolist()],
    }
