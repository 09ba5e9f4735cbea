"""The outermost ASGI layer: access, request ids, body limits, security headers and the answers to faults.

`Guard` decides whether a request is served. `Exchange` carries one request and its answer through the guard, and
applies the limits to both. Neither uses Starlette's `BaseHTTPMiddleware`: it would take longer than an estimate.
"""

import asyncio
import logging
import os
import random
import re
from collections.abc import Callable, Sequence, Sized
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Any, Final, Protocol, cast

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrorun.app.http.access import key_page
from retrorun.app.http.headers import fields_of, is_encoded
from retrorun.app.http.limits import (
    ALWAYS_SERVED,
    AT_ONCE,
    CLOSE,
    COUNTED_BYTES,
    CUT_REASON,
    EMBEDDABLE,
    EMBEDDABLE_HEADERS,
    EXCEEDED_LIMIT,
    EXCHANGE,
    KEPT_ANSWER,
    LONGEST_LENGTH,
    PROBES,
    REFUSAL_REASON,
    REFUSALS,
    SECURITY_HEADERS,
    STREAMS,
    WORKERS,
    Bytes,
    Refused,
    WorkFailed,
    body_limit,
    is_open,
    pins,
    query_refusal,
    refusal_answer,
    where_it_happened,
)
from retrorun.app.http.problems import MEDIA_TYPE, START, complete, problem
from retrorun.app.settings import Settings

WRONG: Final = int(HTTPStatus.BAD_REQUEST)
FAULT: Final = int(HTTPStatus.INTERNAL_SERVER_ERROR)
"""The lowest status of a problem, and that of a fault. A member of an enumeration is slower to read."""

IDS: Final = random.Random()  # an id tells requests apart, it is no secret
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=IDS.seed)  # Otherwise all workers would give the same ids.
REQUEST_ID: Final = re.compile(rb"[A-Za-z0-9._-]{1,64}")

SHORTEST: Final = START + b'"}'

CLOSED_BY_CALLER: Final = 499
"""Status given to the observer when the client closed the connection before the answer began."""

logger = logging.getLogger("retrorun")


@dataclass(slots=True)
class State:
    """State of the server, which the server sets and the guard reads."""

    stopping: bool = False
    """A signal to stop has arrived."""
    loop_lag_s: float = 0.0
    """How late the event loop ran at the last measurement."""
    overloaded: bool = False
    """The event loop ran too late twice in a row."""


class Observing(Protocol):
    """Receives the events of requests, for metrics and logs (`app/observe/observer.py`)."""

    def started(self) -> None:
        """Record that a request arrived."""

    def finished(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        """Record how a request ended."""

    def refused(self, reason: str) -> None:
        """Record that a request was refused or a connection was ended, and why."""

    def failed(self) -> None:
        """Record that a request failed because of a fault of the service."""

    def lag(self, seconds: float) -> None:
        """Record how late the event loop ran."""

    def publish(self) -> None:
        """Show what was recorded to the other workers, if there are any."""


class Computing(Protocol):
    """Runs long computations outside the event loop (`app/compute/workers.py`)."""

    outgoing: Bytes
    """Counts the bytes of long answers that are being sent."""

    async def run(
        self,
        work: Callable[..., Response],
        *given: Any,
        body: Sequence[bytes | bytearray],
        long: bool,
        client_gone: Sized,
    ) -> Response:
        """Return the answer of a function, or raise `Refused`."""


class Keys(Protocol):
    """Checks API keys (`app/http/access.py`)."""

    def allows(self, scope: Scope) -> bool:
        """Return whether a request has a valid key."""


class Guard:
    """Wrap the application. Every answer passes through the guard, 413 and 500 included.

    Parameters
    ----------
    app : ASGI application
        The application to guard.
    settings : Settings, optional
        Limits. Without it, the defaults.
    observer : Observing, optional
        Receives the events of each request.
    keys : Keys, optional
        Checks each request, except health checks. Without it, every client is served.
    cross_origin : callable, optional
        Wraps an application so that web pages of other origins can read its answers. Refusals are wrapped too.
    workers : Computing, optional
        Runs long computations outside the event loop. Without it, routes compute in place.
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
        self.app = self.with_cross_origin(app)
        self.settings = settings or Settings()
        self.maximum_body_bytes = self.settings.maximum_body_bytes
        self.counted_bytes = min(COUNTED_BYTES, self.maximum_body_bytes)
        self.incoming = Bytes(self.settings.maximum_incoming_bytes, "uploads")
        self.outgoing = workers.outgoing if workers else Bytes(self.settings.maximum_outgoing_bytes, "answers")
        self.observer = observer
        self.keys = keys
        self.state = State()
        self.fixed_headers = (*SECURITY_HEADERS, *pins())
        self.fixed_embeddable_headers = (*EMBEDDABLE_HEADERS, *pins())
        self.models = dict(pins())[b"retrorun-models"]

    def with_cross_origin(self, app: ASGIApp) -> ASGIApp:
        """Return an application whose answers web pages of the allowed origins can read."""
        return self.cross_origin(app) if self.cross_origin else app

    def admit(self, scope: Scope) -> None:
        """Raise `Refused` with the reason if a request must not be served."""
        path, reason = scope["path"], scope.get(REFUSAL_REASON)
        if reason and not (reason == "connections" and path in ALWAYS_SERVED):
            raise Refused(reason)
        if self.state.stopping and path == "/readyz":
            raise Refused("stopping")
        if self.state.overloaded and path not in ALWAYS_SERVED:
            raise Refused("loop_lag")
        # Before a browser sends a key to another origin, it sends OPTIONS without the key.
        preflight = self.cross_origin is not None and scope["method"] == "OPTIONS"
        if self.keys is not None and path not in PROBES and not preflight and not self.keys.allows(scope):
            raise Refused("key")

    def needs_models(self, scope: Scope, asked: bytes) -> bool:
        """Return whether a request asks for other models than these, and its answer depends on them."""
        path = scope["path"]
        others = asked.lower() != self.models and scope["method"] != "OPTIONS"
        return others and path not in ALWAYS_SERVED and not is_open(path)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request, and report it to the observer."""
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
        """Serve one request, or answer with the problem that prevents it."""
        scope = exchange.scope
        try:
            if self.state.overloaded or self.state.stopping or self.keys is not None or REFUSAL_REASON in scope:
                self.admit(scope)
            # A proxy that compares undecoded paths would let /%6detrics through.
            if b"%" in (scope.get("raw_path") or b""):
                raise Refused("path")
            if exchange.asked_models != self.models and self.needs_models(scope, exchange.asked_models):
                raise Refused("other_models")
            if exchange.encoded:
                raise Refused("encoding")
            if exchange.length.isdigit() and (
                len(exchange.length) > LONGEST_LENGTH or int(exchange.length) > exchange.limit
            ):
                raise Refused("body_size")
            asked = scope.get("query_string") and scope["method"] in {"GET", "HEAD"}
            if asked and (unknown := query_refusal(scope)):
                await self.with_cross_origin(unknown)(scope, exchange.receive, exchange.answer)
                return
            await self.app(scope, exchange.receive, exchange.send)
            if exchange.application_failed:
                await problem(500)(scope, exchange.receive, exchange.answer)
        except Refused as refused:
            await self.send_refusal(exchange, *refused.args)
        except ClientDisconnect:
            return  # The client has gone: there is nothing to answer, and the service did nothing wrong.
        except asyncio.CancelledError:
            if not self.state.stopping:
                raise
            # The server cancels requests that have not finished when its time to stop is over.
            await self.send_refusal(exchange, "stopping")
        except Exception as error:
            if self.observer is not None:
                self.observer.failed()
            # The message of an exception may contain input of the caller, so the log has only its kind and place.
            where = str(error) if isinstance(error, WorkFailed) else where_it_happened(error)
            logger.error("request %s failed: %s", exchange.request_id.decode(), where)
            if exchange.status:
                raise BrokenOff from None
            await problem(500)(scope, exchange.receive, exchange.answer)
        finally:
            scope.pop(EXCHANGE, None)  # Otherwise scope and exchange keep each other until a garbage collection.
            self.incoming.held -= exchange.counted_incoming
            self.outgoing.held -= exchange.counted_outgoing

    async def send_refusal(self, exchange: "Exchange", reason: str) -> None:
        """Answer with the problem of a refusal, or break off an answer that has begun."""
        if self.observer is not None:
            self.observer.refused(reason)
        if exchange.status:
            exchange.scope[CUT_REASON] = reason
            raise BrokenOff from None
        if REFUSALS[reason].close:
            exchange.scope[REFUSAL_REASON] = reason
        asked = exchange.asked_models.decode("latin-1")
        answer = refusal_answer(reason, self.settings, exchange.scope["path"], asked)
        if reason == "key":
            answer = key_page(exchange.scope, answer)
        response = self.with_cross_origin(answer)
        await response(exchange.scope, exchange.receive, exchange.answer)


class BrokenOff(RuntimeError):
    """Makes the server close the connection of an answer that has begun and cannot be finished.

    It is raised without its cause, because the server logs it.
    """


class Exchange:
    """One request and its answer. Its `receive` and `send` apply the limits of the guard.

    Attributes
    ----------
    receive_raw, send_raw : callable
        The `receive` and `send` of the server.
    length : bytes
        The Content-Length of the request, empty without one.
    limit : int
        The largest body of the path [B].
    received : int
        Bytes of the body that have arrived.
    held_bytes : int
        Bytes of the body that have arrived and that the application still keeps.
    counted_incoming : int
        The part of `held_bytes` that is counted in `Guard.incoming`.
    counted_outgoing : int
        Bytes of the answer that are counted in `Guard.outgoing`.
    asked_models : bytes
        RetroRun-Models of the request, or without it the models of the service.
    encoded : bool
        The body has a content coding such as gzip.
    start : Message or None
        Status and headers of the answer, until the first piece of the body is sent after them.
    status : int
        The status of the answer once it has been sent, else 0.
    application_failed : bool
        The application answered 500. The guard sends a problem instead.
    extra_headers : list of (bytes, bytes)
        Headers that the guard adds to the answer.
    """

    __slots__ = (
        *("application_failed", "asked_models", "counted_incoming", "counted_outgoing", "encoded", "extra_headers"),
        *(
            "guard",
            "held_bytes",
            "length",
            "limit",
            "receive_raw",
            "received",
            "request_id",
            "scope",
            "send_raw",
            "start",
        ),
        "status",
    )

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        fields = fields_of(scope["headers"])
        scope["headers"] = list(fields.items())
        request_id = fields.get(b"x-request-id", b"")
        if not REQUEST_ID.fullmatch(request_id):
            request_id = b"%016x" % IDS.getrandbits(64)
        self.guard, self.scope, self.receive_raw, self.send_raw = guard, scope, receive, send
        self.length, self.request_id = fields.get(b"content-length", b""), request_id
        self.encoded = (
            b"content-encoding" in fields and scope["method"] == "POST" and is_encoded(fields[b"content-encoding"])
        )
        self.asked_models = fields.get(b"retrorun-models", guard.models)
        fixed = guard.fixed_embeddable_headers if scope["path"] in EMBEDDABLE else guard.fixed_headers
        self.extra_headers = [(b"x-request-id", request_id), *fixed]
        self.received, self.status, self.application_failed = 0, 0, False
        self.held_bytes = self.counted_incoming = self.counted_outgoing = 0
        self.start: Message | None = None
        self.limit = body_limit(scope["path"], guard.settings)
        scope[WORKERS] = guard.workers
        if scope["path"] in STREAMS:
            scope[EXCHANGE] = self

    async def receive(self) -> Message:
        """Return the next part of the request. Raise `Refused` if it exceeds a limit."""
        message = await self.receive_raw()
        size = len(message.get("body", b""))
        self.received += size
        self.held_bytes += size
        if self.received > self.limit:
            raise Refused("body_size")
        if self.received > self.guard.counted_bytes:
            self.count_incoming()
        if message.get("more_body") and self.scope.get(REFUSAL_REASON, "connections") != "connections":
            raise Refused(self.scope[REFUSAL_REASON])
        return message

    def count_incoming(self) -> None:
        """Count the held bytes. Raise `Refused` if all requests together hold too many."""
        if self.received > self.guard.maximum_body_bytes:
            self.scope[EXCEEDED_LIMIT] = self.guard.maximum_body_bytes
        self.guard.incoming.add(self.held_bytes - self.counted_incoming, own=self.counted_incoming)
        self.counted_incoming = self.held_bytes

    def release(self, size: int) -> None:
        """Stop counting bytes of the body that the application no longer keeps."""
        self.held_bytes -= size
        if self.counted_incoming:
            self.guard.incoming.held -= self.counted_incoming - self.held_bytes
            self.counted_incoming = self.held_bytes

    async def send(self, message: Message) -> None:
        """Send a message of the application, unless its status is 500."""
        # Starlette answers an exception with a page of text before it passes the exception on.
        if message["type"] == "http.response.start":
            self.application_failed = message["status"] == FAULT
            self.start = message
        elif not self.application_failed:
            await self.answer(message)

    async def answer(self, message: Message) -> None:
        """Send a message with the headers of the guard. A long body is counted and sent in pieces."""
        if message["type"] == "http.response.start":
            self.start = message
            return
        if self.start is not None and self.start["status"] >= WRONG:
            message = self.completed(message)
        body = message.get("body", b"")
        size = len(body)
        if size > AT_ONCE:
            self.counted_outgoing = AT_ONCE if KEPT_ANSWER in self.scope else size
            try:
                self.guard.outgoing.add(self.counted_outgoing)
            except Refused:
                self.counted_outgoing = 0
                raise
        if self.start is not None:
            await self.send_raw(self.complete_start(self.start))
        if size <= AT_ONCE:
            await self.send_raw(message)
            return
        more = message.get("more_body", False)
        for place in range(0, size, AT_ONCE):
            piece = body[place : place + AT_ONCE]
            last = place + AT_ONCE >= size
            await self.send_raw({"type": "http.response.body", "body": piece, "more_body": more or not last})
            await asyncio.sleep(0)  # Otherwise a client that reads fast makes all others wait.
        self.guard.outgoing.held -= self.counted_outgoing
        self.counted_outgoing = 0

    def completed(self, message: Message) -> Message:
        """Return the body of a problem with the id of the request. The length in its headers changes too."""
        start = cast(Message, self.start)
        headers = dict(start["headers"])
        if headers.get(b"content-type") != MEDIA_TYPE.encode():
            return message
        # An encoded slash begins no folder for the client.
        path = (self.scope.get("raw_path") or self.scope["path"].encode()).partition(b"?")[0].decode("latin-1")
        body = message.get("body", b"")
        longer = len(complete(SHORTEST, path, self.request_id)) - len(SHORTEST)
        headers[b"content-length"] = b"%d" % (int(headers[b"content-length"]) + longer)
        self.start = {**start, "headers": list(headers.items())}
        # The answer to HEAD has the length of a body, but no body.
        return {**message, "body": complete(body, path, self.request_id) if body else body}

    def complete_start(self, start: Message) -> Message:
        """Return status and headers of the answer with the guard's headers, just before the body is sent."""
        self.start = None
        self.status = start["status"]
        if EXCHANGE not in self.scope:
            self.release(self.held_bytes)
        if self.guard.state.stopping or REFUSAL_REASON in self.scope:
            # The client then opens its next connection to an instance that is not stopping.
            self.extra_headers.append(CLOSE)
        return {**start, "headers": [*start["headers"], *self.extra_headers]}
