"""An answer as people read it in a terminal. It words and rounds; the numbers are the service's own."""

import math
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import Any, Final, NamedTuple, TypeAlias

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
        "metabolic_power_w_kg": "Power",
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
    "contact_time_s": ("ms", 1e3),
    "share_of_maximum": ("%", 100),
}
"""Units that people use where the answer has the SI's, and how many of them make one of those, by definition."""

KILOMETRE_M: Final = 1000
MINUTE_S: Final = 60

GAITS: Final = {"run": "Running", "walk": "Walking"}

FIGURES: Final = 3
RATIO_DECIMALS: Final = 2
WIDTH_HIGH: Final = 100
"""Longer lines are hard to read."""
SPACINGS: Final = ((4, 2), (3, 2), (3, 1), (2, 1), (2, 0))
"""Blanks between columns, and between a value and its interval, from wide terminals to narrow ones; none is an
interval below its value."""

BOLD: Final = "\x1b[1m"
PLAIN: Final = "\x1b[0m"
SIDES: Final = ("forward", "backward")
COLUMNS: Final = ("Forward", "Backward", "Ratio")
EVIDENCE: Final = "Evidence"
UNKNOWN: Final = "unknown"
NOTHING: Final[Mapping[str, str]] = MappingProxyType({})
NEXT_LINE: Final = "\n"
NO_BREAK: Final = "\N{NO-BREAK SPACE}"


class Cell(NamedTuple):
    """A value and the ends of its interval, or a word; whatever is not known is empty."""

    value: str = ""
    low: str = ""
    high: str = ""
    word: str = ""


class Row(NamedTuple):
    """One quantity: its name and unit, forward, backward and ratio, and its evidence grades."""

    label: str
    unit: str
    cells: tuple[Cell, Cell, Cell]
    evidence: str = ""


def table(answer: Json, request: Json, *, width: int, bold: bool = False, typed: Mapping[str, str] = NOTHING) -> str:
    """Return an answer as text for a terminal.

    Parameters
    ----------
    answer : dict
        What `POST /estimate` answered.
    request : dict
        What it was asked.
    width : int
        Columns of the terminal. Sentences are wrapped there; the table is as wide as its numbers need.
    bold : bool, optional
        Mark headings as terminals do.
    typed : mapping, optional
        Fields of the request to show also as they were typed.

    Returns
    -------
    str
        The text, with a final newline.
    """

    def heading(text: str) -> str:
        return f"{BOLD}{text}{PLAIN}" if bold else text

    width = min(width, WIDTH_HIGH)
    asked_loads = "load" in request.get("include", SECTIONS)
    blocks = [
        headline(answer, request, width, typed),
        grid(answer, width, heading, asked_loads=asked_loads),
        notes(answer, width, asked_loads=asked_loads),
    ]
    assumed = "; ".join(f"{assumed_name(name)} {amount(name, value)}" for name, value in answer["assumed"].items())
    warnings = [line for item in answer["warnings"] for line in wrapped(renamed(item["message"]), width, "- ")]
    sources = "; ".join(
        REFERENCES[key]["citation"] if key in REFERENCES else key for key in answer.get("references", ())
    )
    for title, lines in (
        ("Assumed", wrapped(assumed, width, "  ")),
        ("Warnings", warnings),
        ("Sources", wrapped(sources, width, "  ")),
    ):
        if lines:
            blocks.append([heading(title), *lines])
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def headline(answer: Json, request: Json, width: int, typed: Mapping[str, str]) -> list[str]:
    """Return the bout in words, with what was typed in other units beside them."""
    forward, assumed = answer["forward"], answer["assumed"]
    speed_m_s = forward["speed_m_s"]["value"]
    grade = request.get("grade", assumed.get("grade", 0.0))
    slope = f"{'up' if grade > 0 else 'down'} a slope of {abs(grade) * 100:.3g} %" if grade else "on the level"
    length, mass = (f" ({typed[name]})" if name in typed else "" for name in ("distance_m", "body_mass_kg"))
    pace = f", {typed['speed_m_s']}" if "speed_m_s" in typed else ""
    equal = request.get("equal", assumed.get("equal", "")).replace("_", " ")
    interval = request.get("interval", assumed.get("interval", 0.0))
    bout = (
        f"{GAITS[answer['gait']]} {distance_text(forward['distance_m']['value'])}{length} "
        f"in {time_text(forward['duration_s'])} ({speed_m_s * 3.6:.4g} km/h, {pace_text(speed_m_s)}{pace}) {slope}, "
        f"with a body mass of {request['body_mass_kg']:.4g} kg{mass}."
    )
    how = (
        f"Backward is at equal {equal}, for the same time. "
        f"Beside each value stands its {interval * 100:.3g} % interval, for one person."
    )
    return [*wrapped(bout, width), *wrapped(how, width)]


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


def grid(answer: Json, width: int, heading: Callable[[str], str], *, asked_loads: bool) -> list[str]:
    """Return the quantities, forward, backward and their ratio, in aligned columns."""
    groups = {title: list(rows(title, answer, asked_loads=asked_loads)) for title in GROUPS}
    every = [row for group in groups.values() for row in group]
    name_width = max(len(row.label) + 1 + len(row.unit) for row in every)
    names = [f" {row.label}{row.unit:>{name_width - len(row.label)}}" for row in every]
    for gap, inner in SPACINGS:
        lines_a_row = 1 if inner else 2
        columns = [column("", names, lines_a_row)]
        for place, title in enumerate(COLUMNS):
            cells = [row.cells[place] for row in every]
            if any(any(cell) for cell in cells):
                columns.append(column(title, aligned(cells, inner), lines_a_row))
        if any(row.evidence for row in every):
            columns.append(column("", [row.evidence for row in every], lines_a_row))
        lines = [(" " * gap).join(texts).rstrip() for texts in zip(*columns, strict=True)]
        if any(row.evidence for row in every):  # longer than what stands under it: it ends where that does
            lines[0] += " " * gap + EVIDENCE.rjust(max(map(len, lines)) - len(lines[0]) - gap)
        if max(map(len, lines)) <= width:
            break
    block, place = [heading(lines[0])], 1
    for title, group in groups.items():
        if group:
            until = place + lines_a_row * len(group)
            block += [heading(title), *(line for line in lines[place:until] if line)]
            place = until
    return block


def aligned(cells: Sequence[Cell], inner: int) -> list[str]:
    """Return the cells of a column, values by their last figure and intervals by their dash."""
    value, low, high = (max(len(cell[part]) for cell in cells) for part in range(3))
    texts = []
    for cell in cells:
        ends = f"{cell.low:>{low}}–{cell.high:<{high}}" if cell.low else ""
        first = cell.word or f"{cell.value:>{value}}"
        texts.append(f"{first}{' ' * inner or NEXT_LINE}{ends}")
    return texts


def column(title: str, texts: Sequence[str], lines_a_row: int) -> list[str]:
    """Return a title and texts of one or two lines as lines of one width."""
    lines = [title]
    for text in texts:
        first, _, second = text.partition(NEXT_LINE)
        lines += [first, second][:lines_a_row]
    width = max(map(len, lines))
    return [line.ljust(width) for line in lines]


def rows(title: str, answer: Json, *, asked_loads: bool) -> Iterator[Row]:
    """Make the rows of one group, for what at least one direction has, and for every load if they were asked for."""
    sides = [answer["forward"], answer["backward"], answer.get("ratio", {})]
    if title == LOADS:
        sides = [side.get("load", {}) for side in sides]
    forward, backward, ratio = sides
    own = answer.get("personal", {})
    forward, backward = (
        side | {PERSONAL: own[f"{name}_factor"]} if f"{name}_factor" in own else side
        for name, side in zip(SIDES, (forward, backward), strict=True)
    )
    for name, label in GROUPS[title].items():
        pair = [side[name] for side in (forward, backward) if name in side]
        if not pair and not (title == LOADS and asked_loads and answer["gait"] in EVIDENCE_GRADES[name]):
            continue
        unit, scale = SHOWN_IN.get(name, (QUANTITIES[name].unit if name in QUANTITIES else "", 1.0))
        decimals = decimals_for(pair, scale)
        grades = "/".join(entry["evidence"] for entry in pair if isinstance(entry, dict) and "evidence" in entry)
        if name.endswith("_ratio"):  # backward over forward in itself, whichever side the answer has it on
            cells = (Cell(), Cell(), cell_of(next(iter(pair), None), RATIO_DECIMALS))
        else:
            cells = (
                cell_of(forward.get(name), decimals, scale),
                cell_of(backward.get(name), decimals, scale),
                cell_of(ratio[RATIO_NAMES[name]], RATIO_DECIMALS) if RATIO_NAMES.get(name) in ratio else Cell(),
            )
        yield Row(label, "" if unit == "1" else unit, cells, grades)


def decimals_for(entries: Iterable[Any], scale: float) -> int:
    """Return the decimals that show three figures of the largest number of a row, two of one below 1."""
    ends = [entry["high"] if isinstance(entry, dict) else entry for entry in entries]
    largest = max((abs(end) * scale for end in ends if isinstance(end, float)), default=0.0)
    if largest <= 0:
        return 0
    magnitude = math.floor(math.log10(largest))
    return max(0, FIGURES - 1 - magnitude - (magnitude < 0))


def cell_of(entry: Any, decimals: int, scale: float = 1.0) -> Cell:
    """Return a number, an interval, bounds, or a word as a cell."""
    if entry is None:
        return Cell(word=UNKNOWN)
    if isinstance(entry, str):
        return Cell(word=entry)
    if not isinstance(entry, dict):
        return Cell(f"{entry * scale:.{decimals}f}")
    low, high = (f"{entry[end] * scale:.{decimals}f}" for end in ("low", "high"))
    value = f"{entry['value'] * scale:.{decimals}f}" if "value" in entry else ""
    return Cell(value) if low == value == high else Cell(value, low, high)


def notes(answer: Json, width: int, *, asked_loads: bool) -> list[str]:
    """Return what the rows of loads mean where their units do not say it."""
    loads = [answer[side].get("load", {}) for side in SIDES]
    if not asked_loads:
        return []
    shown = [name for name in GROUPS[LOADS] if any(name in load for load in loads)]
    bounded = any("value" not in entry for load in loads for entry in load.values())
    meanings = [f"{NAMES[name]}: {QUANTITIES[name].meaning}" for name in shown if QUANTITIES[name].unit == "1"]
    lines = [
        "BW: body weights. Knee-cap: the patellofemoral joint.",
        *meanings,
        *(["An interval without a value: no estimate, only bounds."] if bounded else []),
        f"{MEANINGS['evidence']} Given forward/backward.",
    ]
    return [part for line in lines for part in wrapped(line, width, "  ")]


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


def wrapped(text: str, width: int, hang: str = "") -> list[str]:
    """Return a text as lines, no number parted from its unit, and all as far in as the mark of the first."""
    kept = re.sub(r"(?<=[0-9]) (?=[a-z%])|(?<=\bn) (?=[0-9])", NO_BREAK, text)
    lines = textwrap.wrap(kept, width, initial_indent=hang, subsequent_indent=" " * len(hang), break_on_hyphens=False)
    return [line.replace(NO_BREAK, " ") for line in lines]
