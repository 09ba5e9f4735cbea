"""Reads watch files into columns: which parser reads a file is decided by its content, not by its name."""

from typing import NamedTuple

from retrorun.app.formats.archives import unpacked
from retrorun.app.formats.fit import FIT_MARK, MARK_AT, read_fit
from retrorun.app.formats.gpx_tcx import Reader, is_xml
from retrorun.app.formats.watch_errors import unknown_kind, unreadable
from retrorun.models.track.points import Points, Session


class WatchFile(NamedTuple):
    """The points of a file, and the sessions to which they belong."""

    points: Points
    sessions: tuple[Session, ...]


def read_watch_file(data: bytes) -> WatchFile:
    """Return the points and sessions of a GPX, TCX or FIT file, or of the one in a gzip or ZIP archive.

    Raises
    ------
    Undefined
        The file has another format, is damaged, is too large, or was planned and not done.
    """
    if not data:
        raise unreadable("The file is empty: send the original file of the watch.")
    data = unpacked(data)
    if data.startswith(FIT_MARK, MARK_AT):
        points, sessions = read_fit(data)
    elif is_xml(data):
        points, sessions = Reader().read(data)
    else:
        raise unknown_kind("The file is not GPX, TCX or FIT: send the original file of the watch.")
    return WatchFile(points, tuple(sessions))
