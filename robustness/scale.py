"""Estimate millions of bouts in Dask or Spark, and compare the sums: `make scale-dask`, `make scale-spark`.

In Dask, `retrorun bulk` sends the bouts to two workers, and one is killed when half of the rows are done. In Spark,
`app.spark.estimate` runs in two tasks at a time. The sums must be those of one process without any file, to the last
digit: they are rounded once, so the order of the rows does not matter.
"""

import argparse
import os
import signal
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from math import fsum
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from retrorun.app.bulk.run import Options, Progress, run
from retrorun.app.record_batches import estimate_keyed_batch
from retrorun.app.spark import estimate

ROWS: Final = 10_000_000
FILE_ROWS: Final = 500_000
FIELDS: Final = ("forward_total_energy_kcal", "backward_total_energy_kcal", "ratio_total_energy")
LIMITS: Final = {"body_mass_kg": (45.0, 95.0), "speed_m_s": (0.6, 4.5), "duration_s": (300.0, 7200.0)}
"""The ends of the inputs. Some speeds are too slow for the gait."""
NUMBER: Final = "number"


class Sums(NamedTuple):
    """What must agree: rows, the sum of their numbers, those with an estimate, and the sum of each field."""

    rows: int
    numbers: int
    estimated: int
    sums: tuple[float, ...]


def bouts(rows: int) -> Iterator[pa.RecordBatch]:
    """Yield the bouts, each with its number; they depend on nothing else."""
    for start in range(0, rows, FILE_ROWS):
        chance, size = np.random.default_rng(start), min(FILE_ROWS, rows - start)
        columns = {name: chance.uniform(low, high, size) for name, (low, high) in LIMITS.items()}
        columns["gait"] = np.where(columns["speed_m_s"] < 1.0, "walk", "run")
        columns["body_mass_kg"][:: FILE_ROWS // 50] = 5.0  # out of range
        yield pa.RecordBatch.from_pydict({NUMBER: np.arange(start, start + size), **columns})


def sums_of(estimates: Iterable[pa.RecordBatch]) -> Sums:
    """Return the sums of estimates, each rounded once."""
    kept: list[list[np.ndarray[Any, Any]]] = [[] for _ in FIELDS]
    rows = numbers = 0
    for batch in estimates:
        rows += batch.num_rows
        numbers += pc.sum(batch[NUMBER]).as_py()
        for place, name in enumerate(FIELDS):
            kept[place].append(batch[name].drop_null().to_numpy(zero_copy_only=False))
    columns = [np.concatenate(found) for found in kept]
    return Sums(rows, numbers, columns[0].size, tuple(map(fsum, columns)))


def sums_in(folder: Path) -> Sums:
    """Return the sums in a folder of Parquet files."""
    return sums_of(
        batch
        for path in sorted(folder.glob("*.parquet"))
        for batch in pq.ParquetFile(path).iter_batches(FILE_ROWS, columns=[NUMBER, *FIELDS])
    )


def by_dask(source: Path, output: Path) -> str:
    """Estimate a file with two Dask workers; kill one when half of the rows are done."""
    from distributed import Client, LocalCluster  # noqa: PLC0415 - Spark's environment has no Dask

    with (
        LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as cluster,
        Client(cluster) as client,
    ):
        victim = next(iter(client.run(os.getpid).values()))
        killed: list[float] = []

        def report(far: Progress) -> None:
            if far.share >= 0.5 and not killed:
                os.kill(victim, signal.SIGKILL)
                killed.append(far.share)

        options = Options(engine="dask", scheduler=cluster.scheduler_address, fields=FIELDS, folder=True)
        run(source, output, options._replace(keep=(NUMBER,)), report)
    assert killed
    return f"a worker was killed at {killed[0]:.0%}"


def by_spark(source: Path, output: Path) -> str:
    """Estimate a file with two tasks of Spark."""
    from pyspark.sql import SparkSession  # noqa: PLC0415 - only `make scale-spark` has it

    os.environ["PYSPARK_PYTHON"] = sys.executable
    session = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .getOrCreate()
    )
    try:
        frame = session.read.parquet(str(source))
        estimate(frame, key=NUMBER, fields=[*FIELDS]).write.parquet(str(output))
        return f"Spark {session.version}, {frame.rdd.getNumPartitions()} partitions"
    finally:
        session.stop()


def main() -> int:
    """Estimate, and print whether the sums are the same."""
    parser = argparse.ArgumentParser(prog="python -m robustness.scale", description=__doc__)
    parser.add_argument("engine", choices=("dask", "spark"))
    parser.add_argument("--rows", type=int, default=ROWS)
    chosen = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        source, output = Path(folder, "in.parquet"), Path(folder, "out")
        schema = next(bouts(1)).schema
        with pq.ParquetWriter(source, schema) as writer:
            for batch in bouts(chosen.rows):
                writer.write_batch(batch)
        begun = time.perf_counter()
        how = {"dask": by_dask, "spark": by_spark}[chosen.engine](source, output)
        taken = time.perf_counter() - begun
        found = sums_in(output)
    expected = sums_of(estimate_keyed_batch(batch, [NUMBER], FIELDS) for batch in bouts(chosen.rows))
    print(f"{chosen.engine}: {found.rows:_} rows, {found.estimated:_} with an estimate, {taken:.0f} s; {how}")
    for name, one, other in zip(FIELDS, found.sums, expected.sums, strict=True):
        print(f"  {name}: {one!r}{'' if one == other else f', but {other!r} in one process'}")
    print("the sums are the same" if found == expected else "the sums DIFFER")
    return 0 if found == expected else 1


if __name__ == "__main__":
    sys.exit(main())
