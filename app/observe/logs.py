"""JSON lines on stdout: one for each request, and whatever else is logged, in one form.

No line holds a query, a body, a header, an address, a path that no route has, or the message of an exception.
"""

import logging
import os
import re
import sys
from collections import deque
from contextlib import suppress
from functools import lru_cache
from threading import RLock
from time import gmtime, monotonic, strftime
from typing import Final

import orjson

from retrorun.app.http.limits import where_it_happened
from retrorun.app.streams import file_of, has_room_for_line

TRACE: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""The header traceparent, version 00 of W3C Trace Context."""

WAITING: Final = 4096
"""Lines that wait for room in stdout; of requests they take about 1 MB."""
AT_ONCE: Final = 64
"""Lines of those that are written at once, at most: a request waits for no more."""
FINISH_WITHIN_S: Final = 0.5
"""Time that a reader of stdout has, at the end, for the lines that wait."""
LONGEST: Final = 500
"""Characters of a message: a line then is at most 4096 bytes, which a pipe takes whole or not at all."""

OURS: Final = ("retrorun", "uvicorn")
"""Loggers whose messages never repeat what was sent."""


class JsonLines(logging.Formatter):
    """A formatter of one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record; of an exception only its kind and the lines it came through."""
        error = record.exc_info[1] if record.exc_info else None
        message = record.getMessage()
        if error is not None and not record.name.startswith(OURS):
            # asyncio, for one, writes the exception and its arguments into the message.
            message = "a fault"
        line = {
            "time": time_of(record.created),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message.strip()[:LONGEST],
        }
        if error is not None:
            line["fault"] = where_it_happened(error)
        return orjson.dumps(line).decode()


class Lines:
    """Lines for stdout, which nobody has to read: where it takes no more, some wait, and more are dropped and counted.

    A line is written where there is room for it, so that neither a request nor the end of the process waits for a
    reader. Those that wait go before the next one; how many were dropped is said in their place.
    """

    def __init__(self) -> None:
        self.lock = RLock()  # Not a plain one: what is collected as garbage meanwhile may log too.
        self.waiting: deque[str] = deque()
        self.dropped = 0

    def write(self, line: str) -> None:
        """Write a line, or let it wait, or drop it."""
        with self.lock:
            if len(self.waiting) >= WAITING:
                self.flush()
            if len(self.waiting) >= WAITING:
                self.dropped += 1
                return
            self.note_dropped()
            self.waiting.append(line)
            self.flush()

    def note_dropped(self) -> None:
        """Say how many lines are missing here."""
        if self.dropped:
            said = f"{self.dropped} lines of the log were dropped here: nobody read standard output"
            record = logging.LogRecord("retrorun", logging.WARNING, "", 0, said, None, None)
            self.waiting.append(JsonLines().format(record) + "\n")
            self.dropped = 0

    def flush(self, within_s: float = 0.0) -> bool:
        """Write some of what waits, as far as there is room or will be within a time, and say whether there was."""
        for _ in range(min(len(self.waiting), AT_ONCE)):
            if not put(self.waiting[0], within_s):
                return False
            self.waiting.popleft()
        return True

    def finish(self) -> None:
        """Write what waits before the process ends, if somebody reads it soon."""
        with self.lock:
            self.note_dropped()
            end = monotonic() + FINISH_WITHIN_S
            while self.waiting and self.flush(max(0.0, end - monotonic())):
                pass


def put(line: str, within_s: float) -> bool:
    """Write a line to stdout, if it takes it at once or within a time, and say whether it is done with."""
    file = file_of(sys.stdout)
    if file is None:
        with suppress(OSError, ValueError):
            sys.stdout.write(line)
            sys.stdout.flush()
        return True
    if not has_room_for_line(file, within_s):
        return False
    try:
        # Not through its buffer: what is left in that when the reader has gone is a fault when the process ends.
        os.write(file, line.encode())
    except OSError:
        return False
    return True


class Stdout(logging.Handler):
    """A handler that writes to whatever stdout is."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        lines.write(self.format(record) + "\n")


def configure(level: str) -> None:
    """Send everything that is logged through here: our own and the server's from a level, others' from warnings."""
    handler = Stdout()
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(logging.WARNING)
    for name in OURS:
        logger = logging.getLogger(name)
        logger.handlers, logger.propagate = [], True
        logger.setLevel(level.upper())


def trace_of(headers: list[tuple[bytes, bytes]]) -> str:
    """Return the trace that a request says it is part of, if it says so in good form.

    Examples
    --------
    >>> trace_of([(b"traceparent", b"00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01")])
    '0af7651916cd43dd8448eb211c80319c'
    >>> trace_of([(b"traceparent", b"00-mine-b7ad6b7169203331-01")])
    ''
    """
    for name, value in headers:
        if name == b"traceparent":
            found = TRACE.fullmatch(value)
            return found[1].decode() if found else ""
    return ""


lines: Final = Lines()


def time_of(moment_s: float) -> str:
    """Return a time in UTC, as RFC 3339 writes it.

    Examples
    --------
    >>> time_of(1767225600.0126)
    '2026-01-01T00:00:00.012Z'
    """
    second = int(moment_s)
    return f"{_whole(second)}.{int((moment_s - second) * 1000):03d}Z"


@lru_cache(maxsize=1)
def _whole(second: int) -> str:
    """Return the time but for its fraction: made once a second, since it takes longer than the rest of a log line."""
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
