"""The route of the computing endpoints: body bytes to pydantic-core, the endpoint, bytes back.

FastAPI's own route parses the body with `json.loads`, which takes NaN and lone surrogates, resolves an empty
dependency tree, and copies the answer through a serializer before encoding it. This one validates the bytes
directly and encodes what the model returned. The contract, the errors and the OpenAPI stay those of FastAPI.
"""

import inspect
from collections.abc import Callable, Coroutine
from typing import Any, get_type_hints

from fastapi import Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from pydantic_core import to_json
from starlette.responses import Response

from app.problems import from_estimate_error, from_validation_error, problem
from models.errors import EstimateError


class ModelRoute(APIRoute):
    """A route whose endpoint takes one JSON object and returns what is to be encoded."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler; made once, when the route is."""
        (parameter,) = inspect.signature(self.endpoint).parameters
        shape = get_type_hints(self.endpoint, include_extras=True)[parameter]
        validate = TypeAdapter(shape).validator.validate_json
        fields = get_type_hints(shape)
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            headers = request.headers
            if not is_json(headers.get("content-type", "")):
                return problem(415)
            if not accepts_json(headers.get("accept", "*/*")):
                return problem(406)
            try:
                answer = endpoint(validate(await request.body()))
            except ValidationError as error:
                return from_validation_error(error, fields)
            except EstimateError as error:
                return from_estimate_error(error)
            return Response(encode(answer), media_type="application/json")

        return handle


def encode(answer: object) -> bytes:
    """Return an answer as JSON; refuse, as a fault of ours, a number that JSON does not have.

    Examples
    --------
    >>> encode({"value": 1.5})
    b'{"value":1.5}'
    """
    body = to_json(answer, inf_nan_mode="constants")
    if b":NaN" in body or b"Infinity" in body:
        raise ArithmeticError("an answer holds a number that is not finite")
    return body


def is_json(content_type: str) -> bool:
    """Say whether a Content-Type is JSON in UTF-8.

    Examples
    --------
    >>> is_json("application/json; charset=utf-8"), is_json("text/plain"), is_json("")
    (True, False, False)
    """
    if content_type == "application/json":
        return True
    media_type, _, parameters = content_type.lower().partition(";")
    media_type, parameters = media_type.strip(), parameters.strip().replace('"', "")
    named = media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
    return named and (not parameters.startswith("charset") or parameters in {"charset=utf-8", "charset=utf8"})


def accepts_json(accept: str) -> bool:
    """Say whether an Accept header leaves room for JSON.

    Examples
    --------
    >>> accepts_json("*/*"), accepts_json("text/html"), accepts_json("text/html, application/*;q=0.5")
    (True, False, True)
    >>> accepts_json("application/json;q=0")
    False
    """
    if accept in {"*/*", "application/json", ""}:
        return True
    for choice in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in choice.split(";"))
        refused = any(part.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for part in parameters)
        if media_range in {"*/*", "application/*", "application/json"} and not refused:
            return True
    return False
