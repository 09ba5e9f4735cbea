"""Load indicators of an answer."""

from retrorun.models.estimate.builder import LOAD_CODES, AnswerBuilder, known_only
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.equal_intensity import Movement
from retrorun.models.estimate.timing_section import Step, Steps
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Condition, Number, either_outside, negate, outside, settled
from retrorun.models.physiology import load
from retrorun.models.physiology.grades import CODES, either
from retrorun.models.physiology.uncertainty import spread_factor


def load_section(case: Case, move: Movement, steps: Steps | None, builder: AnswerBuilder) -> None:
    """Write the load indicators that are known; `steps` is None for walking."""
    builder.warn(cautions.LOAD_MEANING)
    builder.load_known = negate(case.supported)
    builder.warn(cautions.WEIGHT_SUPPORT_LOADS, case.supported)
    if steps is not None:
        builder.warn(cautions.STEP_RATE, settled(case.step_rate_ratio > 1))
    on_grade = case.on_grade
    if on_grade is not False:
        builder.warn_of_load(cautions.VERTICAL_FORCE_GRADE, on_slope(case, load.VERTICAL_FORCE_SLOPE_RANGE_DEG))
        builder.warn_of_load(cautions.LOAD_ON_GRADE, on_grade)
        builder.warn_of_load(cautions.PATELLOFEMORAL_GRADE_ABSENT, on_slope(case, load.PATELLOFEMORAL_SLOPE_RANGE_DEG))
    if move.speed_m_s is None:
        there, back = case.speed_m_s, case.speed_m_s
        backward_known: Condition = False
    else:
        there, back = case.speed_m_s, move.speed_m_s
        backward_known = negate(on_grade)
        builder.warn_of_load(cautions.BACKWARD_LOAD_GRADE_ABSENT, on_grade)
        builder.warn_of_load(cautions.BACKWARD_ACHILLES_UNKNOWN, backward_known)
    vertical_force(case, (there, back), steps, backward_known, builder)
    patellofemoral(case, (there, back), steps, backward_known, builder)
    achilles(case, (there, back), backward_known, builder)
    if steps is None:
        builder.warn_of_load(cautions.WALKING_TIBIAL_ABSENT)
        builder.warn_of_load(cautions.WALKING_KNEE_MOMENT_ABSENT)
    else:
        moment = load.knee_extensor_moment_ratio(speed_m_s=back)
        factor = spread_factor(load.KNEE_MOMENT_RATIO_SD / moment, builder.score)
        evidence = LOAD_CODES["knee_extensor_moment_ratio"]["run"][1]
        builder.put_load(builder.backward_load, "knee_extensor_moment_ratio", moment, factor, backward_known, evidence)
        force = steps.forward.peak_vertical_force_bw
        tibia = load.tibial_compression_peak(peak_vertical_force_bw=force, speed_m_s=there, grade=case.grade)
        factor = spread_factor(load.tibial_spread(peak_bw=tibia), builder.score)
        evidence = LOAD_CODES["tibial_compression_peak_bw"]["run"][0]
        builder.put_load(builder.forward_load, "tibial_compression_peak_bw", tibia, factor, evidence=evidence)
        builder.warn_of_load(cautions.TIBIAL_SPEED, outside(there, load.TIBIAL_RANGE_M_S))
        builder.warn_of_load(cautions.BACKWARD_TIBIAL_ABSENT)
    builder.close_load()


def on_slope(case: Case, bounds_deg: tuple[float, float]) -> Condition:
    """Return whether the slope is outside a range of degrees."""
    return outside(load.slope_deg(grade=case.grade), bounds_deg)


def vertical_force(
    case: Case, speeds: tuple[Number, Number], steps: Steps | None, backward_known: Condition, builder: AnswerBuilder
) -> None:
    """Write the peak vertical force."""
    there, back = speeds
    ratio = load.PEAK_VERTICAL_FORCE_RATIO[case.gait]
    if steps is None:
        force = load.peak_vertical_force(gait=case.gait, speed_m_s=there)
        back_force = load.peak_vertical_force(gait=case.gait, speed_m_s=back) * ratio
    else:
        force, back_force = steps.forward.peak_vertical_force_bw, steps.backward.peak_vertical_force_bw
    factors = builder.factors(
        spread=load.peak_vertical_force_spread(peak_bw=force, grade=case.grade),
        ratio_spread=load.PEAK_VERTICAL_FORCE_RATIO_SD / ratio,
    )
    bounds = load.PEAK_VERTICAL_FORCE_RANGE_M_S[case.gait]
    left = left_back = settled(outside(there, bounds))
    if back is not there:
        left_back = settled(outside(back, bounds))
    (inside, inside_back), extrapolated = LOAD_CODES["peak_vertical_force_bw"][case.gait], CODES["outside"]
    grades = either(left, extrapolated, inside), either(left_back, extrapolated, inside_back)
    builder.load_pair(
        "peak_vertical_force_bw", force, back_force, factors, backward_known=backward_known, grades=grades
    )
    builder.warn_of_load(cautions.VERTICAL_FORCE_SPEED[case.gait], left | left_back)


def patellofemoral(
    case: Case, speeds: tuple[Number, Number], steps: Steps | None, backward_known: Condition, builder: AnswerBuilder
) -> None:
    """Write the peak patellofemoral force, and for running the impulse of one leg, per kilometre and per bout."""
    there, back = speeds
    # The level is within every range of slopes.
    known = case.on_grade is False or negate(on_slope(case, load.PATELLOFEMORAL_SLOPE_RANGE_DEG))
    rate = case.step_rate_ratio
    peak = same = load.patellofemoral_peak_force(gait=case.gait, speed_m_s=there, step_rate_ratio=rate)
    if back is not there:
        same = load.patellofemoral_peak_force(gait=case.gait, speed_m_s=back, step_rate_ratio=rate)
    back_peak = same * load.patellofemoral_ratio(gait=case.gait, speed_m_s=back)
    factors = builder.factors(
        spread=load.PATELLOFEMORAL_SD_BW[case.gait] / peak, ratio_spread=load.PATELLOFEMORAL_RATIO_SD_LOG
    )
    builder.load_pair("patellofemoral_peak_force_bw", peak, back_peak, factors, known, backward_known)
    if steps is None:
        return
    bounds = load.PATELLOFEMORAL_RANGE_M_S
    builder.warn_of_load(cautions.PATELLOFEMORAL_SPEED, known & either_outside(speeds, bounds))
    of_impulse = builder.factors(spread=load.IMPULSE_CV, ratio_spread=load.IMPULSE_RATIO_CV)
    per_second = impulse_per_second(steps.forward, peak)
    back_per_second = impulse_per_second(steps.backward, back_peak)
    builder.warn_of_load(cautions.IMPULSE_LEVEL, known)
    backward_known = backward_known & steps.backward_contact_known
    builder.load_pair(
        "patellofemoral_impulse_per_km_bw_s",
        per_second * 1000 / there,
        back_per_second * 1000 / back,
        of_impulse,
        known,
        backward_known,
    )
    if builder.wants("patellofemoral_impulse_per_bout_bw_s"):
        builder.load_pair(
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


def achilles(case: Case, speeds: tuple[Number, Number], backward_known: Condition, builder: AnswerBuilder) -> None:
    """Write the relative Achilles load; backward has only bounds, which do not depend on the interval asked for."""
    there, back = speeds
    name = "achilles_relative_load"
    forward = load.achilles_relative_load(gait=case.gait, speed_m_s=there)
    factor, evidence = spread_factor(load.ACHILLES_CV, builder.score), LOAD_CODES[name][case.gait][0]
    builder.put_load(builder.forward_load, name, forward, factor, evidence=evidence)
    if backward_known is not False:
        same_speed = forward
        if back is not there:
            same_speed = load.achilles_relative_load(gait=case.gait, speed_m_s=back)
        builder.put_backward_bounds(
            name, load.ACHILLES_BACKWARD_BOUNDS, forward, known_only(same_speed, backward_known)
        )
    bounds = load.ACHILLES_RANGE_M_S[case.gait]
    builder.warn_of_load(cautions.ACHILLES_SPEED[case.gait], either_outside(speeds, bounds))
