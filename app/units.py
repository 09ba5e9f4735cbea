"""The sizes of common units in SI.

The only numbers here are definitions. Sizes are fractions, so 9 km/h is exactly 2.5 m/s.
"""

import re
from collections.abc import Mapping
from fractions import Fraction
from typing import Final, NamedTuple

from retrorun.models.vocabulary.quantities import QUANTITIES

# International yard and pound agreement of 1959: by definition a yard is 0.9144 m and a pound 0.45359237 kg.
YARD_M: Final = Fraction("0.9144")
FOOT_M: Final = YARD_M / 3
INCH_M: Final = FOOT_M / 12
MILE_M: Final = 5280 * FOOT_M
POUND_KG: Final = Fraction("0.45359237")
STONE_KG: Final = 14 * POUND_KG
MINUTE_S: Final = Fraction(60)
HOUR_S: Final = 60 * MINUTE_S
ONE: Final = Fraction(1)
KILOMETRE_M: Final = Fraction(1000)
CENTIMETRE_M: Final = Fraction(1, 100)
PERCENT: Final = Fraction(1, 100)


class Scale(NamedTuple):
    """The units of one quantity."""

    sizes: dict[str, Fraction]
    """The size of each unit, by each of its names."""
    smaller: dict[Fraction, Fraction]
    """The unit of a last number that has none, by the unit before it, as in 1h30 and 5ft11."""
    counted: Fraction
    """The largest unit that people count in thousands: 1,500 m may be 1500 m, but 1,500 km is 1.5 km."""


def scale_of(
    units: dict[str, Fraction], smaller: dict[Fraction, Fraction] | None = None, *, counted: Fraction = ONE
) -> Scale:
    """Return a scale from sizes by the names of a unit, which are separated by spaces."""
    return Scale({name: size for names, size in units.items() for name in names.split(" ")}, smaller or {}, counted)


NONE: Final = Fraction(0)
MASS: Final = scale_of(
    {"kg kgs kilogram kilograms": ONE, "lb lbs pound pounds": POUND_KG, "st stone": STONE_KG},
    {STONE_KG: POUND_KG},
    counted=NONE,
)
TIME: Final = scale_of(
    {
        "h hr hrs hour hours": HOUR_S,
        "min mins minute minutes m '": MINUTE_S,
        's sec secs second seconds "': ONE,
    },
    {HOUR_S: MINUTE_S, MINUTE_S: ONE},
)
DISTANCE: Final = scale_of(
    {
        "m meter meters metre metres": ONE,
        "km k kms kilometer kilometers kilometre kilometres": KILOMETRE_M,
        "yd yds yard yards": YARD_M,
        "mi mile miles": MILE_M,
    }
)
HEIGHT: Final = scale_of(
    {
        "m meter meters metre metres": ONE,
        "cm": CENTIMETRE_M,
        "ft foot feet ' ′": FOOT_M,
        'in inch inches " ″': INCH_M,
    },
    {FOOT_M: INCH_M, ONE: CENTIMETRE_M},
    counted=NONE,
)
SPEED: Final = scale_of({"m/s": ONE, "km/h kmh kph": KILOMETRE_M / HOUR_S, "mph mi/h": MILE_M / HOUR_S}, counted=NONE)
SHARE: Final = scale_of({"% percent": PERCENT})

SCALES: Final[dict[str, Scale]] = {
    "kg": MASS,
    "m/s": SPEED,
    "s": TIME,
    "m": DISTANCE,
    "height_m": HEIGHT,
    "years": scale_of({"y yr yrs year years": ONE}),
    "1": SHARE,
}
"""The scale of a quantity, by its name or by its unit."""

CLOCK: Final = re.compile(r"([0-9]+):([0-5][0-9]):([0-5][0-9](?:\.[0-9]+)?)")
"""A time as hours, minutes and seconds."""


def clock_s(text: str) -> Fraction | None:
    """Return a time written as h:mm:ss in seconds, or None for any other text.

    Examples
    --------
    >>> clock_s("1:30:00"), clock_s("20:00")
    (Fraction(5400, 1), None)
    """
    clock = CLOCK.fullmatch(text)
    return int(clock[1]) * HOUR_S + int(clock[2]) * MINUTE_S + Fraction(clock[3]) if clock else None


def sizes_of(name: str) -> Mapping[str, Fraction]:
    """Return the units of a quantity of a request, in lower case, and the size of each in the unit of its name.

    Examples
    --------
    >>> sizes_of("distance_m")["km"], sizes_of("oxygen_uptake_max_ml_kg_min")
    (Fraction(1000, 1), {'ml/kg/min': Fraction(1, 1)})
    """
    unit = QUANTITIES[name].unit
    scale = SCALES.get(name) or SCALES.get(unit)
    return scale.sizes if scale else {unit.lower(): ONE}
