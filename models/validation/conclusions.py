"""Count how often each model's range includes the measured value, and conclude in one sentence."""

from collections.abc import Sequence
from functools import cache
from statistics import fmean
from typing import Final, NotRequired, TypedDict, get_args

from retrorun.models.numerics.quantiles import binomial_interval
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.sources.tables import TableName
from retrorun.models.validation.comparison import INTERVAL, ComparedModel, Comparison
from retrorun.models.vocabulary.choices import DirectionModelName

SHOWN_WITH: Final = get_args(DirectionModelName)[0]
"""Direction model used to judge backward energies of an energy equation, so that each row counts once."""

RATIO_TABLE: Final[TableName] = "ratios"
"""Table used to judge the direction models: it has one row for each study and gait. Other tables repeat these rows."""


class Coverage(TypedDict):
    """How many measured values one model covers, over all its indicators."""

    model: ComparedModel
    comparisons: int
    judged: int
    covered: int
    share_covered: NotRequired[float]
    share_low: NotRequired[float]
    share_high: NotRequired[float]
    conclusion: str


class Share(TypedDict, total=False):
    """The share of judged comparisons that are covered, with its exact interval; empty if no comparison is judged."""

    share_covered: float
    share_low: float
    share_high: float


@cache
def covered_share(covered: int, judged: int) -> Share:
    """Return the share of covered comparisons, with its exact interval.

    Examples
    --------
    >>> covered_share(5, 5)["share_covered"], covered_share(0, 0)
    (1.0, {})
    """
    if not judged:
        return {}
    low, high = binomial_interval(covered, judged, interval=INTERVAL)
    return {"share_covered": covered / judged, "share_low": low, "share_high": high}


def judged_once(comparisons: Sequence[Comparison]) -> list[Comparison]:
    """Return one judged comparison of each measured value: with the default equation, unless another is chosen.

    The defaults are the first energy equation of each gait and the first direction model. As in `coverages`, a
    direction model counts only the rows of `RATIO_TABLE`.
    """
    compared = {name for comparison in comparisons for name in _equations(comparison)}
    others: set[str] = set()
    for default, *alternatives in (*map(tuple, ENERGY_MODELS.values()), get_args(DirectionModelName)):
        if default in compared:
            others.update(alternatives)
    found: dict[tuple[str, int, str], Comparison] = {}
    for comparison in comparisons:
        of_direction = comparison["model"] in get_args(DirectionModelName)
        repeated = of_direction and comparison["table"] != RATIO_TABLE
        if "inside" in comparison and not repeated and not others & _equations(comparison):
            found.setdefault((comparison["table"], comparison["rows"][-1], comparison["indicator"]), comparison)
    return list(found.values())


def _equations(comparison: Comparison) -> set[str]:
    """Return the equations of a comparison: a backward energy has two."""
    return {comparison["model"], comparison.get("direction_model", comparison["model"])}


def coverages(comparisons: Sequence[Comparison]) -> list[Coverage]:
    """Return the coverage of every compared model, in the order of `ComparedModel`.

    A direction model counts only the rows of `RATIO_TABLE`, one for each study and gait, because the exact interval of
    the share assumes independent rows.
    """
    found = []
    for model in get_args(ComparedModel):
        own = [comparison for comparison in comparisons if _counts(comparison, model)]
        if own:
            found.append(coverage(model, own))
    return found


def _counts(comparison: Comparison, model: ComparedModel) -> bool:
    if comparison["model"] != model:
        return False
    if model in get_args(DirectionModelName):
        return comparison["table"] == RATIO_TABLE
    return bool(comparison.get("direction_model", SHOWN_WITH) == SHOWN_WITH)


def coverage(model: ComparedModel, comparisons: Sequence[Comparison]) -> Coverage:
    """Return the coverage of one model over at least one comparison."""
    judged = [comparison["inside"] for comparison in comparisons if "inside" in comparison]
    found: Coverage = {
        "model": model,
        "comparisons": len(comparisons),
        "judged": len(judged),
        "covered": sum(judged),
        "conclusion": "",
        **covered_share(sum(judged), len(judged)),
    }
    found["conclusion"] = conclusion(found, comparisons)
    return found


def conclusion(found: Coverage, comparisons: Sequence[Comparison]) -> str:
    """Return one sentence about how well a model's range fits the mean of a group."""
    rows, made = len(comparisons), sum(comparison["fitted"] for comparison in comparisons)
    off = f"on average it is {100 * fmean(abs(comparison['relative_error']) for comparison in comparisons):.0f} % off"
    if made:
        off += f", and {made} of {rows} row{'s' * (rows > 1)} {'were' if made > 1 else 'was'} used to fit it"
    if "share_high" not in found:
        return f"No row allows a judgement of its range; {off}."
    held = f"{found['covered']} of {found['judged']} measured means lie in its range"
    allowed = f"(the true share may be {found['share_low']:.0%} to {found['share_high']:.0%})"
    if found["share_high"] < INTERVAL:
        return f"Its range is too narrow for a group's mean: only {held} {allowed}; {off}."
    if found["share_low"] < INTERVAL:
        return (
            f"Nothing here contradicts its {INTERVAL:.0%} range for a group's mean, but the rows are few: {held} "
            f"{allowed}; {off}."
        )
    return f"Its range is wider than it needs to be for a group's mean: {held} {allowed}; {off}."
