"""POST /plan: bouts forward and backward for the most energy, or for the least load."""

from typing import Annotated, Any, Final, NotRequired

from fastapi import APIRouter
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from app.contract import problems
from app.route import WorkerRoute
from app.schema import described, quantity, word
from models.answer import IMPULSE
from models.direction import DirectionModelName
from models.energy import EnergyModelName, Sex
from models.plan import plan as plan_bouts
from models.plan_answer import Goal, LoadName, Plan
from models.quantities import QUANTITIES
from models.uncertainty import Gait

LIMITS_EXAMPLE: Final = {IMPULSE: QUANTITIES[IMPULSE].example}

router = APIRouter(route_class=WorkerRoute)


@with_config(ConfigDict(extra="forbid"))
class LimitsRequest(TypedDict):
    """Highest values that a plan may reach."""

    patellofemoral_impulse_per_bout_bw_s: NotRequired[
        Annotated[float, quantity("patellofemoral_impulse_per_bout_bw_s")]
    ]
    peak_vertical_force_bw: NotRequired[Annotated[float, quantity("peak_vertical_force_bw")]]
    patellofemoral_peak_force_bw: NotRequired[Annotated[float, quantity("patellofemoral_peak_force_bw")]]
    achilles_relative_load: NotRequired[Annotated[float, quantity("achilles_relative_load")]]
    tibial_compression_peak_bw: NotRequired[Annotated[float, quantity("tibial_compression_peak_bw")]]
    oxygen_uptake_ml_kg_min: NotRequired[Annotated[float, quantity("oxygen_uptake_ml_kg_min")]]


@with_config(ConfigDict(extra="forbid"))
class PlanRequest(TypedDict):
    """What to plan: a time for the most energy, or an energy and an indicator for the least load."""

    body_mass_kg: Annotated[float, quantity("body_mass_kg")]
    goal: Annotated[Goal, word("goal", "most_energy")]
    duration_s: NotRequired[Annotated[float, quantity("duration_s")]]
    active_energy_kcal: NotRequired[Annotated[float, quantity("active_energy_kcal")]]
    indicator: NotRequired[Annotated[LoadName, word("indicator", IMPULSE)]]
    limits: NotRequired[Annotated[LimitsRequest, word("limits", LIMITS_EXAMPLE)]]
    gait: NotRequired[Annotated[Gait, word("gait", "run")]]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    energy_model: NotRequired[Annotated[EnergyModelName, word("energy_model", "looney2025")]]
    direction_model: NotRequired[Annotated[DirectionModelName, word("direction_model", "documented")]]
    age_y: NotRequired[Annotated[float, quantity("age_y")]]
    sex: NotRequired[Annotated[Sex, word("sex", "female")]]
    height_m: NotRequired[Annotated[float, quantity("height_m")]]
    step_rate_ratio: NotRequired[Annotated[float, quantity("step_rate_ratio")]]
    interval: NotRequired[Annotated[float, quantity("interval")]]
    speed_low_m_s: NotRequired[Annotated[float, quantity("speed_low_m_s")]]
    speed_high_m_s: NotRequired[Annotated[float, quantity("speed_high_m_s")]]
    backward_speed_high_m_s: NotRequired[Annotated[float, quantity("backward_speed_high_m_s")]]
    oxygen_uptake_max_ml_kg_min: NotRequired[Annotated[float, quantity("oxygen_uptake_max_ml_kg_min")]]


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

    The plan mixes directions and chooses speeds, inside the data behind what it rests on, and is optimal to within
    rounding: one bout or two, with rest for what is left of the time. Here duration_s is the time there is, rest
    included; for the least load it may be left out. Say what the person can do: own maximal oxygen uptake, a limit of
    uptake that can be held for as long, which is not modelled, and an own fastest speed backward. Running when gait is
    left out; walking has no impulse, and its loads are known on the level alone backward.
    """
    return plan_bouts(**wish)
