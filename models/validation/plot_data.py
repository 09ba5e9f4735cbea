"""Compute the data of the plots per kilogram of body mass: energy over speed with measurements, and loads at one speed.

All speeds are one column, computed by the code of `/estimate`. Body mass cancels.
"""

import re
from typing import Final, Literal, NamedTuple, TypeAlias, cast

import numpy as np

from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute, estimate, references
from retrorun.models.estimate.inputs import energy_model_of, grade_of, person_of
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Column, Condition, Mask, Number, outside
from retrorun.models.physiology import direction, energy, energy_models
from retrorun.models.physiology.uncertainty import DEFAULT_INTERVAL
from retrorun.models.sources.tables import number, numbered
from retrorun.models.vocabulary.answer import Assumed, BoundedIndicator, Load
from retrorun.models.vocabulary.choices import DIRECTIONS, Direction, DirectionModelName, EnergyModelName, Gait
from retrorun.models.vocabulary.quantities import QUANTITIES

Per: TypeAlias = Literal["second", "km"]

PLOTTED_M_S: Final[dict[Gait, tuple[float, float]]] = {"run": (1.5, 5.5), "walk": (0.4, 2.4)}
"""Range of speeds of a plot: those of the measurements with a margin, within plausible speeds (choice)."""
SPEEDS: Final = 81
"""Number of speeds in a curve, enough to look smooth (choice)."""
EXAMPLE_M_S: Final[dict[Gait, float]] = {"run": QUANTITIES["speed_m_s"].example, "walk": 1.4}
"""Speed at which text describes a plot, and the speed of loads if none is given (choice)."""
BODY_MASS_KG: Final = QUANTITIES["body_mass_kg"].example
"""Any value works, since it cancels."""

UNITS: Final[dict[Per, str]] = {
    "second": QUANTITIES["metabolic_power_w_kg"].unit,
    "km": QUANTITIES["energy_per_km_kcal_kg"].unit,
}

TABLE_VALUE: Final = "table value, no n"
"""Text instead of the size of a group if there is no group."""

BACKWARD_ONLY: Final = {
    cautions.BACKWARD_BEYOND_MEASUREMENT,
    cautions.BACKWARD_BELOW_MEASUREMENT,
    cautions.BACKWARD_DOWNHILL,
    cautions.BACKWARD_WALKING_SPEED,
    cautions.IMPLAUSIBLE_UPTAKE["backward"],
    *cautions.BACKWARD_UPHILL.values(),
}
"""Warnings outside the data that apply only to backward energy."""

LOADS_OUTSIDE: Final[dict[str, set[str]]] = {
    "peak_vertical_force_bw": {
        *cautions.VERTICAL_FORCE_SPEED.values(),
        cautions.VERTICAL_FORCE_GRADE,
    },
    "patellofemoral_peak_force_bw": {cautions.PATELLOFEMORAL_SPEED, cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT},
    "patellofemoral_impulse_per_km_bw_s": {cautions.PATELLOFEMORAL_SPEED},
    "tibial_compression_peak_bw": {cautions.TIBIAL_SPEED},
    "achilles_relative_load": {
        *cautions.ACHILLES_SPEED.values(),
        cautions.LOAD_ON_GRADE,
    },
}
"""Indicators of a plot, each with the warnings that mean that it is outside its data."""


class Curve(NamedTuple):
    """One direction: its estimates over the speeds, and where they are outside the data."""

    value: Column
    low: Column
    high: Column
    outside_data: Mask


class Measured(NamedTuple):
    """A published value in the unit of the curves: the mean of a group, or a table value."""

    study: str
    name: str
    """The study with a suffix that distinguishes its rows."""
    direction: Direction
    speed_m_s: float
    value: float
    standing: str
    group: str
    """Number of people, or a text if there is no group."""


class EnergyCurves(NamedTuple):
    """Gross energy over speed, forward and backward at equal speed, per kilogram of body mass."""

    gait: Gait
    grade: float
    energy_model: str
    direction_model: str
    interval: float
    per: Per
    example_m_s: float
    speed_m_s: Column
    forward: Curve
    backward: Curve
    measured: list[Measured]
    notes: list[str]
    """Cautions, as text."""
    references: list[str]
    """Ids of the sources of the curves."""


class Loads(NamedTuple):
    """Joint-load indicators of both directions at one speed. A missing indicator or direction is unknown."""

    gait: Gait
    speed_m_s: float
    grade: float
    interval: float
    forward: Load | None
    backward: Load | None
    outside_data: set[str]
    """Indicators outside their data."""
    notes: list[str]
    """Text about the meaning of the loads, missing data and cautions."""
    in_short: str
    """The meaning of the loads in one line."""
    references: list[str]
    """Ids of the sources."""
    knee: str
    """The sentence of the summary on the knee-cap."""


def energy_curves(
    *,
    gait: Gait = "run",
    grade: float | None = None,
    energy_model: EnergyModelName | None = None,
    direction_model: DirectionModelName | None = None,
    interval: float | None = None,
    per: Per = "second",
) -> EnergyCurves:
    """Return gross energy over speed, forward and backward, with published values on the same grade.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait of both directions.
    grade : float, optional
        Rise over run, 0 when left out [1].
    energy_model, direction_model : str, optional
        Forward equation, the default of the gait when left out, and source of the running ratio.
    interval : float, optional
        Probability inside each interval, 0.90 when left out [1].
    per : {"second", "km"}
        Power [W/kg], or energy of a kilometre [kcal/kg/km].

    Returns
    -------
    EnergyCurves
        Columns over the speeds of `PLOTTED_M_S` and the ends of the data.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.vocabulary.quantities`.
    Conflict
        An equation of the other gait.
    Undefined
        An equation that is not defined on the grade, or an energy too close to rest at some speed.

    Examples
    --------
    >>> curves = energy_curves()
    >>> at = list(curves.speed_m_s).index(curves.example_m_s)
    >>> round(float(curves.forward.value[at]), 2), round(float(curves.backward.value[at]), 2)
    (10.52, 13.67)
    >>> [round(point.value, 2) for point in curves.measured if point.study == "Williford 1998"]
    [9.3, 10.73]
    """
    assumed: Assumed = {}
    name = energy_model_of(energy_model, gait, assumed)
    person = person_of(assumed, body_mass_kg=BODY_MASS_KG, direction_model=direction_model, interval=interval)
    speeds = plotted_speeds(gait, name)
    case = Case(
        gait=gait,
        energy_model=name,
        direction_model=person.direction_model,
        body_mass_kg=person.body_mass_kg,
        speed_m_s=speeds,
        duration_s=1.0,
        distance_m=speeds,
        grade=grade_of(grade, assumed),
        resting_w_kg=person.resting_w_kg,
        step_rate_ratio=person.step_rate_ratio,
    )
    builder, _ = compute(case, score=person.score, include=["energy"])
    for error, condition in builder.refusals:
        if np.any(condition):
            raise error
    codes = [(code, condition) for code, condition in builder.warnings if code.startswith("energy.")]
    quantity, scale = ("metabolic_power_w_kg", 1.0) if per == "second" else ("energy_per_km_kcal", case.body_mass_kg)

    def curve(section: dict[str, dict[str, Number]], conditions: list[Condition]) -> Curve:
        left = np.zeros(speeds.shape, bool)
        for condition in conditions:
            left = left | condition
        value, low, high = (cast(Column, section[quantity][end] / scale) for end in ("value", "low", "high"))
        return Curve(value, low, high, left)

    return EnergyCurves(
        gait,
        cast(float, case.grade),
        name,
        person.direction_model,
        person.interval,
        per,
        EXAMPLE_M_S[gait],
        speeds,
        curve(builder.forward, [condition for code, condition in codes if code not in BACKWARD_ONLY]),
        curve(builder.backward, [condition for _, condition in codes]),
        measured(gait=gait, grade=cast(float, case.grade), per=per),
        [cautions.WARNINGS[code]["message"] for code in (cautions.NOVICE, cautions.FALL)],
        [*references(gait, "speed", name, person.own_rest, frozenset({"energy"}))],
    )


def plotted_speeds(gait: Gait, energy_model: str) -> Column:
    """Return the speeds of a plot [m/s]: a grid, the ends of the data, and the speed of the text.

    Examples
    --------
    >>> speeds = plotted_speeds("run", "looney2025")
    >>> {1.5, 1.8, 2.5, 3.5, 5.2, 5.5} <= set(speeds.tolist())
    True
    """
    low, high = PLOTTED_M_S[gait]
    of_ratio = direction.WALKING_RATIO_RANGE_M_S if gait == "walk" else (direction.BACKWARD_MEASURED_TO_M_S,)
    ends = [EXAMPLE_M_S[gait], *energy_models.ENERGY_MODELS[gait][energy_model].speed_range_m_s, *of_ratio]
    return np.union1d(np.linspace(low, high, SPEEDS), [end for end in ends if low < end < high])


def measured(*, gait: Gait, grade: float, per: Per) -> list[Measured]:
    """Return the rows of the energy table with oxygen uptake at a speed, in this gait and on this grade.

    Examples
    --------
    >>> [(point.name, point.direction) for point in measured(gait="walk", grade=0.05, per="second")]
    [('Compendium 2024 code 17325', 'backward')]
    """
    found = []
    for row in numbered("energy"):
        cells = row.cells
        uptake, speed = number(cells["oxygen_uptake_ml_kg_min"]), number(cells["speed_m_s"])
        ground = number(cells["grade"])
        if uptake is None or speed is None or ground is None or cells["gait"] != gait:
            continue
        if outside(ground - grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE)):
            continue
        power = cast(float, energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=uptake))
        value = power if per == "second" else power / speed * (1000 / energy.J_PER_KCAL)
        study = re.sub(r" code \d+$", "", cells["study"])
        way = cast(Direction, cells["direction"])
        group = f"n {cells['n']}" if cells["n"] else TABLE_VALUE
        found.append(Measured(study, cells["study"], way, speed, value, cells["confidence"], group))
    # Backward last, so that it is drawn over the denser forward points.
    return sorted(found, key=lambda point: DIRECTIONS.index(point.direction))


def loads(
    *,
    speed_m_s: float | None = None,
    gait: Gait | None = None,
    grade: float | None = None,
    interval: float | None = None,
) -> Loads:
    """Return the joint-load indicators of both directions at one speed.

    Parameters
    ----------
    speed_m_s : float, optional
        Speed of both directions, from `EXAMPLE_M_S` when left out [m/s].
    gait : {"run", "walk"}, optional
        Gait of both directions; from the speed when left out.
    grade : float, optional
        Rise over run, 0 when left out [1].
    interval : float, optional
        Probability inside each interval, 0.90 when left out [1].

    Returns
    -------
    Loads
        The loads of an estimate.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.vocabulary.quantities`.

    Examples
    --------
    >>> found = loads()
    >>> round(found.forward["patellofemoral_peak_force_bw"]["value"], 3), found.speed_m_s, found.gait
    (4.515, 2.5, 'run')
    >>> "tibial_compression_peak_bw" in found.backward
    False
    """
    speed = EXAMPLE_M_S[gait or "run"] if speed_m_s is None else speed_m_s
    answer = estimate(
        body_mass_kg=BODY_MASS_KG,
        duration_s=QUANTITIES["duration_s"].example,
        speed_m_s=speed,
        gait=gait,
        grade=grade,
        interval=interval,
        include=["summary", "load", "ratio", "references"],
    )
    codes = {warning["code"] for warning in answer["warnings"]}
    notes = [warning["message"] for warning in answer["warnings"]]
    return Loads(
        answer["gait"],
        speed,
        0.0 if grade is None else grade,
        DEFAULT_INTERVAL if interval is None else interval,
        answer["forward"].get("load"),
        answer["backward"].get("load"),
        {name for name, leaving in LOADS_OUTSIDE.items() if leaving & codes},
        notes,
        cautions.LOAD_MEANING_IN_SHORT,
        answer["references"],
        answer["summary"]["knee"]["text"],
    )


def indicator(load: Load | None, name: str) -> BoundedIndicator | None:
    """Return an indicator by its name, or None if it is unknown."""
    return cast(dict[str, BoundedIndicator], load or {}).get(name)
