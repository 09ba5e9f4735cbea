"""Compare one measured value with the estimate of the running code."""

import math
from functools import cache
from typing import Any, Final, Literal, NotRequired, TypeAlias, TypedDict, cast

from retrorun.models.estimate.estimate import estimate
from retrorun.models.numerics.arithmetic import Number
from retrorun.models.physiology.uncertainty import DEFAULT_INTERVAL, root_sum_square, standard_score
from retrorun.models.sources.tables import Row, TableName, number
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Section
from retrorun.models.vocabulary.quantities import QUANTITIES

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
"""The compared equations: energy and direction models by name, the others by function."""

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
"""The compared quantities, by their names in an answer. A name without a unit is the ratio backward to forward."""

INTERVAL: Final = DEFAULT_INTERVAL
"""Probability inside the group interval, the same as in an answer."""

STANDARD_GRAVITY_M_S2: Final = 9.80665
"""By definition."""


class Comparison(TypedDict):
    """One measured value and the estimate of the running code."""

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
    """A row of a table that no model predicts, with the reason."""

    table: TableName
    row: int
    study: str
    quantity: str
    reason: str


def compare(
    name: TableName,
    *rows: Row,
    model: ComparedModel,
    indicator: ComparedIndicator,
    unit: str,
    measured: float,
    predicted: Number,
    person: Number = 0.0,
    fixed: Number = 0.0,
    in_range: bool = True,
    direction_model: DirectionModelName | None = None,
    fitted: bool = False,
    speed_m_s: float | None = None,
    note: str = "",
) -> Comparison:
    """Return one comparison. The last row describes it; unknown fields are missing.

    Parameters
    ----------
    name, rows : str, Row
        Table, and its rows with the measured value.
    model, direction_model, indicator, unit : str
        The compared model, quantity and unit.
    measured, predicted : float
        In the unit.
    person, fixed : float
        Spread between people, which shrinks with the sample size, and spread that does not; 0 if there is none [1].
    in_range, fitted : bool
        Whether the range of the equation covers the row, and whether the row was used to fit it.
    speed_m_s : float, optional
        Speed if the row has none [m/s].
    note : str
        A remark.
    """
    cells = rows[-1].cells
    predicted = cast(float, predicted)
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
        "in_range": in_range,
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
    spread = cast(float, root_sum_square(fixed, person / math.sqrt(people)) if people else fixed)
    if spread:
        result["group_spread"] = spread
        result["standard_score"] = math.log(predicted / measured) / spread
        result["inside"] = abs(result["standard_score"]) <= standard_score(INTERVAL)
    if "confidence" in cells:
        result["standing"] = cells["confidence"]
    if note:
        result["note"] = note
    return result


def not_predicted_row(name: TableName, row: Row, reason: str) -> NotPredicted:
    """Return the entry of a row that no model predicts."""
    cells = row.cells
    words = {"energy": "energy", "ratios": "total_energy"}
    quantity = cells.get("indicator") or cells.get("quantity") or words[name]
    return {"table": name, "row": row.number, "study": cells["study"], "quantity": quantity, "reason": reason}


@cache
def estimated(section: Section, *path: str, speed_m_s: float, gait: Any, **further: Any) -> float:
    """Return a value of the service's own estimate. Body mass and duration are examples; they cancel.

    Examples
    --------
    >>> round(estimated("timing", "forward", "cadence_steps_per_min", speed_m_s=2.5, gait="run"), 1)
    158.2
    """
    found: Any = estimate(
        body_mass_kg=QUANTITIES["body_mass_kg"].example,
        duration_s=QUANTITIES["duration_s"].example,
        speed_m_s=speed_m_s,
        gait=gait,
        include=(section, "ratio") if path[0] == "ratio" else (section,),
        **further,
    )
    for word in path:
        found = found[word]
    return cast(float, found["value"])
