"""What a run made, told from what was there before, which it neither deletes nor writes over.

The folder of the parts holds a file that says whose it is. A finished file has, as an attribute of the file system, the
name of its output, its size and its time: one that was changed, copied or renamed since is no run's any more, and where
the system has no such attributes none is.
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
    fcntl = None  # type: ignore[assignment]  # Windows has no such module, and the name is one to mypy

MARK: Final = "made-by-retrorun-bulk"
MADE: Final = "made"
FOUND: Final = "found"
"""Whether the run made the folder, or found it empty and leaves it so."""
ATTRIBUTE: Final = "user.retrorun.bulk"
RUN: Final = re.compile(r"[0-9a-f]{16}(-estimates)?")
"""The names of the folders of one run's parts."""
PART: Final = re.compile(r"\d{9,}\.(arrow|parquet|csv|jsonl|rejected\.csv|done\.json)|.+\.[0-9a-f]{32}\.tmp", re.DOTALL)
"""The names of the files in it."""


def identity(output: Path, found: os.stat_result) -> bytes:
    """Return what a finished file has as its attribute."""
    return b"%s\n%d %d" % (os.fsencode(output.name), found.st_size, found.st_mtime_ns)


def is_made(path: Path, output: Path) -> bool:
    """Say whether a run of an output made a file, and nobody changed it since."""
    try:
        found = path.lstat()
        return stat.S_ISREG(found.st_mode) and os.getxattr(path, ATTRIBUTE) == identity(output, found)
    except (OSError, AttributeError):
        return False


def refuse_others(path: Path, output: Path) -> None:
    """Raise where a file is there that no run of an output made."""
    if os.path.lexists(path) and not is_made(path, output):
        raise foreign(path, output)


def foreign(path: Path, output: Path) -> BadFile:
    """Return what is said of a file or folder that a run did not make."""
    whose = f"no run that writes {output.name} left it so"
    return BadFile(f"{path.name} is there already, and {whose}: move it away, or name another output.")


def written(path: Path, beside: Path, write: Callable[[BinaryIO], object], output: Path | None = None) -> Path:
    """Write a file under a name of its own, and return that.

    Parameters
    ----------
    path : Path
        What it will be called.
    beside : Path
        Directory of the same disk for the unfinished file.
    write : callable
        Writes the content.
    output : Path, optional
        Of a finished file, the output that it belongs to.
    """
    unfinished = beside / f"{path.name}.{uuid.uuid4().hex}.tmp"
    try:
        with unfinished.open("xb") as file:
            write(file)
            file.flush()
            if output is not None:
                os.fsync(file.fileno())  # parts are told by their sizes
                with suppress(OSError, AttributeError):
                    os.setxattr(file.fileno(), ATTRIBUTE, identity(output, os.fstat(file.fileno())))
    except BaseException:
        unfinished.unlink(missing_ok=True)
        raise
    return unfinished


def give_name(unfinished: Path, path: Path, output: Path) -> None:
    """Give a finished file its name; raise where a file has it that no run of its output made."""
    try:
        os.link(unfinished, path)  # which takes no other's place
    except FileExistsError:
        refuse_others(path, output)
        unfinished.replace(path)
    except OSError:  # of a file system without a second name for a file
        refuse_others(path, output)
        unfinished.replace(path)
    else:
        unfinished.unlink()


@contextmanager
def claimed(parts: Path, output: Path) -> Iterator[None]:
    """Hold the folder of the parts of an output until the run ends, however it does.

    Raises
    ------
    BadFile
        The folder is no run's, or another run of this machine holds it.
    """
    descriptor, made = held(parts, output)
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


def held(parts: Path, output: Path) -> tuple[int | None, bool]:
    """Return a descriptor that holds a folder, made where it was not there, and whether it was made."""
    while True:
        made = True
        try:
            parts.mkdir()
        except FileExistsError:
            made = False
        if not is_folder(parts):
            raise foreign(parts, output)
        if fcntl is None:
            return None, made
        descriptor = os.open(parts, os.O_RDONLY | os.O_NOFOLLOW)
        try:
            with suppress(OSError):  # of a file system without locks
                try:
                    fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
                except BlockingIOError:
                    raise BadFile(f"Another run writes {output.name}: wait for it, or name another output.") from None
            if parts.lstat().st_ino == os.fstat(descriptor).st_ino:
                return descriptor, made
        except FileNotFoundError:
            pass
        except BaseException:
            os.close(descriptor)
            raise
        os.close(descriptor)  # Another run ended meanwhile, and took its folder away.


def is_folder(path: Path) -> bool:
    """Say whether a path is a folder, and no link to one."""
    return stat.S_ISDIR(path.lstat().st_mode)


def mark(parts: Path, output: Path, whose: str) -> None:
    """Mark a folder as one of an output's runs; raise where it has no mark and something is in it."""
    path, text = parts / MARK, os.fsencode(output.name) + b"\n"
    if not path.is_symlink() and path.is_file():
        # Without content it is of a run that was killed before it wrote any.
        if path.read_bytes().startswith(text) or not path.stat().st_size:
            return
        raise foreign(parts, output)
    if any(parts.iterdir()):
        raise foreign(parts, output)
    with path.open("xb") as file:
        file.write(text + whose.encode())


def folder_of_run(parts: Path, name: str, output: Path) -> Path:
    """Return the folder of one run's parts, made where it was not there, without files that were not finished."""
    directory = parts / name
    directory.mkdir(exist_ok=True)
    if not is_folder(directory):
        raise foreign(directory, output)
    for unfinished in directory.glob("*.tmp"):
        if PART.fullmatch(unfinished.name):
            unfinished.unlink(missing_ok=True)
    return directory


def remove_parts(parts: Path, *, whole: bool = True) -> bool:
    """Remove the parts of all runs of an output, or only empty folders, and say whether nothing else is left."""
    for directory in list(parts.iterdir()) if is_there(parts) else []:
        if RUN.fullmatch(directory.name) and is_folder(directory):
            for path in list(directory.iterdir()) if whole else []:
                if PART.fullmatch(path.name) and not path.is_dir():
                    path.unlink()
            with suppress(OSError):
                directory.rmdir()
    if not is_there(parts):
        return True
    if [path.name for path in parts.iterdir()] != [MARK]:
        return False
    made = not (parts / MARK).read_bytes().endswith(b"\n" + FOUND.encode())
    (parts / MARK).unlink()
    if made:
        with suppress(OSError):
            parts.rmdir()
    return True


def is_there(path: Path) -> bool:
    """Say whether a folder is there."""
    return path.is_dir() and not path.is_symlink()
