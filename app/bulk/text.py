"""Write kept columns as text or JSON without any change, or refuse them by name."""

from collections.abc import Callable, Sequence
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.compute as pc

from retrorun.app.bulk.source import BadFile

TEXTS: Final = {"csv": "CSV", "jsonl": "JSON Lines"}
is_kind = pa.types
PLAIN: Final = (is_kind.is_null, is_kind.is_boolean, is_kind.is_integer, is_kind.is_string, is_kind.is_large_string)
"""Types that JSON and CSV also have."""
WRITTEN: Final = (is_kind.is_decimal, is_kind.is_date, is_kind.is_time, is_kind.is_timestamp)
"""Types that are written as text, with all digits."""
LISTS: Final = (is_kind.is_list, is_kind.is_large_list, is_kind.is_fixed_size_list)
OUT_OF_RANGE: Final = "<value out of range"
"""The text that Arrow writes for a year of more than four digits."""


def one_of(kind: pa.DataType, kinds: Sequence[Callable[[pa.DataType], bool]]) -> bool:
    """Return whether a type is one of several kinds."""
    return any(is_one(kind) for is_one in kinds)


def is_uuid(kind: pa.DataType) -> bool:
    """Return whether the name of a type is UUID. A type of 16 bytes can be anything."""
    return isinstance(kind, pa.BaseExtensionType) and kind.extension_name == "arrow.uuid"


def value_type(kind: pa.DataType) -> pa.DataType:
    """Return the type of a column's values, without a dictionary."""
    return kind.value_type if pa.types.is_dictionary(kind) else kind


def refuse_unsupported_type(field: pa.Field, kind: str) -> None:
    """Raise if a kind of file cannot store a type exactly."""
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
            raise BadFile(f"--keep {field.name}: CSV cannot store lists or structs. Write {other}.")
    raise BadFile(f"--keep {field.name}: {TEXTS[kind]} cannot store {found} exactly. Write Parquet.")


def is_known(kind: pa.DataType) -> bool:
    """Return whether the time zone of a type is known on this machine, or the type has none."""
    try:
        return not pa.types.is_timestamp(kind) or bool(pa.array([0]).cast(kind).cast(pa.string()))
    except pa.ArrowException:
        return False


def is_json(kind: pa.DataType) -> bool:
    """Return whether JSON can store a type, including nested types."""
    if one_of(kind, LISTS):
        return is_json(kind.value_type)
    if pa.types.is_struct(kind):
        return all(is_json(field.type) for field in kind)
    return one_of(kind, (*PLAIN, pa.types.is_float32, pa.types.is_float64))


def plain(column: pa.Array) -> pa.Array:
    """Return a column without a dictionary, and with UUIDs as text."""
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    if is_uuid(column.type):
        return pa.array([cell and str(cell) for cell in column.to_pylist()], pa.string())
    return column


def text(name: str, column: pa.Array) -> pa.Array:
    """Return a column of `WRITTEN` as text."""
    found = column.cast(pa.string())
    if pc.any(pc.starts_with(found, OUT_OF_RANGE)).as_py():
        raise BadFile(f"--keep {name}: it has a time whose year has more than four digits. Write Parquet.")
    return found


def csv_column(name: str, column: pa.Array) -> pa.Array:
    """Return a column for CSV."""
    column = plain(column)
    if one_of(column.type, WRITTEN):
        text(name, column)
    return column


def json_cells(name: str, column: pa.Array) -> list[Any]:
    """Return the cells of a column for JSON."""
    column = plain(column)
    if one_of(column.type, WRITTEN):
        column = text(name, column)
    if not is_finite(column):
        raise BadFile(f"--keep {name}: JSON cannot store NaN or infinity. Write CSV or Parquet.")
    return list(column.cast(pa.float64()).to_pylist() if pa.types.is_float16(column.type) else column.to_pylist())


def is_finite(column: pa.Array) -> bool:
    """Return whether every number of a column is finite, as JSON needs."""
    if one_of(column.type, LISTS):
        return is_finite(column.flatten())
    if pa.types.is_struct(column.type):
        return all(map(is_finite, column.flatten()))
    if not pa.types.is_floating(column.type):
        return True
    return bool(pc.all(pc.is_finite(column), min_count=0).as_py())


def given_cells(column: pa.Array) -> list[Any]:
    """Return the cells of a column for the file of rejected rows: bytes as hexadecimal, lists as JSON."""
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
    """Return an array of one list or struct as JSON, or as Arrow prints it if JSON cannot store it."""
    if is_json(cell.type) and is_finite(cell):
        return orjson.dumps(cell[0].as_py()).decode()
    return " ".join(cell.to_string().split())
