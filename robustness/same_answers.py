"""Check whether a change of the code changed an answer: compare the same random requests before and after.

    python -m robustness.same_answers write before.jsonl
    python -m robustness.same_answers write after.jsonl
    python -m robustness.same_answers compare before.jsonl after.jsonl
    python -m robustness.same_answers compare --exactly before.jsonl after.jsonl

Each operation is asked 2,000 times, half of them for the full view, and a fifth with something wrong in the request.
Texts of messages and descriptions are left out of the comparison; numbers may differ only in the last digits, those of
a plan by the resolution of a search over whole mm/s. With --exactly no number may differ.
"""

import argparse
import asyncio
import io
import json
import random
import re
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, Final, get_args

import pyarrow as pa

from retrorun.models.plan.answer import LoadName
from robustness.loop import Request, batch, bout, estimate, plan, plot, posted, solve, table, track, validation, workout

TEXTS: Final = frozenset(
    {"message", "detail", "title", "meaning", "description", "note", "conclusion", "smoothing", "cause", "reason"}
)
"""Names of fields that hold a text for people."""
CHANGING: Final = frozenset({"hash", "request_id"})
"""Names of fields that differ without a change of the answer."""
WITH_VIEWS: Final = frozenset({"/estimate", "/workout", "/solve", "/plan"})
DIGITS: Final = 1e-12
PLAN_SPEED_M_S: Final = 1.001e-3
PLAN_SHARE: Final = 1e-3
OPERATIONS: Final = (estimate, batch, workout, track, solve, plan, plot, validation, table)
READ: Final = ("/models", "/references", "/evidence")
HASH: Final = re.compile(r'"hash": "(\w+)"')
NUMBER: Final = re.compile(r"-?\d+(?:\.\d+)?")


def any_plan(chance: random.Random, _: bool) -> Request:
    """Return a request for a plan with limits, goals and options of every kind."""
    limits: dict[str, float] = {}
    for name, low, high in (
        ("patellofemoral_impulse_per_bout_bw_s", 200, 5000),
        ("oxygen_uptake_ml_kg_min", 15, 60),
        ("peak_vertical_force_bw", 1.5, 3.5),
        ("patellofemoral_peak_force_bw", 2, 7),
        ("achilles_relative_load", 0.6, 1.3),
        ("tibial_compression_peak_bw", 5, 11),
    ):
        if chance.random() < 0.4:
            limits[name] = chance.uniform(low, high)
    wish: dict[str, Any] = {
        "body_mass_kg": chance.uniform(45, 110),
        "goal": chance.choice(("most_energy", "least_load")),
        "interval": chance.uniform(0.5, 0.99),
        "gait": chance.choice(("run", "walk", "run")),
    }
    if wish["goal"] == "least_load":
        wish["indicator"] = chance.choice(get_args(LoadName))
    if wish["goal"] == "least_load" and chance.random() < 0.7:
        wish["active_energy_kcal"] = chance.uniform(50, 700)
    if "active_energy_kcal" not in wish or chance.random() < 0.5:
        wish["duration_s"] = chance.uniform(300, 5400)
    for name, low, high in (
        ("speed_low_m_s", 0.5, 2),
        ("speed_high_m_s", 2, 5),
        ("backward_speed_high_m_s", 1.0, 3.5),
        ("oxygen_uptake_max_ml_kg_min", 25, 65),
    ):
        if chance.random() < 0.3:
            wish[name] = chance.uniform(low, high)
    if limits:
        wish["limits"] = limits
    if chance.random() < 0.3:
        wish["grade"] = chance.uniform(-0.05, 0.1)
    return posted("plan", "/plan", wish)


def made_invalid(asked: Request, chance: random.Random) -> Request:
    """Return a request in JSON with something wrong in it."""
    content = json.loads(asked.body)
    names = list(content)
    way, name = chance.randrange(5), chance.choice(names)
    if way == 0:
        del content[name]
    elif way == 1:
        content[name] = chance.choice((None, "x", -1.0, 1e9, [], {}, True))
    elif way == 2:
        content["unknown"] = 1
    elif way == 3:
        content["grade"] = chance.choice((5.0, -0.6, 0.44))
    else:
        content["distance_m"] = chance.choice((1.0, 5000.0, 1e12))
    return asked._replace(body=json.dumps(content).encode())


def random_requests(count: int, seed: int) -> Iterator[Request]:
    """Yield random requests, equally many of each operation."""
    kinds: tuple[Callable[[random.Random, bool], Request], ...] = (*OPERATIONS, any_plan)
    for place, kind in enumerate(kinds):
        chance = random.Random(seed + place)
        for number in range(count):
            # A batch, a recording and a table hold hundreds of bouts each.
            if kind in {batch, track, table, workout, validation} and number >= count // 10:
                break
            asked = kind(chance, False)
            if number % 2 and asked.path in WITH_VIEWS:
                asked = asked._replace(body=json.dumps({**json.loads(asked.body), "view": "full"}).encode())
            wrong = asked.media_type == "application/json" and asked.body and chance.random() < 0.2
            yield made_invalid(asked, chance) if wrong else asked
    chance = random.Random(seed)
    for _ in range(count // 4):
        given = bout(chance) | {
            "speed_sd_m_s": chance.uniform(0, 0.2),
            "measurements": [
                {
                    "direction": chance.choice(("forward", "backward")),
                    "speed_m_s": chance.uniform(1.5, 3.5),
                    "oxygen_uptake_ml_kg_min": chance.uniform(15, 55),
                }
                for _ in range(chance.randint(1, 3))
            ],
        }
        yield posted("estimate", "/estimate", given)
    for path in READ:
        yield Request(f"GET {path}", "GET", path)


async def answer(service: Any, asked: Request) -> tuple[int, str, bytes]:
    """Return status, media type and body of an answer."""
    path, _, query = asked.path.partition("?")
    headers = [(b"host", b"x"), (b"content-type", asked.media_type.encode())]
    headers.append((b"content-length", b"%d" % len(asked.body)))
    scope: dict[str, Any] = {"type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": asked.method}
    scope |= {"scheme": "http", "server": ("x", 80), "client": ("127.0.0.1", 1), "root_path": "", "path": path}
    scope |= {"raw_path": path.encode(), "query_string": query.encode(), "headers": headers, "state": {}}
    status, media_type, parts = 0, "", []

    async def receive() -> Any:
        return {"type": "http.request", "body": asked.body, "more_body": False}

    async def send(message: Any) -> None:
        nonlocal status, media_type
        if message["type"] == "http.response.start":
            status = message["status"]
            media_type = dict(message["headers"])[b"content-type"].decode()
        parts.append(message.get("body", b""))

    await service(scope, receive, send)
    return status, media_type, b"".join(parts)


def readable(media_type: str, body: bytes) -> Any:
    """Return the part of an answer that can be compared."""
    if "json" in media_type:
        return json.loads(body)
    if "arrow" in media_type:
        return pa.ipc.open_stream(io.BytesIO(body)).read_all().to_pydict()
    # Compare the numbers of a picture.
    return [float(number) for number in NUMBER.findall(body.decode())]


def write(path: Path, count: int, seed: int) -> None:
    """Write each answer as a line."""
    service = import_module("retrorun.app.main").app

    async def run() -> None:
        with path.open("w") as file:
            for asked in random_requests(count, seed):
                status, media_type, body = await answer(service, asked)
                file.write(json.dumps([asked.operation, status, readable(media_type, body)], default=str) + "\n")

    asyncio.run(run())


def differences(one: Any, other: Any, place: str, *, plan: bool, digits: float = DIGITS) -> Iterator[str]:
    """Yield the places at which two answers differ."""
    if isinstance(one, dict) and isinstance(other, dict):
        for name in one.keys() | other.keys():
            if name not in TEXTS | CHANGING:
                inside = f"{place}/{name}"
                if name not in one or name not in other:
                    yield f"{inside} is in only one"
                else:
                    yield from differences(one[name], other[name], inside, plan=plan, digits=digits)
    elif isinstance(one, list) and isinstance(other, list):
        if len(one) != len(other):
            yield f"{place} has {len(one)} and {len(other)} items"
        for number, (left, right) in enumerate(zip(one, other, strict=False)):
            yield from differences(left, right, f"{place}/{number}", plan=plan, digits=digits)
    elif isinstance(one, int | float) and isinstance(other, int | float) and not isinstance(one, bool):
        allowed = digits * max(abs(one), abs(other))
        if plan:
            allowed = PLAN_SPEED_M_S if "speed_m_s" in place else max(PLAN_SHARE * max(abs(one), abs(other)), allowed)
        if abs(one - other) > allowed:
            yield f"{place}: {one} and {other}"
    elif one != other:
        yield f"{place}: {one} and {other}"


def compare(before: Path, after: Path, *, exactly: bool = False) -> int:
    """Print where the answers of two files differ, and return how many do."""
    asked: Counter[tuple[str, int]] = Counter()
    different: Counter[str] = Counter()
    hashes: set[tuple[str, ...]] = set()
    with before.open() as first, after.open() as second:
        for number, (left, right) in enumerate(zip(first, second, strict=True)):
            (operation, status, one), (name, other_status, other) = json.loads(left), json.loads(right)
            asked[operation, status] += 1
            hashes |= {pair for pair in zip(HASH.findall(left), HASH.findall(right), strict=False) if len({*pair}) > 1}
            found = [] if (operation, status) == (name, other_status) else [f"status {status} and {other_status}"]
            digits = 0.0 if exactly else DIGITS
            found = found or list(differences(one, other, "", plan=operation == "plan" and not exactly, digits=digits))
            if found:
                different[operation] += 1
                if different[operation] <= 3:
                    print(f"{number} {operation}: {found[:3]}")
    for (operation, status), count in sorted(asked.items()):
        print(f"{operation:24} {status} {count:6}")
    print(*(f"The hash was {before} and is {after}." for before, after in hashes), sep="\n")
    print(f"{sum(different.values())} of {asked.total()} differ: {dict(different)}")
    return different.total()


def main() -> int:
    """Write the answers of this code, or compare two files; return 1 if they differ."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("write", "compare"))
    parser.add_argument("files", type=Path, nargs="+")
    parser.add_argument("--requests", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--exactly", action="store_true", help="let no number differ")
    chosen = parser.parse_args()
    if chosen.what == "compare":
        return int(bool(compare(*chosen.files, exactly=chosen.exactly)))
    write(chosen.files[0], chosen.requests, chosen.seed)
    return 0


if __name__ == "__main__":
    sys.exit(main())
