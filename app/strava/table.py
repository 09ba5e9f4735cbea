"""Writes the table: a row for each activity, with the name of each column as its path in the answer of a workout."""

import csv
import io
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any, BinaryIO, Final, Literal, get_args, get_origin, get_type_hints

import pyarrow as pa
from typing_extensions import is_typeddict

from retrorun.app.bulk.part import csv_bytes, jsonl_bytes, parquet_writer
from retrorun.app.strava.activity import Answered
from retrorun.models.columns.names import WARNINGS
from retrorun.models.workout.answer import Workout

SECTIONS: Final = ("totals", "reversed", "ratio")
VALUE: Final = "value"
AT_ONCE: Final = 500
"""Rows in memory, and in a row group of Parquet."""


def paths(shape: Any, path: tuple[str, ...]) -> Iterator[tuple[tuple[str, ...], pa.DataType]]:
    """Yield the path and the type of each number and word in a part of an answer."""
    for name, hint in get_type_hints(shape).items():
        if is_typeddict(hint):
            yield from paths(hint, (*path, name))
        elif hint in {float, int}:
            yield (*path, name), pa.float64()
        elif get_origin(hint) is Literal and all(isinstance(word, str) for word in get_args(hint)):
            yield (*path, name), pa.string()


def column_name(path: tuple[str, ...]) -> str:
    """Return the column of a path.

    Examples
    --------
    >>> column_name(("ratio", "total_energy", "value")), column_name(("ratio", "total_energy", "low"))
    ('ratio_total_energy', 'ratio_total_energy_low')
    """
    return "_".join(path[:-1] if path[-1] == VALUE else path)


PATHS: Final = {
    column_name(path): (path, kind)
    for section in SECTIONS
    for path, kind in paths(get_type_hints(Workout)[section], (section,))
}
SCHEMA: Final = pa.schema(
    [
        ("activity_id", pa.string()),
        ("start", pa.timestamp("s", "UTC")),
        ("activity_type", pa.string()),
        ("file", pa.string()),
        ("status", pa.string()),
        ("reason", pa.string()),
        *((name, kind) for name, (_, kind) in PATHS.items()),
        (WARNINGS, pa.list_(pa.string())),
    ]
)


def row_of(found: Answered) -> dict[str, Any]:
    """Return the row of an activity. Unknown values are missing."""
    activity, answer = found.activity, found.answer
    row: dict[str, Any] = {
        "activity_id": activity.activity_id,
        "start": activity.start,
        "activity_type": activity.activity_type,
        "file": activity.file or None,
        "status": found.status,
        "reason": found.reason or None,
    }
    if answer is not None:
        row |= {name: at(answer, path) for name, (path, _) in PATHS.items()}
        row[WARNINGS] = [warning["code"] for warning in answer["warnings"]]
    return row


def at(answer: Any, path: tuple[str, ...]) -> Any:
    """Return the value at a path of an answer, or None."""
    for name in path:
        answer = answer.get(name) if answer is not None else None
    return answer


def batches_of(rows: Iterable[dict[str, Any]]) -> Iterator[pa.RecordBatch]:
    """Yield rows as batches. Only the rows of one batch are in memory."""
    pending = iter(rows)
    while some := list(islice(pending, AT_ONCE)):
        yield pa.RecordBatch.from_pylist(some, SCHEMA)


def write_table(rows: Iterable[dict[str, Any]], kind: str, target: BinaryIO) -> None:
    """Write rows as CSV, JSON Lines or Parquet."""
    if kind == "parquet":
        with parquet_writer(target, SCHEMA) as writer:
            for batch in batches_of(rows):
                writer.write_batch(batch)
        return
    if kind == "csv":
        heading = io.StringIO()
        csv.writer(heading, lineterminator="\n").writerow(SCHEMA.names)
        target.write(heading.getvalue().encode())
    for batch in batches_of(rows):
        target.write(csv_bytes(batch) if kind == "csv" else jsonl_bytes(batch))
