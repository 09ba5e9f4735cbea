"""Recordings of watches as workouts: cleaned, cut into segments, and summed."""

from retrorun.models.track.track import track

__all__ = ["track"]
