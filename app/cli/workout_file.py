"""Read the file of `retrorun workout`: a workout as JSON, or recordings from a watch. Its content decides which.

A recording becomes the form of `POST /workout/track` and runs through the code of that endpoint.
"""

import argparse
import json
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Mapping, Sequence
from http import HTTPStatus
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple, get_type_hints

import httpx

from retrorun.app.api.track import TrackRequest, track_response
from retrorun.app.cli.client import NoAnswer, ask
from retrorun.app.cli.options import InvalidOptions, error_line, option, read_request
from retrorun.app.cli.questions import QUESTIONS, WHOLE, answer_to, errors_of
from retrorun.app.formats.archives import ZIP, recordings_of
from retrorun.app.http.limits import MAXIMUM_BODY_BYTES
from retrorun.app.http.media_types import JSON
from retrorun.models.vocabulary.errors import Undefined

FILE: Final = "FILE"
TRACK: Final = "/workout/track"
STANDARD_INPUT: Final = "-"
OPTIONS: Final = get_type_hints(TrackRequest)
WORKOUT: Final = QUESTIONS["workout"]


class FileAnswer(NamedTuple):
    """The answer about a file, or about one of the recordings in an archive."""

    name: str
    """Name of the recording in an archive of several, else empty."""
    request: dict[str, Any]
    """The workout, or the options that describe the recording."""
    content: bytes
    """The answer as JSON; empty if the recording is refused."""
    errors: Sequence[str] = ()
    """Why the recording is refused."""


def answers(chosen: argparse.Namespace) -> Iterator[FileAnswer]:
    """Yield the answer about a file. For an archive of several recordings, yield one for each.

    Parameters
    ----------
    chosen : argparse.Namespace
        The file, and the value of each option.

    Raises
    ------
    InvalidOptions
        The file cannot be read, or its content or an option is wrong.
    NoAnswer
        There is a URL, and no RetroRun service answered there; or the library that reads forms is not installed.
    """
    given = read_request(vars(chosen), OPTIONS)
    asked = given if chosen.json else given | WHOLE
    data = content_of(chosen.file)
    text = data.removeprefix(BOM_UTF8).lstrip()
    if text.startswith((b"{", b"[")):
        request, body = workout_of(text, asked)
        content, errors = checked(*answer_to(WORKOUT, body, chosen.url))
        if errors:
            raise InvalidOptions(line_of(error, vars(chosen), from_file=True) for error in errors)
        yield FileAnswer("", {name: value for name, value in request.items() if name not in WHOLE}, content)
        return
    try:
        recordings = recordings_of(data) if data.startswith(ZIP) else iter(())
        first, second = next(recordings, None), next(recordings, None)
        if second is None:
            recordings = iter([("", first[1] if first else data)])
        else:
            recordings = chain(filter(None, (first, second)), recordings)
        for name, recording in recordings:
            content, errors = checked(*track_answer(recording, asked, chosen.url))
            lines = [line_of(error, vars(chosen), from_file=False) for error in errors]
            if errors and not (name and all(error["pointer"] == "/file" for error in errors)):
                raise InvalidOptions(lines)
            yield FileAnswer(
                printable(name), given, content, [line.replace(FILE, printable(name), 1) for line in lines]
            )
    except Undefined as error:
        raise InvalidOptions([f"{FILE}: {error.message}"]) from None


def checked(status: int, content: bytes) -> tuple[bytes, list[dict[str, str]]]:
    """Return an answer, or nothing and its errors."""
    if status == HTTPStatus.OK:
        return content, []
    errors = errors_of(content, "/file")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        raise NoAnswer(f"{FILE}: {errors[0]['message']}")
    return b"", errors


def printable(name: str) -> str:
    r"""Return a name from an archive without what a terminal would obey.

    Examples
    --------
    >>> printable("a\x1b[2Jb.fit")
    'a?[2Jb.fit'
    """
    return "".join(letter if letter.isprintable() else "?" for letter in name)


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
    response = track_response(content_type, MAXIMUM_BODY_BYTES, JSON, body)
    return response.status_code, bytes(response.body)


def line_of(error: Mapping[str, str], chosen: Mapping[str, Any], *, from_file: bool) -> str:
    """Return one error as a line that names the option or the place in the file."""
    pointer, message = error["pointer"], error["message"]
    field = pointer.strip("/").partition("/")[0]
    if field == "file":
        return f"{FILE}: {message}"
    is_option = error["code"] == "required" and pointer == f"/{field}" != "/"
    if from_file and chosen.get(field) is None and not is_option:
        return f"{FILE} {pointer}".strip() + f": {message}"
    return error_line(error, chosen, OPTIONS)
