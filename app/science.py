"""Where each number comes from: models, references and claims, as the code holds them."""

from fastapi import APIRouter
from starlette.responses import Response

from app.problems import encode
from app.schema import described
from models.catalogue import Catalogue, catalogue
from models.claims import Evidence, evidence
from models.evidence import REFERENCES, Reference

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
