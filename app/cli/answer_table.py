"""Show an answer in a terminal: the input, its summary, one table, the assumptions and the warnings.

This module writes words and rounds numbers. The numbers are those of the service.
"""

import math
import re
from collections.abc import Collection, Iterator, Mapping
from typing import Any, Final, TypeAlias

from retrorun.app.cli.options import option
from retrorun.app.cli.terminal import (
    NOTHING,
    UNKNOWN,
    Cell,
    Number,
    Page,
    Row,
    bars,
    cell_of,
    decimals_for,
    fixed,
    grid,
    wrapped,
)
from retrorun.app.cli.units import time_text, unitless
from retrorun.models.estimate.builder import RATIO_NAMES
from retrorun.models.physiology.load import EVIDENCE_GRADES
from retrorun.models.sources.references import REFERENCES
from retrorun.models.summary.summary import NO_TIME, in_time
from retrorun.models.vocabulary.choices import SECTIONS
from retrorun.models.vocabulary.meanings import MEANINGS
from retrorun.models.vocabulary.quantities import QUANTITIES

Json: TypeAlias = dict[str, Any]

LOADS: Final = "Loads"
GROUPS: Final[dict[str, dict[str, str]]] = {
    "Movement": {
        "speed_m_s": "speed",
        "speed_ranges": "speeds",
        "duration_s": "time",
        "moving_duration_s": "moving",
        "rest_s": "rest",
        "distance_m": "distance",
        "level_speed_m_s": "level speed",
    },
    "Energy": {
        "total_energy_kcal": "total energy",
        "active_energy_kcal": "active energy",
        "resting_energy_kcal": "resting energy",
        "energy_per_km_kcal": "energy per km",
        "metabolic_power_w_kg": "metabolic power",
        "oxygen_uptake_ml_kg_min": "oxygen uptake",
        "met": "oxygen uptake",
        "share_of_maximum": "share of your maximum",
        "intensity": "intensity",
        "personal_factor": "your factor",
    },
    "Probability": {"more_than": "above your value", "at_most": "at or below it"},
    "Steps": {"cadence_steps_per_min": "cadence", "steps": "number", "contact_time_s": "ground contact"},
    LOADS: {
        "peak_vertical_force_bw": "peak ground force",
        "patellofemoral_peak_force_bw": "peak knee-cap force",
        "patellofemoral_impulse_per_km_bw_s": "knee-cap impulse",
        "patellofemoral_impulse_per_bout_bw_s": "knee-cap impulse",
        "knee_extensor_moment_ratio": "knee moment",
        "achilles_relative_load": "Achilles load",
        "tibial_compression_peak_bw": "tibial compression",
    },
}
"""The rows in order, with a short name for each quantity."""

NAMES: Final = {name: label for group in GROUPS.values() for name, label in group.items()}
NARROWER: Final = {"steps_narrower": "steps", "contact_time_narrower": "ground contact", "impulse_narrower": "impulse"}
"""Widths of ranges with what a watch measured over those without it, with a name for each."""
SHOWN_IN: Final = {
    "m/s": ("km/h", 3.6),
    "m": ("km", 1e-3),
    "s": ("min", 1 / 60),
    "1": ("", 1.0),
    "contact_time_s": ("ms", 1e3),
    "speed_ranges": ("km/h", 3.6),
    **dict.fromkeys(
        ("share_of_maximum", "grade", "interval", "weight_support", "more_than", "at_most", "confidence", *NARROWER),
        ("%", 100),
    ),
}
"""The unit shown for a unit or a quantity of the answer, and the factor between them (a definition)."""
WORDS: Final = {"grade": "slope", "personal": "personal factor", "heart_rate_per_min": "heart rate"}
"""Words for names that would mislead: evidence also has grades."""

KILOMETRE_M: Final = 1000
MINUTE_S: Final = 60
RATIO_DECIMALS: Final = 2
SIDES: Final = ("forward", "backward")
WAYS: Final = ("plan", "forward_only", "backward_only")
BY_WATCH: Final = ("cadence_steps_per_min", "contact_time_s", "step_length_m", "heart_rate_per_min")
PACES: Final = {"speed_m_s": "Pace", "level_speed_m_s": "Level pace"}
"""Speeds that are shown as a pace too, with the name of its row."""
DRAWN: Final = ("total_energy_kcal", "duration_s", "speed_m_s")
"""Quantities for bars. The first one that differs between columns is drawn."""
EXPLAINED: Final = {
    "estimate": "Backward is compared at equal {equal} and for the same time.",
    "solve": "Each direction meets the target separately. Its value meets the target; the ends of its interval do not.",
    "plan": "Forward only and backward only are the best plans in one direction.",
    "workout": "Reversed means every segment in the other direction, at the same speed.",
}
PROBABILITY: Final = "The probability is that of one person, from the same spread as the interval."
INTERVALS: Final = " Beside each value is its interval, which aims to include {interval} of people."


def table(question: str, answer: Json, request: Json, page: Page) -> str:
    """Return an answer as text for a terminal.

    Parameters
    ----------
    question : str
        The command: estimate, solve, plan or workout.
    answer : dict
        The answer.
    request : dict
        The request.
    page : Page
        The width and abilities of the terminal.

    Returns
    -------
    str
        The text, with a final newline.
    """
    said = [
        line for sentence in answer.get("summary", {}).values() for line in wrapped(sentence["text"], page.width, "  ")
    ]
    if request.get("view") == "summary":
        return "\n".join(line.removeprefix("  ") for line in said) + "\n"
    columns = columns_of(answer)
    needed: Collection[str] = ()
    if question == "estimate" and "load" in request.get("include", SECTIONS):
        needed = [name for name in GROUPS[LOADS] if answer["gait"] in EVIDENCE_GRADES[name]]
    ratio = ratio_of(answer)
    groups = {title: list(rows(names, columns, ratio, needed)) for title, names in GROUPS.items()}
    known = {name: amount(name, value) for name, value in (answer["assumed"] | request).items()}
    how = (PROBABILITY if answer.get("find") == "probability" else EXPLAINED[question]) + (
        INTERVALS if "interval" in known else ""
    )
    warnings = [line for item in answer["warnings"] for line in wrapped(renamed(item["message"]), page.width, "- ")]
    sources = "; ".join(
        REFERENCES[key]["citation"] if key in REFERENCES else key for key in answer.get("references", ())
    )
    blocks = [
        [page.heading("Input"), *wrapped(listed(request, page.typed), page.width, "  ")],
        wrapped(how.format(**known), page.width),
        [page.heading("Summary"), *said] if said else [],
        *([page.heading(title), *lines] for title, lines in parts(answer, page)),
        drawn(columns, (request.get("indicator", ""), *DRAWN), page),
        grid(groups, [*map(capital, columns), "Ratio"], page) if any(groups.values()) else [],
        [line for text in notes(columns, groups[LOADS]) for line in wrapped(text, page.width, "  ")],
        *(
            [page.heading(title), *lines]
            for title, lines in (
                ("Recording", wrapped(listed(answer.get("track", {})), page.width, "  ")),
                ("Assumed", wrapped(listed(answer["assumed"]), page.width, "  ")),
                ("Warnings", warnings),
                ("Sources", wrapped(sources, page.width, "  ")),
            )
            if lines
        ),
    ]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def columns_of(answer: Json) -> dict[str, Json]:
    """Return the quantities of each column of an answer, by its title."""
    if "reversed" in answer:
        return {"as given": flat(answer["totals"]), "reversed": flat(answer["reversed"])}
    if "goal" in answer:
        return {title: flat(way["totals"]) | way for title, way in ways_of(answer).items() if way}
    own = answer.get("personal", {})
    sides = {side: flat(answer.get(side, {})) for side in SIDES}
    for side, values in sides.items():
        if f"{side}_factor" in own:
            values["personal_factor"] = own[f"{side}_factor"]
    found = {name for values in sides.values() for name in values}
    return {
        side: dict.fromkeys(found, "not possible") | values if "unattainable" in values else values
        for side, values in sides.items()
    }


def flat(side: Json) -> Json:
    """Return the quantities of one direction, with its loads and probabilities at the same level."""
    found: Json = side | side.get("load", {}) | side.get("probability", {})
    return found


def ways_of(answer: Json) -> dict[str, Json]:
    """Return the plans of an answer by name. A plan that does not exist is empty."""
    return {in_words(name): answer if name == "plan" else answer.get(name, {}) for name in WAYS}


def ratio_of(answer: Json) -> Json:
    """Return the ratios of an answer by the name of the compared quantity."""
    found = flat(answer.get("ratio", {}))
    names = dict(RATIO_NAMES)
    if "reversed" in answer:  # same distance and time: steps have the ratio of cadence, an impulse that of one km
        names |= {"steps": "cadence", "patellofemoral_impulse_per_bout_bw_s": "patellofemoral_impulse_per_km"}
    return {name: found[short] for name, short in names.items() if short in found}


def rows(names: Mapping[str, str], columns: Mapping[str, Json], ratio: Json, needed: Collection[str]) -> Iterator[Row]:
    """Yield the rows of one group: each quantity that a column has, and each needed one even if unknown."""
    for name, label in names.items():
        entries = [values.get(name) for values in columns.values()]
        known = [entry for entry in entries if entry is not None]
        if not known and name not in needed:
            continue
        unit, scale = unit_of(name)
        decimals = decimals_for(known, scale)
        grades = [entry.get("evidence", "–") if isinstance(entry, dict) else "–" for entry in entries]
        cells: list[Cell] = [
            ranges_of(entry, scale) if isinstance(entry, list) else cell_of(entry, decimals, scale) for entry in entries
        ]
        last = cell_of(ratio[name], RATIO_DECIMALS) if name in ratio else ""
        if name.endswith("_ratio"):  # it is a ratio of backward to forward, on either side of the answer
            cells, last = [""] * len(cells), cell_of(next(iter(known), None), RATIO_DECIMALS)
        yield Row(capital(label), unit, [*cells, last], "/".join(grades) if {*grades} != {"–"} else "")
        if name in PACES:
            yield Row(PACES[name], "min/km", [*map(pace_of, entries), ""])


def unit_of(name: str) -> tuple[str, float]:
    """Return the unit in which a quantity is shown, and the factor from the unit of the answer."""
    unit = QUANTITIES[name].unit if name in QUANTITIES else "1"
    return SHOWN_IN.get(name) or SHOWN_IN.get(unit, (unit, 1.0))


def ranges_of(ranges: list[Json], scale: float) -> str:
    """Return speed ranges as one cell."""
    ends = ([fixed(each[f"{end}_speed_m_s"] * scale, RATIO_DECIMALS) for end in ("low", "high")] for each in ranges)
    return ", ".join(map("–".join, ends))


def pace_of(speed: Any) -> Cell:
    """Return a speed as a cell with its pace. The slow end of the interval is the longer pace."""
    if not isinstance(speed, dict):
        return cell_of(speed, 0)
    value, fast, slow = (pace_text(speed[end]).partition(" ")[0] for end in ("value", "high", "low"))
    return Number(value) if fast == slow else Number(value, fast, slow)


def drawn(columns: Mapping[str, Json], names: Collection[str], page: Page) -> list[str]:
    """Return bars of the first of some quantities that differs between columns, each with its value."""
    for name in names:
        entries = {title: values.get(name) for title, values in columns.items()}
        held = {title: entry for title, entry in entries.items() if isinstance(entry, dict) and "value" in entry}
        if len({entry["value"] for entry in held.values()}) > 1:
            unit, scale = unit_of(name)
            decimals = decimals_for(held.values(), scale)
            label = capital(in_words(name))
            amounts = {f"{label} {title}": entry["value"] * scale for title, entry in held.items()}
            return bars({title: (size, f"{fixed(size, decimals)} {unit}") for title, size in amounts.items()}, page)
    return []


def parts(answer: Json, page: Page) -> Iterator[tuple[str, list[str]]]:
    """Yield the lists above the table: equations, bouts of a plan, parts of a workout, targets not possible."""
    listings: dict[str, list[str]] = {"equations": [*map(equation_text, answer.get("equations", ()))]}
    if "goal" in answer:
        for title, way in ways_of(answer).items():
            limits = ", ".join(
                "the speeds studied" if name == "speed_range" else in_words(name) for name in way.get("binding", ())
            )
            listings[title] = (
                [*map(part_text, way["bouts"]), limits and f"limited by {limits}"]
                if way
                else ["no plan meets the goal"]
            )
        listings["four weeks, our choice"] = [*map(week_text, answer.get("weeks", ()))]
        listings["one person stays within each limit"] = [
            f"{title}: {chances}" for title, way in ways_of(answer).items() if (chances := chances_text(way))
        ]
    if "reversed" in answer:
        sides = {side: answer[side] for side in SIDES if side in answer}
        listings["parts"] = [part_text({"direction": side} | part) for side, part in sides.items()]
        listings["segments"] = [
            f"{part['index']} {part['gait']} {part_text(part)}" for part in answer.get("segments", ())
        ]
    if len(sessions := answer.get("sessions", ())) > 1:
        listings["sessions"] = [session_text(session) for session in sessions]
    listings["measured by the watch"] = list(measured_texts(answer.get("measured", {})))
    listings["not possible"] = [
        f"{side}: {in_words(reach['target'])} can only be {reach['low']:.4g} to {reach['high']:.4g}"
        + QUANTITIES[reach["target"]].suffix
        for side in SIDES
        if (reach := answer.get(side, {}).get("unattainable"))
    ]
    for title, texts in listings.items():
        lines = [line for text in texts for line in wrapped(capital(text), page.width, "  ")]
        if lines:
            yield capital(title), lines


def equation_text(equation: Json) -> str:
    """Return the energies of an equation in words, or why it has none.

    Examples
    --------
    >>> equation_text({"energy_model": "acsm", "reason": "acsm is not defined on this grade."})
    'by acsm: Acsm is not defined on this grade.'
    """
    by = f"by {equation['energy_model']}: "
    if "reason" in equation:
        return by + renamed(equation["reason"])
    energies = [
        f"{side} {interval_text('total_energy_kcal', equation[side]['total_energy_kcal'])}"
        for side in ("forward", "backward")
    ]
    return by + ", ".join(energies) + ("" if equation["in_range"] else ", outside its data")


def chances_text(plan: Json) -> str:
    """Return how likely one person stays within each limit of a plan.

    Examples
    --------
    >>> chances_text({"probabilities": [{"limit": "peak_vertical_force_bw", "at_most": 0.9}]})
    'peak ground force 90.0 %'
    """
    return ", ".join(f"{in_words(one['limit'])} {one['at_most'] * 100:.1f} %" for one in plan.get("probabilities", ()))


def week_text(week: Json) -> str:
    """Return the sessions of a week in words.

    Examples
    --------
    >>> week_text(
    ...     {"week": 1, "sessions": 2, "times": 3, "backward_s": 60.0, "forward_s": 240.0, "rest_s": 0.0}
    ... )
    'week 1: 2 sessions of 3 x 1 min backward, 4 min forward'
    """
    after = ((week["forward_s"], "forward"), (week["rest_s"], "of rest"))
    parts = [f"{in_time(week['backward_s'])} backward"]
    parts += [f"{text} {what}" for time_s, what in after if (text := in_time(time_s)) != NO_TIME]
    return f"week {week['week']}: {week['sessions']} sessions of {week['times']} x {', '.join(parts)}"


def part_text(part: Json) -> str:
    """Return a bout, a segment, or the whole of one direction in words."""
    times = f", {part['times']} times" if part.get("times", 1) > 1 else ""
    lasts = "moving_duration_s" if "moving_duration_s" in part else "duration_s"
    way = f"{amount('distance_m', middle(part['distance_m']))} in " if "distance_m" in part else ""
    speed_m_s = middle(part.get("speed_m_s"))
    pace = f" at {amount('speed_m_s', speed_m_s)}, {pace_text(speed_m_s)}" if speed_m_s else ""
    energy = interval_text("total_energy_kcal", part["total_energy_kcal"]) if "total_energy_kcal" in part else UNKNOWN
    return f"{part['direction']}{times}: {way}{amount(lasts, part[lasts])}{pace}, energy {energy}"


def session_text(session: Json) -> str:
    """Return a session of a recording in words.

    Examples
    --------
    >>> session_text({"used": False, "sport": "cycling", "start_s": 0.0, "recorded_s": 600.0})
    'cycling, start 0 s: not used'
    """
    start = f", start {amount('start_s', session['start_s'])}" if "start_s" in session else ""
    texts = []
    if "distance_m" in session:
        texts.append(f"{distance_text(session['distance_m'])} in {time_text(session['recorded_s'])}")
    if "total_energy_kcal" in session:
        texts.append(f"energy {interval_text('total_energy_kcal', session['total_energy_kcal'])}")
    return f"{session.get('sport', 'sport unknown')}{start}: {', '.join(texts) if session['used'] else 'not used'}"


def measured_texts(measured: Json) -> Iterator[str]:
    """Yield what the watch measured in each direction, and how much narrower the ranges became."""
    for side in SIDES:
        values = measured.get(side, {})
        texts = [
            f"{in_words(name)} "
            + (interval_text(name, values[name]) if isinstance(values[name], dict) else amount(name, values[name]))
            for name in BY_WATCH
            if name in values
        ]
        if texts:
            yield f"{side}: {', '.join(texts)}"
    known = {name: round(measured[name], RATIO_DECIMALS) for name in NARROWER if name in measured}
    shares = [f"{NARROWER[name]} {amount(name, share)}" for name, share in known.items() if share < 1]
    if shares:
        yield f"width of the ranges, of that without the watch: {', '.join(shares)}"


def middle(entry: Any) -> Any:
    """Return the value of an estimate, or the number itself."""
    return entry["value"] if isinstance(entry, dict) else entry


def interval_text(name: str, entry: Json) -> str:
    """Return an estimate with its interval and unit.

    Examples
    --------
    >>> interval_text("total_energy_kcal", {"value": 211.2, "low": 175.1, "high": 254.0})
    '211 kcal (175–254)'
    """
    unit, scale = unit_of(name)
    number = Number(*(fixed(entry[end] * scale, decimals_for([entry], scale)) for end in ("value", "low", "high")))
    return f"{number.value} {unit} ({number.low}–{number.high})"


def notes(columns: Mapping[str, Json], loads: Collection[Row]) -> Iterator[str]:
    """Yield the sentences that explain the table where its units do not."""
    entries = [values[name] for values in columns.values() for name in NAMES if isinstance(values.get(name), dict)]
    if loads:
        yield "BW: body weights. Knee-cap: the patellofemoral joint."
    covered: dict[str, list[str]] = {}
    for name, label in NAMES.items():
        held = [values[name] for values in columns.values() if isinstance(values.get(name), dict)]
        if held and name in GROUPS[LOADS] and QUANTITIES[name].unit == "1":
            yield f"{capital(label)}: {QUANTITIES[name].meaning}"
        if any(entry.get("covered", 1.0) < 1.0 for entry in held):
            covered.setdefault("/".join(dict.fromkeys(share_text(entry["covered"]) for entry in held)), []).append(
                label
            )
    for shares, labels in covered.items():
        yield f"Known for only {shares} of the moving time: {', '.join(labels)}."
    if any("value" not in entry for entry in entries):
        yield "An interval without a value: there is no estimate, only a lowest and a highest value."
    if any("evidence" in entry for entry in entries):
        yield f"{MEANINGS['evidence']} The order is {'/'.join(columns)}."


def share_text(share: float) -> str:
    """Return a share in percent, rounded down, so that 99.9 % is never shown as 100 %.

    Examples
    --------
    >>> share_text(0.9833), share_text(0.9999), share_text(1.0)
    ('98 %', '99 %', '100 %')
    """
    return f"{math.floor(share * 100)} %"


def listed(values: Mapping[str, Any], typed: Mapping[str, str] = NOTHING) -> str:
    """Return names and amounts in words, and the typed text if it differs.

    Examples
    --------
    >>> listed({"body_mass_kg": 69.853, "gait": "run", "grade": 0.05}, {"body_mass_kg": "154 lb", "grade": "5%"})
    'body mass 69.85 kg (154 lb); gait run; slope 5 %'
    """
    texts = []
    for name, value in values.items():
        text = amount(name, value).rstrip(".")
        given = typed.get(name, text)
        same = text.replace(" ", "").startswith(given.replace(" ", ""))
        texts.append(f"{in_words(name)} {text}" + ("" if same else f" ({given})"))
    return "; ".join(texts)


def amount(name: str, value: Any) -> str:
    """Return a value of the request or an assumption in words, with its unit.

    Examples
    --------
    >>> amount("resting_oxygen_uptake_ml_kg_min", 3.5), amount("duration_s", 5430.2), amount("goal", "most_energy")
    ('3.5 ml/kg/min', '1 h 30 min 30 s', 'most energy')
    >>> amount("limits", {"peak_vertical_force_bw": 3.0}), amount("segments", [{}, {}]), amount("overground", True)
    ('peak ground force 3 BW', '2 given', 'yes')
    """
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, str):
        return in_words(value)
    if isinstance(value, list):
        return ", ".join(value) if all(isinstance(item, str) for item in value) else f"{len(value)} given"
    if name == "personal":
        return ", ".join(gait for gait in ("run", "walk") if gait in value)
    if isinstance(value, dict):
        return ", ".join(f"{in_words(key)} {amount(key, item)}" for key, item in value.items())
    unit = QUANTITIES[name].unit if name in QUANTITIES else ""
    if unit in {"s", "m"}:
        return time_text(value) if unit == "s" else distance_text(value)
    unit, scale = unit_of(name)
    return f"{round(value * scale, 2):g} {unit}".strip()


def in_words(name: str) -> str:
    """Return a name of a request or an answer in words.

    Examples
    --------
    >>> in_words("patellofemoral_peak_force_bw"), in_words("grade"), in_words("resting_oxygen_uptake_ml_kg_min")
    ('peak knee-cap force', 'slope', 'resting oxygen uptake')
    """
    return NAMES.get(name) or WORDS.get(name) or unitless(name).replace("_", " ")


def capital(text: str) -> str:
    """Return a text with a capital first letter."""
    return text[:1].upper() + text[1:]


def renamed(message: str) -> str:
    """Return a message in which names of rows and options replace the names of fields.

    Examples
    --------
    >>> renamed("Outside the data behind achilles_relative_load: give backward_speed_high_m_s.")
    'Outside the data behind Achilles load: give --backward-speed-high.'
    """
    names = {name: NAMES.get(name) or option(name) for name in QUANTITIES}
    return capital(re.sub(r"[a-z]+(?:_[a-z]+)+", lambda found: names.get(found[0], found[0]), message))


def distance_text(distance_m: float) -> str:
    """Return a distance in m, or in km from 1000 m.

    Examples
    --------
    >>> distance_text(400.0), distance_text(42195.0)
    ('400 m', '42.195 km')
    """
    return f"{distance_m:.4g} m" if distance_m < KILOMETRE_M else f"{round(distance_m / KILOMETRE_M, 3):g} km"


def pace_text(speed_m_s: float) -> str:
    """Return a speed as a pace.

    Examples
    --------
    >>> pace_text(2.5)
    '6:40 min/km'
    """
    minutes, seconds = divmod(round(KILOMETRE_M / speed_m_s), MINUTE_S)
    return f"{minutes}:{seconds:02d} min/km"
