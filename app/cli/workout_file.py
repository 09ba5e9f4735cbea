"""The file of `retrorun workout`: a workout as JSON, or what a watch recorded, told by its content.

A recording goes as the form that `POST /workout/track` takes through the endpoint's own code.
"""

import argparse
import json
import sys
from codecs import BOM_UTF8
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final, get_type_hints

import httpx

from retrorun.app.api.track import TrackRequest, track_response
from retrorun.app.cli.client import NoAnswer, ask
from retrorun.app.cli.options import Mistaken, mistake, option, read_request
from retrorun.app.cli.questions import QUESTIONS, answer_to, errors_of
from retrorun.app.http.limits import MAXIMUM_BODY_BYTES

FILE: Final = "FILE"
TRACK: Final = "/workout/track"
STANDARD_INPUT: Final = "-"
OPTIONS: Final = get_type_hints(TrackRequest)
WORKOUT: Final = QUESTIONS["workout"]


def answer(chosen: argparse.Namespace) -> tuple[dict[str, Any], bytes]:
    """Return what is asked about a file, and the answer.

    Parameters
    ----------
    chosen : argparse.Namespace
        The file and the values of the options.

    Returns
    -------
    request : dict
        The workout, or what is said about the recording.
    content : bytes
        The answer as JSON.

    Raises
    ------
    Mistaken
        No such file, or what it holds or an option says is to be mended.
    NoAnswer
        With a URL, no RetroRun answered there; or what reads watch files is not installed here.
    """
    given = read_request(vars(chosen), OPTIONS)
    data = content_of(chosen.file)
    text = data.removeprefix(BOM_UTF8).lstrip()
    written = text.startswith((b"{", b"["))
    if written:
        request, body = workout_of(text, given)
        status, content = answer_to(WORKOUT, body, chosen.url)
    else:
        request = given
        status, content = track_answer(data, given, chosen.url)
    if status == HTTPStatus.OK:
        return request, content
    errors = errors_of(content, "/file")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise NoAnswer(f"{FILE}: {errors[0]['message']}")
    raise Mistaken(line_of(error, vars(chosen), from_file=written) for error in errors)


def content_of(path: str) -> bytes:
    """Return what a file, or the standard input, holds."""
    try:
        return sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is no name of a file"
        raise Mistaken([f"{FILE}: It cannot be read: {reason}."]) from None


def workout_of(text: bytes, given: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return a workout with what options say in place of what it says itself, and its JSON."""
    foreign = [
        f"{option(name)}: This is for a file of a watch: a JSON workout says it in its segments."
        for name in given
        if name not in WORKOUT.fields
    ]
    if foreign:
        raise Mistaken(foreign)
    try:
        workout = json.loads(text)
    except (ValueError, RecursionError):  # the request's own validation says so
        return {}, text
    if not isinstance(workout, dict):
        return {}, text
    request = workout | given
    return request, json.dumps(request).encode() if given else text


def track_answer(data: bytes, said: Mapping[str, Any], url: str | None) -> tuple[int, bytes]:
    """Return status and content of the answer to a recording, from here or from a running service."""
    parts: dict[str, Any] = {"file": (FILE, data), "request": (None, json.dumps(said), "application/json")}
    form = httpx.Request("POST", "http://form", files=parts)
    body, content_type = form.read(), form.headers["content-type"]
    if url is not None:
        return ask(url, TRACK, body, content_type=content_type)
    response = track_response(content_type, MAXIMUM_BODY_BYTES, body)
    return response.status_code, bytes(response.body)


def line_of(error: Mapping[str, str], chosen: Mapping[str, Any], *, from_file: bool) -> str:
    """Return one thing to mend, in an option or in what the file holds, which may be a workout."""
    pointer, message = error["pointer"], error["message"]
    field = pointer.strip("/").partition("/")[0]
    if field == "file":
        return f"{FILE}: {message}"
    if from_file and chosen.get(field) is None and error["code"] != "required":
        return f"{FILE} {pointer}".strip() + f": {message}"
    return mistake(error, chosen, OPTIONS)
