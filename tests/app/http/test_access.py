"""API keys: who is let in, how keys rotate, and what a bad file says."""

import errno
import hashlib
import json
import logging
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urljoin

import httpx
import pytest

from retrorun.app.cli.main import main
from retrorun.app.contract.openapi import LIMITED, contract
from retrorun.app.http import access
from retrorun.app.http.access import BadKeys, KeyFile, digests_of, line_of, new_key
from retrorun.app.http.limits import PROBES
from retrorun.app.main import build, create_app
from retrorun.app.settings import Settings, from_environment

pytestmark = pytest.mark.anyio

ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

OLD, NEW = "rr_old", "rr_new"
NOTHING, BLANK_LINE = (hashlib.sha256(text).hexdigest() for text in (b"", b"\n"))
BOUT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}


def asked(key: str | bytes | None, path: str = "/estimate") -> dict[str, Any]:
    value = key.encode() if isinstance(key, str) else key
    return {"path": path, "headers": [(b"accept", b"*/*")] + ([(b"x-api-key", value)] if value is not None else [])}


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "keys"
    path.write_text(f"# of the app\n\n{line_of('old', OLD)}  # until May\n{line_of('new', NEW).upper()}\n".lower())
    return path


def client_of(file: Path) -> httpx.AsyncClient:
    guard = build(Settings(api_key_file=str(file), log_level="error"))
    return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test")


class TestService:
    async def test_several_keys_are_valid_at_once_and_others_are_none(self, file: Path, problem_of: ProblemOf) -> None:
        async with client_of(file) as client:
            for key in (OLD, NEW):
                answered = await client.post("/estimate", json=BOUT, headers={"x-api-key": key})
                assert answered.status_code == 200
            for headers in ({}, {"x-api-key": ""}, {"x-api-key": OLD + "x"}, {"x-api-key": f"{OLD[:3]} {OLD[3:]}"}):
                problem_of(await client.post("/estimate", json=BOUT, headers=headers), 401)
            hashed = hashlib.sha256(OLD.encode()).hexdigest()
            problem_of(await client.post("/estimate", json=BOUT, headers={"x-api-key": hashed}), 401)
            problem_of(await client.get("/estimate", params={"x-api-key": OLD}), 401)

    @pytest.mark.parametrize(
        "path", ["/livez", "/readyz", "/", "/docs", "/openapi.json", "/static/app.js", "/problems/key"]
    )
    async def test_probes_and_the_pages_that_say_how_to_call_need_none(self, file: Path, path: str) -> None:
        async with client_of(file) as client:
            assert (await client.get(path)).status_code != 401

    @pytest.mark.parametrize("path", ["/models", "/validation", "/metrics", "/other", "//livez", "/static", "/LIVEZ"])
    async def test_everything_else_needs_one(self, file: Path, path: str, problem_of: ProblemOf) -> None:
        async with client_of(file) as client:
            problem_of(await client.get(f"http://retrorun.test{path}"), 401)

    async def test_the_log_names_the_key_and_holds_none(self, file: Path, capsys: pytest.CaptureFixture[str]) -> None:
        guard = build(Settings(api_key_file=str(file)))
        async with httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test") as client:
            for key in (OLD, NEW, "rr_none"):
                await client.post("/estimate", json=BOUT, headers={"x-api-key": key})
        output = capsys.readouterr().out
        assert [json.loads(line).get("key") for line in output.splitlines()] == ["old", "new", None]
        assert "rr_" not in output

    async def test_the_contract_says_what_every_operation_may_be_refused_with(self) -> None:
        for path, operations in contract(create_app())["paths"].items():
            for operation in operations.values():
                refused = {str(status) for status in LIMITED} <= operation["responses"].keys()
                assert refused == (path not in PROBES), path

    async def test_the_contract_offers_the_key_and_does_not_ask_for_it(self) -> None:
        document = contract(create_app())
        (scheme,) = document["components"]["securitySchemes"].values()
        assert (scheme["type"], scheme["in"], scheme["name"]) == ("apiKey", "header", "X-API-Key")
        assert {} in document["security"]


BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8"
"""What browsers accept when they open an address."""
OPENED = ["/validation", "/evidence", "/models", "/references", "/plot/energy.svg", "/plot/load.svg"]
"""What the setting opens."""


class TestPages:
    """Pages that a browser opens, which sends no key."""

    @pytest.fixture
    def opened(self, file: Path) -> httpx.AsyncClient:
        guard = build(Settings(api_key_file=str(file), pages_without_key=True, log_level="error"))
        return httpx.AsyncClient(transport=httpx.ASGITransport(guard), base_url="http://retrorun.test")

    @pytest.mark.parametrize("path", OPENED)
    async def test_a_setting_opens_them(self, file: Path, opened: httpx.AsyncClient, path: str) -> None:
        async with client_of(file) as client, opened:
            assert (await client.get(path)).status_code == 401
            for accept in (BROWSER, "*/*", "image/avif,image/*,*/*;q=0.8"):
                assert (await opened.get(path, headers={"accept": accept})).status_code == 200
                assert (await opened.head(path, headers={"accept": accept})).status_code == 200

    @pytest.mark.parametrize(
        "path", ["/metrics", "/other", "/plot", "//validation", "/validation/", "/models/x", "/estimate", "/VALIDATION"]
    )
    async def test_it_opens_nothing_else(self, opened: httpx.AsyncClient, path: str, problem_of: ProblemOf) -> None:
        async with opened:
            problem_of(await opened.get(f"http://retrorun.test{path}"), 401)
            problem_of(await opened.post(f"http://retrorun.test{path}", json=BOUT), 401)

    async def test_it_opens_no_question(self, opened: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        async with opened:
            for path, item in contract(create_app())["paths"].items():
                if "post" in item:
                    problem_of(await opened.post(path, json=BOUT), 401)

    def test_it_is_off_by_default(self) -> None:
        assert not Settings().pages_without_key
        assert from_environment({"RETRORUN_PAGES_WITHOUT_KEY": "on"}).pages_without_key

    @pytest.mark.parametrize("path", [*OPENED, "/metrics", "/other", "/estimate", "//livez"])
    async def test_a_browser_gets_a_page_that_says_how_to_open_them(self, file: Path, path: str) -> None:
        address = f"http://retrorun.test{path}"
        async with client_of(file) as client:
            refused = await client.get(address, headers={"accept": BROWSER})
            assert refused.status_code == 401
            assert refused.headers["content-type"].partition(";")[0] == "text/html"
            assert refused.headers["www-authenticate"] == "ApiKey"
            assert refused.headers["vary"] == "Accept"
            for way in ("explorer", "curl", "X-API-Key", "RETRORUN_PAGES_WITHOUT_KEY"):
                assert way in refused.text
            for link in re.findall(r'href="([^":]+)"', refused.text):
                linked = await client.get(urljoin(address, link))
                assert linked.status_code == 200, link
                assert linked.url.path in {"/", "/static/page.css", "/static/documents.css"}

    @pytest.mark.parametrize("accept", ["", "*/*", "application/json", "application/problem+json", "image/*,*/*;q=0.8"])
    async def test_a_program_gets_a_problem(self, file: Path, accept: str, problem_of: ProblemOf) -> None:
        async with client_of(file) as client:
            problem_of(await client.get("/validation", headers={"accept": accept}), 401)
            problem_of(await client.post("/estimate", json=BOUT, headers={"accept": BROWSER}), 401)

    async def test_the_page_repeats_nothing_of_the_request(self, file: Path) -> None:
        async with client_of(file) as client:
            headers = {"accept": BROWSER, "x-api-key": "rr_wrong"}
            refused = await client.get("/weight-70?mass=70kg", headers=headers)
        assert "70" not in refused.text
        assert "rr_wrong" not in refused.text

    async def test_with_a_key_a_browser_gets_the_page(self, file: Path) -> None:
        async with client_of(file) as client:
            answer = await client.get("/validation", headers={"accept": BROWSER, "x-api-key": OLD})
        assert "<h1>Validation</h1>" in answer.text


class TestRotation:
    def test_a_change_of_the_file_counts_after_a_second_at_most(
        self, file: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        now = 100.0
        monkeypatch.setattr(access, "monotonic", lambda: now)
        keys = KeyFile(str(file))
        assert keys.allows(asked(OLD))
        assert not keys.allows(asked("rr_third"))
        file.write_text(line_of("third", "rr_third"))
        now = 100.9
        assert keys.allows(asked(OLD))
        now = 101.0
        with caplog.at_level(logging.WARNING):
            assert keys.allows(asked("rr_third"))
        assert not keys.allows(asked(OLD))
        assert "changed: 1 valid" in caplog.text

    def test_a_file_replaced_by_another_of_the_same_size_and_time_is_seen(self, file: Path) -> None:
        keys = KeyFile(str(file))
        times = (file.stat().st_atime_ns, file.stat().st_mtime_ns)
        other = file.with_name("other")
        other.write_text(file.read_text().replace(line_of("old", OLD), line_of("old", "rr_two")))
        os.utime(other, ns=times)
        other.replace(file)
        keys.refresh()
        assert keys.allows(asked("rr_two"))

    @pytest.mark.parametrize("code", [errno.EMFILE, errno.ENFILE, errno.EIO, errno.EACCES, errno.ENOENT, errno.ESTALE])
    @pytest.mark.parametrize("calls", [("open",), ("stat", "open")])
    def test_a_fault_while_it_is_read_is_said_once_and_tried_again_at_each_look(
        self,
        file: Path,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        code: int,
        calls: tuple[str, ...],
    ) -> None:
        now, faulty = 100.0, True

        def failing(real: Callable[..., Any]) -> Callable[..., Any]:
            def call(*arguments: Any, **options: Any) -> Any:
                if faulty:
                    raise OSError(code, os.strerror(code))
                return real(*arguments, **options)

            return call

        monkeypatch.setattr(access, "monotonic", lambda: now)
        keys = KeyFile(str(file))
        file.write_text(line_of("third", "rr_third"))
        for name in calls:
            monkeypatch.setattr(Path, name, failing(getattr(Path, name)))
        with caplog.at_level(logging.WARNING):
            for _ in range(3):
                now += 1.0
                assert keys.allows(asked(OLD))
                assert not keys.allows(asked("rr_third"))
            assert len(caplog.records) == 1
            assert str(file) not in caplog.text
            faulty = False
            now += 1.0
            assert keys.allows(asked("rr_third"))
        assert not keys.allows(asked(OLD))
        assert "can be used again: 1 valid" in caplog.text

    def test_each_new_reason_is_said(self, file: Path, caplog: pytest.LogCaptureFixture) -> None:
        keys = KeyFile(str(file))
        with caplog.at_level(logging.ERROR):
            for text in ("old", "old", None, None, "", "", "old"):
                file.unlink(missing_ok=True) if text is None else file.write_text(text)
                keys.refresh()
        assert len(caplog.records) == 4

    @pytest.mark.parametrize("text", ["", "# none", "old", None])
    def test_a_change_that_cannot_be_used_leaves_the_keys_and_is_logged_once(
        self, file: Path, caplog: pytest.LogCaptureFixture, text: str | None
    ) -> None:
        keys = KeyFile(str(file))
        if text is None:
            file.unlink()
        else:
            file.write_text(text)
        with caplog.at_level(logging.ERROR):
            keys.refresh()
            keys.refresh()
        assert keys.allows(asked(OLD))
        assert len(caplog.records) == 1


class TestFile:
    GOOD = "a" * 64

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("", "no key"),
            ("# only words\n", "no key"),
            (f"app:{GOOD}\nrr_secret", "Line 2"),
            (f"app:{GOOD[1:]}", "Line 1"),
            (f"app: {GOOD}", "Line 1"),
            (f":{GOOD}", "Line 1"),
            (f"a b:{GOOD}", "Line 1"),
            (f"app:{'g' * 64}", "Line 1"),
            (f"app:{GOOD}\napp:{'b' * 64}", "Line 2"),
            (f"app:{GOOD}\nrr_unset:{NOTHING}", "Line 2 is the hash of an empty text"),
            (f"app:{NOTHING.upper()}", "Line 1 is the hash of an empty text"),
            (f"app:{BLANK_LINE}", "Line 1 is the hash of an empty text"),
        ],
    )
    def test_a_bad_file_says_where_and_repeats_nothing(self, tmp_path: Path, text: str, said: str) -> None:
        (tmp_path / "keys").write_text(text)
        with pytest.raises(BadKeys, match=said) as caught:
            KeyFile(str(tmp_path / "keys"))
        assert "rr_" not in str(caught.value)
        assert "e3b0c4" not in str(caught.value)

    def test_the_hash_of_nothing_is_refused_when_it_is_read_again_too(
        self, file: Path, caplog: pytest.LogCaptureFixture
    ) -> None:
        keys = KeyFile(str(file))
        file.write_text(f"app:{NOTHING}")
        with caplog.at_level(logging.ERROR):
            keys.refresh()
        assert keys.allows(asked(OLD))
        assert not keys.allows(asked(b""))
        assert "Line 1 is the hash of an empty text" in caplog.text
        assert "e3b0c4" not in caplog.text

    @pytest.mark.parametrize("nothing", [None, b"", b" ", b"\t", b" \t "])
    def test_an_empty_key_is_refused_for_any_key_file(self, file: Path, nothing: bytes | None) -> None:
        keys = KeyFile(str(file))
        for text in (b"", nothing or b""):
            keys.digests["nothing"] = hashlib.sha256(text).digest()
            assert not keys.allows(asked(nothing))

    @pytest.mark.parametrize(
        ("lines", "let_in"),
        [
            ([OLD, OLD], True),
            ([f" {OLD}\t", OLD], True),
            ([OLD, NEW], False),
            ([OLD, "rr_none"], False),
            (["rr_none", OLD], False),
            ([OLD, ""], False),
            (["", OLD], False),
        ],
    )
    def test_several_keys_that_differ_are_none(self, file: Path, lines: list[str], let_in: bool) -> None:
        headers = [(b"x-api-key", line.encode()) for line in lines]
        assert KeyFile(str(file)).allows({"path": "/estimate", "headers": headers}) is let_in

    @pytest.mark.parametrize("content", [None, b"\xff\xfe"])
    def test_a_file_that_cannot_be_read_is_said(self, tmp_path: Path, content: bytes | None) -> None:
        if content is not None:
            (tmp_path / "keys").write_bytes(content)
        with pytest.raises(BadKeys, match="cannot be read"):
            KeyFile(str(tmp_path / "keys"))

    def test_a_file_that_could_not_be_read_is_read_when_it_can(
        self, file: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        keys, read_text = KeyFile(str(file)), Path.read_text
        file.write_text(line_of("third", "rr_third"))
        monkeypatch.setattr(Path, "read_text", lambda *_, **__: (_ for _ in ()).throw(PermissionError()))
        keys.refresh()
        monkeypatch.setattr(Path, "read_text", read_text)
        file.chmod(0o644 if file.stat().st_mode & 0o077 == 0 else 0o600)
        keys.refresh()
        assert keys.allows(asked("rr_third"))

    def test_a_pipe_in_place_of_the_file_is_said(self, tmp_path: Path) -> None:
        os.mkfifo(tmp_path / "keys")
        with pytest.raises(BadKeys, match="not a file"):
            KeyFile(str(tmp_path / "keys"))

    def test_every_hash_is_compared_whichever_fits(self, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        keys, compared = KeyFile(str(file)), list[bytes]()

        def compare(one: bytes, two: bytes) -> bool:
            compared.append(one)
            return one == two

        monkeypatch.setattr("hmac.compare_digest", compare)
        for key in (OLD, NEW, "rr_none", None):
            compared.clear()
            keys.allows(asked(key))
            assert compared == list(keys.digests.values())

    def test_any_bytes_may_be_sent_as_a_key(self, file: Path) -> None:
        assert not KeyFile(str(file)).allows(asked(b"\xff\x00" * 1000))


class TestCommand:
    def test_a_new_key_fits_its_line(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["key", "new", "--name", "phone-app"]) == 0
        key, line = (text.split()[-1] for text in capsys.readouterr().out.splitlines())
        assert line.startswith("phone-app:")
        assert list(digests_of(line).values()) == [hashlib.sha256(key.encode()).digest()]

    def test_no_two_are_the_same(self) -> None:
        assert len({new_key() for _ in range(100)}) == 100
        assert all(len(new_key()) > 43 for _ in range(10))

    def test_a_bad_name_is_said(self, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["key", "new", "--name", "a:b"]) == 2
        assert "name" in capsys.readouterr().err

    def test_a_bad_file_stops_the_start_with_one_line(
        self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        monkeypatch.setenv("RETRORUN_API_KEY_FILE", str(tmp_path / "none"))
        assert main(["serve", "--port", "0"]) == 2
        assert capsys.readouterr().err.splitlines()[-1].startswith("retrorun: The file of API keys cannot be used.")
