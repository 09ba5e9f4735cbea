"""Read amounts in common units and convert them exactly to SI.

`app/units.py` has the sizes of the units. Amounts are fractions until the end. So 9 km/h is exactly 2.5 m/s, and the
command line gives exactly the answer of the service.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from typing import Final, NamedTuple

from retrorun.app.units import DISTANCE, HEIGHT, MASS, MINUTE_S, ONE, PERCENT, SPEED, TIME, Scale, clock_s, scale_of
from retrorun.models.vocabulary.quantities import QUANTITIES

NUMBER: Final = r"(?:[0-9]+(?:\.[0-9]+)?|\.[0-9]+)"
SHARE: Final = re.compile(rf"([+-]?{NUMBER})\s*(%?)")
PART: Final = re.compile(rf"({NUMBER})\s*([^0-9.\s]*)\s*")
MINUTES: Final = re.compile(r"([0-9]+):([0-5][0-9](?:\.[0-9]+)?)\s*(?:min)?")


AMBIGUOUS: Final = "Two numbers are ambiguous: they can be min:s or h:min. Write 25 minutes as 0:25:00 or 25min."


class NotUnderstood(ValueError):
    """A text is not an amount in a known unit."""


def _sum(text: str, scale: Scale) -> Fraction:
    """Add up numbers with units. All but the last are whole, and each unit is smaller than the one before."""
    amount, last, whole, place = Fraction(0), None, True, 0
    while place < len(text):
        part = PART.match(text, place)
        if part is None:
            raise NotUnderstood
        number, name = Fraction(part[1]), part[2]
        size = scale.sizes.get(name)
        if size is None and not name and last is not None:
            size = scale.smaller.get(last)
        if size is None or not whole or (last is not None and number * size >= last):
            raise NotUnderstood
        amount, last, whole, place = amount + number * size, size, number.denominator == 1, part.end()
    if last is None:
        raise NotUnderstood
    return amount


def _time(text: str) -> Fraction:
    clock = clock_s(text)
    return _sum(text, TIME) if clock is None else clock


def _speed(text: str) -> Fraction:
    time, _, length = text.rpartition("/")
    if length not in DISTANCE.sizes or not time:
        return _sum(text, SPEED)
    return DISTANCE.sizes[length] / (_moment(time) if MINUTES.fullmatch(time) else _sum(time, TIME))


def _moment(text: str) -> Fraction:
    """Read a time in a recording. Two numbers are minutes and seconds, as on a watch."""
    clock = MINUTES.fullmatch(text)
    return int(clock[1]) * MINUTE_S + Fraction(clock[2]) if clock else _time(text)


def _share(text: str) -> Fraction:
    share = SHARE.fullmatch(text)
    if share is None:
        raise NotUnderstood
    return Fraction(share[1]) * (PERCENT if share[2] else ONE)


class Reader(NamedTuple):
    """The function that reads one quantity, and the units it accepts."""

    read: Callable[[str], Fraction]
    """Converts text in lower case to an amount in SI."""
    accepts: str
    """The accepted units with examples: the end of a sentence."""


def _in(scale: Scale) -> Callable[[str], Fraction]:
    return lambda text: _sum(text, scale)


READERS: Final[dict[str, Reader]] = {
    "kg": Reader(_in(MASS), "with its unit, kg, lb or st: 70kg, 154lb, 11st4"),
    "body_mass_sd_kg": Reader(_in(MASS), "with its unit, kg, lb or st: 0.5kg"),
    "m/s": Reader(_speed, "with its unit, m/s, km/h or mph, or as a pace in min/km or min/mile: 10km/h, 5:30min/km"),
    "speed_sd_m_s": Reader(_in(SPEED), "with its unit, m/s, km/h or mph: 0.2km/h"),
    "s": Reader(_moment, "as on a watch, m:ss or h:mm:ss, or with its unit: 10:00, 1:05:00, 10min"),
    "duration_s": Reader(_time, "with its unit, h, min or s, or as h:mm:ss: 20min, 1h30, 1:30:00"),
    "m": Reader(_in(DISTANCE), "with its unit, m, km, mi or yd: 400m, 10k, 3.1mi"),
    "height_m": Reader(_in(HEIGHT), "with its unit, m, cm, or ft and in: 1.8m, 180cm, 5ft11"),
    "grade": Reader(_share, "as rise over run or in percent: 0.05, 5%, -5%"),
    "years": Reader(_in(scale_of({" y years": ONE})), "in years: 40"),
    "MET": Reader(_in(scale_of({" met mets": ONE})), "in MET: 8, 8MET"),
}
"""Quantities that accept several units, by name or by unit of the request. All others accept only their own unit."""


def reader(name: str) -> Reader:
    """Return the reader of a number of a request.

    Examples
    --------
    >>> reader("interval").accepts
    'as a number or in percent: 0.9, 90%'
    >>> reader("oxygen_uptake_max_ml_kg_min").accepts
    'with its unit, ml/kg/min: 50ml/kg/min'
    """
    quantity = QUANTITIES[name]
    unit, example = quantity.unit, f"{quantity.example:g}"
    if known := READERS.get(name) or READERS.get(unit):
        return known
    if unit == "1":
        return Reader(_share, f"as a number or in percent: {example}, {quantity.example * 100:g}%")
    names = " ".join(unit.lower().replace("·", sign) for sign in ("·", "", "*"))
    if unit.startswith("BW"):
        return Reader(_in(scale_of({f" {names}": ONE})), f"in body weights, {unit}: {example}, {example}{unit}")
    return Reader(_in(scale_of({names: ONE})), f"with its unit, {unit}: {example}{unit}")


def unitless(name: str) -> str:
    """Return the name of a quantity without its unit.

    Examples
    --------
    >>> unitless("resting_oxygen_uptake_ml_kg_min"), unitless("energy_model"), unitless("met")
    ('resting_oxygen_uptake', 'energy_model', 'met')
    >>> unitless("patellofemoral_impulse_per_km_bw_s"), unitless("metabolic_power_w_kg"), unitless("age_y")
    ('patellofemoral_impulse_per_km', 'metabolic_power', 'age')
    """
    if name not in QUANTITIES:
        return name
    unit = QUANTITIES[name].unit.lower().replace("years", "y")
    ends = (unit, unit.removesuffix("/km"))  # a name per kilometre says so before its unit
    known = ("_" + end.replace("·", "_").replace("/", "_") for end in ends)
    return next((name.removesuffix(end) for end in known if name.endswith(end)), name)


def si(name: str, text: str) -> float:
    """Return a quantity in its SI unit from the typed text.

    Parameters
    ----------
    name : str
        Name of the quantity in a request.
    text : str
        Amount and unit, in upper or lower case, with or without spaces.

    Returns
    -------
    float
        The amount in the unit of that name, rounded once.

    Raises
    ------
    NotUnderstood
        The text is not an amount, or its unit is missing or unknown.

    Examples
    --------
    >>> si("speed_m_s", "9 km/h"), si("speed_m_s", "5:00 min/km"), si("duration_s", "1h30")
    (2.5, 3.3333333333333335, 5400.0)
    >>> si("body_mass_kg", "70")
    Traceback (most recent call last):
    retrorun.app.cli.units.NotUnderstood: Give it with its unit, kg, lb or st: 70kg, 154lb, 11st4.
    """
    known = reader(name)
    plain = re.sub(r"\s*/\s*", "/", text.strip().lower().replace("−", "-"))
    if name == "duration_s" and MINUTES.fullmatch(plain):
        raise NotUnderstood(AMBIGUOUS)
    try:
        return float(known.read(plain))
    except (ArithmeticError, ValueError):  # not an amount, a pace of zero, or too large for a float
        raise NotUnderstood(f"Give it {known.accepts}.") from None
