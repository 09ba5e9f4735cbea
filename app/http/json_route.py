"""The route of the computing endpoints: body bytes to pydantic-core, the endpoint, bytes back.

FastAPI's own route parses the body with `json.loads`, which takes NaN and lone surrogates, resolves an empty
dependency tree, copies the answer through a serializer before encoding it, and stands behind six layers that do
nothing for a request of this kind: together they cost more than the estimate. `ModelRoute` declares an endpoint to
FastAPI, for OpenAPI and for whatever mounts the application elsewhere, and serves it from the bytes; `shortcut`
hands it the requests that name it exactly, before FastAPI's layers. `make bench` says what that saves.
"""

import inspect
import json
from collections.abc import Callable, Coroutine, Sequence
from http import HTTPStatus
from typing import Any, ClassVar, Final, get_type_hints

from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

from retrorun.app.http.guard import Computing
from retrorun.app.http.limits import LARGE, LEFT, WORKERS
from retrorun.app.http.media_types import is_json, preferred
from retrorun.app.http.problems import encode, from_estimate_error, from_validation_error, problem
from retrorun.models.vocabulary.errors import EstimateError

JSON = b"application/json"

MAXIMUM_FIELDS: Final = 100
"""Fields of an object of which no request has as many."""

CROWDED: Final = "An object holds more fields than any that is known: leave out those that are not."

CROWDED_VALUES: Final = 4000
"""Values from which it is worth looking whether an object has too many fields."""

SMALL_BYTES: Final = 8192
"""Longest body that is validated on the event loop."""
PART_BYTES: Final = 1 << 16
"""Bytes of a body that are kept in one part, at least."""

ANSWER: Final = "retrorun.answer"
"""Key of a request's scope under which its answer is left for whoever counts answers."""


class ModelRoute(APIRoute):
    """A route whose endpoint takes one JSON object and returns what is to be encoded.

    What may take longer than a few milliseconds is computed beside the event loop: every body of a route that says
    so, and every body that is longer than `SMALL_BYTES`, because what is wrong in it may stand there a thousand times.
    """

    beside: ClassVar[bool] = False
    """Whether every body is computed beside the event loop."""
    maximum_values: ClassVar[int | None] = None
    """Most values that a body may hold, where lists are taken."""
    known: ClassVar[dict[str, "ModelRoute"]] = {}
    """The routes by their paths."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        (parameter,) = inspect.signature(endpoint).parameters
        shape = get_type_hints(endpoint, include_extras=True)[parameter]
        self.validate = TypeAdapter(shape).validator.validate_json
        self.fields = get_type_hints(shape)
        self.known[path] = self
        super().__init__(path, endpoint, **options)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the handler for a request that came through FastAPI's layers."""

        async def handle(request: Request) -> Response:
            answer = await self.answer(request.scope, request.receive)
            return answer if isinstance(answer, Response) else Response(answer, media_type=JSON.decode())

        return handle

    async def serve(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request that came straight."""
        answer = await self.answer(scope, receive)
        if isinstance(answer, Response):
            await answer(scope, receive, send)
            return
        headers = [(b"content-length", b"%d" % len(answer)), (b"content-type", JSON)]
        await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
        await send({"type": "http.response.body", "body": answer})

    async def answer(self, scope: Scope, receive: Receive) -> bytes | Response:
        """Return the answer's bytes, or the problem that stands in the way."""
        content_type, accept = b"", b"*/*"
        for name, value in scope["headers"]:
            if name == b"content-type":
                content_type = value
            elif name == b"accept":
                accept = value
        if content_type != JSON and not is_json(content_type.decode("latin-1")):
            return problem(415)
        if accept not in {b"*/*", JSON} and preferred(accept.decode("latin-1")) is None:
            return problem(406)
        body = await body_of(receive)
        if self.beside or len(body) > 1 or len(body[0]) > SMALL_BYTES:
            return await beside(scope, compute_at, self.path, body=body)
        answer = self.answer_of(body[0])
        if isinstance(answer, bytes | Response):
            return answer
        encoded = encode(answer)
        scope[ANSWER] = answer
        return encoded

    def answer_of(self, body: bytes) -> Any:
        """Validate and compute; return what is to be encoded, or its bytes, or the problem that stands in the way."""
        try:
            return self.endpoint(self.validate(body))
        except ValidationError as error:
            return from_validation_error(error, self.fields)
        except EstimateError as error:
            return from_estimate_error(error)

    def crowded(self, body: bytes) -> bool:
        """Say whether the validator would be long about a body with more fields than are known."""
        return crowded(body)


class WorkerRoute(ModelRoute):
    """A route whose requests may be long to compute."""

    beside = True


async def beside(
    scope: Scope, work: Callable[..., Response], *given: Any, body: Sequence[bytes | bytearray] = (), long: bool = False
) -> Response:
    """Return what a function answers, computed beside the event loop where the server has a place for that."""
    workers: Computing | None = scope.get(WORKERS)
    if workers is None:
        return work(*given, b"".join(body))
    return await workers.run(work, *given, body=body, long=long or LARGE in scope, left=scope.get(LEFT, ()))


def compute_at(path: str, body: bytes) -> Response:
    """Return the answer of a route to a body."""
    route = ModelRoute.known[path]
    if len(body) > SMALL_BYTES:
        values = values_of(body)
        if route.maximum_values is not None and values > route.maximum_values:
            return too_long("The body holds more values than any list that is answered: give fewer.")
        if values > CROWDED_VALUES and route.crowded(body):
            return too_long(CROWDED)
    answer = route.answer_of(body)
    if isinstance(answer, Response):
        return answer
    return Response(answer if isinstance(answer, bytes) else encode(answer), media_type=JSON.decode())


def too_long(message: str) -> Response:
    """Return the problem of a body that holds too much."""
    return problem(422, errors=[{"pointer": "", "code": "too_long", "message": message}])


class Crowded(Exception):
    """An object has more fields than any that is known."""


def crowded(body: bytes) -> bool:
    """Say whether an object in a JSON text has more fields than any that is known, those that stand twice counted.

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
        return False  # The validator says so.
    return False


def values_of(body: bytes) -> int:
    """Return the most values that a JSON text can hold: each follows a comma, or opens, or is the first in what does.

    Examples
    --------
    >>> values_of(b'{"a": [1, 2], "b": {}}')
    8
    """
    return body.count(b",") + 2 * (body.count(b"[") + body.count(b"{"))


async def body_of(receive: Receive) -> list[bytes]:
    """Return the body of a request in its parts, one at least; the guard has capped its size."""
    message = await receive()
    if message["type"] == "http.request" and not message.get("more_body"):
        return [message.get("body", b"")]
    parts = [bytearray(message.get("body", b""))]
    while message.get("more_body"):
        message = await receive()
        part = message.get("body", b"")
        # Of a few bytes each, parts would take many times their length.
        if len(parts[-1]) + len(part) <= PART_BYTES:
            parts[-1] += part
        else:
            parts.append(bytearray(part))
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return [bytes(part) for part in parts]


def shortcut(app: ASGIApp, *routers: APIRouter) -> ASGIApp:
    """Return an application that serves exact requests for routers' computing routes itself, and hands on the rest.

    Parameters
    ----------
    app : ASGI application
        The whole application, which includes the routers too.
    *routers : APIRouter
        Routers whose `ModelRoute`s have no parameters in their paths.

    Returns
    -------
    ASGI application
        The two as one.
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
