"""Check and complete a listed workout, and pass its segments as columns to `models.workout.sums`."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, NamedTuple, NotRequired, TypedDict, cast

import numpy as np

from retrorun.models.estimate.inputs import (
    complete_bout,
    energy_model_of,
    gait_of,
    grade_of,
    missing_of_bout,
    person_of,
)
from retrorun.models.estimate.personal import Measurement
from retrorun.models.summary.summary import summary
from retrorun.models.vocabulary.answer import Assumed, OwnFactors
from retrorun.models.vocabulary.choices import Direction, DirectionModelName, EnergyModelName, Gait, Sex
from retrorun.models.vocabulary.errors import Conflict, EstimateError, Missing, OutOfRange
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S, check
from retrorun.models.workout.answer import EnergyModels, Workout, WorkoutAssumed, WorkoutSection
from retrorun.models.workout.sums import WALKED, Segments, workout_of

MAXIMUM_SEGMENTS: Final = 10_000
"""Most segments and pauses in a workout, repeats counted each time (choice)."""

TOGETHER: Final = "Give repeat and segments together, and no other field with them."


class Segment(TypedDict):
    """A segment with two of speed, duration and distance, and the pause after it; or only a pause."""

    direction: NotRequired[Direction]
    gait: NotRequired[Gait]
    speed_m_s: NotRequired[float]
    duration_s: NotRequired[float]
    distance_m: NotRequired[float]
    grade: NotRequired[float]
    pause_s: NotRequired[float]


class Item(Segment):
    """A segment, a pause, or repeated segments and pauses. A repeat cannot contain another repeat."""

    repeat: NotRequired[int]
    segments: NotRequired[list[Segment]]


class Complete(NamedTuple):
    """A completed segment that moves, with its place in the request."""

    backward: bool
    walk: bool
    speed_m_s: float
    duration_s: float
    distance_m: float
    grade: float
    times: int
    place: str


def workout(
    *,
    body_mass_kg: float,
    segments: Sequence[Item],
    energy_models: EnergyModels | None = None,
    direction_model: DirectionModelName | None = None,
    age_y: float | None = None,
    sex: Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    measurements: Sequence[Measurement] = (),
    personal: OwnFactors | None = None,
    include: Collection[WorkoutSection] = (),
) -> Workout:
    """Estimate energy and joint load of a workout, as given and with every segment reversed.

    Parameters
    ----------
    segments : sequence of Item
        Segments, pauses, and repeats of segments and pauses, in order.
    energy_models : mapping, optional
        Forward energy equation of each gait, its default when left out.
    include : collection of str, optional
        "segments" adds the answer of every listed segment, once.
    body_mass_kg, direction_model, age_y, sex, height_m, step_rate_ratio, interval, measurements, personal
        Optional, as in `models.estimate.estimate.estimate`; body mass has no default. Each gait uses its measurements
        or its personal factor. A measurement without a gait is of the gait of the workout. If the workout has two, its
        gait follows from its speed.

    Returns
    -------
    Workout
        The answer, see `models.workout.answer`.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.vocabulary.quantities`, too many segments, or too long a workout.
    Conflict
        An invalid segment, no segment that moves, part of age, sex and height, or an equation of the other gait.
    Undefined
        A grade for which the equation has no answer, or a segment whose energy is too close to rest.

    Examples
    --------
    >>> run = {"speed_m_s": 2.5, "duration_s": 600.0}
    >>> answer = workout(body_mass_kg=70.0, segments=[run, {"direction": "backward", **run}])
    >>> round(answer["totals"]["total_energy_kcal"]["value"], 1)
    242.8
    """
    left_out: Assumed = {}
    person = person_of(
        left_out,
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
    assumed = cast(WorkoutAssumed, left_out)
    columns, pause_s, places = complete_segments(segments, assumed)
    used = equations(cast(Mapping[Gait, EnergyModelName], energy_models or {}), columns, assumed)
    answer = workout_of(
        columns, pause_s, person=person, energy_models=used, each="segments" in include, place=places.__getitem__
    )
    return {"summary": summary("workout", answer), **answer, "assumed": assumed}


def complete_segments(items: Sequence[Item], assumed: WorkoutAssumed) -> tuple[Segments, float, list[str]]:
    """Return each listed segment once as columns, the sum of all pauses [s], and the place of each in the request.

    Examples
    --------
    >>> intervals = {"repeat": 6, "segments": [{"speed_m_s": 2.5, "duration_s": 120.0, "pause_s": 60.0}]}
    >>> columns, pause_s, places = complete_segments([intervals], {})
    >>> len(columns.times), pause_s, places[0]
    (1, 360.0, 'segments/0/segments/0')
    """
    if sum(item.get("repeat", 1) * len(item.get("segments", "1")) for item in items) > MAXIMUM_SEGMENTS:
        raise OutOfRange(
            "segments", f"A workout may have up to {MAXIMUM_SEGMENTS} segments, repeats counted. Send fewer."
        )
    left_out: Assumed = {}
    rows: list[Complete] = []
    pause_s = 0.0
    for index, item in enumerate(items):
        place, times, inner = f"segments/{index}", 1, [cast(Segment, item)]
        places = [place]
        if "repeat" in item or "segments" in item:
            if item.keys() != {"repeat", "segments"}:
                lacks = item.keys() < {"repeat", "segments"}
                raise (Missing if lacks else Conflict)(place, TOGETHER)
            times, inner = item["repeat"], item["segments"]
            if times < 1:
                raise OutOfRange(f"{place}/repeat", "repeat must be at least 1.")
            places = [f"{place}/segments/{inside}" for inside in range(len(inner))]
        found = [complete_segment(*pair, times, left_out, assumed) for pair in zip(inner, places, strict=True)]
        rows += [row for row, _ in found if row is not None]
        pause_s += times * sum(pause for _, pause in found)
    if not rows:
        raise Conflict("segments", "Give at least one segment that moves.")
    refuse_long(sum(row.times * row.duration_s for row in rows) + pause_s)
    if "gait" in left_out:
        assumed["running_from_m_s"] = RUNNING_FROM_M_S
    if "grade" in left_out:
        assumed["grade"] = left_out["grade"]
    backward, walk, *numbers, found_places = zip(*rows, strict=True)
    columns = (np.array(column, dtype=np.float64) for column in numbers)
    return Segments(np.array(backward), np.array(walk), *columns), pause_s, list(found_places)


def complete_segment(
    segment: Segment, place: str, times: int, left_out: Assumed, assumed: WorkoutAssumed
) -> tuple[Complete | None, float]:
    """Return a segment, or None for a pause, and the length of the pause [s]."""
    pause_s = check("pause_s", segment["pause_s"], place) if "pause_s" in segment else 0.0
    if segment.keys() == {"pause_s"}:
        return None, pause_s
    if "direction" not in segment:
        assumed["direction"] = "forward"
    try:
        speed_m_s, duration_s, distance_m, _ = complete_bout(
            segment.get("speed_m_s"), segment.get("duration_s"), segment.get("distance_m")
        )
        gait = gait_of(segment.get("gait"), speed_m_s, left_out)
        grade = grade_of(segment.get("grade"), left_out)
    except EstimateError as error:
        raise placed(error, place) from None
    backward = segment.get("direction") == "backward"
    return Complete(backward, gait == "walk", speed_m_s, duration_s, distance_m, grade, times, place), pause_s


def refuse_long(duration_s: float) -> None:
    """Raise if a workout is longer than a bout may be, pauses and repeats counted."""
    try:
        check("duration_s", duration_s)
    except OutOfRange as error:
        message = f"All segments and pauses together, repeats counted: {error.message} Give fewer or shorter ones."
        raise OutOfRange("segments", message) from None


def missing_of_item(item: Mapping[str, Any]) -> list[Missing]:
    """Return the errors of what an item of a workout lacks.

    Examples
    --------
    >>> missing_of_item({"pause_s": 60.0}), [str(error) for error in missing_of_item({"speed_m_s": 3.0})]
    ([], ['Give exactly two of speed_m_s, duration_s and distance_m: add duration_s or distance_m.'])
    """
    if item.keys() == {"pause_s"}:
        return []
    if {"repeat", "segments"} & item.keys():
        return [] if {"repeat", "segments"} <= item.keys() else [Missing("", TOGETHER)]
    lacks = missing_of_bout(item)
    return [lacks] if lacks else []


def placed(error: EstimateError, place: str) -> EstimateError:
    """Return an error with its place in the request."""
    return type(error)(f"{place}/{error.field}" if error.field else place, error.message, error.code)


def equations(asked: Mapping[Gait, EnergyModelName], segments: Segments, assumed: WorkoutAssumed) -> dict[Gait, str]:
    """Return the forward energy equation of each gait in the request or the segments, the default if left out."""
    found: dict[Gait, str] = {}
    defaults: dict[Gait, EnergyModelName] = {}
    for gait, walked in WALKED.items():
        left_out: Assumed = {}
        if gait in asked or (segments.walk == walked).any():
            try:
                found[gait] = energy_model_of(asked.get(gait), gait, left_out)
            except Conflict as error:
                raise Conflict(f"energy_models/{gait}", error.message) from None
        if left_out:
            defaults[gait] = left_out["energy_model"]
    if defaults:
        assumed["energy_models"] = cast(EnergyModels, defaults)
    return found
