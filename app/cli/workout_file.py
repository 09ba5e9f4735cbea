"""Read the file of `retrorun workout`: a workout as JSON, or a recording from a watch. Its content decides which.

A recording becomes the form of `POST /workout/track` and runs through the code of that endpoint.
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
from retrorun.app.cli.options import InvalidOptions, error_line, option, read_request
from retrorun.app.cli.questions import QUESTIONS, answer_to, errors_of
from retrorun.app.http.limits import MAXIMUM_BODY_BYTES

FILE: Final = "FILE"
TRACK: Final = "/workout/track"
STANDARD_INPUT: Final = "-"
OPTIONS: Final = get_type_hints(TrackRequest)
WORKOUT: Final = QUESTIONS["workout"]


def answer(chosen: argparse.Namespace) -> tuple[dict[str, Any], bytes]:
    """Return the request about a file, and its answer.

    Parameters
    ----------
    chosen : argparse.Namespace
        The file, and the value of each option.

    Returns
    -------
    request : dict
        The workout, or the options that describe the recording.
    content : bytes
        The answer as JSON.

    Raises
    ------
    InvalidOptions
        The file cannot be read, or its content or an option is wrong.
    NoAnswer
        There is a URL, and no RetroRun service answered there; or the library that reads watch files is not installed.
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
    raise InvalidOptions(line_of(error, vars(chosen), from_file=written) for error in errors)


def content_of(path: str) -> bytes:
    """Return the content of a file or of standard input."""
    try:
        return sys.stdin.buffer.read() if path == STANDARD_INPUT else Path(path).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "this is not a valid file name"
        raise InvalidOptions([f"{FILE}: Cannot read this file: {reason}."]) from None


def workout_of(text: bytes, given: dict[str, Any]) -> tuple[dict[str, Any], bytes]:
    """Return a workout in which the options replace its own values, and its JSON."""
    misplaced = [
        f"{option(name)}: Use this only with a watch file. In a JSON workout, give it in the segments."
        for name in given
        if name not in WORKOUT.fields
    ]
    if misplaced:
        raise InvalidOptions(misplaced)
    try:
        workout = json.loads(text)
    except (ValueError, RecursionError):  # the validation of the request reports it
        return {}, text
    if not isinstance(workout, dict):
        return {}, text
    request = workout | given
    return request, json.dumps(request).encode() if given else text


def track_answer(data: bytes, request: Mapping[str, Any], url: str | None) -> tuple[int, bytes]:
    """Return the status and content of the answer to a recording, computed here or by a running service."""
    parts: dict[str, Any] = {"file": (FILE, data), "request": (None, json.dumps(request), "application/json")}
    form = httpx.Request("POST", "http://form", files=parts)
    body, content_type = form.read(), form.headers["content-type"]
    if url is not None:
        return ask(url, TRACK, body, content_type=content_type)
    response = track_response(content_type, MAXIMUM_BODY_BYTES, body)
    return response.status_code, bytes(response.body)


def line_of(error: Mapping[str, str], chosen: Mapping[str, Any], *, from_file: bool) -> str:
    """Return one error as a line that names the option or the place in the file."""
    pointer, message = error["pointer"], error["message"]
    field = pointer.strip("/").partition("/")[0]
    if field == "file":
        return f"{FILE}: {message}"
    if from_file and chosen.get(field) is None and error["code"] != "required":
        return f"{FILE} {pointer}".strip() + f": {message}"
    return error_line(error, chosen, OPTIONS)
