"""Which gait, and the timing of its steps: cadence, contact time and steps.

Timing is written for level ground; the tables behind it are `tables/gait.csv` and `tables/load.csv`.
"""

import math
from typing import Final

from models.arithmetic import Number
from models.uncertainty import Gait

RUNNING_FROM_M_S: Final = 2.0
"""Speed from which a bout is taken as running when the caller does not say. Choice: 1.9 to 2.0 m/s separates
the gaits best in 28 adults."""

BACKWARD_TRANSITION_M_S: Final = 1.63
"""Preferred walk-to-run transition going backward, 1.63 ± 0.11 m/s (Hreljac 2005, n 12, published)."""

RUNNING_TIMING_RANGE_M_S: Final = (1.8, 3.5)
WALKING_CADENCE_RANGE_M_S: Final = (0.8, 1.77)

RUNNING_CADENCE_COEFFICIENTS: Final = (123.7, 12.88)
WALKING_CADENCE_COEFFICIENTS: Final = (64.8, 43.1)

CADENCE_PERSON_SD_STEPS_PER_MIN: Final = {"run": 8.0, "walk": 7.0}
"""Spread between people. Run: outdoor study 2020 (n 21, published). Walk: Fukuchi 2018 (n 43, derived)."""

CADENCE_RATIO: Final = 1.113
"""Running cadence backward to forward at the same speed (body-weight-support study, n 13, published)."""

CONTACT_TIME_RATIO: Final = 0.84
"""Running contact time backward to forward at the same speed (derived, Cavagna 2012; 0.82 follows from
Wright & Weyand 2001)."""

CONTACT_TIME_PERSON_CV: Final = 23 / 271
"""Spread between people: 271 ± 23 ms at 2.61 m/s in `tables/gait.csv` (n 9, derived)."""

TIMING_RATIO_CV: Final = 0.05
"""Spread of the cadence and contact time ratios. Choice: no spread is published; taken from the ratio of peak
forces, to which the momentum balance ties them."""

TIMING_REFERENCES: Final = {
    "run": ("vanoeveren2017", "outdoor2020", "masumoto2023", "cavagna2012"),
    "walk": ("fukuchi2018",),
}
"""Sources of cadence and contact time, by gait."""


def inferred_gait(*, speed_m_s: float) -> Gait:
    """Return the gait taken when the caller does not say.

    Parameters
    ----------
    speed_m_s : float
        Forward speed [m/s].

    Returns
    -------
    {"run", "walk"}
        Running from 2.0 m/s.

    Examples
    --------
    >>> inferred_gait(speed_m_s=2.0), inferred_gait(speed_m_s=1.99)
    ('run', 'walk')
    """
    return "run" if speed_m_s >= RUNNING_FROM_M_S else "walk"


def running_cadence(*, speed_m_s: Number, step_rate_ratio: Number = 1.0) -> Number:
    """Return the cadence of forward running.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].
    step_rate_ratio : float or ndarray
        Own step rate over the preferred one at that speed [1].

    Returns
    -------
    float or ndarray
        Cadence, shape of the input [steps/min].

    Notes
    -----
    123.7 + 12.88 V, least squares on the six recreational rows of `tables/gait.csv` from 2.4 to 3.5 m/s
    (residual at most 2.1 steps/min). Misses: Lieberman 2015 (+7), Cavagna 2008 (-13), the 4.46 m/s row of
    `tables/load.csv` (+12).

    Examples
    --------
    >>> round(running_cadence(speed_m_s=2.9), 1)
    161.1

    References
    ----------
    van Oeveren 2017, doi 10.1371/journal.pone.0184273; outdoor step frequency study 2020,
    doi 10.1080/17461391.2019.1626911.
    """
    a, b = RUNNING_CADENCE_COEFFICIENTS
    return (a + b * speed_m_s) * step_rate_ratio


def walking_cadence(*, speed_m_s: Number, step_rate_ratio: Number = 1.0) -> Number:
    """Return the cadence of forward walking.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].
    step_rate_ratio : float or ndarray
        Own step rate over the preferred one at that speed [1].

    Returns
    -------
    float or ndarray
        Cadence, shape of the input [steps/min].

    Notes
    -----
    64.8 + 43.1 V from 0.8 to 1.77 m/s, derived from the open data of 43 adults. Backward walking cadence is
    unknown.

    Examples
    --------
    >>> round(walking_cadence(speed_m_s=1.294), 1)
    120.6

    References
    ----------
    Fukuchi 2018, doi 10.7717/peerj.4640.
    """
    a, b = WALKING_CADENCE_COEFFICIENTS
    return (a + b * speed_m_s) * step_rate_ratio


def running_contact_time(*, cadence_steps_per_min: Number, peak_vertical_force_bw: Number) -> Number:
    """Return the ground contact time of forward running.

    Parameters
    ----------
    cadence_steps_per_min : float or ndarray
        Cadence [steps/min].
    peak_vertical_force_bw : float or ndarray
        Peak vertical ground force [body weights].

    Returns
    -------
    float or ndarray
        Contact time of one foot, shape of the input [s].

    Notes
    -----
    (pi / 2) * step time / peak force: the impulse of a half sine must carry the body weight over one step
    (choice). It gives 0.244 s against 0.271 s measured at 2.61 m/s, a miss that is kept.

    Examples
    --------
    >>> round(running_contact_time(cadence_steps_per_min=157.3, peak_vertical_force_bw=2.455), 3)
    0.244
    """
    step_time = 60.0 / cadence_steps_per_min
    return (math.pi / 2) * step_time / peak_vertical_force_bw
