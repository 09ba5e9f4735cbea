"""HEAD, OPTIONS and conditional GET for every path, so that routes need not support them.

Answers to GET change only with the version. Each has an ETag made from its bytes. A client that sends this tag gets
304 without a body. Range requests are not supported: their errors would be plain text.
"""

import hashlib
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from types import MappingProxyType
from typing import Final

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrorun.app.http.limits import ALWAYS_SERVED, KEPT_ANSWER, Refused
from retrorun.app.http.media_types import preferred

KNOWN: Final = {"GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH", "QUERY"}
"""The methods that HTTP has for such paths. A path may not allow one of these (405); any other is unknown (501)."""
NOT_KEPT: Final = b"no-store"
ASKED_AGAIN: Final = b"no-cache"
"""A client may keep a copy, but must check it before each use, so after an upgrade it does not use an old one."""
WITH_NOT_MODIFIED: Final = {b"cache-control", b"content-location", b"etag", b"expires", b"vary"}
"""Header fields that RFC 9110 requires in a 304."""


class Methods:
    """Add HEAD, OPTIONS and conditional GET to an application whose routes support GET and POST.

    Parameters
    ----------
    app : ASGI application
        The application to wrap.
    constant : mapping, optional
        Paths whose answers to GET change only with the version, each with the media types among which Accept chooses;
        none if there is one. Each answer is made once and kept.
    """

    def __init__(self, app: ASGIApp, constant: Mapping[str, Sequence[str]] = MappingProxyType({})) -> None:
        self.app = app
        self.constant = constant
        self.kept: dict[tuple[str, str | None], tuple[Message, bytes]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        method = scope["method"] if scope["type"] == "http" else ""
        if method in {"GET", "HEAD"}:
            await self.get(scope, receive, send)
        elif method == "OPTIONS":
            await self.options(scope, receive, send)
        elif method and method not in KNOWN:
            raise Refused("unknown_method")
        else:
            await self.app(scope, receive, send)

    async def get(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve GET, or HEAD as GET without the body."""
        path = scope["path"]
        offered = self.constant.get(path)
        chosen = path, preferred(accepted(scope), offered) if offered else None
        start, body = self.kept.get(chosen) or await self.made(scope, receive)
        if offered is not None and start["status"] == HTTPStatus.OK:
            self.kept[chosen] = start, body
            scope[KEPT_ANSWER] = True
        headers = dict(start["headers"])
        tag = headers.get(b"etag")
        if tag is not None and client_has(scope, tag):
            headers = {name: value for name, value in headers.items() if name in WITH_NOT_MODIFIED}
            start, body = {**start, "status": HTTPStatus.NOT_MODIFIED}, b""
        await send({**start, "headers": list(headers.items())})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    async def made(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """Return the start and the body of the answer to GET, with its tag."""
        start, body = await self.collected({**scope, "method": "GET"}, receive)
        headers = dict(start["headers"])
        if scope["path"] in ALWAYS_SERVED:
            headers[b"cache-control"] = NOT_KEPT
        elif start["status"] == HTTPStatus.OK:
            headers[b"etag"] = b'"%s"' % hashlib.sha256(body).hexdigest().encode()
            headers.setdefault(b"cache-control", ASKED_AGAIN)
        return {**start, "headers": list(headers.items())}, body

    async def options(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve OPTIONS. No route supports it, so the 405 of the path lists its methods."""
        start, body = await self.collected(scope, receive)
        if start["status"] == HTTPStatus.METHOD_NOT_ALLOWED:
            allow = [field for field in start["headers"] if field[0] == b"allow"]
            start, body = {**start, "status": HTTPStatus.NO_CONTENT, "headers": allow}, b""
        await send(start)
        await send({"type": "http.response.body", "body": body})

    async def collected(self, scope: Scope, receive: Receive) -> tuple[Message, bytes]:
        """Return the start and the body of the application's answer."""
        start: Message = {}
        parts: list[bytes] = []

        async def collect(message: Message) -> None:
            if message["type"] == "http.response.start":
                start.update(message)
            else:
                parts.append(message.get("body", b""))

        await self.app(scope, receive, collect)
        return start, b"".join(parts)


def accepted(scope: Scope) -> str:
    """Return the field Accept of a request, empty without one."""
    return ",".join(value.decode("latin-1") for name, value in scope["headers"] if name == b"accept")


def client_has(scope: Scope, tag: bytes) -> bool:
    """Return whether If-None-Match of a request contains a tag, by weak comparison (RFC 9110)."""
    named = b",".join(value for name, value in scope["headers"] if name == b"if-none-match")
    return named.strip() == b"*" or tag in re.findall(rb'"[^"]*"', named)
