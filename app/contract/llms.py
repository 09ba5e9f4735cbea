"""GET /llms.txt: the service on one page, for language models and scripts. It is made from the contract."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

from retrorun.app.contract.examples import pairs
from retrorun.app.http.schema import COPIED

ANSWER: Final = """
An estimate is `{"value", "low", "high"}`: its range has the probability `interval`. `forward` and `backward` are the
directions, `ratio` is backward divided by forward, and `assumed` shows the values used for omitted inputs. A quantity
that is absent is unknown: say so, do not fill it in. Show `summary`, `warnings` and `evidence` grades. On effects on
the body, say only `summary` and the `may_say` of GET /evidence.
"""
"""How to read an answer."""

USE: Final = """
{keys}

```sh
curl -s "$RETRORUN"{path} -H 'content-type: application/json' \\
  -d '{body}'
```

Part of the answer:

```json
{answer}
```
"""
"""How to use the service: the facts that every client needs. The contract has the rest."""

PAIR: Final = "estimate.energy"
"""The golden pair shown as the example."""

EXCERPT: Final = {"forward": "total_energy_kcal", "backward": "total_energy_kcal", "ratio": "total_energy"}
"""The quantity shown from each part of its answer."""

FOR_DEVELOPERS: Final = ("**Every path**", "**Changes**")
"""The first words of those paragraphs of the contract that a caller does not need."""

MOST_CHOICES: Final = 12
"""A field with more words than this does not list them here."""

PAGES: Final = """
## Optional

- [The contract](./openapi.json): OpenAPI 3.1, with every field, bound, unit, answer and example
- [The page](./): enter a run or walk
"""

Field = Mapping[str, Any]


def llms(document: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    document : mapping
        The contract.

    Returns
    -------
    str
        Markdown in the form of llmstxt.org: a title, a summary, text, and lists of links.
    """
    info, schemas = document["info"], document["components"]["schemas"]
    parts = [f"# {info['title']} {info['version']}", f"> {info['summary']}", *introduction(document), _use(document)]
    inputs: list[tuple[str, str, Field]] = []
    bodies: dict[str, str] = {}
    for tag in document["tags"]:
        parts.append(f"## {tag['name'].capitalize()}\n\n{tag['description']}\n")
        for method, path, operation in _operations(document, tag["name"]):
            address = f"{method.upper()} {path}"
            link = f"[{address}](./openapi.json)"
            sent = dict(_sent(operation, schemas))
            takes = "".join(f" {way}{_named(shape)}." for way, shape in sent.items())
            parts[-1] += f"\n- {link}: {operation['summary']}. {_when(operation['description'], sent)}{takes}"
            bodies |= {shape["title"]: address for shape in sent.values() if "title" in shape}
            inputs += [(name, address, field) for shape in sent.values() for name, field in _properties(shape)]
    parts.append("## Shapes\n\nThe objects inside the inputs above.\n")
    for shape in _shapes(schemas, [field for _, _, field in inputs]):
        if shape in bodies:
            parts[-1] += f"\n- `{shape}`: as the body of {bodies[shape]}."
            continue
        parts[-1] += f"\n- `{shape}`: {schemas[shape]['description']} Fields{_named(schemas[shape])}."
        inputs += [(name, shape, field) for name, field in _properties(schemas[shape])]
    parts.append("## Inputs\n\nInputs marked * above are required. Inputs marked [] are lists. Bounds are inclusive.\n")
    parts[-1] += "".join(f"\n- {line}" for line in _explained(inputs))
    return "\n\n".join(parts) + "\n" + PAGES


def introduction(document: Mapping[str, Any]) -> list[str]:
    """Return the paragraphs that every caller needs: about the service, and how to read an answer."""
    paragraphs = document["info"]["description"].strip().split("\n\n")
    return [*(text for text in paragraphs if not text.startswith(FOR_DEVELOPERS)), ANSWER.strip()]


def _use(document: Mapping[str, Any]) -> str:
    pair = pairs()[PAIR]
    whole = pair["response"]["body"]
    shown: dict[str, Any] = {part: {name: whole[part][name]} for part, name in EXCERPT.items()}
    shown |= {
        "assumed": whole["assumed"],
        "warnings": [min(whole["warnings"], key=lambda warning: len(warning["message"]))],
    }
    return USE.strip().format(
        keys=" ".join(
            f"An API key goes in the {key['in']} `{key['name']}`. {key['description']}"
            for key in document["components"]["securitySchemes"].values()
        ),
        path=pair["request"]["path"],
        body=json.dumps(pair["request"]["body"]),
        answer="{" + ",\n ".join(f'"{part}": {json.dumps(value)}' for part, value in shown.items()) + "}",
    )


def _operations(document: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    """Yield the operations with a tag, with the parameters that they share with others."""
    shared = document["components"]["parameters"]
    for path, item in document["paths"].items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                given = [shared.get(_shape(each), each) for each in operation["parameters"]]
                yield method, path, {**operation, "parameters": given}


def _sent(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[tuple[str, Field]]:
    """Yield each way to send the inputs of an operation, a body or the query, with its schema."""
    for media_type, media in operation.get("requestBody", {}).get("content", {}).items():
        yield f"Body {media_type}", schemas.get(_shape(media["schema"]), media["schema"])
    query = [parameter for parameter in operation["parameters"] if parameter["in"] == "query"]
    if query:
        yield (
            "Query",
            {
                "properties": {
                    parameter["name"]: parameter["schema"] | {"description": parameter["description"]}
                    for parameter in query
                },
                "required": [parameter["name"] for parameter in query if parameter["required"]],
            },
        )


def _when(description: str, sent: Mapping[str, Field]) -> str:
    """Return the paragraph with "Use it", else the first one; return both if a body has no named fields."""
    first, *others = [" ".join(paragraph.split()) for paragraph in description.split("\n\n")]
    use = next((paragraph for paragraph in (first, *others) if "Use it" in paragraph), first)
    return use if all("properties" in shape for shape in sent.values()) else f"{first} {use}"


def _properties(shape: Field) -> Iterator[tuple[str, Field]]:
    yield from shape.get("properties", {}).items()


def _named(shape: Field) -> str:
    """Return the names of the fields of a shape, as text that follows a word."""
    names = [
        f"{name}{'[]' if 'items' in field else ''}{'*' if name in shape.get('required', ()) else ''}"
        for name, field in _properties(shape)
    ]
    return f": `{' '.join(names)}`" if names else ""


def _shape(field: Field) -> str:
    """Return the name of the shape of a field, or of the items of its list; empty if it has no shape.

    A field that a caller copies from an answer needs no explanation of its shape.
    """
    if COPIED in field:
        return ""
    return str(field.get("items", field).get("$ref", "")).rpartition("/")[-1]


def _shapes(schemas: Mapping[str, Any], fields: list[Field]) -> list[str]:
    """Return the name of every shape inside fields, at any depth, each once."""
    found: list[str] = []
    for field in (waiting := list(fields)):
        if (shape := _shape(field)) and shape not in found:
            found.append(shape)
            waiting += [inner for _, inner in _properties(schemas[shape])]
    return found


def _explained(inputs: list[tuple[str, str, Field]]) -> Iterator[str]:
    """Yield each name and meaning once, and the places of each meaning if a name has several."""
    known: dict[str, dict[str, list[str]]] = {}
    for name, place, field in inputs:
        meanings = known.setdefault(name, {})
        # A column has the description of its input, without the bounds.
        meaning = next((other for other in meanings if other.startswith(_meaning(field))), _meaning(field))
        meanings.setdefault(meaning, []).append(place)
    for name, meanings in known.items():
        for meaning, places in meanings.items():
            where = f" ({', '.join(places)})" if len(meanings) > 1 else ""
            yield f"`{name}`{where}: {meaning}"


def _meaning(field: Field) -> str:
    one = field.get("items", field)
    choices = one.get("enum", [one["const"]] if "const" in one else [])
    limits = f" {one['minimum']:.9g} to {one['maximum']:.9g}." if "maximum" in one else ""
    kinds = {"boolean": " True or false.", "integer": " A whole number."}
    default = f" Default {field['default']}." if field.get("default") and "Default" not in field["description"] else ""
    shape = f" Of shape `{_shape(field)}`." if _shape(field) else ""
    one_of = f" One of {', '.join(choices)}." if choices else ""
    if len(choices) > MOST_CHOICES:
        one_of = " The contract lists the words."
    return f"{field['description']}{limits}{kinds.get(one.get('type'), '')}{one_of}{default}{shape}"
