"""What the service does after the system had no room for it: it is whole again within a second."""

import http.client
import json
import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from errno import ECONNABORTED, EMFILE, ENFILE, ENOBUFS, ENOMEM, errorcode
from pathlib import Path

import httpx
import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from retrorun.app.main import build
from retrorun.app.observe.tracing import tracer_provider
from retrorun.app.settings import Settings

BARE = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}
BOUT = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}'
SERVE = "from retrorun.app.cli.main import main; main(['serve', '--port', '0'])"
LOOPS = {"uvloop": "", "asyncio": "import sys; sys.modules['uvloop'] = None\n"}
"""Without uvloop, uvicorn takes the loop of the standard library."""
WITHIN_S = 5.0
"""A second, on a busy machine."""


@contextmanager
def serving(before: str = "", files: int | None = None) -> Iterator[tuple[subprocess.Popen[str], int]]:
    """Run the service after some lines of Python, with at most so many open files, and give its process and port."""

    limit = f"import resource; resource.setrlimit(resource.RLIMIT_NOFILE, ({files}, {files}))\n" if files else ""
    command = [sys.executable, "-c", before + limit + SERVE]
    with subprocess.Popen(command, env=BARE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            found = None
            for line in process.stderr:
                if found := re.search(r"listens on http://127.0.0.1:(\d+)", line):
                    break
            assert found
            yield process, int(found[1])
        finally:
            process.kill()


def status(port: int, method: str, path: str, body: bytes | None = None) -> int:
    """Return the status of one request, 0 where there is no answer."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=WITHIN_S)
    try:
        connection.request(method, path, body, {"content-type": "application/json"} if body else {})
        answer = connection.getresponse()
        answer.read()
        return answer.status
    except OSError:
        return 0
    finally:
        connection.close()


@pytest.mark.parametrize("loop", LOOPS)
def test_after_it_ran_out_of_files_it_takes_connections_again(loop: str) -> None:
    with serving(LOOPS[loop], files=64) as (process, port):
        assert status(port, "POST", "/solve", b"{}") == 422
        held = []
        for _ in range(100):
            with suppress(OSError):
                held.append(socket.create_connection(("127.0.0.1", port), timeout=1))
        time.sleep(0.3)
        assert len(held) > 64
        for opened in held:
            opened.close()
        assert status(port, "GET", "/livez") == 200
        plan = json.dumps({"body_mass_kg": 70, "goal": "most_energy", "duration_s": 600}).encode()
        for method, path, body in (("POST", "/estimate", BOUT), ("POST", "/plan", plan), ("GET", "/docs", None)):
            assert status(port, method, path, body) == 200
        process.terminate()
        assert process.wait(20) == 0


FAULTS = """
import socket
accept, left = socket.socket.accept, [20]
def failing(self):
    if left[0]:
        left[0] -= 1
        raise OSError({error}, "injected")
    return accept(self)
socket.socket.accept = failing
"""


@pytest.mark.parametrize("loop", LOOPS)
@pytest.mark.parametrize("error", [EMFILE, ENFILE, ENOBUFS, ENOMEM, ECONNABORTED], ids=errorcode.get)
def test_after_every_error_of_accept_connections_are_accepted_again(loop: str, error: int) -> None:
    with serving(LOOPS[loop] + FAULTS.format(error=error)) as (_, port):
        assert status(port, "GET", "/livez") == 200
        assert status(port, "GET", "/livez") == 200


@pytest.mark.anyio
async def test_a_page_needs_no_file(monkeypatch: pytest.MonkeyPatch) -> None:
    def no_room(*_: object, **__: object) -> None:
        raise OSError(EMFILE, "no file")

    service = build(Settings())
    monkeypatch.setattr(Path, "read_bytes", no_room)
    monkeypatch.setattr("builtins.open", no_room)
    async with httpx.AsyncClient(transport=httpx.ASGITransport(service), base_url="http://retrorun.test") as client:
        for path in ("/", "/docs", "/static/page.css"):
            assert (await client.get(path)).status_code == 200


def test_a_trace_that_could_not_be_sent_does_not_keep_the_next_one() -> None:
    """An exporter opens a connection, and reads certificates, for each send."""
    sent: list[str] = []

    class Failing(SpanExporter):
        left = 2

        def export(self, spans: "list[ReadableSpan] | tuple[ReadableSpan, ...]") -> SpanExportResult:  # type: ignore[override]  # any sequence
            if self.left:
                self.left -= 1
                raise OSError(EMFILE, "no file")
            sent.extend(span.name for span in spans)
            return SpanExportResult.SUCCESS

    provider = tracer_provider(Failing())
    tracer = provider.get_tracer("test")
    for name in ("first", "second", "third"):
        tracer.start_span(name).end()
        provider.force_flush()
    provider.shutdown()
    assert sent == ["third"]
