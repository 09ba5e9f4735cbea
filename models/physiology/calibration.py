"""Compute a personal factor from own measurements, weighted against the population.

The logarithm of a person's forward factor is normal around 0 with the spread of the forward estimate. The logarithm of
the ratio factor is normal around 0 with the spread of the ratio. Each measurement has its own error. Both directions
share the forward factor: a forward measurement changes backward only through that factor, and a backward measurement
changes both factors in proportion to their variances.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from retrorun.models.numerics.arithmetic import Number, greater

IMPLAUSIBLE_FACTOR: Final = 3.0
"""Measured over predicted, or the reverse, above which a measurement counts as a mistake of units (choice)."""

MEASUREMENT_CV: Final = 0.05
"""Error of one measurement of oxygen uptake or energy if the caller gives no error (choice)."""


class Measured(NamedTuple):
    """One measurement compared with the model: the logarithm of measured over predicted, its error, its direction."""

    log_error: float
    cv: float
    backward: bool


class Personal(NamedTuple):
    """The factors of a person after own measurements: their logarithms, remaining spreads and covariance, unscaled.

    Floats, or columns with a person in each row.
    """

    forward_log: Number
    forward_spread: Number
    ratio_log: Number
    ratio_spread: Number
    covariance: Number
    """Covariance of the two logarithms. It is 0 or negative: a measurement going backward fixes their sum."""

    @property
    def backward_log(self) -> Number:
        """Logarithm of the backward factor: forward factor times ratio factor."""
        return self.forward_log + self.ratio_log

    def variances(
        self, *, person_spread: float, study_spread: float, studies_widened: Number
    ) -> tuple[Number, Number, Number]:
        """Return the variances of forward factor and ratio, and their covariance, with the study part widened.

        Parameters
        ----------
        person_spread, study_spread : float
            The two parts of the spread of the ratio before the measurements, unscaled [1].
        studies_widened : float or ndarray
            Factor on the variance between studies [1].

        Returns
        -------
        tuple of float or ndarray
            Variance of the forward factor, variance of the ratio, covariance [1].

        Notes
        -----
        They are those that the same measurements leave if the variance of the ratio before them is r^2 + m instead of
        r^2, with m the added variance between studies. With P the covariance matrix without m and p its column of the
        ratio, they are P + p p' k, with k = (m / r^4) / (1 + m / r^2 (1 - P_ratio / r^2)) (Sherman-Morrison). Each
        further measurement therefore lowers the variance of every weighted sum of the two, also of forward power and
        of backward power. A range can only become narrower.
        """
        population = person_spread * person_spread + study_spread * study_spread
        more = (studies_widened - 1) * (study_spread * study_spread) / population
        left = self.ratio_spread * self.ratio_spread
        # A factor from coefficients with a wider ratio may exceed this population.
        found_out = greater(1 - left / population, 0.0)
        added = more / population / (1 + more * found_out)
        return (
            self.forward_spread * self.forward_spread + added * self.covariance * self.covariance,
            left + added * left * left,
            self.covariance + added * self.covariance * left,
        )


def personal(
    *,
    measurements: Sequence[Measured],
    forward_spread: float,
    ratio_spread: float,
) -> Personal:
    """Return the factors of a person: the measured factors, shrunk towards the population.

    Parameters
    ----------
    measurements : sequence of Measured
        Own measurements against the uncalibrated model.
    forward_spread : float
        Spread of a person's forward estimate that a measurement can explain: model and person [1].
    ratio_spread : float
        Spread of a person's ratio that a measurement can explain: person and study [1].

    Returns
    -------
    Personal
        Logarithms of the factors, their remaining spreads and covariance [1].

    Notes
    -----
    The posterior of two jointly normal quantities under independent normal errors (choice of model). With n
    forward measurements with the same error s, and t the `forward_spread`, the logarithms of the forward and of the
    backward factor are t^2 / (t^2 + s^2 / n) of their mean.

    Examples
    --------
    >>> population = {"forward_spread": 0.1, "ratio_spread": 0.1}
    >>> one = personal(measurements=[Measured(0.1, 0.05, backward=False)], **population)
    >>> round(one.forward_log, 3), round(one.forward_spread, 4), round(one.ratio_log, 3)
    (0.08, 0.0447, 0.0)
    """
    # A forward measurement has the value forward, a backward one forward + ratio; each has a weight.
    weights, errors = [0.0, 0.0], [0.0, 0.0]
    for measured in measurements:
        weight = 1 / measured.cv**2
        weights[measured.backward] += weight
        errors[measured.backward] += weight * measured.log_error
    forward_sum, ratio_sum = sum(errors), errors[True]
    forward_precision, ratio_precision = 1 / forward_spread**2 + weights[False], 1 / ratio_spread**2
    # The determinant of the precision matrix as a sum of positive terms: a difference would lose digits.
    determinant = forward_precision * (ratio_precision + weights[True]) + ratio_precision * weights[True]
    covariance = -weights[True] / determinant
    forward_variance = (ratio_precision + weights[True]) / determinant
    ratio_variance = (forward_precision + weights[True]) / determinant
    return Personal(
        forward_log=forward_variance * forward_sum + covariance * ratio_sum,
        forward_spread=math.sqrt(forward_variance),
        ratio_log=covariance * forward_sum + ratio_variance * ratio_sum,
        ratio_spread=math.sqrt(ratio_variance),
        covariance=covariance,
    )
