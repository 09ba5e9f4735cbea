"""Builds the page: one HTML file with its style and chart inside, without scripts, that loads nothing."""

import hashlib
from base64 import b64encode
from collections.abc import Sequence
from functools import cache
from html import escape
from math import ceil
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from retrorun.app.bulk.command import spaced
from retrorun.app.pages.files import STATIC
from retrorun.app.pages.svg import FONT, RADIUS, Axis, Drawing, dark_rules, element, rounded_up, ticks, width_of
from retrorun.app.strava.summary import Line, Period, Summary
from retrorun.models.vocabulary.answer import Graded, Interval

HERE: Final = Path(__file__).parent
SHOWN: Final = 500
"""Most activities listed on the page. The table has all."""

WIDTH: Final = 800
TOP: Final = 70
BOTTOM: Final = 330
HEIGHT: Final = 380
MARGIN: Final = 92
MOST_TICKS: Final = 6
SHARE: Final = 0.4
"""Share of a period's width that each of its two bars has."""
SWATCH: Final = 26

MINUTE_S: Final = 60
METRES: Final = 1000
NO_BREAK: Final = "\N{NO-BREAK SPACE}"


@cache
def style() -> Markup:
    """Return the style of the page: that of the pages of the service, and the colours of the chart."""
    parts = (STATIC / "page.css", STATIC / "documents.css", HERE / "page.css")
    return Markup("\n".join((*(part.read_text(encoding="utf-8") for part in parts), dark_rules())))


@cache
def policy() -> str:
    """Return the content security policy of the page, which allows only its own style."""
    digest = b64encode(hashlib.sha256(style().encode()).digest()).decode()
    return f"default-src 'none'; style-src 'sha256-{digest}'; img-src data:; base-uri 'none'; form-action 'none'"


def page(summary: Summary) -> str:
    """Return the page of an export as HTML. Every text of the export is escaped."""
    word, periods = summary.periods()
    newest = sorted(summary.lines, key=lambda line: line.start.timestamp() if line.start else 0.0, reverse=True)
    return PAGE.render(
        summary=summary,
        total=summary.energy(summary.lines) if summary.lines else None,
        distance_m=sum(line.distance_m for line in summary.lines),
        moving_s=sum(line.moving_s for line in summary.lines),
        undated=sum(line.start is None for line in summary.lines),
        word=word,
        periods=periods,
        chart=chart(word, periods) if periods else "",
        lines=newest[:SHOWN],
        style=style(),
        policy=policy(),
    )


def chart(word: str, periods: Sequence[Period]) -> Markup:
    """Return the energy of each period as a bar as done, and one backward."""
    drawing = Drawing("auto")
    most = max(period.energy.turned["value"] for period in periods if period.energy)
    most = max([most, *(period.energy.done["value"] for period in periods if period.energy)])
    across = Axis(0.0, len(periods), MARGIN, WIDTH - RADIUS)
    up = Axis(0.0, rounded_up(most, MOST_TICKS), BOTTOM, TOP)
    drawing.frame(across, up, ticks(up.low, up.high, MOST_TICKS))
    drawing.text(RADIUS, TOP - FONT, "kcal")
    x = float(MARGIN)
    for name, label in (("forward", "as done"), ("backward", "backward")):
        drawing.bar((x, FONT - RADIUS), (SWATCH, FONT), fill=name, stroke="none")
        drawing.text(x + SWATCH + RADIUS, FONT + RADIUS, label)
        x += SWATCH + width_of(label) + FONT
    each = max(map(width_of, (period.label for period in periods))) + FONT
    step = ceil(each / (across.at(1) - across.at(0)))
    for place, period in enumerate(periods):
        if place % step == 0:
            drawing.text(across.at(place), BOTTOM + FONT + RADIUS, period.label)
        if period.energy is None:
            continue
        found = (("forward", "as done", period.energy.done), ("backward", "backward", period.energy.turned))
        for number, (name, label, energy) in enumerate(found):
            left, top = across.at(place + SHARE * number), up.at(energy["value"])
            title = element("title", escape(f"{period.label}, {label}: {kcal(energy)}"))
            size = {"width": f"{across.at(SHARE) - across.at(0):.2f}", "height": f"{up.start - top:.2f}"}
            drawing.add("rect", title, fill=name, x=f"{left:.2f}", y=f"{top:.2f}", **size)
    title = f"Energy of each {word}, as done and backward"
    highest = max((period for period in periods if period.energy), key=lambda period: period.energy.done["value"])  # type: ignore[union-attr]  # those without energy are left out
    about = f"{len(periods)} bars of each kind. The highest as done is that of {highest.label}."
    return Markup(drawing.svg(WIDTH, HEIGHT, title=title, description=about))


def kcal(energy: Graded | Interval) -> str:
    """Return an energy with its range.

    Examples
    --------
    >>> kcal({"value": 12345.6, "low": 9876.6, "high": 15432.1}).replace(NO_BREAK, " ")
    '12 346 kcal (9 877 to 15 432)'
    """
    value, low, high = (whole(energy["value"]), whole(energy["low"]), whole(energy["high"]))
    return f"{value}{NO_BREAK}kcal ({low} to {high})"


def whole(number: float) -> str:
    """Return a number without decimals, with spaces between its thousands that do not break."""
    return spaced(round(number)).replace(" ", NO_BREAK)


def ratio(interval: Graded | Interval) -> str:
    """Return a ratio with its range.

    Examples
    --------
    >>> ratio({"value": 1.3, "low": 1.0, "high": 1.7})
    '1.30 (1.00 to 1.70)'
    """
    return f"{interval['value']:.2f} ({interval['low']:.2f} to {interval['high']:.2f})"


def km(distance_m: float) -> str:
    """Return a distance in kilometres.

    Examples
    --------
    >>> km(12345678.0).replace(NO_BREAK, " ")
    '12 345.7 km'
    """
    return f"{distance_m / METRES:,.1f} km".replace(",", NO_BREAK).replace(" ", NO_BREAK)


def time(duration_s: float) -> str:
    """Return a duration in hours and minutes.

    Examples
    --------
    >>> time(3661.0).replace(NO_BREAK, " "), time(59.0).replace(NO_BREAK, " ")
    ('1 h 1 min', '1 min')
    """
    hours, minutes = divmod(round(duration_s / MINUTE_S), MINUTE_S)
    return (f"{spaced(hours)} h {minutes} min" if hours else f"{minutes} min").replace(" ", NO_BREAK)


def day(line: Line) -> str:
    """Return the day of an activity, or that it is unknown."""
    return line.start.date().isoformat() if line.start else "unknown date"


PAGES: Final = Environment(
    loader=FileSystemLoader(HERE), autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
)
PAGES.filters |= {"count": spaced, "written": format}
PAGES.filters |= {each.__name__: each for each in (day, kcal, km, ratio, time)}
PAGE: Final = PAGES.get_template("page.html")
