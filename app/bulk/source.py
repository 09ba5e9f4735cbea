"""Read files of bouts (Parquet, CSV, JSON Lines) as blocks of rows. The process that computes a block also parses it.

The file is read once from its start, so it need not fit in memory. A cell that cannot be read gives its row a reason
and no estimate. Other rows are not affected.
"""

import io
import os
import re
import zlib
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from retrorun.app.bulk.columns import Column, Unclear, advice, columns_of, converted, with_constants
from retrorun.app.bulk.lines import BLOCK_BYTES, RowsRead, TextParser, cells_of, json_of, lines_of, whole_rows
from retrorun.app.bulk.plain.readers import rows_of_plain
from retrorun.app.formats.record_batches import check_schema
from retrorun.models.columns.names import ALL_NUMBERS, INPUT_COLUMNS
from retrorun.models.vocabulary.errors import Conflict

KINDS: Final = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
GZ: Final = ".gz"
WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""The byte order marks of UTF-16."""
SEPARATOR_LINE: Final = re.compile(rb'"?sep=(.)"?[\r\n]*', re.IGNORECASE)
"""The line before the heading in which Excel names the separator."""
INT96: Final = "INT96"
"""Parquet times of 96 bits, which older versions of Spark write."""
OTHER_MARKS: Final = ";\t|"
"""Other separators in files that are also called CSV."""
FIX: Final = "Fix this, then run the same command again to continue."


class BadFile(Exception):
    """A file cannot be read or written. The message says what to do."""


class NotRead(Exception):
    """The system could not read the input. Another try may work."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Turn errors while the input is read into `BadFile` (wrong content) or `NotRead` (a fault of the system)."""
    try:
        yield
    except (pa.ArrowException, OSError, EOFError, zlib.error) as error:
        if isinstance(error, OSError) and error.errno:
            if isinstance(error, FileNotFoundError):
                raise NotRead(f"{path} does not exist.") from None
            raise NotRead(f"Cannot read the input {path}: {os.strerror(error.errno)}. {FIX}") from None
        raise BadFile(f"Cannot read {path.name}: {' '.join(str(error).split())}") from None


class Block(NamedTuple):
    """Consecutive rows of a file, as bytes: an Arrow stream, a list of rows, or one text whose lines are the rows."""

    place: int
    first_row: int
    rows: int
    share: float
    """Share of the file in this block."""
    content: bytes | list[bytes] | tuple[bytes]


def kind_of(path: Path) -> str:
    """Return the kind of a file from its name. CSV and JSON Lines may also end in .gz."""
    ending = without_gz(path).suffix.lower()
    if ending not in KINDS:
        raise BadFile(f"{path.name}: the name must end in one of {', '.join(KINDS)}; of text also with {GZ}.")
    if KINDS[ending] == "parquet" and is_gz(path):
        raise BadFile(f"{path.name}: Parquet is compressed already. Use a file without {GZ}.")
    return KINDS[ending]


def is_gz(path: Path) -> bool:
    """Return whether the name of a file says that gzip compressed it."""
    return path.suffix.lower() == GZ


def without_gz(path: Path) -> Path:
    """Return a path without .gz at its end."""
    return path.with_suffix("") if is_gz(path) else path


class Source:
    """A file of bouts.

    Parameters
    ----------
    path : Path
        The file.
    keep : collection of str
        Columns to copy to the output.
    maps : mapping, optional
        The heading of the column to read for an input.
    constants : mapping, optional
        Inputs with one value for all rows.
    ignore_others : bool, optional
        Whether columns that are neither inputs nor kept are left out. Otherwise they are an error.
    """

    def __init__(
        self,
        path: Path,
        keep: Collection[str],
        *,
        maps: Mapping[str, str] | None = None,
        constants: Mapping[str, float | str] | None = None,
        ignore_others: bool = False,
    ) -> None:
        self.path = path
        self.kind = kind_of(path)
        self.keep = tuple(keep)
        self.maps = maps or {}
        self.constants = constants or {}
        self.ignore_others = ignore_others
        if path.is_dir():
            raise BadFile(f"{path.name} is a folder. Name a file.")
        with reading(path):
            found = {"parquet": self.of_parquet, "csv": self.of_csv, "jsonl": self.of_jsonl}[self.kind]()
        self.heading = tuple(found.names)
        """The names of all columns of the file."""
        try:
            self.inputs = columns_of(self.heading, self.keep, self.maps, self.constants)
        except Unclear as error:
            raise BadFile(f"{path.name}: {error}") from None
        if self.kind == "jsonl":
            found = self.of_rows(found)
        self.check(found)
        wanted = [place for place, name in enumerate(found.names) if name in self.inputs or name in self.keep]
        self.schema = pa.schema([found.field(place) for place in wanted])
        """The columns that are read, in the order of the file."""

    def of_parquet(self) -> pa.Schema:
        """Return the columns of a Parquet file."""
        found = pq.read_schema(self.path)
        return pa.schema([field.with_type(plain_type(field.type)) for field in found])

    def of_csv(self) -> pa.Schema:
        """Return the columns of a CSV file: all text."""
        with lines_of(self.path) as (lines, _):
            heading = self.first_row(lines)
        try:
            names = cells_of([heading.decode()])[0] if heading else []
        except UnicodeDecodeError:
            raise BadFile(f"{self.path.name} is not in UTF-8. Save it as UTF-8.") from None
        if len(names) == 1 and any(mark in names[0] for mark in OTHER_MARKS):
            raise BadFile(f"{self.path.name}: the cells must be separated by commas.")
        return pa.schema([(name.strip(), pa.string()) for name in names])

    def first_row(self, lines: Iterator[bytes]) -> bytes:
        """Return the heading of a CSV file, after the line in which Excel names the separator."""
        first = next(lines, b"")
        if said := SEPARATOR_LINE.fullmatch(first):
            if said[1] != b",":
                raise BadFile(f"{self.path.name}: the cells must be separated by commas.")
            first = next(lines, b"")
        rows, rest = whole_rows([first], 1, lines)
        if rest:
            raise BadFile(f"{self.path.name}: a quote in the heading is not closed.")
        return rows[0]

    def of_jsonl(self) -> pa.Schema:
        """Return the members of the first object of a JSON Lines file."""
        with lines_of(self.path) as (lines, _):
            line = next((line for line in lines if not line.isspace()), b"")
        if line.startswith(WIDE_MARKS):
            raise BadFile(f"{self.path.name} is not in UTF-8. Save it as UTF-8.")
        first = json_of(line)
        return pa.schema([(name, pa.string()) for name in (first if isinstance(first, dict) else ())])

    def of_rows(self, first: pa.Schema) -> pa.Schema:
        """Return the columns that a JSON Lines file may have. Any of them may be missing in a row."""
        inputs = {column.input for column in self.inputs.values()}
        usual = [name for name in INPUT_COLUMNS if name not in inputs and name not in self.constants]
        self.inputs |= {name: Column(name) for name in usual}
        return pa.schema([(name, pa.string()) for name in dict.fromkeys((*self.inputs, *self.keep))])

    def check(self, schema: pa.Schema) -> None:
        """Raise if a column is neither an input nor kept, or if the inputs do not make a bout."""
        wanted = {*self.inputs, *self.keep}
        for name in schema.names:
            if schema.names.count(name) > 1 and (name in wanted or not self.ignore_others):
                raise BadFile(f"{self.path.name} has the column {name} twice. Rename or remove one.")
        if missing := [name for name in self.maps.values() if name not in schema.names]:
            raise BadFile(f"{self.path.name} has no column {missing[0]}. Check the names after --map.")
        others = [name for name in schema.names if name not in wanted]
        if others and not self.ignore_others:
            inputs = {column.input for column in self.inputs.values()}
            raise BadFile(
                f"{self.path.name}{advice(others, [name for name in self.keep if name in schema.names], inputs)}"
            )
        if missing := [name for name in self.keep if name not in schema.names]:
            raise BadFile(f"{self.path.name} has no column {missing[0]}. Check the names after --keep.")
        fields = [
            pa.field(column.input, self.type_of(column, schema.field(name).type))
            for name, column in self.inputs.items()
        ]
        fields += [pa.field(name, pa.float64() if name in ALL_NUMBERS else pa.string()) for name in self.constants]
        try:
            check_schema(pa.schema(fields))
        except Conflict as error:
            raise BadFile(f"{self.path.name}: {error.field}: {error.message}".replace(": :", ":")) from None

    def type_of(self, column: Column, found: pa.DataType) -> pa.DataType:
        """Return the type of an input. A number in text can be read as one."""
        return pa.null() if self.kind != "parquet" and column.input in ALL_NUMBERS else found

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
        """Yield a file of text as blocks of whole rows. Empty lines are not rows."""
        size = self.path.stat().st_size
        with lines_of(self.path) as (lines, file):
            if self.kind == "csv":
                self.first_row(lines)
            index = first = before = 0
            rest: list[bytes] = []
            while True:
                text = b"" if rest else lines.take(rows)
                content: list[bytes] | tuple[bytes] = (text,)
                if not (count := self.plain_rows(text)):
                    held = self.some_lines(chain(io.BytesIO(text), lines), rows, rest, first)
                    if not held:
                        return
                    if rest or (self.kind == "csv" and any(b'"' in line for line in held)):
                        held, rest = whole_rows(held, rows, lines)
                    content = [row for row in held if not row.isspace()]
                    count = len(content)
                share = (file.tell() - before) / size
                if index not in done:
                    if self.kind == "csv" and isinstance(content, list):
                        self.refuse_encoding(content, first)
                    yield Block(index, first, count, share, content)
                index, first, before = index + 1, first + count, file.tell()

    def plain_rows(self, text: bytes) -> int | None:
        """Return the number of rows of a text in which each line is a row, or None if that is not sure."""
        if len(text) > BLOCK_BYTES or (self.kind == "csv" and (b'"' in text or not is_utf8(text))):
            return None
        return rows_of_plain(text)

    def some_lines(self, lines: Iterator[bytes], rows: int, held: list[bytes], first: int) -> list[bytes]:
        """Return the held lines and the next ones: `rows` together, or fewer if they are long."""
        found, size = list(held), 0
        for line in () if len(held) >= rows else lines:
            found.append(line)
            size += len(line)
            if len(found) == rows or size > BLOCK_BYTES:
                break
        if found and len(found[-1]) > BLOCK_BYTES:
            raise BadFile(
                f"{self.path.name}: the row {first + len(found)} has more than {BLOCK_BYTES} bytes. Shorten it."
            )
        return found

    def refuse_encoding(self, rows: Sequence[bytes], first: int) -> None:
        """Raise for the first row that is not UTF-8, because its kept text would be lost."""
        for number, row in enumerate(() if is_utf8(b"".join(rows)) else rows, first + 1):
            if not is_utf8(row):
                raise BadFile(f"{self.path.name}: row {number} is not in UTF-8. Save the file as UTF-8.")

    def empty_content(self) -> bytes | list[bytes]:
        """Return the content of a block without rows."""
        return stream_of(pa.RecordBatch.from_pylist([], schema=self.schema)) if self.kind == "parquet" else []

    def parser(self) -> Callable[[Any], RowsRead]:
        """Return the function that parses the content of a block. It can be sent to another process."""
        if self.kind == "parquet":
            return ParquetParser(self.inputs, self.constants)
        columns = tuple(self.schema.names)
        others = self.ignore_others
        return TextParser(self.kind, columns, self.keep, self.inputs, self.heading, self.constants, others)


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

    inputs: Mapping[str, Column]
    constants: Mapping[str, float | str] = field(default_factory=dict)

    def __call__(self, content: bytes, /) -> RowsRead:
        """Return the rows of a block. All are readable, because the file is."""
        with pa.ipc.open_stream(content) as reader:
            given = joined(list(reader))
        bouts = {
            self.inputs[name].input: converted(column, self.inputs[name].size)
            for name, column in zip(given.schema.names, given.columns, strict=True)
            if name in self.inputs
        }
        batch = pa.RecordBatch.from_pydict(bouts)
        return RowsRead(with_constants(batch, given.num_rows, self.constants), given, {})
