"""The level speed of a workout: what a whole workout would be on level ground."""

import math
from typing import Any, TypeAlias, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrorun.models.evidence.cautions import LEVEL_SPEED_ABSENT
from retrorun.models.physiology.energy import MINETTI2002_COEFFICIENTS
from retrorun.models.solve.solve import solve
from retrorun.models.workout.workout import workout

Answer: TypeAlias = dict[str, Any]

UP = {"speed_m_s": 2.5, "duration_s": 600.0, "grade": 0.1}
FLAT = {"speed_m_s": 3.0, "duration_s": 300.0}
STEEP_WALK = {"speed_m_s": 1.3, "duration_s": 300.0, "grade": -0.15}
"""By Minetti no walking on level ground costs so little."""
MINETTI = {"energy_models": {"run": "minetti2002", "walk": "minetti2002"}}
SIDES = ("totals", "reversed")


def answer_to(*segments: Answer, **said: Any) -> Answer:
    return cast(Answer, workout(**{"body_mass_kg": 70.0, "segments": segments, **said}))


def codes_of(answer: Answer) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def test_a_level_workout_has_its_speed_without_a_range_or_a_grade() -> None:
    answer = answer_to(FLAT, {**FLAT, "speed_m_s": 2.4, "direction": "backward"}, {"pause_s": 500.0})
    for side in SIDES:
        level = answer[side]["level_speed_m_s"]
        assert level.keys() == {"value", "low", "high", "covered"}
        assert [level[end] for end in ("value", "low", "high")] == pytest.approx([2.7] * 3, rel=1e-12)
        assert level["covered"] == 1.0
    assert LEVEL_SPEED_ABSENT not in codes_of(answer)


def test_it_is_the_level_distance_over_the_moving_time() -> None:
    """By Minetti 2.5 m/s at +10 % is 2.5 * 5.968214 / 3.6 m/s on the level, for twice the time of 3 m/s."""
    by_hand = (600 * 2.5 * 5.968214 / 3.6 + 300 * 3.0) / 900
    answer = answer_to(UP, FLAT, {"pause_s": 100.0}, **MINETTI)
    for side in SIDES:
        assert answer[side]["level_speed_m_s"]["value"] == pytest.approx(by_hand, rel=1e-12)
    mixed = answer_to(UP, {**FLAT, "direction": "backward"}, **MINETTI)
    assert mixed["forward"]["level_speed_m_s"]["value"] == pytest.approx(2.5 * 5.968214 / 3.6, rel=1e-12)
    assert mixed["backward"]["level_speed_m_s"] == {"value": 3.0, "low": 3.0, "high": 3.0, "covered": 1.0}


def test_repeats_count_each_time() -> None:
    repeated = answer_to({"repeat": 4, "segments": [UP]}, FLAT)
    written = answer_to(UP, UP, UP, UP, FLAT)
    for end in ("value", "low", "high", "covered"):
        one, other = (answer["totals"]["level_speed_m_s"][end] for answer in (repeated, written))
        assert one == pytest.approx(other, rel=1e-12)


@pytest.mark.parametrize("segment", [UP, {**UP, "grade": -0.05}, {**STEEP_WALK, "grade": 0.12}])
def test_one_segment_has_the_level_speed_of_solve(segment: Answer) -> None:
    one = cast(
        Answer, solve(find="level_speed", body_mass_kg=70.0, speed_m_s=segment["speed_m_s"], grade=segment["grade"])
    )
    answer = answer_to(segment)
    for side, way in zip(SIDES, ("forward", "backward"), strict=True):
        level = dict(answer[side]["level_speed_m_s"])
        assert level.pop("covered") == 1.0
        assert level.pop("evidence") == one[way]["speed_m_s"]["evidence"]
        assert level == pytest.approx({end: one[way]["speed_m_s"][end] for end in level}, rel=1e-9)


def test_shared_errors_do_not_average_out() -> None:
    """The spreads of the parts add, each with its share of the level distance."""
    parts = [answer_to(segment)["totals"]["level_speed_m_s"] for segment in (UP, FLAT, {**UP, "grade": 0.03})]
    seconds = (600, 300, 600)
    whole = answer_to(UP, FLAT, {**UP, "grade": 0.03})["totals"]["level_speed_m_s"]
    metres = [part["value"] * time for part, time in zip(parts, seconds, strict=True)]
    logs = [math.log(part["high"] / part["value"]) for part in parts]
    expected = sum(metre * log for metre, log in zip(metres, logs, strict=True)) / sum(metres)
    assert math.log(whole["high"] / whole["value"]) == pytest.approx(expected, rel=1e-9)
    assert whole["value"] / whole["low"] == pytest.approx(whole["high"] / whole["value"], rel=1e-12)


@given(
    segments=st.lists(
        st.fixed_dictionaries(
            {
                "speed_m_s": st.floats(0.2, 3.0),
                "duration_s": st.floats(10.0, 4000.0),
                "grade": st.sampled_from([-0.4, -0.15, -0.02, 0.0, 0.005, 0.02, 0.2]),
                "direction": st.sampled_from(["forward", "backward"]),
            }
        ),
        min_size=1,
        max_size=6,
    )
)
def test_a_total_is_within_its_range_or_missing_with_a_warning(segments: list[Answer]) -> None:
    answer = answer_to(*segments, **MINETTI)
    given_total, turned = (answer[side].get("level_speed_m_s") for side in SIDES)
    assert (given_total is None) == (turned is None)
    if given_total is None or given_total["covered"] < 1:
        assert LEVEL_SPEED_ABSENT in codes_of(answer)
    if given_total is not None:
        # The ratio backward to forward cancels, so the value does not depend on direction.
        assert given_total["value"] == pytest.approx(turned["value"], rel=1e-12)
        assert given_total["covered"] == turned["covered"] >= 0.5 - 1e-9
        for total in (given_total, turned):
            assert total["low"] <= total["value"] <= total["high"]


def test_unknown_parts_are_left_out_and_their_share_is_shown() -> None:
    """300 s of 1200 s have no level speed; the walk at +10 % beside them is not scaled up."""
    climb = {"speed_m_s": 1.3, "duration_s": 900.0, "grade": 0.1}
    answer = answer_to(STEEP_WALK, climb, **MINETTI)
    alone = answer_to(climb, **MINETTI)["totals"]["level_speed_m_s"]
    for side in SIDES:
        assert answer[side]["level_speed_m_s"]["covered"] == pytest.approx(0.75)
    assert answer["totals"]["level_speed_m_s"]["value"] == pytest.approx(alone["value"], rel=1e-12)
    assert LEVEL_SPEED_ABSENT in codes_of(answer)


def test_below_half_it_is_missing() -> None:
    answer = answer_to(STEEP_WALK, {**FLAT, "duration_s": 299.0}, **MINETTI)
    for side in SIDES:
        assert "level_speed_m_s" not in answer[side]
    assert LEVEL_SPEED_ABSENT in codes_of(answer)
    half = answer_to(STEEP_WALK, FLAT, **MINETTI)["totals"]["level_speed_m_s"]
    assert half == {"value": 3.0, "low": 3.0, "high": 3.0, "covered": 0.5}


def test_the_numbers_by_hand_are_of_the_polynomial_of_the_models() -> None:
    cost = sum(term * 0.1**power for power, term in enumerate(MINETTI2002_COEFFICIENTS["run"][::-1]))
    assert cost == pytest.approx(5.968214, rel=1e-12)
