"""Find how likely one person is above a value in a given bout, in each direction."""

from collections.abc import Mapping
from typing import Final, cast

from retrorun.models.estimate.builder import AnswerBuilder, Values, around
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute
from retrorun.models.evidence import cautions
from retrorun.models.solve.answer import Solved
from retrorun.models.solve.chances import probability_at_most, score_of
from retrorun.models.solve.finders import PROBABLE, Found, Question, one_given_of, share_of_maximum, speed_warnings
from retrorun.models.solve.load_ranges import INDICATORS, LOAD_SECTIONS, WARNINGS_OF_EVERY_LOAD, WARNINGS_OF_LOAD
from retrorun.models.vocabulary.choices import DIRECTIONS, Direction, Section
from retrorun.models.vocabulary.errors import Unattainable, Undefined

ENERGY_SECTIONS: Final[tuple[Section, ...]] = ("energy",)


def find_probability(question: Question) -> Found:
    """Find the probability that one person is above a value in the given bout, and at most at it."""
    case, target = question.case, one_given_of(question.given, PROBABLE)
    builder = estimated(case, target, question.person.score)
    estimates = {side: entry for side in DIRECTIONS if (entry := entry_of(builder, target, side)) is not None}
    codes = warnings_of(question, target, builder, estimates)
    if not estimates:
        why = " ".join(cautions.WARNINGS[code]["message"] for code in codes if code.startswith("absent."))
        raise Undefined(target, f"This load is unknown in both directions. {why}".strip(), "unknown_load")
    found: dict[Direction, Solved | Unattainable] = {}
    for side, entry in estimates.items():
        solved: Values = {
            name: around(cast(float, getattr(case, name)), 0.0, 0.0) for name in ("speed_m_s", "distance_m")
        }
        solved["duration_s"] = around(cast(float, case.duration_s), 0.0, 0.0)
        if target in INDICATORS:
            solved["load"] = {target: entry}
        else:
            solved[target] = entry
            solved |= share_of_maximum(question, cast(float, case.speed_m_s), side)
        score = limit_score(case, target, side, question.given[target])
        if score is not None:
            solved["probability"] = {
                "more_than": probability_at_most(-score),
                "at_most": probability_at_most(score),
            }
        else:
            known = "value" in entry
            codes.append(cautions.PROBABILITY_BEYOND[side] if known else cautions.PROBABILITY_ABSENT)
        found[side] = cast(Solved, solved)
    return Found(found, [*codes, cautions.PROBABILITY])


def limit_score(case: Case, target: str, side: Direction, limit: float) -> float | None:
    """Return the standard score of a value of one quantity of a bout; None if no probability is known for it."""
    entry = entry_of(estimated(case, target, 0.0), target, side)
    if entry is None or "value" not in entry:
        return None
    value = entry["value"]

    def factor_at(score: float) -> float:
        ends = entry_of(estimated(case, target, score), target, side)
        assert ends is not None
        return cast(float, ends["high"] / value)

    return score_of(value, limit, factor_at)


def is_range(case: Case, target: str, side: Direction) -> bool:
    """Return whether a quantity has only a range in a direction."""
    entry = entry_of(estimated(case, target, 0.0), target, side)
    return entry is not None and "value" not in entry


def estimated(case: Case, target: str, score: float) -> AnswerBuilder:
    """Return the sections of a bout that a quantity needs."""
    return compute(case, score=score, include=LOAD_SECTIONS if target in INDICATORS else ENERGY_SECTIONS)[0]


def entry_of(builder: AnswerBuilder, target: str, side: Direction) -> Values | None:
    """Return the estimate of a quantity in one direction, or None if it is unknown."""
    section: Values = builder.forward if side == "forward" else builder.backward
    entry: Values | None = section.get("load", {}).get(target) if target in INDICATORS else section.get(target)
    return entry


def warnings_of(
    question: Question, target: str, builder: AnswerBuilder, estimates: Mapping[Direction, Values]
) -> list[str]:
    """Return the codes of the warnings that concern a quantity in the directions in which it is known."""
    if target not in INDICATORS:
        speed = cast(float, question.case.speed_m_s)
        return [code for side in estimates for code in speed_warnings(question, speed, side)]
    concerning = WARNINGS_OF_EVERY_LOAD | WARNINGS_OF_LOAD[target]
    found = [
        code
        for code, _ in builder.warnings
        if code in concerning
        and (code.startswith("absent.") or any(cautions.concerns(code, side) for side in estimates))
    ]
    moment = target == "knee_extensor_moment_ratio" and "backward" in estimates
    return [*[cautions.FORWARD_KNEE_MOMENT_ABSENT] * moment, *found]
