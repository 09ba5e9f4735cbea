"""Draws the plots of /plot as SVG."""

from collections.abc import Iterator
from itertools import cycle, groupby, pairwise
from textwrap import wrap
from typing import Any, Final

from retrorun.app.pages.svg import (
    DASHES,
    FONT,
    RADIUS,
    SHAPES,
    THICK,
    TINT,
    Axis,
    Drawing,
    Theme,
    rounded_up,
    ticks,
    width_of,
)
from retrorun.models.physiology.load import ACHILLES_REFERENCE_M_S
from retrorun.models.sources.tables import table
from retrorun.models.validation.plot_data import (
    PLOTTED_M_S,
    UNITS,
    Curve,
    EnergyCurves,
    Loads,
    Per,
    energy_curves,
    indicator,
    loads,
)
from retrorun.models.vocabulary.answer import BoundedIndicator
from retrorun.models.vocabulary.choices import DIRECTIONS, Gait

WIDTH: Final = 800

LEGEND: Final = 68
"""Baseline of the legend below the headline."""

TOP: Final = 118

BOTTOM: Final = 380

MARGIN: Final = 62
"""Width of the vertical axis."""

ROW: Final = 28
"""Height of a line of text."""

MOST_TICKS: Final = 9

LOAD_ROWS: Final = 5
"""Lines of text below the bars of a plot of loads, including the margin, above the meaning of loads."""

SWATCH: Final = 36

COLUMNS: Final = 3
"""Studies in a row of the legend."""

BAR: Final = 44

GAP: Final = 12

GERUND: Final[dict[Gait, str]] = {"run": "Running", "walk": "Walking"}

HEADINGS: Final[dict[Per, str]] = {"second": "metabolic power by speed", "km": "total energy per km by speed"}

PANELS: Final[dict[str, dict[str, tuple[str, str]]]] = {
    "each step, BW": {
        "peak_vertical_force_bw": ("Ground", "force"),
        "patellofemoral_peak_force_bw": ("Knee-cap", "force"),
        "tibial_compression_peak_bw": ("Shin bone", "force"),
    },
    "each km, BW·s": {"patellofemoral_impulse_per_km_bw_s": ("Knee-cap", "impulse")},
    f"× run at {ACHILLES_REFERENCE_M_S:g} m/s": {"achilles_relative_load": ("Achilles", "force")},
}
"""The indicators by their unit, each with a label of two lines."""

LOADS_DRAWN: Final = tuple(name for labels in PANELS.values() for name in labels)

NOTHING_TO_SHOW: Final = "No oxygen uptake was found for this slope."

ELSEWHERE: Final = "Studies that give only a ratio or a cost are in the validation."


def energy_plot(*, theme: Theme = "light", **asked: Any) -> str:
    """Return energy against speed as SVG; the parameters are those of `models.validation.plot_data.energy_curves`."""
    curves = energy_curves(**asked)
    drawing = Drawing(theme)
    speeds = PLOTTED_M_S[curves.gait]
    across = Axis(*speeds, MARGIN, WIDTH - FONT)
    highest = max(*curves.forward.high, *curves.backward.high, *(point.value for point in curves.measured))
    up = Axis(0.0, rounded_up(float(highest), MOST_TICKS), BOTTOM, TOP)
    drawing.frame(across, up, ticks(up.low, up.high, MOST_TICKS), ticks(*speeds, MOST_TICKS))
    drawing.text(RADIUS, TOP - FONT, UNITS[curves.per])
    drawing.text((across.start + across.end) / 2, BOTTOM + 2 * ROW, "Speed, m/s", text_anchor="middle")
    for name, curve in zip(DIRECTIONS, (curves.forward, curves.backward), strict=True):
        drawing.open(series=name)
        _curve(drawing, curves.speed_m_s.tolist(), curve, name, (across, up))
        drawing.close()
    shapes = dict(zip(dict.fromkeys(point.study for point in curves.measured), cycle(SHAPES), strict=False))
    drawing.open(series="measured")
    for point in curves.measured:
        words = f"{point.name}, {point.direction} at {point.speed_m_s:g} m/s: {point.value:.3g} {UNITS[curves.per]}"
        fill, stroke = ("forward", "paper") if point.direction == "forward" else ("none", "backward")
        place = across.at(point.speed_m_s), up.at(point.value)
        drawing.mark(
            place, shapes[point.study], fill=fill, stroke=stroke, title=f"{words} ({point.standing}, {point.group})"
        )
    drawing.close()
    _energy_legend(drawing, curves, shapes)
    height = BOTTOM + 2 * ROW + ROW * max(1, -(-len(shapes) // COLUMNS)) + GAP
    return drawing.document(WIDTH, height, title=energy_title(curves), description=energy_words(curves))


def energy_title(curves: EnergyCurves) -> str:
    """Return the title of a plot of energy."""
    return f"{GERUND[curves.gait]}, {ground(curves.grade)}: {HEADINGS[curves.per]}"


def _curve(drawing: Drawing, speeds: list[float], curve: Curve, name: str, axes: tuple[Axis, Axis]) -> None:
    across, up = axes

    def points(values: Any, places: list[int]) -> list[tuple[float, float]]:
        return [(across.at(speeds[place]), up.at(float(values[place]))) for place in places]

    places = list(range(len(speeds)))
    drawing.band(points(curve.low, places), points(curve.high, places), fill=name)
    for stretch, outside in stretches(curve.outside_data.tolist()):
        dashes = DASHES["outside" if outside else name]
        drawing.line(points(curve.value, stretch), stroke=name, stroke_width=THICK, stroke_dasharray=dashes)


def stretches(outside: list[bool]) -> Iterator[tuple[list[int], bool]]:
    """Yield the positions of each stretch of a curve and whether it is outside the data; neighbours share an end.

    Examples
    --------
    >>> list(stretches([True, False, False, True]))
    [([0, 1], True), ([1, 2], False), ([2, 3], True)]
    """
    for left, pairs in groupby(pairwise(range(len(outside))), lambda pair: outside[pair[0]] or outside[pair[1]]):
        (first, second), *others = pairs
        yield [first, second, *(place for _, place in others)], left


def _energy_legend(drawing: Drawing, curves: EnergyCurves, shapes: dict[str, str]) -> None:
    x, y = float(RADIUS), LEGEND - RADIUS
    circle = SHAPES[0]
    for name in DIRECTIONS:
        drawing.line([(x, y), (x + SWATCH, y)], stroke=name, stroke_width=THICK, stroke_dasharray=DASHES[name])
        fill, stroke = ("forward", "paper") if name == "forward" else ("none", "backward")
        drawing.mark((x + SWATCH / 2, y), circle, fill=fill, stroke=stroke)
        drawing.text(x + SWATCH + RADIUS, LEGEND, name)
        x += SWATCH + width_of(name) + FONT
    drawing.bar((x, y - GAP), (SWATCH, 2 * GAP), fill="ink", stroke="none", fill_opacity=TINT)
    words = f"{percent(curves.interval)} range"
    drawing.text(x + SWATCH + RADIUS, LEGEND, words)
    x += SWATCH + width_of(words) + FONT
    drawing.line([(x, y), (x + SWATCH, y)], stroke="ink", stroke_width=THICK, stroke_dasharray=DASHES["outside"])
    drawing.text(x + SWATCH + RADIUS, LEGEND, "outside the data")
    if not shapes:
        drawing.text(RADIUS, BOTTOM + 3 * ROW, NOTHING_TO_SHOW)
    for number, (study, shape) in enumerate(shapes.items()):
        row, column = divmod(number, COLUMNS)
        left, base = RADIUS + column * WIDTH / COLUMNS, BOTTOM + (3 + row) * ROW
        drawing.mark((left + RADIUS, base - RADIUS), shape, fill="ink", stroke="paper")
        drawing.text(left + 3 * RADIUS, base, study)


def energy_words(curves: EnergyCurves) -> str:
    """Return the description of a plot of energy: its key numbers and its limits."""
    place = curves.speed_m_s.tolist().index(curves.example_m_s)
    unit = UNITS[curves.per]
    key_numbers = [
        f"{name} {curve.value[place]:.3g} {unit} ({curve.low[place]:.3g} to {curve.high[place]:.3g})"
        for name, curve in zip(DIRECTIONS, (curves.forward, curves.backward), strict=True)
    ]
    sentences = [
        "Gross energy per kilogram of body mass, forward and backward at equal speed, by "
        f"{curves.energy_model} and the ratio {curves.direction_model}. "
        f"The band {aim(curves.interval, curves.gait)}, between studies and in the equation.",
        f"At {curves.example_m_s:g} m/s: {', '.join(key_numbers)}.",
    ]
    for name, curve in zip(DIRECTIONS, (curves.forward, curves.backward), strict=True):
        inside = curves.speed_m_s[~curve.outside_data]
        where = f"from {inside.min():.3g} to {inside.max():.3g} m/s" if inside.size else "nowhere in this plot"
        sentences.append(f"{name.capitalize()} is inside its data {where}.")
    studies = list(dict.fromkeys(point.study for point in curves.measured))
    shown = f"Values from the literature, group means or table values without n: {', '.join(studies)}."
    sentences.append(shown if studies else f"{NOTHING_TO_SHOW} {ELSEWHERE}")
    return " ".join([*sentences, *curves.notes])


def load_plot(*, theme: Theme = "light", **asked: Any) -> str:
    """Return joint loads at one speed as SVG; the parameters are those of `models.validation.plot_data.loads`."""
    found = loads(**asked)
    drawing = Drawing(theme)
    slot = (WIDTH - MARGIN * len(PANELS) - RADIUS) / sum(map(len, PANELS.values()))
    left = 0.0
    for heading, labels in PANELS.items():
        across = Axis(0.0, float(len(labels)), left + MARGIN, left + MARGIN + len(labels) * slot)
        pairs = {name: (indicator(found.forward, name), indicator(found.backward, name)) for name in labels}
        highest = max((known["high"] for pair in pairs.values() for known in pair if known), default=None)
        up = Axis(0.0, 1.0 if highest is None else rounded_up(highest, MOST_TICKS), BOTTOM, TOP)
        drawing.open(panel=heading)
        drawing.text(left + RADIUS, TOP - FONT, heading)
        drawing.frame(across, up, [0.0] if highest is None else ticks(up.low, up.high, MOST_TICKS))
        for number, (name, label) in enumerate(labels.items()):
            middle = across.at(number + 0.5)
            for direction, x, known in zip(
                DIRECTIONS, (middle - BAR - RADIUS / 2, middle + RADIUS / 2), pairs[name], strict=True
            ):
                drawing.open(indicator=name, direction=direction)
                _bar(drawing, x, up, known, direction)
                drawing.close()
            star = "*" if name in found.outside_data else ""
            for line, words in enumerate((label[0], label[1] + star), start=2):
                drawing.text(middle, BOTTOM + line * ROW, words, text_anchor="middle")
        drawing.close()
        left = across.end
    _load_legend(drawing, found.interval, outside=bool(found.outside_data))
    lines = wrap(found.in_short, int((WIDTH - 2 * RADIUS) / width_of("m")))
    for line, words in enumerate(lines, start=5):
        drawing.text(RADIUS, BOTTOM + line * ROW + RADIUS, words)
    height = BOTTOM + (LOAD_ROWS + len(lines)) * ROW
    return drawing.document(WIDTH, height, title=load_title(found), description=load_description(found))


def load_title(found: Loads) -> str:
    """Return the title of a plot of loads."""
    return f"{GERUND[found.gait]} at {found.speed_m_s:g} m/s, {ground(found.grade)}: joint loads"


def load_description(found: Loads) -> str:
    """Return the description of a plot of loads: whom its ranges aim at, its values and its limits."""
    values = [
        f"{' '.join(label)}, {heading}, {direction}: {load_words(indicator(section, name))}."
        for heading, labels in PANELS.items()
        for name, label in labels.items()
        for direction, section in zip(DIRECTIONS, (found.forward, found.backward), strict=True)
    ]
    return " ".join([found.knee, load_ranges_words(found), *values, *found.notes])


def load_ranges_words(found: Loads) -> str:
    """Return whom the ranges of a plot of loads aim at."""
    return f"Each range {aim(found.interval, found.gait)} and between methods. The Achilles range backward is fixed."


def _bar(drawing: Drawing, x: float, up: Axis, known: BoundedIndicator | None, direction: str) -> None:
    """Draw an estimate with its range, or hatching where there is no value, between its bounds if it has any."""
    middle = x + BAR / 2
    if known and "value" in known:
        y = up.at(known["value"])
        fill, stroke = (direction, "none") if direction == "forward" else ("paper", direction)
        drawing.bar((x, y), (BAR, up.start - y), fill=fill, stroke=stroke, stroke_width=THICK)
        drawing.whisker(middle, up.at(known["low"]), up.at(known["high"]))
    else:
        high, low = (up.at(known["high"]), up.at(known["low"])) if known else ((up.start + up.end) / 2, up.start)
        drawing.bar((x, high), (BAR, low - high), fill="hatch", stroke="ink", stroke_dasharray=DASHES["outside"])
        # Inside the box, or from the axis up where the box is too low.
        wide = width_of("unknown") + GAP
        centre = (high + low) / 2 if low - high >= wide else up.start - (wide + GAP) / 2
        drawing.bar((middle - FONT / 2, centre - wide / 2), (FONT, wide), fill="paper", stroke="none")
        turn = f"translate({middle + RADIUS:g} {centre:g}) rotate(-90)"
        drawing.text(0, 0, "unknown", transform=turn, text_anchor="middle")
    if known:
        drawing.text(middle, BOTTOM + FONT, known["evidence"], text_anchor="middle")


def _load_legend(drawing: Drawing, interval: float, *, outside: bool) -> None:
    x, side = float(RADIUS), 2 * GAP
    for name, fill in zip(DIRECTIONS, ("forward", "paper"), strict=True):
        drawing.bar((x, LEGEND - side + RADIUS), (side, side - RADIUS), fill=fill, stroke=name, stroke_width=THICK)
        drawing.text(x + side + RADIUS, LEGEND, name)
        x += side + width_of(name) + 2 * GAP
    drawing.whisker(x + RADIUS, LEGEND, LEGEND - side + RADIUS)
    drawing.text(x + side, LEGEND, f"{percent(interval)} range")
    drawing.text(RADIUS, BOTTOM + 4 * ROW + RADIUS, "Letters: evidence, A strong, D weak. BW: body weights.")
    if outside:
        drawing.text(WIDTH - RADIUS, LEGEND, "* outside the data", text_anchor="end")


def load_words(known: BoundedIndicator | None) -> str:
    """Return the value, range and grade of an indicator in words."""
    if not known:
        return "unknown"
    bounds = f"{known['low']:.3g} to {known['high']:.3g}"
    if "value" not in known:
        return f"unknown, range {bounds}, evidence grade {known['evidence']}"
    return f"{known['value']:.3g} ({bounds}), evidence grade {known['evidence']}"


def aim(interval: float, gait: Gait) -> str:
    """Return whom a range aims at and what it allows for; the caller continues the list.

    Examples
    --------
    >>> aim(0.9, "run")
    'aims at 90% of people like those studied (studies of 4 to 13) and allows for differences between people'
    """
    people = [int(row["n"]) for row in table("ratios") if row["gait"] == gait]
    return (
        f"aims at {percent(interval)} of people like those studied (studies of {min(people)} to {max(people)}) and "
        "allows for differences between people"
    )


def ground(grade: float) -> str:
    """Return a grade in words.

    Examples
    --------
    >>> ground(0.0), ground(-0.05)
    ('level', 'grade -5%')
    """
    return f"grade {percent(grade)}" if grade else "level"


def percent(part: float) -> str:
    """Return a share in percent.

    Examples
    --------
    >>> percent(0.9), percent(0.925)
    ('90%', '92.5%')
    """
    decimal = f"{part:.1%}".rstrip("%")
    return f"{decimal.rstrip('0').rstrip('.')}%"
