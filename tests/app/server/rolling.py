"""Two replicas behind HAProxy, restarted in turn under constant load; then one of them is killed.

`make rolling` runs all of it, `tests/house/test_deploy.py` a short form. Everything listens on 127.0.0.1, is
bounded in time, and is ended with it. HAProxy runs with `deploy/haproxy.cfg`, unchanged.
"""

import argparse
import asyncio
import csv
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path

CONFIGURATION = Path(__file__).parents[3] / "deploy" / "haproxy.cfg"
BODY = json.dumps({"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200, "include": ["energy"]}).encode()
HEAD = (
    b"POST /estimate HTTP/1.1\r\nhost: retrorun.test\r\ncontent-type: application/json\r\n"
    b"content-length: %d\r\n\r\n" % len(BODY)
)
PROBE = b"GET /readyz HTTP/1.1\r\nhost: retrorun.test\r\nconnection: close\r\n\r\n"
QUICK, SLOW = 12, 6
"""Connections that send one request after the other, and those that send each body in two parts with a pause."""
PAUSE_S, HALF_S = 0.01, 0.5
RETRY_AFTER_S = 0.1
"""A client that asks again at once may reach the same process while it is still dying."""
START_WITHIN_S, STOP_WITHIN_S, ANSWER_WITHIN_S = 20.0, 30.0, 20.0


@dataclass
class Answer:
    """What came of one request; status 0 when the connection ended without an answer."""

    status: int
    replica: str
    body: bytes
    began: float
    ended: float


@dataclass
class Seen:
    """What the load saw since the last look."""

    answers: Counter[str] = field(default_factory=Counter)
    failures: list[Answer] = field(default_factory=list)
    retried: Counter[int] = field(default_factory=Counter)
    quick_s: list[float] = field(default_factory=list)


class Replica:
    """One `retrorun serve` that can be started again on its port."""

    def __init__(self, name: str, port: int, drain_s: float, log: Path) -> None:
        self.name, self.port, self.log = name, port, log
        # Settings in the environment must not change the measurement.
        self.environment = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}
        self.environment["RETRORUN_DRAIN_TIME_S"] = f"{drain_s:g}"
        # Refusing under overload is tested elsewhere; here, a machine busy with others must not look like a fault.
        self.environment["RETRORUN_MAXIMUM_LOOP_LAG_S"] = "5"
        self.process: subprocess.Popen[bytes] | None = None

    async def start(self) -> None:
        """Start it and wait until it is ready."""
        command = [
            sys.executable,
            "-m",
            "retrorun.app.cli",
            "serve",
            "--host",
            "127.0.0.1",
            "--port",
            str(self.port),
        ]
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                command, env=self.environment, cwd=CONFIGURATION.parent.parent, stdout=log, stderr=log
            )
        async with asyncio.timeout(START_WITHIN_S):
            while await ready(self.port) != 200:
                if self.process.poll() is not None:
                    raise RuntimeError(f"{self.name} ended with {self.process.returncode}: {self.log.read_text()}")
                await asyncio.sleep(0.05)

    async def stop(self, how: signal.Signals) -> tuple[int, float]:
        """Send it a signal, wait for its end, and return its exit code and how long that took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(how)
        async with asyncio.timeout(STOP_WITHIN_S):
            while self.process.poll() is None:
                await asyncio.sleep(0.02)
        return self.process.returncode, time.monotonic() - began

    def end(self) -> None:
        """Leave nothing behind."""
        if self.process is not None and self.process.poll() is None:
            self.process.kill()
            self.process.wait()


async def ready(port: int) -> int:
    """Return the status of /readyz, 0 without an answer."""
    try:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(PROBE)
        line = await asyncio.wait_for(reader.readline(), 5)
        writer.close()
        return int(line.split()[1])
    except (OSError, IndexError, TimeoutError):
        return 0


async def read_answer(reader: asyncio.StreamReader) -> tuple[int, str, bytes, bool]:
    """Return status, replica, body, and whether the connection stays open."""
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:])}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    stays = "content-length" in headers and headers.get("connection", "").lower() != "close"
    return int(head[0].split()[1]), headers.get("x-replica", ""), body, stays


class Load:
    """Connections to HAProxy that send requests until they are stopped."""

    def __init__(self, port: int, expected: bytes) -> None:
        self.port, self.expected = port, expected
        self.seen = Seen()
        self.running = True

    def look(self) -> Seen:
        """Return the requests seen since the last look."""
        seen, self.seen = self.seen, Seen()
        return seen

    async def ask(
        self, connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None, *, slow: bool
    ) -> tuple[Answer, tuple[asyncio.StreamReader, asyncio.StreamWriter] | None]:
        """Send one request, over a connection that is open or a new one; return it while it stays open."""
        began = time.monotonic()
        writer = None
        try:
            async with asyncio.timeout(ANSWER_WITHIN_S):
                reader, writer = connection or await asyncio.open_connection("127.0.0.1", self.port)
                answer = asyncio.ensure_future(read_answer(reader))
                if slow:
                    writer.write(HEAD + BODY[:20])
                    # An answer that comes early, such as a 502 for a replica that died, is not waited past.
                    await asyncio.wait({answer}, timeout=HALF_S)
                    if not answer.done():
                        writer.write(BODY[20:])
                else:
                    writer.write(HEAD + BODY)
                status, replica, body, stays = await answer
        except (OSError, asyncio.IncompleteReadError, TimeoutError):
            status, replica, body, stays = 0, "", b"", False
        if not stays and writer is not None:
            writer.close()
            writer = None
        kept = (reader, writer) if writer is not None else None
        return Answer(status, replica, body, began, time.monotonic()), kept

    def right(self, answer: Answer) -> bool:
        """Say whether an answer is the one that was expected, to the byte."""
        return answer.status == 200 and answer.body == self.expected

    async def connection(self, *, slow: bool) -> None:
        """Ask again and again; what failed is asked once more."""
        kept = None
        while self.running:
            answer, kept = await self.ask(kept, slow=slow)
            if self.right(answer):
                self.seen.answers[answer.replica] += 1
                if not slow:
                    self.seen.quick_s.append(answer.ended - answer.began)
            else:
                self.seen.failures.append(answer)
                await asyncio.sleep(RETRY_AFTER_S)
                again, kept = await self.ask(kept, slow=False)
                self.seen.retried[200 if self.right(again) else again.status] += 1
            await asyncio.sleep(PAUSE_S)
        if kept is not None:
            kept[1].close()


@asynccontextmanager
async def loaded(port: int, expected: bytes) -> AsyncIterator[Load]:
    """Keep up a load while the block runs."""
    load = Load(port, expected)
    async with asyncio.TaskGroup() as group:
        for number in range(QUICK + SLOW):
            group.create_task(load.connection(slow=number >= QUICK))
        try:
            yield load
        finally:
            load.running = False


class Proxy:
    """A HAProxy with the configuration that is deployed."""

    def __init__(self, program: str, folder: Path, port: int, replicas: list[Replica]) -> None:
        self.admin = folder / "admin"
        one, two = (f"127.0.0.1:{replica.port}" for replica in replicas)
        environment = os.environ | {
            "HAPROXY_FRONT": f"127.0.0.1:{port}",
            "HAPROXY_ONE": one,
            "HAPROXY_TWO": two,
            "HAPROXY_ADMIN": str(self.admin),
        }
        self.log = folder / "haproxy.log"
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [program, "-db", "-f", str(CONFIGURATION)], env=environment, stdout=log, stderr=log
            )

    async def statistics(self) -> dict[str, dict[str, str]]:
        """Return what HAProxy says of each replica."""
        reader, writer = await asyncio.open_unix_connection(self.admin)
        writer.write(b"show stat\n")
        lines = (await reader.read()).decode().lstrip("# ").splitlines()
        writer.close()
        return {row["svname"]: row for row in csv.DictReader(lines) if row["pxname"] == "replicas"}

    async def sees(self, name: str, state: str) -> None:
        """Wait until the health checks of a replica have come to a state."""
        async with asyncio.timeout(START_WITHIN_S):
            while True:
                with suppress(OSError):
                    if (await self.statistics())[name]["status"] == state:
                        return
                await asyncio.sleep(0.02)

    async def attempts_repeated(self) -> int:
        """Return how often HAProxy itself had to try again."""
        rows = await self.statistics()
        return sum(int(rows[name]["wretr"]) + int(rows[name]["wredis"]) for name in ("one", "two"))

    def end(self) -> None:
        """Leave nothing behind."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()


def free_ports(count: int) -> list[int]:
    """Return ports that nothing listens on."""
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [each.getsockname()[1] for each in sockets]
    for each in sockets:
        each.close()
    return ports


def line_of(seen: Seen, name: str) -> str:
    """Return one line about the requests seen."""
    slowest = sorted(seen.quick_s)
    share = ", ".join(f"{replica} {count}" for replica, count in sorted(seen.answers.items()))
    times = (
        f"p50 {slowest[len(slowest) // 2] * 1e3:.1f} p99 {slowest[len(slowest) * 99 // 100] * 1e3:.1f} "
        if slowest
        else ""
    )
    return (
        f"{name:<22} {seen.answers.total():>6} answered ({share}), {len(seen.failures)} failed; "
        f"{times}max {slowest[-1] * 1e3 if slowest else 0:.0f} ms"
    )


async def rolling(restarts: int, drain_s: float, folder: Path) -> list[str]:
    """Run it all, print the requests seen, and return each broken promise."""
    program = shutil.which("haproxy", path=f"{os.environ.get('PATH', os.defpath)}:/usr/sbin")
    if program is None:
        return ["haproxy is not installed: apt-get install haproxy"]
    wrong: list[str] = []
    front, *ports = free_ports(3)
    replicas = [
        Replica(name, port, drain_s, folder / f"{name}.log") for name, port in zip(("one", "two"), ports, strict=True)
    ]
    proxy = Proxy(program, folder, front, replicas)
    try:
        await asyncio.gather(*(replica.start() for replica in replicas))
        for replica in replicas:
            await proxy.sees(replica.name, "UP")
        first, kept = await Load(front, b"").ask(None, slow=False)
        assert first.status == 200, first
        assert kept is not None
        kept[1].close()
        async with loaded(front, first.body) as load:
            await asyncio.sleep(1)
            print(line_of(load.look(), "before"), flush=True)
            for turn in range(restarts):
                for replica in replicas:
                    code, took = await replica.stop(signal.SIGTERM)
                    await replica.start()
                    await proxy.sees(replica.name, "UP")
                    await asyncio.sleep(0.5)
                    seen = load.look()
                    print(
                        line_of(seen, f"restart {turn + 1} of {replica.name}"),
                        f"; stopped in {took:.1f} s, exit {code}",
                    )
                    if code != 0:
                        wrong.append(f"{replica.name} ended with {code} after SIGTERM")
                    if seen.failures:
                        kinds = Counter((failure.status, failure.replica) for failure in seen.failures)
                        wrong.append(f"restart {turn + 1} of {replica.name}: failed {dict(kinds)}")
                    if set(seen.answers) != {"one", "two"}:
                        wrong.append(f"restart {turn + 1} of {replica.name}: answers only from {set(seen.answers)}")
            repeated = await proxy.attempts_repeated()
            print(f"HAProxy had to repeat {repeated} connections")
            if repeated:
                wrong.append(f"HAProxy had to repeat {repeated} connections: a replica refused before it was out")
            wrong += await killed(load, proxy, replicas[0])
    finally:
        for replica in replicas:
            replica.end()
        proxy.end()
    return wrong


async def killed(load: Load, proxy: Proxy, victim: Replica) -> list[str]:
    """Kill a replica under load, and return each broken promise."""
    wrong = []
    load.look()
    await asyncio.sleep(HALF_S)
    code, _ = await victim.stop(signal.SIGKILL)
    dead = time.monotonic()
    await proxy.sees(victim.name, "DOWN")
    await asyncio.sleep(1)
    seen = load.look()
    late = [failure for failure in seen.failures if failure.began > dead]
    print(line_of(seen, f"kill -9 of {victim.name}"))
    oldest = max((dead - failure.began for failure in seen.failures), default=0)
    kinds = Counter(failure.status for failure in seen.failures)
    print(f"  failed: {dict(kinds)}, begun up to {oldest:.2f} s before; retried: {dict(seen.retried)}; exit {code}")
    if late:
        wrong.append(
            f"{len(late)} requests failed that began up to {max(f.began for f in late) - dead:.3f} s after kill -9"
        )
    if not seen.failures:
        wrong.append("kill -9 failed no request: none was in flight, so nothing was shown")
    if strangers := {failure.replica for failure in seen.failures} - {victim.name, ""}:
        wrong.append(f"kill -9 of {victim.name} failed requests of {strangers}")
    if set(seen.retried) - {200}:
        wrong.append(f"a retry after kill -9 got {dict(seen.retried)}")
    await victim.start()
    await proxy.sees(victim.name, "UP")
    await asyncio.sleep(0.5)
    seen = load.look()
    print(line_of(seen, "after its restart"))
    if seen.failures or set(seen.answers) != {"one", "two"}:
        kinds = Counter(failure.status for failure in seen.failures)
        wrong.append(f"after the restart failed {dict(kinds)}, answers from {set(seen.answers)}")
    return wrong


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--restarts", type=int, default=5, help="of each replica (%(default)s)")
    parser.add_argument("--drain", type=float, default=2.0, help="drain time in seconds (%(default)s)")
    parser.add_argument("--within", type=float, default=240.0, help="longest run in seconds (%(default)s)")
    chosen = parser.parse_args()
    began = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="rolling-") as name:

        async def bounded() -> list[str]:
            async with asyncio.timeout(chosen.within):
                return await rolling(chosen.restarts, chosen.drain, Path(name))

        wrong = asyncio.run(bounded())
        if wrong:
            for log in sorted(Path(name).glob("*.log")):
                print(f"-- {log.name}", *log.read_text(errors="replace").splitlines()[-10:], sep="\n")
    for line in wrong:
        print(f"WRONG: {line}")
    print(f"rolling: {'FAILED' if wrong else 'OK'} in {time.monotonic() - began:.0f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
