"""A release: its files are the same each time, a file that does not work is seen, and the version is written once.

`make release-check` builds and installs every file of one; that takes minutes, and the registries of packages.
"""

import json
import os
import shutil
import subprocess
import sys
import tarfile
from pathlib import Path
from typing import Final

import pytest
import yaml

from release.build import (
    CHECKSUMS,
    CLIENTS,
    archive,
    build_packages,
    checked_out,
    checksums,
    commit_of,
    committed,
    differences,
    names,
    template,
)
from release.changes import UNRELEASED, headed, is_final, notes
from release.check import bill_of_materials, native_client, refused, service, try_all
from release.version import PLACES, SOURCE, set_version, version_in, version_of
from retrorun.models import __version__

HOUSE: Final = Path(__file__).parents[2]
SECONDS: Final = 1_700_000_000


def read(name: str) -> str:
    return (HOUSE / name).read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Return two copies of the source, as two people have them: other folders, times and rights."""
    if not (HOUSE / ".git").exists():
        pytest.skip("this is no checkout")
    folder = tmp_path_factory.mktemp("sources")
    one, other = (checked_out(HOUSE, folder / name) for name in ("one", "another-name"))
    for path in other.rglob("*.py"):
        os.utime(path, (0, SECONDS))
        path.chmod(0o600)
    return [one, other]


class TestSameBytes:
    def test_archive_of_the_source_and_wheel(self, sources: list[Path], tmp_path: Path) -> None:
        version, (_, seconds) = version_of(sources[0]), commit_of(HOUSE)
        made = []
        for number, source in enumerate(sources):
            dist = tmp_path / str(number) / "dist"
            dist.mkdir(parents=True)
            build_packages(source, dist, version=version, seconds=seconds)
            made.append(dist)
        assert {path.name for path in made[0].iterdir()} == {names(version)[kind] for kind in ("sdist", "wheel")}
        assert differences(*made) == []
        with tarfile.open(made[0] / names(version)["sdist"]) as file:
            assert {member.mtime for member in file.getmembers()} == {int(seconds)}

    def test_a_wheel_that_the_archive_cannot_make_is_seen(self, sources: list[Path], tmp_path: Path) -> None:
        source = tmp_path / "source"
        shutil.copytree(sources[0], source, symlinks=True)
        project = (source / "pyproject.toml").read_text(encoding="utf-8")
        (source / "pyproject.toml").write_text(project.replace('"/openapi", ', ""), encoding="utf-8")
        (tmp_path / "dist").mkdir()
        with pytest.raises(RuntimeError):
            build_packages(source, tmp_path / "dist", version=version_of(source), seconds=str(SECONDS))

    def test_archive_of_a_client(self, tmp_path: Path) -> None:
        for number, time in enumerate((SECONDS, SECONDS + 5000)):
            folder = tmp_path / str(number) / "made"
            (folder / "src").mkdir(parents=True)
            for name in ("README.md", "src/b.kt", "src/a.kt", "gradlew")[:: 1 - 2 * number]:
                (folder / name).write_text(name)
                os.utime(folder / name, (time, time))
            archive(tmp_path / str(number) / "client-1.2.3.tar.gz", folder, ("README.md", "src"), seconds=SECONDS)
        one, other = (tmp_path / name / "client-1.2.3.tar.gz" for name in "01")
        assert one.read_bytes() == other.read_bytes()
        assert one.read_bytes()[4:8] == bytes(4)  # gzip has the time there
        with tarfile.open(one) as file:
            assert file.getnames() == [f"client-1.2.3/{name}" for name in ("README.md", "src/a.kt", "src/b.kt")]
            assert {member.mtime for member in file.getmembers()} == {SECONDS}

    def test_what_differs_is_named(self, tmp_path: Path) -> None:
        for folder, files in (("one", "abc"), ("other", "abd")):
            (tmp_path / folder).mkdir()
            for name in files:
                (tmp_path / folder / name).write_text(folder if name == "b" else name)
        assert differences(tmp_path / "one", tmp_path / "other") == ["b", "c", "d"]


class TestEachFileIsTried:
    @pytest.fixture
    def dist(self, tmp_path: Path) -> Path:
        dist = tmp_path / "dist"
        dist.mkdir()
        shutil.copy(HOUSE / "openapi" / "openapi.json", dist / names(__version__)["contract"])
        return dist

    def test_a_changed_file_does_not_fit_its_checksum(self, dist: Path, tmp_path: Path) -> None:
        (dist / CHECKSUMS).write_text(checksums(dist))
        done = subprocess.run(["sha256sum", "--check", CHECKSUMS], cwd=dist, capture_output=True, check=False)
        assert done.returncode == 0
        (dist / names(__version__)["contract"]).write_text("{}")
        with pytest.raises(RuntimeError, match=CHECKSUMS):
            next(try_all(HOUSE, dist, tmp_path, version=__version__))

    def test_an_installed_service_answers_as_the_release_says(self, dist: Path, tmp_path: Path) -> None:
        python = Path(sys.executable)
        service(dist, python, tmp_path / "log", version=__version__)
        with pytest.raises(RuntimeError, match="says"):
            service(dist, python, tmp_path / "log", version="9.9.9")
        contract = dist / names(__version__)["contract"]
        contract.write_text(contract.read_text(encoding="utf-8").replace("speed_m_s", "speed"), encoding="utf-8")
        with pytest.raises(RuntimeError, match="another contract"):
            service(dist, python, tmp_path / "log", version=__version__)

    def test_a_bill_of_materials_that_lacks_a_package_is_seen(self, dist: Path) -> None:
        lines = [line.split()[0] for line in read("requirements/runtime.txt").splitlines() if "==" in line]
        components = [dict(zip(("name", "version"), line.split("=="), strict=True)) for line in lines]
        bill = {"metadata": {"component": {"name": "retrorun", "version": __version__}}}
        path = dist / names(__version__)["sbom"]
        path.write_text(json.dumps(bill | {"components": components}))
        bill_of_materials(HOUSE, dist, version=__version__)
        path.write_text(json.dumps(bill | {"components": components[1:]}))
        with pytest.raises(RuntimeError, match=components[0]["name"]):
            bill_of_materials(HOUSE, dist, version=__version__)

    def test_an_archive_without_a_type_is_seen(self, dist: Path, tmp_path: Path) -> None:
        (tmp_path / "made").mkdir()
        (tmp_path / "made" / "README.md").write_text("No types.")
        archive(dist / names(__version__)["swift"], tmp_path / "made", ("README.md",), seconds=SECONDS)
        with pytest.raises(RuntimeError, match="EstimateRequest: no type"):
            native_client("swift", dist, tmp_path, version=__version__)

    @pytest.mark.parametrize("program", ["pass", "import sys; sys.exit('some other reason')"])
    def test_types_that_accept_everything_are_seen(self, program: str, tmp_path: Path) -> None:
        with pytest.raises(RuntimeError, match="accepts"):
            refused(sys.executable, "-c", program, cwd=tmp_path)
        refused(sys.executable, "-c", "import sys; print('body_mass'); sys.exit(1)", cwd=tmp_path)

    @pytest.mark.parametrize("name", ["python", "npm"])
    def test_a_package_of_a_client_has_the_version(self, name: str, tmp_path: Path) -> None:
        template(name, tmp_path, {"0.0.0": "1.2.3", "0.0.1": "^4.5.6"})
        assert {path.name for path in tmp_path.iterdir()} == {path.name for path in (CLIENTS / name).iterdir()}
        text = "".join(path.read_text(encoding="utf-8") for path in tmp_path.iterdir())
        assert text.count("1.2.3") == 2  # the package and its README
        assert "0.0." not in text

    def test_another_version_is_refused_before_anything_is_built(self) -> None:
        if not (HOUSE / ".git").exists():
            pytest.skip("this is no checkout")
        run = subprocess.run(
            [sys.executable, "-m", "release", "check", "9.9.9"], cwd=HOUSE, capture_output=True, text=True, check=False
        )
        assert run.returncode == 1
        version = version_in(committed(HOUSE, SOURCE))
        assert run.stderr == f"The commit is of version {version}: make set-version VERSION=9.9.9, then commit.\n"


class TestVersion:
    @pytest.fixture
    def house(self, tmp_path: Path) -> Path:
        for name in (*PLACES, "CHANGELOG.md"):
            (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(HOUSE / name, tmp_path / name)
        log = f"# Changelog\n\n{UNRELEASED}\n### Added\n\n- It is new.\n"
        (tmp_path / "CHANGELOG.md").write_text(log, encoding="utf-8")
        return tmp_path

    def test_a_release_and_the_version_after_it(self, house: Path) -> None:
        assert set(set_version(house, "7.1.0", "2030-01-31")) == {*PLACES, "CHANGELOG.md"}
        assert version_of(house) == "7.1.0"
        assert all("7.1.0" in (house / name).read_text(encoding="utf-8") for name in PLACES)
        cited = yaml.safe_load((house / "CITATION.cff").read_text(encoding="utf-8"))
        assert (cited["version"], str(cited["date-released"])) == ("7.1.0", "2030-01-31")
        log = (house / "CHANGELOG.md").read_text(encoding="utf-8")
        assert log == f"# Changelog\n\n{UNRELEASED}\n## [7.1.0] - 2030-01-31\n\n### Added\n\n- It is new.\n"
        assert notes(log, "7.1.0") == "### Added\n\n- It is new.\n"

        assert set(set_version(house, "7.2.0.dev0", "2030-02-01")) == set(PLACES)
        assert (house / "CHANGELOG.md").read_text(encoding="utf-8") == log
        assert all("7.1.0" not in (house / name).read_text(encoding="utf-8") for name in PLACES)
        assert "date-released" not in (house / "CITATION.cff").read_text(encoding="utf-8")

    @pytest.mark.parametrize("version", ["7.1", "v7.1.0", "7.1.0-rc1", "7.1.0; rm", ""])
    def test_another_form_is_refused_and_nothing_written(self, version: str, house: Path) -> None:
        with pytest.raises(ValueError, match=r"1\.2\.3"):
            set_version(house, version, "2030-01-31")
        assert version_of(house) == __version__

    def test_a_file_that_names_no_version_is_refused_and_nothing_written(self, house: Path) -> None:
        (house / "Dockerfile").write_text("FROM scratch\n")
        with pytest.raises(ValueError, match="Dockerfile"):
            set_version(house, "7.1.0", "2030-01-31")
        assert version_of(house) == __version__

    def test_no_other_file_names_it(self) -> None:
        paths = [HOUSE / "README.md", HOUSE / "Dockerfile", *HOUSE.glob("docs/*.md"), *HOUSE.glob("deploy/**/*.*")]
        naming = {
            path.relative_to(HOUSE).as_posix() for path in paths if __version__ in path.read_text(encoding="utf-8")
        }
        assert naming <= PLACES.keys()
        assert {"Dockerfile", "deploy/compose.yaml", "docs/operations.md"} <= naming


class TestNotes:
    def test_between_releases_they_are_what_is_unreleased(self) -> None:
        log = f"# Changelog\n\n{UNRELEASED}\n- New.\n\n## [1.2.3] - 2030-01-31\n\n- Old.\n"
        assert notes(log, "1.2.4.dev0") == "- New.\n"
        assert notes(log.replace("- New.\n", ""), "1.2.4.dev0") == "\n"
        assert notes(log, "1.2.3") == "- Old.\n"

    def test_this_version_has_some(self) -> None:
        assert len(notes(read("CHANGELOG.md"), __version__)) > 100 or not is_final(__version__)

    @pytest.mark.parametrize("log", ["# Changelog\n", "## [1.2.3] - 2030-01-31\n\n## [1.2.2] - 2030-01-01\n\n- Old.\n"])
    def test_a_version_of_which_nothing_is_said_is_refused(self, log: str) -> None:
        with pytest.raises(ValueError, match=r"\[1\.2\.3\]"):
            notes(log, "1.2.3")

    def test_a_version_has_one_heading(self) -> None:
        log = f"# Changelog\n\n{UNRELEASED}\n- New.\n\n## [1.2.3] - 2030-01-31\n\n- Old.\n"
        with pytest.raises(ValueError, match="already"):
            headed(log, "1.2.3", "2030-02-01")
        with pytest.raises(ValueError, match="Unreleased"):
            headed(log.replace("- New.\n", ""), "1.2.4", "2030-02-01")
