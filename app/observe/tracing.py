"""Sends OpenTelemetry traces with FastAPI's own support. They need the extra `tracing` and are off by default.

FastAPI puts path, query, method and Host of a request into its spans. Attributes that are not in `KEPT` are dropped
when a span starts, so no processor or exporter ever gets them. Variables of OpenTelemetry, such as
OTEL_EXPORTER_OTLP_ENDPOINT, set where the spans go.
"""

from collections.abc import MutableMapping, Sequence
from contextvars import ContextVar
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Final

from fastapi.telemetry import TelemetryConfig

from retrorun.app.http.limits import ALWAYS_SERVED
from retrorun.models import __version__

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import SpanExporter

OFF: Final[TelemetryConfig] = {"tracing": False, "metrics": False, "logs": False, "auto_configure": False}
"""No telemetry, even if a variable or another library turns FastAPI's on, because it would contain input."""

KEPT: Final = frozenset({"http.request.method", "network.protocol.version", "url.scheme", "code.function.name"})
"""Attributes that a span may start with. FastAPI adds route template, status and kind of error at its end."""

EXPORT_WITHIN_S: Final = 2
"""Time to send spans, retries included. A missing collector must not delay the end of the process."""

_trace: ContextVar[str] = ContextVar("retrorun.trace", default="")


class NoTracing(Exception):
    """Traces are on, and their packages are not installed."""


def current_trace() -> str:
    """Return the trace id of the request that is being served, or an empty text."""
    return _trace.get()


def forget_trace() -> None:
    """Forget the trace id of the previous request."""
    _trace.set("")


def exporter_of_environment() -> "SpanExporter":
    """Return an exporter that sends spans to the address in OpenTelemetry's variables."""
    if find_spec("opentelemetry.exporter") is None or find_spec("opentelemetry.sdk") is None:
        raise NoTracing("Traces need the extra: pip install 'retrorun[tracing]', or set RETRORUN_TRACING to off.")
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415 - an extra

    return OTLPSpanExporter(timeout=EXPORT_WITHIN_S)


def telemetry(provider: "TracerProvider | None") -> TelemetryConfig:
    """Return the telemetry configuration for FastAPI: only spans of requests, or none without a provider."""

    def exclude(scope: MutableMapping[str, Any]) -> bool:
        return scope["path"] in ALWAYS_SERVED

    return {**OFF, "tracing": True, "tracer_provider": provider, "exclude": exclude} if provider else OFF


def tracer_provider(exporter: "SpanExporter", *, at_once: bool = False) -> "TracerProvider":
    """Return a provider of tracers whose spans contain no input.

    Parameters
    ----------
    exporter : SpanExporter
        Sends the spans.
    at_once : bool
        Send each span when it ends, not in batches.

    Returns
    -------
    TracerProvider
        The provider. OTEL_TRACES_SAMPLER sets how many traces it keeps.
    """
    # All these packages belong to an extra.
    from opentelemetry.sdk.resources import OTELResourceDetector, Resource  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor, TracerProvider  # noqa: PLC0415, F401 - an extra; some names only for types
    from opentelemetry.sdk.trace.export import BatchSpanProcessor, SimpleSpanProcessor  # noqa: PLC0415 - an extra
    from opentelemetry.sdk.trace.sampling import Sampler, SamplingResult  # noqa: PLC0415 - an extra

    class Discreet(Sampler):
        """A sampler that drops attributes a span must not contain, and leaves the decision to another sampler."""

        def __init__(self, inner: Sampler) -> None:
            self.inner = inner

        def should_sample(
            self,
            parent_context: Any,
            trace_id: int,
            name: str,
            kind: Any = None,
            attributes: Any = None,
            links: Sequence[Any] | None = None,
            trace_state: Any = None,
        ) -> SamplingResult:
            kept = {key: value for key, value in (attributes or {}).items() if key in KEPT}
            result = self.inner.should_sample(parent_context, trace_id, name, kind, kept, links)
            # Without the caller's trace state, which is free text.
            return SamplingResult(result.decision, dict(result.attributes))

        def get_description(self) -> str:
            return f"Discreet({self.inner.get_description()})"

    class Noting(SpanProcessor):
        """A processor that keeps the trace id of a request for the log."""

        def on_start(self, span: Span, parent_context: Any = None) -> None:
            _trace.set(f"{span.get_span_context().trace_id:032x}")

    own = Resource({"service.name": "retrorun", "service.version": __version__})
    provider = TracerProvider(resource=own.merge(OTELResourceDetector().detect()))
    provider.sampler = Discreet(provider.sampler)
    provider.add_span_processor(Noting())
    provider.add_span_processor((SimpleSpanProcessor if at_once else BatchSpanProcessor)(exporter))
    return provider
