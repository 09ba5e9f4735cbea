"""Asking a running service, for the command line."""

import os
import re
import socket
from http import HTTPStatus
from ipaddress import ip_address
from typing import Final

import httpx

from retrorun.app.http.problems import MEDIA_TYPE
from retrorun.app.settings import KEY_VARIABLE

MENDABLE: Final = {400, 422}
"""Problems of the request itself."""

KEYS_OF_ANSWERS: Final = {"assumed", "models", "warnings"}
"""What every answer to a command has."""

ANSWER_WITHIN_S: Final = 10.0
KEY: Final = re.compile(r"[!-~]+")
"""What a header can hold of a key."""


class NoAnswer(Exception):
    """The service did not answer, or something else did; the message says what to do."""


def ask(url: str, path: str, body: bytes, *, content_type: str = "application/json") -> tuple[int, bytes]:
    """Send a request to a running service, with the API key of the environment if there is one.

    Parameters
    ----------
    url : str
        Where it runs, with the path it is mounted at.
    path : str
        What is asked there.
    body : bytes
        The request.
    content_type : str, optional
        What the request is written in.

    Returns
    -------
    status : int
        200, or the status of a problem that is the request's own.
    content : bytes
        The answer or the problem, as it came.

    Raises
    ------
    NoAnswer
        No address, nothing there, too slow, a fault of the service, no valid key, or not this service.
    """
    headers = {"content-type": content_type, "accept": "application/json"}
    key = os.environ.get(KEY_VARIABLE, "").strip()
    if key:
        if not KEY.fullmatch(key):
            raise NoAnswer(f"{KEY_VARIABLE}: This is no key. Set it as retrorun key new printed it.")
        headers["x-api-key"] = key
    try:
        # A transport of its own takes no proxy of the environment.
        transport = httpx.HTTPTransport() if is_loopback(httpx.URL(url).host) else None
        with httpx.Client(transport=transport, timeout=ANSWER_WITHIN_S) as client:
            response = client.post(url.rstrip("/") + path, content=body, headers=headers)
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise NoAnswer("--url: Give it with http, as in http://127.0.0.1:8000.") from None
    except httpx.TimeoutException:
        raise NoAnswer(f"--url: Nothing answered within {ANSWER_WITHIN_S:g} s. Try again.") from None
    except httpx.HTTPError:
        raise NoAnswer("--url: Nothing answers there. Check the address, and that the service runs.") from None
    status = response.status_code
    content = decoded(response)
    if status == HTTPStatus.OK and content.keys() >= KEYS_OF_ANSWERS:
        return status, response.content
    if not response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        raise NoAnswer("--url: What answers there is not RetroRun. Check the address.")
    if status == HTTPStatus.UNAUTHORIZED:
        wanted = "does not know this key" if key else "asks for an API key"
        raise NoAnswer(f"--url: The service {wanted}. Set the environment variable {KEY_VARIABLE} to a valid one.")
    if status in MENDABLE and "detail" in content:
        return status, response.content
    raise NoAnswer(f"--url: The service answered {status} {content.get('title')}: {content.get('detail')}")


def is_loopback(host: str) -> bool:
    """Say whether a host is this machine itself.

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
    """Return the JSON object of a response, empty when it holds none."""
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
