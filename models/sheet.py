"""The sheet an answer is written on: forward, backward and ratio side by side, with what was found on the way.

Most quantities are a pair: a forward estimate with its spread, and a backward one that adds the spread of the
ratio. What both share cancels in the ratio. `Sheet.pair` writes all three; floats and columns alike.
"""

import math
from typing import Any, Final, Literal, NamedTuple, TypeAlias

import numpy as np

from models.arithmetic import Condition, Number, both, where
from models.errors import Undefined
from models.load import EVIDENCE_GRADES
from models.uncertainty import Gait

Values: TypeAlias = dict[str, Any]
Side: TypeAlias = Literal["forward", "backward", "ratio"]

RATIO_NAMES: Final = {
    "speed_m_s": "speed",
    "total_energy_kcal": "total_energy",
    "active_energy_kcal": "active_energy",
    "cadence_steps_per_min": "cadence",
    "contact_time_s": "contact_time",
    "peak_vertical_force_bw": "peak_vertical_force",
    "patellofemoral_peak_force_bw": "patellofemoral_peak_force",
    "patellofemoral_impulse_per_km_bw_s": "patellofemoral_impulse_per_km",
    "achilles_relative_load": "achilles_relative_load",
}
"""Name of each quantity's ratio: the same word without a unit, since a ratio has none. Quantities that can
only move with one of these (oxygen uptake with total energy, steps with cadence) have no ratio of their own."""


class Factors(NamedTuple):
    """Factors between the estimates of a pair and the ends of their intervals."""

    forward: Number
    backward: Number
    ratio: Number


class Sheet:
    """Forward, backward and ratio of one bout or of a block of rows."""

    def __init__(self, *, gait: Gait, score: float) -> None:
        self.gait = gait
        self.score = score
        self.forward: Values = {}
        self.backward: Values = {}
        self.ratio: Values = {}
        self.warnings: list[tuple[str, Condition]] = []
        self.refusals: list[tuple[Undefined, Condition]] = []

    def warn(self, code: str, condition: Condition = True) -> None:
        """Note a warning, for the rows where the condition holds."""
        if condition is not False:
            self.warnings.append((code, condition))

    def refuse(self, condition: Condition, field: str, message: str, code: str) -> None:
        """Raise `Undefined` where the condition holds; on columns note the rows."""
        if condition is False:
            return
        error = Undefined(field, message, code)
        if condition is True:
            raise error
        self.refusals.append((error, condition))

    def factors(self, *, spread: Number, ratio_spread: Number = 0.0, backward_spread: Number | None = None) -> Factors:
        """Return the interval factors of a pair from its spreads.

        Parameters
        ----------
        spread : float or ndarray
            Coefficient of variation of the forward estimate [1].
        ratio_spread : float or ndarray
            Coefficient of variation of the ratio [1].
        backward_spread : float or ndarray, optional
            Coefficient of variation of the backward estimate; when left out both of the others, independent [1].

        Returns
        -------
        Factors
            Of the forward estimate, the backward one and the ratio [1].
        """
        if backward_spread is None:
            backward_spread = (spread * spread + ratio_spread * ratio_spread) ** 0.5
        score = self.score
        return Factors(
            math.e ** (score * spread), math.e ** (score * backward_spread), math.e ** (score * ratio_spread)
        )

    def pair(self, name: str, forward: Number, backward: Number | None, factors: Factors) -> None:
        """Write a quantity in both directions and its ratio; backward None where it is unknown."""
        put(self.forward, name, forward, factors.forward)
        if backward is not None:
            put(self.backward, name, backward, factors.backward)
            ratio = RATIO_NAMES.get(name)
            if ratio is not None:
                put(self.ratio, ratio, backward / forward, factors.ratio)

    def load_pair(
        self,
        name: str,
        forward: Number,
        backward: Number,
        factors: Factors,
        known: Condition = True,
        backward_known: Condition = True,
    ) -> None:
        """Write a joint-load indicator as `pair` does, where it is known, with its evidence grades."""
        backward_known = both(known, backward_known)
        self.put_load("forward", name, forward, factors.forward, known)
        self.put_load("backward", name, backward, factors.backward, backward_known)
        if name in RATIO_NAMES:
            self.put_load("ratio", name, backward / forward, factors.ratio, backward_known)

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
        entry: Values = {"low": low, "high": high} if value is None else {"value": value, "low": low, "high": high}
        if known is not True:
            entry = {end: where(known, number, np.nan) for end, number in entry.items()}
        section: Values = getattr(self, side).setdefault("load", {})
        if side == "ratio":
            section[RATIO_NAMES[name]] = entry
        else:
            entry["evidence"] = EVIDENCE_GRADES[name][self.gait][side == "backward"]
            section[name] = entry


def put(section: Values, name: str, value: Number, factor: Number) -> None:
    """Write one estimate with the ends of its interval."""
    section[name] = {"value": value, "low": value / factor, "high": value * factor}
