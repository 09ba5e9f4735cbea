"""What stands in the way of a plan: the limit, or the energy, that a refusal names."""

from collections.abc import Mapping, Sequence

from models.answer import IMPULSE
from models.errors import Unattainable, Undefined
from models.optimum import Road
from models.plan_answer import ENERGY, UPTAKE
from models.planning import (
    LEAST_BOUT_S,
    Limit,
    Task,
    least_peak,
    most_energy,
    reach,
    roads_of,
    spans_of,
    unattainable,
)
from models.quantities import INPUTS


def without(task: Task, limit: Limit) -> Task:
    """Return a task without one of its limits."""
    return task._replace(limits=tuple(other for other in task.limits if other is not limit))


def refusal(task: Task, roads: Sequence[Road], own: Mapping[str, float]) -> Undefined:
    """Return what to raise where no shares meet the task: the energy, or the first limit that could be mended alone."""
    if not any(road.defined.any() for road in roads):
        return roads[0].refusals[0]
    if spans_of(roads, task.peaks):
        return amount_refusal(task, roads)
    free = task.by_itself()
    spans = spans_of(roads, free.peaks)
    if not spans:
        return uptake_refusal(task, own)
    if task.energy_kcal > (most := most_energy(free, spans, roads[0].rates).reached):
        return unattainable(ENERGY, min(INPUTS[ENERGY].low, most), most, nearest_is_low=False, alone=True)
    given = [limit for limit in task.limits if limit.field]
    errors = []
    for alone in (False, True):
        for limit in given:
            others = without(task, limit)
            found = limits_met(others.by_itself() if alone else others, roads, limit.name)
            if found is not None and found[0] > limit.value:
                error = unattainable(limit.field, *found, nearest_is_low=True, alone=alone)
                if error.nearest is not None:
                    return error
                errors.append(error)
    if errors:
        return errors[0]
    message = "No speed does what is asked within all of these limits: ask for less, or loosen or leave out some."
    return Undefined("limits", message, "unattainable")


def uptake_refusal(task: Task, own: Mapping[str, float]) -> Undefined:
    """Return what to raise where every speed takes an implausible uptake: the first of what keeps slower ones out."""
    highest = task.by_itself().peaks
    message = f"Every speed here takes more than {highest[UPTAKE]:g} ml/kg/min of oxygen: give a gentler grade"

    def admits(asked: Task, speeds: Mapping[str, float]) -> bool:
        return bool(spans_of(roads_of(asked, speeds)[0], highest))

    free = task.by_itself()
    loose: list[tuple[str, Task, Mapping[str, float]]] = [
        *[("speed_low_m_s", task, {})] * ("speed_low_m_s" in own),
        *[(limit.field, without(task, limit), own) for limit in task.limits if limit.field],
        (f"limits/{IMPULSE}", task._replace(budget=None), own),
        ("limits", free, own),
        ("speed_low_m_s", free, {}),
    ]
    for field, asked, speeds in loose:
        if admits(asked, speeds):
            return Undefined(field, f"{message}, or leave this out, which keeps slower ones out.", "unattainable")
    return Undefined("", f"{message}.", "unattainable")


def amount_refusal(task: Task, roads: Sequence[Road]) -> Unattainable:
    """Return what to raise where speeds are admitted: an energy out of reach, or less than the shortest bout takes."""
    spans, rates = spans_of(roads, task.peaks), roads[0].rates
    if task.goal == "most_energy":
        slowest = reach(roads, IMPULSE, task.peaks)
        assert slowest is not None
        low, high = slowest
        return unattainable(f"limits/{IMPULSE}", low * LEAST_BOUT_S, high * task.time_s, nearest_is_low=True)
    least, most = INPUTS[ENERGY].low, most_energy(task, spans, rates).reached
    if task.energy_kcal > most:
        return unattainable(ENERGY, min(least, most), most, nearest_is_low=False)
    slowest = reach(roads, ENERGY, task.peaks)
    assert slowest is not None
    return unattainable(ENERGY, slowest[0] * LEAST_BOUT_S, most, nearest_is_low=True)


def limits_met(task: Task, roads: Sequence[Road], name: str) -> tuple[float, float] | None:
    """Return the least limit of a rate under which a task can be met, and its highest value; None if under none."""
    span = reach(roads, name, task.peaks)
    if span is None or task.goal == "most_energy":
        return span
    if most_energy(task, spans_of(roads, task.peaks), roads[0].rates).reached < task.energy_kcal:
        return None
    return least_peak(task._replace(indicator=name), roads).reached, span[1]
