"""(b) The ordinary FastAPI way: a model for the request, a `response_model`, an `async def` endpoint, no middleware."""

from typing import Annotated, Any, Final, Literal, get_args, get_origin, get_type_hints, is_typeddict

from fastapi import FastAPI
from pydantic import BaseModel, ConfigDict, Field, create_model

from retrorun.app.api.estimate import MAXIMUM_MEASUREMENTS, EstimateAnswer
from retrorun.models.estimate.estimate import estimate as estimate_bout
from retrorun.models.evidence.views import estimate_in_view
from retrorun.models.vocabulary.answer import Estimate
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


def bounds(name: str) -> Any:
    """Return the bounds of a number that a caller sends."""
    return Field(ge=INPUTS[name].low, le=INPUTS[name].high)


class Measurement(BaseModel):
    model_config = ConfigDict(extra="forbid")

    speed_m_s: Annotated[float, bounds("speed_m_s")]
    grade: Annotated[float, bounds("grade")] | None = None
    direction: Literal["forward", "backward"] | None = None
    oxygen_uptake_ml_kg_min: Annotated[float, bounds("oxygen_uptake_ml_kg_min")] | None = None
    total_energy_kcal: Annotated[float, bounds("total_energy_kcal")] | None = None
    duration_s: Annotated[float, bounds("duration_s")] | None = None
    measurement_cv: Annotated[float, bounds("measurement_cv")] | None = None
    gait: Gait | None = None


class Bout(BaseModel):
    model_config = ConfigDict(extra="forbid")

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
    measurements: Annotated[list[Measurement], Field(min_length=1, max_length=MAXIMUM_MEASUREMENTS)] | None = None
    personal: dict[str, Any] | None = None
    weight_support: Annotated[float, bounds("weight_support")] | None = None
    overground: bool | None = None
    strict: bool = False
    include: Annotated[list[EstimatePart], Field(min_length=1, max_length=len(get_args(EstimatePart)))] | None = None
    view: View | None = None


app: Final = FastAPI()


@app.post("/estimate", response_model=EstimateAnswer)
async def estimate(bout: Bout) -> Any:
    return estimate_in_view(estimate_bout, bout.model_dump(exclude_unset=True))


def as_models(shape: Any) -> Any:
    """Return the shape of an answer with each dict in it as a pydantic model."""
    if get_origin(shape) is list:
        return list[as_models(get_args(shape)[0])]  # type: ignore[misc]  # made at run time
    if not is_typeddict(shape):
        return shape
    fields: dict[str, Any] = {}
    for name, hint in get_type_hints(shape).items():
        inner = as_models(hint)
        fields[name] = inner if name in shape.__required_keys__ else (inner | None, None)
    return create_model(shape.__name__, **fields)


app_with_models: Final = FastAPI()


@app_with_models.post("/estimate", response_model=as_models(Estimate), response_model_exclude_unset=True)
async def estimate_with_models(bout: Bout) -> Any:
    return estimate_in_view(estimate_bout, bout.model_dump(exclude_unset=True))
