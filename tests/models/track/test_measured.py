"""What a watch measured: cadence, contact time, step length and heart rate of a recording."""

import math
from typing import Any, TypeAlias, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from retrorun.app.http.schema import described
from retrorun.models.estimate.estimate import estimate
from retrorun.models.estimate.inputs import person_of
from retrorun.models.evidence.cautions import (
    HEART_RATE_CALORIES,
    MEASURED,
    MEASURED_FORCE_ABSENT,
    MEASURED_ONE,
    MEASURED_UNLIKELY,
    WARNINGS,
)
from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.physiology import load, timing
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.track.cutting import Cut, cut_recording
from retrorun.models.track.measured import measured_on, measured_over, measured_workout
from retrorun.models.track.points import EARTH_RADIUS_M, Points, points_from
from retrorun.models.track.recording import recording
from retrorun.models.track.track import TrackedWorkout, track
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.workout.measured_steps import Measured
from retrorun.models.workout.sums import Segments
from tests.recordings import STARTED_S

Answer: TypeAlias = dict[str, Any]

FORCE = "peak_vertical_force_bw"
KNEE = "patellofemoral_peak_force_bw"
SCORE = standard_score(0.90)
SUMS = ("totals", "forward", "backward", "reversed")


def run(speeds_m_s: Any, grade: float = 0.0, **columns: Any) -> Points:
    """Return a way due north, one point a second, with columns of one value or one a point."""
    way: Column = np.concatenate(([0.0], np.cumsum(np.asarray(speeds_m_s, dtype=np.float64))))
    level = np.full_like(way, 11.0)
    return points_from(
        time_s=np.arange(len(way), dtype=np.float64) + STARTED_S,
        latitude_deg=46 + np.degrees(way / EARTH_RADIUS_M),
        longitude_deg=level,
        altitude_m=500 + grade * way,
        distance_m=way,
        **{
            name: np.broadcast_to(np.asarray(value, dtype=np.float64), level.shape).copy()
            for name, value in columns.items()
        },
    )


def answer_to(points: Points, **said: Any) -> Answer:
    return cast(Answer, track(points=points, **{"body_mass_kg": 70.0, **said}))


def bout(speed_m_s: float, **said: Any) -> Answer:
    return cast(Answer, estimate(body_mass_kg=70.0, speed_m_s=speed_m_s, duration_s=600.0, **said))


def codes_of(answer: Answer) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def spread_of(interval: Answer) -> float:
    return math.log(interval["high"] / interval["value"]) / SCORE


def width(interval: Answer) -> float:
    return math.log(interval["high"] / interval["low"])


def intervals(node: Any, path: str = "") -> dict[str, Answer]:
    """Return every interval of an answer by its path."""
    if not isinstance(node, dict):
        return {}
    if "low" in node:
        return {path: node}
    return {key: held for name, part in node.items() for key, held in intervals(part, f"{path}/{name}").items()}


def sums_of(answer: Answer) -> Answer:
    return {name: answer[name] for name in (*SUMS, "ratio") if name in answer}


class TestMeans:
    def test_a_mean_is_weighted_by_time_and_leaves_out_zeros_and_impossible_values(self) -> None:
        points = run([3.0] * 20, cadence_per_min=160.0, heart_rate_per_min=150.0, contact_time_s=0.25)
        points.cadence_per_min[1:4] = [0.0, 999.0, 180.0]
        points.heart_rate_per_min[:8] = [0.0, 0.0, 0.0, 0.0, 300.0, 20.0, math.nan, 150.0]
        recorded = recording(points)
        found = measured_on(recorded, cut_recording(recorded, []))
        # The first point counts for half a second; nine and a half seconds belong to the ten points.
        assert found.cadence_per_min[0] == pytest.approx((6.5 * 160 + 180) / 7.5)
        assert np.isnan(found.heart_rate_per_min).tolist() == [True, False]
        assert found.contact_time_s == pytest.approx([0.25, 0.25], rel=1e-15)

    def test_step_length_gives_cadence_only_where_cadence_is_missing(self) -> None:
        points = run([3.0] * 40, cadence_per_min=[170.0] * 20 + [0.0] * 21, step_length_m=1.2)
        recorded = recording(points)
        found = measured_on(recorded, cut_recording(recorded, []))
        assert found.cadence_per_min == pytest.approx([170.0, 170.0, 150.0, 150.0])

    def test_a_segment_between_two_points_lies_on_the_line_between_them(self) -> None:
        points = Points(*(column[[0, 31]] for column in run([3.0] * 31, cadence_per_min=np.linspace(150, 181, 32))))
        recorded = recording(points)
        found = measured_on(recorded, cut_recording(recorded, []))
        (first, middle, last) = found.cadence_per_min
        assert (first, last) == pytest.approx((150.0, 181.0))
        assert middle == pytest.approx(165.5)

    def test_recordings_are_joined_in_their_order(self) -> None:
        parts = []
        for cadence in (160.0, 170.0):
            recorded = recording(run([3.0] * 20, cadence_per_min=cadence))
            parts.append((recorded, cut_recording(recorded, [])))
        found = measured_over(parts, np.array([False, True, True, True]))
        assert found.cadence_per_min == pytest.approx([160.0, 170.0, 170.0])

    def test_nothing_measured_is_nothing_and_changes_nothing(self) -> None:
        points = run([3.0] * 60)
        recorded = recording(points)
        assert all(np.isnan(column).all() for column in measured_on(recorded, cut_recording(recorded, [])))
        answer = answer_to(points)
        assert "measured" not in answer
        assert not {MEASURED, HEART_RATE_CALORIES} & set(codes_of(answer))


class TestTwoSegments:
    """300 s forward at 3 m/s and 300 s backward at 3 m/s, computed by hand."""

    CADENCE, CONTACT = 128.0 + 12.07 * 3.0, 0.508 * 3.0**-0.662
    FORCE = max(1.659 + 0.286 * 3.0, 2.05 + 0.155 * 3.0)

    @pytest.fixture
    def answer(self) -> Answer:
        points = run(
            [3.0] * 600, cadence_per_min=[170.0] * 300 + [160.0] * 301, contact_time_s=[0.25] * 300 + [0.2] * 301
        )
        return answer_to(points, backward=[{"from_s": 300}])

    def test_steps_are_measured_and_carried_over(self, answer: Answer) -> None:
        assert answer["forward"]["steps"]["value"] == pytest.approx(170 * 5, rel=1e-9)
        assert answer["backward"]["steps"]["value"] == pytest.approx(160 * 5, rel=1e-9)
        assert answer["reversed"]["steps"]["value"] == pytest.approx(170 * 5 * 1.09 + 160 * 5 / 1.09, rel=1e-9)

    def test_force_and_impulse_take_the_factor(self, answer: Answer) -> None:
        forward = self.CADENCE * self.CONTACT / (170 * 0.25)
        backward = self.CADENCE * 1.09 * self.CONTACT * 0.84 / (160 * 0.2)
        assert answer["forward"]["load"][FORCE]["value"] == pytest.approx(self.FORCE * forward, rel=1e-6)
        assert answer["backward"]["load"][FORCE]["value"] == pytest.approx(self.FORCE * 1.075 * backward, rel=1e-6)
        knee = 2.37 + 0.858 * 3.0
        impulses = [knee / (2 * self.FORCE * forward) * 300, knee * 0.79 / (2 * self.FORCE * 1.075 * backward) * 300]
        for name, expected in zip(("forward", "backward"), impulses, strict=True):
            assert answer[name]["load"][IMPULSE]["value"] == pytest.approx(expected, rel=1e-6)
        assert answer["totals"]["load"][IMPULSE]["value"] == pytest.approx(sum(impulses), rel=1e-6)
        turned = max(self.FORCE * 1.075 * forward, self.FORCE * backward)
        assert answer["reversed"]["load"][FORCE]["value"] == pytest.approx(turned, rel=1e-6)

    def test_the_spreads_are_those_of_the_watch_and_of_the_ratio(self, answer: Answer) -> None:
        for name in ("totals", "forward", "backward"):
            assert spread_of(answer[name]["steps"]) == pytest.approx(0.02, rel=1e-9)
            assert answer[name]["steps"]["evidence"] == "B"
        assert answer["reversed"]["steps"]["evidence"] == "D"
        # Backward from forward has the error of the ratio, forward from backward the opposite one.
        parts = 170 * 1.09, 160 / 1.09
        of_ratio = 0.05 * (parts[0] - parts[1]) / sum(parts)
        assert spread_of(answer["reversed"]["steps"]) == pytest.approx(math.hypot(0.02, of_ratio), rel=1e-6)
        watch = math.hypot(0.02, 0.07, 0.035)
        for name in ("forward", "backward"):
            assert spread_of(answer[name]["load"][FORCE]) == pytest.approx(watch, rel=1e-6)
        ours = 0.25 / self.FORCE
        narrowed = math.sqrt(0.35**2 - ours**2 + watch**2)
        assert spread_of(answer["forward"]["load"][IMPULSE]) == pytest.approx(narrowed, rel=1e-6)

    def test_the_report_has_the_means_and_how_much_narrower_the_ranges_became(self, answer: Answer) -> None:
        report = answer["measured"]
        assert (report["cadence_cv"], report["contact_time_cv"]) == (0.02, 0.07)
        forward, backward = report["forward"], report["backward"]
        assert forward["cadence_steps_per_min"]["value"] == pytest.approx(170, rel=1e-9)
        assert backward["contact_time_s"]["value"] == pytest.approx(0.2, rel=1e-9)
        assert backward["step_length_m"] == pytest.approx(3 * 60 / 160, rel=1e-9)
        assert forward["cadence_covered"] == backward["contact_time_covered"] == 1
        assert forward["heart_rate_covered"] == 0
        assert "heart_rate_per_min" not in forward
        assert forward["steps_narrower"] == pytest.approx(0.02 / math.hypot(8 / self.CADENCE, 0.05), rel=1e-6)
        assert forward["contact_time_narrower"] == pytest.approx(0.07 / (23 / 271), rel=1e-6)
        assert backward["contact_time_narrower"] == pytest.approx(0.07 / math.hypot(23 / 271, 0.05), rel=1e-6)
        for part in (report, forward, backward):
            assert all(part[f"{name}_narrower"] < 1 for name in ("steps", "contact_time", "impulse"))

    def test_it_is_what_the_contract_describes_and_names_its_sources(self, answer: Answer) -> None:
        TypeAdapter(described(TrackedWorkout)).validate_python(answer, strict=True)
        assert MEASURED in codes_of(answer)
        assert set(timing.WATCH_REFERENCES) <= set(answer["references"])

    def test_energy_and_knee_cap_peak_do_not_move(self, answer: Answer) -> None:
        plain = answer_to(run([3.0] * 600), backward=[{"from_s": 300}])
        for name in SUMS:
            for quantity in ("total_energy_kcal", "active_energy_kcal", "resting_energy_kcal"):
                assert answer[name][quantity] == plain[name][quantity]
            for quantity in (KNEE, "achilles_relative_load", "tibial_compression_peak_bw"):
                assert answer[name]["load"].get(quantity) == plain[name]["load"].get(quantity)
        assert answer["ratio"]["total_energy"] == plain["ratio"]["total_energy"]


class TestInvariants:
    def test_doubled_cadence_and_halved_contact_leave_force_and_impulse(self) -> None:
        one = answer_to(run([3.0] * 300, cadence_per_min=128.0, contact_time_s=0.32))
        other = answer_to(run([3.0] * 300, cadence_per_min=256.0, contact_time_s=0.16))
        for name in (FORCE, IMPULSE):
            found, expected = one["totals"]["load"][name], other["totals"]["load"][name]
            assert [found[end] for end in ("low", "value", "high")] == pytest.approx(
                [expected[end] for end in ("low", "value", "high")], rel=1e-12
            )
        assert one["totals"]["steps"]["value"] * 2 == pytest.approx(other["totals"]["steps"]["value"], rel=1e-12)

    def test_the_step_rate_that_was_given_keeps_the_knee_cap_peak(self) -> None:
        said = {"step_rate_ratio": 1.1}
        answer, plain = answer_to(run([3.0] * 300, cadence_per_min=150.0), **said), answer_to(run([3.0] * 300), **said)
        assert answer["totals"]["steps"]["value"] == pytest.approx(150 * 5, rel=1e-9)
        assert answer["totals"]["load"][KNEE] == plain["totals"]["load"][KNEE]
        factor = plain["totals"]["steps"]["value"] / 750
        assert answer["totals"]["load"][FORCE]["value"] == pytest.approx(
            plain["totals"]["load"][FORCE]["value"] * factor
        )

    def test_with_one_of_the_two_the_factor_of_the_other_is_one_and_the_force_is_no_better_known(self) -> None:
        plain = answer_to(run([3.0] * 300))["totals"]["load"][FORCE]
        ours = bout(3.0)["forward"]
        for column, value, of in (
            ("cadence_per_min", 175.0, ours["cadence_steps_per_min"]["value"]),
            ("contact_time_s", 0.21, ours["contact_time_s"]["value"]),
        ):
            answer = answer_to(run([3.0] * 300, **{column: value}))
            found = answer["totals"]["load"][FORCE]
            assert found["value"] == pytest.approx(plain["value"] * of / value, rel=1e-6)
            assert width(found) == pytest.approx(width(plain), rel=1e-12)
            assert MEASURED_ONE in codes_of(answer)

    @given(
        st.lists(
            st.tuples(
                st.floats(0.8, 5.2), st.integers(20, 120), st.booleans(), st.sampled_from(["both", "one", "none"])
            ),
            min_size=1,
            max_size=4,
        ),
        st.sampled_from([0.0, 0.04, -0.06]),
        st.fixed_dictionaries(
            {"step_rate_ratio": st.floats(0.9, 1.1)},
            optional={"gait": st.just("run"), "interval": st.floats(0.5, 0.99)},
        ),
    )
    def test_our_own_estimate_sent_back_changes_no_total_and_widens_no_range(
        self, parts: list[tuple[float, int, bool, str]], grade: float, person: Answer
    ) -> None:
        speeds = [speed for speed, seconds, _, _ in parts for _ in range(seconds)]
        ends = np.cumsum([seconds for _, seconds, _, _ in parts]).tolist()
        ranges = [
            {"from_s": float(end - seconds), "to_s": float(end)}
            for end, (_, seconds, backward, _) in zip(ends, parts, strict=True)
            if backward
        ]
        said = {"backward": ranges, **person}
        points = run(speeds, grade)
        plain = answer_to(points, **said, include=["segments", "profile"])
        starts = np.array(plain["profile"]["segment_start_s"])
        kinds = np.repeat([kind for *_, kind in parts], [seconds for _, seconds, _, _ in parts])
        cadence, contact = np.full((2, len(points.time_s)), math.nan)
        for second in range(len(points.time_s)):
            ours = plain["segments"][max(int(np.searchsorted(starts, second, side="right")) - 1, 0)]
            kind = kinds[min(second, len(kinds) - 1)]
            if kind != "none" and "cadence_steps_per_min" in ours:
                cadence[second] = ours["cadence_steps_per_min"]["value"]
            if kind == "both" and "contact_time_s" in ours:
                contact[second] = ours["contact_time_s"]["value"]
        answer = answer_to(points._replace(cadence_per_min=cadence, contact_time_s=contact), **said)
        before, after = intervals(sums_of(plain)), intervals(sums_of(answer))
        assert before.keys() == after.keys()
        for path, old in before.items():
            if "value" in old:
                assert after[path]["value"] == pytest.approx(old["value"], rel=1e-12), path
            assert width(after[path]) <= width(old) + 1e-12, path

    @given(
        st.floats(2.0, 6.0),
        st.booleans(),
        st.one_of(st.just(math.nan), st.floats(0.0, 400.0)),
        st.one_of(st.just(math.nan), st.floats(0.0, 2.0)),
        st.one_of(st.just(math.nan), st.floats(0.0, 300.0)),
    )
    def test_no_measurement_moves_energy_or_the_knee_cap_peak_or_breaks_the_answer(
        self, speed: float, backward: bool, cadence: float, contact: float, heart: float
    ) -> None:
        said: Answer = {"backward": [{"from_s": 0}]} if backward else {}
        plain = answer_to(run([speed] * 60), **said)
        answer = answer_to(
            run([speed] * 60, cadence_per_min=cadence, contact_time_s=contact, heart_rate_per_min=heart), **said
        )
        TypeAdapter(described(TrackedWorkout)).validate_python(answer, strict=True)
        for name in SUMS:
            if name in plain:
                assert answer[name]["total_energy_kcal"] == plain[name]["total_energy_kcal"]
                assert answer[name].get("load", {}).get(KNEE) == plain[name].get("load", {}).get(KNEE)
                assert width(answer[name]["steps"]) <= width(plain[name]["steps"]) + 1e-12


class TestWhereItIsUnknown:
    def test_parts_without_a_measurement_keep_our_estimate(self) -> None:
        answer = answer_to(run([3.0] * 600, cadence_per_min=[170.0] * 300 + [math.nan] * 301))
        ours = bout(3.0)["forward"]["cadence_steps_per_min"]["value"]
        assert answer["totals"]["steps"]["value"] == pytest.approx((170 + ours) * 5, rel=1e-6)
        assert answer["measured"]["forward"]["cadence_covered"] == pytest.approx(0.5)
        assert 0.2 < answer["measured"]["steps_narrower"] < 1

    def test_a_cadence_of_one_foot_is_not_used(self) -> None:
        answer, plain = answer_to(run([3.0] * 300, cadence_per_min=82.0)), answer_to(run([3.0] * 300))
        assert answer["totals"] == plain["totals"]
        assert MEASURED_UNLIKELY in codes_of(answer)
        assert "measured" not in answer

    def test_backward_walking_has_steps_where_they_were_measured(self) -> None:
        answer = answer_to(run([1.2] * 300, cadence_per_min=115.0), backward=[{"from_s": 0}])
        steps = answer["totals"]["steps"]
        assert steps["value"] == pytest.approx(115 * 5, rel=1e-9)
        assert spread_of(steps) == pytest.approx(0.02, rel=1e-9)
        ours = bout(1.2, gait="walk")["forward"]["cadence_steps_per_min"]["value"]
        assert answer["reversed"]["steps"]["value"] == pytest.approx(ours * 5, rel=1e-6)
        assert "steps_narrower" not in answer["measured"]

    @pytest.mark.parametrize(
        ("speed", "said"), [(1.3, {"gait": "walk"}), (4.0, {"gait": "run", "backward": [{"from_s": 0}]})]
    )
    def test_the_force_stays_where_our_contact_time_is_unknown(self, speed: float, said: Answer) -> None:
        points = run([speed] * 300)
        contact = points._replace(contact_time_s=np.full_like(points.time_s, 0.21))
        answer, plain = answer_to(contact, **said), answer_to(points, **said)
        assert answer["totals"]["load"] == plain["totals"]["load"]
        assert MEASURED_FORCE_ABSENT in codes_of(answer)


class TestHeartRate:
    def test_each_direction_has_its_mean_and_the_caution_of_the_claim(self) -> None:
        points = run([3.0] * 600, heart_rate_per_min=[140.0] * 300 + [170.0] * 301)
        answer, plain = (answer_to(each, backward=[{"from_s": 300}]) for each in (points, run([3.0] * 600)))
        assert answer["measured"]["forward"]["heart_rate_per_min"] == pytest.approx(140)
        assert answer["measured"]["backward"]["heart_rate_per_min"] == pytest.approx(170)
        assert sums_of(answer) == sums_of(plain)
        assert HEART_RATE_CALORIES in codes_of(answer)
        assert MEASURED not in codes_of(answer)
        (claim,) = (claim for claim in CLAIMS if claim["id"] == "watch_calories")
        message = WARNINGS[HEART_RATE_CALORIES]["message"]
        assert claim["may_say"] in message
        assert claim["finding"].partition(". ")[2] in message
        assert set(claim["sources"]) <= set(answer["references"])


class TestColumns:
    """Without a file: the columns of segments, repeats counted."""

    def test_repeats_count_in_means_and_sums(self) -> None:
        person = person_of({}, body_mass_kg=70.0)
        two = np.array([3.0, 3.0])
        segments = Segments(
            np.array([False, False]), np.array([False, False]), two, two * 20, two * 60, two * 0, np.array([3.0, 1.0])
        )
        measured = Measured(np.array([160.0, 180.0]), np.array([math.nan, math.nan]), np.array([math.nan, math.nan]))
        answer, report = measured_workout(segments, measured, 0.0, person=person, energy_models={"run": "looney2025"})
        assert report is not None
        assert report["forward"]["cadence_steps_per_min"]["value"] == pytest.approx(165)
        assert answer["totals"]["steps"]["value"] == pytest.approx(165 * 4)

    def test_the_error_of_the_force_is_never_wider_than_ours(self) -> None:
        """At 8 m/s our spread of 0.25 body weights is less than that of the watch."""
        answer, plain = (
            answer_to(run([7.5] * 60, **columns))
            for columns in ({"cadence_per_min": 215.0, "contact_time_s": 0.14}, {})
        )
        peak = plain["totals"]["load"][FORCE]
        assert load.PEAK_VERTICAL_FORCE_SD_BW / peak["value"] < math.hypot(0.02, 0.07, 0.035)
        assert width(answer["totals"]["load"][FORCE]) == pytest.approx(width(peak), rel=1e-9)

    def test_a_cut_without_segments_has_no_means(self) -> None:
        recorded = recording(run([3.0] * 10, cadence_per_min=160.0))
        nothing = np.zeros(0)
        found = measured_on(recorded, Cut(nothing, nothing, nothing, nothing, nothing, nothing > 0))
        assert [len(column) for column in found] == [0, 0, 0]
