"""Altitudes that drop out, jump or are noisy, and the climb and slope that they leave."""

from typing import Any

import numpy as np
import pytest

from retrorun.models.evidence.cautions import TRACK_ALTITUDES
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.track.points import EARTH_RADIUS_M, Points, points_from
from retrorun.models.track.track import TrackedWorkout, track
from retrorun.models.vocabulary.errors import Undefined
from retrorun.models.workout.workout import workout


def climbing(grade: float = 0.0, *, speed_m_s: float = 2.7, every_s: float = 1.0, seconds: float = 1800.0) -> Points:
    """Return a way due north from 500 m above the sea, on an even slope."""
    time_s = np.arange(0.0, seconds + 1, every_s)
    way = speed_m_s * time_s
    return points_from(
        time_s=time_s,
        latitude_deg=46 + np.degrees(way / EARTH_RADIUS_M),
        longitude_deg=np.full_like(way, 11.0),
        altitude_m=500 + grade * way,
    )


def lost(points: Points, rows: Any, altitude_m: Any) -> Points:
    """Return points with some altitudes replaced."""
    column = points.altitude_m.copy()
    column[rows] = altitude_m
    return points._replace(altitude_m=column)


def answer(points: Points) -> TrackedWorkout:
    return track(points, body_mass_kg=70.0)


def assert_same(found: TrackedWorkout, plain: TrackedWorkout, rel: float = 1e-3) -> None:
    assert found["totals"]["total_energy_kcal"]["value"] == pytest.approx(
        plain["totals"]["total_energy_kcal"]["value"], rel=rel
    )
    for name in ("ascent_m", "descent_m"):
        assert found["track"][name] == pytest.approx(plain["track"][name], abs=0.5 + rel * plain["track"]["ascent_m"])
    assert found["track"]["left_out_s"] == plain["track"]["left_out_s"]


@pytest.mark.parametrize("every_s", [1.0, 4.0, 15.0])
@pytest.mark.parametrize("grade", [0.0, 0.08, -0.08])
@pytest.mark.parametrize("level_m", [0.0, -400.0, 2500.0, 8000.0])
def test_single_altitudes_on_another_level_are_removed_and_counted(
    every_s: float, grade: float, level_m: float
) -> None:
    points = climbing(grade, every_s=every_s)
    rows = np.arange(3, len(points.time_s) - 1, 45 if every_s < 10 else 20)
    found = answer(lost(points, rows, level_m))
    assert_same(found, answer(points))
    assert found["track"]["removed_altitudes"] == len(rows)


@pytest.mark.parametrize("stretch", [slice(100, 102), slice(100, 400), slice(700, 1700)])
def test_a_stretch_on_another_level_is_interpolated(stretch: slice) -> None:
    points = climbing(0.05)
    found = answer(lost(points, stretch, 0.0))
    assert_same(found, answer(points))
    assert found["track"]["removed_altitudes"] == stretch.stop - stretch.start


@pytest.mark.parametrize("seconds", [1, 20, 200])
@pytest.mark.parametrize("at_end", [False, True])
def test_the_first_and_last_altitudes_may_be_missing_as_zero(seconds: int, at_end: bool) -> None:
    points = climbing(0.0)
    found = answer(lost(points, slice(-seconds, None) if at_end else slice(seconds), 0.0))
    assert_same(found, answer(points))
    assert found["track"]["removed_altitudes"] == seconds


def test_levels_that_follow_each_other_are_removed_together() -> None:
    points = climbing(0.0)
    stretch: Column = np.repeat([0.0, 50.0, 100.0, 150.0, 200.0], 7)
    found = answer(lost(points, slice(300, 300 + len(stretch)), stretch))
    assert_same(found, answer(points))
    assert found["track"]["removed_altitudes"] == 35


def test_a_correction_that_stays_is_no_climb_and_the_ground_after_it_counts() -> None:
    points = climbing(0.05)
    corrected = lost(points, slice(900, None), points.altitude_m[900:] + 60)
    found = answer(corrected)
    assert found["track"]["removed_altitudes"] == 0
    assert_same(found, answer(points), rel=5e-3)


@pytest.mark.parametrize("grade", [0.4, -0.4])
@pytest.mark.parametrize("every_s", [1.0, 5.0, 30.0, 300.0])
def test_steep_ground_stays(grade: float, every_s: float) -> None:
    found = answer(climbing(grade, speed_m_s=1.0, every_s=every_s))
    assert found["track"]["removed_altitudes"] == 0
    assert found["track"]["ascent_m" if grade > 0 else "descent_m"] == pytest.approx(720, rel=0.01)


def test_stairs_stay() -> None:
    """Flights of 17 cm on 28 cm, each 3 m high, with level ground between them."""
    points = climbing(speed_m_s=0.8)
    way = 0.8 * points.time_s
    stairs = 500 + 3 * np.floor(way / 60) + np.minimum(np.mod(way, 60) * 17 / 28, 3)
    found = answer(points._replace(altitude_m=stairs))
    assert found["track"]["removed_altitudes"] == 0
    assert found["track"]["ascent_m"] == pytest.approx(72, abs=3)


def test_noise_of_altitudes_is_not_removed() -> None:
    points = climbing(0.03)
    chance = np.random.default_rng(3)
    found = answer(points._replace(altitude_m=points.altitude_m + chance.normal(0, 3, len(points.time_s))))
    assert found["track"]["removed_altitudes"] == 0


def test_many_removed_altitudes_are_warned_of() -> None:
    points = climbing(0.0)
    for share, warned in ((60, False), (15, True)):
        codes = [warning["code"] for warning in answer(lost(points, slice(5, None, share), 0.0))["warnings"]]
        assert (TRACK_ALTITUDES in codes) is warned


def walked(points: Points, speed_m_s: float, grade: float, seconds: float) -> None:
    """Assert that a recording is all walked at a speed and a grade."""
    found = answer(points)
    one = workout(
        body_mass_kg=70.0,
        segments=[{"speed_m_s": speed_m_s, "duration_s": seconds, "grade": grade, "gait": "walk"}],
    )
    assert found["track"]["paused_s"] == 0
    assert found["totals"]["distance_m"] == pytest.approx(speed_m_s * seconds, rel=0.01)
    assert found["totals"]["total_energy_kcal"]["value"] == pytest.approx(
        one["totals"]["total_energy_kcal"]["value"], rel=0.01
    )
    climb_m = found["track"]["ascent_m"] - found["track"]["descent_m"]
    assert climb_m == pytest.approx(grade * speed_m_s * seconds, rel=0.01)


class TestSlowClimbs:
    @pytest.mark.parametrize(
        ("speed_m_s", "grade"), [(0.49, 0.12), (0.45, 0.3), (0.42, 0.28), (0.3, 0.4), (0.21, 0.42), (0.4, -0.3)]
    )
    @pytest.mark.parametrize("every_s", [1.0, 5.0, 30.0, 75.0])
    @pytest.mark.parametrize("device", [False, True])
    def test_a_slow_climb_moves(self, speed_m_s: float, grade: float, every_s: float, device: bool) -> None:
        points = climbing(grade, speed_m_s=speed_m_s, every_s=every_s, seconds=3600)
        points = points._replace(altitude_m=points.altitude_m + 1000)
        if device:
            points = points._replace(distance_m=speed_m_s * points.time_s)
        walked(points, speed_m_s, grade, 3600)

    def test_hairpins_with_noise_move(self) -> None:
        """Legs of 25 m, side by side."""
        points = climbing(0.28, speed_m_s=0.42, seconds=3600)
        chance = np.random.default_rng(1)
        way = 0.42 * points.time_s
        across = 25 * np.abs(np.mod(way / 25, 2) - 1)
        up = 46 + np.degrees((0.1 * way + chance.normal(0, 0.3, len(way))) / EARTH_RADIUS_M)
        points = points._replace(
            latitude_deg=up,
            longitude_deg=11 + np.degrees((across + chance.normal(0, 0.3, len(way))) / EARTH_RADIUS_M / 0.6947),
            altitude_m=points.altitude_m + chance.normal(0, 1.5, len(way)),
        )
        report = answer(points)["track"]
        assert report["paused_s"] < 200
        assert report["ascent_m"] == pytest.approx(0.28 * 0.42 * 3600, rel=0.06)

    def test_a_rest_in_a_slow_climb_is_a_pause(self) -> None:
        speeds = np.concatenate((np.full(1200, 0.42), np.zeros(600), np.full(1200, 0.42)))
        way = np.concatenate(([0.0], np.cumsum(speeds)))
        points = climbing(seconds=3000)
        points = points._replace(latitude_deg=46 + np.degrees(way / EARTH_RADIUS_M), altitude_m=500 + 0.28 * way)
        report = answer(points)["track"]
        assert report["paused_s"] == pytest.approx(600, abs=20)
        assert report["ascent_m"] == pytest.approx(0.28 * way[-1], rel=0.02)

    @pytest.mark.parametrize(("speed_m_s", "grade"), [(0.45, 0.0), (0.45, 0.1), (0.15, 0.4)])
    def test_slower_than_a_climb_or_than_any_estimate_is_a_pause(self, speed_m_s: float, grade: float) -> None:
        with pytest.raises(Undefined) as refused:
            answer(climbing(grade, speed_m_s=speed_m_s))
        assert refused.value.code == "nothing_moves"

    @pytest.mark.parametrize("drift_m", [0.0, 1.0, 2.0])
    @pytest.mark.parametrize("seed", range(5))
    def test_drift_at_rest_stays_a_pause(self, drift_m: float, seed: int) -> None:
        """Positions and, twice as much, altitudes wander within minutes, and the air pressure by 7 m in an hour."""
        chance = np.random.default_rng(seed)

        def wander(by_m: float) -> Column:
            found = np.empty(2401)
            kept = np.exp(-1 / 60)
            found[0] = step = 0.0
            for row, new in enumerate(chance.normal(0, np.sqrt(1 - kept**2), 2401)):
                step = kept * step + new
                found[row] = step
            return by_m * found

        speeds = np.concatenate((np.full(600, 1.5), np.zeros(1200), np.full(600, 1.5)))
        way = np.concatenate(([0.0], np.cumsum(speeds)))
        points = climbing(seconds=2400)
        drifting = points._replace(
            latitude_deg=46 + np.degrees((way + wander(drift_m)) / EARTH_RADIUS_M),
            longitude_deg=11 + np.degrees(wander(drift_m) / EARTH_RADIUS_M / 0.6947),
            altitude_m=500 + wander(2 * drift_m) + 0.002 * points.time_s,
        )
        level = drifting._replace(altitude_m=np.full(2401, 500.0))
        rested = answer(drifting)["track"]["paused_s"]
        assert rested >= answer(level)["track"]["paused_s"] - 40
        assert rested == pytest.approx(1200, abs=60)
