"""Collects the forward, backward and ratio values of one answer, with its warnings and refusals.

Most quantities are a pair: a forward estimate with its spread, and a backward estimate that adds the spread of the
ratio. Errors that both directions share cancel in the ratio. `AnswerBuilder.pair` writes all three values, as floats
or as columns.
"""

import math
from typing import Any, Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrorun.models.numerics.arithmetic import Condition, Number, exponential, where
from retrorun.models.physiology.energy import intensity
from retrorun.models.physiology.grades import GRADES, Code, code_of, grades_of
from retrorun.models.physiology.load import EVIDENCE_GRADES
from retrorun.models.physiology.uncertainty import spread_factor
from retrorun.models.vocabulary.answer import Graded
from retrorun.models.vocabulary.choices import Gait
from retrorun.models.vocabulary.errors import Undefined

Values: TypeAlias = dict[str, Any]

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
"""Name of each quantity's ratio: the same word without a unit. A quantity that is proportional to one of these (oxygen
uptake to total energy, steps to cadence) has the same ratio, and it is not repeated."""


DERIVED: Final = frozenset(
    {
        "metabolic_power_w_kg",
        "met",
        "resting_energy_kcal",
        "energy_per_km_kcal",
        "steps",
        "patellofemoral_impulse_per_bout_bw_s",
    }
)
"""Quantities that follow from others of the same answer: power and MET from the oxygen uptake, rest from total and
active energy, energy per kilometre from total energy and distance, steps from cadence and duration, the impulse of a
bout from that of a kilometre and the distance."""


Factors: TypeAlias = tuple[Number, Number, Number]
"""Factors between the estimates of a pair and the ends of their intervals: forward, backward and their ratio."""

EXACT: Final[Factors] = (1.0, 1.0, 1.0)
"""Factors of a value that the caller gave without an error."""

Grades: TypeAlias = tuple[Code | None, Code | None, Code | None]
"""Evidence grades of a pair: forward, backward and their ratio. None means no grade."""

UNGRADED: Final[Grades] = (None, None, None)

LOAD_CODES: Final = {
    name: {gait: (code_of(forward), code_of(backward)) for gait, (forward, backward) in grades.items()}
    for name, grades in EVIDENCE_GRADES.items()
}
"""The grades of loads, forward and backward, as codes that `weaker` compares."""


class AnswerBuilder:
    """Collects the forward, backward and ratio values of one bout or of a block of rows."""

    def __init__(self, *, gait: Gait, score: Number, derived: bool = True) -> None:
        self.derived = derived
        """Whether the answer has the quantities in `DERIVED`."""
        self.gait = gait
        self.score = score
        self.forward: Values = {}
        self.backward: Values = {}
        self.ratio: Values = {}
        self.forward_load: Values = {}
        self.backward_load: Values = {}
        self.ratio_load: Values = {}
        self.load_known: Condition = True
        """Rows in which loads are known: False where a treadmill carries part of the body."""
        self.warnings: list[tuple[str, Condition]] = []
        self.refusals: list[tuple[Undefined, Condition]] = []

    def wants(self, name: str) -> bool:
        """Return whether a quantity is wanted, so that it has to be computed."""
        return self.derived or name not in DERIVED

    def warn(self, code: str, condition: Condition = True) -> None:
        """Add a warning for the rows where the condition holds."""
        if condition is not False:
            self.warnings.append((code, condition))

    def warn_of_load(self, code: str, condition: Condition = True) -> None:
        """Add a warning about loads for the rows where loads are known and the condition holds."""
        if condition is not False:
            self.warn(code, self.load_known & condition)

    def refuse(self, condition: Condition, field: str, message: str, code: str) -> None:
        """Raise `Undefined` if the condition holds; for columns, store the refused rows instead."""
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
            Coefficient of variation of the backward estimate; the root sum square of the other two when left out [1].

        Returns
        -------
        Factors
            Factors of the forward estimate, the backward estimate and the ratio [1].
        """
        if backward_spread is None:
            backward_spread = (spread * spread + ratio_spread * ratio_spread) ** 0.5
        score = self.score
        forward, backward, ratio = score * spread, score * backward_spread, score * ratio_spread
        if isinstance(forward, float) and isinstance(backward, float) and isinstance(ratio, float):
            # In place, because an estimate has thirty of these.
            return math.exp(forward), math.exp(backward), math.exp(ratio)
        return exponential(forward), exponential(backward), exponential(ratio)

    def pair(
        self,
        name: str,
        forward: Number,
        backward: Number | None,
        factors: Factors,
        backward_known: Condition = True,
        grades: Grades = UNGRADED,
    ) -> None:
        """Write a quantity in both directions and its ratio.

        `backward` is None if it is never known; `backward_known` is False in the rows where it is unknown.
        """
        to_forward, to_backward, to_ratio = factors
        of_forward, of_backward, of_ratio = grades
        self.put(self.forward, name, forward, to_forward, of_forward)
        if backward is not None and backward_known is not False:
            if backward_known is not True:
                backward = known_only(backward, backward_known)
            self.put(self.backward, name, backward, to_backward, of_backward)
            ratio = RATIO_NAMES.get(name)
            if ratio is not None:
                self.put(self.ratio, ratio, backward / forward, to_ratio, of_ratio)

    def load_pair(
        self,
        name: str,
        forward: Number,
        backward: Number,
        factors: Factors,
        known: Condition = True,
        backward_known: Condition = True,
        grades: tuple[Code, Code] | None = None,
    ) -> None:
        """Write a load indicator in both directions and its ratio, where they are known, with evidence grades.

        `grades` holds those of forward and backward if they are not the ones in `LOAD_CODES`.
        """
        to_forward, to_backward, to_ratio = factors
        of_forward, of_backward = grades or LOAD_CODES[name][self.gait]
        self.put_load(self.forward_load, name, forward, to_forward, known, of_forward)
        known = known & backward_known & self.load_known
        if known is not False:
            if known is not True:
                backward = known_only(backward, known)
            self.put(self.backward_load, name, backward, to_backward, of_backward)
            ratio = RATIO_NAMES.get(name)
            if ratio is not None:
                self.put(self.ratio_load, ratio, backward / forward, to_ratio)

    def put_load(
        self,
        section: Values,
        name: str,
        value: Number,
        factor: Number,
        known: Condition = True,
        evidence: Code | None = None,
    ) -> None:
        """Write one load indicator where it is known."""
        known = known & self.load_known
        if known is not False:
            self.put(section, name, value if known is True else known_only(value, known), factor, evidence)

    def put_backward_bounds(self, name: str, bounds: tuple[float, float], forward: Number, same_speed: Number) -> None:
        """Write a backward indicator that has bounds but no value: bounds times forward at the backward speed."""
        if self.load_known is False:
            return
        same_speed = known_only(same_speed, self.load_known)
        self.put_bounds(self.backward_load, name, bounds, same_speed, LOAD_CODES[name][self.gait][1])
        self.put_bounds(self.ratio_load, RATIO_NAMES[name], bounds, same_speed / forward)

    def put(self, section: Values, name: str, value: Number, factor: Number, evidence: Code | None = None) -> None:
        """Write one estimate with the ends of its interval, and its evidence grade if it has one."""
        if evidence is None:
            section[name] = {"value": value, "low": value / factor, "high": value * factor}
        else:
            section[name] = {
                "value": value,
                "low": value / factor,
                "high": value * factor,
                "evidence": GRADES[evidence] if isinstance(evidence, int) else grades_of(evidence),
            }

    def put_bounds(
        self,
        section: Values,
        name: str,
        bounds: tuple[float, float],
        value: Number,
        evidence: Code | None = None,
    ) -> None:
        """Write bounds without a value, as multiples of another value."""
        section[name] = {"low": bounds[0] * value, "high": bounds[1] * value}
        if evidence is not None:
            section[name]["evidence"] = grades_of(evidence)

    def label_intensity(self, forward_met: Number, backward_met: Number) -> None:
        """Write the absolute intensity of both directions: light, moderate or vigorous."""
        self.forward["intensity"] = intensity(met=forward_met)
        self.backward["intensity"] = intensity(met=backward_met)

    def close_load(self) -> None:
        """Add the load indicators to the answer; a direction without indicators gets no load section."""
        for section, found in (
            (self.forward, self.forward_load),
            (self.backward, self.backward_load),
            (self.ratio, self.ratio_load),
        ):
            if found:
                section["load"] = found


def known_only(value: Number, known: Condition) -> Number:
    """Return a value; in a column, NaN in the rows where it is unknown."""
    return value if known is True else where(known, value, np.nan)


def rows_of(section: Values, rows: NDArray[np.intp]) -> list[Values]:
    """Return one section for each row of a section of columns, without the values that are unknown in that row."""
    answers: list[Values] = [{} for _ in rows]
    for name, column in section.items():
        if isinstance(column, dict):
            cells: list[Any] = [cell if cell.keys() - {"evidence"} else None for cell in rows_of(column, rows)]
        elif isinstance(column, np.ndarray):
            cells = [None if isinstance(cell, float) and math.isnan(cell) else cell for cell in column[rows].tolist()]
        else:
            cells = [column] * len(rows)
        for answer, cell in zip(answers, cells, strict=True):
            if cell is not None:
                answer[name] = cell
    return answers


def around(value: float, spread: float, score: float) -> Graded:
    """Return an estimate with the ends of its interval."""
    factor = float(spread_factor(spread, score))
    return {"value": value, "low": value / factor, "high": value * factor}
