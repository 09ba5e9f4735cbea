"""Health checks."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import ConfigDict, Field, with_config
from starlette.responses import JSONResponse, Response
from typing_extensions import TypedDict

from retrorun.app.contract.openapi import problems
from retrorun.app.http.problems import problem
from retrorun.models.estimate.estimate import known_estimate_holds


@with_config(ConfigDict(extra="forbid"))
class Alive(TypedDict):
    """A process that answers."""

    status: Annotated[Literal["alive"], Field(description="Always alive.", examples=["alive"])]


@with_config(ConfigDict(extra="forbid"))
class Ready(TypedDict):
    """A service that answers, and rightly."""

    status: Annotated[Literal["ready"], Field(description="Always ready.", examples=["ready"])]


router = APIRouter()


@router.get(
    "/livez",
    operation_id="livez",
    tags=["probes"],
    summary="The process answers",
    response_model=Alive,
    response_description="It does.",
    responses=problems(408, 431),
)
async def livez() -> Response:
    """Ask this to know whether the process has to be started anew. It is answered however much there is to do."""
    return JSONResponse({"status": "alive"})


@router.get(
    "/readyz",
    operation_id="readyz",
    tags=["probes"],
    summary="One known estimate comes out right",
    response_model=Ready,
    response_description="It does.",
    responses=problems(408, 431, 503),
)
async def readyz() -> Response:
    """Ask this to know whether to send requests here. 503 while the service stops, or where it computes wrongly."""
    return JSONResponse({"status": "ready"}) if known_estimate_holds() else problem(503)
