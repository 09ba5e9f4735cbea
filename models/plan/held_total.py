"""Split time between speeds so that one person stays at or under an impulse with a wanted confidence.

The bouts share the errors of a person, as in a workout (`models.workout.shared_errors`): one error of all bouts, and
one of the ratio for those backward. So the held total is the sum times a factor that grows with the backward share. The
factor is convex in that share, so the held total is the largest of its tangents. With a tangent in its place the limit
is linear, as at the central estimate, and the best plan is at least as good. The tangent at the share of its own best
plan touches the limit there, so that plan is the best one. If it needs three speeds, the best two of them are used.
"""

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from itertools import combinations
from typing import Final, NamedTuple, cast

import numpy as np

from retrorun.models.numerics.arithmetic import Column, Mask, Number
from retrorun.models.numerics.roots import MOST_ROUNDING, bracketed_root
from retrorun.models.physiology import load
from retrorun.models.vocabulary.quantities import INPUTS

SHARE_STEPS: Final = 25
"""Halvings of the backward share at which a tangent is taken (choice)."""

MIX_STEPS: Final = 130
"""Quarters cut off the mixes of two speeds in the search for the best one (choice)."""

LEAST_BOUT_S: Final = INPUTS["duration_s"].low
"""Shortest bout allowed."""


class HeldTotal(NamedTuple):
    """The impulse summed over bouts that one person stays at or under with a confidence, and its limit."""

    impulse: Column
    """Central impulse of a second at each row; 0 for excluded rows."""
    energy: Column
    backward: Mask
    score: float
    """Standard score of the confidence, above 0."""
    time_s: float
    limit: float

    def factor(self, share: float) -> float:
        """Return the impulse held over the central one if a share of it is backward."""
        return math.exp(self.score * math.hypot(load.IMPULSE_CV, share * load.IMPULSE_RATIO_CV))

    def tangent(self, share: float) -> Column:
        """Return the impulse of a second at each row by the tangent of the held total at a backward share."""
        factor, spread = self.factor(share), math.hypot(load.IMPULSE_CV, share * load.IMPULSE_RATIO_CV)
        growth = factor * self.score * share * load.IMPULSE_RATIO_CV**2 / spread
        forward = factor - share * growth
        return self.impulse * np.where(self.backward, forward + growth, forward)

    def share(self, seconds: Mapping[int, float]) -> float:
        """Return the backward share of the impulse of some bouts."""
        parts = {row: time_s * float(self.impulse[row]) for row, time_s in seconds.items()}
        return sum(part for row, part in parts.items() if self.backward[row]) / sum(parts.values())

    def central(self, seconds: Mapping[int, float]) -> float:
        """Return the central impulse of some bouts."""
        return sum(time_s * float(self.impulse[row]) for row, time_s in seconds.items())

    def of(self, seconds: Mapping[int, float]) -> float:
        """Return the impulse of some bouts that one person stays at or under with the confidence."""
        return self.central(seconds) * self.factor(self.share(seconds))

    def energy_of(self, seconds: Mapping[int, float]) -> float:
        """Return the energy of some bouts."""
        return sum(time_s * float(self.energy[row]) for row, time_s in seconds.items())

    def most_energy(self, split: Callable[[Column], dict[int, float]]) -> dict[int, float]:
        """Return the seconds at one or two rows with the most energy within the limit.

        `split` returns those of the best plan where the limit is linear in the given rates.
        """
        backward = self.backward[self.impulse > 0]
        if backward.all() or not backward.any():
            return self.split_at(float(backward.all()), split)  # one direction has one share
        low, high = (0.0, self.split_at(0.0, split)), (1.0, self.split_at(1.0, split))
        for _ in range(SHARE_STEPS):
            share = (low[0] + high[0]) / 2
            found = share, self.split_at(share, split)
            low, high = (found, high) if self.share(found[1]) > share else (low, found)
        rows = {*low[1], *high[1]}
        return max(self.ways(rows), key=self.energy_of)

    def split_at(self, share: float, split: Callable[[Column], dict[int, float]]) -> dict[int, float]:
        """Return the best plan where the limit is the tangent at a backward share."""
        rates = self.tangent(share)
        if rates.max() * self.time_s <= self.limit:
            return {int(np.argmax(self.energy)): self.time_s}
        return split(rates)

    def least_central(self, rows: Collection[int], energy: float) -> dict[int, float]:
        """Return the seconds at one or two of some rows that reach an energy with the lowest central impulse.

        The rows must contain those of the plan with the most energy, so that there is a way within the limit.
        """
        found = [way for pair in self.pairs(rows) for way in self.reaching(*pair, energy)]
        return min((way for way in found if long_enough(way)), key=self.central, default=found[0])

    def ways(self, rows: Collection[int]) -> Iterator[dict[int, float]]:
        """Yield the longest bout at each row, and the mix of each pair of rows with the most energy."""
        for row, other in self.pairs(rows):
            yield self.longest(row, other, 0.0)
            low, high = self.mixes(row, other)
            mixed = self.longest(row, other, self.best_mix(row, other, low, high))
            if long_enough(mixed):
                yield mixed

    def pairs(self, rows: Collection[int]) -> Iterator[tuple[int, int]]:
        """Yield each row with itself, and each pair of different rows."""
        yield from ((row, row) for row in sorted(rows))
        yield from combinations(sorted(rows), 2)

    def longest(self, row: int, other: int, mix: float) -> dict[int, float]:
        """Return the longest bouts at two rows within time and limit, `mix` of the time at the second row."""
        parts = {row: 1.0} if not mix else {row: 1.0 - mix, other: mix}
        time_s = min(self.time_s, self.limit / self.of(parts))
        return {row: part * time_s for row, part in parts.items()}

    def mixes(self, row: int, other: int) -> tuple[float, float]:
        """Return the lowest and highest mix in which neither bout is too short."""
        if row == other:
            return 0.0, 0.0
        low = self.mix_where(row, other, lambda way: way.get(other, 0.0) - LEAST_BOUT_S, 0.0, 1.0 - MOST_ROUNDING)
        high = self.mix_where(row, other, lambda way: way[row] - LEAST_BOUT_S, 1.0 - MOST_ROUNDING, 0.0)
        return low + MOST_ROUNDING, high - MOST_ROUNDING

    def mix_where(
        self, row: int, other: int, excess: Callable[[dict[int, float]], float], one: float, end: float
    ) -> float:
        """Return the mix between two mixes at which an excess becomes 0."""

        def at(mix: Number) -> Number:
            return excess(self.longest(row, other, cast(float, mix)))

        return cast(float, bracketed_root(at, low=min(one, end), high=max(one, end)))

    def best_mix(self, row: int, other: int, low: float, high: float) -> float:
        """Return the mix with the most energy, which rises up to it and falls after it."""
        for _ in range(MIX_STEPS):
            middle = (low + high) / 2
            left, right = (low + middle) / 2, (middle + high) / 2
            rises = self.energy_of(self.longest(row, other, left)) < self.energy_of(self.longest(row, other, right))
            low, high = (left, high) if rises else (low, right)
        return (low + high) / 2

    def reaching(self, row: int, other: int, energy: float) -> Iterator[dict[int, float]]:
        """Yield the bouts at two rows that reach an energy within time and limit, at both ends of what they allow."""
        low, high = self.mixes(row, other)
        best = self.best_mix(row, other, low, high)

        def excess(way: Mapping[int, float]) -> float:
            return self.energy_of(way) - energy * (1 - MOST_ROUNDING)

        if excess(self.longest(row, other, best)) < 0:
            return
        for end in (low, high):
            reached = excess(self.longest(row, other, end)) >= 0
            mix = end if reached else self.mix_where(row, other, excess, end, best)
            way = self.longest(row, other, mix)
            yield {row: time_s * energy / self.energy_of(way) for row, time_s in way.items()}


def long_enough(seconds: Mapping[int, float]) -> bool:
    """Return whether no bout is too short.

    Examples
    --------
    >>> long_enough({7: 1.0}), long_enough({7: 600.0, 8: 0.5})
    (True, False)
    """
    return min(seconds.values()) >= LEAST_BOUT_S
