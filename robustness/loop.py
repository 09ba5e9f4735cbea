"""Measure how long each request blocks the event loop: the processor time of every callback on its thread.

The service runs here on the loop of the standard library, whose callbacks can be timed. Another thread sends one random
valid request after the other, including the largest of each operation. `make loop` runs it.
"""

import argparse
import asyncio
import http.client
import io
import json
import random
import sys
import time
from collections import Counter, defaultdict
from collections.abc import Iterator
from threading import Thread
from typing import Any, Final, NamedTuple, get_args
from urllib.parse import urlencode

import pyarrow as pa

from retrorun.app.api.table import ARROW
from retrorun.app.main import build
from retrorun.app.server.listener import listen
from retrorun.app.server.server import Server, configuration, freeze_garbage_collector
from retrorun.app.settings import Settings
from retrorun.models.physiology.direction import EQUAL_EFFORT
from retrorun.models.vocabulary.choices import Equal
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S

MOST_MS: Final = 5.0
"""Longest time that a callback may take [ms]."""
LARGEST_EVERY: Final = 50
"""Every how many requests the largest request of an operation comes."""
READ: Final = ("/", "/docs", "/openapi.json", "/llms.txt", "/models", "/references", "/evidence", "/livez", "/readyz")
FORM: Final = "multipart/form-data; boundary=X"


class Request(NamedTuple):
    """A request."""

    operation: str
    method: str
    path: str
    body: bytes = b""
    media_type: str = "application/json"


def bout(chance: random.Random) -> dict[str, Any]:
    """Return a random bout."""
    given: dict[str, Any] = {
        "body_mass_kg": chance.uniform(30.0, 200.0),
        "speed_m_s": chance.uniform(0.5, 5.0),
        "duration_s": chance.uniform(60, 7200),
    }
    for name, value in (
        ("gait", chance.choice(("run", "walk"))),
        ("grade", chance.uniform(-0.2, 0.3)),
        ("equal", chance.choice(get_args(Equal))),
        ("interval", chance.uniform(0.5, 0.99)),
        ("step_rate_ratio", chance.uniform(0.9, 1.1)),
        ("weight_support", chance.uniform(0.0, 0.6)),
        ("overground", chance.random() < 0.5),
    ):
        if chance.random() < 0.4:
            given[name] = value
    if given.get("gait") == "walk" or given["speed_m_s"] < RUNNING_FROM_M_S or given.get("equal") in EQUAL_EFFORT:
        # Weight support is answered running, at equal speed or metabolic rate.
        given.pop("weight_support", None)
    return given


def posted(operation: str, path: str, content: object) -> Request:
    """Return a request with a body of JSON."""
    return Request(operation, "POST", path, json.dumps(content).encode())


def estimate(chance: random.Random, _: bool) -> Request:
    """Return a request for an estimate."""
    return posted("estimate", "/estimate", bout(chance))


def batch(chance: random.Random, largest: bool) -> Request:
    """Return a request for many estimates."""
    rows = 10_000 if largest else chance.randint(1, 300)
    return posted("estimate_batch", "/estimate/batch", {"items": [bout(chance) for _ in range(rows)]})


def table(chance: random.Random, largest: bool) -> Request:
    """Return a request for a table."""
    rows = 500_000 if largest else chance.randint(1, 20_000)
    names = ("body_mass_kg", "speed_m_s", "duration_s")
    batch = pa.RecordBatch.from_pydict(
        {name: pa.array([70.0, 2.5, 1200.0][place : place + 1] * rows) for place, name in enumerate(names)}
    )
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return Request("estimate_table", "POST", "/estimate/table?fields=forward_met", sink.getvalue(), ARROW)


def workout(chance: random.Random, largest: bool) -> Request:
    """Return a request for a workout."""
    count = 10_000 if largest else chance.randint(1, 300)
    segments = [{"speed_m_s": chance.uniform(1, 4), "duration_s": chance.uniform(5, 15)} for _ in range(count)]
    return posted("workout", "/workout", {"body_mass_kg": 70, "segments": segments, "include": ["segments"]})


def track(chance: random.Random, largest: bool) -> Request:
    """Return a request for a recording."""
    seconds = 100_000 if largest else chance.randint(60, 3000)
    speed = chance.uniform(1.5, 4.0) / 111_195
    points = "".join(
        f"<trkpt lat='{47 + second * speed:.7f}' lon='8'><time>2026-01-0{1 + second // 86_400}T"
        f"{second // 3600 % 24:02}:{second // 60 % 60:02}:{second % 60:02}Z</time><ele>400</ele></trkpt>"
        for second in range(seconds)
    )
    said = json.dumps({"body_mass_kg": 70, "include": ["segments", "profile"]})
    body = (
        '--X\r\nContent-Disposition: form-data; name="file"; filename="a"\r\n\r\n'
        f"<gpx><trk><trkseg>{points}</trkseg></trk></gpx>\r\n"
        f'--X\r\nContent-Disposition: form-data; name="request"\r\n\r\n{said}\r\n--X--\r\n'
    )
    return Request("workout_track", "POST", "/workout/track", body.encode(), FORM)


def solve(chance: random.Random, _: bool) -> Request:
    """Return a request that solves for a target."""
    find = chance.choice(("bout", "speed", "equal_cost_speed", "level_speed", "speed_range"))
    target = {
        "bout": {"total_energy_kcal": chance.uniform(50, 500), "duration_s": chance.uniform(600, 3600)},
        "speed": {"oxygen_uptake_ml_kg_min": chance.uniform(20, 50)},
        "equal_cost_speed": {"speed_m_s": chance.uniform(1.5, 4.0)},
        "level_speed": {"speed_m_s": chance.uniform(1.5, 4.0), "grade": chance.uniform(-0.1, 0.1)},
        "speed_range": {"patellofemoral_peak_force_bw": chance.uniform(2, 6)},
    }
    return posted("solve", "/solve", {"find": find, "body_mass_kg": 70, "gait": "run"} | target[find])


def plan(chance: random.Random, _: bool) -> Request:
    """Return a request for a plan."""
    limits = {
        "patellofemoral_impulse_per_bout_bw_s": chance.uniform(500, 3000),
        "oxygen_uptake_ml_kg_min": chance.uniform(30, 50),
    }
    wish = {"body_mass_kg": 70, "goal": "most_energy", "duration_s": chance.uniform(600, 3600), "limits": limits}
    return posted("plan", "/plan", wish | {"grade": chance.uniform(-0.01, 0.05)})


def plot(chance: random.Random, _: bool) -> Request:
    """Return a request for a picture."""
    name = chance.choice(("energy", "load"))
    asked = {"gait": chance.choice(("run", "walk")), "grade": chance.uniform(-0.1, 0.1)}
    return Request(f"plot_{name}", "GET", f"/plot/{name}.svg?{urlencode(asked)}")


def validation(chance: random.Random, _: bool) -> Request:
    """Return a request for the comparison with measurements."""
    model = chance.choice(("all", "acsm", "looney2025", "minetti2002"))
    return Request("validation", "GET", f"/validation?model={model}")


def read(chance: random.Random, _: bool) -> Request:
    """Return a request for a document."""
    path = chance.choice((*READ, "/metrics", "/static/docs/swagger-ui-bundle.js", "/static/page.css"))
    return Request(f"GET {path}", "GET", path)


KINDS: Final = (estimate, batch, table, workout, track, solve, plan, plot, validation, read)


def requests(count: int, seed: int) -> Iterator[Request]:
    """Yield random requests, each kind equally often, with the largest of each kind now and then."""
    chance = random.Random(seed)
    for number in range(count):
        turn, place = divmod(number, len(KINDS))
        yield KINDS[place](chance, turn % LARGEST_EVERY == 1)


class Worst(NamedTuple):
    """The longest callback of an operation."""

    ms: float
    what: str


def name_of(handle: Any) -> str:
    """Return the name of a callback: the coroutine of a task, or a function."""
    task = getattr(handle._callback, "__self__", None)
    return repr(task.get_coro())[:100] if isinstance(task, asyncio.Task) else repr(handle)[:100]


class Timed:
    """Measures the processor time of each callback, for the current request."""

    def __init__(self) -> None:
        self.operation = "start"
        self.worst: defaultdict[str, Worst] = defaultdict(lambda: Worst(0.0, ""))
        self.run = asyncio.Handle._run

    def __enter__(self) -> "Timed":
        timed = self

        def run(handle: Any) -> None:
            begun = time.thread_time()
            timed.run(handle)
            took = (time.thread_time() - begun) * 1000
            if took > timed.worst[timed.operation].ms:
                timed.worst[timed.operation] = Worst(took, name_of(handle))

        asyncio.Handle._run = run  # type: ignore[method-assign, assignment]  # there is no other way to time each
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.Handle._run = self.run  # type: ignore[method-assign]


def ask(server: Server, port: int, count: int, seed: int, timed: Timed) -> None:
    """Send requests one after the other, and count the answers by status."""
    while not server.started:
        time.sleep(0.05)
    statuses: Counter[tuple[str, int]] = Counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=120)
    try:
        for asked in requests(count, seed):
            timed.operation = asked.operation
            connection.request(asked.method, asked.path, asked.body or None, {"content-type": asked.media_type})
            answer = connection.getresponse()
            answer.read()
            statuses[asked.operation, answer.status] += 1
    finally:
        timed.operation = "stop"
        connection.close()
        server.should_exit = True
    for (operation, status), number in sorted(statuses.items()):
        print(f"{operation:40} {status} {number:6}")


def measure(count: int, seed: int) -> dict[str, Worst]:
    """Return the longest callback of each operation."""
    settings = Settings(port=0, drain_time_s=0.0, log_level="error", compute_wait_s=60.0)
    guard = build(settings)
    listener = listen(settings.host, settings.port)
    server = Server(configuration(guard, settings, guard.observer), settings, guard.state, guard.observer)
    server.config.loop = "asyncio"

    freeze_garbage_collector()
    with Timed() as timed:
        asking = Thread(target=ask, args=(server, listener.getsockname()[1], count, seed, timed))
        asking.start()
        server.run(sockets=[listener])
        asking.join()
    return dict(timed.worst)


def main() -> int:
    """Print the longest callbacks; return 1 if one is too long."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--requests", type=int, default=5000)
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32))
    chosen = parser.parse_args()
    print(f"seed {chosen.seed}")
    worst = measure(chosen.requests, chosen.seed)
    for operation, (took, what) in sorted(worst.items(), key=lambda item: -item[1].ms):
        print(f"{took:8.2f} ms  {operation:40} {what}")
    return int(max(took for operation, (took, _) in worst.items() if operation not in {"start", "stop"}) > MOST_MS)


if __name__ == "__main__":
    sys.exit(main())
