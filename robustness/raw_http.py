"""Read HTTP answers strictly from bytes, and play a case of the corpus on a socket.

No HTTP library is used, because a library would silently repair the faults that this looks for.
"""

import asyncio
import re
import socket
import struct
from contextlib import suppress
from dataclasses import dataclass, field

from robustness.corpus import CLOSE, HALF_CLOSE, RESET, Case

STATUS_LINE = re.compile(rb"HTTP/1\.1 ([1-5]\d\d) [ -~]*")
HEADER_LINE = re.compile(rb"([!#$%&'*+.^_`|~0-9a-z-]+): ([ -~\x80-\xff]*)")


class Malformed(Exception):
    """The answer is not well-formed HTTP."""


@dataclass
class Answer:
    """One answer: status, headers by lower-case name, body."""

    status: int
    headers: dict[bytes, bytes]
    body: bytes = b""


def answer_from(received: bytes, *, head: bool = False) -> tuple[Answer, int] | None:
    """Return the first answer and its length in bytes, or None if more bytes must come.

    Raises
    ------
    Malformed
        These bytes can never become an answer.
    """
    end = received.find(b"\r\n\r\n")
    if end < 0:
        if not received.startswith(b"HTTP/1.1 "[: len(received)]):
            raise Malformed(received[:80])
        return None
    status_line, *lines = received[:end].split(b"\r\n")
    found = STATUS_LINE.fullmatch(status_line)
    if not found:
        raise Malformed(status_line)
    headers: dict[bytes, bytes] = {}
    for line in lines:
        pair = HEADER_LINE.fullmatch(line)
        if not pair or pair[1] in headers:
            raise Malformed(line)
        headers[pair[1]] = pair[2]
    answer, place = Answer(int(found[1]), headers), end + 4
    if head or answer.status < 200 or answer.status in {204, 304}:
        return answer, place
    if (length := headers.get(b"content-length")) is not None:
        if not length.isdigit() or b"transfer-encoding" in headers:
            raise Malformed(length)
        answer.body = received[place : place + int(length)]
        return (answer, place + int(length)) if len(answer.body) == int(length) else None
    if headers.get(b"transfer-encoding") != b"chunked":
        raise Malformed(b"no length")
    while (line_end := received.find(b"\r\n", place)) >= 0:
        try:
            size = int(received[place:line_end], 16)
        except ValueError:
            raise Malformed(received[place:line_end]) from None
        chunk = received[line_end + 2 : line_end + 4 + size]
        if len(chunk) < size + 2:
            return None
        if not chunk.endswith(b"\r\n"):
            raise Malformed(chunk[-8:])
        answer.body += chunk[:-2]
        place = line_end + 4 + size
        if size == 0:
            return answer, place
    return None


@dataclass
class Outcome:
    """The answers on one connection."""

    answers: list[Answer] = field(default_factory=list)
    rest: bytes = b""
    ended: bool = False
    """The service closed the connection."""

    @property
    def statuses(self) -> str:
        """Every status in order, as `Case.allowed` has them."""
        return " ".join(str(answer.status) for answer in self.answers)


async def play(case: Case, host: str, port: int, *, patience_s: float = 10.0, quiet_s: float = 0.1) -> Outcome:
    """Send a case and return its answers.

    Parameters
    ----------
    case : Case
        The case.
    host, port : str, int
        Address of the service.
    patience_s : float
        Time to wait for the expected number of answers [s].
    quiet_s : float
        Time to listen for an unexpected further answer [s].

    Raises
    ------
    Malformed
        An answer is not well-formed HTTP.
    """
    outcome, enough = Outcome(), asyncio.Event()
    reader, writer = await asyncio.open_connection(host, port)
    owed = min(len(allowed.split()) for allowed in case.allowed)
    listener = asyncio.create_task(listen(reader, outcome, case.head, owed, enough))
    try:
        await send(case, writer, patience_s)
        if not {CLOSE, RESET} & set(case.parts):
            if owed:
                # Not `wait_for`: up to Python 3.11 it loses a cancellation that comes at the moment of the event.
                with suppress(TimeoutError):
                    async with asyncio.timeout(patience_s):
                        await enough.wait()
            await asyncio.wait({listener}, timeout=quiet_s)
    finally:
        # Close before the first await, so that a cancellation cannot leave the connection open.
        listener.cancel()
        writer.transport.abort() if RESET in case.parts else writer.close()
        (failure,) = await asyncio.gather(listener, return_exceptions=True)
        with suppress(OSError):
            await writer.wait_closed()
    if isinstance(failure, Malformed):
        raise failure
    # A client that leaves does not read, though an answer may have arrived before.
    return Outcome() if {CLOSE, RESET} & set(case.parts) else outcome


async def listen(reader: asyncio.StreamReader, outcome: Outcome, head: bool, owed: int, enough: asyncio.Event) -> None:
    """Collect every answer until the end, and signal when the expected number has arrived."""
    received = bytearray()
    try:
        while got := await reader.read(65_536):
            received.extend(got)
            while received and (found := answer_from(bytes(received), head=head)):
                outcome.answers.append(found[0])
                del received[: found[1]]
            outcome.rest = bytes(received)
            if len(outcome.answers) >= owed:
                enough.set()
        outcome.ended = True
    except ConnectionError:
        outcome.ended = True
    finally:
        enough.set()


async def send(case: Case, writer: asyncio.StreamWriter, patience_s: float) -> None:
    """Send the parts of a case, as far as the service reads them."""
    # A service that has refused the rest need not read it.
    with suppress(OSError, TimeoutError):
        for part in case.parts:
            if isinstance(part, bytes):
                writer.write(part)
                async with asyncio.timeout(patience_s):
                    await writer.drain()
            elif isinstance(part, float):
                await asyncio.sleep(part)
            elif part == HALF_CLOSE:
                writer.write_eof()
            elif part == RESET:
                plug: socket.socket = writer.get_extra_info("socket")
                plug.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
