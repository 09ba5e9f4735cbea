"""The contract: what is committed, what it says of every field, and that the service keeps it."""

import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeAlias, cast

import httpx
import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from openapi_spec_validator import OpenAPIV31SpecValidator, validate
from pydantic import TypeAdapter
from schemathesis.config import SchemathesisConfig

from app.contract import contract, contract_text
from app.main import app, create_app
from app.schema import EstimateRequest, Problem
from app.validation import IN_THE_UNIT_BESIDE
from models.quantities import QUANTITIES

Schema: TypeAlias = dict[str, Any]

COMMITTED = Path(__file__).parent.parent / "openapi" / "openapi.json"
METHODS = {"get", "put", "post", "delete", "options", "head", "patch", "trace"}
HOLDERS = {"Interval", "Indicator", "Bounds"}
"""Schemas whose numbers have the unit of the field that holds them."""


@cache
def document() -> Schema:
    return contract(create_app())


def schemas() -> dict[str, Schema]:
    return cast(dict[str, Schema], document()["components"]["schemas"])


def operations() -> Iterator[tuple[str, str, Schema]]:
    for path, item in document()["paths"].items():
        for method in item.keys() & METHODS:
            yield path, method, item[method]


def fields() -> Iterator[tuple[str, str, Schema]]:
    """Yield every field of every schema: the schema's name, the field's, and what is said of it."""
    for owner, schema in schemas().items():
        for name, field in schema.get("properties", {}).items():
            yield owner, name, field


def nodes(node: Any) -> Iterator[Schema]:
    """Yield every object of the document."""
    if isinstance(node, dict):
        yield node
        for inner in node.values():
            yield from nodes(inner)
    elif isinstance(node, list):
        for inner in node:
            yield from nodes(inner)


def refers_to(field: Schema) -> str:
    return str(field.get("$ref", "")).rpartition("/")[2]


def reached_from(*parts: Schema) -> set[str]:
    """Return the names of the schemas that parts of the document lead to."""
    found: set[str] = set()
    open_ends = {refers_to(node) for part in parts for node in nodes(part)} - {""}
    while open_ends:
        found |= open_ends
        open_ends = {refers_to(node) for name in open_ends for node in nodes(schemas()[name])} - found - {""}
    return found


def difference(committed: str, generated: str) -> str:
    """Return what to do about a committed contract that is not the generated one; nothing when it is."""
    if committed == generated:
        return ""
    lines = zip(committed.splitlines(), generated.splitlines(), strict=False)
    first = next((number for number, (old, new) in enumerate(lines, 1) if old != new), "the end")
    return f"openapi/openapi.json differs from the code from line {first} on: run `make openapi` and commit it."


class TestCommitted:
    def test_it_is_what_the_code_generates(self) -> None:
        committed = COMMITTED.read_text(encoding="utf-8") if COMMITTED.exists() else ""
        # Not an assertion on the texts themselves: the command that mends it is worth more than their diff.
        if difference(committed, contract_text(create_app())):
            pytest.fail(difference(committed, contract_text(create_app())), pytrace=False)

    def test_drift_names_the_command_that_mends_it(self) -> None:
        assert difference("a\nb\n", "a\nb\n") == ""
        for committed in ("", "a\n", "a\nc\n", "a\nb\nc\n"):
            assert "make openapi" in difference(committed, "a\nb\n")
        assert "line 2" in difference("a\nc\n", "a\nb\n")

    def test_it_is_the_same_in_every_process(self) -> None:
        program = (
            "from app.contract import contract_text; from app.main import create_app; "
            "print(contract_text(create_app()), end='')"
        )
        for seed in ("1", "2"):
            environment = os.environ | {"PYTHONHASHSEED": seed}
            other = subprocess.run(
                [sys.executable, "-c", program], env=environment, capture_output=True, check=True, text=True
            )
            assert other.stdout == contract_text(create_app())

    @pytest.mark.anyio
    async def test_the_service_serves_it(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/openapi.json")
        assert response.headers["content-type"] == "application/json"
        assert response.json() == json.loads(contract_text(create_app()))


class TestDocument:
    def test_it_is_valid_openapi(self) -> None:
        assert document()["openapi"].startswith("3.1.")
        validate(document(), cls=OpenAPIV31SpecValidator)

    def test_nothing_can_be_null(self) -> None:
        for node in nodes(document()):
            kind = node.get("type")
            assert kind != "null"
            assert not (isinstance(kind, list) and "null" in kind)
            assert "nullable" not in node

    def test_every_operation_says_what_it_is(self) -> None:
        found = list(operations())
        assert {(path, method) for path, method, _ in found} >= {
            ("/estimate", "post"),
            ("/livez", "get"),
            ("/readyz", "get"),
        }
        for path, method, operation in found:
            for name in ("operationId", "summary", "tags"):
                assert operation.get(name), f"{method} {path} has no {name}"
        identities = Counter(operation["operationId"] for _, _, operation in found)
        assert set(identities.values()) == {1}

    def test_every_refusal_is_a_described_problem(self) -> None:
        for path, method, operation in operations():
            for status, answer in operation["responses"].items():
                assert answer["description"], f"{method} {path} {status}"
                if int(status) >= 400:
                    media = answer["content"]
                    assert set(media) == {"application/problem+json"}
                    assert refers_to(media["application/problem+json"]["schema"]) == "Problem"

    def test_every_estimate_names_what_can_go_wrong(self) -> None:
        documented = set(document()["paths"]["/estimate"]["post"]["responses"])
        assert documented >= {"200", "400", "406", "413", "415", "422", "500"}

    def test_every_path_that_a_description_names_is_there(self) -> None:
        text = contract_text(create_app())
        named = set(re.findall(r"\b(?:GET|POST) (/[a-z/{}_.]*[a-z}])", text)) | set(re.findall(r"see (/[a-z]+)", text))
        served = {getattr(route, "path", "") for route in create_app().routes}
        assert named <= set(document()["paths"]) | served


class TestFields:
    def test_every_field_has_a_description(self) -> None:
        for owner, name, field in fields():
            assert field.get("description"), f"{owner}.{name}"

    def test_every_number_is_a_double(self) -> None:
        numbers = [node for node in nodes(document()) if node.get("type") == "number"]
        assert len(numbers) > 20
        assert all(node.get("format") == "double" for node in numbers)

    def test_every_number_has_a_unit(self) -> None:
        """Its own, that of the field which holds it, or the one that stands beside it, as in rows of a table."""
        for owner, name, field in fields():
            if field.get("type") == "number" and "unit" not in schemas()[owner]["properties"]:
                beside = name in IN_THE_UNIT_BESIDE and "unit" in schemas()[owner]["properties"]
                assert ("x-unit" in field) == (owner not in HOLDERS and not beside), f"{owner}.{name}"

    def test_a_word_means_one_kind_of_thing(self) -> None:
        """Two things under one name would share one description: one of them would be described as the other."""
        kinds: dict[str, set[str]] = {}
        explained = reached_from(document()["paths"]["/estimate"], document()["paths"]["/models"])
        for owner, name, field in fields():
            if owner in explained:
                number = field.get("type") == "number" or refers_to(field) in HOLDERS
                kind = "number" if number else "object" if "$ref" in field else field.get("type", "several")
                kinds.setdefault(name, set()).add(kind)
        assert not {name: kind for name, kind in kinds.items() if len(kind) > 1 or "several" in kind}

    def test_every_interval_has_a_unit(self) -> None:
        held = [(owner, name, field) for owner, name, field in fields() if refers_to(field) in HOLDERS]
        assert len(held) > 20
        for owner, name, field in held:
            assert field.get("x-unit"), f"{owner}.{name}"

    def test_every_unit_and_meaning_is_that_of_the_models(self) -> None:
        for owner, name, field in fields():
            if owner in {"Ratio", "LoadRatio"}:
                assert field.get("x-unit", "1") == "1", f"{owner}.{name}"
            elif name in QUANTITIES:
                assert field.get("type") == "number" or refers_to(field) in HOLDERS, f"{owner}.{name}"
                known = QUANTITIES[name]
                assert field["x-unit"] == known.ucum, f"{owner}.{name}"
                assert field["description"] == f"{known.meaning} [{known.unit}]", f"{owner}.{name}"

    def test_a_ratio_is_described_as_a_ratio(self) -> None:
        for owner, name, field in fields():
            if owner in {"Ratio", "LoadRatio"} and refers_to(field) in HOLDERS:
                assert field["description"].startswith("Ratio of "), f"{owner}.{name}"

    def test_a_quantity_has_its_unit_in_its_name(self) -> None:
        endings = {"kg": "_kg", "m/s": "_m_s", "s": "_s", "m": "_m", "kcal": "_kcal", "W/kg": "_w_kg", "a": "_y"}
        for owner, name, field in fields():
            if ending := endings.get(field.get("x-unit", "")):
                assert name.endswith(ending), f"{owner}.{name}"

    def test_requests_and_answers_take_no_further_field(self) -> None:
        for owner, schema in schemas().items():
            if schema.get("type") == "object" and owner not in {"Problem", "ProblemError"}:
                assert schema["additionalProperties"] is False, owner


class TestExamples:
    pytestmark = pytest.mark.anyio

    async def test_the_example_of_a_request_is_answered(self, client: httpx.AsyncClient) -> None:
        seen = 0
        for path, method, operation in operations():
            for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
                examples = [media["example"]] if "example" in media else []
                examples += [example["value"] for example in media.get("examples", {}).values()]
                assert examples, f"{method} {path} shows no example"
                for example in examples:
                    sent: Any = {"content": json.dumps(example), "headers": {"content-type": media_type}}
                    if media_type == "multipart/form-data":
                        parts = {
                            name: part if isinstance(part, str) else json.dumps(part) for name, part in example.items()
                        }
                        sent = {"files": parts}
                    response = await client.request(method, path, **sent)
                    assert response.status_code == 200, response.text
                    seen += 1
        assert seen

    async def test_every_field_of_a_request_has_an_example_and_it_is_answered(self, client: httpx.AsyncClient) -> None:
        properties = schemas()["EstimateRequest"]["properties"]
        assert set(properties) == set(EstimateRequest.__annotations__)
        example = document()["paths"]["/estimate"]["post"]["requestBody"]["content"]["application/json"]["example"]
        together = {name: properties[name]["examples"][0] for name in ("age_y", "sex", "height_m")}
        for name, field in properties.items():
            assert field["examples"], name
            for value in field["examples"]:
                bout = example | (together if name in together else {}) | {name: value}
                if name not in example and name in {"speed_m_s", "duration_s", "distance_m"}:
                    del bout["duration_s"]
                response = await client.post("/estimate", json=bout)
                assert response.status_code == 200, f"{name}: {response.text}"

    async def test_every_field_of_a_measurement_has_an_example_and_it_is_answered(
        self, client: httpx.AsyncClient
    ) -> None:
        properties = schemas()["MeasurementRequest"]["properties"]
        example = document()["paths"]["/estimate"]["post"]["requestBody"]["content"]["application/json"]["example"]
        energy = {name: properties[name]["examples"][0] for name in ("total_energy_kcal", "duration_s")}
        for name, field in properties.items():
            (value,) = field["examples"]
            effort = energy if name in energy else {"oxygen_uptake_ml_kg_min": 34}
            bout = example | {"measurements": [{"speed_m_s": 2.5} | effort | {name: value}]}
            response = await client.post("/estimate", json=bout)
            assert response.status_code == 200, f"{name}: {response.text}"

    async def test_every_example_of_a_problem_is_one(self, client: httpx.AsyncClient) -> None:
        entry = {name: field["examples"][0] for name, field in schemas()["ProblemError"]["properties"].items()}
        shown = {
            name: field["examples"][0]
            for name, field in schemas()["Problem"]["properties"].items()
            if "examples" in field
        }
        example = {"type": "about:blank", "detail": "Mend it.", "errors": [entry]} | shown
        TypeAdapter(Problem).validate_python(example)
        response = await client.post("/estimate", json={"body_mass_kg": 70, "speed_m_s": 99, "duration_s": 9})
        (error,) = response.json()["errors"]
        assert (error["pointer"], error["code"]) == (entry["pointer"], entry["code"])
        assert {name: response.json()[name] for name in shown} == shown


CONFIG = SchemathesisConfig.from_dict(
    {
        # A bout can be within every bound of the schema and yet have no estimate: a third of speed, duration and
        # distance, an equation of the other gait. JSON Schema could say the first only with oneOf, which client
        # generators turn into types that nobody can use.
        "checks": {"positive_data_acceptance": {"expected-statuses": ["2xx", "422"]}},
        "generation": {"deterministic": True},
    }
)
API = schemathesis.openapi.from_asgi("/openapi.json", app, config=CONFIG)
BOUNDED = settings(
    max_examples=100,
    derandomize=True,
    database=None,
    deadline=None,
    suppress_health_check=list(HealthCheck),
)


@API.parametrize()
@BOUNDED
def test_the_service_keeps_the_contract(case: Any) -> None:
    """Every check of schemathesis, on every operation, with requests that the contract allows and forbids."""
    case.call_and_validate()


def mended(bout: dict[str, Any]) -> dict[str, Any]:
    """Return a bout with what the contract says in words only: two of three, all or none, no other equation."""
    rest = {"age_y", "sex", "height_m"}
    dropped = {"energy_model", "distance_m" if "speed_m_s" in bout else "duration_s"}
    if not rest <= bout.keys():
        dropped |= rest
    kept = {"speed_m_s": 2.5} | {name: value for name, value in bout.items() if name not in dropped}
    return kept if "distance_m" in kept else {"duration_s": 1200} | kept


def test_answered_estimates_keep_the_contract() -> None:
    """The same with bouts mended so that most of them are answered."""
    statuses: Counter[int] = Counter()

    @BOUNDED
    @given(case=API["/estimate"]["POST"].as_strategy())
    def check(case: Any) -> None:
        case.body = mended(case.body)
        statuses[case.call_and_validate().status_code] += 1

    check()
    assert statuses[200] > 50, statuses
    assert set(statuses) <= {200, 422}
