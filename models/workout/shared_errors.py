"""How the estimates of segments add up: errors of the person and of the models are shared, so they do not average out.

A `Sum` is kept for each gait, with what the shared errors move it by; `interval` and `ratio` bring the gaits together.
What is moved is kept by speed and grade too, on a `Grid`: in a ratio only what is done alike on both sides cancels.
"""

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrorun.models.estimate.builder import Values, around
from retrorun.models.numerics.arithmetic import Column, Rows
from retrorun.models.physiology.grades import GRADES
from retrorun.models.vocabulary.answer import Graded, Indicator
from retrorun.models.vocabulary.choices import EvidenceGrade, Gait

SPEED_APART_M_S: Final = 0.5
"""Difference of speed from which one error is no longer taken for the other where they would cancel (choice)."""

GRADE_APART: Final = 0.05
"""The same for grades (choice)."""


class Grid(NamedTuple):
    """Points of speed and grade, and how much of each segment stands at which: the nearer, the more.

    Segments at the same speed and grade stand at the same points in the same shares; between points the shares change
    evenly, so that a small change of speed is a small change of everything.
    """

    size: int
    point: NDArray[np.intp]
    """The four points around each segment, a row for each."""
    share: Column
    """How much of the segment stands at each of them; rows sum to 1."""

    def placed(self, values: Column, rows: Rows) -> Column:
        """Return what values of some rows come to at each point."""
        weights = values[:, np.newaxis] * self.share[rows]
        found: Column = np.bincount(self.point[rows].ravel(), weights.ravel(), minlength=self.size).astype(np.float64)
        return found


def grid(*, speed_m_s: Column, grade: Column) -> Grid:
    """Return the grid under segments.

    Parameters
    ----------
    speed_m_s : ndarray
        Speeds [m/s].
    grade : ndarray
        Rise over run [1].

    Returns
    -------
    Grid
        As wide as the segments need.

    Examples
    --------
    >>> found = grid(speed_m_s=np.array([2.5, 2.75]), grade=np.array([0.0, 0.0]))
    >>> found.placed(np.array([1.0, 1.0]), np.array([0, 1]))
    array([1.5, 0. , 0.5, 0. ])
    """
    axes = []
    for column, apart in ((speed_m_s, SPEED_APART_M_S), (grade, GRADE_APART)):
        below, share = np.divmod(column / apart, 1.0)
        below = (below - below.min()).astype(np.intp)
        axes.append(((below, 1.0 - share), (below + 1, share)))
    width = int(axes[1][1][0].max()) + 1
    corners = list(itertools.product(*axes))
    return Grid(
        size=(int(axes[0][1][0].max()) + 1) * width,
        point=np.column_stack([along * width + across for (along, _), (across, _) in corners]),
        share=np.column_stack([of_speed * of_grade for (_, of_speed), (_, of_grade) in corners]),
    )


class Sum(NamedTuple):
    """A sum over segments of one gait, and what one standard deviation of each shared error moves it by."""

    value: float
    forward: Column
    """The error that both directions have, person, equation and conversion: at each point of the grid."""
    ratio: Column
    """The error of the ratio backward to forward, of what is done backward alone: at each point of the grid."""
    evidence: EvidenceGrade
    """The weakest of its rows."""


Sums: TypeAlias = Mapping[Gait, Sum]


def combined_spread(*, forward: Iterable[float], ratio: Iterable[float]) -> float:
    """Return the spread of a sum over segments, or of the ratio of two such sums.

    Parameters
    ----------
    forward : iterable of float
        For each gait, speed and grade, the share of the total times forward spread; for a ratio, that of the numerator
        less that of the denominator [1].
    ratio : iterable of float
        The same of what is done backward, with the spread of the ratio backward to forward [1].

    Returns
    -------
    float
        Coefficient of variation, to first order [1].

    Notes
    -----
    With w the share of a segment in the total, d ln(total) = sum w f e_f + sum over backward w r e_r, with e_f and e_r
    independent of each other. How far the error at one speed, grade or gait is that at another is unknown, from not at
    all to wholly: of all that is possible the widest is taken (choice). In a total every part has the same sign,
    and the widest is one error for all: the parts add and do not average out. In a ratio of two sums, whose
    expansion is ln(a) - ln(b), parts of one gait, speed and grade cancel; what is left with one sign shares one error,
    and what is left with the other sign shares another.

    Examples
    --------
    Two segments of one gait, half the total each, the second one backward: 0.1 forward does not shrink.

    >>> round(combined_spread(forward=[0.5 * 0.1 + 0.5 * 0.1], ratio=[0.5 * 0.12]), 4)
    0.1166
    """
    return math.sqrt(_widest_variance(forward) + _widest_variance(ratio))


def _widest_variance(parts: Iterable[float]) -> float:
    column = np.fromiter(parts, dtype=np.float64)
    return float(column[column > 0].sum() ** 2 + column[column < 0].sum() ** 2)


def sum_over(
    name: str, forward: Values, section: Values, rows: Rows, times: Column, under: Grid, score: float
) -> Sum | None:
    """Return the sum of a quantity over rows of a section, None where it is unknown in any of them.

    Parameters
    ----------
    name : str
        Name of the quantity.
    forward, section : dict
        The quantities going forward, and in the direction the rows are done in; columns.
    rows : ndarray
        Which rows.
    times : ndarray
        How often each of them is done [1].
    under : Grid
        The grid under all rows.
    score : float
        Standard score of the intervals in the sections [1].

    Returns
    -------
    Sum or None
        The sum with its parts, in the unit of the quantity.
    """
    if name not in section:
        return None
    value = section[name]["value"][rows] * times
    total = float(value.sum())
    if np.isnan(total):
        return None
    shared = spread_of(forward[name], rows, score)
    moved, evidence = under.placed(value * shared, rows), grade_over(section[name]["evidence"], rows)
    if section is forward:
        return Sum(total, moved, np.zeros_like(moved), evidence)
    whole = spread_of(section[name], rows, score)
    of_ratio = np.maximum(whole * whole - shared * shared, 0.0) ** 0.5
    return Sum(total, moved, under.placed(value * of_ratio, rows), evidence)


def spread_of(interval: Values, rows: Rows, score: float) -> Column:
    """Return the coefficient of variation behind an interval [1]."""
    spread: Column = np.log(interval["high"][rows] / interval["value"][rows]) / score
    return spread


def largest(indicator: Values, rows: Rows) -> Indicator:
    """Return the largest of a peak load over rows in which it is known.

    Errors being shared, the quantiles of the largest are the largest of the quantiles; where a segment has only
    bounds, so has the largest.
    """
    ends = {name: float(indicator[name][rows].max()) for name in ("value", "low", "high") if name in indicator}
    grade = grade_over(indicator["evidence"], rows)
    found: Indicator = {"low": ends["low"], "high": ends["high"], "evidence": grade}
    return {"value": ends["value"], **found} if "value" in ends else found


def largest_of(found: Sequence[Indicator]) -> Indicator:
    """Return the largest of peak loads, with the weakest of their evidence grades.

    Examples
    --------
    >>> forward = {"value": 2.0, "low": 1.0, "high": 4.0, "evidence": "B"}
    >>> largest_of([forward, {"low": 1.5, "high": 3.0, "evidence": "D"}])
    {'low': 1.5, 'high': 4.0, 'evidence': 'D'}
    """
    ends: Indicator = {
        "low": max(one["low"] for one in found),
        "high": max(one["high"] for one in found),
        "evidence": weakest(one["evidence"] for one in found),
    }
    values = [one["value"] for one in found if "value" in one]
    return {"value": max(values), **ends} if len(values) == len(found) else ends


def grade_over(evidence: EvidenceGrade | NDArray[np.str_], rows: Rows) -> EvidenceGrade:
    """Return the weakest grade over rows, of one for all or a column.

    Examples
    --------
    >>> grade_over(np.array(["B", "D", "C"]), np.array([0, 2]))
    'C'
    """
    return weakest(evidence[rows].tolist()) if isinstance(evidence, np.ndarray) else evidence


def weakest(grades: Iterable[EvidenceGrade]) -> EvidenceGrade:
    """Return the weakest of evidence grades.

    Examples
    --------
    >>> weakest(["C", "B", "C-"])
    'C-'
    """
    return max(grades, key=GRADES.index)


def sum_by_gait(parts: Iterable[tuple[Gait, Sum | None]]) -> Sums | None:
    """Return sums by gait, None where any part is unknown.

    Examples
    --------
    >>> one, none = np.array([0.1]), np.array([0.0])
    >>> sum_by_gait([("run", Sum(1.0, one, none, "B")), ("run", Sum(2.0, one, one, "C"))])["run"]
    Sum(value=3.0, forward=array([0.2]), ratio=array([0.1]), evidence='C')
    """
    sums: dict[Gait, Sum] = {}
    for gait, part in parts:
        if part is None:
            return None
        one = sums.get(gait)
        sums[gait] = part if one is None else sum_of_two(one, part)
    return sums


def sum_of_two(one: Sum, other: Sum) -> Sum:
    """Return two sums of one gait as one."""
    evidence = weakest((one.evidence, other.evidence))
    return Sum(one.value + other.value, one.forward + other.forward, one.ratio + other.ratio, evidence)


def interval(sums: Sums, score: float, *, value: float | None = None) -> Graded:
    """Return a total over the gaits with its interval; `value` where what has no error of its own adds to the sums."""
    if value is None:
        value = sum(part.value for part in sums.values())
    spread = combined_spread(
        forward=[float(part.forward.sum()) / value for part in sums.values()],
        ratio=[float(part.ratio.sum()) / value for part in sums.values()],
    )
    return around(value, spread, score) | {"evidence": weakest(part.evidence for part in sums.values())}


def ratio(over: Sums, under: Sums, score: float, *, values: tuple[float, float] | None = None) -> Graded:
    """Return one total over another of the same segments, with its interval; `values` as `value` in `interval`."""
    top, bottom = values or (sum(part.value for part in over.values()), sum(part.value for part in under.values()))
    spread = combined_spread(
        forward=itertools.chain(*(over[gait].forward / top - under[gait].forward / bottom for gait in over)),
        ratio=itertools.chain(*(over[gait].ratio / top - under[gait].ratio / bottom for gait in over)),
    )
    evidence = weakest(part.evidence for sums in (over, under) for part in sums.values())
    return around(top / bottom, spread, score) | {"evidence": evidence}
