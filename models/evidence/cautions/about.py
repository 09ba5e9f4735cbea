"""Point to the parts of an answer that a warning concerns."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from retrorun.models.evidence.cautions.plan import SINGLE, plans_of
from retrorun.models.evidence.cautions.registry import CAUTIONS, Parameter
from retrorun.models.vocabulary.answer import Warning
from retrorun.models.vocabulary.choices import DIRECTIONS

Node: TypeAlias = Mapping[str, Any]
Places: TypeAlias = dict[str, list[str]]

ANSWER: Final = "answer"
"""The place of parts at the top of an answer, and of those inside its objects."""


def with_details(answer: Node, *, params: bool, about: bool) -> list[Warning]:
    """Return the warnings of an answer with their parameters and pointers, as asked."""
    places = {plan: places_of(answer, plan) for plan in ("", *SINGLE)} if about else {}
    found: list[Warning] = []
    for warning in answer["warnings"]:
        plans = plans_of(warning)
        detailed = warning.copy()
        if params:
            detailed["params"] = parameters(warning["code"], plans)
        if about:
            detailed["about"] = pointers(warning["code"], [places[plan] for plan in plans or [""]])
        found.append(detailed)
    return found


def parameters(code: str, plans: Sequence[str] = ()) -> dict[str, Parameter]:
    """Return the values in the text of a warning."""
    values = CAUTIONS[code].params
    return {"plans": " and ".join(plans), **values} if plans else values.copy()


def pointers(code: str, places: Sequence[Places]) -> list[str]:
    """Return the JSON pointers to the parts that a warning concerns. Only parts of the answer are named."""
    found = (pointer for part in CAUTIONS[code].about for known in places for pointer in known.get(part, ()))
    return list(dict.fromkeys(found))


def places_of(answer: Node, plan: str = "") -> Places:
    """Return the pointers of an answer, or of one plan in it, by the part that they point to, as place/name.

    Values of a list of segments are left out: the totals over them are named.
    """
    found: Places = {}
    for pointer, places, node in sections(answer, plan):
        for place in places:
            found.setdefault(f"{place}/", []).append(pointer)
            for name in node:
                found.setdefault(f"{place}/{name}", []).append(f"{pointer}/{name}")
            for name in node.get("load", ()):
                found.setdefault(f"{place}/{name}", []).append(f"{pointer}/load/{name}")
    for name, value in ({} if plan else answer).items():
        found.setdefault(f"{ANSWER}/{name}", []).append(f"/{name}")
        if isinstance(value, dict):
            for inner in value:
                found.setdefault(f"{ANSWER}/{name}/{inner}", []).append(f"/{name}/{inner}")
    return found


def sections(answer: Node, plan: str) -> Iterator[tuple[str, Sequence[str], Node]]:
    """Yield the objects of an answer that hold quantities, each with its pointer and the directions it is of."""
    if plan or "bouts" in answer:
        chosen, start = (answer.get(plan, {}), f"/{plan}") if plan else (answer, "")
        bouts = chosen.get("bouts", ())
        for place, bout in enumerate(bouts):
            yield f"{start}/bouts/{place}", [bout["direction"]], bout
        if "totals" in chosen:
            yield f"{start}/totals", sorted({bout["direction"] for bout in bouts}), chosen["totals"]
        return
    done = [way for way in DIRECTIONS if way in answer]
    for way in done:
        yield f"/{way}", [way], answer[way]
    if "totals" in answer:
        yield "/totals", done, answer["totals"]
        yield "/reversed", [way for way in DIRECTIONS if way != way_of_all(done)], answer["reversed"]
    if "ratio" in answer:
        yield "/ratio", ["ratio"], answer["ratio"]


def way_of_all(done: Sequence[str]) -> str:
    """Return the direction of a workout that has one, or nothing."""
    return done[0] if len(done) == 1 else ""
