"""Long answers on their way: written as fast as their clients take them, and not without bound.

A server holds whatever it was given to write until the client has taken it. Of many clients that do not read, each with
an answer a hundred times as long as its request, the answers together would fill the memory.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from starlette.types import Send

from app.guard import Refused

AT_ONCE: Final = 1 << 17
"""Bytes written at once: the next ones wait until the client has taken most of them."""
MAXIMUM_BYTES: Final = 1 << 28
"""Bytes of long answers that may be on their way together."""
LOOK_AGAIN_S: Final = 0.05


class Outgoing:
    """How much is on its way."""

    def __init__(self) -> None:
        self.size = 0

    def admit(self, size: int) -> None:
        """Refuse an answer that is one too many; the only one never is."""
        if self.size and self.size + size > MAXIMUM_BYTES:
            raise Refused("uploads")

    @contextmanager
    def counted(self, size: int) -> Iterator[None]:
        """Count an answer while it is sent."""
        self.size += size
        try:
            yield
        finally:
            self.size -= size

    async def room(self) -> None:
        """Wait until less than half of what may be is on its way: who asks may not be refused any more."""
        while self.size >= MAXIMUM_BYTES // 2:
            await asyncio.sleep(LOOK_AGAIN_S)


outgoing: Final = Outgoing()


async def write(send: Send, body: bytes, *, more: bool) -> None:
    """Write a part of an answer, or its last one, piece by piece."""
    for start in range(0, len(body), AT_ONCE):
        last = start + AT_ONCE >= len(body)
        piece = body[start : start + AT_ONCE]
        await send({"type": "http.response.body", "body": piece, "more_body": more or not last})
