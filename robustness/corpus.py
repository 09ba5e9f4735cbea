"""List hostile requests byte by byte, with the allowed answers.

Every row of `CASES` has a name, the bytes to send and the allowed outcomes. A number among the parts is a pause in
seconds, `HALF_CLOSE` ends the sending side, `CLOSE` closes the connection and `RESET` resets it. An outcome is the
statuses of all answers on the connection, in order: "200 400" is two answers, "" is none. An interim 100 counts as one.
"""

from dataclasses import dataclass
from typing import Final, TypeAlias

Part: TypeAlias = bytes | float | str

HALF_CLOSE: Final = "half close"
CLOSE: Final = "close"
RESET: Final = "reset"

BODY: Final = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}'
HOST: Final = b"Host: retrorun.test\r\n"
JSON: Final = b"Content-Type: application/json\r\n"
LENGTH: Final = b"Content-Length: %d\r\n" % len(BODY)
CHUNKED: Final = b"Transfer-Encoding: chunked\r\n"
CHUNKS: Final = b"%x\r\n%s\r\n0\r\n\r\n" % (len(BODY), BODY)
LIVE: Final = b"GET /livez HTTP/1.1\r\n" + HOST + b"\r\n"
GOOD: Final = b"POST /estimate HTTP/1.1\r\n" + HOST + JSON + LENGTH + b"\r\n" + BODY

H2C: Final = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"
WEBSOCKET: Final = (
    b"Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
)


def get(path: bytes, *lines: bytes) -> bytes:
    """Return a GET of a path with these header lines after Host."""
    return b"GET " + path + b" HTTP/1.1\r\n" + HOST + b"".join(lines) + b"\r\n"


def post(*lines: bytes) -> bytes:
    """Return the head of a POST of JSON to /estimate with these further header lines."""
    return b"POST /estimate HTTP/1.1\r\n" + HOST + JSON + b"".join(lines) + b"\r\n"


@dataclass(frozen=True)
class Case:
    """The bytes to send, and the allowed outcomes."""

    name: str
    parts: tuple[Part, ...]
    allowed: frozenset[str]
    head: bool = False
    """The answers are to HEAD, and have no body."""

    @property
    def slow(self) -> bool:
        """Whether the case contains pauses."""
        return any(isinstance(part, float) for part in self.parts)


def case(name: str, *parts: Part, allowed: str, head: bool = False) -> Case:
    """Return a case; `|` separates the outcomes that are allowed."""
    return Case(name, parts, frozenset(outcome.strip() for outcome in allowed.split("|")), head)


FRAMING: Final = (
    case("no CRLF at all", b"GET /livez HTTP/1.1", HALF_CLOSE, allowed=" | 400"),
    case("noise", bytes(range(256)) * 4, allowed="400"),
    case("null bytes", b"\0" * 64, allowed="400"),
    case("TLS hello", b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 200, allowed="400"),
    case("empty lines, then a request", b"\r\n\r\n" + LIVE, allowed="200 | 400"),
    case("bare LF for every CRLF", LIVE.replace(b"\r\n", b"\n"), allowed="200 | 400"),
    case("bare CR for every CRLF", LIVE.replace(b"\r\n", b"\r"), allowed="400 | "),
    case("no version", b"GET /livez\r\n" + HOST + b"\r\n", allowed="400 | 200"),
    case("HTTP/0.9", b"GET /livez\r\n\r\n", allowed="400 | 200"),
    case("HTTP/1.0", b"GET /livez HTTP/1.0\r\n\r\n", allowed="200"),
    case("HTTP/1.2", b"GET /livez HTTP/1.2\r\n" + HOST + b"\r\n", allowed="400 | 505 | 200"),
    case("HTTP/2.0 in words", b"GET /livez HTTP/2.0\r\n" + HOST + b"\r\n", allowed="400 | 505 | 200"),
    case("HTTP/2 preface", b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0", allowed="400 | 505"),
    case("lower-case method", b"get /livez HTTP/1.1\r\n" + HOST + b"\r\n", allowed="400 | 405"),
    case("unknown method", b"BREW /livez HTTP/1.1\r\n" + HOST + b"\r\n", allowed="501"),
    case("method of WebDAV", b"PROPFIND /livez HTTP/1.1\r\n" + HOST + b"\r\n", allowed="501"),
    case("CONNECT", b"CONNECT retrorun.test:443 HTTP/1.1\r\n" + HOST + b"\r\n", allowed="400 | 404 | 405"),
    case("TRACE", b"TRACE /livez HTTP/1.1\r\n" + HOST + b"\r\n", allowed="405"),
    case("HEAD of an endpoint", b"HEAD /livez HTTP/1.1\r\n" + HOST + b"\r\n", allowed="200", head=True),
    case("two spaces before the target", LIVE.replace(b" /", b"  /"), allowed="200 | 400"),
    case("space in the target", get(b"/live z"), allowed="400"),
    case("tab in the target", get(b"/live\tz"), allowed="400"),
    case("no target", b"GET  HTTP/1.1\r\n" + HOST + b"\r\n", allowed="400"),
    case("request line of 60 kB", get(b"/" + b"a" * 60_000), allowed="404 | 414 | 431"),
    case("request line of 1 MB", get(b"/" + b"a" * 1_000_000), allowed="400 | 414 | 431"),
    case("absolute-form", get(b"http://elsewhere.test/livez"), allowed="200 | 400"),
    case("absolute-form without a path", get(b"http://elsewhere.test"), allowed="200 | 400 | 404"),
    case("asterisk-form", b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n", allowed="200 | 204 | 400 | 404 | 405"),
    case("target without a slash", get(b"livez"), allowed="400 | 404"),
)

SMUGGLING: Final = (
    # A proxy in front may see one request instead of two: one answer, then the connection must end.
    case("CL and TE", post(b"Content-Length: 4\r\n", CHUNKED) + CHUNKS + LIVE, allowed="400"),
    case("TE and CL", post(CHUNKED, b"Content-Length: 4\r\n") + CHUNKS + LIVE, allowed="400"),
    case("TE twice, one unknown", post(CHUNKED, b"Transfer-Encoding: cow\r\n") + CHUNKS, allowed="400 | 501"),
    case("TE chunked twice", post(b"Transfer-Encoding: chunked, chunked\r\n") + CHUNKS, allowed="400 | 501"),
    case("TE gzip, chunked", post(b"Transfer-Encoding: gzip, chunked\r\n") + CHUNKS, allowed="400 | 415 | 501 | 200"),
    case("TE chunked, identity", post(b"Transfer-Encoding: chunked, identity\r\n") + CHUNKS, allowed="400 | 501"),
    case("TE xchunked", post(b"Transfer-Encoding: xchunked\r\n") + CHUNKS, allowed="400 | 501"),
    case("TE with a vertical tab", post(b"Transfer-Encoding:\x0bchunked\r\n") + CHUNKS, allowed="400 | 501"),
    case("TE with a space before the colon", post(b"Transfer-Encoding : chunked\r\n") + CHUNKS, allowed="400"),
    case("TE folded", post(b"Transfer-Encoding:\r\n chunked\r\n") + CHUNKS, allowed="400"),
    case("TE behind a bare LF", post(b"X: a\nTransfer-Encoding: chunked\r\n", LENGTH) + BODY, allowed="400"),
    case(
        "TE in HTTP/1.0",
        b"POST /estimate HTTP/1.0\r\n" + JSON + CHUNKED + b"\r\n" + CHUNKS,
        allowed="400 | 200",
    ),
    case("two Content-Lengths that differ", post(LENGTH, b"Content-Length: 4\r\n") + BODY, allowed="400"),
    case("two Content-Lengths that agree", post(LENGTH, LENGTH) + BODY, allowed="400 | 200"),
    case("list of Content-Lengths", post(b"Content-Length: 58, 58\r\n") + BODY, allowed="400"),
    case("negative Content-Length", post(b"Content-Length: -1\r\n") + BODY, allowed="400"),
    case("hexadecimal Content-Length", post(b"Content-Length: 0x3a\r\n") + BODY, allowed="400"),
    case("Content-Length with a plus", post(b"Content-Length: +58\r\n") + BODY, allowed="400"),
    case("Content-Length with a space inside", post(b"Content-Length: 5 8\r\n") + BODY, allowed="400"),
    case("empty Content-Length", post(b"Content-Length: \r\n") + BODY, allowed="400"),
    case("Content-Length beyond 64 bits", post(b"Content-Length: 18446744073709551617\r\n") + BODY, allowed="400"),
    case("Content-Length of a gigabyte", post(b"Content-Length: 1073741824\r\n") + BODY, allowed="413"),
    case("Content-Length smaller than the body", post(b"Content-Length: 20\r\n") + BODY, allowed="400 | 400 400"),
    case("body of a GET", get(b"/livez", b"Content-Length: 5\r\n") + b"GET /" + LIVE, allowed="200 200 | 400"),
    case(
        "request as the body of an upgrade", post(H2C, b"Content-Length: %d\r\n" % len(LIVE)), 0.1, LIVE, allowed="400"
    ),
    case("request as chunks of an upgrade", post(H2C, CHUNKED), 0.1, LIVE, allowed="400"),
)

CHUNKING: Final = (
    case("chunks", post(CHUNKED) + CHUNKS, allowed="200"),
    case("chunk size that is no number", post(CHUNKED) + b"zz\r\n" + CHUNKS, allowed="400"),
    case("negative chunk size", post(CHUNKED) + b"-1\r\n" + CHUNKS, allowed="400"),
    case("chunk size with 0x", post(CHUNKED) + b"0x3a\r\n" + BODY + b"\r\n0\r\n\r\n", allowed="400"),
    case("chunk size beyond 64 bits", post(CHUNKED) + b"1" * 17 + b"\r\n" + BODY, allowed="400 | 413"),
    case("chunk larger than it says", post(CHUNKED) + b"5\r\n" + BODY + b"\r\n0\r\n\r\n", allowed="400"),
    case("chunks without CRLF between", post(CHUNKED) + CHUNKS.replace(b"}\r\n", b"}"), allowed="400"),
    case("chunk size ended by a bare LF", post(CHUNKED) + CHUNKS.replace(b"\r\n", b"\n", 1), allowed="400 | 200"),
    case("chunk extension", post(CHUNKED) + CHUNKS.replace(b"\r\n", b";a=b\r\n", 1), allowed="200 | 400"),
    case(
        "chunk extension of 100 kB",
        post(CHUNKED) + CHUNKS.replace(b"\r\n", b";" + b"a" * 100_000 + b"\r\n", 1),
        allowed="200 | 400 | 413",
    ),
    case("trailer", post(CHUNKED) + CHUNKS[:-2] + b"X-Check: 1\r\n\r\n", allowed="200"),
    case(
        # A trailer is no header (RFC 9110, 6.5.1): it must not name the content type, or a key.
        "content type in a trailer",
        b"POST /estimate HTTP/1.1\r\n" + HOST + CHUNKED + b"\r\n" + CHUNKS[:-2] + JSON + b"\r\n",
        allowed="415 | 400",
    ),
    case("more chunks than the cap", post(CHUNKED) + b"1000\r\n%s\r\n" % (b" " * 4096) * 20, allowed="413 | 413 400"),
    case("70 000 chunks of one byte", post(CHUNKED) + b"1\r\n \r\n" * 70_000 + b"0\r\n\r\n", allowed="413 | 413 400"),
    case("body that grows past the cap", post(b"Content-Length: 70000\r\n") + b" " * 70_000, allowed="413 | 413 400"),
)

HEADERS: Final = (
    case("one header of 60 kB", get(b"/livez", b"X: " + b"a" * 60_000 + b"\r\n"), allowed="431"),
    case("one header of 1 MB", get(b"/livez", b"X: " + b"a" * 1_000_000 + b"\r\n"), allowed="431"),
    case("1 000 headers", get(b"/livez", b"X: 1\r\n" * 1000), allowed="200 | 431"),
    case("20 000 headers", get(b"/livez", b"X: 1\r\n" * 20_000), allowed="431"),
    case("header name of 100 kB", get(b"/livez", b"a" * 100_000 + b": 1\r\n"), allowed="431"),
    case("null in a header name", get(b"/livez", b"X\0Y: 1\r\n"), allowed="400"),
    case("null in a header value", get(b"/livez", b"X: 1\x002\r\n"), allowed="400"),
    case("control in a header value", get(b"/livez", b"X: 1\x012\r\n"), allowed="400"),
    case("delete in a header value", get(b"/livez", b"X: 1\x7f2\r\n"), allowed="400 | 200"),
    case("bare CR in a header value", get(b"/livez", b"X: 1\r2\r\n"), allowed="400"),
    case("space in a header name", get(b"/livez", b"X Y: 1\r\n"), allowed="400"),
    case("header without a colon", get(b"/livez", b"nothing\r\n"), allowed="400"),
    case("header without a name", get(b"/livez", b": 1\r\n"), allowed="400"),
    case("folded header", get(b"/livez", b"X: 1\r\n 2\r\n"), allowed="400 | 200"),
    case("space before the first header", b"GET /livez HTTP/1.1\r\n " + HOST + b"\r\n", allowed="400"),
    case("header in Latin-1", get(b"/livez", b"X-Request-Id: caf\xe9\r\nAccept: \xff\xfe\r\n"), allowed="200 | 400"),
    case("content type in Latin-1", GOOD.replace(b"application/json", b"application/\xff\xfe"), allowed="415 | 400"),
    case("two Hosts", get(b"/livez", b"Host: elsewhere.test\r\n"), allowed="400 | 200"),
    case("no Host", b"GET /livez HTTP/1.1\r\n\r\n", allowed="400 | 200"),
    case("invalid Host", LIVE.replace(b"retrorun.test", b"a b/<>@:99999"), allowed="400 | 200"),
    case("two content types", post(b"Content-Type: text/plain\r\n", LENGTH) + BODY, allowed="415"),
    case("a content type twice", post(JSON, LENGTH) + BODY, allowed="200"),
    case("Expect 100-continue", post(LENGTH, b"Expect: 100-continue\r\n"), 0.1, BODY, allowed="100 200"),
    case(
        "Expect 100-continue for too much",
        post(b"Content-Length: 70000\r\n", b"Expect: 100-continue\r\n"),
        allowed="413",
    ),
    case(
        "Expect 100-continue with a blank behind it",
        post(LENGTH, b"Expect: 100-continue \r\n"),
        0.1,
        BODY,
        allowed="100 200",
    ),
    case("blanks around a length", post(b"Content-Length: \t%d \r\n" % len(BODY)) + BODY, allowed="200"),
    case("several Accept lines", post(LENGTH, b"Accept: text/html\r\n", b"Accept: */* \r\n") + BODY, allowed="200"),
    case("several Accept lines without JSON", post(LENGTH, b"Accept: a/b\r\nAccept: c/d\r\n") + BODY, allowed="406"),
    case("Content-Encoding", post(LENGTH, b"Content-Encoding: gzip\r\n") + BODY, allowed="415"),
    case("Content-Encoding identity", post(LENGTH, b"Content-Encoding: \tIdentity \r\n") + BODY, allowed="200"),
    case("Expect something else", post(LENGTH, b"Expect: the-unexpected\r\n") + BODY, allowed="200 | 417"),
    case("websocket", get(b"/livez", WEBSOCKET), allowed="200 | 400 | 404 | 426"),
    case("offer of HTTP/2, as some clients make it", post(H2C, LENGTH) + BODY, allowed="200"),
    case("the same with its body apart", post(H2C, LENGTH), 0.1, BODY, allowed="200"),
    case("offer of HTTP/2, then a request", post(H2C, LENGTH) + BODY + GOOD, allowed="200 200"),
    case("offer of HTTP/2 in chunks, then a request", post(H2C, CHUNKED) + CHUNKS + GOOD, allowed="200 200"),
    case(
        "1 000 offers of another protocol at once",
        get(b"/livez", b"Connection: Upgrade\r\nUpgrade: x\r\n") * 1000,
        allowed=" ".join(["200"] * 1000),
    ),
    case("Connection that names headers", get(b"/livez", b"Connection: close, Host, X-Request-Id\r\n"), allowed="200"),
)

PATHS: Final = (
    # No path needs percent-encoding, and a proxy that compares raw paths would not recognise it.
    *(
        case(f"percent-encoded path {path.decode()}", get(path), allowed="404")
        for path in (
            b"/%6Civez",
            b"/%6detrics",
            b"/m%65trics",
            b"/read%79z",
            b"/static%2Fapp.js",
            b"/plot/energy%2Esvg",
        )
    ),
    case("percent-encoded twice", get(b"/%256Civez"), allowed="404"),
    case("percent-encoded in absolute-form", get(b"http://elsewhere.test/%6Civez"), allowed="404 | 400"),
    case("percent-encoded query", get(b"/livez?%6C=%69"), allowed="200"),
    case("dot segment before a path", get(b"/./livez"), allowed="400 | 404"),
    case("two slashes before a path", get(b"//livez"), allowed="400 | 404"),
    case("percent-encoded null", get(b"/livez%00"), allowed="400 | 404"),
    case("percent-encoded null in a file", get(b"/static/index.html%00.js"), allowed="400 | 404"),
    case("percent-encoded line break", get(b"/%0d%0aSet-Cookie:%20a=b"), allowed="400 | 404"),
    case("invalid percent-encoding", get(b"/%zz%"), allowed="400 | 404"),
    case("percent-encoded bytes that are no text", get(b"/static/%ff%fe"), allowed="400 | 404"),
    case("bytes beyond ASCII in the path", get(b"/caf\xc3\xa9"), allowed="400 | 404"),
    case("dot segments", get(b"/static/../../etc/passwd"), allowed="400 | 404"),
    case("encoded dot segments", get(b"/static/%2e%2e/%2e%2e/%2e%2e/etc/passwd"), allowed="400 | 404"),
    case("encoded slashes", get(b"/static/..%2f..%2f..%2fetc%2fpasswd"), allowed="400 | 404"),
    case("backslashes", get(b"/static/..%5c..%5cetc%5cpasswd"), allowed="400 | 404"),
    case("file name of 5 kB", get(b"/static/" + b"a" * 5000), allowed="404 | 414"),
    case("absolute file", get(b"/static//etc/passwd"), allowed="400 | 404"),
    case("query of 8 kB", get(b"/livez?" + b"a=1&" * 2000), allowed="200 | 414 | 431"),
    case("query of every odd byte", get(b"/livez?" + b"%00%ff&=&==;[]{}|\\^`<>\"'"), allowed="200 | 400"),
    case("fragment", get(b"/livez#part"), allowed="400"),
)

CONNECTIONS: Final = (
    case("nothing, and leave", CLOSE, allowed=""),
    case("nothing, and end the sending side", HALF_CLOSE, allowed=" | 408"),
    case("leave in the request line", b"POST /est", CLOSE, allowed=""),
    case("leave in the headers", post(LENGTH)[:40], CLOSE, allowed=""),
    case("leave in the body", post(LENGTH) + BODY[:20], CLOSE, allowed=""),
    case("leave in a chunk", post(CHUNKED) + CHUNKS[:20], CLOSE, allowed=""),
    case("reset in the body", post(LENGTH) + BODY[:20], RESET, allowed=""),
    case("leave before the answer", GOOD, CLOSE, allowed=""),
    case("reset before the answer", GOOD, RESET, allowed=""),
    case("reset before many answers", GOOD * 100, RESET, allowed=""),
    case("end the sending side after a request", GOOD, HALF_CLOSE, allowed="200"),
    case("end the sending side in the headers", post(LENGTH)[:40], HALF_CLOSE, allowed=" | 400 | 408"),
    case("end the sending side in the body", post(LENGTH) + BODY[:20], HALF_CLOSE, allowed=" | 400 | 408"),
    case("10 requests at once", GOOD * 10, allowed=" ".join(["200"] * 10)),
    case("500 requests at once", LIVE * 500, allowed=" ".join(["200"] * 500)),
    case(
        "10 requests, the last asks to close",
        GOOD * 9 + post(LENGTH, b"Connection: close\r\n") + BODY + LIVE,
        allowed=" ".join(["200"] * 10),
    ),
    # The valid request must get its answer in its place, or the client would take another answer for it.
    case("a request and noise at once", GOOD + b"\0noise\r\n\r\n", allowed="200 400 | 200"),
    case("two requests and noise at once", LIVE + GOOD + b"\0noise\r\n\r\n", allowed="200 200 400 | 200 200"),
    case("a request, its answer, then noise", LIVE, 0.1, b"\0noise\r\n\r\n", allowed="200 400"),
    case("requests refused and answered in turn", (get(b"/nothing") + LIVE) * 5, allowed=" ".join(["404 200"] * 5)),
    case("request in single bytes", *(bytes([byte]) for byte in GOOD), allowed="200"),
    case("slow headers", LIVE[:20], 0.3, LIVE[20:30], 0.3, LIVE[30:], allowed="200 | 408"),
    case("slow body", post(LENGTH) + BODY[:9], 0.3, BODY[9:30], 0.3, BODY[30:], allowed="200 | 408"),
    case("slow chunks", post(CHUNKED) + CHUNKS[:9], 0.3, CHUNKS[9:30], 0.3, CHUNKS[30:], allowed="200 | 408"),
    case("body that never comes", post(LENGTH), 0.3, allowed=" | 408"),
)

CASES: Final = (*FRAMING, *SMUGGLING, *CHUNKING, *HEADERS, *PATHS, *CONNECTIONS)

PATIENCE: Final = {
    "RETRORUN_HEADER_TIMEOUT_S": "0.4",
    "RETRORUN_REQUEST_TIMEOUT_S": "0.8",
    "RETRORUN_DRAIN_TIME_S": "0",
}
"""Settings with which the next cases are too slow."""

TOO_SLOW: Final = (
    case("nothing at all", 3.0, allowed=" | 408"),
    case("headers that never end", post(LENGTH)[:40], 3.0, allowed="408"),
    case("headers, a byte at a time", *(part for byte in LIVE for part in (bytes([byte]), 0.05)), allowed="408"),
    case("a header line, again and again", get(b"/livez")[:-2], *((b"X: 1\r\n", 0.1) * 20), allowed="408"),
    case("a body that never comes", post(LENGTH), 3.0, allowed="408"),
    case(
        "a body, a byte at a time",
        post(LENGTH),
        *(part for byte in BODY for part in (bytes([byte]), 0.05)),
        allowed="408",
    ),
    case("chunks, a byte at a time", post(CHUNKED), *((b"1\r\n \r\n", 0.05) * 40), allowed="408"),
    case("empty lines before a request", *((b"\r\n", 0.1) * 20), allowed=" | 408"),
    case("a request, then half of another", LIVE + LIVE[:20], 3.0, allowed="200 408"),
)
"""Clients that would hold a connection for ever. The service must end each within three seconds."""

HOSTILE_BODIES: Final = (
    b"",
    b"{",
    b"null",
    b"[]",
    b'"text"',
    b"\xff\xfe{\0}\0",
    b"\xef\xbb\xbf" * 2 + BODY,
    BODY + BODY,
    BODY.replace(b"70", b"NaN"),
    BODY.replace(b"70", b"1e999"),
    BODY.replace(b"70", b"-Infinity"),
    BODY.replace(b"70", b"9" * 5000),
    BODY.replace(b"70", b"true"),
    BODY.replace(b"70", b'"70"'),
    BODY.replace(b"70", b"null"),
    BODY.replace(b"70", b"0"),
    BODY.replace(b"2.5", b"1e300"),
    BODY.replace(b"body_mass_kg", b"\\ud800"),
    BODY.replace(b"body_mass_kg", b"body_mass"),
    BODY[:-1] + b', "gait": "crawl"}',
    BODY[:-1] + b', "distance_m": 1}',
    BODY[:-1] + b', "include": []}',
    BODY[:-1] + b', "measurements": [' + b"{}," * 99 + b"{}]}",
    b"[" * 30_000,
    b'{"a":' * 10_000,
    b"{" + b",".join(b'"k%d":1' % count for count in range(6000)) + b"}",
)
"""Bodies that are refused with 400 or 422."""
