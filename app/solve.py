"""The endpoint that is given a target and finds what meets it."""

from typing import Annotated, Any, NotRequired

from fastapi import APIRouter
from pydantic import ConfigDict, with_config
from typing_extensions import TypedDict

from app.contract import problems
from app.route import WorkerRoute
from app.schema import described, quantity, word
from models.direction import DirectionModelName
from models.energy import EnergyModelName, Sex
from models.solve import solve as solve_target
from models.solve_answer import Find, Solution
from models.uncertainty import Gait

router = APIRouter(route_class=WorkerRoute)


@with_config(ConfigDict(extra="forbid"))
class SolveRequest(TypedDict):
    """What to find, the target under its own name, and what is fixed; a field that `find` does not use is refused."""

    find: Annotated[Find, word("find", "bout")]
    body_mass_kg: Annotated[float, quantity("body_mass_kg")]
    total_energy_kcal: NotRequired[Annotated[float, quantity("total_energy_kcal")]]
    active_energy_kcal: NotRequired[Annotated[float, quantity("active_energy_kcal")]]
    oxygen_uptake_ml_kg_min: NotRequired[Annotated[float, quantity("oxygen_uptake_ml_kg_min")]]
    met: NotRequired[Annotated[float, quantity("met")]]
    metabolic_power_w_kg: NotRequired[Annotated[float, quantity("metabolic_power_w_kg")]]
    peak_vertical_force_bw: NotRequired[Annotated[float, quantity("peak_vertical_force_bw")]]
    patellofemoral_peak_force_bw: NotRequired[Annotated[float, quantity("patellofemoral_peak_force_bw")]]
    knee_extensor_moment_ratio: NotRequired[Annotated[float, quantity("knee_extensor_moment_ratio")]]
    patellofemoral_impulse_per_km_bw_s: NotRequired[Annotated[float, quantity("patellofemoral_impulse_per_km_bw_s")]]
    patellofemoral_impulse_per_bout_bw_s: NotRequired[
        Annotated[float, quantity("patellofemoral_impulse_per_bout_bw_s")]
    ]
    achilles_relative_load: NotRequired[Annotated[float, quantity("achilles_relative_load")]]
    tibial_compression_peak_bw: NotRequired[Annotated[float, quantity("tibial_compression_peak_bw")]]
    speed_m_s: NotRequired[Annotated[float, quantity("speed_m_s")]]
    backward_speed_m_s: NotRequired[Annotated[float, quantity("backward_speed_m_s")]]
    duration_s: NotRequired[Annotated[float, quantity("duration_s")]]
    distance_m: NotRequired[Annotated[float, quantity("distance_m")]]
    gait: NotRequired[Annotated[Gait, word("gait", "run")]]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    energy_model: NotRequired[Annotated[EnergyModelName, word("energy_model", "looney2025")]]
    direction_model: NotRequired[Annotated[DirectionModelName, word("direction_model", "documented")]]
    age_y: NotRequired[Annotated[float, quantity("age_y")]]
    sex: NotRequired[Annotated[Sex, word("sex", "female")]]
    height_m: NotRequired[Annotated[float, quantity("height_m")]]
    step_rate_ratio: NotRequired[Annotated[float, quantity("step_rate_ratio")]]
    interval: NotRequired[Annotated[float, quantity("interval")]]
    oxygen_uptake_max_ml_kg_min: NotRequired[Annotated[float, quantity("oxygen_uptake_max_ml_kg_min")]]


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
