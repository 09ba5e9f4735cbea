"""POST /plan: the mix of forward and backward bouts with the most energy or the least load."""

from typing import Annotated, Any, Final

from fastapi import APIRouter

from retrorun.app.api.estimate import OWN
from retrorun.app.contract.openapi import problems
from retrorun.app.http.errors.findings import NEEDS
from retrorun.app.http.json_route import WorkerRoute
from retrorun.app.http.schema import VIEW, described, included, request_of, word
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.plan.answer import Limits, Plan
from retrorun.models.plan.plan import missing_of_plan
from retrorun.models.plan.plan import plan as plan_bouts
from retrorun.models.vocabulary.choices import IMPULSE, AnswerPart
from retrorun.models.vocabulary.quantities import QUANTITIES

LIMITS_EXAMPLE: Final = {IMPULSE: QUANTITIES[IMPULSE].example}

router = APIRouter(route_class=WorkerRoute)


LimitsRequest: Any = request_of(Limits, "Highest allowed values in a plan.")

PlanRequest: Any = request_of(
    plan_bouts,
    "The goal: the most energy in a time, or the least load for an energy.",
    **OWN,
    limits=Annotated[LimitsRequest, word("limits", LIMITS_EXAMPLE)],
    include=included("answer_include", AnswerPart, "references"),
    view=VIEW,
)

setattr(PlanRequest, NEEDS, missing_of_plan)


@router.post(
    "/plan",
    operation_id="plan",
    tags=["estimate"],
    summary="Plan bouts forward and backward",
    response_model=described(Plan),
    response_description="The best plan, and the best plan in each single direction.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def plan(wish: PlanRequest) -> Any:
    """Find the most time backward or the most active energy in a time, or the lowest load for an active energy.

    Use it when a time or an energy is fixed, and the speeds and directions are free. It needs `body_mass_kg`, `goal`
    and, for most_backward and most_energy, `duration_s`, or, for least_load, `active_energy_kcal` and `indicator`.

    If no plan meets all limits, the error has the attainable values. With `confidence`, one person stays
    within each limit with that probability.

    The plan chooses directions and speeds within the range of the data, to 1 mm/s. Time backward is cut into stretches
    of at most `longest_backward_s`, each followed by `recovery_s` forward or at rest. Each bout is done `times` times.
    With `experience`, `weeks` leads to the plan over four weeks. `duration_s` is the time available, rest included. It
    is optional for least_load. Send the limits of the person: their fastest speed backward, their maximal oxygen
    uptake, and an uptake they can hold for that long (this is not modelled). Without `gait` the plan is for running.
    Walking has no impulse, and its backward loads are known only on level ground.
    """
    return answer_in_view(plan_bouts, wish)
