"""Say which path or method is meant if a request has another one. No path of a request is repeated."""

import re
from collections.abc import Mapping, Set
from difflib import get_close_matches
from typing import Final

from retrorun.app.http.errors.field_names import NEAR

Methods = Mapping[str, Set[str]]

LONGEST: Final = 100
"""Longest path that is compared with others."""

NO_JSON: Final = {"/workout/track", "/estimate/table"}
"""Paths with another body than JSON."""


def unknown_path(path: str, known: Methods) -> str:
    """Return what to do about an unknown path: the path that is meant, if one resembles it.

    Examples
    --------
    >>> unknown_path("/v1/Estimates/", {"/estimate": {"POST"}, "/solve": {"POST"}})
    'Unknown path. Did you mean POST /estimate? See /docs.'
    >>> unknown_path("/nothing", {"/estimate": {"POST"}})
    'Unknown path: see /docs.'
    """
    meant = _meant(path, known) if len(path) <= LONGEST else None
    if meant is None:
        return "Unknown path: see /docs."
    return f"Unknown path. Did you mean {sorted(known[meant] - {'HEAD', 'OPTIONS'})[0]} {meant}? See /docs."


def other_method(path: str, allow: str, query: bytes = b"") -> str:
    """Return which method to use; also what to do with the fields of a query that belong in the body.

    Examples
    --------
    >>> other_method("/estimate", "POST", b"body_mass_kg=70"), other_method("/models", "GET")
    ('Use POST with a JSON body.', 'Use GET for this path.')
    """
    if query and allow == "POST" and path not in NO_JSON:
        return "Use POST with a JSON body."
    return f"Use {allow.replace(', ', ' or ')} for this path."


def _meant(path: str, known: Methods) -> str | None:
    """Return the known path that another one resembles, or None."""
    named = {each for each in known if "{" not in each and each != "/"}
    plain = re.sub("/+", "/", f"/{path.lower().strip('/')}").replace("_", "/")
    ends = [each for each in named if plain.endswith(each)]
    if ends:
        return max(ends, key=len)
    # A service has often a version or a folder in front.
    short = re.sub(r"^(?:/(?:v\d+|api))+(?=/)", "", plain)
    near = get_close_matches(short, sorted(named), 1, NEAR)
    return near[0] if near else None
