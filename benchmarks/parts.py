"""Measure each part of a request to the service, and the rest of its time."""

import asyncio
from collections.abc import Callable
from typing import Any, Final

from pydantic import TypeAdapter

from benchmarks.asgi import Work, cost, costs, request
from benchmarks.variants import BODY
from retrorun.app.api.estimate import EstimateRequest
from retrorun.app.http.problems import encode
from retrorun.app.main import app, create_app
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.views import estimate_in_view

SECONDS: Final = 10.0


def as_work(function: Callable[[], object]) -> Work:
    """Return a plain function as work."""

    async def work() -> object:
        return function()

    return work


def measure(*, seconds: float = SECONDS) -> list[dict[str, Any]]:
    """Return the parts of a request to the service in the order they happen, in microseconds, best blocks."""
    validate = TypeAdapter(EstimateRequest).validator.validate_json
    fields = validate(BODY)
    answer = estimate_in_view(estimate, fields)

    async def nothing() -> None:
        return None

    works: dict[str, Work] = {
        "nothing": nothing,
        "validation": as_work(lambda: validate(BODY)),
        "model": as_work(lambda: estimate_in_view(estimate, fields)),
        "encoding": as_work(lambda: encode(answer)),
        "without guard": request(app.app),
        "whole": request(app),
        "through FastAPI": request(create_app()),
    }

    async def run() -> dict[str, list[float]]:
        return await costs(works, seconds=seconds)

    best = {name: cost(times).best for name, times in asyncio.run(run()).items()}
    parts = {name: best[name] - best["nothing"] for name in ("validation", "model", "encoding")}
    found = [
        ("guard: request id, body cap, headers, faults", best["whole"] - best["without guard"]),
        ("routing, headers and the two messages of the answer", best["without guard"] - sum(parts.values())),
        ("validation, from the bytes", parts["validation"]),
        ("the model", parts["model"]),
        ("JSON encoding", parts["encoding"]),
        ("whole request", best["whole"]),
        ("FastAPI's layers, which this request does not go through", best["through FastAPI"] - best["without guard"]),
    ]
    return [{"part": name, "us": round(us, 2)} for name, us in found]
