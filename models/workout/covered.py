"""Which parts of a workout a load is summed over, so that totals of one answer are of the same parts.

A load that is unknown in a few parts is summed over the others, and beside the total stands the share of the moving
time that it covers. Nothing is scaled up. What is compared is summed over the same parts: those in which the load is
known both as they were done and reversed.
"""

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np

from retrorun.models.estimate.builder import Values
from retrorun.models.numerics.arithmetic import Column, Mask

LEAST_COVERED: Final = 0.5
"""Share of the moving time under which a total of a load is absent (choice)."""

COVERED_WARNED: Final = 0.95
"""Share of the moving time under which a total of a load is answered with a warning (choice)."""

SHARE_ROUNDING: Final = 1e-9
"""Share that the order of a sum may add or take."""


class GaitLoads(NamedTuple):
    """The parts of one gait, as columns: their loads in both directions, and what was done."""

    forward: Values
    """Loads going forward, NaN where unknown."""
    backward: Values
    """Loads going backward, NaN where unknown."""
    done_backward: Mask
    time_s: Column
    """How long each is done, repeats counted [s]."""


class SummedParts(NamedTuple):
    """The parts of each gait that one load is summed over."""

    given: Sequence[Mask]
    """As they were done."""
    turned: Sequence[Mask]
    """Reversed."""
    comparable: bool
    """Whether the whole as given and the whole reversed may both be answered: not over different parts."""


def parts_to_sum(name: str, gaits: Sequence[GaitLoads]) -> SummedParts:
    """Return the parts that a load is summed over.

    Parameters
    ----------
    name : str
        Name of the load.
    gaits : sequence of GaitLoads
        The parts of each gait.

    Returns
    -------
    SummedParts
        The parts in which it is known both ways, where they are enough; else the parts known one way, for the totals
        of that way alone.

    Examples
    --------
    >>> force = {"peak": {"value": np.array([2.0, 2.5])}}
    >>> level = {"peak": {"value": np.array([2.1, np.nan])}}
    >>> forward = np.array([False, False])
    >>> parts_to_sum("peak", [GaitLoads(force, level, forward, np.array([30.0, 10.0]))]).given
    [array([ True, False])]
    >>> parts_to_sum("peak", [GaitLoads(force, level, forward, np.array([10.0, 30.0]))]).given
    [array([ True,  True])]
    """
    ways = [
        (known_rows(name, gait.forward, gait.done_backward), known_rows(name, gait.backward, gait.done_backward))
        for gait in gaits
    ]
    given = [np.where(gait.done_backward, back, ahead) for gait, (ahead, back) in zip(gaits, ways, strict=True)]
    turned = [np.where(gait.done_backward, ahead, back) for gait, (ahead, back) in zip(gaits, ways, strict=True)]
    both = [ahead & back for ahead, back in ways]
    if covers_enough(share_of_time(both, gaits)):
        return SummedParts(both, both, comparable=True)
    return SummedParts(
        given,
        turned,
        comparable=not (covers_enough(share_of_time(given, gaits)) and covers_enough(share_of_time(turned, gaits))),
    )


def known_rows(name: str, load: Values, like: Mask) -> Mask:
    """Say in which rows a load is known, be it by its bounds alone."""
    if name not in load:
        return np.zeros_like(like)
    found = np.ones_like(like)
    for end in ("value", "low", "high"):
        if end in load[name]:
            found &= ~np.isnan(load[name][end])
    return found


def share_of_time(rows: Sequence[Mask], gaits: Sequence[GaitLoads]) -> float:
    """Return the share of the moving time in some rows of each gait."""
    inside = sum(float(gait.time_s[of].sum()) for of, gait in zip(rows, gaits, strict=True))
    return inside / sum(float(gait.time_s.sum()) for gait in gaits)


def covers_enough(share: float) -> bool:
    """Say whether a total over a share of the moving time is answered.

    Examples
    --------
    >>> covers_enough(0.5), covers_enough(0.49)
    (True, False)
    """
    return share >= LEAST_COVERED - SHARE_ROUNDING
