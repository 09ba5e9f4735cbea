"""Watch files as workouts: cleaning, smoothing, refusals, and damaged files."""

import builtins
import json
import math
from collections.abc import Callable
from typing import Any, TypeAlias, cast

import httpx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import TypeAdapter

from retrorun.app.formats.watch_files import read_watch_file
from retrorun.app.http.limits import MAXIMUM_BODY_BYTES
from retrorun.app.http.schema import described
from retrorun.models.evidence.cautions import (
    TRACK_ERRORS,
    TRACK_GAIT,
    TRACK_LEFT_OUT,
    TRACK_RANGE,
    TRACK_UNUSABLE,
    WORKOUT_PARTS,
)
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.track.cutting import SEGMENT_S
from retrorun.models.track.distance import GAP_S, PAUSE_BELOW_M_S
from retrorun.models.track.order import SPIKE_POINTS
from retrorun.models.track.points import EARTH_RADIUS_M, Points, points_from
from retrorun.models.track.recording import MAXIMUM_POINTS, recording
from retrorun.models.track.track import TrackedWorkout, track
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, Undefined
from retrorun.models.workout.workout import workout
from tests.recordings import (
    STARTED_S,
    fit_file,
    gpx_file,
    recorded,
    tcx_file,
)

Answer: TypeAlias = dict[str, Any]
ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

MASS = {"body_mass_kg": 70.0}
SAID = json.dumps(MASS).encode()


def straight(speeds_m_s: Any, grade: float = 0.0, *, altitude: bool = True, device: bool = False) -> Points:
    """Return a way due north, one point a second, at the speeds given for each second."""
    way: Column = np.concatenate(([0.0], np.cumsum(np.asarray(speeds_m_s, dtype=np.float64))))
    clock: Column = np.arange(len(way), dtype=np.float64) + STARTED_S
    return points_from(
        time_s=clock,
        latitude_deg=46 + np.degrees(way / EARTH_RADIUS_M),
        longitude_deg=np.full_like(way, 11.0),
        **({"altitude_m": 500 + grade * way} if altitude else {}),
        **({"distance_m": way} if device else {}),
    )


def answer_to(points: Points, **said: Any) -> Answer:
    return cast(Answer, track(points=points, **{**MASS, **said}))


def changed(points: Points, name: str, rows: Any, values: Any) -> Points:
    """Return points with some values of one column replaced."""
    column = getattr(points, name).copy()
    column[rows] = values
    return points._replace(**{name: column})


def codes_of(answer: Answer) -> list[str]:
    return [warning["code"] for warning in answer["warnings"]]


def without(points: Points, rows: Any) -> Points:
    return Points(*(np.delete(column, rows) for column in points))


class TestSegments:
    def test_an_even_run_is_the_workout_of_one_segment(self) -> None:
        answer = answer_to(straight([2.5] * 1200, 0.02))
        one = workout(body_mass_kg=70.0, segments=[{"speed_m_s": 2.5, "duration_s": 1200.0, "grade": 0.02}])
        for name in ("distance_m", "duration_s", "total_energy_kcal", "active_energy_kcal", "steps"):
            found, expected = (
                dict(each[name]) if isinstance(each[name], dict) else {"value": each[name]}
                for each in (answer["totals"], cast(Answer, one["totals"]))
            )
            assert found.pop("evidence", None) == expected.pop("evidence", None)
            assert found == pytest.approx(expected, rel=1e-4), name
        assert answer["track"]["ascent_m"] == pytest.approx(60.0, rel=1e-3)
        assert answer["track"]["descent_m"] == 0

    def test_segments_are_about_the_stated_length_and_follow_each_other(self) -> None:
        profile = answer_to(straight([2.5] * 1203), include=["profile"])["profile"]
        durations = np.array(profile["segment_duration_s"])
        assert len(durations) == 120
        assert durations == pytest.approx(SEGMENT_S, rel=0.01)
        assert np.diff(profile["segment_start_s"]) == pytest.approx(durations[:-1])

    def test_each_segment_has_its_speed_and_gait(self) -> None:
        answer = answer_to(straight([1.4] * 300 + [3.0] * 300), include=["profile", "segments"])
        speeds = answer["profile"]["segment_speed_m_s"]
        assert speeds[:29] == pytest.approx([1.4] * 29)
        assert speeds[31:] == pytest.approx([3.0] * 29)
        assert [segment["gait"] for segment in answer["segments"]] == ["walk"] * 30 + ["run"] * 30
        assert [segment["speed_m_s"]["value"] for segment in answer["segments"]] == pytest.approx(speeds)

    def test_a_given_gait_holds_for_all(self) -> None:
        answer = answer_to(straight([1.4] * 100 + [2.5] * 100), gait="walk", include=["segments"])
        assert {segment["gait"] for segment in answer["segments"]} == {"walk"}
        assert "running_from_m_s" not in answer["assumed"]

    def test_a_runner_who_slows_for_a_moment_still_runs(self) -> None:
        slowed = answer_to(straight([2.5] * 300 + [1.5] * 20 + [2.5] * 300), include=["segments"])
        assert {segment["gait"] for segment in slowed["segments"]} == {"run"}
        assert {"steps", "load"} <= slowed["totals"].keys()
        assert TRACK_GAIT not in codes_of(slowed)
        longer = answer_to(straight([2.5] * 300 + [1.5] * 40 + [2.5] * 300), include=["segments"])
        assert [segment["gait"] for segment in longer["segments"]].count("walk") == 4
        assert TRACK_GAIT in codes_of(longer)
        # Tibial compression is unknown walking, and reversed: the total as given covers the running.
        assert longer["totals"]["load"]["tibial_compression_peak_bw"]["covered"] == pytest.approx(600 / 640)
        assert WORKOUT_PARTS in codes_of(longer)

    def test_a_stop_does_not_turn_the_running_around_it_into_walking(self) -> None:
        stopped = straight([2.5] * 305 + [0.0] * 50 + [2.5] * 300)
        answer = answer_to(stopped, include=["segments"])
        assert answer["track"]["pauses"] == 1
        assert {segment["gait"] for segment in answer["segments"]} == {"run"}

    def test_a_flat_recording_with_a_pause_answers_its_knee_load(self) -> None:
        """Its altitudes wander by a metre and a half: for some parts that is a slope of more than 1 %."""
        stopped = straight([2.5] * 600 + [0.0] * 60 + [2.5] * 600)
        bump = np.exp(-(((np.arange(1261) - 300.0) / 40.0) ** 2))
        answer = answer_to(stopped._replace(altitude_m=500 + 1.5 * bump), include=["profile"])
        assert answer["track"]["pauses"] == 1
        steep = np.abs(answer["profile"]["segment_grade"]) > 0.01
        share = (
            1 - np.array(answer["profile"]["segment_duration_s"])[steep].sum() / answer["track"]["moving_duration_s"]
        )
        for way in ("totals", "reversed"):
            for name in ("patellofemoral_peak_force_bw", IMPULSE):
                assert answer[way]["load"][name]["covered"] == pytest.approx(share, rel=1e-12)
        assert 0.95 < share < 1.0
        assert "patellofemoral_impulse_per_km" in answer["ratio"]
        assert WORKOUT_PARTS not in codes_of(answer)

    @pytest.mark.parametrize(("speed_m_s", "gait"), [(1.9, "run"), (1.64, "run"), (1.62, "walk")])
    def test_backward_is_run_from_where_people_change_to_running_backward(self, speed_m_s: float, gait: str) -> None:
        points = straight([speed_m_s] * 600)
        answer = answer_to(points, backward=[{"from_s": 0.0, "to_s": 300.0}], include=["segments"])
        gaits = {segment["direction"]: segment["gait"] for segment in answer["segments"]}
        assert gaits == {"backward": gait, "forward": "walk"}
        assert answer["assumed"]["backward_running_from_m_s"] == 1.63
        assert answer["assumed"]["running_from_m_s"] == 2.0
        assert (TRACK_GAIT in codes_of(answer)) == (gait == "run")

    def test_a_segment_is_wholly_forward_or_backward(self) -> None:
        answer = answer_to(
            straight([2.5] * 600), backward=[{"from_s": 103.0, "to_s": 217.0}, {"from_s": 555.5}], include=["profile"]
        )
        profile = answer["profile"]
        starts, durations = np.array(profile["segment_start_s"]), np.array(profile["segment_duration_s"])
        backward = np.array(profile["segment_direction"]) == "backward"
        assert answer["backward"]["duration_s"] == pytest.approx(114 + 44.5)
        assert answer["forward"]["duration_s"] == pytest.approx(600 - 114 - 44.5)
        for cut in (103.0, 217.0, 555.5):
            assert np.isclose(starts, cut).any()
        inside = ((starts > 102.9) & (starts + durations < 217.1)) | (starts > 555.4)
        assert (inside == backward).all()
        assert "direction" not in answer["assumed"]

    def test_ranges_that_overlap_count_once(self) -> None:
        ranges = [{"from_s": 100.0, "to_s": 300.0}, {"from_s": 200.0, "to_s": 400.0}, {"from_s": 250.0, "to_s": 260.0}]
        answer = answer_to(straight([2.5] * 600), backward=ranges)
        assert answer["backward"]["duration_s"] == pytest.approx(300)

    def test_all_backward_is_the_reverse_of_all_forward(self) -> None:
        points = straight([2.5] * 600)
        forward, backward = answer_to(points), answer_to(points, backward=[{"from_s": 0.0}])
        assert backward["totals"]["total_energy_kcal"] == pytest.approx(forward["reversed"]["total_energy_kcal"])
        assert "forward" not in backward
        assert forward["assumed"]["direction"] == "forward"


class TestCleaning:
    @pytest.mark.parametrize("rows", [[300], list(range(300, 300 + SPIKE_POINTS)), [0], [600], [100, 300, 500]])
    def test_a_spike_is_removed_and_counted(self, rows: list[int]) -> None:
        points = straight([2.5] * 600)
        spiked = changed(points, "longitude_deg", rows, 11.1)
        found, plain = answer_to(spiked), answer_to(points)
        assert found["track"]["removed_spikes"] == len(rows)
        assert found["track"]["jumps"] == found["track"]["left_out_s"] == 0
        at_an_end = rows in ([0], [600])
        assert found["totals"]["distance_m"] == pytest.approx(plain["totals"]["distance_m"] - 2.5 * at_an_end, rel=1e-6)

    def test_a_track_that_continues_elsewhere_is_a_jump_and_left_out(self) -> None:
        points = straight([2.5] * 600)
        moved = changed(points, "longitude_deg", slice(300, None), 11.1)
        answer = answer_to(moved)
        assert (answer["track"]["jumps"], answer["track"]["removed_spikes"]) == (1, 0)
        assert answer["track"]["left_out_s"] == 1.0
        assert answer["totals"]["distance_m"] == pytest.approx(2.5 * 599, rel=1e-6)
        assert answer["totals"]["duration_s"] == pytest.approx(599)
        assert TRACK_LEFT_OUT in [warning["code"] for warning in answer["warnings"]]

    def test_a_pause_is_found_where_nobody_moves(self) -> None:
        answer = answer_to(straight([2.5] * 300 + [0.1] * 200 + [2.5] * 300))
        report = answer["track"]
        assert report["pauses"] == 1
        assert report["paused_s"] == pytest.approx(200, abs=SEGMENT_S)
        assert answer["totals"]["moving_duration_s"] == report["moving_duration_s"] == 800 - report["paused_s"]
        assert answer["totals"]["duration_s"] == pytest.approx(800)

    def test_the_slowest_that_counts_as_moving(self) -> None:
        assert answer_to(straight([PAUSE_BELOW_M_S * 1.01] * 300))["track"]["pauses"] == 0
        with pytest.raises(Undefined) as refused:
            answer_to(straight([PAUSE_BELOW_M_S * 0.99] * 300))
        assert (refused.value.field, refused.value.code) == ("file", "nothing_moves")

    def test_time_without_points_is_a_pause_where_nobody_moves(self) -> None:
        answer = answer_to(without(straight([2.5] * 300 + [0.0] * 300 + [2.5] * 300), slice(300, 600)))
        report = answer["track"]
        assert (report["gaps"], report["gap_s"], report["pauses"]) == (1, 301.0, 0)
        assert report["sparse_intervals"] == report["sparse_s"] == 0
        assert answer["totals"]["distance_m"] == pytest.approx(2.5 * 599, rel=1e-6)
        assert answer["totals"]["duration_s"] == pytest.approx(900)
        assert report["recorded_s"] == 900

    def test_a_shorter_one_is_bridged(self) -> None:
        answer = answer_to(without(straight([2.5] * 900), slice(300, 299 + int(GAP_S))))
        assert answer["track"]["gaps"] == 0
        assert answer["totals"]["distance_m"] == pytest.approx(2.5 * 900, rel=1e-6)

    def test_times_of_ranges_go_on_through_gaps(self) -> None:
        points = without(straight([2.5] * 300 + [0.0] * 300 + [2.5] * 300), slice(301, 600))
        answer = answer_to(points, backward=[{"from_s": 400.0, "to_s": 700.0}], include=["profile"])
        assert answer["backward"]["duration_s"] == pytest.approx(100)
        profile = answer["profile"]
        begins = profile["segment_start_s"][profile["segment_direction"].index("backward")]
        assert begins == pytest.approx(600)

    def test_points_without_place_or_out_of_order_are_counted_and_not_used(self) -> None:
        points = straight([2.5] * 600)
        points = changed(points, "latitude_deg", [10, 20], math.nan)
        points = changed(points, "time_s", 30, float(STARTED_S))
        points = changed(points, "latitude_deg", 40, 95.0)
        answer = answer_to(points)
        assert answer["track"]["unusable_points"] == 4
        assert answer["totals"]["distance_m"] == pytest.approx(1500, rel=1e-6)

    @pytest.mark.parametrize(
        ("row", "seconds"), [(200, 36_000), (0, -1.7e9), (0, -36_000), (600, 36_000), (300, -1.7e9), (599, 36_000)]
    )
    def test_only_the_point_with_a_wrong_time_is_dropped(self, row: int, seconds: float) -> None:
        points = straight([2.5] * 600)
        answer = answer_to(changed(points, "time_s", row, points.time_s[row] + seconds))
        report = answer["track"]
        assert (report["unusable_points"], report["gaps"], report["gap_s"]) == (1, 0, 0.0)
        assert answer["totals"]["distance_m"] == pytest.approx(1500 - 2.5 * (row in (0, 600)), rel=1e-6)
        assert TRACK_UNUSABLE not in codes_of(answer)

    def test_a_part_with_wrong_times_is_dated_anew(self) -> None:
        points = straight([2.5] * 600)
        answer = answer_to(changed(points, "time_s", slice(100, 160), points.time_s[100:160] + 36_000))
        assert answer["track"]["unusable_points"] == 0
        assert answer["totals"]["moving_duration_s"] == pytest.approx(600)

    def test_a_clock_set_back_loses_nothing(self) -> None:
        points = straight([2.5] * 600)
        answer = answer_to(changed(points, "time_s", slice(0, 250), points.time_s[:250] + 3600))
        assert answer["track"]["unusable_points"] == 0
        assert answer["totals"]["distance_m"] == pytest.approx(1500, rel=1e-6)

    def test_a_break_of_hours_is_between_sessions_where_more_than_a_spike_lies_beyond_it(self) -> None:
        points = straight([2.5] * 600)
        answer = answer_to(changed(points, "time_s", slice(590, None), points.time_s[590:] + 7200))
        assert (answer["track"]["gaps"], len(answer["sessions"])) == (0, 2)
        assert answer["totals"]["duration_s"] == pytest.approx(599)

    @pytest.mark.parametrize("lost", [slice(100, 250), slice(0, 80), slice(500, None), slice(1, 599)])
    def test_points_with_the_devices_distance_need_no_place(self, lost: slice) -> None:
        points = straight([2.5] * 600, device=True)
        answer = answer_to(changed(points, "latitude_deg", lost, math.nan))
        report = answer["track"]
        assert (report["unusable_points"], report["gaps"], report["distance_source"]) == (0, 0, "device")
        assert answer["totals"]["distance_m"] == pytest.approx(1500, rel=1e-9)
        assert answer["totals"]["moving_duration_s"] == pytest.approx(600)
        assert "positions_distance_m" not in report

    def test_the_devices_distance_is_used_where_it_is_whole(self) -> None:
        points = straight([2.5] * 600, device=True)
        longer = points._replace(distance_m=points.distance_m * 1.02)
        answer = answer_to(longer)
        assert answer["track"]["distance_source"] == "device"
        assert answer["totals"]["distance_m"] == pytest.approx(1530, rel=1e-9)
        assert answer["track"]["positions_distance_m"] == pytest.approx(1500, rel=1e-6)
        for broken in (changed(longer, "distance_m", 30, math.nan), changed(longer, "distance_m", 30, 9e9)):
            answer = answer_to(broken)
            assert answer["track"]["distance_source"] == "positions"
            assert "device_distance_m" not in answer["track"]
            assert answer["totals"]["distance_m"] == pytest.approx(1500, rel=1e-6)

    def test_a_treadmill_has_no_positions(self) -> None:
        points = straight([2.5] * 600, altitude=False, device=True)
        indoors = points._replace(latitude_deg=points.altitude_m, longitude_deg=points.altitude_m)
        answer = answer_to(indoors)
        assert answer["track"]["distance_source"] == "device"
        assert not {"positions_distance_m", "ascent_m"} & answer["track"].keys()
        assert answer["assumed"]["grade"] == 0
        assert answer["totals"]["distance_m"] == pytest.approx(1500)

    def test_noise_does_not_make_distance_or_climb(self) -> None:
        chance = np.random.default_rng(1)
        points = straight([2.5] * 3600)
        noisy = points._replace(
            longitude_deg=points.longitude_deg + np.degrees(chance.normal(0, 0.5, 3601) / EARTH_RADIUS_M),
            altitude_m=points.altitude_m + chance.normal(0, 0.5, 3601),
        )
        answer = answer_to(noisy, include=["profile"])
        assert answer["totals"]["distance_m"] == pytest.approx(9000, rel=0.01)
        assert answer["track"]["ascent_m"] < 40
        assert np.std(answer["profile"]["segment_grade"]) < 0.01

    def test_a_hill_is_climbed_as_high_as_it_is(self) -> None:
        points = straight([2.5] * 3600)
        way = 2.5 * np.arange(3601)
        hills = points._replace(altitude_m=500 - 50 * np.cos(2 * math.pi * way / 3000))
        report = answer_to(hills)["track"]
        assert report["ascent_m"] == pytest.approx(300, rel=0.01)
        assert report["descent_m"] == pytest.approx(300, rel=0.01)

    def test_over_the_date_line_is_no_jump(self) -> None:
        points = straight([2.5] * 600)
        east = 180 - 0.005 + np.degrees(np.arange(601) * 2.5 / EARTH_RADIUS_M)
        over = points._replace(latitude_deg=points.latitude_deg * 0, longitude_deg=(east + 180) % 360 - 180)
        answer = answer_to(over)
        assert answer["track"]["jumps"] == answer["track"]["removed_spikes"] == 0
        assert answer["totals"]["distance_m"] == pytest.approx(1500, rel=1e-6)

    def test_a_length_that_nobody_walks_is_left_out_and_reported(self) -> None:
        answer = answer_to(straight([2.5] * 600 + [10.0] * 100))
        assert answer["track"]["left_out_s"] == pytest.approx(100, abs=SEGMENT_S)
        assert answer["totals"]["distance_m"] == pytest.approx(1500, rel=0.02)
        steep = answer_to(straight([2.5] * 600 + [2.5] * 600, altitude=True), energy_models={"run": "acsm"})
        assert steep["track"]["left_out_s"] == 0

    def test_a_slope_outside_the_equation_is_left_out_and_reported(self) -> None:
        points = straight([2.5] * 900)
        down = points._replace(altitude_m=500 - 0.1 * np.maximum(2.5 * np.arange(901) - 1500, 0))
        assert answer_to(down)["track"]["left_out_s"] == 0
        assert answer_to(down, energy_models={"run": "acsm"})["track"]["left_out_s"] == pytest.approx(300, abs=30)


class TestRefusals:
    @pytest.mark.parametrize(
        ("points", "code"),
        [
            (straight([10.0] * 600), "not_on_foot"),
            (straight([0.0] * 600), "nothing_moves"),
            (straight([]), "no_track"),
            (straight([2.5] * 600)._replace(time_s=np.full(601, math.nan)), "no_track"),
            (straight([2.5] * 600)._replace(latitude_deg=np.full(601, math.nan)), "no_track"),
            (straight([2.5] * 600)._replace(time_s=np.arange(601.0) * 1000), "out_of_range"),
            (straight([2.5] * MAXIMUM_POINTS), "out_of_range"),
            (straight([2.5] * 600)._replace(time_s=np.arange(601.0) * 61), "nothing_moves"),
            (changed(straight([2.5] * 600), "latitude_deg", slice(0, 301), math.nan), "mostly_unusable"),
            (changed(straight([2.5] * 600), "time_s", slice(100, 500), float(STARTED_S)), "mostly_unusable"),
        ],
    )
    def test_a_file_without_an_answer(self, points: Points, code: str) -> None:
        with pytest.raises((Undefined, OutOfRange)) as refused:
            answer_to(points)
        assert (refused.value.field, refused.value.code) == ("file", code)

    @pytest.mark.parametrize(
        ("given", "error", "field"),
        [
            ({"from_s": 300.0, "to_s": 200.0}, Conflict, "backward/0"),
            ({"from_s": 601.0}, Conflict, "backward/0"),
            ({"from_s": 0.0, "to_s": 601.0}, OutOfRange, "backward/0/to_s"),
            ({"from_s": -1.0}, OutOfRange, "backward/0/from_s"),
        ],
    )
    def test_a_range_that_is_none(self, given: Any, error: type[Exception], field: str) -> None:
        with pytest.raises(error) as refused:
            answer_to(straight([2.5] * 600), backward=[given])
        assert cast(Any, refused.value).field == field

    def test_up_to_half_of_the_points_may_be_unusable(self) -> None:
        lost = changed(straight([2.5] * 600), "latitude_deg", slice(0, 300), math.nan)
        assert TRACK_UNUSABLE in codes_of(answer_to(lost))

    def test_an_error_of_a_range_beyond_the_end_gives_the_length_of_the_file(self) -> None:
        with pytest.raises(OutOfRange, match="600 s long"):
            answer_to(straight([2.5] * 600), backward=[{"from_s": 0.0, "to_s": 815.0}])

    def test_a_planned_route_has_no_times_and_a_recording_indoors_no_places(self) -> None:
        points = straight([2.5] * 600)
        with pytest.raises(Undefined, match="Send a recorded activity"):
            answer_to(points._replace(time_s=np.full(601, math.nan)))
        with pytest.raises(Undefined, match="a time and a place or distance"):
            answer_to(points._replace(latitude_deg=np.full(601, math.nan)))

    def test_a_recording_of_only_jumps_is_refused(self) -> None:
        chance = np.random.default_rng(1)
        points = straight([2.5] * 600)
        wild = points._replace(latitude_deg=chance.uniform(-90, 90, 601), longitude_deg=chance.uniform(-180, 180, 601))
        with pytest.raises(Undefined):
            answer_to(wild)


RECORDED = recorded(600)
FILES = {"fit": fit_file(RECORDED), "gpx": gpx_file(RECORDED), "tcx": tcx_file(RECORDED)}


def form(file: bytes, said: bytes = SAID) -> dict[str, Any]:
    return {"files": {"file": ("watch", file), "request": (None, said, "application/json")}}


@pytest.mark.anyio
class TestHttp:
    @pytest.mark.parametrize("kind", FILES)
    async def test_the_answer_is_that_of_the_model_and_what_the_contract_describes(
        self, client: httpx.AsyncClient, kind: str
    ) -> None:
        said = MASS | {"backward": [{"from_s": 100, "to_s": 200}], "include": ["segments", "profile"]}
        response = await client.post("/workout/track", **form(FILES[kind], json.dumps(said).encode()))
        assert response.status_code == 200, response.text
        answer = response.json()
        TypeAdapter(described(TrackedWorkout)).validate_python(answer, strict=True)
        file = read_watch_file(FILES[kind])
        expected = answer_in_view(track, {**MASS, **said}, file.points, file.sessions)
        assert answer == json.loads(json.dumps(expected))
        assert answer["track"]["points"] == 600
        assert TRACK_ERRORS in [warning["code"] for warning in answer["warnings"]]

    async def test_a_byte_order_mark_before_the_request_does_not_matter(self, client: httpx.AsyncClient) -> None:
        file = FILES[next(iter(FILES))]
        plain = await client.post("/workout/track", **form(file))
        marked = await client.post("/workout/track", **form(file, "\ufeff".encode() + SAID))
        assert (marked.status_code, marked.content) == (200, plain.content)

    @pytest.mark.parametrize(
        ("said", "status", "pointer"),
        [
            (b"", 400, None),
            (b"{", 400, None),
            (b'{"body_mass_kg": NaN}', 422, "/body_mass_kg"),
            (b"[]", 422, ""),
            (b"{}", 422, "/body_mass_kg"),
            (b'{"body_mass_kg": "70"}', 422, "/body_mass_kg"),
            (b'{"body_mass_kg": 70, "backward": [{"to_s": 5}]}', 422, "/backward/0/from_s"),
            (b'{"body_mass_kg": 70, "backward": [{"from_s": 5, "to_s": 4}]}', 422, "/backward/0"),
            (b'{"body_mass_kg": 70, "backward": [{"from_s": 5, "to_s": 9999}]}', 422, "/backward/0/to_s"),
            (b'{"body_mass_kg": 70, "energy_models": {"run": "looney2019"}}', 422, "/energy_models/run"),
            (b'{"body_mass_kg": 70, "speed_m_s": 2}', 422, ""),
            (b'{"body_mass_kg": 70, "age_y": 40}', 422, ""),
        ],
    )
    async def test_a_wrong_request_beside_a_file_is_named(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, said: bytes, status: int, pointer: str | None
    ) -> None:
        response = await client.post("/workout/track", **form(FILES["fit"], said))
        body = problem_of(response, status)
        if pointer is not None:
            assert [error["pointer"] for error in body["errors"]] == [pointer]

    @pytest.mark.parametrize(
        ("headers", "content", "status"),
        [
            ({"content-type": "application/json"}, SAID, 415),
            ({"content-type": "application/octet-stream"}, FILES["fit"], 415),
            ({}, b"", 415),
            ({"content-type": "multipart/form-data"}, b"--\r\n", 400),
            ({"content-type": "multipart/form-data; boundary=b"}, b"", 400),
            ({"content-type": "multipart/form-data; boundary=b"}, b"--b\r\n", 400),
            ({"content-type": "multipart/form-data; boundary=b"}, b"--b\r\n\r\n\r\n--b--\r\n", 400),
            ({"content-type": "multipart/form-data; boundary=b", "accept": "text/html"}, b"", 406),
        ],
    )
    async def test_a_body_that_is_no_form(
        self,
        client: httpx.AsyncClient,
        problem_of: ProblemOf,
        headers: dict[str, str],
        content: bytes,
        status: int,
    ) -> None:
        problem_of(await client.post("/workout/track", headers=headers, content=content), status)

    @pytest.mark.parametrize(
        ("files", "status"),
        [
            ([("file", b"x")], 422),
            ([("request", SAID)], 422),
            ([("file", b"x"), ("other", b"x")], 400),
            ([("file", b"x"), ("file", b"x")], 400),
            ([("file", b"x"), ("request", SAID), ("other", b"x")], 400),
        ],
    )
    async def test_a_form_of_other_parts(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, files: list[tuple[str, bytes]], status: int
    ) -> None:
        body = problem_of(await client.post("/workout/track", files=files), status)
        if status == 422:
            missing = {"file", "request"} - {name for name, _ in files}
            assert [error["pointer"] for error in body["errors"]] == [f"/{name}" for name in missing]

    async def test_the_parts_may_come_in_either_order_and_look_like_anything(self, client: httpx.AsyncClient) -> None:
        expected = (await client.post("/workout/track", **form(FILES["fit"]))).json()
        looks = FILES["gpx"].replace(b"<trk>", b"<!--\r\n\r\n- -x\r\n\r\n--><trk>")
        for data, answer in ((FILES["fit"], expected), (looks, None)):
            answers = []
            for order in (1, -1):
                parts: Any = [("file", ("watch", data)), ("request", (None, SAID, "application/json"))][::order]
                response = await client.post("/workout/track", files=parts)
                assert response.status_code == 200, response.text
                answers.append(response.json())
            assert answers[0] == answers[1] == (answer or answers[0])

    @pytest.mark.parametrize("before", [b"", b"text\r\n", b"text\r\n\r\nmore: text\r\n", b"\r\n\r\n"])
    async def test_a_text_before_the_first_part_is_passed_over(self, client: httpx.AsyncClient, before: bytes) -> None:
        named = b"--mark\r\nContent-Disposition: form-data; name="
        parts = (named + b'"file"; filename="run"\r\n\r\n' + FILES["fit"], named + b'"request"\r\n\r\n' + SAID)
        expected = (await client.post("/workout/track", **form(FILES["fit"]))).content
        for order in (1, -1):
            body = before + b"\r\n".join((*parts[::order], b"--mark--\r\n"))
            headers = {"content-type": "multipart/form-data; boundary=mark"}
            response = await client.post("/workout/track", content=body, headers=headers)
            assert (response.status_code, response.content) == (200, expected)

    @pytest.mark.parametrize("before", [b"", b"text\r\n", b"text\r\n\r\nmore: text\r\n"])
    async def test_a_form_without_parts_lacks_both(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, before: bytes
    ) -> None:
        headers = {"content-type": "multipart/form-data; boundary=mark"}
        response = await client.post("/workout/track", content=before + b"--mark--\r\n", headers=headers)
        errors = problem_of(response, 422)["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [
            ("/file", "required"),
            ("/request", "required"),
        ]

    async def test_a_mark_between_parts_may_have_any_letters(self, client: httpx.AsyncClient) -> None:
        expected = (await client.post("/workout/track", **form(FILES["fit"]))).content
        named = b"--m\xc3\xa4rk\r\nContent-Disposition: form-data; name="
        parts = (named + b'"file"\r\n\r\n' + FILES["fit"], named + b'"request"\r\n\r\n' + SAID, b"--m\xc3\xa4rk--\r\n")
        headers = {b"content-type": b'multipart/form-data; boundary="m\xe4rk"'}
        response = await client.post("/workout/track", content=b"\r\n".join(parts), headers=headers)
        assert (response.status_code, response.content) == (200, expected)

    async def test_the_report_on_a_file_has_a_limit(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        for length, status in ((MAXIMUM_BODY_BYTES, 200), (MAXIMUM_BODY_BYTES + 1, 413)):
            response = await client.post("/workout/track", **form(FILES["fit"], SAID.ljust(length)))
            assert response.status_code == status
        assert str(MAXIMUM_BODY_BYTES) in problem_of(response, 413)["detail"]

    async def test_without_the_parsers_it_says_which_extra_is_missing(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        real = builtins.__import__

        def missing(name: str, *rest: Any, **named: Any) -> Any:
            if name == "multipart":
                raise ModuleNotFoundError(name)
            return real(name, *rest, **named)

        monkeypatch.setattr(builtins, "__import__", missing)
        body = problem_of(await client.post("/workout/track", **form(FILES["fit"])), 503)
        assert "retrorun[track]" in body["detail"]


def test_cleaning_gives_no_numeric_warning_for_any_numbers() -> None:
    chance = np.random.default_rng(1)
    for _ in range(50):
        points = straight([2.5] * 60, device=True)
        for name in Points._fields:
            rows = chance.integers(0, 61, 5)
            wild = chance.choice([0.0, -1.0, 1e308, -1e308, math.inf, -math.inf, math.nan, 500.0], 5)
            points = changed(points, name, rows, wild)
        try:
            found = recording(points)
        except (OutOfRange, Undefined):
            continue
        assert np.isfinite(found.way_m).all()
        assert (np.diff(found.way_m) >= 0).all()


@st.composite
def recordings(draw: st.DrawFn) -> Points:
    """A run with pauses, gaps, jumps, spikes at either end and between, and points that say too little."""
    numbers = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    points = straight(numbers.uniform(0.8, 5.0) * (numbers.random(900) < 0.9), device=draw(st.booleans()))
    pauses = draw(st.lists(st.tuples(st.integers(1, 850), st.integers(1, 200)), max_size=3))
    time_s, north = points.time_s.copy(), points.latitude_deg.copy()
    for row, seconds in pauses:
        time_s[row:] += seconds
    for row, metres in draw(st.lists(st.tuples(st.integers(1, 850), st.sampled_from([80.0, -900.0])), max_size=2)):
        north[row:] += np.degrees(metres / EARTH_RADIUS_M)
    ends = st.sampled_from([0, 1, 2, SPIKE_POINTS])
    first, last = draw(ends), draw(ends)
    between = draw(st.lists(st.integers(20, 800), max_size=3))
    for rows in (slice(first), slice(len(north) - last, None), *(slice(row, row + 3) for row in between)):
        north[rows] += 0.05
    apart = draw(st.tuples(st.integers(0, 400), st.integers(0, 400)))
    time_s[:first] -= apart[0]
    time_s[len(time_s) - last :] += apart[1]
    found = points._replace(time_s=time_s, latitude_deg=north)
    for name in draw(st.lists(st.sampled_from(["time_s", "latitude_deg", "altitude_m", "distance_m"]), max_size=3)):
        found = changed(found, name, numbers.integers(0, 901, draw(st.integers(1, 40))), draw(st.sampled_from(EXTREME)))
    return found


EXTREME = (math.nan, math.inf, -math.inf, 1e308, -1e308, 5e-324, 0.0)


@settings(deadline=None)
@given(recordings(), st.lists(st.tuples(st.integers(0, 1600), st.integers(1, 600)), max_size=3))
def test_every_second_of_a_recording_is_in_exactly_one_sum_and_no_number_makes_a_warning(
    points: Points, given: list[tuple[int, int]]
) -> None:
    said: Answer = {}
    with np.errstate(all="raise", under="ignore"):
        try:
            length = answer_to(points)["track"]["recorded_s"]
            ranges = [(begin, min(begin + long, length)) for begin, long in given if begin < length]
            said = {"backward": [{"from_s": float(begin), "to_s": float(end)} for begin, end in ranges]}
            answer = answer_to(points, **said)
        except Undefined:
            return
    report, totals = answer["track"], answer["totals"]
    assert report["moving_duration_s"] == pytest.approx(totals["moving_duration_s"])
    paused = report["paused_s"] + report["gap_s"]
    assert totals["duration_s"] == pytest.approx(report["moving_duration_s"] + paused)
    assert totals["duration_s"] + report["left_out_s"] == pytest.approx(report["recorded_s"])
    done = sum(answer[way]["moving_duration_s"] for way in ("forward", "backward") if way in answer)
    assert done == pytest.approx(totals["moving_duration_s"])
    backward = answer.get("backward", {}).get("moving_duration_s", 0.0)
    assert backward <= sum(end - begin for begin, end in ranges) + 1e-6
    if ranges and not backward:
        assert TRACK_RANGE in codes_of(answer)


@pytest.mark.parametrize("apart_s", [30.0, 300.0])
@pytest.mark.parametrize("spike", [0, -1])
def test_a_spike_at_an_end_moves_no_range_and_its_time_is_counted(spike: int, apart_s: float) -> None:
    points = straight([2.5] + [4.0] * 600 + [2.5] * 600 + [2.5])
    points = changed(points, "latitude_deg", spike, points.latitude_deg[spike] + 0.05)
    points = changed(points, "time_s", spike, points.time_s[spike] + (apart_s - 1) * (1 if spike else -1))
    starts = 0.0 if spike else apart_s - 1
    answer = answer_to(points, backward=[{"from_s": 1 + starts, "to_s": 601 + starts}], include=["profile"])
    speeds = [
        speed
        for speed, way in zip(
            answer["profile"]["segment_speed_m_s"], answer["profile"]["segment_direction"], strict=True
        )
        if way == "backward"
    ]
    assert speeds == pytest.approx([4.0] * 60, rel=0.03)
    report = answer["track"]
    assert report["removed_spikes"] == 1
    assert report["recorded_s"] == pytest.approx(1201 + apart_s)
    assert (report["gap_s"], report["gaps"], report["left_out_s"]) == (apart_s, 1, 0.0)


def test_a_range_of_which_nothing_counts_is_said() -> None:
    points = straight([2.5] * 200 + [0.0] * 200 + [2.5] * 200 + [0.0] * 100 + [2.5] * 600)
    points = without(points, range(201, 400))
    for begin, end in ((210.0, 390.0), (610.0, 690.0)):
        answer = answer_to(points, backward=[{"from_s": 0.0, "to_s": 100.0}, {"from_s": begin, "to_s": end}])
        assert TRACK_RANGE in codes_of(answer)
    assert TRACK_RANGE not in codes_of(answer_to(points, backward=[{"from_s": 0.0, "to_s": 100.0}]))
