"""Parquet files joined without decoding them: their bytes one after the other, and one footer for all.

A footer is one struct in Thrift's compact protocol. It is read as it stands, field by field, so that whatever a writer
put there is kept; only the places of columns move. Fields are named as in parquet.thrift.
"""

import os
import struct
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO, Final

MAGIC: Final = b"PAR1"
TAIL: Final = struct.Struct("<I4s")
"""Length of the footer, and the magic again."""

TRUE, FALSE, BYTE, I16, I32, I64, DOUBLE, BINARY, LIST, SET, MAP, STRUCT = range(1, 13)
INTEGERS: Final = frozenset({I16, I32, I64})
LONG_LIST: Final = 15
SIGN: Final = 63
MORE: Final = 0x80
"""Bit of a byte that says that a number goes on."""
AT_ONCE: Final = 1 << 20

NUM_ROWS, ROW_GROUPS = 3, 4
COLUMNS, ROW_GROUP_FILE_OFFSET, ORDINAL = 1, 5, 7
CHUNK_FILE_OFFSET, META_DATA, OFFSET_INDEX_OFFSET, COLUMN_INDEX_OFFSET = 2, 3, 4, 6
DATA_PAGE_OFFSET, INDEX_PAGE_OFFSET, DICTIONARY_PAGE_OFFSET, BLOOM_FILTER_OFFSET = 9, 10, 11, 14

Struct = dict[int, tuple[int, Any]]
"""The fields of a struct by number: the type and the value of each."""


class Reader:
    """Values of the compact protocol, one after the other."""

    def __init__(self, content: bytes) -> None:
        self.content = content
        self.place = 0

    def take(self, length: int) -> bytes:
        """Return the next bytes."""
        taken = self.content[self.place : self.place + length]
        if len(taken) < length:
            raise ValueError("the footer of a Parquet file ends too early")
        self.place += length
        return taken

    def varint(self) -> int:
        """Return an unsigned number of seven bits a byte."""
        value = shift = 0
        while True:
            byte = self.take(1)[0]
            value |= (byte & ~MORE) << shift
            if byte < MORE:
                return value
            shift += 7

    def integer(self) -> int:
        """Return a signed number, its sign in the last bit."""
        value = self.varint()
        return value >> 1 ^ -(value & 1)

    def value(self, kind: int) -> Any:
        """Return a value of a type."""
        if kind in INTEGERS:
            return self.integer()
        if kind == BINARY:
            return self.take(self.varint())
        if kind == STRUCT:
            return self.struct()
        if kind in (LIST, SET):
            size, inner = divmod(self.take(1)[0], 16)
            count = self.varint() if size == LONG_LIST else size
            return inner, [self.value(inner) for _ in range(count)]
        if kind in (TRUE, FALSE, BYTE):
            return self.take(1)  # an element of a list; in a field the type is the value
        if kind == DOUBLE:
            return self.take(8)
        raise ValueError("the footer of a Parquet file holds what Parquet does not have")

    def struct(self) -> Struct:
        """Return a struct."""
        fields: Struct = {}
        number = 0
        while head := self.take(1)[0]:
            step, kind = divmod(head, 16)
            number = number + step if step else self.integer()
            fields[number] = kind, None if kind in (TRUE, FALSE) else self.value(kind)
        return fields


def varint(value: int) -> bytes:
    """Return an unsigned number, seven bits a byte.

    Examples
    --------
    >>> varint(300).hex()
    'ac02'
    """
    written = bytearray()
    while value >= MORE:
        written.append(value % MORE | MORE)
        value >>= 7
    written.append(value)
    return bytes(written)


def integer(value: int) -> bytes:
    """Return a signed number, its sign in the last bit."""
    return varint(value << 1 ^ value >> SIGN)


def list_head(kind: int, count: int) -> bytes:
    """Return what stands before the elements of a list."""
    return bytes([count << 4 | kind]) if count < LONG_LIST else bytes([LONG_LIST << 4 | kind]) + varint(count)


def encoded(kind: int, value: Any) -> bytes:
    """Return a value of a type as its bytes."""
    if kind in INTEGERS:
        return integer(value)
    if kind == BINARY:
        return varint(len(value)) + bytes(value)
    if kind == STRUCT:
        return encoded_struct(value)
    if kind in (LIST, SET):
        inner, values = value
        return list_head(inner, len(values)) + b"".join(encoded(inner, element) for element in values)
    return bytes(value or b"")


def encoded_struct(fields: Struct, raw: dict[int, bytes] | None = None) -> bytes:
    """Return a struct as its bytes; a field in `raw` has those."""
    parts: list[bytes] = []
    before = 0
    for number, (kind, value) in sorted(fields.items()):
        step = number - before
        parts.append(bytes([step << 4 | kind]) if step < LONG_LIST + 1 else bytes([kind]) + integer(number))
        parts.append(raw[number] if raw and number in raw else encoded(kind, value))
        before = number
    return b"".join(parts) + b"\0"


def move(fields: Struct, numbers: Iterable[int], shift: int) -> None:
    """Move places in a file; 0 is none."""
    for number in numbers:
        if number in fields and fields[number][1]:
            kind, place = fields[number]
            fields[number] = kind, place + shift


def moved(row_group: Struct, shift: int) -> bytes:
    """Return a row group as its bytes, further on in a file."""
    move(row_group, [ROW_GROUP_FILE_OFFSET], shift)
    row_group.pop(ORDINAL, None)
    for chunk in row_group[COLUMNS][1][1]:
        move(chunk, (CHUNK_FILE_OFFSET, OFFSET_INDEX_OFFSET, COLUMN_INDEX_OFFSET), shift)
        move(
            chunk[META_DATA][1],
            (DATA_PAGE_OFFSET, INDEX_PAGE_OFFSET, DICTIONARY_PAGE_OFFSET, BLOOM_FILTER_OFFSET),
            shift,
        )
    return encoded_struct(row_group)


def footer_of(file: BinaryIO) -> tuple[Struct, int]:
    """Return the footer of a Parquet file, and where it begins."""
    end = file.seek(-TAIL.size, os.SEEK_END)
    length, magic = TAIL.unpack(file.read(TAIL.size))
    if magic != MAGIC or length > end:
        raise ValueError("not a whole Parquet file")
    start = file.seek(end - length)
    return Reader(file.read(length)).struct(), start


def join_parquet(parts: Iterable[Path], target: BinaryIO) -> None:
    """Write Parquet files of the same columns as one, row groups in the order of the files.

    Parameters
    ----------
    parts : iterable of Path
        The files, at least one. A footer is held in memory for one of them at a time.
    target : binary file
        Where the one is written, from its start.
    """
    first: Struct = {}
    groups: list[bytes] = []
    rows = 0
    target.write(MAGIC)
    for part in parts:
        with part.open("rb") as file:
            footer, end = footer_of(file)
            shift = target.tell() - len(MAGIC)
            file.seek(len(MAGIC))
            copy(file, target, end - len(MAGIC))
        first = first or footer
        rows += footer[NUM_ROWS][1]
        groups += [moved(row_group, shift) for row_group in footer[ROW_GROUPS][1][1]]
    first[NUM_ROWS] = I64, rows
    footer_bytes = encoded_struct(first, {ROW_GROUPS: list_head(STRUCT, len(groups)) + b"".join(groups)})
    target.write(footer_bytes)
    target.write(TAIL.pack(len(footer_bytes), MAGIC))


def copy(file: BinaryIO, target: BinaryIO, length: int) -> None:
    """Copy a number of bytes."""
    while length:
        content = file.read(min(length, AT_ONCE))
        if not content:
            raise ValueError("a part ended while it was copied")
        target.write(content)
        length -= len(content)
