"""The service: one computing endpoint, its contract, its pages and its probes."""

from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.staticfiles import StaticFiles

from app.contract import contract, problems
from app.guard import Guard
from app.problems import install, problem
from app.route import ModelRoute, shortcut
from app.schema import EstimateAnswer, EstimateRequest
from app.science import router as science
from app.validation import router as validation
from models import __version__
from models.estimate import estimate as estimate_bout
from models.quantities import QUANTITIES
from models.selfcheck import known_estimate_holds

STATIC: Final = Path(__file__).parent / "static"

DESCRIPTION: Final = """
What a bout of running or walking costs in energy, backward against forward, and what it asks of knees, ankles
and tendons. Every estimate is for one person and carries an interval; every load carries an evidence grade;
what is unknown is absent, with a warning that says why. SI units; adults only; nothing is stored.
"""

EXAMPLE: Final = {name: QUANTITIES[name].example for name in ("body_mass_kg", "speed_m_s", "duration_s")}

router = APIRouter(route_class=ModelRoute)


@router.post(
    "/estimate",
    operation_id="estimate",
    tags=["estimate"],
    summary="Estimate one bout, forward and backward",
    response_model=EstimateAnswer,
    response_description="The bout in both directions, their ratio, and what was assumed.",
    responses=problems(400, 406, 413, 415, 422, 500),
    openapi_extra={"requestBody": {"content": {"application/json": {"example": EXAMPLE}}}},
)
def estimate(bout: EstimateRequest) -> Any:
    """Give body mass and exactly two of speed, duration and distance; the third follows.

    They describe the forward bout. `equal` says what backward holds equal: the speed, the metabolic rate or the
    heart rate; the duration always is. A key that stands twice in the body counts with its last value.
    """
    return estimate_bout(**bout)


def create_app() -> FastAPI:
    """Return the application, without the guard around it."""
    app = FastAPI(
        title="RetroRun",
        version=__version__,
        description=DESCRIPTION,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect repeats Host and query, and behind TLS termination it would send the body on to plain http.
        redirect_slashes=False,
        servers=[{"url": ".", "description": "This service, whatever path it is mounted at"}],
    )
    install(app)
    app.include_router(router)
    app.include_router(science)
    app.include_router(validation)
    app.mount("/static", StaticFiles(directory=STATIC), name="static")

    @app.get("/", include_in_schema=False)
    async def index() -> Response:
        return FileResponse(STATIC / "index.html")

    @app.get("/docs", include_in_schema=False)
    async def docs() -> Response:
        return FileResponse(STATIC / "docs" / "index.html")

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi() -> Response:
        return JSONResponse(contract(app))

    @app.get("/livez", operation_id="livez", tags=["probes"], summary="The process answers")
    async def livez() -> dict[str, str]:
        return {"status": "alive"}

    @app.get(
        "/readyz",
        operation_id="readyz",
        tags=["probes"],
        summary="One known estimate comes out right",
        responses=problems(503),
    )
    async def readyz() -> Response:
        return JSONResponse({"status": "ready"}) if known_estimate_holds() else problem(503)

    return app


app = Guard(shortcut(create_app(), router))
