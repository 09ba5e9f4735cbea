"""Parse and estimate one block of a file, and write it as a part of the output.

This runs in any process. A part has three files: the estimates, the rejected rows as CSV, and the counts. The counts
are written last, so if they exist the part is complete. Each file gets its name only when it is complete.
"""

import csv
import gzip
import io
import json
import shutil
import zlib
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from pathlib import Path
from typing import Any, BinaryIO, Final, NamedTuple, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet as pq

from retrorun.app.bulk.files import written
from retrorun.app.bulk.lines import RowsRead
from retrorun.app.bulk.source import Block, stream_of
from retrorun.app.bulk.text import csv_column, given_cells, json_cells
from retrorun.app.formats.record_batches import WORD, estimate_batch, output_schema
from retrorun.models.columns.names import WARNINGS

WORDS_OF_LISTS: Final = "list.element"
DONE: Final = ".done.json"
REJECTED: Final = ".rejected.csv"
ESTIMATED: Final = "ok"


class Work(NamedTuple):
    """The settings that all blocks of a run share."""

    parse: Callable[[Any], RowsRead]
    keep: tuple[str, ...]
    fields: tuple[str, ...] | None
    kind: str
    directory: Path
    """The folder of the parts. A process that cannot see it sends the parts back."""
    estimates: Path
    """The folder of the estimates. If the output is a folder, this is a separate one that becomes the output."""

    def part(self, index: int, ending: str) -> Path:
        """Return the path of a file of a part."""
        return (self.estimates if ending == self.ending else self.directory) / f"{index:09}{ending}"

    @property
    def ending(self) -> str:
        """Return the file ending of the estimates of a part."""
        return f".{self.kind}"


def schema_of(kept: pa.Schema, fields: tuple[str, ...] | None) -> pa.Schema:
    """Return the columns of an output: first the kept ones, then the estimates."""
    answer = output_schema(fields)
    return pa.schema([*kept, *answer], metadata=answer.metadata)


def compute_block(block: Block, work: Work) -> tuple[dict[str, Any], dict[str, bytes]]:
    """Estimate a block and write its part. If this process cannot see the folder, return the part.

    Parameters
    ----------
    block : Block
        Consecutive rows.
    work : Work
        How to parse and write them.

    Returns
    -------
    tuple of dict and dict
        The number of rows with each status, and the files that are not written yet, by file ending.
    """
    rows = work.parse(block.content)
    estimates = estimates_of(rows, work.fields)
    status = estimates.column("status").cast(pa.string())
    kept = rows.given.select(work.keep)
    schema = schema_of(kept.schema, work.fields)
    table = pa.RecordBatch.from_arrays([*kept.columns, *estimates.columns], schema=schema)
    rejected = pc.indices_nonzero(pc.not_equal(status, ESTIMATED))
    faults = list(
        zip(status.take(rejected).to_pylist(), estimates["status_field"].take(rejected).to_pylist(), strict=True)
    )
    counts = {
        "rows": table.num_rows,
        "share": block.share,
        "faults": [[*fault, count] for fault, count in sorted(Counter(faults).items(), key=str)],
    }
    files = {
        work.ending: WRITERS[work.kind](table),
        REJECTED: rejected_rows(given_of(rows, rejected, work), rejected.to_pylist(), faults, block.first_row),
    }
    counts["bytes"] = {ending: len(content) for ending, content in files.items()}
    files[DONE] = json.dumps(counts).encode()
    if not work.directory.is_dir():
        return counts, files
    write_part(block.place, work, files)
    return counts, {}


def estimates_of(rows: RowsRead, fields: tuple[str, ...] | None) -> pa.RecordBatch:
    """Return the estimates of all rows of a block. An unreadable row has only the reason."""
    answer = estimate_batch(rows.bouts, fields)
    if not rows.faults:
        return answer
    count = rows.given.num_rows
    places = iter(range(answer.num_rows))
    spread = answer.take(pa.array([None if row in rows.faults else next(places) for row in range(count)], pa.int64()))
    columns = list(spread.columns)
    for place in (0, 1):
        fault = pa.array([rows.faults[row][place] if row in rows.faults else None for row in range(count)], pa.string())
        columns[place] = pc.coalesce(columns[place].cast(pa.string()), fault).dictionary_encode().cast(WORD)
    return pa.RecordBatch.from_arrays(columns, schema=answer.schema)


def given_of(rows: RowsRead, places: pa.Array, work: Work) -> pa.RecordBatch:
    """Return the input cells of rows."""
    if rows.lines:
        return work.parse([rows.lines[place] for place in places.to_pylist()]).given
    return rows.given.take(places)


def rejected_rows(given: pa.RecordBatch, places: list[int], faults: list[Any], first_row: int) -> bytes:
    """Return rejected rows as CSV: the row number from 1, the reason, and the input cells."""
    text = io.StringIO()
    cells = zip(*map(given_cells, given.columns), strict=True)
    csv.writer(text, lineterminator="\n").writerows(
        [first_row + place + 1, *fault, *row] for place, fault, row in zip(places, faults, cells, strict=True)
    )
    return text.getvalue().encode()


def write_part(index: int, work: Work, files: dict[str, bytes]) -> None:
    """Write the files of a part, the counts last."""
    for ending, content in files.items():
        path = work.part(index, ending)
        written(path, work.directory, partial(write_all, content)).replace(path)


def write_all(content: bytes, file: BinaryIO) -> None:
    """Write the content of a part."""
    file.write(content)


def finished_parts(work: Work) -> dict[int, Any]:
    """Return the counts of each complete part."""
    found = {}
    for path in work.directory.glob(f"*{DONE}"):
        index = int(path.name.removesuffix(DONE))
        with suppress(ValueError, OSError):
            counts = json.loads(path.read_bytes())
            # After a power failure a file can have its name but no content.
            if all(work.part(index, ending).stat().st_size == size for ending, size in counts["bytes"].items()):
                found[index] = counts
    return found


def parquet_writer(target: Any, schema: pa.Schema) -> pq.ParquetWriter:
    """Return a writer of batches as row groups of a Parquet file. Only words get a dictionary."""
    words = [
        f"{field.name}.{WORDS_OF_LISTS}" if pa.types.is_list(field.type) else field.name
        for field in schema
        if not pa.types.is_floating(field.type)
    ]
    return pq.ParquetWriter(target, schema, use_dictionary=words)


def parquet_bytes(table: pa.RecordBatch) -> Any:
    """Return a table as a Parquet file of one row group."""
    sink = pa.BufferOutputStream()
    with parquet_writer(sink, table.schema) as writer:
        writer.write_batch(table)
    return sink.getvalue()


def batch_of(part: Path) -> pa.RecordBatch:
    """Return the rows of an Arrow part."""
    with pa.ipc.open_stream(part.read_bytes()) as reader:
        return reader.read_next_batch()


def csv_bytes(table: pa.RecordBatch) -> Any:
    """Return a table as CSV without a header. The words of a list are separated by spaces."""
    sink = pa.BufferOutputStream()
    columns = [
        pc.binary_join(column.cast(pa.list_(pa.string())), " ") if name == WARNINGS else csv_column(name, column)
        for name, column in zip(table.schema.names, table.columns, strict=True)
    ]
    options = pyarrow.csv.WriteOptions(include_header=False)
    pyarrow.csv.write_csv(pa.RecordBatch.from_arrays(columns, names=table.schema.names), sink, options)
    return sink.getvalue()


def jsonl_bytes(table: pa.RecordBatch) -> bytes:
    """Return a table as JSON Lines without the unknown values."""
    names = table.schema.names
    rows = zip(*map(json_cells, names, table.columns), strict=True)
    return b"".join(
        orjson.dumps(
            {name: value for name, value in zip(names, row, strict=True) if value is not None},
            option=orjson.OPT_APPEND_NEWLINE,
        )
        for row in rows
    )


WRITERS: Final = {"arrow": stream_of, "parquet": parquet_bytes, "csv": csv_bytes, "jsonl": jsonl_bytes}


def join(parts: Sequence[Path], kind: str, names: list[str], target: BinaryIO, *, packed: bool = False) -> None:
    """Write parts as one file, compressed by gzip if it is packed. Arrow parts become Parquet."""
    if packed:
        # Without a time and a name in it, the same rows give the same file.
        with gzip.GzipFile("", "wb", zlib.Z_DEFAULT_COMPRESSION, target, mtime=0) as file:
            join(parts, kind, names, cast(BinaryIO, file))
        return
    if kind == "arrow":
        with parquet_writer(target, batch_of(parts[0]).schema) as writer:
            for part in parts:
                writer.write_batch(batch_of(part))
        return
    if kind == "csv":
        heading = io.StringIO()
        csv.writer(heading, lineterminator="\n").writerow(names)
        target.write(heading.getvalue().encode())
    for part in parts:
        with part.open("rb") as file:
            shutil.copyfileobj(file, target)
