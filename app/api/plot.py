"""Plots without a browser, for pages, reports and previews: SVG per kilogram of body mass, nothing personal asked."""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, NotRequired, cast

from fastapi import APIRouter, Request
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from starlette.responses import Response
from typing_extensions import TypedDict

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import beside
from retrorun.app.http.problems import from_estimate_error, from_validation_error
from retrorun.app.http.schema import quantity, word
from retrorun.app.pages.plots import energy_plot, load_plot
from retrorun.app.pages.svg import Theme
from retrorun.models.validation.plot_data import Per
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Gait
from retrorun.models.vocabulary.errors import EstimateError

FRESH: Final = {"cache-control": "private, max-age=3600"}

router = APIRouter(tags=["plot"])


@with_config(ConfigDict(extra="forbid"))
class EnergyPlotRequest(TypedDict):
    """What a plot of energy may be asked for."""

    gait: NotRequired[Annotated[Gait, word("gait", "run")]]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    energy_model: NotRequired[Annotated[EnergyModelName, word("energy_model", "looney2025")]]
    direction_model: NotRequired[Annotated[DirectionModelName, word("direction_model", "documented")]]
    interval: NotRequired[Annotated[float, quantity("interval")]]
    per: NotRequired[Annotated[Per, word("per", "second")]]
    theme: NotRequired[Annotated[Theme, word("theme", "auto")]]


@with_config(ConfigDict(extra="forbid"))
class LoadPlotRequest(TypedDict):
    """What a plot of loads may be asked for."""

    speed_m_s: NotRequired[Annotated[float, quantity("speed_m_s")]]
    gait: NotRequired[Annotated[Gait, word("gait", "run")]]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    interval: NotRequired[Annotated[float, quantity("interval")]]
    theme: NotRequired[Annotated[Theme, word("theme", "auto")]]


def described(shape: Any) -> dict[str, Any]:
    """Return how a plot stands in the contract: its query as parameters, its answer as SVG."""
    fields = TypeAdapter(shape).json_schema()["properties"]
    parameters = [
        {"name": name, "in": "query", "required": False, "description": field.pop("description"), "schema": field}
        for name, field in fields.items()
        if field.pop("title", True)
    ]
    return {
        "response_class": Response,
        "response_description": "The plot.",
        "responses": {
            200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}},
            **problems(422, 500),
        },
        "openapi_extra": {"parameters": parameters},
    }


@router.get(
    "/plot/energy.svg",
    operation_id="plot_energy",
    summary="Energy against speed, forward and backward, with values from the literature, as SVG",
    **described(EnergyPlotRequest),
)
async def plot_energy(request: Request) -> Response:
    """Draw gross energy per kilogram of body mass over speed, with its intervals for one person.

    Use it to show, where nothing can be computed, how energy grows with speed in both directions.

    Oxygen uptakes of the literature on the same grade are points that name their study: means of groups, and table
    values of the Compendium. Fine dashes are speeds outside the data. Left out, gait is run and the rest as for an
    estimate.
    """
    return await beside(request.scope, energy_picture, dict(request.query_params))


@router.get(
    "/plot/load.svg",
    operation_id="plot_load",
    summary="Joint loads at one speed, forward and backward, as SVG",
    **described(LoadPlotRequest),
)
async def plot_load(request: Request) -> Response:
    """Draw the joint-load indicators per step and per kilometre, with interval and evidence grade.

    Use it to show, where nothing can be computed, the loads of both directions side by side.

    What is unknown is drawn as unknown. Left out, the speed is an example and the rest as for an estimate.
    """
    return await beside(request.scope, load_picture, dict(request.query_params))


@cache
def validator(shape: Any) -> Callable[[Any], Any]:
    """Return what reads a query as the texts it is; its findings lie below /query."""
    # The functional form: the shape is data here, not source text.
    asked = cast(Any, TypedDict)("Asked", {"query": shape})
    return TypeAdapter(asked).validator.validate_strings


def energy_picture(query: dict[str, str], _: bytes) -> Response:
    """Return the answer to a query for a plot of energy."""
    return plotted(query, EnergyPlotRequest, energy_plot)


def load_picture(query: dict[str, str], _: bytes) -> Response:
    """Return the answer to a query for a plot of loads."""
    return plotted(query, LoadPlotRequest, load_plot)


def plotted(query: dict[str, str], shape: Any, plot: Callable[..., str]) -> Response:
    """Return a plot, or the problem that stands in the way."""
    try:
        body = plot(**validator(shape)({"query": query})["query"]).encode()
    except ValidationError as error:
        return from_validation_error(error, {"query": shape})
    except EstimateError as error:
        error.field = "/".join(filter(None, ("query", error.field)))
        return from_estimate_error(error)
    return Response(body, media_type="image/svg+xml", headers=FRESH)
