"""Find where a curve over speed crosses a bound."""

from collections.abc import Callable
from typing import Final, TypeAlias, TypedDict

import numpy as np

from retrorun.models.numerics.arithmetic import Column
from retrorun.models.numerics.roots import ROUNDING, bracketed_root

OfSpeed: TypeAlias = Callable[[Column], Column]

NODES: Final = 257
"""Number of speeds at which a curve is sampled before its crossings are solved for (choice)."""

EXTREME_PASSES: Final = 3
"""Number of times that turning points are refined, by a parabola through three nodes (choice)."""


class SpeedRange(TypedDict):
    """A closed range of speeds."""

    low_speed_m_s: float
    high_speed_m_s: float


def crossings(value_at: OfSpeed, nodes: Column, bound: float) -> tuple[Column, Column]:
    """Find where a curve crosses a bound between neighbouring nodes.

    Parameters
    ----------
    value_at : callable
        Takes speeds and returns values, NaN where the curve is unknown.
    nodes : ndarray
        Increasing speeds, close enough that the curve crosses at most once between two of them [m/s].
    bound : float
        The bound, in the unit of the curve.

    Returns
    -------
    crossing, keeping : ndarray
        Each crossing, and the neighbouring node at or under the bound [m/s].

    Examples
    --------
    >>> found, keeping = crossings(lambda v: v * v, np.array([0.0, 1.0, 2.0]), 2.25)
    >>> found.round(12), keeping
    (array([1.5]), array([1.]))
    """
    values = value_at(nodes)
    keeps, known = values <= bound, np.isfinite(values)
    here = known[:-1] & known[1:] & (keeps[:-1] != keeps[1:])
    keeping = np.where(keeps[:-1], nodes[:-1], nodes[1:])[here]
    breaking = np.where(keeps[:-1], nodes[1:], nodes[:-1])[here]
    if not here.any():
        return keeping, keeping
    found = bracketed_root(lambda speeds: value_at(np.asarray(speeds)) - bound, low=breaking, high=keeping)
    return np.asarray(found), keeping


def ranges_under(value_at: OfSpeed, nodes: Column, bound: float) -> list[SpeedRange]:
    """Return every closed range of speeds in which a curve is known and stays at or under a bound.

    Parameters
    ----------
    value_at : callable
        Takes speeds and returns values, NaN where the curve is unknown.
    nodes : ndarray
        Increasing speeds that include every kink; turning points are added [m/s].
    bound : float
        The bound, in the unit of the curve.

    Returns
    -------
    list of SpeedRange
        From slow to fast. The ends keep the bound too.

    Examples
    --------
    >>> ranges_under(lambda v: (v - 2) * (v - 2), np.linspace(0.0, 4.0, 9), 1.0)
    [{'low_speed_m_s': 1.0, 'high_speed_m_s': 3.0}]
    """
    nodes = with_turning_points(value_at, nodes)
    ends, keeping = crossings(value_at, nodes, bound)
    share = ROUNDING
    # A root is exact only to rounding: move each end towards the node that keeps the bound, until it does too.
    while (broken := value_at(ends) > bound).any() and share < 1:
        ends = np.where(broken, ends + share * (keeping - ends), ends)
        share *= 2
    nodes = np.union1d(nodes, ends)
    keeps = np.concatenate(([False], value_at(nodes) <= bound, [False]))
    changes = np.flatnonzero(keeps[1:] != keeps[:-1])
    return [
        {"low_speed_m_s": float(nodes[first]), "high_speed_m_s": float(nodes[after - 1])}
        for first, after in changes.reshape(-1, 2)
    ]


def with_turning_points(value_at: OfSpeed, nodes: Column) -> Column:
    """Return nodes with the turning points of a smooth curve, so that it is monotone between neighbours.

    Examples
    --------
    >>> with_turning_points(lambda v: (v - 1.5) * (v - 1.5), np.array([0.0, 1.0, 2.5])).tolist()
    [0.0, 1.0, 1.5, 2.5]
    """
    for _ in range(EXTREME_PASSES):
        values = value_at(nodes)
        before, here, after = nodes[:-2], nodes[1:-1], nodes[2:]
        fall, rise = values[1:-1] - values[:-2], values[2:] - values[1:-1]
        turns = (fall * rise <= 0) & (fall != rise)
        left, right = (fall / (here - before))[turns], (rise / (after - here))[turns]
        before, here, after = before[turns], here[turns], after[turns]
        # Where the slope of the parabola through three nodes is zero.
        turning = (before + here) / 2 + left * (after - before) / (2 * (left - right))
        nodes = np.union1d(nodes, turning[(turning > before) & (turning < after)])
    return nodes
