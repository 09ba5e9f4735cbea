"""How often each model's range held what was measured, and what to conclude from it in one sentence."""

from collections.abc import Sequence
from statistics import fmean
from typing import Final, NotRequired, TypedDict, get_args

from models.comparison import INTERVAL, ComparedModel, Comparison
from models.direction import DirectionModelName
from models.quantiles import binomial_interval

SHOWN_WITH: Final = get_args(DirectionModelName)[0]
"""Direction model with which backward energies count for an energy equation, so that each row counts once."""


class Coverage(TypedDict):
    """How many of its measured values one model covers, over all its indicators."""

    model: ComparedModel
    comparisons: int
    judged: int
    covered: int
    share_covered: NotRequired[float]
    share_low: NotRequired[float]
    share_high: NotRequired[float]
    conclusion: str


def coverages(comparisons: Sequence[Comparison]) -> list[Coverage]:
    """Return the coverage of every model that takes part in comparisons, in the order of `ComparedModel`."""
    found = []
    for model in _names(ComparedModel):
        own = [
            comparison
            for comparison in comparisons
            if comparison.get("direction_model") == model
            or (comparison["model"] == model and comparison.get("direction_model", SHOWN_WITH) == SHOWN_WITH)
        ]
        if own:
            found.append(coverage(model, own))
    return found


def _names(choice: object) -> tuple[ComparedModel, ...]:
    return tuple(
        name for part in get_args(choice) for name in (get_args(part) if not isinstance(part, str) else (part,))
    )


def coverage(model: ComparedModel, comparisons: Sequence[Comparison]) -> Coverage:
    """Return the coverage of one model over at least one comparison."""
    judged = [comparison["inside"] for comparison in comparisons if "inside" in comparison]
    found: Coverage = {
        "model": model,
        "comparisons": len(comparisons),
        "judged": len(judged),
        "covered": sum(judged),
        "conclusion": "",
    }
    if judged:
        found["share_covered"] = sum(judged) / len(judged)
        found["share_low"], found["share_high"] = binomial_interval(sum(judged), len(judged), interval=INTERVAL)
    found["conclusion"] = conclusion(found, comparisons)
    return found


def conclusion(found: Coverage, comparisons: Sequence[Comparison]) -> str:
    """Return what to conclude of one model, in a sentence."""
    off = f"typically {100 * fmean(abs(comparison['relative_error']) for comparison in comparisons):.0f} % off"
    made = all(comparison["fitted"] for comparison in comparisons)
    proves = ", and it was made from these rows, so this proves little" if made else ""
    if "share_high" not in found:
        return f"No row has what a range is judged by; it is {off}{proves}."
    held = f"{found['covered']} of {found['judged']} measured values lie in it"
    allowed = f"(the true share may be {found['share_low']:.0%} to {found['share_high']:.0%})"
    if found["share_high"] < INTERVAL:
        return f"Its range is too narrow: only {held} {allowed}, so do not rely on it; it is {off}{proves}."
    if found["share_low"] < INTERVAL:
        return (
            f"Nothing here contradicts its {INTERVAL:.0%} range, but the rows are few: {held} {allowed}; {off}{proves}."
        )
    return f"Its range is wider than it needs to be: {held} {allowed}; it is {off}{proves}."
