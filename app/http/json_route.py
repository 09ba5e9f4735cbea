"""The route of the computing endpoints: from the bytes of a body to the bytes of an answer.

FastAPI's route takes more time than an estimate. It parses the body with `json.loads`, which accepts NaN and lone
surrogates, resolves an empty dependency tree, copies the answer through a serializer, and has six layers in front.
`ModelRoute` declares an endpoint to FastAPI, for OpenAPI and for applications that mount this one, and validates the
bytes with pydantic-core. `shortcut` passes requests to it before FastAPI's layers. `make bench` measures the saving.
"""

import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from typing import Any, ClassVar, Final, get_type_hints

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from retrorun.app.http import media_types
from retrorun.app.http.errors.codes import ERRORS
from retrorun.app.http.guard import Computing
from retrorun.app.http.limits import CLIENT_GONE, EXCEEDED_LIMIT, WORKERS
from retrorun.app.http.media_types import VARY, is_json, preferred
from retrorun.app.http.problems import encode, from_estimate_error, from_validation_error, not_acceptable, problem
from retrorun.models.vocabulary.errors import EstimateError

JSON = b"application/json"

MAXIMUM_FIELDS: Final = 100
"""More fields than any object of a request has."""

CROWDED: Final = "An object has too many fields. Remove the unknown ones."

CROWDED_VALUES: Final = 4000
"""A body with more values is checked for objects with too many fields."""

SMALL_BYTES: Final = 8192
"""Longest body that is validated on the event loop [B]."""
PART_BYTES: Final = 1 << 16
"""Parts of a body are joined until they have this size [B]."""

MARK: Final = "\ufeff".encode()
"""The byte order mark that some programs write before a JSON text. RFC 8259 lets a reader ignore it."""

ANSWER: Final = "retrorun.answer"
"""Scope key, set by the route: its answer, which the observer counts."""


class ModelRoute(APIRoute):
    """A route whose endpoint takes one JSON object and returns the answer to encode.

    Requests that may take longer than a few milliseconds are computed outside the event loop: all requests of a route
    with `beside`, and all bodies longer than `SMALL_BYTES`, because such a body may contain a thousand errors.
    """

    beside: ClassVar[bool] = False
    """Whether all requests are computed outside the event loop."""
    formats: ClassVar[tuple[str, ...]] = (media_types.JSON,)
    """The media types of its answers. Routes with more than one compute all answers outside the event loop."""
    maximum_values: ClassVar[int | None] = None
    """Most values that a body may contain, for routes that accept lists."""
    known: ClassVar[dict[str, "ModelRoute"]] = {}
    """The routes by path."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        (parameter,) = inspect.signature(endpoint).parameters
        shape = get_type_hints(endpoint, include_extras=True)[parameter]
        self.validate = TypeAdapter(shape).validator.validate_json
        self.shape = shape
        self.known[path] = self
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler for a request that came through FastAPI's layers."""

        async def handle(request: Request) -> Response:
            answer = await self.answer(request.scope, request.receive)
            return answer if isinstance(answer, Response) else Response(answer, media_type=JSON.decode())

        return handle

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that did not pass through FastAPI's layers."""
        answer = await self.answer(scope, receive)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(answer)), (b"content-type", JSON)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def answer(self, scope: Scope, receive: Receive) -> bytes | Response:
        """Return the bytes of the answer, or a problem."""
        content_type, accept = b"", b"*/*"
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value
            elif name == b"accept":
                accept = value
        if content_type != JSON and not is_json(content_type.decode("latin-1")):
            return problem(415, detail=ERRORS["media_type"].text)
        media_type: str | None = media_types.JSON
        if accept not in {b"*/*", JSON}:
            media_type = preferred(accept.decode("latin-1"), self.formats)
        if media_type is None:
            return not_acceptable(self.formats)
        body = await body_of(receive)
        if self.beside or len(body) > 1 or len(body[0]) > SMALL_BYTES:
            return await beside(scope, compute_at, self.path, media_type, body=body)
        answer = self.answer_of(bytes(body[0]).removeprefix(MARK))
        if isinstance(answer, bytes | Response):
            return answer
        encoded = encode(answer)
        scope[ANSWER] = answer
        return encoded

    def answer_of(self, body: bytes, media_type: str = media_types.JSON) -> Any:
        """Validate a body and compute. Return the answer, encoded or not, or a problem."""
        try:
            return self.compute(self.validate(body), media_type)
        except ValidationError as error:
            return from_validation_error(error, self.shape, body)
        except EstimateError as error:
            return from_estimate_error(error, self.shape, body)

    def compute(self, asked: Any, media_type: str) -> Any:
        """Return the answer to a request, encoded if it is not JSON."""
        return self.endpoint(asked)

    def crowded(self, body: bytes) -> bool:
        """Return whether an object in the body has so many unknown fields that validating them takes long."""
        return crowded(body)


class WorkerRoute(ModelRoute):
    """A route whose requests may take long to compute."""

    beside = True


async def beside(
    scope: Scope, work: Callable[..., Response], *given: Any, body: Sequence[bytes | bytearray] = (), long: bool = False
) -> Response:
    """Return the answer of a function, computed outside the event loop if the server has processes for that."""
    workers: Computing | None = scope.get(WORKERS)
    if workers is None:
        return work(*given, b"".join(body))
    return await workers.run(
        work, *given, body=body, long=long or EXCEEDED_LIMIT in scope, client_gone=scope.get(CLIENT_GONE, ())
    )


def compute_at(path: str, media_type: str, body: bytes) -> Response:
    """Return the answer of a route to a body."""
    route = ModelRoute.known[path]
    body = body.removeprefix(MARK)
    if len(body) > SMALL_BYTES:
        values = values_of(body)
        if route.maximum_values is not None and values > route.maximum_values:
            return too_long("The body contains too many values. Send shorter lists.")
        if values > CROWDED_VALUES and route.crowded(body):
            return too_long(CROWDED)
    answer = route.answer_of(body, media_type)
    if isinstance(answer, Response):
        return answer
    headers = VARY if len(route.formats) > 1 else None
    return Response(answer if isinstance(answer, bytes) else encode(answer), media_type=media_type, headers=headers)


def too_long(message: str) -> Response:
    """Return the problem of a body with too many fields or values."""
    return problem(422, errors=[{"pointer": "", "code": "too_long", "message": message}])


class Crowded(Exception):
    """An object has more than `MAXIMUM_FIELDS` fields."""


def crowded(body: bytes) -> bool:
    """Return whether an object in a JSON text has more than `MAXIMUM_FIELDS` fields, repeated ones included.

    Examples
    --------
    >>> crowded(b'[{"a": 1}]'), crowded(b"{" + b",".join([b'"a": 1'] * 1000) + b"}"), crowded(b"[")
    (False, True, False)
    """

    def count(fields: list[tuple[str, object]]) -> None:
        if len(fields) > MAXIMUM_FIELDS:
            raise Crowded

    try:
        json.loads(body, object_pairs_hook=count)
    except Crowded:
        return True
    except (ValueError, RecursionError):
        return False  # The validator reports the error.
    return False


def values_of(body: bytes) -> int:
    """Return the most values that a JSON text can contain, from its commas and opening brackets.

    Examples
    --------
    >>> values_of(b'{"a": [1, 2], "b": {}}')
    8
    """
    return body.count(b",") + 2 * (body.count(b"[") + body.count(b"{"))


async def body_of(receive: Receive) -> Sequence[bytes | bytearray]:
    """Return the body of a request in one or more parts. The guard has limited its size."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return [message.get("body", b"")]
    parts = [bytearray(message.get("body", b""))]
    while message.get("more_body"):
        message = await receive()
        part = message.get("body", b"")
        # Many parts of a few bytes would take many times the memory of their bytes.
        if len(parts[-1]) + len(part) <= PART_BYTES:
            parts[-1] += part
        else:
            parts.append(bytearray(part))
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return parts


def shortcut(app: ASGIApp, *routers: APIRouter) -> ASGIApp:
    """Return an application that serves the computing routes of some routers directly, and passes on all else.

    Parameters
    ----------
    app : ASGI application
        The whole application, which includes these routers too.
    *routers : APIRouter
        Routers whose `ModelRoute`s have no path parameters.

    Returns
    -------
    ASGI application
        The combined application.
    """
    direct = {
        (method, route.path): route
        for router in routers
        for route in router.routes
        if isinstance(route, ModelRoute)
        for method in route.methods or ()
    }

    async def serve(scope: Scope, receive: Receive, send: Send) -> None:
        route = direct.get((scope["method"], scope["path"])) if scope["type"] == "http" else None
        if route is None:
            await app(scope, receive, send)
        else:
            await route.serve(scope, receive, send)

    return serve
