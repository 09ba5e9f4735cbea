"""Workouts: sums over the segments of a list, with the errors that they share."""

from retrorun.models.workout.workout import workout

__all__ = ["workout"]
