"""Answers to the record batches of an Arrow stream, one block of rows at a time.

Each function answers one part of a stream, so it can run in any process. The process keeps the last batch, so that
nobody has to send and read it again for each of its blocks.
"""

import io
from collections.abc import Callable, Sequence
from functools import wraps
from http import HTTPStatus
from typing import Any, Final

from starlette.responses import Response

from retrorun.app.formats.arrow_stream import BATCH, END, SCHEMA, Malformed, Messages, TooLarge, problem_of
from retrorun.models.vocabulary.errors import EstimateError

ANSWERED_ROWS: Final = 32_768
"""Most rows of a batch of an answer, which a caller must hold in memory: 40 MB with every column."""
ROWS: Final = "rows"
"""Name of the header with the number of rows of the whole batch."""

kept: dict[str, Any] = {}
"""The last batch read, by the name of its stream and its number in it."""


class Pieces(io.RawIOBase):
    """A file in memory whose content is taken out piece by piece."""

    def __init__(self) -> None:
        self.pieces: list[bytes] = []

    def writable(self) -> bool:
        """Return True: the file can be written."""
        return True

    def write(self, data: Any) -> int:
        """Append data and return its length."""
        self.pieces.append(bytes(data))
        return len(self.pieces[-1])

    def taken(self) -> bytes:
        """Return the data written since the last call."""
        data = b"".join(self.pieces)
        self.pieces.clear()
        return data


def answering(work: Callable[..., Response]) -> Callable[..., Response]:
    """Return a function that turns the errors of a stream into a problem."""

    @wraps(work)
    def answer(*given: Any) -> Response:
        try:
            import pyarrow as pa  # noqa: PLC0415 - optional, and slow to import
        except ImportError as error:
            return problem_of(error)
        try:
            return work(*given)
        except (Malformed, TooLarge, EstimateError) as error:
            return problem_of(error)
        except (pa.ArrowException, OSError, UnicodeDecodeError):
            return problem_of(Malformed())

    return answer


@answering
def begin(fields: Sequence[str] | None, body: bytes) -> Response:
    """Return the schema of the answer to a stream, or the problem of its schema."""
    read(body)
    sink, writes = writer(fields)
    writes.close()
    return Response(sink.taken().removesuffix(END))


@answering
def block(fields: Sequence[str] | None, name: str, place: int, first: bool, body: bytes) -> Response:
    """Return the answer to a block of rows, as messages of Arrow.

    Parameters
    ----------
    fields : sequence of str, optional
        Columns of the answer.
    name : str
        Name of the batch.
    place : int
        First row of the block.
    first : bool
        Whether this is the first batch of its stream. Then the schema and the dictionaries come before the rows.
    body : bytes
        A stream of the schema, the dictionaries and the batch; or nothing, if it was sent before.

    Returns
    -------
    Response
        The messages, and in a header the number of rows of the whole batch; 410 if the batch is not kept any more.
    """
    from retrorun.app.formats.record_batches import estimate_batch  # noqa: PLC0415 - optional

    if body:
        kept.clear()
        kept[name] = read(body)
    elif name not in kept:
        return Response(status_code=HTTPStatus.GONE)
    batch = kept[name]
    sink, writes = writer(fields)
    if place or not first:
        # The schema and the dictionaries were sent with the first rows.
        writes.write_batch(estimate_batch(batch.slice(0, 0), fields))
        sink.taken()
    writes.write_batch(estimate_batch(batch.slice(place, ANSWERED_ROWS), fields))
    if place + ANSWERED_ROWS >= batch.num_rows:
        kept.clear()
    return Response(sink.taken(), headers={ROWS: str(batch.num_rows)})


def read(body: bytes) -> Any:
    """Return the record batch of a stream that has at most one; raise if anything in it is inconsistent."""
    import pyarrow as pa  # noqa: PLC0415 - optional

    from retrorun.app.formats.arrow_checks import BatchReader, Parts  # noqa: PLC0415 - optional
    from retrorun.app.formats.record_batches import check_schema  # noqa: PLC0415 - optional

    reader: BatchReader | None = None
    for message in Messages(len(body)).feed(body):
        found, data = message.header, pa.py_buffer(message.data)
        if found.rows > len(message.data):
            raise TooLarge  # Columns of nulls can have any number of rows in no bytes.
        if found.kind == SCHEMA:
            schema = pa.ipc.read_schema(data)
            check_schema(schema)
            reader = BatchReader(schema, found.numbers)
            continue
        if reader is None:
            raise Malformed
        parts = Parts(found.rows, found.nodes, found.buffers)
        content = data.slice(len(message.data) - found.length)
        if found.kind == BATCH:
            return reader.batch(parts, content)
        if found.dictionary is not None:
            reader.define(found.dictionary, parts, content, adds=found.adds)
    return None


def writer(fields: Sequence[str] | None) -> tuple[Pieces, Any]:
    """Return the file of an answer, and the writer to it."""
    import pyarrow as pa  # noqa: PLC0415 - optional

    from retrorun.app.formats.record_batches import output_schema  # noqa: PLC0415 - optional

    sink = Pieces()
    return sink, pa.ipc.new_stream(sink, output_schema(fields))
