"""Constants that no other test holds, each against what its source prints or the arithmetic behind it.

`make mutate` finds what belongs here. Sections are those of docs/evidence.md.
"""

import math
from statistics import NormalDist, stdev
from typing import Any, cast

import numpy as np
import pytest

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.catalogue import catalogue
from retrorun.models.evidence.cautions import REST_ASSUMED, TRACK_UNUSABLE, WARNINGS
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.numerics.inward import rounded_inward
from retrorun.models.physiology import energy, load, timing
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.sources.tables import table
from retrorun.models.track.points import Points, points_from
from retrorun.models.track.recording import MAXIMUM_POINTS, recording
from retrorun.models.track.track import track
from retrorun.models.validation.comparison import STANDARD_GRAVITY_M_S2
from retrorun.models.validation.load import DOYLE_REFERENCE_M_S, LENHART_STEP_RATE_RATIO, SPEEDS_FROM_NOTES
from retrorun.models.validation.plot_data import energy_curves
from retrorun.models.validation.validation import validation
from retrorun.models.vocabulary.errors import OutOfRange, Undefined
from retrorun.models.workout.shared_errors import grid

RUN = {"body_mass_kg": 70.0, "speed_m_s": 3.0, "duration_s": 600.0}


def answer(**bout: Any) -> dict[str, Any]:
    """Return the answer to ten minutes of running at 3 m/s, unless more is said."""
    return cast(dict[str, Any], estimate(**(RUN | bout)))


def spread_of(interval: dict[str, float]) -> float:
    """Return the coefficient of variation behind a 90 % interval."""
    return math.log(interval["high"] / interval["value"]) / standard_score(0.90)


def test_the_spread_of_the_timing_ratios_is_that_of_the_peak_force() -> None:
    """Steps and ground contact: no spread is published; the momentum balance ties them to the ratio of peak forces."""
    assert timing.TIMING_RATIO_CV == load.PEAK_VERTICAL_FORCE_RATIO_SD == 0.05
    for name in ("cadence", "contact_time"):
        assert spread_of(answer()["ratio"][name]) == pytest.approx(0.05, rel=1e-9)


def test_the_spread_of_tibial_compression_is_absolute_and_relative() -> None:
    """Achilles tendon, calf and shin: the root of the sum of squares of 0.4 body weights and 20 %."""
    peak = answer()["forward"]["load"]["tibial_compression_peak_bw"]
    assert spread_of(peak) == pytest.approx(math.hypot(0.4 / peak["value"], 0.20), rel=1e-9)


def test_the_interval_of_the_achilles_load_spans_the_methods() -> None:
    """Achilles tendon, calf and shin: methods differ by a factor of 2 to 3, whose middle is the whole 90 % interval."""
    tendon = answer()["forward"]["load"]["achilles_relative_load"]
    assert tendon["high"] / tendon["low"] == pytest.approx((2 + 3) / 2, rel=1e-3)


def test_the_spread_of_the_knee_cap_ratio_is_that_of_the_people_of_roos() -> None:
    """Knee: the ratio of means is 0.756, and 85 % of 20 people were lower backward."""
    forward, backward = (
        float(row["mean"])
        for row in table("load")
        if (row["study"], row["indicator"]) == ("Roos2012", "pfj_peak_force")
    )
    assert backward / forward == pytest.approx(0.756, abs=5e-4)
    lower = NormalDist().cdf(-math.log(0.756) / load.PATELLOFEMORAL_RATIO_SD_LOG)
    assert lower == pytest.approx(0.85, abs=0.005)
    ratio = answer()["ratio"]["load"]["patellofemoral_peak_force"]
    assert spread_of(ratio) == pytest.approx(-math.log(0.756) / NormalDist().inv_cdf(0.85), abs=0.005)


def test_another_study_of_equal_heart_rate_may_lie_twice_as_far_as_one_of_equal_speed() -> None:
    """The same heart rate: the spread between the running studies, doubled (choice)."""
    logs = [math.log(float(row["ratio_backward_forward"])) for row in table("ratios") if row["gait"] == "run"]
    spread = answer(equal="heart_rate")["spread"]
    assert spread["ratio_study_cv"] == pytest.approx(2 * round(stdev(logs), 3), abs=1e-9)


@pytest.mark.parametrize(
    ("bout", "name", "absolute"),
    [
        ({}, "peak_vertical_force_bw", 0.25),
        ({"speed_m_s": 1.5, "gait": "walk"}, "peak_vertical_force_bw", 0.25),
        ({}, "patellofemoral_peak_force_bw", 1.3),
        ({"speed_m_s": 1.5, "gait": "walk"}, "patellofemoral_peak_force_bw", 0.4),
    ],
)
def test_the_spread_of_a_force_is_absolute(bout: dict[str, Any], name: str, absolute: float) -> None:
    """Ground force, Knee: standard deviations between people in body weights."""
    force = answer(**bout)["forward"]["load"][name]
    assert spread_of(force) == pytest.approx(absolute / force["value"], rel=1e-9)


def test_the_spreads_of_impulse_and_knee_moment_are_relative_and_absolute() -> None:
    """Knee: 35 % of the impulse forward, and 0.25 of the ratio of moments (choices)."""
    found = answer()
    for name in ("patellofemoral_impulse_per_km_bw_s", "patellofemoral_impulse_per_bout_bw_s"):
        assert spread_of(found["forward"]["load"][name]) == pytest.approx(0.35, rel=1e-9)
    moment = found["backward"]["load"]["knee_extensor_moment_ratio"]
    assert spread_of(moment) == pytest.approx(0.25 / moment["value"], rel=1e-9)


def test_the_spread_of_contact_time_is_that_of_the_people_measured() -> None:
    """Steps and ground contact: 271 with a standard deviation of 23 ms at 2.61 m/s, nine people."""
    (row,) = (
        row
        for row in table("gait")
        if (row["quantity"], row["speed_m_s"], row["gait"]) == ("contact_time", "2.61", "run")
    )
    assert spread_of(answer()["forward"]["contact_time_s"]) == pytest.approx(float(row["sd"]) / float(row["value"]))


def test_the_spread_of_walking_cadence_is_that_of_the_people_measured() -> None:
    """Steps and ground contact: about seven steps a minute, root mean square over the bins of Fukuchi 2018."""
    sds = [float(row["sd"]) for row in table("gait") if row["study"].startswith("Fukuchi 2018")]
    cadence = answer(speed_m_s=1.3, gait="walk")["forward"]["cadence_steps_per_min"]
    spread = spread_of(cadence) * cadence["value"]
    assert spread == pytest.approx(7.0, rel=1e-9)
    assert spread == pytest.approx(math.sqrt(sum(sd * sd for sd in sds) / len(sds)), abs=0.5)


def test_walking_knee_force_is_that_of_the_meta_analysis_both_ways() -> None:
    """Knee: 0.9 body weights walking (Hart 2022); backward the same, for want of a measurement (choice)."""
    (mean,) = (
        float(row["mean"])
        for row in table("load")
        if (row["study"], row["indicator"], row["gait"]) == ("Hart2022_meta", "pfj_peak_force", "walk")
    )
    walk = answer(speed_m_s=1.4, gait="walk")
    for way in ("forward", "backward"):
        assert walk[way]["load"]["patellofemoral_peak_force_bw"]["value"] == pytest.approx(mean)


def test_the_knee_cap_force_is_the_line_of_the_evidence() -> None:
    """Knee: 2.37 and 0.858 for each m/s (choice), which is 5.03 at 3.1 m/s, inside Hart 2022's 5.2 ± 1.2."""
    for speed_m_s, force in ((1.5, 3.657), (3.1, 5.0298), (4.0, 5.802)):
        peak = answer(speed_m_s=speed_m_s, gait="run")["forward"]["load"]["patellofemoral_peak_force_bw"]
        assert peak["value"] == pytest.approx(force, abs=1e-6)


def test_contact_backward_is_that_of_cavagna() -> None:
    """Steps and ground contact: 0.84 is derived from Cavagna 2012."""
    ratio = answer()["ratio"]["contact_time"]["value"]
    assert ratio == pytest.approx(0.84, abs=1e-9)
    # Wright & Weyand 2001, which follows from their muscle volumes, is within three percent.
    (other,) = (float(row["value"]) for row in table("gait") if row["quantity"] == "contact_time_ratio_bw_fw")
    assert ratio == pytest.approx(other, rel=0.03)


def test_the_knee_moment_falls_in_a_line_from_sussman_to_roos() -> None:
    """Knee: the ratio of moments at 1 m/s, that at 3 m/s, the middle between them half way, and no less beyond."""
    ratios = {}
    for study in ("Sussman2000", "Roos2012"):
        forward, backward = (
            float(row["mean"])
            for row in table("load")
            if (row["study"], row["indicator"]) == (study, "knee_extensor_moment_peak")
        )
        ratios[study] = backward / forward
    slow, fast = ratios["Sussman2000"], ratios["Roos2012"]
    for speed_m_s, ratio in ((1.0, slow), (2.0, (slow + fast) / 2), (3.0, fast), (3.4, fast)):
        moment = answer(speed_m_s=speed_m_s, gait="run")["backward"]["load"]["knee_extensor_moment_ratio"]
        assert moment["value"] == pytest.approx(ratio, abs=0.002)


def test_the_intensity_is_moderate_from_three_met_and_vigorous_from_six() -> None:
    """Exercise intensity definitions, Table 3 of PMC8818640: 3.0 to 5.9 and 6.0 and more."""
    found = [energy.intensity(met=met) for met in (2.99, 3.0, 5.99, 6.0)]
    assert found == ["light", "moderate", "moderate", "vigorous"]


def test_measured_rest_is_said_as_it_was_measured() -> None:
    """The forward equations: 2.6 with a standard deviation of 0.4 ml/kg/min, 769 people (Byrne 2005)."""
    assert "(2.6, SD 0.4)" in WARNINGS[REST_ASSUMED]["message"]


def test_active_energy_is_undefined_under_a_tenth_of_the_total() -> None:
    """A choice: a tall, light person rests at so much that a slow walk downhill costs little more."""
    shares = []
    for speed_m_s in np.linspace(0.9, 0.7, 41).tolist():
        person = {"body_mass_kg": 35.0, "height_m": 2.2, "age_y": 18.0, "sex": "male"}
        try:
            walk = answer(gait="walk", speed_m_s=speed_m_s, grade=-0.08, **person)["forward"]
        except Undefined:
            break
        shares.append(walk["active_energy_kcal"]["value"] / walk["total_energy_kcal"]["value"])
    assert shares == sorted(shares, reverse=True)
    assert 0.1 <= shares[-1] < 0.1 + (shares[-2] - shares[-1])


@pytest.mark.parametrize("times", [2.99, 1 / 2.99, 3.01, 1 / 3.01])
def test_a_measurement_beyond_three_times_the_prediction_is_taken_as_a_mistake(times: float) -> None:
    """A choice: either way, as a wrong unit would make it."""
    predicted = answer()["forward"]["oxygen_uptake_ml_kg_min"]["value"]
    bout = {"measurements": [{"speed_m_s": 3.0, "oxygen_uptake_ml_kg_min": predicted * times}]}
    if 1 / 3 < times < 3:
        assert "personal" in answer(**bout)
    else:
        with pytest.raises(OutOfRange):
            answer(**bout)


def codes(**bout: Any) -> set[str]:
    """Return the codes of an answer's warnings."""
    return {warning["code"] for warning in answer(**bout)["warnings"]}


@pytest.mark.parametrize(
    ("gait_name", "code", "low", "high"),
    [
        ("run", "load.patellofemoral_speed", 1.0, 4.5),
        ("run", "load.run_achilles_speed", 2.7, 4.5),
        ("walk", "load.walk_achilles_speed", 1.34, 1.34),
        ("run", "load.tibial_speed", 2.6, 4.0),
        ("walk", "load.walk_vertical_force_speed", 1.0, 2.0),
        ("walk", "timing.walk_timing_speed", 0.8, 1.77),
        ("run", "timing.run_contact_time_speed", 2.6, 5.4),
        ("run", "energy.looney2025_run_speed", 1.8, 5.2),
        ("walk", "energy.looney2019_walk_speed", 0.4, 1.96),
    ],
)
def test_a_range_ends_where_its_data_do(gait_name: str, code: str, low: float, high: float) -> None:
    """Speeds of the tables of docs/evidence.md: inside there is no warning, a hair outside there is."""
    for speed_m_s, warned in ((low, False), (high, False), (low * 0.99, True), (high * 1.01, True)):
        assert (code in codes(speed_m_s=speed_m_s, gait=gait_name)) == warned, speed_m_s


def test_ground_force_on_slopes_ends_at_ten_degrees() -> None:
    """Ground force: Alcantara 2022 measured from -10 to +10 degrees."""
    for degrees in (9.95, -9.95, 10.05, -10.05):
        found = codes(grade=math.tan(math.radians(degrees)))
        assert ("load.vertical_force_grade" in found) == (abs(degrees) > 10)


def test_older_people_get_a_warning_above_the_measured_speeds() -> None:
    """Muscles, practice, falls: 0.73 with a standard deviation of 0.24 m/s at 76 years, compared with from 65 on."""
    person = {"gait": "walk", "sex": "female", "height_m": 1.65}
    for age_y, speed_m_s, warned in ((65.0, 0.98, True), (65.0, 0.96, False), (64.0, 0.98, False)):
        assert ("caution.older_backward_speed" in codes(age_y=age_y, speed_m_s=speed_m_s, **person)) == warned


def test_the_speeds_of_older_people_are_of_two_studies() -> None:
    """Muscles, practice, falls: chosen by 84 people; fallers below 0.6 m/s are another study's (Fritz 2013)."""
    rows = {row["name"]: row for row in catalogue()["constants"]}
    for place, number in enumerate((0.73, 0.24)):
        chosen = rows[f"gait.OLDER_BACKWARD_WALK_M_S[{place}]"]
        assert (chosen["number"], chosen["standing"], chosen["references"]) == (number, "secondary", [])
    fallers = rows["gait.FALLERS_BACKWARD_WALK_BELOW_M_S"]
    assert (fallers["number"], fallers["standing"], fallers["references"]) == (0.6, "published", ["fritz2013"])
    assert "below 0.6 m/s (Fritz 2013)" in WARNINGS["caution.older_backward_speed"]["message"]


def test_ranges_are_of_the_studies_in_the_tables() -> None:
    """Contact: 2.61, 3.33 and 4.1, 5.4 m/s of three studies; ground force: 3.33 and 4.1, 5.4 m/s of two."""
    for code, quantity, name in (
        ("timing.run_contact_time_speed", "contact_time", "gait"),
        ("load.run_vertical_force_speed", "vgrf_peak", "load"),
    ):
        rows = [
            row
            for row in table(cast(Any, name))
            if (row.get("quantity") or row.get("indicator")) == quantity and row["speed_m_s"]
        ]
        message = WARNINGS[code]["message"]
        for study, said in (("Alcantara", "Alcantara 2021, 2022"), ("JEB ageing-runner", "ageing runners")):
            assert any(row["study"].startswith(study) for row in rows) is (said in message), (code, study)


def test_knee_loads_end_at_four_degrees() -> None:
    """Knee: moments hardly change from -4 to +4 degrees (Telhan 2010)."""
    for degrees in (3.95, -3.95, 4.05, -4.05):
        load_ = answer(grade=math.tan(math.radians(degrees)))["forward"]["load"]
        assert ("patellofemoral_peak_force_bw" in load_) == (abs(degrees) < 4)


def test_the_tendon_walking_is_its_share_of_running_at_the_fastest() -> None:
    """Achilles tendon, calf and shin: Reiter measured 44.0 walking and 98.7 running at 4.47 m/s, in one unit."""
    peaks = {
        row["gait"]: float(row["mean"])
        for row in table("load")
        if row["study"] == "Reiter2024_tensiometry"
        and row["indicator"] == "achilles_peak_force"
        and row["unit"] != "BW"
    }
    assert peaks == {"walk": 44.0, "run": 98.7}
    fastest = answer(speed_m_s=4.47)["forward"]["load"]["achilles_relative_load"]["value"]
    walking = answer(speed_m_s=1.34, gait="walk")["forward"]["load"]["achilles_relative_load"]["value"]
    assert walking == pytest.approx(peaks["walk"] / peaks["run"] * fastest, abs=0.005)


# How a recording is cleaned: docs/track.md says each of these numbers.


def north(metres: Any, altitude_m: Any = 500.0, *, seconds: Any = None) -> Points:
    """Return a way due north, a point a second unless said otherwise, at these metres from the start."""
    way: Column = np.asarray(metres, dtype=np.float64)
    time_s = np.arange(len(way), dtype=np.float64) if seconds is None else np.asarray(seconds, dtype=np.float64)
    # 111 195.08 m a degree: a sphere with the mean radius of the Earth, 6371.0088 km.
    return points_from(
        time_s=time_s,
        latitude_deg=way / 111_195.08,
        longitude_deg=np.zeros_like(way),
        altitude_m=np.full_like(way, altitude_m),
    )


EVEN = 2.5 * np.arange(601)


def test_a_degree_of_latitude_is_as_long_as_on_the_mean_sphere() -> None:
    assert recording(north(EVEN)).way_m[-1] == pytest.approx(1500.0, rel=1e-6)


def test_as_many_points_as_two_days_have_seconds() -> None:
    assert MAXIMUM_POINTS == 2 * 86_400 + 1


def test_two_points_make_a_way() -> None:
    assert recording(north([0.0, 75.0], seconds=[0.0, 30.0])).way_m[-1] == pytest.approx(75.0, rel=1e-6)
    with pytest.raises(Undefined):
        recording(north([0.0]))


@pytest.mark.parametrize(("name", "highest"), [("latitude_deg", 90.0), ("longitude_deg", 180.0)])
def test_there_is_no_place_beyond_the_pole_or_the_date_line(name: str, highest: float) -> None:
    for value, unusable in ((highest + 0.5, 1), (-highest - 0.5, 1)):
        points = north(EVEN)
        getattr(points, name)[300] = value
        assert recording(points).unusable_points == unusable


@pytest.mark.parametrize(("altitude_m", "known"), [(8990.0, True), (9010.0, False), (-490.0, True), (-510.0, False)])
def test_altitudes_that_there_are_on_land(altitude_m: float, known: bool) -> None:
    assert (recording(north(EVEN, altitude_m)).slope is not None) == known


def test_nobody_runs_faster_than_the_fastest_sprint() -> None:
    for step_m, jumps in ((12.4, 0), (12.6, 1)):
        way = EVEN.copy()
        way[300:] += step_m - 2.5
        assert recording(north(way)).jumps == jumps


def test_five_points_in_a_row_are_a_spike_and_six_are_not() -> None:
    for count, removed in ((5, 5), (6, 0)):
        points = north(EVEN)
        points.longitude_deg[300 : 300 + count] = 1.0
        assert recording(points).removed_spikes == removed


def test_a_last_point_more_than_an_hour_later_is_misdated() -> None:
    for later_s, unusable in ((3590.0, 0), (3610.0, 1)):
        seconds = np.arange(601.0)
        seconds[-1] = seconds[-2] + later_s
        assert recording(north(EVEN, seconds=seconds)).unusable_points == unusable


def test_up_to_half_of_the_points_may_be_unusable_and_a_twentieth_goes_without_a_warning() -> None:
    def lost(count: int) -> Points:
        points = north(EVEN)
        points.latitude_deg[np.linspace(1, 599, count).astype(int)] = np.nan
        return points

    assert recording(lost(300)).unusable_points == 300
    with pytest.raises(Undefined, match="More than half"):
        recording(lost(301))
    for count, warned in ((30, False), (31, True)):
        codes = {warning["code"] for warning in track(points=lost(count), body_mass_kg=70.0)["warnings"]}
        assert (TRACK_UNUSABLE in codes) == warned


def test_more_than_a_minute_without_a_point_is_sparse() -> None:
    for apart_s, sparse in ((60, 0), (61, 1)):
        kept = np.r_[0:300, 299 + apart_s : 601]
        assert recording(Points(*(column[kept] for column in north(EVEN)))).sparse_intervals == sparse


def test_positions_are_the_middle_of_a_parabola_through_thirteen_seconds() -> None:
    """A point ten metres beside the way moves the thirteen around it by the weights of Savitzky and Golay (1964)."""
    points = north(EVEN)
    points.longitude_deg[300] = 10.0 / 111_195.08
    weights = 10.0 * np.array([0, -11, 0, 9, 16, 21, 24, 25, 24, 21, 16, 9, 0, -11, 0]) / 143
    longer = (np.hypot(2.5, np.diff(weights)) - 2.5).sum()
    assert recording(points).way_m[-1] == pytest.approx(1500.0 + longer, abs=1e-3)


def test_positions_are_smoothed_up_to_two_seconds_apart() -> None:
    for apart_s, smoothed in ((2, True), (3, False)):
        points = Points(*(column[::apart_s] for column in north(EVEN)))
        points.longitude_deg[100] = 10.0 / 111_195.08
        plain = 1500.0 + 2 * (math.hypot(2.5 * apart_s, 10.0) - 2.5 * apart_s)
        assert (recording(points).way_m[-1] < plain - 1) == smoothed


def test_a_held_place_is_made_up_for_from_one_and_a_half_times_the_next_speed() -> None:
    """Five seconds at one place, then a step of 4.4 or 4.6 m before steps of 3 m."""
    for step_m, kept in ((4.4, 607), (4.6, 602)):
        way = np.concatenate((EVEN, np.full(5, EVEN[-1]), EVEN[-1] + step_m + 3.0 * np.arange(0, 1)))
        way = np.append(way, way[-1] + 3.0)
        assert len(recording(north(way)).kept.time_s) == kept + 1


def test_a_slope_is_that_of_the_line_through_twenty_one_means_of_five_metres() -> None:
    """A step of a metre: the sum of 1 to 10, over twice the sum of their squares, over 5 m."""
    slope = recording(north(EVEN, np.where(EVEN < 750.0, 500.0, 501.0))).slope
    assert slope is not None
    steepest = sum(range(1, 11)) / (2 * sum(k * k for k in range(1, 11))) / 5.0
    assert slope.max() == pytest.approx(steepest, rel=0.02)


def test_a_part_slower_than_people_walk_is_a_pause() -> None:
    for speed_m_s, pauses in ((0.51, 0), (0.49, 1)):
        way = np.concatenate((EVEN, EVEN[-1] + speed_m_s * np.arange(1, 301)))
        assert track(points=north(way), body_mass_kg=70.0)["track"]["pauses"] == pauses


def test_half_of_a_recording_may_be_faster_than_anybody_moves() -> None:
    def driven(seconds: int) -> Points:
        return north(np.concatenate((EVEN, EVEN[-1] + 10.0 * np.arange(1, seconds + 1))))

    assert track(points=driven(580), body_mass_kg=70.0)["track"]["left_out_s"] == pytest.approx(580, abs=10)
    with pytest.raises(Undefined) as refused:
        track(points=driven(630), body_mass_kg=70.0)
    assert refused.value.code == "not_on_foot"


# How an answer is worked out


@pytest.mark.parametrize(
    ("speeds", "grades", "shares"),
    [
        ([2.5, 3.0], [0.0, 0.0], [1.0, 1.0]),
        ([2.5, 2.75], [0.0, 0.0], [0.5, 1.5]),
        ([2.5, 2.5], [0.0, 0.05], [1.0, 1.0]),
        ([2.5, 2.5], [0.0, 0.025], [0.5, 1.5]),
    ],
)
def test_half_a_metre_a_second_or_five_percent_are_another_error(
    speeds: list[float], grades: list[float], shares: list[float]
) -> None:
    under = grid(speed_m_s=np.array(speeds), grade=np.array(grades))
    placed = under.placed(np.ones(2), np.arange(2))
    assert sorted(placed[placed > 1e-12].tolist()) == pytest.approx(shares)


def test_a_possible_range_has_six_digits() -> None:
    assert rounded_inward(812.345678, math.floor) == 812.345
    assert rounded_inward(812.345678, math.ceil) == 812.346


def test_a_curve_spans_what_was_measured_a_twentieth_of_a_metre_a_second_apart() -> None:
    """Running from 1.5 to 5.5 m/s, walking from 0.4 to 2.4: beyond the rows of the tables on either side."""
    rows = [row for row in table("energy") if row["speed_m_s"].replace(".", "").isdigit()]
    for name, low, high, step, example in (("run", 1.5, 5.5, 0.05, 2.5), ("walk", 0.4, 2.4, 0.025, 1.4)):
        curves = energy_curves(gait=cast(Any, name))
        assert (curves.speed_m_s[0], curves.speed_m_s[-1], curves.example_m_s) == (low, high, example)
        assert np.diff(curves.speed_m_s).max() == pytest.approx(step, rel=1e-9)
        measured = [float(row["speed_m_s"]) for row in rows if row["gait"] == name]
        assert low < min(measured)
        assert high > max(measured)


def test_speeds_that_a_table_lacks_are_the_middles_of_what_its_notes_say() -> None:
    assert SPEEDS_FROM_NOTES["Roos2012"][0] == pytest.approx((2.8 + 3.4) / 2)
    assert SPEEDS_FROM_NOTES["Cavagna2012"][0] == pytest.approx((0.83 + 4.72) / 2)
    assert SPEEDS_FROM_NOTES["Hart2022_meta"][0] == pytest.approx((1.0 + 4.5) / 2)


def test_what_a_row_is_compared_against_is_what_its_indicator_says() -> None:
    """Doyle 2023 is against a speed, Lenhart 2014 against the own step rate."""
    doyle = {row["indicator"] for row in table("load_findings") if row["study"] == "Doyle2023"}
    assert {float(indicator.rpartition("_vs_")[2]) for indicator in doyle} == {DOYLE_REFERENCE_M_S}
    (lenhart,) = {row["indicator"] for row in table("load") if row["study"] == "Lenhart2014"}
    assert lenhart.endswith(f"step_rate_{LENHART_STEP_RATE_RATIO - 1:+.0%}")


def test_a_body_weight_is_that_of_standard_gravity() -> None:
    """9.80665 m/s2 by definition (third General Conference on Weights and Measures, 1901)."""
    assert STANDARD_GRAVITY_M_S2 == 9.80665


def test_assumed_correlations_are_low_middling_and_high() -> None:
    found = cast(dict[str, Any], validation())["pooling"]["by_correlation"]
    assert [each["correlation"] for each in found] == [0.3, 0.5, 0.7]
