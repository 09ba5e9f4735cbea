"""Measure the size and the response time of the explorer's first view: `python -m benchmarks.page`.

The service does not compress; a proxy before it does. The sizes are those of each answer compressed by itself with
gzip at level 9. The times are of a headless Chromium whose processor is slowed four times, from the beginning of the
navigation, on the machine this runs on.
"""

import gzip
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import httpx

from tests.page.browser import Explorer, explorer, serving

SLOWER = 4
SETTLED_S = 5.0
TIMES = 9

WATCH = """
window.longest = [];
new PerformanceObserver((list) => {
  for (const {startTime, duration} of list.getEntries()) window.longest.push([startTime, duration]);
}).observe({type: "longtask", buffered: true});
document.addEventListener("DOMContentLoaded", () => {
  const look = new MutationObserver(() => {
    if (!window.answered && document.body.dataset.shown) window.answered = performance.now();
    if (!window.drawn && document.querySelector("#energy-figure svg")) window.drawn = performance.now();
  });
  look.observe(document.body, {attributes: true, childList: true, subtree: true});
});
"""


def sizes(page: Explorer) -> list[tuple[int, int, str]]:
    """Return bytes as sent, bytes compressed and path of each answer of the first view."""
    page.requests()
    page.open()
    found = []
    for address, posted in page.requests():
        if not address.startswith(page.url):
            continue
        headers = {"content-type": "application/json"}
        answer = httpx.request("POST" if posted else "GET", address, content=posted, headers=headers, trust_env=False)
        found.append((len(answer.content), len(gzip.compress(answer.content, 9)), urlsplit(address).path))
    return found


def times(page: Explorer) -> dict[str, float]:
    """Return when the page answered, when it had drawn, and when it last kept the processor for more than 50 ms."""
    page.devtools("Network.setCacheDisabled", cacheDisabled=True)
    page.devtools("Emulation.setCPUThrottlingRate", rate=SLOWER)
    page.driver.get("about:blank")
    page.driver.get(f"{page.url}/")
    # Not asked meanwhile: every question would take the slowed processor's time.
    time.sleep(SETTLED_S)
    found: Any = page.script("return [window.answered, window.drawn, window.longest]")
    page.devtools("Emulation.setCPUThrottlingRate", rate=1)
    answered, drawn, tasks = found
    last = max((start + duration for start, duration in tasks), default=0.0)
    return {
        "answered": answered,
        "drawn": drawn,
        "last long task": last,
        "longest task": max((task[1] for task in tasks), default=0.0),
    }


def main() -> None:
    """Measure and print."""
    with serving() as url, tempfile.TemporaryDirectory() as folder, explorer(url, Path(folder)) as page:
        found = sizes(page)
        for sent, compressed, path in sorted(found, key=lambda row: -row[1]):
            print(f"{sent:>9} {compressed:>9}  {path}")
        print(f"{sum(row[0] for row in found):>9} {sum(row[1] for row in found):>9}  together, {len(found)} answers")
        page.devtools("Page.enable")
        page.devtools("Page.addScriptToEvaluateOnNewDocument", source=WATCH)
        rounds = [times(page) for _ in range(TIMES)]
        for name in rounds[0]:
            values = [measured[name] for measured in rounds]
            median = statistics.median(values)
            print(f"{name:>15}: best {min(values):.0f}, median {median:.0f}, worst {max(values):.0f} ms")


if __name__ == "__main__":
    main()
