"""`retrorun strava`: an export that each test makes, one table, and one page."""

import bz2
import csv
import gzip
import hashlib
import io
import json
import random
import re
import socket
import zipfile
from base64 import b64encode
from concurrent import futures
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow.parquet as pq
import pytest

from retrorun.app.bulk.source import BadFile
from retrorun.app.cli.main import main
from retrorun.app.formats.watch_files import read_watch_file
from retrorun.app.strava import activity as activity_module
from retrorun.app.strava import command
from retrorun.app.strava.activity import Answered, is_on_foot
from retrorun.app.strava.export import MAXIMUM_BYTES, Activity, Export, moment
from retrorun.app.strava.summary import MOST_PERIODS, Line, Summary
from retrorun.models.vocabulary.errors import Undefined

NAMES = [
    *("Activity ID", "Activity Date", "Activity Name", "Activity Type", "Activity Description", "Elapsed Time"),
    *("Distance", "Max Heart Rate", "Commute", "Filename", "Elapsed Time", "Moving Time", "Distance"),
]
BROKEN = 'first line\nsecond, "quoted" line\n77,"Jan 1, 2024, 1:00:00 AM",a row?,Run'
REST = {"low", "high", "evidence"}


def gpx(seconds: int = 900, speed_m_s: float = 2.5) -> bytes:
    """Return a run to the north as GPX."""
    points = "".join(
        f'<trkpt lat="{46 + second * speed_m_s / 111_195:.7f}" lon="11"><ele>500</ele>'
        f"<time>{datetime(2024, 1, 5, 7, tzinfo=UTC) + timedelta(seconds=second):%Y-%m-%dT%H:%M:%SZ}</time></trkpt>"
        for second in range(seconds)
    )
    return f'<gpx version="1.1"><trk><type>running</type><trkseg>{points}</trkseg></trk></gpx>'.encode()


class Entry(NamedTuple):
    """A row of the list."""

    id: str
    type: str = "Run"
    file: str = ""
    date: str = "Jan 5, 2024, 7:30:00 AM"
    name: str = "Morning"
    distance_m: str = "5000.0"
    moving_s: str = "1800"


def listed(entries: list[Entry], names: list[str] = NAMES) -> bytes:
    """Return the list of activities as Strava writes it."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(names)
    for each in entries:
        before = [each.id, each.date, each.name, each.type, BROKEN, "1900", "5.00", "", "false", each.file]
        writer.writerow([*before, "1900.0", each.moving_s, each.distance_m][: len(names)])
    return text.getvalue().encode()


def write_export(path: Path, entries: list[Entry], files: dict[str, bytes], folder: str = "") -> Path:
    """Write an export; `files` may hold another list."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in {"activities.csv": listed(entries), **files}.items():
            archive.writestr(folder + name, content)
    return path


ENTRIES = [
    Entry("1001", file="activities/1.gpx.gz", name="Fünf & <b>mehr</b>"),
    Entry("1002", "Trail Run", "activities/2.gpx", "6 Jan 2024, 18:00:01"),
    Entry("1003", "Ride", "activities/3.gpx.gz"),
    Entry("1004", "Swim", "activities/none.gpx.gz"),
    Entry("1005", "Walk", distance_m="2400.5", date="05.01.2024"),
    Entry("1006", "Run", "activities/none.gpx.gz"),
    Entry("1007", "Hike", "activities/7.gpx.gz", "Feb 1, 2024, 12:00:00\N{NARROW NO-BREAK SPACE}AM"),
    Entry("1008", "Run", distance_m="", moving_s=""),
    Entry("1009", "Run", "activities/9.fit.gz"),
    Entry("1010", "Run", distance_m="90000.0"),
    Entry("1011", "E-Bike Ride"),
]
FILES = {
    "activities/1.gpx.gz": gzip.compress(gpx()),
    "activities/2.gpx": gpx(speed_m_s=3.0),
    "activities/3.gpx.gz": gzip.compress(gpx()),
    "activities/7.gpx.gz": gzip.compress(gpx(600, 1.4)),
    "activities/9.fit.gz": gzip.compress(b"\x0e\x20broken"),
    "profile.csv": b"Athlete Weight\n99",
}
STATUSES = {
    **dict.fromkeys(("1001", "1002", "1005", "1007"), "ok"),
    **dict.fromkeys(("1003", "1004", "1011"), "other_sport"),
    "1006": "missing_file",
    "1008": "required",
    "1009": "unknown_kind_of_file",
    "1010": "out_of_range",
}


class Page(HTMLParser):
    """The tags, attributes and text of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str]] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += [(name, value or "") for name, value in attrs]

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> Any:
    monkeypatch.chdir(tmp_path)

    def ran(*words: str) -> tuple[int, str, str]:
        mass = [] if "--mass" in words else ["--mass", "70kg"]
        code = main(["strava", *words, *mass, "--workers", "1"])
        return code, *capsys.readouterr()

    return ran


@pytest.fixture
def answer_to(tmp_path_factory: pytest.TempPathFactory, capsys: pytest.CaptureFixture[str]) -> Any:
    """The answer of `retrorun workout` to a file."""
    path = tmp_path_factory.mktemp("one") / "file"

    def answer(content: bytes, *options: str) -> Any:
        path.write_bytes(content)
        assert main(["workout", str(path), *options, "--json"]) == 0
        return json.loads(capsys.readouterr().out)

    return answer


@pytest.fixture
def export(tmp_path: Path) -> Path:
    return write_export(tmp_path / "export.zip", ENTRIES, FILES)


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


class TestTable:
    def test_each_activity_has_a_row_with_the_answer_of_its_recording(
        self, run: Any, answer_to: Any, export: Path
    ) -> None:
        code, out, err = run("export.zip")
        assert (code, err) == (0, "")
        rows = {row["activity_id"]: row for row in rows_of(export.with_suffix(".csv"))}
        assert {key: row["status"] for key, row in rows.items()} == STATUSES
        assert list(rows) == [entry.id for entry in ENTRIES]
        assert out.startswith("11 activities: 4 answered, 3 of other sports left out, 4 not answered.\n")
        assert "  1  E-Bike Ride\n" in out
        assert out.endswith("Table: export.csv\nPage: export.html\nNothing was sent anywhere.\n")
        by_hand = json.dumps({"segments": [{"distance_m": 2400.5, "duration_s": 1800}]}).encode()
        answers = {
            "1001": answer_to(gpx(), "--mass", "70kg"),
            "1002": answer_to(gpx(speed_m_s=3.0), "--mass", "70kg"),
            "1005": answer_to(by_hand, "--mass", "70kg"),
            "1007": answer_to(gpx(600, 1.4), "--mass", "70kg"),
        }
        for key, answer in answers.items():
            row = rows[key]
            for section, quantity in [("totals", "total_energy_kcal"), ("reversed", "active_energy_kcal")]:
                for end in ("value", "low", "high"):
                    name = f"{section}_{quantity}_{end}".removesuffix("_value")
                    assert float(row[name]) == answer[section][quantity][end]
            assert float(row["ratio_total_energy_low"]) == answer["ratio"]["total_energy"]["low"]
            assert float(row["totals_distance_m"]) == answer["totals"]["distance_m"]
            force = answer["totals"]["load"]["peak_vertical_force_bw"]
            assert float(row["totals_load_peak_vertical_force_bw"]) == force["value"]
            assert row["totals_load_peak_vertical_force_bw_evidence"] == force["evidence"]
            assert row["warnings"].split() == [warning["code"] for warning in answer["warnings"]]
        numbers = [name for name in rows["1001"] if name.startswith(("totals", "reversed", "ratio"))]
        assert len(numbers) > 50
        for key in STATUSES.keys() - answers.keys():
            assert not any(rows[key][name] for name in numbers)
            assert rows[key]["reason"]
        starts = [rows[key]["start"] for key in ("1001", "1002", "1005", "1007")]
        assert starts == ["2024-01-05 07:30:00Z", "2024-01-06 18:00:01Z", "", "2024-02-01 00:00:00Z"]

    def test_every_kind_of_table_holds_the_same(self, run: Any, export: Path) -> None:
        for ending in ("csv", "parquet", "jsonl"):
            assert run("export.zip", "--output", f"out.{ending}")[0] == 0
        parquet = pq.read_table(export.with_name("out.parquet"))
        lines = export.with_name("out.jsonl").read_text(encoding="utf-8").splitlines()
        for row, line, cells in zip(parquet.to_pylist(), lines, rows_of(export.with_name("out.csv")), strict=True):
            known = {name: value for name, value in row.items() if value is not None}
            assert {name for name, value in cells.items() if value} <= known.keys()
            found = json.loads(line)
            assert found.keys() == known.keys()
            for name, value in known.items():
                if isinstance(value, float):
                    assert found[name] == value == float(cells[name])
                elif name != "start":
                    assert found[name] == value
        assert [row["start"] for row in parquet.to_pylist()][:2] == [
            datetime(2024, 1, 5, 7, 30, tzinfo=UTC),
            datetime(2024, 1, 6, 18, 0, 1, tzinfo=UTC),
        ]

    def test_workers_and_blocks_change_nothing(self, run: Any, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        assert run("export.zip")[0] == 0
        monkeypatch.setattr("retrorun.app.strava.table.AT_ONCE", 2)
        assert main(["strava", "export.zip", "--mass", "70kg", "--output", "two.csv", "--workers", "2"]) == 0
        for ending in (".csv", ".html"):
            assert export.with_name(f"two{ending}").read_bytes() == export.with_suffix(ending).read_bytes()

    def test_facts_about_the_person_count(self, run: Any, answer_to: Any, export: Path) -> None:
        facts = ["--mass", "154lb", "--age", "40", "--sex", "female", "--height", "1.7m"]
        facts += ["--interval", "50%", "--energy-model", "run=acsm"]
        assert run("export.zip", *facts)[0] == 0
        (row, *_) = rows_of(export.with_suffix(".csv"))
        answer = answer_to(gpx(), *facts)
        assert float(row["totals_total_energy_kcal_high"]) == answer["totals"]["total_energy_kcal"]["high"]
        assert "include 50 % of people" in " ".join(Page(export.with_suffix(".html").read_text()).text.split())

    def test_few_recordings_are_in_memory_at_once(self, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[str] = []
        done: list[str] = []

        def content(_: Export, name: str) -> bytes:
            read.append(name)
            assert len(read) - len(done) <= 3
            return b""

        def finish(activity: Activity, *_: Any) -> Answered:
            done.append(activity.file)
            return Answered(activity, "no")

        monkeypatch.setattr(Export, "content", content)
        monkeypatch.setattr(command, "answered", finish)
        many = [Activity(str(number), None, "", "Run", str(number), "", "") for number in range(100)]
        with Export(write_export(export, [], {})) as opened:
            monkeypatch.setattr(opened, "archive", opened.archive)
            assert [found.activity for found in command.answers(opened, many, {}, 1)] == many
        assert len(read) == 100


class TestPage:
    def test_it_shows_totals_counts_and_activities(self, run: Any, export: Path) -> None:
        run("export.zip")
        page = Page(export.with_suffix(".html").read_text(encoding="utf-8"))
        text = " ".join(page.text.split())
        ok = [row for row in rows_of(export.with_suffix(".csv")) if row["status"] == "ok"]
        done = sum(float(row["totals_total_energy_kcal"]) for row in ok)
        turned = sum(float(row["reversed_total_energy_kcal"]) for row in ok)
        assert f"Energy as done {round(done):,} kcal (".replace(",", " ") in text
        assert f"Backward over forward {turned / done:.2f} (" in text
        assert "3 activities of other sports" in text
        assert "4 activities on foot without an answer" in text
        assert "Nothing was sent anywhere" in text
        assert "1 activity without a date that we understand" in text
        assert page.tags.count("rect") == 2 + 2 * 2  # a legend, and two weeks
        assert "2024-02-01 Morning" in text

    def test_it_is_one_file_that_loads_and_runs_nothing(self, run: Any, export: Path) -> None:
        run("export.zip")
        html = export.with_suffix(".html").read_text(encoding="utf-8")
        page = Page(html)
        assert not {"script", "img", "iframe", "object", "embed", "base", "form"} & set(page.tags)
        assert not [name for name, _ in page.attributes if name == "style" or name.startswith("on")]
        links = {value for name, value in page.attributes if name in {"src", "href", "srcset", "action", "data"}}
        assert links == {"data:,"}
        assert not re.findall(r"url\(|@import", html)
        policies = [value for name, value in page.attributes if value.startswith("default-src")]
        (style,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
        digest = b64encode(hashlib.sha256(style.encode()).digest()).decode()
        assert policies == [
            f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"
        ]
        assert 'name="viewport"' in html

    def test_texts_of_the_export_are_escaped(self, run: Any, tmp_path: Path) -> None:
        evil = "</h1><script>alert(1)</script><img src=x onerror=alert(1)>\"'{{ 7 * 7 }}"
        entries = [
            Entry("1", file="activities/1.gpx", name=evil),
            Entry("2", f"Ride{evil}\x1b[2J", name=evil),
            Entry("3", "", name=evil),
        ]
        write_export(tmp_path / "export.zip", entries, {"activities/1.gpx": gpx()})
        code, out, _ = run("export.zip")
        assert code == 0
        assert "\x1b" not in out
        html = (tmp_path / "export.html").read_text(encoding="utf-8")
        page = Page(html)
        assert not {"script", "img"} & set(page.tags)
        assert unescape(evil) in page.text
        assert "49" not in page.text.partition("Activities")[2].partition(evil)[0]
        assert "No activity type" in page.text

    def test_an_export_without_an_answer_has_a_page(self, run: Any, tmp_path: Path) -> None:
        write_export(tmp_path / "export.zip", [], {})
        code, out, _ = run("export.zip")
        assert code == 0
        assert out.startswith("0 activities: 0 answered")
        assert "No activity has an answer" in (tmp_path / "export.html").read_text(encoding="utf-8")

    @pytest.mark.parametrize(
        ("days", "word", "count", "first", "last"),
        [
            ([date(2024, 1, 5)], "week", 1, "1 Jan", "1 Jan"),
            ([date(2023, 12, 31), date(2024, 1, 1)], "week", 2, "25 Dec", "1 Jan"),
            ([date(2023, 1, 31), date(2024, 1, 1)], "month", 13, "Jan 2023", "Jan 2024"),
            ([date(2012, 2, 29), date(2024, 1, 1)], "year", 13, "2012", "2024"),
            ([date(1970, 1, 1), date(2024, 1, 1)], "year", MOST_PERIODS, "1989", "2024"),
            ([date(1, 1, 1), date(9998, 12, 31)], "year", MOST_PERIODS, "9963", "9998"),
        ],
    )
    def test_periods(self, days: list[date], word: str, count: int, first: str, last: str) -> None:
        one: Any = {"value": 100.0, "low": 80.0, "high": 125.0}
        ratio: Any = {"value": 1.3, "low": 1.0, "high": 1.69}
        summary = Summary(0.9)
        summary.lines = [
            Line(datetime(day.year, day.month, day.day, 23, tzinfo=UTC), "", "Run", 1.0, 1.0, one, one, ratio)
            for day in days
        ]
        found, periods = summary.periods()
        assert (found, len(periods)) == (word, count)
        assert (periods[0].label, periods[-1].label) == (first, last)
        assert periods[-1].energy is not None
        assert sum(period.energy.activities for period in periods if period.energy) in {1, 2}

    def test_errors_are_shared_between_activities(self) -> None:
        one: Any = {"value": 100.0, "low": 80.0, "high": 125.0}
        turned: Any = {"value": 130.0, "low": 100.0, "high": 169.0}
        ratio: Any = {"value": 1.3, "low": 1.0, "high": 1.69}
        lines = [Line(None, "", "Run", 1.0, 1.0, one, turned, ratio)] * 7
        energy = Summary(0.9).energy(lines)
        assert energy.done == pytest.approx({"value": 700.0, "low": 560.0, "high": 875.0})
        assert energy.turned == pytest.approx({"value": 910.0, "low": 700.0, "high": 1183.0})
        assert energy.ratio == pytest.approx(ratio)


class TestExport:
    def opened(self, path: Path) -> list[Activity]:
        with Export(path) as export:
            return list(export.activities())

    @pytest.mark.parametrize(
        ("text", "found"),
        [
            ("Jan 15, 2024, 12:00:05 AM", "2024-01-15T00:00:05"),
            ("Sept 15, 2024, 12:30:00 PM", "2024-09-15T12:30:00"),
            ("Feb 29, 2023, 7:30:00 AM", None),
            ("Foo 15, 2024, 7:30:00 AM", None),
            ("15 Nov 2025, 13:31:49", "2025-11-15T13:31:49"),
            ("2025-11-15 13:31", "2025-11-15T13:31:00"),
            ("15/11/2025 13:31", None),
            ("Jan 1, 9999, 1:00:00 AM", None),
            ("", None),
        ],
    )
    def test_dates(self, text: str, found: str | None) -> None:
        assert moment(text) == (datetime.fromisoformat(found + "+00:00") if found else None)

    @pytest.mark.parametrize("kind", ["Run", "Trail Run", "TrailRun", "Virtual Run", "Walk", "hike", "Snowshoe"])
    def test_types_on_foot(self, kind: str) -> None:
        assert is_on_foot(kind)

    @pytest.mark.parametrize(
        "kind", ["Ride", "Virtual Ride", "Swim", "Workout", "Elliptical", "Wheelchair", "", "Rund"]
    )
    def test_other_types(self, kind: str) -> None:
        assert not is_on_foot(kind)

    def test_an_export_that_was_packed_again_is_read(self, tmp_path: Path) -> None:
        path = write_export(tmp_path / "a.zip", ENTRIES, FILES, "export_1/")
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("__MACOSX/export_1/._activities.csv", b"x")
            archive.writestr("export_1/old/activities.csv", b"x")
        with Export(path) as export:
            assert [activity.activity_id for activity in export.activities()] == [entry.id for entry in ENTRIES]
            assert export.content("activities/2.gpx") == gpx(speed_m_s=3.0)

    def test_a_list_with_a_mark_and_short_rows_is_read(self, tmp_path: Path) -> None:
        text = b"\xef\xbb\xbf" + listed(ENTRIES[:1]) + b'\r\n\r\n"1","","",Run\r\n'
        first, second = self.opened(write_export(tmp_path / "a.zip", [], {"activities.csv": text}))
        assert (first.activity_id, first.distance_m, first.moving_time_s) == ("1001", "5000.0", "1800")
        assert (second.activity_type, second.file, second.distance_m) == ("Run", "", "")

    def test_one_distance_has_no_known_unit(self, run: Any, tmp_path: Path) -> None:
        old = listed([Entry("1")], NAMES[:10])
        write_export(tmp_path / "export.zip", [], {"activities.csv": old})
        assert run("export.zip")[0] == 0
        assert [row["status"] for row in rows_of(tmp_path / "export.csv")] == ["required"]

    @pytest.mark.parametrize(
        ("content", "said"),
        [
            ("Aktivitäts-ID,Datum\n1,2".encode(), "language"),
            (b"", "language"),
            (listed(ENTRIES).replace(b"Morning", b"\xff"), "not in UTF-8"),
            (listed(ENTRIES) + b'2,"the end is missing', "damaged"),
            (b"Activity ID," + b" " * 1_000_000, "more than"),
        ],
    )
    def test_a_wrong_list_is_refused(self, content: bytes, said: str, run: Any, tmp_path: Path) -> None:
        write_export(tmp_path / "export.zip", [], {"activities.csv": content})
        code, out, err = run("export.zip")
        assert (code, out) == (2, "")
        assert said in err
        assert sorted(path.name for path in tmp_path.iterdir()) == ["export.zip"]

    def test_a_path_in_the_list_finds_only_an_entry_of_the_archive(self, run: Any, tmp_path: Path) -> None:
        secret = tmp_path / "secret.gpx"
        secret.write_bytes(gpx())
        names = [
            str(secret),
            "../secret.gpx",
            "secret.gpx",
            "activities/../../secret.gpx",
            "C:\\secret.gpx",
            "activities/",
        ]
        entries = [Entry(str(number), file=name) for number, name in enumerate([*names, "../../inside.gpx"])]
        write_export(tmp_path / "export.zip", entries, {"../../inside.gpx": gpx()})
        assert run("export.zip")[0] == 0
        statuses = [row["status"] for row in rows_of(tmp_path / "export.csv")]
        assert statuses == ["missing_file"] * len(names) + ["ok"]
        found = sorted(path.name for path in tmp_path.iterdir())
        assert found == ["export.csv", "export.html", "export.zip", "secret.gpx"]
        assert not (tmp_path.parents[1] / "inside.gpx").exists()


class TestBounds:
    def test_a_large_file_is_refused_before_it_is_read(self, tmp_path: Path) -> None:
        path = tmp_path / "a.zip"
        write_export(path, ENTRIES, {"zeros": bytes(1_000_000)})
        with Export(path) as export:
            with pytest.raises(Undefined, match="more than"):
                export.content("zeros")
            entry = export.entries["zeros"]
            entry.file_size, entry.compress_size = MAXIMUM_BYTES + 1, MAXIMUM_BYTES
            with pytest.raises(Undefined, match="more than"):
                export.content("zeros")

    def test_a_size_that_lies_gives_no_more(self, tmp_path: Path) -> None:
        path = write_export(tmp_path / "a.zip", ENTRIES, {"zeros": bytes(10_000_000)})
        with Export(path) as export:
            export.entries["zeros"].file_size = 1000
            with pytest.raises(Undefined, match="damaged"):
                export.content("zeros")

    @pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
    def test_other_methods_are_refused(self, method: int, tmp_path: Path) -> None:
        path = write_export(tmp_path / "a.zip", ENTRIES, {})
        with zipfile.ZipFile(path, "a", method) as archive:
            archive.writestr("x", gpx())
        with Export(path) as export, pytest.raises(Undefined, match="packed"):
            export.content("x")

    def test_an_encrypted_or_damaged_file_is_refused(self, tmp_path: Path) -> None:
        path = write_export(tmp_path / "a.zip", ENTRIES, {"x": gpx(50), "y": gpx(50)})
        with Export(path) as export:
            entry = export.entries["x"]
            entry.flag_bits |= 1
            with pytest.raises(Undefined, match="packed"):
                export.content("x")
            entry = export.entries["y"]
            data = bytearray(path.read_bytes())
            data[entry.header_offset + 60] ^= 0xFF
        path.write_bytes(data)
        with Export(path) as export, pytest.raises(Undefined, match="damaged"):
            export.content("y")

    def test_a_changed_archive_is_refused_or_read(self, tmp_path: Path) -> None:
        path = write_export(tmp_path / "a.zip", ENTRIES, FILES)
        whole, chance = path.read_bytes(), random.Random(3)
        ended: set[str] = set()
        for _ in range(300):
            data = bytearray(whole)
            for _ in range(chance.choice((1, 4, 16))):
                data[-1 - chance.randrange(900)] = chance.randrange(256)
            path.write_bytes(data[chance.choice((0, 0, 3)) :])
            try:
                with Export(path) as export:
                    for activity in export.activities():
                        with suppress(Undefined):
                            read_watch_file(export.content(activity.file))
                            ended.add("read")
            except BadFile:
                ended.add("refused")
        assert ended == {"read", "refused"}


class TestRun:
    @pytest.mark.parametrize(
        ("words", "said"),
        [
            (["--mass", "70"], "--mass: Give it with its unit"),
            (["--mass", "7kg"], "--mass, in kg:"),
            (["--mass", "70kg", "--age", "40"], "--age, --sex and --height"),
            (["--mass", "70kg", "--direction-model", "x"], "--direction-model:"),
            (["--mass", "70kg", "--output", "out.txt"], "out.txt: the name must end in"),
            (["--mass", "70kg", "--output", "no/out.csv"], "cannot be written"),
            (["--mass", "70kg", "--output", "a.csv", "--page", "a.csv"], "different names"),
            (["--mass", "70kg", "--page", "export.zip"], "different names"),
        ],
    )
    def test_wrong_options_are_refused(self, words: list[str], said: str, run: Any, export: Path) -> None:
        code, out, err = run("export.zip", *words)
        assert (code, out) == (2, "")
        assert said in err
        assert [path.name for path in export.parent.iterdir()] == ["export.zip"]

    def test_mass_is_required(self, export: Path, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["strava", str(export)]) == 2
        assert "--mass: This field is required." in capsys.readouterr().err

    @pytest.mark.parametrize(
        ("content", "said"),
        [(b"PK", "not a zip archive"), (b"", "not a zip archive"), (bz2.compress(b"x"), "not a zip archive")],
    )
    def test_what_is_no_export_is_refused(self, content: bytes, said: str, run: Any, tmp_path: Path) -> None:
        (tmp_path / "a.zip").write_bytes(content)
        code, _, err = run("a.zip")
        assert code == 2
        assert said in err

    def test_other_archives_and_paths_are_refused(self, run: Any, tmp_path: Path) -> None:
        with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
            archive.writestr("x.gpx", gpx(5))
        assert run("a.zip")[0] == 2
        (tmp_path / "folder.zip").mkdir()
        assert run("folder.zip")[0] == 1
        code, _, err = run("none.zip")
        assert code == 1
        assert "No such file" in err

    def test_a_file_of_the_user_is_not_overwritten(self, run: Any, export: Path) -> None:
        for ending in (".html", ".csv"):
            mine = export.with_suffix(ending)
            mine.write_text("mine")
            code, _, err = run("export.zip")
            assert code == 2
            assert "already exists" in err
            assert mine.read_text() == "mine"
            mine.unlink()
        assert run("export.zip")[0] == 0
        assert run("export.zip", "--interval", "50%")[0] == 0  # its own files it replaces

    @pytest.mark.parametrize(
        ("error", "code", "said"),
        [
            (KeyboardInterrupt(), 1, "Stopped. No file was written."),
            (futures.BrokenExecutor(), 1, "A worker process was ended"),
            (OSError(28, "No space left on device"), 1, "No space left on device"),
        ],
    )
    @pytest.mark.parametrize("place", ["page", "row_of"])
    def test_a_run_that_fails_leaves_nothing(
        self, place: str, error: BaseException, code: int, said: str, run: Any, export: Path, monkeypatch: Any
    ) -> None:
        def fail(*_: Any) -> Any:
            raise error

        monkeypatch.setattr(command, place, fail)
        found, _, err = run("export.zip")
        assert found == code
        assert said in err
        assert [path.name for path in export.parent.iterdir()] == ["export.zip"]

    def test_nothing_is_sent(self, run: Any, export: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: Any, **__: Any) -> Any:
            raise AssertionError("a socket")

        monkeypatch.setattr(socket, "socket", refuse)
        assert run("export.zip")[0] == 0

    def test_a_run_whose_recording_is_a_ride_is_left_out(self, run: Any, export: Path, monkeypatch: Any) -> None:
        def refuse(*_: Any, **__: Any) -> Any:
            raise Undefined("file", "The file is a ride. To answer it anyway, send sport.", "not_on_foot_sport")

        monkeypatch.setattr(activity_module, "track", refuse)
        _, out, _ = run("export.zip")
        assert "1 answered, 6 of other sports left out" in out
        assert "  1  Trail Run: The file is a ride.\n" in out
        rows = rows_of(export.with_suffix(".csv"))
        assert (rows[0]["status"], rows[0]["reason"]) == ("other_sport", "The file is a ride.")
        assert "Hike: The file is a ride." in export.with_suffix(".html").read_text(encoding="utf-8")
