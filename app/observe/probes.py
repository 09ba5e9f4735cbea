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
    """The answer of a process that runs."""

    status: Annotated[Literal["alive"], Field(description="Always alive.", examples=["alive"])]


@with_config(ConfigDict(extra="forbid"))
class Ready(TypedDict):
    """The answer of a service that computes correctly."""

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
    """Use it to decide whether to restart the process. It is answered even under overload."""
    return JSONResponse({"status": "alive"})


@router.get(
    "/readyz",
    operation_id="readyz",
    tags=["probes"],
    summary="The service computes a known estimate correctly",
    response_model=Ready,
    response_description="It does.",
    responses=problems(408, 431, 503),
)
async def readyz() -> Response:
    """Use it to decide whether to send requests here. 503 while the service stops, or if it computes wrongly."""
    return JSONResponse({"status": "ready"}) if known_estimate_holds() else problem(503)
