"""The outermost ASGI layer: who is let in, request id, body cap, security headers, and the last word on faults.

Written against ASGI itself: Starlette's `BaseHTTPMiddleware` would cost more than the estimate does.
"""

import asyncio
import logging
import re
import secrets
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, Protocol

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrorun.app.http.headers import fields_of, is_coded
from retrorun.app.http.limits import (
    ALWAYS_SERVED,
    AT_ONCE,
    CLOSE,
    COUNTED_BYTES,
    CUT,
    EMBEDDABLE,
    EMBEDDABLE_HEADERS,
    EXCHANGE,
    LARGE,
    LONGEST_LENGTH,
    PROBES,
    REFUSAL,
    REFUSALS,
    SECURITY_HEADERS,
    SHARED,
    STREAMS,
    WORKERS,
    Bytes,
    Refused,
    WorkFailed,
    body_limit,
    refusal_answer,
    where_it_happened,
)
from retrorun.app.http.problems import problem
from retrorun.app.settings import Settings

REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")


CLOSED_BY_CALLER: Final = 499
"""Status under which an observer hears of a request whose caller left before the answer."""

logger = logging.getLogger("retrorun")


@dataclass(slots=True)
class State:
    """What the server tells the guard."""

    stopping: bool = False
    loop_lag_s: float = 0.0
    overloaded: bool = False


class Observing(Protocol):
    """Who is told of each request."""

    def started(self) -> None:
        """Note that a request arrived."""

    def finished(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        """Note how it ended."""

    def refused(self, reason: str) -> None:
        """Note that one was refused, or a connection ended, and why."""

    def failed(self) -> None:
        """Note that one met a fault of ours."""

    def lag(self, seconds: float) -> None:
        """Note how late the event loop ran."""


class Computing(Protocol):
    """What computes beside the event loop."""

    outgoing: Bytes
    """Long answers on their way."""

    async def run(
        self, work: Callable[..., Response], *given: Any, body: Sequence[bytes | bytearray], long: bool, left: Sized
    ) -> Response:
        """Return what a function answers, or refuse."""


class Keys(Protocol):
    """Who may call."""

    def allows(self, scope: Scope) -> bool:
        """Say whether a request carries a valid key."""


class Guard:
    """Wrap the application: every answer leaves through here, 413 and 500 included.

    Parameters
    ----------
    app : ASGI application
        What is guarded.
    settings : Settings, optional
        Limits; the defaults when left out.
    observer : Observing, optional
        Told of each request.
    keys : Keys, optional
        Asked for each request but the probes.
    cross_origin : callable, optional
        Wraps an application so that pages of other origins may read its answers; refusals are wrapped too.
    workers : Workers, optional
        What computes beside the event loop, for routes that want it.
    """

    def __init__(
        self,
        app: ASGIApp,
        settings: Settings | None = None,
        observer: Observing | None = None,
        keys: Keys | None = None,
        cross_origin: Callable[[ASGIApp], ASGIApp] | None = None,
        workers: "Computing | None" = None,
    ) -> None:
        self.workers = workers
        self.cross_origin = cross_origin
        self.app = self.readable(app)
        self.settings = settings or Settings()
        self.maximum_body_bytes = self.settings.maximum_body_bytes
        self.counted_bytes = min(COUNTED_BYTES, self.maximum_body_bytes)
        self.incoming = Bytes(self.settings.maximum_incoming_bytes, "uploads")
        self.outgoing = workers.outgoing if workers else Bytes(self.settings.maximum_outgoing_bytes, "answers")
        self.observer = observer
        self.keys = keys
        self.state = State()

    def readable(self, app: ASGIApp) -> ASGIApp:
        """Return an application whose answers the allowed origins may read."""
        return self.cross_origin(app) if self.cross_origin else app

    def admit(self, scope: Scope) -> None:
        """Raise the reason for which a request is not to be served."""
        path, reason = scope["path"], scope.get(REFUSAL)
        if reason and not (reason == "connections" and path in ALWAYS_SERVED):
            raise Refused(reason)
        if self.state.stopping and path == "/readyz":
            raise Refused("stopping")
        if self.state.overloaded and path not in ALWAYS_SERVED:
            raise Refused("loop_lag")
        # A browser asks without a key whether it may ask with one.
        preflight = self.cross_origin is not None and scope["method"] == "OPTIONS"
        if self.keys is not None and path not in PROBES and not preflight and not self.keys.allows(scope):
            raise Refused("key")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one connection."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        observer = self.observer
        if observer is None:
            await self.serve(Exchange(self, scope, receive, send))
            return
        begun = perf_counter()
        observer.started()
        exchange = Exchange(self, scope, receive, send)
        try:
            await self.serve(exchange)
        finally:
            status, seconds = exchange.status or CLOSED_BY_CALLER, perf_counter() - begun
            observer.finished(scope, status, seconds, exchange.request_id.decode())

    async def serve(self, exchange: "Exchange") -> None:
        """Serve one request."""
        scope = exchange.scope
        try:
            if self.state.overloaded or self.state.stopping or self.keys is not None or REFUSAL in scope:
                self.admit(scope)
            # A proxy that compares paths as they are sent would let through what it keeps to itself.
            if b"%" in (scope.get("raw_path") or b""):
                raise Refused("path")
            if exchange.coded:
                raise Refused("encoding")
            if exchange.length.isdigit() and (
                len(exchange.length) > LONGEST_LENGTH or int(exchange.length) > exchange.limit
            ):
                raise Refused("body_size")
            await self.app(scope, exchange.receive, exchange.send)
            if exchange.dropped:
                await problem(500)(scope, exchange.receive, exchange.answer)
        except Refused as refused:
            await self.send_refusal(exchange, *refused.args)
        except ClientDisconnect:
            return  # Nobody is left to answer, and it is no fault of ours.
        except asyncio.CancelledError:
            if not self.state.stopping:
                raise
            # The time to stop is over.
            await self.send_refusal(exchange, "stopping")
        except Exception as error:
            if self.observer is not None:
                self.observer.failed()
            # The message of an exception may hold what the caller sent, so only its kind and place are logged.
            where = str(error) if isinstance(error, WorkFailed) else where_it_happened(error)
            logger.error("request %s failed: %s", exchange.request_id.decode(), where)
            if exchange.status:
                raise BrokenOff from None
            await problem(500)(scope, exchange.receive, exchange.answer)
        finally:
            scope.pop(EXCHANGE, None)  # Else the two would hold each other until the garbage is collected.
            self.incoming.held -= exchange.incoming
            self.outgoing.held -= exchange.outgoing

    async def send_refusal(self, exchange: "Exchange", reason: str) -> None:
        """Answer with the problem of a refusal."""
        if self.observer is not None:
            self.observer.refused(reason)
        if exchange.status:
            exchange.scope[CUT] = reason
            raise BrokenOff from None
        if REFUSALS[reason].close:
            exchange.scope[REFUSAL] = reason
        response = self.readable(refusal_answer(reason, self.settings, exchange.scope["path"]))
        await response(exchange.scope, exchange.receive, exchange.answer)


class BrokenOff(RuntimeError):
    """An answer broke off: raised without what led to it, only so that the server, which logs it, breaks off too."""


class Exchange:
    """One request and its answer, as both pass the guard."""

    __slots__ = (
        *("coded", "dropped", "extra", "guard", "held", "incoming", "length", "limit", "outgoing", "received"),
        *("request_id", "scope", "start", "status", "take", "write"),
    )

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        fields = fields_of(scope["headers"])
        scope["headers"] = list(fields.items())
        request_id = fields.get(b"x-request-id", b"")
        if not REQUEST_ID.fullmatch(request_id):
            request_id = secrets.token_hex(8).encode()
        self.guard, self.scope, self.take, self.write = guard, scope, receive, send
        self.length, self.request_id = fields.get(b"content-length", b""), request_id
        self.coded = (
            b"content-encoding" in fields and scope["method"] == "POST" and is_coded(fields[b"content-encoding"])
        )
        security = EMBEDDABLE_HEADERS if scope["path"] in EMBEDDABLE else SECURITY_HEADERS
        self.extra = [(b"x-request-id", request_id), *security]
        self.received, self.status, self.dropped = 0, 0, False
        self.held = self.incoming = self.outgoing = 0
        self.start: Message | None = None
        self.limit = body_limit(scope["path"], guard.settings)
        scope[WORKERS] = guard.workers
        if scope["path"] in STREAMS:
            scope[EXCHANGE] = self

    async def receive(self) -> Message:
        """Return what arrived, within the limits."""
        message = await self.take()
        size = len(message.get("body", b""))
        self.received += size
        self.held += size
        if self.received > self.limit:
            raise Refused("body_size")
        if self.received > self.guard.counted_bytes:
            self.count()
        if message.get("more_body") and self.scope.get(REFUSAL, "connections") != "connections":
            raise Refused(self.scope[REFUSAL])
        return message

    def count(self) -> None:
        """Let a body go on arriving, where not too much is held."""
        if self.received > self.guard.maximum_body_bytes:
            self.scope[LARGE] = self.guard.maximum_body_bytes
        self.guard.incoming.add(self.held - self.incoming, own=self.incoming)
        self.incoming = self.held

    def let_go(self, size: int) -> None:
        """Note that some of what arrived is held no more."""
        self.held -= size
        if self.incoming:
            self.guard.incoming.held -= self.incoming - self.held
            self.incoming = self.held

    async def send(self, message: Message) -> None:
        """Send what the application answers, but no page of text for a fault."""
        # Starlette answers an exception with one before it lets the exception through to here.
        if message["type"] == "http.response.start":
            self.dropped = message["status"] == HTTPStatus.INTERNAL_SERVER_ERROR
            self.start = message
        elif not self.dropped:
            await self.answer(message)

    async def answer(self, message: Message) -> None:
        """Send what is answered, with what every answer carries, in pieces where it is long."""
        if message["type"] == "http.response.start":
            self.start = message
            return
        body = message.get("body", b"")
        size = len(body)
        if size > AT_ONCE:
            self.outgoing = AT_ONCE if SHARED in self.scope else size
            try:
                self.guard.outgoing.add(self.outgoing)
            except Refused:
                self.outgoing = 0
                raise
        if self.start is not None:
            await self.write(self.begin(self.start))
        if size <= AT_ONCE:
            await self.write(message)
            return
        more = message.get("more_body", False)
        for place in range(0, size, AT_ONCE):
            piece = body[place : place + AT_ONCE]
            last = place + AT_ONCE >= size
            await self.write({"type": "http.response.body", "body": piece, "more_body": more or not last})
            await asyncio.sleep(0)  # A client that takes it as fast as it comes would keep all others waiting.
        self.guard.outgoing.held -= self.outgoing
        self.outgoing = 0

    def begin(self, start: Message) -> Message:
        """Return the status and the headers as they are sent, once the body is there to follow."""
        self.start = None
        self.status = start["status"]
        if EXCHANGE not in self.scope:
            self.let_go(self.held)
        if self.guard.state.stopping or REFUSAL in self.scope:
            # A client that keeps connections opens the next one, to an instance that stays.
            self.extra.append(CLOSE)
        return {**start, "headers": [*start["headers"], *self.extra]}
