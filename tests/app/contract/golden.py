"""Answer the requests of the golden pairs in `openapi/examples`: `make examples` writes what comes out beside them."""

import json
from collections.abc import Mapping
from http import HTTPStatus
from pathlib import Path
from typing import Any

import anyio
import httpx

from retrorun.app.contract.examples import FOLDER
from retrorun.app.contract.golden import REQUEST_ID, sendable, shortened, stored
from retrorun.app.http.limits import REFUSALS, refusal_answer
from retrorun.app.http.problems import complete, problem
from retrorun.app.main import app
from retrorun.app.settings import Settings


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
