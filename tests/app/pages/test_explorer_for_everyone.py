"""The explorer for every reader: sizes, schemes, keyboard, print, words."""

import gzip
import hashlib
import re
from urllib.parse import urlsplit

import pytest

from retrorun.models.evidence.claims import CAUTION
from tests.page.answers import FIRST_VIEW_BYTES, HOUSE, JSON, SERVICE, SHOTS, answered, browsing
from tests.page.browser import PHONE, WIDE, Explorer

pytestmark = browsing


class TestForEveryone:
    @pytest.mark.parametrize("scheme", ["light", "dark"])
    @pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
    def test_axe_finds_nothing_serious(self, page: Explorer, size: tuple[int, int], scheme: str) -> None:
        page.open("#v=1&plan_backward=8km/h", size=size, scheme=scheme)
        page.script("for (const part of document.querySelectorAll('details')) part.open = true")
        for figure in ("load-figure", "plan-figure"):
            page.see(figure)
        assert not page.axe()
        page.script("scrollTo(0, 0)")
        name = f"{'phone' if size == PHONE else 'wide'}-{scheme}"
        page.screenshot(SHOTS / f"{name}.png")
        if scheme == "light":
            page.screenshot(SHOTS / f"{name}-whole.png", whole=True)

    def test_every_name_of_an_element_is_unique(self, page: Explorer) -> None:
        names = page.script("return [...document.querySelectorAll('[id]')].map(({id}) => id)")
        assert sorted(names) == sorted(set(names))

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

    @pytest.mark.parametrize("size", [(390, 844), (360, 640)], ids=["390x844", "360x640"])
    def test_a_stranger_reads_energy_and_knee_without_scrolling(self, page: Explorer, size: tuple[int, int]) -> None:
        page.load(size=size)
        for field, text in {"mass": "82", "move": "6:15", "span": "35"}.items():
            page.type(field, text)
        assert page.body["body_mass_kg"] == 82
        bar = page.script("return document.getElementById('bar').getBoundingClientRect().top")
        assert bar < size[1]
        for field in ("lead", "knee"):
            top, bottom = page.script(
                "const {top, bottom} = document.getElementById(arguments[0]).getBoundingClientRect();"
                "return [top, bottom]",
                field,
            )
            assert 0 < top < bottom <= bar, field
        assert "kcal backward" in page.text("lead")
        assert "knee-cap" in page.text("knee")
        assert page.script("return scrollY") == 0
        page.screenshot(SHOTS / f"stranger-{size[0]}.png")

    def test_the_bar_stays_while_one_scrolls(self, page: Explorer) -> None:
        page.load(size=(390, 844))
        page.script("scrollTo(0, document.body.scrollHeight)")
        bottom = page.script("return document.getElementById('bar').getBoundingClientRect().bottom")
        assert bottom == pytest.approx(844, abs=1)
        for name in ("bar-move", "bar-energy", "bar-knee"):
            assert page.one(name).is_displayed()
        page.emulate(WIDE, "light")
        assert not page.one("bar").is_displayed()

    def test_fields_on_a_phone_have_16_pixels_and_the_right_keyboard(self, page: Explorer) -> None:
        page.load(size=(390, 844))
        sizes = page.script(
            "return [...document.querySelectorAll('input, select')]"
            ".filter(({type}) => !['range', 'radio', 'file'].includes(type))"
            ".map((field) => [field.id, parseFloat(getComputedStyle(field).fontSize)])"
        )
        assert not [field for field in sizes if field[1] < 16]
        keyboards = {field: page.one(field).get_attribute("inputmode") for field in ("mass", "move", "span", "grade")}
        # The decimal keyboard has no minus.
        assert keyboards == {"mass": "decimal", "move": "decimal", "span": "decimal", "grade": "text"}

    def test_a_table_that_scrolls_shows_it(self, page: Explorer) -> None:
        page.load(size=(320, 640))
        page.see("load-figure")
        wide = page.script(
            "return [...document.querySelectorAll('.scroll')].filter((one) => one.scrollWidth > one.clientWidth)"
            ".map((one) => getComputedStyle(one).backgroundAttachment)"
        )
        assert wide
        assert all("scroll" in attachment and "local" in attachment for attachment in wide)

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
        page.open()
        wanted = {
            "mass",
            "mass-slide",
            "moveBy",
            "move",
            "move-slide",
            "spanBy",
            "span",
            "span-slide",
            "grade",
        }
        wanted |= {"grade-slide", "energy_model", "direction_model", "interval", "copy-link", "reset", "experience"}
        wanted |= {"place", "planTime", "planStretch", "planBackward", "planKnee", "file", "csv", "copy-code"}
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
