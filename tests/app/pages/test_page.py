"""The explorer in a real browser: every control, every number against the service, every link and download."""

import csv
import gzip
import hashlib
import json
import math
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from functools import partial
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx
import numpy as np
import pytest

from retrorun.app.http.access import line_of
from retrorun.models.evidence.cautions import FALL, LOAD_MEANING, WARNINGS
from retrorun.models.evidence.claims import CAUTION
from retrorun.models.physiology.direction import BACKWARD_MEASURED_TO_M_S, WALKING_RATIO_RANGE_M_S
from retrorun.models.sources.tables import table as studies
from tests.page.browser import CHROMIUM, DRIVER, PHONE, WIDE, Explorer, explorer, serving
from tests.recordings import fit_file, recorded, tcx_file

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not here: `make chromium`"
)

HOUSE = Path(__file__).parents[3]
SHOTS = HOUSE / "build" / "screenshots"
FIRST_VIEW_BYTES = 200_000
JSON = {"content-type": "application/json"}
KEY = "rr_page"
UNREACHED = "The service does not answer. Check the connection and try again."
SERVICE = httpx.Client(trust_env=False)
"""One client for all requests: making a client takes longer than an answer."""


@pytest.fixture(scope="module")
def service() -> Iterator[str]:
    with SERVICE, serving() as url:
        yield url


@pytest.fixture(scope="module")
def downloads(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("downloads")


@pytest.fixture(scope="module")
def recordings(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with a run whose last third climbs, and a level walk."""
    folder = tmp_path_factory.mktemp("recordings")
    run, walk = recorded(300), recorded(600, speed_m_s=1.4)
    run = run._replace(altitude_m=0.02 * np.maximum(run.distance_m - 500, 0.0))
    walk = walk._replace(altitude_m=0.0 * walk.distance_m)
    (folder / "run.fit").write_bytes(fit_file(run))
    (folder / "walk.tcx").write_bytes(tcx_file(walk))
    return folder


@pytest.fixture(scope="module")
def browser(service: str, downloads: Path) -> Iterator[Explorer]:
    with explorer(service, downloads) as opened:
        yield opened


@pytest.fixture
def page(browser: Explorer) -> Iterator[Explorer]:
    """The page with its example; afterwards the console is empty and no request went to another host."""
    browser.console()
    browser.requests()
    browser.again()
    yield browser
    assert not browser.console()
    assert_at_home(browser)


@pytest.fixture
def refused(browser: Explorer) -> Iterator[Explorer]:
    """The page; afterwards the console has refused requests only."""
    browser.console()
    browser.requests()
    browser.again()
    yield browser
    assert all(re.search(r"status of 4(15|22)|ERR_INTERNET_DISCONNECTED", line) for line in browser.console())
    assert_at_home(browser)


def assert_at_home(page: Explorer) -> None:
    asked = [address for address, _ in page.requests() if not address.startswith(("data:", "blob:", "about:"))]
    home = urlsplit(page.url).netloc
    for address in asked:
        # Neither elsewhere nor with anything of a person in the address.
        assert urlsplit(address).netloc == home, address
        assert urlsplit(address).query in {"", "indicator=oxygen_uptake_ml_kg_min"}, address


def answered(page: Explorer, path: str, body: dict[str, Any]) -> dict[str, Any]:
    response = SERVICE.post(page.url + path, json=body)
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def rounded(value: float) -> str:
    """Round as the page does: three digits, and every digit before the point, a half up."""
    step = Decimal(1) if value >= 100 else Decimal("0.1") if value >= 10 else Decimal("0.01")
    return str(Decimal(str(value)).quantize(step, ROUND_HALF_UP))


def clock(seconds: float) -> str:
    whole = int(seconds + 0.5)
    hours, minutes, rest = whole // 3600, whole % 3600 // 60, whole % 60
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


TABLE = {
    "Total energy, kcal": "total_energy_kcal",
    "Active energy, kcal": "active_energy_kcal",
    "Total energy per km, kcal/km": "energy_per_km_kcal",
    "Metabolic power, W/kg": "metabolic_power_w_kg",
    "Oxygen uptake, ml/kg/min": "oxygen_uptake_ml_kg_min",
    "Oxygen uptake, MET": "met",
    "Cadence, steps/min": "cadence_steps_per_min",
    "Steps": "steps",
    "Ground contact, s": "contact_time_s",
    "Peak ground force, BW, each step": "peak_vertical_force_bw",
    "Peak force behind the knee-cap, BW, each step": "patellofemoral_peak_force_bw",
    "Knee-cap impulse per km, BW·s, one leg": "patellofemoral_impulse_per_km_bw_s",
    "Knee-cap impulse in total, BW·s, one leg": "patellofemoral_impulse_per_bout_bw_s",
    "Achilles tendon load, 1 = running forward at 3 m/s": "achilles_relative_load",
    "Shin-bone compression, BW, each step": "tibial_compression_peak_bw",
}
"""Rows of the table, and the field each shows."""


def written(found: dict[str, float] | None) -> str:
    """Write a quantity as the table does."""
    if found is None:
        return "unknown"
    interval = f"{rounded(found['low'])}–{rounded(found['high'])}"
    if "value" not in found:
        return f"unknown, range {interval}"
    return rounded(found["value"]) + (f" {interval}" if found["low"] != found["high"] else "")


def assert_shows_the_answer(page: Explorer) -> dict[str, Any]:
    """Compare the table of all numbers with the service's answer to the same request, and return the answer."""
    answer = answered(page, "/estimate", page.body | {"view": "full"})
    rows = page.script(
        "const rows = [...document.querySelectorAll('#numbers tbody tr')];"
        "return rows.map((row) => [...row.cells].map((cell) => cell.textContent.replaceAll('\u00a0', ' ')))"
    )
    shown = {row[0]: row[1:] for row in rows}
    assert set(TABLE) < set(shown)
    for name, field in TABLE.items():
        for column, way in enumerate(("forward", "backward")):
            bout = answer[way]
            assert shown[name][column] == written({**bout, **bout.get("load", {})}.get(field)), (name, way)
        sides = [{**answer[way], **answer[way].get("load", {})}.get(field, {}) for way in ("forward", "backward")]
        grades = [side.get("evidence", "–") for side in sides]
        assert shown[name][3] == (" / ".join(grades) if any("evidence" in side for side in sides) else ""), name
    if "total_energy" in answer["ratio"]:
        of_ratio = answer["ratio"]["total_energy"].get("evidence", "")
        assert shown["Total energy, kcal"][2].endswith(of_ratio)
    return answer


class TestAnswer:
    def test_a_new_user_finds_the_backward_equivalent_in_two_actions(self, page: Explorer) -> None:
        page.type("move", "6:00")
        page.type("span", "45")
        asked = {"body_mass_kg": 70, "speed_m_s": 1000 / 360, "duration_s": 2700, "equal": "metabolic_rate"}
        answer = answered(page, "/estimate", asked)
        backward = answer["backward"]
        speed = backward["speed_m_s"]
        assert page.text("big") == f"{clock(1000 / speed['value'])} /km"
        assert f"{rounded(backward['distance_m']['value'] / 1000)} km" in page.text("lead")
        assert "45:00" in page.text("lead")
        assert f"{clock(1000 / speed['high'])} to {clock(1000 / speed['low'])} /km" in page.text("range")
        assert page.text("range").endswith(", grade C. This range aims at 9 in 10 people like those studied.")
        same = answered(page, "/estimate", asked | {"equal": "speed"})
        assert same["summary"]["headline"]["text"] in page.text("instead")
        for name, sentence in (("knee", "knee"), ("summary-caution", "caution")):
            assert page.text(name) == answer["summary"][sentence]["text"]

    def test_the_first_view_is_an_answer(self, page: Explorer) -> None:
        assert_shows_the_answer(page)
        assert page.body["body_mass_kg"] == 70

    @pytest.mark.parametrize(
        ("equal", "big"),
        [
            ("speed", r"\+30 % energy"),
            ("heart_rate", r"−17 % energy"),
            ("perceived_exertion", r"−17 % energy"),
            ("metabolic_rate", r"7:35 /km"),
        ],
    )
    def test_the_equal_quantity_changes_the_answer(self, page: Explorer, equal: str, big: str) -> None:
        page.choose("equal", equal)
        assert page.body["equal"] == equal
        assert re.fullmatch(big, page.text("big"))
        answer = assert_shows_the_answer(page)
        assert ("speed_m_s" in answer["backward"]) == (equal not in {"heart_rate", "perceived_exertion"})
        assert page.text("instead")
        assert page.text("equal-words")

    @pytest.mark.parametrize(
        ("equal", "said"), [("heart_rate", "at the same heart rate"), ("perceived_exertion", "at the same felt effort")]
    )
    def test_an_equal_effort_is_named(self, page: Explorer, equal: str, said: str) -> None:
        page.choose("equal", equal)
        assert page.text("lead").startswith("A weak estimate: about ")
        assert said in page.text("lead")
        assert page.text("lead").endswith(" The backward speed is unknown.")
        assert page.text("range").endswith(", grade D. This range aims at 9 in 10 people like those studied.")
        assert "The ratio rests on two studies of 13 and 20 people." in page.text("interval-words")

    @pytest.mark.parametrize(("gait", "pace"), [("run", "5:30"), ("walk", "12:00")])
    def test_it_says_how_many_people_the_ratio_rests_on(self, page: Explorer, gait: str, pace: str) -> None:
        page.type("move", pace)
        people = [int(row["n"]) for row in studies("ratios") if row["gait"] == gait]
        said = f"The ratio rests on studies of {min(people)} to {max(people)} people."
        assert said in page.text("interval-words")

    def test_a_half_is_rounded_up(self, page: Explorer) -> None:
        page.choose("equal", "speed")
        assert "1.08 1.00–1.16" in page.text("numbers")
        assert "1.07 1.00–1.16" not in page.text("numbers")

    def test_every_interval_is_an_aim(self, page: Explorer) -> None:
        assert page.script("return document.getElementById('interval').labels[0].textContent") == "Range aims at"
        options = page.script("return [...document.getElementById('interval').options].map((one) => one.text)")
        assert options == ["half of people", "8 in 10 people", "9 in 10 people", "19 in 20 people"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("gait", "walk"),
            ("gait", "run"),
            ("energy_model", "acsm"),
            ("energy_model", "leger1984"),
            ("energy_model", "minetti2002"),
            ("direction_model", "pooled"),
            ("interval", "0.5"),
            ("interval", "0.95"),
        ],
    )
    def test_every_choice_is_asked_for_and_shown(self, page: Explorer, field: str, value: str) -> None:
        if value == "walk":
            page.type("move", "10:00")
        page.choose(field, value)
        assert str(page.body[field]) == value
        assert_shows_the_answer(page)
        page.wait(lambda: f"{field}={value}" in page.fragment())

    @pytest.mark.parametrize(
        ("field", "text", "key", "value"),
        [
            ("mass", "82,5", "body_mass_kg", 82.5),
            ("move", "4:30", "speed_m_s", 1000 / 270),
            ("span", "1:10:00", "duration_s", 4200.0),
            ("span", "25", "duration_s", 1500.0),
            ("grade", "-3", "grade", -0.03),
        ],
    )
    def test_a_typed_value_is_requested(self, page: Explorer, field: str, text: str, key: str, value: float) -> None:
        page.type(field, text)
        assert page.body[key] == pytest.approx(value)
        assert_shows_the_answer(page)

    @pytest.mark.parametrize(
        ("field", "key"), [("mass", "body_mass_kg"), ("move", "speed_m_s"), ("span", "duration_s"), ("grade", "grade")]
    )
    def test_a_dragged_value_is_requested(self, page: Explorer, field: str, key: str) -> None:
        before = page.body.get(key, 0.0)
        page.one(f"{field}-slide").send_keys("\ue014" * 5)  # arrow to the right
        page.settle()
        assert page.body[key] > before
        assert_shows_the_answer(page)

    def test_speed_and_distance_may_be_given_instead(self, page: Explorer) -> None:
        before = page.body
        page.choose("moveBy", "speed")
        page.choose("spanBy", "distance")
        assert page.one("move").get_property("value") == "10.9"
        assert page.one("span").get_property("value") == "7.27"
        page.type("move", "12")
        page.type("span", "10")
        assert page.body["speed_m_s"] == pytest.approx(12 / 3.6)
        assert page.body["distance_m"] == 10_000
        assert "duration_s" not in page.body
        assert before["duration_s"] == 2400
        assert " km/h" in page.text("big")
        assert_shows_the_answer(page)

    def test_imperial_units_turn_what_is_typed_and_shown(self, page: Explorer) -> None:
        page.pick("units", "imperial")
        assert page.one("mass").get_property("value") == "154.3"
        assert page.one("move").get_property("value") == "8:51"
        assert page.body["body_mass_kg"] == pytest.approx(70, abs=0.03)
        assert page.body["speed_m_s"] == pytest.approx(1609.344 / 531)
        assert page.text("big").endswith(" /mi")
        assert " mi" in page.text("lead")
        assert_shows_the_answer(page)
        page.pick("units", "metric")
        assert page.one("mass").get_property("value") == "70"

    def test_start_over_takes_everything_back(self, page: Explorer) -> None:
        page.type("mass", "90")
        page.choose("equal", "speed")
        page.one("reset").click()
        page.settle()
        assert (page.body["body_mass_kg"], page.body["equal"]) == (70, "metabolic_rate")


class TestFragment:
    def test_a_link_reproduces_the_view(self, page: Explorer) -> None:
        page.pick("units", "imperial")
        page.choose("moveBy", "speed")
        page.choose("spanBy", "distance")
        for field, text in {"mass": "180", "move": "7", "span": "6.2", "grade": "2"}.items():
            page.type(field, text)
        page.choose("equal", "speed")
        page.choose("direction_model", "pooled")
        page.choose("interval", "0.8")
        page.pick("axis", "oxygen")
        page.wait(lambda: "axis=oxygen" in page.fragment())
        fragment, seen, body = page.fragment(), page.text("headline"), page.body
        assert body["body_mass_kg"] == pytest.approx(180 * 0.45359237, rel=1e-9)
        assert body["speed_m_s"] == pytest.approx(7 * 0.44704, rel=1e-9)
        assert fragment.startswith("v=1&mass=180lb&speed=7mph&distance=6.2mi&grade=2percent")
        page.open(f"#{fragment}")
        assert (page.text("headline"), page.body, page.fragment()) == (seen, body, fragment)

    def test_a_link_that_is_no_link_of_ours_shows_the_example(self, page: Explorer) -> None:
        for fragment in ("#v=9&mass=99kg", "#%E0%A4%A&equal=<b>&gait=fly&mass&&=&=="):
            page.open(fragment)
            assert page.body["body_mass_kg"] == 70
            assert_shows_the_answer(page)

    def test_an_edited_address_is_followed(self, page: Explorer) -> None:
        page.script("location.hash = '#v=1&mass=60kg&pace=7:00/mi&time=30:00'")
        page.wait(lambda: page.body["body_mass_kg"] == 60)
        page.settle()
        assert page.body["speed_m_s"] == pytest.approx(1609.344 / 420, rel=0.003)

    def test_the_back_button_goes_back(self, page: Explorer) -> None:
        page.type("mass", "71")
        page.wait(lambda: "mass=71kg" in page.fragment())
        page.script("location.hash = '#v=1&mass=60kg&pace=7:00/km&time=30:00'")
        page.wait(lambda: page.body["body_mass_kg"] == 60)
        page.settle()
        assert page.one("mass").get_property("value") == "60"  # though the caret is in it
        page.driver.back()
        page.wait(lambda: page.body["body_mass_kg"] == 71)
        page.settle()
        assert page.one("mass").get_property("value") == "71"

    def test_two_tabs_do_not_meddle(self, page: Explorer) -> None:
        page.type("mass", "66")
        first = page.driver.current_window_handle
        page.driver.switch_to.new_window("tab")
        try:
            page.load("/")
            assert page.body["body_mass_kg"] == 70
            page.type("mass", "88")
        finally:
            page.driver.close()
            page.driver.switch_to.window(first)
        page.type("span", "41")
        assert (page.body["body_mass_kg"], page.body["duration_s"]) == (66, 2460)

    def test_skipping_to_the_answer_keeps_the_run(self, page: Explorer) -> None:
        page.type("mass", "81")
        page.script("const skip = document.querySelector('.skip'); skip.focus(); skip.click()")
        page.wait(lambda: "mass=81kg" in page.fragment())
        page.settle()
        assert page.body["body_mass_kg"] == 81
        assert page.script("return document.activeElement.id") == "answer-heading"


class TestErrors:
    @pytest.mark.parametrize(
        ("field", "text", "error"),
        [
            ("mass", "12", "Give a number from 30 to 250 kg."),
            ("mass", "300", "Give a number from 30 to 250 kg."),
            ("mass", "heavy", "Enter a number, for example 70."),
            ("move", "0:30", "Give a number from 0.7 to 28.8 km/h."),
            ("move", "5:99", "Enter minutes and seconds, for example 5:30."),
            ("span", "", "Enter minutes or a time, for example 40, 40:00 or 1:10:00."),
            ("grade", "95", "Give a number from -50 % to 90 %."),
        ],
    )
    def test_an_error_is_shown_beside_its_field(self, refused: Explorer, field: str, text: str, error: str) -> None:
        seen = refused.text("numbers")
        refused.type(field, text)
        assert refused.text(f"{field}-error") == error
        assert refused.one(field).get_attribute("aria-invalid") == "true"
        assert field in str(refused.one(field).get_attribute("aria-describedby"))
        assert refused.text("numbers") == seen
        assert "stale" in str(
            refused.one("run").find_element("xpath", "..").find_element("xpath", "..").get_attribute("class")
        )
        refused.type(field, {"mass": "70", "move": "5:30", "span": "40", "grade": "0"}[field])
        assert refused.text(f"{field}-error") == ""
        assert refused.one(field).get_attribute("aria-invalid") is None

    def test_bounds_are_shown_in_the_readers_units(self, refused: Explorer) -> None:
        refused.pick("units", "imperial")
        refused.type("mass", "40")
        assert refused.text("mass-error") == "Give a number from 66.1 to 551.2 lb."

    def test_a_conflict_is_shown_beside_the_equation(self, refused: Explorer) -> None:
        refused.choose("energy_model", "leger1984")
        refused.type("move", "10:00")
        assert refused.text("energy_model-error").startswith("This equation is not for the gait walk")

    def test_a_bound_in_a_sentence_is_shown_in_the_readers_units(self, refused: Explorer) -> None:
        refused.choose("gait", "walk")
        assert refused.text("move-error") == "Walking is answered up to 10.8 km/h; set gait to run."
        refused.pick("units", "imperial")
        assert refused.text("move-error") == "Walking is answered up to 6.7 mph; set gait to run."

    def test_a_computed_distance_out_of_bounds_is_named(self, refused: Explorer) -> None:
        refused.choose("moveBy", "speed")
        refused.type("move", "28")
        refused.type("span", "20:00:00")
        assert refused.text("span-error") == "Duration and speed give a distance outside 0 to 500 km."

    def test_an_error_in_a_folded_part_unfolds_it(self, refused: Explorer) -> None:
        refused.load("/#v=1&mass=70kg&pace=5:30/km&time=40:00", size=PHONE)
        refused.choose("energy_model", "leger1984")
        assert not refused.one("energy_model-error").is_displayed()
        refused.type("move", "10:00")
        assert refused.text("energy_model-error")
        assert refused.one("energy_model-error").is_displayed()

    def test_a_link_that_cannot_be_answered_still_shows_the_page(self, refused: Explorer) -> None:
        refused.load("/#v=1&mass=300kg&speed=0.1km/h&time=&grade=NaNpercent")
        assert refused.text("big") == "No answer yet"
        assert [refused.text(f"{field}-error") != "" for field in ("mass", "move", "span", "grade")] == [
            False,
            False,
            True,
            True,
        ]  # what cannot be read comes first; what is out of range needs the service
        refused.type("span", "40")
        refused.type("grade", "0")
        assert [refused.text(f"{field}-error") for field in ("mass", "move")] == [
            "Give a number from 30 to 250 kg.",
            "Give a number from 0.7 to 28.8 km/h.",
        ]
        refused.type("mass", "70")
        refused.type("move", "10")
        assert_shows_the_answer(refused)
        assert refused.all("#energy-figure svg")
        assert refused.all("#curve-figure svg")

    def test_a_speed_without_equivalent_says_so(self, refused: Explorer) -> None:
        refused.choose("gait", "run")
        refused.type("move", "25:00")
        shown = [refused.text(f"{field}-error") for field in ("equal", "move", "whole")]
        assert any(shown), shown

    def test_an_unreachable_service_gives_a_message(self, refused: Explorer) -> None:
        refused.devtools(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        try:
            refused.type("mass", "71")
            assert refused.text("whole-error") == UNREACHED
        finally:
            refused.devtools(
                "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
            )
        refused.type("mass", "72")
        assert refused.text("whole-error") == ""


class TestPlots:
    def test_unknown_is_drawn_as_unknown(self, page: Explorer) -> None:
        page.see("load-figure")
        texts = page.script(
            "return [...document.querySelectorAll('#load-figure text')].map((text) => text.textContent)"
        )
        assert texts.count("unknown") == 2
        hatched = page.all(
            "#load-figure [fill='url(#hatch-load-figure)'] rect, #load-figure rect[fill='url(#hatch-load-figure)']"
        )
        assert len(hatched) == 2
        assert page.all("#load-figure pattern#hatch-load-figure")

    def test_bars_and_their_texts_are_the_answer(self, page: Explorer) -> None:
        page.see("load-figure")
        page.script("scrollTo(0, 0)")
        page.type("mass", "64")  # out of sight they wait, and in sight they are of now
        page.type("span", "1:10:00")
        page.see("load-figure")
        answer = assert_shows_the_answer(page)
        texts = page.script(
            "return [...document.querySelectorAll('#load-figure text')].map((text) => text.textContent)"
        )
        for way in ("forward", "backward"):
            for field, found in answer[way]["load"].items():
                assert f"{rounded(found['low'])}–{rounded(found['high'])}" in texts, (way, field)
                assert found["evidence"] in texts
                if "value" in found:
                    assert rounded(found["value"]) in texts

    def test_the_curve_is_the_services(self, page: Explorer) -> None:
        rows = page.script("return document.getElementById('curve-figure').rows")
        curve = [row for row in rows if row[0] == "estimate"]
        assert len(curve) == 26
        for _, _, way, speed, oxygen, low, high, *_ in curve[:: len(curve) // 6]:
            asked = {"body_mass_kg": 70, "speed_m_s": speed, "duration_s": 60, "gait": "run"}
            found = answered(page, "/estimate", asked)[way]["oxygen_uptake_ml_kg_min"]
            assert (oxygen, low, high) == pytest.approx((found["value"], found["low"], found["high"]))

    @pytest.mark.parametrize(
        ("gait", "grade", "ways"),
        [("run", 0.0, {"forward", "backward"}), ("walk", 0.0, {"forward", "backward"}), ("walk", 0.05, {"backward"})],
    )
    def test_every_measurement_of_the_gait_and_slope_names_its_study(
        self, page: Explorer, gait: str, grade: float, ways: set[str]
    ) -> None:
        page.type("grade", f"{100 * grade:g}")
        page.type("move", "5:30" if gait == "run" else "12:00")
        validation = SERVICE.get(f"{page.url}/validation?indicator=oxygen_uptake_ml_kg_min").json()
        expected = {
            (row["study"], row["direction"], row["speed_m_s"], row["measured"])
            for row in validation["comparisons"]
            if row["gait"] == gait and abs(row.get("grade", 0) - grade) < 0.005
        }
        assert {way for _, way, _, _ in expected} == ways
        rows = page.script("return document.getElementById('curve-figure').rows")
        assert {tuple(row[1:5]) for row in rows if row[0] == "literature"} == expected
        shown = page.script("return document.querySelector('#measured table').textContent")
        assert all(study in shown for study, *_ in expected)
        drawn = len([row for row in rows if row[0] == "literature"])
        assert len(page.all("#curve-figure [data-mark='dot'] > *")) == drawn + 2

        table = page.script(
            "return [...document.querySelectorAll('#measured tbody tr')]"
            ".map((row) => [...row.cells].map((cell) => cell.textContent))"
        )
        assert sorted((study, way, oxygen) for study, way, _, oxygen, *_ in table) == sorted(
            (study, way, rounded(oxygen)) for study, way, _, oxygen in expected
        )
        standings = {row["study"]: row["standing"] for row in validation["comparisons"]}
        assert all(standing == standings[study] for study, *_, standing in table)
        left, right = page.script(
            "const box = document.querySelector('#curve-figure svg').getBoundingClientRect();"
            "return [box.left, box.right]"
        )
        for place in page.script(
            "return [...document.querySelectorAll('#curve-figure [data-mark=dot] > *')]"
            ".map((mark) => mark.getBoundingClientRect().x)"
        ):
            assert left < place < right

    def test_a_walk_slower_than_any_backward_speed_asked_for_has_its_curve(self, page: Explorer) -> None:
        page.choose("moveBy", "speed")
        page.type("move", "3")
        assert page.text("big") == "0.8 km/h"
        assert page.one("curve-figure").is_displayed()
        assert {row[0] for row in page.script("return document.getElementById('curve-figure').rows.slice(1)")} == {
            "estimate",
            "literature",
        }

    def test_it_says_where_measurements_end(self, page: Explorer) -> None:
        words = "Backward energy was measured up to 12.6 km/h (4:46 /km)"
        assert page.text("curve-words").startswith(words)
        page.type("grade", "7")
        assert page.text("curve-words").startswith("No oxygen uptake was found for this slope. Backward energy")

    @pytest.mark.parametrize(
        ("grade", "gait", "lines"),
        [("0", "run", [None, "7 3", "2 4"]), ("0", "walk", [None, "2 4", "7 3", "2 4"]), ("-5", "run", [None, "2 4"])],
    )
    def test_backward_outside_its_own_measurements_is_drawn_so(
        self, page: Explorer, grade: str, gait: str, lines: list[str | None]
    ) -> None:
        page.type("grade", grade)
        page.type("move", "5:30" if gait == "run" else "12:00")
        dashes = "return [...document.querySelectorAll('#curve-figure g[data-mark=line]')].map((line) => "
        assert page.script(f"{dashes}line.getAttribute('stroke-dasharray'))") == lines
        drawn = page.script("return document.querySelector('#curve-figure svg').textContent")
        assert drawn.count("backward not measured here") == 1
        speeds = {row[3] for row in page.script("return document.getElementById('curve-figure').rows.slice(1)")}
        ends = {"run": {BACKWARD_MEASURED_TO_M_S}, "walk": set(WALKING_RATIO_RANGE_M_S)}[gait]
        assert ends <= speeds

    def test_tapping_a_measurement_names_it(self, page: Explorer) -> None:
        page.open(size=PHONE)
        page.devtools("Emulation.setTouchEmulationEnabled", enabled=True)
        try:
            page.script("document.getElementById('curve-figure').scrollIntoView({block: 'center'})")
            x, y = page.script(
                "const mark = document.querySelectorAll('#curve-figure [data-mark=dot]')[1].firstChild;"
                "const box = mark.getBoundingClientRect(); return [box.x + box.width / 2, box.y + box.height / 2]"
            )
            page.devtools("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
            page.devtools("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            drawn = "return document.querySelector('#curve-figure').innerHTML"
            page.wait(lambda: "Williford 1998" in page.script(drawn))
        finally:
            page.devtools("Emulation.setTouchEmulationEnabled", enabled=False)

    def test_pointing_at_a_measurement_names_it(self, page: Explorer) -> None:
        page.script("document.getElementById('curve-figure').scrollIntoView({block: 'center'})")
        x, y = page.script(
            "const mark = document.querySelectorAll('#curve-figure [data-mark=dot]')[1].firstChild;"
            "const box = mark.getBoundingClientRect();"
            "return [box.x + box.width / 2, box.y + box.height / 2]"
        )
        for step in (0, 1):
            page.devtools("Input.dispatchMouseEvent", type="mouseMoved", x=x + step, y=y)
        page.wait(lambda: "Williford 1998" in page.script("return document.querySelector('#curve-figure').innerHTML"))

    @pytest.mark.parametrize("figure", ["energy", "curve", "load", "plan"])
    def test_each_plot_downloads_as_svg_png_and_csv(self, page: Explorer, downloads: Path, figure: str) -> None:
        page.see(f"{figure}-figure")
        names = {kind: downloads / f"retrorun-{figure}.{kind.lower()}" for kind in ("SVG", "PNG", "CSV")}
        for kind, name in names.items():
            page.all(f"#{figure}-figure button[aria-label='Download {figure} as {kind}']")[0].click()
            page.wait(partial(saved, name))
        svg, png, table = map(saved, names.values())
        drawn = ET.fromstring(svg)
        assert drawn.tag.endswith("}svg")
        assert b"var(" not in svg
        assert png.startswith(b"\x89PNG")
        rows = list(csv.reader(table.decode().splitlines()))
        assert len(rows) > 2
        assert {len(row) for row in rows} == {len(rows[0])}
        # A picture of loads is passed on without the page.
        words = " ".join(text for text in drawn.itertext() if text.strip())
        loads = figure in {"load", "plan"}
        assert (CAUTION in words) == (rows[1][-1] == CAUTION) == loads
        assert ("D: extrapolated from other data" in words) == loads
        if figure == "load":
            means = {row["evidence"]: row["evidence_means"] for row in csv.DictReader(table.decode().splitlines())}
            assert means["D"] == "extrapolated from other data, or our assumption"
            assert means["C-"] == means["C"]
        for name in names.values():
            name.unlink()

    def test_the_other_axis_shows_oxygen(self, page: Explorer) -> None:
        page.pick("axis", "oxygen")
        assert "ml/kg/min" in page.script("return document.querySelector('#curve-figure svg').textContent")


def saved(path: Path) -> bytes:
    return path.read_bytes() if path.exists() else b""


class TestWaysOut:
    def test_the_csv_is_the_answer_unrounded(self, page: Explorer, downloads: Path) -> None:
        page.script("arguments[0].click()", page.one("csv"))
        text = page.wait(lambda: saved(downloads / "retrorun.csv")).decode()
        answer = answered(page, "/estimate", page.body | {"view": "full"})
        rows = list(csv.DictReader(text.splitlines()))
        assert len(rows) > 30
        for row in rows:
            bout = answer[row["direction"]]
            found = {**bout, **bout.get("load", {})}[row["field"]]
            found = found if isinstance(found, dict) else {"value": found}
            for key in ("value", "low", "high"):
                assert row[key] == "" if key not in found else float(row[key]) == found[key]
            assert bool(row["evidence_means"]) == ("evidence" in found)
            assert (row["caution"] == CAUTION) == (row["field"] in bout["load"])
            assert row["caution"] in {"", CAUTION}

    def test_the_code_is_the_very_request(self, page: Explorer) -> None:
        page.type("mass", "77")
        answer = answered(page, "/estimate", page.body)
        curl = page.text("code")
        found = re.search(r"-d '(.*)'", curl)
        assert found
        assert json.loads(found[1]) == page.body
        assert f"'{page.url}/estimate'" in curl
        page.pick("language", "python")
        ran = subprocess.run(
            [sys.executable, "-c", page.text("code")],
            capture_output=True,
            check=True,
            text=True,
            env={**os.environ, "no_proxy": "*"},
        )
        assert ran.stdout.strip() == str(answer["backward"])
        page.pick("language", "javascript")
        source = page.text("code").replace("console.log(answer.backward)", "done(answer.backward)")
        found = page.driver.execute_async_script(f"const done = arguments[0]; (async () => {{ {source} }})()")
        assert found == answer["backward"]
        page.wait(lambda: "language=javascript" in page.fragment())

    def test_link_and_code_are_copied(self, page: Explorer) -> None:
        page.devtools(
            "Browser.grantPermissions", origin=page.url, permissions=["clipboardReadWrite", "clipboardSanitizedWrite"]
        )
        read = "const done = arguments[0]; navigator.clipboard.readText().then(done, (error) => done(String(error)))"
        for button, expected in (("copy-code", page.text("code")), ("copy-link", None)):
            page.script("arguments[0].focus(); arguments[0].click()", page.one(button))
            page.wait(lambda: "copied" in page.text("said"))
            assert page.driver.execute_async_script(read) == (expected or page.driver.current_url)


class TestPlan:
    @pytest.fixture
    def plan(self, page: Explorer) -> Explorer:
        page.see("plan-figure")
        return page

    def test_the_plan_is_the_services(self, plan: Explorer) -> None:
        wish = {"body_mass_kg": 70, "goal": "most_energy", "duration_s": 1800, "speed_high_m_s": 12 / 3.6}
        wish |= {"backward_speed_high_m_s": 8 / 3.6, "limits": {"patellofemoral_impulse_per_bout_bw_s": 1500}}
        best = answered(plan, "/plan", wish)
        energy = best["totals"]["active_energy_kcal"]
        headline = best["summary"]["headline"]["text"]
        assert plan.text("plan-words").startswith(f"{headline} Energy, grade {energy['evidence']}. ")
        assert f"kcal active, grade {energy['evidence']}" in plan.text("plan-figure")
        for bout in best["bouts"]:
            assert f"{clock(bout['duration_s'])} min {bout['direction']} at " in plan.text("plan-words")
        label = str(plan.all("#plan-figure svg")[0].get_attribute("aria-label"))
        assert all(name in label for name in ("Best plan", "Only forward", "Only backward"))

    @pytest.mark.parametrize(
        ("field", "text"),
        [("planTime", "45"), ("planForward", "11"), ("planBackward", "7.5"), ("planCap", "1200"), ("planCap", "")],
    )
    def test_every_field_changes_the_plan(self, plan: Explorer, field: str, text: str) -> None:
        before = plan.text("plan-words")
        plan.type(field, text)
        assert plan.wait(lambda: plan.text("plan-words") != before)

    def test_a_time_is_needed_for_the_most_energy(self, plan: Explorer) -> None:
        plan.type("planTime", "")
        assert plan.text("planTime-error") == "Enter minutes or a time, for example 40, 40:00 or 1:10:00."
        plan.type("planTime", "30")
        assert plan.text("planTime-error") == ""

    def test_least_load_for_an_energy(self, plan: Explorer) -> None:
        plan.choose("goal", "least_load")
        plan.type("planEnergy", "250")
        assert plan.text("plan-error") == ""
        wish = {"body_mass_kg": 70, "goal": "least_load", "active_energy_kcal": 250, "duration_s": 1800}
        wish |= {"indicator": "patellofemoral_impulse_per_bout_bw_s", "speed_high_m_s": 12 / 3.6}
        best = answered(plan, "/plan", wish | {"backward_speed_high_m_s": 8 / 3.6})
        assert plan.text("plan-words").startswith(best["summary"]["headline"]["text"])
        for field in ("patellofemoral_impulse_per_bout_bw_s", "patellofemoral_peak_force_bw"):
            found = best["totals"]["load"][field]
            interval = f"({rounded(found['low'])} to {rounded(found['high'])}, grade {found['evidence']})"
            assert rounded(found["value"]) in plan.text("plan-words")
            assert interval in plan.text("plan-words")
        minded = plan.text("plan-warnings")
        assert all(WARNINGS[code]["message"] in minded for code in (LOAD_MEANING, FALL))
        assert not plan.one("planCap-field").is_displayed()


class TestPlanErrors:
    def test_an_error_of_the_plan_is_shown_beside_its_field(self, refused: Explorer) -> None:
        refused.see("plan-figure")
        refused.type("planBackward", "60")
        assert refused.text("planBackward-error") == "Give a number from 0.7 to 28.8 km/h."
        assert not refused.one("plan-figure").is_displayed()


class TestTrack:
    @pytest.mark.parametrize("name", ["run.fit", "walk.tcx"])
    def test_a_recording_is_summed_up_and_drawn(self, page: Explorer, recordings: Path, name: str) -> None:
        path = recordings / name
        page.open()
        page.one("file").send_keys(str(path))
        words = page.wait(lambda: page.text("track-words") if " kcal" in page.text("track-words") else "")
        said = {"body_mass_kg": 70, "direction_model": "documented", "interval": 0.9}
        response = SERVICE.post(
            f"{page.url}/workout/track", files={"file": path.read_bytes()}, data={"request": json.dumps(said)}
        )
        answer = response.json()
        energy, ratio = answer["totals"]["total_energy_kcal"], answer["ratio"]["total_energy"]
        grades = f"Energy, grade {energy['evidence']}. Ratio, grade {ratio['evidence']}."
        assert words.endswith(f"{answer['summary']['headline']['text']} {grades}")
        assert f"{answer['track']['points']} points" in page.text("track-report")
        impulses = [
            answer[way]["load"]["patellofemoral_impulse_per_bout_bw_s"]
            for way in ("totals", "reversed")
            if "patellofemoral_impulse_per_bout_bw_s" in answer[way]["load"]
        ]
        assert len(impulses) == (2 if name.endswith(".fit") else 0), "the other one is walked, and has none"
        assert bool(page.text("track-loads")) == bool(impulses)
        for impulse in impulses:
            assert f"{rounded(impulse['value'])} BW·s" in page.text("track-loads")
            share = f"covers the {math.floor(impulse['covered'] * 100)} % of the time where it is known"
            assert share in page.text("track-loads")
        minded = page.text("track-warnings")
        assert all(WARNINGS[code]["message"] in minded for code in (LOAD_MEANING, FALL))
        page.wait(lambda: page.all("#track-figure svg") and page.all("#slope-figure svg"))

    def test_the_backward_parts_can_be_entered(self, page: Explorer, recordings: Path) -> None:
        page.open()
        page.one("file").send_keys(str(recordings / "walk.tcx"))
        page.wait(lambda: " kcal" in page.text("track-words"))
        before = page.text("track-words")
        page.one("trackFrom").send_keys("1:00")
        page.one("trackTo").send_keys("3:00\t")
        page.wait(lambda: " kcal" in page.text("track-words") and page.text("track-words") != before)

    def test_another_body_is_another_answer(self, page: Explorer, recordings: Path) -> None:
        page.open()
        page.one("file").send_keys(str(recordings / "walk.tcx"))
        before = page.wait(lambda: page.text("track-words") if " kcal" in page.text("track-words") else "")
        page.one("trackFrom").send_keys("soon\t")
        assert page.text("track-error").startswith("Enter where backward begins")
        page.script("document.getElementById('trackFrom').value = ''")
        page.type("mass", "95")
        page.script("document.getElementById('span').focus()")
        page.wait(lambda: " kcal" in page.text("track-words") and page.text("track-words") != before)
        assert page.text("track-error") == ""

    def test_a_file_may_be_dropped(self, page: Explorer, recordings: Path) -> None:
        page.open()
        name = "walk.tcx"
        page.script(
            "const held = new DataTransfer();"
            "held.items.add(new File([arguments[0]], arguments[1]));"
            "const dropped = new DragEvent('drop', {dataTransfer: held, bubbles: true, cancelable: true});"
            "document.getElementById('drop').dispatchEvent(dropped)",
            (recordings / name).read_text(encoding="utf-8"),
            name,
        )
        page.wait(lambda: " kcal" in page.text("track-words"))


class TestTrackErrors:
    def test_a_file_of_another_kind_is_refused_in_words(self, refused: Explorer, tmp_path: Path) -> None:
        other = tmp_path / "notes.gpx"
        other.write_text("no recording")
        refused.one("file").send_keys(str(other))
        refused.wait(lambda: refused.text("track-error"))
        assert refused.text("track-words") == ""


class TestForEveryone:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
    def test_axe_finds_nothing_serious(self, page: Explorer, size: tuple[int, int], scheme: str) -> None:
        page.open(size=size, scheme=scheme)
        page.script("for (const part of document.querySelectorAll('details')) part.open = true")
        for figure in ("load-figure", "plan-figure"):
            page.see(figure)
        assert not page.axe()
        page.script("scrollTo(0, 0)")
        name = f"{'phone' if size == PHONE else 'wide'}-{scheme}"
        page.screenshot(SHOTS / f"{name}.png")
        if scheme == "light":
            page.screenshot(SHOTS / f"{name}-whole.png", whole=True)

    @pytest.mark.parametrize("width", [320, 360, 768, 1024, 1360, 2200])
    def test_nothing_is_wider_than_the_screen(self, page: Explorer, width: int) -> None:
        page.emulate((width, 800), "light")
        page.settle()
        assert page.wait(lambda: page.script("return document.documentElement.scrollWidth") <= width)

    @pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
    def test_it_prints_on_one_page(self, page: Explorer, size: tuple[int, int]) -> None:
        page.open(
            "#v=1&mass=70kg&pace=5:30/km&time=1:40:00&grade=1percent&interval=0.95&direction_model=pooled", size=size
        )
        assert page.all("#load-figure:empty")
        printed = page.printed()
        assert page.all("#load-figure svg"), "not drawn for paper, where nobody scrolls"
        assert len(re.findall(rb"/Type\s*/Page\b(?!s)", printed)) == 1
        SHOTS.mkdir(parents=True, exist_ok=True)
        (SHOTS / "print.pdf").write_bytes(printed)

    def test_folded_parts_are_printed_too(self, page: Explorer) -> None:
        page.load(size=PHONE)
        visible = "return document.getElementById('interval').checkVisibility({contentVisibilityAuto: true})"
        assert not page.script(visible)
        page.emulate(PHONE, "light", "print")
        page.wait(lambda: page.script(visible))
        assert not page.script("return document.getElementById('copy-link').checkVisibility()")

    @pytest.mark.parametrize("width", [320, 360])
    def test_letters_twice_as_large_fit_a_phone(self, page: Explorer, width: int) -> None:
        page.load(size=(width, 740))
        page.script("document.documentElement.style.fontSize = '200%'; document.getElementById('more').open = true")
        page.settle()
        assert page.wait(lambda: page.script("return document.documentElement.scrollWidth") <= width)

    def test_the_choice_is_visible_in_forced_colours(self, page: Explorer) -> None:
        page.emulate(WIDE, "light", forced_colors="active")
        ground = (
            "return [...document.querySelectorAll('[name=units] + span')]"
            ".map((pill) => getComputedStyle(pill).backgroundColor)"
        )
        chosen, other = page.script(ground)
        card = page.script("return getComputedStyle(document.getElementById('run')).backgroundColor")
        assert chosen not in {other, card}
        page.pick("units", "imperial")
        assert page.script(ground)[1] == chosen
        bars = (
            "return [...document.querySelectorAll('#energy-figure [data-mark=rect]')]"
            ".map((bars) => getComputedStyle(bars).fill)"
        )
        assert len(set(page.script(bars))) == 2
        page.screenshot(SHOTS / "forced-colours.png")

    def test_everything_can_be_reached_and_changed_with_the_keyboard(self, page: Explorer) -> None:
        wanted = {
            "mass",
            "mass-slide",
            "moveBy",
            "move",
            "move-slide",
            "spanBy",
            "span",
            "span-slide",
            "equal",
            "grade",
        }
        wanted |= {"grade-slide", "gait", "energy_model", "direction_model", "interval", "copy-link", "reset", "goal"}
        wanted |= {"planTime", "planForward", "planBackward", "planCap", "file", "csv", "copy-code"}
        seen: set[str] = set()
        for _ in range(90):
            page.devtools("Input.dispatchKeyEvent", type="keyDown", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            page.devtools("Input.dispatchKeyEvent", type="keyUp", key="Tab", code="Tab", windowsVirtualKeyCode=9)
            seen.add(page.script("return document.activeElement.id"))
        assert wanted <= seen, wanted - seen

    def test_reduced_motion_is_respected(self, page: Explorer) -> None:
        moving = "return getComputedStyle(document.querySelector('.answer')).transitionDuration"
        page.emulate(WIDE, "light", prefers_reduced_motion="no-preference")
        assert page.script(moving) == "0.15s"
        page.emulate(WIDE, "light", prefers_reduced_motion="reduce")
        assert page.script(moving) == "0s"

    def test_the_first_view_is_small(self, page: Explorer) -> None:
        """Add up every answer of the first view, each compressed separately; /docs is not among them."""
        page.requests()
        page.open()
        asked = [(address, posted) for address, posted in page.requests() if address.startswith(page.url)]
        assert {urlsplit(address).path for address, _ in asked} >= {"/", "/estimate", "/workout", "/static/page.css"}
        assert not [address for address, _ in asked if "/docs" in address]
        total = 0
        for address, posted in asked:
            response = SERVICE.request("POST" if posted else "GET", address, content=posted, headers=JSON)
            assert response.status_code == 200, address
            total += len(gzip.compress(response.content, 9))
        assert total < FIRST_VIEW_BYTES, total


class TestWords:
    def test_the_caution_is_shown_beside_the_loads_word_for_word(self, page: Explorer) -> None:
        assert " ".join(page.text("caution").split()) == CAUTION
        assert page.one("caution").is_displayed()
        assert (
            page.one("caution").find_element("xpath", "ancestor::section").get_attribute("aria-labelledby")
            == "load-heading"
        )

    def test_every_grade_and_word_is_explained(self, page: Explorer) -> None:
        grades = page.script("return [...document.querySelectorAll('.grades dt')].map((grade) => grade.textContent)")
        assert grades == ["A", "B", "C", "D", "?"]
        means = page.script("return document.querySelector('.meanings').textContent")
        for word in ("energy per minute", "speed", "heart rate", "felt effort", "Range", "Total", "Unknown"):
            assert word in means

    def test_every_warning_is_shown(self, page: Explorer) -> None:
        answer = answered(page, "/estimate", page.body)
        shown = page.script("return [...document.querySelectorAll('#warnings li')].map((item) => item.textContent)")
        assert len(shown) == len(answer["warnings"])
        assert not [text for text in shown if re.search(r"[a-z]_[a-z]", text)]


def test_vendored_rules_are_what_was_published() -> None:
    folder = HOUSE / "tests" / "page"
    listed = re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", (folder / "VENDORED.md").read_text(), re.MULTILINE)
    assert len(listed) == 3
    for name, checksum in listed:
        assert hashlib.sha256((folder / name).read_bytes()).hexdigest() == checksum


class TestKey:
    @pytest.fixture
    def guarded(self, browser: Explorer, tmp_path: Path) -> Iterator[Explorer]:
        """The page of a service that asks for a key."""
        keys = tmp_path / "keys"
        keys.write_text(f"{line_of('page', KEY)}\n")
        with serving(api_key_file=str(keys)) as url:
            yield Explorer(browser.driver, url)
            browser.driver.get("about:blank")

    def test_a_key_is_asked_for_used_and_forgotten(self, guarded: Explorer, recordings: Path) -> None:
        guarded.console()
        guarded.requests()
        guarded.load()
        assert guarded.one("key-needed").is_displayed()
        assert guarded.text("big") == "No answer yet"
        assert "key" in guarded.text("whole-error")
        assert not guarded.axe()
        for key, answered_now in (("rr_wrong", False), (KEY, True)):
            guarded.one("api-key").clear()
            guarded.one("api-key").send_keys(key, "\n")
            guarded.settle()
            assert guarded.one("key-needed").is_displayed() != answered_now
        assert re.fullmatch(r"7:35 /km", guarded.text("big"))
        assert " ".join(guarded.text("caution").split()) == CAUTION
        guarded.see("plan-figure")
        guarded.wait(lambda: guarded.all("#curve-figure [data-mark=dot]"))
        guarded.one("file").send_keys(str(recordings / "walk.tcx"))
        guarded.wait(lambda: " kcal" in guarded.text("track-words"))
        for language in ("curl", "python", "javascript"):
            guarded.pick("language", language)
            assert "x-api-key" in guarded.text("code")
            assert "YOUR_KEY" in guarded.text("code")
        kept = guarded.script("return JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
        assert kept == '[{},{},""]'
        assert KEY not in guarded.driver.page_source + guarded.driver.current_url
        assert all("status of 401" in line for line in guarded.console())
        assert_at_home(guarded)
        guarded.load()
        assert guarded.one("key-needed").is_displayed()

    @pytest.mark.parametrize(
        ("path", "shown"),
        [
            ("./validation", "not judged"),
            ("./models", "Every equation"),
            ("./evidence", "You may say"),
            ("./references", "doi:10."),
            ("./plot/energy.svg", "Backward"),
            ("./plot/load.svg", "Backward"),
        ],
    )
    def test_a_link_opens_its_page_with_the_key(self, guarded: Explorer, path: str, shown: str) -> None:
        driver, first = guarded.driver, guarded.driver.current_window_handle
        guarded.load()
        guarded.one("api-key").send_keys(KEY, "\n")
        guarded.settle()
        guarded.console()
        driver.find_element("css selector", f'a[href="{path}"]').click()
        try:
            (tab,) = set(driver.window_handles) - {first}
            driver.switch_to.window(tab)
            guarded.wait(lambda: shown.lower() in driver.page_source.lower())
            assert driver.current_url.startswith("blob:")
            assert KEY not in driver.page_source
            assert not guarded.console()
            if path == "./evidence":
                # A link to a part of another page opens that part with the key.
                guarded.wait(lambda: guarded.script("return document.documentElement.dataset.links"))
                driver.find_element("css selector", "#uplift_equal_speed a[href$='/references#rasica2020']").click()
                (other,) = set(driver.window_handles) - {first, tab}
                driver.switch_to.window(other)
                guarded.wait(lambda: guarded.script("return document.querySelector(':target')?.id") == "rasica2020")
                assert not guarded.console()
            if path == "./validation":
                # The style sheet came too, and links to other choices open with the key.
                assert guarded.script("return getComputedStyle(document.body).maxWidth") != "none"
                driver.find_element("css selector", "main nav summary").click()
                guarded.wait(lambda: guarded.script("return document.documentElement.dataset.links"))
                driver.find_element("css selector", "a[href*='model=acsm']").click()
                (other,) = set(driver.window_handles) - {first, tab}
                driver.switch_to.window(other)
                guarded.wait(lambda: "Show everything" in driver.page_source)
                assert not guarded.console()
        finally:
            for opened in set(driver.window_handles) - {first}:
                driver.switch_to.window(opened)
                driver.close()
            driver.switch_to.window(first)

    def test_a_page_that_is_opened_without_the_key_says_how_to_open_it(self, guarded: Explorer) -> None:
        for path in ("/validation", "/plot/energy.svg", "/models"):
            guarded.driver.get(guarded.url + path)
            assert guarded.script("return document.querySelector('h1').textContent") == "This page needs a key"
            assert guarded.script("return getComputedStyle(document.body).maxWidth") != "none"
            assert not guarded.axe()
            guarded.driver.find_element("css selector", "main a").click()
            guarded.wait(lambda: guarded.driver.current_url == f"{guarded.url}/" and guarded.all("#api-key"))


class TestParts:
    """Each part of the page works without the others."""

    @pytest.fixture
    def lacking(self, browser: Explorer) -> Iterator[Explorer]:
        browser.console()
        browser.requests()
        yield browser
        assert not browser.console()
        assert_at_home(browser)

    @pytest.mark.parametrize(("status", "shown"), [(404, ""), (503, "Nothing here."), (0, UNREACHED)])
    def test_without_a_plan(self, lacking: Explorer, status: int, shown: str) -> None:
        with lacking.failing("/plan", status):
            lacking.load()
            lacking.script("document.getElementById('plan').scrollIntoView()")
            lacking.wait(lambda: lacking.text("plan-error") or not lacking.one("plan").is_displayed())
            assert lacking.text("plan-error") == shown
            assert lacking.one("plan").is_displayed() == bool(shown)
            assert not lacking.all("#plan-figure svg")
            assert_shows_the_answer(lacking)

    @pytest.mark.parametrize(("status", "shown"), [(404, "Nothing here."), (503, "Nothing here."), (0, UNREACHED)])
    def test_without_recordings(self, lacking: Explorer, recordings: Path, status: int, shown: str) -> None:
        with lacking.failing("/workout/track", status):
            lacking.load()
            lacking.one("file").send_keys(str(recordings / "walk.tcx"))
            lacking.wait(lambda: lacking.text("track-error") == shown)
            assert lacking.one("track").is_displayed() == (status != 404)
            assert lacking.text("track-words") == ""
            assert not lacking.one("track-answer").is_displayed()

    @pytest.mark.parametrize(("status", "shown"), [(404, "Nothing here."), (0, UNREACHED)])
    def test_without_a_curve(self, lacking: Explorer, status: int, shown: str) -> None:
        with lacking.failing("/workout", status):
            lacking.load()
            assert lacking.text("curve-words") == f"The curve is missing. {shown}"
            assert not lacking.one("curve-figure").is_displayed()
            assert not lacking.one("measured").is_displayed()
            assert lacking.all("#energy-figure svg")

    def test_without_the_evidence_loads_keep_the_caution(self, lacking: Explorer) -> None:
        with lacking.failing("/evidence", 503):
            lacking.load()
            assert " ".join(lacking.text("caution").split()) == CAUTION
            assert lacking.one("caution").is_displayed()

    @pytest.mark.parametrize("path", ["/models", "/validation"])
    def test_without_the_parts_shown_beside_it(self, lacking: Explorer, path: str) -> None:
        with lacking.failing(path, 503):
            lacking.load()
            assert_shows_the_answer(lacking)
            assert lacking.all("#curve-figure svg")


class TestDocs:
    """The page of the API."""

    @pytest.fixture
    def docs(self, browser: Explorer) -> Iterator[Explorer]:
        browser.console()
        browser.requests()
        yield browser
        # The bundle's advice on links with "_", which names of operations have.
        assert not [line for line in browser.console() if "deep link whitespace" not in line]
        netloc = urlsplit(browser.url).netloc
        assert {urlsplit(address).netloc for address, _ in browser.requests() if address.startswith("http")} == {netloc}

    def opened(self, page: Explorer, operation: str) -> str:
        """Unfold an operation and return its selector."""
        place = page.script("return document.querySelector(`.opblock[id$='-${arguments[0]}']`).id", operation)
        if not page.all(f"#{place} .opblock-body"):
            page.script("document.querySelector(`#${arguments[0]} .opblock-summary-control`).click()", place)
            page.wait(lambda: page.all(f"#{place} .responses-table"))
        return f"#{place}"

    def visit(self, page: Explorer, fragment: str = "") -> None:
        page.emulate(WIDE, "light")
        page.driver.get("about:blank")
        page.driver.get(f"{page.url}/docs{fragment}")
        page.wait(lambda: page.all(".opblock"))

    def test_axe_finds_nothing_serious(self, docs: Explorer) -> None:
        self.visit(docs)
        place = self.opened(docs, "plan")
        assert not docs.axe()
        docs.screenshot(SHOTS / "docs-light.png")
        docs.script("document.querySelector(arguments[0]).scrollIntoView()", place)
        docs.screenshot(SHOTS / "docs-light-operation.png")
        docs.emulate(WIDE, "dark")
        docs.wait(lambda: "dark" in docs.script("return document.documentElement.className"))
        docs.wait(lambda: not docs.axe("color-contrast"))  # once its buttons have changed their colour
        docs.screenshot(SHOTS / "docs-dark-operation.png")
        docs.emulate(PHONE, "light")
        assert docs.wait(lambda: docs.script("return document.documentElement.scrollWidth") <= PHONE[0])
        docs.screenshot(SHOTS / "docs-phone-operation.png")

    def test_every_operation_says_what_it_does(self, docs: Explorer) -> None:
        contract = SERVICE.get(f"{docs.url}/openapi.json").json()
        expected = {
            (path, operation["summary"])
            for path, operations in contract["paths"].items()
            for operation in operations.values()
        }
        self.visit(docs, "#/estimate/estimate")
        docs.wait(lambda: docs.all("#operations-estimate-estimate.is-open .responses-table"))  # as the address says
        shown = docs.script(
            "return [...document.querySelectorAll('.opblock')].map((one) => ["
            "one.querySelector('.opblock-summary-path').dataset.path,"
            "one.querySelector('.opblock-summary-description').textContent])"
        )
        assert {tuple(pair) for pair in shown} == expected
        assert len(shown) == len(expected)
        start = docs.script("return document.querySelector('pre').textContent")
        assert f"curl -s {docs.url}/estimate" in start
        sent = re.search(r"-d '(.*)'", start)
        assert sent
        answered(docs, "/estimate", json.loads(sent[1]))

    @pytest.mark.parametrize(
        ("path", "method"),
        [("/estimate", "post"), ("/plan", "post"), ("/evidence", "get"), ("/plot/load.svg", "get")],
    )
    def test_an_example_is_run_and_its_errors_are_shown(self, docs: Explorer, path: str, method: str) -> None:
        operation = SERVICE.get(f"{docs.url}/openapi.json").json()["paths"][path][method]
        if not docs.driver.current_url.startswith(f"{docs.url}/docs"):
            self.visit(docs)
        place = self.opened(docs, operation["operationId"])
        codes = f"return [...document.querySelectorAll('{place} tr.response')].map((row) => row.dataset.code)"
        assert set(docs.script(codes)) == set(operation["responses"])
        for code in set(operation["responses"]) - {"304"}:
            example = f"{place} tr.response[data-code='{code}'] :is(.example, .microlight, .model-example)"
            assert docs.all(example), code
        docs.script("document.querySelector(`${arguments[0]} .btn.execute`).click()", place)
        status = f"{place} .live-responses-table .response .response-col_status"
        docs.wait(lambda: docs.all(status))
        assert docs.all(status)[0].text.startswith("200")
        docs.script("document.querySelector(`${arguments[0]} .opblock-summary-control`).click()", place)
