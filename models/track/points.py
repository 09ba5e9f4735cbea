"""The points of a file as columns, and the sessions that the file describes."""

import math
from typing import Final, NamedTuple

import numpy as np

from retrorun.models.numerics.arithmetic import Column, Mask

EARTH_RADIUS_M: Final = 6_371_008.8
"""Mean radius of the Earth (IUGG)."""

POSITION_HIGH_DEG: Final = (90.0, 180.0)
"""Largest latitude and longitude, positive or negative."""

NEAR_DEG: Final = 1.0
"""Degrees from another position within which a position 0/0 can be true (choice)."""

SPIKE_SPEED_M_S: Final = 12.5
"""Speed between points that no person reaches: the fastest sprint had 12.4 m/s (choice)."""

CARRIED: Final = (
    "altitude_m",
    "distance_m",
    "speed_m_s",
    "cadence_per_min",
    "contact_time_s",
    "step_length_m",
    "heart_rate_per_min",
)
"""Columns that a record without a place gives to the points next to it."""


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


def located(points: Points) -> Mask:
    """Return the points that have a place, as a mask."""
    latitude_high, longitude_high = POSITION_HIGH_DEG
    found: Mask = (abs(points.latitude_deg) <= latitude_high) & (abs(points.longitude_deg) <= longitude_high)
    return found


def without_zero_places(points: Points) -> Points:
    """Return points without the positions 0/0 that devices write before they know the first one.

    They stay where another position is near them, because somebody may be there.

    Examples
    --------
    >>> latitude_deg = np.array([0.0, 46.0])
    >>> points = points_from(time_s=np.arange(2.0), latitude_deg=latitude_deg, longitude_deg=np.array([0.0, 11.0]))
    >>> without_zero_places(points).latitude_deg
    array([nan, 46.])
    """
    zero = (points.latitude_deg == 0) & (points.longitude_deg == 0)
    near = np.maximum(abs(points.latitude_deg), abs(points.longitude_deg)) <= NEAR_DEG
    if not zero.any() or (near & ~zero).any():
        return points
    latitude_deg, longitude_deg = (
        np.where(zero, math.nan, each) for each in (points.latitude_deg, points.longitude_deg)
    )
    return points._replace(latitude_deg=latitude_deg, longitude_deg=longitude_deg)


def on_sphere(points: Points) -> Column:
    """Return positions as three columns [m], so that distances are right at the poles and the date line too."""
    latitude, longitude = np.radians(points.latitude_deg), np.radians(points.longitude_deg)
    across = np.cos(latitude)
    columns = (across * np.cos(longitude), across * np.sin(longitude), np.sin(latitude))
    return EARTH_RADIUS_M * np.column_stack(columns)


def way_of(points: Points) -> Column:
    """Return where each record is, as rows of coordinates [m]: its position, or its distance; NaN if unknown."""
    placed, measured = located(points), np.isfinite(points.distance_m)
    if not placed.any() or placed.sum() < measured.sum() / 2:
        return points.distance_m[:, np.newaxis]
    way = np.full((len(placed), 3), np.nan)
    way[placed] = on_sphere(Points(*(column[placed] for column in points)))
    return way


def merge(points: Points) -> tuple[Points, int]:
    """Return one point for the records of each time, and how many records are elsewhere than their point.

    A point has the last known value of each column.

    Examples
    --------
    >>> two = points_from(time_s=np.zeros(2), distance_m=np.array([3.0, np.nan]), altitude_m=np.array([np.nan, 500.0]))
    >>> merge(two)[0].distance_m, merge(two)[0].altitude_m
    (array([3.]), array([500.]))
    """
    new = np.diff(points.time_s, prepend=-np.inf) > 0
    if new.all():
        return points, 0
    starts = np.flatnonzero(new)
    ends = np.concatenate((starts[1:], [len(new)])) - 1
    places = np.arange(len(new))

    def last_known(column: Column) -> Column:
        last = np.maximum.accumulate(np.where(np.isnan(column), -1, places))[ends]
        return np.where(last >= starts, column[last], np.nan)

    merged = Points(*(last_known(column) for column in points))
    group = np.cumsum(new) - 1
    far = np.linalg.norm(way_of(points) - way_of(merged)[group], axis=1) > SPIKE_SPEED_M_S
    return merged, int(far.sum())


def carry(points: Points, used: Mask) -> Points:
    """Return the used points, with the values that they lack from the records between them, interpolated in time.

    Examples
    --------
    >>> rate = np.array([np.nan, 120.0, 130.0, np.nan])
    >>> way = np.array([0.0, np.nan, np.nan, 9.0])
    >>> four = points_from(time_s=np.arange(4.0), distance_m=way, heart_rate_per_min=rate)
    >>> carry(four, np.isfinite(four.distance_m)).heart_rate_per_min
    array([120., 130.])
    """
    if used.all():
        return points
    kept = Points(*(column[used] for column in points))
    if not used.any():
        return kept
    columns = kept._asdict()
    for name in CARRIED:
        column, own = getattr(points, name), columns[name]
        known = np.isfinite(column)
        after = np.searchsorted(kept.time_s, points.time_s[known & ~used])
        near = np.zeros(len(own), dtype=np.bool_)
        near[np.minimum(after, len(own) - 1)] = near[np.maximum(after - 1, 0)] = True
        lacking = near & ~np.isfinite(own)
        if lacking.any():
            own = own.copy()
            own[lacking] = np.interp(kept.time_s[lacking], points.time_s[known], column[known])
            columns[name] = own
    return Points(**columns)
