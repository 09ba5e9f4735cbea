"""Long computations beside the service, in processes of their own.

Whatever validates a large body, searches, plots or reads a file holds Python's lock while it runs, and the event loop
would stand still; and the native code that reads files may crash. Both happen in a process (`worker.py`) that may die
without the service. There are two lanes, so that a short computation never waits for a long one, and each process
computes one thing at a time, which bounds the memory.

Under a server that does not tell of its start (ASGI lifespan), as in most tests, everything is computed in place.
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
"""Bytes that are read or written in one turn of the event loop, at most."""
ONE_THREAD: Final = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
"""Else NumPy and Arrow make a thread for each core, and a container's limit of processes counts them."""
STARTS_WITHIN_S: Final = 30.0
logger = logging.getLogger("retrorun")

ENDS_WITHIN_S: Final = 1.0
LOOK_AGAIN_S: Final = 0.02

Work = Callable[..., Response]
"""A function of a module: its last argument is the body of a request."""


class Answer(Response):
    """What a process answered, in parts that are let go as they are sent.

    Parameters
    ----------
    status : int
        Its status.
    headers : list of name and value
        Its headers.
    parts : deque of bytes
        Its body.
    counted : int
        Bytes of the body that count as on their way out until they are let go.
    outgoing : Bytes
        Where they count.
    """

    def __init__(
        self, status: int, headers: list[list[str]], parts: deque[bytes], counted: int, outgoing: Bytes
    ) -> None:
        self.status_code = status
        self.raw_headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers]
        self.parts, self.counted, self.outgoing = parts, counted, outgoing
        self.background = None

    def __del__(self) -> None:
        """Count it no more, whatever became of it."""
        if self.counted:
            self.outgoing.held -= self.counted

    def taken(self) -> Iterator[bytes]:
        """Yield the parts, and let each go."""
        while self.parts:
            part = self.parts.popleft()
            yield part
            if self.counted:
                self.counted -= len(part)
                self.outgoing.held -= len(part)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        for part in self.taken():
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def parts_of(answer: Response) -> Iterator[bytes]:
    """Yield the body of an answer in parts, which it lets go."""
    yield from answer.taken() if isinstance(answer, Answer) else [bytes(answer.body)]


class Worker:
    """One process, and the connection to it."""

    def __init__(self, process: subprocess.Popen[bytes], reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
        self.process, self.reader, self.writer = process, reader, writer
        self.busy = False

    @classmethod
    async def start(cls) -> "Worker":
        """Start a process; it can compute once it has said so. Raise OSError where there is no room for one."""
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
        """Whether the process is there."""
        return self.process.poll() is None

    async def ask(
        self, work: Work, given: tuple[Any, ...], body: deque[bytes | bytearray], outgoing: Bytes
    ) -> tuple[dict[str, Any], deque[bytes] | None, int]:
        """Return what a function answers in the process; the parts of the body are let go one by one."""
        self.busy = True
        try:
            head = pickle.dumps((work, given))
            self.writer.write(SIZES.pack(len(head), sum(map(len, body))) + head)
            while body:
                part = body.popleft()
                for start in range(0, len(part), PIECE):
                    self.writer.write(part[start : start + PIECE])
                    await self.writer.drain()
                    await asyncio.sleep(0)  # Others get their turn, also where it is taken as fast as it comes.
            head, parts, counted = await self.read(outgoing)
        except (EOFError, ConnectionError):
            await asyncio.sleep(LOOK_AGAIN_S)  # Its code is there a moment after its end of the connection has closed.
            raise WorkFailed(f"the process that computed ended with {self.process.poll()}") from None
        self.busy = False
        return orjson.loads(head), parts, counted

    async def read(self, outgoing: Bytes | None = None) -> tuple[bytes, deque[bytes] | None, int]:
        """Return the next head and body, and how much of it is counted; None for a body without room for it."""
        length, size = SIZES.unpack(await self.reader.readexactly(SIZES.size))
        head = await self.reader.readexactly(length)
        counted = size if outgoing is not None and size > AT_ONCE else 0
        # Joining the parts, or letting them go together, would hold the event loop up.
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
        """End the process, whatever it does."""
        self.writer.close()
        self.process.kill()


class Lane:
    """Processes that take turns: each request has one to itself, and waits a bounded time for it."""

    def __init__(self, processes: int, wait_s: float, most: int) -> None:
        self.places = asyncio.Semaphore(processes)
        self.most, self.waiting = most, 0
        self.wait_s = wait_s
        self.idle: list[Worker] = []
        self.ended: list[Worker] = []

    @asynccontextmanager
    async def worker(self) -> AsyncIterator[Worker]:
        """Give a process for one computation."""
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
                # One that was asked and has not answered may be in the middle of anything.
                if worker.busy:
                    self.end(worker)
                else:
                    self.idle.append(worker)
        finally:
            self.places.release()

    async def next(self) -> Worker:
        """Return an idle process that is alive, or a new one."""
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
            logger.error("a process that computes could not start: retrorun serve needs its own packages")
            raise Refused("computing") from None
        except BaseException:
            self.end(worker)
            raise
        return worker

    def end(self, worker: Worker) -> None:
        """End a process, and forget those that have ended."""
        worker.end()
        self.ended = [other for other in [*self.ended, worker] if other.alive]

    async def close(self) -> None:
        """End them all."""
        for worker in self.idle:
            worker.end()
        waiting = [*self.idle, *self.ended]
        self.idle, self.ended = [], []
        for _ in range(int(ENDS_WITHIN_S / LOOK_AGAIN_S)):
            if not any(worker.alive for worker in waiting):
                return
            await asyncio.sleep(LOOK_AGAIN_S)


class Workers:
    """What computes beside the event loop.

    Parameters
    ----------
    settings : Settings
        How many processes there are, and how long a request waits for one and for its answer.
    outgoing : Bytes
        Long answers on their way: one that has no room there is refused.
    """

    def __init__(self, settings: Settings, outgoing: Bytes) -> None:
        self.settings = settings
        self.outgoing = outgoing
        self.lanes: tuple[Lane, Lane] | None = None
        self.starting: asyncio.Task[None] | None = None
        self.loop: asyncio.AbstractEventLoop | None = None

    async def start(self) -> None:
        """Compute beside the event loop from now on; the first process starts behind whatever else there is to do."""
        settings = self.settings
        short, long = (
            Lane(settings.compute_processes, settings.compute_wait_s, settings.maximum_connections) for _ in range(2)
        )
        self.lanes = short, long
        self.loop = asyncio.get_running_loop()
        self.starting = asyncio.create_task(self.warm(short))

    @staticmethod
    async def warm(lane: Lane) -> None:
        """Have a process ready; where there is none to be had now, the next request tries again."""
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
        self, work: Work, *given: Any, body: Iterable[bytes | bytearray] = (), long: bool = False, left: Sized = ()
    ) -> Response:
        """Return what a function of a module answers, computed beside the event loop.

        Parameters
        ----------
        work : callable
            The function; it is called as `work(*given, body)` and returns a response.
        *given
            Its arguments but the last, which can be pickled.
        body : iterable of bytes
            The last one, in parts.
        long : bool
            Whether it takes the lane of those that may take long.

        left : sized
            Not empty once nobody waits for the answer any more: then it is not computed.

        Raises
        ------
        Refused
            It did not get its turn, or did not end, in time; or there is no room for its answer.
        ClientDisconnect
            Nobody waits for it.
        WorkFailed
            It met a fault.
        """
        if self.lanes is None or self.loop is not asyncio.get_running_loop():
            return work(*given, b"".join(body))
        async with self.lanes[long].worker() as worker:
            if left:
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
