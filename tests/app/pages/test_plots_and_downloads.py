"""The plots of the explorer, and what can be copied and downloaded."""

import csv
import json
import os
import re
import subprocess
import sys
import xml.etree.ElementTree as ET
from collections.abc import Iterator
from functools import partial
from pathlib import Path

import pytest

from retrorun.models.evidence.claims import CAUTION
from retrorun.models.physiology.direction import BACKWARD_MEASURED_TO_M_S, WALKING_RATIO_RANGE_M_S
from tests.page.answers import (
    SERVICE,
    answered,
    assert_shows_the_answer,
    browsing,
    rounded,
    saved,
)
from tests.page.browser import PHONE, WIDE, Explorer

pytestmark = browsing


def assert_says_what_it_is(page: Explorer, row: dict[str, str]) -> None:
    """Check that a row names its run, when and with what it was made, where to see it again, and the warnings."""
    answer = answered(page, "/estimate", page.body)
    run = "70 kg, 5:30 /km, 40:00 min, level ground, running, same speed"
    assert row["inputs"].startswith(f"{run}, equation looney2025, ")
    assert row["date"] == "2031-01-02 03:04"
    assert (row["version"], row["models"]) == (answer["models"]["version"], answer["models"]["hash"])
    # The address follows a little later.
    assert page.wait(lambda: row["link"] == f"{page.url}/#{page.fragment()}")
    safety = [warning["message"] for warning in answer["warnings"] if warning["severity"] == "safety"]
    assert all(message in row["before_you_rely_on_this"] for message in safety)


@pytest.fixture
def dated(page: Explorer) -> Iterator[Explorer]:
    """The page on a day whose clock does not move."""
    page.script(
        "globalThis.moving = Date; globalThis.Date = class extends Date { constructor() { super(2031, 0, 2, 3, 4); } }"
    )
    yield page
    page.script("globalThis.Date = globalThis.moving ?? Date")


DASHED = "Where the backward line has fine dashes:"


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
                assert f"{rounded(found['low'], found)}–{rounded(found['high'], found)}" in texts, (way, field)
                assert found["evidence"] in texts
                if "value" in found:
                    assert rounded(found["value"], found) in texts

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
        page.compare("metabolic_rate")
        assert page.text("big") == "0.8 km/h"
        assert page.one("curve-figure").is_displayed()
        assert {row[0] for row in page.script("return document.getElementById('curve-figure').rows.slice(1)")} == {
            "estimate",
            "literature",
        }

    def test_it_says_where_measurements_end(self, page: Explorer) -> None:
        words = "Backward energy was measured up to 12.6 km/h (4:46 /km)"
        assert page.text("curve-words").startswith(f"{DASHED} {words}")
        page.type("grade", "7")
        assert page.text("curve-words").startswith(
            f"No oxygen uptake was found for this slope. {DASHED} Backward energy"
        )

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
    def test_each_plot_downloads_as_svg_png_and_csv(self, dated: Explorer, downloads: Path, figure: str) -> None:
        page = dated
        page.type("planBackward", "8")
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
        for row in csv.DictReader(table.decode().splitlines()):
            assert_says_what_it_is(page, row)
        for told in (row["inputs"], row["models"], row["before_you_rely_on_this"], row["version"]):
            assert told in words
        assert row["link"] in words.replace(" ", "")
        if figure == "plan":
            assert "My fastest speed backward 8 km/h" in row["inputs"]
        if figure == "load":
            means = {row["evidence"]: row["evidence_means"] for row in csv.DictReader(table.decode().splitlines())}
            assert means["D"] == "extrapolated from other data, or our assumption"
            assert means["C-"] == means["C"]
        for name in names.values():
            name.unlink()

    def test_the_other_axis_shows_oxygen(self, page: Explorer) -> None:
        page.pick("axis", "oxygen")
        assert "ml/kg/min" in page.script("return document.querySelector('#curve-figure svg').textContent")


class TestWaysOut:
    def test_the_csv_is_the_answer_unrounded(self, dated: Explorer, downloads: Path) -> None:
        page = dated
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
            assert_says_what_it_is(page, row)

    def test_a_download_is_of_the_run_that_was_answered(self, page: Explorer, downloads: Path) -> None:
        page.open()
        page.pick("units", "imperial")
        page.pick("compare", "effort")
        page.type("grade", "-2")
        page.choose("spanBy", "distance")
        page.type("span", "6.2")
        page.wait(lambda: "distance=6.2mi" in page.fragment())
        fragment = page.fragment()
        page.type("mass", "heavy")
        (downloads / "retrorun.csv").unlink(missing_ok=True)
        page.script("arguments[0].click()", page.one("csv"))
        text = page.wait(partial(saved, downloads / "retrorun.csv")).decode()
        row = next(csv.DictReader(text.splitlines()))
        assert row["inputs"].startswith("154.3 lb, 8:51 /mi, 6.2 mi, slope -2 %, running, same energy per minute, ")
        page.open(row["link"].removeprefix(f"{page.url}/"))
        assert page.fragment() == fragment
        assert page.body["equal"] == "metabolic_rate"

    def test_a_print_says_what_it_is(self, page: Explorer) -> None:
        page.printed()
        page.emulate(WIDE, "light", "print")
        inputs, made, link, warnings = (
            line.text for line in page.driver.find_elements("css selector", "#printed p") if line.is_displayed()
        )
        answer = answered(page, "/estimate", page.body)
        assert "70 kg, 5:30 /km, 40:00 min, level ground, running" in inputs
        assert f"RetroRun {answer['models']['version']}, models {answer['models']['hash']}" in made
        assert link == page.driver.current_url
        assert warnings.startswith("Before you rely on this: ")
        assert all(each["message"] in warnings for each in answer["warnings"] if each["severity"] == "safety")

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
