"""The sheet an answer is written on: forward, backward and ratio side by side, with what was found on the way.

Most quantities are a pair: a forward estimate with its spread, and a backward one that adds the spread of the
ratio. What both share cancels in the ratio. `Sheet.pair` writes all three; floats and columns alike.
"""

from typing import Any, Final, Literal, TypeAlias

import numpy as np

from models.arithmetic import Condition, Number, both, where
from models.errors import EstimateError
from models.load import EVIDENCE_GRADES
from models.uncertainty import Gait, root_sum_square, spread_factor

Values: TypeAlias = dict[str, Any]
Side: TypeAlias = Literal["forward", "backward", "ratio"]

RATIO_NAMES: Final = {
    "speed_m_s": "speed",
    "total_energy_kcal": "total_energy",
    "active_energy_kcal": "active_energy",
    "energy_per_km_kcal": "energy_per_km",
    "cadence_steps_per_min": "cadence",
    "contact_time_s": "contact_time",
    "peak_vertical_force_bw": "peak_vertical_force",
    "patellofemoral_peak_force_bw": "patellofemoral_peak_force",
    "patellofemoral_impulse_per_km_bw_s": "patellofemoral_impulse_per_km",
    "achilles_relative_load": "achilles_relative_load",
}
"""Name of each quantity's ratio: the same word without a unit, since a ratio has none. Quantities that can
only move with one of these (oxygen uptake with total energy, steps with cadence) have no ratio of their own."""


class Sheet:
    """Forward, backward and ratio of one bout or of a block of rows."""

    def __init__(self, *, gait: Gait, score: float) -> None:
        self.gait = gait
        self.score = score
        self.forward: Values = {}
        self.backward: Values = {}
        self.ratio: Values = {}
        self.warnings: list[tuple[str, Condition]] = []
        self.refusals: list[tuple[EstimateError, Condition]] = []

    def warn(self, code: str, condition: Condition = True) -> None:
        """Note a warning, for the rows where the condition holds."""
        if condition is not False:
            self.warnings.append((code, condition))

    def refuse(self, error: EstimateError, condition: Condition) -> None:
        """Raise where the condition holds; on columns note the rows."""
        if condition is True:
            raise error
        if condition is not False:
            self.refusals.append((error, condition))

    def pair(
        self,
        name: str,
        forward: Number,
        backward: Number | None,
        *,
        spread: Number,
        ratio_spread: Number = 0.0,
    ) -> None:
        """Write a quantity in both directions and its ratio.

        Parameters
        ----------
        name : str
            Name of the quantity, see `models.quantities`.
        forward, backward : float or ndarray
            Estimates; backward None where it is unknown.
        spread : float or ndarray
            Coefficient of variation of the forward estimate [1].
        ratio_spread : float or ndarray
            Coefficient of variation of the ratio; the backward estimate carries both [1].
        """
        put(self.forward, name, forward, spread_factor(spread, self.score))
        if backward is not None:
            put(
                self.backward,
                name,
                backward,
                spread_factor(root_sum_square(spread, ratio_spread), self.score),
            )
            if name in RATIO_NAMES:
                put(self.ratio, RATIO_NAMES[name], backward / forward, spread_factor(ratio_spread, self.score))

    def load_pair(
        self,
        name: str,
        forward: Number,
        backward: Number,
        *,
        spread: Number,
        ratio_spread: Number,
        known: Condition = True,
        backward_known: Condition = True,
    ) -> None:
        """Write a joint-load indicator as `pair` does, where it is known, with its evidence grades."""
        backward_known = both(known, backward_known)
        backward_spread = root_sum_square(spread, ratio_spread)
        self.put_load("forward", name, forward, spread_factor(spread, self.score), known)
        self.put_load("backward", name, backward, spread_factor(backward_spread, self.score), backward_known)
        ratio_factor = spread_factor(ratio_spread, self.score)
        if name in RATIO_NAMES:
            self.put_load("ratio", name, backward / forward, ratio_factor, backward_known)

    def put_load(self, side: Side, name: str, value: Number, factor: Number, known: Condition = True) -> None:
        """Write one joint-load indicator of one side, where it is known, with its evidence grade."""
        self.put_bounds(side, name, value / factor, value * factor, known, value)

    def put_bounds(
        self,
        side: Side,
        name: str,
        low: Number,
        high: Number,
        known: Condition = True,
        value: Number | None = None,
    ) -> None:
        """Write the ends of one joint-load indicator of one side, and its value where there is one.

        A ratio has no evidence grade of its own: it is that of the backward estimate.
        """
        if known is False:
            return
        ends = {"low": low, "high": high} if value is None else {"value": value, "low": low, "high": high}
        entry: Values = ends if known is True else {k: where(known, v, np.nan) for k, v in ends.items()}
        section: Values = getattr(self, side).setdefault("load", {})
        if side == "ratio":
            section[RATIO_NAMES[name]] = entry
        else:
            entry["evidence"] = EVIDENCE_GRADES[name][self.gait][side == "backward"]
            section[name] = entry


def put(section: Values, name: str, value: Number, factor: Number) -> None:
    """Write one estimate with the ends of its interval."""
    section[name] = {"value": value, "low": value / factor, "high": value * factor}
