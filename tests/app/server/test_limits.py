"""Every limit over a real socket, against the service in a separate process with small limits."""

import asyncio
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, ClassVar, NamedTuple, TypeAlias

import httpx
import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from retrorun.app.http.guard import Guard
from retrorun.app.http.limits import AT_ONCE, EXCEEDED_LIMIT, EXCHANGE, KEPT_ANSWER, REFUSALS, SECURITY_HEADERS, Refusal
from retrorun.app.main import build
from retrorun.app.server.connection import LEAST_READ, READ_AHEAD
from retrorun.app.settings import Settings

ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

BOUT = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}'
BARE = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}
SMALL = {
    "RETRORUN_MAXIMUM_BODY_BYTES": "4096",
    "RETRORUN_MAXIMUM_HEADER_BYTES": "2048",
    "RETRORUN_MAXIMUM_CONNECTIONS": "20",
    "RETRORUN_HEADER_TIMEOUT_S": "0.6",
    "RETRORUN_REQUEST_TIMEOUT_S": "1.2",
    "RETRORUN_KEEP_ALIVE_TIMEOUT_S": "0.8",
    "RETRORUN_DRAIN_TIME_S": "0",
}
SLACK_S = 3.0
"""How much later than its limit a connection may end: two looks, and a busy machine."""


@contextmanager
def serving(**environment: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the service with these settings, and give its process and port."""
    command = [sys.executable, "-m", "retrorun.app.cli", "serve", "--port", "0"]
    with subprocess.Popen(
        command, env=BARE | SMALL | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = re.search(r"http://127.0.0.1:(\d+)", process.stderr.readline())
            assert said
            yield process, int(said[1])
        finally:
            if process.poll() is None:
                process.kill()


@pytest.fixture(scope="module")
def port() -> Iterator[int]:
    with serving() as (_, port):
        yield port


@contextmanager
def connected(port: int, *parts: bytes) -> Iterator[socket.socket]:
    with socket.create_connection(("127.0.0.1", port), timeout=10) as opened:
        for part in parts:
            opened.sendall(part)
        yield opened


class Answer(NamedTuple):
    status: int
    headers: dict[str, str]
    body: bytes


def read(opened: socket.socket) -> Answer | None:
    """Return the next answer on a connection, None where it ends first."""
    with opened.makefile("rb") as stream:
        line = stream.readline()
        if not line:
            return None
        headers = {}
        while (field := stream.readline()) not in {b"\r\n", b""}:
            name, _, value = field.decode().partition(": ")
            headers[name.lower()] = value.strip()
        return Answer(int(line.split()[1]), headers, stream.read(int(headers.get("content-length", 0))))


def read_all(opened: socket.socket) -> bytes:
    """Return everything until the end, also an abrupt one."""
    text = b""
    with suppress(ConnectionError):
        while part := opened.recv(65_536):
            text += part
    return text


def post(body: bytes = BOUT, *headers: str, length: int | None = None) -> bytes:
    lines = ["POST /estimate HTTP/1.1", "Host: x", "Content-Type: application/json", *headers]
    if not any("chunked" in header for header in headers):
        lines.append(f"Content-Length: {len(body) if length is None else length}")
    return "\r\n".join([*lines, "", ""]).encode() + body


GET = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"


def refused(answer: Answer | None, status: int) -> Answer:
    """Check that an answer is a whole problem on a connection that ends."""
    assert answer is not None
    assert answer.status == status, answer
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["connection"] == "close"
    assert answer.headers["x-request-id"]
    assert "date" in answer.headers
    for name, value in SECURITY_HEADERS:
        assert answer.headers[name.decode()] == value.decode()
    assert json.loads(answer.body)["status"] == status
    if status == 503:
        assert int(answer.headers["retry-after"]) >= 1
    return answer


def resident_mb(process: "subprocess.Popen[str]") -> float:
    """Return the memory that a process holds."""
    pages = int(Path(f"/proc/{process.pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def ended(opened: socket.socket, within_s: float) -> float:
    """Return after how long the other side closed, which it must within a time."""
    began = time.monotonic()
    opened.settimeout(within_s)
    while opened.recv(65_536):
        pass
    return time.monotonic() - began


class TestSize:
    def test_a_body_up_to_the_limit_is_read(self, port: int) -> None:
        with connected(port, post(BOUT.ljust(4096))) as opened:
            answer = read(opened)
            assert answer is not None
            assert answer.status == 200

    @pytest.mark.parametrize(
        "request_",
        [
            pytest.param(post(BOUT.ljust(4097)), id="length"),
            pytest.param(post(b"", length=10**9), id="only said"),
            pytest.param(
                post(b"1001\r\n" + b" " * 4097 + b"\r\n0\r\n\r\n", "Transfer-Encoding: chunked"), id="chunked"
            ),
            pytest.param(
                post(b"1;" + b"x" * 60_000 + b"\r\n", "Transfer-Encoding: chunked"), id="extension of a chunk"
            ),
            pytest.param(post(b"0\r\n" + b"a: b\r\n" * 10_000, "Transfer-Encoding: chunked"), id="trailers"),
        ],
    )
    def test_a_larger_body_is_413(self, port: int, request_: bytes) -> None:
        with connected(port, request_) as opened:
            assert "4096" in json.loads(refused(read(opened), 413).body)["detail"]

    def test_a_client_that_keeps_sending_can_read_its_413(self, port: int) -> None:
        with connected(port, post(b"", length=10**9)) as opened:
            time.sleep(0.2)
            for _ in range(20):
                opened.sendall(b" " * 65_536)
            refused(read(opened), 413)
            assert ended(opened, 2 + SLACK_S) >= 0

    @pytest.mark.parametrize(
        "request_",
        [
            pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\nA: " + b"x" * 2048 + b"\r\n\r\n", id="a long one"),
            pytest.param(b"GET /livez HTTP/1.1\r\nHost: x\r\n" + b"A: b\r\n" * 400 + b"\r\n", id="many"),
            pytest.param(b"GET /" + b"x" * 2048 + b" HTTP/1.1\r\nHost: x\r\n\r\n", id="path"),
            pytest.param(b"GET /livez HTTP/1.1\r\nA: " + b"x" * 2048, id="without an end"),
            pytest.param(b"GET /livez HTTP/1.1\r\n" + b"A" * 100_000, id="a name without an end"),
            pytest.param(post(BOUT, "A: " + "x" * 2048), id="before a body"),
        ],
    )
    def test_larger_headers_are_431(self, port: int, request_: bytes) -> None:
        with connected(port, request_) as opened:
            refused(read(opened), 431)

    def test_headers_up_to_the_limit_are_read_and_a_large_body_is_none(self, port: int) -> None:
        for request_ in (post(BOUT, "A: " + "x" * 1800), post(BOUT.ljust(4096))):
            with connected(port, request_) as opened:
                answer = read(opened)
                assert answer is not None
                assert answer.status == 200

    def test_many_requests_in_one_piece_are_no_large_header(self, port: int) -> None:
        with connected(port, post() * 40 + GET[:20]) as opened:
            time.sleep(0.1)
            opened.sendall(GET[20:])
            text = read_all(opened)
        assert text.count(b"HTTP/1.1 200") == 41, text[-500:]
        assert b"alive" in text

    def test_a_refusal_waits_for_the_answers_before_it(self, port: int) -> None:
        with connected(port, post() + b"GET / HTTP/1.1\r\nbad header\r\n\r\n") as opened:
            text = read_all(opened)
        assert text.index(b"HTTP/1.1 200") < text.index(b"HTTP/1.1 400")

    @pytest.mark.parametrize("request_", [b"\x16\x03\x01\x02\x00", b"GET / HTTP/1.1\r\nbad header\r\n\r\n"])
    def test_bytes_that_are_not_http_get_400(self, port: int, request_: bytes) -> None:
        with connected(port, request_) as opened:
            refused(read(opened), 400)

    def test_an_invalid_chunk_is_400(self, port: int) -> None:
        with connected(port, post(b"xyz\r\n", "Transfer-Encoding: chunked")) as opened:
            refused(read(opened), 400)


class TestTime:
    def test_silence_is_closed(self, port: int) -> None:
        with connected(port) as opened:
            assert read(opened) is None

    def test_empty_lines_are_silence(self, port: int) -> None:
        began = time.monotonic()
        with connected(port) as opened, suppress(ConnectionError):
            while time.monotonic() - began < 10:
                opened.sendall(b"\r\n")
                time.sleep(0.1)
        assert time.monotonic() - began < 0.6 + SLACK_S

    def test_slow_headers_are_408(self, port: int) -> None:
        with connected(port) as opened:
            opened.settimeout(0.1)
            for part in [b"GET / HTTP/1.1\r\n", *[b"a: b\r\n"] * 40]:
                opened.sendall(part)
                try:
                    answer = opened.recv(65_536)
                    break
                except TimeoutError:
                    continue
            assert answer.startswith(b"HTTP/1.1 408 ")

    @pytest.mark.parametrize("headers", [(), ("Transfer-Encoding: chunked",), ("Expect: 100-continue",)])
    def test_a_body_that_stops_is_408(self, port: int, headers: tuple[str, ...]) -> None:
        began = time.monotonic()
        with connected(port, post(b"2\r\n{ \r\n", *headers, length=100)) as opened:
            if headers == ("Expect: 100-continue",):
                assert opened.recv(25) == b"HTTP/1.1 100 Continue\r\n\r\n"
            refused(read(opened), 408)
        assert 1.2 <= time.monotonic() - began < 1.2 + SLACK_S

    def test_a_body_that_trickles_is_408(self, port: int) -> None:
        with connected(port, post(b"", length=1000)) as opened:
            opened.settimeout(0.1)
            for _ in range(60):
                opened.sendall(b" ")
                try:
                    answer = opened.recv(65_536)
                    break
                except TimeoutError:
                    continue
            assert answer.startswith(b"HTTP/1.1 408 ")
            assert ended(opened, 2 + SLACK_S) >= 0

    def test_a_body_that_nobody_reads_holds_no_place(self, port: int) -> None:
        with connected(port, GET[:-2] + b"Content-Length: 100\r\n\r\n") as opened:
            answer = read(opened)
            assert answer is not None
            assert answer.status == 200
            assert ended(opened, 1.2 + 2 + SLACK_S) > 0.5

    def test_an_idle_connection_is_closed_after_its_time_and_a_busy_one_is_not(self, port: int) -> None:
        with connected(port) as opened:
            for _ in range(4):
                opened.sendall(GET)
                answer = read(opened)
                assert answer is not None
                assert (answer.status, answer.headers.get("connection")) == (200, None)
                time.sleep(0.4)
            assert ended(opened, 0.8 + SLACK_S) < 0.8 + SLACK_S

    def test_a_client_that_does_not_read_is_let_go(self) -> None:
        quick = {"RETRORUN_HEADER_TIMEOUT_S": "0.2", "RETRORUN_REQUEST_TIMEOUT_S": "0.25"}
        with serving(**quick) as (_, port), socket.socket() as opened:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            opened.settimeout(10)
            opened.connect(("127.0.0.1", port))
            opened.sendall(b"GET /static/docs/swagger-ui-bundle.js HTTP/1.1\r\nHost: x\r\n\r\n" * 40)
            time.sleep(READ_AHEAD / LEAST_READ * 0.25 + SLACK_S)
            assert len(read_all(opened)) < 4_000_000

    def test_half_closed_after_the_request_it_is_answered(self, port: int) -> None:
        with connected(port, post()) as opened:
            opened.shutdown(socket.SHUT_WR)
            answer = read(opened)
            assert answer is not None
            assert answer.status == 200


class TestPipelining:
    def test_what_waits_for_its_turn_takes_little_memory_and_is_answered(self) -> None:
        request, times = b"GET /x HTTP/1.1\r\nHost: x\r\n\r\n", 10_000
        with serving(RETRORUN_LOG_LEVEL="error", RETRORUN_MAXIMUM_LOOP_LAG_S="60") as (process, port):
            with ExitStack() as stack:
                opened = [stack.enter_context(connected(port, request * times)) for _ in range(5)]
                with connected(port, GET) as other:
                    assert read(other) is not None
                assert resident_mb(process) < 100
                found, rest = 0, b""
                while found < times and (data := opened[0].recv(1 << 20)):
                    found += (rest + data).count(b"HTTP/1.1 404")
                    rest = data[-len("HTTP/1.1 40") :]
                assert found == times
            with connected(port, GET) as other:
                assert read(other) is not None


class TestConnections:
    def test_one_too_many_gets_503_and_probes_are_served(self) -> None:
        with serving(RETRORUN_HEADER_TIMEOUT_S="1.2") as (_, port), ExitStack() as stack:
            held = [stack.enter_context(connected(port, GET)) for _ in range(20)]
            assert all((answer := read(opened)) and answer.status == 200 for opened in held)
            with connected(port, post()) as opened:
                refused(read(opened), 503)
            with connected(port, GET) as opened:
                answer = read(opened)
                assert answer is not None
                assert (answer.status, answer.headers["connection"]) == (200, "close")
            held[0].sendall(post())
            answer = read(held[0])
            assert answer is not None
            assert answer.status == 200

            time.sleep(0.1)
            for _ in range(20):
                stack.enter_context(connected(port))
            for _ in range(30):
                with connected(port, post()) as opened:
                    refused(read(opened), 503)
            # Idle and silent ones go, and there is room again.
            time.sleep(1.2 + SLACK_S)
            with connected(port, post()) as opened:
                answer = read(opened)
                assert answer is not None
                assert (answer.status, answer.headers.get("connection")) == (200, None)


class TestManySmallThings:
    """Many small things."""

    def test_a_hundred_header_lines_are_enough(self, port: int) -> None:
        for lines, status in ((90, 200), (101, 431)):
            with connected(port, post(BOUT, *["a: b"] * lines)) as opened:
                answer = read(opened)
                assert answer is not None
                assert answer.status == status

    def test_bytes_after_an_open_request_are_not_held_without_limit(self, port: int) -> None:
        """The first one is read slowly, and the third one waits for it: its bytes stay in the system."""
        items = json.dumps({"items": [json.loads(BOUT)] * 60}).encode()
        slow = post(items).replace(b"/estimate ", b"/estimate/batch ")
        with connected(port) as opened:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            opened.sendall(slow[: len(slow) // 2])
            time.sleep(0.3)
            opened.sendall(slow[len(slow) // 2 :] + GET * 3)
            opened.settimeout(0.5)
            sent = 0
            with suppress(TimeoutError, ConnectionError):
                while sent < 30_000_000:
                    sent += opened.send(GET * 1000)
            assert sent < 20_000_000

    def test_a_length_of_thousands_of_digits_is_no_fault(self, port: int) -> None:
        request = post(b"{}").replace(b"Content-Length: 2", b"Content-Length: " + b"0" * 1900 + b"2")
        with connected(port, request) as opened:
            answer = read(opened)
            assert answer is None or answer.status in {400, 413}

    @pytest.mark.parametrize("method", ["PUT", "GET"])
    def test_a_stream_that_is_answered_before_it_arrives_is_not_held(self, port: int, method: str) -> None:
        head = f"{method} /estimate/table HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\n"
        with connected(port, head.encode()) as opened:
            answer = read(opened)
            assert answer is not None
            assert answer.status == 405
            begun = time.monotonic()
            assert read_all(opened) == b""
            assert time.monotonic() - begun < 10 + SLACK_S


class TestSlowReaders:
    """A client must take `LEAST_READ` of its answer in each request_timeout_s; here 8 kB in a quarter of a second."""

    QUICK: ClassVar = {
        "RETRORUN_HEADER_TIMEOUT_S": "0.2",
        "RETRORUN_REQUEST_TIMEOUT_S": "0.25",
        "RETRORUN_MAXIMUM_BODY_BYTES": "65536",
        "RETRORUN_METRICS_PORT": "",
    }

    @staticmethod
    @contextmanager
    def asking(port: int, bouts: int) -> Iterator[tuple[socket.socket, int]]:
        """Ask for a long answer on a connection that holds little, and give it with the length that was promised."""
        items = [{"body_mass_kg": 70 + place / 1000, "speed_m_s": 2.5, "duration_s": 1200} for place in range(bouts)]
        body = json.dumps({"items": items}).encode()
        with socket.socket() as opened:
            opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            opened.settimeout(20)
            opened.connect(("127.0.0.1", port))
            opened.sendall(post(body).replace(b"/estimate ", b"/estimate/batch "))
            head = b""
            while b"\r\n\r\n" not in head:
                head += opened.recv(1)
            promised = re.search(rb"content-length: (\d+)", head)
            assert promised
            yield opened, int(promised[1])

    def test_one_that_reads_steadily_gets_all_of_it(self) -> None:
        with serving(**self.QUICK) as (_, port), self.asking(port, 80) as (opened, promised):
            assert promised > 400_000
            taken, begun = 0, time.monotonic()
            while taken < promised:
                # A tenth more than the least: it takes some forty times the time that an answer had before.
                time.sleep(max(0.0, taken / (1.1 * 8192 * 4) - (time.monotonic() - begun)))
                part = opened.recv(4096)
                assert part, f"{taken} of {promised} bytes came"
                taken += len(part)

    def test_one_that_stops_is_ended_counted_and_logged(self) -> None:
        with serving(**self.QUICK) as (process, port):
            with self.asking(port, 400) as (opened, promised):
                time.sleep(READ_AHEAD / LEAST_READ * 0.25 + SLACK_S)
                assert len(read_all(opened)) < promised
            with connected(port, GET.replace(b"/livez", b"/metrics")) as opened:
                metrics = read(opened)
            assert metrics is not None
            assert b'retrorun_refused_total{reason="reading"} 1.0' in metrics.body
            process.terminate()
            assert process.stdout is not None
            lines = [json.loads(line) for line in process.stdout]
        (line,) = (line for line in lines if line.get("cut") == "reading")
        assert (line["route"], line["level"]) == ("/estimate/batch", "warning")

    def test_answers_that_nobody_reads_take_a_bounded_memory(self) -> None:
        """Each holds pieces, in the process and in the system, and not its whole length."""

        def resident(process: subprocess.Popen[str]) -> int:
            status = Path(f"/proc/{process.pid}/status").read_text(encoding="utf-8")
            found = re.search(r"VmRSS:\s+(\d+)", status)
            assert found
            return int(found[1]) * 1024

        with (
            serving(RETRORUN_MAXIMUM_CONNECTIONS="200", RETRORUN_REQUEST_TIMEOUT_S="20") as (process, port),
            ExitStack() as kept,
        ):
            file = GET.replace(b"/livez", b"/static/docs/swagger-ui-bundle.js")
            with connected(port, file) as opened:
                answer = read(opened)
            assert answer is not None
            before = resident(process)
            for _ in range(100):
                opened = kept.enter_context(socket.socket())
                opened.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                opened.connect(("127.0.0.1", port))
                opened.sendall(file)
            time.sleep(1)
            assert resident(process) - before < 100 * len(answer.body) / 10


@pytest.mark.anyio
class TestLag:
    async def test_too_late_is_503_for_all_but_probes_and_passes(self) -> None:
        guard = build(Settings())
        guard.state.overloaded = True
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
            for path in ("/models", "/"):
                answer = await client.get(path)
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
                assert answer.headers["content-type"] == "application/problem+json"
                assert "connection" not in answer.headers
            assert [(await client.get(path)).status_code for path in ("/livez", "/readyz")] == [200, 200]
            assert (await client.get("/metrics")).status_code != 503
            guard.state.overloaded = False
            assert (await client.get("/models")).status_code == 200


class Denying:
    def allows(self, scope: object) -> bool:
        return False


class Noting:
    def __init__(self) -> None:
        self.noted: list[object] = []

    def started(self) -> None:
        self.noted.append("started")

    def finished(self, scope: object, status: int, seconds: float, request_id: str) -> None:
        assert 0 <= seconds < 10
        self.noted.append((status, request_id))

    def refused(self, reason: str) -> None:
        self.noted.append(reason)

    def lag(self, seconds: float) -> None:
        self.noted.append("lag")

    def failed(self) -> None:
        self.noted.append("failed")

    def publish(self) -> None:
        self.noted.append("published")


@pytest.mark.anyio
class TestHooks:
    async def test_without_a_key_all_but_probes_are_401(self) -> None:
        guard = Guard(build(Settings()).app, keys=Denying())
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
            for path in ("/models", "/metrics", "/"):
                answer = await client.get(path)
                assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "ApiKey")
            assert [(await client.get(path)).status_code for path in ("/livez", "/readyz")] == [200, 200]

    async def test_an_observer_hears_of_each_request_once(self) -> None:
        noting = Noting()
        guard = Guard(build(Settings()).app, observer=noting)
        transport = httpx.ASGITransport(guard)
        headers = {"x-request-id": "abc"}
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test", headers=headers) as client:
            await client.get("/livez")
            await client.post("/estimate", content=b" " * 65_537)
            await client.get("/nothing")
        assert noting.noted == ["started", (200, "abc"), "started", "body_size", (413, "abc"), "started", (404, "abc")]

    def test_each_refusal_says_what_to_do(self) -> None:
        for refusal in REFUSALS.values():
            assert isinstance(refusal, Refusal)
            assert (refusal.status == 503) == ("retry-after" in (refusal.headers or {}))


@pytest.mark.anyio
class TestUploads:
    """Bodies beyond the size of others, on the paths that take them."""

    SETTINGS = Settings(
        maximum_body_bytes=1024, maximum_list_bytes=4096, maximum_upload_bytes=8192, maximum_incoming_bytes=4096
    )

    @staticmethod
    async def reading(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    @staticmethod
    async def status(guard: Guard, path: str, pieces: AsyncIterator[bytes]) -> int:
        statuses: list[int] = []

        async def receive() -> Message:
            piece = await anext(pieces, None)
            return {"type": "http.request", "body": piece or b"", "more_body": piece is not None}

        async def send(message: Message) -> None:
            statuses.append(message.get("status", 0))

        await guard({"type": "http", "method": "POST", "path": path, "headers": []}, receive, send)
        return statuses[0]

    @staticmethod
    async def bytes_of(length: int, gate: asyncio.Event | None = None) -> AsyncIterator[bytes]:
        for sent in range(0, length, 512):
            yield b" " * min(512, length - sent)
        if gate is not None:
            await gate.wait()

    @pytest.mark.parametrize(
        ("path", "length", "status"),
        [
            ("/estimate", 1024, 204),
            ("/estimate", 1025, 413),
            ("/workout", 4096, 204),
            ("/workout", 4097, 413),
            ("/workout/track", 8192, 204),
            ("/workout/track", 8193, 413),
        ],
    )
    async def test_each_path_has_its_limit(self, path: str, length: int, status: int) -> None:
        guard = Guard(self.reading, self.SETTINGS)
        assert await self.status(guard, path, self.bytes_of(length)) == status
        assert guard.incoming.held == 0

    async def test_a_large_body_is_marked_with_the_limit_it_exceeds(self) -> None:
        marks = []

        async def noting(scope: Scope, receive: Receive, send: Send) -> None:
            await self.reading(scope, receive, send)
            marks.append(scope.get(EXCEEDED_LIMIT))

        for length in (1024, 1025):
            await self.status(Guard(noting, self.SETTINGS), "/workout", self.bytes_of(length))
        assert marks == [None, 1024]

    async def test_large_bodies_are_weighed_by_what_has_arrived_of_them(self) -> None:
        guard, gate = Guard(self.reading, self.SETTINGS), asyncio.Event()
        held = [asyncio.create_task(self.status(guard, "/workout", self.bytes_of(1536, gate))) for _ in range(2)]
        while guard.incoming.held < 2 * 1536:
            await asyncio.sleep(0)
        assert await self.status(guard, "/workout", self.bytes_of(2048)) == 503
        assert await self.status(guard, "/workout", self.bytes_of(1024)) == 204
        gate.set()
        assert [await task for task in held] == [204, 204]
        assert guard.incoming.held == 0
        assert await self.status(guard, "/workout", self.bytes_of(2048)) == 204

    async def test_a_body_is_let_go_once_its_answer_begins(self) -> None:
        held = []

        async def slow(scope: Scope, receive: Receive, send: Send) -> None:
            while (await receive()).get("more_body"):
                pass
            held.append(guard.incoming.held)
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"a", "more_body": True})
            held.append(guard.incoming.held)
            await send({"type": "http.response.body", "body": b"b"})

        guard = Guard(slow, self.SETTINGS)
        assert await self.status(guard, "/workout", self.bytes_of(2048)) == 200
        assert held == [2048, 0]

    async def test_what_a_stream_lets_go_is_not_counted_any_more(self) -> None:
        held = []

        async def streaming(scope: Scope, receive: Receive, send: Send) -> None:
            message: Message = {"more_body": True}
            while message.get("more_body"):
                message = await receive()
                scope[EXCHANGE].release(len(message["body"]))
                held.append(guard.incoming.held)
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        guard = Guard(streaming, self.SETTINGS)
        assert await self.status(guard, "/estimate/table", self.bytes_of(50_000)) == 204
        assert max(held) == 0


@pytest.mark.anyio
class TestAnswers:
    """Every answer leaves in pieces, counted among those on their way."""

    SETTINGS = Settings(maximum_outgoing_bytes=3 * AT_ONCE)

    @staticmethod
    def answering(body: bytes, *, shared: bool = False) -> ASGIApp:
        async def answer(scope: Scope, receive: Receive, send: Send) -> None:
            if shared:
                scope[KEPT_ANSWER] = True
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": body})

        return answer

    async def ask(self, guard: Guard, gate: asyncio.Event | None = None) -> tuple[int, list[bytes]]:
        statuses: list[int] = []
        pieces: list[bytes] = []

        async def receive() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        async def send(message: Message) -> None:
            if message["type"] == "http.response.start":
                statuses.append(message["status"])
            else:
                pieces.append(message["body"])
                if gate is not None:
                    await gate.wait()

        await guard({"type": "http", "method": "GET", "path": "/x", "headers": []}, receive, send)
        return statuses[0], pieces

    async def test_a_long_answer_is_sent_in_pieces_and_comes_whole(self) -> None:
        body = bytes(range(256)) * (AT_ONCE // 256) + b"end"
        guard = Guard(self.answering(body), self.SETTINGS)
        status, pieces = await self.ask(guard)
        assert (status, b"".join(pieces)) == (200, body)
        assert max(map(len, pieces)) == AT_ONCE
        assert guard.outgoing.held == 0

    async def test_one_too_many_is_503_and_those_on_their_way_go_on(self) -> None:
        guard, gate = Guard(self.answering(bytes(2 * AT_ONCE)), self.SETTINGS), asyncio.Event()
        first = asyncio.create_task(self.ask(guard, gate))
        while not guard.outgoing.held:
            await asyncio.sleep(0)
        assert (await self.ask(guard))[0] == 503
        gate.set()
        assert (await first)[0] == 200
        assert guard.outgoing.held == 0
        assert (await self.ask(guard))[0] == 200

    async def test_an_answer_that_is_kept_anyway_counts_with_one_piece(self) -> None:
        guard, gate = Guard(self.answering(bytes(20 * AT_ONCE), shared=True), self.SETTINGS), asyncio.Event()
        asked = [asyncio.create_task(self.ask(guard, gate)) for _ in range(3)]
        while guard.outgoing.held < 3 * AT_ONCE:
            await asyncio.sleep(0)
        assert (await self.ask(guard))[0] == 503
        gate.set()
        assert [(await task)[0] for task in asked] == [200] * 3

    async def test_a_client_that_leaves_is_counted_no_more(self) -> None:
        guard, gate = Guard(self.answering(bytes(2 * AT_ONCE)), self.SETTINGS), asyncio.Event()
        asked = asyncio.create_task(self.ask(guard, gate))
        while not guard.outgoing.held:
            await asyncio.sleep(0)
        asked.cancel()
        await asyncio.gather(asked, return_exceptions=True)
        assert guard.outgoing.held == 0


@pytest.mark.anyio
class TestOtherOrigins:
    ORIGIN = "https://app.example"

    async def test_by_default_no_page_elsewhere_may_read(self, client: httpx.AsyncClient) -> None:
        for answer in (
            await client.get("/livez", headers={"origin": self.ORIGIN}),
            await client.options("/estimate", headers={"origin": self.ORIGIN, "access-control-request-method": "POST"}),
        ):
            assert not [name for name in answer.headers if name.startswith("access-control")]

    async def test_allowed_ones_may_read_answers_and_refusals(self) -> None:
        guard = build(Settings(cors_origins=(self.ORIGIN,)))
        guard.keys = Denying()
        transport = httpx.ASGITransport(guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
            asked = await client.options(
                "/estimate",
                headers={
                    "origin": self.ORIGIN,
                    "access-control-request-method": "POST",
                    "access-control-request-headers": "content-type,x-api-key",
                },
            )
            assert asked.status_code == 200
            for answer in (
                asked,
                await client.get("/livez", headers={"origin": self.ORIGIN}),
                await client.get("/models", headers={"origin": self.ORIGIN}),
            ):
                assert answer.headers["access-control-allow-origin"] == self.ORIGIN
                assert answer.headers["x-content-type-options"] == "nosniff"
            other = await client.get("/livez", headers={"origin": "https://other.example"})
            assert "access-control-allow-origin" not in other.headers

    async def test_a_refused_preflight_is_a_problem(self, problem_of: ProblemOf) -> None:
        transport = httpx.ASGITransport(build(Settings(cors_origins=(self.ORIGIN,))))
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
            for origin, method in (("https://other.example", "POST"), (self.ORIGIN, "DELETE")):
                asked = {"origin": origin, "access-control-request-method": method}
                refused = await client.options("/estimate", headers=asked)
                assert "RETRORUN_CORS_ORIGINS" in problem_of(refused, 400)["detail"]
                assert "other.example" not in str(refused.headers) + refused.text
