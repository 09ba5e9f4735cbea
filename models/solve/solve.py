"""A target and what is fixed, and from them the missing speed, duration, distance or ranges of speed.

`solve` checks what is asked, asks the finder of `find`, and assembles the answer. What a speed costs and what a step
bears is that of `models.estimate.estimate`: a found bout, put back there, has the target's value.
"""

from collections.abc import Mapping
from typing import Any, Final, Unpack, cast

from retrorun.models import __version__
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import references
from retrorun.models.estimate.inputs import energy_model_of, gait_of, grade_of, person_of
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import coefficients_hash
from retrorun.models.solve.answer import Find, Solution, SolveFields, SolveModels
from retrorun.models.solve.finders import ENERGIES, FINDERS, RATES, Question, check_combination, unattainable_in_both
from retrorun.models.solve.load_ranges import INDICATORS, plausible_speeds
from retrorun.models.vocabulary.answer import Assumed
from retrorun.models.vocabulary.choices import EnergyModelName
from retrorun.models.vocabulary.errors import Conflict, Unattainable
from retrorun.models.vocabulary.quantities import INPUTS, check

PERSON: Final = (
    *("gait", "grade", "energy_model", "direction_model", "age_y", "sex", "height_m", "interval"),
    "oxygen_uptake_max_ml_kg_min",
)

FIELDS_USED: Final[dict[Find, tuple[str, ...]]] = {
    "bout": (*PERSON, *ENERGIES, "speed_m_s", "duration_s", "distance_m"),
    "speed": (*PERSON, *RATES),
    "equal_cost_speed": (*PERSON, "speed_m_s", "backward_speed_m_s"),
    "level_speed": (*PERSON, "speed_m_s"),
    "speed_range": ("gait", "grade", "step_rate_ratio", "duration_s", *INDICATORS),
}
"""What each `find` takes beside body mass; anything else is refused, since it would change nothing."""


def solve(*, find: Find, body_mass_kg: float, **asked: Unpack[SolveFields]) -> Solution:
    """Find the bout, the speed or the ranges of speed that meet a target, forward and backward.

    Parameters
    ----------
    find : {"bout", "speed", "equal_cost_speed", "level_speed", "speed_range"}
        What to find, see below.
    body_mass_kg : float
        Body mass of an adult [kg].
    **asked : optional
        The target and what is fixed, by the names and in the units of `QUANTITIES`, and the words and numbers
        that describe the person as in `models.estimate.estimate.estimate`.

    Returns
    -------
    Solution
        What was found. A direction that cannot meet the target has `unattainable` instead.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.vocabulary.quantities`.
    Conflict
        Too little, too much, or something that this `find` does not use.
    Unattainable
        No direction can meet the target; the error carries the nearest value and the bounds.
    Undefined
        The chosen equations have no answer at all, as in `models.estimate.estimate.estimate`.

    Notes
    -----
    bout: one of total and active energy, at a speed (duration in closed form) or for a duration (speed by root). Not
    over a distance: there a faster bout is a shorter one, so that energy hardly depends on the speed and no speed can
    be told from it. speed: one of oxygen uptake, MET and power. equal_cost_speed: a forward speed or a backward one.
    level_speed: a speed and a grade. speed_range: one load indicator, its value being the bound.

    Own maximal oxygen uptake limits nothing here: it adds the share of it and a warning beyond it; how long a share can
    be held is not modelled. Each direction meets the target by itself. The spread of a speed is that of the power over
    its elasticity; of an equal-cost speed, that of the ratio alone. From a grade to the level what both share cancels,
    and there remain the two model parts, taken as independent (choice), and backward what the grade changes in the
    ratio. Ranges of speed
    are those of the value itself, not of the ends of its interval.

    Examples
    --------
    >>> answer = solve(find="bout", body_mass_kg=70.0, total_energy_kcal=300.0, speed_m_s=2.5)
    >>> round(answer["forward"]["duration_s"]["value"]), round(answer["backward"]["duration_s"]["value"])
    (1705, 1311)
    >>> answer = solve(find="speed_range", body_mass_kg=70.0, gait="run", patellofemoral_peak_force_bw=4.0)
    >>> [round(answer[side]["speed_ranges"][0]["high_speed_m_s"], 2) for side in ("forward", "backward")]
    [1.9, 3.14]
    """
    given = {name: value for name, value in asked.items() if value is not None}
    for name in given:
        if name not in FIELDS_USED[find]:
            raise Conflict(name, f"find {find} does not use this: leave it out, or choose another find.")
    assumed: Assumed = {}
    question = question_of(find, body_mass_kg, given, assumed)
    found = FINDERS[find](question)
    missed = {side: each for side, each in found.of.items() if isinstance(each, Unattainable)}
    if len(missed) == len(found.of):
        raise unattainable_in_both(question, missed)
    used = set(FIELDS_USED[find]) | ({"resting_oxygen_uptake_ml_kg_min"} if find != "speed_range" else set())
    answer: dict[str, Any] = {"gait": question.case.gait, "find": find}
    codes = found.warnings
    for side, each in found.of.items():
        if isinstance(each, Unattainable):
            answer[side] = {"unattainable": {"target": each.field, **each.reach}}
            codes = [*codes, cautions.UNATTAINABLE[side]]
        else:
            answer[side] = each
    answer["assumed"] = {name: value for name, value in assumed.items() if name in used}
    answer["warnings"] = [cautions.WARNINGS[code] for code in dict.fromkeys(codes)]
    answer |= sources_of(find, question)
    return cast(Solution, answer)


def question_of(find: Find, body_mass_kg: float, given: Mapping[str, Any], assumed: Assumed) -> Question:
    """Return a request as a question, or raise where it is incomplete or a number is out of its bounds."""
    check_combination(find, given)
    numbers = {name: check(name, value) for name, value in given.items() if name in INPUTS}
    speed, duration = numbers.get("speed_m_s"), numbers.get("duration_s")
    if speed is not None:
        gait = gait_of(given.get("gait"), speed, assumed)
    elif "gait" in given:
        gait = given["gait"]
    else:
        raise Conflict("gait", "Give gait: it can be left out only where speed_m_s is given.")
    grade = grade_of(given.get("grade"), assumed)
    energy_model = energy_model_of(given.get("energy_model"), gait, assumed)
    own = ("direction_model", "age_y", "sex", "height_m", "step_rate_ratio", "interval")
    person = person_of(assumed, body_mass_kg=body_mass_kg, **{name: given.get(name) for name in own})
    bounds = plausible_speeds(gait, duration)
    fixed_speed, fixed_duration = speed or bounds[0], duration or 1.0
    case = Case(
        gait=gait,
        energy_model=energy_model,
        direction_model=person.direction_model,
        body_mass_kg=person.body_mass_kg,
        speed_m_s=fixed_speed,
        duration_s=fixed_duration,
        distance_m=fixed_speed * fixed_duration,
        grade=grade,
        resting_w_kg=person.resting_w_kg,
        step_rate_ratio=person.step_rate_ratio,
        oxygen_uptake_max_ml_kg_min=numbers.get("oxygen_uptake_max_ml_kg_min"),
    )
    return Question(case, person, numbers, bounds)


def sources_of(find: Find, question: Question) -> dict[str, Any]:
    """Return the equations and sources of an answer."""
    case = question.case
    models: SolveModels = {"version": __version__, "hash": coefficients_hash()}
    sections = {"energy"}
    if find == "speed_range":
        sections = {"load", "timing"} if any("impulse" in name for name in question.given) else {"load"}
    else:
        models["energy_model"] = cast(EnergyModelName, case.energy_model)
        models["direction_model"] = case.direction_model
    ids = references(case.gait, "speed", case.energy_model, question.person.own_rest, cast(Any, frozenset(sections)))
    return {"models": models, "references": ids}
