"""The column names of an estimate: the path of each number in the answer, joined with underscores.

The value of an estimate has the plain name. The ends of its interval have the suffixes `_low` and `_high`, its evidence
grade `_evidence`. Values that are never known have no column.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from typing import Any, Final, Literal, NamedTuple, NotRequired, get_args, get_origin, get_type_hints

from retrorun.models.estimate.personal import FACTOR_NUMBERS, MADE_WITH
from retrorun.models.vocabulary.answer import (
    BoundedIndicator,
    Bounds,
    Bout,
    Graded,
    Indicator,
    Interval,
    Load,
    LoadRatio,
    Parts,
    Ratio,
)
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Equal, Gait, Sex
from retrorun.models.vocabulary.errors import Conflict

NUMBERS: Final = (
    "body_mass_kg",
    "speed_m_s",
    "duration_s",
    "distance_m",
    "grade",
    "age_y",
    "height_m",
    "step_rate_ratio",
    "interval",
    "speed_sd_m_s",
    "body_mass_sd_kg",
    "oxygen_uptake_max_ml_kg_min",
    "weight_support",
)
"""Numbers of a request that can be columns; body mass is required."""

WORDS: Final[dict[str, tuple[str, ...]]] = {
    "gait": get_args(Gait),
    "equal": get_args(Equal),
    "energy_model": get_args(EnergyModelName),
    "direction_model": get_args(DirectionModelName),
    "sex": get_args(Sex),
    "overground": ("false", "true"),
}
"""Words of a request that can be columns, each with its choices."""

FACTOR_NUMBERS_OF: Final = {
    gait: {name: f"personal_{gait}_{name}" for name in FACTOR_NUMBERS} for gait in get_args(Gait)
}
"""The column of each number of a personal factor, by gait: the path in `personal`, joined with underscores."""

FACTOR_WORDS_OF: Final = {gait: {name: f"personal_{gait}_{name}" for name in MADE_WITH} for gait in get_args(Gait)}
"""The column of each equation that a personal factor belongs to, by gait."""

ALL_NUMBERS: Final = {name: name for name in NUMBERS} | {
    column: name for columns in FACTOR_NUMBERS_OF.values() for name, column in columns.items()
}
"""Every column of numbers, and the quantity that it holds."""

ALL_WORDS: Final = {name: name for name in WORDS} | {
    column: name for columns in FACTOR_WORDS_OF.values() for name, column in columns.items()
}
"""Every column of words, and the input whose choices and meaning it has."""

INPUT_COLUMNS: Final = (*NUMBERS, *WORDS, *(name for name in (ALL_NUMBERS | ALL_WORDS) if name.startswith("personal_")))
"""Every column that bouts can have."""

FLAGS: Final = frozenset({"overground"})
"""The words that are true or false in a request."""


class Output(NamedTuple):
    """A column of an answer: its path in the answer, and its choices if it is a word."""

    path: tuple[str, ...]
    choices: tuple[str, ...] = ()

    @property
    def quantity(self) -> str:
        """The quantity whose value, end or grade the column holds."""
        return self.path[-2] if self.path[-1] in PARTS else self.path[-1]


PARTS: Final = {"value": "", "low": "_low", "high": "_high", "evidence": "_evidence"}
"""Suffix of the column name for each part of an estimate."""

NEVER_KNOWN: Final = (
    "forward_load_knee_extensor_moment_ratio",
    "backward_load_tibial_compression_peak_bw",
    "forward_speed_m_s_evidence",
    "forward_distance_m_evidence",
)
"""Indicators that are missing in one direction, and grades of given values."""
ONLY_BOUNDED: Final = "backward_load_achilles_relative_load"


def _columns(path: tuple[str, ...], hint: Any) -> dict[str, Output]:
    """Return the columns below a path of the answer."""
    if get_origin(hint) is NotRequired:
        hint = get_args(hint)[0]
    if hint in (Bout, Load, Ratio, LoadRatio, Parts, Interval, Graded, Bounds, Indicator, BoundedIndicator):
        return {
            name: output
            for field, inner in get_type_hints(hint).items()
            for name, output in _columns((*path, field), inner).items()
        }
    name = "_".join(path[:-1]) + PARTS[path[-1]] if path[-1] in PARTS else "_".join(path)
    if name == ONLY_BOUNDED or name.startswith(NEVER_KNOWN):
        return {}
    return {name: Output(path, get_args(hint) if get_origin(hint) is Literal else ())}


OUTPUTS: Final[dict[str, Output]] = {
    "gait": Output(("gait",), WORDS["gait"]),
    **_columns(("forward",), Bout),
    **_columns(("backward",), Bout),
    **_columns(("ratio",), Ratio),
    **_columns(("spread",), Parts),
    "energy_model": Output(("models", "energy_model"), WORDS["energy_model"]),
    "direction_model": Output(("models", "direction_model"), WORDS["direction_model"]),
}
"""Every column of an answer except status and warnings, in the order of the answer."""
for _name in [name for name in OUTPUTS if name.startswith("spread_personal_")]:
    del OUTPUTS[_name]  # Few rows have a personal factor.

WARNINGS: Final = "warnings"
FIELDS: Final = (*OUTPUTS, WARNINGS)
"""The names that a request may list in `fields`."""

STATUS: Final = (
    "ok",
    "required",
    "not_finite",
    "out_of_range",
    "not_a_choice",
    "conflicting_inputs",
    "grade_undefined",
    "no_equal_speed",
    "not_above_rest",
)
"""Values of a row's status: ok if it has an estimate, else the code of the error that a single request would get."""


def checked_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the wanted columns; raise if one is unknown or listed twice.

    Examples
    --------
    >>> checked_fields(["gait", "forward_met"])
    ('gait', 'forward_met')
    """
    for index, field in enumerate(fields):
        if field not in FIELDS:
            holding = [each for each in FIELDS if field and f"_{field}" in f"_{each}"]
            near = holding or get_close_matches(field, FIELDS, n=1)
            meant = f" Did you mean {near[0]}?" if near else ""
            message = f"Unknown field.{meant} Give columns of the answer, for example forward_total_energy_kcal."
            raise Conflict(f"fields/{index}", message, "unknown_field")
    if not fields or len(set(fields)) < len(fields):
        raise Conflict("fields", "Give at least one field, and each only once.", "not_unique")
    return tuple(fields)
