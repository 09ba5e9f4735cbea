"""Measure what a million rows of a file cost, stage by stage: `python -m benchmarks.bulk_stages`.

Processor time of one process, lowest of several blocks of 32 768 rows, and the bytes that pass between the stages. The
figures of docs/scale.md are computed from these.
"""

import argparse
import pickle
import tempfile
import time
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any

from benchmarks.bulk import TEN
from benchmarks.bulk_run import write_bouts
from retrorun.app.bulk.options import PARTITION_ROWS
from retrorun.app.bulk.part import estimates_of, parquet_bytes
from retrorun.app.bulk.source import Block, Source
from retrorun.app.processes.pool import CONTEXT

BLOCKS = 16
TURNS = 5
STAGES = ("read", "send", "receive", "parse", "estimate", "write")


def measure(path: Path, fields: tuple[str, ...] | None) -> tuple[dict[str, float], dict[str, float]]:
    """Return the time of each stage [µs a row], and the size of what it gives [bytes a row]."""
    times: dict[str, list[float]] = defaultdict(list)

    def timed(stage: str, work: Callable[..., Any], *given: Any) -> Any:
        begun = time.process_time()
        answer = work(*given)
        times[stage].append((time.process_time() - begun) / PARTITION_ROWS * 1e6)
        return answer

    source = Source(path, ())
    parse, blocks = source.parser(), source.blocks(PARTITION_ROWS)
    for _ in range(BLOCKS):
        block: Block = timed("read", next, blocks)
        assert block.rows == PARTITION_ROWS
        rows = timed("parse", parse, block.content)
        estimates = timed("estimate", estimates_of, rows, fields)
        written = timed("write", parquet_bytes, estimates)
    times["send"], times["receive"] = sending(block)
    whole = path.stat().st_size / (BLOCKS * PARTITION_ROWS)
    sizes = {"input": whole, "sent": len(pickle.dumps(block)) / PARTITION_ROWS, "output": len(written) / PARTITION_ROWS}
    return {stage: min(times[stage]) for stage in STAGES}, sizes


def sending(block: Block) -> tuple[list[float], list[float]]:
    """Return the times of two processes to send and to receive a block [µs a row]."""
    send, receive = [], []
    with ProcessPoolExecutor(1, CONTEXT) as pool:
        for _ in range(TURNS):
            before, began = pool.submit(time.process_time).result(), time.process_time()
            for _ in range(BLOCKS):
                pool.submit(id, block).result()
            rows = BLOCKS * PARTITION_ROWS
            send.append((time.process_time() - began) / rows * 1e6)
            receive.append((pool.submit(time.process_time).result() - before) / rows * 1e6)
    return send, receive


def main() -> None:
    """Measure and print."""
    argparse.ArgumentParser(prog="python -m benchmarks.bulk_stages", description=__doc__).parse_args()
    with tempfile.TemporaryDirectory() as folder:
        for kind in ("parquet", "csv", "jsonl"):
            path = Path(folder, f"in.{kind}")
            write_bouts(path, BLOCKS * PARTITION_ROWS)
            for many, fields in (("ten", tuple(TEN)), ("every", None)):
                times, sizes = measure(path, fields)
                spent = ", ".join(f"{stage} {each:.3f}" for stage, each in times.items())
                print(f"{kind}, {many} columns: {spent}; in all {sum(times.values()):.2f} s a million rows")
                print("  " + ", ".join(f"{name} {size:.0f}" for name, size in sizes.items()) + " bytes a row")


if __name__ == "__main__":
    main()
