"""The answers to targets, wishes and workouts as people read them in a terminal, as `app.table` sets an estimate."""

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any, Final

from app.bars import Bar, bars
from app.page import Cell, Page, Row, aligned, cell_of, column, decimals_for, grid, text_of, wrapped
from app.table import (
    GAITS,
    GROUPS,
    LOADS,
    NAMES,
    SIDES,
    Json,
    called,
    distance_text,
    ending,
    energy_bars,
    flat,
    interval_text,
    notes,
    pace_text,
    rows,
    slope_text,
    table,
    time_text,
    unit_of,
)
from models.quantities import QUANTITIES

ENERGIES: Final = ("total_energy_kcal", "active_energy_kcal", "resting_energy_kcal")
SUMS: Final[dict[str, dict[str, str]]] = {
    "Movement": {"duration_s": "Time", "moving_duration_s": "Moving", "rest_s": "Rest", "distance_m": "Distance"},
    "Energy": {name: GROUPS["Energy"][name] for name in ENERGIES},
    "Steps": {"steps": GROUPS["Steps"]["steps"]},
    LOADS: GROUPS[LOADS],
}
"""The rows of what bouts come to."""

FOUND: Final = {"speed_m_s": "Speed", "duration_s": "Time", "distance_m": "Distance"}
"""The rows of what was found."""

ENERGY: Final = "active_energy_kcal"
OUT_OF_REACH: Final = "out of reach"
WAYS: Final = {"plan": "Plan", "forward_only": "Forward only", "backward_only": "Backward only"}
BINDING: Final = {
    "duration_s": "the time",
    "speed_range": "where the data end",
    "oxygen_uptake_max_ml_kg_min": "own maximal oxygen uptake",
}


def speed_text(speed_m_s: float) -> str:
    """Return a speed as runners say it.

    Examples
    --------
    >>> speed_text(2.5)
    '9 km/h, 6:40 min/km'
    """
    return f"{amount_text('speed_m_s', speed_m_s)}, {pace_text(speed_m_s)}"


def amount_text(name: str, value: float) -> str:
    """Return a quantity with its unit.

    Examples
    --------
    >>> amount_text("total_energy_kcal", 300.0), amount_text("achilles_relative_load", 0.9)
    ('300 kcal', '0.9')
    """
    unit, scale = unit_of(name)
    return f"{value * scale:.4g} {unit}".strip()


def within(name: str) -> str:
    """Return the name of a quantity within a sentence.

    Examples
    --------
    >>> within("total_energy_kcal"), within("achilles_relative_load")
    ('total energy', 'Achilles load')
    """
    words = called(name)
    return words if words.startswith("Achilles") else words[:1].lower() + words[1:]


def person_text(request: Json, page: Page) -> str:
    """Return the body mass, also as it was typed."""
    typed = f" ({page.typed['body_mass_kg']})" if "body_mass_kg" in page.typed else ""
    return f"with a body mass of {request['body_mass_kg']:.4g} kg{typed}"


def solution_table(answer: Json, request: Json, page: Page) -> str:
    """Return an answer of `POST /solve` as text for a terminal."""
    sides = {side: answer[side] for side in SIDES if side in answer}
    ranges = [sides.get(side, {}).get("speed_ranges", []) for side in SIDES]
    found = [
        {name: Cell(word=OUT_OF_REACH) for name in FOUND if any(name in other for other in sides.values())}
        if "unattainable" in sides.get(side, {})
        else sides.get(side, {})
        for side in SIDES
    ]
    beyond = [
        line
        for side, values in sides.items()
        if "unattainable" in values
        for line in wrapped(reach_text(side, values["unattainable"]), page.width)
    ]
    how = (
        "Each direction meets it by itself; the value itself does, not the ends of its interval."
        if answer["find"] == "speed_range"
        else f"Each direction meets it by itself. {interval_text(answer, request)}"
    )
    group = [*found_rows(found), *range_rows(ranges)]
    blocks = [
        [*wrapped(target_text(answer, request, page), page.width), *wrapped(how, page.width)],
        range_bars(ranges, page) if any(ranges) else found_bars(answer, request, page),
        grid({"Found": group}, [side.capitalize() for side in SIDES], page) if group else [],
        beyond,
        *ending(answer, page),
    ]
    return text_of(blocks)


def target_text(answer: Json, request: Json, page: Page) -> str:
    """Return what was to be found in words."""
    doing = GAITS[answer["gait"]].lower()
    slope = slope_text(request.get("grade", answer["assumed"].get("grade", 0.0)))
    speed = speed_text(request["speed_m_s"]) if "speed_m_s" in request else ""
    fixed = ("body_mass_kg", "duration_s", "speed_m_s")
    target = next((name for name in request if name in NAMES and name not in fixed), "")
    bound = within(target)
    amount = amount_text(target, request[target]) if target else ""
    words: dict[str, Callable[[], str]] = {
        "bout": lambda: (
            f"The bout that takes {amount} of {bound}, {doing} {slope} "
            + (f"at {speed}" if speed else f"in {time_text(request['duration_s'])}")
        ),
        "speed": lambda: f"The speed at which {doing} {slope} takes {amount} of {bound}",
        "equal_cost_speed": lambda: (
            f"The speed backward that costs what {doing} {slope} at {speed} costs forward"
            if speed
            else f"The speed forward that costs what {doing} {slope} at {speed_text(request['backward_speed_m_s'])} "
            "costs backward"
        ),
        "level_speed": lambda: f"The speed on the level that costs what {doing} {slope} at {speed} costs",
        "speed_range": lambda: (
            f"The speeds at which {bound} stays at or under {amount}, {doing} {slope}"
            + (f" for {time_text(request['duration_s'])}" if "duration_s" in request else "")
        ),
    }
    return f"{words[answer['find']]()}, {person_text(request, page)}."


def reach_text(side: str, reach: Json) -> str:
    """Return what one direction can attain."""
    unit = "" if reach["unit"] == "1" else f" {reach['unit']}"
    nearest = f", nearest is {reach['nearest']:.4g}{unit}" if "nearest" in reach else ""
    goes = f"goes from {reach['low']:.4g} to {reach['high']:.4g}{unit}"
    return f"{side.capitalize()} it is out of reach: {called(reach['target'])} {goes}{nearest}."


def found_rows(sides: list[Json]) -> Iterator[Row]:
    """Make the rows of what was found, a speed also as a pace."""
    for name, label in FOUND.items():
        held = [side[name] for side in sides if isinstance(side.get(name), dict)]
        if not held:
            continue
        unit, scale = unit_of(name)
        decimals = decimals_for(held, scale)
        given = [side.get(name) for side in sides]
        yield Row(
            label,
            unit,
            tuple(entry if isinstance(entry, Cell) else cell_of(entry, decimals, scale) for entry in given),
        )
        if name == "speed_m_s":
            yield Row("Pace", "min/km", tuple(entry if isinstance(entry, Cell) else pace_of(entry) for entry in given))


def pace_of(speed: Any) -> Cell:
    """Return a speed as a cell of its pace, the slower end of its interval being the longer pace."""
    if speed is None:
        return cell_of(None, 0)
    value, fast, slow = (pace_text(speed[end]).partition(" ")[0] for end in ("value", "high", "low"))
    return Cell(value) if fast == slow else Cell(value, fast, slow)


def range_rows(ranges: list[list[Json]]) -> Iterator[Row]:
    """Make the rows of ranges of speed."""
    unit, scale = unit_of("speed_m_s")
    for number, entries in enumerate(zip_longest(*ranges)):
        cells = (
            cell_of(entry and {end: entry[f"{end}_speed_m_s"] for end in ("low", "high")}, 2, scale)
            if entry or not number
            else Cell()
            for entry in entries
        )
        yield Row("" if number else "Speeds", unit, tuple(cells))


def range_bars(ranges: list[list[Json]], page: Page) -> list[str]:
    """Return ranges of speed as bars on one scale from 0."""
    return bars(
        [
            Bar(
                f"Speed {side}",
                each["high_speed_m_s"],
                amount_text("speed_m_s", each["high_speed_m_s"]),
                each["low_speed_m_s"],
            )
            for side, held in zip(SIDES, ranges, strict=True)
            for each in held
        ],
        page,
    )


def found_bars(answer: Json, request: Json, page: Page) -> list[str]:
    """Return what was found as bars: the time where the speed was given for a bout, else the speed."""
    name = "duration_s" if answer["find"] == "bout" and "speed_m_s" in request else "speed_m_s"
    return energy_bars({side: answer.get(side, {}) for side in SIDES}, page, name)


def plan_table(answer: Json, request: Json, page: Page) -> str:
    """Return an answer of `POST /plan` as text for a terminal."""
    ways = {title: answer if name == "plan" else answer.get(name) for name, title in WAYS.items()}
    met = {title: way for title, way in ways.items() if way}
    sums = {
        title: flat(way["totals"]) | {name: way[name] for name in ("rest_s",) if name in way}
        for title, way in met.items()
    }
    drawn = {title.lower(): side for title, side in sums.items()}
    groups = {title: list(rows(names, list(sums.values()), {}, ungraded="–")) for title, names in SUMS.items()}
    blocks = [
        [*wrapped(wish_text(answer, request, page), page.width), *wrapped(interval_text(answer, request), page.width)],
        *(
            [page.heading(title), *(line for text in way_texts(way) for line in wrapped(text, page.width, "  "))]
            if way
            else [page.heading(title), *wrapped("No plan meets the goal.", page.width, "  ")]
            for title, way in ways.items()
        ),
        energy_bars(drawn, page, request.get("indicator", ENERGY)),
        grid(groups, tuple(met), page),
        [*notes(list(sums.values()), page, "/".join(met).lower()), *covered_lines(list(sums.values()), page)]
        if groups[LOADS]
        else [],
        *ending(answer, page),
    ]
    return text_of(blocks)


def wish_text(answer: Json, request: Json, page: Page) -> str:
    """Return what was to be planned in words."""
    doing = GAITS[answer["gait"]].lower()
    slope = slope_text(request.get("grade", answer["assumed"].get("grade", 0.0)))
    time = f" in {time_text(request['duration_s'])}" if "duration_s" in request else ""
    limits = [f"{within(name)} up to {amount_text(name, limit)}" for name, limit in request.get("limits", {}).items()]
    wish = (
        f"The most active energy {doing} {slope}{time}"
        if answer["goal"] == "most_energy"
        else f"The least of {within(request['indicator'])} {doing} {slope} for "
        f"{amount_text(ENERGY, request[ENERGY])} of active energy{time}"
    )
    return f"{', '.join([wish, *limits])}, {person_text(request, page)}."


def way_texts(way: Json) -> Iterator[str]:
    """Make a line for each bout of a plan, its rest, and what keeps it from being better."""
    for bout in way["bouts"]:
        yield (
            f"{bout['direction'].capitalize()} {distance_text(bout['distance_m'])} "
            f"in {time_text(bout['duration_s'])} ({speed_text(bout['speed_m_s'])})"
        )
    if way.get("rest_s"):
        yield f"Rest {time_text(way['rest_s'])}"
    if way["binding"]:
        yield f"What keeps it from being better: {', '.join(map(binding_text, way['binding']))}"


def binding_text(name: str) -> str:
    """Return what keeps a plan from being better.

    Examples
    --------
    >>> binding_text("backward_speed_high_m_s"), binding_text("peak_vertical_force_bw")
    ('own fastest speed backward', 'the limit of peak ground force')
    """
    if name in NAMES and name not in BINDING:
        return f"the limit of {within(name)}"
    meaning = QUANTITIES[name].meaning.rstrip(".") if name in QUANTITIES else name.replace("_", " ")
    return BINDING.get(name, meaning[:1].lower() + meaning[1:])


def workout_table(answer: Json, request: Json, page: Page) -> str:
    """Return an answer of `POST /workout` or `POST /workout/track` as text for a terminal."""
    sides = {"as given": flat(answer["totals"]), "reversed": flat(answer["reversed"])}
    parts: dict[str, Json] = {side: flat(answer[side]) for side in SIDES if side in answer}
    found = answer["ratio"]
    ratio = {
        name: found[short]
        for name, short in {
            "total_energy_kcal": "total_energy",
            "active_energy_kcal": "active_energy",
            "steps": "cadence",
            "patellofemoral_impulse_per_bout_bw_s": "patellofemoral_impulse_per_km",
        }.items()
        if short in found
    }
    groups = {title: list(rows(names, list(sides.values()), ratio)) for title, names in SUMS.items()}
    columns = [title.capitalize() for title in sides]
    blocks = [
        workout_headline(answer, request, parts, page),
        energy_bars(sides | (parts if len(parts) > 1 else {}), page),
        grid(groups, [*columns, "Ratio"], page),
        [*notes(list(sides.values()), page, "/".join(sides)), *covered_lines(list(sides.values()), page)]
        if groups[LOADS]
        else [],
        recording(answer["track"], page) if "track" in answer else [],
        segment_lines(answer["segments"], page) if "segments" in answer else [],
        *ending(answer, page),
    ]
    return text_of(blocks)


def covered_lines(columns: list[Json], page: Page) -> list[str]:
    """Return which loads are of a part of the moving time, and of what share of it in each column."""
    by_shares: dict[str, list[str]] = {}
    for name in GROUPS[LOADS]:
        shares = [held[name]["covered"] for held in columns if name in held]
        if min(shares, default=1.0) < 1.0:
            by_shares.setdefault("/".join(dict.fromkeys(map(share_text, shares))), []).append(within(name))
    told = [f"Of the {share} of the moving time where known: {', '.join(names)}." for share, names in by_shares.items()]
    return [line for text in told for line in wrapped(text, page.width, "  ")]


def share_text(share: float) -> str:
    """Return a share in percent, rounded down: what is not the whole is never shown as the whole.

    Examples
    --------
    >>> share_text(0.9833), share_text(0.9999), share_text(1.0)
    ('98 %', '99 %', '100 %')
    """
    return f"{math.floor(share * 100)} %"


def workout_headline(answer: Json, request: Json, parts: Mapping[str, Json], page: Page) -> list[str]:
    """Return a workout in words."""
    totals = answer["totals"]
    done = " and ".join(
        f"{distance_text(part['distance_m'])} {side} in {time_text(part['moving_duration_s'])}"
        for side, part in parts.items()
    )
    pause_s = totals["duration_s"] - totals["moving_duration_s"]
    paused = f", pauses {time_text(pause_s)}" if pause_s else ""
    what = f"A workout of {done}{paused}, {person_text(request, page)}."
    how = f"Reversed is every segment in the other direction at its speed. {interval_text(answer, request)}"
    return [*wrapped(what, page.width), *wrapped(how, page.width)]


def recording(track: Json, page: Page) -> list[str]:
    """Return what became of a recording."""
    ways = {"device_distance_m": "by the device", "positions_distance_m": "by positions"}
    climbs = {"ascent_m": "up", "descent_m": "down"}
    told = [
        f"{time_text(track['recorded_s'])} recorded",
        f"points {track['points']}, of them not usable {track['unusable_points']}, spikes {track['removed_spikes']}",
        f"jumps {track['jumps']}",
        f"gaps {track['gaps']} ({time_text(track['gap_s'])})",
        f"pauses {track['pauses']} ({time_text(track['paused_s'])})",
        f"left out {time_text(track['left_out_s'])}",
        *(f"{distance_text(track[name])} {by}" for name, by in ways.items() if name in track),
        *(f"{track[name]:.0f} m {way}" for name, way in climbs.items() if name in track),
    ]
    text = f"{'; '.join(told)}. Speeds by {track['distance_source']}. {track['smoothing']}"
    return [page.heading("Recording"), *wrapped(text, page.width, "  ")]


def times(segment: Json) -> str:
    """Return how often a segment is done, where it is more than once."""
    return f", {segment['times']} times" if segment["times"] > 1 else ""


def segment_lines(segments: list[Json], page: Page) -> list[str]:
    """Return a line for each segment: what it was, and its total energy."""
    name = "total_energy_kcal"
    decimals = decimals_for([segment[name] for segment in segments if name in segment], 1.0)
    texts = (
        [f"{segment['index']:>{len(str(len(segments)))}}" for segment in segments],
        [f"{segment['gait']} {segment['direction']}{times(segment)}" for segment in segments],
        [time_text(segment["duration_s"]) for segment in segments],
        [speed_text(segment["speed_m_s"]["value"]) for segment in segments],
        aligned([cell_of(segment.get(name), decimals) for segment in segments], 1),
    )
    columns = [
        column(title, items, 1) for title, items in zip(("", "Segment", "Time", "Speed", "kcal"), texts, strict=True)
    ]
    head, *lines = ("  ".join(line).rstrip() for line in zip(*columns, strict=True))
    return [page.heading(head), *lines]


TABLES: Final[dict[str, Callable[[Json, Json, Page], str]]] = {
    "estimate": table,
    "solve": solution_table,
    "plan": plan_table,
    "workout": workout_table,
}
"""How each command's answer is set."""
