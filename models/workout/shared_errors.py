"""Add the estimates of segments. They share the errors of the person and the models, which do not average out.

Each gait has a `Sum`, with the change that each shared error makes to it. `interval` and `ratio` combine the gaits. The
changes are kept by speed and grade on a `Grid`, because in a ratio only the errors of similar segments cancel.
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
from retrorun.models.vocabulary.answer import BoundedIndicator, Graded
from retrorun.models.vocabulary.choices import EvidenceGrade, Gait

SPEED_APART_M_S: Final = 0.5
"""Difference of speed from which two errors no longer cancel (choice)."""

GRADE_APART: Final = 0.05
"""Difference of grade from which two errors no longer cancel (choice)."""


class Grid(NamedTuple):
    """Points of speed and grade, and the share of each segment at each point: the nearer, the larger.

    Segments with the same speed and grade have the same shares at the same points. Between points the shares change
    linearly, so that a small change of speed makes a small change of the result.
    """

    size: int
    point: NDArray[np.intp]
    """The four points around each segment, a row for each."""
    share: Column
    """The share of the segment at each of these points; rows sum to 1."""

    def placed(self, values: Column, rows: Rows) -> Column:
        """Return the sum of the values of some rows at each point."""
        weights = values[:, np.newaxis] * self.share[rows]
        found: Column = np.bincount(self.point[rows].ravel(), weights.ravel(), minlength=self.size).astype(np.float64)
        return found


def grid(*, speed_m_s: Column, grade: Column) -> Grid:
    """Return the grid that covers segments.

    Parameters
    ----------
    speed_m_s : ndarray
        Speeds [m/s].
    grade : ndarray
        Rise over run [1].

    Returns
    -------
    Grid
        A grid just large enough for the segments.

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
    """A sum over segments of one gait, and its change by one standard deviation of each shared error."""

    value: float
    forward: Column
    """The error of both directions (person, equation, conversion), at each point of the grid. After own measurements
    backward it includes what the error of the ratio has in common with it."""
    ratio: Column
    """The error of the ratio backward to forward at each point of the grid: of backward segments, and with the opposite
    sign of forward ones that follow from a backward measurement."""
    evidence: EvidenceGrade
    """The weakest grade of its rows."""


Sums: TypeAlias = Mapping[Gait, Sum]


class OwnErrors(NamedTuple):
    """The errors of a quantity that a person measured, as columns; NaN in rows without a measurement."""

    shared: Column
    """The error of both directions [1]."""
    ratio: Column
    """The error of the ratio backward to forward; negative where the quantity is divided by that ratio [1]."""


def combined_spread(*, forward: Iterable[float], ratio: Iterable[float]) -> float:
    """Return the spread of a sum over segments, or of the ratio of two such sums.

    Parameters
    ----------
    forward : iterable of float
        For each gait, speed and grade, the share of the total times the forward spread. For a ratio, that of the
        numerator minus that of the denominator [1].
    ratio : iterable of float
        The same for backward segments, with the spread of the ratio backward to forward [1].

    Returns
    -------
    float
        Coefficient of variation, to first order [1].

    Notes
    -----
    With w the share of a segment in the total, d ln(total) = sum w f e_f + sum over backward w r e_r, with e_f and e_r
    independent of each other. How much errors at different speeds, grades or gaits are correlated is unknown. The
    correlation that gives the widest interval is used (choice). In a total all parts have the same sign, so the widest
    is one common error: the parts add and do not average out. In a ratio of two sums, which expands to ln(a) - ln(b),
    parts of the same gait, speed and grade cancel. The remaining parts of one sign share one error, and those of the
    other sign share another.

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
    name: str,
    forward: Values,
    section: Values,
    rows: Rows,
    times: Column,
    under: Grid,
    score: float,
    *,
    own: OwnErrors | None = None,
    covariance: float = 0.0,
) -> Sum | None:
    """Return the sum of a quantity over rows of a section, or None if it is unknown in any of them.

    Parameters
    ----------
    name : str
        Name of the quantity.
    forward, section : dict
        The quantities forward, and in the direction of the rows; columns.
    rows : ndarray
        Indices of the rows.
    times : ndarray
        How often each row is done [1].
    under : Grid
        The grid that covers all rows.
    score : float
        Standard score of the intervals in the sections [1].
    own : OwnErrors, optional
        Errors of the rows that were measured, instead of those of the intervals.
    covariance : float, optional
        Covariance of the errors of the forward value and of the ratio; not 0 after own measurements backward [1].

    Returns
    -------
    Sum or None
        The sum with its shared errors, in the unit of the quantity.

    Notes
    -----
    With f the forward spread, r that of the ratio and c the covariance, e_r = (c / f) e + sqrt(r^2 - c^2 / f^2) e', and
    f e is the forward error. So a backward segment has the part f + c / f of the shared error e, and of e', which is
    independent of it, the rest of its own variance f^2 + r^2 + 2 c. A total of forward parts w and backward parts b of
    one gait then has the variance (sum w f + sum b (f + c / f))^2 + (sum b)^2 (r^2 - c^2 / f^2).
    """
    if name not in section:
        return None
    value = section[name]["value"][rows] * times
    total = float(value.sum())
    if np.isnan(total):
        return None
    shared, of_ratio = spread_of(forward[name], rows, score), np.zeros(len(rows))
    if section is not forward:
        whole, shared = spread_of(section[name], rows, score), shared + covariance / shared
        of_ratio = np.maximum(whole * whole - shared * shared, 0.0) ** 0.5
    if own is not None:
        measured = ~np.isnan(own.shared[rows])
        shared = np.where(measured, own.shared[rows], shared)
        of_ratio = np.where(measured, own.ratio[rows], of_ratio)
    evidence = grade_over(section[name]["evidence"], rows)
    return Sum(total, under.placed(value * shared, rows), under.placed(value * of_ratio, rows), evidence)


def spread_of(interval: Values, rows: Rows, score: float) -> Column:
    """Return the coefficient of variation behind an interval [1]."""
    spread: Column = np.log(interval["high"][rows] / interval["value"][rows]) / score
    return spread


def largest(indicator: Values, rows: Rows) -> BoundedIndicator:
    """Return the largest peak load over rows in which it is known.

    Errors are shared, so the quantiles of the largest are the largest of the quantiles. If a segment has only bounds,
    so has the largest.
    """
    ends = {name: float(indicator[name][rows].max()) for name in ("value", "low", "high") if name in indicator}
    grade = grade_over(indicator["evidence"], rows)
    found: BoundedIndicator = {"low": ends["low"], "high": ends["high"], "evidence": grade}
    return {"value": ends["value"], **found} if "value" in ends else found


def largest_of(found: Sequence[BoundedIndicator]) -> BoundedIndicator:
    """Return the largest of peak loads, with the weakest of their evidence grades.

    Examples
    --------
    >>> forward = {"value": 2.0, "low": 1.0, "high": 4.0, "evidence": "B"}
    >>> largest_of([forward, {"low": 1.5, "high": 3.0, "evidence": "D"}])
    {'low': 1.5, 'high': 4.0, 'evidence': 'D'}
    """
    ends: BoundedIndicator = {
        "low": max(one["low"] for one in found),
        "high": max(one["high"] for one in found),
        "evidence": weakest(one["evidence"] for one in found),
    }
    values = [one["value"] for one in found if "value" in one]
    return {"value": max(values), **ends} if len(values) == len(found) else ends


def grade_over(evidence: EvidenceGrade | NDArray[np.str_], rows: Rows) -> EvidenceGrade:
    """Return the weakest grade over rows, from one grade for all or a column of grades.

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
    """Return the sum of each gait, or None if any part is unknown.

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
    """Return the sum of two sums of one gait."""
    evidence = weakest((one.evidence, other.evidence))
    return Sum(one.value + other.value, one.forward + other.forward, one.ratio + other.ratio, evidence)


def interval(sums: Sums, score: float, *, value: float | None = None) -> Graded:
    """Return a total over the gaits with its interval.

    `value`: the total including parts without an error, such as rest.
    """
    if value is None:
        value = sum(part.value for part in sums.values())
    spread = combined_spread(
        forward=[float(part.forward.sum()) / value for part in sums.values()],
        ratio=itertools.chain(*(part.ratio / value for part in sums.values())),
    )
    return around(value, spread, score) | {"evidence": weakest(part.evidence for part in sums.values())}


def ratio(over: Sums, under: Sums, score: float, *, values: tuple[float, float] | None = None) -> Graded:
    """Return the ratio of two totals of the same segments, with its interval; `values` as `value` in `interval`."""
    top, bottom = values or (sum(part.value for part in over.values()), sum(part.value for part in under.values()))
    spread = combined_spread(
        forward=itertools.chain(*(over[gait].forward / top - under[gait].forward / bottom for gait in over)),
        ratio=itertools.chain(*(over[gait].ratio / top - under[gait].ratio / bottom for gait in over)),
    )
    evidence = weakest(part.evidence for sums in (over, under) for part in sums.values())
    return around(top / bottom, spread, score) | {"evidence": evidence}
