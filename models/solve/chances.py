"""The probability that a quantity of one person is at most a value, from the distribution behind its range.

The range of a quantity ends where a share of people is still beyond it. So the probability of a value is that of the
range that ends there. With the widening for few studies the spread depends on the range, so the range is solved for.
"""

from collections.abc import Callable
from statistics import NormalDist
from typing import cast

from retrorun.models.numerics.roots import MOST_ROUNDING, bracketed_root
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.vocabulary.quantities import INPUTS


def score_of(value: float, limit: float, factor_at: Callable[[float], float]) -> float | None:
    """Return the standard score of a limit: that of the range which ends there, negative below the value.

    Parameters
    ----------
    value, limit : float
        The estimate and the value to compare it with, in one unit and greater than zero.
    factor_at : callable
        Takes a standard score and returns the factor between the estimate and the ends of its range [1].

    Returns
    -------
    float or None
        Standard score [1]. None if the limit is beyond the widest range of an answer.

    Examples
    --------
    >>> import math
    >>> round(score_of(2.0, 2.0 / math.exp(0.1), lambda score: math.exp(0.1 * score)), 12)
    -1.0
    """
    distance = max(limit / value, value / limit)
    widest = widest_score()
    if factor_at(widest) < distance:
        return None
    score = cast(float, bracketed_root(lambda trial: factor_at(cast(float, trial)) - distance, low=0.0, high=widest))
    return score if limit > value else -score


def widest_score() -> float:
    """Return the standard score of the widest range of an answer. The share of people beyond it is unknown [1]."""
    return standard_score(INPUTS["interval"].high) * (1 + MOST_ROUNDING)


def probability_at_most(score: float) -> float:
    """Return the probability that one person is at most at a standard score.

    Examples
    --------
    >>> probability_at_most(0.0), round(probability_at_most(standard_score(0.9)), 12)
    (0.5, 0.95)
    """
    return NormalDist().cdf(score)
