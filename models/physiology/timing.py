"""The gait at a speed, and the timing of steps: cadence and contact time.

Timing is for level ground; its data are in `tables/gait.csv` and `tables/load.csv`. Fitted coefficients are written as
numbers, and a test repeats the fits.
"""

from typing import Final

from retrorun.models.numerics.arithmetic import Number
from retrorun.models.vocabulary.choices import Gait
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S

BACKWARD_TRANSITION_M_S: Final = 1.63
"""Preferred speed of changing from walking to running backward, 1.63 ± 0.11 m/s (Hreljac 2005, n 12, published)."""

OLDER_FROM_Y: Final = 65.0
"""Age from which a backward speed is compared with those of older people (choice)."""

OLDER_BACKWARD_WALK_M_S: Final = (0.73, 0.24)
"""Backward walking speed that people of 76 years chose, mean and standard deviation (n 84, secondary); a backward speed
above their sum gets a caution (choice). Not the same study as that of the fallers below."""

FALLERS_BACKWARD_WALK_BELOW_M_S: Final = 0.6
"""Backward walking speed that no older person with falls reached in one study (Fritz 2013, published)."""

RUNNING_CADENCE_RANGE_M_S: Final = (2.4, 5.4)
RUNNING_CONTACT_RANGE_M_S: Final = (2.6, 5.4)
BACKWARD_CONTACT_TO_M_S: Final = 3.5
"""Fastest backward running with a contact time in the answer (choice): at their own top speeds the directions have
nearly equal contact times (Weyand 2010)."""
WALKING_CADENCE_RANGE_M_S: Final = (0.8, 1.77)

RUNNING_CADENCE_COEFFICIENTS: Final = (128.0, 12.07)
RUNNING_CONTACT_COEFFICIENTS: Final = (0.508, -0.662)
WALKING_CADENCE_COEFFICIENTS: Final = (64.8, 43.1)

CADENCE_PERSON_SD_STEPS_PER_MIN: Final = {"run": 8.0, "walk": 7.0}
"""Spread between people. Run: outdoor study 2020 (n 21, published). Walk: Fukuchi 2018 (n 43, derived)."""

RUNNING_CADENCE_STUDY_CV: Final = 0.05
"""Spread of running cadence between studies, which differ more than people do (choice: rows of `tables/gait.csv` are
up to 10 % off the line)."""

CADENCE_RATIO: Final = 1.09
"""Running cadence backward to forward. Choice between 1.113, which Masumoto & Mercer's abstract gives averaged over
support levels and without a speed (n 13), and about 1.075, which follows for Cavagna's experts (2012). Grade D."""

CONTACT_TIME_RATIO: Final = 0.84
"""Running contact time backward to forward at the same speed (derived, Cavagna 2012; 0.82 follows from
Wright & Weyand 2001)."""

CONTACT_TIME_PERSON_CV: Final = 23 / 271
"""Spread between people: 271 ± 23 ms at 2.61 m/s in `tables/gait.csv` (n 9, derived)."""

TIMING_RATIO_CV: Final = 0.05
"""Spread of the cadence and contact time ratios. Choice: no spread is published, so that of the ratio of peak forces is
used, which is linked to them by the momentum balance."""

WATCH_CADENCE_CV: Final = 0.02
"""Error of a watch in cadence. Choice between less than 1 %, against light barriers on a treadmill, and 4 %, the mean
difference of a watch and foot pods outdoors (docs/evidence.md#what-a-watch-measures)."""

WATCH_CONTACT_TIME_CV: Final = 0.07
"""Error of a watch in contact time. Choice, the root mean square of the mean misses of six comparisons: 5.2, 2.3, about
4, 0, 0 and 16 % (docs/evidence.md#what-a-watch-measures)."""

FORCE_FROM_TIMING_CV: Final = 0.035
"""Spread of the peak force of people with the same cadence and contact time. Choice, half of the span of 3 to 10 % by
which the momentum balance misses measured contact times."""

WATCH_REFERENCES: Final = (
    "garciapinillos2019",
    "strydoptogait",
    "cabrera2025",
    "strydplates",
    "rodriguezbarbero2024",
    "adams2016",
    "meingast2025",
)
"""Sources of the errors of a watch."""

TIMING_REFERENCES: Final = {
    "run": ("vanoeveren2017", "outdoor2020", "alcantara2021", "alcantara2022", "masumoto2023", "cavagna2012"),
    "walk": ("fukuchi2018",),
}
"""Sources of cadence and contact time, by gait."""


def inferred_gait(*, speed_m_s: float) -> Gait:
    """Return the gait at a speed if the caller does not give one.

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
        Own step rate over the preferred step rate at that speed [1].

    Returns
    -------
    float or ndarray
        Cadence, shape of the input [steps/min].

    Notes
    -----
    128.0 + 12.07 V, unweighted least squares on the ten forward rows of `tables/gait.csv` that have a speed, from 2.4
    to 5.4 m/s. The largest misses are Alcantara 2022 (+18) and Cavagna 2008 (-14): without the first the
    line is 125.2 + 12.32 V, without the second 122.4 + 14.22 V.

    Examples
    --------
    >>> round(running_cadence(speed_m_s=2.9), 1)
    163.0

    References
    ----------
    van Oeveren 2017, doi 10.1371/journal.pone.0184273; outdoor step frequency study 2020,
    doi 10.1080/17461391.2019.1626911; Alcantara 2021, doi 10.7717/peerj.11199; Alcantara 2022,
    doi 10.7717/peerj.12752.
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
        Own step rate over the preferred step rate at that speed [1].

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


def running_contact_time(*, speed_m_s: Number) -> Number:
    """Return the ground contact time of forward running.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].

    Returns
    -------
    float or ndarray
        Contact time of one foot, shape of the input [s].

    Notes
    -----
    0.508 V^-0.662, least squares of the logarithms of four measured groups at 2.61, 3.33, 4.1 and 5.4 m/s in
    `tables/gait.csv` (derived; residual at most 0.004 s).

    Examples
    --------
    >>> round(running_contact_time(speed_m_s=4.1), 4)
    0.1996

    References
    ----------
    Alcantara 2021, doi 10.7717/peerj.11199; Alcantara 2022, doi 10.7717/peerj.12752; an ageing-runner study.
    """
    factor, exponent = RUNNING_CONTACT_COEFFICIENTS
    return factor * speed_m_s**exponent
