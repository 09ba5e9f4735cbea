"""Holds what every HTML page is made with: the templates, the links between the pages, and the filters."""

import re
from functools import cache
from pathlib import Path
from typing import Final

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash

PAGES: Final = {
    "Explorer": "",
    "Evidence": "evidence",
    "Validation": "validation",
    "Models": "models",
    "References": "references",
    "API docs": "docs",
}
"""The pages that every page links to, by name, each with its address from that of the service."""


@cache
def code(name: str) -> Markup:
    """Return an id as HTML that may break after each underscore, point and bracket.

    Examples
    --------
    >>> code("cadence_ratio")
    Markup('<code>cadence_<wbr>ratio</code>')
    """
    return Markup("<code>{}</code>").format(Markup("<wbr>").join(re.findall(r"[^_.\[]*[_.\[]|[^_.\[]+", name)))


TEMPLATES: Final = Environment(
    loader=FileSystemLoader(Path(__file__).parent / "templates"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
TEMPLATES.globals |= {"PAGES": PAGES, "VERSION": __version__, "HASH": models_hash(), "zip": zip}
TEMPLATES.filters |= {"written": format, "code": code}
