"""Measure a whole file, and the delay of other requests during full batches: `python -m benchmarks.bulk_run`.

Ten million rows to a folder by one process and by two, by turns, with the processor time and the memory of all their
processes; then /estimate on its own and beside full batches that follow one another, service and callers on the same
machine.
"""

import argparse
import http.client
import random
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles
from typing import NamedTuple

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from benchmarks.bulk import ITEMS, TEN
from benchmarks.process import megabytes
from benchmarks.server import HOST, RETRORUN, estimate, first_answer, processor_seconds, serving, tree

ROWS = 10_000_000
ROWS_AT_ONCE = 1_000_000
TURNS = 5
ASKED = 2000
LOOK_S = 0.05


def write_bouts(path: Path, rows: int) -> None:
    """Write bouts of running and walking to a file. Text has three decimals."""
    chance, kind = np.random.default_rng(1), path.suffix
    schema = pa.schema(dict.fromkeys(COLUMNS, pa.float64()))
    with ExitStack() as stack:
        if kind == ".jsonl":
            lines = stack.enter_context(path.open("wb"))
        else:
            open_writer = pq.ParquetWriter if kind == ".parquet" else pyarrow.csv.CSVWriter
            writer = stack.enter_context(open_writer(path, schema))
        for start in range(0, rows, ROWS_AT_ONCE):
            size = min(ROWS_AT_ONCE, rows - start)
            columns = {name: chance.uniform(low, high, size) for name, (low, high) in COLUMNS.items()}
            if kind == ".parquet":
                writer.write_batch(pa.RecordBatch.from_pydict(columns))
                continue
            bouts = pa.RecordBatch.from_pydict({name: np.round(column, 3) for name, column in columns.items()})
            if kind == ".csv":
                writer.write_batch(bouts)
            else:
                lines.writelines(orjson.dumps(row) + b"\n" for row in bouts.to_pylist())


COLUMNS = {"body_mass_kg": (50.0, 90.0), "speed_m_s": (1.0, 4.5), "duration_s": (300.0, 7200.0)}


def memory_mb(process: int) -> float:
    """Return the memory of a process and all that it started, shared pages once [MB]."""
    total = 0.0
    for one in tree(process):
        try:
            total += megabytes(Path(f"/proc/{one}/smaps_rollup").read_text(), "Pss")
        except (OSError, LookupError):
            # The process has ended.
            continue
    return total


class Measured(NamedTuple):
    """What a run took."""

    wall_s: float
    processor_s: float
    memory_mb: float


def run(source: Path, target: Path, *, workers: int, every_column: bool) -> Measured:
    """Estimate a file; return the time and the most memory."""
    fields = [] if every_column else ["--fields", ",".join(TEN)]
    begun, most, processor = time.perf_counter(), 0.0, 0.0
    words = [str(RETRORUN), "bulk", str(source), f"{target}/", "--workers", str(workers), *fields]
    with subprocess.Popen(words, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            try:
                most = max(most, memory_mb(process.pid))
                processor = max(processor, processor_seconds(process.pid))
            except OSError:
                break
            time.sleep(LOOK_S)
    taken = time.perf_counter() - begun
    assert process.returncode == 0
    shutil.rmtree(target)
    return Measured(taken, processor, most)


def files(rows: int, kind: str, *, every_column: bool) -> None:
    """Print the time and memory of a file."""
    with tempfile.TemporaryDirectory() as folder:
        source, target = Path(folder, f"in.{kind}"), Path(folder, "out")
        write_bouts(source, rows)
        found: dict[int, list[Measured]] = {1: [], 2: []}
        for _ in range(TURNS):
            for workers, runs in found.items():
                runs.append(run(source, target, workers=workers, every_column=every_column))
        for workers, runs in found.items():
            times = ", ".join(f"{one.wall_s:.1f}" for one in runs)
            processor, most = min(one.processor_s for one in runs), max(one.memory_mb for one in runs)
            spent = f"{processor:.1f} s of processors, at most {most:.0f} MB"
            print(f"{rows:_} rows of {kind}, {workers} worker(s): {times} s; {spent}")
        one, two = (min(each.wall_s for each in runs) for runs in found.values())
        print(f"two workers are {one / two:.2f} times as fast as one")


def beside() -> None:
    """Print the latency of /estimate without other requests, and during full batches."""
    chance = random.Random(1)
    bouts = [
        {
            "body_mass_kg": chance.uniform(50, 90),
            "speed_m_s": chance.uniform(2, 4),
            "duration_s": chance.uniform(60, 4000),
        }
        for _ in range(ITEMS)
    ]
    batch = orjson.dumps({"items": bouts})
    ended, answered = threading.Event(), []

    def full_batches(port: int) -> None:
        connection = http.client.HTTPConnection(HOST, port)
        while not ended.is_set():
            connection.request("POST", "/estimate/batch", batch, {"content-type": "application/json"})
            answer = connection.getresponse()
            answered.append((answer.status, len(answer.read())))

    with serving("app.main:app") as server:
        connection = first_answer(server)
        alone = latencies_ms(connection)
        other = threading.Thread(target=full_batches, args=[server.port])
        other.start()
        together = latencies_ms(connection)
        ended.set()
        other.join()
    for name, found in (("alone", alone), ("beside full batches", together)):
        cuts = quantiles(found, n=1000)
        print(f"/estimate {name}: p50 {cuts[499]:.2f}, p99 {cuts[989]:.2f}, most {max(found):.2f} ms")
    print(f"{len(answered)} batches meanwhile, answers {sorted(set(answered))}")


def latencies_ms(connection: http.client.HTTPConnection) -> list[float]:
    """Return how long answers take, one after another [ms]."""
    found = []
    for _ in range(ASKED):
        begun = time.perf_counter()
        estimate(connection)
        found.append((time.perf_counter() - begun) * 1e3)
    return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.bulk_run", description=__doc__)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--kind", choices=("parquet", "csv", "jsonl"), default="parquet", help="of the input")
    parser.add_argument("--files-only", action="store_true", help="without the delay of other requests")
    parser.add_argument("--every-column", action="store_true", help="instead of ten columns; takes minutes and 10 GB")
    options = parser.parse_args()
    if not options.files_only:
        beside()
    files(options.rows, options.kind, every_column=options.every_column)


if __name__ == "__main__":
    main()
    sys.exit()
