"""The OpenAPI document, made from the running code; `openapi/openapi.json` is its committed copy."""

from collections.abc import Iterator
from copy import deepcopy
from http import HTTPStatus
from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter
from pydantic_core import to_json

from retrorun.app.contract.examples import answers, fill_in, of_operation, requests, share
from retrorun.app.http.problems import MEDIA_TYPE, PROBLEMS
from retrorun.app.http.schema import Problem

REFERENCE = "#/components/schemas/{model}"

LIMITED: Final = (401, 408, 431, 503)
"""What any operation but a probe may be refused with, by key or limit."""

ABOUT: Final[dict[str, Any]] = {
    "summary": "Energy cost and joint loads of running and walking, forward and backward",
    "description": """
What a bout of running or walking costs in energy, backward against forward, and what it asks of knees, ankles
and tendons. Every estimate is for one person and carries an interval; energies, timing and loads carry an evidence
grade; what is unknown is absent, with a warning that says why. Adults only; no diagnosis; nothing is stored.

**Inputs** are SI. Each unit stands in the name and, as UCUM code, in `x-unit`. **Numbers** are never rounded, and in
JSON never null. **Repeating** a request is harmless: the same version gives the same answer.

**Errors** are `application/problem+json` (RFC 9457). A 422 lists in `errors` what to mend: a JSON Pointer, a stable
code, and a message that says what to do. What was sent is never repeated. Beside what an operation lists, a path that
is not there gives 404, a method it does not take 405 with `Allow`. A 503 says in `Retry-After` when to try again; one
that does not say is no matter of time.

**Every path** answers OPTIONS, and one that answers GET also HEAD. What is read, but for probes, has an `ETag`.

**Changes** that break a client raise the major version, before 1.0 the minor one: a new required input, a narrower
bound or list of choices, an output, operation, status or media type that goes or becomes another. New operations,
optional inputs, outputs, warnings and words in an answer may come at any time: ignore what you do not know. Before an
operation goes, it is marked `deprecated` here and its answers carry `Deprecation` (RFC 9745) and `Sunset` (RFC 8594)
for at least one version.
""".strip(),
    "contact": {"name": "RetroRun contributors"},
    "license_info": {"name": "MIT", "identifier": "MIT"},
    "servers": [{"url": ".", "description": "This service, whatever path it is mounted at"}],
    "openapi_tags": [
        {"name": "estimate", "description": "One bout: what it costs, what meets a target, what is best under limits."},
        {"name": "workout", "description": "Many bouts: a list of segments, or the file of a watch."},
        {"name": "evidence", "description": "Where each number comes from, and how it compares with measurements."},
        {"name": "plot", "description": "Pictures for pages, reports and previews; nothing personal is asked."},
        {"name": "probes", "description": "For whatever keeps the service running; served without a key."},
    ],
}
"""What FastAPI is told of the service as a whole."""

REFUSED: Final = (
    "\n\nAll inputs are SI. A 422 means that nothing was computed: mend what `errors` points at and send it again; a "
    "value that is out of range is never clamped. Other problems: 400 no valid JSON, 413 too large, 415 not the media "
    "type described here, or compressed (Content-Encoding), 503 try again."
)
"""What the description of every operation that computes ends with."""

HEADERS: Final = {
    "RequestID": {
        "description": "Names this request in the log: the X-Request-ID that was sent, or a new one.",
        "schema": {"type": "string"},
        "example": "7fec547d907bc1c9",
    },
    "ETag": {
        "description": "Tag of this answer; sent back as If-None-Match, a 304 says that nothing changed.",
        "schema": {"type": "string"},
        "example": '"a726bfe9f71168d6"',
    },
    "RetryAfter": {
        "description": "Seconds to wait before the request is sent again [s].",
        "schema": {"type": "integer", "minimum": 0, "x-unit": "s"},
        "example": 1,
    },
}
REQUEST_ID: Final = {
    "name": "X-Request-ID",
    "in": "header",
    "required": False,
    "description": "Your own name for this request: 1 to 64 letters, digits, points, dashes or underscores; no secret.",
    "schema": {"type": "string"},
}
KEY: Final = {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Where the service asks for one."}
NOT_MODIFIED: Final = "NotModified"
ON_ONE_PAGE: Final = {"url": "./llms.txt", "description": "The service on one page, for programs"}


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI answers for these problem statuses."""
    return {
        status: {
            "description": PROBLEMS[status][1],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


def contract(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application.

    FastAPI makes it from the routes and their types. What is the same everywhere is added here, once: problems and
    their schema, headers, and the examples, which are the golden pairs. The titles that pydantic makes up from field
    names go, because they name nothing that the field does not.
    """
    document = app.openapi()
    components = document["components"]
    schemas = components["schemas"]
    if "externalDocs" in document:  # FastAPI keeps what it made, with what was added
        return document
    # Offered, not asked for: whether it is needed is up to whoever runs the service.
    components["securitySchemes"] = {"key": KEY}
    document["security"] = [{}, {"key": []}]
    document["externalDocs"] = ON_ONE_PAGE
    components["headers"] = HEADERS
    components["parameters"] = {"RequestID": REQUEST_ID}
    components["responses"] = {}
    problem = TypeAdapter(Problem).json_schema(ref_template=REFERENCE)
    schemas.update(problem.pop("$defs"), Problem=problem)
    for _, operation in operations(document):
        schemas.update(brought(operation))
    components["schemas"] = schemas = dict(sorted(schemas.items()))
    for schema in schemas.values():
        for field in schema.get("properties", {}).values():
            field.pop("title", None)
    for method, operation in operations(document):
        complete(operation, method, components)
    share(schemas)
    return document


def operations(document: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Yield every operation of a document, and its method."""
    for item in document["paths"].values():
        yield from item.items()


def brought(operation: dict[str, Any]) -> dict[str, Any]:
    """Return the schemas that the bodies of an operation bring along, and leave a reference in their place."""
    if "requestBody" not in operation:
        return {}
    operation["requestBody"] = body = deepcopy(operation["requestBody"])  # the route keeps its own
    found: dict[str, Any] = {}
    for media in body["content"].values():
        if "$defs" in (schema := media["schema"]):
            found |= schema.pop("$defs") | {schema["title"]: schema}
            media["schema"] = {"$ref": REFERENCE.format(model=schema["title"])}
    return found


def complete(operation: dict[str, Any], method: str, components: dict[str, Any]) -> None:
    """Add examples, headers and what every operation may be answered with."""
    name = operation["operationId"]
    operation.setdefault("parameters", []).append({"$ref": "#/components/parameters/RequestID"})
    if "requestBody" in operation:
        operation["description"] += REFUSED
        for media_type, media in operation["requestBody"]["content"].items():
            if shown := requests(name, media_type):
                media.pop("example", None)
                media["examples"] = shown
            for example in shown.values():
                fill_in(components["schemas"], media["schema"], example["value"])
    responses = operation["responses"]
    if method == "get" and "401" in responses:  # no probe
        responses["304"] = {"$ref": f"#/components/responses/{NOT_MODIFIED}"}
        components["responses"][NOT_MODIFIED] = {
            "description": "The answer is the one that If-None-Match names.",
            "headers": headers("X-Request-ID", "ETag"),
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
                    fill_in(components["schemas"], media["schema"], pair["response"].get("body"))
            response["headers"] = headers("X-Request-ID") | response.get("headers", {})
        if int(status) in PROBLEMS:
            own = [pair["response"]["body"]["detail"] for pair in of_operation(name, int(status)).values()]
            if own:
                response["description"] = own[0]
            else:
                responses[status] = shared(int(status), response, components["responses"])


def headers(*names: str) -> dict[str, Any]:
    """Return headers of an answer by reference to what describes them once."""
    known = {"X-Request-ID": "RequestID", "ETag": "ETag", "Retry-After": "RetryAfter"}
    return {name: {"$ref": f"#/components/headers/{known[name]}"} for name in names}


def add_examples(operation: str, status: int, response: dict[str, Any]) -> None:
    """Show the golden pairs of an operation, or of `problem`, in an answer."""
    for media_type, media in response["content"].items():
        if shown := answers(operation, status, media_type) or answers("problem", status, media_type):
            media["examples"] = shown


def shared(status: int, response: dict[str, Any], responses: dict[str, Any]) -> dict[str, str]:
    """Describe a problem that is the same everywhere once, and return the reference to it."""
    name = PROBLEMS[status][0].replace(" ", "")
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        response["headers"] |= headers("Retry-After")
    responses[name] = response
    return {"$ref": f"#/components/responses/{name}"}


def contract_text(app: FastAPI) -> str:
    """Return the document as it is committed: indented JSON with a final newline."""
    return to_json(contract(app), indent=2).decode() + "\n"
