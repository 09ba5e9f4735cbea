"""What a plan is asked for, which speeds it may choose, and the best shares of its time."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np

from models import cautions, direction, energy_models, load
from models import gait as timing
from models.answer import IMPULSE, Direction
from models.errors import Unattainable, Undefined
from models.movement import Case
from models.optimum import DIRECTIONS, END_M_S, GAP, MARGIN, SPEED_RANGE, Field, Point, Rates, Road, Share, Span, known
from models.plan_answer import DURATION, ENERGY, UPTAKE, Goal
from models.quantities import INPUTS, speed_bounds
from models.roots import bracketed_root
from models.sheet import Sheet
from models.uncertainty import Gait

DIGITS: Final = 6
"""Digits of what is said to be attainable (choice)."""
NOT_ASKED: Final = "which is outside what can be asked for"
SPARE: Final = 1e-10
"""Share of the time that counts as time to spare (choice)."""

LEAST_BOUT_S: Final = INPUTS["duration_s"].low
"""Shortest bout that is answered."""
RUNNING_FORCE_RANGE_M_S: Final = (load.PEAK_VERTICAL_FORCE_SLOW_FROM_M_S, load.PEAK_VERTICAL_FORCE_RANGE_M_S["run"][1])
"""Speeds of running whose ground force a plan may rest on: that of slow running too, which is grade D."""

RANGES_M_S: Final[dict[str, dict[Gait, tuple[tuple[float, float], ...]]]] = {
    IMPULSE: {
        # The knee-cap force over the ground force, where it is known in both directions: a plan compares them.
        "run": (load.PATELLOFEMORAL_RANGE_M_S, RUNNING_FORCE_RANGE_M_S, (0.0, timing.BACKWARD_CONTACT_TO_M_S)),
        "walk": (),
    },
    "peak_vertical_force_bw": {
        "run": (RUNNING_FORCE_RANGE_M_S,),
        "walk": (load.PEAK_VERTICAL_FORCE_RANGE_M_S["walk"],),
    },
    "patellofemoral_peak_force_bw": {"run": (load.PATELLOFEMORAL_RANGE_M_S,), "walk": ()},
    "achilles_relative_load": {
        "run": (load.ACHILLES_RANGE_M_S["run"],),
        "walk": (load.ACHILLES_RANGE_M_S["walk"],),
    },
    "tibial_compression_peak_bw": {"run": (load.TIBIAL_RANGE_M_S,), "walk": ()},
    UPTAKE: {"run": (), "walk": ()},
}
"""Speeds behind each rate that may be limited, where it is known; a plan stays inside all that it is asked to keep."""

BACKWARD_RANGE_M_S: Final[dict[Gait, tuple[float, float]]] = {
    "run": (0.0, direction.BACKWARD_MEASURED_TO_M_S),
    "walk": direction.WALKING_RATIO_RANGE_M_S,
}
"""Speeds at which the cost of going backward was measured."""


class Limit(NamedTuple):
    """Highest value of a rate in any second, and where it comes from."""

    name: str
    value: float
    by: str
    """What is said to bind where it does."""
    field: str
    """Its place in the request, "" where nobody sent it."""


class Task(NamedTuple):
    """What is asked for, complete; without a time of the caller's, in the longest that is answered."""

    case: Case
    score: float
    goal: Goal
    time_s: float
    timed: bool
    energy_kcal: float
    indicator: str
    limits: tuple[Limit, ...]
    """Limits of every second."""
    budget: float | None
    """Limit of the impulse over all bouts."""

    @property
    def tightest(self) -> dict[str, Limit]:
        """The limit of each rate that counts."""
        return {limit.name: limit for limit in sorted(self.limits, key=lambda limit: -limit.value)}

    @property
    def peaks(self) -> dict[str, float]:
        """Highest value of each limited rate."""
        return {name: limit.value for name, limit in self.tightest.items()}

    def by_itself(self) -> "Task":
        """Return what is asked for without any limit of the caller's."""
        return self._replace(limits=tuple(limit for limit in self.limits if not limit.field), budget=None)


class Solution(NamedTuple):
    """Shares of the time, and what keeps them from being better."""

    shares: list[Share]
    binding: list[str]
    reached: float
    """What the goal is about: energy [kcal], or load."""


def roads_of(task: Task, own: Mapping[str, float]) -> tuple[list[Road], list[str]]:
    """Return the speeds of each direction that the data and the person admit, and warnings of a direction without."""
    case, roads, warned = task.case, [], []
    rates = Rates(case)
    names = list(dict.fromkeys([*task.peaks, *([task.indicator] if task.indicator else [])]))
    kept = [*names, IMPULSE] if task.budget is not None else names
    low, high = speed_bounds(case.gait)
    ranges = [energy_models.ENERGY_MODELS[case.gait][case.energy_model].speed_range_m_s]
    ranges += [span for name in kept for span in RANGES_M_S[name][case.gait]]
    low, high = max(low, *(span[0] for span in ranges)), min(high, *(span[1] for span in ranges))
    if low > high:
        raise Undefined("limits", "The data behind these loads share no speed: limit or choose fewer.", "no_speed")
    sheet = rates.sheet(np.array([(low + high) / 2]))
    for name in kept:
        if unknown(sheet, name, "forward"):
            field = f"limits/{name}" if name in task.peaks or name != task.indicator else "indicator"
            message = f"{name} is unknown for this gait and grade: choose another indicator or limit, or another gait."
            raise Undefined(field, message, "indicator_unknown")
    for way in DIRECTIONS:
        if any(unknown(sheet, name, way) for name in kept):
            warned.append(cautions.PLAN_BACKWARD_UNKNOWN)
            continue
        back = BACKWARD_RANGE_M_S[case.gait] if way == "backward" else (low, high)
        lows = [(max(low, back[0]), SPEED_RANGE), (own.get("speed_low_m_s", 0.0), "speed_low_m_s")]
        highs = [(min(high, back[1]), SPEED_RANGE), (own.get("speed_high_m_s", math.inf), "speed_high_m_s")]
        if way == "backward":
            highs.append((own.get("backward_speed_high_m_s", math.inf), "backward_speed_high_m_s"))
        (least, least_by), (most, most_by) = max(lows, key=lambda end: end[0]), min(highs, key=lambda end: end[0])
        if least > most:
            warned.append(cautions.PLAN_ONE_DIRECTION_ABSENT[way])
        else:
            roads.append(Road(rates, way, (least, most), (least_by, most_by), [n for n in names if n != IMPULSE]))
    if "achilles_relative_load" in names and any(road.direction == "backward" for road in roads):
        warned.append(cautions.PLAN_ACHILLES_BOUND)
    if not roads:
        raise speed_refusal(task, own, "speed_high_m_s" if own.get("speed_high_m_s", high) < low else "speed_low_m_s")
    return roads, warned


def speed_refusal(task: Task, own: Mapping[str, float], field: str) -> Undefined:
    """Return what to raise for an own slowest or fastest speed beside every speed of the data."""
    nearest_is_low = field == "speed_high_m_s"
    others = {name: speed for name, speed in own.items() if name != field}
    for asked, kept, alone in ((task, others, False), (task.by_itself(), dict[str, float](), True)):
        spans = spans_of(roads_of(asked, kept)[0], asked.peaks)
        if not spans:
            continue
        low, high = min(span.low_m_s for span in spans), max(span.high_m_s for span in spans)
        error = unattainable(field, low, high, nearest_is_low=nearest_is_low, alone=alone)
        if error.nearest is not None and solve(asked, roads_of(asked, kept | {field: error.nearest})[0]):
            return error
    return Undefined(field, "No speed of the data does what is asked: ask for less, or loosen a limit.", "unattainable")


def unknown(sheet: Sheet, name: str, way: Direction) -> bool:
    """Say whether a quantity of a column of speeds is absent, or unknown in every row."""
    found = known(sheet, name, way)
    return found is None or bool(np.all(np.isnan(found)))


def unattainable(field: str, low: float, high: float, *, nearest_is_low: bool, alone: bool = False) -> Unattainable:
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
    inner = inward(low, math.ceil), inward(high, math.floor)
    low, high = inner if inner[0] <= inner[1] else (low, high)
    known, nearest = INPUTS[field.rpartition("/")[2]], low if nearest_is_low else high
    within = (
        "within the data by itself, the other limits left out" if alone else "within the data and what else is asked"
    )
    message = f"Out of reach {within}: {low:.12g} to {high:.12g}{known.suffix} can be had"
    if not known.within(nearest):
        return Unattainable(field, f"{message}, {NOT_ASKED}.", low=low, high=high, unit=known.unit)
    message += f"; the nearest is {nearest:.12g}{known.suffix}."
    return Unattainable(field, message, low=low, high=high, nearest=nearest, unit=known.unit)


def inward(value: float, rounded: Callable[[float], int]) -> float:
    """Return a number at few digits, rounded up or down.

    Examples
    --------
    >>> inward(812.34567, math.floor), inward(0.01234115, math.ceil)
    (812.345, 0.0123412)
    """
    scale = 10 ** (DIGITS - 1 - math.floor(math.log10(value)))
    return float(rounded(value * scale) / scale)


def spans_of(roads: Sequence[Road], limits: Mapping[str, float]) -> list[Span]:
    """Return the spans of all roads within limits."""
    return [span for road in roads for span in road.within(limits)]


def reach(roads: Sequence[Road], name: str, limits: Mapping[str, float]) -> tuple[float, float] | None:
    """Return the lowest and highest value of a rate within limits, None where they admit no speed."""
    found = [value for road in roads for value in road.values_within(name, limits)]
    return (min(found), max(found)) if found else None


def solve(task: Task, roads: Sequence[Road]) -> Solution | None:
    """Return the best shares of the time on these roads, None where none meet the task with bouts that are answered."""
    best = best_shares(task, roads)
    if best is None or not too_short(task, best.shares):
        return best
    # No bout is too short at whose rate the whole target takes as long as a bout must.
    name, amount = (ENERGY, task.energy_kcal) if task.goal == "least_load" else (IMPULSE, task.budget)
    assert amount is not None
    slower = Limit(name, amount * (1 - 2 * MARGIN) / LEAST_BOUT_S, SPEED_RANGE, "")
    best = best_shares(task._replace(limits=(*task.limits, slower)), roads)
    return None if best is None or too_short(task, best.shares) else best


def too_short(task: Task, shares: Sequence[Share]) -> bool:
    """Say whether any bout is shorter than an estimate takes."""
    return any(share.part * task.time_s < LEAST_BOUT_S for share in shares)


def best_shares(task: Task, roads: Sequence[Road]) -> Solution | None:
    """Return the best shares of the time on these roads, None where none meet the task."""
    spans = spans_of(roads, task.peaks)
    if not spans:
        return None
    most = most_energy(task, spans, roads[0].rates)
    if task.goal == "most_energy":
        return most
    if task.energy_kcal > most.reached:
        return None
    if task.indicator == IMPULSE:
        return least_impulse(task, spans, roads[0].rates)
    return least_peak(task, roads)


def most_energy(task: Task, spans: list[Span], rates: Rates) -> Solution:
    """Return the shares that yield most energy, under the limit of the impulse if there is one."""
    field = Field(rates, spans, None if task.budget is None else IMPULSE, (ENERGY, 1.0))
    far = field.highest(0.0, 1.0, closer=True)
    mean = math.inf if task.budget is None else task.budget * (1 - MARGIN) / task.time_s
    if far.x <= mean:
        return solution([Share(far, 1.0)], [DURATION], task.time_s * far.y)
    shares = field.share(mean, far, least=LEAST_BOUT_S / task.time_s, at_least=False)
    binding = [DURATION] * (sum(share.part for share in shares) > 1 - MARGIN) + [IMPULSE]
    return solution(shares, binding, task.time_s * sum(share.part * share.point.y for share in shares))


def least_impulse(task: Task, spans: list[Span], rates: Rates) -> Solution:
    """Return the shares that reach an energy, which can be reached, with the least impulse."""
    field = Field(rates, spans, ENERGY, (IMPULSE, -1.0))
    far, least = field.highest(1.0, 0.0, closer=True), LEAST_BOUT_S / task.time_s
    shares = field.share(task.energy_kcal / task.time_s, far, least=least, at_least=True)
    binding = [DURATION] * (sum(share.part for share in shares) > 1 - MARGIN)
    return solution(shares, binding, -task.time_s * sum(share.part * share.point.y for share in shares))


def least_peak(task: Task, roads: Sequence[Road]) -> Solution:
    """Return the shares that reach an energy, which can be reached, with the least peak in any second."""
    span = reach(roads, task.indicator, task.peaks)
    assert span is not None
    lowest, highest = span[0] * (1 + 2 * MARGIN), span[1] * (1 + 2 * MARGIN)
    if task.indicator in task.peaks:
        highest = min(highest, task.peaks[task.indicator])

    def most(peak: float) -> Solution:
        limits = {**task.peaks, task.indicator: peak}
        return most_energy(task, spans_of(roads, limits), roads[0].rates)

    best = most(lowest)
    peak = lowest
    if best.reached < task.energy_kcal:

        def beyond(peak: float) -> float:
            share = most(peak).reached / task.energy_kcal - 1
            # Nearer than the search for speeds is exact, rounding alone would be followed.
            return share if abs(share) > GAP else 0.0

        root = bracketed_root(lambda trial: beyond(float(trial)), low=lowest, high=highest)
        peak = min(float(root) * (1 + 2 * MARGIN), highest)
        best = most(peak)
    # With time or impulse to spare all bouts are shortened alike, and neither keeps the peak from being less.
    part = task.energy_kcal / best.reached
    part = part if part < 1 - SPARE else 1.0
    shares = [Share(share.point, share.part * part) for share in best.shares]
    if too_short(task, shares):
        shares = next((one for share in best.shares if (one := alone(task, share.point, roads[0].rates))), shares)
    spare = {task.indicator} if part == 1 else {task.indicator, DURATION, IMPULSE}
    return Solution(shares, [name for name in best.binding if name not in spare], peak)


def alone(task: Task, point: Point, rates: Rates) -> list[Share]:
    """Return what reaches the energy of a task at one speed, nothing where that takes too long or too much impulse."""
    assert point.span is not None
    share = Share(point, task.energy_kcal / (task.time_s * point.y))
    impulse = 0.0 if task.budget is None else float(rates.at(IMPULSE, point.span.direction, point.speed_m_s))
    kept = task.budget is None or impulse * share.part * task.time_s <= task.budget
    return [share] if kept and share.part <= 1 and not too_short(task, [share]) else []


def solution(shares: list[Share], binding: list[str], reached: float) -> Solution:
    """Return a solution that is kept from being better by these and by what ends the spans at its speeds."""
    ends = [
        by
        for share in shares
        if share.point.span
        for end, by in (
            (share.point.span.low_m_s, share.point.span.low_by),
            (share.point.span.high_m_s, share.point.span.high_by),
        )
        if abs(share.point.speed_m_s - end) < END_M_S
    ]
    return Solution(shares, list(dict.fromkeys([*binding, *ends])), reached)
