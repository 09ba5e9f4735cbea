"""Returns what the plots of /plot draw as data, from the same curves and loads."""

from typing import Annotated, Any, Final, NotRequired

from pydantic import ConfigDict, Field, with_config
from typing_extensions import TypedDict

from retrorun.app.pages.plots import LOADS_DRAWN, energy_title, energy_words, load_ranges_words, load_title
from retrorun.app.pages.svg import Theme
from retrorun.models.validation.plot_data import UNITS, Curve, EnergyCurves, Per, energy_curves, indicator, loads
from retrorun.models.vocabulary.answer import BoundedIndicator
from retrorun.models.vocabulary.choices import DIRECTIONS, Direction, EvidenceGrade
from retrorun.models.vocabulary.quantities import QUANTITIES

X: Final = "speed_m_s"
QUANTITY: Final[dict[Per, str]] = {"second": "metabolic_power_w_kg", "km": "energy_per_km_kcal_kg"}

Double = Annotated[float, Field(json_schema_extra={"format": "double"})]


@with_config(ConfigDict(extra="forbid"))
class Series(TypedDict):
    """One quantity in one direction. Without y, low and high it is unknown; without y, only its range is known."""

    name: Annotated[str, Field(description="The quantity, by its name in an answer.")]
    direction: Annotated[Direction, Field(description="Forward or backward.")]
    unit: Annotated[str, Field(description="Unit of y, low and high.")]
    x: Annotated[list[Double], Field(description="Speeds.")]
    y: NotRequired[Annotated[list[Double], Field(description="Estimates.")]]
    low: NotRequired[Annotated[list[Double], Field(description="Lower ends of the ranges.")]]
    high: NotRequired[Annotated[list[Double], Field(description="Upper ends of the ranges.")]]
    outside_data: Annotated[list[bool], Field(description="Whether each is outside the data of its equation.")]
    evidence: NotRequired[Annotated[EvidenceGrade, Field(description="Evidence grade, A strong to D weak.")]]


@with_config(ConfigDict(extra="forbid"))
class Point(TypedDict):
    """A published value: the mean of a group, or a table value."""

    name: Annotated[str, Field(description="The study.")]
    direction: Annotated[Direction, Field(description="Forward or backward.")]
    x: Annotated[Double, Field(description="Speed.")]
    y: Annotated[Double, Field(description="The value.")]
    unit: Annotated[str, Field(description="Unit of y.")]
    standing: Annotated[str, Field(description="published, secondary or derived.")]
    group: Annotated[str, Field(description="How many people, or that it has none.")]


@with_config(ConfigDict(extra="forbid"))
class Plot(TypedDict):
    """What a plot draws."""

    title: Annotated[str, Field(description="The title.")]
    description: Annotated[str, Field(description="What it shows, its limits and cautions.")]
    x: Annotated[str, Field(description="The quantity on the horizontal axis.")]
    x_unit: Annotated[str, Field(description="Unit of x.")]
    series: Annotated[list[Series], Field(description="What is drawn with ranges.")]
    points: Annotated[list[Point], Field(description="Published values, in a plot of energy.")]
    references: Annotated[list[str], Field(description="The sources, by their id in GET /references.")]


def energy_series(*, theme: Theme = "light", **asked: Any) -> Plot:
    """Return the series of a plot of energy; the theme changes nothing here."""
    curves = energy_curves(**asked)
    return {
        "title": energy_title(curves),
        "description": energy_words(curves),
        "x": X,
        "x_unit": QUANTITIES[X].unit,
        "series": [
            _curve_series(curves, direction, curve)
            for direction, curve in zip(DIRECTIONS, (curves.forward, curves.backward), strict=True)
        ],
        "points": [
            {
                "name": point.name,
                "direction": point.direction,
                "x": point.speed_m_s,
                "y": point.value,
                "unit": UNITS[curves.per],
                "standing": point.standing,
                "group": point.group,
            }
            for point in curves.measured
        ],
        "references": curves.references,
    }


def _curve_series(curves: EnergyCurves, direction: Direction, curve: Curve) -> Series:
    return {
        "name": QUANTITY[curves.per],
        "direction": direction,
        "unit": UNITS[curves.per],
        "x": curves.speed_m_s.tolist(),
        "y": curve.value.tolist(),
        "low": curve.low.tolist(),
        "high": curve.high.tolist(),
        "outside_data": curve.outside_data.tolist(),
    }


def load_series(*, theme: Theme = "light", **asked: Any) -> Plot:
    """Return the series of a plot of loads, each at one speed; the theme changes nothing here."""
    found = loads(**asked)
    return {
        "title": load_title(found),
        "description": " ".join([found.knee, load_ranges_words(found), *found.notes]),
        "x": X,
        "x_unit": QUANTITIES[X].unit,
        "series": [
            _load_of(name, direction, indicator(section, name), found.speed_m_s, outside=name in found.outside_data)
            for name in LOADS_DRAWN
            for direction, section in zip(DIRECTIONS, (found.forward, found.backward), strict=True)
        ],
        "points": [],
        "references": found.references,
    }


def _load_of(
    name: str, direction: Direction, known: BoundedIndicator | None, speed_m_s: float, *, outside: bool
) -> Series:
    series: Series = {
        "name": name,
        "direction": direction,
        "unit": QUANTITIES[name].unit,
        "x": [speed_m_s],
        "outside_data": [outside],
    }
    if known is not None and "value" in known:
        series["y"] = [known["value"]]
    if known is not None:
        series |= {"low": [known["low"]], "high": [known["high"]], "evidence": known["evidence"]}
    return series
