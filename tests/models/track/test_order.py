"""The order of the records of a watch: shuffled, several at one time, incomplete, and with a wrong clock."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrorun.models.evidence.cautions import TRACK_REDATED, TRACK_UNUSABLE
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.track import track
from retrorun.models.track.order import MAXIMUM_CLOCK_STEPS, SPIKE_POINTS, in_order
from retrorun.models.track.points import EARTH_RADIUS_M, Points, points_from
from retrorun.models.vocabulary.errors import Undefined

STARTED_S = 1_700_000_000.0
DAY_S = 86_400.0
PLACE = ("latitude_deg", "longitude_deg")


def run(seconds: Any = 600, *, speed_m_s: float = 3.0, grade: float = 0.0, **more: Column) -> Points:
    """Return a run due north, with a point at each of the seconds."""
    since_s: Column = np.arange(seconds + 1.0) if isinstance(seconds, int) else np.asarray(seconds, dtype=np.float64)
    way_m = speed_m_s * since_s
    return points_from(
        time_s=STARTED_S + since_s,
        latitude_deg=46 + np.degrees(way_m / EARTH_RADIUS_M),
        longitude_deg=np.full_like(way_m, 11.0),
        altitude_m=500 + grade * way_m,
        **more,
    )


def rows_of(points: Points, rows: Any) -> Points:
    return Points(*(column[rows] for column in points))


def redated(points: Points, rows: slice, seconds: float) -> Points:
    """Return points of which some have a clock that is off by these seconds."""
    time_s = points.time_s.copy()
    time_s[rows] += seconds
    return points._replace(time_s=time_s)


def cleared(points: Points, rows: Any, *names: str) -> Points:
    """Return points of which some records lack these columns."""
    columns = points._asdict()
    for name in names:
        columns[name] = columns[name].copy()
        columns[name][rows] = math.nan
    return Points(**columns)


def answer_to(points: Points) -> dict[str, Any]:
    return dict(track(points, body_mass_kg=70.0))


def kilocalories(points: Points) -> float:
    value: float = answer_to(points)["totals"]["total_energy_kcal"]["value"]
    return value


PLAIN = kilocalories(run())


def assert_like_the_plain_run(points: Points, *, rel: float = 1e-6) -> None:
    answer = answer_to(points)
    assert answer["totals"]["total_energy_kcal"]["value"] == pytest.approx(PLAIN, rel=rel)
    assert answer["totals"]["distance_m"] == pytest.approx(1800, rel=rel)
    assert answer["track"]["unusable_points"] == answer["track"]["gaps"] == 0
    codes = {warning["code"] for warning in answer["warnings"]}
    assert TRACK_UNUSABLE not in codes
    assert (TRACK_REDATED in codes) == (answer["track"]["redated_points"] > 0)


class TestSorting:
    @pytest.mark.parametrize("within", [2, 9, 40, 300])
    def test_points_shuffled_within_seconds_are_sorted(self, within: int) -> None:
        chance = np.random.default_rng(within)
        order = np.argsort(np.arange(601) + chance.uniform(0, within, 601))
        assert (np.diff(order) < 0).any()
        assert_like_the_plain_run(rows_of(run(), order))

    def test_blocks_of_minutes_in_another_order_are_sorted(self) -> None:
        order = np.concatenate([np.arange(begin, begin + 100) for begin in (300, 0, 500, 100, 400, 200)])
        found = in_order(rows_of(run(599), order))
        assert (found.points.time_s == run(599).time_s).all()
        assert (found.unusable, found.redated) == (0, 0)

    @pytest.mark.parametrize("copies", [2, 3, 4, 7])
    def test_segments_that_repeat_the_former_are_read_once(self, copies: int) -> None:
        """As an app writes it: each segment begins with all points of the one before."""
        ends = np.linspace(0, 601, copies + 1).astype(int)[1:]
        assert_like_the_plain_run(rows_of(run(), np.concatenate([np.arange(end) for end in ends])))

    def test_repeated_laps_around_a_field_are_read_once(self) -> None:
        """The end of each lap is its start, so the way would continue from one copy to the next."""
        points = run(1199)
        turned = 2 * math.pi * np.arange(1200) / 300
        loop = points._replace(
            latitude_deg=46 + np.degrees(143.2 * np.sin(turned) / EARTH_RADIUS_M),
            longitude_deg=11 + np.degrees(143.2 * np.cos(turned) / EARTH_RADIUS_M / math.cos(math.radians(46))),
        )
        found = in_order(rows_of(loop, np.concatenate([np.arange(600), np.arange(900), np.arange(1200)])))
        assert (found.points.time_s == loop.time_s).all()

    def test_a_recording_in_order_stays_as_it_is(self) -> None:
        points = run(distance_m=3 * np.arange(601.0), heart_rate_per_min=np.full(601, 150.0))
        found = in_order(points)
        assert (found.unusable, found.redated) == (0, 0)
        for name, column in points._asdict().items():
            assert np.array_equal(getattr(found.points, name), column, equal_nan=True), name


class TestOneTime:
    @pytest.mark.parametrize("rate", [2, 3, 5, 10])
    def test_several_points_a_second_with_whole_seconds_give_the_last_of_each(self, rate: int) -> None:
        often = run(np.arange(600 * rate + 1) / rate)
        found = in_order(often._replace(time_s=np.floor(often.time_s)))
        assert found.unusable == 0
        assert np.diff(found.points.time_s) == pytest.approx(1.0)
        assert_like_the_plain_run(often._replace(time_s=np.floor(often.time_s)), rel=2e-3)

    def test_several_points_a_second_with_their_own_times_all_stay(self) -> None:
        found = in_order(run(np.arange(3001) / 5))
        assert len(found.points.time_s) == 3001

    def test_records_of_one_second_complete_each_other(self) -> None:
        """As a watch writes it: one record with the place, one with the rest."""
        points = run(grade=0.05, distance_m=3 * np.arange(601.0), heart_rate_per_min=np.full(601, 150.0))
        twice = rows_of(points, np.repeat(np.arange(601), 2))
        split = cleared(twice, slice(0, None, 2), "altitude_m", "distance_m", "heart_rate_per_min")
        split = cleared(split, slice(1, None, 2), *PLACE)
        found = in_order(split)
        assert found.unusable == 0
        assert np.array_equal(np.array(found.points), np.array(points), equal_nan=True)
        # A few more records of one kind than of the other change nothing.
        more = rows_of(split, np.sort(np.concatenate([np.arange(1202), np.arange(1, 200, 2)])))
        assert in_order(more).unusable == 0
        assert kilocalories(more) == pytest.approx(kilocalories(run(grade=0.05)), rel=1e-3)

    def test_a_value_that_no_record_of_a_time_has_is_missing(self) -> None:
        twice = rows_of(run(heart_rate_per_min=np.full(601, 150.0)), np.repeat(np.arange(601), 2))
        merged = in_order(cleared(twice, [200, 201, 301], "heart_rate_per_min")).points
        assert np.flatnonzero(np.isnan(merged.heart_rate_per_min)).tolist() == [100]

    def test_a_minute_of_places_with_one_time_is_not_one_point(self) -> None:
        points = run()
        with pytest.raises(Undefined) as refused:
            answer_to(points._replace(time_s=60 * np.floor(points.time_s / 60)))
        assert refused.value.code == "mostly_unusable"


class TestIncompleteRecords:
    @pytest.mark.parametrize("every", [2, 4, 5, 10])
    def test_a_record_without_a_place_is_no_damage_and_gives_what_it_has(self, every: int) -> None:
        rows = np.arange(601)
        points = run(heart_rate_per_min=np.linspace(120, 180, 601), cadence_per_min=np.full(601, 170.0))
        sparse = cleared(points, rows % every != 0, *PLACE, "altitude_m")
        sparse = cleared(sparse, rows % every == 0, "heart_rate_per_min", "cadence_per_min")
        found = in_order(sparse)
        assert found.unusable == 0
        assert (found.points.time_s == points.time_s[::every]).all()
        # Inside they are interpolated; at the ends the nearest record counts.
        assert found.points.heart_rate_per_min == pytest.approx(points.heart_rate_per_min[::every], abs=0.2)
        assert found.points.cadence_per_min == pytest.approx(170.0)
        if 600 % every == 0:
            assert_like_the_plain_run(sparse)

    def test_the_altitude_of_a_record_without_a_place_counts(self) -> None:
        rows = np.arange(601)
        points = cleared(run(grade=0.05), rows % 5 != 0, *PLACE)
        assert kilocalories(cleared(points, rows % 5 == 0, "altitude_m")) == pytest.approx(
            kilocalories(run(grade=0.05)), rel=5e-3
        )

    def test_a_value_of_the_point_itself_stays(self) -> None:
        points = cleared(run(heart_rate_per_min=150.0 + np.arange(601.0) % 2), slice(1, None, 2), *PLACE)
        assert (in_order(points).points.heart_rate_per_min == 150).all()

    def test_only_the_points_next_to_such_a_record_get_its_values(self) -> None:
        points = cleared(cleared(run(), 100, *PLACE), [99, 300], "altitude_m")
        assert np.flatnonzero(np.isnan(in_order(points).points.altitude_m)).tolist() == [299]

    def test_records_before_the_first_place_are_not_used(self) -> None:
        assert in_order(cleared(run(), slice(0, 100), *PLACE)).unusable == 100
        assert in_order(cleared(run(), slice(501, None), *PLACE)).unusable == 100

    def test_half_a_place_or_an_impossible_one_is_damage(self) -> None:
        assert in_order(cleared(run(), [10, 20], "latitude_deg")).unusable == 2
        latitude = run().latitude_deg.copy()
        latitude[30] = 95.0
        assert in_order(run()._replace(latitude_deg=latitude)).unusable == 1


class TestClock:
    @pytest.mark.parametrize("rows", [slice(0, 30), slice(0, 200), slice(200, 206), slice(100, 400), slice(550, None)])
    @pytest.mark.parametrize("seconds", [-1.1e9, 6e8, 20 * DAY_S, -20 * DAY_S])
    def test_a_misdated_stretch_is_dated_anew(self, rows: slice, seconds: float) -> None:
        points = redated(run(), rows, seconds)
        assert_like_the_plain_run(points)
        found = in_order(points)
        wrong = len(range(601)[rows])
        assert found.redated == min(wrong, 601 - wrong)
        assert found.points.time_s - found.points.time_s[0] == pytest.approx(np.arange(601), abs=1e-6)

    @pytest.mark.parametrize("seconds", [1800.0, 7200.0, 36_000.0, -1800.0, -3600.0])
    def test_a_clock_that_is_off_for_a_while_was_wrong(self, seconds: float) -> None:
        points = redated(run(), slice(200, 300), seconds)
        assert_like_the_plain_run(points)
        assert in_order(points).redated == 100

    def test_a_clock_set_back_in_mid_run(self) -> None:
        """Local time at the end of summer time."""
        for seconds in (-3600.0, -120.0):
            assert_like_the_plain_run(redated(run(), slice(250, None), seconds))

    def test_several_wrong_clocks_in_one_recording(self) -> None:
        points = redated(redated(redated(run(), slice(0, 40), -1e9), slice(300, 400), 6e8), slice(500, None), -3600.0)
        assert_like_the_plain_run(points)

    def test_a_stretch_without_times_is_dated_by_its_neighbours(self) -> None:
        """A time that nobody can read, for example of the year 0, is missing."""
        for rows in (slice(0, 30), slice(200, 320), slice(560, None)):
            assert_like_the_plain_run(cleared(run(), rows, "time_s"))
            assert in_order(cleared(run(), rows, "time_s")).redated == len(range(601)[rows])

    @pytest.mark.parametrize("interval_s", [1, 4, 30])
    def test_sparse_points_have_a_clock_too(self, interval_s: int) -> None:
        points = run(np.arange(0, 3601, interval_s))
        wrong = in_order(redated(points, slice(0, len(points.time_s) // 3), -1e9))
        assert wrong.points.time_s - wrong.points.time_s[0] == pytest.approx(np.arange(0, 3601, interval_s))

    def test_a_clock_that_is_back_gives_its_own_times(self) -> None:
        points = run(np.cumsum(np.random.default_rng(1).integers(1, 8, 400)))
        found = in_order(redated(points, slice(150, 200), 6e8))
        assert (found.points.time_s[200:] == points.time_s[200:]).all()
        assert (found.points.time_s[:150] == points.time_s[:150]).all()
        assert found.redated == 50

    def test_a_treadmill_has_a_clock_too(self) -> None:
        points = cleared(run(distance_m=3 * np.arange(601.0)), slice(None), *PLACE, "altitude_m")
        assert_like_the_plain_run(redated(points, slice(0, 100), -1e9))

    @pytest.mark.parametrize("count", [1, SPIKE_POINTS])
    def test_a_few_misdated_points_are_dropped(self, count: int) -> None:
        found = in_order(redated(run(), slice(300, 300 + count), 6e8))
        assert (found.unusable, found.redated) == (count, 0)
        assert (found.points.time_s == np.delete(run().time_s, slice(300, 300 + count))).all()

    @pytest.mark.parametrize("every", [3, 10, 20])
    def test_misdated_points_here_and_there_are_dropped(self, every: int) -> None:
        time_s = run().time_s.copy()
        time_s[1::every] += 6e8
        found = in_order(run()._replace(time_s=time_s))
        assert found.unusable == len(time_s[1::every])
        assert found.redated == 0

    def test_a_real_break_stays_one(self) -> None:
        later = redated(run(), slice(300, None), 5 * 3600.0)
        assert in_order(later).redated == 0
        assert (in_order(later).points.time_s == later.time_s).all()
        elsewhere = redated(run(), slice(300, None), 20 * DAY_S)
        elsewhere.latitude_deg[300:] += 0.1
        assert in_order(elsewhere).redated == 0

    def test_a_pause_before_the_clock_is_set_back_stays_one(self) -> None:
        paused = redated(run(), slice(200, None), 300.0)
        found = in_order(redated(paused, slice(400, None), -3600.0))
        assert np.diff(found.points.time_s)[199] == 301
        assert found.points.time_s[-1] - found.points.time_s[0] == pytest.approx(900)

    def test_newest_first_is_sorted_and_not_dated_anew(self) -> None:
        points = redated(run(), slice(300, None), 7200.0)
        points.latitude_deg[300:] += 0.1
        found = in_order(rows_of(points, np.r_[300:601, 0:300]))
        assert (found.points.time_s == points.time_s).all()
        assert (found.unusable, found.redated) == (0, 0)

    def test_a_single_record_without_a_time_is_no_point(self) -> None:
        assert len(in_order(cleared(run(0), 0, "time_s")).points.time_s) == 0
        assert len(in_order(run(0)).points.time_s) == 1

    def test_times_without_any_clock_are_not_corrected(self) -> None:
        """More steps of the clock than are corrected: as few points as possible are dropped."""
        points = run(6 * MAXIMUM_CLOCK_STEPS + 11)
        found = in_order(points._replace(time_s=points.time_s + 6e8 * ((np.arange(len(points.time_s)) // 6) % 2)))
        assert found.redated == 0
        assert (np.diff(found.points.time_s) > 0).all()

    def test_two_places_at_the_same_times_are_not_mixed(self) -> None:
        points = rows_of(run(), np.r_[0:601, 0:400])
        points.latitude_deg[601:] += 0.2
        points.time_s[601:] += 0.5
        found = in_order(points)
        assert found.unusable == 400
        assert (found.points.time_s == run().time_s).all()


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(0, 300), st.integers(1, 200), st.floats(-1e12, 1e12)), max_size=4), st.integers(0, 9)
)
def test_any_clock_gives_increasing_times_and_no_numeric_warning(
    wrong: list[tuple[int, int, float]], seed: int
) -> None:
    chance = np.random.default_rng(seed)
    points = rows_of(run(300), np.argsort(np.arange(301) + chance.uniform(0, seed, 301)))
    for begin, count, seconds in wrong:
        points = redated(points, slice(begin, begin + count), seconds)
    points = cleared(points, chance.integers(0, 301, 20), *PLACE)
    with np.errstate(all="raise", under="ignore"):
        found = in_order(points)
    assert (np.diff(found.points.time_s) > 0).all()
    assert 0 <= found.unusable <= 301
    assert 0 <= found.redated <= 301
