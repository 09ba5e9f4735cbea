"""Recognise the files that a run wrote, so that a run never deletes or overwrites any other file.

The folder of the parts has a marker file with the name of its output. A finished file has an attribute in the file
system with the name of its output, its size and its time. A file that was changed, copied or renamed later no longer
counts as written by a run. Without such attributes, no finished file does.
"""

import os
import re
import stat
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Final

from retrorun.app.bulk.source import BadFile

try:
    import fcntl
except ImportError:
    fcntl = None  # type: ignore[assignment]  # Windows has no fcntl; mypy sees a module

MARK: Final = "made-by-retrorun-bulk"
MADE: Final = "made"
FOUND: Final = "found"
"""Whether the run made the folder (then it removes it), or found it empty (then it leaves it empty)."""
ATTRIBUTE: Final = "user.retrorun.bulk"
RUN: Final = re.compile(r"[0-9a-f]{16}(-estimates)?")
"""The name of a folder with the parts of one run."""
PART: Final = re.compile(r"\d{9,}\.(arrow|parquet|csv|jsonl|rejected\.csv|done\.json)|.+\.[0-9a-f]{32}\.tmp", re.DOTALL)
"""The name of a file in such a folder."""


def identity(output: Path, found: os.stat_result) -> bytes:
    """Return the attribute value of a finished file."""
    return b"%s\n%d %d" % (os.fsencode(output.name), found.st_size, found.st_mtime_ns)


def is_made(path: Path, output: Path) -> bool:
    """Return whether a run with this output wrote a file and nobody has changed it."""
    try:
        found = path.lstat()
        return stat.S_ISREG(found.st_mode) and os.getxattr(path, ATTRIBUTE) == identity(output, found)
    except (OSError, AttributeError):
        return False


def refuse_unless_made(path: Path, output: Path) -> None:
    """Raise if a file exists that no run with this output wrote."""
    if os.path.lexists(path) and not is_made(path, output):
        raise not_made(path, output)


def not_made(path: Path, output: Path) -> BadFile:
    """Return the error for a file or folder that no run with this output wrote."""
    return BadFile(
        f"{path.name} already exists. It is not an unchanged result of an earlier run with the output {output.name}. "
        "Move it, or choose another output."
    )


def written(path: Path, beside: Path, write: Callable[[BinaryIO], object], output: Path | None = None) -> Path:
    """Write a file under a temporary name, and return that path.

    Parameters
    ----------
    path : Path
        The later path of the file.
    beside : Path
        Directory for the unfinished file, on the same disk.
    write : callable
        Writes the content.
    output : Path, optional
        The output that a finished file belongs to.
    """
    unfinished = beside / f"{path.name}.{uuid.uuid4().hex}.tmp"
    try:
        with unfinished.open("xb") as file:
            write(file)
            file.flush()
            if output is not None:
                os.fsync(file.fileno())  # parts do not need this: their sizes are checked
                with suppress(OSError, AttributeError):
                    os.setxattr(file.fileno(), ATTRIBUTE, identity(output, os.fstat(file.fileno())))
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def give_name(unfinished: Path, path: Path, output: Path) -> None:
    """Give a finished file its name; raise if another file has that name and no run with this output wrote it."""
    try:
        os.link(unfinished, path)  # this never replaces a file
    except FileExistsError:
        refuse_unless_made(path, output)
        unfinished.replace(path)
    except OSError:  # the file system has no hard links
        refuse_unless_made(path, output)
        unfinished.replace(path)
    else:
        unfinished.unlink()


@contextmanager
def lock_directory(parts: Path, output: Path) -> Iterator[None]:
    """Lock the folder of the parts of an output until the run ends, also when it fails.

    Raises
    ------
    BadFile
        No run made the folder, or another run on this machine has locked it.
    """
    descriptor, made = open_locked(parts, output)
    try:
        mark(parts, output, MADE if made else FOUND)
        try:
            yield
        finally:
            with suppress(OSError):
                remove_parts(parts, whole=False)
    finally:
        if descriptor is not None:
            os.close(descriptor)


def open_locked(parts: Path, output: Path) -> tuple[int | None, bool]:
    """Make a folder if it is missing, and return its locked descriptor and whether it was made."""
    while True:
        made = True
        try:
            parts.mkdir()
        except FileExistsError:
            made = False
        if not is_folder(parts):
            raise not_made(parts, output)
        if fcntl is None:
            return None, made
        descriptor = os.open(parts, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            with suppress(OSError):  # the file system has no locks
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise BadFile(
                        f"Another run is writing {output.name}. Wait for it, or choose another output."
                    ) from None
            if parts.lstat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor, made
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # Another run has ended and removed its folder.


def is_folder(path: Path) -> bool:
    """Return whether a path is a folder, and not a link to one."""
    return stat.S_ISDIR(path.lstat().st_mode)


def mark(parts: Path, output: Path, maker: str) -> None:
    """Mark a folder as belonging to an output; raise if it has no marker and is not empty."""
    path, text = parts / MARK, os.fsencode(output.name) + b"\n"
    if not path.is_symlink() and path.is_file():
        # A marker without content is from a run that was killed before it wrote the marker.
        if path.read_bytes().startswith(text) or not path.stat().st_size:
            return
        raise not_made(parts, output)
    if any(parts.iterdir()):
        raise not_made(parts, output)
    with path.open("xb") as file:
        file.write(text + maker.encode())


def folder_of_run(parts: Path, name: str, output: Path) -> Path:
    """Return the folder for the parts of one run. Make it if it is missing, and remove unfinished files in it."""
    directory = parts / name
    directory.mkdir(exist_ok=True)
    if not is_folder(directory):
        raise not_made(directory, output)
    for unfinished in directory.glob("*.tmp"):
        if PART.fullmatch(unfinished.name):
            unfinished.unlink(missing_ok=True)
    return directory


def remove_parts(parts: Path, *, whole: bool = True) -> bool:
    """Remove the parts of all runs of an output, or only empty folders. Return whether nothing else is left."""
    for directory in list(parts.iterdir()) if folder_exists(parts) else []:
        if RUN.fullmatch(directory.name) and is_folder(directory):
            for path in list(directory.iterdir()) if whole else []:
                if PART.fullmatch(path.name) and not path.is_dir():
                    path.unlink()
            with suppress(OSError):
                directory.rmdir()
    if not folder_exists(parts):
        return True
    if [path.name for path in parts.iterdir()] != [MARK]:
        return False
    made = not (parts / MARK).read_bytes().endswith(b"\n" + FOUND.encode())
    (parts / MARK).unlink()
    if made:
        with suppress(OSError):
            parts.rmdir()
    return True


def folder_exists(path: Path) -> bool:
    """Return whether a folder exists, and is not a link."""
    return path.is_dir() and not path.is_symlink()
