"""Writes the log as JSON lines on stdout: one line for each request, and one for each other message.

No line contains a query, a body, a header, an address, an unknown path, or the message of an exception.
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
"""Most lines that wait for room in stdout. Lines of requests take about 1 MB."""
AT_ONCE: Final = 64
"""Most waiting lines that are written at once, so that a request is not delayed by more."""
FINISH_WITHIN_S: Final = 0.5
"""Time in which a reader of stdout can read the waiting lines before the process ends."""
LONGEST: Final = 500
"""Most characters of a message. A line then has at most 4096 bytes, which a pipe accepts as a whole or not at all."""

OURS: Final = ("retrorun", "uvicorn")
"""Loggers whose messages never repeat input."""


class JsonLines(logging.Formatter):
    """A formatter of one JSON object a line."""

    def format(self, record: logging.LogRecord) -> str:
        """Return the line of a record. Of an exception it has only the type and the lines of its traceback."""
        error = record.exc_info[1] if record.exc_info else None
        message = record.getMessage()
        if error is not None and not record.name.startswith(OURS):
            # asyncio, for example, writes the exception and its arguments into the message.
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
    """Writes lines to stdout without waiting for its reader. If stdout is full, some lines wait; more are dropped.

    So neither a request nor the end of the process waits for a reader. Waiting lines are written before the next one.
    In place of dropped lines, one line says how many were dropped.
    """

    def __init__(self) -> None:
        self.lock = RLock()  # Reentrant, because a garbage collection in the meantime may log too.
        self.waiting: deque[str] = deque()
        self.dropped = 0

    def write(self, line: str) -> None:
        """Write a line, make it wait, or drop it."""
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
        """Add a line that says how many were dropped."""
        if self.dropped:
            said = f"{self.dropped} lines of the log were dropped here: nobody read standard output"
            record = logging.LogRecord("retrorun", logging.WARNING, "", 0, said, None, None)
            self.waiting.append(JsonLines().format(record) + "\n")
            self.dropped = 0

    def flush(self, within_s: float = 0.0) -> bool:
        """Write some waiting lines, and return whether stdout had room for them now or within a time."""
        for _ in range(min(len(self.waiting), AT_ONCE)):
            if not put(self.waiting[0], within_s):
                return False
            self.waiting.popleft()
        return True

    def finish(self) -> None:
        """Write the waiting lines before the process ends, if stdout is read within `FINISH_WITHIN_S`."""
        with self.lock:
            self.note_dropped()
            end = monotonic() + FINISH_WITHIN_S
            while self.waiting and self.flush(max(0.0, end - monotonic())):
                pass


def put(line: str, within_s: float) -> bool:
    """Write a line to stdout if it has room now or within a time. Return False if the line must wait."""
    file = file_of(sys.stdout)
    if file is None:
        with suppress(OSError, ValueError):
            sys.stdout.write(line)
            sys.stdout.flush()
        return True
    if not has_room_for_line(file, within_s):
        return False
    try:
        # Not through the buffer of stdout: if the reader has gone, its rest would cause an error at the end.
        os.write(file, line.encode())
    except OSError:
        return False
    return True


class Stdout(logging.Handler):
    """A logging handler that writes to the present stdout."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        lines.write(self.format(record) + "\n")


def configure(level: str) -> None:
    """Send all log messages through `Lines`: those of `OURS` from a level on, others from warning on."""
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
    """Return the trace id in the traceparent header of a request, or an empty text if it is missing or invalid.

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
    """Return a time in UTC in the form of RFC 3339.

    Examples
    --------
    >>> time_of(1767225600.0126)
    '2026-01-01T00:00:00.012Z'
    """
    second = int(moment_s)
    return f"{_whole(second)}.{int((moment_s - second) * 1000):03d}Z"


@lru_cache(maxsize=1)
def _whole(second: int) -> str:
    """Return the time without its fraction. It is cached, because it takes longer than the rest of a log line."""
    return strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
