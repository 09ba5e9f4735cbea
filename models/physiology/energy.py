"""Metabolic power of forward running and walking and of rest, and conversion of oxygen uptake to energy.

Every equation gives gross metabolic power per kilogram of body mass: moving and resting together. The equations
describe a treadmill. Air resistance overground adds 1 to 4 % at 2 to 4 m/s, the same in both directions, and is not
included.
"""

from typing import Final

from retrorun.models.numerics.arithmetic import Number, where
from retrorun.models.vocabulary.choices import Gait, Intensity, Sex

ON_A_GRADE: Final = 0.01
"""Steepness above which ground counts as a slope, rise over run (choice)."""

RESPIRATORY_EXCHANGE_RATIO: Final = 0.89
"""Carbon dioxide over oxygen, 0.89 ± 0.06 in the running data (Looney 2023); the next two constants
use it. Choice: one value for every bout."""

PERONNET_COEFFICIENTS: Final = (3.815, 1.232)
KCAL_PER_LITRE_OXYGEN: Final = PERONNET_COEFFICIENTS[0] + PERONNET_COEFFICIENTS[1] * RESPIRATORY_EXCHANGE_RATIO
"""Péronnet & Massicotte: 3.815 + 1.232 RER, which is 4.911 kcal/L at that exchange ratio."""

J_PER_KCAL: Final = 4184.0
"""Thermochemical kilocalorie, by definition."""

J_PER_ML_OXYGEN: Final = KCAL_PER_LITRE_OXYGEN * J_PER_KCAL / 1000
"""20.55 J/ml, which is kJ/L."""

MET_ML_KG_MIN: Final = 3.5
"""Oxygen uptake of one MET, by definition; also resting uptake if age, sex and height are not given."""

MEASURED_REST_ML_KG_MIN: Final = (2.6, 0.4)
"""Measured resting uptake, mean and standard deviation (Byrne 2005, n 769; secondary)."""

INTENSITY_FROM_MET: Final = {"moderate": 3.0, "vigorous": 6.0}
"""Lower bounds of the intensity labels (published: Table 3 of PMC8818640)."""

LOONEY2025_COEFFICIENTS: Final = (4.43, 1.51, 0.37, 30.43, 1.133, 1.056, 43.0)
LOONEY2019_COEFFICIENTS: Final = (1.44, 1.94, 0.43, 0.24, 0.34, 1.05, 1.1, 32.0)
ACSM_COEFFICIENTS: Final[dict[Gait, tuple[float, float, float]]] = {
    "run": (0.2, 0.9, 3.5),
    "walk": (0.1, 1.8, 3.5),
}
LEGER1984_COEFFICIENTS: Final = (2.209, 3.163)
MINETTI2002_COEFFICIENTS: Final[dict[Gait, tuple[float, ...]]] = {
    "run": (155.4, -30.4, -43.3, 46.3, 19.5, 3.6),
    "walk": (280.5, -58.7, -76.8, 51.9, 19.6, 2.5),
}
MIFFLIN_COEFFICIENTS: Final = {"mass": 10.0, "height": 625.0, "age": -5.0, "male": 5.0, "female": -161.0}

MINIMUM_ACTIVE_SHARE: Final = 0.1
"""Share of total energy below which active energy is too close to rest, and is undefined (choice)."""


def looney2025(*, speed_m_s: Number, grade: Number) -> Number:
    """Return the gross metabolic power of forward running, level or graded.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Gross metabolic power, shape of the inputs [W/kg].

    Notes
    -----
    RE3: 4.43 + 1.51 V + 0.37 V^2 + 30.43 V g (1 - 1.133^(1 - 1.056^(100 g + 43))). Range 1.8 to 5.2 m/s
    (choice: 3.50 ± 2 * 0.86) and grade -0.45 to 0.82. Error: RMSD 1.27 to 1.44 W/kg level, 1.41 to 1.45
    graded. Coefficients are secondary: transcribed, not read in the source.

    Examples
    --------
    >>> round(looney2025(speed_m_s=3.0, grade=0.0), 2), round(looney2025(speed_m_s=3.0, grade=0.10), 2)
    (12.29, 20.32)

    References
    ----------
    Looney 2025, doi 10.1007/s00421-025-05999-5 (secondary); its level part Looney 2023,
    doi 10.1519/JSC.0000000000004626.
    """
    a, b, c, d, p, q, s = LOONEY2025_COEFFICIENTS
    climb = 1 - p ** (1 - q ** (100 * grade + s))
    return a + (b + c * speed_m_s + d * grade * climb) * speed_m_s


def looney2019(*, speed_m_s: Number, grade: Number) -> Number:
    """Return the gross metabolic power of forward walking, level or graded.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Gross metabolic power, shape of the inputs [W/kg].

    Notes
    -----
    LCDA: 1.44 + 1.94 V^0.43 + 0.24 V^4 + 0.34 V G (1 - 1.05^(1 - 1.1^(G + 32))) with G in percent. Range 0.4
    to 1.96 m/s and grade -0.40 to 0.45. Error: SEE 0.20 W/kg level, 0.42 graded (published). Coefficients
    are secondary.

    Examples
    --------
    >>> round(oxygen_uptake_ml_kg_min(power_w_kg=looney2019(speed_m_s=1.341, grade=0.0)), 2)
    12.9

    References
    ----------
    Looney 2019, doi 10.1249/MSS.0000000000002002.
    """
    percent = 100 * grade
    squared = speed_m_s * speed_m_s
    a, b, e, c, d, p, q, s = LOONEY2019_COEFFICIENTS
    climb = 1 - p ** (1 - q ** (percent + s))
    return a + b * speed_m_s**e + c * squared * squared + d * speed_m_s * percent * climb


def acsm(*, gait: Gait, speed_m_s: Number, grade: Number) -> Number:
    """Return the gross metabolic power of forward running or walking, level or uphill.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait.
    speed_m_s : float or ndarray
        Speed [m/s].
    grade : float or ndarray
        Rise over run, at least 0: the equation is not defined downhill [1].

    Returns
    -------
    float or ndarray
        Gross metabolic power, shape of the inputs [W/kg].

    Notes
    -----
    Oxygen uptake in ml/kg/min, S in m/min: run 0.2 S + 0.9 S g + 3.5 for S above 80, walk 0.1 S + 1.8 S g +
    3.5 for S from 50 to 100 (published). Error: run RMSD 1.82 W/kg level, walk SEE 4.51 ml/kg/min. As energy
    by 20.55 J/ml.

    Examples
    --------
    >>> round(oxygen_uptake_ml_kg_min(power_w_kg=acsm(gait="run", speed_m_s=2.5, grade=0.0)), 2)
    33.5
    """
    horizontal, vertical, rest = ACSM_COEFFICIENTS[gait]
    m_min = 60 * speed_m_s
    uptake = (horizontal + vertical * grade) * m_min + rest
    return power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=uptake)


def leger1984(*, speed_m_s: Number, grade: Number) -> Number:
    """Return the gross metabolic power of forward treadmill running on the level.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].
    grade : float or ndarray
        Rise over run, within 0.01 of 0: the equation is for level ground only [1].

    Returns
    -------
    float or ndarray
        Gross metabolic power, shape of the speed [W/kg].

    Notes
    -----
    Oxygen uptake in ml/kg/min: 2.209 + 3.163 v, v in km/h, from 8 to 25 km/h; 130 subjects in 10 studies
    (published). As energy by 20.55 J/ml.

    Examples
    --------
    >>> round(oxygen_uptake_ml_kg_min(power_w_kg=leger1984(speed_m_s=2.5, grade=0.0)), 2)
    30.68
    """
    a, b = LEGER1984_COEFFICIENTS
    return power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=a + b * 3.6 * speed_m_s + 0 * grade)


def minetti2002_net_cost(*, gait: Gait, grade: Number) -> Number:
    """Return the net energy cost of forward locomotion per distance; it depends only on the grade.

    Parameters
    ----------
    gait : {"run", "walk"}
        Gait.
    grade : float or ndarray
        Rise over run [1].

    Returns
    -------
    float or ndarray
        Cost above rest, shape of the grade [J/kg/m].

    Notes
    -----
    Fifth-order polynomials, grade -0.45 to 0.45 (secondary); n 10. Level running 3.6 against 3.40 ± 0.24
    measured; level walking 2.5 against 1.64 measured, so only the shape of the walking polynomial is used.

    Examples
    --------
    >>> minetti2002_net_cost(gait="run", grade=0.0)
    3.6

    References
    ----------
    Minetti 2002, doi 10.1152/japplphysiol.01177.2001.
    """
    cost: Number = 0.0
    for coefficient in MINETTI2002_COEFFICIENTS[gait]:
        cost = cost * grade + coefficient
    return cost


def minetti2002_run(*, speed_m_s: Number, grade: Number, resting_w_kg: Number) -> Number:
    """Return the gross metabolic power of forward running: net cost times speed, plus rest.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].
    grade : float or ndarray
        Rise over run [1].
    resting_w_kg : float or ndarray
        Resting metabolic power [W/kg].

    Returns
    -------
    float or ndarray
        Gross metabolic power, shape of the inputs [W/kg].

    Examples
    --------
    >>> minetti2002_run(speed_m_s=2.5, grade=0.0, resting_w_kg=1.0)
    10.0

    References
    ----------
    Minetti 2002, doi 10.1152/japplphysiol.01177.2001.
    """
    return minetti2002_net_cost(gait="run", grade=grade) * speed_m_s + resting_w_kg


def minetti2002_walk(*, speed_m_s: Number, grade: Number, resting_w_kg: Number) -> Number:
    """Return the gross metabolic power of forward walking: level from looney2019, shape over grade from Minetti.

    Parameters
    ----------
    speed_m_s : float or ndarray
        Speed [m/s].
    grade : float or ndarray
        Rise over run [1].
    resting_w_kg : float or ndarray
        Resting metabolic power [W/kg].

    Returns
    -------
    float or ndarray
        Gross metabolic power, shape of the inputs [W/kg].

    Notes
    -----
    Net level power of looney2019 times C(g) / C(0), plus rest (choice): the polynomial was measured at the
    optimal speed and overstates level walking, so only its shape over grade is used.

    Examples
    --------
    >>> level = looney2019(speed_m_s=1.3, grade=0.0)
    >>> minetti2002_walk(speed_m_s=1.3, grade=0.0, resting_w_kg=1.0) == level
    True
    """
    shape = minetti2002_net_cost(gait="walk", grade=grade) / MINETTI2002_COEFFICIENTS["walk"][-1]
    return resting_w_kg + (looney2019(speed_m_s=speed_m_s, grade=0.0) - resting_w_kg) * shape


def oxygen_uptake_ml_kg_min(*, power_w_kg: Number) -> Number:
    """Return the oxygen uptake that supplies a metabolic power.

    Parameters
    ----------
    power_w_kg : float or ndarray
        Metabolic power [W/kg].

    Returns
    -------
    float or ndarray
        Oxygen uptake, shape of the input [ml/kg/min].

    Notes
    -----
    Péronnet & Massicotte at a respiratory exchange ratio of 0.89: 20.55 J/ml.

    Examples
    --------
    >>> round(oxygen_uptake_ml_kg_min(power_w_kg=20.55), 1)
    60.0
    """
    return power_w_kg * (60 / J_PER_ML_OXYGEN)


def power_of_oxygen_uptake(*, oxygen_uptake_ml_kg_min: Number) -> Number:
    """Return the metabolic power that an oxygen uptake supplies; the inverse of `oxygen_uptake_ml_kg_min`.

    Parameters
    ----------
    oxygen_uptake_ml_kg_min : float or ndarray
        Oxygen uptake [ml/kg/min].

    Returns
    -------
    float or ndarray
        Metabolic power, shape of the input [W/kg].

    Examples
    --------
    >>> round(power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=3.5), 2)
    1.2
    """
    return oxygen_uptake_ml_kg_min * (J_PER_ML_OXYGEN / 60)


def mifflin1990(*, body_mass_kg: Number, height_m: Number, age_y: Number, sex: Sex) -> Number:
    """Return the resting metabolic power of a person.

    Parameters
    ----------
    body_mass_kg : float or ndarray
        Body mass [kg].
    height_m : float or ndarray
        Height [m].
    age_y : float or ndarray
        Age [a].
    sex : {"male", "female"}
        Sex in the equation.

    Returns
    -------
    float or ndarray
        Resting metabolic power per kilogram of body mass, shape of the inputs [W/kg].

    Notes
    -----
    Mifflin-St Jeor: 10 m + 6.25 height in cm - 5 age + 5 (male) or - 161 (female), in kcal/day (secondary).

    Examples
    --------
    >>> power = mifflin1990(body_mass_kg=70.0, height_m=1.75, age_y=30.0, sex="male")
    >>> round(power * 70 * 86400 / 4184, 2)
    1648.75
    """
    c = MIFFLIN_COEFFICIENTS
    kcal_day = c["mass"] * body_mass_kg + c["height"] * height_m + c["age"] * age_y + c[sex]
    return kcal_day * (J_PER_KCAL / 86400) / body_mass_kg


def intensity(*, met: Number) -> Intensity:
    """Return the absolute intensity of a MET value.

    Parameters
    ----------
    met : float or ndarray
        Oxygen uptake in multiples of 3.5 ml/kg/min [1].

    Returns
    -------
    {"light", "moderate", "vigorous"}
        Moderate from 3, vigorous from 6; an array of these for an array.

    Examples
    --------
    >>> [intensity(met=value) for value in (2.9, 3.0, 6.0)]
    ['light', 'moderate', 'vigorous']
    """
    active = where(met >= INTENSITY_FROM_MET["moderate"], "moderate", "light")
    label: Intensity = where(met >= INTENSITY_FROM_MET["vigorous"], "vigorous", active)
    return label
