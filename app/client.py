"""Asking a running service, for the command line."""

from collections.abc import Set
from typing import Final

import httpx

from app.problems import MEDIA_TYPE

OK: Final = 200
MENDABLE: Final = {400, 422}
"""Problems of the request itself."""

ANSWER_WITHIN_S: Final = 10.0


class NoAnswer(Exception):
    """The service did not answer, or something else did; the message says what to do."""


def ask(
    url: str, path: str, body: bytes, *, expected: Set[str], content_type: str = "application/json"
) -> tuple[int, bytes]:
    """Send a request to a running service.

    Parameters
    ----------
    url : str
        Where it runs, with the path it is mounted at.
    path : str
        What is asked there.
    body : bytes
        The request.
    expected : set of str
        Keys that every answer has.
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
        No address, nothing there, too slow, a fault of the service, or not this service.
    """
    try:
        response = httpx.post(
            url.rstrip("/") + path,
            content=body,
            headers={"content-type": content_type, "accept": "application/json"},
            timeout=ANSWER_WITHIN_S,
        )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        raise NoAnswer("--url: Give it with http, as in http://127.0.0.1:8000.") from None
    except httpx.TimeoutException:
        raise NoAnswer(f"--url: Nothing answered within {ANSWER_WITHIN_S:g} s. Try again.") from None
    except httpx.HTTPError:
        raise NoAnswer("--url: Nothing answers there. Check the address, and that the service runs.") from None
    status = response.status_code
    content = decoded(response)
    if status == OK and content.keys() >= expected:
        return status, response.content
    if not response.headers.get("content-type", "").startswith(MEDIA_TYPE):
        raise NoAnswer("--url: What answers there is not RetroRun. Check the address.")
    if status in MENDABLE and "detail" in content:
        return status, response.content
    raise NoAnswer(f"--url: The service answered {status} {content.get('title')}: {content.get('detail')}")


def decoded(response: httpx.Response) -> dict[str, object]:
    """Return the JSON object of a response, empty when it holds none."""
    try:
        content = response.json()
    except ValueError:
        return {}
    return content if isinstance(content, dict) else {}
