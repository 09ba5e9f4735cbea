"""One known estimate, computed again: what readiness rests on."""

from typing import Final

from models.estimate import estimate

CHECK_SPEED_M_S: Final = 3.0
CHECK_POWER_W_KG: Final = 12.29
"""looney2025 at 3 m/s on the level, the check value given with its coefficients (secondary)."""
CHECK_RATIO: Final = 1.30
CHECK_DECIMALS: Final = 2


def known_estimate_holds() -> bool:
    """Say whether the models still give the published check value, and the documented ratio with it.

    Examples
    --------
    >>> known_estimate_holds()
    True
    """
    answer = estimate(body_mass_kg=70.0, speed_m_s=CHECK_SPEED_M_S, duration_s=600.0, gait="run")
    power = answer["forward"]["metabolic_power_w_kg"]["value"]
    ratio = answer["ratio"]["total_energy"]["value"]
    return (round(power, CHECK_DECIMALS), round(ratio, CHECK_DECIMALS)) == (CHECK_POWER_W_KG, CHECK_RATIO)
