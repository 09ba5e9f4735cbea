"""Find the best mix of speeds and directions, to the mm/s.

The rows of `models.plan.candidates` that keep the limits of every second are the amounts of a `models.plan.program`.
The lowest peak that is enough for an energy is found by trying the peaks of the rows.
"""

from bisect import bisect_left
from collections.abc import Callable, Mapping
from typing import Final, NamedTuple

import numpy as np

from retrorun.models.numerics.arithmetic import Column
from retrorun.models.numerics.roots import MOST_ROUNDING
from retrorun.models.plan.answer import DURATION, ENERGY
from retrorun.models.plan.candidates import Candidates, Task
from retrorun.models.plan.program import Program, Seconds
from retrorun.models.plan.stretches import LEAST_BOUT_S
from retrorun.models.vocabulary.choices import IMPULSE


class Mix(NamedTuple):
    """Seconds at up to three rows of the candidates, and the limits that prevent a better mix."""

    seconds: Seconds
    binding: list[str]
    energy_kcal: float


BACKWARD_LIMITS: Final = ("longest_backward_s", "recovery_s", "experience")
"""The names in `binding` of what limits the time backward."""

BACKWARD_FIRST: Final = 1000.0
"""Gain of a second backward over that of the energy of a second, if time backward counts first (choice)."""


def best_mix(task: Task, candidates: Candidates) -> Mix | None:
    """Return the best mix of these candidates. Return None if no mix of allowed bouts meets the task."""
    if not candidates.within(task.ceilings).any():
        return None
    best = most_energy(task, candidates, task.ceilings)
    if task.energy_kcal > best.energy_kcal:
        return None
    if task.indicator:
        best = least_impulse(task, candidates, best) if task.indicator == IMPULSE else least_peak(task, candidates)
    return best if min(best.seconds.values(), default=0.0) > LEAST_BOUT_S * (1 - MOST_ROUNDING) else None


def most_energy(task: Task, candidates: Candidates, limits: Mapping[str, float]) -> Mix:
    """Return the mix with the most energy within limits, which at least one row keeps, and within the impulse limit.

    If time backward counts first, it is the mix with the most energy among those with the most time backward.
    """
    asked = program(task, candidates, limits, lambda energy, _: energy)
    if task.backward_first:
        asked = asked._replace(gain=asked.energy + BACKWARD_FIRST * asked.energy.max() * asked.backward)
    seconds = asked.best()
    return mix_of(task, candidates, asked, seconds, limits) if seconds else Mix({}, [], 0.0)


def most_held_impulse(task: Task, candidates: Candidates) -> float:
    """Return the highest impulse of any mix that keeps the other limits, as one person stays at or under it."""
    asked = program(task._replace(impulse_limit=None), candidates, task.peaks, lambda _, impulse: impulse)
    seconds = asked.best()
    return asked.held_by(seconds) if seconds else 0.0


def least_impulse(task: Task, candidates: Candidates, most: Mix) -> Mix:
    """Return the mix with the lowest impulse for an energy that can be reached, as in the mix with the most energy."""
    asked = program(task, candidates, task.ceilings, lambda _, impulse: -impulse, energy_kcal=task.energy_kcal)
    seconds = asked.best() or shortened(most, task.energy_kcal)
    return mix_of(task, candidates, asked, seconds, task.ceilings)


def least_peak(task: Task, candidates: Candidates) -> Mix:
    """Return the mix with the lowest peak in any second for an energy that can be reached."""
    limits = task.ceilings
    peaks = np.unique(candidates.rates[task.indicator][candidates.within(limits)]).tolist()

    def most(peak: float) -> Mix:
        return most_energy(task, candidates, limits | {task.indicator: peak})

    place = bisect_left(peaks, task.energy_kcal, key=lambda peak: most(peak).energy_kcal, hi=len(peaks) - 1)
    best, lower = most(peaks[place]), most(peaks[place - 1]).seconds if place else {}
    # Shorten all bouts in the same proportion until the energy is the requested one.
    seconds = shortened(best, task.energy_kcal)
    within = limits | {task.indicator: peaks[place]}
    fastest = program(task, candidates, within, lambda energy, _: -np.ones(energy.size), energy_kcal=task.energy_kcal)
    if next(fastest.untidy(seconds), None) is not None:
        seconds = fastest.best() or seconds
    # What limits the energy limits the peak only if the next lower peak would need a little more of it.
    full = all(any(candidates.neighbours(row, other) for other in lower) for row in best.seconds)
    spare = {task.indicator} | (set() if full else {DURATION, IMPULSE, *BACKWARD_LIMITS})
    return Mix(seconds, [name for name in best.binding if name not in spare], task.energy_kcal)


def shortened(mix: Mix, energy_kcal: float) -> Seconds:
    """Return the seconds of a mix, all shortened in the same proportion, for a lower energy."""
    return {row: time_s * energy_kcal / mix.energy_kcal for row, time_s in mix.seconds.items()}


def program(
    task: Task,
    candidates: Candidates,
    limits: Mapping[str, float],
    gain: Callable[[Column, Column], Column],
    *,
    energy_kcal: float = 0.0,
) -> Program:
    """Return the program of the rows within limits, with a gain from their energy and impulse."""
    rows = np.flatnonzero(candidates.within(limits))
    energy = candidates.rates[ENERGY][rows]
    impulse = candidates.rates[IMPULSE][rows] if IMPULSE in candidates.rates else np.zeros(rows.size)
    return Program(
        rows,
        candidates.speed_m_s[rows],
        candidates.backward[rows],
        gain(energy, impulse),
        energy,
        impulse,
        np.zeros(rows.size),
        task.time_s,
        task.stretches,
        energy_kcal,
        task.impulse_limit,
        task.score,
    )


def mix_of(task: Task, candidates: Candidates, asked: Program, seconds: Seconds, limits: Mapping[str, float]) -> Mix:
    """Return a mix with its energy, and with the names of the totals and the ends of the speeds that limit it."""
    most_backward, backward_by = task.stretches.most_backward(task.time_s)
    backward = {row: time_s for row, time_s in seconds.items() if candidates.backward[row]}
    totals = [DURATION] * (sum(seconds.values()) > task.time_s * (1 - MOST_ROUNDING))
    if backward and sum(backward.values()) > most_backward * (1 - MOST_ROUNDING):
        totals += [DURATION] * (backward_by == "recovery_s") + [backward_by]
    if task.impulse_limit is not None and asked.held_by(seconds) > task.impulse_limit * (1 - MOST_ROUNDING):
        totals.append(IMPULSE)
    ends = [task.name_in_answer(name) for row in seconds for name in candidates.limited_by(row, limits)]
    energy_kcal = sum(time_s * float(candidates.rates[ENERGY][row]) for row, time_s in seconds.items())
    return Mix(seconds, list(dict.fromkeys([*totals, *ends])), energy_kcal)
