"""The benchmarks compare comparable things, and their page says what they measured. Nothing here takes the time."""

import doctest
import json
import re
import socket
import sys
import xml.etree.ElementTree as ET
from pathlib import Path
from types import ModuleType
from typing import Any, Final, get_type_hints

import msgspec
import pytest
import uvicorn
from starlette.types import Receive, Scope, Send

import retrorun.app.main
import retrorun.app.server.server
from benchmarks import asgi, check, commands, http, process, report, server, workers
from benchmarks.variants import BODY, FRAMES, INFORMATION, VARIANTS, Variant, application, litestar_msgspec, ordinary
from retrorun.app.api.estimate import EstimateRequest, MeasurementRequest
from retrorun.app.settings import Settings
from retrorun.models.vocabulary.quantities import INPUTS

HOUSE: Final = Path(__file__).parents[2]

OTHERS: Final = [pytest.param(variant, id=variant.key) for variant in (*VARIANTS[1:], *INFORMATION)]

REQUESTS: Final = [
    BODY,
    b'{"body_mass_kg": 82.5, "distance_m": 1000, "duration_s": 700, "gait": "walk", "grade": 0.05, "sex": "female",'
    b' "age_y": 34, "height_m": 1.7, "interval": 0.5, "equal": "metabolic_rate"}',
    b'{"body_mass_kg": 70, "speed_m_s": 3, "distance_m": 5000, "include": ["energy"], "strict": true,'
    b' "measurements": [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 33, "direction": "backward"}]}',
]

pytestmark = pytest.mark.anyio


class TestVariants:
    @pytest.mark.parametrize("variant", OTHERS)
    @pytest.mark.parametrize("body", REQUESTS, ids=["least", "walk", "measured"])
    async def test_every_variant_gives_the_answer_of_the_service(self, variant: Variant, body: bytes) -> None:
        (service,) = (each for each in VARIANTS if each.key == "a")
        expected = json.loads(await asgi.ask(application(service), body))
        assert json.loads(await asgi.ask(application(variant), body)) == expected

    async def test_another_answer_would_be_seen(self) -> None:
        async def refuse(_scope: Scope, _receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 422, "headers": []})
            await send({"type": "http.response.body", "body": b""})

        with pytest.raises(asgi.NoAnswer):
            await asgi.ask(refuse)

    def test_the_ordinary_way_has_the_fields_and_bounds_of_the_service(self) -> None:
        for model, shape in ((ordinary.Bout, EstimateRequest), (ordinary.Measurement, MeasurementRequest)):
            self.check(model.model_json_schema()["properties"], shape)

    def test_litestar_has_the_fields_and_bounds_of_the_service(self) -> None:
        schemas = msgspec.json.schema(litestar_msgspec.Bout)["$defs"]
        for name, shape in (("Bout", EstimateRequest), ("Measurement", MeasurementRequest)):
            self.check(schemas[name]["properties"], shape)

    def check(self, fields: dict[str, Any], shape: Any) -> None:
        hints = get_type_hints(shape)
        assert set(fields) == set(hints)
        for name, hint in hints.items():
            if hint is float:
                (number,) = (each for each in fields[name].get("anyOf", [fields[name]]) if each["type"] == "number")
                assert (number["minimum"], number["maximum"]) == (INPUTS[name].low, INPUTS[name].high), name

    def test_every_server_has_the_settings_of_the_service(self, monkeypatch: pytest.MonkeyPatch) -> None:
        # All but the connection class, the log lines and the deadline of a stop, which are the service's own.
        service = retrorun.app.server.server.configuration(retrorun.app.main.app, Settings())
        others: dict[str, Any] = {}
        monkeypatch.setattr(sys.modules["uvicorn.main"], "run", lambda _app, **settings: others.update(settings))
        words = server.command("benchmarks.variants.empty:app", 1)
        assert words[1:3] == ["-m", "uvicorn"]
        uvicorn.main(words[3:], standalone_mode=False)
        for name in ("loop", "ws", "log_level", "access_log", "server_header", "proxy_headers"):
            assert others[name] == getattr(service, name), name

    async def test_the_frames_send_the_bytes_of_the_service(self) -> None:
        (service,) = (each for each in VARIANTS if each.key == "a")
        expected = await asgi.ask(application(service))
        constant, fastify = FRAMES
        assert await asgi.ask(application(constant)) == expected
        if not server.has_fastify():
            pytest.skip("Fastify is not installed: make fastify")
        with server.serving(fastify.place) as started:
            connection = server.first_answer(started)
            assert server.estimate(connection) == expected
            connection.request("POST", "/estimate", b'{"body_mass_kg": 7}', {"content-type": "application/json"})
            assert connection.getresponse().status == 400
            connection.close()

    def test_the_service_over_http_is_the_command_that_serves_it(self) -> None:
        assert server.command("app.main:app", 8000)[1:] == ["serve", "--host", "127.0.0.1", "--port", "8000"]
        assert server.RETRORUN.name == "retrorun"


@pytest.mark.parametrize("module", [asgi, check, http, process, report, workers], ids=lambda module: module.__name__)
def test_the_examples_hold(module: ModuleType) -> None:
    found = doctest.testmod(module)
    assert found.attempted
    assert not found.failed


class TestMeasuring:
    async def test_every_work_is_done_as_often(self) -> None:
        done: dict[str, int] = {"one": 0, "other": 0}

        def counting(name: str) -> asgi.Work:
            async def work() -> None:
                done[name] += 1

            return work

        times = await asgi.costs({name: counting(name) for name in done}, seconds=0)
        assert done["one"] == done["other"] == asgi.WARM_UP + asgi.REQUESTS * len(times["one"])

    async def test_a_slowed_service_still_answers(self) -> None:
        called = []

        async def one(scope: Scope, receive: Receive, send: Send) -> None:
            called.append((scope, receive, send))

        await asgi.slowed(one, 0.0)({}, asgi.receive, asgi.discard)
        assert called == [({}, asgi.receive, asgi.discard)]

    def test_failed_requests_are_no_figures(self) -> None:
        line = 'figures {"requests": 9, "seconds": 2, "p50_ms": 1, "p99_ms": 2, "p99_9_ms": 3, "errors": 1}'
        with pytest.raises(http.Failed):
            http.figures(line)
        with pytest.raises(http.Failed):
            http.figures("unable to connect")


class TestBaseline:
    def test_it_holds_every_ratio(self) -> None:
        assert set(check.read_baseline()) == {f"a/{variant.key}" for variant in VARIANTS[1:]}

    def test_it_reaches_the_targets(self) -> None:
        ratios = {name: {"best": value, "median": value} for name, value in check.read_baseline().items()}
        at_asgi = [each for each in report.targets({"asgi": {"ratios": ratios}}) if each.what.startswith("ASGI")]
        assert [each.verdict() for each in at_asgi] == ["reached", "reached"]

    @pytest.mark.parametrize("factor", [0.5, 1.0, 1.14])
    def test_a_slightly_slower_result_passes(self, factor: float) -> None:
        baseline = check.read_baseline()
        assert not check.complaints({name: value * factor for name, value in baseline.items()}, baseline)

    def test_each_ratio_that_is_worse_by_more_is_named(self) -> None:
        baseline = check.read_baseline()
        lines = check.complaints({name: value * 1.16 for name, value in baseline.items()}, baseline)
        assert [line.split()[0] for line in lines] == list(baseline)
        assert all("16 % worse" in line for line in lines)

    @pytest.mark.parametrize(("measured", "code"), [(1.0, 0), (1.3, 1)])
    def test_the_command_fails_and_says_how_to_renew(
        self, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], measured: float, code: int
    ) -> None:
        baseline = check.read_baseline()
        calls: list[float] = []

        def ratios(slower_by_us: float) -> dict[str, float]:
            calls.append(slower_by_us)
            return {name: value * measured for name, value in baseline.items()}

        monkeypatch.setattr(commands, "ratios", ratios)
        assert commands.compare(0.0) == code
        assert len(calls) == 1 + code, "what looks worse is measured again"
        assert ("make bench-baseline" in capsys.readouterr().err) == bool(code)


class TestReport:
    RESULTS: Final = json.loads(report.RESULTS.read_text(encoding="utf-8"))

    def test_the_page_shows_the_last_results(self) -> None:
        page = report.PAGE.read_text(encoding="utf-8")
        assert report.with_figures(page, report.figures(self.RESULTS)) == page

    def test_the_picture_shows_the_last_results(self) -> None:
        text = report.PICTURE.read_text(encoding="utf-8")
        assert report.picture(self.RESULTS) == text
        tree = ET.fromstring(text)
        space = "{http://www.w3.org/2000/svg}"
        assert tree.findtext(f"{space}title")
        assert all(variant.name in tree.findtext(f"{space}desc", "") for variant in VARIANTS)
        assert len(tree.findall(f"{space}rect[@rx]")) == 3 * len(VARIANTS)

    def test_the_results_name_no_machine(self) -> None:
        text = report.RESULTS.read_text(encoding="utf-8")
        assert socket.gethostname() not in text
        assert not re.search(r'"/|://', text)

    def test_an_unmeasured_result_is_not_claimed(self) -> None:
        kept = {name: self.RESULTS[name] for name in ("python", "versions", "asgi")}
        verdicts = [each.verdict() for each in report.targets(kept)]
        assert verdicts[2:] == ["not measured"] * 9
        assert "Over HTTP" not in report.figures(kept)
        assert len(report.panels(kept)) == 1

    @pytest.mark.parametrize(
        ("sign", "limit", "at_limit"),
        [("≤", 1.0, "reached"), ("<", 1.0, "missed"), ("≥", 1.0, "reached"), (">", 1.0, "missed")],
    )
    def test_a_target_is_met_or_not_at_its_limit(self, sign: str, limit: float, at_limit: str) -> None:
        assert report.Target("", sign, limit, limit).verdict() == at_limit
        wrong = limit + (0.01 if sign in "≤<" else -0.01)
        assert report.Target("", sign, limit, wrong).verdict() == "missed"

    def test_a_page_without_a_place_for_the_figures_is_refused(self) -> None:
        with pytest.raises(ValueError, match="no place"):
            report.with_figures("# A page\n", "figures\n")


def pins(name: str) -> dict[str, str]:
    text = (HOUSE / "requirements" / name).read_text(encoding="utf-8")
    return dict(re.findall(r"^([a-z0-9-]+)==(\S+)", text, re.MULTILINE))


def test_the_lock_has_the_versions_of_the_service_and_names_no_registry() -> None:
    bench, runtime = pins("bench.txt"), pins("runtime.txt")
    assert {"litestar", "msgspec"} <= set(bench)
    shared = set(bench) & set(runtime)
    assert {name: bench[name] for name in shared} == {name: runtime[name] for name in shared}
    assert "://" not in (HOUSE / "requirements" / "bench.txt").read_text(encoding="utf-8")
