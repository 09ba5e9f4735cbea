"""Hold the answers of this version to the contract as if it were closed: no field or word that it does not name.

The contract itself is open, because later versions may add both. A field that the service sends and the contract does
not name would pass unseen without this.
"""

from copy import deepcopy
from functools import cache
from typing import Any, Final, TypeAlias

from jsonschema import Draft202012Validator  # type: ignore[import-untyped]  # jsonschema ships no types

from retrorun.app.contract.open_answers import KNOWN_WORDS, nodes
from retrorun.app.contract.openapi import contract
from retrorun.app.main import create_app

Schema: TypeAlias = dict[str, Any]

JSON: Final = ("application/json", "application/problem+json")


@cache
def closed_contract() -> Schema:
    """Return the contract with every object and every list of words closed."""
    document = deepcopy(contract(create_app()))
    for node in nodes(document):
        if "properties" in node and node.get("type") == "object":
            node.setdefault("additionalProperties", False)
        if KNOWN_WORDS in node:
            node["enum"] = node[KNOWN_WORDS]
    return document


@cache
def validator_of(method: str, path: str, status: int) -> Draft202012Validator:
    """Return the validator of the answers of an operation that have this status."""
    document = closed_contract()
    response = document["paths"][path][method.lower()]["responses"][str(status)]
    if "$ref" in response:
        response = document["components"]["responses"][response["$ref"].rpartition("/")[2]]
    (schema,) = (media["schema"] for name, media in response["content"].items() if name in JSON)
    return Draft202012Validator(schema | {"components": document["components"]})


def unknown_to_the_contract(method: str, path: str, status: int, answer: Any) -> list[str]:
    """Return what of an answer the contract does not name or allow, nothing if it is as described."""
    found = validator_of(method, path, status).iter_errors(answer)
    return [f"{error.json_path}: {error.message}" for error in found]
