"""A server of its own process: the real `retrorun serve`, or another application with the same settings."""

import http.client
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final, NamedTuple

from benchmarks.variants import BODY
from benchmarks.variants.constant import CONTENT

HOUSE: Final = Path(__file__).parent.parent
HOST: Final = "127.0.0.1"
RETRORUN: Final = Path(sys.executable).with_name("retrorun")
EMPTY: Final = "benchmarks.variants.empty:app"
FASTIFY: Final = HOUSE / "benchmarks" / "variants" / "fastify"

SETTINGS: Final = (
    *("--loop", "auto", "--http", "auto", "--ws", "none"),
    *("--log-level", "warning", "--no-access-log", "--no-server-header", "--no-proxy-headers"),
    *("--timeout-graceful-shutdown", "10"),
)
"""The settings of `app.server.server`, as uvicorn's command line has them; a test compares the two."""

START_WITHIN_S: Final = 30.0
POLL_S: Final = 0.002


class DidNotStart(Exception):
    """A server did not answer in time."""


class Started(NamedTuple):
    """A running server."""

    process: "subprocess.Popen[bytes]"
    port: int
    since: float


def command(place: str, port: int) -> list[str]:
    """Return the command that serves an application."""
    if place == "app.main:app":
        return [str(RETRORUN), "serve", "--host", HOST, "--port", str(port)]
    if place == FASTIFY.name:
        return ["node", str(FASTIFY / "server.js"), HOST, str(port)]
    return [sys.executable, "-m", "uvicorn", place, "--host", HOST, "--port", str(port), *SETTINGS]


def pinned(core: int, words: Sequence[str]) -> list[str]:
    """Return a command that runs on one core, where this machine can and has more than one."""
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2 or shutil.which("taskset") is None:
        return list(words)
    return ["taskset", "--cpu-list", str(cores[core % len(cores)]), *words]


NEVER_SHED: Final = {"RETRORUN_MAXIMUM_LOOP_LAG_S": "5", "RETRORUN_DRAIN_TIME_S": "0"}
"""wrk keeps every connection busy: the service would refuse what the others queue, and less work is no speed."""


def has_fastify() -> bool:
    """Return whether Node and the packages of Fastify are installed."""
    return shutil.which("node") is not None and (FASTIFY / "node_modules" / "fastify").is_dir()


def free_port() -> int:
    """Return a port that was free a moment ago."""
    with socket.socket() as one:
        one.bind((HOST, 0))
        return int(one.getsockname()[1])


@contextmanager
def serving(place: str, *, core: int | None = None, workers: int = 1) -> Iterator[Started]:
    """Run a server until the block ends; it is started, and may not answer yet. Only the service has workers."""
    port = free_port()
    words = command(place, port)
    since = time.perf_counter()
    process = subprocess.Popen(
        words if core is None else pinned(core, words),
        cwd=HOUSE,
        env=os.environ | NEVER_SHED | {"BENCH_ANSWER": CONTENT.decode(), "RETRORUN_WORKERS": str(workers)},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield Started(process, port, since)
    finally:
        process.terminate()
        try:
            process.wait(15)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def first_answer(server: Started) -> http.client.HTTPConnection:
    """Wait for the server: ask `/livez` until something answers, and return the connection."""
    while True:
        connection = http.client.HTTPConnection(HOST, server.port, timeout=START_WITHIN_S)
        try:
            connection.request("GET", "/livez")
            connection.getresponse().read()
        except OSError:
            connection.close()
            if server.process.poll() is not None:
                raise DidNotStart(f"it left with code {server.process.returncode}") from None
            if time.perf_counter() - server.since > START_WITHIN_S:
                raise DidNotStart(f"no answer in {START_WITHIN_S:g} seconds") from None
            time.sleep(POLL_S)
        else:
            return connection


def estimate(connection: http.client.HTTPConnection) -> bytes:
    """Ask for the estimate once, and return the body of the answer."""
    connection.request("POST", "/estimate", BODY, {"content-type": "application/json"})
    response = connection.getresponse()
    body = response.read()
    if response.status != http.client.OK:
        raise DidNotStart(f"the estimate was answered with {response.status}")
    return body


def tree(process: int) -> list[int]:
    """Return a process and all that it started."""
    children = [
        int(child) for file in Path(f"/proc/{process}/task").glob("*/children") for child in file.read_text().split()
    ]
    return [process, *(one for child in children for one in tree(child))]


def processor_seconds(process: int) -> float:
    """Return the processor time of a process and all that it started, also of those that have ended [s]."""
    total = 0
    for one in tree(process):
        try:
            after_name = Path(f"/proc/{one}/stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue  # The process has ended.
        total += sum(map(int, after_name[11:15]))
    return total / os.sysconf("SC_CLK_TCK")
