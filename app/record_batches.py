"""Estimate Arrow record batches: the functions that other programs import."""

from retrorun.app.formats.record_batches import (
    estimate_batch,
    estimate_keyed_batch,
    estimate_plain_batch,
    input_schema,
    output_schema,
    plain_schema,
)

__all__ = [
    "estimate_batch",
    "estimate_keyed_batch",
    "estimate_plain_batch",
    "input_schema",
    "output_schema",
    "plain_schema",
]
