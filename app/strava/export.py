"""Reads the bulk export of Strava: its list of activities, and the recording of one activity at a time.

Nothing is unpacked to disk. A path in the archive only finds an entry of the same archive.
"""

import csv
import io
import re
import struct
import zipfile
import zlib
from collections.abc import Iterator, Sequence
from datetime import MAXYEAR, UTC, datetime
from pathlib import Path, PurePosixPath
from types import TracebackType
from typing import Final, NamedTuple, Self

from retrorun.app.bulk.source import BadFile, NotRead
from retrorun.models.vocabulary.errors import Undefined

LIST: Final = "activities.csv"
COLUMNS: Final = ("Activity ID", "Activity Date", "Activity Name", "Activity Type", "Filename")
"""Columns of the list that every export has."""
DISTANCE: Final = "Distance"
"""A column that the list has twice: first in the unit of the account, then in metres."""
MOVING_TIME: Final = "Moving Time"
"""Seconds."""

MAXIMUM_BYTES: Final = 67_108_864
"""Most bytes of one file, unpacked."""
MAXIMUM_RATIO: Final = 100
"""Most bytes of a file for each packed byte."""
READABLE: Final = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)
"""Methods whose reader keeps to the size that the archive declares. Strava uses these."""
ENCRYPTED: Final = 0x1
ZIP_ERRORS: Final = (
    *(zipfile.BadZipFile, zlib.error, struct.error),
    *(EOFError, LookupError, OSError, OverflowError, RuntimeError, ValueError),
)
"""Errors that a damaged archive causes in the standard library."""

MONTHS: Final = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
CLOCK: Final = r"(?P<hour>\d{1,2}):(?P<minute>\d\d)(?::(?P<second>\d\d))?\s*(?P<half>[ap]m)?"
DATES: Final = tuple(
    re.compile(rf"{date},?\s+{CLOCK}")
    for date in (
        r"(?P<month>[a-z]{3})[a-z]*\.?\s+(?P<day>\d{1,2}),?\s+(?P<year>\d{4})",
        r"(?P<day>\d{1,2})\s+(?P<month>[a-z]{3})[a-z]*\.?\s+(?P<year>\d{4})",
        r"(?P<year>\d{4})-(?P<month>\d\d)-(?P<day>\d\d)",
    )
)
"""The forms of a date in exports in English: Jan 15, 2024, 7:30:00 AM; 15 Jan 2024, 07:30:00; 2024-01-15 07:30:00."""


class Activity(NamedTuple):
    """One row of the list."""

    activity_id: str
    start: datetime | None
    """UTC; None if the date is not understood."""
    name: str
    activity_type: str
    file: str
    """Path of the recording in the archive; empty for an activity entered by hand."""
    distance_m: str
    """As written in the list, like the next; empty if the list has no column in metres."""
    moving_time_s: str


class Export:
    """A bulk export of Strava. Use it in a `with` statement."""

    def __init__(self, path: Path) -> None:
        try:
            self.file = path.open("rb")
        except OSError as error:
            raise NotRead(f"Cannot read {path}: {error.strerror}.") from None
        try:
            self.archive = zipfile.ZipFile(self.file)
        except ZIP_ERRORS:
            self.file.close()
            raise BadFile(f"{path.name} is not a zip archive. Give the archive that Strava sent you.") from None
        self.entries = {entry.filename: entry for entry in self.archive.infolist()}
        lists = [name for name in self.entries if PurePosixPath(name).name == LIST]
        if not lists:
            self.file.close()
            raise BadFile(f"{path.name} contains no {LIST}. Give the archive that Strava sent you, unchanged.")
        name = min(lists, key=lambda name: (name.count("/"), name))
        self.folder = name.removesuffix(LIST)
        """The folder of the export in the archive, if somebody packed it again."""

    def __enter__(self) -> Self:
        """Return the export."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the archive."""
        self.archive.close()
        self.file.close()

    def activities(self) -> Iterator[Activity]:
        """Yield the activities in the order of the list.

        Raises
        ------
        BadFile
            The list is damaged, or its columns have other names.
        """
        try:
            text = io.StringIO(self.content(LIST).decode("utf-8-sig"), newline="")
            rows = csv.reader(text, strict=True)
            names = [name.strip() for name in next(rows, [])]
            if missing := [name for name in COLUMNS if name not in names]:
                raise BadFile(
                    f"{LIST} has no column {missing[0]}. Strava writes it in the language of your account. Set the "
                    "language to English, and ask for a new export."
                )
            first = [names.index(name) for name in COLUMNS]
            distances = [place for place, name in enumerate(names) if name == DISTANCE]
            last = [
                distances[-1] if len(distances) > 1 else None,
                names.index(MOVING_TIME) if MOVING_TIME in names else None,
            ]
            for row in rows:
                if any(row):
                    number, date, name, kind, file = (cell(row, place) for place in first)
                    yield Activity(number, moment(date), name, kind, file, *(cell(row, place) for place in last))
        except Undefined as error:
            raise BadFile(f"{LIST}: {error.message}") from None
        except UnicodeDecodeError:
            raise BadFile(f"{LIST} is not in UTF-8. Give the archive that Strava sent you, unchanged.") from None
        except csv.Error as error:
            raise BadFile(f"{LIST} is damaged: {error}.") from None

    def content(self, name: str) -> bytes:
        """Return a file of the export.

        Raises
        ------
        Undefined
            The archive has no such file, or it is damaged or too large.
        """
        entry = self.entries.get(self.folder + name)
        if entry is None:
            raise Undefined("file", "The file of this activity is not in the archive.", "missing_file")
        if entry.flag_bits & ENCRYPTED or entry.compress_type not in READABLE:
            raise unreadable("The file is packed in a way that Strava does not use.")
        if entry.file_size > min(MAXIMUM_BYTES, MAXIMUM_RATIO * entry.compress_size):
            raise too_large()
        try:
            return self.archive.read(entry)
        except ZIP_ERRORS:
            raise unreadable("The file is damaged in the archive. Ask Strava for a new export.") from None


def unreadable(message: str) -> Undefined:
    """Return the error of a file that cannot be read."""
    return Undefined("file", message, "unreadable_file")


def too_large() -> Undefined:
    """Return the error of a file that is too large."""
    return unreadable(
        f"The file has more than {MAXIMUM_BYTES} bytes, or more than {MAXIMUM_RATIO} for each packed byte."
    )


def cell(row: Sequence[str], place: int | None) -> str:
    """Return a cell of a row, or an empty text if there is none."""
    return row[place].strip() if place is not None and place < len(row) else ""


def moment(text: str) -> datetime | None:
    """Return a date of the list, which is UTC, or None if it is not understood.

    Examples
    --------
    >>> moment("Jan 5, 2024, 7:30:00 PM").isoformat(), moment("5 Jan 2024, 19:30:00").isoformat()
    ('2024-01-05T19:30:00+00:00', '2024-01-05T19:30:00+00:00')
    >>> moment("05.01.2024")
    """
    found = next(filter(None, (date.fullmatch(text.strip().lower()) for date in DATES)), None)
    if found is None or int(found["year"]) == MAXYEAR:  # the year after it would not be a date
        return None
    month, hour = found["month"], int(found["hour"])
    try:
        number = int(month) if month.isdecimal() else MONTHS.index(month) + 1
        if found["half"]:
            # 12 AM is the first hour of the day.
            hour = datetime.strptime(f"{hour} {found['half']}", "%I %p").hour
        return datetime(
            int(found["year"]),
            number,
            int(found["day"]),
            hour,
            int(found["minute"]),
            int(found["second"] or 0),
            tzinfo=UTC,
        )
    except ValueError:
        return None
