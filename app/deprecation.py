"""Paths that will go, said in the contract and with each of their answers long before they do."""

from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from email.utils import format_datetime
from typing import Any, Final, NamedTuple

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Deprecation(NamedTuple):
    """When a path was deprecated, and when it may be gone."""

    since: date
    sunset: date

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the header fields of RFC 9745 and RFC 8594.

        Examples
        --------
        >>> Deprecation(since=date(2026, 1, 1), sunset=date(2027, 1, 1)).headers()
        [(b'deprecation', b'@1767225600'), (b'sunset', b'Fri, 01 Jan 2027 00:00:00 GMT')]
        """
        since, sunset = (datetime.combine(day, time(), UTC) for day in self)
        return [
            (b"deprecation", f"@{since.timestamp():.0f}".encode()),
            (b"sunset", format_datetime(sunset, usegmt=True).encode()),
        ]


DEPRECATED: Final[Mapping[str, Deprecation]] = {}
"""By path. None so far."""


class Deprecated:
    """Wrap an application, and tell of the paths that will go.

    Parameters
    ----------
    app : ASGI application
        What is wrapped.
    deprecated : mapping of str to Deprecation
        The paths.
    """

    def __init__(self, app: ASGIApp, deprecated: Mapping[str, Deprecation]) -> None:
        self.app = app
        self.headers = {path: deprecation.headers() for path, deprecation in deprecated.items()}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request."""
        headers = self.headers.get(scope.get("path", ""))
        if headers is None:
            await self.app(scope, receive, send)
            return

        async def tell(message: Message) -> None:
            if message["type"] == "http.response.start":
                message = {**message, "headers": [*message["headers"], *headers]}
            await send(message)

        await self.app(scope, receive, tell)


def mark(document: dict[str, Any], deprecated: Mapping[str, Deprecation]) -> None:
    """Mark the operations of a contract whose paths will go, and say when."""
    for path, deprecation in deprecated.items():
        for operation in document["paths"][path].values():
            operation["deprecated"] = True
            operation["description"] += (
                f"\n\nDeprecated since {deprecation.since}; may be gone from {deprecation.sunset}."
            )
