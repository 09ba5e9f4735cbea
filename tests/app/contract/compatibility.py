"""What of a new contract breaks a client of an old one: a list of sentences, empty when nothing does.

What a client sends may be taken more widely, never more narrowly; what it receives may hold more, never less, and
nothing of another type or unit. Words and fields may be added to an answer: the contract says that clients have to
expect them. So an answer may lose a closed list of words, of which one constant word is the shortest, or a ban on
further fields.
`PYTHONPATH=. python tests/app/contract/compatibility.py OLD NEW` prints the list, and fails unless the version moved.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, TypeAlias

Schema: TypeAlias = dict[str, Any]

METHODS: Final = ("get", "put", "post", "delete", "patch")
LOWER: Final = ("minimum", "exclusiveMinimum", "minLength", "minItems")
UPPER: Final = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
CLOSING: Final = ("pattern", "uniqueItems", "multipleOf")
TYPE: Final = ("type", "format", "x-unit")


def breaking_version(version: str) -> tuple[int, ...]:
    """Return the part of a version that a breaking change raises: the major one, before 1.0 the minor one too."""
    major, minor = (int(part) for part in version.split(".")[:2])
    return (major,) if major else (major, minor)


def refused(old: Schema, new: Schema) -> list[str]:
    """Return what breaks clients although the version does not say so."""
    moved = breaking_version(new["info"]["version"]) > breaking_version(old["info"]["version"])
    return [] if moved else list(breakings(old, new))


def breakings(old: Schema, new: Schema) -> Iterator[str]:
    """Yield what of a new contract breaks clients of an old one."""
    if {} in old.get("security", [{}]) and {} not in new.get("security", [{}]):
        yield "a key is required"
    for name in sorted(old["components"]["schemas"].keys() - new["components"]["schemas"].keys()):
        yield f"the schema {name} is gone, which clients name their types by"
    for path, item in old["paths"].items():
        for method in METHODS:
            if method in item:
                place = f"{method.upper()} {path}"
                operation = new["paths"].get(path, {}).get(method)
                if operation is None:
                    yield f"{place}: the operation is gone"
                else:
                    yield from Compared(old, new).operation(place, item[method], operation)


class Compared:
    """Two contracts, whose references are followed."""

    def __init__(self, old: Schema, new: Schema) -> None:
        self.old, self.new = old, new
        self.open: set[tuple[str, str, bool]] = set()
        """Pairs of named schemas that are being compared, as they may refer to themselves."""

    def operation(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """Compare one operation."""
        if old["operationId"] != new["operationId"]:
            yield f"{place}: operationId is another, which clients name their functions by"
        yield from self.parameters(place, old, new)
        yield from self.body(place, old, new)
        for status, response in old["responses"].items():
            if status not in new["responses"]:
                yield f"{place}: status {status} is gone"
                continue
            before, after = resolved(self.old, response), resolved(self.new, new["responses"][status])
            for name in before.get("headers", {}).keys() - after.get("headers", {}).keys():
                yield f"{place} {status}: the header {name} is gone"
            yield from self.content(f"{place} {status}", before, after, sent=False)

    def parameters(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """Compare the parameters in the path, the query and the headers."""
        before, after = (
            {(found["in"], found["name"]): found for found in (resolved(document, node) for node in listed)}
            for document, listed in ((self.old, old.get("parameters", [])), (self.new, new.get("parameters", [])))
        )
        for key, parameter in before.items():
            if key not in after:
                yield f"{place}: the parameter {key[1]} is gone"
            else:
                yield from self.schema(f"{place} {key[1]}", parameter["schema"], after[key]["schema"], sent=True)
        for key, parameter in after.items():
            if parameter.get("required") and not before.get(key, {}).get("required"):
                yield f"{place}: the parameter {key[1]} is required"

    def body(self, place: str, old: Schema, new: Schema) -> Iterator[str]:
        """Compare the request bodies."""
        before, after = (resolved(self.old, old.get("requestBody", {})), resolved(self.new, new.get("requestBody", {})))
        if after.get("required") and not before.get("required"):
            yield f"{place}: a body is required"
        yield from self.content(place, before, after, sent=True)

    def content(self, place: str, old: Schema, new: Schema, *, sent: bool) -> Iterator[str]:
        """Compare the request or answer in each media type."""
        for media_type, media in old.get("content", {}).items():
            if media_type not in new.get("content", {}):
                yield f"{place}: {media_type} is gone"
            else:
                yield from self.schema(place, media["schema"], new["content"][media_type]["schema"], sent=sent)

    def schema(self, place: str, old: Schema, new: Schema, *, sent: bool) -> Iterator[str]:
        """Compare what one value may be, sent or received."""
        pair = (old.get("$ref", ""), new.get("$ref", ""), sent)
        if any(pair[:2]):
            if pair in self.open:
                return
            self.open.add(pair)
        before, after = resolved(self.old, old), resolved(self.new, new)
        for word in TYPE:
            if before.get(word) != after.get(word):
                yield f"{place}: {word} is another"
        if sent:
            yield from narrowed(place, before, after)
        if "items" in before and "items" in after:
            yield from self.schema(f"{place}[]", before["items"], after["items"], sent=sent)
        yield from self.fields(place, before, after, sent=sent)
        if any(pair[:2]):
            self.open.discard(pair)

    def fields(self, place: str, old: Schema, new: Schema, *, sent: bool) -> Iterator[str]:
        """Compare the fields of an object."""
        before, after = old.get("properties", {}), new.get("properties", {})
        needed, needed_now = set(old.get("required", [])), set(new.get("required", []))
        for name, field in before.items():
            if name not in after:
                yield f"{place}.{name}: the field is gone"
                continue
            yield from self.schema(f"{place}.{name}", field, after[name], sent=sent)
            if not sent and name in needed - needed_now:
                yield f"{place}.{name}: the field may be absent"
        if sent:
            for name in sorted(needed_now - needed):
                yield f"{place}.{name}: the field is required"
            if new.get("additionalProperties") is False and old.get("additionalProperties") is not False:
                yield f"{place}: other fields are refused"


def narrowed(place: str, old: Schema, new: Schema) -> Iterator[str]:
    """Yield what of a value that was taken is taken no more."""
    for word in LOWER:
        if word in new and (word not in old or new[word] > old[word]):
            yield f"{place}: {word} is higher"
    for word in UPPER:
        if word in new and (word not in old or new[word] < old[word]):
            yield f"{place}: {word} is lower"
    for word in CLOSING:
        if new.get(word) and new[word] != old.get(word):
            yield f"{place}: {word} is asked for"
    if "const" in new and new["const"] != old.get("const"):
        yield f"{place}: a choice is gone"
    if "enum" in new and not set(old.get("enum", [object()])) <= set(new["enum"]):
        yield f"{place}: a choice is gone"


def resolved(document: Schema, node: Schema) -> Schema:
    """Return the schema that a node refers to, with the keys beside the reference."""
    while "$ref" in node:
        found: Any = document
        for part in node["$ref"].removeprefix("#/").split("/"):
            found = found[part]
        node = found | {name: value for name, value in node.items() if name != "$ref"}
    return node


def main() -> None:
    """Compare two files."""
    old, new = (json.loads(Path(name).read_text(encoding="utf-8")) for name in sys.argv[1:])
    print(*breakings(old, new), sep="\n")
    sys.exit(bool(refused(old, new)))


if __name__ == "__main__":
    main()
