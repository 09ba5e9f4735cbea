"""A process that computes for the service: it reads a request, calls the function that it names, writes the answer.

The service starts it as `python -m retrorun.app.compute.worker FD`. FD is one end of a socket pair. The process ends
when the other end closes. If a computation crashes the process, the service answers 500 and starts another one.
"""

import os
import pickle
import signal
import socket
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib import import_module
from struct import Struct
from typing import Any, Final

import orjson
from starlette.responses import Response

from retrorun.app.http.limits import where_it_happened

SIZES: Final = Struct(">QQ")
"""The lengths of the head and the body that follow [B]."""
LEFT_TO_THE_SERVICE: Final = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that a terminal or an operator sends to a whole process group. The service decides when to end this one."""
NICER: Final = 10
"""Niceness of this process: the event loop gets the processor first."""
READY: Final = b"ready"
PIECE: Final = 1 << 20
"""Most bytes of an answer that are written at once."""


def main(descriptor: int) -> None:
    """Answer requests until the service closes the connection."""
    for name in LEFT_TO_THE_SERVICE:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICER)
    import_module("retrorun.app.main")  # So that the first request does not wait for the imports.
    with socket.socket(fileno=descriptor) as pair, pair.makefile("rb") as asked, pair.makefile("wb", 0) as answers:
        write(answers, READY, b"")
        while head := asked.read(SIZES.size):
            length, size = SIZES.unpack(head)
            work, given = pickle.loads(asked.read(length))  # Only the service writes here.
            answer(work, given, asked.read(size), answers)


def answer(work: Callable[..., Response], given: tuple[Any, ...], body: bytes, answers: socket.SocketIO) -> None:
    """Call a function, and write its answer or its fault."""
    try:
        response = work(*given, body)
    except Exception as error:
        write(answers, orjson.dumps({"fault": where_it_happened(error)}), b"")
        return
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in response.raw_headers]
    write(answers, orjson.dumps({"status": response.status_code, "headers": headers}), response.body)


def write(answers: socket.SocketIO, head: bytes, body: bytes | memoryview) -> None:
    """Write a head and a body of any length."""
    for part in (SIZES.pack(len(head), len(body)) + head, memoryview(body)):
        rest = memoryview(part)
        while rest:
            rest = rest[answers.write(rest[:PIECE]) :]


if __name__ == "__main__":
    # The service may be killed at any moment. Then nobody waits for an answer, and there is nothing to say.
    with suppress(BrokenPipeError, ConnectionResetError):
        main(int(sys.argv[1]))
