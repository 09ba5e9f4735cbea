"""A person's own measurements, weighed against the population: the personal factor.

The logarithm of a person's forward factor is taken as normal around 0 with the spread of the forward estimate,
and that of the backward ratio as normal around 0 with the spread of the ratio; a measurement adds its own
error. What the two directions share is the forward factor, so that a forward measurement moves backward through
that alone, and a backward one moves both by what each explains.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

from retrorun.models.numerics.arithmetic import Number

IMPLAUSIBLE_FACTOR: Final = 3.0
"""Measured over predicted, or the reverse, beyond which a measurement is taken as a mistake of units (choice)."""

MEASUREMENT_CV: Final = 0.05
"""Error of one measurement of oxygen uptake or energy when the caller gives none (choice)."""


class Measured(NamedTuple):
    """One measurement against the model.

    The logarithm of measured over predicted, its error, and how the prediction moves with the ratio: 0 forward, 1
    backward.
    """

    log_error: float
    cv: float
    sensitivity: float


class Personal(NamedTuple):
    """What measurements say of a person: logarithms of the factors and their remaining spreads, all unscaled."""

    forward_log: float
    forward_spread: float
    ratio_log: float
    ratio_spread: float
    covariance: float
    forward_study: float
    """What one standard deviation between studies still moves the forward factor by; a measurement that found the
    ratio too low takes the forward factor for too high, so that it is 0 or below."""
    ratio_study: float
    """What it still moves the ratio by."""
    studies: int
    """How many studies that standard deviation was taken from."""

    @property
    def backward_log(self) -> float:
        """Logarithm of the backward factor: forward factor times ratio factor."""
        return self.forward_log + self.ratio_log

    def variances(self, studies_widened: Number) -> tuple[Number, Number, Number]:
        """Return the variances of forward factor and ratio, and their covariance, that between studies widened."""
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
    """Return the factors of a person, shrunk from the measurements towards the population.

    Parameters
    ----------
    measurements : sequence of Measured
        Own measurements against the uncalibrated model.
    forward_spread : float
        Spread of a person's forward estimate that a measurement can explain: model and person [1].
    ratio_spread : float
        Spread of a person's ratio that a measurement can explain: person and study [1].
    study_spread : float
        The part of it that is between studies [1].
    studies : int
        How many studies that part was taken from [1].

    Returns
    -------
    Personal
        Logarithms of the factors, their remaining spreads and covariance [1].

    Notes
    -----
    The posterior of two jointly normal quantities under independent normal errors (choice of model). With n
    forward measurements of one error s alone, the forward factor is the share t^2 / (t^2 + s^2 / n) of their
    mean, t being `forward_spread`, and the backward factor the same. With P the posterior covariance, an error e of
    the ratio before the measurements leaves P (0, e / `ratio_spread`^2) after them: what studies still add.

    Examples
    --------
    >>> population = {"forward_spread": 0.1, "ratio_spread": 0.1, "study_spread": 0.06, "studies": 4}
    >>> one = personal(measurements=[Measured(0.1, 0.05, 0.0)], **population)
    >>> round(one.forward_log, 3), round(one.forward_spread, 4), round(one.ratio_log, 3)
    (0.08, 0.0447, 0.0)
    """
    # Precision matrix of (forward, ratio): a measurement sees forward + sensitivity * ratio.
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
