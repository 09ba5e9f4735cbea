"""Ways along positions and by the distance of a device: sparse, held, noisy, contradicting and coarse ones."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from retrorun.models.evidence.cautions import TRACK_DISTANCE, TRACK_SPARSE
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.track.distance import GAP_S, with_distance
from retrorun.models.track.points import EARTH_RADIUS_M, Points, Session, points_from
from retrorun.models.track.recording import recording
from retrorun.models.track.track import TrackedWorkout, track
from retrorun.models.vocabulary.errors import Undefined


def north(time_s: Any, way_m: Any, **known: Column) -> Points:
    """Return a way due north."""
    way: Column = np.asarray(way_m, dtype=np.float64)
    return points_from(
        time_s=np.asarray(time_s, dtype=np.float64),
        latitude_deg=46 + np.degrees(way / EARTH_RADIUS_M),
        longitude_deg=np.full_like(way, 11.0),
        altitude_m=np.full_like(way, 500.0),
        **known,
    )


def answer(points: Points) -> TrackedWorkout:
    return track(points, body_mass_kg=70.0)


def kcal(found: TrackedWorkout) -> float:
    return found["totals"]["total_energy_kcal"]["value"]


def codes(found: TrackedWorkout) -> list[str]:
    return [warning["code"] for warning in found["warnings"]]


def assert_even(found: TrackedWorkout, speed_m_s: float, duration_s: float, rel: float = 0.01) -> None:
    """Assert that a recording has the distance and the energy of an even one at 1 Hz."""
    even = np.arange(0.0, duration_s + 1)
    plain = answer(north(even, speed_m_s * even))
    assert found["totals"]["distance_m"] == pytest.approx(speed_m_s * duration_s, rel=rel)
    assert kcal(found) == pytest.approx(kcal(plain), rel=rel)


class TestSparse:
    @pytest.mark.parametrize("every", [(61, 61), (45, 75), (90, 150), (300, 300), (1, 400)])
    @pytest.mark.parametrize("device", [False, True])
    @pytest.mark.parametrize("speed_m_s", [0.8, 1.3, 3.0])
    def test_a_recording_is_read_as_far_as_it_moves(
        self, every: tuple[int, int], device: bool, speed_m_s: float
    ) -> None:
        steps = np.random.default_rng(1).integers(every[0], every[1] + 1, 7200 // every[1])
        time_s = np.concatenate(([0.0], np.cumsum(steps)))
        way = speed_m_s * time_s
        found = answer(north(time_s, way, **({"distance_m": way} if device else {})))
        assert_even(found, speed_m_s, float(time_s[-1]), rel=1e-3)
        long = steps[steps > GAP_S]
        assert found["track"]["sparse_intervals"] == len(long)
        assert found["track"]["sparse_s"] == pytest.approx(long.sum())
        assert found["track"]["gaps"] == 0
        assert TRACK_SPARSE in codes(found)

    def test_time_without_points_in_a_run_that_goes_on_is_run(self) -> None:
        time_s = np.delete(np.arange(0.0, 4001), slice(300, 600))
        found = answer(north(time_s, 2.5 * time_s))
        assert found["totals"]["distance_m"] == pytest.approx(10_000, rel=1e-6)
        assert (found["track"]["sparse_intervals"], found["track"]["sparse_s"]) == (1, 301.0)
        assert found["track"]["moving_duration_s"] == pytest.approx(4000)
        assert TRACK_SPARSE not in codes(found)

    @pytest.mark.parametrize(("moved_m", "lasted_s"), [(0.0, 90.0), (30.0, 90.0), (1000.0, 3000.0), (900.0, 100.0)])
    def test_time_without_points_and_without_the_speed_of_a_foot_is_a_pause(
        self, moved_m: float, lasted_s: float
    ) -> None:
        walked = np.arange(0.0, 601)
        time_s = np.concatenate((walked, walked + 600 + lasted_s))
        way = np.concatenate((1.5 * walked, 1.5 * walked + 900 + moved_m))
        found = answer(north(time_s, way))
        assert (found["track"]["gaps"], found["track"]["gap_s"]) == (1, lasted_s)
        assert found["track"]["sparse_intervals"] == 0
        assert found["totals"]["distance_m"] == pytest.approx(1800, rel=1e-3)

    def test_the_distance_of_the_device_decides_whether_one_moved(self) -> None:
        """Somebody stopped the watch, moved on, and started it again: the device counts nothing in between."""
        ran = np.arange(0.0, 601)
        time_s = np.concatenate((ran, ran + 1200))
        positions = np.concatenate((3 * ran, 3 * ran + 1800 + 900))
        found = answer(north(time_s, positions, distance_m=np.concatenate((3 * ran, 3 * ran + 1800))))
        assert (found["track"]["gap_s"], found["track"]["sparse_s"]) == (600, 0)
        assert found["totals"]["distance_m"] == pytest.approx(3600, rel=1e-6)

    def test_only_pauses_are_refused(self) -> None:
        time_s = np.arange(0.0, 3600, 90)
        with pytest.raises(Undefined) as refused:
            answer(north(time_s, np.zeros_like(time_s)))
        assert refused.value.code == "nothing_moves"


def hold(way_m: Column, lengths: Sequence[int]) -> Column:
    """Return a way at 1 Hz in which each place is repeated for a number of seconds."""
    rows = np.cumsum([0, *lengths])
    held: Column = way_m[rows[np.searchsorted(rows, np.arange(len(way_m)), side="right") - 1]]
    return held


class TestHeld:
    @pytest.mark.parametrize("longest", [3, 6, 12, 28])
    @pytest.mark.parametrize("shortest", [1, "longest"])
    @pytest.mark.parametrize("speed_m_s", [1.4, 3.0, 4.5])
    @pytest.mark.parametrize("noise_m", [0.0, 0.05])
    def test_places_that_are_repeated_and_catch_up(
        self, longest: int, shortest: int | str, speed_m_s: float, noise_m: float
    ) -> None:
        chance = np.random.default_rng(1)
        lengths = chance.integers(longest if shortest == "longest" else 1, longest + 1, 3000)
        time_s = np.arange(0.0, 1501)
        way = hold(speed_m_s * time_s, lengths.tolist()) + chance.normal(0, noise_m, 1501)
        found = answer(north(time_s, way))
        # The last place may be repeated until the end.
        assert_even(found, speed_m_s, 1500, rel=0.01 + longest / 1500)
        report = found["track"]
        assert report["removed_spikes"] == report["jumps"] == report["left_out_s"] == 0
        assert report["paused_s"] <= longest

    @pytest.mark.parametrize("lost_s", [8, 40, 100, 300])
    def test_a_place_repeated_in_a_tunnel(self, lost_s: int) -> None:
        time_s = np.arange(0.0, 1201)
        way = 3 * time_s
        way[400 : 400 + lost_s] = way[400]
        found = answer(north(time_s, way))
        assert_even(found, 3.0, 1200, rel=1e-3)
        assert found["track"]["sparse_s"] == (lost_s if lost_s > GAP_S else 0)

    @pytest.mark.parametrize("lost_s", [3, 20, 100])
    def test_a_place_elsewhere_that_is_repeated(self, lost_s: int) -> None:
        time_s = np.arange(0.0, 1201)
        points = north(time_s, 3 * time_s)
        for column in (points.latitude_deg, points.longitude_deg):
            column[400 : 400 + lost_s] = 1.0
        found = answer(points)
        assert_even(found, 3.0, 1200, rel=1e-3)
        assert (found["track"]["removed_spikes"], found["track"]["jumps"]) == (lost_s, 0)
        for column in (points.latitude_deg, points.longitude_deg):
            column[400 : 400 + lost_s] = 0.0
        assert_even(answer(points), 3.0, 1200, rel=1e-3)

    @pytest.mark.parametrize("every_s", [1, 5])
    @pytest.mark.parametrize("stood_s", [20, 50, 300])
    def test_somebody_who_stands_and_starts_again_has_paused(self, every_s: int, stood_s: int) -> None:
        speeds = np.concatenate([np.full(400, 3.0), np.zeros(stood_s), np.full(400, 3.0)])
        way = np.concatenate(([0.0], np.cumsum(speeds)))
        found = answer(north(np.arange(0.0, len(way), every_s), way[::every_s]))
        assert found["track"]["paused_s"] == pytest.approx(stood_s, abs=11)
        assert found["totals"]["distance_m"] == pytest.approx(2400, rel=0.01)

    def test_a_jump_after_a_rest_stays_a_jump(self) -> None:
        way = np.concatenate((3 * np.arange(0.0, 401), np.full(300, 1200.0), 1300 + 3 * np.arange(0.0, 400)))
        report = answer(north(np.arange(0.0, len(way)), way))["track"]
        assert (report["jumps"], report["left_out_s"]) == (1, 1.0)
        assert report["paused_s"] == pytest.approx(300, abs=11)

    def test_a_spike_after_a_rest_stays_a_spike(self) -> None:
        way = np.concatenate((3 * np.arange(0.0, 401), np.full(20, 1200.0), [1300.0], 1200 + 3 * np.arange(0.0, 400)))
        found = answer(north(np.arange(0.0, len(way)), way))
        assert found["track"]["removed_spikes"] == 1
        assert found["totals"]["distance_m"] == pytest.approx(2397, rel=2e-3)


def winding(time_s: Column, speed_m_s: float, *, wide_m: float, long_m: float, noise_m: float = 0.0) -> Points:
    """Return a way along a sine, of known length."""
    along = np.linspace(0, speed_m_s * time_s[-1] * 1.05, 200_001)
    across = wide_m * np.sin(2 * math.pi * along / long_m)
    length = np.concatenate(([0.0], np.cumsum(np.hypot(np.diff(along), np.diff(across)))))
    chance = np.random.default_rng(1)
    x, y = (
        np.interp(speed_m_s * time_s, length, component) + chance.normal(0, noise_m, len(time_s))
        for component in (along, across)
    )
    points = north(time_s, x)
    east = np.degrees(y / EARTH_RADIUS_M / math.cos(math.radians(46)))
    return points._replace(longitude_deg=11 + east)


class TestBends:
    @pytest.mark.parametrize("speed_m_s", [1.3, 2.5, 3.0])
    @pytest.mark.parametrize(("wide_m", "long_m"), [(10, 60), (15, 120), (20, 200)])
    @pytest.mark.parametrize("noise_m", [0.0, 0.5, 1.0])
    def test_dense_positions_keep_the_bends_and_lose_the_noise(
        self, speed_m_s: float, wide_m: float, long_m: float, noise_m: float
    ) -> None:
        points = winding(np.arange(0.0, 1801), speed_m_s, wide_m=wide_m, long_m=long_m, noise_m=noise_m)
        assert answer(points)["totals"]["distance_m"] == pytest.approx(1800 * speed_m_s, rel=0.02)

    @pytest.mark.parametrize("every_s", [3, 4, 5, 8, (1, 8), (3, 8)])
    @pytest.mark.parametrize("speed_m_s", [1.3, 2.5, 3.0])
    def test_sparse_positions_are_summed_as_they_are(self, every_s: Any, speed_m_s: float) -> None:
        low, high = every_s if isinstance(every_s, tuple) else (every_s, every_s)
        time_s = np.concatenate(([0], np.cumsum(np.random.default_rng(1).integers(low, high + 1, 1800 // high))))
        points = winding(time_s.astype(np.float64), speed_m_s, wide_m=15, long_m=120)
        assert answer(points)["totals"]["distance_m"] == pytest.approx(time_s[-1] * speed_m_s, rel=0.015)


TIMES = np.arange(0.0, 1201)


class TestContradiction:
    @pytest.mark.parametrize(
        "distance",
        [
            np.zeros(1201),
            np.full(1201, 4321.0),
            3e-3 * TIMES,
            3 * TIMES / 1609.344,
            3 * TIMES * 3.28084,
            3 * np.minimum(TIMES, 0),
            3 * np.minimum(TIMES, 150),
            3 * np.minimum(TIMES, 600),
            3 * np.minimum(TIMES, 1100),
            3 * (np.minimum(TIMES, 400) + np.maximum(TIMES - 700, 0)),
        ],
        ids=["zero", "constant", "km", "miles", "feet", "at once", "early", "late", "very late", "for a time"],
    )
    @pytest.mark.parametrize("every_s", [1, 5, 20, 75])
    def test_a_distance_that_the_positions_contradict_is_not_used(self, distance: Column, every_s: int) -> None:
        found = answer(north(TIMES[::every_s], 3 * TIMES[::every_s], distance_m=distance[::every_s]))
        assert_even(found, 3.0, 1200)
        report = found["track"]
        assert report["distance_source"] == "positions"
        assert report["device_distance_m"] == pytest.approx(
            distance[-1] - distance[0] if every_s < GAP_S else report["device_distance_m"]
        )
        assert report["positions_distance_m"] == pytest.approx(3600, rel=0.01)
        assert TRACK_DISTANCE in codes(found)

    @pytest.mark.parametrize("factor", [0.85, 0.95, 1.03, 1.2])
    def test_a_foot_pod_a_few_percent_off_is_believed(self, factor: float) -> None:
        found = answer(north(TIMES, 3 * TIMES, distance_m=factor * 3 * TIMES))
        assert found["track"]["distance_source"] == "device"
        assert found["totals"]["distance_m"] == pytest.approx(factor * 3600)
        assert TRACK_DISTANCE not in codes(found)

    @pytest.mark.parametrize("factor", [1 / 1.609344, 1 / 1.4, 1.4, 1.609344])
    @pytest.mark.parametrize("every_s", [1, 8])
    def test_a_distance_in_another_unit_is_not_used(self, factor: float, every_s: int) -> None:
        found = answer(north(TIMES[::every_s], 3 * TIMES[::every_s], distance_m=factor * 3 * TIMES[::every_s]))
        assert found["track"]["distance_source"] == "positions"
        assert_even(found, 3.0, 1200)
        assert TRACK_DISTANCE in codes(found)

    def test_a_shuttle_in_which_positions_lack_the_turns_is_believed(self) -> None:
        to_and_fro = abs((3 * TIMES + 10) % 20 - 10)
        found = answer(north(TIMES, to_and_fro, distance_m=3 * TIMES))
        assert found["track"]["distance_source"] == "device"

    @pytest.mark.parametrize("wander_m", [0.0, 0.5, 3.0])
    def test_a_treadmill_at_one_position_is_believed(self, wander_m: float) -> None:
        chance = np.random.default_rng(1)
        way = np.convolve(chance.normal(0, wander_m, 1230), np.full(30, 30**-0.5), mode="valid")
        found = answer(north(TIMES, way, distance_m=3 * TIMES))
        assert found["track"]["distance_source"] == "device"
        assert_even(found, 3.0, 1200)
        assert TRACK_DISTANCE not in codes(found)

    def test_laps_of_a_track_are_believed(self) -> None:
        turned = 3 * TIMES / 63.66
        points = north(TIMES, 63.66 * np.sin(turned), distance_m=3 * TIMES)
        east = np.degrees(63.66 * np.cos(turned) / EARTH_RADIUS_M / math.cos(math.radians(46)))
        found = answer(points._replace(longitude_deg=11 + east))
        assert found["track"]["distance_source"] == "device"
        assert_even(found, 3.0, 1200)

    def test_wrong_positions_do_not_contradict(self) -> None:
        points = north(TIMES, 3 * TIMES, distance_m=3 * TIMES)
        points.latitude_deg[300:400] = points.longitude_deg[300:400] = 0.0
        found = answer(points)
        assert found["track"]["distance_source"] == "device"
        assert_even(found, 3.0, 1200)

    def test_a_frozen_distance_with_some_points_without_a_place(self) -> None:
        points = north(TIMES, 3 * TIMES, distance_m=3 * np.minimum(TIMES, 300))
        points.latitude_deg[500:560] = math.nan
        found = answer(points)
        assert found["track"]["distance_source"] == "positions"
        assert found["track"]["unusable_points"] == 60
        assert_even(found, 3.0, 1200)


def indoors(time_s: Any, distance_m: Any, **known: Column) -> Points:
    """Return points with a distance and no position."""
    return points_from(
        time_s=np.asarray(time_s, dtype=np.float64), distance_m=np.asarray(distance_m, dtype=np.float64), **known
    )


def coarse(way_m: Column, step_m: float) -> Column:
    """Return a way counted in whole steps, rounded as a file has it."""
    found: Column = np.round(step_m * np.floor(way_m / step_m + 1e-9), 2)
    return found


class TestCoarse:
    @pytest.mark.parametrize("step_m", [10.0, 16.09344, 80.4672, 100.0, 160.9344])
    @pytest.mark.parametrize("every_s", [1, 2, 5])
    @pytest.mark.parametrize("speed_m_s", [1.4, 3.0, 4.5])
    def test_steps_are_an_even_movement(self, step_m: float, every_s: int, speed_m_s: float) -> None:
        time_s = np.arange(0.0, 1801, every_s)
        found = answer(indoors(time_s, coarse(speed_m_s * time_s, step_m)))
        assert_even(found, speed_m_s, 1800, rel=0.01)
        report = found["track"]
        assert report["removed_spikes"] == report["jumps"] == report["left_out_s"] == report["paused_s"] == 0
        assert report["distance_source"] == "device"

    @pytest.mark.parametrize("step_m", [10.0, 16.09344, 40.0, 100.0])
    @pytest.mark.parametrize("paused_s", [120, 400])
    def test_a_pause_between_steps_stays_a_pause(self, step_m: float, paused_s: int) -> None:
        way = 3 * np.concatenate((np.arange(0.0, 610), np.full(paused_s, 610.0), np.arange(610.0, 1201)))
        found = answer(indoors(np.arange(0.0, len(way)), coarse(way, step_m)))
        assert found["track"]["paused_s"] == pytest.approx(paused_s, abs=15)
        assert found["totals"]["distance_m"] == pytest.approx(3600, rel=0.015)
        assert found["track"]["left_out_s"] == 0

    def test_standing_at_the_start_and_at_the_end_is_a_pause(self) -> None:
        way = 3 * np.concatenate((np.zeros(200), np.arange(0.0, 1201), np.full(200, 1200.0)))
        found = answer(indoors(np.arange(0.0, len(way)), coarse(way, 16.09344)))
        assert found["track"]["paused_s"] == pytest.approx(400, abs=20)
        assert found["totals"]["distance_m"] == pytest.approx(3600, rel=0.01)

    def test_speeds_that_change_are_kept(self) -> None:
        way = np.cumsum(np.tile(np.repeat([1.5, 4.0], 120), 6))
        found = track(indoors(np.arange(0.0, 1440), coarse(way, 16.09344)), body_mass_kg=70.0, include=["profile"])
        speeds = np.array(found["profile"]["segment_speed_m_s"])
        assert found["track"]["pauses"] == 0
        assert np.isclose(speeds, 1.5, atol=0.15).sum() >= 60
        assert np.isclose(speeds, 4.0, atol=0.3).sum() >= 60

    def test_the_exact_distance_at_the_end(self) -> None:
        time_s = np.arange(0.0, 1201)
        way = coarse(3 * time_s, 16.09344)
        way[-1] = 3600.0
        assert_even(answer(indoors(time_s, way)), 3.0, 1200, rel=2e-3)

    def test_a_treadmill_at_one_position_that_counts_in_steps(self) -> None:
        time_s = np.arange(0.0, 1201)
        assert_even(answer(north(time_s, 0 * time_s, distance_m=coarse(3 * time_s, 16.09344))), 3.0, 1200)


def by_speed(time_s: Any, speed_m_s: Any, **known: Column) -> Points:
    """Return points with a speed only."""
    return points_from(
        time_s=np.asarray(time_s, dtype=np.float64), speed_m_s=np.asarray(speed_m_s, dtype=np.float64), **known
    )


class TestSpeed:
    @pytest.mark.parametrize("every_s", [1, 4, 30, 90])
    def test_points_with_a_speed_only(self, every_s: int) -> None:
        time_s = np.arange(0, 1801, every_s)
        found = answer(by_speed(time_s, np.full(len(time_s), 2.8)))
        assert_even(found, 2.8, 1800)
        assert found["track"]["distance_source"] == "speed"
        assert found["assumed"]["grade"] == 0

    def test_zero_distance_is_no_distance(self) -> None:
        time_s = np.arange(0.0, 1201)
        found = answer(by_speed(time_s, np.full(1201, 3.0), distance_m=np.zeros(1201)))
        assert_even(found, 3.0, 1200)

    def test_a_pause_a_gap_and_points_without_a_speed(self) -> None:
        speeds = np.concatenate((np.full(600, 3.0), np.zeros(200), np.full(601, 3.0)))
        time_s = np.concatenate((np.arange(0.0, 1000), np.arange(1300.0, 1701)))
        speeds[100:600:3] = math.nan
        found = answer(by_speed(time_s, speeds))
        report = found["track"]
        assert report["paused_s"] == pytest.approx(200, abs=11)
        assert (report["gap_s"], report["unusable_points"]) == (301.0, 0)
        assert found["totals"]["distance_m"] == pytest.approx(3 * 1199, rel=0.01)

    def test_shuffled_points_and_impossible_speeds(self) -> None:
        time_s = np.arange(0.0, 1201)
        speeds = np.full(1201, 3.0)
        speeds[[5, 400, 800]] = [-1.0, 500.0, math.inf]
        order = np.arange(1201)
        order[500:505] = [504, 502, 503, 501, 500]
        points, source = with_distance(by_speed(time_s[order], speeds[order]), Session())
        assert source == "speed"
        assert points.distance_m == pytest.approx(3 * time_s[order])


class TestSessionTotals:
    TOTALS = Session(distance_m=5000.0, duration_s=1800.0)

    @pytest.mark.parametrize("every_s", [1, 45, 300])
    def test_points_with_a_heart_rate_only_move_evenly(self, every_s: int) -> None:
        time_s = np.arange(0.0, 1801, every_s)
        found = recording(points_from(time_s=time_s, heart_rate_per_min=np.full(len(time_s), 150.0)), self.TOTALS)
        assert found.distance_source == "session"
        assert np.diff(found.way_m) == pytest.approx(5000 / 1800, rel=1e-6)
        assert found.way_m[-1] == pytest.approx(5000)

    @pytest.mark.parametrize("distance_m", [0.0, 777.0])
    def test_a_distance_that_does_not_grow_is_none(self, distance_m: float) -> None:
        time_s = np.arange(0.0, 1801)
        found = recording(points_from(time_s=time_s, distance_m=np.full(1801, distance_m)), self.TOTALS)
        assert (found.distance_source, found.way_m[-1]) == ("session", pytest.approx(5000))

    def test_time_without_points_is_a_gap(self) -> None:
        time_s = np.concatenate((np.arange(0.0, 901), np.arange(1500.0, 2400)))
        found = recording(points_from(time_s=time_s), self.TOTALS)
        assert (found.gap_s, found.way_m[-1]) == (600, pytest.approx(5000))

    def test_a_session_without_points(self) -> None:
        found = recording(points_from(time_s=np.zeros(0)), self.TOTALS)
        assert (found.duration_s, found.way_m[-1], found.distance_source) == (1800, pytest.approx(5000), "session")

    def test_points_with_their_own_way_do_not_need_it(self) -> None:
        time_s = np.arange(0.0, 601)
        for points in (
            north(time_s, 3 * time_s),
            indoors(time_s, 3 * time_s),
            by_speed(time_s, np.full(601, 3.0)),
        ):
            assert recording(points, self.TOTALS).way_m[-1] == pytest.approx(1800)

    @pytest.mark.parametrize("session", [Session(), Session(distance_m=0.0, duration_s=60.0)])
    @pytest.mark.parametrize("count", [0, 1, 60])
    def test_without_totals_there_is_no_track(self, session: Session, count: int) -> None:
        with pytest.raises(Undefined) as refused:
            recording(points_from(time_s=np.arange(float(count))), session)
        assert refused.value.code == "no_track"


class TestConstants:
    @pytest.mark.parametrize(("factor", "source"), [(0.43, "positions"), (0.46, "device"), (1.9, "device")])
    def test_half_of_the_straight_way_and_twenty_metres(self, factor: float, source: str) -> None:
        """180 m in a minute: 80 m are 0.444 of it. It is so in half of the minutes."""
        found = answer(north(TIMES, 3 * TIMES, distance_m=3 * TIMES + 3 * (factor - 1) * np.minimum(TIMES, 600)))
        assert found["track"]["distance_source"] == source

    @pytest.mark.parametrize(("factor", "off"), [(1.25, False), (1.35, True), (0.8, False), (0.74, True)])
    @pytest.mark.parametrize(("share", "most"), [(0.7, False), (0.8, True), (1.0, True)])
    def test_another_unit_is_more_than_a_poor_foot_pod(
        self, factor: float, off: bool, share: float, most: bool
    ) -> None:
        distance = 3 * TIMES + 3 * (factor - 1) * np.minimum(TIMES, 1200 * share)
        source = answer(north(TIMES, 3 * TIMES, distance_m=distance))["track"]["distance_source"]
        assert source == ("positions" if off and most else "device")

    @pytest.mark.parametrize(("share", "source"), [(0.4, "device"), (0.6, "positions")])
    def test_a_distance_that_is_too_long_for_half_of_the_time(self, share: float, source: str) -> None:
        distance = 2 * TIMES + 5 * np.minimum(TIMES, 1200 * share)
        found = answer(north(TIMES, 2 * TIMES, distance_m=distance))
        assert found["track"]["distance_source"] == source

    def test_minutes_are_compared(self) -> None:
        """Laps of two and a half minutes come back to their start; a minute of one does not."""
        turned = 2 * math.pi * TIMES / 150
        points = north(TIMES, 71.6 * np.sin(turned), distance_m=3e-3 * TIMES)
        east = np.degrees(71.6 * np.cos(turned) / EARTH_RADIUS_M / math.cos(math.radians(46)))
        assert answer(points._replace(longitude_deg=11 + east))["track"]["distance_source"] == "positions"
