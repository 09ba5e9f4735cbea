"""An answer as people read it in a terminal. It words and rounds; the numbers are the service's own."""

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Final, TypeAlias

from app.bars import Bar, bars
from app.page import Cell, Page, Row, cell_of, decimals_for, grid, text_of, wrapped
from app.units import unitless
from models.answer import MEANINGS, SECTIONS
from models.evidence import REFERENCES
from models.load import EVIDENCE_GRADES
from models.quantities import QUANTITIES
from models.sheet import RATIO_NAMES

Json: TypeAlias = dict[str, Any]

LOADS: Final = "Loads"
PERSONAL: Final = "personal_factor"
GROUPS: Final[dict[str, dict[str, str]]] = {
    "Movement": {"speed_m_s": "Speed", "distance_m": "Distance"},
    "Energy": {
        "total_energy_kcal": "Total",
        "active_energy_kcal": "Active",
        "resting_energy_kcal": "Resting",
        "energy_per_km_kcal": "Total",
        "metabolic_power_w_kg": "Metabolic power",
        "oxygen_uptake_ml_kg_min": "Oxygen uptake",
        "met": "Oxygen uptake",
        "share_of_maximum": "Share of own maximum",
        "intensity": "Intensity",
        PERSONAL: "Own factor",
    },
    "Steps": {"cadence_steps_per_min": "Cadence", "steps": "Number", "contact_time_s": "Ground contact"},
    LOADS: {
        "peak_vertical_force_bw": "Peak ground force",
        "patellofemoral_peak_force_bw": "Peak knee-cap force",
        "patellofemoral_impulse_per_km_bw_s": "Knee-cap impulse",
        "patellofemoral_impulse_per_bout_bw_s": "Knee-cap impulse",
        "knee_extensor_moment_ratio": "Knee moment",
        "achilles_relative_load": "Achilles load",
        "tibial_compression_peak_bw": "Tibial compression",
    },
}
"""The rows in their order, with a short name for each quantity."""

NAMES: Final = {name: label for group in GROUPS.values() for name, label in group.items()}

SHOWN_IN: Final = {
    "speed_m_s": ("km/h", 3.6),
    "distance_m": ("km", 1e-3),
    "duration_s": ("min", 1 / 60),
    "moving_duration_s": ("min", 1 / 60),
    "rest_s": ("min", 1 / 60),
    "contact_time_s": ("ms", 1e3),
    "share_of_maximum": ("%", 100),
}
"""Units that people use where the answer has the SI's, and how many of them make one of those, by definition."""

KILOMETRE_M: Final = 1000
MINUTE_S: Final = 60

GAITS: Final = {"run": "Running", "walk": "Walking"}
RATIO_DECIMALS: Final = 2
SIDES: Final = ("forward", "backward")
COLUMNS: Final = ("Forward", "Backward", "Ratio")


def table(answer: Json, request: Json, page: Page) -> str:
    """Return an answer of `POST /estimate` as text for a terminal.

    Parameters
    ----------
    answer : dict
        What was answered.
    request : dict
        What was asked.
    page : Page
        What it is set on.

    Returns
    -------
    str
        The text, with a final newline.
    """
    asked_loads = "load" in request.get("include", SECTIONS)
    sides = [flat(answer[side]) for side in SIDES]
    own = answer.get("personal", {})
    for name, side in zip(SIDES, sides, strict=True):
        if f"{name}_factor" in own:
            side[PERSONAL] = own[f"{name}_factor"]
    found = flat(answer.get("ratio", {}))
    ratio = {name: found[short] for name, short in RATIO_NAMES.items() if short in found}

    def needed(name: str) -> bool:
        return asked_loads and name in GROUPS[LOADS] and answer["gait"] in EVIDENCE_GRADES[name]

    groups = {title: list(rows(names, sides, ratio, needed)) for title, names in GROUPS.items()}
    blocks = [
        headline(answer, request, page),
        energy_bars(dict(zip(SIDES, sides, strict=True)), page),
        grid(groups, COLUMNS, page),
        notes(sides, page) if asked_loads else [],
        *ending(answer, page),
    ]
    return text_of(blocks)


def flat(side: Json) -> Json:
    """Return one direction with its loads beside the rest."""
    load: Json = side.get("load", {})
    return {name: value for name, value in side.items() if name != "load"} | load


def energy_bars(sides: Mapping[str, Json], page: Page, name: str = "total_energy_kcal") -> list[str]:
    """Return a quantity of each side as bars, its value behind each."""
    held = {side: values[name] for side, values in sides.items() if "value" in values.get(name, ())}
    unit, scale = unit_of(name)
    decimals = decimals_for(held.values(), scale)
    return bars(
        [
            Bar(f"{called(name)} {side}", entry["value"], f"{entry['value'] * scale:.{decimals}f} {unit}".strip())
            for side, entry in held.items()
        ],
        page,
    )


def ending(answer: Json, page: Page) -> Iterator[list[str]]:
    """Make what stands under every table: what was assumed, every warning, and the sources."""
    assumed = "; ".join(f"{assumed_name(name)} {amount(name, value)}" for name, value in answer["assumed"].items())
    warnings = [line for item in answer["warnings"] for line in wrapped(renamed(item["message"]), page.width, "- ")]
    sources = "; ".join(
        REFERENCES[key]["citation"] if key in REFERENCES else key for key in answer.get("references", ())
    )
    for title, lines in (
        ("Assumed", wrapped(assumed, page.width, "  ")),
        ("Warnings", warnings),
        ("Sources", wrapped(sources, page.width, "  ")),
    ):
        if lines:
            yield [page.heading(title), *lines]


def headline(answer: Json, request: Json, page: Page) -> list[str]:
    """Return the bout in words, with what was typed in other units beside them."""
    forward, assumed, typed = answer["forward"], answer["assumed"], page.typed
    speed_m_s = forward["speed_m_s"]["value"]
    slope = slope_text(request.get("grade", assumed.get("grade", 0.0)))
    length, mass = (f" ({typed[name]})" if name in typed else "" for name in ("distance_m", "body_mass_kg"))
    pace = f", {typed['speed_m_s']}" if "speed_m_s" in typed else ""
    equal = request.get("equal", assumed.get("equal", "")).replace("_", " ")
    bout = (
        f"{GAITS[answer['gait']]} {distance_text(forward['distance_m']['value'])}{length} "
        f"in {time_text(forward['duration_s'])} ({speed_m_s * 3.6:.4g} km/h, {pace_text(speed_m_s)}{pace}) {slope}, "
        f"with a body mass of {request['body_mass_kg']:.4g} kg{mass}{options_text(request)}."
    )
    how = f"Backward is at equal {equal}, for the same time. {interval_text(answer, request)}"
    return [*wrapped(bout, page.width), *wrapped(how, page.width)]


def options_text(request: Json) -> str:
    """Return what was asked for beside the bout: weight support and still air.

    Examples
    --------
    >>> options_text({"weight_support": 0.2, "overground": True})
    ', 20 % of it carried by the treadmill, in still air'
    """
    support = request.get("weight_support", 0.0)
    carried = f", {support * 100:.3g} % of it carried by the treadmill" if support else ""
    return f"{carried}, in still air" if request.get("overground") else carried


def slope_text(grade: float) -> str:
    """Return the slope of the ground in words.

    Examples
    --------
    >>> slope_text(-0.025), slope_text(0.0)
    ('down a slope of 2.5 %', 'on the level')
    """
    return f"{'up' if grade > 0 else 'down'} a slope of {abs(grade) * 100:.3g} %" if grade else "on the level"


def interval_text(answer: Json, request: Json) -> str:
    """Return the sentence that says what stands beside each value."""
    interval = request.get("interval", answer["assumed"].get("interval", 0.0))
    return f"Beside each value stands its {interval * 100:.3g} % interval, for one person."


def distance_text(distance_m: float) -> str:
    """Return a distance as runners say it.

    Examples
    --------
    >>> distance_text(400.0), distance_text(42195.0)
    ('400 m', '42.195 km')
    """
    return f"{distance_m:.4g} m" if distance_m < KILOMETRE_M else f"{round(distance_m / KILOMETRE_M, 3):g} km"


def time_text(duration_s: float) -> str:
    """Return a duration in hours, minutes and seconds.

    Examples
    --------
    >>> time_text(1200.0), time_text(5430.2), time_text(9.58)
    ('20 min', '1 h 30 min 30 s', '9.58 s')
    """
    if duration_s < MINUTE_S:
        return f"{duration_s:.3g} s"
    minutes, seconds = divmod(round(duration_s), MINUTE_S)
    hours, minutes = divmod(minutes, 60)
    parts = ((hours, "h"), (minutes, "min"), (seconds, "s"))
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def pace_text(speed_m_s: float) -> str:
    """Return a speed as a pace.

    Examples
    --------
    >>> pace_text(2.5)
    '6:40 min/km'
    """
    minutes, seconds = divmod(round(KILOMETRE_M / speed_m_s), MINUTE_S)
    return f"{minutes}:{seconds:02d} min/km"


def rows(
    names: Mapping[str, str],
    sides: Sequence[Json],
    ratio: Json,
    needed: Callable[[str], bool] = lambda _: False,
    ungraded: str = "",
) -> Iterator[Row]:
    """Make the rows of one group: for what at least one side has, and for whatever is needed.

    Parameters
    ----------
    names : mapping
        Labels of the quantities.
    sides : sequence of dict
        The quantities of each column.
    ratio : dict
        Ratios by quantity, for a last column.
    needed : callable, optional
        Say whether a quantity that no side has is shown too, as unknown.
    ungraded : str, optional
        What stands for the grade of a side without one.

    Yields
    ------
    Row
        A quantity.
    """
    for name, label in names.items():
        held = [side[name] for side in sides if name in side]
        if not held and not needed(name):
            continue
        unit, scale = unit_of(name)
        decimals = decimals_for(held, scale)
        entries = [side.get(name) for side in sides]
        grades = [entry["evidence"] if isinstance(entry, dict) and "evidence" in entry else "" for entry in entries]
        marks = "/".join(filter(None, (grade or ungraded for grade in grades))) if any(grades) else ""
        if name.endswith("_ratio"):  # backward over forward in itself, whichever side the answer has it on
            cells = (*(Cell() for _ in sides), cell_of(next(iter(held), None), RATIO_DECIMALS))
        else:
            last = cell_of(ratio[name], RATIO_DECIMALS) if name in ratio else Cell()
            cells = (*(cell_of(entry, decimals, scale) for entry in entries), last)
        yield Row(label, unit, cells, marks)


def unit_of(name: str) -> tuple[str, float]:
    """Return the unit that a quantity is shown in, and how many of it make one of the answer's."""
    unit = QUANTITIES[name].unit if name in QUANTITIES else ""
    return SHOWN_IN.get(name, ("" if unit == "1" else unit, 1.0))


def notes(sides: Sequence[Json], page: Page, columns: str = "forward/backward") -> list[str]:
    """Return what the rows of loads mean where their units do not say it."""
    loads = [{name: side[name] for name in GROUPS[LOADS] if name in side} for side in sides]
    shown = [name for name in GROUPS[LOADS] if any(name in load for load in loads)]
    bounded = any("value" not in entry for load in loads for entry in load.values())
    meanings = [f"{NAMES[name]}: {QUANTITIES[name].meaning}" for name in shown if QUANTITIES[name].unit == "1"]
    lines = [
        "BW: body weights. Knee-cap: the patellofemoral joint.",
        *meanings,
        *(["An interval without a value: no estimate, only bounds."] if bounded else []),
        f"{MEANINGS['evidence']} Given {columns}.",
    ]
    return [part for line in lines for part in wrapped(line, page.width, "  ")]


def called(name: str) -> str:
    """Return the name of a quantity where no heading stands above it.

    Examples
    --------
    >>> called("total_energy_kcal"), called("met"), called("duration_s")
    ('Total energy', 'Oxygen uptake', 'Duration')
    """
    words = unitless(name).replace("_", " ").capitalize()
    return words if "energy" in name else NAMES.get(name, words)


def assumed_name(name: str) -> str:
    """Return the name of an assumed input in words; evidence has grades too, so that the ground has a slope.

    Examples
    --------
    >>> assumed_name("grade"), assumed_name("resting_oxygen_uptake_ml_kg_min")
    ('slope', 'resting oxygen uptake')
    """
    return "slope" if name == "grade" else unitless(name).replace("_", " ")


def amount(name: str, value: Any) -> str:
    """Return an assumed input with its unit.

    Examples
    --------
    >>> amount("resting_oxygen_uptake_ml_kg_min", 3.5), amount("gait", "run"), amount("grade", 0.0)
    ('3.5 ml/kg/min', 'run', '0 %')
    """
    if isinstance(value, dict):
        return ", ".join(f"{key} {item}" for key, item in value.items())
    if not isinstance(value, float):
        return str(value).replace("_", " ")
    if name == "grade":
        return f"{value * 100:.3g} %"
    unit = QUANTITIES[name].unit if name in QUANTITIES else "1"
    return f"{value:g}" if unit == "1" else f"{value:g} {unit}"


def renamed(message: str) -> str:
    """Return a message with the names of the rows for those of the answer.

    Examples
    --------
    >>> renamed("Speed outside the data behind achilles_relative_load.")
    'Speed outside the data behind Achilles load.'
    """
    return re.sub(r"[a-z]+(?:_[a-z]+)+", lambda found: NAMES.get(found[0], found[0]), message)
