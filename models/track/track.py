"""Estimate a recording of a watch as a workout, with a report on pauses and removed data."""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict, cast, get_args

import numpy as np

from retrorun.models.estimate.inputs import Person, person_of
from retrorun.models.estimate.personal import Measurement
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Mask
from retrorun.models.physiology.timing import BACKWARD_TRANSITION_M_S
from retrorun.models.summary.summary import summary
from retrorun.models.track.cutting import (
    Cut,
    GradeRange,
    Profile,
    Range,
    Slope,
    covers_all,
    cut_recording,
    given_ranges,
    given_slopes,
    joined,
    level_speeds,
    moving_segments,
    outside_limits,
    profile,
    ranges_on_clock,
    ranges_with_segments,
    segment_starts,
    segments_at,
    walked_segments,
)
from retrorun.models.track.distance import DistanceSource
from retrorun.models.track.measured import MeasuredReport, measured_over, measured_workout
from retrorun.models.track.points import Points, Session
from retrorun.models.track.recording import NOTHING_MOVES, SMOOTHING, Recording
from retrorun.models.track.sessions import File, SessionReport, read_sessions, recordings, session_report
from retrorun.models.vocabulary.answer import Assumed, OwnFactors
from retrorun.models.vocabulary.choices import AnswerPart, DirectionModelName, EnergyModelName, Gait, Sex
from retrorun.models.vocabulary.errors import Conflict, Undefined
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S
from retrorun.models.workout.answer import EnergyModels, Totals, Workout, WorkoutAssumed
from retrorun.models.workout.sums import Segments, workout_of
from retrorun.models.workout.workout import equations

UNUSABLE_WARNED: Final = 0.05
"""Share of unusable points, and of removed altitudes, from which there is a warning (choice)."""

SPARSE_WARNED: Final = 0.1
"""Share of time between sparse points from which there is a warning (choice)."""

RIDE_FROM_M_S: Final = 4.5
"""Mean speed from which a session without a sport may be a ride: 16.2 km/h, which few people run for long (choice)."""

RIDE_FROM_S: Final = 600.0
"""Least time at that speed (choice)."""

LEFT_OUT_SHARE: Final = 0.5
"""Share of the moving time left out above which a recording is refused, as not on foot (choice)."""

SOURCES: Final = get_args(DistanceSource)

TrackSection: TypeAlias = Literal["segments", "profile"]
"""The sections that a caller can add to the answer."""

TrackPart: TypeAlias = Literal[TrackSection, AnswerPart]
"""The parts that `include` of a request can list."""


class Distances(TypedDict):
    """The distances of the recordings together, each if all have it."""

    distance_source: DistanceSource
    positions_distance_m: NotRequired[float]
    device_distance_m: NotRequired[float]


class TrackReport(Distances):
    """A report on the cleaned recordings."""

    points: int
    unusable_points: int
    removed_spikes: int
    redated_points: int
    removed_altitudes: int
    jumps: int
    gaps: int
    gap_s: float
    sparse_intervals: int
    sparse_s: float
    pauses: int
    paused_s: float
    moving_duration_s: float
    left_out_s: float
    recorded_s: float
    ascent_m: NotRequired[float]
    descent_m: NotRequired[float]
    smoothing: str


class TrackedWorkout(Workout):
    """A recording as a workout, as given and reversed."""

    track: NotRequired[TrackReport]
    sessions: NotRequired[list[SessionReport]]
    measured: NotRequired[MeasuredReport]
    profile: NotRequired[Profile]


class Bout(NamedTuple):
    """The recording of a session on foot, cut into segments."""

    start_s: float
    """Its first point, in seconds from the first usable point of the file."""
    recorded: Recording
    cut: Cut
    ranges: list[tuple[float, float]]
    """The ranges of the request, backward and on a slope, on its clock [s]; those elsewhere in the file are empty."""
    slopes: list[Slope]
    """The slopes of the request, on its clock."""
    rows: slice
    """Its segments among those of all sessions."""


def track(
    points: Points,
    sessions: Sequence[Session] = (Session(),),
    *,
    body_mass_kg: float,
    backward: Sequence[Range] = (),
    gait: Gait | None = None,
    sport: Literal["as_foot"] | None = None,
    grade: float | Sequence[GradeRange] | None = None,
    grades: Sequence[GradeRange] | None = None,
    energy_models: EnergyModels | None = None,
    direction_model: DirectionModelName | None = None,
    age_y: float | None = None,
    sex: Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    measurements: Sequence[Measurement] = (),
    personal: OwnFactors | None = None,
    include: Collection[TrackSection] = (),
) -> TrackedWorkout:
    """Estimate energy and joint load of a recorded workout, as done and with every segment reversed.

    Parameters
    ----------
    points : Points
        The points of the file.
    sessions : sequence of Session, optional
        The sessions of the file; one without a sport when left out.
    backward : sequence of Range, optional
        Times that were done backward; all forward when left out.
    gait : {"run", "walk"}, optional
        Gait of every segment; from the speed around it when left out.
    sport : {"as_foot"}, optional
        Count every session as on foot; only those whose sport is on foot when left out.
    grade : float or sequence of GradeRange, optional
        Grade of a recording without altitudes, for all of it or for ranges of time; level when left out, and outside
        the ranges [1].
    grades : sequence of GradeRange, optional
        The same ranges under a name of their own, because the types of generated clients hold a number or a list.
    include : collection of str, optional
        "segments" adds the answer of every segment, "profile" its speed, grade and level speed.
    body_mass_kg, energy_models, direction_model, age_y, sex, height_m, step_rate_ratio, interval : optional
        As in `models.workout.workout.workout`; body mass has no default.

    measurements, personal : optional
        As in `models.workout.workout.workout`.

    Returns
    -------
    TrackedWorkout
        The answer of a workout, with a report on the recording.

    Raises
    ------
    OutOfRange
        A number outside its bounds, a range outside the recording, or a file too long.
    Conflict
        A range whose end is not after its start, overlapping grades, a grade for a recording with altitudes, part of
        age, sex and height, or an equation of the other gait.
    Undefined
        A file without a track, without movement, with mostly unusable points, of another sport, or mostly not on foot.

    Notes
    -----
    `sessions.py` finds the sessions. `recording.py` cleans and smooths each that is on foot. They are cut at the ends
    of the ranges, and between them into equal segments of about 10 s. A segment slower than 0.5 m/s that does not climb
    is a pause, and so is a gap. A segment too fast for its gait, or too steep for the service or the equation, is left
    out and reported. The gait follows from the median speed over about 50 s: running from 2 m/s forward, and from
    1.63 m/s backward, where people change to it (Hreljac 2005).

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
        measurements=measurements,
        personal=personal,
    )
    assumed: WorkoutAssumed = cast(WorkoutAssumed, found)
    file = read_sessions(points, sessions, as_foot=sport is not None)
    ranges = given_ranges(backward, file.duration_s, "backward")
    slopes = given_slopes(grade, grades, file.duration_s)
    parts, recorded = recordings(file)
    if (grade is not None or grades is not None) and any(each.slope is not None for each in recorded):
        field = "grades" if grade is None else "grade"
        raise Conflict(field, f"This recording has altitudes, which give the slope. Remove {field}.")
    used_parts = [part for part in parts if part.used]
    bouts = bouts_of([part.begin_s - file.first_s for part in used_parts], recorded, ranges, slopes)
    cut = joined([bout.cut for bout in bouts])
    if not backward:
        assumed["direction"] = "forward"
    if gait is None:
        assumed["running_from_m_s"] = RUNNING_FROM_M_S
        if backward:
            assumed["backward_running_from_m_s"] = BACKWARD_TRANSITION_M_S
    if any(bout.recorded.slope is None and not covers_all(bout.slopes, bout.recorded) for bout in bouts):
        assumed["grade"] = 0.0
    moving = np.concatenate([moving_segments(bout.recorded, bout.cut) for bout in bouts])
    by_speed = np.concatenate([walked_segments(bout.cut, moving[bout.rows]) for bout in bouts])
    walk = by_speed if gait is None else np.full(len(moving), gait == "walk")
    once = np.ones_like(cut.duration_s)
    segments = Segments(cut.backward, walk, cut.speed_m_s, cut.duration_s, cut.distance_m, cut.grade, once)
    asked = cast(Mapping[Gait, EnergyModelName], energy_models or {})
    used = equations(asked, segments_at(segments, moving), assumed)
    counts = moving & ~outside_limits(segments, used)
    report = report_on(points, file, bouts, cut, moving, counts)
    refuse_unless_on_foot(report["moving_duration_s"], report["left_out_s"])
    counted = segments_at(segments, counts)
    answer, measured = measured_workout(
        counted,
        measured_over([(bout.recorded, bout.cut) for bout in bouts], counts),
        report["paused_s"] + report["gap_s"],
        person=person,
        energy_models=used,
        each="segments" in include,
    )
    unnamed = [bout for bout, part in zip(bouts, used_parts, strict=True) if part.sport is None]
    in_ranges = np.any([ranges_with_segments(bout.ranges, bout.cut, counts[bout.rows]) for bout in bouts], axis=0)
    codes = [
        cautions.TRACK_ERRORS,
        *[cautions.TRACK_LEVEL] * (not slopes and any(each.slope is None for each in recorded)),
        *[cautions.TRACK_LEFT_OUT] * (report["left_out_s"] > 0),
        *[cautions.TRACK_RANGE] * (not in_ranges.all()),
        *[cautions.TRACK_UNUSABLE] * (report["unusable_points"] >= UNUSABLE_WARNED * file.considered),
        *[cautions.TRACK_ALTITUDES] * (report["removed_altitudes"] >= UNUSABLE_WARNED * file.considered),
        *[cautions.TRACK_SPARSE] * (report["sparse_s"] >= SPARSE_WARNED * report["recorded_s"]),
        *[cautions.TRACK_DISTANCE] * any(each.contradicted for each in recorded),
        *[cautions.TRACK_TOTALS] * any(each.distance_source == "session" for each in recorded),
        *[cautions.TRACK_REDATED] * (report["redated_points"] > 0),
        *[cautions.TRACK_SESSIONS] * (len(parts) > 1),
        *[cautions.TRACK_SPORT] * (sport is None and any(rides_perhaps(each, counts) for each in unnamed)),
        *[cautions.TRACK_GAIT] * (gait is None and len(set(walk[counts].tolist())) > 1),
    ]
    answer["warnings"] = cautions.ranked([*answer["warnings"], *cautions.warnings_of(codes)])
    listed = [session_report(part, file.first_s) for part in parts]
    totals: list[Totals | None] = [answer["totals"]]
    if len(bouts) > 1:
        totals = [totals_of(bout, segments, moving, counts, person=person, energy_models=used) for bout in bouts]
    for session, sums in zip([each for each in listed if each["used"]], totals, strict=True):
        if sums is not None:
            session["distance_m"], session["total_energy_kcal"] = sums["distance_m"], sums["total_energy_kcal"]
    extra: dict[str, Any] = {} if measured is None else {"measured": measured}
    if "profile" in include:
        starts_s = np.concatenate([bout.start_s + segment_starts(bout.recorded, bout.cut) for bout in bouts])
        levels = level_speeds(counted, person=person, energy_models=used)
        extra["profile"] = profile(starts_s, cut, counts, levels)
    said = summary("track", answer)
    return cast(
        TrackedWorkout,
        {"summary": said, **answer, "assumed": assumed, "track": report, "sessions": listed, **extra},
    )


def bouts_of(
    starts_s: Sequence[float],
    recorded: Sequence[Recording],
    ranges: Sequence[tuple[float, float]],
    slopes: Sequence[Slope],
) -> list[Bout]:
    """Return the recordings of the sessions on foot, cut into segments."""
    bouts: list[Bout] = []
    first = 0
    for start_s, each in zip(starts_s, recorded, strict=True):
        own = ranges_on_clock([*ranges, *[(slope.begin_s, slope.end_s) for slope in slopes]], each, start_s)
        steep = [Slope(*ends, slope.grade) for ends, slope in zip(own[len(ranges) :], slopes, strict=True)]
        cut = cut_recording(each, [(begin, end) for begin, end in own[: len(ranges)] if end > begin], steep)
        bouts.append(Bout(start_s, each, cut, own, steep, slice(first, first + len(cut.clock_s))))
        first += len(cut.clock_s)
    return bouts


def report_on(points: Points, file: File, bouts: Sequence[Bout], cut: Cut, moving: Mask, counts: Mask) -> TrackReport:
    """Return the report on the recordings of a file."""
    recorded = [bout.recorded for bout in bouts]
    counted = {
        "points": len(points.time_s),
        "unusable_points": file.unusable + sum(each.unusable_points for each in recorded),
        "removed_spikes": sum(each.removed_spikes for each in recorded),
        "removed_altitudes": sum(each.removed_altitudes for each in recorded),
        "redated_points": file.redated,
        "jumps": sum(each.jumps for each in recorded),
        "gaps": sum(each.gaps for each in recorded),
        "gap_s": sum(each.gap_s for each in recorded),
        "sparse_intervals": sum(each.sparse_intervals for each in recorded),
        "sparse_s": sum(each.sparse_s for each in recorded),
        "pauses": sum(pauses(moving[bout.rows]) for bout in bouts),
        "paused_s": float(cut.duration_s[~moving].sum()),
        "moving_duration_s": float(cut.duration_s[counts].sum()),
        "left_out_s": float(cut.duration_s[moving & ~counts].sum()) + sum(each.jump_s for each in recorded),
        "recorded_s": sum(each.duration_s for each in recorded),
        "smoothing": SMOOTHING,
    }
    report = cast(TrackReport, {**counted, **distances_of(recorded)})
    if any(bout.recorded.slope is not None or bout.slopes for bout in bouts):
        rises_m = (cut.grade * cut.distance_m)[counts]
        report["ascent_m"] = float(np.maximum(rises_m, 0.0).sum())
        report["descent_m"] = float(np.maximum(-rises_m, 0.0).sum())
    return report


def distances_of(recorded: Sequence[Recording]) -> Distances:
    """Return the distances of recordings together."""
    positions_m = [each.positions_distance_m for each in recorded]
    device_m = [each.device_distance_m for each in recorded]
    # Of several sources, the least direct.
    found: Distances = {"distance_source": max((each.distance_source for each in recorded), key=SOURCES.index)}
    if None not in positions_m:
        found["positions_distance_m"] = math.fsum(cast(list[float], positions_m))
    if None not in device_m:
        found["device_distance_m"] = math.fsum(cast(list[float], device_m))
    return found


def totals_of(
    bout: Bout, segments: Segments, moving: Mask, counts: Mask, *, person: Person, energy_models: Mapping[Gait, str]
) -> Totals | None:
    """Return the totals of one session, or None if no segment of it counts."""
    rows = np.zeros_like(counts)
    rows[bout.rows] = counts[bout.rows]
    if not rows.any():
        return None
    rest_s = float(segments.duration_s[bout.rows][~moving[bout.rows]].sum()) + bout.recorded.gap_s
    return workout_of(segments_at(segments, rows), rest_s, person=person, energy_models=energy_models)["totals"]


def rides_perhaps(bout: Bout, counts: Mask) -> bool:
    """Return whether the mean speed of a session is one that few people run and many ride."""
    rows = counts[bout.rows]
    moved_s = float(bout.cut.duration_s[rows].sum())
    return moved_s >= RIDE_FROM_S and float(bout.cut.distance_m[rows].sum()) >= RIDE_FROM_M_S * moved_s


def pauses(moving: Mask) -> int:
    """Return the number of pauses: runs of segments that do not move."""
    return int(np.count_nonzero(np.diff(np.concatenate(([True], moving)).astype(np.int8)) < 0))


def refuse_unless_on_foot(moving_s: float, left_out_s: float) -> None:
    """Raise if nothing moves, or if most of the moving time is left out."""
    if moving_s + left_out_s == 0:
        raise Undefined("file", NOTHING_MOVES, "nothing_moves")
    if left_out_s > LEFT_OUT_SHARE * (moving_s + left_out_s):
        raise Undefined(
            "file",
            "Most of this recording is too fast for its gait, too steep, or jumps. Send a walk or a run, or remove "
            "gait and energy_models.",
            "not_on_foot",
        )
