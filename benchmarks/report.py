"""Write the figures as tables, as a picture and compared with the targets."""

import operator
import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from html import escape
from pathlib import Path
from typing import Any, Final, NamedTuple

from benchmarks.server import HOUSE
from benchmarks.variants import FRAMES, VARIANTS
from benchmarks.workers import NAMES as NAMES_OF_WORKERS

RESULTS: Final = Path(__file__).with_name("results") / "latest.json"
PICTURE: Final = RESULTS.with_suffix(".svg")
PAGE: Final = HOUSE / "docs" / "performance.md"
BEGIN: Final = "<!-- figures: written by `make bench` -->"
END: Final = "<!-- end of figures -->"

LOAD: Final = "32"
"""Connections at which the targets over HTTP hold."""

NAMES: Final = {variant.key: f"({variant.key}) {variant.name}" for variant in (*VARIANTS, *FRAMES)}


class Target(NamedTuple):
    """A target and the measured value."""

    what: str
    sign: str
    limit: float
    measured: float | None
    median: float | None = None
    unit: str = ""

    def verdict(self) -> str:
        """Return whether the target was reached.

        Examples
        --------
        >>> Target("a/b", "≤", 0.45, 0.40).verdict(), Target("a/b", "≤", 0.45, None).verdict()
        ('reached', 'not measured')
        """
        if self.measured is None:
            return "not measured"
        compare: dict[str, Callable[[float, float], bool]] = {
            "≤": operator.le,
            "<": operator.lt,
            "≥": operator.ge,
            ">": operator.gt,
        }
        return "reached" if compare[self.sign](self.measured, self.limit) else "missed"


def targets(results: Mapping[str, Any]) -> list[Target]:
    """Return every target with what was measured for it; what counts is the best of the blocks, rounds and runs."""
    nothing: dict[str, None] = {"best": None, "median": None}
    ratios = results["asgi"]["ratios"]
    loaded = results["http"]["connections"][LOAD]["ratios"] if "http" in results else {}
    two = results.get("workers", {})
    service = results.get("process", {}).get("service", {})

    def target(what: str, sign: str, limit: float, found: Mapping[str, float | None], unit: str = "") -> Target:
        return Target(what, sign, limit, found["best"], found["median"], unit)

    def over(key: str, figure: str) -> Mapping[str, float | None]:
        found: Mapping[str, float | None] = loaded.get(f"a/{key}", {}).get(figure, nothing)
        return found

    at = f"HTTP, {LOAD} connections"
    return [
        target("ASGI, time of a over b", "≤", 0.46, ratios["a/b"]),
        target("ASGI, time of a over c", "≤", 0.75, ratios["a/c"]),
        target(f"{at}, requests per second of a over b", "≥", 1.8, over("b", "requests_per_s")),
        target(f"{at}, requests per second of a over c", ">", 1.0, over("c", "requests_per_s")),
        target(f"{at}, requests per second of a over d", "≥", 0.6, over("d", "requests_per_s")),
        target(f"{at}, requests per second of a over e", "≥", 0.25, over("e", "requests_per_s")),
        target(f"{at}, requests per second of a over f", "≥", 0.5, over("f", "requests_per_s")),
        target(f"{at}, p99 of a over b", "≤", 1.0, over("b", "p99_ms")),
        target("Two workers, requests per second and core over one", "≥", 0.85, two.get("ratio", nothing)),
        target("Start to first estimate", "<", 1.0, service.get("first_estimate_s", nothing), "s"),
        target("Resident memory after 1000 requests", "<", 90.0, service.get("rss_mb", nothing), "MB"),
    ]


def table(head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a Markdown table that is also readable as it is; columns after words are aligned right.

    Examples
    --------
    >>> print(table(["What", "µs"], [["a", 10.0], ["b", 9.5]]))
    | What |   µs |
    |------|-----:|
    | a    | 10.0 |
    | b    |  9.5 |
    """
    body = [list(row) for row in rows]
    words = [all(isinstance(row[column], str) for row in body) for column in range(len(head))]
    cells = [list(head), *([str(cell) for cell in row] for row in body)]
    widths = [max(len(row[column]) for row in cells) for column in range(len(head))]

    def line(row: Sequence[str]) -> str:
        padded = (
            cell.ljust(width) if left else cell.rjust(width)
            for cell, width, left in zip(row, widths, words, strict=True)
        )
        return f"| {' | '.join(padded)} |"

    rule = "|".join(
        "-" * (width + 2) if left else "-" * (width + 1) + ":" for width, left in zip(widths, words, strict=True)
    )
    return "\n".join([line(cells[0]), f"|{rule}|", *map(line, cells[1:])])


def figures(results: Mapping[str, Any]) -> str:
    """Return all tables, as Markdown."""
    versions = ", ".join(f"{name} {version}" for name, version in results["versions"].items())
    sections = [
        f"Python {results['python']}; {versions}.",
        "### Against the targets",
        table(
            ["What", "Target", "Measured", "Verdict", "Median"],
            [
                [
                    each.what,
                    f"{each.sign} {each.limit:g} {each.unit}".strip(),
                    "" if each.measured is None else f"{each.measured:.2f} {each.unit}".strip(),
                    each.verdict(),
                    "" if each.median is None else f"{each.median:.2f} {each.unit}".strip(),
                ]
                for each in targets(results)
            ],
        ),
        *asgi_section(results),
        *http_section(results),
        *workers_section(results),
        *process_section(results),
    ]
    return "\n\n".join(sections) + "\n"


def asgi_section(results: Mapping[str, Any]) -> list[str]:
    """Return the tables of the ASGI level."""
    measured = results["asgi"]
    ours = measured["variants"]["a"]["best_us"]
    sections = [
        "### At the ASGI level",
        f"Processor time of one request; best and median of {measured['rounds']} interleaved blocks of "
        f"{measured['requests_a_round']} requests. The last two columns are the service's time over that of the row.",
        table(
            ["Variant", "Best µs", "Median µs", "Answer, bytes", "a over it, best", "a over it, median"],
            [
                [
                    f"({key}) {each['name']}",
                    *(Number(each["best_us"], 1), Number(each["median_us"], 1), Number(each["answer_bytes"], 0)),
                    Number(measured["ratios"].get(f"a/{key}", {}).get("best", ours / each["best_us"]), 2),
                    *([Number(measured["ratios"][f"a/{key}"]["median"], 2)] if key in "bcd" else [Number(None, 0)]),
                ]
                for key, each in measured["variants"].items()
            ],
        ),
    ]
    if "parts" in results:
        sections += [
            "### Where the service's microseconds go",
            table(["Part", "µs"], [[each["part"], Number(each["us"], 1)] for each in results["parts"]]),
        ]
    return sections


def http_section(results: Mapping[str, Any]) -> list[str]:
    """Return the tables of the measurement over HTTP."""
    if "http" not in results:
        return []
    measured = results["http"]
    counts = sorted({each["rounds"] for each in measured["connections"].values()})
    rounds = f"{counts[0]} to {counts[-1]}"
    return [
        "### Over HTTP",
        f"Each figure is that of the best of {rounds} interleaved rounds, each of {measured['seconds_each']} s. "
        "Server µs is the processor time that the server took for each request, the kernel's part included.",
        table(
            ["Connections", "Variant", "Requests/s", "p50 ms", "p99 ms", "p99.9 ms", "Server µs"],
            [
                [
                    Number(float(connections), 0),
                    NAMES[key],
                    Number(each["requests_per_s"]["best"], 0),
                    *(Number(each[name]["best"], 2) for name in ("p50_ms", "p99_ms", "p99_9_ms")),
                    Number(each["server_us"]["best"], 0),
                ]
                for connections, found in measured["connections"].items()
                for key, each in found["variants"].items()
            ],
        ),
    ]


def workers_section(results: Mapping[str, Any]) -> list[str]:
    """Return the table of one worker and two."""
    if "workers" not in results:
        return []
    measured = results["workers"]
    return [
        "### Two workers",
        f"The best of {measured['rounds']} interleaved rounds with {measured['connections']} connections. One worker "
        "has a core for itself. Two workers have two cores, less what `wrk` takes of them.",
        table(
            ["Workers", "Requests/s", "Cores left", "Cores used", "Requests/s and core left"],
            [
                [
                    name,
                    Number(measured[name]["requests_per_s"], 0),
                    Number(measured[name]["cores_left"], 2),
                    Number(measured[name]["cores_used"], 2),
                    Number(measured[name]["requests_per_s_and_core"], 0),
                ]
                for name in NAMES_OF_WORKERS
            ],
        ),
    ]


def process_section(results: Mapping[str, Any]) -> list[str]:
    """Return the tables of start and memory."""
    if "process" not in results:
        return []
    measured, imported = results["process"], results["imports"]
    service, empty = measured["service"], measured["empty"]
    kinds = {
        "alive_s": ("Start to first answer, s", 2),
        "first_estimate_s": ("Start to first `POST /estimate`, s", 2),
        "processor_s": ("Processor time until then, s", 2),
        "rss_mb": ("Resident memory, MB", 1),
        "pss_mb": ("Proportional share of memory, MB", 1),
    }
    return [
        "### The process",
        f"Best and median of {measured['runs']} starts by turns; memory after {measured['requests']} requests, MB of a "
        "million bytes. The empty application is FastAPI with two endpoints that compute nothing.",
        table(
            ["What", "Service, best", "Empty FastAPI, best", "Service, median", "Empty FastAPI, median"],
            [
                [what, *(Number(each[name][kind], digits) for kind in ("best", "median") for each in (service, empty))]
                for name, (what, digits) in kinds.items()
            ],
        ),
        f"Importing `{imported['module']}` takes {imported['total_ms']:.0f} ms by `python -X importtime`, of which:",
        table(
            ["Package", "Modules", "Own ms"],
            [[each["package"], Number(each["modules"], 0), Number(each["own_ms"], 1)] for each in imported["packages"]],
        ),
    ]


class Number:
    """A number with the decimals to show; empty when there is none."""

    def __init__(self, value: float | None, decimals: int) -> None:
        self.text = "" if value is None else f"{value:.{decimals}f}"

    def __str__(self) -> str:
        return self.text


def with_figures(page: str, text: str) -> str:
    """Return a page with the text between the two markers replaced.

    Examples
    --------
    >>> with_figures(f"Before.\\n{BEGIN}\\nold\\n{END}\\nAfter.\\n", "new\\n").splitlines()[2:4]
    ['', 'new']
    """
    if page.count(BEGIN) != 1 or page.count(END) != 1:
        raise ValueError(f"{PAGE.name} has no place for the figures: put {BEGIN} and {END} on lines of their own.")
    return re.sub(
        f"{re.escape(BEGIN)}.*?{re.escape(END)}", lambda _: f"{BEGIN}\n\n{text}\n{END}", page, flags=re.DOTALL
    )


class Bar(NamedTuple):
    """One bar of the picture."""

    key: str
    value: float
    text: str


def panels(results: Mapping[str, Any]) -> list[tuple[str, list[Bar]]]:
    """Return what the picture shows."""
    times = results["asgi"]["variants"]
    shown = [
        (
            "Processor time of one request without a server, µs: less is better",
            [Bar(key, times[key]["best_us"], f"{times[key]['best_us']:.0f}") for key in SHOWN],
        )
    ]
    if "http" in results:
        loaded = results["http"]["connections"][LOAD]["variants"]
        for title, name, decimals in (
            (f"Requests per second over HTTP, {LOAD} connections, one core: more is better", "requests_per_s", 0),
            (f"99 % of requests answered within, {LOAD} connections, ms: less is better", "p99_ms", 1),
        ):
            values = {key: loaded[key][name]["best"] for key in SHOWN}
            shown.append((title, [Bar(key, value, f"{value:.{decimals}f}") for key, value in values.items()]))
    return shown


SHOWN: Final = tuple(variant.key for variant in VARIANTS)
"""What the picture shows: the variants that compute the answer."""

WIDTH, LEFT, LONGEST, BAR, GAP, TITLE, MARGIN = 760, 170, 500, 20, 8, 44, 16


def picture(results: Mapping[str, Any]) -> str:
    """Return the figures as an SVG of bars."""
    parts, top, words = [], MARGIN, []
    for title, bars in panels(results):
        parts.append(f'<text x="{MARGIN}" y="{top + 18}" class="title">{escape(title)}</text>')
        top += TITLE - 12
        largest = max(bar.value for bar in bars)
        for bar in bars:
            length, middle = bar.value / largest * LONGEST, top + BAR * 0.72
            parts.append(
                f'<text x="{LEFT - 10}" y="{middle:.1f}" text-anchor="end">{escape(NAMES[bar.key])}</text>'
                f'<rect x="{LEFT}" y="{top}" width="{length:.1f}" height="{BAR}" rx="2" '
                f'class="{"ours" if bar.key == "a" else "theirs"}"/>'
                f'<text x="{LEFT + length + 8:.1f}" y="{middle:.1f}">{bar.text}</text>'
            )
            top += BAR + GAP
        top += MARGIN
        words.append(f"{title}: {', '.join(f'{NAMES[bar.key]} {bar.text}' for bar in bars)}.")
    style = (
        "text{font:13px system-ui,sans-serif;fill:#1d2733}.title{font-weight:600}"
        ".ours{fill:#0b7285}.theirs{fill:#aab4be}"
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {top}" width="{WIDTH}" height="{top}" '
        'role="img" aria-labelledby="title desc">\n'
        '<title id="title">What a request costs in RetroRun and in the same service written in other ways</title>\n'
        f'<desc id="desc">{escape(" ".join(words))}</desc>\n'
        f'<style>{style}</style>\n<rect width="{WIDTH}" height="{top}" fill="#ffffff"/>\n'
        + "\n".join(parts)
        + "\n</svg>\n"
    )
