"""The names that people use for an input, and the field of this service with the way to convert the value."""

import re
from collections.abc import Collection
from difflib import get_close_matches
from typing import Final

from retrorun.app.units import FOOT_M, HOUR_S, INCH_M, KILOMETRE_M, MILE_M, POUND_KG, YARD_M
from retrorun.models.physiology.energy import J_PER_KCAL
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
    "yd yds yard yards": f"Give metres: multiply yards by {float(YARD_M)}.",
}
HEIGHTS: Final = {
    "": "Give metres.",
    "m meter meters metre metres": "",
    "cm centimeters centimetres": "Give metres: divide centimetres by 100.",
    "in inch inches": f"Give metres: multiply inches by {float(INCH_M)}.",
    "ft feet": f"Give metres: multiply feet by {float(FOOT_M)}.",
}
SHARES: Final = {"": PERCENT, "percent pct percentage perc": PERCENT, "ratio fraction": ""}
DEGREES: Final = {"deg degree degrees": "Give the rise over the run: 3 degrees are 0.052."}
ENERGIES: Final = {
    " kcal cal": "Give kilocalories.",
    "kj": f"Give kilocalories: divide kilojoules by {J_PER_KCAL / 1000}.",
}
ABOVE_REST: Final = {
    " kcal cal": "Give kilocalories above rest.",
    "kj": f"Give kilocalories above rest: divide kilojoules by {J_PER_KCAL / 1000}.",
}
FORCES: Final = {"": "Give body weights.", "bw": ""}
UPTAKES: Final = {" mlkgmin mlminkg relative": "Give ml/kg/min."}

WORDS: Final[tuple[tuple[str, str, dict[str, str]], ...]] = (
    ("body_mass_kg", "weight mass bodyweight bodymass bw", KILOGRAMS),
    ("speed_m_s", "speed velocity runningspeed walkingspeed avgspeed averagespeed forwardspeed", SPEEDS),
    ("speed_m_s", "pace tempo avgpace averagepace", PACES),
    ("speed_high_m_s", "maxspeed speedmax topspeed speed velocity", SPEEDS),
    ("speed_high_m_s", "pace", PACES),
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
    ("active_energy_kcal", "calories energy kcal totalcalories totalenergy calorie burn", ABOVE_REST),
    ("patellofemoral_peak_force_bw", "knee kneeload kneeforce kneecap kneecapforce patella patellofemoral", FORCES),
    ("tibial_compression_peak_bw", "tibia shin shinbone shinload", FORCES),
    ("peak_vertical_force_bw", "grf groundforce verticalforce impact", FORCES),
    ("step_rate_ratio", "cadence steprate steps stepfrequency spm", {"": "Give your step rate over your usual one."}),
    ("weight_support", "bodyweightsupport bws unweighting support", SHARES),
    ("interval", "confidence confidencelevel ci probability level", SHARES | {"": "0.9 aims at 9 in 10 people."}),
    ("energy_model", "model equation formula method", {"": "See /models."}),
    ("energy_models", "energymodel model equation", {"": 'Give an object for each gait, for example {"run": "acsm"}.'}),
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
    "heartrate bpm maxhr hrmax avghr averageheartrate": "Heart rate is not used. Remove it.",
    "hr": "Heart rate is not used. Remove it; hours: duration_s.",
    "bmi bodymassindex": "The body mass index is not used. Give height_m with age_y and sex, or remove it.",
    "calories calorie kcal energy totalenergy totalcalories totalenergykcal activeenergykcal": "Energy is an answer "
    "here. POST /solve finds the bout for an energy.",
    "met mets metabolicequivalent power watts wkg": "It is an answer here. POST /solve finds the speed for it.",
    "knee kneeload kneeforce load achilles shin tibia grf impact": "Joint loads are in the answer. Remove it.",
    "name user userid id email date timestamp": "It is not needed. Remove it.",
    "unit units system": "All inputs are in SI units. Remove it.",
    "direction backward backwards": "Both directions are in every answer. Remove it.",
}
"""What to do with names that no field of the request stands for."""

AT_PLACE: Final = (
    ("goal", "direction backward backwards", "The plan chooses the directions; see forward_only and backward_only."),
    ("pause_s", "repeat repeats reps segments intervals", "A repeat cannot be in a repeat."),
)
"""A field of one place, and what to do there with names that are no field of it."""

PAUSES: Final = {"pause", "rest", "recovery", "break", "stop", "standing"}
"""Words in a segment that people send for a pause."""

PAUSE: Final = 'A pause is {"pause_s": 60}.'


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
    # A unit without a word says which input it is, if it is the unit of one input only. For most, hr is heart rate.
    for field, units in (
        ("body_mass_kg", KILOGRAMS),
        ("speed_m_s", SPEEDS | PACES),
        ("duration_s", {names: how for names, how in SECONDS.items() if "millis" not in names}),
        ("distance_m", {names: how for names, how in METRES.items() if names[:2] != "m "}),
    ):
        for names, how in units.items():
            for unit in names.split():
                if len(unit) > 1 and unit != "hr":
                    found.setdefault(unit, []).append((field, how))
    found.setdefault("meters", []).append(("distance_m", ""))
    found.setdefault("metres", []).append(("distance_m", ""))
    return found


ENTRIES: Final = _entries()
BY_LETTER: Final = {
    letter: [entry for entry in ENTRIES if entry[0] == letter] for letter in {entry[0] for entry in ENTRIES}
}
ADVICE_AT: Final = [(field, set(names.split()), advice) for field, names, advice in AT_PLACE]
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
    if (exact := exact_field(name, known)) is not None:
        return exact
    for field, names, advice in ADVICE_AT:
        if field in known and word in names:
            return None, advice
    if word in UNUSED_NAMES:
        return None, UNUSED_NAMES[word]
    fields = {plain(field): field for field in known}
    begun = [field for each, field in fields.items() if len(word) >= SHORTEST_START and each.startswith(word)]
    if len(begun) == 1:
        unit = INPUTS[begun[0]].unit if begun[0] in INPUTS else "1"
        return begun[0], "" if unit == "1" else f"Give it in {unit}."
    # Comparing takes long, so only names with the same beginning and about the same length are compared. A short name
    # resembles too many words.
    alike = [each for each in fields if each[:1] == word[:1]]
    if len(word) >= SHORTEST_START:
        alike += [each for each in BY_LETTER.get(word[:1], ()) if any(field in known for field, _ in ENTRIES[each])]
    near = get_close_matches(word, [each for each in alike if abs(len(each) - len(word)) <= LETTERS_APART], 1, NEAR)
    if not near:
        return None, ""
    return (fields[near[0]], "") if near[0] in fields else known_field(near[0], known)


def exact_field(name: str, known: Collection[str]) -> tuple[str, str] | None:
    """Return the field that has this name or is called by this word, and how to give its value; None without one.

    Examples
    --------
    >>> exact_field("Body Mass", {"body_mass_kg"}), exact_field("mas", {"body_mass_kg"})
    (('body_mass_kg', 'Give kilograms.'), None)
    """
    word = plain(name)
    for field in known:
        if plain(field) == word:
            return field, ""
    return next(((field, how) for field, how in ENTRIES.get(word, ()) if field in known), None)
