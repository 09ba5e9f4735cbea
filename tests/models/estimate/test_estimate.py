"""The content of one answer: check values, tiers of range, missing values and the reasons."""

import itertools
import math
from collections.abc import Callable
from functools import partial
from typing import Any, cast, get_args, get_type_hints

import pytest

from retrorun.models.estimate.builder import RATIO_NAMES
from retrorun.models.estimate.estimate import estimate
from retrorun.models.estimate.personal import Measurement
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import catalogue, coefficients_hash
from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.plan.answer import Place
from retrorun.models.plan.plan import plan
from retrorun.models.solve.solve import solve
from retrorun.models.sources.references import REFERENCES
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, OutsideEvidence, Undefined
from retrorun.models.vocabulary.quantities import INPUTS, WALKING_SPEED_HIGH_M_S
from retrorun.models.workout.workout import workout

Answer = dict[str, Any]

TABLE_ONLY = {
    "cavagna2008",
    "compendium2011",
    "compendium2024",
    "fujisawa2010",
    "heath2001",
    "lee2013",
    "li2020",
    "lieberman2015",
}


def answer(**bout: Any) -> Answer:
    request = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0} | bout
    return cast(Answer, estimate(**{name: value for name, value in request.items() if value is not None}))


def codes(given: Answer) -> set[str]:
    return {warning["code"] for warning in given["warnings"]}


def test_energy_of_the_check_bout() -> None:
    # 70 kg, 2.5 m/s, 1200 s: 211.2 kcal forward, 274.5 backward (looney2025, documented).
    given = answer()
    assert round(given["forward"]["total_energy_kcal"]["value"], 1) == 211.2
    assert round(given["backward"]["total_energy_kcal"]["value"], 1) == 274.5


def test_active_energies_differ_by_more_than_total_ones() -> None:
    # docs/evidence.md#energy-at-the-same-speed: 1.34 at 2.5 m/s.
    assert round(answer()["ratio"]["active_energy"]["value"], 2) == 1.34


@pytest.mark.parametrize(("speed", "ratio"), [(3.0, 0.79), (1.0, 1.03)])
def test_patellofemoral_peak_ratio(speed: float, ratio: float) -> None:
    given = answer(speed_m_s=speed, gait="run")["ratio"]["load"]["patellofemoral_peak_force"]
    assert given["value"] == pytest.approx(ratio, abs=1e-12)


@pytest.mark.parametrize(("speed", "ratio"), [(2.0, 0.62), (2.5, 0.68), (3.0, 0.72), (3.5, 0.75)])
def test_backward_speed_at_equal_metabolic_rate(speed: float, ratio: float) -> None:
    # docs/evidence.md#the-same-metabolic-rate, with looney2025.
    given = answer(speed_m_s=speed, equal="metabolic_rate")
    assert round(given["ratio"]["speed"]["value"], 2) == ratio
    assert given["forward"]["metabolic_power_w_kg"] == given["backward"]["metabolic_power_w_kg"]


def test_interval_of_a_person_is_as_wide_as_the_evidence_says() -> None:
    # docs/evidence.md#how-far-one-person-may-lie-from-the-mean:
    # about 11 % forward and 20 % backward at 90 %, one standard deviation.
    given = answer()
    one_sd = 2 * 1.6448536269514722
    spread = {
        side: (given[side]["total_energy_kcal"]["high"] / given[side]["total_energy_kcal"]["low"]) ** (1 / one_sd) - 1
        for side in ("forward", "backward")
    }
    assert 0.11 < spread["forward"] < 0.125
    assert 0.21 < spread["backward"] < 0.23


def test_interval_of_the_solved_speed_is_that_of_the_ratio_over_the_elasticity() -> None:
    # d ln M / d ln V of looney2025 on the level, by its own derivative, at the solved speed.
    given = answer(equal="metabolic_rate")
    at_equal_speed = answer()["ratio"]["total_energy"]
    speed = given["backward"]["speed_m_s"]
    v = speed["value"]
    elasticity = v * (1.51 + 2 * 0.37 * v) / (4.43 + 1.51 * v + 0.37 * v * v)
    factor = (at_equal_speed["high"] / at_equal_speed["value"]) ** (1 / elasticity)
    assert speed["high"] == pytest.approx(v * factor, rel=1e-6)
    assert speed["low"] == pytest.approx(v / factor, rel=1e-6)


def test_load_at_the_solved_speed_is_that_of_the_slower_backward_bout() -> None:
    given = answer(equal="metabolic_rate")
    slower = answer(speed_m_s=given["backward"]["speed_m_s"]["value"], gait="run")
    assert given["backward"]["load"].keys() == slower["backward"]["load"].keys()
    for name, indicator in given["backward"]["load"].items():
        if name != "patellofemoral_impulse_per_bout_bw_s" and "value" in indicator:
            assert indicator["value"] == pytest.approx(slower["backward"]["load"][name]["value"])


@pytest.mark.parametrize("equal", ["heart_rate", "perceived_exertion"])
def test_equal_heart_rate_and_felt_effort_give_only_energy(equal: str) -> None:
    given = answer(equal=equal)
    assert given["ratio"]["total_energy"]["value"] == pytest.approx(0.83)
    assert answer(equal=equal, speed_m_s=1.3)["ratio"]["total_energy"]["value"] == pytest.approx(0.76)
    assert set(given["backward"]) == {
        "duration_s",
        "total_energy_kcal",
        "active_energy_kcal",
        "resting_energy_kcal",
        "metabolic_power_w_kg",
        "oxygen_uptake_ml_kg_min",
        "met",
        "intensity",
    }
    assert set(given["ratio"]) == {"total_energy", "active_energy"}
    assert {f"caution.equal_{equal}", f"absent.{equal}_speed"} <= codes(given)


@pytest.mark.parametrize("speed", [2.5, 1.3])
def test_felt_effort_has_the_interval_of_equal_heart_rate_and_no_end_is_clamped(speed: float) -> None:
    # docs/evidence.md#the-same-heart-rate-or-the-same-felt-effort:
    # at 90 % it holds 0.70 and 1.00; the centre and spread are those of equal heart rate.
    felt, beat = (answer(equal=equal, speed_m_s=speed)["ratio"] for equal in ("perceived_exertion", "heart_rate"))
    assert felt == beat
    assert felt["total_energy"]["low"] < 0.70
    assert felt["total_energy"]["high"] > 1.00
    wide = answer(equal="perceived_exertion", speed_m_s=speed, interval=0.99)["ratio"]["total_energy"]
    assert wide["low"] < felt["total_energy"]["low"]
    assert wide["high"] > felt["total_energy"]["high"]


@pytest.mark.parametrize("grade", [0.0, 0.025, 0.075, 0.125])
def test_backward_walking_is_proportional_on_every_upgrade_that_was_measured(grade: float) -> None:
    # docs/evidence.md#energy-at-the-same-speed:
    # +31 to +41 % oxygen at 1.111 m/s on +2.5 to +12.5 %, in one study of ten women.
    ratio = answer(speed_m_s=1.111, grade=grade)["ratio"]["total_energy"]
    assert round(ratio["value"], 3) == 1.374
    assert 1.31 < ratio["value"] < 1.41
    assert (round(ratio["low"], 2), round(ratio["high"], 2)) == (1.02, 1.86)


def test_the_documented_ratio_has_the_interval_that_is_promised() -> None:
    ratio = answer()["ratio"]["total_energy"]
    assert (ratio["value"], round(ratio["low"], 2), round(ratio["high"], 2)) == (pytest.approx(1.30), 0.99, 1.70)


@pytest.mark.parametrize(("speed", "low", "high"), [(2.5, 0.61, 1.14), (1.3, 0.56, 1.04)])
def test_the_interval_at_equal_heart_rate(speed: float, low: float, high: float) -> None:
    ratio = answer(speed_m_s=speed, equal="heart_rate")["ratio"]["total_energy"]
    assert (round(ratio["low"], 2), round(ratio["high"], 2)) == (low, high)


def test_walking_takes_the_walking_ratio_and_says_so() -> None:
    given = answer(speed_m_s=1.3)
    assert given["gait"] == "walk"
    assert round(given["ratio"]["total_energy"]["value"], 3) == 1.374
    assert "caution.walking_ratio" in codes(given)


def test_walking_has_no_timing_that_is_unknown() -> None:
    given = answer(speed_m_s=1.3)
    assert {"cadence_steps_per_min", "steps"} <= set(given["forward"])
    assert "contact_time_s" not in given["forward"]
    assert not {"cadence_steps_per_min", "steps", "contact_time_s"} & set(given["backward"])
    assert set(given["forward"]["load"]) == {
        "peak_vertical_force_bw",
        "patellofemoral_peak_force_bw",
        "achilles_relative_load",
    }
    assert {"absent.walk_timing", "absent.walk_tibial", "absent.walk_knee_moment"} <= codes(given)


def test_running_has_the_six_indicators_forward_and_backward_where_known() -> None:
    given = answer()
    impulses = {"patellofemoral_impulse_per_km_bw_s", "patellofemoral_impulse_per_bout_bw_s"}
    peaks = {"peak_vertical_force_bw", "patellofemoral_peak_force_bw", "achilles_relative_load"}
    assert set(given["forward"]["load"]) == peaks | impulses | {"tibial_compression_peak_bw"}
    assert set(given["backward"]["load"]) == peaks | impulses | {"knee_extensor_moment_ratio"}
    assert {"absent.backward_tibial", "absent.backward_achilles", "caution.load_meaning"} <= codes(given)


def test_achilles_backward_has_bounds_that_do_not_scale_and_no_value() -> None:
    for level in (0.5, 0.99):
        given = answer(interval=level)
        forward = given["forward"]["load"]["achilles_relative_load"]["value"]
        backward = given["backward"]["load"]["achilles_relative_load"]
        assert "value" not in backward
        assert backward["low"] == pytest.approx(0.60 * forward)
        assert backward["high"] == pytest.approx(1.25 * forward)


def test_impulse_ratio_is_that_of_the_peaks_times_what_the_steps_change() -> None:
    # docs/evidence.md#steps-and-ground-contact: the peak ratio over that of the ground forces, at any cadence.
    load = answer()["ratio"]["load"]
    factor = load["patellofemoral_impulse_per_km"]["value"] / load["patellofemoral_peak_force"]["value"]
    assert factor == pytest.approx(1 / 1.075, rel=1e-12)
    quicker = answer(step_rate_ratio=1.1)["ratio"]["load"]
    assert quicker["patellofemoral_impulse_per_km"]["value"] == pytest.approx(
        load["patellofemoral_impulse_per_km"]["value"], rel=1e-12
    )


def test_ground_force_is_a_weaker_number_below_the_speeds_that_were_measured() -> None:
    grades = {
        speed: answer(speed_m_s=speed)["forward"]["load"]["peak_vertical_force_bw"]["evidence"]
        for speed in (3.2, 3.3, 5.4, 5.5)
    }
    assert grades == {3.2: "D", 3.3: "C", 5.4: "C", 5.5: "D"}
    solved = answer(speed_m_s=3.5, equal="metabolic_rate")
    sides = [solved[side]["load"]["peak_vertical_force_bw"]["evidence"] for side in ("forward", "backward")]
    assert sides == ["C", "D"]


def test_a_slope_widens_ground_force_and_says_that_it_is_disputed() -> None:
    level, steep = (answer(speed_m_s=3.4, grade=grade) for grade in (0.0, 0.1763))
    flat, sloped = (given["forward"]["load"]["peak_vertical_force_bw"] for given in (level, steep))
    assert flat["value"] == sloped["value"]
    # Ten degrees: -12.4 % in Alcantara 2022, one standard deviation of what is added.
    added = math.log(sloped["high"] / sloped["value"]) ** 2 - math.log(flat["high"] / flat["value"]) ** 2
    assert math.sqrt(added) / 1.6448536269514722 == pytest.approx(0.124, rel=1e-3)
    (message,) = (w["message"] for w in steep["warnings"] if w["code"] == "load.on_grade")
    assert "disputed" in message


def test_impulse_per_bout_is_that_per_km_times_the_distance() -> None:
    given = answer(equal="metabolic_rate")
    for side in ("forward", "backward"):
        load, km = given[side]["load"], given[side]["distance_m"]["value"] / 1000
        per_bout = load["patellofemoral_impulse_per_bout_bw_s"]["value"]
        assert per_bout == pytest.approx(load["patellofemoral_impulse_per_km_bw_s"]["value"] * km)


@pytest.mark.parametrize(
    ("grade", "forward_absent"),
    [(0.05, set()), (0.08, {"patellofemoral_peak_force_bw"}), (-0.08, {"patellofemoral_peak_force_bw"})],
)
def test_loads_on_a_grade(grade: float, forward_absent: set[str]) -> None:
    # docs/evidence.md#knee: backward all absent; patellofemoral absent beyond 4 degrees (a grade of 0.0699).
    given = answer(grade=grade)
    assert "load" not in given["backward"]
    assert "load" not in given["ratio"]
    assert "absent.backward_load_on_grade" in codes(given)
    assert forward_absent.isdisjoint(given["forward"]["load"])
    assert ("absent.patellofemoral_on_grade" in codes(given)) is bool(forward_absent)
    if not forward_absent:
        assert "patellofemoral_peak_force_bw" in given["forward"]["load"]


def test_a_cross_fall_of_one_percent_is_no_grade() -> None:
    assert "load" in answer(grade=0.01)["backward"]


def test_step_rate_lowers_the_knee_peak_and_raises_cadence() -> None:
    preferred, quicker = answer(), answer(step_rate_ratio=1.1)
    for side in ("forward", "backward"):
        was, now = preferred[side], quicker[side]
        assert now["cadence_steps_per_min"]["value"] == pytest.approx(1.1 * was["cadence_steps_per_min"]["value"])
        name = "patellofemoral_peak_force_bw"
        assert now["load"][name]["value"] == pytest.approx(1.1**-1.58 * was["load"][name]["value"])


def test_resting_energy_by_mifflin() -> None:
    # 10 * 70 + 6.25 * 175 - 5 * 30 + 5 = 1648.75 kcal/day, over 1200 of 86400 seconds.
    given = answer(age_y=30.0, height_m=1.75, sex="male")
    assert given["forward"]["resting_energy_kcal"] == pytest.approx(1648.75 * 1200 / 86400)
    assert "resting_oxygen_uptake_ml_kg_min" not in given["assumed"]
    assert "mifflin1990" in given["references"]
    assert "caution.rest" not in codes(given)
    female = answer(age_y=30.0, height_m=1.75, sex="female")
    assert female["forward"]["resting_energy_kcal"] == pytest.approx((1648.75 - 166) * 1200 / 86400)


def test_resting_energy_assumed_is_one_met() -> None:
    given = answer()
    assert given["assumed"]["resting_oxygen_uptake_ml_kg_min"] == 3.5
    met = given["forward"]["total_energy_kcal"]["value"] / given["forward"]["resting_energy_kcal"]
    assert met == pytest.approx(given["forward"]["met"]["value"])
    assert "caution.rest" in codes(given)


def test_any_two_of_speed_duration_and_distance_give_the_third() -> None:
    first = answer()
    for other in (
        answer(speed_m_s=None, distance_m=3000.0),
        answer(duration_s=None, distance_m=3000.0),
    ):
        assert other == first


@pytest.mark.parametrize(
    "missing",
    [
        {"speed_m_s": None},
        {"duration_s": None},
        {"speed_m_s": None, "duration_s": None},
        {"distance_m": 3000.0},
        {"speed_m_s": None, "duration_s": None, "distance_m": 3000.0},
    ],
)
def test_not_exactly_two_is_a_conflict(missing: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match="exactly two"):
        answer(**missing)


TAKEN = {*get_type_hints(estimate), *get_type_hints(Measurement)}


@pytest.mark.parametrize("field", [name for name in INPUTS if name in TAKEN])
@pytest.mark.parametrize("side", ["low", "high"])
def test_a_number_just_outside_its_bounds_is_refused(field: str, side: str) -> None:
    bound = getattr(INPUTS[field], side)
    beyond = bound - 1e-6 if side == "low" else bound + 1e-3
    bout: dict[str, Any] = {"gait": "run"}
    if field == "distance_m":
        bout["speed_m_s"] = None
    if field in {"age_y", "height_m"}:
        bout |= {"age_y": 40.0, "height_m": 1.75, "sex": "male"}
    for value in (beyond, float("nan")):
        given: dict[str, Any] = {field: value}
        place = field
        if field in {"measurement_cv", "oxygen_uptake_ml_kg_min", "total_energy_kcal"}:
            uptake = {"duration_s": 600.0} if field == "total_energy_kcal" else {"oxygen_uptake_ml_kg_min": 31.0}
            given = {"measurements": [{"speed_m_s": 2.5} | uptake | {field: value}]}
            place = f"measurements/0/{field}"
        with pytest.raises(OutOfRange) as caught:
            answer(**bout | given)
        assert caught.value.field == place


def test_a_third_that_follows_is_checked_too() -> None:
    with pytest.raises(OutOfRange, match="Distance and duration give a speed outside") as caught:
        answer(speed_m_s=None, duration_s=10.0, distance_m=1000.0)
    assert caught.value.field == "speed_m_s"


def test_walking_faster_than_anyone_walks_is_refused() -> None:
    assert answer(speed_m_s=WALKING_SPEED_HIGH_M_S, gait="walk")["gait"] == "walk"
    with pytest.raises(OutOfRange):
        answer(speed_m_s=WALKING_SPEED_HIGH_M_S + 0.01, gait="walk")


@pytest.mark.parametrize("part", [{"age_y": 40.0}, {"age_y": 40.0, "sex": "male"}, {"height_m": 1.7}])
def test_part_of_the_resting_inputs_is_a_conflict(part: dict[str, Any]) -> None:
    with pytest.raises(Conflict, match="together"):
        answer(**part)


def test_an_equation_of_the_other_gait_is_a_conflict() -> None:
    with pytest.raises(Conflict, match="looney2025") as caught:
        answer(energy_model="looney2019")
    assert caught.value.field == "energy_model"


@pytest.mark.parametrize("speed", [0.743, 1.01])
def test_no_equal_speed_is_undefined(speed: float) -> None:
    # docs/evidence.md#the-same-metabolic-rate:
    # no root below 0.744 m/s with looney2025. Up to 1.02 m/s there is one, but backward power
    # hardly depends on speed there, and its interval would span more than a factor of ten.
    with pytest.raises(Undefined) as caught:
        answer(speed_m_s=speed, gait="run", equal="metabolic_rate")
    assert caught.value.code == "no_equal_speed"
    assert answer(speed_m_s=1.03, gait="run", equal="metabolic_rate")["backward"]["speed_m_s"]["value"] > 0.28


@pytest.mark.parametrize(
    "bout",
    [
        {"speed_m_s": 2.084, "grade": -0.191, "interval": 0.99},
        {"speed_m_s": 2.086, "grade": -0.19011},
        {"speed_m_s": 2.01, "grade": -0.143, "interval": 0.99, "direction_model": "pooled"},
    ],
)
def test_downhill_where_power_hardly_depends_on_speed_a_solved_speed_is_undefined(bout: dict[str, Any]) -> None:
    with pytest.raises(Undefined):
        answer(gait="run", equal="metabolic_rate", **bout)


def test_backward_contact_time_is_never_extrapolated() -> None:
    # docs/evidence.md#steps-and-ground-contact:
    # range 1.8 to 3.5 m/s; at their own top speeds contact times are nearly equal.
    given = answer(speed_m_s=3.51)
    assert "absent.backward_contact_time" in codes(given)
    assert "contact_time_s" not in given["backward"]
    assert "contact_time" not in given["ratio"]
    assert not {name for name in given["backward"]["load"] if "impulse" in name}
    assert "contact_time_s" in given["forward"]
    assert "contact_time_s" in answer(speed_m_s=3.5)["backward"]


def test_strict_checks_a_solved_speed_for_every_include() -> None:
    bout: dict[str, Any] = {"speed_m_s": 2.0, "equal": "metabolic_rate", "include": ["load"]}
    assert {"energy.looney2025_run_speed", "timing.backward_speed_below_transition"} <= codes(answer(**bout))
    with pytest.raises(OutsideEvidence):
        answer(**bout, strict=True)


def test_the_error_of_an_input_may_be_half_of_it_and_no_more() -> None:
    assert answer(speed_m_s=0.4, speed_sd_m_s=0.2)
    with pytest.raises(OutOfRange, match="50%"):
        answer(speed_m_s=0.4, speed_sd_m_s=0.21)


def test_a_total_close_to_rest_is_undefined() -> None:
    with pytest.raises(Undefined) as caught:
        answer(
            body_mass_kg=30.0,
            age_y=18.0,
            height_m=2.3,
            sex="male",
            speed_m_s=0.2,
            gait="walk",
            grade=-0.1,
        )
    assert caught.value.code == "not_above_rest"


@pytest.mark.parametrize(
    ("bout", "code"),
    [
        ({"speed_m_s": 5.3}, "energy.looney2025_run_speed"),
        ({"speed_m_s": 1.7, "gait": "run"}, "energy.looney2025_run_speed"),
        ({"grade": -0.46}, "energy.looney2025_run_grade"),
        ({"speed_m_s": 2.1, "gait": "walk"}, "energy.looney2019_walk_speed"),
        ({"speed_m_s": 1.3, "grade": 0.5}, "energy.looney2019_walk_grade"),
        ({"speed_m_s": 3.6}, "energy.backward_speed_beyond_measurement"),
        ({"grade": -0.05}, "energy.backward_downhill_unmeasured"),
        ({"grade": 0.251}, "energy.backward_run_uphill"),
        ({"speed_m_s": 1.2, "grade": 0.126}, "energy.backward_walk_uphill"),
        ({"speed_m_s": 3.5, "grade": 0.82}, "energy.forward_implausible_uptake"),
        ({"speed_m_s": 3.5, "grade": 0.24}, "energy.backward_implausible_uptake"),
        ({"grade": 0.82, "equal": "metabolic_rate", "speed_m_s": 3.0}, "energy.backward_implausible_uptake"),
        ({"grade": 0.82, "equal": "heart_rate", "speed_m_s": 3.0}, "energy.forward_implausible_uptake"),
        ({"grade": 0.05, "equal": "heart_rate"}, "energy.heart_rate_on_grade"),
        ({"grade": 0.05, "equal": "perceived_exertion"}, "energy.perceived_exertion_on_grade"),
        ({"speed_m_s": 1.4}, "energy.backward_walk_speed"),
    ],
)
def test_an_energy_estimate_outside_its_data_warns_and_strict_refuses(bout: dict[str, Any], code: str) -> None:
    assert code in codes(answer(**bout))
    with pytest.raises(OutsideEvidence):
        answer(**bout, strict=True)


@pytest.mark.parametrize(
    ("bout", "code"),
    [
        ({"equal": "metabolic_rate", "speed_m_s": 2.3}, "timing.backward_speed_below_transition"),
        ({"speed_m_s": 2.3}, "timing.run_timing_speed"),
        ({"speed_m_s": 5.5}, "timing.run_timing_speed"),
        ({"speed_m_s": 2.5}, "timing.run_contact_time_speed"),
        ({"speed_m_s": 3.2}, "load.run_vertical_force_speed"),
        ({"speed_m_s": 1.9, "gait": "walk"}, "timing.walk_timing_speed"),
        ({"grade": 0.02}, "timing.timing_on_grade"),
        ({"speed_m_s": 1.9, "gait": "run"}, "load.run_vertical_force_speed"),
        ({"speed_m_s": 0.9}, "load.walk_vertical_force_speed"),
        ({"speed_m_s": 4.6}, "load.patellofemoral_speed"),
        ({}, "load.run_achilles_speed"),
        ({"speed_m_s": 1.3}, "load.walk_achilles_speed"),
        ({}, "load.tibial_speed"),
        ({"grade": 0.2}, "load.vertical_force_grade"),
        ({"grade": 0.02}, "load.on_grade"),
    ],
)
def test_timing_and_load_outside_their_data_warn(bout: dict[str, Any], code: str) -> None:
    assert code in codes(answer(**bout))


def test_inside_every_range_nothing_but_cautions_and_absences_is_said_and_strict_answers() -> None:
    given = answer(speed_m_s=3.4, strict=True)
    assert {code.split(".")[0] for code in codes(given)} == {"caution", "absent"}
    assert {"caution.novice", "caution.fall"} <= codes(given)


def test_load_and_timing_warnings_never_refuse() -> None:
    given = answer(speed_m_s=2.1, strict=True)
    assert {"load", "timing", "absent", "caution"} == {code.split(".")[0] for code in codes(given)}


def met_of(way: str, speed_m_s: float) -> float:
    return float(answer(gait="walk", speed_m_s=speed_m_s)[way]["met"]["value"])


def outdated_factor() -> Any:
    """Return a running factor of other coefficients."""
    own: Any = [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 34.0}]
    return answer(measurements=own)["personal"]["run"] | {"made_with": 1}


BOUT_OF_CHANCES: Any = {"body_mass_kg": 70.0, "find": "probability", "speed_m_s": 2.5, "duration_s": 1200.0}

OTHER_QUESTIONS: list[Callable[[], Any]] = [
    lambda: answer(weight_support=0.3, overground=True),
    lambda: answer(gait="walk", speed_m_s=1.2, age_y=76.0, height_m=1.6, sex="female"),
    lambda: workout(
        body_mass_kg=70.0, segments=[{"speed_m_s": 2.5, "duration_s": 60.0, "grade": grade} for grade in (0.0, 0.02)]
    ),
    lambda: workout(
        body_mass_kg=70.0, segments=[{"speed_m_s": 1.2, "duration_s": 60.0, "direction": "backward"}, {"pause_s": 60.0}]
    ),
    lambda: solve(**BOUT_OF_CHANCES, total_energy_kcal=250.0),
    lambda: solve(**BOUT_OF_CHANCES, total_energy_kcal=5000.0),
    lambda: solve(**BOUT_OF_CHANCES, achilles_relative_load=0.9),
    lambda: plan(
        body_mass_kg=70.0,
        goal="most_energy",
        duration_s=600.0,
        limits={"peak_vertical_force_bw": 3.4},
        confidence=0.9,
    ),
    lambda: solve(body_mass_kg=70.0, find="speed_range", gait="run", knee_extensor_moment_ratio=0.8),
    lambda: solve(body_mass_kg=70.0, find="speed", gait="walk", met=met_of("forward", 0.25)),
    lambda: solve(body_mass_kg=70.0, find="speed", gait="walk", met=met_of("backward", 2.9)),
    lambda: plan(body_mass_kg=70.0, goal="most_energy", duration_s=600.0, limits={"tibial_compression_peak_bw": 9.0}),
    lambda: plan(body_mass_kg=70.0, goal="most_energy", duration_s=600.0, limits={"achilles_relative_load": 1.2}),
    lambda: plan(body_mass_kg=70.0, goal="most_energy", duration_s=600.0, limits={"patellofemoral_peak_force_bw": 3.8}),
    lambda: plan(
        body_mass_kg=70.0, goal="most_energy", duration_s=600.0, speed_low_m_s=3.4, backward_speed_high_m_s=3.3
    ),
    lambda: plan(body_mass_kg=70.0, goal="most_backward", duration_s=600.0, recovery_s=600.0),
    lambda: plan(body_mass_kg=70.0, goal="most_backward", duration_s=600.0, grade=-0.05),
    *(
        partial(plan, body_mass_kg=70.0, goal="most_backward", duration_s=600.0, experience="never", place=place)
        for place in get_args(Place)
    ),
    lambda: workout(
        body_mass_kg=70.0,
        segments=[{"speed_m_s": 2.5, "duration_s": 60.0}, {"speed_m_s": 1.2, "duration_s": 60.0}],
        personal={"run": outdated_factor()},
    ),
    lambda: workout(
        body_mass_kg=70.0,
        segments=[{"speed_m_s": 1.3, "duration_s": 60.0, "grade": -0.15}],
        energy_models={"walk": "minetti2002"},
    ),
]
"""Questions whose warnings no estimate has."""

OF_TRACKS = {
    cautions.TRACK_ERRORS,
    cautions.TRACK_GAIT,
    cautions.TRACK_LEFT_OUT,
    cautions.TRACK_RANGE,
    cautions.TRACK_REDATED,
    cautions.TRACK_SESSIONS,
    cautions.TRACK_SPORT,
    cautions.TRACK_UNUSABLE,
    cautions.TRACK_ALTITUDES,
    cautions.TRACK_SPARSE,
    cautions.TRACK_TOTALS,
    cautions.TRACK_DISTANCE,
    cautions.TRACK_LEVEL,
    cautions.MEASURED,
    cautions.MEASURED_ONE,
    cautions.MEASURED_FORCE_ABSENT,
    cautions.MEASURED_UNLIKELY,
    cautions.HEART_RATE_CALORIES,
}
"""Met in tests/models/track."""


def test_every_warning_can_be_met() -> None:
    """Every warning in the list has a bout that gets it."""
    met: set[str] = set()
    speeds = {"run": (0.9, 1.3, 1.7, 2.5, 3.6, 4.6, 5.3), "walk": (0.3, 0.9, 1.3, 2.9)}
    grades, equals = (-0.5, -0.05, 0.0, 0.05, 0.9), ("speed", "metabolic_rate", "heart_rate", "perceived_exertion")
    for gait, models in ENERGY_MODELS.items():
        for model, speed, grade, equal in itertools.product(models, speeds[gait], grades, equals):
            bout = {"gait": gait, "energy_model": model, "speed_m_s": speed, "grade": grade, "equal": equal}
            try:
                met |= codes(answer(**bout, oxygen_uptake_max_ml_kg_min=20.0, step_rate_ratio=1.05))
            except Undefined:
                continue
    met |= {warning["code"] for given in OTHER_QUESTIONS for warning in given()["warnings"]}
    assert met == set(cautions.WARNINGS) - OF_TRACKS


def test_a_backward_speed_above_those_of_older_people_is_a_caution_and_no_more() -> None:
    old = {"age_y": 70.0, "height_m": 1.7, "sex": "female", "gait": "walk"}
    for bout, met in (
        ({"speed_m_s": 1.0}, True),
        ({"speed_m_s": 0.9}, False),
        ({"speed_m_s": 1.0, "age_y": 64.0}, False),
        ({"speed_m_s": 1.0, "equal": "heart_rate"}, False),
    ):
        given = answer(**old | bout)
        assert ("caution.older_backward_speed" in codes(given)) is met
    assert "caution.older_backward_speed" not in codes(answer(speed_m_s=1.0))


def test_a_higher_step_rate_says_that_it_is_not_free() -> None:
    assert "caution.step_rate" in codes(answer(step_rate_ratio=1.05))
    assert "caution.step_rate" not in codes(answer(step_rate_ratio=0.95)) | codes(answer())


def grades(given: Answer, side: str) -> dict[str, str]:
    return {
        name: entry["evidence"]
        for name, entry in given[side].items()
        if isinstance(entry, dict) and "evidence" in entry
    }


@pytest.mark.parametrize(
    ("bout", "forward", "backward", "ratio"),
    # The table of docs/evidence.md, and GET /models: forward, backward the weaker of forward and ratio, ratio.
    [
        ({"speed_m_s": 3.0}, "B", "B", "B"),
        ({"speed_m_s": 1.75, "gait": "run"}, "D", "D", "B"),
        ({"speed_m_s": 1.8, "gait": "run"}, "B", "B", "B"),
        ({"speed_m_s": 3.6}, "B", "D", "D"),
        ({"speed_m_s": 3.0, "grade": 0.25}, "B", "B", "B"),
        ({"speed_m_s": 2.0, "grade": 0.26}, "B", "D", "D"),
        ({"speed_m_s": 3.0, "grade": -0.02}, "B", "D", "D"),
        ({"speed_m_s": 3.0, "grade": -0.01}, "B", "B", "B"),
        ({"speed_m_s": 5.3}, "D", "D", "D"),
        ({"speed_m_s": 1.2}, "B", "C", "C"),
        ({"speed_m_s": 1.2, "grade": 0.125}, "B", "C", "C"),
        ({"speed_m_s": 1.2, "grade": 0.13}, "B", "D", "D"),
        ({"speed_m_s": 1.5}, "B", "D", "D"),
        ({"speed_m_s": 3.0, "equal": "heart_rate"}, "B", "D", "D"),
        ({"speed_m_s": 1.2, "equal": "perceived_exertion"}, "B", "D", "D"),
    ],
)
def test_every_energy_has_a_grade(bout: dict[str, Any], forward: str, backward: str, ratio: str) -> None:
    given = answer(**bout)
    energies = {"total_energy_kcal", "active_energy_kcal", "metabolic_power_w_kg", "oxygen_uptake_ml_kg_min", "met"}
    assert {grades(given, "forward")[name] for name in energies} == {forward}
    assert {grades(given, "backward")[name] for name in energies} == {backward}
    assert {grades(given, "ratio")[name] for name in ("total_energy", "active_energy")} == {ratio}


def test_a_solved_speed_has_a_grade_and_a_ratio_by_definition_has_none() -> None:
    given = answer(equal="metabolic_rate")
    assert (grades(given, "backward")["speed_m_s"], grades(given, "ratio")["speed"]) == ("C", "C")
    assert "speed_m_s" not in grades(given, "forward")
    assert not {"total_energy", "active_energy"} & set(grades(given, "ratio"))
    assert grades(given, "backward")["total_energy_kcal"] == grades(given, "forward")["total_energy_kcal"] == "B"
    assert grades(answer(equal="metabolic_rate", grade=-0.05), "backward")["speed_m_s"] == "D"
    assert "speed_m_s" not in grades(answer(), "backward")


def test_timing_has_grades() -> None:
    given = answer(speed_m_s=3.0)
    assert [grades(given, side)["cadence_steps_per_min"] for side in ("forward", "backward")] == ["C", "D"]
    assert [grades(given, side)["contact_time_s"] for side in ("forward", "backward")] == ["C", "C"]
    assert (grades(given, "ratio")["cadence"], grades(given, "ratio")["contact_time"]) == ("D", "C")
    assert grades(answer(speed_m_s=1.2), "forward")["cadence_steps_per_min"] == "B"
    assert grades(answer(speed_m_s=2.3), "forward")["cadence_steps_per_min"] == "D"


def test_the_table_of_grades_is_in_the_catalogue() -> None:
    graded_rows = {(row["quantity"], row["evidence"]) for row in catalogue()["evidence_grades"]}
    assert ("forward power, energy, oxygen uptake and MET", "B") in graded_rows
    assert {grade for _, grade in graded_rows} == {"B", "C", "D"}


def active_w_kg(given: Answer, side: str = "forward") -> float:
    rest = given[side]["resting_energy_kcal"] / given[side]["total_energy_kcal"]["value"]
    return float(given[side]["metabolic_power_w_kg"]["value"] * (1 - rest))


@pytest.mark.parametrize(("share", "ratio"), [(0.05, 1.3**0.75), (0.1, 1.3**0.5), (0.2, 1.0), (0.5, 1.0)])
def test_weight_support_takes_from_the_active_rate_and_the_ratio_and_leaves_no_load(share: float, ratio: float) -> None:
    # docs/evidence.md: active rate times 1 - 0.73 s, ratio r^(1 - s / 0.2) below 20 %, 1 from there; grade D.
    whole, carried = answer(), answer(weight_support=share)
    assert active_w_kg(carried) == pytest.approx((1 - 0.73 * share) * active_w_kg(whole))
    assert carried["ratio"]["total_energy"]["value"] == pytest.approx(ratio)
    assert carried["spread"]["ratio_study_cv"] == pytest.approx(2 * whole["spread"]["ratio_study_cv"])
    assert not {"load"} & (set(carried["forward"]) | set(carried["backward"]) | set(carried["ratio"]))
    assert {"energy.weight_support", "absent.weight_support_loads"} <= codes(carried)
    assert {"teunissen2007", "masumoto2023"} <= set(carried["references"])
    assert {grades(carried, side)["total_energy_kcal"] for side in ("forward", "backward")} == {"D"}
    assert grades(carried, "ratio")["total_energy"] == "D"


def test_without_weight_support_nothing_moves_and_walking_has_none() -> None:
    assert answer(weight_support=0.0, overground=False) == answer()
    with pytest.raises(Conflict) as caught:
        answer(speed_m_s=1.2, weight_support=0.1)
    assert caught.value.field == "weight_support"


@pytest.mark.parametrize("equal", ["heart_rate", "perceived_exertion"])
def test_weight_support_is_not_answered_at_equal_effort(equal: str) -> None:
    # docs/evidence.md: with support the ratio fades to 1 at equal speed; at equal effort nothing was measured.
    with pytest.raises(Conflict) as caught:
        answer(equal=equal, weight_support=0.1)
    assert caught.value.field == "weight_support"
    assert "heart_rate" not in caught.value.message
    assert answer(equal=equal, weight_support=0.0) == answer(equal=equal)


@pytest.mark.parametrize(
    "bout",
    [
        {"speed_m_s": 2.2},
        {"speed_m_s": 4.8},
        {"grade": 0.05, "step_rate_ratio": 1.05},
        {"grade": 0.3, "include": ["load"]},
        {"equal": "metabolic_rate"},
        {"speed_m_s": 3.7, "include": ["load"]},
    ],
)
def test_with_weight_support_nothing_is_said_of_loads_that_are_not_there(bout: dict[str, Any]) -> None:
    whole, carried = codes(answer(**bout)), codes(answer(weight_support=0.1, **bout))
    assert {code for code in carried if code.startswith("load.")} == set()
    about_load = {code for code in whole if code.startswith(("load.", "absent."))} | {"caution.impulse_level"}
    assert whole & about_load
    assert not carried & (about_load - {"absent.backward_contact_time"})
    assert {"absent.weight_support_loads", "caution.load_meaning"} <= carried


def test_overground_adds_still_air_at_each_speed() -> None:
    # docs/evidence.md: 0.02724 V^3 ml/kg/min (secondary).
    for speed in (2.5, 4.0):
        still, air = (answer(speed_m_s=speed, overground=there) for there in (False, True))
        uptakes = [given["forward"]["oxygen_uptake_ml_kg_min"]["value"] for given in (still, air)]
        assert uptakes[1] - uptakes[0] == pytest.approx(0.02724 * speed**3)
        backward = [given["backward"]["oxygen_uptake_ml_kg_min"]["value"] for given in (still, air)]
        assert backward[1] - backward[0] == pytest.approx(0.02724 * speed**3)
        assert air["ratio"]["total_energy"]["value"] == pytest.approx(backward[1] / uptakes[1])
        assert 1.27 < air["ratio"]["total_energy"]["value"] < 1.3
    assert "caution.overground" in codes(answer(overground=True))
    slower = answer(equal="metabolic_rate", overground=True)
    same = answer(speed_m_s=slower["backward"]["speed_m_s"]["value"], gait="run", overground=True)
    power = slower["forward"]["metabolic_power_w_kg"]["value"]
    assert same["backward"]["metabolic_power_w_kg"]["value"] == pytest.approx(power, rel=1e-9)


def test_weight_support_and_own_measurements_take_nothing_from_still_air() -> None:
    own = [Measurement(direction="forward", speed_m_s=2.5, oxygen_uptake_ml_kg_min=40.0)]
    for bout in ({"weight_support": 0.5}, {"measurements": own}):
        still, air = (answer(overground=there, **bout) for there in (False, True))
        for side in ("forward", "backward"):
            added = [given[side]["oxygen_uptake_ml_kg_min"]["value"] for given in (still, air)]
            assert added[1] - added[0] == pytest.approx(0.02724 * 2.5**3), (bout, side)


@pytest.mark.parametrize("grade", [0.05, -0.05])
def test_timing_on_a_slope_is_an_extrapolation(grade: float) -> None:
    # docs/evidence.md: slopes from -10 to +10 degrees change cadence and contact (Alcantara 2022).
    timing = ("cadence_steps_per_min", "steps", "contact_time_s")
    for speed in (1.2, 3.0):
        given = answer(speed_m_s=speed, grade=grade)
        sides = [grades(given, side) for side in ("forward", "backward")]
        found = {side[name] for side in sides for name in timing if name in side}
        assert found == {"D"}
    assert grades(answer(grade=grade), "ratio")["contact_time"] == "D"


def test_the_ratio_of_contact_times_at_two_speeds_is_no_better_than_either() -> None:
    # 2.6 to 5.4 m/s were measured: at 3.0 m/s forward the backward speed of equal power lies below.
    level, slower = (answer(speed_m_s=3.0, equal=equal) for equal in ("speed", "metabolic_rate"))
    assert slower["backward"]["speed_m_s"]["value"] < 2.6
    for given, backward, ratio in ((level, "C", "C"), (slower, "D", "D")):
        assert grades(given, "forward")["contact_time_s"] == "C"
        assert grades(given, "backward")["contact_time_s"] == backward
        assert grades(given, "ratio")["contact_time"] == ratio
    assert grades(answer(speed_m_s=4.4, equal="metabolic_rate"), "ratio")["contact_time"] == "C"


def test_backward_running_slower_than_was_measured_warns() -> None:
    # Wright & Weyand measured 1.75 to 3.5 m/s.
    code = "energy.backward_speed_below_measurement"
    for speed, warned in ((1.74, True), (1.75, False)):
        given = answer(speed_m_s=speed, gait="run", energy_model="minetti2002")
        assert (code in codes(given)) is warned is (grades(given, "ratio")["total_energy"] == "D")
    assert code not in codes(answer(speed_m_s=1.2))
    with pytest.raises(OutsideEvidence):
        answer(speed_m_s=1.74, gait="run", energy_model="minetti2002", strict=True)


def test_include_gives_only_the_requested_sections() -> None:
    given = answer(include=["energy"])
    assert "references" not in given
    assert "ratio" not in given
    assert set(given["forward"]) >= {"total_energy_kcal", "speed_m_s"}
    assert not {"load", "steps"} & set(given["forward"])
    assert not any(code.startswith(("load", "timing", "absent")) for code in codes(given))
    assert set(answer(include=["load"])["forward"]) == {"duration_s", "speed_m_s", "distance_m", "load"}


def test_every_reference_is_listed_and_every_listed_one_is_used() -> None:
    used: set[str] = set()
    for gait in ("run", "walk"):
        for equal in ("speed", "heart_rate", "perceived_exertion"):
            for rest in ({}, {"age_y": 40.0, "height_m": 1.75, "sex": "male"}):
                for model in ENERGY_MODELS[gait]:
                    used |= set(answer(gait=gait, equal=equal, energy_model=model, **rest)["references"])
    for claim in CLAIMS:
        used |= set(claim["sources"])
    for constant in catalogue()["constants"]:
        used |= set(constant["references"])
    assert used <= set(REFERENCES)
    # Named only in a warning or by a table.
    assert set(REFERENCES) - used == TABLE_ONLY


def test_assumed_lists_what_was_left_out_and_nothing_else() -> None:
    assert answer()["assumed"] == {
        "gait": "run",
        "grade": 0.0,
        "equal": "speed",
        "energy_model": "looney2025",
        "direction_model": "documented",
        "resting_oxygen_uptake_ml_kg_min": 3.5,
        "step_rate_ratio": 1.0,
        "interval": 0.9,
    }
    given = answer(
        gait="run",
        grade=0.0,
        equal="speed",
        energy_model="looney2025",
        direction_model="documented",
        age_y=40.0,
        sex="female",
        height_m=1.7,
        step_rate_ratio=1.0,
        interval=0.9,
    )
    assert given["assumed"] == {}


def test_ratio_names_drop_the_unit_and_nothing_else() -> None:
    for name, ratio in RATIO_NAMES.items():
        assert name.startswith(ratio)


def test_a_changed_coefficient_changes_the_hash(monkeypatch: pytest.MonkeyPatch) -> None:
    before = coefficients_hash()
    monkeypatch.setattr("retrorun.models.physiology.direction.HEART_RATE_RATIO", {"run": 0.84, "walk": 0.76})
    coefficients_hash.cache_clear()
    changed = coefficients_hash()
    coefficients_hash.cache_clear()
    assert changed != before
