"""Choose what an answer shows: its view, and the parts that a request lists in `include`.

`standard` leaves out what follows from other values of the same answer, the list of
references, and what programs need but few people read. `full` has everything. `summary` is for one look.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, TypeAlias

from retrorun.models.evidence.cautions import with_details
from retrorun.models.vocabulary.choices import SECTIONS, Section, View

Values: TypeAlias = dict[str, Any]

DEFAULT: Final[View] = "standard"
REFERENCES: Final = "references"
SUMMARY: Final = "summary"

ADDED: Final = ("derived", "spread", REFERENCES)
"""The sections of an estimate that only the full view has, unless a request lists them."""
LIMITING: Final = tuple(name for name in SECTIONS if name not in ADDED)
"""The other sections. If a request lists any of them, the answer has only those."""
BESIDE_SUMMARY: Final = ("forward", "backward", "ratio", "personal", "equations")
"""What an estimate leaves out if the summary is the only section that a request lists."""
CHOOSING: Final = frozenset({"view", "include"})
DETAILS: Final = frozenset({"params", "about"})
"""The parts of a warning that only the full view has, unless a request lists them."""

OF_SUMMARY: Final = (SUMMARY, "gait")
KNOWN_BY_CODE: Final = ("severity", "message", "docs")
"""What a summary leaves out of a warning. It is in GET /messages under the code, and the severity is always safety."""


def estimate_in_view(compute: Callable[..., Any], asked: Mapping[str, Any]) -> Values:
    """Return an estimate in the view that a request asks for. Sections that the view does not need are not computed.

    Parameters
    ----------
    compute : callable
        `models.estimate.estimate.estimate`, or a function with its arguments.
    asked : mapping
        The fields of the request. `view` and `include` choose what the answer shows.

    Returns
    -------
    dict
        The estimate.
    """
    view, include = asked.get("view", DEFAULT), asked.get("include", ())
    answer = compute(**without_choices(asked), include=sections_to_compute(view, tuple(include)))
    if include and view != "summary" and only_summary(include):
        for name in BESIDE_SUMMARY:
            answer.pop(name, None)
    return shown(answer, view, include)


@lru_cache
def sections_to_compute(view: View, include: Sequence[str]) -> tuple[Section, ...]:
    """Return the sections of an estimate that a view needs.

    Examples
    --------
    >>> sections_to_compute("standard", ("ratio", "energy", "params"))
    ('energy', 'ratio')
    >>> sections_to_compute("full", ("energy",)), sections_to_compute("standard", ("references",))[-2:]
    (('energy', 'derived', 'spread'), ('ratio', 'references'))
    """
    limited = not set(LIMITING).isdisjoint(include)
    wanted = {*include}
    if not limited or only_summary(include) or view == "summary":
        wanted |= {*LIMITING}
    if view == "full":
        wanted |= {*ADDED} - ({REFERENCES} if limited else set())
    return tuple(name for name in SECTIONS if name in wanted)


def only_summary(include: Collection[str]) -> bool:
    """Return whether the summary is the only section that a request lists."""
    return SUMMARY in include and set(LIMITING).intersection(include) == {SUMMARY}


def answer_in_view(compute: Callable[..., Any], asked: Mapping[str, Any], *given: Any) -> Values:
    """Return the answer to any other request in the view that it asks for.

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
    fields = without_choices(asked)
    parts = [part for part in include if part not in DETAILS and part != REFERENCES]
    answer = compute(*given, **fields, **({"include": parts} if parts else {}))
    if "include" in asked and not include:
        del answer[SUMMARY]
    if view != "full" and REFERENCES not in include:
        answer.pop(REFERENCES, None)
    return shown(answer, view, include)


def without_choices(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the fields of a request without those that choose what the answer shows."""
    if CHOOSING.isdisjoint(asked):
        return asked
    return {name: value for name, value in asked.items() if name not in CHOOSING}


def shown(answer: Values, view: View, include: Collection[str]) -> Values:
    """Return what a view shows of an answer, with the details that `include` lists."""
    full = view == "full"
    if view == "summary":
        answer = summary_of(answer)
    if full or not DETAILS.isdisjoint(include):
        # Last, because the pointers are to parts that this answer has.
        answer["warnings"] = with_details(answer, params=full or "params" in include, about=full or "about" in include)
    if view == "summary":
        for warning in answer["warnings"]:
            for name in KNOWN_BY_CODE:
                del warning[name]
    return answer


def summary_of(answer: Values) -> Values:
    """Return an answer for one look: its summary, and the warnings that a person has to know, without their texts."""
    found: Values = {name: answer[name] for name in OF_SUMMARY if name in answer}
    found["warnings"] = [warning for warning in answer["warnings"] if warning["severity"] == "safety"]
    return found
