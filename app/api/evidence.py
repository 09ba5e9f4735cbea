"""Where each number comes from: models, references and claims, as the code holds them."""

from functools import cache
from typing import Annotated, Any, Final

from fastapi import APIRouter, Header, Query, Request
from pydantic import Field
from starlette.responses import Response

from retrorun.app.contract.openapi import problems
from retrorun.app.http.json_route import beside
from retrorun.app.http.media_types import JSON, preferred
from retrorun.app.http.problems import encode, problem
from retrorun.app.http.schema import described
from retrorun.app.pages.validation_page import page
from retrorun.models.evidence.catalogue import Catalogue, catalogue
from retrorun.models.evidence.claims import Evidence, evidence
from retrorun.models.sources.references import REFERENCES, Reference
from retrorun.models.validation.validation import IndicatorFilter, ModelFilter, Validation, validation
from retrorun.models.vocabulary.meanings import MEANINGS, VALIDATION_MEANINGS
from retrorun.models.vocabulary.quantities import QUANTITIES

router = APIRouter(tags=["evidence"])


@router.get(
    "/models",
    operation_id="models",
    summary="Every equation and constant, with source and standing",
    response_model=described(Catalogue),
    response_description="Every equation, ratio and constant.",
)
async def models() -> Response:
    """List the very constants the code computes with.

    Use it to say where a number of an answer comes from, or to see whether the science changed: `hash` does then.

    Standing: published, in the publisher's page or abstract; secondary, transcribed by a third party; derived,
    arithmetic on published numbers; choice, a modelling decision of this project.
    """
    return Response(encode(catalogue()), media_type="application/json")


@router.get(
    "/references",
    operation_id="references",
    summary="Every source, by id",
    response_model=described(list[Reference]),
    response_description="The sources.",
)
async def references() -> Response:
    """List the sources that answers name by id. A DOI is listed only where it was checked with the publisher.

    Use it to cite what an answer rests on: `references` of an answer holds the ids.
    """
    return Response(encode(list(REFERENCES.values())), media_type="application/json")


@router.get(
    "/evidence",
    operation_id="evidence",
    summary="Claims in circulation, what is known, and wording",
    response_model=described(Evidence),
    response_description="Each claim with finding and wording, and what every app must say beside a load.",
)
async def claims() -> Response:
    """Say what apps claim about going backward, what the evidence supports, and which words to use and to avoid.

    Use it before writing for people about going backward; `caution` belongs beside every load that is shown.
    """
    return Response(encode(evidence()), media_type="application/json")


IN_THE_UNIT_BESIDE: Final = {"measured", "predicted", "error", "bias", "root_mean_square_error"}
"""Numbers whose unit is the text in the field `unit` beside them."""

HTML: Final = "text/html"
VARY: Final = {"vary": "Accept"}


def _field(shape: Any, name: str, hint: Any) -> Any:
    extra: dict[str, Any] = {"format": "double"} if hint is float else {}
    if hint is float and name not in IN_THE_UNIT_BESIDE:
        extra |= {"x-unit": "%" if name.endswith("percentage_error") else "1"}
    own = VALIDATION_MEANINGS.get(f"{shape.__name__}.{name}") or VALIDATION_MEANINGS.get(name)
    if own is None and name in QUANTITIES:
        known = QUANTITIES[name]
        own, extra = f"{known.meaning} [{known.unit}]", extra | {"x-unit": known.ucum}
    return Field(description=own or MEANINGS[name], json_schema_extra=extra)


ANSWER: Final = described(Validation, _field)


@router.get(
    "/validation",
    operation_id="validation",
    summary="Every value from the literature beside what the running code gives for it",
    response_model=ANSWER,
    response_description="Comparisons, misses and summaries; a page for people where HTML is preferred.",
    responses={
        200: {"content": {"text/html": {"schema": {"type": "string"}}}},
        **problems(406, 422, 500),
    },
)
async def validate(
    model: Annotated[
        ModelFilter, Query(description="One model, energy or other; all when left out.", examples=["acsm"])
    ] = "all",
    indicator: Annotated[
        IndicatorFilter, Query(description="One quantity; all when left out.", examples=["oxygen_uptake_ml_kg_min"])
    ] = "all",
    accept: Annotated[str, Header(include_in_schema=False)] = "*/*",
    *,
    request: Request,
) -> Response:
    """Compare the models with every row of the committed tables that they predict; misses are listed by name.

    Use it to judge how far an estimate can be trusted. Computed by the same code that answers estimates. Nothing is
    tuned to pass, and rows that no model predicts are listed with the reason. Ask for text/html to read it as a page.
    """
    media_type = preferred(accept, (JSON, HTML))
    if media_type is None:
        return problem(406, headers=VARY)
    return await beside(request.scope, compared, model, indicator, media_type)


def compared(model: ModelFilter, indicator: IndicatorFilter, media_type: str, _: bytes) -> Response:
    """Return the validation as a page or as JSON."""
    made = page_bytes if media_type == HTML else json_bytes
    return Response(made(model, indicator), media_type=media_type, headers=VARY)


@cache
def json_bytes(model: ModelFilter, indicator: IndicatorFilter) -> bytes:
    """Return the validation as JSON; made once for each choice."""
    return encode(validation(model=model, indicator=indicator))


@cache
def page_bytes(model: ModelFilter, indicator: IndicatorFilter) -> bytes:
    """Return the validation as a page; made once for each choice."""
    return page(validation(model=model, indicator=indicator), model=model, indicator=indicator).encode()
