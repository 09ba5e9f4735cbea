"""The README shows the real answers. To rewrite them, here and in the page of the command line, run
`.venv/bin/python tests/house/test_readme.py`.
"""

import json
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any, TypeAlias, get_args

import httpx
import pytest

from retrorun.app.cli.terminal import fixed
from retrorun.app.contract.openapi import contract
from retrorun.app.main import app, create_app
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.physiology.direction import BACKWARD_MEASURED_TO_M_S, DIRECTION_MODELS
from retrorun.models.physiology.load import EVIDENCE_GRADES
from retrorun.models.sources.references import REFERENCES
from retrorun.models.sources.tables import table as ratios
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName
from retrorun.models.vocabulary.errors import OutsideEvidence
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S

HOUSE = Path(__file__).parents[2]
README = HOUSE / "README.md"
COMMAND_LINE = HOUSE / "docs" / "command-line.md"
QUESTIONS = HOUSE / "docs" / "questions.md"
CONTRIBUTING = HOUSE / "CONTRIBUTING.md"
WIDTH = "80"
LIMITS = HOUSE / "docs" / "limits.md"
PATHS = HOUSE / "docs" / "paths.md"
ORDER = ("RetroRun", "Run it", "Ask it", "Limits", "Links")
MOST_WORDS = 450
"""Of prose and tables, which take two minutes to read at most: one of prose."""

CURL = re.compile(r"```sh\ncurl (?P<command>.*?)```\n\n[^`]*```json\n(?P<output>.*?)```", re.DOTALL)
ESTIMATE = re.compile(r"```sh\n\.venv/bin/retrorun (?P<command>[^\n]*)\n```\n\n```text\n(?P<output>.*?)```", re.DOTALL)
BOUT: dict[str, Any] = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}

Row: TypeAlias = tuple[str, str, dict[str, Any]]
BACKWARD = {name: grades["run"][1] for name, grades in EVIDENCE_GRADES.items()}
CLAIMED = {claim["id"]: claim["evidence"] for claim in CLAIMS}
KNOWN: dict[str, Row] = {
    "Energy at the same speed": ("ratio.total_energy", CLAIMED["uplift_equal_speed"], {}),
    "Energy at the same metabolic rate": ("ratio.total_energy", "none", {"equal": "metabolic_rate"}),
    "Energy at the same heart rate": (
        "ratio.total_energy",
        CLAIMED["uplift_equal_effort"],
        {"equal": "heart_rate"},
    ),
    "Peak ground force": ("ratio.load.peak_vertical_force", BACKWARD["peak_vertical_force_bw"], {}),
    "Peak force behind the knee-cap": (
        "ratio.load.patellofemoral_peak_force",
        BACKWARD["patellofemoral_peak_force_bw"],
        {},
    ),
    "Impulse behind the knee-cap, for each km": (
        "ratio.load.patellofemoral_impulse_per_km",
        BACKWARD["patellofemoral_impulse_per_km_bw_s"],
        {},
    ),
    "Achilles tendon load": ("ratio.load.achilles_relative_load", BACKWARD["achilles_relative_load"], {}),
    "Compression of the shin bone": ("ratio.load.tibial_compression_peak", "none", {}),
}
"""The quotation in each row of the table of evidence: a field, its grade, and the inputs beside the bout."""
FAST = {
    "Requests per second, plain FastAPI": "HTTP, 32 connections, requests per second of a over b",
    "Requests per second, Litestar": "HTTP, 32 connections, requests per second of a over c",
    "Requests per second, bare ASGI with `json`": "HTTP, 32 connections, requests per second of a over d",
    "p99 latency, plain FastAPI": "HTTP, 32 connections, p99 of a over b",
}
"""What each row of the table of speed quotes of docs/performance.md."""


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def example(pattern: re.Pattern[str], page: Path = README) -> re.Match[str]:
    found = pattern.search(text_of(page))
    assert found, pattern.pattern
    return found


def rows(title: str) -> dict[str, list[str]]:
    """Return the cells of each row of the table whose heading begins so, by its first cell."""
    table = text_of(LIMITS).partition(f"| {title}")[2].partition("\n\n")[0].splitlines()[2:]
    return {first: rest for first, *rest in ([cell.strip() for cell in row.strip("|").split("|")] for row in table)}


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
        [sys.executable, "-m", "retrorun.app.cli", *shlex.split(command)],
        env=os.environ | {"COLUMNS": WIDTH, "PYTHONUTF8": "1"},
        cwd=HOUSE,
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


def part(shown: Any, answer: Any) -> Any:
    """Return the part of an answer that is shown."""
    return {key: part(shown[key], answer[key]) for key in shown} if isinstance(shown, dict) else answer


def quoted(row: Row) -> str:
    """Return a field of an answer as the table of evidence writes it."""
    field, _, asked = row
    found: Any = estimate(**(BOUT | asked))
    for key in field.split("."):
        found = found.get(key, {})
    low, high = (fixed(found.get(end, 0.0), 2) for end in ("low", "high"))
    if "value" not in found:
        return f"{low} to {high}" if found else "unknown"
    return fixed(found["value"], 2) + ("" if low == high else f" ({low} to {high})")


def measured(what: str) -> str:
    """Return a figure of the table of targets in docs/performance.md."""
    (row,) = re.findall(rf"^\| {re.escape(what)} +\|(.*)$", text_of(HOUSE / "docs" / "performance.md"), re.MULTILINE)
    return str(row).split("|")[1].strip()


def test_the_readme_has_its_order_and_is_short() -> None:
    text = text_of(README)
    assert tuple(re.findall(r"^#+ (.*)$", re.sub(r"```.*?```", "", text, flags=re.DOTALL), re.MULTILINE)) == ORDER
    assert text.index("docs/explorer.png") < text.index("## Run it")
    words = re.sub(r"```.*?```|\]\([^)]*\)", "", text, flags=re.DOTALL).split()
    assert len(words) < MOST_WORDS
    (first,) = re.findall(r"```sh\n(.*?)```", text.partition("## Ask it")[0], re.DOTALL)
    assert [line.partition("#")[0].strip() for line in first.splitlines()] == ["make serve", "make test"]


@pytest.mark.anyio
async def test_the_curl_example_has_the_answer_shown(client: httpx.AsyncClient) -> None:
    shown = example(CURL)
    response = await client.post(
        "/estimate", content=body_of(shown["command"]), headers={"content-type": "application/json"}
    )
    assert response.status_code == 200
    excerpt = json.loads(shown["output"])
    assert part(excerpt, json.loads(piped(shown["command"], response.content))) == near(excerpt)
    assert piped(shown["command"], shown["output"].encode()) == shown["output"]
    low, high = excerpt["forward"]["total_energy_kcal"]["value"], excerpt["backward"]["total_energy_kcal"]["value"]
    assert f"about {low:.0f} kcal forward and {high:.0f} backward" in " ".join(text_of(README).split())


def test_the_command_line_example_has_the_output_shown() -> None:
    shown = example(ESTIMATE, COMMAND_LINE)
    assert table_of(shown["command"]) == shown["output"]


def test_the_evidence_is_what_the_service_answers() -> None:
    table = rows("Backward over forward")
    assert list(table) == list(KNOWN)
    for name, row in KNOWN.items():
        assert table[name][:2] == [quoted(row), row[1]], name
    citations = " ".join(reference["citation"] for reference in REFERENCES.values())
    cited = [cite for cells in table.values() for cite in re.findall(r"\(([A-Z]\w+ \d{4})", cells[2])]
    assert len(cited) >= 4
    assert all(cite in citations for cite in cited)
    pooled = [int(row["n"]) for row in ratios("ratios") if row["gait"] == "run"]
    assert table["Energy at the same speed"][2].startswith(f"{len(pooled)} studies of {sum(pooled)} people")


def test_the_speed_is_what_the_benchmark_wrote() -> None:
    table = rows("`make bench`")
    assert {name: cells[0] for name, cells in table.items()} == {name: measured(what) for name, what in FAST.items()}


def test_the_limits_are_those_of_the_service() -> None:
    for page in (README, LIMITS):
        assert f"backward energy above {BACKWARD_MEASURED_TO_M_S} m/s" in " ".join(text_of(page).split())
    for beyond in ({"speed_m_s": BACKWARD_MEASURED_TO_M_S + 0.1}, {"grade": -0.05}):
        request = BOUT | beyond
        assert [warning for warning in estimate(**request)["warnings"] if warning["code"].startswith("energy.")]
        with pytest.raises(OutsideEvidence):
            estimate(**request, strict=True)
    uphill: Any = estimate(**BOUT, grade=0.05)
    assert "load" not in uphill["backward"]


@pytest.mark.anyio
async def test_every_endpoint_is_listed_and_there(client: httpx.AsyncClient) -> None:
    listed = re.findall(r"^- `(?:GET|POST) (/[a-z./]+)`: ", text_of(PATHS), re.MULTILINE)
    paths = contract(create_app())["paths"]
    assert {*paths, "/docs", "/openapi.json", "/llms.txt"} == set(listed)
    assert len(listed) == len(set(listed))
    for path in listed:
        assert (await client.get(path)).status_code == (405 if "post" in paths.get(path, {}) else 200), path


def test_the_choices_are_explained() -> None:
    text = " ".join(text_of(QUESTIONS).split())
    documented, pooled = (DIRECTION_MODELS[name]["run"].ratio for name in get_args(DirectionModelName))
    assert f"`documented`, the default, is the documented {documented - 1:.0%}".replace("0%", "0 %") in text
    assert re.search(rf"`pooled` is the [^;.]*, {re.escape(f'{pooled:.2f}')}\b", text)
    assert f"running from {RUNNING_FROM_M_S:.1f} m/s when left out" in text
    assert all(f"`{name}`" in text for name in get_args(EnergyModelName))
    assert "`step_rate_ratio`" in text


def test_the_layout_names_only_what_exists() -> None:
    layout = re.search(r"```text\n(models/ .*?)```", text_of(CONTRIBUTING), re.DOTALL)
    assert layout
    names = [line.split()[0] for line in layout[1].splitlines() if not line.startswith(" ")]
    assert {"models/", "app/", "tests/"} <= set(names)
    assert all((HOUSE / name).exists() for name in names), names


def rewrite() -> None:
    """Write the answers of now into the README and the page of the command line."""
    shown = example(CURL)
    answer = json.loads(answer_of(shown["command"]))
    output = piped(shown["command"], json.dumps(part(json.loads(shown["output"]), answer)).encode())
    replace(README, shown, output)
    shown = example(ESTIMATE, COMMAND_LINE)
    replace(COMMAND_LINE, shown, table_of(shown["command"]))
    text = text_of(LIMITS)
    cells = {name: f"{quoted(row)} | {row[1]} |" for name, row in KNOWN.items()}
    for name, cell in cells.items():
        text = re.sub(rf"^\| {re.escape(name)} \|[^|]*\|[^|]*\|", f"| {name} | {cell}", text, flags=re.MULTILINE)
    for name, what in FAST.items():
        text = re.sub(rf"^\| {re.escape(name)} \|.*$", f"| {name} | {measured(what)} |", text, flags=re.MULTILINE)
    LIMITS.write_text(text, encoding="utf-8")


def replace(page: Path, shown: re.Match[str], output: str) -> None:
    text = text_of(page)
    page.write_text(text[: shown.start("output")] + output + text[shown.end("output") :], encoding="utf-8")


def answer_of(curl: str) -> str:
    import anyio  # noqa: PLC0415  # for this script only

    async def post() -> httpx.Response:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://readme") as opened:
            return await opened.post("/estimate", content=body_of(curl), headers={"content-type": "application/json"})

    return piped(curl, anyio.run(post).content)


if __name__ == "__main__":
    rewrite()
