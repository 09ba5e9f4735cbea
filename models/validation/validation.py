"""Compare the running code with every measurement in the committed tables, and list the misses.

Values are computed on request from the current tables and models. Nothing is tuned, and no row is dropped: a row that
no model predicts is listed with the reason. The group interval judges a group's mean. It combines the model, study
(backward) and person / sqrt(n) parts; the interval of one person is wider.
"""

import math
import re
from collections.abc import Iterable, Mapping
from functools import cache
from statistics import fmean
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict, cast

from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.numerics.quantiles import chi_square_quantile
from retrorun.models.physiology.uncertainty import PERSON_FORWARD_CV, PERSON_RATIO_CV, root_sum_square
from retrorun.models.sources.tables import number, numbered
from retrorun.models.validation.comparison import INTERVAL, ComparedIndicator, ComparedModel, Comparison, NotPredicted
from retrorun.models.validation.conclusions import Coverage, coverages, covered_share
from retrorun.models.validation.energy import compared_energy, compared_ratios
from retrorun.models.validation.load import compared_findings, compared_load
from retrorun.models.validation.pooling import Pooling, pooling
from retrorun.models.validation.timing import compared_timing
from retrorun.models.vocabulary.choices import DirectionModelName, Gait

ModelFilter: TypeAlias = Literal["all", ComparedModel]
IndicatorFilter: TypeAlias = Literal["all", ComparedIndicator]

UNKNOWN_CAUSE: Final = "cause unknown"
NO_SAMPLE_SIZE: Final = "cause unknown; no sample size, so the interval has only the model part"

CAUSES: Final[dict[str, str]] = {
    "Paes & Fernandez 2016": "its energy figures are inconsistent",
    "Kim & Choi 2001": "measured above the other studies of walking near this speed; cause unknown",
    "Weyand 2010": "each direction at its own top speed, where contact times are nearly equal; never extrapolated",
    "Cavagna2012": "1.075 is a choice between 1.107 here and 1.043 (Roos 2012)",
}
"""The cause of a miss by study, from docs/evidence.md. Other causes are unknown."""

CAUSES_OF_MODEL: Final[dict[tuple[str, str], str]] = {
    ("minetti2002", "net_cost_j_kg_m walk"): "the polynomial gives 2.5 J/kg/m level, but 1.64 was measured: "
    "only its shape over grade is used",
}
"""The same, by model and indicator with gait."""

TABLE_CODE: Final = re.compile(r" code \d+$")
"""The end of the name of a row of a table. All rows of the table are one study."""

SPREAD_LEFT_OUT: Final[dict[str, str]] = {
    "Li 2020 treadmill": "its standard deviation includes scatter of body mass: not usable per kilogram",
}
"""Studies whose standard deviation of oxygen uptake is not the spread between people per kilogram."""


class Miss(TypedDict):
    """A measured value outside the group interval, with the cause if known."""

    name: str
    table: str
    rows: list[int]
    model: ComparedModel
    direction_model: NotRequired[DirectionModelName]
    indicator: ComparedIndicator
    standard_score: float
    in_range: bool
    cause: str


class Summary(TypedDict):
    """The errors of one model for one indicator, gait and direction."""

    model: ComparedModel
    direction_model: NotRequired[DirectionModelName]
    indicator: ComparedIndicator
    gait: str
    direction: str
    unit: str
    comparisons: int
    studies: int
    fitted_comparisons: int
    out_of_range: int
    bias: float
    root_mean_square_error: float
    mean_absolute_percentage_error: float
    judged: int
    covered: int
    share_covered: NotRequired[float]
    share_low: NotRequired[float]
    share_high: NotRequired[float]


class SpreadComparison(TypedDict):
    """A published spread between people compared with the person part of the model."""

    study: str
    row: int
    gait: str
    direction: str
    speed_m_s: NotRequired[float]
    n: int
    published_cv: float
    model_cv: float
    published_over_model: float
    low: float
    high: float
    holds_one: bool


class SpreadLeftOut(TypedDict):
    """A published spread that is not usable per kilogram, with the reason."""

    study: str
    row: int
    reason: str


class Validation(TypedDict):
    """The comparison of the running code with the committed tables."""

    version: str
    hash: str
    group_interval: float
    coverage: list[Coverage]
    summary: list[Summary]
    misses: list[Miss]
    comparisons: list[Comparison]
    not_predicted: NotRequired[list[NotPredicted]]
    spreads: NotRequired[list[SpreadComparison]]
    spreads_left_out: NotRequired[list[SpreadLeftOut]]
    pooling: NotRequired[Pooling]


@cache
def validation(*, model: ModelFilter = "all", indicator: IndicatorFilter = "all") -> Validation:
    """Return every comparison of the running code with the committed tables.

    Parameters
    ----------
    model : str
        One energy, direction, timing or load model, or "all".
    indicator : str
        One quantity, or "all".

    Returns
    -------
    Validation
        If you choose one, only the parts that depend on the choice: comparisons, misses and summary.

    Examples
    --------
    >>> found = validation(model="looney2025", indicator="oxygen_uptake_ml_kg_min")
    >>> {comparison["gait"] for comparison in found["comparisons"]}
    {'run'}
    """
    chosen = [
        comparison
        for comparison in _everything_compared()[0]
        if model in {"all", comparison["model"], comparison.get("direction_model")}
        and indicator in {"all", comparison["indicator"]}
    ]
    result: Validation = {
        "version": __version__,
        "hash": models_hash(),
        "group_interval": INTERVAL,
        "coverage": coverages(chosen),
        "summary": summaries(chosen),
        "misses": [_miss(comparison) for comparison in chosen if not comparison.get("inside", True)],
        "comparisons": chosen,
    }
    if model == indicator == "all":
        result["not_predicted"] = _everything_compared()[1]
        result["spreads"], result["spreads_left_out"] = spreads()
        result["pooling"] = pooling(interval=INTERVAL)
    return result


@cache
def _everything_compared() -> tuple[list[Comparison], list[NotPredicted]]:
    compared: list[Comparison] = []
    not_predicted: list[NotPredicted] = []
    for source in (compared_energy, compared_ratios, compared_timing, compared_load, compared_findings):
        for item in source():
            if "measured" in item:
                compared.append(cast(Comparison, item))
            else:
                not_predicted.append(item)
    return compared, not_predicted


def groups_of(comparisons: Iterable[Comparison]) -> list[list[Comparison]]:
    """Return comparisons grouped by model, direction model, indicator, gait and direction, in their order."""
    groups: dict[tuple[str, ...], list[Comparison]] = {}
    for each in comparisons:
        key = each["model"], each.get("direction_model", ""), each["indicator"], each["gait"], each["direction"]
        groups.setdefault(key, []).append(each)
    return list(groups.values())


def summaries(comparisons: Iterable[Comparison]) -> list[Summary]:
    """Return bias, error and coverage of each group of comparisons, in their order."""
    return [_summary(group) for group in groups_of(comparisons)]


def _summary(group: list[Comparison]) -> Summary:
    first = group[0]
    judged = [comparison["inside"] for comparison in group if "inside" in comparison]
    result: Summary = {
        "model": first["model"],
        "indicator": first["indicator"],
        "gait": first["gait"],
        "direction": first["direction"],
        "unit": first["unit"],
        "comparisons": len(group),
        "studies": len({re.sub(TABLE_CODE, "", comparison["study"]) for comparison in group}),
        "fitted_comparisons": sum(comparison["fitted"] for comparison in group),
        "out_of_range": sum(not comparison["in_range"] for comparison in group),
        "bias": fmean(comparison["error"] for comparison in group),
        "root_mean_square_error": math.sqrt(fmean(comparison["error"] ** 2 for comparison in group)),
        "mean_absolute_percentage_error": 100 * fmean(abs(comparison["relative_error"]) for comparison in group),
        "judged": len(judged),
        "covered": sum(judged),
    }
    if "direction_model" in first:
        result["direction_model"] = first["direction_model"]
    return {**result, **covered_share(sum(judged), len(judged))}


def name_of(comparison: Comparison) -> str:
    """Return a readable name of a comparison: study, gait, direction, speed, grade and equation."""
    where = [comparison["gait"], comparison["direction"]]
    if "speed_m_s" in comparison:
        where.append(f"{comparison['speed_m_s']:g} m/s")
    if comparison.get("grade"):
        where.append(f"grade {comparison['grade']:g}")
    equation = " × ".join(filter(None, (comparison["model"], comparison.get("direction_model", ""))))
    return f"{comparison['study']}: {' '.join(where)}: {equation}"


def _miss(comparison: Comparison) -> Miss:
    model = (comparison["model"], f"{comparison['indicator']} {comparison['gait']}")
    unknown = UNKNOWN_CAUSE if "n" in comparison else NO_SAMPLE_SIZE
    miss: Miss = {
        "name": name_of(comparison),
        "table": comparison["table"],
        "rows": comparison["rows"],
        "model": comparison["model"],
        "indicator": comparison["indicator"],
        "standard_score": comparison["standard_score"],
        "in_range": comparison["in_range"],
        "cause": CAUSES_OF_MODEL.get(model) or CAUSES.get(comparison["study"], unknown),
    }
    if "direction_model" in comparison:
        miss["direction_model"] = comparison["direction_model"]
    return miss


def spreads() -> tuple[list[SpreadComparison], list[SpreadLeftOut]]:
    """Return the comparison of each published spread of oxygen uptake with the person part, and the spreads left out.

    Notes
    -----
    The interval is the one of a standard deviation of n people: sd sqrt((n - 1) / chi-square quantile).
    """
    found: list[SpreadComparison] = []
    without: list[SpreadLeftOut] = []
    for row, cells in numbered("energy"):
        if not cells["sd"]:
            continue
        reason = SPREAD_LEFT_OUT.get(cells["study"])
        if not cells["oxygen_uptake_ml_kg_min"]:
            reason = "not of oxygen uptake, but of cost per distance"
        elif not cells["n"]:
            reason = "no sample size"
        if reason:
            without.append({"study": cells["study"], "row": row, "reason": reason})
            continue
        found.append(_spread(row, cells))
    return found, without


def _spread(row: int, cells: Mapping[str, str]) -> SpreadComparison:
    gait: Gait = "run" if cells["gait"] == "run" else "walk"
    people = int(cells["n"])
    published = float(cells["sd"]) / float(cells["oxygen_uptake_ml_kg_min"])
    backward = PERSON_RATIO_CV[gait] if cells["direction"] == "backward" else 0.0
    model = cast(float, root_sum_square(PERSON_FORWARD_CV[gait], backward))
    ratio = published / model
    low, high = (
        ratio * math.sqrt((people - 1) / chi_square_quantile(probability, degrees=people - 1))
        for probability in ((1 + INTERVAL) / 2, (1 - INTERVAL) / 2)
    )
    result: SpreadComparison = {
        "study": cells["study"],
        "row": row,
        "gait": gait,
        "direction": cells["direction"],
        "n": people,
        "published_cv": published,
        "model_cv": model,
        "published_over_model": ratio,
        "low": low,
        "high": high,
        "holds_one": low <= 1 <= high,
    }
    speed = number(cells["speed_m_s"])
    if speed is not None:
        result["speed_m_s"] = speed
    return result
