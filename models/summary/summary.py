"""Says in three sentences what an answer means: a headline, the load on the knee-cap, and a caution."""

import math
from collections.abc import Collection, Iterable, Mapping
from typing import Any, Final, Literal, TypeAlias, cast

from retrorun.models.evidence import cautions
from retrorun.models.physiology.grades import GRADES
from retrorun.models.summary import texts
from retrorun.models.summary.rounding import plain, rounded
from retrorun.models.vocabulary.answer import AnswerSummary, Sentence
from retrorun.models.vocabulary.choices import DIRECTIONS, IMPULSE, SECTIONS, Direction, Equal

WHOLE_PERCENT: Final = frozenset({"A", "B"})
"""Evidence grades whose probabilities are in whole percent."""
TENS: Final = 10
"""Percent to which the probabilities of the other grades are rounded (choice)."""

Question: TypeAlias = Literal["estimate", "workout", "track", "plan", "solve"]
Answer: TypeAlias = Mapping[str, Any]
Params: TypeAlias = dict[str, float | str]

PEAK: Final = "patellofemoral_peak_force_bw"

NO_TIME: Final = "0 s"
"""A time that is not said."""

UNKNOWN_BY_WARNING: Final = {
    cautions.WEIGHT_SUPPORT_LOADS: texts.KNEE_UNKNOWN_SUPPORT,
    **dict.fromkeys(cautions.EQUAL_EFFORT_ABSENT.values(), texts.KNEE_UNKNOWN_SPEED),
    cautions.PATELLOFEMORAL_GRADE_ABSENT: texts.KNEE_UNKNOWN_SLOPE,
    cautions.BACKWARD_LOAD_GRADE_ABSENT: texts.KNEE_UNKNOWN_ON_GRADE,
}
"""Why the load on the knee-cap is unknown, by the warning that says so."""

CAUTION_BY_WARNING: Final = {
    cautions.OLDER_BACKWARD_SPEED: texts.OLDER,
    **{cautions.IMPLAUSIBLE_UPTAKE[way]: texts.IMPLAUSIBLE[way] for way in ("backward", "forward")},
    cautions.ABOVE_MAXIMUM: texts.ABOVE_MAXIMUM["backward"],
    cautions.PLAN_WITHOUT_OWN_LIMIT: texts.NO_OWN_LIMIT,
}
"""The caution of an answer with one of these warnings, the most important first."""


def summary(
    question: Question, answer: Answer, *, equal: Equal = "speed", include: Collection[str] = SECTIONS
) -> AnswerSummary:
    """Return the sentences that an answer allows.

    Parameters
    ----------
    question : {"estimate", "workout", "track", "plan", "solve"}
        What was asked.
    answer : mapping
        The finished answer, with all its warnings.
    equal : {"speed", "metabolic_rate", "heart_rate", "perceived_exertion"}, optional
        What an estimate holds equal; speed when left out.
    include : collection of str, optional
        The sections of an estimate that were asked for, all when left out.

    Returns
    -------
    AnswerSummary
        `headline`, `knee` and `caution`. A sentence that cannot be said is missing. Each text is the one in
        `models.summary.texts` with the parameters filled in.

    Examples
    --------
    >>> energy = {"value": 275.0, "low": 200.0, "high": 376.0}
    >>> ratio = {"value": 1.3, "low": 1.1, "high": 1.5}
    >>> answer = {"backward": {"total_energy_kcal": energy}, "ratio": {"total_energy": ratio}, "warnings": []}
    >>> summary("estimate", answer, include=["energy", "ratio"])["headline"]["text"]
    'About 280 kcal backward (200 to 380), 30 % more than forward at the same speed (10 to 50 %).'
    """
    codes = [warning["code"] for warning in answer["warnings"]]
    headline: Sentence | None
    knee: Sentence | None = None
    if question == "estimate":
        headline = of_bout(answer, equal)
        if "load" in include and "ratio" in include:
            knee = knee_of_bout(answer, codes, texts.KNEE[equal == "metabolic_rate"])
    elif question == "plan":
        headline, knee = of_plan(answer), knee_of_plan(answer, codes)
    elif question == "solve":
        headline = of_solution(answer)
    else:
        headline, knee = of_workout(question, answer), knee_of_workout(answer)
    if headline is not None and is_weak(question, answer, codes) and texts.WEAK + headline["code"] in texts.TEXTS:
        headline = sentence(texts.WEAK + headline["code"], headline["params"])
    # The knee sentence of a bout and of a workout says itself that a lower load does not mean less pain.
    of_load = question in {"plan", "solve"} and cautions.LOAD_MEANING in codes
    caution = sentence(caution_of(answer, codes, texts.FALL_AND_LOAD if of_load else texts.FALL))
    found: dict[str, Sentence] = {}
    if headline is not None:
        found["headline"] = headline
    if knee is not None:
        found["knee"] = knee
    found["caution"] = caution
    return cast(AnswerSummary, found)


def caution_of(answer: Answer, codes: Collection[str], usual: str) -> str:
    """Return the code of the most important caution of an answer."""
    if CAUTION_BY_WARNING.keys().isdisjoint(codes):
        return usual
    met, code = next((warning, code) for warning, code in CAUTION_BY_WARNING.items() if warning in codes)
    if met == cautions.ABOVE_MAXIMUM and answer["backward"]["share_of_maximum"]["value"] <= 1:
        return texts.ABOVE_MAXIMUM["forward"]
    return code


def is_weak(question: Question, answer: Answer, codes: Iterable[str]) -> bool:
    """Return whether the headline is outside the data, or rests on a choice of this project: evidence grade D."""
    if question == "solve":
        # A duration that was solved for has no grade.
        return any(code.startswith("energy.") for code in codes) or graded_d(answer.get("backward", {}), "speed_m_s")
    if question == "plan":
        return graded_d(answer["totals"], "active_energy_kcal")
    if question == "estimate":
        return graded_d(answer["backward"], "total_energy_kcal") or graded_d(answer["backward"], "speed_m_s")
    return graded_d(answer["totals"], "total_energy_kcal") or graded_d(answer["ratio"], "total_energy")


def graded_d(estimates: Answer, name: str) -> bool:
    """Return whether an estimate has the weakest evidence grade."""
    return bool(estimates.get(name, {}).get("evidence") == GRADES[-1])


def sentence(code: str, params: Params | None = None) -> Sentence:
    """Return the sentence of a code with its parameters."""
    params = params or {}
    return {"code": code, "params": params, "text": texts.TEMPLATES[code] % params if params else texts.TEXTS[code]}


def amount(name: str, found: Answer, *, scale: float = 1.0) -> Params:
    """Return an estimate and the ends of its range as parameters, rounded and multiplied by a scale."""
    value, low, high = rounded(value=found["value"] * scale, low=found["low"] * scale, high=found["high"] * scale)
    return {name: value, f"{name}_low": low, f"{name}_high": high}


def change(
    ratio: Answer, codes: Mapping[texts.Variant, str], params: Params, *, more: str = "more", less: str = "less"
) -> Sentence:
    """Return the sentence of a ratio: how many percent more or less, with the range.

    Examples
    --------
    >>> found = change({"value": 1.2, "low": 0.9, "high": 1.5}, texts.KNEE[False], {"evidence": "C"})
    >>> found["code"], found["params"]["percent_more"]
    ('knee_more_or_less', 20)
    """
    lowest, highest = ratio["low"], ratio["high"]
    value, low, high = round(100 * (ratio["value"] - 1)), round(100 * (lowest - 1)), round(100 * (highest - 1))
    variant: texts.Variant
    said: Params
    if value == low == high == 0:
        variant, said = "equal", {}
    elif value == 0:
        variant, said = "same", {f"percent_{less}_high": -low, f"percent_{more}_high": high}
    elif value > 0 and lowest < 1:
        variant = "more_or_less"
        said = {f"percent_{more}": value, f"percent_{less}_high": -low, f"percent_{more}_high": high}
    elif value > 0:
        variant, said = "more", {f"percent_{more}": value, f"percent_{more}_low": low, f"percent_{more}_high": high}
    elif highest > 1:
        variant = "less_or_more"
        said = {f"percent_{less}": -value, f"percent_{less}_high": -low, f"percent_{more}_high": high}
    else:
        variant, said = "less", {f"percent_{less}": -value, f"percent_{less}_low": -high, f"percent_{less}_high": -low}
    return sentence(codes[variant], params | said)


def of_bout(answer: Answer, equal: Equal) -> Sentence | None:
    """Return the headline of an estimate."""
    backward, ratio = answer["backward"], answer.get("ratio", {})
    if equal == "metabolic_rate":
        if "speed_m_s" not in backward:
            return None
        speed = amount("speed_m_s", backward["speed_m_s"])
        if "speed" not in ratio:
            return sentence(texts.SPEED_ONLY, speed)
        return change(ratio["speed"], texts.SPEED, speed, more="faster", less="slower")
    if "total_energy_kcal" not in backward:
        return None
    energy = amount("total_energy_kcal", backward["total_energy_kcal"])
    if "total_energy" not in ratio:
        return sentence(texts.ENERGY_ONLY[equal], energy)
    return change(ratio["total_energy"], texts.ENERGY[equal], energy)


def knee_of_bout(answer: Answer, codes: Collection[str], changes: Mapping[texts.Variant, str]) -> Sentence:
    """Return what an estimate means for the knee-cap: its peak force, backward over forward."""
    ratio = answer["ratio"].get("load", {}).get("patellofemoral_peak_force")
    if ratio is None:
        return sentence(unknown(codes))
    forward, backward = answer["forward"]["load"][PEAK], answer["backward"]["load"][PEAK]
    return change(ratio, changes, {"evidence": weaker(forward, backward)})


def weaker(one: Answer, other: Answer) -> str:
    """Return the weaker evidence grade of two estimates, which is that of their ratio."""
    return GRADES[max(GRADES.index(one["evidence"]), GRADES.index(other["evidence"]))]


def unknown(codes: Collection[str], usual: str = texts.KNEE_UNKNOWN) -> str:
    """Return the code of the sentence that the load on the knee-cap is unknown, from the codes of warnings."""
    return next((text for code, text in UNKNOWN_BY_WARNING.items() if code in codes), usual)


def of_workout(question: str, answer: Answer) -> Sentence:
    """Return the headline of a workout: its energy as given, and reversed."""
    return change(
        answer["ratio"]["total_energy"],
        texts.SUMS[question],
        amount("total_energy_kcal", answer["totals"]["total_energy_kcal"]),
    )


def knee_of_workout(answer: Answer) -> Sentence:
    """Return what a workout means for the knee-cap: its impulse, reversed over as given."""
    ratio = answer["ratio"].get("patellofemoral_impulse_per_km")
    if ratio is None:
        return sentence(texts.KNEE_UNKNOWN_SWAPPED)
    sums = [answer[which]["load"][IMPULSE] for which in ("totals", "reversed")]
    share = covered(sums[0])
    return change(ratio, texts.KNEE_SUMS[bool(share)], {"evidence": weaker(*sums), **share})


def covered(total: Answer) -> Params:
    """Return the share of the moving time in which a total is known [%], rounded down; nothing if that is all of it."""
    return {"covered_percent": math.floor(100 * total["covered"])} if total["covered"] < 1.0 else {}


def of_plan(answer: Answer) -> Sentence:
    """Return the headline of a plan: its energy above rest and its mix of directions."""
    lasts_s: dict[Direction, float] = {
        way: sum(bout["times"] * bout["duration_s"] for bout in answer["bouts"] if bout["direction"] == way)
        for way in DIRECTIONS
    }
    energy = amount("active_energy_kcal", answer["totals"]["active_energy_kcal"])
    stretches = max((bout["times"] for bout in answer["bouts"] if bout["direction"] == "backward"), default=0)
    times = {str(way): in_time(time_s / max(1, stretches)) for way, time_s in lasts_s.items()}
    if stretches > 1:
        times["rest"] = in_time(answer.get("rest_s", 0.0) / stretches)
        after = tuple(way for way in ("forward", "rest") if times[way] != NO_TIME)
        named: Params = {part: times[part] for part in ("backward", *after)}
        return sentence(texts.PLAN_REPEATS[after], energy | {"times": stretches} | named)
    ways = tuple(way for way in DIRECTIONS if lasts_s[way])
    return sentence(texts.PLAN[ways], energy | {way: times[way] for way in ways})


def in_time(time_s: float) -> str:
    """Return a time in hours, minutes and whole seconds, in symbols that every language has.

    Examples
    --------
    >>> in_time(60.0), in_time(90.2), in_time(3659.7), in_time(0.2)
    ('1 min', '1 min 30 s', '1 h 1 min', '0 s')
    """
    minutes, seconds = divmod(math.floor(time_s + 0.5), 60)
    hours, minutes = divmod(minutes, 60)
    parts = [f"{size} {unit}" for size, unit in ((hours, "h"), (minutes, "min"), (seconds, "s")) if size]
    return " ".join(parts) or NO_TIME


def knee_of_plan(answer: Answer, codes: Collection[str]) -> Sentence:
    """Return what a plan means for the knee-cap: its highest peak force, or its impulse."""
    load = answer["totals"].get("load", {})
    for name, by_share in texts.KNEE_PLAN.items():
        if name in load:
            share = covered(load[name])
            params = {**amount(name, load[name]), "evidence": load[name]["evidence"], **share}
            return sentence(by_share[bool(share)], params)
    return sentence(unknown(codes))


def of_solution(answer: Answer) -> Sentence:
    """Return the headline of a solution: what was found in each direction."""
    found = {way: answer[way] for way in DIRECTIONS if way in answer and "unattainable" not in answer[way]}
    ways = tuple(found)
    if answer["find"] == "speed_range":
        return of_ranges({way: each["speed_ranges"] for way, each in found.items()}, answer)
    kind = answer["find"]
    if kind == "probability":
        return of_probability(found)
    if kind == "bout":
        timed = all(each["duration_s"]["low"] < each["duration_s"]["high"] for each in found.values())
        kind = "duration" if timed else "speed"
    params: Params = {}
    for way, each in found.items():
        if kind == "duration":
            params |= amount(f"{way}_duration_min", each["duration_s"], scale=1 / 60)
        else:
            params |= amount(f"{way}_speed_m_s", each["speed_m_s"])
    if kind != "equal_cost_speed":
        return sentence(texts.SOLVED[kind][ways], params)
    # The given speed has no range.
    way = max(DIRECTIONS, key=lambda way: found[way]["speed_m_s"]["high"] - found[way]["speed_m_s"]["low"])
    given = "backward" if way == "forward" else "forward"
    del params[f"{given}_speed_m_s_low"], params[f"{given}_speed_m_s_high"]
    return sentence(texts.EQUAL_COST[way], params)


def of_probability(found: Mapping[Direction, Any]) -> Sentence:
    """Return the headline of a probability: of more energy than the given value, or of a load that stays at most at it.

    Examples
    --------
    >>> of_probability({"backward": {"probability": {"more_than": 0.618, "at_most": 0.382}}})["text"]
    'Estimated chance of more than your value: 62 % backward. It is unknown forward.'
    """
    known = {way: each["probability"] for way, each in found.items() if "probability" in each}
    if not known:
        return sentence(texts.PROBABILITY_UNKNOWN)
    of_load = any("load" in each for each in found.values())
    params: Params = {
        f"{way}_percent": percent_of(each["at_most" if of_load else "more_than"], nearest=nearest_percent(found[way]))
        for way, each in known.items()
    }
    return sentence(texts.PROBABILITIES[of_load][tuple(known)], params)


def nearest_percent(solved: Answer) -> int:
    """Return to how many percent a probability is rounded: tens if the estimate behind it has a weak grade."""
    graded = [each for each in (*solved.values(), *solved.get("load", {}).values()) if isinstance(each, dict)]
    return TENS if any(each["evidence"] not in WHOLE_PERCENT for each in graded if "evidence" in each) else 1


def percent_of(probability: float, *, nearest: int) -> float | str:
    """Return a probability in percent, rounded; never 0 or 100, because no chance is certain.

    Examples
    --------
    >>> percent_of(0.618, nearest=1), percent_of(0.001, nearest=1), percent_of(0.87, nearest=10)
    (62, '< 1', 90)
    """
    rounded = round(100 * probability / nearest) * nearest
    if not 100 - rounded:
        return f"> {100 - nearest}"
    return rounded or f"< {nearest}"


def of_ranges(ranges: Mapping[Direction, Any], answer: Answer) -> Sentence:
    """Return the headline of ranges of speed, with their ends rounded inward to cm/s, so that the limit holds there."""
    if any(len(each) > 1 for each in ranges.values()):
        return sentence(texts.SEVERAL_RANGES)
    params: Params = {}
    for way, (each,) in ranges.items():
        low, high = each["low_speed_m_s"], each["high_speed_m_s"]
        inward = math.ceil(100 * low) / 100, math.floor(100 * high) / 100
        if inward[0] <= inward[1]:  # else the range is narrower than the last digit
            low, high = (plain(end, 2) for end in inward)
        params |= {f"{way}_speed_m_s_low": low, f"{way}_speed_m_s_high": high}
    (way, *more) = ranges
    other = "backward" if way == "forward" else "forward"
    if not more and other not in answer:
        return sentence(texts.RANGE_KNOWN_ONE_WAY[way], params)
    return sentence(texts.SOLVED["speed_range"][tuple(ranges)], params)
