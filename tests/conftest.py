"""What the tests of the service share: the application over ASGI, and what every problem answer has in common."""

import logging
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias

import httpx
import pytest

from retrorun.app.main import app
from retrorun.app.observe.logs import OURS

Problem: TypeAlias = dict[str, Any]


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(autouse=True)
def log_as_it_was() -> Iterator[None]:
    """Undo what a service that was started in this process did to the log."""
    loggers = [logging.getLogger(name) for name in (None, *OURS)]
    before = [(logger, logger.handlers, logger.level, logger.propagate) for logger in loggers]
    yield
    for logger, handlers, level, propagate in before:
        logger.handlers, logger.propagate = handlers, propagate
        logger.setLevel(level)


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    # An exception that gets past the guard fails the test: this transport raises it.
    async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://retrorun.test") as opened:
        yield opened


@pytest.fixture
def problem_of() -> Callable[[httpx.Response, int], Problem]:
    """Check that an answer is the documented problem of this status, and return it."""

    def check(response: httpx.Response, status: int) -> Problem:
        assert response.status_code == status, response.text[:500]
        assert response.headers["content-type"] == "application/problem+json"
        assert response.headers["x-request-id"]
        body: Problem = response.json()
        assert set(body) - {"errors"} == {"type", "title", "status", "detail"}
        assert (body["type"], body["status"]) == ("about:blank", status)
        assert body["title"]
        assert body["detail"].endswith(".")
        errors = body.get("errors")
        assert (errors is not None) == (status == 422)
        for error in errors or ():
            assert set(error) - {"low", "high", "nearest", "unit"} == {"pointer", "code", "message"}
            assert error["pointer"] == "" or error["pointer"].startswith("/")
            assert error["code"]
            assert error["message"].endswith((".", "?"))
        return body

    return check
