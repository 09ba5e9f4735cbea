"""The route of the computing endpoints: body bytes to pydantic-core, the endpoint, bytes back.

FastAPI's own route parses the body with `json.loads`, which takes NaN and lone surrogates, resolves an empty
dependency tree, copies the answer through a serializer before encoding it, and stands behind six layers that do
nothing for a request of this kind: together they cost more than the estimate. `ModelRoute` declares an endpoint to
FastAPI, for OpenAPI and for whatever mounts the application elsewhere, and serves it from the bytes; `shortcut`
hands it the requests that name it exactly, before FastAPI's layers. `make bench` says what that saves.
"""

import inspect
import json
from collections.abc import Callable, Coroutine
from functools import cache
from http import HTTPStatus
from typing import Any, ClassVar, Final, get_type_hints

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Request
from fastapi.routing import APIRoute
from pydantic import TypeAdapter, ValidationError
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.codec import encode
from app.guard import LARGE
from app.outgoing import AT_ONCE, outgoing, write
from app.problems import from_estimate_error, from_validation_error, problem
from models.errors import EstimateError

JSON = b"application/json"

MAXIMUM_FIELDS: Final = 100
"""Fields of an object of which no request has as many."""

CROWDED: Final = "An object holds more fields than any that is known: leave out those that are not."

LONG_VALUES: Final = 4000
"""Values from which a body is a long list: that of a thousand segments."""

ANSWER: Final = "retrorun.answer"
"""Key of a request's scope under which its answer is left for whoever counts answers."""


class ModelRoute(APIRoute):
    """A route whose endpoint takes one JSON object and returns what is to be encoded."""

    def __init__(self, path: str, endpoint: Callable[..., Any], **options: Any) -> None:
        (parameter,) = inspect.signature(endpoint).parameters
        shape = get_type_hints(endpoint, include_extras=True)[parameter]
        self.validate = TypeAdapter(shape).validator.validate_json
        self.fields = get_type_hints(shape)
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
        start: Message = {"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers}
        if len(answer) <= AT_ONCE:
            await send(start)
            await send({"type": "http.response.body", "body": answer})
            return
        outgoing.admit(len(answer))
        with outgoing.counted(len(answer)):
            await send(start)
            await write(send, answer, more=False)

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
        if accept not in {b"*/*", JSON} and not accepts_json(accept.decode("latin-1")):
            return problem(406)
        return await self.computed(scope, await body_of(receive))

    async def computed(self, scope: Scope, body: bytes) -> bytes | Response:
        """Return the answer to a body, as `answer` does."""
        return self.compute(scope, body)

    def compute(self, scope: Scope, body: bytes) -> bytes | Response:
        """Validate, compute and encode."""
        try:
            answer = self.endpoint(self.validate(body))
            if isinstance(answer, bytes):
                return answer
            encoded = encode(answer)
        except ValidationError as error:
            return from_validation_error(error, self.fields)
        except EstimateError as error:
            return from_estimate_error(error)
        scope[ANSWER] = answer
        return encoded


class ThreadRoute(ModelRoute):
    """A route whose requests may be long to compute: in a thread, so that others are answered meanwhile."""

    maximum_values: ClassVar[int | None] = None
    """Most values that a body may hold, where lists are taken: the validator stops all other requests meanwhile."""

    async def computed(self, scope: Scope, body: bytes) -> bytes | Response:
        """Return the answer to a body, computed beside the event loop; of long ones, one at a time."""
        values = values_of(body)
        if self.maximum_values is not None and values > self.maximum_values:
            return too_long("The body holds more values than any list that is answered: give fewer.")
        if LARGE in scope or values > LONG_VALUES:
            return await to_thread.run_sync(self.compute_long, scope, body, limiter=one_at_a_time())
        return await to_thread.run_sync(self.compute, scope, body, limiter=threads())

    def compute_long(self, scope: Scope, body: bytes) -> bytes | Response:
        """Do as `compute` does, but refuse first what the validator would long be about."""
        return too_long(CROWDED) if crowded(body) else self.compute(scope, body)


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


@cache
def threads() -> CapacityLimiter:
    """Return what limits the threads that compute: a few, so that a short one need not wait for a long one."""
    return CapacityLimiter(4)


@cache
def one_at_a_time() -> CapacityLimiter:
    """Return what keeps the memory for long lists to that of one."""
    return CapacityLimiter(1)


async def body_of(receive: Receive) -> bytes:
    """Return the body of a request; the guard has capped its size."""
    message = await receive()
    body: bytes = message.get("body", b"")
    if message.get("more_body"):
        parts = [body]
        while message.get("more_body"):
            message = await receive()
            parts.append(message.get("body", b""))
        body = b"".join(parts)
    if message["type"] == "http.disconnect":
        raise ClientDisconnect
    return body


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


def is_json(content_type: str) -> bool:
    """Say whether a Content-Type is JSON in UTF-8.

    Examples
    --------
    >>> is_json("application/json; charset=utf-8"), is_json("text/plain"), is_json("")
    (True, False, False)
    """
    if content_type == "application/json":
        return True
    media_type, *parameters = (part.strip() for part in content_type.lower().split(";"))
    named = media_type == "application/json" or (media_type.startswith("application/") and media_type.endswith("+json"))
    charsets = {part.removeprefix("charset=").strip('"') for part in parameters if part.startswith("charset=")}
    return named and charsets <= {"utf-8", "utf8"}


def accepts_json(accept: str) -> bool:
    """Say whether an Accept header leaves room for JSON.

    Examples
    --------
    >>> accepts_json("*/*"), accepts_json("text/html"), accepts_json("text/html, application/*;q=0.5")
    (True, False, True)
    >>> accepts_json("application/json;q=0, */*")
    False
    """
    if accept in {"*/*", "application/json", ""}:
        return True
    weights: dict[str, bool] = {}
    for choice in accept.lower().split(","):
        media_range, *parameters = (part.strip() for part in choice.split(";"))
        refused = any(part.replace(" ", "") in {"q=0", "q=0.0", "q=0.00", "q=0.000"} for part in parameters)
        weights[media_range] = not refused
    # The most specific range that is named decides.
    return next((weights[name] for name in ("application/json", "application/*", "*/*") if name in weights), False)
