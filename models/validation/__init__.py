"""Published measurements beside our estimates."""

from retrorun.models.validation.validation import validation

__all__ = ["validation"]
