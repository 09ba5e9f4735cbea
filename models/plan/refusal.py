"""What stands in the way of a plan: the limit, or the energy, that a refusal names."""

import math
from collections.abc import Callable
from typing import Final

from retrorun.models.plan.answer import ENERGY, UPTAKE
from retrorun.models.plan.best_mix import (
    LEAST_BOUT_S,
    Candidates,
    Limit,
    Task,
    best_mix,
    candidates_of,
    least_peak,
    most_energy,
)
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.vocabulary.errors import Unattainable, Undefined
from retrorun.models.vocabulary.quantities import INPUTS

DIGITS: Final = 6
"""Digits of what is said to be attainable (choice)."""


def without_limit(task: Task, limit: Limit) -> Task:
    """Return a task without one of its limits."""
    return task._replace(limits=tuple(other for other in task.limits if other is not limit))


def refusal(task: Task, candidates: Candidates) -> Undefined:
    """Return what to raise where no plan meets the task: the energy, or the first limit whose change alone helps."""
    if not candidates.speed_m_s.size:
        return speed_refusal(task)
    if not candidates.allowed.any():
        return candidates.refusals[0]
    if candidates.within(task.peaks).any():
        return amount_refusal(task, candidates)
    free = task.without_request_limits()
    if not candidates.within(free.peaks).any():
        return uptake_refusal(task)
    if task.energy_kcal > (most := most_energy(free, candidates, free.peaks).energy_kcal):
        return unattainable(ENERGY, min(INPUTS[ENERGY].low, most), most, nearest_is_low=False, others_left_out=True)
    errors = []
    for alone in (False, True):
        for limit in (limit for limit in task.limits if limit.field):
            others = without_limit(task, limit)
            found = limit_range(others.without_request_limits() if alone else others, candidates, limit.name)
            if found is not None and found[0] > limit.value:
                error = unattainable(limit.field, *found, nearest_is_low=True, others_left_out=alone)
                if error.nearest is not None:
                    return error
                errors.append(error)
    if errors:
        return errors[0]
    message = "No speed does what is asked within all of these limits: ask for less, or loosen or leave out some."
    return Undefined("limits", message, "unattainable")


def speed_refusal(task: Task) -> Undefined:
    """Return what to raise for an own slowest or fastest speed beside every speed of the data."""
    own = task.own_speeds

    def others(field: str) -> Task:
        return task._replace(own_speeds={name: speed for name, speed in own.items() if name != field})

    too_slow = candidates_of(others("speed_high_m_s")).speed_m_s.size > 0
    field = "speed_high_m_s" if too_slow else "speed_low_m_s"
    for asked, alone in ((others(field), False), (task.without_request_limits()._replace(own_speeds={}), True)):
        candidates = candidates_of(asked)
        speeds = candidates.speed_m_s[candidates.within(asked.peaks)]
        if not speeds.size:
            continue
        low, high = float(speeds.min()), float(speeds.max())
        error = unattainable(field, low, high, nearest_is_low=too_slow, others_left_out=alone)
        if error.nearest is not None:
            nearest = asked._replace(own_speeds={**asked.own_speeds, field: error.nearest})
            if best_mix(nearest, candidates_of(nearest)):
                return error
    return Undefined(field, "No speed of the data does what is asked: ask for less, or loosen a limit.", "unattainable")


def uptake_refusal(task: Task) -> Undefined:
    """Return what to raise where every speed takes an implausible uptake: the first of what keeps slower ones out."""
    free = task.without_request_limits()
    message = f"Every speed here takes more than {free.peaks[UPTAKE]:g} ml/kg/min of oxygen: give a gentler grade"
    loose = [
        *[("speed_low_m_s", task._replace(own_speeds={}))] * ("speed_low_m_s" in task.own_speeds),
        *[(limit.field, without_limit(task, limit)) for limit in task.limits if limit.field],
        (f"limits/{IMPULSE}", task._replace(impulse_limit=None)),
        ("limits", free),
        ("speed_low_m_s", free._replace(own_speeds={})),
    ]
    for field, asked in loose:
        if candidates_of(asked).within(free.peaks).any():
            return Undefined(field, f"{message}, or leave this out, which keeps slower ones out.", "unattainable")
    return Undefined("", f"{message}.", "unattainable")


def amount_refusal(task: Task, candidates: Candidates) -> Unattainable:
    """Return what to raise where speeds are admitted: an energy out of reach, or less than the shortest bout takes."""
    if not task.indicator:
        low, high = candidates.range_of(IMPULSE, task.peaks)
        return unattainable(f"limits/{IMPULSE}", low * LEAST_BOUT_S, high * task.time_s, nearest_is_low=True)
    most = most_energy(task, candidates, task.peaks).energy_kcal
    if task.energy_kcal > most:
        return unattainable(ENERGY, min(INPUTS[ENERGY].low, most), most, nearest_is_low=False)
    slowest, _ = candidates.range_of(ENERGY, task.peaks)
    return unattainable(ENERGY, slowest * LEAST_BOUT_S, most, nearest_is_low=True)


def limit_range(task: Task, candidates: Candidates, name: str) -> tuple[float, float] | None:
    """Return the least limit of a rate under which a task can be met, and its highest value; None if under none."""
    if not candidates.within(task.ceilings).any():
        return None
    low, high = candidates.range_of(name, task.ceilings)
    if task.indicator:
        if most_energy(task, candidates, task.ceilings).energy_kcal < task.energy_kcal:
            return None
        found = least_peak(task._replace(indicator=name), candidates)
        low = max(float(candidates.rates[name][row]) for row in found.seconds)
    return low, high


def unattainable(field: str, low: float, high: float, *, nearest_is_low: bool, others_left_out: bool = False) -> Unattainable:
    """Return what to raise for a target or a limit out of reach; its numbers are rounded to the inside.

    Parameters
    ----------
    field : str
        Place in the request.
    low, high : float
        What can be had, in the unit of the field.
    nearest_is_low : bool
        Whether the low end is the nearest.
    alone : bool, optional
        Whether that holds for the field by itself, with the other limits left out.
    """
    # Of a load that is the same at every speed the least that is kept lies above the highest, by rounding.
    high = max(low, high)
    inner = rounded_inward(low, math.ceil), rounded_inward(high, math.floor)
    low, high = inner if inner[0] <= inner[1] else (low, high)
    known, nearest = INPUTS[field.rpartition("/")[2]], low if nearest_is_low else high
    within = "by itself, the other limits left out" if others_left_out else "and what else is asked"
    message = f"Out of reach within the data {within}: {low:.12g} to {high:.12g}{known.suffix} can be had"
    if not known.within(nearest):
        message += ", which is outside what can be asked for."
        return Unattainable(field, message, low=low, high=high, unit=known.unit)
    message += f"; the nearest is {nearest:.12g}{known.suffix}."
    return Unattainable(field, message, low=low, high=high, nearest=nearest, unit=known.unit)


def rounded_inward(value: float, rounded: Callable[[float], int]) -> float:
    """Return a number at few digits, rounded up or down.

    Examples
    --------
    >>> rounded_inward(812.34567, math.floor), rounded_inward(0.01234115, math.ceil)
    (812.345, 0.0123412)
    """
    scale = 10 ** (DIGITS - 1 - math.floor(math.log10(value)))
    return float(rounded(value * scale) / scale)
