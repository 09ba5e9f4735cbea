"""The names that people use for an input, and the field of this service with the way to convert the value."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from retrorun.app.units import HOUR_S, KILOMETRE_M, MILE_M, POUND_KG
from retrorun.models.vocabulary.quantities import INPUTS

LOOKS_LIKE_A_NAME: Final = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9_.\- ]{1,64}")
"""A field is named in an error only if it looks like this. Any other may be a value at the wrong place."""

NEAR: Final = 0.8
"""Least similarity of a name to the field that it is taken for."""

LETTERS_APART: Final = 2
"""Most letters by which the lengths of two names differ that are compared."""

SHORTEST_START: Final = 4
"""Least letters of a name that is taken for the only field that begins with it."""

PERCENT: Final = "Divide percent by 100: 5 % is 0.05."
KILOGRAMS: Final = {
    "": "Give kilograms.",
    "kg kgs kilo kilos kilogram kilograms": "",
    "lb lbs pound pounds": f"Give kilograms: multiply pounds by {float(POUND_KG)}.",
    "g grams": "Give kilograms: divide grams by 1000.",
}
SPEEDS: Final = {
    "": "Give metres per second.",
    "ms mps mpersec mpers meterspersecond": "",
    "kmh kph kmph kmperh kmperhour": f"Give metres per second: divide km/h by {float(HOUR_S / KILOMETRE_M):g}.",
    "mph miph milesperhour": f"Give metres per second: multiply mph by {float(MILE_M / HOUR_S)}.",
}
PACES: Final = {
    " minkm minperkm skm sperkm secperkm perkm": "Give metres per second: divide 1000 by the seconds for a kilometre. "
    "5:00 min/km is 3.33 m/s.",
    "minmi minpermi minpermile permile permi": f"Give metres per second: divide {float(MILE_M)} by the seconds for a "
    "mile. 8:00 min/mile is 3.35 m/s.",
}
SECONDS: Final = {
    "": "Give seconds.",
    "s sec secs second seconds insec inseconds": "",
    "m min mins minute minutes inmin inminutes": "Give seconds: multiply minutes by 60.",
    "h hr hrs hour hours inhours": "Give seconds: multiply hours by 3600.",
    "ms millis milliseconds": "Give seconds: divide milliseconds by 1000.",
}
METRES: Final = {
    "": "Give metres.",
    "m meter meters metre metres": "",
    "km kms kilometer kilometers kilometre kilometres": "Give metres: multiply kilometres by 1000.",
    "mi mile miles": f"Give metres: multiply miles by {float(MILE_M)}.",
}
HEIGHTS: Final = {
    "": "Give metres.",
    "m meter meters metre metres": "",
    "cm centimeters centimetres": "Give metres: divide centimetres by 100.",
    "in inch inches": "Give metres: multiply inches by 0.0254.",
    "ft feet": "Give metres: multiply feet by 0.3048.",
}
SHARES: Final = {"": PERCENT, "percent pct percentage perc": PERCENT, "ratio fraction": ""}
DEGREES: Final = {"deg degree degrees": "Give the rise over the run: 3 degrees are 0.052."}
ENERGIES: Final = {
    " kcal cal": "Give kilocalories.",
    "kj": "Give kilocalories: divide kilojoules by 4.184.",
}
UPTAKES: Final = {" mlkgmin mlminkg relative": "Give ml/kg/min."}
BEST: Final = "max maximum peak"

WORDS: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("body_mass_kg", "weight mass bodyweight bodymass", KILOGRAMS),
    ("speed_m_s", "speed velocity runningspeed walkingspeed avgspeed averagespeed forwardspeed", SPEEDS),
    ("speed_m_s", "pace tempo avgpace averagepace", PACES),
    ("speed_high_m_s", "maxspeed speedmax topspeed", SPEEDS),
    ("speed_low_m_s", "minspeed speedmin", SPEEDS),
    ("backward_speed_m_s", "backwardspeed backwardsspeed speedbackward retrospeed", SPEEDS),
    ("duration_s", "time duration elapsed elapsedtime movingtime totaltime lasts", SECONDS),
    ("distance_m", "distance dist length totaldistance", METRES),
    ("pause_s", "pause rest recovery break pausetime resttime", SECONDS),
    ("grade", "grade slope incline gradient inclination steepness", SHARES | DEGREES),
    ("height_m", "height size stature bodyheight", HEIGHTS),
    ("age_y", "age years ageyears yearsold birthday birthdate dateofbirth dob birthyear", {"": "Give years."}),
    ("sex", "gender", {"": "Give male or female."}),
    ("gait", "activity activitytype sport type mode movement exercise style", {"": "Give run or walk."}),
    ("direction", "backward backwards retro isbackward reverse reversed", {"": "Give forward or backward."}),
    ("oxygen_uptake_max_ml_kg_min", "vo2max maxvo2 vo2peak vo2", UPTAKES),
    ("oxygen_uptake_ml_kg_min", "vo2 oxygenuptake oxygen o2", UPTAKES),
    ("met", "mets metabolicequivalent", {"": ""}),
    ("metabolic_power_w_kg", "power watts wkg", {"": "Give watts per kilogram of body mass, metabolic and gross."}),
    ("total_energy_kcal", "calories energy kcal totalcalories totalenergy calorie burn", ENERGIES),
    ("active_energy_kcal", "activecalories activeenergy", ENERGIES),
    ("step_rate_ratio", "cadence steprate steps stepfrequency spm", {"": "Give your step rate over your usual one."}),
    ("weight_support", "bodyweightsupport bws unweighting support", SHARES),
    ("interval", "confidence confidencelevel ci probability level", SHARES | {"": "0.9 aims at 9 in 10 people."}),
    ("energy_model", "model equation formula method", {"": "See /models."}),
    ("equal", "equalto compare comparison basis", {"": ""}),
    ("include", "fields parts sections only", {"": ""}),
    ("segments", "intervals laps sets parts bouts workout", {"": "Give a list of objects."}),
    ("repeat", "repeats reps repetitions times rounds count", {"": "Give a whole number."}),
    ("items", "bouts rows data requests list runs", {"": "Give a list of bouts."}),
    ("find", "solve solvefor what target unknown", {"": ""}),
    ("goal", "target objective optimize optimise aim", {"": ""}),
    ("limits", "limit constraints max", {"": ""}),
)
"""A field, the names that people use for it, and the units that may follow, each with the way to convert.

The names and units are written in small letters, without blanks, underscores, hyphens and dots.
"""

UNUSED: Final = {
    "heartrate hr bpm maxhr hrmax avghr averageheartrate": "Heart rate is not used. Remove it.",
    "bmi bodymassindex": "The body mass index is not used. Give height_m with age_y and sex, or remove it.",
    "calories calorie kcal energy totalenergy": "Energy is an answer here. POST /solve finds the bout for an energy.",
    "name user userid id email date timestamp": "It is not needed. Remove it.",
    "unit units system": "All inputs are in SI units. Remove it.",
    "direction backward backwards": "Both directions are in every answer. Remove it.",
}
"""What to do with names that no field of the request stands for."""


def plain(name: str) -> str:
    """Return a name in small letters, without the marks between its words.

    Examples
    --------
    >>> plain("Body-Mass kg")
    'bodymasskg'
    """
    return re.sub(r"[^a-z0-9]", "", name.lower())


def _entries() -> dict[str, list[tuple[str, str]]]:
    """Return the fields of each name with the way to convert, the most usual first."""
    found: dict[str, list[tuple[str, str]]] = {}
    for field, words, units in WORDS:
        for word in words.split():
            for names, how in units.items():
                for unit in names.split(" "):
                    found.setdefault(word + unit, []).append((field, how))
    # A unit without a word says which input it is, if it is the unit of one input only.
    for field, units in (
        ("body_mass_kg", KILOGRAMS),
        ("speed_m_s", SPEEDS | PACES),
        ("duration_s", {names: how for names, how in SECONDS.items() if "millis" not in names}),
        ("distance_m", {names: how for names, how in METRES.items() if names[:2] != "m "}),
    ):
        for names, how in units.items():
            for unit in names.split():
                if len(unit) > 1:
                    found.setdefault(unit, []).append((field, how))
    found.setdefault("meters", []).append(("distance_m", ""))
    found.setdefault("metres", []).append(("distance_m", ""))
    return found


ENTRIES: Final = _entries()
BY_LETTER: Final = {
    letter: [entry for entry in ENTRIES if entry[0] == letter] for letter in {entry[0] for entry in ENTRIES}
}
UNUSED_NAMES: Final = {name: advice for names, advice in UNUSED.items() for name in names.split()}


def named(name: object) -> str:
    """Return the words for an unknown field: with its name only if it looks like one.

    Examples
    --------
    >>> named("weight_kg"), named("70.5"), named("a@example.org")
    ("Unknown field 'weight_kg'.", 'Unknown field.', 'Unknown field.')
    """
    if isinstance(name, str) and LOOKS_LIKE_A_NAME.fullmatch(name):
        return f"Unknown field '{name}'."
    return "Unknown field."


def known_field(name: str, known: Collection[str]) -> tuple[str | None, str]:
    """Return the field that an unknown name probably means, and how to give its value.

    Parameters
    ----------
    name : str
        The unknown name.
    known : collection of str
        The fields at its place.

    Returns
    -------
    field : str or None
        The field, or None if no field is meant.
    advice : str
        How to convert the value, or what to do without a field. Empty if there is nothing to say.

    Examples
    --------
    >>> known_field("speed_kmh", {"speed_m_s", "grade"})
    ('speed_m_s', 'Give metres per second: divide km/h by 3.6.')
    >>> known_field("gradee", {"speed_m_s", "grade"}), known_field("colour", {"grade"})
    (('grade', ''), (None, ''))
    """
    word = plain(name)
    fields = {plain(field): field for field in known}
    if word in fields:
        return fields[word], ""
    for field, how in ENTRIES.get(word, ()):
        if field in known:
            return field, how
    if word in UNUSED_NAMES:
        return None, UNUSED_NAMES[word]
    begun = [field for each, field in fields.items() if len(word) >= SHORTEST_START and each.startswith(word)]
    if len(begun) == 1:
        unit = INPUTS[begun[0]].unit if begun[0] in INPUTS else "1"
        return begun[0], "" if unit == "1" else f"Give it in {unit}."
    # Comparing takes long, so only names with the same beginning and about the same length are compared.
    alike = [
        *(each for each in fields if each[:1] == word[:1]),
        *(each for each in BY_LETTER.get(word[:1], ()) if any(field in known for field, _ in ENTRIES[each])),
    ]
    near = get_close_matches(word, [each for each in alike if abs(len(each) - len(word)) <= LETTERS_APART], 1, NEAR)
    if not near:
        return None, ""
    return (fields[near[0]], "") if near[0] in fields else known_field(near[0], known)
