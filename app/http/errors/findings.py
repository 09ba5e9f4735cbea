"""What pydantic finds in a request, as errors of this service: each names its field and says what to do.

Body mass and age are health data, so no error holds a value. A field that is unknown is named if it looks like a name.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Annotated, Any, Final, Literal, NotRequired, Required, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from retrorun.app.http.errors.field_names import LOOKS_LIKE_A_NAME, known_field, named
from retrorun.models.vocabulary.errors import EstimateError
from retrorun.models.vocabulary.quantities import INPUTS

Entry = dict[str, Any]
Place = tuple[str | int, ...]

NEEDS: Final = "__needs__"
"""The attribute of a request type with functions from the names of its given fields to the error of a missing one."""

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


def pointer_to(place: Iterable[str | int]) -> str:
    """Return the JSON Pointer to a place."""
    return "".join(f"/{part}" for part in place)


def entry_of(error: EstimateError) -> Entry:
    """Return an error of the models as an entry of a problem."""
    return _entry(tuple(filter(None, [error.field])), error.code, error.message)


def entries_of(found: Sequence[Any], shape: Any, sent: object, *, most: int) -> list[Entry]:
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
    entries: list[Entry] = []
    meant: set[Place] = set()
    for item in [item for item in found if item["type"] == "extra_forbidden"][:most]:
        *place, name = item["loc"]
        message, field = _unknown(str(name), list(get_type_hints(shape_at(place, shape))))
        meant |= {(*place, field)} if field else set()
        entries.append(_entry(tuple(place), "unknown_field", message))
    # A field that is there under another name is not missing.
    missing = [item for item in found if item["type"] == "missing" and item["loc"] not in meant]
    entries += [_entry(item["loc"], "required", _required(item["loc"], shape)) for item in missing[:most]]
    if isinstance(sent, dict) and any(item["type"] == "missing" and len(item["loc"]) == 1 for item in found):
        given = {*sent, *(place[0] for place in meant if len(place) == 1)}
        entries += [entry_of(lacks) for need in getattr(shape, NEEDS, ()) if (lacks := need(given))]
    for item in [item for item in found if item["type"] not in {"extra_forbidden", "missing"}][:most]:
        entries.append(_entry(item["loc"], *_wrong(item, shape, sent)))
    return entries[:most]


def parsed(body: bytes) -> object:
    """Return a JSON text as Python values, or None if Python cannot read what pydantic could."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return None


def shape_at(place: Iterable[str | int], shape: Any) -> Any:
    """Return the type of the object at a place of a request; a number is a place in a list."""
    for part in place:
        if isinstance(part, str):
            hint = get_type_hints(shape)[part]
            shape = get_args(hint)[0] if get_origin(hint) is list else hint
    return shape


def value_at(place: Iterable[str | int], sent: Any) -> object:
    """Return the value at a place of a request, or a mark that is no value if there is none."""
    for part in place:
        try:
            sent = sent[part]
        except (KeyError, IndexError, TypeError):
            return ...
    return sent


def _entry(place: Place, code: str, message: str) -> Entry:
    return {"pointer": pointer_to(place), "code": code, "message": message}


def _unknown(name: str, known: list[str]) -> tuple[str, str | None]:
    """Return the sentence about an unknown field, and the known field that it means."""
    field, advice = known_field(name, known) if LOOKS_LIKE_A_NAME.fullmatch(name) else (None, "")
    hint = f"Did you mean {field}?" if field else "" if advice else f"Known fields: {', '.join(known)}."
    return " ".join(filter(None, (named(name), hint, advice))), field


def _wrong(item: Any, shape: Any, sent: object) -> tuple[str, str]:
    """Return code and sentence of a finding about a value."""
    kind, place, context = item["type"], item["loc"], item.get("ctx", {})
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    code = CODES.get(kind, "invalid")
    if place and value_at(place, sent) is None:
        optional = place[-1] == name and name not in shape_at(place[:-1], shape).__required_keys__
        return code, f"This is null. {_wanted(place, shape)}{' Or leave the field out.' if optional else ''}"
    if code == "out_of_range":
        return code, _bounds(name, _hint_at(place, shape), context)
    if kind == "float_type":
        return code, f"Give a JSON number{_in_unit(name)}, without quotes{' or unit' if name in INPUTS else ''}."
    return code, {
        "not_a_number": f"Give a number{_in_unit(name)}.",
        "not_an_integer": "Give a whole number, without quotes.",
        "not_finite": "Give a finite number.",
        "not_a_choice": f"Give one of: {context.get('expected', '')}.",
        "not_a_string": "Give a JSON string.",
        "not_a_boolean": "Give true or false.",
        "not_a_list": "Give a JSON array.",
        "too_short": f"Give at least {context.get('min_length', 1)} item.",
        "too_long": f"Give at most {context.get('max_length', 0)} items.",
        "not_unique": "Give each item once.",
        "not_an_object": "Give a JSON object.",
        "invalid": "This value is not valid.",
    }[code]


def _hint_at(place: Place, shape: Any) -> Any:
    """Return the annotated type of the field at a place, or None for an item of a list."""
    if not place or not isinstance(place[-1], str) or shape is None:
        return None
    return get_type_hints(shape_at(place[:-1], shape), include_extras=True).get(place[-1])


def _metadata(hint: Any) -> tuple[Any, list[Any]]:
    """Return the plain type of a field, and what pydantic knows about it."""
    known: list[Any] = []
    while get_origin(hint) in (Annotated, NotRequired, Required):
        hint, *data = get_args(hint)
        for each in data:
            known += [each, *each.metadata] if isinstance(each, FieldInfo) else [each]
    return hint, known


def _in_unit(name: str) -> str:
    unit = INPUTS[name].unit if name in INPUTS else "1"
    return "" if unit == "1" else f" in {unit}"


def _wanted(place: Place, shape: Any) -> str:
    """Return what to give at a place."""
    name = next((part for part in reversed(place) if isinstance(part, str)), "")
    if name in INPUTS:
        return f"Give a number{_in_unit(name)}."
    plain, _ = _metadata(_hint_at(place, shape))
    if get_origin(plain) is Literal:
        return f"Give one of: {', '.join(map(str, get_args(plain)))}."
    return "Give a value."


def _required(place: Place, shape: Any) -> str:
    """Return the sentence about a field that is missing."""
    name = str(place[-1])
    if name in INPUTS:
        return f"This field is required. {INPUTS[name].meaning} {_wanted(place, shape)}"
    plain, known = _metadata(_hint_at(place, shape))
    if get_origin(plain) is Literal:
        return f"This field is required. {_wanted(place, shape)}"
    meaning = next((data.description for data in known if isinstance(data, FieldInfo) and data.description), "")
    return f"This field is required. {meaning}".strip()


def _bounds(name: str, hint: Any, context: Mapping[str, Any]) -> str:
    """Return the sentence about a number that is out of its bounds: both ends, and the unit."""
    if name in INPUTS:
        return f"Give a number {INPUTS[name].bounds}."
    _, known = _metadata(hint)
    low = next((data.ge for data in known if isinstance(data, Ge)), context.get("ge"))
    high = next((data.le for data in known if isinstance(data, Le)), context.get("le"))
    if low is not None and high is not None:
        return f"Give a number from {low} to {high}."
    return f"Give a number of at {'most' if low is None else 'least'} {high if low is None else low}."
