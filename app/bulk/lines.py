"""Read lines of CSV or JSON as bouts. Record why a line cannot be read, and keep its text unchanged."""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa

from retrorun.app.formats.record_batches import INPUT_COLUMNS
from retrorun.models.columns.inputs import SOURCES
from retrorun.models.columns.names import FLAGS, NUMBERS

NEEDED: Final = ("body_mass_kg", *SOURCES)
"""Columns that a batch of bouts always has, even if they are empty."""
LONGEST_CELL: Final = 2**31 - 1
LONG_NUMBER: Final = 18
"""Most digits of an integer that is read as an integer. A longer one is read as a float."""
MEMBER: Final = re.compile(r'\s*[{,]\s*"')
"""The characters before the name of a member of a JSON object."""
NOT_A_ROW: Final = {"csv": "not_a_row", "jsonl": "not_an_object"}

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
    keep: tuple[str, ...]

    def __call__(self, content: bytes, /) -> RowsRead:
        """Return the rows of a block."""
        lines = content.removesuffix(b"\n").split(b"\n") if content else []
        faults: dict[int, Fault] = {}
        table = self.csv_table(lines, faults) if self.kind == "csv" else self.json_table(lines, faults)
        read = numbers_of_text if self.kind == "csv" else numbers_of_json
        bouts = {}
        for name, cells in zip(self.columns, table, strict=True):
            if name in NUMBERS:
                bouts[name] = read(name, cells, faults)
            elif name in INPUT_COLUMNS:
                bouts[name] = words(name, map(trimmed, cells) if self.kind == "csv" else cells, faults)
        texts = [pa.array([text_of(cell) for cell in cells], pa.string()) for cells in table]
        readable = [row for row in range(len(lines)) if row not in faults]
        needed = {name: cells for name, cells in bouts.items() if name in NEEDED or cells.null_count < len(lines)}
        batch = pa.RecordBatch.from_pydict(needed)
        if faults:
            batch = batch.take(pa.array(readable, pa.int64()))
        return RowsRead(batch, pa.RecordBatch.from_arrays(texts, names=list(self.columns)), faults)

    def csv_table(self, lines: Sequence[bytes], faults: dict[int, Fault]) -> list[list[Any]]:
        """Return the cells of CSV lines by column. An empty cell is None."""
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
                row = self.with_original_text(row, line)
            except RecursionError:
                faults[number], row = (NOT_A_ROW[self.kind], None), {}
            rows.append(row)
        return [[row.get(name) for row in rows] for name in self.columns]

    def with_original_text(self, row: dict[str, Any], line: bytes) -> dict[str, Any]:
        """Return a row whose kept values are the original text, where the parsed value would differ from it."""
        kept = [name for name in self.keep if type(row.get(name)) in (float, list, dict) or row.get(name) == 0]
        if not kept:
            return row
        written = members(line.decode())
        return row | {name: written[name] for name in kept}


def json_of(line: bytes) -> Any:
    """Return the value of a line of JSON, or None if it is not JSON. A number too large for a float is infinite."""
    try:
        return orjson.loads(line)
    except orjson.JSONDecodeError:
        pass
    try:
        found = json.loads(line.decode(), parse_int=integer_of, parse_constant=integer_of)
        json.dumps(found, ensure_ascii=False).encode()
    except (ValueError, RecursionError):
        return None
    return found


def integer_of(digits: str) -> float:
    """Return an integer of any length; raise for words that JSON does not allow, such as NaN."""
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
    """Return the cells of CSV lines. Each line is one row; a line that is not CSV has no cells."""
    texts = [line.rstrip("\r\n") for line in lines]
    try:
        rows = list(csv.reader(texts))
    except csv.Error:
        rows = []
    # An unclosed quote would add the next lines to its cell.
    return rows if len(rows) == len(texts) else [cells_of_line(text) for text in texts]


def cells_of_line(text: str) -> list[str]:
    """Return the cells of one line of CSV, or none if it is not CSV."""
    try:
        return next(csv.reader([text]))
    except csv.Error:
        return []


def text_of(value: Any) -> str | None:
    """Return a cell as text: a string unchanged, any other value as JSON."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def numbers_of_text(name: str, cells: Sequence[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return text cells as numbers, and record those that are not numbers."""
    try:
        return pa.array(cells, pa.string()).cast(pa.float64())
    except pa.ArrowInvalid:
        return pa.array([number_of_text(name, row, cell, faults) for row, cell in enumerate(cells)], pa.float64())


def number_of_text(name: str, row: int, cell: str | None, faults: dict[int, Fault]) -> float | None:
    """Return one cell as a number, or None if it is blank."""
    if cell is None or not cell.strip():
        return None
    try:
        return float(cell.replace("_", "?"))  # only Python reads 7_0 as a number
    except ValueError:
        faults.setdefault(row, ("not_a_number", name))
        return None


def numbers_of_json(name: str, cells: Sequence[Any], faults: dict[int, Fault]) -> pa.Array:
    """Return values as numbers, and record those that are not numbers."""
    for row, cell in enumerate(cells):
        if type(cell) not in (float, int, type(None)):
            faults.setdefault(row, ("not_a_number", name))
    return pa.array([float(cell) if type(cell) in (float, int) else None for cell in cells], pa.float64())


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
