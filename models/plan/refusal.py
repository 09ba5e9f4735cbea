"""Choose the error of an impossible plan: the limit or the energy to change."""

import math
from typing import Final

from retrorun.models.numerics.inward import rounded_inward, written
from retrorun.models.plan.answer import ENERGY, UPTAKE
from retrorun.models.plan.best_mix import best_mix, least_peak, most_energy, most_held_impulse
from retrorun.models.plan.candidates import FASTEST, HELD_IMPULSE, Candidates, Limit, Task, candidates_of, studied_range
from retrorun.models.plan.stretches import LEAST_BOUT_S
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.vocabulary.errors import Unattainable, Undefined
from retrorun.models.vocabulary.quantities import INPUTS

RAISED: Final = (0.0, 0.0002, 0.001, 0.005)
"""Shares by which the lowest limit is raised until there is a plan (choice)."""


def without_limit(task: Task, limit: Limit) -> Task:
    """Return a task without one of its limits."""
    return task._replace(limits=tuple(other for other in task.limits if other is not limit))


def refusal(task: Task, candidates: Candidates) -> Undefined:
    """Return the error if no plan meets the task: for the energy, or for the first limit whose change is enough."""
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
    for others_left_out in (False, True):
        for limit in (limit for limit in task.limits if limit.field):
            others = without_limit(task, limit)
            others = others.without_request_limits() if others_left_out else others
            found = limit_range(others, candidates, limit.rate)
            if found is not None and found[0] > limit.value:
                low = lowest_enough(others, limit, *found)
                error = unattainable(limit.field, low, found[1], nearest_is_low=True, others_left_out=others_left_out)
                if error.nearest is not None:
                    return error
                errors.append(error)
    if errors:
        return errors[0]
    message = "No speed meets all of these limits. Ask for less, or raise or remove some limits."
    fields = [limit.field for limit in task.limits if limit.field]
    only_own = task.impulse_limit is None and fields and not any(field.startswith("limits/") for field in fields)
    return Undefined(fields[0] if only_own else "limits", message, "unattainable")


def lowest_enough(others: Task, limit: Limit, low: float, high: float) -> float:
    """Return the lowest limit of a range with which there is a plan: the speeds near a limit depend on its value."""
    for raised in RAISED:
        value = min(low * (1.0 + raised), high)
        nearest = rounded_inward(value, math.ceil)
        asked = others._replace(limits=(*others.limits, limit._replace(value=nearest)))
        if best_mix(asked, candidates_of(asked)):
            return value
    return low


def speed_refusal(task: Task) -> Undefined:
    """Return the error for a slowest or fastest speed of the person that excludes every studied speed.

    If a load was not studied at the person's speeds, it is that load, so that nobody is told to go faster for a limit.
    """
    own = task.own_speeds
    for name in task.names:
        low, high = studied_range(name, task.case.gait)
        if own.get("speed_low_m_s", low) > high or own.get("speed_high_m_s", high) < low:
            field = task.field_of(name)
            advice = "Choose another indicator" if field == "indicator" else "Remove this limit"
            studied = f"from {low:g} to {high:g} m/s" if low < high else f"at {low:g} m/s"
            message = f"{name} was studied {studied}. Your own speeds are outside. {advice}."
            return Undefined(field, message, "unattainable")

    def others(field: str) -> Task:
        return task._replace(own_speeds={name: speed for name, speed in own.items() if name != field})

    too_slow = candidates_of(others("speed_high_m_s")).speed_m_s.size > 0
    field = "speed_high_m_s" if too_slow else "speed_low_m_s"
    free = task.without_request_limits()._replace(own_speeds={})
    for asked, others_left_out in ((others(field), False), (free, True)):
        candidates = candidates_of(asked)
        speeds = candidates.speed_m_s[candidates.within(asked.peaks)]
        if not speeds.size:
            continue
        low, high = float(speeds.min()), float(speeds.max())
        too_slow = own[field] < low
        error = unattainable(field, low, high, nearest_is_low=too_slow, others_left_out=others_left_out)
        if error.nearest is not None:
            nearest = asked._replace(own_speeds={**asked.own_speeds, field: error.nearest})
            if best_mix(nearest, candidates_of(nearest)):
                return error
    return Undefined(field, "No studied speed meets this. Ask for less, or raise a limit.", "unattainable")


def uptake_refusal(task: Task) -> Undefined:
    """Return the error if every speed takes an implausible uptake: for the first field that excludes slower speeds."""
    free = task.without_request_limits()
    message = f"Every allowed speed takes more than {free.peaks[UPTAKE]:g} ml/kg/min of oxygen."
    if task.fixed_speeds:
        return Undefined(FASTEST["forward"], f"{message} Give slower speeds, or use a gentler grade.", "unattainable")
    loose = [
        *[("speed_low_m_s", task._replace(own_speeds={}))] * ("speed_low_m_s" in task.own_speeds),
        *[(limit.field, without_limit(task, limit)) for limit in task.limits if limit.field],
        (f"limits/{IMPULSE}", task._replace(impulse_limit=None)),
        ("limits", free),
        ("speed_low_m_s", free._replace(own_speeds={})),
    ]
    for field, asked in loose:
        if candidates_of(asked).within(free.peaks).any():
            message += " This field excludes slower speeds. Use a gentler grade, or remove this field."
            return Undefined(field, message, "unattainable")
    return Undefined("", f"{message} Use a gentler grade.", "unattainable")


def amount_refusal(task: Task, candidates: Candidates) -> Unattainable:
    """Return the error if some speeds are allowed: the energy is too high, or lower than that of the shortest bout."""
    if not task.indicator:
        low, _ = candidates.range_of(HELD_IMPULSE, task.peaks)
        most = most_held_impulse(task, candidates)
        return unattainable(f"limits/{IMPULSE}", low * LEAST_BOUT_S, most, nearest_is_low=True)
    most = most_energy(task, candidates, task.peaks).energy_kcal
    if task.energy_kcal > most:
        return unattainable(ENERGY, min(INPUTS[ENERGY].low, most), most, nearest_is_low=False)
    slowest, _ = candidates.range_of(ENERGY, task.peaks)
    return unattainable(ENERGY, slowest * LEAST_BOUT_S, most, nearest_is_low=True)


def limit_range(task: Task, candidates: Candidates, name: str) -> tuple[float, float] | None:
    """Return the lowest limit of a rate with which the task can be met, and the rate's highest value, or None."""
    if not candidates.within(task.ceilings).any():
        return None
    low, high = candidates.range_of(name, task.ceilings)
    if task.indicator:
        if most_energy(task, candidates, task.ceilings).energy_kcal < task.energy_kcal:
            return None
        found = least_peak(task._replace(indicator=name), candidates)
        low = max(float(candidates.rates[name][row]) for row in found.seconds)
    return low, high


def unattainable(
    field: str, low: float, high: float, *, nearest_is_low: bool, others_left_out: bool = False
) -> Unattainable:
    """Return the error for a target or a limit that cannot be met, with its numbers rounded inward.

    Parameters
    ----------
    field : str
        Place in the request.
    low, high : float
        Attainable values, in the unit of the field.
    nearest_is_low : bool
        Whether `low` is the attainable value nearest to the request.
    others_left_out : bool, optional
        Whether the values are attainable only without the other limits.
    """
    # If a load is the same at every speed, rounding can put the lowest value above the highest.
    high = max(low, high)
    inner = rounded_inward(low, math.ceil), rounded_inward(high, math.floor)
    low, high = inner if inner[0] <= inner[1] else (low, high)
    known, nearest = INPUTS[field.rpartition("/")[2]], low if nearest_is_low else high
    message = "Not possible, even without the other limits" if others_left_out else "Not possible with these limits"
    message += f". Possible{' then' * others_left_out}: {written(low)} to {written(high)}{known.suffix}"
    if not known.within(nearest):
        message += ", which is outside the range of this field."
        return Unattainable(field, message, low=low, high=high, unit=known.unit)
    return Unattainable(field, f"{message}.", low=low, high=high, nearest=nearest, unit=known.unit)
