"""Numbers as people type them, on the page. The command line reads the same table in its own test."""

from collections.abc import Iterator
from typing import Any

import pytest

from retrorun.app.cli.units import NotUnderstood, understood
from tests.page.browser import CHROMIUM, DRIVER, Explorer, explorer, serving
from tests.typed import FIELDS, NAMES, random_texts, table

pytestmark = pytest.mark.skipif(
    not (CHROMIUM and DRIVER), reason="chromium and chromedriver are not here: `make chromium`"
)

ROWS = [row for row in table() if row.unit]
"""The rows of the table with a field; the others are for the command line."""


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Explorer]:
    with serving() as url, explorer(url, tmp_path_factory.mktemp("downloads")) as opened:
        opened.open()
        yield opened


@pytest.fixture
def page(browser: Explorer) -> Explorer:
    browser.pick("units", "metric")
    browser.again()
    return browser


def evaluated(page: Explorer, expression: str, rows: list[Any]) -> list[Any]:
    """Return a JavaScript expression of `row` for each row, with the names of units.js and state.js."""
    answer: list[Any] = page.driver.execute_async_script(
        "const [rows, done] = arguments;"
        "const module = (name) => import(new URL(`./static/explorer/${name}.js`, document.baseURI));"
        "Promise.all(['units', 'state'].map(module)).then(([units, state]) => {"
        "const {understood, fromSi, toSi, linkedSi, linkText, seconds} = units; const {fragmentOf, DEFAULTS} = state;"
        f"done(rows.map((row) => {expression})); }}).catch((error) => done(String(error)))",
        rows,
    )
    assert isinstance(answer, list), answer
    return answer


READING = "(({si, echo, other}) => [Number.isFinite(si) ? si : null, echo, other])(understood(...row))"


def test_the_page_reads_the_table(page: Explorer) -> None:
    found = evaluated(page, READING, [(row.kind, row.text, row.system) for row in ROWS])
    for row, (si, *words) in zip(ROWS, found, strict=True):
        assert si == (None if row.si is None else pytest.approx(row.si, rel=1e-12)), row
        assert words == [row.echo, row.other], row


def test_the_page_and_the_command_line_agree_on_random_texts(page: Explorer) -> None:
    texts = list(random_texts(5000))
    found = evaluated(page, READING, [(kind, text, system) for kind, system, text in texts])
    for (kind, system, text), (si, *words) in zip(texts, found, strict=True):
        try:
            reading = understood(NAMES[kind], text, FIELDS[kind][system == "imperial"])
        except NotUnderstood:
            assert si is None, (kind, system, text)
            continue
        assert si == pytest.approx(float(reading.amount), rel=1e-12), (kind, system, text)
        assert words == [reading.echo, reading.other], (kind, system, text)


def test_what_is_written_is_read_back_within_its_digits(page: Explorer) -> None:
    amounts = {
        "mass": [30 + 0.37 * step for step in range(500)],
        "pace": [0.3 + 0.013 * step for step in range(500)],
        "speed": [0.3 + 0.013 * step for step in range(500)],
        "time": [*range(0, 7300), *range(7300, 172_800, 997)],
        "distance": [100 + 97.3 * step for step in range(500)],
        "grade": [-0.5 + 0.0027 * step for step in range(500)],
    }
    rows = [
        (kind, value, system)
        for kind, values in amounts.items()
        for value in values
        for system in ("metric", "imperial")
    ]
    again = "(([kind, value, units]) => [fromSi(kind, value, units), "
    again += "fromSi(kind, toSi(kind, fromSi(kind, value, units), units), units), "
    again += "toSi(kind, fromSi(kind, value, units), units)])(row)"
    for (kind, value, _), (text, twice, si) in zip(rows, evaluated(page, again, rows), strict=True):
        assert text == twice, (kind, value)
        half = {"mass": 0.05, "speed": 0.05 / 2.2, "time": 0.5, "distance": 8.1, "grade": 0.0005}
        # Half a second of a pace.
        step = half.get(kind, 0.5 * value**2 / 1000)
        assert si == pytest.approx(value, abs=step * 1.01), (kind, value, text)


def test_a_link_keeps_what_was_typed(page: Explorer) -> None:
    rows = [row for row in ROWS if row.si is not None]
    linked = "[linkText(...row), linkedSi(row[0], linkText(...row), row[2])]"
    found = evaluated(page, linked, [(row.kind, row.text, row.system) for row in rows])
    for row, (text, si) in zip(rows, found, strict=True):
        assert si == pytest.approx(row.si, rel=1e-8), row
        assert len(text) <= 15, "a link has 20 characters for a value and its unit"


@pytest.mark.parametrize(
    ("fragment", "field", "text", "key", "value"),
    [
        ("time=40:00", "span", "40:00", "duration_s", 2400),
        ("time=1:30", "span", "0:01:30", "duration_s", 90),
        ("time=4:00", "span", "4:00", "duration_s", 240),
        ("time=1:10:00", "span", "1:10:00", "duration_s", 4200),
        ("time=40", "span", "40", "duration_s", 2400),
        ("pace=5.30/km", "move", "5:18", "speed_m_s", 1000 / 318),
        ("pace=5.5/km", "move", "5.5", "speed_m_s", 1000 / 330),
    ],
)
def test_an_old_link_keeps_its_meaning(
    page: Explorer, fragment: str, field: str, text: str, key: str, value: float
) -> None:
    page.load(f"/#v=1&mass=70kg&{fragment}")
    assert page.one(field).get_property("value") == text
    assert page.body[key] == pytest.approx(value)


@pytest.mark.parametrize(
    ("field", "text", "key", "value", "echo"),
    [
        ("mass", "154 lb", "body_mass_kg", 69.85322498, "= 69.9 kg"),
        ("mass", "82,5 kg", "body_mass_kg", 82.5, ""),
        ("move", "5.30", "speed_m_s", 1000 / 330, "= 5:30 /km"),
        ("move", "5,5", "speed_m_s", 1000 / 330, "= 5:30 /km"),
        ("move", "5:30", "speed_m_s", 1000 / 330, ""),
        ("move", "5:30/km", "speed_m_s", 1000 / 330, ""),
        ("move", "8:51/mi", "speed_m_s", 1609.344 / 531, "= 5:30 /km"),
        ("move", "10 km/h", "speed_m_s", 10 / 3.6, "= 6:00 /km"),
        ("span", "1:30", "duration_s", 5400, "= 1 h 30 min 1 min 30 s instead"),
        ("span", "4:00", "duration_s", 240, "= 4 min 4 h instead"),
        ("span", "40:00", "duration_s", 2400, ""),
        ("span", "40,5", "duration_s", 2430, ""),
        ("span", "1h10", "duration_s", 4200, "= 1:10:00"),
        ("grade", "−3 %", "grade", -0.03, ""),
    ],
)
def test_a_field_says_how_it_understood_and_its_link_has_it(
    page: Explorer, field: str, text: str, key: str, value: float, echo: str
) -> None:
    page.type(field, text)
    assert page.body[key] == pytest.approx(value, rel=1e-12)
    assert page.text(f"{field}-error") == ""
    assert (page.text(f"{field}-echo") if page.all(f"#{field}-echo") else "") == echo
    (fragment,) = evaluated(page, "fragmentOf({...DEFAULTS, [row[0]]: row[1]})", [(field, text)])
    page.load(f"/{fragment}")
    assert page.body[key] == pytest.approx(value, rel=1e-8)


def test_the_other_reading_of_a_time_is_one_tap_away(page: Explorer) -> None:
    page.type("span", "1:30")
    page.driver.find_element("css selector", "#span-echo button").click()
    page.settle()
    assert page.one("span").get_property("value") == "0:01:30"
    assert page.body["duration_s"] == 90
    assert page.text("span-echo") == ""
    assert page.script("return document.activeElement.id") == "span"


@pytest.mark.parametrize(
    ("fragment", "field", "text", "error"),
    [
        ("pace=5:30/km", "move", "0:30", "Give a pace from 2:05 to 1:23:20 /km."),
        ("pace=5:30/mi&mass=150lb", "move", "0:30", "Give a pace from 3:22 to 2:14:06 /mi."),
        ("pace=5:30/mi&mass=150lb", "move", "quick", "Enter minutes and seconds, for example 8:50."),
        ("speed=10km/h", "move", "99", "Give a number from 0.8 to 28.8 km/h."),
        ("speed=6mph&mass=150lb", "move", "99", "Give a number from 0.5 to 17.8 mph."),
        ("distance=10km", "span", "900", "Give a number from 0.01 to 500 km."),
        ("distance=6mi&mass=150lb", "span", "900", "Give a number from 0.01 to 310.68 mi."),
        ("time=40:00", "span", "90 h", "Give a time from 0:00:01 to 48:00:00."),
        ("time=40:00", "mass", "12", "Give a number from 30 to 250 kg."),
        ("mass=150lb", "mass", "40", "Give a number from 66.2 to 551.1 lb."),
        ("time=40:00", "grade", "95", "Give a number from -50 % to 90 %."),
    ],
)
def test_a_bound_has_the_units_of_its_field_and_can_be_typed(
    page: Explorer, fragment: str, field: str, text: str, error: str
) -> None:
    page.load(f"/#v=1&{fragment}")
    page.type(field, text)
    assert page.text(f"{field}-error") == error
    if " from " not in error:
        return
    low, high = error.rstrip(".").partition(" from ")[2].split(" to ")
    for bound in (low, high):
        page.type(field, bound)
        assert "Give" not in page.text(f"{field}-error"), bound


def test_the_time_of_a_recording_is_read_as_on_a_watch(page: Explorer) -> None:
    assert evaluated(page, "seconds(row)", ["1:30", "4:00", "1:10:00", "40"]) == [90, 240, 4200, 2400]


def test_a_link_with_half_a_time_is_no_time(page: Explorer) -> None:
    page.script("location.hash = '#v=1&mass=70kg&pace=5:3/km&time=40:00'")
    page.wait(lambda: page.text("move-error"))
    assert page.text("move-error") == "Enter minutes and seconds, for example 5:30."
