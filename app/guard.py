"""The outermost ASGI layer: request id, body cap, security headers, and the last word on faults.

Written against ASGI itself: Starlette's `BaseHTTPMiddleware` would cost more than the estimate does.
"""

import logging
import re
import secrets
import traceback
from http import HTTPStatus
from typing import Final

from starlette.requests import ClientDisconnect
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.problems import problem

MAXIMUM_BODY_BYTES: Final = 65_536
REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")

PAGE_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", PAGE_POLICY),
)

logger = logging.getLogger("retrorun")


class BodyTooLarge(Exception):
    """The body grew past the cap while it was read."""


class Guard:
    """Wrap the application: every answer leaves through here, 413 and 500 included."""

    def __init__(self, app: ASGIApp, maximum_body_bytes: int = MAXIMUM_BODY_BYTES) -> None:
        self.app = app
        self.maximum_body_bytes = maximum_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        length = request_id = b""
        for name, value in scope["headers"]:
            if name == b"content-length":
                length = value
            elif name == b"x-request-id":
                request_id = value
        if not REQUEST_ID.fullmatch(request_id):
            request_id = secrets.token_hex(8).encode()
        extra = [(b"x-request-id", request_id), *SECURITY_HEADERS]
        received, started, dropped = 0, False, False

        async def counted() -> Message:
            nonlocal received
            message = await receive()
            received += len(message.get("body", b""))
            if received > self.maximum_body_bytes:
                raise BodyTooLarge
            return message

        async def answer(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                message["headers"] = [*message["headers"], *extra]
            await send(message)

        async def guarded(message: Message) -> None:
            nonlocal dropped
            # Starlette answers an exception with a page of text before it lets the exception through to here.
            if message["type"] == "http.response.start":
                dropped = message["status"] == HTTPStatus.INTERNAL_SERVER_ERROR
            if not dropped:
                await answer(message)

        try:
            if length.isdigit() and int(length) > self.maximum_body_bytes:
                raise BodyTooLarge
            await self.app(scope, counted, guarded)
            if dropped:
                await problem(500)(scope, receive, answer)
        except BodyTooLarge:
            detail = f"The body is larger than {self.maximum_body_bytes} bytes: send less."
            await problem(413, detail=detail, headers={"connection": "close"})(scope, receive, answer)
        except ClientDisconnect:
            return  # Nobody is left to answer, and it is no fault of ours.
        except Exception as error:
            # The message of an exception may hold what the caller sent, so only its kind and place are logged.
            logger.error("request %s failed: %s", request_id.decode(), where_it_happened(error))
            if started:
                # Only so that the server breaks off; what is raised is what the server logs.
                raise RuntimeError("the answer broke off") from None
            await problem(500)(scope, receive, answer)


def where_it_happened(error: BaseException) -> str:
    """Return the kind of an exception and the lines it came through, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[-6:])
