"""Backward against forward: the factor on gross energy, and what "equal intensity" holds equal."""

import math
from collections.abc import Callable
from statistics import fmean, stdev
from typing import Final, Literal, TypeAlias

from models.arithmetic import Number, where
from models.energy import ON_A_GRADE
from models.evidence import table
from models.uncertainty import PERSON_RATIO_CV, UNMEASURED_STUDY_FACTOR, Gait, root_sum_square

DirectionModelName: TypeAlias = Literal["documented"]
Equal: TypeAlias = Literal["speed", "metabolic_rate", "heart_rate"]

DOCUMENTED_RUNNING_RATIO: Final = 1.30
"""The documented uplift of backward running at equal speed, on gross energy (published, EVIDENCE grade B)."""


def _log_ratios(gait: Gait) -> list[float]:
    """Return the logarithm of each study's backward to forward ratio, one row a study."""
    return [math.log(float(row["ratio_backward_forward"])) for row in table("ratios") if row["gait"] == gait]


WALKING_RATIO: Final = math.exp(fmean(_log_ratios("walk")))
"""Backward walking at equal speed, 1.385: unweighted log mean of the walking rows of `tables/ratios.csv`
(choice), for every direction model."""

STUDY_RATIO_CV: Final = {"run": stdev(_log_ratios("run")), "walk": stdev(_log_ratios("walk"))}
"""Spread of the ratio between studies: standard deviation of the logs in `tables/ratios.csv` (derived)."""

HEART_RATE_RATIO: Final = 0.79
"""Gross energy backward to forward at equal heart rate (derived inside Williford's overlap of heart rates,
132 to 146, where it runs from 0.76 to 0.81; one study, group means, walking and running mixed: grade D)."""

BACKWARD_MEASURED_TO_M_S: Final = 3.5
"""Fastest backward running in any energy measurement (Wright & Weyand 2001)."""

DIRECTION_REFERENCES: Final = {
    "run": ("williford1998", "bws_treadmill", "wright2001", "rasica2020"),
    "walk": ("williford1998", "kim2001", "compendium2011"),
    "heart_rate": ("williford1998",),
}
"""Sources of the ratio at equal speed or metabolic rate, by gait, and at equal heart rate."""

ELASTICITY_STEP: Final = 1e-2


def speed_ratio(*, gait: Gait) -> float:
    """Return the ratio of gross energy backward to forward at equal speed on the level.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait, the same in both directions.

    Returns
    -------
    float
        Ratio [1].

    Notes
    -----
    Running: 1.30, the documented uplift. Walking: the log mean of three studies, because the documented
    30 % is a running figure. That the factor applies to gross energy is a choice; the abstracts do not say.

    Examples
    --------
    >>> speed_ratio(gait="run"), round(speed_ratio(gait="walk"), 3)
    (1.3, 1.385)
    """
    return DOCUMENTED_RUNNING_RATIO if gait == "run" else WALKING_RATIO


def backward_power(
    *, gait: Gait, ratio: Number, forward_w_kg: Number, level_w_kg: Number, grade: Number
) -> tuple[Number, Number]:
    """Return gross backward power at the speed and grade of a known forward power, and how it follows the ratio.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait, the same in both directions.
    ratio : float or ndarray
        Backward to forward at equal speed on the level [1].
    forward_w_kg : float or ndarray
        Gross forward power at this speed and grade [W/kg].
    level_w_kg : float or ndarray
        Gross forward power at this speed on the level [W/kg].
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    power : float or ndarray
        Gross backward power, shape of the inputs [W/kg].
    sensitivity : float or ndarray
        Relative change of that power for a relative change of the ratio, 1 where they are proportional [1].

    Notes
    -----
    Running is proportional on every grade (Rasica 2020, 0 to +25 %). Walking uphill adds the level excess,
    M_b(g) = M_f(g) + (ratio - 1) M_f(0), which agrees with two Compendium rows where a proportional rule does
    not. Downhill there is no measurement: the same factor on M_f(g) (choice).

    Examples
    --------
    >>> backward_power(gait="run", ratio=1.5, forward_w_kg=10.0, level_w_kg=10.0, grade=0.0)
    (15.0, 1.0)
    """
    proportional = ratio * forward_w_kg
    if gait == "run":
        return proportional, 1.0
    power = where(grade > 0, forward_w_kg + (ratio - 1) * level_w_kg, proportional)
    return power, where(grade > 0, ratio * level_w_kg / power, 1.0)


def ratio_spread(*, gait: Gait, grade: Number) -> Number:
    """Return how far one person's ratio at equal speed may lie from the model's.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait, the same in both directions.
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Coefficient of variation: person and study, the study part doubled downhill [1].

    Examples
    --------
    >>> round(ratio_spread(gait="run", grade=0.0), 3)
    0.118
    """
    study = STUDY_RATIO_CV[gait]
    downhill = grade < -ON_A_GRADE
    return root_sum_square(PERSON_RATIO_CV[gait], where(downhill, UNMEASURED_STUDY_FACTOR * study, study))


def heart_rate_spread(*, gait: Gait) -> Number:
    """Return how far one person's ratio at equal heart rate may lie from 0.79.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait, the same in both directions.

    Returns
    -------
    float
        Coefficient of variation: person and a doubled study part (choice) [1].

    Examples
    --------
    >>> round(heart_rate_spread(gait="run"), 2)
    0.17
    """
    return root_sum_square(PERSON_RATIO_CV[gait], UNMEASURED_STUDY_FACTOR * STUDY_RATIO_CV[gait])


def elasticity(power_at: Callable[[Number], Number], *, speed_m_s: Number) -> Number:
    """Return the local elasticity of power to speed, d ln M / d ln V.

    Parameters
    ----------
    power_at : callable
        Power [W/kg] at a speed [m/s].
    speed_m_s : float or ndarray
        Speed at which to look [m/s].

    Returns
    -------
    float or ndarray
        Elasticity, shape of the speed [1].

    Notes
    -----
    Five-point central difference: with a step this wide the rounding of floats and of columns, which differs
    in the last bit, stays below 1e-12, and the truncation below 1e-8.

    Examples
    --------
    >>> round(elasticity(lambda speed: speed**3, speed_m_s=2.0), 9)
    3.0
    """
    step = ELASTICITY_STEP
    near = power_at(speed_m_s * (1 + step)) - power_at(speed_m_s * (1 - step))
    far = power_at(speed_m_s * (1 + 2 * step)) - power_at(speed_m_s * (1 - 2 * step))
    return (8 * near - far) / (12 * step * power_at(speed_m_s))
