"""Watch files to columns: GPX and TCX by the standard library's expat, FIT by fitfast, both within bounds.

XML that declares a document type is refused before anything in it is expanded. A FIT file is walked before it is
parsed: the parser keeps every message and a column for every field in memory, and a file of few bytes can name many.
"""

import math
from array import array
from datetime import UTC, datetime
from typing import Final
from xml.parsers import expat

import numpy as np

from retrorun.models.vocabulary.errors import Undefined
from retrorun.models.workout.recording import MAXIMUM_POINTS, Points

ARCHIVES: Final = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"(\xb5/\xfd")
BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

FIT_MARK: Final = slice(8, 12)
COMPRESSED, DEFINITION, DEVELOPERS = 0x80, 0x40, 0x20
"""Bits of the head of a FIT message: a compressed time in it, a definition, developers' fields."""
RECORD: Final = 20
"""Number of the FIT message that holds a point."""
STRING: Final = 7
"""Base type of a FIT string."""
LAST_BASE_TYPE: Final = 16
MAXIMUM_MESSAGES: Final = 2 * MAXIMUM_POINTS
MAXIMUM_FIELDS: Final = 8 * MAXIMUM_POINTS
MAXIMUM_CELLS: Final = 24 * MAXIMUM_POINTS
"""Most FIT messages, fields in all of them, and cells of the columns that points make."""

MAXIMUM_DEPTH: Final = 100
"""Most elements of XML within each other."""
CHUNK: Final = 65_536
"""Bytes of XML that are parsed at once, and most of one tag."""
MAXIMUM_NAMES: Final = 1000
"""Most names of elements and attributes in XML."""
LONGEST_TEXT: Final = 64
"""Most characters of a number or a time in XML."""

XML_FIELDS: Final = {
    "gpx": ("trkpt", {"time": (1, 0), "ele": (1, 3)}),
    "TrainingCenterDatabase": (
        "Trackpoint",
        {
            "Time": (1, 0),
            "LatitudeDegrees": (2, 1),
            "LongitudeDegrees": (2, 2),
            "AltitudeMeters": (1, 3),
            "DistanceMeters": (1, 4),
        },
    ),
}
"""By root: the element of a point, and of each field within it the depth and the column of `Points`."""


def unreadable(message: str) -> Undefined:
    """Return the error of a file that is damaged, or beyond the bounds."""
    return Undefined("file", message, "unreadable_file")


def foreign(message: str) -> Undefined:
    """Return the error of a file that is no GPX, TCX or FIT."""
    return Undefined("file", message, "unknown_kind_of_file")


def points_of(data: bytes) -> Points:
    """Return what a GPX, TCX or FIT file holds, told by its content.

    Raises
    ------
    Undefined
        The file is none of them, is damaged, or is beyond the bounds.
    ImportError
        The parser of FIT files is not installed.
    """
    if not data:
        raise unreadable("The file is empty: send it as the watch wrote it.")
    if data[FIT_MARK] == b".FIT":
        return fit_points(data)
    if data.startswith(BYTE_ORDER_MARKS) or data.lstrip()[:1] == b"<":
        return XmlPoints().read(data)
    if data.startswith(ARCHIVES):
        raise foreign("The file is an archive: send the GPX, TCX or FIT file in it.")
    raise foreign("The file is none of GPX, TCX and FIT: send it as the watch wrote it.")


def fit_points(data: bytes) -> Points:
    """Return the points of a FIT file."""
    import fitfast  # noqa: PLC0415 - optional

    try:
        walk(data)
        columns = fitfast.records(data)
    except Undefined:
        raise
    except (IndexError, KeyError, ValueError):  # the last one is the parser's too
        raise unreadable("The FIT file is damaged or cut off: send it as the watch wrote it.") from None
    except BaseException as error:
        # A fault in the parser's own language is no Exception here, and has no class that could be named.
        if type(error).__name__ != "PanicException":
            raise
        raise unreadable("The FIT file is damaged: send it as the watch wrote it.") from None
    length = len(next(iter(columns.values()), ()))
    unknown = np.full(length, math.nan)
    altitude = columns.get("altitude", unknown)
    found = {"enhanced_altitude": altitude, **columns}
    names = ("timestamp", "position_lat", "position_long", "enhanced_altitude", "distance")
    return Points(*(found.get(name, unknown) for name in names))


def walk(data: bytes) -> None:
    """Walk a FIT file's messages, or raise where they are more than is parsed, or have fields that cannot be."""
    messages = fields = points = 0
    columns: set[bytes] = set()
    start = 0
    while start < len(data):
        messages += 1  # A file, and a definition below, takes the parser as long as a message.
        header, size = data[start], int.from_bytes(data[start + 4 : start + 8], "little")
        at, end = start + header, start + header + size
        if data[start + FIT_MARK.start : start + FIT_MARK.stop] != b".FIT" or end + 2 > len(data):
            raise IndexError
        shapes: dict[int, tuple[int, int, bool]] = {}
        while at < end and messages <= MAXIMUM_MESSAGES and fields <= MAXIMUM_FIELDS:
            head = data[at]
            at += 1
            if head & DEFINITION and not head & COMPRESSED:
                at, length, parts, point = definition(data, at, bool(head & DEVELOPERS), columns)
                messages, shapes[head & 0x0F], fields = messages + 1, (length, parts, point), fields + parts
                continue
            # The local number of a message with a compressed time has two bits, elsewhere four.
            length, parts, point = shapes[(head >> 5) & 3 if head & COMPRESSED else head & 0x0F]
            at += length
            messages, fields, points = messages + 1, fields + parts, points + point
        if messages > MAXIMUM_MESSAGES or fields > MAXIMUM_FIELDS or points * len(columns) > MAXIMUM_CELLS:
            raise unreadable("The FIT file holds more messages or fields than are read: split it.")
        start = end + 2


def definition(data: bytes, at: int, developers: bool, columns: set[bytes]) -> tuple[int, int, int, bool]:
    """Return where a definition ends, the length of its messages, their fields, and whether they are points."""
    number = data[at + 2 : at + 4]
    point = int.from_bytes(number, "big" if data[at + 1] else "little") == RECORD
    count = data[at + 4]
    at += 5
    own = [data[place : place + 3] for place in range(at, at + 3 * count, 3)]
    at += 3 * count
    others = []
    if developers:
        count = data[at]
        at += 1
        others = [data[place : place + 3] for place in range(at, at + 3 * count, 3)]
        at += 3 * count
    length = parts = 0
    for field, size, kind in own:
        if not size or kind & 0x1F > LAST_BASE_TYPE:
            raise IndexError
        length += size
        # Each byte of a string may become a string of its own.
        parts += size if kind & 0x1F == STRING else 1
        if point:
            columns.add(bytes((field,)))
    for field, size, developer in others:
        if not size:
            raise IndexError
        length += size
        # What a developer's field holds is said elsewhere: it may be a string.
        parts += size
        if point:
            columns.add(bytes((field, developer)))
    return at, length, parts, point


class XmlPoints:
    """The points of a GPX or TCX file, as expat meets them."""

    def __init__(self) -> None:
        self.columns = [array("d") for _ in Points._fields]
        self.depth = 0
        self.point = ""
        self.fields: dict[str, tuple[int, int]] = {}
        self.inside = 0
        """Depth within a point, 0 outside."""
        self.column: int | None = None
        self.text = ""

    def read(self, data: bytes) -> Points:
        """Return the points of a file."""
        names: dict[str, str] = {}
        parser = expat.ParserCreate(intern=names)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self.refuse_document_type
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.add_text
        try:
            for start in range(0, len(data), CHUNK):
                parser.Parse(data[start : start + CHUNK])
                if len(names) > MAXIMUM_NAMES or start - parser.CurrentByteIndex > CHUNK:
                    raise unreadable("The XML has more names or longer tags than GPX and TCX: send it as written.")
            parser.Parse(b"", True)
        except Undefined:
            raise
        except (expat.ExpatError, LookupError, ValueError):
            raise unreadable("The XML is damaged or cut off: send the file as the watch wrote it.") from None
        return Points(*(np.frombuffer(column) for column in self.columns))

    def refuse_document_type(self, *_: object) -> None:
        """Refuse a document type: it is what entities are declared in."""
        raise unreadable("The XML declares a document type, which GPX and TCX do not have: remove it.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        name = name.rpartition(":")[2]
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise unreadable("The XML is nested too deep for GPX or TCX: send the file as the watch wrote it.")
        if self.inside:
            depth, column = self.fields.get(name, (0, 0))
            self.column, self.text = (column if depth == self.inside else None), ""
            self.inside += 1
        elif name == self.point:
            self.begin(attributes)
        elif self.depth == 1:
            if name not in XML_FIELDS:
                raise foreign("The XML is neither GPX nor TCX: send the file as the watch wrote it.")
            self.point, self.fields = XML_FIELDS[name]

    def begin(self, attributes: dict[str, str]) -> None:
        """Begin a point."""
        if len(self.columns[0]) == MAXIMUM_POINTS:
            raise unreadable(f"A file is answered up to {MAXIMUM_POINTS} points: split it.")
        self.inside = 1
        known = {1: attributes.get("lat"), 2: attributes.get("lon")}
        for index, column in enumerate(self.columns):
            column.append(number_of(known.get(index)))

    def add_text(self, text: str) -> None:
        """Take some text."""
        if self.column is not None and len(self.text) <= LONGEST_TEXT:
            self.text += text[: LONGEST_TEXT + 1]

    def end(self, _: str) -> None:
        """End an element."""
        self.depth -= 1
        if not self.inside:
            return
        self.inside -= 1
        if self.column is not None and self.inside:
            read = number_of if self.column else time_of
            self.columns[self.column][-1] = read(self.text)
        self.column = None


def number_of(text: str | None) -> float:
    """Return a number in XML, NaN where it is none.

    Examples
    --------
    >>> number_of(" 12.5 "), number_of("high"), number_of(None)
    (12.5, nan, nan)
    """
    try:
        return float(text or "nan") if len(text or "") <= LONGEST_TEXT else math.nan
    except ValueError:
        return math.nan


def time_of(text: str) -> float:
    """Return a time in XML as seconds since 1970, NaN where it is none; without a zone it is taken as UTC.

    Examples
    --------
    >>> time_of("1970-01-01T00:01:00Z"), time_of("1970-01-01T00:01:00.5"), time_of("soon")
    (60.0, 60.5, nan)
    """
    try:
        moment = datetime.fromisoformat(text.strip())
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan
