"""Who may call: API keys in the header X-API-Key, known here by their hashes alone.

A slow hash guards passwords, which people choose and which can therefore be guessed. These keys are 256 random bits
that `retrorun key new` draws: nobody guesses one, however fast the hash, and a slow one would make every request dear,
those without a key first of all.
"""

import hashlib
import hmac
import logging
import re
import secrets
from pathlib import Path
from time import monotonic
from typing import Final

from starlette.types import Scope

from retrorun.app.http.limits import CALLER

KEY_BYTES: Final = 32
KEY_PREFIX: Final = "rr_"
"""What every key begins with, so that one that leaked can be searched for."""

HEADER: Final = b"x-api-key"
LINE: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,64}):(?P<digest>[0-9a-fA-F]{64})")
LOOK_EVERY_S: Final = 1.0
"""How often the file is looked at for a change, at most."""

NOTHING: Final = frozenset(hashlib.sha256(text).digest() for text in (b"", b"\n"))
"""Hashes of an unset variable, as `printf` and `echo` write it: the hashes of no key."""

OPEN: Final = frozenset({"/", "/docs", "/openapi.json", "/llms.txt"})
"""Pages that say how to call, which a browser opens without a key; also everything under `OPEN_FOLDER`."""
OPEN_FOLDER: Final = "/static/"

logger = logging.getLogger("retrorun.access")


class BadKeys(ValueError):
    """The file of keys cannot be used; the message says where and what to do, and repeats nothing of it."""


def new_key() -> str:
    """Return a new key."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def line_of(name: str, key: str) -> str:
    """Return the line of the file that lets a key in.

    Examples
    --------
    >>> line_of("app", "rr_example")[:20]
    'app:3944ff91afd9897e'
    """
    line = f"{name}:{hashlib.sha256(key.encode()).hexdigest()}"
    if not LINE.fullmatch(line):
        raise BadKeys("The name of a key is 1 to 64 letters, digits, points, dashes or underscores.")
    return line


def digests_of(text: str) -> dict[str, bytes]:
    """Return the hashes that a file lists by their names, one `name:hash` a line; # begins a comment.

    Raises
    ------
    BadKeys
        A line is something else or the hash of nothing, a name is there twice, or there is no line.
    """
    digests: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        found = LINE.fullmatch(entry)
        # The line itself is not repeated: it may hold the key instead of its hash.
        if found is None:
            raise BadKeys(f"Line {number} is not name:hash; retrorun key new prints such a line.")
        if found["name"] in digests:
            raise BadKeys(f"Line {number} has a name that stands above too: give each key its own.")
        digest = bytes.fromhex(found["digest"])
        if digest in NOTHING:
            raise BadKeys(f"Line {number} is the hash of nothing, not of a key; retrorun key new prints such a line.")
        digests[found["name"]] = digest
    if not digests:
        raise BadKeys("It lists no key; retrorun key new prints one and its line.")
    return digests


class KeyFile:
    """The keys of a file, read again when it changes.

    When it cannot be used, the log says why, the last good keys stay valid, and each look reads it again.

    Parameters
    ----------
    path : str
        The file.

    Raises
    ------
    BadKeys
        It cannot be read or used.
    """

    def __init__(self, path: str) -> None:
        self.path = Path(path)
        self.looked_at = monotonic()
        self.seen = self.state()
        self.failure = ""  # Why the last reading failed.
        try:
            self.digests = self.read()
        except BadKeys as error:
            raise BadKeys(f"The file of API keys cannot be used. {error}") from None

    def state(self) -> tuple[int, ...]:
        """Return what changes when the file does."""
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def read(self) -> dict[str, bytes]:
        """Return the hashes in the file by their names."""
        try:
            if self.path.exists() and not self.path.is_file():
                raise BadKeys("It is no file.")
            return digests_of(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadKeys(f"It cannot be read: {error.strerror or type(error).__name__}.") from None
        except UnicodeDecodeError:
            raise BadKeys("It cannot be read: it is no text in UTF-8.") from None

    def refresh(self) -> None:
        """Read the file again if it changed, or if it could not be used at the last look."""
        # Before reading: what changes while it is read is seen at the next look.
        state = self.state()
        if state == self.seen and not self.failure:
            return
        self.seen = state
        try:
            self.digests = self.read()
        except BadKeys as error:
            if str(error) != self.failure:
                self.failure = str(error)
                logger.error("the file of API keys cannot be used, the last good keys stay valid: %s", self.failure)
        else:
            happened = "can be used again" if self.failure else "changed"
            logger.warning("the file of API keys %s: %d valid", happened, len(self.digests))
            self.failure = ""

    def allows(self, scope: Scope) -> bool:
        """Say whether a request may be served: it carries one valid key, or asks for a page that needs none.

        Several keys that differ are none: which one the caller means is not known. The name of the key is left in the
        scope, for the log.
        """
        now = monotonic()
        if now - self.looked_at >= LOOK_EVERY_S:
            self.looked_at = now
            self.refresh()
        path = scope["path"]
        if path in OPEN or path.startswith(OPEN_FOLDER):
            return True
        given = {value.strip() for name, value in scope["headers"] if name == HEADER}
        key = given.pop() if len(given) == 1 else b""
        digest = hashlib.sha256(key).digest()
        # Over all of them, whichever it is: the time says nothing about how near a key is, or which one it is.
        names = [name for name, known in self.digests.items() if hmac.compare_digest(known, digest)]
        if not key or not names:
            return False
        scope[CALLER] = names[0]
        return True
