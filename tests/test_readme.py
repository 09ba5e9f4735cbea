"""What the README shows is what comes out. To mend it, run `.venv/bin/python tests/test_readme.py`."""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.main import app

README = Path(__file__).parent.parent / "README.md"
WIDTH = "80"

CURL = re.compile(r"```sh\ncurl (?P<command>.*?)```\n\n```json\n(?P<output>.*?)```", re.DOTALL)
ESTIMATE = re.compile(r"```sh\nretrorun (?P<command>[^\n]*)\n```\n\n```text\n(?P<output>.*?)```", re.DOTALL)


def example(pattern: re.Pattern[str]) -> re.Match[str]:
    found = pattern.search(README.read_text(encoding="utf-8"))
    assert found, pattern.pattern
    return found


def body_of(curl: str) -> str:
    words = shlex.split(curl)
    return words[words.index("-d") + 1]


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
    assert response.json() == near(json.loads(shown["output"]))


def test_the_command_line_example_has_the_output_shown() -> None:
    shown = example(ESTIMATE)
    assert table_of(shown["command"]) == shown["output"]


def test_the_readme_names_only_targets_that_exist() -> None:
    makefile = (README.parent / "Makefile").read_text(encoding="utf-8")
    targets = set(re.findall(r"\bmake ([a-z-]+)", README.read_text(encoding="utf-8")))
    assert {"serve", "test"} <= targets
    assert targets <= set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))


def test_the_layout_names_only_what_exists() -> None:
    layout = re.search(r"```text\n(models/ .*?)```", README.read_text(encoding="utf-8"), re.DOTALL)
    assert layout
    names = [line.split()[0] for line in layout[1].splitlines() if not line.startswith(" ")]
    assert {"models/", "app/", "tests/"} <= set(names)
    assert all((README.parent / name).exists() for name in names), names


def laid_out(value: Any, indent: str = "", key: str = "") -> str:
    """Return JSON with each object or list on one line where it fits."""
    line = json.dumps(value, ensure_ascii=False)
    if len(f'{indent}"{key}": {line},') <= 115 or not value or not isinstance(value, dict | list):
        return line
    deeper = indent + "  "
    if isinstance(value, dict):
        items = [f"{json.dumps(key)}: {laid_out(item, deeper, key)}" for key, item in value.items()]
        opening, closing = "{", "}"
    else:
        items = [laid_out(item, deeper) for item in value]
        opening, closing = "[", "]"
    return f"{opening}\n{deeper}" + f",\n{deeper}".join(items) + f"\n{indent}{closing}"


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

    return laid_out(anyio.run(post).json()) + "\n"


if __name__ == "__main__":
    mend()
