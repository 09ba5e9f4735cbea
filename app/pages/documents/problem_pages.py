"""GET /problems/CODE: what a problem means and how to fix it, as a page for people or as JSON."""

import json
from functools import cache
from http import HTTPStatus
from typing import Any, Final

from fastapi import APIRouter, Request
from starlette.exceptions import HTTPException
from starlette.responses import Response

from retrorun.app.http.errors.codes import ERRORS
from retrorun.app.http.media_types import HTML, JSON, VARY, preferred
from retrorun.app.http.problems import complete, encode, problem
from retrorun.app.pages.documents.layout import TEMPLATES
from retrorun.models.evidence import cautions

PAGE: Final = TEMPLATES.get_template("problem.html")

router = APIRouter(include_in_schema=False)


@router.get("/problems/{code}")
async def show(code: str, request: Request) -> Response:
    """Show a code that is the end of the type of a problem."""
    if code not in ERRORS and code not in STRICT:
        raise HTTPException(404)
    media_type = preferred(request.headers.get("accept", ""), (JSON, HTML))
    if media_type is None:
        return problem(406, headers=VARY)
    body = page(code) if media_type == HTML else encode(described(code))
    return Response(body, media_type=media_type, headers=VARY)


STRICT: Final = {
    code: ERRORS["outside_evidence"]._replace(text=warning["message"])
    for code, warning in cautions.WARNINGS.items()
    if code.startswith("energy.")
}
"""The warnings for which a strict request is refused, each as an error of that request."""


def described(code: str) -> dict[str, Any]:
    """Return a code with its status, sentence, parameters and fix, and an example of its problem."""
    error = ERRORS.get(code) or STRICT[code]
    return {
        "code": code,
        "status": error.status,
        "text": error.text,
        "params": {name: meaning for name, (meaning, _) in error.params.items()},
        "fix": error.fix,
        "example": example(code),
    }


def example(code: str) -> dict[str, Any]:
    """Return the problem that a request with this error can get."""
    error = ERRORS.get(code) or STRICT[code]
    if error.status == HTTPStatus.UNPROCESSABLE_ENTITY:
        entry = {"pointer": POINTERS.get(code, ""), "code": code, "message": error.example}
        made = problem(error.status, code=None if code in ERRORS else "outside_evidence", errors=[entry])
    else:
        made = problem(error.status, code=code, detail=error.example)
    shown: dict[str, Any] = json.loads(complete(bytes(made.body), "/estimate", REQUEST_ID))
    return shown


POINTERS: Final = {
    **dict.fromkeys(("required", "out_of_range", "not_a_number", "not_finite", "no_equal_speed"), "/speed_m_s"),
    "not_a_choice": "/gait",
    "grade_undefined": "/grade",
}
"""The place of the error in an example, where it is not the whole request."""

REQUEST_ID: Final = b"7fec547d907bc1c9"


@cache
def page(code: str) -> bytes:
    """Return the page of a code."""
    error = ERRORS.get(code) or STRICT[code]
    shown = example(code)
    text = json.dumps(shown, indent=2, ensure_ascii=False)
    return PAGE.render(code=code, error=error, title=shown["title"], example=text).encode()
