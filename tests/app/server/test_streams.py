"""Standard streams that nobody reads, are closed or full: the service serves, ends, and reports lost lines."""

import json
import logging
import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest

from retrorun.app.http.access import line_of
from retrorun.app.observe import logs
from retrorun.app.observe.logs import Lines

PROGRAM = [sys.executable, "-m", "retrorun.app.cli"]
BARE = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}
QUICK_END = {"RETRORUN_DRAIN_TIME_S": "0"}
ESTIMATE = ["estimate", "--mass", "70kg", "--speed", "9km/h", "--duration", "20min"]
DROPPED = re.compile(r"(\d+) lines of the log were dropped here")


@pytest.fixture
def pipe(monkeypatch: pytest.MonkeyPatch) -> Iterator[int]:
    """Make stdout the one end of a pipe, and give the other."""
    reader, writer = os.pipe()
    os.set_blocking(reader, False)
    with os.fdopen(writer, "w") as stream:
        # The log's own: pytest sets that of all anew before the test.
        monkeypatch.setattr(logs, "sys", SimpleNamespace(stdout=stream))
        yield reader
    with suppress(OSError):
        os.close(reader)


def read(file: int) -> list[str]:
    """Return the lines that are in a pipe."""
    parts = []
    with suppress(BlockingIOError):
        while part := os.read(file, 65_536):
            parts.append(part)
    return b"".join(parts).decode().splitlines()


class TestLines:
    def test_lines_are_written_at_once(self, pipe: int) -> None:
        lines = Lines()
        for number in range(3):
            lines.write(f"{number}\n")
            assert read(pipe) == [str(number)]

    def test_every_lost_line_is_counted_and_all_keep_their_order(
        self, pipe: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logs, "WAITING", 10)
        lines, seen, said = Lines(), list[int](), 0
        for number in range(20_000):
            lines.write(f"{number:>200}\n")
            if number % 1000 == 999:
                for line in read(pipe):
                    if found := DROPPED.search(line):
                        said += int(found[1])
                        assert json.loads(line)["level"] == "warning"
                        assert json.loads(line)["logger"] == "retrorun"
                    else:
                        seen.append(int(line))
                        # What is missing before a line was said before it.
                        assert seen[-1] == len(seen) + said - 1
        assert len(seen) + said + len(lines.waiting) + lines.dropped == 20_000 + sum(
            bool(DROPPED.search(line)) for line in lines.waiting
        )
        assert said

    def test_what_waits_is_written_at_the_end_if_somebody_reads(
        self, pipe: int, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(logs, "WAITING", 10)
        lines = Lines()
        for _ in range(2000):
            lines.write(f"{'line':>200}\n")
        dropped = lines.dropped
        assert dropped
        before = read(pipe)
        lines.finish()
        after = read(pipe)
        assert len(after) == 11
        assert f"{dropped} lines" in after[-1]
        assert len(before) + len(after) - 1 + dropped == 2000

    def test_the_end_does_not_wait_for_nobody(self, pipe: int, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(logs, "FINISH_WITHIN_S", 0.01)
        lines = Lines()
        for _ in range(2000):
            lines.write(f"{'line':>200}\n")
        lines.finish()
        assert lines.waiting

    def test_a_reader_that_left_is_no_fault(self, pipe: int) -> None:
        lines = Lines()
        os.close(pipe)
        for _ in range(3):
            lines.write("line\n")
        lines.finish()
        assert len(lines.waiting) == 3

    def test_a_line_fits_into_what_a_pipe_takes_in_one_piece(self) -> None:
        record = logging.LogRecord("x", 50, "", 0, "\0é𝄞" * 10_000, None, None)
        try:
            raise ValueError
        except ValueError as error:
            record.exc_info = (ValueError, error, error.__traceback__)
        assert len(logs.JsonLines().format(record).encode()) < 4096


@contextmanager
def serving(
    redirection: str = "", output: int = subprocess.PIPE, **settings: str
) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the service behind a redirection of the shell, and give its process and port once it serves."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    command = f'exec "$@" {redirection}'
    with subprocess.Popen(
        ["sh", "-c", command, "sh", *PROGRAM, "serve", "--port", str(port)],
        env=BARE | QUICK_END | settings,
        stdout=output,
        stderr=output,
        text=True,
    ) as process:
        try:
            deadline = time.monotonic() + 20
            while time.monotonic() < deadline:
                with suppress(httpx.HTTPError):
                    httpx.get(f"http://127.0.0.1:{port}/livez", trust_env=False)
                    break
                time.sleep(0.02)
            yield process, port
        finally:
            if process.poll() is None:
                process.kill()


def ask(port: int, times: int) -> None:
    """Ask a number of times on one connection, and see that each is answered."""
    request = b"GET /livez HTTP/1.1\r\nHost: x\r\n\r\n"
    with socket.create_connection(("127.0.0.1", port), 10) as connection:
        for start in range(0, times, 100):
            count = min(100, times - start)
            connection.sendall(request * count)
            received = b""
            while received.count(b"HTTP/1.1 200 OK") < count:
                got = connection.recv(65_536)
                assert got
                received += got


def ended(process: subprocess.Popen[str], stop: signal.Signals = signal.SIGTERM) -> int:
    process.send_signal(stop)
    return process.wait(timeout=10)


class TestService:
    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP, signal.SIGINT])
    def test_it_serves_on_and_ends_when_nobody_reads(self, stop: signal.Signals) -> None:
        with serving() as (process, port):
            ask(port, 1500)
            assert ended(process, stop) == 0

    def test_it_says_how_many_lines_were_dropped_once_it_is_read_again(self) -> None:
        with serving() as (process, port):
            ask(port, 6000)
            assert process.stdout is not None
            begun = [process.stdout.readline() for _ in range(300)]
            ask(port, 1)
            process.send_signal(signal.SIGTERM)
            lines = [json.loads(line) for line in [*begun, *process.stdout]]
            assert process.wait(timeout=10) == 0
            assert process.stderr is not None
            assert "Traceback" not in process.stderr.read()
        (dropped,) = (int(found[1]) for line in lines if (found := DROPPED.match(line.get("message", ""))))
        # Beside the answers: that there are no keys, the first /livez, and how many are missing.
        assert len(lines) + dropped == 6001 + 3

    def test_a_pipe_that_is_full_from_the_start_keeps_it_from_nothing(self) -> None:
        reader, writer = os.pipe()
        os.set_blocking(writer, False)
        with suppress(BlockingIOError):
            while True:
                os.write(writer, b"x" * 4096)
        os.set_blocking(writer, True)
        with serving(output=writer) as (process, port):
            ask(port, 10)
            assert ended(process) == 0
        os.close(reader)
        os.close(writer)

    @pytest.mark.parametrize(
        ("closed", "keys"), [(">&-", False), (">&-", True), ("2>&-", False), ("<&-", False), ("<&- >&- 2>&-", True)]
    )
    def test_closed_streams(self, tmp_path: Path, closed: str, keys: bool) -> None:
        settings: dict[str, Any] = {}
        if keys:
            (tmp_path / "keys").write_text(line_of("app", "rr_example"))
            settings["RETRORUN_API_KEY_FILE"] = str(tmp_path / "keys")
        with serving(closed, **settings) as (process, port):
            ask(port, 10)
            files = {str(Path(f"/proc/{process.pid}/fd/{number}").readlink()) for number in range(3)}
            process.send_signal(signal.SIGTERM)
            out, said = process.communicate(timeout=10)
            assert process.returncode == 0
        # No file opened later has the number of a standard stream.
        assert all(file == os.devnull or file.startswith(("pipe:", "/dev/")) for file in files)
        assert "Traceback" not in said
        assert ("Standard output is closed, so there is no log." in said) == (closed == ">&-")
        assert "RetroRun" not in out
        assert bool(out) == (">&-" not in re.sub("2>&-", "", closed))

    def test_a_full_disk_and_a_reader_that_left(self) -> None:
        with serving(">/dev/full 2>&1") as (process, port):
            ask(port, 10)
            assert ended(process) == 0
        with serving() as (process, port):
            for stream in (process.stdout, process.stderr):
                assert stream is not None
                stream.close()
            ask(port, 10)
            assert ended(process) == 0


def shell(words: str, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of ours behind a redirection of the shell."""
    script = ["sh", "-c", f'exec "$@" {words}', "sh", *PROGRAM, *command]
    return subprocess.run(script, env=BARE, capture_output=True, text=True, check=False, timeout=30)


class TestCommands:
    def test_an_answer_that_goes_nowhere_is_one_sentence(self) -> None:
        ran = shell(">&-", *ESTIMATE)
        assert (ran.returncode, ran.stderr) == (1, "retrorun: Standard output is closed, so the answer is lost.\n")
        for command in (ESTIMATE, ["openapi"], ["settings", "--json"]):
            ran = shell(">/dev/full", *command)
            said = "retrorun: Cannot write to standard output: No space left on device.\n"
            assert (ran.returncode, ran.stderr) == (1, said)

    def test_a_complaint_that_goes_nowhere_goes_nowhere_else(self) -> None:
        for words in ("2>&-", "2>/dev/full"):
            ran = shell(words, "estimate", "--mass", "1kg", "--speed", "9km/h", "--duration", "20min")
            assert (ran.returncode, ran.stdout) == (2, "")
            ran = shell(words, *ESTIMATE)
            assert ran.returncode == 0
            assert ran.stdout == shell("", *ESTIMATE).stdout
