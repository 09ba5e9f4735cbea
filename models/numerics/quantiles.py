"""Compute quantiles for small samples: Student's t, chi-square and the binomial.

With whole degrees of freedom and trials, each probability is a finite sum. Bisection finds where it reaches a given
probability. The functions are for single numbers, not for columns.
"""

import math
from collections.abc import Callable
from typing import Final

TERMS: Final = 500
SMALLEST: Final = 1e-300
CLOSE: Final = 1e-15


def student_t_quantile(probability: float, *, degrees: int) -> float:
    """Return the value that Student's t stays below with a probability.

    Parameters
    ----------
    probability : float
        Between 0 and 1 [1].
    degrees : int
        Degrees of freedom, from 1 [1].

    Returns
    -------
    float
        Quantile [1].

    Examples
    --------
    >>> round(student_t_quantile(0.95, degrees=1), 3), round(student_t_quantile(0.95, degrees=2), 3)
    (6.314, 2.92)
    """
    within = abs(2 * probability - 1)
    angle = reached(within, lambda angle: student_t_within(angle, degrees), math.pi / 2) if within else 0.0
    return math.copysign(math.sqrt(degrees) * math.tan(angle), probability - 0.5)


def student_t_within(angle: float, degrees: int) -> float:
    """Return the probability that Student's t stays within plus and minus sqrt(degrees) tan(angle).

    Examples
    --------
    >>> round(student_t_within(math.pi / 4, 1), 12)
    0.5
    """
    odd = degrees % 2
    total, term = 0.0, math.cos(angle) if odd else 1.0
    for number in range(2 + odd, degrees + 1, 2):
        total += term
        term *= math.cos(angle) ** 2 * (number - 1) / number
    total *= math.sin(angle)
    return 2 / math.pi * (angle + total) if odd else total


def chi_square_quantile(probability: float, *, degrees: int) -> float:
    """Return the value that chi-square stays below with a probability.

    Parameters
    ----------
    probability : float
        Between 0 and 1 [1].
    degrees : int
        Degrees of freedom, from 1 [1].

    Returns
    -------
    float
        Quantile [1].

    Examples
    --------
    >>> round(chi_square_quantile(0.95, degrees=2), 3)
    5.991
    """
    high = float(degrees)
    while chi_square_below(high, degrees) < probability:
        high *= 2
    return reached(probability, lambda value: chi_square_below(value, degrees), high)


def chi_square_below(value: float, degrees: int) -> float:
    """Return the probability that chi-square stays below a value.

    Examples
    --------
    >>> round(chi_square_below(2 * math.log(2), 2), 12)
    0.5
    """
    half, odd = value / 2, degrees % 2
    above = math.erfc(math.sqrt(half)) if odd else math.exp(-half)
    for number in range(2 - odd, degrees - 1, 2):
        power = number / 2
        above += math.exp(power * math.log(half) - half - math.lgamma(power + 1))
    return 1 - above


def binomial_interval(hits: int, trials: int, *, interval: float) -> tuple[float, float]:
    """Return the exact (Clopper-Pearson) interval of a share.

    Parameters
    ----------
    hits, trials : int
        Number of hits, and number of trials [1].
    interval : float
        Least probability that the interval covers the share [1].

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

    def at_least(count: int, share: float) -> float:
        some = range(count, trials + 1)
        return sum(math.comb(trials, k) * share**k * (1 - share) ** (trials - k) for k in some)

    tail = (1 - interval) / 2
    low = reached(tail, lambda share: at_least(hits, share), 1.0) if hits else 0.0
    return low, reached(1 - tail, lambda share: at_least(hits + 1, share), 1.0)


def reached(probability: float, share_at: Callable[[float], float], high: float) -> float:
    """Return where a rising share reaches a probability, or `high` if it does not.

    Examples
    --------
    >>> round(reached(0.25, lambda x: x * x, 1.0), 12)
    0.5
    """
    low = SMALLEST
    for _ in range(TERMS):
        middle = (low + high) / 2
        if share_at(middle) < probability:
            low = middle
        else:
            high = middle
        if high - low <= CLOSE * high:
            break
    return high
