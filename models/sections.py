"""The parts of an answer: what moves, what it costs, how the feet step, what the joints bear.

Written for floats and for columns alike: categories (gait, equal, equation) are single words, numbers may be
columns. Every section writes on a `Sheet`; warnings are worded in `models.cautions`.
"""

from typing import NamedTuple

from models import cautions, direction, energy, gait, load, uncertainty
from models.arithmetic import Condition, Number, both, negate, outside
from models.errors import Undefined
from models.quantities import QUANTITIES
from models.roots import bracketed_root
from models.sheet import RATIO_NAMES, Sheet, put
from models.uncertainty import Gait, root_sum_square, spread_factor


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


class Movement(NamedTuple):
    """What backward movement follows from the forward one under what is held equal."""

    forward_w_kg: Number
    backward_w_kg: Number
    power_spread: Number
    """Spread of the ratio of powers."""
    speed_m_s: Number | None
    """Backward speed; None where it is unknown."""
    speed_spread: Number
    """Spread of the ratio of speeds."""


def on_a_grade(case: Case) -> Condition:
    """Say whether the ground counts as a grade."""
    return outside(case.grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE))


def movement(case: Case, sheet: Sheet) -> Movement:
    """Find what equal intensity leaves open: the power at equal speed, or the speed at equal power."""
    power = energy.ENERGY_MODELS[case.gait][case.energy_model].power_w_kg
    level_ratio = direction.speed_ratio(gait=case.gait)
    forward_w = power(speed_m_s=case.speed_m_s, grade=case.grade)

    def backward(speed_m_s: Number, forward_w_kg: Number) -> tuple[Number, Number]:
        level = power(speed_m_s=speed_m_s, grade=0.0) if case.gait == "walk" else forward_w_kg
        return direction.backward_power(
            gait=case.gait, ratio=level_ratio, forward_w_kg=forward_w_kg, level_w_kg=level, grade=case.grade
        )

    if case.equal == "heart_rate":
        spread = direction.heart_rate_spread(gait=case.gait)
        return Movement(forward_w, direction.HEART_RATE_RATIO * forward_w, spread, None, 0.0)
    if case.equal == "speed":
        backward_w, sensitivity = backward(case.speed_m_s, forward_w)
        spread = direction.ratio_spread(gait=case.gait, grade=case.grade) * sensitivity
        return Movement(forward_w, backward_w, spread, case.speed_m_s, 0.0)

    def backward_at(speed_m_s: Number) -> Number:
        return backward(speed_m_s, power(speed_m_s=speed_m_s, grade=case.grade))[0]

    slowest = QUANTITIES["speed_m_s"].low or 0.0
    low = slowest + 0.0 * case.speed_m_s
    sheet.refuse(
        Undefined(
            "speed_m_s",
            f"No backward speed of at least {slowest:g} m/s costs as little as this forward speed: give a "
            "faster one, or hold speed equal.",
            "no_equal_speed",
        ),
        backward_at(low) > forward_w,
    )
    speed = bracketed_root(lambda trial: backward_at(trial) - forward_w, low=low, high=case.speed_m_s)
    sensitivity = backward(speed, power(speed_m_s=speed, grade=case.grade))[1]
    spread = direction.ratio_spread(gait=case.gait, grade=case.grade) * sensitivity
    return Movement(forward_w, forward_w, 0.0, speed, spread / direction.elasticity(backward_at, speed_m_s=speed))


def motion_section(case: Case, move: Movement, sheet: Sheet) -> None:
    """Write speed, duration and distance."""
    sheet.forward["duration_s"] = sheet.backward["duration_s"] = case.duration_s
    backward_distance = None if move.speed_m_s is None else move.speed_m_s * case.duration_s
    if case.equal == "speed":
        backward_distance = case.distance_m
    sheet.pair("speed_m_s", case.speed_m_s, move.speed_m_s, spread=0.0, ratio_spread=move.speed_spread)
    sheet.pair("distance_m", case.distance_m, backward_distance, spread=0.0, ratio_spread=move.speed_spread)


def energy_section(case: Case, move: Movement, sheet: Sheet) -> None:
    """Write energies, power, oxygen uptake, MET and cost per kilometre."""
    forward_w, backward_w, rest_w = move.forward_w_kg, move.backward_w_kg, case.resting_w_kg
    on_grade = on_a_grade(case)
    spread = uncertainty.forward_spread(gait=case.gait, on_grade=on_grade)
    forward_active, backward_active = forward_w - rest_w, backward_w - rest_w
    for power, active in ((forward_w, forward_active), (backward_w, backward_active)):
        sheet.refuse(
            Undefined(
                "",
                "The estimate cannot be told from rest, so that active energy is undefined: check "
                "body_mass_kg, height_m, age_y and speed_m_s.",
                "not_above_rest",
            ),
            active < energy.MINIMUM_ACTIVE_SHARE * power,
        )
    kcal_of_w_kg = case.body_mass_kg * case.duration_s / energy.J_PER_KCAL
    resting = rest_w * kcal_of_w_kg
    forward_kcal, backward_kcal = forward_active * kcal_of_w_kg, backward_active * kcal_of_w_kg
    gross = {"spread": spread, "ratio_spread": move.power_spread}
    sheet.pair("total_energy_kcal", forward_kcal + resting, backward_kcal + resting, **gross)
    active_energy(forward_kcal, backward_kcal, resting, sheet, spread, move.power_spread)
    sheet.forward["resting_energy_kcal"] = sheet.backward["resting_energy_kcal"] = resting
    sheet.pair("metabolic_power_w_kg", forward_w, backward_w, **gross)
    forward_uptake = energy.oxygen_uptake_ml_kg_min(power_w_kg=forward_w)
    backward_uptake = energy.oxygen_uptake_ml_kg_min(power_w_kg=backward_w)
    sheet.pair("oxygen_uptake_ml_kg_min", forward_uptake, backward_uptake, **gross)
    met = energy.MET_ML_KG_MIN
    sheet.pair("met", forward_uptake / met, backward_uptake / met, **gross)
    sheet.forward["intensity"] = energy.intensity(met=forward_uptake / met)
    sheet.backward["intensity"] = energy.intensity(met=backward_uptake / met)
    kcal_km = case.body_mass_kg * (1000 / energy.J_PER_KCAL)
    sheet.pair(
        "energy_per_km_kcal",
        kcal_km * forward_w / case.speed_m_s,
        None if move.speed_m_s is None else kcal_km * backward_w / move.speed_m_s,
        spread=spread,
        ratio_spread=root_sum_square(move.power_spread, move.speed_spread),
    )
    energy_warnings(case, move, sheet, on_grade)


def active_energy(
    forward: Number, backward: Number, resting: Number, sheet: Sheet, spread: Number, ratio_spread: Number
) -> None:
    """Write active energy: gross less rest, which is taken and not estimated, so that the spread grows."""
    forward_growth, backward_growth = (forward + resting) / forward, (backward + resting) / backward
    backward_spread = root_sum_square(spread, ratio_spread) * backward_growth
    active_ratio_spread = root_sum_square(
        ratio_spread * backward_growth, spread * (backward_growth - forward_growth)
    )
    name = "active_energy_kcal"
    put(sheet.forward, name, forward, spread_factor(spread * forward_growth, sheet.score))
    put(sheet.backward, name, backward, spread_factor(backward_spread, sheet.score))
    put(sheet.ratio, RATIO_NAMES[name], backward / forward, spread_factor(active_ratio_spread, sheet.score))


def energy_warnings(case: Case, move: Movement, sheet: Sheet, on_grade: Condition) -> None:
    """Say where the energies leave the data behind them."""
    model = energy.ENERGY_MODELS[case.gait][case.energy_model]
    backward_speed = case.speed_m_s if move.speed_m_s is None else move.speed_m_s
    sheet.warn(
        cautions.outside_code(case.energy_model, case.gait, "speed"),
        outside(case.speed_m_s, model.speed_range_m_s) | outside(backward_speed, model.speed_range_m_s),
    )
    sheet.warn(
        cautions.outside_code(case.energy_model, case.gait, "grade"), outside(case.grade, model.grade_range)
    )
    if case.equal == "heart_rate":
        sheet.warn(cautions.HEART_RATE)
        sheet.warn(cautions.HEART_RATE_ON_GRADE, on_grade)
        return
    sheet.warn(cautions.BACKWARD_DOWNHILL, case.grade < -energy.ON_A_GRADE)
    if case.gait == "walk":
        sheet.warn(cautions.WALKING_RATIO)
        return
    sheet.warn(cautions.BACKWARD_BEYOND_MEASUREMENT, backward_speed > direction.BACKWARD_MEASURED_TO_M_S)
    if case.equal == "metabolic_rate":
        sheet.warn(cautions.BACKWARD_BELOW_TRANSITION, backward_speed < gait.BACKWARD_TRANSITION_M_S)


class Step(NamedTuple):
    """Timing of a running step in one direction, with the force and speed behind it."""

    speed_m_s: Number
    cadence_steps_per_min: Number
    contact_time_s: Number
    peak_vertical_force_bw: Number


def running_step(case: Case, speed_m_s: Number) -> Step:
    """Return the timing of a forward running step at a speed."""
    cadence = gait.running_cadence(speed_m_s=speed_m_s, step_rate_ratio=case.step_rate_ratio)
    force = load.peak_vertical_force(gait="run", speed_m_s=speed_m_s)
    contact = gait.running_contact_time(cadence_steps_per_min=cadence, peak_vertical_force_bw=force)
    return Step(speed_m_s, cadence, contact, force)


def backward_running_step(forward: Step) -> Step:
    """Return the timing of a backward running step at the speed of a forward one."""
    return Step(
        forward.speed_m_s,
        forward.cadence_steps_per_min * gait.CADENCE_RATIO,
        forward.contact_time_s * gait.CONTACT_TIME_RATIO,
        forward.peak_vertical_force_bw * load.PEAK_VERTICAL_FORCE_RATIO["run"],
    )


def timing_section(case: Case, move: Movement, sheet: Sheet) -> None:
    """Write cadence, steps and contact time as far as they are known."""
    sheet.warn(cautions.TIMING_ON_GRADE, on_a_grade(case))
    minutes = case.duration_s / 60
    person_sd = gait.CADENCE_PERSON_SD_STEPS_PER_MIN[case.gait]
    if case.gait == "walk":
        cadence = gait.walking_cadence(speed_m_s=case.speed_m_s, step_rate_ratio=case.step_rate_ratio)
        sheet.pair("cadence_steps_per_min", cadence, None, spread=person_sd / cadence)
        sheet.pair("steps", cadence * minutes, None, spread=person_sd / cadence)
        sheet.warn(cautions.WALKING_TIMING, outside(case.speed_m_s, gait.WALKING_CADENCE_RANGE_M_S))
        sheet.warn(cautions.WALKING_TIMING_ABSENT)
        return
    step = running_step(case, case.speed_m_s)
    back = None if move.speed_m_s is None else backward_running_step(running_step(case, move.speed_m_s))
    cadence = step.cadence_steps_per_min
    back_cadence = None if back is None else back.cadence_steps_per_min
    spreads = {"spread": person_sd / cadence, "ratio_spread": gait.TIMING_RATIO_CV}
    sheet.pair("cadence_steps_per_min", cadence, back_cadence, **spreads)
    sheet.pair("steps", cadence * minutes, None if back_cadence is None else back_cadence * minutes, **spreads)
    sheet.pair(
        "contact_time_s",
        step.contact_time_s,
        None if back is None else back.contact_time_s,
        spread=gait.CONTACT_TIME_PERSON_CV,
        ratio_spread=gait.TIMING_RATIO_CV,
    )
    left = outside(case.speed_m_s, gait.RUNNING_TIMING_RANGE_M_S)
    if move.speed_m_s is not None:
        left = left | outside(move.speed_m_s, gait.RUNNING_TIMING_RANGE_M_S)
    sheet.warn(cautions.RUNNING_TIMING, left)


def load_section(case: Case, move: Movement, sheet: Sheet) -> None:
    """Write the joint-load indicators, as far as they are known."""
    sheet.warn(cautions.LOAD_MEANING)
    degrees = load.slope_deg(grade=case.grade)
    steep = outside(degrees, load.PATELLOFEMORAL_SLOPE_RANGE_DEG)
    on_grade = on_a_grade(case)
    sheet.warn(cautions.VERTICAL_FORCE_GRADE, outside(degrees, load.VERTICAL_FORCE_SLOPE_RANGE_DEG))
    sheet.warn(cautions.ACHILLES_GRADE, on_grade)
    sheet.warn(cautions.PATELLOFEMORAL_GRADE_ABSENT, steep)
    known = negate(steep)
    if move.speed_m_s is None:
        backward_speed: Number = case.speed_m_s
        backward_known: Condition = False
    else:
        backward_speed, backward_known = move.speed_m_s, negate(on_grade)
        sheet.warn(cautions.BACKWARD_LOAD_GRADE_ABSENT, on_grade)
        sheet.warn(cautions.BACKWARD_ACHILLES_UNKNOWN, backward_known)
    speeds = (case.speed_m_s, backward_speed)

    def left(bounds: tuple[float, float]) -> Condition:
        return outside(speeds[0], bounds) | outside(speeds[1], bounds)

    sheet.warn(cautions.VERTICAL_FORCE_SPEED[case.gait], left(load.PEAK_VERTICAL_FORCE_RANGE_M_S[case.gait]))
    force, back_force = (load.peak_vertical_force(gait=case.gait, speed_m_s=speed) for speed in speeds)
    sheet.load_pair(
        "peak_vertical_force_bw",
        force,
        back_force * load.PEAK_VERTICAL_FORCE_RATIO[case.gait],
        spread=load.PEAK_VERTICAL_FORCE_SD_BW / force,
        ratio_spread=load.PEAK_VERTICAL_FORCE_RATIO_SD / load.PEAK_VERTICAL_FORCE_RATIO[case.gait],
        backward_known=backward_known,
    )
    peak, back_peak = (
        load.patellofemoral_peak_force(gait=case.gait, speed_m_s=speed, step_rate_ratio=case.step_rate_ratio)
        for speed in speeds
    )
    back_peak = back_peak * load.patellofemoral_ratio(gait=case.gait, speed_m_s=backward_speed)
    sheet.load_pair(
        "patellofemoral_peak_force_bw",
        peak,
        back_peak,
        spread=load.PATELLOFEMORAL_SD_BW[case.gait] / peak,
        ratio_spread=load.PATELLOFEMORAL_RATIO_SD_LOG,
        known=known,
        backward_known=backward_known,
    )
    achilles(case, backward_speed, backward_known, sheet)
    sheet.warn(cautions.ACHILLES_SPEED[case.gait], left(load.ACHILLES_RANGE_M_S[case.gait]))
    if case.gait == "walk":
        sheet.warn(cautions.WALKING_TIBIAL_ABSENT)
        sheet.warn(cautions.WALKING_KNEE_MOMENT_ABSENT)
        return
    sheet.warn(cautions.PATELLOFEMORAL_SPEED, both(known, left(load.PATELLOFEMORAL_RANGE_M_S)))
    step = running_step(case, case.speed_m_s)
    back_step = backward_running_step(running_step(case, backward_speed))
    impulse(case, (step, peak), (back_step, back_peak), known, backward_known, sheet)
    moment = load.knee_extensor_moment_ratio(speed_m_s=backward_speed)
    sheet.put_load(
        "backward",
        "knee_extensor_moment_ratio",
        moment,
        spread_factor(load.KNEE_MOMENT_RATIO_SD / moment, sheet.score),
        backward_known,
    )
    tibia = load.tibial_compression_peak(peak_vertical_force_bw=force, speed_m_s=case.speed_m_s, grade=case.grade)
    factor = spread_factor(load.tibial_spread(peak_bw=tibia), sheet.score)
    sheet.put_load("forward", "tibial_compression_peak_bw", tibia, factor)
    sheet.warn(cautions.TIBIAL_SPEED, outside(case.speed_m_s, load.TIBIAL_RANGE_M_S))
    sheet.warn(cautions.BACKWARD_TIBIAL_ABSENT)


def impulse(
    case: Case,
    forward: tuple[Step, Number],
    backward: tuple[Step, Number],
    known: Condition,
    backward_known: Condition,
    sheet: Sheet,
) -> None:
    """Write the patellofemoral impulse of one leg, per kilometre and per bout."""
    per_km, per_bout = [], []
    for step, peak in (forward, backward):
        per_step = load.patellofemoral_impulse_per_step(peak_force_bw=peak, contact_time_s=step.contact_time_s)
        per_second = per_step * step.cadence_steps_per_min / (60 * 2)
        per_km.append(per_second * 1000 / step.speed_m_s)
        per_bout.append(per_second * case.duration_s)
    force_spread = load.PEAK_VERTICAL_FORCE_RATIO_SD / load.PEAK_VERTICAL_FORCE_RATIO["run"]
    ratio_spread = root_sum_square(load.PATELLOFEMORAL_RATIO_SD_LOG, force_spread)
    for name, (there, back) in (
        ("patellofemoral_impulse_per_km_bw_s", per_km),
        ("patellofemoral_impulse_per_bout_bw_s", per_bout),
    ):
        sheet.load_pair(
            name,
            there,
            back,
            spread=load.IMPULSE_CV,
            ratio_spread=ratio_spread,
            known=known,
            backward_known=backward_known,
        )


def achilles(case: Case, backward_speed: Number, backward_known: Condition, sheet: Sheet) -> None:
    """Write the relative Achilles load; backward only its bounds, which do not scale with the interval."""
    name = "achilles_relative_load"
    forward = load.achilles_relative_load(gait=case.gait, speed_m_s=case.speed_m_s)
    same_speed = load.achilles_relative_load(gait=case.gait, speed_m_s=backward_speed)
    sheet.put_load("forward", name, forward, spread_factor(load.ACHILLES_CV, sheet.score))
    low, high = load.ACHILLES_BACKWARD_BOUNDS
    sheet.put_bounds("backward", name, low * same_speed, high * same_speed, backward_known)
    relative = same_speed / forward
    sheet.put_bounds("ratio", name, low * relative, high * relative, backward_known)
