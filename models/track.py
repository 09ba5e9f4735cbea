"""What a watch recorded as a workout: segments with speed and grade, pauses, and what was left out and why."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict, cast

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from models import cautions, energy
from models.answer import Assumed, Direction
from models.arithmetic import Column, Mask
from models.direction import DirectionModelName
from models.energy_models import ENERGY_MODELS
from models.errors import Conflict, OutOfRange, Undefined
from models.gait import BACKWARD_TRANSITION_M_S, RUNNING_FROM_M_S
from models.inputs import person_of
from models.quantities import INPUTS, check, speed_bounds
from models.recording import SMOOTHING, Points, Recording, recording, summed
from models.segments import equations
from models.uncertainty import Gait
from models.workout import Segments, workout_of
from models.workout_answer import EnergyModels, Workout, WorkoutAssumed

SEGMENT_S: Final = 10.0
"""Length of a segment: shorter ones would carry the noise of positions into speed and grade, longer ones would
blur intervals (choice)."""

PAUSE_BELOW_M_S: Final = 0.5
"""Mean speed of a segment under which it is taken as a pause: slower than people walk, about as fast as a position
drifts at rest (choice)."""

GAIT_SEGMENTS: Final = 5
"""Segments in a row whose median speed says the gait of the middle one, as far as they are moved the same way without a
pause: whoever slows for less than half a minute goes on running (choice)."""

UNUSABLE_WARNED: Final = 0.05
"""Share of unusable points from which a warning says so (choice)."""

LEFT_OUT_SHARE: Final = 0.5
"""Share of the moving time beyond which, left out, a recording is refused: it is not one on foot (choice)."""

TrackSection: TypeAlias = Literal["segments", "profile"]
"""The parts of the answer that `include` adds."""


class Range(TypedDict):
    """A range of time that was done backward, in seconds from the first point with time and place."""

    from_s: float
    to_s: NotRequired[float]


class TrackReport(TypedDict):
    """What became of the recording."""

    points: int
    unusable_points: int
    removed_spikes: int
    jumps: int
    gaps: int
    gap_s: float
    pauses: int
    paused_s: float
    moving_duration_s: float
    left_out_s: float
    recorded_s: float
    distance_source: Literal["device", "positions"]
    positions_distance_m: NotRequired[float]
    device_distance_m: NotRequired[float]
    ascent_m: NotRequired[float]
    descent_m: NotRequired[float]
    smoothing: str


class Profile(TypedDict):
    """The segments that count, as columns in their order."""

    segment_start_s: list[float]
    segment_duration_s: list[float]
    segment_speed_m_s: list[float]
    segment_grade: list[float]
    segment_direction: list[Direction]


class TrackedWorkout(Workout):
    """A recording as a workout, as given and reversed."""

    track: TrackReport
    profile: NotRequired[Profile]


class Cut(NamedTuple):
    """A recording cut into segments, pauses and what is left out among them."""

    clock_s: Column
    """When each begins, by the recording's clock."""
    duration_s: Column
    distance_m: Column
    speed_m_s: Column
    grade: Column
    backward: Mask


def track(
    points: Points,
    *,
    body_mass_kg: float,
    backward: Sequence[Range] = (),
    gait: Gait | None = None,
    energy_models: EnergyModels | None = None,
    direction_model: DirectionModelName | None = None,
    age_y: float | None = None,
    sex: energy.Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    include: Collection[TrackSection] = (),
) -> TrackedWorkout:
    """Estimate what a recorded workout costs, what it asks of the joints, and the same with every segment reversed.

    Parameters
    ----------
    points : Points
        What the file holds.
    backward : sequence of Range, optional
        What was done backward; all forward when left out.
    gait : {"run", "walk"}, optional
        Gait of every segment; by the speed around it when left out.
    include : collection of str, optional
        "segments" adds the answer of every segment, "profile" their speeds and grades.
    body_mass_kg, energy_models, direction_model, age_y, sex, height_m, step_rate_ratio, interval : optional
        As in `models.segments.workout`; body mass has no default.

    Returns
    -------
    TrackedWorkout
        The answer of a workout, with a report on the recording.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.quantities`, a range outside the recording, or a file too long.
    Conflict
        A range that ends before it begins, part of age, sex and height, or an equation of the other gait.
    Undefined
        A file without a track, without movement, mostly of points that say nothing, or mostly not on foot.

    Notes
    -----
    Cleaning and smoothing are those of `models.recording`. The recording is cut at the ends of the ranges and between
    them into equal segments of about 10 s. One slower than 0.5 m/s is a pause, and so are gaps; one faster than the
    gait allows, or steeper than the grades answered or the equation is defined for, is left out and reported. Gait
    follows from the median speed of about 50 s: running from 2 m/s forward, and from 1.63 m/s backward, where people
    change to it (Hreljac 2005).

    Examples
    --------
    >>> time_s = np.arange(0.0, 1201.0)
    >>> level = np.zeros_like(time_s)
    >>> points = Points(time_s, level, 2.5 * np.degrees(time_s / 6_371_008.8), level, level * np.nan)
    >>> answer = track(points=points, body_mass_kg=70.0, backward=[{"from_s": 600.0}])
    >>> round(answer["totals"]["total_energy_kcal"]["value"], 1), answer["track"]["pauses"]
    (242.8, 0)
    """
    found: Assumed = {}
    person = person_of(
        found,
        body_mass_kg=body_mass_kg,
        direction_model=direction_model,
        age_y=age_y,
        sex=sex,
        height_m=height_m,
        step_rate_ratio=step_rate_ratio,
        interval=interval,
    )
    assumed: WorkoutAssumed = cast(WorkoutAssumed, found)
    recorded = recording(points)
    ranges = ranges_of(backward, recorded)
    cut = cut_up(recorded, [(begin, end) for begin, end in ranges if end > begin])
    if not backward:
        assumed["direction"] = "forward"
    if gait is None:
        assumed["running_from_m_s"] = RUNNING_FROM_M_S
        if backward:
            assumed["backward_running_from_m_s"] = BACKWARD_TRANSITION_M_S
    if recorded.slope is None:
        assumed["grade"] = 0.0
    moving = cut.speed_m_s >= PAUSE_BELOW_M_S
    walk = walked(cut, moving) if gait is None else np.full(len(moving), gait == "walk")
    once = np.ones_like(cut.duration_s)
    segments = Segments(cut.backward, walk, cut.speed_m_s, cut.duration_s, cut.distance_m, cut.grade, once)
    asked = cast(Mapping[Gait, energy.EnergyModelName], energy_models or {})
    used = equations(asked, taken(segments, moving), assumed)
    counts = moving & ~beyond(segments, used)
    moving_s = float(cut.duration_s[counts].sum())
    left_out_s = float(cut.duration_s[moving & ~counts].sum()) + recorded.jump_s
    refuse_unless_on_foot(moving_s, left_out_s)
    paused_s = float(cut.duration_s[~moving].sum())
    answer = workout_of(
        taken(segments, counts),
        paused_s + recorded.gap_s,
        person=person,
        energy_models=used,
        each="segments" in include,
        place=lambda _: "file",
    )
    codes = [
        cautions.TRACK_ERRORS,
        *[cautions.TRACK_LEFT_OUT] * (left_out_s > 0),
        *[cautions.TRACK_RANGE] * holds_nothing(ranges, cut, counts),
        *[cautions.TRACK_UNUSABLE] * (recorded.unusable_points >= UNUSABLE_WARNED * recorded.points),
        *[cautions.TRACK_GAIT] * (gait is None and len(set(walk[counts].tolist())) > 1),
    ]
    answer["warnings"] += [cautions.WARNINGS[code] for code in codes]
    report: TrackReport = {
        "points": recorded.points,
        "unusable_points": recorded.unusable_points,
        "removed_spikes": recorded.removed_spikes,
        "jumps": recorded.jumps,
        "gaps": recorded.gaps,
        "gap_s": recorded.gap_s,
        "pauses": int(np.count_nonzero(np.diff(np.concatenate(([True], moving)).astype(np.int8)) < 0)),
        "paused_s": paused_s,
        "moving_duration_s": moving_s,
        "left_out_s": left_out_s,
        "recorded_s": recorded.duration_s,
        "distance_source": "positions" if recorded.device_distance_m is None else "device",
        "smoothing": SMOOTHING,
    }
    if recorded.positions_distance_m is not None:
        report["positions_distance_m"] = recorded.positions_distance_m
    if recorded.device_distance_m is not None:
        report["device_distance_m"] = recorded.device_distance_m
    if recorded.slope is not None:
        climb = (cut.grade * cut.distance_m)[counts]
        report["ascent_m"], report["descent_m"] = (
            float(np.maximum(climb, 0.0).sum()),
            float(np.maximum(-climb, 0.0).sum()),
        )
    extra = {"profile": profile(recorded, cut, counts)} if "profile" in include else {}
    return cast(TrackedWorkout, {**answer, "assumed": assumed, "track": report, **extra})


def ranges_of(backward: Sequence[Range], recorded: Recording) -> list[tuple[float, float]]:
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


def holds_nothing(ranges: Sequence[tuple[float, float]], cut: Cut, counts: Mask) -> bool:
    """Say whether a range by the recording's clock holds no segment that counts."""
    first, after = np.searchsorted(cut.clock_s[counts], np.array(ranges).reshape(-1, 2)).T
    return bool((first == after).any())


def cut_up(recorded: Recording, ranges: Sequence[tuple[float, float]]) -> Cut:
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


def walked(cut: Cut, moving: Mask) -> Mask:
    """Say which segments are walked, by the median speed of those around each, see `GAIT_SEGMENTS`."""
    if not len(moving):
        return moving
    half = GAIT_SEGMENTS // 2
    stretch = summed((np.diff(cut.backward, prepend=False) | np.diff(moving, prepend=False)).astype(np.float64))[1:]
    speeds = sliding_window_view(np.pad(cut.speed_m_s, half), GAIT_SEGMENTS)
    alike = sliding_window_view(np.pad(stretch, half, constant_values=math.nan), GAIT_SEGMENTS)
    speed_m_s = np.nanmedian(np.where(alike == stretch[:, np.newaxis], speeds, math.nan), axis=1)
    slow: Mask = speed_m_s < np.where(cut.backward, BACKWARD_TRANSITION_M_S, RUNNING_FROM_M_S)
    return slow


def taken(segments: Segments, rows: Mask) -> Segments:
    """Return some rows of segments."""
    columns: list[Any] = [column[rows] for column in segments]
    return Segments(*columns)


def beyond(segments: Segments, used: Mapping[Gait, str]) -> Mask:
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


def refuse_unless_on_foot(moving_s: float, left_out_s: float) -> None:
    """Raise where nothing moves, or most of what moves is left out."""
    if moving_s + left_out_s == 0:
        raise Undefined("file", "Nothing moves in this file: give one of a walk or a run.", "nothing_moves")
    if left_out_s > LEFT_OUT_SHARE * (moving_s + left_out_s):
        raise Undefined(
            "file",
            "Most of this file is faster than its gait, steeper than is answered, or jumps: give a walk or a run, or "
            "leave gait and energy_models out.",
            "not_on_foot",
        )


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
