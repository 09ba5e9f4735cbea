"""What pydantic finds in a request, as errors of this service: each names its field and says what to do.

Body mass and age are health data, so no error holds a value. A field that is unknown is named if it looks like a name.
"""

import copy
import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final, NamedTuple, get_args, get_origin, get_type_hints

from retrorun.app.http.errors.field_names import (
    LOOKS_LIKE_A_NAME,
    PAUSE,
    PAUSES,
    exact_field,
    known_field,
    named,
    plain,
)
from retrorun.app.http.errors.wanted import (
    Place,
    bounds,
    example_at,
    in_unit,
    name_at,
    number,
    one_of,
    required,
    shape_at,
    value_at,
    wanted,
)
from retrorun.models.vocabulary.errors import EstimateError

Entry = dict[str, Any]

NEEDS: Final = "__needs__"
"""The attribute of a request type with a function from its given fields to the errors of those that are missing."""

INSIDE: Final = "__inside__"
"""The attribute of a request type that holds others in a list: an `Inside`."""

MANY: Final = "__many__"
"""The attribute of a request type with a sentence for people who send a list of them."""

CODES: Final = {
    "float_type": "not_a_number",
    "float_parsing": "not_a_number",
    "int_type": "not_an_integer",
    "int_from_float": "not_an_integer",
    "finite_number": "not_finite",
    "greater_than_equal": "out_of_range",
    "less_than_equal": "out_of_range",
    "literal_error": "not_a_choice",
    "string_type": "not_a_string",
    "bool_type": "not_a_boolean",
    "list_type": "not_a_list",
    "too_short": "too_short",
    "too_long": "too_long",
    "not_unique": "not_unique",
    "dict_type": "not_an_object",
}
"""The code of each kind of finding."""

ENDINGS: Final = {"1": "st", "2": "nd", "3": "rd"}
"""Endings of ordinal numbers by their last digit, unless the last two are 11, 12 or 13."""


class Inside(NamedTuple):
    """A list in a request: the type of its items, its own words, and an example."""

    shape: Any
    place: str
    """As in "Put it in each segment"."""
    example: str = ""


class Found(NamedTuple):
    """The errors of a request that are listed, and how many there are."""

    entries: list[Entry]
    total: int


def pointer_to(place: Iterable[str | int]) -> str:
    """Return the JSON Pointer to a place."""
    return "".join(f"/{part}" for part in place)


def entry_of(error: EstimateError, place: Place = ()) -> Entry:
    """Return an error of the models as an entry of a problem."""
    return _entry((*place, *filter(None, [error.field])), error.code, error.message)


def entries_of(found: Sequence[Any], shape: Any, sent: object, *, most: int) -> Found:
    """Return the findings of pydantic as entries of a problem: unknown fields first, then all that is missing.

    Parameters
    ----------
    found : sequence
        The findings.
    shape : TypedDict or None
        The type of the request, to name its fields.
    sent : object
        The request as Python values, to see which fields it has and which values are null.
    most : int
        Most entries. There may be thousands of findings, so only so many are described.
    """
    unknown = [item for item in found if item["type"] == "extra_forbidden"]
    entries: list[Entry] = []
    meant: dict[Place, str] = {}
    listed: set[Place] = set()
    for item in unknown[:most]:
        *before, name = item["loc"]
        place = tuple(before)
        message, field = _unknown(str(name), place, shape, sent, brief=place in listed)
        listed |= {place} if KNOWN in message else set()
        meant |= {item["loc"]: field} if field else {}
        entries.append(_entry(place, "unknown_field", message))
    # A field that is there under another name is not missing.
    fields = {(*place[:-1], field) for place, field in meant.items()}
    missing = [item for item in found if item["type"] == "missing" and item["loc"] not in fields]
    entries += [_entry(item["loc"], "required", required(item["loc"], shape)) for item in missing[:most]]
    places = {pointer_to(item["loc"][:-1]) for item in unknown} - {""}
    lacking = []
    if any(item["type"] == "missing" and len(item["loc"]) == 1 for item in found):
        lacking = [each for each in missing_in(shape, _renamed(sent, meant)) if each["pointer"] not in places]
    wrong = [item for item in found if item["type"] not in {"extra_forbidden", "missing"}]
    entries += lacking[:most]
    for item in wrong[: most - len(entries)]:
        entries.append(_entry(item["loc"], *_wrong(item, shape, sent)))
    return Found(entries[:most], len(unknown) + len(missing) + len(lacking) + len(wrong))


def missing_in(shape: Any, sent: object, place: Place = ()) -> Iterator[Entry]:
    """Yield the errors of what is missing in a request although no field on its own is required, also inside lists."""
    if not isinstance(sent, dict) or shape is None:
        return
    yield from (entry_of(lacks, place) for lacks in getattr(shape, NEEDS, lambda _: ())(sent))
    for name, hint in get_type_hints(shape).items():
        if get_origin(hint) is list and isinstance(sent.get(name), list) and hasattr(get_args(hint)[0], NEEDS):
            for index, item in enumerate(sent[name]):
                yield from missing_in(get_args(hint)[0], item, (*place, name, index))


def _is_nothing(value: object) -> bool:
    return value is None or (isinstance(value, float) and not math.isfinite(value))


def parsed(body: bytes) -> object:
    """Return a JSON text as Python values, or None if Python cannot read what pydantic could."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def _entry(place: Place, code: str, message: str) -> Entry:
    return {"pointer": pointer_to(place), "code": code, "message": message}


def _renamed(sent: object, meant: Mapping[Place, str]) -> object:
    """Return a request with the fields that its unknown ones mean."""
    if not meant:
        return sent
    sent = copy.deepcopy(sent)
    for place, field in meant.items():
        node = value_at(place[:-1], sent)
        if isinstance(node, dict) and place[-1] in node:
            node.setdefault(field, node.pop(place[-1]))
    return sent


KNOWN: Final = "Known fields: "


def _unknown(name: str, place: Place, shape: Any, sent: object, *, brief: bool) -> tuple[str, str | None]:
    """Return the sentence about an unknown field, and the known field that it means.

    A brief one does not list the known fields.
    """
    here, node = shape_at(place, shape), value_at(place, sent)
    known = list(get_type_hints(here))
    field, hint, advice = None, "", ""
    is_name = LOOKS_LIKE_A_NAME.fullmatch(name) is not None
    if is_name and "pause_s" in known and isinstance(node, dict) and _is_pause(node.get(name)):
        advice = PAUSE
    elif is_name and (hint := _inside(name, known, getattr(here, INSIDE, None))):
        pass
    elif is_name:
        field, advice = known_field(name, known)
        hint = f"Did you mean {field}?" if field else ""
    if not hint and not advice and not brief:
        hint = f"{KNOWN}{', '.join(known)}."
    which = "" if is_name else _numbered(name, node)
    return " ".join(filter(None, (named(name), hint, advice, which))), field


def _inside(name: str, known: Sequence[str], inside: Inside | None) -> str:
    """Return where to put a field that the items of a list have, or nothing."""
    if inside is None or exact_field(name, known) is not None:
        return ""
    found = exact_field(name, list(get_type_hints(inside.shape)))
    if found is None:
        return ""
    field, how = found
    put = f"Put {'it' if plain(field) == plain(name) else field} in each {inside.place}"
    return f"{put}{inside.example and f': {inside.example}'}. {how}".strip()


def _is_pause(value: object) -> bool:
    return isinstance(value, str) and plain(value) in PAUSES


def _numbered(name: str, node: object) -> str:
    """Return the place in its object of an unknown field whose name may be a value, in words."""
    if not isinstance(node, dict) or name not in node:
        return ""
    place = str(list(node).index(name) + 1)
    ending = "th" if place[:-1].endswith("1") else ENDINGS.get(place[-1], "th")
    return f"It is the {place}{ending} field."


def _wrong(item: Any, shape: Any, sent: object) -> tuple[str, str]:
    """Return code and sentence of a finding about a value."""
    kind, place, context = item["type"], item["loc"], item.get("ctx", {})
    name, value = name_at(place), value_at(place, sent)
    code = CODES.get(kind, "invalid")
    if place and value is None:
        leave_out = " Or leave the field out." if _can_be_left_out(place, shape, sent) else ""
        return code, f"This is null. {wanted(place, shape)}{leave_out}"
    if code == "out_of_range":
        return code, bounds(place, shape, context, value)
    if kind == "float_type":
        return code, number(name, value)
    return code, {
        "not_a_number": f"Give a number{in_unit(name)}.",
        "not_an_integer": "Give a whole number, without quotes.",
        "not_finite": f"Give a finite number{', or leave it out' if _can_be_left_out(place, shape, sent) else ''}.",
        "not_a_choice": one_of(re.findall(r"'([^']*)'", str(context.get("expected", ""))), name),
        "not_a_string": "Give a JSON string.",
        "not_a_boolean": "Give true or false.",
        "not_a_list": f"Give a JSON array{example_at(place, shape)}.",
        "too_short": f"Give at least {context.get('min_length', 1)} item.",
        "too_long": f"Give at most {context.get('max_length', 0)} items.",
        "not_unique": "Give each item once.",
        "not_an_object": f"Give a JSON object{example_at(place, shape)}.{_of_root(place, shape, sent)}",
        "invalid": "This value is not valid.",
    }[code]


def _of_root(place: Place, shape: Any, sent: object) -> str:
    """Return what to do with a list, or a text, in place of a request."""
    if place or shape is None:
        return ""
    if isinstance(sent, str):
        return " This is a text. Send the JSON itself, without quotes around it."
    inside: Inside | None = getattr(shape, INSIDE, None)
    if isinstance(sent, list) and inside is not None and inside.example:
        return f" Put the list in it: {inside.example}."
    return f" {getattr(shape, MANY)}" if isinstance(sent, list) and hasattr(shape, MANY) else ""


def _can_be_left_out(place: Place, shape: Any, sent: object) -> bool:
    """Return whether the request would be complete without the field at a place and all that is null."""
    if shape is None or not place or not isinstance(place[-1], str):
        return False
    here, node = shape_at(place[:-1], shape), value_at(place[:-1], sent)
    if place[-1] in here.__required_keys__ or not isinstance(node, dict):
        return False
    rest = {name: value for name, value in node.items() if not _is_nothing(value) and name != place[-1]}
    return not any(place[-1] in entry["message"] for entry in missing_in(here, rest))
