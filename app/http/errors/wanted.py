"""What to give at a place of a request, in words: from the type of the field, its bounds and its example."""

import json
import re
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Final, Literal, NotRequired, Required, get_args, get_origin, get_type_hints

from annotated_types import Ge, Le
from pydantic.fields import FieldInfo

from retrorun.app.http.errors.field_names import PAUSE
from retrorun.models.vocabulary.quantities import INPUTS

Place = tuple[str | int, ...]

LONGEST_EXAMPLE: Final = 100
"""Most characters of an example in an error."""

FINDS: Final = (
    "bout: duration or distance for an energy. speed: for an oxygen uptake, MET or power. equal_cost_speed: backward "
    "speed as costly as forward. level_speed: for one on a slope. speed_range: for a load. probability: of a value."
)
"""What each word of `find` finds, for an error."""

FROM_CLOCK: Final = {
    "m/s": "From a pace: 1000 / seconds per km.",
    "s": "From minutes: multiply by 60.",
}
"""How to get a number in a unit from a time like 5:30."""


def shape_at(place: Iterable[str | int], shape: Any) -> Any:
    """Return the type of the object at a place of a request; a number is a place in a list."""
    for part in place:
        if isinstance(part, str):
            hint = get_type_hints(shape)[part]
            shape = get_args(hint)[0] if get_origin(hint) is list else hint
    return shape


def value_at(place: Iterable[str | int], sent: Any) -> Any:
    """Return the value at a place of a request, or a mark that is no value if there is none."""
    for part in place:
        try:
            sent = sent[part]
        except (KeyError, IndexError, TypeError):
            return ...
    return sent


def name_at(place: Place) -> str:
    """Return the name of the field at a place, or of the list that holds it."""
    return next((part for part in reversed(place) if isinstance(part, str)), "")


def wanted(place: Place, shape: Any) -> str:
    """Return what to give at a place."""
    name = name_at(place)
    if name in INPUTS:
        return f"Give a number{in_unit(name)}."
    plain, _ = _metadata(_hint_at(place, shape))
    if get_origin(plain) is Literal:
        return one_of(map(str, get_args(plain)), name)
    if place and not isinstance(place[-1], str):
        return f"Give an object{example_at(place, shape)}."
    if get_origin(plain) is list:
        objects = " of objects" if get_type_hints(_item_of(plain)) else ""
        return f"Give a list{objects}{example_at(place, shape)}."
    if isinstance(plain, type) and get_type_hints(plain):
        return f"Give an object{example_at(place, shape)}."
    return "Give a value."


def required(place: Place, shape: Any) -> str:
    """Return the sentence about a field that is missing."""
    name = str(place[-1])
    if name in INPUTS:
        return f"This field is required. {INPUTS[name].meaning} {wanted(place, shape)}"
    plain, known = _metadata(_hint_at(place, shape))
    if get_origin(plain) is Literal:
        return f"This field is required. {wanted(place, shape)}"
    meaning = next((data.description for data in known if isinstance(data, FieldInfo) and data.description), "")
    what = wanted(place, shape) if get_origin(plain) is list else ""
    return " ".join(filter(None, ("This field is required.", meaning, what)))


def one_of(words: Iterable[str], name: str = "") -> str:
    """Return the sentence about a choice.

    Examples
    --------
    >>> one_of(["run", "walk"])
    'Give one of: run, walk.'
    """
    return f"Give one of: {', '.join(words)}.{f' {FINDS}' if name == 'find' else ''}"


def number(name: str, value: object) -> str:
    """Return the sentence about a value that is no number.

    Examples
    --------
    >>> number("speed_m_s", "5:30")
    'Give a JSON number in m/s, without quotes or unit. From a pace: 1000 / seconds per km.'
    """
    if name not in INPUTS:
        return "Give a JSON number, without quotes."
    known = INPUTS[name]
    sentence = f"Give a JSON number{in_unit(name)}, without quotes or unit{known.hint and f'; {known.hint}'}."
    is_clock = isinstance(value, str) and re.search(r"\d:\d", value)
    return f"{sentence} {FROM_CLOCK[known.unit]}" if is_clock and known.unit in FROM_CLOCK else sentence


def bounds(place: Place, shape: Any, context: Mapping[str, Any], value: object) -> str:
    """Return the sentence about a number that is out of its bounds: both ends, and the unit."""
    name = name_at(place)
    if name in INPUTS:
        is_pause = value == 0 and shape is not None and "pause_s" in get_type_hints(shape_at(place[:-1], shape))
        return f"Give a number {INPUTS[name].bounds}.{f' {PAUSE}' if is_pause else ''}"
    _, known = _metadata(_hint_at(place, shape))
    low = next((data.ge for data in known if isinstance(data, Ge)), context.get("ge"))
    high = next((data.le for data in known if isinstance(data, Le)), context.get("le"))
    if low is not None and high is not None:
        return f"Give a number from {low} to {high}."
    return f"Give a number of at {'most' if low is None else 'least'} {high if low is None else low}."


def in_unit(name: str) -> str:
    """Return the unit of an input in words, empty if it has none."""
    unit = INPUTS[name].unit if name in INPUTS else "1"
    return "" if unit == "1" else f" in {unit}"


def example_at(place: Place, shape: Any) -> str:
    """Return the example of a field in words, or of one item of its list; empty without a short one."""
    of_item = bool(place) and not isinstance(place[-1], str)
    _, known = _metadata(_hint_at(place[:-1] if of_item else place, shape))
    found = next((data.examples[0] for data in known if isinstance(data, FieldInfo) and data.examples), None)
    if isinstance(found, list):
        found = found[0] if of_item else found[:1]
    text = re.sub(r"(\d)\.0\b", r"\1", json.dumps(found))
    return f", for example {text}" if isinstance(found, list | dict) and len(text) <= LONGEST_EXAMPLE else ""


def _item_of(hint: Any) -> Any:
    plain, _ = _metadata(get_args(hint)[0])
    return plain if isinstance(plain, type) else object


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
