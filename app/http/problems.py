"""Answers as JSON, and errors as `application/problem+json` (RFC 9457), which never repeat a value of the caller.

The `type` of a problem is a reference relative to the address of the request: it opens GET /problems/CODE, also behind
a proxy that adds a prefix to every path. `complete` writes it for the path of a request, with the id of the request.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from http import HTTPStatus
from typing import Any, Final

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from retrorun.app.http.errors.codes import OF_STATUS
from retrorun.app.http.errors.findings import entries_of, entry_of, missing_in, parsed
from retrorun.app.http.errors.json_text import broken_json
from retrorun.app.http.errors.paths import Methods, other_method, unknown_path
from retrorun.app.http.media_types import VARY
from retrorun.models.vocabulary.errors import EstimateError, Missing, OutsideEvidence, Unattainable

MEDIA_TYPE: Final = "application/problem+json"

MAXIMUM_ERRORS: Final = 20
"""Most errors listed in one problem. A body of 64 KiB can hold thousands, and their list would be 60 times as long."""

DEEPEST: Final = 20
"""Most folders of a path that the type of a problem leads out of. No path of this service has so many."""

PROBLEMS: Final[dict[int, tuple[str, str]]] = {
    400: ("Bad Request", "The body is not valid JSON in UTF-8."),
    401: ("Unauthorized", "This service requires a key: send a valid one as X-API-Key."),
    404: ("Not Found", "Unknown path: see /docs."),
    405: ("Method Not Allowed", "Use one of the methods in the Allow header."),
    406: ("Not Acceptable", "Accept application/json. /docs shows which paths have other formats."),
    408: ("Request Timeout", "The request took too long to arrive: send it again."),
    409: ("Conflict", "The service computes with other models than RetroRun-Models names."),
    413: ("Content Too Large", "The body is too large: send a smaller one."),
    415: ("Unsupported Media Type", "Send the body as application/json in UTF-8."),
    422: ("Unprocessable Content", "Some values are missing or invalid: see errors."),
    431: ("Request Header Fields Too Large", "The headers are too large: send fewer or shorter ones."),
    500: ("Internal Server Error", "Internal error, logged under the request ID of this answer. Try again."),
    503: ("Service Unavailable", "The service is not ready: try again shortly."),
}
"""Title of each status as in RFC 9110, and its meaning here."""

START: Final = b'{"type":"./'
"""The beginning of a problem before `complete`: a reference from a path without folders."""


def encode(answer: object) -> bytes:
    """Return an answer as JSON; raise ArithmeticError for NaN or infinity, which are faults of the models.

    The models omit unknown values, so an answer never holds a null of its own, and orjson writes NaN as null.

    Examples
    --------
    >>> encode({"value": 1.5})
    b'{"value":1.5}'
    """
    body = orjson.dumps(answer)
    # One search from the end takes a third of the time of a search for each form of a null.
    if body.rfind(b"null") >= 0 and any(null in body for null in (b":null", b"[null", b",null")):
        raise ArithmeticError("an answer holds a number that is not finite")
    return body


def problem(
    status: int,
    *,
    code: str | None = None,
    detail: str | None = None,
    errors: Iterable[Mapping[str, object]] = (),
    total: int = 0,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem answer.

    Parameters
    ----------
    status : int
        HTTP status.
    code : str, optional
        The code of the problem; by default that of the first error, or else of the status.
    detail : str, optional
        What is wrong and what to do; by default the first thing to fix, or else the sentence of the status.
    errors : iterable of mappings, optional
        Each thing to fix: pointer, code, message, and the attainable values if a target is out of reach.
    total : int, optional
        How many things there are to fix, if only some are listed.
    headers : mapping, optional
        Additional headers.

    Returns
    -------
    Response
        The answer, as `application/problem+json`.
    """
    title, meaning = PROBLEMS.get(status) or (HTTPStatus(status).phrase, HTTPStatus(status).description)
    listed = list(errors)
    code = code or (str(listed[0]["code"]) if listed else OF_STATUS.get(status, "malformed"))
    detail = detail or (first_to_fix(listed, total) if listed else meaning)
    body: dict[str, Any] = {"type": f"./problems/{code}", "title": title, "status": status, "detail": detail}
    if listed:
        body["errors"] = listed
    return Response(encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def not_acceptable(offered: Sequence[str]) -> Response:
    """Return the problem of a request that accepts none of the media types of its path; it names them."""
    *others, last = offered
    named = f"{', '.join(others)} or {last}" if others else last
    return problem(406, detail=f"Accept {named}.", headers=VARY)


def first_to_fix(errors: list[Mapping[str, object]], total: int = 0) -> str:
    """Return the first error as a sentence, with its place if the message does not name it, and the number of others.

    Examples
    --------
    >>> first_to_fix([{"pointer": "/segments/1/grade", "message": "Give a number from -0.5 to 0.9."}])
    'At /segments/1/grade: Give a number from -0.5 to 0.9.'
    >>> first_to_fix([{"pointer": "", "message": "Give gait."}] * 20, 30)
    'Give gait. See errors for 19 of 29 more.'
    """
    pointer, message = str(errors[0]["pointer"]), str(errors[0]["message"])
    is_named = pointer.count("/") <= 1 and re.search(rf"\b{re.escape(pointer[1:])}\b", message) is not None
    listed, more = len(errors) - 1, max(total, len(errors)) - 1
    shown = f"{more}" if more == listed else f"{listed} of {more}"
    others = f" See errors for {shown} more." if more else ""
    # Only the message about an unknown field ends with a question.
    end = "" if more or not message.endswith("?") else " Rename it."
    return ("" if is_named else f"At {pointer}: ") + message + others + end


def complete(body: bytes, path: str, request_id: bytes = b"") -> bytes:
    """Return the body of a problem with a type that leads out of the folders of a path, and the id of its request.

    Examples
    --------
    >>> complete(b'{"type":"./problems/fault","status":500}', "/estimate/batch", b"7f")
    b'{"type":"../problems/fault","status":500,"request_id":"7f"}'
    """
    folders = min(path.count("/") - 1, DEEPEST)
    if folders > 0 and body.startswith(START):
        body = b'{"type":"' + b"../" * folders + body[len(START) :]
    return body[:-1] + b',"request_id":"' + request_id + b'"}' if request_id else body


def from_estimate_error(error: EstimateError, shape: Any = None, sent: object = None) -> Response:
    """Return the problem of an input that has no estimate. If something is missing, all that is missing is listed.

    Parameters
    ----------
    error : EstimateError
        What the models raised.
    shape : TypedDict, optional
        The type of the request.
    sent : bytes or object, optional
        The request: JSON, or Python values.
    """
    attainable = error.reach if isinstance(error, Unattainable) else {}
    # With strict, the code of the error is that of a warning.
    code = error.default_code if isinstance(error, OutsideEvidence) else error.code
    errors = [entry_of(error) | attainable]
    if isinstance(error, Missing):
        values = parsed(sent) if isinstance(sent, bytes) else sent
        errors += [entry for entry in missing_in(shape, values) if entry != errors[0]]
    return problem(422, code=code, errors=errors[:MAXIMUM_ERRORS], total=len(errors))


def from_validation_error(error: ValidationError, shape: Any, sent: object) -> Response:
    """Return the problem of a body that is not JSON (400) or not a request (422).

    Parameters
    ----------
    error : ValidationError
        The findings of pydantic.
    shape : TypedDict
        The type of the request, to name its fields.
    sent : bytes or object
        The body as it was validated: JSON, or Python values.

    Returns
    -------
    Response
        The answer, as `application/problem+json`.
    """
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid" and isinstance(sent, bytes):
        return problem(400, code="invalid_json", detail=broken_json(sent, str(found[0]["ctx"]["error"])))
    values = parsed(sent) if isinstance(sent, bytes) else sent
    listed, total = entries_of(found, shape, values, most=MAXIMUM_ERRORS)
    return problem(422, errors=listed, total=total)


def install(app: FastAPI, known: Callable[[], Methods] = dict) -> None:
    """Turn every error that FastAPI or Starlette raises into a problem. `known` returns the paths of the service."""

    @app.exception_handler(HTTPException)
    async def http_error(request: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        path, detail = request.scope["path"], None
        if error.status_code == HTTPStatus.NOT_FOUND:
            detail = unknown_path(path, known())
        if "Allow" in headers:
            detail = other_method(path, headers["Allow"], request.scope["query_string"])
            headers["Allow"] = allowed(headers["Allow"])
        return problem(error.status_code, detail=detail, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        listed, total = entries_of(error.errors(), None, ..., most=MAXIMUM_ERRORS)
        return problem(422, errors=listed, total=total)

    @app.exception_handler(EstimateError)
    async def no_estimate(_: Request, error: EstimateError) -> Response:
        return from_estimate_error(error)


def allowed(methods: str) -> str:
    """Return an Allow header: the methods of a route, and those that every path has.

    Examples
    --------
    >>> allowed("GET"), allowed("POST")
    ('GET, HEAD, OPTIONS', 'POST, OPTIONS')
    """
    names = methods.split(", ")
    return ", ".join([*names, *(["HEAD"] if "GET" in names and "HEAD" not in names else []), "OPTIONS"])
