"""POST /solve: the bout, speed or range of speeds that meets a target, or the probability of a value."""

from typing import Any

from fastapi import APIRouter

from retrorun.app.api.estimate import OWN
from retrorun.app.contract.openapi import problems
from retrorun.app.http.errors.findings import NEEDS
from retrorun.app.http.json_route import WorkerRoute
from retrorun.app.http.schema import VIEW, described, included, request_of
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.solve.answer import Solution
from retrorun.models.solve.finders import missing_of_solve
from retrorun.models.solve.solve import solve as solve_target
from retrorun.models.vocabulary.choices import AnswerPart

router = APIRouter(route_class=WorkerRoute)


SolveRequest: Any = request_of(
    solve_target,
    "What to find, the target under its own name, and the fixed values. A field that `find` does not use is an error.",
    **OWN,
    include=included("answer_include", AnswerPart, "references"),
    view=VIEW,
)

setattr(SolveRequest, NEEDS, missing_of_solve)


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

    Use it when you know the result but not the bout, or ask how likely it is. It needs `find`, `body_mass_kg`; by
    `find`: bout: total or active energy, with `speed_m_s` or `duration_s`. speed: oxygen uptake, MET or power.
    equal_cost_speed: `speed_m_s` or `backward_speed_m_s`. level_speed: `speed_m_s` and `grade`. speed_range: a load;
    one per bout also needs `duration_s`. probability: an energy, rate or load, and a bout as in POST /estimate.

    Without `speed_m_s`, send `gait`. Each direction is solved separately. If no direction can meet the target, the
    error has the attainable range and the nearest attainable value. If only one cannot, that one has `unattainable`.
    `oxygen_uptake_max_ml_kg_min` adds the share of it and is no limit.
    """
    return answer_in_view(solve_target, target)
