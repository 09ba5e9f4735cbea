"""Soak the service: minutes at saturation with 5 % hostile traffic, then memory slope, drift of latency, and faults.

Exits with 1 if there was a 5xx other than 503 with Retry-After or 501, an answer that is malformed or missing, memory
that grows, or latency that drifts.
"""

import argparse
import asyncio
import itertools
import math
import statistics
import sys
import tempfile
from collections import Counter
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from robustness.corpus import CASES
from robustness.load import HOST, Service, Tally, calling, run, service
from robustness.raw_http import Malformed, play

HOSTILE_SHARE = 0.05
"""Half of it refused bodies on the connections of the good requests, half cases of the corpus on their own."""

SLOPE_MB = 1.0
"""Most growth of memory [MB per 100 000 requests]."""

DRIFT = 2.0
"""Most that the last minute's p99 may be of the first's [1]."""

WARM_UP_SHARE = 0.1
WARM_UP_REQUESTS = 100_000
"""Requests until the allocator has taken the memory that it keeps, some 14 MB. A shorter soak skips a third."""
RAW = [case for case in CASES if not case.slow]


@dataclass
class Report:
    """The result of a soak."""

    tally: Tally
    duration_s: float
    memory: list[tuple[int, float]] = field(default_factory=list)
    """Requests so far, and memory [MB]."""
    raw: int = 0
    odd: Counter[str] = field(default_factory=Counter)
    """Cases of the corpus with another outcome than the table allows, by name."""
    waited_s: float = 0.0
    """How long other processes kept the service from its processor [s]."""
    alive: bool = True

    def slope_mb(self) -> float:
        """Return the growth of memory after warm-up [MB per 100 000 requests]."""
        warm = min(WARM_UP_REQUESTS, self.memory[-1][0] / 3)
        kept = [sample for sample in self.memory[int(len(self.memory) * WARM_UP_SHARE) :] if sample[0] >= warm]
        if len({count for count, _ in kept}) < 2:
            return math.nan
        slope = statistics.linear_regression([count for count, _ in kept], [memory for _, memory in kept]).slope
        return slope * 1e5

    def p99_ms(self) -> tuple[float, float]:
        """Return p99 of the first minute after warm-up and of the last [ms]; of shorter spans in a short soak."""
        span = min(60.0, self.duration_s / 3)
        first = min(5.0, self.duration_s * WARM_UP_SHARE)
        end = self.duration_s
        quantile = self.tally.quantile_s
        return quantile(0.99, first, first + span) * 1e3, quantile(0.99, end - span, end) * 1e3

    def failures(self) -> list[str]:
        """Return the faults that no machine may cause."""
        found = [f"{count} times: {kind}" for kind, count in self.tally.faults.items()]
        return found if self.alive else [*found, "the service ended"]

    def drifts(self) -> list[str]:
        """Return the failed criteria of a soak of some minutes."""
        first, last = self.p99_ms()
        found = []
        if not self.slope_mb() < SLOPE_MB:
            found.append(f"memory grows by {self.slope_mb():.2f} MB per 100 000 requests")
        if not last <= DRIFT * first:
            found.append(f"p99 drifts from {first:.2f} to {last:.2f} ms")
        return found

    def text(self) -> str:
        """Return the figures."""
        first, last = self.p99_ms()
        memory = [megabytes for _, megabytes in self.memory]
        tally = self.tally
        return "\n".join(
            [
                f"requests            {tally.requests} in {self.duration_s:.0f} s, {self.raw} raw cases among them",
                f"good answers        {tally.statuses[200]}, {sum(tally.answered.values()) / self.duration_s:.0f}/s",
                f"answers by status   {dict(sorted(tally.statuses.items()))}",
                f"faults by kind      {dict(tally.faults) or 'none'}",
                f"other outcomes      {dict(self.odd) or 'none'}",
                f"memory              {memory[0]:.1f} MB to {memory[-1]:.1f} MB, most {max(memory):.1f} MB",
                f"memory slope        {self.slope_mb():+.3f} MB per 100 000 requests",
                f"p99 first and last  {first:.2f} ms, {last:.2f} ms",
                f"kept waiting        {self.waited_s / self.duration_s:.1%} of the time, by others on its processor",
            ]
        )


async def soak(running: Service, *, duration_s: float, connections: int) -> Report:
    """Saturate a service for a time and return the report."""
    tally = Tally()
    report = Report(tally, duration_s)
    waited_s = running.waited_s()
    turns = itertools.cycle(RAW)

    async def hostile() -> None:
        while True:
            # The rest of the hostile share is in the bodies.
            if report.raw >= tally.requests * HOSTILE_SHARE / 2:
                await asyncio.sleep(0.005)
                continue
            report.raw += 1
            case = next(turns)
            try:
                outcome = await play(case, HOST, running.port, quiet_s=0.02)
            except Malformed:
                tally.faults["malformed answer to a raw case"] += 1
                continue
            except OSError as error:
                tally.faults[f"raw case: {type(error).__name__}"] += 1
                continue
            for answer in outcome.answers:
                tally.judge(answer, lambda _: True)
            # Under saturation not all of many answers are there in time.
            expected = any(allowed.startswith(outcome.statuses) for allowed in case.allowed)
            if not expected and "503" not in outcome.statuses:
                report.odd[case.name] += 1

    async def watch() -> None:
        while True:
            report.memory.append((tally.requests, running.resident_mb()))
            running.forget_log()
            await asyncio.sleep(min(1.0, duration_s / 40))

    async with calling(running.port, tally, connections, hostile_every=round(2 / HOSTILE_SHARE)):
        tasks = [asyncio.create_task(hostile()) for _ in range(32)] + [asyncio.create_task(watch())]
        try:
            while tally.now_s() < duration_s and running.alive():
                await asyncio.sleep(0.1)
                for task in tasks:
                    if task.done():
                        task.result()
        finally:
            for task in tasks:
                task.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.gather(*tasks, return_exceptions=True)
    report.alive = running.alive()
    if report.alive:
        report.waited_s = running.waited_s() - waited_s
    return report


def main() -> int:
    """Run a soak from the command line."""
    parser = argparse.ArgumentParser(prog="python -m robustness.soak", description=__doc__)
    parser.add_argument("--minutes", type=float, default=10.0, help="how long [min] (default: %(default)g, at most 60)")
    parser.add_argument("--connections", type=int, default=32, help="connections of good requests (default: 32)")
    options = parser.parse_args()
    if not 0.1 <= options.minutes <= 60:
        parser.error("--minutes: give 0.1 to 60")
    with tempfile.TemporaryDirectory() as place, service(Path(place) / "log", pinned=True) as running:
        report: Report

        async def all_of_it() -> int:
            nonlocal report
            report = await soak(running, duration_s=options.minutes * 60, connections=options.connections)
            return 0

        run(all_of_it)
    print(report.text())
    failed = report.failures() + report.drifts()
    print("soak failed: " + "; ".join(failed) if failed else "soak passed")
    return bool(failed)


if __name__ == "__main__":
    sys.exit(main())
