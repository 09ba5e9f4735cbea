"""Cadence, steps and contact time of an answer."""

from dataclasses import dataclass

from retrorun.models.estimate.builder import AnswerBuilder
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.equal_intensity import Movement
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Condition, Number, either_outside, negate, outside, settled
from retrorun.models.physiology import load, timing
from retrorun.models.physiology.grades import Code, graded, weaker
from retrorun.models.physiology.uncertainty import root_sum_square


@dataclass(slots=True)
class Step:
    """Timing of a running step in one direction, with its speed and peak force."""

    speed_m_s: Number
    cadence_steps_per_min: Number
    contact_time_s: Number
    peak_vertical_force_bw: Number


@dataclass(slots=True)
class Steps:
    """A running step in each direction, and where backward contact time is known."""

    forward: Step
    backward: Step
    backward_contact_known: Condition


def running_steps(case: Case, move: Movement) -> Steps:
    """Return the running steps of both directions; if the backward speed is unknown, both at the forward speed."""
    forward = running_step(case, case.speed_m_s)
    same = forward
    if move.speed_m_s is not None and move.speed_m_s is not case.speed_m_s:
        same = running_step(case, move.speed_m_s)
    backward = Step(
        same.speed_m_s,
        same.cadence_steps_per_min * timing.CADENCE_RATIO,
        same.contact_time_s * timing.CONTACT_TIME_RATIO,
        same.peak_vertical_force_bw * load.PEAK_VERTICAL_FORCE_RATIO["run"],
    )
    contact_known = negate(same.speed_m_s > timing.BACKWARD_CONTACT_TO_M_S)
    return Steps(forward, backward, contact_known)


def running_step(case: Case, speed_m_s: Number) -> Step:
    """Return the forward running step at a speed."""
    cadence = timing.running_cadence(speed_m_s=speed_m_s, step_rate_ratio=case.step_rate_ratio)
    force = load.peak_vertical_force(gait="run", speed_m_s=speed_m_s)
    contact = timing.running_contact_time(speed_m_s=speed_m_s)
    return Step(speed_m_s, cadence, contact, force)


def walking_timing_section(case: Case, builder: AnswerBuilder) -> None:
    """Write the cadence and steps of forward walking; backward cadence and all contact times are unknown."""
    on_grade = case.on_grade
    builder.warn(cautions.TIMING_ON_GRADE, on_grade)
    cadence = timing.walking_cadence(speed_m_s=case.speed_m_s, step_rate_ratio=case.step_rate_ratio)
    of_cadence = builder.factors(spread=timing.CADENCE_PERSON_SD_STEPS_PER_MIN["walk"] / cadence)
    left = settled(outside(case.speed_m_s, timing.WALKING_CADENCE_RANGE_M_S))
    grades = (graded("walking_cadence", settled(left | on_grade)), None, None)
    builder.pair("cadence_steps_per_min", cadence, None, of_cadence, grades=grades)
    if builder.wants("steps"):
        builder.pair("steps", cadence * (case.duration_s / 60), None, of_cadence, grades=grades)
    builder.warn(cautions.WALKING_TIMING, left)
    builder.warn(cautions.WALKING_TIMING_ABSENT)


def running_timing_section(case: Case, move: Movement, steps: Steps, builder: AnswerBuilder) -> None:
    """Write cadence, steps and contact time; backward only if its speed is known."""
    on_grade = case.on_grade
    builder.warn(cautions.TIMING_ON_GRADE, on_grade)
    minutes = case.duration_s / 60
    cadence, back_cadence = steps.forward.cadence_steps_per_min, steps.backward.cadence_steps_per_min
    person = timing.CADENCE_PERSON_SD_STEPS_PER_MIN["run"] / cadence
    of_cadence = builder.factors(
        spread=root_sum_square(person, timing.RUNNING_CADENCE_STUDY_CV), ratio_spread=timing.TIMING_RATIO_CV
    )
    of_contact = builder.factors(spread=timing.CONTACT_TIME_PERSON_CV, ratio_spread=timing.TIMING_RATIO_CV)
    there, back = case.speed_m_s, case.speed_m_s if move.speed_m_s is None else move.speed_m_s
    of_steps = graded("running_cadence", settled(outside(there, timing.RUNNING_CADENCE_RANGE_M_S) | on_grade))
    of_cadence_ratio = graded("cadence_ratio")
    cadence_grades = (of_steps, of_cadence_ratio, of_cadence_ratio)
    contact = contact_back = contact_grade(there, on_grade)
    if back is not there:
        contact_back = contact_grade(back, on_grade)
    ratio_of_contact = graded("contact_time_ratio", on_grade)
    contact_back = weaker(contact_back, ratio_of_contact)
    if case.equal == "metabolic_rate":
        # At two speeds the ratio depends on both contact times; at one speed they cancel.
        ratio_of_contact = weaker(contact, contact_back)
    contact_grades = (contact, contact_back, ratio_of_contact)
    if move.speed_m_s is None:
        builder.pair("cadence_steps_per_min", cadence, None, of_cadence, grades=cadence_grades)
        if builder.wants("steps"):
            builder.pair("steps", cadence * minutes, None, of_cadence, grades=cadence_grades)
        builder.pair("contact_time_s", steps.forward.contact_time_s, None, of_contact, grades=contact_grades)
    else:
        builder.pair("cadence_steps_per_min", cadence, back_cadence, of_cadence, grades=cadence_grades)
        if builder.wants("steps"):
            builder.pair("steps", cadence * minutes, back_cadence * minutes, of_cadence, grades=cadence_grades)
        contact_known = steps.backward_contact_known
        builder.warn(cautions.BACKWARD_CONTACT_ABSENT, negate(contact_known))
        builder.pair(
            "contact_time_s",
            steps.forward.contact_time_s,
            steps.backward.contact_time_s,
            of_contact,
            contact_known,
            contact_grades,
        )
    for code, bounds in (
        (cautions.RUNNING_TIMING, timing.RUNNING_CADENCE_RANGE_M_S),
        (cautions.RUNNING_CONTACT, timing.RUNNING_CONTACT_RANGE_M_S),
    ):
        builder.warn(code, either_outside((there, back), bounds))


def contact_grade(speed_m_s: Number, on_grade: Condition) -> Code:
    """Return the evidence grade of the contact time of forward running at a speed."""
    return graded("running_contact_time", settled(outside(speed_m_s, timing.RUNNING_CONTACT_RANGE_M_S) | on_grade))
