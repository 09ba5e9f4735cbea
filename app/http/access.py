"""Checks API keys in the header X-API-Key. The service stores only their hashes.

A slow hash protects passwords, because people choose passwords that can be guessed. A key of `retrorun key new` has 256
random bits and cannot be guessed, even with a fast hash. A slow hash would make every request slow, also those without
a valid key.
"""

import hashlib
import hmac
import logging
import re
import secrets
from pathlib import Path
from time import monotonic
from typing import Final

from starlette.responses import Response
from starlette.types import Scope

from retrorun.app.http.limits import KEY_NAME, PAGES, PICTURES, PROBES, is_open
from retrorun.app.http.media_types import JSON, preferred
from retrorun.app.http.problems import MEDIA_TYPE

KEY_BYTES: Final = 32
KEY_PREFIX: Final = "rr_"
"""Start of every key, so that you can search for a leaked one."""

HEADER: Final = b"x-api-key"
LINE: Final = re.compile(r"(?P<name>[A-Za-z0-9._-]{1,64}):(?P<digest>[0-9a-fA-F]{64})")
LOOK_EVERY_S: Final = 1.0
"""Shortest time between two checks whether the file has changed."""

NOTHING: Final = frozenset(hashlib.sha256(text).digest() for text in (b"", b"\n"))
"""Hashes of an empty text, with and without a line end, as a script makes them from an unset variable."""

HTML: Final = "text/html"
KEY_PAGE: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>RetroRun: this page needs a key</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{root}static/page.css">
<link rel="stylesheet" href="{root}static/documents.css">
</head>
<body>
<header class="top"><span class="name">RetroRun</span></header>
<main>
<h1>This page needs a key</h1>
<p>This service requires a key, and a browser sends none when it opens an address.</p>
<ul>
<li>If you have a key, enter it in the <a href="{root}">explorer</a>, and open the page from a link there.</li>
<li>In a terminal, send the key in the header X-API-Key: <code>curl -H "X-API-Key: $KEY" "$ADDRESS"</code></li>
<li>If you run the service, <code>RETRORUN_PAGES_WITHOUT_KEY=on</code> opens pages and pictures without a key.
Questions about a person still need one.</li>
</ul>
</main>
</body>
</html>
"""
"""The answer to a browser that opens a page without a key. `root` is the address of the service from that page."""

logger = logging.getLogger("retrorun.access")


def key_page(scope: Scope, refused: Response) -> Response:
    """Return a refusal for want of a key as a page if a browser opens an address, else unchanged.

    Parameters
    ----------
    scope : dict
        The ASGI scope of the request.
    refused : Response
        The problem for other clients.
    """
    accept = dict(scope["headers"]).get(b"accept", b"*/*").decode("latin-1")
    if scope["method"] not in {"GET", "HEAD"} or preferred(accept, (JSON, MEDIA_TYPE, HTML)) != HTML:
        return refused
    root = "../" * (scope["path"].count("/") - 1) or "./"
    headers = {"www-authenticate": refused.headers["www-authenticate"], "vary": "Accept", "cache-control": "no-store"}
    return Response(KEY_PAGE.format(root=root), refused.status_code, headers, HTML)


class BadKeys(ValueError):
    """The file of keys is not valid. The message says where and what to do, and repeats nothing from the file."""


def new_key() -> str:
    """Return a new key."""
    return KEY_PREFIX + secrets.token_urlsafe(KEY_BYTES)


def line_of(name: str, key: str) -> str:
    """Return the line that makes a key valid when you add it to the file.

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
    """Return the hashes in the text of a file by name. Each line is `name:hash`; # begins a comment.

    Raises
    ------
    BadKeys
        A line has another form or is the hash of an empty text, a name appears twice, or there is no line.
    """
    digests: dict[str, bytes] = {}
    for number, line in enumerate(text.splitlines(), start=1):
        entry = line.partition("#")[0].strip()
        if not entry:
            continue
        found = LINE.fullmatch(entry)
        # The message does not repeat the line, which may contain a key instead of its hash.
        if found is None:
            raise BadKeys(f"Line {number} is not name:hash. retrorun key new prints such a line.")
        if found["name"] in digests:
            raise BadKeys(f"Line {number} repeats a name. Give each key a different name.")
        digest = bytes.fromhex(found["digest"])
        if digest in NOTHING:
            raise BadKeys(f"Line {number} is the hash of an empty text, not of a key. Run retrorun key new again.")
        digests[found["name"]] = digest
    if not digests:
        raise BadKeys("It contains no key. retrorun key new prints a key and its line.")
    return digests


class KeyFile:
    """The keys in a file, which is read again when it changes.

    If the changed file is not valid, the log says why, the last valid keys are used, and the next check reads it again.

    Parameters
    ----------
    path : str
        The file.
    open_pages : bool, optional
        Serve `PAGES` and `PICTURES` without a key.

    Raises
    ------
    BadKeys
        The file cannot be read or is not valid.
    """

    def __init__(self, path: str, *, open_pages: bool = False) -> None:
        self.path = Path(path)
        self.open_pages = open_pages
        self.looked_at = monotonic()
        self.seen = self.state()
        self.failure = ""  # Why the file could not be used at the last check.
        try:
            self.digests = self.read()
        except BadKeys as error:
            raise BadKeys(f"The file of API keys cannot be used. {error}") from None

    def state(self) -> tuple[int, ...]:
        """Return times, size and inode of the file, which change when the file changes."""
        try:
            found = self.path.stat()
        except OSError:
            return ()
        return found.st_mtime_ns, found.st_ctime_ns, found.st_size, found.st_ino

    def read(self) -> dict[str, bytes]:
        """Return the hashes in the file by name."""
        try:
            if self.path.exists() and not self.path.is_file():
                raise BadKeys("It is not a file.")
            return digests_of(self.path.read_text(encoding="utf-8"))
        except OSError as error:
            raise BadKeys(f"It cannot be read: {error.strerror or type(error).__name__}.") from None
        except UnicodeDecodeError:
            raise BadKeys("It cannot be read: it is not a text in UTF-8.") from None

    def refresh(self) -> None:
        """Read the file again if it changed, or if it could not be used at the last check."""
        # Before the file is read, so that the next check sees a change during reading.
        state = self.state()
        if state == self.seen and not self.failure:
            return
        self.seen = state
        try:
            self.digests = self.read()
        except BadKeys as error:
            if str(error) != self.failure:
                self.failure = str(error)
                logger.error("the file of API keys cannot be used, the last valid keys stay in use: %s", self.failure)
        else:
            happened = "can be used again" if self.failure else "changed"
            logger.warning("the file of API keys %s: %d valid", happened, len(self.digests))
            self.failure = ""

    def needs_key(self, path: str) -> bool:
        """Return whether a request of a path needs a key."""
        if is_open(path) or path in PROBES:
            return False
        return not (self.open_pages and (path in PAGES or path.startswith(PICTURES)))

    def allows(self, scope: Scope) -> bool:
        """Return whether to serve a request: it has a valid key, or its path needs none.

        A request with several different keys is refused. The name of the key is set in the scope, for the log.
        """
        now = monotonic()
        if now - self.looked_at >= LOOK_EVERY_S:
            self.looked_at = now
            self.refresh()
        if not self.needs_key(scope["path"]):
            return True
        given = {value.strip() for name, value in scope["headers"] if name == HEADER}
        key = given.pop() if len(given) == 1 else b""
        digest = hashlib.sha256(key).digest()
        # Compare with all hashes in constant time, so that the time reveals nothing about the keys.
        names = [name for name, known in self.digests.items() if hmac.compare_digest(known, digest)]
        if not key or not names:
            return False
        scope[KEY_NAME] = names[0]
        return True
