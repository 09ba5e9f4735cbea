"""Plans the best mix of forward and backward within limits."""

from retrorun.models.plan.plan import plan

__all__ = ["plan"]
