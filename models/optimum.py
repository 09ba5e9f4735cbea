"""The best way to share a time between speeds and directions, when each has two rates: one wanted, one in the way.

Every admissible speed of every direction is a point: x, the rate of what is bounded, and y, the rate of what is wanted.
A time shared between points yields any point between them, and standing still is the origin. The best yield at a
given x is therefore the upper edge of the points' convex hull: at most two speeds, the ends of one of its chords. The
chord is found from the far side, by the point that lies highest above it, until none does: how far the last one
lies above is how far the answer can be from the optimum, so that the search proves its own answer.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Final, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from models.answer import Direction
from models.estimate import compute
from models.movement import Case
from models.roots import bracketed_root
from models.sheet import Sheet

Column: TypeAlias = NDArray[np.float64]

DIRECTIONS: Final[tuple[Direction, ...]] = get_args(Direction)

POINTS: Final = 257
"""Speeds on the first grid of each span of speeds (choice)."""
POINTS_BETWEEN: Final = 129
"""Speeds between two neighbours of a grid, when it is looked at more closely (choice)."""
TIMES_CLOSER: Final = 5
"""How often it is: to within 1e-11 of the span (choice)."""
GAP: Final = 1e-11
"""Height above the chord, as a share of it, under which the search ends (choice)."""
MARGIN: Final = 1e-12
"""How far below a limit a plan stays, as a share of it, so that rounding does not lead beyond (choice)."""
END_M_S: Final = 1e-9
"""How near a speed must be to the end of its span to be the end (choice)."""
MAXIMUM_CHORDS: Final = 60

SPEED_RANGE: Final = "speed_range"
"""What ends a span where the data behind the estimates, or what is plausible, end."""


class Span(NamedTuple):
    """Speeds of one direction that every limit admits, and what ends them on either side."""

    direction: Direction
    low_m_s: float
    high_m_s: float
    low_by: str
    high_by: str


class Point(NamedTuple):
    """A speed of a span, with its rate of what is bounded and of what is wanted; without a span, standing still."""

    span: Span | None
    speed_m_s: float
    x: float
    y: float


class Share(NamedTuple):
    """A part of the time at one speed."""

    point: Point
    part: float


REST: Final = Point(None, 0.0, 0.0, 0.0)


class Rates:
    """What every second of a case costs at any speed, in either direction, as an estimate has it."""

    def __init__(self, case: Case) -> None:
        self.case = case

    def sheet(self, speed_m_s: float | Column) -> Sheet:
        """Return one second at these speeds."""
        second = self.case._replace(speed_m_s=speed_m_s, distance_m=speed_m_s, duration_s=1.0)
        return compute(second, score=0.0, include=("energy", "load"))[0]

    def at(self, name: str, direction: Direction, speed_m_s: float | Column) -> float | Column:
        """Return a quantity at these speeds; where only bounds are known, the upper one."""
        found = known(self.sheet(speed_m_s), name, direction)
        assert found is not None
        return found


def known(sheet: Sheet, name: str, direction: Direction) -> float | Column | None:
    """Return a quantity on a sheet, its upper bound where it has no value, or None where it is unknown."""
    section = sheet.forward if direction == "forward" else sheet.backward
    entry = section.get(name) or section.get("load", {}).get(name)
    if entry is None:
        return None
    found: float | Column = entry.get("value", entry["high"])
    return found


def climb(height: Callable[[Column], Column], low: Column, high: Column) -> Column:
    """Return where a function of a matrix is highest between the bounds of each of its rows.

    Examples
    --------
    >>> climb(lambda x: -((x - 0.3) ** 2), np.array([0.0]), np.array([1.0])).round(6)
    array([0.3])
    """
    rows, steps = np.arange(low.size), np.linspace(0.0, 1.0, POINTS_BETWEEN)
    found = low
    for _ in range(TIMES_CLOSER):
        trial = low[:, None] + (high - low)[:, None] * steps
        best = np.argmax(height(trial), axis=1)
        low, found = trial[rows, np.maximum(best - 1, 0)], trial[rows, best]
        high = trial[rows, np.minimum(best + 1, POINTS_BETWEEN - 1)]
    return found


def tops(height: Column) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return row and place of every local maximum along the rows of a matrix.

    Examples
    --------
    >>> tops(np.array([[0.0, 2.0, 1.0, 3.0]]))[1]
    array([1, 3])
    """
    edge = np.full((height.shape[0], 1), -np.inf)
    before, after = np.hstack([edge, height[:, :-1]]), np.hstack([height[:, 1:], edge])
    row, place = np.nonzero((height > before) & (height >= after))
    return row, place


class Road:
    """The speeds of one direction, and where among them every limited rate stays within its limit.

    Parameters
    ----------
    rates : Rates
        Of the case; every rate that is named is known in the direction.
    direction : {"forward", "backward"}
        Direction.
    ends : tuple of float
        Lowest and highest speed [m/s].
    ends_by : tuple of str
        What each of them comes from.
    names : sequence of str
        Rates that limits may be set to.
    """

    def __init__(
        self,
        rates: Rates,
        direction: Direction,
        ends: tuple[float, float],
        ends_by: tuple[str, str],
        names: Sequence[str],
    ) -> None:
        self.rates, self.direction, self.ends_by = rates, direction, ends_by
        even = np.linspace(*ends, POINTS)
        self.grid = np.unique(np.concatenate([even, *(turn for name in names for turn in self.turns(name, even))]))
        sheet = rates.sheet(self.grid)
        self.values = {name: np.asarray(known(sheet, name, direction)) for name in names}
        self.defined = np.ones(self.grid.size, dtype=bool)
        self.refusals = [error for error, _ in sheet.refusals]
        for _, refused in sheet.refusals:
            self.defined &= ~np.asarray(refused)

    def turns(self, name: str, grid: Column) -> list[Column]:
        """Return the speeds at which a rate turns between grid points, where a limit may be touched unseen."""
        found = []
        for sign in (1.0, -1.0):

            def height(speeds: Column, sign: float = sign) -> Column:
                return sign * np.asarray(self.rates.at(name, self.direction, speeds))

            _, place = tops(height(grid)[None, :])
            place = place[(place > 0) & (place < grid.size - 1)]
            if place.size:
                found.append(climb(height, grid[place - 1], grid[place + 1]))
        return found

    def within(self, limits: Mapping[str, float]) -> list[Span]:
        """Return the spans of speeds, rising, at which every named rate stays within its limit."""
        inside = self.defined.copy()
        for name, limit in limits.items():
            if name not in self.values:
                self.values[name] = np.asarray(self.rates.at(name, self.direction, self.grid))
            inside &= self.values[name] <= limit
        starts = np.flatnonzero(inside & ~np.append(False, inside[:-1]))
        stops = np.flatnonzero(inside & ~np.append(inside[1:], False))
        return [
            Span(self.direction, low, high, low_by, high_by)
            for start, stop in zip(starts.tolist(), stops.tolist(), strict=True)
            for low, low_by in [self.end(start, start - 1, self.ends_by[0], limits)]
            for high, high_by in [self.end(stop, stop + 1, self.ends_by[1], limits)]
        ]

    def values_within(self, name: str, limits: Mapping[str, float]) -> list[float]:
        """Return the values of a rate at every grid point within limits, and at the ends of each span."""
        inside = [self.grid[(self.grid >= span.low_m_s) & (self.grid <= span.high_m_s)] for span in self.within(limits)]
        ends = [np.array([span.low_m_s, span.high_m_s]) for span in self.within(limits)]
        speeds = np.concatenate([*inside, *ends]) if ends else np.array([])
        return np.asarray(self.rates.at(name, self.direction, speeds)).tolist() if ends else []

    def end(self, last: int, beyond: int, by: str, limits: Mapping[str, float]) -> tuple[float, str]:
        """Return the last admitted speed at or beyond a grid point that is admitted, and what ends there."""
        inner = float(self.grid[last])
        if not 0 <= beyond < self.grid.size:
            return inner, by
        if not self.defined[beyond]:
            return inner, SPEED_RANGE

        def excess(speed_m_s: float) -> dict[str, float]:
            sheet = self.rates.sheet(speed_m_s)
            found = {name: known(sheet, name, self.direction) for name in limits}
            return {name: float(value) / limits[name] - 1 + MARGIN for name, value in found.items() if value}

        over = excess(inner)
        speed = inner
        if max(over.values()) < 0:
            speed = float(
                bracketed_root(
                    lambda speed: max(excess(float(speed)).values()), low=inner, high=float(self.grid[beyond])
                )
            )
            over = excess(speed)
        return speed, max(over, key=over.__getitem__)


class Field:
    """The points of all spans: what is bounded across, what is wanted up."""

    def __init__(self, rates: Rates, spans: list[Span], across: str | None, up: tuple[str, float]) -> None:
        self.rates, self.spans, self.across, self.up = rates, spans, across, up
        low, high = (np.array([span[place] for span in spans]) for place in (1, 2))
        self.speeds = low[:, None] + (high - low)[:, None] * np.linspace(0.0, 1.0, POINTS)
        self.backward = np.array([span.direction == "backward" for span in spans])
        self.x, self.y = self.points(self.speeds, self.backward)

    def points(self, speeds: Column, backward: NDArray[np.bool_]) -> tuple[Column, Column]:
        """Return x and y of a matrix of speeds whose rows are done forward or backward."""
        sheet = self.rates.sheet(speeds)

        def rate(name: str) -> Column:
            # A direction in which a rate is unknown has no spans, so that its rows are never asked for.
            ways = [known(sheet, name, direction) for direction in DIRECTIONS]
            there, back = (np.nan if way is None else way for way in ways)
            return np.where(backward[:, None], back, there)

        name, sign = self.up
        return (0.0 * speeds if self.across is None else rate(self.across)), sign * rate(name)

    def highest(self, right: float, upward: float, closer: bool) -> Point:
        """Return the point furthest in a direction: on the grid, or looked at more closely."""
        height = right * self.x + upward * self.y
        if not closer:
            row, place = np.unravel_index(int(np.argmax(height)), height.shape)
            return self.point(int(row), float(self.speeds[row, place]))
        rows, places = tops(height)
        backward = self.backward[rows]

        def above(speeds: Column) -> Column:
            x, y = self.points(speeds, backward)
            return right * x + upward * y

        low, high = self.speeds[rows, np.maximum(places - 1, 0)], self.speeds[rows, np.minimum(places + 1, POINTS - 1)]
        speeds = climb(above, low, high)
        best = int(np.argmax(above(speeds[:, None])))
        return self.point(int(rows[best]), float(speeds[best]))

    def point(self, row: int, speed_m_s: float) -> Point:
        """Return the point of a speed, at the end of its span where that is near."""
        span = self.spans[row]
        ends = [end for end in (span.low_m_s, span.high_m_s) if abs(speed_m_s - end) < END_M_S]
        speed_m_s = ends[0] if ends else speed_m_s
        x, y = self.points(np.array([[speed_m_s]]), self.backward[row : row + 1])
        return Point(span, speed_m_s, float(x[0, 0]), float(y[0, 0]))

    def share(self, x: float, far: Point, *, least: float, at_least: bool) -> list[Share]:
        """Return the shares of time that yield most where x is on average what is given.

        Parameters
        ----------
        x : float
            Mean rate of what is bounded, at most that of `far`.
        far : Point
            Point of the upper edge at or beyond x.
        least : float
            Least part that a share may have; none of the answer is less where that can be.
        at_least : bool
            Whether the mean of x must be reached, rather than kept.

        Returns
        -------
        list of Share
            One or two; they add up to one, or to less where the rest of the time is spent standing.
        """
        near = REST
        for closer in (False, True):
            for _ in range(MAXIMUM_CHORDS):
                slope = (far.y - near.y) / (far.x - near.x)
                new = self.highest(-slope, 1.0, closer)
                height = new.y - (near.y + slope * (new.x - near.x))
                scale = max(abs(new.y), abs(far.y))
                if height <= GAP * scale or new.x <= near.x:
                    break
                # Two directions under one limit end at the same x, but for rounding: the higher is the far one.
                near, far = (new, far) if new.x <= x and new.x < far.x else (near, new)
        part = min(1.0, (x - near.x) / (far.x - near.x))
        single = self.between(near, far, x)
        if single is not None and single.y >= near.y + part * (far.y - near.y) - GAP * abs(far.y):
            return [Share(single, 1.0)]
        shares = [share for share in (Share(near, 1 - part), Share(far, part)) if share.point.span and share.part > 0]
        if all(share.part >= least for share in shares):
            return shares
        ways = [[Share(far, x / far.x)]]
        if near.span is not None:
            ways.append([Share(near, (x - least * far.x) / near.x), Share(far, least)])
            ways += [] if at_least else [[Share(near, 1.0)]]
        ways = [
            way for way in ways if all(share.part >= least for share in way) and sum(share.part for share in way) <= 1
        ]
        return max(ways, key=lambda way: sum(share.part * share.point.y for share in way), default=shares)

    def between(self, near: Point, far: Point, x: float) -> Point | None:
        """Return the one speed between two of a span that has this x itself."""
        if near.span is None or near.span != far.span or not near.x < x < far.x:
            return None
        row, across = self.spans.index(near.span), self.across
        assert across is not None
        speed = bracketed_root(
            lambda trial: self.rates.at(across, self.spans[row].direction, trial) - x,
            low=near.speed_m_s,
            high=far.speed_m_s,
        )
        return self.point(row, float(speed))
