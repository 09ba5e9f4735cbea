"""Solved answers meet their target when you estimate them; impossible targets raise an error."""

import itertools
import json
import math
import re
from collections.abc import Callable
from typing import Any, TypeAlias, cast, get_args

import httpx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from retrorun.app.api.solve import SolveRequest
from retrorun.app.contract.examples import requests
from retrorun.app.http.schema import described
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.equal_intensity import LEAST_ELASTICITY
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence import cautions
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.numerics.roots import bracketed_root
from retrorun.models.physiology import direction, energy, uncertainty
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.solve.answer import Find, Solution, SolveFields
from retrorun.models.solve.crossings import crossings, ranges_under
from retrorun.models.solve.load_ranges import INDICATORS, KINKS_M_S, WARNINGS_OF_LOAD
from retrorun.models.solve.solve import FIELDS_USED, solve
from retrorun.models.solve.speed_at_power import power_at, solvable
from retrorun.models.vocabulary.answer import Assumed
from retrorun.models.vocabulary.choices import IMPULSE, Gait
from retrorun.models.vocabulary.errors import Conflict, EstimateError, OutOfRange, Unattainable, Undefined
from retrorun.models.vocabulary.meanings import MEANINGS
from retrorun.models.vocabulary.quantities import INPUTS, QUANTITIES, speed_bounds

Answer: TypeAlias = dict[str, Any]

SIDES = ("forward", "backward")
ENERGIES = ("total_energy_kcal", "active_energy_kcal")
RATES = ("oxygen_uptake_ml_kg_min", "met", "metabolic_power_w_kg")
GRADES = st.one_of(st.just(0.0), st.floats(-0.5, 0.9))


def numbers(name: str) -> st.SearchStrategy[float]:
    return st.floats(INPUTS[name].low, INPUTS[name].high, allow_subnormal=False)


def spread_out(name: str) -> st.SearchStrategy[float]:
    """A quantity whose size is as likely to be small as large."""
    low, high = INPUTS[name].low, INPUTS[name].high
    assert low
    assert high
    return st.floats(math.log(low), math.log(high)).map(lambda log: min(max(math.exp(log), low), high))


@st.composite
def people(draw: st.DrawFn) -> Answer:
    """What an estimate and a target have in common, over the whole range."""
    gait: Gait = draw(st.sampled_from(get_args(Gait)))
    person: Answer = {
        "body_mass_kg": draw(numbers("body_mass_kg")),
        "gait": gait,
        "grade": draw(GRADES),
        "energy_model": draw(st.sampled_from(list(ENERGY_MODELS[gait]))),
        "direction_model": draw(st.sampled_from(["documented", "pooled"])),
    }
    if draw(st.booleans()):
        person |= {"age_y": draw(numbers("age_y")), "height_m": draw(numbers("height_m")), "sex": "male"}
    return person


def ends_of(section: Answer) -> Answer:
    """Return the share of the maximum, without its evidence grade."""
    return {end: section["share_of_maximum"][end] for end in ("value", "low", "high")}


def solution(**asked: Any) -> Answer:
    return cast(Answer, solve(**asked))


def estimated(**bout: Any) -> Answer:
    return cast(Answer, estimate(**bout))


@pytest.mark.parametrize(
    ("asked", "forward", "backward"),
    # Forward as the energies, B inside the equation; backward no better than C, D where direction was not measured.
    [
        ({"find": "speed", "gait": "run", "met": 10.0}, "B", "C"),
        ({"find": "speed", "gait": "run", "met": 19.0}, "D", "D"),
        ({"find": "speed", "gait": "run", "met": 10.0, "grade": -0.05}, "B", "D"),
        ({"find": "speed", "gait": "walk", "met": 4.0}, "B", "C"),
        ({"find": "bout", "gait": "run", "total_energy_kcal": 250.0, "duration_s": 1200.0}, "B", "C"),
        ({"find": "level_speed", "speed_m_s": 2.5, "grade": 0.05}, "B", "C"),
        ({"find": "level_speed", "speed_m_s": 2.5, "grade": -0.02}, "B", "D"),
        ({"find": "equal_cost_speed", "speed_m_s": 2.5}, None, "C"),
        ({"find": "equal_cost_speed", "gait": "run", "backward_speed_m_s": 2.0}, "C", None),
        ({"find": "equal_cost_speed", "gait": "run", "backward_speed_m_s": 2.0, "grade": -0.05}, "D", None),
    ],
)
def test_a_speed_that_was_solved_for_has_a_grade_and_one_that_was_given_has_none(
    asked: Answer, forward: str | None, backward: str | None
) -> None:
    found = solution(body_mass_kg=70.0, **asked)
    grades = [found[side]["speed_m_s"].get("evidence") for side in ("forward", "backward")]
    assert grades == [forward, backward]


def solved(asked: Answer) -> Answer:
    """Return the answer to a target, or discard the example where the equations have none."""
    try:
        return solution(**asked)
    except Unattainable:
        raise
    except EstimateError:
        assume(False)
        raise AssertionError from None


def case_at_1_m_s(**fixed: Any) -> Case:
    """Return a metre in a second of somebody of 70 kg, where nothing else is fixed."""
    person: Answer = {"direction_model": "documented", "body_mass_kg": 70.0, "step_rate_ratio": 1.0}
    return Case(**person | {"speed_m_s": 1.0, "duration_s": 1.0, "distance_m": 1.0} | fixed)


def can_be_asked(target: str, amount: float) -> bool:
    known = INPUTS[target]
    return known.low <= amount <= known.high


def attained(asked: Answer, target: str) -> tuple[Answer, Answer]:
    """Return a question and its answer, with the nearest attainable target where its own cannot be met."""
    try:
        return asked, solved(asked)
    except Unattainable as refusal:
        error = refusal
    assert error.field == target
    if error.nearest is None:
        # Nothing that can be asked for is attainable.
        assert not can_be_asked(target, error.low)
        assert not can_be_asked(target, error.high)
        assume(False)
        raise AssertionError
    assert error.low <= advised(error.message) <= error.high
    assert error.low <= error.nearest <= error.high
    solved(asked | {target: advised(error.message)})
    asked = asked | {target: error.nearest}
    return asked, solved(asked)


def advised(message: str) -> float:
    """Return the value that an error advises, as it is written there."""
    found = re.search(r"The nearest is ([0-9.e+-]+?)[ .,]*(?: |$)", message)
    assert found is not None, message
    return float(found[1])


def cost(person: Answer, side: str, target: str, **bout: Any) -> float:
    """Return what an estimate gives for a target."""
    return float(estimated(**person, **bout, include=["energy", "derived"])[side][target]["value"])


def codes_of(found: Answer) -> set[str]:
    return {warning["code"] for warning in found["warnings"]}


def value(found: Answer, side: str, name: str) -> float:
    return float(found[side][name]["value"])


class TestBout:
    @pytest.mark.parametrize("target", ENERGIES)
    @pytest.mark.parametrize("fixed", ["speed_m_s", "duration_s"])
    @given(data=st.data())
    def test_put_back_it_takes_the_target(self, fixed: str, target: str, data: st.DataObject) -> None:
        person = data.draw(people())
        given_value = data.draw(numbers(fixed) if fixed == "speed_m_s" else spread_out(fixed))
        assume(fixed != "speed_m_s" or given_value <= speed_bounds(person["gait"])[1])
        asked = person | {"find": "bout", target: data.draw(spread_out(target)), fixed: given_value}
        asked, found = attained(asked, target)
        met = 0
        for side in SIDES:
            if "unattainable" in found[side]:
                assert set(found[side]) == {"unattainable"}
                continue
            bout = {name: value(found, side, name) for name in ("speed_m_s", "duration_s")}
            assert bout[fixed] == given_value
            assert value(found, side, "distance_m") == pytest.approx(bout["speed_m_s"] * bout["duration_s"], rel=1e-14)
            assert cost(person, side, target, **bout) == pytest.approx(asked[target], rel=1e-9)
            met += 1
        assert met

    @pytest.mark.parametrize(
        ("fixed", "target"),
        [
            ({"body_mass_kg": 250.0, "speed_m_s": 8.0}, 1.0),
            ({"body_mass_kg": 30.0, "speed_m_s": 8.0}, 50_000.0),
            ({"body_mass_kg": 70.0, "duration_s": 3600.0}, 10.0),
            ({"body_mass_kg": 70.0, "duration_s": 3600.0}, 40_000.0),
        ],
    )
    def test_the_ends_of_the_possible_range_are_met_and_nothing_beyond_them(self, fixed: Answer, target: float) -> None:
        asked = {"find": "bout", "gait": "run"} | fixed
        with pytest.raises(Unattainable) as caught:
            solution(**asked, total_energy_kcal=target)
        error = caught.value
        assert error.code == "unattainable"
        assert error.nearest == (error.low if target < error.low else error.high)
        assert error.nearest is not None
        for sent in (error.nearest, advised(error.message)):
            met = solution(**asked, total_energy_kcal=sent)
            assert any("speed_m_s" in met[side] for side in SIDES)
        with pytest.raises(Unattainable):
            solution(**asked, total_energy_kcal=error.nearest * (0.9999 if target < error.low else 1.0001))

    def test_a_direction_that_cannot_says_what_it_can_beside_the_one_that_does(self) -> None:
        asked = {"find": "bout", "body_mass_kg": 70.0, "gait": "run", "duration_s": 3600.0}
        found = solution(**asked, total_energy_kcal=3000.0)
        reach = found["forward"]["unattainable"]
        assert (reach["target"], reach["unit"], reach["nearest"]) == ("total_energy_kcal", "kcal", reach["high"])
        assert reach["nearest"] < 3000.0
        most = cost(
            {"body_mass_kg": 70.0, "gait": "run"}, "forward", "total_energy_kcal", speed_m_s=8.0, duration_s=3600.0
        )
        assert reach["nearest"] == pytest.approx(most, rel=1e-11)
        assert cautions.UNATTAINABLE["forward"] in [warning["code"] for warning in found["warnings"]]
        assert "speed_m_s" in found["backward"]

    def test_the_documented_bout_is_found_again(self) -> None:
        """211.154... kcal are 20 minutes at 2.5 m/s, by 4.43 + 1.51 V + 0.37 V^2 (Looney 2025) and 4184 J/kcal."""
        kcal = (4.43 + 1.51 * 2.5 + 0.37 * 2.5**2) * 70 * 1200 / 4184
        at_speed = solution(find="bout", body_mass_kg=70.0, total_energy_kcal=kcal, speed_m_s=2.5)
        assert value(at_speed, "forward", "duration_s") == pytest.approx(1200.0, rel=1e-12)
        assert value(at_speed, "backward", "duration_s") == pytest.approx(1200.0 / 1.3, rel=1e-12)
        for_duration = solution(find="bout", body_mass_kg=70.0, total_energy_kcal=kcal, duration_s=1200.0, gait="run")
        assert value(for_duration, "forward", "speed_m_s") == pytest.approx(2.5, rel=1e-12)
        # The root of 0.37 V^2 + 1.51 V + 4.43 - P / 1.3 in closed form.
        power = kcal * 4184 / (70 * 1200) / 1.3
        closed = (-1.51 + math.sqrt(1.51**2 - 4 * 0.37 * (4.43 - power))) / (2 * 0.37)
        assert value(for_duration, "backward", "speed_m_s") == pytest.approx(closed, rel=1e-12)

    @pytest.mark.parametrize("target", ENERGIES)
    def test_the_interval_of_a_duration_is_as_wide_as_that_of_the_energy(self, target: str) -> None:
        person = {"body_mass_kg": 70.0, "gait": "run"}
        found = solution(find="bout", **person, **{target: 300.0}, speed_m_s=2.5)
        given_back = estimated(**person, speed_m_s=2.5, duration_s=1000.0)
        for side in SIDES:
            seconds, kcal = found[side]["duration_s"], given_back[side][target]
            assert seconds["high"] / seconds["value"] == pytest.approx(kcal["value"] / kcal["low"], rel=1e-12)
            assert seconds["value"] / seconds["low"] == pytest.approx(kcal["high"] / kcal["value"], rel=1e-12)
            assert found[side]["speed_m_s"] == {"value": 2.5, "low": 2.5, "high": 2.5}

    @pytest.mark.parametrize("gait", ["run", "walk"])
    def test_the_interval_of_a_speed_is_that_of_the_power_over_its_elasticity(self, gait: str) -> None:
        person = {"body_mass_kg": 70.0, "gait": gait}
        found = solution(find="bout", **person, total_energy_kcal=220.0, duration_s=1800.0)
        for side in SIDES:
            speed = found[side]["speed_m_s"]
            shift, bout = 1e-4, {"duration_s": 1800.0}
            near = [
                cost(person, side, "total_energy_kcal", speed_m_s=speed["value"] * math.exp(by), **bout)
                for by in (-shift, shift)
            ]
            elasticity = math.log(near[1] / near[0]) / (2 * shift)
            there = estimated(**person, speed_m_s=speed["value"], **bout)[side]["total_energy_kcal"]
            expected = math.log(there["high"] / there["value"]) / elasticity
            assert math.log(speed["high"] / speed["value"]) == pytest.approx(expected, rel=1e-6)
            assert speed["value"] / speed["low"] == pytest.approx(speed["high"] / speed["value"], rel=1e-12)

    def test_a_distance_is_refused_with_what_to_give(self) -> None:
        for more in ({}, {"speed_m_s": 2.5}, {"duration_s": 600.0}):
            with pytest.raises(Conflict, match=r"Give speed_m_s.*or duration_s") as caught:
                solution(find="bout", body_mass_kg=70.0, gait="run", total_energy_kcal=300.0, distance_m=5e3, **more)
            assert caught.value.field == "distance_m"


class TestSpeed:
    @pytest.mark.parametrize("target", RATES)
    @given(data=st.data())
    def test_put_back_it_takes_the_target(self, target: str, data: st.DataObject) -> None:
        person = data.draw(people())
        asked = person | {"find": "speed", target: data.draw(numbers(target))}
        asked, found = attained(asked, target)
        for side in SIDES:
            if "unattainable" in found[side]:
                continue
            speed = value(found, side, "speed_m_s")
            back = cost(person, side, target, speed_m_s=speed, duration_s=600.0)
            assert back == pytest.approx(asked[target], rel=1e-9)

    def test_the_published_example_of_acsm_in_closed_form(self) -> None:
        """33.5 ml/kg/min is 0.2 S + 3.5 at S = 150 m/min (ACSM)."""
        asked = {"find": "speed", "body_mass_kg": 70.0, "gait": "run", "energy_model": "acsm"}
        found = solution(**asked, oxygen_uptake_ml_kg_min=33.5)
        assert value(found, "forward", "speed_m_s") == pytest.approx(150 / 60, rel=1e-12)
        assert value(found, "backward", "speed_m_s") == pytest.approx((33.5 / 1.3 - 3.5) / 0.2 / 60, rel=1e-12)

    def test_met_uptake_and_power_are_one_target(self) -> None:
        asked: Answer = {"find": "speed", "body_mass_kg": 70.0, "gait": "walk"}
        watts = cast(float, energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=17.5))
        for target in ({"met": 5.0}, {"metabolic_power_w_kg": watts}):
            found = solution(**asked, **target)
            same = solution(**asked, oxygen_uptake_ml_kg_min=17.5)
            for side in SIDES:
                assert value(found, side, "speed_m_s") == pytest.approx(value(same, side, "speed_m_s"), rel=1e-12)

    @pytest.mark.parametrize("side", SIDES)
    @pytest.mark.parametrize("gait", ["run", "walk"])
    def test_no_power_has_two_solvable_speeds(self, gait: Any, side: Any) -> None:
        """On every grade and with every equation: the solved speed is the only one."""
        speeds = np.linspace(*speed_bounds(gait), 2000)
        looked_at = 0
        for (model, equation), grade, rest in itertools.product(
            ENERGY_MODELS[gait].items(), np.linspace(-0.5, 0.9, 141), (0.6, 1.2, 2.6)
        ):
            if not equation.defined_grade[0] <= grade <= equation.defined_grade[1]:
                continue
            case = case_at_1_m_s(gait=gait, energy_model=model, grade=float(grade), resting_w_kg=rest)
            power = np.asarray(power_at(case, side)(speeds))[solvable(case, side, speeds)]
            assert np.all(np.diff(power) > 0), (model, grade, rest)
            looked_at += power.size
        assert looked_at > 1e5


class TestEqualCost:
    @given(person=people(), speed=numbers("speed_m_s"))
    def test_it_agrees_with_an_estimate_at_equal_metabolic_rate_both_ways(self, person: Answer, speed: float) -> None:
        assume(speed <= speed_bounds(person["gait"])[1])
        try:
            expected = estimated(**person, speed_m_s=speed, duration_s=600.0, equal="metabolic_rate")
        except EstimateError as error:
            assume(error.code == "no_equal_speed")
            with pytest.raises(EstimateError) as caught:
                solution(find="equal_cost_speed", **person, speed_m_s=speed)
            assume(isinstance(caught.value, Unattainable))
            nearest = cast(Unattainable, caught.value).nearest
            assume(nearest is not None)
            assert "speed_m_s" in solution(find="equal_cost_speed", **person, speed_m_s=nearest)["backward"]
            return
        solved = expected["backward"]["speed_m_s"]["value"]
        try:
            estimated(**person, speed_m_s=solved, duration_s=600.0)
        except EstimateError:
            # The solved speed has no estimate of its own: an answer could not be put back.
            with pytest.raises(Unattainable):
                solution(find="equal_cost_speed", **person, speed_m_s=speed)
            return
        found = solution(find="equal_cost_speed", **person, speed_m_s=speed)
        assert found["backward"]["speed_m_s"] == expected["backward"]["speed_m_s"]
        backward = found["backward"]["speed_m_s"]
        assume(backward["value"] >= 0.2)
        reverse = solution_or_unattainable(
            {"find": "equal_cost_speed", "backward_speed_m_s": backward["value"]} | person
        )
        if reverse is None:
            # Cost rises too little with the forward speed to solve for it.
            case = case_of(person)
            at_an_end = any(math.isclose(speed, end, rel_tol=1e-12) for end in speed_bounds(person["gait"]))
            assert not solvable(case, "forward", np.array([speed]))[0] or at_an_end
        else:
            assert value(reverse, "forward", "speed_m_s") == pytest.approx(speed, rel=1e-9)

    def test_the_reverse_spreads_by_the_ratio_over_the_elasticity_forward(self) -> None:
        found = solution(find="equal_cost_speed", body_mass_kg=70.0, gait="run", backward_speed_m_s=2.0)
        speed = found["forward"]["speed_m_s"]
        at = speed["value"]
        steepness = (1.51 * at + 2 * 0.37 * at**2) / (4.43 + 1.51 * at + 0.37 * at**2)
        # Student's t at 0.95 with three degrees of freedom, for a standard deviation of four studies.
        ratio = math.hypot(1.6448536269514722 * 0.13, 2.3533634348018264 * 0.070)
        expected = ratio / steepness
        assert math.log(speed["high"] / at) == pytest.approx(expected, rel=1e-6)
        assert found["backward"]["speed_m_s"] == {"value": 2.0, "low": 2.0, "high": 2.0}

    def test_a_backward_speed_beyond_every_forward_one_is_unattainable(self) -> None:
        asked = {"find": "equal_cost_speed", "body_mass_kg": 70.0, "gait": "run"}
        with pytest.raises(Unattainable) as caught:
            solution(**asked, backward_speed_m_s=7.5)
        met = solution(**asked, backward_speed_m_s=caught.value.nearest)
        assert value(met, "forward", "speed_m_s") == pytest.approx(8.0, rel=1e-3)

    def test_walking_backward_is_answered_as_far_as_walking_is(self) -> None:
        with pytest.raises(OutOfRange, match="set gait to run"):
            solution(find="equal_cost_speed", body_mass_kg=70.0, gait="walk", backward_speed_m_s=3.5)


def solution_or_unattainable(asked: Answer) -> Answer | None:
    try:
        return solution(**asked)
    except Unattainable:
        return None


def case_of(person: Answer) -> Case:
    rest = cast(float, energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=3.5))
    if "age_y" in person:
        keys = ("body_mass_kg", "height_m", "age_y", "sex")
        rest = cast(float, energy.mifflin1990(**{key: person[key] for key in keys}))
    fixed = {name: person[name] for name in ("gait", "energy_model", "direction_model", "body_mass_kg", "grade")}
    return case_at_1_m_s(**fixed, resting_w_kg=rest)


class TestLevelSpeed:
    @given(person=people(), speed=numbers("speed_m_s"))
    def test_on_the_level_it_costs_the_same(self, person: Answer, speed: float) -> None:
        assume(speed <= speed_bounds(person["gait"])[1])
        asked = person | {"find": "level_speed", "speed_m_s": speed}
        asked, found = attained(asked, "speed_m_s")
        for side in SIDES:
            if "unattainable" in found[side]:
                continue
            graded = cost(person, side, "met", speed_m_s=asked["speed_m_s"], duration_s=60.0)
            flat = person | {"grade": 0.0}
            level = cost(flat, side, "met", speed_m_s=value(found, side, "speed_m_s"), duration_s=60.0)
            assert level == pytest.approx(graded, rel=1e-9)

    def test_on_the_level_it_is_the_same_speed_and_certain(self) -> None:
        found = solution(find="level_speed", body_mass_kg=70.0, speed_m_s=2.5, grade=0.0)
        for side in SIDES:
            speed = found[side]["speed_m_s"]
            assert speed["low"] == speed["value"] == speed["high"] == pytest.approx(2.5, rel=1e-12)

    def test_what_grade_and_level_share_cancels(self) -> None:
        """The ratio cancels within the measured range. Beyond it, the added spread stays."""
        run = solution(find="level_speed", body_mass_kg=70.0, speed_m_s=2.5, grade=0.05)
        for end in ("value", "low", "high"):
            assert run["forward"]["speed_m_s"][end] == pytest.approx(run["backward"]["speed_m_s"][end], rel=1e-9)
        speed = run["forward"]["speed_m_s"]
        at = speed["value"]
        steepness = (1.51 * at + 2 * 0.37 * at**2) / (4.43 + 1.51 * at + 0.37 * at**2)
        models = uncertainty.MODEL_FORWARD_CV["run"]
        spread = math.hypot(models["level"], models["grade"]) / steepness
        assert math.log(speed["high"] / at) == pytest.approx(standard_score(0.9) * spread, rel=1e-6)

        def width(answer: Answer, side: str) -> float:
            entry = answer[side]["speed_m_s"]
            return math.log(entry["high"] / entry["low"])

        walk = solution(find="level_speed", body_mass_kg=70.0, speed_m_s=1.2, grade=0.05)
        assert width(walk, "backward") == pytest.approx(width(walk, "forward"), rel=1e-9)
        steep = solution(find="level_speed", body_mass_kg=70.0, speed_m_s=1.0, grade=0.15)
        assert width(steep, "backward") > width(steep, "forward")
        down = solution(find="level_speed", body_mass_kg=70.0, speed_m_s=2.5, grade=-0.05)
        assert width(down, "backward") > width(down, "forward")


def load_of(asked: Answer, side: str, indicator: str, speed: float) -> float | None:
    """Return an indicator of an estimate at a speed, or None where it has no value."""
    bout = {name: given_value for name, given_value in asked.items() if name in {"gait", "grade", "step_rate_ratio"}}
    duration = asked.get("duration_s", max(1.0, 1.0 / speed))
    found = estimated(body_mass_kg=70.0, speed_m_s=speed, duration_s=duration, **bout, include=["load"])
    return cast("float | None", found[side].get("load", {}).get(indicator, {}).get("value"))


@st.composite
def bounded(draw: st.DrawFn) -> Answer:
    """A bound near what the indicator can be, so that most cut the speeds somewhere."""
    indicator = draw(st.sampled_from(INDICATORS))
    asked: Answer = {
        "gait": draw(st.sampled_from(["run", "run", "walk"])),
        "grade": draw(st.sampled_from([0.0, 0.0, 0.0, 0.005, 0.05, -0.05, 0.2])),
        "step_rate_ratio": draw(st.floats(0.9, 1.1)),
    }
    if indicator == IMPULSE:
        asked["duration_s"] = draw(st.sampled_from([1.0, 1200.0, 90_000.0]))
    low, high = speed_bounds(asked["gait"])
    at = draw(st.one_of(st.floats(low, high), st.sampled_from(KINKS_M_S)))
    duration = asked.get("duration_s", 1.0)
    at = min(max(at, low, 0.2 / duration), high, 5e5 / duration)
    values = [load_of(asked, side, indicator, at) for side in SIDES]
    known = [each for each in values if each is not None]
    assume(known)
    quantity = INPUTS[indicator]
    bound = draw(st.sampled_from(known)) * draw(st.one_of(st.just(1.0), st.floats(0.97, 1.03)))
    assume(quantity.low <= bound <= quantity.high)
    return asked | {indicator: bound}


class TestSpeedRange:
    @given(asked=bounded(), share=st.lists(st.floats(0.0, 1.0), min_size=1, max_size=4))
    def test_every_speed_inside_keeps_the_bound_and_every_speed_outside_breaks_it(
        self, asked: Answer, share: list[float]
    ) -> None:
        indicator = next(name for name in asked if name in INDICATORS)
        bound = asked[indicator]
        low, high = speed_bounds(asked["gait"])
        if "duration_s" in asked:
            low, high = max(low, 0.2 / asked["duration_s"]), min(high, 5e5 / asked["duration_s"])
        try:
            found = solution(find="speed_range", body_mass_kg=70.0, **asked)
        except Unattainable as error:
            assume(error.low <= bound)
            raise
        for side in SIDES:
            if side not in found:
                assert load_of(asked, side, indicator, low) is None
                continue
            ranges = [(each["low_speed_m_s"], each["high_speed_m_s"]) for each in found[side].get("speed_ranges", [])]
            assert ranges == sorted(ranges)
            inside = [first + part * (last - first) for first, last in ranges for part in (0.0, 1.0, *share)]
            for speed in inside:
                kept = load_of(asked, side, indicator, min(max(speed, low), high))
                assert kept is not None
                assert kept <= bound * (1 + 1e-12)
            edges = [edge * (1 + by) for pair in ranges for edge, by in zip(pair, (-1e-7, 1e-7), strict=True)]
            anywhere = [low + part * (high - low) for part in share]
            for speed in [speed for speed in (*edges, *anywhere) if low <= speed <= high]:
                if not any(first <= speed <= last for first, last in ranges):
                    broken = load_of(asked, side, indicator, speed)
                    assert broken is None or broken > bound * (1 - 1e-12)

    def test_a_load_that_falls_with_speed_is_bounded_from_below_and_both_ways_at_once(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A peak that rises, falls a little and rises again has two ranges: with a floor of 0.76 the knee-cap has."""
        asked = {"find": "speed_range", "body_mass_kg": 70.0, "gait": "run"}
        slowly = solution(**asked, patellofemoral_impulse_per_km_bw_s=370.0)
        ((forward,), (backward,)) = (slowly[side]["speed_ranges"] for side in SIDES)
        bound = load_of(asked, "forward", "patellofemoral_impulse_per_km_bw_s", forward["low_speed_m_s"])
        assert bound == pytest.approx(370.0, rel=1e-9)
        assert forward["high_speed_m_s"] == 8.0
        # Backward contact time is unknown from 3.5 m/s: the range ends there, and a warning says why.
        assert backward["high_speed_m_s"] == 3.5
        assert "absent.backward_contact_time" in [warning["code"] for warning in slowly["warnings"]]
        kink = 1 + (0.76 - 1.03) / -0.137
        monkeypatch.setattr("retrorun.models.physiology.load.PATELLOFEMORAL_RATIO_LINE", (1.03, -0.137, 0.76))
        monkeypatch.setattr("retrorun.models.solve.load_ranges.KINKS_M_S", (*KINKS_M_S, kink))
        dip = load_of(asked, "backward", "patellofemoral_peak_force_bw", kink)
        assert dip is not None
        ranges = solution(**asked, patellofemoral_peak_force_bw=dip * 1.0001)["backward"]["speed_ranges"]
        assert len(ranges) == 2
        assert ranges[1]["low_speed_m_s"] < kink < ranges[1]["high_speed_m_s"] < kink * 1.01

    def test_a_bound_that_a_flat_stretch_just_keeps_holds_all_of_it(self) -> None:
        asked = {"find": "speed_range", "body_mass_kg": 70.0, "gait": "run"}
        found = solution(**asked, knee_extensor_moment_ratio=0.79)
        assert found["backward"]["speed_ranges"] == [{"low_speed_m_s": KINKS_M_S[2], "high_speed_m_s": 8.0}]
        assert "forward" not in found
        assert cautions.FORWARD_KNEE_MOMENT_ABSENT in [warning["code"] for warning in found["warnings"]]

    def test_the_speed_of_a_peak_in_closed_form(self) -> None:
        """1.659 + 0.286 V is 2.803 at 4 m/s, and backward 1.075 times it; slower 2.05 + 0.155 V is the greater."""
        found = solution(find="speed_range", body_mass_kg=70.0, gait="run", peak_vertical_force_bw=2.803)
        ((forward,), (backward,)) = (found[side]["speed_ranges"] for side in SIDES)
        assert forward == {"low_speed_m_s": 0.2, "high_speed_m_s": pytest.approx(4.0, rel=1e-12)}
        assert backward["high_speed_m_s"] == pytest.approx((2.803 / 1.075 - 1.659) / 0.286, rel=1e-12)

    def test_unknown_both_ways_is_refused_and_unknown_one_way_is_absent_with_a_warning(self) -> None:
        asked: Answer = {"find": "speed_range", "body_mass_kg": 70.0}
        for more in ({"gait": "walk", "tibial_compression_peak_bw": 5.0}, {"gait": "run", "grade": 0.2}):
            with pytest.raises(Undefined) as caught:
                solution(**asked, **({"patellofemoral_peak_force_bw": 4.0} if "grade" in more else {}), **more)
            assert caught.value.code == "unknown_load"
        for name, code in (
            ("tibial_compression_peak_bw", cautions.BACKWARD_TIBIAL_ABSENT),
            ("achilles_relative_load", cautions.BACKWARD_ACHILLES_UNKNOWN),
        ):
            found = solution(**asked, gait="run", **{name: 50.0 if name.startswith("tibial") else 1.0})
            assert "forward" in found
            assert "backward" not in found
            assert code in [warning["code"] for warning in found["warnings"]]

    def test_a_bound_under_every_value_is_unattainable(self) -> None:
        asked = {"find": "speed_range", "body_mass_kg": 70.0, "gait": "run"}
        with pytest.raises(Unattainable) as caught:
            solution(**asked, peak_vertical_force_bw=2.0)
        assert caught.value.nearest is not None
        assert caught.value.nearest == pytest.approx(2.05 + 0.155 * 0.2, rel=1e-11)
        assert caught.value.nearest is not None
        met = solution(**asked, peak_vertical_force_bw=caught.value.nearest)
        assert met["forward"]["speed_ranges"][0]["high_speed_m_s"] == pytest.approx(0.2, rel=1e-9)
        assert met["backward"]["unattainable"]["nearest"] == pytest.approx(1.075 * caught.value.nearest, rel=1e-11)

    def test_a_range_backward_warns_of_falling_and_of_speeds_that_nobody_was_measured_at(self) -> None:
        asked: Answer = {"find": "speed_range", "body_mass_kg": 70.0, "gait": "run"}
        fast = solution(**asked, patellofemoral_peak_force_bw=4.5)
        assert fast["backward"]["speed_ranges"][-1]["high_speed_m_s"] > 3.5
        codes = codes_of(fast)
        assert {cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT, cautions.NOVICE, cautions.FALL} <= codes
        slow = solution(**asked, patellofemoral_peak_force_bw=3.9)
        assert 2.0 < slow["backward"]["speed_ranges"][-1]["high_speed_m_s"] < 3.5
        assert {cautions.NOVICE, cautions.FALL} <= codes_of(slow)
        assert cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT not in codes_of(slow)
        # Forward goes faster than 3.5 m/s, backward is unknown.
        forward = solution(**asked, tibial_compression_peak_bw=12.0)
        assert forward["forward"]["speed_ranges"][-1]["high_speed_m_s"] > 3.5
        unwarned = {cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT, cautions.NOVICE, cautions.FALL}
        assert not unwarned & codes_of(forward)

    def test_an_estimate_of_only_loads_warns_of_such_speeds_too_and_is_not_refused(self) -> None:
        bout: Answer = {"body_mass_kg": 70.0, "duration_s": 600.0, "include": ["load"], "strict": True}
        assert cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT in codes_of(estimated(speed_m_s=4.0, **bout))
        assert cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT not in codes_of(estimated(speed_m_s=3.5, **bout))
        # On a grade loads backward are absent.
        assert cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT not in codes_of(estimated(speed_m_s=4.0, grade=0.1, **bout))
        both = codes_of(estimated(body_mass_kg=70.0, speed_m_s=4.0, duration_s=600.0))
        assert cautions.BACKWARD_BEYOND_MEASUREMENT in both

    def test_a_warning_covers_only_the_speeds_in_a_range_and_this_load(self) -> None:
        found = solution(find="speed_range", body_mass_kg=70.0, gait="run", achilles_relative_load=1.0)
        codes = [warning["code"] for warning in found["warnings"]]
        assert "load.run_achilles_speed" in codes
        assert not [code for code in codes if "tibial" in code or "patello" in code or code.startswith("energy")]
        assert set(WARNINGS_OF_LOAD) == set(INDICATORS)


class TestCrossings:
    def test_columns_and_floats_find_the_same_roots(self) -> None:
        nodes = np.linspace(0.2, 8.0, 101)
        found, keeping = crossings(lambda v: np.sin(3 * v), nodes, 0.25)
        assert len(found) == len(keeping) > 5
        for root in found:
            cell = np.searchsorted(nodes, root)
            alone = bracketed_root(lambda v: math.sin(3 * cast(float, v)) - 0.25, low=nodes[cell - 1], high=nodes[cell])
            assert root == pytest.approx(alone, rel=1e-12)

    @pytest.mark.parametrize(
        ("curve", "low", "high", "root"),
        [
            (lambda x: (x - 0.25) ** 9, -1.0, 2.0, 0.25),
            (lambda x: np.where(x > 0.7, 1e6, 1e-6) * (x - 0.7), 0.0, 1.0, 0.7),
            (lambda x: np.where(x > 0.7, 1.0, -1e-9), 0.0, 1.0, 0.7),
            (lambda x: np.exp(20.0 * x) - 1e3, 0.0, 5.0, math.log(1e3) / 20),
            (lambda x: x - 1e-30, -1.0, 1.0, 1e-30),
            (lambda x: x, 0.0, 1.0, 0.0),
            (lambda x: x - 1.0, 0.0, 1.0, 1.0),
        ],
        ids=["flat", "bent", "broken", "steep", "near nothing", "at the low end", "at the high end"],
    )
    def test_a_root_is_found_to_rounding_however_the_curve_runs(
        self, curve: Callable[[Any], Any], low: float, high: float, root: float
    ) -> None:
        asked = 0

        def counted(x: Any) -> Any:
            nonlocal asked
            asked += 1
            return curve(x)

        assert bracketed_root(counted, low=low, high=high) == pytest.approx(root, rel=1e-12)
        assert asked < 200
        # A row without a root, or unknown throughout, keeps no other waiting.
        asked = 0
        found = bracketed_root(
            lambda x: np.array([counted(x)[0], 1.0, np.nan]), low=np.array([low] * 3), high=np.array([high] * 3)
        )
        assert np.asarray(found)[0] == pytest.approx(root, rel=1e-12)
        assert asked < 200

    def test_a_turn_between_two_nodes_is_not_missed(self) -> None:
        """The curve dips under the bound, and rises above it, for less than the distance of two nodes."""
        nodes = np.linspace(0.0, 8.0, 9)
        dips = ranges_under(lambda v: (v - 2.5) ** 2 + 0.05 * v, nodes, 0.125 + 1e-3)
        assert len(dips) == 1
        assert 2.4 < dips[0]["low_speed_m_s"] < 2.5 < dips[0]["high_speed_m_s"] < 2.6
        bump = ranges_under(lambda v: -((v - 2.5) ** 2), nodes, -1e-3)
        assert [round(each, 3) for pair in bump for each in cast(Answer, pair).values()] == [0.0, 2.468, 2.532, 8.0]

    def test_nothing_known_or_kept_has_no_range(self) -> None:
        nodes = np.linspace(0.0, 1.0, 5)
        assert ranges_under(lambda v: np.full(v.shape, np.nan), nodes, 1.0) == []
        assert ranges_under(lambda v: v + 2.0, nodes, 1.0) == []
        assert ranges_under(lambda v: v, nodes, 1.0) == [{"low_speed_m_s": 0.0, "high_speed_m_s": 1.0}]


COMPLETE: dict[str, Answer] = {
    "bout": {"total_energy_kcal": 300.0, "speed_m_s": 2.5},
    "speed": {"met": 8.0, "gait": "run"},
    "equal_cost_speed": {"speed_m_s": 3.0},
    "level_speed": {"speed_m_s": 2.5, "grade": 0.05},
    "speed_range": {"gait": "run", "peak_vertical_force_bw": 2.5},
    "probability": {"speed_m_s": 2.5, "duration_s": 1200.0, "total_energy_kcal": 250.0},
}
"""A question of each kind that has an answer."""


class TestAsked:
    def test_the_request_and_the_model_take_the_same_fields(self) -> None:
        shown = {"include", "view"}
        assert set(SolveRequest.__annotations__) == {"find", "body_mass_kg", *SolveFields.__annotations__, *shown}
        assert all(name in QUANTITIES or name in MEANINGS for name in SolveRequest.__annotations__)
        assert set(COMPLETE) == set(get_args(Find)) == set(FIELDS_USED)
        assert {name for used in FIELDS_USED.values() for name in used} == set(SolveFields.__annotations__)

    @pytest.mark.parametrize("find", COMPLETE)
    def test_a_field_that_is_not_used_is_refused(self, find: Any) -> None:
        complete = {"find": find, "body_mass_kg": 70.0} | COMPLETE[find]
        assert solution(**complete)["find"] == find
        words: dict[str, Any] = {
            "gait": "run",
            "sex": "male",
            "energy_model": "looney2025",
            "direction_model": "pooled",
        }
        words |= {"measurements": [{"speed_m_s": 3.0}], "personal": {"run": {}}}
        unused = set(SolveFields.__annotations__) - set(FIELDS_USED[find])
        assert len(unused) > (0 if find == "probability" else 8)
        for name in unused:
            with pytest.raises(Conflict, match="does not use this") as caught:
                solution(**complete | {name: words.get(name) or QUANTITIES[name].example})
            assert caught.value.field == name

    @pytest.mark.parametrize(
        "asked",
        [
            {"find": "bout", "speed_m_s": 2.5},
            {"find": "bout", "speed_m_s": 2.5, "total_energy_kcal": 300.0, "active_energy_kcal": 300.0},
            {"find": "bout", "gait": "run", "total_energy_kcal": 300.0},
            {"find": "bout", "total_energy_kcal": 300.0, "speed_m_s": 2.5, "duration_s": 60.0},
            {"find": "bout", "total_energy_kcal": 300.0, "duration_s": 600.0},
            {"find": "speed", "gait": "run"},
            {"find": "speed", "met": 8.0},
            {"find": "speed", "gait": "run", "met": 8.0, "metabolic_power_w_kg": 8.0},
            {"find": "speed", "gait": "run", "met": 8.0, "energy_model": "looney2019"},
            {"find": "speed", "gait": "run", "met": 8.0, "age_y": 40.0},
            {"find": "equal_cost_speed", "gait": "run"},
            {"find": "equal_cost_speed", "backward_speed_m_s": 2.0},
            {"find": "equal_cost_speed", "speed_m_s": 2.0, "backward_speed_m_s": 2.0},
            {"find": "level_speed", "speed_m_s": 2.0},
            {"find": "level_speed", "gait": "run", "grade": 0.1},
            {"find": "speed_range", "gait": "run"},
            {"find": "speed_range", "peak_vertical_force_bw": 2.5},
            {"find": "speed_range", "gait": "run", "peak_vertical_force_bw": 2.5, "achilles_relative_load": 1.0},
            {"find": "speed_range", "gait": "run", "peak_vertical_force_bw": 2.5, "duration_s": 600.0},
            {"find": "speed_range", "gait": "run", IMPULSE: 800.0},
            {"find": "probability", "speed_m_s": 2.5, "duration_s": 600.0},
            {"find": "probability", "speed_m_s": 2.5, "total_energy_kcal": 250.0},
            {"find": "probability", "speed_m_s": 2.5, "duration_s": 600.0, "distance_m": 1500.0, "met": 8.0},
            {"find": "probability", "speed_m_s": 2.5, "duration_s": 600.0, "met": 8.0, "peak_vertical_force_bw": 2.5},
        ],
    )
    def test_too_little_or_too_much_is_a_conflict(self, asked: Answer) -> None:
        with pytest.raises(Conflict):
            solution(body_mass_kg=70.0, **asked)

    def test_a_number_out_of_its_bounds_is_refused(self) -> None:
        for find, complete in COMPLETE.items():
            for name in complete:
                if name in QUANTITIES:
                    for beyond in (-1.0, 1e9, math.nan):
                        with pytest.raises(OutOfRange):
                            solution(find=find, body_mass_kg=70.0, **complete | {name: beyond})

    @pytest.mark.parametrize("find", COMPLETE)
    def test_assumed_values_are_the_values_used(self, find: Any) -> None:
        assumed = solution(find=find, body_mass_kg=70.0, **COMPLETE[find])["assumed"]
        assert set(assumed) <= set(Assumed.__annotations__)
        assert ("step_rate_ratio" in assumed) is (find == "speed_range")
        assert ("resting_oxygen_uptake_ml_kg_min" in assumed) is (find != "speed_range")
        assert not set(assumed) & set(COMPLETE[find])

    @pytest.mark.parametrize(
        ("asked", "field", "says"),
        [
            (
                {"find": "bout", "total_energy_kcal": 300.0, "distance_m": 5000.0},
                "distance_m",
                "Energy over a distance",
            ),
            ({"find": "bout", "total_energy_kcal": 300.0}, "", "speed_m_s, duration_s"),
            ({"find": "bout", "speed_m_s": 2.0}, "", "total_energy_kcal, active_energy_kcal"),
            ({"find": "speed"}, "", "oxygen_uptake_ml_kg_min, met"),
            ({"find": "equal_cost_speed"}, "", "speed_m_s, backward_speed_m_s"),
            ({"find": "level_speed"}, "", "needs both"),
            ({"find": "speed_range"}, "", "peak_vertical_force_bw"),
            ({"find": "speed_range", IMPULSE: 800.0}, "duration_s", "Give duration_s with"),
            ({"find": "speed", "met": 8.0}, "gait", "Give gait"),
        ],
    )
    def test_a_missing_target_is_reported_before_the_gait(self, asked: Answer, field: str, says: str) -> None:
        with pytest.raises(Conflict, match=says) as caught:
            solution(body_mass_kg=70.0, **asked)
        assert caught.value.field == field

    def test_an_error_names_both_directions_if_neither_can(self) -> None:
        asked = {"find": "speed", "body_mass_kg": 70.0, "gait": "walk"}
        with pytest.raises(Unattainable, match="in either direction") as caught:
            solution(**asked, met=34.0)
        error = caught.value
        for side, kept in (("forward", False), ("backward", True)):
            assert f" {side}" in error.message
            assert (f", {side}." in error.message) is kept
        with pytest.raises(Unattainable, match="in either direction"):
            solution(**asked, met=1.0)

    def test_a_number_without_a_unit_is_shown_without_one(self) -> None:
        asked: Answer = {"body_mass_kg": 70.0, "gait": "run"}
        with pytest.raises(OutOfRange) as outside:
            solution(find="speed_range", knee_extensor_moment_ratio=0.05, **asked)
        with pytest.raises(Unattainable) as beyond:
            solution(find="speed_range", knee_extensor_moment_ratio=0.5, **asked)
        assert outside.value.message.endswith("from 0.1 to 10.")
        assert " 1. " not in beyond.value.message
        assert beyond.value.message.endswith("nearest is 0.79.")
        assert beyond.value.unit == "1"

    @pytest.mark.parametrize(
        "asked",
        [
            {"find": "speed", "met": 7.0, "gait": "run"},
            {"find": "bout", "total_energy_kcal": 260.0, "duration_s": 1800.0, "gait": "run"},
            {"find": "level_speed", "speed_m_s": 2.0, "grade": -0.1},
        ],
    )
    def test_a_backward_speed_at_which_people_walk_has_a_warning(self, asked: Answer) -> None:
        found = solution(body_mass_kg=70.0, **asked)
        speed = value(found, "backward", "speed_m_s")
        assert 0.2 < speed < 1.63
        assert cautions.BACKWARD_BELOW_TRANSITION in codes_of(found)
        faster = asked | {
            name: asked[name] * 1.6 for name in ("met", "total_energy_kcal", "speed_m_s") if name in asked
        }
        found = solution(body_mass_kg=70.0, **faster)
        assert value(found, "backward", "speed_m_s") > 1.63
        assert cautions.BACKWARD_BELOW_TRANSITION not in codes_of(found)

    def test_the_own_maximum_adds_its_share_and_a_warning_beyond_it(self) -> None:
        person: Answer = {"body_mass_kg": 70.0, "gait": "run", "oxygen_uptake_max_ml_kg_min": 50.0}
        found = solution(find="speed", oxygen_uptake_ml_kg_min=40.0, **person)
        for side in SIDES:
            assert found[side]["share_of_maximum"] == pytest.approx({"value": 0.8, "low": 0.8, "high": 0.8})
        assert cautions.ABOVE_MAXIMUM not in codes_of(found)
        assert cautions.ABOVE_MAXIMUM in codes_of(solution(find="speed", oxygen_uptake_ml_kg_min=51.0, **person))
        bout = solution(find="bout", total_energy_kcal=300.0, speed_m_s=3.0, **person)
        there = estimated(speed_m_s=3.0, duration_s=600.0, **person)
        for side in SIDES:
            assert ends_of(bout[side]) == pytest.approx(ends_of(there[side]), rel=1e-12)
        equal = solution(find="equal_cost_speed", speed_m_s=3.0, **person)
        assert equal["backward"]["share_of_maximum"] == equal["forward"]["share_of_maximum"]
        assert ends_of(equal["forward"]) == pytest.approx(ends_of(there["forward"]), rel=1e-12)
        level = solution(find="level_speed", speed_m_s=3.0, grade=0.05, **person)
        up = estimated(speed_m_s=3.0, duration_s=600.0, grade=0.05, **person)
        for side in SIDES:
            assert ends_of(level[side]) == pytest.approx(ends_of(up[side]), rel=1e-12)

    def test_if_only_one_direction_is_above_the_maximum_there_is_a_warning(self) -> None:
        """The speeds of one uptake differ: each is under the maximum going its way, the forward one not backward."""
        person: Answer = {"body_mass_kg": 70.0, "gait": "run", "oxygen_uptake_max_ml_kg_min": 42.0}
        both = solution(find="bout", speed_m_s=2.8, total_energy_kcal=300.0, **person)
        assert both["forward"]["share_of_maximum"]["value"] < 1 < both["backward"]["share_of_maximum"]["value"]
        assert cautions.ABOVE_MAXIMUM in codes_of(both)
        under = solution(find="speed", oxygen_uptake_ml_kg_min=41.0, **person)
        fast = estimated(speed_m_s=value(under, "forward", "speed_m_s"), duration_s=60.0, **person)
        assert cautions.ABOVE_MAXIMUM in codes_of(fast)
        assert cautions.ABOVE_MAXIMUM not in codes_of(under)

    def test_a_target_that_no_one_may_ask_for_has_no_nearest(self) -> None:
        """Running for two days at 250 kg takes more than the highest energy of a request, at every speed."""
        asked: Answer = {"find": "bout", "body_mass_kg": 250.0, "gait": "run", "duration_s": 172_800.0}
        with pytest.raises(Unattainable, match="outside the range of this field") as caught:
            solution(total_energy_kcal=20_000.0, **asked)
        assert caught.value.nearest is None
        assert "nearest" not in caught.value.reach
        assert caught.value.low > 50_000.0

    @pytest.mark.parametrize("gait", ["run", "walk"])
    @pytest.mark.parametrize("speed", [0.5, 1.3, 2.9])
    def test_a_bout_warns_of_what_an_estimate_warns_of(self, gait: str, speed: float) -> None:
        person = {"body_mass_kg": 70.0, "gait": gait, "grade": -0.05}
        found = solution(find="bout", **person, total_energy_kcal=300.0, speed_m_s=speed)
        there = estimated(**person, speed_m_s=speed, duration_s=600.0, include=["energy", "derived"])
        assert {each["code"] for each in found["warnings"]} == {each["code"] for each in there["warnings"]}

    def test_a_backward_warning_is_not_given_for_a_forward_speed(self) -> None:
        found = solution(find="speed", body_mass_kg=70.0, gait="run", met=12.0)
        assert value(found, "forward", "speed_m_s") > direction.BACKWARD_MEASURED_TO_M_S
        assert value(found, "backward", "speed_m_s") < direction.BACKWARD_MEASURED_TO_M_S
        assert cautions.BACKWARD_BEYOND_MEASUREMENT not in [each["code"] for each in found["warnings"]]

    def test_a_nearly_flat_power_tells_no_speed(self) -> None:
        """At 0.2 m/s running power rises by a fifteenth of the relative change of speed."""
        at_rest = 4.43 + 1.51 * 0.2 + 0.37 * 0.2**2
        assert (1.51 * 0.2 + 2 * 0.37 * 0.2**2) / at_rest < LEAST_ELASTICITY
        with pytest.raises(Unattainable) as caught:
            solution(find="speed", body_mass_kg=70.0, gait="run", metabolic_power_w_kg=at_rest)
        assert caught.value.low > at_rest


@pytest.mark.anyio
class TestHttp:
    @pytest.mark.parametrize("find", COMPLETE)
    async def test_an_answer_is_that_of_the_model_in_the_documented_shape(
        self, client: httpx.AsyncClient, find: Any
    ) -> None:
        request = {"find": find, "body_mass_kg": 70.0} | COMPLETE[find]
        response = await client.post("/solve", json=request)
        assert response.status_code == 200, response.text
        TypeAdapter(described(Solution)).validate_python(response.json(), strict=True)
        assert response.json() == answer_in_view(solve, request)
        assert "null" not in response.text
        assert len(response.content) < 6000

    async def test_the_example_of_the_contract_has_an_answer(self, client: httpx.AsyncClient) -> None:
        response = await client.post("/solve", json=requests("solve")["bout"]["value"])
        assert response.status_code == 200
        assert {"forward", "backward"} <= set(response.json())

    async def test_a_solution_put_back_over_http_meets_the_target(self, client: httpx.AsyncClient) -> None:
        request = {"find": "bout", "body_mass_kg": 70, "gait": "walk", "active_energy_kcal": 150, "duration_s": 2400}
        found = (await client.post("/solve", json=request)).json()
        for side in SIDES:
            bout = {"body_mass_kg": 70, "gait": "walk"} | {
                name: found[side][name]["value"] for name in ("speed_m_s", "duration_s")
            }
            given_back = (await client.post("/estimate", json=bout)).json()
            assert given_back[side]["active_energy_kcal"]["value"] == pytest.approx(150, rel=1e-9)

    @pytest.mark.parametrize(
        ("request_body", "unit"),
        [
            ({"find": "bout", "gait": "run", "duration_s": 600.25, "total_energy_kcal": 43217.5}, "kcal"),
            ({"find": "speed", "gait": "walk", "met": 34.625}, "MET"),
            ({"find": "equal_cost_speed", "speed_m_s": 0.515625, "gait": "run"}, "m/s"),
            ({"find": "level_speed", "gait": "run", "speed_m_s": 7.765625, "grade": 0.640625}, "m/s"),
            ({"find": "speed_range", "gait": "run", "patellofemoral_peak_force_bw": 0.140625}, "BW"),
        ],
    )
    async def test_what_cannot_be_met_says_what_can_and_repeats_nothing(
        self, client: httpx.AsyncClient, request_body: Answer, unit: str
    ) -> None:
        request_body = {"body_mass_kg": 71.53125} | request_body
        response = await client.post("/solve", json=request_body)
        assert response.status_code == 422
        assert response.headers["content-type"] == "application/problem+json"
        (error,) = response.json()["errors"]
        assert set(error) == {"pointer", "code", "message", "low", "high", "nearest", "unit"}
        assert error["code"] == "unattainable"
        assert error["pointer"].removeprefix("/") in request_body
        assert error["unit"] == unit
        assert error["low"] <= error["nearest"] <= error["high"]
        assert f" {unit}" in error["message"]
        for given_value in request_body.values():
            if isinstance(given_value, float):
                assert json.dumps(given_value) not in response.text
        field = error["pointer"].removeprefix("/")
        for sent in (error["nearest"], advised(error["message"])):
            met = await client.post("/solve", json=request_body | {field: sent})
            assert met.status_code == 200, met.text

    async def test_an_unused_field_is_a_problem_at_its_place(self, client: httpx.AsyncClient) -> None:
        request = {"body_mass_kg": 70, "find": "speed", "gait": "run", "met": 8, "step_rate_ratio": 1.05}
        response = await client.post("/solve", json=request)
        assert response.status_code == 422
        (error,) = response.json()["errors"]
        assert (error["pointer"], error["code"]) == ("/step_rate_ratio", "conflicting_inputs")

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b"{", 400),
            (b'{"find": "bout", "body_mass_kg": NaN}', 422),
            (b'{"find": "pace", "body_mass_kg": 70}', 422),
            (b'{"find": "speed", "body_mass_kg": 70, "gait": "run", "met": "8"}', 422),
            (b'{"find": "speed", "body_mass_kg": 70, "gait": "run", "met": 1e999}', 422),
            (b'{"body_mass_kg": 70}', 422),
        ],
    )
    async def test_an_invalid_request_is_a_problem(self, client: httpx.AsyncClient, body: bytes, status: int) -> None:
        response = await client.post("/solve", content=body, headers={"content-type": "application/json"})
        assert response.status_code == status
        assert response.headers["content-type"] == "application/problem+json"
