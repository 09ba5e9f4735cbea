"""Opens the schemas of answers, so that a client that knows today's contract also reads tomorrow's answers.

The types of the code are closed: they say which fields and words an answer has now, and the tests hold answers to
that. The contract promises less, because fields and words may come at any time. So its schemas of answers forbid no
further field and have no closed list of words. Its schemas of requests stay closed: an unknown field is an error there.
"""

from collections.abc import Iterator
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

KNOWN_WORDS: Final = "x-extensible-enum"
"""The known words of a string, to which words may be added. Generators of clients make a plain string of it."""


def open_answers(document: Schema) -> None:
    """Open every schema that a response of the document leads to."""
    schemas, shared = document["components"]["schemas"], document["components"]["responses"]
    responses = [operation["responses"] for item in document["paths"].values() for operation in item.values()]
    for part in (*responses, shared, *(schemas[name] for name in led_to(document, [responses, shared]))):
        for node in nodes(part):
            open_schema(node)


def led_to(document: Schema, parts: Any) -> set[str]:
    """Return the names of the schemas that parts of a document lead to, at any depth."""
    schemas = document["components"]["schemas"]
    found: set[str] = set()
    new = {*names(parts)}
    while new:
        found |= new
        new = {*names([schemas[name] for name in new])} - found
    return found


def open_schema(schema: Schema) -> None:
    """Allow further fields and words in one schema, and document the words known now."""
    if schema.get("additionalProperties") is False:
        del schema["additionalProperties"]
    if "enum" in schema or "const" in schema:
        schema[KNOWN_WORDS] = schema.pop("enum", None) or [schema.pop("const")]


def nodes(part: Any) -> Iterator[Schema]:
    """Yield every object in a part of a document, but not those in its examples."""
    if isinstance(part, dict):
        yield part
        for name, inner in part.items():
            if name not in {"example", "examples"}:
                yield from nodes(inner)
    elif isinstance(part, list):
        for inner in part:
            yield from nodes(inner)


def names(part: Any) -> Iterator[str]:
    """Yield the names of the schemas that a part of a document refers to."""
    prefix = "#/components/schemas/"
    for node in nodes(part):
        reference = node.get("$ref", "")
        if isinstance(reference, str) and reference.startswith(prefix):
            yield reference.removeprefix(prefix)
