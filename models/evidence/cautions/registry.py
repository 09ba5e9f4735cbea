"""Define a warning once: its code, severity, text, the values in the text, and the parts of an answer it concerns."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Final, Literal, TypeAlias, get_args

from retrorun.models.sources.tables import table
from retrorun.models.vocabulary.answer import Warning
from retrorun.models.vocabulary.choices import Severity

Kind = Literal["energy", "timing", "load", "absent", "caution"]
"""`energy`, `timing` and `load` mean that an estimate is outside the data behind it. `absent` means that something is
missing, and why. `caution` says how to read or use the answer. It is the first word of the code."""

Parameter: TypeAlias = float | str

DOCS: Final = "/messages#"

SPEED: Final = ("m/s", "m_s")
GRADE: Final = ("rise over run", "grade")
"""Units of a range, and the ending of the names of its ends."""

SEVERITIES: Final[tuple[Severity, ...]] = get_args(Severity)
"""The order of the warnings of an answer. safety: a person can get hurt who does not know it. limit: the answer is
outside its data, wider than the data, or has a part missing. note: how the answer was made, and how to improve it."""


@dataclass(frozen=True)
class Caution:
    """A warning that an answer can have."""

    code: str
    severity: Severity
    text: str
    """The message, with each of its values as {name}."""
    params: dict[str, Parameter]
    about: tuple[str, ...]
    """The parts that it concerns, as place/name: see `about.pointers`."""


CAUTIONS: Final[dict[str, Caution]] = {}
"""Every warning an answer can hold, by code."""

WARNINGS: Final[dict[str, Warning]] = {}
"""The same warnings, as an answer holds them."""

PARAMETERS: Final[dict[str, str]] = {
    "equation": "Name of the forward energy equation.",
    "study": "The study, by author and year.",
    "low_m_s": "Lowest speed of the data [m/s].",
    "high_m_s": "Highest speed of the data [m/s].",
    "low_grade": "Lowest grade of the data, rise over run [1].",
    "high_grade": "Highest grade of the data, rise over run [1].",
    "speed_m_s": "Speed in the sentence [m/s].",
    "backward_speed_m_s": "Speed going backward in the sentence [m/s].",
    "fallers_speed_m_s": "Speed below which all people walked who had fallen [m/s].",
    "speed_sd_m_s": "Standard deviation of the speed between people [m/s].",
    "slope_deg": "Slope in the sentence, up or down [deg].",
    "other_slope_deg": "Slope in the sentence, of another study [deg].",
    "knee_slope_deg": "Slope up to which the knee was studied, up or down [deg].",
    "slope_percent": "Slope in the sentence [%].",
    "people": "Number of people in the study.",
    "other_people": "Number of people in the other study.",
    "third_people": "Number of people in the third study.",
    "age_y": "Mean age of the people in the study [a].",
    "weeks": "Weeks of training.",
    "other_weeks": "Weeks of training in the other study.",
    "percent": "Change or share in the sentence [%].",
    "other_percent": "Change or share in the other study or direction [%].",
    "third_percent": "Change or share in the third case [%].",
    "low_percent": "Lowest change or error [%].",
    "high_percent": "Highest change or error [%].",
    "low_force_percent": "Lowest error of the force [%].",
    "high_force_percent": "Highest error of the force [%].",
    "ratio": "Backward over forward [1].",
    "other_ratio": "Backward over forward of the other gait [1].",
    "factor": "Factor in an equation [1].",
    "heart_rate_per_min": "Heart rate [1/min].",
    "oxygen_uptake_ml_kg_min": "Oxygen uptake [ml/kg/min].",
    "oxygen_uptake_sd_ml_kg_min": "Standard deviation of the oxygen uptake between people [ml/kg/min].",
    "measured_ml_kg_min": "Oxygen uptake measured at rest [ml/kg/min].",
    "exchange_ratio": "Change of the respiratory exchange ratio [1].",
    "probability": "Probability of so large a difference by chance [1].",
    "low_steps_per_min": "Lowest cadence [steps/min].",
    "high_steps_per_min": "Highest cadence [steps/min].",
    "low_s": "Shortest contact time [s].",
    "high_s": "Longest contact time [s].",
    "downhill_bw": "Force downhill, in body weights [1].",
    "level_bw": "Force on the level, in body weights [1].",
    "uphill_bw": "Force uphill, in body weights [1].",
    "cadence_percent": "Assumed error of the cadence of a watch [%].",
    "contact_time_percent": "Assumed error of the contact time of a watch [%].",
    "may_say": "The sentence of GET /evidence that an app may say.",
    "finding": "The finding of GET /evidence behind it.",
    "plans": "The plans in one direction that the warning concerns.",
}
"""Meaning and unit of each value in a text. `plans` is only in a warning of a plan that is not of the best one: its
message starts with "For {plans}: "."""


def caution(
    kind: Kind, name: str, severity: Severity, text: str, *, about: tuple[str, ...], **params: Parameter
) -> str:
    """Define a warning and return its code. Its message is the text with the values in place of their names.

    Values that are in no constant of the models come from `models/sources/facts.csv`.

    Examples
    --------
    >>> CAUTIONS["caution.fall"].severity, WARNINGS["caution.fall"]["docs"]
    ('safety', '/messages#caution.fall')
    """
    code = f"{kind}.{name}"
    given = params | {row["name"]: float(row["value"]) for row in table("facts") if row["code"] == code}
    values = {key: value if isinstance(value, str) else short(value) for key, value in given.items()}
    CAUTIONS[code] = Caution(code, severity, text, values, about)
    WARNINGS[code] = {
        "code": code,
        "severity": severity,
        "message": text.format(**values),
        "docs": DOCS + code,
    }
    return code


def ranged(
    kind: Kind,
    name: str,
    text: str,
    bounds: tuple[float, float],
    *,
    about: tuple[str, ...],
    unit: tuple[str, str] = SPEED,
    **params: Parameter,
) -> str:
    """Define a limit whose text holds a range as {range}, and return its code."""
    low, high = bounds
    said, suffix = unit
    ends: dict[str, Parameter] = {f"low_{suffix}": low}
    piece = f"{{low_{suffix}}} {said}"
    if math.isinf(high):
        piece += " and more"
    elif high != low:
        ends[f"high_{suffix}"] = high
        piece = f"{{low_{suffix}}} to {{high_{suffix}}} {said}"
    return caution(kind, name, "limit", text.replace("{range}", piece), about=about, **params, **ends)


def short(value: float) -> int | float:
    """Return a number as a text shows it: with four digits, and whole if it is.

    Examples
    --------
    >>> short(4.0), short(2.60000001), short(1.153953)
    (4, 2.6, 1.154)
    """
    rounded = float(f"{value:.4g}")
    return int(rounded) if rounded.is_integer() else rounded


def warnings_of(codes: Iterable[str]) -> list[Warning]:
    """Return the warnings of codes, each once: safety first, then limits, then notes. Equal ones keep their order.

    Examples
    --------
    >>> [warning["severity"] for warning in warnings_of(["caution.rest", "caution.fall", "caution.rest"])]
    ['safety', 'note']
    """
    return [warning.copy() for warning in _in_order(tuple(codes))]


@lru_cache
def _in_order(codes: tuple[str, ...]) -> tuple[Warning, ...]:
    return tuple(ranked([WARNINGS[code] for code in dict.fromkeys(codes)]))


def ranked(warnings: Sequence[Warning]) -> list[Warning]:
    """Return warnings, safety first, then limits, then notes."""
    return [warning for severity in SEVERITIES for warning in warnings if warning["severity"] == severity]
