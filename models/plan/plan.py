"""Plan the most energy in a given time within limits of load, or the lowest load for a given energy.

`plan` checks and completes the input and assembles the answer; `models.plan.best_mix` finds the best mix.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from typing import Any, Final, cast, get_args

from retrorun.models import __version__
from retrorun.models.estimate.builder import Values
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import references
from retrorun.models.estimate.inputs import (
    energy_model_of,
    grade_of,
    missing_of_person,
    person_of,
    too_fast_to_walk,
)
from retrorun.models.estimate.personal import Measurement, outdated, with_own_factor
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.numerics.roots import MOST_ROUNDING
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.plan.answer import (
    DURATION,
    ENERGY,
    MAXIMUM,
    UPTAKE,
    Experience,
    Goal,
    Limits,
    LoadName,
    Place,
    Plan,
)
from retrorun.models.plan.best_mix import best_mix
from retrorun.models.plan.candidates import FASTEST, Limit, Task, candidates_of
from retrorun.models.plan.refusal import refusal
from retrorun.models.plan.session import option_of, weeks_of_plan
from retrorun.models.plan.stretches import LONGEST_BACKWARD_S, RECOVERY_PER_BACKWARD, SESSION_BACKWARD_S, Stretches
from retrorun.models.summary.summary import summary
from retrorun.models.vocabulary.answer import Assumed, OwnFactors, Warning
from retrorun.models.vocabulary.choices import IMPULSE, DirectionModelName, EnergyModelName, Gait, Sex
from retrorun.models.vocabulary.errors import Conflict, Missing
from retrorun.models.vocabulary.quantities import INPUTS, PLAUSIBLE_UPTAKE_ML_KG_MIN, WALKING_SPEED_HIGH_M_S, check

CENTRAL: Final = 0.5
"""Confidence with which limits are held if the request has none: that of the central estimate (choice)."""

GOALS: Final[dict[Goal, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "most_energy": (("duration_s",), (ENERGY, "indicator")),
    "most_backward": (("duration_s",), (ENERGY, "indicator")),
    "least_load": ((ENERGY, "indicator"), ()),
}
"""The fields that each goal needs, and those that it does not use."""

LOADS: Final = ", ".join(get_args(LoadName))
"""The words of `indicator`."""


def plan(
    *,
    body_mass_kg: float,
    goal: Goal,
    duration_s: float | None = None,
    active_energy_kcal: float | None = None,
    indicator: LoadName | None = None,
    limits: Limits | None = None,
    confidence: float | None = None,
    gait: Gait | None = None,
    grade: float | None = None,
    energy_model: EnergyModelName | None = None,
    direction_model: DirectionModelName | None = None,
    age_y: float | None = None,
    sex: Sex | None = None,
    height_m: float | None = None,
    step_rate_ratio: float | None = None,
    interval: float | None = None,
    measurements: Sequence[Measurement] = (),
    personal: OwnFactors | None = None,
    speed_low_m_s: float | None = None,
    speed_high_m_s: float | None = None,
    backward_speed_high_m_s: float | None = None,
    oxygen_uptake_max_ml_kg_min: float | None = None,
    longest_backward_s: float | None = None,
    recovery_s: float | None = None,
    experience: Experience | None = None,
    fixed_speeds: bool = False,
    place: Place | None = None,
) -> Plan:
    """Plan bouts forward and backward that use the most energy, or load a joint the least.

    Parameters
    ----------
    body_mass_kg : float
        Body mass of an adult [kg].
    goal : {"most_energy", "least_load", "most_backward"}
        Most active energy in `duration_s`, the lowest `indicator` for `active_energy_kcal`, or the most time backward
        in `duration_s`, and then the most active energy.
    duration_s : float, optional
        Time available, rest included; required for the most energy and the most time backward [s].
    active_energy_kcal : float, optional
        Energy above rest to reach, for the lowest load [kcal].
    indicator : str, optional
        Load to minimise: a peak, or the impulse summed over all bouts.
    limits : Limits, optional
        Highest values that may be reached.
    confidence : float, optional
        Probability with which one person stays within each limit, 0.5 when left out: the central estimate [1].
    gait : {"run", "walk"}, optional
        Gait of every bout, running when left out.
    grade, energy_model, direction_model, age_y, sex, height_m, step_rate_ratio, interval, measurements, personal
        Optional, as in `models.estimate.estimate.estimate`.
    speed_low_m_s, speed_high_m_s, backward_speed_high_m_s : float, optional
        The person's slowest speed, fastest speed, and fastest speed backward [m/s].
    oxygen_uptake_max_ml_kg_min : float, optional
        The person's maximal oxygen uptake, above which no speed is allowed [ml/kg/min].
    longest_backward_s : float, optional
        Longest stretch backward without a break, a minute when left out [s].
    recovery_s : float, optional
        Time forward or at rest after each stretch, as long as the longest stretch when left out [s].
    experience : {"never", "weeks", "months"}, optional
        For how long the person has gone backward. It limits the time backward and adds `weeks`.
    fixed_speeds : bool, optional
        Whether every bout is at the person's fastest speed, studied or not, so that no slower one is used.
    place : {"treadmill", "track", "path"}, optional
        Where the session takes place. It adds practical advice.

    Returns
    -------
    Plan
        The plan, and the best plan with only one direction if there is one.

    Raises
    ------
    OutOfRange
        A number outside the bounds of `models.vocabulary.quantities`.
    Conflict
        A missing field that the goal needs, or a field that it does not use.
    Undefined
        A limited load that is unknown for the gait and grade.
    Unattainable
        Limits that exclude every speed, or an energy that cannot be reached within them.

    Notes
    -----
    Time backward is cut into equal stretches, each followed by the recovery, so a plan may need three speeds: two in
    one direction and one in the other. No stretch is longer than `longest_backward_s`.

    Speeds are those at which every estimate of the plan was studied, or with `fixed_speeds` those of the person, at a
    plausible oxygen uptake that does not exceed the person's maximum. How long a person can hold a share of the maximum
    is not modelled.

    With a confidence c, a limit is compared with the c-quantile of one person, from the distribution that gives the
    interval: in each bout, or for the impulse over all of them with their shared errors. The goal, the energy to reach
    and the plausible uptake stay central estimates. A higher confidence allows fewer plans, so a goal is never met
    better. Load without a distribution, backward Achilles load, is compared with its upper bound.

    Examples
    --------
    >>> best = plan(body_mass_kg=70.0, goal="most_energy", duration_s=1800.0, speed_high_m_s=3.0)
    >>> [(bout["times"], bout["direction"], bout["duration_s"], bout["speed_m_s"]) for bout in best["bouts"]]
    [(15, 'backward', 60.0, 3.0), (15, 'forward', 60.0, 3.0)]
    >>> best["binding"]
    ['duration_s', 'longest_backward_s', 'speed_high_m_s']
    """
    check_goal(goal, {DURATION: duration_s, ENERGY: active_energy_kcal, "indicator": indicator})
    assumed: Assumed = {}
    if gait is None:
        gait = assumed["gait"] = "run"
    grade = grade_of(grade, assumed)
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
    if confidence is None:
        confidence = assumed["confidence"] = CENTRAL
    confidence = check("confidence", confidence)
    checked = {name: check(name, cast(float, limit), "limits") for name, limit in (limits or {}).items()}
    if oxygen_uptake_max_ml_kg_min is not None:
        oxygen_uptake_max_ml_kg_min = check(MAXIMUM, oxygen_uptake_max_ml_kg_min)
    case = Case(
        gait=gait,
        energy_model=energy_model,
        direction_model=person.direction_model,
        body_mass_kg=person.body_mass_kg,
        speed_m_s=1.0,
        duration_s=1.0,
        distance_m=1.0,
        grade=grade,
        resting_w_kg=person.resting_w_kg,
        step_rate_ratio=person.step_rate_ratio,
        oxygen_uptake_max_ml_kg_min=oxygen_uptake_max_ml_kg_min,
        age_y=person.age_y,
    )
    case = with_own_factor(case, measurements, personal)
    own_speeds = own_speeds_of(
        gait,
        {
            "speed_low_m_s": speed_low_m_s,
            "speed_high_m_s": speed_high_m_s,
            "backward_speed_high_m_s": backward_speed_high_m_s,
        },
        fixed_speeds=fixed_speeds,
    )
    time_s = INPUTS["duration_s"].high if duration_s is None else check("duration_s", duration_s)
    task = Task(
        case,
        time_s,
        duration_s is not None,
        0.0 if active_energy_kcal is None else check(ENERGY, active_energy_kcal),
        indicator or "",
        limits_of(checked, oxygen_uptake_max_ml_kg_min),
        # A little lower, so that rounding cannot exceed the limit.
        checked[IMPULSE] * (1 - MOST_ROUNDING) if IMPULSE in checked else None,
        own_speeds,
        stretches_of(assumed, time_s, longest_backward_s, recovery_s, experience),
        fixed_speeds,
        goal == "most_backward",
        standard_score(2 * confidence - 1),
    )
    candidates = candidates_of(task)
    best = best_mix(task, candidates)
    if best is None:
        raise refusal(task, candidates)
    mixed, codes = option_of(task, person, candidates, best)
    others: dict[str, list[str]] = {}
    answer: Plan = {
        "goal": goal,
        "gait": gait,
        "bouts": mixed["bouts"],
        "totals": mixed["totals"],
        "binding": mixed["binding"],
        "assumed": assumed,
        "warnings": [],
        "models": {
            "version": __version__,
            "hash": models_hash(),
            "energy_model": energy_model,
            "direction_model": person.direction_model,
        },
        "references": [*references(gait, "speed", energy_model, person.own_rest, frozenset({"energy", "load"}))],
    }
    cast(Values, answer).update((name, mixed[name]) for name in ("probabilities", "rest_s") if name in mixed)
    for way in candidates.ends_by:
        found = mixed
        if {bout["direction"] for bout in mixed["bouts"]} != {way}:
            one = best_mix(task, candidates.only(way))
            if one is None:
                candidates.warnings.append(cautions.PLAN_ONE_DIRECTION_ABSENT[way])
                continue
            found, more = option_of(task, person, candidates, one)
            for code in dict.fromkeys(more):
                others.setdefault(code, []).append(f"{way}_only")
        cast(Values, answer)[f"{way}_only"] = found
    if not person.own_rest:
        codes.append(cautions.REST_ASSUMED)
    codes += [cautions.PERSONAL_OUTDATED] * outdated(personal, gait)
    unlimited = UPTAKE not in checked and oxygen_uptake_max_ml_kg_min is None and not fixed_speeds
    how = cautions.PLAN_CONFIDENCE if task.score else cautions.PLAN_CENTRAL
    first = [*[cautions.PLAN_WITHOUT_OWN_LIMIT] * unlimited, how, *candidates.warnings]
    if experience is not None and (weeks := weeks_of_plan(task, mixed)):
        answer["weeks"] = weeks
        first.append(cautions.PLAN_WEEKS)
    if place is not None and "backward" in {bout["direction"] for bout in mixed["bouts"]}:
        first.append(cautions.PLAN_PLACE[place])
    elif place is not None and "backward_only" in answer:
        others[cautions.PLAN_PLACE[place]] = ["backward_only"]
    answer["warnings"] = plan_warnings([*first, *codes], others)
    return {"summary": summary("plan", answer), **answer}


def own_speeds_of(gait: Gait, given: Mapping[str, float | None], *, fixed_speeds: bool) -> dict[str, float]:
    """Return the person's speeds that were given; raise if one is out of range, missing or in conflict."""
    found = {name: check(name, speed) for name, speed in given.items() if speed is not None}
    for lacks in missing_speeds(found) if fixed_speeds else ():
        raise lacks
    for name, speed in found.items():
        if gait == "walk" and speed > WALKING_SPEED_HIGH_M_S:
            raise too_fast_to_walk(name)
    if found.get("speed_low_m_s", 0.0) > found.get("speed_high_m_s", math.inf):
        raise Conflict("speed_low_m_s", "Give a speed_low_m_s that is not above speed_high_m_s.")
    return found


def stretches_of(
    assumed: Assumed,
    time_s: float,
    longest_s: float | None,
    recovery_s: float | None,
    experience: Experience | None,
) -> Stretches:
    """Return how time backward is cut; what was not given is a choice of this project, and added to `assumed`.

    The recovery follows the longest stretch, or one that leaves time for its recovery if the session is shorter.
    """
    if longest_s is None:
        longest_s = assumed["longest_backward_s"] = LONGEST_BACKWARD_S
    longest_s = check("longest_backward_s", longest_s)
    if recovery_s is None:
        longest_with_recovery_s = min(longest_s, time_s / (1.0 + RECOVERY_PER_BACKWARD))
        recovery_s = max(INPUTS["recovery_s"].low, RECOVERY_PER_BACKWARD * longest_with_recovery_s)
        assumed["recovery_s"] = recovery_s
    most_s = math.inf if experience is None else SESSION_BACKWARD_S.get(experience, math.inf)
    return Stretches(longest_s, check("recovery_s", recovery_s), most_s)


def limits_of(limits: Mapping[str, float], maximum: float | None) -> tuple[Limit, ...]:
    """Return the limits of every second: the plausible uptake, the limits of the request, and the person's maximum."""
    sent = [Limit(name, value, f"limits/{name}") for name, value in limits.items() if name != IMPULSE]
    own = [] if maximum is None else [Limit(UPTAKE, maximum, MAXIMUM)]
    return (*sent, *own, Limit(UPTAKE, PLAUSIBLE_UPTAKE_ML_KG_MIN, ""))


def plan_warnings(codes: Sequence[str], others: Mapping[str, Sequence[str]]) -> list[Warning]:
    """Return each warning once, safety first. A warning that only a one-direction plan has names that plan."""
    single = [cautions.only_for(code, plans) for code, plans in others.items() if code not in codes]
    return cautions.ranked([*cautions.warnings_of(codes), *single])


def check_goal(goal: Goal, given: Mapping[str, object]) -> None:
    """Raise if a field that the goal needs is missing, or a field that it does not use is given."""
    for lacks in missing_of_goal(goal, [field for field, value in given.items() if value is not None]):
        raise lacks
    for field in GOALS[goal][1]:
        if given[field] is not None:
            raise Conflict(field, f"The goal {goal} does not use {field}. Remove it.")


def missing_of_goal(goal: Goal, given: Collection[str]) -> list[Missing]:
    """Return the errors of the fields that a goal needs and that are missing."""
    lacks = [field for field in GOALS[goal][0] if field not in given]
    return [
        Missing(field, f"The goal {goal} needs {field}. Add it{f': one of {LOADS}' if field == 'indicator' else ''}.")
        for field in lacks
    ]


def missing_of_plan(given: Mapping[str, Any]) -> list[Missing]:
    """Return the errors of what a plan lacks, apart from body mass and goal.

    Examples
    --------
    >>> [error.field for error in missing_of_plan({"goal": "least_load"})]
    ['active_energy_kcal', 'indicator']
    """
    goal = given.get("goal")
    known: Sequence[Goal] = get_args(Goal)
    speeds = missing_speeds(given) if given.get("fixed_speeds") is True else []
    return [*(missing_of_goal(cast(Goal, goal), given) if goal in known else []), *speeds, *missing_of_person(given)]


def missing_speeds(given: Collection[str]) -> list[Missing]:
    """Return the errors of the speeds that are missing if every bout is at one of them."""
    return [
        Missing(name, f"fixed_speeds needs {name}: every bout {way} is at that speed. Add it.")
        for way, name in FASTEST.items()
        if name not in given
    ]
