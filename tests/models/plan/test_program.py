"""The best mix of a few made-up speeds, against every corner of what is allowed and against many mixes."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrorun.models.numerics.linear import most_gain
from retrorun.models.plan.program import Program
from retrorun.models.plan.stretches import Stretches
from tests.models.plan.test_plan import CLOSE, vertices

TIME = 1800.0


def program_of(seed: int, **change: Any) -> Program:
    """Return a program of eight speeds, four of them backward, with made-up rates."""
    rates = np.random.default_rng(seed)
    found = Program(
        np.arange(0, 80, 10),
        np.arange(8.0),
        np.arange(8) >= 4,
        np.zeros(8),
        rates.uniform(0.1, 0.3, 8),
        rates.uniform(0.3, 1.5, 8),
        np.zeros(8),
        TIME,
        Stretches(rates.uniform(30.0, 300.0), rates.uniform(10.0, 300.0)),
        0.0,
        rates.uniform(0.1, 1.0) * TIME,
        0.0,
    )
    return found._replace(gain=found.energy)._replace(**change)


def long_enough(program: Program, seconds: dict[int, float]) -> bool:
    return next(program.untidy(seconds), None) is None


@settings(max_examples=150, deadline=None)
@given(st.integers(0, 10**6), st.booleans())
def test_no_corner_of_what_is_allowed_gains_more(seed: int, reach: bool) -> None:
    program = program_of(seed)
    cap, _ = program.stretches.most_backward(TIME)
    limit = program.impulse_limit
    assert limit is not None
    uses = [np.ones(8), np.where(program.backward, TIME / cap, 0.0), program.impulse * TIME / limit]
    totals = [1.0, 1.0, 1.0]
    if reach:
        energy_kcal = 0.9 * program.gain_of(program.best() or {})
        program = program._replace(energy_kcal=energy_kcal, gain=-program.impulse)
        uses, totals = [*uses, -program.energy * TIME / energy_kcal], [*totals, -1.0]
    corners = vertices(np.array(uses), np.array(totals)) * TIME
    best = program.best()
    assert best is not None
    assert program.held_by(best) <= limit * (1 + CLOSE)
    most = program.most()
    assert most is not None
    if long_enough(program, most):
        assert best == most
        assert program.gain_of(best) == pytest.approx(float((corners @ program.gain).max()), rel=CLOSE)
    assert long_enough(program, best)


@settings(max_examples=60, deadline=None)
@given(st.integers(0, 10**6), st.floats(0.1, 2.5))
def test_no_mix_within_the_held_impulse_gains_more(seed: int, score: float) -> None:
    program = program_of(seed, score=score)
    cap, _ = program.stretches.most_backward(TIME)
    best = program.best()
    assert best is not None
    assert program.impulse_limit is not None
    assert program.held_by(best) <= program.impulse_limit * (1 + CLOSE)
    gained = program.gain_of(best)
    mixes = np.random.default_rng(seed + 1).dirichlet(np.full(8, 0.3), 400)
    for mix in [*mixes, *np.eye(8)]:
        seconds = {row: float(share) for row, share in zip(program.rows.tolist(), mix, strict=True) if share > 1e-12}
        backward = float(mix @ program.backward)
        longest = min(TIME, program.impulse_limit / program.held_by(seconds), cap / max(backward, 1e-12))
        scaled = {row: share * longest for row, share in seconds.items()}
        if len(scaled) <= 3 and long_enough(program, scaled):
            assert program.gain_of(scaled) <= gained * (1 + CLOSE)


def test_speeds_that_are_almost_one_become_one() -> None:
    program = program_of(1, speed_m_s=np.arange(8) / 1000)
    best = program.best()
    assert best is not None
    assert len(best) <= 4
    assert long_enough(program, best)


def test_a_bout_that_is_too_short_is_left_out_or_made_longer() -> None:
    """0.8 s at the better speed are not possible: a second of it is, with a little less of the other."""
    program = program_of(
        2,
        rows=np.array([0, 1]),
        speed_m_s=np.array([1.0, 2.0]),
        backward=np.array([False, False]),
        gain=np.array([1.0, 1.3]),
        energy=np.array([1.0, 1.3]),
        impulse=np.array([1.0, 1.5]),
        least_s=np.zeros(2),
        impulse_limit=TIME + 0.4,
    )
    best = program.best()
    assert best is not None
    assert best == pytest.approx({0: TIME - 1.1, 1: 1.0})


def test_a_total_that_cannot_be_reached_has_no_amounts() -> None:
    uses = np.array([[1.0, 1.0], [-0.5, -0.25]])
    assert most_gain(np.array([1.0, 2.0]), uses, np.array([1.0, -1.0])) is None
    assert most_gain(np.array([-1.0, -2.0]), uses, np.array([1.0, -0.5])) == pytest.approx([1.0, 0.0])
