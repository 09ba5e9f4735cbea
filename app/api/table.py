"""POST /estimate/table: a stream of Arrow record batches of any length, answered batch by batch.

The body is split into messages, and only one is held at a time. Each batch is computed outside the event loop, and its
answer is sent before the next one is read. A client must read while it sends.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Sequence
from http import HTTPStatus
from time import monotonic
from typing import Annotated, Any, Final

from fastapi import APIRouter, Query, Request
from starlette.requests import ClientDisconnect
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from retrorun.app.compute.workers import parts_of
from retrorun.app.contract.openapi import problems
from retrorun.app.formats import arrow_blocks
from retrorun.app.formats.arrow_stream import BATCH, END, SCHEMA, Malformed, Message, Messages, TooLarge, problem_of
from retrorun.app.http.guard import Exchange
from retrorun.app.http.json_route import beside
from retrorun.app.http.limits import EXCHANGE, MAXIMUM_BODY_BYTES, Refused
from retrorun.app.http.media_types import media_type_of, preferred
from retrorun.app.http.problems import problem
from retrorun.app.settings import Settings
from retrorun.models.columns.names import checked_fields
from retrorun.models.vocabulary.errors import EstimateError

ARROW: Final = "application/vnd.apache.arrow.stream"

TRY_AGAIN_S: Final = 0.1

router = APIRouter(tags=["estimate"])


class TableResponse(Response):
    """The answer to a stream, sent while the stream arrives, or a problem if nothing was sent before it.

    This class only splits the stream into messages. `app.formats.arrow_blocks` reads and computes each record batch
    outside the event loop, one block of rows at a time, so that other streams get a turn between two blocks.
    """

    def __init__(self, fields: Sequence[str] | None) -> None:
        super().__init__(media_type=ARROW)
        self.fields = fields
        self.started = False
        self.before: list[Message] = []  # The schema and the dictionaries, needed to read every batch.
        self.preface = b""
        self.batches = 0
        self.name = secrets.token_hex(8)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send the answer."""
        try:
            async for message in self.messages(scope, receive):
                async for piece in self.answers(scope, message):
                    await self.write(send, piece, more=True)
            if not self.before:
                raise Malformed
            await self.write(send, END, more=False)
        except (Malformed, TooLarge, EstimateError) as error:
            await self.stop(problem_of(error), scope, receive, send)
        except Stopped as stopped:
            await self.stop(stopped.problem, scope, receive, send)

    async def stop(self, answer: Response, scope: Scope, receive: Receive, send: Send) -> None:
        """Send a problem, or cut the connection if the answer has begun."""
        if self.started:
            raise Refused("table") from None
        await closing(answer)(scope, receive, send)

    async def write(self, send: Send, piece: bytes, *, more: bool) -> None:
        """Send a piece of the answer, with the headers and the schema before the first one."""
        if not self.started:
            self.started = True
            headers = [(b"content-type", ARROW.encode())]
            await send({"type": "http.response.start", "status": HTTPStatus.OK, "headers": headers})
            if not self.batches:
                await send({"type": "http.response.body", "body": self.preface, "more_body": True})
        await send({"type": "http.response.body", "body": piece, "more_body": more})

    async def messages(self, scope: Scope, receive: Receive) -> AsyncIterator[Message]:
        """Yield the messages of a stream as they arrive; raise if one is too large or takes too long."""
        exchange: Exchange | None = scope.get(EXCHANGE)
        settings = exchange.guard.settings if exchange else Settings()
        messages = Messages(settings.maximum_message_bytes)
        more, waited_since = True, monotonic()
        while more:
            try:
                async with asyncio.timeout(waited_since + settings.upload_timeout_s - monotonic()):
                    received = await receive()
            except TimeoutError:
                raise Refused("request_time") from None
            if received["type"] == "http.disconnect":
                raise ClientDisconnect
            more = received.get("more_body", False)
            for message in messages.feed(received.get("body", b"")):
                yield message
                if exchange:
                    exchange.release(len(message.data))
                waited_since = monotonic()
                await asyncio.sleep(0)  # One part of the body can hold thousands of messages.
        if messages.held:
            raise Malformed

    async def answers(self, scope: Scope, message: Message) -> AsyncIterator[bytes]:
        """Yield the answer to a message, one block of rows at a time."""
        found = message.header
        if (found.kind == SCHEMA) == bool(self.before):
            raise Malformed
        if found.kind == BATCH:
            self.batches += 1
            parts: list[bytes | bytearray] = [*(known.data for known in self.before), message.data, END]
            rows, place = 1, 0
            while place < rows:
                asked = self.fields, f"{self.name} {self.batches}", place, self.batches == 1
                block = await self.block_answer(scope, *asked, body=[] if place else parts)
                if block.status_code == HTTPStatus.GONE:  # Another stream was computed in between.
                    block = await self.block_answer(scope, *asked, body=parts)
                rows = int(ok(block).headers[arrow_blocks.ROWS])
                place += arrow_blocks.ANSWERED_ROWS
                for piece in parts_of(block):
                    yield piece
            return
        if found.dictionary is not None and not found.adds:
            self.before = [known for known in self.before if known.header.dictionary != found.dictionary]
        self.before.append(message)
        if sum(len(known.data) for known in self.before) > MAXIMUM_BODY_BYTES:
            raise TooLarge
        if found.kind == SCHEMA:
            begun = await beside(scope, arrow_blocks.begin, self.fields, body=[bytes(message.data), END])
            self.preface = b"".join(parts_of(ok(begun)))

    async def block_answer(self, scope: Scope, *asked: Any, body: Sequence[bytes | bytearray]) -> Response:
        """Return the answer to a block. If the answer has begun, wait longer while the service is busy."""
        exchange: Exchange | None = scope.get(EXCHANGE)
        settings = exchange.guard.settings if exchange else Settings()
        until = monotonic() + (settings.compute_within_s if self.started else 0)
        while True:
            try:
                return await beside(scope, arrow_blocks.block, *asked, body=body, long=True)
            except Refused as refused:
                if refused.args[0] not in {"answers", "computing"} or monotonic() >= until:
                    raise
            await asyncio.sleep(TRY_AGAIN_S)


class Stopped(Exception):
    """The answer to a stream stops here; the argument is the problem."""

    def __init__(self, problem: Response) -> None:
        super().__init__()
        self.problem = problem


def ok(answer: Response) -> Response:
    """Return an answer with status 200; raise Stopped for a problem."""
    if answer.status_code != HTTPStatus.OK:
        raise Stopped(answer)
    return answer


def closing(answer: Response) -> Response:
    """Return an answer that closes the connection, so that the rest of the body is not read."""
    answer.headers["connection"] = "close"
    return answer


STREAM: Final = {"schema": {"type": "string", "format": "binary"}}


@router.post(
    "/estimate/table",
    operation_id="estimate_table",
    summary="Estimate a table of bouts of any length, as a stream of Arrow",
    response_class=Response,
    responses={
        200: {"description": "One row for each bout, in the same order.", "content": {ARROW: STREAM}},
        **problems(400, 406, 413, 415, 422, 500),
    },
    openapi_extra={"requestBody": {"required": True, "content": {ARROW: STREAM}}},
)
async def table(
    request: Request,
    fields: Annotated[
        str,
        Query(description="Columns of the answer, separated by commas. Default: all.", examples=["forward_met"]),
    ] = "",
) -> Response:
    """Send Arrow record batches whose columns are the inputs of POST /estimate. A null is an omitted input.

    Use it for a table of any length, from a program with Arrow. The answer comes batch by batch while the body arrives,
    so read while you send. `status` of a row is ok or an error code, and `status_field` is the invalid input. Unknown
    values are null. Each field of the answer's schema has its description and its unit (`ucum`). Do not compress record
    batches.

    If the body turns out to be malformed after the answer has begun, the answer breaks off.
    """
    if preferred(request.headers.get("accept", ""), (ARROW,)) is None:
        return closing(problem(406, detail=f"Accept {ARROW}."))
    if media_type_of(request.headers.get("content-type", "")).name != ARROW:
        return closing(problem(415, detail=f"Send the body as {ARROW}."))
    try:
        return TableResponse(checked_fields(fields.split(",")) if fields else None)
    except EstimateError as error:
        return closing(problem_of(error))
