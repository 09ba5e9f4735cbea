"""Builds the validation page: headings, tables and plots, without scripts.

The text and the layout are in `templates/validation.html`. The template is compiled once, when the service starts.
"""

from collections.abc import Sequence
from math import ceil, floor, log10
from typing import Final

from markupsafe import Markup

from retrorun.app.pages.documents.layout import TEMPLATES, code
from retrorun.app.pages.svg import CROSS, DASHES, FONT, RADIUS, SHAPES, THICK, THIN, Axis, Drawing
from retrorun.models.validation.comparison import Comparison
from retrorun.models.validation.conclusions import judged_once
from retrorun.models.validation.validation import Miss, Summary, Validation, groups_of

SIDE: Final = 480
PAD: Final = 80
CIRCLE: Final = 3
"""Size of a plot, its margin, and line width of a circle, in units of the SVG."""
STEPS: Final = 4
"""Approximate number of steps of an axis from the lowest to the highest value."""
DECIMALS: Final = 4
"""Most decimals of a number on the page."""
MODEL_TITLES: Final[dict[str, str]] = {
    "looney2025": "Looney 2025",
    "looney2019": "Looney 2019",
    "acsm": "ACSM",
    "leger1984": "Léger 1984",
    "minetti2002": "Minetti 2002",
    "documented": "Documented ratio",
    "pooled": "Pooled ratio",
    "running_cadence": "Running cadence",
    "walking_cadence": "Walking cadence",
    "running_contact_time": "Running contact time",
    "cadence_ratio": "Cadence ratio",
    "contact_time_ratio": "Contact time ratio",
    "peak_vertical_force": "Peak ground force",
    "peak_vertical_force_ratio": "Peak ground force ratio",
    "patellofemoral_peak_force": "Peak knee-cap force",
    "patellofemoral_ratio": "Knee-cap force ratio",
    "patellofemoral_impulse": "Knee-cap impulse",
    "knee_extensor_moment_ratio": "Knee moment ratio",
    "achilles_relative_load": "Achilles load",
    "tibial_compression_peak": "Shin-bone compression",
    "tibial_compression_peak_of_measured_force": "Shin-bone compression, measured force",
}
"""Title of each model."""

INDICATOR_TITLES: Final[dict[str, str]] = {
    "oxygen_uptake_ml_kg_min": "Oxygen uptake",
    "net_cost_j_kg_m": "Net cost of distance",
    "total_energy": "Total energy, backward over forward",
    "cadence_steps_per_min": "Cadence",
    "contact_time_s": "Contact time",
    "cadence": "Cadence, backward over forward",
    "contact_time": "Contact time, backward over forward",
    "peak_vertical_force_bw": "Peak ground force",
    "peak_vertical_force": "Peak ground force, backward over forward",
    "patellofemoral_peak_force_bw": "Peak knee-cap force",
    "patellofemoral_peak_force": "Peak knee-cap force, backward over forward",
    "patellofemoral_peak_force_change": "Peak knee-cap force, change with speed",
    "patellofemoral_impulse_per_km_change": "Knee-cap impulse per km, change with speed",
    "knee_extensor_moment_ratio": "Knee moment, backward over forward",
    "achilles_relative_load": "Achilles load, relative to running at 3 m/s",
    "tibial_compression_peak_bw": "Peak shin-bone compression",
}
"""Title of each indicator."""


def page(found: Validation, *, model: str, indicator: str) -> str:
    """Return the validation page as HTML.

    Parameters
    ----------
    found : Validation
        The validation to show.
    model, indicator : str
        The chosen model and indicator, "all" for no choice.

    Returns
    -------
    str
        HTML with every text escaped, without scripts and style attributes.
    """
    chosen = ((model, MODEL_TITLES), (indicator, INDICATOR_TITLES))
    return PAGE.render(
        found=found,
        conclusion=conclusion(found),
        groups=[
            (summary, group_title(summary), "ratio" if summary["unit"] == "1" else summary["unit"], group)
            for summary, group in zip(found["summary"], groups_of(found["comparisons"]), strict=True)
        ],
        published=len({(miss["table"], row) for miss in found["misses"] for row in miss["rows"]}),
        model=model,
        indicator=indicator,
        chosen=[(name, titles[name]) for name, titles in chosen if name != "all"],
    )


def conclusion(found: Validation) -> str:
    """Return in words how often the ranges include what was measured, and which ranges are too narrow."""
    values = judged_once(found["comparisons"])
    if not values:
        return "No measurement allows a judgement of this choice."
    aim = found["group_interval"]
    fitted, unfitted = ([each["inside"] for each in values if each["fitted"] is made] for made in (True, False))
    said = "Every measured value was used in a fit."
    if unfitted:
        said = (
            f"{sum(unfitted)} of {len(unfitted)} measured values that no equation was fitted to "
            f"({sum(unfitted) / len(unfitted):.0%}) lie in our {aim:.0%} ranges."
        )
    if fitted:
        said += f" Of the values that were used in a fit, {sum(fitted)} of {len(fitted)} do: that proves little."
    said += " Each value counts once, with the default equation unless you chose another."
    narrow = [
        in_sentence(MODEL_TITLES[each["model"]])
        for each in found["coverage"]
        if "share_high" in each and each["share_high"] < aim
    ]
    if not narrow:
        return f"{said} Nothing measured contradicts a range, but the measurements are few."
    names = " and ".join(filter(None, (", ".join(narrow[:-1]), narrow[-1])))
    return f"{said} Too narrow, so trust them less than they say: the ranges of {names}."


def in_sentence(title: str) -> str:
    """Return a title as it is inside a sentence: a name keeps its first letter.

    Examples
    --------
    >>> in_sentence("Running cadence"), in_sentence("Looney 2025"), in_sentence("ACSM")
    ('running cadence', 'Looney 2025', 'ACSM')
    """
    name = title.isupper() or title[-1].isdigit() or title.startswith("Achilles")
    return title if name else title[0].lower() + title[1:]


def ids(item: Summary | Comparison | Miss) -> list[str]:
    """Return the ids of the equations of a value: a backward energy has two."""
    return [item["model"], *([item["direction_model"]] if "direction_model" in item else [])]


def codes(item: Summary | Comparison | Miss) -> Markup:
    """Return the ids of the equations of a value as HTML."""
    return Markup(" × ").join(map(code, ids(item)))


def model_title(item: Summary | Comparison | Miss) -> str:
    """Return the title of the equations of a value."""
    return " × ".join(MODEL_TITLES[name] for name in ids(item))


def group_title(summary: Summary) -> str:
    """Return the title of a group of comparisons."""
    return f"{INDICATOR_TITLES[summary['indicator']]}, {summary['gait']} {summary['direction']}: {model_title(summary)}"


def verdict(comparison: Comparison) -> str:
    """Return whether a value lies inside its interval, and the cautions for that, in words."""
    words = ["not judged" if "inside" not in comparison else "inside" if comparison["inside"] else "MISS"]
    words += ["used in the fit"] * comparison["fitted"] + ["out of range"] * (not comparison["in_range"])
    return ", ".join(words)


def standing(comparison: Comparison) -> str:
    """Return the standing of a measured value, its DOI and its note."""
    name = comparison.get("doi", "")
    doi = f"doi {name}" if "/" in name else name
    return "; ".join(filter(None, (comparison.get("standing"), doi, comparison.get("note"))))


def digits(value: float, most: int = 4, sign: str = "") -> str:
    """Return a number with at most `most` digits and `DECIMALS` decimals, and never with an exponent.

    Examples
    --------
    >>> digits(-1.504e-05), digits(0.27146), digits(123456.0), digits(1.0), digits(2.146, 3, "+")
    ('0', '0.2715', '123500', '1', '+2.15')
    """
    rounded = round(value, min(DECIMALS, most - 1 - floor(log10(abs(value))))) if value else value
    return f"{rounded:{sign}.{DECIMALS}f}".rstrip("0").rstrip(".") if rounded else "0"


def figure(group: Sequence[Comparison], number: int, title: str, unit: str) -> Markup:
    """Return a plot of predicted against measured values: a miss is a cross, any other value a circle."""
    low, high = ends([value for comparison in group for value in (comparison["measured"], comparison["predicted"])])
    left, right, top, bottom = PAD, SIDE - PAD, PAD, SIDE - PAD
    across, up = Axis(low, high, left, right), Axis(low, high, bottom, top)
    drawing = Drawing("page")
    drawing.bar((left, top), (right - left, bottom - top), fill="none", stroke="faint", stroke_width=THIN)
    drawing.line([(left, bottom), (right, top)], stroke="faint", stroke_width=THIN)
    for comparison in group:
        measured, predicted = comparison["measured"], comparison["predicted"]
        words = (
            f"{comparison['study']}: measured {digits(measured)}, predicted {digits(predicted)}, {verdict(comparison)}"
        )
        place = across.at(measured), up.at(predicted)
        if not comparison.get("inside", True):
            drawing.mark(place, CROSS, fill="none", stroke="miss", stroke_width=THICK, title=words)
            continue
        dashes = None if "inside" in comparison else DASHES["unjudged"]
        drawing.mark(
            place, SHAPES[0], fill="none", stroke="ink", stroke_width=CIRCLE, stroke_dasharray=dashes, title=words
        )
    for x, y, anchor, words in (
        (left, bottom + FONT, "start", digits(low)),
        (right, bottom + FONT, "end", digits(high)),
        (right, SIDE - FONT + RADIUS, "end", f"Measured, {unit}"),
        (left - RADIUS, bottom, "end", digits(low)),
        (left - RADIUS, top + FONT - RADIUS, "end", digits(high)),
        (left, top - FONT + RADIUS, "start", f"Predicted, {unit}"),
    ):
        drawing.text(x, y, words, text_anchor=anchor)
    misses = sum(not comparison.get("inside", True) for comparison in group)
    about = f"{len(group)} comparison{'s' * (len(group) > 1)}, {misses or 'no'} miss{'es' * (misses != 1)}."
    title = f"Predicted against measured: {title}"
    return Markup(drawing.svg(SIDE, SIDE, title=title, description=about, name=str(number)))


def ends(values: Sequence[float]) -> tuple[float, float]:
    """Return round ends of an axis, far enough from every value to keep marks off the frame.

    Examples
    --------
    >>> ends([12.4, 23.6]), ends([1.3])
    ((9.0, 27.0), (1.2, 1.5))
    """
    low, high = min(values), max(values)
    step = float(f"{(high - low or abs(high) or 1.0) / STEPS:.0e}")
    first, last = floor(low / step - 1 / STEPS), ceil(high / step + 1 / STEPS)
    return float(f"{first * step:.6g}"), float(f"{last * step:.6g}")


TEMPLATES.globals |= {"MODEL_TITLES": MODEL_TITLES, "INDICATOR_TITLES": INDICATOR_TITLES}
TEMPLATES.filters |= {each.__name__: each for each in (codes, digits, figure, model_title, standing, verdict)}
PAGE: Final = TEMPLATES.get_template("validation.html")
