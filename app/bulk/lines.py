"""Read rows of CSV or JSON Lines as bouts. Record why a row cannot be read, and keep its text unchanged."""

import csv
import gzip
import io
import json
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from functools import partial
from pathlib import Path
from typing import Any, Final, NamedTuple, cast

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from retrorun.app.bulk.columns import Column, converted, with_constants
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

    def __call__(self, lines: Sequence[bytes], /) -> RowsRead:
        """Return the rows of a block."""
        faults: dict[int, Fault] = {}
        table = self.csv_table(lines, faults) if self.kind == "csv" else self.json_table(lines, faults)
        read = numbers_of_text if self.kind == "csv" else numbers_of_json
        bouts = {}
        for heading, cells in zip(self.columns, table, strict=True):
            if heading not in self.inputs:
                continue
            column = self.inputs[heading]
            name = column.input
            if name in ALL_NUMBERS:
                bouts[name] = read(column, cells, faults)
            else:
                bouts[name] = words(name, map(trimmed, cells) if self.kind == "csv" else cells, faults)
        texts = [pa.array([text_of(cell) for cell in cells], pa.string()) for cells in table]
        readable = [row for row in range(len(lines)) if row not in faults]
        needed = {name: cells for name, cells in bouts.items() if name in NEEDED or cells.null_count < len(lines)}
        batch = pa.RecordBatch.from_pydict(needed)
        if faults and needed:
            batch = batch.take(pa.array(readable, pa.int64()))
        batch = with_constants(batch, len(readable), self.constants)
        return RowsRead(batch, pa.RecordBatch.from_arrays(texts, names=list(self.columns)), faults)

    def csv_table(self, lines: Sequence[bytes], faults: dict[int, Fault]) -> list[list[Any]]:
        """Return the cells of CSV lines by column. An empty cell is None."""
        rows = cells_of([line.decode() for line in lines])
        for number, row in enumerate(rows):
            if len(row) != len(self.heading):
                faults[number] = NOT_A_ROW[self.kind], None
                rows[number] = [""] * len(self.heading)
        return [[row[place] or None for row in rows] for place in map(self.heading.index, self.columns)]

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
def lines_of(path: Path) -> Iterator[tuple[Iterator[bytes], io.BufferedReader]]:
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
            yield lines_ended_by_cr(text), file
        else:
            yield iter(partial(text.readline, BLOCK_BYTES + 1), b""), file


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
    return value if value is None or isinstance(value, str) else json.dumps(value)


def numbers_of_text(column: Column, cells: Sequence[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return text cells as numbers in the unit of the input, and record those that are not numbers."""
    try:
        return converted(pa.array(cells, pa.string()).cast(pa.float64()), column.size)
    except pa.ArrowInvalid:
        found = [number_of_text(column, row, cell, faults) for row, cell in enumerate(cells)]
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
