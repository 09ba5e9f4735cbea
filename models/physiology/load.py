"""The load on knees, ankles and tendons: six indicators, each with its spread and evidence grade.

Forces in the patellofemoral joint, the tibia and mostly the Achilles tendon are model estimates in the literature too.
Peaks are per step; only the impulse is a sum over a kilometre or a bout. Two indicators are left out: vertical loading
rate does not predict injury (Schmida 2022), and damage-weighted cycles depend on unconfirmed exponents.
"""

import math
from typing import Final

import numpy as np

from retrorun.models.numerics.arithmetic import Number, absolute, clip, greater
from retrorun.models.physiology.uncertainty import root_sum_square
from retrorun.models.vocabulary.choices import EvidenceGrade, Gait

PEAK_VERTICAL_FORCE_COEFFICIENTS: Final = {"run": (1.659, 0.286), "walk": (0.80, 0.24)}
PEAK_VERTICAL_FORCE_SLOW_COEFFICIENTS: Final = (2.05, 0.155)
"""Line of slow running, used where it is the greater of the two: below 3.0 m/s (choice)."""
PEAK_VERTICAL_FORCE_SLOW_FROM_M_S: Final = 2.0
"""Slowest running that this line is meant for (choice)."""
PEAK_VERTICAL_FORCE_CROSSING_M_S: Final = (
    PEAK_VERTICAL_FORCE_SLOW_COEFFICIENTS[0] - PEAK_VERTICAL_FORCE_COEFFICIENTS["run"][0]
) / (PEAK_VERTICAL_FORCE_COEFFICIENTS["run"][1] - PEAK_VERTICAL_FORCE_SLOW_COEFFICIENTS[1])
"""Speed at which the two lines cross (derived)."""
PEAK_VERTICAL_FORCE_RANGE_M_S: Final = {"run": (3.3, 5.4), "walk": (1.0, 2.0)}
PEAK_VERTICAL_FORCE_SD_BW: Final = 0.25
PEAK_VERTICAL_FORCE_SLOPE_CV_PER_DEG: Final = 0.0124
"""Spread of the peak force that each degree of slope adds. Choice: studies disagree between no change to 9 degrees
(Gottschall & Kram 2005) and -12.4 % at +10 degrees (Alcantara 2022), the largest change measured."""
PEAK_VERTICAL_FORCE_RATIO: Final = {"run": 1.075, "walk": 1.0}
"""Backward over forward. Running: choice between 1.043 (Roos 2012, n 20, the resultant at peak knee moment) and 1.107
(Cavagna 2012, n 9)."""
PEAK_VERTICAL_FORCE_RATIO_SD: Final = 0.05

PATELLOFEMORAL_COEFFICIENTS: Final = (2.37, 0.858)
PATELLOFEMORAL_STEP_RATE_EXPONENT: Final = -1.58
PATELLOFEMORAL_RANGE_M_S: Final = (1.0, 4.5)
PATELLOFEMORAL_WALK_BW: Final = 0.9
PATELLOFEMORAL_SD_BW: Final = {"run": 1.3, "walk": 0.4}
PATELLOFEMORAL_RATIO_LINE: Final = (1.03, -0.137, 0.79)
PATELLOFEMORAL_RATIO_WALK: Final = 1.0
PATELLOFEMORAL_RATIO_SD_LOG: Final = 0.27

KNEE_MOMENT_RATIO_LINE: Final = (1.02, -0.115, 0.79)
KNEE_MOMENT_RATIO_SD: Final = 0.25

IMPULSE_CV: Final = 0.35
IMPULSE_RATIO_CV: Final = math.hypot(
    PATELLOFEMORAL_RATIO_SD_LOG, PEAK_VERTICAL_FORCE_RATIO_SD / PEAK_VERTICAL_FORCE_RATIO["run"]
)
"""Spread of the impulse ratio, from the spreads of the peak ratio and of the ground force ratio (derived)."""

ACHILLES_COEFFICIENTS_BW: Final = (5.41, 1.04)
ACHILLES_REFERENCE_M_S: Final = 3.0
ACHILLES_RANGE_M_S: Final = {"run": (2.7, 4.5), "walk": (1.34, 1.34)}
ACHILLES_WALK: Final = 0.53
ACHILLES_METHOD_FACTOR: Final = 2.5
"""Highest over lowest method: a factor of 2 to 3 in the literature; the middle is used (choice)."""
ACHILLES_METHOD_INTERVAL_SCORE: Final = 1.645
"""Standard score at which that factor spans the whole interval: the score of a 90 % interval (choice)."""
ACHILLES_CV: Final = math.log(ACHILLES_METHOD_FACTOR) / (2 * ACHILLES_METHOD_INTERVAL_SCORE)
ACHILLES_BACKWARD_BOUNDS: Final = (0.60, 1.25)
"""Bounds of backward over forward Achilles load, which is unknown. They are a choice and do not depend on the interval.
The lower bound includes the smaller ankle moment that was measured backward (DeVita & Stribling 1991)."""

TIBIAL_COEFFICIENTS: Final = (0.23, 2.96, 0.12, 0.10)
TIBIAL_RANGE_M_S: Final = (2.6, 4.0)
TIBIAL_SD_BW: Final = 0.4
TIBIAL_CV: Final = 0.20

VERTICAL_FORCE_SLOPE_RANGE_DEG: Final = (-10.0, 10.0)
"""Slopes on which peak vertical force was measured (Alcantara 2022; Gottschall & Kram 2005 to 9 degrees)."""
PATELLOFEMORAL_SLOPE_RANGE_DEG: Final = (-4.0, 4.0)
"""Peak knee moments hardly change from -4 to +4 degrees (Telhan 2010); on steeper slopes the indicator is
missing."""

EVIDENCE_GRADES: Final[dict[str, dict[Gait, tuple[EvidenceGrade, EvidenceGrade]]]] = {
    "peak_vertical_force_bw": {"run": ("C", "C"), "walk": ("D", "D")},
    "patellofemoral_peak_force_bw": {"run": ("C", "C"), "walk": ("B", "D")},
    "knee_extensor_moment_ratio": {"run": ("C", "C"), "walk": ("C", "C")},
    "patellofemoral_impulse_per_km_bw_s": {"run": ("D", "D"), "walk": ("D", "D")},
    "patellofemoral_impulse_per_bout_bw_s": {"run": ("D", "D"), "walk": ("D", "D")},
    "achilles_relative_load": {"run": ("C", "D"), "walk": ("C", "D")},
    "tibial_compression_peak_bw": {"run": ("C-", "C-"), "walk": ("C-", "C-")},
}
"""Evidence grade of each indicator, forward and backward, by gait: A several consistent measured studies, B a
meta-analysis or consistent modelled data, C few, small, indirect or conflicting, D extrapolation or choice. Peak
vertical force is D outside its range. The knee-cap force of running is B for its trend with speed, C for its level."""

LOAD_REFERENCES: Final = {
    "run": (
        "hart2022",
        "doyle2023",
        "lenhart2014",
        "sussman2000",
        "roos2012",
        "ren2015",
        "cavagna2012",
        "alcantara2021",
        "alcantara2022",
        "reiter2024",
        "matijevich2019",
    ),
    "walk": ("hart2022", "reiter2024"),
}
"""Sources of the joint-load indicators, by gait."""


def slope_deg(*, grade: Number) -> Number:
    """Return the slope of a grade.

    Parameters
    ----------
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Slope, shape of the input [deg].

    Examples
    --------
    >>> round(slope_deg(grade=0.158), 1)
    9.0
    """
    if isinstance(grade, np.ndarray):
        degrees: Number = np.degrees(np.arctan(grade))
        return degrees
    return math.degrees(math.atan(grade))


def peak_vertical_force(*, gait: Gait, speed_m_s: Number) -> Number:
    """Return the peak vertical ground force of a forward step.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait.
    speed_m_s : float or ndarray
        Speed [m/s].

    Returns
    -------
    float or ndarray
        Peak force, shape of the speed [body weights].

    Notes
    -----
    Run 1.659 + 0.286 V from 3.3 to 5.4 m/s, unweighted least squares of the three level groups of `tables/load.csv`
    that have a speed (one of them pools three speeds); below that the greater of this and 2.05 + 0.155 V (choice; they
    cross at 3.0 m/s). Walk 0.80 + 0.24 V from 1 to 2 m/s (choice). Person standard deviation 0.25 BW. Evidence grade
    C, D below 3.3 m/s and walking: no row of the table is ground force of walking. It misses the groups by -5.4 % at
    4.1 m/s and +4.1 % at 3.33 m/s.

    Examples
    --------
    >>> round(peak_vertical_force(gait="run", speed_m_s=3.0), 3)
    2.517
    """
    a, b = PEAK_VERTICAL_FORCE_COEFFICIENTS[gait]
    force = a + b * speed_m_s
    if gait == "walk":
        return force
    a, b = PEAK_VERTICAL_FORCE_SLOW_COEFFICIENTS
    return greater(force, a + b * speed_m_s)


def peak_vertical_force_spread(*, peak_bw: Number, grade: Number) -> Number:
    """Return the spread of peak vertical force, from people and from the slope.

    Parameters
    ----------
    peak_bw : float or ndarray
        Peak vertical force [body weights].
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Coefficient of variation, shape of the inputs [1].

    Examples
    --------
    >>> round(peak_vertical_force_spread(peak_bw=2.5, grade=0.0), 3)
    0.1
    """
    of_slope = PEAK_VERTICAL_FORCE_SLOPE_CV_PER_DEG * absolute(slope_deg(grade=grade))
    return root_sum_square(PEAK_VERTICAL_FORCE_SD_BW / peak_bw, of_slope)


def patellofemoral_peak_force(*, gait: Gait, speed_m_s: Number, step_rate_ratio: Number = 1.0) -> Number:
    """Return the peak patellofemoral joint force of a forward step.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait.
    speed_m_s : float or ndarray
        Speed [m/s].
    step_rate_ratio : float or ndarray
        Own step rate over the preferred step rate, 0.9 to 1.1; running only [1].

    Returns
    -------
    float or ndarray
        Peak force, shape of the speed [body weights].

    Notes
    -----
    Run (2.37 + 0.858 V) * ratio^-1.58 from 1.0 to 4.5 m/s, a choice on Hart 2022 (5.2 ± 1.2), Doyle 2023 and
    Lenhart 2014 (-14 % at +10 % step rate). Walk 0.9 ± 0.4 (Hart 2022). Evidence grade B for the trend with speed, C
    for the level running: at about 3.1 m/s Roos 2012 has 4.5 and Ren 2015 3.57 against 5.03 of the line.

    Examples
    --------
    >>> round(patellofemoral_peak_force(gait="run", speed_m_s=2.5), 3)
    4.515
    """
    if gait == "walk":
        return PATELLOFEMORAL_WALK_BW + 0 * speed_m_s
    a, b = PATELLOFEMORAL_COEFFICIENTS
    return (a + b * speed_m_s) * step_rate_ratio**PATELLOFEMORAL_STEP_RATE_EXPONENT


def patellofemoral_ratio(*, gait: Gait, speed_m_s: Number) -> Number:
    """Return backward over forward peak patellofemoral force at the same speed.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait.
    speed_m_s : float or ndarray
        Speed [m/s].

    Returns
    -------
    float or ndarray
        Ratio, shape of the speed [1].

    Notes
    -----
    Run clip(1.03 - 0.137 (V - 1), 0.79, 1.03), a choice through the studies at matched speed: Sussman 2000 (1.03 at 1.0
    m/s, n 10), Roos 2012 (0.756 at 2.8 to 3.4 m/s, n 20, lower backward in 85 % of them) and Ren 2015 (0.88, n 8, not
    significant in the authors' words). Walk 1.0 (choice). Person spread 0.27 in logs. Evidence grade C, walk D.

    Examples
    --------
    >>> patellofemoral_ratio(gait="run", speed_m_s=3.0), patellofemoral_ratio(gait="run", speed_m_s=1.0)
    (0.79, 1.03)
    """
    if gait == "walk":
        return PATELLOFEMORAL_RATIO_WALK + 0 * speed_m_s
    return _falling_ratio(PATELLOFEMORAL_RATIO_LINE, speed_m_s)


def knee_extensor_moment_ratio(*, speed_m_s: Number) -> Number:
    """Return backward over forward peak knee extensor moment of running at the same speed.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].

    Returns
    -------
    float or ndarray
        Ratio, shape of the speed [1].

    Notes
    -----
    clip(1.02 - 0.115 (V - 1), 0.79, 1.02), a choice through Sussman 2000 and Roos 2012. Person standard
    deviation 0.25. Evidence grade C. Walking: not measured.

    Examples
    --------
    >>> round(knee_extensor_moment_ratio(speed_m_s=2.0), 3)
    0.905
    """
    return _falling_ratio(KNEE_MOMENT_RATIO_LINE, speed_m_s)


def _falling_ratio(line: tuple[float, float, float], speed_m_s: Number) -> Number:
    at_one_m_s, per_m_s, lowest = line
    return clip(at_one_m_s + per_m_s * (speed_m_s - 1), lowest, at_one_m_s)


def patellofemoral_impulse_per_second(*, peak_force_bw: Number, peak_vertical_force_bw: Number) -> Number:
    """Return the patellofemoral impulse of one leg over a second of running.

    Parameters
    ----------
    peak_force_bw : float or ndarray
        Peak patellofemoral force [body weights].
    peak_vertical_force_bw : float or ndarray
        Peak vertical ground force of the same steps [body weights].

    Returns
    -------
    float or ndarray
        Impulse over a second, shape of the inputs [BW].

    Notes
    -----
    Peak / (2 * peak vertical force): both forces are taken as half sines over the same contact, and over a second the
    ground force of both legs must carry one body weight (choice). It holds at any cadence. Compared with measured steps
    the half sine is 3 to 10 % too short and 9 to 12 % too weak, so the level has grade D both ways.

    Examples
    --------
    >>> patellofemoral_impulse_per_second(peak_force_bw=5.0, peak_vertical_force_bw=2.5)
    1.0
    """
    return peak_force_bw / (2 * peak_vertical_force_bw)


def achilles_relative_load(*, gait: Gait, speed_m_s: Number) -> Number:
    """Return the forward peak Achilles tendon force, relative to running forward at 3.0 m/s.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait.
    speed_m_s : float or ndarray
        Speed [m/s].

    Returns
    -------
    float or ndarray
        Relative load, shape of the speed [1].

    Notes
    -----
    Run (5.41 + 1.04 V) / 8.53 from 2.7 to 4.5 m/s, end points 8.2 and 10.1 BW published; walk 0.53, measured
    at 1.34 m/s only. Methods differ by a factor of 2 to 3. Evidence grade C.

    Examples
    --------
    >>> round(achilles_relative_load(gait="run", speed_m_s=3.0), 3)
    1.0

    References
    ----------
    Reiter 2024, PMC11096059.
    """
    if gait == "walk":
        return ACHILLES_WALK + 0 * speed_m_s
    a, b = ACHILLES_COEFFICIENTS_BW
    return (a + b * speed_m_s) / (a + b * ACHILLES_REFERENCE_M_S)


def tibial_compression_peak(*, peak_vertical_force_bw: Number, speed_m_s: Number, grade: Number) -> Number:
    """Return the peak tibial compression of a forward running step.

    Parameters
    ----------
    peak_vertical_force_bw : float or ndarray
        Peak vertical ground force [body weights].
    speed_m_s : float or ndarray
        Speed [m/s].
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Peak compression, shape of the inputs [body weights].

    Notes
    -----
    0.23 + 2.96 * peak vertical force + 0.12 V + 0.10 * slope in degrees, 2.6 to 4.0 m/s. Bias +0.38 BW on the
    rows of `tables/load.csv`, which is not corrected. Spread: root sum square of 0.4 BW and 20 %. Evidence
    grade C-.

    Examples
    --------
    >>> round(tibial_compression_peak(peak_vertical_force_bw=2.5, speed_m_s=3.0, grade=0.0), 2)
    7.99
    """
    a, force, speed, slope = TIBIAL_COEFFICIENTS
    return a + force * peak_vertical_force_bw + speed * speed_m_s + slope * slope_deg(grade=grade)


def tibial_spread(*, peak_bw: Number) -> Number:
    """Return the spread of the tibial compression estimate between people.

    Parameters
    ----------
    peak_bw : float or ndarray
        Peak tibial compression [body weights].

    Returns
    -------
    float or ndarray
        Coefficient of variation, shape of the input [1].

    Examples
    --------
    >>> round(tibial_spread(peak_bw=8.0), 3)
    0.206
    """
    return root_sum_square(TIBIAL_SD_BW / peak_bw, TIBIAL_CV)
