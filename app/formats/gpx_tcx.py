"""Reads GPX and TCX files into columns with expat of the standard library, within limits.

A document type is refused before anything in it is expanded. Only the elements of the tables below are read.
"""

import math
import re
from array import array
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final, NamedTuple, cast
from xml.parsers import expat

import numpy as np

from retrorun.app.formats.watch_errors import planned, unknown_kind, unreadable
from retrorun.models.track.points import Points, Session, points_from
from retrorun.models.track.recording import MAXIMUM_POINTS
from retrorun.models.vocabulary.errors import Undefined

BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
BYTE_ORDER_MARKS: Final = {BYTE_ORDER_MARK: "", b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}
BLANKS: Final = b" \t\r\n\0"
"""Bytes that some programs write before and after XML, though it does not allow them."""

MAXIMUM_DEPTH: Final = 100
"""Deepest nesting of XML elements."""
CHUNK: Final = 65_536
"""Bytes of XML that are parsed at once, and most bytes of one tag."""
MAXIMUM_NAMES: Final = 1000
"""Most names of elements and attributes in XML."""
MAXIMUM_TAGS: Final = 48 * MAXIMUM_POINTS
"""Most starts and ends of elements: 24 elements for each second of two days."""
TOO_DEEP: Final = "The XML is nested too deeply: send the original file of the watch."
LONGEST_TEXT: Final = 64
"""Most characters of a number, a time or a sport in XML."""
MAXIMUM_READ: Final = 2 * MAXIMUM_POINTS
"""Most points that are read: several may have the same second."""
MAXIMUM_SESSIONS: Final = 1000

COLUMNS: Final = (
    *("time_s", "latitude_deg", "longitude_deg", "altitude_m", "distance_m", "speed_m_s"),
    *("cadence_per_min", "heart_rate_per_min", "session"),
)
TIME, LATITUDE, LONGITUDE, ALTITUDE, DISTANCE, SPEED, CADENCE, HEART_RATE = range(8)
"""Places in `COLUMNS`."""
FEET: Final = 2
"""Cadence in GPX and TCX counts the steps of one foot, as in FIT."""

ABSENT: Final = {"", "-", "--", "nan", "null", "none", "n/a"}
"""Texts that say that there is no number."""
DECIMAL_COMMA: Final = re.compile(r"[-+]?\d+,\d+")
EITHER: Final = re.compile(r"[-+]?[1-9]\d{0,2},\d{3}")
"""A comma that separates decimals, or thousands: other numbers of the file decide."""
ZONE: Final = re.compile(r"\s*(z|utc|gmt)$", re.IGNORECASE)


class Kind(NamedTuple):
    """The elements of a kind of file that are read."""

    point: str
    session: str
    sport: str
    """Attribute of a session with its sport."""
    plans: frozenset[str]
    """Elements of what is planned. Points in them are not read."""
    fields: Mapping[str, Mapping[int, int]]
    """For each element in a point, its column by its depth in the point."""
    totals: Mapping[str, int]
    """For each element with a fact about a session, its depth in the session."""


KINDS: Final = {
    "gpx": Kind(
        point="trkpt",
        session="trk",
        sport="",
        plans=frozenset({"rte", "wpt"}),
        fields={
            "time": {1: TIME},
            "ele": {1: ALTITUDE},
            "hr": {2: HEART_RATE, 3: HEART_RATE},
            "heartrate": {2: HEART_RATE, 3: HEART_RATE},
            "cad": {2: CADENCE, 3: CADENCE},
            "cadence": {2: CADENCE, 3: CADENCE},
        },
        totals={"type": 1},
    ),
    "TrainingCenterDatabase": Kind(
        point="Trackpoint",
        session="Activity",
        sport="Sport",
        plans=frozenset({"Course", "Workout"}),
        fields={
            "Time": {1: TIME},
            "LatitudeDegrees": {2: LATITUDE},
            "LongitudeDegrees": {2: LONGITUDE},
            "AltitudeMeters": {1: ALTITUDE},
            "DistanceMeters": {1: DISTANCE},
            "Value": {2: HEART_RATE},
            "Cadence": {1: CADENCE},
            "RunCadence": {3: CADENCE},
            "Speed": {3: SPEED},
        },
        totals={"DistanceMeters": 2, "TotalTimeSeconds": 2},
    ),
}
"""The kind of file of each root element."""

SPORTS: Final = {"other": "generic", "9": "running"}
"""Words for what TCX calls other, and for the number of a run in GPX files of Strava (erik/derive#65)."""


def is_xml(data: bytes) -> bool:
    """Return whether data begins like XML, white space and marks aside."""
    return data[:CHUNK].lstrip(BLANKS).startswith((b"<", *BYTE_ORDER_MARKS))


def trimmed(data: bytes) -> bytes:
    r"""Return XML without white space, NULs and byte order marks before and after it.

    Examples
    --------
    >>> trimmed(b" \xef\xbb\xbf\n<gpx></gpx>\0\0")
    b'<gpx></gpx>'
    """
    begins = data.lstrip(BLANKS)
    encoding = BYTE_ORDER_MARKS.get(begins[:2], "")
    if not encoding and begins[1:2] == b"\0":  # "<" in two bytes, of which lstrip may have taken the first
        begins, encoding = (data, "utf-16-be") if data[:1] == b"\0" else (begins, "utf-16-le")
    if not encoding:
        return begins.removeprefix(BYTE_ORDER_MARK).strip(BLANKS)
    whole = begins[: len(begins) - len(begins) % 2]
    text = whole.decode(encoding).strip(BLANKS.decode() + "\ufeff")
    return text.encode("utf-16")


class Reader:
    """Collects the points and sessions of a GPX or TCX file as expat finds them."""

    def __init__(self) -> None:
        self.values = array("d")
        """The columns of all points, point by point."""
        self.row: list[float] = []
        self.sessions: list[dict[int, float]] = []
        self.sports: list[str] = []
        self.kind: Kind | None = None
        self.depth = 0
        """Depth outside of points."""
        self.inside = 0
        """Depth within a point, 0 outside."""
        self.session_depth = self.plan_depth = 0
        """Depth of the session or the plan around, 0 outside."""
        self.plans = 0
        self.fields: dict[str, Mapping[int, int]] = {}
        """Columns by depth of each element in a point, by its name with its prefix."""
        self.column: int | None = None
        self.fact = ""
        """The element with a fact about the session."""
        self.text = ""
        self.times_not_understood = 0
        self.comma = self.either = False
        """There is a decimal comma; there is a comma that may separate thousands."""

    def read(self, data: bytes) -> tuple[Points, list[Session]]:
        """Return the points and the sessions of a file."""
        names: dict[str, str] = {}
        parser = expat.ParserCreate(intern=names)
        parser.buffer_text = True
        parser.StartDoctypeDeclHandler = self.refuse_document_type
        parser.StartElementHandler = self.start
        parser.EndElementHandler = self.end
        parser.CharacterDataHandler = self.add_text
        try:
            whole, tags = trimmed(data), 0
            for start in range(0, len(whole), CHUNK):
                chunk = whole[start : start + CHUNK]
                tags += chunk.count(b"<")
                if tags > MAXIMUM_TAGS:
                    raise unreadable("The XML has too many elements: split it.")
                parser.Parse(chunk)
                if len(names) > MAXIMUM_NAMES or start - parser.CurrentByteIndex > CHUNK:
                    raise unreadable("The XML has too many names or too long tags: send the original file.")
            parser.Parse(b"", True)
        except Undefined:
            raise
        except (expat.ExpatError, LookupError, ValueError):
            raise unreadable("The XML is damaged or incomplete: send the original file of the watch.") from None
        return self.found()

    def found(self) -> tuple[Points, list[Session]]:
        """Return what was read."""
        columns = dict(zip(COLUMNS, np.frombuffer(self.values).reshape(-1, len(COLUMNS)).T.copy(), strict=True))
        if self.plans and not len(columns["time_s"]):
            raise planned()
        if self.either and not self.comma:
            raise self.not_understood("")
        understood = np.count_nonzero(~np.isnan(columns["time_s"]))
        if self.times_not_understood > understood:
            raise Undefined(
                "file",
                "The times in this file cannot be read. Write them like 2026-11-27T06:30:00Z.",
                "times_not_understood",
            )
        columns["cadence_per_min"] *= FEET
        sessions = [
            Session(sport, total.get(DISTANCE, math.nan), total.get(TIME, math.nan))
            for sport, total in zip(self.sports, self.sessions, strict=True)
        ]
        return points_from(**columns), sessions or [Session()]

    def refuse_document_type(self, *_: object) -> None:
        """Refuse a document type, because it can declare entities."""
        raise unreadable("The XML declares a document type: remove it. GPX and TCX have none.")

    def start(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element."""
        inside = self.inside
        if not inside:
            self.start_outside(name.rpartition(":")[2], attributes)
            return
        fields = self.fields.get(name)
        if fields is None:
            fields = self.fields[name] = cast(Kind, self.kind).fields.get(name.rpartition(":")[2], {})
        self.column = fields.get(inside)
        self.text = ""
        self.inside = inside + 1
        if inside > MAXIMUM_DEPTH:
            raise unreadable(TOO_DEEP)

    def start_outside(self, name: str, attributes: dict[str, str]) -> None:
        """Begin an element that is not in a point."""
        self.depth += 1
        if self.depth > MAXIMUM_DEPTH:
            raise unreadable(TOO_DEEP)
        kind = self.kind
        if kind is None:
            if name not in KINDS:
                raise unknown_kind("The XML is neither GPX nor TCX: send the original file of the watch.")
            self.kind = KINDS[name]
        elif self.plan_depth:
            return
        elif name == kind.point:
            self.start_point(attributes)
        elif name == kind.session:
            self.session_depth = self.depth
            self.start_session(attributes.get(kind.sport, ""))
        elif name in kind.plans:
            self.plans, self.plan_depth = self.plans + 1, self.depth
        elif self.session_depth and kind.totals.get(name) == self.depth - self.session_depth:
            self.fact, self.text = name, ""

    def start_session(self, sport: str) -> None:
        """Begin a session."""
        if len(self.sessions) == MAXIMUM_SESSIONS:
            raise unreadable(f"The file has more than {MAXIMUM_SESSIONS} activities: split it.")
        self.sports.append(word_of(sport))
        self.sessions.append({})

    def start_point(self, attributes: dict[str, str]) -> None:
        """Begin a point."""
        if len(self.values) == MAXIMUM_READ * len(COLUMNS):
            raise unreadable(f"The file has more than {MAXIMUM_READ} points: split it.")
        if not self.sessions:
            self.start_session("")
        self.inside = 1
        self.row = [math.nan] * len(COLUMNS)
        self.row[-1] = len(self.sessions) - 1
        if "lat" in attributes:
            self.row[LATITUDE] = self.number(attributes["lat"], "lat")
        if "lon" in attributes:
            self.row[LONGITUDE] = self.number(attributes["lon"], "lon")

    def add_text(self, text: str) -> None:
        """Add text to the current field."""
        if (self.column is not None or self.fact) and len(self.text) <= LONGEST_TEXT:
            self.text += text[: LONGEST_TEXT + 1]

    def end(self, name: str) -> None:
        """End an element."""
        inside = self.inside - 1
        if inside < 0:
            self.end_outside()
            return
        self.inside = inside
        if not inside:
            self.values.extend(self.row)
            self.depth -= 1
        elif self.column is not None:
            if self.column == TIME:
                self.row[TIME] = self.time(self.text)
            else:
                self.row[self.column] = self.number(self.text, name)
            self.column = None

    def end_outside(self) -> None:
        """End an element that is not in a point."""
        self.depth -= 1
        if self.fact:
            self.end_fact()
        if self.depth < self.plan_depth:
            self.plan_depth = 0
        if self.depth < self.session_depth:
            self.session_depth = 0

    def end_fact(self) -> None:
        """Keep a fact about a session; distances and durations of laps are added up."""
        name, self.fact = self.fact, ""
        if name == "type":
            self.sports[-1] = word_of(self.text)
            return
        total = self.sessions[-1]
        column = DISTANCE if name == "DistanceMeters" else TIME
        value = self.number(self.text, name)
        if not math.isnan(value):
            total[column] = total.get(column, 0.0) + value

    def time(self, text: str) -> float:
        """Return a time as seconds since 1970, or NaN, which is counted if there is a text."""
        found = time_of(text)
        if math.isnan(found) and text.strip().lower() not in ABSENT:
            self.times_not_understood += 1
        return found

    def number(self, text: str, name: str) -> float:
        """Return a number, or NaN if the text says that there is no number."""
        try:
            if len(text) <= LONGEST_TEXT:
                return float(text)
        except ValueError:
            pass
        text = text.strip()
        if text.lower() in ABSENT:
            return math.nan
        if not DECIMAL_COMMA.fullmatch(text):
            raise self.not_understood(name)
        if EITHER.fullmatch(text) and name not in {"lat", "lon"}:
            self.either = True
        else:
            self.comma = True
        return float(text.replace(",", "."))

    @staticmethod
    def not_understood(name: str) -> Undefined:
        """Return the error of a number that cannot be read."""
        where = f" in {name.rpartition(':')[2]}" * bool(name)
        return Undefined("file", f"A number{where} cannot be read. Write numbers like 512.3.", "number_not_understood")


def word_of(text: str) -> str:
    """Return the word of a file for a sport, in lower case.

    Examples
    --------
    >>> word_of("Trail Running"), word_of("Other"), word_of("9"), word_of("1"), word_of("")
    ('trail_running', 'generic', 'running', '1', '')
    """
    word = "_".join(text[:LONGEST_TEXT].lower().replace("-", " ").split())
    return SPORTS.get(word, word)


def time_of(text: str) -> float:
    """Return a time in XML as seconds since 1970, or NaN if it is not one; a time without a zone is UTC.

    Examples
    --------
    >>> time_of("1970-01-01T00:01:00Z"), time_of("1970-01-01T00:01:00.5"), time_of("soon")
    (60.0, 60.5, nan)
    >>> time_of("1970-01-01t00:01:00z"), time_of("1970-01-01 00:01:00 UTC")
    (60.0, 60.0)
    """
    text = text.strip()
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        try:
            moment = datetime.fromisoformat(ZONE.sub("", text))
        except ValueError:
            return math.nan
    try:
        return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):
        return math.nan
