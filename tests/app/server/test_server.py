"""How the service stops, and that a loop that runs late is seen."""

import asyncio
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

from retrorun.app.http.guard import Guard
from retrorun.app.server.connection import changed_uvicorn_names
from retrorun.app.server.listener import listen, stop_new_connections
from retrorun.app.server.server import Server, configuration
from retrorun.app.settings import Settings
from robustness.stops import REFUSED, ask

BOUT = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}'
HEAD = b"POST /estimate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BOUT)
HOUSE = Path(__file__).parents[3]
SERVE = [sys.executable, "-m", "retrorun.app.cli", "serve", "--port", "0"]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}


@contextmanager
def serving(
    before: Sequence[str] = (), command: Sequence[str] = SERVE, **environment: str
) -> Iterator[tuple[subprocess.Popen[str], str, int]]:
    """Run the service with these settings, and give its process, address and port."""
    with subprocess.Popen(
        [*before, *command], env=BARE | environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stderr is not None
            said = None
            while not said:
                line = process.stderr.readline()
                assert line
                said = re.search(r"(http://127.0.0.1:(\d+))", line)
            yield process, said[1], int(said[2])
        finally:
            if process.poll() is None:
                process.kill()


def not_ready(url: str) -> httpx.Response:
    """Wait until the service has received the signal, and return its answer to /readyz."""
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        answer = httpx.get(f"{url}/readyz", trust_env=False)
        if answer.status_code != 200:
            return answer
    raise AssertionError("it stays ready")


class TestStopping:
    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
    def test_it_drains_finishes_open_requests_and_exits_with_0(self, stop: signal.Signals) -> None:
        drain = {"RETRORUN_DRAIN_TIME_S": "1.5", "RETRORUN_SHUTDOWN_WITHIN_S": "5"}
        with serving(**drain) as (process, url, port), socket.create_connection(("127.0.0.1", port), 10) as slow:
            slow.sendall(HEAD + BOUT[:10])
            assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
            began = time.monotonic()
            process.send_signal(stop)
            answer = not_ready(url)
            assert (answer.status_code, answer.headers["content-type"]) == (503, "application/problem+json")
            assert "stopping" in answer.json()["detail"]
            # Alive, and answering on new connections, which it closes.
            while time.monotonic() - began < 1.2:
                for answer in (
                    httpx.get(f"{url}/livez", trust_env=False),
                    httpx.post(f"{url}/estimate", content=BOUT, headers={"content-type": "application/json"}),
                ):
                    assert (answer.status_code, answer.headers["connection"]) == (200, "close")
            time.sleep(max(0.0, began + 2.0 - time.monotonic()))
            with pytest.raises(httpx.ConnectError):
                httpx.get(f"{url}/livez", trust_env=False)
            assert process.poll() is None
            slow.sendall(BOUT[10:])
            assert slow.recv(65_536).startswith(b"HTTP/1.1 200 OK\r\n")
            assert process.wait(timeout=5) == 0
            assert time.monotonic() - began < 1.5 + 5

    @pytest.mark.parametrize("signals", [(signal.SIGTERM, signal.SIGTERM), (signal.SIGINT,)])
    def test_a_second_signal_or_an_interrupt_skips_the_drain(self, signals: tuple[signal.Signals, ...]) -> None:
        with serving(RETRORUN_DRAIN_TIME_S="60") as (process, url, _):
            httpx.get(f"{url}/livez", trust_env=False)
            began = time.monotonic()
            *first, last = signals
            for which in first:
                process.send_signal(which)
                not_ready(url)
            process.send_signal(last)
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - began < 5

    def test_requests_that_do_not_finish_in_time_are_logged_and_dropped(self) -> None:
        within = {"RETRORUN_DRAIN_TIME_S": "0", "RETRORUN_SHUTDOWN_WITHIN_S": "1"}
        with serving(**within) as (process, url, port), socket.create_connection(("127.0.0.1", port), 10) as slow:
            slow.sendall(HEAD + BOUT[:10])
            httpx.get(f"{url}/livez", trust_env=False)
            began = time.monotonic()
            process.send_signal(signal.SIGTERM)
            answer = slow.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 503 ")
            assert b"retry-after: 1" in answer
            assert process.wait(timeout=10) == 0
            assert time.monotonic() - began < 1 + 3
            assert process.stderr is not None
            assert "Traceback" not in process.stderr.read()

    def test_headers_that_have_begun_to_arrive_are_answered_too(self) -> None:
        with serving(RETRORUN_DRAIN_TIME_S="0") as (process, url, port):
            with socket.create_connection(("127.0.0.1", port), 10) as slow:
                slow.sendall(HEAD[:30])
                httpx.get(f"{url}/livez", trust_env=False)
                process.send_signal(signal.SIGTERM)
                time.sleep(0.4)
                slow.sendall(HEAD[30:] + BOUT)
                answer = slow.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"connection: close" in answer
            assert process.wait(timeout=10) == 0

    @pytest.mark.skipif(sys.platform != "linux", reason="Only Linux filters the packets of a socket.")
    @pytest.mark.parametrize("host", ["127.0.0.1", "::"])
    def test_new_connections_are_ignored_and_those_that_have_begun_arrive(self, host: str) -> None:
        with (
            listen(host, 0) as listener,
            socket.create_connection(("127.0.0.1", listener.getsockname()[1]), 5) as begun,
        ):
            begun.sendall(b"before")
            stop_new_connections(listener)
            with pytest.raises(TimeoutError):
                socket.create_connection(("127.0.0.1", listener.getsockname()[1]), 0.3)
            begun.sendall(b" and after")
            begun.shutdown(socket.SHUT_WR)
            with listener.accept()[0] as taken, taken.makefile("rb") as received:
                assert received.read() == b"before and after"
            listener.settimeout(0)
            with pytest.raises(BlockingIOError):
                listener.accept()

    def test_a_connection_that_was_just_accepted_may_still_send_its_request(self) -> None:
        """It has more time for that here, so that a busy machine does not matter."""
        longer = "import retrorun.app.server.server, retrorun.app.server.connection as it; it.LAST_S = 10.0\n"
        main = "from retrorun.app.cli.main import main; raise SystemExit(main(['serve', '--port', '0']))"
        environment = {"RETRORUN_DRAIN_TIME_S": "0", "RETRORUN_SHUTDOWN_WITHIN_S": "20"}
        with (
            serving(command=[sys.executable, "-c", longer + main], **environment) as (process, url, port),
            socket.create_connection(("127.0.0.1", port), 10) as fresh,
        ):
            httpx.get(f"{url}/livez", trust_env=False)
            process.send_signal(signal.SIGTERM)
            while ask(port) != REFUSED:
                pass
            fresh.sendall(HEAD + BOUT)
            answer = fresh.recv(65_536)
            assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
            assert b"connection: close" in answer
            assert process.wait(timeout=15) == 0


class TestStart:
    """A signal to stop ends the service at any moment of its start."""

    @pytest.mark.parametrize("delay_s", [0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.2])
    def test_as_process_1_as_the_image_starts_it(self, delay_s: float) -> None:
        image = (HOUSE / "Dockerfile").read_text(encoding="utf-8").partition(" AS image\n")[2]
        entry = re.search(r"^ENTRYPOINT (.*)$", image, re.MULTILINE)
        assert entry
        with first_process(*json.loads(entry[1])) as (namespace, process):
            await_signals(process, "SigBlk")
            time.sleep(delay_s)
            os.kill(process, signal.SIGTERM)
            assert namespace.wait(20) == 0

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
    def test_as_process_1_as_soon_as_there_is_a_handler(self, stop: signal.Signals) -> None:
        with first_process() as (namespace, process):
            await_signals(process, "SigCgt")
            os.kill(process, stop)
            assert namespace.wait(20) == 0

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    @pytest.mark.parametrize("delay_s", [0.0, 0.1, 0.3])
    def test_as_any_process_without_a_word(self, stop: signal.Signals, delay_s: float) -> None:
        with subprocess.Popen(SERVE, env=BARE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
            await_signals(process.pid, "SigCgt")
            time.sleep(delay_s)
            process.send_signal(stop)
            _, said = process.communicate(timeout=20)
        assert process.returncode == 0
        assert "Traceback" not in said

    def test_a_hang_up_that_is_ignored_stays_so(self) -> None:
        with serving(before=["nohup"], RETRORUN_DRAIN_TIME_S="0") as (process, url, _):
            process.send_signal(signal.SIGHUP)
            time.sleep(0.5)
            assert httpx.get(f"{url}/readyz", trust_env=False).status_code == 200
            process.send_signal(signal.SIGTERM)
            assert process.wait(timeout=10) == 0

    def test_only_the_service_ends_with_0(self) -> None:
        program = (
            "import sys, time; from app.start import exit_on_signals\n"
            "sys.argv = ['retrorun', 'bulk']; exit_on_signals(); print(flush=True); time.sleep(9)"
        )
        with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE) as process:
            assert process.stdout is not None
            process.stdout.readline()
            process.terminate()
            assert process.wait(timeout=10) == -signal.SIGTERM


@contextmanager
def first_process(*before: str) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Start the service as process 1 of a namespace, behind these words; give the process outside, and its number."""
    tried = subprocess.run(["unshare", "--pid", "--fork", "true"], capture_output=True, check=False)
    if tried.returncode:
        pytest.skip("no namespaces of processes here")
    with subprocess.Popen(
        ["unshare", "--pid", "--fork", "--kill-child", *before, *SERVE], env=BARE, stderr=subprocess.DEVNULL, text=True
    ) as namespace:
        children = Path(f"/proc/{namespace.pid}/task/{namespace.pid}/children")
        try:
            while not (found := children.read_text(encoding="utf-8").split()):
                time.sleep(0.002)
            yield namespace, int(found[0])
        finally:
            namespace.kill()


def await_signals(process: int, which: str) -> None:
    """Wait until a process has SIGTERM among its signals of a kind, as Linux lists them."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        status = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
        listed = re.search(rf"^{which}:\s*([0-9a-f]+)$", status, re.MULTILINE)
        assert listed
        if int(listed[1], 16) & 1 << (signal.SIGTERM - 1):
            return
        time.sleep(0.001)
    raise AssertionError("it never has")


@pytest.mark.anyio
async def test_a_loop_that_runs_late_twice_in_a_row_is_overloaded_until_it_does_not() -> None:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...

    guard = Guard(nothing)
    settings = Settings(maximum_loop_lag_s=0.03)
    server = Server(configuration(guard, settings), settings, guard.state)
    watching = asyncio.create_task(server.watch())
    seen = []
    for busy_s in [0.0] * 3 + [0.15] * 6 + [0.0] * 6:
        time.sleep(busy_s)
        await asyncio.sleep(0.03)
        seen.append(guard.state.overloaded)
    watching.cancel()
    assert not any(seen[:4])
    assert any(seen[5:9])
    assert not seen[-1]
    assert guard.state.loop_lag_s >= 0


def test_proxies_are_trusted_only_by_name() -> None:
    async def nothing(scope: Scope, receive: Receive, send: Send) -> None: ...

    plain = configuration(Guard(nothing), Settings())
    assert not plain.proxy_headers
    behind = configuration(Guard(nothing), Settings(trusted_proxies=("10.0.0.0/8",)))
    assert isinstance(behind, uvicorn.Config)
    assert (behind.proxy_headers, behind.forwarded_allow_ips) == (True, ["10.0.0.0/8"])


CHANGED_UVICORN = """
import inspect, re, sys
from uvicorn.protocols.http import flow_control, httptools_impl
module = sys.modules[{module!r}]
source = re.sub({before!r}, {after!r}, inspect.getsource(module))
for name in [name for name in vars(module) if not name.startswith("__")]:
    delattr(module, name)
exec(source, vars(module))
httptools_impl.FlowControl = flow_control.FlowControl
sys.argv[1:] = ["serve", "--port", "0"]
from app.cli.main import main
raise SystemExit(main())
"""
"""A service on a uvicorn whose source has other names."""

PROTOCOL = "uvicorn.protocols.http.httptools_impl"
FLOW = "uvicorn.protocols.http.flow_control"


class TestAnotherUvicorn:
    def test_this_one_is_as_expected(self) -> None:
        assert changed_uvicorn_names() == []

    @pytest.mark.parametrize(
        ("module", "before", "after", "found"),
        [
            (PROTOCOL, r"\b_start_asgi_task\b", "_begin", "HttpToolsProtocol._start_asgi_task"),
            (PROTOCOL, r"app: ASGI3Application\)", "app, late=False)", "HttpToolsProtocol._start_asgi_task"),
            (PROTOCOL, r"\bself\.pipeline\b", "self.queue", "HttpToolsProtocol.pipeline"),
            (PROTOCOL, r"\bresponse_complete\b", "complete", "RequestResponseCycle.response_complete"),
            (PROTOCOL, r"\bRequestResponseCycle\b", "Cycle", "RequestResponseCycle.keep_alive"),
            (FLOW, r"\bread_paused\b", "reading_paused", "FlowControl.read_paused"),
        ],
    )
    def test_it_serves_all_the_same_and_the_log_says_so_once(
        self, module: str, before: str, after: str, found: str
    ) -> None:
        program = CHANGED_UVICORN.format(module=module, before=before, after=after)
        with serving(command=[sys.executable, "-c", program]) as (process, url, _):
            for _ in range(2):
                answer = httpx.post(f"{url}/estimate", content=BOUT, headers={"content-type": "application/json"})
                assert answer.status_code == 200
            process.send_signal(signal.SIGINT)
            said = process.communicate(timeout=20)[0]
        (line,) = (json.loads(line) for line in said.splitlines() if "uvicorn" in line)
        assert (line["level"], found in line["message"]) == ("warning", True)
