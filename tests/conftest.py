"""What the tests of the service share: the application over ASGI, and what every problem answer has in common."""

import logging
from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterator
from typing import Any, TypeAlias
from urllib.parse import urljoin, urlsplit

import httpx
import pytest
from hypothesis import settings

from retrorun.app.http.errors.codes import ERRORS
from retrorun.app.main import app
from retrorun.app.observe.logs import OURS

Problem: TypeAlias = dict[str, Any]

# A test does not depend on how fast the machine is.
settings.register_profile("untimed", deadline=None)
settings.load_profile("untimed")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Refuse tests of one name in a process of pytest-xdist, which runs only one of them."""
    twice = [name for name, count in Counter(item.nodeid for item in items).items() if count > 1]
    if twice and hasattr(config, "workerinput"):
        raise pytest.UsageError(f"Several tests have one name. Run them without -n: {twice}")


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
        assert set(body) - {"errors"} == {"type", "title", "status", "detail", "request_id"}
        assert body["status"] == status
        assert body["request_id"] == response.headers["x-request-id"]
        opens, code = urljoin(str(response.request.url), body["type"]), body["type"].rpartition("/")[2]
        assert urlsplit(opens).path == f"/problems/{code}"
        assert ERRORS[code].status == status
        assert body["title"]
        assert body["detail"].endswith(".")
        errors = body.get("errors")
        assert (errors is not None) == (status in {409, 422})
        for error in errors or ():
            assert set(error) - {"low", "high", "nearest", "unit"} == {"pointer", "code", "message"}
            assert error["pointer"] == "" or error["pointer"].startswith("/")
            assert error["code"]
            assert error["message"].endswith((".", "?"))
        return body

    return check
