"""`retrorun solve`, `plan` and `workout`: the answers of the service, tables, bars, errors and running services."""

import io
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import httpx
import numpy as np
import pytest

from retrorun.app.cli.answer_table import EXPLAINED, WAYS, in_words, interval_text, table
from retrorun.app.cli.help import QUESTION_HELP
from retrorun.app.cli.main import main
from retrorun.app.cli.options import option
from retrorun.app.cli.questions import OPTIONS_OF, QUESTIONS
from retrorun.app.cli.terminal import Page, bars
from retrorun.app.formats.watch_files import read_watch_file
from retrorun.app.http.problems import encode
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.plan.answer import LoadName
from retrorun.models.plan.plan import plan
from retrorun.models.solve.answer import Find
from retrorun.models.solve.solve import solve
from retrorun.models.track.points import Session
from retrorun.models.track.track import track
from retrorun.models.vocabulary.quantities import QUANTITIES
from retrorun.models.workout.workout import workout
from tests.recordings import COURSE, fit_file, gzipped, recorded, tcx_file, zipped

ROOT = Path(__file__).parents[3]
FIT = fit_file(recorded(61))
TCX = tcx_file(recorded(1200, speed_m_s=1.4))

SEGMENTS = [
    {"speed_m_s": 2.5, "duration_s": 600.0},
    {"repeat": 6, "segments": [{"direction": "backward", "speed_m_s": 2.5, "duration_s": 60.0}, {"pause_s": 60.0}]},
]
WORKOUT: dict[str, Any] = {"body_mass_kg": 70.0, "segments": SEGMENTS}

# Words of the command line, the endpoint, and the request made from the words.
ASKED: list[tuple[str, str, dict[str, Any]]] = [
    (
        "solve --find bout --mass 70kg --total-energy 300kcal --speed 9km/h",
        "/solve",
        {"find": "bout", "body_mass_kg": 70.0, "total_energy_kcal": 300.0, "speed_m_s": 2.5},
    ),
    (
        "solve --find equal-cost-speed --mass 70kg --backward-speed 9km/h --gait RUN --interval 80%",
        "/solve",
        {
            "find": "equal_cost_speed",
            "body_mass_kg": 70.0,
            "backward_speed_m_s": 2.5,
            "gait": "run",
            "interval": 0.8,
        },
    ),
    (
        "solve --find speed-range --mass 70kg --patellofemoral-impulse-per-km 300BWs/km --gait run",
        "/solve",
        {"find": "speed_range", "body_mass_kg": 70.0, "patellofemoral_impulse_per_km_bw_s": 300.0, "gait": "run"},
    ),
    (
        "plan --goal most-energy --mass 70kg --duration 20min --backward-speed-high 7.92km/h "
        "--limit patellofemoral-impulse-per-bout=900 --limit peak-vertical-force=3BW,oxygen-uptake=50ml/kg/min",
        "/plan",
        {
            "goal": "most_energy",
            "body_mass_kg": 70.0,
            "duration_s": 1200.0,
            "backward_speed_high_m_s": 2.2,
            "limits": {
                "patellofemoral_impulse_per_bout_bw_s": 900.0,
                "peak_vertical_force_bw": 3.0,
                "oxygen_uptake_ml_kg_min": 50.0,
            },
        },
    ),
    (
        "plan --goal least-load --mass 70kg --active-energy 150kcal --indicator peak-vertical-force",
        "/plan",
        {
            "goal": "least_load",
            "body_mass_kg": 70.0,
            "active_energy_kcal": 150.0,
            "indicator": "peak_vertical_force_bw",
        },
    ),
]


class Ran:
    """The exit code and output of one run of the command line."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err

    @property
    def said(self) -> str:
        """The output with its line breaks replaced by spaces."""
        return " ".join(self.out.split())


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")

    def ran(*words: str, stdin: bytes = b"") -> Ran:
        if len(words) == 1:
            words = tuple(words[0].split())
        monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(stdin)))
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return ran


@pytest.fixture
def file(tmp_path: Path) -> Any:
    def written(content: Any) -> str:
        path = tmp_path / "workout.json"
        path.write_bytes(content if isinstance(content, bytes) else json.dumps(content).encode())
        return str(path)

    return written


def row(text: str, start: str) -> list[str]:
    """Return the words of the first line of a table that starts with a text."""
    (line, *_) = (line for line in text.splitlines() if line.startswith(f" {start} "))
    return line.removeprefix(f" {start} ").split()


class TestTheServicesAnswer:
    @pytest.mark.anyio
    @pytest.mark.parametrize(("words", "path", "request_"), ASKED)
    async def test_the_json_is_that_of_the_service(
        self, run: Any, client: httpx.AsyncClient, words: str, path: str, request_: dict[str, Any]
    ) -> None:
        served = await client.post(path, json=request_)
        ran = run(*words.split(), "--json")
        assert (ran.code, ran.err) == (0, "")
        assert served.status_code == 200
        assert ran.out.encode() == served.content + b"\n"

    @pytest.mark.anyio
    async def test_a_workout_is_that_of_the_service(self, run: Any, client: httpx.AsyncClient, file: Any) -> None:
        served = await client.post("/workout", json=WORKOUT)
        path = file(WORKOUT)
        assert served.status_code == 200
        for words in (["--json"], ["--mass", "70kg", "--json"]):
            assert run("workout", path, *words).out.encode() == served.content + b"\n"

    @pytest.mark.anyio
    @pytest.mark.parametrize("data", [FIT, TCX], ids=["fit", "tcx"])
    async def test_a_recording_is_that_of_the_service(
        self, run: Any, client: httpx.AsyncClient, file: Any, data: bytes
    ) -> None:
        said = {"body_mass_kg": 70.0, "backward": [{"from_s": 10.0, "to_s": 30.0}, {"from_s": 45.0}]}
        files: Any = {"file": ("watch", data), "request": (None, json.dumps(said))}
        served = await client.post("/workout/track", files=files)
        assert served.status_code == 200, served.text
        words = ["--mass", "70kg", "--backward", "0:10-0:30", "--backward", "0:45-", "--json"]
        ran = run("workout", file(data), *words)
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.encode() == served.content + b"\n"
        answer = answer_in_view(track, said, *read_watch_file(data))
        assert ran.out.encode() == encode(answer) + b"\n"

    @pytest.mark.parametrize("name", ["solve", "plan", "workout"])
    def test_every_field_of_a_request_is_an_option(self, run: Any, name: str) -> None:
        text = run(name, "--help").out
        fields = OPTIONS_OF[name].__annotations__
        assert all(f"  {option(field)} " in text for field in fields)
        assert not [field for field in QUANTITIES if "_" in field and field in text]
        assert set(QUESTIONS["workout"].fields) - {"segments"} <= set(OPTIONS_OF["workout"].__annotations__)

    def test_the_names_of_loads_are_taken_without_their_units(self, run: Any) -> None:
        text = " ".join(run("plan", "--help").out.replace("-\n", "-").split())
        choices = ["patellofemoral-impulse-per-bout", "peak-vertical-force", "patellofemoral-peak-force"]
        assert f"One of: {', '.join(choices)}, achilles-relative-load," in text.replace("- ", "-")
        for name in get_args(LoadName):
            words = ["--goal", "least-load", "--mass", "70kg", "--active-energy", "150kcal", "--indicator"]
            ran = run("plan", *words, option(name).removeprefix("--"), "--json")
            wish = {"body_mass_kg": 70.0, "goal": "least_load", "active_energy_kcal": 150.0, "indicator": name}
            answer = answer_in_view(plan, wish)
            assert ran.out.encode() == encode(answer) + b"\n"

    def test_energy_models_are_given_by_gait(self, run: Any, file: Any) -> None:
        ran = run("workout", file(WORKOUT), "--energy-model", "run=acsm", "--energy-model", "walk=acsm", "--json")
        expected = answer_in_view(workout, WORKOUT | {"energy_models": {"run": "acsm", "walk": "acsm"}})
        assert ran.out.encode() == encode(expected) + b"\n"


class TestFile:
    def test_the_standard_input_is_a_file(self, run: Any, file: Any) -> None:
        expected = encode(answer_in_view(workout, WORKOUT)) + b"\n"
        for start in (b"", b" \n", b"\xef\xbb\xbf"):
            ran = run("workout", "-", "--json", stdin=start + json.dumps(WORKOUT).encode())
            assert (ran.code, ran.err, ran.out.encode()) == (0, "", expected)
        sent = run("workout", "-", "--mass", "70kg", "--json", stdin=FIT)
        assert sent.out == run("workout", file(FIT), "--mass", "70kg", "--json").out

    def test_the_content_decides_the_kind(self, run: Any, tmp_path: Path) -> None:
        named = tmp_path / "run.json"
        named.write_bytes(FIT)
        assert '"track":' in run("workout", str(named), "--mass", "70kg", "--json").out

    def test_recordings_in_an_archive_are_answered_one_by_one(self, run: Any, file: Any) -> None:
        archive = file(
            zipped(
                {
                    "activities.csv": b"a,b",
                    "run.fit.gz": gzipped(FIT),
                    "planned\x1b[2J.fit": fit_file(recorded(9), file_type=COURSE),
                    "walk.tcx": TCX,
                }
            )
        )
        ran = run("workout", archive, "--mass", "70kg", "--json")
        planned = "planned?[2J.fit: This was planned, not done: send the recorded activity."
        assert (ran.code, ran.err) == (0, f"retrorun: {planned}\n")
        run_alone, walk_alone = (
            json.loads(run("workout", file(data), "--mass", "70kg", "--json").out) for data in (FIT, TCX)
        )
        assert json.loads(ran.out) == [
            {"file": "run.fit.gz", "answer": run_alone},
            {"file": "planned?[2J.fit", "errors": [planned]},
            {"file": "walk.tcx", "answer": walk_alone},
        ]
        ran = run("workout", file(zipped({"run.fit": FIT, "walk.tcx": TCX})), "--mass", "70kg")
        assert (ran.code, ran.err) == (0, "")
        for name, data in (("run.fit", FIT), ("walk.tcx", TCX)):
            alone = run("workout", file(data), "--mass", "70kg").out
            assert f"{name}\n{'=' * len(name)}\n\n{alone}" in ran.out

    def test_an_archive_of_one_recording_is_that_recording(self, run: Any, file: Any) -> None:
        alone = run("workout", file(FIT), "--mass", "70kg", "--json").out
        for data in (gzipped(FIT), zipped({"a.txt": b"a", "run.fit": FIT}), zipped({"run.fit.gz": gzipped(FIT)})):
            assert run("workout", file(data), "--mass", "70kg", "--json").out == alone

    def test_an_archive_without_an_answer_is_a_mistake(self, run: Any, file: Any) -> None:
        course = fit_file(recorded(9), file_type=COURSE)
        ran = run("workout", file(zipped({"1.fit": course, "2.fit": course})), "--mass", "70kg")
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 2)
        ran = run("workout", file(zipped({"1.fit": FIT, "2.fit": FIT})))
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "retrorun: --mass: This field is required. Body mass of an adult. Give a number in kg.\n"
        ran = run("workout", file(zipped({"1.fit": FIT})[:-9]), "--mass", "70kg")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("retrorun: FILE: The archive is damaged")

    def test_an_option_replaces_the_value_of_the_file(self, run: Any, file: Any) -> None:
        ran = run("workout", file(WORKOUT), "--mass", "80 kg", "--interval", "50%", "--json")
        expected = answer_in_view(workout, {"body_mass_kg": 80.0, "segments": SEGMENTS, "interval": 0.5})
        assert ran.out.encode() == encode(expected) + b"\n"

    @pytest.mark.parametrize(
        ("name", "message"),
        [
            ("missing.fit", "Cannot read this file: No such file or directory."),
            (".", "Cannot read this file: Is a directory."),
            ("\0.fit", "Cannot read this file: this is not a valid file name."),
        ],
    )
    def test_no_file_is_one_sentence(self, run: Any, tmp_path: Path, name: str, message: str) -> None:
        ran = run("workout", str(tmp_path / name), "--mass", "70kg")
        assert (ran.code, ran.out, ran.err) == (2, "", f"retrorun: FILE: {message}\n")

    def test_a_file_is_required(self, run: Any) -> None:
        ran = run("workout", "--mass", "70kg")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("retrorun: the following arguments are required: FILE")

    @pytest.mark.parametrize(
        ("content", "words", "lines"),
        [
            (b"{", [], ["FILE: The body is not valid JSON at line 1, column 1. The text ends there"]),
            (b"[]", [], ["FILE: "]),
            (b"PK\x03\x04", ["--mass", "70kg"], ["FILE: The archive is damaged"]),
            (b"running", ["--mass", "70kg"], ["FILE: The file is not GPX, TCX or FIT"]),
            (b"", ["--mass", "70kg"], ["FILE: The file is empty"]),
            (b"<gpx>", ["--mass", "70kg"], ["FILE: "]),
            ({"segments": SEGMENTS}, [], ["--mass: This field is required."]),
            (WORKOUT | {"body_mass_kg": 10}, [], ["FILE /body_mass_kg: Give a number from 30 to 250 kg."]),
            (WORKOUT, ["--mass", "10kg"], ["--mass, in kg: Give a number from 30 to 250 kg."]),
            (WORKOUT, ["--mass", "70"], ["--mass: Give it with its unit, kg"]),
            (
                {**WORKOUT, "segments": [{"speed_m_s": 99}]},
                [],
                ["FILE /segments/0/speed_m_s: Give a number from 0.2 to 8 m/s."],
            ),
            ({**WORKOUT, "segments": [{"speed_m_s": 2}]}, [], ["FILE /segments/0: Give exactly two of speed_m_s, "]),
            ({**WORKOUT, "pace": 5}, [], ["FILE: Unknown field"]),
            (WORKOUT, ["--age", "40"], ["FILE: Give age_y, sex and height_m together"]),
            (
                WORKOUT,
                ["--backward", "1:00-2:00", "--gait", "run"],
                ["--backward: Use this only with a watch file", "--gait: Use this"],
            ),
            (WORKOUT, ["--energy-model", "run=looney2019"], ["--energy-model run: "]),
            (WORKOUT, ["--include", "profile"], ["--include 1: Give one of: segments,"]),
        ],
    )
    def test_a_mistake_is_one_line_each_and_exit_code_2(
        self, run: Any, file: Any, content: Any, words: list[str], lines: list[str]
    ) -> None:
        ran = run("workout", file(content), *words)
        assert (ran.code, ran.out) == (2, "")
        said = ran.err.splitlines()
        assert len(said) == len(lines), said
        for line, start in zip(said, lines, strict=True):
            assert line.startswith(f"retrorun: {start}")
            assert line.endswith((".", "?"))

    @pytest.mark.parametrize(
        ("words", "line"),
        [
            (["--mass", "70kg", "--backward", "10-0:20"], "--backward 1 from: Give it as on a watch, m:ss or h:mm:ss"),
            (["--mass", "70kg", "--backward", "0:10-0:05"], "--backward 1: The end must come after the start"),
            (["--mass", "70kg", "--backward", "0:10-", "--backward", "0:10-99:00"], "--backward 2 to, in s: This"),
            (["--mass", "70kg", "--age", "40"], "Give --age, --sex and --height together"),
            ([], "--mass: This field is required."),
        ],
    )
    def test_a_wrong_option_for_a_recording_is_named(self, run: Any, file: Any, words: list[str], line: str) -> None:
        ran = run("workout", file(FIT), *words)
        assert (ran.code, ran.out, len(ran.err.splitlines())) == (2, "", 1)
        assert ran.err.startswith(f"retrorun: {line}")

    def test_a_missing_library_for_watch_files_is_named(
        self, run: Any, file: Any, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "multipart", None)
        ran = run("workout", file(FIT), "--mass", "70kg")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("retrorun: FILE: ")
        assert "retrorun[track]" in ran.err


MISTAKES = [
    ("solve --mass 70kg", ["--find: This field is required."]),
    ("solve --find pace --mass 70kg", ["--find: Give one of: bout, speed,"]),
    ("solve --find bout --mass 70 --met x", ["--mass: Give it with its unit", "--met: Give it in MET: 8, 8MET."]),
    ("solve --find bout --mass 70kg --met 8", ["--met: find bout does not use this"]),
    ("solve --find speed --mass 70kg --gait run --met 99", ["--met, in MET: Give a number from 1 to 35 MET."]),
    ("solve --find speed --mass 70kg --met 8", ["--gait: Give gait: run or walk."]),
    ("solve --find speed-range --mass 70kg --gait run --peak-vertical-force 0.2", ["--peak-vertical-force: "]),
    (
        "solve --find speed-range --mass 70kg --gait run --peak-vertical-force 0.8",
        ["--peak-vertical-force: Running cannot meet this in either direction. Possible: "],
    ),
    (
        "plan --mass 70kg --goal least-load",
        ["--active-energy: The goal least_load needs", "--indicator: The goal least_load needs"],
    ),
    ("plan --mass 70kg --goal most-energy --duration 20min --limit knee=3", ["--limit: Give each as name=value"]),
    (
        "plan --mass 70kg --goal most-energy --duration 20min --limit peak-vertical-force=x --limit oxygen-uptake=50",
        ["--limit peak-vertical-force: Give it in body", "--limit oxygen-uptake: Give it with its unit, ml/kg/min"],
    ),
    (
        "plan --mass 70kg --goal most-energy --duration 20min --limit peak-vertical-force=3,peak-vertical-force=2",
        ["--limit peak-vertical-force: Give it once."],
    ),
    (
        "plan --mass 70kg --goal most-energy --duration 20min --limit peak-vertical-force=99",
        ["--limit peak-vertical-force, in BW: Give a number from 0.1 to 10 BW."],
    ),
    ("plan --goal most-energy --masss 70kg", ["unrecognized arguments: --masss 70kg; see retrorun plan --help."]),
]


class TestHelp:
    @pytest.mark.parametrize("name", QUESTION_HELP)
    def test_every_example_works(self, run: Any, name: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        monkeypatch.chdir(tmp_path)
        (tmp_path / "intervals.json").write_text(json.dumps(WORKOUT), encoding="utf-8")
        (tmp_path / "morning.fit").write_bytes(TCX)
        (tmp_path / "october.zip").write_bytes(zipped({"run.fit": FIT, "walk.tcx": TCX}))
        for example in QUESTION_HELP[name].examples:
            assert f"  retrorun {name} {example}\n" in run(f"{name} --help").out
            # The test recording is shorter than that of the example.
            ran = run(f"{name} {example}".replace("20:00 --backward 31:00", "15:00 --backward 16:00"))
            assert (ran.code, ran.err) == (0, ""), example


class TestMistakes:
    @pytest.mark.parametrize(("words", "lines"), MISTAKES)
    def test_a_mistake_is_one_line_each_and_exit_code_2(self, run: Any, words: str, lines: list[str]) -> None:
        ran = run(*words.split())
        assert (ran.code, ran.out) == (2, "")
        said = ran.err.splitlines()
        assert len(said) == len(lines), said
        for line, start in zip(said, lines, strict=True):
            assert line.startswith(f"retrorun: {start}")
            assert line.endswith((".", "?"))

    def test_help_of_the_program_loads_no_models(self) -> None:
        program = (
            "import sys; from retrorun.app.cli.main import main\n"
            "try: main(['--help'])\n"
            "except SystemExit: pass\n"
            "print(*sys.modules, file=sys.stderr)"
        )
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=30)
        assert not {"numpy", "pydantic", "fastapi", "retrorun.app.cli.questions", "retrorun.models.plan.plan"} & set(
            ran.stderr.split()
        )
        assert all(f"    {name} " in ran.stdout for name in EXPLAINED)


class TestSolveTable:
    def test_a_bout_is_shown_with_its_time_and_intervals(self, run: Any) -> None:
        ran = run(*ASKED[0][0].split())
        answer = solve(find="bout", body_mass_kg=70.0, total_energy_kcal=300.0, speed_m_s=2.5)
        assert ran.said.startswith(
            "Input find bout; body mass 70 kg; total energy 300 kcal; speed 9 km/h "
            "Each direction meets the target separately. Its value meets the target; the ends of its interval do not. "
            "Beside each value is its interval, which aims to include 90 % of people."
        )
        sides = [answer[side]["duration_s"] for side in ("forward", "backward")]
        minutes = [[f"{side[end] / 60:.1f}" for end in ("value", "low", "high")] for side in sides]
        assert row(ran.out, "Time") == ["min", *(text for v, low, high in minutes for text in (v, f"{low}–{high}"))]
        assert row(ran.out, "Pace") == ["min/km", "6:40", "6:40"]

    def test_a_pace_has_its_interval_the_fast_end_first(self, run: Any) -> None:
        ran = run("solve --find speed --mass 70kg --met 10 --gait run")
        # 2.918 m/s is 343 s a kilometre; from 3.596 m/s, 278 s, to 2.368 m/s, 422 s.
        assert row(ran.out, "Pace")[1:3] == ["5:43", "4:38–7:02"]
        assert "oxygen uptake 10 MET" in ran.said
        assert "Evidence grade: A several" in ran.said

    @pytest.mark.parametrize(
        ("words", "asked"),
        [
            ("equal-cost-speed --speed 9km/h", "find equal cost speed; body mass 70 kg; speed 9 km/h"),
            ("equal-cost-speed --backward-speed 9km/h --gait run", "backward speed 9 km/h; gait run"),
            ("level-speed --speed 9km/h --grade 5%", "speed 9 km/h; slope 5 %"),
            ("bout --active-energy 200kcal --duration 20min --gait run", "active energy 200 kcal; time 20 min; gait"),
            ("speed-range --achilles-relative-load 0.9 --gait run", "find speed range; body mass 70 kg; Achilles load"),
        ],
    )
    def test_the_input_is_shown(self, run: Any, words: str, asked: str) -> None:
        ran = run(*f"solve --mass 70kg --find {words}".split())
        assert ran.code == 0
        assert asked in ran.said.partition("Each direction")[0]

    def test_a_target_that_is_not_possible_shows_the_possible_range(self, run: Any) -> None:
        ran = run("solve --find bout --mass 70kg --total-energy 900kcal --duration 20min --gait run")
        answer = solve(find="bout", body_mass_kg=70.0, total_energy_kcal=900.0, duration_s=1200.0, gait="run")
        reach = answer["forward"]["unattainable"]
        assert row(ran.out, "Speed")[:3] == ["km/h", "not", "possible"]
        assert (
            f"Not possible Forward: total energy can only be {reach['low']:.4g} to {reach['high']:.4g} kcal" in ran.said
        )
        assert "there is no estimate" not in ran.said

    def test_ranges_are_rows_and_unknown_ones_are_named(self, run: Any) -> None:
        ran = run("solve --find speed-range --mass 70kg --knee-extensor-moment-ratio 90% --gait run")
        assert row(ran.out, "Speeds")[:2] == ["km/h", "unknown"]
        assert "knee moment 0.9 (90%); gait run Each" in ran.said
        assert "(4" not in run("solve --find speed-range --mass 70kg --patellofemoral-peak-force 4 --gait run").out
        assert "the ends of its interval do not" in ran.said
        assert "Beside each value" not in ran.said
        two = {"gait": "run", "find": "speed_range", "assumed": {}, "warnings": []} | {
            "forward": {"speed_ranges": [{"low_speed_m_s": 1.0, "high_speed_m_s": 2.0}]},
            "backward": {"speed_ranges": [{"low_speed_m_s": a, "high_speed_m_s": a + 1} for a in (1.0, 3.0)]},
        }
        text = table("solve", two, {"body_mass_kg": 70.0, "peak_vertical_force_bw": 2.0}, Page(80))
        assert row(text, "Speeds") == ["km/h", "3.60–7.20", "3.60–7.20,", "10.80–14.40"]

    def test_a_probability_is_in_percent_with_the_estimate_beside_it(self, run: Any) -> None:
        asked = "solve --find probability --mass 70kg --speed 9km/h --duration 20min"
        ran = run(f"{asked} --total-energy 250kcal")
        answer = json.loads(run(f"{asked} --total-energy 250kcal --json").out)
        for name, label in (("more_than", "Above your value"), ("at_most", "At or below it")):
            shown = [f"{100 * answer[side]['probability'][name]:.1f}" for side in ("forward", "backward")]
            assert row(ran.out, label) == ["%", *shown]
        assert "from the same spread as the interval" in ran.said
        assert "meets the target" not in ran.said
        assert row(run(f"{asked} --achilles-relative-load 1.1").out, "Above your value")[2] == "unknown"

    @pytest.mark.parametrize("find", get_args(Find))
    @pytest.mark.parametrize("width", [50, 80, 200])
    def test_lines_fit(self, find: Find, width: int) -> None:
        given: dict[str, dict[str, Any]] = {
            "bout": {"total_energy_kcal": 300.0, "speed_m_s": 2.5},
            "speed": {"met": 10.0, "gait": "run"},
            "equal_cost_speed": {"speed_m_s": 2.5},
            "level_speed": {"speed_m_s": 2.5, "grade": 0.05},
            "speed_range": {"patellofemoral_impulse_per_km_bw_s": 300.0, "gait": "run"},
            "probability": {"total_energy_kcal": 250.0, "speed_m_s": 2.5, "duration_s": 1200.0},
        }
        request = given[find] | {"find": find, "body_mass_kg": 70.0}
        lines = table("solve", json.loads(encode(solve(**request))), request, Page(width)).splitlines()
        assert max(map(len, lines)) <= min(width, 100)
        assert all(line == line.rstrip() for line in lines)


class TestPlanTable:
    def test_the_probability_of_each_limit_is_said_for_each_plan(self, run: Any) -> None:
        asked = "plan --goal most-energy --mass 70kg --duration 20min --limit peak-vertical-force=3"
        ran = run(f"{asked} --confidence 90%")
        answer = json.loads(run(f"{asked} --confidence 90% --json").out)
        assert "confidence 90 %" in ran.said
        chances = [100 * way["probabilities"][0]["at_most"] for way in (answer, *map(answer.get, WAYS[1:]))]
        plan, forward, backward = (f"peak ground force {chance:.1f} %" for chance in chances)
        shown = f"One person stays within each limit Plan: {plan} Forward only: {forward} Backward only: {backward}"
        assert shown in ran.said
        assert "confidence 50 %" in run(asked).said

    def test_the_bouts_and_what_limits_the_plan_are_said(self, run: Any) -> None:
        ran = run(*ASKED[3][0].split())
        answer = json.loads(run(*ASKED[3][0].split(), "--json").out)
        assert "goal most energy" in ran.said
        assert (
            "limits knee-cap impulse 900 BW·s, peak ground force 3 BW, oxygen uptake 50 ml/kg/min"
            in ran.said.partition("Forward only and backward only are")[0]
        )
        for bout in answer["bouts"]:
            assert f"at {bout['speed_m_s'] * 3.6:.4g} km/h" in ran.said
            assert f"energy {interval_text('total_energy_kcal', bout['total_energy_kcal'])}" in ran.said
        limits = ", ".join(in_words(name) for name in answer["binding"]).replace("speed range", "the speeds studied")
        assert f"Limited by {limits} Forward only" in ran.said
        energy = answer["totals"]["active_energy_kcal"]
        assert row(ran.out, "Active energy")[1:3] == [
            f"{energy['value']:.0f}",
            f"{energy['low']:.0f}–{energy['high']:.0f}",
        ]

    @pytest.mark.parametrize("width", [60, 80, 200])
    def test_lines_fit(self, width: int) -> None:
        request = ASKED[3][2]
        lines = table("plan", json.loads(encode(plan(**request))), request, Page(width)).splitlines()
        assert all(line == line.rstrip() for line in lines)
        assert max(map(len, lines)) <= min(width, 100)

    def test_a_warning_names_options(self, run: Any) -> None:
        said = run("plan --goal most-energy --mass 70kg --duration 20min").said
        assert "as --backward-speed-high, then" in said
        assert "--oxygen-uptake-max and a limit of" in said

    def test_the_stretches_and_weeks_of_a_plan_are_listed(self, run: Any) -> None:
        words = "plan --goal most-energy --gait walk --mass 70kg --duration 30min --fixed-speeds --speed-high 5km/h"
        text = run(f"{words} --backward-speed-high 4.2km/h --longest-backward 1min --experience never --place path").out
        assert "Backward, 6 times: 70 m in 1 min at 4.2 km/h" in text
        assert "Week 1: 2 sessions of 3 x 1 min backward, 4 min forward\n" in text
        assert "Week 4: 2 sessions of 6 x 1 min backward, 4 min forward\n" in text

    def test_rest_is_a_row_in_every_way(self, run: Any) -> None:
        words = "plan --goal most-energy --mass 70kg --duration 20min --limit patellofemoral-impulse-per-bout=300"
        answer = json.loads(run(*words.split(), "--json").out)
        text = run(*words.split()).out
        assert answer["forward_only"]["rest_s"] > 60
        assert "unknown" not in row(text, "Rest")

    def test_a_missing_plan_is_named(self) -> None:
        request: dict[str, Any] = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": 1200.0}
        answer = json.loads(encode(plan(**request)))
        del answer["forward_only"]
        text = table("plan", answer, request, Page(80))
        assert "Forward only\n  No plan meets the goal\n" in text
        assert "Total energy plan" in text
        assert "Total energy forward only" not in text

    def test_a_load_that_one_way_lacks_has_no_grade_there(self, run: Any) -> None:
        text = run("plan --goal least-load --mass 70kg --active-energy 150kcal --indicator peak-vertical-force").out
        assert row(text, "Tibial compression")[-1].split("/")[-1] == "–"
        assert row(text, "Tibial compression")[-1].count("/") == 2
        assert "Peak ground force plan" in text


class TestWorkoutTable:
    def test_a_workout_is_shown_as_given_and_reversed(self, run: Any, file: Any) -> None:
        ran = run("workout", file(WORKOUT))
        answer = workout(**WORKOUT)
        assert ran.said.startswith("Input body mass 70 kg; segments 2 given Reversed means every segment in the ")
        assert "Parts Forward: 1.5 km in 10 min, energy 106 kcal (88–127) Backward: 900 m in 6 min, energy " in ran.said
        energies = [answer["totals"]["total_energy_kcal"], answer["reversed"]["total_energy_kcal"]]
        ratio = answer["ratio"]["total_energy"]
        assert row(ran.out, "Total energy") == [
            "kcal",
            *(text for one in energies for text in (f"{one['value']:.0f}", f"{one['low']:.0f}–{one['high']:.0f}")),
            f"{ratio['value']:.2f}",
            f"{ratio['low']:.2f}–{ratio['high']:.2f}",
            "/".join(one["evidence"] for one in energies),
        ]
        impulse = answer["ratio"]["patellofemoral_impulse_per_km"]
        assert f"{impulse['low']:.2f}–{impulse['high']:.2f}" in row(ran.out, "Knee-cap impulse")
        cadence = answer["ratio"]["cadence"]
        assert row(ran.out, "Number")[-3:-1] == [
            f"{cadence['value']:.2f}",
            f"{cadence['low']:.2f}–{cadence['high']:.2f}",
        ]
        assert row(ran.out, "Moving") == ["min", "16.0", "16.0"]
        assert "The order is as given/reversed." in ran.said
        assert "of the moving time: tibial compression." in ran.said
        assert "energy models run looney2025" in ran.said

    def test_loads_that_are_unknown_in_a_part_say_of_what_share_they_are(self, run: Any, file: Any) -> None:
        run_ = {"speed_m_s": 2.5, "duration_s": 590}
        ran = run("workout", file(WORKOUT | {"segments": [run_, run_ | {"duration_s": 10, "grade": 0.011}]}))
        # 590 of 600 s is 98 %. Tibial compression is known forward on the slope and never backward.
        loads = "peak ground force, peak knee-cap force, knee-cap impulse, Achilles load"
        assert f"Known for only 98 % of the moving time: {loads}." in ran.said
        assert "moving time: tibial" not in ran.said
        assert "Known for only" not in run("workout", file(WORKOUT | {"segments": [run_]})).out

    def test_a_mass_typed_in_pounds_is_shown_beside_the_mass_in_kg(self, run: Any, file: Any) -> None:
        assert "body mass 69.85 kg (154 lb)" in run("workout", file(WORKOUT), "--mass", "154 lb").said

    def test_segments_are_listed_when_asked_for(self, run: Any, file: Any) -> None:
        lines = run("workout", file(WORKOUT), "--include", "segments").out.splitlines()
        place = lines.index("Segments")
        segments = " ".join(lines[place + 1 : lines.index("", place)])
        first, second = segments.split("  1 run ")
        assert first.startswith("  0 run forward: 1.5 km in 10 min at 9 km/h, 6:40 min/km, energy ")
        assert second.startswith("backward, 6 times: 150 m in 1 min at 9 km/h, ")

    def test_a_recording_shows_what_was_removed(self, run: Any, file: Any) -> None:
        ran = run("workout", file(TCX), "--mass", "70kg")
        answer = track(points=read_watch_file(TCX).points, body_mass_kg=70.0)
        report = answer["track"]
        assert f"points {report['points']}; unusable points {report['unusable_points']}; removed spikes " in ran.said
        assert f"pauses {report['pauses']}; paused " in ran.said
        assert report["smoothing"].rstrip(".") in ran.said
        assert "Backward: " not in ran.said

    def test_a_recording_shows_its_sessions_and_what_the_watch_measured(self, run: Any, file: Any) -> None:
        run_and_ride = recorded(2000)
        run_and_ride.session[1200:] = 1
        recording = fit_file(run_and_ride, (Session("running"), Session("cycling")))
        ran = run("workout", file(recording), "--mass", "70kg")
        lines = ran.out.splitlines()
        place = lines.index("Sessions")
        assert lines[place + 1].startswith("  Running, start 0 s: ")
        assert " km in 19 min 59 s, energy " in lines[place + 1]
        assert lines[place + 2] == "  Cycling, start 20 min: not used"
        answer = json.loads(run("workout", file(recording), "--mass", "70kg", "--json").out)
        assert "Forward: cadence 160 steps/min (155–165), step length " in ran.said
        assert ", heart rate 150 beats/min" in ran.said
        narrower = answer["measured"]["steps_narrower"]
        assert f"Width of the ranges, of that without the watch: steps {100 * narrower:.0f} %" in ran.said
        assert " Level pace " in ran.out

    def test_one_session_without_measurements_is_not_listed(self, run: Any, file: Any) -> None:
        points = recorded(600)._replace(cadence_per_min=np.full(600, np.nan), heart_rate_per_min=np.full(600, np.nan))
        ran = run("workout", file(fit_file(points, (Session("running"),))), "--mass", "70kg")
        assert "Sessions" not in ran.out.splitlines()
        assert "Measured by the watch" not in ran.out

    @pytest.mark.parametrize("width", [60, 72, 80, 200])
    def test_lines_fit(self, width: int) -> None:
        lines = table("workout", json.loads(encode(workout(**WORKOUT))), WORKOUT, Page(width)).splitlines()
        assert all(line == line.rstrip() for line in lines)
        assert max(map(len, lines)) <= min(width, 100)


def eighths(line: str) -> int:
    """Return how many eighths of a column the bar of a line has."""
    return sum(8 if mark == "█" else "▏▎▍▌▋▊▉".index(mark) + 1 for mark in line if 0x2588 <= ord(mark) <= 0x258F)


class TestBars:
    @pytest.mark.parametrize("width", [60, 80, 100, 300])
    @pytest.mark.parametrize("ratio", [0.001, 0.3, 0.5, 0.77, 0.999, 1.0])
    def test_lengths_are_proportional_and_lines_fit(self, width: int, ratio: float) -> None:
        short, long = bars({"Forward": (275.0 * ratio, "a kcal"), "Backward": (275.0, "275 kcal")}, Page(width))
        assert len(long) == min(width, 100)
        assert eighths(long) == 8 * (len(long) - len("Backward  ") - len(" 275 kcal"))
        assert eighths(short) == pytest.approx(ratio * eighths(long), abs=1)
        assert short.startswith("Forward   ")
        assert short.endswith(" a kcal")

    def test_an_encoding_without_blocks_gets_hashes(self) -> None:
        first, second = bars({"a": (1.0, "1"), "b": (2.0, "2")}, Page(45, blocks=False))
        assert (first.count("#"), second.count("#")) == (20, 40)
        assert (first + second).isascii()

    def test_there_are_no_bars_without_values_or_room(self) -> None:
        assert bars({"a": (0.0, "0"), "b": (0.0, "0")}, Page(80)) == []
        assert bars({"Forward": (1.0, "1 kcal"), "Backward": (2.0, "2 kcal")}, Page(20)) == []

    def test_an_estimate_has_a_bar_of_its_energy_each_way(self, run: Any) -> None:
        words = "estimate --mass 70kg --speed 9km/h --duration 20min"
        forward, backward = (line for line in run(words).out.splitlines() if line.startswith("Total energy "))
        assert forward.endswith(" 211 kcal")
        assert backward.endswith(" 275 kcal")
        assert eighths(forward) / eighths(backward) == pytest.approx(1 / 1.3, abs=0.005)
        assert "█" not in run(f"{words} --include load").out

    def test_the_first_quantity_that_differs_is_drawn(self, run: Any) -> None:
        def drawn(*words: str) -> list[str]:
            return [line for line in run(*words).out.splitlines() if "█" in line]

        forward, backward = drawn(*ASKED[0][0].split())
        assert forward.startswith("Time forward ")
        assert eighths(backward) / eighths(forward) == pytest.approx(1 / 1.3, abs=0.005)
        bout = ["estimate", "--mass", "70kg", "--speed", "9km/h", "--duration", "20min", "--equal", "metabolic-rate"]
        for words in (ASKED[1][0].split(), bout):
            assert [line.split()[:2] for line in drawn(*words)] == [["Speed", "forward"], ["Speed", "backward"]]
        assert drawn(*ASKED[4][0].split())[0].startswith("Peak ground force plan ")

    def test_an_encoding_without_blocks_gets_hashes_on_the_way_out(self) -> None:
        ran = subprocess.run(
            [sys.executable, "-m", "retrorun.app.cli", *ASKED[0][0].split()],
            env={"PYTHONIOENCODING": "latin-1", "COLUMNS": "80"},
            cwd=ROOT,
            capture_output=True,
            check=True,
            timeout=60,
        )
        assert b"Time forward   ####" in ran.stdout
        assert b"?" not in ran.stdout


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    command = [sys.executable, "-m", "retrorun.app.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said.startswith("RetroRun listens on http://"), said
            yield said.split()[3]
        finally:
            process.kill()


class TestUrl:
    @pytest.mark.parametrize("words", [words for words, _, _ in ASKED])
    def test_a_running_service_answers_the_same(self, run: Any, url: str, words: str) -> None:
        for more in ([], ["--json"]):
            asked, computed = (run(*words.split(), *more, *last) for last in (["--url", f"{url}/"], []))
            assert (asked.code, asked.err) == (0, "")
            assert asked.out == computed.out

    def test_it_takes_workouts_and_recordings(self, run: Any, url: str, file: Any) -> None:
        for content, words in ((WORKOUT, []), (FIT, ["--mass", "70kg", "--backward", "0:10-0:30"])):
            for more in ([], ["--json"]):
                asked, computed = (run("workout", file(content), *words, *more, *last) for last in (["--url", url], []))
                assert (asked.code, asked.err) == (0, "")
                assert asked.out == computed.out

    @pytest.mark.parametrize("words", [words for words, _ in MISTAKES if "masss" not in words])
    def test_its_problems_read_the_same(self, run: Any, url: str, words: str) -> None:
        asked, computed = (run(*words.split(), *more) for more in (["--url", url], []))
        assert (asked.code, asked.out) == (2, "")
        assert asked.err == computed.err

    @pytest.mark.parametrize("content", [b"{", b"[]", b"PK\x03\x04", b"running", b"<gpx>", {"segments": []}])
    def test_its_problems_with_a_file_read_the_same(self, run: Any, url: str, file: Any, content: Any) -> None:
        path = file(content)
        asked, computed = (run("workout", path, "--mass", "70kg", *more) for more in (["--url", url], []))
        assert (asked.code, asked.out) == (2, "")
        assert asked.err == computed.err

    def test_another_answer_is_not_taken_for_it(self, run: Any, url: str) -> None:
        ran = run(*ASKED[0][0].split(), "--url", f"{url}/nowhere")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err.startswith("retrorun: --url: The service answered 404 Not Found: ")
