"""Check and complete the inputs of one bout; `assumed` gets the value of each input that was left out."""

from collections.abc import Collection, Sequence
from typing import Final, NamedTuple, cast

from retrorun.models.estimate.personal import Measurement
from retrorun.models.physiology import energy, energy_models, timing, uncertainty
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.vocabulary.answer import Assumed, OwnFactors
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Gait, Sex
from retrorun.models.vocabulary.errors import Conflict, Missing, OutOfRange
from retrorun.models.vocabulary.quantities import INPUTS, WALKING_SPEED_HIGH_M_S, check

BOUT: Final = ("speed_m_s", "duration_s", "distance_m")
"""Two of these describe a bout. The third follows."""

REST: Final = ("age_y", "sex", "height_m")
"""All of these, or none, give the resting power of a person."""


class Person(NamedTuple):
    """The person of a bout, with the direction model and the interval of the answer."""

    body_mass_kg: float
    direction_model: DirectionModelName
    resting_w_kg: float
    own_rest: bool
    """Whether rest was estimated from age, sex and height."""
    step_rate_ratio: float
    interval: float
    measurements: Sequence[Measurement] = ()
    personal: OwnFactors | None = None
    """Personal factors that an estimate returned, in place of measurements."""
    age_y: float | None = None

    @property
    def score(self) -> float:
        """Standard score of the interval."""
        return standard_score(self.interval)


def person_of(
    assumed: Assumed,
    *,
    body_mass_kg: float,
    direction_model: DirectionModelName | None = None,
    age_y: float | None = None,
    sex: Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    measurements: Sequence[Measurement] = (),
    personal: OwnFactors | None = None,
) -> Person:
    """Return the person of a request; see `models.estimate.estimate.estimate` for the parameters."""
    if measurements and personal is not None:
        raise Conflict("personal", "Give measurements or personal, not both.")
    body_mass_kg = check("body_mass_kg", body_mass_kg)
    if direction_model is None:
        direction_model = assumed["direction_model"] = "documented"
    resting_w_kg = resting_power(body_mass_kg, age_y, sex, height_m, assumed)
    if step_rate_ratio is None:
        step_rate_ratio = assumed["step_rate_ratio"] = 1.0
    if interval is None:
        interval = assumed["interval"] = uncertainty.DEFAULT_INTERVAL
    return Person(
        body_mass_kg,
        direction_model,
        resting_w_kg,
        age_y is not None,
        check("step_rate_ratio", step_rate_ratio),
        check("interval", interval),
        measurements,
        personal,
        age_y,
    )


def gait_of(gait: Gait | None, speed_m_s: float, assumed: Assumed) -> Gait:
    """Return the gait of a bout, from its speed when left out; raise if it is too fast to walk."""
    if gait is None:
        gait = assumed["gait"] = timing.inferred_gait(speed_m_s=speed_m_s)
    if gait == "walk" and speed_m_s > WALKING_SPEED_HIGH_M_S:
        raise too_fast_to_walk("speed_m_s")
    return gait


def too_fast_to_walk(field: str) -> OutOfRange:
    """Return the error of a speed that is above the highest walking speed."""
    return OutOfRange(field, f"Walking is answered up to {WALKING_SPEED_HIGH_M_S:g} m/s; set gait to run.")


def grade_of(grade: float | None, assumed: Assumed) -> float:
    """Return the grade of a bout [1], level when left out."""
    if grade is None:
        grade = assumed["grade"] = 0.0
    return check("grade", grade)


def energy_model_of(energy_model: EnergyModelName | None, gait: Gait, assumed: Assumed) -> EnergyModelName:
    """Return the forward energy equation, the default of the gait when left out; raise if it is for the other gait."""
    if energy_model is None:
        energy_model = assumed["energy_model"] = cast(EnergyModelName, energy_models.default_energy_model(gait))
    elif energy_model not in energy_models.ENERGY_MODELS[gait]:
        choices = ", ".join(energy_models.ENERGY_MODELS[gait])
        raise Conflict("energy_model", f"This equation is not for the gait {gait}. Use one of: {choices}.")
    return energy_model


def complete_bout(
    speed_m_s: float | None, duration_s: float | None, distance_m: float | None
) -> tuple[float, float, float, str]:
    """Return speed [m/s], duration [s] and distance [m] from any two of them, and the name of the computed one.

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
        values = zip(BOUT, (speed_m_s, duration_s, distance_m), strict=True)
        raise missing_of_bout([name for name, value in values if value is not None]) or Conflict(
            "", "Give exactly two of speed_m_s, duration_s and distance_m; the third follows. Remove one."
        )
    bout = {"distance_m": distance_m, "duration_s": duration_s, "speed_m_s": speed_m_s}
    bounds = INPUTS[follows]
    if not bounds.low <= bout[follows] <= bounds.high:
        third, *two = (name.partition("_")[0] for name in sorted(bout, key=lambda name: name != follows))
        given = " and ".join(two).capitalize()
        message = f"{given} give a {third} outside {bounds.low:g} to {bounds.high:g}{bounds.suffix}."
        raise OutOfRange(follows, message)
    return float(speed_m_s), float(duration_s), float(distance_m), follows


def missing_of_bout(given: Collection[str]) -> Missing | None:
    """Return the error of a bout that lacks one or two of speed, duration and distance, or None.

    Examples
    --------
    >>> print(missing_of_bout({"speed_m_s"}))
    Give exactly two of speed_m_s, duration_s and distance_m: add duration_s or distance_m.
    """
    lacks = [name for name in BOUT if name not in given]
    if len(lacks) <= 1:
        return None
    what = "; the third follows" if len(lacks) == len(BOUT) else f": add {' or '.join(lacks)}"
    return Missing("", f"Give exactly two of speed_m_s, duration_s and distance_m{what}.")


def missing_of_rest(given: Collection[str]) -> Missing | None:
    """Return the error of a person with some but not all of age, sex and height, or None.

    Examples
    --------
    >>> print(missing_of_rest({"age_y", "height_m"}))
    Give age_y, sex and height_m together, or leave all three out. Add sex.
    """
    lacks = [name for name in REST if name not in given]
    if len(lacks) in {0, len(REST)}:
        return None
    add = " and ".join(lacks)
    return Missing("", f"Give age_y, sex and height_m together, or leave all three out. Add {add}.")


def missing_of_person(given: Collection[str]) -> list[Missing]:
    """Return the errors of what a person lacks: some but not all of age, sex and height."""
    lacks = missing_of_rest(given)
    return [lacks] if lacks else []


def missing_of_estimate(given: Collection[str]) -> list[Missing]:
    """Return the errors of what an estimate lacks, apart from body mass.

    Examples
    --------
    >>> [error.message for error in missing_of_estimate({"speed_m_s", "distance_m"})]
    []
    """
    lacks = missing_of_bout(given)
    return [*([lacks] if lacks else []), *missing_of_person(given)]


def is_bout(gait: Gait, speed_m_s: float, duration_s: float) -> bool:
    """Return whether `estimate` accepts a bout, for each two of its speed, duration and distance."""
    distance = speed_m_s * duration_s
    try:
        for two in ((speed_m_s, duration_s, None), (speed_m_s, None, distance), (None, duration_s, distance)):
            gait_of(gait, complete_bout(*two)[0], {})
    except OutOfRange:
        return False
    return True


def input_cv(field: str, sd: float, value: float) -> float:
    """Return the coefficient of variation of an input's error [1]; raise if it is more than half the input.

    Examples
    --------
    >>> input_cv("speed_sd_m_s", 0.25, 2.5)
    0.1
    """
    cv = check(field, sd) / value
    if cv > uncertainty.MAXIMUM_INPUT_CV:
        share = f"{uncertainty.MAXIMUM_INPUT_CV:.0%}"
        raise OutOfRange(field, f"{field} can be at most {share} of the value it belongs to.")
    return cv


def resting_power(
    body_mass_kg: float,
    age_y: float | None,
    sex: Sex | None,
    height_m: float | None,
    assumed: Assumed,
) -> float:
    """Return resting power [W/kg]: by Mifflin-St Jeor, or 3.5 ml/kg/min, which is then noted in `assumed`."""
    if age_y is None and sex is None and height_m is None:
        assumed["resting_oxygen_uptake_ml_kg_min"] = energy.MET_ML_KG_MIN
        return cast(float, energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=energy.MET_ML_KG_MIN))
    if age_y is None or sex is None or height_m is None:
        values = zip(REST, (age_y, sex, height_m), strict=True)
        raise cast(Missing, missing_of_rest([name for name, value in values if value is not None]))
    power = energy.mifflin1990(
        body_mass_kg=body_mass_kg, height_m=check("height_m", height_m), age_y=check("age_y", age_y), sex=sex
    )
    return cast(float, power)
