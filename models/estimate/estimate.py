"""Estimate one bout, forward and backward.

`estimate` checks and completes the caller's input and builds the answer; the section modules compute the values.
"""

import re
from collections.abc import Collection, Sequence
from functools import cache
from typing import Final, cast

from retrorun.models import __version__
from retrorun.models.estimate.builder import AnswerBuilder
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.energy_section import energy_section, energy_warnings
from retrorun.models.estimate.equal_intensity import Movement, motion_section, movement
from retrorun.models.estimate.inputs import complete_bout, energy_model_of, gait_of, grade_of, input_cv, person_of
from retrorun.models.estimate.load_section import load_section
from retrorun.models.estimate.personal import (
    Measurement,
    outdated,
    parts_of_spread,
    personal_factors,
    with_own_factor,
)
from retrorun.models.estimate.timing_section import running_steps, running_timing_section, walking_timing_section
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.numerics.arithmetic import negate, settled
from retrorun.models.physiology import direction, load, timing
from retrorun.models.summary.summary import summary
from retrorun.models.vocabulary.answer import Assumed, Bout, Estimate, ForwardBout, OwnFactors, Ratio
from retrorun.models.vocabulary.choices import SECTIONS, DirectionModelName, EnergyModelName, Equal, Gait, Section, Sex
from retrorun.models.vocabulary.errors import Conflict, OutsideEvidence
from retrorun.models.vocabulary.quantities import check


def estimate(
    *,
    body_mass_kg: float,
    speed_m_s: float | None = None,
    duration_s: float | None = None,
    distance_m: float | None = None,
    gait: Gait | None = None,
    grade: float | None = None,
    equal: Equal | None = None,
    energy_model: EnergyModelName | None = None,
    direction_model: DirectionModelName | None = None,
    age_y: float | None = None,
    sex: Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    speed_sd_m_s: float = 0.0,
    body_mass_sd_kg: float = 0.0,
    oxygen_uptake_max_ml_kg_min: float | None = None,
    measurements: Sequence[Measurement] = (),
    personal: OwnFactors | None = None,
    weight_support: float = 0.0,
    overground: bool = False,
    strict: bool = False,
    include: Collection[Section] = SECTIONS,
) -> Estimate:
    """Estimate the energy and joint loads of a bout, forward and backward.

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
    equal : {"speed", "metabolic_rate", "heart_rate", "perceived_exertion"}, optional
        What is the same in both directions; speed when left out. Duration is always the same.
    energy_model : str, optional
        Forward energy equation, the default of the gait when left out.
    direction_model : {"documented", "pooled"}, optional
        Source of the running ratio.
    age_y, sex, height_m : optional
        All or none: age [a], sex and height [m] for resting energy; 3.5 ml/kg/min when left out.
    step_rate_ratio : float, optional
        Own step rate over the preferred step rate, 1 when left out [1].
    interval : float, optional
        Probability inside each interval, 0.90 when left out [1].
    speed_sd_m_s, body_mass_sd_kg : float, optional
        Standard deviations of the errors of speed [m/s] and body mass [kg]; 0 when left out.
    oxygen_uptake_max_ml_kg_min : float, optional
        Own maximal oxygen uptake [ml/kg/min]; adds `share_of_maximum`.
    measurements : sequence of Measurement, optional
        Own measurements in the gait of the bout; the answer then uses a personal factor.
    personal : OwnFactors, optional
        `personal` of an earlier answer, in place of the measurements that it was made from.
    weight_support : float, optional
        Share of body mass that a treadmill carries, running only and not at equal heart rate or perceived exertion; 0
        when left out [1].
    overground : bool, optional
        Whether to add air drag; no when left out.
    strict : bool, optional
        Raise instead of warning if an energy estimate is outside its data.
    include : collection of str, optional
        Sections to compute, all when left out.

    Returns
    -------
    Estimate
        The answer, see `models.vocabulary.answer`.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.vocabulary.quantities`.
    Conflict
        Not exactly two of speed, duration and distance; part of age, sex and height; an equation of the
        other gait; weight support of a walk; a personal factor of another gait or of other equations.
    Undefined
        No backward speed at equal metabolic rate, or a total too close to resting energy.
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
    speed_m_s, duration_s, distance_m, follows = complete_bout(speed_m_s, duration_s, distance_m)

    assumed: Assumed = {}
    gait = gait_of(gait, speed_m_s, assumed)
    grade = grade_of(grade, assumed)
    if equal is None:
        equal = assumed["equal"] = "speed"
    energy_model = energy_model_of(energy_model, gait, assumed)
    person = person_of(
        assumed,
        body_mass_kg=body_mass_kg,
        direction_model=direction_model,
        age_y=age_y,
        sex=sex,
        height_m=height_m,
        step_rate_ratio=step_rate_ratio,
        interval=interval,
        measurements=measurements,
        personal=personal,
    )

    case = Case(
        gait=gait,
        equal=equal,
        energy_model=energy_model,
        direction_model=person.direction_model,
        body_mass_kg=person.body_mass_kg,
        speed_m_s=speed_m_s,
        duration_s=duration_s,
        distance_m=distance_m,
        grade=grade,
        resting_w_kg=person.resting_w_kg,
        step_rate_ratio=person.step_rate_ratio,
        follows=follows,
        speed_cv=input_cv("speed_sd_m_s", speed_sd_m_s, speed_m_s),
        body_mass_cv=input_cv("body_mass_sd_kg", body_mass_sd_kg, person.body_mass_kg),
        oxygen_uptake_max_ml_kg_min=None
        if oxygen_uptake_max_ml_kg_min is None
        else check("oxygen_uptake_max_ml_kg_min", oxygen_uptake_max_ml_kg_min),
        age_y=age_y,
        weight_support=check("weight_support", weight_support),
        overground=overground,
    )
    if weight_support and gait == "walk":
        raise Conflict(
            "weight_support", "Weight support is only available for running. Leave it out, or set gait to run."
        )
    if weight_support and equal in direction.EQUAL_EFFORT:
        raise Conflict(
            "weight_support",
            "Weight support is only available at equal speed or metabolic_rate. Leave it out, or choose one of them.",
        )
    if measurements or personal is not None:
        case = with_own_factor(case, measurements, personal)
    builder, move = compute(case, score=person.score, include=include, derived="derived" in include)
    if not person.own_rest and "energy" in include:
        builder.warn(cautions.REST_ASSUMED)
    builder.warn(cautions.PERSONAL_OUTDATED, outdated(personal, gait))
    codes = [code for code, _ in builder.warnings]
    if strict:
        refuse_extrapolation(codes)

    answer: Estimate = {
        "gait": gait,
        "forward": cast(ForwardBout, builder.forward),
        "backward": cast(Bout, builder.backward),
        "assumed": assumed,
        "warnings": cautions.warnings_of(codes),
        "models": {
            "version": __version__,
            "hash": models_hash(),
            "energy_model": energy_model,
            "direction_model": person.direction_model,
        },
    }
    if case.personal:
        answer["personal"] = personal_factors(case, case.personal, person.score, personal)
    if "spread" in include and "energy" in include:
        answer["spread"] = parts_of_spread(case, move, person.score)
    if builder.ratio and "ratio" in include:
        answer["ratio"] = cast(Ratio, builder.ratio)
    if "references" in include:
        ids = references(gait, equal, energy_model, person.own_rest, frozenset(include))
        answer["references"] = [*ids, *["teunissen2007"] * bool(weight_support)]
    if "summary" in include:
        return {"summary": summary("estimate", answer, equal=equal, include=include), **answer}
    return answer


def compute(
    case: Case, *, score: float, include: Collection[Section], derived: bool = True
) -> tuple[AnswerBuilder, Movement]:
    """Return a builder with the wanted sections of a complete case, of floats or columns, and the movement."""
    builder = AnswerBuilder(gait=case.gait, score=score, derived=derived)
    return builder, fill(case, builder, include)


def fill(case: Case, builder: AnswerBuilder, include: Collection[Section]) -> Movement:
    """Write the wanted sections of a complete case to a builder, and return the movement."""
    move = movement(case, builder)
    motion_section(case, move, builder)
    if "energy" in include:
        energy_section(case, move, builder)
    if "energy" in include or case.equal == "metabolic_rate":
        # A solved speed is an energy estimate too, and all other sections use it.
        energy_warnings(case, move, builder)
    stepping = case.gait == "run" and ("timing" in include or "load" in include)
    steps = running_steps(case, move) if stepping else None
    if "timing" in include:
        if steps is None:
            walking_timing_section(case, builder)
        else:
            running_timing_section(case, move, steps, builder)
    if "load" in include:
        load_section(case, move, steps, builder)
        if "energy" not in include and case.equal == "speed":
            beyond = case.speed_m_s > direction.BACKWARD_MEASURED_TO_M_S
            builder.warn_of_load(cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT, negate(case.on_grade) & beyond)
    if case.equal in direction.EQUAL_EFFORT:
        builder.warn(cautions.EQUAL_EFFORT_ABSENT[case.equal])
    builder.warn(cautions.NOVICE)
    builder.warn(cautions.FALL)
    if case.age_y is not None and move.speed_m_s is not None:
        above = move.speed_m_s > sum(timing.OLDER_BACKWARD_WALK_M_S)
        builder.warn(cautions.OLDER_BACKWARD_SPEED, settled((case.age_y >= timing.OLDER_FROM_Y) & above))
    return move


def refuse_extrapolation(codes: Sequence[str]) -> None:
    """Raise for the first warning of an energy estimate outside its data; load and timing never raise."""
    for code in codes:
        if code.startswith("energy."):
            # The sources in parentheses are for the warning of an answer.
            message = re.sub(r" \([^()]*\)", "", cautions.WARNINGS[code]["message"])
            raise OutsideEvidence("", f"{message} Change the bout, or leave strict out.", code)


@cache
def references(
    gait: Gait, equal: Equal, energy_model: str, own_rest: bool, include: frozenset[Section]
) -> tuple[str, ...]:
    """Return the ids of the sources of the numbers in an answer of this kind."""
    ids: list[str] = []
    if "energy" in include:
        ids += [energy_model, "peronnet1991"] + ["mifflin1990"] * own_rest
        ids += direction.DIRECTION_REFERENCES[equal if equal in direction.EQUAL_EFFORT else gait]
    if "timing" in include:
        ids += timing.TIMING_REFERENCES[gait]
    if "load" in include:
        ids += load.LOAD_REFERENCES[gait]
    return tuple(dict.fromkeys(ids))


CHECK_SPEED_M_S: Final = 3.0
CHECK_POWER_W_KG: Final = 12.29
"""looney2025 at 3 m/s on level ground: the check value printed with its coefficients (secondary)."""
CHECK_RATIO: Final = 1.30
CHECK_DECIMALS: Final = 2


def known_estimate_holds() -> bool:
    """Return whether the models reproduce the published check value and the documented ratio.

    Examples
    --------
    >>> known_estimate_holds()
    True
    """
    answer = estimate(body_mass_kg=70.0, speed_m_s=CHECK_SPEED_M_S, duration_s=600.0, gait="run")
    power = answer["forward"]["metabolic_power_w_kg"]["value"]
    ratio = answer["ratio"]["total_energy"]["value"]
    return (round(power, CHECK_DECIMALS), round(ratio, CHECK_DECIMALS)) == (CHECK_POWER_W_KG, CHECK_RATIO)
