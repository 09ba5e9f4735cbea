"""Plan the most energy in a given time within limits of load, or the lowest load for a given energy.

`plan` checks and completes the input and assembles the answer; `models.plan.best_mix` finds the best mix.
"""

import math
from collections.abc import Collection, Mapping, Sequence
from functools import partial
from typing import Any, Final, cast, get_args

import numpy as np

from retrorun.models import __version__
from retrorun.models.estimate.builder import AnswerBuilder, Values
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute, references
from retrorun.models.estimate.inputs import (
    Person,
    energy_model_of,
    grade_of,
    is_bout,
    missing_of_person,
    person_of,
    too_fast_to_walk,
)
from retrorun.models.estimate.personal import Measurement, outdated, with_own_factor
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.numerics.roots import MOST_ROUNDING, fitting
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.plan.answer import (
    DURATION,
    ENERGY,
    MAXIMUM,
    UPTAKE,
    Goal,
    Limits,
    LoadName,
    Plan,
    PlanBout,
    PlanOption,
    PlanTotals,
)
from retrorun.models.plan.best_mix import Candidates, Limit, Mix, Task, best_mix, candidates_of
from retrorun.models.plan.probabilities import probabilities
from retrorun.models.plan.refusal import refusal
from retrorun.models.summary.summary import summary
from retrorun.models.vocabulary.answer import Assumed, OwnFactors, Warning
from retrorun.models.vocabulary.choices import IMPULSE, Direction, DirectionModelName, EnergyModelName, Gait, Sex
from retrorun.models.vocabulary.errors import Conflict, Missing
from retrorun.models.vocabulary.quantities import INPUTS, PLAUSIBLE_UPTAKE_ML_KG_MIN, WALKING_SPEED_HIGH_M_S, check
from retrorun.models.workout.covered import partly
from retrorun.models.workout.sums import Segments, workout_of

CENTRAL: Final = 0.5
"""Confidence with which limits are held if the request has none: that of the central estimate (choice)."""

GOALS: Final[dict[Goal, tuple[tuple[str, ...], tuple[str, ...]]]] = {
    "most_energy": (("duration_s",), (ENERGY, "indicator")),
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
) -> Plan:
    """Plan bouts forward and backward that use the most energy, or load a joint the least.

    Parameters
    ----------
    body_mass_kg : float
        Body mass of an adult [kg].
    goal : {"most_energy", "least_load"}
        Most active energy in `duration_s`, or the lowest `indicator` for `active_energy_kcal`.
    duration_s : float, optional
        Time available, rest included; required for the most energy [s].
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
    Speeds are those at which every estimate of the plan was studied, at a plausible oxygen uptake that does not exceed
    the person's maximum. How long a person can hold a share of the maximum is not modelled.

    With a confidence c, a limit is compared with the c-quantile of one person, from the distribution that gives the
    interval: in each bout, or for the impulse over all of them with their shared errors. The goal, the energy to reach
    and the plausible uptake stay central estimates. A higher confidence allows fewer plans, so a goal is never met
    better. Load without a distribution, backward Achilles load, is compared with its upper bound.

    Examples
    --------
    >>> best = plan(body_mass_kg=70.0, goal="most_energy", duration_s=1800.0, speed_high_m_s=3.0)
    >>> [(bout["direction"], bout["speed_m_s"]) for bout in best["bouts"]], best["binding"]
    ([('backward', 3.0)], ['duration_s', 'speed_high_m_s'])
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
    own = {
        "speed_low_m_s": speed_low_m_s,
        "speed_high_m_s": speed_high_m_s,
        "backward_speed_high_m_s": backward_speed_high_m_s,
    }
    own_speeds = {name: check(name, speed) for name, speed in own.items() if speed is not None}
    for name, speed in own_speeds.items():
        if gait == "walk" and speed > WALKING_SPEED_HIGH_M_S:
            raise too_fast_to_walk(name)
    if own_speeds.get("speed_low_m_s", 0.0) > own_speeds.get("speed_high_m_s", math.inf):
        raise Conflict("speed_low_m_s", "Give a speed_low_m_s that is not above speed_high_m_s.")
    task = Task(
        case,
        INPUTS["duration_s"].high if duration_s is None else check("duration_s", duration_s),
        duration_s is not None,
        0.0 if active_energy_kcal is None else check(ENERGY, active_energy_kcal),
        indicator or "",
        limits_of(checked, oxygen_uptake_max_ml_kg_min),
        # A little lower, so that rounding cannot exceed the limit.
        checked[IMPULSE] * (1 - MOST_ROUNDING) if IMPULSE in checked else None,
        own_speeds,
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
    if "probabilities" in mixed:
        answer["probabilities"] = mixed["probabilities"]
    if "rest_s" in mixed:
        answer["rest_s"] = mixed["rest_s"]
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
    unlimited = UPTAKE not in checked and oxygen_uptake_max_ml_kg_min is None and backward_speed_high_m_s is None
    how = cautions.PLAN_CONFIDENCE if task.score else cautions.PLAN_CENTRAL
    first = [*[cautions.PLAN_WITHOUT_OWN_LIMIT] * unlimited, how, *candidates.warnings]
    answer["warnings"] = plan_warnings([*first, *codes], others)
    return {"summary": summary("plan", answer), **answer}


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
    return [*(missing_of_goal(cast(Goal, goal), given) if goal in known else []), *missing_of_person(given)]


def option_of(task: Task, person: Person, candidates: Candidates, found: Mix) -> tuple[PlanOption, list[str]]:
    """Return a mix as a part of the answer, and the codes of its warnings."""
    farthest, left_s = INPUTS["distance_m"].high, task.time_s
    bouts: list[PlanBout] = []
    codes: list[str] = []
    for row, time_s in found.seconds.items():
        way, speed = candidates.direction_of(row), float(candidates.speed_m_s[row])
        # A bout longer than the longest distance is split into equal parts. Rounding must not exceed the time.
        parts = math.ceil(speed * time_s / farthest)
        duration_s = fitting(min(time_s, left_s) / parts, 0.0, partial(is_bout, task.case.gait, speed))
        left_s -= parts * duration_s
        case = task.case._replace(speed_m_s=speed, duration_s=duration_s, distance_m=speed * duration_s)
        builder, _ = compute(case, score=person.score, include=("energy", "load"))
        bouts += [bout_of(case, way, builder)] * parts
        # No bout is above the maximum; the other direction at the same speed may be.
        met = {code for code, _ in builder.warnings if cautions.concerns(code, way)} - {cautions.ABOVE_MAXIMUM}
        codes += [code for code, _ in builder.warnings if code in met]
    totals = totals_of(bouts, task.case, person)
    codes += [cautions.WORKOUT_PARTS] * partly(totals)
    answer: PlanOption = {"bouts": bouts, "totals": totals, "binding": found.binding}
    if chances := probabilities(task, person, candidates, found, totals):
        answer["probabilities"] = chances
    if task.timed:
        answer["rest_s"] = max(0.0, task.time_s - totals["duration_s"])
    return answer, codes


def bout_of(case: Case, way: Direction, builder: AnswerBuilder) -> PlanBout:
    """Return one bout as a part of the answer."""
    section = builder.forward if way == "forward" else builder.backward
    bout: Values = {"direction": way, "speed_m_s": case.speed_m_s, "distance_m": case.distance_m}
    names = ("duration_s", "total_energy_kcal", ENERGY, UPTAKE, "share_of_maximum", "load")
    bout |= {name: section[name] for name in names if name in section}
    return cast(PlanBout, bout)


def totals_of(bouts: Sequence[PlanBout], case: Case, person: Person) -> PlanTotals:
    """Return the sums over bouts, as a workout computes them."""
    names = ("speed_m_s", "duration_s", "distance_m")
    segments = Segments(
        backward=np.array([bout["direction"] == "backward" for bout in bouts]),
        walk=np.full(len(bouts), case.gait == "walk"),
        grade=np.full(len(bouts), case.grade),
        times=np.ones(len(bouts)),
        **{name: np.array([cast(Values, bout)[name] for bout in bouts]) for name in names},
    )
    totals = workout_of(segments, 0.0, person=person, energy_models={case.gait: case.energy_model})["totals"]
    found = cast(Values, totals)
    return cast(PlanTotals, {name: found[name] for name in PlanTotals.__annotations__ if name in found})
