"""A caller's own measurements against the model, and the parts that an estimate's spread is built from."""

import math
from collections.abc import Sequence
from typing import Literal, NotRequired, TypedDict, cast

from models import direction, energy, energy_models, uncertainty
from models.answer import Interval, Parts, PersonalFactors
from models.arithmetic import absolute, outside, settled
from models.calibration import IMPLAUSIBLE_FACTOR, MEASUREMENT_CV, Measured, Personal, personal
from models.errors import Conflict, OutOfRange, Undefined
from models.movement import (
    Case,
    Movement,
    backward_power,
    forward_power,
    on_a_grade,
    ratio_study_cv,
    spreads_of_person,
)
from models.quantities import check
from models.sections import input_spreads
from models.uncertainty import root_sum_square, spread_factor


class Measurement(TypedDict):
    """One own measurement, in the gait of the bout: speed, and gross oxygen uptake or gross energy."""

    speed_m_s: float
    grade: NotRequired[float]
    direction: NotRequired[Literal["forward", "backward"]]
    oxygen_uptake_ml_kg_min: NotRequired[float]
    total_energy_kcal: NotRequired[float]
    duration_s: NotRequired[float]
    measurement_cv: NotRequired[float]


def personal_of(case: Case, measurements: Sequence[Measurement]) -> Personal:
    """Return the personal factors that measurements in the gait of a case give."""
    found = [measured(case, index, measurement) for index, measurement in enumerate(measurements)]
    level_ratio_spread = root_sum_square(
        uncertainty.PERSON_RATIO_CV[case.gait],
        direction.DIRECTION_MODELS[case.direction_model][case.gait].study_cv,
    )
    return personal(
        measurements=found,
        forward_spread=cast(float, uncertainty.forward_spread(gait=case.gait, on_grade=False)),
        ratio_spread=cast(float, level_ratio_spread),
    )


def measured(case: Case, index: int, measurement: Measurement) -> Measured:
    """Return one measurement against the model, or raise where it has no prediction."""
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
    there = case._replace(grade=grade, speed_m_s=speed)
    if outside(grade, energy_models.ENERGY_MODELS[case.gait][case.energy_model].defined_grade):
        raise Undefined(f"{place}/grade", f"{case.energy_model} is not defined on this grade.", "grade_undefined")
    predicted = forward_power(there)(speed)
    sensitivity = 0.0
    if measurement.get("direction") == "backward":
        predicted, of_ratio = backward_power(there, speed, predicted)
        sensitivity = cast(float, of_ratio)
    log_error = math.log(power / cast(float, predicted))
    if abs(log_error) > math.log(IMPLAUSIBLE_FACTOR):
        raise OutOfRange(
            place,
            "The measurement is more than three times, or less than a third of, what the model gives: check its "
            "units; oxygen uptake and energy are gross, rest included.",
            "implausible_measurement",
        )
    return Measured(log_error, cv, sensitivity)


def personal_factors(found: Personal, score: float) -> PersonalFactors:
    """Return the personal factors with their intervals."""
    factors = []
    for log, spread in (
        (found.forward_log, found.forward_spread),
        (found.backward_log, found.backward_spread),
    ):
        value, factor = math.exp(log), cast(float, spread_factor(spread, score))
        factors.append(Interval(value=value, low=value / factor, high=value * factor))
    return {"forward_factor": factors[0], "backward_factor": factors[1]}


def parts_of_spread(case: Case, move: Movement) -> Parts:
    """Return the parts that the spread of total energy is built from.

    Forward is the root sum square of conversion and model and person; backward adds the two of the ratio. After own
    measurements errors go together, so that each direction and the ratio have one part of their own. At equal
    metabolic rate the energies are the same, and the ratio's parts go into the backward speed alone.
    """
    parts: Parts = {"conversion_cv": uncertainty.CONVERSION_CV}
    ratio_enters = case.equal != "metabolic_rate"
    if case.personal:
        spreads = spreads_of_person(case)
        parts["personal_forward_cv"] = cast(float, spreads.forward_variance**0.5)
        if ratio_enters:
            conversion = uncertainty.CONVERSION_CV
            parts["personal_backward_cv"] = cast(float, (move.backward_spread**2 - conversion**2) ** 0.5)
            parts["personal_ratio_cv"] = cast(float, move.power_spread)
    else:
        parts["model_cv"] = cast(float, uncertainty.model_cv(gait=case.gait, on_grade=on_a_grade(case)))
        parts["person_cv"] = uncertainty.PERSON_FORWARD_CV[case.gait]
        if ratio_enters:
            parts["ratio_person_cv"] = cast(float, uncertainty.PERSON_RATIO_CV[case.gait] * move.sensitivity)
            parts["ratio_study_cv"] = cast(float, ratio_study_cv(case, case.grade) * move.sensitivity)
    _, of_energy, _ = input_spreads(case, move)
    if settled(of_energy != 0) is not False:
        parts["input_cv"] = cast(float, absolute(of_energy))
    return parts
