"""Compare own measurements with the model, and list the parts of an estimate's spread."""

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Final, Literal, NotRequired, TypedDict, cast

from retrorun.models.estimate.case import (
    Case,
    forward_power,
    own_variances,
    ratio_of,
    ratio_study_cv,
    spreads_of_person,
    study_widening,
)
from retrorun.models.estimate.energy_section import input_spreads
from retrorun.models.estimate.equal_intensity import Movement
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import coefficients_hash
from retrorun.models.numerics.arithmetic import Number, absolute, greater, outside, settled
from retrorun.models.physiology import direction, energy, energy_models, timing, uncertainty
from retrorun.models.physiology.calibration import IMPLAUSIBLE_FACTOR, MEASUREMENT_CV, Measured, Personal, personal
from retrorun.models.physiology.uncertainty import root_sum_square, spread_factor
from retrorun.models.vocabulary.answer import Interval, OwnFactors, Parts, PersonalFactor, PersonalFactors
from retrorun.models.vocabulary.choices import Gait
from retrorun.models.vocabulary.errors import Conflict, Missing, OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import INPUTS, check

NOTHING: Final = 1e-12
"""Variances below this are rounding errors of a difference (choice)."""


FACTOR_NUMBERS: Final = ("forward_log", "forward_spread", "ratio_log", "ratio_spread", "covariance")
"""The numbers of a compact personal factor, in the order of `Personal`."""


MADE_WITH: Final = ("energy_model", "direction_model")
"""The equations that a compact personal factor belongs to."""


class Measurement(TypedDict):
    """One own measurement: speed, and gross oxygen uptake or gross energy with duration."""

    speed_m_s: float
    grade: NotRequired[float]
    direction: NotRequired[Literal["forward", "backward"]]
    oxygen_uptake_ml_kg_min: NotRequired[float]
    total_energy_kcal: NotRequired[float]
    duration_s: NotRequired[float]
    measurement_cv: NotRequired[float]
    gait: NotRequired[Gait]


def with_own_factor(case: Case, measurements: Sequence[Measurement], given: OwnFactors | None) -> Case:
    """Return the case of a bout with the factor of the person; raise if the person was measured in another gait."""
    for index, measurement in enumerate(measurements):
        if measurement.get("gait", case.gait) != case.gait:
            raise Conflict(
                f"measurements/{index}/gait",
                f"This measurement is of another gait than {case.gait}. Remove it, or change the gait of the bout.",
            )
    if given is not None and case.gait not in given:
        raise Conflict("personal", f"It has no factor for the gait {case.gait}. Send measurements of that gait first.")
    return replace(case, personal=own_factor_of(case, measurements, given))


def own_factor_of(case: Case, measurements: Sequence[Measurement], given: OwnFactors | None) -> Personal | None:
    """Return the personal factor in the gait of a case from measurements or a compact factor; None without either.

    A measurement without a gait counts as one in the gait of the case.
    """
    if any(measurement.get("gait", case.gait) == case.gait for measurement in measurements):
        return personal_of(case, measurements)
    factor = None if given is None else given.get(case.gait)
    return None if factor is None else factor_sent(case, factor)


def of_gaits(measurements: Sequence[Measurement], given: OwnFactors | None, gaits: Sequence[Gait]) -> list[Measurement]:
    """Return the measurements of a workout, each with its gait; raise if the person was measured in none of its gaits.

    A measurement without a gait is of the only gait of the workout. If there are two, the gait follows from its speed.
    """
    found: list[Measurement] = [
        {"gait": gaits[0] if len(gaits) == 1 else timing.inferred_gait(speed_m_s=each["speed_m_s"]), **each}
        for each in measurements
    ]
    if (found or given is not None) and not measured_gaits(found, given).intersection(gaits):
        place, what = ("measurements", "measurement") if found else ("personal", "factor")
        raise Conflict(place, f"It has no {what} for the gait {' or '.join(gaits)}. Add one, or leave {place} out.")
    return found


def measured_gaits(measurements: Sequence[Measurement], given: OwnFactors | None) -> set[str]:
    """Return the gaits in which a person was measured, from measurements with their gaits, or compact factors."""
    return {each["gait"] for each in measurements} | (given or {}).keys()


def own_warnings(measurements: Sequence[Measurement], given: OwnFactors | None, gaits: Sequence[Gait]) -> list[str]:
    """Return the warning codes for a gait without own measurements beside one with them, and for outdated factors."""
    found = measured_gaits(measurements, given).intersection(gaits)
    codes = [cautions.PERSONAL_ONE_GAIT] * (0 < len(found) < len(gaits))
    return codes + [cautions.PERSONAL_OUTDATED] * any(outdated(given, gait) for gait in gaits)


def factor_sent(case: Case, factor: PersonalFactor) -> Personal:
    """Return a compact factor as it was sent, checked; raise if it was made with other equations."""
    place = f"personal/{case.gait}"
    used = {"energy_model": case.energy_model, "direction_model": case.direction_model}
    for name in MADE_WITH:
        if factor[name] != used[name]:
            raise Conflict(
                f"{place}/{name}",
                f"The factor was made with another {name}. Send that {name} in the request too, or send measurements.",
            )
    found = Personal(*(check(name, factor[name], place) for name in FACTOR_NUMBERS))
    if not INPUTS["forward_log"].within(cast(float, found.backward_log)):
        raise OutOfRange(
            f"{place}/ratio_log", "The two logarithms together are of a backward factor above 3 or below a third."
        )
    if found.covariance**2 > (found.forward_spread * found.ratio_spread) ** 2:
        raise OutOfRange(f"{place}/covariance", "covariance is larger than the product of the two spreads.")
    return found


def factor_to_send(case: Case) -> PersonalFactor:
    """Return the compact factor of a case: the numbers that give the same answers as the measurements behind them."""
    assert case.personal is not None
    numbers = zip(FACTOR_NUMBERS, case.personal, strict=True)
    models = {
        "energy_model": case.energy_model,
        "direction_model": case.direction_model,
        "made_with": coefficients_number(),
    }
    return cast(PersonalFactor, {**models, **dict(numbers)})


def coefficients_number() -> float:
    """Return the hash of the coefficients as a whole number, which a request can bound."""
    return float(int.from_bytes(bytes.fromhex(coefficients_hash()), "big"))


def outdated(given: OwnFactors | None, gait: Gait) -> bool:
    """Return whether a compact factor was made with other coefficients than those of today."""
    factor = None if given is None else given.get(gait)
    return factor is not None and factor["made_with"] != coefficients_number()


def personal_of(case: Case, measurements: Sequence[Measurement]) -> Personal:
    """Return the personal factors from own measurements, of those in the gait of a case."""
    found = [
        measured(case, index, measurement)
        for index, measurement in enumerate(measurements)
        if measurement.get("gait", case.gait) == case.gait
    ]
    known = direction.DIRECTION_MODELS[case.direction_model][case.gait]
    level_ratio_spread = root_sum_square(uncertainty.PERSON_RATIO_CV[case.gait], known.study_cv)
    return personal(
        measurements=found,
        forward_spread=cast(float, uncertainty.forward_spread(gait=case.gait, on_grade=False)),
        ratio_spread=cast(float, level_ratio_spread),
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
        one_too_many = uptake is not None and (kcal is not None or duration is not None)
        raise (Conflict if one_too_many else Missing)(
            place, "Give oxygen_uptake_ml_kg_min, or total_energy_kcal with duration_s."
        )
    # A measurement is taken on a treadmill, without air drag and without weight support.
    there = replace(case, grade=grade, speed_m_s=speed, weight_support=0.0, overground=False)
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
    return Measured(log_error, cv, backward)


def personal_factors(case: Case, found: Personal, score: float, given: OwnFactors | None) -> PersonalFactors:
    """Return the personal factors with their intervals, and the compact factor, unchanged if it was given."""
    forward, ratio, covariance = own_variances(case, found, study_widening(case, score))
    factors = []
    for log, variance in (
        (found.forward_log, forward),
        (found.backward_log, sum_variance(forward, ratio, covariance)),
    ):
        value, factor = math.exp(cast(float, log)), cast(float, spread_factor(variance**0.5, score))
        factors.append(Interval(value=value, low=value / factor, high=value * factor))
    compact = factor_to_send(case) if given is None else given[case.gait]
    intervals: PersonalFactors = {"forward_factor": factors[0], "backward_factor": factors[1]}
    return {**intervals, "run": compact} if case.gait == "run" else {**intervals, "walk": compact}


def parts_of_spread(case: Case, move: Movement, score: Number) -> Parts:
    """Return the parts that the spread of total energy is built from, unscaled.

    Forward is the root sum square of conversion, model and person; backward adds the two parts of the ratio. With own
    measurements the errors are correlated. Then each direction and the ratio have one combined part, and the share of
    it that is between studies: multiplied by t over z it gives the ends of the interval. At equal metabolic rate the
    energies are the same, and the parts of the ratio affect only the backward speed.
    """
    parts: Parts = {"conversion_cv": uncertainty.CONVERSION_CV}
    ratio_enters, known = case.equal != "metabolic_rate", direction.DIRECTION_MODELS[case.direction_model][case.gait]
    own_parts: dict[str, Number] = {}
    if case.personal:
        widened = study_widening(case, score)
        whole, at_ends = _variances(case, 1.0), _variances(case, widened)
        for name, variance, at_end in zip(("forward", "backward", "ratio"), whole, at_ends, strict=True):
            if ratio_enters or name == "forward":
                own_parts[f"personal_{name}_cv"] = variance**0.5
                of_study = greater(at_end - variance, 0.0) / (widened - 1)
                if settled(of_study > NOTHING) is not False:
                    own_parts[f"personal_{name}_study_cv"] = of_study**0.5
        parts |= cast(Parts, own_parts)
    else:
        parts["model_cv"] = cast(float, uncertainty.model_cv(gait=case.gait, on_grade=case.on_grade))
        parts["person_cv"] = uncertainty.PERSON_FORWARD_CV[case.gait]
        if ratio_enters:
            parts["ratio_person_cv"] = uncertainty.PERSON_RATIO_CV[case.gait]
            parts["ratio_study_cv"] = cast(float, ratio_study_cv(case))
    if (ratio_enters and case.equal not in direction.EQUAL_EFFORT) or "personal_forward_study_cv" in parts:
        parts["ratio_studies"] = known.studies
    _, of_energy, _ = input_spreads(case, move)
    if settled(of_energy != 0) is not False:
        parts["input_cv"] = cast(float, absolute(of_energy))
    return parts


def _variances(case: Case, studies_widened: Number) -> tuple[Number, Number, Number]:
    """Return the variances of a person's forward power, backward power and ratio."""
    forward, ratio, covariance = spreads_of_person(case, studies_widened)
    return forward, sum_variance(forward, ratio, covariance), ratio


def sum_variance(forward: Number, ratio: Number, covariance: Number) -> Number:
    """Return the variance of the sum of two logarithms; rounding never makes it negative."""
    return greater(forward + ratio + 2 * covariance, 0.0)
