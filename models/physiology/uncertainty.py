"""The spread of single persons around an estimate.

An estimate is lognormal around its value. The parts of its spread are coefficients of variation, small enough to use as
standard deviations of the logarithm. Independent parts combine as the root sum square. Parts that two quantities share
cancel in their ratio.
"""

import math
from functools import lru_cache
from statistics import NormalDist
from typing import Final

import numpy as np

from retrorun.models.numerics.arithmetic import Condition, Number, exponential, where
from retrorun.models.numerics.quantiles import student_t_quantile
from retrorun.models.vocabulary.choices import Gait

MODEL_FORWARD_CV: Final = {"run": {"level": 0.06, "grade": 0.06}, "walk": {"level": 0.04, "grade": 0.07}}
"""Spread of the forward equation around group means. Choice, from the published RMSD and SEE."""

PERSON_FORWARD_CV: Final = {"run": 0.095, "walk": 0.15}
"""Spread between people going forward. Run: di Prampero 1986 (n 36, published). Walk: choice, from the
standard deviations of Williford 1998 (0.18 and 0.15)."""

PERSON_RATIO_CV: Final = {"run": 0.13, "walk": 0.13}
"""Spread between people of the ratio backward to forward. Choice, the middle of 0.09 to 0.19: no study prints it, and
the published standard deviations give 0.09 to 0.19, depending on the correlation of a person's two directions
(docs/evidence.md#how-far-one-person-may-lie-from-the-mean)."""

CONVERSION_CV: Final = 0.016
"""Spread of kilocalories per litre of oxygen. Derived: ten equations span 5.2 % (Kipp 2018)."""

DEFAULT_INTERVAL: Final = 0.90
"""Probability inside each interval if the caller gives none (choice)."""

MAXIMUM_INPUT_CV: Final = 0.5
"""Largest error of a caller's own input, above which first-order propagation is not valid (choice)."""

UNMEASURED_STUDY_FACTOR: Final = 2.0
"""Factor on the study part where the direction ratio was not measured (choice)."""


@lru_cache(maxsize=256)
def standard_score(interval: float) -> float:
    """Return the two-sided standard normal score of a central interval.

    Parameters
    ----------
    interval : float
        Probability inside the interval, between 0 and 1 [1].

    Returns
    -------
    float
        Score z with P(-z < Z < z) = `interval` [1].

    Examples
    --------
    >>> round(standard_score(0.90), 3)
    1.645
    """
    return NormalDist().inv_cdf((1 + interval) / 2)


def widening(score: Number, *, studies: int) -> Number:
    """Return the factor that widens a standard deviation of a few studies for the ends of an interval.

    Parameters
    ----------
    score : float or ndarray
        Standard score of the interval, see `standard_score` [1].
    studies : int
        Number of studies behind the standard deviation [1].

    Returns
    -------
    float or ndarray
        t / z: Student's t, with the number of studies minus one degrees of freedom, over the standard score [1].

    Examples
    --------
    >>> round(widening(standard_score(0.90), studies=4), 3), round(widening(standard_score(0.90), studies=3), 3)
    (1.431, 1.775)
    """
    if not isinstance(score, np.ndarray):
        return _widening(float(score), studies)
    distinct, places = np.unique(score, return_inverse=True)
    factors: Number = np.array([_widening(value, studies) for value in distinct.tolist()])[places]
    return factors


@lru_cache(maxsize=256)
def _widening(score: float, studies: int) -> float:
    # At a score of 0 both ends are the estimate, with any factor.
    return student_t_quantile(NormalDist().cdf(score), degrees=studies - 1) / score if score else 1.0


def forward_spread(*, gait: Gait, on_grade: Condition) -> Number:
    """Return the spread of one person's forward power around the equation.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait.
    on_grade : bool or ndarray
        Whether the ground counts as a slope.

    Returns
    -------
    float or ndarray
        Coefficient of variation: model and person [1].

    Examples
    --------
    >>> round(forward_spread(gait="run", on_grade=False), 3)
    0.112
    """
    return root_sum_square(model_cv(gait=gait, on_grade=on_grade), PERSON_FORWARD_CV[gait])


def model_cv(*, gait: Gait, on_grade: Condition) -> Number:
    """Return the spread of a forward equation around group means.

    Examples
    --------
    >>> model_cv(gait="walk", on_grade=True)
    0.07
    """
    model = MODEL_FORWARD_CV[gait]
    cv: Number = where(on_grade, model["grade"], model["level"])
    return cv


def root_sum_square(*parts: Number) -> Number:
    """Return independent parts of a spread combined.

    Parameters
    ----------
    *parts : float or ndarray
        Coefficients of variation [1].

    Returns
    -------
    float or ndarray
        Combined coefficient of variation, shape of the largest array [1].

    Examples
    --------
    >>> root_sum_square(0.3, 0.4)
    0.5
    """
    total: Number = 0.0
    for part in parts:
        total = total + part * part
    return total**0.5


def spread_factor(spread: Number, score: Number) -> Number:
    """Return the factor between an estimate and the ends of its interval.

    Parameters
    ----------
    spread : float or ndarray
        Combined coefficient of variation [1].
    score : float
        Standard score of the interval, see `standard_score` [1].

    Returns
    -------
    float or ndarray
        exp(score * spread), at least 1 [1].

    Examples
    --------
    >>> round(spread_factor(0.11, standard_score(0.90)), 2)
    1.2
    """
    exponent = score * spread
    # For one bout in place, because an estimate has thirty of these.
    return math.exp(exponent) if isinstance(exponent, float) else exponential(exponent)
