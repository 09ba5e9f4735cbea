"""Finds the speed, time or distance that meets a target."""

from retrorun.models.solve.solve import solve

__all__ = ["solve"]
