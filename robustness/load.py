"""Put closed-loop load on our own service: connections that ask again as soon as they have an answer."""

import asyncio
import math
import os
import random
import re
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from time import perf_counter
from typing import Any, cast

from robustness.corpus import HOSTILE_BODIES, post
from robustness.raw_http import Answer, Malformed, answer_from

HOST = "127.0.0.1"
STEP = 1.02
"""Resolution of a counted latency [1]."""


@dataclass(frozen=True)
class Service:
    """A running `retrorun serve`."""

    process: subprocess.Popen[str]
    port: int
    log: Path

    def resident_mb(self) -> float:
        """Return the memory it holds [MB]."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text(encoding="ascii").split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def waited_s(self) -> float:
        """Return how long it was ready to run but waited for a processor [s]."""
        return int(Path(f"/proc/{self.process.pid}/schedstat").read_text(encoding="ascii").split()[1]) / 1e9

    def forget_log(self, beyond_mb: float = 20) -> None:
        """Empty a large log, since a soak would write hundreds of megabytes."""
        if self.log.stat().st_size > beyond_mb * 1e6:
            os.truncate(self.log, 0)

    def alive(self) -> bool:
        """Return whether the process runs."""
        return self.process.poll() is None


@contextmanager
def service(log: Path, *, pinned: bool = False, settings: Mapping[str, str] | None = None) -> Iterator[Service]:
    """Run the service on a free port of this machine, and end it.

    Parameters
    ----------
    log : Path
        File for its output.
    pinned : bool
        Whether the service gets a processor that this process does not use.
    settings : mapping, optional
        Environment, on top of this process's own.
    """
    command = [sys.executable, "-m", "retrorun.app.cli", "serve", "--host", HOST, "--port", "0"]
    log.write_bytes(b"")
    # Appending, so that the service writes on from the start of a log that was emptied.
    with log.open("a", encoding="utf-8") as words:
        process = subprocess.Popen(
            command, stderr=words, stdout=words, text=True, env=os.environ | dict(settings or {})
        )
    before = os.sched_getaffinity(0)
    try:
        if pinned and len(before) > 1:
            os.sched_setaffinity(process.pid, {min(before)})
            os.sched_setaffinity(0, before - {min(before)})
        yield Service(process, port_in(log, process), log)
    finally:
        os.sched_setaffinity(0, before)
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def port_in(log: Path, process: subprocess.Popen[str], within_s: float = 30.0) -> int:
    """Return the port that the service says it listens on."""
    end = perf_counter() + within_s
    while perf_counter() < end and process.poll() is None:
        if found := re.search(r"listens on http://[^ ]*:(\d+)", log.read_text(encoding="utf-8")):
            return int(found[1])
        # It prints this within half a second; nothing else runs here meanwhile.
        with suppress(subprocess.TimeoutExpired):
            process.wait(0.02)
    raise RuntimeError(f"the service did not start:\n{log.read_text(encoding='utf-8')}")


@dataclass
class Tally:
    """The counts of answers, faults and latencies."""

    statuses: Counter[int] = field(default_factory=Counter)
    faults: Counter[str] = field(default_factory=Counter)
    """Faults, by kind."""
    answered: Counter[int] = field(default_factory=Counter)
    """Good requests answered with 200, by the second."""
    latencies: dict[int, Counter[int]] = field(default_factory=dict)
    """Their latencies in steps of `STEP`, by the second."""
    started: float = field(default_factory=perf_counter)

    @property
    def requests(self) -> int:
        """Answers in all."""
        return self.statuses.total()

    def now_s(self) -> float:
        """Return the seconds since the start."""
        return perf_counter() - self.started

    def judge(self, answer: Answer, expected: Callable[[int], bool]) -> None:
        """Count an answer and its faults."""
        status = answer.status
        self.statuses[status] += 1
        if status == 503:
            if not answer.headers.get(b"retry-after", b"").isdigit():
                self.faults["503 without Retry-After"] += 1
        elif status >= 500 and status != 501:  # 501 says that the client's method is unknown.
            self.faults[f"answer {status}"] += 1
        elif not expected(status):
            self.faults[f"unexpected answer {status}"] += 1

    def took(self, seconds: float) -> None:
        """Count the latency of a good request."""
        second = int(self.now_s())
        self.answered[second] += 1
        self.latencies.setdefault(second, Counter())[round(math.log(max(seconds, 1e-6), STEP))] += 1

    def quantile_s(self, share: float, start_s: float, end_s: float) -> float:
        """Return the latency within which a share of good requests was answered, in a span of time."""
        counts: Counter[int] = Counter()
        for second in range(int(start_s), int(end_s)):
            counts.update(self.latencies.get(second, {}))
        left = share * counts.total()
        for step in sorted(counts):
            left -= counts[step]
            if left <= 0:
                return float(STEP**step)
        return math.nan

    def rates(self, start_s: float, end_s: float) -> list[int]:
        """Return the good answers in each whole second of a span of time."""
        return [self.answered[second] for second in range(math.ceil(start_s), int(end_s))]


CHANCE = random.Random(0)


def good_request() -> bytes:
    """Return a request for one more bout; no two are the same, so that nothing is answered from memory."""
    body = b'{"body_mass_kg": %.6f, "speed_m_s": %.6f, "duration_s": %.3f, "interval": %.6f}' % (
        CHANCE.uniform(50, 100),
        CHANCE.uniform(2, 3.5),
        CHANCE.uniform(60, 7200),
        CHANCE.uniform(0.5, 0.95),
    )
    return post(b"Content-Length: %d\r\n" % len(body)) + body


HOSTILE = [post(b"Content-Length: %d\r\n" % len(body)) + body for body in HOSTILE_BODIES]


class Caller(asyncio.Protocol):
    """One connection that asks again and again; every `hostile_every`-th body is one that is refused."""

    def __init__(self, tally: Tally, stop: asyncio.Event, hostile_every: int) -> None:
        self.tally, self.stop, self.hostile_every = tally, stop, hostile_every
        self.ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.received = b""
        self.asked = 0.0
        self.waiting = self.hostile = self.any_answer = False
        self.count = CHANCE.randrange(1000)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast(asyncio.Transport, transport)
        self.ask()

    def ask(self) -> None:
        """Send the next request."""
        self.count += 1
        self.hostile = bool(self.hostile_every) and self.count % self.hostile_every == 0
        request = HOSTILE[self.count // self.hostile_every % len(HOSTILE)] if self.hostile else good_request()
        self.waiting, self.asked = True, perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        try:
            found = answer_from(self.received)
        except Malformed:
            self.tally.faults["malformed answer"] += 1
            self.transport.abort()
            return
        if found is None:
            return
        answer, length = found
        self.received = self.received[length:]
        if self.received or not self.waiting:
            self.tally.faults["unexpected further answer"] += 1
        self.waiting, self.any_answer = False, True
        self.tally.judge(answer, {400, 422}.__contains__ if self.hostile else {200}.__contains__)
        if answer.status == 200:
            self.tally.took(perf_counter() - self.asked)
        if self.stop.is_set() or answer.headers.get(b"connection") == b"close":
            self.transport.close()
        else:
            self.ask()

    def connection_lost(self, exc: Exception | None) -> None:
        if self.waiting:
            self.tally.faults["connection dropped without an answer"] += 1
        if not self.ended.done():
            self.ended.set_result(None)


async def keep_calling(port: int, tally: Tally, stop: asyncio.Event, hostile_every: int) -> None:
    """Keep one connection asking until `stop` is set, with a new one if the service ends it."""
    loop = asyncio.get_running_loop()
    while not stop.is_set():
        try:
            _, caller = await loop.create_connection(lambda: Caller(tally, stop, hostile_every), HOST, port)
        except OSError as error:
            tally.faults[f"no connection: {type(error).__name__}"] += 1
            await asyncio.sleep(0.05)
            continue
        await caller.ended


@asynccontextmanager
async def calling(port: int, tally: Tally, connections: int, hostile_every: int = 0) -> AsyncIterator[None]:
    """Keep connections asking while the block runs; then let each have its last answer."""
    stop = asyncio.Event()
    callers = [asyncio.create_task(keep_calling(port, tally, stop, hostile_every)) for _ in range(connections)]
    try:
        yield
    finally:
        stop.set()
        _, late = await asyncio.wait(callers, timeout=10)
        for caller in late:
            tally.faults["no answer within 10 s"] += 1
            caller.cancel()
        await asyncio.gather(*callers, return_exceptions=True)


def run(main: Callable[[], Coroutine[Any, Any, int]]) -> int:
    """Run a coroutine on the fastest loop available."""
    try:
        import uvloop  # noqa: PLC0415 - not on every system
    except ImportError:
        return asyncio.run(main())
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(main())
