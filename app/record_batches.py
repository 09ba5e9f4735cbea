"""Estimate Arrow record batches: the functions that other programs import."""

from retrorun.app.formats.record_batches import estimate_batch, input_schema, output_schema

__all__ = ["estimate_batch", "input_schema", "output_schema"]
