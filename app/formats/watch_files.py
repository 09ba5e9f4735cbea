"""Reads watch files into columns: GPX and TCX with expat of the standard library, FIT with fitfast, within limits.

XML with a document type is refused before anything in it is expanded. A FIT file is checked before it is parsed: the
parser keeps every message and a column for every field in memory, and a small file can declare many of them.
"""

import math
from array import array
from datetime import UTC, datetime
from typing import Final
from xml.parsers import expat

import numpy as np

from retrorun.models.track.points import Points, points_from
from retrorun.models.track.recording import MAXIMUM_POINTS
from retrorun.models.vocabulary.errors import Undefined

ARCHIVES: Final = (b"PK", b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"(\xb5/\xfd")
BYTE_ORDER_MARKS: Final = (b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff")

FIT_MARK: Final = slice(8, 12)
COMPRESSED, DEFINITION, DEVELOPERS = 0x80, 0x40, 0x20
"""Bits in the first byte of a FIT message: a compressed time, a definition, developer fields."""
RECORD: Final = 20
"""Number of the FIT message type for a point."""
STRING: Final = 7
"""Base type of a FIT string."""
LAST_BASE_TYPE: Final = 16
MAXIMUM_MESSAGES: Final = 2 * MAXIMUM_POINTS
MAXIMUM_FIELDS: Final = 8 * MAXIMUM_POINTS
MAXIMUM_CELLS: Final = 24 * MAXIMUM_POINTS
"""Most FIT messages, most fields in all messages, and most cells in the columns of the points."""

MAXIMUM_DEPTH: Final = 100
"""Deepest nesting of XML elements."""
CHUNK: Final = 65_536
"""Bytes of XML that are parsed at once, and most bytes of one tag."""
MAXIMUM_NAMES: Final = 1000
"""Most names of elements and attributes in XML."""
LONGEST_TEXT: Final = 64
"""Most characters of a number or a time in XML."""

FIT_FIELDS: Final = {
    "timestamp": "time_s",
    "position_lat": "latitude_deg",
    "position_long": "longitude_deg",
    "altitude": "altitude_m",
    "enhanced_altitude": "altitude_m",
    "distance": "distance_m",
}
"""The column of `Points` for each field of a FIT point. A later field replaces an earlier one."""

COLUMNS: Final = Points._fields[:5]
"""The columns of `Points` that are read from XML."""

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
"""For each root element: the element of a point, and the depth and column of `Points` of each field in it."""


def unreadable(message: str) -> Undefined:
    """Return the error of a file that is damaged or too large."""
    return Undefined("file", message, "unreadable_file")


def unknown_kind(message: str) -> Undefined:
    """Return the error of a file that is not GPX, TCX or FIT."""
    return Undefined("file", message, "unknown_kind_of_file")


def points_of(data: bytes) -> Points:
    """Return the points of a GPX, TCX or FIT file, which is recognised by its content.

    Raises
    ------
    Undefined
        The file has another format, is damaged, or is too large.
    ImportError
        The parser of FIT files is not installed.
    """
    if not data:
        raise unreadable("The file is empty: send the original file of the watch.")
    if data[FIT_MARK] == b".FIT":
        return fit_points(data)
    if data.startswith(BYTE_ORDER_MARKS) or data.lstrip()[:1] == b"<":
        return XmlPoints().read(data)
    if data.startswith(ARCHIVES):
        raise unknown_kind("The file is an archive: send the GPX, TCX or FIT file in it.")
    raise unknown_kind("The file is not GPX, TCX or FIT: send the original file of the watch.")


def fit_points(data: bytes) -> Points:
    """Return the points of a FIT file."""
    import fitfast  # noqa: PLC0415 - optional

    try:
        check_fit(data)
        columns = fitfast.records(data)
    except Undefined:
        raise
    except (IndexError, KeyError, ValueError):  # the parser raises ValueError too
        raise unreadable("The FIT file is damaged or incomplete: send the original file of the watch.") from None
    except BaseException as error:
        # A panic in the Rust code of the parser is not an Exception, and its class cannot be imported.
        if type(error).__name__ != "PanicException":
            raise
        raise unreadable("The FIT file is damaged: send the original file of the watch.") from None
    length = len(next(iter(columns.values()), ()))
    found = {"timestamp": np.full(length, math.nan), **columns}
    return points_from(**{ours: found[theirs] for theirs, ours in FIT_FIELDS.items() if theirs in found})


def check_fit(data: bytes) -> None:
    """Raise if a FIT file has too many messages, or fields that are impossible."""
    messages = fields = points = 0
    columns: set[bytes] = set()
    start = 0
    while start < len(data):
        messages += 1  # A file, like a definition below, takes the parser as long as a message.
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
            # The local number has two bits in a message with a compressed time, and four bits in others.
            length, parts, point = shapes[(head >> 5) & 3 if head & COMPRESSED else head & 0x0F]
            at += length
            messages, fields, points = messages + 1, fields + parts, points + point
        if messages > MAXIMUM_MESSAGES or fields > MAXIMUM_FIELDS or points * len(columns) > MAXIMUM_CELLS:
            raise unreadable("The FIT file has too many messages or fields: split it.")
        start = end + 2


def definition(data: bytes, at: int, developers: bool, columns: set[bytes]) -> tuple[int, int, int, bool]:
    """Return the end of a definition, the length of its messages, their fields, and whether they are points."""
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
        # Each byte of a string can become a separate string.
        parts += size if kind & 0x1F == STRING else 1
        if point:
            columns.add(bytes((field,)))
    for field, size, developer in others:
        if not size:
            raise IndexError
        length += size
        # The type of a developer field is declared elsewhere. It can be a string.
        parts += size
        if point:
            columns.add(bytes((field, developer)))
    return at, length, parts, point


class XmlPoints:
    """Collects the points of a GPX or TCX file as expat finds them."""

    def __init__(self) -> None:
        self.columns = [array("d") for _ in COLUMNS]
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
                    raise unreadable("The XML has too many names or too long tags: send the original file.")
            parser.Parse(b"", True)
        except Undefined:
            raise
        except (expat.ExpatError, LookupError, ValueError):
            raise unreadable("The XML is damaged or incomplete: send the original file of the watch.") from None
        columns = (np.frombuffer(column) for column in self.columns)
        return points_from(**dict(zip(COLUMNS, columns, strict=True)))

    def refuse_document_type(self, *_: object) -> None:
        """Refuse a document type, because it can declare entities."""
        raise unreadable("The XML declares a document type: remove it. GPX and TCX have none.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        name = name.rpartition(":")[2]
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise unreadable("The XML is nested too deeply: send the original file of the watch.")
        if self.inside:
            depth, column = self.fields.get(name, (0, 0))
            self.column, self.text = (column if depth == self.inside else None), ""
            self.inside += 1
        elif name == self.point:
            self.begin(attributes)
        elif self.depth == 1:
            if name not in XML_FIELDS:
                raise unknown_kind("The XML is neither GPX nor TCX: send the original file of the watch.")
            self.point, self.fields = XML_FIELDS[name]

    def begin(self, attributes: dict[str, str]) -> None:
        """Begin a point."""
        if len(self.columns[0]) == MAXIMUM_POINTS:
            raise unreadable(f"The file has more than {MAXIMUM_POINTS} points: split it.")
        self.inside = 1
        known = {1: attributes.get("lat"), 2: attributes.get("lon")}
        for index, column in enumerate(self.columns):
            column.append(number_of(known.get(index)))

    def add_text(self, text: str) -> None:
        """Add text to the current field."""
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
    """Return a number in XML, or NaN if it is not one.

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
    """Return a time in XML as seconds since 1970, or NaN if it is not one; a time without a zone is UTC.

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
