"""A stream of Arrow cut into its messages, before anything that is not Python reads it."""

import struct
from collections.abc import Iterator
from typing import Final, NamedTuple

from starlette.responses import Response

from app.guard import MAXIMUM_BODY_BYTES
from app.problems import from_estimate_error, problem
from models.errors import Conflict, EstimateError

CONTINUATION: Final = b"\xff\xff\xff\xff"
WORD_BYTES: Final = len(CONTINUATION)
END: Final = CONTINUATION + bytes(WORD_BYTES)

HEADER_TYPE, HEADER, BODY_LENGTH = 1, 2, 3
"""Fields of a message."""
SCHEMA, DICTIONARY, BATCH = 1, 2, 3
"""Types of a message."""
NUMBER_OF_DICTIONARY, BATCH_OF_DICTIONARY, ADDS_TO_DICTIONARY = 0, 1, 2
"""Fields of a dictionary."""
COMPRESSION = 3
"""Field of a batch."""


class Malformed(Exception):
    """Not a stream of Arrow."""


class TooLarge(Exception):
    """A message, or the dictionaries together, are beyond what is held."""


class Message(NamedTuple):
    """One message of a stream: a schema, a dictionary or a batch."""

    kind: int
    data: bytearray
    dictionary: int | None = None
    """Number of the dictionary that it is; None where it only adds to one."""


class Table:
    """A place in a message where a group of fields begins, as flatbuffers keep them."""

    def __init__(self, data: bytes, place: int) -> None:
        self.data = data
        self.place = place
        self.fields = place - struct.unpack_from("<i", data, place)[0]

    def offset(self, field: int) -> int:
        """Return where a field is, or 0 where it is left out."""
        here = WORD_BYTES + field * (WORD_BYTES // 2)
        if here >= struct.unpack_from("<H", self.data, self.fields)[0]:
            return 0
        offset: int = struct.unpack_from("<H", self.data, self.fields + here)[0]
        return self.place + offset if offset else 0

    def number(self, field: int, form: str) -> int:
        """Return a field that is a number."""
        here = self.offset(field)
        return int(struct.unpack_from(form, self.data, here)[0]) if here else 0

    def table(self, field: int) -> "Table":
        """Return a field that is a group of fields."""
        here = self.offset(field)
        if not here:
            raise Malformed
        return Table(self.data, here + struct.unpack_from("<I", self.data, here)[0])


class Messages:
    """What has arrived, cut into messages.

    Parameters
    ----------
    limit : int
        Largest message [bytes].
    """

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.held = bytearray()
        self.ended = False
        self.known: tuple[int, int, int | None] | None = None  # The header of a message whose body is still arriving.

    def take(self, data: bytes) -> Iterator[Message]:
        """Yield the messages that are whole now."""
        self.held += data
        while not self.ended and (message := self.next()):
            yield message
        if self.ended and self.held:
            raise Malformed  # Else it would be held without end, or rows of a second stream be lost.

    def next(self) -> Message | None:
        """Return the next message, or None where it has not arrived whole."""
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
        kind, length, dictionary = self.known
        if not 0 <= length <= self.limit:
            raise TooLarge
        whole = start + size + length
        if len(held) < whole:
            return None
        # What follows is moved, and not the message, which may be long.
        self.held = held[whole:]
        del held[whole:]
        self.known = None
        return Message(kind, held, dictionary)


def header(metadata: bytes) -> tuple[int, int, int | None]:
    """Return a message's type, the length of its body and which dictionary it is; raise where it is compressed."""
    message = Table(metadata, struct.unpack_from("<I", metadata)[0])
    kind, length = message.number(HEADER_TYPE, "<B"), message.number(BODY_LENGTH, "<q")
    dictionary = None
    if kind in {DICTIONARY, BATCH}:
        batch = message.table(HEADER)
        if kind == DICTIONARY:
            dictionary = None if batch.number(ADDS_TO_DICTIONARY, "<B") else batch.number(NUMBER_OF_DICTIONARY, "<q")
            batch = batch.table(BATCH_OF_DICTIONARY)
        if batch.offset(COMPRESSION):
            raise Conflict("", "Send record batches without compression.", "compressed")
    return kind, length, dictionary


def problem_of(error: Exception) -> Response:
    """Return the problem of a stream that was not answered."""
    if isinstance(error, EstimateError):
        return from_estimate_error(error)
    if isinstance(error, TooLarge):
        return problem(413, detail="A record batch, or the dictionaries together, are too large: send smaller batches.")
    if isinstance(error, ImportError):
        return problem(503, detail="Arrow is not read here: whoever runs this adds the extra retrorun[bulk].")
    return problem(400, detail="The body is no well-formed stream of Arrow.")
