"""Write a mix as a session: bouts that repeat, their totals, and the way there over four weeks."""

import math
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from typing import cast

import numpy as np

from retrorun.models.estimate.builder import AnswerBuilder, Values
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute
from retrorun.models.estimate.inputs import Person, is_bout
from retrorun.models.evidence import cautions
from retrorun.models.numerics.roots import MOST_ROUNDING, fitting
from retrorun.models.plan.answer import ENERGY, UPTAKE, PlanBout, PlanOption, PlanTotals, Week
from retrorun.models.plan.best_mix import Mix
from retrorun.models.plan.candidates import Candidates, Task
from retrorun.models.plan.probabilities import probabilities
from retrorun.models.plan.stretches import LEAST_BOUT_S, weeks_of
from retrorun.models.vocabulary.choices import Direction
from retrorun.models.vocabulary.quantities import INPUTS
from retrorun.models.workout.covered import partly
from retrorun.models.workout.sums import Segments, workout_of


def option_of(task: Task, person: Person, candidates: Candidates, found: Mix) -> tuple[PlanOption, list[str]]:
    """Return a mix as a part of the answer, and the codes of its warnings."""
    left_s = task.time_s
    rounding_s = MOST_ROUNDING * task.time_s
    backward_s = sum(time_s for row, time_s in found.seconds.items() if candidates.backward[row])
    number = task.stretches.number(backward_s)
    left_of_stretch_s = task.stretches.stretch(backward_s, time_s=task.time_s)
    bouts: list[PlanBout] = []
    codes: list[str] = []
    for row, time_s in found.seconds.items():
        way, speed = candidates.direction_of(row), float(candidates.speed_m_s[row])
        times = times_of(way, speed, time_s, number)
        # Rounding must not exceed the time, nor the longest stretch.
        duration_s = min(time_s, left_s) / times
        if way == "backward":
            whole = duration_s > left_of_stretch_s * (1 - MOST_ROUNDING)
            duration_s = left_of_stretch_s if whole else duration_s
            left_of_stretch_s -= duration_s
        elif times == number:
            duration_s = rounded_to(duration_s, task.stretches.recovery_s, LEAST_BOUT_S, within_s=rounding_s)
        duration_s = fitting(duration_s, 0.0, partial(is_bout, task.case.gait, speed))
        left_s -= times * duration_s
        case = replace(task.case, speed_m_s=speed, duration_s=duration_s, distance_m=speed * duration_s)
        builder, _ = compute(case, score=person.score, include=("energy", "load"))
        bouts.append(bout_of(case, way, times, builder))
        # No bout is above the maximum; the other direction at the same speed may be.
        met = {code for code, _ in builder.warnings if cautions.concerns(code, way)} - {cautions.ABOVE_MAXIMUM}
        codes += [code for code, _ in builder.warnings if code in met]
    totals = totals_of(bouts, task.case, person)
    codes += [cautions.WORKOUT_PARTS] * partly(totals)
    answer: PlanOption = {"bouts": bouts, "totals": totals, "binding": found.binding}
    if chances := probabilities(task, person, candidates, found, totals):
        answer["probabilities"] = chances
    needed_s = max(0.0, number * task.stretches.recovery_s - duration_of(bouts, "forward"))
    if task.timed:
        answer["rest_s"] = rounded_to(max(0.0, task.time_s - totals["duration_s"]), needed_s, within_s=rounding_s)
    elif needed_s:
        answer["rest_s"] = needed_s
    return answer, codes


def rounded_to(time_s: float, *targets_s: float, within_s: float) -> float:
    """Return the first of some times that another one differs from only by rounding, or that time.

    Examples
    --------
    >>> rounded_to(4.999999999999996, 5.0, 1.0, within_s=1e-9), rounded_to(4.9, 5.0, 1.0, within_s=1e-9)
    (5.0, 4.9)
    """
    return next((target_s for target_s in targets_s if abs(time_s - target_s) <= within_s), time_s)


def times_of(way: Direction, speed_m_s: float, time_s: float, stretches: int) -> int:
    """Return how often a bout is done: with each stretch backward, if it is long enough, and never too far.

    Examples
    --------
    >>> times_of("forward", 2.5, 300.0, 5), times_of("forward", 2.5, 3.5, 5), times_of("forward", 5.0, 150_000.0, 0)
    (5, 3, 2)
    """
    most = math.floor(time_s / LEAST_BOUT_S * (1 + MOST_ROUNDING))
    times = max(1, stretches if way == "backward" else min(stretches, most))
    return times * math.ceil(speed_m_s * time_s / times / INPUTS["distance_m"].high)


def duration_of(bouts: Sequence[PlanBout], way: Direction) -> float:
    """Return the time of all bouts in one direction."""
    return sum(bout["times"] * bout["duration_s"] for bout in bouts if bout["direction"] == way)


def weeks_of_plan(task: Task, plan: PlanOption) -> list[Week]:
    """Return the way to a plan over four weeks, or nothing if the plan has no bouts backward."""
    stretches = next((bout["times"] for bout in plan["bouts"] if bout["direction"] == "backward"), 0)
    if not stretches:
        return []
    backward_s, forward_s = (
        sum(bout["times"] / stretches * bout["duration_s"] for bout in plan["bouts"] if bout["direction"] == way)
        for way in ("backward", "forward")
    )
    rest_s = plan.get("rest_s", 0.0) / stretches
    rest_s = rounded_to(rest_s, task.stretches.recovery_s, within_s=MOST_ROUNDING * task.time_s)
    return weeks_of(stretches, backward_s=backward_s, forward_s=forward_s, rest_s=rest_s)


def bout_of(case: Case, way: Direction, times: int, builder: AnswerBuilder) -> PlanBout:
    """Return one bout as a part of the answer."""
    section = builder.forward if way == "forward" else builder.backward
    bout: Values = {"direction": way, "times": times, "speed_m_s": case.speed_m_s, "distance_m": case.distance_m}
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
        times=np.array([float(bout["times"]) for bout in bouts]),
        **{name: np.array([cast(Values, bout)[name] for bout in bouts]) for name in names},
    )
    totals = workout_of(segments, 0.0, person=person, energy_models={case.gait: case.energy_model})["totals"]
    found = cast(Values, totals)
    return cast(PlanTotals, {name: found[name] for name in PlanTotals.__annotations__ if name in found})
