"""Draws SVG: axes, lines, bands, marks and bars. A plotting library on the server would be much larger.

Colours are presentation attributes, which no content security policy blocks. Each element has a class too, so that the
style sheet of the theme `auto` can make it dark. If the page forbids the style sheet, the drawing stays light.
"""

from collections.abc import Sequence
from html import escape
from math import ceil, floor, log10
from typing import Any, Final, Literal, NamedTuple, TypeAlias

Theme: TypeAlias = Literal["light", "dark", "auto"]
Point: TypeAlias = tuple[float, float]

COLOURS: Final[dict[str, dict[str, str]]] = {
    "light": {
        "paper": "#ffffff",
        "ink": "#1f2328",
        "faint": "#d0d7de",
        "forward": "#0072b2",
        "backward": "#d55e00",
    },
    "dark": {
        "paper": "#0d1117",
        "ink": "#e6edf3",
        "faint": "#3d444d",
        "forward": "#56b4e9",
        "backward": "#e69f00",
    },
    "page": {
        "ink": "CanvasText",
        "faint": "color-mix(in srgb, CanvasText 40%, Canvas)",
        "miss": "light-dark(#b3261e, #ff8a80)",
        "backward": "light-dark(#b8500a, #f59a4c)",
    },
}
"""Colour of each role, from the palette of Okabe and Ito, which colour-blind people can distinguish.

The theme "page" takes the colours of the page, light or dark.
"""

FONT: Final = 22
"""Height of the letters: about 10 pixels if the drawing is 360 pixels wide."""
HEADLINE: Final = 26
LETTER: Final = 0.56
"""About the width of a letter over its height."""

THICK: Final = 4
THIN: Final = 2
TINT: Final = 0.18
"""Widths of lines, and opacity of a band."""

RADIUS: Final = 7
SHAPES: Final = (
    "M{r} 0A{r} {r} 0 1 1 -{r} 0A{r} {r} 0 1 1 {r} 0Z",
    "M-{r} -{r}H{r}V{r}H-{r}Z",
    "M0 -{r}L{r} {r}H-{r}Z",
    "M0 -{r}L{r} 0L0 {r}L-{r} 0Z",
    "M0 {r}L{r} -{r}H-{r}Z",
)
"""Outlines of marks: circle, square, triangle, diamond, triangle upside down."""
CROSS: Final = "M-{r} -{r}L{r} {r}M-{r} {r}L{r} -{r}"
"""Outline of a cross, a mark without an area."""

DASHES: Final = {"forward": None, "backward": "16 5", "outside": "3 6", "unjudged": "4 4"}
STEPS: Final = (1, 2, 5, 10)
"""Allowed distances between ticks, as multiples of a power of ten."""


class Axis(NamedTuple):
    """A scale: the values of its two ends, and their places on the drawing."""

    low: float
    high: float
    start: float
    end: float

    def at(self, value: float) -> float:
        """Return the place of a value."""
        return self.start + (value - self.low) / (self.high - self.low) * (self.end - self.start)


def ticks(low: float, high: float, most: int) -> list[float]:
    """Return the round numbers between two ends, with at most `most` steps.

    Examples
    --------
    >>> ticks(1.0, 6.0, 8), ticks(0.4, 2.4, 5), ticks(0.0, 0.3, 4)
    ([1.0, 2.0, 3.0, 4.0, 5.0, 6.0], [0.5, 1.0, 1.5, 2.0], [0.0, 0.1, 0.2, 0.3])
    """
    step = _step(high - low, most)
    first, last = ceil(_plain(low / step)), floor(_plain(high / step))
    return [_plain(number * step) for number in range(first, last + 1)]


def ticks_around(low: float, high: float, most: int) -> list[float]:
    """Return round numbers, the first at or below `low` and the last at or above `high`, in steps as those of `ticks`.

    Examples
    --------
    >>> ticks_around(0.96, 1.39, 5)
    [0.9, 1.0, 1.1, 1.2, 1.3, 1.4]
    """
    step = _step(high - low, most)
    first, last = floor(_plain(low / step)), ceil(_plain(high / step))
    return [_plain(number * step) for number in range(first, last + 1)]


def rounded_up(value: float, most: int) -> float:
    """Round a positive value up to the next tick of an axis that begins at zero.

    Examples
    --------
    >>> rounded_up(23.4, 6)
    25.0
    """
    step = _step(value, most)
    return _plain(ceil(value / step) * step)


def _plain(value: float) -> float:
    """Return a number without binary rounding errors: 3 steps of 0.1 are 0.3."""
    return float(f"{value:.6g}")


def _step(span: float, most: int) -> float:
    power = 10.0 ** floor(log10(span / most))
    return next(multiple * power for multiple in STEPS if span <= multiple * power * most)


class Drawing:
    """Collects elements, each drawn over the one before, in the colours of a theme."""

    def __init__(self, theme: Theme | Literal["page"]) -> None:
        self.theme = theme
        self.colours = COLOURS["light" if theme == "auto" else theme]
        self.elements: list[str] = []

    def add(self, name: str, inside: str = "", *, fill: str = "none", stroke: str = "none", **attributes: Any) -> None:
        """Draw an element; fill and stroke are roles of `COLOURS` or "hatch", `inside` is SVG."""
        classes = []
        for paint, role in (("fill", fill), ("stroke", stroke)):
            if role in self.colours:
                classes.append(f"{paint}-{role}")
            attributes[paint] = f"url(#{role})" if role == "hatch" else self.colours.get(role, "none")
        if classes:
            attributes["class"] = " ".join(classes)
        self.elements.append(element(name, inside, **attributes))

    def open(self, **data: str) -> None:
        """Begin a group with data attributes that name its content."""
        self.elements.append(
            element("g", **{f"data-{name}": value for name, value in data.items()})[: -len("/>")] + ">"
        )

    def close(self) -> None:
        """End a group."""
        self.elements.append("</g>")

    def text(self, x: float, y: float, words: str, **attributes: Any) -> None:
        """Write a text at a place."""
        self.add("text", escape(words), fill="ink", x=_place(x), y=_place(y), **attributes)

    def line(self, points: Sequence[Point], *, stroke: str, **attributes: Any) -> None:
        """Draw a line through points."""
        self.add("path", d=_path(points), stroke=stroke, **attributes)

    def band(self, lower: Sequence[Point], upper: Sequence[Point], *, fill: str) -> None:
        """Fill the area between two lines."""
        self.add("path", d=f"{_path([*upper, *reversed(lower)])}Z", fill=fill, fill_opacity=TINT)

    def mark(self, place: Point, shape: str, *, title: str = "", stroke_width: int = THIN, **attributes: Any) -> None:
        """Draw a mark with a title, which is shown when you point at it."""
        words = element("title", escape(title)) if title else ""
        transform = "translate({} {})".format(*map(_place, place))
        self.add("path", words, d=shape.format(r=RADIUS), transform=transform, stroke_width=stroke_width, **attributes)

    def bar(self, corner: Point, size: Point, *, fill: str, stroke: str, **attributes: Any) -> None:
        """Draw a bar from its upper left corner."""
        (x, y), (width, height) = map(_place, corner), map(_place, size)
        self.add("rect", x=x, y=y, width=width, height=height, fill=fill, stroke=stroke, **attributes)

    def whisker(self, x: float, low: float, high: float) -> None:
        """Draw a vertical range with a cap at each end."""
        caps = "".join(f"M{_place(x - RADIUS)} {_place(y)}H{_place(x + RADIUS)}" for y in (low, high))
        for stroke, width in (("paper", THICK + THIN), ("ink", THIN)):
            self.add("path", d=f"{_path([(x, low), (x, high)])}{caps}", stroke=stroke, stroke_width=width)

    def frame(self, across: Axis, up: Axis, values: Sequence[float], labels: Sequence[float] = ()) -> None:
        """Draw the grid of the vertical axis and the ticks of the horizontal axis."""
        for value in values:
            y = up.at(value)
            self.line([(across.start, y), (across.end, y)], stroke="ink" if value == up.low else "faint")
            self.text(across.start - RADIUS, y + RADIUS, f"{value:g}", text_anchor="end", data_up=f"{value:g}")
        for value in labels:
            x = across.at(value)
            self.line([(x, up.start), (x, up.start + RADIUS)], stroke="ink")
            self.text(x, up.start + RADIUS + FONT, f"{value:g}", text_anchor="middle", data_across=f"{value:g}")

    def document(self, width: int, height: int, *, title: str, description: str) -> str:
        """Return the drawing as a complete SVG document: background, title and elements."""
        whole = Drawing(self.theme)
        hatch = (
            f'<defs><pattern id="hatch" width="{RADIUS}" height="{RADIUS}" patternUnits="userSpaceOnUse" '
            f'patternTransform="rotate(45)"><path class="stroke-ink" d="M0 0V{RADIUS}" stroke="{self.colours["ink"]}" '
            'stroke-width="2"/></pattern></defs>'
        )
        whole.elements.append((element("style", dark_rules()) if self.theme == "auto" else "") + hatch)
        whole.add("rect", width=width, height=height, fill="paper")
        whole.text(RADIUS, HEADLINE + RADIUS, title, font_size=HEADLINE, font_weight="bold")
        whole.elements += self.elements
        return whole.svg(width, height, title=title, description=description)

    def svg(self, width: int, height: int, *, title: str, description: str, name: str = "") -> str:
        """Return the drawing as SVG for screen readers; `name` makes its ids unique in a page."""
        words = element("title", escape(title), id=f"title{name}")
        words += element("desc", escape(description), id=f"desc{name}")
        return element(
            "svg",
            words + "\n".join(self.elements),
            xmlns="http://www.w3.org/2000/svg",
            viewBox=f"0 0 {width} {height}",
            role="img",
            aria_labelledby=f"title{name} desc{name}",
            font_family="system-ui, sans-serif",
            font_size=FONT,
        )


def element(name: str, inside: str = "", **attributes: object) -> str:
    """Return an element without the attributes that are None; `inside` is SVG.

    Examples
    --------
    >>> element("line", x1=0, stroke_width=2, data_of='a "b"')
    '<line x1="0" stroke-width="2" data-of="a &quot;b&quot;"/>'
    """
    written = "".join(
        f' {key.replace("_", "-")}="{escape(str(value))}"' for key, value in attributes.items() if value is not None
    )
    return f"<{name}{written}>{inside}</{name}>" if inside else f"<{name}{written}/>"


def width_of(words: str) -> float:
    """Return the approximate width of a text."""
    return len(words) * FONT * LETTER


def dark_rules() -> str:
    """Return the style rules that make a drawing of the theme `auto` dark."""
    rules = "".join(
        f".{paint}-{role}{{{paint}:{colour}}}"
        for role, colour in COLOURS["dark"].items()
        for paint in ("fill", "stroke")
    )
    return f"@media (prefers-color-scheme:dark){{{rules}}}"


def _path(points: Sequence[Point]) -> str:
    return "M" + "L".join(f"{_place(x)} {_place(y)}" for x, y in points)


def _place(value: float) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".")
