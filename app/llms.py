"""GET /llms.txt: the service on one page, for language models and scripts; made from the contract."""

import json
from collections.abc import Iterator, Mapping
from typing import Any, Final

USE: Final = """
Send JSON in SI units to one of the operations below; each is one POST or GET, and none keeps anything. An estimated
quantity is `{{"value", "low", "high"}}`: between `low` and `high` lies one person with the probability `interval`,
0.9 when left out. `forward` and `backward` are the two directions, `ratio` is backward over forward. A quantity that
is absent is unknown: say so, do not fill it in. Show `warnings` with the numbers, and with a load its `evidence`
grade. What going backward does for a body is said in words of GET /evidence, which the evidence allows, and in no
others.

```sh
curl -s "$RETRORUN"{path} -H 'content-type: application/json' \\
  -d '{body}'
```
"""
"""How the service is used, in what every client has to know; the contract has the rest."""

PAGES: Final = """
## Optional

- [The contract](./openapi.json): OpenAPI 3.1, with every field, bound, unit and example
- [The documentation](./docs): the contract for people, with requests to try
- [The page](./): type your own run
"""


def llms(document: Mapping[str, Any]) -> str:
    """Return the page.

    Parameters
    ----------
    document : mapping
        The contract.

    Returns
    -------
    str
        Markdown as llmstxt.org has it: a title, a summary, words, and lists of links.
    """
    info, schemas = document["info"], document["components"]["schemas"]
    path = "/estimate"
    content = document["paths"][path]["post"]["requestBody"]["content"]["application/json"]
    body = json.dumps(next(iter(content["examples"].values()))["value"])
    parts = [f"# {info['title']} {info['version']}", f"> {info['summary']}", info["description"]]
    parts += [USE.strip().format(path=path, body=body)]
    known: dict[str, None] = {}
    for tag in document["tags"]:
        parts.append(f"## {tag['name'].capitalize()}\n\n{tag['description']}\n")
        for method, path, operation in _operations(document["paths"], tag["name"]):
            link = f"[{method.upper()} {path}](./docs#/{tag['name']}/{operation['operationId']})"
            names = [f"`{name}`{'*' if needed else ''}" for name, _, needed in _inputs(operation, schemas)]
            takes = f" Takes {', '.join(names)}." if names else ""
            parts[-1] += f"\n- {link}: {operation['summary']}. {_use(operation['description'])}{takes}"
            known |= dict.fromkeys(_explained(name, field) for name, field, _ in _inputs(operation, schemas))
    parts.append("\n".join(["## Inputs", "", "Those with * above are required; bounds are inclusive.", "", *known]))
    return "\n\n".join(parts) + "\n" + PAGES


def _operations(paths: Mapping[str, Any], tag: str) -> Iterator[tuple[str, str, Mapping[str, Any]]]:
    for path, item in paths.items():
        for method, operation in item.items():
            if tag in operation["tags"]:
                yield method, path, operation


def _use(description: str) -> str:
    """Return the paragraph of a description that says when to use it and what is needed, or its first."""
    paragraphs = [" ".join(paragraph.split()) for paragraph in description.split("\n\n")]
    return next((paragraph for paragraph in paragraphs if "Use it" in paragraph), paragraphs[0])


def _inputs(operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Iterator[tuple[str, Mapping[str, Any], bool]]:
    """Yield the name of each input of an operation, its schema, and whether it is required."""
    for media in operation.get("requestBody", {}).get("content", {}).values():
        form = media["schema"].get("properties", {})
        schema = form.get("request") or schemas.get(media["schema"].get("$ref", "").rpartition("/")[-1], {})
        fields = {name: field for name, field in form.items() if name != "request"} | schema.get("properties", {})
        for name, field in fields.items():
            yield name, field, name in {"file", *schema.get("required", ())}
    for parameter in operation["parameters"]:
        if "name" in parameter:
            yield parameter["name"], parameter["schema"] | {"description": parameter["description"]}, False


def _explained(name: str, field: Mapping[str, Any]) -> str:
    limits = f" {field['minimum']:g} to {field['maximum']:g}." if "maximum" in field else ""
    choices = f" One of {', '.join(field['enum'])}." if "enum" in field else ""
    return f"- `{name}`: {field['description']}{limits}{choices}"
