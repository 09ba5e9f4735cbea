"""Compares published measurements with our estimates."""

from retrorun.models.validation.validation import validation

__all__ = ["validation"]
