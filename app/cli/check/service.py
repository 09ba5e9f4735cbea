"""Send the golden requests to a running service, one after the other, and find what differs in its answers."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

import anyio
import httpx

from retrorun.app.cli.client import is_loopback
from retrorun.app.contract.examples import pairs
from retrorun.app.contract.golden import (
    ABSENT,
    KEPT,
    REQUEST_ID,
    Difference,
    differences,
    sendable,
    shortened,
    stored,
)
from retrorun.app.http.limits import EMBEDDABLE, EMBEDDABLE_HEADERS, PROBES, SECURITY_HEADERS
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash

ADDRESS: Final = "Give an address that starts with http, for example http://127.0.0.1:8000 or https://host.example/v1."
WITHIN_S: Final = 60.0
"""Longest time for all requests together."""
REQUEST_WITHIN_S: Final = 10.0
LONGEST_WAIT_S: Final = 5.0
"""Longest Retry-After to wait for."""
TRIES: Final = 3
LARGEST_BYTES: Final = 1 << 23
"""Most that is read of an answer. The golden ones have less than a tenth."""

VERSION, MODELS = "retrorun-version", "retrorun-models"
PINS: Final = {VERSION: __version__, MODELS: models_hash()}
"""The headers with the version and the models, and what they are here."""
NO_ANSWER: Final = "an answer"
NO_STATUS: Final = 0
"""Stands for the status of a request without an answer."""
BUSY: Final = {429, 503}
HIDDEN: Final = {403, 404}
"""Statuses with which a proxy hides the health checks."""


class Unreachable(Exception):
    """There is no RetroRun service that can be checked. The message says what to do."""


class Checked(NamedTuple):
    """What a service answered to one golden request."""

    name: str
    """The operation or `problem`, a dot, and the case."""
    differences: list[Difference]
    pins: Mapping[str, str] = {}
    """The version and the models that the answer names."""
    status: int = NO_STATUS
    hidden: bool = False
    """A health check that only internal clients reach, as it should be behind a proxy."""


async def check(url: str, key: str, *, within_s: float = WITHIN_S) -> list[Checked]:
    """Return what a service answered to each golden request, in the order of their names.

    Parameters
    ----------
    url : str
        The address of the service, with the path it is mounted at.
    key : str
        The API key, empty for none.
    within_s : float, optional
        Longest time for all requests together [s].

    Raises
    ------
    Unreachable
        The address is invalid, nothing answers there, it is not RetroRun, or the key is missing or not valid.
    """
    golden = {name: pair for name, pair in pairs().items() if "request" in pair}
    checked: list[Checked] = []
    try:
        base = httpx.URL(url)
        if base.scheme not in {"http", "https"} or not base.host or base.query or base.fragment:
            raise Unreachable(ADDRESS)
        # A custom transport ignores the proxies of the environment.
        transport = httpx.AsyncHTTPTransport() if is_loopback(base.host) else None
        headers = {"x-api-key": key} if key else {}
        with anyio.move_on_after(within_s):
            async with httpx.AsyncClient(transport=transport, timeout=REQUEST_WITHIN_S, headers=headers) as client:
                for name, pair in golden.items():
                    checked.append(await compared(client, url.rstrip("/"), name, pair))
                    if checked[0].status in {NO_STATUS, httpx.codes.UNAUTHORIZED}:
                        break
    except (httpx.InvalidURL, UnicodeError):
        raise Unreachable(ADDRESS) from None
    late = [Checked(name, [Difference("", NO_ANSWER, f"none within {within_s:g} s")]) for name in golden]
    refuse_others(checked, golden, key)
    return checked + late[len(checked) :]


def refuse_others(checked: list[Checked], golden: Mapping[str, Any], key: str) -> None:
    """Raise if nothing answered, if the service needs another key, or if no path of RetroRun is there."""
    if not any(one.status for one in checked):
        raise Unreachable("No answer from this address. Check it, and check that the service runs.")
    if any(one.status == httpx.codes.UNAUTHORIZED for one in checked):
        wanted = "does not know this API key" if key else "needs an API key"
        raise Unreachable(f"The service {wanted}. Give a valid one with --key or RETRORUN_API_KEY.")
    wanted_200 = [one for one in checked if golden[one.name]["response"]["status"] == httpx.codes.OK]
    if not any(one.status == httpx.codes.OK for one in wanted_200) or not any(
        one.pins or not one.differences for one in checked
    ):
        raise Unreachable("The server at this address is not RetroRun. Check the address and its path.")


async def compared(client: httpx.AsyncClient, root: str, name: str, pair: Mapping[str, Any]) -> Checked:
    """Send one golden request and compare the answer with the golden one."""
    expected = pair["response"]
    sent = sendable(pair["request"])
    path = sent["url"].partition("?")[0]
    try:
        response, text = await answer_to(client, sent | {"url": root + sent["url"]}, expected["status"])
        found = stored(response.status_code, response.headers, text)
    except httpx.HTTPError as error:
        return Checked(name, [Difference("", NO_ANSWER, f"none ({type(error).__name__})")])
    except ValueError:
        found = {"status": response.status_code, "headers": dict(response.headers), "text": text}
    pins = {pin: response.headers[pin] for pin in PINS if pin in response.headers}
    if path in PROBES and response.status_code in HIDDEN and not pins:
        return Checked(name, [], pins, response.status_code, hidden=True)
    found["headers"] = {name: found["headers"][name] for name in KEPT if name in found["headers"]}
    if "body" in found:
        found["body"] = shortened(found["body"], pair.get("first"), pair.get("numbers"))
    others = {pins[pin]: here for pin, here in PINS.items() if pins.get(pin, here) not in {here, ""}}
    listed = [*differences(renamed(found, others), expected), *header_differences(path, response.headers)]
    return Checked(name, listed, pins, response.status_code)


async def answer_to(client: httpx.AsyncClient, sent: dict[str, Any], status: int) -> tuple[httpx.Response, str]:
    """Return the answer to a request. Send it again if the service is busy and says when."""
    for left in reversed(range(TRIES)):
        async with client.stream(**sent) as response:
            content = b""
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > LARGEST_BYTES:
                    raise httpx.DecodingError("too long")
        wait = response.headers.get("retry-after", "")
        if not (
            left and response.status_code in BUSY - {status} and wait.isdecimal() and float(wait) <= LONGEST_WAIT_S
        ):
            break
        await anyio.sleep(float(wait))
    return response, content.decode(response.encoding or "utf-8", "replace")


def renamed(node: Any, others: Mapping[str, str]) -> Any:
    """Return an answer with our version and models in place of those of the service, which the report names once."""
    if isinstance(node, str):
        for theirs, ours in others.items():
            node = node.replace(theirs, ours)
        return node
    if isinstance(node, list):
        return [renamed(item, others) for item in node] if others else node
    return {name: renamed(item, others) for name, item in node.items()} if isinstance(node, dict) and others else node


def header_differences(path: str, headers: Mapping[str, str]) -> Iterator[Difference]:
    """Yield where the headers that every answer has differ. A wrong version is no difference here, a missing one is."""
    fixed = EMBEDDABLE_HEADERS if path in EMBEDDABLE else SECURITY_HEADERS
    expected = {name.decode(): value.decode() for name, value in fixed} | {"x-request-id": REQUEST_ID}
    for name, value in expected.items():
        yield from differences(headers.get(name, ABSENT), value, f"/headers/{name}")
    for name, value in PINS.items():
        if name not in headers:
            yield Difference(f"/headers/{name}", value, ABSENT)
