"""Find the ranges of speed in which a joint load stays at or under a bound."""

import math
from dataclasses import replace
from typing import Final, NamedTuple

import numpy as np

from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Column, Mask, Number
from retrorun.models.physiology import load, timing
from retrorun.models.solve.crossings import NODES, SpeedRange, ranges_under, with_turning_points
from retrorun.models.vocabulary.choices import DIRECTIONS, IMPULSE, Direction, Gait, Section
from retrorun.models.vocabulary.quantities import INPUTS, speed_bounds

LOAD_SECTIONS: Final[tuple[Section, ...]] = ("timing", "load")
"""The sections of an estimate that a load indicator needs."""

INDICATORS: Final = tuple(load.EVIDENCE_GRADES)
"""Load indicators that can have a bound."""

KINKS_M_S: Final = (
    1.0,
    *(
        1 + (lowest - at_one) / per_m_s
        for at_one, per_m_s, lowest in (load.PATELLOFEMORAL_RATIO_LINE, load.KNEE_MOMENT_RATIO_LINE)
    ),
    load.PEAK_VERTICAL_FORCE_CROSSING_M_S,
    timing.BACKWARD_CONTACT_TO_M_S,
    float(np.nextafter(timing.BACKWARD_CONTACT_TO_M_S, np.inf)),
)
"""Speeds at which a piecewise load equation has a kink. Also the last speed with a known backward contact time, and the
first without."""

PATELLOFEMORAL_WARNINGS: Final = {
    cautions.STEP_RATE,
    cautions.PATELLOFEMORAL_SPEED,
    cautions.PATELLOFEMORAL_GRADE_ABSENT,
}
VERTICAL_FORCE_WARNINGS: Final = {cautions.VERTICAL_FORCE_GRADE, *cautions.VERTICAL_FORCE_SPEED.values()}
IMPULSE_WARNINGS: Final = (
    PATELLOFEMORAL_WARNINGS
    | VERTICAL_FORCE_WARNINGS
    | {
        cautions.IMPULSE_LEVEL,
        cautions.BACKWARD_CONTACT_ABSENT,
        cautions.WALKING_TIMING_ABSENT,
    }
)
WARNINGS_OF_EVERY_LOAD: Final = {
    cautions.LOAD_MEANING,
    cautions.LOAD_ON_GRADE,
    cautions.BACKWARD_LOAD_GRADE_ABSENT,
    cautions.BACKWARD_LOAD_BEYOND_MEASUREMENT,
    cautions.NOVICE,
    cautions.FALL,
    cautions.OLDER_BACKWARD_SPEED,
}
WARNINGS_OF_LOAD: Final[dict[str, set[str]]] = {
    "peak_vertical_force_bw": VERTICAL_FORCE_WARNINGS,
    "patellofemoral_peak_force_bw": PATELLOFEMORAL_WARNINGS,
    "patellofemoral_impulse_per_km_bw_s": IMPULSE_WARNINGS,
    IMPULSE: IMPULSE_WARNINGS,
    "knee_extensor_moment_ratio": {cautions.WALKING_KNEE_MOMENT_ABSENT},
    "achilles_relative_load": {cautions.BACKWARD_ACHILLES_UNKNOWN, *cautions.ACHILLES_SPEED.values()},
    "tibial_compression_peak_bw": {
        cautions.TIBIAL_SPEED,
        cautions.BACKWARD_TIBIAL_ABSENT,
        cautions.WALKING_TIBIAL_ABSENT,
    },
}
"""The warnings of each indicator, in addition to `WARNINGS_OF_EVERY_LOAD`."""


class LoadRanges(NamedTuple):
    """Where a load indicator keeps a bound, and its lowest and highest value."""

    ranges: dict[Direction, list[SpeedRange]]
    attainable: dict[Direction, tuple[float, float]]
    warnings: list[str]


def plausible_speeds(gait_name: Gait, duration_s: float | None = None) -> tuple[float, float]:
    """Return the slowest and fastest speed allowed, so that the distance is allowed too if a duration is given [m/s].

    Examples
    --------
    >>> plausible_speeds("run"), plausible_speeds("run", 100_000.0)
    ((0.2, 8.0), (0.2, 5.0))
    """
    low, high = speed_bounds(gait_name)
    distance = INPUTS["distance_m"]
    if duration_s is None:
        return low, high
    low, high = max(low, distance.low / duration_s), min(high, distance.high / duration_s)
    # The quotient is rounded, so the distance computed from it may miss its bound.
    while low * duration_s < distance.low:
        low = math.nextafter(low, math.inf)
    while high * duration_s > distance.high:
        high = math.nextafter(high, 0.0)
    return low, high


def at_speeds(case: Case, speeds: Number) -> Case:
    """Return a case at other speeds, for the same duration."""
    return replace(case, speed_m_s=speeds, distance_m=speeds * case.duration_s)


def load_ranges(case: Case, *, indicator: str, bound: float, bounds_m_s: tuple[float, float]) -> LoadRanges:
    """Find the speeds at which a load indicator stays at or under a bound, in each direction.

    Parameters
    ----------
    case : Case
        The bout at any speed, the same in both directions.
    indicator : str
        One of `INDICATORS`.
    bound : float
        Highest value allowed, in its unit.
    bounds_m_s : tuple of float
        Slowest and fastest speed to search [m/s].

    Returns
    -------
    LoadRanges
        For each direction the ranges [m/s], empty if no speed keeps the bound, and the lowest and highest value. A
        direction in which the indicator is unknown is in neither. Then the codes of the warnings.
    """
    low, high = bounds_m_s
    kinks = [kink for kink in KINKS_M_S if low < kink < high]
    nodes = np.union1d(np.linspace(low, high, NODES), kinks)
    ranges: dict[Direction, list[SpeedRange]] = {}
    attainable: dict[Direction, tuple[float, float]] = {}
    kept: dict[Direction, Mask] = {}
    for side in DIRECTIONS:

        def value_at(speeds: Column, side: Direction = side) -> Column:
            builder, _ = compute(at_speeds(case, speeds), score=1.0, include=LOAD_SECTIONS)
            found = getattr(builder, side).get("load", {}).get(indicator, {})
            return np.asarray(found.get("value", np.full(speeds.shape, np.nan)))

        values = value_at(with_turning_points(value_at, nodes))
        known = values[np.isfinite(values)]
        if known.size:
            ranges[side] = ranges_under(value_at, nodes, bound)
            attainable[side] = float(known.min()), float(known.max())
            kept[side] = value_at(nodes) <= bound
    builder, _ = compute(at_speeds(case, nodes), score=1.0, include=LOAD_SECTIONS)
    concerning = WARNINGS_OF_EVERY_LOAD | WARNINGS_OF_LOAD[indicator]
    warnings = [
        code
        for code, where in builder.warnings
        if code in concerning
        # Missing values limit the ranges from outside; every other warning is about speeds inside them.
        and (
            (code.startswith("absent.") and np.any(where))
            or any(cautions.concerns(code, side) and np.any(where & inside) for side, inside in kept.items())
        )
    ]
    if indicator == "knee_extensor_moment_ratio" and "backward" in ranges:
        warnings.insert(0, cautions.FORWARD_KNEE_MOMENT_ABSENT)
    return LoadRanges(ranges, attainable, warnings)
