"""Measure requests over HTTP: wrk on one core, the server on another, both on this machine.

All servers run for the whole time, and one at a time is asked, for a short while, in an order drawn anew for each
round. The figures of a variant are those of its best rounds, as at the ASGI level.
"""

import json
import os
import random
import shutil
import subprocess
import sys
from contextlib import ExitStack
from statistics import median
from typing import Any, Final

from benchmarks.server import (
    FASTIFY,
    HOST,
    HOUSE,
    Started,
    estimate,
    first_answer,
    has_fastify,
    pinned,
    processor_seconds,
    serving,
)
from benchmarks.variants import BODY, FRAMES, VARIANTS

ROUNDS: Final = {1: 6, 8: 6, 32: 16, 128: 6}
"""Number of rounds for each number of connections; most for those with targets."""

FRAMES_AT: Final = 32
"""The number of connections at which `FRAMES` are measured too."""

SECONDS: Final = 1
"""Length of a round: short, so that some rounds are not disturbed by other work on the machine."""

SEED: Final = 1
WARM_UP: Final = 300

SERVER_CORE: Final = 0
CLIENT_CORE: Final = 1

WHERE_IS_WRK: Final = (
    "wrk is not here, and the part over HTTP is left out: on Debian, `apt-get install wrk` as root brings it."
)

WHERE_IS_FASTIFY: Final = "Fastify is not here, and is left out: `make fastify` brings it, if npm is installed."

HIGHER_IS_BETTER: Final = "requests_per_s"

SHOWN: Final = (HIGHER_IS_BETTER, "p50_ms", "p99_ms", "p99_9_ms", "server_us")
"""The figures of a variant."""


class Failed(Exception):
    """wrk failed, or requests did."""


def available() -> bool:
    """Return whether wrk is installed."""
    return shutil.which("wrk") is not None


def load(server: Started, connections: int, *, core: int | None = CLIENT_CORE) -> dict[str, float]:
    """Return the figures of one run of wrk, with the processor time that a request took of the server."""
    before = processor_seconds(server.process.pid)
    words = [
        *("wrk", "--threads", "1", "--connections", str(connections), "--duration", f"{SECONDS}s", "--timeout", "10s"),
        *("--script", str(HOUSE / "benchmarks" / "wrk.lua"), f"http://{HOST}:{server.port}/estimate"),
    ]
    run = subprocess.run(
        words if core is None else pinned(core, words),
        env={**os.environ, "BENCH_BODY": BODY.decode()},
        capture_output=True,
        check=False,
        text=True,
    )
    found = figures(run.stdout)
    return {**found, "server_us": (processor_seconds(server.process.pid) - before) / found["requests"] * 1e6}


def figures(output: str) -> dict[str, float]:
    """Return the figures in the output of wrk.

    Examples
    --------
    >>> figures('figures {"requests": 9, "seconds": 2, "p50_ms": 1, "p99_ms": 2, "p99_9_ms": 3, "errors": 0}')
    {'requests': 9, 'seconds': 2, 'p50_ms': 1, 'p99_ms': 2, 'p99_9_ms': 3, 'requests_per_s': 4.5}
    """
    line = next((line for line in output.splitlines() if line.startswith("figures ")), None)
    if line is None:
        raise Failed("wrk gave no figures")
    found: dict[str, float] = json.loads(line.removeprefix("figures "))
    if found.pop("errors"):
        raise Failed("requests failed under load")
    return {**found, HIGHER_IS_BETTER: found["requests"] / found["seconds"]}


def summary(rounds: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return each figure's best and median over the rounds.

    Examples
    --------
    >>> low, high = {"requests_per_s": 1.0, "p50_ms": 1.0}, {"requests_per_s": 3.0, "p50_ms": 3.0}
    >>> summary([low, high])
    {'requests_per_s': {'best': 3.0, 'median': 2.0}, 'p50_ms': {'best': 1.0, 'median': 2.0}}
    """
    return {
        name: {
            "best": round(best(name, rounds), 3),
            "median": round(median(each[name] for each in rounds), 3),
        }
        for name in rounds[0]
    }


def best(name: str, rounds: list[dict[str, float]]) -> float:
    """Return the best value of a figure."""
    return (max if name == HIGHER_IS_BETTER else min)(each[name] for each in rounds)


def ratio(ours: list[dict[str, float]], theirs: list[dict[str, float]]) -> dict[str, dict[str, float]]:
    """Return ours over theirs for each figure: of the best rounds, and the median over the rounds.

    Examples
    --------
    >>> slow, quick, third = {"p99_ms": 4.0}, {"p99_ms": 1.0}, {"p99_ms": 2.0}
    >>> ratio([quick, third, quick], [third, slow, slow])
    {'p99_ms': {'best': 0.5, 'median': 0.5}}
    """
    return {
        name: {
            "best": round(best(name, ours) / best(name, theirs), 3),
            "median": round(median(one[name] / other[name] for one, other in zip(ours, theirs, strict=True)), 3),
        }
        for name in ours[0]
    }


def measure() -> dict[str, Any]:
    """Return throughput and latency of each variant at each number of connections, and the service's over others'."""
    chance = random.Random(SEED)
    frames = [frame for frame in FRAMES if frame.place != FASTIFY.name or has_fastify()]
    if len(frames) < len(FRAMES):
        print(WHERE_IS_FASTIFY, file=sys.stderr)
    runs: dict[int, dict[str, list[dict[str, float]]]] = {
        connections: {variant.key: [] for variant in (*VARIANTS, *(frames if connections == FRAMES_AT else ()))}
        for connections in ROUNDS
    }
    # Spread over the whole time, so that each number of connections meets the machine in all its moods.
    turns = [(turn / rounds, connections) for connections, rounds in ROUNDS.items() for turn in range(rounds)]
    with ExitStack() as stack:
        servers = {}
        for variant in (*VARIANTS, *frames):
            server = stack.enter_context(serving(variant.place, core=SERVER_CORE))
            connection = first_answer(server)
            for _ in range(WARM_UP):
                estimate(connection)
            connection.close()
            servers[variant.key] = server
        for _, connections in sorted(turns):
            order = list(runs[connections])
            chance.shuffle(order)
            for key in order:
                found = load(servers[key], connections)
                runs[connections][key].append({name: found[name] for name in SHOWN})
    return {
        "seconds_each": SECONDS,
        "connections": {
            str(connections): {
                "rounds": ROUNDS[connections],
                "variants": {key: summary(each) for key, each in found.items()},
                "ratios": {f"a/{key}": ratio(found["a"], each) for key, each in found.items() if key != "a"},
            }
            for connections, found in runs.items()
        },
    }
