"""(d) A bare ASGI callable: parse, compute, dump. It validates nothing and has one path."""

import json
from collections.abc import Callable
from typing import Any

import orjson
from starlette.types import Receive, Scope, Send

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.views import estimate_in_view


async def answer(loads: Callable[[bytes], Any], dumps: Callable[[Any], bytes], receive: Receive, send: Send) -> None:
    body, more = b"", True
    while more:
        message = await receive()
        body += message.get("body", b"")
        more = message.get("more_body", False)
    content = dumps(estimate_in_view(estimate, loads(body)))
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(content)).encode())]
    await send({"type": "http.response.start", "status": 200, "headers": headers})
    await send({"type": "http.response.body", "body": content})


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await answer(json.loads, lambda value: json.dumps(value).encode(), receive, send)


async def app_with_orjson(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        await answer(orjson.loads, orjson.dumps, receive, send)
