"""Invariants of every bout (Hypothesis)."""

import math
from collections.abc import Callable
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from retrorun.models.columns.estimate_columns import estimate_columns
from retrorun.models.columns.inputs import InputColumn
from retrorun.models.columns.names import OUTPUTS, WORDS
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute, estimate
from retrorun.models.physiology import load, timing
from retrorun.models.physiology.energy import mifflin1990, oxygen_uptake_ml_kg_min
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.physiology.grades import GRADES
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.vocabulary.choices import SECTIONS
from retrorun.models.vocabulary.errors import Conflict, EstimateError, Undefined
from retrorun.models.vocabulary.quantities import INPUTS, WALKING_SPEED_HIGH_M_S

Answer = dict[str, Any]


def numbers(name: str, high: float | None = None) -> st.SearchStrategy[float]:
    quantity = INPUTS[name]
    return st.floats(quantity.low, high or quantity.high, allow_subnormal=False)


def bouts(**fixed: Any) -> st.SearchStrategy[dict[str, Any]]:
    """Requests over the whole space of inputs, whether or not they have an estimate."""
    resting: st.SearchStrategy[dict[str, Any]] = st.one_of(
        st.just({}),
        st.fixed_dictionaries(
            {
                "age_y": numbers("age_y"),
                "height_m": numbers("height_m"),
                "sex": st.sampled_from(["male", "female"]),
            }
        ),
    )
    strategies = {
        "body_mass_kg": numbers("body_mass_kg"),
        "speed_m_s": numbers("speed_m_s"),
        "duration_s": numbers("duration_s", 60_000.0),
        "grade": st.one_of(st.just(0.0), numbers("grade")),
        "gait": st.sampled_from(["run", "walk"]),
        "equal": st.sampled_from(["speed", "metabolic_rate", "heart_rate", "perceived_exertion"]),
        "step_rate_ratio": numbers("step_rate_ratio"),
        "interval": numbers("interval"),
    } | {name: st.just(value) for name, value in fixed.items()}
    return st.builds(lambda bout, rest: bout | rest, st.fixed_dictionaries(strategies), resting)


def answer_to(bout: dict[str, Any]) -> Answer:
    """Return the answer, or discard the example if there is none."""
    try:
        return cast(Answer, estimate(**bout))
    except EstimateError:
        assume(False)
        raise AssertionError from None


def intervals(section: Any) -> list[dict[str, float]]:
    """Return every entry with a low end, however deep."""
    if not isinstance(section, dict):
        return []
    if "low" in section:
        return [section]
    return [entry for part in section.values() for entry in intervals(part)]


@given(bouts())
def test_every_number_is_finite_and_every_interval_holds_its_value(bout: dict[str, Any]) -> None:
    answer = answer_to(bout)
    entries = intervals(answer["forward"]) + intervals(answer["backward"]) + intervals(answer["ratio"])
    assert len(entries) > 10
    for entry in entries:
        assert all(math.isfinite(number) for number in (entry["low"], entry["high"]))
        assert 0 < entry["low"] <= entry.get("value", entry["low"]) <= entry["high"]


@given(bouts())
def test_total_is_exactly_active_plus_resting(bout: dict[str, Any]) -> None:
    answer = answer_to(bout)
    for side in ("forward", "backward"):
        energy = answer[side]
        active, resting = energy["active_energy_kcal"]["value"], energy["resting_energy_kcal"]
        assert energy["total_energy_kcal"]["value"] == active + resting


@given(bouts(), st.floats(1.01, 2.0))
def test_energy_rises_with_body_mass(bout: dict[str, Any], more: float) -> None:
    assume(bout["body_mass_kg"] * more <= INPUTS["body_mass_kg"].high)
    light, heavy = answer_to(bout), answer_to(bout | {"body_mass_kg": bout["body_mass_kg"] * more})
    for side in ("forward", "backward"):
        assert heavy[side]["total_energy_kcal"]["value"] > light[side]["total_energy_kcal"]["value"]


@given(bouts(), st.floats(0.1, 2.0))
def test_energy_is_proportional_to_duration(bout: dict[str, Any], times: float) -> None:
    other = bout | {"duration_s": bout["duration_s"] * times}
    first, second = answer_to(bout), answer_to(other)
    for side in ("forward", "backward"):
        for name in ("total_energy_kcal", "active_energy_kcal"):
            expected = first[side][name]["value"] * times
            assert second[side][name]["value"] == pytest.approx(expected, rel=1e-9)


@given(bouts(gait="run", equal="speed"))
def test_running_backward_at_equal_speed_costs_the_documented_uplift(bout: dict[str, Any]) -> None:
    answer = answer_to(bout)
    assert answer["ratio"]["total_energy"]["value"] == pytest.approx(1.30, rel=1e-12)
    forward, backward = (answer[side]["total_energy_kcal"]["value"] for side in ("forward", "backward"))
    assert backward / forward == pytest.approx(1.30, rel=1e-12)


@given(bouts(equal="metabolic_rate"))
def test_equal_metabolic_rate_is_equal_wherever_a_root_exists(bout: dict[str, Any]) -> None:
    answer = answer_to(bout)
    forward, backward = answer["forward"], answer["backward"]
    assert answer["ratio"]["total_energy"] == {"value": 1.0, "low": 1.0, "high": 1.0}
    assert backward["total_energy_kcal"] == forward["total_energy_kcal"]
    assert backward["metabolic_power_w_kg"] == forward["metabolic_power_w_kg"]
    assert backward["speed_m_s"]["value"] < forward["speed_m_s"]["value"]
    # The solved speed, put back at equal speed, costs backward what the forward bout costs.
    same = answer_to(bout | {"equal": "speed", "speed_m_s": backward["speed_m_s"]["value"]})
    power = same["backward"]["metabolic_power_w_kg"]["value"]
    assert power == pytest.approx(forward["metabolic_power_w_kg"]["value"], rel=1e-9)


@given(bouts(), st.floats(0.5, 0.99), st.floats(0.5, 0.99))
def test_a_higher_level_gives_a_wider_interval(bout: dict[str, Any], one: float, other: float) -> None:
    low, high = sorted((one, other))
    assume(high - low > 0.01)
    narrow, wide = answer_to(bout | {"interval": low}), answer_to(bout | {"interval": high})
    for side in ("forward", "backward"):
        for name in ("total_energy_kcal", "active_energy_kcal", "metabolic_power_w_kg"):
            inner, outer = narrow[side][name], wide[side][name]
            assert outer["low"] < inner["low"] < inner["high"] < outer["high"]


@given(bouts(grade=0.0, equal="speed"))
def test_the_ratio_is_narrower_than_either_direction(bout: dict[str, Any]) -> None:
    answer = answer_to(bout)

    def width(entry: dict[str, float]) -> float:
        return entry["high"] / entry["low"]

    ratio = answer["ratio"]["total_energy"]
    assert width(ratio) < width(answer["backward"]["total_energy_kcal"])
    assert width(answer["forward"]["total_energy_kcal"]) < width(answer["backward"]["total_energy_kcal"])


COLUMNS = st.lists(
    st.tuples(
        numbers("body_mass_kg"),
        st.floats(1.0, WALKING_SPEED_HIGH_M_S, allow_subnormal=False),
        numbers("duration_s"),
        st.floats(-0.1, 0.3),
        numbers("step_rate_ratio"),
    ),
    min_size=1,
    max_size=8,
)


def flat(section: dict[str, Any], prefix: str = "") -> dict[str, Any]:
    """Return every leaf of a section by its path."""
    leaves: dict[str, Any] = {}
    for name, value in section.items():
        leaves |= flat(value, f"{prefix}{name}.") if isinstance(value, dict) else {f"{prefix}{name}": value}
    return leaves


@pytest.mark.parametrize("equal", ["speed", "metabolic_rate", "heart_rate", "perceived_exertion"])
@pytest.mark.parametrize("gait", ["run", "walk"])
@given(rows=COLUMNS)
def test_columns_equal_the_scalar_loop(gait: Any, equal: Any, rows: list[tuple[float, ...]]) -> None:
    """Values within 1e-12, and the same quantities absent in the same rows, with the same warnings."""
    name = next(iter(ENERGY_MODELS[gait]))
    score = standard_score(0.90)

    def case(mass: Any, speed: Any, duration: Any, grade: Any, step_rate: Any) -> Case:
        rest = mifflin1990(body_mass_kg=mass, height_m=1.75, age_y=40.0, sex="male")
        return Case(
            gait=gait,
            equal=equal,
            energy_model=name,
            direction_model="documented",
            body_mass_kg=mass,
            speed_m_s=speed,
            duration_s=duration,
            distance_m=speed * duration,
            grade=grade,
            resting_w_kg=rest,
            step_rate_ratio=step_rate,
        )

    columns, _ = compute(case(*(np.array(column) for column in zip(*rows, strict=True))), score=score, include=SECTIONS)
    refused = np.zeros(len(rows), dtype=bool)
    for _, where in columns.refusals:
        refused |= where
    for index, row in enumerate(rows):
        try:
            single, _ = compute(case(*row), score=score, include=SECTIONS)
        except Undefined:
            assert refused[index]
            continue
        assert not refused[index]
        codes = [code for code, where in columns.warnings if where is True or np.atleast_1d(where)[index]]
        assert codes == [code for code, _ in single.warnings]
        for side in ("forward", "backward", "ratio"):
            wide, narrow = flat(getattr(columns, side)), flat(getattr(single, side))
            assert narrow.keys() <= wide.keys()
            for path, column in wide.items():
                value = column[index] if isinstance(column, np.ndarray) else column
                if path not in narrow:
                    if not isinstance(value, str):
                        assert np.isnan(value), path
                elif isinstance(value, str):
                    assert value == narrow[path]
                else:
                    assert value == pytest.approx(narrow[path], rel=1e-12), path


@given(speed=st.lists(st.floats(0.5, 6.0), min_size=1, max_size=6))
def test_quantity_functions_take_columns(speed: list[float]) -> None:
    column = np.array(speed)
    functions: list[Callable[[Any], Any]] = [
        lambda v: timing.running_cadence(speed_m_s=v),
        lambda v: timing.walking_cadence(speed_m_s=v),
        lambda v: load.peak_vertical_force(gait="run", speed_m_s=v),
        lambda v: load.patellofemoral_peak_force(gait="run", speed_m_s=v, step_rate_ratio=1.05),
        lambda v: load.patellofemoral_ratio(gait="run", speed_m_s=v),
        lambda v: load.knee_extensor_moment_ratio(speed_m_s=v),
        lambda v: load.achilles_relative_load(gait="walk", speed_m_s=v),
        lambda v: oxygen_uptake_ml_kg_min(power_w_kg=v),
        lambda v: load.slope_deg(grade=v),
    ]
    for function in functions:
        expected = [function(value) for value in speed]
        np.testing.assert_allclose(function(column), expected, rtol=1e-12)


def test_columns_have_the_grades_of_single_answers_row_by_row() -> None:
    """Grades differ within a column: inside and outside the data, and absent where nothing is graded."""
    speeds, grades = [1.2, 1.5, 2.5, 3.0, 3.6, 3.0, 3.0], [0.0, 0.0, 0.0, 0.0, 0.0, -0.05, 0.3]
    names = [
        f"{place}_evidence"
        for place in ("forward_met", "backward_total_energy_kcal", "ratio_total_energy", "backward_speed_m_s")
    ] + ["forward_cadence_steps_per_min_evidence", "forward_load_peak_vertical_force_bw_evidence"]
    for equal in ("speed", "metabolic_rate", "heart_rate"):
        size = len(speeds)
        found = estimate_columns(
            {
                "body_mass_kg": InputColumn(np.full(size, 70.0)),
                "speed_m_s": InputColumn(np.array(speeds)),
                "duration_s": InputColumn(np.full(size, 600.0)),
                "grade": InputColumn(np.array(grades)),
                "equal": InputColumn(np.full(size, WORDS["equal"].index(equal), np.int8)),
            },
            rows=size,
            fields=names,
        )
        for row, (speed, grade) in enumerate(zip(speeds, grades, strict=True)):
            single = cast(
                Any, estimate(body_mass_kg=70.0, speed_m_s=speed, duration_s=600.0, grade=grade, equal=cast(Any, equal))
            )
            for name in names:
                entry = single
                for key in OUTPUTS[name].path:
                    entry = entry.get(key, {})
                code = found.words[name][row]
                assert (GRADES[code] if code >= 0 else {}) == entry, (name, equal, speed, grade)


@pytest.mark.parametrize("equal", ["speed", "metabolic_rate", "heart_rate", "perceived_exertion"])
def test_columns_with_weight_support_and_still_air_equal_single_answers(equal: str) -> None:
    support, air = [0.0, 0.1, 0.2, 0.5, 0.0, 0.3], [0, 0, 1, 0, 1, 1]
    names = ["forward_met", "backward_total_energy_kcal_high", "ratio_total_energy_low", "backward_speed_m_s"]
    names += ["forward_load_peak_vertical_force_bw", "ratio_load_achilles_relative_load_low"]
    found = estimate_columns(
        {
            "body_mass_kg": InputColumn(np.full(6, 70.0)),
            "speed_m_s": InputColumn(np.linspace(2.2, 3.4, 6)),
            "duration_s": InputColumn(np.full(6, 600.0)),
            "equal": InputColumn(np.full(6, WORDS["equal"].index(equal), np.int8)),
            "weight_support": InputColumn(np.array(support)),
            "overground": InputColumn(np.array(air, np.int8)),
        },
        rows=6,
        fields=[*names, "warnings"],
        include=SECTIONS,
    )
    patterns = list(found.patterns)
    refused = equal in ("heart_rate", "perceived_exertion")
    for row, speed in enumerate(np.linspace(2.2, 3.4, 6).tolist()):
        bout = {"body_mass_kg": 70.0, "speed_m_s": speed, "duration_s": 600.0, "equal": equal}
        bout |= {"weight_support": support[row], "overground": bool(air[row])}
        reason = list(found.reasons.numbers)[found.status[row]]
        if refused and support[row]:
            with pytest.raises(Conflict) as caught:
                estimate(**cast(Any, bout))
            assert reason == (caught.value.field, caught.value.code)
            continue
        assert reason == ("", "ok")
        single = cast(Any, estimate(**cast(Any, bout)))
        assert found.warnings is not None
        assert list(patterns[found.warnings[row]]) == [warning["code"] for warning in single["warnings"]]
        for name in names:
            entry = single
            for key in OUTPUTS[name].path:
                entry = entry.get(key, {}) if isinstance(entry, dict) else entry
            value = found.numbers[name][row]
            assert math.isnan(value) if entry == {} else value == pytest.approx(entry, rel=1e-12), (name, row)
