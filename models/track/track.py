"""Estimate a recording of a watch as a workout, with a report on pauses and removed data."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NotRequired, TypeAlias, TypedDict, cast

import numpy as np

from retrorun.models.estimate.inputs import person_of
from retrorun.models.evidence import cautions
from retrorun.models.physiology.timing import BACKWARD_TRANSITION_M_S
from retrorun.models.track.cutting import (
    PAUSE_BELOW_M_S,
    Profile,
    Range,
    any_range_is_empty,
    backward_ranges,
    cut_recording,
    outside_limits,
    profile,
    segments_at,
    walked_segments,
)
from retrorun.models.track.measured import MeasuredReport, measured_over, measured_workout
from retrorun.models.track.points import Points
from retrorun.models.track.recording import SMOOTHING, recording
from retrorun.models.vocabulary.answer import Assumed
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Gait, Sex
from retrorun.models.vocabulary.errors import Undefined
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S
from retrorun.models.workout.answer import EnergyModels, Workout, WorkoutAssumed
from retrorun.models.workout.sums import Segments
from retrorun.models.workout.workout import equations

UNUSABLE_WARNED: Final = 0.05
"""Share of unusable points from which there is a warning (choice)."""

LEFT_OUT_SHARE: Final = 0.5
"""Share of the moving time left out above which a recording is refused, as not on foot (choice)."""

TrackSection: TypeAlias = Literal["segments", "profile"]
"""The sections that `include` adds to the answer."""


class TrackReport(TypedDict):
    """A report on the cleaned recording."""

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


class TrackedWorkout(Workout):
    """A recording as a workout, as given and reversed."""

    track: TrackReport
    measured: NotRequired[MeasuredReport]
    profile: NotRequired[Profile]


def track(
    points: Points,
    *,
    body_mass_kg: float,
    backward: Sequence[Range] = (),
    gait: Gait | None = None,
    energy_models: EnergyModels | None = None,
    direction_model: DirectionModelName | None = None,
    age_y: float | None = None,
    sex: Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    include: Collection[TrackSection] = (),
) -> TrackedWorkout:
    """Estimate energy and joint load of a recorded workout, as done and with every segment reversed.

    Parameters
    ----------
    points : Points
        The points of the file.
    backward : sequence of Range, optional
        Times that were done backward; all forward when left out.
    gait : {"run", "walk"}, optional
        Gait of every segment; from the speed around it when left out.
    include : collection of str, optional
        "segments" adds the answer of every segment, "profile" its speed and grade.
    body_mass_kg, energy_models, direction_model, age_y, sex, height_m, step_rate_ratio, interval : optional
        As in `models.workout.workout.workout`; body mass has no default.

    Returns
    -------
    TrackedWorkout
        The answer of a workout, with a report on the recording.

    Raises
    ------
    OutOfRange
        A number outside its bounds, a range outside the recording, or a file too long.
    Conflict
        A range whose end is not after its start, part of age, sex and height, or an equation of the other gait.
    Undefined
        A file without a track, without movement, with mostly unusable points, or mostly not on foot.

    Notes
    -----
    `recording.py` cleans and smooths. The recording is cut at the ends of the ranges, and between them into equal
    segments of about 10 s. A segment slower than 0.5 m/s is a pause, and so is a gap. A segment too fast for its
    gait, or too steep for the service or the equation, is left out and reported. The gait follows from the median speed
    over about 50 s: running from 2 m/s forward, and from 1.63 m/s backward, where people change to it (Hreljac 2005).

    Examples
    --------
    >>> from retrorun.models.track.points import points_from
    >>> time_s = np.arange(0.0, 1201.0)
    >>> level = np.zeros_like(time_s)
    >>> north = 2.5 * np.degrees(time_s / 6_371_008.8)
    >>> points = points_from(time_s=time_s, latitude_deg=north, longitude_deg=level, altitude_m=level)
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
    ranges = backward_ranges(backward, recorded)
    cut = cut_recording(recorded, [(begin, end) for begin, end in ranges if end > begin])
    if not backward:
        assumed["direction"] = "forward"
    if gait is None:
        assumed["running_from_m_s"] = RUNNING_FROM_M_S
        if backward:
            assumed["backward_running_from_m_s"] = BACKWARD_TRANSITION_M_S
    if recorded.slope is None:
        assumed["grade"] = 0.0
    moving = cut.speed_m_s >= PAUSE_BELOW_M_S
    walk = walked_segments(cut, moving) if gait is None else np.full(len(moving), gait == "walk")
    once = np.ones_like(cut.duration_s)
    segments = Segments(cut.backward, walk, cut.speed_m_s, cut.duration_s, cut.distance_m, cut.grade, once)
    asked = cast(Mapping[Gait, EnergyModelName], energy_models or {})
    used = equations(asked, segments_at(segments, moving), assumed)
    counts = moving & ~outside_limits(segments, used)
    moving_s = float(cut.duration_s[counts].sum())
    left_out_s = float(cut.duration_s[moving & ~counts].sum()) + recorded.jump_s
    refuse_unless_on_foot(moving_s, left_out_s)
    paused_s = float(cut.duration_s[~moving].sum())
    answer, measured = measured_workout(
        segments_at(segments, counts),
        measured_over([(recorded, cut)], counts),
        paused_s + recorded.gap_s,
        person=person,
        energy_models=used,
        each="segments" in include,
    )
    codes = [
        cautions.TRACK_ERRORS,
        *[cautions.TRACK_LEFT_OUT] * (left_out_s > 0),
        *[cautions.TRACK_RANGE] * any_range_is_empty(ranges, cut, counts),
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
    extra: dict[str, Any] = {"profile": profile(recorded, cut, counts)} if "profile" in include else {}
    if measured is not None:
        extra["measured"] = measured
    return cast(TrackedWorkout, {**answer, "assumed": assumed, "track": report, **extra})


def refuse_unless_on_foot(moving_s: float, left_out_s: float) -> None:
    """Raise if nothing moves, or if most of the moving time is left out."""
    if moving_s + left_out_s == 0:
        raise Undefined("file", "Nothing moves in this recording. Send a walk or a run.", "nothing_moves")
    if left_out_s > LEFT_OUT_SHARE * (moving_s + left_out_s):
        raise Undefined(
            "file",
            "Most of this recording is too fast for its gait, too steep, or jumps. Send a walk or a run, or remove "
            "gait and energy_models.",
            "not_on_foot",
        )
