"""One connection: uvicorn's, with a limit on everything a client can hold on to.

Nothing here waits for one client alone. `Connection` only notes what happens, and the server looks at every connection
a few times a second with `look`, which ends those that took too long: timers of their own would cost each request.
A request that has come far enough to have an answer of its own is marked, and the guard answers; else the refusal
is written here.
"""

import asyncio
import inspect
import math
import secrets
import sys
from collections.abc import Callable
from contextlib import suppress
from email.utils import formatdate
from http import HTTPStatus
from typing import Any, ClassVar, Final

import httptools
from uvicorn.protocols.http import httptools_impl
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from retrorun.app.http.guard import Observing
from retrorun.app.http.headers import BLANKS
from retrorun.app.http.limits import (
    AT_ONCE,
    CLOSE,
    CUT,
    LEFT,
    REFUSAL,
    SECURITY_HEADERS,
    STREAMS,
    UPLOADS,
    body_limit,
    refusal_answer,
)
from retrorun.app.settings import Settings

try:
    import fcntl
    import termios
except ImportError:  # On Windows what the system has still to send is not known.
    UNSENT = 0
else:
    UNSENT = termios.TIOCOUTQ

LINGER_S: Final = 2.0
"""How long a client may go on sending after its refusal; closed at once, it would see a reset and not the answer."""
ANSWERED: Final = 2
"""Times the served connections that may be open before a further one is refused without being read."""
LINGERING: Final = 3
"""Times the served connections that may be open before a refused one is closed at once."""
FRAMING: Final = 8
"""Bytes on the wire for a byte of body: one sent alone as a chunk takes six."""
PIECES: Final = 8
"""Pieces parsed in one turn of the event loop, at most."""
HEADER_LINES: Final = 100
"""Header lines of a request, and fields after its body, at most: a line of five bytes takes twenty times that."""
PIECE: Final = 4096
"""Bytes parsed at once: what follows a request that waits for the answer to another one is not parsed before."""
HEADER_FRAMING: Final = len(b": \r\n")
LEAST_READ: Final = 8192
"""Bytes of its answer that a client has to take in each `request_timeout_s`."""
READ_AHEAD: Final = 1 << 17
"""Bytes that a client may be behind: its system says only in lumps of up to 64 kB that it has read."""
USED: Final = {
    "HttpToolsProtocol": "loop parser url headers scope cycle pipeline flow transport connections server_state on_url "
    "on_body on_message_begin on_header on_headers_complete on_message_complete on_response_complete _start_asgi_task "
    "connection_made data_received eof_received connection_lost pause_writing resume_writing shutdown",
    "RequestResponseCycle": "scope response_complete disconnected keep_alive message_event",
    "FlowControl": "pause_reading resume_reading read_paused write_paused",
}
"""What this module uses of uvicorn's classes, which are not public."""


def unsent(transport: asyncio.WriteTransport) -> int:
    """Return how much of what was written the client's system has not taken [B]."""
    size = transport.get_write_buffer_size()
    own = transport.get_extra_info("socket")
    if UNSENT and own is not None:
        with suppress(OSError):
            size += int.from_bytes(fcntl.ioctl(own.fileno(), UNSENT, bytes(4)), sys.byteorder)
    return size


class Ending:
    """A transport that, when closed in the middle of a request, lets the client finish before it goes."""

    def __init__(self, transport: asyncio.Transport, connection: "Connection") -> None:
        self.transport = transport
        self.connection = connection
        self.write = transport.write
        self.get_extra_info = transport.get_extra_info
        self.ended = False

    def is_closing(self) -> bool:
        """Say whether nothing is to be written any more."""
        return self.ended or self.transport.is_closing()

    def close(self) -> None:
        """Write what is left to write, and close: at once where the client has nothing left to send."""
        if not self.is_closing():
            self.ended = True
            self.connection.since = self.connection.loop.time()
            self.connection.count_reading(begins=True)
            if self.connection.receiving:
                self.connection.flow.resume_reading()
                self.transport.write_eof()
            else:
                self.transport.close()


class Connection(HttpToolsProtocol):
    """A connection that ends when its client is too slow, sends too much, or was one too many."""

    settings: ClassVar[Settings] = Settings()
    observer: ClassVar[Observing | None] = None

    transport: Any
    scope: Any  # With keys of our own.
    cycle: Any  # None until there is one, which uvicorn does not say.

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        self.since = self.loop.time()  # When it began what it does now: receive, compute, idle or end.
        self.receiving = False  # In a request that has not arrived whole.
        self.in_headers = False
        self.lines = 0  # Header lines of that request, or fields after its body.
        self.left: list[bool] = []  # Not empty once the connection is gone.
        self.received = 0  # Bytes of that request that have arrived, but for those that arrived with one before.
        self.body_limit, self.body_time_s = 0, 0.0  # Of that request, once its path is known.
        self.streaming = False  # Its parts are timed by what reads them.
        self.arriving = 0  # Bytes the parser is at now.
        self.begun = 0  # Requests that began in them.
        self.offered = False  # The request offers another protocol, and is to be parsed again without that.
        self.excess = False  # One too many.
        self.last = False  # To be closed after the next answer.
        self.refusal = ""  # Why it is to be closed when what came before is answered.
        self.unparsed = b""  # What arrived behind requests that wait for their turn.
        self.running: Any = None  # The request that is being answered; the newest one may wait.
        self.unsent = 0  # Bytes that its client has still to take, when that was last looked at.
        self.credit = 0.0  # Bytes that the client is ahead of the slowest one that is not ended.
        self.counted_at = 0.0  # When that was last counted.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Begin."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(AT_ONCE)
        self.transport = Ending(transport, self)
        maximum = self.settings.maximum_connections
        self.excess = len(self.connections) > maximum
        if len(self.connections) > maximum * ANSWERED:
            self.refuse_request("connections")

    def data_received(self, data: bytes) -> None:
        """Take what arrived."""
        if self.unparsed:
            self.unparsed += data
            self.flow.pause_reading()  # The request that is being answered has it resumed when it reads its body.
        else:
            self.parse_arrived(data)

    def parse_arrived(self, data: bytes) -> None:
        """Parse what arrived, up to the requests that have to wait: each of them parsed takes fifty times its bytes.

        Only so much is parsed in one turn of the event loop: where chunks have one byte, each takes a call.
        """
        for start in range(0, len(data), PIECE):
            if self.refusal or self.transport.ended:
                return
            if self.pipeline or start >= PIECE * PIECES:
                self.unparsed = data[start:]
                self.flow.pause_reading()
                if not self.pipeline:
                    self.loop.call_soon(self.go_on)
                return
            self.take_piece(data[start : start + PIECE])

    def go_on(self) -> None:
        """Parse what has not been parsed yet, if it need not wait."""
        if self.unparsed and not self.pipeline and not self.transport.is_closing():
            data, self.unparsed = self.unparsed, b""
            self.flow.resume_reading()
            self.parse_arrived(data)

    def take_piece(self, data: bytes) -> None:
        """Parse a piece of what arrived."""
        between = not self.receiving
        self.arriving, self.begun = len(data), 0
        while data:
            data = self.parse(data)
        if self.receiving:
            if self.begun == 0:
                self.received += self.arriving
            else:
                self.received = self.arriving if between and self.begun == 1 else 0
            if self.in_headers:
                if self.received > self.settings.maximum_header_bytes or self.lines > HEADER_LINES:
                    self.refuse_request("header_size")
            elif self.lines > HEADER_LINES or self.received > self.most_received():
                self.break_off("body_size")
        self.arriving = 0

    def parse(self, data: bytes) -> bytes:
        """Feed the parser, and return what it is to be fed next: nothing, but after an offer of another protocol.

        Some clients offer HTTP/2 with every request. The parser takes what follows such an offer for that protocol,
        so that another one gets the request again, without the offer.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserError:
            self.break_off("malformed")
        except httptools.HttpParserUpgrade as offer:
            if not self.offered:
                self.cycle.keep_alive = False  # CONNECT: it is answered, and what follows is not HTTP.
                return b""
            self.offered = False
            method, version = self.parser.get_method(), self.parser.get_http_version().encode()
            kept = [(name, value) for name, value in self.headers if name not in {b"connection", b"upgrade"}]
            if any(name == b"connection" and b"close" in value.lower() for name, value in self.headers):
                kept.append(CLOSE)
            self.parser = httptools.HttpRequestParser(self)
            self.parser.set_dangerous_leniencies(lenient_data_after_close=True)
            lines = [b"%s %s HTTP/%s\r\n" % (method, self.url, version), *(b"%s: %s\r\n" % field for field in kept)]
            return b"".join(lines) + b"\r\n" + data[offer.args[0] :]
        return b""

    def on_message_begin(self) -> None:
        """Note that a request begins."""
        super().on_message_begin()
        self.receiving = self.in_headers = True
        self.lines = 0
        self.since = self.loop.time()
        self.begun += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header line; the parser leaves blanks behind its value, and then uvicorn would not know `Expect`."""
        self.lines += 1
        if self.in_headers and self.lines <= HEADER_LINES:  # A field after the body is not to pass for a header.
            super().on_header(name, value.strip(BLANKS))

    def on_headers_complete(self) -> None:
        """Start the request, marked if it is to be refused."""
        self.offered = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self.offered:
            return
        if self.excess:
            self.scope[REFUSAL] = "connections"
        elif b"#" in self.url:  # A fragment is no part of what is asked for; a proxy would compare it with the path.
            self.scope[REFUSAL] = "malformed"
        elif self.lines > HEADER_LINES or self.header_bytes() > self.settings.maximum_header_bytes:
            self.scope[REFUSAL] = "header_size"
        super().on_headers_complete()
        self.in_headers = False
        self.lines = 0
        path = self.scope["path"]
        self.scope[LEFT] = self.left
        self.body_limit = body_limit(path, self.settings)
        self.streaming = path in STREAMS and self.scope["method"] == "POST"
        self.body_time_s = self.settings.upload_timeout_s if path in UPLOADS else self.settings.request_timeout_s
        if self.last:
            self.cycle.keep_alive = False

    def header_bytes(self) -> int:
        """Return how many bytes the headers of a request have, if they may be too many, else 0."""
        if self.received + self.arriving <= self.settings.maximum_header_bytes:
            return 0
        return len(self.url) + sum(len(name) + len(value) + HEADER_FRAMING for name, value in self.headers)

    def on_message_complete(self) -> None:
        """Note that a request has arrived whole."""
        if self.offered:
            return
        self.receiving = False
        self.received = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the next request that waits; an idle connection needs no timer of uvicorn's, `look` ends it."""
        self.server_state.total_requests += 1
        if not self.receiving:
            self.since = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.refusal:
            self.write_refusal()
        self.go_on()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        """End."""
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True
            self.running.message_event.set()
        self.left.append(True)
        self.pipeline.clear()
        self.unparsed = b""
        super().connection_lost(exc)
        # Else the two would hold each other until the garbage is collected.
        self.transport = self.transport.transport

    def eof_received(self) -> bool:  # type: ignore[override]  # as uvicorn narrows it
        """Keep open, until all is answered, what a client has only half closed."""
        if self.unparsed:
            return True
        if self.receiving or not self.busy():
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """Note that the client does not read as fast as the answer is written."""
        super().pause_writing()
        self.count_reading(begins=True)

    def resume_writing(self) -> None:
        """Note that it has read."""
        self.count_reading()
        super().resume_writing()

    def count_reading(self, *, begins: bool = False) -> None:
        """Count what the client has taken, and what it should have taken, since this was last done."""
        now, left = self.loop.time(), unsent(self.transport.transport)
        if begins:
            self.credit = READ_AHEAD if self.counted_at == 0 else max(self.credit, LEAST_READ)
        else:
            rate = LEAST_READ / self.settings.request_timeout_s
            self.credit += max(0, self.unsent - left) - rate * (now - self.counted_at)
        self.credit = min(self.credit, READ_AHEAD)
        self.counted_at, self.unsent = now, left

    def shutdown(self) -> None:
        """Close, after the answers to what has begun to arrive."""
        if self.in_headers:
            self.last = True
        else:
            super().shutdown()

    def most_received(self) -> float:
        """Return how many bytes of a request may arrive, those of its framing among them."""
        return math.inf if self.streamed() else self.settings.maximum_header_bytes + FRAMING * self.body_limit

    def streamed(self) -> bool:
        """Say whether what reads the body limits its parts: once it is answered, nothing does."""
        return self.streaming and not self.cycle.response_complete

    def busy(self) -> bool:
        """Say whether an answer is to be written."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def look(self, now: float) -> None:
        """End what has taken too long; the server calls this a few times a second."""
        settings, taken_s = self.settings, now - self.since
        closing = self.transport.is_closing()
        if self.flow.write_paused or (closing and not self.receiving and unsent(self.transport.transport)):
            self.count_reading()
            if self.credit < 0:
                self.cut()
        elif closing:
            if taken_s > (LINGER_S if self.receiving else settings.request_timeout_s):
                self.transport.transport.abort()
        elif self.unparsed:
            return
        elif self.in_headers:
            if taken_s > settings.header_timeout_s:
                self.refuse_request("request_time")
        elif self.receiving:
            if self.flow.read_paused:
                self.since = now  # It waits for us.
            elif not self.streamed() and taken_s > (
                settings.request_timeout_s if self.cycle.response_complete else self.body_time_s
            ):
                self.break_off("request_time")
        elif not self.busy() and taken_s > (settings.keep_alive_timeout_s if self.cycle else settings.header_timeout_s):
            self.transport.close()

    def cut(self) -> None:
        """End an answer that its client takes too slowly."""
        if self.observer is not None:
            self.observer.refused("reading")
        if self.running is not None and not self.running.response_complete:
            self.running.scope[CUT] = "reading"
        self.transport.transport.abort()

    def break_off(self, reason: str) -> None:
        """End a request before it has arrived whole: the guard answers it, if its headers have arrived."""
        if not self.receiving or self.in_headers:
            self.refuse_request(reason)
        elif self.cycle.response_complete:
            self.transport.close()
        elif not self.refusal:
            self.refusal = reason
            self.cycle.keep_alive = False
            self.cycle.scope[REFUSAL] = reason
            self.cycle.message_event.set()
        else:
            self.transport.transport.abort()

    def refuse_request(self, reason: str) -> None:
        """End a connection whose next request has no headers yet, after the answers to those before it."""
        if not self.refusal:
            self.refusal = reason
            if not self.busy():
                self.write_refusal()

    def write_refusal(self) -> None:
        """Write why it ends, and end it."""
        if self.observer is not None:
            self.observer.refused(self.refusal)
        response = refusal_answer(self.refusal, self.settings)
        headers = [
            *((b"date", formatdate(usegmt=True).encode()), (b"connection", b"close")),
            (b"x-request-id", secrets.token_hex(8).encode()),
            *(*response.raw_headers, *SECURITY_HEADERS),
        ]
        status = response.status_code
        begin = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
        lines = [begin, *(b"%s: %s\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join(lines) + response.body)
        # Whatever follows is let pass, unless there are too many to wait for.
        self.receiving = len(self.connections) <= self.settings.maximum_connections * LINGERING
        self.transport.close()


def changed() -> list[str]:
    """Return what `Connection` uses of uvicorn's classes and this uvicorn lacks, or has with other arguments."""
    found = []
    for kind, names in USED.items():
        class_ = getattr(httptools_impl, kind, object)
        methods = [method for method in vars(class_).values() if inspect.isfunction(method)]
        known = {*dir(class_), *(name for method in methods for name in method.__code__.co_names)}
        found += [f"{kind}.{name}" for name in names.split() if name not in known]
    for name in USED["HttpToolsProtocol"].split():
        ours, theirs = vars(Connection).get(name), getattr(httptools_impl.HttpToolsProtocol, name, None)
        if inspect.isfunction(ours) and inspect.isfunction(theirs) and arguments_of(ours) != arguments_of(theirs):
            found.append(f"HttpToolsProtocol.{name}")
    return found


def arguments_of(function: Callable[..., Any]) -> list[str]:
    """Return the names of the arguments of a function."""
    return list(inspect.signature(function).parameters)
