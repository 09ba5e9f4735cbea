"""Every constant of the models, with its meaning, source and standing: what `GET /models` answers.

Values are read from the modules that compute with them, never written again. A constant that is missing here is
found by a test. The name before the point is that of its group, written here: a constant may move to another module,
and neither its public name nor the hash changes.
"""

import hashlib
import math
from collections.abc import Iterator
from functools import cache
from typing import Final, NotRequired, TypedDict, get_args

from models import (
    __version__,
    calibration,
    direction,
    energy,
    energy_models,
    gait,
    load,
    movement,
    quantities,
    surroundings,
    uncertainty,
)
from models.constant_rows import Row, leaves, leaves_of, rows
from models.evidence import Standing, TableName, table
from models.grades import QUANTITY_GRADES, EvidenceGrade
from models.quantities import INPUTS


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
    """One number: its public name, which stays, its group, what it is, and how well it is known."""

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


class Catalogue(TypedDict):
    """Everything the models rest on."""

    version: str
    hash: str
    energy_models: list[EnergyEntry]
    direction_models: list[DirectionEntry]
    evidence_grades: list[GradeEntry]
    constants: list[Constant]


CONSTANTS: Final[list[Row]] = [
    *rows(
        "energy",
        energy,
        ("ON_A_GRADE", "Steepness beyond which ground counts as a grade [1]", "choice", ""),
        ("RESPIRATORY_EXCHANGE_RATIO", "Carbon dioxide over oxygen, one for every bout [1]", "choice", "looney2023"),
        ("PERONNET_COEFFICIENTS", "kcal per litre of oxygen = a + b RER", "published", "peronnet1991"),
        ("KCAL_PER_LITRE_OXYGEN", "Energy of oxygen at that exchange ratio [kcal/L]", "derived", "peronnet1991"),
        ("J_PER_KCAL", "Thermochemical kilocalorie [J]", "published", ""),
        ("J_PER_ML_OXYGEN", "Energy of oxygen [J/ml]", "derived", "peronnet1991"),
        ("MET_ML_KG_MIN", "Oxygen uptake of one MET, by definition [ml/kg/min]", "published", ""),
        ("MEASURED_REST_ML_KG_MIN", "Measured rest, mean and SD, n 769 [ml/kg/min]", "secondary", "byrne2005"),
        ("INTENSITY_FROM_MET", "Lower bounds of the intensity labels [MET]", "published", "intensity"),
        ("MIFFLIN_COEFFICIENTS", "kcal/day by mass, height in m, age, sex", "secondary", "mifflin1990"),
        ("MINIMUM_ACTIVE_SHARE", "Share of the total below which active energy is undefined [1]", "choice", ""),
        ("LOONEY2025_COEFFICIENTS", "a b c d p q s of RE3", "secondary", "looney2025"),
        ("LOONEY2019_COEFFICIENTS", "a b k c d p q s of LCDA", "secondary", "looney2019"),
        ("ACSM_COEFFICIENTS", "a b c by gait", "published", "acsm"),
        ("LEGER1984_COEFFICIENTS", "a b", "published", "leger1984"),
        ("MINETTI2002_COEFFICIENTS", "a to f of the net cost, by gait", "secondary", "minetti2002"),
    ),
    *rows(
        "direction",
        direction,
        ("DOCUMENTED_RUNNING_RATIO", "Running at equal speed, on gross energy [1]", "secondary", "wright2001"),
        ("DOCUMENTED_STUDY_CV", "Spread of that ratio between studies [1]", "derived", ""),
        ("DOCUMENTED_STUDIES", "How many studies that spread was taken from [1]", "derived", ""),
        ("POOLED_RUNNING_RATIO", "Log mean of the running rows of ratios.csv [1]", "choice", ""),
        ("WALKING_RATIO", "Log mean of the walking rows of ratios.csv [1]", "choice", ""),
        ("WALKING_RATIO_RANGE_M_S", "Speeds of the walking rows of ratios.csv [m/s]", "derived", ""),
        ("POOLED_STUDY_CV", "SD of the logs in ratios.csv, by gait [1]", "derived", ""),
        ("MEASURED_TO_GRADE.run", "Steepest upgrade on which backward was measured [1]", "published", "rasica2020"),
        (
            "MEASURED_TO_GRADE.walk",
            "Steepest upgrade on which backward was measured [1]",
            "published",
            "korean_walking",
        ),
        ("HEART_RATE_RATIO", "Gross energy at equal heart rate, by gait [1]", "derived", "williford1998 kim2001"),
        ("HEART_RATE_STUDY_CV", "Spread of that ratio between studies, never widened [1]", "choice", ""),
        ("BACKWARD_MEASURED_FROM_M_S", "Slowest backward running of the ratio [m/s]", "secondary", "wright2001"),
        ("BACKWARD_MEASURED_TO_M_S", "Fastest backward running with measured energy [m/s]", "secondary", "wright2001"),
        ("WEIGHT_SUPPORT_EQUAL_FROM", "Support from which the ratio is 1 [1]", "choice", "masumoto2023"),
        ("ELASTICITY_STEP", "Relative step of the numerical derivative [1]", "choice", ""),
    ),
    *rows(
        "surroundings",
        surroundings,
        ("AIR_DRAG_ML_KG_MIN", "Still air overground, times V^3 [ml/kg/min]", "secondary", ""),
        ("WEIGHT_SUPPORT_SLOPE", "Active rate times 1 - a s, s the share carried [1]", "derived", "teunissen2007"),
    ),
    *rows(
        "gait",
        gait,
        ("RUNNING_FROM_M_S", "Speed from which a bout is taken as running [m/s]", "choice", ""),
        ("BACKWARD_TRANSITION_M_S", "Backward walk-to-run transition, SD 0.11 [m/s]", "published", "hreljac2005"),
        ("OLDER_FROM_Y", "Age from which the speeds of older people are compared [a]", "choice", ""),
        ("OLDER_BACKWARD_WALK_M_S", "Chosen backward at 76 years, mean and SD, n 84 [m/s]", "secondary", ""),
        ("FALLERS_BACKWARD_WALK_BELOW_M_S", "No faller was faster backward [m/s]", "published", "fritz2013"),
        ("RUNNING_CADENCE_RANGE_M_S", "Range of running cadence [m/s]", "derived", "vanoeveren2017 alcantara2021"),
        ("RUNNING_CONTACT_RANGE_M_S", "Range of running contact time [m/s]", "derived", "alcantara2021"),
        ("BACKWARD_CONTACT_TO_M_S", "Fastest backward running with a contact time [m/s]", "choice", "weyand2010"),
        ("WALKING_CADENCE_RANGE_M_S", "Range of walking cadence [m/s]", "derived", "fukuchi2018"),
        (
            "RUNNING_CADENCE_COEFFICIENTS",
            "a b of steps/min = a + b V, fit of gait.csv",
            "derived",
            "vanoeveren2017 outdoor2020 alcantara2021 alcantara2022",
        ),
        (
            "RUNNING_CONTACT_COEFFICIENTS",
            "a b of s = a V^b, fit of gait.csv",
            "derived",
            "alcantara2021 alcantara2022",
        ),
        ("RUNNING_CADENCE_STUDY_CV", "Spread of running cadence between studies [1]", "choice", ""),
        ("WALKING_CADENCE_COEFFICIENTS", "a b of steps/min = a + b V", "derived", "fukuchi2018"),
        ("CADENCE_PERSON_SD_STEPS_PER_MIN.run", "Spread between people [steps/min]", "published", "outdoor2020"),
        ("CADENCE_PERSON_SD_STEPS_PER_MIN.walk", "Spread between people [steps/min]", "derived", "fukuchi2018"),
        ("CADENCE_RATIO", "Running cadence backward over forward [1]", "choice", "masumoto2023 cavagna2012"),
        ("CONTACT_TIME_RATIO", "Running contact time backward over forward [1]", "derived", "cavagna2012"),
        ("CONTACT_TIME_PERSON_CV", "Spread of contact time between people [1]", "derived", ""),
        ("TIMING_RATIO_CV", "Spread of both timing ratios [1]", "choice", ""),
    ),
    *rows(
        "load",
        load,
        (
            "PEAK_VERTICAL_FORCE_COEFFICIENTS.run",
            "a b of BW = a + b V, fit of load.csv",
            "derived",
            "alcantara2021 alcantara2022",
        ),
        ("PEAK_VERTICAL_FORCE_COEFFICIENTS.walk", "a b of BW = a + b V", "choice", ""),
        ("PEAK_VERTICAL_FORCE_SLOW_COEFFICIENTS", "a b of slow running, where greater", "choice", ""),
        ("PEAK_VERTICAL_FORCE_SLOW_FROM_M_S", "Slowest running of that line [m/s]", "choice", ""),
        ("PEAK_VERTICAL_FORCE_CROSSING_M_S", "Speed at which the two lines cross [m/s]", "derived", "alcantara2021"),
        ("PEAK_VERTICAL_FORCE_RANGE_M_S", "Range, by gait [m/s]", "choice", ""),
        (
            "PEAK_VERTICAL_FORCE_SLOPE_CV_PER_DEG",
            "Spread that a degree of slope adds [1/deg]",
            "choice",
            "alcantara2022 gottschall2005",
        ),
        ("PEAK_VERTICAL_FORCE_SD_BW", "Spread between people [BW]", "choice", ""),
        ("PEAK_VERTICAL_FORCE_RATIO.run", "Backward over forward [1]", "choice", "roos2012 cavagna2012"),
        ("PEAK_VERTICAL_FORCE_RATIO.walk", "Backward over forward [1]", "choice", ""),
        ("PEAK_VERTICAL_FORCE_RATIO_SD", "Spread of that ratio [1]", "choice", ""),
        ("PATELLOFEMORAL_COEFFICIENTS", "a b of BW = a + b V, running", "choice", "hart2022 doyle2023"),
        ("PATELLOFEMORAL_STEP_RATE_EXPONENT", "Exponent of the step-rate ratio [1]", "choice", "lenhart2014"),
        ("PATELLOFEMORAL_RANGE_M_S", "Range of running [m/s]", "choice", ""),
        ("PATELLOFEMORAL_WALK_BW", "Walking peak [BW]", "published", "hart2022"),
        ("PATELLOFEMORAL_SD_BW", "Spread between people, by gait [BW]", "choice", "hart2022"),
        ("PATELLOFEMORAL_RATIO_LINE", "At 1 m/s, slope, lowest", "choice", "sussman2000 roos2012 ren2015"),
        ("PATELLOFEMORAL_RATIO_WALK", "Backward over forward walking [1]", "choice", ""),
        ("PATELLOFEMORAL_RATIO_SD_LOG", "Spread of the ratio, in logs [1]", "choice", "roos2012"),
        ("KNEE_MOMENT_RATIO_LINE", "At 1 m/s, slope, lowest", "choice", "sussman2000 roos2012"),
        ("KNEE_MOMENT_RATIO_SD", "Spread between people [1]", "choice", ""),
        ("IMPULSE_CV", "Spread of the impulse [1]", "choice", ""),
        ("IMPULSE_RATIO_CV", "Spread of the impulse ratio, of peaks and ground force [1]", "derived", "roos2012"),
        ("ACHILLES_COEFFICIENTS_BW", "a b of BW = a + b V, running", "derived", "reiter2024"),
        ("ACHILLES_REFERENCE_M_S", "Speed at which the relative load is 1 [m/s]", "choice", ""),
        ("ACHILLES_RANGE_M_S", "Range, by gait [m/s]", "published", "reiter2024"),
        ("ACHILLES_WALK", "Walking at 1.34 m/s [1]", "derived", "reiter2024"),
        ("ACHILLES_METHOD_FACTOR", "Highest over lowest method [1]", "choice", ""),
        ("ACHILLES_METHOD_INTERVAL_SCORE", "Score at which that factor spans the interval [1]", "choice", ""),
        ("ACHILLES_CV", "Spread that follows from both [1]", "derived", ""),
        ("ACHILLES_BACKWARD_BOUNDS", "Backward bounds, times forward [1]", "choice", "devita1991"),
        ("TIBIAL_COEFFICIENTS", "Constant, by force, by speed, by slope", "choice", "matijevich2019"),
        ("TIBIAL_RANGE_M_S", "Range [m/s]", "published", "matijevich2019"),
        ("TIBIAL_SD_BW", "Absolute spread [BW]", "choice", ""),
        ("TIBIAL_CV", "Relative spread [1]", "choice", ""),
        ("VERTICAL_FORCE_SLOPE_RANGE_DEG", "Slopes of measured peak force [deg]", "published", "alcantara2022"),
        ("PATELLOFEMORAL_SLOPE_RANGE_DEG", "Slopes of unchanged knee moments [deg]", "published", "telhan2010"),
        ("EVIDENCE_GRADES", "Grades of each indicator, forward and backward, by gait", "choice", ""),
    ),
    *rows(
        "uncertainty",
        uncertainty,
        ("MODEL_FORWARD_CV", "Forward equation around group means [1]", "choice", ""),
        ("PERSON_FORWARD_CV.run", "People around a group, forward [1]", "published", "diprampero1986"),
        ("PERSON_FORWARD_CV.walk", "People around a group, forward [1]", "choice", "williford1998"),
        ("PERSON_RATIO_CV", "People around a group's ratio, by gait [1]", "choice", "williford1998 masumoto2023"),
        ("CONVERSION_CV", "Kilocalories per litre of oxygen, ten equations [1]", "derived", "kipp2018"),
        ("DEFAULT_INTERVAL", "Probability inside an interval when none is asked [1]", "choice", ""),
        ("MAXIMUM_INPUT_CV", "Largest error of a caller's input [1]", "choice", ""),
        ("UNMEASURED_STUDY_FACTOR", "Widening where the ratio was not measured [1]", "choice", ""),
    ),
    *rows(
        "calibration",
        calibration,
        ("IMPLAUSIBLE_FACTOR", "Measured over predicted that is taken as a mistake [1]", "choice", ""),
        ("MEASUREMENT_CV", "Error of one own measurement when none is given [1]", "choice", ""),
    ),
    *rows(
        "movement",
        movement,
        ("BEYOND_THE_ROOT", "Reach of a search beyond a root at its end [1]", "choice", ""),
        ("LEAST_ELASTICITY", "Elasticity below which a solved speed is undefined [1]", "choice", ""),
    ),
    *rows(
        "quantities",
        quantities,
        ("PLAUSIBLE_UPTAKE_ML_KG_MIN", "Oxygen uptake above which none is plausible [ml/kg/min]", "choice", ""),
        ("WALKING_SPEED_HIGH_M_S", "Fastest speed taken as walking [m/s]", "choice", ""),
    ),
]
"""Each constant of the physiology: its group, module, name, meaning, standing and references."""


@cache
def coefficients_hash() -> str:
    """Return a short hash of every number that can change an answer, to twelve significant digits.

    Of every constant, every range of an equation, every bound of what may be sent, and every cell of the tables but
    the notes, each with its public name: neither where a constant is nor where a table lies is in it.

    Examples
    --------
    >>> len(coefficients_hash())
    12
    """
    lines = "\n".join(
        f"{path}={leaf if isinstance(leaf, str) else format(leaf, '.12g')}" for path, leaf in everything()
    )
    return hashlib.sha256(lines.encode()).hexdigest()[:12]


def everything() -> Iterator[tuple[str, float | str]]:
    """Yield what the hash is of, each number or word with its public path."""
    for row in constant_rows():
        yield from leaves_of(row)
    for gait_name, models in energy_models.ENERGY_MODELS.items():
        for name, model in models.items():
            ranges = (model.speed_range_m_s, model.grade_range, model.defined_grade)
            yield from leaves(f"energy_models.{gait_name}.{name}", ranges)
    yield from leaves("grades", {name: graded.grade for name, graded in QUANTITY_GRADES.items()})
    yield from bounds()
    for table_name in get_args(TableName):
        for index, cells in enumerate(table(table_name)):
            yield from leaves(f"tables.{table_name}[{index}]", {key: cells[key] for key in cells if key != "note"})


def constant_rows() -> list[Row]:
    """Return every constant: of the physiology, and of how an answer is worked out."""
    from models.method_constants import METHOD_CONSTANTS  # noqa: PLC0415 - its modules ask for the hash themselves

    return [*CONSTANTS, *METHOD_CONSTANTS]


def bounds() -> Iterator[tuple[str, float]]:
    """Yield every bound of what a caller may send, with its public path."""
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
            "meaning": f"Bound of what a caller may send [{INPUTS[path.split('.')[1]].unit}]",
            "standing": "choice",
            "references": [],
        }
        for path, number in bounds()
    ]
    return {
        "version": __version__,
        "hash": coefficients_hash(),
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
