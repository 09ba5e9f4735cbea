"""Measure what one port served by two workers answers for each core, compared with one worker.

The service has both cores, and so has wrk: its processor time is subtracted from the two cores. One worker has a core
of its own, and wrk the other. Both services run for the whole time, and are asked by turns.
"""

import os
import resource
from contextlib import ExitStack
from statistics import median
from typing import Any, Final

from benchmarks import http
from benchmarks.server import Started, estimate, first_answer, processor_seconds, serving
from benchmarks.variants import VARIANTS

ROUNDS: Final = 16
CONNECTIONS: Final = 32
WORKERS: Final = 2
CORES: Final = 2
"""Cores that the service with two workers shares with wrk."""
NAMES: Final = ("one", "two")


def available() -> bool:
    """Return whether this machine has the cores, and no others, which a worker or wrk could use too."""
    return len(os.sched_getaffinity(0)) == CORES


def generator_seconds() -> float:
    """Return the processor time that ended children have taken: all runs of wrk [s]."""
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


def one_round(server: Started, *, workers: int) -> dict[str, float]:
    """Return requests a second, the cores that were left for the service, and those it used."""
    served, generated = processor_seconds(server.process.pid), generator_seconds()
    found = http.load(server, CONNECTIONS, core=http.CLIENT_CORE if workers == 1 else None)
    lasted = found["seconds"]
    left = 1.0 if workers == 1 else CORES - (generator_seconds() - generated) / lasted
    return {
        "requests_per_s": found["requests_per_s"],
        "cores_left": left,
        "cores_used": (processor_seconds(server.process.pid) - served) / lasted,
        "requests_per_s_and_core": found["requests_per_s"] / left,
    }


def measure() -> dict[str, Any]:
    """Return the figures of one worker and of two, and the ratio of their requests a second and core."""
    (service,) = (variant for variant in VARIANTS if variant.key == "a")
    rounds: dict[str, list[dict[str, float]]] = {name: [] for name in NAMES}
    with ExitStack() as stack:
        servers = {
            "one": stack.enter_context(serving(service.place, core=http.SERVER_CORE)),
            "two": stack.enter_context(serving(service.place, workers=WORKERS)),
        }
        for server in servers.values():
            connection = first_answer(server)
            for _ in range(http.WARM_UP):
                estimate(connection)
            connection.close()
        for _ in range(ROUNDS):
            for workers, name in enumerate(NAMES, start=1):
                rounds[name].append(one_round(servers[name], workers=workers))
    return {"connections": CONNECTIONS, "rounds": ROUNDS, **summary(rounds)}


def summary(rounds: dict[str, list[dict[str, float]]]) -> dict[str, Any]:
    """Return the best round of each, and the ratio of both: of the best rounds, and the median over the rounds.

    Examples
    --------
    >>> slow, quick = ({"requests_per_s": each, "requests_per_s_and_core": each} for each in (4.0, 5.0))
    >>> summary({"one": [quick, quick], "two": [slow, quick]})["ratio"]
    {'best': 1.0, 'median': 0.9}
    """
    per_core = {name: [each["requests_per_s_and_core"] for each in found] for name, found in rounds.items()}
    best = {name: found[per_core[name].index(max(per_core[name]))] for name, found in rounds.items()}
    return {
        **{name: {figure: round(value, 3) for figure, value in found.items()} for name, found in best.items()},
        "ratio": {
            "best": round(max(per_core["two"]) / max(per_core["one"]), 3),
            "median": round(median(two / one for one, two in zip(per_core["one"], per_core["two"], strict=True)), 3),
        },
    }
