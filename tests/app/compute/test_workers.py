"""Computations beside the event loop, in processes that may die without the service."""

import asyncio
import os
import random
import signal
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from typing import get_args

import httpx
import pytest
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from retrorun.app.compute.workers import Answer, Work, Workers, parts_of
from retrorun.app.formats.arrow_blocks import block
from retrorun.app.http.json_route import SMALL_BYTES
from retrorun.app.http.limits import Bytes, Refused, WorkFailed
from retrorun.app.main import build
from retrorun.app.settings import Settings
from retrorun.models.estimate.estimate import estimate
from retrorun.models.vocabulary.choices import Equal
from retrorun.models.vocabulary.errors import OutOfRange, Undefined
from robustness import loop

pytestmark = pytest.mark.anyio

ANSWER = b"__import__('starlette.responses').responses.Response(b'%s', headers={'x': 'y'})"
PID = b"__import__('starlette.responses').responses.Response(str(__import__('os').getpid()))"
DIE = b"__import__('os').kill(__import__('os').getpid(), 11)"
FAIL = b"1 / 0  # Zq7Marker"
FOREVER = b"__import__('time').sleep(600)"


@asynccontextmanager
async def running(most: int = 10_000_000, **settings: float) -> AsyncIterator[Workers]:
    """Run the processes as a server does; what they compute is an expression of Python."""
    workers = Workers(Settings(**settings), Bytes(most, "answers"))  # type: ignore[arg-type]  # some are whole numbers
    await workers.start()
    assert workers.starting is not None
    await workers.starting
    try:
        yield workers
    finally:
        await workers.stop()


def body(answer: Response) -> bytes:
    return b"".join(parts_of(answer))


def alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


async def test_without_a_server_it_is_computed_in_place() -> None:
    workers = Workers(Settings(), Bytes(1000, "answers"))
    answer = await workers.run(eval, body=[PID[:20], PID[20:]])
    assert int(body(answer)) == os.getpid()


async def test_an_answer_comes_whole_from_another_process() -> None:
    async with running() as workers:
        answer = await workers.run(eval, body=[ANSWER % b"z", b" and ", ANSWER % (b"a" * 3_000_000)])
        assert (answer.status_code, body(answer), answer.headers["x"]) == (200, b"a" * 3_000_000, "y")
        pids = {int(body(await workers.run(eval, body=[PID], long=long))) for long in (False, True, False)}
        assert len(pids) == 2
        assert os.getpid() not in pids
    assert not any(map(alive, pids))


async def test_an_answer_counts_until_it_is_taken_or_forgotten() -> None:
    long = ANSWER % (b"a" * 3_000_000)
    async with running() as workers:
        answer = await workers.run(eval, body=[long])
        assert workers.outgoing.held == 3_000_000
        taken = answer.released_parts() if isinstance(answer, Answer) else iter(())
        size = len(next(taken)) + len(next(taken))
        assert 3_000_000 - size <= workers.outgoing.held < 3_000_000
        del answer, taken
        assert workers.outgoing.held == 0
        workers.outgoing.held = 8_000_000
        with pytest.raises(Refused, match="answers"):
            await workers.run(eval, body=[long])
        assert workers.outgoing.held == 8_000_000


async def test_an_error_does_not_repeat_the_input_and_the_process_survives() -> None:
    async with running() as workers:
        before = body(await workers.run(eval, body=[PID]))
        with pytest.raises(WorkFailed) as raised:
            await workers.run(eval, body=[FAIL])
        assert "ZeroDivisionError" in str(raised.value)
        assert "Zq7Marker" not in str(raised.value)
        assert body(await workers.run(eval, body=[PID])) == before


async def test_a_process_that_dies_takes_one_request_with_it() -> None:
    async with running() as workers:
        before = body(await workers.run(eval, body=[PID]))
        with pytest.raises(WorkFailed, match="-11"):
            await workers.run(eval, body=[DIE])
        after = body(await workers.run(eval, body=[PID]))
        assert after != before
        # One that is killed while it waits for work takes none.
        os.kill(int(after), signal.SIGKILL)
        while workers.lanes and workers.lanes[0].idle[0].alive:
            await asyncio.sleep(0.01)
        assert body(await workers.run(eval, body=[PID])) not in {before, after}


async def test_one_that_takes_too_long_is_ended_and_those_behind_it_are_served() -> None:
    async with running(compute_within_s=0.3, compute_wait_s=20.0) as workers:
        pid = int(body(await workers.run(eval, body=[PID])))
        endless = asyncio.create_task(workers.run(eval, body=[FOREVER]))
        await asyncio.sleep(0)
        behind = asyncio.create_task(workers.run(eval, body=[PID]))
        with pytest.raises(Refused, match="computing_time"):
            await endless
        assert int(body(await behind)) != pid


async def test_one_whose_turn_does_not_come_is_refused_and_the_other_lane_is_free() -> None:
    async with running(compute_wait_s=0.2) as workers:
        endless = asyncio.create_task(workers.run(eval, body=[FOREVER], long=True))
        await asyncio.sleep(0)
        with pytest.raises(Refused, match="computing"):
            await workers.run(eval, body=[PID], long=True)
        assert (await workers.run(eval, body=[PID])).status_code == 200
        endless.cancel()
        await asyncio.gather(endless, return_exceptions=True)
        assert (await workers.run(eval, body=[PID], long=True)).status_code == 200


async def test_what_nobody_waits_for_any_more_is_not_computed() -> None:
    async with running() as workers:
        with pytest.raises(ClientDisconnect):
            await workers.run(eval, body=[DIE], client_gone=[True])
        assert (await workers.run(eval, body=[PID])).status_code == 200


async def test_only_so_many_wait_for_their_turn() -> None:
    async with running(maximum_connections=2) as workers:
        waiting = [asyncio.create_task(workers.run(eval, body=[FOREVER])) for _ in range(3)]
        await asyncio.sleep(0.1)
        with pytest.raises(Refused, match="computing"):
            await workers.run(eval, body=[PID])
        for task in waiting:
            task.cancel()
        await asyncio.gather(*waiting, return_exceptions=True)
        assert (await workers.run(eval, body=[PID])).status_code == 200


async def test_a_process_has_few_threads_however_many_cores_there_are() -> None:
    """A container's limit of processes counts them."""
    threads = (
        b"__import__('starlette.responses').responses.Response(str(len(__import__('os').listdir('/proc/self/task'))))"
    )
    async with running() as workers:
        await workers.run(block, None, "", 0, True, body=[b"no stream"])  # It loads Arrow.
        assert int(body(await workers.run(eval, body=[threads]))) <= 3


@pytest.mark.parametrize("error", [OSError(24, "too many files"), MemoryError(), OSError(11, "no process")])
async def test_without_room_for_a_process_it_is_refused_and_comes_back(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise error

    async with running() as workers:
        for place in (
            "retrorun.app.compute.workers.subprocess.Popen",
            "retrorun.app.compute.workers.socket.socketpair",
        ):
            with monkeypatch.context() as patch:
                patch.setattr(place, no_room)
                with pytest.raises(Refused, match="computing"):
                    await workers.run(eval, body=[PID], long=True)
        assert (await workers.run(eval, body=[PID], long=True)).status_code == 200


async def test_the_process_ends_with_the_service() -> None:
    """Also where the service has no time to say so: the other end of the connection closes."""
    program = (
        "import asyncio, os, retrorun.app.compute.workers as w\n"
        "from retrorun.app.settings import Settings; from retrorun.app.http.limits import Bytes\n"
        "async def main():\n"
        "    workers = w.Workers(Settings(), Bytes(9, 'answers')); await workers.start()\n"
        f"    answer = await workers.run(eval, body=[{PID!r}])\n"
        "    print(next(answer.released_parts()).decode(), flush=True); os.kill(os.getpid(), 9)\n"
        "asyncio.run(main())"
    )
    started = await asyncio.create_subprocess_exec(sys.executable, "-c", program, stdout=subprocess.PIPE)
    said, _ = await started.communicate()
    for _ in range(200):
        if not alive(int(said)):
            return
        await asyncio.sleep(0.05)
    raise AssertionError("it is still there")


def test_a_process_whose_service_was_killed_while_it_started_says_nothing() -> None:
    ours, theirs = socket.socketpair()
    ours.close()
    with theirs:
        started = subprocess.run(
            [sys.executable, "-m", "retrorun.app.compute.worker", str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
    assert (started.returncode, started.stderr) == (0, "")


async def test_the_log_says_where_it_failed_and_the_caller_gets_500(
    caplog: pytest.LogCaptureFixture,
) -> None:
    guard = build(Settings())

    class Failing:
        outgoing = guard.outgoing

        async def run(self, *_: object, **__: object) -> Response:
            raise WorkFailed("ZeroDivisionError at answer:9")

    guard.workers = Failing()
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
        assert (await client.post("/solve", json={})).status_code == 500
    assert "ZeroDivisionError at answer:9" in caplog.text


class Noting:
    """What computes in place, and notes that it was asked."""

    def __init__(self) -> None:
        self.outgoing = Bytes(1 << 30, "answers")
        self.asked = 0

    async def run(self, work: Work, *given: object, body: Sequence[bytes | bytearray] = (), **_: object) -> Response:
        self.asked += 1
        return work(*given, b"".join(body))


STAY = {"estimate", *(f"GET {path}" for path in loop.READ)} - {"GET /openapi.json", "GET /llms.txt"}
"""Requests answered on the event loop; `make loop` says how long each takes."""


def test_the_bouts_of_the_loop_use_every_way_to_hold_equal_and_every_option() -> None:
    chance = random.Random(1)
    bouts = [loop.bout(chance) for _ in range(300)]
    assert {bout.get("equal") for bout in bouts} == {None, *get_args(Equal)}
    carried = [bout for bout in bouts if "weight_support" in bout]
    assert carried
    assert {True, False} <= {bout.get("overground") for bout in bouts}
    for bout in carried:
        # The service has an answer, or another field is at fault.
        with suppress(OutOfRange, Undefined):
            estimate(**bout)


@pytest.mark.parametrize("kind", [kind for kind in loop.KINDS if kind is not loop.read])
async def test_long_computations_leave_the_event_loop(kind: Callable[[random.Random, bool], loop.Request]) -> None:
    await check_where_it_is_answered(kind(random.Random(1), False))


@pytest.mark.parametrize("path", loop.READ)
async def test_a_get_that_takes_long_leaves_it(path: str) -> None:
    await check_where_it_is_answered(loop.Request(f"GET {path}", "GET", path))


async def test_every_long_body_leaves_it() -> None:
    """It may contain a thousand errors."""
    body = b"{" + b",".join(b'"a%d": 1' % number for number in range(1000)) + b"}"
    assert len(body) > SMALL_BYTES
    await check_where_it_is_answered(loop.Request("estimate, long", "POST", "/estimate", body))


async def check_where_it_is_answered(asked: loop.Request) -> None:
    guard, noting = build(Settings()), Noting()
    guard.workers = noting
    async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
        headers = {"content-type": asked.media_type}
        answer = await client.request(asked.method, asked.path, content=asked.body, headers=headers)
    assert answer.status_code in {200, 422}
    assert (noting.asked == 0) == (asked.operation in STAY), asked.operation
