"""POST /workout/track: a watch file as a workout, sent as a form with the file and a request about it."""

from typing import Annotated, Any, Final, Literal, NotRequired, cast, get_type_hints

from fastapi import APIRouter, Request
from pydantic import (
    ConfigDict,
    Field,
    TypeAdapter,
    ValidationError,
    ValidatorFunctionWrapHandler,
    WrapValidator,
    with_config,
)
from starlette.responses import Response
from typing_extensions import TypedDict

from retrorun.app.api.estimate import OWN
from retrorun.app.api.workout import EnergyModelsRequest
from retrorun.app.contract.openapi import REFERENCE, problems
from retrorun.app.formats.watch_files import read_watch_file
from retrorun.app.http.errors.codes import ERRORS
from retrorun.app.http.json_route import MARK, beside, body_of
from retrorun.app.http.limits import EXCEEDED_LIMIT, MAXIMUM_BODY_BYTES
from retrorun.app.http.media_types import CSV, JSON, VARY, media_type_of, preferred
from retrorun.app.http.problems import encode, from_estimate_error, from_validation_error, not_acceptable, problem
from retrorun.app.http.schema import VIEW, described, included, quantity, request_of, word
from retrorun.app.pages.csv_text import csv_of
from retrorun.models.columns.names import PARTS
from retrorun.models.evidence.views import answer_in_view
from retrorun.models.track.cutting import GradeRange, Profile, Range
from retrorun.models.track.track import TrackedWorkout, TrackPart
from retrorun.models.track.track import track as track_of_points
from retrorun.models.vocabulary.errors import EstimateError
from retrorun.models.vocabulary.quantities import QUANTITIES

FORMATS: Final = (JSON, CSV)
MAXIMUM_RANGES: Final = 1000
MOST_PARTS: Final = 2
PIECE_BYTES: Final = 1 << 20
"""Bytes of a form that are parsed at once."""
HEADERS_END: Final = b"\r\n\r\n"

RANGE_EXAMPLE: Final = {name: QUANTITIES[name].example for name in ("from_s", "to_s")}
GRADE_EXAMPLE: Final = {**RANGE_EXAMPLE, "grade": QUANTITIES["grade"].example}

router = APIRouter(tags=["workout"])


RangeRequest: Any = request_of(Range, "A range of time that was done backward.")

GradeRangeRequest: Any = request_of(GradeRange, "A range of time with its slope.")
Grades: Any = Annotated[list[GradeRangeRequest], word("track_grades", [GRADE_EXAMPLE], max_length=MAXIMUM_RANGES)]
grades_of: Final = TypeAdapter(Grades).validate_python


def number_or_grades(value: Any, number_of: ValidatorFunctionWrapHandler) -> Any:
    """Return a grade, or a list of ranges with their grades.

    The contract describes the number only, because client generators make an empty type of a number or a list. So the
    list also has a field of its own, `grades`.
    """
    return grades_of(value) if isinstance(value, list) else number_of(value)


TrackRequest: Any = request_of(
    track_of_points,
    "Facts about a file. Send body mass.",
    grade=Annotated[float, quantity("grade"), WrapValidator(number_or_grades)],
    grades=Grades,
    backward=Annotated[list[RangeRequest], word("track_backward", [RANGE_EXAMPLE], max_length=MAXIMUM_RANGES)],
    energy_models=Annotated[EnergyModelsRequest, word("energy_models", {"run": "looney2025"})],
    sport=Annotated[Literal["as_foot"], word("track_sport", "as_foot", json_schema_extra={"enum": ["as_foot"]})],
    **OWN,
    include=included("track_include", TrackPart, "profile"),
    view=VIEW,
)

validate: Final = TypeAdapter(TrackRequest).validator.validate_json

NAMED: Any = cast(Any, TypedDict)(
    "Named", get_type_hints(TrackRequest, include_extras=True) | {"grade": NotRequired[list[GradeRangeRequest]]}
)
"""The fields of the request, to name those of a range of grade."""


LEAST: Final = {"body_mass_kg": QUANTITIES["body_mass_kg"].example}


@with_config(ConfigDict(extra="forbid"))
class TrackForm(TypedDict):
    """A file, and facts about it."""

    file: Annotated[
        bytes,
        Field(description="A GPX, TCX or FIT file, unchanged, or one in a .gz or .zip."),
    ]
    request: Annotated[TrackRequest, Field(description="Facts about the file, as JSON.", examples=[LEAST])]


FORM: Final = {
    "schema": TypeAdapter(TrackForm).json_schema(ref_template=REFERENCE),
    "encoding": {"file": {"contentType": "application/octet-stream"}, "request": {"contentType": "application/json"}},
}


class MalformedForm(Exception):
    """The body is not a form of two parts."""


class PartTooLarge(Exception):
    """The part request is larger than any valid one."""


@router.post(
    "/workout/track",
    operation_id="workout_track",
    summary="Add up a recorded workout, as given and with directions reversed",
    response_model=described(TrackedWorkout),
    response_description="Totals as given and reversed, their ratio, a report on the recording, the assumed inputs.",
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}},
        **problems(400, 406, 413, 415, 422, 500),
    },
    openapi_extra={"requestBody": {"required": True, "content": {"multipart/form-data": FORM}}},
)
async def track(request: Request) -> Response:
    """Send a GPX, TCX or FIT file and, as JSON, body mass and the time ranges done backward.

    Use it for the recording of a sports watch. `Accept: text/csv` gives the profile as a table.

    Spikes and jumps are removed and counted in the report. Pauses and gaps count as rest. The rest becomes segments of
    about ten seconds, which are answered as by POST /workout. Times are in seconds from the first point with time and
    place. A recording without altitudes is level unless you send `grade`, or `grades` for ranges of time.

    Sessions of other sports are in no total. A .gz or .zip with one recording is opened. Nothing is stored. A 422 can
    also mean that the file has another format or sport, was planned and not done, or has no usable movement. A 503
    without `Retry-After` means that the server lacks the extra `track`.
    """
    media_type = preferred(request.headers.get("accept", ""), FORMATS)
    if media_type is None:
        return not_acceptable(FORMATS)
    content_type = request.headers.get("content-type", "")
    if media_type_of(content_type).name != "multipart/form-data":
        return problem(415, detail="Send multipart/form-data with the two parts file and request.")
    body = await body_of(request.receive)
    most = request.scope.get(EXCEEDED_LIMIT, MAXIMUM_BODY_BYTES)
    return await beside(request.scope, track_response, content_type, most, media_type, body=body)


def track_response(content_type: str, most: int, media_type: str, body: bytes) -> Response:
    """Return the answer to a form, or its problem; the part request has at most `most` bytes."""
    try:
        parts = parts_of(content_type, body, most)
        missing = [
            {"pointer": f"/{name}", "code": "required", "message": f"The part {name} is required."}
            for name in ("file", "request")
            if name not in parts
        ]
        if missing:
            return problem(422, errors=missing)
        said = validate(parts["request"].removeprefix(MARK))
        file = read_watch_file(parts["file"])
        if media_type == CSV:
            asked = {name: value for name, value in said.items() if name not in {"view", "include"}}
            answer = track_of_points(file.points, file.sessions, **asked, include=["profile"])
            encoded = csv_of(profile_columns(answer["profile"]))
        else:
            encoded = encode(answer_in_view(track_of_points, said, file.points, file.sessions))
    except MalformedForm:
        return problem(400, code="form", detail=ERRORS["form"].text)
    except PartTooLarge as error:
        return problem(413, detail=f"The part request is larger than {error} bytes: send a smaller one.")
    except ImportError:
        detail = "This server cannot read watch files: its operator can install retrorun[track]."
        return problem(503, code="not_installed", detail=detail)
    except ValidationError as error:
        return from_validation_error(error, NAMED, parts["request"].removeprefix(MARK))
    except EstimateError as error:
        return from_estimate_error(error)
    return Response(encoded, media_type=media_type, headers=VARY)


def profile_columns(profile: Profile) -> dict[str, list[Any]]:
    """Return a profile with the parts of each level speed as columns of their own, as in a table of estimates."""
    columns = cast(dict[str, list[Any]], {**profile})
    levels = columns.pop("segment_level_speed_m_s")
    return columns | {
        f"segment_level_speed_m_s{suffix}": [level.get(part) for level in levels] for part, suffix in PARTS.items()
    }


def parts_of(content_type: str, body: bytes, most: int) -> dict[str, bytes]:
    """Return the parts of a form by name.

    Raises
    ------
    MalformedForm
        A part has another name or comes twice, or the body is not a form.
    PartTooLarge
        The part request has more than `most` bytes.
    """
    from multipart import MultipartError, MultipartSegment, PushMultipartParser, parse_options_header  # noqa: PLC0415 - optional

    lengths: dict[str, int] = {}
    name = ""
    try:
        boundary = parse_options_header(content_type)[1].get("boundary", "")
        with PushMultipartParser(
            boundary, content_length=len(body), max_segment_count=MOST_PARTS, strict=True
        ) as parser:
            # In pieces, because the parser copies what it has not read.
            for start in range(0, len(body), PIECE_BYTES):
                for event in parser.parse(body[start : start + PIECE_BYTES]):
                    if isinstance(event, MultipartSegment):
                        name = event.name or ""
                        if name not in {"file", "request"} or name in lengths:
                            raise MalformedForm
                        lengths[name] = 0
                    elif event:
                        lengths[name] += len(event)
                        if name == "request" and lengths[name] > most:
                            raise PartTooLarge(most)
    except MultipartError:
        raise MalformedForm from None
    parts: dict[str, bytes] = {}
    if not lengths:
        return parts
    # A text before the first part may have empty lines too.
    mark = b"--" + parser.boundary + b"\r\n"
    end = 0 if body.startswith(mark) else body.index(b"\r\n" + mark)
    for name, length in lengths.items():
        # A part begins after the empty line below its headers. Joining the pieces would need its memory twice.
        start = body.index(HEADERS_END, end) + len(HEADERS_END)
        end = start + length
        parts[name] = body[start:end]
    return parts
