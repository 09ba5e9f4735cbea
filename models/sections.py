"""The parts of an answer: what a movement costs, how the feet step, what the joints bear.

Written for floats and for columns alike: categories (gait, equal, equation) are single words, numbers may be
columns. Every section writes on a `Sheet`; warnings are worded in `models.cautions`.
"""

from typing import Final, NamedTuple

from models import cautions, direction, energy, energy_models, gait, load
from models.arithmetic import Condition, Number, negate, outside, settled
from models.grades import Code, code_of, either, graded, weaker
from models.movement import Case, Movement, forward_power, on_a_grade, supported
from models.quantities import PLAUSIBLE_UPTAKE_ML_KG_MIN
from models.sheet import Factors, Grades, Sheet, known_only
from models.uncertainty import root_sum_square, spread_factor

ROUNDED: Final = 1e-12
"""Share by which rounding may lift an oxygen uptake that was asked for above the plausible one (choice)."""

PLAUSIBLE_W_KG: Final = energy.power_of_oxygen_uptake(
    oxygen_uptake_ml_kg_min=PLAUSIBLE_UPTAKE_ML_KG_MIN * (1 + ROUNDED)
)
"""Power of the plausible oxygen uptake [W/kg]."""


def energy_section(case: Case, move: Movement, sheet: Sheet) -> None:
    """Write energies, power, oxygen uptake, MET and cost per kilometre."""
    forward_w, backward_w, rest_w = move.forward_w_kg, move.backward_w_kg, case.resting_w_kg
    forward_active, backward_active = forward_w - rest_w, backward_w - rest_w
    least = energy.MINIMUM_ACTIVE_SHARE
    sheet.refuse(
        (forward_active < least * forward_w) | (backward_active < least * backward_w),
        "",
        "The estimate cannot be told from rest, so that active energy is undefined: check body_mass_kg, height_m, "
        "age_y and speed_m_s.",
        "not_above_rest",
    )
    of_power_input, of_energy_input, per_km_input = input_spreads(case, move)
    of_power = gross_factors(move, of_power_input, sheet)
    kcal_of_w_kg = case.body_mass_kg * case.duration_s / energy.J_PER_KCAL
    resting = rest_w * kcal_of_w_kg
    forward_kcal, backward_kcal = forward_active * kcal_of_w_kg, backward_active * kcal_of_w_kg
    of_energy = of_power if of_energy_input is of_power_input else gross_factors(move, of_energy_input, sheet)
    grades = energy_grades(case)
    sheet.pair("total_energy_kcal", forward_kcal + resting, backward_kcal + resting, of_energy, grades=grades)
    if sheet.wants("active_energy_kcal"):
        of_active = active_factors(
            forward_w / forward_active, backward_w / backward_active, move, of_energy_input, sheet
        )
        sheet.pair("active_energy_kcal", forward_kcal, backward_kcal, of_active, grades=grades)
    sheet.forward["resting_energy_kcal"] = sheet.backward["resting_energy_kcal"] = resting
    sheet.pair("metabolic_power_w_kg", forward_w, backward_w, of_power, grades=grades)
    forward_uptake = energy.oxygen_uptake_ml_kg_min(power_w_kg=forward_w)
    backward_uptake = energy.oxygen_uptake_ml_kg_min(power_w_kg=backward_w)
    sheet.pair("oxygen_uptake_ml_kg_min", forward_uptake, backward_uptake, of_power, grades=grades)
    forward_met, backward_met = forward_uptake / energy.MET_ML_KG_MIN, backward_uptake / energy.MET_ML_KG_MIN
    sheet.pair("met", forward_met, backward_met, of_power, grades=grades)
    sheet.label_intensity(forward_met, backward_met)
    maximum = case.oxygen_uptake_max_ml_kg_min
    if maximum is not None:
        sheet.pair("share_of_maximum", forward_uptake / maximum, backward_uptake / maximum, of_power, grades=grades)
        sheet.warn(cautions.ABOVE_MAXIMUM, (forward_uptake > maximum) | (backward_uptake > maximum))
    if sheet.wants("energy_per_km_kcal"):
        per_km_section(case, move, per_km_input, sheet)


def forward_grade(case: Case) -> Code:
    """Return the evidence grade of the forward energies."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    left = outside(case.speed_m_s, model.speed_range_m_s) | outside(case.grade, model.grade_range)
    return either(supported(case), graded("weight_support"), graded("forward_energy", settled(left)))


def energy_grades(case: Case) -> Grades:
    """Return the evidence grades of the energies: backward the weaker of forward energy and ratio.

    At equal metabolic rate the energies are equal by definition: their ratio has no grade, and both have that of the
    forward one.
    """
    forward, carried = forward_grade(case), graded("weight_support")
    if case.equal == "metabolic_rate":
        return Grades(forward, forward)
    if case.equal in direction.EQUAL_EFFORT:
        ratio = graded("equal_effort")
    else:
        unmeasured = direction.unmeasured_grade(gait=case.gait, grade=case.grade) | direction.unmeasured_speed(
            gait=case.gait, speed_m_s=case.speed_m_s
        )
        name = "running_ratio" if case.gait == "run" else "walking_ratio"
        ratio = either(settled(unmeasured), graded("ratio_unmeasured"), graded(name))
        ratio = either(supported(case), carried, ratio)
    return Grades(forward, weaker(forward, ratio), ratio)


def per_km_section(case: Case, move: Movement, from_input: tuple[Number, Number], sheet: Sheet) -> None:
    """Write the energy per kilometre; `from_input` is what the caller's inputs add to its spread, each way."""
    kcal_km = case.body_mass_kg * (1000 / energy.J_PER_KCAL)
    steepness_input, backward_input = from_input
    per_km = sheet.factors(
        spread=(move.forward_spread**2 + steepness_input**2) ** 0.5,
        backward_spread=(move.backward_spread**2 + move.speed_spread**2 + backward_input**2) ** 0.5,
    )
    sheet.pair(
        "energy_per_km_kcal",
        kcal_km * move.forward_w_kg / case.speed_m_s,
        None if move.speed_m_s is None else kcal_km * move.backward_w_kg / move.speed_m_s,
        per_km,
    )


def input_spreads(case: Case, move: Movement) -> tuple[Number, Number, tuple[Number, Number]]:
    """Return what errors of the caller's speed and mass add to power, to energy, and to energy per km both ways.

    Energy over a given duration moves with power; over a given distance a faster bout is also shorter. Backward
    energy per kilometre moves with the power and with the backward speed, which may grow faster than the forward.
    """
    mass_cv = case.body_mass_cv
    if isinstance(case.speed_cv, float) and case.speed_cv == 0:
        return case.speed_cv, mass_cv, (mass_cv, mass_cv)
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


def gross_factors(move: Movement, from_input: Number, sheet: Sheet) -> Factors:
    """Return the factors of gross energy: the movement's spreads, and what the caller's inputs add to both."""
    squared = from_input * from_input
    return sheet.factors(
        spread=(move.forward_spread * move.forward_spread + squared) ** 0.5,
        ratio_spread=move.power_spread,
        backward_spread=(move.backward_spread * move.backward_spread + squared) ** 0.5,
    )


def active_factors(
    forward_growth: Number, backward_growth: Number, move: Movement, from_input: Number, sheet: Sheet
) -> Factors:
    """Return the factors of active energy, gross less a rest that is taken and not estimated.

    A relative error of gross energy grows by gross over active, in each direction by its own share of rest; what
    both directions have in common then no longer cancels to the full in the ratio.
    """
    squared, apart = from_input * from_input, backward_growth - forward_growth
    forward_variance = move.forward_spread * move.forward_spread + squared
    ratio_variance = (
        (move.power_spread * backward_growth) ** 2
        + forward_variance * apart * apart
        + 2 * backward_growth * apart * move.covariance
    )
    return sheet.factors(
        spread=forward_variance**0.5 * forward_growth,
        ratio_spread=ratio_variance**0.5,
        backward_spread=(move.backward_spread * move.backward_spread + squared) ** 0.5 * backward_growth,
    )


def energy_warnings(case: Case, move: Movement, sheet: Sheet) -> None:
    """Say where the energies leave the data behind them."""
    model = energy_models.ENERGY_MODELS[case.gait][case.energy_model]
    backward_speed = case.speed_m_s if move.speed_m_s is None else move.speed_m_s
    if model.speed_range_m_s != energy_models.EVERY_SPEED:
        sheet.warn(
            cautions.outside_code(case.energy_model, case.gait, "speed"),
            either_outside((case.speed_m_s, backward_speed), model.speed_range_m_s),
        )
    if model.grade_range != energy_models.EVERY_GRADE:
        sheet.warn(cautions.outside_code(case.energy_model, case.gait, "grade"), outside(case.grade, model.grade_range))
    sheet.warn(cautions.IMPLAUSIBLE_UPTAKE["forward"], move.forward_w_kg > PLAUSIBLE_W_KG)
    sheet.warn(cautions.IMPLAUSIBLE_UPTAKE["backward"], move.backward_w_kg > PLAUSIBLE_W_KG)
    sheet.warn(cautions.WEIGHT_SUPPORT, supported(case))
    sheet.warn(cautions.OVERGROUND, settled(case.overground))
    if case.equal in direction.EQUAL_EFFORT:
        sheet.warn(cautions.EQUAL_EFFORT[case.equal])
        sheet.warn(cautions.EQUAL_EFFORT_ON_GRADE[case.equal], on_a_grade(case))
        return
    sheet.warn(cautions.BACKWARD_DOWNHILL, case.grade < -energy.ON_A_GRADE)
    sheet.warn(cautions.BACKWARD_UPHILL[case.gait], case.grade > direction.MEASURED_TO_GRADE[case.gait])
    if case.gait == "walk":
        sheet.warn(cautions.WALKING_RATIO)
        sheet.warn(cautions.BACKWARD_WALKING_SPEED, outside(backward_speed, direction.WALKING_RATIO_RANGE_M_S))
        return
    if case.equal == "speed":
        sheet.warn(cautions.BACKWARD_BELOW_MEASUREMENT, backward_speed < direction.BACKWARD_MEASURED_FROM_M_S)
    sheet.warn(cautions.BACKWARD_BEYOND_MEASUREMENT, backward_speed > direction.BACKWARD_MEASURED_TO_M_S)


class Step(NamedTuple):
    """Timing of a running step in one direction, with the speed and the force behind it."""

    speed_m_s: Number
    cadence_steps_per_min: Number
    contact_time_s: Number
    peak_vertical_force_bw: Number


class Steps(NamedTuple):
    """A running step in each direction, and whether backward contact time is known at that speed."""

    forward: Step
    backward: Step
    backward_contact_known: Condition


def running_steps(case: Case, move: Movement) -> Steps:
    """Return the running steps of both directions; where the backward speed is unknown, at the forward speed."""
    forward = running_step(case, case.speed_m_s)
    same = forward
    if move.speed_m_s is not None and move.speed_m_s is not case.speed_m_s:
        same = running_step(case, move.speed_m_s)
    backward = Step(
        same.speed_m_s,
        same.cadence_steps_per_min * gait.CADENCE_RATIO,
        same.contact_time_s * gait.CONTACT_TIME_RATIO,
        same.peak_vertical_force_bw * load.PEAK_VERTICAL_FORCE_RATIO["run"],
    )
    contact_known = negate(same.speed_m_s > gait.BACKWARD_CONTACT_TO_M_S)
    return Steps(forward, backward, contact_known)


def running_step(case: Case, speed_m_s: Number) -> Step:
    """Return the forward running step at a speed."""
    cadence = gait.running_cadence(speed_m_s=speed_m_s, step_rate_ratio=case.step_rate_ratio)
    force = load.peak_vertical_force(gait="run", speed_m_s=speed_m_s)
    contact = gait.running_contact_time(speed_m_s=speed_m_s)
    return Step(speed_m_s, cadence, contact, force)


def walking_timing_section(case: Case, sheet: Sheet) -> None:
    """Write the cadence and steps of forward walking; backward they are unknown, and so is contact time."""
    on_grade = on_a_grade(case)
    sheet.warn(cautions.TIMING_ON_GRADE, on_grade)
    cadence = gait.walking_cadence(speed_m_s=case.speed_m_s, step_rate_ratio=case.step_rate_ratio)
    of_cadence = sheet.factors(spread=gait.CADENCE_PERSON_SD_STEPS_PER_MIN["walk"] / cadence)
    left = settled(outside(case.speed_m_s, gait.WALKING_CADENCE_RANGE_M_S))
    grades = Grades(graded("walking_cadence", settled(left | on_grade)))
    sheet.pair("cadence_steps_per_min", cadence, None, of_cadence, grades=grades)
    sheet.pair("steps", cadence * (case.duration_s / 60), None, of_cadence, grades=grades)
    sheet.warn(cautions.WALKING_TIMING, left)
    sheet.warn(cautions.WALKING_TIMING_ABSENT)


def running_timing_section(case: Case, move: Movement, steps: Steps, sheet: Sheet) -> None:
    """Write cadence, steps and contact time; backward only where its speed is known."""
    on_grade = on_a_grade(case)
    sheet.warn(cautions.TIMING_ON_GRADE, on_grade)
    minutes = case.duration_s / 60
    cadence, back_cadence = steps.forward.cadence_steps_per_min, steps.backward.cadence_steps_per_min
    person = gait.CADENCE_PERSON_SD_STEPS_PER_MIN["run"] / cadence
    of_cadence = sheet.factors(
        spread=root_sum_square(person, gait.RUNNING_CADENCE_STUDY_CV), ratio_spread=gait.TIMING_RATIO_CV
    )
    of_contact = sheet.factors(spread=gait.CONTACT_TIME_PERSON_CV, ratio_spread=gait.TIMING_RATIO_CV)
    there, back = case.speed_m_s, case.speed_m_s if move.speed_m_s is None else move.speed_m_s
    of_steps = graded("running_cadence", settled(outside(there, gait.RUNNING_CADENCE_RANGE_M_S) | on_grade))
    cadence_grades = Grades(of_steps, graded("cadence_ratio"), graded("cadence_ratio"))
    contact = contact_back = contact_grade(there, on_grade)
    if back is not there:
        contact_back = contact_grade(back, on_grade)
    ratio_of_contact = graded("contact_time_ratio", on_grade)
    contact_back = weaker(contact_back, ratio_of_contact)
    if case.equal == "metabolic_rate":
        # At two speeds the ratio rests on both contact times, which at one speed cancel.
        ratio_of_contact = weaker(contact, contact_back)
    contact_grades = Grades(contact, contact_back, ratio_of_contact)
    if move.speed_m_s is None:
        sheet.pair("cadence_steps_per_min", cadence, None, of_cadence, grades=cadence_grades)
        sheet.pair("steps", cadence * minutes, None, of_cadence, grades=cadence_grades)
        sheet.pair("contact_time_s", steps.forward.contact_time_s, None, of_contact, grades=contact_grades)
    else:
        sheet.pair("cadence_steps_per_min", cadence, back_cadence, of_cadence, grades=cadence_grades)
        sheet.pair("steps", cadence * minutes, back_cadence * minutes, of_cadence, grades=cadence_grades)
        contact_known = steps.backward_contact_known
        sheet.warn(cautions.BACKWARD_CONTACT_ABSENT, negate(contact_known))
        sheet.pair(
            "contact_time_s",
            steps.forward.contact_time_s,
            steps.backward.contact_time_s,
            of_contact,
            contact_known,
            contact_grades,
        )
    for code, bounds in (
        (cautions.RUNNING_TIMING, gait.RUNNING_CADENCE_RANGE_M_S),
        (cautions.RUNNING_CONTACT, gait.RUNNING_CONTACT_RANGE_M_S),
    ):
        sheet.warn(code, either_outside((there, back), bounds))


def contact_grade(speed_m_s: Number, on_grade: Condition) -> Code:
    """Return the evidence grade of the contact time of forward running at a speed."""
    return graded("running_contact_time", settled(outside(speed_m_s, gait.RUNNING_CONTACT_RANGE_M_S) | on_grade))


def load_section(case: Case, move: Movement, steps: Steps | None, sheet: Sheet) -> None:
    """Write the joint-load indicators, as far as they are known; `steps` of running alone."""
    sheet.warn(cautions.LOAD_MEANING)
    sheet.load_known = negate(supported(case))
    sheet.warn(cautions.WEIGHT_SUPPORT_LOADS, supported(case))
    if steps is not None:
        sheet.warn(cautions.STEP_RATE, settled(case.step_rate_ratio > 1))
    on_grade = on_a_grade(case)
    if on_grade is not False:
        sheet.warn_of_load(cautions.VERTICAL_FORCE_GRADE, on_slope(case, load.VERTICAL_FORCE_SLOPE_RANGE_DEG))
        sheet.warn_of_load(cautions.LOAD_ON_GRADE, on_grade)
        sheet.warn_of_load(cautions.PATELLOFEMORAL_GRADE_ABSENT, on_slope(case, load.PATELLOFEMORAL_SLOPE_RANGE_DEG))
    if move.speed_m_s is None:
        there, back = case.speed_m_s, case.speed_m_s
        backward_known: Condition = False
    else:
        there, back = case.speed_m_s, move.speed_m_s
        backward_known = negate(on_grade)
        sheet.warn_of_load(cautions.BACKWARD_LOAD_GRADE_ABSENT, on_grade)
        sheet.warn_of_load(cautions.BACKWARD_ACHILLES_UNKNOWN, backward_known)
    vertical_force(case, (there, back), steps, backward_known, sheet)
    patellofemoral(case, (there, back), steps, backward_known, sheet)
    achilles(case, (there, back), backward_known, sheet)
    if steps is None:
        sheet.warn_of_load(cautions.WALKING_TIBIAL_ABSENT)
        sheet.warn_of_load(cautions.WALKING_KNEE_MOMENT_ABSENT)
    else:
        moment = load.knee_extensor_moment_ratio(speed_m_s=back)
        factor = spread_factor(load.KNEE_MOMENT_RATIO_SD / moment, sheet.score)
        sheet.put_backward_load("knee_extensor_moment_ratio", moment, factor, backward_known)
        force = steps.forward.peak_vertical_force_bw
        tibia = load.tibial_compression_peak(peak_vertical_force_bw=force, speed_m_s=there, grade=case.grade)
        factor = spread_factor(load.tibial_spread(peak_bw=tibia), sheet.score)
        sheet.put_load("tibial_compression_peak_bw", tibia, factor)
        sheet.warn_of_load(cautions.TIBIAL_SPEED, outside(there, load.TIBIAL_RANGE_M_S))
        sheet.warn_of_load(cautions.BACKWARD_TIBIAL_ABSENT)
    sheet.close_load()


def either_outside(speeds: tuple[Number, Number], bounds: tuple[float, float]) -> Condition:
    """Say whether the speed of either direction is outside a range."""
    there, back = speeds
    left = outside(there, bounds)
    return left if back is there else left | outside(back, bounds)


def on_slope(case: Case, bounds_deg: tuple[float, float]) -> Condition:
    """Say whether the slope is outside a range of degrees."""
    return outside(load.slope_deg(grade=case.grade), bounds_deg)


def vertical_force(
    case: Case, speeds: tuple[Number, Number], steps: Steps | None, backward_known: Condition, sheet: Sheet
) -> None:
    """Write peak vertical force."""
    there, back = speeds
    ratio = load.PEAK_VERTICAL_FORCE_RATIO[case.gait]
    if steps is None:
        force = load.peak_vertical_force(gait=case.gait, speed_m_s=there)
        back_force = load.peak_vertical_force(gait=case.gait, speed_m_s=back) * ratio
    else:
        force, back_force = steps.forward.peak_vertical_force_bw, steps.backward.peak_vertical_force_bw
    factors = sheet.factors(
        spread=load.peak_vertical_force_spread(peak_bw=force, grade=case.grade),
        ratio_spread=load.PEAK_VERTICAL_FORCE_RATIO_SD / ratio,
    )
    bounds = load.PEAK_VERTICAL_FORCE_RANGE_M_S[case.gait]
    left = settled(outside(there, bounds)), settled(outside(back, bounds))
    at_best = (either(left[0], code_of("D"), code_of("A")), either(left[1], code_of("D"), code_of("A")))
    sheet.load_pair(
        "peak_vertical_force_bw", force, back_force, factors, backward_known=backward_known, at_best=at_best
    )
    sheet.warn_of_load(cautions.VERTICAL_FORCE_SPEED[case.gait], left[0] | left[1])


def patellofemoral(
    case: Case, speeds: tuple[Number, Number], steps: Steps | None, backward_known: Condition, sheet: Sheet
) -> None:
    """Write peak patellofemoral force, and for running the impulse of one leg, per kilometre and per bout."""
    there, back = speeds
    known = negate(on_slope(case, load.PATELLOFEMORAL_SLOPE_RANGE_DEG))
    rate = case.step_rate_ratio
    peak = load.patellofemoral_peak_force(gait=case.gait, speed_m_s=there, step_rate_ratio=rate)
    back_peak = load.patellofemoral_peak_force(gait=case.gait, speed_m_s=back, step_rate_ratio=rate)
    back_peak = back_peak * load.patellofemoral_ratio(gait=case.gait, speed_m_s=back)
    factors = sheet.factors(
        spread=load.PATELLOFEMORAL_SD_BW[case.gait] / peak, ratio_spread=load.PATELLOFEMORAL_RATIO_SD_LOG
    )
    sheet.load_pair("patellofemoral_peak_force_bw", peak, back_peak, factors, known, backward_known)
    if steps is None:
        return
    bounds = load.PATELLOFEMORAL_RANGE_M_S
    sheet.warn_of_load(cautions.PATELLOFEMORAL_SPEED, known & either_outside(speeds, bounds))
    of_impulse = sheet.factors(spread=load.IMPULSE_CV, ratio_spread=load.IMPULSE_RATIO_CV)
    per_second = impulse_per_second(steps.forward, peak)
    back_per_second = impulse_per_second(steps.backward, back_peak)
    sheet.warn_of_load(cautions.IMPULSE_LEVEL, known)
    backward_known = backward_known & steps.backward_contact_known
    sheet.load_pair(
        "patellofemoral_impulse_per_km_bw_s",
        per_second * 1000 / there,
        back_per_second * 1000 / back,
        of_impulse,
        known,
        backward_known,
    )
    sheet.load_pair(
        "patellofemoral_impulse_per_bout_bw_s",
        per_second * case.duration_s,
        back_per_second * case.duration_s,
        of_impulse,
        known,
        backward_known,
    )


def impulse_per_second(step: Step, peak_force_bw: Number) -> Number:
    """Return the patellofemoral impulse of one leg over a second of running [BW]."""
    return load.patellofemoral_impulse_per_second(
        peak_force_bw=peak_force_bw, peak_vertical_force_bw=step.peak_vertical_force_bw
    )


def achilles(case: Case, speeds: tuple[Number, Number], backward_known: Condition, sheet: Sheet) -> None:
    """Write the relative Achilles load; backward only its bounds, which do not scale with the interval."""
    there, back = speeds
    name = "achilles_relative_load"
    forward = load.achilles_relative_load(gait=case.gait, speed_m_s=there)
    sheet.put_load(name, forward, spread_factor(load.ACHILLES_CV, sheet.score))
    if backward_known is not False:
        same_speed = load.achilles_relative_load(gait=case.gait, speed_m_s=back)
        sheet.put_backward_bounds(name, load.ACHILLES_BACKWARD_BOUNDS, forward, known_only(same_speed, backward_known))
    bounds = load.ACHILLES_RANGE_M_S[case.gait]
    sheet.warn_of_load(cautions.ACHILLES_SPEED[case.gait], either_outside(speeds, bounds))
