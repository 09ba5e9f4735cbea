"""The outermost ASGI layer: who is let in, request id, body cap, security headers, and the last word on faults.

Written against ASGI itself: Starlette's `BaseHTTPMiddleware` would cost more than the estimate does.
"""

import asyncio
import logging
import re
import secrets
import sys
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from time import perf_counter
from typing import Final, NamedTuple, Protocol

from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.headers import fields_of, is_coded
from app.problems import problem
from app.settings import Settings

MAXIMUM_BODY_BYTES: Final = Settings().maximum_body_bytes
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
EMBEDDABLE: Final = {"/plot/energy.svg", "/plot/load.svg"}
"""Pictures, which other sites may show."""
EMBEDDABLE_HEADERS: Final = tuple(
    (name, b"cross-origin" if name == b"cross-origin-resource-policy" else value) for name, value in SECURITY_HEADERS
)
CLOSE: Final = (b"connection", b"close")
RETRY_SOON: Final = {"retry-after": "1"}

PROBES: Final = {"/livez", "/readyz"}
"""Served without a key."""
ALWAYS_SERVED: Final = {*PROBES, "/metrics"}
"""Served however much there is to do."""

STREAMS: Final = {"/estimate/table"}
"""Paths whose bodies have no end of their own: what reads them limits each part in bytes and in time."""
LISTS: Final = {"/workout", "/estimate/batch"}
"""Paths that take long lists in JSON."""
FILES: Final = {"/workout/track"}
"""Paths that take files."""
UPLOADS: Final = LISTS | FILES | STREAMS
"""Paths whose bodies may be large: beyond the size of others, their bytes are counted together."""

REFUSAL: Final = "retrorun.refusal"
"""Key of a request's scope under which the connection leaves the reason why it is to be refused."""

EXCHANGE: Final = "retrorun.exchange"
"""Key of a stream's scope under which the guard leaves its `Exchange`: what reads a stream says what it lets go."""

WORKERS: Final = "retrorun.workers"
"""Key of a request's scope under which stands what computes beside the event loop, if anything does."""

LARGE: Final = "retrorun.large"
"""Key of a request's scope under which, once its body is larger than those of most paths, their largest is left [B]."""

SHARED: Final = "retrorun.shared"
"""Key of a request's scope that says that its answer is kept anyway, so that only its pieces take memory."""

LONGEST_LENGTH: Final = 19
"""Digits of a length of a body that can be, zeros before it included."""
AT_ONCE: Final = 1 << 15
"""Bytes of an answer that are written at once: the next ones wait until the client has taken most of them."""
COUNTED_BYTES: Final = 8192
"""Body from which what has arrived is counted: thousands may wait for their turn to be computed."""
LEFT: Final = "retrorun.left"
"""Key of a request's scope under which stands what is not empty any more once the connection is gone."""
CUT: Final = "retrorun.cut"
"""Key of a request's scope under which is left why its answer broke off."""

CALLER: Final = "retrorun.caller"
"""Key of a request's scope under which the name of its API key is left."""

CLOSED_BY_CALLER: Final = 499
"""Status under which an observer hears of a request whose caller left before the answer."""

logger = logging.getLogger("retrorun")


class Refusal(NamedTuple):
    """What a request that is not served is told."""

    status: int
    detail: str | None = None
    headers: dict[str, str] | None = None
    close: bool = True


REFUSALS: Final = {
    "malformed": Refusal(400, "This is not well-formed HTTP/1.1."),
    "table": Refusal(400, "The body is no well-formed stream of Arrow."),
    "key": Refusal(401, headers={"www-authenticate": "ApiKey"}, close=False),
    "path": Refusal(404, "No path here needs percent-encoding: write it as it is. See /docs.", close=False),
    "request_time": Refusal(408),
    "body_size": Refusal(413, "The body is larger than {body_limit} bytes: send less."),
    "encoding": Refusal(
        415, "Send the body as it is, without Content-Encoding.", {"accept-encoding": "identity"}, close=False
    ),
    "header_size": Refusal(
        431, "The headers are larger than {settings.maximum_header_bytes} bytes: send fewer or shorter ones."
    ),
    "connections": Refusal(503, "Too many connections are open: try again shortly.", RETRY_SOON),
    "loop_lag": Refusal(503, "There is too much to do: try again shortly.", RETRY_SOON, close=False),
    "uploads": Refusal(503, "Too many large bodies are on their way: try again shortly.", RETRY_SOON),
    "answers": Refusal(503, "Too many long answers are on their way: try again shortly.", RETRY_SOON, close=False),
    "computing": Refusal(503, "Too much is being computed: try again shortly.", RETRY_SOON, close=False),
    "computing_time": Refusal(
        503, "This took too long to compute: ask for less, or try again.", RETRY_SOON, close=False
    ),
    "reading": Refusal(503, "The answer was taken too slowly.", RETRY_SOON),
    "stopping": Refusal(503, "This instance is stopping: try again, and another one will answer.", RETRY_SOON),
}
"""Each reason to refuse a request, or to break an answer off."""


def refusal_answer(reason: str, settings: Settings, path: str = "") -> Response:
    """Return the problem of a refusal."""
    status, detail, headers, _ = REFUSALS[reason]
    detail = detail and detail.format(settings=settings, body_limit=body_limit(path, settings))
    return problem(status, detail=detail, headers=headers)


def body_limit(path: str, settings: Settings) -> int:
    """Return the largest body that a path takes, in bytes."""
    if path in STREAMS:
        return sys.maxsize
    if path in FILES:
        return settings.maximum_upload_bytes
    return settings.maximum_list_bytes if path in LISTS else settings.maximum_body_bytes


class Refused(Exception):
    """A request is not served; the argument is the reason, a key of `REFUSALS`."""


class WorkFailed(Exception):
    """A computation beside the event loop met a fault; the message says where, and nothing of what was sent."""


class Bytes:
    """Bytes that are held for all clients together, up to a number.

    Parameters
    ----------
    most : int
        The number.
    reason : str
        Why a client is refused when they are more, a key of `REFUSALS`.
    """

    def __init__(self, most: int, reason: str) -> None:
        self.most, self.reason, self.held = most, reason, 0

    def add(self, size: int, *, own: int = 0) -> None:
        """Hold more for one that holds some already, or refuse to; one that is alone is never refused."""
        if self.held > own and self.held + size > self.most:
            raise Refused(self.reason)
        self.held += size


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


def where_it_happened(error: BaseException) -> str:
    """Return the kind of an exception and the lines it came through, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[-6:])
