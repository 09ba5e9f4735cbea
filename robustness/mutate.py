"""Change constants of the models one at a time, and check that a test fails: `make mutate`.

If you can change a number and no test fails, no test checks it. Golden answers and tables of documents do not count,
since both are made from the code. Constants are chosen at random. The seed is printed, and SEED= repeats a run.
"""

import argparse
import ast
import inspect
import random
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from queue import Queue
from typing import Any, Final, NamedTuple

from retrorun.models.evidence.constants import constant_rows

HOUSE: Final = Path(__file__).parent.parent
CONSTANTS: Final = 30
WORKERS: Final = 2
LARGER: Final = 1.1
"""Factor of a change: large enough to matter, too small to be an obvious mistake."""
TIMEOUT_S: Final = 900

FINE: Final = {"ELASTICITY_STEP"}
"""Constants that change no meaningful digit, in addition to the group `numerics`."""

TESTS: Final = (
    "models/physiology/test_constants.py",
    "models/physiology/test_published.py",
    "models/estimate/test_estimate.py",
    "models/estimate/test_choice.py",
    "models/workout/test_workout.py",
    "models/track/test_track.py",
    "models/validation/test_validation.py",
    "app/api/test_plot.py",
    "models/solve/test_solve.py",
    "models/plan/test_plan.py",
)
"""The tests of the models, the most sensitive first, without golden answers and documents."""
SOONEST: Final = 4
"""Number of these tests that run first."""

NOT_OF_NUMBERS: Final = "not (Http or Files or Refusals)"
"""Tests to skip in these files: they check how a request is read and refused, not a constant."""

FIRST: Final = {
    "recording": "models/track/test_track.py",
    "workout": "models/workout/test_workout.py",
    "plan": "models/plan/test_plan.py",
    "plot": "app/api/test_plot.py",
    "validation": "models/validation/test_validation.py",
}
"""The test that runs first for a group of constants."""


class Place(NamedTuple):
    """A number in the code: its constant, its file, and its position."""

    name: str
    group: str
    path: Path
    line: int
    start: int
    end: int
    number: float


def places() -> dict[str, list[Place]]:
    """Return the numbers in each constant, by its public name."""
    found: dict[str, list[Place]] = {}
    for row in constant_rows():
        name = row.name.partition(".")[0]
        if row.group != "numerics" and name not in FINE:
            path = Path(inspect.getsourcefile(row.module) or "")
            numbers = list(numbers_of(name, path.read_text(encoding="utf-8")))
            if numbers:
                public = f"{row.group}.{name}"
                found[public] = [Place(public, row.group, path.relative_to(HOUSE), *number) for number in numbers]
    return found


def numbers_of(name: str, source: str) -> Iterator[tuple[int, int, int, float]]:
    """Yield every number in the assignment of a name, but places in a tuple: line, columns in bytes, and value.

    Examples
    --------
    >>> list(numbers_of("LINE", "LINE = (1.5, {'run': -2}, OTHER[1])"))
    [(1, 8, 11, 1.5), (1, 22, 23, 2)]
    """
    for node in ast.parse(source).body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        if any(isinstance(target, ast.Name) and target.id == name for target in targets):
            places_of = {id(held.slice) for held in ast.walk(node) if isinstance(held, ast.Subscript)}
            for inside in ast.walk(node):
                value: Any = getattr(inside, "value", None)
                number = isinstance(value, int | float) and not isinstance(value, bool)
                if isinstance(inside, ast.Constant) and number and id(inside) not in places_of:
                    yield inside.lineno, inside.col_offset, inside.end_col_offset or 0, value


def changed(number: float) -> float:
    """Return a number changed a little, of its own kind.

    Examples
    --------
    >>> changed(5), changed(0), changed(0.0)
    (6, 1, 0.1)
    """
    if isinstance(number, int):
        return number + max(1, round(number * (LARGER - 1)))
    return number * LARGER or 0.1


def mutated(source: str, place: Place) -> str:
    """Return a source with the number at a place changed."""
    lines = source.encode().splitlines(keepends=True)
    line = lines[place.line - 1]
    lines[place.line - 1] = line[: place.start] + repr(changed(place.number)).encode() + line[place.end :]
    return b"".join(lines).decode()


def copied(folder: Path) -> Path:
    """Copy committed and new files into a folder, and return it."""
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=HOUSE,
        capture_output=True,
        check=True,
        text=True,
    ).stdout.splitlines()
    for name in filter(lambda name: (HOUSE / name).exists(), listed):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        # The folder retrorun/ holds links to folders.
        shutil.copy(HOUSE / name, folder / name, follow_symlinks=False)
    return folder


def failed(house: Path, group: str) -> str:
    """Run the tests in a copy up to the first that fails, and return its name, or "" if all pass."""
    first = ("models/physiology/test_constants.py", FIRST[group]) if group in FIRST else TESTS[:SOONEST]
    return failing(house, first) or failing(house, [name for name in TESTS if name not in first])


def failing(house: Path, names: Sequence[str]) -> str:
    """Run some tests in a copy up to the first that fails, and return its name, or "" if all pass."""
    tests = [f"tests/{name}" for name in names]
    # No deadlines, and the same examples each time, so that only the number can fail a test.
    words = ["-x", "-q", "--no-header", "-p", "no:cacheprovider", "--hypothesis-profile=ci", "-k", NOT_OF_NUMBERS]
    ran = subprocess.run(
        [sys.executable, "-m", "pytest", *words, *tests],
        cwd=house,
        env={"PYTHONPATH": str(house), "PATH": "/usr/bin:/bin", "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        check=False,
        text=True,
        timeout=TIMEOUT_S,
    )
    if ran.returncode == 0:
        return ""
    lines = [line for line in ran.stdout.splitlines() if line.startswith(("FAILED", "ERROR"))]
    return lines[0] if lines else (ran.stdout + ran.stderr)[-200:]


def main() -> None:
    """Change constants, print the test that failed for each, and exit with 1 if no test failed for one."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seed", type=int, default=None)
    parser.add_argument("--constants", type=int, default=CONSTANTS)
    parser.add_argument("--only", default="", help="only constants whose name holds this")
    said = parser.parse_args()
    seed = random.SystemRandom().randrange(10**6) if said.seed is None else said.seed
    chance = random.Random(seed)
    known = {name: numbers for name, numbers in places().items() if said.only in name}
    chosen = [chance.choice(known[name]) for name in chance.sample(sorted(known), min(said.constants, len(known)))]
    print(f"{len(chosen)} of {len(known)} constants, SEED={seed}", flush=True)
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder:
        houses: Queue[Path] = Queue()
        for worker in range(WORKERS):
            houses.put(copied(Path(folder) / str(worker)))

        def tried(place: Place | None) -> str:
            house = houses.get()
            try:
                if place is None:
                    return failed(house, "")
                source = (house / place.path).read_text(encoding="utf-8")
                (house / place.path).write_text(mutated(source, place), encoding="utf-8")
                try:
                    noticed = failed(house, place.group)
                finally:
                    (house / place.path).write_text(source, encoding="utf-8")
                what = f"{place.name} {place.number!r} -> {changed(place.number)!r}, {place.path}:{place.line}"
                print(f"{'noticed ' if noticed else 'SURVIVED'}  {what}  {noticed[:100]}", flush=True)
                return noticed
            finally:
                houses.put(house)

        with ThreadPoolExecutor(WORKERS) as pool:
            untouched, *noticed = pool.map(tried, [None, *chosen])
    if untouched:
        sys.exit(f"The tests fail without any change, so this run means nothing: {untouched}")
    survivors = [place.name for place, by in zip(chosen, noticed, strict=True) if not by]
    print(f"{len(survivors)} survived: {', '.join(survivors) or 'none'}; {time.monotonic() - began:.0f} s")
    sys.exit(bool(survivors))


if __name__ == "__main__":
    main()
