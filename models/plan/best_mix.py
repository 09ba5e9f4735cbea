"""Find the best mix of speeds and directions, to the mm/s: a table of speeds, a mask for the limits, a hull.

Each whole mm/s of both directions is a row of the table `Candidates`, with the energy and load of one second there. A
limit that holds in every second is a mask of rows. It is compared with the held rate: what one person stays at or under
with the wanted confidence, at 0.5 the central estimate. A quantity with a total, limited or required, is x; the
quantity to maximise is y. Time split between two speeds gives a point on the line between their points, and standing
still is the origin. So the best plan with a given mean x lies on the upper hull of the points: it has one speed, or the
two speeds at the ends of an edge. A held total is not linear in the times; see `models.plan.held_total`.
"""

import math
from bisect import bisect_left
from collections.abc import Mapping
from typing import Final, Literal, NamedTuple

import numpy as np

from retrorun.models.estimate.builder import AnswerBuilder
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Column, Mask
from retrorun.models.numerics.roots import MOST_ROUNDING
from retrorun.models.physiology import direction, energy_models, load, timing
from retrorun.models.plan.answer import DURATION, ENERGY
from retrorun.models.plan.held_total import LEAST_BOUT_S, HeldTotal
from retrorun.models.plan.hull import hull_edge
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
"""Studied speeds of each rate that may be limited. A plan stays inside the ranges of all its rates."""

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
    score: float = 0.0
    """Standard score of the confidence with which limits are held; 0 for the central estimate."""

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


class Mix(NamedTuple):
    """Seconds at one or two rows of the candidates, and the limits that prevent a better mix."""

    seconds: dict[int, float]
    binding: list[str]
    energy_kcal: float


def rate_of(builder: AnswerBuilder, name: str, way: Direction, end: Literal["value", "high"] = "value") -> Column:
    """Return a quantity or its upper end as a column: its upper bound if it has no value, NaN if it is unknown."""
    section = builder.forward if way == "forward" else builder.backward
    entry = section.get(name) or section.get("load", {}).get(name) or {"value": np.nan}
    return np.asarray(entry.get(end, entry.get("high", np.nan)))


def one_second_at(case: Case, speed_m_s: Column, score: float) -> AnswerBuilder:
    """Return the estimates of one second at each of these speeds, in both directions."""
    second = case._replace(speed_m_s=speed_m_s, distance_m=speed_m_s, duration_s=1.0)
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


def candidates_of(task: Task) -> Candidates:
    """Return the allowed speeds of each direction. If the person's speeds lie outside the data, there are no rows.

    Raises
    ------
    Undefined
        The loads were studied at no common speed, or a load is unknown forward.
    """
    case, limited = task.case, [limit.name for limit in task.limits]
    names = list(
        dict.fromkeys([*limited, *filter(None, [task.indicator]), *[IMPULSE] * (task.impulse_limit is not None)])
    )
    ranges = [speed_bounds(case.gait), energy_models.ENERGY_MODELS[case.gait][case.energy_model].speed_range_m_s]
    ranges += [known for name in names for known in RANGES_M_S.get((name, case.gait), ())]
    low, high = max(known[0] for known in ranges), min(known[1] for known in ranges)
    if low > high:
        raise Undefined(
            "limits", "These loads were not studied at any common speed. Limit or choose fewer loads.", "no_speed"
        )
    middle = one_second_at(case, np.array([(low + high) / 2]), 0.0)
    unknown = {way: [name for name in names if np.isnan(rate_of(middle, name, way))] for way in DIRECTIONS}
    for name in unknown["forward"]:
        field = f"limits/{name}" if name in limited or name != task.indicator else "indicator"
        message = f"{name} is unknown for this gait and grade. Choose another indicator or limit, gait or grade."
        raise Undefined(field, message, "indicator_unknown")
    warnings = []
    speeds: dict[Direction, Column] = {}
    ends_by: dict[Direction, tuple[str, str]] = {}
    for way in DIRECTIONS:
        if unknown[way]:
            warnings.append(cautions.PLAN_BACKWARD_UNKNOWN)
            continue
        back = BACKWARD_RANGE_M_S[case.gait] if way == "backward" else (low, high)
        lows = {SPEED_RANGE: max(low, back[0])}
        highs = {SPEED_RANGE: min(high, back[1])}
        for name, speed in task.own_speeds.items():
            if way == "backward" or name != "backward_speed_high_m_s":
                (lows if name == "speed_low_m_s" else highs)[name] = speed
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


def best_mix(task: Task, candidates: Candidates) -> Mix | None:
    """Return the best mix of these candidates. Return None if no mix of allowed bouts meets the task."""
    if not candidates.within(task.ceilings).any():
        return None
    best = most_energy(task, candidates, task.ceilings)
    if task.energy_kcal > best.energy_kcal:
        return None
    if task.indicator:
        best = (least_impulse if task.indicator == IMPULSE else least_peak)(task, candidates)
    return best if min(best.seconds.values()) >= LEAST_BOUT_S else None


def most_energy(task: Task, candidates: Candidates, limits: Mapping[str, float]) -> Mix:
    """Return the mix with the most energy within limits, which at least one row keeps, and within the impulse limit."""
    kept = candidates.within(limits)
    energy = np.where(kept, candidates.rates[ENERGY], 0.0)
    best = int(np.argmax(energy))
    if task.impulse_limit is None or candidates.rates[HELD_IMPULSE][best] * task.time_s <= task.impulse_limit:
        return mix_of(task, candidates, {best: task.time_s}, [], limits)
    impulse, limit = np.where(kept, candidates.rates[IMPULSE], 0.0), task.impulse_limit

    def split(rate: Column) -> dict[int, float]:
        return split_time(task, candidates, rate, energy, total=limit, reach=False)

    total = HeldTotal(impulse, energy, candidates.backward, task.score, task.time_s, limit)
    seconds = total.most_energy(split) if task.score else split(impulse)
    return mix_of(task, candidates, seconds, [IMPULSE], limits)


def least_impulse(task: Task, candidates: Candidates) -> Mix:
    """Return the mix with the lowest impulse for an energy that can be reached."""
    kept = candidates.within(task.ceilings)
    energy, impulse = (np.where(kept, candidates.rates[name], 0.0) for name in (ENERGY, IMPULSE))
    seconds = split_time(task, candidates, energy, -impulse, total=task.energy_kcal, reach=True)
    if task.score and task.impulse_limit is not None:
        total = HeldTotal(impulse, energy, candidates.backward, task.score, task.time_s, task.impulse_limit)
        if total.of(seconds) > task.impulse_limit:
            most = most_energy(task, candidates, task.ceilings).seconds
            found = total.least_central({*seconds, *most}, task.energy_kcal)
            return mix_of(task, candidates, found, [IMPULSE], task.ceilings)
    return mix_of(task, candidates, seconds, [], task.ceilings)


def least_peak(task: Task, candidates: Candidates) -> Mix:
    """Return the mix with the lowest peak in any second for an energy that can be reached."""
    limits = task.ceilings
    peaks = np.unique(candidates.rates[task.indicator][candidates.within(limits)]).tolist()

    def most(peak: float) -> Mix:
        return most_energy(task, candidates, limits | {task.indicator: peak})

    place = bisect_left(peaks, task.energy_kcal, key=lambda peak: most(peak).energy_kcal)
    best, lower = most(peaks[place]), most(peaks[place - 1]).seconds if place else {}
    # Shorten all bouts in the same proportion until the energy is the requested one.
    seconds = {row: time_s * task.energy_kcal / best.energy_kcal for row, time_s in best.seconds.items()}
    if min(seconds.values()) < LEAST_BOUT_S:
        seconds = next((one for row in seconds if (one := seconds_at_one_speed(task, candidates, row))), seconds)
    # Time and impulse limit the peak if the next lower peak would need a little more of them.
    full = all(any(candidates.neighbours(row, other) for other in lower) for row in best.seconds)
    spare = {task.indicator} | (set() if full else {DURATION, IMPULSE})
    return Mix(seconds, [name for name in best.binding if name not in spare], task.energy_kcal)


def seconds_at_one_speed(task: Task, candidates: Candidates, row: int) -> dict[int, float]:
    """Return the seconds at one speed that reach the energy. Return {} if they take too long or too much impulse."""
    seconds = task.energy_kcal / float(candidates.rates[ENERGY][row])
    kept = task.impulse_limit is None or candidates.rates[HELD_IMPULSE][row] * seconds <= task.impulse_limit
    return {row: seconds} if kept and LEAST_BOUT_S <= seconds <= task.time_s else {}


def split_time(
    task: Task, candidates: Candidates, x: Column, y: Column, *, total: float, reach: bool
) -> dict[int, float]:
    """Return the seconds at one or two rows that give the most y for a total of x.

    Parameters
    ----------
    task : Task
        Gives the time available.
    candidates : Candidates
        Table of the speeds.
    x, y : ndarray
        Amounts that a second at each row adds to the total, and to the result; 0 for excluded rows and standing still.
    total : float
        Total of x, at most that of the whole time at the highest x.
    reach : bool
        True if the total must be reached; false if it is a limit.

    Returns
    -------
    dict
        Seconds of each row, together within the time available. No bout is shorter than allowed.
    """
    mean = total / task.time_s
    seconds = total / np.maximum(x, mean)
    best = int(np.argmax(np.where((x * task.time_s >= total) | (not reach), y * seconds, -np.inf)))
    ways = [{best: float(seconds[best])}]
    near, far = hull_edge(x, y, mean)
    if near < x.size and x[near] > 0 and not candidates.neighbours(near, far):
        share = (mean - x[near]) / (x[far] - x[near])
        # If the second bout is too short, give it the shortest length allowed, and shorten the first.
        for far_s in (float(share * task.time_s), LEAST_BOUT_S):
            near_s = float((total - far_s * x[far]) / x[near])
            if min(near_s, far_s) >= LEAST_BOUT_S and near_s + far_s <= task.time_s * (1 + MOST_ROUNDING):
                ways.append({near: near_s, far: far_s})
    return max(ways, key=lambda way: sum(time_s * y[row] for row, time_s in way.items()))


def mix_of(
    task: Task, candidates: Candidates, seconds: dict[int, float], binding: list[str], limits: Mapping[str, float]
) -> Mix:
    """Return a mix with its energy, and with time and ends of the speed ranges added to `binding`."""
    full = [DURATION] * (sum(seconds.values()) > task.time_s * (1 - MOST_ROUNDING))
    ends = [task.name_in_answer(name) for row in seconds for name in candidates.limited_by(row, limits)]
    energy_kcal = sum(time_s * float(candidates.rates[ENERGY][row]) for row, time_s in seconds.items())
    return Mix(seconds, list(dict.fromkeys([*full, *binding, *ends])), energy_kcal)
