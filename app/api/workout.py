"""A workout of segments: what it comes to, and the same with each one reversed."""

from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import FailFast

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import WorkerRoute, values_of
from retrorun.app.http.schema import described, request_of, word
from retrorun.models.vocabulary.quantities import QUANTITIES
from retrorun.models.workout.answer import EnergyModels, Workout, WorkoutSection
from retrorun.models.workout.workout import MAXIMUM_SEGMENTS, Item, Segment
from retrorun.models.workout.workout import workout as workout_of_segments

REPEATS_EXAMPLE: Final = 6


def example(*names: str) -> dict[str, float]:
    """Return quantities with their examples."""
    return {name: QUANTITIES[name].example for name in names}


REPEATED: Final = [{"direction": "backward", **example("speed_m_s", "duration_s")}, example("pause_s")]
LISTED: Final = [example("speed_m_s", "duration_s"), {"repeat": REPEATS_EXAMPLE, "segments": REPEATED}]


SegmentRequest: Any = request_of(
    Segment, "A segment by exactly two of speed, duration and distance, with the pause after it; or pause_s alone."
)

ItemRequest: Any = request_of(
    Item,
    "A segment, a pause, or repeat and segments: those done so often. What is repeated holds no repeats.",
    repeat=Annotated[int, word("repeat", REPEATS_EXAMPLE, strict=True, ge=1, le=MAXIMUM_SEGMENTS)],
    segments=Annotated[
        list[SegmentRequest], FailFast(), word("segments", REPEATED, min_length=1, max_length=MAXIMUM_SEGMENTS)
    ],
)

EnergyModelsRequest: Any = request_of(
    EnergyModels, "The forward energy equation of each gait, its default when left out."
)

WorkoutRequest: Any = request_of(
    workout_of_segments,
    "A workout. Give body mass and what is done; the rest may be left out.",
    segments=Annotated[
        list[ItemRequest], FailFast(), word("segments", LISTED, min_length=1, max_length=MAXIMUM_SEGMENTS)
    ],
    energy_models=Annotated[EnergyModelsRequest, word("energy_models", {"run": "looney2025"})],
    include=Annotated[list[WorkoutSection], word("workout_include", ["segments"], min_length=1, max_length=1)],
)


class WorkoutRoute(WorkerRoute):
    """Takes a list of segments.

    Each can be the one segment of an item that repeats it: three brackets, counted with what is first in them, and at
    most a comma for each field; beside the list stands what is said of the person, each field with brackets at most.
    """

    maximum_values = MAXIMUM_SEGMENTS * values_of(b"{[{") + MAXIMUM_SEGMENTS * len(ItemRequest.__annotations__)
    maximum_values += len(WorkoutRequest.__annotations__) * values_of(b",{") + values_of(b"{")


router = APIRouter(route_class=WorkoutRoute, tags=["workout"])


@router.post(
    "/workout",
    operation_id="workout",
    summary="Sum up a workout of segments, as given and reversed",
    response_model=described(Workout),
    response_description="Totals as given and reversed, their ratio, and what was assumed.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def workout(request: WorkoutRequest) -> Any:
    """List segments, pauses, and repeats of them: at most 10 000 together, repeats counted as often as they are done.

    Use it for a session of several speeds or directions; for one bout, POST /estimate. Needs `body_mass_kg` and
    `segments`. A segment takes exactly two of speed, duration and distance. Repeats are one level deep: what is
    repeated holds no repeats; `segments` of the answer holds each listed segment once, with how often it is done. All
    together last at most 48 hours. Of a list that cannot be read the first bad segment is named. Intervals do not
    shrink with the number of segments: the errors of the person and of the models are the same in all of them.
    `reversed` is the same workout with every segment in the other direction at its speed.
    """
    return workout_of_segments(**request)
