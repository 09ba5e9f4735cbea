"""Compute the missing speed, duration, distance or ranges of speed from a target and the fixed values.

`solve` checks the request, calls the finder of `find`, and assembles the answer. Cost and load come from
`models.estimate.estimate`: if you estimate the bout that was found, you get the target's value.
"""

from collections.abc import Mapping
from typing import Any, Final, Unpack, cast

from retrorun.models import __version__
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import references
from retrorun.models.estimate.inputs import complete_bout, energy_model_of, gait_of, grade_of, person_of
from retrorun.models.estimate.personal import outdated, with_own_factor
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.solve.answer import Find, Solution, SolveFields, SolveModels
from retrorun.models.solve.finders import (
    BOUT,
    ENERGIES,
    PROBABLE,
    RATES,
    Question,
    check_combination,
    find_bout,
    find_equal_cost_speed,
    find_level_speed,
    find_rate,
    find_speed_range,
    unattainable_in_both,
)
from retrorun.models.solve.load_ranges import INDICATORS, plausible_speeds
from retrorun.models.solve.probability import find_probability
from retrorun.models.summary.summary import summary
from retrorun.models.vocabulary.answer import Assumed
from retrorun.models.vocabulary.choices import EnergyModelName
from retrorun.models.vocabulary.errors import Conflict, Unattainable
from retrorun.models.vocabulary.quantities import INPUTS, check

PERSON: Final = (
    *("gait", "grade", "energy_model", "direction_model", "age_y", "sex", "height_m", "interval"),
    *("oxygen_uptake_max_ml_kg_min", "measurements", "personal"),
)

FIELDS_USED: Final[dict[Find, tuple[str, ...]]] = {
    "bout": (*PERSON, *ENERGIES, "speed_m_s", "duration_s", "distance_m"),
    "speed": (*PERSON, *RATES),
    "equal_cost_speed": (*PERSON, "speed_m_s", "backward_speed_m_s"),
    "level_speed": (*PERSON, "speed_m_s"),
    "speed_range": ("gait", "grade", "step_rate_ratio", "duration_s", *INDICATORS),
    "probability": (*PERSON, *BOUT, "step_rate_ratio", *PROBABLE),
}
"""The fields that each `find` uses, in addition to body mass. Others are refused, since they would change nothing."""

OF_ENERGY: Final = frozenset(PERSON) - {"gait", "grade", "interval"}
"""Fields that change no load."""

FINDERS: Final = {
    "bout": find_bout,
    "speed": find_rate,
    "equal_cost_speed": find_equal_cost_speed,
    "level_speed": find_level_speed,
    "speed_range": find_speed_range,
    "probability": find_probability,
}


def solve(*, find: Find, body_mass_kg: float, **asked: Unpack[SolveFields]) -> Solution:
    """Find the bout, the speed or the ranges of speed that meet a target, forward and backward.

    Parameters
    ----------
    find : {"bout", "speed", "equal_cost_speed", "level_speed", "speed_range", "probability"}
        The quantity to find; see Notes.
    body_mass_kg : float
        Body mass of an adult [kg].
    **asked : optional
        The target and the fixed values, with the names and units of `QUANTITIES`, and the inputs that describe the
        person, as in `models.estimate.estimate.estimate`.

    Returns
    -------
    Solution
        The result. A direction that cannot meet the target has `unattainable` instead.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.vocabulary.quantities`.
    Conflict
        A missing field, one too much, or a field that this `find` does not use.
    Unattainable
        No direction can meet the target. The error has the nearest value and the bounds.
    Undefined
        The chosen equations have no answer, as in `models.estimate.estimate.estimate`.

    Notes
    -----
    bout: needs total or active energy, and a speed (duration in closed form) or a duration (speed by root). A distance
    is refused: a faster bout is then shorter, so energy hardly depends on speed. speed: needs oxygen uptake, MET or
    power. equal_cost_speed: needs a forward or a backward speed. level_speed: needs a speed and a grade. speed_range:
    needs one load indicator, whose value is the bound. probability: needs two of speed, duration and distance, and one
    energy, energy per kilometre, rate or load indicator, whose value is compared with the estimate of the bout.

    The person's maximal oxygen uptake does not limit the answer. It adds the share of the maximum, and a warning above
    it. How long a person can hold a share is not modelled. Each direction meets the target separately.

    The spread of a speed is the spread of the power divided by its elasticity. For an equal-cost speed it is the spread
    of the ratio only. Between a grade and the level, shared errors cancel. What remains is in `level_speed.py`. Ranges
    of speed use the value, not the ends of its interval. A probability is from the distribution that gives the
    interval: at the ends of the interval it is the share of people beyond them. Outside the widest one it is unknown.

    Examples
    --------
    >>> answer = solve(find="bout", body_mass_kg=70.0, total_energy_kcal=300.0, speed_m_s=2.5)
    >>> round(answer["forward"]["duration_s"]["value"]), round(answer["backward"]["duration_s"]["value"])
    (1705, 1311)
    >>> answer = solve(find="speed_range", body_mass_kg=70.0, gait="run", patellofemoral_peak_force_bw=4.0)
    >>> [round(answer[side]["speed_ranges"][0]["high_speed_m_s"], 2) for side in ("forward", "backward")]
    [1.9, 3.14]
    >>> bout = {"speed_m_s": 2.5, "duration_s": 1200.0}
    >>> answer = solve(find="probability", body_mass_kg=70.0, total_energy_kcal=254.0, **bout)
    >>> [round(answer[side]["probability"]["more_than"], 2) for side in ("forward", "backward")]
    [0.05, 0.66]
    """
    given = {name: value for name, value in asked.items() if value is not None}
    used = fields_used(find, given)
    for name in given:
        if name not in used:
            raise Conflict(name, f"find {find} does not use this field. Remove it, or choose another find.")
    assumed: Assumed = {}
    question = question_of(find, body_mass_kg, given, assumed)
    found = FINDERS[find](question)
    missed = {side: each for side, each in found.of.items() if isinstance(each, Unattainable)}
    if len(missed) == len(found.of):
        raise unattainable_in_both(question, missed)
    answer: dict[str, Any] = {"gait": question.case.gait, "find": find}
    codes = [*found.warnings, *[cautions.PERSONAL_OUTDATED] * outdated(question.person.personal, question.case.gait)]
    for side, each in found.of.items():
        if isinstance(each, Unattainable):
            answer[side] = {"unattainable": {"target": each.field, **each.reach}}
            codes = [*codes, cautions.UNATTAINABLE[side]]
        else:
            answer[side] = each
    answer["assumed"] = {name: value for name, value in assumed.items() if name in used}
    answer["warnings"] = cautions.warnings_of(codes)
    answer |= sources_of(find, question)
    answer = {"summary": summary("solve", answer), **answer}
    return cast(Solution, answer)


def fields_used(find: Find, given: Mapping[str, Any]) -> set[str]:
    """Return the fields that a question uses, and the resting uptake that it may assume."""
    used = set(FIELDS_USED[find])
    if of_load(given):
        return used - OF_ENERGY
    return (used - {"step_rate_ratio"}) | {"resting_oxygen_uptake_ml_kg_min"}


def of_load(given: Mapping[str, Any]) -> bool:
    """Return whether the target is a load, which depends on no energy equation."""
    return not given.keys().isdisjoint(INDICATORS)


def question_of(find: Find, body_mass_kg: float, given: Mapping[str, Any], assumed: Assumed) -> Question:
    """Return the checked request, or raise if it is incomplete or a number is out of bounds."""
    check_combination(find, given)
    numbers = {name: check(name, value) for name, value in given.items() if name in INPUTS}
    speed, duration, distance = (numbers.get(name) for name in BOUT)
    if find == "probability":
        speed, duration, distance, _ = complete_bout(speed, duration, distance)
    gait = given["gait"] if speed is None else gait_of(given.get("gait"), speed, assumed)
    grade = grade_of(given.get("grade"), assumed)
    energy_model = energy_model_of(given.get("energy_model"), gait, assumed)
    own = ("direction_model", "age_y", "sex", "height_m", "step_rate_ratio", "interval")
    person = person_of(
        assumed,
        body_mass_kg=body_mass_kg,
        measurements=given.get("measurements", ()),
        personal=given.get("personal"),
        **{name: given.get(name) for name in own},
    )
    bounds = plausible_speeds(gait, duration)
    fixed_speed, fixed_duration = speed or bounds[0], duration or 1.0
    case = Case(
        gait=gait,
        energy_model=energy_model,
        direction_model=person.direction_model,
        body_mass_kg=person.body_mass_kg,
        speed_m_s=fixed_speed,
        duration_s=fixed_duration,
        distance_m=fixed_speed * fixed_duration if distance is None else distance,
        grade=grade,
        resting_w_kg=person.resting_w_kg,
        step_rate_ratio=person.step_rate_ratio,
        oxygen_uptake_max_ml_kg_min=numbers.get("oxygen_uptake_max_ml_kg_min"),
        age_y=person.age_y,
    )
    return Question(with_own_factor(case, person.measurements, person.personal), person, numbers, bounds)


def sources_of(find: Find, question: Question) -> dict[str, Any]:
    """Return the equations and references of an answer."""
    case = question.case
    models: SolveModels = {"version": __version__, "hash": models_hash()}
    sections = {"energy"}
    if of_load(question.given):
        sections = {"load", "timing"} if any("impulse" in name for name in question.given) else {"load"}
    else:
        models["energy_model"] = cast(EnergyModelName, case.energy_model)
        models["direction_model"] = case.direction_model
    ids = references(case.gait, "speed", case.energy_model, question.person.own_rest, cast(Any, frozenset(sections)))
    return {"models": models, "references": [*ids]}
