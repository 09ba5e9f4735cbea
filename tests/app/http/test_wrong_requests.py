"""Forty wrong requests that people really send: each answer names the thing and says how to fix it."""

import ast
import gzip
import json
import re
import zlib
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
from retrorun.models.evidence.cautions import WARNINGS
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
    (MASS | {"speed_m_s": 2.5, "yards": 500}, "'yards'", "distance_m", "0.9144"),
    ({"bw": 70, "speed_m_s": 2.5, "duration_s": 1200}, "'bw'", "body_mass_kg", "kilograms"),
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
    ("/estimate", BOUT | {"gait": "running"}, "not_a_choice", "/gait", ["one of: run, walk."]),
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


RUN: Final = {"speed_m_s": 3, "duration_s": 60}
MOST: Final = MASS | {"goal": "most_energy", "duration_s": 1800}
IN_ITEM: Final = 'Put it in each item: {"items": [{...}]}.'
AN_OBJECT: Final = '{"run": "acsm"}'
A_LIST: Final = 'for example [{"speed_m_s": 2.5, "duration_s": 1200}].'
A_PAUSE: Final = 'A pause is {"pause_s": 60}.'

MORE_WRONG: Final[list[tuple[str, Any, str, str, list[str]]]] = [
    # A word of another question, or at another place.
    ("/estimate", BOUT | {"hr": 120}, "unknown_field", "", ["Heart rate is not used. Remove it; hours: duration_s."]),
    ("/estimate", BOUT | {"METs": 8}, "unknown_field", "", ["an answer here", "POST /solve"]),
    ("/estimate", BOUT | {"knee": 4}, "unknown_field", "", ["are in the answer"]),
    ("/solve", MASS | {"find": "speed", "gait": "run", "METs": 8}, "unknown_field", "", ["Did you mean met?"]),
    (
        "/solve",
        MASS | {"find": "speed_range", "gait": "run", "knee": 4},
        "unknown_field",
        "",
        ["patellofemoral_peak_force_bw? Give body weights."],
    ),
    ("/plan", MOST | {"speed_m_s": 2.5}, "unknown_field", "", ["Did you mean speed_high_m_s?"]),
    ("/plan", MOST | {"pace": "5:00"}, "unknown_field", "", ["Did you mean speed_high_m_s?", "divide 1000"]),
    (
        "/plan",
        MOST | {"direction": "backward"},
        "unknown_field",
        "",
        ["The plan chooses the directions; see forward_only"],
    ),
    (
        "/plan",
        MOST | {"total_energy_kcal": 300},
        "unknown_field",
        "",
        ["Did you mean active_energy_kcal?", "above rest"],
    ),
    ("/plan", MOST | {"limits": {"knee": 4}}, "unknown_field", "/limits", ["patellofemoral_peak_force_bw"]),
    ("/workout", MASS | {"segments": [{"type": "pause", "duration_s": 60}]}, "unknown_field", "/segments/0", [A_PAUSE]),
    ("/workout", MASS | {"segments": [{"kind": "Rest"}]}, "unknown_field", "/segments/0", [A_PAUSE]),
    (
        "/workout",
        MASS | {"segments": [{"speed_m_s": 0, "duration_s": 9}]},
        "out_of_range",
        "/segments/0/speed_m_s",
        [A_PAUSE],
    ),
    ("/workout", MASS | {"segments": [RUN], "gait": "run"}, "unknown_field", "", ["'gait'. Put it in each segment."]),
    ("/workout", MASS | {"segments": [RUN], "slope": 5}, "unknown_field", "", ["Put grade in each segment.", "0.05"]),
    ("/workout", BOUT, "unknown_field", "", ["'speed_m_s'. Put it in each segment."]),
    (
        "/workout",
        MASS | {"segments": [{"repeat": 2, "segments": [{"repeat": 2, "segments": [RUN]}]}]},
        "unknown_field",
        "/segments/0/segments/0",
        ["A repeat cannot be in a repeat."],
    ),
    ("/workout", MASS | {"segments": [RUN], "energy_model": "acsm"}, "unknown_field", "", ["energy_models", AN_OBJECT]),
    ("/workout", MASS | {"segments": [RUN], "energy_models": "acsm"}, "not_an_object", "/energy_models", [AN_OBJECT]),
    ("/workout", MASS, "required", "/segments", ["a list of objects", A_LIST]),
    ("/workout", MASS | {"segments": None}, "not_a_list", "/segments", ["This is null.", A_LIST]),
    ("/workout", MASS | {"segments": [None]}, "not_an_object", "/segments/0", ["Give an object, for example {"]),
    ("/workout", MASS | {"segments": RUN}, "not_a_list", "/segments", ["JSON array", A_LIST]),
    ("/estimate/batch", {"items": [BOUT], "view": "full"}, "unknown_field", "", [f"'view'. {IN_ITEM}"]),
    ("/estimate/batch", {"items": [BOUT], "include": ["energy"]}, "unknown_field", "", [f"'include'. {IN_ITEM}"]),
    ("/estimate/batch", {"items": [BOUT], "slope": 5}, "unknown_field", "", ["Put grade in each item"]),
    ("/estimate/batch", BOUT, "unknown_field", "", [f"'body_mass_kg'. {IN_ITEM}"]),
    ("/estimate/batch", [BOUT], "not_an_object", "", ['JSON object. Put the list in it: {"items": [{...}]}.']),
    (
        "/estimate/batch",
        {"items": [BOUT], "fields": ["gait", "energy"]},
        "unknown_field",
        "/fields/1",
        ["columns of the answer"],
    ),
    ("/estimate", [BOUT], "not_an_object", "", ["JSON object", "Several bouts: POST /estimate/batch."]),
    ("/estimate", json.dumps(BOUT), "not_an_object", "", ["This is a text. Send the JSON itself"]),
    # A value in another unit or form.
    ("/estimate", BOUT | {"grade": "5%"}, "not_a_number", "/grade", ["without quotes or unit; 0.05 is 5 %."]),
    ("/estimate", BOUT | {"speed_m_s": "5:30"}, "not_a_number", "/speed_m_s", ["in m/s", "1000 / seconds per km"]),
    ("/estimate", BOUT | {"duration_s": "20:00"}, "not_a_number", "/duration_s", ["in s", "multiply by 60"]),
    ("/estimate", BOUT | {"weight_support": "20 %"}, "not_a_number", "/weight_support", ["0.2 is 20 %"]),
    ("/estimate", BOUT | {"weight_support": 20}, "out_of_range", "/weight_support", ["0.2 is 20 %"]),
    ("/estimate", BOUT | {"interval": 90}, "out_of_range", "/interval", ["0.9 is 90 %"]),
    ("/estimate", BOUT | {"step_rate_ratio": 180}, "out_of_range", "/step_rate_ratio", ["1.05 is 5 % more steps"]),
    ("/plan", MOST | {"confidence": 90}, "out_of_range", "/confidence", ["0.9 is 90 %"]),
    ("/plan", MOST | {"gait": "walk", "speed_high_m_s": 5}, "out_of_range", "/speed_high_m_s", ["up to 3 m/s", "run"]),
    (
        "/plan",
        MOST | {"grade": 0.2, "limits": {"patellofemoral_peak_force_bw": 4}},
        "indicator_unknown",
        "/limits/patellofemoral_peak_force_bw",
        ["gait or grade"],
    ),
    ("/estimate", BOUT | {"age_y": float("nan")}, "not_finite", "/age_y", ["finite number, or leave it out."]),
    ("/estimate", BOUT | {"duration_s": float("inf")}, "not_finite", "/duration_s", ["Give a finite number."]),
    (
        "/estimate",
        MASS | {"duration_s": None, "speed_m_s": 3},
        "not_a_number",
        "/duration_s",
        ["null. Give a number in s."],
    ),
    ("/estimate", BOUT | {"distance_m": None}, "not_a_number", "/distance_m", ["in m. Or leave the field out."]),
    (
        "/solve",
        MASS | {"find": "time"},
        "not_a_choice",
        "/find",
        ["bout, speed,", "bout: duration or distance for an energy"],
    ),
    (
        "/estimate",
        MASS | {"speed_m_s": 6, "duration_s": 60, "strict": True},
        "energy.looney2025_run_speed",
        "",
        ["5.2 m/s. Energy"],
    ),
    # Something is missing.
    ("/solve", MASS | {"find": "speed", "met": 8}, "required", "/gait", ["Give gait: run or walk."]),
    (
        "/solve",
        MASS | {"find": "equal_cost_speed", "backward_speed_m_s": 2},
        "required",
        "/gait",
        ["gait: run or walk."],
    ),
]


@pytest.mark.parametrize(("path", "body", "code", "pointer", "says"), [*WRONG, *MORE_WRONG])
async def test_the_first_thing_to_fix(
    client: httpx.AsyncClient,
    problem_of: ProblemOf,
    path: str,
    body: Any,
    code: str,
    pointer: str,
    says: list[str],
) -> None:
    problem = problem_of(await client.post(path, content=json.dumps(body), headers=JSON), 422)
    error = problem["errors"][0]
    assert (error["code"], error["pointer"]) == (code, pointer)
    assert problem["type"].endswith(f"/problems/{'outside_evidence' if code.startswith('energy.') else code}")
    assert "See errors." not in problem["detail"]
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
    (b'{"body_mass_kg": 71.37kg}', ["line 1, column 23", "A number has no unit in JSON."]),
    (b'{"body_mass_kg": 71.37 kg}', ["A number has no unit in JSON."]),
    (b'{"grade": 5%}', ["A number has no unit in JSON.", "5 % is 0.05"]),
    ('{"grade": 3°}'.encode(), ["A number has no unit in JSON."]),
    (b'{"duration_s": 20:00}', ["seconds"]),
    (b'{"duration_s": 05:30}', ["seconds"]),
    (b'{"grade": 0.05} // level', ["JSON has no comments."]),
    (b'{"grade": 0.05, # level\n "gait": "run"}', ["JSON has no comments."]),
    (b'{"grade": /* level */ 0.05}', ["JSON has no comments."]),
    (b"{'grade': 0}", ["Use straight double quotes."]),
    ("{\u201cgrade\u201d: 0}".encode(), ["Use straight double quotes."]),
    ('{"gait": \u2018run\u2019}'.encode(), ["Use straight double quotes."]),
    (b"mass=70&speed_m_s=2.5", ["This is a form. Send JSON."]),
    (b'--x1\r\nContent-Disposition: form-data; name="a"\r\n', ["This is a form. Send JSON."]),
    (gzip.compress(b'{"grade": 0}', mtime=0), ["compressed. Send it uncompressed."]),
    (zlib.compress(b'{"grade": 0}'), ["compressed. Send it uncompressed."]),
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
    assert (await client.post("/estimate", json=MASS | {"height_m": 1.75})).json()["detail"].endswith("for 1 more.")
    errors = problem_of(await client.post("/estimate", json={"height_m": 1.75, "distance_m": 10}), 422)["errors"]
    assert errors[1]["message"].endswith(": add speed_m_s or duration_s.")
    assert errors[2]["message"].endswith(" Add age_y and sex.")


LACKING: Final[list[tuple[str, Any, list[str]]]] = [
    # The path, the body, and a part of the sentence of each error.
    ("/plan", {"goal": "least_load"}, ["Body mass", "needs active_energy_kcal", "indicator. Add it: one of "]),
    ("/plan", MASS | {"goal": "least_load"}, ["needs active_energy_kcal", "patellofemoral_peak_force_bw"]),
    ("/plan", MASS | {"goal": "most_energy", "age_y": 40}, ["needs duration_s", "Add sex and height_m."]),
    (
        "/solve",
        MASS | {"find": "bout"},
        ["one of: total_energy_kcal, active_energy_kcal", "one of: speed_m_s, duration_s"],
    ),
    ("/solve", MASS | {"find": "bout", "duration_s": 60}, ["one of: total_energy_kcal", "gait: run or walk"]),
    ("/solve", MASS | {"find": "speed"}, ["one of: oxygen_uptake_ml_kg_min", "Give gait: run or walk."]),
    (
        "/solve",
        MASS | {"find": "probability"},
        ["one of: total_energy_kcal", "two of speed_m_s, duration_s and distance_m"],
    ),
    ("/solve", MASS | {"find": "speed_range"}, ["one of: peak_vertical_force_bw", "Give gait: run or walk."]),
    (
        "/solve",
        {"find": "speed_range", "patellofemoral_impulse_per_bout_bw_s": 900},
        ["Body mass", "Give duration_s with", "Give gait: run or walk."],
    ),
    ("/solve", MASS | {"find": "level_speed", "sex": "male"}, ["Give speed_m_s and grade.", "Add age_y and height_m."]),
    ("/workout", {"segments": [{"gait": "run"}, {"pause_s": 5}]}, ["Body mass", "two of speed_m_s"]),
    ("/workout", MASS | {"segments": [{"speed_m_s": 3}, RUN, {"duration_s": 5}]}, ["add duration_s", "add speed_m_s"]),
    (
        "/workout",
        MASS | {"segments": [{"repeat": 2, "segments": [RUN, {"distance_m": 5}]}, {"repeat": 2}]},
        ["add speed_m_s", "repeat and segments together"],
    ),
    ("/workout", {}, ["Body mass", "Give a list of objects"]),
]


@pytest.mark.parametrize(("path", "body", "says"), LACKING)
async def test_every_question_says_at_once_all_that_is_missing(
    client: httpx.AsyncClient, problem_of: ProblemOf, path: str, body: Any, says: list[str]
) -> None:
    problem = problem_of(await client.post(path, json=body), 422)
    assert {error["code"] for error in problem["errors"]} == {"required"}
    for error, words in zip(problem["errors"], says, strict=True):
        assert words in error["message"]
    assert problem["detail"].endswith(f" See errors for {len(says) - 1} more.")


@pytest.mark.parametrize("field", ["weight_kg", "kg", "sec", "rest_s", "gradee"])
async def test_one_error_is_not_announced_twice(client: httpx.AsyncClient, field: str) -> None:
    body = {"segments": [{"pause_s": 5}], field: 70} if field == "rest_s" else BOUT | {field: 70}
    detail = (await client.post("/estimate", json=body)).json()["detail"]
    assert "See errors." not in detail
    example = (await client.get("/problems/unknown_field")).json()["example"]
    assert example["detail"] == "Unknown field 'weight_kg'. Did you mean body_mass_kg? Rename it."


@pytest.mark.parametrize("sent", ["", "application/x-www-form-urlencoded", "text/plain"])
async def test_a_body_without_its_type_says_which_header_to_set(
    client: httpx.AsyncClient, problem_of: ProblemOf, sent: str
) -> None:
    headers = {"content-type": sent} if sent else {}
    problem = problem_of(await client.post("/estimate", content=json.dumps(BOUT), headers=headers), 415)
    assert problem["detail"].startswith("Set the header Content-Type: application/json.")


@pytest.mark.parametrize(
    ("method", "path", "meant"),
    [
        ("POST", "/estimate/", "POST /estimate"),
        ("POST", "/Estimate", "POST /estimate"),
        ("POST", "/estimates", "POST /estimate"),
        ("POST", "/v1/estimate", "POST /estimate"),
        ("GET", "/api/v2/estimates", "POST /estimate"),
        ("POST", "/estimate_batch", "POST /estimate/batch"),
        ("GET", "/model", "GET /models"),
        ("GET", "/evidence/", "GET /evidence"),
        ("GET", "/plot/energy.png", "GET /plot/energy.svg"),
    ],
)
async def test_a_path_that_resembles_another_names_it(
    client: httpx.AsyncClient, problem_of: ProblemOf, method: str, path: str, meant: str
) -> None:
    problem = problem_of(await client.request(method, path), 404)
    assert problem["detail"] == f"Unknown path. Did you mean {meant}? See /docs."


@pytest.mark.parametrize("path", ["/nothing", "/wp-login.php", "/" + "estimate" * 20, "/70.5"])
async def test_another_path_is_not_repeated(client: httpx.AsyncClient, problem_of: ProblemOf, path: str) -> None:
    assert problem_of(await client.get(path), 404)["detail"] == "Unknown path: see /docs."


async def test_a_bout_in_a_query_belongs_in_the_body(client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
    problem = problem_of(await client.get("/estimate?body_mass_kg=70&speed_m_s=2.5"), 405)
    assert problem["detail"] == "Use POST with a JSON body."


async def test_a_page_is_shown_whatever_a_site_adds_to_its_link(client: httpx.AsyncClient) -> None:
    for path in ("/evidence", "/models", "/references", "/messages"):
        page = await client.get(f"{path}?utm_source=example", headers={"accept": "text/html,*/*;q=0.8"})
        assert page.status_code == 200
        assert page.headers["content-type"].startswith("text/html")


@pytest.mark.parametrize("path", ["/models", "/references", "/evidence", "/messages", "/validation"])
async def test_a_list_refuses_an_unknown_query(client: httpx.AsyncClient, problem_of: ProblemOf, path: str) -> None:
    for _ in range(2):  # The second answer could come from the kept one.
        assert (await client.get(path)).status_code == 200
        (error,) = problem_of(await client.get(f"{path}?colour=7"), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/query", "unknown_field")
        assert error["message"].startswith("Unknown field 'colour'.")
        assert "7" not in error["message"]
    assert (await client.head(f"{path}?colour=7")).status_code == 422
    assert (await client.request("OPTIONS", f"{path}?colour=7")).status_code == 204


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
    assert error["message"].endswith(" It is the 4th field.")
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
    detail = (await client.post("/estimate", content=body, headers=JSON)).json()["detail"]
    assert detail.endswith(" See errors for 19 of 601 more.")
    assert [("Known fields: " in error["message"]) for error in errors] == [True, *[False] * 19]


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

    @pytest.mark.parametrize("code", [code for code in WARNINGS if code.startswith("energy.")])
    async def test_a_warning_that_strict_refuses_has_one(self, client: httpx.AsyncClient, code: str) -> None:
        found = (await client.get(f"/problems/{code}")).json()
        assert (found["code"], found["status"], found["text"]) == (code, 422, WARNINGS[code]["message"])
        assert found["example"]["type"] == "./problems/outside_evidence"
        page = await client.get(f"/problems/{code}", headers={"accept": "text/html"})
        assert f"<code>{code}</code>" in page.text

    @pytest.mark.parametrize("code", ["nothing", "", "required/", "Required", "load.meaning"])
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
