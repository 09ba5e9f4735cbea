"""Split an Arrow stream into its messages, before native code reads it."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from starlette.responses import Response

from retrorun.app.http.limits import MAXIMUM_BODY_BYTES
from retrorun.app.http.problems import from_estimate_error, problem
from retrorun.models.vocabulary.errors import Conflict, EstimateError

CONTINUATION: Final = b"\xff\xff\xff\xff"
WORD_BYTES: Final = len(CONTINUATION)
END: Final = CONTINUATION + bytes(WORD_BYTES)

VERSION, HEADER_TYPE, HEADER, BODY_LENGTH = 0, 1, 2, 3
"""Fields of a message."""
VERSIONS: Final = {3, 4}
"""Supported versions of the format, V4 and V5."""
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
"""Types of a message."""
ENDIANNESS, FIELDS, DICTIONARY_OF_FIELD = 0, 1, 4
"""Fields of a schema, and of one of its fields."""
NUMBER_OF_DICTIONARY, BATCH_OF_DICTIONARY, ADDS_TO_DICTIONARY = 0, 1, 2
"""Fields of a dictionary."""
ROWS, NODES, BUFFERS, COMPRESSION = 0, 1, 2, 3
"""Fields of a batch."""
MAXIMUM_ITEMS: Final = 64
"""Most columns or buffers of a message that are read: more than all inputs have."""


class Malformed(Exception):
    """The body is not a stream of Arrow."""


class TooLarge(Exception):
    """A message, or the dictionaries together, are too large to hold."""


class Header(NamedTuple):
    """The header of a message."""

    kind: int
    length: int
    """Bytes of the body."""
    dictionary: int | None = None
    """Number of the dictionary that the message defines or extends."""
    adds: bool = False
    rows: int = 0
    nodes: tuple[tuple[int, ...], ...] = ()
    """Length, and number of nulls, of each column."""
    buffers: tuple[tuple[int, ...], ...] = ()
    """Offset in the body, and length, of each buffer."""
    numbers: tuple[int | None, ...] = ()
    """For a schema, the number of the dictionary of each column, if it has one."""


class Message(NamedTuple):
    """One message of a stream: a schema, a dictionary or a batch."""

    header: Header
    data: bytearray
    """The whole message, which ends with its body."""


class Table:
    """A flatbuffers table at an offset of a message."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data = data
        self.place = place
        self.fields = place - struct.unpack_from("<i", data, place)[0]

    def offset(self, field: int) -> int:
        """Return the offset of a field, or 0 if it is omitted."""
        here = WORD_BYTES + field * (WORD_BYTES // 2)
        if here >= struct.unpack_from("<H", self.data, self.fields)[0]:
            return 0
        offset: int = struct.unpack_from("<H", self.data, self.fields + here)[0]
        return self.place + offset if offset else 0

    def number(self, field: int, form: str) -> int:
        """Return a field that is a number, or 0 if it is omitted."""
        here = self.offset(field)
        return int(struct.unpack_from(form, self.data, here)[0]) if here else 0

    def table(self, field: int) -> "Table":
        """Return a field that is a table; raise if it is omitted."""
        here = self.offset(field)
        if not here:
            raise Malformed
        return Table(self.data, here + struct.unpack_from("<I", self.data, here)[0])

    def vector(self, field: int, form: str) -> tuple[tuple[int, ...], ...]:
        """Return a field that is a list of numbers, or of structs of numbers."""
        start, count = self.start(field)
        size = struct.calcsize(form)
        return tuple(struct.unpack_from(form, self.data, start + place * size) for place in range(count))

    def tables(self, field: int) -> list["Table"]:
        """Return a field that is a list of tables."""
        start, _ = self.start(field)
        offsets = self.vector(field, "<I")
        return [Table(self.data, start + place * WORD_BYTES + offset) for place, (offset,) in enumerate(offsets)]

    def start(self, field: int) -> tuple[int, int]:
        """Return the offset of the first element of a list, and the number of elements."""
        here = self.offset(field)
        if not here:
            return 0, 0
        here += struct.unpack_from("<I", self.data, here)[0]
        return here + WORD_BYTES, min(MAXIMUM_ITEMS, struct.unpack_from("<I", self.data, here)[0])


class Messages:
    """Splits the bytes that have arrived into messages.

    Parameters
    ----------
    limit : int
        Largest message [bytes].
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = bytearray()
        self.ended = False
        self.known: Header | None = None  # The header of a message whose body is still arriving.

    def feed(self, data: bytes) -> Iterator[Message]:
        """Add data and yield the messages that are complete now."""
        self.held += data
        while not self.ended and (message := self.next()):
            yield message
        if self.ended and self.held:
            raise Malformed  # Otherwise it is held forever, or the rows of a second stream are lost.

    def next(self) -> Message | None:
        """Return the next message, or None if it is not complete."""
        held = self.held
        start = 2 * WORD_BYTES
        if held[:WORD_BYTES] != CONTINUATION[: len(held)]:
            raise Malformed
        if len(held) < start:
            return None
        size = struct.unpack_from("<I", held, WORD_BYTES)[0]
        if size == 0:
            self.ended = True
            del held[:start]
            return None
        if size > min(self.limit, MAXIMUM_BODY_BYTES):
            raise TooLarge
        if len(held) < start + size:
            return None
        if self.known is None:
            try:
                self.known = header(bytes(held[start : start + size]))
            except struct.error:
                raise Malformed from None
        if not 0 <= self.known.length <= self.limit:
            raise TooLarge
        whole = start + size + self.known.length
        if len(held) < whole:
            return None
        # Move the rest, not the message, which can be long.
        message = Message(self.known, held)
        self.held = held[whole:]
        del held[whole:]
        self.known = None
        return message


def header(metadata: bytes) -> Header:
    """Return the header of a message; raise if its body is compressed or big-endian."""
    message = Table(metadata, struct.unpack_from("<I", metadata)[0])
    kind, length = message.number(HEADER_TYPE, "<B"), message.number(BODY_LENGTH, "<q")
    if message.number(VERSION, "<h") not in VERSIONS:
        raise Malformed
    if kind == SCHEMA:
        schema = message.table(HEADER)
        if schema.number(ENDIANNESS, "<h"):
            raise Conflict("", "Send the lowest byte of a number first (little-endian).", "big_endian")
        return Header(kind, length, numbers=tuple(map(dictionary_of, schema.tables(FIELDS))))
    if kind not in {DICTIONARY, BATCH}:
        raise Malformed
    batch, dictionary, adds = message.table(HEADER), None, False
    if kind == DICTIONARY:
        dictionary, adds = batch.number(NUMBER_OF_DICTIONARY, "<q"), bool(batch.number(ADDS_TO_DICTIONARY, "<B"))
        batch = batch.table(BATCH_OF_DICTIONARY)
    if batch.offset(COMPRESSION):
        raise Conflict("", "Send record batches without compression.", "compressed")
    rows = batch.number(ROWS, "<q")
    return Header(kind, length, dictionary, adds, rows, batch.vector(NODES, "<qq"), batch.vector(BUFFERS, "<qq"))


def dictionary_of(field: Table) -> int | None:
    """Return the number of the dictionary of a column, or None if it has none."""
    if not field.offset(DICTIONARY_OF_FIELD):
        return None
    return field.table(DICTIONARY_OF_FIELD).number(NUMBER_OF_DICTIONARY, "<q")


def problem_of(error: Exception) -> Response:
    """Return the problem of a stream that raised this error."""
    if isinstance(error, EstimateError):
        return from_estimate_error(error)
    if isinstance(error, TooLarge):
        return problem(413, detail="A record batch or the dictionaries are too large: send smaller batches.")
    if isinstance(error, ImportError):
        detail = "This server cannot read Arrow: its operator can install retrorun[bulk]."
        return problem(503, code="not_installed", detail=detail)
    return problem(400, code="table", detail="The body is not a valid Arrow stream.")
