"""A path that will go is marked in the contract, and each of its answers says when, errors too."""

from copy import deepcopy
from datetime import date

import httpx
import pytest

from app.contract import contract
from app.deprecation import DEPRECATED, Deprecated, Deprecation, mark
from app.main import app as service
from app.main import create_app
from tests.compatibility import breakings

pytestmark = pytest.mark.anyio

GOING = {"/estimate": Deprecation(since=date(2026, 1, 1), sunset=date(2027, 1, 1))}
SAID = ("@1767225600", "Fri, 01 Jan 2027 00:00:00 GMT")
BOUT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}


@pytest.fixture
async def caller() -> httpx.AsyncClient:
    transport = httpx.ASGITransport(Deprecated(service, GOING))
    return httpx.AsyncClient(transport=transport, base_url="http://retrorun")


@pytest.mark.parametrize(("body", "status"), [(BOUT, 200), ({}, 422)])
async def test_each_answer_of_the_path_says_when(caller: httpx.AsyncClient, body: object, status: int) -> None:
    answer = await caller.post("/estimate", json=body)
    assert answer.status_code == status
    assert (answer.headers["deprecation"], answer.headers["sunset"]) == SAID


async def test_other_paths_say_nothing(caller: httpx.AsyncClient) -> None:
    answer = await caller.get("/livez")
    assert answer.status_code == 200
    assert not {"deprecation", "sunset"} & set(answer.headers)


def test_the_contract_marks_it_and_that_breaks_nobody() -> None:
    before = contract(create_app())
    after = deepcopy(before)
    mark(after, GOING)
    operation = after["paths"]["/estimate"]["post"]
    assert operation["deprecated"] is True
    assert operation["description"].endswith("Deprecated since 2026-01-01; may be gone from 2027-01-01.")
    assert not list(breakings(before, after))


def test_what_is_deprecated_now_is_a_path_with_time_left() -> None:
    paths = contract(create_app())["paths"]
    for path, (since, sunset) in DEPRECATED.items():
        assert path in paths
        assert since < sunset
