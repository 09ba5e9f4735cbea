"""Limits of a request, the reasons to refuse one, and the keys of its scope."""

import sys
import traceback
from typing import Final, NamedTuple

from starlette.responses import Response

from retrorun.app.http.problems import problem
from retrorun.app.settings import Settings

MAXIMUM_BODY_BYTES: Final = Settings().maximum_body_bytes

PAGE_POLICY: Final = (
    b"default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    b"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)

SECURITY_HEADERS: Final = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", PAGE_POLICY),
)

EMBEDDABLE: Final = {"/plot/energy.svg", "/plot/load.svg"}
"""Pictures, which other sites may show."""

EMBEDDABLE_HEADERS: Final = tuple(
    (name, b"cross-origin" if name == b"cross-origin-resource-policy" else value) for name, value in SECURITY_HEADERS
)

CLOSE: Final = (b"connection", b"close")

RETRY_SOON: Final = {"retry-after": "1"}

PROBES: Final = {"/livez", "/readyz"}
"""Served without a key."""

ALWAYS_SERVED: Final = {*PROBES, "/metrics"}
"""Served however much there is to do."""

STREAMS: Final = {"/estimate/table"}
"""Paths whose bodies have no end of their own: what reads them limits each part in bytes and in time."""

LISTS: Final = {"/workout", "/estimate/batch"}
"""Paths that take long lists in JSON."""

FILES: Final = {"/workout/track"}
"""Paths that take files."""

UPLOADS: Final = LISTS | FILES | STREAMS
"""Paths whose bodies may be large: beyond the size of others, their bytes are counted together."""

REFUSAL: Final = "retrorun.refusal"
"""Key of a request's scope under which the connection leaves the reason why it is to be refused."""

EXCHANGE: Final = "retrorun.exchange"
"""Key of a stream's scope under which the guard leaves its `Exchange`: what reads a stream says what it lets go."""

WORKERS: Final = "retrorun.workers"
"""Key of a request's scope under which stands what computes beside the event loop, if anything does."""

LARGE: Final = "retrorun.large"
"""Key of a request's scope under which, once its body is larger than those of most paths, their largest is left [B]."""

SHARED: Final = "retrorun.shared"
"""Key of a request's scope that says that its answer is kept anyway, so that only its pieces take memory."""

LONGEST_LENGTH: Final = 19
"""Digits of a length of a body that can be, zeros before it included."""

AT_ONCE: Final = 1 << 15
"""Bytes of an answer that are written at once: the next ones wait until the client has taken most of them."""

COUNTED_BYTES: Final = 8192
"""Body from which what has arrived is counted: thousands may wait for their turn to be computed."""

LEFT: Final = "retrorun.left"
"""Key of a request's scope under which stands what is not empty any more once the connection is gone."""

CUT: Final = "retrorun.cut"
"""Key of a request's scope under which is left why its answer broke off."""

CALLER: Final = "retrorun.caller"
"""Key of a request's scope under which the name of its API key is left."""


class Refusal(NamedTuple):
    """What a request that is not served is told."""

    status: int
    detail: str | None = None
    headers: dict[str, str] | None = None
    close: bool = True


REFUSALS: Final = {
    "malformed": Refusal(400, "This is not well-formed HTTP/1.1."),
    "table": Refusal(400, "The body is no well-formed stream of Arrow."),
    "key": Refusal(401, headers={"www-authenticate": "ApiKey"}, close=False),
    "path": Refusal(404, "No path here needs percent-encoding: write it as it is. See /docs.", close=False),
    "request_time": Refusal(408),
    "body_size": Refusal(413, "The body is larger than {body_limit} bytes: send less."),
    "encoding": Refusal(
        415, "Send the body as it is, without Content-Encoding.", {"accept-encoding": "identity"}, close=False
    ),
    "header_size": Refusal(
        431, "The headers are larger than {settings.maximum_header_bytes} bytes: send fewer or shorter ones."
    ),
    "connections": Refusal(503, "Too many connections are open: try again shortly.", RETRY_SOON),
    "loop_lag": Refusal(503, "There is too much to do: try again shortly.", RETRY_SOON, close=False),
    "uploads": Refusal(503, "Too many large bodies are on their way: try again shortly.", RETRY_SOON),
    "answers": Refusal(503, "Too many long answers are on their way: try again shortly.", RETRY_SOON, close=False),
    "computing": Refusal(503, "Too much is being computed: try again shortly.", RETRY_SOON, close=False),
    "computing_time": Refusal(
        503, "This took too long to compute: ask for less, or try again.", RETRY_SOON, close=False
    ),
    "reading": Refusal(503, "The answer was taken too slowly.", RETRY_SOON),
    "stopping": Refusal(503, "This instance is stopping: try again, and another one will answer.", RETRY_SOON),
}
"""Each reason to refuse a request, or to break an answer off."""


def refusal_answer(reason: str, settings: Settings, path: str = "") -> Response:
    """Return the problem of a refusal."""
    status, detail, headers, _ = REFUSALS[reason]
    detail = detail and detail.format(settings=settings, body_limit=body_limit(path, settings))
    return problem(status, detail=detail, headers=headers)


def body_limit(path: str, settings: Settings) -> int:
    """Return the largest body that a path takes, in bytes."""
    if path in STREAMS:
        return sys.maxsize
    if path in FILES:
        return settings.maximum_upload_bytes
    return settings.maximum_list_bytes if path in LISTS else settings.maximum_body_bytes


class Refused(Exception):
    """A request is not served; the argument is the reason, a key of `REFUSALS`."""


class WorkFailed(Exception):
    """A computation beside the event loop met a fault; the message says where, and nothing of what was sent."""


class Bytes:
    """Bytes that are held for all clients together, up to a number.

    Parameters
    ----------
    most : int
        The number.
    reason : str
        Why a client is refused when they are more, a key of `REFUSALS`.
    """

    def __init__(self, most: int, reason: str) -> None:
        self.most, self.reason, self.held = most, reason, 0

    def add(self, size: int, *, own: int = 0) -> None:
        """Hold more for one that holds some already, or refuse to; one that is alone is never refused."""
        if self.held > own and self.held + size > self.most:
            raise Refused(self.reason)
        self.held += size


def where_it_happened(error: BaseException) -> str:
    """Return the kind of an exception and the lines it came through, without its message."""
    frames = traceback.extract_tb(error.__traceback__)
    return f"{type(error).__name__} at " + " > ".join(f"{frame.name}:{frame.lineno}" for frame in frames[-6:])
