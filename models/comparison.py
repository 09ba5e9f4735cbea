"""One measured value beside what the running code gives for it."""

import math
from collections.abc import Mapping
from typing import Any, Final, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict

from models.answer import Estimate
from models.direction import DirectionModelName
from models.energy import EnergyModelName
from models.estimate import estimate
from models.evidence import TableName, table
from models.quantities import QUANTITIES
from models.uncertainty import DEFAULT_INTERVAL, root_sum_square, standard_score

ComparedModel: TypeAlias = Literal[
    EnergyModelName,
    DirectionModelName,
    "running_cadence",
    "walking_cadence",
    "running_contact_time",
    "cadence_ratio",
    "contact_time_ratio",
    "peak_vertical_force",
    "peak_vertical_force_ratio",
    "patellofemoral_peak_force",
    "patellofemoral_ratio",
    "patellofemoral_impulse",
    "knee_extensor_moment_ratio",
    "achilles_relative_load",
    "tibial_compression_peak",
    "tibial_compression_peak_of_measured_force",
]
"""The equations that are compared: energy and direction models by their names, the others by their function."""

ComparedIndicator: TypeAlias = Literal[
    "oxygen_uptake_ml_kg_min",
    "net_cost_j_kg_m",
    "total_energy",
    "cadence_steps_per_min",
    "contact_time_s",
    "cadence",
    "contact_time",
    "peak_vertical_force_bw",
    "peak_vertical_force",
    "patellofemoral_peak_force_bw",
    "patellofemoral_peak_force",
    "patellofemoral_peak_force_change",
    "patellofemoral_impulse_per_km_change",
    "knee_extensor_moment_ratio",
    "achilles_relative_load",
    "tibial_compression_peak_bw",
]
"""What is compared, by its word in an answer; a word without a unit is the ratio backward over forward."""

INTERVAL: Final = DEFAULT_INTERVAL
"""Probability inside the group interval: that of an answer."""

STANDARD_GRAVITY_M_S2: Final = 9.80665
"""By definition."""


class Row(NamedTuple):
    """One row of a table, and its number counted from 1 after the header."""

    number: int
    cells: Mapping[str, str]


class Comparison(TypedDict):
    """One measured value beside the value that the running code gives for it."""

    table: TableName
    rows: list[int]
    study: str
    doi: NotRequired[str]
    gait: str
    direction: str
    speed_m_s: NotRequired[float]
    grade: NotRequired[float]
    n: NotRequired[int]
    model: ComparedModel
    direction_model: NotRequired[DirectionModelName]
    indicator: ComparedIndicator
    unit: str
    measured: float
    predicted: float
    error: float
    relative_error: float
    group_spread: NotRequired[float]
    standard_score: NotRequired[float]
    inside: NotRequired[bool]
    in_range: bool
    fitted: bool
    standing: NotRequired[str]
    note: NotRequired[str]


class NotPredicted(TypedDict):
    """A row of a table that no model predicts, and why."""

    table: TableName
    row: int
    study: str
    quantity: str
    reason: str


class Outcome(NamedTuple):
    """What the running code gives, how far a group's mean may lie from it, and whether its range covers it."""

    predicted: float
    spread: float | None
    in_range: bool


def numbered(name: TableName) -> list[Row]:
    """Return the rows of a table with their numbers."""
    return [Row(number, cells) for number, cells in enumerate(table(name), start=1)]


def number(text: str) -> float | None:
    """Return a cell as a number, or None where it holds none or a range.

    Examples
    --------
    >>> number("0.5"), number(""), number("0-0.25")
    (0.5, None, None)
    """
    try:
        return float(text)
    except ValueError:
        return None


def group_spread(cells: Mapping[str, str], *, person: float, fixed: float = 0.0) -> float | None:
    """Return how far a group's mean may lie from a model: what does not average out, and the person part.

    Parameters
    ----------
    cells : mapping
        Row of a table; its `n` divides the person part.
    person : float
        Spread between people [1].
    fixed : float
        Model and study parts [1].

    Returns
    -------
    float or None
        Coefficient of variation; None where nothing is left because the row has no sample size [1].

    Examples
    --------
    >>> group_spread({"n": "9"}, person=0.3), group_spread({"n": ""}, person=0.3)
    (0.09999999999999999, None)
    """
    people = number(cells["n"])
    spread = root_sum_square(fixed, person / math.sqrt(people)) if people else fixed
    assert isinstance(spread, float)
    return spread or None


def compare(
    name: TableName,
    *rows: Row,
    model: ComparedModel,
    indicator: ComparedIndicator,
    unit: str,
    measured: float,
    outcome: Outcome,
    direction_model: DirectionModelName | None = None,
    fitted: bool = False,
    speed_m_s: float | None = None,
    note: str = "",
) -> Comparison:
    """Return one comparison; what stands in the last row describes it, and what is unknown is absent."""
    cells = rows[-1].cells
    predicted = outcome.predicted
    error = predicted - measured
    result: Comparison = {
        "table": name,
        "rows": [row.number for row in rows],
        "study": cells["study"],
        "gait": cells["gait"],
        "direction": cells.get("direction", "backward"),
        "model": model,
        "indicator": indicator,
        "unit": unit,
        "measured": measured,
        "predicted": predicted,
        "error": error,
        "relative_error": error / abs(measured),
        "in_range": outcome.in_range,
        "fitted": fitted,
    }
    if cells["doi_checked"] == "yes":
        result["doi"] = cells["doi"]
    speed = number(cells["speed_m_s"]) if speed_m_s is None else speed_m_s
    if speed is not None:
        result["speed_m_s"] = speed
    # Timing rows have no grade: they were measured on the level.
    grade = number(cells.get("grade", "0"))
    if grade is not None:
        result["grade"] = grade
    people = number(cells["n"])
    if people is not None:
        result["n"] = int(people)
    if direction_model is not None:
        result["direction_model"] = direction_model
    if outcome.spread is not None:
        result["group_spread"] = outcome.spread
        result["standard_score"] = math.log(predicted / measured) / outcome.spread
        result["inside"] = abs(result["standard_score"]) <= standard_score(INTERVAL)
    if "confidence" in cells:
        result["standing"] = cells["confidence"]
    if note:
        result["note"] = note
    return result


def left_out(name: TableName, row: Row, reason: str) -> NotPredicted:
    """Return a row that no model predicts."""
    cells = row.cells
    words = {"energy": "energy", "ratios": "total_energy"}
    quantity = cells.get("indicator") or cells.get("quantity") or words[name]
    return {"table": name, "row": row.number, "study": cells["study"], "quantity": quantity, "reason": reason}


def answer_of(*, speed_m_s: float, gait: Any, **further: Any) -> Estimate:
    """Return the service's own answer at a speed; mass and duration are its examples and cancel in what is read."""
    return estimate(
        body_mass_kg=QUANTITIES["body_mass_kg"].example,
        duration_s=QUANTITIES["duration_s"].example,
        speed_m_s=speed_m_s,
        gait=gait,
        **further,
    )
