"""The probability of a value is that of the range that ends there, and grows or falls with the value."""

import math
from statistics import NormalDist
from typing import Any, TypeAlias, cast, get_args

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.solve.finders import PROBABLE
from retrorun.models.solve.load_ranges import INDICATORS
from retrorun.models.solve.solve import OF_ENERGY, solve
from retrorun.models.vocabulary.choices import IMPULSE, Gait
from retrorun.models.vocabulary.errors import Conflict, EstimateError, OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import INPUTS, QUANTITIES, speed_bounds

Answer: TypeAlias = dict[str, Any]

WAYS = ("forward", "backward")
RUN: Answer = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
RELATIVE = 1e-9


def chances(**asked: Any) -> Answer:
    return cast(Answer, solve(find="probability", **asked))


def part_of(answer: Answer, way: str, target: str) -> Answer:
    """Return the estimate of a quantity in one direction; empty if it is unknown."""
    section = answer.get(way, {})
    return cast(Answer, (section | section.get("load", {})).get(target, {}))


def codes_of(answer: Answer) -> set[str]:
    return {warning["code"] for warning in answer["warnings"]}


@st.composite
def bouts(draw: st.DrawFn) -> tuple[Answer, str]:
    """A bout of anybody, with what an energy or a load of it depends on, and a quantity."""
    gait: Gait = draw(st.sampled_from(get_args(Gait)))
    target = draw(st.sampled_from(PROBABLE))
    bout: Answer = {
        "gait": gait,
        "body_mass_kg": draw(st.floats(40.0, 150.0)),
        "speed_m_s": draw(st.floats(0.5, min(5.0, speed_bounds(gait)[1]))),
        "duration_s": draw(st.floats(60.0, 20_000.0)),
        "grade": draw(st.sampled_from([0.0, 0.0, 0.05, -0.05])),
        "interval": draw(st.floats(0.5, 0.99)),
    }
    if target in INDICATORS:
        return bout | {"step_rate_ratio": draw(st.floats(0.9, 1.1))}, target
    bout["energy_model"] = draw(st.sampled_from(list(ENERGY_MODELS[gait])))
    bout["direction_model"] = draw(st.sampled_from(["documented", "pooled"]))
    if draw(st.booleans()):
        bout |= {"age_y": 40.0, "height_m": 1.75, "sex": "female"}
    ways = draw(st.lists(st.sampled_from(WAYS), max_size=3))
    if ways and gait == "run":
        bout["measurements"] = [
            {"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": draw(st.floats(28.0, 45.0)), "direction": way} for way in ways
        ]
    return bout, target


def estimated(bout: Answer) -> Answer:
    """Return the estimate of a bout, or discard one without an answer."""
    try:
        return cast(Answer, estimate(**bout))
    except EstimateError:
        assume(False)
        raise AssertionError from None


@given(bouts())
def test_at_the_ends_of_a_range_it_is_the_share_of_people_beyond_them(asked: tuple[Answer, str]) -> None:
    bout, target = asked
    known = estimated(bout)
    beyond = (1 - bout["interval"]) / 2
    for way in WAYS:
        entry = part_of(known, way, target)
        for end, more in (("low", 1 - beyond), ("value", 0.5), ("high", beyond)):
            if end not in entry or "value" not in entry or not INPUTS[target].within(entry[end]):
                continue
            found = chances(**bout, **{target: entry[end]})[way]
            assert part_of({way: found}, way, target) == entry
            assert found["probability"]["more_than"] == pytest.approx(more, rel=RELATIVE)
            assert found["probability"]["at_most"] == pytest.approx(1 - more, rel=RELATIVE)


@given(bouts(), st.floats(-3.0, 3.0), st.floats(0.0, 1.0))
def test_a_higher_value_is_never_likelier_and_its_range_ends_there(
    asked: tuple[Answer, str], score: float, more: float
) -> None:
    bout, target = asked
    known = estimated(bout)
    for way in WAYS:
        entry = part_of(known, way, target)
        if "value" not in entry:
            continue
        spread = math.log(entry["high"] / entry["value"]) / NormalDist().inv_cdf((1 + bout["interval"]) / 2)
        values = [entry["value"] * math.exp(by * spread) for by in (score, score + more)]
        if not all(map(INPUTS[target].within, values)):
            continue
        lower, higher = (chances(**bout, **{target: value})[way] for value in values)
        if "probability" not in lower or "probability" not in higher:
            continue
        assert lower["probability"]["more_than"] >= higher["probability"]["more_than"] - RELATIVE
        assert sum(lower["probability"].values()) == pytest.approx(1.0, rel=1e-12)
        # The range whose tail has this probability ends at the value: the inverse of the same distribution.
        tail = min(lower["probability"].values())
        if 0.005 <= tail <= 0.25:
            there = part_of(estimated(bout | {"interval": 1 - 2 * tail}), way, target)
            end = "low" if lower["probability"]["at_most"] == tail else "high"
            assert there[end] == pytest.approx(values[0], rel=1e-8)


@given(bouts())
def test_beyond_the_widest_range_it_is_missing_and_never_0_or_1(asked: tuple[Answer, str]) -> None:
    bout, target = asked
    known = estimated(bout | {"interval": 0.99})
    for way in WAYS:
        entry = part_of(known, way, target)
        for value in (entry["low"] / 1.001, entry["high"] * 1.001) if "value" in entry else ():
            if INPUTS[target].within(value):
                answer = chances(**bout, **{target: value})
                assert "probability" not in answer[way]
                assert f"absent.probability_{way}" in codes_of(answer)


@pytest.mark.parametrize("value", [0.3, 0.9, 1.2, 2.0])
def test_where_only_a_range_is_known_it_is_missing_with_a_warning(value: float) -> None:
    answer = chances(**RUN, achilles_relative_load=value)
    assert "probability" not in answer["backward"]
    assert "value" not in answer["backward"]["load"]["achilles_relative_load"]
    assert {"absent.probability_of_range", "absent.backward_achilles"} <= codes_of(answer)
    assert "absent.probability_backward" not in codes_of(answer)


@pytest.mark.parametrize(
    ("asked", "only", "code"),
    [
        ({"tibial_compression_peak_bw": 8.0}, "forward", "absent.backward_tibial"),
        ({"knee_extensor_moment_ratio": 0.9}, "backward", "absent.forward_knee_moment"),
        ({"peak_vertical_force_bw": 2.5, "grade": 0.05}, "forward", "absent.backward_load_on_grade"),
        ({IMPULSE: 1000.0, "speed_m_s": 4.0}, "forward", "absent.backward_contact_time"),
    ],
)
def test_a_direction_in_which_a_load_is_unknown_is_missing(asked: Answer, only: str, code: str) -> None:
    answer = chances(**RUN | asked)
    assert [way for way in WAYS if way in answer] == [only]
    assert "probability" in answer[only]
    assert code in codes_of(answer)


@pytest.mark.parametrize(
    "asked", [{"gait": "walk", "speed_m_s": 1.4, IMPULSE: 100.0}, {"grade": 0.3, "patellofemoral_peak_force_bw": 4.0}]
)
def test_a_load_that_is_unknown_both_ways_is_refused_with_the_reason(asked: Answer) -> None:
    with pytest.raises(Undefined, match=r"unknown in both directions\. .+") as caught:
        chances(**RUN | asked)
    assert caught.value.code == "unknown_load"


def test_own_measurements_make_it_more_certain() -> None:
    own = {"measurements": [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 30.7}] * 3}
    free, narrowed = (chances(**RUN, total_energy_kcal=222.0, **more) for more in ({}, own))
    assert narrowed["forward"]["probability"]["more_than"] < 0.6 * free["forward"]["probability"]["more_than"]


def test_any_two_of_a_bout_and_any_interval_give_the_same_probability() -> None:
    bouts = (RUN, RUN | {"interval": 0.5}, {"body_mass_kg": 70.0, "distance_m": 3000.0, "duration_s": 1200.0})
    found = [chances(**bout, active_energy_kcal=200.0) for bout in bouts]
    for way in WAYS:
        first, *others = [answer[way]["probability"]["more_than"] for answer in found]
        assert others == pytest.approx([first] * 2, rel=1e-12)


def test_every_field_that_would_change_nothing_is_refused() -> None:
    words: Answer = {"energy_model": "looney2025", "direction_model": "pooled", "sex": "male", "personal": {"run": {}}}
    words["measurements"] = [{"speed_m_s": 3.0}]
    of_load = {"peak_vertical_force_bw": 2.5}
    for name in OF_ENERGY:
        with pytest.raises(Conflict, match="does not use this") as caught:
            chances(**RUN, **of_load, **{name: words.get(name) or QUANTITIES[name].example})
        assert caught.value.field == name
    with pytest.raises(Conflict, match="does not use this"):
        chances(**RUN, total_energy_kcal=250.0, step_rate_ratio=1.05)
    answer = chances(**RUN, **of_load)
    assert set(answer["assumed"]) == {"gait", "grade", "step_rate_ratio", "interval"}
    assert "energy_model" not in answer["models"]


def test_a_bout_outside_its_bounds_is_refused() -> None:
    with pytest.raises(OutOfRange):
        chances(body_mass_kg=70.0, speed_m_s=8.0, duration_s=172_800.0, total_energy_kcal=250.0)
    with pytest.raises(OutOfRange):
        chances(body_mass_kg=70.0, gait="walk", distance_m=4000.0, duration_s=1000.0, total_energy_kcal=250.0)


def test_the_warning_says_that_it_is_no_promise() -> None:
    for target in ({"total_energy_kcal": 250.0}, {"patellofemoral_peak_force_bw": 4.0}):
        assert WARNINGS["caution.probability"] in chances(**RUN, **target)["warnings"]
