"""(e) The answer of the service as constant bytes, from a bare ASGI callable: the cost of the server itself."""

import json
from typing import Final

import orjson
from starlette.types import Receive, Scope, Send

from benchmarks.variants import BODY
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.views import estimate_in_view

CONTENT: Final = orjson.dumps(estimate_in_view(estimate, json.loads(BODY)))
HEADERS: Final = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(CONTENT))]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    if scope["type"] == "http":
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 200, "headers": HEADERS})
        await send({"type": "http.response.body", "body": CONTENT})
