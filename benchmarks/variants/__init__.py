"""One request, one model call and one answer, served in four ways.

Each way is a module of its own, so that a process loads only what it serves.
"""

from importlib import import_module
from typing import Any, Final, NamedTuple, cast

BODY: Final = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}'
"""The request: the smallest that gets the whole answer, with every section in it."""


class Variant(NamedTuple):
    """One way to serve the estimate."""

    key: str
    name: str
    place: str


VARIANTS: Final = (
    Variant("a", "RetroRun", "app.main:app"),
    Variant("b", "FastAPI", "benchmarks.variants.ordinary:app"),
    Variant("c", "Litestar, msgspec", "benchmarks.variants.litestar_msgspec:app"),
    Variant("d", "bare ASGI", "benchmarks.variants.bare:app"),
)
"""The service with all its middleware, and three others without any."""

FRAMES: Final = (
    Variant("e", "constant answer", "benchmarks.variants.constant:app"),
    Variant("f", "Fastify, constant answer", "fastify"),
)
"""What sends the bytes of the service's answer without computing it: the server alone, and Fastify under Node."""

INFORMATION: Final = (
    Variant("b'", "FastAPI, answer as models", "benchmarks.variants.ordinary:app_with_models"),
    Variant("d'", "bare ASGI, orjson", "benchmarks.variants.bare:app_with_orjson"),
)
"""Variants of the variants: measured for information, compared with nothing."""


def application(variant: Variant) -> Any:
    """Return the ASGI application of a variant."""
    module, _, name = variant.place.partition(":")
    return cast(Any, getattr(import_module(module), name))
