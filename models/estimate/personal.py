"""Compare own measurements with the model, and list the parts of an estimate's spread."""

import math
from collections.abc import Sequence
from typing import Final, Literal, NotRequired, TypedDict, cast

from retrorun.models.estimate.case import (
    Case,
    forward_power,
    on_a_grade,
    ratio_of,
    ratio_study_cv,
    spreads_of_person,
    study_widening,
)
from retrorun.models.estimate.energy_section import input_spreads
from retrorun.models.estimate.equal_intensity import Movement
from retrorun.models.numerics.arithmetic import absolute, outside, settled
from retrorun.models.physiology import direction, energy, energy_models, uncertainty
from retrorun.models.physiology.calibration import IMPLAUSIBLE_FACTOR, MEASUREMENT_CV, Measured, Personal, personal
from retrorun.models.physiology.uncertainty import root_sum_square, spread_factor
from retrorun.models.vocabulary.answer import Interval, Parts, PersonalFactors
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import check

NOTHING: Final = 1e-12
"""Variances below this are rounding errors of a difference (choice)."""


class Measurement(TypedDict):
    """One own measurement in the gait of the bout: speed, and gross oxygen uptake or gross energy with duration."""

    speed_m_s: float
    grade: NotRequired[float]
    direction: NotRequired[Literal["forward", "backward"]]
    oxygen_uptake_ml_kg_min: NotRequired[float]
    total_energy_kcal: NotRequired[float]
    duration_s: NotRequired[float]
    measurement_cv: NotRequired[float]


def personal_of(case: Case, measurements: Sequence[Measurement]) -> Personal:
    """Return the personal factors from own measurements in the gait of a case."""
    found = [measured(case, index, measurement) for index, measurement in enumerate(measurements)]
    known = direction.DIRECTION_MODELS[case.direction_model][case.gait]
    level_ratio_spread = root_sum_square(uncertainty.PERSON_RATIO_CV[case.gait], known.study_cv)
    return personal(
        measurements=found,
        forward_spread=cast(float, uncertainty.forward_spread(gait=case.gait, on_grade=False)),
        ratio_spread=cast(float, level_ratio_spread),
        study_spread=known.study_cv,
        studies=known.studies,
    )


def measured(case: Case, index: int, measurement: Measurement) -> Measured:
    """Return one measurement compared with the model; raise if the model has no prediction for it."""
    place = f"measurements/{index}"
    speed = check("speed_m_s", measurement["speed_m_s"], place)
    grade = check("grade", measurement.get("grade", 0.0), place)
    cv = check("measurement_cv", measurement.get("measurement_cv", MEASUREMENT_CV), place)
    uptake = measurement.get("oxygen_uptake_ml_kg_min")
    kcal, duration = measurement.get("total_energy_kcal"), measurement.get("duration_s")
    if uptake is not None and kcal is None and duration is None:
        uptake = check("oxygen_uptake_ml_kg_min", uptake, place)
        power = cast(float, energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=uptake))
    elif uptake is None and kcal is not None and duration is not None:
        kcal, duration = check("total_energy_kcal", kcal, place), check("duration_s", duration, place)
        power = kcal * energy.J_PER_KCAL / (duration * cast(float, case.body_mass_kg))
    else:
        raise Conflict(place, "Give oxygen_uptake_ml_kg_min, or total_energy_kcal with duration_s.")
    # A measurement is taken on a treadmill, without air drag and without weight support.
    there = case._replace(grade=grade, speed_m_s=speed, weight_support=0.0, overground=False)
    if outside(grade, energy_models.ENERGY_MODELS[case.gait][case.energy_model].defined_grade):
        raise Undefined(f"{place}/grade", f"{case.energy_model} is not defined on this grade.", "grade_undefined")
    predicted = forward_power(there)(speed)
    backward = measurement.get("direction") == "backward"
    if backward:
        predicted = ratio_of(there) * predicted
    log_error = math.log(power / cast(float, predicted))
    if abs(log_error) > math.log(IMPLAUSIBLE_FACTOR):
        raise OutOfRange(
            place,
            "The measurement is more than three times or less than a third of the estimate. Oxygen uptake and energy "
            "must be gross, with rest included. Check the units.",
            "implausible_measurement",
        )
    return Measured(log_error, cv, float(backward))


def personal_factors(case: Case, found: Personal, score: float) -> PersonalFactors:
    """Return the personal factors with their intervals."""
    factors = []
    forward, ratio, covariance = found.variances(study_widening(case, score))
    for log, variance in (
        (found.forward_log, forward),
        (found.backward_log, forward + ratio + 2 * covariance),
    ):
        value, factor = math.exp(log), cast(float, spread_factor(variance**0.5, score))
        factors.append(Interval(value=value, low=value / factor, high=value * factor))
    return {"forward_factor": factors[0], "backward_factor": factors[1]}


def parts_of_spread(case: Case, move: Movement) -> Parts:
    """Return the parts that the spread of total energy is built from, unscaled.

    Forward is the root sum square of conversion, model and person; backward adds the two parts of the ratio. With own
    measurements the errors are correlated. Then each direction and the ratio have one combined part, and the share of
    it that is between studies. At equal metabolic rate the energies are the same, and the parts of the ratio affect
    only the backward speed.
    """
    parts: Parts = {"conversion_cv": uncertainty.CONVERSION_CV}
    ratio_enters, known = case.equal != "metabolic_rate", direction.DIRECTION_MODELS[case.direction_model][case.gait]
    own_parts: dict[str, float] = {}
    if case.personal:
        whole = _variances(case, 1.0)
        # The variances are linear in the factor on the study part.
        of_studies = [twice - once for twice, once in zip(_variances(case, 2.0), whole, strict=True)]
        for name, variance, of_study in zip(("forward", "backward", "ratio"), whole, of_studies, strict=True):
            if ratio_enters or name == "forward":
                own_parts[f"personal_{name}_cv"] = variance**0.5
                if of_study > NOTHING:
                    own_parts[f"personal_{name}_study_cv"] = of_study**0.5
        parts |= cast(Parts, own_parts)
    else:
        parts["model_cv"] = cast(float, uncertainty.model_cv(gait=case.gait, on_grade=on_a_grade(case)))
        parts["person_cv"] = uncertainty.PERSON_FORWARD_CV[case.gait]
        if ratio_enters:
            parts["ratio_person_cv"] = uncertainty.PERSON_RATIO_CV[case.gait]
            parts["ratio_study_cv"] = cast(float, ratio_study_cv(case, case.grade))
    if (ratio_enters and case.equal not in direction.EQUAL_EFFORT) or "personal_forward_study_cv" in parts:
        parts["ratio_studies"] = known.studies
    _, of_energy, _ = input_spreads(case, move)
    if settled(of_energy != 0) is not False:
        parts["input_cv"] = cast(float, absolute(of_energy))
    return parts


def _variances(case: Case, studies_widened: float) -> tuple[float, float, float]:
    """Return the variances of a person's forward power, backward power and ratio."""
    forward, ratio, covariance = cast(tuple[float, float, float], spreads_of_person(case, studies_widened))
    return forward, forward + ratio + 2 * covariance, ratio
