"""Backward against forward: the factor on gross energy, and what "equal intensity" holds equal."""

import math
from collections.abc import Callable
from statistics import fmean, stdev
from typing import Final, Literal, NamedTuple, TypeAlias

from models.arithmetic import Number, settled, where
from models.energy import ON_A_GRADE
from models.evidence import table
from models.uncertainty import UNMEASURED_STUDY_FACTOR, Gait

DirectionModelName: TypeAlias = Literal["documented", "pooled"]
Equal: TypeAlias = Literal["speed", "metabolic_rate", "heart_rate"]

DOCUMENTED_RUNNING_RATIO: Final = 1.30
"""The documented uplift of backward running at equal speed, on gross energy (secondary: the four people of Wright &
Weyand 2001 over 1.75 to 3.50 m/s; supported by most studies, evidence grade B)."""


def _log_ratios(gait: Gait) -> list[float]:
    """Return the logarithm of each study's backward to forward ratio, one row a study."""
    return [math.log(float(row["ratio_backward_forward"])) for row in table("ratios") if row["gait"] == gait]


DOCUMENTED_STUDY_CV: Final = 0.074
"""Spread of the running ratio between studies that goes with 1.30 (derived: standard deviation of the logs of
the four studies). Written down, so that a new study moves `pooled` and leaves `documented` as documented."""

POOLED_RUNNING_RATIO: Final = math.exp(fmean(_log_ratios("run")))
"""Unweighted log mean of the running rows of `tables/ratios.csv`, one a study (choice: two of four have no
standard error)."""

WALKING_RATIO: Final = math.exp(fmean(_log_ratios("walk")))
"""Backward walking at equal speed, 1.385: unweighted log mean of the walking rows of `tables/ratios.csv`
(choice), for every direction model."""

WALKING_RATIO_RANGE_M_S: Final = (
    min(float(row["speed_m_s"]) for row in table("ratios") if row["gait"] == "walk"),
    max(float(row["speed_m_s"]) for row in table("ratios") if row["gait"] == "walk"),
)
"""Speeds at which the walking ratio was measured, from the same rows."""

POOLED_STUDY_CV: Final[dict[Gait, float]] = {
    "run": stdev(_log_ratios("run")),
    "walk": stdev(_log_ratios("walk")),
}
"""Spread of the ratio between studies: standard deviation of the logs in `tables/ratios.csv` (derived)."""


class DirectionModel(NamedTuple):
    """A ratio backward to forward at equal speed on the level, and its spread between studies."""

    ratio: float
    study_cv: float


DIRECTION_MODELS: Final[dict[DirectionModelName, dict[Gait, DirectionModel]]] = {
    "documented": {
        "run": DirectionModel(DOCUMENTED_RUNNING_RATIO, DOCUMENTED_STUDY_CV),
        "walk": DirectionModel(WALKING_RATIO, POOLED_STUDY_CV["walk"]),
    },
    "pooled": {
        "run": DirectionModel(POOLED_RUNNING_RATIO, POOLED_STUDY_CV["run"]),
        "walk": DirectionModel(WALKING_RATIO, POOLED_STUDY_CV["walk"]),
    },
}
"""The ratios to choose from; the documented 30 % is a running figure, so that walking takes its own in both."""

HEART_RATE_RATIO: Final = 0.79
"""Gross energy backward to forward at equal heart rate (derived inside Williford's overlap of heart rates,
132 to 146, where it runs from 0.76 to 0.81; one study, group means, walking and running mixed: grade D)."""

BACKWARD_MEASURED_TO_M_S: Final = 3.5
"""Fastest backward running in any energy measurement (Wright & Weyand 2001)."""

UPHILL_MEASURED_TO: Final[dict[Gait, float]] = {"run": 0.25, "walk": 0.125}
"""Steepest upgrade in any measurement of backward energy, rise over run (published, both abstracts: running 0 to 25 %,
Rasica 2020, n 8; walking 2.5 to 12.5 %, a Korean study, n 10)."""

DIRECTION_REFERENCES: Final = {
    "run": ("williford1998", "bws_treadmill", "wright2001", "rasica2020"),
    "walk": ("williford1998", "kim2001", "compendium2011"),
    "heart_rate": ("williford1998",),
}
"""Sources of the ratio at equal speed or metabolic rate, by gait, and at equal heart rate."""

ELASTICITY_STEP: Final = 1e-2


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


def ratio_study_cv(*, direction_model: DirectionModelName, gait: Gait, grade: Number) -> Number:
    """Return how far studies differ in the ratio at equal speed.

    Parameters
    ----------
    direction_model : {"documented", "pooled"}
        Source of the ratio.
    gait : {"run", "walk"}
        Gait, the same in both directions.
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Coefficient of variation, doubled downhill, where there is no measurement at hand (choice) [1].

    Examples
    --------
    >>> ratio_study_cv(direction_model="documented", gait="run", grade=-0.1)
    0.148
    """
    study = DIRECTION_MODELS[direction_model][gait].study_cv
    spread: Number = where(settled(grade < -ON_A_GRADE), UNMEASURED_STUDY_FACTOR * study, study)
    return spread


def heart_rate_study_cv(*, gait: Gait) -> float:
    """Return how far another study of equal heart rate might lie from 0.79.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait, the same in both directions.

    Returns
    -------
    float
        Coefficient of variation: that of the ratio at equal speed, doubled (choice) [1].

    Examples
    --------
    >>> heart_rate_study_cv(gait="run")
    0.148
    """
    return UNMEASURED_STUDY_FACTOR * DIRECTION_MODELS["documented"][gait].study_cv


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
