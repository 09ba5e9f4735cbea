"""A limit is held for one person with the wanted probability, and no other plan holds it better."""

from typing import Any, TypeAlias, cast

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.plan.answer import ENERGY, MAXIMUM, UPTAKE
from retrorun.models.plan.plan import plan
from retrorun.models.solve.solve import solve
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.vocabulary.errors import OutOfRange, Unattainable, Undefined
from retrorun.models.workout.shared_errors import combined_spread
from retrorun.models.workout.workout import workout
from tests.models.plan.test_plan import (
    CAPPED,
    CLOSE,
    LEAST_LOAD,
    MIXED,
    MOST,
    MOST_ENERGY,
    TO_THE_MM,
    Points,
    check_stretches,
    energy_of,
    load_of,
    most_backward,
    reached,
    with_nearest,
)

Wish: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]

KNEE, VERTICAL, ACHILLES = "patellofemoral_peak_force_bw", "peak_vertical_force_bw", "achilles_relative_load"
WAYS = ("forward_only", "backward_only")
WISHES = st.one_of(MOST_ENERGY, LEAST_LOAD, MIXED)
CONFIDENCE = st.floats(0.5, 0.99)


def made(wish: Wish) -> Answer:
    return cast(Answer, plan(**wish))


def attained(wish: Wish) -> Answer | None:
    """Return a plan, or None if there is none."""
    try:
        return made(wish)
    except Undefined:
        return None


def options(answer: Answer) -> list[Answer]:
    return [answer, *(answer[way] for way in WAYS if way in answer)]


def limits_of(wish: Wish) -> dict[str, float]:
    found: dict[str, float] = wish.get("limits", {})
    return found | ({MAXIMUM: wish[MAXIMUM]} if MAXIMUM in wish else {})


def check_held(option: Answer, wish: Wish, confidence: float) -> None:
    """Check with estimates and a workout of the bouts that the ends of their ranges keep every limit."""
    person = {"body_mass_kg", "grade", "energy_model", "direction_model", "step_rate_ratio", "measurements"}
    of_person = {name: value for name, value in wish.items() if name in person} | {"interval": 2 * confidence - 1}
    gait = wish.get("gait", "run")
    if of_person["interval"] < 0.5:
        return
    for name, limit in limits_of(wish).items():
        if name == IMPULSE:
            segments = [
                {
                    "repeat": bout["times"],
                    "segments": [
                        {"duration_s": max(1.0, bout["duration_s"]), "gait": gait, "grade": wish.get("grade", 0.0)}
                        | {key: bout[key] for key in ("direction", "speed_m_s")}
                    ],
                }
                for bout in option["bouts"]
            ]
            by_gait = {key: value for key, value in of_person.items() if key not in ("grade", "energy_model")}
            whole = cast(Answer, workout(segments=cast(Any, segments), **by_gait))
            assert whole["totals"]["load"][IMPULSE]["high"] <= limit * (1 + CLOSE)
            continue
        for bout in option["bouts"]:
            found = estimate(speed_m_s=bout["speed_m_s"], duration_s=600.0, gait=gait, **of_person)
            section = cast(Answer, found)[bout["direction"]]
            entry = (section | section["load"])[UPTAKE if name == MAXIMUM else name]
            assert entry["high"] <= limit * (1 + CLOSE)


@settings(max_examples=60, deadline=None)
@given(WISHES)
def test_at_0_5_it_is_the_plan_of_the_central_estimates(wish: Wish) -> None:
    central = attained(wish)
    if central is None:
        assert attained(wish | {"confidence": 0.5}) is None
        return
    assert central["assumed"].pop("confidence") == 0.5
    assert made(wish | {"confidence": 0.5}) == central
    assert WARNINGS["caution.plan_central"] in central["warnings"]
    for option in options(central):
        for name, limit in wish.get("limits", {}).items():
            if name != UPTAKE:
                assert load_of(option, name) <= limit * (1 + CLOSE)


@settings(max_examples=80, deadline=None)
@given(WISHES, CONFIDENCE)
def test_the_ends_of_the_ranges_keep_every_limit(wish: Wish, confidence: float) -> None:
    answer = attained(wish | {"confidence": confidence})
    if answer is None:
        return
    assert "confidence" not in answer["assumed"]
    for option in options(answer):
        check_held(option, wish, confidence)
        assert len(option["bouts"]) <= 3
        check_stretches(option, wish)
        for chance in option.get("probabilities", ()):
            assert chance["at_most"] >= confidence - CLOSE
            assert chance["limit"] in limits_of(wish)


@settings(max_examples=80, deadline=None)
@given(WISHES, st.lists(CONFIDENCE, min_size=2, max_size=2).map(sorted))
def test_a_higher_confidence_never_meets_the_goal_better(wish: Wish, confidences: list[float]) -> None:
    """Fewer plans are allowed, so there is no more energy, and no lower load to minimise."""
    low, high = (attained(wish | {"confidence": confidence}) for confidence in confidences)
    if high is None:
        return
    assert low is not None
    better, worse = reached(low, wish), reached(high, wish)
    assert worse <= better + CLOSE * abs(better)


@settings(max_examples=80, deadline=None)
@given(
    st.one_of(MOST_ENERGY, MIXED).filter(lambda wish: wish["goal"] == "most_energy" and len(limits_of(wish)) == 1),
    st.lists(CONFIDENCE, min_size=2, max_size=2).map(sorted),
)
def test_a_higher_confidence_never_gives_more_of_a_limited_load(wish: Wish, confidences: list[float]) -> None:
    low, high = (attained(wish | {"confidence": confidence}) for confidence in confidences)
    if low is None or high is None:
        return
    (name,) = limits_of(wish)
    for way in WAYS:
        if way in low and way in high and name not in (UPTAKE, MAXIMUM):
            assert load_of(high[way], name) <= load_of(low[way], name) * (1 + TO_THE_MM)
            assert energy_of(high[way]) <= energy_of(low[way]) * (1 + CLOSE)


def best_of_grid(wish: Wish, confidence: float) -> float | None:
    """Return the most energy of any two speeds of a grid with any split, within a held impulse."""
    points = [
        Points(wish | {name: 0.2}, lambda low, high: np.linspace(low, high, 41)).rates
        for name in ("backward_speed_high_m_s", "none")
    ]
    forward, both = (rates[ENERGY].size for rates in points)
    rates = points[1]
    backward = np.arange(both) >= forward
    score, limit, time = standard_score(2 * confidence - 1), wish["limits"][IMPULSE], wish["duration_s"]
    cap = most_backward(wish)
    parts = np.linspace(0.0, 1.0, 41)
    best = 0.0
    for row in range(both):
        energy = parts[:, None] * rates[ENERGY][row] + (1 - parts[:, None]) * rates[ENERGY]
        one, other = parts[:, None] * rates[IMPULSE][row], (1 - parts[:, None]) * rates[IMPULSE]
        share = (one * backward[row] + other * backward) / (one + other)
        held = (one + other) * np.exp(score * np.hypot(0.35, share * np.hypot(0.27, 0.05 / 1.075)))
        back = parts[:, None] * backward[row] + (1 - parts[:, None]) * backward
        seconds = np.minimum(np.minimum(time, cap / np.maximum(back, 1e-12)), limit / held)
        # No bout is too short: in each stretch there is one at each speed backward, then one at each speed forward.
        least = np.maximum(1.0, np.ceil(seconds * back / wish.get("longest_backward_s", 60.0)))
        first, second = parts[:, None] * seconds, (1 - parts[:, None]) * seconds
        kept = ((first >= least) | (first == 0)) & ((second >= least) | (second == 0))
        best = max(best, float(np.max(energy * seconds, initial=0.0, where=kept)))
    return best


@settings(max_examples=40, deadline=None)
@given(MIXED.filter(lambda wish: IMPULSE in wish.get("limits", {})), CONFIDENCE, st.floats(0.8, 1.8))
def test_no_mix_of_a_grid_has_more_energy_within_the_held_impulse(wish: Wish, confidence: float, factor: float) -> None:
    wish = wish | {"limits": {IMPULSE: wish["limits"][IMPULSE] * factor}}
    answer = made(wish | {"confidence": confidence})
    best = best_of_grid(wish, confidence)
    assert best is not None
    assert energy_of(answer) >= best * (1 - TO_THE_MM)
    assert all(energy_of(option) <= energy_of(answer) * (1 + CLOSE) for option in options(answer))


@pytest.mark.parametrize(("duration_s", "limit"), [(300.0, 168.0), (300.0, 184.0), (4430.0, 2480.0)])
@pytest.mark.parametrize("confidence", [0.5, 0.8])
def test_fewer_stretches_are_used_where_each_needs_a_bout_after_it(
    duration_s: float, limit: float, confidence: float
) -> None:
    wish = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": duration_s, "limits": {IMPULSE: limit}}
    wish |= {"backward_speed_high_m_s": 2.0, "speed_high_m_s": 3.0, "longest_backward_s": 5.0, "recovery_s": 2.0}
    best = best_of_grid(wish, confidence)
    assert best is not None
    assert energy_of(made(wish | {"confidence": confidence})) >= best * (1 - TO_THE_MM)


@pytest.mark.parametrize(("confidence", "limit"), [(0.6, 1650.0), (0.8, 2050.0), (0.95, 2900.0)])
def test_a_limit_that_binds_is_the_quantile_of_the_whole_mix(confidence: float, limit: float) -> None:
    wish = MOST | {"limits": {IMPULSE: limit}, "confidence": confidence}
    answer = made(wish)
    assert IMPULSE in answer["binding"]
    assert {bout["direction"] for bout in answer["bouts"]} == {"forward", "backward"}
    total = answer["totals"]["load"][IMPULSE]
    parts = {
        bout["direction"]: bout["times"] * bout["load"][IMPULSE]["value"] / total["value"] for bout in answer["bouts"]
    }
    ratio = np.hypot(0.27, 0.05 / 1.075)
    spread = combined_spread(forward=[0.35], ratio=[parts.get("backward", 0.0) * ratio])
    quantile = total["value"] * np.exp(standard_score(2 * confidence - 1) * spread)
    assert quantile == pytest.approx(limit, rel=CLOSE)
    assert answer["probabilities"] == [{"limit": IMPULSE, "at_most": pytest.approx(confidence, rel=CLOSE)}]


def test_the_probability_of_a_limit_is_that_of_its_bout() -> None:
    wish = MOST | {MAXIMUM: 55.0, "limits": {KNEE: 7.0, VERTICAL: 2.9}, "confidence": 0.8}
    answer = made(wish)
    (bout,) = answer["forward_only"]["bouts"]
    found = {one["limit"]: one["at_most"] for one in answer["forward_only"]["probabilities"]}
    for name, limit in limits_of(wish).items():
        asked = {(UPTAKE if name == MAXIMUM else name): limit}
        bout_asked: Any = {"body_mass_kg": 70.0, "gait": "run", "speed_m_s": bout["speed_m_s"], "duration_s": 600.0}
        solved = cast(Answer, solve(find="probability", **bout_asked | asked))
        assert found[name] == pytest.approx(solved["forward"]["probability"]["at_most"], rel=CLOSE)
    assert min(found.values()) == pytest.approx(0.8, abs=TO_THE_MM)


def test_the_probability_of_two_bouts_is_the_lower_one() -> None:
    """They share the errors of the person, so the highest peak is that of one of them."""
    answer = made(MOST | {"limits": {IMPULSE: 2050.0, VERTICAL: 3.2}, "confidence": 0.8})
    chances = []
    for bout in answer["bouts"]:
        asked: Any = {"gait": "run", "speed_m_s": bout["speed_m_s"], "duration_s": 600.0, VERTICAL: 3.2}
        solved = cast(Answer, solve(find="probability", body_mass_kg=70.0, **asked))
        chances.append(solved[bout["direction"]]["probability"]["at_most"])
    assert len(set(chances)) == 2
    found = {one["limit"]: one["at_most"] for one in answer["probabilities"]}
    assert found[VERTICAL] == pytest.approx(min(chances), rel=CLOSE)


def test_the_least_impulse_may_need_another_direction_to_be_held() -> None:
    """Backward at 2.0 m/s has the lower central impulse for its energy, forward at 3.5 m/s the lower one at 0.99."""
    wish: Wish = {"body_mass_kg": 70.0, "goal": "least_load", ENERGY: 300.0, "duration_s": 7200.0, "indicator": IMPULSE}
    wish |= {"backward_speed_high_m_s": 2.0}
    free = made(wish | {"confidence": 0.99})
    assert [bout["direction"] for bout in free["bouts"]] == ["backward"]
    held_by_forward = made(wish)["forward_only"]["totals"]["load"][IMPULSE]["value"] * np.exp(
        standard_score(0.98) * 0.35
    )
    limited = wish | {"limits": {IMPULSE: held_by_forward * 1.001}, "confidence": 0.99}
    answer = made(limited)
    check_held(answer, limited, 0.99)
    assert energy_of(answer) == pytest.approx(300.0, rel=CLOSE)
    assert "forward" in [bout["direction"] for bout in answer["bouts"]]
    assert load_of(free, IMPULSE) < load_of(answer, IMPULSE) <= load_of(made(wish)["forward_only"], IMPULSE)


@pytest.mark.parametrize("seconds", [1.5, 1.7, 2.0, 3.0])
@pytest.mark.parametrize("share", [0.7, 0.9, 1.0])
def test_no_bout_is_shorter_than_allowed(seconds: float, share: float) -> None:
    """In a few seconds two bouts hardly fit."""
    wish = MOST | {"duration_s": seconds, "limits": {IMPULSE: 2000.0 * seconds * share / 1800.0}, "confidence": 0.8}
    for option in options(made(wish)):
        assert min(bout["duration_s"] for bout in option["bouts"]) >= 1.0
        check_held(option, wish, 0.8)


def test_without_a_limit_it_changes_nothing_and_names_no_probability() -> None:
    for wish in (CAPPED | {"goal": "most_energy", "duration_s": 1800.0}, MOST | {"backward_speed_high_m_s": 3.0}):
        central, sure = made(wish), made(wish | {"confidence": 0.95})
        assert sure["bouts"] == central["bouts"]
        assert "probabilities" not in sure


def test_the_warning_of_a_confidence_says_on_what_it_rests() -> None:
    answer = made(MOST | {"limits": {KNEE: 7.0}, "confidence": 0.9})
    assert WARNINGS["caution.plan_confidence"] in answer["warnings"]
    assert WARNINGS["caution.plan_central"] not in answer["warnings"]


def test_a_load_with_only_a_range_has_no_probability() -> None:
    wish = MOST | {"backward_speed_high_m_s": 3.4, "limits": {ACHILLES: 1.8}, "confidence": 0.9}
    answer = made(wish)
    assert "probabilities" not in answer["backward_only"]
    assert [one["limit"] for one in answer["forward_only"]["probabilities"]] == [ACHILLES]
    assert WARNINGS["caution.plan_backward_achilles"] in answer["warnings"]


@settings(max_examples=60, deadline=None)
@given(st.one_of(MOST_ENERGY, LEAST_LOAD), st.floats(0.6, 0.99), st.floats(0.3, 0.9))
def test_the_nearest_value_of_a_limit_has_a_plan_with_the_same_confidence(
    wish: Wish, confidence: float, factor: float
) -> None:
    limits = {name: value * factor for name, value in wish.get("limits", {}).items()}
    wish = wish | {"confidence": confidence} | ({"limits": limits} if limits else {})
    try:
        made(wish)
    except Unattainable as refusal:
        if refusal.nearest is not None:
            nearest = with_nearest(wish, refusal)
            check_held(made(nearest), nearest, confidence)
    except (Undefined, OutOfRange):
        return


@pytest.mark.parametrize("confidence", [0.49, 0.991, 0.0, 1.0])
def test_a_confidence_that_no_range_supports_is_refused(confidence: float) -> None:
    with pytest.raises(OutOfRange) as caught:
        made(MOST | {"confidence": confidence})
    assert caught.value.field == "confidence"
