"""Level speeds of the segments of a workout, and of a whole workout: how fast it would be on level ground.

The total is the distance at level speeds over the time, of the segments whose level speed is known. `covered` is their
share of the moving time. Nothing is scaled up.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrorun.models.estimate.builder import around
from retrorun.models.estimate.case import Case
from retrorun.models.numerics.arithmetic import Column, Mask, Rows
from retrorun.models.physiology.grades import GRADES
from retrorun.models.physiology.uncertainty import spread_factor
from retrorun.models.solve.level_speed import level_grade, level_speeds, level_spread
from retrorun.models.vocabulary.choices import DIRECTIONS
from retrorun.models.workout.answer import LevelSpeed, LevelTotal
from retrorun.models.workout.covered import covers_enough

NO_GRADE: Final = -1
"""Code of no evidence grade; every grade is weaker."""


class Levels(NamedTuple):
    """The level speeds of segments in one direction, as columns."""

    speed_m_s: Column
    """NaN where unknown."""
    spread: Column
    grade: NDArray[np.int8]
    """Evidence grades, as codes."""
    sloped: Mask
    """Whether a segment is on a slope. Otherwise its level speed is its speed, which has no grade."""


class LevelSum(NamedTuple):
    """The known level speeds of some segments, summed."""

    known_s: float
    distance_m: float
    """Distance in that time at level speeds."""
    error_m: float
    """Change of that distance by one standard deviation of each error."""
    grade: int
    """Code of the weakest evidence grade on slopes; `NO_GRADE` if all is level."""


def levels_of(case: Case, score: float) -> tuple[Levels, Levels]:
    """Return the level speeds of segments, as columns, forward and backward."""
    speed, sloped = np.asarray(case.speed_m_s), np.asarray(case.grade) != 0
    if not sloped.any():
        level = Levels(speed, np.zeros_like(speed), np.full(speed.shape, NO_GRADE, np.int8), sloped)
        return level, level
    found = level_speeds(case)
    forward, backward = (
        Levels(
            found.speed_m_s,
            level_spread(case, found, side, score),
            np.broadcast_to(np.asarray(level_grade(case, found, side), np.int8), speed.shape),
            sloped,
        )
        for side in DIRECTIONS
    )
    return forward, backward


def level_answers(levels: Levels, rows: Rows, score: float) -> list[LevelSpeed]:
    """Return the level speed of each of some segments; where it is unknown, an object without values."""
    speed, factor = levels.speed_m_s[rows], np.asarray(spread_factor(levels.spread[rows], score))
    ends = zip(speed.tolist(), (speed / factor).tolist(), (speed * factor).tolist(), strict=True)
    found: list[LevelSpeed] = [{"value": value, "low": low, "high": high} for value, low, high in ends]
    for place in np.flatnonzero(levels.sloped[rows]).tolist():
        found[place]["evidence"] = GRADES[levels.grade[rows[place]]]
    for place in np.flatnonzero(np.isnan(speed)).tolist():
        found[place] = {}
    return found


def level_sum(levels: Levels, rows: Rows, time_s: Column) -> LevelSum:
    """Return the sum over some segments, each with the time that it lasts in all [s].

    The errors are shared, and how they are correlated between slopes is unknown. They add, which is the widest
    (choice), as in `combined_spread`.

    Examples
    --------
    >>> speeds, none = np.array([2.5, np.nan]), np.array([0.0, 0.0])
    >>> levels = Levels(speeds, none, np.array([1, 4], np.int8), np.array([True, True]))
    >>> level_sum(levels, np.array([0, 1]), np.array([60.0, 60.0]))
    LevelSum(known_s=60.0, distance_m=150.0, error_m=0.0, grade=1)
    """
    known = ~np.isnan(levels.speed_m_s[rows])
    rows, time_s = rows[known], time_s[known]
    distance_m = levels.speed_m_s[rows] * time_s
    grade = int(levels.grade[rows[levels.sloped[rows]]].max(initial=NO_GRADE))
    error_m = float(distance_m @ levels.spread[rows])
    return LevelSum(float(time_s.sum()), float(distance_m.sum()), error_m, grade)


def level_total(sums: Sequence[LevelSum], moving_s: float, score: float) -> LevelTotal | None:
    """Return the level speed of a whole workout, or None if it is known for too little of the moving time.

    Examples
    --------
    >>> level_total([LevelSum(60.0, 150.0, 0.0, NO_GRADE)], 100.0, 1.645)
    {'value': 2.5, 'low': 2.5, 'high': 2.5, 'covered': 0.6}
    >>> level_total([LevelSum(60.0, 150.0, 0.0, NO_GRADE)], 200.0, 1.645)
    """
    known_s, distance_m = sum(one.known_s for one in sums), sum(one.distance_m for one in sums)
    if not covers_enough(known_s / moving_s):
        return None
    speed = around(distance_m / known_s, sum(one.error_m for one in sums) / distance_m, score)
    found: LevelTotal = {**speed, "covered": known_s / moving_s}
    grade = max(one.grade for one in sums)
    return found if grade == NO_GRADE else {**found, "evidence": GRADES[grade]}
