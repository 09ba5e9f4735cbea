"""Builds the service: endpoints, contract, pages, health checks, and the guard around them."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from http import HTTPStatus
from typing import Final

from fastapi import FastAPI, Request
from fastapi.telemetry import TelemetryConfig
from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.types import ASGIApp, Message

from retrorun.app.api.batch import router as batch
from retrorun.app.api.estimate import router
from retrorun.app.api.evidence import JSON_OR_PAGE
from retrorun.app.api.evidence import router as science
from retrorun.app.api.plan import router as plan
from retrorun.app.api.plot import router as plot
from retrorun.app.api.solve import router as solve
from retrorun.app.api.table import router as arrow_table
from retrorun.app.api.track import router as track
from retrorun.app.api.workout import router as workout
from retrorun.app.compute.workers import Workers
from retrorun.app.contract.llms import llms
from retrorun.app.contract.openapi import ABOUT, LIMITED, contract, problems
from retrorun.app.http.access import KeyFile
from retrorun.app.http.guard import Guard
from retrorun.app.http.head_options_etag import Methods
from retrorun.app.http.json_route import beside, shortcut
from retrorun.app.http.limits import Bytes
from retrorun.app.http.problems import install, problem
from retrorun.app.observe.observer import Observer, add_metrics, methods_of
from retrorun.app.observe.probes import router as probes
from retrorun.app.observe.tracing import OFF, exporter_of_environment, telemetry, tracer_provider
from retrorun.app.pages.documents.messages import router as messages
from retrorun.app.pages.documents.problem_pages import router as problem_pages
from retrorun.app.pages.files import files
from retrorun.app.pages.files import router as pages
from retrorun.app.settings import Settings
from retrorun.models import __version__

CONSTANT: Final[dict[str, tuple[str, ...]]] = {
    **dict.fromkeys(("/", "/docs", "/openapi.json", "/llms.txt", *(f"/static/{path}" for path in files())), ()),
    **dict.fromkeys(("/models", "/references", "/evidence"), JSON_OR_PAGE),
}
"""Paths whose answers to GET change only with the version, with the media types among which Accept chooses."""

OF_CONTRACT: Final = {"/openapi.json", "/llms.txt"}
"""Paths whose first answer takes long to make."""


def create_app(
    telemetry: TelemetryConfig = OFF, workers: Workers | None = None, keys: KeyFile | None = None
) -> FastAPI:
    """Return the application, without the guard around it. The page of the API shows which paths need one of `keys`."""

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        await rehearse(app)
        if workers is not None:
            await workers.start()
        yield
        if workers is not None:
            await workers.stop()

    app = FastAPI(
        title="RetroRun",
        version=__version__,
        openapi_url=None,
        docs_url=None,
        redoc_url=None,
        # A redirect repeats Host and query, and behind a TLS proxy it would send the body to plain http.
        redirect_slashes=False,
        telemetry=telemetry,
        lifespan=lifespan,
        **ABOUT,
    )
    app.state.keys = keys
    install(app, lambda: methods_of(app.routes))
    for served in (router, batch, arrow_table, workout, track, plan, solve, science, messages, plot):
        app.include_router(served, responses=problems(*LIMITED))
    app.include_router(pages)
    app.include_router(problem_pages)

    @app.get("/openapi.json", include_in_schema=False)
    async def openapi(request: Request) -> Response:
        return await beside(request.scope, contract_json)

    @app.get("/llms.txt", include_in_schema=False)
    async def llms_txt(request: Request) -> Response:
        return await beside(request.scope, contract_text)

    app.include_router(probes)
    return app


async def rehearse(app: FastAPI) -> None:
    """Send each route a request that it refuses, because FastAPI would build parts of it during the first request."""

    async def receive() -> Message:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(_: Message) -> None:
        pass

    refused = {"headers": [(b"accept", b"none/none")], "query_string": b"none=none"}
    for path, methods in methods_of(app.routes).items():
        for method in methods if path not in OF_CONTRACT else ():
            await app({"type": "http", "method": method, "path": path, **refused}, receive, send)


def contract_json(_: bytes) -> Response:
    """Return the contract as JSON."""
    return JSONResponse(contract(create_app()))


def contract_text(_: bytes) -> Response:
    """Return the description of the interface as one page of text."""
    return PlainTextResponse(llms(contract(create_app())))


class CrossOrigin(CORSMiddleware):
    """Starlette's CORS middleware, with a problem instead of plain text for a refused preflight request."""

    def preflight_response(self, request_headers: Headers) -> Response:
        """Return the answer to a preflight request of a browser."""
        answer = super().preflight_response(request_headers)
        if answer.status_code == HTTPStatus.OK:
            return answer
        del answer.headers["content-type"], answer.headers["content-length"]
        detail = "Web pages of this origin may not send this request. The setting RETRORUN_CORS_ORIGINS allows origins."
        return problem(answer.status_code, code="origin", detail=detail, headers=answer.headers)


def check(settings: Settings) -> None:
    """Raise what `build` would raise, and start nothing: neither BadKeys nor NoTracing should end each worker."""
    if settings.tracing:
        exporter_of_environment()
    keys_of(settings)


def keys_of(settings: Settings) -> KeyFile | None:
    """Return the keys that the settings name."""
    return KeyFile(settings.api_key_file, open_pages=settings.pages_without_key) if settings.api_key_file else None


def build(settings: Settings) -> Guard:
    """Return the service with these settings."""

    def cross_origin(inner: ASGIApp) -> ASGIApp:
        return CrossOrigin(
            inner,
            allow_origins=settings.cors_origins,
            allow_methods=("GET", "POST"),
            allow_headers=("content-type", "retrorun-models", "x-api-key", "x-request-id"),
            expose_headers=("retry-after", "retrorun-models", "retrorun-version", "x-request-id"),
        )

    provider = tracer_provider(exporter_of_environment()) if settings.tracing else None
    workers = Workers(settings, Bytes(settings.maximum_outgoing_bytes, "answers"))
    keys = keys_of(settings)
    app = create_app(telemetry(provider), workers, keys)
    observer = Observer(settings, {**methods_of(app.routes), "/metrics": {"GET"}})
    if settings.metrics_port is None:
        add_metrics(app, observer.metrics)
    every = Methods(app, CONSTANT)
    # FastAPI's layers start the trace, so with traces requests do not bypass them.
    served = every if provider else shortcut(every, router, batch, solve, plan, workout)
    return Guard(
        served,
        settings,
        observer,
        keys,
        cross_origin if settings.cors_origins else None,
        workers,
    )


# For servers that log requests themselves: only errors are logged here.
app = build(Settings(log_level="error"))
