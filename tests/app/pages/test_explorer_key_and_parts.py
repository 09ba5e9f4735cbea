"""The explorer of a service that needs a key, or lacks a part."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from retrorun.app.http.access import line_of
from retrorun.models.evidence.claims import CAUTION
from tests.page.answers import KEY, UNREACHED, assert_at_home, assert_shows_the_answer, browsing
from tests.page.browser import Explorer, serving

pytestmark = browsing


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
        assert re.fullmatch(r"\+30 % energy", guarded.text("big"))
        assert " ".join(guarded.text("caution").split()) == CAUTION
        guarded.type("planBackward", "8")
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
            lacking.load("/#v=1&plan_backward=8km/h")
            lacking.script("document.getElementById('plan').scrollIntoView()")
            lacking.wait(lambda: lacking.text("plan-error") or not lacking.one("plan").is_displayed())
            assert lacking.text("plan-error") == shown
            assert lacking.one("plan").is_displayed() == bool(shown)
            assert not lacking.one("plan-answer").is_displayed()
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
