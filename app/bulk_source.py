"""Files of bouts: Parquet, CSV and JSON Lines, read as blocks of rows that are parsed where they are computed.

One pass reads the file from its start, so that no row is held twice and no file must fit in memory. A cell that cannot
be read is noted with its reason, and the row it stands in has no estimate; the others have theirs.
"""

import csv
import json
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from app.record_batches import INPUTS, check_schema
from models.column_inputs import SOURCES
from models.column_names import NUMBERS
from models.errors import Conflict

KINDS: Final = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
NEEDED: Final = ("body_mass_kg", *SOURCES)
"""Columns that a batch of bouts has even where they are empty."""
OTHER_MARKS: Final = ";\t|"
"""What separates cells in files that are called CSV too."""
NOT_A_ROW: Final = {"csv": "not_a_row", "jsonl": "not_an_object"}

Fault = tuple[str, str | None]
"""Why a row cannot be read, and the column at fault, if it is one."""


class BadFile(Exception):
    """A file that cannot be read or written as it is, with what to do."""


class Block(NamedTuple):
    """Consecutive rows of a file, as bytes: an Arrow stream, or lines."""

    place: int
    first_row: int
    rows: int
    share: float
    """Share of the file that the block is."""
    content: bytes


class Rows(NamedTuple):
    """Rows of a block: those that could be read as bouts, all as they were given, and why the others were not."""

    bouts: pa.RecordBatch
    given: pa.RecordBatch
    """The columns that are known or kept, as text where the file is text."""
    faults: dict[int, Fault]


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
        self.schema = {"parquet": self.of_parquet, "csv": self.of_csv, "jsonl": self.of_jsonl}[self.kind]()
        """The columns that are known or kept, as they stand in the file."""
        if missing := [name for name in self.keep if name not in self.schema.names]:
            raise BadFile(f"{path.name} has no column {missing[0]} to keep.")

    def of_parquet(self) -> pa.Schema:
        """Return the columns of a Parquet file."""
        try:
            schema = pq.read_schema(self.path)
        except pa.ArrowInvalid as error:
            raise BadFile(f"{self.path.name} is not a Parquet file: {error}.") from None
        self.check(schema)
        return schema

    def of_csv(self) -> pa.Schema:
        """Return the columns of a CSV file: all text."""
        with self.path.open("rb") as file:
            heading = file.readline()
        names = cells_of([heading])[0] if heading else []
        if "\ufffd" in "".join(names):
            raise BadFile(f"{self.path.name} is not UTF-8: save it as UTF-8.")
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
            near = [match for name in others for match in get_close_matches(name.lower(), INPUTS, n=1)]
            hint = f" Did you mean {', '.join(near)}?" if near else ""
            names = shlex.quote(",".join([*self.keep, *others]))
            raise BadFile(f"{self.path.name}: no input is {', '.join(others)}; --keep {names} carries it over.{hint}")
        try:
            check_schema(pa.schema([field for field in schema if field.name in INPUTS]))
        except Conflict as error:
            raise BadFile(f"{self.path.name}: {error.field}: {error.message}".replace(": :", ":")) from None

    def of_jsonl(self) -> pa.Schema:
        """Return the columns that a file of JSON Lines may have: any row may lack any of them."""
        return pa.schema([(name, pa.string()) for name in dict.fromkeys((*INPUTS, *self.keep))])

    def blocks(self, rows: int, done: Collection[int] = ()) -> Iterator[Block]:
        """Yield the file as blocks of a number of rows, without those that are done."""
        if self.kind != "parquet":
            yield from self.text_blocks(rows, done)
            return
        try:
            yield from self.parquet_blocks(rows, done)
        except (pa.ArrowException, OSError) as error:
            if isinstance(error, OSError) and error.errno:
                raise  # The disk's, not the file's.
            raise BadFile(f"{self.path.name} cannot be read: {error}") from None

    def parquet_blocks(self, rows: int, done: Collection[int]) -> Iterator[Block]:
        """Yield a Parquet file as blocks; row groups whose blocks are all done are not read."""
        with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
            total = file.metadata.num_rows
            index = start = 0
            for groups, count in runs(file.metadata, rows):
                places = range(index, index - -count // rows)
                if not all(place in done for place in places):
                    batches = file.iter_batches(batch_size=rows, row_groups=groups, columns=self.schema.names)
                    firsts = range(start, start + count, rows)
                    for place, first, batch in zip(places, firsts, sized(batches, rows), strict=True):
                        if place not in done:
                            yield Block(place, first, batch.num_rows, batch.num_rows / total, stream_of(batch))
                index, start = places.stop, start + count

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
                    yield Block(index, first, len(full), share, b"".join(full))
                index, first, before = index + 1, first + len(full), file.tell()

    def nothing(self) -> bytes:
        """Return the content of a block without rows."""
        if self.kind == "parquet":
            return stream_of(pa.RecordBatch.from_pylist([], schema=self.schema))
        return b""

    def parser(self) -> Callable[[bytes], Rows]:
        """Return the function that parses a block's content; it can be sent to another process."""
        if self.kind == "parquet":
            return ParquetParser(self.keep)
        return TextParser(self.kind, tuple(self.schema.names), self.keep)


def runs(metadata: Any, rows: int) -> Iterator[tuple[list[int], int]]:
    """Yield consecutive row groups that together have a number of rows at least, and how many they have."""
    groups: list[int] = []
    count = 0
    for group in range(metadata.num_row_groups):
        groups.append(group)
        count += metadata.row_group(group).num_rows
        if count >= rows:
            yield groups, count
            groups, count = [], 0
    if count:
        yield groups, count


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

    def __call__(self, content: bytes, /) -> Rows:
        """Return the rows of a block: all can be read, or the file could not."""
        with pa.ipc.open_stream(content) as reader:
            given = one(list(reader))
        return Rows(given.select([name for name in given.schema.names if name in INPUTS]), given, {})


@dataclass(frozen=True)
class TextParser:
    """What a block of lines is parsed with."""

    kind: str
    columns: tuple[str, ...]
    keep: tuple[str, ...]

    def __call__(self, content: bytes, /) -> Rows:
        """Return the rows of a block."""
        lines = content.removesuffix(b"\n").split(b"\n") if content else []
        faults: dict[int, Fault] = {}
        table = self.csv_table(lines, faults) if self.kind == "csv" else self.json_table(lines, faults)
        read = numbers_of_text if self.kind == "csv" else numbers_of_json
        bouts = {}
        for name, cells in zip(self.columns, table, strict=True):
            if name in NUMBERS:
                bouts[name] = read(name, cells, faults)
            elif name in INPUTS:
                bouts[name] = words(name, map(trimmed, cells) if self.kind == "csv" else cells, faults)
        texts = [pa.array([text_of(cell) for cell in cells], pa.string()) for cells in table]
        readable = [row for row in range(len(lines)) if row not in faults]
        needed = {name: cells for name, cells in bouts.items() if name in NEEDED or cells.null_count < len(lines)}
        batch = pa.RecordBatch.from_pydict(needed)
        if faults:
            batch = batch.take(pa.array(readable, pa.int64()))
        return Rows(batch, pa.RecordBatch.from_arrays(texts, names=list(self.columns)), faults)

    def csv_table(self, lines: Sequence[bytes], faults: dict[int, Fault]) -> list[list[Any]]:
        """Return the cells of lines of CSV by column; an empty one is left out."""
        rows = cells_of(lines)
        for number, row in enumerate(rows):
            if len(row) != len(self.columns):
                faults[number] = NOT_A_ROW[self.kind], None
                rows[number] = [""] * len(self.columns)
        return [[row[place] or None for row in rows] for place in range(len(self.columns))]

    def json_table(self, lines: Sequence[bytes], faults: dict[int, Fault]) -> list[list[Any]]:
        """Return the values of lines of JSON by column."""
        known = set(self.columns)
        rows: list[dict[str, Any]] = []
        for number, line in enumerate(lines):
            try:
                row = orjson.loads(line)
            except orjson.JSONDecodeError:
                row = None
            if not isinstance(row, dict):
                faults[number] = NOT_A_ROW[self.kind], None
                row = {}
            elif not known.issuperset(row):
                faults[number] = "unknown_field", None
            rows.append(row)
        return [[row.get(name) for row in rows] for name in self.columns]


def cells_of(lines: Sequence[bytes]) -> list[list[str]]:
    """Return the cells of lines of CSV, each line a row of its own; of one that is no CSV, none."""
    texts = [line.decode("utf-8-sig", errors="replace").rstrip("\r\n") for line in lines]
    try:
        rows = list(csv.reader(texts))
    except csv.Error:
        rows = []
    # A quote that is not closed takes the next lines into its cell.
    return rows if len(rows) == len(texts) else [cells_of_line(text) for text in texts]


def cells_of_line(text: str) -> list[str]:
    """Return the cells of one line of CSV."""
    try:
        return next(csv.reader([text]))
    except csv.Error:
        return []


def text_of(value: Any) -> str | None:
    """Return a cell as text: a string as it is, another value as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def numbers_of_text(name: str, cells: Sequence[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return cells of text as numbers, and note those that are none."""
    try:
        return pa.array(cells, pa.string()).cast(pa.float64())
    except pa.ArrowInvalid:
        return pa.array([number_of_text(name, row, cell, faults) for row, cell in enumerate(cells)], pa.float64())


def number_of_text(name: str, row: int, cell: str | None, faults: dict[int, Fault]) -> float | None:
    """Return one cell as a number, left out where it is blank."""
    if cell is None or not cell.strip():
        return None
    try:
        return float(cell.replace("_", "?"))  # 7_0 is a number to Python alone
    except ValueError:
        faults.setdefault(row, ("not_a_number", name))
        return None


def numbers_of_json(name: str, cells: Sequence[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return values as numbers, and note those that are none."""
    for row, cell in enumerate(cells):
        if type(cell) not in (float, int, type(None)):
            faults.setdefault(row, ("not_a_number", name))
    return pa.array([float(cell) if type(cell) in (float, int) else None for cell in cells], pa.float64())


def trimmed(cell: str | None) -> str | None:
    """Return a cell without blanks around it, left out where nothing else is in it."""
    return (cell and cell.strip()) or None


def words(name: str, given: Iterable[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return values as words, and note those that are none."""
    cells = list(given)
    for row, cell in enumerate(cells):
        if not isinstance(cell, str | None):
            faults.setdefault(row, ("not_a_choice", name))
    return pa.array([cell if isinstance(cell, str) else None for cell in cells], pa.string())
