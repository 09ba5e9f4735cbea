"""What a workout of segments comes to, in the models and over HTTP."""

import asyncio
import itertools
import math
import time
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import httpx
import numpy as np
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from retrorun.app.api.workout import router
from retrorun.app.http.schema import described
from retrorun.models.estimate.estimate import estimate
from retrorun.models.estimate.inputs import person_of
from retrorun.models.evidence import cautions
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.numerics.quantiles import student_t_quantile
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.vocabulary.choices import IMPULSE, SECTIONS
from retrorun.models.vocabulary.errors import Conflict, EstimateError, OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import INPUTS, WALKING_SPEED_HIGH_M_S
from retrorun.models.workout.answer import Workout
from retrorun.models.workout.shared_errors import combined_spread
from retrorun.models.workout.sums import Segments, workout_of
from retrorun.models.workout.workout import MAXIMUM_SEGMENTS, workout

Answer: TypeAlias = dict[str, Any]
ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

RUN = {"speed_m_s": 2.5, "duration_s": 600.0}
BACK = RUN | {"direction": "backward"}
WALK = {"speed_m_s": 1.3, "duration_s": 600.0}
REST = {"pause_s": 60.0}
MASS = {"body_mass_kg": 70.0}
OWN_REST = {"age_y": 40.0, "sex": "female", "height_m": 1.75}
OTHER = {"forward": "backward", "backward": "forward"}


def answer_to(*segments: Any, **person: Any) -> Answer:
    """Return the answer to a workout of a person of 70 kg, unless more is said."""
    return cast(Answer, workout(**{"segments": segments, **MASS, **person}))


def sums_of(answer: Answer) -> Answer:
    """Return the totals of a workout, without the assumptions and the segments."""
    return {name: answer[name] for name in ("totals", "forward", "backward", "reversed", "ratio") if name in answer}


def leaves(node: Any, path: str = "") -> dict[str, Any]:
    """Return everything in an answer by its path."""
    if not isinstance(node, dict):
        return {path: node}
    return {key: leaf for name, part in node.items() for key, leaf in leaves(part, f"{path}/{name}").items()}


def assert_same(one: Answer, other: Answer) -> None:
    """Assert that two answers hold the same, numbers within 1e-12."""
    left, right = leaves(one), leaves(other)
    assert left.keys() == right.keys()
    for path, value in left.items():
        expected = right[path] if isinstance(value, str) else pytest.approx(right[path], rel=1e-12)
        assert value == expected, path


def turned(segment: Answer) -> Answer:
    return segment | {"direction": OTHER[segment.get("direction", "forward")]}


def numbers(name: str, low: float | None = None, high: float | None = None) -> st.SearchStrategy[float]:
    known = INPUTS[name]
    return st.floats(low or known.low, high or known.high, allow_subnormal=False)


def segments(**fixed: Any) -> st.SearchStrategy[Answer]:
    """Segments over the whole space, whether or not they have an estimate."""
    gait_and_speed = st.one_of(
        st.tuples(st.just("run"), numbers("speed_m_s")),
        st.tuples(st.just("walk"), numbers("speed_m_s", high=WALKING_SPEED_HIGH_M_S)),
    )
    return st.builds(
        lambda pair, rest: {"gait": pair[0], "speed_m_s": pair[1]} | rest | fixed,
        gait_and_speed,
        st.fixed_dictionaries(
            {
                "duration_s": numbers("duration_s", low=2.0, high=30_000.0),
                "direction": st.sampled_from(["forward", "backward"]),
                "grade": st.one_of(st.just(0.0), st.floats(-0.1, 0.3)),
            }
        ),
    )


LISTS = st.lists(segments(), min_size=1, max_size=5)
PERSONS = st.fixed_dictionaries({"body_mass_kg": numbers("body_mass_kg"), "interval": numbers("interval")})


def found(person: Answer, *listed: Any) -> Answer:
    """Return the answer, or discard the example if there is none."""
    try:
        return answer_to(*listed, **person)
    except EstimateError:
        assume(False)
        raise AssertionError from None


class TestOneSegment:
    @given(PERSONS, segments(), numbers("step_rate_ratio"))
    def test_its_totals_are_those_of_estimate(self, person: Answer, segment: Answer, rate: float) -> None:
        person = person | {"step_rate_ratio": rate}
        answer = found(person, segment)
        way = segment["direction"]
        bout = {name: value for name, value in segment.items() if name != "direction"}
        alone = cast(Answer, estimate(**person, **bout))
        for sums, side in ((answer["totals"], way), (answer[way], way), (answer["reversed"], OTHER[way])):
            expected = dict(alone[side])
            load = {
                name: value
                for name, value in expected.get("load", {}).items()
                if name not in {"knee_extensor_moment_ratio", "patellofemoral_impulse_per_km_bw_s"}
            }
            for name in ("total_energy_kcal", "active_energy_kcal", "resting_energy_kcal", "duration_s"):
                assert_same({name: sums[name]}, {name: expected[name]})
            assert sums["distance_m"] == pytest.approx(expected["distance_m"]["value"], rel=1e-12)
            assert ("steps" in sums) == ("steps" in expected)
            if "steps" in expected:
                assert_same(sums["steps"], expected["steps"])
            assert_same(sums.get("load", {}), {name: held | {"covered": 1.0} for name, held in load.items()})
        assert OTHER[way] not in answer

    @given(PERSONS, segments(direction="forward"))
    def test_its_ratio_is_that_of_estimate(self, person: Answer, segment: Answer) -> None:
        answer = found(person, segment)["ratio"]
        alone = cast(Answer, estimate(**person, **{k: v for k, v in segment.items() if k != "direction"}))["ratio"]
        expected = {name: alone[name] for name in ("total_energy", "active_energy", "cadence") if name in alone}
        impulse = alone.get("load", {}).get("patellofemoral_impulse_per_km")
        assert_same(answer, expected | ({"patellofemoral_impulse_per_km": impulse} if impulse else {}))

    @given(PERSONS, st.floats(1.75, 1.8, exclude_max=True), st.sampled_from(["forward", "backward"]))
    def test_its_ratio_has_the_grade_of_the_ratio_where_only_the_forward_equation_is_extrapolated(
        self, person: Answer, speed_m_s: float, way: str
    ) -> None:
        """Direction was measured from 1.75 m/s, looney2025 from 1.8: the equation is a factor of both totals."""
        slow: Answer = RUN | {"gait": "run", "speed_m_s": speed_m_s}
        bout = cast(Answer, estimate(**person, **slow))
        answer = answer_to(slow | {"direction": way}, RUN | {"direction": way}, REST, **person)
        for name in ("total_energy", "active_energy"):
            assert answer["ratio"][name]["evidence"] == bout["ratio"][name]["evidence"] == "B"
            assert answer["totals"][f"{name}_kcal"]["evidence"] == bout[way][f"{name}_kcal"]["evidence"] == "D"

    def test_the_forward_equation_counts_where_it_is_no_factor_of_both_totals(self) -> None:
        """Both directions, or both gaits: each total then adds forward energies of different segments."""
        slow: Answer = RUN | {"gait": "run", "speed_m_s": 1.76}
        for listed, grade in (((slow, BACK), "D"), ((slow, WALK), "D"), ((RUN, BACK), "B"), ((RUN, WALK), "C")):
            assert answer_to(*listed)["ratio"]["total_energy"]["evidence"] == grade

    @pytest.mark.parametrize("segment", [RUN, BACK, WALK, RUN | {"grade": 0.1}, WALK | {"direction": "backward"}])
    def test_its_warnings_and_sources_are_those_of_estimate(self, segment: Answer) -> None:
        answer = answer_to(segment)
        alone = estimate(body_mass_kg=70.0, **{k: v for k, v in segment.items() if k != "direction"})
        codes = [warning["code"] for warning in answer["warnings"]]
        assert [code for code in codes if code != cautions.WORKOUT_SUM_ABSENT] == [
            warning["code"] for warning in alone["warnings"]
        ]
        assert answer["references"] == alone["references"]
        assert answer["models"]["hash"] == alone["models"]["hash"]


def ratio_spread(spread: Any) -> float:
    """Return the spread of the ratio as the ends of a 90 % interval have it: Student's t for a few studies."""
    t = student_t_quantile(0.95, degrees=spread["ratio_studies"] - 1)
    return math.hypot(spread["ratio_person_cv"], spread["ratio_study_cv"] * t / standard_score(0.90))


class TestSums:
    @given(PERSONS, LISTS, st.data())
    def test_splitting_a_segment_changes_nothing(self, person: Answer, listed: list[Answer], data: Any) -> None:
        whole = found(person, *listed)
        index = data.draw(st.integers(0, len(listed) - 1))
        first = data.draw(st.floats(1.0, listed[index]["duration_s"] - 1.0))
        one = listed[index] | {"duration_s": first}
        other = listed[index] | {"duration_s": listed[index]["duration_s"] - first}
        assume(min(part["duration_s"] * part["speed_m_s"] for part in (one, other)) >= 0.2)
        split = found(person, *listed[:index], one, other, *listed[index + 1 :])
        assert_same(sums_of(whole), sums_of(split))
        assert whole["warnings"] == split["warnings"]

    @given(PERSONS, LISTS, st.randoms(use_true_random=False))
    def test_order_changes_nothing(self, person: Answer, listed: list[Answer], random: Any) -> None:
        other = random.sample(listed, len(listed))
        assert_same(sums_of(found(person, *listed)), sums_of(found(person, *other)))

    @given(PERSONS, LISTS)
    def test_the_reversed_workout_reverses_again_to_the_one_given(self, person: Answer, listed: list[Answer]) -> None:
        given_, there = found(person, *listed), found(person, *map(turned, listed))
        assert_same(there["totals"], given_["reversed"])
        assert_same(there["reversed"], given_["totals"])
        for name, ratio in given_["ratio"].items():
            back = there["ratio"][name]
            assert back["value"] * ratio["value"] == pytest.approx(1.0, rel=1e-12)
            assert back["low"] * ratio["high"] == pytest.approx(1.0, rel=1e-9)

    @given(PERSONS, LISTS)
    def test_totals_are_the_sums_of_the_segments(self, person: Answer, listed: list[Answer]) -> None:
        answer = found(person | {"include": ["segments"]}, *listed)
        totals, parts = answer["totals"], answer["segments"]
        for name in ("total_energy_kcal", "active_energy_kcal"):
            assert totals[name]["value"] == pytest.approx(sum(part[name]["value"] for part in parts), rel=1e-12)
        for name in ("duration_s", "resting_energy_kcal"):
            assert totals[name] == pytest.approx(sum(part[name] for part in parts), rel=1e-12)
        assert (
            totals["total_energy_kcal"]["value"]
            == totals["active_energy_kcal"]["value"] + (totals["resting_energy_kcal"])
        )
        assert ("steps" in totals) == all("steps" in part for part in parts)

    @given(PERSONS, LISTS)
    def test_loads_are_those_of_the_parts_in_which_they_are_known_both_ways(
        self, person: Answer, listed: list[Answer]
    ) -> None:
        """Computed from each part: the same parts in both directions, in one, or in neither."""
        answer = found(person, *listed)
        alone = [
            cast(Answer, estimate(**person, **{k: v for k, v in part.items() if k != "direction"})) for part in listed
        ]
        times, whole = [part["duration_s"] for part in listed], sum(part["duration_s"] for part in listed)
        for name in ("peak_vertical_force_bw", "patellofemoral_peak_force_bw", "tibial_compression_peak_bw", IMPULSE):
            given, turned = (
                [
                    bout[part["direction"] if way == "totals" else OTHER[part["direction"]]]
                    .get("load", {})
                    .get(name, {})
                    .get("value")
                    for bout, part in zip(alone, listed, strict=True)
                ]
                for way in ("totals", "reversed")
            )
            known = [
                [one is not None for one in given],
                [one is not None for one in turned],
                [one is not None and other is not None for one, other in zip(given, turned, strict=True)],
            ]
            shares = [sum(np.array(times)[np.array(rows)]) / whole for rows in known]
            assume(all(abs(share - 0.5) > 1e-6 or share == 0.5 for share in shares))
            common = shares[2] >= 0.5
            both_apart = not common and shares[0] >= 0.5 and shares[1] >= 0.5
            for way, values, rows, share in (
                ("totals", given, known[2] if common else known[0], shares[2] if common else shares[0]),
                ("reversed", turned, known[2] if common else known[1], shares[2] if common else shares[1]),
            ):
                total = answer[way].get("load", {}).get(name)
                assert (total is not None) == (share >= 0.5 and not both_apart)
                if total is not None:
                    kept = [value for value, row in zip(values, rows, strict=True) if row]
                    assert total["value"] == pytest.approx(sum(kept) if name == IMPULSE else max(kept), rel=1e-12)
                    assert total["covered"] == pytest.approx(share, rel=1e-12)
            if name == IMPULSE:
                assert ("patellofemoral_impulse_per_km" in answer["ratio"]) == common

    @given(PERSONS, st.lists(segments(direction="forward"), min_size=1, max_size=5))
    def test_errors_add_and_do_not_average_out(self, person: Answer, listed: list[Answer]) -> None:
        """The interval is between the narrowest and the widest of its segments, however many there are."""
        answer = found(person | {"include": ["segments"]}, *listed)
        for name in ("total_energy_kcal", "active_energy_kcal", "steps"):
            widths = [part[name]["high"] / part[name]["low"] for part in answer["segments"]]
            width = answer["totals"][name]["high"] / answer["totals"][name]["low"]
            assert min(widths) * (1 - 1e-12) <= width <= max(widths) * (1 + 1e-12)

    def test_the_same_segment_a_hundred_times_has_the_interval_of_one(self) -> None:
        one, many = answer_to(BACK)["totals"], answer_to({"repeat": 100, "segments": [BACK]})["totals"]
        for name in ("total_energy_kcal", "active_energy_kcal", "steps"):
            assert many[name]["high"] / many[name]["value"] == pytest.approx(one[name]["high"] / one[name]["value"])

    def test_half_forward_half_backward_by_hand(self) -> None:
        """The forward part in full, and the part of the ratio by the backward share, 1.30 of 2.30."""
        spread = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=600.0)["spread"]
        shared = math.hypot(spread["model_cv"], spread["person_cv"], spread["conversion_cv"])
        of_ratio = ratio_spread(spread)
        whole = answer_to(RUN, BACK)["totals"]["total_energy_kcal"]
        expected = math.hypot(shared, 1.3 / 2.3 * of_ratio)
        assert math.log(whole["high"] / whole["value"]) / standard_score(0.90) == pytest.approx(expected, rel=1e-12)
        # Reversed it is the same workout: nothing is left to err in the ratio.
        ratio = answer_to(RUN, BACK)["ratio"]["total_energy"]
        assert ratio.pop("evidence") == "B"
        assert ratio == pytest.approx({"value": 1.0, "low": 1.0, "high": 1.0}, rel=1e-12)

    def test_gaits_add_in_a_total_and_do_not_cancel_in_a_ratio(self) -> None:
        assert combined_spread(forward=[0.05, 0.07], ratio=[]) == pytest.approx(0.12)
        assert combined_spread(forward=[0.3, -0.4], ratio=[]) == pytest.approx(0.5)
        assert combined_spread(forward=[0.3], ratio=[0.4]) == pytest.approx(0.5)

    def test_a_ratio_is_as_uncertain_as_its_parts_at_different_speeds(self) -> None:
        """Errors at one speed cancel, those at different speeds do not, and between the two the change is linear."""

        def width(*listed: Any) -> float:
            ratio = answer_to(*listed)["ratio"]["total_energy"]
            return math.log(ratio["high"] / ratio["low"])

        widths = [width(RUN, BACK | {"speed_m_s": speed}) for speed in (2.5, 2.50001, 2.6, 2.75, 3.0)]
        assert widths[0] == pytest.approx(0.0, abs=1e-12)
        assert widths == sorted(widths)
        assert widths[1] < 1e-4
        # By hand: 1.3 E25 + E30 over E25 + 1.3 E30, of which the shares of each speed have errors of their own.
        forward = [estimate(body_mass_kg=70.0, speed_m_s=speed, duration_s=600.0) for speed in (2.5, 3.0)]
        low, high = (cast(Answer, bout)["forward"]["total_energy_kcal"]["value"] for bout in forward)
        top, bottom = 1.3 * low + high, low + 1.3 * high
        spread = forward[0]["spread"]
        shared = math.hypot(spread["model_cv"], spread["person_cv"], spread["conversion_cv"])
        of_ratio = ratio_spread(spread)
        apart = (1.3 * low / top - low / bottom, high / top - 1.3 * high / bottom)
        backward = (1.3 * low / top, 1.3 * high / bottom)
        expected = math.hypot(shared * math.hypot(*apart), of_ratio * math.hypot(*backward))
        assert widths[-1] / 2 / standard_score(0.90) == pytest.approx(expected, rel=1e-9)
        grades = width(RUN, BACK | {"grade": 0.05}), width(RUN, BACK | {"grade": 0.001})
        assert grades[0] > 10 * grades[1] > 0

    def test_steps_of_any_unknown_segment_are_absent_with_a_warning(self) -> None:
        answer = answer_to(RUN, WALK | {"direction": "backward"})
        assert "steps" not in answer["totals"]
        assert {"steps"} <= answer["forward"].keys()
        codes = [warning["code"] for warning in answer["warnings"]]
        assert {cautions.WORKOUT_SUM_ABSENT, cautions.WALKING_TIMING_ABSENT} <= set(codes)
        assert len(codes) == len(set(codes))

    def test_bounds_stay_bounds_and_the_weakest_grade_is_shown(self) -> None:
        load = answer_to(RUN, BACK)["totals"]["load"]
        assert "value" not in load["achilles_relative_load"]
        assert load["achilles_relative_load"]["evidence"] == "D"
        assert load["patellofemoral_peak_force_bw"]["evidence"] == "C"
        alone = answer_to(RUN)["totals"]["load"]
        assert alone["achilles_relative_load"]["value"] == pytest.approx((5.41 + 1.04 * 2.5) / 8.53, rel=1e-3)
        assert alone["patellofemoral_peak_force_bw"]["evidence"] == "C"
        fast = [part | {"speed_m_s": 3.4} for part in (RUN, BACK)]
        assert answer_to(*fast)["totals"]["load"]["peak_vertical_force_bw"]["evidence"] == "C"
        assert answer_to(RUN, *fast)["totals"]["load"]["peak_vertical_force_bw"]["evidence"] == "D"

    def test_a_total_has_the_weakest_grade_of_its_segments(self) -> None:
        fast = BACK | {"speed_m_s": 3.6}
        for listed, grade in (((RUN,), "B"), ((RUN, BACK), "B"), ((RUN, BACK, fast), "D")):
            answer = answer_to(*listed)
            for name in ("total_energy_kcal", "active_energy_kcal"):
                assert answer["totals"][name]["evidence"] == grade
        assert answer_to(RUN)["totals"]["steps"]["evidence"] == "C"
        assert answer_to(RUN)["ratio"]["total_energy"]["evidence"] == "B"
        assert answer_to(RUN)["ratio"]["cadence"]["evidence"] == "D"
        assert answer_to(RUN, include=["segments"])["segments"][0]["met"]["evidence"] == "B"


KNEE = "patellofemoral_peak_force_bw"
SLOPE = RUN | {"grade": 0.011, "duration_s": 10.0}
"""A part over 1 %, where loads backward are unknown."""


class TestCovered:
    """A load total covers the parts in which the load is known, and shows their share of the moving time."""

    def test_one_short_part_on_a_slope_no_longer_removes_a_total(self) -> None:
        level = answer_to(RUN | {"duration_s": 590.0})
        answer = answer_to(RUN | {"duration_s": 590.0}, SLOPE)
        for way in ("totals", "reversed"):
            assert answer[way]["load"][IMPULSE]["covered"] == pytest.approx(590 / 600, rel=1e-12)
            for name in (KNEE, IMPULSE, "peak_vertical_force_bw"):
                assert_same(answer[way]["load"][name] | {"covered": 1.0}, level[way]["load"][name] | {"covered": 1.0})
        # The part left out moves the energies and the time, and neither the loads nor their ratio.
        ratio = "patellofemoral_impulse_per_km"
        assert_same(answer["ratio"][ratio], level["ratio"][ratio])
        assert answer["totals"]["moving_duration_s"] == 600.0
        assert cautions.WORKOUT_PARTS not in {warning["code"] for warning in answer["warnings"]}

    @pytest.mark.parametrize(
        ("slope_s", "present", "warned"),
        [(30.0, True, False), (31.0, True, True), (300.0, True, True), (301.0, False, False)],
    )
    def test_a_total_below_95_percent_has_a_warning_and_below_half_is_missing(
        self, slope_s: float, present: bool, warned: bool
    ) -> None:
        level, slope = (RUN | {"duration_s": time_s} for time_s in (600.0 - slope_s, slope_s))
        answer = answer_to(level, slope | {"grade": 0.05})
        assert (KNEE in answer["reversed"].get("load", {})) is present
        assert (cautions.WORKOUT_PARTS in {warning["code"] for warning in answer["warnings"]}) is warned
        # Known going forward on the slope as well: where no comparison is left, the total as given is of all of it.
        assert answer["totals"]["load"][KNEE]["covered"] == (pytest.approx(1 - slope_s / 600) if present else 1.0)

    def test_forward_backward_and_reversed_are_of_the_same_parts(self) -> None:
        listed = [RUN, RUN | {"grade": 0.05, "duration_s": 60.0}, BACK, BACK | {"grade": 0.05, "duration_s": 120.0}]
        answer, level = answer_to(*listed), answer_to(RUN, BACK)
        for way, share in (
            ("totals", 1200 / 1380),
            ("reversed", 1200 / 1380),
            ("forward", 600 / 660),
            ("backward", 600 / 720),
        ):
            assert_same(answer[way]["load"][IMPULSE], level[way]["load"][IMPULSE] | {"covered": share})

    def test_a_load_known_only_as_done_forward_is_not_compared(self) -> None:
        """Tibial compression is unknown backward: half the time each way leaves no parts that both totals have."""
        answer = answer_to(RUN | {"speed_m_s": 3.0}, BACK | {"speed_m_s": 3.0})
        tibial = "tibial_compression_peak_bw"
        assert tibial not in answer["totals"]["load"]
        assert tibial not in answer["reversed"]["load"]
        assert answer["forward"]["load"][tibial]["covered"] == 1.0
        assert tibial not in answer["backward"]["load"]
        more = answer_to(RUN | {"speed_m_s": 3.0, "duration_s": 900.0}, BACK | {"speed_m_s": 3.0})
        assert more["totals"]["load"][tibial]["covered"] == pytest.approx(0.6)
        assert tibial not in more["reversed"]["load"]

    def test_a_total_is_never_scaled_up(self) -> None:
        alone, among = answer_to(RUN), answer_to(RUN, WALK | {"duration_s": 400.0})
        assert among["totals"]["load"][IMPULSE]["value"] == alone["totals"]["load"][IMPULSE]["value"]
        assert among["totals"]["load"][IMPULSE]["covered"] == pytest.approx(0.6)
        assert among["forward"]["load"] == among["totals"]["load"]


class TestPauses:
    def test_a_pause_costs_rest_and_says_so(self) -> None:
        without, with_rest = answer_to(RUN), answer_to(RUN, REST)
        kcal = 3.5 / 1000 * 70 * 4.911  # ml/kg/min in a minute, Péronnet & Massicotte 1991
        assert with_rest["totals"]["resting_energy_kcal"] - without["totals"]["resting_energy_kcal"] == pytest.approx(
            kcal, rel=1e-3
        )
        assert with_rest["totals"]["duration_s"] == 660.0
        assert with_rest["totals"]["moving_duration_s"] == 600.0
        assert with_rest["totals"]["active_energy_kcal"] == without["totals"]["active_energy_kcal"]
        assert with_rest["forward"] == without["forward"]
        assert with_rest["reversed"]["duration_s"] == 660.0
        codes = [{warning["code"] for warning in answer["warnings"]} for answer in (without, with_rest)]
        assert codes[1] - codes[0] == {cautions.PAUSE_IS_REST}

    def test_a_pause_after_a_segment_is_only_a_pause(self) -> None:
        assert answer_to(RUN | REST, BACK) == answer_to(RUN, BACK, REST)

    def test_rest_of_ones_own_is_used_for_pauses(self) -> None:
        own = answer_to(RUN, {"pause_s": 600.0}, **OWN_REST)["totals"]["resting_energy_kcal"]
        assert own == pytest.approx(2 * answer_to(RUN, **OWN_REST)["totals"]["resting_energy_kcal"], rel=1e-12)

    def test_only_pauses_are_no_workout(self) -> None:
        with pytest.raises(Conflict, match="moves") as caught:
            answer_to(REST)
        assert caught.value.field == "segments"


class TestRepeats:
    def test_repeats_are_what_they_write_out(self) -> None:
        inner = [{"speed_m_s": 2.2, "duration_s": 120.0, "direction": "backward"}, REST]
        short = answer_to(RUN, {"repeat": 6, "segments": inner}, WALK, include=["segments"])
        written = answer_to(RUN, *inner * 6, WALK, include=["segments"])
        assert_same(sums_of(short), sums_of(written))
        assert short["warnings"] == written["warnings"]
        assert short["totals"]["duration_s"] == 600.0 + 6 * 180.0 + 600.0
        assert [part["index"] for part in written["segments"]] == list(range(8))
        assert {part["times"] for part in written["segments"]} == {1}

    def test_a_repeated_part_is_answered_once_with_its_count(self) -> None:
        once, often = (
            answer_to(RUN, {"repeat": repeat, "segments": [BACK | REST, WALK]}, include=["segments"])["segments"]
            for repeat in (1, 100)
        )
        assert [part["times"] for part in often] == [1, 100, 100]
        assert [part | {"times": 1} for part in often] == once

    def test_the_order_and_number_of_repeats_change_no_sum(self) -> None:
        inner = [RUN | {"duration_s": 60.0}, BACK | {"duration_s": 30.0, "speed_m_s": 3.1, "grade": 0.03}]
        twice = answer_to({"repeat": 12, "segments": inner})
        assert_same(sums_of(twice), sums_of(answer_to(*[{"repeat": 4, "segments": inner}] * 3)))

    def test_as_many_as_ten_thousand(self) -> None:
        assert MAXIMUM_SEGMENTS == 10_000
        short = [RUN | {"duration_s": 20.0}, {"pause_s": 10.0}]
        answer = answer_to({"repeat": MAXIMUM_SEGMENTS // 2, "segments": short})
        assert answer["totals"]["moving_duration_s"] == 20.0 * MAXIMUM_SEGMENTS / 2
        for listed in (
            [{"repeat": MAXIMUM_SEGMENTS // 2, "segments": [RUN, REST]}, RUN],
            [RUN] * (MAXIMUM_SEGMENTS + 1),
        ):
            with pytest.raises(OutOfRange, match="10000") as caught:
                answer_to(*listed)
            assert caught.value.field == "segments"

    @pytest.mark.parametrize(
        "listed",
        [
            [{"repeat": 289, "segments": [RUN]}],
            [{"repeat": 144, "segments": [RUN, {"pause_s": 601.0}]}],
            [RUN | {"duration_s": 172_800.0}, BACK],
        ],
    )
    def test_all_together_last_no_longer_than_a_bout_may(self, listed: list[Answer]) -> None:
        assert answer_to({"repeat": 288, "segments": [RUN]})["totals"]["duration_s"] == 172_800.0
        with pytest.raises(OutOfRange, match="172800 s") as caught:
            answer_to(*listed)
        assert caught.value.field == "segments"

    @pytest.mark.parametrize(
        "item",
        [{"repeat": 2}, {"segments": [RUN]}, {"repeat": 2, "segments": [RUN], "pause_s": 1.0}, {"repeat": 2} | RUN],
    )
    def test_repeat_and_segments_come_together_and_without_other_fields(self, item: Answer) -> None:
        with pytest.raises(Conflict, match="repeat and segments") as caught:
            answer_to(RUN, item)
        assert caught.value.field == "segments/1"


class TestSegments:
    @given(PERSONS, LISTS)
    def test_each_is_the_section_of_estimate(self, person: Answer, listed: list[Answer]) -> None:
        answer = found(person | {"include": ["segments"]}, *listed)
        assert len(answer["segments"]) == len(listed)
        for index, (part, segment) in enumerate(zip(answer["segments"], listed, strict=True)):
            way = segment["direction"]
            bout = {name: value for name, value in segment.items() if name != "direction"}
            expected = cast(Answer, estimate(**person, **bout, include=SECTIONS))[way]
            assert_same(part, {"index": index, "times": 1, "direction": way, "gait": segment["gait"], **expected})

    def test_they_come_only_on_request(self) -> None:
        assert "segments" not in answer_to(RUN)

    def test_columns_equal_the_list(self) -> None:
        """The columns that a record of a watch brings go the way of a list."""
        listed = answer_to(RUN, BACK, WALK, REST)
        backward, walk = np.array([False, True, False]), np.array([False, False, True])
        speed, duration = np.array([2.5, 2.5, 1.3]), np.full(3, 600.0)
        columns = Segments(backward, walk, speed, duration, speed * duration, np.zeros(3), np.ones(3))
        sums = workout_of(
            columns,
            60.0,
            person=person_of({}, body_mass_kg=70.0),
            energy_models={"run": "looney2025", "walk": "looney2019"},
        )
        assert sums == {name: value for name, value in listed.items() if name not in {"summary", "assumed"}}

    def test_no_rows_are_no_workout(self) -> None:
        flag, column = np.array([], dtype=bool), np.array([])
        none = Segments(flag, flag, column, column, column, column, column)
        with pytest.raises(Conflict, match="moves"):
            workout_of(none, 1.0, person=person_of({}, body_mass_kg=70.0), energy_models={})

    def test_the_first_refused_segment_is_named(self) -> None:
        steep = {"speed_m_s": 1.3, "duration_s": 600.0, "grade": -0.2}
        models = {"run": "acsm", "walk": "acsm"}
        with pytest.raises(Undefined) as caught:
            answer_to(WALK, {"repeat": 2, "segments": [RUN, steep]}, RUN | {"grade": -0.2}, energy_models=models)
        assert (caught.value.field, caught.value.code) == ("segments/1/segments/1/grade", "grade_undefined")


class TestAssumed:
    def test_it_lists_what_any_segment_left_out(self) -> None:
        assumed = answer_to(RUN, WALK | {"direction": "backward", "gait": "walk", "grade": 0.0})["assumed"]
        assert assumed == {
            "direction": "forward",
            "running_from_m_s": 2.0,
            "grade": 0.0,
            "energy_models": {"run": "looney2025", "walk": "looney2019"},
            "direction_model": "documented",
            "resting_oxygen_uptake_ml_kg_min": 3.5,
            "step_rate_ratio": 1.0,
            "interval": 0.9,
        }

    def test_it_is_empty_when_nothing_is_left_out(self) -> None:
        said = {"direction_model": "pooled", "step_rate_ratio": 1.0, "interval": 0.8, "energy_models": {"run": "acsm"}}
        answer = answer_to(BACK | {"gait": "run", "grade": 0.0}, **said, **OWN_REST)
        assert answer["assumed"] == {}
        assert answer["models"]["energy_models"] == {"run": "acsm"}
        assert answer["models"]["direction_model"] == "pooled"


@pytest.mark.anyio
class TestHttp:
    async def test_the_answer_is_that_of_the_model_and_what_the_contract_describes(
        self, client: httpx.AsyncClient
    ) -> None:
        listed = [RUN, {"repeat": 3, "segments": [BACK, REST]}, WALK]
        for include in ({}, {"include": ["segments"]}):
            response = await client.post("/workout", json=MASS | {"segments": listed} | include)
            assert response.status_code == 200, response.text
            assert b"null" not in response.content
            assert b"{}" not in response.content.replace(b'"params":{}', b"")
            TypeAdapter(described(Workout)).validate_python(response.json(), strict=True)
            assert response.json() == answer_in_view(workout, MASS | {"segments": listed} | include)

    async def test_the_example_of_the_contract_is_answered(self, client: httpx.AsyncClient) -> None:
        operation = (await client.get("/openapi.json")).json()["paths"]["/workout"]["post"]
        for example in operation["requestBody"]["content"]["application/json"]["examples"].values():
            assert (await client.post("/workout", json=example["value"])).status_code == 200

    @pytest.mark.parametrize(
        ("listed", "pointer", "code"),
        [
            ([], "/segments", "too_short"),
            ([{}] * (MAXIMUM_SEGMENTS + 1), "/segments", "too_long"),
            ([{"repeat": MAXIMUM_SEGMENTS, "segments": [RUN, REST]}], "/segments", "out_of_range"),
            ([RUN, {}], "/segments/1", "required"),
            ([RUN, RUN | {"distance_m": 1500.0}], "/segments/1", "conflicting_inputs"),
            ([RUN, {"speed_m_s": 2.5}], "/segments/1", "required"),
            ([RUN, RUN | {"speed_m_s": 81.5}], "/segments/1/speed_m_s", "out_of_range"),
            ([{"distance_m": 81_500.0, "duration_s": 1.5}], "/segments/0/speed_m_s", "out_of_range"),
            ([RUN | {"gait": "walk", "speed_m_s": 3.815}], "/segments/0/speed_m_s", "out_of_range"),
            ([RUN | {"grade": 0.9815}], "/segments/0/grade", "out_of_range"),
            ([{"pause_s": -81.5}], "/segments/0/pause_s", "out_of_range"),
            ([RUN | {"direction": "sideways"}], "/segments/0/direction", "not_a_choice"),
            ([{"repeat": 0, "segments": [RUN]}], "/segments/0/repeat", "out_of_range"),
            ([{"repeat": 2, "segments": []}], "/segments/0/segments", "too_short"),
            (
                [{"repeat": 2, "segments": [RUN, RUN | {"speed_m_s": True}]}],
                "/segments/0/segments/1/speed_m_s",
                "not_a_number",
            ),
            (
                [{"repeat": 2, "segments": [{"repeat": 2, "segments": [RUN]}]}],
                "/segments/0/segments/0",
                "unknown_field",
            ),
            ([{"repeat": 2, "segments": [RUN, {"speed_m_s": 2.815}]}], "/segments/0/segments/1", "required"),
            ([{"repeat": 2}], "/segments/0", "required"),
            ([REST], "/segments", "conflicting_inputs"),
            ([RUN, 815], "/segments/1", "not_an_object"),
        ],
    )
    async def test_a_list_without_an_answer_is_refused_at_its_place(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, listed: list[Any], pointer: str, code: str
    ) -> None:
        response = await client.post("/workout", json=MASS | {"segments": listed})
        problem = problem_of(response, 422)
        assert (pointer, code) in {(error["pointer"], error["code"]) for error in problem["errors"]}
        assert "815" not in response.text.replace(response.json()["request_id"], "")
        assert "sideways" not in response.text

    @pytest.mark.parametrize(
        ("fields", "pointer", "code"),
        [
            ({"energy_models": {"run": "looney2019"}}, "/energy_models/run", "conflicting_inputs"),
            ({"energy_models": {"walk": "leger1984"}}, "/energy_models/walk", "conflicting_inputs"),
            ({"energy_models": {"swim": "acsm"}}, "/energy_models", "unknown_field"),
            ({"age_y": 40}, "", "required"),
            ({"age_y": 40, "height_m": 1.75}, "", "required"),
            ({"include": ["totals"]}, "/include/0", "not_a_choice"),
            ({"body_mass_kg": 815}, "/body_mass_kg", "out_of_range"),
            (
                {"energy_models": {"run": "acsm"}, "segments": [RUN, RUN | {"grade": -0.2}]},
                "/segments/1/grade",
                "grade_undefined",
            ),
        ],
    )
    async def test_a_person_without_an_answer_is_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, fields: Answer, pointer: str, code: str
    ) -> None:
        response = await client.post("/workout", json=MASS | {"segments": [RUN]} | fields)
        (error,) = problem_of(response, 422)["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)
        assert "815" not in response.text.replace(response.json()["request_id"], "")

    @pytest.mark.parametrize(
        "body",
        [
            b'{"segments": [' + b"1," * MAXIMUM_SEGMENTS * 20 + b"1]}",
            b'{"segments": [' + b"{}," * MAXIMUM_SEGMENTS * 6 + b"{}]}",
            b'{"segments": [{' + b'"a": 1,' * 10_000 + b'"a": 1}]}',
            b"{" + b",".join(b'"%d": 1' % number for number in range(10_000)) + b"}",
        ],
    )
    async def test_what_no_list_could_be_never_reaches_the_validator(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, body: bytes, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def validated(_: bytes) -> None:
            pytest.fail("the validator was called")

        (route,) = router.routes
        monkeypatch.setattr(route, "validate", validated)
        response = await client.post("/workout", content=body, headers={"content-type": "application/json"})
        (error,) = problem_of(response, 422)["errors"]
        assert (error["pointer"], error["code"]) == ("", "too_long")

    async def test_the_longest_list_is_answered(self, client: httpx.AsyncClient) -> None:
        segment = RUN | {"duration_s": 10.0, "gait": "run", "direction": "backward", "grade": 0.0, "pause_s": 1.0}
        item = {"repeat": 1, "segments": [segment]}
        person = MASS | {"energy_models": {"run": "acsm"}, "interval": 0.8, "include": ["segments"]}
        response = await client.post("/workout", json=person | {"segments": [item] * MAXIMUM_SEGMENTS})
        assert response.status_code == 200, response.text
        assert len(response.json()["segments"]) == MAXIMUM_SEGMENTS

    async def test_a_repeat_is_no_longer_to_answer_than_one(self, client: httpx.AsyncClient) -> None:
        item = {"repeat": MAXIMUM_SEGMENTS, "segments": [RUN | {"duration_s": 10.0}]}
        response = await client.post("/workout", json=MASS | {"segments": [item], "include": ["segments"]})
        assert response.json()["segments"][0]["times"] == MAXIMUM_SEGMENTS
        assert len(response.content) < 10_000

    async def test_long_lists_are_computed_one_at_a_time(
        self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        running: list[int] = []
        most: list[int] = []

        def computed(**_: Any) -> dict[str, Any]:
            running.append(1)
            most.append(len(running))
            time.sleep(0.01)
            running.pop()
            return {}

        monkeypatch.setattr("retrorun.app.api.workout.workout_of_segments", computed)
        body = MASS | {"segments": [RUN] * 1001}
        for answer in await asyncio.gather(*(client.post("/workout", json=body) for _ in range(4))):
            assert answer.status_code == 200
        assert most == [1] * 4

    async def test_an_order_of_keys_changes_nothing(self, client: httpx.AsyncClient) -> None:
        body = MASS | {"segments": [RUN, BACK], "interval": 0.8}
        answers = [
            (await client.post("/workout", json=dict(order))).json() for order in itertools.permutations(body.items())
        ]
        assert all(answer == answers[0] for answer in answers)
