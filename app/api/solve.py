"""POST /solve: the bout, speed or range of speeds that meets a target, or the probability of a value."""

from typing import Any

from fastapi import APIRouter

from retrorun.app.api.estimate import OWN
from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import WorkerRoute
from retrorun.app.http.schema import described, request_of
from retrorun.models.solve.answer import Solution
from retrorun.models.solve.solve import solve as solve_target

router = APIRouter(route_class=WorkerRoute)


SolveRequest: Any = request_of(
    solve_target,
    "What to find, the target under its own name, and the fixed values. A field that `find` does not use is an error.",
    **OWN,
)


@router.post(
    "/solve",
    operation_id="solve",
    tags=["estimate"],
    summary="Find the bout, speed or range of speeds that meets a target",
    response_model=described(Solution),
    response_description="The solution in each direction, and the assumed inputs.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def solve(target: SolveRequest) -> Any:
    """Send what to `find`, the target under its own name, and the fixed values.

    Use it when you know the result but not the bout. If you know the bout, use POST /estimate. It needs `find`,
    `body_mass_kg`, a target and, for each `find`, these values. bout: total or active energy, with `speed_m_s` or
    `duration_s` (not `distance_m`: over a distance, energy hardly depends on speed). speed: oxygen uptake, MET or
    power. equal_cost_speed: `speed_m_s` or `backward_speed_m_s`. level_speed: `speed_m_s` and `grade`. speed_range: the
    highest value of one load indicator; the indicator per bout also needs `duration_s`. probability: a value of an
    energy, energy per kilometre, rate or load, and two of `speed_m_s`, `duration_s` and `distance_m`. Without
    `speed_m_s`, send `gait`, except for probability.

    Each direction is solved separately. If no direction can meet the target, the error has the attainable range and, if
    you may ask for it, the nearest attainable value. If only one direction cannot, that direction has `unattainable`.
    `oxygen_uptake_max_ml_kg_min` adds the share of it and is no limit.
    """
    return solve_target(**target)
