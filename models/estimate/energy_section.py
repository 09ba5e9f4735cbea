"""Energies, power, oxygen uptake, MET and energy per kilometre of an answer.

Like every section, this works on floats and on columns: categories (gait, equal, equation) are single words, numbers
may be columns. A section writes to an `AnswerBuilder`; the texts of its warnings are in `models.evidence.cautions`.
"""

from typing import Final

from retrorun.models.estimate.builder import AnswerBuilder, Factors, Grades
from retrorun.models.estimate.case import Case, forward_power
from retrorun.models.estimate.equal_intensity import Movement
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Number, either_outside, outside, settled
from retrorun.models.physiology import direction, energy, energy_models
from retrorun.models.physiology.grades import Code, either, graded, weaker
from retrorun.models.physiology.uncertainty import root_sum_square
from retrorun.models.vocabulary.quantities import PLAUSIBLE_UPTAKE_ML_KG_MIN

ROUNDED: Final = 1e-12
"""Relative rounding error that an oxygen uptake may have above the plausible limit (choice)."""

PLAUSIBLE_W_KG: Final = energy.power_of_oxygen_uptake(
    oxygen_uptake_ml_kg_min=PLAUSIBLE_UPTAKE_ML_KG_MIN * (1 + ROUNDED)
)
"""Power at the highest plausible oxygen uptake [W/kg]."""


def energy_section(case: Case, move: Movement, builder: AnswerBuilder) -> None:
    """Write energies, power, oxygen uptake, MET and cost per kilometre."""
    forward_w, backward_w, rest_w = move.forward_w_kg, move.backward_w_kg, case.resting_w_kg
    forward_active, backward_active = forward_w - rest_w, backward_w - rest_w
    least = energy.MINIMUM_ACTIVE_SHARE
    builder.refuse(
        (forward_active < least * forward_w) | (backward_active < least * backward_w),
        "",
        "The estimate is too close to resting energy, so active energy is undefined. Check body_mass_kg, height_m, "
        "age_y and speed_m_s.",
        "not_above_rest",
    )
    of_power_input, of_energy_input, per_km_input = input_spreads(case, move)
    of_power = gross_factors(move, of_power_input, builder)
    kcal_of_w_kg = case.body_mass_kg * case.duration_s / energy.J_PER_KCAL
    resting = rest_w * kcal_of_w_kg
    forward_kcal, backward_kcal = forward_active * kcal_of_w_kg, backward_active * kcal_of_w_kg
    of_energy = of_power if of_energy_input is of_power_input else gross_factors(move, of_energy_input, builder)
    grades = energy_grades(case)
    builder.pair("total_energy_kcal", forward_kcal + resting, backward_kcal + resting, of_energy, grades=grades)
    if builder.wants("active_energy_kcal"):
        of_active = active_factors(
            forward_w / forward_active, backward_w / backward_active, move, of_energy_input, builder
        )
        builder.pair("active_energy_kcal", forward_kcal, backward_kcal, of_active, grades=grades)
    if builder.wants("resting_energy_kcal"):
        builder.forward["resting_energy_kcal"] = builder.backward["resting_energy_kcal"] = resting
    if builder.wants("metabolic_power_w_kg"):
        builder.pair("metabolic_power_w_kg", forward_w, backward_w, of_power, grades=grades)
    forward_uptake = energy.oxygen_uptake_ml_kg_min(power_w_kg=forward_w)
    backward_uptake = energy.oxygen_uptake_ml_kg_min(power_w_kg=backward_w)
    builder.pair("oxygen_uptake_ml_kg_min", forward_uptake, backward_uptake, of_power, grades=grades)
    forward_met, backward_met = forward_uptake / energy.MET_ML_KG_MIN, backward_uptake / energy.MET_ML_KG_MIN
    if builder.wants("met"):
        builder.pair("met", forward_met, backward_met, of_power, grades=grades)
    builder.label_intensity(forward_met, backward_met)
    maximum = case.oxygen_uptake_max_ml_kg_min
    if maximum is not None:
        builder.pair("share_of_maximum", forward_uptake / maximum, backward_uptake / maximum, of_power, grades=grades)
        builder.warn(cautions.ABOVE_MAXIMUM, (forward_uptake > maximum) | (backward_uptake > maximum))
    if builder.wants("energy_per_km_kcal"):
        per_km_section(case, move, per_km_input, builder)


def forward_grade(case: Case) -> Code:
    """Return the evidence grade of the forward energies."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    left = outside(case.speed_m_s, model.speed_range_m_s) | outside(case.grade, model.grade_range)
    return carried(case, graded("forward_energy", settled(left)))


def carried(case: Case, grade: Code) -> Code:
    """Return a grade, or that of weight support where a treadmill carries part of the body."""
    return grade if case.supported is False else either(case.supported, graded("weight_support"), grade)


def energy_grades(case: Case) -> Grades:
    """Return the evidence grades of the energies; backward has the weaker grade of forward energy and ratio.

    At equal metabolic rate the energies are equal by definition. Then the ratio has no grade, and both directions have
    the forward grade.
    """
    forward = forward_grade(case)
    if case.equal == "metabolic_rate":
        return forward, forward, None
    if case.equal in direction.EQUAL_EFFORT:
        ratio = graded("equal_effort")
    else:
        unmeasured = case.unmeasured_grade | direction.unmeasured_speed(gait=case.gait, speed_m_s=case.speed_m_s)
        name = "running_ratio" if case.gait == "run" else "walking_ratio"
        ratio = carried(case, either(settled(unmeasured), graded("ratio_unmeasured"), graded(name)))
    return forward, weaker(forward, ratio), ratio


def per_km_section(case: Case, move: Movement, from_input: tuple[Number, Number], builder: AnswerBuilder) -> None:
    """Write the energy per kilometre; `from_input` holds the spreads from errors of the inputs, each way."""
    kcal_km = case.body_mass_kg * (1000 / energy.J_PER_KCAL)
    steepness_input, backward_input = from_input
    per_km = builder.factors(
        spread=(move.forward_spread**2 + steepness_input**2) ** 0.5,
        backward_spread=(move.backward_spread**2 + move.speed_spread**2 + backward_input**2) ** 0.5,
    )
    builder.pair(
        "energy_per_km_kcal",
        kcal_km * move.forward_w_kg / case.speed_m_s,
        None if move.speed_m_s is None else kcal_km * move.backward_w_kg / move.speed_m_s,
        per_km,
    )


def input_spreads(case: Case, move: Movement) -> tuple[Number, Number, tuple[Number, Number]]:
    """Return the spreads that errors of speed and body mass add to power, to energy, and to energy per km each way.

    For a given duration, energy changes as power does. For a given distance, a faster bout is also shorter. Backward
    energy per kilometre changes with power and with backward speed, which may change more than forward speed does.
    """
    mass_cv = case.body_mass_cv
    if isinstance(case.speed_cv, float) and case.speed_cv == 0:
        no_error = isinstance(mass_cv, float) and mass_cv == 0
        # The same object, so that power and energy share their factors.
        return mass_cv if no_error else case.speed_cv, mass_cv, (mass_cv, mass_cv)
    steepness = direction.elasticity(forward_power(case), speed_m_s=case.speed_m_s)
    of_power = steepness * case.speed_cv
    per_distance = (steepness - 1) * case.speed_cv
    backward_per_distance = (steepness - move.speed_growth) * case.speed_cv
    of_energy = per_distance if case.follows == "duration_s" else of_power
    return (
        of_power,
        root_sum_square(of_energy, mass_cv),
        (root_sum_square(per_distance, mass_cv), root_sum_square(backward_per_distance, mass_cv)),
    )


def gross_factors(move: Movement, from_input: Number, builder: AnswerBuilder) -> Factors:
    """Return the interval factors of gross energy, from the spreads of the movement and of the caller's inputs."""
    squared = from_input * from_input
    return builder.factors(
        spread=(move.forward_spread * move.forward_spread + squared) ** 0.5,
        ratio_spread=move.power_spread,
        backward_spread=(move.backward_spread * move.backward_spread + squared) ** 0.5,
    )


def active_factors(
    forward_growth: Number, backward_growth: Number, move: Movement, from_input: Number, builder: AnswerBuilder
) -> Factors:
    """Return the interval factors of active energy: gross energy minus rest, where rest has no error.

    A relative error of gross energy grows by the factor gross over active, which differs between the directions. Errors
    that both directions share therefore do not cancel completely in the ratio.
    """
    squared, apart = from_input * from_input, backward_growth - forward_growth
    forward_variance = move.forward_spread * move.forward_spread + squared
    ratio_variance = (
        (move.power_spread * backward_growth) ** 2
        + forward_variance * apart * apart
        + 2 * backward_growth * apart * move.covariance
    )
    return builder.factors(
        spread=forward_variance**0.5 * forward_growth,
        ratio_spread=ratio_variance**0.5,
        backward_spread=(move.backward_spread * move.backward_spread + squared) ** 0.5 * backward_growth,
    )


def energy_warnings(case: Case, move: Movement, builder: AnswerBuilder) -> None:
    """Add a warning wherever the energies are outside the data."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    backward_speed = case.speed_m_s if move.speed_m_s is None else move.speed_m_s
    if model.speed_range_m_s != energy_models.EVERY_SPEED:
        builder.warn(
            cautions.outside_code(case.energy_model, case.gait, "speed"),
            either_outside((case.speed_m_s, backward_speed), model.speed_range_m_s),
        )
    if model.grade_range != energy_models.EVERY_GRADE:
        builder.warn(
            cautions.outside_code(case.energy_model, case.gait, "grade"), outside(case.grade, model.grade_range)
        )
    builder.warn(cautions.IMPLAUSIBLE_UPTAKE["forward"], move.forward_w_kg > PLAUSIBLE_W_KG)
    builder.warn(cautions.IMPLAUSIBLE_UPTAKE["backward"], move.backward_w_kg > PLAUSIBLE_W_KG)
    builder.warn(cautions.WEIGHT_SUPPORT, case.supported)
    builder.warn(cautions.OVERGROUND, settled(case.overground))
    if case.equal in direction.EQUAL_EFFORT:
        builder.warn(cautions.EQUAL_EFFORT[case.equal])
        builder.warn(cautions.EQUAL_EFFORT_ON_GRADE[case.equal], case.on_grade)
        return
    builder.warn(cautions.BACKWARD_DOWNHILL, case.grade < -energy.ON_A_GRADE)
    builder.warn(cautions.BACKWARD_UPHILL[case.gait], case.grade > direction.MEASURED_TO_GRADE[case.gait])
    if case.gait == "walk":
        builder.warn(cautions.WALKING_RATIO)
        builder.warn(cautions.BACKWARD_WALKING_SPEED, outside(backward_speed, direction.WALKING_RATIO_RANGE_M_S))
        return
    if case.equal == "speed":
        builder.warn(cautions.BACKWARD_BELOW_MEASUREMENT, backward_speed < direction.BACKWARD_MEASURED_FROM_M_S)
    builder.warn(cautions.BACKWARD_BEYOND_MEASUREMENT, backward_speed > direction.BACKWARD_MEASURED_TO_M_S)
