"""List the speeds that a plan may use: each whole mm/s of both directions, with the energy and load of a second there.

A limit that holds in every second is a mask of these rows. It is compared with the held rate: what one person stays at
or under with the wanted confidence, at 0.5 the central estimate.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final, Literal, NamedTuple

import numpy as np

from retrorun.models.estimate.builder import AnswerBuilder
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Column, Mask
from retrorun.models.physiology import direction, energy_models, load, timing
from retrorun.models.plan.answer import ENERGY
from retrorun.models.plan.stretches import LEAST_BOUT_S, Stretches
from retrorun.models.vocabulary.choices import DIRECTIONS, IMPULSE, Direction, Gait
from retrorun.models.vocabulary.errors import Undefined
from retrorun.models.vocabulary.quantities import speed_bounds

SPEED_RANGE: Final = "speed_range"
"""Name in `binding` if the studied or plausible speeds end there."""

RUNNING_FORCE_RANGE_M_S: Final = (load.PEAK_VERTICAL_FORCE_SLOW_FROM_M_S, load.PEAK_VERTICAL_FORCE_RANGE_M_S["run"][1])
"""Running speeds whose ground force a plan may use, including slow running, which has grade D."""

RANGES_M_S: Final[dict[tuple[str, Gait], tuple[tuple[float, float], ...]]] = {
    # Speeds at which knee-cap and ground force are known in both directions, since a plan compares them.
    (IMPULSE, "run"): (
        load.PATELLOFEMORAL_RANGE_M_S,
        RUNNING_FORCE_RANGE_M_S,
        (0.0, timing.BACKWARD_CONTACT_TO_M_S),
    ),
    ("peak_vertical_force_bw", "run"): (RUNNING_FORCE_RANGE_M_S,),
    ("peak_vertical_force_bw", "walk"): (load.PEAK_VERTICAL_FORCE_RANGE_M_S["walk"],),
    ("patellofemoral_peak_force_bw", "run"): (load.PATELLOFEMORAL_RANGE_M_S,),
    ("achilles_relative_load", "run"): (load.ACHILLES_RANGE_M_S["run"],),
    ("achilles_relative_load", "walk"): (load.ACHILLES_RANGE_M_S["walk"],),
    ("tibial_compression_peak_bw", "run"): (load.TIBIAL_RANGE_M_S,),
}
"""Studied speeds of each rate that may be limited. A plan that chooses its speeds stays inside all of them."""

FASTEST: Final[dict[Direction, str]] = {"forward": "speed_high_m_s", "backward": "backward_speed_high_m_s"}
"""The person's fastest speed in each direction, by its name in the request."""

BACKWARD_RANGE_M_S: Final[dict[Gait, tuple[float, float]]] = {
    "run": (0.0, direction.BACKWARD_MEASURED_TO_M_S),
    "walk": direction.WALKING_RATIO_RANGE_M_S,
}
"""Speeds at which the energy of going backward was measured."""


def held(name: str) -> str:
    """Return the name of the rate that one person stays at or under with the confidence of a task."""
    return f"held {name}"


HELD_IMPULSE: Final = held(IMPULSE)


class Limit(NamedTuple):
    """The highest value of a rate in any second."""

    name: str
    value: float
    field: str
    """Its place in the request; "" if it was not sent."""

    @property
    def rate(self) -> str:
        """The rate that it is compared with. If it was not sent, that is the central estimate."""
        return held(self.name) if self.field else self.name


class Task(NamedTuple):
    """A complete request. If no time was sent, it has the longest time allowed."""

    case: Case
    time_s: float
    timed: bool
    energy_kcal: float
    """Energy to reach; 0 if the goal is the most energy."""
    indicator: str
    """Load to minimise; "" if the goal is the most energy."""
    limits: tuple[Limit, ...]
    """Limits that hold in every second."""
    impulse_limit: float | None
    """Limit of the impulse summed over all bouts."""
    own_speeds: Mapping[str, float]
    """The person's slowest and fastest speeds, with their names in the request [m/s]."""
    stretches: Stretches
    """How the time backward is cut."""
    fixed_speeds: bool
    """Whether the person's fastest speeds are the only ones."""
    backward_first: bool
    """Whether time backward counts before energy."""
    score: float = 0.0
    """Standard score of the confidence with which limits are held; 0 for the central estimate."""

    @property
    def names(self) -> list[str]:
        """What is limited or minimised, each once."""
        limited = [limit.name for limit in self.limits]
        impulse = [IMPULSE] * (self.impulse_limit is not None)
        return list(dict.fromkeys([*limited, *filter(None, [self.indicator]), *impulse]))

    def field_of(self, name: str) -> str:
        """Return the place in the request of a load that is limited or minimised."""
        limited = {limit.name for limit in self.limits} | ({IMPULSE} if self.impulse_limit is not None else set())
        return f"limits/{name}" if name in limited else "indicator"

    @property
    def tightest(self) -> dict[str, Limit]:
        """The lowest limit of each limited rate."""
        return {limit.rate: limit for limit in sorted(self.limits, key=lambda limit: -limit.value)}

    @property
    def peaks(self) -> dict[str, float]:
        """Highest value of each limited rate."""
        return {name: limit.value for name, limit in self.tightest.items()}

    @property
    def ceilings(self) -> dict[str, float]:
        """Highest value of each rate, including those above which the plan would be shorter than the shortest bout."""
        totals = {ENERGY: self.energy_kcal or None, HELD_IMPULSE: self.impulse_limit}
        return self.peaks | {name: total / LEAST_BOUT_S for name, total in totals.items() if total is not None}

    def name_in_answer(self, rate: str) -> str:
        """Return the name in `binding` for a rate that is at its ceiling."""
        fields = {ENERGY: "", HELD_IMPULSE: IMPULSE} | {name: limit.field for name, limit in self.tightest.items()}
        return fields.get(rate, rate).rpartition("/")[2] or SPEED_RANGE

    def without_request_limits(self) -> "Task":
        """Return the task without the limits of the request."""
        return self._replace(limits=tuple(limit for limit in self.limits if not limit.field), impulse_limit=None)


class Candidates(NamedTuple):
    """All speeds that the data and the person allow, in both directions, with the energy and load of one second."""

    speed_m_s: Column
    """Increasing within each direction."""
    backward: Mask
    allowed: Mask
    """Rows that have an estimate and a direction that the plan may use."""
    rates: dict[str, Column]
    ends_by: dict[Direction, tuple[str, str]]
    """What sets the slowest and the fastest speed of each direction: a field, or `SPEED_RANGE`."""
    refusals: list[Undefined]
    """The errors of rows without an estimate."""
    warnings: list[str]

    def within(self, limits: Mapping[str, float]) -> Mask:
        """Return the allowed rows at which every named rate is within its limit."""
        mask = self.allowed.copy()
        for name, limit in limits.items():
            mask &= self.rates[name] <= limit
        return mask

    def only(self, way: Direction) -> "Candidates":
        """Return the candidates with only one direction allowed."""
        return self._replace(allowed=self.allowed & (self.backward == (way == "backward")))

    def direction_of(self, row: int) -> Direction:
        """Return the direction of a row."""
        return "backward" if self.backward[row] else "forward"

    def range_of(self, name: str, limits: Mapping[str, float]) -> tuple[float, float]:
        """Return the lowest and highest value of a rate over the rows within limits, of which there is at least one."""
        values = self.rates[name][self.within(limits)]
        return float(values.min()), float(values.max())

    def neighbours(self, one: int, other: int) -> bool:
        """Return whether two rows have the same direction and speeds at most 1 mm/s apart."""
        apart = abs(self.speed_m_s[one] - self.speed_m_s[other])
        return bool(self.backward[one] == self.backward[other]) and round(1000 * float(apart)) <= 1

    def limited_by(self, row: int, limits: Mapping[str, float]) -> list[str]:
        """Return what excludes the next slower and the next faster speed: a rate, or an end of the speeds."""
        found = []
        slowest_by, fastest_by = self.ends_by[self.direction_of(row)]
        for beyond, end_by in ((row - 1, slowest_by), (row + 1, fastest_by)):
            if not 0 <= beyond < self.speed_m_s.size or self.backward[beyond] != self.backward[row]:
                found.append(end_by)
            elif not self.allowed[beyond]:
                found.append(SPEED_RANGE)
            elif excess := {
                name: self.rates[name][beyond] / top for name, top in limits.items() if self.rates[name][beyond] > top
            }:
                found.append(max(excess, key=excess.__getitem__))
        return found


def rate_of(builder: AnswerBuilder, name: str, way: Direction, end: Literal["value", "high"] = "value") -> Column:
    """Return a quantity or its upper end as a column: its upper bound if it has no value, NaN if it is unknown."""
    section = builder.forward if way == "forward" else builder.backward
    entry = section.get(name) or section.get("load", {}).get(name) or {"value": np.nan}
    return np.asarray(entry.get(end, entry.get("high", np.nan)))


def one_second_at(case: Case, speed_m_s: Column, score: float) -> AnswerBuilder:
    """Return the estimates of one second at each of these speeds, in both directions."""
    second = replace(case, speed_m_s=speed_m_s, distance_m=speed_m_s, duration_s=1.0)
    with np.errstate(over="ignore", invalid="ignore"):  # active energy near zero has no upper end, and is refused
        return compute(second, score=score, include=("energy", "load"))[0]


def whole_mm_per_s(low_m_s: float, high_m_s: float) -> Column:
    """Return every whole mm/s between two speeds, and the two speeds [m/s].

    Examples
    --------
    >>> whole_mm_per_s(1.9995, 2.002).tolist()
    [1.9995, 2.0, 2.001, 2.002]
    """
    steps = np.arange(math.floor(1000 * low_m_s), math.ceil(1000 * high_m_s) + 1)
    return np.unique(np.clip(steps / 1000, low_m_s, high_m_s))


def studied_range(name: str, gait: Gait) -> tuple[float, float]:
    """Return the slowest and the fastest speed at which a load was studied [m/s]."""
    ranges = [(0.0, math.inf), *RANGES_M_S.get((name, gait), ())]
    return max(known[0] for known in ranges), min(known[1] for known in ranges)


def speeds_of(task: Task, names: Sequence[str]) -> tuple[float, float]:
    """Return the slowest and the fastest speed at which a plan may compare these loads [m/s].

    If every bout is at a given speed, nothing is chosen by speed. So every speed that has an estimate is allowed.
    """
    gait = task.case.gait
    if task.fixed_speeds:
        return speed_bounds(gait)
    ranges = [speed_bounds(gait), energy_models.ENERGY_MODELS[gait][task.case.energy_model].speed_range_m_s]
    ranges += [studied_range(name, gait) for name in names]
    return max(known[0] for known in ranges), min(known[1] for known in ranges)


def unknown_loads(task: Task, names: Sequence[str], middle_m_s: float) -> dict[Direction, list[str]]:
    """Return the loads that are unknown in each direction: at a speed that all were studied at, or at the given one."""
    speeds = [task.own_speeds[FASTEST[way]] if task.fixed_speeds else middle_m_s for way in DIRECTIONS]
    builder = one_second_at(task.case, np.array(speeds), 0.0)
    return {
        way: [name for name in names if np.isnan(np.broadcast_to(rate_of(builder, name, way), len(speeds))[place])]
        for place, way in enumerate(DIRECTIONS)
    }


def candidates_of(task: Task) -> Candidates:
    """Return the allowed speeds of each direction. If the person's speeds lie outside the data, there are no rows.

    Raises
    ------
    Undefined
        The loads were studied at no common speed, or a load is unknown forward.
    """
    case, names = task.case, task.names
    low, high = speeds_of(task, names)
    if low > high:
        raise Undefined(
            "limits", "These loads were not studied at any common speed. Limit or choose fewer loads.", "no_speed"
        )
    unknown = unknown_loads(task, names, (low + high) / 2)
    for name in unknown["forward"]:
        message = f"{name} is unknown for this gait and grade. Choose another indicator or limit, gait or grade."
        raise Undefined(task.field_of(name), message, "indicator_unknown")
    warnings = []
    speeds: dict[Direction, Column] = {}
    ends_by: dict[Direction, tuple[str, str]] = {}
    for way in DIRECTIONS:
        if way == "backward" and case.grade < 0:
            warnings.append(cautions.PLAN_BACKWARD_DOWNHILL)
            continue
        if unknown[way]:
            warnings.append(cautions.PLAN_BACKWARD_UNKNOWN)
            continue
        if way == "backward" and not task.stretches.most_backward(task.time_s)[0]:
            warnings.append(cautions.PLAN_NO_TIME_BACKWARD)
            continue
        back = BACKWARD_RANGE_M_S[case.gait] if way == "backward" and not task.fixed_speeds else (low, high)
        lows = {SPEED_RANGE: max(low, back[0])}
        highs = {SPEED_RANGE: min(high, back[1])}
        for name, speed in task.own_speeds.items():
            if name == "speed_low_m_s" or (task.fixed_speeds and name == FASTEST[way]):
                lows[name] = speed
            if name == FASTEST[way] or (way == "backward" and name == FASTEST["forward"] and not task.fixed_speeds):
                highs[name] = speed
        slowest_by, fastest_by = max(lows, key=lows.__getitem__), min(highs, key=highs.__getitem__)
        if lows[slowest_by] > highs[fastest_by]:
            warnings.append(cautions.PLAN_ONE_DIRECTION_ABSENT[way])
        else:
            speeds[way], ends_by[way] = whole_mm_per_s(lows[slowest_by], highs[fastest_by]), (slowest_by, fastest_by)
    if "achilles_relative_load" in names and "backward" in speeds:
        warnings.append(cautions.PLAN_ACHILLES_BOUND)
    speed_m_s = np.concatenate([np.array([]), *speeds.values()])
    backward = np.repeat([way == "backward" for way in speeds], [column.size for column in speeds.values()]) > 0
    builder = one_second_at(case, speed_m_s, task.score)

    def rates_at(name: str, end: Literal["value", "high"]) -> Column:
        return np.where(backward, rate_of(builder, name, "backward", end), rate_of(builder, name, "forward", end))

    rates = {name: rates_at(name, "value") for name in (*names, ENERGY)} | {
        held(name): rates_at(name, "high") for name in names
    }
    allowed = np.ones(speed_m_s.size, dtype=bool)
    for _, refused in builder.refusals:
        allowed &= ~np.asarray(refused)
    return Candidates(speed_m_s, backward, allowed, rates, ends_by, [error for error, _ in builder.refusals], warnings)
