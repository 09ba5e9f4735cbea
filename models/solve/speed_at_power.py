"""The speed at which going forward or backward costs a given power, and which targets have such a speed at all."""

from collections.abc import Callable
from typing import Final, NamedTuple, cast

import numpy as np

from retrorun.models.estimate.builder import AnswerBuilder
from retrorun.models.estimate.case import Case, backward_power, forward_power
from retrorun.models.estimate.equal_intensity import LEAST_ELASTICITY, Movement
from retrorun.models.estimate.estimate import compute
from retrorun.models.numerics.arithmetic import Column, Mask, Number
from retrorun.models.physiology.direction import elasticity
from retrorun.models.solve.crossings import NODES, OfSpeed, crossings
from retrorun.models.solve.load_ranges import at_speeds
from retrorun.models.vocabulary.choices import Direction
from retrorun.models.vocabulary.errors import Undefined

INWARD: Final = 1e-12
"""Share by which the ends of what is attainable are drawn inward, so that rounding leaves them attainable (choice)."""


class Attainable(NamedTuple):
    """Least and greatest value that a target can take, and the one nearest to what was asked for."""

    low: float
    high: float
    nearest: float


def drawn_inward(low: float, high: float) -> tuple[float, float]:
    """Return the ends of what is attainable drawn inward, and as they are where nothing would be left between them.

    Examples
    --------
    >>> drawn_inward(0.75, 0.75)
    (0.75, 0.75)
    """
    drawn = low * (1 + INWARD), high * (1 - INWARD)
    return drawn if drawn[0] <= drawn[1] else (low, high)


def power_at(case: Case, direction: Direction) -> Callable[[Number], Number]:
    """Return the power of a direction as a function of speed, on the grade and with the rest of a case [W/kg]."""
    return forward_power(case) if direction == "forward" else backward_power(case)


def energies_at(case: Case, speeds: Number, *, score: float = 1.0) -> tuple[AnswerBuilder, Movement]:
    """Return the energies of a case at other speeds, both ways."""
    return compute(at_speeds(case, speeds), score=score, include=["energy"])


def has_estimate(case: Case, speeds: Column) -> Mask:
    """Say at which speeds a bout has an estimate of energy."""
    # An active energy of nearly nothing has an endless interval; such a speed is refused.
    with np.errstate(all="ignore"):
        builder, _ = energies_at(case, speeds)
    there = np.ones(speeds.shape, dtype=bool)
    for _, refused in builder.refusals:
        there &= ~np.asarray(refused)
    return there


def solvable(case: Case, direction: Direction, speeds: Column) -> Mask:
    """Say at which speeds power rises steeply enough to solve for the speed."""
    steepness = elasticity(power_at(case, direction), speed_m_s=speeds)
    steep: Mask = np.asarray(steepness >= LEAST_ELASTICITY)
    return has_estimate(case, speeds) & steep


def speed_at(case: Case, direction: Direction, *, power_w_kg: float, bounds_m_s: tuple[float, float]) -> float | None:
    """Return the speed at which a direction costs a power.

    Parameters
    ----------
    case : Case
        The bout at any speed.
    direction : {"forward", "backward"}
        Direction.
    power_w_kg : float
        Gross metabolic power [W/kg].
    bounds_m_s : tuple of float
        Slowest and fastest speed to look at [m/s].

    Returns
    -------
    float or None
        Speed, None where no speed within the bounds costs that and can be told from it [m/s].

    Notes
    -----
    At most one does: where power rises by at least a tenth of the relative change of speed, no equation takes the
    same power twice, whatever the grade (tested).
    """
    found, _ = crossings(cast(OfSpeed, power_at(case, direction)), np.linspace(*bounds_m_s, NODES), power_w_kg)
    found = found[solvable(case, direction, found)]
    return float(found[-1]) if found.size else None


def attainable(
    value_at: OfSpeed, known_at: Callable[[Column], Mask], bounds_m_s: tuple[float, float], target: float
) -> Attainable:
    """Return what a target can be over the speeds where it is known.

    Parameters
    ----------
    value_at, known_at : callable
        The target's quantity at each speed, and whether that speed can be an answer.
    bounds_m_s : tuple of float
        Slowest and fastest speed to look at [m/s].
    target : float
        What was asked for.

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
        raise Undefined("", "No speed of this gait can be told from what it costs: check what was given.")
    low, high = drawn_inward(float(values.min()), float(values.max()))
    nearest = float(values[np.abs(values - target).argmin()])
    return Attainable(low, high, min(max(nearest, low), high))
