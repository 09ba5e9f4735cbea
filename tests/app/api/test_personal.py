"""Own measurements and personal factors over HTTP: sent back unchanged, refused at their place, never a 500."""

import json
import math
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from retrorun.models.estimate.personal import FACTOR_NUMBERS
from retrorun.models.vocabulary.quantities import INPUTS

pytestmark = pytest.mark.anyio

ProblemOf = Callable[[httpx.Response, int], dict[str, Any]]

BOUT = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
MEASUREMENTS = [
    {"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 34.0},
    {"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 40.0, "direction": "backward"},
]
SEGMENT = {"speed_m_s": 2.5, "duration_s": 1200.0, "direction": "backward"}
QUESTIONS: dict[str, dict[str, Any]] = {
    "/estimate": BOUT,
    "/solve": {"find": "speed", "gait": "run", "body_mass_kg": 70.0, "met": 9.0},
    "/plan": {"goal": "most_energy", "body_mass_kg": 70.0, "duration_s": 1200.0},
    "/workout": {"body_mass_kg": 70.0, "segments": [SEGMENT]},
    "/estimate/batch": {},
}
FUZZ = settings(
    max_examples=60,
    derandomize=True,
    deadline=None,
    # The client holds no state from one example to the next.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


async def ask(client: httpx.AsyncClient, path: str, own: dict[str, Any]) -> httpx.Response:
    """Return the answer to a question with own measurements or a personal factor."""
    if path == "/estimate/batch":
        return await client.post(path, json={"items": [BOUT | own, BOUT]})
    if path == "/workout/track":
        return await client.post(path, files={"file": gpx(), "request": json.dumps({"body_mass_kg": 70.0} | own)})
    return await client.post(path, json=QUESTIONS[path] | own)


def gpx() -> str:
    """Return ten minutes of running at 2.5 m/s on the level, due north."""
    points = "".join(
        f'<trkpt lat="{math.degrees(2.5 * second / 6_371_008.8):.9f}" lon="0"><ele>10</ele>'
        f"<time>2024-05-01T06:{second // 60:02d}:{second % 60:02d}Z</time></trkpt>"
        for second in range(600)
    )
    return (
        f'<gpx xmlns="http://www.topografix.com/GPX/1/1"><trk><type>running</type><trkseg>{points}</trkseg></trk></gpx>'
    )


async def personal_of(client: httpx.AsyncClient, **bout: Any) -> Any:
    """Return the personal factors that an estimate returns."""
    return (await client.post("/estimate", json=BOUT | {"measurements": MEASUREMENTS} | bout)).json()["personal"]


@pytest.mark.parametrize("path", [*QUESTIONS, "/workout/track"])
async def test_a_factor_is_sent_back_unchanged_and_gives_what_the_measurements_give(
    client: httpx.AsyncClient, path: str
) -> None:
    own = {"personal": await personal_of(client)}
    answers = [await ask(client, path, given) for given in (own, {"measurements": MEASUREMENTS}, {})]
    assert [answer.status_code for answer in answers] == [200, 200, 200], answers[0].text
    with_factor, measured, without = (answer.json() for answer in answers)
    assert with_factor == measured
    assert with_factor != without


async def test_the_factors_of_two_gaits_are_one_object(client: httpx.AsyncClient) -> None:
    walk = [{"speed_m_s": 1.4, "oxygen_uptake_ml_kg_min": 13.0}]
    both = {**await personal_of(client), **await personal_of(client, speed_m_s=1.4, measurements=walk)}
    segments = [SEGMENT, {"speed_m_s": 1.4, "duration_s": 600.0}]
    answer = await client.post("/workout", json={"body_mass_kg": 70.0, "segments": segments, "personal": both})
    assert answer.status_code == 200
    assert "caution.personal_one_gait" not in answer.text


@pytest.mark.parametrize("path", [*QUESTIONS, "/workout/track"])
@pytest.mark.parametrize(
    ("change", "pointer", "code"),
    [
        ({"forward_spread": -0.1}, "/personal/run/forward_spread", "out_of_range"),
        ({"forward_log": "0"}, "/personal/run/forward_log", "not_a_number"),
        ({"covariance": -0.2}, "/personal/run/covariance", "out_of_range"),
        ({"ratio_log": 2.1, "forward_log": 1.0}, "/personal/run/ratio_log", "out_of_range"),
        ({"direction_model": "pooled"}, "/personal/run/direction_model", "conflicting_inputs"),
        ({"energy_model": "minetti2002"}, "/personal/run/energy_model", "conflicting_inputs"),
        ({"made_with": -1}, "/personal/run/made_with", "out_of_range"),
        ({"made_with": "1"}, "/personal/run/made_with", "not_a_number"),
        ({"ratio_spred": 0.1}, "/personal/run", "unknown_field"),
    ],
)
async def test_a_factor_is_refused_at_its_place(
    client: httpx.AsyncClient, path: str, change: dict[str, Any], pointer: str, code: str
) -> None:
    run = (await personal_of(client))["run"] | change
    answer = await ask(client, path, {"personal": {"run": run}})
    assert answer.status_code == (200 if path == "/estimate/batch" else 422)
    found = answer.json()["items"][0]["error"] if path == "/estimate/batch" else answer.json()
    (error,) = found["errors"]
    assert (error["pointer"], error["code"]) == (pointer, code)


@pytest.mark.parametrize("path", QUESTIONS)
async def test_other_objects_are_no_factor(client: httpx.AsyncClient, path: str) -> None:
    personal = await personal_of(client)
    without = {name: value for name, value in personal["run"].items() if name != "covariance"}
    for sent, pointer, code in (
        ([], "/personal", "not_an_object"),
        (None, "/personal", "not_an_object"),
        ({}, "/personal", "conflicting_inputs"),
        ({"walk": personal["run"]}, "/personal", "conflicting_inputs"),
        ({"run": without}, "/personal/run/covariance", "required"),
        ({"jog": personal["run"]}, "/personal", "unknown_field"),
    ):
        answer = (await ask(client, path, {"personal": sent})).json()
        (error,) = answer["items"][0]["error"]["errors"] if path == "/estimate/batch" else answer["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)


@FUZZ
@given(
    numbers=st.fixed_dictionaries({name: st.floats(INPUTS[name].low, INPUTS[name].high) for name in FACTOR_NUMBERS}),
    equal=st.sampled_from(["speed", "metabolic_rate", "heart_rate"]),
    interval=st.sampled_from([0.5, 0.9, 0.99]),
)
@example(numbers=dict.fromkeys(FACTOR_NUMBERS, 0.0), equal="speed", interval=0.99)
@example(
    numbers=dict(zip(FACTOR_NUMBERS, (1.1, 0.5, -2.2, 0.5, -0.25), strict=True)), equal="metabolic_rate", interval=0.99
)
@example(numbers=dict(zip(FACTOR_NUMBERS, (-1.1, 0.5, 2.2, 0.5, 0.0), strict=True)), equal="speed", interval=0.99)
async def test_any_factor_within_the_bounds_is_answered_in_finite_numbers_or_refused(
    client: httpx.AsyncClient, problem_of: ProblemOf, numbers: dict[str, float], equal: str, interval: float
) -> None:
    made = {"energy_model": "looney2025", "direction_model": "documented", "made_with": 1}
    for path in QUESTIONS:
        own: dict[str, Any] = {"personal": {"run": made | numbers}}
        if path != "/estimate/batch":
            own["interval"] = interval
        answer = await ask(client, path, own | ({"equal": equal} if path == "/estimate" else {}))
        if answer.status_code != 200:
            problem_of(answer, 422)
        # NaN and infinity would be a 500.
        assert answer.status_code in {200, 422}


async def test_beside_columns_a_factor_is_of_every_row(client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
    personal = await personal_of(client)
    columns = {"body_mass_kg": [70.0] * 3, "speed_m_s": [2.5, 3.0, 1.4], "duration_s": [1200.0] * 3}
    fields = ["forward_total_energy_kcal_high", "backward_total_energy_kcal_low"]
    asked = {"columns": columns, "personal": personal, "fields": fields}
    answer = (await client.post("/estimate/batch", json=asked)).json()
    assert answer["status"] == ["ok", "ok", "conflicting_inputs"]
    for row, speed in enumerate((2.5, 3.0)):
        bout = (await client.post("/estimate", json=BOUT | {"speed_m_s": speed, "personal": personal})).json()
        for side, end in (("forward", "high"), ("backward", "low")):
            found = answer["columns"][f"{side}_total_energy_kcal_{end}"]["values"][row]
            assert found == pytest.approx(bout[side]["total_energy_kcal"][end], rel=1e-12)
    pooled = {**asked, "columns": columns | {"direction_model": ["pooled", "documented", "pooled"]}}
    answer = (await client.post("/estimate/batch", json=pooled)).json()
    assert answer["status"] == ["conflicting_inputs", "ok", "conflicting_inputs"]
    refused = await client.post("/estimate/batch", json={"items": [BOUT], "personal": personal})
    (error,) = problem_of(refused, 422)["errors"]
    assert (error["pointer"], error["code"]) == ("/personal", "conflicting_inputs")
