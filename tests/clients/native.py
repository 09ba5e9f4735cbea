"""Read the clients of phones, which nothing here compiles: each name of the contract is in them, and as optional."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final, NamedTuple

CONTRACT: Final = Path(__file__).parent.parent.parent / "openapi" / "openapi.json"


class Language(NamedTuple):
    """Where a language has its types, and what a field, its name on the wire and a word look like in them."""

    model: str
    """The source of a schema's type."""
    functions: str
    """The sources of what sends a request."""
    field: str
    """Finds the name of a variable and its type, with a question mark where it may be absent."""
    wire: str
    """Finds the name of a variable and, where it is another, the name on the wire."""
    word: str
    """Finds the words that a field may hold."""
    function: str
    """What an operation begins with."""


LANGUAGES: Final = {
    "kotlin": Language(
        "kotlin/src/main/kotlin/retrorun/models/{name}.kt",
        "kotlin/src/main/kotlin/retrorun/apis/*.kt",
        r"^    val `?(?P<variable>\w+)`?: (?P<type>.+?)(?: = null)?,?$",
        r'^    @Json\(name = "(?P<wire>[^"]+)"\)\n    val `?(?P<variable>\w+)`?:',
        r'^        @Json\(name = "([^"]+)"\) ',
        "fun {name}(",
    ),
    "swift": Language(
        "swift/Sources/RetroRun/Models/{name}.swift",
        "swift/Sources/RetroRun/APIs/*.swift",
        r"^    public var `?(?P<variable>\w+)`?: (?P<type>.+?)$",
        r'^        case `?(?P<variable>\w+)`?(?: = "(?P<wire>[^"]+)")?$',
        r'^        case \w+ = "([^"]+)"$',
        "open class func {name}(",
    ),
}


def contract() -> dict[str, Any]:
    read: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return read


def fields(language: str, source: str) -> dict[str, bool]:
    """Return the fields of a type by their names on the wire, and whether each must be there."""
    how = LANGUAGES[language]
    needed = {
        found["variable"]: not found["type"].endswith("?") for found in re.finditer(how.field, source, re.MULTILINE)
    }
    wires = {found["variable"]: found["wire"] for found in re.finditer(how.wire, source, re.MULTILINE)}
    return {wires[variable] or variable: needed[variable] for variable in needed if variable in wires}


def words(schema: dict[str, Any]) -> Iterator[str]:
    """Yield each word that a field of a schema may hold."""
    for field in schema["properties"].values():
        yield from field.get("enum", []) + field.get("items", {}).get("enum", [])


def camel(name: str) -> str:
    """Return a name as functions have it.

    Examples
    --------
    >>> camel("workout_track")
    'workoutTrack'
    """
    first, *rest = name.split("_")
    return first + "".join(word.title() for word in rest)


def missing(language: str, folder: Path) -> list[str]:
    """Return what of the contract a generated client lacks or has as optional where it is not, or the reverse."""
    how, document = LANGUAGES[language], contract()
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    forms = {
        media["schema"]["$ref"].rpartition("/")[2]
        for operation in operations
        for media_type, media in operation.get("requestBody", {}).get("content", {}).items()
        if media_type == "multipart/form-data"
    }
    functions = "\n".join(path.read_text(encoding="utf-8") for path in folder.glob(how.functions))
    found = [
        f"{operation['operationId']}: no function"
        for operation in operations
        if how.function.format(name=camel(operation["operationId"])) not in functions
    ]
    for name, schema in document["components"]["schemas"].items():
        expected = {field: field in schema.get("required", []) for field in schema["properties"]}
        if name in forms:  # its fields are the arguments of a function
            arguments = {*re.findall(r"[(,] ?(\w+): ", functions)}
            found += [f"{name}.{field}: no argument" for field in expected.keys() - arguments]
            continue
        path = folder / how.model.format(name=name)
        if not path.exists():
            found.append(f"{name}: no type")
            continue
        source = path.read_text(encoding="utf-8")
        has, said = fields(language, source), {*re.findall(how.word, source, re.MULTILINE)}
        found += [f"{name}.{field}: no field" for field in expected.keys() - has.keys()]
        found += [f"{name}.{field}: no such field in the contract" for field in has.keys() - expected.keys()]
        found += [
            f"{name}.{field}: {'not ' * has[field]}optional"
            for field in expected.keys() & has.keys()
            if expected[field] != has[field]
        ]
        found += [f"{name}: no word {word}" for word in {*words(schema)} - said]
    return sorted(found)
