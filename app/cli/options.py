"""Make one option for each field of a request, and make the request from the typed options.

Only this module reads units such as km/h. The fields are those of the request's TypedDict, so an option has the same
meaning, choices and bounds as the field has over HTTP.
"""

import argparse
import json
import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any, Final, NotRequired, get_args, get_origin, get_type_hints

from typing_extensions import is_typeddict

from retrorun.app.cli.units import NotUnderstood, bounds_in_unit_of, clock_text, reader, si, understood, unitless
from retrorun.app.settings import KEY_VARIABLE
from retrorun.models.columns.names import ALL_NUMBERS, ALL_WORDS, INPUT_COLUMNS, WORDS
from retrorun.models.vocabulary.quantities import INPUTS, QUANTITIES

OPTIONS: Final = {
    "body_mass_kg": "--mass",
    "body_mass_sd_kg": "--mass-sd",
    "measurements": "--measurement",
    "limits": "--limit",
    "energy_models": "--energy-model",
}
"""Options that are not the name of the field without its unit."""

BARE: Final = frozenset({"sex", "strict", "met"})
"""Names without an underscore that become options in a message. A message may use the others as plain words."""

FROM_FILE: Final = "personal"
"""The field that is read from a file, because an answer holds it."""

RANGE: Final = {"from_s", "to_s"}
"""Fields of a time range, which is typed as from-to."""


AMOUNT: Final = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)(e[+-]?[0-9]+)?", re.IGNORECASE)
"""A number without a unit."""


class InvalidOptions(Exception):
    """The options or the request are wrong. There is one line for each error."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__(*self.lines)


def add_options(parser: argparse.ArgumentParser, shape: Any) -> None:
    """Add the options of a question: one for each field of its request, and those of its answer."""
    add_inputs(parser, shape)
    output = parser.add_argument_group("output")
    output.add_argument("--json", action="store_true", help="Print the JSON answer of the service, in SI units.")
    output.add_argument(
        "--url",
        metavar="",
        help=f"Ask a running service, for example http://127.0.0.1:8000. The API key comes from {KEY_VARIABLE}.",
    )


def add_inputs(parser: argparse.ArgumentParser, shape: Any) -> None:
    """Add an option for each field of a request, with the field's meaning, units and choices."""
    fields = get_type_hints(shape)
    asked = parser.add_argument_group("input")
    for name, hint in fields.items():
        kind: dict[str, Any] = {"metavar": ""}
        if hint is bool:
            kind = {"action": "store_true", "default": None}
        elif object_of(hint) and name != FROM_FILE:
            kind["action"] = "append"
        described = field_of(shape, name)
        meaning = QUANTITIES[name].meaning if name in QUANTITIES else described.description
        text = f"{as_options(meaning, fields)} {accepts(name, hint, described.examples)}".strip().replace("%", "%%")
        asked.add_argument(option(name), dest=name, help=text, **kind)


def field_of(shape: Any, name: str) -> Any:
    """Return the pydantic description of a field: its meaning and examples."""
    hint = get_type_hints(shape, include_extras=True)[name]
    return (get_args(hint)[0] if get_origin(hint) is NotRequired else hint).__metadata__[0]


def option(name: str) -> str:
    """Return the option of a field.

    Examples
    --------
    >>> option("body_mass_kg"), option("speed_m_s"), option("step_rate_ratio")
    ('--mass', '--speed', '--step-rate-ratio')
    """
    return OPTIONS.get(name, "--" + unitless(name).replace("_", "-"))


def part(name: str) -> str:
    """Return the name of one part of an option that has several parts.

    Examples
    --------
    >>> part("oxygen_uptake_ml_kg_min")
    'oxygen-uptake'
    """
    return option(name).removeprefix("--")


def accepts(name: str, hint: Any, examples: Iterable[Any] = ()) -> str:
    """Return the sentence that says which values an option accepts."""
    if name == FROM_FILE:
        return "Give a file with an answer that retrorun estimate --json printed for your measurements."
    if hint is float:
        return f"Give it {reader(name).accepts}."
    if (shape := object_of(hint)) is not None:
        parts = get_type_hints(shape)
        if parts.keys() == RANGE:
            return (
                "Give each as from-to, counted from the first point, for example 10:00-20:00. "
                "Without the second time the range goes to the end: 31:00-."
            )
        keys = ", ".join(map(part, parts))
        shown: Any = next(iter(examples), {})
        pairs = (shown[0] if isinstance(shown, list) else shown).items()
        example = ",".join(f"{part(key)}={example_of(key, value)}" for key, value in pairs)
        return f"Give each as name=value, separated by commas{f', as in {example}' if example else ''}. Names: {keys}."
    if get_origin(hint) is list:
        return f"One or more of, separated by commas: {', '.join(get_args(get_args(hint)[0]))}."
    choices = (part(choice) if choice in QUANTITIES else choice for choice in get_args(hint))
    return f"One of: {', '.join(choices)}." if get_args(hint) else ""


def example_of(name: str, value: Any) -> str:
    """Return the first example of a typed quantity, or the word itself."""
    return reader(name).accepts.partition(": ")[-1].partition(", ")[0] if name in QUANTITIES else str(value)


def object_of(hint: Any) -> Any:
    """Return the shape of the object or list of objects in a field, or None for other fields."""
    content = get_args(hint)[0] if get_origin(hint) is list else hint
    return content if is_typeddict(content) else None


def as_options(message: str, fields: Iterable[str]) -> str:
    """Return a message in which options replace the names of a request.

    Examples
    --------
    >>> as_options("Give age_y, sex and height_m together.", {"age_y", "sex", "height_m"})
    'Give --age, --sex and --height together.'
    >>> as_options("Give oxygen_uptake_ml_kg_min, or total_energy_kcal with duration_s.", {"duration_s"})
    'Give oxygen-uptake, or total-energy with --duration.'
    >>> as_options("This cannot be met: give met.", {"met"})
    'This cannot be met: give --met.'
    """
    replaced = {name for name in fields if "_" in name or name in BARE}

    def worded(word: re.Match[str]) -> str:
        name = word[0]
        if name in replaced:
            return option(name)
        return part(name) if name in QUANTITIES else name

    return re.sub(r"(?<!\bbe )\b[a-z]+(?:_[a-z]+)*", worded, message)  # "cannot be met" names no option


def read_request(chosen: Mapping[str, Any], fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request made from the options.

    Parameters
    ----------
    chosen : mapping
        The text typed for each field; None if there is none.
    fields : mapping
        The fields of the request with their types.

    Returns
    -------
    dict
        The request.

    Raises
    ------
    InvalidOptions
        An option cannot be read.
    """
    request, mistakes = {}, []
    for name, hint in fields.items():
        if chosen[name] is not None:
            try:
                request[name] = read(name, hint, chosen[name])
            except NotUnderstood as error:
                mistakes.append(f"{option(name)}: {error}")
            except InvalidOptions as error:
                mistakes += error.lines
    if mistakes:
        raise InvalidOptions(mistakes)
    return request


def typed(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return the typed text of each number of a request."""
    return {name: " ".join(text.split()) for name, text in chosen.items() if name in QUANTITIES and text}


def echoes(chosen: Mapping[str, Any], fields: Mapping[str, Any]) -> list[str]:
    """Return how each typed number with several readings was understood, and what to type for the other reading.

    Examples
    --------
    >>> echoes({"duration_s": "1:30", "speed_m_s": "5.5/km"}, {"duration_s": float, "speed_m_s": float})
    ['--duration is 1 h 30 min. For 1 min 30 s, give 0:01:30.', '--speed is 5:30 /km.']
    """
    lines = []
    for name, hint in fields.items():
        for place, number, text in numbers_of(name, hint, chosen[name]):
            try:
                reading = understood(number, text)
            except NotUnderstood:  # read_request says so
                continue
            other = f" For {reading.other}, give {reading.instead}." if reading.other else ""
            lines += [f"{place} is {reading.echo}.{other}"] if reading.echo else []
    return lines


def numbers_of(name: str, hint: Any, given: Any) -> Iterable[tuple[str, str, str]]:
    """Yield the place, the name and the text of each number of an option."""
    if given is None or name == FROM_FILE:
        return
    if hint is float:
        yield option(name), name, given
    elif (shape := object_of(hint)) is not None:
        fields = {part(field): field for field in get_type_hints(shape)}
        for number, text in enumerate(given, 1):
            for key, value in pairs_of(text, get_type_hints(shape)):
                if fields.get(key) in QUANTITIES:
                    yield f"{option(name)} {number} {key}", fields[key], value


def read(name: str, hint: Any, given: Any) -> Any:
    """Return the value of a field from the typed text.

    A number is read with its unit. A word is passed on: the validation of the request knows the choices.
    """
    if name == FROM_FILE:
        return read_file(given)
    if hint is float:
        return si(name, given)
    if (shape := object_of(hint)) is not None:
        return read_objects(name, hint, get_type_hints(shape), given)
    if not isinstance(given, str):
        return given
    quantities = {part(choice).replace("-", "_"): choice for choice in get_args(hint) if choice in QUANTITIES}
    words = [word.strip().lower().replace("-", "_") for word in given.split(",")]
    return words if get_origin(hint) is list else quantities.get(words[0], ",".join(words))


def read_file(path: str) -> Any:
    """Return `personal` of an answer in a file, or the whole content if it is no answer; raise if it is not JSON."""
    try:
        content = json.loads(Path(path).read_bytes())
    except OSError as error:
        raise NotUnderstood(f"Cannot read this file: {error.strerror}.") from None
    except (ValueError, RecursionError):
        raise NotUnderstood("This file is not JSON. Write the answer of retrorun estimate --json to it.") from None
    return content.get(FROM_FILE, content) if isinstance(content, dict) else content


def read_objects(name: str, hint: Any, shape: Mapping[str, Any], given: Iterable[str]) -> Any:
    """Return the object, or list of objects, of an option that may be given several times; raise for wrong parts."""
    fields = {part(field): field for field in shape}
    several = get_origin(hint) is list
    items: list[dict[str, Any]] = []
    mistakes = []
    for number, text in enumerate(given, 1):
        if several or not items:
            items.append({})
        for key, value in pairs_of(text, shape):
            if key not in fields:
                raise NotUnderstood(accepts(name, hint))
            place = f"{option(name)} {number} {key}" if several else f"{option(name)} {key}"
            if fields[key] in items[-1]:
                mistakes.append(f"{place}: Give it once.")
                continue
            try:
                items[-1][fields[key]] = read(fields[key], shape[fields[key]], value)
            except NotUnderstood as error:
                mistakes.append(f"{place}: {error}")
    if mistakes:
        raise InvalidOptions(mistakes)
    return items if several else items[0]


def pairs_of(text: str, shape: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return the names and values in a text.

    Examples
    --------
    >>> pairs_of("run=acsm, walk=acsm", {"run": str}), pairs_of("10:00-", {"from_s": float, "to_s": float})
    ([('run', 'acsm'), ('walk', 'acsm')], [('from', '10:00')])
    """
    if shape.keys() == RANGE:
        begin, _, end = text.replace("–", "-").partition("-")
        return [(key, value) for key, value in (("from", begin), ("to", end)) if key == "from" or value.strip()]
    # A comma before a name separates; others are decimal commas.
    words = (word.strip().partition("=") for word in re.split(r",(?=[^,=]*=)", text.lower()))
    return [(key, value) for key, _, value in words]


def constants_of(pairs: Iterable[tuple[str, str]]) -> tuple[tuple[str, float | str], ...]:
    """Return the inputs that `--set` gives to all rows of a table, in SI units.

    A number without a unit has the unit of the input's name.

    Examples
    --------
    >>> constants_of([("body_mass_kg", "70"), ("speed_m_s", "9km/h"), ("grade", "5%"), ("gait", "run")])
    (('body_mass_kg', 70.0), ('speed_m_s', 2.5), ('grade', 0.05), ('gait', 'run'))
    """
    found: dict[str, float | str] = {}
    mistakes = []
    for name, text in pairs:
        place = f"--set {name}"
        try:
            if name not in INPUT_COLUMNS:
                near = get_close_matches(name, INPUT_COLUMNS, n=1)
                raise NotUnderstood(f"Unknown input. {f'Did you mean {near[0]}?' if near else 'See --list-fields.'}")
            if name in found:
                raise NotUnderstood("Give it once.")
            found[name] = constant(name, text)
        except NotUnderstood as error:
            mistakes.append(f"{place}: {error}")
    if mistakes:
        raise InvalidOptions(mistakes)
    return tuple(found.items())


def constant(name: str, text: str) -> float | str:
    """Return one value of `--set`; raise if it is not understood or out of range."""
    if name in ALL_WORDS:
        word, choices = text.lower(), WORDS[ALL_WORDS[name]]
        if word not in choices:
            raise NotUnderstood(f"Give one of: {', '.join(choices)}.")
        return word
    quantity = ALL_NUMBERS[name]
    if AMOUNT.fullmatch(text):
        value = float(text)
    else:
        reading = understood(quantity, text)
        if reading.other:
            written = clock_text(reading.amount)
            raise NotUnderstood(
                f"Give it as h:mm:ss: {written} is {reading.echo}, {reading.instead} is {reading.other}."
            )
        value = float(reading.amount)
    known = INPUTS[quantity]
    if not known.low <= value <= known.high:
        unit = "" if known.unit == "1" else f" {known.unit}"
        raise NotUnderstood(f"Give {known.low:g} to {known.high:g}{unit}.")
    return value


def error_line(error: Mapping[str, str], chosen: Mapping[str, Any], fields: Iterable[str]) -> str:
    """Return one error as a line that starts with its option.

    Examples
    --------
    >>> error_line({"pointer": "/speed_m_s", "code": "out_of_range", "message": "Give a number of at most 8."}, {}, ())
    '--speed, in m/s: Give a number of at most 8.'
    >>> error_line({"pointer": "/measurements/1/speed_m_s", "code": "required", "message": "This is required."}, {}, ())
    '--measurement 2 speed: This is required.'
    """
    path = error["pointer"].strip("/").split("/")
    name = path[-1]
    message = as_options(error["message"], fields)
    # An option that is given several times also needs its number, and the part in it.
    within = (str(int(step) + 1) if step.isdecimal() else part(step) for step in path[1:])
    place = " ".join((option(path[0]), *within))
    text = chosen.get(name) if len(path) == 1 else None
    if error["code"] == "out_of_range" and name in INPUTS and isinstance(text, str):
        known, sentence = INPUTS[name], f"Give a number {INPUTS[name].bounds}."
        bounds = bounds_in_unit_of(name, text, known.low, known.high) if message == sentence else None
        if bounds is not None:
            return f"{place}: Give a value from {bounds[0]} to {bounds[1]}."
    if error["code"] == "out_of_range" and name in QUANTITIES:
        if QUANTITIES[name].unit != "1":
            place += f", in {QUANTITIES[name].unit}"
        elif "%" not in str(chosen.get(path[0])):
            message += " For percent, add %."
    return f"{place}: {message}" if name else message
