"""Numbers as people type them, on the command line. The page reads the same table in its own test."""

from fractions import Fraction
from typing import Any

import pytest

from retrorun.app.cli.main import main
from retrorun.app.cli.options import InvalidOptions, constants_of, echoes, pairs_of
from retrorun.app.cli.questions import QUESTIONS
from retrorun.app.cli.units import NotUnderstood, si, understood
from tests.typed import FIELDS, NAMES, Typed, random_texts, table


def test_the_table_has_both_answers_for_each_kind() -> None:
    rows = table()
    assert len(rows) >= 60
    assert len({row[:3] for row in rows}) == len(rows)
    for kind, units in FIELDS.items():
        answers = [row.si is None for row in rows if row.kind == kind]
        assert {True, False} == set(answers), kind
        assert set(units) <= {row.unit for row in rows if row.kind == kind}, kind


@pytest.mark.parametrize("row", table(), ids=lambda row: f"{row.kind} {row.unit} {row.text!a}")
def test_a_typed_number_is_read(row: Typed) -> None:
    if row.si is None:
        with pytest.raises(NotUnderstood):
            understood(NAMES[row.kind], row.text, row.unit)
        return
    reading = understood(NAMES[row.kind], row.text, row.unit)
    assert float(reading.amount) == pytest.approx(row.si, rel=1e-15)
    assert (reading.echo, reading.other) == (row.echo, row.other)


@pytest.mark.parametrize("row", [row for row in table() if row.other], ids=lambda row: f"{row.text}{row.unit}")
def test_the_text_of_the_other_reading_has_one_reading(row: Typed) -> None:
    given = understood("duration_s", row.text)
    other = understood("duration_s", given.instead)
    assert (other.echo, other.other) == ("", "")
    assert {given.amount, other.amount} == {
        Fraction(si("duration_s", f"{row.text} h")),
        Fraction(si("duration_s", f"{row.text} min")),
    }


@pytest.mark.parametrize("seconds", [0, 1, 59, 60, 90, 239, 240, 3599, 3600, 5400, 172_800])
def test_h_mm_ss_is_read_as_it_is_written(seconds: int) -> None:
    minutes, rest = divmod(seconds, 60)
    assert si("duration_s", f"{minutes // 60}:{minutes % 60:02}:{rest:02}") == seconds
    assert si("duration_s", f"{minutes}:{rest:02} min") == seconds


def read(kind: str, text: str, unit: str) -> Fraction | None:
    """Return the amount of a text, or None if it is refused with a sentence."""
    try:
        return understood(NAMES[kind], text, unit).amount
    except NotUnderstood as error:
        if not str(error).startswith("Give it "):
            raise
        return None


def test_random_texts_are_read_whatever_their_case_and_the_spaces_around_them() -> None:
    amounts = []
    for kind, system, text in random_texts(5000):
        unit = FIELDS[kind][system == "imperial"]
        amounts.append(read(kind, text, unit))
        assert read(kind, f"  {text.upper()}\u00a0", unit) == amounts[-1], (kind, unit, text)
    assert 500 < sum(amount is not None for amount in amounts) < 4500


def said(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[int, str, str]:
    code = main(["estimate", "--mass", "70kg", *words])
    captured = capsys.readouterr()
    return code, captured.out, captured.err


@pytest.mark.parametrize(
    ("words", "request_of", "lines"),
    [
        (
            ["--speed", "5.30/km", "--duration", "1:30"],
            "speed 10.91 km/h (5.30/km); time 1 h 30 min (1:30)",
            ["--speed is 5:30 /km.", "--duration is 1 h 30 min. For 1 min 30 s, give 0:01:30."],
        ),
        (["--speed", "5:30/km", "--duration", "0:20:00"], "time 20 min", []),
        (["--speed", "5,5 min/km", "--distance", "10,5km"], "distance 10.5 km", ["--speed is 5:30 /km."]),
        (
            ["--speed", "9km/h", "--duration", "25:00"],
            "time 25 min",
            ["--duration is 25 min. For 25 h, give 25:00:00."],
        ),
    ],
)
def test_the_command_says_how_it_understood(
    capsys: pytest.CaptureFixture[str], words: list[str], request_of: str, lines: list[str]
) -> None:
    code, out, err = said(capsys, *words)
    assert code == 0
    assert request_of in " ".join(out.split())
    assert err.splitlines() == [f"retrorun: {line}" for line in lines]


def test_a_part_of_an_option_is_echoed_too() -> None:
    chosen: dict[str, Any] = {"measurements": ["speed=5,5/km,oxygen-uptake=34,5ml/kg/min"]}
    hint = QUESTIONS["estimate"].fields["measurements"]
    assert echoes(chosen, {"measurements": hint}) == ["--measurement 1 speed is 5:30 /km."]


def test_a_decimal_comma_does_not_separate_the_parts_of_an_option() -> None:
    assert pairs_of("speed=9,5km/h, grade=1,5%", {}) == [("speed", "9,5km/h"), ("grade", "1,5%")]


def test_a_table_takes_no_time_with_two_readings() -> None:
    with pytest.raises(InvalidOptions, match=r"Give it as h:mm:ss: 1:30:00 is 1 h 30 min, 0:01:30 is 1 min 30 s\."):
        constants_of([("duration_s", "1:30")])


@pytest.mark.parametrize(
    ("words", "line"),
    [
        (["--speed", "0:30/km", "--duration", "20min"], "--speed: Give a value from 2:05 /km to 83:20 /km."),
        (["--speed", "0:30/mi", "--duration", "20min"], "--speed: Give a value from 3:22 /mi to 134:06 /mi."),
        (["--speed", "99km/h", "--duration", "20min"], "--speed: Give a value from 0.72 km/h to 28.8 km/h."),
        (["--speed", "99m/s", "--duration", "20min"], "--speed, in m/s: Give a number from 0.2 to 8 m/s."),
        (["--speed", "9km/h", "--duration", "90 h"], "--duration: Give a value from 0:00:01 to 48:00:00."),
        (["--speed", "9km/h", "--distance", "900mi"], "--distance: Give a value from 0.01 mi to 310.68 mi."),
    ],
)
def test_a_bound_is_written_as_the_value_and_can_be_typed(
    capsys: pytest.CaptureFixture[str], words: list[str], line: str
) -> None:
    code, _, err = said(capsys, *words)
    assert (code, err) == (2, f"retrorun: {line}\n")
    if " value " not in line:
        return
    place = words.index(line.partition(":")[0]) + 1
    for bound in line.rstrip(".").partition(" from ")[2].split(" to "):
        code, _, err = said(capsys, *words[:place], bound, *words[place + 1 :])
        assert "Give a value" not in err
