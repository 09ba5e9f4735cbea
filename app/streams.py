"""Standard streams that are closed, full or not read: they must not make a command fail."""

import io
import os
import select
import sys
from functools import cache
from typing import Final, TextIO

STREAMS: Final = ("stdin", "stdout", "stderr")
SAID_WITHIN_S: Final = 1.0
"""How long to wait for a reader of standard error."""


def open_streams() -> frozenset[str]:
    """Open closed standard streams as /dev/null, and return their names.

    Otherwise the next file or connection would get the number of a closed stream, and with it the stream's output.
    """
    closed = set()
    for number, name in enumerate(STREAMS):
        try:
            os.fstat(number)
        except OSError:
            redirect_to_null(number)
        if getattr(sys, name) is None:
            closed.add(name)
            setattr(sys, name, os.fdopen(number, "r" if name == "stdin" else "w", encoding="utf-8", closefd=False))
    return frozenset(closed)


def redirect_to_null(number: int) -> None:
    """Redirect a standard stream to /dev/null."""
    null = os.open(os.devnull, os.O_RDWR)
    if null == number:
        os.set_inheritable(number, True)
    else:
        os.dup2(null, number)
        os.close(null)


def file_of(stream: TextIO) -> int | None:
    """Return the file descriptor of a stream, or None if a program replaced it by an object without one."""
    try:
        return stream.fileno()
    except (AttributeError, OSError, ValueError):
        return None


def has_room_for_line(file: int, within_s: float = 0.0) -> bool:
    """Return whether a file has room for a line of 4096 bytes, now or within a time."""
    return not hasattr(select, "poll") or bool(poll_of(file).poll(within_s * 1000))


@cache
def poll_of(file: int) -> "select.poll":
    """Return the poll object of a file."""
    poll = select.poll()
    poll.register(file, select.POLLOUT)
    return poll


def say(*sentences: str) -> None:
    """Print sentences on standard error if it has room for them."""
    file = file_of(sys.stderr)
    try:
        for sentence in sentences:
            if file is None or has_room_for_line(file, SAID_WITHIN_S):
                print(sentence, file=sys.stderr, flush=True)
    except (OSError, ValueError):
        # The rest of the buffer is written there when the process ends, which then does not fail either.
        redirect_to_null(STREAMS.index("stderr"))


def supports_bold(stream: TextIO) -> bool:
    """Return whether a stream is a terminal that shows bold and allows it (see no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def supports_blocks(stream: TextIO) -> bool:
    """Return whether a stream's encoding has block elements."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf8")


def replace_unencodable(stream: TextIO) -> None:
    """Make a stream print a question mark for a character that its encoding does not have, instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
