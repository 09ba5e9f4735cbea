"""GET /messages: the list of every sentence."""

import re
from string import Formatter
from typing import Any

import httpx
import pytest

from retrorun.app.http.errors.codes import ERRORS
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.summary.texts import TEXTS

pytestmark = pytest.mark.anyio

BOUT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
SAFETY = {
    "fall",
    "fall_and_load",
    "older_backward_speed",
    "no_own_limit",
    *(f"{what}_{way}" for what in ("above_maximum", "implausible_uptake") for way in ("forward", "backward")),
}


async def listed(client: httpx.AsyncClient) -> list[dict[str, Any]]:
    """Return the messages."""
    response = await client.get("/messages")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    found: list[dict[str, Any]] = response.json()
    return found


async def test_every_sentence_and_warning_is_listed_once(client: httpx.AsyncClient) -> None:
    found = await listed(client)
    codes = [message["code"] for message in found]
    assert len(codes) == len(set(codes))
    assert {message["code"] for message in found if message["kind"] == "summary"} == TEXTS.keys()
    assert {message["code"] for message in found if message["kind"] == "warning"} == WARNINGS.keys()
    assert {message["code"] for message in found if message["kind"] == "error"} == ERRORS.keys()


async def test_the_severity_is_that_of_the_warning(client: httpx.AsyncClient) -> None:
    for message in await listed(client):
        if message["kind"] == "warning":
            assert message["severity"] == WARNINGS[message["code"]]["severity"]
        elif message["kind"] == "error":
            assert message["severity"] == "error"
        else:
            assert message["severity"] == ("safety" if message["code"] in SAFETY else "note")


async def test_the_text_of_a_warning_is_its_message_with_the_values(client: httpx.AsyncClient) -> None:
    texts = {message["code"]: message["text"] for message in await listed(client)}
    answer = (await client.post("/estimate", json=BOUT | {"view": "full"})).json()
    for warning in answer["warnings"]:
        assert warning["message"] == texts[warning["code"]].format(**warning["params"])


async def test_every_link_of_an_answer_and_of_the_list_opens(client: httpx.AsyncClient) -> None:
    for message in await listed(client):
        if message["kind"] == "error":
            assert (await client.get(message["docs"], headers={"accept": "text/html"})).status_code == 200
    answer = (await client.post("/estimate", json=BOUT)).json()
    page = (await client.get("/messages", headers={"accept": "text/html"})).text
    assert all(f'id="{warning["docs"].removeprefix("/messages#")}"' in page for warning in answer["warnings"])


async def test_every_parameter_of_a_text_has_its_meaning(client: httpx.AsyncClient) -> None:
    for message in await listed(client):
        assert {name for _, name, _, _ in Formatter().parse(message["text"]) if name} == set(message["params"])
        assert all(message["params"].values())
        page = "/problems/" if message["kind"] == "error" else "/messages#"
        assert message["docs"] == page + message["code"]


async def test_an_answer_is_written_from_the_list(client: httpx.AsyncClient) -> None:
    texts = {message["code"]: message["text"] for message in await listed(client)}
    summary = (await client.post("/estimate", json=BOUT)).json()["summary"]
    for sentence in summary.values():
        assert sentence["text"] == texts[sentence["code"]].format(**sentence["params"])


async def test_the_page_has_an_anchor_for_each_message(client: httpx.AsyncClient) -> None:
    page = await client.get("/messages", headers={"accept": "text/html"})
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["vary"] == "Accept"
    anchors = re.findall(r'<section id="([^"]+)">', page.text)
    assert anchors == [message["code"] for message in await listed(client)]
    assert "<script" not in page.text


async def test_another_format_is_refused(client: httpx.AsyncClient) -> None:
    assert (await client.get("/messages", headers={"accept": "image/png"})).status_code == 406
