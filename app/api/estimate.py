"""POST /estimate."""

from typing import Annotated, Any, Final, get_args

from fastapi import APIRouter
from pydantic import BeforeValidator

from retrorun.app.contract.openapi import problems
from retrorun.app.http.errors.findings import MANY, NEEDS
from retrorun.app.http.json_route import ModelRoute
from retrorun.app.http.schema import COPIED, VIEW, described, included, request_of, word
from retrorun.models.equations.equations import AnyEnergyModel, Estimate, estimate_by
from retrorun.models.estimate.estimate import estimate as estimate_bout
from retrorun.models.estimate.inputs import missing_of_estimate
from retrorun.models.estimate.personal import FACTOR_NUMBERS, Measurement
from retrorun.models.evidence.views import estimate_in_view
from retrorun.models.vocabulary.answer import OwnFactors, PersonalFactor
from retrorun.models.vocabulary.choices import EstimatePart, Gait
from retrorun.models.vocabulary.quantities import QUANTITIES

MAXIMUM_MEASUREMENTS: Final = 100

INTERVALS: Final = {"forward_factor", "backward_factor"}
"""Parts of `personal` that a request may repeat from an answer."""

MEASUREMENT_EXAMPLE: Final = {name: QUANTITIES[name].example for name in ("speed_m_s", "oxygen_uptake_ml_kg_min")}

MeasurementRequest: Any = request_of(
    Measurement,
    "One measurement of your own: speed, and gross oxygen uptake or energy with duration.",
)


def without_intervals(personal: Any) -> Any:
    """Return the personal factors of an answer without their intervals, which a request does not need."""
    if not isinstance(personal, dict):
        return personal
    return {name: part for name, part in personal.items() if name not in INTERVALS}


MEASUREMENTS: Final = Annotated[
    list[MeasurementRequest],
    word("measurements", [MEASUREMENT_EXAMPLE], min_length=1, max_length=MAXIMUM_MEASUREMENTS),
]

FACTOR_EXAMPLE: Final = {
    "energy_model": "looney2025",
    "direction_model": "documented",
    **{name: QUANTITIES[name].example for name in ("made_with", *FACTOR_NUMBERS)},
}

PersonalFactorRequest: Any = request_of(
    PersonalFactor,
    "A personal factor, from `personal` of POST /estimate.",
)

OwnFactorsRequest: Any = request_of(
    OwnFactors,
    "`personal` of an answer of POST /estimate. For two gaits, send run of one answer and walk of another.",
    **{gait: Annotated[PersonalFactorRequest, word(gait, FACTOR_EXAMPLE)] for gait in get_args(Gait)},
)

PERSONAL: Any = Annotated[
    OwnFactorsRequest,
    word("personal", {"run": FACTOR_EXAMPLE}, json_schema_extra={COPIED: True}),
    BeforeValidator(without_intervals),
]

OWN: Final = {"measurements": MEASUREMENTS, "personal": PERSONAL}
"""The two fields for own measurements, in every question about energy."""

EstimateRequest: Any = request_of(
    estimate_bout,
    "One bout. Send body mass and exactly two of speed, duration and distance. The rest is optional.",
    **OWN,
    energy_model=Annotated[AnyEnergyModel, word("estimate_energy_model", "looney2025")],
    include=included("include", EstimatePart, "energy", least=1),
    view=VIEW,
)

setattr(EstimateRequest, NEEDS, missing_of_estimate)
setattr(EstimateRequest, MANY, "Several bouts: POST /estimate/batch.")

EstimateAnswer: Any = described(Estimate)

router = APIRouter(route_class=ModelRoute)


@router.post(
    "/estimate",
    operation_id="estimate",
    tags=["estimate"],
    summary="Estimate one bout, forward and backward",
    response_model=EstimateAnswer,
    response_description="The bout in both directions, their ratio, and the assumed inputs.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def estimate(bout: EstimateRequest) -> Any:
    """Send body mass and exactly two of speed, duration and distance. The third follows from them.

    Use it for one bout at one speed: its energy and joint loads, forward and backward. It needs
    `body_mass_kg` and two of `speed_m_s`, `duration_s` and `distance_m`, which describe the forward bout. `equal` sets
    what is equal backward. The duration is always equal.
    `view` and `include` choose how much the answer shows.

    If a key appears twice, the last value is used.
    """
    return estimate_in_view(estimate_by, bout)
