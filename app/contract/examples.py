"""The golden pairs: requests with the answers of the running code, committed in `openapi/examples`.

They are the examples of the contract, which shows six digits of each number in an answer. A client can be tested with
them, without a server. People write the requests, `make examples` writes the answers, and the tests compare both with
the code.
"""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any, Final

from pydantic_core import from_json

from retrorun.app.http.media_types import media_type_of
from retrorun.models.vocabulary.quantities import QUANTITIES

FOLDER: Final = Path(__file__).parents[2] / "openapi" / "examples"
"""The folder beside the packages, both in the source tree and in an installation."""

INTERVALS: Final = {
    "BoundedIndicator",
    "BoundedTotal",
    "Bounds",
    "Graded",
    "Indicator",
    "Interval",
    "LevelTotal",
    "LoadTotal",
    "Reach",
}
"""Schemas whose numbers belong together: a field shows all of them in one example."""

ANSWERS_SHOWN: Final = 3
"""Most answers of one operation, status and media type that the contract shows."""

Example = dict[str, Any]


@cache
def pairs() -> dict[str, Any]:
    """Return every pair by its name: the operation or `problem`, a dot, and the case, as in `estimate.energy`."""
    return {path.stem: from_json(path.read_bytes()) for path in sorted(FOLDER.glob("*.json"))}


def of_operation(operation: str, status: int) -> dict[str, Any]:
    """Return the pairs of an operation, or of `problem`, that have this status, by their case."""
    return {
        name.rpartition(".")[-1]: pair
        for name, pair in pairs().items()
        if name.partition(".")[0] == operation and pair["response"]["status"] == status
    }


def requests(operation: str, media_type: str = "application/json") -> dict[str, Example]:
    """Return the request bodies of an operation in one media type, in the form of OpenAPI examples."""
    return {
        name: {"summary": pair["summary"], "value": pair["request"]["body"]}
        for name, pair in of_operation(operation, 200).items()
        if pair["request"]["headers"]["content-type"] == media_type
    }


def answers(operation: str, status: int, media_type: str) -> dict[str, Example]:
    """Return the answers in one media type, in the form of OpenAPI examples; nothing for a picture.

    There are no external values: a generator of clients would fetch them and then need a running service. The first
    `ANSWERS_SHOWN` are enough to see what an answer looks like; the folder has all.
    """
    found = {
        name: {"summary": pair["summary"], "value": six_digits(pair["response"]["body"])}
        for name, pair in of_operation(operation, status).items()
        if media_type_of(pair["response"]["headers"]["content-type"]).name == media_type and "body" in pair["response"]
    }
    return dict(islice(found.items(), ANSWERS_SHOWN))


def fill_in_examples(schemas: dict[str, Any], schema: dict[str, Any], answer: Any) -> None:
    """Use the first value of each field in an answer, rounded, as the example of that field, if it has none yet.

    Parameters
    ----------
    schemas : dict
        The schemas of the contract by name. The examples are added here.
    schema : dict
        The schema of the answer.
    answer : object
        The answer, parsed from JSON.
    """
    for field, value in _fields(schemas, schema, answer):
        if "examples" not in field and _shows(field, value):
            field["examples"] = [six_digits(value)]


def share_examples(schemas: dict[str, Any]) -> None:
    """Copy an example to each field without one, from a field of the same name, type and choices in another schema.

    A number that no pair shows, such as one that only a FIT file has, gets the example of its quantity. A field with
    choices gets its first choice.
    """
    fields = [(name, field) for schema in schemas.values() for name, field in schema.get("properties", {}).items()]
    known = {_alike(name, field): field["examples"] for name, field in reversed(fields) if "examples" in field}
    for name, field in fields:
        if (alike := _alike(name, field)) in known:
            field.setdefault("examples", known[alike])
        elif field.get("type") == "number" and name in QUANTITIES:
            field.setdefault("examples", [QUANTITIES[name].example])
        elif "enum" in field:
            field.setdefault("examples", field["enum"][:1])


def _alike(name: str, field: dict[str, Any]) -> tuple[str, ...]:
    return name, _name(field) + _name(field.get("items", {})), str(field.get("type", "")), str(field.get("enum", ""))


def _shows(field: dict[str, Any], value: Any) -> bool:
    # The fields of an object, or of a list of objects, have their own examples if the schema names them.
    if isinstance(value, dict):
        return _name(field) in INTERVALS or not _name(field)
    return not (isinstance(value, list) and value and isinstance(value[0], dict))


def six_digits(value: Any) -> Any:
    """Return a value with six digits of each number, which makes the contract shorter. The files have all digits."""
    if isinstance(value, dict):
        return {name: six_digits(held) for name, held in value.items()}
    if isinstance(value, list):
        return [six_digits(held) for held in value]
    return float(f"{value:.6g}") if isinstance(value, float) else value


def _name(schema: dict[str, Any]) -> str:
    return str(schema.get("$ref", "")).rpartition("/")[-1]


def _fields(schemas: dict[str, Any], schema: dict[str, Any], value: Any) -> Iterator[tuple[dict[str, Any], Any]]:
    """Yield every field of a schema with its value, at any depth."""
    schema = schemas.get(_name(schema), schema)
    if isinstance(value, list):
        for item in value:
            yield from _fields(schemas, schema.get("items", {}), item)
    elif isinstance(value, dict):
        properties = schema.get("properties", {})
        for name, held in value.items():
            if name in properties:
                yield properties[name], held
            others = schema.get("additionalProperties")
            yield from _fields(schemas, properties.get(name, others if isinstance(others, dict) else {}), held)
