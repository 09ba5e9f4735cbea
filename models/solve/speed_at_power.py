"""Find the speed at which going forward or backward takes a given power, and the targets that have such a speed."""

from collections.abc import Callable
from dataclasses import replace
from functools import reduce
from typing import Final, NamedTuple, cast

import numpy as np

from retrorun.models.estimate.builder import AnswerBuilder
from retrorun.models.estimate.case import Case, backward_power, forward_power, own_factor
from retrorun.models.estimate.energy_section import forward_grade
from retrorun.models.estimate.equal_intensity import LEAST_ELASTICITY, Movement, solved_grades
from retrorun.models.estimate.estimate import compute
from retrorun.models.numerics.arithmetic import Column, Mask, Number
from retrorun.models.physiology import energy
from retrorun.models.physiology.direction import elasticity
from retrorun.models.physiology.grades import Code, weaker
from retrorun.models.solve.crossings import NODES, OfSpeed, crossings
from retrorun.models.solve.load_ranges import at_speeds
from retrorun.models.vocabulary.choices import Direction
from retrorun.models.vocabulary.errors import Undefined

INWARD: Final = 1e-12
"""Share by which the ends of an attainable range are moved inward, so that rounding keeps them attainable (choice)."""


class Attainable(NamedTuple):
    """The lowest and highest value that a target can take, and the value nearest to the request."""

    low: float
    high: float
    nearest: float


def drawn_inward(low: float, high: float) -> tuple[float, float]:
    """Return the ends of an attainable range moved inward, or unchanged if nothing would be left between them.

    Examples
    --------
    >>> drawn_inward(0.75, 0.75)
    (0.75, 0.75)
    """
    drawn = low * (1 + INWARD), high * (1 - INWARD)
    return drawn if drawn[0] <= drawn[1] else (low, high)


def power_at(case: Case, direction: Direction) -> Callable[[Number], Number]:
    """Return a function that gives the power of a direction at each speed, the rest of the case unchanged [W/kg]."""
    power, own = (forward_power if direction == "forward" else backward_power)(case), own_factor(case)
    return lambda speed_m_s: own * power(speed_m_s)


def energies_at(case: Case, speeds: Number, *, score: float = 1.0) -> tuple[AnswerBuilder, Movement]:
    """Return the energies of a case at other speeds, in both directions."""
    return compute(at_speeds(case, speeds), score=score, include=["energy"])


def has_estimate(case: Case, speeds: Column) -> Mask:
    """Return the speeds at which a bout has an energy estimate, as a mask."""
    # Active energy near zero has an infinite interval; such a speed is refused.
    with np.errstate(all="ignore"):
        builder, _ = energies_at(case, speeds)
    there = np.ones(speeds.shape, dtype=bool)
    for _, refused in builder.refusals:
        there &= ~np.asarray(refused)
    return there


def solvable(case: Case, direction: Direction, speeds: Column) -> Mask:
    """Return where power rises steeply enough to solve for the speed, as a mask."""
    steepness = elasticity(power_at(case, direction), speed_m_s=speeds)
    steep: Mask = np.asarray(steepness >= LEAST_ELASTICITY)
    return has_estimate(case, speeds) & steep


def speed_at(case: Case, direction: Direction, *, power_w_kg: float, bounds_m_s: tuple[float, float]) -> float | None:
    """Return the speed at which a direction takes a given power.

    Parameters
    ----------
    case : Case
        The bout at any speed.
    direction : {"forward", "backward"}
        Direction.
    power_w_kg : float
        Gross metabolic power [W/kg].
    bounds_m_s : tuple of float
        Slowest and fastest speed to search [m/s].

    Returns
    -------
    float or None
        Speed [m/s]. None if no speed within the bounds takes that power, or power is too flat there.

    Notes
    -----
    At most one speed qualifies. Where the relative rise of power is at least a tenth of that of speed, no equation has
    the same power twice, on any grade (tested).
    """
    found, _ = crossings(cast(OfSpeed, power_at(case, direction)), np.linspace(*bounds_m_s, NODES), power_w_kg)
    found = found[solvable(case, direction, found)]
    return float(found[-1]) if found.size else None


def attainable(
    value_at: OfSpeed, known_at: Callable[[Column], Mask], bounds_m_s: tuple[float, float], target: float
) -> Attainable:
    """Return the range of values that a target can take, over the speeds where it is known.

    Parameters
    ----------
    value_at, known_at : callable
        The quantity at each speed, and the mask of speeds that can be an answer.
    bounds_m_s : tuple of float
        Slowest and fastest speed to search [m/s].
    target : float
        The requested value.

    Returns
    -------
    Attainable
        In the unit of the target.

    Raises
    ------
    Undefined
        No speed is known.
    """
    nodes = np.linspace(*bounds_m_s, NODES)
    known = known_at(nodes)
    edges = np.flatnonzero(known[1:] != known[:-1])
    nodes = np.union1d(nodes, [np.linspace(nodes[edge], nodes[edge + 1], NODES) for edge in edges])
    values = value_at(nodes[known_at(nodes)])
    if not values.size:
        raise Undefined("", "For this gait no speed can be computed from its cost. Check your inputs.")
    low, high = drawn_inward(float(values.min()), float(values.max()))
    nearest = float(values[np.abs(values - target).argmin()])
    return Attainable(low, high, min(max(nearest, low), high))


def power_of(target: str, value: float, case: Case) -> float:
    """Return the gross metabolic power of a target [W/kg]."""
    if target == "metabolic_power_w_kg":
        return value
    if target in {"total_energy_kcal", "active_energy_kcal"}:
        gross = value * energy.J_PER_KCAL / (case.body_mass_kg * case.duration_s)
        return cast(float, gross + (case.resting_w_kg if target == "active_energy_kcal" else 0.0))
    uptake = value * energy.MET_ML_KG_MIN if target == "met" else value
    return cast(float, energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=uptake))


def speeds_unchanged(speeds: Column) -> Column:
    """Return the speeds unchanged, for a target that is a speed."""
    return speeds


def has_attainable_cost(
    case: Case, other: Case, sides: tuple[Direction, Direction], speeds: Column, bounds_m_s: tuple[float, float]
) -> Mask:
    """Return where the power of a case is one that another case has at a solvable speed, as a mask."""
    cost = power_at(other, sides[1])
    reach = attainable(
        lambda there: cast(Column, cost(there)), lambda there: solvable(other, sides[1], there), bounds_m_s, 0.0
    )
    power = power_at(case, sides[0])(speeds)
    return np.asarray((power >= reach.low) & (power <= reach.high))


def speed_grade(direction: Direction, *bouts: Case) -> Code:
    """Return the evidence grade of a speed solved from power: the weakest grade of the bouts used.

    Forward it is the grade of the energies. Backward it is the weaker of that and the grade of the equal-rate speed.
    """
    grades = [forward_grade(bout) for bout in bouts]
    if direction == "backward":
        for bout in bouts:
            solved = solved_grades(replace(bout, equal="metabolic_rate"), bout.speed_m_s)[1]
            assert solved is not None
            grades.append(solved)
    return reduce(weaker, grades)
