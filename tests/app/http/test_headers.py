"""Header fields as RFC 9110 means them: blanks, several lines of one field, codings; and paths as they are sent."""

from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias

import anyio
import httpx
import pytest

from retrorun.app.http.access import line_of
from retrorun.app.http.limits import ALWAYS_SERVED
from retrorun.app.main import app, build
from retrorun.app.settings import Settings

pytestmark = pytest.mark.anyio

Lines: TypeAlias = list[tuple[bytes, bytes]]
ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

KEY = "rr_example"
BODY = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}'
BLANKS = pytest.mark.parametrize("around", ["{} ", " {}", "\t{}", " \t {}\t \t"])


async def posted(client: httpx.AsyncClient, *lines: tuple[bytes, bytes], path: str = "/estimate") -> httpx.Response:
    """Send a bout with exactly these header lines."""
    request = client.build_request("POST", path, content=BODY)
    request.headers = httpx.Headers([(b"host", b"retrorun.test"), (b"content-length", b"%d" % len(BODY)), *lines])
    return await client.send(request)


async def status(client: httpx.AsyncClient, *lines: tuple[bytes, bytes]) -> int:
    return (await posted(client, *lines)).status_code


JSON = (b"content-type", b"application/json")


class TestBlanks:
    @BLANKS
    async def test_around_a_key(self, tmp_path: Path, around: str) -> None:
        (tmp_path / "keys").write_text(line_of("app", KEY))
        guard = build(Settings(api_key_file=str(tmp_path / "keys"), log_level="error"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
            assert await status(client, JSON, (b"x-api-key", around.format(KEY).encode())) == 200
            assert await status(client, JSON, (b"x-api-key", around.format("").encode())) == 401
            assert await status(client, JSON, (b"x-api-key", KEY.replace("_", " ").encode())) == 401

    @BLANKS
    async def test_around_a_request_id(self, client: httpx.AsyncClient, around: str) -> None:
        answer = await posted(client, JSON, (b"x-request-id", around.format("my-id").encode()))
        assert answer.headers["x-request-id"] == "my-id"

    @BLANKS
    async def test_around_media_types(self, client: httpx.AsyncClient, around: str) -> None:
        media_type = around.format("application/json").encode()
        assert await status(client, (b"content-type", media_type)) == 200
        assert await status(client, JSON, (b"accept", media_type)) == 200
        assert await status(client, JSON, (b"accept", around.format("text/html").encode())) == 406

    @BLANKS
    async def test_around_a_tag(self, client: httpx.AsyncClient, around: str) -> None:
        for tag in (around.format((await client.get("/models")).headers["etag"]), around.format("*")):
            assert (await client.get("/models", headers={"if-none-match": tag})).status_code == 304

    @BLANKS
    async def test_around_a_length(self, problem_of: ProblemOf, around: str) -> None:
        guard = build(Settings(maximum_body_bytes=1024, log_level="error"))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
            request = client.build_request("POST", "/estimate", content=BODY, headers=[JSON])
            request.headers["content-length"] = around.format("1025")
            problem_of(await client.send(request), 413)


class TestSeveralLines:
    @pytest.mark.parametrize(
        ("lines", "expected"),
        [
            ([b"text/html", b"application/json"], 200),
            ([b"application/json", b"text/html"], 200),
            ([b"text/html", b"text/plain", b"*/*;q=0.1 "], 200),
            ([b"application/json;q=0", b"*/*"], 406),
            ([b"*/*", b"application/json;q=0"], 406),
            ([b"text/html", b"text/plain"], 406),
            ([b"", b"text/html"], 406),
        ],
    )
    async def test_of_accept_are_one_list(self, client: httpx.AsyncClient, lines: list[bytes], expected: int) -> None:
        assert await status(client, JSON, *((b"accept", line) for line in lines)) == expected

    @pytest.mark.parametrize("path", ["/workout/track", "/estimate/table", "/validation"])
    async def test_of_accept_are_one_list_on_every_path(self, client: httpx.AsyncClient, path: str) -> None:
        method, named = "GET" if path == "/validation" else "POST", ("x-request-id", "1")
        one = await client.request(method, path, headers=[named, ("accept", "a/b, */*")])
        two = await client.request(method, path, headers=[named, ("accept", "a/b"), ("accept", "*/*")])
        assert (one.status_code, one.content) == (two.status_code, two.content)
        assert one.status_code != 406

    @pytest.mark.parametrize("place", [0, 1, 2])
    async def test_of_tags_are_one_list(self, client: httpx.AsyncClient, place: int) -> None:
        tags = ['"other"', 'W/"one-more"']
        tags.insert(place, (await client.get("/models")).headers["etag"])
        answer = await client.get("/models", headers=[("if-none-match", tag) for tag in tags])
        assert answer.status_code == 304

    @pytest.mark.parametrize(
        ("types", "expected"),
        [
            ([b"application/json", b"application/json "], 200),
            ([b"application/json", b"text/plain"], 415),
            ([b"text/plain", b"application/json"], 415),
            ([b"application/json; a=b", b"text/plain"], 415),
            ([b"application/json", b""], 415),
        ],
    )
    async def test_content_types_that_differ_count_as_missing(
        self, client: httpx.AsyncClient, types: list[bytes], expected: int
    ) -> None:
        assert await status(client, *((b"content-type", line) for line in types)) == expected

    @pytest.mark.parametrize("path", ["/workout/track", "/estimate/table"])
    async def test_content_types_that_differ_count_as_missing_on_every_path(
        self, client: httpx.AsyncClient, path: str
    ) -> None:
        for known in (b"multipart/form-data; boundary=x", b"application/vnd.apache.arrow.stream; x=y"):
            answer = await posted(client, (b"content-type", known), (b"content-type", b"text/plain"), path=path)
            assert answer.status_code == 415

    async def test_of_request_ids_that_differ_are_none(self, client: httpx.AsyncClient) -> None:
        answer = await posted(client, JSON, (b"x-request-id", b"one"), (b"x-request-id", b"two"))
        assert answer.headers["x-request-id"] not in {"one", "two", "one, two", ""}


class TestCoding:
    @pytest.mark.parametrize("path", ["/estimate", "/solve", "/estimate/batch", "/workout/track", "/estimate/table"])
    @pytest.mark.parametrize("coding", ["gzip", "GZip ", "br", "x-own", "identity, gzip", "gzip;q=1"])
    async def test_a_coded_body_is_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, path: str, coding: str
    ) -> None:
        answer = await posted(client, JSON, (b"content-encoding", coding.encode()), path=path)
        assert "Content-Encoding" in problem_of(answer, 415)["detail"]
        assert answer.headers["accept-encoding"] == "identity"

    async def test_one_of_several_lines_is_enough(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        lines: Lines = [JSON, (b"content-encoding", b"identity"), (b"content-encoding", b"gzip")]
        for sent in (lines, lines[::-1]):
            problem_of(await posted(client, *sent), 415)

    @pytest.mark.parametrize("coding", [b"identity", b" IDENTITY\t", b"", b"identity, identity"])
    async def test_identity_is_none(self, client: httpx.AsyncClient, coding: bytes) -> None:
        assert await status(client, JSON, (b"content-encoding", coding)) == 200

    async def test_a_request_without_a_body_has_none(self, client: httpx.AsyncClient) -> None:
        assert (await client.get("/models", headers={"content-encoding": "gzip"})).status_code == 200

    async def test_the_answer_to_one_is_of_the_client_that_sent_it(self, client: httpx.AsyncClient) -> None:
        answer = await posted(client, JSON, (b"content-encoding", b"gzip"), (b"x-request-id", b"mine"))
        assert answer.headers["x-request-id"] == "mine"


class TestPaths:
    @pytest.mark.parametrize(
        "path", sorted({*ALWAYS_SERVED, "/models", "/static/page.css", "/docs", "/plot/energy.svg"})
    )
    async def test_percent_encoding_that_no_path_needs_is_not_found(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, path: str
    ) -> None:
        assert (await client.get(path)).status_code == (await raw(path)).status_code == 200
        for place in range(1, len(path)):
            for code in (f"%{ord(path[place]):02x}", f"%{ord(path[place]):02X}"):
                problem_of(await raw(path[:place] + code + path[place + 1 :]), 404)

    async def test_that_of_a_query_is(self, client: httpx.AsyncClient) -> None:
        answer = await client.get("/plot/energy.svg?ga%69t=run")
        assert answer.status_code == (await client.get("/plot/energy.svg?gait=run")).status_code


async def raw(path: str) -> httpx.Response:
    """Ask for a path as it is written: a client would write it anew."""
    sent: list[dict[str, Any]] = []

    messages = iter([{"type": "http.request", "body": b"", "more_body": False}])

    async def receive() -> dict[str, Any]:
        if message := next(messages, None):
            return message
        await anyio.sleep_forever()  # As a client that stays: a file that is sent asks whether it has left.
        raise AssertionError

    async def send(message: Any) -> None:
        sent.append(message)

    decoded = httpx.URL("http://retrorun.test" + path).path
    scope = {"type": "http", "method": "GET", "path": decoded, "raw_path": path.encode(), "query_string": b""}
    await app(scope | {"headers": [(b"host", b"retrorun.test")], "root_path": "", "scheme": "http"}, receive, send)
    start, *parts = sent
    body = b"".join(part.get("body", b"") for part in parts)
    request = httpx.Request("GET", "http://retrorun.test" + path)
    return httpx.Response(start["status"], headers=start["headers"], content=body, request=request)
