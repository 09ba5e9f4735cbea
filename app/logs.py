"""JSON lines on stdout: one for each request, and whatever else is logged, in one form.

No line holds a query, a body, a header, an address, a path that no route has, or the message of an exception.
"""

import logging
import re
import sys
from datetime import UTC, datetime
from time import gmtime, strftime, time
from typing import Final

import orjson

from app.guard import where_it_happened

TRACE: Final = re.compile(rb"(?!ff)[0-9a-f]{2}-(?!0{32})([0-9a-f]{32})-(?!0{16})[0-9a-f]{16}-[0-9a-f]{2}")
"""The header traceparent, version 00 of W3C Trace Context."""

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
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")[: -len("+00:00")]
            + "Z",
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": message.strip(),
        }
        if error is not None:
            line["fault"] = where_it_happened(error)
        return orjson.dumps(line).decode()


class Stdout(logging.Handler):
    """A handler that writes to whatever stdout is."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        write(self.format(record) + "\n")


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


def write(line: str) -> None:
    """Write a line; that nobody reads it is no fault of a request."""
    try:
        sys.stdout.write(line)
        sys.stdout.flush()
    except (OSError, ValueError):
        return


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


class Clock:
    """The time of day as text, made anew once a second."""

    def __init__(self) -> None:
        self.second, self.text = 0, ""

    def now(self) -> str:
        """Return the time in UTC, as RFC 3339 writes it."""
        moment = time()
        second = int(moment)
        if second != self.second:
            self.second, self.text = second, strftime("%Y-%m-%dT%H:%M:%S", gmtime(second))
        return f"{self.text}.{int((moment - second) * 1000):03d}Z"
