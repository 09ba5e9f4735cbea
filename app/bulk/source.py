"""Files of bouts: Parquet, CSV and JSON Lines, read as blocks of rows that are parsed where they are computed.

One pass reads the file from its start, so that no row is held twice and no file must fit in memory. A cell that cannot
be read is noted with its reason, and the row it stands in has no estimate; the others have theirs.
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
from retrorun.app.formats.record_batches import INPUTS, check_schema
from retrorun.models.columns.names import NUMBERS
from retrorun.models.vocabulary.errors import Conflict

KINDS: Final = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
INT96: Final = "INT96"
"""Times of 96 bits in Parquet, as Spark wrote them for long."""
OTHER_MARKS: Final = ";\t|"
"""What separates cells in files that are called CSV too."""
STATUS_COLUMNS: Final = ("status", "status_field")
"""Columns that every output has."""


class BadFile(Exception):
    """A file that cannot be read or written as it is, with what to do."""


class NotRead(Exception):
    """The system did not hand over the input, and may another time."""


@contextmanager
def reading(path: Path) -> Iterator[None]:
    """Say of the input what goes wrong while it is read: what is wrong with it, or that the system does not give it."""
    try:
        yield
    except (pa.ArrowException, OSError) as error:
        if isinstance(error, OSError) and error.errno:
            raise NotRead(f"{path}: {os.strerror(error.errno)}") from None
        raise BadFile(f"{path.name} cannot be read: {' '.join(str(error).split())}") from None


class Block(NamedTuple):
    """Consecutive rows of a file, as bytes: an Arrow stream, or lines."""

    place: int
    first_row: int
    rows: int
    share: float
    """Share of the file that the block is."""
    content: bytes


def kind_of(path: Path) -> str:
    """Return the kind of a file by its name."""
    if path.suffix.lower() not in KINDS:
        raise BadFile(f"{path.name}: name a file that ends in {', '.join(KINDS)}.")
    return KINDS[path.suffix.lower()]


class Source:
    """A file of bouts.

    Parameters
    ----------
    path : Path
        The file.
    keep : collection of str
        Columns that are carried to the output beside those of a bout.
    """

    def __init__(self, path: Path, keep: Collection[str]) -> None:
        self.path = path
        self.kind = kind_of(path)
        self.keep = tuple(keep)
        if path.is_dir():
            raise BadFile(f"{path.name} is a directory: name a file.")
        with reading(path):
            self.schema = {"parquet": self.of_parquet, "csv": self.of_csv, "jsonl": self.of_jsonl}[self.kind]()
        """The columns that are known or kept, as they stand in the file."""
        if missing := [name for name in self.keep if name not in self.schema.names]:
            raise BadFile(f"{path.name} has no column {missing[0]} to keep.")

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
            raise BadFile(f"{self.path.name} is not UTF-8: save it as UTF-8.") from None
        if len(names) == 1 and any(mark in names[0] for mark in OTHER_MARKS):
            raise BadFile(f"{self.path.name}: separate the cells by commas.")
        schema = pa.schema([(name.strip(), pa.string()) for name in names])
        self.check(pa.schema([(name, pa.null() if name in NUMBERS else pa.string()) for name in schema.names]))
        return schema

    def check(self, schema: pa.Schema) -> None:
        """Raise where columns are not what a bout is made of, or kept."""
        for name in schema.names:
            if schema.names.count(name) > 1:
                raise BadFile(f"{self.path.name} has a column twice: {name}.")
        if others := [name for name in schema.names if name not in INPUTS and name not in self.keep]:
            if taken := [name for name in others if name in STATUS_COLUMNS]:
                raise BadFile(f"{self.path.name} has a column {taken[0]}, as every output: rename it.")
            if nul := [name for name in others if "\0" in name]:
                raise BadFile(f"{self.path.name}: a column's name has a NUL in it, {nul[0]!r}: rename it.")
            near = [match for name in others for match in get_close_matches(name.lower(), INPUTS, n=1)]
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            kept = ",".join(map(quoted, [*(name for name in self.keep if name in schema.names), *others]))
            keep = f"--keep={shlex.quote(kept)}" if kept.startswith("-") else f"--keep {shlex.quote(kept)}"
            raise BadFile(f"{self.path.name}: no input is {', '.join(others)}; {keep} carries it over.{hint}")
        try:
            check_schema(pa.schema([field for field in schema if field.name in INPUTS]))
        except Conflict as error:
            raise BadFile(f"{self.path.name}: {error.field}: {error.message}".replace(": :", ":")) from None

    def of_jsonl(self) -> pa.Schema:
        """Return the columns that a file of JSON Lines may have: any row may lack any of them."""
        return pa.schema([(name, pa.string()) for name in dict.fromkeys((*INPUTS, *self.keep))])

    def blocks(self, rows: int, done: Collection[int] = ()) -> Iterator[Block]:
        """Yield the file as blocks of a number of rows, without those that are done."""
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
            groups = range(file.num_row_groups)  # One after the other: a reader of many holds on to what it has read.
            batches = (self.plain(batch) for group in groups for batch in self.batches(file, coarse, group, rows))
            for place, batch in enumerate(sized(batches, rows)):
                if place not in done:
                    yield Block(place, place * rows, batch.num_rows, batch.num_rows / total, stream_of(batch))

    def plain(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch without views."""
        schema = pa.schema([field.with_type(plain_type(field.type)) for field in batch.schema])
        columns = [column.cast(kind) for column, kind in zip(batch.columns, schema.types, strict=True)]
        return pa.RecordBatch.from_arrays(columns, schema=schema)

    def batches(self, file: pq.ParquetFile, coarse: pq.ParquetFile, group: int, rows: int) -> Iterator[pa.RecordBatch]:
        """Yield batches of a row group; raise where a time is beyond what nanoseconds of 64 bits reach.

        A file may have times of 96 bits, which Arrow reads as nanoseconds without a word where they do not fit, and
        `coarse` as microseconds.
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
                    raise BadFile(f"--keep {name}: a time in it is before 1678 or after 2261; write it in 64 bits.")
            yield batch

    def text_blocks(self, rows: int, done: Collection[int]) -> Iterator[Block]:
        """Yield a file of lines as blocks; empty lines are no rows."""
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
        """Raise where a line is not UTF-8: what is kept of it would be lost."""
        if is_utf8(b"".join(lines)):
            return
        for row, line in enumerate(lines, first + 1):
            if not is_utf8(line):
                raise BadFile(f"{self.path.name}: row {row} is not UTF-8: save the file as UTF-8.")

    def nothing(self) -> bytes:
        """Return the content of a block without rows."""
        if self.kind == "parquet":
            return stream_of(pa.RecordBatch.from_pylist([], schema=self.schema))
        return b""

    def parser(self) -> Callable[[bytes], RowsRead]:
        """Return the function that parses a block's content; it can be sent to another process."""
        if self.kind == "parquet":
            return ParquetParser(self.keep)
        return TextParser(self.kind, tuple(self.schema.names), self.keep)


def microseconds(times: pa.Array) -> pa.Array:
    """Return times as whole microseconds since 1970, those before them rounded down."""
    return pc.floor_temporal(times, unit="microsecond").cast(pa.timestamp("us")).cast(pa.int64())


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return a type without views of strings and bytes, which Arrow does little with.

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
    """Say whether bytes are UTF-8."""
    try:
        content.decode()
    except UnicodeDecodeError:
        return False
    return True


def sized(batches: Iterable[pa.RecordBatch], rows: int) -> Iterator[pa.RecordBatch]:
    """Yield batches of a number of rows each; only the last is shorter."""
    held: list[pa.RecordBatch] = []
    room = rows
    for batch in batches:
        start = 0
        while start < batch.num_rows:
            held.append(batch.slice(start, room))
            start += held[-1].num_rows
            room -= held[-1].num_rows
            if not room:
                yield one(held)
                held, room = [], rows
    if held:
        yield one(held)


def one(batches: list[pa.RecordBatch]) -> pa.RecordBatch:
    """Return batches as one."""
    return batches[0] if len(batches) == 1 else pa.concat_batches(batches)


def stream_of(batch: pa.RecordBatch) -> bytes:
    """Return a batch as an Arrow stream: of a slice, only its rows."""
    sink = pa.BufferOutputStream()
    with pa.ipc.new_stream(sink, batch.schema) as writer:
        writer.write_batch(batch)
    return bytes(memoryview(sink.getvalue()))


@dataclass(frozen=True)
class ParquetParser:
    """What a block of a Parquet file is parsed with."""

    keep: tuple[str, ...]

    def __call__(self, content: bytes, /) -> RowsRead:
        """Return the rows of a block: all can be read, or the file could not."""
        with pa.ipc.open_stream(content) as reader:
            given = one(list(reader))
        return RowsRead(given.select([name for name in given.schema.names if name in INPUTS]), given, {})
