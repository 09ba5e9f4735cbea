"""Measure many bouts at once: columns against copying them, and a JSON batch against parsing and writing its bytes.

`python -m benchmarks.bulk` prints the least of several runs, by turns. The floor of a table is a copy of every input
and output column, buffer by buffer; that of a batch is decoding its request and encoding its answer with orjson.
"""

import random
import sys
from collections.abc import Callable
from functools import partial
from time import perf_counter
from typing import Any, get_args

import numpy as np
import orjson
import pyarrow as pa
from pydantic import TypeAdapter

from retrorun.app.api.batch import BatchRequest
from retrorun.app.api.batch import batch as answer_batch
from retrorun.app.formats.record_batches import estimate_batch
from retrorun.models.vocabulary.choices import Equal
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S

ROWS = 1_000_000
ITEMS = 10_000
RUNS = 9
DECODE = TypeAdapter(BatchRequest).validator.validate_json
TEN = [
    *(f"{way}_total_energy_kcal{end}" for way in ("forward", "backward") for end in ("", "_low", "_high")),
    *("forward_metabolic_power_w_kg", "backward_metabolic_power_w_kg", "forward_met", "ratio_total_energy"),
]


def least(*functions: Callable[[], Any]) -> list[float]:
    """Return the least time of each call, of several by turns [s]."""
    times: list[list[float]] = []
    for _ in range(RUNS):
        times.append([])
        for function in functions:
            begun = perf_counter()
            result = function()
            times[-1].append(perf_counter() - begun)
            del result
    return [min(column) for column in zip(*times, strict=True)]


def table(kind: str) -> pa.RecordBatch:
    """Return bouts: running on the level, on grades, or of either gait and three kinds of equal intensity, with
    weight support and still air."""
    chance = np.random.default_rng(1)
    columns: dict[str, Any] = {
        "body_mass_kg": chance.uniform(50, 90, ROWS),
        "speed_m_s": chance.uniform(2.0, 3.4, ROWS),
        "duration_s": chance.uniform(300, 7200, ROWS),
    }
    if kind != "level":
        columns["grade"] = chance.uniform(-0.08, 0.08, ROWS)
    if kind == "mixed":
        columns["speed_m_s"] = chance.uniform(0.6, 4.5, ROWS)
        equal = chance.choice(["speed", "heart_rate", "perceived_exertion"], ROWS)
        columns["equal"] = pa.array(equal).dictionary_encode()
        # Weight support is answered running at equal speed only.
        carried = (equal == "speed") & (columns["speed_m_s"] >= RUNNING_FROM_M_S)
        columns["weight_support"] = np.where(carried, chance.uniform(0.0, 0.6, ROWS), 0.0)
        columns["overground"] = chance.random(ROWS) < 0.5
    return pa.RecordBatch.from_pydict(columns)


def copied(batches: list[pa.RecordBatch]) -> list[pa.Buffer]:
    """Return a copy of every buffer."""
    copies = []
    for column in (column for batch in batches for column in batch.columns):
        for buffer in (column.indices if pa.types.is_dictionary(column.type) else column).buffers():
            if buffer is not None:
                copies.append(pa.allocate_buffer(buffer.size))
                np.copyto(np.frombuffer(copies[-1], np.uint8), np.frombuffer(buffer, np.uint8))
    return copies


def tables() -> None:
    """Print the times of tables."""
    for kind in ("level", "graded", "mixed"):
        bouts = table(kind)
        for name, fields in (("every column", None), ("ten columns", TEN)):
            answer = estimate_batch(bouts, fields)
            taken, floor = least(partial(estimate_batch, bouts, fields), partial(copied, [bouts, answer]))
            print(f"table {kind:7} {name:13} {taken / ROWS * 1e9:7.1f} ns a row, {floor / taken:.2f} of a copy")


def answered(body: bytes) -> bytes:
    """Return the service's answer to a batch."""
    answer: bytes = answer_batch(DECODE(body))
    return answer


def coded(body: bytes, answer: Any) -> tuple[Any, bytes]:
    """Decode a batch and encode its answer, and nothing between."""
    return orjson.loads(body), orjson.dumps(answer)


def batches() -> None:
    """Print the times of JSON batches."""
    chance = random.Random(1)
    alike: list[dict[str, Any]] = [
        {
            "body_mass_kg": chance.uniform(50, 90),
            "speed_m_s": chance.uniform(2, 4),
            "duration_s": chance.uniform(60, 4000),
        }
        for _ in range(ITEMS)
    ]
    differing = [
        item
        | chance.choice([{}, {"gait": "run"}, {"interval": 0.8}])
        | chance.choice([{}, {"grade": chance.uniform(-0.1, 0.1)}])
        | chance.choice([{}, *({"equal": equal} for equal in get_args(Equal)), {"weight_support": 0.2}])
        | chance.choice([{}, {"overground": True}])
        for item in alike
    ]
    for name, items, more in (
        ("alike", alike, {}),
        ("differing", differing, {}),
        ("alike, ten fields", alike, {"fields": TEN}),
    ):
        body = orjson.dumps({"items": items} | more)
        answer = orjson.loads(answered(body))
        taken, floor = least(partial(answered, body), partial(coded, body, answer))
        print(f"batch {name:18} {taken / ITEMS * 1e6:6.1f} µs an item, {taken / floor:.1f} times its JSON")


if __name__ == "__main__":
    tables()
    batches()
    sys.exit()
