"""Drives the explorer in a headless Chromium, with its requests and its console."""

import base64
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

from selenium.webdriver import Chrome
from selenium.webdriver.chrome.options import Options
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement

CHROMIUM = shutil.which("chromium")
DRIVER = shutil.which("chromedriver")
AXE = Path(__file__).parent / "axe.min.js"
WIDE, PHONE = (1360, 900), (360, 740)
WAIT_S = 15.0

Found = TypeVar("Found")


class Explorer:
    """The page in a browser."""

    def __init__(self, driver: Chrome, url: str) -> None:
        self.driver = driver
        self.url = url

    def open(self, fragment: str = "", *, size: tuple[int, int] = WIDE, scheme: str = "light") -> None:
        """Open the page anew and wait for its answer and the plots in view."""
        self.emulate(size, scheme)
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}/{fragment}")
        self.wait(lambda: self.all("#energy-figure svg") and self.all("#curve-figure svg") and self.text("caution"))
        self.settle()

    def see(self, identifier: str) -> None:
        """Scroll to a figure, or to its section while it is hidden, and wait until it is drawn."""
        self.script(
            "const figure = document.getElementById(arguments[0]);"
            "(figure.checkVisibility() ? figure : figure.closest('section')).scrollIntoView()",
            identifier,
        )
        # The browser reports parts near the view between two frames.
        self.driver.execute_async_script(
            "const done = arguments[0]; requestAnimationFrame(() => requestAnimationFrame(() => setTimeout(done)))"
        )
        self.wait(lambda: self.all(f"#{identifier} svg"))
        self.settle()

    def again(self) -> None:
        """Start over without loading the page again if it is open."""
        if not self.driver.current_url.startswith(self.url):
            self.open()
            return
        self.emulate(WIDE, "light")
        self.script("document.getElementById('reset').click(); scrollTo(0, 0)")
        self.settle()

    def emulate(self, size: tuple[int, int], scheme: str, media: str = "", **features: str) -> None:
        width, height = size
        self.devtools(
            "Emulation.setDeviceMetricsOverride", width=width, height=height, deviceScaleFactor=1, mobile=width < 500
        )
        wanted = {"prefers-color-scheme": scheme, **features}
        listed = [{"name": name.replace("_", "-"), "value": value} for name, value in wanted.items()]
        self.devtools("Emulation.setEmulatedMedia", media=media, features=listed)

    def devtools(self, command: str, **arguments: Any) -> dict[str, Any]:
        answer: dict[str, Any] = self.driver.execute_cdp_cmd(command, arguments)
        return answer

    def script(self, source: str, *arguments: Any) -> Any:
        return self.driver.execute_script(source, *arguments)

    def wait(self, true: Callable[[], Found]) -> Found:
        """Wait until a condition is true, and return its value."""
        deadline = time.monotonic() + WAIT_S
        while True:
            found = true()
            if found:
                return found
            assert time.monotonic() < deadline, f"never so: {true}"
            time.sleep(0.02)

    @contextmanager
    def failing(self, path: str, status: int) -> Iterator[None]:
        """Answer one path with an error after the next load; status 0 means no answer."""
        answer = f"""Promise.resolve(new Response('{{"detail": "Nothing here."}}', {{status: {status}}}))"""
        source = (
            "{ const ask = window.fetch; window.fetch = (to, how) => "
            f"new URL(to).pathname !== {json.dumps(path)} ? ask(to, how) : "
            f"{answer if status else 'Promise.reject(new TypeError())'} }}"
        )
        made = self.devtools("Page.addScriptToEvaluateOnNewDocument", source=source)
        try:
            yield
        finally:
            self.devtools("Page.removeScriptToEvaluateOnNewDocument", **made)
            self.driver.get("about:blank")

    def load(self, path: str = "/", *, size: tuple[int, int] = WIDE, scheme: str = "light") -> None:
        """Open the page and wait until it shows an answer or an error."""
        self.emulate(size, scheme)
        self.driver.get("about:blank")
        self.driver.get(f"{self.url}{path}")
        self.wait(lambda: self.script("return document.body.dataset.busy"))
        self.settle()

    def settle(self) -> None:
        """Wait until the answer and the plots are up to date."""
        self.wait(lambda: self.script("return document.body.dataset.busy === '0'"))

    def all(self, selector: str) -> list[WebElement]:
        return self.driver.find_elements("css selector", selector)

    def one(self, identifier: str) -> WebElement:
        return self.driver.find_element("id", identifier)

    def text(self, identifier: str) -> str:
        """Return the text of an element with plain spaces."""
        return str(self.one(identifier).get_property("textContent")).replace("\u00a0", " ")

    def type(self, identifier: str, text: str) -> None:
        """Replace the text of a field."""
        self.one(identifier).send_keys(Keys.CONTROL, "a")
        self.one(identifier).send_keys(text or Keys.DELETE)
        self.settle()

    def choose(self, identifier: str, value: str) -> None:
        self.script(
            "const [place, value] = arguments; place.value = value;"
            "place.dispatchEvent(new Event('change', {bubbles: true}))",
            self.one(identifier),
            value,
        )
        self.settle()

    def compare(self, equal: str) -> None:
        """Choose the quantity that is equal in both directions."""
        self.pick("compare", "speed" if equal == "speed" else "effort")
        if equal != "speed":
            self.choose("equal", equal)

    def pick(self, name: str, value: str) -> None:
        self.driver.find_element("css selector", f'input[name="{name}"][value="{value}"]').click()
        self.settle()

    @property
    def body(self) -> dict[str, Any]:
        """Return the request whose answer the page shows."""
        body: dict[str, Any] = json.loads(self.script("return document.body.dataset.shown"))
        return body

    def fragment(self) -> str:
        return urlsplit(self.driver.current_url).fragment

    def console(self) -> list[str]:
        """Return new console messages, without the browser's own advice."""
        said = self.driver.get_log("browser")  # type: ignore[no-untyped-call] # as selenium has it
        return [entry["message"] for entry in said if entry["level"] != "DEBUG"]

    def requests(self) -> list[tuple[str, str | None]]:
        """Return the address and body of each new request."""
        said = self.driver.get_log("performance")  # type: ignore[no-untyped-call] # as selenium has it
        messages = [json.loads(entry["message"])["message"] for entry in said]
        return [
            (message["params"]["request"]["url"], message["params"]["request"].get("postData"))
            for message in messages
            if message["method"] == "Network.requestWillBeSent"
        ]

    def screenshot(self, path: Path, *, whole: bool = False) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        shot = self.devtools("Page.captureScreenshot", format="png", captureBeyondViewport=whole)
        path.write_bytes(base64.b64decode(shot["data"]))

    def printed(self) -> bytes:
        """Return the page as PDF."""
        answer = self.devtools("Page.printToPDF", printBackground=True, preferCSSPageSize=True)
        return base64.b64decode(answer["data"])

    def axe(self, *rules: str) -> list[str]:
        """Return what axe finds serious or critical, by all its rules or a few."""
        self.script(AXE.read_text(encoding="utf-8"))
        found = self.driver.execute_async_script(
            "const [rules, done] = arguments; const only = rules.length ? {runOnly: rules} : {};"
            "axe.run(only).then(({violations}) => done(violations))",
            rules,
        )
        return [
            f"{rule['id']}: {node['html'][:200]}"
            for rule in found
            if rule["impact"] in {"serious", "critical"}
            for node in rule["nodes"]
        ]


@contextmanager
def serving(**settings: str) -> Iterator[str]:
    """Run the service with these settings and yield its address."""
    bare = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}
    # The service would take a busy machine for overload, and refuse one reader.
    settings = {"maximum_loop_lag_s": "5", **settings}
    bare |= {f"RETRORUN_{name.upper()}": value for name, value in settings.items()}
    command = [sys.executable, "-m", "retrorun.app.cli", "serve", "--port", "0"]
    with subprocess.Popen(command, env=bare, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = re.search(r"http://127.0.0.1:\d+", process.stderr.readline())
            assert said
            yield said[0]
        finally:
            process.kill()


@contextmanager
def explorer(url: str, downloads: Path) -> Iterator[Explorer]:
    """Open a browser on a running service."""
    options = Options()
    options.binary_location = CHROMIUM or ""
    # The sandbox of Chromium needs a separate user, which a container seldom has.
    for argument in (
        "--headless=new",
        "--no-sandbox",
        "--disable-dev-shm-usage",
        "--hide-scrollbars",
        "--no-proxy-server",
    ):
        options.add_argument(argument)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"})
    driver = Chrome(options=options, service=Service(DRIVER))
    try:
        page = Explorer(driver, url)
        page.devtools("Browser.setDownloadBehavior", behavior="allow", downloadPath=str(downloads))
        yield page
    finally:
        driver.quit()
