"""Records each request in the metrics and the log, and serves the metrics."""

from asyncio import Lock, get_running_loop, sleep
from collections.abc import Iterable, Mapping, Set
from concurrent.futures import ThreadPoolExecutor
from http import HTTPStatus
from time import monotonic, time
from typing import Final

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response
from starlette.routing import BaseRoute, Route
from starlette.types import Scope

from retrorun.app.http.guard import Guard
from retrorun.app.http.head_options_etag import Methods
from retrorun.app.http.json_route import ANSWER
from retrorun.app.http.limits import CUT_REASON, KEY_NAME, RETRY_SOON
from retrorun.app.http.media_types import preferred
from retrorun.app.http.problems import install, problem
from retrorun.app.observe.logs import lines, time_of, trace_of
from retrorun.app.observe.metrics import Metrics
from retrorun.app.observe.shared import SharedMetrics
from retrorun.app.observe.tracing import OFF, current_trace, forget_trace
from retrorun.app.settings import Settings

LOGGED_FROM: Final = {"debug": 0, "info": 0, "warning": 500, "error": 500}
"""Lowest status of a request that gets a log line, at each level."""
TEXT: Final = "text/plain"
OPENMETRICS: Final = "application/openmetrics-text"
FORMS: Final = {TEXT: "", OPENMETRICS: f"{OPENMETRICS}; version=1.0.0"}
"""The two formats of the metrics, and the Accept header with which `choose_encoder` selects them."""
PAUSE_TIMES: Final = 10
"""The pause after making the text of the metrics is this many times as long as making it."""
NOTHING: Final = 1_000
"""A status that no request has."""


class Observer:
    """Receives the events of requests from the guard.

    Parameters
    ----------
    settings : Settings
        Log level, and whether there are traces.
    routes : mapping of str to set of str
        The methods of each route by its template.
    """

    def __init__(self, settings: Settings, routes: Mapping[str, Set[str]]) -> None:
        self.metrics = Metrics(routes)
        self.logged_from = LOGGED_FROM.get(settings.log_level, NOTHING)
        self.tracing = settings.tracing
        self.shared: SharedMetrics | None = None

    def share(self, folder: str, number: int) -> None:
        """Add the metrics of all workers up in a folder. `number` is that of this worker."""
        self.shared = SharedMetrics(self.metrics.registry, folder, number)
        self.metrics.registry = self.shared.registry

    def publish(self) -> None:
        """Show the metrics of this worker to the others, if there are any."""
        if self.shared is not None:
            self.shared.publish()

    def started(self) -> None:
        """Record that a request arrived."""
        self.metrics.in_flight += 1
        if self.tracing:
            forget_trace()

    def finished(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        """Record how a request ended."""
        record = self.metrics.finished(scope, status, seconds)
        # Removed, because a server keeps the scope, and with it the answer, until the next request.
        if answer := scope.pop(ANSWER, None):
            self.metrics.answered(answer)
        # The status was sent, and the answer was broken off.
        cut = scope.get(CUT_REASON, "")
        if status >= self.logged_from or cut:
            trace = current_trace() if self.tracing else ""
            trace = trace or trace_of(scope["headers"])
            caller = scope.get(KEY_NAME, "")
            more = (f',"key":"{caller}"' if caller else "") + (f',"trace_id":"{trace}"' if trace else "")
            more += f',"cut":"{cut}"' if cut else ""
            self.log(record.labels, status, seconds, request_id, more, cut=bool(cut))

    def log(
        self, labels: tuple[str, str, str], status: int, seconds: float, request_id: str, more: str, *, cut: bool
    ) -> None:
        """Write the log line of a request. Its values need no escapes in JSON."""
        level = "info" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "error"
        if cut or status in {HTTPStatus.NOT_IMPLEMENTED, HTTPStatus.SERVICE_UNAVAILABLE}:
            level = "warning"
        method, route, _ = labels
        lines.write(
            f'{{"time":"{time_of(time())}","level":"{level}","method":"{method}","route":"{route}","status":{status},'
            f'"duration_ms":{seconds * 1000:.3f},"request_id":"{request_id}"{more}}}\n'
        )

    def refused(self, reason: str) -> None:
        """Record that a request or a connection was refused."""
        self.metrics.refused[reason] += 1

    def failed(self) -> None:
        """Record that a request failed because of a fault of the service."""
        self.metrics.faults += 1

    def lag(self, seconds: float) -> None:
        """Record how late the event loop ran."""
        self.metrics.lag_s = seconds


def methods_of(routes: Iterable[BaseRoute]) -> dict[str, Set[str]]:
    """Return the methods of each route by its template, included routers too."""
    found: dict[str, Set[str]] = {}
    for route in routes:
        if isinstance(route, Route | APIRoute):
            found[route.path_format] = found.get(route.path_format, set()) | (route.methods or set())
        elif included := getattr(route, "original_router", None):
            found |= methods_of(included.routes)
    return found


class Exposition:
    """Serves the text that Prometheus reads. A thread makes it once for all requests that arrive in the meantime.

    The pause after it (`PAUSE_TIMES`) limits the share of the processor.

    Parameters
    ----------
    metrics : Metrics
        The metrics to show.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.thread = ThreadPoolExecutor(1, "metrics")
        self.turn = Lock()
        self.made: dict[str, tuple[float, bytes]] = {}
        """For each media type the last text, and when making it began."""
        self.pause_until = 0.0

    async def __call__(self, request: Request) -> Response:
        """Answer GET /metrics."""
        asked_at = monotonic()
        form = preferred(request.headers.get("accept", ""), tuple(FORMS)) or TEXT
        encoder, content_type = choose_encoder(FORMS[form])
        async with self.turn:
            if content_type not in self.made or self.made[content_type][0] < asked_at:
                await sleep(self.pause_until - monotonic())
                begun = monotonic()
                try:
                    making = get_running_loop().run_in_executor(self.thread, encoder, self.metrics.registry)
                except RuntimeError:  # The system cannot start a thread.
                    return problem(503, headers=RETRY_SOON)
                self.made[content_type] = begun, await making
                self.pause_until = monotonic() + PAUSE_TIMES * (monotonic() - begun)
            _, text = self.made[content_type]
        return Response(text, headers={"content-type": content_type})


def add_metrics(app: FastAPI, metrics: Metrics) -> None:
    """Add GET /metrics to an application."""
    app.add_api_route("/metrics", Exposition(metrics), methods=["GET"], include_in_schema=False)


def metrics_service(metrics: Metrics, settings: Settings) -> Guard:
    """Return a service that answers only GET /metrics, with the limits of the settings and without a log."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=OFF)
    install(app)
    add_metrics(app, metrics)
    return Guard(Methods(app), settings)
