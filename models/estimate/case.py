"""One complete bout, and the power of each direction at any speed."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import NamedTuple

from retrorun.models.numerics.arithmetic import Condition, Number, exponential, greater, outside, settled, where
from retrorun.models.physiology import direction, energy, energy_models, surroundings, uncertainty
from retrorun.models.physiology.calibration import Personal
from retrorun.models.physiology.uncertainty import PERSON_RATIO_CV
from retrorun.models.vocabulary.choices import DirectionModelName, Equal, Gait


@dataclass(slots=True, kw_only=True)
class Case:
    """One complete bout: categories as words, quantities as floats or columns. Nothing changes it after it is made.

    It has slots because an estimate reads its fields a hundred times, which takes twice as long with a named tuple.
    """

    gait: Gait
    energy_model: str
    direction_model: DirectionModelName
    body_mass_kg: Number
    speed_m_s: Number
    duration_s: Number
    distance_m: Number
    grade: Number
    resting_w_kg: Number
    step_rate_ratio: Number
    equal: Equal = "speed"
    follows: str = "distance_m"
    """The one of speed, duration and distance that is computed from the other two."""
    speed_cv: Number = 0.0
    body_mass_cv: Number = 0.0
    oxygen_uptake_max_ml_kg_min: Number | None = None
    personal: Personal | None = None
    age_y: Number | None = None
    weight_support: Number = 0.0
    overground: Condition = False
    on_grade: Condition = field(init=False)
    """Whether the ground counts as a slope."""
    supported: Condition = field(init=False)
    """Whether a treadmill carries part of the body."""
    unmeasured_grade: Condition = field(init=False)
    """Whether backward was not measured on the slope."""

    def __post_init__(self) -> None:
        """Compute the conditions that every section asks for."""
        self.on_grade = settled(outside(self.grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE)))
        self.supported = settled(self.weight_support > 0)
        # Both gaits were measured on the level.
        self.unmeasured_grade = self.on_grade is not False and direction.unmeasured_grade(
            gait=self.gait, grade=self.grade
        )


class Spreads(NamedTuple):
    """Variances of a person's forward power and ratio, and their covariance."""

    forward_variance: Number
    ratio_variance: Number
    covariance: Number


def forward_power(case: Case) -> Callable[[Number], Number]:
    """Return forward power as a function of speed, without own measurements, with air drag if asked for."""
    return _in_still_air(case, treadmill_power(case))


def backward_power(case: Case) -> Callable[[Number], Number]:
    """Return backward power as a function of speed: ratio times treadmill power, plus the air drag of forward."""
    ratio, power = ratio_of(case), treadmill_power(case)
    return _in_still_air(case, lambda speed_m_s: ratio * power(speed_m_s))


def _in_still_air(case: Case, power: Callable[[Number], Number]) -> Callable[[Number], Number]:
    """Add air drag where it is asked for.

    The caller multiplies the result by the personal factor, so the drag is divided by that factor here.
    """
    if case.overground is False:
        return power
    return lambda speed_m_s: power(speed_m_s) + air_drag(case, speed_m_s)


def air_drag(case: Case, speed_m_s: Number) -> Number:
    """Return the power against still air where it is asked for, divided by the personal factor [W/kg]."""
    drag: Number = where(case.overground, surroundings.air_drag_w_kg(speed_m_s=speed_m_s) / own_factor(case), 0.0)
    return drag


def powers_at_the_same_speed(case: Case) -> tuple[Number, Number]:
    """Return forward and backward power at the speed of a case, without own measurements on forward power [W/kg]."""
    power, ratio = treadmill_power(case)(case.speed_m_s), ratio_of(case)
    if case.overground is False:
        return power, ratio * power
    drag = air_drag(case, case.speed_m_s)
    return power + drag, ratio * power + drag


def own_factor(case: Case) -> Number:
    """Return the personal factor on power, 1 without own measurements."""
    return exponential(case.personal.forward_log) if case.personal else 1.0


def treadmill_power(case: Case) -> Callable[[Number], Number]:
    """Return forward treadmill power as a function of speed, with the grade, rest and weight support of a case."""
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


def ratio_of(case: Case) -> Number:
    """Return the ratio of gross power backward to forward at equal speed, with own measurements.

    With weight support s the ratio r becomes r^(1 - s / 0.2) below 0.2, and 1 from 0.2 (choice).
    """
    ratio = direction.DIRECTION_MODELS[case.direction_model][case.gait].ratio
    own = case.personal.ratio_log if case.personal else 0.0
    if case.supported is False:
        return ratio * exponential(own) if case.personal else ratio
    left = greater(1.0 - case.weight_support / direction.WEIGHT_SUPPORT_EQUAL_FROM, 0.0)
    return exponential((math.log(ratio) + own) * left)


def ratio_study_cv(case: Case) -> Number:
    """Return the spread between studies of the ratio that a case uses [1]."""
    if case.equal in direction.EQUAL_EFFORT:
        return direction.HEART_RATE_STUDY_CV
    study = direction.ratio_study_cv(
        direction_model=case.direction_model, gait=case.gait, unmeasured=case.unmeasured_grade
    )
    if case.supported is False:
        return study
    doubled = uncertainty.UNMEASURED_STUDY_FACTOR * direction.DIRECTION_MODELS[case.direction_model][case.gait].study_cv
    spread: Number = where(case.supported, doubled, study)
    return spread


def spreads_of_person(case: Case, studies_widened: Number = 1.0) -> Spreads:
    """Return the variances of a person's forward power and ratio, and their covariance.

    Parameters
    ----------
    case : Case
        The bout.
    studies_widened : float or ndarray
        Factor on the variance between studies: 1 for unscaled variances, (t / z)^2 for the ends of an interval, see
        `study_widening` [1].

    Returns
    -------
    Spreads
        Variances of logarithms [1].

    Notes
    -----
    Own measurements narrow the spread of a level bout. On a slope the model part is wider, and the study part doubles
    where direction was not measured. No own measurement narrows these additions, so they are added in full.
    """
    on_grade, person = case.on_grade, PERSON_RATIO_CV[case.gait]
    forward = uncertainty.forward_spread(gait=case.gait, on_grade=on_grade)
    forward_variance, ratio_variance, covariance = forward * forward, person * person, 0.0
    study, own = ratio_study_cv(case), case.personal
    if own is not None:
        level = uncertainty.forward_spread(gait=case.gait, on_grade=False)
        own_forward, own_ratio, own_covariance = own_variances(case, own, studies_widened)
        forward_variance = own_forward + forward_variance - level * level
    if case.equal in direction.EQUAL_EFFORT:
        # This spread is a choice, not a standard deviation of studies, so it is not widened.
        return Spreads(forward_variance, ratio_variance + study * study, covariance)
    if own is None:
        return Spreads(forward_variance, ratio_variance + studies_widened * study * study, covariance)
    level_study = ratio_study_cv(replace(case, weight_support=0.0, grade=0.0))
    added = study * study - level_study * level_study
    return Spreads(forward_variance, own_ratio + studies_widened * added, own_covariance)


def own_variances(case: Case, own: Personal, studies_widened: Number) -> Spreads:
    """Return the variances of personal factors on the level, with the study part widened."""
    known = direction.DIRECTION_MODELS[case.direction_model][case.gait]
    found = own.variances(
        person_spread=PERSON_RATIO_CV[case.gait], study_spread=known.study_cv, studies_widened=studies_widened
    )
    return Spreads(*found)


def study_widening(case: Case, score: Number) -> Number:
    """Return the factor on the variance between studies for the ends of an interval, (t / z)^2 [1]."""
    studies = direction.DIRECTION_MODELS[case.direction_model][case.gait].studies
    factor = uncertainty.widening(score, studies=studies)
    return factor * factor
