"""Counts requests, estimates and refusals, and shows them to Prometheus.

A request adds to plain numbers, which takes tenths of a microsecond. The metric families are made from them when
Prometheus reads. Labels come from short lists: routes of the contract, their methods, the first digit of a status,
words of the models.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Set
from itertools import accumulate
from typing import Any, Final, get_args

from prometheus_client import CollectorRegistry, GCCollector, ProcessCollector
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    InfoMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector
from starlette.types import Scope

from retrorun.app.http.limits import REFUSALS
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import coefficients_hash, models_hash
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.vocabulary.choices import DirectionModelName, Gait

BUCKETS_S: Final = (
    *(0.000_05, 0.000_1, 0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01),
    *(0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0),
)
"""Upper ends of the buckets of time [s]. An estimate takes about 50 µs."""

OTHER: Final = "other"
"""Label of every unknown path, and of every method that the route does not support."""


UNNAMED: Final = ""
"""The direction model of an estimate in the summary view, which does not name it."""


class Record:
    """Number and duration of the requests with one method, route and class of status."""

    __slots__ = ("buckets", "labels", "seconds")

    def __init__(self, labels: tuple[str, str, str]) -> None:
        self.labels = labels
        self.buckets = [0] * (len(BUCKETS_S) + 1)
        self.seconds = 0.0


class Metrics(Collector):
    """All metrics of the service.

    Parameters
    ----------
    routes : mapping of str to set of str
        The methods of each route by its template. A template that ends in /{path} covers all paths below it.
    """

    def __init__(self, routes: Mapping[str, Set[str]]) -> None:
        self.routes = routes
        self.folders = tuple(route.removesuffix("{path}") for route in self.routes if route.endswith("/{path}"))
        self.known: dict[tuple[str, str, int], Record] = {}
        self.records: dict[tuple[str, str, str], Record] = {}
        self.in_flight = 0
        self.lag_s = 0.0
        self.faults = 0
        self.refused = dict.fromkeys(REFUSALS, 0)
        self.estimates = {
            (gait, model): 0 for gait in get_args(Gait) for model in (*get_args(DirectionModelName), UNNAMED)
        }
        self.warnings = dict.fromkeys(WARNINGS, 0)
        self.registry = CollectorRegistry(auto_describe=True)
        self.registry.register(self)
        ProcessCollector(registry=self.registry)
        GCCollector(registry=self.registry)

    def finished(self, scope: Scope, status: int, seconds: float) -> Record:
        """Count a request that ended, and return the record that includes it."""
        self.in_flight -= 1
        record = self.known.get((scope["method"], scope["path"], status)) or self.record_of(scope, status)
        record.buckets[bisect_left(BUCKETS_S, seconds)] += 1
        record.seconds += seconds
        return record

    def record_of(self, scope: Scope, status: int) -> Record:
        """Return the record for a request whose path was not requested before."""
        path, method = scope["path"], scope["method"]
        route = path if path in self.routes else self.template_of(path)
        known = method in self.routes.get(route, ())
        labels = (*((method, route) if known else (OTHER, OTHER)), f"{status // 100}xx")
        record = self.records.get(labels)
        if record is None:
            record = self.records[labels] = Record(labels)
        if known and route == path:
            # Only listed paths, so that a client that requests ever new paths adds nothing.
            self.known[method, path, status] = record
        return record

    def template_of(self, path: str) -> str:
        """Return the template of the folder that contains a path."""
        return next((f"{folder}{{path}}" for folder in self.folders if path.startswith(folder)), OTHER)

    def answered(self, answer: Mapping[str, Any]) -> None:
        """Count an answer if it is an estimate."""
        if "gait" not in answer or "find" in answer:
            return
        self.estimates[answer["gait"], answer["models"]["direction_model"] if "models" in answer else UNNAMED] += 1
        warnings = self.warnings
        for warning in answer["warnings"]:
            warnings[warning["code"]] += 1

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics for Prometheus. Another thread may call this."""
        requests = HistogramMetricFamily(
            "retrorun_http_request_duration_seconds",
            "Time from the arrival of a request to the end of its answer.",
            labels=("method", "route", "status"),
        )
        ends = [*(repr(end) for end in BUCKETS_S), "+Inf"]
        for record in list(self.records.values()):
            counts = accumulate(list(record.buckets))
            requests.add_metric(record.labels, list(zip(ends, counts, strict=True)), record.seconds)
        yield requests
        yield GaugeMetricFamily("retrorun_http_requests_in_flight", "Requests under way.", self.in_flight)
        yield GaugeMetricFamily("retrorun_event_loop_lag_seconds", "How late the event loop ran last.", self.lag_s)
        yield CounterMetricFamily("retrorun_faults", "Requests that met a fault of the service.", self.faults)
        refused = CounterMetricFamily("retrorun_refused", "Requests and connections refused.", labels=("reason",))
        for reason, count in list(self.refused.items()):
            refused.add_metric((reason,), count)
        yield refused
        estimates = CounterMetricFamily("retrorun_estimates", "Estimates.", labels=("gait", "direction_model"))
        for labels, count in list(self.estimates.items()):
            estimates.add_metric(labels, count)
        yield estimates
        warnings = CounterMetricFamily("retrorun_warnings", "Warnings in estimates.", labels=("code",))
        for code, count in list(self.warnings.items()):
            warnings.add_metric((code,), count)
        yield warnings
        build = {
            "version": __version__,
            "coefficients_hash": coefficients_hash(),
            "models_hash": models_hash(),
        }
        yield InfoMetricFamily("retrorun_build", "What runs.", build)
