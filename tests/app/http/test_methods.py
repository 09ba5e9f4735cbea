"""HEAD, OPTIONS and conditional GET, on every path of the contract and on the pages."""

import httpx
import pytest

from retrorun.app.contract.openapi import contract
from retrorun.app.http.limits import ALWAYS_SERVED
from retrorun.app.main import create_app

pytestmark = pytest.mark.anyio

PATHS = contract(create_app())["paths"]
READ = [*(path for path, item in PATHS.items() if "get" in item), "/", "/docs", "/openapi.json", "/static/page.css"]
KEPT = [path for path in READ if path not in ALWAYS_SERVED]


@pytest.mark.parametrize("path", KEPT)
async def test_an_answer_that_the_caller_has_is_not_sent_again(client: httpx.AsyncClient, path: str) -> None:
    first = await client.get(path)
    assert first.status_code == 200
    assert first.headers["cache-control"] in {"no-cache", "private, max-age=3600"}
    tag = first.headers["etag"]
    for sent in (tag, f"W/{tag}", f'"other", {tag}', "*"):
        again = await client.get(path, headers={"if-none-match": sent})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == tag
        assert again.headers["x-request-id"]
        assert "content-type" not in again.headers
    for sent in ('"other"', tag.strip('"'), ""):
        assert (await client.get(path, headers={"if-none-match": sent})).content == first.content
    assert (await client.get(path)).headers["etag"] == tag


@pytest.mark.parametrize("path", ["/", "/docs", "/static/page.css"])
async def test_the_time_of_a_file_decides_nothing(client: httpx.AsyncClient, path: str) -> None:
    late = {"if-modified-since": "Fri, 01 Jan 2100 00:00:00 GMT"}
    for sent in (late, late | {"if-none-match": '"other"'}, late | {"range": "bytes=0-9"}):
        answer = await client.get(path, headers=sent)
        assert answer.status_code == 200
        assert not {"last-modified", "accept-ranges"} & set(answer.headers)


@pytest.mark.parametrize("path", sorted(ALWAYS_SERVED))
async def test_probes_and_metrics_are_not_kept(client: httpx.AsyncClient, path: str) -> None:
    answer = await client.get(path, headers={"if-none-match": "*"})
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.parametrize("path", READ)
async def test_head_is_get_without_its_body(client: httpx.AsyncClient, path: str) -> None:
    whole, head = await client.get(path), await client.head(path)
    assert (head.status_code, head.content) == (200, b"")
    for name in ("content-type", "content-length", "etag", "cache-control", "vary"):
        assert head.headers.get(name) == whole.headers.get(name)


@pytest.mark.parametrize(
    ("path", "methods"),
    [(path, "POST, OPTIONS" if "post" in item else "GET, HEAD, OPTIONS") for path, item in PATHS.items()],
)
async def test_options_and_refusals_name_the_methods(client: httpx.AsyncClient, path: str, methods: str) -> None:
    asked = await client.options(path)
    assert (asked.status_code, asked.content, asked.headers["allow"]) == (204, b"", methods)
    assert "content-type" not in asked.headers
    refused = await client.request("DELETE", path)
    assert (refused.status_code, refused.headers["allow"]) == (405, methods)
    head = await client.head(path)
    assert head.status_code == (405 if "POST" in methods else 200)


async def test_no_path_has_no_methods(client: httpx.AsyncClient) -> None:
    for method in ("OPTIONS", "HEAD", "GET"):
        assert (await client.request(method, "/nothing")).status_code == 404


@pytest.mark.parametrize("part", ["bytes=5-2", "bytes=99999999-", "bytes=0-3", "x"])
async def test_a_file_is_sent_whole(client: httpx.AsyncClient, part: str) -> None:
    whole = await client.get("/docs")
    assert (await client.get("/docs", headers={"range": part})).content == whole.content
