"""One bout as a case, and what backward movement follows from the forward one when something is held equal."""

import math
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from models import direction, energy, energy_models, uncertainty
from models.arithmetic import Condition, Number, outside
from models.calibration import Personal
from models.quantities import QUANTITIES
from models.roots import bracketed_root
from models.sheet import Sheet
from models.uncertainty import CONVERSION_CV, PERSON_RATIO_CV, Gait, root_sum_square

FARTHEST_BRACKET: Final = 4
"""Power of a person's own ratio that bounds the search for an equal speed above the forward one."""


class Case(NamedTuple):
    """One bout, complete: categories as words, quantities as floats or columns."""

    gait: Gait
    equal: direction.Equal
    energy_model: str
    direction_model: direction.DirectionModelName
    body_mass_kg: Number
    speed_m_s: Number
    duration_s: Number
    distance_m: Number
    grade: Number
    resting_w_kg: Number
    step_rate_ratio: Number
    follows: str = "distance_m"
    """Which of speed, duration and distance follows from the other two."""
    speed_cv: Number = 0.0
    body_mass_cv: Number = 0.0
    oxygen_uptake_max_ml_kg_min: Number | None = None
    personal: Personal | None = None


class Movement(NamedTuple):
    """What backward movement follows from the forward one under what is held equal."""

    forward_w_kg: Number
    backward_w_kg: Number
    speed_m_s: Number | None
    """Backward speed; None where it is unknown."""
    forward_spread: Number
    """Spread of forward power, without what the caller's own inputs add."""
    power_spread: Number
    """Spread of the ratio of powers."""
    backward_spread: Number
    """Spread of backward power: both, and what they have in common."""
    speed_spread: Number
    """Spread of the ratio of speeds."""


def on_a_grade(case: Case) -> Condition:
    """Say whether the ground counts as a grade."""
    return outside(case.grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE))


def forward_power(case: Case) -> Callable[[Number], Number]:
    """Return forward power as a function of speed, on the grade and with the rest of a case."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    if model.needs_rest:
        return partial(_at, partial(model.power_w_kg, resting_w_kg=case.resting_w_kg), case.grade)
    return partial(_at, model.power_w_kg, case.grade)


def _at(power: Callable[..., Number], grade: Number, speed_m_s: Number) -> Number:
    return power(speed_m_s=speed_m_s, grade=grade)


def backward_power(case: Case, speed_m_s: Number, forward_w_kg: Number) -> tuple[Number, Number]:
    """Return backward power at a speed, and its sensitivity to the ratio; see `direction.backward_power`."""
    level = forward_w_kg if case.gait == "run" else forward_power(case._replace(grade=0.0))(speed_m_s)
    return direction.backward_power(
        gait=case.gait,
        ratio=direction.DIRECTION_MODELS[case.direction_model][case.gait].ratio,
        forward_w_kg=forward_w_kg,
        level_w_kg=level,
        grade=case.grade,
    )


def movement(case: Case, sheet: Sheet) -> Movement:
    """Find what equal intensity leaves open: the power at equal speed, or the speed at equal power."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    sheet.refuse(
        outside(case.grade, model.defined_grade),
        "grade",
        f"{case.energy_model} is not defined on this grade: use another energy_model, or leave it out.",
        "grade_undefined",
    )
    power = forward_power(case)
    personal = case.personal
    forward_w = power(case.speed_m_s)
    explained = uncertainty.forward_spread(gait=case.gait, on_grade=on_a_grade(case))
    own = math.exp(personal.forward_log) if personal else 1.0
    forward_spread = root_sum_square(personal.forward_spread if personal else explained, CONVERSION_CV)
    person_cv = PERSON_RATIO_CV[case.gait]

    if case.equal == "heart_rate":
        spread = root_sum_square(person_cv, direction.heart_rate_study_cv(gait=case.gait))
        backward_w = direction.HEART_RATE_RATIO * forward_w
        return Movement(
            own * forward_w,
            own * backward_w,
            None,
            forward_spread,
            spread,
            root_sum_square(forward_spread, spread),
            0.0,
        )

    own_ratio = math.exp(personal.ratio_log) if personal else 1.0
    study_cv = direction.ratio_study_cv(direction_model=case.direction_model, gait=case.gait, grade=case.grade)
    ratio_spread = personal.ratio_spread if personal else root_sum_square(person_cv, study_cv)
    if case.equal == "speed":
        backward_w, sensitivity = backward_power(case, case.speed_m_s, forward_w)
        spread = ratio_spread * sensitivity
        backward_spread = (
            root_sum_square(personal.backward_spread, CONVERSION_CV)
            if personal
            else root_sum_square(forward_spread, spread)
        )
        return Movement(
            own * forward_w,
            own * own_ratio * backward_w,
            case.speed_m_s,
            forward_spread,
            spread,
            backward_spread,
            0.0,
        )

    def backward_at(speed_m_s: Number) -> Number:
        return own_ratio * backward_power(case, speed_m_s, power(speed_m_s))[0]

    slowest = QUANTITIES["speed_m_s"].low or 0.0
    low = slowest + 0.0 * case.speed_m_s
    high = case.speed_m_s
    if own_ratio < 1:
        # A person who runs backward at little cost may have the root above the forward speed.
        high = high / own_ratio**FARTHEST_BRACKET
    sheet.refuse(
        (backward_at(low) > forward_w) | (backward_at(high) < forward_w),
        "speed_m_s",
        f"No backward speed of at least {slowest:g} m/s costs what this forward speed costs: give a faster one, or "
        "hold speed equal.",
        "no_equal_speed",
    )
    speed = bracketed_root(lambda trial: backward_at(trial) - forward_w, low=low, high=high)
    sensitivity = backward_power(case, speed, power(speed))[1]
    return Movement(
        own * forward_w,
        own * forward_w,
        speed,
        forward_spread,
        0.0,
        forward_spread,
        ratio_spread * sensitivity / direction.elasticity(backward_at, speed_m_s=speed),
    )


def motion_section(case: Case, move: Movement, sheet: Sheet) -> None:
    """Write speed, duration and distance; an error of the caller's speed is shared by both directions."""
    sheet.forward["duration_s"] = sheet.backward["duration_s"] = case.duration_s
    backward_distance = None if move.speed_m_s is None else move.speed_m_s * case.duration_s
    if case.equal == "speed":
        backward_distance = case.distance_m
    distance_cv = case.speed_cv if case.follows == "distance_m" else 0.0
    of_speed = sheet.factors(spread=case.speed_cv, ratio_spread=move.speed_spread)
    of_distance = sheet.factors(spread=distance_cv, ratio_spread=move.speed_spread)
    sheet.pair("speed_m_s", case.speed_m_s, move.speed_m_s, of_speed)
    sheet.pair("distance_m", case.distance_m, backward_distance, of_distance)
