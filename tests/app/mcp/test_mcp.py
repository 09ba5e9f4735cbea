"""`retrorun mcp`, asked by the SDK's own client over both transports, and by clients that behave badly."""

import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any, Final

import httpx
import httpx2
import pytest
from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # jsonschema ships no types
from mcp import Client, MCPError
from mcp.client.stdio import StdioServerParameters
from mcp.client.streamable_http import streamable_http_client

from retrorun.app.api import estimate as estimate_route
from retrorun.app.cli.main import main
from retrorun.app.contract.openapi import contract
from retrorun.app.main import create_app
from retrorun.app.mcp.command import mcp_server
from retrorun.app.mcp.tools import OPERATIONS, Operation, answer, operations_of
from retrorun.models.estimate.estimate import estimate

HOUSE: Final = Path(__file__).parents[3]
COMMAND: Final = ("-c", "import sys; from retrorun.app.start import main; sys.exit(main())", "mcp")
ENVIRONMENT: Final = {"PYTHONPATH": str(HOUSE)}
BOUT: Final = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
SECRET: Final = 71.2345
"""A value that no error may repeat."""
WITHIN_S: Final = 20
CONTRACT: Final[dict[str, Any]] = contract(create_app())
TOOLS: Final = operations_of(CONTRACT)
INITIALIZE: Final = {
    "jsonrpc": "2.0",
    "id": 1,
    "method": "initialize",
    "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "test", "version": "1"}},
}
HEADERS: Final = {"accept": "application/json, text/event-stream"}


def started(*words: str, **streams: Any) -> subprocess.Popen[str]:
    environment = os.environ | ENVIRONMENT
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | streams
    return subprocess.Popen([sys.executable, *COMMAND, *words], env=environment, text=True, **pipes)


@contextmanager
def serving(*words: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run the server over HTTP, and give its process and address."""
    with started("--http", "--port", "0", *words) as process:
        try:
            assert process.stderr is not None
            found = None
            while not found:
                line = process.stderr.readline()
                assert line
                found = re.search(r"http://\S+/mcp", line)
            yield process, found[0]
        finally:
            process.kill()


@pytest.fixture(scope="module")
def address() -> Iterator[str]:
    with serving() as (_, address):
        yield address


@asynccontextmanager
async def over_http(address: str, mode: str = "auto") -> AsyncIterator[Client]:
    async with (
        httpx2.AsyncClient(trust_env=False, timeout=WITHIN_S) as http,
        Client(streamable_http_client(address, http_client=http), mode=mode) as client,
    ):
        yield client


@asynccontextmanager
async def over_stdio(mode: str = "auto") -> AsyncIterator[Client]:
    parameters = StdioServerParameters(command=sys.executable, args=list(COMMAND), env=ENVIRONMENT)
    async with Client(parameters, mode=mode) as client:
        yield client


# Clients before the revision 2026-07-28 of the protocol, which began with a handshake, and later ones.
@pytest.mark.anyio
@pytest.mark.parametrize("mode", ["legacy", "auto"])
@pytest.mark.parametrize("transport", ["stdio", "http"])
async def test_the_client_of_the_sdk(transport: str, mode: str, address: str, client: httpx.AsyncClient) -> None:
    async with over_stdio(mode) if transport == "stdio" else over_http(address, mode) as tools:
        assert [tool.name for tool in (await tools.list_tools()).tools] == list(OPERATIONS)
        # The client checks each answer against the schema of its tool.
        answered = await tools.call_tool("estimate", BOUT)
        refused = await tools.call_tool("estimate", {"body_mass_kg": SECRET * 10, "colour": SECRET})
        evidence = await tools.call_tool("evidence")
        with pytest.raises(MCPError, match="Tools: estimate, solve, plan, evidence") as unknown:
            await tools.call_tool(f"x{SECRET}", {})
    assert str(SECRET) not in str(unknown.value)
    expected = await client.post("/estimate", json=BOUT)
    assert not answered.is_error
    assert answered.structured_content == expected.json()
    assert text_of(answered.content[-1]) == expected.text
    assert evidence.structured_content == (await client.get("/evidence")).json()
    problem = (await client.post("/estimate", json={"body_mass_kg": SECRET * 10, "colour": SECRET})).json()
    assert refused.is_error
    assert refused.structured_content["errors"] == problem["errors"]
    for error in problem["errors"]:
        assert error["message"] in text_of(refused.content[0])
    assert str(SECRET) not in refused.model_dump_json()


def text_of(content: Any) -> str:
    text: str = content.text
    return text


def resolved(schema: Any, shapes: dict[str, Any], prefix: str, within: tuple[str, ...] = ()) -> Any:
    """Return a schema with what it refers to in place of each reference."""
    if isinstance(schema, list):
        return [resolved(part, shapes, prefix, within) for part in schema]
    if not isinstance(schema, dict):
        return schema
    found = dict(schema)
    if isinstance(reference := found.pop("$ref", None), str):
        assert reference.startswith(prefix)
        name = reference.removeprefix(prefix)
        assert name not in within
        found = shapes[name] | found
        within = (*within, name)
    return {name: resolved(part, shapes, prefix, within) for name, part in found.items() if name != "$defs"}


class TestTools:
    def contract_of(self, tool: Operation) -> dict[str, Any]:
        operation: dict[str, Any] = CONTRACT["paths"][tool.path][tool.method]
        assert operation["operationId"] == tool.name
        return operation

    @pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
    def test_its_texts_and_schemas_are_those_of_the_contract(self, tool: Operation) -> None:
        operation = self.contract_of(tool)
        assert (tool.title, tool.description) == (operation["summary"], operation["description"])
        shapes = CONTRACT["components"]["schemas"]
        pairs = [(tool.output_schema, operation["responses"]["200"])]
        if tool.method == "post":
            pairs.append((tool.input_schema, operation["requestBody"]))
        for own, message in pairs:
            theirs = resolved(message["content"]["application/json"]["schema"], shapes, "#/components/schemas/")
            assert resolved(own, own.get("$defs", {}), "#/$defs/") == theirs

    @pytest.mark.parametrize("tool", TOOLS.values(), ids=lambda tool: tool.name)
    def test_its_schemas_are_of_objects_and_need_no_other_document(self, tool: Operation) -> None:
        for schema in (tool.input_schema, tool.output_schema):
            Draft202012Validator.check_schema(schema)
            assert schema["type"] == "object"
            assert "#/components" not in json.dumps(schema)
        assert "$defs" not in json.dumps(TOOLS["evidence"].input_schema)

    def test_the_contract_stays_as_it_was(self) -> None:
        before = json.dumps(CONTRACT)
        operations_of(CONTRACT)
        assert json.dumps(CONTRACT) == before

    @pytest.mark.anyio
    async def test_the_server_says_how_to_read_an_answer(self) -> None:
        async with Client(mcp_server()) as tools:
            assert tools.server_info is not None
            assert (tools.server_info.name, tools.server_info.version) == ("retrorun", CONTRACT["info"]["version"])
            said = tools.instructions or ""
        assert CONTRACT["info"]["description"].partition("\n\n")[0] in said
        assert "may_say" in said

    @pytest.mark.anyio
    async def test_a_summary_comes_first(self, monkeypatch: pytest.MonkeyPatch) -> None:
        summary: dict[str, Any] = {
            name: {"code": name, "params": {}, "text": f"The {name}."} for name in ("caution", "headline")
        }

        def summarized(**bout: Any) -> Any:
            return estimate(**bout) | {"summary": summary}

        monkeypatch.setattr(estimate_route, "estimate_by", summarized)
        answered = await answer(create_app(), TOOLS["estimate"], BOUT)
        assert (answered.texts[0], len(answered.texts)) == ("The headline. The caution.", 2)

    @pytest.mark.anyio
    async def test_a_fault_repeats_nothing(
        self, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
    ) -> None:
        def broken(**bout: Any) -> Any:
            raise ValueError(f"{bout}")

        monkeypatch.setattr(estimate_route, "estimate_by", broken)
        async with Client(mcp_server()) as tools:
            failed = await tools.call_tool("estimate", BOUT | {"body_mass_kg": SECRET})
        assert failed.is_error
        assert failed.structured_content["status"] == 500
        assert "ValueError at" in caplog.text
        assert str(SECRET) not in caplog.text + failed.model_dump_json()


class TestStdio:
    def talk(self, *lines: str, answers: int = 0) -> tuple[int, list[Any], str]:
        """Send lines, wait for some answers, and close the input: the SDK leaves unanswered what it then works on."""
        with started(stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write("".join(f"{line}\n" for line in lines))
            process.stdin.flush()
            answered = [json.loads(process.stdout.readline()) for _ in range(answers)]
            rest, errors = process.communicate(timeout=WITHIN_S)
        assert rest == ""
        return process.returncode, answered, errors

    def test_it_ends_with_its_input(self) -> None:
        assert self.talk() == (0, [], "")

    def test_what_is_no_json_of_the_protocol_is_answered_or_left_and_repeated_nowhere(self) -> None:
        call = '{"jsonrpc": "2.0", "id": %d, "method": "tools/call", "params": {"name": "estimate", "arguments": %s}}'
        code, messages, errors = self.talk(
            json.dumps(INITIALIZE),
            f"garbage {SECRET}",
            call % (2, f'"{SECRET}"'),
            call % (3, f'{{"body_mass_kg": NaN, "colour": {SECRET}}}'),
            answers=3,
        )
        assert (code, errors) == (0, "")
        assert sorted(message["id"] for message in messages) == [1, 2, 3]
        assert "Give a finite number." in json.dumps(messages)
        assert str(SECRET) not in json.dumps(messages)

    def test_a_client_that_closes_the_output_ends_it_without_a_traceback(self) -> None:
        with started(stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            assert process.stderr is not None
            process.stdin.write(f"{json.dumps(INITIALIZE)}\n")
            process.stdin.flush()
            assert process.stdout.readline()
            process.stdout.close()
            process.stdin.write(f"{json.dumps(INITIALIZE)}\n")
            process.stdin.close()
            assert process.wait(WITHIN_S) == 1
            assert process.stderr.read() == ""

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it(self, stop: signal.Signals) -> None:
        with started(stdin=subprocess.PIPE) as process:
            assert process.stdin is not None
            assert process.stdout is not None
            process.stdin.write(f"{json.dumps(INITIALIZE)}\n")
            process.stdin.flush()
            assert process.stdout.readline()
            process.send_signal(stop)
            assert process.wait(WITHIN_S) == 0

    @pytest.mark.anyio
    async def test_the_document_shows_how_to_connect(self) -> None:
        page = (HOUSE / "docs" / "mcp.md").read_text(encoding="utf-8")
        (block,) = re.findall(r"^```json\n(.*?)^```$", page, re.MULTILINE | re.DOTALL)
        ((name, server),) = json.loads(block)["mcpServers"].items()
        assert (name, Path(server["command"]).name) == ("retrorun", "retrorun")
        parameters = StdioServerParameters(
            command=sys.executable, args=[*COMMAND[:2], *server["args"]], env=ENVIRONMENT
        )
        async with Client(parameters) as tools:
            listed = (await tools.list_tools()).tools
        assert re.findall(r"^\| `(\w+)` \|", page, re.MULTILINE) == [tool.name for tool in listed]


class TestHttp:
    def post(self, address: str, **given: Any) -> httpx.Response:
        given = {"json": INITIALIZE} | given
        headers = HEADERS | given.pop("headers", {})
        return httpx.post(address, headers=headers, trust_env=False, timeout=WITHIN_S, **given)

    def test_only_known_names_are_answered(self, address: str) -> None:
        port = httpx.URL(address).port
        assert httpx.URL(address).host == "127.0.0.1"
        for known in ({}, {"host": f"localhost:{port}"}, {"origin": f"http://localhost:{port}"}):
            assert self.post(address, headers=known).status_code == 200
        assert self.post(address, headers={"host": f"elsewhere.example:{port}"}).status_code == 421
        assert self.post(address, headers={"origin": "http://elsewhere.example"}).status_code == 403

    def test_other_names_can_be_allowed(self) -> None:
        with serving("--host", "0.0.0.0", "--allow-host", "tools.example") as (_, address):
            here = address.replace("0.0.0.0", "127.0.0.1")
            assert self.post(here).status_code == 200
            for name, status in (("tools.example", 200), ("tools.example:443", 200), ("elsewhere.example", 421)):
                assert self.post(here, headers={"host": name}).status_code == status
            browser = {"host": "tools.example", "origin": "https://tools.example"}
            assert self.post(here, headers=browser).status_code == 200

    def test_an_open_address_is_named_as_such(self) -> None:
        with started("--http", "--port", "0", "--host", "0.0.0.0") as process:
            assert process.stderr is not None
            assert "everybody who reaches this address can use it" in process.stderr.readline()
            process.kill()

    @pytest.mark.parametrize(
        "body", [f'{{"body_mass_kg": {SECRET}}}', f'{{"body_mass_kg": {SECRET}', f"[{SECRET}]", "", '"\\ud800"']
    )
    def test_a_body_that_is_no_message_is_refused_and_not_repeated(self, address: str, body: str) -> None:
        headers = {"content-type": "application/json"}
        answered = self.post(address, content=body, json=None, headers=headers)
        assert answered.status_code == 400
        assert answered.json()["error"]["message"] == "Send one message of JSON-RPC 2.0 as JSON in UTF-8."
        assert str(SECRET) not in answered.text

    def test_a_large_body_is_refused(self, address: str) -> None:
        assert self.post(address, json=INITIALIZE | {"padding": " " * 70_000}).status_code == 413

    def test_there_is_nothing_to_wait_for(self, address: str) -> None:
        answered = httpx.get(address, headers=HEADERS, trust_env=False, timeout=WITHIN_S)
        assert (answered.status_code, answered.headers["allow"]) == (405, "POST")

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
    def test_a_signal_ends_it(self, stop: signal.Signals) -> None:
        with serving() as (process, address), httpx.Client(headers=HEADERS, trust_env=False) as client:
            assert client.post(address, json=INITIALIZE).status_code == 200
            process.send_signal(stop)
            assert process.wait(WITHIN_S) == 0
            assert process.stderr is not None
            assert process.stderr.read() == ""

    def test_a_used_port_is_refused(self, address: str, capsys: pytest.CaptureFixture[str]) -> None:
        assert main(["mcp", "--http", "--port", str(httpx.URL(address).port)]) == 1
        assert "it is in use" in capsys.readouterr().err


class TestCommand:
    @pytest.mark.parametrize("option", ["--host=127.0.0.1", "--port=0", "--allow-host=x"])
    def test_an_option_of_http_needs_it(self, option: str, capsys: pytest.CaptureFixture[str]) -> None:
        with pytest.raises(SystemExit) as left:
            main(["mcp", option])
        assert left.value.code == 2
        assert f"{option.partition('=')[0]} needs --http" in capsys.readouterr().err

    def test_without_the_sdk_it_says_how_to_install_it(self) -> None:
        program = "import sys; sys.modules['mcp'] = None; from retrorun.app.start import main; sys.exit(main())"
        done = subprocess.run(
            [sys.executable, "-c", program, "mcp"], capture_output=True, text=True, check=False, timeout=WITHIN_S
        )
        assert done.returncode == 1
        assert "requirements/mcp.txt (or the extra retrorun[mcp])" in done.stderr

    @pytest.mark.parametrize(
        "program",
        ["import retrorun.app.server.server", "from retrorun.app.cli.main import command_line as c; c(['mcp'])"],
    )
    def test_nothing_else_loads_the_sdk(self, program: str) -> None:
        program += "; import sys; print({'mcp', 'mcp_types', 'httpx2', 'jsonschema'} & set(sys.modules))"
        assert subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout == (
            "set()\n"
        )
