"""What an operator sees of each request: a metric, a log line, and a trace where that is on."""

from collections.abc import Iterable
from http import HTTPStatus
from threading import Thread
from typing import Final
from wsgiref.simple_server import WSGIServer

from fastapi import FastAPI, Request
from fastapi.routing import APIRoute
from prometheus_client import start_http_server
from prometheus_client.exposition import choose_encoder
from starlette.responses import Response
from starlette.routing import BaseRoute, Mount, Route
from starlette.types import Scope

from app.guard import CALLER
from app.logs import Clock, trace_of, write
from app.metrics import Metrics
from app.route import ANSWER
from app.settings import Settings
from app.tracing import current_trace, forget_trace

LOGGED_FROM: Final = {"debug": 0, "info": 0, "warning": 500, "error": 500}
"""Least status of a request that has a log line, at each level."""
NOTHING: Final = 1_000
"""A status that no request has."""


class Observer:
    """Told of each request by the guard.

    Parameters
    ----------
    settings : Settings
        What is logged, and whether there are traces.
    routes : iterable of str
        The templates of the routes.
    """

    def __init__(self, settings: Settings, routes: Iterable[str]) -> None:
        self.metrics = Metrics(routes)
        self.logged_from = LOGGED_FROM.get(settings.log_level, NOTHING)
        self.tracing = settings.tracing
        self.clock = Clock()

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
        if status >= self.logged_from:
            trace = current_trace() if self.tracing else ""
            trace = trace or trace_of(scope["headers"])
            caller = scope.get(CALLER, "")
            more = (f',"key":"{caller}"' if caller else "") + (f',"trace_id":"{trace}"' if trace else "")
            self.log(record.labels, status, seconds, request_id, more)

    def log(self, labels: tuple[str, str, str], status: int, seconds: float, request_id: str, more: str) -> None:
        """Write the log line of a request; nothing in it needs an escape."""
        level = "info" if status < HTTPStatus.INTERNAL_SERVER_ERROR else "error"
        if status == HTTPStatus.SERVICE_UNAVAILABLE:
            level = "warning"
        method, route, _ = labels
        write(
            f'{{"time":"{self.clock.now()}","level":"{level}","method":"{method}","route":"{route}","status":{status},'
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


def templates(routes: Iterable[BaseRoute]) -> Iterable[str]:
    """Yield the templates of routes, those of routers that were included among them."""
    for route in routes:
        if isinstance(route, Mount):
            yield f"{route.path}/{{path}}"
        elif isinstance(route, Route | APIRoute):
            yield route.path
        elif included := getattr(route, "original_router", None):
            yield from templates(included.routes)


def add_metrics(app: FastAPI, metrics: Metrics) -> None:
    """Let an application answer GET /metrics."""

    @app.get("/metrics", include_in_schema=False)
    async def exposition(request: Request) -> Response:
        try:
            encoder, content_type = choose_encoder(request.headers.get("accept", ""))
        except TypeError:  # It compares the versions that were sent, whatever they are.
            encoder, content_type = choose_encoder("")
        return Response(encoder(metrics.registry), headers={"content-type": content_type})


def serve_metrics(metrics: Metrics, host: str, port: int) -> tuple[WSGIServer, Thread]:
    """Serve the metrics on a port of their own, in a thread of their own; return the server and its thread."""
    return start_http_server(port, host, registry=metrics.registry)
