"""Find the seconds at each speed that gain most within the totals of a session: time, time backward and impulse.

Without a held impulse this is a linear program. The impulse that one person stays at or under is not linear: the bouts
share the errors of a person, as in a workout (`models.workout.shared_errors`), one error of all bouts, and one of the
ratio for those backward. So the held total is the sum times a factor that grows with the backward share. The factor is
convex in that share, so the held total is the largest of its tangents. With a tangent in its place the limit is linear,
and the best mix is at least as good. The tangent at the share of its own best mix touches the limit there, so that mix
is the best one.
"""

import math
from collections.abc import Collection, Iterator, Mapping
from itertools import pairwise
from typing import Final, NamedTuple, TypeAlias

import numpy as np

from retrorun.models.numerics.arithmetic import Column, Mask, Rows
from retrorun.models.numerics.linear import most_gain
from retrorun.models.numerics.roots import MOST_ROUNDING
from retrorun.models.physiology import load
from retrorun.models.plan.stretches import LEAST_BOUT_S, Stretches

SHARE_STEPS: Final = 25
"""Halvings of the backward share at which a tangent is taken (choice)."""

MOST_BOUTS: Final = 3
"""Most speeds in a mix (choice). Only a held impulse could need one more, for a gain that cannot be noticed."""

MOST_FAULTS: Final = 6
"""Most faults of a mix that are removed one after another (choice)."""

MM_S: Final = 0.001
"""Speeds closer than this are one speed [m/s] (choice)."""

Seconds: TypeAlias = dict[int, float]
"""Seconds at rows of the candidates."""


class Program(NamedTuple):
    """The rows that a mix may use, what a second at each adds, and the totals that a mix keeps."""

    rows: Rows
    """Rows of the candidates, backward ones after forward ones and each direction by speed."""
    speed_m_s: Column
    backward: Mask
    gain: Column
    energy: Column
    impulse: Column
    """Central impulse; 0 if it is not limited."""
    least_s: Column
    """Least seconds at each row; 0 if it may be left out."""
    time_s: float
    stretches: Stretches
    energy_kcal: float
    """Energy to reach; 0 if there is none."""
    impulse_limit: float | None
    score: float
    """Standard score of the confidence with which the impulse limit is held."""

    def best(self) -> Seconds | None:
        """Return the seconds with the most gain, at up to three speeds and no bout too short, or None.

        If no mix has only bouts that are long enough, the mix is the best one with shorter bouts.
        """
        best = self.most()
        if best is None:
            return None
        tidy = next(self.untidy(best), None) is None
        ways = [best] if tidy else [way for way in (self.tidied(best), self.single(), self.in_fewer(best)) if way]
        return max(ways, key=self.gain_of) if ways else best

    def most(self) -> Seconds | None:
        """Return the seconds with the most gain within the totals, or None if the energy cannot be reached."""
        free = self.linear(None)
        if free is None or self.impulse_limit is None or self.held(free) <= self.impulse_limit:
            return free if free is None else self.named(free)
        shares = {bool(way) for way in self.backward[self.impulse > 0]}
        if not self.score or len(shares) == 1:
            only = self.linear(self.tangent(float(shares == {True})))
            return only if only is None else self.named(only)
        low, high = (0.0, self.linear(self.tangent(0.0))), (1.0, self.linear(self.tangent(1.0)))
        for _ in range(SHARE_STEPS):
            share = (low[0] + high[0]) / 2
            found = self.linear(self.tangent(share))
            if found is None:
                return None
            low, high = ((share, found), high) if self.share(found) > share else (low, (share, found))
        mixed = self.mixed(low[1], high[1], (low[0] + high[0]) / 2)
        return mixed if mixed is None else self.named(mixed)

    def linear(self, impulse: Column | None) -> Column | None:
        """Return the seconds at each row with the most gain where the impulse is linear; None if there are none."""
        most_backward, _ = self.stretches.most_backward(self.time_s)
        uses: list[Column] = [np.ones(self.rows.size)]
        totals = [1.0]
        if self.backward.any():
            uses, totals = [*uses, np.where(self.backward, self.time_s / most_backward, 0.0)], [*totals, 1.0]
        if impulse is not None and self.impulse_limit is not None:
            uses, totals = [*uses, impulse * (self.time_s / self.impulse_limit)], [*totals, 1.0]
        if self.energy_kcal:
            uses, totals = [*uses, -self.energy * (self.time_s / self.energy_kcal)], [*totals, -1.0]
        shares = self.least_s / self.time_s
        left = np.array(totals) - np.array(uses) @ shares
        if np.any(left[: left.size - bool(self.energy_kcal)] < 0):
            return None
        found = most_gain(self.gain, np.array(uses), left)
        return None if found is None else np.maximum((found + shares) * self.time_s, self.least_s)

    def mixed(self, one: Column | None, other: Column | None, share: float) -> Column | None:
        """Return the mix of two ways whose impulse has a backward share between theirs, within the limit."""
        if one is None or other is None or self.impulse_limit is None:
            return None
        above, below = ((self.share(way) - share) * float(way @ self.impulse) for way in (one, other))
        # If the share of one of them is at an end, 0 or 1, that way is the best one.
        part = 1.0 if above <= 0 else below / (below - above) if below < 0 else 0.0
        found: Column = part * one + (1 - part) * other
        return found * min(1.0, self.impulse_limit / self.held(found)) if not self.energy_kcal else found

    def factor(self, share: float) -> float:
        """Return the impulse held over the central one if a share of it is backward."""
        return math.exp(self.score * math.hypot(load.IMPULSE_CV, share * load.IMPULSE_RATIO_CV))

    def tangent(self, share: float) -> Column:
        """Return the impulse of a second at each row by the tangent of the held total at a backward share."""
        factor, spread = self.factor(share), math.hypot(load.IMPULSE_CV, share * load.IMPULSE_RATIO_CV)
        growth = factor * self.score * share * load.IMPULSE_RATIO_CV**2 / spread
        forward = factor - share * growth
        return self.impulse * np.where(self.backward, forward + growth, forward)

    def share(self, seconds: Column) -> float:
        """Return the backward share of the impulse of the seconds at each row."""
        parts = seconds * self.impulse
        return float(parts[self.backward].sum() / parts.sum())

    def held(self, seconds: Column) -> float:
        """Return the impulse that one person stays at or under with the confidence."""
        central = float(seconds @ self.impulse)
        return central * self.factor(self.share(seconds)) if central else 0.0

    def held_by(self, seconds: Mapping[int, float]) -> float:
        """Return the impulse that one person stays at or under in named seconds."""
        used = self.within(seconds)
        return used.held(np.array([seconds[row] for row in used.rows.tolist()]))

    def named(self, seconds: Column) -> Seconds:
        """Return the seconds by row, backward first, and without rounding below the shortest bout."""
        used = np.flatnonzero(seconds > MOST_ROUNDING * self.time_s)
        seconds = np.where(np.abs(seconds - LEAST_BOUT_S) < MOST_ROUNDING, LEAST_BOUT_S, seconds)
        order = sorted(used.tolist(), key=lambda place: not self.backward[place])
        return {int(self.rows[place]): float(seconds[place]) for place in order}

    def gain_of(self, seconds: Mapping[int, float]) -> float:
        """Return the gain of named seconds."""
        places = np.searchsorted(self.rows, list(seconds))
        return float(self.gain[places] @ np.array(list(seconds.values())))

    def within(self, rows: Collection[int], least_s: Mapping[int, float] | None = None) -> "Program":
        """Return the program of some rows, with the least seconds at some of them."""
        kept = np.searchsorted(self.rows, sorted(rows))
        columns = ("rows", "speed_m_s", "backward", "gain", "energy", "impulse", "least_s")
        found = self._replace(**{name: getattr(self, name)[kept] for name in columns})
        least = [(least_s or {}).get(row, 0.0) for row in sorted(rows)]
        return found._replace(least_s=np.maximum(found.least_s, least))

    def untidy(self, seconds: Mapping[int, float]) -> Iterator[list["Program"]]:
        """Yield for each fault of a mix the programs without it.

        A fault is a pair of speeds that are almost one, a bout that is too short, or a speed too many.
        """
        rows = sorted(seconds)
        places = np.searchsorted(self.rows, rows).tolist()
        less = {row: self.within([other for other in rows if other != row]) for row in rows}
        for (row, place), (other, beside) in pairwise(zip(rows, places, strict=True)):
            apart = float(self.speed_m_s[beside] - self.speed_m_s[place])
            if self.backward[place] == self.backward[beside] and round(apart / MM_S) <= 1:
                yield [less[row], less[other]]
        backward = {row: bool(self.backward[place]) for row, place in zip(rows, places, strict=True)}
        number = self.stretches.number(sum(seconds[row] for row in rows if backward[row]))
        # Each stretch backward holds a bout at each backward speed, and a bout at each forward speed follows it.
        least_s = LEAST_BOUT_S * max(1, number)
        for row in rows:
            if seconds[row] < least_s * (1 - MOST_ROUNDING):
                yield [less[row], self.within(rows, {row: least_s})]
        if len(rows) > MOST_BOUTS:
            yield list(less.values())

    def tidied(self, seconds: Seconds, depth: int = MOST_FAULTS) -> Seconds | None:
        """Return the best mix of some of the same rows without a fault, or None if there is none."""
        programs = next(self.untidy(seconds), None)
        if programs is None:
            return seconds
        found = [(program, program.most()) for program in programs if depth and program.rows.size]
        tidy = [program.tidied(way, depth - 1) for program, way in found if way]
        return max((way for way in tidy if way), key=self.gain_of, default=None)

    def in_fewer(self, seconds: Seconds) -> Seconds | None:
        """Return the best mix of all the same rows in as many stretches or fewer, or None if there is none.

        A bout at each speed is done with each stretch, so in fewer stretches shorter times are enough. The limits are
        linear in the number of stretches, so the gain is concave in it: the best number is where it stops to rise.
        """
        used = self.within(seconds)
        ways = dict(zip(used.rows.tolist(), used.backward.tolist(), strict=True))
        low, high = 1, self.stretches.number(sum(time_s for row, time_s in seconds.items() if ways[row]))
        while low < high:
            number = (low + high) // 2
            here, more = (self.in_stretches(seconds, count) for count in (number, number + 1))
            rises = self.gain_of(here) < self.gain_of(more) if here and more else bool(more)
            # Without either, an energy to reach needs more stretches, and bouts that are too long in all need fewer.
            if rises or (not (here or more) and self.energy_kcal):
                low = number + 1
            else:
                high = number
        found = self.in_stretches(seconds, low)
        return found if found and next(self.untidy(found), None) is None else None

    def in_stretches(self, rows: Collection[int], number: int) -> Seconds | None:
        """Return the best mix of all of some rows in a number of stretches at most, or None if there is none."""
        most_s = min(self.stretches.most_s, number * self.stretches.longest_s)
        program = self.within(rows, dict.fromkeys(rows, LEAST_BOUT_S * number))
        return program._replace(stretches=self.stretches._replace(most_s=most_s)).most()

    def single(self) -> Seconds | None:
        """Return the best bout at one speed, or None if there is none that is long enough."""
        most_backward, _ = self.stretches.most_backward(self.time_s)
        most = np.where(self.backward, min(most_backward, self.time_s), self.time_s)
        if self.impulse_limit is not None:
            factors = np.where(self.backward, self.factor(1.0), self.factor(0.0))
            most = np.minimum(
                most, self.impulse_limit / np.maximum(self.impulse * factors, self.impulse_limit / self.time_s)
            )
        seconds = self.energy_kcal / self.energy if self.energy_kcal else most
        kept = (seconds >= LEAST_BOUT_S) & (seconds <= most)
        if not kept.any():
            return None
        place = int(np.argmax(np.where(kept, self.gain * seconds, -np.inf)))
        return {int(self.rows[place]): float(seconds[place])}
