"""The bout that `retrorun estimate` is asked about: from options to a request, and from a request to its answer.

People's units are read here and nowhere else. What is asked then goes through the same validation and the same
model as over HTTP, so that the answer is that of `POST /estimate`, byte for byte.
"""

import argparse
import json
import re
from collections.abc import Iterable, Mapping
from typing import Any, Final, get_args, get_origin, get_type_hints

from pydantic import TypeAdapter, ValidationError
from typing_extensions import is_typeddict

from app.client import OK, ask
from app.codec import encode
from app.problems import from_estimate_error, from_validation_error
from app.schema import MEASUREMENT_EXAMPLE, EstimateRequest
from app.units import NotUnderstood, is_imperial, reader, si, unitless
from models.answer import MEANINGS
from models.errors import EstimateError
from models.estimate import estimate
from models.quantities import QUANTITIES

FIELDS: Final[dict[str, Any]] = get_type_hints(EstimateRequest)
"""The fields of a request with their types."""

OPTIONS: Final = {
    "body_mass_kg": "--mass",
    "body_mass_sd_kg": "--mass-sd",
    "age_y": "--age",
    "measurements": "--measurement",
}
"""Options that are not their name in a request without its unit."""

REPLACED: Final = {name for name in FIELDS if "_" in name} | {"sex", "strict"}
"""Names in a request that become options in a message; it may use the others as words."""

ECHOED: Final = ("body_mass_kg", "speed_m_s", "distance_m")
"""What is shown as it was typed too, where that was in imperial units."""


class Mistaken(Exception):
    """A request that is to be mended, with a line for each thing to mend."""

    def __init__(self, lines: Iterable[str]) -> None:
        self.lines = list(lines)
        super().__init__(*self.lines)


def add_options(parser: argparse.ArgumentParser) -> None:
    """Add an option for each field of a request, with its meaning, units and choices as they stand there."""
    bout = parser.add_argument_group("the bout")
    for name, hint in FIELDS.items():
        kind: dict[str, Any] = {"metavar": ""}
        if hint is bool:
            kind = {"action": "store_true", "default": None}
        elif is_list_of_objects(hint):
            kind["action"] = "append"
        meaning = QUANTITIES[name].meaning if name in QUANTITIES else MEANINGS[name]
        text = f"{as_options(meaning)} {accepts(name, hint)}".strip().replace("%", "%%")
        bout.add_argument(option(name), dest=name, help=text, **kind)
    output = parser.add_argument_group("the answer")
    output.add_argument("--json", action="store_true", help="Print the answer of the service, in SI units.")
    output.add_argument("--url", metavar="", help="Ask a running service, as in http://127.0.0.1:8000.")


def option(name: str) -> str:
    """Return the option of a field.

    Examples
    --------
    >>> option("body_mass_kg"), option("speed_m_s"), option("step_rate_ratio")
    ('--mass', '--speed', '--step-rate-ratio')
    """
    return OPTIONS.get(name, "--" + unitless(name).replace("_", "-"))


def part(name: str) -> str:
    """Return the name of a part of an option that has several.

    Examples
    --------
    >>> part("oxygen_uptake_ml_kg_min")
    'oxygen-uptake'
    """
    return option(name).removeprefix("--")


def accepts(name: str, hint: Any) -> str:
    """Return the sentence that says what an option takes."""
    if hint is float:
        return f"Give it {reader(name).accepts}."
    if is_list_of_objects(hint):
        keys = ", ".join(map(part, get_type_hints(get_args(hint)[0])))
        parts = (f"{part(key)}={value:g}{QUANTITIES[key].unit}" for key, value in MEASUREMENT_EXAMPLE.items())
        return f"Give each as name=value, with commas between, as in {','.join(parts)}, of: {keys}."
    if get_origin(hint) is list:
        return f"Some of, with commas between: {', '.join(get_args(get_args(hint)[0]))}."
    return f"One of: {', '.join(get_args(hint))}." if get_args(hint) else ""


def is_list_of_objects(hint: Any) -> bool:
    """Say whether a field holds objects, each of which is its option given once."""
    return get_origin(hint) is list and is_typeddict(get_args(hint)[0])


def as_options(message: str) -> str:
    """Return a message with the command line's words for the names of a request.

    Examples
    --------
    >>> as_options("Give age_y, sex and height_m together.")
    'Give --age, --sex and --height together.'
    >>> as_options("Give oxygen_uptake_ml_kg_min, or total_energy_kcal with duration_s.")
    'Give oxygen-uptake, or total-energy with --duration.'
    """

    def replaced(word: re.Match[str]) -> str:
        name = word[0]
        if name in REPLACED:
            return option(name)
        return part(name) if name in QUANTITIES else name

    return re.sub(r"[a-z]+(?:_[a-z]+)*", replaced, message)


def answer(chosen: argparse.Namespace) -> tuple[dict[str, Any], bytes]:
    """Return the request that options make, and its answer from here or from a running service.

    Parameters
    ----------
    chosen : argparse.Namespace
        Values of the options of `add_options`.

    Returns
    -------
    request : dict
        The body of `POST /estimate`.
    content : bytes
        Its answer as JSON.

    Raises
    ------
    Mistaken
        An option is not understood, or the request has no estimate.
    NoAnswer
        With a URL, no RetroRun answered there.
    """
    request = read_request(vars(chosen))
    body = json.dumps(request).encode()
    status, content = answer_here(body) if chosen.url is None else ask(chosen.url, body)
    if status != OK:
        raise Mistaken(mistake(error, vars(chosen)) for error in json.loads(content)["errors"])
    return request, content


def read_request(chosen: Mapping[str, Any]) -> dict[str, Any]:
    """Return the request that options make."""
    request, mistakes = {}, []
    for name, hint in FIELDS.items():
        if chosen[name] is not None:
            try:
                request[name] = read(name, hint, chosen[name])
            except NotUnderstood as error:
                mistakes.append(f"{option(name)}: {error}")
            except Mistaken as error:
                mistakes += error.lines
    if mistakes:
        raise Mistaken(mistakes)
    return request


def typed(chosen: Mapping[str, Any]) -> dict[str, str]:
    """Return what was typed in imperial units, by the field."""
    return {name: " ".join(chosen[name].split()) for name in ECHOED if chosen[name] and is_imperial(chosen[name])}


def read(name: str, hint: Any, given: Any) -> Any:
    """Return what was given for a field, as the field has it.

    Numbers are read with their units. Words go as they are: the request's own validation knows the choices.
    """
    if hint is float:
        return si(name, given)
    if is_list_of_objects(hint):
        return read_objects(name, hint, given)
    if not isinstance(given, str):
        return given
    words = [word.strip().lower().replace("-", "_") for word in given.split(",")]
    return words if get_origin(hint) is list else ",".join(words)


def read_objects(name: str, hint: Any, given: Iterable[str]) -> list[dict[str, Any]]:
    """Return the objects that an option given several times makes, or what to mend in their parts."""
    shape = get_type_hints(get_args(hint)[0])
    fields = {part(field): field for field in shape}
    items, mistakes = [], []
    for number, text in enumerate(given, 1):
        item = {}
        for key, _, value in (word.strip().partition("=") for word in text.lower().split(",")):
            if key not in fields:
                raise NotUnderstood(accepts(name, hint))
            try:
                item[fields[key]] = read(fields[key], shape[fields[key]], value)
            except NotUnderstood as error:
                mistakes.append(f"{option(name)} {number} {key}: {error}")
        items.append(item)
    if mistakes:
        raise Mistaken(mistakes)
    return items


def answer_here(body: bytes) -> tuple[int, bytes]:
    """Return status and content of the answer to a request, as the service gives them."""
    try:
        return OK, encode(estimate(**TypeAdapter(EstimateRequest).validate_json(body)))
    except ValidationError as error:
        problem = from_validation_error(error, FIELDS)
    except EstimateError as error:
        problem = from_estimate_error(error)
    return problem.status_code, bytes(problem.body)


def mistake(error: Mapping[str, str], chosen: Mapping[str, Any]) -> str:
    """Return one thing to mend, with the option where it is.

    Examples
    --------
    >>> mistake({"pointer": "/speed_m_s", "code": "out_of_range", "message": "Give a number of at most 8."}, {})
    '--speed, in m/s: Give a number of at most 8.'
    >>> mistake({"pointer": "/measurements/1/speed_m_s", "code": "required", "message": "This is required."}, {})
    '--measurement 2 speed: This is required.'
    """
    path = error["pointer"].strip("/").split("/")
    name = path[-1]
    message = as_options(error["message"])
    # For an option that may be given several times also which of them, and what in it.
    within = (str(int(step) + 1) if step.isdecimal() else part(step) for step in path[1:])
    place = " ".join((option(path[0]), *within))
    if error["code"] == "out_of_range" and name in QUANTITIES:
        if QUANTITIES[name].unit != "1":
            place += f", in {QUANTITIES[name].unit}"
        elif "%" not in str(chosen.get(path[0])):
            message += " For percent add %."
    return f"{place}: {message}" if name else message
