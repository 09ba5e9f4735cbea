"""Read amounts in common units and convert them exactly to SI.

`app/units.py` has the sizes of the units. Amounts are fractions until the end. So 9 km/h is exactly 2.5 m/s, and the
command line gives exactly the answer of the service.
"""

import re
from collections.abc import Callable
from fractions import Fraction
from math import ceil, floor
from typing import Final, NamedTuple

from retrorun.app.units import (
    DISTANCE,
    HEIGHT,
    HOUR_S,
    KILOMETRE_M,
    MASS,
    MILE_M,
    MINUTE_S,
    ONE,
    PERCENT,
    SCALES,
    SPEED,
    TIME,
    Scale,
    clock_s,
    scale_of,
)
from retrorun.models.vocabulary.quantities import QUANTITIES

SPACE: Final = r"[\t\n\v\f\r \u00a0\u1680\u2000-\u200a\u202f\u205f\u3000]+"
PRIME: Final = r"[\u2018\u2019\u2032\u02b9\u00b4`]"
PRIMES: Final = r"[\u201c\u201d\u2033\u02ba]"
NUMBER: Final = r"(?:[0-9]+[.,]?[0-9]*|[.,][0-9]+)"
BARE: Final = re.compile(rf"[+-]? ?{NUMBER}")
SHARE: Final = re.compile(rf"([+-]?) ?({NUMBER}) ?(%?)")
PART: Final = re.compile(rf"({NUMBER}) ?([^0-9., ]*) ?")
THOUSANDS: Final = re.compile(r"[1-9][0-9]{0,2},[0-9]{3}")
CLOCK: Final = re.compile(r"([0-9]+:[0-5][0-9]:[0-5][0-9](?:[.,][0-9]+)?)(?: ?(?:h|hr|hrs|hour|hours))?")
PAIR: Final = re.compile(r"([0-9]+):([0-5][0-9])([.,][0-9]+)? ?([a-z]*)")
PACE: Final = re.compile(
    r"([0-9]+)(?::([0-5][0-9](?:[.,][0-9]+)?)|[.,]([0-5][0-9]))(?: ?(?:m|min|mins|minute|minutes|'))?"
)
PLAIN_PACE: Final = re.compile(r"[0-9]+:[0-5][0-9](?: ?min)?")
HOURS_HIGH: Final = 3
"""Two numbers of a clock are h:mm if the first is at most this, else mm:ss."""


class NotUnderstood(ValueError):
    """A text is not an amount in a known unit."""


class Reading(NamedTuple):
    """A typed text as it is understood."""

    amount: Fraction
    """In SI."""
    echo: str = ""
    """The amount in words, if the text has several readings or is an unusual form of a pace."""
    other: str = ""
    """The other reading of a time such as 1:30."""
    instead: str = ""
    """A text with only that other reading."""


def _plain(text: str) -> str:
    """Return a text in lower case, with one form of each space, minus sign and prime."""
    text = re.sub(SPACE, " ", text.lower()).strip(" ").replace("−", "-")
    text = re.sub(PRIME, "'", text).replace("''", '"')
    return re.sub(" ?/ ?", "/", re.sub(PRIMES, '"', text))


def _number(text: str, *, counted: bool = False) -> Fraction:
    """Return a number with a decimal point or comma. Refuse a comma that can separate thousands."""
    if THOUSANDS.fullmatch(text) and (counted or text.endswith(",000")):
        raise NotUnderstood
    return Fraction(text.replace(",", ".").rstrip("."))


def _sum(text: str, scale: Scale) -> Fraction:
    """Add up numbers with units. All but the last are whole, and each unit is smaller than the one before."""
    amount, last, whole, place = Fraction(0), None, True, 0
    while place < len(text):
        part = PART.match(text, place)
        if part is None:
            raise NotUnderstood
        name = part[2]
        size = scale.sizes.get(name)
        if size is None and not name and last is not None:
            size = scale.smaller.get(last)
        if size is None or not whole or (last is not None and size >= last):
            raise NotUnderstood
        number = _number(part[1], counted=size <= scale.counted)
        if last is not None and number * size >= last:
            raise NotUnderstood
        amount, last, whole, place = amount + number * size, size, number.denominator == 1, part.end()
    if last is None:
        raise NotUnderstood
    return amount


def _clock(text: str) -> Fraction | None:
    clock = CLOCK.fullmatch(text)
    return clock and clock_s(clock[1].replace(",", "."))


def _time(text: str) -> Reading:
    """Read a time. Two numbers are h:mm if the first is at most `HOURS_HIGH`, else mm:ss."""
    pair = PAIR.fullmatch(text)
    if pair is None:
        clock = _clock(text)
        return Reading(_sum(text, TIME) if clock is None else clock)
    first, second, fraction, name = pair.groups()
    size = TIME.sizes.get(name)
    minutes = int(first) * MINUTE_S + int(second) + (_number(fraction) if fraction else 0)
    hours = int(first) * HOUR_S + int(second) * MINUTE_S
    if size == MINUTE_S or (fraction and not name):
        return Reading(minutes)
    if size == HOUR_S and not fraction:
        return Reading(hours)
    if name:
        raise NotUnderstood
    if int(first) > HOURS_HIGH:
        return Reading(minutes, time_text(minutes), time_text(hours), clock_text(hours))
    return Reading(hours, time_text(hours), time_text(minutes), clock_text(minutes))


def _moment(text: str) -> Reading:
    """Read a time in a recording. Two numbers are minutes and seconds, as on a watch."""
    pair = PAIR.fullmatch(text)
    return _time(f"{text}min" if pair and pair[0][-1].isdigit() else text)


def _speed(text: str) -> Reading:
    time, _, length = text.rpartition("/")
    if length not in DISTANCE.sizes or not time:
        return Reading(_sum(text, SPEED))
    pace = _pace_s(time)
    if PLAIN_PACE.fullmatch(time):
        return Reading(DISTANCE.sizes[length] / pace)
    unit, size = ("mi", MILE_M) if DISTANCE.sizes[length] == MILE_M else ("km", KILOMETRE_M)
    return Reading(DISTANCE.sizes[length] / pace, f"{_minutes_text(pace * size / DISTANCE.sizes[length])} /{unit}")


def _pace_s(text: str) -> Fraction:
    """Read the time of a pace. Two digits up to 59 after a colon, point or comma are seconds."""
    if (pair := PACE.fullmatch(text)) is not None:
        return int(pair[1]) * MINUTE_S + _number(pair[2] or pair[3])
    clock = _clock(text)
    return _sum(f"{text}min" if BARE.fullmatch(text) else text, TIME) if clock is None else clock


def _share(text: str) -> Reading:
    share = SHARE.fullmatch(text)
    if share is None:
        raise NotUnderstood
    amount = _number(share[2]) * (PERCENT if share[3] else ONE)
    return Reading(-amount if share[1] == "-" else amount)


def bounds_in_unit_of(name: str, text: str, low: float, high: float) -> tuple[str, str] | None:
    """Return bounds as a text of a quantity is written, rounded inward so that you can type them; None for SI.

    Examples
    --------
    >>> bounds_in_unit_of("speed_m_s", "50:00/km", 0.2, 8.0), bounds_in_unit_of("speed_m_s", "99 km/h", 0.2, 8.0)
    (('2:05 /km', '83:20 /km'), ('0.72 km/h', '28.8 km/h'))
    >>> bounds_in_unit_of("body_mass_kg", "900lb", 30.0, 250.0), bounds_in_unit_of("duration_s", "90 h", 1.0, 172800.0)
    (('66.14 lb', '551.15 lb'), ('0:00:01', '48:00:00'))
    """
    plain = _plain(text)
    unit = QUANTITIES[name].unit
    least, most = Fraction(str(low)), Fraction(str(high))
    if name == "duration_s":
        return clock_text(Fraction(ceil(least))), clock_text(Fraction(floor(most)))
    time, _, length = plain.rpartition("/")
    if unit == "m/s" and time and length in DISTANCE.sizes:
        fastest, slowest = ceil(DISTANCE.sizes[length] / most), floor(DISTANCE.sizes[length] / least)
        return f"{_minutes_text(Fraction(fastest))} /{length}", f"{_minutes_text(Fraction(slowest))} /{length}"
    word = re.sub(r"^.*[0-9., ](?=[a-z'\"])", "", plain)
    size = SCALES[unit].sizes.get(word) if unit in SCALES else None
    if size is None or word == unit:
        return None
    low_text, high_text = (
        f"{float(inward(end / size / PERCENT) * PERCENT):.2f}".rstrip("0").rstrip(".") + f" {word}"
        for end, inward in ((least, ceil), (most, floor))
    )
    return low_text, high_text


def _whole(amount: Fraction) -> int:
    """Return the nearest whole number, a half up."""
    return int((amount + Fraction(1, 2)) // 1)


def _minutes_text(amount_s: Fraction) -> str:
    """Return a time as m:ss."""
    minutes, seconds = divmod(_whole(amount_s), int(MINUTE_S))
    return f"{minutes}:{seconds:02d}"


def clock_text(amount_s: Fraction) -> str:
    """Return a time as h:mm:ss, which has one reading."""
    hours, rest = divmod(_whole(amount_s), int(HOUR_S))
    minutes, seconds = divmod(rest, int(MINUTE_S))
    return f"{hours}:{minutes:02d}:{seconds:02d}"


def time_text(duration_s: float | Fraction) -> str:
    """Return a duration in hours, minutes and seconds.

    Examples
    --------
    >>> time_text(1200.0), time_text(5430.2), time_text(9.58)
    ('20 min', '1 h 30 min 30 s', '9.58 s')
    """
    if duration_s < MINUTE_S:
        return f"{float(duration_s):.3g} s"
    minutes, seconds = divmod(round(duration_s), int(MINUTE_S))
    hours, minutes = divmod(minutes, int(MINUTE_S))
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


class Reader(NamedTuple):
    """The function that reads one quantity, and the units it accepts."""

    read: Callable[[str], Reading]
    """Reads a plain text in lower case."""
    accepts: str
    """The accepted units with examples: the end of a sentence."""


def _in(scale: Scale) -> Callable[[str], Reading]:
    return lambda text: Reading(_sum(text, scale))


READERS: Final[dict[str, Reader]] = {
    "kg": Reader(_in(MASS), "with its unit, kg, lb or st: 70kg, 154lb, 11st4"),
    "body_mass_sd_kg": Reader(_in(MASS), "with its unit, kg, lb or st: 0.5kg"),
    "m/s": Reader(_speed, "with its unit, m/s, km/h or mph, or as a pace in min/km or min/mile: 10km/h, 5:30/km"),
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


def understood(name: str, text: str, unit: str = "") -> Reading:
    """Return a typed quantity as it is understood.

    Parameters
    ----------
    name : str
        Name of the quantity in a request.
    text : str
        Amount and unit, in upper or lower case, with or without spaces, with a decimal point or comma.
    unit : str, optional
        The unit of the field, such as kg, km/h, /km, min or %. A number without a unit has this unit.

    Returns
    -------
    Reading
        The amount in the unit of that name, and how it was understood if the text has several readings.

    Raises
    ------
    NotUnderstood
        The text is not an amount, or its unit is missing or unknown.

    Examples
    --------
    >>> understood("duration_s", "1:30")[1:]
    ('1 h 30 min', '1 min 30 s', '0:01:30')
    >>> understood("speed_m_s", "5.5", "/km").echo, understood("speed_m_s", "5.55/mi").echo
    ('5:30 /km', '5:55 /mi')
    """
    known = reader(name)
    plain = _plain(text)
    paced = unit.startswith("/") and "/" not in plain and re.sub("[0-9., ]", "", plain) not in SPEED.sizes
    if unit and (paced or BARE.fullmatch(plain)):
        plain += unit.lower()
    try:
        reading = known.read(plain)
        float(reading.amount)
    except (ArithmeticError, ValueError):  # not an amount, a pace of zero, or too large for a float
        raise NotUnderstood(f"Give it {known.accepts}.") from None
    return reading


def si(name: str, text: str, unit: str = "") -> float:
    """Return a quantity in its SI unit from the typed text, rounded once. `understood` has the arguments.

    Examples
    --------
    >>> si("speed_m_s", "9 km/h"), si("speed_m_s", "5:00 min/km"), si("duration_s", "1h30")
    (2.5, 3.3333333333333335, 5400.0)
    >>> si("body_mass_kg", "70", "kg"), si("body_mass_kg", "82,5 kg")
    (70.0, 82.5)
    >>> si("body_mass_kg", "70")
    Traceback (most recent call last):
    retrorun.app.cli.units.NotUnderstood: Give it with its unit, kg, lb or st: 70kg, 154lb, 11st4.
    """
    return float(understood(name, text, unit).amount)
