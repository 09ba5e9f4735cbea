"""Limits of a request, the reasons to refuse one, and the keys that the service adds to an ASGI scope."""

import re
import sys
import traceback
from functools import cache
from typing import Final, NamedTuple
from urllib.parse import parse_qsl

from starlette.responses import Response
from starlette.types import Scope

from retrorun.app.http.errors.field_names import named
from retrorun.app.http.problems import MAXIMUM_ERRORS, problem
from retrorun.app.settings import Settings
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash

MAXIMUM_BODY_BYTES: Final = Settings().maximum_body_bytes

PAGE_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"manifest-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", PAGE_POLICY),
)

EMBEDDABLE: Final = {"/plot/energy.svg", "/plot/load.svg"}
"""Pictures that pages of other sites may embed."""

EMBEDDABLE_HEADERS: Final = tuple(
    (name, b"cross-origin" if name == b"cross-origin-resource-policy" else value) for name, value in SECURITY_HEADERS
)

MODELS_HASH: Final = re.compile(r"[0-9a-f]{12}", re.IGNORECASE)
"""Form of the hash in RetroRun-Models. A value of another form is not repeated in an error."""

CLOSE: Final = (b"connection", b"close")

RETRY_SOON: Final = {"retry-after": "1"}

PROBES: Final = {"/livez", "/readyz"}
"""Health checks: served without a key."""

ALWAYS_SERVED: Final = {*PROBES, "/metrics"}
"""Served even if the service is overloaded."""

OPEN: Final = frozenset({"/", "/docs", "/openapi.json", "/llms.txt", "/messages"})
"""Pages and documents that need no key and fit all models, like everything under `OPEN_FOLDERS`."""
OPEN_FOLDERS: Final = ("/static/", "/problems/")

PAGES: Final = frozenset({"/validation", "/evidence", "/models", "/references"})
"""Other pages that people open in a browser, like everything under `PICTURES`. They need a key unless a setting opens
them."""
PICTURES: Final = "/plot/"

STREAMS: Final = {"/estimate/table"}
"""Paths whose bodies may have any length. The endpoint limits the bytes and the time of each part."""

LISTS: Final = {"/workout", "/estimate/batch"}
"""Paths that accept long lists in JSON."""

FILES: Final = {"/workout/track"}
"""Paths that accept files."""

UPLOADS: Final = LISTS | FILES | STREAMS
"""Paths whose bodies may exceed the ordinary limit."""

QUERY_FIELDS: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("/models", "/references", "/evidence", "/messages"), ()),
    "/validation": ("model", "indicator"),
}
"""The fields of the query of each list. The plots check their own; what has a body, and pages, ignore a query."""

REFUSAL_REASON: Final = "retrorun.refusal_reason"
"""Scope key, set by the connection or the guard: the reason to refuse this request, a key of `REFUSALS`."""

EXCHANGE: Final = "retrorun.exchange"
"""Scope key of a stream, set by the guard: its `Exchange`. The endpoint calls `release` for bytes it has processed."""

WORKERS: Final = "retrorun.workers"
"""Scope key, set by the guard: the `Workers` that compute outside the event loop, or None."""

EXCEEDED_LIMIT: Final = "retrorun.exceeded_limit"
"""Scope key, set by the guard once the body exceeds the ordinary body limit: that limit [B]."""

KEPT_ANSWER: Final = "retrorun.kept_answer"
"""Scope key, set to True if the service keeps the answer anyway: then only the pieces being sent need more memory."""

LONGEST_LENGTH: Final = 19
"""Most digits of a Content-Length, leading zeros included."""

AT_ONCE: Final = 1 << 15
"""Bytes of an answer that are written at once. The next piece waits until the client has read most of this one."""

COUNTED_BYTES: Final = 8192
"""A body is counted once it exceeds this size [B], because thousands of bodies may wait to be computed."""

CLIENT_GONE: Final = "retrorun.client_gone"
"""Scope key, set by the connection: a list that is empty until the connection is closed."""

CUT_REASON: Final = "retrorun.cut_reason"
"""Scope key, set if the answer was broken off: the reason, a key of `REFUSALS`."""

KEY_NAME: Final = "retrorun.key_name"
"""Scope key, set if the request has a valid API key: the name of that key."""


class Refusal(NamedTuple):
    """The answer to a request that is refused; `close` says whether the connection ends with it."""

    status: int
    detail: str | None = None
    headers: dict[str, str] | None = None
    close: bool = True


REFUSALS: Final = {
    "malformed": Refusal(400, "The request is not valid HTTP/1.1."),
    "table": Refusal(400, "The body is not a valid Arrow stream."),
    "key": Refusal(401, headers={"www-authenticate": "ApiKey"}, close=False),
    "path": Refusal(
        404,
        "Send the path without percent-encoding: no path here needs it. See /docs.",
        close=False,
    ),
    "request_time": Refusal(408),
    "other_models": Refusal(
        409,
        "The models of this service are {models}, not {asked_models}. GET /models without RetroRun-Models shows them.",
        close=False,
    ),
    "body_size": Refusal(413, "The body is larger than {body_limit} bytes. Send a smaller one."),
    "unknown_method": Refusal(501, "The method is unknown. Use GET, HEAD, POST or OPTIONS.", close=False),
    "encoding": Refusal(
        415, "Send the body uncompressed, without Content-Encoding.", {"accept-encoding": "identity"}, close=False
    ),
    "header_size": Refusal(
        431, "The headers are larger than {settings.maximum_header_bytes} bytes. Send fewer or shorter ones."
    ),
    "connections": Refusal(503, "Too many connections are open. Try again shortly.", RETRY_SOON),
    "loop_lag": Refusal(503, "The service is overloaded. Try again shortly.", RETRY_SOON, close=False),
    "uploads": Refusal(503, "Too many large bodies are being received. Try again shortly.", RETRY_SOON),
    "answers": Refusal(503, "Too many long answers are being sent. Try again shortly.", RETRY_SOON, close=False),
    "computing": Refusal(503, "Too many computations are running. Try again shortly.", RETRY_SOON, close=False),
    "computing_time": Refusal(
        503, "The computation took too long. Request less, or try again.", RETRY_SOON, close=False
    ),
    "reading": Refusal(503, "The client read the answer too slowly.", RETRY_SOON),
    "stopping": Refusal(503, "This instance is stopping. Try again: another one will answer.", RETRY_SOON),
}
"""The reasons to refuse a request or to break off an answer."""


def refusal_answer(reason: str, settings: Settings, path: str = "", asked_models: str = "") -> Response:
    """Return the problem of a refusal. `asked_models` is the header RetroRun-Models of the request."""
    status, detail, headers, _ = REFUSALS[reason]
    detail = detail and detail.format(
        settings=settings,
        body_limit=body_limit(path, settings),
        models=models_hash(),
        asked_models=asked_models if MODELS_HASH.fullmatch(asked_models) else "those in your RetroRun-Models",
    )
    message = f"Send {models_hash()} as RetroRun-Models, or omit that header."
    errors = [{"pointer": "", "code": "other_models", "message": message}] * (reason == "other_models")
    return problem(status, code=reason, detail=detail, errors=errors, headers=headers)


def query_refusal(scope: Scope) -> Response | None:
    """Return the problem of a query with unknown fields, or None. A page is shown: sites add fields to a link."""
    known = QUERY_FIELDS.get(scope["path"])
    if known is None or any(name == b"accept" and b"text/html" in value for name, value in scope["headers"]):
        return None
    query = scope["query_string"].decode("latin-1")
    names = [name for name, _ in parse_qsl(query, keep_blank_values=True) if name not in known]
    if not names:
        return None
    advice = f"Known fields: {', '.join(known)}." if known else "This path has no query. Remove it."
    errors = [{"pointer": "/query", "code": "unknown_field", "message": f"{named(name)} {advice}"} for name in names]
    return problem(422, errors=errors[:MAXIMUM_ERRORS], total=len(errors))


@cache
def pins() -> tuple[tuple[bytes, bytes], ...]:
    """Return the headers that name the version and the models, which every answer has."""
    return (b"retrorun-version", __version__.encode()), (b"retrorun-models", models_hash().encode())


def is_open(path: str) -> bool:
    """Return whether a path is a page or document that needs no key and fits all models.

    Examples
    --------
    >>> is_open("/docs"), is_open("/static/page.css"), is_open("/models")
    (True, True, False)
    """
    return path in OPEN or path.startswith(OPEN_FOLDERS)


def body_limit(path: str, settings: Settings) -> int:
    """Return the largest body that a path accepts [B]."""
    if path in STREAMS:
        return sys.maxsize
    if path in FILES:
        return settings.maximum_upload_bytes
    return settings.maximum_list_bytes if path in LISTS else settings.maximum_body_bytes


class Refused(Exception):
    """A request is refused. The argument is the reason, a key of `REFUSALS`."""


class WorkFailed(Exception):
    """A computation outside the event loop failed. The message says where, and contains no input."""


class Bytes:
    """Counts the bytes held for all clients together, up to a maximum: those of other workers too, if there are any.

    Parameters
    ----------
    most : int
        The maximum [B].
    reason : str
        The reason of a refusal beyond the maximum, a key of `REFUSALS`.
    """

    def __init__(self, most: int, reason: str) -> None:
        self.most, self.reason = most, reason
        self.held_by_worker: list[int] | memoryview[int] = [0]
        self.number = 0

    def share(self, held_by_worker: "memoryview[int]", number: int) -> None:
        """Count in the place of a worker, among numbers that all workers see."""
        self.held_by_worker, self.number = held_by_worker, number

    @property
    def held(self) -> int:
        """Bytes that this process holds."""
        return self.held_by_worker[self.number]

    @held.setter
    def held(self, size: int) -> None:
        self.held_by_worker[self.number] = size

    def add(self, size: int, *, own: int = 0) -> None:
        """Count `size` more bytes for a client that has `own` already. Raise `Refused` beyond the maximum.

        A client is never refused if no other client holds bytes.
        """
        held = sum(self.held_by_worker)
        if held > own and held + size > self.most:
            raise Refused(self.reason)
        self.held += size


def where_it_happened(error: BaseException) -> str:
    """Return the type of an exception and the lines of its traceback, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[-6:])
