"""A marked value, sent in every way to every route and into every failure, then looked for in all that comes out."""

import asyncio
import json
import logging
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx
import pytest
from opentelemetry.exporter.otlp.proto.common.trace_encoder import encode_spans
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from retrorun.app.contract.openapi import contract
from retrorun.app.http.access import line_of
from retrorun.app.http.guard import Guard
from retrorun.app.http.limits import REFUSAL_REASON, REFUSALS
from retrorun.app.main import build, create_app
from retrorun.app.observe.logs import configure
from retrorun.app.observe.tracing import tracer_provider
from retrorun.app.settings import Settings

pytestmark = pytest.mark.anyio

DIGITS = "3123456789"
MARK = f"73.{DIGITS}"
WORD = "Zq7Marker"
KEY = f"rr_{WORD}{DIGITS}"

HEADERS = {
    "accept-language": WORD,
    "authorization": f"Bearer {WORD}",
    "baggage": f"who={WORD}",
    "cookie": f"session={WORD}",
    "forwarded": f"for={WORD}",
    "host": f"{WORD}.test",
    "origin": f"https://{WORD}.test",
    "referer": f"https://{WORD}.test/?mass={MARK}",
    "traceparent": f"00-{WORD}{DIGITS}-{DIGITS}-01",
    "tracestate": f"{WORD.lower()}={WORD}{DIGITS}",
    "user-agent": f"{WORD}/{MARK}",
    "x-forwarded-for": WORD,
    "x-request-id": f"{WORD} {MARK}",
    f"x-{WORD}": MARK,
}
IN_A_TRACE = HEADERS | {"traceparent": "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"}

PATHS = contract(create_app())["paths"]
ROUTES = [*PATHS, "/", "/docs", "/metrics", "/openapi.json", "/static/app.css"]
ROUTES += [f"/{WORD}", f"/static/{WORD}", f"/estimate/{WORD}/{MARK}"]
ASKED = f"mass={MARK}&{WORD}:={WORD}&model={WORD}"

BODIES = {
    "answered": (200, f'{{"body_mass_kg": {MARK}, "speed_m_s": 2.5, "duration_s": 900}}'),
    "malformed": (400, f'{{"body_mass_kg": {MARK}, "{WORD}'),
    "value": (422, f'{{"body_mass_kg": "{WORD} {MARK}"}}'),
    "key": (422, f'{{"{WORD}:": {MARK}}}'),
    "range": (422, f'{{"body_mass_kg": {MARK}e3, "speed_m_s": 2.5, "duration_s": 900}}'),
    "conflict": (422, f'{{"body_mass_kg": {MARK}, "speed_m_s": 2.5}}'),
    "large": (413, f'{{"{WORD}:": {MARK}}}' + " " * 65_536),
}


class Heard(logging.Handler):
    """Everything that any logger says, at any level, with its arguments."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self.said: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        self.said.append(f"{record.getMessage()} {record.exc_info}")


class Outside:
    """All that leaves a service."""

    def __init__(self, capsys: pytest.CaptureFixture[str], spans: InMemorySpanExporter, heard: Heard) -> None:
        self.capsys, self.spans, self.heard = capsys, spans, heard
        self.text: dict[str, str] = {"answers": ""}

    def take(self, answer: httpx.Response) -> None:
        self.text["answers"] += f"{answer.status_code} {answer.headers.raw} {answer.text}\n"

    async def check(self, client: httpx.AsyncClient, *, traced: bool) -> None:
        metrics = await client.get("/metrics", headers={"x-api-key": KEY})
        assert "retrorun_build_info" in metrics.text
        self.text["metrics"] = metrics.text
        out, self.text["stderr"] = self.capsys.readouterr()
        lines = [json.loads(line) for line in out.splitlines()]
        assert any("route" in line for line in lines)
        self.text["log"] = out
        self.text["heard"] = "\n".join(self.heard.said)
        spans = self.spans.get_finished_spans()
        assert bool(spans) == traced
        self.text["spans"] = "\n".join(span.to_json() for span in spans)
        self.text["exported spans"] = encode_spans(spans).SerializeToString().decode("latin-1") if spans else ""
        for where, text in self.text.items():
            assert WORD.lower() not in text.lower(), where
            assert DIGITS not in text, where


@pytest.fixture
def outside(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Iterator[Outside]:
    spans, heard, root = InMemorySpanExporter(), Heard(), logging.getLogger()
    monkeypatch.setattr("retrorun.app.main.exporter_of_environment", lambda: spans)
    monkeypatch.setattr("retrorun.app.main.tracer_provider", lambda exporter: tracer_provider(exporter, at_once=True))
    configure("debug")
    root.setLevel(logging.DEBUG)
    # httpx logs its own requests; those lines are not the service's.
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.CRITICAL)
    root.addHandler(heard)
    yield Outside(capsys, spans, heard)
    for name in ("httpx", "httpcore"):
        logging.getLogger(name).setLevel(logging.NOTSET)


@pytest.fixture(params=["traced", "shortcut"])
def guard(request: pytest.FixtureRequest, tmp_path: Path, outside: Outside) -> Guard:
    (tmp_path / "keys").write_text(line_of("caller", KEY))
    settings = Settings(log_level="debug", api_key_file=str(tmp_path / "keys"))
    return build(replace(settings, tracing=request.param == "traced"))


@pytest.fixture
async def client(guard: Guard) -> AsyncIterator[httpx.AsyncClient]:
    transport = httpx.ASGITransport(guard, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as opened:
        yield opened


def traced(guard: Guard) -> bool:
    return bool(guard.observer.tracing)  # type: ignore[union-attr]


@pytest.mark.parametrize("headers", [HEADERS, IN_A_TRACE], ids=["no trace", "in a trace"])
class TestNothingPersonalLeaves:
    async def test_from_any_route_by_any_method_with_or_without_a_key(
        self, client: httpx.AsyncClient, outside: Outside, guard: Guard, headers: dict[str, str]
    ) -> None:
        statuses = set()
        for path in ROUTES:
            for method in ("GET", "POST", "HEAD", "OPTIONS", WORD):
                for key in (KEY, KEY + WORD, None):
                    named = headers | ({"x-api-key": key} if key else {})
                    answer = await client.request(method, f"{path}?{ASKED}", headers=named, content=WORD + MARK)
                    outside.take(answer)
                    statuses.add(answer.status_code)
        assert {200, 401, 404, 405, 415, 422, 501} <= statuses
        await outside.check(client, traced=traced(guard))

    @pytest.mark.parametrize("way", BODIES)
    async def test_from_any_body(
        self, client: httpx.AsyncClient, outside: Outside, guard: Guard, headers: dict[str, str], way: str
    ) -> None:
        status, body = BODIES[way]
        named = headers | {"x-api-key": KEY, "content-type": "application/json"}
        answer = await client.post(f"/estimate?{ASKED}", content=body, headers=named)
        assert answer.status_code == status
        if status != 200:  # The answer to a bout is about that bout.
            outside.take(answer)
        for other in ({"content-type": f"text/{WORD}"}, {"accept": f"text/{WORD}"}):
            refused = await client.post("/estimate", content=body, headers=named | other)
            assert refused.status_code in {406, 413, 415}
            outside.take(refused)
        await outside.check(client, traced=traced(guard) and way != "large")

    async def test_from_an_unknown_field_but_its_name_in_the_answer(
        self, client: httpx.AsyncClient, outside: Outside, guard: Guard, headers: dict[str, str]
    ) -> None:
        named = headers | {"x-api-key": KEY, "content-type": "application/json"}
        answer = await client.post("/estimate", content=f'{{"{WORD}": {MARK}}}', headers=named)
        assert f"Unknown field '{WORD}'." in answer.json()["errors"][0]["message"]
        assert DIGITS not in answer.text
        await outside.check(client, traced=traced(guard))

    @pytest.mark.parametrize("path", [path for path, item in PATHS.items() if "post" in item and path != "/estimate"])
    async def test_from_any_question(
        self, client: httpx.AsyncClient, outside: Outside, guard: Guard, headers: dict[str, str], path: str
    ) -> None:
        named = headers | {"x-api-key": KEY}
        for name in ("malformed", "value", "key", "range"):
            body = BODIES[name][1]
            for sent in (
                {"content": body, "headers": named | {"content-type": "application/json"}},
                {
                    "content": f"{WORD}{MARK}",
                    "headers": named | {"content-type": f"multipart/form-data; boundary={WORD}"},
                },
                {"files": {"file": (WORD, f"<gpx>{WORD}{MARK}"), "request": (WORD, body)}, "headers": named},
                {"files": {WORD: (WORD, MARK)}, "headers": named},
            ):
                answer = await client.post(f"{path}?{ASKED}", **sent)
                assert 400 <= answer.status_code < 500
                outside.take(answer)
        await outside.check(client, traced=traced(guard))

    @pytest.mark.parametrize("reason", REFUSALS)
    async def test_from_any_refusal(
        self, client: httpx.AsyncClient, outside: Outside, guard: Guard, headers: dict[str, str], reason: str
    ) -> None:
        async def marked(scope: Any, receive: Any, send: Any) -> None:
            await guard(scope | {REFUSAL_REASON: reason}, receive, send)

        transport = httpx.ASGITransport(marked)
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as refused:
            answer = await refused.post(f"/estimate?{ASKED}", content=BODIES["answered"][1], headers=headers)
        assert answer.status_code == REFUSALS[reason].status
        outside.take(answer)
        await outside.check(client, traced=False)

    @pytest.mark.parametrize(
        "name",
        [
            "retrorun.app.api.estimate.estimate_by",
            "retrorun.app.http.json_route.encode",
            "retrorun.app.observe.probes.known_estimate_holds",
        ],
    )
    async def test_from_a_fault_of_ours(
        self,
        client: httpx.AsyncClient,
        outside: Outside,
        guard: Guard,
        headers: dict[str, str],
        name: str,
        monkeypatch: pytest.MonkeyPatch,
    ) -> None:
        def broken(*arguments: Any, **named: Any) -> Any:
            raise ValueError(WORD, MARK, arguments, named) from KeyError(WORD)

        monkeypatch.setattr(name, broken)
        named = headers | {"x-api-key": KEY, "content-type": "application/json"}
        path = "/readyz" if name.endswith("holds") else "/estimate"
        method = "GET" if path == "/readyz" else "POST"
        answer = await client.request(method, f"{path}?{ASKED}", content=BODIES["answered"][1], headers=named)
        assert answer.status_code == 500
        outside.take(answer)
        await outside.check(client, traced=traced(guard) and path == "/estimate")


async def test_a_task_that_fails_unseen_is_logged_without_what_it_said(outside: Outside) -> None:
    fault = ValueError(WORD)
    context = {"message": f"Exception in callback fails({WORD})", "exception": fault}
    asyncio.get_running_loop().default_exception_handler(context)
    out = outside.capsys.readouterr().out
    assert "ValueError" in out
    assert WORD not in out


async def test_the_check_sees_a_leak(client: httpx.AsyncClient, outside: Outside, guard: Guard) -> None:
    await client.get("/models", headers={"x-api-key": KEY})
    logging.getLogger("retrorun").warning("mass %s", MARK)
    with pytest.raises(AssertionError, match=r"log|heard"):
        await outside.check(client, traced=traced(guard))
