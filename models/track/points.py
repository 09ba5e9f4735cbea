"""The points of a file as columns, and the sessions that the file describes."""

import math
from typing import NamedTuple

import numpy as np

from retrorun.models.numerics.arithmetic import Column


class Points(NamedTuple):
    """The points of a file, as columns of equal length; NaN where a value is missing."""

    time_s: Column
    """Seconds since 1970."""
    latitude_deg: Column
    longitude_deg: Column
    altitude_m: Column
    distance_m: Column
    """Accumulated distance measured by the device."""
    speed_m_s: Column
    """Speed measured by the device."""
    cadence_per_min: Column
    """Steps of both feet per minute."""
    contact_time_s: Column
    """Time that one foot is on the ground at each step."""
    step_length_m: Column
    heart_rate_per_min: Column
    session: Column
    """Place of the point's session in the sessions of the file."""


class Session(NamedTuple):
    """A session as the file describes it: an activity, or a part of one that has its own sport."""

    sport: str = ""
    """Word of the file for the sport, in lower case; empty if the file has none."""
    distance_m: float = math.nan
    """Total distance of the session, for a file whose points have none."""
    duration_s: float = math.nan


def points_from(*, time_s: Column, **known: Column) -> Points:
    """Return points from their known columns.

    Examples
    --------
    >>> points_from(time_s=np.array([0.0, 1.0]), distance_m=np.array([0.0, 3.0])).altitude_m
    array([nan, nan])
    """
    unknown = np.full(len(time_s), math.nan)
    columns = dict.fromkeys(Points._fields, unknown) | {"session": np.zeros(len(time_s))}
    return Points(**{**columns, "time_s": time_s, **known})
