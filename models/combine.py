"""How the estimates of segments add up: errors of the person and of the models are shared, so they do not average out.

A `Sum` is kept for each gait, with what the shared errors move it by; `interval` and `ratio` bring the gaits together.
"""

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from models.answer import Indicator, Interval
from models.load import EvidenceGrade
from models.sheet import Values
from models.uncertainty import Gait, spread_factor

Rows: TypeAlias = NDArray[np.intp]


class Sum(NamedTuple):
    """A sum over segments of one gait, and what one standard deviation of each shared error moves it by."""

    value: float = 0.0
    forward: float = 0.0
    """The error that both directions have: person, equation and conversion."""
    ratio: float = 0.0
    """The error of the ratio backward to forward, of what is done backward alone."""


Sums: TypeAlias = Mapping[Gait, Sum]

GRADES: Final[tuple[EvidenceGrade, ...]] = get_args(EvidenceGrade)
"""Evidence grades, the strongest first."""


def combined_spread(*, forward: Sequence[float], ratio: Sequence[float]) -> float:
    """Return the spread of a sum over segments, or of the ratio of two such sums.

    Parameters
    ----------
    forward : sequence of float
        For each gait, the sum over its segments of share of the total times forward spread; for a ratio, that of
        the numerator less that of the denominator [1].
    ratio : sequence of float
        The same over the segments done backward, with the spread of the ratio backward to forward [1].

    Returns
    -------
    float
        Coefficient of variation, to first order [1].

    Notes
    -----
    With w the share of a segment in the total, d ln(total) = sum w f e_f + sum over backward w r e_r: within a gait
    one error e_f serves every segment and one error e_r every segment done backward, so that the parts add and do
    not average out; e_f and e_r are independent. For a ratio of two sums the same expansion of ln(a) - ln(b) takes
    the difference of the parts, in which what both share cancels. That level and grade share their errors
    wholly is a choice, the wide one for a total. How far the error of a runner is that of the walker is unknown: of
    wholly and not at all the wider is taken (choice), which for a total is wholly.

    Examples
    --------
    Two segments of one gait, half the total each, the second one backward: 0.1 forward does not shrink.

    >>> round(combined_spread(forward=[0.5 * 0.1 + 0.5 * 0.1], ratio=[0.5 * 0.12]), 4)
    0.1166
    """
    return math.sqrt(_widest_variance(forward) + _widest_variance(ratio))


def _widest_variance(parts: Sequence[float]) -> float:
    return max(sum(parts) ** 2, sum(part * part for part in parts))


def summed(name: str, forward: Values, section: Values, rows: Rows, score: float) -> Sum | None:
    """Return the sum of a quantity over rows of a section, None where it is unknown in any of them.

    Parameters
    ----------
    name : str
        Name of the quantity.
    forward, section : dict
        The quantities going forward, and in the direction the rows are done in; columns.
    rows : ndarray
        Which rows.
    score : float
        Standard score of the intervals in the sections [1].

    Returns
    -------
    Sum or None
        The sum with its parts, in the unit of the quantity.
    """
    if name not in section:
        return None
    value = section[name]["value"][rows]
    total = float(value.sum())
    if np.isnan(total):
        return None
    shared = spread_of(forward[name], rows, score)
    moved = float((value * shared).sum())
    if section is forward:
        return Sum(total, moved)
    whole = spread_of(section[name], rows, score)
    of_ratio = np.maximum(whole * whole - shared * shared, 0.0) ** 0.5
    return Sum(total, moved, float((value * of_ratio).sum()))


def spread_of(interval: Values, rows: Rows, score: float) -> NDArray[np.float64]:
    """Return the coefficient of variation behind an interval [1]."""
    spread: NDArray[np.float64] = np.log(interval["high"][rows] / interval["value"][rows]) / score
    return spread


def largest(indicator: Values, rows: Rows) -> Indicator | None:
    """Return the largest of a peak load over rows, None where it is unknown in any of them.

    Errors being shared, the quantiles of the largest are the largest of the quantiles; where a segment has only
    bounds, so has the largest.
    """
    ends = {name: float(indicator[name][rows].max()) for name in ("value", "low", "high") if name in indicator}
    if any(np.isnan(end) for end in ends.values()):
        return None
    found: Indicator = {"low": ends["low"], "high": ends["high"], "evidence": indicator["evidence"]}
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


def weakest(grades: Iterable[EvidenceGrade]) -> EvidenceGrade:
    """Return the weakest of evidence grades.

    Examples
    --------
    >>> weakest(["C", "B", "C-"])
    'C-'
    """
    return max(grades, key=GRADES.index)


def added(parts: Iterable[tuple[Gait, Sum | None]]) -> Sums | None:
    """Return sums by gait, None where any part is unknown.

    Examples
    --------
    >>> added([("run", Sum(1.0, 0.1)), ("run", Sum(2.0, 0.2, 0.3))])["run"].value
    3.0
    """
    sums: dict[Gait, Sum] = {}
    for gait, part in parts:
        if part is None:
            return None
        before = sums.get(gait, Sum())
        sums[gait] = Sum(before.value + part.value, before.forward + part.forward, before.ratio + part.ratio)
    return sums


def interval(sums: Sums, score: float, *, value: float | None = None) -> Interval:
    """Return a total over the gaits with its interval; `value` where what has no error of its own adds to the sums."""
    if value is None:
        value = sum(part.value for part in sums.values())
    spread = combined_spread(
        forward=[part.forward / value for part in sums.values()], ratio=[part.ratio / value for part in sums.values()]
    )
    return around(value, spread, score)


def ratio(over: Sums, under: Sums, score: float, *, values: tuple[float, float] | None = None) -> Interval:
    """Return one total over another of the same segments, with its interval; `values` as `value` in `interval`."""
    top, bottom = values or (sum(part.value for part in over.values()), sum(part.value for part in under.values()))
    spread = combined_spread(
        forward=[over[gait].forward / top - under[gait].forward / bottom for gait in over],
        ratio=[over[gait].ratio / top - under[gait].ratio / bottom for gait in over],
    )
    return around(top / bottom, spread, score)


def around(value: float, spread: float, score: float) -> Interval:
    """Return an estimate with the ends of its interval."""
    factor = float(spread_factor(spread, score))
    return {"value": value, "low": value / factor, "high": value * factor}
