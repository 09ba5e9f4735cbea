"""Answers as JSON, and errors as `application/problem+json` (RFC 9457), which never repeat the caller's input.

Body mass and age are health data, so no message, pointer or log holds an input. An error does not name an unknown
field, only the known one that looks like it.
"""

from collections.abc import Iterable, Mapping, Sequence
from difflib import get_close_matches
from http import HTTPStatus
from typing import Any, Final, get_args, get_origin, get_type_hints

import orjson
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from retrorun.app.http.media_types import VARY
from retrorun.models.vocabulary.errors import EstimateError, Unattainable

MEDIA_TYPE: Final = "application/problem+json"

MAXIMUM_ERRORS: Final = 20
"""Most errors listed in one problem. A body of 64 KiB can hold thousands, and their list would be 60 times as long."""

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
    detail: str | None = None,
    errors: Iterable[Mapping[str, object]] = (),
    headers: Mapping[str, str] | None = None,
) -> Response:
    """Return a problem answer.

    Parameters
    ----------
    status : int
        HTTP status.
    detail : str, optional
        What is wrong and what to do; by default the sentence of the status.
    errors : iterable of mappings, optional
        Each thing to fix: pointer, code, message, and the attainable values if a target is out of reach.
    headers : mapping, optional
        Additional headers.

    Returns
    -------
    Response
        The answer, as `application/problem+json`.
    """
    title, meaning = PROBLEMS.get(status) or (HTTPStatus(status).phrase, HTTPStatus(status).description)
    body: dict[str, Any] = {"type": "about:blank", "title": title, "status": status, "detail": detail or meaning}
    if listed := list(errors):
        body["errors"] = listed
    return Response(encode(body), status_code=status, media_type=MEDIA_TYPE, headers=headers)


def not_acceptable(offered: Sequence[str]) -> Response:
    """Return the problem of a request that accepts none of the media types of its path; it names them."""
    *others, last = offered
    named = f"{', '.join(others)} or {last}" if others else last
    return problem(406, detail=f"Accept {named}.", headers=VARY)


def from_estimate_error(error: EstimateError) -> Response:
    """Return the problem of an input that has no estimate."""
    pointer = f"/{error.field}" if error.field else ""
    attainable = error.reach if isinstance(error, Unattainable) else {}
    return problem(422, errors=[{"pointer": pointer, "code": error.code, "message": error.message, **attainable}])


def from_validation_error(error: ValidationError, fields: Mapping[str, Any]) -> Response:
    """Return the problem of a body that is not JSON (400) or not a request (422).

    Parameters
    ----------
    error : ValidationError
        The findings of pydantic.
    fields : mapping
        The fields of the request with their types, to suggest one for an unknown field.

    Returns
    -------
    Response
        The answer, as `application/problem+json`.
    """
    found = error.errors(include_url=False, include_input=False)
    if found[0]["type"] == "json_invalid":
        return problem(400)
    return problem(422, errors=[_described(item, fields) for item in found[:MAXIMUM_ERRORS]])


def _fields_at(place: Iterable[str | int], fields: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of the object at a place in a request; a number is a place in a list."""
    for part in place:
        if isinstance(part, str):
            hint = fields[part]
            fields = get_type_hints(get_args(hint)[0] if get_origin(hint) is list else hint)
    return fields


def _described(item: Any, fields: Mapping[str, Any]) -> dict[str, str]:
    """Return one finding of pydantic as an error of this service."""
    kind, place, context = item["type"], item["loc"], item.get("ctx", {})
    pointer = "".join(f"/{part}" for part in place)
    if kind == "extra_forbidden":
        known = _fields_at(place[:-1], fields)
        near = get_close_matches(str(place[-1]), known, n=1)
        hint = f"Did you mean {near[0]}?" if near else f"Known fields: {', '.join(known)}."
        pointer = "".join(f"/{part}" for part in place[:-1])
        return {"pointer": pointer, "code": "unknown_field", "message": f"Unknown field. {hint}"}
    code, message = {
        "missing": ("required", "This field is required."),
        "float_type": ("not_a_number", "Give a JSON number, without quotes."),
        "float_parsing": ("not_a_number", "Give a number."),
        "int_type": ("not_an_integer", "Give a whole number, without quotes."),
        "finite_number": ("not_finite", "Give a finite number."),
        "greater_than_equal": ("out_of_range", f"Give a number of at least {context.get('ge', 0):g}."),
        "less_than_equal": ("out_of_range", f"Give a number of at most {context.get('le', 0):g}."),
        "literal_error": ("not_a_choice", f"Give one of: {context.get('expected', '')}."),
        "string_type": ("not_a_string", "Give a JSON string."),
        "bool_type": ("not_a_boolean", "Give true or false."),
        "list_type": ("not_a_list", "Give a JSON array."),
        "too_short": ("too_short", f"Give at least {context.get('min_length', 1)} item."),
        "too_long": ("too_long", f"Give at most {context.get('max_length', 0)} items."),
        "not_unique": ("not_unique", "Give each item once."),
        "dict_type": ("not_an_object", "Give a JSON object."),
    }.get(kind, ("invalid", "This value is not valid."))
    return {"pointer": pointer, "code": code, "message": message}


def install(app: FastAPI) -> None:
    """Turn every error that FastAPI or Starlette raises into a problem."""

    @app.exception_handler(HTTPException)
    async def http_error(_: Request, error: HTTPException) -> Response:
        headers = dict(error.headers or {})
        detail = None
        if "Allow" in headers:
            detail = f"Use {headers['Allow'].replace(', ', ' or ')} for this path."
            headers["Allow"] = allowed(headers["Allow"])
        return problem(error.status_code, detail=detail, headers=headers)

    @app.exception_handler(RequestValidationError)
    async def invalid(_: Request, error: RequestValidationError) -> Response:
        return problem(422, errors=[_described(item, {}) for item in error.errors()])

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
