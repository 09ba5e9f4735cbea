"""Every equation, ratio and constant of the models with its source and standing: the answer of `GET /models`."""

import hashlib
import math
from collections.abc import Iterable, Iterator
from functools import cache
from typing import NotRequired, TypedDict, get_args

from retrorun.models import __version__
from retrorun.models.evidence.constants import constant_rows, leaves, leaves_of
from retrorun.models.physiology import direction, energy_models
from retrorun.models.physiology.grades import QUANTITY_GRADES
from retrorun.models.sources.tables import TableName, table
from retrorun.models.vocabulary.choices import EvidenceGrade, Standing
from retrorun.models.vocabulary.quantities import INPUTS


class EnergyEntry(TypedDict):
    """A forward energy equation."""

    id: str
    gait: str
    equation: str
    coefficients: list[float]
    speed_range_m_s: NotRequired[list[float]]
    grade_range: NotRequired[list[float]]
    defined: NotRequired[str]
    published_error: str
    sample: str
    standing: Standing
    references: list[str]


class DirectionEntry(TypedDict):
    """A ratio backward to forward at equal speed."""

    id: str
    gait: str
    backward_over_forward: float
    study_cv: float
    studies: int
    standing: Standing
    references: list[str]


class Constant(TypedDict):
    """One number: its public name, its group, its meaning, its standing and its sources."""

    name: str
    group: str
    number: float
    meaning: str
    standing: Standing
    references: list[str]


class GradeEntry(TypedDict):
    """The evidence grade of a quantity that is not a load."""

    quantity: str
    where: str
    evidence: EvidenceGrade


class Contents(TypedDict):
    """What the hash covers: the catalogue without version and hash."""

    energy_models: list[EnergyEntry]
    direction_models: list[DirectionEntry]
    evidence_grades: list[GradeEntry]
    constants: list[Constant]


class Catalogue(Contents):
    """All equations, ratios, grades and constants of the models."""

    version: str
    hash: str


@cache
def models_hash() -> str:
    """Return a short hash of everything in `GET /models` except the version, and of the tables.

    It is the `hash` of every answer and the header `RetroRun-Models`. It changes with each number that can change an
    answer, and also with the words of the catalogue: equations, samples, meanings, standings and sources.

    Examples
    --------
    >>> len(models_hash())
    12
    """
    return digest_of([("coefficients", coefficients_hash()), *leaves("models", contents())])


@cache
def coefficients_hash() -> str:
    """Return a short hash of every number that can change an answer, to twelve significant digits.

    A personal factor holds it (`made_with`), so that only another number makes the factor outdated, not another word.

    It covers every constant, every range of an equation, every bound of an input, and every cell of the tables except
    the notes, each with its public name. The module of a constant and the folder of a table are not in it.

    Examples
    --------
    >>> len(coefficients_hash())
    12
    """
    return digest_of(hashed_values())


def digest_of(values: Iterable[tuple[str, float | str]]) -> str:
    """Return the first twelve hexadecimal digits of the SHA-256 hash of values with their paths."""
    lines = "\n".join(f"{path}={leaf if isinstance(leaf, str) else format(leaf, '.12g')}" for path, leaf in values)
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def hashed_values() -> Iterator[tuple[str, float | str]]:
    """Yield every number and word that the hash of the coefficients covers, with its public path."""
    for row in constant_rows():
        yield from leaves_of(row)
    for gait_name, models in energy_models.ENERGY_MODELS.items():
        for name, model in models.items():
            ranges = (model.speed_range_m_s, model.grade_range, model.defined_grade)
            yield from leaves(f"energy_models.{gait_name}.{name}", ranges)
    yield from leaves("grades", {name: graded.grade for name, graded in QUANTITY_GRADES.items()})
    yield from input_bounds()
    for table_name in get_args(TableName):
        for index, cells in enumerate(table(table_name)):
            yield from leaves(f"tables.{table_name}[{index}]", {key: cells[key] for key in cells if key != "note"})


def input_bounds() -> Iterator[tuple[str, float]]:
    """Yield every bound of an input, with its public path."""
    for name, quantity in INPUTS.items():
        yield f"quantities.{name}.low", quantity.low
        yield f"quantities.{name}.high", quantity.high


@cache
def catalogue() -> Catalogue:
    """Return every equation, ratio and constant with its source and standing.

    Examples
    --------
    >>> catalogue()["energy_models"][0]["id"]
    'looney2025'
    """
    return {"version": __version__, "hash": models_hash(), **contents()}


def contents() -> Contents:
    """Return the catalogue without version and hash."""
    constants: list[Constant] = [
        {
            "name": path,
            "group": row.group,
            "number": leaf,
            "meaning": row.meaning,
            "standing": row.standing,
            "references": row.references.split(),
        }
        for row in constant_rows()
        for path, leaf in leaves_of(row)
        if not isinstance(leaf, str)
    ]
    constants += [
        {
            "name": path,
            "group": "quantities",
            "number": number,
            "meaning": f"Lowest or highest value that you can send [{INPUTS[path.split('.')[1]].unit}]",
            "standing": "choice",
            "references": [],
        }
        for path, number in input_bounds()
    ]
    return {
        "energy_models": [
            _energy_entry(name, gait_name, model)
            for gait_name, models in energy_models.ENERGY_MODELS.items()
            for name, model in models.items()
        ],
        "direction_models": [
            {
                "id": name,
                "gait": gait_name,
                "backward_over_forward": model.ratio,
                "study_cv": model.study_cv,
                "studies": model.studies,
                "standing": "secondary" if (name, gait_name) == ("documented", "run") else "choice",
                "references": list(direction.DIRECTION_REFERENCES[gait_name]),
            }
            for name, by_gait in direction.DIRECTION_MODELS.items()
            for gait_name, model in by_gait.items()
        ],
        "evidence_grades": [
            {"quantity": row.quantity, "where": row.where, "evidence": row.grade} for row in QUANTITY_GRADES.values()
        ],
        "constants": constants,
    }


def _energy_entry(name: str, gait_name: str, model: energy_models.EnergyModel) -> EnergyEntry:
    entry: EnergyEntry = {
        "id": name,
        "gait": gait_name,
        "equation": model.equation,
        "coefficients": list(model.coefficients),
        "published_error": model.error,
        "sample": model.sample,
        "standing": model.standing,
        "references": [model.reference],
    }
    if model.speed_range_m_s != energy_models.EVERY_SPEED:
        entry["speed_range_m_s"] = [bound for bound in model.speed_range_m_s if bound < float("inf")]
    if model.grade_range != energy_models.EVERY_GRADE:
        entry["grade_range"] = list(model.grade_range)
    if model.defined_grade != energy_models.EVERY_GRADE:
        entry["defined"] = "level or uphill only" if math.isinf(model.defined_grade[1]) else "level only"
    return entry
