"""The packages: who may import whom, how many modules a folder holds, and the one name that others import."""

import json
import os
import shutil
import subprocess
import sys
import tarfile
import venv
import zipfile
from pathlib import Path
from typing import Final

import pytest

HOUSE: Final = Path(__file__).parents[2]
MOST_MODULES: Final = 10
FOLDERS: Final = sorted({path.parent for top in ("app", "models") for path in (HOUSE / top).rglob("*.py")})
PACKAGED: Final = ("app", "models", "openapi", "retrorun", "LICENSE", "README.md", "THIRD_PARTY.md", "pyproject.toml")


def named(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


@pytest.mark.parametrize("folder", FOLDERS, ids=named)
def test_a_folder_holds_at_most_ten_modules(folder: Path) -> None:
    assert len(list(folder.glob("*.py"))) <= MOST_MODULES


def copied(to: Path) -> Path:
    """Return a copy of the packaged files."""
    for name in PACKAGED:
        source = HOUSE / name
        if source.is_dir():
            shutil.copytree(source, to / name, symlinks=True, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, to / name)
    return to


class TestLayers:
    def kept(self, house: Path) -> bool:
        program = Path(sys.executable).with_name("lint-imports")
        run = subprocess.run([program, "--no-cache"], cwd=house, env=os.environ | {"PYTHONPATH": "."}, check=False)
        return run.returncode == 0

    def test_they_hold(self) -> None:
        assert self.kept(HOUSE)

    @pytest.mark.parametrize(
        ("below", "above"),
        [
            ("models/physiology/energy.py", "retrorun.models.estimate.builder"),
            ("models/vocabulary/errors.py", "retrorun.models.numerics.arithmetic"),
            ("app/http/problems.py", "retrorun.app.contract.openapi"),
            ("models/plan/plan.py", "retrorun.app.settings"),
        ],
    )
    def test_an_import_turned_round_is_found(self, below: str, above: str, tmp_path: Path) -> None:
        house = copied(tmp_path)
        path = house / below
        path.write_text(path.read_text(encoding="utf-8") + f"\nimport {above}\n", encoding="utf-8")
        assert not self.kept(house)

    def test_a_new_package_has_to_take_its_place(self, tmp_path: Path) -> None:
        house = copied(tmp_path)
        (house / "models" / "elsewhere").mkdir()
        (house / "models" / "elsewhere" / "__init__.py").write_text("")
        assert not self.kept(house)


def python(program: str, *, cwd: Path = HOUSE) -> str:
    return subprocess.run(
        [sys.executable, "-c", program], cwd=cwd, capture_output=True, text=True, check=True
    ).stdout.strip()


class TestShortNames:
    @pytest.mark.parametrize("first", ["app.main", "retrorun.app.main"])
    def test_a_module_of_two_names_is_one(self, first: str) -> None:
        program = f"""
import importlib, json, sys
importlib.import_module({first!r})
import app.main, models.estimate.case, retrorun.app.main, retrorun.models.estimate.case
from models.vocabulary.errors import Conflict
from retrorun.models.vocabulary.errors import Conflict as SameConflict
assert app.main is retrorun.app.main
assert app.main.__spec__.name == app.main.__name__ == "retrorun.app.main"
assert models.estimate.case is retrorun.models.estimate.case
assert Conflict is SameConflict
assert app.main.app is retrorun.app.main.app
own = {{name for name in sys.modules if name.startswith(("retrorun.app", "retrorun.models"))}}
files = [sys.modules[name].__file__ for name in own]
print(len(files) - len(set(files)))
"""
        assert python(program) == "0"

    def test_a_checkout_serves_under_its_short_name(self) -> None:
        program = "from uvicorn.importer import import_from_string as find; print(type(find('app.main:app')).__name__)"
        assert python(program) == "Guard"
        assert python("from models.estimate import estimate; print(estimate.__module__)") == (
            "retrorun.models.estimate.estimate"
        )

    @pytest.mark.parametrize("module", ["app.cli", "retrorun.app.cli"])
    def test_the_command_line_runs_under_either_name(self, module: str) -> None:
        run = subprocess.run([sys.executable, "-m", module, "--version"], cwd=HOUSE, capture_output=True, check=False)
        assert (run.returncode, run.stderr) == (0, b"")

    def test_a_module_that_is_not_there_is_not_found(self) -> None:
        program = "import app\ntry: import app.elsewhere\nexcept ModuleNotFoundError as error: print(error.name)"
        assert python(program) == "app.elsewhere"

    def test_metrics_and_routes_are_there_once(self) -> None:
        program = """
import app.main
from retrorun.app.main import app as service
paths = list(service.observer.metrics.routes)
assert len(paths) == len(set(paths))
text = [family.name for family in service.observer.metrics.registry.collect()]
assert len(text) == len(set(text)), text
print("once")
"""
        assert python(program) == "once"


BESIDE: Final = """
import json, sys
import app, models
assert app.MINE and models.MINE
from retrorun.models.estimate import estimate
from retrorun.app.record_batches import estimate_batch
import pyarrow as pa
answer = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0)
rows = pa.RecordBatch.from_pydict({"body_mass_kg": [70.0], "speed_m_s": [2.5], "duration_s": [1200.0]})
batch = estimate_batch(rows, fields=["forward_total_energy_kcal"])
import retrorun.app.main
from retrorun.app.contract.examples import answers
from retrorun.app.pages.files import files
import importlib.metadata as metadata, importlib.resources as resources
print(json.dumps({
    "ratio": answer["ratio"]["total_energy"]["value"],
    "same": batch["forward_total_energy_kcal"][0].as_py() == answer["forward"]["total_energy_kcal"]["value"],
    "page": "index.html" in files(),
    "typed": (resources.files("retrorun") / "py.typed").is_file(),
    "readme": "RetroRun" in metadata.metadata("retrorun").get_payload(),
    "urls": sorted(url.partition(",")[0] for url in metadata.metadata("retrorun").get_all("Project-URL")),
    "top": sorted({path.parts[0] for path in metadata.files("retrorun") if not path.parts[0].startswith((".."))}),
    "file": retrorun.__file__,
}))
"""


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel, built from a checkout."""
    house, to = copied(tmp_path_factory.mktemp("house")), tmp_path_factory.mktemp("dist")
    return built("build_wheel", house, to)


def built(what: str, house: Path, to: Path) -> Path:
    program = f"import sys; from hatchling.build import {what}; print({what}(sys.argv[1]))"
    run = subprocess.run(
        [sys.executable, "-c", program, str(to)], cwd=house, capture_output=True, text=True, check=True
    )
    return to / run.stdout.split()[-1]


def names_in(wheel: Path) -> set[str]:
    with zipfile.ZipFile(wheel) as file:
        return set(file.namelist())


class TestWheel:
    def test_it_has_one_name_beside_a_project_that_has_the_others(self, wheel: Path, tmp_path: Path) -> None:
        """Its dependencies come from the environment of the tests; the wheel itself is installed."""
        environment = tmp_path / "environment"
        venv.create(environment, symlinks=True)
        (packages,) = environment.glob("lib/python*/site-packages")
        with zipfile.ZipFile(wheel) as file:
            file.extractall(packages)
        ours = [path for path in sys.path if path.endswith("site-packages")]
        project = tmp_path / "project"
        for name in ("app", "models"):
            (project / name).mkdir(parents=True)
            (project / name / "__init__.py").write_text("MINE = True\n")
        run = subprocess.run(
            [
                environment / "bin" / "python",
                "-S",
                "-c",
                f"import sys; sys.path[:0] = ['.', {str(packages)!r}, *{ours!r}]\n{BESIDE}",
            ],
            cwd=project,
            env={},
            capture_output=True,
            text=True,
            check=False,
        )
        assert run.returncode == 0, run.stderr
        found = json.loads(run.stdout)
        assert str(packages) in found.pop("file")
        version = next(name for name in names_in(wheel) if name.endswith("/RECORD")).partition("/")[0]
        assert found == {
            "ratio": 1.3,
            "same": True,
            "page": True,
            "typed": True,
            "readme": True,
            "urls": ["Changelog", "Source"],
            "top": sorted(["retrorun", version]),
        }

    def test_the_archive_of_the_source_builds_the_same(self, wheel: Path, tmp_path: Path) -> None:
        archive = built("build_sdist", copied(tmp_path / "house"), tmp_path)
        with tarfile.open(archive) as file:
            file.extractall(tmp_path / "source", filter="data")
        (source,) = (tmp_path / "source").iterdir()
        assert names_in(built("build_wheel", source, tmp_path)) == names_in(wheel)

    def test_what_git_archives_builds_the_same(self, wheel: Path, tmp_path: Path) -> None:
        if not (HOUSE / ".git").exists():
            pytest.skip("this is no checkout")
        archive = tmp_path / "archive.tar"
        subprocess.run(["git", "archive", "--output", archive, "HEAD"], cwd=HOUSE, check=True)
        with tarfile.open(archive) as file:
            file.extractall(tmp_path / "source", filter="data")
        links = {
            path.name: str(path.readlink())
            for path in (tmp_path / "source" / "retrorun").iterdir()
            if path.is_symlink()
        }
        assert links == {"app": "../app", "models": "../models", "openapi": "../openapi"}
        assert names_in(built("build_wheel", tmp_path / "source", tmp_path)) == names_in(wheel)
