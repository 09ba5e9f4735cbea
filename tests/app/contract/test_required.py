"""A field of an answer is required in the contract if, and only if, every answer has it.

So an app reads a quantity that always has a value without a check, and checks the others. Random requests show which
fields are always there: the golden requests with some of their fields changed, added or left out.
"""

import random
from collections import Counter
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final, NamedTuple, TypeAlias

import httpx
import pytest

from retrorun.app.contract.examples import pairs
from retrorun.app.contract.golden import sendable
from retrorun.app.contract.open_answers import led_to
from retrorun.app.contract.openapi import contract
from retrorun.app.main import create_app

Schema: TypeAlias = dict[str, Any]

DOCUMENT: Final = contract(create_app())
SCHEMAS: Final[dict[str, Schema]] = DOCUMENT["components"]["schemas"]
FORM: Final = "multipart/form-data"

RANDOM_REQUESTS: Final = {"estimate": 200, "workout": 200, "solve": 150, "plan": 60, "workout_track": 30}
"""Requests made of each golden one; of the others 20."""
ANSWERED: Final = 600
"""Random requests of which at least so many are answered."""

BODY: Final = {"body_mass_kg": 70.0}
UP: Final = {"direction": "forward", "gait": "run", "speed_m_s": 2.0, "duration_s": 300.0, "grade": 0.05}
BACKWARD_UP: Final = UP | {"direction": "backward"}
BACKWARD: Final = BACKWARD_UP | {"duration_s": 400.0, "grade": 0.0}
OWN_REST: Final = {"age_y": 40.0, "sex": "female", "height_m": 1.7}
LEAST: Final = {"goal": "least_load", "indicator": "patellofemoral_impulse_per_bout_bw_s", "duration_s": 1200.0}
RARE: Final[tuple[tuple[str, Schema], ...]] = (
    ("/workout", BODY | OWN_REST | {"segments": [BACKWARD_UP], "include": ["segments"]}),
    ("/workout", BODY | {"segments": [UP | {"grade": 0.4, "speed_m_s": 4.0}]}),
    # Forward and reversed, the peak force is known in halves that overlap too little; that of the shin in one of them.
    ("/workout", BODY | {"segments": [UP, BACKWARD, BACKWARD_UP]}),
    ("/solve", BODY | {"find": "speed_range", "gait": "run", "knee_extensor_moment_ratio": 0.9}),
    ("/solve", BODY | {"find": "speed_range", "gait": "run", "tibial_compression_peak_bw": 8.0}),
    ("/estimate/batch", {"columns": {"body_mass_kg": [70.0], "speed_m_s": [2.5], "duration_s": [600.0]}}),
    (
        "/plan",
        BODY | {"goal": "most_energy", "gait": "walk", "grade": 0.05, "duration_s": 1200.0, "speed_high_m_s": 1.5},
    ),
    ("/plan", BODY | LEAST | {"active_energy_kcal": 210.0, "speed_high_m_s": 2.2}),
    ("/plan", BODY | LEAST | {"active_energy_kcal": 210.0, "speed_high_m_s": 2.2, "view": "summary"}),
    ("/plan", BODY | {name: LEAST[name] for name in ("goal", "indicator")} | {"active_energy_kcal": 210.0}),
    ("/workout", BODY | {"segments": [UP], "view": "summary"}),
    ("/solve", BODY | {"find": "speed", "gait": "run", "met": 8.0, "view": "summary"}),
    *(
        ("/solve", BODY | {"find": "probability", "speed_m_s": 2.5, "duration_s": 600.0, name: value})
        for name, value in (
            ("patellofemoral_peak_force_bw", 4.5),
            ("peak_vertical_force_bw", 2.4),
            ("achilles_relative_load", 0.9),
        )
    ),
)
"""Requests whose answers lack something that others have."""

NOT_ALWAYS: Final = {
    "LevelSpeed": "the object is empty on a slope on which the equation is not defined",
    "Pooling": "what the committed tables allow to pool",
    "RandomEffects": "what the committed tables allow to pool",
    "SpreadComparison": "a study may give no speed",
    "Reach.nearest": "the nearest value may be one that no request can have",
    "Problem.errors": "a batch has a problem only for an item that has something to fix",
    "SessionReport": "a session may have no name, no points and no energy",
    "WorkoutAssumed.energy_models": "a request may name the equations",
    "TrackReport.positions_distance_m": "a treadmill has no positions",
    "TrackedWorkout.forward": "a recording may be backward only",
}
"""Optional fields that are in all answers here, and why they may be absent."""

OF_A_WATCH: Final = {"MeasuredReport", "MeasuredWay"}
"""Schemas that only the FIT file of a watch fills: tests/models/track/test_measured.py holds them."""


class Found(NamedTuple):
    """How often each schema was answered, and each of its fields."""

    objects: Counter[str]
    fields: Counter[str]


def resolved(schema: Schema) -> Schema:
    return SCHEMAS[schema["$ref"].rpartition("/")[2]] if "$ref" in schema else schema


def value_of(schema: Schema, chance: random.Random, depth: int = 0) -> Any:
    """Return a random value that a schema of a request allows."""
    schema = resolved(schema)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return chance.choice(schema["enum"])
    if schema["type"] == "boolean":
        return chance.random() < 0.5
    if schema["type"] in {"number", "integer"} and "minimum" in schema:
        usual = chance.random() < 0.4 and "examples" in schema
        number = schema["examples"][0] if usual else chance.uniform(schema["minimum"], schema["maximum"])
        return int(number) if schema["type"] == "integer" else number
    if schema["type"] == "array":
        items = [
            value_of(schema["items"], chance, depth + 1) for _ in range(chance.randint(schema.get("minItems", 0), 3))
        ]
        return list(dict.fromkeys(items)) if schema.get("uniqueItems") else items
    if schema["type"] == "object" and "properties" in schema:
        required = schema.get("required", [])
        more = 0.3 if depth < 3 else 0.0
        return {
            name: value_of(field, chance, depth + 1)
            for name, field in schema["properties"].items()
            if name in required or chance.random() < more
        }
    return schema.get("examples", [0.5])[0]


def changed(schema: Schema, body: Schema, chance: random.Random) -> Schema:
    """Return a request with some of its fields changed, added or left out."""
    schema, body = resolved(schema), deepcopy(body)
    for name, field in schema["properties"].items():
        draw = chance.random()
        if name not in body:
            if draw < 0.1:
                body[name] = value_of(field, chance)
        elif draw < 0.12 and name not in schema.get("required", []):
            del body[name]
        elif draw < 0.35:
            body[name] = value_of(field, chance)
        elif draw < 0.6 and isinstance(body[name], dict):
            body[name] = changed(field, body[name], chance)
        elif draw < 0.8 and isinstance(body[name], list) and isinstance(body[name][0], dict):
            items = resolved(field)["items"]
            body[name] = [changed(items, item, chance) for item in body[name]]
    return body


def requests(chance: random.Random) -> Iterator[Schema]:
    """Yield the golden requests, those made of them, and those whose answers lack something."""
    for name, pair in pairs().items():
        if pair["response"]["status"] != 200 or "body" not in pair["response"]:
            continue
        request, operation = pair["request"], name.partition(".")[0]
        yield request
        for _ in range(RANDOM_REQUESTS.get(operation, 20) if "body" in request else 0):
            content = operation_of(request)["requestBody"]["content"]
            if FORM in content:
                form = request["body"]
                yield request | {"body": form | {"request": changed(SCHEMAS["TrackRequest"], form["request"], chance)}}
            else:
                yield request | {"body": changed(content["application/json"]["schema"], request["body"], chance)}
    for path, body in RARE:
        yield {"method": "POST", "path": path, "body": body}


def operation_of(request: Schema) -> Schema:
    found: Schema = DOCUMENT["paths"][request["path"].partition("?")[0]][request["method"].lower()]
    return found


def count(schema: Schema, answer: Any, found: Found) -> None:
    """Count each named object of an answer, and its fields."""
    name, schema = schema.get("$ref", "").rpartition("/")[2], resolved(schema)
    if isinstance(answer, list):
        for item in answer:
            count(schema.get("items", {}), item, found)
    elif isinstance(answer, dict):
        found.objects[name] += 1
        others = schema.get("additionalProperties")
        for field, held in answer.items():
            found.fields[f"{name}.{field}"] += 1
            inner = schema.get("properties", {}).get(field, others)
            count(inner if isinstance(inner, dict) else {}, held, found)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
async def found(anyio_backend: str) -> Found:
    """Return what the answers to all requests have."""
    counted, answered = Found(Counter(), Counter()), 0
    transport = httpx.ASGITransport(create_app())
    async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
        for request in requests(random.Random(1)):
            answer = await client.request(**sendable(request))
            assert answer.status_code in {200, 422}, answer.text
            if answer.status_code == 200:
                answered += 1
                content = operation_of(request)["responses"]["200"]["content"]
                count(content["application/json"]["schema"], answer.json(), counted)
    assert answered > ANSWERED
    return counted


def fields_of(names: set[str]) -> Iterator[tuple[str, str, bool]]:
    """Yield each field of some schemas: the name of the schema, its own, and whether it is required."""
    for owner in sorted(names):
        for name in SCHEMAS[owner]["properties"]:
            yield owner, name, name in SCHEMAS[owner].get("required", [])


def answered_schemas() -> set[str]:
    responses = [operation["responses"]["200"] for item in DOCUMENT["paths"].values() for operation in item.values()]
    return led_to(DOCUMENT, responses)


def test_every_schema_of_an_answer_is_answered(found: Found) -> None:
    assert answered_schemas() - found.objects.keys() == OF_A_WATCH


def test_a_required_field_is_in_every_answer(found: Found) -> None:
    for owner, name, required in fields_of(answered_schemas() & found.objects.keys()):
        if required:
            assert found.fields[f"{owner}.{name}"] == found.objects[owner], f"{owner}.{name}"


def test_a_field_that_is_in_every_answer_is_required(found: Found) -> None:
    always = {
        f"{owner}.{name}"
        for owner, name, required in fields_of(answered_schemas() & found.objects.keys())
        if not required and found.fields[f"{owner}.{name}"] == found.objects[owner]
    }
    assert {place for place in always if not {place, place.partition(".")[0]} & NOT_ALWAYS.keys()} == set()


def test_every_exception_is_of_a_field_that_is_optional() -> None:
    optional = {
        place
        for owner, name, required in fields_of(answered_schemas())
        if not required
        for place in (owner, f"{owner}.{name}")
    }
    assert NOT_ALWAYS.keys() <= optional


def test_an_app_needs_no_check_for_the_quantities_that_it_shows() -> None:
    """The forward bout, the segments of a workout and each load that is known have their values."""
    for owner, names in {
        "ForwardBout": {"speed_m_s", "duration_s", "distance_m"},
        "SegmentAnswer": {"speed_m_s", "distance_m", "total_energy_kcal", "active_energy_kcal", "met", "intensity"},
        "Totals": {"duration_s", "distance_m", "total_energy_kcal", "active_energy_kcal", "resting_energy_kcal"},
        "PlanTotals": {"duration_s", "distance_m", "total_energy_kcal", "active_energy_kcal"},
        "WorkoutRatio": {"total_energy", "active_energy"},
        "Graded": {"value", "low", "high"},
        "Interval": {"value", "low", "high"},
        "Indicator": {"value", "low", "high", "evidence"},
        "LoadTotal": {"value", "low", "high", "evidence", "covered"},
        "Load": {"peak_vertical_force_bw", "achilles_relative_load"},
        "LoadRatio": {"peak_vertical_force", "patellofemoral_peak_force", "achilles_relative_load"},
    }.items():
        assert names <= set(SCHEMAS[owner]["required"]), owner
