"""Selectable models, split uncertainty, personal calibration, and the catalogue that shows every constant."""

import math
import statistics
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.catalogue import catalogue
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.evidence.claims import evidence
from retrorun.models.numerics.quantiles import student_t_quantile
from retrorun.models.physiology import energy, energy_models, load, uncertainty
from retrorun.models.physiology.calibration import Measured, personal
from retrorun.models.sources.references import REFERENCES
from retrorun.models.sources.tables import table
from retrorun.models.vocabulary import quantities
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, OutsideEvidence, Undefined

Answer = dict[str, Any]


def answer(**bout: Any) -> Answer:
    request = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0} | bout
    return cast(Answer, estimate(**{name: value for name, value in request.items() if value is not None}))


def uptake(given: Answer, side: str = "forward") -> float:
    return cast(float, given[side]["oxygen_uptake_ml_kg_min"]["value"])


def width(entry: dict[str, float]) -> float:
    return math.log(entry["high"] / entry["low"])


@pytest.mark.parametrize(
    ("model", "speed", "grade", "expected"),
    # The equations of docs/evidence.md#the-forward-equations, written out.
    [
        ("acsm", 2.5, 0.0, 0.2 * 150 + 3.5),
        ("acsm", 2.5, 0.1, 0.2 * 150 + 0.9 * 150 * 0.1 + 3.5),
        ("leger1984", 2.5, 0.0, 2.209 + 3.163 * 9.0),
        ("minetti2002", 2.5, 0.0, 3.5 + 3.6 * 2.5 * 60 / 20.5496),
        ("minetti2002", 2.5, -0.2, 3.5 + 2.5 * 60 / 20.5496 * 1.79984),
    ],
)
def test_running_equations(model: str, speed: float, grade: float, expected: float) -> None:
    assert uptake(answer(energy_model=model, speed_m_s=speed, grade=grade)) == pytest.approx(expected, rel=1e-4)


@pytest.mark.parametrize(
    ("model", "grade", "expected"),
    [("acsm", 0.0, 0.1 * 78 + 3.5), ("acsm", 0.05, 0.1 * 78 + 1.8 * 78 * 0.05 + 3.5)],
)
def test_walking_equations(model: str, grade: float, expected: float) -> None:
    assert uptake(answer(energy_model=model, speed_m_s=1.3, grade=grade)) == pytest.approx(expected, rel=1e-9)


def test_minetti_walking_is_the_level_of_looney2019_with_the_shape_of_the_polynomial() -> None:
    level = answer(speed_m_s=1.3)
    assert uptake(answer(speed_m_s=1.3, energy_model="minetti2002")) == pytest.approx(uptake(level), rel=1e-12)
    steep = answer(speed_m_s=1.3, energy_model="minetti2002", grade=0.1)
    a, b, c, d, e, f = 280.5, -58.7, -76.8, 51.9, 19.6, 2.5
    shape = (a * 1e-5 + b * 1e-4 + c * 1e-3 + d * 1e-2 + e * 1e-1 + f) / f
    assert uptake(steep) == pytest.approx(3.5 + (uptake(level) - 3.5) * shape, rel=1e-12)


@pytest.mark.parametrize(
    ("model", "speed", "measured", "percent"),
    # docs/evidence.md#the-forward-equations:
    # Li 2020 against ACSM -0.4 to +1.7 %, Léger -7 to -10 %; Williford ACSM +12 %, Léger +2 %.
    [
        ("acsm", 1.944, 26.9, -0.4),
        ("acsm", 2.222, 29.7, 1.7),
        ("leger1984", 2.222, 29.7, -7.4),
        ("leger1984", 1.944, 26.9, -9.5),
        ("acsm", 2.235, 27.15, 11.7),
        ("leger1984", 2.235, 27.15, 1.9),
    ],
)
def test_models_against_measurements(model: str, speed: float, measured: float, percent: float) -> None:
    predicted = uptake(answer(energy_model=model, speed_m_s=speed, gait="run"))
    assert 100 * (predicted / measured - 1) == pytest.approx(percent, abs=0.35)


@pytest.mark.parametrize(("model", "grade"), [("acsm", -0.02), ("leger1984", 0.02), ("leger1984", -0.02)])
def test_a_model_that_is_not_defined_on_a_grade_has_no_answer(model: str, grade: float) -> None:
    with pytest.raises(Undefined) as caught:
        answer(energy_model=model, grade=grade)
    assert (caught.value.field, caught.value.code) == ("grade", "grade_undefined")


def test_a_model_outside_its_range_warns_and_strict_refuses() -> None:
    codes = {warning["code"] for warning in answer(energy_model="leger1984", speed_m_s=2.1)["warnings"]}
    assert "energy.leger1984_run_speed" in codes
    with pytest.raises(OutsideEvidence):
        answer(energy_model="leger1984", speed_m_s=2.1, strict=True)
    assert answer(energy_model="leger1984", speed_m_s=2.3, strict=True)


@pytest.mark.parametrize("equal", ["speed", "metabolic_rate", "heart_rate", "perceived_exertion"])
@pytest.mark.parametrize(("kind", "model"), [(kind, m) for kind, ms in energy_models.ENERGY_MODELS.items() for m in ms])
def test_every_model_serves_every_equality(kind: str, model: str, equal: str) -> None:
    given = answer(gait=kind, speed_m_s=3.0 if kind == "run" else 1.5, energy_model=model, equal=equal)
    assert given["models"]["energy_model"] == model
    ratio = {"speed": None, "metabolic_rate": 1.0}.get(equal, {"run": 0.83, "walk": 0.76}[kind])
    if ratio:
        assert given["ratio"]["total_energy"]["value"] == pytest.approx(ratio)


def test_pooled_is_the_log_mean_of_the_committed_rows() -> None:
    rows = [float(row["ratio_backward_forward"]) for row in table("ratios") if row["gait"] == "run"]
    expected = statistics.geometric_mean(rows)
    given = answer(direction_model="pooled")
    assert given["ratio"]["total_energy"]["value"] == pytest.approx(expected, rel=1e-12)
    assert given["spread"]["ratio_study_cv"] == pytest.approx(statistics.stdev(math.log(row) for row in rows))
    assert answer(speed_m_s=1.3, direction_model="pooled")["ratio"] == answer(speed_m_s=1.3)["ratio"]


# Split uncertainty


def test_the_parts_make_the_interval() -> None:
    given, score = answer(), 2 * uncertainty.standard_score(0.90)
    part = given["spread"]
    assert part == {
        "model_cv": 0.06,
        "person_cv": 0.095,
        "conversion_cv": 0.016,
        "ratio_person_cv": 0.13,
        "ratio_study_cv": 0.070,
        "ratio_studies": 4,
    }
    forward = math.hypot(part["model_cv"], part["person_cv"], part["conversion_cv"])
    # Student's t at 0.95 with three degrees of freedom over z (NIST table 1.3.6.7.2 has 2.353).
    ratio = math.hypot(part["ratio_person_cv"], part["ratio_study_cv"] * 2.3533634348018264 / 1.6448536269514722)
    assert width(given["forward"]["total_energy_kcal"]) / score == pytest.approx(forward)
    assert width(given["ratio"]["total_energy"]) / score == pytest.approx(ratio)
    assert width(given["backward"]["total_energy_kcal"]) / score == pytest.approx(math.hypot(forward, ratio))


@pytest.mark.parametrize(
    ("bout", "doubled"),
    [
        ({"grade": -0.05}, True),
        ({"grade": -0.01}, False),
        ({"grade": 0.25}, False),
        ({"grade": 0.26}, True),
        ({"grade": 0.125, "speed_m_s": 1.111}, False),
        ({"grade": 0.13, "speed_m_s": 1.111}, True),
        ({"grade": -0.02, "speed_m_s": 1.111}, True),
    ],
)
def test_the_study_part_doubles_where_direction_was_not_measured(bout: dict[str, Any], doubled: bool) -> None:
    here, level = answer(**bout), answer(**bout | {"grade": 0.0})
    times = 2.0 if doubled else 1.0
    assert here["spread"]["ratio_study_cv"] == pytest.approx(times * level["spread"]["ratio_study_cv"])
    if not doubled:
        assert here["ratio"]["total_energy"] == pytest.approx(level["ratio"]["total_energy"])


def test_an_error_of_mass_widens_sums_over_the_body_and_nothing_per_kilogram() -> None:
    exact, given = answer(), answer(body_mass_sd_kg=3.5)
    assert given["spread"]["input_cv"] == pytest.approx(0.05)
    assert given["forward"]["met"] == exact["forward"]["met"]
    total, was = given["forward"]["total_energy_kcal"], exact["forward"]["total_energy_kcal"]
    score = 2 * uncertainty.standard_score(0.90)
    assert width(total) ** 2 - width(was) ** 2 == pytest.approx((score * 0.05) ** 2)
    assert given["ratio"]["total_energy"] == exact["ratio"]["total_energy"]


def test_an_error_of_speed_goes_through_the_elasticity_and_cancels_in_the_ratio() -> None:
    given, exact = answer(speed_sd_m_s=0.25), answer()
    v = 2.5
    elasticity = v * (1.51 + 2 * 0.37 * v) / (4.43 + 1.51 * v + 0.37 * v * v)
    assert given["spread"]["input_cv"] == pytest.approx(0.1 * elasticity)
    assert given["ratio"]["total_energy"] == exact["ratio"]["total_energy"]
    assert width(given["forward"]["speed_m_s"]) == pytest.approx(2 * uncertainty.standard_score(0.90) * 0.1)
    assert width(given["forward"]["distance_m"]) == pytest.approx(width(given["forward"]["speed_m_s"]))
    # Over a given distance a faster bout is also a shorter one.
    fixed = answer(speed_sd_m_s=0.25, duration_s=None, distance_m=3000.0)
    assert abs(fixed["spread"]["input_cv"]) == pytest.approx(0.1 * (1 - elasticity))
    assert fixed["forward"]["distance_m"]["low"] == 3000.0


# Personal calibration


def own(times: float, number: int = 1, **measurement: Any) -> list[dict[str, Any]]:
    """Measurements a given factor away from the model at 3 m/s on the level."""
    model = energy.oxygen_uptake_ml_kg_min(power_w_kg=energy.looney2025(speed_m_s=3.0, grade=0.0))
    if measurement.get("direction") == "backward":
        model = 1.30 * model
    return [{"speed_m_s": 3.0, "oxygen_uptake_ml_kg_min": times * model} | measurement] * number


def test_one_measurement_moves_part_of_the_way_and_narrows_and_ten_nearly_all() -> None:
    none, one, ten = answer(), answer(measurements=own(1.1)), answer(measurements=own(1.1, 10))
    moved = [
        given["forward"]["total_energy_kcal"]["value"] / none["forward"]["total_energy_kcal"]["value"]
        for given in (one, ten)
    ]
    assert 1.07 < moved[0] < 1.09
    assert 1.097 < moved[1] < 1.1
    widths = [width(given["forward"]["total_energy_kcal"]) for given in (none, one, ten)]
    assert widths[0] > 1.8 * widths[1] > 1.8 * widths[2]
    assert one["personal"]["forward_factor"]["value"] == pytest.approx(moved[0])
    assert "personal" not in none


def test_the_shrinkage_is_the_normal_one() -> None:
    # t^2 / (t^2 + s^2 / n), with t the population's spread and s the measurement's error.
    t, s = math.hypot(0.06, 0.095), 0.05
    for number in (1, 10):
        share = t * t / (t * t + s * s / number)
        factor = answer(measurements=own(1.1, number))["personal"]["forward_factor"]["value"]
        assert math.log(factor) == pytest.approx(share * math.log(1.1))


def test_a_forward_measurement_moves_backward_by_the_same_factor_and_leaves_the_ratio() -> None:
    none, given = answer(), answer(measurements=own(1.2))
    assert given["personal"]["backward_factor"]["value"] == given["personal"]["forward_factor"]["value"]
    assert given["ratio"]["total_energy"]["value"] == pytest.approx(none["ratio"]["total_energy"]["value"])
    assert width(given["ratio"]["total_energy"]) == pytest.approx(width(none["ratio"]["total_energy"]))
    assert width(given["backward"]["total_energy_kcal"]) < width(none["backward"]["total_energy_kcal"])


def test_a_backward_measurement_moves_backward_most() -> None:
    given = answer(measurements=own(1.2, 3, direction="backward"))["personal"]
    assert 1 < given["forward_factor"]["value"] < given["backward_factor"]["value"] < 1.2
    assert width(given["backward_factor"]) < width(given["forward_factor"])


def test_the_backward_interval_is_that_of_the_backward_factor() -> None:
    # Forward and ratio errors are correlated after a backward measurement, so that they do not simply add.
    given = answer(measurements=own(1.1, 2, direction="backward"))
    score, conversion = 2 * uncertainty.standard_score(0.90), given["spread"]["conversion_cv"]
    for side in ("forward", "backward"):
        expected = math.hypot(width(given["personal"][f"{side}_factor"]) / score, conversion)
        assert width(given[side]["total_energy_kcal"]) / score == pytest.approx(expected)


def measured_on_the_level() -> list[dict[str, Any]]:
    """One measurement each way on the level, exact, that say backward costs as much as forward."""
    uptake = {"speed_m_s": 1.3, "oxygen_uptake_ml_kg_min": 12.6, "measurement_cv": 0.005}
    return [uptake, uptake | {"direction": "backward"}]


def test_uphill_a_persons_ratio_is_that_of_the_level() -> None:
    # docs/evidence.md#energy-at-the-same-speed:
    # proportional on every upgrade, so that a ratio of 1 leaves the forward cost on every grade.
    for grade in (0.0, 0.1, 0.3):
        given = answer(speed_m_s=1.3, measurements=measured_on_the_level(), grade=grade)
        assert given["ratio"]["total_energy"]["value"] == pytest.approx(1.0, abs=0.01)


def test_a_level_measurement_narrows_nothing_that_a_grade_adds() -> None:
    level = [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 30.7}]
    plain, given = answer(grade=-0.1), answer(grade=-0.1, measurements=level)
    assert width(given["ratio"]["total_energy"]) == pytest.approx(width(plain["ratio"]["total_energy"]))
    walk = [{"speed_m_s": 1.3, "oxygen_uptake_ml_kg_min": 12.6, "measurement_cv": 0.005}] * 50
    level_walk, uphill = answer(speed_m_s=1.3, measurements=walk), answer(speed_m_s=1.3, measurements=walk, grade=0.1)
    extra = uphill["spread"]["personal_forward_cv"] ** 2 - level_walk["spread"]["personal_forward_cv"] ** 2
    assert extra == pytest.approx(0.07**2 - 0.04**2)


@pytest.mark.parametrize(
    "bout",
    [
        {},
        {"speed_m_s": 1.3, "grade": 0.15},
        {"grade": -0.1},
        {"equal": "heart_rate"},
        {"equal": "metabolic_rate"},
        {"measurements": own(1.1)},
        {"measurements": own(1.1, 2, direction="backward")},
        {"measurements": own(1.1) + own(1.2, direction="backward"), "equal": "metabolic_rate"},
        {"measurements": measured_on_the_level(), "speed_m_s": 1.3, "grade": 0.2},
        {"speed_sd_m_s": 0.1, "body_mass_sd_kg": 1.0},
    ],
)
def test_the_parts_build_the_intervals(bout: dict[str, Any]) -> None:
    given, score = answer(**bout), 2 * uncertainty.standard_score(0.90)
    part = given["spread"]
    t_over_z = 1.0
    if "ratio_studies" in part:
        t_over_z = student_t_quantile(0.95, degrees=part["ratio_studies"] - 1) / uncertainty.standard_score(0.90)

    def of(whole: str, of_studies: str = "") -> float:
        study = part.get(of_studies, 0.0)
        return math.sqrt(part.get(whole, 0.0) ** 2 + (t_over_z**2 - 1) * study**2)

    common = [part["conversion_cv"], part.get("input_cv", 0.0)]
    forward = [of("model_cv"), of("person_cv"), of("personal_forward_cv", "personal_forward_study_cv")]
    ratio = [of("ratio_person_cv"), of("ratio_study_cv", "ratio_study_cv")]
    ratio += [of("personal_ratio_cv", "personal_ratio_study_cv")]
    own = "personal_backward_cv" in part
    backward = [of("personal_backward_cv", "personal_backward_study_cv")] if own else forward + ratio
    assert width(given["forward"]["total_energy_kcal"]) / score == pytest.approx(math.hypot(*forward, *common))
    assert width(given["backward"]["total_energy_kcal"]) / score == pytest.approx(math.hypot(*backward, *common))
    assert width(given["ratio"]["total_energy"]) / score == pytest.approx(math.hypot(*ratio))


@pytest.mark.parametrize("interval", [0.5, 0.8, 0.9, 0.99])
def test_the_part_between_studies_is_widened_by_t_at_the_level_asked_and_nothing_else_is(interval: float) -> None:
    z, t = uncertainty.standard_score(interval), student_t_quantile((1 + interval) / 2, degrees=3)
    given = answer(interval=interval)
    assert width(given["ratio"]["total_energy"]) / 2 == pytest.approx(math.hypot(0.13 * z, 0.070 * t))
    assert width(given["forward"]["total_energy_kcal"]) / 2 == pytest.approx(z * math.hypot(0.06, 0.095, 0.016))
    # Equal heart rate: its study part is a choice and no standard deviation of studies.
    felt = answer(interval=interval, equal="heart_rate")["ratio"]["total_energy"]
    assert width(felt) / 2 == pytest.approx(z * math.hypot(0.13, 0.140))
    assert given["spread"] == answer()["spread"]


def test_what_a_person_measured_again_and_again_leaves_no_part_of_the_studies() -> None:
    many = [
        own(times, 50, measurement_cv=0.005, direction=way)[0] for times, way in ((1.0, "forward"), (1.1, "backward"))
    ]
    given = answer(measurements=many * 40)
    ratio = given["ratio"]["total_energy"]
    assert ratio["value"] == pytest.approx(1.3 * 1.1, rel=1e-3)
    assert width(ratio) < 0.01
    prior = answer()["spread"]
    forward_alone = answer(measurements=own(1.0))["spread"]
    assert forward_alone["personal_ratio_study_cv"] == pytest.approx(prior["ratio_study_cv"])
    assert "personal_forward_study_cv" not in forward_alone


def test_the_ratio_of_active_energies_keeps_what_errors_have_in_common() -> None:
    given = answer(measurements=own(1.0, direction="backward"))
    part, score = given["spread"], 2 * uncertainty.standard_score(0.90)
    t, s, m = math.hypot(0.06, 0.095), math.hypot(0.13, 0.070), 0.05
    # Posterior of (forward, ratio) after one measurement of their sum, if studies differ by t over z times as much.
    t_over_z = 2.3533634348018264 / 1.6448536269514722
    r = math.hypot(0.13, 0.070 * t_over_z)
    total = t * t + r * r + m * m
    of_forward, of_ratio, covariance = t * t - t**4 / total, r * r - r**4 / total, -((t * r) ** 2) / total
    more = t_over_z**2 - 1
    assert part["personal_ratio_cv"] == pytest.approx(math.sqrt(s * s - s**4 / (t * t + s * s + m * m)))
    assert part["personal_ratio_study_cv"] == pytest.approx(
        math.sqrt((of_ratio - part["personal_ratio_cv"] ** 2) / more)
    )
    study = part["personal_forward_study_cv"]
    assert study == pytest.approx(math.sqrt((of_forward - part["personal_forward_cv"] ** 2) / more))
    forward, backward = (
        given[side]["total_energy_kcal"]["value"] / given[side]["active_energy_kcal"]["value"]
        for side in ("forward", "backward")
    )
    variance = (
        backward**2 * of_ratio
        + (backward - forward) ** 2 * (of_forward + part["conversion_cv"] ** 2)
        + 2 * backward * (backward - forward) * covariance
    )
    assert width(given["ratio"]["active_energy"]) / score == pytest.approx(math.sqrt(variance))


@pytest.mark.parametrize(("gait", "speed"), [("run", 2.5), ("walk", 1.5)])
def test_an_error_of_speed_reaches_the_solved_speed_through_both_elasticities(gait: str, speed: float) -> None:
    step, score = 1e-4, 2 * uncertainty.standard_score(0.90)

    def solved(v: float, **more: Any) -> Answer:
        return answer(gait=gait, speed_m_s=v, equal="metabolic_rate", **more)

    growth = math.log(
        solved(speed * (1 + step))["backward"]["speed_m_s"]["value"]
        / solved(speed * (1 - step))["backward"]["speed_m_s"]["value"]
    ) / math.log((1 + step) / (1 - step))
    exact, given = solved(speed), solved(speed, speed_sd_m_s=0.05 * speed)

    def added(side: str, name: str) -> float:
        return math.sqrt(width(given[side][name]) ** 2 - width(exact[side][name]) ** 2) / score

    assert added("backward", "speed_m_s") == pytest.approx(0.05 * growth, rel=1e-3)
    assert added("ratio", "speed") == pytest.approx(0.05 * (growth - 1), rel=1e-3)
    assert added("backward", "distance_m") == pytest.approx(0.05 * growth, rel=1e-3)


def test_a_solved_speed_keeps_the_bounds_of_a_gait() -> None:
    cheap = own(0.45, 20, direction="backward") + own(1.0, 20)
    with pytest.raises(Undefined):
        answer(measurements=cheap, speed_m_s=7.9, equal="metabolic_rate")


def test_energy_measures_as_oxygen_does() -> None:
    model = answer(speed_m_s=3.0)["forward"]["total_energy_kcal"]["value"]
    by_energy = [{"speed_m_s": 3.0, "total_energy_kcal": 1.1 * model, "duration_s": 1200.0}]
    first, second = answer(measurements=own(1.1)), answer(measurements=by_energy)
    assert first["personal"]["forward_factor"]["value"] == pytest.approx(second["personal"]["forward_factor"]["value"])


def test_a_person_who_runs_backward_cheaply_may_be_faster_backward() -> None:
    cheap = own(0.5, 20, direction="backward") + own(1.0, 20)
    given = answer(measurements=cheap, equal="metabolic_rate")
    assert given["ratio"]["speed"]["value"] > 1
    back = answer(measurements=cheap, speed_m_s=given["backward"]["speed_m_s"]["value"])
    expected = given["forward"]["metabolic_power_w_kg"]["value"]
    assert back["backward"]["metabolic_power_w_kg"]["value"] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize(
    ("measurement", "error"),
    [
        ({"speed_m_s": 3.0}, Conflict),
        ({"speed_m_s": 3.0, "oxygen_uptake_ml_kg_min": 36.0, "total_energy_kcal": 90.0}, Conflict),
        ({"speed_m_s": 3.0, "total_energy_kcal": 90.0}, Conflict),
        ({"speed_m_s": 3.0, "oxygen_uptake_ml_kg_min": 4.0}, OutOfRange),
        ({"speed_m_s": 9.0, "oxygen_uptake_ml_kg_min": 60.0}, OutOfRange),
    ],
)
def test_a_measurement_that_makes_no_sense_is_refused(measurement: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error) as caught:
        answer(measurements=[*own(1.0), measurement])
    assert cast(Any, caught.value).field.startswith("measurements/1")


@given(
    st.lists(
        st.tuples(st.floats(-0.3, 0.3), st.floats(0.01, 0.3), st.booleans()).map(lambda m: Measured(*m)),
        min_size=1,
        max_size=20,
    )
)
def test_the_posterior_is_that_of_the_joint_normal(measurements: list[Measured]) -> None:
    """Against the same posterior by adding one measurement at a time (the Kalman update)."""
    mean, cov = [0.0, 0.0], [[0.1**2, 0.0], [0.0, 0.2**2]]
    for measured in measurements:
        h = (1.0, float(measured.backward))
        ch = [cov[0][0] * h[0] + cov[0][1] * h[1], cov[1][0] * h[0] + cov[1][1] * h[1]]
        total = h[0] * ch[0] + h[1] * ch[1] + measured.cv**2
        gain = [ch[0] / total, ch[1] / total]
        error = measured.log_error - h[0] * mean[0] - h[1] * mean[1]
        mean = [mean[0] + gain[0] * error, mean[1] + gain[1] * error]
        cov = [[cov[i][j] - gain[i] * ch[j] for j in (0, 1)] for i in (0, 1)]
    found = personal(measurements=measurements, forward_spread=0.1, ratio_spread=0.2)
    assert found.forward_log == pytest.approx(mean[0], abs=1e-9)
    assert found.ratio_log == pytest.approx(mean[1], abs=1e-9)
    assert found.forward_spread == pytest.approx(math.sqrt(cov[0][0]), rel=1e-6)
    assert found.ratio_spread == pytest.approx(math.sqrt(cov[1][1]), rel=1e-6)
    assert found.covariance == pytest.approx(cov[0][1], abs=1e-9)


def test_share_of_maximum() -> None:
    given = answer(oxygen_uptake_max_ml_kg_min=50.0)
    for side in ("forward", "backward"):
        assert given[side]["share_of_maximum"]["value"] == pytest.approx(uptake(given, side) / 50.0)
    codes = {warning["code"] for warning in answer(oxygen_uptake_max_ml_kg_min=35.0)["warnings"]}
    assert "caution.above_maximum" in codes
    assert "share_of_maximum" not in answer()["forward"]


# The catalogue


def scaled(value: Any, times: float) -> Any:
    if isinstance(value, dict):
        return {key: scaled(item, times) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(scaled(item, times) for item in value)
    return value * times


@pytest.mark.parametrize(
    ("name", "bout"),
    [
        ("LOONEY2025_COEFFICIENTS", {"grade": 0.05}),
        ("LOONEY2019_COEFFICIENTS", {"speed_m_s": 1.3, "grade": 0.05}),
        ("ACSM_COEFFICIENTS", {"energy_model": "acsm"}),
        ("LEGER1984_COEFFICIENTS", {"energy_model": "leger1984"}),
        ("MINETTI2002_COEFFICIENTS", {"energy_model": "minetti2002", "grade": 0.05}),
        ("MIFFLIN_COEFFICIENTS", {"age_y": 40.0, "height_m": 1.7, "sex": "female"}),
    ],
)
def test_the_listed_coefficients_are_those_the_equation_uses(
    name: str, bout: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    before = answer(**bout)
    monkeypatch.setattr(energy, name, scaled(getattr(energy, name), 1.01))
    assert answer(**bout)["forward"]["active_energy_kcal"] != before["forward"]["active_energy_kcal"]


def test_the_catalogue_says_how_well_each_number_is_known() -> None:
    for entry in catalogue()["constants"]:
        assert entry["standing"] in {"published", "secondary", "derived", "choice"}
        assert set(entry["references"]) <= set(REFERENCES)
        if entry["standing"] != "choice" and entry["name"].startswith("load."):
            assert entry["references"] or entry["name"].startswith("load.ACHILLES_CV")
    assert {entry["standing"] for entry in catalogue()["energy_models"]} == {"published", "secondary", "choice"}
    unnamed = {
        entry["name"]
        for entry in catalogue()["constants"]
        if entry["standing"] == "published" and not entry["references"]
    }
    assert unnamed == {"energy.J_PER_KCAL", "energy.MET_ML_KG_MIN"}, "published without a source that is no definition"


@pytest.mark.parametrize(
    ("name", "run", "walk"),
    [
        ("gait.CADENCE_PERSON_SD_STEPS_PER_MIN", ("published", "outdoor2020"), ("derived", "fukuchi2018")),
        ("uncertainty.PERSON_FORWARD_CV", ("published", "diprampero1986"), ("choice", "williford1998")),
        (
            "uncertainty.PERSON_RATIO_CV",
            ("choice", "williford1998 masumoto2023"),
            ("choice", "williford1998 masumoto2023"),
        ),
        ("load.PEAK_VERTICAL_FORCE_RATIO", ("choice", "roos2012 cavagna2012"), ("choice", "")),
    ],
)
def test_separate_gaits_are_listed_separately(name: str, run: tuple[str, str], walk: tuple[str, str]) -> None:
    listed = {entry["name"]: (entry["standing"], " ".join(entry["references"])) for entry in catalogue()["constants"]}
    assert (listed[f"{name}.run"], listed[f"{name}.walk"]) == (run, walk)


def test_ground_force_of_walking_rests_on_no_row_and_is_graded_so() -> None:
    measured = {row["gait"] for row in table("load") if row["indicator"] == "vgrf_peak"}
    assert measured == {"run"}
    assert load.EVIDENCE_GRADES["peak_vertical_force_bw"] == {"run": ("C", "C"), "walk": ("D", "D")}


def test_the_catalogue_says_where_an_equation_is_defined() -> None:
    found = {
        (entry["id"], entry["gait"]): entry["defined"] for entry in catalogue()["energy_models"] if "defined" in entry
    }
    assert found == {
        ("acsm", "run"): "level or uphill only",
        ("acsm", "walk"): "level or uphill only",
        ("leger1984", "run"): "level only",
    }


def test_doi_is_printed_only_where_it_was_checked() -> None:
    unchecked = {
        row["doi"]
        for name in ("energy", "gait", "load", "load_findings", "ratios")
        for row in table(cast(Any, name))
        if row["doi_checked"] == "no"
    }
    printed = {reference["doi"] for reference in REFERENCES.values() if "doi" in reference}
    assert len(printed) > 10
    assert not printed & unchecked


def test_claims_name_known_sources_and_never_promise() -> None:
    found = evidence()
    assert len(found["claims"]) == 16
    for claim in found["claims"]:
        assert set(claim["sources"]) <= set(REFERENCES)
        assert claim["may_say"]
        assert claim["must_not_say"]
    by_id = {claim["id"]: claim for claim in found["claims"]}
    assert by_id["uplift_equal_speed"]["evidence"] == "B"
    ratio = answer(speed_m_s=3.0)["ratio"]["total_energy"]
    assert f"{ratio['low']:.2f} to {ratio['high']:.2f}" in by_id["uplift_equal_speed"]["finding"]


def test_a_spread_in_a_claim_has_a_name() -> None:
    found = evidence()
    assert "±" not in " ".join(claim["finding"] + claim["may_say"] for claim in found["claims"])
    assert "±" not in " ".join(role["finding"] for role in found["muscle_roles"])


def test_the_words_on_practice_are_those_of_the_table() -> None:
    before, after = (
        float(row["value"]) for row in table("gait") if row["study"].startswith("Heath 2001") and row["gait"] == "walk"
    )
    assert f" {1 - after / before:.0%} less".replace("%", " %") in WARNINGS["caution.novice"]["message"]


def test_quantities_bounds_are_listed() -> None:
    listed = {entry["name"] for entry in catalogue()["constants"]}
    for name in quantities.QUANTITIES:
        assert (f"quantities.{name}.low" in listed) is (name in quantities.INPUTS)
