"""Columns that are carried over, as text and as JSON: to the letter, or refused by their name."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from retrorun.app.bulk.source import BadFile

TEXTS: Final = {"csv": "CSV", "jsonl": "JSON Lines"}
is_kind = pa.types
PLAIN: Final = (is_kind.is_null, is_kind.is_boolean, is_kind.is_integer, is_kind.is_string, is_kind.is_large_string)
"""What JSON and CSV have too."""
WRITTEN: Final = (is_kind.is_decimal, is_kind.is_date, is_kind.is_time, is_kind.is_timestamp)
"""What is written as text, with all of its digits."""
LISTS: Final = (is_kind.is_list, is_kind.is_large_list, is_kind.is_fixed_size_list)
OUT_OF_RANGE: Final = "<value out of range"
"""How Arrow writes a time whose year has more than four digits."""


def one_of(kind: pa.DataType, kinds: Sequence[Callable[[pa.DataType], bool]]) -> bool:
    """Say whether a type is of some kinds."""
    return any(says(kind) for says in kinds)


def is_uuid(kind: pa.DataType) -> bool:
    """Say whether a type is a UUID by its name; 16 bytes may be anything."""
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.uuid"


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's values, without a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def refuse_unfit(field: pa.Field, kind: str) -> None:
    """Raise where a kind of file does not have a type to the letter."""
    found = value_type(field.type)
    if kind not in TEXTS or one_of(found, (*PLAIN, pa.types.is_floating)) or is_uuid(found):
        return
    if one_of(found, WRITTEN) and is_known(found):
        return
    if pa.types.is_nested(found):
        if kind == "jsonl" and is_json(found):
            return
        if kind == "csv":
            other = "Parquet or JSON Lines" if is_json(found) else "Parquet"
            raise BadFile(f"--keep {field.name}: CSV has no lists or structs; write {other}.")
    raise BadFile(f"--keep {field.name}: {TEXTS[kind]} has nothing that holds {found} to the letter; write Parquet.")


def is_known(kind: pa.DataType) -> bool:
    """Say whether a time's zone, if it has one, is known here."""
    try:
        return not pa.types.is_timestamp(kind) or bool(pa.array([0]).cast(kind).cast(pa.string()))
    except pa.ArrowException:
        return False


def is_json(kind: pa.DataType) -> bool:
    """Say whether JSON has a type, however nested."""
    if one_of(kind, LISTS):
        return is_json(kind.value_type)
    if pa.types.is_struct(kind):
        return all(is_json(field.type) for field in kind)
    return one_of(kind, (*PLAIN, pa.types.is_float32, pa.types.is_float64))


def plain(column: pa.Array) -> pa.Array:
    """Return a column without its dictionary, and its UUIDs as text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_uuid(column.type):
        return pa.array([cell and str(cell) for cell in column.to_pylist()], pa.string())
    return column


def text(name: str, column: pa.Array) -> pa.Array:
    """Return a column of `WRITTEN` as text."""
    found = column.cast(pa.string())
    if pc.any(pc.starts_with(found, OUT_OF_RANGE)).as_py():
        raise BadFile(f"--keep {name}: a time in it has a year of more than four digits; write Parquet.")
    return found


def csv_column(name: str, column: pa.Array) -> pa.Array:
    """Return a column as it is written to CSV."""
    column = plain(column)
    if one_of(column.type, WRITTEN):
        text(name, column)
    return column


def json_cells(name: str, column: pa.Array) -> list[Any]:
    """Return the cells of a column as they are written to JSON."""
    column = plain(column)
    if one_of(column.type, WRITTEN):
        column = text(name, column)
    if not is_finite(column):
        raise BadFile(f"--keep {name}: JSON has neither NaN nor infinity; write CSV or Parquet.")
    return list(column.cast(pa.float64()).to_pylist() if pa.types.is_float16(column.type) else column.to_pylist())


def is_finite(column: pa.Array) -> bool:
    """Say whether every number of a column is one that JSON has."""
    if one_of(column.type, LISTS):
        return is_finite(column.flatten())
    if pa.types.is_struct(column.type):
        return all(map(is_finite, column.flatten()))
    if not pa.types.is_floating(column.type):
        return True
    return bool(pc.all(pc.is_finite(column), min_count=0).as_py())


def given_cells(column: pa.Array) -> list[Any]:
    """Return the cells of a column as the file of rejected rows shows them: bytes as hexadecimal, lists as JSON."""
    column = plain(column)
    if isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if not is_known(column.type):
        column = column.view(pa.timestamp(column.type.unit, "UTC"))
    if one_of(column.type, (*WRITTEN, pa.types.is_duration)):
        return list(column.cast(pa.string()).to_pylist())
    if not pa.types.is_nested(column.type):
        return [cell.hex() if isinstance(cell, bytes) else cell for cell in column.to_pylist()]
    return [shown(column[row : row + 1]) if column[row].is_valid else None for row in range(len(column))]


def shown(cell: pa.Array) -> str:
    """Return a list or struct, an array of one, as JSON, or where that has no words for it as Arrow shows it."""
    if is_json(cell.type) and is_finite(cell):
        return orjson.dumps(cell[0].as_py()).decode()
    return " ".join(cell.to_string().split())
