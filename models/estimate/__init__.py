"""One bout, forward and backward."""

from retrorun.models.estimate.estimate import compute, estimate

__all__ = ["compute", "estimate"]
