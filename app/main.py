"""The service: one computing endpoint, its contract, its pages and its probes."""

from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from fastapi import APIRouter, FastAPI
from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import FileResponse, JSONResponse, PlainTextResponse, Response
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp

from app.access import KeyFile
from app.arrow_table import router as arrow_table
from app.batch import router as batch
from app.contract import ABOUT, LIMITED, contract, problems
from app.deprecation import DEPRECATED, Deprecated
from app.guard import Guard
from app.llms import llms
from app.methods import Methods
from app.observe import Observer, add_metrics, templates
from app.plan import router as plan
from app.plot import router as plot
from app.problems import install, problem
from app.route import ModelRoute, shortcut
from app.schema import Alive, EstimateAnswer, EstimateRequest, Ready
from app.science import router as science
from app.settings import Settings
from app.solve import router as solve
from app.tracing import OFF, exporter_of_environment, telemetry, tracer_provider
from app.track import router as track
from app.validation import router as validation
from app.workout import router as workout
from models import __version__
from models.estimate import estimate as estimate_bout
from models.selfcheck import known_estimate_holds

STATIC: Final = Path(__file__).parent / "static"

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


def create_app(telemetry: TelemetryConfig = OFF) -> FastAPI:
    """Return the application, without the guard around it."""
    app = FastAPI(
        title="RetroRun",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect repeats Host and query, and behind TLS termination it would send the body on to plain http.
        redirect_slashes=False,
        telemetry=telemetry,
        **ABOUT,
    )
    install(app)
    for served in (router, batch, arrow_table, workout, track, plan, solve, science, validation, plot):
        app.include_router(served, responses=problems(*LIMITED))
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

    @app.get("/llms.txt", include_in_schema=False)
    async def llms_txt() -> Response:
        return PlainTextResponse(llms(contract(app)))

    @app.get(
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

    @app.get(
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

    return app


class CrossOrigin(CORSMiddleware):
    """Starlette's, which says in plain text why it refuses to let a page ask."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Answer a browser that asks whether a page may ask."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        del answer.headers["content-type"], answer.headers["content-length"]
        detail = "Pages of that origin may not send such a request: RETRORUN_CORS_ORIGINS names those that may."
        return problem(answer.status_code, detail=detail, headers=answer.headers)


def build(settings: Settings) -> Guard:
    """Return the service as it runs with these settings."""

    def cross_origin(inner: ASGIApp) -> ASGIApp:
        return CrossOrigin(
            inner,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("content-type", "x-api-key", "x-request-id"),
            expose_headers=("deprecation", "retry-after", "sunset", "x-request-id"),
        )

    provider = tracer_provider(exporter_of_environment()) if settings.tracing else None
    app = create_app(telemetry(provider))
    observer = Observer(settings, [*templates(app.routes), "/metrics"])
    if settings.metrics_port is None:
        add_metrics(app, observer.metrics)
    every = Methods(app)
    # FastAPI's layers are where a trace begins.
    served = every if provider else shortcut(every, router, batch, solve, plan, workout)
    return Guard(
        Deprecated(served, DEPRECATED) if DEPRECATED else served,
        settings,
        observer,
        KeyFile(settings.api_key_file) if settings.api_key_file else None,
        cross_origin if settings.cors_origins else None,
    )


# For whoever brings a server, and with it a log, of their own: it hears of faults alone.
app = build(Settings(log_level="error"))
