"""Choose the parts of a workout that a load is summed over, so that all totals of one answer cover the same parts.

A load that is unknown in a few parts is summed over the others. The total shows the share of the moving time that it
covers. Nothing is scaled up. Values that are compared are summed over the same parts: those in which the load is known
both as done and reversed.
"""

from collections.abc import Mapping, Sequence
from typing import Any, Final, NamedTuple

import numpy as np

from retrorun.models.estimate.builder import Values
from retrorun.models.numerics.arithmetic import Column, Mask

LEAST_COVERED: Final = 0.5
"""Share of the moving time below which a load total is missing (choice)."""

COVERED_WARNED: Final = 0.95
"""Share of the moving time below which a load total has a warning (choice)."""

SHARE_ROUNDING: Final = 1e-9
"""Share by which the order of a sum may change it."""


class GaitLoads(NamedTuple):
    """The parts of one gait as columns: their loads in both directions, and the direction done."""

    forward: Values
    """Loads going forward, NaN where unknown."""
    backward: Values
    """Loads going backward, NaN where unknown."""
    done_backward: Mask
    time_s: Column
    """Duration of each part, repeats counted [s]."""


class SummedParts(NamedTuple):
    """The parts of each gait that one load is summed over, as masks."""

    given: Sequence[Mask]
    """In the direction done."""
    turned: Sequence[Mask]
    """Reversed."""
    comparable: bool
    """Whether both totals, as given and reversed, may be shown; false if they would cover different parts."""


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
        The parts in which it is known in both directions, if they cover enough. Otherwise the parts known in one
        direction, for the totals of that direction only.

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
    """Return the rows in which a load is known or has bounds, as a mask."""
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
    """Return whether a total over a share of the moving time is shown.

    Examples
    --------
    >>> covers_enough(0.5), covers_enough(0.49)
    (True, False)
    """
    return share >= LEAST_COVERED - SHARE_ROUNDING


def partly(sums: Mapping[str, Any]) -> bool:
    """Return whether any load total covers so little that it needs a warning.

    Examples
    --------
    >>> partly({"load": {"peak": {"covered": 0.9}}}), partly({"load": {"peak": {"covered": 1.0}}})
    (True, False)
    """
    return any(total["covered"] < COVERED_WARNED for total in sums.get("load", {}).values())
