"""One connection: uvicorn's protocol, with limits on the bytes and the time that a client can use.

`Connection` records when things happened. A few times a second the server calls `look` on every connection, which ends
those that took too long: a timer for each request would make every request slower.

A request is refused in one of two ways. If its headers have arrived, the connection sets `REFUSAL_REASON` in its scope
and the guard writes the answer. Before that, the connection writes the answer (`write_refusal`).
"""

import asyncio
import inspect
import math
import re
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
from retrorun.app.http.head_options_etag import KNOWN
from retrorun.app.http.headers import BLANKS
from retrorun.app.http.limits import (
    AT_ONCE,
    CLIENT_GONE,
    CLOSE,
    CUT_REASON,
    REFUSAL_REASON,
    SECURITY_HEADERS,
    STREAMS,
    UPLOADS,
    body_limit,
    pins,
    refusal_answer,
)
from retrorun.app.http.problems import complete
from retrorun.app.settings import Settings

try:
    import fcntl
    import termios
except ImportError:  # On Windows, the number of bytes that the system has still to send is unknown.
    UNSENT = 0
else:
    UNSENT = termios.TIOCOUTQ

LAST_S: Final = 0.25
"""Time in which the last connections and their requests can arrive when the service stops."""
LINGER_S: Final = 2.0
"""Time that a client may continue to send after its refusal. Closed at once, it would see a reset, not the answer."""
ANSWERED_TIMES: Final = 2
"""Beyond this many times `maximum_connections`, a new connection is refused without reading its request."""
LINGERING_TIMES: Final = 3
"""Beyond this many times `maximum_connections`, a refused connection is closed without `LINGER_S`."""
FRAMING: Final = 8
"""Most bytes on the wire for one byte of body. A chunk of one byte takes six."""
PIECES: Final = 8
"""Most pieces that are parsed in one turn of the event loop."""
UNKNOWN_METHOD: Final = re.compile(
    rf"(?:\r?\n)*(?!(?:{'|'.join(KNOWN)}) )[A-Z][A-Z0-9_-]* [^ \r\n]+ HTTP/1\.[01]\r?\n".encode()
)
"""The first line of a request with a method that HTTP does not have."""
HEADER_LINES: Final = 100
"""Most header lines of a request, and most trailer lines. A line of five bytes takes a hundred bytes of memory."""
PIECE: Final = 4096
"""Bytes that are parsed at once. Pipelined requests beyond them stay unparsed until their turn comes."""
HEADER_FRAMING: Final = len(b": \r\n")
LEAST_READ: Final = 8192
"""Bytes of its answer that a client must read in each `request_timeout_s`."""
READ_AHEAD: Final = 1 << 17
"""Bytes that a client may be behind, because its system reports reading only in steps of up to 64 kB."""
USED: Final = {
    "HttpToolsProtocol": "loop parser url headers scope cycle pipeline flow transport connections server_state on_url "
    "on_body on_message_begin on_header on_headers_complete on_message_complete on_response_complete _start_asgi_task "
    "connection_made data_received eof_received connection_lost pause_writing resume_writing shutdown",
    "RequestResponseCycle": "scope response_complete disconnected keep_alive message_event",
    "FlowControl": "pause_reading resume_reading read_paused write_paused",
}
"""The names in uvicorn's private classes that this module uses."""


def unsent(transport: asyncio.WriteTransport) -> int:
    """Return how many written bytes the client's system has not accepted yet [B]."""
    size = transport.get_write_buffer_size()
    own = transport.get_extra_info("socket")
    if UNSENT and own is not None:
        with suppress(OSError):
            size += int.from_bytes(fcntl.ioctl(own.fileno(), UNSENT, bytes(4)), sys.byteorder)
    return size


class ClosingTransport:
    """A transport whose `close` first lets the client finish sending its request."""

    def __init__(self, transport: asyncio.Transport, connection: "Connection") -> None:
        self.transport = transport
        self.connection = connection
        self.write = transport.write
        self.get_extra_info = transport.get_extra_info
        self.closing = False

    def is_closing(self) -> bool:
        """Return whether nothing more can be written."""
        return self.closing or self.transport.is_closing()

    def close(self) -> None:
        """Send what has been written, and close. If the client is still sending, close only the way out."""
        if not self.is_closing():
            self.closing = True
            self.connection.phase_began_s = self.connection.loop.time()
            self.connection.count_reading(begins=True)
            if self.connection.receiving:
                self.connection.flow.resume_reading()
                self.transport.write_eof()
            else:
                self.transport.close()


class Connection(HttpToolsProtocol):
    """A connection that ends if its client is too slow, sends too much, or if too many connections are open."""

    settings: ClassVar[Settings] = Settings()
    observer: ClassVar[Observing | None] = None

    transport: Any
    scope: Any  # It also has the scope keys of this service.
    cycle: Any  # The newest request; None before the first one, which uvicorn's type leaves out.

    def __init__(self, *arguments: Any, **options: Any) -> None:
        super().__init__(*arguments, **options)
        # The connection.
        self.phase_began_s = self.loop.time()  # Start of the present phase: receive, compute, idle or close.
        self.over_limit = False  # More than `maximum_connections` were open when it began.
        self.client_gone: list[bool] = []  # Not empty once the connection is closed.
        self.close_after_next = False  # Close it after the next answer.
        self.idle_until_s = math.inf  # When to close it if no request arrives.
        self.refusal = ""  # Why to close it after the answers to earlier requests; a key of `REFUSALS`.
        # The request that is arriving.
        self.receiving = False  # A request has begun to arrive and is not complete.
        self.in_headers = False  # Its headers are not complete.
        self.header_lines = 0  # Its header lines; after its body, its trailer lines.
        self.received_bytes = 0  # Its bytes, except those in a piece that began with an earlier request.
        self.body_limit, self.body_time_s = 0, 0.0  # Its limits, once its path is known.
        self.is_stream = False  # The endpoint limits the time of each part of its body.
        self.upgrade_offered = False  # It offers another protocol, so it is parsed again without the offer.
        # The piece that is being parsed.
        self.arriving_bytes = 0  # Its bytes.
        self.begun_requests = 0  # Requests that began in it.
        self.unparsed = b""  # Bytes that arrived after it and wait to be parsed.
        # The answers.
        self.running: Any = None  # The request that is being answered, which may be older than `cycle`.
        self.unsent_bytes = 0  # Bytes that the client's system had not accepted at the last count.
        self.credit_bytes = 0.0  # Bytes that the client may still fall behind before it is cut off.
        self.counted_at_s = 0.0  # Time of the last count.

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]  # as uvicorn narrows it
        """Begin, and refuse the connection unread if far too many are open."""
        super().connection_made(transport)
        transport.set_write_buffer_limits(AT_ONCE)
        self.transport = ClosingTransport(transport, self)
        maximum = self.settings.maximum_connections
        self.over_limit = len(self.connections) > maximum
        if len(self.connections) > maximum * ANSWERED_TIMES:
            self.refuse_request("connections")

    def data_received(self, data: bytes) -> None:
        """Parse new bytes, or keep them if earlier ones wait to be parsed."""
        if self.unparsed:
            self.unparsed += data
            self.flow.pause_reading()  # It is resumed when the request that is being answered reads its body.
        else:
            self.parse_arrived(data)

    def parse_arrived(self, data: bytes) -> None:
        """Parse new bytes up to a request that must wait for an earlier answer, and keep the rest unparsed.

        A parsed request takes fifty times the memory of its bytes. One turn of the event loop parses at most `PIECES`
        pieces, because a body in chunks of one byte takes a call for each.
        """
        for start in range(0, len(data), PIECE):
            if self.refusal or self.transport.closing:
                return
            if self.pipeline or start >= PIECE * PIECES:
                self.unparsed = data[start:]
                self.flow.pause_reading()
                if not self.pipeline:
                    self.loop.call_soon(self.parse_unparsed)
                return
            self.parse_piece(data[start : start + PIECE])

    def parse_unparsed(self) -> None:
        """Parse the bytes that were kept, unless they must still wait."""
        if self.unparsed and not self.pipeline and not self.transport.is_closing():
            data, self.unparsed = self.unparsed, b""
            self.flow.resume_reading()
            self.parse_arrived(data)

    def parse_piece(self, data: bytes) -> None:
        """Parse one piece, and refuse its request if that is too large."""
        between = not self.receiving
        self.arriving_bytes, self.begun_requests = len(data), 0
        while data:
            data = self.parse(data)
        if self.receiving:
            if self.begun_requests == 0:
                self.received_bytes += self.arriving_bytes
            else:
                self.received_bytes = self.arriving_bytes if between and self.begun_requests == 1 else 0
            if self.in_headers:
                if self.received_bytes > self.settings.maximum_header_bytes or self.header_lines > HEADER_LINES:
                    self.refuse_request("header_size")
            elif self.header_lines > HEADER_LINES or self.received_bytes > self.maximum_received():
                self.break_off("body_size")
        self.arriving_bytes = 0

    def parse(self, data: bytes) -> bytes:
        """Feed the parser, and return the bytes to feed next: none, except after an offer of another protocol.

        Some clients offer HTTP/2 with every request. The parser would read the following bytes as HTTP/2. So a new
        parser gets the request again, without the offer.
        """
        try:
            self.parser.feed_data(data)
        except httptools.HttpParserInvalidMethodError:
            self.break_off("unknown_method" if UNKNOWN_METHOD.match(data) else "malformed")
        except httptools.HttpParserError:
            self.break_off("malformed")
        except httptools.HttpParserUpgrade as offer:
            if not self.upgrade_offered:
                self.cycle.keep_alive = False  # CONNECT: it is answered, and the following bytes are not HTTP.
                return b""
            self.upgrade_offered = False
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
        """Begin a request."""
        super().on_message_begin()
        self.receiving = self.in_headers = True
        self.header_lines = 0
        self.phase_began_s = self.loop.time()
        self.begun_requests += 1

    def on_header(self, name: bytes, value: bytes) -> None:
        """Keep a header line, without the blanks after its value: with them, uvicorn does not recognise `Expect`."""
        self.header_lines += 1
        if self.in_headers and self.header_lines <= HEADER_LINES:  # A trailer must not count as a header.
            super().on_header(name, value.strip(BLANKS))

    def on_headers_complete(self) -> None:
        """Start to serve the request, with a reason in its scope if it must be refused."""
        self.upgrade_offered = self.parser.should_upgrade() and self.parser.get_method() != b"CONNECT"
        if self.upgrade_offered:
            return
        if self.over_limit:
            self.scope[REFUSAL_REASON] = "connections"
        elif b"#" in self.url:  # A target has no fragment. A proxy might compare path and fragment as one path.
            self.scope[REFUSAL_REASON] = "malformed"
        elif self.header_lines > HEADER_LINES or self.header_bytes() > self.settings.maximum_header_bytes:
            self.scope[REFUSAL_REASON] = "header_size"
        super().on_headers_complete()
        self.in_headers = False
        self.header_lines = 0
        path = self.scope["path"]
        self.scope[CLIENT_GONE] = self.client_gone
        self.body_limit = body_limit(path, self.settings)
        self.is_stream = path in STREAMS and self.scope["method"] == "POST"
        self.body_time_s = self.settings.upload_timeout_s if path in UPLOADS else self.settings.request_timeout_s
        if self.close_after_next:
            self.cycle.keep_alive = False

    def header_bytes(self) -> int:
        """Return the bytes of the headers, or 0 if so few bytes have arrived that they cannot be too many."""
        if self.received_bytes + self.arriving_bytes <= self.settings.maximum_header_bytes:
            return 0
        return len(self.url) + sum(len(name) + len(value) + HEADER_FRAMING for name, value in self.headers)

    def on_message_complete(self) -> None:
        """End a request that has arrived completely."""
        if self.upgrade_offered:
            return
        self.receiving = False
        self.received_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        """Start the next request that waits. `look` ends an idle connection, so uvicorn's timer is not started."""
        self.server_state.total_requests += 1
        if not self.receiving:
            self.phase_began_s = self.loop.time()
        if self.transport.is_closing():
            return
        self.flow.resume_reading()
        if self.pipeline:
            self._start_asgi_task(*self.pipeline.pop())
        elif self.refusal:
            self.write_refusal()
        self.parse_unparsed()

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        self.running = cycle
        super()._start_asgi_task(cycle, app)

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the running request that the client has gone, and drop the requests that wait."""
        if self.running is not None and not self.running.response_complete:
            self.running.disconnected = True
            self.running.message_event.set()
        self.client_gone.append(True)
        self.pipeline.clear()
        self.unparsed = b""
        super().connection_lost(exc)
        # Otherwise connection and `ClosingTransport` keep each other until a garbage collection.
        self.transport = self.transport.transport

    def eof_received(self) -> bool:  # type: ignore[override]  # as uvicorn narrows it
        """Return whether to keep a connection that the client has half closed: yes until all answers are written."""
        if self.unparsed:
            return True
        if self.receiving or not self.is_answering():
            return False
        self.cycle.keep_alive = False
        return True

    def pause_writing(self) -> None:
        """Start to count what the client reads: it reads more slowly than the answer is written."""
        super().pause_writing()
        self.count_reading(begins=True)

    def resume_writing(self) -> None:
        """Count what the client has read, and continue to write."""
        self.count_reading()
        super().resume_writing()

    def count_reading(self, *, begins: bool = False) -> None:
        """Update `credit_bytes`: add the bytes read since the last count, subtract those that had to be read."""
        now, left = self.loop.time(), unsent(self.transport.transport)
        if begins:
            self.credit_bytes = READ_AHEAD if self.counted_at_s == 0 else max(self.credit_bytes, LEAST_READ)
        else:
            rate = LEAST_READ / self.settings.request_timeout_s
            self.credit_bytes += max(0, self.unsent_bytes - left) - rate * (now - self.counted_at_s)
        self.credit_bytes = min(self.credit_bytes, READ_AHEAD)
        self.counted_at_s, self.unsent_bytes = now, left

    def shutdown(self) -> None:
        """Close after the answers to all requests that have begun to arrive, or begin to within `LAST_S`."""
        if self.in_headers:
            self.close_after_next = True
        elif self.receiving or self.is_answering():
            super().shutdown()
        else:
            self.close_after_next = True
            self.idle_until_s = self.loop.time() + LAST_S

    def maximum_received(self) -> float:
        """Return the most bytes that a request may have on the wire, with headers and chunk framing [B]."""
        return math.inf if self.stream_is_read() else self.settings.maximum_header_bytes + FRAMING * self.body_limit

    def stream_is_read(self) -> bool:
        """Return whether an endpoint reads this stream and limits its parts. After the answer, it does not."""
        return self.is_stream and not self.cycle.response_complete

    def is_answering(self) -> bool:
        """Return whether an answer is due or being written."""
        return bool(self.pipeline) or (self.cycle is not None and not self.cycle.response_complete)

    def look(self, now: float) -> None:
        """End the connection if its present phase has taken too long. The server calls this a few times a second."""
        settings, taken_s = self.settings, now - self.phase_began_s
        closing = self.transport.is_closing()
        if self.flow.write_paused or (closing and not self.receiving and unsent(self.transport.transport)):
            self.count_reading()
            if self.credit_bytes < 0:
                self.cut_off()
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
                self.phase_began_s = now  # The client waits for the service.
            elif not self.stream_is_read() and taken_s > (
                settings.request_timeout_s if self.cycle.response_complete else self.body_time_s
            ):
                self.break_off("request_time")
        elif not self.is_answering() and (
            now > self.idle_until_s
            or taken_s > (settings.keep_alive_timeout_s if self.cycle else settings.header_timeout_s)
        ):
            self.transport.close()

    def cut_off(self) -> None:
        """Break off an answer that its client reads too slowly."""
        if self.observer is not None:
            self.observer.refused("reading")
        if self.running is not None and not self.running.response_complete:
            self.running.scope[CUT_REASON] = "reading"
        self.transport.transport.abort()

    def break_off(self, reason: str) -> None:
        """End a request that has not arrived completely. If its headers have arrived, the guard answers it."""
        if not self.receiving or self.in_headers:
            self.refuse_request(reason)
        elif self.cycle.response_complete:
            self.transport.close()
        elif not self.refusal:
            self.refusal = reason
            self.cycle.keep_alive = False
            self.cycle.scope[REFUSAL_REASON] = reason
            self.cycle.message_event.set()
        else:
            self.transport.transport.abort()

    def refuse_request(self, reason: str) -> None:
        """Refuse a request whose headers have not arrived, after the answers to earlier requests."""
        if not self.refusal:
            self.refusal = reason
            if not self.is_answering():
                self.write_refusal()

    def write_refusal(self) -> None:
        """Write the problem that says why the connection ends, and close it."""
        if self.observer is not None:
            self.observer.refused(self.refusal)
        response = refusal_answer(self.refusal, self.settings)
        request_id = secrets.token_hex(8).encode()
        response.body = complete(bytes(response.body), "/", request_id)
        response.headers["content-length"] = str(len(response.body))
        headers = [
            *((b"date", formatdate(usegmt=True).encode()), (b"connection", b"close")),
            (b"x-request-id", request_id),
            *(*response.raw_headers, *SECURITY_HEADERS, *pins()),
        ]
        status = response.status_code
        begin = f"HTTP/1.1 {status} {HTTPStatus(status).phrase}\r\n".encode()
        lines = [begin, *(b"%s: %s\r\n" % header for header in headers), b"\r\n"]
        self.transport.write(b"".join(lines) + response.body)
        # The client may finish sending, unless too many connections are open.
        self.receiving = len(self.connections) <= self.settings.maximum_connections * LINGERING_TIMES
        self.transport.close()


def changed_uvicorn_names() -> list[str]:
    """Return the names in `USED` that the installed uvicorn lacks, or has with other arguments."""
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
