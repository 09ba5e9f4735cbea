"""Checks of Arrow columns before native code reads them: types, lengths, offsets, and values under nulls.

No claim of a column is trusted. The `validate` of Arrow does not check the values under nulls, but its kernels read
them. So NumPy, which knows the length of each buffer, reads the columns here, or they become plain strings first.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple, TypeAlias

import numpy as np
import pyarrow as pa
from numpy.typing import DTypeLike, NDArray

BITS: Final = 8
"""Bits of a byte. Each shows whether one row has a value."""
LIMB: Final = 64
"""Bits of the parts of a wide decimal."""
DIGITS: Final = {4: 9, 8: 18, 16: 38, 32: 76}
"""Most digits of a decimal, by its bytes. Arrow allows larger scales, and then reads past its tables of powers."""

Given: TypeAlias = bool | NDArray[np.bool_]
"""The rows that have a value."""


class Parts(NamedTuple):
    """The description of the columns in a message."""

    rows: int
    nodes: Sequence[Sequence[int]]
    """Length, and number of nulls, of each column."""
    buffers: Sequence[Sequence[int]]
    """Offset in the body, and length, of each buffer."""


def is_number(kind: pa.DataType) -> bool:
    """Return whether a column of this type is read as numbers."""
    if pa.types.is_decimal(kind):
        return bool(abs(kind.scale) <= DIGITS[kind.byte_width])
    return any(says(kind) for says in (pa.types.is_floating, pa.types.is_integer, pa.types.is_null))


def is_text(kind: pa.DataType) -> bool:
    """Return whether a column of this type is read as words."""
    if pa.types.is_dictionary(kind):
        kind = kind.value_type
    return any(says(kind) for says in (pa.types.is_string, pa.types.is_large_string, pa.types.is_null))


def view(buffer: pa.Buffer | None, kind: DTypeLike, start: int, count: int) -> NDArray[Any]:
    """Return `count` values of a buffer from `start`; raise if it has fewer.

    Examples
    --------
    >>> view(pa.py_buffer(bytes([1, 2, 3, 4])), np.uint8, 1, 2)
    array([2, 3], dtype=uint8)
    """
    size = np.dtype(kind).itemsize
    if count == 0:
        return np.empty(0, kind)
    if buffer is None or min(start, count) < 0 or (start + count) * size > buffer.size:
        raise pa.ArrowInvalid("A buffer is shorter than its column.")
    return np.frombuffer(buffer, kind, count, start * size)


def given_rows(array: pa.Array) -> Given:
    """Return the rows that have a value; raise if the bitmap is too short or the number of nulls is wrong."""
    bitmap, rows = array.buffers()[0], len(array)
    known: Given = True if bitmap is None else bits_of(bitmap, array.offset, rows)
    if array.null_count != (0 if known is True else rows - np.count_nonzero(known)):
        raise pa.ArrowInvalid("The number of nulls of a column is wrong.")
    return known


def bits_of(buffer: pa.Buffer | None, start: int, count: int) -> NDArray[np.bool_]:
    """Return `count` bits of a buffer from `start`; raise if it has fewer."""
    whole = start // BITS
    bits = np.unpackbits(view(buffer, np.uint8, whole, -(-(start + count) // BITS) - whole), bitorder="little")
    return bits[start % BITS :][:count].view(np.bool_)


def flags_of(array: pa.Array) -> tuple[NDArray[np.bool_], Given]:
    """Return the flags, and the rows that have one; a row without one holds any value.

    Examples
    --------
    >>> flags_of(pa.array([True, None, False])[1:])
    (array([False, False]), array([False,  True]))
    """
    return bits_of(array.buffers()[1], array.offset, len(array)), given_rows(array)


def numbers_of(array: pa.Array) -> tuple[NDArray[np.float64], Given]:
    """Return the numbers, and the rows that have one; a row without one holds any value.

    Examples
    --------
    >>> numbers_of(pa.array([70, None], pa.int16()))
    (array([70.,  0.]), array([ True, False]))
    """
    kind, rows = array.type, len(array)
    if pa.types.is_null(kind):
        return np.empty(0), False
    known = given_rows(array)
    values = array.buffers()[1]
    if pa.types.is_decimal(kind):
        return decimals(view(values, f"V{kind.byte_width}", array.offset, rows), kind.scale), known
    with np.errstate(invalid="ignore"):  # a signalling NaN of a narrower float warns
        return view(values, kind.to_pandas_dtype(), array.offset, rows).astype(np.float64, copy=False), known


def decimals(values: NDArray[Any], scale: int) -> NDArray[np.float64]:
    """Return decimals of any width as floats: integers in two's complement, lowest byte first, times a power of ten.

    Examples
    --------
    >>> decimals(np.array([-25, 1]).view("V8"), 1)
    array([-2.5,  0.1])
    """
    width = values.dtype.itemsize
    if width * BITS <= LIMB:
        whole = values.view(f"i{width}").astype(np.float64)
    else:
        limbs = np.ascontiguousarray(values).view(np.uint64).reshape(len(values), width * BITS // LIMB).T
        negative = limbs[-1] >> np.uint64(LIMB - 1) > 0
        whole, carry = np.zeros(len(values)), negative
        for place, limb in enumerate(limbs):
            # Negate a negative number: invert each bit and add one.
            positive = np.where(negative, ~limb, limb) + carry
            carry = carry & (positive == 0)
            whole += positive * 2.0 ** (place * LIMB)
        whole = np.where(negative, -whole, whole)
    power = float(10 ** abs(scale))
    return whole / power if scale >= 0 else whole * power


def text_of(array: pa.Array) -> pa.Array:
    """Return strings as a new array without nulls; raise if an offset is outside the data.

    Examples
    --------
    >>> text_of(pa.array(["run", None, "walk"])[1:]).to_pylist()
    ['', 'walk']
    """
    if len(array) == 0:
        return pa.array([], array.type)
    _, offsets, data = array.buffers()
    kind = np.int64 if pa.types.is_large_string(array.type) else np.int32
    places = view(offsets, kind, array.offset, len(array) + 1)
    size = 0 if data is None else data.size
    if places[0] < 0 or places[-1] > size or (places[1:] < places[:-1]).any():
        raise pa.ArrowInvalid("A string is outside its data.")
    aligned = pa.py_buffer(np.require(places, requirements=["A", "C"]))
    return pa.Array.from_buffers(array.type, len(array), [None, aligned, data or pa.py_buffer(b"")], 0)


def indices_of(array: pa.DictionaryArray) -> tuple[NDArray[np.intp], Given]:
    """Return the index of each word in the dictionary of a column; a null has the index after the last one."""
    size, known = len(array.dictionary), given_rows(array)
    found = view(array.buffers()[1], array.type.index_type.to_pandas_dtype(), array.offset, len(array))
    shown = found if known is True else found[known]
    if shown.size and not (shown.min() >= 0 and shown.max() < size):
        raise pa.ArrowInvalid("An index is outside its dictionary.")
    places = found.astype(np.intp, copy=False)
    return places if known is True else np.where(known, places, size), known


def check(array: pa.Array) -> None:
    """Raise if a column of numbers, flags or words is inconsistent."""
    if pa.types.is_dictionary(array.type):
        indices_of(array)
        check(array.dictionary)
    elif is_number(array.type):
        numbers_of(array)
    elif pa.types.is_boolean(array.type):
        flags_of(array)
    else:
        given_rows(array)
        text_of(array)


def buffers_of(kind: pa.DataType) -> int:
    """Return the number of buffers of a column in a message."""
    if pa.types.is_null(kind):
        return 0
    return 3 if pa.types.is_string(kind) or pa.types.is_large_string(kind) else 2


def slice_of(body: pa.Buffer, start: int, length: int) -> pa.Buffer:
    """Return a buffer of a message; raise if part of it is outside."""
    if min(start, length) < 0 or start + length > body.size:
        raise pa.ArrowInvalid("A buffer is outside its message.")
    return body.slice(start, length)


class BatchReader:
    """Builds the record batches of a stream from the buffers in its messages, and checks them.

    Parameters
    ----------
    schema : pyarrow.Schema
        Columns of numbers, flags or words.
    numbers : sequence of int or None
        The number of the dictionary of each column, if it has one.
    """

    def __init__(self, schema: pa.Schema, numbers: Sequence[int | None]) -> None:
        if [number is not None for number in numbers] != [pa.types.is_dictionary(kind) for kind in schema.types]:
            raise pa.ArrowInvalid("The schema is wrong about which columns have dictionaries.")
        self.schema, self.numbers = schema, numbers
        self.kinds = {
            number: kind.value_type for number, kind in zip(numbers, schema.types, strict=True) if number is not None
        }
        self.dictionaries = {number: pa.array([], kind) for number, kind in self.kinds.items()}

    def define(self, number: int, parts: Parts, body: pa.Buffer, *, adds: bool) -> None:
        """Store a dictionary, or add words to one."""
        if number not in self.kinds:
            raise pa.ArrowInvalid("A dictionary belongs to no column.")
        (words,) = self.arrays([self.kinds[number]], [None], parts, body)
        self.dictionaries[number] = pa.concat_arrays([self.dictionaries[number], words]) if adds else words

    def batch(self, parts: Parts, body: pa.Buffer) -> pa.RecordBatch:
        """Return the record batch of a message."""
        arrays = self.arrays(self.schema.types, self.numbers, parts, body)
        batch = pa.RecordBatch.from_arrays(arrays, schema=self.schema)
        batch.validate(full=True)  # checks that words are UTF-8 and that decimals fit their precision
        return batch

    def arrays(
        self, kinds: Sequence[pa.DataType], numbers: Sequence[int | None], parts: Parts, body: pa.Buffer
    ) -> list[pa.Array]:
        """Return the columns of a message."""
        if len(parts.nodes) != len(kinds) or len(parts.buffers) != sum(map(buffers_of, kinds)):
            raise pa.ArrowInvalid("The columns of a message differ from its schema.")
        places = iter(parts.buffers)
        found = []
        for kind, number, (rows, nulls) in zip(kinds, numbers, parts.nodes, strict=True):
            if rows != parts.rows:
                raise pa.ArrowInvalid("A column is longer or shorter than its record batch.")
            buffers = [slice_of(body, *next(places)) for _ in range(buffers_of(kind))]
            array = self.array(kind, number, rows, buffers)
            check(array)
            if buffers and array.null_count != nulls:
                raise pa.ArrowInvalid("The number of nulls of a column is wrong.")
            found.append(array)
        return found

    def array(self, kind: pa.DataType, number: int | None, rows: int, buffers: Sequence[pa.Buffer]) -> pa.Array:
        """Return a column made of these buffers."""
        if not buffers:
            return pa.nulls(rows)
        bitmap, *others = buffers
        buffers = [bitmap if bitmap.size else None, *others]
        if number is None:
            return pa.Array.from_buffers(kind, rows, buffers)
        places = pa.Array.from_buffers(kind.index_type, rows, buffers)
        return pa.DictionaryArray.from_arrays(places, self.dictionaries[number], ordered=kind.ordered, safe=False)
