"""The source of each number: models, references, claims and validation."""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, get_type_hints

from fastapi import APIRouter, Header, Query, Request
from starlette.responses import Response

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import beside
from retrorun.app.http.media_types import CSV, HTML, JSON, VARY, preferred
from retrorun.app.http.problems import encode, not_acceptable
from retrorun.app.http.schema import described
from retrorun.app.pages.csv_text import csv_of
from retrorun.app.pages.documents.evidence_pages import evidence_page, models_page, references_page
from retrorun.app.pages.documents.validation_page import page
from retrorun.models.evidence.catalogue import Catalogue, catalogue
from retrorun.models.evidence.claims import Evidence, evidence
from retrorun.models.sources.references import REFERENCES, Reference
from retrorun.models.validation.comparison import Comparison
from retrorun.models.validation.validation import IndicatorFilter, ModelFilter, Validation, validation

router = APIRouter(tags=["evidence"])

JSON_OR_PAGE: Final = (JSON, HTML)
"""The media types of a list that people read too."""


def of_media_types(*others: str) -> dict[int | str, dict[str, Any]]:
    """Return the OpenAPI response of an answer that is not only JSON."""
    return {200: {"content": {media_type: {"schema": {"type": "string"}} for media_type in others}}}


def json_or_page(request: Request, listed: Callable[[], Any], page: Callable[[], bytes]) -> Response:
    """Return a list as JSON or as a page, as the client prefers."""
    media_type = preferred(request.headers.get("accept", ""), JSON_OR_PAGE)
    if media_type is None:
        return not_acceptable(JSON_OR_PAGE)
    body = page() if media_type == HTML else encode(listed())
    return Response(body, media_type=media_type, headers=VARY)


@router.get(
    "/models",
    operation_id="models",
    summary="List every equation and constant, with its source and standing",
    response_model=described(Catalogue),
    response_description="Every equation, ratio and constant.",
    responses={**of_media_types(HTML), **problems(406)},
)
async def models(request: Request) -> Response:
    """List the constants that the code uses.

    Use it to show the source of a number, or to see whether the science changed: then `hash` changes.

    The standing of a number is published (on the publisher's page or in the abstract), secondary (copied by a third
    party), derived (arithmetic on published numbers) or choice (a decision of this project).
    """
    return json_or_page(request, catalogue, models_page)


@router.get(
    "/references",
    operation_id="references",
    summary="List every source",
    response_model=described(list[Reference]),
    response_description="The sources.",
    responses={**of_media_types(HTML), **problems(406)},
)
async def references(request: Request) -> Response:
    """List the sources, with the ids that answers use. A DOI is listed only if we checked it with the publisher.

    Use it to cite the sources of an answer: its `references` holds their ids.
    """
    return json_or_page(request, lambda: list(REFERENCES.values()), references_page)


@router.get(
    "/evidence",
    operation_id="evidence",
    summary="Common claims about going backward: the evidence, and wording you may use",
    response_model=described(Evidence),
    response_description="Each claim with its finding and wording, and the caution to show with every load.",
    responses={**of_media_types(HTML), **problems(406)},
)
async def claims(request: Request) -> Response:
    """List common claims about going backward, the evidence for each, and the words to use and to avoid.

    Use it before you write for people about going backward. Show `caution` with every load.
    """
    return json_or_page(request, evidence, evidence_page)


FORMATS: Final = (JSON, HTML, CSV)


ANSWER: Final = described(Validation)


@router.get(
    "/validation",
    operation_id="validation",
    summary="Published measurements compared with our estimates",
    response_model=ANSWER,
    response_description="Comparisons, misses and summaries, as JSON or as an HTML page.",
    responses={**of_media_types(HTML, CSV), **problems(406, 422, 500)},
)
async def validate(
    model: Annotated[
        ModelFilter,
        Query(description="One model, of energy or another quantity. Default: all.", examples=["acsm"]),
    ] = "all",
    indicator: Annotated[
        IndicatorFilter,
        Query(description="One quantity. Default: all.", examples=["oxygen_uptake_ml_kg_min"]),
    ] = "all",
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
    *,
    request: Request,
) -> Response:
    """Compare the models with every published measurement that they predict, and list the misses.

    Use it to judge how far you can trust an estimate. `Accept: text/html` gives a page, `text/csv` the comparisons.

    The same code computes the estimates. Nothing is tuned to pass. Rows that no model predicts are listed with the
    reason.
    """
    media_type = preferred(accept, FORMATS)
    if media_type is None:
        return not_acceptable(FORMATS)
    return await beside(request.scope, compared, model, indicator, media_type)


def compared(model: ModelFilter, indicator: IndicatorFilter, media_type: str, _: bytes) -> Response:
    """Return the validation in one of `FORMATS`."""
    made = {JSON: json_bytes, HTML: page_bytes, CSV: csv_bytes}[media_type]
    return Response(made(model, indicator), media_type=media_type, headers=VARY)


@cache
def json_bytes(model: ModelFilter, indicator: IndicatorFilter) -> bytes:
    """Return the validation as JSON; computed once for each choice."""
    return encode(validation(model=model, indicator=indicator))


@cache
def page_bytes(model: ModelFilter, indicator: IndicatorFilter) -> bytes:
    """Return the validation as an HTML page; computed once for each choice."""
    return page(validation(model=model, indicator=indicator), model=model, indicator=indicator).encode()


@cache
def csv_bytes(model: ModelFilter, indicator: IndicatorFilter) -> bytes:
    """Return the comparisons of the validation as CSV; computed once for each choice."""
    found = validation(model=model, indicator=indicator)["comparisons"]
    return csv_of({name: [row.get(name) for row in found] for name in get_type_hints(Comparison)})
