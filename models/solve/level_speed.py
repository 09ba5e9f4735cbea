"""Find the level speed of a speed on a slope: the speed on level ground that takes as much energy per second.

Runners call it grade-adjusted pace. Gait, direction and equation are the same on the slope and on the level.
"""

from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from retrorun.models.estimate.case import Case, forward_power, spreads_of_person, study_widening
from retrorun.models.estimate.equal_intensity import LEAST_ELASTICITY
from retrorun.models.numerics.arithmetic import Column, Number, absolute, clip
from retrorun.models.physiology import energy, uncertainty
from retrorun.models.physiology.direction import elasticity
from retrorun.models.physiology.grades import Code
from retrorun.models.solve.crossings import NODES
from retrorun.models.solve.load_ranges import at_speeds
from retrorun.models.solve.speed_at_power import speed_grade
from retrorun.models.vocabulary.choices import Direction
from retrorun.models.vocabulary.quantities import speed_bounds

STEPS: Final = 2
"""Number of steps along the slope of a power curve at the end of a search."""


class LevelSpeeds(NamedTuple):
    """Level speeds, and the elasticity of power to speed there."""

    speed_m_s: Column
    """NaN where unknown."""
    elasticity: Column
    """Of no use where the speed is unknown, and on the level, where a level speed has no error."""


def level_speeds(case: Case) -> LevelSpeeds:
    """Return the speed on the level that takes the same gross metabolic power as each speed on its slope.

    Parameters
    ----------
    case : Case
        The bouts, with a column of speeds.

    Returns
    -------
    LevelSpeeds
        Level speeds, shape of the speeds [m/s]. NaN where no speed of the gait on the level takes that power, as on
        steep downhills, or where power on the level is too flat to solve for the speed. On the level it is the speed
        unchanged.

    Notes
    -----
    Backward power is the same ratio times forward power on every slope. So the ratio is on both sides and cancels, and
    the level speed is the same in both directions. The same is true of the personal factors. Air drag would not cancel;
    no question about level speeds includes it. On the level the power of every equation rises with speed, so at most
    one speed qualifies.

    Examples
    --------
    By Minetti 2002 running has a cost per metre that does not depend on speed, so the speed is multiplied by a factor:

    >>> by = {"gait": "run", "energy_model": "minetti2002", "direction_model": "documented"}
    >>> bout = {"speed_m_s": np.array([2.5]), "duration_s": 60.0, "distance_m": np.array([150.0])}
    >>> case = Case(**by, **bout, grade=0.1, body_mass_kg=70.0, resting_w_kg=1.0, step_rate_ratio=1.0)
    >>> (level_speeds(case).speed_m_s / 2.5).round(4)
    array([1.6578])
    """
    speed = np.asarray(case.speed_m_s, dtype=np.float64)
    on_level = forward_power(_on_level(case))
    power = np.asarray(forward_power(case)(speed))
    nodes = np.linspace(*speed_bounds(case.gait), NODES)
    levels = np.asarray(on_level(nodes))
    # Power rises smoothly, so between two nodes of the curve a few steps along its slope reach the root to rounding.
    reached = np.clip(power, levels[0], levels[-1])
    after = np.clip(np.searchsorted(levels, reached), 1, NODES - 1)
    slope = (levels[after] - levels[after - 1]) / (nodes[after] - nodes[after - 1])
    found = nodes[after] - (levels[after] - reached) / slope
    found -= (on_level(found) - reached) / slope
    steepness = np.asarray(elasticity(on_level, speed_m_s=found))
    slope = steepness * reached / found
    for _ in range(STEPS):
        found -= (on_level(found) - reached) / slope
    solvable = (reached == power) & (steepness >= LEAST_ELASTICITY)
    level = np.asarray(case.grade) == 0
    return LevelSpeeds(np.where(level, speed, np.where(solvable, found, np.nan)), np.where(level, 1.0, steepness))


def level_spread(case: Case, level: LevelSpeeds, direction: Direction, score: Number) -> Column:
    """Return the spread of level speeds: of the ratio of power on the slope to power on the level, as a speed.

    Parameters
    ----------
    case : Case
        The bouts on their slopes.
    level : LevelSpeeds
        Their level speeds.
    direction : {"forward", "backward"}
        Direction.
    score : float
        Standard score of the interval [1].

    Returns
    -------
    ndarray
        Coefficient of variation of the level speed, 0 on the level [1].

    Notes
    -----
    The person is the same on both sides, so the errors of the person, of the conversion and of the ratio cancel. The
    error in the effect of the slope remains. No source gives it. From `ON_A_GRADE` on we take the error of the equation
    on slopes and its error on the level as independent (choice): no other correlation that is not negative makes the
    range wider. On the level they are the same error, so it cancels. Between the two the spread rises linearly with the
    slope (choice), because the ground there still counts as level. Backward, the part between studies adds where
    direction was not measured on the slope.
    """
    of_model = (uncertainty.model_cv(gait=case.gait, on_grade=there) for there in (True, False))
    model = uncertainty.root_sum_square(*of_model)
    variance: Number = (model * clip(absolute(case.grade) / energy.ON_A_GRADE, 0.0, 1.0)) ** 2
    if direction == "backward":
        widened = study_widening(case, score)
        there, flat = (spreads_of_person(each, widened).ratio_variance for each in (case, _on_level(case)))
        variance = variance + (there - flat)
    spread: Column = variance**0.5 / level.elasticity
    return spread


def level_grade(case: Case, level: LevelSpeeds, direction: Direction) -> Code:
    """Return the evidence grade of level speeds: the weakest of the two powers, and backward of their ratios."""
    return speed_grade(direction, case, at_speeds(_on_level(case), level.speed_m_s))


def _on_level(case: Case) -> Case:
    return replace(case, grade=0.0)
