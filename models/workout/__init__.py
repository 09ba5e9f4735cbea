"""Estimates workouts of segments, and recordings of a watch."""

from retrorun.models.workout.track import track
from retrorun.models.workout.workout import workout

__all__ = ["track", "workout"]
