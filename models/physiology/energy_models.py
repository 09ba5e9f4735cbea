"""The forward energy equations to choose from, each with its data and the grades where it is defined."""

import math
from collections.abc import Callable
from functools import partial
from typing import Final, NamedTuple

from retrorun.models.numerics.arithmetic import Number
from retrorun.models.physiology.energy import (
    ACSM_COEFFICIENTS,
    LEGER1984_COEFFICIENTS,
    LOONEY2019_COEFFICIENTS,
    LOONEY2025_COEFFICIENTS,
    MINETTI2002_COEFFICIENTS,
    ON_A_GRADE,
    acsm,
    leger1984,
    looney2019,
    looney2025,
    minetti2002_run,
    minetti2002_walk,
)
from retrorun.models.vocabulary.choices import Gait, Standing

EVERY_GRADE: Final = (-math.inf, math.inf)
EVERY_SPEED: Final = EVERY_GRADE
"""The range of an equation that states none, or that is defined only in the range it states."""


class EnergyModel(NamedTuple):
    """A forward energy equation, its data, and the grades where it is defined."""

    power_w_kg: Callable[..., Number]
    equation: str
    coefficients: tuple[float, ...]
    speed_range_m_s: tuple[float, float]
    speed_range_source: str
    grade_range: tuple[float, float]
    grade_range_source: str
    error: str
    sample: str
    reference: str
    standing: Standing
    needs_rest: bool = False
    defined_grade: tuple[float, float] = EVERY_GRADE


ENERGY_MODELS: Final[dict[Gait, dict[str, EnergyModel]]] = {
    "run": {
        "looney2025": EnergyModel(
            looney2025,
            "M = a + b V + c V^2 + d V g (1 - p^(1 - q^(100 g + s))), M in W/kg gross",
            LOONEY2025_COEFFICIENTS,
            (1.8, 5.2),
            "choice: its data at 3.50 m/s ± 2 standard deviations of 0.86",
            (-0.45, 0.82),
            "Looney 2025",
            "RMSD 1.27 to 1.44 W/kg level, 1.41 to 1.45 graded; in a comparison of 2018 low by 4 to 8 % for "
            "recreational runners and high by as much for elite ones: a compromise",
            "not transcribed",
            "looney2025",
            "secondary",
        ),
        "acsm": EnergyModel(
            partial(acsm, gait="run"),
            "VO2 = (a + b g) S + c, S in m/min, VO2 in ml/kg/min gross",
            ACSM_COEFFICIENTS["run"],
            (80 / 60, math.inf),
            "ACSM: above 80 m/min",
            EVERY_GRADE,
            "",
            "RMSD 1.82 W/kg level",
            "not transcribed",
            "acsm",
            "published",
            defined_grade=(-ON_A_GRADE, math.inf),
        ),
        "leger1984": EnergyModel(
            leger1984,
            "VO2 = a + b v, v in km/h, VO2 in ml/kg/min gross",
            LEGER1984_COEFFICIENTS,
            (8 / 3.6, 25 / 3.6),
            "Léger 1984: 8 to 25 km/h",
            EVERY_GRADE,
            "",
            "not transcribed; against Li 2020 -7 to -10 %",
            "130 subjects in 10 studies",
            "leger1984",
            "published",
            defined_grade=(-ON_A_GRADE, ON_A_GRADE),
        ),
        "minetti2002": EnergyModel(
            minetti2002_run,
            "M = C(g) V + rest, C(g) = a g^5 + b g^4 + c g^3 + d g^2 + e g + f in J/kg/m net",
            MINETTI2002_COEFFICIENTS["run"],
            EVERY_SPEED,
            "",
            (-0.45, 0.45),
            "Minetti 2002",
            "level polynomial 3.6 against 3.40 ± 0.24 J/kg/m measured",
            "n 10",
            "minetti2002",
            "secondary",
            needs_rest=True,
        ),
    },
    "walk": {
        "looney2019": EnergyModel(
            looney2019,
            "M = a + b V^k + c V^4 + d V G (1 - p^(1 - q^(G + s))), G in percent, M in W/kg gross",
            LOONEY2019_COEFFICIENTS,
            (0.4, 1.96),
            "Looney 2019",
            (-0.40, 0.45),
            "Looney 2019",
            "SEE 0.20 W/kg level, 0.42 graded",
            "not transcribed",
            "looney2019",
            "secondary",
        ),
        "acsm": EnergyModel(
            partial(acsm, gait="walk"),
            "VO2 = (a + b g) S + c, S in m/min, VO2 in ml/kg/min gross",
            ACSM_COEFFICIENTS["walk"],
            (50 / 60, 100 / 60),
            "ACSM: 50 to 100 m/min",
            EVERY_GRADE,
            "",
            "SEE 4.51 ml/kg/min",
            "not transcribed",
            "acsm",
            "published",
            defined_grade=(-ON_A_GRADE, math.inf),
        ),
        "minetti2002": EnergyModel(
            minetti2002_walk,
            "M = rest + (level of looney2019 - rest) C(g) / C(0), C(g) as for running",
            MINETTI2002_COEFFICIENTS["walk"],
            (0.4, 1.96),
            "Looney 2019, whose level part it uses",
            (-0.45, 0.45),
            "Minetti 2002",
            "level polynomial 2.5 against 1.64 J/kg/m measured, so only its shape is used",
            "n 10",
            "minetti2002",
            "choice",
            needs_rest=True,
        ),
    },
}
"""The equations to choose from, by gait; the first equation of each gait is the default (choice)."""


def default_energy_model(gait: Gait) -> str:
    """Return the name of the default equation of a gait.

    Examples
    --------
    >>> default_energy_model("run"), default_energy_model("walk")
    ('looney2025', 'looney2019')
    """
    return next(iter(ENERGY_MODELS[gait]))
