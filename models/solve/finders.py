"""Find the answer to a checked question in each direction: one finder for each `find` of `models.solve.solve`."""

import math
from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import partial
from typing import Any, Final, NamedTuple, cast, get_args

import numpy as np

from retrorun.models.estimate.builder import around
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.equal_intensity import solved_grades
from retrorun.models.estimate.inputs import Person, is_bout, missing_of_person, too_fast_to_walk
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Column, Mask
from retrorun.models.numerics.inward import between, near
from retrorun.models.numerics.roots import fitting
from retrorun.models.physiology import timing
from retrorun.models.physiology.direction import elasticity
from retrorun.models.physiology.grades import GRADES, grades_of
from retrorun.models.solve.answer import Find, Solved
from retrorun.models.solve.level_speed import level_grade, level_speeds, level_spread
from retrorun.models.solve.load_ranges import INDICATORS, at_speeds, load_ranges
from retrorun.models.solve.speed_at_power import (
    Attainable,
    attainable,
    drawn_inward,
    energies_at,
    has_attainable_cost,
    has_estimate,
    power_at,
    power_of,
    solvable,
    speed_at,
    speed_grade,
    speeds_unchanged,
)
from retrorun.models.vocabulary.answer import Interval
from retrorun.models.vocabulary.choices import DIRECTIONS, IMPULSE, Direction, EvidenceGrade, Gait
from retrorun.models.vocabulary.errors import Conflict, Missing, Unattainable, Undefined
from retrorun.models.vocabulary.quantities import INPUTS, WALKING_SPEED_HIGH_M_S

ENERGIES: Final = ("total_energy_kcal", "active_energy_kcal")
RATES: Final = ("oxygen_uptake_ml_kg_min", "met", "metabolic_power_w_kg")
PROBABLE: Final = (*ENERGIES, "energy_per_km_kcal", *RATES, *INDICATORS)
"""Quantities that have a probability."""
SPEEDS: Final = ("speed_m_s", "backward_speed_m_s")
BOUT: Final = ("speed_m_s", "duration_s", "distance_m")

ONE_OF_EACH: Final[dict[Find, tuple[tuple[str, ...], ...]]] = {
    "bout": (ENERGIES, ("speed_m_s", "duration_s")),
    "speed": (RATES,),
    "equal_cost_speed": (SPEEDS,),
    "level_speed": (),
    "speed_range": (INDICATORS,),
    "probability": (PROBABLE,),
}
"""Groups of fields of which each `find` needs exactly one."""

TWO_OF_BOUT: Final = f"Give exactly two of {', '.join(BOUT[:-1])} and {BOUT[-1]}; the third follows."
WITH_IMPULSE: Final = f"Give duration_s with {IMPULSE}, and with no other indicator."
OUTSIDE_INPUT: Final = "which is outside the range of this field"
GOING: Final[dict[Gait, str]] = {"run": "Running", "walk": "Walking"}


class Question(NamedTuple):
    """A checked request: the bout with its fixed values, the person, and every given number."""

    case: Case
    person: Person
    given: Mapping[str, float]
    bounds_m_s: tuple[float, float]


class Found(NamedTuple):
    """The result or the refusal of each direction, and the codes of the warnings."""

    of: dict[Direction, Solved | Unattainable]
    warnings: list[str]


def exactly_one_of(names: Collection[str]) -> str:
    """Return the sentence about a group of fields."""
    return f"Give exactly one of: {', '.join(names)}."


def one_given_of(given: Mapping[str, object], names: Collection[str]) -> str:
    """Return the name of the field that was given, or raise unless it is exactly one."""
    found = [name for name in names if name in given]
    if len(found) != 1:
        raise (Conflict if found else Missing)("", exactly_one_of(names))
    return found[0]


def check_combination(find: Find, given: Mapping[str, object]) -> None:
    """Raise if the target and the fixed values are not those that this `find` needs."""
    for names in ONE_OF_EACH[find]:
        if sum(name in given for name in names) > 1:
            raise Conflict("", exactly_one_of(names))
    if find == "bout" and "distance_m" in given:
        raise Conflict(
            "distance_m",
            "Energy over a distance hardly depends on the speed, so the speed cannot be computed from it. Give "
            "speed_m_s to find duration and distance, or duration_s to find speed and distance.",
        )
    if find == "speed_range" and "duration_s" in given and IMPULSE not in given and given.keys() & set(INDICATORS):
        raise Conflict("duration_s", WITH_IMPULSE)
    if find == "probability" and all(name in given for name in BOUT):
        raise Conflict("", TWO_OF_BOUT)
    for lacks in missing_of_find(find, given):
        raise lacks


def missing_of_find(find: Find, given: Collection[str]) -> list[Missing]:
    """Return the errors of what a `find` needs and lacks.

    Examples
    --------
    >>> [str(error) for error in missing_of_find("equal_cost_speed", {"backward_speed_m_s"})]
    ['Give gait: run or walk.']
    """
    found = [
        Missing("", exactly_one_of(names)) for names in ONE_OF_EACH[find] if not any(name in given for name in names)
    ]
    if find == "level_speed" and not {"speed_m_s", "grade"} <= {*given}:
        found.append(Missing("", "Give speed_m_s and grade. find level_speed needs both."))
    if find == "probability" and sum(name in given for name in BOUT) < len(BOUT) - 1:
        found.append(Missing("", TWO_OF_BOUT))
    if find == "speed_range" and IMPULSE in given and "duration_s" not in given:
        found.append(Missing("duration_s", WITH_IMPULSE))
    # A speed says the gait. Without one, the gait is missing where no speed can be given, or another value is.
    alone = find in {"speed", "speed_range"}
    instead = {"bout": "duration_s", "equal_cost_speed": "backward_speed_m_s"}.get(find)
    if "gait" not in given and (alone or (instead in given and "speed_m_s" not in given)):
        found.append(Missing("gait", "Give gait: run or walk."))
    return found


def missing_of_solve(given: Mapping[str, Any]) -> list[Missing]:
    """Return the errors of what a question lacks, apart from body mass and `find`.

    Examples
    --------
    >>> [str(error) for error in missing_of_solve({"find": "bout", "total_energy_kcal": 300.0})]
    ['Give exactly one of: speed_m_s, duration_s.']
    """
    find = given.get("find")
    known: tuple[Find, ...] = get_args(Find)
    return [*(missing_of_find(cast(Find, find), given) if find in known else []), *missing_of_person(given)]


def unattainable_in(question: Question, field: str, side: Direction, reach: Attainable) -> Unattainable:
    """Return the error for a target that a direction cannot meet."""
    known, asked, (low, high, nearest) = INPUTS[field], question.given[field], reach
    message = f"{GOING[question.case.gait]} {side} cannot meet this. Possible: {between(low, high)}{known.suffix}"
    if not known.within(nearest):
        return Unattainable(field, f"{message}, {OUTSIDE_INPUT}.", low=low, high=high, unit=known.unit)
    message += f". The nearest is {near(nearest, asked, low, high)}{known.suffix}."
    return Unattainable(field, message, low=low, high=high, nearest=nearest, unit=known.unit)


def unattainable_in_both(question: Question, missed: Mapping[Direction, Unattainable]) -> Unattainable:
    """Return the error for a target that no searched direction can meet, with the nearest value."""
    if len(missed) == 1:
        return next(iter(missed.values()))
    met = {side: each for side, each in missed.items() if each.nearest is not None}
    field = next(iter(missed.values())).field
    asked, known = question.given[field], INPUTS[field]

    def away(side: Direction) -> float:
        nearest = met[side].nearest
        assert nearest is not None
        return abs(math.log(nearest / asked))

    bounds = ", ".join(f"{between(each.low, each.high)}{known.suffix} {way}" for way, each in missed.items())
    message = f"{GOING[question.case.gait]} cannot meet this in either direction. Possible: {bounds}"
    if not met:
        low, high = (
            pick(getattr(each, end) for each in missed.values()) for pick, end in ((min, "low"), (max, "high"))
        )
        return Unattainable(field, f"{message}, {OUTSIDE_INPUT}.", low=low, high=high, unit=known.unit)
    side = min(met, key=away)
    each = met[side]
    assert each.nearest is not None
    message += f". The nearest is {near(each.nearest, asked, each.low, each.high)}{known.suffix}, {side}."
    return Unattainable(field, message, **each.reach)


def speed_warnings(question: Question, speed_m_s: float, side: Direction) -> list[str]:
    """Return the warning codes of an estimate at a speed that concern a direction."""
    builder, _ = energies_at(question.case, speed_m_s)
    codes = [code for code, _ in builder.warnings if cautions.concerns(code, side) and code != cautions.ABOVE_MAXIMUM]
    share = getattr(builder, side).get("share_of_maximum")
    if share is not None and share["value"] > 1:
        codes.append(cautions.ABOVE_MAXIMUM)
    return codes if question.person.own_rest else [*codes, cautions.REST_ASSUMED]


def solved_warnings(question: Question, speed_m_s: float, side: Direction) -> list[str]:
    """Return the warning codes of a solved speed, with one if people would change gait there."""
    codes = speed_warnings(question, speed_m_s, side)
    slow = side == "backward" and question.case.gait == "run" and speed_m_s < timing.BACKWARD_TRANSITION_M_S
    return [*codes, cautions.BACKWARD_BELOW_TRANSITION] if slow else codes


def share_of_maximum(question: Question, speed_m_s: float, side: Direction, *, certain: bool = False) -> Solved:
    """Return the share of the maximal uptake, if that was given; certain if the target is the uptake."""
    if question.case.oxygen_uptake_max_ml_kg_min is None:
        return {}
    builder, _ = energies_at(question.case, speed_m_s, score=question.person.score)
    share = getattr(builder, side)["share_of_maximum"]
    return {"share_of_maximum": around(share["value"], 0.0, 0.0) if certain else share}


def find_bout(question: Question) -> Found:
    """Find duration and distance at a speed, or speed and distance for a duration, that take an energy."""
    given, case = question.given, question.case
    target = one_given_of(given, ENERGIES)
    if "duration_s" in given:
        return find_speed(question, target)
    speed = given["speed_m_s"]
    duration, distance = INPUTS["duration_s"], INPUTS["distance_m"]
    least = max(duration.low, distance.low / speed)
    most = min(duration.high, distance.high / speed)
    builder, _ = energies_at(case, speed, score=question.person.score)
    found: dict[Direction, Solved | Unattainable] = {}
    codes: list[str] = []
    for side in DIRECTIONS:
        # The case lasts one second, so its energy is that of one second.
        each_second: Interval = getattr(builder, side)[target]
        low, high, wanted = each_second["low"], each_second["high"], given[target]
        seconds: Interval = {"value": wanted / each_second["value"], "low": wanted / high, "high": wanted / low}
        if least <= seconds["value"] <= most:
            middle = (least + most) / 2
            seconds["value"] = fitting(seconds["value"], middle, partial(is_bout, case.gait, speed))
            metres = Interval(value=seconds["value"] * speed, low=seconds["low"] * speed, high=seconds["high"] * speed)
            solved: Solved = {"speed_m_s": around(speed, 0.0, 0.0), "duration_s": seconds, "distance_m": metres}
            found[side] = solved | share_of_maximum(question, speed, side)
            codes += speed_warnings(question, speed, side)
        else:
            low, high = drawn_inward(each_second["value"] * least, each_second["value"] * most)
            found[side] = unattainable_in(question, target, side, Attainable(low, high, low if wanted < low else high))
    return Found(found, codes)


def find_rate(question: Question) -> Found:
    """Find the speed at a given oxygen uptake, MET or power."""
    return find_speed(question, one_given_of(question.given, RATES))


def find_speed(question: Question, target: str) -> Found:
    """Find the speed in each direction at a given rate, or at a given energy over the given duration."""
    case, bounds = question.case, question.bounds_m_s
    power = power_of(target, question.given[target], case)
    duration = question.given.get("duration_s")
    found: dict[Direction, Solved | Unattainable] = {}
    codes: list[str] = []
    for side in DIRECTIONS:
        speed = speed_at(case, side, power_w_kg=power, bounds_m_s=bounds)
        if speed is None:

            def value_at(speeds: Column, side: Direction = side) -> Column:
                builder, _ = energies_at(case, speeds)
                return cast(Column, getattr(builder, side)[target]["value"])

            def known_at(speeds: Column, side: Direction = side) -> Mask:
                return solvable(case, side, speeds)

            reach = attainable(value_at, known_at, bounds, question.given[target])
            found[side] = unattainable_in(question, target, side, reach)
            continue
        if duration is not None:
            speed = fitting(speed, sum(bounds) / 2, lambda trial: is_bout(case.gait, trial, duration))
        _, move = energies_at(case, speed, score=question.person.score)
        of_power = move.forward_spread if side == "forward" else move.backward_spread
        spread = cast(float, of_power / elasticity(power_at(case, side), speed_m_s=speed))
        evidence = cast(EvidenceGrade, grades_of(speed_grade(side, at_speeds(case, speed))))
        solved: Solved = {"speed_m_s": {**around(speed, spread, question.person.score), "evidence": evidence}}
        if duration is not None:
            solved["duration_s"] = around(duration, 0.0, 0.0)
            solved["distance_m"] = around(speed * duration, spread, question.person.score)
        found[side] = solved | share_of_maximum(question, speed, side, certain=True)
        codes += solved_warnings(question, speed, side)
    return Found(found, codes)


def find_equal_cost_speed(question: Question) -> Found:
    """Find the backward speed with the same power as a given forward speed, as an estimate does, or the reverse."""
    case, given, bounds, score = question.case, question.given, question.bounds_m_s, question.person.score
    equal = replace(case, equal="metabolic_rate")
    field = one_given_of(given, SPEEDS)
    of: dict[Direction, Solved]
    if field == "speed_m_s":

        def solvable_at(speeds: Column) -> Mask:
            # The solved backward speed must have an estimate too.
            with np.errstate(all="ignore"):
                _, move = energies_at(equal, speeds)
            return has_estimate(equal, speeds) & has_estimate(case, cast(Column, move.speed_m_s))

        if not solvable_at(np.array([given[field]]))[0]:
            reach = attainable(speeds_unchanged, solvable_at, bounds, given[field])
            return Found({"backward": unattainable_in(question, field, "backward", reach)}, [])
        builder, _ = energies_at(equal, given[field], score=score)
        of = {side: {"speed_m_s": getattr(builder, side)["speed_m_s"]} for side in DIRECTIONS}
    else:
        backward = given[field]
        if case.gait == "walk" and backward > WALKING_SPEED_HIGH_M_S:
            raise too_fast_to_walk(field)

        def known_at(speeds: Column) -> Mask:
            return solvable(case, "backward", speeds) & has_attainable_cost(
                case, case, ("backward", "forward"), speeds, bounds
            )

        power = cast(float, power_at(case, "backward")(backward))
        forward = speed_at(case, "forward", power_w_kg=power, bounds_m_s=bounds)
        if forward is not None:
            # If solved again, rounding may put the backward speed under the lowest one.
            forward = fitting(forward, bounds[1], lambda trial: bool(has_estimate(equal, np.array([trial]))[0]))
        if forward is None or not solvable(case, "backward", np.array([backward]))[0]:
            reach = attainable(speeds_unchanged, known_at, bounds, backward)
            return Found({"forward": unattainable_in(question, field, "forward", reach)}, [])
        builder, move = energies_at(equal, forward, score=score)
        # The spread of the ratio changes each speed according to that speed's elasticity.
        steepness = elasticity(power_at(case, "backward"), speed_m_s=backward)
        spread = move.speed_spread * steepness / elasticity(power_at(case, "forward"), speed_m_s=forward)
        # Only the ratio changes it, as with a solved backward speed.
        _, given_backward, _ = solved_grades(equal, backward)
        assert given_backward is not None
        evidence = cast(EvidenceGrade, grades_of(given_backward))
        of = {
            "forward": {"speed_m_s": {**around(forward, cast(float, spread), score), "evidence": evidence}},
            "backward": {"speed_m_s": around(backward, 0.0, score)},
        }
    # The other direction costs the same, by definition.
    share = share_of_maximum(question, given[field], "forward" if field == "speed_m_s" else "backward")
    codes = [code for code, _ in builder.warnings]
    return Found(
        {side: each | share for side, each in of.items()},
        codes if question.person.own_rest else [*codes, cautions.REST_ASSUMED],
    )


def find_level_speed(question: Question) -> Found:
    """Find the level speed with the same power as the given speed on its grade, in each direction."""
    case, bounds, speed = question.case, question.bounds_m_s, question.given["speed_m_s"]
    level = question._replace(case=replace(case, grade=0.0))
    found: dict[Direction, Solved | Unattainable] = {}
    codes: list[str] = []
    energies_at(case, speed, score=question.person.score)  # raises if the bout has no answer
    bout = at_speeds(case, np.array([speed]))
    on_level = level_speeds(bout)
    flat = float(on_level.speed_m_s[0])
    for side in DIRECTIONS:
        codes += speed_warnings(question, speed, side)
        if math.isnan(flat):

            def known_at(speeds: Column, side: Direction = side) -> Mask:
                return has_estimate(case, speeds) & has_attainable_cost(case, level.case, (side, side), speeds, bounds)

            found[side] = unattainable_in(
                question, "speed_m_s", side, attainable(speeds_unchanged, known_at, bounds, speed)
            )
            continue
        spread = float(level_spread(bout, on_level, side, question.person.score)[0])
        evidence = GRADES[int(np.ravel(level_grade(bout, on_level, side))[0])]
        solved: Solved = {"speed_m_s": {**around(flat, spread, question.person.score), "evidence": evidence}}
        found[side] = solved | share_of_maximum(question, speed, side)
        codes += solved_warnings(level, flat, side)
    return Found(found, codes)


def find_speed_range(question: Question) -> Found:
    """Find the ranges of speed in which a load indicator stays at or under its bound."""
    indicator = one_given_of(question.given, INDICATORS)
    bound = question.given[indicator]
    loads = load_ranges(question.case, indicator=indicator, bound=bound, bounds_m_s=question.bounds_m_s)
    if not loads.ranges:
        why = " ".join(cautions.WARNINGS[code]["message"] for code in loads.warnings if code.startswith("absent."))
        raise Undefined(indicator, f"This load is unknown in both directions. {why}".strip(), "unknown_load")
    found: dict[Direction, Solved | Unattainable] = {}
    for side in DIRECTIONS:
        if loads.ranges.get(side):
            found[side] = {"speed_ranges": loads.ranges[side]}
        elif side in loads.ranges:
            # The bound is compared with these same values, so it may be the lowest of them.
            low, high = loads.attainable[side]
            found[side] = unattainable_in(question, indicator, side, Attainable(low, high, low))
    return Found(found, loads.warnings)
