"""Read rows of CSV or JSON Lines as bouts. Record why a row cannot be read, and keep its text unchanged."""

import csv
import gzip
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from math import isfinite
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from retrorun.app.bulk.columns import Column, converted, with_constants
from retrorun.app.bulk.plain.readers import LINE_END, plain_csv, plain_json
from retrorun.app.units import clock_s
from retrorun.models.columns.inputs import SOURCES
from retrorun.models.columns.names import ALL_NUMBERS, FLAGS, INPUT_COLUMNS

NEEDED: Final = ("body_mass_kg", *SOURCES)
"""Columns that a batch of bouts always has, even if they are empty."""
LONGEST_CELL: Final = 2**31 - 1
LONG_NUMBER: Final = 18
"""Most digits of an integer that is read as an integer. A longer one is read as a float."""
MEMBER: Final = re.compile(r'\s*[{,]\s*"')
"""The characters before the name of a member of a JSON object."""
NOT_A_ROW: Final = {"csv": "not_a_row", "jsonl": "not_an_object"}
GZIP: Final = b"\x1f\x8b"
"""The first bytes of a file that gzip compressed."""
MARK: Final = "\ufeff".encode()
"""The byte order mark that some programs write at the start of a text."""
HEAD_BYTES: Final = 1 << 16
"""Bytes at the start of a text that show how its lines end."""
BLOCK_BYTES: Final = 1 << 26
"""A block of a text ends after this many bytes, even if it has fewer rows than a part. No row is longer."""
LONGEST_QUOTED_ROW: Final = 1 << 20
"""Most bytes of a row with line breaks in quotes. A quote that is not closed within them is a mistake in its line."""
OPEN: Final = re.compile(rb'(?:(?:"(?:[^"]++|"")*+"[^,]*+|(?!")[^,]*+),)*+"(?:[^"]++|"")*+')
"""CSV that ends within quotes. A quote opens a cell only as its first character."""
CLOSES: Final = re.compile(rb'"(?:[^"]++|"")*+"(?=[ \t]*(?:,|[\r\n]*\Z))')
"""A quoted cell whose closing quote is followed by nothing else of the cell."""

Fault = tuple[str, str | None]
"""Why a row cannot be read, and the column that is wrong, if there is one."""


csv.field_size_limit(LONGEST_CELL)


class RowsRead(NamedTuple):
    """The rows of a block: the readable ones as bouts, all of them unchanged, and why the others cannot be read."""

    bouts: pa.RecordBatch
    given: pa.RecordBatch
    """The known and kept columns. In a text file they are text."""
    faults: dict[int, Fault]
    lines: Sequence[bytes] = ()
    """The lines of all rows, if `given` has only the kept columns. Then parse those lines whose cells you need."""


@dataclass(frozen=True)
class TextParser:
    """Parse a block of lines."""

    kind: str
    columns: tuple[str, ...]
    """The columns to read: inputs, and kept ones."""
    keep: tuple[str, ...]
    inputs: Mapping[str, Column]
    heading: tuple[str, ...] = ()
    """All columns of a CSV file."""
    constants: Mapping[str, float | str] = field(default_factory=dict)
    ignore_others: bool = False
    """Whether other members of a JSON object are ignored."""

    def __call__(self, content: list[bytes] | tuple[bytes], /) -> RowsRead:
        """Return the rows of a block: of a list of rows, or of one text in which each line is a row."""
        lines: Sequence[bytes] = content
        if isinstance(content, tuple):
            if self.kind == "jsonl" and (read := self.plain_json_rows(*content)):
                return read
            lines = lines_in(*content)
        faults: dict[int, Fault] = {}
        if self.kind == "csv":
            texts = self.csv_table(content, lines, faults)
            bouts = self.bouts_of(texts, numbers_of_text, trimmed_words, faults)
        else:
            table = self.json_table(lines, faults)
            texts = [pa.array([text_of(cell) for cell in cells], pa.string()) for cells in table]
            bouts = self.bouts_of(table, numbers_of_json, words, faults)
        batch = self.batch_of(bouts, len(lines), faults)
        return RowsRead(batch, pa.RecordBatch.from_arrays(texts, names=list(self.columns)), faults)

    def bouts_of(
        self, table: Sequence[Any], numbers: Callable[..., pa.Array], words: Callable[..., pa.Array], faults: Any
    ) -> dict[str, pa.Array]:
        """Return the inputs of a table, whose columns these functions read as numbers and as words."""
        bouts = {}
        for heading, cells in zip(self.columns, table, strict=True):
            if column := self.inputs.get(heading):
                name = column.input
                bouts[name] = numbers(column, cells, faults) if name in ALL_NUMBERS else words(name, cells, faults)
        return bouts

    def batch_of(self, bouts: Mapping[str, pa.Array], rows: int, faults: Mapping[int, Fault]) -> pa.RecordBatch:
        """Return the readable rows as bouts, without optional columns that are empty."""
        readable = [row for row in range(rows) if row not in faults] if faults else range(rows)
        needed = {name: cells for name, cells in bouts.items() if name in NEEDED or cells.null_count < rows}
        batch = pa.RecordBatch.from_pydict(needed)
        if faults and needed:
            batch = batch.take(pa.array(readable, pa.int64()))
        return with_constants(batch, len(readable), self.constants)

    def plain_json_rows(self, text: bytes) -> RowsRead | None:
        """Return the rows of JSON Lines that Arrow can read, or None."""
        names = {name for name, column in self.inputs.items() if column.input in ALL_NUMBERS}
        if names.intersection(self.keep):
            return None
        table = plain_json(text, names, set(self.columns) - names)
        if table is None:
            return None
        lines = lines_in(text)
        read = self.bouts_of([table[name] for name in self.columns], same_numbers, same_words, {})
        kept = pa.RecordBatch.from_arrays([table[name] for name in self.keep], names=list(self.keep))
        return RowsRead(self.batch_of(read, len(lines), {}), kept, {}, lines)

    def csv_table(
        self, content: list[bytes] | tuple[bytes], lines: Sequence[bytes], faults: dict[int, Fault]
    ) -> list[pa.Array]:
        """Return the cells of CSV lines by column, as text. An empty cell is null."""
        places = [self.heading.index(name) for name in self.columns]
        if isinstance(content, tuple) and (found := plain_csv(*content, len(self.heading), places)):
            return found
        rows = cells_of([line.decode() for line in lines])
        for number, row in enumerate(rows):
            if len(row) != len(self.heading):
                faults[number] = NOT_A_ROW[self.kind], None
                rows[number] = [""] * len(self.heading)
        return [pa.array([row[place] or None for row in rows], pa.string()) for place in places]

    def json_table(self, lines: Sequence[bytes], faults: dict[int, Fault]) -> list[list[Any]]:
        """Return the values of lines of JSON by column."""
        known = set(self.columns)
        rows: list[dict[str, Any]] = []
        for number, line in enumerate(lines):
            row = json_of(line)
            if not isinstance(row, dict):
                faults[number] = NOT_A_ROW[self.kind], None
                row = {}
            elif not known.issuperset(row) and (fault := self.fault_of_others(row.keys() - known)):
                faults[number] = fault
            try:
                row = self.with_original_text(row, line)
            except RecursionError:
                faults[number], row = (NOT_A_ROW[self.kind], None), {}
            rows.append(row)
        return [[row.get(name) for row in rows] for name in self.columns]

    def fault_of_others(self, others: set[str]) -> Fault | None:
        """Return why a row cannot have these members, or None if it can."""
        if twice := sorted(name for name in others if name in INPUT_COLUMNS):
            return "conflicting_inputs", twice[0]  # --map or --set gives it already.
        return None if self.ignore_others else ("unknown_field", None)

    def with_original_text(self, row: dict[str, Any], line: bytes) -> dict[str, Any]:
        """Return a row whose kept values are the original text, where the parsed value would differ from it."""
        kept = [name for name in self.keep if type(row.get(name)) in (float, list, dict) or row.get(name) == 0]
        if not kept:
            return row
        written = members(line.decode())
        return row | {name: written[name] for name in kept}


@contextmanager
def lines_of(path: Path) -> Iterator[tuple["Lines", io.BufferedReader]]:
    """Open a file of text, and give its lines and the file. Its content decides whether it is unpacked.

    A byte order mark is left out. A line longer than `BLOCK_BYTES` is cut. A gzip file can be read only from its start,
    so one process unpacks it.
    """
    with io.BufferedReader(cast(Any, io.FileIO(path)), HEAD_BYTES) as file:
        text = file
        if file.peek()[: len(GZIP)] == GZIP:
            # A GzipFile has the methods that a BufferedReader needs.
            text = io.BufferedReader(cast(Any, gzip.GzipFile(fileobj=file)), HEAD_BYTES)
        head = text.peek()
        if head.startswith(MARK):
            text.read(len(MARK))
        if b"\r" in head and b"\n" not in head:
            yield Lines(lines_ended_by_cr(text)), file
        else:
            yield Lines(iter(partial(text.readline, BLOCK_BYTES + 1), b""), text), file


class Lines:
    """The lines of a text, one by one, or many at once if they end in a line feed."""

    def __init__(self, lines: Iterator[bytes], text: io.BufferedReader | None = None) -> None:
        self.lines = lines
        self.text = text

    def __iter__(self) -> "Lines":
        return self

    def __next__(self) -> bytes:
        return next(self.lines)

    def take(self, count: int) -> bytes:
        """Return this many of the next lines, or fewer if they are long. All end in a line feed, also the last.

        A line longer than `BLOCK_BYTES` is cut.
        """
        found: list[bytes] = []
        size = begun = 0
        while self.text and count > 0 and size - begun <= BLOCK_BYTES and (seen := self.text.peek()):
            ends = np.flatnonzero(np.frombuffer(seen, np.uint8) == LINE_END)[:count] + 1
            within = int(np.searchsorted(ends, BLOCK_BYTES - size, side="right"))
            ends = ends[: within + 1]
            last = ends.size == count or ends.size > within
            found.append(self.text.read(int(ends[-1]) if last else len(seen)))
            begun = size + int(ends[-1]) if ends.size else begun
            size += len(found[-1])
            count = 0 if last else count - ends.size
        text = b"".join(found)
        return text + b"\n" if text and not text.endswith(b"\n") else text


def lines_in(text: bytes) -> list[bytes]:
    """Return the lines of a text that end in a line feed, without it."""
    return text.removesuffix(b"\n").split(b"\n")


def lines_ended_by_cr(text: io.BufferedReader) -> Iterator[bytes]:
    """Yield the lines of a text whose lines end with a carriage return only, as on old Macs."""
    rest = b""
    while part := text.read(HEAD_BYTES):
        *lines, rest = (rest + part).split(b"\r")
        for line in lines:
            yield line + b"\r"
        if len(rest) > BLOCK_BYTES:
            break
    if rest:
        yield rest


def whole_rows(lines: list[bytes], count: int, more: Iterator[bytes]) -> tuple[list[bytes], list[bytes]]:
    r"""Join the lines of CSV rows that have line breaks in quotes.

    Parameters
    ----------
    lines : list of bytes
        Lines with their ends. The first one begins a row.
    count : int
        Number of lines in which a row may begin.
    more : iterator of bytes
        The next lines, which are read only to complete the last row.

    Returns
    -------
    tuple of two lists
        The rows, and the lines that were read beyond them.

    Examples
    --------
    >>> whole_rows([b'1,"a\n', b'b"\n', b"2,c\n"], 3, iter(()))
    ([b'1,"a\nb"\n', b'2,c\n'], [])
    """
    # An even number of quotes closes what it opens, except in lines that no program writes.
    odd = [place for place, line in enumerate(lines[:count]) if line.count(b'"') & 1]
    rows: list[bytes] = []
    done = 0
    for place in odd:
        if place < done or not OPEN.fullmatch(lines[place]):
            continue
        rows += lines[done:place]
        done = end_of_row(lines, place, more)
        rows.append(b"".join(lines[place:done]))
    rows += lines[done:count]
    return rows, lines[max(done, count) :]


def end_of_row(lines: list[bytes], place: int, more: Iterator[bytes]) -> int:
    """Return the place after a row whose first line ends within quotes. If they are not closed, the row is one line."""
    end, size = place + 1, len(lines[place])
    while size <= LONGEST_QUOTED_ROW:
        if end == len(lines):
            if (line := next(more, None)) is None:
                break
            lines.append(line)
        line = lines[end]
        end, size = end + 1, size + len(line)
        if b'"' not in line:
            continue
        cells = b'"' + line  # as if the cell began in this line
        if CLOSES.match(cells):
            if not OPEN.fullmatch(cells):
                return end
        elif not OPEN.fullmatch(cells):
            break
    return place + 1


def json_of(line: bytes) -> Any:
    """Return the value of a line of JSON, or None if it is not JSON.

    A number too large for a float is infinite. NaN and Infinity, which Python writes, are read as such numbers.
    """
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        found = json.loads(line.decode(), parse_int=integer_of)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def integer_of(digits: str) -> float:
    """Return an integer of any length."""
    return int(digits) if len(digits) <= LONG_NUMBER else float(digits)


def members(line: str) -> dict[str, str]:
    """Return the members of a JSON object, each value as its original text.

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
    """Return the cells of CSV rows. A row that is not CSV has no cells."""
    texts = [line.rstrip("\r\n") for line in lines]
    try:
        rows = list(csv.reader(texts))
    except csv.Error:
        rows = []
    # An unclosed quote would add the next rows to its cell, or end the last one.
    if len(rows) == len(texts) and not (texts and OPEN.fullmatch(texts[-1].encode())):
        return rows
    return [cells_of_row(text) for text in texts]


def cells_of_row(text: str) -> list[str]:
    """Return the cells of one row of CSV, or none if it is not CSV."""
    try:
        return [] if OPEN.fullmatch(text.encode()) else next(csv.reader([text]))
    except csv.Error:
        return []


def text_of(value: Any) -> str | None:
    """Return a cell as text: a string unchanged, any other value as JSON."""
    if value is None or isinstance(value, str):
        return value
    # The same text as of json.dumps, which takes ten times as long.
    return repr(value) if type(value) is float and isfinite(value) else json.dumps(value)


def numbers_of_text(column: Column, cells: pa.Array, faults: dict[int, Fault]) -> pa.Array:
    """Return text cells as numbers in the unit of the input, and record those that are not numbers."""
    try:
        return converted(cells.cast(pa.float64()), column.size)
    except pa.ArrowInvalid:
        found = [number_of_text(column, row, cell, faults) for row, cell in enumerate(cells.to_pylist())]
    # A time such as 0:20:00 is in seconds, whatever the unit of the column.
    clocks = pa.array([isinstance(number, Fraction) for number in found], pa.bool_())
    numbers = pa.array([None if number is None else float(number) for number in found], pa.float64())
    return pc.if_else(clocks, numbers, converted(numbers, column.size))


def number_of_text(column: Column, row: int, cell: str | None, faults: dict[int, Fault]) -> float | Fraction | None:
    """Return one cell as a number, as a fraction if it is a time such as 0:20:00, or None if it is blank."""
    if cell is None or not cell.strip():
        return None
    if column.input == "duration_s" and (clock := clock_s(cell.strip())) is not None:
        return clock
    try:
        return float(cell.replace("_", "?"))  # only Python reads 7_0 as a number
    except ValueError:
        faults.setdefault(row, ("not_a_number", column.input))
        return None


def numbers_of_json(column: Column, cells: Sequence[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return values as numbers in the unit of the input, and record those that are not numbers."""
    for row, cell in enumerate(cells):
        if type(cell) not in (float, int, type(None)):
            faults.setdefault(row, ("not_a_number", column.input))
    numbers = [float(cell) if type(cell) in (float, int) else None for cell in cells]
    return converted(pa.array(numbers, pa.float64()), column.size)


def same_numbers(column: Column, cells: pa.Array, _: dict[int, Fault]) -> pa.Array:
    """Return numbers in the unit of the input."""
    return converted(cells, column.size)


def same_words(_: str, cells: pa.Array, __: dict[int, Fault]) -> pa.Array:
    """Return words, which are all text."""
    return cells


def trimmed_words(name: str, cells: pa.Array, faults: dict[int, Fault]) -> pa.Array:
    """Return text cells as words, without the spaces around them. There are few different ones."""
    different = cells.dictionary_encode()
    return words(name, map(trimmed, different.dictionary.to_pylist()), faults).take(different.indices)


def trimmed(cell: str | None) -> str | None:
    """Return a cell without the spaces around it, or None if it is blank."""
    return (cell and cell.strip()) or None


def words(name: str, given: Iterable[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return values as words, and record those that are not words."""
    cells = list(given)
    if name in FLAGS:
        cells = [str(cell).lower() if isinstance(cell, bool) else cell for cell in cells]
    for row, cell in enumerate(cells):
        if not isinstance(cell, str | None):
            faults.setdefault(row, ("not_a_choice", name))
    return pa.array([cell if isinstance(cell, str) else None for cell in cells], pa.string())
