"""POST /estimate."""

from typing import Annotated, Any, Final

from fastapi import APIRouter
from pydantic import AfterValidator

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import ModelRoute
from retrorun.app.http.schema import described, each_once, request_of, word
from retrorun.models.estimate.estimate import estimate as estimate_bout
from retrorun.models.estimate.personal import Measurement
from retrorun.models.vocabulary.answer import Estimate
from retrorun.models.vocabulary.choices import SECTIONS, Section
from retrorun.models.vocabulary.quantities import QUANTITIES

MAXIMUM_MEASUREMENTS: Final = 100

MEASUREMENT_EXAMPLE: Final = {name: QUANTITIES[name].example for name in ("speed_m_s", "oxygen_uptake_ml_kg_min")}

MeasurementRequest: Any = request_of(
    Measurement,
    "One own measurement in the gait of the bout: speed, and gross oxygen uptake or energy with duration.",
)

EstimateRequest: Any = request_of(
    estimate_bout,
    "One bout. Give body mass and exactly two of speed, duration and distance; the rest may be left out.",
    measurements=Annotated[
        list[MeasurementRequest],
        word("measurements", [MEASUREMENT_EXAMPLE], min_length=1, max_length=MAXIMUM_MEASUREMENTS),
    ],
    include=Annotated[
        list[Section],
        # Before the validator, so that a long list is refused before its items are looked at.
        word("include", ["energy"], min_length=1, max_length=len(SECTIONS), json_schema_extra={"uniqueItems": True}),
        AfterValidator(each_once),
    ],
)

EstimateAnswer: Any = described(Estimate)

router = APIRouter(route_class=ModelRoute)


@router.post(
    "/estimate",
    operation_id="estimate",
    tags=["estimate"],
    summary="Estimate one bout, forward and backward",
    response_model=EstimateAnswer,
    response_description="The bout in both directions, their ratio, and what was assumed.",
    responses=problems(400, 406, 413, 415, 422, 500),
)
def estimate(bout: EstimateRequest) -> Any:
    """Give body mass and exactly two of speed, duration and distance; the third follows.

    Use it for one bout of running or walking at one speed: what it costs going forward and going backward, and what
    each asks of the joints. Needs `body_mass_kg` and two of `speed_m_s`, `duration_s` and `distance_m`. They describe
    the forward bout. `equal` says what backward holds equal: the speed, the metabolic rate or the heart rate; the
    duration always is. `include` shortens the answer to the parts that are wanted. A key that stands twice in the
    body counts with its last value.
    """
    return estimate_bout(**bout)
