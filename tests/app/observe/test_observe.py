"""What an operator sees: metrics, log lines and traces, and what they cost."""

import asyncio
import json
import logging
import time
from collections.abc import Iterator, Set
from typing import Any

import httpx
import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from prometheus_client.parser import text_string_to_metric_families
from starlette.requests import Request

from benchmarks.asgi import discard, receive, scope_of_a_request
from retrorun.app.http.guard import Guard
from retrorun.app.http.json_route import ANSWER
from retrorun.app.http.limits import REFUSALS
from retrorun.app.main import build, create_app
from retrorun.app.observe.logs import JsonLines, trace_of
from retrorun.app.observe.metrics import BUCKETS_S
from retrorun.app.observe.observer import Exposition, Observer, metrics_service
from retrorun.app.observe.tracing import tracer_provider
from retrorun.app.settings import Settings
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import coefficients_hash, models_hash
from retrorun.models.evidence.cautions import WARNINGS

pytestmark = pytest.mark.anyio

BOUT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
JSON = {"content-type": "application/json"}
TRACE = "0af7651916cd43dd8448eb211c80319c"
PARENT = f"00-{TRACE}-b7ad6b7169203331-01"


def client_of(guard: Guard) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(guard, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://retrorun.test")


@pytest.fixture
def guard() -> Guard:
    return build(Settings())


def observer_of(guard: Guard) -> Observer:
    assert isinstance(guard.observer, Observer)
    return guard.observer


async def samples(client: httpx.AsyncClient) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    """Return what /metrics says, by name and labels."""
    text = (await client.get("/metrics")).text
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def guard_routes(guard: Guard) -> Set[str]:
    return set(observer_of(guard).metrics.routes)


def of(**labels: str) -> frozenset[tuple[str, str]]:
    return frozenset(labels.items())


COUNT = "retrorun_http_request_duration_seconds_count"


class TestMetrics:
    async def test_requests_are_counted_by_method_route_and_status(self, guard: Guard) -> None:
        async with client_of(guard) as client:
            for _ in range(3):
                await client.post("/estimate", json=BOUT)
            await client.post("/estimate", json={})
            await client.get("/static/nothing.js")
            await client.get("/static/app/else")
            for path in ("/one", "/two", "/estimate/", "/static"):
                await client.request("BREW", path)
            found = await samples(client)
        assert found[COUNT, of(method="POST", route="/estimate", status="2xx")] == 3
        assert found[COUNT, of(method="POST", route="/estimate", status="4xx")] == 1
        assert found[COUNT, of(method="GET", route="/static/{path}", status="4xx")] == 2
        assert found[COUNT, of(method="other", route="other", status="5xx")] == 4
        routes = {dict(labels)["route"] for name, labels in found if name == COUNT}
        assert routes == {"/estimate", "/static/{path}", "other"}

    async def test_new_paths_and_methods_add_nothing(self, guard: Guard) -> None:
        metrics = observer_of(guard).metrics
        async with client_of(guard) as client:
            for number in range(50):
                await client.request(f"M{number}", f"/{number}")
                await client.request(f"M{number}", "/livez")
        assert set(metrics.records) == {("other", "other", "5xx")}
        assert len(metrics.known) == 0

    async def test_buckets_begin_below_a_millisecond_and_add_up(self, guard: Guard) -> None:
        observer = observer_of(guard)
        scope = {"method": "GET", "path": "/livez", "headers": []}
        for seconds in (0.000_01, 0.000_05, 0.000_3, 0.003, 99.0):
            observer.started()
            observer.finished(scope, 200, seconds, "id")
        async with client_of(guard) as client:
            found = await samples(client)
        assert sum(bound < 0.001 for bound in BUCKETS_S) >= 4
        labels = {"method": "GET", "route": "/livez", "status": "2xx"}
        bucket = {
            end: found["retrorun_http_request_duration_seconds_bucket", of(le=end, **labels)]
            for end in ("5e-05", "0.0005", "10.0", "+Inf")
        }
        assert bucket == {"5e-05": 2, "0.0005": 3, "10.0": 4, "+Inf": 5}
        assert found["retrorun_http_request_duration_seconds_sum", of(**labels)] == pytest.approx(99.00336)

    async def test_estimates_are_counted_by_gait_model_and_warning_from_nothing_on(self, guard: Guard) -> None:
        async with client_of(guard) as client:
            before = await samples(client)
            answer = (await client.post("/estimate", json=BOUT | {"direction_model": "pooled"})).json()
            await client.post("/estimate", json={"body_mass_kg": 70, "speed_m_s": 1.2, "duration_s": 1200})
            await client.post("/estimate", json={})
            found = await samples(client)
        assert before["retrorun_estimates_total", of(gait="run", direction_model="pooled")] == 0
        assert found["retrorun_estimates_total", of(gait="run", direction_model="pooled")] == 1
        assert found["retrorun_estimates_total", of(gait="walk", direction_model="documented")] == 1
        codes = {dict(labels)["code"] for name, labels in found if name == "retrorun_warnings_total"}
        assert codes == set(WARNINGS)
        for warning in answer["warnings"]:
            assert found["retrorun_warnings_total", of(code=warning["code"])] >= 1
        assert found["retrorun_warnings_total", of(code="caution.fall")] == 2

    async def test_in_flight_lag_refusals_process_and_build_are_there(self, guard: Guard) -> None:
        guard.state.overloaded = True
        observer_of(guard).lag(0.25)
        async with client_of(guard) as client:
            assert (await client.post("/estimate", json=BOUT)).status_code == 503
            found = await samples(client)
        assert found["retrorun_http_requests_in_flight", of()] == 1  # the one that asks
        assert observer_of(guard).metrics.in_flight == 0
        assert found["retrorun_event_loop_lag_seconds", of()] == 0.25
        assert found["retrorun_refused_total", of(reason="loop_lag")] == 1
        reasons = {dict(labels)["reason"] for name, labels in found if name == "retrorun_refused_total"}
        assert reasons == set(REFUSALS)
        assert found["process_resident_memory_bytes", of()] > 0
        (build_labels,) = (dict(labels) for name, labels in found if name == "retrorun_build_info")
        assert build_labels == {
            "version": __version__,
            "coefficients_hash": coefficients_hash(),
            "models_hash": models_hash(),
        }

    async def test_metrics_on_a_port_of_their_own_are_not_on_the_other(self) -> None:
        guard = build(Settings(metrics_port=0))
        async with client_of(guard) as client:
            assert (await client.get("/metrics")).status_code == 404
        async with client_of(metrics_service(observer_of(guard).metrics, Settings())) as client:
            answer = await client.get("/metrics")
            assert answer.status_code == 200
            assert "retrorun_build_info" in answer.text
            assert (await client.head("/metrics")).content == b""
            for method, path, status in (("GET", "/", 404), ("GET", "/livez", 404), ("POST", "/metrics", 405)):
                refused = await client.request(method, path)
                assert (refused.status_code, refused.headers["content-type"]) == (status, "application/problem+json")

    async def test_the_text_has_a_bound_for_every_request(self, guard: Guard) -> None:
        """Of a route of the contract a line for each of its methods and class of status, and of all else together."""
        async with client_of(guard) as client:
            for path in (*guard_routes(guard), "/nothing", "/static/x"):
                for method in ("GET", "HEAD", "POST", "OPTIONS", "PUT", "PATCH", "DELETE", "PROPFIND"):
                    for content in (b"", b"{", b"{}", b" " * 70_000):
                        await client.request(
                            method, path, content=content, headers={"content-type": "application/json"}
                        )
            text = (await client.get("/metrics")).text
        records = observer_of(guard).metrics.records
        assert {labels[0] for labels in records} <= {"GET", "POST", "other"}
        assert {labels[2] for labels in records} <= {"2xx", "3xx", "4xx", "5xx"}
        assert len(records) <= 4 * (len(guard_routes(guard)) + 1)
        assert len(text) < 200_000

    async def test_it_is_made_once_for_all_who_ask_meanwhile_and_is_never_older_than_the_question(
        self, guard: Guard
    ) -> None:
        exposition, made = Exposition(observer_of(guard).metrics), 0

        def encode(_: object) -> bytes:
            nonlocal made
            made += 1
            time.sleep(0.01)
            return b"%d" % made

        async def ask() -> bytes:
            return bytes((await exposition(Request({"type": "http", "headers": []}))).body)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr("retrorun.app.observe.observer.choose_encoder", lambda _: (encode, "text/plain"))
            assert await asyncio.gather(*(ask() for _ in range(10))) == [b"1"] * 10
            assert await ask() == b"2"

    async def test_without_room_for_a_thread_it_is_503_and_comes_back(
        self, guard: Guard, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def no_room(_: object) -> None:
            raise RuntimeError("can't start new thread")

        async with client_of(guard) as client:
            with monkeypatch.context() as patch:
                patch.setattr("threading.Thread.start", no_room)
                answer = await client.get("/metrics")
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            assert (await client.get("/metrics")).status_code == 200

    def test_metrics_are_no_part_of_the_contract(self, guard: Guard) -> None:
        assert "/metrics" not in create_app().openapi()["paths"]


@pytest.mark.parametrize("accept", ["text/plain;version=x", "application/openmetrics-text;version=1.a.b"])
async def test_an_odd_version_of_the_metrics_is_no_fault(guard: Guard, accept: str) -> None:
    async with client_of(guard) as client:
        answer = await client.get("/metrics", headers={"accept": accept})
    assert answer.status_code == 200
    assert "retrorun_faults_total 0.0" in answer.text


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


class TestLog:
    async def test_each_request_has_one_line(self, guard: Guard, capsys: pytest.CaptureFixture[str]) -> None:
        async with client_of(guard) as client:
            headers = {"x-request-id": "mine-1", "traceparent": PARENT}
            await client.post("/estimate?mass=70", json=BOUT, headers=headers)
            await client.get("/nothing/at/all")
        first, second = lines(capsys)
        assert first.pop("time").endswith("Z")
        assert first.pop("duration_ms") > 0
        assert first == {
            "level": "info",
            "method": "POST",
            "route": "/estimate",
            "status": 200,
            "request_id": "mine-1",
            "trace_id": TRACE,
        }
        assert (second["route"], second["status"]) == ("other", 404)
        assert "trace_id" not in second

    @pytest.mark.parametrize(
        "parent",
        [
            "mine",
            PARENT.upper(),
            PARENT.replace("00-", "ff-"),
            f"00-{'0' * 32}-b7ad6b7169203331-01",
            f"00-{TRACE}-{'0' * 16}-01",
            f'00-{TRACE[:-1]}"-b7ad6b7169203331-01',
            PARENT + "-more",
        ],
    )
    def test_a_trace_that_is_not_in_good_form_is_none(self, parent: str) -> None:
        assert trace_of([(b"traceparent", parent.encode())]) == ""

    async def test_from_warning_on_only_faults_have_a_line(
        self, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        guard = build(Settings(log_level="warning"))
        async with client_of(guard) as client:
            await client.post("/estimate", json=BOUT)
            await client.post("/estimate", json={})
            monkeypatch.setattr("retrorun.app.api.estimate.estimate_by", lambda **_: 1 / 0)
            await client.post("/estimate", json=BOUT)
        (line,) = lines(capsys)
        assert (line["level"], line["status"]) == ("error", 500)

    async def test_a_closed_stdout_fails_no_request(self, guard: Guard, monkeypatch: pytest.MonkeyPatch) -> None:
        class Closed:
            def write(self, text: str) -> None:
                raise BrokenPipeError

        monkeypatch.setattr("sys.stdout", Closed())
        async with client_of(guard) as client:
            assert (await client.get("/livez")).status_code == 200

    @pytest.mark.parametrize(
        ("name", "message"), [("retrorun", "said"), ("uvicorn.error", "said"), ("asyncio", "a fault")]
    )
    def test_what_else_is_logged_has_the_same_form_and_no_message_of_an_exception(
        self, name: str, message: str
    ) -> None:
        try:
            raise ValueError("secret")
        except ValueError as error:
            record = logging.LogRecord(name, logging.ERROR, "", 0, "said", (), (ValueError, error, error.__traceback__))
        line = JsonLines().format(record)
        assert "secret" not in line
        assert "\n" not in line
        assert json.loads(line)["message"] == message
        assert "ValueError" in json.loads(line)["fault"]


@pytest.fixture
def exporter(monkeypatch: pytest.MonkeyPatch) -> Iterator[InMemorySpanExporter]:
    """Collect the spans of every service that is built with traces."""
    kept = InMemorySpanExporter()
    monkeypatch.setattr("retrorun.app.main.exporter_of_environment", lambda: kept)
    monkeypatch.setattr("retrorun.app.main.tracer_provider", lambda exporter: tracer_provider(exporter, at_once=True))
    yield kept
    kept.shutdown()


class TestTraces:
    async def test_a_request_has_a_span_by_its_route_and_the_log_names_its_trace(
        self, exporter: InMemorySpanExporter, capsys: pytest.CaptureFixture[str]
    ) -> None:
        guard = build(Settings(tracing=True))
        async with client_of(guard) as client:
            answer = await client.post("/estimate", json=BOUT, headers={"traceparent": PARENT})
            await client.post("/estimate", json=BOUT)
            await client.get("/livez")
        assert answer.json() == (await plain_answer())
        given, own = (span for span in exporter.get_finished_spans() if span.name == "POST /estimate")
        assert f"{given.context.trace_id:032x}" == TRACE
        assert given.attributes is not None
        assert given.attributes["http.route"] == "/estimate"
        assert given.attributes["http.response.status_code"] == 200
        assert given.resource.attributes["service.name"] == "retrorun"
        logged = lines(capsys)
        assert [line.get("trace_id") for line in logged[:3]] == [TRACE, f"{own.context.trace_id:032x}", None]
        assert not [span for span in exporter.get_finished_spans() if "livez" in span.name]

    async def test_off_there_is_no_tracing_in_any_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("FASTAPI_OTEL_AUTO_CONFIGURE", "true")
        app = create_app()
        assert not app._native_telemetry.enabled()
        assert not app._telemetry["auto_configure"]


async def plain_answer() -> Any:
    async with client_of(build(Settings())) as client:
        return (await client.post("/estimate", json=BOUT)).json()


async def test_no_answer_outlives_its_request() -> None:
    """A server keeps the scope of a connection's last request, and everything in it."""
    guard = build(Settings())
    scope = scope_of_a_request()
    await guard(scope, receive, discard)
    assert sum(observer_of(guard).metrics.estimates.values()) == 1
    assert ANSWER not in scope
