"""Level speeds as columns: by hand, at their limits, and beside `solve`."""

import math
from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from retrorun.models.estimate.case import Case, forward_power
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.physiology.energy import MINETTI2002_COEFFICIENTS, ON_A_GRADE
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.physiology.grades import GRADES
from retrorun.models.physiology.uncertainty import MODEL_FORWARD_CV, standard_score
from retrorun.models.solve.level_speed import level_grade, level_speeds, level_spread
from retrorun.models.solve.solve import solve
from retrorun.models.vocabulary.choices import DIRECTIONS, Gait
from retrorun.models.vocabulary.quantities import speed_bounds

SCORE = standard_score(0.9)
REST_W_KG = 1.2
SLOW_M_S = 0.5  # from here on the power of every equation rises steeply enough to solve for the speed
EQUATIONS: list[tuple[Gait, str]] = [(gait, name) for gait, models in ENERGY_MODELS.items() for name in models]


def case_of(speeds: Any, grades: Any, gait: Gait = "run", energy_model: str = "looney2025") -> Case:
    """Return bouts of a minute."""
    speed, grade = np.broadcast_arrays(np.asarray(speeds, np.float64), np.asarray(grades, np.float64))
    return Case(
        gait=gait,
        energy_model=energy_model,
        direction_model="documented",
        body_mass_kg=70.0,
        speed_m_s=speed,
        duration_s=60.0,
        distance_m=60.0 * speed,
        grade=grade,
        resting_w_kg=REST_W_KG,
        step_rate_ratio=1.0,
    )


def found(*args: Any, **said: Any) -> Column:
    return level_speeds(case_of(*args, **said)).speed_m_s


class TestByHand:
    def test_minetti_has_one_factor_for_every_running_speed(self) -> None:
        """Uphill at 10 %: 155.4e-5 - 30.4e-4 - 43.3e-3 + 46.3e-2 + 1.95 + 3.6 = 5.968214 J/kg/m; level 3.6."""
        speeds = np.array([1.0, 2.5, 4.5])
        assert found(speeds, 0.1, energy_model="minetti2002") == pytest.approx(speeds * 5.968214 / 3.6, rel=1e-12)
        cost = np.polynomial.Polynomial(MINETTI2002_COEFFICIENTS["run"][::-1])
        for grade in (-0.3, -0.1, -0.01, 0.002, 0.05, 0.3):
            expected = 2.0 * cost(grade) / cost(0.0)
            assert found([2.0], grade, energy_model="minetti2002")[0] == pytest.approx(expected, rel=1e-12)

    def test_acsm_adds_nine_halves_of_the_grade(self) -> None:
        """The uptake is 0.2 S + 0.9 S g + 3.5 ml/kg/min, so the factor is 1 + 4.5 g."""
        assert found([2.5], 0.08, energy_model="acsm")[0] == pytest.approx(2.5 * 1.36, rel=1e-12)

    def test_looney_solves_its_square(self) -> None:
        """Uphill at 10 %, 3 m/s: 20.32 W/kg (the docstring of the equation); the level has 4.43 + 1.51 V + 0.37 V^2."""
        root = (-1.51 + math.sqrt(1.51**2 + 4 * 0.37 * (20.32 - 4.43))) / (2 * 0.37)
        assert found([3.0], 0.1)[0] == pytest.approx(root, rel=1e-3)


class TestInvariants:
    @pytest.mark.parametrize(("gait", "energy_model"), EQUATIONS)
    def test_on_the_level_it_is_the_speed_to_the_bit(self, gait: Gait, energy_model: str) -> None:
        speeds = np.linspace(*speed_bounds(gait), 50)
        case = case_of(speeds, 0.0, gait, energy_model)
        level = level_speeds(case)
        assert level.speed_m_s.tolist() == speeds.tolist()
        for side in DIRECTIONS:
            assert not level_spread(case, level, side, SCORE).any()

    @pytest.mark.parametrize(("gait", "energy_model"), EQUATIONS)
    @given(data=st.data())
    def test_it_costs_the_same_and_a_steeper_climb_is_never_slower(
        self, gait: Gait, energy_model: str, data: st.DataObject
    ) -> None:
        low, high = speed_bounds(gait)
        steepest = min(0.9, ENERGY_MODELS[gait][energy_model].defined_grade[1])
        lowest = max(-0.5, ENERGY_MODELS[gait][energy_model].defined_grade[0])
        speed = data.draw(st.floats(SLOW_M_S, high))
        grades = np.array(sorted(data.draw(st.lists(st.floats(lowest, steepest), min_size=2, max_size=20))))
        case = case_of(np.full(len(grades), speed), grades, gait, energy_model)
        flat = level_speeds(case).speed_m_s
        known = ~np.isnan(flat)
        assert ((flat[known] >= low) & (flat[known] <= high) | (grades[known] == 0)).all()
        back = forward_power(replace(case, grade=0.0))(flat[known])
        assert back == pytest.approx(np.asarray(forward_power(case)(cast(Column, case.speed_m_s)))[known], rel=1e-9)
        climb = flat[known & (grades >= 0)]
        assert (np.diff(climb) >= -1e-12).all()
        # Once too steep for the gait, it stays so.
        assert (np.diff(np.isnan(flat[grades >= 0]).astype(int)) >= 0).all()

    @pytest.mark.parametrize("grade", [-0.1, -0.02, 0.005, 0.05, 0.2])
    @pytest.mark.parametrize(("gait", "speed"), [("run", 2.5), ("walk", 1.2)])
    def test_it_is_that_of_solve(self, gait: Gait, speed: float, grade: float) -> None:
        model = "looney2025" if gait == "run" else "looney2019"
        person = {"age_y": 40.0, "sex": "female", "height_m": 1.75}
        one: Any = solve(find="level_speed", body_mass_kg=70.0, speed_m_s=speed, grade=grade, gait=gait, **person)  # type: ignore[arg-type]  # words
        case = case_of([speed, speed + 0.1], [grade, 0.0], gait, model)
        level = level_speeds(case)
        for side in DIRECTIONS:
            answer = one[side]["speed_m_s"]
            assert level.speed_m_s[0] == pytest.approx(answer["value"], rel=1e-12)
            spread = level_spread(case, level, side, SCORE)[0]
            assert SCORE * spread == pytest.approx(math.log(answer["high"] / answer["value"]), rel=1e-9)
            assert GRADES[int(np.ravel(level_grade(case, level, side))[0])] == answer["evidence"]


class TestLimits:
    def test_a_downhill_may_cost_less_than_the_lowest_speed_on_the_level(self) -> None:
        slow = found([0.2, 0.2], [-0.05, 0.0], energy_model="minetti2002")
        assert np.isnan(slow[0])
        assert slow[1] == 0.2

    def test_a_steep_climb_costs_more_than_the_fastest(self) -> None:
        assert np.isnan(found([6.0], 0.3)[0])
        # ACSM multiplies 5 m/s by 1 + 4.5 g, and running is answered up to 8 m/s.
        assert found([5.0], 0.133, energy_model="acsm")[0] == pytest.approx(7.9925, rel=1e-12)
        assert np.isnan(found([5.0], 0.134, energy_model="acsm")[0])

    def test_where_power_is_too_flat_to_solve_it_is_unknown(self) -> None:
        assert np.isnan(found([0.21], 0.001)[0])


class TestSpread:
    def test_the_two_errors_of_the_equation_remain_on_a_slope(self) -> None:
        case = case_of([2.5], 0.1, energy_model="acsm")
        level = level_speeds(case)
        share = 0.2 * 60 * 3.625 / (0.2 * 60 * 3.625 + 3.5)  # of the uptake that grows with speed
        models = MODEL_FORWARD_CV["run"]
        expected = math.hypot(models["level"], models["grade"]) / share
        for side in DIRECTIONS:
            assert level_spread(case, level, side, SCORE)[0] == pytest.approx(expected, rel=1e-7)

    def test_it_grows_from_nothing_on_the_level_to_the_whole_where_a_slope_begins(self) -> None:
        grades = np.array([0.0, 0.25, -0.5, 1.0, 1.0001, -30.0]) * ON_A_GRADE
        case = case_of(np.full(6, 2.5), grades, energy_model="minetti2002")
        level = level_speeds(case)
        spread = level_spread(case, level, "forward", SCORE) * level.elasticity
        assert spread == pytest.approx(np.array([0.0, 0.25, 0.5, 1.0, 1.0, 1.0]) * math.hypot(0.06, 0.06), rel=1e-6)

    def test_backward_downhill_is_wider_because_it_was_not_measured(self) -> None:
        case = case_of([2.5, 2.5], [0.05, -0.05])
        level = level_speeds(case)
        forward, backward = (level_spread(case, level, side, SCORE) for side in DIRECTIONS)
        assert backward[0] == pytest.approx(forward[0], rel=1e-9)
        assert backward[1] > 1.5 * forward[1]
