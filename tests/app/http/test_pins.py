"""Every answer names the version and the models, and a request for other models gets no answer of these."""

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import httpx
import pytest

from retrorun.app.contract.openapi import contract
from retrorun.app.http.access import line_of
from retrorun.app.http.limits import ALWAYS_SERVED, OPEN
from retrorun.app.main import build, create_app
from retrorun.app.observe.metrics import Metrics
from retrorun.app.observe.observer import metrics_service
from retrorun.app.settings import Settings
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash
from robustness.load import service

pytestmark = pytest.mark.anyio

ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

BOUT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
OTHER = "0123456789ab"
ORIGIN = "https://app.example"
ASKED = [(path, method) for path, item in contract(create_app())["paths"].items() for method in item]
QUESTIONS = [(path, method) for path, method in ASKED if path not in ALWAYS_SERVED | OPEN]


def assert_pinned(answer: httpx.Response) -> None:
    assert answer.headers.get_list("retrorun-version") == [__version__]
    assert answer.headers.get_list("retrorun-models") == [models_hash()]


class TestAnswers:
    @pytest.mark.parametrize(
        ("path", "method"), sorted({*ASKED, *((path, "get") for path in OPEN), ("/metrics", "get"), ("/none", "get")})
    )
    async def test_each_names_both(self, client: httpx.AsyncClient, path: str, method: str) -> None:
        for sent in {method, "head", "options", "delete"}:
            assert_pinned(await client.request(sent, path))

    async def test_an_estimate_names_them_as_its_body_does(self, client: httpx.AsyncClient) -> None:
        answer = await client.post("/estimate", json=BOUT)
        assert_pinned(answer)
        models = answer.json()["models"]
        assert (models["version"], models["hash"]) == (__version__, models_hash())
        assert (await client.get("/models")).json()["hash"] == models_hash()

    @pytest.mark.parametrize(
        ("status", "path", "sent"),
        [
            (304, "/models", {"headers": {"if-none-match": "*"}}),
            (400, "/estimate", {"method": "POST", "content": b"{", "headers": {"content-type": "application/json"}}),
            (406, "/validation", {"headers": {"accept": "image/png"}}),
            (413, "/estimate", {"method": "POST", "content": b" " * 70_000}),
            (415, "/estimate", {"method": "POST", "content": b"{}"}),
            (415, "/estimate", {"method": "POST", "content": b"{}", "headers": {"content-encoding": "gzip"}}),
            (422, "/estimate", {"method": "POST", "json": {}}),
        ],
    )
    async def test_each_status_has_them(
        self, client: httpx.AsyncClient, status: int, path: str, sent: dict[str, Any]
    ) -> None:
        answer = await client.request(sent.pop("method", "GET"), path, **sent)
        assert answer.status_code == status
        assert_pinned(answer)

    async def test_a_refusal_has_them(self, tmp_path: Path) -> None:
        (tmp_path / "keys").write_text(line_of("app", "rr_example"))
        guard = build(Settings(api_key_file=str(tmp_path / "keys"), log_level="error"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
            answer = await client.get("/models")
            assert answer.status_code == 401
            assert_pinned(answer)
            guard.state.overloaded = True
            answer = await client.get("/models")
            assert answer.status_code == 503
            assert_pinned(answer)

    async def test_the_metrics_on_their_own_port_have_them(self) -> None:
        guard = metrics_service(Metrics({}), Settings())
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
            assert_pinned(await client.get("/metrics"))

    async def test_an_answer_of_a_connection_has_them(self, tmp_path: Path) -> None:
        with service(tmp_path / "log") as running:
            reader, writer = await asyncio.open_connection("127.0.0.1", running.port)
            writer.write(b"no HTTP\r\n\r\n")
            lines = (await reader.read()).split(b"\r\n")
            writer.close()
        assert lines[0].startswith(b"HTTP/1.1 400 ")
        assert b"retrorun-models: " + models_hash().encode() in lines
        assert b"retrorun-version: " + __version__.encode() in lines

    async def test_a_page_of_another_origin_can_read_and_send_them(self) -> None:
        guard = build(Settings(cors_origins=(ORIGIN,), log_level="error"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
            asked = {"access-control-request-method": "POST", "access-control-request-headers": "retrorun-models"}
            before = await client.options("/estimate", headers={"origin": ORIGIN, **asked})
            assert before.status_code == 200
            assert "retrorun-models" in before.headers["access-control-allow-headers"].lower()
            assert_pinned(before)
            for models, status in ((models_hash(), 200), (OTHER, 409)):
                answer = await client.post(
                    "/estimate", json=BOUT, headers={"origin": ORIGIN, "RetroRun-Models": models}
                )
                assert answer.status_code == status
                assert answer.headers["access-control-allow-origin"] == ORIGIN
                exposed = answer.headers["access-control-expose-headers"].lower()
                assert {"retrorun-models", "retrorun-version"} <= set(exposed.split(", "))


class TestRequests:
    @pytest.mark.parametrize(("path", "method"), QUESTIONS)
    async def test_other_models_get_409_that_names_both(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, path: str, method: str
    ) -> None:
        for models in (OTHER, OTHER.upper()):
            answer = await client.request(method, path, headers={"retrorun-models": models})
            found = problem_of(answer, 409)
            assert found["errors"][0]["code"] == "other_models"
            assert models_hash() in found["detail"]
            assert models in found["detail"]
            assert_pinned(answer)

    @pytest.mark.parametrize("models", [models_hash(), models_hash().upper(), f" {models_hash()}\t"])
    async def test_the_same_models_change_nothing(self, client: httpx.AsyncClient, models: str) -> None:
        plain = await client.post("/estimate", json=BOUT)
        asked = await client.post("/estimate", json=BOUT, headers={"retrorun-models": models})
        assert (asked.status_code, asked.content) == (200, plain.content)
        for path, method in QUESTIONS:
            assert (await client.request(method, path, headers={"retrorun-models": models})).status_code != 409

    @pytest.mark.parametrize(
        "models", ["", "70", "body mass 70 kg", f"{models_hash()}0", models_hash()[:-1], f'"{models_hash()}"', "é"]
    )
    async def test_a_value_that_is_no_hash_is_refused_and_not_repeated(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, models: str
    ) -> None:
        answer = await client.post("/estimate", json=BOUT, headers={b"retrorun-models": models.encode("latin-1")})
        detail = problem_of(answer, 409)["detail"]
        assert "not those in your RetroRun-Models" in detail
        assert not models or models not in detail.replace(models_hash(), "")

    async def test_lines_that_differ_are_refused_and_equal_ones_count_once(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        name = "retrorun-models"
        problem_of(await client.get("/models", headers=[(name, OTHER), (name, models_hash())]), 409)
        same = await client.get("/models", headers=[(name, models_hash()), (name, models_hash())])
        assert same.status_code == 200

    @pytest.mark.parametrize("path", sorted({*OPEN, *ALWAYS_SERVED, "/static/page.css"}))
    async def test_pages_documents_and_health_checks_are_of_no_models(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        assert (await client.get(path, headers={"retrorun-models": OTHER})).status_code == 200

    async def test_a_tag_does_not_get_around_it(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        problem_of(await client.get("/models", headers={"if-none-match": "*", "retrorun-models": OTHER}), 409)

    async def test_a_key_is_needed_first(self, tmp_path: Path, problem_of: ProblemOf) -> None:
        (tmp_path / "keys").write_text(line_of("app", "rr_example"))
        guard = build(Settings(api_key_file=str(tmp_path / "keys"), log_level="error"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
            problem_of(await client.post("/estimate", json=BOUT, headers={"retrorun-models": OTHER}), 401)
            keyed = {"retrorun-models": OTHER, "x-api-key": "rr_example"}
            problem_of(await client.post("/estimate", json=BOUT, headers=keyed), 409)

    async def test_the_log_has_no_value_of_the_header(self, capsys: pytest.CaptureFixture[str]) -> None:
        async with httpx.AsyncClient(
            transport=httpx.ASGITransport(build(Settings())), base_url="http://retrorun.test"
        ) as client:
            await client.post("/estimate", json=BOUT, headers={"retrorun-models": OTHER})
        output = capsys.readouterr().out
        assert json.loads(output.splitlines()[-1])["status"] == 409
        assert OTHER not in output


class TestContract:
    def test_every_operation_takes_the_header_and_every_answer_has_both(self) -> None:
        document = contract(create_app())
        components = document["components"]
        for path, item in document["paths"].items():
            for operation in item.values():
                takes = {"$ref": "#/components/parameters/Models"} in operation["parameters"]
                assert takes == ("409" in operation["responses"]) == (path not in ALWAYS_SERVED), path
                for response in operation["responses"].values():
                    name = response.get("$ref", "").rpartition("/")[2]
                    found = components["responses"][name] if name else response
                    assert {"RetroRun-Version", "RetroRun-Models"} <= found["headers"].keys(), path
        assert components["parameters"]["Models"]["name"] == "RetroRun-Models"
        assert components["headers"]["Models"]["example"] == models_hash()
        assert components["headers"]["Version"]["example"] == __version__
