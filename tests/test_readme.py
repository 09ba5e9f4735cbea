"""What the README shows is what comes out. To mend it, run `.venv/bin/python tests/test_readme.py`."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, get_args

import httpx
import pytest

from app.contract import contract
from app.main import app, create_app
from models.direction import DIRECTION_MODELS, DirectionModelName
from models.energy import EnergyModelName
from models.gait import RUNNING_FROM_M_S

README = Path(__file__).parent.parent / "README.md"
WIDTH = "80"

CURL = re.compile(r"```sh\ncurl (?P<command>.*?)```\n\n```json\n(?P<output>.*?)```", re.DOTALL)
ESTIMATE = re.compile(r"```sh\n\.venv/bin/retrorun (?P<command>[^\n]*)\n```\n\n```text\n(?P<output>.*?)```", re.DOTALL)


def example(pattern: re.Pattern[str]) -> re.Match[str]:
    found = pattern.search(README.read_text(encoding="utf-8"))
    assert found, pattern.pattern
    return found


def body_of(curl: str) -> str:
    words = shlex.split(curl)
    return words[words.index("-d") + 1]


def piped(curl: str, content: bytes) -> str:
    """Return what the command after the bar makes of an answer."""
    words = shlex.split(curl)
    program, *options = words[words.index("|") + 1 :]
    assert program == "python3"
    environment = os.environ | {"PYTHONUTF8": "1"}
    done = subprocess.run(
        [sys.executable, *options], input=content, env=environment, capture_output=True, check=True, timeout=60
    )
    return done.stdout.decode()


def table_of(command: str) -> str:
    return subprocess.run(
        [sys.executable, "-m", "app.cli", *shlex.split(command)],
        env=os.environ | {"COLUMNS": WIDTH, "PYTHONUTF8": "1"},
        cwd=README.parent,
        capture_output=True,
        check=True,
        text=True,
        encoding="utf-8",
        timeout=60,
    ).stdout


def near(value: Any) -> Any:
    """Let the last bits of a number differ: another C library may round its powers otherwise."""
    if isinstance(value, dict):
        return {key: near(item) for key, item in value.items()}
    if isinstance(value, list):
        return [near(item) for item in value]
    return pytest.approx(value, rel=1e-12) if isinstance(value, float) else value


@pytest.mark.anyio
async def test_the_curl_example_has_the_answer_shown(client: httpx.AsyncClient) -> None:
    shown = example(CURL)
    response = await client.post(
        "/estimate", content=body_of(shown["command"]), headers={"content-type": "application/json"}
    )
    assert response.status_code == 200
    assert json.loads(piped(shown["command"], response.content)) == near(json.loads(shown["output"]))
    assert piped(shown["command"], shown["output"].encode()) == shown["output"]


def test_the_command_line_example_has_the_output_shown() -> None:
    shown = example(ESTIMATE)
    assert table_of(shown["command"]) == shown["output"]


@pytest.mark.anyio
async def test_every_endpoint_is_listed_and_there(client: httpx.AsyncClient) -> None:
    listed = re.findall(r"^- `(?:GET|POST) (/[a-z./]+)`: ", README.read_text(encoding="utf-8"), re.MULTILINE)
    assert {*contract(create_app())["paths"], "/docs", "/openapi.json", "/llms.txt"} == set(listed)
    assert len(listed) == len(set(listed))
    for path in listed:
        posted = "post" in contract(create_app())["paths"].get(path, {})
        assert (await client.get(path)).status_code == (405 if posted else 200), path


def test_the_choices_are_explained() -> None:
    text = " ".join(README.read_text(encoding="utf-8").split())
    documented, pooled = (DIRECTION_MODELS[name]["run"].ratio for name in get_args(DirectionModelName))
    assert f"`documented` is the documented {documented - 1:.0%}".replace("0%", "0 %") in text
    assert f"`pooled` the log mean of the committed studies, {pooled:.2f} for running" in text
    assert f"Left out, it is running from {RUNNING_FROM_M_S:.1f} m/s" in text
    assert all(f"`{name}`" in text for name in get_args(EnergyModelName))
    assert "`step_rate_ratio`" in text


def test_the_readme_names_only_targets_that_exist() -> None:
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z-]+)", README.read_text(encoding="utf-8")))
    assert {"install", "serve", "test"} <= targets
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_the_layout_names_only_what_exists() -> None:
    layout = re.search(r"```text\n(models/ .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert layout
    names = [line.split()[0] for line in layout[1].splitlines() if not line.startswith(" ")]
    assert {"models/", "app/", "tests/"} <= set(names)
    assert all((README.parent / name).exists() for name in names), names


def mend() -> None:
    """Write the answers of now into the README."""
    text = README.read_text(encoding="utf-8")
    for pattern in (CURL, ESTIMATE):
        shown = pattern.search(text)
        assert shown, pattern.pattern
        output = table_of(shown["command"]) if pattern is ESTIMATE else answer_of(shown["command"])
        text = text[: shown.start("output")] + output + text[shown.end("output") :]
    README.write_text(text, encoding="utf-8")


def answer_of(curl: str) -> str:
    import anyio  # noqa: PLC0415  # for this script only

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://readme") as opened:
            return await opened.post("/estimate", content=body_of(curl), headers={"content-type": "application/json"})

    return piped(curl, anyio.run(post).content)


if __name__ == "__main__":
    mend()
