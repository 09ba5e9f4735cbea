"""Air drag overground, and a treadmill that carries part of the body."""

from typing import Final

from retrorun.models.numerics.arithmetic import Number
from retrorun.models.physiology.energy import power_of_oxygen_uptake

AIR_DRAG_ML_KG_MIN: Final = 0.02724
"""Oxygen uptake that air drag adds overground in still air, per speed cubed [ml/kg/min per (m/s)^3] (secondary)."""

WEIGHT_SUPPORT_SLOPE: Final = 0.73
"""Reduction of the active rate of running for each share of body mass that is carried. Derived: slope of the
published caption of Teunissen 2007 (n 10, 3 m/s), scaled to 1 without support."""


def air_drag_w_kg(*, speed_m_s: Number) -> Number:
    """Return the metabolic power that air drag adds overground in still air.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].

    Returns
    -------
    float or ndarray
        Power, shape of the speed [W/kg].

    Examples
    --------
    >>> from retrorun.models.physiology.energy import oxygen_uptake_ml_kg_min
    >>> round(oxygen_uptake_ml_kg_min(power_w_kg=air_drag_w_kg(speed_m_s=3.0)), 5)
    0.73548
    """
    return power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=AIR_DRAG_ML_KG_MIN * (speed_m_s * speed_m_s * speed_m_s))


def supported_w_kg(*, power_w_kg: Number, resting_w_kg: Number, weight_support: Number) -> Number:
    """Return the gross power of running while a treadmill carries a share of the body mass.

    Parameters
    ----------
    power_w_kg, resting_w_kg : float or ndarray
        Gross power without support, and resting power [W/kg].
    weight_support : float or ndarray
        Share of body mass that is carried [1].

    Returns
    -------
    float or ndarray
        Gross power, shape of the inputs [W/kg]: the active rate times 1 - 0.73 s, plus rest.

    Examples
    --------
    >>> round(supported_w_kg(power_w_kg=11.0, resting_w_kg=1.0, weight_support=0.5), 3)
    7.35
    """
    return resting_w_kg + (power_w_kg - resting_w_kg) * (1 - WEIGHT_SUPPORT_SLOPE * weight_support)
