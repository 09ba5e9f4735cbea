"""Own measurements and the compact personal factor, in every kind of question."""

import json
import math
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrorun.models.estimate.estimate import estimate
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.plan.plan import plan
from retrorun.models.solve.solve import solve
from retrorun.models.vocabulary.errors import Conflict, EstimateError
from retrorun.models.workout.workout import workout

Answer = Any

SOLVE: Any = solve
WORKOUT: Any = workout
PLAN: Any = plan

ENERGIES = ("metabolic_power_w_kg", "total_energy_kcal")
SPEEDS = {"run": (2.0, 3.2), "walk": (0.7, 1.8)}


def answer(**bout: Any) -> Answer:
    """Return an estimate of a bout, by default of running."""
    return estimate(**{"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0, **bout})


def width(interval: Any) -> float:
    """Return the logarithm of the width of an interval."""
    return math.log(interval["high"] / interval["low"])


def widths(bout: Answer) -> dict[str, float]:
    """Return the widths of the energies, each way."""
    return {f"{side} {name}": width(bout[side][name]) for side in ("forward", "backward") for name in ENERGIES}


def measured(
    gait: str, speed_m_s: float, times: float = 1.0, direction: str = "forward", **more: Any
) -> dict[str, Any]:
    """Return a measurement that is a number of times what the model predicts for the population."""
    found = answer(gait=gait, speed_m_s=speed_m_s, grade=more.get("grade", 0.0))[direction]
    what = {"oxygen_uptake_ml_kg_min": times * found["oxygen_uptake_ml_kg_min"]["value"]}
    if more.pop("by_energy", False):
        what = {"total_energy_kcal": times * found["total_energy_kcal"]["value"], "duration_s": 1200.0}
    return {"speed_m_s": speed_m_s, "direction": direction} | what | more


def of_gait(gait: str) -> Any:
    """Return a strategy of lists of measurements in a gait."""
    return st.lists(
        st.builds(
            measured,
            st.just(gait),
            st.floats(*SPEEDS[gait]),
            st.floats(0.5, 1.6),
            st.sampled_from(["forward", "backward"]),
            grade=st.sampled_from([0.0, 0.05]),
            measurement_cv=st.floats(0.005, 0.5),
            by_energy=st.booleans(),
        ),
        min_size=1,
        max_size=8,
    )


@settings(deadline=None)
@given(
    st.sampled_from(["run", "walk"]).flatmap(lambda gait: st.tuples(st.just(gait), of_gait(gait))),
    st.sampled_from(["documented", "pooled"]),
    st.sampled_from([0.5, 0.9, 0.95, 0.99]),
    st.sampled_from([-0.1, 0.0, 0.1]),
    st.integers(1, 50),
)
def test_no_measurement_widens_a_range(
    asked: tuple[str, list[Any]], model: str, interval: float, grade: float, times: int
) -> None:
    gait, measurements = asked
    bout = {"gait": gait, "speed_m_s": 1.5 if gait == "walk" else 2.5, "grade": grade}
    bout |= {"direction_model": model, "interval": interval}
    before = widths(answer(**bout))
    for number in range(1, len(measurements) + 1):
        # The last one is repeated, because many measurements narrow a range most.
        after = widths(answer(measurements=measurements[:number] + measurements[number - 1 : number] * times, **bout))
        assert all(after[name] <= before[name] * (1 + 1e-12) for name in before)
        before = widths(answer(measurements=measurements[:number], **bout))


@pytest.mark.parametrize("interval", [0.9, 0.99])
def test_a_backward_measurement_narrows_forward_although_three_studies_are_widened_most(interval: float) -> None:
    bout = {"gait": "walk", "speed_m_s": 1.5, "interval": interval}
    none, one, many = (
        answer(**bout, **({"measurements": [measured("walk", 1.5, direction="backward")] * number} if number else {}))
        for number in (0, 1, 50)
    )
    for side in ("forward", "backward"):
        ends = [width(found[side]["total_energy_kcal"]) for found in (none, one, many)]
        assert ends[0] > ends[1] > ends[2]


BOTH_WAYS = [measured("run", 3.0, 1.1), measured("run", 3.0, 0.95, "backward", measurement_cv=0.03)]


def factor(**bout: Any) -> Any:
    """Return the compact factor that an estimate returns, as it comes back from JSON."""
    return json.loads(json.dumps(answer(**{"measurements": BOTH_WAYS, **bout})["personal"]))


@pytest.mark.parametrize(
    "bout",
    [
        {},
        {"grade": -0.1, "interval": 0.99},
        {"equal": "metabolic_rate"},
        {"equal": "heart_rate", "overground": True},
        {"weight_support": 0.1},
        {"direction_model": "pooled", "energy_model": "minetti2002", "speed_sd_m_s": 0.1},
    ],
)
def test_a_compact_factor_gives_the_answer_of_its_measurements(bout: dict[str, Any]) -> None:
    given = answer(measurements=BOTH_WAYS, **bout)
    assert answer(personal=json.loads(json.dumps(given["personal"])), **bout) == given


@settings(deadline=None)
@given(
    st.sampled_from(["run", "walk"]).flatmap(lambda gait: st.tuples(st.just(gait), of_gait(gait))),
    st.sampled_from(["forward", "backward"]),
    st.sampled_from([0.5, 0.9, 0.99]),
    st.sampled_from([-0.1, 0.0, 0.1]),
    st.integers(1, 5),
)
def test_a_workout_of_one_segment_has_the_intervals_of_the_estimate(
    asked: tuple[str, list[Any]], direction: str, interval: float, grade: float, repeat: int
) -> None:
    gait, measurements = asked
    bout = {"gait": gait, "speed_m_s": 1.53 if gait == "walk" else 2.6, "grade": grade, "duration_s": 1200.0}
    found = answer(measurements=measurements, interval=interval, **bout)
    segment = {"direction": direction, **bout, "duration_s": 1200.0 / repeat}
    listed = [{"repeat": repeat, "segments": [segment]}]
    other = "forward" if direction == "backward" else "backward"
    for own in ({"personal": found["personal"]}, {"measurements": measurements}):
        whole = WORKOUT(body_mass_kg=70.0, segments=listed, interval=interval, **own)
        for name in ("total_energy", "active_energy"):
            for sums, bout_way in ((whole["totals"], direction), (whole["reversed"], other)):
                assert ends(sums[f"{name}_kcal"]) == pytest.approx(ends(found[bout_way][f"{name}_kcal"]), rel=1e-12)
            ratio = ends(found["ratio"][name])
            expected = ratio if direction == "forward" else [1 / end for end in ratio]
            assert sorted(ends(whole["ratio"][name])) == pytest.approx(sorted(expected), rel=1e-12)


def ends(interval: Any) -> list[float]:
    """Return a value and the ends of its interval."""
    return [interval[name] for name in ("value", "low", "high")]


@pytest.mark.parametrize("measurements", [BOTH_WAYS, BOTH_WAYS[1:] * 20, BOTH_WAYS[:1]])
@pytest.mark.parametrize("share", [0.2, 0.5, 0.9])
def test_a_sum_of_both_directions_has_the_covariance_of_their_errors(measurements: list[Any], share: float) -> None:
    found, score = answer(measurements=measurements), 2 * standard_score(0.90)
    forward, backward = (width(found[side]["total_energy_kcal"]) / score for side in ("forward", "backward"))
    ratio = width(found["ratio"]["total_energy"]) / score
    together = (forward**2 + backward**2 - ratio**2) / 2
    segments = [
        {"speed_m_s": 2.5, "duration_s": 1200.0 * share},
        {"speed_m_s": 2.5, "duration_s": 1200.0 * (1 - share), "direction": "backward"},
    ]
    whole = WORKOUT(body_mass_kg=70.0, segments=segments, personal=found["personal"])
    of_forward = share * found["forward"]["total_energy_kcal"]["value"] / whole["totals"]["total_energy_kcal"]["value"]
    of_backward = 1 - of_forward
    variance = of_forward**2 * forward**2 + of_backward**2 * backward**2 + 2 * of_forward * of_backward * together
    assert width(whole["totals"]["total_energy_kcal"]) / score == pytest.approx(math.sqrt(variance), rel=1e-9)


@settings(deadline=None)
@given(of_gait("run"), st.booleans(), st.sampled_from([0.5, 0.9, 0.99]))
def test_no_measurement_widens_a_workout_in_one_direction(
    measurements: list[Any], backward: bool, interval: float
) -> None:
    way = "backward" if backward else "forward"
    segments = [{"speed_m_s": 2.2 + 0.3 * place, "duration_s": 300.0, "direction": way} for place in range(3)]
    before = math.inf
    for number in range(len(measurements) + 1):
        own = {"measurements": measurements[:number]}
        whole = WORKOUT(body_mass_kg=70.0, segments=segments, interval=interval, **own)
        after = width(whole["totals"]["total_energy_kcal"])
        assert after <= before * (1 + 1e-12)
        before = after


def mixed(**own: Any) -> Answer:
    """Return a workout of both gaits."""
    segments = [{"speed_m_s": 2.5, "duration_s": 600.0}, {"speed_m_s": 1.4, "duration_s": 600.0}]
    return WORKOUT(body_mass_kg=70.0, segments=segments, include=["segments"], **own)


def powers(found: Answer) -> list[float]:
    """Return the power of each segment."""
    return [segment["metabolic_power_w_kg"]["value"] for segment in found["segments"]]


def codes(found: Answer) -> set[str]:
    """Return the codes of the warnings."""
    return {warning["code"] for warning in found["warnings"]}


def test_each_gait_of_a_workout_uses_its_own_measurements_or_factor() -> None:
    run, walk = measured("run", 3.0, 1.2), measured("walk", 1.3, 0.8)
    none = powers(mixed())
    of_run = math.exp(answer(measurements=[run])["personal"]["run"]["forward_log"])
    of_walk = math.exp(answer(speed_m_s=1.4, measurements=[walk])["personal"]["walk"]["forward_log"])
    two = {**answer(measurements=[run])["personal"], **answer(speed_m_s=1.4, measurements=[walk])["personal"]}
    # The gait of each measurement follows from its speed, since the workout has two.
    for own in ({"measurements": [run, walk]}, {"personal": two}):
        found = mixed(**own)
        assert powers(found) == pytest.approx([none[0] * of_run, none[1] * of_walk], rel=1e-12)
        assert "caution.personal_one_gait" not in codes(found)
    for alone in ({"measurements": [run]}, {"personal": {"run": two["run"]}}):
        found = mixed(**alone)
        assert powers(found) == pytest.approx([none[0] * of_run, none[1]], rel=1e-12)
        assert "caution.personal_one_gait" in codes(found)


def test_a_slow_measurement_without_a_gait_is_of_the_only_gait_of_a_workout() -> None:
    slow = measured("run", 1.8, 1.2)
    segments = [{"speed_m_s": 2.5, "duration_s": 600.0}]
    found = WORKOUT(body_mass_kg=70.0, segments=segments, measurements=[slow])
    assert found["totals"]["total_energy_kcal"]["value"] == pytest.approx(
        answer(duration_s=600.0, measurements=[slow])["forward"]["total_energy_kcal"]["value"]
    )


def test_a_solved_bout_takes_the_target_with_the_factor() -> None:
    own = {"personal": factor()}
    for target in ({"find": "speed", "gait": "run", "met": 9.0}, {"find": "bout", "total_energy_kcal": 300.0}):
        fixed = {} if "met" in target else {"speed_m_s": 2.5}
        found = SOLVE(body_mass_kg=70.0, **target, **fixed, **own)
        same = SOLVE(body_mass_kg=70.0, measurements=BOTH_WAYS, **target, **fixed)
        assert found == same
        for side in ("forward", "backward"):
            bout = {name: found[side][name]["value"] for name in ("speed_m_s", "duration_s") if name in found[side]}
            back = answer(**bout, gait="run", **own)[side]
            name = "met" if "met" in target else "total_energy_kcal"
            assert back[name]["value"] == pytest.approx(target[name], rel=1e-9)


def test_a_level_speed_and_a_speed_of_equal_cost_use_the_factor() -> None:
    own = {"personal": factor()}
    level = SOLVE(find="level_speed", body_mass_kg=70.0, speed_m_s=2.5, grade=0.05, **own)
    for side in ("forward", "backward"):
        steep, flat = answer(grade=0.05, **own), answer(speed_m_s=level[side]["speed_m_s"]["value"], **own)
        power = (found[side]["metabolic_power_w_kg"]["value"] for found in (steep, flat))
        assert next(power) == pytest.approx(next(power), rel=1e-9)
    equal = SOLVE(find="equal_cost_speed", body_mass_kg=70.0, speed_m_s=2.5, **own)
    expected = answer(equal="metabolic_rate", **own)["backward"]["speed_m_s"]
    assert equal["backward"]["speed_m_s"] == expected
    again = SOLVE(find="equal_cost_speed", body_mass_kg=70.0, gait="run", backward_speed_m_s=expected["value"], **own)
    assert again["forward"]["speed_m_s"]["value"] == pytest.approx(2.5, rel=1e-9)


def test_a_plan_uses_the_factor() -> None:
    own = {"personal": factor()}
    asked = {"goal": "most_energy", "body_mass_kg": 70.0, "duration_s": 1800.0, "speed_high_m_s": 3.0}
    found = PLAN(**asked, **own)
    assert found == PLAN(**asked, measurements=BOTH_WAYS)
    assert {bout["direction"] for bout in found["bouts"]} == {"forward", "backward"}
    for bout in found["bouts"]:
        same = answer(speed_m_s=bout["speed_m_s"], duration_s=bout["duration_s"], **own)[bout["direction"]]
        assert ends(bout["total_energy_kcal"]) == pytest.approx(ends(same["total_energy_kcal"]), rel=1e-12)
    (bout,) = found["forward_only"]["bouts"]
    total = found["forward_only"]["totals"]["total_energy_kcal"]
    assert ends(total) == pytest.approx(ends(bout["total_energy_kcal"]), rel=1e-12)


@pytest.mark.parametrize(
    ("own", "field"),
    [
        ({"personal": factor(), "measurements": BOTH_WAYS}, "personal"),
        ({"personal": {}}, "personal"),
        ({"personal": factor(), "gait": "walk"}, "personal"),
        ({"personal": factor(), "energy_model": "minetti2002"}, "personal/run/energy_model"),
        ({"personal": factor(), "direction_model": "pooled"}, "personal/run/direction_model"),
        ({"measurements": [BOTH_WAYS[0], BOTH_WAYS[0] | {"gait": "walk"}]}, "measurements/1/gait"),
        ({"personal": {"run": factor()["run"] | {"forward_log": 2.0}}}, "personal/run/forward_log"),
        ({"personal": {"run": factor()["run"] | {"forward_log": 1.0, "ratio_log": 1.0}}}, "personal/run/ratio_log"),
        ({"personal": {"run": factor()["run"] | {"covariance": -0.2}}}, "personal/run/covariance"),
        ({"personal": {"run": factor()["run"] | {"ratio_spread": math.nan}}}, "personal/run/ratio_spread"),
    ],
)
def test_a_factor_that_does_not_fit_is_refused_at_its_place(own: dict[str, Any], field: str) -> None:
    asked = {"body_mass_kg": 70.0, "speed_m_s": 2.5, **own}
    questions: list[Any] = [lambda: answer(**own), lambda: SOLVE(find="equal_cost_speed", **asked)]
    if "gait" not in own and "energy_model" not in own:
        segments = [{"speed_m_s": 2.5, "duration_s": 60.0}]
        questions.append(lambda: WORKOUT(body_mass_kg=70.0, segments=segments, **own))
    for question in questions[: 2 if field.startswith("measurements") else 3]:
        with pytest.raises(EstimateError) as caught:
            question()
        assert caught.value.field == field


def test_a_factor_of_neither_gait_of_a_workout_is_refused() -> None:
    segments = [{"speed_m_s": 1.4, "duration_s": 60.0}]
    for own in ({"personal": factor()}, {"measurements": [BOTH_WAYS[0] | {"gait": "run"}]}):
        with pytest.raises(Conflict) as caught:
            WORKOUT(body_mass_kg=70.0, segments=segments, **own)
        assert caught.value.field == next(iter(own))


def test_a_factor_of_other_coefficients_is_used_with_a_warning() -> None:
    old = {"personal": {"run": factor()["run"] | {"made_with": 1}}}
    bout = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 600.0}
    asked = {"goal": "most_energy", "body_mass_kg": 70.0, "duration_s": 1800.0}
    found: list[Answer] = [
        answer(**old),
        SOLVE(find="equal_cost_speed", body_mass_kg=70.0, speed_m_s=2.5, **old),
        WORKOUT(body_mass_kg=70.0, segments=[{name: bout[name] for name in ("speed_m_s", "duration_s")}], **old),
        PLAN(**asked, **old),
    ]
    assert all("caution.personal_outdated" in codes(each) for each in found)
    assert found[0]["personal"]["run"]["made_with"] == 1
    assert "caution.personal_outdated" not in codes(answer(personal=factor()))
