"""Measure the time of a process to its first answer and its memory, compared with an empty FastAPI application."""

import re
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import Any, Final

from benchmarks.server import EMPTY, HOUSE, estimate, first_answer, processor_seconds, serving

RUNS: Final = 6
REQUESTS: Final = 1000
MODULE: Final = "app.main"
LISTED: Final = 12

PLACES: Final = {"service": "app.main:app", "empty": EMPTY}


def one_run(place: str) -> dict[str, float]:
    """Start a server, ask it, and return what that took."""
    with serving(place) as server:
        connection = first_answer(server)
        alive = time.perf_counter() - server.since
        estimate(connection)
        answered = time.perf_counter() - server.since
        taken = processor_seconds(server.process.pid)
        for _ in range(REQUESTS - 1):
            estimate(connection)
        connection.close()
        process = Path("/proc", str(server.process.pid))
        return {
            "alive_s": alive,
            "first_estimate_s": answered,
            "processor_s": taken,
            "rss_mb": megabytes((process / "status").read_text(), "VmRSS"),
            "pss_mb": megabytes((process / "smaps_rollup").read_text(), "Pss"),
        }


def megabytes(text: str, name: str) -> float:
    """Return an amount of memory from a file of /proc, in MB of a million bytes.

    Examples
    --------
    >>> megabytes("VmPeak:   9 kB\\nVmRSS:   1000 kB\\n", "VmRSS")
    1.024
    """
    found = re.search(rf"^{name}:\s+(\d+) kB$", text, re.MULTILINE)
    if found is None:
        raise LookupError(name)
    return int(found[1]) * 1024 / 1e6


def measure(*, runs: int = RUNS) -> dict[str, Any]:
    """Return the best and the median of several runs of the service and of the empty application, by turns."""
    found: dict[str, list[dict[str, float]]] = {name: [] for name in PLACES}
    for place in PLACES.values():  # The first start reads files that the next ones find in memory.
        one_run(place)
    for _ in range(runs):
        for name, place in PLACES.items():
            found[name].append(one_run(place))
    return {
        "runs": runs,
        "requests": REQUESTS,
        **{
            name: {figure: summary([run[figure] for run in each]) for figure in each[0]} for name, each in found.items()
        },
    }


def summary(values: list[float]) -> dict[str, float]:
    """Return the best and the median of what is better when it is less.

    Examples
    --------
    >>> summary([0.9, 0.8, 1.5])
    {'best': 0.8, 'median': 0.9}
    """
    return {"best": round(min(values), 3), "median": round(median(values), 3)}


def imports() -> dict[str, Any]:
    """Return how long importing the application takes, by package: the quickest of three runs."""
    best: dict[str, Any] = {}
    for _ in range(3):
        run = subprocess.run(
            [sys.executable, "-X", "importtime", "-c", f"import {MODULE}"],
            cwd=HOUSE,
            capture_output=True,
            check=True,
            text=True,
        )
        found = by_package(run.stderr.splitlines())
        if not best or found["total_ms"] < best["total_ms"]:
            best = found
    return {"module": MODULE, **best}


def by_package(lines: Iterable[str]) -> dict[str, Any]:
    """Return the time of each top-level package, itself without what it imports, from `-X importtime`.

    Examples
    --------
    >>> found = by_package(["import time:  2000 |  2000 |   numpy.core", "import time:  1000 |  3000 | numpy"])
    >>> found["total_ms"], found["packages"][0]
    (3.0, {'package': 'numpy', 'modules': 2, 'own_ms': 3.0})
    """
    own: dict[str, list[int]] = defaultdict(list)
    for line in lines:
        if match := re.fullmatch(r"import time:\s+(\d+) \|\s+\d+ \|\s+(\S+)", line):
            own[package(match[2])].append(int(match[1]))
    ordered = sorted(own.items(), key=lambda item: -sum(item[1]))
    return {
        "total_ms": round(sum(map(sum, own.values())) / 1000, 1),
        "packages": [
            {"package": name, "modules": len(each), "own_ms": round(sum(each) / 1000, 1)}
            for name, each in ordered[:LISTED]
        ],
    }


def package(module: str) -> str:
    """Return the package that a module counts for.

    Examples
    --------
    >>> package("numpy.linalg"), package("asyncio.events")
    ('numpy', 'standard library')
    """
    name = module.partition(".")[0]
    return "standard library" if name in sys.stdlib_module_names else name
