"""Every number of the models is in the catalogue and the hash, under a name that stays when the code is moved."""

import ast
import dataclasses
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType, SimpleNamespace
from typing import Any, Literal, cast

import numpy as np
import pytest

import retrorun.models
from retrorun.models.evidence import catalogue as catalogue_module
from retrorun.models.evidence.catalogue import catalogue, coefficients_hash, contents, hashed_values, models_hash
from retrorun.models.evidence.constants import constant_rows, leaves
from retrorun.models.physiology import energy_models
from retrorun.models.sources.tables import table
from retrorun.models.vocabulary.quantities import INPUTS

NO_ANSWER_CHANGES = {
    "BLOCK_ROWS": "rows computed at once: each is computed alike in any block",
    "CHUNK_ROWS": "rows answered at once, likewise",
    "KEPT_BYTES": "memory kept between blocks",
    "LINE_BYTES": "where columns begin in memory",
    "PAD_BYTES": "the space between them",
    "FEW_CONDITIONS": "which of two ways to the same words is the shorter",
    "PATTERNLESS": "a mark for a row whose warnings are not looked up",
    "LEFT_OUT": "a mark for a word that is not there",
    "UNKNOWN_WORD": "a mark for a word that is none",
    "NO_FAULT": "the mark of a row without a fault",
    "NO_GRADE": "a mark for level speeds without a grade",
    "TWO": "two of speed, duration and distance make a bout",
    "RUN": "the place of a word among its choices",
    "WALK": "the place of a word among its choices",
    "EQUAL_SPEED": "the place of a word among its choices",
    "DOCUMENTED": "the place of a word among its choices",
    "NO_REST": "no pause and its no energy",
    "CHECK_SPEED_M_S": "of the estimate that a start compares with a known one",
    "CHECK_POWER_W_KG": "what that estimate must come to",
    "CHECK_RATIO": "what that estimate must come to",
    "CHECK_DECIMALS": "to which digit",
}
"""Numbers that change no answer, and why."""

MADE_OF_OTHERS = {
    "CHOICES": "how many words each choice has",
    "OF_THE_GAIT": "which equations each gait has",
    "DEFAULT_EQUATION": "the first equation of each gait",
    "DIRECTION_MODELS": "ratios and spreads that are listed one by one",
    "ENERGY_MODELS": "its ranges are in the hash and among the equations of the catalogue",
    "INPUTS": "their bounds are in the hash and in the catalogue; an example changes no answer",
    "QUANTITIES": "INPUTS, and examples",
    "LEAST_BOUT_S": "the least duration of a bout",
    "RUNNING_FORCE_RANGE_M_S": "ranges of the ground force",
    "RANGES_M_S": "ranges of the loads and of timing",
    "BACKWARD_RANGE_M_S": "from standing to the fastest that was measured",
    "KINKS_M_S": "where the lines of the loads bend",
    "CODES": "the grades, by their places",
    "LOAD_CODES": "the grades of loads, by their places",
    "PLAUSIBLE_W_KG": "the power of the plausible oxygen uptake",
    "VERTICAL_RATIO_CV": "the spread of the ratio of ground forces over that ratio",
    "EXACT": "the ends of an interval without a width",
    "EVERY_GRADE": "no bound at all",
    "EVERY_SPEED": "no bound at all",
}
"""Constants that only hold numbers which are listed by themselves, and which."""

PLAIN = {
    0: "nothing",
    1: "the whole, or the next",
    2: "a square, both legs, both directions, half",
    -1: "the last, or the other sign",
    0.5: "a square root, or the middle",
    60: "seconds in a minute, minutes in an hour",
    100: "percent",
    1000: "grams, metres and milliseconds",
    86_400: "seconds in a day",
    3.6: "km/h in m/s",
}
"""Numbers that may stand where they are used: those of arithmetic and of units, and what they are."""

IN_FUNCTIONS = {
    ("elasticity", 8): "of the five-point derivative",
    ("elasticity", 12): "of the five-point derivative",
    ("__init__", 8): "bytes of a number",
    ("parabola_around", 4): "power of a sum",
    ("way_of", 3): "coordinates of a place",
    ("rounded_inward", 10): "of the decimal system",
    ("plain", 10): "of the decimal system",
    ("digest_of", 12): "digits of a hash and of what it is of",
    ("standard_score", 256): "how many are kept",
    ("_widening", 256): "how many are kept",
    ("known_estimate_holds", 70.0): "body mass of the estimate that a start compares with a known one",
    ("known_estimate_holds", 600.0): "its duration",
}
"""Numbers that may stand in one function each, and what they are."""


def modules() -> Iterator[ModuleType]:
    """Yield every module of the models, in every folder."""
    for found in pkgutil.walk_packages(retrorun.models.__path__, "retrorun.models."):
        yield importlib.import_module(found.name)


def holds_numbers(value: Any) -> bool:
    """Say whether a constant holds any number, at any depth."""
    if isinstance(value, np.ndarray):
        return value.size > 0
    if isinstance(value, dict):
        return any(map(holds_numbers, [*value, *value.values()]))
    if isinstance(value, tuple | list | set | frozenset):
        return any(map(holds_numbers, value))
    return isinstance(value, int | float) and not isinstance(value, bool)


def assigned(tree: ast.Module) -> Iterator[tuple[str, ast.stmt]]:
    """Yield every name that a module assigns at its own level, with the statement."""
    for node in tree.body:
        targets = (
            node.targets if isinstance(node, ast.Assign) else [node.target] if isinstance(node, ast.AnnAssign) else []
        )
        for target in targets:
            for name in ast.walk(target):
                if isinstance(name, ast.Name):
                    yield name.id, node


def unlisted(source: str, values: dict[str, Any], listed: set[str]) -> Iterator[str]:
    """Yield each number of a module that is neither listed nor arithmetic: a constant by name, a literal by line."""
    tree = ast.parse(source)
    known = listed | set(NO_ANSWER_CHANGES) | set(MADE_OF_OTHERS)
    own = dict(assigned(tree))
    for name in own:
        if name in values and holds_numbers(values[name]) and name not in known:
            yield name
    seen = {id(node) for name in known & set(own) for node in ast.walk(own[name])}
    for function in (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef)):
        seen |= {id(node) for node in numbers_in(function) if (function.name, node.value) in IN_FUNCTIONS}
    for node in numbers_in(tree):
        if id(node) not in seen and node.value not in PLAIN:
            yield f"line {node.lineno}: {node.value!r}"


def numbers_in(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield every number that is written in some code."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, int | float) and not isinstance(node.value, bool):
            yield node


@pytest.mark.parametrize("module", list(modules()), ids=lambda module: module.__name__.removeprefix("retrorun.models."))
def test_no_number_of_the_models_is_missing_in_the_catalogue(module: ModuleType) -> None:
    listed = {row.name.partition(".")[0] for row in constant_rows() if row.module is module}
    assert module.__file__ is not None
    found = list(unlisted(Path(module.__file__).read_text(encoding="utf-8"), vars(module), listed))
    assert not found, f"{module.__name__}: {found}. Enter it in the catalogue, or say above why it changes no answer."


@pytest.mark.parametrize(
    ("source", "found"),
    [
        ("SPAN_M: Final = 5.0", ["SPAN_M", "line 1: 5.0"]),
        ("SPANS = {'run': (5.0, None)}", ["SPANS", "line 1: 5.0"]),
        ("SPANS = np.array([5.0])", ["SPANS", "line 1: 5.0"]),
        ("_span = 5.0", ["_span", "line 1: 5.0"]),
        ("def far(way_m): return way_m > 5.0", ["line 1: 5.0"]),
        ("def far(way_m, least=5.0): return way_m > least", ["line 1: 5.0"]),
        ("def elasticity(x): return x / 12\ndef other(x): return x / 12", ["line 2: 12"]),
        ("class Way:\n    least: float = 5.0", ["line 2: 5.0"]),
        ("far = lambda way_m: way_m > 5.0", ["line 1: 5.0"]),
        ("LISTED = 5.0\nBLOCK_ROWS = 7\ndef half(way_m): return way_m / 2", []),
    ],
)
def test_the_check_sees_a_number_wherever_it_hides(source: str, found: list[str]) -> None:
    values: dict[str, Any] = {}
    exec(source, {"np": np, "Final": Any}, values)
    assert list(unlisted(source, values, {"LISTED"})) == found


def test_what_needs_no_entry_is_there() -> None:
    """A reason that is given for nothing goes."""
    names = {name for module in modules() for name in vars(module)}
    assert set(NO_ANSWER_CHANGES) | set(MADE_OF_OTHERS) <= names
    rows = {row.name.partition(".")[0] for row in constant_rows()}
    assert not rows & set(MADE_OF_OTHERS)


@pytest.mark.parametrize(
    "name",
    [
        "workout.SPEED_APART_M_S",
        "workout.GRADE_APART",
        "workout.LEAST_COVERED",
        "recording.PAUSE_BELOW_M_S",
        "recording.SLOPE_WINDOW_STEPS",
        "recording.SEGMENT_S",
        "recording.GAP_S",
        "plan.DIGITS",
        "numerics.NODES",
        "plot.PLOTTED_M_S.run[0]",
        "energy.LOONEY2025_COEFFICIENTS[0]",
    ],
)
def test_constants_of_every_question_are_listed_in_their_groups(name: str) -> None:
    (entry,) = (entry for entry in catalogue()["constants"] if entry["name"] == name)
    assert entry["group"] == name.partition(".")[0]
    assert entry["standing"] in {"choice", "secondary"}
    assert entry["meaning"]


def test_every_name_is_one_constants() -> None:
    names = [entry["name"] for entry in catalogue()["constants"]]
    assert len(names) == len(set(names)) > 250
    assert [name for name, _ in hashed_values()] == list(dict(hashed_values()))


def test_every_number_of_the_catalogue_is_the_very_constant_of_the_code() -> None:
    shown = {entry["name"]: entry["number"] for entry in catalogue()["constants"]}
    for row in constant_rows():
        whole = row.name.partition(".")[0]
        numbers = [
            leaf for leaf in leaves(f"{row.group}.{whole}", getattr(row.module, whole)) if not isinstance(leaf[1], str)
        ]
        assert dict(numbers).items() <= shown.items()
    for name, quantity in INPUTS.items():
        assert shown.get(f"quantities.{name}.low") == quantity.low
        assert shown.get(f"quantities.{name}.high") == quantity.high
    for entry in catalogue()["energy_models"]:
        model = energy_models.ENERGY_MODELS[cast(Any, entry["gait"])][entry["id"]]
        assert entry["coefficients"] == list(model.coefficients)


def hash_now() -> str:
    """Return the hash as it is now, not as it was at first."""
    coefficients_hash.cache_clear()
    try:
        return coefficients_hash()
    finally:
        coefficients_hash.cache_clear()


def test_a_constant_may_move_to_another_module_and_name_and_hash_stay(monkeypatch: pytest.MonkeyPatch) -> None:
    before, names = hash_now(), [entry["name"] for entry in catalogue()["constants"]]
    elsewhere = [
        row._replace(module=SimpleNamespace(**(vars(row.module) | {"__name__": "models.deep.elsewhere"})))
        for row in constant_rows()
    ]
    monkeypatch.setattr(catalogue_module, "constant_rows", lambda: elsewhere)
    assert hash_now() == before
    assert [entry["name"] for entry in catalogue.__wrapped__()["constants"]] == names


@pytest.mark.parametrize(
    "place", range(len(constant_rows())), ids=[f"{row.group}.{row.name}" for row in constant_rows()]
)
def test_the_hash_moves_with_every_constant(place: int, monkeypatch: pytest.MonkeyPatch) -> None:
    row, before = constant_rows()[place], hash_now()
    whole = row.name.partition(".")[0]
    monkeypatch.setattr(row.module, whole, moved(getattr(row.module, whole)))
    assert hash_now() != before


def models_hash_now() -> str:
    """Return the hash of the whole catalogue as it is now."""
    coefficients_hash.cache_clear()
    return models_hash.__wrapped__()


@pytest.mark.parametrize("part", list(contents()))
def test_the_public_hash_moves_with_every_number_and_word_of_get_models(
    part: Literal["energy_models", "direction_models", "evidence_grades", "constants"], monkeypatch: pytest.MonkeyPatch
) -> None:
    before, whole = models_hash_now(), contents()
    assert before == models_hash() == catalogue()["hash"]
    for key in whole[part][-1]:
        entry = {**whole[part][-1], key: moved(cast(Any, whole[part][-1])[key])}
        changed = whole | {part: [*whole[part][:-1], entry]}
        monkeypatch.setattr(catalogue_module, "contents", lambda shown=changed: shown)
        assert models_hash_now() != before, key
        monkeypatch.undo()


def test_the_public_hash_moves_with_every_number_that_is_not_in_get_models(monkeypatch: pytest.MonkeyPatch) -> None:
    before, bouts = models_hash_now(), table("energy")
    changed = (*bouts[:-1], bouts[-1] | {"study": "Another"})
    monkeypatch.setattr(catalogue_module, "table", lambda asked: changed if asked == "energy" else table(asked))
    assert models_hash_now() != before
    monkeypatch.undo()
    coefficients_hash.cache_clear()


def test_a_changed_word_does_not_outdate_a_personal_factor(monkeypatch: pytest.MonkeyPatch) -> None:
    before = hash_now()
    monkeypatch.setattr(catalogue_module, "contents", lambda: cast(Any, {"constants": [{"meaning": "Another."}]}))
    assert hash_now() == before
    assert models_hash_now() != models_hash()


def moved(value: Any) -> Any:
    """Return a constant with every number and word changed a little."""
    if isinstance(value, dict):
        return {key: moved(item) for key, item in value.items()}
    if isinstance(value, tuple):
        return tuple(map(moved, value))
    if isinstance(value, list):
        return [moved(item) for item in value] or ["another"]
    return f"{value}?" if isinstance(value, str) else value * 1.001 + 1e-6


@pytest.mark.parametrize("name", ["energy", "gait", "load", "load_findings", "ratios"])
def test_the_hash_moves_with_every_value_of_the_tables(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    before, whole = hash_now(), table(cast(Any, name))
    for column in whole[0].keys() - {"note"}:
        changed = (*whole[:-1], whole[-1] | {column: f"{whole[-1][column]}9"})
        monkeypatch.setattr(catalogue_module, "table", lambda asked, c=changed: c if asked == name else table(asked))
        assert hash_now() != before, column


def test_the_hash_moves_with_the_ranges_of_an_equation_and_the_bounds_of_a_request(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = hash_now()
    monkeypatch.setitem(INPUTS, "speed_m_s", dataclasses.replace(INPUTS["speed_m_s"], high=9.0))
    assert hash_now() != before
    monkeypatch.undo()
    running = energy_models.ENERGY_MODELS["run"]
    monkeypatch.setitem(running, "acsm", running["acsm"]._replace(speed_range_m_s=(1.0, 2.0)))
    assert hash_now() != before
