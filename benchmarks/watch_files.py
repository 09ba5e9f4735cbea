"""`python -m benchmarks.watch_files`: parsers of watch files, and what comes after them, on three hours at one hertz.

The files are generated here. Of the parsers only the service's own must be installed; the others are measured where
they are: `pip install fitdecode garmin-fit-sdk gpxpy python-fitparse pyfitparsernative tcxreader lxml`.
"""

import io
import math
import random
import struct
import sys
import tempfile
from collections.abc import Callable
from datetime import UTC, datetime
from functools import cache, partial
from importlib import import_module, metadata
from pathlib import Path
from time import perf_counter
from typing import Any, Final

import numpy as np

from retrorun.app.formats.watch_files import check_fit, points_of
from retrorun.models.track.points import EARTH_RADIUS_M, Points, points_from
from retrorun.models.track.track import track

HOURS: Final = 3
TRIES: Final = 7
STARTED_S: Final = 1_731_065_600
FIT_EPOCH_S: Final = 631_065_600
SEMICIRCLES: Final = 2**31 / 180


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
        rows.append((STARTED_S + second, latitude, longitude, altitude, speed_m_s * second))
    names = ("time_s", "latitude_deg", "longitude_deg", "altitude_m", "distance_m")
    return points_from(**dict(zip(names, np.array(rows).T, strict=True)))


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


def fit_of(messages: bytes) -> bytes:
    """Return messages as a FIT file, with its header and checksums."""
    header = struct.pack("<BBHI4s", 14, 0x20, 2195, len(messages), b".FIT")
    whole = header + crc(header) + messages
    return whole + crc(whole)


def fit_definition(message: int, fields: list[tuple[int, int, int]]) -> bytes:
    """Return the definition of messages with local number 0: fields by number, size and base type."""
    return struct.pack("<BBBHB", 0x40, 0, 0, message, len(fields)) + b"".join(bytes(field) for field in fields)


def fit_file(points: Points) -> bytes:
    """Return points as a FIT file with the fields a watch usually has; a point without position has the invalid."""
    first = fit_definition(0, [(0, 1, 0x00), (1, 2, 0x84), (4, 4, 0x86)])
    first += struct.pack("<BBHI", 0, 4, 1, STARTED_S - FIT_EPOCH_S)
    fields = [
        (253, 4, 0x86),
        (0, 4, 0x85),
        (1, 4, 0x85),
        (5, 4, 0x86),
        (2, 2, 0x84),
        (6, 2, 0x84),
        (3, 1, 2),
        (4, 1, 2),
    ]
    messages = [first, fit_definition(20, fields)]
    for time_s, latitude, longitude, altitude, distance in zip(
        *(column.tolist() for column in points[:5]), strict=True
    ):
        messages.append(
            struct.pack(
                "<BIiiIHHBB",
                0,
                round(time_s - FIT_EPOCH_S),
                0x7FFFFFFF if math.isnan(latitude) else round(latitude * SEMICIRCLES),
                0x7FFFFFFF if math.isnan(longitude) else round(longitude * SEMICIRCLES),
                0xFFFFFFFF if math.isnan(distance) else round(distance * 100),
                0xFFFF if math.isnan(altitude) else round((altitude + 500) * 5),
                2500,
                150,
                80,
            )
        )
    return fit_of(b"".join(messages))


def moment(time_s: float) -> str:
    """Return a time as XML has it."""
    return datetime.fromtimestamp(time_s, UTC).isoformat().replace("+00:00", "Z")


def gpx_file(points: Points) -> bytes:
    """Return points as a GPX file."""
    rows = zip(*(column.tolist() for column in points[:5]), strict=True)
    body = "".join(
        f'<trkpt lat="{latitude:.7f}" lon="{longitude:.7f}"><ele>{altitude:.1f}</ele><time>{moment(time_s)}</time>'
        "<extensions><x:TrackPointExtension><x:hr>150</x:hr></x:TrackPointExtension></extensions></trkpt>\n"
        for time_s, latitude, longitude, altitude, _ in rows
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<gpx version="1.1" creator="test" '
        'xmlns="http://www.topografix.com/GPX/1/1" xmlns:x="http://www.garmin.com/xmlschemas/TrackPointExtension/v1">'
        f"<trk><trkseg>{body}</trkseg></trk></gpx>"
    ).encode()


def tcx_file(points: Points) -> bytes:
    """Return points as a TCX file."""
    rows = zip(*(column.tolist() for column in points[:5]), strict=True)
    body = "".join(
        f"<Trackpoint><Time>{moment(time_s)}</Time><Position><LatitudeDegrees>{latitude:.7f}</LatitudeDegrees>"
        f"<LongitudeDegrees>{longitude:.7f}</LongitudeDegrees></Position><AltitudeMeters>{altitude:.1f}"
        f"</AltitudeMeters><DistanceMeters>{distance:.2f}</DistanceMeters>"
        "<HeartRateBpm><Value>150</Value></HeartRateBpm></Trackpoint>\n"
        for time_s, latitude, longitude, altitude, distance in rows
    )
    begun = moment(float(points.time_s[0]))
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<TrainingCenterDatabase '
        'xmlns="http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2"><Activities><Activity Sport="Running">'
        f'<Id>{begun}</Id><Lap StartTime="{begun}"><TotalTimeSeconds>10800</TotalTimeSeconds><DistanceMeters>27000'
        "</DistanceMeters><Calories>0</Calories><Intensity>Active</Intensity><TriggerMethod>Manual</TriggerMethod>"
        f"<Track>{body}</Track></Lap></Activity></Activities></TrainingCenterDatabase>"
    ).encode()


def others(files: dict[str, bytes], folder: Path) -> dict[str, tuple[str, Callable[[], object]]]:
    """Return, by name, the package of each other parser and what parses a file with it, imported when it is called."""

    def package(name: str) -> Any:
        return import_module(name)

    def fitdecode() -> object:
        library = package("fitdecode")
        with library.FitReader(io.BytesIO(files["fit"])) as reader:
            return [
                message.get_value("timestamp")
                for message in reader
                if isinstance(message, library.FitDataMessage) and message.name == "record"
            ]

    def garmin() -> object:
        library = package("garmin_fit_sdk")
        return library.Decoder(library.Stream.from_byte_array(bytearray(files["fit"]))).read()

    def fitparse() -> object:
        messages = package("fitparse").FitFile(io.BytesIO(files["fit"])).get_messages("record")
        return [message.get_value("timestamp") for message in messages]

    def tcxreader() -> object:
        path = folder / "track.tcx"
        path.write_bytes(files["tcx"])
        return package("tcxreader.tcxreader").TCXReader().read(str(path))

    return {
        "FIT fitfast": ("fitfast", lambda: package("fitfast").records(files["fit"])),
        "FIT pyfitparsernative": (
            "pyfitparsernative",
            lambda: package("pyfitparsernative").parse_fit_bytes(files["fit"]),
        ),
        "FIT garmin-fit-sdk": ("garmin-fit-sdk", garmin),
        "FIT fitdecode": ("fitdecode", fitdecode),
        "FIT python-fitparse": ("python-fitparse", fitparse),
        "GPX gpxpy": ("gpxpy", lambda: package("gpxpy").parse(files["gpx"].decode())),
        "TCX tcxreader": ("tcxreader", tcxreader),
    }


def best_ms(function: Callable[[], object]) -> float:
    """Return the shortest time of some tries, in milliseconds."""
    times = []
    for _ in range(TRIES):
        begun = perf_counter()
        function()
        times.append(perf_counter() - begun)
    return 1000 * min(times)


def main() -> int:
    """Print each time."""
    points = recorded(HOURS * 3600)
    files = {"fit": fit_file(points), "gpx": gpx_file(points), "tcx": tcx_file(points)}
    found: list[tuple[str, Callable[[], object]]] = []
    with tempfile.TemporaryDirectory() as folder:
        for name, (package, parse) in others(files, Path(folder)).items():
            try:
                found.append((f"{name} {metadata.version(package)}", parse))
            except metadata.PackageNotFoundError:
                sys.stdout.write(f"{name:40} not installed\n")
        found.append(("FIT here: walked before it is parsed", lambda: check_fit(files["fit"])))
        for kind, data in files.items():
            read = partial(track, points=points_of(data), body_mass_kg=70.0)
            found.append((f"{kind.upper()} here: bytes to columns", partial(points_of, data)))
            found.append((f"{kind.upper()} here: columns to answer", read))
        for name, function in found:
            sys.stdout.write(f"{name:40} {best_ms(function):8.1f} ms\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
