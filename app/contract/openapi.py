"""The OpenAPI document, generated from the running code. `openapi/openapi.json` is the committed copy."""

from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter
from pydantic_core import to_json

from retrorun.app.contract.examples import answers, fill_in_examples, of_operation, requests, share_examples
from retrorun.app.contract.open_answers import open_answers
from retrorun.app.http.problems import MEDIA_TYPE, PROBLEMS
from retrorun.app.http.schema import Problem
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash

REFERENCE = "#/components/schemas/{model}"

LIMITED: Final = (401, 408, 409, 431, 503)
"""Statuses of a missing key, other models or a limit, which every operation except health checks can have."""

ABOUT: Final[dict[str, Any]] = {
    "summary": "Energy cost and joint loads of running and walking, forward and backward",
    "description": """
How much energy a bout of running or walking takes, forward and backward, and how it loads knees, ankles and tendons.
Every estimate is for one person and has a range, `low` to `high`. Energies, timing and loads have an evidence grade.
Unknown values are omitted, and a warning says why. For adults only. This is no diagnosis. Nothing is stored.

**Inputs** are in SI units. The unit is in the name and, as a UCUM code, in `x-unit`. **Numbers** are not rounded and,
in JSON, never null. You can repeat **every request**: the same version gives the same answer.

**Errors** are `application/problem+json` (RFC 9457). `detail` says the first thing to fix, `type` opens a page on it. A
422 lists in `errors` what to fix: JSON Pointer, code and message. Errors never repeat values. A wrong method gives
405 with `Allow`. Retry a 503 after the seconds in `Retry-After`. Without that header, a feature is not installed.

**Every path** answers OPTIONS. If it answers GET, it also answers HEAD. GET answers have an `ETag`, except health
checks. Every answer names the version (`RetroRun-Version`) and the models (`RetroRun-Models`, the `hash` of GET
/models). Send the latter back to get a 409 instead of an answer of other models.

**Changes** that break a client raise the major version, or the minor version before 1.0. Such changes are a new
required input, a narrower bound or list of choices, and an output, operation, status or media type that is removed or
changed. New operations, optional inputs, outputs, warnings and words in an answer can come at any time: ignore those
you do not know. No schema of an answer is closed: `x-extensible-enum` lists the words known now. Before an operation is
removed, it is marked `deprecated` here, and its answers have `Deprecation` (RFC 9745) and `Sunset` (RFC 8594) for at
least one version.
""".strip(),
    "contact": {"name": "RetroRun contributors"},
    "license_info": {"name": "MIT", "identifier": "MIT"},
    "servers": [{"url": ".", "description": "This service, at the path where this document is"}],
    "openapi_tags": [
        {
            "name": "estimate",
            "description": "One bout: its energy and loads, the way to a target, the best plan.",
        },
        {"name": "workout", "description": "Many bouts: a list of segments, or the file of a sports watch."},
        {"name": "evidence", "description": "The source of each number, and how it compares with measurements."},
        {"name": "plot", "description": "Pictures for pages, reports and previews. They need no personal data."},
        {"name": "probes", "description": "Health checks for the system that runs the service. They need no key."},
    ],
}
"""The description of the whole service, as arguments of FastAPI."""

REFUSED: Final = (
    "\n\nAll inputs are in SI units. A 422 means that nothing was computed: fix what `errors` lists and send it again. "
    "A value out of range is never clamped. Other problems: 400 malformed body, 413 too large, 415 wrong media type or "
    "compressed (Content-Encoding), 503 busy: try again."
)
"""The last paragraph of the description of every operation with a body."""

HEADERS: Final = {
    "RequestID": {
        "description": "ID of this request in the log: the X-Request-ID that you sent, or a new one.",
        "schema": {"type": "string"},
        "example": "7fec547d907bc1c9",
    },
    "Version": {
        "description": "Version of the service.",
        "schema": {"type": "string"},
        "example": __version__,
    },
    "Models": {
        "description": "Hash of its models: `hash` of GET /models.",
        "schema": {"type": "string"},
        "example": models_hash(),
    },
    "ETag": {
        "description": "Tag of this answer. Send it as If-None-Match: a 304 then means that nothing changed.",
        "schema": {"type": "string"},
        "example": '"a726bfe9f71168d6"',
    },
    "RetryAfter": {
        "description": "Seconds to wait before you send the request again [s].",
        "schema": {"type": "integer", "minimum": 0, "x-unit": "s"},
        "example": 1,
    },
}
COMPONENTS: Final = {
    "RetroRun-Version": "Version",
    "RetroRun-Models": "Models",
    "X-Request-ID": "RequestID",
    "ETag": "ETag",
    "Retry-After": "RetryAfter",
}
"""The description of each header."""
OF_EVERY_ANSWER: Final = ("RetroRun-Version", "RetroRun-Models", "X-Request-ID")
REQUEST_ID: Final = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Optional request ID for your logs (1 to 64 of A-Z a-z 0-9 . - _). Do not put secrets in it.",
    "schema": {"type": "string"},
}
MODELS: Final = {
    "name": "RetroRun-Models",
    "in": "header",
    "required": False,
    "description": "Optional hash of the models to compute with. If the service has others, you get 409.",
    "schema": {"type": "string"},
}
KEY: Final = {
    "type": "apiKey",
    "in": "header",
    "name": "X-API-Key",
    "description": "Needed only if the service requires it.",
}
NOT_MODIFIED: Final = "NotModified"
ON_ONE_PAGE: Final = {"url": "./llms.txt", "description": "The service on one page, for language models and scripts"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI responses for these problem statuses."""
    return {
        status: {
            "description": PROBLEMS[status][1],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def contract(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application.

    FastAPI makes it from the routes and their types. This function adds the parts that are the same everywhere:
    problems and their schema, headers, and the examples, which are the golden pairs. It removes the titles that
    pydantic makes from field names, because they say nothing new. It opens the schemas of answers.
    """
    document = app.openapi()
    components = document["components"]
    schemas = components["schemas"]
    if "externalDocs" in document:  # FastAPI keeps the document, with these additions.
        return document
    # Optional here: the operator of a service decides whether a key is required.
    components["securitySchemes"] = {"key": KEY}
    document["security"] = [{}, {"key": []}]
    document["externalDocs"] = ON_ONE_PAGE
    components["headers"] = HEADERS
    components["parameters"] = {"RequestID": REQUEST_ID, "Models": MODELS}
    components["responses"] = {}
    problem = TypeAdapter(Problem).json_schema(ref_template=REFERENCE)
    schemas.update(problem.pop("$defs"), Problem=problem)
    for _, operation in operations(document):
        schemas.update(take_out_defs(operation))
    components["schemas"] = schemas = dict(sorted(schemas.items()))
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
    for method, operation in operations(document):
        complete_operation(operation, method, components)
    share_examples(schemas)
    open_answers(document)
    share_parameters(document)
    return document


def share_parameters(document: dict[str, Any]) -> None:
    """Put a parameter that several operations have in the components, and references in its place."""
    found = [(operation, given) for _, operation in operations(document) for given in operation["parameters"]]
    for operation, given in found:
        if "name" in given and sum(given == other for _, other in found) > 1:
            name = given["name"].title().replace("_", "")
            document["components"]["parameters"][name] = given
            place = operation["parameters"].index(given)
            operation["parameters"][place] = {"$ref": f"#/components/parameters/{name}"}


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation of a document, and its method."""
    for item in document["paths"].values():
        yield from item.items()


def take_out_defs(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas inside the bodies of an operation, and put references in their place."""
    if "requestBody" not in operation:
        return {}
    operation["requestBody"] = body = deepcopy(operation["requestBody"])  # the route keeps its own
    found: dict[str, Any] = {}
    for media in body["content"].values():
        if "$defs" in (schema := media["schema"]):
            found |= schema.pop("$defs") | {schema["title"]: schema}
            media["schema"] = {"$ref": REFERENCE.format(model=schema["title"])}
    return found


def complete_operation(operation: dict[str, Any], method: str, components: dict[str, Any]) -> None:
    """Add examples, headers and the statuses that every operation can answer with."""
    name = operation["operationId"]
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/RequestID"})
    if "requestBody" in operation:
        operation["description"] += REFUSED
        for media_type, media in operation["requestBody"]["content"].items():
            if shown := requests(name, media_type):
                media.pop("example", None)
                media["examples"] = shown
            for example in shown.values():
                fill_in_examples(components["schemas"], media["schema"], example["value"])
    responses = operation["responses"]
    limited = "401" in responses  # not a health check
    if limited:
        operation["parameters"].append({"$ref": "#/components/parameters/Models"})
    if method == "get" and limited:
        responses["304"] = {"$ref": f"#/components/responses/{NOT_MODIFIED}"}
        components["responses"][NOT_MODIFIED] = {
            "description": "Nothing changed: the answer is still the one that If-None-Match names.",
            "headers": headers(*OF_EVERY_ANSWER, "ETag"),
        }
        responses["200"]["headers"] = headers("ETag")
    for status, response in sorted(responses.items()):
        del responses[status]
        responses[status] = response
        if "content" in response:
            add_examples(name, int(status), response)
            for media in response["content"].values():
                media["schema"].pop("title", None)
                for pair in of_operation(name, int(status)).values():
                    fill_in_examples(components["schemas"], media["schema"], pair["response"].get("body"))
            response["headers"] = headers(*OF_EVERY_ANSWER) | response.get("headers", {})
        if int(status) in PROBLEMS:
            own = [pair["response"]["body"] for pair in of_operation(name, int(status)).values()]
            if own:
                # The detail of a problem with errors is about one example.
                response["description"] = PROBLEMS[int(status)][1] if "errors" in own[0] else own[0]["detail"]
            else:
                responses[status] = shared_response(int(status), response, components["responses"])


def headers(*names: str) -> dict[str, Any]:
    """Return references to the descriptions of these headers."""
    return {name: {"$ref": f"#/components/headers/{COMPONENTS[name]}"} for name in names}


def add_examples(operation: str, status: int, response: dict[str, Any]) -> None:
    """Add the golden pairs of an operation, or of `problem`, to a response as examples."""
    for media_type, media in response["content"].items():
        if shown := answers(operation, status, media_type) or answers("problem", status, media_type):
            media["examples"] = shown


def shared_response(status: int, response: dict[str, Any], responses: dict[str, Any]) -> dict[str, str]:
    """Add a problem that many operations share to the components, and return a reference to it."""
    name = PROBLEMS[status][0].replace(" ", "")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["headers"] |= headers("Retry-After")
    responses[name] = response
    return {"$ref": f"#/components/responses/{name}"}


def contract_text(app: FastAPI) -> str:
    """Return the document as it is committed: indented JSON with a final newline."""
    return to_json(contract(app), indent=2).decode() + "\n"
