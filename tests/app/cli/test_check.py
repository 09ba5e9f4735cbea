"""`retrorun check`: what it finds in a service, through a proxy that changes one thing, and where there is none."""

import gzip
import json
import re
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, NamedTuple, TypeAlias

import anyio
import httpx
import pytest

from retrorun.app.cli.check.service import NO_ANSWER, Unreachable, check
from retrorun.app.cli.main import main
from retrorun.app.contract.examples import pairs
from retrorun.app.contract.golden import REQUEST_ID
from retrorun.app.http.access import line_of
from retrorun.app.http.limits import SECURITY_HEADERS
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash
from robustness.load import service

SENT = [name for name, pair in pairs().items() if "request" in pair]
OTHER_MODELS, OTHER_VERSION = "0123456789ab", "0.0.7"
KEY = "rr_example"
CHANGED = "/backward/total_energy_kcal/value"
"""Where `one_number` changes a number: the whole estimate, and the same one elsewhere, as in a batch."""


class Answer(NamedTuple):
    """An answer of the service, which a proxy may change."""

    path: str
    status: int
    headers: dict[str, str]
    content: bytes


Change: TypeAlias = Callable[[Answer], Answer | None]


class Ran(NamedTuple):
    """The exit code and output of one run."""

    code: int
    out: str
    err: str

    @property
    def differ(self) -> dict[str, list[str]]:
        """The places that differ, by golden request, as JSON has them."""
        return {
            one["name"]: [each["place"] for each in one["differences"]]
            for one in json.loads(self.out)["requests"]
            if one["result"] == "differs"
        }


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> Callable[..., Ran]:
    monkeypatch.delenv("RETRORUN_API_KEY", raising=False)

    def ran(*words: str) -> Ran:
        try:
            code = main(["check", *words])
        except SystemExit as end:
            code = int(end.code or 0)
        return Ran(code, *capsys.readouterr())

    return ran


@pytest.fixture(scope="module")
def port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    with service(tmp_path_factory.mktemp("service") / "log") as running:
        yield running.port


class Quiet(BaseHTTPRequestHandler):
    """A handler that logs nothing, and answers POST as GET."""

    def do_POST(self) -> None:
        self.do_GET()  # type: ignore[attr-defined]  # every handler below has it

    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def serving(handler: type[BaseHTTPRequestHandler]) -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


@contextmanager
def proxy(port: int, change: Change, prefix: str = "") -> Iterator[str]:
    """Run a proxy that changes answers and removes a prefix, and yield its address. None breaks the connection off."""
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", trust_env=False, timeout=60) as client:

        class Proxy(Quiet):
            protocol_version = "HTTP/1.1"
            wbufsize = -1  # Written in one piece, or the system waits for more.

            def handle_one_request(self) -> None:
                with suppress(ConnectionError):
                    super().handle_one_request()

            def forward(self) -> None:
                sent = self.rfile.read(int(self.headers.get("content-length", "0")))
                if not self.path.startswith(f"{prefix}/"):
                    self.send_error(404)
                    return
                path = self.path.removeprefix(prefix)
                passed = {name: value for name, value in self.headers.items() if name.lower() != "host"}
                got = client.request(self.command, path, content=sent, headers=passed)
                answer = change(Answer(path.partition("?")[0], got.status_code, dict(got.headers), got.content))
                if answer is None:
                    self.close_connection = True
                    return
                self.send_response_only(answer.status)
                for name, value in (answer.headers | {"content-length": str(len(answer.content))}).items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(answer.content)

            def do_GET(self) -> None:
                self.forward()

        with serving(Proxy) as address:
            yield address + prefix


def unchanged(answer: Answer) -> Answer:
    return answer


def without(*names: str) -> Change:
    """Remove headers."""
    return lambda answer: answer._replace(headers={key: answer.headers[key] for key in answer.headers.keys() - names})


def replacing(old: str, new: str) -> Change:
    """Replace a text in every body and header."""
    return lambda answer: answer._replace(
        headers={name: value.replace(old, new) for name, value in answer.headers.items()},
        content=answer.content.replace(old.encode(), new.encode()),
    )


def one_number(factor: float) -> Change:
    """Change the backward energy of the whole estimate alone, in the last of its digits."""
    right = pairs()["estimate.whole"]["response"]["body"]["backward"]["total_energy_kcal"]["value"]

    def change(answer: Answer) -> Answer:
        old, new = (f'"total_energy_kcal":{{"value":{value!r}'.encode() for value in (right, right * factor))
        return answer._replace(content=answer.content.replace(old, new))

    return change


class TestSame:
    def test_a_service_of_this_version_is_the_same(self, run: Any, port: int) -> None:
        ran = run(f"http://127.0.0.1:{port}")
        assert (ran.code, ran.err) == (0, "")
        assert re.search(rf"^Version +{re.escape(__version__)} +{re.escape(__version__)} +same$", ran.out, re.M)
        assert re.search(rf"^Models +{models_hash()} +{models_hash()} +same$", ran.out, re.M)
        assert re.search(r"^estimate +14 +0$", ran.out, re.M)
        assert re.search(rf"^All +{len(SENT)} +0$", ran.out, re.M)
        assert ran.out.endswith("Everything is the same.\nNumbers within 1e-12 of their size count as the same.\n")

    def test_json_says_the_same(self, run: Any, port: int) -> None:
        ran = run(f"http://127.0.0.1:{port}/", "--json")
        content = json.loads(ran.out)
        assert (ran.code, content["result"], content["tolerance"]) == (0, "same", 1e-12)
        assert content["models"] == {"expected": models_hash(), "found": [models_hash()]}
        assert content["version"] == {"expected": __version__, "found": [__version__]}
        assert [one["name"] for one in content["requests"]] == SENT
        assert ran.differ == {}

    def test_every_golden_request_is_sent_that_has_one(self) -> None:
        assert len(SENT) > 60
        assert {name.partition(".")[0] for name in pairs()} == {name.partition(".")[0] for name in SENT}

    def test_the_last_bits_may_differ(self, run: Any, port: int) -> None:
        with proxy(port, one_number(1 + 1e-14)) as url:
            assert run(url).code == 0

    def test_it_works_at_a_path_and_compressed(self, run: Any, port: int) -> None:
        def compressed(answer: Answer) -> Answer:
            headers = answer.headers | {"content-encoding": "gzip"}
            return answer._replace(headers=headers, content=gzip.compress(answer.content))

        with proxy(port, compressed, "/v1") as url:
            assert run(url).code == run(f"{url}/").code == 0
            assert run(url.removesuffix("/v1")).code == 2

    def test_health_checks_may_be_hidden_by_a_proxy(self, run: Any, port: int) -> None:
        def hidden(answer: Answer) -> Answer:
            return Answer(answer.path, 404, {}, b"") if answer.path in {"/livez", "/readyz"} else answer

        with proxy(port, hidden) as url:
            ran = run(url)
        assert ran.code == 0
        assert re.search(r"^livez +1 +0 +not public, as behind a proxy$", ran.out, re.M)

    def test_a_busy_service_is_asked_again(self, run: Any, port: int) -> None:
        seen: set[str] = set()

        def busy(answer: Answer) -> Answer:
            first = answer.path == "/plan" and answer.path not in seen
            seen.add(answer.path)
            return answer._replace(status=503, headers=answer.headers | {"retry-after": "0"}) if first else answer

        with proxy(port, busy) as url:
            assert run(url).code == 0
        assert "/plan" in seen

    def test_a_key_is_sent(self, run: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        (tmp_path / "keys").write_text(line_of("check", KEY) + "\n", encoding="utf-8")
        settings = {"RETRORUN_API_KEY_FILE": str(tmp_path / "keys")}
        with service(tmp_path / "log", settings=settings) as running:
            url = f"http://127.0.0.1:{running.port}"
            missing, wrong, given = run(url), run(url, "--key", "rr_other"), run(url, "--key", KEY)
            monkeypatch.setenv("RETRORUN_API_KEY", KEY)
            known = run(url)
        assert (missing.code, missing.out) == (wrong.code, wrong.out) == (2, "")
        assert missing.err == (
            "retrorun: The service needs an API key. Give a valid one with --key or RETRORUN_API_KEY.\n"
        )
        assert wrong.err.startswith("retrorun: The service does not know this API key.")
        assert given.code == known.code == 0
        assert KEY not in given.out


class TestDiffers:
    def test_one_wrong_number_is_named(self, run: Any, port: int) -> None:
        with proxy(port, one_number(1 + 1e-10)) as url:
            text, found = run(url), run(url, "--json")
        assert text.code == found.code == 1
        assert "estimate.whole" in found.differ
        assert all(place.endswith(CHANGED) for places in found.differ.values() for place in places)
        right = pairs()["estimate.whole"]["response"]["body"]["backward"]["total_energy_kcal"]["value"]
        assert re.search(rf"^estimate\.[a-z_.]+ and .* /body{CHANGED}: expected {right!r}, found ", text.out, re.M)
        assert "The service differs from this command.\n" in text.out

    @pytest.mark.parametrize(
        "names",
        [
            *([name.decode()] for name, _ in SECURITY_HEADERS[:2]),
            [name.decode() for name, _ in SECURITY_HEADERS[2:]],
            *(["retrorun-version"], ["retrorun-models"], ["x-request-id"]),
        ],
    )
    def test_a_missing_header_is_named(self, run: Any, port: int, names: list[str]) -> None:
        with proxy(port, without(*names)) as url:
            ran = run(url, "--json")
        assert ran.code == 1
        assert ran.differ == {sent: [f"/headers/{name}" for name in names] for sent in SENT}

    def test_what_all_answers_share_is_named_once(self, run: Any, port: int) -> None:
        with proxy(port, without("x-request-id")) as url:
            ran = run(url)
        first, more = SENT[0], len(SENT) - 1
        said = f'{first} and {more} more /headers/x-request-id: expected "{REQUEST_ID}", found nothing.'
        assert [line for line in ran.out.splitlines() if "expected" in line] == [said]

    def test_long_texts_are_shown_from_where_they_differ(self, run: Any, port: int) -> None:
        policy = next(value.decode() for name, value in SECURITY_HEADERS if name == b"content-security-policy")
        change = replacing(policy, policy.replace("form-action 'none'", "form-action 'self'"))
        with proxy(port, change) as url:
            ran = run(url)
        assert "form-action 'none'; frame" in ran.out
        assert "form-action 'self'; frame" in ran.out

    def test_a_missing_media_type_is_named(self, run: Any, port: int) -> None:
        with proxy(port, without("content-type")) as url:
            ran = run(url, "--json")
        assert ran.code == 1
        assert all("/headers/content-type" in ran.differ[name] for name in SENT)

    @pytest.mark.parametrize(
        ("name", "value"),
        [("x-content-type-options", "sniff"), ("content-security-policy", "default-src *"), ("x-request-id", "mine")],
    )
    def test_a_changed_header_is_named(self, run: Any, port: int, name: str, value: str) -> None:
        with proxy(port, lambda answer: answer._replace(headers=answer.headers | {name: value})) as url:
            ran = run(url, "--json")
        assert ran.code == 1
        assert all(places == [f"/headers/{name}"] for places in ran.differ.values())

    def test_another_version_is_named_once(self, run: Any, port: int) -> None:
        with proxy(port, replacing(__version__, OTHER_VERSION)) as url:
            ran, found = run(url), run(url, "--json")
        assert ran.code == found.code == 1
        assert re.search(rf"^Version +{re.escape(__version__)} +{re.escape(OTHER_VERSION)} +differs$", ran.out, re.M)
        assert re.search(r"^Models .* same$", ran.out, re.M)
        assert found.differ == {}

    def test_other_models_are_named_once_and_their_numbers_each(self, run: Any, port: int) -> None:
        def older(answer: Answer) -> Answer | None:
            changed = replacing(models_hash(), OTHER_MODELS)(answer)
            return changed and one_number(1.01)(changed)

        with proxy(port, older) as url:
            ran, found = run(url), run(url, "--json")
        assert ran.code == found.code == 1
        assert re.search(rf"^Models +{models_hash()} +{OTHER_MODELS} +differs$", ran.out, re.M)
        assert "estimate.whole" in found.differ
        assert all(place.endswith(CHANGED) for places in found.differ.values() for place in places)

    def test_two_versions_at_once_are_seen(self, run: Any, port: int) -> None:
        change = replacing(__version__, OTHER_VERSION)
        with proxy(port, lambda answer: change(answer) if answer.path == "/solve" else answer) as url:
            ran = run(url)
        assert ran.code == 1
        assert f"{OTHER_VERSION} and {__version__}" in ran.out
        assert "Several versions answer: wait until the roll-out is complete, and check again.\n" in ran.out

    def test_a_path_that_an_older_version_lacks_is_named(self, run: Any, port: int) -> None:
        def lacking(answer: Answer) -> Answer:
            if answer.path != "/messages":
                return answer
            content = json.dumps({"title": "Not Found"}).encode()
            return answer._replace(status=404, content=content)

        with proxy(port, lacking) as url:
            ran = run(url, "--json")
        assert ran.code == 1
        assert list(ran.differ) == ["messages.all"]
        assert "/status" in ran.differ["messages.all"]

    def test_a_service_that_breaks_off_is_named(self, run: Any, port: int) -> None:
        with proxy(port, lambda answer: None if answer.path == "/solve" else answer) as url:
            ran = run(url)
        assert ran.code == 1
        assert re.search(rf'^solve.bout and \d more expected "{NO_ANSWER}", found "none \(', ran.out, re.M)

    def test_what_is_no_json_is_named(self, run: Any, port: int) -> None:
        def broken(answer: Answer) -> Answer:
            return answer._replace(content=b'{"a": NaN}') if answer.path == "/evidence" else answer

        with proxy(port, broken) as url:
            ran = run(url, "--json")
        assert ran.code == 1
        assert "/body" in ran.differ["evidence.all"]

    def test_an_answer_cannot_control_the_terminal_or_fill_it(self, run: Any, port: int) -> None:
        def hostile(answer: Answer) -> Answer:
            if answer.path != "/evidence":
                return answer
            content = {"\x1b[2J" + 500 * "a": "\x1b]0;x\x07" + 10_000 * "b"}
            return answer._replace(content=json.dumps(content).encode())

        with proxy(port, hostile) as url:
            ran = run(url)
        assert ran.code == 1
        assert not re.search(r"[^\x20-\x7e\n]", ran.out)
        assert max(map(len, ran.out.splitlines())) < 400


class TestUnreachable:
    def test_a_dead_port(self, run: Any) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        ran = run(f"http://127.0.0.1:{port}")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "retrorun: No answer from this address. Check it, and check that the service runs.\n"

    def test_another_server(self, run: Any) -> None:
        class Other(Quiet):
            def do_GET(self) -> None:
                self.send_response(200)
                self.end_headers()

        with serving(Other) as url:
            ran = run(url)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == "retrorun: The server at this address is not RetroRun. Check the address and its path.\n"

    def test_a_path_where_the_service_is_not(self, run: Any, port: int) -> None:
        ran = run(f"http://127.0.0.1:{port}/v1")
        assert (ran.code, ran.out) == (2, "")
        assert "Check the address and its path." in ran.err

    @pytest.mark.parametrize(
        "url", ["", "127.0.0.1:8000", "ftp://127.0.0.1", "http://", "http://127.0.0.1/?a=1", "http://a/#b"]
    )
    def test_an_address_that_is_none(self, run: Any, url: str) -> None:
        ran = run(url)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("retrorun: Give an address that starts with http, ")

    def test_a_key_that_is_none(self, run: Any) -> None:
        ran = run("http://127.0.0.1:9", "--key", "a b")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err.startswith("retrorun: --key: This is not a key.")

    @pytest.mark.parametrize("words", [[], ["http://127.0.0.1:9", "--no-such-option"]])
    def test_words_that_are_none(self, run: Any, words: list[str]) -> None:
        assert run(*words).code == 2

    @pytest.mark.parametrize("said", [b"", b"HTTP/1.1 200 OK\r\nx: "])
    def test_a_server_that_never_ends_its_answer_does_not_hold_it_up(self, said: bytes) -> None:
        def drip() -> None:
            with suppress(OSError):
                connection, _ = listening.accept()
                with connection:
                    connection.sendall(said)
                    while not done.wait(0.01):
                        connection.sendall(b"x" if said else b"")

        done = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listening:
            thread = threading.Thread(target=drip)
            thread.start()
            try:
                with pytest.raises(Unreachable):
                    anyio.run(lambda: check(f"http://127.0.0.1:{listening.getsockname()[1]}", "", within_s=0.3))
            finally:
                done.set()
                thread.join()

    def test_requests_that_there_was_no_time_for_are_named(self, port: int) -> None:
        held = threading.Event()

        def slow(answer: Answer) -> Answer:
            if answer.path == "/evidence":
                held.wait(30)
            return answer

        with proxy(port, slow) as url:
            try:
                checked = anyio.run(lambda: check(url, "", within_s=6))
            finally:
                held.set()
        late = [one for one in checked if not one.status]
        assert [one.name for one in checked] == SENT
        assert late
        assert all(one.differences[0].found == "none within 6 s" for one in late)


def test_a_program_sees_the_exit_code(port: int) -> None:
    command = [sys.executable, "-m", "retrorun.app.cli", "check", f"http://127.0.0.1:{port}"]
    assert subprocess.run(command, capture_output=True, check=False, timeout=60).returncode == 0
    assert subprocess.run([*command, "x"], capture_output=True, check=False, timeout=60).returncode == 2


def test_the_id_of_the_requests_is_one() -> None:
    assert re.fullmatch(r"[0-9a-f]{16}", REQUEST_ID)
