"""The page of the API in a browser."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from retrorun.app.http.access import line_of
from tests.page.answers import KEY, SERVICE, SHOTS, answered, browsing
from tests.page.browser import PHONE, WIDE, Explorer, serving

pytestmark = browsing


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

    def locked(self, page: Explorer) -> set[str]:
        """Return the paths of the operations with a lock."""
        return set(
            page.script(
                "return [...document.querySelectorAll('.opblock')].filter((one) => one.querySelector('[class*=auth]'))"
                ".map((one) => one.querySelector('.opblock-summary-path').dataset.path)"
            )
        )

    def test_without_keys_there_is_no_lock(self, docs: Explorer) -> None:
        self.visit(docs)
        assert not self.locked(docs)
        assert not docs.all("#swagger-ui [class*=auth]")
        assert SERVICE.get(f"{docs.url}/openapi.json").json()["components"]["securitySchemes"]

    @pytest.mark.parametrize("open_pages", ["off", "on"])
    def test_a_lock_is_where_a_key_is_needed_and_nowhere_else(
        self, browser: Explorer, tmp_path: Path, open_pages: str
    ) -> None:
        keys = tmp_path / "keys"
        keys.write_text(f"{line_of('docs', KEY)}\n")
        with serving(api_key_file=str(keys), pages_without_key=open_pages) as url:
            guarded = Explorer(browser.driver, url)
            self.visit(guarded)
            assert guarded.all(".btn.authorize")
            locked = self.locked(guarded)
            for path, operations in SERVICE.get(f"{url}/openapi.json").json()["paths"].items():
                for method in operations:
                    status = SERVICE.request(method, url + path).status_code
                    assert (status == 401) == (path in locked), path
            guarded.driver.get("about:blank")

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
