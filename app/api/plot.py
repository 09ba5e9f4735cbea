"""GET /plot: plots as SVG for pages, reports and previews, and what they draw as JSON. They need no personal data."""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, NotRequired, cast

from fastapi import APIRouter, Request
from pydantic import ConfigDict, TypeAdapter, ValidationError, with_config
from starlette.responses import Response
from typing_extensions import TypedDict

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import beside
from retrorun.app.http.media_types import JSON
from retrorun.app.http.problems import encode, from_estimate_error, from_validation_error
from retrorun.app.http.schema import quantity, word
from retrorun.app.pages.plot_series import Plot, energy_series, load_series
from retrorun.app.pages.plots import energy_plot, load_plot
from retrorun.app.pages.svg import Theme
from retrorun.models.validation.plot_data import Per
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Gait
from retrorun.models.vocabulary.errors import EstimateError

FRESH: Final = {"cache-control": "private, max-age=3600"}

router = APIRouter(tags=["plot"])


@with_config(ConfigDict(extra="forbid"))
class EnergyPlotRequest(TypedDict):
    """The query of a plot of energy."""

    gait: NotRequired[Annotated[Gait, word("gait", "run")]]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    energy_model: NotRequired[Annotated[EnergyModelName, word("energy_model", "looney2025")]]
    direction_model: NotRequired[Annotated[DirectionModelName, word("direction_model", "documented")]]
    interval: NotRequired[Annotated[float, quantity("interval")]]
    per: NotRequired[Annotated[Per, word("per", "second")]]
    theme: NotRequired[Annotated[Theme, word("theme", "auto")]]


@with_config(ConfigDict(extra="forbid"))
class LoadPlotRequest(TypedDict):
    """The query of a plot of loads."""

    speed_m_s: NotRequired[Annotated[float, quantity("speed_m_s")]]
    gait: NotRequired[Annotated[Gait, word("gait", "run")]]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    interval: NotRequired[Annotated[float, quantity("interval")]]
    theme: NotRequired[Annotated[Theme, word("theme", "auto")]]


def described(shape: Any) -> dict[str, Any]:
    """Return the description of a plot in the contract: its answer as SVG, and its query as parameters."""
    return {
        "response_class": Response,
        "response_description": "The plot.",
        "responses": {
            200: {"content": {"image/svg+xml": {"schema": {"type": "string"}}}},
            **problems(422, 500),
        },
        "openapi_extra": query_of(shape),
    }


def described_data(shape: Any) -> dict[str, Any]:
    """Return the description of what a plot draws: its answer as JSON, and its query as parameters."""
    return {
        "response_model": Plot,
        "response_description": "What the plot draws.",
        "responses": problems(422, 500),
        "openapi_extra": query_of(shape),
    }


def query_of(shape: Any) -> dict[str, Any]:
    """Return the query of a plot as parameters."""
    fields = TypeAdapter(shape).json_schema()["properties"]
    parameters = [
        {"name": name, "in": "query", "required": False, "description": field.pop("description"), "schema": field}
        for name, field in fields.items()
        if field.pop("title", True)
    ]
    return {"parameters": parameters}


@router.get(
    "/plot/energy.svg",
    operation_id="plot_energy",
    summary="Plot energy against speed, forward and backward, with published measurements, as SVG",
    **described(EnergyPlotRequest),
)
async def plot_energy(request: Request) -> Response:
    """Draw gross energy per kilogram of body mass against speed, with ranges for one person.

    Use it where you cannot draw.

    The points are published oxygen uptakes on the same grade: means of groups, and table values of the Compendium. Each
    names its study. Fine dashes mark speeds outside the data. The default gait is run. The other defaults are those of
    an estimate.
    """
    return await beside(request.scope, energy_picture, dict(request.query_params))


@router.get(
    "/plot/load.svg",
    operation_id="plot_load",
    summary="Plot joint loads at one speed, forward and backward, as SVG",
    **described(LoadPlotRequest),
)
async def plot_load(request: Request) -> Response:
    """Draw the joint-load indicators per step and per kilometre, with ranges and evidence grades.

    Use it where you cannot draw.

    The plot marks unknown values as unknown. The default speed is an example. The other defaults are those of an
    estimate.
    """
    return await beside(request.scope, load_picture, dict(request.query_params))


@router.get(
    "/plot/energy.json",
    operation_id="plot_energy_data",
    summary="What /plot/energy.svg draws, as JSON",
    **described_data(EnergyPlotRequest),
)
async def plot_energy_data(request: Request) -> Response:
    """Return the curves with their ranges, and the published values.

    Use it to draw the plot yourself.

    `theme` changes nothing here.
    """
    return await beside(request.scope, energy_data, dict(request.query_params))


@router.get(
    "/plot/load.json",
    operation_id="plot_load_data",
    summary="What /plot/load.svg draws, as JSON",
    **described_data(LoadPlotRequest),
)
async def plot_load_data(request: Request) -> Response:
    """Return the joint-load indicators with their ranges.

    Use it to draw the plot yourself.

    `theme` changes nothing here.
    """
    return await beside(request.scope, load_data, dict(request.query_params))


@cache
def validator(shape: Any) -> Callable[[Any], Any]:
    """Return a validator for the texts of a query; its errors have pointers below /query."""
    return TypeAdapter(asked(shape)).validator.validate_strings


def asked(shape: Any) -> Any:
    """Return the type of a request with a query."""
    # The functional form, because the shape is a value here.
    return cast(Any, TypedDict)("Asked", {"query": shape})


def energy_picture(query: dict[str, str], _: bytes) -> Response:
    """Return the answer to a query for a plot of energy."""
    return plotted(query, EnergyPlotRequest, energy_plot)


def energy_data(query: dict[str, str], _: bytes) -> Response:
    """Return the answer to a query for what a plot of energy draws."""
    return plotted(query, EnergyPlotRequest, energy_series)


def load_picture(query: dict[str, str], _: bytes) -> Response:
    """Return the answer to a query for a plot of loads."""
    return plotted(query, LoadPlotRequest, load_plot)


def load_data(query: dict[str, str], _: bytes) -> Response:
    """Return the answer to a query for what a plot of loads draws."""
    return plotted(query, LoadPlotRequest, load_series)


def plotted(query: dict[str, str], shape: Any, plot: Callable[..., str | Plot]) -> Response:
    """Return a plot as SVG or what it draws as JSON, or the problem of its query."""
    try:
        found = plot(**validator(shape)({"query": query})["query"])
    except ValidationError as error:
        return from_validation_error(error, asked(shape), {"query": query})
    except EstimateError as error:
        error.field = "/".join(filter(None, ("query", error.field)))
        return from_estimate_error(error)
    if isinstance(found, str):
        return Response(found, media_type="image/svg+xml", headers=FRESH)
    return Response(encode(found), media_type=JSON, headers=FRESH)
