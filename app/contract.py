"""The OpenAPI document, made from the running code; `openapi/openapi.json` is its committed copy."""

from typing import Any, Final

from fastapi import FastAPI
from pydantic import TypeAdapter
from pydantic_core import to_json

from app.problems import MEDIA_TYPE, PROBLEMS
from app.schema import Problem

REFERENCE = "#/components/schemas/{model}"


def problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI answers for these problem statuses."""
    return {
        status: {
            "description": PROBLEMS[status][1],
            "content": {MEDIA_TYPE: {"schema": {"$ref": "#/components/schemas/Problem"}}},
        }
        for status in statuses
    }


LIMITED: Final = (401, 408, 431, 503)
"""What any operation but a probe may be refused with, by key or limit."""


def contract(app: FastAPI) -> dict[str, Any]:
    """Return the OpenAPI document of an application.

    FastAPI makes it from the routes and their types. Two things are mended: problems get their schema, and the
    titles that pydantic makes up from field names go, because they name nothing that the field does not.
    """
    document = app.openapi()
    schemas = document["components"]["schemas"]
    if "Problem" not in schemas:
        # Offered, not asked for: whether it is needed is up to whoever runs the service.
        key = {"type": "apiKey", "in": "header", "name": "X-API-Key", "description": "Where the service asks for one."}
        document["components"]["securitySchemes"] = {"key": key}
        document["security"] = [{}, {"key": []}]
        problem = TypeAdapter(Problem).json_schema(ref_template=REFERENCE)
        schemas.update(problem.pop("$defs"), Problem=problem)
        for schema in schemas.values():
            for field in schema.get("properties", {}).values():
                field.pop("title", None)
    return document


def contract_text(app: FastAPI) -> str:
    """Return the document as it is committed: indented JSON with a final newline."""
    return to_json(contract(app), indent=2).decode() + "\n"
