"""Runs long computations in separate processes, outside the event loop.

A long computation holds Python's lock and would stop the event loop. Native code that reads files may crash. Both run
in a process (`worker.py`) that can die without the service. There are two lanes, so a short computation never waits
for a long one. A process does one computation at a time, which limits the memory.

Without the lifespan events of ASGI, as in most tests, everything is computed in place.
"""

import asyncio
import logging
import os
import pickle
import socket
import subprocess
import sys
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sized
from contextlib import asynccontextmanager
from typing import Any, Final

import orjson
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from retrorun.app.compute.worker import SIZES
from retrorun.app.http.limits import AT_ONCE, Bytes, Refused, WorkFailed
from retrorun.app.settings import Settings

PIECE: Final = 1 << 16
"""Most bytes that are read or written in one turn of the event loop."""
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Otherwise NumPy and Arrow start a thread for each core, which count against a container's process limit."""
STARTS_WITHIN_S: Final = 30.0
logger = logging.getLogger("retrorun")

ENDS_WITHIN_S: Final = 1.0
LOOK_AGAIN_S: Final = 0.02

Work = Callable[..., Response]
"""A module's function whose last argument is the body of a request."""


class Answer(Response):
    """The answer of a process, in parts that are released as they are sent.

    Parameters
    ----------
    status : int
        HTTP status.
    headers : list of name and value
        HTTP headers.
    parts : deque of bytes
        The body.
    counted : int
        Bytes of the body that are counted in `outgoing`.
    outgoing : Bytes
        Counts the bytes of all long answers that are being sent.
    """

    def __init__(
        self, status: int, headers: list[list[str]], parts: deque[bytes], counted: int, outgoing: Bytes
    ) -> None:
        self.status_code = status
        self.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self.parts, self.counted, self.outgoing = parts, counted, outgoing
        self.background = None

    def __del__(self) -> None:
        """Stop counting the bytes that were not sent."""
        if self.counted:
            self.outgoing.held -= self.counted

    def released_parts(self) -> Iterator[bytes]:
        """Yield the parts, and release each."""
        while self.parts:
            part = self.parts.popleft()
            yield part
            if self.counted:
                self.counted -= len(part)
                self.outgoing.held -= len(part)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self.released_parts():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def parts_of(answer: Response) -> Iterator[bytes]:
    """Yield the body of an answer in parts, and release each part of an `Answer`."""
    yield from answer.released_parts() if isinstance(answer, Answer) else [bytes(answer.body)]


class Worker:
    """One process and the connection to it."""

    def __init__(self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.process, self.reader, self.writer = process, reader, writer
        self.busy = False

    @classmethod
    async def start(cls) -> "Worker":
        """Start a process. Wait for its `READY` before you send work. Raise OSError if the system has no room."""
        own, other = socket.socketpair()
        process: subprocess.Popen[bytes] | None = None
        try:
            with other:
                process = subprocess.Popen(
                    [sys.executable, "-P", "-m", "retrorun.app.compute.worker", str(other.fileno())],
                    env=os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))} | ONE_THREAD,
                    pass_fds=[other.fileno()],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    start_new_session=True,
                )
            own.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=own, limit=PIECE)
        except BaseException:
            own.close()
            if process is not None:
                process.kill()
                process.wait()
            raise
        return cls(process, reader, writer)

    @property
    def alive(self) -> bool:
        """Whether the process runs."""
        return self.process.poll() is None

    async def ask(
        self, work: Work, given: tuple[Any, ...], body: deque[bytes | bytearray], outgoing: Bytes
    ) -> tuple[dict[str, Any], deque[bytes] | None, int]:
        """Run a function in the process, and return the head and the body of its answer, and the bytes counted.

        Each part of the request body is released once it is sent.
        """
        self.busy = True
        try:
            head = pickle.dumps((work, given))
            self.writer.write(SIZES.pack(len(head), sum(map(len, body))) + head)
            while body:
                part = body.popleft()
                for start in range(0, len(part), PIECE):
                    self.writer.write(part[start : start + PIECE])
                    await self.writer.drain()
                    await asyncio.sleep(0)  # Other requests get their turn even if the process reads fast.
            head, parts, counted = await self.read(outgoing)
        except (EOFError, ConnectionError):
            await asyncio.sleep(LOOK_AGAIN_S)  # The exit code is known shortly after the connection has closed.
            raise WorkFailed(f"the process that computed ended with {self.process.poll()}") from None
        self.busy = False
        return orjson.loads(head), parts, counted

    async def read(self, outgoing: Bytes | None = None) -> tuple[bytes, deque[bytes] | None, int]:
        """Return the next head and body, and the bytes counted. The body is None if `outgoing` has no room for it."""
        length, size = SIZES.unpack(await self.reader.readexactly(SIZES.size))
        head = await self.reader.readexactly(length)
        counted = size if outgoing is not None and size > AT_ONCE else 0
        # To join the parts, or to release them all at once, would block the event loop.
        parts: deque[bytes] | None = deque()
        try:
            if outgoing is not None:
                outgoing.add(counted)
        except Refused:
            parts, counted = None, 0
        try:
            while size:
                part = await self.reader.read(min(AT_ONCE, size))
                if not part:
                    raise EOFError
                size -= len(part)
                if parts is not None:
                    parts.append(part)
                await asyncio.sleep(0)
        except BaseException:
            if outgoing is not None:
                outgoing.held -= counted
            raise
        return head, parts, counted

    def end(self) -> None:
        """Kill the process."""
        self.writer.close()
        self.process.kill()


class Lane:
    """A pool of processes. Each request waits a limited time for a process of its own."""

    def __init__(self, processes: int, wait_s: float, most: int) -> None:
        self.places = asyncio.Semaphore(processes)
        self.most, self.waiting = most, 0
        self.wait_s = wait_s
        self.idle: list[Worker] = []
        self.ended: list[Worker] = []

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Provide a process for one computation. Raise `Refused` if there is none in time."""
        if self.waiting >= self.most:
            raise Refused("computing")
        self.waiting += 1
        try:
            async with asyncio.timeout(self.wait_s):
                await self.places.acquire()
        except TimeoutError:
            raise Refused("computing") from None
        finally:
            self.waiting -= 1
        try:
            worker = await self.next()
            try:
                yield worker
            finally:
                # A busy process may still be computing for a request that gave up.
                if worker.busy:
                    self.end(worker)
                else:
                    self.idle.append(worker)
        finally:
            self.places.release()

    async def next(self) -> Worker:
        """Return an idle process that runs, or a new one."""
        while self.idle:
            worker = self.idle.pop()
            if worker.alive:
                return worker
            self.end(worker)
        try:
            worker = await Worker.start()
        except (OSError, MemoryError):
            raise Refused("computing") from None
        try:
            async with asyncio.timeout(STARTS_WITHIN_S):
                await worker.read()
        except (OSError, EOFError, TimeoutError):
            self.end(worker)
            logger.error("a computing process could not start: check that the packages of retrorun are installed")
            raise Refused("computing") from None
        except BaseException:
            self.end(worker)
            raise
        return worker

    def end(self, worker: Worker) -> None:
        """Kill a process, and forget those that have ended."""
        worker.end()
        self.ended = [other for other in [*self.ended, worker] if other.alive]

    async def close(self) -> None:
        """Kill all processes, and wait a limited time until they have ended."""
        for worker in self.idle:
            worker.end()
        waiting = [*self.idle, *self.ended]
        self.idle, self.ended = [], []
        for _ in range(int(ENDS_WITHIN_S / LOOK_AGAIN_S)):
            if not any(worker.alive for worker in waiting):
                return
            await asyncio.sleep(LOOK_AGAIN_S)


class Workers:
    """Runs functions in separate processes, outside the event loop.

    Parameters
    ----------
    settings : Settings
        Number of processes, and how long a request waits for a process and for its answer.
    outgoing : Bytes
        Counts the bytes of long answers that are being sent. An answer without room there is refused.
    """

    def __init__(self, settings: Settings, outgoing: Bytes) -> None:
        self.settings = settings
        self.outgoing = outgoing
        self.lanes: tuple[Lane, Lane] | None = None
        self.starting: asyncio.Task[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Begin to use processes. The first one starts in the background."""
        settings = self.settings
        short, long = (
            Lane(settings.compute_processes, settings.compute_wait_s, settings.maximum_connections) for _ in range(2)
        )
        self.lanes = short, long
        self.loop = asyncio.get_running_loop()
        self.starting = asyncio.create_task(self.warm(short))

    @staticmethod
    async def warm(lane: Lane) -> None:
        """Start one process in advance. If that fails, the next request tries again."""
        try:
            async with lane.worker():
                pass
        except Refused:
            return

    async def stop(self) -> None:
        """End every process."""
        lanes, self.lanes = self.lanes, None
        if self.starting is not None:
            self.starting.cancel()
            await asyncio.gather(self.starting, return_exceptions=True)
        for lane in lanes or ():
            await lane.close()

    async def run(
        self,
        work: Work,
        *given: Any,
        body: Iterable[bytes | bytearray] = (),
        long: bool = False,
        client_gone: Sized = (),
    ) -> Response:
        """Return the answer of a module's function, computed in another process.

        Parameters
        ----------
        work : callable
            The function. It is called as `work(*given, body)` and returns a response.
        *given
            All arguments except the last. They must be picklable.
        body : iterable of bytes
            The last argument, in parts.
        long : bool
            Whether to use the lane of long computations.
        client_gone : sized
            Not empty once the client has closed the connection. Then the function is not called.

        Raises
        ------
        Refused
            No process was free in time, the function took too long, or there is no room for its answer.
        ClientDisconnect
            The client has closed the connection.
        WorkFailed
            The function failed or the process ended.
        """
        if self.lanes is None or self.loop is not asyncio.get_running_loop():
            return work(*given, b"".join(body))
        async with self.lanes[long].worker() as worker:
            if client_gone:
                raise ClientDisconnect
            try:
                async with asyncio.timeout(self.settings.compute_within_s):
                    said, parts, counted = await worker.ask(work, given, deque(body), self.outgoing)
                    if parts is None:
                        raise Refused("answers")
                    answer = Answer(said.get("status", 0), said.get("headers", []), parts, counted, self.outgoing)
            except TimeoutError:
                raise Refused("computing_time") from None
        if "fault" in said:
            raise WorkFailed(said["fault"])
        return answer
