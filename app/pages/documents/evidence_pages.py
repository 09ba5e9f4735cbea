"""Builds the pages of claims, models and references, without scripts."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Final, NamedTuple

from markupsafe import Markup, escape

from retrorun.app.pages.documents.layout import TEMPLATES, code
from retrorun.app.pages.documents.validation_page import MODEL_TITLES
from retrorun.app.pages.svg import FONT, RADIUS, SHAPES, THIN, Axis, Drawing, ticks_around
from retrorun.models.evidence.catalogue import Catalogue, Constant, catalogue
from retrorun.models.evidence.claim_studies import (
    EFFECTS,
    NO_EFFECT,
    VERDICTS,
    WITHOUT_EFFECT,
    studies_of,
    without_number,
)
from retrorun.models.evidence.claims import CLAIMS, MUSCLE_ROLES, evidence
from retrorun.models.sources.references import REFERENCES
from retrorun.models.vocabulary.meanings import MEANINGS

WIDTH: Final = 560
SIDE: Final = 12
VALUE: Final = 76
"""Width of a plot, its margin at both sides, and the width of the values at its right, in units of the SVG."""
LINE: Final = 27
"""Height of a line of text."""
LINES: Final = 3.4
"""Lines of a study: its name and people, its speed, its mark, and a gap."""
MOST_TICKS: Final = 5
BEYOND: Final = 0.12
"""How far the axis goes beyond the values at least, as a share of their range. It ends at a tick."""
SAME: Final = 1.0
"""The effect that means no difference."""

GERUND: Final = {"run": "running", "walk": "walking"}

GROUP_TITLES: Final = {
    "energy": "Energy",
    "direction": "Backward over forward",
    "uncertainty": "How far people and studies differ",
    "gait": "Steps and contact time",
    "load": "Joint loads",
    "surroundings": "Surroundings",
    "calibration": "Your own measurement",
    "movement": "Movement",
    "summary": "Sentences of an answer",
    "workout": "Workouts",
    "recording": "Recordings of a watch",
    "plan": "Plans",
    "practice": "Getting used to going backward",
    "plot": "Plots",
    "validation": "Validation",
    "numerics": "Numerics",
    "quantities": "Bounds of what you can send",
}
"""Title of each group of constants."""


def evidence_page() -> bytes:
    """Return the page of the claims: a card for each, with its verdict, wording, studies and sources."""
    return CLAIMS_PAGE.render(found=evidence(), grades=MEANINGS["evidence"]).encode()


def models_page() -> bytes:
    """Return the page of the equations, ratios, grades and constants."""
    found = catalogue()
    groups: defaultdict[str, list[ConstantRow]] = defaultdict(list)
    for row in constant_rows(found["constants"]):
        groups[row.group].append(row)
    return MODELS_PAGE.render(found=found, groups=groups, standings=MEANINGS["standing"]).encode()


class ConstantRow(NamedTuple):
    """A constant as the page shows it, with all its numbers."""

    name: str
    group: str
    numbers: str
    unit: str
    meaning: str
    standing: str
    references: list[str]


def constant_rows(constants: Iterable[Constant]) -> Iterator[ConstantRow]:
    """Yield each constant once, with all its numbers. A part that is described apart, as of a gait, has its row."""
    described: defaultdict[str, defaultdict[tuple[str, ...], list[Constant]]] = defaultdict(lambda: defaultdict(list))
    for constant in constants:
        description = constant["meaning"], constant["standing"], *constant["references"]
        described[base_name(constant["name"])][description].append(constant)
    for base, descriptions in described.items():
        for (meaning, standing, *references), together in descriptions.items():
            name = base if len(descriptions) == 1 else together[0]["name"].partition("[")[0]
            numbers: defaultdict[str, list[str]] = defaultdict(list)
            for constant in together:
                part = constant["name"].removeprefix(name).partition("[")[0].removeprefix(".")
                numbers[part].append(f"{constant['number']:.6g}")
            written = "; ".join(f"{part} {', '.join(each)}".strip() for part, each in numbers.items())
            words, unit = meaning_and_unit(meaning)
            yield ConstantRow(name, together[0]["group"], written, unit, words, standing, references)


def base_name(name: str) -> str:
    """Return the name of a constant without the part that tells its numbers apart.

    Examples
    --------
    >>> base_name("energy.MINETTI2002_COEFFICIENTS.walk[3]"), base_name("quantities.speed_m_s.low")
    ('energy.MINETTI2002_COEFFICIENTS', 'quantities.speed_m_s')
    """
    group, _, rest = name.partition(".")
    return f"{group}.{rest.partition('.')[0].partition('[')[0]}"


def references_page() -> bytes:
    """Return the page of the sources, with the claims, equations and constants that cite each."""
    return REFERENCES_PAGE.render(references=REFERENCES.values(), cited=cited(catalogue())).encode()


def cited(found: Catalogue) -> dict[str, list[tuple[str, str]]]:
    """Return for each source the text and the address of all that cites it: claims, then equations, then constants."""
    links: defaultdict[str, dict[str, str]] = defaultdict(dict)
    for claim in CLAIMS:
        for source in claim["sources"]:
            links[source][claim["claim"]] = f"./evidence#{claim['id']}"
    for role in MUSCLE_ROLES:
        for source in role["sources"]:
            links[source]["Joints and muscles"] = "./evidence#muscle_roles"
    for entry in (*found["energy_models"], *found["direction_models"]):
        for source in entry["references"]:
            links[source][f"{MODEL_TITLES[entry['id']]}, {entry['gait']}"] = f"./models#{entry['id']}.{entry['gait']}"
    for row in constant_rows(found["constants"]):
        for source in row.references:
            links[source][row.name] = f"./models#{row.name}"
    return {source: list(by_text.items()) for source, by_text in links.items()}


def source_links(names: Sequence[str], *, doi_too: bool = False) -> Markup:
    """Return the sources with these ids as HTML links to the page of references, on wish each with its DOI."""
    linked = []
    for name in names:
        source = REFERENCES[name]
        link = Markup('<a href="./references#{}">{}</a>').format(name, source["citation"])
        linked.append(link + (Markup(" ({})").format(doi(source["doi"])) if doi_too and "doi" in source else ""))
    return Markup("; ").join(linked)


def doi(name: str) -> Markup:
    """Return a DOI as a link.

    Examples
    --------
    >>> doi("10.7717/peerj.4640")
    Markup('<a href="https://doi.org/10.7717/peerj.4640">doi:10.7717/peerj.4640</a>')
    """
    return Markup('<a href="https://doi.org/{}">doi:{}</a>').format(name, name)


def raised(equation: str) -> Markup:
    """Return an equation as HTML with its powers raised.

    Examples
    --------
    >>> raised("a V^2 (1 - p^(1 - q^(g + s)))")
    Markup('a V<sup>2</sup> (1 - p<sup>1 - q<sup>g + s</sup></sup>)')
    """
    before, power, after = equation.partition("^")
    if not power:
        return escape(before)
    end = (
        closing(after)
        if after.startswith("(")
        else next((place for place, letter in enumerate(after) if not letter.isalnum()), len(after))
    )
    inside = after[1 : end - 1] if after.startswith("(") else after[:end]
    return escape(before) + Markup("<sup>{}</sup>").format(raised(inside)) + raised(after[end:])


def closing(text: str) -> int:
    """Return the length of the bracket with which a text begins.

    Examples
    --------
    >>> closing("(1 - (a + b)) c")
    13
    """
    depths = accumulate({"(": 1, ")": -1}.get(letter, 0) for letter in text)
    return 1 + next(place for place, depth in enumerate(depths) if not depth)


def meaning_and_unit(text: str) -> tuple[str, str]:
    """Return the meaning of a constant without its unit, and the unit; empty for a pure number.

    Examples
    --------
    >>> meaning_and_unit("Energy of a litre of oxygen [kcal/L]"), meaning_and_unit("A share [1]")
    (('Energy of a litre of oxygen', 'kcal/L'), ('A share', ''))
    """
    meaning, _, unit = text.removesuffix("]").partition(" [") if text.endswith("]") else (text, "", "")
    return meaning, "" if unit == "1" else unit


def dots(claim: str) -> Markup:
    """Return a plot of what each study measured of a claim: a dot at its effect, and a line where nothing differs."""
    studies = studies_of(claim)
    effects = [SAME, *(study["effect"] for study in studies)]
    beyond = BEYOND * (max(effects) - min(effects))
    labels = ticks_around(min(effects) - beyond, max(effects) + beyond, MOST_TICKS)
    across = Axis(labels[0], labels[-1], SIDE + FONT, WIDTH - VALUE)
    drawing = Drawing("page")
    said = []
    for place, study in enumerate(studies):
        top, effect = (LINES * place + 1) * LINE, study["effect"]
        people = f"{study['people']} people" if "people" in study else "people not known,"
        name = f"{study['study']}, {people} {GERUND[study['gait']]}"
        conditions = ", ".join(filter(None, (study["speed"], study.get("slope"))))
        drawing.text(SIDE, top, name)
        drawing.text(SIDE, top + LINE, conditions)
        row = top + 2 * LINE - RADIUS
        drawing.line([(across.start, row), (across.end, row)], stroke="faint", stroke_width=THIN)
        drawing.line([(across.at(SAME), row - LINE / 2), (across.at(SAME), row + LINE / 2)], stroke="ink")
        words = f"{name}, {conditions}: {effect:.2f}"
        drawing.mark((across.at(effect), row), SHAPES[0], fill="backward", stroke="ink", title=words)
        drawing.text(WIDTH - SIDE, row + RADIUS, f"{effect:.2f}", text_anchor="end", font_weight="bold")
        said.append(words)
    bottom = (LINES * len(studies) + 1) * LINE
    for value in labels:
        drawing.text(across.at(value), bottom, f"{value:g}", text_anchor="middle")
    return Markup(
        drawing.svg(WIDTH, round(bottom) + RADIUS, title=EFFECTS[claim], description=f"{'. '.join(said)}.", name=claim)
    )


TEMPLATES.globals |= {
    **{"EFFECTS": EFFECTS, "GROUP_TITLES": GROUP_TITLES, "MODEL_TITLES": MODEL_TITLES, "REFERENCES": REFERENCES},
    **{"NO_EFFECT": NO_EFFECT, "VERDICTS": VERDICTS, "WITHOUT_EFFECT": WITHOUT_EFFECT},
    **{"studies_of": studies_of, "without_number": without_number},
}
TEMPLATES.filters |= {each.__name__: each for each in (code, doi, dots, meaning_and_unit, raised, source_links)}
CLAIMS_PAGE: Final = TEMPLATES.get_template("evidence.html")
MODELS_PAGE: Final = TEMPLATES.get_template("models.html")
REFERENCES_PAGE: Final = TEMPLATES.get_template("references.html")
