"""Files of bouts: Parquet, CSV and JSON Lines, read as blocks of rows that are parsed where they are computed.

One pass reads the file from its start, so that no row is held twice and no file must fit in memory. A cell that cannot
be read is noted with its reason, and the row it stands in has no estimate; the others have theirs.
"""

import csv
import json
import os
import re
import shlex
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from pathlib import Path
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from app.bulk_options import quoted
from app.record_batches import INPUTS, check_schema
from models.column_inputs import SOURCES
from models.column_names import NUMBERS
from models.errors import Conflict

KINDS: Final = {".parquet": "parquet", ".csv": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl"}
NEEDED: Final = ("body_mass_kg", *SOURCES)
"""Columns that a batch of bouts has even where they are empty."""
OTHER_MARKS: Final = ";\t|"
"""What separates cells in files that are called CSV too."""
STATUS_COLUMNS: Final = ("status", "status_field")
"""Columns that every output has."""
LONGEST_CELL: Final = 2**31 - 1
LONG_NUMBER: Final = 18
"""Digits of an integer that Python reads at once, whatever it is."""
MEMBER: Final = re.compile(r'\s*[{,]\s*"')
"""What stands before the name of a member of an object of JSON."""
NOT_A_ROW: Final = {"csv": "not_a_row", "jsonl": "not_an_object"}

Fault = tuple[str, str | None]
"""Why a row cannot be read, and the column at fault, if it is one."""


csv.field_size_limit(LONGEST_CELL)


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
        schema = pa.schema([field.with_type(PLAIN.get(field.type, field.type)) for field in found])
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
        """Yield a Parquet file as blocks; row groups whose blocks are all done are not read."""
        with pq.ParquetFile(self.path, page_checksum_verification=True) as file:
            total = file.metadata.num_rows
            index = start = 0
            for groups, count in runs(file.metadata, rows):
                places = range(index, index - -count // rows)
                if not all(place in done for place in places):
                    batches = map(self.plain, file.iter_batches(rows, row_groups=groups, columns=self.schema.names))
                    firsts = range(start, start + count, rows)
                    for place, first, batch in zip(places, firsts, sized(batches, rows), strict=True):
                        if place not in done:
                            yield Block(place, first, batch.num_rows, batch.num_rows / total, stream_of(batch))
                index, start = places.stop, start + count

    def plain(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with the columns of the schema: without views, which Arrow does little with."""
        columns = [batch[field.name].cast(field.type) for field in self.schema]
        return pa.RecordBatch.from_arrays(columns, schema=self.schema)

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
        for row, line in enumerate(lines, first + 1):
            try:
                line.decode()
            except UnicodeDecodeError:
                raise BadFile(f"{self.path.name}: row {row} is not UTF-8: save the file as UTF-8.") from None

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


PLAIN: Final = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}
"""What columns of views are read as."""


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
        rows = cells_of([line.decode() for line in lines])
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
            row = json_of(line)
            if not isinstance(row, dict):
                faults[number] = NOT_A_ROW[self.kind], None
                row = {}
            elif not known.issuperset(row):
                faults[number] = "unknown_field", None
            try:
                row = self.to_the_letter(row, line)
            except RecursionError:
                faults[number], row = (NOT_A_ROW[self.kind], None), {}
            rows.append(row)
        return [[row.get(name) for row in rows] for name in self.columns]

    def to_the_letter(self, row: dict[str, Any], line: bytes) -> dict[str, Any]:
        """Return a row with what is kept of it as it is written, where its value does not say that."""
        kept = [name for name in self.keep if type(row.get(name)) in (float, list, dict) or row.get(name) == 0]
        if not kept:
            return row
        written = members(line.decode())
        return row | {name: written[name] for name in kept}


def json_of(line: bytes) -> Any:
    """Return what a line of JSON is, or None where it is none; a number too large for a float is infinite."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        found = json.loads(line.decode(), parse_int=whole, parse_constant=whole)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def whole(digits: str) -> float:
    """Return an integer of any length; raise for what JSON does not have, as NaN."""
    return int(digits) if len(digits) <= LONG_NUMBER else float(digits)


def members(line: str) -> dict[str, str]:
    """Return the members of an object of JSON, each value as it is written.

    Examples
    --------
    >>> members('{"id": 1.10, "a": [1,  2]}')
    {'id': '1.10', 'a': '[1,  2]'}
    """
    decoder = json.JSONDecoder(parse_int=str, parse_float=str)
    found: dict[str, str] = {}
    place = line.index("{")
    while name := MEMBER.match(line, place):
        key, place = decoder.raw_decode(line, name.end() - 1)
        start = line.index(":", place) + 1
        start += len(line[start:]) - len(line[start:].lstrip()) if line[start].isspace() else 0
        _, place = decoder.raw_decode(line, start)
        found[key] = line[start:place]
    return found


def cells_of(lines: Sequence[str]) -> list[list[str]]:
    """Return the cells of lines of CSV, each line a row of its own; of one that is no CSV, none."""
    texts = [line.rstrip("\r\n") for line in lines]
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
