"""Every row of the committed tables that a model describes, against the model; misses asserted as misses.

A published group mean is compared with the group interval: model, study (backward) and person over root n, at
90 %. The expected misses are listed by name; a model that drifts adds one or loses one, and fails here.
"""

import math
import statistics
from collections.abc import Callable, Iterable, Iterator
from typing import Any, cast

import pytest

from retrorun.models.numerics.arithmetic import Number
from retrorun.models.physiology import direction, energy, load, timing, uncertainty
from retrorun.models.physiology.uncertainty import root_sum_square, standard_score
from retrorun.models.sources.tables import table
from retrorun.models.vocabulary.choices import Gait

EQUATIONS = {"run": energy.looney2025, "walk": energy.looney2019}

EXPECTED_ENERGY_MISSES = {
    ("Paes & Fernandez 2016", "run", "forward", 2.46),
    ("Paes & Fernandez 2016", "run", "forward", 3.16),
    ("Kim & Choi 2001", "walk", "forward", 1.389),
    ("Kim & Choi 2001", "walk", "backward", 1.389),
    # Table values without a sample, so that only the model part widens their interval.
    ("Compendium 2024 code 17152", "walk", "forward", 0.983),
    ("Compendium 2024 code 17170", "walk", "forward", 1.118),
}


def scalar(value: Number) -> float:
    """Return a number that must be a float, because the model was called with floats."""
    assert isinstance(value, float)
    return value


def energy_rows() -> Iterator[dict[str, str]]:
    for row in table("energy"):
        if row["speed_m_s"] and row["oxygen_uptake_ml_kg_min"]:
            yield row


def predicted_uptake(row: dict[str, str]) -> float:
    speed, grade = float(row["speed_m_s"]), float(row["grade"])
    gait_name = cast(Gait, row["gait"])
    power = EQUATIONS[row["gait"]](speed_m_s=speed, grade=grade)
    if row["direction"] == "backward":
        power = direction.DIRECTION_MODELS["documented"][gait_name].ratio * power
    return scalar(energy.oxygen_uptake_ml_kg_min(power_w_kg=power))


def group_spread(row: dict[str, str]) -> float:
    name, backward = cast(Gait, row["gait"]), row["direction"] == "backward"
    on_grade = abs(float(row["grade"])) > energy.ON_A_GRADE
    parts = [uncertainty.MODEL_FORWARD_CV[name]["grade" if on_grade else "level"]]
    if row["n"]:
        parts.append(uncertainty.PERSON_FORWARD_CV[name] / math.sqrt(float(row["n"])))
    if backward:
        known = direction.DIRECTION_MODELS["documented"][name]
        parts.append(known.study_cv * scalar(uncertainty.widening(standard_score(0.90), studies=known.studies)))
        if row["n"]:
            parts.append(uncertainty.PERSON_RATIO_CV[name] / math.sqrt(float(row["n"])))
    return scalar(root_sum_square(*parts))


def test_energy_rows_lie_in_their_group_interval_but_for_the_known_misses() -> None:
    missed, seen = set(), 0
    for row in energy_rows():
        error = math.log(float(row["oxygen_uptake_ml_kg_min"]) / predicted_uptake(row))
        seen += 1
        if abs(error) > standard_score(0.90) * group_spread(row):
            missed.add((row["study"], row["gait"], row["direction"], float(row["speed_m_s"])))
    assert seen == 25
    assert missed == EXPECTED_ENERGY_MISSES


@pytest.mark.parametrize(
    ("study", "speed", "percent"),
    # docs/evidence.md#the-forward-equations: RE3 against measurements, in percent, as printed.
    [
        ("Li 2020 treadmill", 1.944, -5),
        ("Li 2020 treadmill", 2.5, -7),
        ("Williford 1998", 2.235, 4),
    ],
)
def test_error_of_looney2025_against_a_measurement(study: str, speed: float, percent: int) -> None:
    (row,) = (
        row
        for row in energy_rows()
        if row["study"] == study and float(row["speed_m_s"]) == speed and row["direction"] == "forward"
    )
    assert round(100 * (predicted_uptake(row) / float(row["oxygen_uptake_ml_kg_min"]) - 1)) == percent


def test_walking_uphill_backward_is_proportional_and_two_table_entries_show_it_high() -> None:
    # docs/evidence.md#energy-at-the-same-speed:
    # two rows of the Compendium (secondary) are answered 8 % too high; a study at five grades is not.
    rows = {row["study"]: row for row in energy_rows() if row["direction"] == "backward" and row["grade"] != "0"}
    assert {name: round(100 * (predicted_uptake(row) / 27.3 - 1)) for name, row in rows.items()} == {
        "Compendium 2024 code 17325": 8,
        "Compendium 2024 code 17475": 8,
    }
    assert {row["oxygen_uptake_ml_kg_min"] for row in rows.values()} == {"27.3"}


def test_looney2025_check_values() -> None:
    assert round(scalar(energy.looney2025(speed_m_s=3.0, grade=0.0)), 2) == 12.29
    assert round(scalar(energy.looney2025(speed_m_s=3.0, grade=0.10)), 2) == 20.32


def test_looney2019_check_value() -> None:
    power = energy.looney2019(speed_m_s=1.341, grade=0.0)
    assert round(scalar(energy.oxygen_uptake_ml_kg_min(power_w_kg=power)), 2) == 12.90


def test_oxygen_to_energy() -> None:
    # docs/evidence.md#the-forward-equations: 4.911 kcal/L and 20.55 kJ/L at an exchange ratio of 0.89.
    assert round(energy.KCAL_PER_LITRE_OXYGEN, 3) == 4.911
    assert round(energy.J_PER_ML_OXYGEN, 2) == 20.55


def test_ratios_rest_on_the_committed_table() -> None:
    # docs/evidence.md#energy-at-the-same-speed: the three walking studies and the four running ones, each one value.
    assert round(direction.WALKING_RATIO, 3) == round((1.284 * 1.484 * 1.36) ** (1 / 3), 3) == 1.374
    assert round(direction.POOLED_STUDY_CV["run"], 3) == 0.070
    assert round(direction.POOLED_STUDY_CV["walk"], 3) == 0.073
    assert round(direction.POOLED_RUNNING_RATIO, 3) == round((1.154 * 1.318 * 1.30 * 1.35) ** (1 / 4), 3) == 1.278
    assert direction.DIRECTION_MODELS["documented"]["run"] == (1.30, 0.070, 4)
    assert direction.DIRECTION_MODELS["pooled"]["run"].studies == 4
    assert direction.DIRECTION_MODELS["pooled"]["walk"].studies == 3
    assert direction.DIRECTION_MODELS["pooled"]["walk"] == direction.DIRECTION_MODELS["documented"]["walk"]


def test_the_ratio_of_williford_1998_misses_the_group_interval() -> None:
    (row,) = (row for row in table("ratios") if row["study"] == "Williford 1998" and row["gait"] == "run")
    error = math.log(float(row["ratio_backward_forward"]) / direction.DOCUMENTED_RUNNING_RATIO)
    spread = uncertainty.PERSON_RATIO_CV["run"] / math.sqrt(float(row["n"]))
    assert error < -standard_score(0.90) * spread


def least_squares(points: Iterable[tuple[float, float]]) -> tuple[float, float]:
    """Return a and b of y = a + b x, by the textbook's sums."""
    x, y = zip(*points, strict=True)
    mean_x, mean_y = statistics.fmean(x), statistics.fmean(y)
    slope = sum((u - mean_x) * (v - mean_y) for u, v in zip(x, y, strict=True)) / sum((u - mean_x) ** 2 for u in x)
    return mean_y - slope * mean_x, slope


def running_steps() -> list[tuple[str, float, float]]:
    """Return study, speed and cadence of every forward running row that has both."""
    return [
        (row["study"], float(row["speed_m_s"]), float(row["value"]))
        for row in table("gait")
        if (row["gait"], row["direction"], row["quantity"]) == ("run", "forward", "step_frequency") and row["speed_m_s"]
    ]


def test_running_cadence_is_the_line_of_the_committed_rows() -> None:
    # A new row shows here what it would change; docs/evidence.md#steps-and-ground-contact
    # has the fits without each of the two largest misses.
    rows = running_steps()
    a, b = least_squares((speed, value) for _, speed, value in rows)
    assert (round(a, 1), round(b, 2)) == timing.RUNNING_CADENCE_COEFFICIENTS == (128.0, 12.07)
    assert (min(row[1] for row in rows), max(row[1] for row in rows)) == timing.RUNNING_CADENCE_RANGE_M_S
    by_miss = sorted(rows, key=lambda row: abs(a + b * row[1] - row[2]), reverse=True)
    without = [
        tuple(round(number, 2) for number in least_squares((s, v) for study, s, v in rows if study != left))
        for left in ("Alcantara 2022", "Cavagna 2008 young")
    ]
    assert [row[0] for row in by_miss[:2]] == ["Alcantara 2022", "Cavagna 2008 young"]
    assert without == [(125.17, 12.32), (122.38, 14.22)]


def test_running_cadence_misses_are_the_ones_that_are_known() -> None:
    missed = {
        study: round(value - scalar(timing.running_cadence(speed_m_s=speed)))
        for study, speed, value in running_steps()
        if abs(value / scalar(timing.running_cadence(speed_m_s=speed)) - 1) > timing.RUNNING_CADENCE_STUDY_CV
    }
    assert missed == {"Alcantara 2022": 18, "Cavagna 2008 young": -14}


def test_walking_cadence_on_its_rows() -> None:
    low, high = timing.WALKING_CADENCE_RANGE_M_S
    rows = [row for row in table("gait") if row["quantity"] == "cadence" and low <= float(row["speed_m_s"]) <= high]
    assert len(rows) == 8
    for row in rows:
        error = timing.walking_cadence(speed_m_s=float(row["speed_m_s"])) - float(row["value"])
        assert abs(scalar(error)) < timing.CADENCE_PERSON_SD_STEPS_PER_MIN["walk"]


def test_contact_time_is_the_power_of_the_committed_rows() -> None:
    rows = [
        (float(row["speed_m_s"]), float(row["value"]) / 1000)
        for row in table("gait")
        if row["quantity"] == "contact_time" and row["speed_m_s"] and row["direction"] == "forward"
    ]
    a, b = least_squares((math.log(speed), math.log(value)) for speed, value in rows)
    assert (round(math.exp(a), 3), round(b, 3)) == timing.RUNNING_CONTACT_COEFFICIENTS == (0.508, -0.662)
    assert len(rows) == 4
    assert all(abs(scalar(timing.running_contact_time(speed_m_s=speed)) - value) <= 0.004 for speed, value in rows)
    assert abs(scalar(timing.running_contact_time(speed_m_s=4.1)) - 0.1961) <= 0.005


def test_peak_force_is_the_line_of_the_level_groups_and_its_misses_are_shown() -> None:
    rows = {
        float(row["speed_m_s"]): float(row["mean"])
        for row in table("load")
        if (row["indicator"], row["gait"], row["direction"]) == ("vgrf_peak", "run", "forward")
        and row["speed_m_s"]
        and float(row["grade"]) == 0
        and int(row["n"]) > 1
    }
    assert rows == {4.1: 2.995, 5.4: 3.144, 3.33: 2.51}
    a, b = least_squares(rows.items())
    assert (round(a, 3), round(b, 3)) == load.PEAK_VERTICAL_FORCE_COEFFICIENTS["run"] == (1.659, 0.286)
    misses = {speed: round(100 * ((a + b * speed) / mean - 1), 1) for speed, mean in rows.items()}
    assert misses == {4.1: -5.4, 5.4: 1.9, 3.33: 4.1}
    assert round(scalar(load.peak_vertical_force(gait="run", speed_m_s=4.1)), 3) == 2.832
    assert round(load.PEAK_VERTICAL_FORCE_CROSSING_M_S, 2) == 2.98


def test_the_ratio_of_ground_forces_lies_between_its_two_studies() -> None:
    ratios = {}
    for study, indicator in (("Roos2012", "grf_resultant_at_peak_knee_moment"), ("Cavagna2012", "vgrf_peak")):
        means = {
            row["direction"]: float(row["mean"])
            for row in table("load")
            if (row["study"], row["indicator"]) == (study, indicator)
        }
        ratios[study] = round(means["backward"] / means["forward"], 3)
    assert ratios == {"Roos2012": 1.043, "Cavagna2012": 1.106}
    assert ratios["Roos2012"] < load.PEAK_VERTICAL_FORCE_RATIO["run"] == 1.075 < ratios["Cavagna2012"]


def test_the_knee_cap_ratio_lies_between_the_studies_at_matched_speed() -> None:
    means = {
        study: [
            float(row["mean"])
            for row in table("load")
            if row["study"] == study and row["indicator"] == "pfj_peak_force"
        ]
        for study in ("Roos2012", "Ren2015", "Sussman2000")
    }
    ratios = {study: round(backward / forward, 2) for study, (forward, backward) in means.items()}
    assert ratios == {"Roos2012": 0.76, "Ren2015": 0.88, "Sussman2000": 1.03}
    assert load.patellofemoral_ratio(gait="run", speed_m_s=3.1) == 0.79
    assert load.patellofemoral_ratio(gait="run", speed_m_s=1.0) == 1.03


@pytest.mark.parametrize(("study", "speed"), [("Sussman2000", 1.0), ("Roos2012", 3.1)])
def test_knee_moment_ratio_passes_through_its_two_studies(study: str, speed: float) -> None:
    forward, backward = (
        float(row["mean"])
        for row in table("load")
        if row["study"] == study and row["indicator"] == "knee_extensor_moment_peak"
    )
    assert load.knee_extensor_moment_ratio(speed_m_s=speed) == pytest.approx(backward / forward, abs=0.012)


def test_patellofemoral_force_of_running_lies_within_the_meta_analysis() -> None:
    (row,) = (
        row
        for row in table("load")
        if row["study"] == "Hart2022_meta" and row["gait"] == "run" and row["indicator"] == "pfj_peak_force"
    )
    mean, sd = float(row["mean"]), float(row["sd"])
    low, high = load.PATELLOFEMORAL_RANGE_M_S
    middle = load.patellofemoral_peak_force(gait="run", speed_m_s=(low + high) / 2)
    assert abs(scalar(middle) - mean) < sd


def test_step_rate_changes_patellofemoral_force_as_measured() -> None:
    (row,) = (row for row in table("load") if row["study"] == "Lenhart2014")
    changed = load.patellofemoral_peak_force(gait="run", speed_m_s=2.5, step_rate_ratio=1.1)
    preferred = load.patellofemoral_peak_force(gait="run", speed_m_s=2.5)
    assert round(100 * (scalar(changed) / scalar(preferred) - 1)) == float(row["mean"])


def test_patellofemoral_impulse_uses_only_the_two_forces() -> None:
    # docs/evidence.md#steps-and-ground-contact:
    # knee-cap peak over twice the ground force, for one leg and second, so at any cadence.
    for speed in (2.5, 3.0, 3.5):
        peak = scalar(load.patellofemoral_peak_force(gait="run", speed_m_s=speed))
        force = scalar(load.peak_vertical_force(gait="run", speed_m_s=speed))
        per_second = load.patellofemoral_impulse_per_second(peak_force_bw=peak, peak_vertical_force_bw=force)
        assert per_second == pytest.approx(peak / (2 * force), rel=1e-15)
        # The half sine over a measured step, contact and cadence as measured, is another number: the miss is said.
        contact = scalar(timing.running_contact_time(speed_m_s=speed))
        cadence = scalar(timing.running_cadence(speed_m_s=speed))
        assert per_second < peak * (2 / math.pi) * contact * cadence / 120


def test_achilles_end_points() -> None:
    rows = [row for row in table("load") if row["study"].startswith("Reiter2024") and row["unit"] == "BW"]
    measured = {float(row["speed_m_s"]): float(row["mean"]) for row in rows}
    assert measured == {2.68: 8.2, 4.47: 10.1}
    reference = sum(c * v for c, v in zip(load.ACHILLES_COEFFICIENTS_BW, (1.0, 3.0), strict=True))
    for speed, peak in measured.items():
        relative = load.achilles_relative_load(gait="run", speed_m_s=speed)
        assert relative * reference == pytest.approx(peak, abs=0.05)


def test_tibial_compression_is_biased_on_its_rows() -> None:
    # docs/evidence.md#achilles-tendon-calf-and-shin:
    # bias +0.38 BW on the rows of load.csv, from the measured peak force of each row; with the
    # peak force of our own equation it is larger. Both are shown and neither is tuned away.
    rows: dict[str, dict[float, float]] = {"tibial_compression_peak": {}, "vgrf_peak": {}}
    for row in table("load"):
        if row["study"] == "Matijevich2019_subj1" and row["indicator"] in rows:
            rows[row["indicator"]][float(row["speed_m_s"])] = float(row["mean"])
    measured, forces = rows["tibial_compression_peak"], rows["vgrf_peak"]
    assert len(measured) == len(forces) == 8

    def bias(force_at: Callable[[float], Any]) -> float:
        errors = [
            load.tibial_compression_peak(peak_vertical_force_bw=force_at(speed), speed_m_s=speed, grade=0.0) - peak
            for speed, peak in measured.items()
        ]
        return round(scalar(sum(errors)) / len(errors), 2)

    assert bias(forces.__getitem__) == 0.38
    assert bias(lambda speed: load.peak_vertical_force(gait="run", speed_m_s=speed)) == 0.69
