"""The command line: units, the answers of the service, tables, errors and `serve`."""

import json
import os
import pty
import re
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any, get_args, get_type_hints

import httpx
import pytest

from retrorun.app.cli.answer_table import GROUPS, NAMES, table
from retrorun.app.cli.client import is_loopback
from retrorun.app.cli.main import main
from retrorun.app.cli.options import accepts, object_of, option
from retrorun.app.cli.questions import OPTIONS_OF, QUESTIONS
from retrorun.app.cli.terminal import Page
from retrorun.app.cli.units import NotUnderstood, si
from retrorun.app.contract.openapi import contract_text
from retrorun.app.http.access import line_of
from retrorun.app.http.problems import encode
from retrorun.app.main import create_app
from retrorun.models import __version__
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.views import estimate_in_view
from retrorun.models.vocabulary.answer import Bout, Load
from retrorun.models.vocabulary.choices import Equal
from retrorun.models.vocabulary.quantities import INPUTS, QUANTITIES

FIELDS = QUESTIONS["estimate"].fields
NUMBERS = sorted(
    {
        name
        for shape in OPTIONS_OF.values()
        for field, hint in get_type_hints(shape).items()
        for name, kind in (get_type_hints(object_of(hint)) if object_of(hint) else {field: hint}).items()
        if kind is float
    }
)
BOUT_SENT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
BOUT = ["--mass", "70 kg", "--speed", "9 km/h", "--duration", "20min"]
PROGRAM = [sys.executable, "-m", "retrorun.app.cli"]


class Ran:
    """The exit code and output of one run of the command line."""

    def __init__(self, code: int, out: str, err: str) -> None:
        self.code, self.out, self.err = code, out, err


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setenv("COLUMNS", "80")

    def ran(*words: str) -> Ran:
        try:
            code = main(words)
        except SystemExit as end:
            code = int(end.code or 0)
        captured = capsys.readouterr()
        return Ran(code, captured.out, captured.err)

    return ran


# Each expected value follows from a definition. SI brochure, 9th edition (2019), table 8: minute 60 s, hour
# 3600 s. International yard and pound agreement (1959): yard 0.9144 m, pound 0.45359237 kg; a yard is 3 feet, a
# foot 12 inches, a mile 1760 yards, a stone 14 pounds.
AMOUNTS = [
    ("speed_m_s", "9 km/h", 2.5),
    ("speed_m_s", "10km/h", 10 / 3.6),
    ("speed_m_s", "10 KM/H", 10 / 3.6),
    ("speed_m_s", "10 kmh", 10 / 3.6),
    ("speed_m_s", "2.5 m/s", 2.5),
    ("speed_m_s", "2.5 m / s", 2.5),
    ("speed_m_s", "6mph", 6 * 1760 * 0.9144 / 3600),
    ("speed_m_s", "5:30 min/km", 1000 / 330),
    ("speed_m_s", "5:30/km", 1000 / 330),
    ("speed_m_s", "5.5min/km", 1000 / 330),
    ("speed_m_s", "5min30s/km", 1000 / 330),
    ("speed_m_s", "8:00 min/mile", 1760 * 0.9144 / 480),
    ("speed_m_s", "8 min/mi", 1760 * 0.9144 / 480),
    ("duration_s", "20min", 1200.0),
    ("duration_s", "45 min", 2700.0),
    ("duration_s", "90s", 90.0),
    ("duration_s", "1.5h", 5400.0),
    ("duration_s", "1h30", 5400.0),
    ("duration_s", "1 h 30 min 15 s", 5415.0),
    ("duration_s", "1:30:00", 5400.0),
    ("duration_s", "0:20:30.5", 1230.5),
    ("distance_m", "400 m", 400.0),
    ("distance_m", "10k", 10_000.0),
    ("distance_m", "440 yd", 440 * 0.9144),
    ("distance_m", "100 yards", 100 * 0.9144),
    ("distance_m", "42.195km", 42195.0),
    ("distance_m", "1 mile", 1760 * 0.9144),
    ("distance_m", "3.1mi", 3.1 * 1760 * 0.9144),
    ("body_mass_kg", "70kg", 70.0),
    ("body_mass_kg", "70.5 KG", 70.5),
    ("body_mass_kg", "154 lb", 154 * 0.45359237),
    ("body_mass_kg", "154lbs", 154 * 0.45359237),
    ("body_mass_kg", "11st4", (11 * 14 + 4) * 0.45359237),
    ("body_mass_kg", "11 st", 11 * 14 * 0.45359237),
    ("height_m", "1.8m", 1.8),
    ("height_m", "1m80", 1.8),
    ("height_m", "180cm", 1.8),
    ("height_m", "5ft11", (5 * 12 + 11) * 0.9144 / 36),
    ("height_m", "5 ft 11 in", (5 * 12 + 11) * 0.9144 / 36),
    ("height_m", "5'11\"", (5 * 12 + 11) * 0.9144 / 36),
    ("height_m", "71in", 71 * 0.9144 / 36),
    ("grade", "5%", 0.05),
    ("grade", "0.05", 0.05),
    ("grade", "-5 %", -0.05),
    ("grade", "−5%", -0.05),
    ("interval", "90%", 0.9),
    ("interval", "0.9", 0.9),
    ("step_rate_ratio", "105%", 1.05),
    ("age_y", "40", 40.0),
    ("age_y", "40 years", 40.0),
    ("speed_sd_m_s", "0.36 km/h", 0.1),
    ("body_mass_sd_kg", "500lb", 500 * 0.45359237),
    ("oxygen_uptake_max_ml_kg_min", "50 ml/kg/min", 50.0),
    ("backward_speed_m_s", "9 km/h", 2.5),
    ("metabolic_power_w_kg", "10.5 W/kg", 10.5),
    ("total_energy_kcal", "300 kcal", 300.0),
    ("met", "8", 8.0),
    ("patellofemoral_peak_force_bw", "4 BW", 4.0),
    ("patellofemoral_impulse_per_bout_bw_s", "900", 900.0),
    ("patellofemoral_impulse_per_bout_bw_s", "900 BW·s", 900.0),
    ("patellofemoral_impulse_per_km_bw_s", "300BWs/km", 300.0),
    ("from_s", "10:00", 600.0),
    ("to_s", "1:05:00", 3900.0),
    ("to_s", "90s", 90.0),
]

NO_AMOUNTS = [
    *((name, "10") for name in ("speed_m_s", "duration_s", "distance_m", "body_mass_kg", "height_m")),
    *((name, text) for name in ("speed_m_s", "grade", "age_y") for text in ("", "fast", "nan", "1e3", "--")),
    ("speed_m_s", "0:00 min/km"),
    ("speed_m_s", "/km"),
    ("speed_m_s", "-9 km/h"),
    ("speed_m_s", "9 km/h 3 m/s"),
    ("duration_s", "1:60:00"),
    ("duration_s", "30min 1h"),
    ("duration_s", "1h90"),
    ("duration_s", "1.5h30"),
    ("distance_m", "1,500 m"),
    ("distance_m", "1 0 km"),
    ("body_mass_kg", "9" * 400 + "kg"),
    ("body_mass_kg", "9" * 5000 + "kg"),
    ("height_m", "5ft13"),
    ("grade", "5 percent"),
    ("from_s", "600"),
    ("total_energy_kcal", "300"),
    ("met", "8 W/kg"),
]


class TestUnits:
    @pytest.mark.parametrize(("name", "text", "amount"), AMOUNTS)
    def test_an_amount_is_read_by_the_definition_of_its_unit(self, name: str, text: str, amount: float) -> None:
        assert si(name, text) == pytest.approx(amount, rel=1e-15)

    @pytest.mark.parametrize(("text", "amount"), [("9 km/h", 2.5), ("18km/h", 5.0), ("6:40 min/km", 2.5)])
    def test_an_amount_that_si_has_exactly_is_exact(self, text: str, amount: float) -> None:
        assert si("speed_m_s", text) == amount

    @pytest.mark.parametrize(("name", "text"), NO_AMOUNTS)
    def test_anything_else_is_refused_with_the_units_to_give(self, name: str, text: str) -> None:
        with pytest.raises(NotUnderstood, match=r"^Give it .+: .+\.$"):
            si(name, text)

    @pytest.mark.parametrize("name", NUMBERS)
    def test_every_example_in_a_refusal_is_understood(self, name: str) -> None:
        examples = accepts(name, float).removesuffix(".").partition(": ")[2].split(", ")
        quantity = INPUTS[name]
        assert examples
        for example in examples:
            assert quantity.low <= si(name, example) <= quantity.high, example


class TestEstimate:
    def test_the_json_is_that_of_the_model(self, run: Any) -> None:
        ran = run("estimate", *BOUT, "--json")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out.encode() == encode(estimate_in_view(estimate, BOUT_SENT)) + b"\n"
        assert json.loads(ran.out)["forward"]["total_energy_kcal"]["value"] == pytest.approx(211.15, abs=0.01)

    @pytest.mark.anyio
    async def test_the_json_is_that_of_the_service(self, run: Any, client: httpx.AsyncClient) -> None:
        bout = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200, "equal": "metabolic_rate"}
        served = await client.post("/estimate", json=bout)
        assert run("estimate", *BOUT, "--equal", "metabolic_rate", "--json").out.encode() == served.content + b"\n"

    def test_all_equations_are_listed_with_the_reason_for_those_without_energies(self, run: Any) -> None:
        said = run(
            "estimate", "--mass", "70kg", "--speed", "2.1m/s", "--duration", "20min", "--energy-model", "all"
        ).out
        listed = " ".join(said.partition("Equations\n")[2].partition("\n\n")[0].split()).split("By ")[1:]
        assert [line.partition(":")[0] for line in listed] == ["looney2025", "acsm", "leger1984", "minetti2002"]
        assert all("forward " in line and " kcal (" in line and "backward " in line for line in listed)
        assert [", outside its data" in line for line in listed] == [False, False, True, False]
        said = run("estimate", *BOUT, "--grade", "-6%", "--energy-model", "all").out
        assert "By acsm: Acsm is not defined on this grade." in said

    def test_every_field_of_a_request_is_an_option(self, run: Any) -> None:
        words = {
            "body_mass_kg": "154 lb",
            "speed_m_s": "6 mph",
            "distance_m": "3.1 mi",
            "gait": "RUN",
            "grade": "-2%",
            "equal": "metabolic-rate",
            "energy_model": "looney2025",
            "direction_model": "documented",
            "age_y": "34",
            "sex": "Female",
            "height_m": "5ft6",
            "step_rate_ratio": "1.05",
            "interval": "80%",
            "speed_sd_m_s": "0.36 km/h",
            "body_mass_sd_kg": "1 lb",
            "oxygen_uptake_max_ml_kg_min": "50 ml/kg/min",
            "measurements": "speed=9km/h,oxygen-uptake=35ml/kg/min,grade=1%",
            "weight_support": "10%",
            "include": "energy, ratio",
            "view": "full",
        }
        # Personal factors replace measurements.
        assert {*words, "duration_s", "strict", "overground", "personal"} == set(FIELDS)
        ran = run(
            "estimate",
            "--json",
            "--overground",
            *(part for name, text in words.items() for part in (option(name), text)),
        )
        assert (ran.code, ran.err) == (0, "")
        asked = {
            "body_mass_kg": si("body_mass_kg", "154 lb"),
            "speed_m_s": si("speed_m_s", "6 mph"),
            "distance_m": si("distance_m", "3.1 mi"),
            "gait": "run",
            "grade": -0.02,
            "equal": "metabolic_rate",
            "energy_model": "looney2025",
            "direction_model": "documented",
            "age_y": 34,
            "sex": "female",
            "height_m": si("height_m", "5ft6"),
            "step_rate_ratio": 1.05,
            "interval": 0.8,
            "speed_sd_m_s": 0.1,
            "body_mass_sd_kg": si("body_mass_kg", "1lb"),
            "oxygen_uptake_max_ml_kg_min": 50,
            "measurements": [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 35, "grade": 0.01}],
            "weight_support": 0.1,
            "overground": True,
            "include": ["energy", "ratio"],
            "view": "full",
        }
        assert ran.out.encode() == encode(estimate_in_view(estimate, asked)) + b"\n"

    def test_strict_refuses_what_is_outside_the_evidence(self, run: Any) -> None:
        fast = ["--mass", "70kg", "--speed", "6m/s", "--duration", "1min"]
        assert run("estimate", *fast).code == 0
        ran = run("estimate", *fast, "--strict")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("retrorun: The speed is outside ")
        assert "--strict" in ran.err

    @pytest.mark.parametrize("name", ["gait", "equal", "energy_model", "direction_model", "sex"])
    def test_help_lists_the_choices_that_the_types_have(self, run: Any, name: str) -> None:
        ran = run("estimate", "--help")
        assert ran.code == 0
        assert f"One of: {', '.join(get_args(FIELDS[name]))}." in " ".join(ran.out.split())

    def test_help_explains_every_option_in_the_words_of_the_command_line(self, run: Any) -> None:
        text = run("estimate", "--help").out
        assert all(f"  {option(name)} " in text for name in FIELDS)
        assert "as in speed=10km/h,oxygen-uptake=30.7ml/kg/min. Names:" in " ".join(text.split())
        assert not [name for name in QUANTITIES if "_" in name and name in text]


ERRORS = [
    (["--mass", "70"], ["--mass: Give it with its unit, kg, lb or st: 70kg, 154lb, 11st4."]),
    (["--speed", "10", "--mass", "x"], ["--mass: Give it with its unit", "--speed: Give it with its unit"]),
    (["--mass", "20 kg"], ["--mass, in kg: Give a number from 30 to 250 kg."]),
    (
        ["--mass", "20 kg", "--grade", "-90%"],
        ["--mass, in kg: ", "--grade: Give a number from -0.5 to 0.9; 0.05 is 5 %."],
    ),
    (["--grade", "5"], ["--grade: Give a number from -0.5 to 0.9; 0.05 is 5 %. For percent, add %."]),
    (["--grade", "-5"], ["--grade: Give a number from -0.5 to 0.9; 0.05 is 5 %. For percent, add %."]),
    (["--interval", "95"], ["--interval: Give a number from 0.5 to 0.99; 0.9 is 90 %. For percent, add %."]),
    (["--gait", "hop"], ["--gait: Give one of: run, walk."]),
    (["--include", "energy,energy"], ["--include: Give each item once."]),
    (["--include", "energy,calories"], ["--include 2: Give one of: "]),
    (["--distance", "3 km"], ["Give exactly two of --speed, --duration and --distance; the third follows."]),
    (["--age", "40"], ["Give --age, --sex and --height together, or leave all three out."]),
    (["--measurement", "speed=9km/h,calories=3"], ["--measurement: Give each as name=value, separated by commas"]),
    (["--measurement", "speed=99km/h,oxygen-uptake=35ml/kg/min"], ["--measurement 1 speed, in m/s: Give a number"]),
    (
        ["--measurement", "speed=9,oxygen-uptake=35", "--age", "x"],
        [
            "--age: Give it in years",
            "--measurement 1 speed: Give it with its unit, m/s",
            "--measurement 1 oxygen-uptake: Give it with its unit, ml/kg/min",
        ],
    ),
    (
        ["--measurement", "speed=9km/h,oxygen-uptake=35ml/kg/min,grade=5"],
        ["--measurement 1 grade: Give a number from -0.5 to 0.9; 0.05 is 5 %. For percent, add %."],
    ),
    (["--duration", "25:60"], ["--duration: Give it with its unit, h, min or s, or as h:mm:ss: 20min"]),
    (["--spee", "9km/h"], ["unrecognized arguments: --spee 9km/h; see retrorun estimate --help."]),
]


class TestErrors:
    @pytest.mark.parametrize(("words", "lines"), ERRORS)
    def test_a_mistake_is_one_line_each_and_exit_code_2(self, run: Any, words: list[str], lines: list[str]) -> None:
        ran = run("estimate", *BOUT, *words)
        assert (ran.code, ran.out) == (2, "")
        said = ran.err.splitlines()
        assert len(said) == len(lines)
        for line, start in zip(said, lines, strict=True):
            assert line.startswith(f"retrorun: {start}")
            assert line.endswith((".", "?"))

    def test_percent_gets_no_advice_to_add_percent(self, run: Any) -> None:
        assert (
            run("estimate", *BOUT, "--grade", "95%").err
            == "retrorun: --grade: Give a number from -0.5 to 0.9; 0.05 is 5 %.\n"
        )

    @pytest.mark.parametrize(("words", "program"), [(["serve"], "retrorun serve"), ([], "retrorun")])
    def test_an_unknown_option_points_to_the_help_that_lists_them(
        self, run: Any, words: list[str], program: str
    ) -> None:
        ran = run(*words, "--prot")
        assert (ran.code, ran.err) == (2, f"retrorun: unrecognized arguments: --prot; see {program} --help.\n")

    def test_nothing_given_says_what_is_needed(self, run: Any) -> None:
        ran = run("estimate")
        assert ran.code == 2
        assert ran.err == (
            "retrorun: --mass: This field is required. Body mass of an adult. Give a number in kg.\n"
            "retrorun: Give exactly two of --speed, --duration and --distance; the third follows.\n"
        )

    def test_no_command_prints_the_help_as_an_error(self, run: Any) -> None:
        ran = run()
        assert (ran.code, ran.out) == (2, "")
        assert "estimate one bout" in ran.err

    def test_an_unknown_command_names_those_there_are(self, run: Any) -> None:
        ran = run("run")
        assert ran.code == 2
        assert len(ran.err.splitlines()) == 1
        assert all(command in ran.err for command in ("serve", "estimate", "openapi"))


def shown(answer: Any, request: dict[str, Any], width: int = 80, *, bold: bool = False) -> str:
    return table("estimate", json.loads(encode(answer)), request, Page(width, bold=bold))


def row(text: str, start: str) -> list[str]:
    """Return the words of the first line of a table that starts with a text."""
    (line, *_) = (line for line in text.splitlines() if line.startswith(f" {start} "))
    return line.removeprefix(f" {start} ").split()


REQUEST: dict[str, Any] = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}


class TestTable:
    def test_the_first_lines_show_the_input(self, run: Any) -> None:
        said = " ".join(run("estimate", *BOUT).out.split())
        assert said.startswith(
            "Input body mass 70 kg; speed 9 km/h; time 20 min Backward is compared at equal speed and for the same "
            "time. Beside each value is its interval, which aims to include 90 % of people."
        )
        walk = ["--mass", "70kg", "--distance", "500m", "--duration", "0:06:15", "--grade", "-2.5%"]
        said = " ".join(run("estimate", *walk, "--equal", "heart_rate", "--interval", "50%").out.split())
        assert said.startswith("Input body mass 70 kg; time 6 min 15 s (0:06:15); distance 500 m; ")
        assert "slope -2.5 %" in said
        assert "Backward is compared at equal heart rate" in said
        assert "aims to include 50 % of people" in said

    def test_the_summary_is_that_of_the_answer(self, run: Any) -> None:
        said = " ".join(run("estimate", *BOUT).out.split())
        texts = [sentence["text"] for sentence in json.loads(run("estimate", *BOUT, "--json").out)["summary"].values()]
        assert f"Summary {' '.join(texts)}" in said
        assert "Summary" not in run("estimate", *BOUT, "--include", "energy").out

    def test_the_first_lines_say_weight_support_and_still_air(self, run: Any) -> None:
        for words, shown in (
            (["--weight-support", "20%", "--overground"], "; weight support 20 %; overground yes"),
            (["--weight-support", "20%"], "; weight support 20 %"),
            (["--overground"], "; overground yes"),
        ):
            said = " ".join(run("estimate", *BOUT, *words).out.split())
            assert f"; time 20 min{shown} Backward" in said

    def test_a_half_is_rounded_up(self, run: Any) -> None:
        out = run("estimate", "--mass", "70kg", "--speed", "9km/h", "--duration", "20min").out
        assert row(out, "Peak ground force")[-3:-1] == ["1.08", "1.00–1.16"]

    def test_the_typed_unit_is_shown_beside_the_amount(self, run: Any) -> None:
        said = " ".join(
            run("estimate", "--mass", "154 lb", "--speed", "8:30min/mile", "--distance", "3.1mi").out.split()
        )
        assert said.startswith(
            "Input body mass 69.85 kg (154 lb); speed 11.36 km/h (8:30min/mile); distance 4.989 km (3.1mi) Backward"
        )
        paced = run("estimate", "--mass", "70 kg", "--speed", "5:30min/km", "--duration", "1h30").out
        assert "  body mass 70 kg; speed 10.91 km/h (5:30min/km); time 1 h 30 min\n" in paced

    def test_a_row_holds_the_rounded_answer(self, run: Any) -> None:
        answer = estimate(**REQUEST)
        energy = [answer[side]["total_energy_kcal"] for side in ("forward", "backward")]
        ratio = answer["ratio"]["total_energy"]
        assert row(run("estimate", *BOUT).out, "Total energy") == [
            "kcal",
            *(text for one in energy for text in (f"{one['value']:.0f}", f"{one['low']:.0f}–{one['high']:.0f}")),
            f"{ratio['value']:.2f}",
            f"{ratio['low']:.2f}–{ratio['high']:.2f}",
            "B/B",
        ]

    def test_the_backward_cost_is_the_documented_one(self, run: Any) -> None:
        # 70 kg, 2.5 m/s, 20 min: 4.43 + 1.51 * 2.5 + 0.37 * 2.5**2 = 10.5175 W/kg, 211.2 kcal; 1.30 times is 274.5.
        text = run("estimate", *BOUT).out
        assert row(text, "Total energy")[1] == "211"
        assert row(text, "Total energy")[3:6:2] == ["275", "1.30"]
        assert row(text, "Metabolic power")[:2] == ["W/kg", "10.5"]

    def test_people_units_stand_for_si(self, run: Any) -> None:
        text = run("estimate", *BOUT).out
        assert row(text, "Speed") == ["km/h", "9.00", "9.00", "1.00"]
        assert row(text, "Pace") == ["min/km", "6:40", "6:40"]
        assert row(text, "Time") == ["min", "20.0", "20.0"]
        assert row(text, "Distance") == ["km", "3.00", "3.00"]
        assert row(text, "Ground contact")[:2] == ["ms", "277"]

    def test_loads_have_their_evidence_grades(self, run: Any) -> None:
        text = run("estimate", *BOUT).out
        assert row(text, "Peak knee-cap force")[-1] == "C/C"
        assert row(text, "Tibial compression")[-2:] == ["unknown", "C-/–"]
        (head,) = (line for line in text.splitlines() if line.lstrip().startswith("Forward"))
        assert head.split() == ["Forward", "Backward", "Ratio", "Grade"]
        assert "Evidence grade: A several" in text

    def test_a_load_that_neither_direction_has_is_unknown(self, run: Any) -> None:
        text = run("estimate", *BOUT, "--grade", "15%", "--include", "load").out
        for name in ("Peak knee-cap force", "Knee-cap impulse", "Knee moment"):
            assert row(text, name)[-1] == "unknown", name
        assert row(run("estimate", "--mass=70kg", "--speed=1.4m/s", "--duration=20min").out, "Tibial compression") == [
            "BW",
            "unknown",
            "unknown",
        ]
        assert "unknown" not in run("estimate", *BOUT, "--grade", "15%", "--include", "energy").out

    def test_the_backward_achilles_load_shows_only_its_bounds(self, run: Any) -> None:
        words = row(run("estimate", *BOUT).out, "Achilles load")
        assert words[0] == "0.94"
        assert words[2:] == ["0.56–1.17", "0.60–1.25", "C/D"]
        assert "there is no estimate, only a lowest" in run("estimate", *BOUT).out
        assert "there is no estimate, only a lowest" not in run("estimate", *BOUT, "--equal", "heart_rate").out

    def test_unknown_backward_values_are_named(self, run: Any) -> None:
        text = run("estimate", *BOUT, "--equal", "heart_rate").out
        for name in ("Speed", "Distance", "Cadence", "Ground contact", "Peak ground force", "Achilles load"):
            assert "unknown" in row(text, name), name
        assert "unknown" not in row(text, "Total energy")

    def test_assumptions_and_every_warning_are_shown(self, run: Any) -> None:
        text = " ".join(run("estimate", *BOUT).out.split())
        assert "Assumed gait run; slope 0 %; equal speed; energy model looney2025;" in text
        assert "resting oxygen uptake 3.5 ml/kg/min" in text
        assert "interval 90 % Warnings - " in text
        for warning in estimate(**REQUEST)["warnings"]:
            assert warning["message"][:20] in text
        assert not [name for name in NAMES if "_" in name and name in text]

    @pytest.mark.parametrize("width", [40, 60, 72, 80, 100, 200])
    @pytest.mark.parametrize("equal", get_args(Equal))
    def test_columns_are_aligned_and_lines_fit(self, width: int, equal: Equal) -> None:
        request = REQUEST | {"equal": equal}
        lines = shown(estimate(**request), request, width).splitlines()
        assert all(line == line.rstrip() for line in lines)
        assert all("\xa0" not in line for line in lines)
        if width >= 60:
            assert max(map(len, lines)) <= min(width, 100)
        (head,) = (line for line in lines if line.lstrip().startswith("Forward"))
        backward, ratio = head.index("Backward"), head.index("Ratio")
        # If names have their own lines, only the lines between them have numbers.
        (last,) = (place for place, line in enumerate(lines) if line.startswith("  BW: "))
        table = lines[lines.index(head) + 1 : last - 1]
        numbers = table if width >= 80 else [line for line in table if line.startswith("  ")]
        assert len(numbers) > 20
        for line in numbers:
            assert line[backward - 1 : backward].strip() == ""
            assert line[ratio - 1 : ratio].strip() == ""

    def test_a_wide_terminal_has_a_line_for_each_row_and_a_narrow_one_two(self) -> None:
        wide, narrow = (shown(estimate(**REQUEST), REQUEST, width) for width in (80, 60))
        assert " Peak ground force     BW  2.44 2.06–2.89  2.62 2.18–3.15  1.08 1.00–1.16  D/D\n" in wide
        assert " Peak ground force BW\n  2.44 2.06–2.89   2.62 2.18–3.15   1.08 1.00–1.16   D/D\n" in narrow

    def test_a_sentence_keeps_a_number_by_its_unit(self) -> None:
        for width in range(30, 100):
            for line in shown(estimate(**REQUEST), REQUEST, width).splitlines():
                assert not line.strip().startswith(("%", "kg;", "km/h;", "min;", "m/s", "BW·s;"))

    def test_only_what_was_asked_for_is_shown(self, run: Any) -> None:
        text = run("estimate", *BOUT, "--include", "energy").out
        assert "Energy" in text
        assert not [word for word in ("Ratio", "Loads", "Steps", "Sources", "BW:") if word in text]

    def test_every_quantity_of_an_answer_has_a_row(self) -> None:
        named = {name for group in GROUPS.values() for name in group} | {"load"}
        assert {*get_type_hints(Bout), *get_type_hints(Load), *estimate(**REQUEST)["forward"]} <= named

    def test_own_measurements_are_shown_as_a_factor(self, run: Any) -> None:
        words = ["--measurement", "speed=9km/h,oxygen-uptake=35ml/kg/min"]
        text = run("estimate", *BOUT, *words).out
        request = REQUEST | {"measurements": [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 35.0}]}
        factor = estimate(**request)["personal"]["forward_factor"]
        assert row(text, "Your factor")[0] == f"{factor['value']:.2f}"

    def test_a_saved_answer_stands_for_its_measurements(self, run: Any, tmp_path: Path) -> None:
        words = ["--measurement", "speed=9km/h,oxygen-uptake=35ml/kg/min"]
        measured = run("estimate", *BOUT, "--json", *words).out
        saved = tmp_path / "me.json"
        for content in (measured, json.dumps(json.loads(measured)["personal"])):
            saved.write_text(content, encoding="utf-8")
            assert run("estimate", *BOUT, "--json", "--personal", str(saved)).out == measured
        text = run("estimate", *BOUT, "--personal", str(saved)).out
        assert "personal factor run" in " ".join(text.split())

    @pytest.mark.parametrize(
        ("content", "error"),
        [
            (None, "--personal: Cannot read this file: No such file or directory."),
            ("{", "--personal: This file is not JSON. Write the answer of retrorun estimate --json to it."),
            ("[]", "--personal: Give a JSON object."),
            ('{"run": {}}', "--personal run energy-model: This field is required."),
        ],
    )
    def test_a_file_without_a_factor_is_an_error(
        self, run: Any, tmp_path: Path, content: str | None, error: str
    ) -> None:
        saved = tmp_path / "me.json"
        if content is not None:
            saved.write_text(content, encoding="utf-8")
        ran = run("estimate", *BOUT, "--personal", str(saved))
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith(f"retrorun: {error}")

    def test_small_and_large_bouts_are_rounded_sensibly(self) -> None:
        brief = REQUEST | {"duration_s": 1.0}
        assert row(shown(estimate(**brief), brief, 100), "Total energy")[1:3] == ["0.18", "0.15–0.21"]
        long = REQUEST | {"duration_s": 86_400.0}
        assert row(shown(estimate(**long), long, 100), "Total energy")[1] == "15203"

    def test_headings_are_bold_only_when_asked(self) -> None:
        plain, bold = (shown(estimate(**REQUEST), REQUEST, bold=bold) for bold in (False, True))
        assert "\x1b" not in plain
        assert bold.replace("\x1b[1m", "").replace("\x1b[0m", "") == plain
        assert "\x1b[1mLoads\x1b[0m" in bold


def in_terminal(*words: str, **environment: str) -> str:
    """Return the output of a run on a terminal."""
    leader, follower = pty.openpty()
    with subprocess.Popen([*PROGRAM, *words], stdout=follower, env=os.environ | environment) as process:
        os.close(follower)
        parts = []
        with suppress(OSError):  # Linux: the other end is closed
            while part := os.read(leader, 4096):
                parts.append(part)
        os.close(leader)
        assert process.wait(timeout=30) == 0
    return b"".join(parts).decode()


class TestTerminal:
    def test_a_terminal_gets_bold_headings(self) -> None:
        assert "\x1b[1mEnergy\x1b[0m" in in_terminal("estimate", *BOUT, TERM="xterm", NO_COLOR="")

    @pytest.mark.parametrize("environment", [{"NO_COLOR": "1", "TERM": "xterm"}, {"NO_COLOR": "", "TERM": "dumb"}])
    def test_a_terminal_without_bold_gets_none(self, environment: dict[str, str]) -> None:
        assert "\x1b" not in in_terminal("estimate", *BOUT, **environment)

    def test_an_encoding_without_a_dash_gets_ascii(self) -> None:
        environment = os.environ | {"PYTHONIOENCODING": "ascii", "COLUMNS": "80"}
        ran = subprocess.run(
            [*PROGRAM, "estimate", *BOUT], env=environment, capture_output=True, check=True, timeout=30
        )
        assert b"175-254" in ran.stdout
        assert b"BWs/km" in ran.stdout
        assert b"?" not in ran.stdout

    def test_a_reader_that_leaves_early_is_no_fault(self) -> None:
        command = [*PROGRAM, "estimate", *BOUT]
        with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdout.close()
            assert process.stderr.read() == b""
            assert process.wait(timeout=30) == 1


class TestOther:
    def test_version(self, run: Any) -> None:
        ran = run("--version")
        assert (ran.code, ran.out) == (0, f"retrorun {__version__}\n")

    def test_openapi_is_the_contract(self, run: Any) -> None:
        ran = run("openapi")
        assert (ran.code, ran.err) == (0, "")
        assert ran.out == contract_text(create_app())

    @pytest.mark.parametrize("words", ["--help", "--version", "serve --help"])
    def test_help_loads_nothing_it_does_not_need(self, words: str) -> None:
        program = (
            "import sys; from retrorun.app.cli.main import main\n"
            f"try: main({words.split()})\n"
            "except SystemExit: pass\n"
            "print(*{name.partition('.')[0] for name in sys.modules}, file=sys.stderr)"
        )
        ran = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True, text=True, timeout=30)
        assert not set(ran.stderr.split()) & {"fastapi", "numpy", "pydantic", "starlette", "uvicorn", "httpx"}


@contextmanager
def serving(*words: str, **environment: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run `retrorun serve` on a free port, and yield the process and its address."""
    command = [*PROGRAM, "serve", "--port", "0", *words]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=os.environ | environment
    ) as process:
        try:
            assert process.stderr is not None
            said = process.stderr.readline()
            assert said.startswith("RetroRun listens on http://"), said
            url = said.split()[3]
            assert said.endswith(f"{url}/docs\n")
            yield process, url
        finally:
            if process.poll() is None:
                process.kill()


class TestServe:
    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    def test_it_answers_until_it_is_stopped(self, stop: signal.Signals) -> None:
        with serving() as (process, url), httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
            alive = client.get("/livez")
            assert (alive.status_code, alive.json()) == (200, {"status": "alive"})
            assert "date" in alive.headers
            assert "server" not in alive.headers
            process.send_signal(stop)
            out, err = process.communicate(timeout=20)
            assert process.returncode == 0
        without_keys, asked = (json.loads(line) for line in out.splitlines())
        assert without_keys["message"].startswith("no API keys")
        assert (asked["route"], asked["status"]) == ("/livez", 200)
        assert err == ""

    def test_it_listens_on_ipv6(self) -> None:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 here")
        with serving("--host", "::1") as (_, url):
            assert url.startswith("http://[::1]:")
            assert httpx.get(f"{url}/livez", trust_env=False).status_code == 200

    def test_a_port_in_use_is_one_sentence(self, run: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            ran = run("serve", "--port", str(port))
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == (
            f"retrorun: Cannot listen on 127.0.0.1 port {port}: it is in use. "
            "Stop the other program, or choose another --port.\n"
        )

    def test_ipv6_for_every_address_takes_ipv4_too(self) -> None:
        if not socket.has_dualstack_ipv6():
            pytest.skip("no IPv6 here")
        with serving("--host", "::") as (_, url):
            assert url.startswith("http://[::]:")
            for host in ("127.0.0.1", "[::1]"):
                assert httpx.get(url.replace("[::]", host) + "/livez", trust_env=False).status_code == 200

    def test_a_system_without_dual_stack_is_reported(self, monkeypatch: pytest.MonkeyPatch, run: Any) -> None:
        try:
            socket.create_server(("::1", 0), family=socket.AF_INET6).close()
        except OSError:
            pytest.skip("no IPv6 here")
        monkeypatch.setattr(socket, "has_dualstack_ipv6", lambda: False)
        monkeypatch.setattr("retrorun.app.server.server.Server.run", lambda *_, **__: None)
        assert ":: accepts only IPv6" in run("serve", "--host", "::", "--port", "0").err
        assert "IPv6 alone" not in run("serve", "--host", "::1", "--port", "0").err

    @pytest.mark.parametrize("host", ["", " "])
    def test_an_empty_host_is_refused(self, run: Any, host: str) -> None:
        ran = run("serve", "--host", host, "--port", "0")
        assert (ran.code, ran.err) == (2, "retrorun: --host is empty: give an address, or leave it out.\n")

    def test_a_metrics_port_in_use_is_one_sentence(self, run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
        with socket.create_server(("127.0.0.1", 0)) as taken:
            port = taken.getsockname()[1]
            monkeypatch.setenv("RETRORUN_METRICS_PORT", str(port))
            ran = run("serve", "--port", "0")
        assert ran.code == 1
        assert ran.err == (
            f"retrorun: Cannot listen on 127.0.0.1 port {port}: it is in use. "
            "Stop the other program, or choose another RETRORUN_METRICS_PORT.\n"
        )

    @pytest.mark.parametrize("port", ["-1", "65536", "http"])
    def test_an_invalid_port_is_refused(self, run: Any, port: str) -> None:
        ran = run("serve", f"--port={port}")
        assert (ran.code, len(ran.err.splitlines())) == (2, 1)
        assert "give a number from 0 to 65535" in ran.err

    def test_a_host_of_another_machine_is_refused(self, run: Any) -> None:
        # 192.0.2.1 is set aside for documentation (RFC 5737): no machine has it.
        ran = run("serve", "--host", "192.0.2.1", "--port", "0")
        assert (ran.code, len(ran.err.splitlines())) == (1, 1)
        assert "it is not an address of this machine" in ran.err


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with serving() as (_, url):
        yield url


class TestUrl:
    def test_a_running_service_answers_the_same(self, run: Any, url: str) -> None:
        for words in (["--json"], [], ["--equal", "heart_rate"]):
            asked, computed = (run("estimate", *BOUT, *words, *more) for more in (["--url", url], []))
            assert (asked.code, asked.err) == (0, "")
            assert asked.out == computed.out

    @pytest.mark.parametrize("words", [["--mass", "20kg"], ["--distance", "3km"], ["--include", "energy,energy"]])
    def test_its_problems_read_the_same(self, run: Any, url: str, words: list[str]) -> None:
        asked, computed = (run("estimate", *BOUT, *words, *more) for more in (["--url", f"{url}/"], []))
        assert (asked.code, asked.out) == (2, "")
        assert asked.err == computed.err

    def test_the_key_of_the_environment_is_sent(
        self, run: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
    ) -> None:
        (tmp_path / "keys").write_text(line_of("app", "rr_example"))
        with serving(RETRORUN_API_KEY_FILE=str(tmp_path / "keys")) as (_, url):
            for words in (["estimate", *BOUT], ["solve", "--find", "bout", "--mass", "70kg", "--speed", "9km/h"]):
                without = run(*words, "--url", url)
                assert (without.code, without.out) == (1, "")
                assert without.err == (
                    "retrorun: --url: The service needs an API key. "
                    "Set the environment variable RETRORUN_API_KEY to a valid one.\n"
                )
                for wrong in ("rr_wrong", "rr_exam ple", "rr_\u00e9", "rr\nexample"):
                    monkeypatch.setenv("RETRORUN_API_KEY", wrong)
                    refused = run(*words, "--url", url)
                    assert (refused.code, refused.out, len(refused.err.splitlines())) == (1, "", 1)
                    assert "RETRORUN_API_KEY" in refused.err
                    assert wrong not in refused.err
                monkeypatch.delenv("RETRORUN_API_KEY")
            for right in ("rr_example", " rr_example\n"):
                monkeypatch.setenv("RETRORUN_API_KEY", right)
                ran = run("estimate", *BOUT, "--url", url)
                assert (ran.code, ran.err) == (0, "")
                assert "rr_example" not in ran.out

    def test_the_help_names_the_variable_of_the_key(self, run: Any) -> None:
        assert "RETRORUN_API_KEY" in "".join(run("estimate", "--help").out.split())

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.0.0.2", "localhost", "127.1"])
    def test_this_machine_is_asked_without_a_proxy(self, run: Any, monkeypatch: pytest.MonkeyPatch, host: str) -> None:
        with serving("--host", "127.0.0.2" if host == "127.0.0.2" else "127.0.0.1") as (_, url):
            for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
                monkeypatch.setenv(name, "http://127.0.0.1:9")  # The port of discard: nothing listens there.
            ran = run("estimate", *BOUT, "--url", re.sub(r"127\.0\.0\.\d", host, url))
        assert (ran.code, ran.err) == (0, "")

    def test_another_machine_is_asked_through_it(self, run: Any, monkeypatch: pytest.MonkeyPatch, url: str) -> None:
        monkeypatch.setenv("http_proxy", url)
        monkeypatch.delenv("no_proxy", raising=False)
        monkeypatch.delenv("NO_PROXY", raising=False)
        # The service acts as the proxy here: it answers a request for another host.
        assert run("estimate", *BOUT, "--url", "http://retrorun.invalid").code == 0

    @pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "127.1", "0.0.0.0", "::", "::1", "::ffff:127.0.0.1"])
    def test_which_addresses_are_this_machine(self, host: str) -> None:
        assert is_loopback(host)
        assert is_loopback("app.localhost.")
        assert not any(map(is_loopback, ("128.0.0.1", "::2", "10.0.0.1", "127.example", "localhost.example", "")))

    def test_no_service_at_the_address_is_one_sentence(self, run: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            port = listener.getsockname()[1]
        ran = run("estimate", *BOUT, "--url", f"http://127.0.0.1:{port}")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == ("retrorun: --url: No answer from this address. Check it, and check that the service runs.\n")

    @pytest.mark.parametrize("address", ["127.0.0.1:8000", "ftp://127.0.0.1", "http://127.0.0.1:port", "", "nowhere"])
    def test_an_invalid_address_is_one_sentence(self, run: Any, address: str) -> None:
        ran = run("estimate", *BOUT, f"--url={address}")
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == "retrorun: --url: Give an address that starts with http, for example http://127.0.0.1:8000.\n"

    @pytest.mark.parametrize(
        ("status", "media_type", "content"),
        [
            (200, "text/html", b"<html>"),
            (200, "application/json", b"[1]"),
            (200, "application/json", b'{"forward": 1}'),
            (200, "application/json", b'{"forward":'),
            (404, "text/html", b"<html>"),
            (422, "application/json", b'{"detail": []}'),
            (302, "text/html", b""),
        ],
    )
    def test_another_server_is_one_sentence(self, run: Any, status: int, media_type: str, content: bytes) -> None:
        with answering(status, media_type, content) as url:
            ran = run("estimate", *BOUT, "--url", url)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == "retrorun: --url: The server at this address is not RetroRun. Check the address.\n"

    def test_a_fault_of_the_service_is_shown(self, run: Any) -> None:
        problem = {"type": "./problems/stopping", "title": "Service Unavailable", "status": 503, "detail": "Try again."}
        with answering(503, "application/problem+json", json.dumps(problem).encode()) as url:
            ran = run("estimate", *BOUT, "--url", url)
        assert (ran.code, ran.out) == (1, "")
        assert ran.err == "retrorun: --url: The service answered 503 Service Unavailable: Try again.\n"


@contextmanager
def answering(status: int, media_type: str, content: bytes) -> Iterator[str]:
    """Run a server that is not RetroRun, and return its address."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            self.send_response(status)
            self.send_header("content-type", media_type)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()
