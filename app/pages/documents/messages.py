"""GET /messages: every sentence of an answer by its code, for translations and for the links of warnings."""

from collections.abc import Iterator, Mapping
from functools import cache
from string import Formatter
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Request
from pydantic import Field
from starlette.responses import Response
from typing_extensions import TypedDict

from retrorun.app.contract.openapi import problems
from retrorun.app.http.errors.codes import ERRORS
from retrorun.app.http.media_types import HTML, JSON, VARY, preferred
from retrorun.app.http.problems import encode, not_acceptable
from retrorun.app.pages.documents.layout import TEMPLATES
from retrorun.models.evidence.cautions import CAUTIONS, DOCS
from retrorun.models.evidence.cautions import PARAMETERS as WARNING_PARAMETERS
from retrorun.models.summary.texts import CAUTIONARY, PARAMETERS, TEXTS

PAGE: Final = TEMPLATES.get_template("messages.html")

FORMATS: Final = (JSON, HTML)

Kind = Literal["summary", "warning", "error"]
Severity = Literal["safety", "limit", "note", "error"]


class Message(TypedDict):
    """A sentence of the service."""

    code: Annotated[str, Field(description="Stable word for programs.", examples=["energy_only"])]
    kind: Annotated[Kind, Field(description="Where it is: the summary or the warnings of an answer, or a problem.")]
    severity: Annotated[Severity, Field(description="As in a warning. A problem is an error.", examples=["note"])]
    text: Annotated[
        str,
        Field(description="The sentence, with the name of each parameter in braces.", examples=[TEXTS["energy_only"]]),
    ]
    params: Annotated[dict[str, str], Field(description="The meaning of each parameter, with its unit.")]
    docs: Annotated[str, Field(description="Link to this message.", examples=["/messages#energy_only"])]


router = APIRouter(tags=["evidence"])


def messages() -> Iterator[Message]:
    """Yield every sentence: those of summaries, then warnings, then problems."""
    for code, text in TEXTS.items():
        severity: Severity = "safety" if code in CAUTIONARY else "note"
        yield message(code, "summary", severity, text, PARAMETERS)
    for code, warning in CAUTIONS.items():
        yield message(code, "warning", warning.severity, warning.text, WARNING_PARAMETERS)
    for code, error in ERRORS.items():
        meanings = {name: meaning for name, (meaning, _) in error.params.items()}
        yield message(code, "error", "error", error.text, meanings)


def message(code: str, kind: Kind, severity: Severity, text: str, meanings: Mapping[str, str]) -> Message:
    """Return an entry of the list, with the meanings of the parameters in its text."""
    names = dict.fromkeys(name for _, name, _, _ in Formatter().parse(text) if name)
    params = {name: meanings[name] for name in names}
    docs = f"/problems/{code}" if kind == "error" else DOCS + code
    return {"code": code, "kind": kind, "severity": severity, "text": text, "params": params, "docs": docs}


@router.get(
    "/messages",
    operation_id="messages",
    summary="List every sentence of an answer, by its code",
    response_model=list[Message],
    response_description="The sentences, as JSON or as an HTML page.",
    responses={
        200: {"content": {HTML: {"schema": {"type": "string"}}}},
        **problems(406),
    },
)
async def listed(request: Request) -> Response:
    """List the sentences of summaries, the warnings and the errors, with their parameters.

    Use it to translate an answer by `code` and `params`.

    Each sentence of a summary, and each warning with its details, has the `code` of an entry here, and `params` to fill
    into your own text. An error has only the code. For an HTML page, send `Accept: text/html`.
    """
    media_type = preferred(request.headers.get("accept", "*/*"), FORMATS)
    if media_type is None:
        return not_acceptable(FORMATS)
    return Response(made(media_type), media_type=media_type, headers=VARY)


@cache
def made(media_type: str) -> bytes:
    """Return the list in a media type."""
    found: list[Any] = list(messages())
    return PAGE.render(messages=found).encode() if media_type == HTML else encode(found)
