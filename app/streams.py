"""Standard streams that are closed or that nobody reads: no fault of the command."""

import os
import select
import sys
from functools import cache
from typing import Final, TextIO

STREAMS: Final = ("stdin", "stdout", "stderr")
SAID_WITHIN_S: Final = 1.0
"""Time that a reader of standard error has."""


def open_streams() -> frozenset[str]:
    """Open standard streams that are closed, to nowhere, and return their names.

    Else the first file or connection that is opened would take the place of one, and get what is written there.
    """
    closed = set()
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            lead_nowhere(number)
        if getattr(sys, name) is None:
            closed.add(name)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False))
    return frozenset(closed)


def lead_nowhere(number: int) -> None:
    """Let a standard stream lead nowhere."""
    nowhere = os.open(os.devnull, os.O_RDWR)
    if nowhere == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(nowhere, number)
        os.close(nowhere)


def file_of(stream: TextIO) -> int | None:
    """Return the number of a stream's file; none for what somebody put in its place."""
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def takes_a_line(file: int, within_s: float = 0.0) -> bool:
    """Say whether a file takes a line at once or within a time: 4096 bytes, as a pipe with room does."""
    return not hasattr(select, "poll") or bool(poll_of(file).poll(within_s * 1000))


@cache
def poll_of(file: int) -> "select.poll":
    """Return what asks a file."""
    poll = select.poll()
    poll.register(file, select.POLLOUT)
    return poll


def say(*sentences: str) -> None:
    """Print sentences on standard error, if it takes them."""
    file = file_of(sys.stderr)
    try:
        for sentence in sentences:
            if file is None or takes_a_line(file, SAID_WITHIN_S):
                print(sentence, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        # What is left in the buffer goes there when the process ends, and is no fault then either.
        lead_nowhere(STREAMS.index("stderr"))
