"""Measure everything and write the results; `check` and `baseline` measure only the ASGI level."""

import argparse
import json
import platform
import sys
from importlib.metadata import version
from typing import Any, Final

from benchmarks import asgi, check, http, parts, process, report, workers
from benchmarks.variants import VARIANTS

PACKAGES: Final = ("fastapi", "pydantic", "orjson", "uvicorn", "uvloop", "httptools", "litestar", "msgspec", "numpy")


def run() -> int:
    """Measure everything, print it, and write the results, the picture and the page."""
    results: dict[str, Any] = {
        "python": platform.python_version(),
        "versions": {name: version(name) for name in PACKAGES},
        "asgi": said("ASGI level", asgi.measure()),
        "parts": said("parts of the service", parts.measure()),
    }
    if http.available():
        results["http"] = said("HTTP", http.measure())
        if workers.available():
            results["workers"] = said("two workers", workers.measure())
    else:
        print(http.WHERE_IS_WRK, file=sys.stderr)
    results["process"] = said("process", process.measure())
    results["imports"] = process.imports()
    results["targets"] = [{**each._asdict(), "verdict": each.verdict()} for each in report.targets(results)]
    print(report.figures(results))
    if "http" in results:
        report.RESULTS.write_text(json.dumps(results, indent=1) + "\n", encoding="utf-8")
        return page()
    print("Nothing was written: the page keeps the figures of the last whole run.", file=sys.stderr)
    return 0


def said(what: str, found: Any) -> Any:
    """Print that a part is done, and return its results."""
    print(f"measured: {what}", file=sys.stderr, flush=True)
    return found


def page() -> int:
    """Write the picture and the tables of the page from the results of the last run."""
    results = json.loads(report.RESULTS.read_text(encoding="utf-8"))
    report.PICTURE.write_text(report.picture(results), encoding="utf-8")
    old = report.PAGE.read_text(encoding="utf-8")
    report.PAGE.write_text(report.with_figures(old, report.figures(results)), encoding="utf-8")
    return 0


def ratios(slower_by_us: float = 0.0) -> dict[str, float]:
    """Return the ratios of the best blocks at the ASGI level."""
    found = asgi.measure(VARIANTS, seconds=20, slower_by_us=slower_by_us)["ratios"]
    return {name: each["best"] for name, each in found.items()}


def compare(slower_by_us: float) -> int:
    """Compare with the baseline; measure a second time before reporting a worse ratio."""
    baseline = check.read_baseline()
    measured = ratios(slower_by_us)
    if check.complaints(measured, baseline):
        again = ratios(slower_by_us)
        measured = {name: min(value, again[name]) for name, value in measured.items()}
    for name, before in baseline.items():
        print(f"{name}: {measured[name]:.3f}, baseline {before:.3f}")
    if lines := check.complaints(measured, baseline):
        print("The service has become slower.", *lines, check.RENEW, sep="\n", file=sys.stderr)
        return 1
    return 0


def main() -> int:
    """Run the command of the command line."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("what", nargs="?", default="run", choices=("run", "check", "baseline", "page"))
    parser.add_argument("--slower-by-us", type=float, default=0.0, help="let the service spin, to see check fail")
    chosen = parser.parse_args()
    if chosen.what == "run":
        return run()
    if chosen.what == "page":
        return page()
    if chosen.what == "baseline":
        check.write_baseline(ratios())
        return 0
    return compare(chosen.slower_by_us)
