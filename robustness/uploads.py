"""Send several of the largest recordings at once, and measure the memory of the service and its processes.

Each recording is a TCX of the largest size that is allowed, of 24 hours at one point a second. A recording that is
refused with 503 is sent again after a second, as `Retry-After` asks, until it is answered. Exits with 1 if the service
took more memory than a container of `deploy/` has, or if an answer was neither 200 nor 503.
"""

import argparse
import asyncio
import json
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from time import perf_counter
from typing import Any

import httpx

from retrorun.app.settings import Settings
from robustness.load import HOST, Service, service
from tests.recordings import recorded, wide_tcx

ALLOWED_MB = 1024.0
EVERY_S = 0.02
PROBED_S = 20.0
HEAD_BYTES = 1000
"""Bytes of the form around the file."""


def processes(parent: int) -> Iterator[int]:
    """Yield a process and those that it started."""
    yield parent
    with suppress(OSError):
        children = Path(f"/proc/{parent}/task/{parent}/children").read_text(encoding="ascii").split()
        for child in map(int, children):
            yield from processes(child)


def memory_mb(running: Service) -> float:
    """Return the memory of a service and its processes; what they share counts once."""
    total = 0
    for process in processes(running.process.pid):
        with suppress(OSError):
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
            total += next(int(line.split()[1]) for line in rollup.splitlines() if line.startswith("Pss:"))
    return total / 1024


async def watch(running: Service, peaks: list[float]) -> None:
    """Measure the memory again and again."""
    while True:
        peaks.append(await asyncio.to_thread(memory_mb, running))
        await asyncio.sleep(EVERY_S)


async def send(client: httpx.AsyncClient, data: bytes, statuses: Counter[int], times: list[float]) -> None:
    """Send a recording until it is answered."""
    files: Any = {"file": ("watch", data), "request": (None, b'{"body_mass_kg": 70}', "application/json")}
    while True:
        begun = perf_counter()
        try:
            status = (await client.post("/workout/track", files=files)).status_code
        except httpx.TransportError:  # refused while it was being sent
            status = 503
        statuses[status] += 1
        if status != 503:
            times.append(perf_counter() - begun)
            return
        await asyncio.sleep(1)


async def main() -> int:
    """Run, and print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--at-once", type=int, default=4)
    chosen = parser.parse_args()
    data = wide_tcx(recorded(86_400), Settings().maximum_upload_bytes - HEAD_BYTES)
    statuses: Counter[int] = Counter()
    peaks: list[float] = []
    times: list[float] = []
    with tempfile.TemporaryDirectory() as folder, service(Path(folder) / "log") as running:
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{running.port}", timeout=120, trust_env=False) as client:
            begun = memory_mb(running)
            watching = asyncio.create_task(watch(running, peaks))
            prober = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "robustness.prober", str(running.port), str(PROBED_S)),
                stdout=asyncio.subprocess.PIPE,
            )
            await asyncio.gather(*(send(client, data, statuses, times) for _ in range(chosen.at_once)))
            watching.cancel()
            probes = [seconds for seconds, _ in json.loads((await prober.communicate())[0])]
    print(
        f"{chosen.at_once} recordings of {len(data) / 2**20:.1f} MiB at once: statuses {dict(statuses)}, "
        f"last answer after {max(times):.1f} s; {begun:.0f} MiB before, {max(peaks):.0f} MiB at most; "
        f"/livez at most {max(probes) * 1000:.0f} ms"
    )
    return int(max(peaks) > ALLOWED_MB or set(statuses) - {200, 503} != set())


if __name__ == "__main__":
    sys.exit(asyncio.run(main()))
