"""How likely one person stays within the limits of a plan."""

import math
from dataclasses import replace

from retrorun.models.estimate.inputs import Person
from retrorun.models.numerics.roots import MOST_ROUNDING
from retrorun.models.plan.answer import HeldLimit, PlanTotals
from retrorun.models.plan.best_mix import Mix
from retrorun.models.plan.candidates import Candidates, Limit, Task
from retrorun.models.solve.chances import probability_at_most, widest_score
from retrorun.models.solve.probability import is_range, limit_score
from retrorun.models.vocabulary.choices import IMPULSE


def probabilities(
    task: Task, person: Person, candidates: Candidates, found: Mix, totals: PlanTotals
) -> list[HeldLimit]:
    """Return the probability of each limit of the request where it is known.

    The bouts of a person share their errors. So the highest of their values stays within a limit with the lowest of
    their probabilities.
    """
    scores = {limit.field.rpartition("/")[2]: peak_score(task, candidates, found, limit) for limit in task.limits}
    if task.impulse_limit is not None:
        scores[IMPULSE] = impulse_score(task.impulse_limit / (1 - MOST_ROUNDING), person, totals)
    return [
        {"limit": name, "at_most": probability_at_most(score)}
        for name, score in scores.items()
        if name and score is not None
    ]


def peak_score(task: Task, candidates: Candidates, found: Mix, limit: Limit) -> float | None:
    """Return the lowest standard score of a limit over the bouts; None if it is unknown."""
    scores = []
    for row in found.seconds:
        way, speed = candidates.direction_of(row), float(candidates.speed_m_s[row])
        case = replace(task.case, speed_m_s=speed, distance_m=speed * task.case.duration_s)
        if is_range(case, limit.name, way):
            return None
        scores.append(limit_score(case, limit.name, way, limit.value))
    # A limit beyond the widest range of one bout is no closer than that of another.
    return min((score for score in scores if score is not None), default=None)


def impulse_score(limit: float, person: Person, totals: PlanTotals) -> float | None:
    """Return the standard score of a limit of the impulse over all bouts; None if it is beyond the widest range."""
    impulse = totals["load"][IMPULSE]
    score = math.log(limit / impulse["value"]) * person.score / math.log(impulse["high"] / impulse["value"])
    return score if score <= widest_score() else None
