"""The endpoint that is given a target and finds what meets it."""

from typing import Any

from fastapi import APIRouter

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import WorkerRoute
from retrorun.app.http.schema import described, request_of
from retrorun.models.solve.answer import Solution
from retrorun.models.solve.solve import solve as solve_target

router = APIRouter(route_class=WorkerRoute)


SolveRequest: Any = request_of(
    solve_target,
    "What to find, the target under its own name, and what is fixed; a field that `find` does not use is refused.",
)


@router.post(
    "/solve",
    operation_id="solve",
    tags=["estimate"],
    summary="Find the bout, speed or range of speeds that meets a target",
    response_model=described(Solution),
    response_description="What meets the target in each direction, and what was assumed.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def solve(target: SolveRequest) -> Any:
    """Say what to `find`, give the target under its own name, and what is fixed.

    Use it when the result is known and the bout is not; when the bout is known, POST /estimate. Needs `find`,
    `body_mass_kg`, the target, and what is named here. bout: total or active energy, at `speed_m_s` or for
    `duration_s`; not over a distance, where energy hardly depends on the speed. speed: oxygen uptake, MET or power.
    equal_cost_speed: `speed_m_s` or `backward_speed_m_s`. level_speed: `speed_m_s` and `grade`. speed_range: one load
    indicator, whose value is the bound; the one per bout with `duration_s`. Without `speed_m_s` the gait is required.

    Each direction meets the target by itself. What cannot be met is refused with the bounds and, where it may be asked
    for, the nearest attainable value; where one direction alone cannot, it has `unattainable` instead.
    oxygen_uptake_max_ml_kg_min adds the share of it and limits nothing.
    """
    return solve_target(**target)
