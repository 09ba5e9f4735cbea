"""What a caller sees: answers, problems, headers, pages and probes."""

import importlib
import itertools
import logging
import math
import re
import traceback
from collections.abc import AsyncIterator, Callable, Iterator
from html.parser import HTMLParser
from typing import Any, TypeAlias
from urllib.parse import urljoin

import httpx
import pytest
from pydantic import TypeAdapter
from starlette.responses import PlainTextResponse
from starlette.types import Message, Receive, Scope, Send

import retrorun.app.api.estimate
import retrorun.app.main
from retrorun.app.api.estimate import EstimateAnswer
from retrorun.app.http.guard import Guard
from retrorun.app.http.limits import MAXIMUM_BODY_BYTES
from retrorun.app.observe.observer import methods_of
from retrorun.models.estimate.builder import RATIO_NAMES
from retrorun.models.estimate.estimate import estimate as estimate_bout
from retrorun.models.physiology.direction import DOCUMENTED_RUNNING_RATIO
from retrorun.models.vocabulary.answer import Assumed, Estimate
from retrorun.models.vocabulary.choices import SECTIONS
from retrorun.models.vocabulary.quantities import INPUTS, RUNNING_FROM_M_S, WALKING_SPEED_HIGH_M_S

pytestmark = pytest.mark.anyio

Answer: TypeAlias = dict[str, Any]
ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

BOUT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
WHOLE = {"view": "full"}
WALK = {"body_mass_kg": 70, "speed_m_s": 1.3, "duration_s": 1800}
GIVEN = {"speed_m_s": 2.5, "duration_s": 1200.0, "distance_m": 3000.0}
OWN_REST = {"age_y": 40, "sex": "female", "height_m": 1.75}
EVERYTHING = (
    BOUT
    | OWN_REST
    | {
        "gait": "run",
        "grade": 0.02,
        "equal": "speed",
        "energy_model": "looney2025",
        "direction_model": "documented",
        "step_rate_ratio": 1.05,
        "interval": 0.8,
    }
)
SPREAD_OF_BOUTS = [
    BOUT,
    WALK,
    EVERYTHING,
    *(BOUT | {"equal": equal} for equal in ("metabolic_rate", "heart_rate", "perceived_exertion")),
    *(WALK | {"equal": equal} for equal in ("metabolic_rate", "heart_rate", "perceived_exertion")),
    *(bout | {"grade": grade} for bout in (BOUT, WALK) for grade in (-0.45, -0.1, 0.1, 0.4)),
    BOUT | {"speed_m_s": 8},
    WALK | {"speed_m_s": 0.5},
]


async def estimate(client: httpx.AsyncClient, bout: dict[str, Any]) -> Answer:
    """Return the answer to a bout, which must be the documented shape."""
    response = await client.post("/estimate", json=bout)
    assert response.status_code == 200, response.text
    answer: Answer = response.json()
    TypeAdapter(EstimateAnswer).validate_python(answer, strict=True)
    return answer


def leaves(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of everything in a JSON document that holds nothing else."""
    if isinstance(node, dict | list):
        for key, value in node.items() if isinstance(node, dict) else enumerate(node):
            yield from leaves(value, f"{path}/{key}")
    else:
        yield path, node


def intervals(node: Any, path: str = "") -> Iterator[tuple[str, Any]]:
    """Yield the path and the content of every interval in an answer."""
    if isinstance(node, dict):
        if "low" in node:
            yield path, node
        else:
            for key, value in node.items():
                yield from intervals(value, f"{path}/{key}")


def codes(answer: Answer) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


class TestAnswer:
    async def test_the_default_answer_is_json_under_seven_kilobytes_with_every_section(
        self, client: httpx.AsyncClient
    ) -> None:
        response = await client.post("/estimate", json=BOUT)
        assert response.status_code == 200
        assert response.headers["content-type"] == "application/json"
        assert len(response.content) < 7000
        assert set(response.json()) == set(Estimate.__annotations__) - {"personal", "spread", "references"}

    async def test_the_default_answer_is_what_the_contract_describes(self, client: httpx.AsyncClient) -> None:
        answer = await estimate(client, BOUT)
        assert answer["gait"] == "run"
        assert answer["ratio"]["total_energy"]["value"] == pytest.approx(DOCUMENTED_RUNNING_RATIO, rel=1e-12)

    @pytest.mark.parametrize("bout", SPREAD_OF_BOUTS)
    async def test_every_answer_is_what_the_contract_describes(
        self, client: httpx.AsyncClient, bout: dict[str, Any]
    ) -> None:
        answer = await estimate(client, bout)
        assert all(math.isfinite(value) for _, value in leaves(answer) if isinstance(value, float))

    @pytest.mark.parametrize("bout", SPREAD_OF_BOUTS)
    async def test_unknown_values_are_absent_and_never_null_or_empty(
        self, client: httpx.AsyncClient, bout: dict[str, Any]
    ) -> None:
        response = await client.post("/estimate", json=bout)
        assert b"null" not in response.content
        assert b"{}" not in response.content.replace(b'"assumed":{}', b"").replace(b'"params":{}', b"")

    @pytest.mark.parametrize(
        ("bout", "side", "absent", "why"),
        [
            (WALK, "forward", {"contact_time_s"}, "absent.walk_timing"),
            (WALK, "backward", {"contact_time_s", "cadence_steps_per_min", "steps"}, "absent.walk_timing"),
            (
                BOUT | {"equal": "heart_rate"},
                "backward",
                {
                    "speed_m_s",
                    "distance_m",
                    "energy_per_km_kcal",
                    "cadence_steps_per_min",
                    "steps",
                    "contact_time_s",
                    "load",
                },
                "absent.heart_rate_speed",
            ),
            (BOUT | {"grade": 0.1}, "backward", {"load"}, "absent.backward_load_on_grade"),
        ],
    )
    async def test_an_absent_quantity_comes_with_the_warning_that_says_why(
        self, client: httpx.AsyncClient, bout: dict[str, Any], side: str, absent: set[str], why: str
    ) -> None:
        answer, whole = await estimate(client, bout | WHOLE), await estimate(client, BOUT | WHOLE)
        assert not absent & set(answer[side])
        assert absent <= set(whole[side])
        assert why in codes(answer)
        assert why not in codes(whole)

    async def test_total_energy_is_exactly_active_plus_resting(self, client: httpx.AsyncClient) -> None:
        answer = await estimate(client, EVERYTHING | WHOLE)
        for bout in (answer["forward"], answer["backward"]):
            total = bout["active_energy_kcal"]["value"] + bout["resting_energy_kcal"]
            assert bout["total_energy_kcal"]["value"] == total

    async def test_an_answer_does_not_depend_on_the_order_of_the_keys(self, client: httpx.AsyncClient) -> None:
        backwards = dict(reversed(EVERYTHING.items()))
        assert await estimate(client, backwards) == await estimate(client, EVERYTHING)


class TestExactlyTwo:
    @pytest.mark.parametrize("two", list(itertools.combinations(GIVEN, 2)))
    async def test_the_third_follows_from_any_two(self, client: httpx.AsyncClient, two: tuple[str, str]) -> None:
        answer = await estimate(client, {"body_mass_kg": 70} | {name: GIVEN[name] for name in two})
        forward = answer["forward"]
        assert forward["speed_m_s"] == dict.fromkeys(("value", "low", "high"), 2.5)
        assert forward["duration_s"] == 1200.0
        assert forward["distance_m"] == dict.fromkeys(("value", "low", "high"), 3000.0)

    @pytest.mark.parametrize("names", [names for count in (0, 1, 3) for names in itertools.combinations(GIVEN, count)])
    async def test_fewer_or_more_are_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, names: tuple[str, ...]
    ) -> None:
        bout = {"body_mass_kg": 70} | {name: GIVEN[name] for name in names}
        (error,) = problem_of(await client.post("/estimate", json=bout), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("", "conflicting_inputs" if len(names) > 2 else "required")
        assert all(name in error["message"] for name in GIVEN)

    @pytest.mark.parametrize(
        ("ends", "third"),
        [
            ({"duration_s": "high", "distance_m": "low"}, "speed_m_s"),
            ({"duration_s": "low", "distance_m": "high"}, "speed_m_s"),
            ({"speed_m_s": "high", "distance_m": "low"}, "duration_s"),
            ({"speed_m_s": "low", "distance_m": "high"}, "duration_s"),
            ({"speed_m_s": "high", "duration_s": "high"}, "distance_m"),
        ],
    )
    async def test_a_third_out_of_bounds_is_refused_by_its_own_name(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, ends: dict[str, str], third: str
    ) -> None:
        bout = {"body_mass_kg": 70} | {name: getattr(INPUTS[name], end) for name, end in ends.items()}
        (error,) = problem_of(await client.post("/estimate", json=bout), 422)["errors"]
        assert (error["pointer"], error["code"]) == (f"/{third}", "out_of_range")
        *two, last = sorted({"distance", "duration", "speed"} - {third.partition("_")[0]})
        low, high = INPUTS[third].low, INPUTS[third].high
        said = f"{two[0].capitalize()} and {last} give a {third.partition('_')[0]} outside {low:g} to {high:g}"
        assert error["message"].startswith(said)

    async def test_body_mass_has_no_default(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        bout = {name: value for name, value in BOUT.items() if name != "body_mass_kg"}
        (error,) = problem_of(await client.post("/estimate", json=bout), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/body_mass_kg", "required")


class TestInclude:
    @pytest.mark.parametrize(
        "include", [chosen for count in range(1, 9) for chosen in itertools.combinations(SECTIONS, count)]
    )
    async def test_an_answer_holds_the_asked_sections_and_no_others(
        self, client: httpx.AsyncClient, include: tuple[str, ...]
    ) -> None:
        answer = await estimate(client, BOUT | {"include": include})
        assert ("references" in answer) == ("references" in include)
        limiting = {"summary", "energy", "timing", "load", "ratio"}
        if limiting.intersection(include) == {"summary"}:
            assert "summary" in answer
            assert not {"forward", "backward", "ratio"} & answer.keys()
            return
        # The other parts leave all sections.
        include = include if limiting.intersection(include) else (*limiting, *include)
        assert ("summary" in answer) == ("summary" in include)
        assert ("ratio" in answer) == ("ratio" in include)
        energy, timing, load, derived = (part in include for part in ("energy", "timing", "load", "derived"))
        assert ("spread" in answer) == (energy and "spread" in include)
        for side in ("forward", "backward"):
            bout = answer[side]
            assert ("total_energy_kcal" in bout) == ("intensity" in bout) == energy
            assert ("met" in bout) == ("energy_per_km_kcal" in bout) == (energy and derived)
            assert ("cadence_steps_per_min" in bout) == timing
            assert ("steps" in bout) == (timing and derived)
            assert ("load" in bout) == load
            assert ("patellofemoral_impulse_per_bout_bw_s" in bout.get("load", {})) == (load and derived)
            assert {"speed_m_s", "duration_s", "distance_m"} <= set(bout)
        if "ratio" in include:
            ratio = answer["ratio"]
            assert "speed" in ratio
            assert ("total_energy" in ratio) == energy
            assert ("cadence" in ratio) == timing
            assert ("load" in ratio) == load

    async def test_a_section_is_the_same_whether_one_or_all_are_requested(self, client: httpx.AsyncClient) -> None:
        whole = await estimate(client, BOUT)
        for section in ("energy", "timing", "load"):
            part = await estimate(client, BOUT | {"include": [section]})
            for side in ("forward", "backward"):
                assert part[side].items() <= whole[side].items()

    async def test_including_everything_is_including_nothing_by_name(self, client: httpx.AsyncClient) -> None:
        assert await estimate(client, BOUT | WHOLE | {"include": SECTIONS[::-1]}) == await estimate(
            client, BOUT | WHOLE
        )

    @pytest.mark.parametrize(
        ("include", "pointer", "code"),
        [
            ([], "/include", "too_short"),
            (["energy", "energy"], "/include", "not_unique"),
            (["energy", "wisdom"], "/include/1", "not_a_choice"),
            (["energy"] * 11, "/include", "too_long"),
            ("energy", "/include", "not_a_list"),
            ([1], "/include/0", "not_a_choice"),
        ],
    )
    async def test_another_choice_is_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, include: Any, pointer: str, code: str
    ) -> None:
        (error,) = problem_of(await client.post("/estimate", json=BOUT | {"include": include}), 422)["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)


class TestStrict:
    BEYOND_THE_DATA = BOUT | {"speed_m_s": 6}

    async def test_without_it_an_energy_beyond_its_data_is_answered_with_a_warning(
        self, client: httpx.AsyncClient
    ) -> None:
        for strict in ({}, {"strict": False}):
            answer = await estimate(client, self.BEYOND_THE_DATA | strict)
            (warning,) = [w for w in answer["warnings"] if w["code"] == "energy.looney2025_run_speed"]
            assert re.search(r"outside the data of looney2025, 1\.8 to 5\.2 m/s ", warning["message"])

    async def test_with_it_that_warning_is_the_refusal(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        response = await client.post("/estimate", json=self.BEYOND_THE_DATA | {"strict": True})
        (error,) = problem_of(response, 422)["errors"]
        assert error["code"] == "energy.looney2025_run_speed"
        assert "leave strict out" in error["message"]

    async def test_with_it_load_and_timing_warnings_never_refuse(self, client: httpx.AsyncClient) -> None:
        bout = BOUT | {"speed_m_s": 3.4, "step_rate_ratio": 0.9, "strict": True}
        assert await estimate(client, bout)
        slow = await estimate(client, BOUT | {"strict": True})
        assert any(code.startswith("load.") for code in codes(slow))
        timing = await estimate(client, BOUT | {"grade": 0.02, "strict": True})
        assert any(code.startswith("timing.") for code in codes(timing))


class TestEqualIntensity:
    async def test_duration_is_held_in_every_mode(self, client: httpx.AsyncClient) -> None:
        for equal in ("speed", "metabolic_rate", "heart_rate", "perceived_exertion"):
            answer = await estimate(client, BOUT | {"equal": equal})
            assert answer["forward"]["duration_s"] == answer["backward"]["duration_s"] == 1200

    async def test_equal_speed_is_the_default_and_costs_the_documented_thirty_percent_more(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await estimate(client, BOUT)
        assert answer["assumed"]["equal"] == "speed"
        assert answer["ratio"]["speed"] == {"value": 1.0, "low": 1.0, "high": 1.0}
        assert answer["backward"]["distance_m"] == answer["forward"]["distance_m"]
        assert answer["ratio"]["total_energy"]["value"] == pytest.approx(1.30, rel=1e-12)
        assert answer["ratio"]["active_energy"]["value"] > 1.30

    async def test_equal_metabolic_rate_costs_the_same_and_goes_slower(self, client: httpx.AsyncClient) -> None:
        answer = await estimate(client, BOUT | WHOLE | {"equal": "metabolic_rate"})
        for name in ("total_energy_kcal", "metabolic_power_w_kg", "met"):
            assert answer["backward"][name] == answer["forward"][name]
        speed = answer["ratio"]["speed"]
        assert 0.2 < speed["low"] < speed["value"] < speed["high"] < 1.1
        assert speed["value"] < 0.9
        distance = answer["backward"]["distance_m"]["value"]
        assert distance == pytest.approx(answer["backward"]["speed_m_s"]["value"] * 1200, rel=1e-12)

    async def test_equal_metabolic_rate_means_that_this_speed_held_equal_costs_that_rate(
        self, client: httpx.AsyncClient
    ) -> None:
        found = await estimate(client, BOUT | WHOLE | {"equal": "metabolic_rate"})
        speed = found["backward"]["speed_m_s"]["value"]
        back = await estimate(client, BOUT | WHOLE | {"speed_m_s": speed, "gait": "run"})
        rate = found["forward"]["metabolic_power_w_kg"]["value"]
        assert back["backward"]["metabolic_power_w_kg"]["value"] == pytest.approx(rate, rel=1e-9)

    async def test_at_equal_metabolic_rate_a_bout_too_slow_for_it_is_undefined(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        bout = BOUT | {"speed_m_s": 0.3, "gait": "run", "equal": "metabolic_rate"}
        (error,) = problem_of(await client.post("/estimate", json=bout), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/speed_m_s", "no_equal_speed")

    async def test_equal_heart_rate_costs_less_at_an_unknown_speed(self, client: httpx.AsyncClient) -> None:
        answer = await estimate(client, BOUT | {"equal": "heart_rate"})
        assert answer["ratio"]["total_energy"]["value"] < 1
        assert set(answer["ratio"]) == {"total_energy", "active_energy"}
        assert "caution.equal_heart_rate" in codes(answer)


class TestGait:
    async def test_it_is_inferred_from_speed_and_said_so(self, client: httpx.AsyncClient) -> None:
        for speed, gait in ((RUNNING_FROM_M_S, "run"), (math.nextafter(RUNNING_FROM_M_S, 0), "walk")):
            answer = await estimate(client, BOUT | {"speed_m_s": speed})
            assert (answer["gait"], answer["assumed"]["gait"]) == (gait, gait)

    async def test_it_is_inferred_from_a_speed_that_follows(self, client: httpx.AsyncClient) -> None:
        answer = await estimate(client, {"body_mass_kg": 70, "duration_s": 1000, "distance_m": 1300})
        assert answer["gait"] == answer["assumed"]["gait"] == "walk"

    async def test_a_given_gait_is_kept_against_the_speed(self, client: httpx.AsyncClient) -> None:
        jog = await estimate(client, WALK | {"gait": "run"})
        assert jog["gait"] == "run"
        assert "gait" not in jog["assumed"]
        assert jog["models"]["energy_model"] == "looney2025"

    async def test_walking_faster_than_anyone_walks_is_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        edge = WALK | {"gait": "walk", "speed_m_s": WALKING_SPEED_HIGH_M_S}
        assert (await estimate(client, edge))["gait"] == "walk"
        beyond = edge | {"speed_m_s": math.nextafter(WALKING_SPEED_HIGH_M_S, 9)}
        (error,) = problem_of(await client.post("/estimate", json=beyond), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/speed_m_s", "out_of_range")

    async def test_an_equation_of_the_other_gait_is_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        response = await client.post("/estimate", json=BOUT | {"energy_model": "looney2019"})
        (error,) = problem_of(response, 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/energy_model", "conflicting_inputs")
        assert "looney2025" in error["message"]


class TestAssumed:
    async def test_it_lists_everything_when_all_is_left_out(self, client: httpx.AsyncClient) -> None:
        of_plans = {"confidence", "longest_backward_s", "recovery_s"}
        assert set((await estimate(client, BOUT))["assumed"]) == set(Assumed.__annotations__) - of_plans

    async def test_it_is_empty_when_nothing_is(self, client: httpx.AsyncClient) -> None:
        assert (await estimate(client, EVERYTHING))["assumed"] == {}

    @pytest.mark.parametrize("field", sorted(set(EVERYTHING) - set(BOUT) - set(OWN_REST)))
    async def test_it_lists_one_input_when_only_that_one_is_left_out(
        self, client: httpx.AsyncClient, field: str
    ) -> None:
        bout = {name: value for name, value in EVERYTHING.items() if name != field}
        assert set((await estimate(client, bout))["assumed"]) == {field}

    async def test_it_lists_rest_when_age_sex_and_height_are_left_out(self, client: httpx.AsyncClient) -> None:
        bout = {name: value for name, value in EVERYTHING.items() if name not in OWN_REST}
        answer = await estimate(client, bout)
        assert answer["assumed"] == {"resting_oxygen_uptake_ml_kg_min": 3.5}
        assert "caution.rest" in codes(answer)
        assert "caution.rest" not in codes(await estimate(client, EVERYTHING))

    @pytest.mark.parametrize("bout", [BOUT, WALK])
    async def test_sending_what_was_assumed_changes_nothing(
        self, client: httpx.AsyncClient, bout: dict[str, Any]
    ) -> None:
        first = await estimate(client, bout)
        rest = first["assumed"].pop("resting_oxygen_uptake_ml_kg_min")
        second = await estimate(client, bout | first["assumed"])
        assert second["assumed"] == {"resting_oxygen_uptake_ml_kg_min": rest}
        assert second | {"assumed": {}} == first | {"assumed": {}}

    @pytest.mark.parametrize("names", [n for count in (1, 2) for n in itertools.combinations(OWN_REST, count)])
    async def test_age_sex_and_height_come_together_or_not_at_all(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, names: tuple[str, ...]
    ) -> None:
        response = await client.post("/estimate", json=BOUT | {name: OWN_REST[name] for name in names})
        (error,) = problem_of(response, 422)["errors"]
        assert (error["pointer"], error["code"]) == ("", "required")
        assert all(name in error["message"] for name in OWN_REST)


class TestIntervals:
    @pytest.mark.parametrize("bout", SPREAD_OF_BOUTS)
    async def test_every_value_lies_inside_its_interval(self, client: httpx.AsyncClient, bout: dict[str, Any]) -> None:
        found = list(intervals(await estimate(client, bout)))
        assert len(found) > 10
        for path, ends in found:
            assert 0 < ends["low"] <= ends["high"], path
            if "value" in ends:
                assert ends["low"] <= ends["value"] <= ends["high"], path

    async def test_a_ratio_is_backward_over_forward_with_an_interval_of_its_own(
        self, client: httpx.AsyncClient
    ) -> None:
        answer = await estimate(client, BOUT)
        pairs = {quantity: ratio for quantity, ratio in RATIO_NAMES.items() if ratio in answer["ratio"]}
        assert {"total_energy", "active_energy", "cadence", "contact_time"} <= set(pairs.values())
        del pairs["speed_m_s"]  # held equal: no estimate
        for quantity, name in pairs.items():
            ratio = answer["ratio"][name]
            forward, backward = answer["forward"][quantity], answer["backward"][quantity]
            assert ratio["value"] == pytest.approx(backward["value"] / forward["value"], rel=1e-12)
            # What both directions share cancels: narrower than the worst that the two intervals allow.
            assert backward["low"] / forward["high"] < ratio["low"] < ratio["value"]
            assert ratio["value"] < ratio["high"] < backward["high"] / forward["low"]

    async def test_a_higher_probability_widens_every_estimated_interval(self, client: httpx.AsyncClient) -> None:
        narrow = dict(intervals(await estimate(client, BOUT | {"interval": 0.5})))
        wide = dict(intervals(await estimate(client, BOUT | {"interval": 0.99})))
        assert narrow.keys() == wide.keys()
        given = {"/forward/speed_m_s", "/forward/distance_m", "/backward/speed_m_s", "/backward/distance_m"}
        for path in narrow.keys() - given - {"/ratio/speed"}:
            if "value" in narrow[path]:
                assert wide[path]["low"] < narrow[path]["low"], path
                assert wide[path]["high"] > narrow[path]["high"], path


class TestMeasurements:
    OWN = (2.5, 34.0)

    async def test_own_measurements_give_a_personal_factor_and_move_the_estimate(
        self, client: httpx.AsyncClient
    ) -> None:
        speed, uptake = self.OWN
        own = BOUT | {"measurements": [{"speed_m_s": speed, "oxygen_uptake_ml_kg_min": uptake}]}
        plain, personal = await estimate(client, BOUT), await estimate(client, own)
        assert "personal" not in plain
        assert personal["personal"]["forward_factor"]["value"] > 1
        mine, model = (answer["forward"]["oxygen_uptake_ml_kg_min"] for answer in (personal, plain))
        assert model["value"] < mine["value"] < uptake
        assert mine["high"] / mine["low"] < model["high"] / model["low"]

    @pytest.mark.parametrize(
        ("measurement", "pointer", "code"),
        [
            ({}, "/measurements/1/speed_m_s", "required"),
            ({"speed_m_s": 2.5}, "/measurements/1", "required"),
            ({"speed_m_s": 2.5, "total_energy_kcal": 100}, "/measurements/1", "required"),
            ({"speed_m_s": 99, "oxygen_uptake_ml_kg_min": 30}, "/measurements/1/speed_m_s", "out_of_range"),
            (
                {"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": "30"},
                "/measurements/1/oxygen_uptake_ml_kg_min",
                "not_a_number",
            ),
            ({"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 120}, "/measurements/1", "implausible_measurement"),
            ([], "/measurements/1", "not_an_object"),
        ],
    )
    async def test_a_measurement_is_refused_by_its_place(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, measurement: Any, pointer: str, code: str
    ) -> None:
        speed, uptake = self.OWN
        good = {"speed_m_s": speed, "oxygen_uptake_ml_kg_min": uptake}
        response = await client.post("/estimate", json=BOUT | {"measurements": [good, measurement]})
        (error,) = problem_of(response, 422)["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)

    @pytest.mark.parametrize(
        ("key", "near"),
        [("oxygen_uptake", "oxygen_uptake_ml_kg_min"), ("durations", "duration_s"), ("body_mass_kgs", None)],
    )
    async def test_an_unknown_field_of_a_measurement_is_compared_with_those_of_a_measurement(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, key: str, near: str | None
    ) -> None:
        own = {"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 34, key: 1}
        (error,) = problem_of(await client.post("/estimate", json=BOUT | {"measurements": [own]}), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/measurements/0", "unknown_field")
        assert (f"Did you mean {near}?" if near else "Known fields: speed_m_s, grade, direction,") in error["message"]
        assert "body_mass_kg" not in error["message"].removeprefix(f"Unknown field '{key}'.")


class TestProblems:
    @pytest.mark.parametrize("path", ["/nothing", "/estimate/", "/docs/", "/static", "/static/", "/static/no.css"])
    async def test_404_where_there_is_nothing(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, path: str
    ) -> None:
        problem_of(await client.get(path), 404)
        problem_of(await client.post(path, json=BOUT), 405 if path.startswith("/static/") else 404)

    @pytest.mark.parametrize("path", ["/static/../main.py", "/static/%2e%2e/main.py", "/static/..%2fmain.py"])
    async def test_404_for_a_way_out_of_the_static_files(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, path: str
    ) -> None:
        problem_of(await client.get(path), 404)

    @pytest.mark.parametrize(
        ("method", "path", "allowed"),
        [
            ("GET", "/estimate", {"POST"}),
            ("PUT", "/estimate", {"POST"}),
            ("POST", "/", {"GET"}),
            ("POST", "/docs", {"GET"}),
            ("DELETE", "/openapi.json", {"GET"}),
            ("POST", "/livez", {"GET"}),
            ("POST", "/readyz", {"GET"}),
            ("POST", "/static/page.css", {"GET", "HEAD"}),
        ],
    )
    async def test_405_names_the_methods_that_are_allowed(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, method: str, path: str, allowed: set[str]
    ) -> None:
        response = await client.request(method, path)
        problem_of(response, 405)
        assert set(response.headers["allow"].split(", ")) >= allowed
        assert response.json()["detail"] == f"Use {min(allowed)} for this path."

    @pytest.mark.parametrize("method", ["BREW", "PROPFIND", "get"])
    @pytest.mark.parametrize("path", ["/estimate", "/", "/nothing"])
    async def test_501_for_a_method_that_nobody_knows(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, method: str, path: str
    ) -> None:
        request = client.build_request("GET", path)
        request.method = method
        problem = problem_of(await client.send(request), 501)
        assert problem["type"] == "./problems/unknown_method"
        assert "POST" in problem["detail"]

    @pytest.mark.parametrize("accept", ["text/html", "application/xml, text/*", "application/json;q=0", "image/*;q=1"])
    async def test_406_where_json_is_not_accepted(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, accept: str
    ) -> None:
        problem_of(await client.post("/estimate", json=BOUT, headers={"accept": accept}), 406)

    @pytest.mark.parametrize(
        "accept",
        ["*/*", "application/json", "application/*", "text/html, application/json;q=0.1", "Application/JSON"],
    )
    async def test_json_where_it_is_accepted(self, client: httpx.AsyncClient, accept: str) -> None:
        response = await client.post("/estimate", json=BOUT, headers={"accept": accept})
        assert (response.status_code, response.headers["content-type"]) == (200, "application/json")

    async def test_json_where_nothing_is_said_of_accepting(self, client: httpx.AsyncClient) -> None:
        del client.headers["accept"]
        assert (await client.post("/estimate", json=BOUT)).status_code == 200

    async def test_413_closes_the_connection(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        body = b" " * (MAXIMUM_BODY_BYTES + 1)
        response = await client.post("/estimate", content=body, headers={"content-type": "application/json"})
        assert str(MAXIMUM_BODY_BYTES) in problem_of(response, 413)["detail"]
        assert response.headers["connection"] == "close"

    async def test_415_without_json(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        problem_of(await client.post("/estimate", data={"body_mass_kg": "70"}), 415)

    async def test_422_lists_each_thing_to_fix(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        bout = {"speed_m_s": 99, "duration_s": "1200", "gait": "hop", "strict": 1, "weather": 70}
        errors = problem_of(await client.post("/estimate", json=bout), 422)["errors"]
        assert {(error["pointer"], error["code"]) for error in errors} == {
            ("/body_mass_kg", "required"),
            ("/speed_m_s", "out_of_range"),
            ("/duration_s", "not_a_number"),
            ("/gait", "not_a_choice"),
            ("/strict", "not_a_boolean"),
            ("", "unknown_field"),
        }
        (choices,) = [error["message"] for error in errors if error["pointer"] == "/gait"]
        assert "run" in choices
        assert "walk" in choices


class TestFaults:
    """A fault of ours is a 500 that says nothing of what the caller sent, in the answer or in the log."""

    SECRET = "mass 73.123456789 of Zq7Marker"

    async def test_500_holds_no_message_and_the_log_only_kind_and_place(
        self,
        client: httpx.AsyncClient,
        problem_of: ProblemOf,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        def broken(**_: Any) -> Any:
            raise LookupError(self.SECRET)

        monkeypatch.setattr(retrorun.app.api.estimate, "estimate_by", broken)
        with caplog.at_level(logging.DEBUG):
            response = await client.post("/estimate", json=BOUT, headers={"x-request-id": "find-me"})
        problem_of(response, 500)
        assert response.headers["x-request-id"] == "find-me"
        (record,) = [record for record in caplog.records if record.name == "retrorun"]
        assert record.levelno == logging.ERROR
        assert "find-me" in record.getMessage()
        assert "LookupError" in record.getMessage()
        assert "broken:" in record.getMessage()
        assert record.exc_info is None
        assert "73.123456789" not in caplog.text + response.text + str(response.headers)
        assert "Zq7Marker" not in caplog.text + response.text + str(response.headers)

    @pytest.mark.parametrize("number", [math.nan, math.inf, -math.inf])
    async def test_500_rather_than_an_answer_with_a_number_that_json_does_not_have(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, monkeypatch: pytest.MonkeyPatch, number: float
    ) -> None:
        monkeypatch.setattr(retrorun.app.api.estimate, "estimate_by", lambda **_: {"forward": {"duration_s": number}})
        problem_of(await client.post("/estimate", json=BOUT), 500)

    async def test_every_500_is_a_problem_raised_or_answered(self, problem_of: ProblemOf) -> None:
        async def raising(scope: Scope, receive: Receive, send: Send) -> None:
            raise LookupError(self.SECRET)

        for failing in (raising, PlainTextResponse(self.SECRET, 500)):
            transport = httpx.ASGITransport(Guard(failing))
            async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
                response = await client.get("/")
            problem_of(response, 500)
            assert "Zq7Marker" not in response.text

    async def test_an_answer_that_breaks_off_raises_no_message_for_the_server_to_log(self) -> None:
        async def breaking(scope: Scope, receive: Receive, send: Send) -> None:
            await send({"type": "http.response.start", "status": 200, "headers": []})
            await send({"type": "http.response.body", "body": b"begun", "more_body": True})
            raise LookupError(self.SECRET)

        transport = httpx.ASGITransport(Guard(breaking))
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
            with pytest.raises(RuntimeError) as raised:
                await client.get("/")
        assert "Zq7Marker" not in str(raised.value)
        # What a server logs is the traceback, with the exceptions that led to it.
        assert "Zq7Marker" not in "".join(traceback.format_exception(raised.value))

    async def test_a_caller_who_hangs_up_is_no_fault(self, caplog: pytest.LogCaptureFixture) -> None:
        sent: list[Message] = []

        async def receive() -> Message:
            return {"type": "http.disconnect"}

        async def send(message: Message) -> None:
            sent.append(message)

        headers = [(b"content-type", b"application/json")]
        scope = {"type": "http", "method": "POST", "path": "/estimate", "query_string": b"", "headers": headers}
        with caplog.at_level(logging.DEBUG):
            await retrorun.app.main.app(scope, receive, send)
        assert not sent
        assert not [record for record in caplog.records if record.name == "retrorun"]


async def oversized() -> AsyncIterator[bytes]:
    for _ in range(3):
        yield b" " * MAXIMUM_BODY_BYTES


ANSWERS = [
    pytest.param("POST", "/estimate", {"json": BOUT}, 200, id="200"),
    pytest.param("GET", "/", {}, 200, id="page"),
    pytest.param("GET", "/docs", {}, 200, id="docs"),
    pytest.param("GET", "/openapi.json", {}, 200, id="contract"),
    *(pytest.param("GET", path, {}, 200, id=path[1:]) for path in ("/models", "/references", "/evidence")),
    pytest.param("GET", "/livez", {}, 200, id="livez"),
    pytest.param("GET", "/readyz", {}, 200, id="readyz"),
    pytest.param("GET", "/static/page.css", {}, 200, id="static"),
    pytest.param(
        "POST", "/estimate", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, id="400"
    ),
    pytest.param("GET", "/nothing", {}, 404, id="404"),
    pytest.param("GET", "/estimate", {}, 405, id="405"),
    pytest.param("POST", "/estimate", {"json": BOUT, "headers": {"accept": "text/html"}}, 406, id="406"),
    pytest.param("POST", "/estimate", {"content": b" " * (MAXIMUM_BODY_BYTES + 1)}, 413, id="413-length"),
    pytest.param("POST", "/estimate", {"content": b"{}"}, 415, id="415"),
    pytest.param("POST", "/estimate", {"json": {}}, 422, id="422"),
]


SECURITY = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
}
POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "manifest-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
    "frame-ancestors": "'none'",
}


class TestHeaders:
    def check(self, response: httpx.Response) -> None:
        for name, value in SECURITY.items():
            assert response.headers.get_list(name) == [value]
        (policy,) = response.headers.get_list("content-security-policy")
        assert dict(part.strip().split(" ", 1) for part in policy.split(";")) == POLICY

    @pytest.mark.parametrize(("method", "path", "request_", "status"), ANSWERS)
    async def test_security_headers_and_request_id_are_on_every_answer(
        self, client: httpx.AsyncClient, method: str, path: str, request_: dict[str, Any], status: int
    ) -> None:
        headers = {"x-request-id": "abc.DEF_1-2"} | request_.get("headers", {})
        response = await client.request(method, path, **(request_ | {"headers": headers}))
        assert response.status_code == status
        assert response.headers.get_list("x-request-id") == ["abc.DEF_1-2"]
        self.check(response)

    async def test_they_are_on_a_413_found_while_reading(self, client: httpx.AsyncClient) -> None:
        headers = {"content-type": "application/json", "x-request-id": "abc"}
        response = await client.post("/estimate", content=oversized(), headers=headers)
        assert (response.status_code, response.headers["x-request-id"]) == (413, "abc")
        self.check(response)

    async def test_they_are_on_a_500(self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(retrorun.app.api.estimate, "estimate_by", lambda **_: object())
        response = await client.post("/estimate", json=BOUT, headers={"x-request-id": "abc"})
        assert (response.status_code, response.headers["x-request-id"]) == (500, "abc")
        self.check(response)

    @pytest.mark.parametrize("sent", [b"a", b"0", b"A.b_C-9", b"x" * 64])
    async def test_a_well_formed_request_id_is_kept(self, client: httpx.AsyncClient, sent: bytes) -> None:
        response = await client.get("/livez", headers=[(b"x-request-id", sent)])
        assert response.headers["x-request-id"].encode() == sent

    @pytest.mark.parametrize(
        "sent",
        [None, b"", b"x" * 65, b"a b", b"a/b", b"a\n", b"a\r\nset-cookie: b=c", b"\xff", "é".encode(), b"<b>"],
    )
    async def test_any_other_request_id_is_replaced(self, client: httpx.AsyncClient, sent: bytes | None) -> None:
        headers = [] if sent is None else [(b"x-request-id", sent)]
        first, second = [await client.get("/livez", headers=headers) for _ in range(2)]
        given = {response.headers["x-request-id"] for response in (first, second)}
        assert len(given) == 2
        assert all(re.fullmatch(r"[0-9a-f]{16}", request_id) for request_id in given)
        assert "set-cookie" not in first.headers


class Page(HTMLParser):
    """The addresses a page refers to, those it loads, and what in it a strict policy would stop."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.addresses: list[str] = []
        self.loaded: list[str] = []
        self.stopped: list[str] = []
        self.inside = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attributes: list[tuple[str, str | None]]) -> None:
        given = dict(attributes)
        self.inside = tag
        self.stopped += [name for name in given if name == "style" or name.startswith("on")]
        for name in ("src", "href", "action", "srcset", "data"):
            if address := given.get(name):
                self.addresses.append(address)
                if tag != "a":
                    self.loaded.append(address)

    def handle_endtag(self, tag: str) -> None:
        self.inside = ""

    def handle_data(self, data: str) -> None:
        if self.inside in {"script", "style"} and data.strip():
            self.stopped.append(data)


MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".webmanifest": "application/manifest+json",
}


class TestPages:
    async def test_a_page_needs_nothing_from_elsewhere_and_gets_all_it_asks(self, client: httpx.AsyncClient) -> None:
        read = {path for path, methods in methods_of(retrorun.app.main.create_app().routes).items() if "GET" in methods}
        pages = set()
        for path in sorted(path for path in read if "{" not in path):
            response = await client.get(path, headers={"accept": "text/html"})
            if response.headers["content-type"] == "text/html; charset=utf-8":
                assert response.status_code == 200
                await self.check(client, path, response.text)
                pages.add(path)
        assert pages >= {"/", "/docs"}

    async def check(self, client: httpx.AsyncClient, path: str, text: str) -> None:
        page = Page(text)
        assert not page.stopped, path
        assert [address for address in page.loaded if address.endswith(".css")], path
        # A source may be elsewhere: it is opened by a reader, not by the page.
        linked = {address for address in page.addresses if address.startswith("https://doi.org/")}
        assert not linked & set(page.loaded), path
        for address in set(page.addresses) - linked:
            # Relative, so that the pages work under any prefix of a proxy.
            assert address.startswith(("./", "#")) or address == "data:,", f"{path}: {address}"
            if address.startswith("./"):
                asset = await client.get(urljoin(path, address))
                assert asset.status_code == 200, f"{path}: {address}"
                for ending, media_type in MEDIA_TYPES.items():
                    if address.endswith(ending):
                        assert asset.headers["content-type"] == media_type

    async def test_the_documentation_reads_the_contract_beside_it(self, client: httpx.AsyncClient) -> None:
        page = Page((await client.get("/docs")).text)
        (own,) = [address for address in page.loaded if address.endswith("init.js")]
        script = (await client.get(urljoin("/docs", own))).text
        assert 'url: "./openapi.json"' in script
        assert "validatorUrl: null" in script

    async def test_a_page_is_not_sent_again_when_it_is_known(self, client: httpx.AsyncClient) -> None:
        first = await client.get("/static/page.css")
        again = await client.get("/static/page.css", headers={"if-none-match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["x-request-id"]


def slightly_wrong(side: str, name: str) -> Callable[..., Any]:
    """Return a model that errs by one percent in one value."""

    def wrong(**bout: Any) -> Any:
        answer: Any = estimate_bout(**bout)
        answer[side][name]["value"] *= 1.01
        return answer

    return wrong


class TestProbes:
    async def test_livez_says_that_the_process_answers(self, client: httpx.AsyncClient) -> None:
        response = await client.get("/livez")
        assert (response.status_code, response.json()) == (200, {"status": "alive"})

    async def test_readyz_rests_on_a_known_estimate(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        # The package hands on a function of the same name.
        module = importlib.import_module("retrorun.models.estimate.estimate")
        ready = await client.get("/readyz")
        assert (ready.status_code, ready.json()) == (200, {"status": "ready"})
        for side, name in (("forward", "metabolic_power_w_kg"), ("ratio", "total_energy")):
            with monkeypatch.context() as patch:
                patch.setattr(module, "estimate", slightly_wrong(side, name))
                problem_of(await client.get("/readyz"), 503)
        with monkeypatch.context() as patch:
            patch.setattr(module, "CHECK_POWER_W_KG", 12.30)
            problem_of(await client.get("/readyz"), 503)
        assert (await client.get("/readyz")).status_code == 200

    async def test_probes_answer_for_every_accept_header(self, client: httpx.AsyncClient) -> None:
        for path in ("/livez", "/readyz"):
            assert (await client.get(path, headers={"accept": "text/plain"})).status_code == 200
