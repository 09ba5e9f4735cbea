"""Estimates of bouts as columns: one function from an Arrow record batch to an Arrow record batch.

POST /estimate/table uses it. So can any tool that maps a function over partitions: Polars, DuckDB, Dask, Ray, and
`mapInArrow` of Spark. It needs the extra `retrorun[bulk]`.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from functools import lru_cache
from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from retrorun.app.formats.arrow_checks import (
    Given,
    flags_of,
    given_rows,
    indices_of,
    is_number,
    is_text,
    numbers_of,
    text_of,
)
from retrorun.models import __version__
from retrorun.models.columns.answer import Answer
from retrorun.models.columns.estimate_columns import BLOCK_ROWS, estimate_columns
from retrorun.models.columns.inputs import SOURCES, UNKNOWN_WORD, InputColumn
from retrorun.models.columns.names import (
    ALL_NUMBERS,
    ALL_WORDS,
    FIELDS,
    FLAGS,
    INPUT_COLUMNS,
    OUTPUTS,
    STATUS,
    WORDS,
    checked_fields,
)
from retrorun.models.columns.names import WARNINGS as WARNINGS_COLUMN
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.vocabulary.errors import Conflict, Missing
from retrorun.models.vocabulary.meanings import MEANINGS
from retrorun.models.vocabulary.quantities import QUANTITIES

NUMBER: Final = pa.float64()
FLAG: Final = pa.bool_()
WORD: Final = pa.dictionary(pa.int8(), pa.string())
CODES: Final = tuple(WARNINGS)
MARK: Final = "\ufeff"
"""The byte order mark at the start of a text, which some readers of CSV leave in the name of the first column."""
DICTIONARIES: Final = {
    choices: pa.array(choices, pa.string())
    for choices in {STATUS, INPUT_COLUMNS, CODES, *WORDS.values(), *(output.choices for output in OUTPUTS.values())}
}
"""The same objects for every batch, so that a stream holds each dictionary once."""
ENDS: Final = {"low": "Lower end of the interval", "high": "Upper end of the interval"}


def input_schema() -> pa.Schema:
    """Return every column that bouts can have.

    Body mass and two of speed, duration and distance are required. The other columns are optional. A null is an omitted
    input. Numbers can have any width and can be decimals. Words can be `string` or `large_string`, plain or in a
    dictionary.
    """
    fields = {
        name: _field(name, NUMBER, QUANTITIES[of].meaning, QUANTITIES[of].ucum) for name, of in ALL_NUMBERS.items()
    }
    fields |= {name: _field(name, FLAG if name in FLAGS else WORD, MEANINGS[of]) for name, of in ALL_WORDS.items()}
    return pa.schema([fields[name] for name in INPUT_COLUMNS])


def output_schema(fields: Sequence[str] | None = None) -> pa.Schema:
    """Return the columns of an answer: the status of each row, the invalid input, and the requested columns.

    Parameters
    ----------
    fields : sequence of str, optional
        Names of `models.columns.names.FIELDS`; all of them by default.

    Returns
    -------
    pyarrow.Schema
        Each field with its description and, if it is a number, its unit as UCUM code.
    """
    return _schema(None if fields is None else tuple(fields))


@lru_cache
def _schema(fields: tuple[str, ...] | None) -> pa.Schema:
    columns = [
        pa.field(
            "status",
            WORD,
            nullable=False,
            metadata={"description": "ok, or the error code of a row without an estimate."},
        ),
        _field("status_field", WORD, "The invalid input, if the error is about one."),
    ]
    for name in FIELDS if fields is None else checked_fields(fields):
        if name == WARNINGS_COLUMN:
            columns.append(_field(name, pa.list_(WORD), MEANINGS[name]))
        elif OUTPUTS[name].choices:
            columns.append(_field(name, WORD, MEANINGS[OUTPUTS[name].path[-1]]))
        else:
            columns.append(_number_field(name))
    return pa.schema(columns, metadata={"version": __version__, "hash": models_hash()})


def _number_field(name: str) -> pa.Field:
    path, quantity = OUTPUTS[name].path, OUTPUTS[name].quantity
    known = None if path[0] == "ratio" else QUANTITIES.get(quantity)
    meaning = known.meaning if known else MEANINGS[quantity]
    if path[-1] in ENDS:
        meaning = f"{ENDS[path[-1]]}: {meaning}"
    return _field(name, NUMBER, meaning, known.ucum if known else "1")


def _field(name: str, kind: pa.DataType, description: str, ucum: str | None = None) -> pa.Field:
    metadata = {"description": description} | ({"ucum": ucum} if ucum else {})
    return pa.field(name, kind, metadata=metadata)


def names_of(schema: pa.Schema) -> list[str]:
    """Return the names of columns, without a byte order mark."""
    return [name.removeprefix(MARK) for name in schema.names]


def check_schema(schema: pa.Schema) -> None:
    """Raise if a column is missing, unknown, repeated, or of a wrong type."""
    names = names_of(schema)
    for name, kind in zip(names, schema.types, strict=True):
        if name not in INPUT_COLUMNS:
            near = get_close_matches(name, INPUT_COLUMNS, n=1)
            hint = f"Did you mean {near[0]}?" if near else f"Known columns: {', '.join(INPUT_COLUMNS)}."
            raise Conflict("", f"Unknown column. {hint}", "unknown_field")
        if name in ALL_NUMBERS and not is_number(kind):
            raise Conflict(name, "Give a column of numbers, of any width.", "not_a_number")
        if name in ALL_WORDS and not (is_text(kind) or (name in FLAGS and kind == FLAG)):
            flag = "bool, " if name in FLAGS else ""
            message = f"Give a column of {flag}string or large_string, plain or in a dictionary, but no views."
            raise Conflict(name, message, "not_a_choice")
    if len(set(names)) < len(names):
        raise Conflict("", "Give each column once.", "not_unique")
    if "body_mass_kg" not in names:
        raise Missing("body_mass_kg", "This column is required. Add it.")
    if sum(name in names for name in SOURCES) <= 1:
        raise Missing("", "Give at least two of the columns speed_m_s, duration_s and distance_m.")


def estimate_batch(batch: pa.RecordBatch, fields: Sequence[str] | None = None) -> pa.RecordBatch:
    """Estimate every row of a batch.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Bouts, with columns of `input_schema`.
    fields : sequence of str, optional
        Columns of `output_schema` to compute; all by default.

    Returns
    -------
    pyarrow.RecordBatch
        One row for each bout, in the same order, with the columns of `output_schema(fields)`. A row without an estimate
        has its error code in `status`, and null in all columns except `status` and `status_field`.

    Raises
    ------
    Conflict
        A column is missing, unknown or of a wrong type, or a field is unknown.
    pyarrow.ArrowInvalid
        A column is inconsistent: a buffer is too short, or a word or an index is outside its data.

    Examples
    --------
    >>> bouts = pa.RecordBatch.from_pydict({"body_mass_kg": [70.0], "speed_m_s": [2.5], "duration_s": [1200.0]})
    >>> round(estimate_batch(bouts, ["forward_total_energy_kcal"])["forward_total_energy_kcal"][0].as_py(), 1)
    211.2
    """
    check_schema(batch.schema)
    schema = output_schema(fields)
    buffers: list[Any] = []

    def allocate(size: int) -> NDArray[np.uint8]:
        buffers.append(pa.allocate_buffer(size))
        return np.frombuffer(buffers[0], np.uint8)

    if any(len(array) != batch.num_rows for array in batch.columns):
        raise pa.ArrowInvalid("A column is longer or shorter than its record batch.")
    columns = {name: column_of(name, array) for name, array in zip(names_of(batch.schema), batch.columns, strict=True)}
    answer = estimate_columns(columns, rows=batch.num_rows, fields=schema.names[2:], allocate=allocate)
    status = [*zip(*answer.reasons.numbers, strict=True)]
    codes = np.array([STATUS.index(code) for code in status[1]], np.int8).take(answer.status)
    at_fault = np.array([INPUT_COLUMNS.index(name) if name else -1 for name in status[0]], np.int8).take(answer.status)
    arrays = [words_of(codes, STATUS), words_of(at_fault, INPUT_COLUMNS, at_fault >= 0)]
    for name in schema.names[2:]:
        if name == WARNINGS_COLUMN:
            arrays.append(warning_column(answer))
        elif name in answer.words:
            found = answer.words[name]
            arrays.append(words_of(found, OUTPUTS[name].choices, found >= 0 if name in answer.gaps else None))
        else:
            column = answer.numbers[name]
            # Only NaN differs from itself.
            known = bitmap(np.equal(column, column)) if name in answer.gaps else None
            values = buffers[0].slice(answer.offsets[name], column.nbytes)
            arrays.append(pa.Array.from_buffers(NUMBER, answer.rows, [known, values]))
    return pa.RecordBatch.from_arrays(arrays, schema=schema)


def bitmap(known: NDArray[np.bool_] | None) -> pa.Buffer | None:
    """Return the bitmap of the known rows; None if all are known."""
    return None if known is None else pa.py_buffer(np.packbits(known, bitorder="little"))


def words_of(codes: NDArray[np.int8], choices: tuple[str, ...], known: NDArray[np.bool_] | None = None) -> pa.Array:
    """Return the words with these indices of the choices; null in rows that are not known."""
    indices = pa.Array.from_buffers(pa.int8(), len(codes), [bitmap(known), pa.py_buffer(codes)])
    # Each code is a valid index, so Arrow need not check.
    return pa.DictionaryArray.from_arrays(indices, DICTIONARIES[choices], safe=False)


def warning_column(answer: Answer) -> pa.Array:
    """Return the list of warnings of each row; null if a row has no estimate."""
    assert answer.warnings is not None
    width = max(map(len, answer.patterns), default=0) + 1
    # The index -1 of rows without an estimate finds the last row.
    places = np.full((len(answer.patterns) + 1, width), -1, np.int8)
    for row, pattern in enumerate(answer.patterns):
        places[row, : len(pattern)] = [CODES.index(code) for code in pattern]
    offsets = np.zeros(answer.rows + 1, np.int32)
    np.cumsum((places >= 0).sum(axis=1, dtype=np.int32).take(answer.warnings), out=offsets[1:])
    codes = np.empty(offsets[-1], np.int8)
    for start in range(0, answer.rows, BLOCK_ROWS):
        stop = min(start + BLOCK_ROWS, answer.rows)
        found = places.take(answer.warnings[start:stop], axis=0, mode="wrap").ravel()
        codes[offsets[start] : offsets[stop]] = found.compress(found >= 0)
    values = words_of(codes, CODES)
    known = answer.warnings >= 0
    nulls = None if known.all() else bitmap(known)
    return pa.Array.from_buffers(pa.list_(WORD), answer.rows, [nulls, pa.py_buffer(offsets)], children=[values])


def column_of(name: str, array: pa.Array) -> InputColumn:
    """Return a checked column in the form that the models use."""
    if name in ALL_NUMBERS:
        return InputColumn(*numbers_of(array))
    if array.type == FLAG:
        flags, given = flags_of(array)
        return InputColumn(flags.view(np.int8), given)  # false is the first of the two words
    if not pa.types.is_dictionary(array.type):
        return InputColumn(*places_of(name, array))
    codes, known = places_of(name, array.dictionary)
    if known is False:
        return InputColumn(codes, False)
    places, given = indices_of(array)
    # A row without a word has the index after the end of the dictionary.
    codes = np.append(codes, np.int8(UNKNOWN_WORD)).take(places)
    if known is True:
        return InputColumn(codes, given)
    return InputColumn(codes, np.append(known, False).take(places))


def places_of(name: str, array: pa.Array) -> tuple[NDArray[np.int8], Given]:
    """Return the indices of strings among the choices, -2 for other strings, and the rows that have a string."""
    if pa.types.is_null(array.type):
        return np.empty(0, np.int8), False
    places = pc.index_in(text_of(array), DICTIONARIES[WORDS[ALL_WORDS[name]]].cast(array.type))
    codes = places.fill_null(UNKNOWN_WORD).to_numpy(zero_copy_only=False).astype(np.int8)
    return codes, given_rows(array)


def plain_type(kind: pa.DataType) -> pa.DataType:
    """Return a type with strings in place of a dictionary of them.

    Examples
    --------
    >>> plain_type(pa.list_(pa.dictionary(pa.int8(), pa.string())))
    ListType(list<item: string>)
    """
    if pa.types.is_dictionary(kind):
        return kind.value_type
    return pa.list_(plain_type(kind.value_type)) if pa.types.is_list(kind) else kind


def plain_schema(fields: Sequence[str] | None = None) -> pa.Schema:
    """Return `output_schema` with plain strings."""
    schema = output_schema(fields)
    return pa.schema([field.with_type(plain_type(field.type)) for field in schema], metadata=schema.metadata)


def estimate_plain_batch(batch: pa.RecordBatch, fields: Sequence[str] | None = None) -> pa.RecordBatch:
    """Return the answer of `estimate_batch` with plain strings."""
    return estimate_batch(batch, fields).cast(plain_schema(fields))


def keys_of(key: str | Sequence[str], fields: Sequence[str] | None) -> list[str]:
    """Return the names of key columns; raise if one is repeated, or has the name of a column of the answer.

    Examples
    --------
    >>> keys_of("run_id", None), keys_of(["person", "day"], ["forward_met"])
    (['run_id'], ['person', 'day'])
    """
    names = [key] if isinstance(key, str) else list(key)
    if not names or len(set(names)) < len(names):
        raise Conflict("key", "Name one or more columns, each once.", "not_unique")
    if taken := [name for name in names if name in output_schema(fields).names]:
        raise Conflict("key", f"The answer has a column {taken[0]} too. Rename it in your table.", "not_unique")
    return names


def needed_columns(columns: Sequence[str], keys: Sequence[str]) -> tuple[list[str], list[str]]:
    """Return which columns of a table are inputs, and these with the keys, each once; raise if one is missing."""
    if missing := [name for name in keys if name not in columns]:
        raise Missing("key", f"The table has no column {missing[0]}.")
    inputs = [name for name in columns if name in INPUT_COLUMNS]
    check_schema(pa.schema([input_schema().field(name) for name in inputs]))
    return inputs, list(dict.fromkeys((*keys, *inputs)))


def estimate_keyed_batch(
    batch: pa.RecordBatch, key: str | Sequence[str], fields: Sequence[str] | None = None
) -> pa.RecordBatch:
    """Estimate every row of a batch, and keep its key.

    Parameters
    ----------
    batch : pyarrow.RecordBatch
        Bouts, with columns of `input_schema`, key columns of any type, and any other columns.
    key : str or sequence of str
        Columns that are copied exactly. An input may be a key too.
    fields : sequence of str, optional
        Columns of `output_schema` to compute; all by default.

    Returns
    -------
    pyarrow.RecordBatch
        The key, then the answer of `estimate_plain_batch`.

    Raises
    ------
    Conflict
        A key is missing, repeated or also a column of the answer, an input is missing or has a wrong type, or a field
        is unknown.

    Examples
    --------
    >>> bouts = {"run": [7], "body_mass_kg": [70.0], "speed_m_s": [2.5], "duration_s": [1200.0], "note": ["x"]}
    >>> estimate_keyed_batch(pa.RecordBatch.from_pydict(bouts), "run", ["forward_met"]).schema.names
    ['run', 'status', 'status_field', 'forward_met']
    """
    keys = keys_of(key, fields)
    inputs, _ = needed_columns(batch.schema.names, keys)
    answer = estimate_plain_batch(batch.select(inputs), fields)
    schema = pa.schema([*(batch.schema.field(name) for name in keys), *answer.schema])
    return pa.RecordBatch.from_arrays([*(batch[name] for name in keys), *answer.columns], schema=schema)
