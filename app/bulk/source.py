"""Read files of bouts (Parquet, CSV, JSON Lines) as blocks of rows. The process that computes a block also parses it.

The file is read once from its start, so it need not fit in memory. A cell that cannot be read gives its row a reason
and no estimate. Other rows are not affected.
"""

import os
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from retrorun.app.bulk.lines import RowsRead, TextParser, cells_of
from retrorun.app.bulk.options import quoted
from retrorun.app.formats.record_batches import INPUT_COLUMNS, check_schema
from retrorun.models.columns.inputs import SOURCES
from retrorun.models.columns.names import NUMBERS
from retrorun.models.vocabulary.errors import Conflict
from retrorun.models.vocabulary.quantities import QUANTITIES

KINDS: Final = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
INT96: Final = "INT96"
"""Parquet times of 96 bits, which older versions of Spark write."""
NEEDED: Final = f"Needed: body_mass_kg and two of {', '.join(SOURCES)}."
LIKELY: Final = {name: name for name in INPUT_COLUMNS} | {
    "weight": "body_mass_kg",
    "pace": "speed_m_s",
    "time": "duration_s",
}
"""The input that a column with a similar name probably is."""
OTHER_MARKS: Final = ";\t|"
"""Other separators in files that are also called CSV."""
FIX: Final = "Fix this, then run the same command again to continue."
STATUS_COLUMNS: Final = ("status", "status_field")
"""Columns that every output has."""


class BadFile(Exception):
    """A file cannot be read or written. The message says what to do."""


class NotRead(Exception):
    """The system could not read the input. Another try may work."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors while the input is read into `BadFile` (wrong content) or `NotRead` (a fault of the system)."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            if isinstance(error, FileNotFoundError):
                raise NotRead(f"{path} does not exist.") from None
            raise NotRead(f"Cannot read the input {path}: {os.strerror(error.errno)}. {FIX}") from None
        raise BadFile(f"Cannot read {path.name}: {' '.join(str(error).split())}") from None


class Block(NamedTuple):
    """Consecutive rows of a file, as bytes: an Arrow stream, or lines."""

    place: int
    first_row: int
    rows: int
    share: float
    """Share of the file in this block."""
    content: bytes


def kind_of(path: Path) -> str:
    """Return the kind of a file from its name."""
    if path.suffix.lower() not in KINDS:
        raise BadFile(f"{path.name}: the name must end in one of {', '.join(KINDS)}.")
    return KINDS[path.suffix.lower()]


class Source:
    """A file of bouts.

    Parameters
    ----------
    path : Path
        The file.
    keep : collection of str
        Columns to copy to the output, in addition to those of a bout.
    """

    def __init__(self, path: Path, keep: Collection[str]) -> None:
        self.path = path
        self.kind = kind_of(path)
        self.keep = tuple(keep)
        if path.is_dir():
            raise BadFile(f"{path.name} is a folder. Name a file.")
        with reading(path):
            self.schema = {"parquet": self.of_parquet, "csv": self.of_csv, "jsonl": self.of_jsonl}[self.kind]()
        """The known and kept columns, in the order of the file."""
        if missing := [name for name in self.keep if name not in self.schema.names]:
            raise BadFile(f"{path.name} has no column {missing[0]}. Check the names after --keep.")

    def of_parquet(self) -> pa.Schema:
        """Return the columns of a Parquet file."""
        found = pq.read_schema(self.path)
        schema = pa.schema([field.with_type(plain_type(field.type)) for field in found])
        self.check(schema)
        return schema

    def of_csv(self) -> pa.Schema:
        """Return the columns of a CSV file: all text."""
        with self.path.open("rb") as file:
            heading = file.readline()
        try:
            names = cells_of([heading.decode("utf-8-sig")])[0] if heading else []
        except UnicodeDecodeError:
            raise BadFile(f"{self.path.name} is not in UTF-8. Save it as UTF-8.") from None
        if len(names) == 1 and any(mark in names[0] for mark in OTHER_MARKS):
            raise BadFile(f"{self.path.name}: the cells must be separated by commas.")
        schema = pa.schema([(name.strip(), pa.string()) for name in names])
        self.check(pa.schema([(name, pa.null() if name in NUMBERS else pa.string()) for name in schema.names]))
        return schema

    def check(self, schema: pa.Schema) -> None:
        """Raise if a column is neither an input of a bout nor kept."""
        for name in schema.names:
            if schema.names.count(name) > 1:
                raise BadFile(f"{self.path.name} has the column {name} twice. Rename or remove one.")
        if others := [name for name in schema.names if name not in INPUT_COLUMNS and name not in self.keep]:
            if taken := [name for name in others if name in STATUS_COLUMNS]:
                raise BadFile(f"{self.path.name} has a column {taken[0]}, but so has every output. Rename it.")
            if nul := [name for name in others if "\0" in name]:
                raise BadFile(f"{self.path.name}: the column name {nul[0]!r} contains a NUL. Rename it.")
            near = [(name, LIKELY[match]) for name in others for match in get_close_matches(name.lower(), LIKELY, n=1)]
            hints = [f" {name!r} looks like {with_unit(match)}." for name, match in near if match not in schema.names]
            is_bout = "body_mass_kg" in schema.names and len({*SOURCES} & {*schema.names}) > 1
            needed = "" if is_bout else f" {NEEDED}"
            kept = ",".join(map(quoted, [*(name for name in self.keep if name in schema.names), *others]))
            keep = f"--keep={shlex.quote(kept)}" if kept.startswith("-") else f"--keep {shlex.quote(kept)}"
            which = "column" if len(others) == 1 else "columns"
            raise BadFile(
                f"{self.path.name}: unknown {which} {', '.join(others)}.{needed}{''.join(hints)} To copy the {which}: "
                f"{keep}"
            )
        try:
            check_schema(pa.schema([field for field in schema if field.name in INPUT_COLUMNS]))
        except Conflict as error:
            raise BadFile(f"{self.path.name}: {error.field}: {error.message}".replace(": :", ":")) from None

    def of_jsonl(self) -> pa.Schema:
        """Return the columns that a JSON Lines file may have. Any of them may be missing in a row."""
        return pa.schema([(name, pa.string()) for name in dict.fromkeys((*INPUT_COLUMNS, *self.keep))])

    def blocks(self, rows: int, done: Collection[int] = ()) -> Iterator[Block]:
        """Yield the file as blocks of `rows` rows, except the finished blocks."""
        made = self.parquet_blocks(rows, done) if self.kind == "parquet" else self.text_blocks(rows, done)
        while True:
            with reading(self.path):
                block = next(made, None)
            if block is None:
                return
            yield block

    def parquet_blocks(self, rows: int, done: Collection[int]) -> Iterator[Block]:
        """Yield a Parquet file as blocks."""
        with (
            pq.ParquetFile(self.path, page_checksum_verification=True) as file,
            pq.ParquetFile(self.path, coerce_int96_timestamp_unit="us") as coarse,
        ):
            total = file.metadata.num_rows
            groups = range(file.num_row_groups)  # One by one: a reader of many groups keeps what it has read in memory.
            batches = (self.plain(batch) for group in groups for batch in self.batches(file, coarse, group, rows))
            for place, batch in enumerate(sized(batches, rows)):
                if place not in done:
                    yield Block(place, place * rows, batch.num_rows, batch.num_rows / total, stream_of(batch))

    def plain(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch without view types."""
        schema = pa.schema([field.with_type(plain_type(field.type)) for field in batch.schema])
        columns = [column.cast(kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def batches(self, file: pq.ParquetFile, coarse: pq.ParquetFile, group: int, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches of a row group; raise if a time does not fit into 64-bit nanoseconds.

        Arrow reads 96-bit times as nanoseconds, and gives wrong times without an error if they do not fit. `coarse`
        reads them as microseconds, for comparison.
        """
        columns = range(file.metadata.num_columns)
        wide = [file.schema.column(place).path for place in columns if file.schema.column(place).physical_type == INT96]
        wide = [name for name in wide if name in self.schema.names]
        found = file.iter_batches(rows, row_groups=[group], columns=self.schema.names)
        if not wide:
            yield from found
            return
        for batch, other in zip(found, coarse.iter_batches(rows, row_groups=[group], columns=wide), strict=True):
            for name in wide:
                if not pc.all(pc.equal(microseconds(batch[name]), microseconds(other[name])), min_count=0).as_py():
                    raise BadFile(f"--keep {name}: it has a time before 1678 or after 2261. Write it in 64 bits.")
            yield batch

    def text_blocks(self, rows: int, done: Collection[int]) -> Iterator[Block]:
        """Yield a file of lines as blocks. Empty lines are not rows."""
        size = self.path.stat().st_size
        with self.path.open("rb") as file:
            if self.kind == "csv":
                file.readline()
            index = first = before = 0
            while lines := list(islice(file, rows)):
                full = [line for line in lines if line.strip()]
                share = (file.tell() - before) / size
                if index not in done:
                    if self.kind == "csv":
                        self.check_text(full, first)
                    yield Block(index, first, len(full), share, b"".join(full))
                index, first, before = index + 1, first + len(full), file.tell()

    def check_text(self, lines: Sequence[bytes], first: int) -> None:
        """Raise if a line is not UTF-8, because its kept text would be lost."""
        if is_utf8(b"".join(lines)):
            return
        for row, line in enumerate(lines, first + 1):
            if not is_utf8(line):
                raise BadFile(f"{self.path.name}: row {row} is not in UTF-8. Save the file as UTF-8.")

    def empty_content(self) -> bytes:
        """Return the content of a block without rows."""
        if self.kind == "parquet":
            return stream_of(pa.RecordBatch.from_pylist([], schema=self.schema))
        return b""

    def parser(self) -> Callable[[bytes], RowsRead]:
        """Return the function that parses the content of a block. It can be sent to another process."""
        if self.kind == "parquet":
            return ParquetParser(self.keep)
        return TextParser(self.kind, tuple(self.schema.names), self.keep)


def with_unit(name: str) -> str:
    """Return the name of an input, with its unit if it has one.

    Examples
    --------
    >>> with_unit("distance_m"), with_unit("gait")
    ('distance_m (in m)', 'gait')
    """
    unit = QUANTITIES[name].unit if name in QUANTITIES else "1"
    return name if unit == "1" else f"{name} (in {unit})"


def microseconds(times: pa.Array) -> pa.Array:
    """Return times as whole microseconds since 1970, rounded down."""
    return pc.floor_temporal(times, unit="microsecond").cast(pa.timestamp("us")).cast(pa.int64())


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return a type without string and byte views, which few Arrow functions support.

    Examples
    --------
    >>> plain_type(pa.list_(pa.string_view()))
    ListType(list<item: string>)
    """
    if pa.types.is_string_view(kind):
        return pa.string()
    if pa.types.is_binary_view(kind):
        return pa.binary()
    if pa.types.is_struct(kind):
        return pa.struct([field.with_type(plain_type(field.type)) for field in kind])
    for is_list, make in ((pa.types.is_list, pa.list_), (pa.types.is_large_list, pa.large_list)):
        if is_list(kind):
            return make(kind.value_field.with_type(plain_type(kind.value_type)))
    return kind


def is_utf8(content: bytes) -> bool:
    """Return whether bytes are valid UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def sized(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of `rows` rows each. Only the last may be shorter."""
    held: list[pa.RecordBatch] = []
    room = rows
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            held.append(batch.slice(start, room))
            start += held[-1].num_rows
            room -= held[-1].num_rows
            if not room:
                yield joined(held)
                held, room = [], rows
    if held:
        yield joined(held)


def joined(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches as one batch."""
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def stream_of(batch: pa.RecordBatch) -> bytes:
    """Return a batch as an Arrow stream. A slice writes only its own rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(memoryview(sink.getvalue()))


@dataclass(frozen=True)
class ParquetParser:
    """Parse a block of a Parquet file."""

    keep: tuple[str, ...]

    def __call__(self, content: bytes, /) -> RowsRead:
        """Return the rows of a block. All are readable, because the file is."""
        with pa.ipc.open_stream(content) as reader:
            given = joined(list(reader))
        return RowsRead(given.select([name for name in given.schema.names if name in INPUT_COLUMNS]), given, {})
