"""Record batches of a stream of Arrow, answered a block of rows at a time.

Each function answers a part of a stream on its own, so that it can run in any process. The last batch is kept, which
saves sending and reading it again for each of its blocks.
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
"""Most rows of an answered batch, which a caller has to hold at once: 40 MB with every column."""
ROWS: Final = "rows"
"""Header that says how many rows the whole batch has."""

kept: dict[str, Any] = {}
"""The batch that was read last, by the name of its stream and its number there."""


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


def answering(work: Callable[..., Response]) -> Callable[..., Response]:
    """Return a function that answers with a problem where the stream is at fault."""

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
    """Return the schema of an answer, or the problem of a stream that begins with this schema."""
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
        Of the batch.
    place : int
        First row of the block.
    first : bool
        Whether it is of the first batch of its stream: then the schema and the dictionaries come before its rows.
    body : bytes
        A stream of the schema, the dictionaries and the batch; or nothing, where it was sent before.

    Returns
    -------
    Response
        The messages, with the number of rows of the whole batch beside them; 410 where the batch is not kept any more.
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
    """Return the record batch of a stream that has at most one; raise where anything in it is not what it says."""
    import pyarrow as pa  # noqa: PLC0415 - optional

    from retrorun.app.formats.arrow_checks import BatchReader, Parts  # noqa: PLC0415 - optional
    from retrorun.app.formats.record_batches import check_schema  # noqa: PLC0415 - optional

    reader: BatchReader | None = None
    for message in Messages(len(body)).feed(body):
        found, data = message.header, pa.py_buffer(message.data)
        if found.rows > len(message.data):
            raise TooLarge  # Columns that are null throughout may have any number of rows in no bytes at all.
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
    """Return a writer of answers, and where it writes them."""
    import pyarrow as pa  # noqa: PLC0415 - optional

    from retrorun.app.formats.record_batches import output_schema  # noqa: PLC0415 - optional

    sink = Pieces()
    return sink, pa.ipc.new_stream(sink, output_schema(fields))
