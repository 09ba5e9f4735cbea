"""The tools: four operations of the contract, under their names there and with its texts and schemas.

A call goes to the service in this process, so its validation, models and errors are those of a request over HTTP.
"""

import json
import logging
from collections.abc import Iterator, Mapping
from copy import deepcopy
from http import HTTPStatus
from typing import Any, Final, NamedTuple

import httpx
from fastapi import FastAPI

from retrorun.app.contract.openapi import REFERENCE
from retrorun.app.http.limits import where_it_happened
from retrorun.app.http.problems import problem

OPERATIONS: Final = ("estimate", "solve", "plan", "evidence")
"""The operations that are tools. All of them answer a question about one person, or say what may be said."""

SENTENCES: Final = ("headline", "knee", "caution")
"""The sentences of a summary, in the order in which they are shown."""

NO_INPUTS: Final = {"type": "object", "properties": {}, "additionalProperties": False}

FAULT: Final = "Internal error. The log of this server says where. Try again."

logger = logging.getLogger("retrorun")


class Operation(NamedTuple):
    """An operation of the contract as a tool."""

    name: str
    method: str
    path: str
    title: str
    description: str
    input_schema: dict[str, Any]
    output_schema: dict[str, Any]


class Answer(NamedTuple):
    """The answer to a call."""

    texts: list[str]
    content: dict[str, Any]
    """The answer or the problem, as over HTTP."""
    is_problem: bool


def operations_of(document: Mapping[str, Any]) -> dict[str, Operation]:
    """Return the operations that are tools, by name.

    Parameters
    ----------
    document : mapping
        The contract.

    Returns
    -------
    dict
        The operations, in the order of `OPERATIONS`.
    """
    found = {
        operation["operationId"]: (path, method, operation)
        for path, item in document["paths"].items()
        for method, operation in item.items()
    }
    return {name: _operation(*found[name], document["components"]["schemas"]) for name in OPERATIONS}


def _operation(path: str, method: str, operation: Mapping[str, Any], schemas: Mapping[str, Any]) -> Operation:
    sent = _json_schema(operation["requestBody"]) if "requestBody" in operation else NO_INPUTS
    return Operation(
        operation["operationId"],
        method,
        path,
        operation["summary"],
        operation["description"],
        whole(sent, schemas),
        whole(_json_schema(operation["responses"][str(HTTPStatus.OK.value)]), schemas),
    )


def _json_schema(message: Mapping[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = message["content"]["application/json"]["schema"]
    return schema


def whole(schema: Mapping[str, Any], schemas: Mapping[str, Any]) -> dict[str, Any]:
    """Return a schema of the contract that needs no other document: what it refers to is in its `$defs`.

    Examples
    --------
    >>> shapes = {"Bout": {"type": "object", "properties": {"speed": {"$ref": "#/components/schemas/Speed"}}},
    ...           "Speed": {"type": "number"}}
    >>> whole({"$ref": "#/components/schemas/Bout"}, shapes)["$defs"]
    {'Speed': {'type': 'number'}}
    """
    root = schemas[_name(schema["$ref"])] if "$ref" in schema else schema
    result, found = deepcopy(dict(root)), {}
    waiting = [result]
    while waiting:
        for holder in _references(waiting.pop()):
            name = _name(holder["$ref"])
            holder["$ref"] = f"#/$defs/{name}"
            if name not in found:
                found[name] = deepcopy(schemas[name])
                waiting.append(found[name])
    return result | {"$defs": found} if found else result


def _name(reference: str) -> str:
    return reference.removeprefix(REFERENCE.format(model=""))


def _references(schema: Any) -> Iterator[dict[str, Any]]:
    """Yield each object in a schema that refers to another schema."""
    if isinstance(schema, dict):
        if isinstance(schema.get("$ref"), str):
            yield schema
        schema = list(schema.values())
    if isinstance(schema, list):
        for part in schema:
            yield from _references(part)


async def answer(service: FastAPI, operation: Operation, arguments: Mapping[str, Any]) -> Answer:
    """Call an operation, and return its answer or the problem. Neither repeats an argument."""
    # An exception of the service is raised here: it must not be answered, because it can hold an input.
    transport = httpx.ASGITransport(service)
    headers = {"content-type": "application/json"}
    try:
        # Not orjson, which writes NaN as null: the service must see what was sent.
        content = json.dumps(arguments) if operation.method == "post" else None
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun") as client:
            response = await client.request(operation.method, operation.path, content=content, headers=headers)
        status, body = response.status_code, response.content
    except Exception as error:
        logger.error("a tool failed: %s", where_it_happened(error))
        failed = problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail=FAULT)
        status, body = failed.status_code, bytes(failed.body)
    text = body.decode()
    found: dict[str, Any] = json.loads(text)
    if status != HTTPStatus.OK:
        return Answer([problem_text(found)], found, is_problem=True)
    sentences = " ".join(found["summary"][name]["text"] for name in SENTENCES if name in found.get("summary", {}))
    # The protocol asks for the answer as text too, for clients that do not read structured content.
    return Answer([*([sentences] if sentences else []), text], found, is_problem=False)


def problem_text(found: Mapping[str, Any]) -> str:
    """Return a problem as text: each thing to fix with its place, or what is wrong if nothing is listed.

    Examples
    --------
    >>> print(problem_text({"detail": "...", "errors": [{"pointer": "/grade", "message": "Give a number."}]}))
    /grade: Give a number.
    >>> print(problem_text({"detail": "The service is busy."}))
    The service is busy.
    """
    errors = found.get("errors") or [{"pointer": "", "message": found["detail"]}]
    return "\n".join(f"{error['pointer']}: {error['message']}".lstrip(": ") for error in errors)
