"""The sum over bouts of one person and of many, with the errors that they share."""

import itertools
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrorun.models.estimate.estimate import estimate
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.vocabulary.errors import Conflict, EstimateError, OutOfRange, Undefined
from retrorun.models.workout.adding import AddedEstimates, add_estimates, person_spread
from retrorun.models.workout.workout import workout

SCORE = standard_score(0.9)


def columns(values: list[float], spread: float) -> dict[str, Any]:
    factor = math.exp(SCORE * spread)
    return {
        "value": values,
        "low": [value / factor for value in values],
        "high": [value * factor for value in values],
    }


def spread_of(found: AddedEstimates) -> float:
    assert found.low * found.high == pytest.approx(found.value**2)
    return math.log(found.high / found.value) / SCORE


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("count", [1, 2, 100])
def test_bouts_of_one_person_keep_the_relative_range_of_one_bout(direction: Any, count: int) -> None:
    answer = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0)
    one = answer[direction]["total_energy_kcal"]  # type: ignore[literal-required]  # a parameter
    cv = person_spread(answer["spread"], of=direction)  # type: ignore[arg-type]  # numbers by name
    many: dict[str, Any] = {name: [one[name]] * count for name in ("value", "low", "high")}
    for persons in (None, ["me"] * count):
        found = add_estimates(**many, person_cv=cv, persons=persons)
        for name in ("value", "low", "high"):
            assert getattr(found, name) == pytest.approx(count * one[name], rel=1e-12)
            assert getattr(found, f"person_{name}").tolist() == pytest.approx([count * one[name]], rel=1e-12)
        assert found.bouts == count


@pytest.mark.parametrize("count", [1, 4, 100])
def test_the_part_of_a_person_falls_with_people_and_the_rest_does_not(count: int) -> None:
    answer = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0)
    one, parts = answer["forward"]["total_energy_kcal"], answer["spread"]
    many: dict[str, Any] = {name: [one[name]] * count for name in ("value", "low", "high")}
    cv = person_spread(parts, of="forward")  # type: ignore[arg-type]  # numbers by name
    found = add_estimates(**many, person_cv=cv, persons=range(count))
    variance = parts["model_cv"] ** 2 + parts["conversion_cv"] ** 2 + parts["person_cv"] ** 2 / count
    assert spread_of(found) ** 2 == pytest.approx(variance, rel=1e-9)
    assert found.person_high.tolist() == pytest.approx([one["high"]] * count)


def test_two_bouts_of_each_of_two_people() -> None:
    found = add_estimates(**columns([1.0, 2.0, 3.0, 4.0], 0.5), person_cv=0.3, persons=["a", "b", "a", "b"])
    # Worked by hand: the rest is 0.4 of 10; the people have 4 and 6.
    assert spread_of(found) ** 2 == pytest.approx(0.4**2 + (0.3 * 4 / 10) ** 2 + (0.3 * 6 / 10) ** 2)
    assert found.person.tolist() == ["a", "b"]
    assert found.person_value.tolist() == [4.0, 6.0]


BOUTS = st.lists(
    st.tuples(st.floats(1, 1e4), st.floats(0, 0.6), st.floats(0, 1), st.integers(0, 5)), min_size=1, max_size=30
)


@given(BOUTS)
def test_the_spread_lies_between_what_all_share_and_the_sum_of_all(
    bouts: list[tuple[float, float, float, int]],
) -> None:
    value, spread, share, persons = map(np.array, zip(*bouts, strict=True))
    factor = np.exp(SCORE * spread)
    rows: Any = {"value": value, "low": value / factor, "high": value * factor, "persons": persons}
    found = add_estimates(**rows, person_cv=spread * share)
    weights = value / value.sum()
    least = float((weights * spread * np.sqrt(1 - share**2)).sum())
    most = float((weights * spread).sum())
    assert least - 1e-9 <= spread_of(found) <= most + 1e-9
    assert spread_of(add_estimates(**rows)) == pytest.approx(most, abs=1e-9)
    assert found.person_value.sum() == pytest.approx(found.value)
    # The order of the rows changes nothing.
    back: Any = {name: column[::-1] for name, column in rows.items()}
    assert spread_of(add_estimates(**back, person_cv=(spread * share)[::-1])) == pytest.approx(spread_of(found))


def test_bouts_of_one_person_are_the_workout_that_they_make() -> None:
    speeds = (2.2, 2.9, 3.6)
    whole = workout(body_mass_kg=70.0, segments=[{"speed_m_s": speed, "duration_s": 600.0} for speed in speeds])
    each = [estimate(body_mass_kg=70.0, speed_m_s=speed, duration_s=600.0)["forward"] for speed in speeds]
    rows: list[Any] = [one["total_energy_kcal"] for one in each]
    total = whole["totals"]["total_energy_kcal"]
    columns: dict[str, Any] = {name: [one[name] for one in rows] for name in ("value", "low", "high")}
    found = add_estimates(**columns)
    assert found[:3] == pytest.approx((total["value"], total["low"], total["high"]), rel=1e-9)


def test_rows_without_an_estimate_are_counted() -> None:
    rows = columns([100.0, math.nan, 200.0], 0.1)
    rows["low"][2] = math.nan
    found = add_estimates(**rows, persons=["a", "b", "c"])
    assert (found.value, found.bouts, found.unknown, found.person.tolist()) == (100.0, 1, 2, ["a"])


@pytest.mark.parametrize(
    "persons",
    [
        [7, 7, 2**62],
        ["ä", "ä", "b"],
        [("a", 1), ("a", 1), ("b", 1)],
        np.array(["2026-01-01", "2026-01-01", "2026-01-02"], "datetime64[s]"),
        np.array([b"a", b"a", "a"], object),
    ],
)
def test_keys_may_have_any_type(persons: Any) -> None:
    if isinstance(persons, list) and isinstance(persons[0], tuple):
        held = np.empty(len(persons), object)
        held[:] = persons
        persons = held
    found = add_estimates(**columns([1.0, 1.0, 2.0], 0.1), persons=persons)
    assert found.person_value.tolist() == [2.0, 2.0]
    assert set(found.person.tolist()) == set(np.asarray(persons).tolist())


GOOD: Any = columns([1.0, 2.0], 0.1)


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"value": [1.0]}, Conflict),
        ({"person_cv": [0.1] * 3}, Conflict),
        ({"persons": ["a"]}, Conflict),
        ({"persons": np.array(["a", None], object)}, Conflict),
        ({"persons": [1.0, math.nan]}, Conflict),
        ({"persons": np.array(["2026-01-01", "NaT"], "datetime64[s]")}, Conflict),
        ({"value": [0.0, 2.0], "low": [0.0, 1.0]}, OutOfRange),
        ({"value": [9.0, 2.0]}, OutOfRange),
        ({"high": [math.inf, 3.0]}, OutOfRange),
        ({"interval": 1.0}, OutOfRange),
        ({"value": [math.nan] * 2}, Undefined),
        ({"value": [], "low": [], "high": []}, Undefined),
    ],
)
def test_what_cannot_be_added_is_refused(change: dict[str, Any], error: type[EstimateError]) -> None:
    with pytest.raises(error):
        add_estimates(**GOOD | change)


def test_the_part_of_a_person_of_each_quantity() -> None:
    parts = {"person_cv": np.array([0.03, math.nan]), "ratio_person_cv": 0.04, "model_cv": 9.0}
    found = {of: np.broadcast_to(person_spread(parts, of=of), 2).tolist() for of in ("forward", "backward", "ratio")}  # type: ignore[arg-type]  # words of a list
    assert list(itertools.chain(*found.values())) == pytest.approx([0.03, 0.0, 0.05, 0.04, 0.04, 0.04])
    assert person_spread({}, of="forward") == 0.0
