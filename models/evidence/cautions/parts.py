"""The parts of an answer that warnings concern, as place/name, for `registry.caution`."""

from typing import Final, TypeAlias

Parts: TypeAlias = tuple[str, ...]

OF_ENERGY: Final = (
    "total_energy_kcal",
    "active_energy_kcal",
    "metabolic_power_w_kg",
    "oxygen_uptake_ml_kg_min",
    "met",
    "share_of_maximum",
    "energy_per_km_kcal",
)
OF_STEPS: Final = ("cadence_steps_per_min", "steps")
OF_IMPULSE: Final = ("patellofemoral_impulse_per_km_bw_s", "patellofemoral_impulse_per_bout_bw_s")
OF_KNEE_CAP: Final = ("patellofemoral_peak_force_bw", *OF_IMPULSE)
OF_LOAD: Final = (
    "peak_vertical_force_bw",
    *OF_KNEE_CAP,
    "knee_extensor_moment_ratio",
    "achilles_relative_load",
    "tibial_compression_peak_bw",
)


def forward(*names: str) -> Parts:
    """Return parts of the forward direction.

    Examples
    --------
    >>> forward("steps")
    ('forward/steps',)
    """
    return tuple(f"forward/{name}" for name in names)


def backward(*names: str) -> Parts:
    """Return parts of the backward direction."""
    return tuple(f"backward/{name}" for name in names)


def ratio(*names: str) -> Parts:
    """Return ratios backward over forward."""
    return tuple(f"ratio/{name}" for name in names)


def top(*names: str) -> Parts:
    """Return parts at the top of an answer."""
    return tuple(f"answer/{name}" for name in names)


def both(*names: str) -> Parts:
    """Return parts of both directions."""
    return forward(*names) + backward(*names)


BACKWARD: Final = backward("")
ENERGY: Final = both(*OF_ENERGY)
BACKWARD_ENERGY: Final = backward(*OF_ENERGY) + ratio("total_energy", "active_energy")
BACKWARD_SPEED: Final = backward("speed_m_s", "speed_ranges")
LOADS: Final = both("load", "speed_ranges") + ratio("load")
RATIO_OF_TIMING: Final = ratio("cadence", "contact_time")
RATIO_OF_IMPULSE: Final = ratio("patellofemoral_impulse_per_km")
SUMS: Final = top("totals", "reversed", "forward", "backward", "ratio")
DISTANCES: Final = both("distance_m", *OF_ENERGY)
