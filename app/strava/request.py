"""The facts about the person of an export: the fields that a recording and a listed workout both take."""

from typing import Any, Final, cast, get_type_hints

from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from retrorun.app.api.track import TrackRequest
from retrorun.app.api.workout import WorkoutRequest
from retrorun.models.vocabulary.quantities import QUANTITIES
from retrorun.models.workout.answer import Workout
from retrorun.models.workout.workout import Item, workout

OF_ONE_WORKOUT: Final = {"include", "segments", "view"}
BOTH: Final = get_type_hints(TrackRequest).keys() & get_type_hints(WorkoutRequest).keys() - OF_ONE_WORKOUT
FIELDS: Final = {name: hint for name, hint in TrackRequest.__annotations__.items() if name in BOTH}
StravaRequest: Any = with_config(ConfigDict(extra="forbid"))(cast(Any, TypedDict)("StravaRequest", FIELDS))

BOUT: Final[Item] = {
    "speed_m_s": QUANTITIES["speed_m_s"].example,
    "duration_s": QUANTITIES["duration_s"].example,
}


def check_person(**request: Any) -> Workout:
    """Raise as an activity would if a fact about the person is invalid."""
    return workout(segments=[BOUT], **request)
