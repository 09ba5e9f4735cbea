"""One bout as a case, and what backward movement follows from the forward one when something is held equal."""

import math
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from models import cautions, direction, energy, energy_models, gait, surroundings, uncertainty
from models.arithmetic import Condition, Number, exponential, greater, outside, settled, where
from models.calibration import Personal
from models.grades import graded
from models.quantities import speed_bounds
from models.roots import bracketed_root
from models.sheet import EXACT, UNGRADED, Grades, Sheet
from models.uncertainty import CONVERSION_CV, PERSON_RATIO_CV, Gait

LEAST_ELASTICITY: Final = 0.1
"""Elasticity of power to speed below which a speed solved from a power is undefined: its interval would span
more than a factor of ten, and the first-order propagation behind it would no longer hold (choice)."""


BEYOND_THE_ROOT: Final = 1.01
"""How far the bounds of a search reach beyond a root that may lie at their end (choice)."""


class Case(NamedTuple):
    """One bout, complete: categories as words, quantities as floats or columns; made by keyword."""

    gait: Gait
    energy_model: str
    direction_model: direction.DirectionModelName
    body_mass_kg: Number
    speed_m_s: Number
    duration_s: Number
    distance_m: Number
    grade: Number
    resting_w_kg: Number
    step_rate_ratio: Number
    equal: direction.Equal = "speed"
    follows: str = "distance_m"
    """Which of speed, duration and distance follows from the other two."""
    speed_cv: Number = 0.0
    body_mass_cv: Number = 0.0
    oxygen_uptake_max_ml_kg_min: Number | None = None
    personal: Personal | None = None
    age_y: Number | None = None
    weight_support: Number = 0.0
    overground: Condition = False


class Spreads(NamedTuple):
    """How far a person may lie from forward power and from the ratio, and how the two errors go together."""

    forward_variance: Number
    ratio_variance: Number
    covariance: Number


class Movement(NamedTuple):
    """What backward movement follows from the forward one under what is held equal; spreads as ends are written."""

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
    covariance: Number
    """Covariance of the errors of forward power and of the ratio of powers."""
    speed_spread: Number
    """Spread of the ratio of speeds."""
    speed_growth: Number = 1.0
    """Relative change of the backward speed for a relative change of the forward one."""


def on_a_grade(case: Case) -> Condition:
    """Say whether the ground counts as a grade."""
    return settled(outside(case.grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE)))


def forward_power(case: Case) -> Callable[[Number], Number]:
    """Return forward power as a function of speed, before own measurements, with still air where asked for."""
    return _in_still_air(case, treadmill_power(case))


def backward_power(case: Case) -> Callable[[Number], Number]:
    """Return backward power at equal speed: the ratio times that on a treadmill, and the same still air as forward."""
    ratio, power = ratio_of(case), treadmill_power(case)
    return _in_still_air(case, lambda speed_m_s: ratio * power(speed_m_s))


def _in_still_air(case: Case, power: Callable[[Number], Number]) -> Callable[[Number], Number]:
    """Add still air where it is asked for: over the personal factor, which multiplies the whole."""
    if case.overground is False:
        return power
    own = own_factor(case)
    return lambda speed_m_s: (
        power(speed_m_s) + where(case.overground, surroundings.air_drag_w_kg(speed_m_s=speed_m_s) / own, 0.0)
    )


def own_factor(case: Case) -> float:
    """Return what own measurements multiply power with."""
    return math.exp(case.personal.forward_log) if case.personal else 1.0


def treadmill_power(case: Case) -> Callable[[Number], Number]:
    """Return forward power as a function of speed, on the grade, with the rest and the weight support of a case."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    power: Callable[..., Number] = model.power_w_kg
    if model.needs_rest:
        power = partial(power, resting_w_kg=case.resting_w_kg)
    of_speed = partial(_at, power, case.grade)
    if isinstance(case.weight_support, float) and case.weight_support == 0:
        return of_speed
    return partial(_supported, of_speed, case)


def _at(power: Callable[..., Number], grade: Number, speed_m_s: Number) -> Number:
    return power(speed_m_s=speed_m_s, grade=grade)


def _supported(of_speed: Callable[[Number], Number], case: Case, speed_m_s: Number) -> Number:
    return surroundings.supported_w_kg(
        power_w_kg=of_speed(speed_m_s), resting_w_kg=case.resting_w_kg, weight_support=case.weight_support
    )


def supported(case: Case) -> Condition:
    """Say whether a treadmill carries a part of the body."""
    return settled(case.weight_support > 0)


def ratio_of(case: Case) -> Number:
    """Return the ratio of gross powers at equal speed that a case uses, of the person after own measurements.

    With weight support r^(1 - s / 0.2) below a support s of 0.2, and 1 from there (choice).
    """
    ratio = direction.DIRECTION_MODELS[case.direction_model][case.gait].ratio
    if case.personal:
        ratio *= math.exp(case.personal.ratio_log)
    if supported(case) is False:
        return ratio
    left = greater(1.0 - case.weight_support / direction.WEIGHT_SUPPORT_EQUAL_FROM, 0.0)
    return exponential(math.log(ratio) * left)


def ratio_study_cv(case: Case, grade: Number) -> Number:
    """Return how far studies differ in the ratio that a case uses."""
    if case.equal in direction.EQUAL_EFFORT:
        return direction.HEART_RATE_STUDY_CV
    study = direction.ratio_study_cv(direction_model=case.direction_model, gait=case.gait, grade=grade)
    if supported(case) is False:
        return study
    doubled = uncertainty.UNMEASURED_STUDY_FACTOR * direction.DIRECTION_MODELS[case.direction_model][case.gait].study_cv
    return where(supported(case), doubled, study)  # type: ignore[no-any-return]  # `where` takes words too


def spreads_of_person(case: Case, studies_widened: Number = 1.0) -> Spreads:
    """Return the variances of a person's forward power and ratio, and their covariance.

    Parameters
    ----------
    case : Case
        The bout.
    studies_widened : float or ndarray
        Factor on the variance between studies: 1 for the unscaled variances, (t / z)^2 for those that the ends of an
        interval are written with, see `study_widening` [1].

    Returns
    -------
    Spreads
        Variances of logarithms [1].

    Notes
    -----
    Own measurements narrow what a level bout leaves open. What a grade adds, the wider model part and the doubled
    study part where direction was not measured, no measurement has narrowed: it is added as it is.
    """
    on_grade, person = on_a_grade(case), PERSON_RATIO_CV[case.gait]
    forward = uncertainty.forward_spread(gait=case.gait, on_grade=on_grade)
    forward_variance, ratio_variance, covariance = forward * forward, person * person, 0.0
    study, own = ratio_study_cv(case, case.grade), case.personal
    if own is not None:
        level = uncertainty.forward_spread(gait=case.gait, on_grade=False)
        own_forward, own_ratio, own_covariance = own.variances(studies_widened)
        forward_variance = own_forward + forward_variance - level * level
    if case.equal in direction.EQUAL_EFFORT:
        # A choice and not a standard deviation of studies: never widened.
        return Spreads(forward_variance, ratio_variance + study * study, covariance)
    if own is None:
        return Spreads(forward_variance, ratio_variance + studies_widened * study * study, covariance)
    level_study = ratio_study_cv(case._replace(weight_support=0.0), 0.0)
    added = study * study - level_study * level_study
    return Spreads(forward_variance, own_ratio + studies_widened * added, own_covariance)


def study_widening(case: Case, score: Number) -> Number:
    """Return by what factor the variance between studies is widened where the ends of an interval are written [1]."""
    studies = direction.DIRECTION_MODELS[case.direction_model][case.gait].studies
    factor = uncertainty.widening(score, studies=studies)
    return factor * factor


def movement(case: Case, sheet: Sheet) -> Movement:
    """Find what equal intensity leaves open: the power at equal speed, or the speed at equal power."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    sheet.refuse(
        outside(case.grade, model.defined_grade),
        "grade",
        f"{case.energy_model} is not defined on this grade: use another energy_model, or leave it out.",
        "grade_undefined",
    )
    model_w, own = forward_power(case)(case.speed_m_s), own_factor(case)
    spreads = spreads_of_person(case, study_widening(case, sheet.score))
    forward_spread = (spreads.forward_variance + CONVERSION_CV * CONVERSION_CV) ** 0.5
    if case.equal == "metabolic_rate":
        return equal_power(case, model_w, own * model_w, forward_spread, spreads, sheet)

    if case.equal == "speed":
        backward_w, speed = backward_power(case)(case.speed_m_s), case.speed_m_s
    else:
        backward_w, speed = direction.HEART_RATE_RATIO[case.gait] * model_w, None
    backward_variance = forward_spread * forward_spread + spreads.ratio_variance + 2 * spreads.covariance
    return Movement(
        forward_w_kg=own * model_w,
        backward_w_kg=own * backward_w,
        speed_m_s=speed,
        forward_spread=forward_spread,
        power_spread=spreads.ratio_variance**0.5,
        backward_spread=backward_variance**0.5,
        covariance=spreads.covariance,
        speed_spread=0.0,
    )


def equal_power(
    case: Case, model_w: Number, forward_w: Number, forward_spread: Number, spreads: Spreads, sheet: Sheet
) -> Movement:
    """Solve for the backward speed at which backward power equals the forward one."""
    backward_at = backward_power(case)
    low, high = 0.0 * case.speed_m_s, case.speed_m_s
    least, most = speed_bounds(case.gait)
    if supported(case) is not False:
        # The ratio may be 1: then the root is the forward speed, which has to lie inside the bounds.
        high = BEYOND_THE_ROOT * case.speed_m_s
    if case.personal:
        # A person who runs backward at little cost may have the root above the forward speed.
        high = most + low
    refusal = (
        "speed_m_s",
        f"No backward speed from {least:g} m/s on that can be told costs what this forward speed costs: give a faster "
        "one, or hold speed equal.",
        "no_equal_speed",
    )
    none = (backward_at(low) > model_w) | (backward_at(high) < model_w)
    sheet.refuse(none, *refusal)
    speed = bracketed_root(lambda trial: backward_at(trial) - model_w, low=low, high=high)
    speed = where(none, case.speed_m_s, speed)
    steepness = direction.elasticity(backward_at, speed_m_s=speed)
    flat = (steepness < LEAST_ELASTICITY) | (speed < least)
    sheet.refuse(flat, *refusal)
    speed, steepness = where(flat, case.speed_m_s, speed), where(flat, 1.0, steepness)
    growth: Number = 1.0
    if not (isinstance(case.speed_cv, float) and case.speed_cv == 0):
        growth = direction.elasticity(forward_power(case), speed_m_s=case.speed_m_s) / steepness
    return Movement(
        forward_w_kg=forward_w,
        backward_w_kg=forward_w,
        speed_m_s=speed,
        forward_spread=forward_spread,
        power_spread=0.0,
        backward_spread=forward_spread,
        covariance=0.0,
        speed_spread=spreads.ratio_variance**0.5 / steepness,
        speed_growth=growth,
    )


def solved_grades(case: Case, speed_m_s: Number) -> Grades:
    """Return the grades of a backward speed that was solved for, none of one that is given."""
    if case.equal != "metabolic_rate":
        return UNGRADED
    fast = speed_m_s > direction.BACKWARD_MEASURED_TO_M_S if case.gait == "run" else False
    unmeasured = settled(direction.unmeasured_grade(gait=case.gait, grade=case.grade) | fast | supported(case))
    solved = graded("solved_speed", unmeasured)
    return Grades(None, solved, solved)


def motion_section(case: Case, move: Movement, sheet: Sheet) -> None:
    """Write speed, duration and distance, with what an error of the caller's speed does to each."""
    sheet.forward["duration_s"] = sheet.backward["duration_s"] = case.duration_s
    cv, solved = case.speed_cv, move.speed_spread * move.speed_spread
    if move.speed_m_s is None:
        sheet.pair("speed_m_s", case.speed_m_s, None, sheet.factors(spread=cv))
        distance_cv = cv if case.follows == "distance_m" else 0.0
        sheet.pair("distance_m", case.distance_m, None, sheet.factors(spread=distance_cv))
        return
    backward_distance = case.distance_m if case.equal == "speed" else move.speed_m_s * case.duration_s
    if case.equal == "speed" and isinstance(cv, float) and cv == 0:
        sheet.pair("speed_m_s", case.speed_m_s, move.speed_m_s, EXACT)
        sheet.pair("distance_m", case.distance_m, backward_distance, EXACT)
        return
    grades = solved_grades(case, move.speed_m_s)
    grown, apart = move.speed_growth * cv, (move.speed_growth - 1) * cv
    of_speed = sheet.factors(
        spread=cv, ratio_spread=(apart * apart + solved) ** 0.5, backward_spread=(grown * grown + solved) ** 0.5
    )
    sheet.pair("speed_m_s", case.speed_m_s, move.speed_m_s, of_speed, grades=grades)
    forward_cv, backward_cv = {"distance_m": (cv, grown), "duration_s": (0.0, apart)}.get(case.follows, (0.0, grown))
    if case.equal == "speed" and case.follows != "distance_m":
        backward_cv = 0.0
    of_distance = sheet.factors(spread=forward_cv, backward_spread=(backward_cv * backward_cv + solved) ** 0.5)
    sheet.pair("distance_m", case.distance_m, backward_distance, of_distance, grades=grades)
    if case.equal == "metabolic_rate" and case.gait == "run":
        sheet.warn(cautions.BACKWARD_BELOW_TRANSITION, move.speed_m_s < gait.BACKWARD_TRANSITION_M_S)
