"""Writes watch files for tests and benchmarks: FIT, GPX and TCX from columns. No file of a real person is kept here."""

import gzip
import io
import math
import random
import re
import struct
import zipfile
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from functools import cache
from typing import Any, Final

import numpy as np

from retrorun.models.track.points import EARTH_RADIUS_M, Points, Session, points_from

STARTED_S: Final = 1_731_065_600
FIT_EPOCH_S: Final = 631_065_600
SEMICIRCLES: Final = 2**31 / 180
ACTIVITY, COURSE = 4, 6
FILE_ID, SPORT, SESSION, LAP, RECORD = 0, 12, 18, 19, 20
FIT_SPORTS: Final = {
    "": (0xFF, 0xFF),
    "generic": (0, 0),
    "running": (1, 0),
    "treadmill": (4, 1),
    "cycling": (2, 0),
    "transition": (3, 0),
    "swimming": (5, 0),
    "walking": (11, 0),
    "hiking": (17, 0),
}
"""The numbers of sport and sub-sport in FIT."""

FIT_COLUMNS: Final = (
    ("latitude_deg", 0, "i", 0x85, SEMICIRCLES, 0),
    ("longitude_deg", 1, "i", 0x85, SEMICIRCLES, 0),
    ("distance_m", 5, "I", 0x86, 100, 0),
    ("altitude_m", 2, "H", 0x84, 5, 500),
    ("speed_m_s", 6, "H", 0x84, 1000, 0),
    ("heart_rate_per_min", 3, "B", 0x02, 1, 0),
    ("cadence_per_min", 4, "B", 0x02, 0.5, 0),
    ("contact_time_s", 41, "H", 0x84, 10_000, 0),
    ("step_length_m", 85, "H", 0x84, 10_000, 0),
)
"""For each column: FIT field, format, base type, scale and offset. FIT counts the steps of one foot."""

INVALID: Final = {"B": 0xFF, "H": 0xFFFF, "I": 0xFFFFFFFF, "i": 0x7FFFFFFF}
GPX_NAMES: Final = {"heart_rate_per_min": "hr", "cadence_per_min": "cad"}


def recorded(seconds: int, *, speed_m_s: float = 2.5, noise_m: float = 0.5) -> Points:
    """Return a run along a bend over hills, one point a second, with noise in positions and altitudes."""
    chance = random.Random(1)
    rows = []
    east = north = 0.0
    for second in range(seconds):
        heading = second / 600
        east, north = east + speed_m_s * math.sin(heading), north + speed_m_s * math.cos(heading)
        noisy = (north + chance.gauss(0, noise_m)), (east + chance.gauss(0, noise_m))
        latitude = 46 + math.degrees(noisy[0] / EARTH_RADIUS_M)
        longitude = 11 + math.degrees(noisy[1] / EARTH_RADIUS_M / math.cos(math.radians(46)))
        altitude = 500 + 50 * math.sin(second / 900) + chance.gauss(0, noise_m)
        rows.append((STARTED_S + second, latitude, longitude, altitude, speed_m_s * second, speed_m_s, 160.0, 150.0))
    names = (*Points._fields[:7], "heart_rate_per_min")
    return points_from(**dict(zip(names, np.array(rows).T.copy(), strict=True)))


def of_session(points: Points, number: int) -> Points:
    """Return the points of one session."""
    rows = points.session == number
    return Points(*(column[rows] for column in points))


def known_columns(points: Points) -> set[str]:
    """Return the names of the columns that have a value."""
    return {name for name, column in zip(Points._fields, points, strict=True) if not np.isnan(column).all()}


def rows_of(points: Points) -> Iterator[Any]:
    """Yield each point as a tuple of numbers with the names of the columns."""
    for row in zip(*(column.tolist() for column in points), strict=True):
        yield Points(*row)


@cache
def crc_table() -> list[int]:
    """Return the table of the checksum of FIT files, CRC-16/ARC."""
    table = []
    for byte in range(256):
        value = byte
        for _ in range(8):
            value = value >> 1 ^ (0xA001 if value & 1 else 0)
        table.append(value)
    return table


def crc(data: bytes) -> bytes:
    """Return the checksum of FIT files."""
    value, table = 0, crc_table()
    for byte in data:
        value = value >> 8 ^ table[(value ^ byte) & 0xFF]
    return struct.pack("<H", value)


def fit_of(messages: bytes, *, header: int = 14, header_crc: bool = True) -> bytes:
    """Return messages as a FIT file, with its header and checksums. The checksum of the header may be zero."""
    first = struct.pack("<BBHI4s", header, 0x20, 2195, len(messages), b".FIT")
    if header > len(first):
        first += crc(first) if header_crc else bytes(2)
    whole = first + messages
    return whole + crc(whole)


def fit_definition(message: int, fields: Sequence[tuple[int, int, int]], *, local: int = 0) -> bytes:
    """Return the definition of messages with a local number: fields by number, size and base type."""
    start = struct.pack("<BBBHB", 0x40 | local, 0, 0, message, len(fields))
    return start + b"".join(bytes(field) for field in fields)


def fit_message(message: int, *fields: tuple[int, str, int, float]) -> bytes:
    """Return one message with its definition: each field by number, format, base type and raw value, or NaN."""
    shapes = [(number, struct.calcsize(letter), kind) for number, letter, kind, _ in fields]
    values = [INVALID[letter] if math.isnan(value) else round(value) for _, letter, _, value in fields]
    return fit_definition(message, shapes) + struct.pack("<B" + "".join(field[1] for field in fields), 0, *values)


def fit_totals(message: int, start_s: float, end_s: float, session: Session) -> bytes:
    """Return the message of a session or of a lap: times, sport, distance and duration."""
    sport, sub_sport = FIT_SPORTS[session.sport]
    sports = (
        [(5, "B", 0, sport), (6, "B", 0, sub_sport)]
        if message == SESSION
        else [(25, "B", 0, sport), (39, "B", 0, sub_sport)]
    )
    return fit_message(
        message,
        (253, "I", 0x86, end_s - FIT_EPOCH_S),
        (2, "I", 0x86, start_s - FIT_EPOCH_S),
        *sports,
        (9, "I", 0x86, session.distance_m * 100),
        (8, "I", 0x86, session.duration_s * 1000),
    )


def fit_file(
    points: Points,
    sessions: Sequence[Session] = (),
    *,
    laps: Sequence[Session] = (),
    file_type: int = ACTIVITY,
    header: int = 14,
    header_crc: bool = True,
    compressed: bool = False,
) -> bytes:
    """Return points as a FIT file with the fields that have a value.

    A point without a value has the invalid number of FIT. `compressed` writes speed and distance as
    `compressed_speed_distance`. There is a message for each session, over the times of its points, and for each lap.
    """
    messages = [
        fit_message(FILE_ID, (0, "B", 0, file_type), (1, "H", 0x84, 1), (4, "I", 0x86, STARTED_S - FIT_EPOCH_S))
    ]
    known = known_columns(points) - ({"speed_m_s", "distance_m"} if compressed else set())
    columns = [column for column in FIT_COLUMNS if column[0] in known]
    shapes = [(253, 4, 0x86), *((field, struct.calcsize(letter), kind) for _, field, letter, kind, *_ in columns)]
    messages.append(fit_definition(RECORD, [*shapes, (8, 3, 0x0D)] if compressed else shapes))
    layout = struct.Struct("<BI" + "".join(letter for _, _, letter, *_ in columns))
    for point in rows_of(points):
        values = []
        for name, _, letter, _, scale, offset in columns:
            value = getattr(point, name)
            values.append(INVALID[letter] if math.isnan(value) else round((value + offset) * scale))
        messages.append(layout.pack(0, round(point.time_s - FIT_EPOCH_S), *values))
        if compressed:
            speed, way = round(point.speed_m_s * 100), round(point.distance_m * 16) % 4096
            messages.append(struct.pack("<I", speed | way << 12)[:3])
    messages += [fit_totals(LAP, points.time_s[0], points.time_s[-1], lap) for lap in laps]
    for number, session in enumerate(sessions):
        times = of_session(points, number).time_s
        messages.append(fit_totals(SESSION, times[0], times[-1], session))
    return fit_of(b"".join(messages), header=header, header_crc=header_crc)


def moment(time_s: float) -> str:
    """Return a time as XML has it."""
    return datetime.fromtimestamp(time_s, UTC).isoformat().replace("+00:00", "Z")


def element(name: str, value: float, decimals: int) -> str:
    """Return a number as an element, or nothing for NaN."""
    return "" if math.isnan(value) else f"<{name}>{value:.{decimals}f}</{name}>"


def gpx_point(point: Any) -> str:
    """Return a point of GPX."""
    extensions = element("x:hr", point.heart_rate_per_min, 0) + element("x:cad", point.cadence_per_min / 2, 0)
    return (
        f'<trkpt lat="{point.latitude_deg:.7f}" lon="{point.longitude_deg:.7f}">{element("ele", point.altitude_m, 1)}'
        f"<time>{moment(float(point.time_s))}</time>"
        + f"<extensions><x:TrackPointExtension>{extensions}</x:TrackPointExtension></extensions>" * bool(extensions)
        + "</trkpt>\n"
    )


def gpx_file(points: Points, sessions: Sequence[Session] = (Session(),)) -> bytes:
    """Return points as a GPX file with a track for each session."""
    tracks = "".join(
        f"<trk>{f'<type>{session.sport}</type>' * bool(session.sport)}"
        f"<trkseg>{''.join(map(gpx_point, rows_of(of_session(points, number))))}</trkseg></trk>"
        for number, session in enumerate(sessions)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="test" '
        'xmlns="http://www.topografix.com/GPX/1/1" xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
        f"{tracks}</gpx>"
    ).encode()


def tcx_point(point: Any) -> str:
    """Return a point of TCX."""
    place = element("LatitudeDegrees", point.latitude_deg, 7) + element("LongitudeDegrees", point.longitude_deg, 7)
    heart_rate = element("Value", point.heart_rate_per_min, 0)
    extension = element("x:Speed", point.speed_m_s, 3) + element("x:RunCadence", point.cadence_per_min / 2, 0)
    return (
        f"<Trackpoint><Time>{moment(float(point.time_s))}</Time>"
        + f"<Position>{place}</Position>" * bool(place)
        + element("AltitudeMeters", point.altitude_m, 1)
        + element("DistanceMeters", point.distance_m, 2)
        + f"<HeartRateBpm>{heart_rate}</HeartRateBpm>" * bool(heart_rate)
        + f"<Extensions><x:TPX>{extension}</x:TPX></Extensions>" * bool(extension)
        + "</Trackpoint>\n"
    )


def tcx_activity(points: Points, session: Session) -> str:
    """Return a session as an activity of one lap."""
    begun = moment(float(points.time_s[0]))
    body = "".join(map(tcx_point, rows_of(points)))
    return (
        f'<Activity Sport="{session.sport.capitalize()}"><Id>{begun}</Id><Lap StartTime="{begun}">'
        + element("TotalTimeSeconds", session.duration_s, 1)
        + element("DistanceMeters", session.distance_m, 1)
        + f"<Calories>0</Calories><Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod><Track>{body}"
        "</Track></Lap></Activity>"
    )


def tcx_file(points: Points, sessions: Sequence[Session] = (Session("running"),), *, course: bool = False) -> bytes:
    """Return points as a TCX file with an activity for each session, or as a course."""
    if course:
        body = f"<Courses><Course><Track>{''.join(map(tcx_point, rows_of(points)))}</Track></Course></Courses>"
    else:
        activities = (tcx_activity(of_session(points, number), each) for number, each in enumerate(sessions))
        body = f"<Activities>{''.join(activities)}</Activities>"
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2" '
        'xmlns:x="http://www.garmin.com/xmlschemas/ActivityExtension/v2">'
        f"{body}</TrainingCenterDatabase>"
    ).encode()


def long_day_fit() -> bytes:
    """Return a FIT file of 24 hours at one point a second, with 60 fields a point."""
    fields = [(253, 4, 0x86), (0, 4, 0x85), (1, 4, 0x85), (78, 4, 0x86), (5, 4, 0x86)]
    definition = fit_definition(RECORD, [*fields, *((100 + number, 1, 2) for number in range(55))])
    rest = bytes(range(1, 56))
    rows = (struct.pack("<BIiiII", 0, n, 548_000_000 + 300 * n, 131_000_000, 5000, 250 * n) for n in range(86_400))
    return fit_of(definition + b"".join(row + rest for row in rows))


def wide_tcx(points: Points, size: int) -> bytes:
    """Return a TCX of at least a size, indented and with the decimals of Garmin Connect."""
    text = re.sub(rb"(\.\d+)<", rb"\g<1>00000000<", tcx_file(points)).replace(b"><", b">\n            <")
    return text.replace(b"<Track>", b"<Track>" + b" " * (size - len(text)), 1)


def gzipped(data: bytes) -> bytes:
    """Return data compressed by gzip, the same at any time: the names of some tests have it."""
    return gzip.compress(data, mtime=0)


def zipped(files: dict[str, bytes]) -> bytes:
    """Return files as a ZIP archive."""
    held = io.BytesIO()
    with zipfile.ZipFile(held, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    return held.getvalue()
