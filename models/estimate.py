"""One bout, forward and backward: the function behind the service.

`estimate` checks and completes the caller's input and assembles the answer; `models.sections` computes it.
"""

from collections.abc import Collection, Sequence
from functools import cache
from typing import cast

from models import __version__, cautions, direction, energy, energy_models, load, uncertainty
from models import gait as gait_names
from models.answer import SECTIONS, Assumed, Bout, Estimate, Ratio, Section
from models.catalogue import coefficients_hash
from models.errors import Conflict, OutOfRange, OutsideEvidence
from models.movement import Case, Movement, motion_section, movement
from models.personal import Measurement, parts_of_spread, personal_factors, personal_of
from models.quantities import WALKING_SPEED_HIGH_M_S, check
from models.sections import (
    energy_section,
    energy_warnings,
    load_section,
    running_steps,
    running_timing_section,
    walking_timing_section,
)
from models.sheet import Sheet
from models.uncertainty import Gait, standard_score


def estimate(
    *,
    body_mass_kg: float,
    speed_m_s: float | None = None,
    duration_s: float | None = None,
    distance_m: float | None = None,
    gait: Gait | None = None,
    grade: float | None = None,
    equal: direction.Equal | None = None,
    energy_model: energy.EnergyModelName | None = None,
    direction_model: direction.DirectionModelName | None = None,
    age_y: float | None = None,
    sex: energy.Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    speed_sd_m_s: float = 0.0,
    body_mass_sd_kg: float = 0.0,
    oxygen_uptake_max_ml_kg_min: float | None = None,
    measurements: Sequence[Measurement] = (),
    strict: bool = False,
    include: Collection[Section] = SECTIONS,
) -> Estimate:
    """Estimate what a bout costs forward and backward, and what it asks of the joints.

    Parameters
    ----------
    body_mass_kg : float
        Body mass of an adult [kg].
    speed_m_s, duration_s, distance_m : float, optional
        Exactly two of speed [m/s], duration [s] and distance [m]; they describe the forward bout.
    gait : {"run", "walk"}, optional
        Gait of both directions; running from 2.0 m/s when left out.
    grade : float, optional
        Rise over run, 0 when left out [1].
    equal : {"speed", "metabolic_rate", "heart_rate"}, optional
        What equal intensity holds equal, speed when left out; duration is held in all.
    energy_model : str, optional
        Forward energy equation, the default of the gait when left out.
    direction_model : {"documented", "pooled"}, optional
        Source of the running ratio.
    age_y, sex, height_m : optional
        All or none: age [a], sex and height [m] for resting energy; 3.5 ml/kg/min when left out.
    step_rate_ratio : float, optional
        Own step rate over the preferred one, 1 when left out [1].
    interval : float, optional
        Probability inside each interval, 0.90 when left out [1].
    speed_sd_m_s, body_mass_sd_kg : float, optional
        Standard deviations of the errors of speed [m/s] and body mass [kg]; 0 when left out.
    oxygen_uptake_max_ml_kg_min : float, optional
        Own maximal oxygen uptake [ml/kg/min]; adds the share of it.
    measurements : sequence of Measurement, optional
        Own measurements in the gait of the bout; the answer then uses a personal factor.
    strict : bool, optional
        Raise instead of warning where an energy estimate would leave its data.
    include : collection of str, optional
        Sections to compute, all when left out.

    Returns
    -------
    Estimate
        The answer, see `models.answer`.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.quantities`.
    Conflict
        Not exactly two of speed, duration and distance; part of age, sex and height; an equation of the
        other gait.
    Undefined
        No backward speed at equal metabolic rate, or a total that cannot be told from rest.
    OutsideEvidence
        With `strict`, an energy estimate outside its data.

    Examples
    --------
    >>> answer = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0)
    >>> round(answer["forward"]["total_energy_kcal"]["value"], 1)
    211.2
    >>> round(answer["backward"]["total_energy_kcal"]["value"], 1)
    274.5
    """
    body_mass_kg = check("body_mass_kg", body_mass_kg)
    speed_m_s, duration_s, distance_m, follows = complete_bout(speed_m_s, duration_s, distance_m)

    assumed: Assumed = {}
    if gait is None:
        gait = assumed["gait"] = gait_names.inferred_gait(speed_m_s=speed_m_s)
    if gait == "walk" and speed_m_s > WALKING_SPEED_HIGH_M_S:
        raise OutOfRange("speed_m_s", f"Walking is answered up to {WALKING_SPEED_HIGH_M_S:g} m/s; set gait to run.")
    if grade is None:
        grade = assumed["grade"] = 0.0
    if equal is None:
        equal = assumed["equal"] = "speed"
    if energy_model is None:
        energy_model = assumed["energy_model"] = cast(energy.EnergyModelName, energy_models.default_energy_model(gait))
    elif energy_model not in energy_models.ENERGY_MODELS[gait]:
        choices = ", ".join(energy_models.ENERGY_MODELS[gait])
        raise Conflict("energy_model", f"This equation is not for the gait {gait}; use one of: {choices}.")
    if direction_model is None:
        direction_model = assumed["direction_model"] = "documented"
    resting_w_kg = resting_power(body_mass_kg, age_y, sex, height_m, assumed)
    if step_rate_ratio is None:
        step_rate_ratio = assumed["step_rate_ratio"] = 1.0
    if interval is None:
        interval = assumed["interval"] = uncertainty.DEFAULT_INTERVAL
    grade = check("grade", grade)
    step_rate_ratio = check("step_rate_ratio", step_rate_ratio)
    interval = check("interval", interval)

    case = Case(
        gait,
        equal,
        energy_model,
        direction_model,
        body_mass_kg,
        speed_m_s,
        duration_s,
        distance_m,
        grade,
        resting_w_kg,
        step_rate_ratio,
        follows,
        input_cv("speed_sd_m_s", speed_sd_m_s, speed_m_s),
        input_cv("body_mass_sd_kg", body_mass_sd_kg, body_mass_kg),
        None
        if oxygen_uptake_max_ml_kg_min is None
        else check("oxygen_uptake_max_ml_kg_min", oxygen_uptake_max_ml_kg_min),
    )
    if measurements:
        case = case._replace(personal=personal_of(case, measurements))
    sheet, move = compute(case, score=standard_score(interval), include=include)
    own_rest = age_y is not None
    if not own_rest and "energy" in include:
        sheet.warn(cautions.REST_ASSUMED)
    warnings = [cautions.WARNINGS[code] for code, _ in sheet.warnings]
    if strict:
        refuse_extrapolation(warnings)

    answer: Estimate = {
        "gait": gait,
        "forward": cast(Bout, sheet.forward),
        "backward": cast(Bout, sheet.backward),
        "assumed": assumed,
        "warnings": warnings,
        "models": {
            "version": __version__,
            "hash": coefficients_hash(),
            "energy_model": energy_model,
            "direction_model": direction_model,
        },
    }
    if case.personal:
        answer["personal"] = personal_factors(case.personal, sheet.score)
    if "energy" in include:
        answer["spread"] = parts_of_spread(case, move)
    if "ratio" in include:
        answer["ratio"] = cast(Ratio, sheet.ratio)
    if "references" in include:
        answer["references"] = references(gait, equal, energy_model, own_rest, frozenset(include))
    return answer


def compute(case: Case, *, score: float, include: Collection[Section]) -> tuple[Sheet, Movement]:
    """Write the asked sections of a complete case, floats or columns, and return them with the movement."""
    sheet = Sheet(gait=case.gait, score=score)
    move = movement(case, sheet)
    motion_section(case, move, sheet)
    if "energy" in include:
        energy_section(case, move, sheet)
    if "energy" in include or case.equal == "metabolic_rate":
        # A solved speed is an energy estimate too, and whatever else is asked rests on it.
        energy_warnings(case, move, sheet)
    steps = running_steps(case, move) if case.gait == "run" else None
    if "timing" in include:
        if steps is None:
            walking_timing_section(case, sheet)
        else:
            running_timing_section(case, move, steps, sheet)
    if "load" in include:
        load_section(case, move, steps, sheet)
    if case.equal == "heart_rate":
        sheet.warn(cautions.HEART_RATE_ABSENT)
    sheet.warn(cautions.NOVICE)
    sheet.warn(cautions.FALL)
    return sheet, move


def complete_bout(
    speed_m_s: float | None, duration_s: float | None, distance_m: float | None
) -> tuple[float, float, float, str]:
    """Return speed [m/s], duration [s] and distance [m] from any two of them, and which one follows.

    Examples
    --------
    >>> complete_bout(2.5, 1200.0, None)
    (2.5, 1200.0, 3000.0, 'distance_m')
    """
    if speed_m_s is None and duration_s is not None and distance_m is not None:
        speed_m_s = check("distance_m", distance_m) / check("duration_s", duration_s)
        follows = "speed_m_s"
    elif duration_s is None and speed_m_s is not None and distance_m is not None:
        duration_s = check("distance_m", distance_m) / check("speed_m_s", speed_m_s)
        follows = "duration_s"
    elif distance_m is None and speed_m_s is not None and duration_s is not None:
        distance_m = check("speed_m_s", speed_m_s) * check("duration_s", duration_s)
        follows = "distance_m"
    else:
        raise Conflict("", "Give exactly two of speed_m_s, duration_s and distance_m; the third follows.")
    bout = {"speed_m_s": speed_m_s, "duration_s": duration_s, "distance_m": distance_m}
    try:
        check(follows, bout[follows])
    except OutOfRange as error:
        raise OutOfRange(follows, f"It follows from the other two, and {error.message}") from None
    return float(speed_m_s), float(duration_s), float(distance_m), follows


def input_cv(field: str, sd: float, value: float) -> float:
    """Return the coefficient of variation of an input's error [1], or raise where it is beyond half the input.

    Examples
    --------
    >>> input_cv("speed_sd_m_s", 0.25, 2.5)
    0.1
    """
    cv = check(field, sd) / value
    if cv > uncertainty.MAXIMUM_INPUT_CV:
        share = f"{uncertainty.MAXIMUM_INPUT_CV:.0%}"
        raise OutOfRange(field, f"{field} is answered up to {share} of what it belongs to.")
    return cv


def resting_power(
    body_mass_kg: float,
    age_y: float | None,
    sex: energy.Sex | None,
    height_m: float | None,
    assumed: Assumed,
) -> float:
    """Return resting power [W/kg]: Mifflin-St Jeor, or 3.5 ml/kg/min, noted as assumed."""
    if age_y is None and sex is None and height_m is None:
        assumed["resting_oxygen_uptake_ml_kg_min"] = energy.MET_ML_KG_MIN
        return cast(float, energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=energy.MET_ML_KG_MIN))
    if age_y is None or sex is None or height_m is None:
        raise Conflict("", "Give age_y, sex and height_m together, or none of them.")
    power = energy.mifflin1990(
        body_mass_kg=body_mass_kg, height_m=check("height_m", height_m), age_y=check("age_y", age_y), sex=sex
    )
    return cast(float, power)


def refuse_extrapolation(warnings: list[cautions.Warning]) -> None:
    """Raise for the first warning that an energy estimate leaves its data; load and timing never raise."""
    for warning in warnings:
        if warning["code"].startswith("energy."):
            raise OutsideEvidence("", f"{warning['message']} Change the bout, or leave strict out.", warning["code"])


@cache
def references(
    gait: Gait, equal: direction.Equal, energy_model: str, own_rest: bool, include: frozenset[Section]
) -> list[str]:
    """Return the ids of the sources of the numbers in an answer of this kind."""
    ids: list[str] = []
    if "energy" in include:
        ids += [energy_model, "peronnet1991"] + ["mifflin1990"] * own_rest
        ids += direction.DIRECTION_REFERENCES["heart_rate" if equal == "heart_rate" else gait]
    if "timing" in include:
        ids += gait_names.TIMING_REFERENCES[gait]
    if "load" in include:
        ids += load.LOAD_REFERENCES[gait]
    return list(dict.fromkeys(ids))
