"""Compute a personal factor from own measurements, weighted against the population.

The logarithm of a person's forward factor is normal around 0 with the spread of the forward estimate. The logarithm of
the ratio factor is normal around 0 with the spread of the ratio. Each measurement has its own error. Both directions
share the forward factor: a forward measurement changes backward only through that factor, and a backward measurement
changes both factors in proportion to their variances.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from retrorun.models.numerics.arithmetic import Number

IMPLAUSIBLE_FACTOR: Final = 3.0
"""Measured over predicted, or the reverse, above which a measurement counts as a mistake of units (choice)."""

MEASUREMENT_CV: Final = 0.05
"""Error of one measurement of oxygen uptake or energy if the caller gives no error (choice)."""


class Measured(NamedTuple):
    """One measurement compared with the model.

    The logarithm of measured over predicted, its error, and its sensitivity to the ratio: 0 forward, 1 backward.
    """

    log_error: float
    cv: float
    sensitivity: float


class Personal(NamedTuple):
    """The factors of a person after own measurements: their logarithms and remaining spreads, all unscaled."""

    forward_log: float
    forward_spread: float
    ratio_log: float
    ratio_spread: float
    covariance: float
    forward_study: float
    """Change of the forward factor for one standard deviation between studies. It is 0 or negative: if the assumed
    ratio is too low, a backward measurement makes the forward factor too high."""
    ratio_study: float
    """Change of the ratio for one standard deviation between studies."""
    studies: int
    """Number of studies behind that standard deviation."""

    @property
    def backward_log(self) -> float:
        """Logarithm of the backward factor: forward factor times ratio factor."""
        return self.forward_log + self.ratio_log

    def variances(self, studies_widened: Number) -> tuple[Number, Number, Number]:
        """Return the variances of forward factor and ratio, and their covariance, with the study part widened."""
        more = studies_widened - 1
        return (
            self.forward_spread**2 + more * self.forward_study**2,
            self.ratio_spread**2 + more * self.ratio_study**2,
            self.covariance + more * (self.forward_study * self.ratio_study),
        )


def personal(
    *,
    measurements: Sequence[Measured],
    forward_spread: float,
    ratio_spread: float,
    study_spread: float,
    studies: int,
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
    study_spread : float
        The part of `ratio_spread` that is between studies [1].
    studies : int
        Number of studies behind that part [1].

    Returns
    -------
    Personal
        Logarithms of the factors, their remaining spreads and covariance [1].

    Notes
    -----
    The posterior of two jointly normal quantities under independent normal errors (choice of model). With n
    forward measurements with the same error s, and t the `forward_spread`, the logarithms of the forward and of the
    backward factor are t^2 / (t^2 + s^2 / n) of their mean. With P the posterior covariance, an error e of the ratio
    before the measurements leaves an error P (0, e / `ratio_spread`^2) after them: the part that studies still add.

    Examples
    --------
    >>> population = {"forward_spread": 0.1, "ratio_spread": 0.1, "study_spread": 0.06, "studies": 4}
    >>> one = personal(measurements=[Measured(0.1, 0.05, 0.0)], **population)
    >>> round(one.forward_log, 3), round(one.forward_spread, 4), round(one.ratio_log, 3)
    (0.08, 0.0447, 0.0)
    """
    # Precision matrix of (forward, ratio): a measurement has the value forward + sensitivity * ratio.
    forward_precision, ratio_precision, shared = 1 / forward_spread**2, 1 / ratio_spread**2, 0.0
    forward_sum, ratio_sum = 0.0, 0.0
    for measured in measurements:
        weight = 1 / measured.cv**2
        of_ratio = weight * measured.sensitivity
        forward_precision += weight
        shared += of_ratio
        ratio_precision += of_ratio * measured.sensitivity
        forward_sum += weight * measured.log_error
        ratio_sum += of_ratio * measured.log_error
    determinant = forward_precision * ratio_precision - shared**2
    covariance = -shared / determinant
    forward_variance, ratio_variance = ratio_precision / determinant, forward_precision / determinant
    left = study_spread / ratio_spread**2
    return Personal(
        forward_log=forward_variance * forward_sum + covariance * ratio_sum,
        forward_spread=math.sqrt(forward_variance),
        ratio_log=covariance * forward_sum + ratio_variance * ratio_sum,
        ratio_spread=math.sqrt(ratio_variance),
        covariance=covariance,
        forward_study=covariance * left,
        ratio_study=ratio_variance * left,
        studies=studies,
    )
