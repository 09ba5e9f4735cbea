"""POST /workout: the totals of a list of segments, and of the same list with each direction reversed."""

from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import FailFast

from retrorun.app.api.estimate import MAXIMUM_MEASUREMENTS, OWN, MeasurementRequest
from retrorun.app.contract.openapi import problems
from retrorun.app.http.errors.findings import INSIDE, NEEDS, Inside
from retrorun.app.http.json_route import WorkerRoute, values_of
from retrorun.app.http.schema import VIEW, described, included, request_of, word
from retrorun.models.estimate.inputs import missing_of_person
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.vocabulary.quantities import QUANTITIES
from retrorun.models.workout.answer import EnergyModels, Workout, WorkoutPart
from retrorun.models.workout.workout import MAXIMUM_SEGMENTS, Item, Segment, missing_of_item
from retrorun.models.workout.workout import workout as workout_of_segments

REPEATS_EXAMPLE: Final = 6


def example(*names: str) -> dict[str, float]:
    """Return quantities with their examples."""
    return {name: QUANTITIES[name].example for name in names}


REPEATED: Final = [{"direction": "backward", **example("speed_m_s", "duration_s")}, example("pause_s")]
LISTED: Final = [example("speed_m_s", "duration_s"), {"repeat": REPEATS_EXAMPLE, "segments": REPEATED}]


SegmentRequest: Any = request_of(
    Segment, "A segment: exactly two of speed, duration and distance, and the pause after it. Or a pause: only pause_s."
)

ItemRequest: Any = request_of(
    Item,
    "A segment, a pause, or `segments` done `repeat` times. A repeat holds no other repeats.",
    repeat=Annotated[int, word("repeat", REPEATS_EXAMPLE, strict=True, ge=1, le=MAXIMUM_SEGMENTS)],
    segments=Annotated[
        list[SegmentRequest], FailFast(), word("segments", REPEATED, min_length=1, max_length=MAXIMUM_SEGMENTS)
    ],
)

EnergyModelsRequest: Any = request_of(EnergyModels, "The forward energy equation of each gait, each with a default.")

WorkoutRequest: Any = request_of(
    workout_of_segments,
    "A workout. Send body mass and segments. The rest is optional.",
    segments=Annotated[
        list[ItemRequest], FailFast(), word("segments", LISTED, min_length=1, max_length=MAXIMUM_SEGMENTS)
    ],
    energy_models=Annotated[EnergyModelsRequest, word("energy_models", {"run": "acsm"})],
    **OWN,
    include=included("workout_include", WorkoutPart, "segments"),
    view=VIEW,
)

setattr(SegmentRequest, NEEDS, missing_of_item)
setattr(ItemRequest, NEEDS, missing_of_item)
setattr(WorkoutRequest, NEEDS, missing_of_person)
setattr(WorkoutRequest, INSIDE, Inside(ItemRequest, "segment"))


class WorkoutRoute(WorkerRoute):
    """Accept a list of segments.

    The limit of values is for the longest valid body. Each segment is then the only one of an item that repeats it:
    three brackets, each with its first value, and a comma for each field. The other fields of the body have a bracket
    each, and there may be many measurements.
    """

    maximum_values = MAXIMUM_SEGMENTS * values_of(b"{[{") + MAXIMUM_SEGMENTS * len(ItemRequest.__annotations__)
    maximum_values += len(WorkoutRequest.__annotations__) * values_of(b",{") + values_of(b"{")
    maximum_values += MAXIMUM_MEASUREMENTS * (values_of(b"{") + len(MeasurementRequest.__annotations__))


router = APIRouter(route_class=WorkoutRoute, tags=["workout"])


@router.post(
    "/workout",
    operation_id="workout",
    summary="Add up a workout of segments, as given and with directions reversed",
    response_model=described(Workout),
    response_description="Totals as given and reversed, their ratio, and the assumed inputs.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def workout(request: WorkoutRequest) -> Any:
    """Send a list of segments, pauses and repeats: at most 10 000 together, with every repetition counted.

    Use it for a session with several speeds or directions. It needs `body_mass_kg` and `segments`. A segment has
    exactly two of speed, duration and distance. A repeat holds no other repeats. The workout lasts at most 48
    hours. `reversed` is the same workout with every segment in the other direction at the same speed.

    `segments` of the answer holds each listed segment once, with the number of times it is done. If segments are
    invalid, the error names the first one. More segments do not make the ranges narrower: all segments share the errors
    of the person and of the models.
    """
    return answer_in_view(workout_of_segments, request)
