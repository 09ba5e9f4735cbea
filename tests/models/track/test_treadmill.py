"""Recordings without altitudes: the grade that a request gives, and level speeds in the profile."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

import httpx
import numpy as np
import pytest

from retrorun.app.cli.main import main
from retrorun.models.evidence.cautions import LEVEL_SPEED_ABSENT, TRACK_LEVEL, TRACK_RANGE
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.track.points import Points, points_from
from retrorun.models.track.track import track
from retrorun.models.vocabulary.errors import Conflict, EstimateError, OutOfRange
from retrorun.models.workout.workout import workout

Answer: TypeAlias = dict[str, Any]
ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

SPEED_M_S = 2.5
LASTS_S = 600
TCX = """<TrainingCenterDatabase xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities>
<Activity Sport="Running"><Lap><Track>{points}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"""


def treadmill(rise: float | None = None, gap_s: float = 0.0) -> Points:
    """Return ten minutes at 2.5 m/s, a point a second, with altitudes only if they rise; a gap after five minutes."""
    time_s: Column = np.arange(LASTS_S + 1.0)
    way = SPEED_M_S * time_s
    time_s = time_s + gap_s * (time_s > LASTS_S / 2)
    return points_from(time_s=time_s, distance_m=way, **({} if rise is None else {"altitude_m": 100 + rise * way}))


def tcx(climb_m: float | None = None) -> bytes:
    """Return the same as a file."""
    altitude = "" if climb_m is None else "<AltitudeMeters>{climb:.2f}</AltitudeMeters>"
    point = "<Trackpoint><Time>2026-05-01T06:{m:02d}:{s:02d}Z</Time>" + altitude
    point += "<DistanceMeters>{way}</DistanceMeters></Trackpoint>"
    found = (
        point.format(m=second // 60, s=second % 60, way=SPEED_M_S * second, climb=(climb_m or 0.0) * second / LASTS_S)
        for second in range(LASTS_S + 1)
    )
    return TCX.format(points="".join(found)).encode()


def answer_to(points: Points | None = None, **said: Any) -> Answer:
    return cast(Answer, track(points or treadmill(), body_mass_kg=70.0, **said))


def codes_of(answer: Answer) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def segments(*grades_and_seconds: tuple[float, float]) -> Answer:
    """Return the workout of these grades, each for its seconds."""
    listed = [{"speed_m_s": SPEED_M_S, "duration_s": time, "grade": grade} for grade, time in grades_and_seconds]
    return cast(Answer, workout(body_mass_kg=70.0, segments=listed))  # type: ignore[arg-type]  # a list as a caller sends it


def assert_same_totals(answer: Answer, other: Answer) -> None:
    for name in ("total_energy_kcal", "active_energy_kcal", "level_speed_m_s"):
        for end in ("value", "low", "high"):
            assert answer["totals"][name][end] == pytest.approx(other["totals"][name][end], rel=1e-9), name


class TestNumber:
    def test_it_is_the_grade_of_all(self) -> None:
        answer = answer_to(grade=0.05, include=["profile"])
        assert_same_totals(answer, segments((0.05, 600.0)))
        assert set(answer["profile"]["segment_grade"]) == {0.05}
        assert "grade" not in answer["assumed"]
        assert TRACK_LEVEL not in codes_of(answer)
        assert answer["track"]["ascent_m"] == pytest.approx(75.0)
        assert answer["track"]["descent_m"] == 0.0

    def test_without_it_the_recording_is_level_with_a_warning(self) -> None:
        answer = answer_to(include=["profile"])
        assert_same_totals(answer, segments((0.0, 600.0)))
        assert answer["assumed"]["grade"] == 0.0
        assert TRACK_LEVEL in codes_of(answer)
        assert "ascent_m" not in answer["track"]

    def test_zero_is_a_grade(self) -> None:
        answer = answer_to(grade=0.0)
        assert_same_totals(answer, answer_to())
        assert TRACK_LEVEL not in codes_of(answer)
        assert "grade" not in answer["assumed"]

    def test_altitudes_need_no_warning(self) -> None:
        assert TRACK_LEVEL not in codes_of(answer_to(treadmill(rise=0.02)))


class TestRanges:
    @pytest.mark.parametrize("field", ["grade", "grades"])
    def test_each_range_has_its_grade_and_the_rest_is_level(self, field: str) -> None:
        ranges = [{"from_s": 405.0, "to_s": 600.0, "grade": -0.02}, {"from_s": 95.0, "to_s": 205.0, "grade": 0.1}]
        given: Answer = {field: ranges}
        answer = answer_to(include=["profile"], **given)
        assert_same_totals(answer, segments((0.0, 95.0), (0.1, 110.0), (0.0, 200.0), (-0.02, 195.0)))
        found = answer["profile"]
        starts, grades = np.array(found["segment_start_s"]), np.array(found["segment_grade"])
        ends = starts + found["segment_duration_s"]
        for one in ranges:
            inside = (starts >= one["from_s"] - 1e-6) & (ends <= one["to_s"] + 1e-6)
            assert (grades[inside] == one["grade"]).all()
            # Cut at its ends: no segment is half inside.
            assert sum(found["segment_duration_s"][row] for row in np.flatnonzero(inside)) == pytest.approx(
                one["to_s"] - one["from_s"]
            )
        assert answer["assumed"]["grade"] == 0.0
        assert TRACK_LEVEL not in codes_of(answer)

    def test_ranges_over_all_leave_nothing_to_assume(self) -> None:
        answer = answer_to(grade=[{"from_s": 200.0, "grade": 0.04}, {"from_s": 0.0, "to_s": 200.0, "grade": 0.01}])
        assert "grade" not in answer["assumed"]
        assert_same_totals(answer, segments((0.01, 200.0), (0.04, 400.0)))

    def test_they_go_with_backward_ranges(self) -> None:
        answer = answer_to(grade=[{"from_s": 100.0, "to_s": 300.0, "grade": 0.05}], backward=[{"from_s": 200.0}])
        assert answer["forward"]["distance_m"] == pytest.approx(500.0)
        assert answer["track"]["ascent_m"] == pytest.approx(25.0)

    def test_times_count_through_gaps(self) -> None:
        answer = answer_to(treadmill(gap_s=100.0), grade=[{"from_s": 400.0, "to_s": 700.0, "grade": 0.1}])
        assert answer["track"]["ascent_m"] == pytest.approx(75.0, rel=0.02)

    def test_a_range_within_a_gap_is_named(self) -> None:
        answer = answer_to(treadmill(gap_s=100.0), grade=[{"from_s": 320.0, "to_s": 350.0, "grade": 0.1}])
        assert TRACK_RANGE in codes_of(answer)
        assert answer["track"]["ascent_m"] == 0.0

    def test_an_empty_list_is_level(self) -> None:
        assert TRACK_LEVEL in codes_of(answer_to(grade=[]))


class TestRefusals:
    @pytest.mark.parametrize(
        ("said", "error", "field"),
        [
            ({"grade": 0.95}, OutOfRange, "grade"),
            ({"grade": [{"from_s": 0.0, "grade": -0.6}]}, OutOfRange, "grade/0/grade"),
            ({"grade": [{"from_s": 0.0, "to_s": 601.0, "grade": 0.1}]}, OutOfRange, "grade/0/to_s"),
            ({"grade": [{"from_s": 600.0, "grade": 0.1}]}, Conflict, "grade/0"),
            ({"grades": [{"from_s": 50.0, "to_s": 40.0, "grade": 0.1}]}, Conflict, "grades/0"),
            ({"grade": 0.1, "grades": []}, Conflict, "grades"),
            (
                {"grade": [{"from_s": 100.0, "grade": 0.1}, {"from_s": 0.0, "to_s": 101.0, "grade": 0.1}]},
                Conflict,
                "grade/0",
            ),
            (
                {"grades": [{"from_s": 100.0, "grade": 0.1}, {"from_s": 200.0, "to_s": 300.0, "grade": 0.1}]},
                Conflict,
                "grades/1",
            ),
            ({"grade": [{"from_s": 7.0, "grade": 0.1}] * 2}, Conflict, "grade/1"),
        ],
    )
    def test_a_wrong_grade_is_named(self, said: Answer, error: type[EstimateError], field: str) -> None:
        with pytest.raises(error) as caught:
            answer_to(**said)
        assert caught.value.field == field

    @pytest.mark.parametrize("said", [{"grade": 0.0}, {"grade": []}, {"grades": [{"from_s": 0.0, "grade": 0.1}]}])
    def test_a_recording_with_altitudes_has_its_slope(self, said: Answer) -> None:
        with pytest.raises(Conflict) as caught:
            answer_to(treadmill(rise=0.0), **said)
        assert caught.value.field == next(iter(said))
        assert "altitudes" in caught.value.message


class TestLevelSpeed:
    def test_the_profile_has_it_for_each_segment(self) -> None:
        """By Minetti 2.5 m/s at +10 % is 2.5 * 5.968214 / 3.6 m/s on the level."""
        said: Answer = {"energy_models": {"run": "minetti2002"}, "include": ["profile"]}
        answer = answer_to(grade=[{"from_s": 0.0, "to_s": 300.0, "grade": 0.1}], **said)
        levels = answer["profile"]["segment_level_speed_m_s"]
        assert len(levels) == len(answer["profile"]["segment_speed_m_s"]) == 60
        for level in levels[:30]:
            assert level["value"] == pytest.approx(2.5 * 5.968214 / 3.6, rel=1e-9)
            assert level["low"] < level["value"] < level["high"]
            assert level["evidence"] == "B"
        for level, speed in zip(levels[30:], answer["profile"]["segment_speed_m_s"][30:], strict=True):
            assert level == {"value": speed, "low": speed, "high": speed}
        assert answer["totals"]["level_speed_m_s"]["covered"] == 1.0

    def test_it_is_of_the_direction_done(self) -> None:
        """The values agree, and backward the range is wider downhill."""
        said: Answer = {"grade": -0.03, "include": ["profile"]}
        forward = answer_to(**said)["profile"]["segment_level_speed_m_s"][0]
        backward = answer_to(backward=[{"from_s": 0.0}], **said)["profile"]["segment_level_speed_m_s"][0]
        assert forward["value"] == backward["value"]
        assert backward["high"] > forward["high"]

    def test_where_it_is_unknown_the_object_is_empty_and_a_warning_says_why(self) -> None:
        """By Minetti no walking on level ground costs as little as 1.3 m/s at -15 %."""
        points = treadmill()._replace(distance_m=1.3 * np.arange(LASTS_S + 1.0))
        said: Answer = {"energy_models": {"walk": "minetti2002"}, "include": ["profile"]}
        answer = answer_to(points, grade=[{"from_s": 0.0, "to_s": 200.0, "grade": -0.15}], **said)
        levels = answer["profile"]["segment_level_speed_m_s"]
        assert levels[:20] == [{}] * 20
        assert all(level["value"] == pytest.approx(1.3) for level in levels[20:])
        assert answer["totals"]["level_speed_m_s"]["covered"] == pytest.approx(2 / 3)
        assert LEVEL_SPEED_ABSENT in codes_of(answer)

    def test_both_gaits_keep_their_order(self) -> None:
        way = np.concatenate(([0.0], np.cumsum(np.repeat([1.2, 3.0], LASTS_S // 2))))
        answer = answer_to(treadmill()._replace(distance_m=way), grade=0.0, include=["profile"])
        levels = [level["value"] for level in answer["profile"]["segment_level_speed_m_s"]]
        assert levels == answer["profile"]["segment_speed_m_s"]


class TestHttp:
    pytestmark = pytest.mark.anyio

    async def answer(self, client: httpx.AsyncClient, file: bytes, **said: Any) -> httpx.Response:
        request = json.dumps({"body_mass_kg": 70.0, **said})
        return await client.post(
            "/workout/track", files={"file": ("x.tcx", file), "request": (None, request, "application/json")}
        )

    @pytest.mark.parametrize("field", ["grade", "grades"])
    async def test_a_number_or_ranges_give_200(self, client: httpx.AsyncClient, field: str) -> None:
        number = (await self.answer(client, tcx(), grade=0.05)).json()
        ranges = await self.answer(client, tcx(), **{field: [{"from_s": 0, "grade": 0.05}]})
        assert ranges.status_code == 200
        assert ranges.json()["totals"] == number["totals"]
        assert (
            number["totals"]["total_energy_kcal"]["value"]
            > 1.2 * ((await self.answer(client, tcx())).json()["totals"]["total_energy_kcal"]["value"])
        )

    @pytest.mark.parametrize(
        ("said", "pointer", "code"),
        [
            ({"grade": "5%"}, "/grade", "not_a_number"),
            ({"grade": True}, "/grade", "not_a_number"),
            ({"grade": None}, "/grade", "not_a_number"),
            ({"grade": {"from_s": 0}}, "/grade", "not_a_number"),
            ({"grade": 0.95}, "/grade", "out_of_range"),
            ({"grade": [0.05]}, "/grade/0", "not_an_object"),
            ({"grade": [{"from_s": 0}]}, "/grade/0/grade", "required"),
            ({"grade": [{"from_s": 0, "grade": 0.95}]}, "/grade/0/grade", "out_of_range"),
            ({"grade": [{"from_s": 0, "grade": 0.1, "slope": 1}]}, "/grade/0", "unknown_field"),
            ({"grades": 0.05}, "/grades", "not_a_list"),
            ({"grades": [{"from_s": 0, "grade": 0.1, "tos": 1}]}, "/grades/0", "unknown_field"),
            ({"grade": [{"from_s": 0, "grade": 0.0}] * 1001}, "/grade", "too_long"),
            ({"grade": [{"from_s": 0, "grade": 0.0}] * 2}, "/grade/1", "conflicting_inputs"),
        ],
    )
    async def test_a_wrong_one_is_named(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, said: Answer, pointer: str, code: str
    ) -> None:
        (error,) = problem_of(await self.answer(client, tcx(), **said), 422)["errors"]
        assert (error["pointer"], error["code"]) == (pointer, code)
        if code == "unknown_field":
            assert f"Did you mean {'to_s' if 'tos' in str(said) else 'grade'}?" in error["message"]

    async def test_a_file_with_altitudes_is_refused(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        (error,) = problem_of(await self.answer(client, tcx(climb_m=20.0), grade=0.05), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/grade", "conflicting_inputs")


class TestCommandLine:
    def test_it_takes_percent_and_ranges(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        file = tmp_path / "treadmill.tcx"
        file.write_bytes(tcx())

        def asked(*options: str) -> Answer:
            main(["workout", str(file), "--mass", "70kg", "--json", *options])
            return cast(Answer, json.loads(capsys.readouterr().out))

        number = asked("--grade", "5%")
        assert_same_totals(number, answer_to(grade=0.05))
        assert_same_totals(number, asked("--grades", "from=0:00,to=5:00,grade=5%", "--grades", "from=5:00,grade=0.05"))

    def test_the_table_shows_the_level_pace_and_what_it_covers(
        self, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        """2.5 m/s on the level is 9 km/h and 6:40 min/km; a steep downhill walk is left out."""
        file = tmp_path / "workout.json"
        steep = {"speed_m_s": 1.3, "duration_s": 100, "grade": -0.15}
        listed = {"body_mass_kg": 70, "segments": [{"speed_m_s": 2.5, "duration_s": 300}, steep]}
        file.write_text(json.dumps(listed))
        main(["workout", str(file), "--energy-model", "walk=minetti2002"])
        shown = " ".join(capsys.readouterr().out.split())
        assert "Level speed km/h 9.00 9.00" in shown
        assert "Level pace min/km 6:40 6:40" in shown
        assert "Known for only 75 % of the moving time: level speed" in shown
