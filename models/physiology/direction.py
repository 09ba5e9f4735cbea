"""The ratio of gross energy backward to forward, at equal speed and at equal effort.

At equal speed, backward energy is the ratio times forward energy, at every speed and grade, in both gaits. On grades
where this was not measured, the spread between studies is doubled.
"""

import math
from collections.abc import Callable
from statistics import fmean, stdev
from typing import Final, NamedTuple

from retrorun.models.numerics.arithmetic import Condition, Number, outside, settled, where
from retrorun.models.physiology.energy import ON_A_GRADE
from retrorun.models.physiology.uncertainty import UNMEASURED_STUDY_FACTOR
from retrorun.models.sources.tables import table
from retrorun.models.vocabulary.choices import DirectionModelName, Equal, Gait

DOCUMENTED_RUNNING_RATIO: Final = 1.30
"""Documented ratio of gross energy of backward running at equal speed (secondary: the four people of Wright &
Weyand 2001 over 1.75 to 3.50 m/s; supported by most studies, evidence grade B;
docs/evidence.md#energy-at-the-same-speed)."""


def _log_ratios(gait: Gait) -> list[float]:
    """Return the logarithm of the backward to forward ratio of each study; each row is one study."""
    return [math.log(float(row["ratio_backward_forward"])) for row in table("ratios") if row["gait"] == gait]


DOCUMENTED_STUDY_CV: Final = 0.070
"""Spread of the running ratio between studies, for the ratio 1.30 (derived: standard deviation of the logs of the four
studies). It is written as a number, so that a new study changes `pooled` and not `documented`."""

DOCUMENTED_STUDIES: Final = 4
"""Number of studies behind that spread (derived)."""

POOLED_RUNNING_RATIO: Final = math.exp(fmean(_log_ratios("run")))
"""Unweighted log mean of the running rows of `tables/ratios.csv`, one for each study (choice: only Wright & Weyand
print a standard error)."""

WALKING_RATIO: Final = math.exp(fmean(_log_ratios("walk")))
"""Backward walking at equal speed, 1.374: unweighted log mean of the walking rows of `tables/ratios.csv`
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

MEASURED_TO_GRADE: Final[dict[Gait, float]] = {"run": 0.25, "walk": 0.125}
"""Steepest upgrade in any measurement of backward energy, rise over run (published, both abstracts: running 0 to 25 %,
Rasica 2020, n 8; walking 2.5 to 12.5 %, a Korean study, n 10)."""

WEIGHT_SUPPORT_EQUAL_FROM: Final = 0.2
"""Share of body mass carried at which backward takes as much energy as forward (choice: at 20 and 50 % Masumoto &
Mercer 2023 found no effect of direction; below 20 % the logarithm of the ratio falls in a line; grade D)."""


class DirectionModel(NamedTuple):
    """A ratio backward to forward at equal speed, its spread between studies, and the number of studies."""

    ratio: float
    study_cv: float
    studies: int


DIRECTION_MODELS: Final[dict[DirectionModelName, dict[Gait, DirectionModel]]] = {
    "documented": {
        "run": DirectionModel(DOCUMENTED_RUNNING_RATIO, DOCUMENTED_STUDY_CV, DOCUMENTED_STUDIES),
        "walk": DirectionModel(WALKING_RATIO, POOLED_STUDY_CV["walk"], len(_log_ratios("walk"))),
    },
    "pooled": {
        "run": DirectionModel(POOLED_RUNNING_RATIO, POOLED_STUDY_CV["run"], len(_log_ratios("run"))),
        "walk": DirectionModel(WALKING_RATIO, POOLED_STUDY_CV["walk"], len(_log_ratios("walk"))),
    },
}
"""The ratios to choose from. The documented 30 % is for running, so walking has its own ratio in both models."""

HEART_RATE_RATIO: Final[dict[Gait, float]] = {"run": 0.83, "walk": 0.76}
"""Gross energy backward to forward at equal heart rate, grade D. Derived: the lines through Williford's group means
give 0.763, 0.808, 0.827, 0.836 and 0.847 at 132, 146, 155, 160 and 168 beats a minute, beyond 146 with the forward
line extrapolated; Kim & Choi (walking, n 20) 0.750 to 0.755
(docs/evidence.md#the-same-heart-rate-or-the-same-felt-effort)."""

EQUAL_EFFORT: Final[frozenset[Equal]] = frozenset({"heart_rate", "perceived_exertion"})
"""Ways to compare at equal effort. Both use the energy ratio at equal heart rate, and the backward speed is unknown.
Perceived exertion uses that ratio because the relation of heart rate and perceived exertion hardly depends on direction
(Korean study of walking, n 10; derived, grade D)."""

HEART_RATE_STUDY_CV: Final = UNMEASURED_STUDY_FACTOR * DOCUMENTED_STUDY_CV
"""Spread between studies of the ratio at equal heart rate: twice that of running at equal speed (choice; not a standard
deviation of studies, so it is never widened)."""

BACKWARD_MEASURED_FROM_M_S: Final = 1.75
"""Slowest backward running in the studies of the ratio (Wright & Weyand 2001)."""

BACKWARD_MEASURED_TO_M_S: Final = 3.5
"""Fastest backward running in any energy measurement (Wright & Weyand 2001)."""

DIRECTION_REFERENCES: Final = {
    "run": ("williford1998", "masumoto2023", "wright2001", "rasica2020"),
    "walk": ("williford1998", "kim2001", "korean_walking"),
    "heart_rate": ("williford1998", "kim2001"),
    "perceived_exertion": ("williford1998", "kim2001", "korean_walking", "masumoto2023"),
}
"""Sources of the ratio at equal speed or metabolic rate, by gait, and at equal heart rate and perceived exertion."""

ELASTICITY_STEP: Final = 1e-2


def unmeasured_grade(*, gait: Gait, grade: Number) -> Condition:
    """Return whether backward was not measured on a grade: downhill, or steeper than `MEASURED_TO_GRADE`.

    Examples
    --------
    >>> unmeasured_grade(gait="walk", grade=0.125), unmeasured_grade(gait="walk", grade=-0.02)
    (False, True)
    """
    return settled(outside(grade, (-ON_A_GRADE, MEASURED_TO_GRADE[gait])))


def unmeasured_speed(*, gait: Gait, speed_m_s: Number) -> Condition:
    """Return whether the ratio was not measured at a speed.

    Examples
    --------
    >>> unmeasured_speed(gait="run", speed_m_s=2.5), unmeasured_speed(gait="run", speed_m_s=3.6)
    (False, True)
    """
    running = (BACKWARD_MEASURED_FROM_M_S, BACKWARD_MEASURED_TO_M_S)
    return settled(outside(speed_m_s, running if gait == "run" else WALKING_RATIO_RANGE_M_S))


def ratio_study_cv(*, direction_model: DirectionModelName, gait: Gait, unmeasured: Condition) -> Number:
    """Return the spread between studies of the ratio at equal speed.

    Parameters
    ----------
    direction_model : {"documented", "pooled"}
        Source of the ratio.
    gait : {"run", "walk"}
        Gait, the same in both directions.
    unmeasured : bool or ndarray
        Whether backward was not measured on the grade, see `unmeasured_grade`.

    Returns
    -------
    float or ndarray
        Coefficient of variation, doubled where direction was not measured (choice) [1].

    Examples
    --------
    >>> ratio_study_cv(direction_model="documented", gait="run", unmeasured=True)
    0.14
    """
    study = DIRECTION_MODELS[direction_model][gait].study_cv
    spread: Number = where(unmeasured, UNMEASURED_STUDY_FACTOR * study, study)
    return spread


def elasticity(power_at: Callable[[Number], Number], *, speed_m_s: Number) -> Number:
    """Return the local elasticity of power to speed, d ln M / d ln V.

    Parameters
    ----------
    power_at : callable
        Power [W/kg] at a speed [m/s].
    speed_m_s : float or ndarray
        Speed at which to compute it [m/s].

    Returns
    -------
    float or ndarray
        Elasticity, shape of the speed [1].

    Notes
    -----
    Five-point central difference. With this step the difference in rounding between floats and columns stays below
    1e-12, and the truncation error below 1e-8.

    Examples
    --------
    >>> round(elasticity(lambda speed: speed**3, speed_m_s=2.0), 9)
    3.0
    """
    step = ELASTICITY_STEP
    near = power_at(speed_m_s * (1 + step)) - power_at(speed_m_s * (1 - step))
    far = power_at(speed_m_s * (1 + 2 * step)) - power_at(speed_m_s * (1 - 2 * step))
    return (8 * near - far) / (12 * step * power_at(speed_m_s))
