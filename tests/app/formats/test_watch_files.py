"""Watch files as columns: what is read of FIT, GPX and TCX, in archives too, and what is refused."""

import contextlib
import gc
import io
import json
import math
import random
import re
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias, cast

import httpx
import numpy as np
import pytest

from retrorun.app.formats import archives, fit, gpx_tcx
from retrorun.app.formats.watch_files import read_watch_file
from retrorun.models.track.points import Points, Session
from retrorun.models.track.track import track
from retrorun.models.vocabulary.errors import OutOfRange, Undefined
from tests.recordings import (
    COURSE,
    FIT_EPOCH_S,
    LAP,
    RECORD,
    SEMICIRCLES,
    SESSION,
    SPORT,
    STARTED_S,
    crc,
    fit_definition,
    fit_file,
    fit_message,
    fit_of,
    fit_totals,
    gpx_file,
    gzipped,
    long_day_fit,
    recorded,
    tcx_file,
    wide_tcx,
    zipped,
)

ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

RECORDED = recorded(600)
FILES = {"fit": fit_file(RECORDED), "gpx": gpx_file(RECORDED), "tcx": tcx_file(RECORDED)}
WRITERS = {"fit": fit_file, "gpx": gpx_file, "tcx": tcx_file}
SAID = json.dumps({"body_mass_kg": 70.0}).encode()
TWO = RECORDED._replace(session=np.repeat([0.0, 1.0], 300))
"""Ten minutes in two sessions."""
DONE = (Session("running", 750.0, 300.0), Session("cycling", 760.0, 310.0))


def points_of(data: bytes) -> Points:
    return read_watch_file(data).points


def changed(points: Points, name: str, rows: Any, values: Any) -> Points:
    """Return points with some values of one column replaced."""
    column = getattr(points, name).copy()
    column[rows] = values
    return points._replace(**{name: column})


def refused(data: bytes, code: str, match: str = ".") -> None:
    with pytest.raises(Undefined, match=match) as error:
        read_watch_file(data)
    assert (error.value.field, error.value.code) == ("file", code)


class TestColumns:
    @pytest.mark.parametrize("kind", FILES)
    def test_a_file_holds_what_was_written(self, kind: str) -> None:
        read = points_of(FILES[kind])
        assert read.time_s == pytest.approx(RECORDED.time_s, abs=0)
        assert read.latitude_deg == pytest.approx(RECORDED.latitude_deg, abs=1e-7)
        assert read.longitude_deg == pytest.approx(RECORDED.longitude_deg, abs=1e-7)
        assert read.altitude_m == pytest.approx(RECORDED.altitude_m, abs=0.11)
        assert read.heart_rate_per_min == pytest.approx(RECORDED.heart_rate_per_min)
        assert read.cadence_per_min == pytest.approx(RECORDED.cadence_per_min)
        if kind == "gpx":
            assert np.isnan(read.distance_m).all()
        else:
            assert read.distance_m == pytest.approx(RECORDED.distance_m, abs=0.006)
            assert read.speed_m_s == pytest.approx(RECORDED.speed_m_s)

    def test_points_without_position_are_not_taken_for_places(self) -> None:
        lost = changed(RECORDED, "latitude_deg", slice(100, 110), math.nan)
        assert np.isnan(points_of(fit_file(lost)).latitude_deg[100:110]).all()

    def test_contact_time_and_step_length_of_fit_are_read_in_s_and_m(self) -> None:
        measured = RECORDED._replace(contact_time_s=np.full(600, 0.2468), step_length_m=np.full(600, 0.9375))
        measured = changed(measured, "contact_time_s", 7, math.nan)
        read = points_of(fit_file(measured))
        assert read.contact_time_s == pytest.approx(measured.contact_time_s, nan_ok=True)
        assert read.step_length_m == pytest.approx(measured.step_length_m)

    def test_the_fraction_of_a_cadence_counts_and_both_feet_are_meant(self) -> None:
        fields = [(253, 4, 0x86), (4, 1, 2), (53, 1, 2)]
        rows = [struct.pack("<BIBB", 0, second, 79, fraction) for second, fraction in ((1, 64), (2, 255))]
        read = points_of(fit_of(fit_definition(RECORD, fields) + b"".join(rows)))
        assert read.cadence_per_min == pytest.approx([159.0, 158.0])

    def test_an_element_inside_a_point_is_not_a_value_of_the_point(self) -> None:
        text = (
            FILES["gpx"].decode().replace("<x:hr>150</x:hr>", "<x:ele>9</x:ele><x:time>1970-01-01T00:00:00Z</x:time>")
        )
        assert points_of(text.encode()).altitude_m == pytest.approx(RECORDED.altitude_m, abs=0.06)
        assert points_of(text.encode()).time_s == pytest.approx(RECORDED.time_s)

    @pytest.mark.parametrize(
        ("extensions", "heart_rate", "cadence"),
        [
            ("<x:TrackPointExtension><x:hr>151</x:hr><x:cad>81</x:cad></x:TrackPointExtension>", 151, 162),
            ("<ns3:TrackPointExtension><ns3:hr>151</ns3:hr></ns3:TrackPointExtension>", 151, math.nan),
            ("<gpxdata:hr>151</gpxdata:hr><gpxdata:cadence>81</gpxdata:cadence>", 151, 162),
            ("<hr></hr><cad>-</cad>", math.nan, math.nan),
        ],
    )
    def test_extensions_of_gpx_are_read_with_any_prefix(
        self, extensions: str, heart_rate: float, cadence: float
    ) -> None:
        head = '<gpx xmlns:x="x" xmlns:ns3="x" xmlns:gpxdata="x"><trk><trkseg><trkpt lat="1" lon="2">'
        read = points_of(f"{head}<extensions>{extensions}</extensions></trkpt></trkseg></trk></gpx>".encode())
        assert read.heart_rate_per_min == pytest.approx([heart_rate], nan_ok=True)
        assert read.cadence_per_min == pytest.approx([cadence], nan_ok=True)

    def test_cadence_of_a_tcx_point_is_read_where_it_has_no_extension(self) -> None:
        text = FILES["tcx"].decode().replace("<x:RunCadence>80</x:RunCadence>", "")
        text = text.replace("<Extensions>", "<Cadence>77</Cadence><Extensions>")
        assert points_of(text.encode()).cadence_per_min == pytest.approx(np.full(600, 154.0))


class TestFit:
    @pytest.mark.parametrize("header", [{"header": 12}, {"header_crc": False}, {}])
    def test_the_header_needs_no_checksum_of_its_own(self, header: Any) -> None:
        whole = fit_file(RECORDED, **header)
        assert len(points_of(whole).time_s) == 600
        assert len(points_of(whole + whole).time_s) == 1200
        for place in (1, 300, len(whole) - 1):
            damaged = bytearray(whole)
            damaged[place] ^= 0x10
            refused(bytes(damaged), "unreadable_file")
            refused(whole + bytes(damaged), "unreadable_file")

    def test_the_checksum_is_that_of_every_byte_in_order(self) -> None:
        chance = random.Random(1)
        for length in (0, 1, 2, 3, fit.BLOCK_BYTES - 1, fit.BLOCK_BYTES, fit.BLOCK_BYTES + 1, 3 * fit.BLOCK_BYTES + 7):
            data = chance.randbytes(length)
            assert fit.checksum(data) == int.from_bytes(crc(data), "little")

    def test_speed_and_distance_in_three_bytes_are_read(self) -> None:
        read = points_of(fit_file(RECORDED, compressed=True))
        assert read.speed_m_s == pytest.approx(RECORDED.speed_m_s)
        assert read.distance_m == pytest.approx(RECORDED.distance_m, abs=1 / 16)
        assert RECORDED.distance_m[-1] > 5 * 4096 / 16

    def test_a_distance_of_its_own_is_taken_before_that_in_three_bytes(self) -> None:
        fields = [(253, 4, 0x86), (8, 3, 0x0D), (5, 4, 0x86), (6, 2, 0x84)]
        rows = b"".join(
            struct.pack("<BI3sIH", 0, n, b"\xff\xff\xff" if n else b"\1\2\3", 700 * n, 900) for n in range(3)
        )
        read = points_of(fit_of(fit_definition(RECORD, fields) + rows))
        assert read.distance_m == pytest.approx([0.0, 7.0, 14.0])
        assert read.speed_m_s == pytest.approx([0.9] * 3)

    def test_enhanced_fields_fill_and_replace_the_others(self) -> None:
        fields = [(253, 4, 0x86), (2, 2, 0x84), (78, 4, 0x86), (6, 2, 0x84), (73, 4, 0x86)]
        rows = [struct.pack("<BIHIHI", 0, 1, 3000, 0xFFFFFFFF, 2000, 0xFFFFFFFF)]
        rows += [struct.pack("<BIHIHI", 0, 2, 0xFFFF, 3500, 0xFFFF, 2500)]
        read = points_of(fit_of(fit_definition(RECORD, fields) + b"".join(rows)))
        assert read.altitude_m == pytest.approx([100.0, 200.0])
        assert read.speed_m_s == pytest.approx([2.0, 2.5])

    def test_big_endian_numbers_developer_fields_and_other_types_are_read(self) -> None:
        definition = struct.pack(">BBBHB", 0x60, 0, 1, RECORD, 3) + bytes([253, 4, 0x86, 5, 8, 0x89, 9, 2, 0x83])
        definition += bytes([1, 0, 3, 0])
        rows = b"".join(struct.pack(">BIdh3s", 0, n + 1, 250.0 * n, 7, b"xyz") for n in range(4))
        read = points_of(fit_of(definition + rows))
        assert read.time_s == pytest.approx(FIT_EPOCH_S + np.arange(1.0, 5.0))
        assert read.distance_m == pytest.approx(2.5 * np.arange(4.0))

    def test_compressed_times_count_from_the_last_whole_time(self) -> None:
        clock = fit_message(21, (253, "I", 0x86, 1000 * 32 + 29))
        definition = fit_definition(RECORD, [(5, 4, 0x86)], local=1)
        rows = b"".join(struct.pack("<BI", 0x80 | 1 << 5 | offset, 0) for offset in (29, 30, 31, 0, 1, 1))
        read = points_of(fit_of(clock + definition + rows))
        assert read.time_s - FIT_EPOCH_S - 32_000 == pytest.approx([29, 30, 31, 32, 33, 33])

    def test_points_of_several_definitions_keep_their_order(self) -> None:
        messages = [
            fit_message(RECORD, (253, "I", 0x86, n), *([(5, "I", 0x86, 100 * n)] if n % 2 else [(2, "H", 0x84, 2500)]))
            for n in range(1, 9)
        ]
        read = points_of(fit_of(b"".join(messages)))
        assert read.time_s == pytest.approx(FIT_EPOCH_S + np.arange(1.0, 9.0))
        assert list(np.isnan(read.altitude_m)) == [True, False] * 4

    @pytest.mark.parametrize(
        "messages",
        [
            pytest.param(fit_definition(20, []) + bytes(fit.MAXIMUM_MESSAGES + 1), id="messages without a field"),
            pytest.param(fit_definition(20, [(3, 1, 2)]) + bytes(2 * fit.MAXIMUM_READ + 2), id="points"),
            pytest.param(fit_definition(20, []) * (fit.MAXIMUM_MESSAGES + 1), id="empty definitions"),
            pytest.param(b"".join(fit_definition(n, []) for n in range(fit.MAXIMUM_LAYOUTS + 1)), id="definitions"),
            pytest.param(b"\1\2\3", id="no definition"),
            pytest.param(fit_definition(20, [(3, 9, 2)]) + bytes(9), id="cut off"),
        ],
    )
    def test_too_much_and_too_little_is_refused(self, messages: bytes) -> None:
        refused(fit_of(messages), "unreadable_file")

    def test_files_without_a_message_are_counted(self) -> None:
        assert not len(points_of(fit_of(b"") * 20).time_s)
        refused(fit_of(b"") * (fit.MAXIMUM_LAYOUTS + 1), "unreadable_file", "too many messages")

    @pytest.mark.parametrize("field", [(253, 0, 2), (253, 3, 0x86), (253, 4, 0x1F), (253, 255, 7), (253, 8, 0x86)])
    def test_a_field_of_another_size_is_no_number(self, field: tuple[int, int, int]) -> None:
        definition = fit_definition(20, [field, (5, 4, 0x86)])
        read = points_of(fit_of(definition + (bytes(1 + field[1]) + struct.pack("<I", 250)) * 3))
        assert np.isnan(read.time_s).all()
        assert read.distance_m == pytest.approx([2.5] * 3)


class TestSessions:
    @pytest.mark.parametrize("kind", FILES)
    def test_each_activity_is_a_session_with_its_sport_and_totals(self, kind: str) -> None:
        points, sessions = read_watch_file(WRITERS[kind](TWO, DONE))
        assert [session.sport for session in sessions] == ["running", "cycling"]
        assert points.session == pytest.approx(TWO.session)
        if kind != "gpx":
            assert [session.distance_m for session in sessions] == [750.0, 760.0]
            assert [session.duration_s for session in sessions] == [300.0, 310.0]

    def test_files_in_a_row_are_sessions_in_a_row(self) -> None:
        points, sessions = read_watch_file(fit_file(TWO, DONE) + fit_file(RECORDED, (Session("walking", 1.0, 2.0),)))
        assert [session.sport for session in sessions] == ["running", "cycling", "walking"]
        assert points.session == pytest.approx(np.repeat([0.0, 1.0, 2.0], [300, 300, 600]))

    def test_a_session_that_is_written_again_counts_once_with_its_last_totals(self) -> None:
        first, last = (fit_totals(SESSION, STARTED_S, STARTED_S + end, Session("running", end, end)) for end in (9, 99))
        _, sessions = read_watch_file(fit_of(first + last))
        assert sessions == (Session("running", 99.0, 99.0),)

    def test_without_a_session_the_sport_and_the_laps_count(self) -> None:
        laps = [Session("running", 100.0, 40.0), Session("running", 60.0, 20.0)]
        whole = fit_file(RECORDED, laps=laps)
        assert read_watch_file(whole).sessions == (Session("running", 160.0, 60.0),)
        sport = fit_message(SPORT, (0, "B", 0, 17), (1, "B", 0, 0))
        assert read_watch_file(fit_of(sport)).sessions[0].sport == "hiking"
        lap = fit_totals(LAP, STARTED_S, STARTED_S + 9, laps[0])
        session = fit_totals(SESSION, STARTED_S, STARTED_S + 9, Session("cycling"))
        assert read_watch_file(fit_of(lap + session)).sessions == (Session("cycling", 100.0, 40.0),)

    def test_a_treadmill_is_named_by_its_sub_sport(self) -> None:
        assert read_watch_file(fit_file(RECORDED, [Session("treadmill")])).sessions[0].sport == "treadmill"

    @pytest.mark.parametrize("kind", FILES)
    def test_a_file_without_a_sport_has_one_session_without_a_sport(self, kind: str) -> None:
        points, (session,) = read_watch_file(WRITERS[kind](RECORDED, [Session("")]))
        assert session.sport == ""
        assert not points.session.any()

    @pytest.mark.parametrize(
        ("written", "sport"),
        [("Trail Running", "trail_running"), ("HIKING", "hiking"), ("9", "running"), ("1", "1"), (" ", "")],
    )
    def test_the_type_of_a_track_is_one_word_in_lower_case(self, written: str, sport: str) -> None:
        text = gpx_file(RECORDED, [Session("running")]).decode().replace(">running<", f">{written}<")
        assert read_watch_file(text.encode()).sessions[0].sport == sport

    @pytest.mark.parametrize(
        ("written", "sport"),
        [
            ("9", "running"),
            ("10", "walking"),
            ("4", "hiking"),
            ("Trail Run", "running"),
            ("training", None),
            ("1", "cycling"),
            ("16", "swimming"),
            ("E-Bike Ride", "cycling"),
            ("17", "other"),
            ("0", "other"),
        ],
    )
    def test_the_type_of_a_track_decides_whether_it_is_answered(self, written: str, sport: str | None) -> None:
        text = gpx_file(RECORDED, [Session("running")]).decode().replace(">running<", f">{written}<")
        points, sessions = read_watch_file(text.encode())
        if sport in {"cycling", "swimming", "other"}:
            with pytest.raises(Undefined, match="RetroRun answers running and walking") as caught:
                track(points, sessions, body_mass_kg=70.0)
            assert caught.value.code == "not_on_foot_sport"
            assert sport == "other" or sport in caught.value.message
            (found,) = track(points, sessions, body_mass_kg=70.0, sport="as_foot")["sessions"]
        else:
            (found,) = track(points, sessions, body_mass_kg=70.0)["sessions"]
        assert found.get("sport") == sport

    def test_other_of_tcx_is_generic_and_laps_are_added_up(self) -> None:
        text = tcx_file(RECORDED, [Session("other", 700.0, 300.0)]).decode()
        lap = text[text.index("<Lap") : text.index("</Activity>")]
        _, sessions = read_watch_file(text.replace(lap, lap * 2).encode())
        assert sessions == (Session("generic", 1400.0, 600.0),)

    def test_parts_of_a_multisport_session_are_sessions(self) -> None:
        text = tcx_file(TWO, DONE).decode()
        text = text.replace("<Activities>", "<Activities><MultiSportSession><FirstSport>")
        text = text.replace("</Activity><Activity", "</Activity></FirstSport><NextSport><Activity")
        text = text.replace("</Activities>", "</NextSport></MultiSportSession></Activities>")
        points, sessions = read_watch_file(text.encode())
        assert sessions == DONE
        assert points.session == pytest.approx(TWO.session)

    def test_too_many_sessions_are_refused(self) -> None:
        refused(b"<gpx>" + b"<trk/>" * (gpx_tcx.MAXIMUM_SESSIONS + 1) + b"</gpx>", "unreadable_file", "activities")


class TestPlans:
    @pytest.mark.parametrize(
        "data",
        [
            fit_file(RECORDED, file_type=COURSE),
            fit_file(RECORDED, file_type=5) * 2,
            tcx_file(RECORDED, course=True),
            gpx_file(RECORDED).replace(b"trkpt", b"rtept").replace(b"trkseg", b"x").replace(b"trk>", b"rte>"),
            b'<gpx><wpt lat="1" lon="2"><ele>5</ele></wpt></gpx>',
            b"<TrainingCenterDatabase><Workouts><Workout/></Workouts></TrainingCenterDatabase>",
        ],
    )
    def test_what_was_planned_is_refused(self, data: bytes) -> None:
        refused(data, "planned", "planned, not done")

    def test_a_plan_beside_an_activity_is_not_read(self) -> None:
        course = tcx_file(RECORDED, course=True)
        courses = course[course.index(b"<Courses>") : course.index(b"</TrainingCenter")]
        for data in (
            FILES["tcx"].replace(b"</TrainingCenter", courses + b"</TrainingCenter"),
            FILES["tcx"].replace(b"<Activities>", courses + b"<Activities>"),
            fit_file(RECORDED, file_type=COURSE) + FILES["fit"],
            FILES["gpx"].replace(b"<trk>", b'<wpt lat="1" lon="2"/><rte><rtept lat="1" lon="2"/></rte><trk>'),
        ):
            assert len(points_of(data).time_s) == 600


def largest_tcx() -> bytes:
    """Return a TCX of as many points as 24 hours have at one a second, in 64 MiB."""
    head, track, rest = re.split(b"(?<=<Track>)|(?=</Track>)", wide_tcx(recorded(864), 0))
    return (head + track * 100 + rest).replace(b"<Track>", b"<Track>" + b" " * ((64 << 20) - 100 * len(track)), 1)


class TestLongDays:
    @pytest.mark.parametrize(("write", "most_mib"), [(long_day_fit, 80), (largest_tcx, 140)])
    def test_a_day_is_read_in_the_stated_memory(
        self, write: Callable[[], bytes], most_mib: int, tmp_path: Path
    ) -> None:
        path = tmp_path / "day"
        path.write_bytes(write())
        program = (
            "import sys; from pathlib import Path; from retrorun.app.formats.watch_files import read_watch_file; "
            "points = read_watch_file(Path(sys.argv[1]).read_bytes()).points; status = Path('/proc/self/status'); "
            "print(len(points.time_s), status.read_text() if status.exists() else '')"
        )
        ran = subprocess.run([sys.executable, "-c", program, path], capture_output=True, check=True, text=True)
        assert ran.stdout.startswith("86400 ")
        for peak_kib in re.findall(r"VmHWM:\s+(\d+) kB", ran.stdout):
            assert int(peak_kib) < most_mib * 1024, f"{int(peak_kib) / 1024:.0f} MiB"

    def test_more_points_than_seconds_of_two_days_are_read(self) -> None:
        rows = b"".join(struct.pack("<BI", 0, n) for n in range(200_000))
        assert len(points_of(fit_of(fit_definition(RECORD, [(253, 4, 0x86)]) + rows)).time_s) == 200_000


class TestText:
    def test_a_prefix_a_mark_and_utf_16_are_read(self) -> None:
        text = FILES["gpx"].decode()
        prefixed = text.replace("<trkpt", "<g:trkpt").replace("</trkpt", "</g:trkpt").replace(" xmlns=", " xmlns:g=")
        for data in (
            prefixed.encode(),
            b"\xef\xbb\xbf" + text.encode(),
            text.replace("UTF-8", "UTF-16").encode("utf-16"),
        ):
            assert len(points_of(data).time_s) == 600

    @pytest.mark.parametrize("kind", ["gpx", "tcx"])
    @pytest.mark.parametrize("before", ["", " " * 10, "\n\t\r ", "\0\0\0", " \0\n"])
    @pytest.mark.parametrize("after", ["", "\n\n", "\0" * 5, " \0\n\0"])
    def test_blanks_marks_and_nuls_around_xml_are_no_damage(self, kind: str, before: str, after: str) -> None:
        text = FILES[kind].decode()
        for mark in ("", "\ufeff", "\ufeff \n"):
            for data in (f"{before}{mark}{text}{after}".encode(), f"{mark}{before}{text}{after}".encode()):
                assert len(points_of(data).time_s) == 600, data[:20]
        text = text.replace("UTF-8", "UTF-16")
        for encoding in ("utf-16", "utf-16-le", "utf-16-be"):
            for mark in {"", "\ufeff"} - ({"\ufeff"} if encoding == "utf-16" else set()):
                data = f"{mark}{before.strip(chr(0))}{text}{after}".encode(encoding)
                assert len(points_of(data).time_s) == 600, (encoding, data[:20])

    def test_another_root_or_none_is_refused(self) -> None:
        for data in (FILES["gpx"].replace(b"gpx ", b"GPX ").replace(b"/gpx", b"/GPX"), b"<kml></kml>"):
            refused(data, "unknown_kind_of_file")

    @pytest.mark.parametrize("declared", ["", " [<!ENTITY e '500'>]", ' SYSTEM "http://127.0.0.1:9/x.dtd"'])
    def test_a_document_type_is_refused_even_where_it_does_no_harm(self, declared: str) -> None:
        text = FILES["gpx"].decode().replace("<gpx", f"<!DOCTYPE gpx{declared}><gpx", 1)
        refused(text.encode(), "unreadable_file", "document type")

    def test_too_many_elements_are_not_read_to_the_end(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(gpx_tcx, "MAXIMUM_TAGS", 100_000)
        refused(b"<gpx>" + b"<a/>" * 100_000 + b"</gpx>", "unreadable_file", "too many elements")

    def test_too_many_points_are_not_read_to_the_end(self) -> None:
        refused(b"<gpx>" + b"<trkpt/>" * (gpx_tcx.MAXIMUM_READ + 1), "unreadable_file", "split it")


def with_comma(data: bytes, *names: str) -> bytes:
    """Return a file in which the numbers of some elements or attributes have a decimal comma."""
    text = data.decode()
    for name in names:
        for mark, end in ((f"<{name}>", "<"), (f'{name}="', '"')):
            head, *parts = text.split(mark)
            text = mark.join(
                [head, *(part.replace(".", ",", 1) if "." in part.split(end)[0] else part for part in parts)]
            )
    assert text.encode() != data
    return text.encode()


class TestNumbers:
    @pytest.mark.parametrize(
        ("kind", "names"),
        [
            ("gpx", ["ele"]),
            ("gpx", ["lat", "lon"]),
            ("gpx", ["lat", "lon", "ele"]),
            ("tcx", ["AltitudeMeters"]),
            ("tcx", ["DistanceMeters"]),
            ("tcx", ["LatitudeDegrees", "LongitudeDegrees"]),
        ],
    )
    def test_a_decimal_comma_is_read(self, kind: str, names: list[str]) -> None:
        read, plain = (points_of(data) for data in (with_comma(FILES[kind], *names), FILES[kind]))
        for found, expected in zip(read, plain, strict=True):
            assert found == pytest.approx(expected, nan_ok=True, abs=0)

    @pytest.mark.parametrize("number", ["1,234.5", "1.234,5", "12.5 m", "high", "12,", ",5", "1,2,3", "1" * 65])
    @pytest.mark.parametrize("name", ["ele", "lat"])
    def test_a_number_that_is_not_understood_is_named(self, name: str, number: str) -> None:
        head, *parts = FILES["gpx"].decode().split(f"<{name}>" if name == "ele" else f'{name}="')
        end = "<" if name == "ele" else '"'
        parts[300] = number + parts[300][parts[300].index(end) :]
        mark = f"<{name}>" if name == "ele" else f'{name}="'
        refused(mark.join([head, *parts]).encode(), "number_not_understood", f"A number in {name} cannot be read")

    def test_a_comma_before_three_digits_is_decided_by_the_other_numbers(self) -> None:
        def text(*altitudes: str) -> bytes:
            points = "".join(
                f'<trkpt lat="46" lon="11"><ele>{altitude}</ele><time>{moment}</time></trkpt>'
                for altitude, moment in zip(altitudes, ("2024-11-08T11:33:20Z", "2024-11-08T11:33:21Z"), strict=True)
            )
            return f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>".encode()

        assert points_of(text("512,125", "512,25")).altitude_m == pytest.approx([512.125, 512.25])
        assert points_of(text("512,125", "0,125")).altitude_m == pytest.approx([512.125, 0.125])
        refused(text("1,234", "1,235"), "number_not_understood")

    @pytest.mark.parametrize("word", ["", " ", "NaN", "null", "-", "N/A"])
    def test_a_word_for_nothing_is_nothing(self, word: str) -> None:
        head, *parts = FILES["gpx"].decode().split("<ele>")
        parts[5] = word + parts[5][parts[5].index("<") :]
        altitudes = points_of("<ele>".join([head, *parts]).encode()).altitude_m
        assert np.flatnonzero(np.isnan(altitudes)).tolist() == [5]


class TestTimes:
    @pytest.mark.parametrize(
        "written",
        [
            "2024-11-08T11:33:{:02}z",
            "2024-11-08 11:33:{:02} UTC",
            "2024-11-08T11:33:{:02}UTC",
            " 2024-11-08T11:33:{:02} Z",
        ],
    )
    def test_frequent_forms_are_read(self, written: str) -> None:
        points = "".join(f'<trkpt lat="1" lon="2"><time>{written.format(n)}</time></trkpt>' for n in range(3))
        read = points_of(f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>".encode())
        assert read.time_s == pytest.approx([1731065580 + n for n in range(3)])

    @pytest.mark.parametrize("written", ["11/8/2024 11:33:20 AM", "1731065600000", "2024-11-8T1:3:2Z", "soon"])
    def test_times_that_are_not_understood_are_named(self, written: str) -> None:
        points = f'<trkpt lat="1" lon="2"><time>{written}</time></trkpt>' * 3
        data = f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>".encode()
        refused(data, "times_not_understood", "The times in this file cannot be read")

    def test_times_that_are_absent_are_not_wrong_and_a_few_wrong_ones_are_unknown(self) -> None:
        text = FILES["gpx"].decode()
        head, *parts = text.split("<time>")
        parts[3] = "soon" + parts[3][parts[3].index("<") :]
        assert np.isnan(points_of("<time>".join([head, *parts]).encode()).time_s).sum() == 1
        assert np.isnan(points_of(text.replace("time>", "when>").encode()).time_s).all()


class TestArchives:
    @pytest.mark.parametrize("kind", FILES)
    def test_one_recording_is_read_in_gzip_and_zip(self, kind: str) -> None:
        data = FILES[kind]
        plain = points_of(data)
        beside = {
            "activities/": b"",
            "__MACOSX/._run.gpx": b"\0\5\x16\7" + bytes(40),
            "activities.csv": b"Activity ID,Distance\n1,5.0\n",
            "photo.jpg": b"\xff\xd8\xff" + bytes(100),
            "../../etc/passwd": data,
            "notes.gpx": b"<kml></kml>",
        }
        members = gzipped(data[:500]) + gzipped(data[500:]) + gzipped(b"")
        for archive in (gzipped(data), zipped({"run": data}), zipped(beside), gzipped(data) + bytes(7), members):
            for found, expected in zip(points_of(archive), plain, strict=True):
                assert found == pytest.approx(expected, nan_ok=True, abs=0)

    def test_several_recordings_are_refused_with_their_number(self) -> None:
        archive = zipped({f"{number}.{kind}": data for number, (kind, data) in enumerate(FILES.items())})
        refused(archive, "several_recordings", "holds 3 recordings")
        assert [len(points_of(data).time_s) for _, data in archives.recordings_of(archive)] == [600] * 3

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (zipped({}), "unknown_kind_of_file"),
            (zipped({"notes.txt": b"a run"}), "unknown_kind_of_file"),
            (zipped({"run.zip": zipped({"run.fit": FILES["fit"]})}), "unknown_kind_of_file"),
            (zipped({"run.fit.gz": gzipped(FILES["fit"])}), "unknown_kind_of_file"),
            (gzipped(gzipped(FILES["fit"])), "unknown_kind_of_file"),
            (gzipped(zipped({"run.fit": FILES["fit"]})), "unknown_kind_of_file"),
            (gzipped(b""), "unknown_kind_of_file"),
            (gzipped(FILES["fit"])[:-9], "unreadable_file"),
            (gzipped(FILES["fit"]) + b"x", "unreadable_file"),
            (gzipped(FILES["gpx"]) + gzipped(FILES["gpx"]), "unreadable_file"),
            (zipped({"run.fit": FILES["fit"]})[:-9], "unreadable_file"),
            (b"PK\3\4", "unreadable_file"),
            (b"\x1f\x8b", "unreadable_file"),
            (b"BZh91AY", "unknown_kind_of_file"),
            (b"Rar!\x1a\7", "unknown_kind_of_file"),
        ],
    )
    def test_other_archives_are_refused(self, data: bytes, code: str) -> None:
        refused(data, code)

    def test_a_recording_compressed_within_a_zip_is_given_only_one_by_one(self) -> None:
        archive = zipped({"a.fit.gz": gzipped(FILES["fit"]), "b.csv.gz": gzipped(b"a,b\n"), "c.tcx": FILES["tcx"]})
        assert [name for name, _ in archives.recordings_of(archive)] == ["a.fit.gz", "c.tcx"]

    @pytest.mark.parametrize("pack", [gzipped, lambda data: zipped({"run.gpx": data})])
    def test_more_than_may_come_out_is_not_unpacked(
        self, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
    ) -> None:
        refused(pack(FILES["gpx"] + b" " * 20_000_000), "unreadable_file", "too large")
        noise = random.Random(1).randbytes(3_000_000).hex().encode()
        monkeypatch.setattr(archives, "MAXIMUM_UNPACKED_BYTES", 2_000_000)
        refused(pack(b"<gpx>" + noise), "unreadable_file", "too large")

    def test_too_many_members_of_gzip_are_refused(self) -> None:
        refused(gzipped(b"") * (archives.MAXIMUM_ENTRIES + 1), "unreadable_file", "more than 20000 parts")

    def test_a_size_that_is_wrong_is_not_believed(self) -> None:
        whole = zipped({"run.gpx": FILES["gpx"]})
        size = struct.pack("<I", len(FILES["gpx"]))
        assert whole.count(size) == 2
        assert len(points_of(whole.replace(size, struct.pack("<I", 2**31))).time_s) == 600
        for wrong in (10, len(FILES["gpx"]) - 1):
            refused(whole.replace(size, struct.pack("<I", wrong)), "unreadable_file")

    def test_encrypted_and_rare_entries_are_refused(self) -> None:
        for method in (zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA):
            held = io.BytesIO()
            with zipfile.ZipFile(held, "w", method) as archive:
                archive.writestr("run.fit", FILES["fit"])
            refused(held.getvalue(), "unreadable_file", "damaged or encrypted")
        whole = bytearray(zipped({"run.fit": FILES["fit"]}))
        for place in (6, whole.index(archives.ENTRY) + 8):
            whole[place] |= 1
        refused(bytes(whole), "unreadable_file", "damaged or encrypted")

    def test_too_many_entries_are_not_listed(self) -> None:
        refused(b"PK\3\4" + archives.ENTRY * (archives.MAXIMUM_ENTRIES + 1), "unreadable_file", "more than")


def entity_bomb(root: str) -> bytes:
    """Return a billion laughs."""
    entities = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<?xml version="1.0"?><!DOCTYPE {root} [<!ENTITY l0 "ha">{entities}]><{root}>&l9;</{root}>'.encode()


def damaged() -> list[tuple[str, bytes]]:
    """Return two hundred damaged files, the same each time; none can be taken for whole."""
    chance = random.Random(1)
    fit = FILES["fit"]
    found: list[tuple[str, bytes]] = []
    for number in range(50):
        flipped = bytearray(fit)
        # One flipped bit always changes the checksum; that of the first bytes may make it another kind of file.
        flipped[chance.randrange(len(fit))] ^= 1 << chance.randrange(8)
        found.append((f"fit bit {number}", bytes(flipped)))
    for number in range(50):
        found.append((f"fit cut {number}", fit[: chance.randrange(len(fit) - 1)]))
    for kind in ("gpx", "tcx"):
        xml = FILES[kind]
        marks = [place for place, byte in enumerate(xml) if byte in b"<>"]
        for number in range(20):
            found.append((f"{kind} cut {number}", xml[: chance.randrange(len(xml) - 1)]))
            broken = bytearray(xml)
            broken[chance.choice(marks)] ^= 0x02
            found.append((f"{kind} mark {number}", bytes(broken)))
    root = "TrainingCenterDatabase"
    found += [
        ("billion laughs gpx", entity_bomb("gpx")),
        ("billion laughs tcx", entity_bomb(root)),
        ("external entity", b'<!DOCTYPE gpx [<!ENTITY x SYSTEM "file:///etc/passwd">]><gpx>&x;</gpx>'),
        ("external document type", b'<!DOCTYPE gpx SYSTEM "http://127.0.0.1:9/x.dtd"><gpx></gpx>'),
        ("undeclared entity", b"<gpx>&x;</gpx>"),
        ("empty archive", zipped({})),
        ("packed and cut off", gzipped(fit)[:-20]),
        ("empty", b""),
        ("a picture", b"\x89PNG\r\n\x1a\n" + bytes(64)),
        ("text", b"not a track"),
        ("another XML", b"<kml></kml>"),
        ("nested", b"<gpx>" + b"<a>" * 100_000),
        ("many names", b"<gpx>" + b"".join(b"<a%d/>" % n for n in range(50_000)) + b"</gpx>"),
        ("no points", f"<{root}></{root}>".encode()),
        ("a long tag", b"<gpx " + b" ".join(b"a%d=''" % n for n in range(50_000)) + b"></gpx>"),
        ("unknown encoding", b'<?xml version="1.0" encoding="utf-7"?><gpx></gpx>'),
        ("no encoding", b'<?xml version="1.0" encoding="none"?><gpx></gpx>'),
        ("no messages", fit_of(b"")),
        ("only a header", fit[:14]),
        ("twice, the second cut off", fit + fit[:100]),
    ]
    return found


def mutated() -> list[tuple[str, bytes]]:
    """Return two thousand mutated files, the same each time; some of them can still be read."""
    chance = random.Random(2)
    points = recorded(60)._replace(session=np.repeat([0.0, 1.0], 30))
    sessions = (Session("running", 75.0, 30.0), Session("walking", 75.0, 30.0))
    whole = {kind: write(points, sessions) for kind, write in WRITERS.items()}
    whole["compressed"] = fit_file(points, sessions, compressed=True)
    whole["gz"], whole["zip"] = gzipped(whole["fit"]), zipped({"a.txt": b"text", "run.gpx": whole["gpx"]})
    found = []
    for number in range(2000):
        kind = chance.choice(list(whole))
        data = bytearray(whole[kind])
        checked = kind in {"fit", "compressed"} and chance.random() < 0.9
        if checked:  # With a right checksum, so that what is changed is read.
            data = data[14:-2]
        for _ in range(chance.choice([1, 1, 3, 10])):
            place = chance.randrange(len(data))
            change = chance.randrange(5)
            if change == 0:
                data[place] ^= 1 << chance.randrange(8)
            elif change == 1:
                data[place] = chance.choice(b"\0\1\x7f\xff<>&,.-0e")
            elif change == 2:
                del data[place : place + chance.choice([1, 2, 50])]
            elif change == 3:
                data[place:place] = chance.randbytes(chance.choice([1, 2, 50]))
            else:
                other = chance.randrange(len(data))
                data[place : place + 20] = data[other : other + 20]
            if not data:
                break
        found.append((f"{kind} {number}", fit_of(bytes(data)) if checked else bytes(data)))
    return found


def form(file: bytes) -> dict[str, Any]:
    return {"files": {"file": ("watch", file), "request": (None, SAID, "application/json")}}


@pytest.mark.anyio
class TestHttp:
    async def test_two_hundred_damaged_files_are_refused_and_leave_nothing_behind(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level("WARNING")  # Else each request leaves a record, where a test before has asked for them.
        files = damaged()
        assert len(files) == 200

        async def refuse_all() -> None:
            for name, data in files:
                response = await client.post("/workout/track", **form(data))
                assert response.status_code == 422, (name, response.text)
                (error,) = problem_of(response, 422)["errors"]
                assert error["pointer"] == "/file", name

        await refuse_all()
        gc.collect()
        objects, resident = len(gc.get_objects()), resident_bytes()
        await refuse_all()
        gc.collect()
        assert len(gc.get_objects()) - objects < 500
        if resident is not None:
            assert cast(int, resident_bytes()) - resident < 8 * 2**20

    async def test_two_thousand_mutated_files_are_answered_or_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        statuses = dict.fromkeys((200, 422), 0)
        for name, data in mutated():
            response = await client.post("/workout/track", **form(data))
            assert response.status_code in statuses, (name, response.text)
            statuses[response.status_code] += 1
            if response.status_code == 422:
                (error,) = problem_of(response, 422)["errors"]
                assert error["pointer"] == "/file", name
        assert min(statuses.values()) > 100


def resident_bytes() -> int | None:
    """Return the memory of this process, None where the system does not say."""
    try:
        return int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1]) * 4096
    except OSError:
        return None


def extreme_fit_file(field: int, kind: int, raw: bytes) -> bytes:
    """Return a FIT file of 300 points of which every seventh has these bytes in one field, of this base type."""
    sizes = {253: (4, 0x86), 0: (4, 0x85), 1: (4, 0x85), 2: (2, 0x84), 5: (4, 0x86)} | {field: (len(raw), kind)}
    messages = [fit_definition(0, [(0, 1, 0x00)]), struct.pack("<BB", 0, 4)]
    messages.append(fit_definition(20, [(number, *size) for number, size in sizes.items()]))
    for second in range(300):
        usual = {
            253: struct.pack("<I", STARTED_S - FIT_EPOCH_S + second),
            0: struct.pack("<i", round(SEMICIRCLES * (46 + second * 2.5e-5))),
            1: struct.pack("<i", round(SEMICIRCLES * 11)),
            2: struct.pack("<H", 5000),
            5: struct.pack("<I", 250 * second),
        }
        if not second % 7 or len(usual[field]) != len(raw):
            usual[field] = raw
        messages.append(b"\0" + b"".join(usual[number] for number in sizes))
    return fit_of(b"".join(messages))


@pytest.mark.parametrize("field", [253, 0, 1, 2, 5])
def test_no_number_of_a_fit_file_makes_python_write_a_line(field: int) -> None:
    """In every field that is read, as integers of its own type and as floating-point numbers."""
    whole = {253: 0x86, 0: 0x85, 1: 0x85, 2: 0x84, 5: 0x86}[field]
    size = 2 if field == 2 else 4
    raws = [(whole, raw) for raw in (b"\xff" * size, b"\xfe" * size, b"\0" * size, b"\xff" * (size - 1) + b"\x7f")]
    for value in (math.inf, -math.inf, math.nan, 3e38, -3e38):
        raws += [(0x88, struct.pack("<f", value)), (0x89, struct.pack("<d", value * 1e260))]
    for kind, raw in raws:
        with np.errstate(all="raise", under="ignore"), contextlib.suppress(Undefined, OutOfRange):
            track(points_of(extreme_fit_file(field, kind, raw)), body_mass_kg=70.0)


NUMBERS = ("inf", "-inf", "nan", "1e308", "-1e308", "1e999", "1" * 60, "5e-324", "0x1p9", "")


@pytest.mark.parametrize("number", NUMBERS)
def test_no_number_of_a_file_makes_python_write_a_line(number: str) -> None:
    """In every numeric field of GPX and TCX, in one point, in some and in all."""
    fields = {
        "gpx": ('lat="{}"', 'lon="{}"', "<ele>{}</ele>", "<time>{}</time>"),
        "tcx": ("LatitudeDegrees", "LongitudeDegrees", "AltitudeMeters", "DistanceMeters", "Time"),
    }
    whole = recorded(300)
    for write, kind in ((gpx_file, "gpx"), (tcx_file, "tcx")):
        text = write(whole).decode()
        for field in fields[kind]:
            before, after = (field if kind == "gpx" else f"<{field}>{{}}</{field}>").split("{}")
            head, *parts = text.split(before)
            for every in (250, 7, 1):
                hit = [
                    part if place % every else number + part[part.index(after) :] for place, part in enumerate(parts)
                ]
                damaged = before.join((head, *hit))
                assert damaged != text
                with np.errstate(all="raise", under="ignore"), contextlib.suppress(Undefined):
                    track(points_of(damaged.encode()), body_mass_kg=70.0)
