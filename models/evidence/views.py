"""Choose what an answer shows: its view, and the parts that a request lists in `include`.

The models compute a whole answer. `standard` leaves out what follows from other values of the same answer, the list of
references, and what programs need but few people read. `full` has everything. `summary` is for one look.
"""

from collections.abc import Callable, Collection, Mapping
from typing import Any, Final, TypeAlias

from retrorun.models.evidence.cautions import with_details
from retrorun.models.vocabulary.choices import DIRECTIONS, SECTIONS, View

Values: TypeAlias = dict[str, Any]

DEFAULT: Final[View] = "standard"
REFERENCES: Final = "references"
SPREAD: Final = "spread"
SUMMARY: Final = "summary"

LIMITING: Final = frozenset(SECTIONS) - {REFERENCES}
"""The sections of an estimate. If a request lists any of them, the answer has only those."""
BESIDE_SUMMARY: Final = ("forward", "backward", "ratio", "personal", SPREAD)
"""What an estimate leaves out if the summary is the only section that a request lists."""
CHOOSING: Final = frozenset({"view", "include"})
DETAILS: Final = frozenset({"params", "about"})
NOT_LIMITING: Final = DETAILS | {REFERENCES, SPREAD}
"""Parts that `include` adds to the answer."""

DERIVED: Final = ("metabolic_power_w_kg", "met", "resting_energy_kcal", "energy_per_km_kcal", "steps")
"""Values of a bout that follow from others of the same answer: power and MET from the oxygen uptake, rest from total
and active energy, energy per kilometre from total energy and distance, steps from cadence and duration."""
DERIVED_LOAD: Final = "patellofemoral_impulse_per_bout_bw_s"
"""The impulse per kilometre times the distance."""

OF_SUMMARY: Final = (SUMMARY, "gait")
TEXTS: Final = ("message", "docs")
"""What a summary leaves out of a warning. It is in GET /messages under the code."""


def answer_in_view(compute: Callable[..., Any], asked: Mapping[str, Any], *given: Any) -> Values:
    """Return the answer to a request in the view that it asks for.

    Parameters
    ----------
    compute : callable
        The function of `models` that answers the request.
    asked : mapping
        The fields of the request. `view` and `include` choose what the answer shows.
    *given : Any
        What the function needs besides the fields.

    Returns
    -------
    dict
        The answer.

    Examples
    --------
    >>> def compute(include=()):
    ...     return {"gait": "run", "warnings": [], "models": {"version": "1", "hash": "0"}, "references": []}
    >>> sorted(answer_in_view(compute, {})), sorted(answer_in_view(compute, {"view": "summary"}))
    (['gait', 'models', 'warnings'], ['gait', 'warnings'])
    """
    view, include = asked.get("view", DEFAULT), asked.get("include", ())
    fields: Mapping[str, Any] = asked
    if not CHOOSING.isdisjoint(asked):
        parts = parts_to_compute(view, include)
        fields = {name: value for name, value in asked.items() if name not in CHOOSING}
        fields |= {"include": parts} if parts else {}
    answer = compute(*given, **fields)
    if "include" in asked and not include:
        del answer[SUMMARY]
    return shown(answer, view, include)


def parts_to_compute(view: View, include: Collection[str]) -> list[str]:
    """Return the parts that the models have to compute; an empty list for their default.

    Examples
    --------
    >>> parts_to_compute("standard", ["references"]), parts_to_compute("full", ["energy", "references", "params"])
    ([], ['energy', 'references'])
    """
    parts = [part for part in include if part not in NOT_LIMITING]
    if view == "summary" or parts == [SUMMARY]:
        return []  # the summary needs the sections
    # In an estimate the references are those of the sections.
    return [*parts, REFERENCES] if REFERENCES in include and not LIMITING.isdisjoint(parts) else parts


def shown(answer: Values, view: View, include: Collection[str]) -> Values:
    """Return what a view shows of an answer, with the details that `include` lists."""
    full = view == "full"
    if view == "summary":
        answer = summary_of(answer)
    elif not full:
        leave_out(answer, include)
    if LIMITING.intersection(include) == {SUMMARY}:
        for name in BESIDE_SUMMARY:
            if name not in include:
                answer.pop(name, None)
    if full or not DETAILS.isdisjoint(include):
        # Last, because the pointers are to parts that this answer has.
        answer["warnings"] = with_details(answer, params=full or "params" in include, about=full or "about" in include)
    if view == "summary":
        for warning in answer["warnings"]:
            for name in TEXTS:
                del warning[name]
    return answer


def leave_out(answer: Values, include: Collection[str]) -> None:
    """Remove the parts that only the full view has, except those that a request lists."""
    for name in (REFERENCES, SPREAD):
        if name not in include:
            answer.pop(name, None)
    if "totals" not in answer:
        for way in DIRECTIONS:
            leave_out_derived(answer.get(way, {}))


def leave_out_derived(bout: Values) -> None:
    """Remove the values of a bout that follow from others of the same answer."""
    for name in DERIVED:
        bout.pop(name, None)
    if "load" in bout:
        bout["load"].pop(DERIVED_LOAD, None)


def summary_of(answer: Values) -> Values:
    """Return an answer for one look: its summary, and the warnings that a person has to know, without their texts."""
    found: Values = {name: answer[name] for name in OF_SUMMARY if name in answer}
    found["warnings"] = [warning.copy() for warning in answer["warnings"] if warning["severity"] == "safety"]
    return found
