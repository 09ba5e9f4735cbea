"""The mix of forward and backward that does the most within limits."""

from retrorun.models.plan.plan import plan

__all__ = ["plan"]
