"""The recording on the page: its parts on the plot, live answers, errors, and both directions side by side."""

import json
import math
import re
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from retrorun.models.evidence.cautions import FALL, LOAD_MEANING, WARNINGS
from retrorun.models.track.points import Session
from tests.page.answers import SERVICE, assert_at_home, browsing, clock, rounded, saved
from tests.page.browser import Explorer
from tests.recordings import fit_file, gpx_file, recorded, tcx_file

pytestmark = browsing

LENGTH_S = 1499
IMPULSE = "patellofemoral_impulse_per_bout_bw_s"
PHONE = (390, 844)
PERSON = {"body_mass_kg": 70, "direction_model": "documented", "interval": 0.9}
HOLD_FETCH = """
window.asked = [];
const fetched = window.fetch;
window.fetch = async (to, how) => {
  if (!String(to).endsWith('/workout/track')) return fetched(to, how);
  window.asked.push(JSON.parse(await how.body.get('request').text()));
  const answer = window.answers?.shift();
  if (answer === 0) throw new TypeError();
  if (answer) return new Response(JSON.stringify({detail: 'In words.'}), {status: answer});
  await window.held;
  return fetched(to, how);
};
"""


@pytest.fixture(scope="module")
def watch(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a level run, slower in its last 10 minutes, with all that a watch can measure."""
    run = recorded(LENGTH_S + 1)
    ahead = np.arange(LENGTH_S + 1) < 900
    speed = np.where(ahead, 2.5, 2.0)
    run = run._replace(
        distance_m=np.cumsum(speed),
        speed_m_s=speed,
        altitude_m=np.zeros_like(speed),
        cadence_per_min=np.where(ahead, 162.0, 176.0),
        contact_time_s=np.full_like(speed, 0.26),
        heart_rate_per_min=np.where(ahead, 148.0, 156.0),
    )
    path = tmp_path_factory.mktemp("watch") / "run.fit"
    path.write_bytes(fit_file(run))
    return path


@pytest.fixture
def touched(page: Explorer, watch: Path) -> Explorer:
    """The page with the recording of the watch and no parts."""
    fresh(page, watch)
    return page


@pytest.fixture
def failing(browser: Explorer, watch: Path) -> Iterator[Explorer]:
    """The page with the recording of the watch; afterwards the console may have refused requests."""
    browser.again()
    fresh(browser, watch)
    yield browser
    assert all("status of 422" in line for line in browser.console())
    assert_at_home(browser)


def fresh(page: Explorer, path: Path) -> None:
    """Open the recording, or take away the parts of the last test."""
    if page.script("return window.opened") != str(path):
        page.open()
        opened(page, path)
        return
    page.script("if (document.querySelector('#track-parts li')) document.getElementById('part-clear').click()")
    page.script("document.getElementById('track-figure').scrollIntoView({block: 'center'})")
    rest(page)
    page.script("window.asked = []; window.answers = []")


def opened(page: Explorer, path: Path) -> None:
    """Choose a file, wait for its answer, and note the requests from then on."""
    page.one("file").send_keys(str(path))
    page.wait(lambda: page.all("#track-figure svg"))
    rest(page)
    page.script(HOLD_FETCH + "window.opened = arguments[0]", str(path))
    # The plots above are drawn when they come near, and move what is below.
    for above in ("load-figure", "track-figure"):
        page.see(above)
    page.script("document.getElementById('track-figure').scrollIntoView({block: 'center'})")
    page.settle()


def rest(page: Explorer) -> None:
    """Wait until the recording is neither waiting nor asked about."""
    page.wait(lambda: page.script("return document.getElementById('track').getAttribute('aria-busy') === 'false'"))


def stale(page: Explorer) -> bool:
    return bool(page.script("return document.getElementById('track').classList.contains('stale')"))


def asked(page: Explorer) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = page.script("return window.asked")
    return found


def place(page: Explorer, seconds: float) -> tuple[float, float]:
    """Return where a time is on the screen."""
    found = page.script(
        "const svg = document.querySelector('#track-figure svg'), box = svg.getBoundingClientRect();"
        "return [box.left + svg.scale('x').apply(arguments[0] / 60) * box.width / svg.viewBox.baseVal.width,"
        " box.top + box.height / 2]",
        seconds,
    )
    return found[0], found[1]


def drag(page: Explorer, from_s: float, to_s: float, kind: str = "mouse") -> None:
    """Drag over the plot from a time to another."""
    (begin, y), (end, _) = place(page, from_s), place(page, to_s)
    if kind == "touch":
        page.devtools("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": begin, "y": y}])
        for step in range(1, 9):
            at_x = begin + (end - begin) * step / 8
            page.devtools("Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": at_x, "y": y}])
        page.devtools("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
        return
    held = {"button": "left", "pointerType": kind, "y": y}
    page.devtools("Input.dispatchMouseEvent", type="mousePressed", x=begin, buttons=1, clickCount=1, **held)
    for step in range(1, 5):
        at_x = begin + (end - begin) * step / 4
        page.devtools("Input.dispatchMouseEvent", type="mouseMoved", x=at_x, buttons=1, **held)
    page.devtools("Input.dispatchMouseEvent", type="mouseReleased", x=end, buttons=0, clickCount=1, **held)


def tap(page: Explorer, seconds: float) -> None:
    x, y = place(page, seconds)
    for kind in ("mousePressed", "mouseReleased"):
        page.devtools("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)


def parts(page: Explorer) -> list[list[str]]:
    """Return the texts of the two fields of each row."""
    found: list[list[str]] = page.script(
        "return [...document.querySelectorAll('#track-parts li')].map("
        "(row) => [...row.querySelectorAll('input')].map(({value}) => value))"
    )
    return found


def enter(page: Explorer, row: int, column: int, text: str) -> None:
    """Replace the text of a field of a row."""
    field = page.all(f"#track-parts li:nth-child({row}) input")[column]
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text or Keys.DELETE)


def typed(page: Explorer, *texts: str) -> None:
    """Type texts into the first field without a pause between them."""
    page.script(
        "const field = document.querySelector('#track-parts input');"
        "for (const text of arguments[0]) {"
        " field.value = text; field.dispatchEvent(new Event('input', {bubbles: true})) }",
        texts,
    )


def error_of(page: Explorer, row: int, column: int) -> str:
    """Return the error that a field is described by."""
    field = page.all(f"#track-parts li:nth-child({row}) input")[column]
    said, invalid = page.script(
        "const [field] = arguments, error = document.getElementById(field.getAttribute('aria-describedby'));"
        "return [error.textContent, field.getAttribute('aria-invalid') === 'true']",
        field,
    )
    assert invalid == bool(said)
    return str(said)


def says(page: Explorer, column: int, message: str) -> bool:
    return message in error_of(page, 2, column)


def begins(page: Explorer, identifier: str, words: str) -> bool:
    return page.text(identifier).startswith(words)


def marks(page: Explorer) -> list[list[float]]:
    """Return the times of the marks on the plot."""
    found: list[list[float]] = page.script(
        "const svg = document.querySelector('#track-figure svg'), x = svg.scale('x');"
        "return [...svg.querySelectorAll('[data-marks] > rect')].map((mark) => {"
        " const from = Number(mark.getAttribute('x'));"
        " return [from, from + Number(mark.getAttribute('width'))].map((at) => Math.round(x.invert(at) * 60)) })"
    )
    return found


def answer_to(page: Explorer, path: Path, **said: Any) -> dict[str, Any]:
    """Return the answer of the service about a file."""
    response = SERVICE.post(
        f"{page.url}/workout/track", files={"file": path.read_bytes()}, data={"request": json.dumps(PERSON | said)}
    )
    assert response.status_code == 200, response.text
    answer: dict[str, Any] = response.json()
    return answer


def amount(found: dict[str, Any], factor: float = 1.0) -> str:
    """Return an estimate times a factor as the page writes it."""
    scaled = {end: found[end] * factor for end in ("value", "low", "high")}
    return rounded(scaled["value"], scaled)


def table_of(page: Explorer) -> dict[str, list[str]]:
    """Return the rows of the table of both directions."""
    rows = page.script(
        "return [...document.querySelectorAll('#track-sides tr')].map((row) => [...row.cells].map("
        "(cell) => [...cell.querySelectorAll('b, span:not(:has(*))')].map("
        "({textContent}) => textContent).join(' ') || cell.textContent))"
    )
    return {head: [cell.replace("\u00a0", " ") for cell in cells] for head, *cells in rows}


class TestTrack:
    @pytest.mark.parametrize("name", ["run.fit", "walk.tcx"])
    def test_a_recording_is_summed_up_and_drawn(self, page: Explorer, recordings: Path, name: str) -> None:
        path = recordings / name
        page.open()
        page.one("file").send_keys(str(path))
        words = page.wait(lambda: page.text("track-words") if " kcal" in page.text("track-words") else "")
        answer = answer_to(page, path)
        energy, ratio = answer["totals"]["total_energy_kcal"], answer["ratio"]["total_energy"]
        grades = f"Energy, grade {energy['evidence']}. Ratio, grade {ratio['evidence']}."
        assert words.endswith(f"{answer['summary']['headline']['text']} {grades}")
        assert f"{answer['track']['points']} points" in page.text("track-report")
        known = 0
        for way, said in (("totals", "as recorded"), ("reversed", "with directions swapped")):
            impulse = answer[way]["load"].get(IMPULSE) if "load" in answer[way] else None
            sentence = next(each for each in re.split(r"(?<=\.) (?=K)", page.text("track-loads")) if said in each)
            if impulse is None:
                assert sentence == f"Knee-cap impulse {said}: unknown."
                continue
            known += 1
            assert f"{rounded(impulse['value'], impulse)} BW·s" in sentence
            assert impulse["covered"] < 1
            assert sentence.endswith(f"over {math.floor(impulse['covered'] * 100)} % of the moving time.")
        assert known == (2 if name.endswith(".fit") else 0), "the other one is walked, and has none"
        minded = page.text("track-warnings")
        assert all(WARNINGS[code]["message"] in minded for code in (LOAD_MEANING, FALL))
        limits = page.text("track-limits")
        for warning in answer["warnings"]:
            assert len(page.all(f"#track-warnings .{warning['severity']}, #track-limits .{warning['severity']}")) > 0
        folded = len(page.all("#track-limits li"))
        assert f"{folded} more limits" in limits
        assert folded + len(page.all("#track-warnings li")) == len(answer["warnings"])
        page.wait(lambda: page.all("#track-figure svg") and page.all("#slope-figure svg"))

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

    def test_another_body_is_another_answer(self, touched: Explorer) -> None:
        before = touched.text("track-words")
        touched.type("mass", "95")
        touched.wait(lambda: touched.text("track-words") != before)
        rest(touched)
        assert [said["body_mass_kg"] for said in asked(touched)] == [95], "asked once, not at every key"
        touched.script("document.getElementById('reset').click()")
        touched.wait(lambda: touched.text("track-words") == before)

    def test_several_sessions_are_listed(self, page: Explorer, tmp_path: Path) -> None:
        points = recorded(900, speed_m_s=2.5)
        points = points._replace(session=np.where(np.arange(900) < 300, 0, 1))
        path = tmp_path / "both.fit"
        path.write_bytes(fit_file(points, [Session("cycling"), Session("running")]))
        page.open()
        opened(page, path)
        answer = answer_to(page, path)
        ride, run = (each.text for each in page.all("#track-sessions li"))
        assert ride == "cycling, begins at 0:00, not in these numbers."
        start, energy = answer["sessions"][1]["start_s"], answer["sessions"][1]["total_energy_kcal"]
        assert run.startswith(f"running, begins at {clock(start)}, 1.50 km, {rounded(energy['value'], energy)} kcal")
        assert WARNINGS["caution.track_sessions"]["message"] in page.text("track-warnings")


class TestMarks:
    @pytest.mark.parametrize("kind", ["mouse", "pen", "touch"])
    def test_a_drag_marks_a_part(self, page: Explorer, watch: Path, kind: str) -> None:
        page.open(size=PHONE if kind == "touch" else (1360, 900))
        if kind == "touch":
            page.devtools("Emulation.setTouchEmulationEnabled", enabled=True)
        try:
            opened(page, watch)
            drag(page, 300, 600, kind)
            ((begin, end),) = marks(page)
            # A pixel of a phone is five seconds.
            assert abs(begin - 300) <= 5, begin
            assert abs(end - 600) <= 5, end
            assert parts(page) == [[clock(begin), clock(end)]]
            assert page.text("track-hint") == f"Backward from {clock(begin)} until {clock(end)}."
            rest(page)
            assert [said["backward"] for said in asked(page)] == [[{"from_s": begin, "to_s": end}]]
            assert not stale(page)
            answer = answer_to(page, watch, backward=[{"from_s": begin, "to_s": end}])
            assert answer["summary"]["headline"]["text"] in page.text("track-words")
            shown = page.script("return document.getElementById('track-figure').rows.map((row) => row[2])")
            assert "backward" in shown, "as the service answered"
            drag(page, 900, LENGTH_S + 60, kind)
            assert parts(page)[1][1] == "", "beyond the plot is the end"
        finally:
            page.devtools("Emulation.setTouchEmulationEnabled", enabled=False)

    def test_a_finger_still_scrolls_the_page(self, page: Explorer, watch: Path) -> None:
        page.open(size=PHONE)
        page.devtools("Emulation.setTouchEmulationEnabled", enabled=True)
        try:
            opened(page, watch)
            before = page.script("return scrollY")
            x, y = place(page, 600)
            page.devtools("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
            for step in range(1, 11):
                page.devtools(
                    "Input.dispatchTouchEvent", type="touchMove", touchPoints=[{"x": x + step, "y": y - 20 * step}]
                )
            page.devtools("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])
            page.wait(lambda: page.script("return scrollY") > before + 100)
            assert not parts(page)
            assert not marks(page)
        finally:
            page.devtools("Emulation.setTouchEmulationEnabled", enabled=False)

    def test_parts_that_meet_are_merged(self, touched: Explorer) -> None:
        drag(touched, 100, 300)
        drag(touched, 900, 1100)
        drag(touched, 500, 700)
        assert [begin for begin, _ in marks(touched)] == sorted(begin for begin, _ in marks(touched))
        (first, _), _, (third, end) = marks(touched)
        drag(touched, 250, 620)
        assert [mark[0] for mark in marks(touched)] == [first, third]
        drag(touched, 200, 1000)
        assert marks(touched) == [[first, end]]
        rest(touched)
        assert asked(touched)[-1]["backward"] == [{"from_s": first, "to_s": end}]

    def test_a_tap_selects_a_part_to_change_or_remove(self, touched: Explorer) -> None:
        drag(touched, 100, 300)
        drag(touched, 700, 900)
        tap(touched, 200)
        assert len(touched.all("#track-figure circle")) == 2, "a handle at each end"
        assert len(touched.all("#track-parts li:first-child[aria-current]")) == 1
        (begin, end), other = marks(touched)
        drag(touched, end, 500)
        (same, later), _ = marks(touched)
        assert (same, other in marks(touched)) == (begin, True)
        assert abs(later - 500) <= 2
        drag(touched, begin, 600)
        (begin, end), _ = marks(touched)
        assert (begin, abs(end - 600) <= 2) == (later, True), "an end may pass the other"
        touched.one("part-remove").click()
        assert marks(touched) == [other]
        tap(touched, 100)
        assert not touched.one("part-remove").is_displayed()
        rest(touched)
        assert asked(touched)[-1]["backward"] == [{"from_s": other[0], "to_s": other[1]}]

    def test_marks_survive_other_units_and_widths(self, touched: Explorer, watch: Path, downloads: Path) -> None:
        drag(touched, 100, 300)
        rest(touched)
        before = marks(touched)
        touched.pick("units", "imperial")
        touched.wait(lambda: "mi" in touched.text("track-words"))
        assert marks(touched) == before
        touched.emulate((700, 900), "light")
        touched.wait(lambda: touched.script("return document.querySelector('#track-figure svg').clientWidth") < 700)
        rest(touched)
        touched.wait(lambda: marks(touched) == before)
        assert touched.text("track-figure").count("← backward") + touched.text("track-figure").count("←") > 0
        touched.driver.find_element("css selector", "[aria-label='Download track as SVG']").click()
        picture = touched.wait(lambda: saved(downloads / "retrorun-track.svg")).decode()
        assert "hatch-backward-part" in picture
        assert "var(" not in picture
        touched.driver.find_element("css selector", "[aria-label='Download track as CSV']").click()
        table = touched.wait(lambda: saved(downloads / "retrorun-track.csv")).decode()
        assert "speed_mph" in table.splitlines()[0]
        assert ",backward," in table
        touched.driver.find_element("css selector", "[aria-label='Download track as PNG']").click()
        assert touched.wait(lambda: saved(downloads / "retrorun-track.png")).startswith(b"\x89PNG")


class TestRows:
    def test_the_keyboard_does_everything(self, touched: Explorer) -> None:
        touched.one("part-add").send_keys(Keys.ENTER)
        touched.driver.switch_to.active_element.send_keys("2:00", Keys.TAB, "4,5", Keys.TAB)
        assert parts(touched) == [["2:00", "4:30"]]
        touched.one("part-add").send_keys(Keys.ENTER)
        touched.driver.switch_to.active_element.send_keys("20", Keys.TAB)
        touched.one("part-add").send_keys(Keys.ENTER)
        touched.driver.switch_to.active_element.send_keys(Keys.TAB, "1:00", Keys.TAB)
        touched.wait(lambda: marks(touched) == [[120, 270], [1200, LENGTH_S], [0, 60]])
        rest(touched)
        assert asked(touched)[-1]["backward"] == [
            {"from_s": 120, "to_s": 270},
            {"from_s": 1200},
            {"from_s": 0, "to_s": 60},
        ]
        enter(touched, 3, 1, "3:00\t\t")
        touched.wait(lambda: parts(touched) == [["20:00", ""], ["0:00", "4:30"]])
        touched.all("#track-parts li:first-child button")[0].send_keys(Keys.ENTER)
        assert parts(touched) == [["0:00", "4:30"]]
        assert touched.script("return document.activeElement.closest('#track-parts li') !== null"), (
            "the caret is not lost"
        )
        touched.one("part-clear").send_keys(Keys.ENTER)
        assert not parts(touched)
        assert touched.driver.switch_to.active_element.get_attribute("id") == "part-add"
        rest(touched)
        assert "backward" not in asked(touched)[-1]

    def test_times_are_read_as_on_a_watch(self, touched: Explorer) -> None:
        said = {
            "4:00": 240,
            "1:30": 90,
            "1:10:00": 4200,
            "90:00": 5400,
            "4": 240,
            "4.5": 270,
            "4,5": 270,
            "4.30": 270,
            "4.75": 285,
            "90 s": 90,
            "5 min": 300,
            "1h10": 4200,
            "2 h": 7200,
            "5'30\"": 330,
            "5\u201930\u201d": 330,
            "5m30s": 330,
        }
        wrong = ["", "soon", "-1", "4:60", "1:2:3", "1:60:00", "4:00:00:00", "1e3", "1h75", "h", ":30", "4::0"]
        found = touched.driver.execute_async_script(
            "const [texts, done] = arguments;"
            "import('./static/explorer/views/parts.js').then("
            "({watchSeconds}) => done(texts.map((text) => String(watchSeconds(text)))))",
            [*said, *wrong],
        )
        assert found == [*map(str, said.values()), *["NaN"] * len(wrong)]

    def test_it_asks_once_after_a_pause_and_only_for_the_newest(self, touched: Explorer) -> None:
        touched.one("part-add").click()
        touched.script("window.held = new Promise((go) => { window.release = go })")
        touched.script(
            "const later = window.setTimeout; window.delays = [];"
            "window.setTimeout = (act, delay) => { window.delays.push(delay); return later(act, delay) }"
        )
        typed(touched, "1:00", "2:00", "3:00")
        assert touched.script("return window.delays.filter((delay) => delay === 250).length") >= 3
        assert stale(touched)
        touched.wait(lambda: len(asked(touched)) == 1)
        enter(touched, 1, 0, "4:00")
        touched.wait(lambda: len(asked(touched)) == 2)
        assert stale(touched)
        before = touched.text("track-words")
        touched.script("window.release()")
        rest(touched)
        assert [said["backward"][0]["from_s"] for said in asked(touched)] == [180, 240]
        assert touched.text("track-words") != before
        assert not stale(touched)
        typed(touched, "5:00", "4:00")
        rest(touched)
        assert not stale(touched), "as before, so the answer is that of the fields"
        assert len(asked(touched)) == 2


class TestTrackErrors:
    def test_a_file_of_another_kind_is_refused_in_words(self, refused: Explorer, tmp_path: Path) -> None:
        other = tmp_path / "notes.gpx"
        other.write_text("no recording")
        refused.open()
        refused.one("file").send_keys(str(other))
        refused.wait(lambda: refused.text("file-error"))
        assert refused.text("file-error") == "The file is not GPX, TCX or FIT: choose the original file of the watch."
        assert refused.one("file").get_attribute("aria-invalid") == "true"
        assert refused.text("track-words") == ""

    def test_an_error_is_beside_its_field(self, failing: Explorer) -> None:
        words = failing.text("track-words")
        failing.one("part-add").click()
        enter(failing, 1, 0, "1:00")
        enter(failing, 1, 1, "2:00\t")
        failing.one("part-add").click()
        enter(failing, 2, 0, "5:00")
        table = (
            (1, "4:00\t", 1, "The end must come after the start. Enter a later time."),
            (1, "26:00\t", 1, "after the end of the recording, 24:59. Enter an earlier time, or leave"),
            (0, "30:00\t", 0, "not before the end of the recording, 24:59. Enter an earlier time."),
            (0, "49:00:00\t", 0, "not before the end of the recording"),
            (0, "soon\t", 0, "Enter a time as on your watch, for example 4:00 or 1:10:00."),
        )
        for column, text, wrong, message in table:
            enter(failing, 2, column, text)
            failing.wait(partial(says, failing, wrong, message))
            assert not error_of(failing, 2, 1 - wrong), text
            assert not error_of(failing, 1, 0)
            assert not error_of(failing, 1, 1)
            assert stale(failing)
        enter(failing, 2, 0, "10:00")
        enter(failing, 2, 1, "12:00\t")
        rest(failing)
        assert not stale(failing)
        assert not error_of(failing, 2, 0)
        assert failing.text("track-words") != words

    def test_another_file_is_read_while_a_part_is_wrong(self, failing: Explorer, watch: Path, tmp_path: Path) -> None:
        failing.one("part-add").click()
        enter(failing, 1, 1, "26:00")
        failing.wait(lambda: error_of(failing, 1, 1))
        other = tmp_path / "other.fit"
        other.write_bytes(watch.read_bytes())
        failing.script("window.held = new Promise((go) => { window.release = go })")
        failing.one("file").send_keys(str(other))
        failing.wait(lambda: len(asked(failing)) == 2)
        typed(failing, "1:00")
        failing.script("window.release()")
        failing.wait(lambda: not parts(failing))
        rest(failing)
        assert not stale(failing)
        assert "backward" not in asked(failing)[-1]
        failing.script("window.opened = ''")

    def test_a_refused_file_leaves_the_last_answer(self, failing: Explorer, tmp_path: Path) -> None:
        words = failing.text("track-words")
        drag(failing, 300, 600)
        rest(failing)
        ride = tmp_path / "ride.gpx"
        points = recorded(600, speed_m_s=3.0)
        ride.write_bytes(gpx_file(points, [Session("cycling")]))
        failing.one("file").send_keys(str(ride))
        failing.wait(lambda: failing.text("file-error"))
        assert failing.text("file-error") == (
            "The file names its sport: cycling. RetroRun answers running and walking. "
            "The answer below is still that of run.fit."
        )
        assert stale(failing)
        assert len(parts(failing)) == 1
        drag(failing, 900, 1000)
        rest(failing)
        assert failing.text("file-error") == ""
        assert not stale(failing)
        ride_again = tmp_path / "again.gpx"
        ride_again.write_bytes(ride.read_bytes())
        failing.one("file").send_keys(str(ride_again))
        failing.wait(lambda: failing.one("as-foot").is_displayed())
        failing.script("window.opened = ''")
        failing.one("as-foot").click()
        failing.wait(lambda: not parts(failing))
        rest(failing)
        assert asked(failing)[-1] == {**PERSON, "sport": "as_foot", "include": ["profile"]}
        assert failing.text("file-error") == ""
        assert failing.text("track-words") != words

    def test_the_service_may_refuse_or_not_answer(self, touched: Explorer) -> None:
        for status, shown, said in (
            (413, "file-error", "This file is larger than the service accepts."),
            (415, "file-error", "The service does not accept this file."),
            (0, "track-error", "The service does not answer."),
            (503, "track-error", "In words."),
        ):
            rest(touched)
            touched.script("window.answers = [arguments[0]]", status)
            drag(touched, 300, 600 + status)
            touched.wait(partial(begins, touched, shown, said))
            assert stale(touched)
            assert touched.one("track-again").is_displayed() == (status in {0, 503})
        touched.one("track-again").click()
        touched.wait(lambda: not touched.text("track-error"))
        rest(touched)
        assert not stale(touched)

    def test_an_error_of_the_run_leads_to_its_field(self, failing: Explorer) -> None:
        for mass in ("7", "much"):
            failing.type("mass", mass)
            failing.wait(lambda: failing.text("mass-error") and failing.text("track-error"))
            rest(failing)
            assert failing.text("track-error") == f"Body mass, in your run: {failing.text('mass-error')}"
            assert stale(failing)
        failing.one("track-field").click()
        assert failing.driver.switch_to.active_element.get_attribute("id") == "mass"
        failing.type("mass", "71")
        failing.wait(lambda: not failing.text("track-error"))
        assert not failing.one("track-field").is_displayed()


class TestSides:
    def test_both_directions_are_side_by_side(self, touched: Explorer, watch: Path) -> None:
        assert table_of(touched)[""] == ["→ forward"]
        touched.one("part-add").click()
        enter(touched, 1, 0, "15:00\t")
        touched.wait(lambda: len(table_of(touched)[""]) == 2)
        answer = answer_to(touched, watch, backward=[{"from_s": 900}])
        rows = table_of(touched)
        assert rows[""] == ["→ forward", "← backward"]
        for column, way in enumerate(("forward", "backward")):
            sums, measured = answer[way], answer["measured"][way]
            km = sums["distance_m"] / 1000
            energy, impulse = sums["total_energy_kcal"], sums["load"][IMPULSE]
            assert rows["Time moving"][column] == f"{clock(sums['moving_duration_s'])} min"
            assert rows["Distance"][column] == f"{rounded(km)} km"
            assert rows["Pace"][column] == f"{clock(sums['moving_duration_s'] / km)} /km"
            assert rows["Energy, kcal"][column].startswith(
                f"{rounded(energy['value'], energy)} {rounded(energy['low'], energy)}–"
            )
            assert rows["Energy, kcal"][column].endswith(f", grade {energy['evidence']}")
            assert rows["Energy, kcal/km"][column].startswith(amount(energy, 1 / km))
            assert rows["Knee-cap impulse of one leg, BW·s"][column].startswith(amount(impulse))
            assert rows["Cadence, steps/min"][column].startswith(amount(measured["cadence_steps_per_min"]))
            assert rows["Cadence, steps/min"][column].endswith("measured")
            assert rows["Heart rate, beats/min"][column] == f"{measured['heart_rate_per_min']:.0f} measured"
        report = answer["measured"]
        for name, words in (
            ("steps_narrower", "of steps by"),
            ("contact_time_narrower", "of contact time by"),
            ("impulse_narrower", "of the knee-cap impulse by"),
        ):
            share = math.floor((1 - report[name]) * 100) or "less than 1"
            assert f"{words} {share} %" in touched.text("track-measured")
        assert "likely to be too high for going backward" in touched.text("track-measured")
        touched.choose("moveBy", "speed")
        km_h = answer["backward"]["distance_m"] / answer["backward"]["moving_duration_s"] * 3.6
        touched.wait(lambda: table_of(touched).get("Speed", [])[1:] == [f"{km_h:.1f} km/h"])
        touched.pick("units", "imperial")
        touched.wait(lambda: "Energy, kcal/mi" in table_of(touched))
        assert table_of(touched)["Distance"][1] == f"{rounded(answer['backward']['distance_m'] / 1609.344)} mi"

    def test_without_a_watch_cadence_is_estimated_or_unknown(self, page: Explorer, tmp_path: Path) -> None:
        none = np.full(600, np.nan)
        run = recorded(600, speed_m_s=1.4)
        run = run._replace(cadence_per_min=none, heart_rate_per_min=none, altitude_m=np.zeros(600))
        path = tmp_path / "bare.tcx"
        path.write_bytes(tcx_file(run))
        page.open()
        opened(page, path)
        totals = answer_to(page, path)["totals"]
        cadence = amount(totals["steps"], 60 / totals["moving_duration_s"])
        assert table_of(page)["Cadence, steps/min"][0].startswith(f"{cadence} ")
        assert table_of(page)["Cadence, steps/min"][0].endswith("estimated")
        assert "Heart rate, beats/min" not in table_of(page)
        assert page.text("track-measured") == ""
        page.one("part-add").click()
        enter(page, 1, 0, "5:00\t")
        page.wait(lambda: len(table_of(page)[""]) == 2)
        assert table_of(page)["Cadence, steps/min"][1] == "unknown"
        assert table_of(page)["Knee-cap impulse of one leg, BW·s"][1] == "unknown"

    def test_a_sentence_can_be_shared(self, touched: Explorer, watch: Path) -> None:
        def text() -> str:
            return str(touched.one("track-share").get_property("value"))

        def energy(**said: Any) -> str:
            found = answer_to(touched, watch, **said)["summary"]["headline"]
            numbers = "{total_energy_kcal} kcal ({total_energy_kcal_low} to {total_energy_kcal_high})".format(
                **found["params"]
            )
            if found["code"].startswith("weak_"):
                return f"A weak estimate by RetroRun: about {numbers}."
            return f"About {numbers}, estimated by RetroRun."

        assert text() == f"3.45 km in 24:59. {energy()}"
        touched.one("part-add").click()
        enter(touched, 1, 0, "15:00\t")
        touched.wait(lambda: "backward" in text())
        assert text() == f"1.20 km backward in 9:59, of a run of 3.45 km. {energy(backward=[{'from_s': 900}])}"
        touched.pick("units", "imperial")
        back, whole = (
            f"{rounded(answer[way]['distance_m'] / 1609.344)} mi"
            for answer in [answer_to(touched, watch, backward=[{"from_s": 900}])]
            for way in ("backward", "totals")
        )
        touched.wait(lambda: text().startswith(f"{back} backward in 9:59, of a run of {whole}. "))
        touched.pick("units", "metric")
        enter(touched, 1, 0, "0\t")
        touched.wait(lambda: text().startswith("3.45 km backward in 24:59. "))
        touched.script(
            "Object.defineProperty(navigator, 'clipboard', {configurable: true, value: {writeText: (text) => {"
            " window.copied = text; return Promise.resolve() }}})"
        )
        touched.one("copy-share").click()
        assert touched.wait(lambda: touched.script("return window.copied")) == text()


class TestRecordingForEveryone:
    @pytest.mark.parametrize(("size", "scheme"), [((1360, 900), "dark"), (PHONE, "light")])
    def test_it_is_accessible_and_fits(self, page: Explorer, watch: Path, size: tuple[int, int], scheme: str) -> None:
        page.open(size=size, scheme=scheme)
        fragment = page.fragment()
        opened(page, watch)
        page.requests()
        drag(page, 300, 900)
        page.script("document.getElementById('part-add').click()")
        page.wait(lambda: len(table_of(page)[""]) == 2)
        rest(page)
        assert not page.axe()
        for wide in ("document.documentElement", "document.getElementById('track-sides')"):
            assert page.script(f"const {{scrollWidth, clientWidth}} = {wide}; return scrollWidth <= clientWidth"), wide
        assert page.fragment() == fragment, "nothing of a recording is in the link"
        sent = {address for address, _ in page.requests()}
        assert sent == {f"{page.url}/workout/track"}
