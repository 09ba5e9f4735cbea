"""Send the request of a golden pair, keep what belongs to its answer, and find what differs from the golden answer."""

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, NamedTuple

from pydantic_core import from_json

REQUEST_ID: Final = "7fec547d907bc1c9"
"""The id of each golden request."""

KEPT: Final = ("content-type", "allow", "retry-after", "www-authenticate")
"""Headers that belong to an answer; the others are of a connection, or the same in all of them."""

TOLERANCE: Final = 1e-12
"""Two numbers within this share of the larger one are the same, and so are two within this of each other. Processors
and C libraries round the last bits of an exponential differently."""

NUMBER: Final = re.compile(r"-?\d+\.\d+(?:e-?\d+)?")


class Difference(NamedTuple):
    """A part of an answer that is not the golden one. A part that only one answer has is absent in the other."""

    place: str
    expected: Any
    found: Any


class Absent:
    """Stands for a part that an answer does not have."""


ABSENT: Final = Absent()


def sendable(request: Mapping[str, Any]) -> dict[str, Any]:
    """Return a request as httpx takes it: a form has one part for each field of its body."""
    headers = {"x-request-id": REQUEST_ID, **request.get("headers", {})}
    sent = {"method": request["method"], "url": request["path"], "headers": headers}
    if "text" in request:
        return sent | {"content": request["text"]}
    if sent["headers"].get("content-type") != "multipart/form-data":
        return sent | {"json": request.get("body")} if "body" in request else sent
    del sent["headers"]["content-type"]  # httpx names the boundary in it
    parts = {name: part if isinstance(part, str) else json.dumps(part) for name, part in request["body"].items()}
    return sent | {"files": parts}


def stored(status: int, headers: Mapping[str, str], text: str) -> dict[str, Any]:
    """Return an answer as a pair holds it. Raise ValueError if it should be JSON and is not."""
    content = (
        {"body": from_json(text, allow_inf_nan=False)} if "json" in headers.get("content-type", "") else {"text": text}
    )
    return {"status": int(status), "headers": {name: headers[name] for name in KEPT if name in headers}, **content}


def shortened(node: Any, first: int | None, numbers: int | None = None) -> Any:
    """Return an answer with so many of the objects of each list, and so many of the numbers and flags."""
    if isinstance(node, list):
        held = node[0] if node else ""
        most = first if isinstance(held, dict) else None if isinstance(held, str) else numbers
        return [shortened(item, first, numbers) for item in node[:most]]
    return {name: shortened(item, first, numbers) for name, item in node.items()} if isinstance(node, dict) else node


def differences(found: Any, expected: Any, place: str = "") -> Iterator[Difference]:
    """Yield where an answer differs from another: its keys, their order, and values; numbers within `TOLERANCE`.

    Examples
    --------
    >>> list(differences({"a": 1.0 + 1e-15, "b": [2.0]}, {"a": 1.0, "b": [2.5]}))
    [Difference(place='/b/0', expected=2.5, found=2.0)]
    """
    if isinstance(expected, dict) and isinstance(found, dict):
        for name in {**expected, **found}:
            yield from differences(found.get(name, ABSENT), expected.get(name, ABSENT), f"{place}/{name}")
        if found.keys() == expected.keys() and list(found) != list(expected):
            yield Difference(place, list(expected), list(found))
    elif isinstance(expected, list) and isinstance(found, list):
        for index in range(max(len(expected), len(found))):
            one, other = (held[index] if index < len(held) else ABSENT for held in (found, expected))
            yield from differences(one, other, f"{place}/{index}")
    elif not same(found, expected):
        yield Difference(place, expected, found)


def same(found: Any, expected: Any) -> bool:
    """Return whether two values are of one type and the same, numbers within `TOLERANCE`, also those in a text."""
    if type(found) is not type(expected):
        return False
    if isinstance(expected, float):
        return math.isclose(found, expected, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    if isinstance(expected, str) and found != expected:
        numbers = [[float(number) for number in NUMBER.findall(text)] for text in (found, expected)]
        return NUMBER.sub("#", found) == NUMBER.sub("#", expected) and all(map(same, *numbers))
    return bool(found == expected)
