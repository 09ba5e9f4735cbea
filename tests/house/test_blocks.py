"""Every fenced block of every document is run, or answered, or on a short list with the reason why not.

A shell block runs in a folder of its own beside a running service; `make` names a target and is run dry. A JSON block
is a request, or a list of them, for the path that its section names first. What another test takes from a document is
listed with that test. A language that nothing here knows how to run fails.
"""

import ast
import gzip
import importlib
import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import textwrap
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Final, NamedTuple, TypeAlias

import anyio
import httpx
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
import pytest
import yaml

from retrorun.app.cli.main import main
from retrorun.app.contract.openapi import contract
from retrorun.app.main import app, create_app
from retrorun.models import __version__
from robustness.agreement import bouts, table_of
from tests.page.browser import serving
from tests.recordings import fit_file, recorded

HOUSE: Final = Path(__file__).parents[2]
DOCUMENTS: Final = sorted(
    path for pattern in ("*.md", "docs/**/*.md", "app/static/*/*.md", "tests/*/*.md") for path in HOUSE.glob(pattern)
)
ADDRESS: Final = "http://127.0.0.1:8000"
PATHS: Final = frozenset(contract(create_app())["paths"])
SHELL_WITHIN_S: Final = 60

Place: TypeAlias = tuple[str, str, str]
"""A document, the heading above a block, and its language."""

ELSEWHERE: Final[dict[Place, str]] = {
    ("README.md", "Ask it", "json"): "tests/house/test_readme.py",
    ("docs/operations.md", "Check a deployment", "text"): "tests/house/test_deploy.py",
    ("docs/command-line.md", "One bout", "text"): "tests/house/test_readme.py",
    ("CONTRIBUTING.md", "Where things are", "text"): "tests/house/test_readme.py",
    ("docs/mcp.md", "Connect a client", "json"): "tests/app/mcp/test_mcp.py",
    ("docs/bulk-distributed.md", "Polars", "python"): "tests/house/test_recipes.py",
    ("docs/bulk-distributed.md", "DuckDB", "python"): "tests/house/test_recipes.py",
    ("docs/bulk-distributed.md", "Spark", "python"): "tests/spark/agreement.py",
    ("app/static/vendor/VENDORED.md", "Vendored files", "js"): "tests/house/test_repository.py",
}
"""Blocks that another test takes from the document and runs or compares."""

PAGES_ELSEWHERE: Final = {
    "docs/clients.md": "tests/house/test_clients.py",
    "docs/errors.md": "tests/app/http/test_wrong_requests.py",
}
"""Documents of which another test takes every block."""

NOT_RUN: Final = {
    f"docker build --tag retrorun:{__version__} .": "needs a container engine: `make image-check` builds it",
    "docker run --read-only --tmpfs /tmp:rw,noexec,nosuid,size=16m --cap-drop ALL --security-opt no-new-privileges "
    "--memory 1g --pids-limit 64 --env RETRORUN_METRICS_PORT=9100 --publish 127.0.0.1:8000:8000 "
    f"retrorun:{__version__}": "the same, and does not end",
    ".venv/bin/python -m benchmarks check --slower-by-us 40": "takes a minute, and fails on purpose",
    "retrorun bulk bouts.parquet estimates.parquet --engine dask --scheduler tcp://10.0.0.1:8786": "a machine that is "
    "not there; tests/app/formats/test_dask.py names one that is",
    ".venv/bin/python -m pip install --require-hashes -r requirements/bulk.txt": "installs; these packages are here",
    ".venv/bin/python -m pip install --require-hashes -r requirements/mcp.txt": "the same",
    "pip install fitfast fitdecode garmin-fit-sdk gpxpy lxml pyfitparsernative python-fitparse tcxreader": "compared "
    "once, and not wanted here",
    "python -m benchmarks.watch_files": "compares those packages",
    "sha256sum --check SHA256SUMS": "needs a release; tests/house/test_release.py checks the sums of one file",
    "cosign verify-blob --bundle SHA256SUMS.sigstore.json --certificate-oidc-issuer "
    "https://token.actions.githubusercontent.com --certificate-identity-regexp "
    "^https://github.com/retrorun/retrorun/.github/workflows/release.yml@refs/tags/v SHA256SUMS": "needs a release",
    "gh attestation verify retrorun-*.whl --owner retrorun": "the same",
    "cosign verify --certificate-oidc-issuer https://token.actions.githubusercontent.com --certificate-identity-regexp "
    "^https://github.com/retrorun/retrorun/.github/workflows/release.yml@refs/tags/v "
    f"ghcr.io/retrorun/retrorun:{__version__}": "needs a released image",
    f"gh attestation verify oci://ghcr.io/retrorun/retrorun:{__version__} --owner retrorun": "the same",
}
"""Commands that no test runs, as the shell reads them, and why."""

ONLY_COMPILED: Final[dict[Place, str]] = {
    ("docs/bulk-distributed.md", "Ray", "python"): "Ray is not among what the tests install",
}
"""Programs that no test runs, and why. What they take from this repository is there."""


FOLDERS: Final = "|".join(sorted(path.name for path in HOUSE.iterdir() if path.is_dir() and path.name.isalpha()))
ABSENT: Final = ("build/", "dist/", "deploy/retrorun.env", "deploy/keys", "tests/files/")
"""What commands write, what an operator writes, and a folder of another project."""


class Block(NamedTuple):
    """A fenced block; `path` is the operation that its section names first, else /estimate."""

    document: str
    line: int
    heading: str
    language: str
    text: str
    path: str

    @property
    def place(self) -> Place:
        return self.document, self.heading, self.language


def blocks(document: str, text: str) -> Iterator[Block]:
    """Yield each fenced block of a document."""
    heading = path = language = ""
    inside: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        fence = re.match(r" *```(\w*)$", line)
        assert fence or not re.match(" *(```|~~~)", line), f"{document}:{number}: a fence of another kind"
        if inside is not None and fence:
            body = textwrap.dedent("\n".join(inside)) + "\n"
            yield Block(document, number - len(inside) - 1, heading, language, body, path or "/estimate")
            inside = None
        elif inside is not None:
            inside.append(line)
        elif fence:
            inside, language = [], fence[1]
        elif re.match("#+ ", line):
            heading, path = line.lstrip("# "), ""
        if inside is None and not path:
            path = next((named for named in re.findall(r"`POST (/[a-z/]+)`", line) if named in PATHS), "")
    assert inside is None, f"{document}: a block without an end"


def commands(script: str) -> Iterator[str]:
    """Yield each command of a shell block; one without quotes in one line, with single spaces and no comment."""
    command = ""
    for line in script.splitlines():
        command += line
        if command.endswith("\\"):
            command = command[:-1]
            continue
        try:
            words = shlex.split(command, comments=True)
        except ValueError:  # a quote that ends on a later line
            command += "\n"
            continue
        if words:
            yield command if "'" in command else " ".join(words)
        command = ""
    assert not command, f"a command without an end: {command}"


class Bench(NamedTuple):
    """Where shell blocks run: a folder with what they read, and a service at this address."""

    folder: Path
    service: str

    def shell(self, block: Block) -> None:
        """Run the commands of a block one after the other; the first that fails is an error."""
        script = "\n".join(command for command in commands(block.text) if command not in NOT_RUN)
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script.replace(ADDRESS, self.service)],
            cwd=self.folder,
            env=os.environ
            | {"PATH": f"{self.folder / 'instead'}:{Path(sys.executable).parent}:{os.environ['PATH']}"}
            | {"PYTHONPATH": str(HOUSE)},
            capture_output=True,
            text=True,
            timeout=SHELL_WITHIN_S,
            check=False,
        )
        assert done.returncode == 0, f"{done.stdout}{done.stderr}"


def stand_in(folder: Path, name: str, options: str) -> None:
    """Put a program in the place of another: the same, with more options."""
    path = folder / name
    path.write_text(f'#!/bin/sh\nexec {shutil.which(name)} {options} "$@"\n', encoding="utf-8")
    path.chmod(0o755)


@pytest.fixture(scope="module")
def bench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    folder = tmp_path_factory.mktemp("documents")
    (folder / ".venv").symlink_to(Path(sys.prefix))
    (folder / "instead").mkdir()
    stand_in(folder / "instead", "make", f"--no-print-directory --dry-run --directory '{HOUSE}'")
    stand_in(folder / "instead", "curl", "--fail-with-body --noproxy '*'")
    rows = table_of(bouts(40))
    pyarrow.parquet.write_table(rows, folder / "bouts.parquet")
    keyed = rows.append_column("run_id", pa.array(range(len(rows))))
    pyarrow.csv.write_csv(keyed, folder / "bouts.csv")
    export = "Date,Time,Distance (km)\n2026-05-01,1500,5.0\n"
    (folder / "runs.csv").write_text(export, encoding="utf-8")
    (folder / "export.csv.gz").write_bytes(gzip.compress(export.replace("Time", "Elapsed Time").encode()))
    for name in ("run.fit", "morning.fit"):
        (folder / name).write_bytes(fit_file(recorded(1800)))
    heading = "Activity ID,Activity Date,Activity Name,Activity Type,Filename"
    with zipfile.ZipFile(folder / "export.zip", "w") as archive:
        archive.writestr("activities.csv", f"{heading}\n1,2024-01-05 07:30:00,Run,Run,activities/1.fit\n")
        archive.writestr("activities/1.fit", fit_file(recorded(1800)))
    with serving() as address:
        yield Bench(folder, address)


def answered(block: Block, _: Bench) -> None:
    """Send the request of a block, or each of its list."""
    found = json.loads(block.text)

    async def send() -> None:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://retrorun.test") as client:
            for body in found if isinstance(found, list) else [found]:
                answer = await client.post(block.path, json=body)
                assert answer.status_code == 200, f"{block.path}: {answer.text}"

    anyio.run(send)


def executed(block: Block, bench: Bench) -> None:
    """Run a program in a separate process."""
    program = block.text.replace(ADDRESS, bench.service)
    environment = os.environ | {"PYTHONPATH": str(HOUSE), "NO_PROXY": "*"}
    subprocess.run([sys.executable, "-c", program], cwd=bench.folder, env=environment, check=True, timeout=60)


def parsed(block: Block, _: Bench) -> None:
    assert list(yaml.safe_load_all(block.text))


def configured(block: Block, _: Bench) -> None:
    """Find each line of a block in the configuration that the tests of the proxy run."""
    lines = [line.strip() for line in (HOUSE / "deploy" / "haproxy.cfg").read_text(encoding="utf-8").splitlines()]
    assert set(block.text.splitlines()) <= set(lines)


RUN: Final[dict[str, Callable[[Block, Bench], None]]] = {
    "haproxy": configured,
    "json": answered,
    "python": executed,
    "sh": lambda block, bench: bench.shell(block),
    "yaml": parsed,
}
"""How a block is checked, by its language."""


def named(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def read(name: str) -> str:
    return (HOUSE / name).read_text(encoding="utf-8")


ALL: Final = [block for path in DOCUMENTS for block in blocks(named(path), path.read_text(encoding="utf-8"))]
HERE: Final = [
    block for block in ALL if not {block.place, block.document} & {*ELSEWHERE, *PAGES_ELSEWHERE, *ONLY_COMPILED}
]


class TestBlocks:
    @pytest.mark.parametrize("block", HERE, ids=lambda block: f"{block.document}:{block.line}")
    def test_it_runs(self, block: Block, bench: Bench) -> None:
        assert block.language in RUN, f"nothing knows how to run {block.language or 'a block without a language'}"
        RUN[block.language](block, bench)

    @pytest.mark.parametrize(
        ("place", "test"), [*ELSEWHERE.items(), *(((page, "", ""), test) for page, test in PAGES_ELSEWHERE.items())]
    )
    def test_what_another_test_runs_is_there_and_read_by_that_test(self, place: Place, test: str) -> None:
        document, heading, language = place
        there = [block.place if heading else (block.document, "", "") for block in ALL]
        assert there.count(place) == 1 if heading else place in there
        tree = ast.parse(read(test))
        words = [
            node.value for node in ast.walk(tree) if isinstance(node, ast.Constant) and isinstance(node.value, str)
        ]
        texts = set(words) - {ast.get_docstring(tree, clean=False)}
        assert any(word.endswith(Path(document).name) for word in texts)
        assert any(f"```{language}" in word for word in texts)

    @pytest.mark.parametrize("place", ONLY_COMPILED)
    def test_compiled_blocks_import_existing_names(self, place: Place) -> None:
        (block,) = (block for block in ALL if block.place == place)
        taken = [
            (node.module, name.name)
            for node in ast.walk(ast.parse(block.text))
            if isinstance(node, ast.ImportFrom) and node.module and node.module.startswith("retrorun.")
            for name in node.names
        ]
        assert taken
        assert all(hasattr(importlib.import_module(module), name) for module, name in taken)

    def test_every_command_that_is_not_run_is_in_a_document(self) -> None:
        shown = [command for block in HERE if block.language == "sh" for command in commands(block.text)]
        assert set(NOT_RUN) <= set(shown)
        assert len(shown) > 3 * len(NOT_RUN)

    @pytest.mark.parametrize(
        ("language", "text"),
        [
            ("json", '{"body_mass_kg": 70'),
            ("json", '{"body_mass_kg": 70, "sped_m_s": 2.5, "duration_s": 1200}'),
            ("json", '[{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}, {"body_mass_kg": 70}]'),
            ("python", "from retrorun.app.formats.record_batches import estimate_batches"),
            ("sh", "make no-such-target"),
            ("sh", "retrorun estimate --mass 70kg --sped 9km/h --duration 20min"),
            ("sh", "retrorun nothing\ntrue"),
            ("sh", f"curl -s {ADDRESS}/estimates"),
            ("sh", f"curl -s {ADDRESS}/estimate -d '{{}}' | python3 -m json.tool"),
            ("yaml", "a: [1"),
            ("haproxy", "http-request deny"),
        ],
    )
    def test_a_broken_block_would_be_seen(self, language: str, text: str, bench: Bench) -> None:
        with pytest.raises((AssertionError, ValueError, subprocess.CalledProcessError, yaml.YAMLError)):
            RUN[language](Block("x.md", 1, "", language, text, "/estimate"), bench)

    def test_blocks_are_found_where_they_stand(self) -> None:
        text = "# A\n`POST /solve`\n```json\n{}\n```\n## B\n* x\n  ```sh\n  make a\n  ```\n"
        first, second = blocks("x.md", text)
        assert first == ("x.md", 3, "A", "json", "{}\n", "/solve")
        assert second == ("x.md", 8, "B", "sh", "make a\n", "/estimate")
        with pytest.raises(AssertionError):
            list(blocks("x.md", "```sh\nmake\n"))
        with pytest.raises(AssertionError):
            list(blocks("x.md", "~~~sh\nmake\n~~~\n"))

    def test_commands_are_taken_apart_as_the_shell_does(self) -> None:
        script = "make a  # b\n\n# c\ncurl \\\n  x | y\necho 'd\ne'\n"
        assert list(commands(script)) == ["make a", "curl x | y", "echo 'd\ne'"]


class TestWords:
    """What a document names in its sentences is there too."""

    @pytest.mark.parametrize("path", DOCUMENTS, ids=named)
    def test_every_target_of_make_exists(self, path: Path) -> None:
        text = " ".join(path.read_text(encoding="utf-8").split())
        targets = {target for line in re.findall(r"`make ((?:[a-z-]+ ?)+)", text) for target in line.split()}
        assert targets <= set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))

    @pytest.mark.parametrize("path", DOCUMENTS, ids=named)
    def test_every_path_exists(self, path: Path) -> None:
        text = path.read_text(encoding="utf-8")
        paths = [each.rstrip(".") for each in re.findall(rf"[`\s]((?:{FOLDERS})/[\w./*-]+)", text)]
        missing = [each for each in paths if not (each.startswith(ABSENT) or list(HOUSE.glob(each)))]
        assert not missing

    def test_every_command_and_option_of_retrorun_exists(self, capsys: pytest.CaptureFixture[str]) -> None:
        said: dict[str, str] = {}
        for path in DOCUMENTS:
            text = " ".join(path.read_text(encoding="utf-8").split())
            for command, rest in re.findall(r"`(?:\.venv/bin/)?retrorun ([a-z]+)([^`]*)`", text):
                if command not in said:
                    with pytest.raises(SystemExit) as left:
                        main([command, "--help"])
                    assert left.value.code == 0, command
                    said[command] = capsys.readouterr().out
                for option in re.findall(r"--[a-z-]+", rest):
                    assert re.search(rf"{option}(?![\w-])", said[command]), f"{named(path)}: {command} {option}"
        assert {"serve", "settings", "key", "estimate", "bulk"} <= said.keys()


def anchors(text: str) -> set[str]:
    """Return what a link may name of a page, as forges make it of the headings."""
    prose = re.sub(r"^ *```.*?^ *```$", "", text, flags=re.MULTILINE | re.DOTALL)
    headings = re.findall(r"^#+ (.*)$", prose, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.strip().lower()).replace(" ", "-") for heading in headings}


def dead_links(path: Path, text: str) -> list[str]:
    """Return every relative link of a page that leads nowhere."""
    prose = re.sub(r"^ *```.*?^ *```$|`[^`\n]*`", "", text, flags=re.MULTILINE | re.DOTALL)
    dead = []
    for target in re.findall(r"\]\(([^)\s]+)\)", prose):
        if re.match("[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        page = path.parent / name if name else path
        if not page.exists() or (
            anchor and anchor not in anchors(text if page == path else read(named(page.resolve())))
        ):
            dead.append(target)
    return dead


class TestLinks:
    @pytest.mark.parametrize("path", DOCUMENTS, ids=named)
    def test_every_relative_link_and_anchor_has_a_target(self, path: Path) -> None:
        assert not dead_links(path, path.read_text(encoding="utf-8"))

    def test_a_dead_link_would_be_seen(self) -> None:
        text = (
            "# A b, `c`\n[x](nothing.md) [y](#a-b-c) [z](#d) [w](docs/meaning.md#nothing) [v](LICENSE) [u](https://x)"
        )
        assert dead_links(HOUSE / "README.md", text) == ["nothing.md", "#d", "docs/meaning.md#nothing"]

    def test_the_readme_links_every_page(self) -> None:
        linked = set(re.findall(r"\]\(([^)#\s]+)", read("README.md")))
        assert {named(path) for path in HOUSE.glob("docs/*.md")} <= linked
        assert {"CONTRIBUTING.md", "CHANGELOG.md", "LICENSE", "THIRD_PARTY.md"} <= linked
