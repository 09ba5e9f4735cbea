"""Answer the requests of the golden pairs in `openapi/examples`: `make examples` writes what comes out beside them."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import anyio
import httpx

from retrorun.app.contract.examples import FOLDER
from retrorun.app.http.limits import REFUSALS, refusal_answer
from retrorun.app.http.problems import complete, problem
from retrorun.app.main import app
from retrorun.app.settings import Settings

REQUEST_ID: Final = "7fec547d907bc1c9"
"""The id of the request in a problem."""

KEPT: Final = ("content-type", "allow", "retry-after", "www-authenticate")
"""Headers that belong to an answer; the others are of a connection, or the same in all of them."""


async def answer_of(pair: Mapping[str, Any]) -> dict[str, Any]:
    """Return what the service answers to the request of a pair, or what it refuses one with."""
    if "request" not in pair:
        reason = pair["refusal"]
        response = refusal_answer(reason, Settings()) if reason in REFUSALS else problem(500)
        body = complete(bytes(response.body), "/", REQUEST_ID.encode())
        return stored(response.status_code, response.headers, body.decode())
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://retrorun.test") as client:
        answered = await client.request(**sendable(pair["request"]))
    if answered.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        raise RuntimeError(f"{pair['summary']}: {answered.text}")
    answer: dict[str, Any] = shortened(
        stored(answered.status_code, answered.headers, answered.text), pair.get("first"), pair.get("numbers")
    )
    return answer


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
    """Return an answer as a pair holds it."""
    content = {"body": json.loads(text)} if "json" in headers["content-type"] else {"text": text}
    return {"status": int(status), "headers": {name: headers[name] for name in KEPT if name in headers}, **content}


def shortened(node: Any, first: int | None, numbers: int | None = None) -> Any:
    """Return an answer with so many of the objects of each list, and so many of the numbers and flags."""
    if isinstance(node, list):
        held = node[0] if node else ""
        most = first if isinstance(held, dict) else None if isinstance(held, str) else numbers
        return [shortened(item, first, numbers) for item in node[:most]]
    return {name: shortened(item, first, numbers) for name, item in node.items()} if isinstance(node, dict) else node


async def write(path: Path) -> None:
    """Write the answer of now into a pair."""
    pair = json.loads(path.read_text(encoding="utf-8"))
    pair["response"] = await answer_of(pair)
    path.write_text(json.dumps(pair, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


async def main() -> None:
    """Write the answer of now into every pair."""
    for path in sorted(FOLDER.glob("*.json")):
        await write(path)


if __name__ == "__main__":
    anyio.run(main)
