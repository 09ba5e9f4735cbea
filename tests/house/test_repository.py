"""What the repository says of itself: whose the files in it are, what the forge runs, what runs before a commit."""

import hashlib
import re
import subprocess
import sys
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

HOUSE: Final = Path(__file__).parents[2]
VENDORED: Final = "VENDORED.md"
WORKFLOWS: Final = sorted((HOUSE / ".github" / "workflows").glob("*.yml"))
LICENCES: Final = ("LICENSE", "NOTICE", "LICENSE.txt", "LICENSE-3RD-PARTY.txt")
SPDX: Final = {"Apache-2.0", "ISC", "MIT", "MPL-2.0"}


def named(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def read(name: str) -> str:
    return (HOUSE / name).read_text(encoding="utf-8")


def checksums(page: Path) -> dict[Path, str]:
    """Return the files that a list of vendored files names, with their checksums."""
    rows = re.findall(r"^\| `([^`]+)` \| `([0-9a-f]{64})` \|$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {page.parent / name: checksum for name, checksum in rows}


def pages() -> list[Path]:
    return [
        page
        for folder in ("app", "tests")
        for page in (HOUSE / folder).rglob(VENDORED)
        if "node_modules" not in page.parts
    ]


def third_party() -> list[list[str]]:
    """Return the rows of the page of what comes from others: files, origin, version, licence, text."""
    return [
        [cell.strip() for cell in row.strip("|").split("|")]
        for row in read("THIRD_PARTY.md").splitlines()
        if row.startswith("| `")
    ]


class TestThirdParty:
    @pytest.mark.parametrize("page", pages(), ids=named)
    def test_vendored_files_are_what_was_published(self, page: Path) -> None:
        assert len(checksums(page)) >= 2
        for path, checksum in checksums(page).items():
            assert hashlib.sha256(path.read_bytes()).hexdigest() == checksum, named(path)

    def test_every_vendored_file_has_its_line_and_every_line_its_files(self) -> None:
        patterns = [row[0].strip("`") for row in third_party()]
        vendored = {named(path) for page in pages() for path in checksums(page)}
        for path in sorted(vendored):
            assert path.endswith(LICENCES) or any(fnmatch(path, pattern) for pattern in patterns), path
        for pattern in patterns:
            assert any(fnmatch(path, pattern) for path in vendored), pattern

    def test_every_line_has_origin_version_licence_and_its_text(self) -> None:
        for files, origin, version, licence, text in third_party():
            assert licence in SPDX, files
            assert len(origin) > 5
            links = re.findall(r"\]\(([^)]+)\)", text)
            assert links
            assert all((HOUSE / link).is_file() for link in links)
            folder = HOUSE / Path(files.strip("`")).parent
            said = (folder / VENDORED).read_text(encoding="utf-8")
            assert version.strip("`") in said, files
            assert licence in said, files

    def test_the_vendored_plots_export_what_the_page_says(self) -> None:
        page = HOUSE / "app" / "static" / "vendor" / "VENDORED.md"
        (entry,) = re.findall(
            r"^```js\nexport \{ (.*) \} from .*\n```$", page.read_text(encoding="utf-8"), re.MULTILINE
        )
        (exported,) = re.findall(r"export\{([^}]*)\};?\s*$", (page.parent / "plot.min.js").read_text(encoding="utf-8"))
        assert {name.rpartition(" as ")[2] for name in exported.split(",")} == set(entry.split(", "))


def copied(to: Path) -> None:
    """Copy what the Dockerfile copies from the repository."""
    for line in re.findall(r"^COPY (?!--)(.*)$", read("Dockerfile"), re.MULTILINE):
        *sources, target = line.split()
        for source in sources:
            place = to / target / (Path(source).name if (HOUSE / source).is_file() else "")
            place.parent.mkdir(parents=True, exist_ok=True)
            subprocess.run(["cp", "-r", HOUSE / source, place], check=True)


def test_wheel_and_image_carry_every_licence(tmp_path: Path) -> None:
    """The image installs a wheel built from what the Dockerfile copies, as here."""
    copied(tmp_path / "source")
    program = "import sys; from hatchling.build import build_wheel; print(build_wheel(sys.argv[1]))"
    built = subprocess.run(
        [sys.executable, "-c", program, tmp_path], cwd=tmp_path / "source", capture_output=True, text=True, check=True
    )
    with zipfile.ZipFile(tmp_path / built.stdout.split()[-1]) as wheel:
        held = set(wheel.namelist())
        metadata = wheel.read(next(name for name in held if name.endswith(".dist-info/METADATA"))).decode()
    licences = {name.partition("/licenses/")[2] for name in held if "/licenses/" in name}
    served = {link for row in third_party() for link in re.findall(r"\]\(([^)]+)\)", row[4]) if link.startswith("app/")}
    assert {"LICENSE", "THIRD_PARTY.md"} | {link for link in served if not link.endswith(".md")} == licences
    assert all(f"License-File: {name}\n" in metadata for name in licences)
    assert {f"retrorun/{name}" for name in served} <= held
    # So is what a page is made from.
    assert {"retrorun/app/pages/documents/templates/base.html", "retrorun/app/static/documents.css"} <= held
    assert {"retrorun/models/sources/constants.csv", "retrorun/openapi/examples/estimate.whole.json"} <= held
    ignored = read(".dockerignore").splitlines()
    assert "!THIRD_PARTY.md" in ignored


def workflow(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


def commands(job: Any) -> list[str]:
    """Return what a job runs, once for each value of its matrix."""
    runs = [step["run"] for step in job["steps"] if "run" in step]
    for key, values in job.get("strategy", {}).get("matrix", {}).items():
        runs = [run.replace(f"${{{{ matrix.{key} }}}}", value) for run in runs for value in values]
    return runs


class TestForge:
    @pytest.mark.parametrize("path", WORKFLOWS, ids=named)
    def test_it_runs_only_targets_of_make(self, path: Path) -> None:
        targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
        for name, job in workflow(path)["jobs"].items():
            assert commands(job), name
            for command in commands(job):
                assert re.fullmatch(r"make [a-z-]+", command), command
                assert command.removeprefix("make ") in targets, command

    @pytest.mark.parametrize("path", WORKFLOWS, ids=named)
    def test_it_may_only_read_and_every_action_is_pinned(self, path: Path) -> None:
        assert workflow(path)["permissions"] == {"contents": "read"}
        for job in workflow(path)["jobs"].values():
            assert "permissions" not in job
            assert job["timeout-minutes"] <= 60
            for step in job["steps"]:
                if "uses" in step:
                    assert re.fullmatch(r"actions/[a-z-]+@[0-9a-f]{40}", step["uses"])
                    checkout = step["uses"].startswith("actions/checkout@")
                    assert not checkout or step["with"]["persist-credentials"] is False
        assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", path.read_text(encoding="utf-8"), re.MULTILINE)) == (
            path.read_text(encoding="utf-8").count("uses:")
        )

    def test_it_runs_what_must_pass(self) -> None:
        runs = {
            path.stem: [each for job in workflow(path)["jobs"].values() for each in commands(job)] for path in WORKFLOWS
        }
        must = set(re.findall(r"make [a-z-]+", read(".ci/run"))) - {"make pytest"}
        assert must == {"make test", "make image-check"}
        assert must | {"make test-spark"} <= set(runs["ci"])
        pythons = workflow(HOUSE / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
        assert pythons == ["3.11", "3.13"]
        assert "make bench-check" in runs["nightly"]


def test_before_a_commit_the_same_tools_run() -> None:
    """Style, formatting, types and the Dockerfile, as `make lint` has them, from the same environment."""
    (lint,) = re.findall(r"^lint:.*\n((?:\t.*\n)+)", read("Makefile"), re.MULTILINE)
    linted = {line.strip().removeprefix("$(BIN)/").split()[0] for line in lint.splitlines()}
    (repository,) = yaml.safe_load(read(".pre-commit-config.yaml"))["repos"]
    assert repository["repo"] == "local"
    entries = [hook["entry"] for hook in repository["hooks"]]
    assert all(hook["language"] == "system" for hook in repository["hooks"])
    assert all(entry.startswith(".venv/bin/") for entry in entries)
    assert {entry.removeprefix(".venv/bin/").split()[0] for entry in entries} == linted
