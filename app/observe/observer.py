"""What an operator sees of each request: a metric, a log line, and a trace where that is on."""

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
from retrorun.app.observe.tracing import OFF, current_trace, forget_trace
from retrorun.app.settings import Settings

LOGGED_FROM: Final = {"debug": 0, "info": 0, "warning": 500, "error": 500}
"""Least status of a request that has a log line, at each level."""
TEXT: Final = "text/plain"
OPENMETRICS: Final = "application/openmetrics-text"
FORMS: Final = {TEXT: "", OPENMETRICS: f"{OPENMETRICS}; version=1.0.0"}
"""The two forms of the metrics, of each one version: what `choose_encoder` is asked for by what is accepted."""
PAUSE_TIMES: Final = 10
"""How many times as long as it takes to make the text of the metrics the pause after it is."""
NOTHING: Final = 1_000
"""A status that no request has."""


class Observer:
    """Told of each request by the guard.

    Parameters
    ----------
    settings : Settings
        What is logged, and whether there are traces.
    routes : mapping of str to set of str
        The methods of each route by its template.
    """

    def __init__(self, settings: Settings, routes: Mapping[str, Set[str]]) -> None:
        self.metrics = Metrics(routes)
        self.logged_from = LOGGED_FROM.get(settings.log_level, NOTHING)
        self.tracing = settings.tracing

    def started(self) -> None:
        """Note that a request arrived."""
        self.metrics.in_flight += 1
        if self.tracing:
            forget_trace()

    def finished(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        """Note how a request ended."""
        record = self.metrics.finished(scope, status, seconds)
        # Taken out: a server keeps the scope until the next request, and so would keep every answer.
        if answer := scope.pop(ANSWER, None):
            self.metrics.answered(answer)
        # It began well, and did not arrive.
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
        """Write the log line of a request; nothing in it needs an escape."""
        level = "info" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "error"
        if cut or status == HTTPStatus.SERVICE_UNAVAILABLE:
            level = "warning"
        method, route, _ = labels
        lines.write(
            f'{{"time":"{time_of(time())}","level":"{level}","method":"{method}","route":"{route}","status":{status},'
            f'"duration_ms":{seconds * 1000:.3f},"request_id":"{request_id}"{more}}}\n'
        )

    def refused(self, reason: str) -> None:
        """Note that a request or a connection was refused."""
        self.metrics.refused[reason] += 1

    def failed(self) -> None:
        """Note that a request met a fault of ours."""
        self.metrics.faults += 1

    def lag(self, seconds: float) -> None:
        """Note how late the event loop ran."""
        self.metrics.lag_s = seconds


def methods_of(routes: Iterable[BaseRoute]) -> dict[str, Set[str]]:
    """Return the methods of each route by its template, those of routers that were included among them."""
    found: dict[str, Set[str]] = {}
    for route in routes:
        if isinstance(route, Route | APIRoute):
            found[route.path_format] = found.get(route.path_format, set()) | (route.methods or set())
        elif included := getattr(route, "original_router", None):
            found |= methods_of(included.routes)
    return found


class Exposition:
    """The text that Prometheus reads: made in a thread, once for all who ask meanwhile.

    Between two times lies a pause that is some times as long, which bounds the share of the processor that it takes.

    Parameters
    ----------
    metrics : Metrics
        What is counted.
    """

    def __init__(self, metrics: Metrics) -> None:
        self.metrics = metrics
        self.thread = ThreadPoolExecutor(1, "metrics")
        self.turn = Lock()
        self.made: dict[str, tuple[float, bytes]] = {}
        """By media type the last text, and when it was begun."""
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
                except RuntimeError:  # There is no room for a thread.
                    return problem(503, headers=RETRY_SOON)
                self.made[content_type] = begun, await making
                self.pause_until = monotonic() + PAUSE_TIMES * (monotonic() - begun)
            _, text = self.made[content_type]
        return Response(text, headers={"content-type": content_type})


def add_metrics(app: FastAPI, metrics: Metrics) -> None:
    """Let an application answer GET /metrics."""
    app.add_api_route("/metrics", Exposition(metrics), methods=["GET"], include_in_schema=False)


def metrics_alone(metrics: Metrics, settings: Settings) -> Guard:
    """Return a service that answers GET /metrics and nothing else, within the limits and without a log."""
    app = FastAPI(openapi_url=None, docs_url=None, redoc_url=None, redirect_slashes=False, telemetry=OFF)
    install(app)
    add_metrics(app, metrics)
    return Guard(Methods(app), settings)
