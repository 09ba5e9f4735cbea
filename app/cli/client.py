"""Send a request of the command line to a running service."""

import os
import re
import socket
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

import httpx

from retrorun.app.http.problems import MEDIA_TYPE
from retrorun.app.settings import KEY_VARIABLE

INVALID_REQUEST: Final = {400, 422}
"""Statuses that say that the request itself is wrong."""

KEYS_OF_ANSWERS: Final = {"models", "warnings"}
"""Keys that every answer to a command has."""

TIMEOUT_S: Final = 10.0
KEY: Final = re.compile(r"[!-~]+")
"""The characters of a key that a header can contain."""


class NoAnswer(Exception):
    """The service did not answer, or the answer is not from RetroRun. The message says what to do."""


def ask(url: str, path: str, body: bytes, *, content_type: str = "application/json") -> tuple[int, bytes]:
    """Send a request to a running service, with the API key of the environment if there is one.

    Parameters
    ----------
    url : str
        The address of the service, with the path it is mounted at.
    path : str
        The endpoint.
    body : bytes
        The request body.
    content_type : str, optional
        The media type of the body.

    Returns
    -------
    status : int
        200, or the status of a problem with the request.
    content : bytes
        The answer or the problem, unchanged.

    Raises
    ------
    NoAnswer
        The address is invalid, nothing answers, the service is too slow or has a fault, the key is not valid, or the
        server is not RetroRun.
    """
    headers = {"content-type": content_type, "accept": "application/json"}
    key = api_key()
    if key:
        headers["x-api-key"] = key
    try:
        # A custom transport ignores the proxies of the environment.
        transport = httpx.HTTPTransport() if is_loopback(httpx.URL(url).host) else None
        with httpx.Client(transport=transport, timeout=TIMEOUT_S) as client:
            response = client.post(url.rstrip("/") + path, content=body, headers=headers)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise NoAnswer("--url: Give an address that starts with http, for example http://127.0.0.1:8000.") from None
    except httpx.TimeoutException:
        raise NoAnswer(f"--url: No answer within {TIMEOUT_S:g} s. Try again.") from None
    except httpx.HTTPError:
        raise NoAnswer("--url: No answer from this address. Check it, and check that the service runs.") from None
    status = response.status_code
    content = decoded(response)
    if status == HTTPStatus.OK and content.keys() >= KEYS_OF_ANSWERS:
        return status, response.content
    if not response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        raise NoAnswer("--url: The server at this address is not RetroRun. Check the address.")
    if status == HTTPStatus.UNAUTHORIZED:
        wanted = "does not know this API key" if key else "needs an API key"
        raise NoAnswer(f"--url: The service {wanted}. Set the environment variable {KEY_VARIABLE} to a valid one.")
    if status in INVALID_REQUEST and "detail" in content:
        return status, response.content
    raise NoAnswer(f"--url: The service answered {status} {content.get('title')}: {content.get('detail')}")


def api_key(given: str | None = None) -> str:
    """Return the API key that was given, or that of the environment, or an empty text; raise NoAnswer if it is none."""
    key = (os.environ.get(KEY_VARIABLE, "") if given is None else given).strip()
    if key and not KEY.fullmatch(key):
        name = KEY_VARIABLE if given is None else "--key"
        raise NoAnswer(f"{name}: This is not a key. Copy the key exactly as 'retrorun key new' printed it.")
    return key


def is_loopback(host: str) -> bool:
    """Return whether a host is this machine.

    Examples
    --------
    >>> is_loopback("127.0.0.1"), is_loopback("::1"), is_loopback("localhost"), is_loopback("retrorun.example")
    (True, True, True, False)
    """
    name = host.rstrip(".").lower()
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        address = ip_address(name if ":" in name else socket.inet_aton(name))  # 127.1 is an address too
    except (OSError, ValueError):
        return False
    address = getattr(address, "ipv4_mapped", None) or address
    return address.is_loopback or address.is_unspecified


def decoded(response: httpx.Response) -> dict[str, object]:
    """Return the JSON object of a response, or an empty one if there is none."""
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
