"""Quantiles of the distributions that a small sample needs: Student's t, chi-square and beta.

Written with the logarithm of the gamma function, a continued fraction and a series; the root is bracketed. They
serve a handful of numbers on a page and are not meant for columns.
"""

import math
from collections.abc import Callable
from typing import Final, cast

from models.roots import bracketed_root

TERMS: Final = 500
SMALLEST: Final = 1e-300
CLOSE: Final = 1e-15


def student_t_quantile(probability: float, *, degrees: float) -> float:
    """Return the value that Student's t stays below with a probability.

    Parameters
    ----------
    probability : float
        Between 0 and 1 [1].
    degrees : float
        Degrees of freedom [1].

    Returns
    -------
    float
        Quantile [1].

    Examples
    --------
    >>> round(student_t_quantile(0.95, degrees=1), 3), round(student_t_quantile(0.95, degrees=2), 3)
    (6.314, 2.92)
    """
    tail = 2 * min(probability, 1 - probability)
    if tail == 1:
        return 0.0
    x = beta_quantile(tail, a=degrees / 2, b=0.5)
    return math.copysign(math.sqrt(degrees * (1 - x) / x), probability - 0.5)


def chi_square_quantile(probability: float, *, degrees: float) -> float:
    """Return the value that chi-square stays below with a probability.

    Parameters
    ----------
    probability : float
        Between 0 and 1 [1].
    degrees : float
        Degrees of freedom [1].

    Returns
    -------
    float
        Quantile [1].

    Examples
    --------
    >>> round(chi_square_quantile(0.95, degrees=2), 3)
    5.991
    """
    high = degrees + 1.0
    while _gamma_share(degrees / 2, high / 2) < probability:
        high *= 2
    return _root(lambda x: _gamma_share(degrees / 2, x / 2) - probability, high)


def beta_quantile(probability: float, *, a: float, b: float) -> float:
    """Return the value that a beta distribution stays below with a probability.

    Parameters
    ----------
    probability : float
        Between 0 and 1 [1].
    a, b : float
        Shapes, above 0 [1].

    Returns
    -------
    float
        Quantile, between 0 and 1 [1].

    Examples
    --------
    >>> round(beta_quantile(0.25, a=2.0, b=1.0), 9)
    0.5
    """
    return _root(lambda x: _beta_share(a, b, x) - probability, 1.0)


def binomial_interval(hits: int, trials: int, *, interval: float) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) interval of a share.

    Parameters
    ----------
    hits, trials : int
        How many of how many [1].
    interval : float
        Probability that the interval covers the share, at least [1].

    Returns
    -------
    low, high : float
        Ends of the interval [1].

    Examples
    --------
    >>> low, high = binomial_interval(0, 10, interval=0.90)
    >>> low, round(high, 4)
    (0.0, 0.2589)
    """
    tail = (1 - interval) / 2
    low = beta_quantile(tail, a=hits, b=trials - hits + 1) if hits else 0.0
    high = beta_quantile(1 - tail, a=hits + 1, b=trials - hits) if hits < trials else 1.0
    return low, high


def _root(function: Callable[[float], float], high: float) -> float:
    return cast(float, bracketed_root(cast(Callable[..., float], function), low=0.0, high=high))


def _beta_share(a: float, b: float, x: float) -> float:
    """Return the regularised incomplete beta function; by symmetry where its fraction converges faster."""
    if x in {0.0, 1.0}:
        return x
    if x > (a + 1) / (a + b + 2):
        return 1 - _beta_share(b, a, 1 - x)
    log_front = a * math.log(x) + b * math.log1p(-x) + math.lgamma(a + b) - math.lgamma(a) - math.lgamma(b)

    def numerator(term: int) -> float:
        m = term // 2
        if term % 2:
            return -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        return m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))

    return math.exp(log_front) / (a * _continued_fraction(numerator, lambda _: 1.0))


def _gamma_share(a: float, x: float) -> float:
    """Return the regularised lower incomplete gamma function: its series, or for a large x its fraction."""
    if x <= 0:
        return 0.0
    front = math.exp(a * math.log(x) - x - math.lgamma(a))
    if x < a + 1:
        term = total = 1 / a
        for k in range(1, TERMS):
            term *= x / (a + k)
            total += term
            if term < total * CLOSE:
                break
        return front * total
    return 1 - front / _continued_fraction(lambda k: k * (a - k), lambda k: x + 1 - a + 2 * k)


def _continued_fraction(numerator: Callable[[int], float], denominator: Callable[[int], float]) -> float:
    """Return b0 + a1 / (b1 + a2 / (b2 + ...)) by the method of Lentz."""
    value = c = denominator(0) or SMALLEST
    d = 0.0
    for k in range(1, TERMS):
        a, b = numerator(k), denominator(k)
        d = 1 / ((b + a * d) or SMALLEST)
        c = (b + a / c) or SMALLEST
        value *= c * d
        if abs(c * d - 1) < CLOSE:
            break
    return value
