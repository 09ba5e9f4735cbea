"""Measure requests at the ASGI level: without server, socket or client.

Each variant is called in short blocks, in a new random order each round, so that other work on the machine affects all
of them. The time of a block is processor time of this process; the best block of a variant was disturbed least.
"""

import asyncio
import gc
import random
import time
from collections.abc import Awaitable, Callable, Iterable, Mapping
from statistics import median
from typing import Any, Final, NamedTuple, TypeAlias

from starlette.types import ASGIApp, Message, Scope

from benchmarks.variants import BODY, INFORMATION, VARIANTS, Variant, application

REQUESTS: Final = 25
"""Requests in a block: few milliseconds, so that many blocks pass between two interruptions."""

WARM_UP: Final = 300
SECONDS: Final = 25.0
SEED: Final = 1

Work: TypeAlias = Callable[[], Awaitable[object]]
"""One request, or one part of it."""


class NoAnswer(Exception):
    """A variant did not answer the request."""


class Cost(NamedTuple):
    """Processor time of one request in microseconds: the best block, and the median of the blocks."""

    best: float
    median: float


def scope_of_a_request(body: bytes = BODY) -> Scope:
    """Return the scope of a request, as uvicorn makes one for each."""
    return {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "server": ("127.0.0.1", 8000),
        "client": ("127.0.0.1", 50_000),
        "scheme": "http",
        "method": "POST",
        "root_path": "",
        "path": "/estimate",
        "raw_path": b"/estimate",
        "query_string": b"",
        "headers": [
            (b"host", b"127.0.0.1:8000"),
            (b"content-type", b"application/json"),
            (b"content-length", b"%d" % len(body)),
        ],
        "state": {},
    }


async def receive() -> Message:
    """Give the body of the request."""
    return {"type": "http.request", "body": BODY, "more_body": False}


async def discard(_: Message) -> None:
    """Ignore a part of an answer."""


def request(app: ASGIApp) -> Work:
    """Return the work of one request."""

    def work() -> Awaitable[object]:
        return app(scope_of_a_request(), receive, discard)

    return work


async def ask(app: ASGIApp, body: bytes = BODY) -> bytes:
    """Return the body of the answer to a request; raise NoAnswer for any other status than 200."""
    statuses: list[int] = []
    content = b""

    async def give() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def take(message: Message) -> None:
        nonlocal content
        if message["type"] == "http.response.start":
            statuses.append(message["status"])
        content += message.get("body", b"")

    await app(scope_of_a_request(body), give, take)
    if statuses != [200]:
        raise NoAnswer(f"statuses {statuses}")
    return content


async def costs(works: Mapping[str, Work], *, seconds: float = SECONDS) -> dict[str, list[float]]:
    """Return the microseconds of one request in each round, for each work; the rounds are the same for all."""
    times: dict[str, list[float]] = {name: [] for name in works}
    order, chance = list(works), random.Random(SEED)
    for work in works.values():
        for _ in range(WARM_UP):
            await work()
    # Freeze existing objects, so that a collection only looks at objects of the last block.
    gc.collect()
    gc.freeze()
    gc.disable()
    try:
        end = time.perf_counter() + seconds
        while time.perf_counter() < end or not times[order[0]]:
            chance.shuffle(order)
            for name in order:
                work = works[name]
                gc.collect()
                start = time.process_time_ns()
                for _ in range(REQUESTS):
                    await work()
                times[name].append((time.process_time_ns() - start) / REQUESTS / 1000)
    finally:
        gc.enable()
        gc.unfreeze()
    return times


def cost(times: Iterable[float]) -> Cost:
    """Return the cost that the times of many blocks show."""
    measured = list(times)
    return Cost(min(measured), median(measured))


def ratio(ours: list[float], theirs: list[float]) -> Cost:
    """Return ours over theirs: of the best blocks, and the median over the rounds.

    Examples
    --------
    >>> ratio([2.0, 3.0, 9.0], [4.0, 5.0, 10.0])
    Cost(best=0.5, median=0.6)
    """
    return Cost(min(ours) / min(theirs), median(one / other for one, other in zip(ours, theirs, strict=True)))


def slowed(app: ASGIApp, by_us: float) -> ASGIApp:
    """Return an application that spins before each request, to test that the check finds it."""

    async def slow(scope: Any, receive: Any, send: Any) -> None:
        end = time.perf_counter() + by_us / 1e6
        while time.perf_counter() < end:
            pass
        await app(scope, receive, send)

    return slow


def measure(
    variants: Iterable[Variant] = (*VARIANTS, *INFORMATION), *, seconds: float = SECONDS, slower_by_us: float = 0.0
) -> dict[str, Any]:
    """Return the cost of each variant, and the ratio of the service to each other one."""
    chosen = tuple(variants)
    apps = {variant.key: application(variant) for variant in chosen}
    if slower_by_us:
        apps["a"] = slowed(apps["a"], slower_by_us)

    async def run() -> tuple[dict[str, int], dict[str, list[float]]]:
        sizes = {key: len(await ask(app)) for key, app in apps.items()}
        return sizes, await costs({key: request(app) for key, app in apps.items()}, seconds=seconds)

    sizes, times = asyncio.run(run())
    compared = [variant.key for variant in chosen if variant in VARIANTS and variant.key != "a"]
    return {
        "rounds": len(times["a"]),
        "requests_a_round": REQUESTS,
        "variants": {
            variant.key: {
                "name": variant.name,
                "answer_bytes": sizes[variant.key],
                "best_us": round(cost(times[variant.key]).best, 2),
                "median_us": round(cost(times[variant.key]).median, 2),
            }
            for variant in chosen
        },
        "ratios": {
            f"a/{key}": {name: round(value, 4) for name, value in ratio(times["a"], times[key])._asdict().items()}
            for key in compared
        },
    }
