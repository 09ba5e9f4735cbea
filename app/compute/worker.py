"""A process that computes for the service: it reads a request, calls the function that it names, writes the answer.

The service starts it as `python -m retrorun.app.compute.worker FD`.
FD is one end of a pair of sockets. It ends when the other
end closes. What it computes may crash it: the service then answers 500 and starts another one.
"""

import os
import pickle
import signal
import socket
import sys
from collections.abc import Callable
from importlib import import_module
from struct import Struct
from typing import Any, Final

import orjson
from starlette.responses import Response

from retrorun.app.http.limits import where_it_happened

SIZES: Final = Struct(">QQ")
"""The lengths of a head and a body, which stand before them [B]."""
LEFT_TO_THE_SERVICE: Final = ("SIGINT", "SIGTERM", "SIGHUP")
"""Signals that a terminal or an operator sends to a whole group: the service decides when this process ends."""
NICER: Final = 10
"""How far this process gives way: the event loop answers at once, and this one a little later."""
READY: Final = b"ready"
PIECE: Final = 1 << 20
"""Bytes of an answer that are written at once."""


def main(descriptor: int) -> None:
    """Answer until nobody asks any more."""
    for name in LEFT_TO_THE_SERVICE:
        if hasattr(signal, name):
            signal.signal(getattr(signal, name), signal.SIG_IGN)
    if hasattr(os, "nice"):
        os.nice(NICER)
    import_module("retrorun.app.main")  # All that is computed, and all it needs.
    with socket.socket(fileno=descriptor) as pair, pair.makefile("rb") as asked, pair.makefile("wb", 0) as answers:
        write(answers, READY, b"")
        while head := asked.read(SIZES.size):
            length, size = SIZES.unpack(head)
            work, given = pickle.loads(asked.read(length))  # The service wrote it.
            answer(work, given, asked.read(size), answers)


def answer(work: Callable[..., Response], given: tuple[Any, ...], body: bytes, answers: socket.SocketIO) -> None:
    """Call a function, and write what came of it."""
    try:
        response = work(*given, body)
    except Exception as error:
        write(answers, orjson.dumps({"fault": where_it_happened(error)}), b"")
        return
    headers = [[name.decode("latin-1"), value.decode("latin-1")] for name, value in response.raw_headers]
    write(answers, orjson.dumps({"status": response.status_code, "headers": headers}), response.body)


def write(answers: socket.SocketIO, head: bytes, body: bytes | memoryview) -> None:
    """Write a head and a body, whatever their length."""
    for part in (SIZES.pack(len(head), len(body)) + head, memoryview(body)):
        rest = memoryview(part)
        while rest:
            rest = rest[answers.write(rest[:PIECE]) :]


if __name__ == "__main__":
    main(int(sys.argv[1]))
