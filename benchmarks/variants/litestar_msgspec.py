"""(c) The same in Litestar with msgspec: a Struct for the request, the dict of the model for the answer."""

from typing import Annotated, Any, Final, Literal, get_args

import msgspec
from litestar import Litestar, post
from litestar.params import JSONBody
from msgspec import Meta

from retrorun.app.api.estimate import MAXIMUM_MEASUREMENTS
from retrorun.models.estimate.estimate import estimate as estimate_bout
from retrorun.models.evidence.views import estimate_in_view
from retrorun.models.vocabulary.choices import (
    DirectionModelName,
    EnergyModelName,
    Equal,
    EstimatePart,
    Gait,
    Sex,
    View,
)
from retrorun.models.vocabulary.quantities import INPUTS


def bounds(name: str) -> Meta:
    """Return the bounds of a number that a caller sends."""
    return Meta(ge=INPUTS[name].low, le=INPUTS[name].high)


class Measurement(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    speed_m_s: Annotated[float, bounds("speed_m_s")]
    grade: Annotated[float, bounds("grade")] | None = None
    direction: Literal["forward", "backward"] | None = None
    oxygen_uptake_ml_kg_min: Annotated[float, bounds("oxygen_uptake_ml_kg_min")] | None = None
    total_energy_kcal: Annotated[float, bounds("total_energy_kcal")] | None = None
    duration_s: Annotated[float, bounds("duration_s")] | None = None
    measurement_cv: Annotated[float, bounds("measurement_cv")] | None = None
    gait: Gait | None = None


class Bout(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    body_mass_kg: Annotated[float, bounds("body_mass_kg")]
    speed_m_s: Annotated[float, bounds("speed_m_s")] | None = None
    duration_s: Annotated[float, bounds("duration_s")] | None = None
    distance_m: Annotated[float, bounds("distance_m")] | None = None
    gait: Gait | None = None
    grade: Annotated[float, bounds("grade")] | None = None
    equal: Equal | None = None
    energy_model: EnergyModelName | None = None
    direction_model: DirectionModelName | None = None
    age_y: Annotated[float, bounds("age_y")] | None = None
    sex: Sex | None = None
    height_m: Annotated[float, bounds("height_m")] | None = None
    step_rate_ratio: Annotated[float, bounds("step_rate_ratio")] | None = None
    interval: Annotated[float, bounds("interval")] | None = None
    speed_sd_m_s: Annotated[float, bounds("speed_sd_m_s")] | None = None
    body_mass_sd_kg: Annotated[float, bounds("body_mass_sd_kg")] | None = None
    oxygen_uptake_max_ml_kg_min: Annotated[float, bounds("oxygen_uptake_max_ml_kg_min")] | None = None
    measurements: Annotated[list[Measurement], Meta(min_length=1, max_length=MAXIMUM_MEASUREMENTS)] | None = None
    personal: dict[str, Any] | None = None
    weight_support: Annotated[float, bounds("weight_support")] | None = None
    overground: bool | None = None
    strict: bool = False
    include: Annotated[list[EstimatePart], Meta(min_length=1, max_length=len(get_args(EstimatePart)))] | None = None
    view: View | None = None


@post("/estimate", status_code=200)
async def estimate(data: JSONBody[Bout]) -> dict[str, Any]:
    # What was left out is left out here: the struct omits its defaults.
    return estimate_in_view(estimate_bout, msgspec.to_builtins(data))


app: Final = Litestar([estimate])
