"""Send any bytes as a body, in this process: the answer must follow the contract, without an exception.

A request with a complete body never waits, so it runs without an event loop: some thousand bodies a second, each
through the guard, the route, pydantic, the model and the encoder.
"""

import json
from collections.abc import Awaitable, MutableMapping
from typing import Any, Final, NoReturn

from retrorun.app.http.limits import MAXIMUM_BODY_BYTES
from retrorun.app.main import app

JSON: Final = ((b"content-type", b"application/json"),)
STATUSES: Final = frozenset({200, 400, 413, 422})
STATUSES_OF_HEADERS: Final = STATUSES | {406, 415}
MAXIMUM_ANSWER_BYTES: Final = 20_000

Message = MutableMapping[str, Any]


def answer_to(*pieces: bytes, headers: tuple[tuple[bytes, bytes], ...] = JSON) -> tuple[int, dict[bytes, bytes], bytes]:
    """Return status, headers and body of the answer to a POST to /estimate whose body comes in these pieces."""
    scope = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "POST",
        "path": "/estimate",
        "raw_path": b"/estimate",
        "root_path": "",
        "scheme": "http",
        "query_string": b"",
        "headers": list(headers),
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 2),
        "state": {},
    }
    waiting = [{"type": "http.request", "body": piece, "more_body": True} for piece in pieces[:-1]]
    waiting.append({"type": "http.request", "body": pieces[-1] if pieces else b"", "more_body": False})
    sent: list[Message] = []

    async def receive() -> Message:
        return waiting.pop(0) if waiting else {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        sent.append(message)

    run_without_waiting(app(scope, receive, send))
    start, *parts = sent
    assert all(part["type"] == "http.response.body" for part in parts)
    return start["status"], dict(start["headers"]), b"".join(part.get("body", b"") for part in parts)


def run_without_waiting(request: Awaitable[None]) -> None:
    """Run a coroutine that never waits to its end."""
    try:
        request.__await__().send(None)
    except StopIteration:
        return
    raise AssertionError("the request waited, although its body was complete")


def no_constant(name: str) -> NoReturn:
    """Raise for a constant that Python reads but JSON does not have."""
    raise AssertionError(f"{name} is not JSON")


def check(*pieces: bytes, headers: tuple[tuple[bytes, bytes], ...] = JSON, allowed: frozenset[int] = STATUSES) -> int:
    """Send a body, check that the answer is one of the contract's, and return its status."""
    status, answered, body = answer_to(*pieces, headers=headers)
    assert status in allowed, (status, body)
    assert len(body) == int(answered[b"content-length"]) <= MAXIMUM_ANSWER_BYTES
    assert answered[b"x-request-id"]
    found = json.loads(body, parse_constant=no_constant)
    if status == 200:
        assert {"forward", "backward", "summary"} & found.keys() or "include" in b"".join(pieces).decode()
        assert b"null" not in body
    else:
        assert answered[b"content-type"] == b"application/problem+json"
        assert found["status"] == status
        assert bool(found.get("errors")) == (status == 422)
    assert (status == 413) == (sum(map(len, pieces)) > MAXIMUM_BODY_BYTES) or status in {406, 415}
    return status
