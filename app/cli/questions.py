"""The questions of the command line, and their answers from the models here or from a running service.

A request passes the same validation and the same model as over HTTP. So the answer is the same, byte for byte.
"""

import argparse
import json
from collections.abc import Callable, Mapping
from http import HTTPStatus
from typing import Any, Final, NamedTuple, get_type_hints

from pydantic import TypeAdapter, ValidationError

from retrorun.app.api.estimate import EstimateRequest
from retrorun.app.api.plan import PlanRequest
from retrorun.app.api.solve import SolveRequest
from retrorun.app.api.track import TrackRequest
from retrorun.app.api.workout import WorkoutRequest
from retrorun.app.cli.client import ask
from retrorun.app.cli.options import InvalidOptions, error_line, read_request
from retrorun.app.http.problems import encode, from_estimate_error, from_validation_error
from retrorun.app.strava.request import StravaRequest, check_person
from retrorun.models.equations.equations import estimate_by
from retrorun.models.evidence.views import answer_in_view, estimate_in_view
from retrorun.models.plan.plan import plan
from retrorun.models.solve.solve import solve
from retrorun.models.vocabulary.errors import EstimateError
from retrorun.models.workout.workout import workout


class Question(NamedTuple):
    """One of the service's questions."""

    path: str
    shape: Any
    """The request, a TypedDict."""
    model: Callable[..., Any]
    in_view: Callable[[Callable[..., Any], Mapping[str, Any]], dict[str, Any]] = answer_in_view
    """The function that shows its answer in the view of a request."""

    @property
    def fields(self) -> dict[str, Any]:
        """The fields of the request with their types."""
        return get_type_hints(self.shape)


QUESTIONS: Final = {
    "estimate": Question("/estimate", EstimateRequest, estimate_by, estimate_in_view),
    "solve": Question("/solve", SolveRequest, solve),
    "plan": Question("/plan", PlanRequest, plan),
    "workout": Question("/workout", WorkoutRequest, workout),
    "strava": Question("/workout", StravaRequest, check_person),
}
"""The question of each command."""

WHOLE: Final = {"view": "full"}
"""What a table needs: it shows every value."""

OPTIONS_OF: Final = {name: question.shape for name, question in QUESTIONS.items()} | {"workout": TrackRequest}
"""The request whose fields are the options of a command. For a workout: the fields that come with its file."""


def answer(chosen: argparse.Namespace) -> tuple[dict[str, Any], bytes]:
    """Return the request made from the options, and its answer.

    Parameters
    ----------
    chosen : argparse.Namespace
        The name of the question, and the value of each option.

    Returns
    -------
    request : dict
        The body of the request.
    content : bytes
        Its answer as JSON.

    Raises
    ------
    InvalidOptions
        An option cannot be read, or the request has no answer.
    NoAnswer
        There is a URL, and no RetroRun service answered there.
    """
    question = QUESTIONS[chosen.question]
    request = read_request(vars(chosen), question.fields)
    asked = request | WHOLE if vars(chosen).get("json") is False else request
    status, content = answer_to(question, json.dumps(asked).encode(), chosen.url)
    if status != HTTPStatus.OK:
        raise InvalidOptions(error_line(error, vars(chosen), question.fields) for error in errors_of(content))
    return request, content


def errors_of(content: bytes, pointer: str = "") -> list[dict[str, str]]:
    """Return the errors of a problem. If it lists none, return its detail as one error at `pointer`."""
    problem = json.loads(content)
    listed: list[dict[str, str]] | None = problem.get("errors")
    return listed or [{"pointer": pointer, "code": "", "message": problem["detail"]}]


def answer_to(question: Question, body: bytes, url: str | None) -> tuple[int, bytes]:
    """Return the status and content of an answer, from the models here or from a running service."""
    if url is not None:
        return ask(url, question.path, body)
    try:
        return HTTPStatus.OK, encode(question.in_view(question.model, TypeAdapter(question.shape).validate_json(body)))
    except ValidationError as error:
        problem = from_validation_error(error, question.shape, body)
    except EstimateError as error:
        problem = from_estimate_error(error, question.shape, body)
    return problem.status_code, bytes(problem.body)
