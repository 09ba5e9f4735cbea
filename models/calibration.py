"""A person's own measurements, weighed against the population: the personal factor.

The logarithm of a person's forward factor is taken as normal around 0 with the spread of the forward estimate,
and that of the backward ratio as normal around 0 with the spread of the ratio; a measurement adds its own
error. What the two directions share is the forward factor, so that a forward measurement moves backward through
that alone, and a backward one moves both by what each explains.
"""

import math
from collections.abc import Sequence
from typing import Final, NamedTuple

MEASUREMENT_CV: Final = 0.05
"""Error of one measurement of oxygen uptake or energy when the caller gives none (choice)."""


class Measured(NamedTuple):
    """One measurement against the model: the logarithm of measured over predicted, its error, its direction."""

    log_error: float
    cv: float
    backward: bool


class Personal(NamedTuple):
    """What measurements say of a person: logarithms of the factors and their remaining spreads."""

    forward_log: float = 0.0
    forward_spread: float = 0.0
    ratio_log: float = 0.0
    ratio_spread: float = 0.0
    covariance: float = 0.0

    @property
    def backward_log(self) -> float:
        """Logarithm of the backward factor: forward factor times ratio factor."""
        return self.forward_log + self.ratio_log

    @property
    def backward_spread(self) -> float:
        """Spread of the backward factor."""
        return math.sqrt(self.forward_spread**2 + self.ratio_spread**2 + 2 * self.covariance)


def personal(*, measurements: Sequence[Measured], forward_spread: float, ratio_spread: float) -> Personal:
    """Return the factors of a person, shrunk from the measurements towards the population.

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
    forward measurements of one error s alone, the forward factor is the share t^2 / (t^2 + s^2 / n) of their
    mean, t being `forward_spread`, and the backward factor the same.

    Examples
    --------
    >>> one = personal(measurements=[Measured(0.1, 0.05, False)], forward_spread=0.1, ratio_spread=0.1)
    >>> round(one.forward_log, 3), round(one.forward_spread, 4), round(one.ratio_log, 3)
    (0.08, 0.0447, 0.0)
    """
    forward_weight, backward_weight, forward_sum, backward_sum = 0.0, 0.0, 0.0, 0.0
    for measured in measurements:
        weight = 1 / measured.cv**2
        if measured.backward:
            backward_weight += weight
            backward_sum += weight * measured.log_error
        else:
            forward_weight += weight
            forward_sum += weight * measured.log_error
    # Precision matrix of (forward, ratio): a backward measurement sees their sum.
    forward_precision = 1 / forward_spread**2 + forward_weight + backward_weight
    ratio_precision = 1 / ratio_spread**2 + backward_weight
    determinant = forward_precision * ratio_precision - backward_weight**2
    covariance = -backward_weight / determinant
    forward_variance, ratio_variance = ratio_precision / determinant, forward_precision / determinant
    total = forward_sum + backward_sum
    return Personal(
        forward_log=forward_variance * total + covariance * backward_sum,
        forward_spread=math.sqrt(forward_variance),
        ratio_log=covariance * total + ratio_variance * backward_sum,
        ratio_spread=math.sqrt(ratio_variance),
        covariance=covariance,
    )
