"""Compute the backward movement from the forward one when speed, metabolic rate or effort is equal."""

from dataclasses import dataclass
from typing import Final

from retrorun.models.estimate.builder import EXACT, UNGRADED, AnswerBuilder, Grades
from retrorun.models.estimate.case import (
    Case,
    Spreads,
    backward_power,
    forward_power,
    own_factor,
    powers_at_the_same_speed,
    spreads_of_person,
    study_widening,
)
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Number, outside, settled, where
from retrorun.models.numerics.roots import bracketed_root
from retrorun.models.physiology import direction, energy_models, timing
from retrorun.models.physiology.grades import graded
from retrorun.models.physiology.uncertainty import CONVERSION_CV
from retrorun.models.vocabulary.quantities import speed_bounds

LEAST_ELASTICITY: Final = 0.1
"""Smallest elasticity of power to speed at which a speed is solved from a power (choice). Below it the interval would
span more than a factor of ten, and first-order error propagation would fail."""


BEYOND_THE_ROOT: Final = 1.01
"""Factor by which a search extends beyond a root that may be at its end (choice)."""


@dataclass(slots=True, kw_only=True)
class Movement:
    """Power of both directions, the backward speed, and their spreads as used for the ends of intervals."""

    forward_w_kg: Number
    backward_w_kg: Number
    speed_m_s: Number | None
    """Backward speed; None where it is unknown."""
    forward_spread: Number
    """Spread of forward power, without errors of the caller's inputs."""
    power_spread: Number
    """Spread of the ratio of powers."""
    backward_spread: Number
    """Spread of backward power, from both of these and their covariance."""
    covariance: Number
    """Covariance of the errors of forward power and of the ratio of powers."""
    speed_spread: Number
    """Spread of the ratio of speeds."""
    speed_growth: Number = 1.0
    """Relative change of the backward speed for a relative change of the forward one."""


def movement(case: Case, builder: AnswerBuilder) -> Movement:
    """Return the backward movement: its power at equal speed or effort, its speed at equal power."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    undefined = outside(case.grade, model.defined_grade)
    if undefined is not False:
        builder.refuse(
            undefined,
            "grade",
            f"{case.energy_model} is not defined on this grade. Use another energy_model, or leave it out.",
            "grade_undefined",
        )
    model_w, backward_w = powers_at_the_same_speed(case)
    own = own_factor(case)
    spreads = spreads_of_person(case, study_widening(case, builder.score))
    forward_spread = (spreads.forward_variance + CONVERSION_CV * CONVERSION_CV) ** 0.5
    if case.equal == "metabolic_rate":
        return equal_power(case, model_w, own * model_w, forward_spread, spreads, builder)

    speed: Number | None = case.speed_m_s
    if case.equal != "speed":
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
    case: Case, model_w: Number, forward_w: Number, forward_spread: Number, spreads: Spreads, builder: AnswerBuilder
) -> Movement:
    """Solve for the backward speed at which backward power equals the forward one."""
    backward_at = backward_power(case)
    low, high = 0.0 * case.speed_m_s, case.speed_m_s
    least, most = speed_bounds(case.gait)
    if case.supported is not False:
        # The ratio may be 1. Then the root is the forward speed, and it must be inside the bounds.
        high = BEYOND_THE_ROOT * case.speed_m_s
    if case.personal:
        # The root may be above the forward speed if this person runs backward at little cost.
        high = most + low
    refusal = (
        "speed_m_s",
        f"This speed is too slow to find a backward speed of at least {least:g} m/s with the same cost. Use a faster "
        "one, or compare at equal speed.",
        "no_equal_speed",
    )
    none = (backward_at(low) > model_w) | (backward_at(high) < model_w)
    builder.refuse(none, *refusal)
    speed = bracketed_root(lambda trial: backward_at(trial) - model_w, low=low, high=high)
    speed = where(none, case.speed_m_s, speed)
    steepness = direction.elasticity(backward_at, speed_m_s=speed)
    flat = (steepness < LEAST_ELASTICITY) | (speed < least)
    builder.refuse(flat, *refusal)
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
    """Return the grades of a backward speed that was solved for; a given speed has no grades."""
    if case.equal != "metabolic_rate":
        return UNGRADED
    fast = speed_m_s > direction.BACKWARD_MEASURED_TO_M_S if case.gait == "run" else False
    unmeasured = settled(case.unmeasured_grade | fast | case.supported)
    solved = graded("solved_speed", unmeasured)
    return None, solved, solved


def motion_section(case: Case, move: Movement, builder: AnswerBuilder) -> None:
    """Write speed, duration and distance, each with the error that comes from the caller's speed."""
    builder.forward["duration_s"] = builder.backward["duration_s"] = case.duration_s
    cv, solved = case.speed_cv, move.speed_spread * move.speed_spread
    if move.speed_m_s is None:
        builder.pair("speed_m_s", case.speed_m_s, None, builder.factors(spread=cv))
        distance_cv = cv if case.follows == "distance_m" else 0.0
        builder.pair("distance_m", case.distance_m, None, builder.factors(spread=distance_cv))
        return
    backward_distance = case.distance_m if case.equal == "speed" else move.speed_m_s * case.duration_s
    if case.equal == "speed" and isinstance(cv, float) and cv == 0:
        builder.pair("speed_m_s", case.speed_m_s, move.speed_m_s, EXACT)
        builder.pair("distance_m", case.distance_m, backward_distance, EXACT)
        return
    grades = solved_grades(case, move.speed_m_s)
    grown, apart = move.speed_growth * cv, (move.speed_growth - 1) * cv
    of_speed = builder.factors(
        spread=cv, ratio_spread=(apart * apart + solved) ** 0.5, backward_spread=(grown * grown + solved) ** 0.5
    )
    builder.pair("speed_m_s", case.speed_m_s, move.speed_m_s, of_speed, grades=grades)
    forward_cv, backward_cv = {"distance_m": (cv, grown), "duration_s": (0.0, apart)}.get(case.follows, (0.0, grown))
    if case.equal == "speed" and case.follows != "distance_m":
        backward_cv = 0.0
    of_distance = builder.factors(spread=forward_cv, backward_spread=(backward_cv * backward_cv + solved) ** 0.5)
    builder.pair("distance_m", case.distance_m, backward_distance, of_distance, grades=grades)
    if case.equal == "metabolic_rate" and case.gait == "run":
        builder.warn(cautions.BACKWARD_BELOW_TRANSITION, move.speed_m_s < timing.BACKWARD_TRANSITION_M_S)
