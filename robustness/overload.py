"""Overload the service with four times the connections that saturate it, in a closed loop that asks again at once.

Exits with 1 if /livez took longer than 100 ms, a refusal was not 503 with Retry-After, a connection was dropped
without an answer, or throughput afterwards is not what it was before.
"""

import argparse
import asyncio
import json
import math
import statistics
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from robustness.load import Service, Tally, calling, run, service

LIVE_WITHIN_S = 0.1
SATURATED = 0.9
"""Share of the highest throughput from which the service counts as saturated [1]."""


@dataclass
class Phase:
    """The result of one phase."""

    name: str
    connections: int
    tally: Tally
    duration_s: float
    probes: list[tuple[float, int]]
    waited_s: float
    """How long other processes kept the service from its processor [s]."""

    @property
    def rates(self) -> list[int]:
        """Good answers in each second, the first left out."""
        return self.tally.rates(1.0, self.duration_s)

    def text(self) -> str:
        """Return the figures."""
        slowest = max((seconds for seconds, _ in self.probes), default=math.nan)
        refused = self.tally.statuses[503]
        p99_ms = self.tally.quantile_s(0.99, 1, self.duration_s) * 1e3
        return (
            f"{self.name:10} {self.connections:5} connections  {statistics.mean(self.rates):7.0f} answered/s  "
            f"{refused / self.duration_s:7.0f} refused/s  p99 {p99_ms:7.1f} ms  "
            f"/livez at most {slowest * 1e3:6.1f} ms ({len(self.probes)} probes)  "
            f"kept waiting by others {self.waited_s / self.duration_s:5.1%}  "
            f"faults {dict(self.tally.faults) or 'none'}"
        )


async def phase(running: Service, name: str, connections: int, duration_s: float) -> Phase:
    """Load a service for a time, and probe it meanwhile."""
    tally, waited_s = Tally(), running.waited_s()
    async with calling(running.port, tally, connections):
        prober = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "robustness.prober", str(running.port), str(duration_s)),
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            while tally.now_s() < duration_s and running.alive():
                await asyncio.sleep(0.05)
            probes, _ = await asyncio.wait_for(prober.communicate(), 20)
        finally:
            if prober.returncode is None:
                prober.kill()
                await prober.wait()
        # Count only until now; the load continues until the last probe has its answer.
        duration_s = tally.now_s()
        waited_s = running.waited_s() - waited_s
    if not running.alive():
        tally.faults["the service ended"] += 1
    return Phase(name, connections, tally, duration_s, json.loads(probes), waited_s)


async def saturation(running: Service, span_s: float) -> int:
    """Return the fewest connections, of the powers of two, that saturate a service."""
    rates = {}
    for connections in (2, 4, 8, 16, 32, 64):
        found = await phase(running, "search", connections, span_s)
        rates[connections] = statistics.median(found.rates)
    return min(count for count, rate in rates.items() if rate >= SATURATED * max(rates.values()))


def failures(before: Phase, overload: Phase, after: Phase) -> list[str]:
    """Return the criteria that failed."""
    found = [
        f"{count} times {one.name}: {kind}"
        for one in (before, overload, after)
        for kind, count in one.tally.faults.items()
    ]
    for one in (before, overload, after):
        slow = sum(seconds > LIVE_WITHIN_S for seconds, _ in one.probes)
        lost = sum(status != 200 for _, status in one.probes)
        if slow or lost:
            found.append(
                f"{one.name}: of {len(one.probes)} probes {slow} took over 100 ms, {lost} were not answered 200"
            )
    first, last = before.rates, after.rates
    noise = math.sqrt(statistics.variance(first) / len(first) + statistics.variance(last) / len(last))
    # Neighbouring seconds are similar, so their spread underestimates the noise.
    allowed = max(3 * noise, 0.05 * statistics.mean(first))
    if abs(statistics.mean(last) - statistics.mean(first)) > allowed:
        found.append(f"throughput after is {statistics.mean(last):.0f}/s, before {statistics.mean(first):.0f}/s")
    return found


def main() -> int:
    """Overload a service from the command line."""
    parser = argparse.ArgumentParser(prog="python -m robustness.overload", description=__doc__)
    parser.add_argument(
        "--seconds", type=float, default=20.0, help="length of each phase [s] (default: 20, at most 600)"
    )
    parser.add_argument("--connections", type=int, default=0, help="connections that saturate it (default: searched)")
    parser.add_argument("--times", type=int, default=4, help="how many times as many overload it (default: 4)")
    options = parser.parse_args()
    if not 4 <= options.seconds <= 600:
        parser.error("--seconds: give 4 to 600")
    with tempfile.TemporaryDirectory() as place, service(Path(place) / "log", pinned=True) as running:
        phases: list[Phase] = []

        async def all_of_it() -> int:
            span_s = options.seconds
            enough = options.connections or await saturation(running, 3.0)
            for name, connections in (("before", enough), ("overload", enough * options.times), ("after", enough)):
                phases.append(await phase(running, name, connections, span_s))
                print(phases[-1].text(), flush=True)
            return 0

        run(all_of_it)
    before, overload, after = phases
    failed = failures(before, overload, after)
    print("overload failed: " + "; ".join(failed) if failed else "overload passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
