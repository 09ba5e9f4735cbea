"""Opens archives that hold recordings, within limits: gzip and ZIP, one level, no path of the archive is used.

The sizes in an archive may be wrong, so what is unpacked is counted as it comes.
"""

import io
import re
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from gzip import GzipFile
from typing import Final
from zipfile import ZIP_DEFLATED, ZIP_STORED, BadZipFile, ZipFile, ZipInfo

from retrorun.app.formats.watch_errors import unknown_kind, unreadable
from retrorun.models.vocabulary.errors import Undefined

GZIP: Final = b"\x1f\x8b"
ZIP: Final = (b"PK\x03\x04", b"PK\x05\x06")
OTHERS: Final = (b"PK", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"(\xb5/\xfd", b"Rar!")
ENTRY: Final = b"PK\x01\x02"
"""Start of each entry in the directory of a ZIP archive."""
MEMBER: Final = GZIP + b"\x08"
"""Start of each member of gzip."""
ENCRYPTED: Final = 1
GZIP_BITS: Final = 31
"""Setting of zlib for gzip with the largest window."""

MAXIMUM_UNPACKED_BYTES: Final = 64 << 20
MAXIMUM_RATIO: Final = 100
"""Most bytes that a recording may have, and most bytes for each byte in the archive."""
MAXIMUM_ENTRIES: Final = 20_000
HEAD_BYTES: Final = 4096
"""Bytes of an entry that are looked at to recognise a recording."""

FIT_HEAD: Final = re.compile(rb".{8}\.FIT", re.DOTALL)
XML_HEAD: Final = re.compile(rb"<(\w+:)?(gpx|TrainingCenterDatabase)[\s>/]")
DAMAGED: Final = "The archive is damaged or encrypted: send the GPX, TCX or FIT file in it."
TOO_LARGE: Final = "The archive is too large when it is unpacked: send the GPX, TCX or FIT file in it."
ZIP_ERRORS: Final = (
    BadZipFile, EOFError, LookupError, OSError, OverflowError, RuntimeError, ValueError, struct.error, zlib.error
)  # fmt: skip
"""Errors that a damaged archive causes in the standard library."""


def unpacked(data: bytes) -> bytes:
    """Return the one recording in an archive, and other data unchanged.

    Raises
    ------
    Undefined
        The archive is damaged, encrypted, too large or of another kind, or it holds several recordings or none.
    """
    if data.startswith(GZIP):
        return gunzipped(data)
    if not data.startswith(ZIP):
        if data.startswith(OTHERS):
            raise unknown_kind("The file is an archive of another kind: send the GPX, TCX or FIT file in it.")
        return data
    with opened(data) as archive:
        found = [entry for entry in files_in(archive) if is_recording(head_of(archive, entry))]
        if len(found) == 1:
            return content_of(archive, found[0])
    if found:
        message = f"The archive holds {len(found)} recordings: send one of them."
        raise Undefined("file", message, "several_recordings")
    raise unknown_kind("The archive holds no GPX, TCX or FIT file: send the original file of the watch.")


def recordings_of(data: bytes) -> Iterator[tuple[str, bytes]]:
    """Yield the name and content of each recording in a ZIP archive; a recording may be compressed by gzip in it.

    Raises
    ------
    Undefined
        The archive is damaged, encrypted or too large.
    """
    with opened(data) as archive:
        for entry in files_in(archive):
            head = head_of(archive, entry)
            if head.startswith(GZIP):
                if is_recording(zlib.decompressobj(GZIP_BITS).decompress(head, HEAD_BYTES)):
                    yield entry.filename, gunzipped(content_of(archive, entry))
            elif is_recording(head):
                yield entry.filename, content_of(archive, entry)


@contextmanager
def opened(data: bytes) -> Iterator[ZipFile]:
    """Provide a ZIP archive. What it raises because the archive is damaged becomes an error of the file."""
    if data.count(ENTRY) > MAXIMUM_ENTRIES:  # ZipFile keeps an object for each.
        raise unreadable(f"The archive has more than {MAXIMUM_ENTRIES} files: send the GPX, TCX or FIT file in it.")
    try:
        with ZipFile(io.BytesIO(data)) as archive:
            yield archive
    except Undefined:
        raise
    except ZIP_ERRORS:
        raise unreadable(DAMAGED) from None


def files_in(archive: ZipFile) -> Iterator[ZipInfo]:
    """Yield the entries that are files."""
    for entry in archive.infolist():
        if entry.flag_bits & ENCRYPTED or entry.compress_type not in {ZIP_STORED, ZIP_DEFLATED}:
            raise BadZipFile
        if not entry.is_dir():
            yield entry


def gunzipped(data: bytes) -> bytes:
    """Return what gzip compressed, in one member or several."""
    if data.count(MEMBER) > MAXIMUM_ENTRIES:
        raise unreadable(f"The archive has more than {MAXIMUM_ENTRIES} parts: send the GPX, TCX or FIT file in it.")
    most = most_bytes(len(data))
    try:
        with GzipFile(fileobj=io.BytesIO(data)) as stream:
            content = stream.read(most + 1)
    except (EOFError, OSError, zlib.error):
        raise unreadable(DAMAGED) from None
    if len(content) > most:
        raise unreadable(TOO_LARGE)
    return content


def most_bytes(packed: int) -> int:
    """Return how many bytes may come out of an archive or an entry [B]."""
    return min(MAXIMUM_UNPACKED_BYTES, MAXIMUM_RATIO * packed)


def is_recording(head: bytes) -> bool:
    r"""Return whether content begins like FIT, GPX or TCX.

    Examples
    --------
    >>> is_recording(b"<?xml version='1.0'?>\n<gpx version='1.1'>"), is_recording(b"name,distance")
    (True, False)
    """
    # UTF-16 has a NUL beside each letter.
    return bool(FIT_HEAD.match(head) or XML_HEAD.search(head.replace(b"\0", b"")))


def head_of(archive: ZipFile, entry: ZipInfo) -> bytes:
    """Return the start of an entry."""
    with archive.open(entry) as stream:
        return stream.read(HEAD_BYTES)


def content_of(archive: ZipFile, entry: ZipInfo) -> bytes:
    """Return the content of an entry."""
    most = most_bytes(entry.compress_size)
    with archive.open(entry) as stream:
        content = stream.read(most + 1)
    if len(content) > most:
        raise unreadable(TOO_LARGE)
    return content
