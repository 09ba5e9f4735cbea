"""Changing an answer changes no later answer."""

from collections.abc import Callable
from copy import deepcopy
from typing import Any

import pytest

from retrorun.models.equations.equations import estimate_by
from retrorun.models.evidence.views import answer_in_view, estimate_in_view
from retrorun.models.plan.plan import plan
from retrorun.models.solve.solve import solve
from retrorun.models.workout.workout import workout

BOUT = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
FULL = {"view": "full"}


def overwritten(node: Any) -> None:
    """Overwrite every value in an answer, in place."""
    for key, value in list(node.items() if isinstance(node, dict) else enumerate(node)):
        if isinstance(value, dict | list):
            overwritten(value)
        node[key] = "overwritten"


ASKED: dict[str, Callable[[], Any]] = {
    "full": lambda: estimate_in_view(estimate_by, BOUT | FULL),
    "standard": lambda: estimate_in_view(estimate_by, BOUT),
    "summary": lambda: estimate_in_view(estimate_by, BOUT | {"view": "summary"}),
    "every equation": lambda: estimate_in_view(estimate_by, BOUT | {"energy_model": "all"}),
    "workout": lambda: answer_in_view(
        workout, FULL | {"body_mass_kg": 70.0, "segments": [{"speed_m_s": 2.5, "duration_s": 600.0}]}
    ),
    "plan": lambda: answer_in_view(plan, FULL | {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": 1800.0}),
    "solve": lambda: answer_in_view(solve, FULL | {"body_mass_kg": 70.0, "find": "speed", "gait": "run", "met": 10.0}),
}


@pytest.mark.parametrize("name", ASKED)
def test_an_answer_that_is_overwritten_changes_no_other(name: str) -> None:
    ask = ASKED[name]
    first = ask()
    expected = deepcopy(first)
    overwritten(first)
    assert ask() == expected
