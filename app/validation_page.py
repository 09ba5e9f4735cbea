"""The validation as a page for people: headings, tables and plots, without scripts."""

from collections.abc import Iterable, Sequence
from html import escape
from typing import Final, get_args

from models.comparison import ComparedIndicator, ComparedModel, Comparison
from models.pooling import RandomEffects
from models.validation import Summary, Validation, group_of

SIDE: Final = 240
PAD: Final = 40
MARK: Final = 4
"""Size of a plot, its margin and its marks, in units of its own."""

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
        f"<p>Every published measurement in the tables of this service that a model predicts, beside what the "
        f"running code gives for it. A miss lies outside the {share} interval of a group's mean. Nothing is tuned "
        f"to pass. Rows that the coefficients were made from are marked: they prove little.</p>\n",
        f"<p>Version {_text(found['version'])}, coefficients <code>{_text(found['hash'])}</code>. "
        'The same as JSON: ask this address for application/json. <a href="./">Start</a>, '
        '<a href="./docs">documentation</a>.</p>\n',
        _choices(model, indicator),
        _summary(found["summary"], share),
        _misses(found),
    ]
    sections += [
        _group(number, summary, group)
        for number, (summary, group) in enumerate(zip(found["summary"], groups.values(), strict=True))
    ]
    sections += [_spreads(found), _pooling(found), _not_predicted(found), FOOT]
    return "".join(sections)


def _choices(model: str, indicator: str) -> str:
    def links(key: str, names: Iterable[str], chosen: str) -> str:
        items = [
            f"<strong>{_text(name)}</strong>"
            if name == chosen
            else f'<a href="./validation?{key}={_text(name)}">{_text(name)}</a>'
            for name in names
        ]
        return f"<dt>By {key}</dt><dd>{', '.join(items)}</dd>"

    models = links("model", _names(ComparedModel), model)
    indicators = links("indicator", _names(ComparedIndicator), indicator)
    everything = "" if model == indicator == "all" else '<p><a href="./validation">Show everything</a></p>'
    return f'<nav aria-label="Choose"><dl>{models}{indicators}</dl>{everything}</nav>\n'


def _names(choice: object) -> tuple[str, ...]:
    return get_args(choice)


def _equation(summary: Summary | Comparison) -> str:
    return " × ".join(filter(None, (summary["model"], summary.get("direction_model", ""))))


def _summary(summaries: Sequence[Summary], share: str) -> str:
    rows = [
        (
            _equation(summary),
            summary["indicator"],
            f"{summary['gait']} {summary['direction']}",
            summary["comparisons"],
            summary["fitted_comparisons"],
            summary["out_of_range"],
            f"{_number(summary['bias'])} {_unit(summary)}",
            f"{_number(summary['root_mean_square_error'])} {_unit(summary)}",
            f"{_number(summary['mean_absolute_percentage_error'])} %",
            f"{summary['covered']} of {summary['judged']}" if summary["judged"] else "not judged",
            f"{summary['share_low']:.2f} to {summary['share_high']:.2f}" if "share_low" in summary else "",
        )
        for summary in summaries
    ]
    head = (
        *("Model", "Indicator", "Gait and direction", "Comparisons", "Made from", "Out of range", "Bias"),
        *("RMS error", "Mean absolute error", "Covered", f"{share} interval of that share"),
    )
    return f"<h2>Summary</h2>\n{_table('Each model on each indicator', head, rows)}"


def _misses(found: Validation) -> str:
    rows = [
        (
            miss["name"],
            miss["indicator"],
            f"{miss['standard_score']:+.2f}",
            "inside" if miss["in_range"] else "outside",
            miss["cause"],
        )
        for miss in found["misses"]
    ]
    head = ("Miss", "Indicator", "Error in standard deviations", "Range of the equation", "Cause")
    return f"<h2>Misses</h2>\n{_table(f'{len(rows)} misses', head, rows)}"


def _group(number: int, summary: Summary, group: Sequence[Comparison]) -> str:
    title = f"{_equation(summary)}: {summary['indicator']}, {summary['gait']} {summary['direction']}"
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
    return f"<section>\n<h2>{_text(title)}</h2>\n{_plot(number, title, group)}{_table(title, head, rows)}</section>\n"


def _verdict(comparison: Comparison) -> str:
    words = ["not judged" if "inside" not in comparison else "inside" if comparison["inside"] else "MISS"]
    words += ["made from"] * comparison["fitted"] + ["out of range"] * (not comparison["in_range"])
    return ", ".join(words)


def _doi(comparison: Comparison) -> str:
    return f"doi {comparison['doi']}" if "doi" in comparison else ""


def _plot(number: int, title: str, group: Sequence[Comparison]) -> str:
    """Return predicted against measured; a miss is a cross, anything else a circle, each with its words."""
    values = [value for comparison in group for value in (comparison["measured"], comparison["predicted"])]
    low, high = min(values), max(values)
    span = high - low or abs(high) or 1.0
    inner = SIDE - PAD - PAD

    def right(value: float) -> str:
        return f"{PAD + inner * (value - low) / span:.1f}"

    def down(value: float) -> str:
        return f"{SIDE - PAD - inner * (value - low) / span:.1f}"

    marks = []
    for comparison in group:
        x, y = right(comparison["measured"]), down(comparison["predicted"])
        words = (
            f"{comparison['study']}: measured {_number(comparison['measured'])}, predicted "
            f"{_number(comparison['predicted'])}, {_verdict(comparison)}"
        )
        missed = not comparison.get("inside", True)
        shape = (
            f'<path class="miss" transform="translate({x} {y})" d="M-{MARK}-{MARK}L{MARK} {MARK}M-{MARK} '
            f'{MARK}L{MARK}-{MARK}">'
            if missed
            else f'<circle cx="{x}" cy="{y}" r="{MARK}">'
        )
        marks.append(f"{shape}<title>{_text(words)}</title></{'path' if missed else 'circle'}>")
    misses = sum(not comparison.get("inside", True) for comparison in group)
    about = f"{len(group)} comparisons, {misses} misses as crosses; on the line predicted equals measured."
    ends = (
        f'<text x="{PAD}" y="{SIDE - PAD // MARK}">{_number(low)}</text>'
        f'<text class="end" x="{SIDE - PAD}" y="{SIDE - PAD // MARK}">{_number(high)} measured</text>'
        f'<text x="{MARK}" y="{PAD - MARK - MARK}">{_number(high)} predicted</text>'
    )
    return (
        f'<svg role="img" viewBox="0 0 {SIDE} {SIDE}" aria-labelledby="plot{number} about{number}">'
        f'<title id="plot{number}">Predicted against measured: {_text(title)}</title>'
        f'<desc id="about{number}">{about}</desc>'
        f'<rect x="{PAD}" y="{PAD}" width="{inner}" height="{inner}"/>'
        f'<line x1="{PAD}" y1="{SIDE - PAD}" x2="{SIDE - PAD}" y2="{PAD}"/>{"".join(marks)}{ends}</svg>\n'
    )


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
    return f"<h2>Rows that no model predicts</h2>\n{_table(f'{len(rows)} rows', head, rows)}"


def _table(caption: str, head: Sequence[str], rows: Iterable[Sequence[object]]) -> str:
    """Return a table; the first cell of each row names it."""
    heads = "".join(f'<th scope="col">{_text(name)}</th>' for name in head)
    body = "".join(
        f'<tr><th scope="row">{_text(first)}</th>{"".join(f"<td>{_text(cell)}</td>" for cell in rest)}</tr>\n'
        for first, *rest in rows
    )
    return (
        f'<div class="wide" role="region" tabindex="0" aria-label="{_text(caption)}"><table><caption>'
        f"{_text(caption)}</caption>\n<thead><tr>{heads}</tr></thead>\n<tbody>\n{body}</tbody></table></div>\n"
    )


def _unit(summary: Summary) -> str:
    return "" if summary["unit"] == "1" else summary["unit"]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _text(value: object) -> str:
    return escape(str(value))
