"""The warnings: each has a severity and its values, and points to parts of the answer that are there."""

import random
import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeAlias

import numpy as np
import orjson
import pytest

from retrorun.models.columns.estimate_columns import estimate_columns
from retrorun.models.columns.inputs import InputColumn
from retrorun.models.estimate.builder import DERIVED
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence import cautions
from retrorun.models.evidence.views import answer_in_view, estimate_in_view, shown
from retrorun.models.plan.plan import plan
from retrorun.models.solve.solve import solve
from retrorun.models.sources.tables import table
from retrorun.models.track.points import points_from
from retrorun.models.track.track import track
from retrorun.models.vocabulary.choices import SECTIONS
from retrorun.models.vocabulary.errors import EstimateError
from retrorun.models.workout.workout import workout

Answer: TypeAlias = dict[str, Any]

NAME = re.compile(r"{(\w+)}")
CITED = re.compile(r"\b(19|20)\d\d\b|\bNODE\d+\b")
"""Years and numbers of a study, which are its name."""
PLAIN = re.compile(r"(?<![\d.])[01](?![\d.])")
"""Nothing and the whole."""
BOUT = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
REQUESTS = 300
SLOW = 20
"""Number of plans and recordings."""


def number(chance: random.Random, low: float, high: float) -> float:
    return round(chance.uniform(low, high), 3)


def person(chance: random.Random) -> Answer:
    found: Answer = {"body_mass_kg": number(chance, 45, 110)}
    if chance.random() < 0.4:
        found |= {"age_y": number(chance, 20, 90), "sex": "female", "height_m": 1.7}
    if chance.random() < 0.3:
        found["step_rate_ratio"] = number(chance, 0.9, 1.15)
    return found


def bout(chance: random.Random) -> Answer:
    found: Answer = {"speed_m_s": number(chance, 0.6, 5.5), "duration_s": number(chance, 60, 5400)}
    if found["speed_m_s"] < 2.2:
        found["gait"] = chance.choice(("run", "walk"))
    if chance.random() < 0.4:
        found["grade"] = number(chance, -0.2, 0.3)
    return found


def estimates(chance: random.Random) -> Answer:
    asked = person(chance) | bout(chance)
    asked["equal"] = chance.choice(("speed", "speed", "metabolic_rate", "heart_rate", "perceived_exertion"))
    if chance.random() < 0.3:
        asked["overground"] = True
    if chance.random() < 0.3:
        asked["weight_support"] = 0.2
    if chance.random() < 0.3:
        asked["oxygen_uptake_max_ml_kg_min"] = 40.0
    if chance.random() < 0.3:
        asked["include"] = chance.sample(SECTIONS, chance.randint(1, 3))
    return estimate_in_view(estimate, asked | {"view": "full"})


def workouts(chance: random.Random) -> Answer:
    segments = [bout(chance) | {"direction": chance.choice(("forward", "backward"))} for _ in range(3)]
    if chance.random() < 0.5:
        segments.append({"pause_s": 60.0})
    return answer_in_view(workout, person(chance) | {"segments": segments, "view": "full", "include": ["segments"]})


def plans(chance: random.Random) -> Answer:
    asked = person(chance) | {"goal": "most_energy", "duration_s": 1800.0, "gait": chance.choice(("run", "walk"))}
    if chance.random() < 0.6:
        asked["limits"] = {"oxygen_uptake_ml_kg_min": number(chance, 20, 50)}
    if chance.random() < 0.3:
        asked["grade"] = 0.05
    if chance.random() < 0.6:
        asked |= {"speed_high_m_s": 1.3, "backward_speed_high_m_s": 1.2, "experience": "never", "gait": "walk"}
    if chance.random() < 0.6:
        asked["place"] = chance.choice(("treadmill", "track", "path"))
    return answer_in_view(plan, asked | {"view": "full"})


def solutions(chance: random.Random) -> Answer:
    asked: Answer = person(chance) | {"gait": chance.choice(("run", "walk")), "view": "full"}
    if chance.random() < 0.5:
        asked |= {"find": "speed", "oxygen_uptake_ml_kg_min": number(chance, 15, 55)}
        asked.pop("step_rate_ratio", None)
    else:
        name = chance.choice(("peak_vertical_force_bw", "achilles_relative_load", "patellofemoral_peak_force_bw"))
        asked |= {"find": "speed_range", name: number(chance, 0.7, 5)}
        for unused in ("age_y", "sex", "height_m"):
            asked.pop(unused, None)
    return answer_in_view(solve, asked)


def tracks(chance: random.Random) -> Answer:
    time_s = np.arange(0.0, 901.0)
    level = np.zeros_like(time_s)
    north = number(chance, 1.0, 4.0) * np.degrees(time_s / 6_371_008.8)
    altitude = {"altitude_m": level} if chance.random() < 0.5 else {}
    points = points_from(time_s=time_s, latitude_deg=north, longitude_deg=level, **altitude)
    asked = {"body_mass_kg": 70.0, "view": "full", "include": ["profile"], "backward": [{"from_s": 300.0}]}
    return answer_in_view(track, asked, points)


KINDS = (estimates, workouts, plans, solutions, tracks)


def random_answers(kind: Any, requests: int = REQUESTS) -> Iterator[Answer]:
    chance = random.Random(7)
    for _ in range(min(requests, SLOW) if kind in {plans, tracks} else requests):
        try:
            yield orjson.loads(orjson.dumps(kind(chance), option=orjson.OPT_SERIALIZE_NUMPY))
        except EstimateError:
            continue


def at(answer: Any, pointer: str) -> Any:
    """Return what a JSON pointer points to; raise if nothing is there."""
    for step in pointer.split("/")[1:]:
        answer = answer[int(step) if isinstance(answer, list) else step]
    return answer


def ranks(answer: Mapping[str, Any]) -> list[int]:
    return [("safety", "limit", "note").index(warning["severity"]) for warning in answer["warnings"]]


class TestTexts:
    def test_each_has_a_severity_a_link_and_a_text_that_its_values_complete(self) -> None:
        assert cautions.CAUTIONS.keys() == cautions.WARNINGS.keys()
        for code, caution in cautions.CAUTIONS.items():
            warning = cautions.WARNINGS[code]
            assert warning["severity"] == caution.severity in cautions.SEVERITIES
            assert warning["docs"] == f"/messages#{code}"
            assert warning["message"] == caution.text.format(**caution.params)
            assert set(NAME.findall(caution.text)) == set(caution.params), code
            assert caution.about, code

    def test_no_number_is_written_in_a_text_beside_its_values(self) -> None:
        for code, caution in cautions.CAUTIONS.items():
            left = PLAIN.sub("", CITED.sub("", NAME.sub("", caution.text)))
            assert not re.search(r"\d", left), (code, left)

    def test_a_value_reads_the_same_in_every_language_of_programs(self) -> None:
        for caution in cautions.CAUTIONS.values():
            for value in caution.params.values():
                assert not (isinstance(value, float) and value.is_integer()), caution.code

    def test_each_value_has_a_meaning_and_each_fact_a_text(self) -> None:
        used = {name for caution in cautions.CAUTIONS.values() for name in caution.params}
        assert used | {"plans"} == set(cautions.PARAMETERS)
        for row in table("facts"):
            assert row["name"] in cautions.CAUTIONS[row["code"]].params
            assert row["study"]

    def test_what_can_hurt_a_person_is_safety(self) -> None:
        safety = {code for code, caution in cautions.CAUTIONS.items() if caution.severity == "safety"}
        assert safety == {
            "caution.fall",
            "caution.load_meaning",
            "caution.novice",
            "caution.older_backward_speed",
            "caution.plan_without_own_limit",
            "caution.on_treadmill",
            "caution.on_track",
            "caution.on_path",
        }

    def test_what_is_missing_or_outside_its_data_is_a_limit(self) -> None:
        for code, caution in cautions.CAUTIONS.items():
            assert caution.severity == "limit" or code.startswith("caution."), code


class TestAnswers:
    @pytest.mark.parametrize("kind", KINDS)
    def test_pointers_are_there_and_texts_are_complete(self, kind: Any) -> None:
        met = 0
        for answer in random_answers(kind):
            assert ranks(answer) == sorted(ranks(answer))
            for warning in answer["warnings"]:
                met += 1
                assert len(set(warning["about"])) == len(warning["about"])
                for pointer in warning["about"]:
                    at(answer, pointer)
                text = cautions.CAUTIONS[warning["code"]].text
                if "plans" in warning["params"]:
                    text = "For {plans}: " + text
                assert warning["message"] == text.format(**warning["params"])
        assert met > 20

    def test_a_pointer_names_what_the_warning_is_about(self) -> None:
        answer = estimate_in_view(estimate, BOUT | {"view": "full"})
        about = {warning["code"]: warning["about"] for warning in answer["warnings"]}
        assert about["caution.fall"] == ["/backward"]
        assert about["load.tibial_speed"] == ["/forward/load/tibial_compression_peak_bw"]
        assert about["absent.backward_tibial"] == ["/backward/load"]

    def test_a_warning_of_one_plan_points_into_it(self) -> None:
        asked = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": 1800.0, "speed_high_m_s": 4.0}
        asked |= {"backward_speed_high_m_s": 2.0, "limits": {"oxygen_uptake_ml_kg_min": 40.0}}
        answer = answer_in_view(plan, asked | {"view": "full"})
        (fall,) = [warning for warning in answer["warnings"] if warning["code"] == "caution.fall"]
        assert fall["message"] == "For backward_only: Going backward adds a risk of falling."
        assert fall["params"] == {"plans": "backward_only"}
        assert fall["about"]
        assert all(pointer.startswith("/backward_only/") for pointer in fall["about"])

    def test_the_values_of_a_warning_are_not_in_the_shared_one(self) -> None:
        estimate_in_view(estimate, BOUT | {"view": "full"})
        assert all("params" not in warning for warning in cautions.WARNINGS.values())

    def test_columns_list_the_codes_in_the_same_order(self) -> None:
        speeds = np.array([1.2, 2.5, 3.8, 5.4])
        columns = {"body_mass_kg": 70.0 + 0 * speeds, "speed_m_s": speeds, "duration_s": 600.0 + 0 * speeds}
        found = estimate_columns(
            {name: InputColumn(values) for name, values in columns.items()}, rows=4, fields=["warnings"]
        )
        assert found.warnings is not None
        lists = list(found.patterns)
        for row, speed in enumerate(speeds.tolist()):
            one = estimate(body_mass_kg=70.0, speed_m_s=speed, duration_s=600.0)
            assert list(lists[found.warnings[row]]) == [warning["code"] for warning in one["warnings"]]


DERIVED_LOAD = "patellofemoral_impulse_per_bout_bw_s"


class TestViews:
    @pytest.mark.parametrize("kind", KINDS)
    def test_a_summary_is_under_a_kilobyte_and_has_the_warnings_of_safety(self, kind: Any) -> None:
        for answer in random_answers(kind, 50):
            safety = [warning["code"] for warning in answer["warnings"] if warning["severity"] == "safety"]
            for warning in answer["warnings"]:
                del warning["params"], warning["about"]
            short = shown(answer, "summary", ())
            assert [warning["code"] for warning in short["warnings"]] == safety
            assert short.get("summary") == answer.get("summary")
            assert short.keys() <= {"gait", "summary", "warnings"}
            assert all(warning.keys() == {"code"} for warning in short["warnings"])
            assert len(orjson.dumps(short)) < 1000

    def test_the_default_is_the_standard_view_and_under_seven_kilobytes(self) -> None:
        answer = estimate_in_view(estimate, BOUT)
        assert answer == estimate_in_view(estimate, BOUT | {"view": "standard"})
        assert len(orjson.dumps(answer)) < 7000

    def test_the_standard_view_drops_no_warning_and_only_what_follows_from_the_rest(self) -> None:
        whole, answer = estimate_in_view(estimate, BOUT | {"view": "full"}), estimate_in_view(estimate, BOUT)
        assert [warning["code"] for warning in answer["warnings"]] == [each["code"] for each in whole["warnings"]]
        assert whole.keys() - answer.keys() == {"spread", "references"}
        for way in ("forward", "backward"):
            one, other = whole[way], answer[way]
            assert one.keys() - other.keys() == DERIVED - {DERIVED_LOAD}
            assert one["load"].keys() - other["load"].keys() == {DERIVED_LOAD}
            assert one["met"]["value"] == pytest.approx(other["oxygen_uptake_ml_kg_min"]["value"] / 3.5, rel=1e-12)
            rest = other["total_energy_kcal"]["value"] - other["active_energy_kcal"]["value"]
            assert one["resting_energy_kcal"] == pytest.approx(rest, rel=1e-12)
            kilometres = other["distance_m"]["value"] / 1000
            per_km = other["total_energy_kcal"]["high"] / kilometres
            assert one["energy_per_km_kcal"]["high"] == pytest.approx(per_km, rel=1e-12)
            steps = other["cadence_steps_per_min"]["low"] * other["duration_s"] / 60
            assert one["steps"]["low"] == pytest.approx(steps, rel=1e-12)
            impulse = other["load"]["patellofemoral_impulse_per_km_bw_s"]["low"] * kilometres
            assert one["load"][DERIVED_LOAD]["low"] == pytest.approx(impulse, rel=1e-12)

    @pytest.mark.parametrize("part", ["spread", "references"])
    def test_include_adds_a_part_to_the_standard_view(self, part: str) -> None:
        plain, answer = estimate_in_view(estimate, BOUT), estimate_in_view(estimate, BOUT | {"include": [part]})
        assert answer.pop(part)
        assert answer == plain

    @pytest.mark.parametrize("part", ["params", "about"])
    @pytest.mark.parametrize("view", ["summary", "standard"])
    def test_include_adds_a_detail_to_the_warnings(self, view: str, part: str) -> None:
        answer = estimate_in_view(estimate, BOUT | {"view": view, "include": [part]})
        for warning in answer["warnings"]:
            for pointer in warning.get("about", ()):
                at(answer, pointer)
        assert all(part in warning for warning in answer["warnings"])
        (other,) = {"params", "about"} - {part}
        assert not any(other in warning for warning in answer["warnings"])

    def test_sections_limit_every_view(self) -> None:
        for view in ("standard", "full"):
            answer = estimate_in_view(estimate, BOUT | {"view": view, "include": ["energy", "params"]})
            assert "load" not in answer["backward"]
            assert "ratio" not in answer
            assert "references" not in answer
            assert all("params" in warning for warning in answer["warnings"])

    def test_totals_of_a_workout_keep_their_rest_and_steps(self) -> None:
        answer = answer_in_view(workout, {"body_mass_kg": 70.0, "segments": [{"speed_m_s": 2.5, "duration_s": 600.0}]})
        assert {"resting_energy_kcal", "steps"} <= answer["forward"].keys()
        assert "references" not in answer

    def test_strict_refuses_for_the_same_warning_as_before(self) -> None:
        with pytest.raises(EstimateError) as caught:
            estimate(body_mass_kg=70.0, speed_m_s=6.0, duration_s=600.0, strict=True)
        assert caught.value.code == "energy.looney2025_run_speed"
