"""Time backward is cut into stretches that a person can do, and the four weeks never exceed the plan."""

from importlib import import_module
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.catalogue import catalogue
from retrorun.models.evidence.cautions import WARNINGS, concerns
from retrorun.models.plan.answer import ENERGY
from retrorun.models.plan.best_mix import Mix
from retrorun.models.plan.plan import plan
from retrorun.models.plan.stretches import SESSION_BACKWARD_S, Stretches, weeks_of
from retrorun.models.summary.summary import in_time
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.vocabulary.errors import Conflict, Missing, OutOfRange, Unattainable, Undefined
from tests.models.plan.test_plan import (
    CLOSE,
    LEAST,
    LEAST_LOAD,
    MIXED,
    MOST,
    MOST_ENERGY,
    TIME,
    check_feasible,
    check_stretches,
    energy_of,
    most_backward,
    with_nearest,
)

Wish: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]

WALKS: Wish = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": TIME, "gait": "walk"}
WAYS = ("forward_only", "backward_only")
NO_TIME = "absent.plan_no_time_backward"


def made(wish: Wish) -> Answer:
    return cast(Answer, plan(**wish))


def codes(answer: Answer) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def backward_s(option: Answer) -> float:
    return float(sum(bout["times"] * bout["duration_s"] for bout in option["bouts"] if bout["direction"] == "backward"))


@settings(max_examples=200, deadline=None)
@given(st.floats(1.0, 5000.0), st.floats(5.0, 3000.0), st.floats(1.0, 3000.0), st.floats(0.0, 1.0))
def test_the_most_time_backward_is_that_of_the_best_number_of_stretches(
    time: float, longest: float, recovery: float, part: float
) -> None:
    stretches = Stretches(longest, recovery)
    most, _ = stretches.most_backward(time)
    wish = {"duration_s": time, "longest_backward_s": longest, "recovery_s": recovery}
    assert most == pytest.approx(most_backward(wish), rel=CLOSE)
    # Less time backward fits too.
    less = part * most
    number = stretches.number(less)
    assert less <= number * longest * (1 + CLOSE)
    assert less + number * recovery <= time * (1 + CLOSE)


@settings(max_examples=100, deadline=None)
@given(
    st.one_of(MOST_ENERGY, LEAST_LOAD, MIXED),
    st.fixed_dictionaries(
        {},
        optional={
            "duration_s": st.floats(1.0, 200.0),
            "longest_backward_s": st.floats(5.0, 86_400.0),
            "recovery_s": st.floats(1.0, 86_400.0),
            "experience": st.sampled_from(["never", "weeks", "months"]),
            "confidence": st.floats(0.5, 0.99),
        },
    ),
)
def test_no_stretch_of_any_plan_is_longer_than_asked_for(wish: Wish, change: Wish) -> None:
    wish = wish | change
    if "limits" in wish and IMPULSE in wish["limits"]:
        wish["limits"] = wish["limits"] | {IMPULSE: wish["limits"][IMPULSE] * min(1.0, wish["duration_s"] / TIME)}
    try:
        answer = made(wish)
    except Unattainable as error:
        if error.nearest is not None:
            nearest = with_nearest(wish, error)
            check_stretches(made(nearest), nearest)
        return
    except Undefined:
        return
    for option in (answer, *(answer[way] for way in WAYS if way in answer)):
        check_stretches(option, wish)
        assert backward_s(option) <= most_backward(wish) * (1 + CLOSE)
        assert backward_s(option) + option["rest_s"] <= wish["duration_s"] * (1 + CLOSE)
    assert (NO_TIME in codes(answer)) <= ("backward_only" not in answer)


def test_a_minute_at_a_time_is_assumed() -> None:
    answer = made(MOST)["backward_only"]
    assert [(bout["times"], bout["duration_s"]) for bout in answer["bouts"]] == [(15, 60.0)]
    assert answer["rest_s"] == 900.0
    assumed = made(MOST)["assumed"]
    assert (assumed["longest_backward_s"], assumed["recovery_s"]) == (60.0, 60.0)
    assumed = made(MOST | {"longest_backward_s": 40.0})["assumed"]
    assert "longest_backward_s" not in assumed
    assert assumed["recovery_s"] == 40.0
    assert "recovery_s" not in made(MOST | {"recovery_s": 30.0})["assumed"]


@pytest.mark.parametrize(
    "change",
    [{"duration_s": 1.9}, {"recovery_s": 1800.0}, {"duration_s": 60.9, "recovery_s": 60.0}],
)
def test_without_time_for_a_stretch_and_its_recovery_the_plan_goes_forward_and_says_why(change: Wish) -> None:
    answer = made(MOST | change)
    assert {bout["direction"] for bout in answer["bouts"]} == {"forward"}
    assert "backward_only" not in answer
    assert WARNINGS[NO_TIME] in answer["warnings"]


@pytest.mark.parametrize("change", [{"duration_s": 30.0}, {"duration_s": 60.9}, {"longest_backward_s": 3600.0}])
def test_a_session_too_short_for_the_longest_stretch_is_half_backward(change: Wish) -> None:
    wish = MOST | change
    answer = made(wish)
    assert answer["assumed"]["recovery_s"] == wish["duration_s"] / 2
    assert [(bout["times"], bout["duration_s"]) for bout in answer["backward_only"]["bouts"]] == [
        (1, pytest.approx(wish["duration_s"] / 2))
    ]


def test_a_stretch_longer_than_the_session_leaves_time_to_recover() -> None:
    answer = made(MOST | {"longest_backward_s": 3600.0, "recovery_s": 300.0})
    assert [(bout["times"], bout["duration_s"]) for bout in answer["backward_only"]["bouts"]] == [(1, 1500.0)]
    assert "recovery_s" in answer["backward_only"]["binding"]
    assert NO_TIME not in codes(answer)


@pytest.mark.parametrize("factor", [1.0, 1.0001, 1.005, 1.01, 1.02, 1.05])
def test_a_forward_bout_follows_each_stretch_or_none(factor: float) -> None:
    """With an impulse hardly above that of 900 s backward, a second forward after each stretch costs too much of it."""
    impulse = 15 * made(MOST | {"limits": {IMPULSE: 1300.0}})["bouts"][0]["load"][IMPULSE]["value"]
    wish = MOST | {"limits": {IMPULSE: impulse * factor}}
    answer = made(wish)
    check_stretches(answer, wish)
    headline = answer["summary"]["headline"]["text"]
    assert (" s forward" in headline) is (len(answer["bouts"]) > 1)
    assert len(answer["bouts"]) == 1 + (factor >= 1.005)


@pytest.mark.parametrize(("time", "recovery"), [(600.0, 1.0), (600.0, 5.0), (1000.0, 7.3), (333.3, 5.1), (1800.0, 1.7)])
def test_the_recovery_is_the_one_asked_for(time: float, recovery: float) -> None:
    wish = MOST | {"goal": "most_backward", "duration_s": time, "recovery_s": recovery, "experience": "months"}
    answer = made(wish)
    back, there = answer["bouts"]
    assert back["times"] == there["times"]
    assert there["duration_s"] == recovery
    assert answer["totals"]["duration_s"] <= time
    assert answer["weeks"][-1]["forward_s"] == recovery
    only = answer["backward_only"]
    assert only["rest_s"] == only["bouts"][0]["times"] * recovery
    assert f"{in_time(recovery)} forward after each" in answer["summary"]["headline"]["text"]


def test_backward_at_two_speeds_is_done_in_one_stretch(monkeypatch: pytest.MonkeyPatch) -> None:
    """No request that we know of needs it, so the mix is set here, with rounding that would exceed the stretch."""
    mix = Mix({2000: 450.0, 2100: 450.0 * (1 + 1e-12), 100: 600.0}, [], 1.0)
    monkeypatch.setattr(import_module("retrorun.models.plan.plan"), "best_mix", lambda task, candidates: mix)
    wish = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": TIME, "speed_low_m_s": 2.0}
    answer = made(wish | {"speed_high_m_s": 3.9})
    assert [(bout["times"], bout["direction"], bout["duration_s"]) for bout in answer["bouts"]] == [
        (15, "backward", 30.0),
        (15, "backward", 30.0),
        (15, "forward", 40.0),
    ]
    check_stretches(answer, wish)


@pytest.mark.parametrize(("experience", "most"), [("never", 360.0), ("weeks", 900.0), ("months", 980.0)])
def test_experience_limits_the_time_backward(experience: str, most: float) -> None:
    wish = MOST | {"duration_s": 2000.0, "experience": experience}
    only = made(wish)["backward_only"]
    assert backward_s(only) == pytest.approx(most, rel=CLOSE)
    assert ("experience" in only["binding"]) is (experience != "months")
    assert SESSION_BACKWARD_S.get(cast(Any, experience), 980.0) == most


def test_a_target_out_of_reach_names_what_the_stretches_leave() -> None:
    wish = LEAST | {ENERGY: 640.0, "speed_high_m_s": 3.0, "experience": "never", "recovery_s": 20.0}
    with pytest.raises(Unattainable) as caught:
        made(wish)
    nearest = with_nearest(wish, caught.value)
    answer = made(nearest)
    check_feasible(answer, nearest)
    assert energy_of(answer) == pytest.approx(made(wish | {ENERGY: caught.value.high})["totals"][ENERGY]["value"])


class TestFixedSpeeds:
    WISH = WALKS | {"speed_high_m_s": 1.4, "backward_speed_high_m_s": 1.2, "fixed_speeds": True}

    def test_every_bout_is_at_the_given_speed(self) -> None:
        answer = made(self.WISH)
        for option in (answer, *(answer[way] for way in WAYS)):
            for bout in option["bouts"]:
                assert bout["speed_m_s"] == {"forward": 1.4, "backward": 1.2}[bout["direction"]]
        assert {bout["direction"] for bout in answer["bouts"]} == {"forward", "backward"}

    @pytest.mark.parametrize("missing", ["speed_high_m_s", "backward_speed_high_m_s"])
    def test_both_speeds_are_needed(self, missing: str) -> None:
        with pytest.raises(Missing) as caught:
            made({name: value for name, value in self.WISH.items() if name != missing})
        assert caught.value.field == missing

    @pytest.mark.parametrize(
        ("gait", "there", "back"),
        [("walk", 1.2, 0.8), ("walk", 0.4, 0.2), ("walk", 3.0, 2.5), ("run", 1.2, 0.5), ("run", 6.5, 5.0)],
    )
    def test_a_speed_outside_the_studies_is_planned_with_the_warnings_of_its_estimate(
        self, gait: Any, there: float, back: float
    ) -> None:
        answer = made(
            {"body_mass_kg": 70.0, "goal": "most_backward", "duration_s": TIME, "gait": gait, "fixed_speeds": True}
            | {"speed_high_m_s": there, "backward_speed_high_m_s": back}
        )
        assert [(bout["direction"], bout["speed_m_s"]) for bout in answer["bouts"]] == [
            ("backward", back),
            ("forward", there),
        ]
        assert backward_s(answer) == pytest.approx(TIME / 2, rel=CLOSE)
        bouts = {"forward": there, "backward": back}
        for way, speed in bouts.items():
            one = cast(Any, estimate)(body_mass_kg=70.0, gait=gait, speed_m_s=speed, duration_s=60.0)
            outside = {code for code in codes(one) if code.startswith("energy.") and concerns(code, cast(Any, way))}
            assert outside <= set(codes(answer))
            (bout,) = answer[f"{way}_only"]["bouts"]
            part = bout["duration_s"] / 60.0
            assert bout[ENERGY]["value"] == pytest.approx(part * one[way][ENERGY]["value"], rel=1e-12)
        assert any(code.startswith("energy.") for code in codes(answer))

    def test_a_load_is_limited_outside_the_speeds_of_its_studies_too(self) -> None:
        """Achilles load was studied from 2.7 m/s on."""
        wish = MOST | {"speed_high_m_s": 2.0, "backward_speed_high_m_s": 1.5, "fixed_speeds": True}
        answer = made(wish | {"limits": {"achilles_relative_load": 1.2}})
        assert {bout["direction"] for bout in answer["bouts"]} == {"forward", "backward"}
        assert "load.run_achilles_speed" in codes(answer)

    def test_a_load_unknown_at_a_speed_leaves_that_direction_out_and_is_named(self) -> None:
        wish = MOST | {"speed_high_m_s": 3.0, "fixed_speeds": True, "limits": {IMPULSE: 1000.0}}
        known, unknown = (made(wish | {"backward_speed_high_m_s": speed}) for speed in (3.5, 3.6))
        assert "backward_only" in known
        assert "backward_only" not in unknown
        warning = WARNINGS["absent.plan_backward_unknown"]
        assert warning in unknown["warnings"]
        assert warning not in known["warnings"]
        assert f"{IMPULSE} above 3.5 m/s" in warning["message"]

    def test_speeds_that_nobody_can_breathe_for_are_refused(self) -> None:
        wish = MOST | {"speed_high_m_s": 8.0, "backward_speed_high_m_s": 8.0, "fixed_speeds": True}
        with pytest.raises(Undefined, match="slower speeds") as caught:
            made(wish | {"grade": 0.3, "energy_model": "minetti2002"})
        assert caught.value.field == "speed_high_m_s"

    def test_without_fixed_speeds_a_plan_stays_inside_the_studies(self) -> None:
        answer = made(self.WISH | {"backward_speed_high_m_s": 0.8, "fixed_speeds": False})
        assert "backward_only" not in answer
        assert "absent.plan_backward_only" in codes(answer)

    def test_a_backward_speed_above_the_forward_one_is_used(self) -> None:
        answer = made(MOST | {"speed_high_m_s": 2.1, "backward_speed_high_m_s": 2.4, "fixed_speeds": True})
        assert answer["backward_only"]["bouts"][0]["speed_m_s"] == 2.4


class TestWeeks:
    WISH = MOST | {"limits": {IMPULSE: 1200.0}, "experience": "never"}

    @given(
        st.one_of(st.integers(1, 4), st.integers(1, 10_000)),
        st.floats(1.0, 600.0),
        st.floats(0.0, 600.0),
        st.floats(0.0, 600.0),
    )
    def test_no_week_exceeds_the_plan_and_none_falls(
        self, number: int, backward: float, forward: float, rest: float
    ) -> None:
        weeks = weeks_of(number, backward_s=backward, forward_s=forward, rest_s=rest)
        times = [week["times"] for week in weeks]
        totals = [week["times"] * week["backward_s"] for week in weeks]
        assert [week["week"] for week in weeks] == [1, 2, 3, 4]
        assert times == sorted(times)
        assert totals == sorted(totals)
        assert times[0] >= 1
        assert (times[-1], weeks[-1]["backward_s"]) == (number, backward)
        for week, total, share in zip(weeks, totals, (1 / 2, 2 / 3, 5 / 6, 1.0), strict=True):
            assert total <= max(1.0, share * number * backward) * (1 + CLOSE)
            assert 1.0 <= week["backward_s"] <= backward
            assert (week["forward_s"], week["rest_s"]) == (forward, rest)
            assert week["sessions"] == 2

    @pytest.mark.parametrize(
        ("longest", "first"), [(360.0, (1, 180.0)), (180.0, (1, 180.0)), (120.0, (1, 120.0)), (60.0, (3, 60.0))]
    )
    def test_a_beginner_starts_with_half_of_the_time_or_less(self, longest: float, first: tuple[int, float]) -> None:
        weeks = made(MOST | {"goal": "most_backward", "experience": "never", "longest_backward_s": longest})["weeks"]
        assert (weeks[0]["times"], weeks[0]["backward_s"]) == first
        assert weeks[-1]["times"] * weeks[-1]["backward_s"] == pytest.approx(360.0)

    @pytest.mark.parametrize(("number", "times"), [(1, [1, 1, 1, 1]), (2, [1, 1, 1, 2]), (9, [4, 6, 7, 9])])
    def test_a_share_of_the_stretches_is_rounded_down(self, number: int, times: list[int]) -> None:
        weeks = weeks_of(number, backward_s=60.0, forward_s=60.0, rest_s=0.0)
        assert [week["times"] for week in weeks] == times

    def test_the_last_week_is_the_plan(self) -> None:
        answer = made(self.WISH)
        back, there = answer["bouts"]
        last = answer["weeks"][-1]
        assert (last["times"], last["backward_s"]) == (back["times"], back["duration_s"])
        assert last["forward_s"] == pytest.approx(there["duration_s"], rel=CLOSE)
        parts = ("backward_s", "forward_s", "rest_s")
        assert last["times"] * sum(last[part] for part in parts) == pytest.approx(TIME, rel=CLOSE)

    def test_the_weeks_are_called_a_choice(self) -> None:
        message = WARNINGS["caution.plan_weeks_are_a_choice"]
        assert message in made(self.WISH)["warnings"]
        assert all(
            word in message["message"] for word in ("No study", "our choice", "grade D", "Stop if anything hurts")
        )

    def test_without_experience_or_time_backward_there_are_none(self) -> None:
        for wish in (MOST | {"limits": {IMPULSE: 1200.0}}, self.WISH | {"duration_s": 30.0}):
            answer = made(wish)
            assert "weeks" not in answer
            assert "caution.plan_weeks_are_a_choice" not in codes(answer)

    def test_every_number_is_a_choice_in_the_catalogue(self) -> None:
        found = [one for one in catalogue()["constants"] if one["group"] == "practice"]
        assert {one["standing"] for one in found} == {"choice"}
        assert all("evidence grade D" in one["meaning"] for one in found)
        names = {one["name"].split(".")[1].split("[")[0] for one in found}
        assert names == {
            "LONGEST_BACKWARD_S",
            "RECOVERY_PER_BACKWARD",
            "SESSION_BACKWARD_S",
            "WEEK_SHARES",
            "SESSIONS_PER_WEEK",
        }


@pytest.mark.parametrize("place", ["treadmill", "track", "path"])
def test_a_place_adds_its_advice(place: str) -> None:
    wish = MOST | {"limits": {IMPULSE: 1200.0}, "place": place}
    warning = WARNINGS[f"caution.on_{place}"]
    assert warning["severity"] == "safety"
    assert warning in made(wish)["warnings"]
    others = {f"caution.on_{other}" for other in ("treadmill", "track", "path")} - {warning["code"]}
    assert not others & set(codes(made(wish)))
    only = made(MOST | {"place": place})["warnings"]
    assert f"For backward_only: {warning['message']}" in [one["message"] for one in only]
    assert warning["code"] not in codes(made(MOST | {"place": place, "recovery_s": 1800.0}))


@pytest.mark.parametrize(
    "change", [{"longest_backward_s": 4.9}, {"longest_backward_s": 86_401.0}, {"recovery_s": 0.9}, {"recovery_s": 9e4}]
)
def test_a_stretch_out_of_bounds_is_refused(change: Wish) -> None:
    with pytest.raises(OutOfRange) as caught:
        made(MOST | change)
    assert caught.value.field in change


def test_a_bout_too_far_is_done_several_times() -> None:
    answer = made({"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": 172_800.0})
    (bout,) = answer["forward_only"]["bouts"]
    assert bout["times"] == 2
    assert bout["distance_m"] <= 500_000.0
    assert bout["times"] * bout["duration_s"] == pytest.approx(172_800.0, rel=CLOSE)
    assert np.isclose(answer["forward_only"]["totals"]["distance_m"], 2 * bout["distance_m"], rtol=1e-12)


def test_the_first_warning_says_to_give_the_own_speed_backward_first() -> None:
    message = WARNINGS["caution.plan_without_own_limit"]["message"]
    assert "uses the fastest speeds that were measured" in message
    assert message.index("backward_speed_high_m_s") < message.index("oxygen_uptake_max_ml_kg_min")


def test_a_field_that_is_no_choice_is_a_conflict_only_for_the_speeds() -> None:
    with pytest.raises(Conflict):
        made(MOST | {"fixed_speeds": True})


COACHED: Wish = {**MOST, "goal": "most_backward", "speed_high_m_s": 3.0}


class TestMostBackward:
    """The goal of a coach: as much time backward as is allowed, whether it takes more energy or less than forward."""

    @pytest.mark.parametrize("backward", [2.0, 2.4, 2.9])
    def test_a_slow_backward_speed_is_used_too(self, backward: float) -> None:
        wish = {**COACHED, "backward_speed_high_m_s": backward, "fixed_speeds": True}
        found = made(wish)
        assert most_backward(wish) == pytest.approx(TIME / 2)
        assert [(bout["direction"], bout["speed_m_s"]) for bout in found["bouts"]] == [
            ("backward", backward),
            ("forward", 3.0),
        ]
        assert backward_s(found) == pytest.approx(TIME / 2)
        assert found["totals"]["duration_s"] == pytest.approx(TIME)

    def test_a_limit_comes_before_the_time_backward(self) -> None:
        wish = {**COACHED, "backward_speed_high_m_s": 2.4, "fixed_speeds": True, "limits": {IMPULSE: 500.0}}
        found = made(wish)
        assert {bout["direction"] for bout in found["bouts"]} == {"backward"}
        assert found["totals"]["load"][IMPULSE]["value"] == pytest.approx(500.0)
        assert found["binding"][0] == IMPULSE

    @given(st.floats(1.9, 3.4), st.floats(100.0, 2000.0))
    @settings(max_examples=15)
    def test_no_other_goal_goes_backward_longer(self, backward: float, limit: float) -> None:
        wish = {**COACHED, "backward_speed_high_m_s": backward, "limits": {IMPULSE: limit}}
        longest = backward_s(made(wish))
        assert longest <= most_backward(wish) * (1 + CLOSE)
        assert backward_s(made({**wish, "goal": "most_energy"})) <= longest * (1 + CLOSE) + CLOSE
