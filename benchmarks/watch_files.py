"""`python -m benchmarks.watch_files`: parsers of watch files, and what comes after them, on three hours at one hertz.

The files are generated. Of the parsers only the service's own must be installed; the others are measured where
they are: `pip install fitfast fitdecode garmin-fit-sdk gpxpy python-fitparse pyfitparsernative tcxreader lxml`.
"""

import io
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from importlib import import_module, metadata
from pathlib import Path
from time import process_time
from typing import Any, Final

from retrorun.app.formats.watch_files import WatchFile, read_watch_file
from retrorun.models.track.track import track
from tests.recordings import fit_file, gpx_file, long_day_fit, recorded, tcx_file, wide_tcx

HOURS: Final = 3
TRIES: Final = 7
DAY_S: Final = 86_400


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
    """Return the shortest processor time of some tries, in milliseconds."""
    times = []
    for _ in range(TRIES):
        begun = process_time()
        function()
        times.append(process_time() - begun)
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
        for kind, data in files.items():
            found.append((f"{kind.upper()} here: bytes to columns", partial(read_watch_file, data)))
            found.append((f"{kind.upper()} here: columns to answer", partial(answered, read_watch_file(data))))
        day = recorded(DAY_S)
        days = {"FIT of 60 fields": long_day_fit(), "GPX": gpx_file(day), "TCX of 64 MiB": wide_tcx(day, 64 << 20)}
        for name, data in days.items():
            found.append((f"24 h, {name}, bytes to answer", partial(answered_bytes, data)))
        for name, function in found:
            sys.stdout.write(f"{name:40} {best_ms(function):8.1f} ms\n")
    return 0


def answered_bytes(data: bytes) -> object:
    """Return the answer about a recording, from its bytes."""
    return answered(read_watch_file(data))


def answered(file: WatchFile) -> object:
    """Return the answer about a recording."""
    return track(points=file.points, body_mass_kg=70.0)


if __name__ == "__main__":
    sys.exit(main())
