"""Files with several sessions, and files whose sport is not on foot."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from retrorun.models.evidence.cautions import TRACK_RANGE, TRACK_SESSIONS, TRACK_SPORT, TRACK_UNUSABLE
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.track import track
from retrorun.models.track.points import EARTH_RADIUS_M, Points, Session, points_from
from retrorun.models.track.sessions import BREAK_S, MAXIMUM_SESSIONS, NOT_ON_FOOT, ON_FOOT, STRAVA, UNNAMED, sport_of
from retrorun.models.vocabulary.errors import OutOfRange, Undefined

STARTED_S = 1_700_000_000.0
HOUR_S = 3600.0


def run(start_s: float, lasts_s: float, *, session: int = 0, speed_m_s: float = 3.0, every_s: float = 1.0) -> Points:
    """Return a run due north from its own place, which begins at this time of the file."""
    since_s: Column = np.arange(0.0, lasts_s + 1, every_s)
    return points_from(
        time_s=STARTED_S + start_s + since_s,
        latitude_deg=46 + start_s / 1e6 + np.degrees(speed_m_s * since_s / EARTH_RADIUS_M),
        longitude_deg=np.full_like(since_s, 11.0),
        altitude_m=np.full_like(since_s, 500.0),
        session=np.full_like(since_s, float(session)),
    )


def together(*parts: Points) -> Points:
    return Points(*(np.concatenate(columns) for columns in zip(*parts, strict=True)))


def answer_to(points: Points, *sports: str, **said: Any) -> dict[str, Any]:
    sessions = tuple(Session(sport) for sport in sports) or (Session(),)
    return dict(track(points, sessions, body_mass_kg=70.0, **said))


def kilocalories(answer: dict[str, Any]) -> float:
    value: float = answer["totals"]["total_energy_kcal"]["value"]
    return value


def codes_of(answer: dict[str, Any]) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def refused(points: Points, *sports: str, **said: Any) -> Undefined:
    with pytest.raises(Undefined) as found:
        answer_to(points, *sports, **said)
    return found.value


FIRST, SECOND = run(0.0, 600.0), run(2 * HOUR_S, 450.0)
ALONE = [kilocalories(answer_to(points)) for points in (FIRST, SECOND)]


class TestSeveral:
    @pytest.mark.parametrize("newest_first", [False, True])
    @pytest.mark.parametrize("numbered", [False, True])
    @pytest.mark.parametrize("apart_s", [2 * HOUR_S, 37 * HOUR_S, 400 * HOUR_S])
    def test_the_time_between_sessions_costs_nothing_whatever_their_order(
        self, newest_first: bool, numbered: bool, apart_s: float
    ) -> None:
        later = SECOND._replace(time_s=SECOND.time_s - 2 * HOUR_S + apart_s)
        if numbered:
            later = later._replace(session=np.ones(451))
        answer = answer_to(together(later, FIRST) if newest_first else together(FIRST, later), "running", "running")
        assert kilocalories(answer) == pytest.approx(sum(ALONE), rel=1e-9)
        assert answer["totals"]["duration_s"] == answer["track"]["recorded_s"] == pytest.approx(1050)
        assert answer["totals"]["distance_m"] == pytest.approx(3150, rel=1e-6)
        assert answer["track"]["gap_s"] == answer["track"]["unusable_points"] == answer["track"]["redated_points"] == 0
        assert TRACK_SESSIONS in codes_of(answer)
        assert [session["start_s"] for session in answer["sessions"]] == [0.0, apart_s]
        assert [session["recorded_s"] for session in answer["sessions"]] == [600.0, 450.0]
        energies = [session["total_energy_kcal"]["value"] for session in answer["sessions"]]
        assert energies == pytest.approx(ALONE, rel=1e-9)
        assert [session["distance_m"] for session in answer["sessions"]] == pytest.approx([1800, 1350], rel=1e-6)
        assert {session["sport"] for session in answer["sessions"]} == {"running"}

    def test_a_file_with_one_session_lists_it_without_a_warning(self) -> None:
        answer = answer_to(FIRST)
        (session,) = answer["sessions"]
        assert session == {
            "used": True,
            "start_s": 0.0,
            "recorded_s": 600.0,
            "distance_m": answer["totals"]["distance_m"],
            "total_energy_kcal": answer["totals"]["total_energy_kcal"],
        }
        assert TRACK_SESSIONS not in codes_of(answer)

    def test_only_a_break_of_more_than_an_hour_divides(self) -> None:
        for apart_s, count in ((BREAK_S, 1), (BREAK_S + 1, 2)):
            answer = answer_to(together(FIRST, run(600 + apart_s, 450.0)))
            assert len(answer["sessions"]) == count

    def test_ranges_count_from_the_first_point_of_the_file_in_any_order(self) -> None:
        backward = [{"from_s": 300.0, "to_s": 2 * HOUR_S + 100}, {"from_s": 2 * HOUR_S + 400}]
        for points in (together(FIRST, SECOND), together(SECOND, FIRST)):
            answer = answer_to(points, backward=backward, include=["profile"])
            assert answer["backward"]["duration_s"] == pytest.approx(300 + 100 + 50)
            profile = answer["profile"]
            starts, durations = np.array(profile["segment_start_s"]), np.array(profile["segment_duration_s"])
            back = np.array(profile["segment_direction"]) == "backward"
            expected = ((starts > 299.9) & (starts < 7299.9)) | (starts > 7599.9)
            assert (back == expected).all()
            assert (np.diff(starts) > 0).all()
            assert (starts + durations)[-1] == pytest.approx(7650)
        assert answer["sessions"][1]["start_s"] == 7200
        with pytest.raises(OutOfRange, match="7650 s long"):
            answer_to(together(FIRST, SECOND), backward=[{"from_s": 0.0, "to_s": 7651.0}])

    def test_a_range_between_sessions_has_nothing_in_it(self) -> None:
        between = [{"from_s": 0.0, "to_s": 100.0}, {"from_s": 700.0, "to_s": 7100.0}]
        assert TRACK_RANGE in codes_of(answer_to(together(FIRST, SECOND), backward=between))
        assert TRACK_RANGE not in codes_of(answer_to(together(FIRST, SECOND), backward=between[:1]))

    def test_gaps_pauses_and_left_out_time_are_summed(self) -> None:
        gap = FIRST._replace(time_s=FIRST.time_s + np.where(np.arange(601) > 200, 199.0, 0.0))
        stood = run(2 * HOUR_S, 200.0, speed_m_s=0.0)
        rode = run(6 * HOUR_S, 100.0, speed_m_s=10.0)
        answer = answer_to(together(gap, stood, run(4 * HOUR_S, 450.0), rode))
        report = answer["track"]
        assert (report["gaps"], report["gap_s"], report["pauses"]) == (1, 200.0, 1)
        assert (report["paused_s"], report["left_out_s"]) == pytest.approx((200, 100))
        parts = [report[name] for name in ("moving_duration_s", "paused_s", "gap_s", "left_out_s")]
        assert math.fsum(parts) == pytest.approx(report["recorded_s"])
        assert ["distance_m" in session for session in answer["sessions"]] == [True, False, True, False]

    def test_the_energies_of_sessions_add_up_with_their_rest(self) -> None:
        stopped = run(0.0, 600.0)
        stopped.time_s[201:] += 199
        stopped.latitude_deg[401:] = stopped.latitude_deg[400]
        answer = answer_to(together(stopped, SECOND))
        assert answer["track"]["gap_s"] > 0 < answer["track"]["paused_s"]
        energies = [session["total_energy_kcal"]["value"] for session in answer["sessions"]]
        assert math.fsum(energies) == pytest.approx(kilocalories(answer), rel=1e-12)

    def test_gait_and_pauses_do_not_reach_over_sessions(self) -> None:
        walked = run(0.0, 300.0, speed_m_s=1.4)
        short = run(2 * HOUR_S, 10.0)
        answer = answer_to(together(walked, short), include=["segments"])
        assert [segment["gait"] for segment in answer["segments"]] == ["walk"] * 30 + ["run"]
        stood = [run(hours * HOUR_S, 100.0, speed_m_s=0.0) for hours in (4, 6)]
        assert answer_to(together(walked, *stood))["track"]["pauses"] == 2

    def test_the_bound_on_the_time_holds_for_the_sessions_together(self) -> None:
        days = [run(48 * HOUR_S * day, 15 * HOUR_S, every_s=10.0, speed_m_s=1.3) for day in range(4)]
        assert answer_to(together(*days[:3]))["track"]["recorded_s"] == pytest.approx(45 * HOUR_S)
        with pytest.raises(OutOfRange) as refusal:
            answer_to(together(*days))
        assert refusal.value.field == "file"

    def test_two_recordings_of_one_run_count_once(self) -> None:
        second = run(0.0, 600.0, session=1)
        answer = answer_to(together(FIRST, second), "running", "running")
        assert kilocalories(answer) == pytest.approx(ALONE[0])
        assert [session["used"] for session in answer["sessions"]] == [True, False]
        longer = answer_to(together(FIRST, run(300.0, 600.0, session=1)), "running", "running")
        assert longer["track"]["recorded_s"] == pytest.approx(600 + 299)

    def test_a_session_that_cannot_be_read_is_left_out(self) -> None:
        lost = run(2 * HOUR_S, 60.0, session=1)
        for name in ("latitude_deg", "longitude_deg"):
            lost = lost._replace(**{name: np.full(61, math.nan)})
        answer = answer_to(together(FIRST, lost))
        assert kilocalories(answer) == pytest.approx(ALONE[0])
        assert answer["sessions"][1] == {"used": False}

    def test_too_many_sessions_are_refused(self) -> None:
        parts = [run(2 * HOUR_S * number, 20.0) for number in range(MAXIMUM_SESSIONS + 1)]
        assert len(answer_to(together(*parts[:-1]))["sessions"]) == MAXIMUM_SESSIONS
        for each in (
            together(*parts),
            together(*(part._replace(session=part.session + n) for n, part in enumerate(parts))),
        ):
            with pytest.raises(OutOfRange, match="sessions"):
                answer_to(each)


class TestSports:
    @pytest.mark.parametrize("word", ["running", "Trail Run", "TRAIL_RUNNING", "trail-run", "treadmill", "9"])
    def test_running_is_on_foot(self, word: str) -> None:
        answer = answer_to(FIRST, word)
        assert kilocalories(answer) == ALONE[0]
        assert answer["sessions"][0]["sport"] == "running"

    @pytest.mark.parametrize("word", ["", " ", "generic", "Other", "training", "-"])
    def test_a_word_that_names_no_sport_is_as_if_absent(self, word: str) -> None:
        assert "sport" not in answer_to(FIRST, word)["sessions"][0]

    @pytest.mark.parametrize(
        ("word", "name"),
        [
            ("cycling", "cycling"),
            ("Biking", "cycling"),
            ("e_biking", "cycling"),
            ("VirtualRide", "cycling"),
            ("mountain bike", "cycling"),
            ("1", "cycling"),
            ("lap_swimming", "swimming"),
            ("16", "swimming"),
            ("stand_up_paddleboarding", "paddling"),
            ("kayaking", "paddling"),
            ("indoor_rowing", "rowing"),
            ("cross_country_skiing", "skiing"),
            ("horseback_riding", "riding"),
            ("inline_skating", "skating"),
            ("fitness_equipment", "fitness equipment"),
            ("multisport", "multisport"),
        ],
    )
    def test_another_sport_is_refused_by_its_name(self, word: str, name: str) -> None:
        error = refused(FIRST, word)
        assert (error.field, error.code) == ("file", "not_on_foot_sport")
        assert f"its sport: {name}." in error.message
        assert "as_foot" in error.message
        assert kilocalories(answer_to(FIRST, word, sport="as_foot")) == ALONE[0]

    @pytest.mark.parametrize("word", ["quidditch", "33"])
    def test_a_word_or_number_that_nobody_knows_is_refused_and_not_repeated(self, word: str) -> None:
        error = refused(FIRST, word)
        assert error.code == "not_on_foot_sport"
        assert word not in error.message
        assert answer_to(FIRST, word, sport="as_foot")["sessions"][0]["sport"] == "other"

    def test_a_sport_is_refused_before_its_points_are_looked_at(self) -> None:
        """A swim in a pool has no places."""
        pool = FIRST._replace(latitude_deg=np.full(601, math.nan), longitude_deg=np.full(601, math.nan))
        assert refused(pool, "swimming").code == "not_on_foot_sport"

    def test_the_run_of_a_triathlon_is_answered(self) -> None:
        swim = run(0.0, 900.0, speed_m_s=1.2)
        ride = run(1000.0, 3000.0, session=1, speed_m_s=5.0)
        ran = run(4100.0, 600.0, session=2)
        points = together(swim, ride, ran)
        answer = answer_to(points, "swimming", "cycling", "running", backward=[{"from_s": 4400.0}])
        assert answer["track"]["recorded_s"] == 600
        assert answer["totals"]["distance_m"] == pytest.approx(1800, rel=1e-6)
        assert answer["backward"]["duration_s"] == pytest.approx(300)
        assert [(each["sport"], each["used"], each["start_s"]) for each in answer["sessions"]] == [
            ("swimming", False, 0.0),
            ("cycling", False, 1000.0),
            ("running", True, 4100.0),
        ]
        assert "total_energy_kcal" not in answer["sessions"][0]
        assert TRACK_SESSIONS in codes_of(answer)
        whole = answer_to(points, "swimming", "cycling", "running", sport="as_foot")
        assert all(session["used"] for session in whole["sessions"])
        assert "its sport: cycling, swimming." in refused(together(swim, ride), "swimming", "cycling").message

    def test_records_of_a_swim_without_places_do_not_count_against_the_run(self) -> None:
        swim = run(0.0, 900.0)
        swim = swim._replace(latitude_deg=np.full(901, math.nan), longitude_deg=np.full(901, math.nan))
        answer = answer_to(together(swim, run(1000.0, 300.0, session=1)), "swimming", "running")
        assert answer["track"]["unusable_points"] == 0
        assert answer["sessions"][-1] == {"used": False, "sport": "swimming"}
        assert TRACK_UNUSABLE not in codes_of(answer)

    def test_every_word_is_in_the_documentation_and_means_one_sport(self) -> None:
        text = (Path(__file__).parents[3] / "docs" / "track.md").read_text(encoding="utf-8")
        words = [*UNNAMED, *(word for words in ON_FOOT.values() for word in words)]
        assert len(set(words)) == len(words)
        for word in words:
            assert f"`{word}`" in text, word
        for sport, parts in NOT_ON_FOOT.items():
            for part in parts:
                assert sport_of(part) == (sport, False)
        assert not set(STRAVA) & set(words)


class TestUnnamedRides:
    @pytest.mark.parametrize(
        ("speed_m_s", "word", "lasts_s", "warned"),
        [(5.5, "", 1200.0, True), (5.5, "running", 1200.0, False), (4.0, "", 1200.0, False), (5.5, "", 300.0, False)],
    )
    def test_a_fast_session_without_a_sport_may_be_a_ride(
        self, speed_m_s: float, word: str, lasts_s: float, warned: bool
    ) -> None:
        answer = answer_to(run(0.0, lasts_s, speed_m_s=speed_m_s), word)
        assert (TRACK_SPORT in codes_of(answer)) is warned

    def test_who_says_on_foot_is_not_asked(self) -> None:
        assert TRACK_SPORT not in codes_of(answer_to(run(0.0, 1200.0, speed_m_s=5.5), sport="as_foot"))


class TestZeroPlaces:
    def test_positions_of_zero_before_the_first_fix_are_unknown(self) -> None:
        points = run(0.0, 900.0)
        points.latitude_deg[:300] = points.longitude_deg[:300] = 0.0
        report = answer_to(points)["track"]
        assert (report["unusable_points"], report["gaps"], report["jumps"]) == (300, 0, 0)
        assert report["recorded_s"] == 600

    def test_somebody_who_runs_over_0_0_is_there(self) -> None:
        points = run(0.0, 600.0)
        points.latitude_deg[:] -= points.latitude_deg[300]
        points.longitude_deg[:] = 0.0
        assert answer_to(points)["track"]["unusable_points"] == 0

    def test_zeros_alone_leave_the_distance_of_the_device(self) -> None:
        points = run(0.0, 600.0)._replace(distance_m=3 * np.arange(601.0))
        points.latitude_deg[:] = points.longitude_deg[:] = 0.0
        assert answer_to(points)["totals"]["distance_m"] == pytest.approx(1800)
