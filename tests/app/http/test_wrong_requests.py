"""Forty wrong requests that people really send: each answer names the thing and says how to fix it."""

import ast
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final
from urllib.parse import urljoin

import httpx
import pytest

from retrorun.app.http.errors.codes import ERRORS, OF_STATUS
from retrorun.app.http.errors.field_names import ENTRIES, WORDS, known_field, named, plain
from retrorun.app.http.errors.json_text import broken_json
from retrorun.app.http.limits import REFUSALS
from retrorun.app.http.problems import PROBLEMS, complete
from retrorun.models.vocabulary.quantities import INPUTS

pytestmark = pytest.mark.anyio

Problem = dict[str, Any]
ProblemOf = Callable[[httpx.Response, int], Problem]

HOUSE: Final = Path(__file__).parents[3]
JSON: Final = {"content-type": "application/json"}
BOUT: Final = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
SPEED: Final = {"body_mass_kg": 70, "duration_s": 1200}
MASS: Final = {"body_mass_kg": 70}

UNKNOWN: Final = [
    ({"weight_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}, "'weight_kg'", "body_mass_kg", ""),
    ({"weight": 154, "speed_m_s": 2.5, "duration_s": 1200}, "'weight'", "body_mass_kg", "kilograms"),
    ({"weight_lbs": 154, "speed_m_s": 2.5, "duration_s": 1200}, "'weight_lbs'", "body_mass_kg", "0.45359237"),
    ({"mass": 70, "speed_m_s": 2.5, "duration_s": 1200}, "'mass'", "body_mass_kg", "kilograms"),
    ({"bodyMassKg": 70, "speed_m_s": 2.5, "duration_s": 1200}, "'bodyMassKg'", "body_mass_kg", ""),
    (SPEED | {"speed_kmh": 9}, "'speed_kmh'", "speed_m_s", "divide km/h by 3.6"),
    (SPEED | {"speed mph": 5.6}, "'speed mph'", "speed_m_s", "0.44704"),
    (SPEED | {"speed": 9}, "'speed'", "speed_m_s", "metres per second"),
    (SPEED | {"pace": "6:40"}, "'pace'", "speed_m_s", "divide 1000 by the seconds"),
    (SPEED | {"pace_min_per_km": 6.67}, "'pace_min_per_km'", "speed_m_s", "divide 1000 by the seconds"),
    (MASS | {"speed_m_s": 2.5, "minutes": 20}, "'minutes'", "duration_s", "by 60"),
    (MASS | {"speed_m_s": 2.5, "time": 1200}, "'time'", "duration_s", "seconds"),
    (MASS | {"speed_m_s": 2.5, "duration_min": 20}, "'duration_min'", "duration_s", "by 60"),
    (MASS | {"speed_m_s": 2.5, "km": 3}, "'km'", "distance_m", "by 1000"),
    (MASS | {"speed_m_s": 2.5, "distance_km": 3}, "'distance_km'", "distance_m", "by 1000"),
    (MASS | {"speed_m_s": 2.5, "miles": 2}, "'miles'", "distance_m", "1609.344"),
    (BOUT | {"slope": 5}, "'slope'", "grade", "5 % is 0.05"),
    (BOUT | {"incline": 5}, "'incline'", "grade", "5 % is 0.05"),
    (BOUT | {"gradient": 0.05}, "'gradient'", "grade", "5 % is 0.05"),
    (BOUT | {"vo2max": 50}, "'vo2max'", "oxygen_uptake_max_ml_kg_min", "ml/kg/min"),
    (BOUT | {"height_cm": 175}, "'height_cm'", "height_m", "by 100"),
    (BOUT | {"gender": "female"}, "'gender'", "sex", "male or female"),
    (BOUT | {"activity": "running"}, "'activity'", "gait", "run or walk"),
    (BOUT | {"gradee": 0.05}, "'gradee'", "grade", ""),
]
"""A body for /estimate, the words for its unknown field, the field that is meant, and a part of the way to convert."""


@pytest.mark.parametrize(("body", "name", "field", "how"), UNKNOWN, ids=[row[1] for row in UNKNOWN])
async def test_a_field_of_another_name(
    client: httpx.AsyncClient, problem_of: ProblemOf, body: Problem, name: str, field: str, how: str
) -> None:
    problem = problem_of(await client.post("/estimate", json=body), 422)
    (error,) = problem["errors"]
    assert error["code"] == "unknown_field"
    assert error["message"].startswith(f"Unknown field {name}. Did you mean {field}?")
    assert how in error["message"]
    assert problem["detail"].startswith(error["message"])


WRONG: Final[list[tuple[str, Any, str, str, list[str]]]] = [
    # The path, the body, the code and place of the first error, and what its sentence has to say.
    ("/estimate", {}, "required", "/body_mass_kg", ["required", "Body mass", "kg"]),
    ("/estimate", MASS, "required", "", ["exactly two of speed_m_s, duration_s and distance_m"]),
    ("/estimate", MASS | {"speed_m_s": 2.5}, "required", "", ["add duration_s or distance_m"]),
    (
        "/estimate",
        BOUT | {"distance_m": 3000},
        "conflicting_inputs",
        "",
        ["the third follows. Remove one"],
    ),
    ("/estimate", BOUT | {"age_y": 40, "sex": "male"}, "required", "", ["Add height_m"]),
    ("/estimate", BOUT | {"grade": 5}, "out_of_range", "/grade", ["from -0.5 to 0.9", "0.05 is 5 %"]),
    ("/estimate", BOUT | {"speed_m_s": 12}, "out_of_range", "/speed_m_s", ["from 0.2 to 8 m/s"]),
    ("/estimate", BOUT | {"body_mass_kg": 15}, "out_of_range", "/body_mass_kg", ["from 30 to 250 kg"]),
    (
        "/estimate",
        BOUT | {"height_m": 175, "age_y": 40, "sex": "male"},
        "out_of_range",
        "/height_m",
        ["from 1.2 to 2.3 m"],
    ),
    ("/estimate", BOUT | {"body_mass_kg": "70"}, "not_a_number", "/body_mass_kg", ["in kg", "without quotes"]),
    ("/estimate", BOUT | {"body_mass_kg": None}, "not_a_number", "/body_mass_kg", ["null", "Give a number in kg"]),
    ("/estimate", BOUT | {"gait": None}, "not_a_choice", "/gait", ["null", "run, walk", "leave the field out"]),
    ("/estimate", BOUT | {"gait": "running"}, "not_a_choice", "/gait", ["'run' or 'walk'"]),
    ("/estimate", BOUT | {"strict": "yes"}, "not_a_boolean", "/strict", ["true or false"]),
    ("/estimate", BOUT | {"include": "energy"}, "not_a_list", "/include", ["JSON array"]),
    ("/estimate", [BOUT], "not_an_object", "", ["JSON object"]),
    ("/workout", MASS | {"segments": [{"speed": 3}]}, "unknown_field", "/segments/0", ["speed_m_s"]),
    ("/workout", MASS | {"segments": [{"speed_m_s": 3}]}, "required", "/segments/0", ["add duration_s or distance_m"]),
    (
        "/workout",
        MASS | {"segments": [{"repeat": 0, "segments": [{"pause_s": 5}]}]},
        "out_of_range",
        "/segments/0/repeat",
        ["from 1 to 10000"],
    ),
    ("/workout", MASS | {"intervals": []}, "unknown_field", "", ["segments"]),
    ("/solve", MASS, "required", "/find", ["required", "speed_range"]),
    ("/solve", MASS | {"find": "bout", "calories": 300}, "unknown_field", "", ["total_energy_kcal"]),
    ("/solve", MASS | {"find": "bout", "total_energy_kcal": 300}, "required", "", ["speed_m_s, duration_s"]),
    ("/plan", MASS | {"goal": "most_energy"}, "required", "/duration_s", ["needs duration_s"]),
    ("/estimate/batch", {}, "required", "", ["items", "columns"]),
    ("/estimate/batch", {"bouts": [BOUT]}, "unknown_field", "", ["items"]),
    (
        "/estimate/batch",
        {"columns": {"body_mass_kg": [70, None]}},
        "not_a_number",
        "/columns/body_mass_kg/1",
        ["null", "kg"],
    ),
]


@pytest.mark.parametrize(("path", "body", "code", "pointer", "says"), WRONG)
async def test_the_first_thing_to_fix(
    client: httpx.AsyncClient,
    problem_of: ProblemOf,
    path: str,
    body: Any,
    code: str,
    pointer: str,
    says: list[str],
) -> None:
    problem = problem_of(await client.post(path, json=body), 422)
    error = problem["errors"][0]
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert problem["type"].endswith(f"/problems/{code}")
    for words in says:
        assert words in error["message"]
        assert words in problem["detail"]
    if pointer.count("/") > 1:
        assert problem["detail"].startswith(f"At {pointer}: ")


BROKEN: Final = [
    (b"", ["empty", "JSON object"]),
    (b'{"body_mass_kg": 70,\n "speed_m_s": 2.5,}', ["line 2, column 19", "comma"]),
    (b"{'body_mass_kg': 70}", ["line 1, column 2", "double quotes"]),
    (b'{"body_mass_kg": 70,5}', ["line 1, column 21", "decimal point"]),
    (b'{"body_mass_kg": 70\n "speed_m_s": 2.5}', ["line 2, column 2", "comma"]),
    (b'{"body_mass_kg": 70', ["line 1, column 19", "not closed"]),
    (b'{"strict": True}', ["line 1, column 12", "true"]),
    ('{"größe": x}'.encode(), ["line 1, column 11"]),
    (b'{"body_mass_kg": "\xff"}', ["UTF-8", "line 1, column 19"]),
    ('{"body_mass_kg": 70}'.encode("utf-16"), ["UTF-16", "UTF-8"]),
    (b'{"gait": "run\n"}', ["line 1, column 14", "line break"]),
]


@pytest.mark.parametrize(("text", "says"), BROKEN)
async def test_where_a_text_is_no_json(
    client: httpx.AsyncClient, problem_of: ProblemOf, text: bytes, says: list[str]
) -> None:
    problem = problem_of(await client.post("/estimate", content=text, headers=JSON), 400)
    assert problem["type"] == "./problems/invalid_json"
    for words in says:
        assert words in problem["detail"]
    assert "body_mass" not in problem["detail"]


async def test_a_byte_order_mark_is_ignored(client: httpx.AsyncClient) -> None:
    text = json.dumps(BOUT).encode()
    plainly = await client.post("/estimate", content=text, headers=JSON)
    marked = await client.post("/estimate", content=b"\xef\xbb\xbf" + text, headers=JSON)
    assert (marked.status_code, marked.content) == (200, plainly.content)


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "br", "identity, gzip"])
async def test_a_content_coding_is_named(client: httpx.AsyncClient, problem_of: ProblemOf, coding: str) -> None:
    sent = JSON | {"content-encoding": coding}
    problem = problem_of(await client.post("/estimate", content=b"\x1f\x8b", headers=sent), 415)
    assert problem["type"] == "./problems/encoding"
    assert "Content-Encoding" in problem["detail"]


async def test_all_that_is_missing_comes_at_once(client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
    errors = problem_of(await client.post("/estimate", json={}), 422)["errors"]
    assert [(error["pointer"], error["code"]) for error in errors] == [("/body_mass_kg", "required"), ("", "required")]
    errors = problem_of(await client.post("/estimate", json={"height_m": 1.75, "distance_m": 10}), 422)["errors"]
    assert errors[1]["message"].endswith(": add speed_m_s or duration_s.")
    assert errors[2]["message"].endswith(" Add age_y and sex.")


async def test_a_field_under_another_name_is_not_missing_too(client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
    body = {"weight": 70, "km": 5, "minutes": 30}
    errors = problem_of(await client.post("/estimate", json=body), 422)["errors"]
    assert {error["code"] for error in errors} == {"unknown_field"}
    errors = problem_of(await client.post("/estimate", json={"weight": 70, "km": 5}), 422)["errors"]
    assert [error["code"] for error in errors] == ["unknown_field", "unknown_field", "required"]
    assert errors[-1]["message"].endswith("add speed_m_s or duration_s.")


async def test_an_item_of_a_batch_names_its_fields_too(client: httpx.AsyncClient) -> None:
    response = await client.post("/estimate/batch", json={"items": [BOUT, {"weight": 70, "km": 5, "minutes": 30}]})
    problem = response.json()["items"][1]["error"]
    assert problem["detail"].startswith("Unknown field 'weight'. Did you mean body_mass_kg?")
    assert urljoin(str(response.request.url), problem["type"]).endswith("retrorun.test/problems/unknown_field")


async def test_the_facts_beside_a_file_name_their_fields_too(client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
    facts = {"weight": 70, "grade": [{"from": 0, "grade": 5}]}
    parts = {"file": b"<gpx/>", "request": json.dumps(facts).encode()}
    errors = problem_of(await client.post("/workout/track", files=parts), 422)["errors"]
    errors.sort(key=lambda error: str(error["pointer"]))
    assert [(error["pointer"], error["code"]) for error in errors] == [
        ("", "unknown_field"),
        ("/grade/0", "unknown_field"),
        ("/grade/0/grade", "out_of_range"),
    ]
    assert "body_mass_kg" in errors[0]["message"]
    assert "from_s" in errors[1]["message"]
    assert "0.05 is 5 %" in errors[2]["message"]


async def test_a_query_names_its_fields_too(client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
    errors = problem_of(await client.get("/plot/load.svg?speed_kmh=10&grade=5"), 422)["errors"]
    assert errors[0]["pointer"] == "/query"
    assert "'speed_kmh'. Did you mean speed_m_s?" in errors[0]["message"]
    assert errors[1]["pointer"] == "/query/grade"
    assert "0.05 is 5 %" in errors[1]["message"]


@pytest.mark.parametrize(
    "name",
    ["70.5", "7", "", " ", "a@example.org", "a/b", "k" * 65, "größe", "x\n", '"', "<b>", "a:b", "\u202eabc", "10:30"],
)
async def test_a_name_that_may_be_a_value_is_not_repeated(
    client: httpx.AsyncClient, problem_of: ProblemOf, name: str
) -> None:
    (error,) = problem_of(await client.post("/estimate", json=BOUT | {name: 1}), 422)["errors"]
    assert error["message"].startswith("Unknown field. Known fields: ")
    assert error["pointer"] == ""


@pytest.mark.parametrize("name", ["a", "weight kg", "a.b", "a-b_c", "_id", "k" * 64])
def test_a_name_is_repeated_as_it_is(name: str) -> None:
    assert named(name) == f"Unknown field '{name}'."


def test_every_word_leads_to_an_input_and_only_to_those_of_the_place() -> None:
    fields = {field for field, _, _ in WORDS}
    assert {field for found in ENTRIES.values() for field, _ in found} == fields
    for word, found in ENTRIES.items():
        assert word == plain(word)
        for field, how in found:
            assert known_field(word, [field])[0] == field
            assert how == "" or how.endswith(".")
        assert known_field(word, ["zzz"])[0] is None
    assert set(INPUTS) >= {field for field in fields if field.rpartition("_")[2] in {"m", "s", "kg", "y", "kcal"}}


async def test_many_unknown_fields_are_not_compared_one_by_one(
    client: httpx.AsyncClient, problem_of: ProblemOf, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[str] = []

    def counted(name: str, known: Any) -> tuple[None, str]:
        seen.append(name)
        return None, ""

    monkeypatch.setattr("retrorun.app.http.errors.findings.known_field", counted)
    body = json.dumps({f"f{number}": 1 for number in range(600)})
    errors = problem_of(await client.post("/estimate", content=body, headers=JSON), 422)["errors"]
    assert len(errors) == len(seen) == 20


def test_a_sentence_of_another_parser_gives_no_place() -> None:
    assert broken_json(b"{", "something else") == "The body is not valid JSON in UTF-8."


class TestPages:
    @pytest.mark.parametrize("code", ERRORS)
    async def test_every_code_has_one_for_people_and_for_programs(self, client: httpx.AsyncClient, code: str) -> None:
        page = await client.get(f"/problems/{code}", headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
        assert (page.status_code, page.headers["content-type"]) == (200, "text/html; charset=utf-8")
        assert f"<code>{code}</code>" in page.text
        assert "<script" not in page.text
        assert "style=" not in page.text
        told = await client.get(f"/problems/{code}")
        assert told.headers["content-type"] == "application/json"
        found = told.json()
        assert (found["code"], found["status"]) == (code, ERRORS[code].status)
        assert found["example"]["type"] == f"./problems/{code}"
        assert set(re.findall(r"\{(\w+)\}", found["text"])) == set(found["params"])
        assert found["text"].endswith((".", "?"))
        assert found["fix"].endswith(".")

    @pytest.mark.parametrize("code", ["nothing", "", "required/", "Required"])
    async def test_another_code_has_none(self, client: httpx.AsyncClient, problem_of: ProblemOf, code: str) -> None:
        problem_of(await client.get(f"/problems/{code}"), 404)

    async def test_another_format_is_refused(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        problem_of(await client.get("/problems/required", headers={"accept": "image/png"}), 406)

    @pytest.mark.parametrize("path", ["/estimate", "/estimate/batch", "/static/a/b/c", "/"])
    def test_the_type_leads_there_also_behind_a_prefix(self, path: str) -> None:
        body = complete(b'{"type":"./problems/fault"}', path, b"7f")
        assert json.loads(body)["request_id"] == "7f"
        for prefix in ("", "/v1", "/a/b"):
            opens = urljoin(f"https://retrorun.test{prefix}{path}", json.loads(body)["type"])
            assert opens == f"https://retrorun.test{prefix}/problems/fault"

    def test_a_path_of_any_depth_makes_no_long_answer(self) -> None:
        assert len(complete(b'{"type":"./problems/fault"}', "/" * 10_000)) < 200

    def test_every_refusal_and_every_status_has_a_code(self) -> None:
        for reason, refusal in REFUSALS.items():
            assert ERRORS[reason].status == refusal.status
        assert set(PROBLEMS) <= set(OF_STATUS)
        for status, code in OF_STATUS.items():
            assert ERRORS[code].status == status

    def test_every_code_in_the_sources_has_an_entry(self) -> None:
        """A raised error's third argument, the last one of `refuse`, and the class defaults are codes."""
        raised = {"Conflict", "Missing", "OutOfRange", "Undefined", "EstimateError", "Unattainable"}
        found = set()
        for path in [*(HOUSE / "models").rglob("*.py"), *(HOUSE / "app").rglob("*.py")]:
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call):
                    name = getattr(node.func, "id", getattr(node.func, "attr", ""))
                    last = node.args[-1] if len(node.args) > 2 and name in {*raised, "refuse"} else None
                    keyword = [each.value for each in node.keywords if each.arg == "code" and name == "problem"]
                    for value in [last, *keyword]:
                        if isinstance(value, ast.Constant):
                            found.add(value.value)
                if isinstance(node, ast.AnnAssign) and getattr(node.target, "id", "") == "default_code":
                    assert isinstance(node.value, ast.Constant)
                    found.add(node.value.value)
        assert len(found) > 30
        assert found <= set(ERRORS)


async def test_the_example_of_the_documentation_is_an_answer(client: httpx.AsyncClient) -> None:
    text = (HOUSE / "docs" / "errors.md").read_text(encoding="utf-8")
    request, answer = (json.loads(block) for block in re.findall(r"```json\n(.*?)```", text, re.DOTALL))
    response = await client.post("/estimate", json=request, headers={"x-request-id": answer["request_id"]})
    assert response.json() == answer
