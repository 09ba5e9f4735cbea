"""POST /plan: bouts forward and backward for the most energy, or for the least load."""

from typing import Annotated, Any, Final

from fastapi import APIRouter

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import WorkerRoute
from retrorun.app.http.schema import described, request_of, word
from retrorun.models.plan.answer import Limits, Plan
from retrorun.models.plan.plan import plan as plan_bouts
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.vocabulary.quantities import QUANTITIES

LIMITS_EXAMPLE: Final = {IMPULSE: QUANTITIES[IMPULSE].example}

router = APIRouter(route_class=WorkerRoute)


LimitsRequest: Any = request_of(Limits, "Highest values that a plan may reach.")

PlanRequest: Any = request_of(
    plan_bouts,
    "What to plan: a time for the most energy, or an energy and an indicator for the least load.",
    limits=Annotated[LimitsRequest, word("limits", LIMITS_EXAMPLE)],
)


@router.post(
    "/plan",
    operation_id="plan",
    tags=["estimate"],
    summary="Plan bouts forward and backward",
    response_model=described(Plan),
    response_description="The best plan, and the best with one direction alone.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def plan(wish: PlanRequest) -> Any:
    """Ask for the most active energy in a time, or for the least of one load indicator for an active energy.

    Use it when a person has a time or an energy to spend and the speeds and directions are open. Needs
    `body_mass_kg`, `goal`, and with most_energy `duration_s`, with least_load `active_energy_kcal` and `indicator`.
    The code unattainable says that no plan keeps all limits, with the least, greatest and nearest value in `errors`.

    The plan mixes directions and chooses speeds, inside the data behind what it rests on, and is optimal to the mm/s:
    one bout or two, with rest for what is left of the time. Here duration_s is the time there is, rest
    included; for the least load it may be left out. Say what the person can do: own maximal oxygen uptake, a limit of
    uptake that can be held for as long, which is not modelled, and an own fastest speed backward. Running when gait is
    left out; walking has no impulse, and its loads are known on the level alone backward.
    """
    return plan_bouts(**wish)
