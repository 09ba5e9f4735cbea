"""Average what a watch measured over the segments of a recording, and estimate the workout with it."""

import math
from collections.abc import Iterable, Mapping
from typing import Any, Final, NotRequired, TypedDict, cast

import numpy as np

from retrorun.models.estimate.builder import around
from retrorun.models.estimate.inputs import Person
from retrorun.models.evidence import cautions
from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.numerics.arithmetic import Column, Mask
from retrorun.models.physiology import timing
from retrorun.models.physiology.grades import QUANTITY_GRADES
from retrorun.models.physiology.uncertainty import root_sum_square
from retrorun.models.track.cutting import Cut
from retrorun.models.track.recording import Recording
from retrorun.models.vocabulary.answer import Graded
from retrorun.models.vocabulary.choices import DIRECTIONS, IMPULSE, Gait
from retrorun.models.workout.answer import WorkoutSums
from retrorun.models.workout.measured_steps import Measured
from retrorun.models.workout.sums import Segments, workout_of

CADENCE_RANGE_PER_MIN: Final = (30.0, 300.0)
"""Cadences that count. Fewer steps make no segment that moves; the fastest sprinters take fewer than 300 (choice)."""

CONTACT_TIME_RANGE_S: Final = (0.07, 1.5)
"""Contact times that count: shorter than in a sprint, longer than in slow walking (choice)."""

STEP_LENGTH_RANGE_M: Final = (0.1, 3.0)
"""Step lengths that count: longer than in a sprint (choice)."""

HEART_RATE_RANGE_PER_MIN: Final = (25.0, 250.0)
"""Heart rates that count (choice)."""

LEAST_MEASURED: Final = 0.5
"""Share of a segment with values that count, from which their mean counts as measured (choice)."""

CADENCE_OF_ESTIMATE_RANGE: Final = (0.62, 1.6)
"""Measured over estimated cadence; one outside is not used. A device that counts one foot gives 0.5, one that doubles
twice 2, and people differ from the estimate by 7 %; this leaves three times that to either side (choice)."""

CONTACT_OF_ESTIMATE_RANGE: Final = (0.5, 2.0)
"""Measured over estimated contact time; one outside is not used: no runner is so far from the estimate (choice)."""


class MeasuredWay(TypedDict):
    """What the watch measured in one direction: means over the moving time, and the share of it that was measured."""

    cadence_steps_per_min: NotRequired[Graded]
    step_length_m: NotRequired[float]
    contact_time_s: NotRequired[Graded]
    heart_rate_per_min: NotRequired[float]
    cadence_covered: float
    contact_time_covered: float
    heart_rate_covered: float
    steps_narrower: NotRequired[float]
    contact_time_narrower: NotRequired[float]
    impulse_narrower: NotRequired[float]


class MeasuredReport(TypedDict):
    """What the watch measured, its assumed errors, and how much narrower the ranges of the totals became."""

    cadence_cv: float
    contact_time_cv: float
    forward: NotRequired[MeasuredWay]
    backward: NotRequired[MeasuredWay]
    steps_narrower: NotRequired[float]
    contact_time_narrower: NotRequired[float]
    impulse_narrower: NotRequired[float]


def measured_over(parts: Iterable[tuple[Recording, Cut]], rows: Mask) -> Measured:
    """Return what was measured in some segments of one or more recordings, joined in their order."""
    joined = zip(*(measured_on(recorded, cut) for recorded, cut in parts), strict=True)
    return Measured(*(np.concatenate(columns)[rows] for columns in joined))


def measured_on(recorded: Recording, cut: Cut) -> Measured:
    """Return the mean of each measured quantity in each segment.

    Parameters
    ----------
    recorded : Recording
        The cleaned recording.
    cut : Cut
        Its segments.

    Returns
    -------
    Measured
        Time-weighted means, NaN where less than half of a segment was measured. Zeros and values outside the ranges
        above do not count. Cadence is speed / step length where only step length was measured.
    """
    points = recorded.kept

    def means(column: Column, bounds: tuple[float, float]) -> Column:
        return segment_means(column, bounds, recorded.point_clock_s, cut)

    cadence = means(points.cadence_per_min, CADENCE_RANGE_PER_MIN)
    of_length = 60 * cut.speed_m_s / means(points.step_length_m, STEP_LENGTH_RANGE_M)
    low, high = CADENCE_RANGE_PER_MIN
    of_length = np.where((of_length >= low) & (of_length <= high), of_length, math.nan)
    return Measured(
        cadence_per_min=np.where(np.isnan(cadence), of_length, cadence),
        contact_time_s=means(points.contact_time_s, CONTACT_TIME_RANGE_S),
        heart_rate_per_min=means(points.heart_rate_per_min, HEART_RATE_RANGE_PER_MIN),
    )


def segment_means(column: Column, bounds: tuple[float, float], clock_s: Column, cut: Cut) -> Column:
    """Return the mean of a column over each segment, weighted by the time nearest to each point.

    A segment without points takes the value on the line between the points around it.

    Examples
    --------
    >>> two = Cut(*np.array([[0.0, 2.0], [2.0, 2.0], [5.0, 5.0], [2.5, 2.5], [0.0, 0.0], [0.0, 0.0]]))
    >>> cadence = np.array([160.0, 0.0, 170.0, 180.0, 999.0])
    >>> segment_means(cadence, CADENCE_RANGE_PER_MIN, np.arange(5.0), two)
    array([ nan, 175.])
    """
    counts = (column >= bounds[0]) & (column <= bounds[1])
    if not counts.any():
        return np.full(len(cut.clock_s), math.nan)
    values = np.where(counts, column, 0.0)
    middles = (clock_s[1:] + clock_s[:-1]) / 2
    weights = np.diff(np.concatenate((clock_s[:1], middles, clock_s[-1:])))
    segment = np.maximum(np.searchsorted(cut.clock_s, clock_s, side="right") - 1, 0)
    size = len(cut.clock_s)
    time_s, known_s, total = (
        np.bincount(segment, part, minlength=size) for part in (weights, weights * counts, weights * counts * values)
    )
    known = (time_s > 0) & (known_s >= LEAST_MEASURED * time_s) & (known_s > 0)
    means = np.divide(total, known_s, out=np.full(size, math.nan), where=known)
    empty = cut.clock_s + cut.duration_s / 2
    after = np.clip(np.searchsorted(clock_s, empty), 1, len(clock_s) - 1)
    between = (time_s == 0) & counts[after] & counts[after - 1]
    return np.where(between, np.interp(empty, clock_s, values), means)


def measured_workout(
    segments: Segments,
    measured: Measured,
    pause_s: float,
    *,
    person: Person,
    energy_models: Mapping[Gait, str],
    each: bool = False,
) -> tuple[WorkoutSums, MeasuredReport | None]:
    """Estimate a recorded workout with what the watch measured, and report it.

    Parameters
    ----------
    segments : Segments
        The segments that count.
    measured : Measured
        What the watch measured in them.
    pause_s, person, energy_models, each
        As in `models.workout.sums.workout_of`.

    Returns
    -------
    tuple
        The sums, and the report; None if nothing was measured.
    """

    def sums(each: bool, used: Measured | None = None) -> WorkoutSums:
        return workout_of(
            segments,
            pause_s,
            person=person,
            energy_models=energy_models,
            each=each,
            place=lambda _: "file",
            measured=used,
        )

    ours = expected(segments, person)
    found = Measured(
        likely(measured.cadence_per_min, ours.cadence_per_min, CADENCE_OF_ESTIMATE_RANGE),
        likely(measured.contact_time_s, ours.contact_time_s, CONTACT_OF_ESTIMATE_RANGE),
        measured.heart_rate_per_min,
    )
    of_steps = bool((np.isfinite(found.cadence_per_min) | np.isfinite(found.contact_time_s)).any())
    unlikely = any(bool((np.isnan(new) & ~np.isnan(old)).any()) for new, old in zip(found, measured, strict=True))
    heart = bool(np.isfinite(found.heart_rate_per_min).any())
    plain = sums(each and not of_steps)
    answer = keep_no_wider(sums(each, found), plain) if of_steps else plain
    codes = [
        *[cautions.MEASURED] * of_steps,
        *[cautions.MEASURED_UNLIKELY] * unlikely,
        *[cautions.HEART_RATE_CALORIES] * heart,
    ]
    answer["warnings"] += cautions.warnings_of(codes)
    sources = [*(timing.WATCH_REFERENCES if of_steps else ()), *(heart_rate_sources() if heart else ())]
    answer["references"] = list(dict.fromkeys([*answer["references"], *sources]))
    return answer, report(segments, found, ours, answer, plain, person.score) if of_steps or heart else None


def expected(segments: Segments, person: Person) -> Measured:
    """Return our cadence and contact time in the direction done, as an estimate shows them; NaN where it shows none."""
    backward, walk, speed, rate = segments.backward, segments.walk, segments.speed_m_s, person.step_rate_ratio
    running = np.where(backward, timing.CADENCE_RATIO, 1.0) * timing.running_cadence(
        speed_m_s=speed, step_rate_ratio=rate
    )
    # Backward walking has no estimate. That of forward walking shows whether a measurement is possible.
    walking = timing.walking_cadence(speed_m_s=speed, step_rate_ratio=rate)
    contact = np.where(backward, timing.CONTACT_TIME_RATIO, 1.0) * timing.running_contact_time(speed_m_s=speed)
    unknown = walk | (backward & (speed > timing.BACKWARD_CONTACT_TO_M_S))
    return Measured(
        cadence_per_min=np.where(walk, walking, running),
        contact_time_s=np.where(unknown, math.nan, contact),
        heart_rate_per_min=np.full(len(speed), math.nan),
    )


def likely(measured: Column, ours: Column, of_estimate: tuple[float, float]) -> Column:
    """Return measurements without those that are too far from our estimate, where we have one."""
    low, high = of_estimate
    ratio = measured / ours
    return np.where((ratio < low) | (ratio > high), math.nan, measured)


def keep_no_wider(answer: WorkoutSums, plain: WorkoutSums) -> WorkoutSums:
    """Return an answer in which a measurement widens no range of steps, impulse, and their ratios.

    Parts that were measured and parts that were not no longer share all errors, which could widen a ratio a little.
    """
    found, before = cast(dict[str, Any], answer), cast(dict[str, Any], plain)
    parts = [
        (found[name], before[name]) for name in ("totals", "forward", "backward", "reversed", "ratio") if name in found
    ]
    parts += [(new.get("load", {}), old.get("load", {})) for new, old in parts]
    for new, old in parts:
        for name in ("steps", "cadence", IMPULSE, "patellofemoral_impulse_per_km"):
            if name in new and name in old and width(new[name]) > width(old[name]):
                value, factor = new[name]["value"], old[name]["high"] / old[name]["value"]
                new[name] |= {"low": value / factor, "high": value * factor}
    return answer


def width(interval: Mapping[str, float]) -> float:
    """Return the width of an interval, ln(high / low)."""
    return math.log(interval["high"] / interval["low"])


def heart_rate_sources() -> list[str]:
    """Return the sources of the caution about calories from heart rate."""
    (claim,) = (claim for claim in CLAIMS if claim["id"] == "watch_calories")
    return claim["sources"]


def report(
    segments: Segments, found: Measured, ours: Measured, answer: WorkoutSums, plain: WorkoutSums, score: float
) -> MeasuredReport:
    """Return what was measured in each direction, and how much narrower the ranges became."""
    every = np.full(len(segments.walk), True)
    whole: dict[str, Any] = {
        "cadence_cv": timing.WATCH_CADENCE_CV,
        "contact_time_cv": timing.WATCH_CONTACT_TIME_CV,
        **narrower(segments, found, ours, answer["totals"], plain["totals"], every),
    }
    for name in DIRECTIONS:
        rows = segments.backward == (name == "backward")
        if rows.any():
            of_way = narrower(segments, found, ours, answer[name], plain[name], rows)
            whole[name] = means_over(segments, found, rows, score) | of_way
    return cast(MeasuredReport, whole)


def means_over(segments: Segments, found: Measured, rows: Mask, score: float) -> dict[str, Any]:
    """Return the means over some segments, weighted by time, and the share of time in which each was measured."""
    time_s = segments.duration_s * segments.times
    way: dict[str, Any] = {}
    for name, column in (
        ("cadence", found.cadence_per_min),
        ("contact_time", found.contact_time_s),
        ("heart_rate", found.heart_rate_per_min),
    ):
        known = rows & ~np.isnan(column)
        way[f"{name}_covered"] = float(time_s[known].sum() / time_s[rows].sum())
        if not known.any():
            continue
        mean = float(column[known] @ time_s[known] / time_s[known].sum())
        if name == "cadence":
            grade = QUANTITY_GRADES["watch_cadence"].grade
            way["cadence_steps_per_min"] = around(mean, timing.WATCH_CADENCE_CV, score) | {"evidence": grade}
            steps = column[known] @ time_s[known] / 60
            way["step_length_m"] = float((segments.speed_m_s * time_s)[known].sum() / steps)
        elif name == "contact_time":
            grade = QUANTITY_GRADES["watch_contact_time"].grade
            way["contact_time_s"] = around(mean, timing.WATCH_CONTACT_TIME_CV, score) | {"evidence": grade}
        else:
            way["heart_rate_per_min"] = mean
    return way


def narrower(
    segments: Segments, found: Measured, ours: Measured, after: Mapping[str, Any], before: Mapping[str, Any], rows: Mask
) -> dict[str, float]:
    """Return ln(high / low) with the measurement over that without it: of steps, mean contact time and impulse."""
    ways: dict[str, float] = {}
    loads = after.get("load", {}), before.get("load", {})
    for name, new, old in (
        ("steps", after.get("steps"), before.get("steps")),
        ("impulse", loads[0].get(IMPULSE), loads[1].get(IMPULSE)),
    ):
        if new and old:
            ways[f"{name}_narrower"] = width(new) / width(old)
    known = rows & ~np.isnan(ours.contact_time_s)
    if known.any():
        time_s = (segments.duration_s * segments.times)[known]
        contact, measured = ours.contact_time_s[known], found.contact_time_s[known]
        of_backward = root_sum_square(timing.CONTACT_TIME_PERSON_CV, timing.TIMING_RATIO_CV)
        spread = np.where(segments.backward[known], of_backward, timing.CONTACT_TIME_PERSON_CV)
        taken = np.where(np.isnan(measured), contact, measured)
        error = np.where(np.isnan(measured), spread, timing.WATCH_CONTACT_TIME_CV)
        with_watch = (taken * error) @ time_s / (taken @ time_s)
        ways["contact_time_narrower"] = float(with_watch / ((contact * spread) @ time_s / (contact @ time_s)))
    return ways
