"""Answers one activity: from its recording, or from the distance and time of an activity entered by hand."""

import re
from typing import Any, Final, NamedTuple

from retrorun.app.formats.watch_files import read_watch_file
from retrorun.app.strava.export import Activity
from retrorun.models.track.track import track
from retrorun.models.vocabulary.errors import EstimateError, Undefined
from retrorun.models.workout.answer import WorkoutSums
from retrorun.models.workout.workout import workout

ON_FOOT: Final = frozenset({"run", "trailrun", "virtualrun", "walk", "hike", "snowshoe"})
"""The activity types that count as on foot, in lower case and without spaces."""
OK: Final = "ok"
OTHER_SPORT: Final = "other_sport"
SPORT_OF_RECORDING: Final = "not_on_foot_sport"
"""The code of a recording that names another sport."""
NUMBER: Final = re.compile(r"\d+(?:\.\d+)?")


class Answered(NamedTuple):
    """An activity with its answer, or with the reason why there is none."""

    activity: Activity
    status: str
    """`OK`, `OTHER_SPORT`, or the code of the problem."""
    reason: str = ""
    answer: WorkoutSums | None = None


def is_on_foot(activity_type: str) -> bool:
    """Return whether an activity type counts as on foot.

    Examples
    --------
    >>> is_on_foot("Trail Run"), is_on_foot("TrailRun"), is_on_foot("E-Bike Ride"), is_on_foot("")
    (True, True, False, False)
    """
    return re.sub(r"[\s_-]", "", activity_type).lower() in ON_FOOT


def answered(activity: Activity, content: bytes | None, request: dict[str, Any]) -> Answered:
    """Return the answer to an activity on foot. All of it counts as forward: Strava does not know the direction.

    Parameters
    ----------
    activity : Activity
        The row of the list.
    content : bytes or None
        The file of the recording; None for an activity entered by hand.
    request : dict
        The facts about the person.
    """
    try:
        answer = by_hand(activity, request) if content is None else of_recording(content, request)
    except EstimateError as error:
        if error.code == SPORT_OF_RECORDING:
            # The first sentence says which sport; the others are for a request over HTTP.
            return Answered(activity, OTHER_SPORT, f"{error.message.partition('. ')[0].rstrip('.')}.")
        return Answered(activity, error.code, error.message)
    return Answered(activity, OK, answer=answer)


def of_recording(content: bytes, request: dict[str, Any]) -> WorkoutSums:
    """Return the answer to a recording."""
    return track(*read_watch_file(content), **request)


def by_hand(activity: Activity, request: dict[str, Any]) -> WorkoutSums:
    """Return the answer to an activity without a recording: one bout on level ground, without pauses."""
    written = (activity.distance_m, activity.moving_time_s)
    if not all(map(NUMBER.fullmatch, written)):
        raise Undefined(
            "", "The activity has no recording, and the list has no distance in metres and moving time.", "required"
        )
    distance, duration = map(float, written)
    return workout(segments=[{"distance_m": distance, "duration_s": duration}], **request)
