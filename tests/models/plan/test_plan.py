"""A plan against every plan of a grid, and what must hold for each plan."""

from bisect import bisect_left
from collections.abc import Callable
from itertools import combinations
from typing import Any, TypeAlias, cast

import httpx
import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from pydantic import TypeAdapter

from retrorun.app.contract.examples import requests
from retrorun.app.http.schema import described
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute, estimate
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.physiology.energy_models import ENERGY_MODELS, default_energy_model
from retrorun.models.physiology.load import IMPULSE_CV, IMPULSE_RATIO_CV
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.plan.answer import ENERGY, MAXIMUM, UPTAKE, Plan
from retrorun.models.plan.candidates import whole_mm_per_s
from retrorun.models.plan.plan import plan
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, Unattainable, Undefined
from retrorun.models.vocabulary.quantities import INPUTS
from retrorun.models.workout.workout import workout

Wish: TypeAlias = dict[str, Any]
Answer: TypeAlias = dict[str, Any]
Column: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]

VERTICAL, KNEE = "peak_vertical_force_bw", "patellofemoral_peak_force_bw"
ACHILLES, TIBIA = "achilles_relative_load", "tibial_compression_peak_bw"
RANGES = {
    "run": {IMPULSE: (2.0, 3.5), VERTICAL: (2.0, 6.0), KNEE: (1.0, 4.5), ACHILLES: (2.7, 4.5), TIBIA: (2.6, 4.0)},
    "walk": {VERTICAL: (1.0, 2.0), KNEE: (0.2, 3.0), ACHILLES: (1.34, 1.34)},
}
"""Speeds behind each load, as models.physiology.load and models.physiology.timing have them."""
PEAKS = (VERTICAL, KNEE, ACHILLES, TIBIA)
PLAUSIBLE_UPTAKE = 120.0
MEASURED_BACKWARD = {"run": (0.2, 3.5), "walk": (1.111, 1.389)}
CLOSE = 1e-9
TO_THE_MM = 1e-3
"""Share of a total by which speeds in whole mm/s may be short of those in between."""
TIME = 1800.0
CAPPED: Wish = {"body_mass_kg": 70.0, "backward_speed_high_m_s": 2.2}
MOST: Wish = CAPPED | {"goal": "most_energy", "duration_s": TIME}
UNCUT: Wish = {"longest_backward_s": 86_400.0, "recovery_s": 1.0}
"""Time backward in one piece, but for a second."""
LEAST: Wish = CAPPED | {"goal": "least_load", ENERGY: 300.0, "duration_s": TIME, "indicator": IMPULSE}


def made(wish: Wish) -> Answer:
    return cast(Answer, plan(**wish))


def energy_of(option: Answer) -> float:
    return cast(float, option["totals"][ENERGY]["value"])


def load_of(option: Answer, name: str) -> float:
    """Return what a plan counts: the impulse of all bouts, or the largest peak, its upper bound where that is known."""
    if name == IMPULSE:
        return cast(float, option["totals"]["load"][name]["value"])
    found = [bout["load"][name] for bout in option["bouts"]]
    return cast(float, max(entry.get("value", entry["high"]) for entry in found))


def reached(option: Answer, wish: Wish) -> float:
    """Return what the goal is about, more being better."""
    return energy_of(option) if wish["goal"] == "most_energy" else -load_of(option, wish["indicator"])


class Points:
    """Speeds forward and backward on a grid that are inside the data and the limits of peaks, with their rates."""

    def __init__(self, wish: Wish, between: Callable[[float, float], Column]) -> None:
        gait, limits = wish.get("gait", "run"), wish.get("limits", {})
        names = [*limits, *([wish["indicator"]] if "indicator" in wish else []), UPTAKE]
        model = wish.get("energy_model", default_energy_model(gait))
        low, high = ENERGY_MODELS[gait][model].speed_range_m_s
        spans = [(low, high), (0.2, 3.0 if gait == "walk" else 8.0)]
        spans += [RANGES[gait][name] for name in names if name != UPTAKE]
        spans.append((wish.get("speed_low_m_s", 0.0), wish.get("speed_high_m_s", 9.0)))
        back = [*spans, MEASURED_BACKWARD[gait], (0.0, wish.get("backward_speed_high_m_s", 9.0))]
        columns = [
            self.columns(wish, gait, model, way, span, names, between)
            for way, span in (("forward", spans), ("backward", back))
        ]
        self.rates = {name: np.concatenate([column[name] for column in columns]) for name in (*names, ENERGY)}
        sizes = [column[ENERGY].size for column in columns]
        self.backward = np.repeat([False, True], sizes)
        self.names = names

    def columns(
        self,
        wish: Wish,
        gait: Any,
        model: str,
        way: str,
        spans: list[tuple[float, float]],
        names: list[str],
        between: Callable[[float, float], Column],
    ) -> dict[str, Column]:
        low, high = max(span[0] for span in spans), min(span[1] for span in spans)
        if way == "backward" and wish.get("grade", 0.0) < 0:
            high = low - 1
        speeds = between(low, high) if low <= high else np.array([])
        if not speeds.size:
            return dict.fromkeys((*names, ENERGY), speeds)
        rest = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1.0)["forward"]["resting_energy_kcal"] * 4184 / 70
        case = Case(
            gait=gait,
            energy_model=model,
            direction_model=wish.get("direction_model", "documented"),
            body_mass_kg=wish["body_mass_kg"],
            speed_m_s=speeds,
            duration_s=1.0,
            distance_m=speeds,
            grade=wish.get("grade", 0.0),
            resting_w_kg=rest,
            step_rate_ratio=wish.get("step_rate_ratio", 1.0),
        )
        builder = compute(case, score=1.0, include=("energy", "load"))[0]
        section = builder.forward if way == "forward" else builder.backward
        found = {name: section.get(name) or section.get("load", {}).get(name) for name in (*names, ENERGY)}
        if any(entry is None for entry in found.values()):
            return {name: np.array([]) for name in found}
        values = {name: np.asarray(entry.get("value", entry["high"])) for name, entry in found.items()}
        kept = np.all([np.isfinite(value) for value in values.values()], axis=0)
        for name, limit in wish.get("limits", {}).items():
            kept &= (values[name] <= limit) | (name == IMPULSE)
        kept &= values[UPTAKE] <= min(PLAUSIBLE_UPTAKE, wish.get("oxygen_uptake_max_ml_kg_min", np.inf))
        return {name: value[kept] for name, value in values.items()}


def recovery_of(wish: Wish) -> float:
    """Return the least recovery: as long as the longest stretch, and at most half of the time, if there is none."""
    longest = min(wish.get("longest_backward_s", 60.0), wish.get("duration_s", np.inf) / 2)
    return float(wish.get("recovery_s", max(1.0, longest)))


def most_backward(wish: Wish) -> float:
    """Return the most time backward by trying every number of stretches."""
    longest = wish.get("longest_backward_s", 60.0)
    recovery, time = recovery_of(wish), wish["duration_s"]
    numbers = np.arange(1.0, time / min(longest, recovery) + 2)
    most = np.max(np.minimum(numbers * longest, time - numbers * recovery), initial=0.0)
    most = min(float(most), {"never": 360.0, "weeks": 900.0}.get(wish.get("experience", ""), np.inf))
    return most if most >= 1 else 0.0


def vertices(uses: Column, totals: Column) -> Column:
    """Return every corner of the amounts that keep the totals: the best mix is one of them."""
    table = np.hstack([uses, np.eye(len(totals))])
    bases = np.array(list(combinations(range(table.shape[1]), len(totals))))
    squares = table[:, bases].transpose(1, 0, 2)
    regular = np.abs(np.linalg.det(squares)) > 1e-12
    bases, amounts = bases[regular], np.linalg.solve(squares[regular], totals[:, None])[..., 0]
    kept = (amounts >= -1e-12).all(axis=1)
    found = np.zeros((int(kept.sum()), table.shape[1]))
    np.put_along_axis(found, bases[kept], amounts[kept], axis=1)
    return found[:, : uses.shape[1]]


def best_of_grid(wish: Wish) -> float | None:
    """Return the best of all mixes of the speeds of a grid, None where none is feasible."""
    points = Points(wish, lambda low, high: np.linspace(low, high, 15))
    time, cap, budget = wish["duration_s"], most_backward(wish), wish.get("limits", {}).get(IMPULSE, np.inf)
    kept = ~points.backward | (cap > 0)
    rates = {name: column[kept] for name, column in points.rates.items()}
    energy, backward = rates[ENERGY], points.backward[kept]
    if not energy.size:
        return None
    load = rates.get(IMPULSE, 0 * energy)
    least = wish["goal"] == "least_load"
    uses, totals = [np.ones(energy.size)], [1.0]
    if backward.any():
        uses, totals = [*uses, backward * time / cap], [*totals, 1.0]
    if least and wish["indicator"] == IMPULSE:
        uses, totals = [*uses, -energy * time / wish[ENERGY]], [*totals, -1.0]
    elif np.isfinite(budget):
        uses, totals = [*uses, load * time / budget], [*totals, 1.0]
    found = vertices(np.array(uses), np.array(totals)) * time
    # After each stretch backward there is a bout at each forward speed, which is not too short.
    number = np.maximum(1.0, np.ceil(found @ backward / wish.get("longest_backward_s", 60.0) * (1 - CLOSE)))
    found = found[((found < CLOSE) | (found >= number[:, None] * (1 - CLOSE))).all(axis=1)]
    if not least:
        return float(np.max(found @ energy, initial=0.0)) or None
    feasible = (found @ energy >= wish[ENERGY] * (1 - CLOSE)) & (found @ load <= budget)
    if not feasible.any():
        return None
    if wish["indicator"] == IMPULSE:
        return -float(np.min((found @ load)[feasible]))
    return -float(np.min(np.max(np.where(found > 1e-9, rates[wish["indicator"]], 0.0), axis=1)[feasible]))


def best_without_budget(wish: Wish) -> float | None:
    """Return the best of every whole mm/s and the ends of the speeds; None if there is none.

    Without a budget of impulse each direction has its best speed, and backward is worth its time if it uses more energy
    than forward.
    """
    points = Points(
        wish, lambda low, high: np.array([low, *(mm / 1000 for mm in range(200, 8001) if low < mm / 1000 < high), high])
    )
    time, cap = wish["duration_s"], most_backward(wish)
    energy = points.rates[ENERGY]

    def most(kept: Mask) -> float:
        ways = (kept & ~points.backward, kept & points.backward)
        forward, backward = (float(np.max(energy, initial=0.0, where=way)) for way in ways)
        return float(max(forward * time, backward * cap + forward * (time - cap)))

    if wish["goal"] == "most_energy":
        return most(energy > 0) or None
    peak = points.rates[wish["indicator"]]
    peaks = np.unique(peak)
    place = bisect_left(peaks, wish[ENERGY], key=lambda highest: most(peak <= highest))
    return -float(peaks[place]) if place < peaks.size else None


def optional(strategies: dict[str, st.SearchStrategy[Any]]) -> st.SearchStrategy[Wish]:
    return st.fixed_dictionaries({}, optional=strategies)


LIMITS = {
    IMPULSE: st.floats(200.0, 3000.0),
    VERTICAL: st.floats(2.4, 2.9),
    KNEE: st.floats(3.3, 5.6),
    ACHILLES: st.floats(0.95, 1.4),
    TIBIA: st.floats(7.6, 9.5),
    UPTAKE: st.floats(25.0, 60.0),
}
RUNNING = st.builds(
    lambda wish, limits: {"body_mass_kg": 70.0, "duration_s": TIME} | wish | ({"limits": limits} if limits else {}),
    optional(
        {
            "backward_speed_high_m_s": st.floats(2.0, 3.5),
            "speed_high_m_s": st.floats(2.8, 5.0),
            "speed_low_m_s": st.floats(1.8, 2.8),
            "oxygen_uptake_max_ml_kg_min": st.floats(25.0, 70.0),
            "grade": st.sampled_from([0.0, 0.03, 0.05, -0.05, 0.45]),
            "energy_model": st.sampled_from(["looney2025", "minetti2002"]),
            "direction_model": st.sampled_from(["documented", "pooled"]),
            "step_rate_ratio": st.floats(0.9, 1.1),
            "duration_s": st.floats(300.0, 7200.0),
            "longest_backward_s": st.floats(5.0, 1000.0),
            "recovery_s": st.floats(1.0, 1000.0),
            "experience": st.sampled_from(["never", "weeks", "months"]),
        }
    ),
    st.one_of(st.fixed_dictionaries({IMPULSE: LIMITS[IMPULSE]}), optional(LIMITS)),
)
WALKING = st.builds(
    lambda wish, limits: {"body_mass_kg": 70.0, "duration_s": TIME, "gait": "walk"} | wish | {"limits": limits},
    optional({"grade": st.sampled_from([0.0, 0.05, 0.1, -0.05]), "speed_high_m_s": st.floats(1.4, 1.9)}),
    optional({VERTICAL: st.floats(1.05, 1.3), UPTAKE: st.floats(10.0, 25.0)}),
)
MOST_ENERGY = st.one_of(RUNNING, WALKING).map(lambda wish: wish | {"goal": "most_energy"})
LEAST_LOAD = st.builds(
    lambda wish, energy, indicator: wish | {"goal": "least_load", ENERGY: energy, "indicator": indicator},
    RUNNING,
    st.floats(50.0, 500.0),
    st.sampled_from([IMPULSE, IMPULSE, KNEE, VERTICAL, ACHILLES, TIBIA]),
)
MIXED = st.builds(
    lambda wish, time, rate, energy: (
        MOST
        | {"duration_s": time}
        | (
            {"limits": {IMPULSE: rate * time}}
            if energy is None
            else {"goal": "least_load", "indicator": IMPULSE, ENERGY: energy * time}
        )
        | wish
    ),
    optional(
        {
            "backward_speed_high_m_s": st.floats(2.0, 2.7),
            "speed_high_m_s": st.floats(3.0, 3.5),
            "energy_model": st.sampled_from(["looney2025", "minetti2002"]),
            "direction_model": st.sampled_from(["documented", "pooled"]),
            "longest_backward_s": st.floats(5.0, 1000.0),
            "recovery_s": st.floats(1.0, 300.0),
        }
    ),
    st.floats(300.0, 7200.0),
    st.floats(0.7, 1.05),
    st.one_of(st.none(), st.floats(0.16, 0.22)),
)
"""Wishes that are often best met by going both ways."""


def ungraded(found: Any) -> Any:
    """Return an estimate without its evidence grade, a number as it is."""
    return {end: found[end] for end in found if end != "evidence"} if isinstance(found, dict) else found


def check_feasible(option: Answer, wish: Wish) -> None:
    """Check that an option keeps its time, its limits and its energy."""
    limits = wish.get("limits", {})
    for name, limit in limits.items():
        peaks = [bout[name]["value"] for bout in option["bouts"]] if name == UPTAKE else [load_of(option, name)]
        assert max(peaks) <= limit * (1 + CLOSE)
    most = min(PLAUSIBLE_UPTAKE, wish.get("oxygen_uptake_max_ml_kg_min", np.inf))
    assert max(bout[UPTAKE]["value"] for bout in option["bouts"]) <= most * (1 + CLOSE)
    assert option["totals"]["duration_s"] <= wish["duration_s"] * (1 + CLOSE)
    assert option["totals"]["duration_s"] + option["rest_s"] == pytest.approx(wish["duration_s"], rel=CLOSE)
    assert 1 <= len(option["bouts"]) <= 3
    check_stretches(option, wish)
    if wish["goal"] == "least_load":
        assert energy_of(option) == pytest.approx(wish[ENERGY], rel=CLOSE)


def check_stretches(option: Answer, wish: Wish) -> None:
    """Check that time backward is cut into equal stretches, none too long, and each with its recovery."""
    longest = wish.get("longest_backward_s", 60.0)
    stretches = {bout["times"] for bout in option["bouts"] if bout["direction"] == "backward"}
    if not stretches:
        return
    (number,) = stretches
    stretch = sum(bout["duration_s"] for bout in option["bouts"] if bout["direction"] == "backward")
    assert all(bout["duration_s"] <= longest for bout in option["bouts"] if bout["direction"] == "backward")
    assert stretch <= longest * (1 + CLOSE)
    assert number * stretch <= {"never": 360.0, "weeks": 900.0}.get(wish.get("experience", ""), np.inf) * (1 + CLOSE)
    forward = sum(bout["times"] * bout["duration_s"] for bout in option["bouts"] if bout["direction"] == "forward")
    assert all(bout["times"] % number == 0 for bout in option["bouts"])
    recovery = forward + option.get("rest_s", 0.0)
    assert recovery >= number * recovery_of(wish) * (1 - CLOSE)
    assert all(bout["duration_s"] >= 1 - CLOSE for bout in option["bouts"])


@settings(max_examples=120, deadline=None)
@given(st.one_of(MOST_ENERGY, LEAST_LOAD, MIXED))
def test_no_plan_of_a_grid_is_better(wish: Wish) -> None:
    expected = best_of_grid(wish)
    try:
        answer = made(wish)
    except Undefined:
        # No point of the grid does what the error calls impossible.
        assert expected is None
        return
    check_feasible(answer, wish)
    best = reached(answer, wish)
    assert expected is None or best >= expected - TO_THE_MM * abs(expected)
    for name in ("forward_only", "backward_only"):
        if name in answer:
            check_feasible(answer[name], wish)
            assert {bout["direction"] for bout in answer[name]["bouts"]} == {name.removesuffix("_only")}
            assert reached(answer[name], wish) <= best + TO_THE_MM * abs(best)


@settings(max_examples=60, deadline=None)
@given(st.one_of(MOST_ENERGY, LEAST_LOAD, MIXED))
def test_no_other_mm_a_second_is_better(wish: Wish) -> None:
    """To the letter, not to the mm/s: every one of them is looked at, if there is no budget of impulse."""
    budget = IMPULSE in wish.get("limits", {}) or wish.get("indicator") == IMPULSE
    expected = None if budget else best_without_budget(wish)
    try:
        answer = made(wish)
    except Undefined:
        assert expected is None
        return
    if expected is not None:
        assert reached(answer, wish) == pytest.approx(expected, rel=CLOSE)
    own = [wish[name] for name in wish if "speed" in name] + [
        end for bounds in MEASURED_BACKWARD.values() for end in bounds
    ]
    for bout in answer["bouts"]:
        mm = bout["speed_m_s"] * 1000
        assert mm == pytest.approx(round(mm), abs=1e-9) or min(abs(bout["speed_m_s"] - end) for end in own) < 1e-3


@settings(max_examples=25, deadline=None)
@given(st.one_of(MOST_ENERGY, LEAST_LOAD, MIXED))
def test_every_bout_is_what_an_estimate_says(wish: Wish) -> None:
    try:
        answer = made(wish)
    except Undefined:
        return
    person = {"body_mass_kg", "gait", "grade", "energy_model", "direction_model", "step_rate_ratio"}
    for bout in answer["bouts"]:
        given_person = {"gait": "run"} | {name: value for name, value in wish.items() if name in person}
        whole = estimate(speed_m_s=bout["speed_m_s"], duration_s=max(1.0, bout["duration_s"]), **given_person)
        section = cast(Answer, whole)[bout["direction"]]
        part = bout["duration_s"] / section["duration_s"]
        for name in ("total_energy_kcal", ENERGY):
            assert bout[name]["evidence"] == section[name]["evidence"]
            ends = {end: part * section[name][end] for end in ("value", "low", "high")}
            assert {end: bout[name][end] for end in ends} == pytest.approx(ends, rel=1e-12)
        for name, indicator in bout.get("load", {}).items():
            share = part if name == IMPULSE else 1.0
            for end in {"value", "low", "high"} & set(indicator):
                assert indicator[end] == pytest.approx(share * section["load"][name][end], rel=1e-12)


@settings(max_examples=25, deadline=None)
@given(st.one_of(MOST_ENERGY, MIXED.filter(lambda wish: wish["goal"] == "most_energy")), st.floats(1.001, 1.5))
def test_a_looser_limit_never_yields_less(wish: Wish, factor: float) -> None:
    try:
        before = energy_of(made(wish))
    except Undefined:
        return
    for name, limit in wish.get("limits", {}).items():
        if limit * factor <= INPUTS[name].high:
            looser = wish | {"limits": wish["limits"] | {name: limit * factor}}
            assert energy_of(made(looser)) >= before * (1 - CLOSE)
    assert energy_of(made(wish | {"duration_s": wish["duration_s"] * factor})) >= before * (1 - CLOSE)


BINDING = [
    (MOST | UNCUT | {"limits": {IMPULSE: 1000.0}}, {IMPULSE, "backward_speed_high_m_s"}),
    (MOST | UNCUT | {"limits": {IMPULSE: 1500.0}}, {"duration_s", IMPULSE, "backward_speed_high_m_s", "speed_range"}),
    (MOST | {"limits": {IMPULSE: 9000.0}}, {"duration_s", "speed_range"}),
    (MOST | {"limits": {KNEE: 5.2}}, {"duration_s", KNEE}),
    (MOST | {"limits": {UPTAKE: 40.0, TIBIA: 12.0}}, {"duration_s", UPTAKE}),
    (MOST | {MAXIMUM: 40.0, "limits": {TIBIA: 12.0}}, {"duration_s", MAXIMUM}),
    (MOST | {MAXIMUM: 40.0, "limits": {UPTAKE: 45.0}}, {"duration_s", MAXIMUM}),
    (MOST | {MAXIMUM: 45.0, "limits": {UPTAKE: 40.0}}, {"duration_s", UPTAKE}),
    (LEAST | UNCUT, {"backward_speed_high_m_s"}),
    (LEAST | UNCUT | {ENERGY: 350.0}, {"duration_s", "backward_speed_high_m_s", "speed_range"}),
    (LEAST | UNCUT | {"indicator": KNEE}, {"duration_s", "recovery_s"}),
    (LEAST | UNCUT | {"indicator": KNEE, ENERGY: 250.0}, {"speed_range"}),
    (LEAST | UNCUT | {"indicator": TIBIA, "limits": {UPTAKE: 45.0}}, {"duration_s"}),
    # In 1800 s there are 20 stretches of 60 s with 29 s of recovery, and 20 shorter ones with 31 s.
    (
        MOST | {"limits": {IMPULSE: 1400.0}, "recovery_s": 29.0},
        {"longest_backward_s", IMPULSE, "backward_speed_high_m_s", "speed_range"},
    ),
    (
        MOST | {"limits": {IMPULSE: 1400.0}, "recovery_s": 31.0},
        {"duration_s", "recovery_s", IMPULSE, "backward_speed_high_m_s", "speed_range"},
    ),
    (
        MOST | {"limits": {IMPULSE: 1400.0}, "experience": "never"},
        {"experience", IMPULSE, "backward_speed_high_m_s", "speed_range"},
    ),
]
LOOSER: dict[str, Callable[[Any], Any]] = {"experience": lambda _: "weeks", "recovery_s": lambda value: value * 0.999}
"""How a limit is made looser, if not by a larger number."""


@pytest.mark.parametrize(("wish", "binding"), BINDING)
def test_what_binds_is_what_keeps_the_plan_from_being_better(wish: Wish, binding: set[str]) -> None:
    wish = wish if "longest_backward_s" in wish else wish | {"longest_backward_s": 60.0, "recovery_s": 60.0} | wish
    answer = made(wish)
    assert set(answer["binding"]) == binding
    before = reached(answer, wish)
    for name in ("duration_s", "backward_speed_high_m_s", MAXIMUM, "longest_backward_s", *LOOSER):
        if name in wish and not (name in UNCUT and wish[name] == UNCUT[name]):
            looser = wish | {name: LOOSER.get(name, lambda value: value * 1.001)(wish[name])}
            assert (reached(made(looser), wish) - before > 1e-6 * abs(before)) is (name in binding), name
    for name, limit in wish.get("limits", {}).items():
        looser = wish | {"limits": wish["limits"] | {name: limit * 1.001}}
        assert (reached(made(looser), wish) - before > 1e-6 * abs(before)) is (name in binding), name


def test_the_plan_mixes_directions_if_no_single_direction_does_as_well() -> None:
    """With an own backward speed of 2.2 m/s, backward costs less load and forward is faster."""
    wish = MOST | UNCUT | {"limits": {IMPULSE: 1500.0}}
    answer = made(wish)
    assert [(bout["direction"], bout["speed_m_s"]) for bout in answer["bouts"]] == [("backward", 2.2), ("forward", 3.5)]
    for name in ("forward_only", "backward_only"):
        assert energy_of(answer[name]) < 0.95 * energy_of(answer)
    assert answer["rest_s"] == 0
    assert answer["forward_only"]["rest_s"] > 300


def test_intervals_of_two_bouts_add_what_they_share() -> None:
    answer = made(MOST | UNCUT | {"limits": {IMPULSE: 1500.0}, "interval": 0.9})
    back, there = answer["bouts"]
    total = answer["totals"]["total_energy_kcal"]
    share = back["total_energy_kcal"]["value"] / total["value"]
    score = standard_score(0.9)
    forward, ratio = np.sqrt(0.06**2 + 0.095**2 + 0.016**2), np.hypot(0.13, 0.070 * 2.3533634348018264 / score)
    assert np.log(total["high"] / total["value"]) == pytest.approx(score * np.hypot(forward, share * ratio), rel=1e-12)
    # Error of total energy and of active energy is the same in kcal to first order: rest is taken, not estimated.
    active = answer["totals"][ENERGY]
    widths = [np.log(found["high"] / found["value"]) * found["value"] for found in (total, active)]
    assert widths[0] == pytest.approx(widths[1], rel=1e-12)
    load = answer["totals"]["load"][IMPULSE]
    back_share = back["load"][IMPULSE]["value"] / load["value"]
    expected = score * np.hypot(IMPULSE_CV, back_share * IMPULSE_RATIO_CV)
    assert np.log(load["high"] / load["value"]) == pytest.approx(expected, rel=1e-12)
    assert load["evidence"] == back["load"][IMPULSE]["evidence"] == "D"
    assert answer["totals"]["distance_m"] == pytest.approx(back["distance_m"] + there["distance_m"], rel=1e-12)


def test_one_bout_has_the_intervals_of_its_estimate() -> None:
    answer = made(MOST | UNCUT)
    (bout,) = answer["backward_only"]["bouts"]
    for name in ("total_energy_kcal", ENERGY):
        total = answer["backward_only"]["totals"][name]
        assert total["evidence"] == bout[name]["evidence"]
        assert ungraded(total) == pytest.approx(ungraded(bout[name]), rel=1e-12)
    total, part = answer["backward_only"]["totals"]["load"][IMPULSE], bout["load"][IMPULSE]
    assert total.pop("evidence") == part.pop("evidence")
    assert total.pop("covered") == 1.0
    assert total == pytest.approx(part, rel=1e-12)


def test_a_limit_that_speeds_on_both_sides_keep_loses_none_of_them(monkeypatch: pytest.MonkeyPatch) -> None:
    """With a floor of 0.76 the knee-cap force backward has its least beyond a small hump, where the ratio stops."""
    monkeypatch.setattr("retrorun.models.physiology.load.PATELLOFEMORAL_RATIO_LINE", (1.03, -0.137, 0.76))
    wish = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": TIME, "speed_high_m_s": 3.5}
    ratio_stops = 1 + (0.76 - 1.03) / -0.137
    at_stop = (2.37 + 0.858 * ratio_stops) * 0.76
    beyond = made(wish | {"limits": {KNEE: at_stop * (1 + 1e-5)}})["backward_only"]["bouts"][0]["speed_m_s"]
    before = made(wish | {"limits": {KNEE: at_stop * (1 - 1e-7)}})["backward_only"]["bouts"][0]["speed_m_s"]
    assert beyond == pytest.approx(ratio_stops, abs=1e-3)
    assert before < 2.8
    least = wish | UNCUT | {"goal": "least_load", "indicator": KNEE}
    answer = made(
        least
        | {ENERGY: energy_of(made(wish | UNCUT | {"speed_low_m_s": 2.9, "speed_high_m_s": 2.9})), "speed_high_m_s": 3.4}
    )
    assert at_stop <= load_of(answer, KNEE) <= at_stop * (1 + 1e-5)


@pytest.mark.parametrize(
    ("limits", "way"), [({KNEE: 5.2}, "forward"), ({VERTICAL: 2.6}, "backward"), ({UPTAKE: 40.0}, "forward")]
)
def test_one_mm_a_second_more_is_beyond_the_limit(limits: dict[str, float], way: str) -> None:
    ((name, limit),) = limits.items()
    (bout,) = made(MOST | {"backward_speed_high_m_s": 3.5, "limits": limits})[f"{way}_only"]["bouts"]

    def value_at(speed_m_s: float) -> float:
        found = cast(Answer, estimate(body_mass_kg=70.0, gait="run", speed_m_s=speed_m_s, duration_s=TIME))[way]
        return cast(float, (found | found["load"])[name]["value"])

    assert value_at(bout["speed_m_s"]) <= limit < value_at(bout["speed_m_s"] + 0.001)


@pytest.mark.parametrize(
    "own",
    [
        {"limits": {UPTAKE: 40.0}},
        {MAXIMUM: 40.0, "limits": {IMPULSE: 200.0}},
        {MAXIMUM: 40.0, "energy_model": "minetti2002"},
        {MAXIMUM: 40.0, "speed_low_m_s": 2.5},
    ],
)
def test_where_both_directions_end_at_one_uptake_the_lesser_load_is_taken(own: Wish) -> None:
    """At 40 ml/kg/min both have the same energy, to the mm/s; the load backward is lower."""
    wish = {"body_mass_kg": 70.0, "duration_s": TIME, "goal": "least_load", ENERGY: 50.0, "indicator": IMPULSE} | own
    answer = made(wish)
    check_feasible(answer, wish)
    assert [bout["direction"] for bout in answer["bouts"]] == ["backward"]
    assert load_of(answer, IMPULSE) < 0.8 * load_of(made(wish | {"limits": {UPTAKE: 40.0}})["forward_only"], IMPULSE)


@pytest.mark.parametrize(
    ("low", "high", "expected"),
    [
        (2.0, 2.003, [2.0, 2.001, 2.002, 2.003]),
        (2.0004, 2.0017, [2.0004, 2.001, 2.0017]),
        (2.0004, 2.0006, [2.0004, 2.0006]),
        (2.0005, 2.0005, [2.0005]),
    ],
)
def test_speeds_are_whole_mm_and_both_ends(low: float, high: float, expected: list[float]) -> None:
    assert whole_mm_per_s(low, high).tolist() == expected


def test_a_load_unknown_backward_keeps_backward_out() -> None:
    for wish in (MOST | {"limits": {TIBIA: 8.5}}, MOST | {"grade": 0.05, "limits": {VERTICAL: 2.6}}):
        answer = made(wish)
        assert {bout["direction"] for bout in answer["bouts"]} == {"forward"}
        assert "backward_only" not in answer
        codes = [warning["code"] for warning in answer["warnings"]]
        assert "absent.plan_backward_unknown" in codes
        assert not {"caution.fall", "caution.novice"} & set(codes)


@pytest.mark.parametrize("gait", ["run", "walk"])
@pytest.mark.parametrize(
    "goal",
    [
        {"goal": "most_backward", "duration_s": TIME, "experience": "never", "place": "path"},
        {"goal": "most_energy", "duration_s": TIME},
        {"goal": "most_energy", "duration_s": TIME, "limits": {VERTICAL: 3.0}},
        {"goal": "least_load", ENERGY: 50.0, "indicator": VERTICAL},
        {
            "goal": "most_backward",
            "duration_s": TIME,
            "fixed_speeds": True,
            "speed_high_m_s": 1.9,
            "backward_speed_high_m_s": 1.2,
        },
    ],
)
@pytest.mark.parametrize("grade", [-0.01, -0.05, -0.3])
def test_no_plan_goes_backward_downhill(gait: str, goal: Wish, grade: float) -> None:
    answer = made({"body_mass_kg": 70.0, "gait": gait, "grade": grade, "energy_model": "minetti2002"} | goal)
    assert {bout["direction"] for bout in answer["bouts"]} == {"forward"}
    assert "backward_only" not in answer
    assert "weeks" not in answer
    warning = WARNINGS["absent.plan_backward_downhill"]
    assert warning["severity"] == "limit"
    assert warning in answer["warnings"]
    assert "absent.plan_backward_unknown" not in [one["code"] for one in answer["warnings"]]


def test_a_plan_on_level_ground_or_uphill_goes_backward() -> None:
    for grade in (0.0, 0.03):
        answer = made(MOST | {"goal": "most_backward", "grade": grade})
        assert "backward" in {bout["direction"] for bout in answer["bouts"]}
        assert WARNINGS["absent.plan_backward_downhill"] not in answer["warnings"]


def test_backward_achilles_counts_with_its_upper_bound() -> None:
    wish = MOST | {"backward_speed_high_m_s": 3.4, "limits": {ACHILLES: 1.3}}
    bout = made(wish)["backward_only"]["bouts"][0]
    assert 1.3 - 0.001 * 1.25 * 1.04 / 8.53 < bout["load"][ACHILLES]["high"] <= 1.3
    assert "value" not in bout["load"][ACHILLES]
    assert WARNINGS["caution.plan_backward_achilles"] in made(wish)["warnings"]


def test_walking_has_no_impulse() -> None:
    with pytest.raises(Undefined) as caught:
        made(MOST | {"gait": "walk", "backward_speed_high_m_s": 1.5, "limits": {IMPULSE: 500.0}})
    assert (caught.value.field, caught.value.code) == (f"limits/{IMPULSE}", "indicator_unknown")
    with pytest.raises(Undefined) as caught:
        made(LEAST | {"gait": "walk"})
    assert caught.value.field == "indicator"


OUT_OF_REACH = [
    (LEAST | {ENERGY: 900.0}, ENERGY),
    (LEAST | {ENERGY: 300.0, "limits": {IMPULSE: 500.0}}, ENERGY),
    (MOST | {"limits": {VERTICAL: 1.5}}, f"limits/{VERTICAL}"),
    (MOST | {"limits": {KNEE: 2.0, UPTAKE: 90.0}}, f"limits/{KNEE}"),
    (MOST | {"speed_low_m_s": 6.0}, "speed_low_m_s"),
    (MOST | {"speed_high_m_s": 1.0}, "speed_high_m_s"),
]


@pytest.mark.parametrize(("wish", "field"), OUT_OF_REACH)
def test_the_nearest_value_has_a_plan(wish: Wish, field: str) -> None:
    with pytest.raises(Unattainable) as caught:
        made(wish)
    refusal = caught.value
    assert refusal.field == field
    assert refusal.nearest is not None
    assert refusal.low <= refusal.nearest <= refusal.high
    assert "with these limits" in refusal.message
    check_feasible(made(with_nearest(wish, refusal)), with_nearest(wish, refusal))


@pytest.mark.parametrize(
    ("change", "field", "studied"),
    [
        (
            {"goal": "most_backward", "speed_high_m_s": 2.5, "backward_speed_high_m_s": 2.0, "limits": {ACHILLES: 0.6}},
            f"limits/{ACHILLES}",
            "from 2.7 to 4.5 m/s",
        ),
        ({"speed_high_m_s": 1.5, "limits": {ACHILLES: 2.0}}, f"limits/{ACHILLES}", "from 2.7 to 4.5 m/s"),
        ({"speed_high_m_s": 2.5, "limits": {TIBIA: 9.0}}, f"limits/{TIBIA}", "from 2.6 to 4 m/s"),
        ({"speed_high_m_s": 1.9, "limits": {IMPULSE: 900.0}}, f"limits/{IMPULSE}", "from 2 to 3.5 m/s"),
        ({"speed_low_m_s": 5.0, "limits": {KNEE: 9.0, VERTICAL: 3.3}}, f"limits/{KNEE}", "from 1 to 4.5 m/s"),
        ({"gait": "walk", "speed_high_m_s": 1.2, "limits": {ACHILLES: 1.0}}, f"limits/{ACHILLES}", "at 1.34 m/s"),
        (
            {"goal": "least_load", ENERGY: 100.0, "indicator": ACHILLES, "speed_high_m_s": 2.5},
            "indicator",
            "from 2.7 to 4.5 m/s",
        ),
    ],
)
def test_a_load_that_was_not_studied_at_the_own_speeds_is_named_and_no_faster_speed(
    change: Wish, field: str, studied: str
) -> None:
    wish: Wish = {"body_mass_kg": 70.0, "gait": "run", "goal": "most_energy", "duration_s": TIME} | change
    with pytest.raises(Undefined) as caught:
        made(wish)
    error = caught.value
    assert not isinstance(error, Unattainable)
    assert (error.field, error.code) == (field, "unattainable")
    assert f"{change.get('indicator') or field.rpartition('/')[2]} was studied {studied}" in error.message
    without = {name: limit for name, limit in wish.get("limits", {}).items() if name not in field}
    if "indicator" not in change and wish.get("speed_high_m_s", 2.0) >= 1.8:
        assert made(wish | {"limits": without})["bouts"]


def with_nearest(wish: Wish, refusal: Unattainable) -> Wish:
    """Return a wish with the nearest value, and without the other limits if the error says so."""
    place, _, name = refusal.field.rpartition("/")
    nearest = {name: refusal.nearest}
    if "without the other limits" not in refusal.message:
        return wish | ({place: wish[place] | nearest} if place else nearest)
    own = {MAXIMUM, "limits"}
    if "speed" in name:
        own |= {"speed_low_m_s", "speed_high_m_s", "backward_speed_high_m_s"}
    return {name: value for name, value in wish.items() if name not in own} | ({place: nearest} if place else nearest)


STRICT = st.builds(
    lambda wish, goal, own, limits: {"body_mass_kg": 70.0} | wish | goal | own | ({"limits": limits} if limits else {}),
    st.builds(lambda time: {"duration_s": time}, st.floats(300.0, 7200.0)),
    st.one_of(
        st.sampled_from([{"goal": "most_energy"}, {"goal": "most_backward"}]),
        st.builds(
            lambda energy, indicator: {"goal": "least_load", ENERGY: energy, "indicator": indicator},
            st.one_of(st.floats(100.0, 1500.0), st.floats(1.0, 1.2)),
            st.sampled_from([IMPULSE, KNEE, VERTICAL, ACHILLES, TIBIA]),
        ),
    ),
    st.builds(
        lambda one, other: one | other,
        optional(
            {
                "grade": st.sampled_from([0.0, 0.3, -0.05]),
                "backward_speed_high_m_s": st.floats(1.0, 3.5),
                MAXIMUM: st.floats(10.0, 60.0),
            }
        ),
        st.one_of(
            optional({"speed_low_m_s": st.sampled_from([2.0, 2.0, 3.0, 7.0])}),
            optional({"speed_high_m_s": st.floats(1.0, 4.0)}),
        ),
    ),
    optional(
        {
            IMPULSE: st.floats(10.0, 1500.0),
            VERTICAL: st.floats(2.0, 2.6),
            KNEE: st.floats(2.5, 4.6),
            ACHILLES: st.floats(0.6, 1.2),
            TIBIA: st.floats(6.0, 9.0),
            UPTAKE: st.floats(10.0, 60.0),
        }
    ),
)
"""Wishes that often have no plan, for one reason or several."""


@settings(max_examples=150, deadline=None)
@given(STRICT)
@example(
    {
        "body_mass_kg": 70.0,
        "duration_s": 300.0,
        "goal": "least_load",
        "active_energy_kcal": 100.0,
        "indicator": VERTICAL,
        "limits": {VERTICAL: 2.0},
    }
)
def test_every_nearest_value_has_a_plan(wish: Wish) -> None:
    try:
        made(wish)
    except Unattainable as error:
        refusal = error
    except Undefined:
        return
    else:
        return
    if refusal.nearest is None:
        name = refusal.field.rpartition("/")[2]
        assert not INPUTS[name].within(refusal.high)
        return
    answer = made(with_nearest(wish, refusal))
    check_feasible(answer, with_nearest(wish, refusal))


SEVERAL = [
    # Each limit allows speeds, both together do not: the nearest value keeps the other limit.
    ({VERTICAL: 2.4, UPTAKE: 25.0}, f"limits/{UPTAKE}", "with these limits"),
    # Neither limit can be changed enough while the other stays: the nearest value is without the other.
    ({VERTICAL: 2.0, UPTAKE: 20.0}, f"limits/{VERTICAL}", "without the other limits"),
]


@pytest.mark.parametrize(("limits", "field", "says"), SEVERAL)
def test_an_error_names_the_limit_to_change_and_says_if_the_others_must_go(
    limits: dict[str, float], field: str, says: str
) -> None:
    wish = MOST | {"limits": limits}
    with pytest.raises(Unattainable, match=says) as caught:
        made(wish)
    assert caught.value.field == field
    made(with_nearest(wish, caught.value))


def test_a_limit_that_leaves_too_little_energy_names_one_that_does_not() -> None:
    """Under 2.36 body weights no speed is allowed; just above it, 300 kcal take longer than the time available."""
    wish = LEAST | {"limits": {VERTICAL: 2.1}}
    with pytest.raises(Unattainable, match="with these limits") as caught:
        made(wish)
    assert caught.value.nearest is not None
    assert caught.value.nearest > 2.05 + 0.155 * 2.0
    answer = made(with_nearest(wish, caught.value))
    assert energy_of(answer) == pytest.approx(300.0, rel=CLOSE)
    assert TIME * (1 - TO_THE_MM) <= answer["totals"]["duration_s"] <= TIME


def test_where_nothing_that_can_be_asked_for_is_near_none_is_named() -> None:
    wish = {"body_mass_kg": 30.0, "goal": "least_load", ENERGY: 1.0, "duration_s": 1.0, "indicator": IMPULSE}
    with pytest.raises(Unattainable, match="outside the range of this field") as caught:
        made(wish)
    assert "nearest" not in caught.value.reach


def test_a_grade_that_nobody_runs_up_at_such_a_speed_is_undefined() -> None:
    wish = MOST | {"grade": 0.45, "energy_model": "minetti2002", "speed_low_m_s": 4.0}
    with pytest.raises(Undefined, match="gentler grade") as caught:
        made(wish)
    assert caught.value.code == "unattainable"


@pytest.mark.parametrize("grade", [0.1, 0.3, 0.45])
def test_no_plan_takes_more_oxygen_than_anybody_does(grade: float) -> None:
    answer = made(MOST | {"grade": grade, "energy_model": "minetti2002", "duration_s": 172_800.0})
    taken = [bout[UPTAKE]["value"] for way in ("forward_only", "backward_only") for bout in answer[way]["bouts"]]
    assert max(taken) <= PLAUSIBLE_UPTAKE * (1 + CLOSE)
    assert max(taken) >= PLAUSIBLE_UPTAKE * (1 - TO_THE_MM)


BARE: Wish = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": TIME}


class TestWhatIsOwn:
    CODE = "caution.plan_without_own_limit"

    def test_without_any_limit_of_the_person_the_first_warning_says_what_to_give(self) -> None:
        for wish in (
            BARE,
            BARE | {"speed_high_m_s": 3.0, "limits": {KNEE: 4.6}},
            BARE | {"backward_speed_high_m_s": 2.2},
            BARE | {"goal": "most_backward", "speed_high_m_s": 3.0, "backward_speed_high_m_s": 2.2},
            BARE | {"speed_high_m_s": 3.0, "backward_speed_high_m_s": 2.2, "fixed_speeds": False},
        ):
            first = made(wish)["warnings"][0]
            assert first["code"] == self.CODE
            assert all(name in first["message"] for name in (MAXIMUM, UPTAKE, "backward_speed_high_m_s"))

    @pytest.mark.parametrize(
        "own",
        [
            {"limits": {UPTAKE: 40.0}},
            {MAXIMUM: 50.0},
            {"speed_high_m_s": 3.0, "backward_speed_high_m_s": 2.2, "fixed_speeds": True},
        ],
    )
    def test_with_one_it_is_not_said_and_how_long_it_is_held_is_never_promised(self, own: Wish) -> None:
        codes = [warning["code"] for warning in made(BARE | own)["warnings"]]
        assert self.CODE not in codes
        assert "caution.plan_central" in codes
        assert "do not model whether a speed or a share" in WARNINGS["caution.plan_central"]["message"]

    def test_no_bout_is_above_the_own_maximum_and_each_has_its_share(self) -> None:
        answer = made(BARE | {MAXIMUM: 45.0})
        for option in (answer, answer["forward_only"], answer["backward_only"]):
            for bout in option["bouts"]:
                assert bout[UPTAKE]["value"] <= 45.0 * (1 + CLOSE)
                assert bout["share_of_maximum"]["value"] == pytest.approx(bout[UPTAKE]["value"] / 45.0, rel=1e-12)
        assert answer["binding"] == ["duration_s", MAXIMUM]
        assert "caution.above_maximum" not in [warning["code"] for warning in answer["warnings"]]
        assert "share_of_maximum" not in made(BARE)["bouts"][0]

    def test_a_maximum_under_every_speed_names_the_least_that_is_not(self) -> None:
        with pytest.raises(Unattainable) as caught:
            made(BARE | {MAXIMUM: 12.0})
        assert caught.value.field == MAXIMUM
        assert made(BARE | {MAXIMUM: caught.value.nearest})["binding"]
        with pytest.raises(OutOfRange):
            made(BARE | {MAXIMUM: 9.0})


def test_a_warning_about_only_one_comparison_names_it() -> None:
    """Forward is best with these limits: that backward adds a risk of falling is about backward_only."""
    answer = made(MOST | {"limits": {UPTAKE: 40.0}})
    assert {bout["direction"] for bout in answer["bouts"]} == {"forward"}
    messages = {warning["code"]: warning["message"] for warning in answer["warnings"]}
    assert messages["caution.fall"] == f"For backward_only: {WARNINGS['caution.fall']['message']}"
    assert messages["caution.rest"] == WARNINGS["caution.rest"]["message"]
    both = made(MOST | {"limits": {IMPULSE: 1500.0}})
    assert WARNINGS["caution.fall"] in both["warnings"]
    assert len({warning["code"] for warning in both["warnings"]}) == len(both["warnings"])


@settings(max_examples=40, deadline=None)
@given(st.one_of(MOST_ENERGY, LEAST_LOAD, MIXED))
def test_totals_are_those_of_a_workout_of_the_same_bouts(wish: Wish) -> None:
    try:
        answer = made(wish)
    except Undefined:
        return
    person = {"body_mass_kg", "direction_model", "step_rate_ratio", "interval"}
    gait, model = wish.get("gait", "run"), wish.get("energy_model", default_energy_model(wish.get("gait", "run")))
    for option in (answer, *(answer[name] for name in ("forward_only", "backward_only") if name in answer)):
        if min(bout["duration_s"] for bout in option["bouts"]) < 1:
            continue
        segments = [
            {
                "repeat": bout["times"],
                "segments": [
                    {name: bout[name] for name in ("direction", "speed_m_s", "duration_s")}
                    | {"gait": gait, "grade": wish.get("grade", 0.0)}
                ],
            }
            for bout in option["bouts"]
        ]
        given_person = {name: value for name, value in wish.items() if name in person}
        whole = cast(
            Answer, workout(segments=cast(Any, segments), energy_models=cast(Any, {gait: model}), **given_person)
        )
        for name, found in option["totals"].items():
            if name != "load":
                assert ungraded(found) == pytest.approx(ungraded(whole["totals"][name]), rel=1e-12)
        load, expected = option["totals"].get("load", {}), whole["totals"].get("load", {})
        assert load.keys() == expected.keys()
        for name, indicator in load.items():
            assert indicator["evidence"] == expected[name]["evidence"]
            ends = [{end: one[end] for end in one if end != "evidence"} for one in (indicator, expected[name])]
            assert ends[0] == pytest.approx(ends[1], rel=1e-12)


def test_peaks_of_two_bouts_are_the_largest_ends_with_the_weakest_grade() -> None:
    """Backward Achilles load has only bounds, and so has the largest. Forward vertical force has better evidence."""
    answer = made(MOST | {"limits": {IMPULSE: 1500.0}})
    back, there = (bout["load"] for bout in answer["bouts"])
    total = answer["totals"]["load"]
    for name in (VERTICAL, KNEE, ACHILLES):
        for end in ("low", "high"):
            assert total[name][end] == max(back[name][end], there[name][end])
        assert total[name]["evidence"] == max(back[name]["evidence"], there[name]["evidence"])
    assert "value" not in total[ACHILLES]
    assert total[VERTICAL]["value"] == max(back[VERTICAL]["value"], there[VERTICAL]["value"])
    assert TIBIA not in total


@pytest.mark.parametrize(
    ("wish", "field"),
    [
        ({"goal": "most_energy"}, "duration_s"),
        ({"goal": "most_energy", "duration_s": TIME, ENERGY: 100.0}, ENERGY),
        ({"goal": "most_energy", "duration_s": TIME, "indicator": KNEE}, "indicator"),
        ({"goal": "least_load", "indicator": KNEE}, ENERGY),
        ({"goal": "least_load", ENERGY: 100.0}, "indicator"),
        (MOST | {"speed_low_m_s": 3.0, "speed_high_m_s": 2.0}, "speed_low_m_s"),
        (MOST | {"gait": "walk", "energy_model": "looney2025"}, "energy_model"),
    ],
)
def test_what_a_goal_lacks_or_has_no_use_for_is_a_conflict(wish: Wish, field: str) -> None:
    with pytest.raises(Conflict) as caught:
        made({"body_mass_kg": 70.0} | wish)
    assert caught.value.field == field


def test_a_limit_is_checked_in_its_place() -> None:
    with pytest.raises(OutOfRange) as caught:
        made(MOST | {"limits": {KNEE: 0.0}})
    assert caught.value.field == f"limits/{KNEE}"


def test_without_a_time_the_least_load_takes_as_long_as_it_takes() -> None:
    answer = made({name: value for name, value in LEAST.items() if name != "duration_s"})
    assert "duration_s" not in answer["binding"]
    assert energy_of(answer) == pytest.approx(300.0, rel=CLOSE)
    check_stretches(answer, {})
    (bout,) = answer["bouts"]
    assert answer["rest_s"] == 60.0 * bout["times"]
    assert "rest_s" not in answer["forward_only"]


class TestHttp:
    pytestmark = pytest.mark.anyio

    async def test_the_example_has_the_documented_shape(self, client: httpx.AsyncClient) -> None:
        example = requests("plan")["most_energy"]["value"]
        response = await client.post("/plan", json=example)
        assert response.status_code == 200, response.text
        TypeAdapter(described(Plan)).validate_python(response.json(), strict=True)
        assert response.json() == answer_in_view(plan, example)

    async def test_a_target_out_of_reach_is_a_problem_without_an_echo(
        self, client: httpx.AsyncClient, problem_of: Callable[[httpx.Response, int], Answer]
    ) -> None:
        response = await client.post("/plan", json=LEAST | {"body_mass_kg": 71.3, ENERGY: 987.6})
        assert response.status_code == 422
        (error,) = response.json()["errors"]
        assert (error["pointer"], error["code"]) == (f"/{ENERGY}", "unattainable")
        assert error["nearest"] == error["high"]
        assert f"{error['nearest']:g}" in error["message"]
        assert not [sent for sent in ("71.3", "987.6") if sent in response.text]

    @pytest.mark.parametrize(
        ("change", "pointer", "code"),
        [
            ({"goal": "fun"}, "/goal", "not_a_choice"),
            ({"limits": {KNEE: "4"}}, f"/limits/{KNEE}", "not_a_number"),
            ({"limits": {"knee": 4.0}}, "/limits", "unknown_field"),
            ({"indicator": "knee_extensor_moment_ratio"}, "/indicator", "not_a_choice"),
            ({"limits": {TIBIA: 0.01}}, f"/limits/{TIBIA}", "out_of_range"),
            ({"speed_m_s": 3.0}, "", "unknown_field"),
        ],
    )
    async def test_a_problem_points_at_its_place(
        self,
        client: httpx.AsyncClient,
        problem_of: Callable[[httpx.Response, int], Answer],
        change: Wish,
        pointer: str,
        code: str,
    ) -> None:
        problem = problem_of(await client.post("/plan", json=MOST | change), 422)
        assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
