"""A table of bouts of any length: record batches of Arrow in, record batches out, as they arrive.

The body is taken apart message by message, so that no more than one is held; each batch is computed in a thread, and
its answer is sent before the next one is looked at. A client has to read while it sends.
"""

import io
import struct
from collections.abc import AsyncIterator, Iterator, Sequence
from functools import cache
from typing import Annotated, Any, Final, NamedTuple

from anyio import CapacityLimiter, to_thread
from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from app.contract import problems
from app.fields import checked_fields
from app.guard import MAXIMUM_BODY_BYTES, PART_BYTES, Refused
from app.outgoing import outgoing, write
from app.problems import from_estimate_error, problem
from app.settings import Settings
from models.errors import Conflict, EstimateError

ANSWERED_ROWS: Final = 32_768
"""Most rows of an answered batch, which a caller has to hold at once: 40 MB with every column."""
ARROW: Final = "application/vnd.apache.arrow.stream"
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

router = APIRouter(tags=["estimate"])


class Malformed(Exception):
    """Not a stream of Arrow."""


class TooLarge(Exception):
    """A message, or the dictionaries together, are beyond what is held."""


class Message(NamedTuple):
    """One message of a stream: a schema, a dictionary or a batch."""

    kind: int
    data: bytes
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
        if size > self.limit:
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
        message = Message(kind, bytes(held[:whole]), dictionary)
        del held[:whole]
        self.known = None
        return message


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


class Pieces(io.RawIOBase):
    """A file that is taken away piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        """Say that it can be written."""
        return True

    def write(self, data: Any) -> int:
        """Write."""
        self.pieces.append(bytes(data))
        return len(self.pieces[-1])

    def taken(self) -> bytes:
        """Return what was written since it was last asked."""
        data = b"".join(self.pieces)
        self.pieces.clear()
        return data


class Answering:
    """The answer to one stream: its messages in, the bytes of their answers out.

    Parameters
    ----------
    fields : sequence of str, optional
        Columns of the answer.
    limit : int
        Largest size of the schema and the dictionaries together, which are read anew with every batch [bytes].
    """

    def __init__(self, fields: Sequence[str] | None, limit: int = MAXIMUM_BODY_BYTES) -> None:
        import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import

        from app.record_batches import check_schema, estimate_batch, output_schema  # noqa: PLC0415 - needs it

        self.arrow, self.check, self.estimate = pa, check_schema, estimate_batch
        self.fields, self.limit = fields, limit
        self.before: list[Message] = []  # The schema and the dictionaries, which every batch is read with.
        self.sink = Pieces()
        self.writer = pa.ipc.new_stream(self.sink, output_schema(fields))

    def take(self, message: Message) -> Iterator[bytes]:
        """Yield the answer to a message, a block of rows at a time."""
        if (message.kind == SCHEMA) == bool(self.before) or message.kind not in {SCHEMA, DICTIONARY, BATCH}:
            raise Malformed
        if message.kind == BATCH:
            batch = self.read([*self.before, message]).read_next_batch()
            if batch.num_rows > len(message.data):
                raise TooLarge  # Columns that are null throughout may have any number of rows in no bytes at all.
            # What a client says of lengths and places is not believed.
            batch.validate(full=True)
            for start in range(0, batch.num_rows, ANSWERED_ROWS):
                self.writer.write_batch(self.estimate(batch.slice(start, ANSWERED_ROWS), self.fields))
                yield self.sink.taken()
            return
        if message.dictionary is not None:
            self.before = [known for known in self.before if known.dictionary != message.dictionary]
        self.before.append(message)
        if message.kind == SCHEMA:
            self.check(self.read(self.before).schema)
        if sum(len(known.data) for known in self.before) > self.limit:
            raise TooLarge

    def read(self, messages: list[Message]) -> Any:
        """Return a reader of some messages."""
        data = b"".join([*(message.data for message in messages), END])
        return self.arrow.ipc.open_stream(self.arrow.py_buffer(data))

    def end(self) -> bytes:
        """Return the end of the answer."""
        if not self.before:
            raise Malformed
        self.writer.close()
        return self.sink.taken()


class TableResponse(Response):
    """The answer to a stream, sent while that arrives; a problem where one is found before anything was sent."""

    def __init__(self, fields: Sequence[str] | None) -> None:
        super().__init__(media_type=ARROW)
        self.fields = fields
        self.started = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        try:
            limit = scope.get(PART_BYTES) or Settings().maximum_upload_bytes
            async for piece in self.answers(receive, limit):
                await self.start(send)
                with outgoing.counted(len(piece)):
                    await write(send, piece, more=True)
            await send({"type": "http.response.body", "body": b""})
        except (Malformed, TooLarge, EstimateError, ImportError) as error:
            if self.started:
                raise Refused("table") from None
            await closing(problem_of(error))(scope, receive, send)

    async def start(self, send: Send) -> None:
        """Send the headers, once."""
        if not self.started:
            self.started = True
            headers = [(b"content-type", ARROW.encode())]
            await send({"type": "http.response.start", "status": 200, "headers": headers})

    async def answers(self, receive: Receive, limit: int) -> AsyncIterator[bytes]:
        """Yield the answer as the body arrives."""
        answering = await to_thread.run_sync(Answering, self.fields, limiter=threads())
        messages = Messages(limit)
        more = True
        while more:
            received = await receive()
            if received["type"] == "http.disconnect":
                raise ClientDisconnect
            more = received.get("more_body", False)
            for message in messages.take(received.get("body", b"")):
                pieces = answering.take(message)
                while piece := await self.next_piece(answering, pieces):
                    yield piece
        if messages.held:
            raise Malformed
        yield answering.end()

    async def next_piece(self, answering: Answering, pieces: Iterator[bytes]) -> bytes:
        """Return the next piece of an answer, computed in a thread once there is room for it; or nothing."""
        async with threads():
            await outgoing.room()
            return await to_thread.run_sync(self.piece, answering, pieces)

    @staticmethod
    def piece(answering: Answering, pieces: Iterator[bytes]) -> bytes:
        """Return the next piece of an answer, or nothing."""
        try:
            return next(pieces, b"")
        except (answering.arrow.ArrowException, OSError, UnicodeDecodeError):
            raise Malformed from None


def closing(answer: Response) -> Response:
    """Return an answer after which the connection closes: what is still to come is not waited for."""
    answer.headers["connection"] = "close"
    return answer


def problem_of(error: Exception) -> Response:
    """Return the problem of a stream that was not answered."""
    if isinstance(error, EstimateError):
        return from_estimate_error(error)
    if isinstance(error, TooLarge):
        return problem(413, detail="A record batch, or the dictionaries together, are too large: send smaller batches.")
    if isinstance(error, ImportError):
        return problem(503, detail="Arrow is not read here: whoever runs this adds the extra retrorun[bulk].")
    return problem(400, detail="The body is no well-formed stream of Arrow.")


@cache
def threads() -> CapacityLimiter:
    """Return what limits the threads that compute: one, so that the memory is that of a few blocks."""
    return CapacityLimiter(1)


STREAM: Final = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "/estimate/table",
    operation_id="estimate_table",
    summary="Estimate a table of bouts of any length, as a stream of Arrow",
    response_class=Response,
    responses={
        200: {"description": "One row for each, in the same order.", "content": {ARROW: STREAM}},
        **problems(400, 406, 413, 415, 422, 500),
    },
    openapi_extra={"requestBody": {"required": True, "content": {ARROW: STREAM}}},
)
async def table(
    request: Request,
    fields: Annotated[
        str,
        Query(description="Columns of the answer, separated by commas; all when left out.", examples=["forward_met"]),
    ] = "",
) -> Response:
    """Send record batches with the inputs of POST /estimate as columns; a null is what is left out.

    Use it for a table of any length, from a program that has Arrow; for up to 10 000 bouts in JSON, POST
    /estimate/batch. The answer comes batch by batch while the body arrives: read while you send. `status` of a row is
    ok or the code of its problem, `status_field` the input at fault; what is unknown is null. Each field of the
    answer's schema says what it means and, as `ucum`, its unit. Record batches may not be compressed. A body that
    turns out malformed after the answer has begun ends in an answer that breaks off.
    """
    accept = request.headers.get("accept", "*/*")
    if not any(kind in accept for kind in (ARROW, "*/*", "application/*")):
        return closing(problem(406, detail=f"Accept {ARROW}."))
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != ARROW:
        return closing(problem(415, detail=f"Send the body as {ARROW}."))
    try:
        return TableResponse(checked_fields(fields.split(",")) if fields else None)
    except EstimateError as error:
        return closing(problem_of(error))
