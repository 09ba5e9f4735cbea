"""The validation as a page for people: headings, tables and plots, without scripts."""

from collections.abc import Iterable, Sequence
from html import escape
from math import ceil, floor
from typing import Final, get_args

from models.comparison import ComparedIndicator, ComparedModel, Comparison
from models.conclusions import Coverage
from models.pooling import RandomEffects
from models.validation import Miss, Summary, Validation, group_of

SIDE: Final = 240
PAD: Final = 40
MARK: Final = 4
"""Size of a plot, its margin and its marks, in units of its own."""

MODEL_TITLES: Final[dict[str, str]] = {
    "looney2019": "Looney 2019",
    "looney2025": "Looney 2025",
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
    "peak_vertical_force": "Peak vertical force",
    "peak_vertical_force_ratio": "Peak vertical force ratio",
    "patellofemoral_peak_force": "Kneecap joint peak force",
    "patellofemoral_ratio": "Kneecap joint ratio",
    "patellofemoral_impulse": "Kneecap joint impulse",
    "knee_extensor_moment_ratio": "Knee extensor moment ratio",
    "achilles_relative_load": "Achilles load",
    "tibial_compression_peak": "Tibial compression",
    "tibial_compression_peak_of_measured_force": "Tibial compression, measured force",
}
"""What people call each model."""

INDICATOR_TITLES: Final[dict[str, str]] = {
    "oxygen_uptake_ml_kg_min": "Oxygen uptake",
    "net_cost_j_kg_m": "Net cost of distance",
    "total_energy": "Total energy, backward over forward",
    "cadence_steps_per_min": "Cadence",
    "contact_time_s": "Ground contact time",
    "cadence": "Cadence, backward over forward",
    "contact_time": "Ground contact time, backward over forward",
    "peak_vertical_force_bw": "Peak vertical force",
    "peak_vertical_force": "Peak vertical force, backward over forward",
    "patellofemoral_peak_force_bw": "Kneecap joint peak force",
    "patellofemoral_peak_force": "Kneecap joint peak force, backward over forward",
    "patellofemoral_peak_force_change": "Kneecap joint peak force, change with speed",
    "patellofemoral_impulse_per_km_change": "Kneecap joint impulse per km, change with speed",
    "knee_extensor_moment_ratio": "Knee extensor moment, backward over forward",
    "achilles_relative_load": "Achilles load, relative to running at 3 m/s",
    "tibial_compression_peak_bw": "Peak tibial compression",
}
"""What people call each indicator."""


class Html(str):
    """Text that is HTML already and is not escaped again."""

    __slots__ = ()


HEAD: Final = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>RetroRun: validation</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="./static/validation.css">
</head>
<body>
<main>
<h1>Validation</h1>
"""
FOOT: Final = "</main>\n</body>\n</html>\n"


def page(found: Validation, *, model: str, indicator: str) -> str:
    """Return the page of a validation.

    Parameters
    ----------
    found : Validation
        What to show.
    model, indicator : str
        The choice it was made for, "all" for no choice.

    Returns
    -------
    str
        HTML with every text escaped, without scripts and style attributes.
    """
    share = f"{found['group_interval']:.0%}"
    groups: dict[tuple[str, ...], list[Comparison]] = {}
    for comparison in found["comparisons"]:
        groups.setdefault(group_of(comparison), []).append(comparison)
    sections = [
        HEAD,
        f"<p>Every value from the literature in the tables of this service that a model predicts, beside what the "
        f"running code gives for it. Most are means of groups; those of the Compendium are table values without n. A "
        f"miss lies outside the {share} interval of a group's mean. Nothing is tuned to "
        f"pass. Rows that the coefficients were made from are marked: they prove little.</p>\n",
        _glossary(share),
        f"<p>Version {_text(found['version'])}, coefficients <code>{_text(found['hash'])}</code>. "
        'The same as JSON: ask this address for application/json. <a href="./">Start</a>, '
        '<a href="./docs">documentation</a>.</p>\n',
        _choices(model, indicator),
        _coverage(found["coverage"], share),
        _summary(found["summary"], share),
        _misses(found),
    ]
    chosen = not model == indicator == "all"
    sections.append("<h2>Every comparison</h2>\n")
    sections += [
        _group(number, summary, group, chosen=chosen)
        for number, (summary, group) in enumerate(zip(found["summary"], groups.values(), strict=True))
    ]
    sections += [_spreads(found), _pooling(found), _not_predicted(found), FOOT]
    return "".join(sections)


def _glossary(share: str) -> str:
    return (
        "<p><strong>Standing</strong>: whether a measured value was published as it stands, is quoted from a second "
        "source, or was derived by arithmetic. <strong>Judged</strong>: a comparison that has an interval. "
        f"<strong>Covered</strong>: a judged one inside its {share} interval.<br>\n"
        "<strong>Person part</strong>: how much people differ at the same bout; in the mean of a group it shrinks with "
        "the number of people. <strong>Model part</strong>: how far an equation may be off for everyone; it does not "
        "shrink.</p>\n"
    )


def _choices(model: str, indicator: str) -> str:
    def links(key: str, titles: dict[str, str], names: Iterable[str], chosen: str) -> str:
        items = [
            f"<li><strong>{_text(titles[name])}</strong> {_code(name)}</li>"
            if name == chosen
            else f'<li><a href="./validation?{key}={_text(name)}">{_text(titles[name])}</a> {_code(name)}</li>'
            for name in names
        ]
        return f"<h3>By {key}</h3>\n<ul>{''.join(items)}</ul>\n"

    models = links("model", MODEL_TITLES, _names(ComparedModel), model)
    indicators = links("indicator", INDICATOR_TITLES, _names(ComparedIndicator), indicator)
    chosen = [
        f"{_text(titles[name])} {_code(name)}"
        for titles, name in ((MODEL_TITLES, model), (INDICATOR_TITLES, indicator))
        if name != "all"
    ]
    shown = f'<p>Shown: {", ".join(chosen)} alone. <a href="./validation">Show everything</a></p>\n' if chosen else ""
    return (
        f'<nav aria-label="Choose">{shown}<details><summary>Choose one model or one indicator</summary>\n'
        f"{models}{indicators}</details></nav>\n"
    )


def _names(choice: object) -> tuple[str, ...]:
    return get_args(choice)


def _ids(item: Summary | Comparison | Miss) -> list[str]:
    return [item["model"], *([item["direction_model"]] if "direction_model" in item else [])]


def _model(item: Summary | Comparison | Miss) -> str:
    return " × ".join(MODEL_TITLES[name] for name in _ids(item))


def _model_cell(item: Summary | Comparison | Miss) -> Html:
    return Html(f"{_text(_model(item))} <small>{' × '.join(_code(name) for name in _ids(item))}</small>")


def _indicator_cell(item: Summary | Comparison | Miss) -> Html:
    name = item["indicator"]
    return Html(f"{_text(INDICATOR_TITLES[name])} <small>{_code(name)}</small>")


def _coverage(coverage: Sequence[Coverage], share: str) -> str:
    if not coverage:
        return ""
    sentences = "".join(
        f"<li><strong>{_text(MODEL_TITLES[each['model']])}</strong>: {_text(each['conclusion'])}</li>\n"
        for each in coverage
    )
    rows = [
        (
            Html(f"{_text(MODEL_TITLES[each['model']])} <small>{_code(each['model'])}</small>"),
            each["comparisons"],
            f"{each['covered']} of {each['judged']}" if each["judged"] else "not judged",
            f"{each['share_covered']:.0%}" if "share_covered" in each else "",
            f"{each['share_low']:.2f} to {each['share_high']:.2f}" if "share_low" in each else "",
        )
        for each in coverage
    ]
    head = ("Model", "Comparisons", "Covered", "Share", f"{share} interval of that share")
    return (
        f"<h2>What to conclude</h2>\n<ul>\n{sentences}</ul>\n"
        f"{_table(f'How often each model covers what was measured; it aims at {share}', head, rows)}"
    )


def _summary(summaries: Sequence[Summary], share: str) -> str:
    rows = [
        (
            Html(f'<a href="#comparisons{number}">{_text(_model(summary))}</a> <small>{ids}</small>'),
            _indicator_cell(summary),
            f"{summary['gait']} {summary['direction']}",
            summary["comparisons"],
            f"{summary['covered']} of {summary['judged']}" if summary["judged"] else "not judged",
            f"{summary['share_low']:.2f} to {summary['share_high']:.2f}" if "share_low" in summary else "",
            _with_unit(summary["bias"], summary),
            _with_unit(summary["root_mean_square_error"], summary),
            f"{_number(summary['mean_absolute_percentage_error'])} %",
            summary["fitted_comparisons"],
            summary["out_of_range"],
        )
        for number, summary in enumerate(summaries)
        for ids in [" × ".join(_code(name) for name in _ids(summary))]
    ]
    head = (
        *("Model", "Indicator", "Gait and direction", "Comparisons", "Covered", f"{share} interval of that share"),
        *("Bias", "RMS error", "Mean absolute percentage error", "Made from", "Out of range"),
    )
    return f"<h2>Summary</h2>\n{_table('Each model on each indicator', head, rows)}"


def _misses(found: Validation) -> str:
    if not found["misses"]:
        return f"<h2>Misses</h2>\n<p>None among {_count(len(found['comparisons']), 'comparison')}.</p>\n"
    rows = [
        (
            miss["name"].rpartition(": ")[0],
            _model_cell(miss),
            _indicator_cell(miss),
            f"{miss['standard_score']:+.2f}",
            "inside" if miss["in_range"] else "outside",
            miss["cause"],
        )
        for miss in found["misses"]
    ]
    published = len({(miss["table"], row) for miss in found["misses"] for row in miss["rows"]})
    title = (
        f"{len(rows)} of {_count(len(found['comparisons']), 'comparison')}, from {_count(published, 'published row')}"
    )
    head = ("Miss", "Model", "Indicator", "Error in standard deviations", "Range of the equation", "Cause")
    return f"<h2>Misses</h2>\n{_table(title, head, rows)}"


def _group(number: int, summary: Summary, group: Sequence[Comparison], *, chosen: bool) -> str:
    title = f"{INDICATOR_TITLES[summary['indicator']]}, {summary['gait']} {summary['direction']}: {_model(summary)}"
    rows = [
        (
            comparison["study"],
            _number(comparison["speed_m_s"]) if "speed_m_s" in comparison else "",
            _number(comparison["grade"]) if "grade" in comparison else "",
            comparison.get("n", ""),
            _number(comparison["measured"]),
            _number(comparison["predicted"]),
            f"{comparison['error']:+.3g}",
            f"{comparison['relative_error']:+.1%}",
            f"{comparison['standard_score']:+.2f}" if "standard_score" in comparison else "",
            _verdict(comparison),
            "; ".join(filter(None, (comparison.get("standing"), _doi(comparison), comparison.get("note")))),
        )
        for comparison in group
    ]
    unit = _unit(summary) or "ratio"
    head = (
        *("Study", "Speed, m/s", "Grade", "n", f"Measured, {unit}", f"Predicted, {unit}", "Error"),
        *("Error, %", "Error in standard deviations", "Verdict", "Standing and note"),
    )
    missed = summary["judged"] - summary["covered"]
    told = f"{_count(len(group), 'comparison')}, {missed or 'none'} outside" if summary["judged"] else "not judged"
    ids = " × ".join(_code(name) for name in _ids(summary))
    return (
        f"<details{' open' if missed or chosen else ''}><summary><h3>{_text(title)}</h3> {told}</summary>\n"
        f'<p id="comparisons{number}">Indicator {_code(summary["indicator"])}, model {ids}</p>\n'
        f"{_plot(number, title, unit, group)}{_table(title, head, rows)}</details>\n"
    )


def _verdict(comparison: Comparison) -> str:
    words = ["not judged" if "inside" not in comparison else "inside" if comparison["inside"] else "MISS"]
    words += ["made from"] * comparison["fitted"] + ["out of range"] * (not comparison["in_range"])
    return ", ".join(words)


def _doi(comparison: Comparison) -> str:
    name = comparison.get("doi", "")
    return f"doi {name}" if "/" in name else name


def _plot(number: int, title: str, unit: str, group: Sequence[Comparison]) -> str:
    """Return predicted against measured; a miss is a cross, anything else a circle, each with its words."""
    low, high = _axis([value for comparison in group for value in (comparison["measured"], comparison["predicted"])])
    inner = SIDE - PAD - PAD

    def right(value: float) -> str:
        return f"{PAD + inner * (value - low) / (high - low):.1f}"

    def down(value: float) -> str:
        return f"{SIDE - PAD - inner * (value - low) / (high - low):.1f}"

    marks = []
    for comparison in group:
        x, y = right(comparison["measured"]), down(comparison["predicted"])
        words = (
            f"{comparison['study']}: measured {_number(comparison['measured'])}, predicted "
            f"{_number(comparison['predicted'])}, {_verdict(comparison)}"
        )
        missed = not comparison.get("inside", True)
        kind = "" if "inside" in comparison else ' class="unjudged"'
        shape = (
            f'<path class="miss" transform="translate({x} {y})" d="M-{MARK}-{MARK}L{MARK} {MARK}M-{MARK} '
            f'{MARK}L{MARK}-{MARK}">'
            if missed
            else f'<circle{kind} cx="{x}" cy="{y}" r="{MARK}">'
        )
        marks.append(f"{shape}<title>{_text(words)}</title></{'path' if missed else 'circle'}>")
    misses = sum(not comparison.get("inside", True) for comparison in group)
    about = f"{_count(len(group), 'comparison')}, {misses or 'none'} outside the interval."
    bottom, gap = SIDE - PAD, MARK + MARK
    ends = (
        f'<text x="{PAD}" y="{bottom + gap + MARK}">{_number(low)}</text>'
        f'<text class="end" x="{bottom}" y="{bottom + gap + MARK}">{_number(high)}</text>'
        f'<text class="end" x="{bottom}" y="{SIDE - gap}">Measured, {_text(unit)}</text>'
        f'<text class="end" x="{PAD - MARK}" y="{bottom}">{_number(low)}</text>'
        f'<text class="end" x="{PAD - MARK}" y="{PAD + gap}">{_number(high)}</text>'
        f'<text x="{PAD}" y="{PAD - gap}">Predicted, {_text(unit)}</text>'
    )
    judged = ["circle inside the interval", "cross outside it"]
    unjudged = ["dashed circle not judged"] if any("inside" not in comparison for comparison in group) else []
    caption = ", ".join([*judged, *unjudged, "line predicted equals measured"]).capitalize()
    return (
        f'<figure><svg role="img" viewBox="0 0 {SIDE} {SIDE}" aria-labelledby="plot{number} about{number}">'
        f'<title id="plot{number}">Predicted against measured: {_text(title)}</title>'
        f'<desc id="about{number}">{about}</desc>'
        f'<rect x="{PAD}" y="{PAD}" width="{inner}" height="{inner}"/>'
        f'<line x1="{PAD}" y1="{bottom}" x2="{bottom}" y2="{PAD}"/>{"".join(marks)}{ends}</svg>\n'
        f"<figcaption>{caption}.</figcaption></figure>\n"
    )


def _axis(values: Sequence[float]) -> tuple[float, float]:
    """Return round ends of an axis, far enough from every value that no mark lies on the frame.

    Examples
    --------
    >>> _axis([12.4, 23.6]), _axis([1.3])
    ((9.0, 27.0), (1.2, 1.5))
    """
    low, high = min(values), max(values)
    step = float(f"{(high - low or abs(high) or 1.0) / MARK:.0e}")
    first, last = floor(low / step - 1 / MARK), ceil(high / step + 1 / MARK)
    return float(f"{first * step:.6g}"), float(f"{last * step:.6g}")


def _spreads(found: Validation) -> str:
    if "spreads" not in found:
        return ""
    rows = [
        (
            spread["study"],
            f"{spread['gait']} {spread['direction']}",
            _number(spread["speed_m_s"]) if "speed_m_s" in spread else "",
            spread["n"],
            f"{spread['published_cv']:.1%}",
            f"{spread['model_cv']:.1%}",
            f"{spread['published_over_model']:.2f}, {spread['low']:.2f} to {spread['high']:.2f}",
            "holds 1" if spread["holds_one"] else "MISS: does not hold 1",
        )
        for spread in found["spreads"]
    ]
    head = (
        *("Study", "Gait and direction", "Speed, m/s", "n", "Published", "Model", "Published over model"),
        "Verdict",
    )
    left = [(item["study"], item["row"], item["reason"]) for item in found["spreads_left_out"]]
    return (
        f"<h2>Spread between people</h2>\n{_table('Published spreads and the person part', head, rows)}"
        f"{_table('Published spreads left out', ('Study', 'Row', 'Reason'), left)}"
    )


def _pooling(found: Validation) -> str:
    if "pooling" not in found:
        return ""
    pooled = found["pooling"]
    analyses = [("as in the table", pooled["analysis"])] if "analysis" in pooled else []
    analyses += [(f"correlation {each['correlation']:g}", each) for each in pooled["by_correlation"]]
    rows = [(name, *_effects(each)) for name, each in analyses]
    head = ("Standard errors", "Studies", "Mean ratio", "Interval of the mean", "A further study", "tau")
    without, bound = ", ".join(study["study"] for study in pooled["without_standard_error"]), pooled["not_pooled"]
    return (
        f"<h2>The running ratio as random effects</h2>\n{_table('Backward over forward', head, rows)}"
        f"<p>Without a standard error, and so not here: {_text(without) or 'none'}. Not pooled: "
        f"{_text(bound['study'])}; at its weak bound of {bound['bound']:.2f} the unweighted log mean would be "
        f"{bound['pooled_with_bound']:.2f} and not {bound['pooled']:.2f}, with a standard deviation of the logs of "
        f"{bound['sd_log_with_bound']:.2f}.</p>\n"
    )


def _effects(each: RandomEffects) -> tuple[str, ...]:
    further = f"{each['prediction_low']:.2f} to {each['prediction_high']:.2f}" if "prediction_low" in each else ""
    return (
        ", ".join(study["study"] for study in each["studies"]),
        f"{each['backward_over_forward']:.3f}",
        f"{each['low']:.2f} to {each['high']:.2f}",
        further,
        f"{each['tau']:.3f}",
    )


def _not_predicted(found: Validation) -> str:
    if "not_predicted" not in found:
        return ""
    rows = [
        (f"{item['table']} {item['row']}", item["study"], item["quantity"], item["reason"])
        for item in found["not_predicted"]
    ]
    head = ("Row", "Study", "Quantity", "Reason")
    return f"<h2>Rows that no model predicts</h2>\n{_table(_count(len(rows), 'row'), head, rows)}"


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; the first cell of each row names it.

    Each cell carries its heading and every element its role: on a narrow screen a row is laid out as a card.
    """
    heads = "".join(f'<th role="columnheader" scope="col">{_text(name)}</th>' for name in head)
    _, *labels = map(_text, head)

    def cells(rest: Sequence[object]) -> str:
        return "".join(
            f'<td role="cell" data-label="{label}">{_cell(cell)}</td>' for label, cell in zip(labels, rest, strict=True)
        )

    body = "".join(
        f'<tr role="row"><th role="rowheader" scope="row">{_cell(first)}</th>{cells(rest)}</tr>\n'
        for first, *rest in rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{_text(caption)}"><table role="table"><caption>'
        f'{_text(caption)}</caption>\n<thead role="rowgroup"><tr role="row">{heads}</tr></thead>\n'
        f'<tbody role="rowgroup">\n{body}</tbody></table></div>\n'
    )


def _cell(value: object) -> str:
    return value if isinstance(value, Html) else _text(value)


def _code(name: str) -> str:
    """Return an id that may break after its underscores."""
    return f"<code>{_text(name).replace('_', '_<wbr>')}</code>"


def _count(number: int, noun: str) -> str:
    """Return a number with its noun.

    Examples
    --------
    >>> _count(1, "row"), _count(0, "row")
    ('1 row', '0 rows')
    """
    return f"{number} {noun}{'' if number == 1 else 's'}"


def _with_unit(value: float, summary: Summary) -> str:
    return f"{_number(value)} {_unit(summary)}".rstrip()


def _unit(summary: Summary) -> str:
    return "" if summary["unit"] == "1" else summary["unit"]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _text(value: object) -> str:
    return escape(str(value))
