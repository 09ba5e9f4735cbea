"""POST /estimate/batch: many bouts in one request, as a list or as columns."""

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final, NamedTuple, NotRequired, cast, get_args, get_type_hints

import numpy as np
import orjson
from fastapi import APIRouter
from numpy.typing import NDArray
from pydantic import ConfigDict, FailFast, Field, TypeAdapter, ValidationError, with_config
from starlette.responses import Response
from typing_extensions import TypedDict

from retrorun.app.api.estimate import PERSONAL, EstimateAnswer, EstimateRequest, MeasurementRequest
from retrorun.app.contract.openapi import problems
from retrorun.app.http.errors.findings import INSIDE, Inside
from retrorun.app.http.json_route import CROWDED, MAXIMUM_FIELDS, WorkerRoute, too_long, values_of
from retrorun.app.http.media_types import CSV, JSON
from retrorun.app.http.problems import complete, encode, from_estimate_error, from_validation_error
from retrorun.app.http.schema import Problem, word
from retrorun.app.pages.csv_text import csv_of
from retrorun.models.columns.answer import Answer
from retrorun.models.columns.estimate_columns import estimate_columns
from retrorun.models.columns.inputs import UNKNOWN_WORD, InputColumn
from retrorun.models.columns.names import (
    FACTOR_NUMBERS_OF,
    FACTOR_WORDS_OF,
    FIELDS,
    FLAGS,
    NUMBERS,
    OUTPUTS,
    STATUS,
    WARNINGS,
    WORDS,
    checked_fields,
)
from retrorun.models.equations.equations import ALL, estimate_by
from retrorun.models.evidence.views import CHOOSING, DEFAULT, estimate_in_view, sections_to_compute
from retrorun.models.summary.summary import summary
from retrorun.models.vocabulary.choices import SECTIONS, Equal, EstimatePart, Gait, Section, View
from retrorun.models.vocabulary.errors import Conflict, EstimateError, Missing, OutOfRange
from retrorun.models.vocabulary.quantities import QUANTITIES

MAXIMUM_ROWS: Final = 10_000
FULL_COUNTS: Final = 2
ALL_COUNTS: Final = 3
"""Bouts that an item counts as, because its answer is so much longer: in the full view, and with every equation."""
LEAST_ROWS: Final = 6
"""Number of similar bouts from which computing them as columns is faster (measured)."""
ROWS_AT_ONCE: Final = 256
"""Rows that are written as JSON at once. Between two groups the event loop gets a turn."""
MARK: Final = "@"
PLACE: Final = b'"@"'
OPENING: Final = b'{"ok":{'
ONE_BY_ONE: Final = ("measurements", "personal", "strict")
"""Inputs that cannot be columns."""
REASON: Final = ("status", "status_field")
"""The first columns of a table: ok, or the code of the error and the wrong input."""
ASSUMED: Final = ("gait", "grade", "equal", "energy_model", "direction_model", "age_y", "step_rate_ratio", "interval")
"""Inputs whose absence changes the text of an answer."""

OUTPUTS_OF_TEXT: Final = (*(name for name, output in OUTPUTS.items() if output.choices), WARNINGS)
"""Columns that decide the text around the numbers."""
WHOLE: Final[tuple[str, ...]] = (DEFAULT, *SECTIONS)
"""The view and the parts of an item of which `fields` chooses."""

COUNTED: Final = ("spread", "ratio_studies")
"""A whole number, the same in all rows with the same text."""
NUMBER_AT: Final = {
    output.path: name for name, output in OUTPUTS.items() if not output.choices and output.path != COUNTED
}

FIELDS_EXAMPLE: Final = ["forward_total_energy_kcal", "backward_total_energy_kcal"]
BOUT_EXAMPLE: Final = {name: QUANTITIES[name].example for name in ("body_mass_kg", "speed_m_s", "duration_s")}
COLUMNS_EXAMPLE: Final = {name: [value] for name, value in BOUT_EXAMPLE.items()}


class BatchRoute(WorkerRoute):
    """Accept many bouts.

    The limit of values allows for each bout a comma for each field, and brackets around the bout, its sections and
    one measurement, or in its place a personal factor. With more measurements, the body is too large before it has too
    many values.
    """

    formats = (JSON, CSV)
    maximum_values = (
        values_of(b",{[[{") + len(EstimateRequest.__annotations__) + len(MeasurementRequest.__annotations__)
    )
    maximum_values = MAXIMUM_ROWS * (maximum_values + len(get_args(EstimatePart))) + len(FIELDS)

    def compute(self, asked: Any, media_type: str) -> Any:
        """Return the answer to a request, as JSON or as CSV."""
        return batch_csv(asked) if media_type == CSV else self.endpoint(asked)

    def crowded(self, body: bytes) -> bool:
        """Return whether the object around the bouts has too many fields to validate; the bouts are checked later."""
        return super().crowded(body) and crowded_outside(body)


def crowded_outside(body: bytes) -> bool:
    """Return whether the body, or its columns, has more fields than any valid one."""
    try:
        bouts = orjson.loads(body)
    except orjson.JSONDecodeError:
        return False  # The validator reports it.
    return has_too_many_fields(bouts) or (isinstance(bouts, dict) and has_too_many_fields(bouts.get("columns")))


def has_too_many_fields(node: Any) -> bool:
    """Return whether an object, one of its measurements or a personal factor has more fields than any valid one."""
    if not isinstance(node, dict):
        return False
    inner = [node.get("personal"), *(node.get(gait) for gait in get_args(Gait))]
    own = node.get("measurements")
    inner += own if isinstance(own, list) else []
    return len(node) > MAXIMUM_FIELDS or any(map(has_too_many_fields, inner))


router = APIRouter(route_class=BatchRoute, tags=["estimate"])


def column(name: str) -> Any:
    """Return the type of an input as a column."""
    if name in FLAGS:
        return NotRequired[
            Annotated[
                list[Annotated[bool, Field(strict=True)]],
                FailFast(),
                word(name, [True], json_schema_extra={"items": {"type": "boolean"}}, max_length=MAXIMUM_ROWS),
            ]
        ]
    if name in WORDS:
        items: dict[str, Any] = {"type": "string", "enum": list(WORDS[name])}
        return NotRequired[
            Annotated[
                list[str],
                FailFast(),
                word(name, [WORDS[name][0]], json_schema_extra={"items": items}, max_length=MAXIMUM_ROWS),
            ]
        ]
    known = QUANTITIES[name]
    items = {"type": "number", "format": "double"}
    field = Field(
        description=f"{known.meaning} [{known.unit}]",
        max_length=MAXIMUM_ROWS,
        examples=[[known.example]],
        json_schema_extra={"x-unit": known.ucum, "items": items},
    )
    return NotRequired[Annotated[list[Annotated[float, Field(strict=True)]], FailFast(), field]]


ColumnsRequest: Any = with_config(ConfigDict(extra="forbid"))(
    cast(Any, TypedDict)("ColumnsRequest", {name: column(name) for name in (*NUMBERS, *WORDS)})
)
ColumnsRequest.__doc__ = "Bouts as columns, with body mass and two of speed, duration and distance."


@with_config(ConfigDict(extra="forbid"))
class BatchRequest(TypedDict):
    """At most 10 000 bouts, as items or as columns."""

    items: NotRequired[
        Annotated[
            list[Any],
            word(
                "items",
                [BOUT_EXAMPLE],
                min_length=1,
                max_length=MAXIMUM_ROWS,
                json_schema_extra={"items": {"$ref": "#/components/schemas/EstimateRequest"}},
            ),
        ]
    ]
    columns: NotRequired[Annotated[ColumnsRequest, word("columns", COLUMNS_EXAMPLE)]]
    personal: NotRequired[PERSONAL]
    fields: NotRequired[Annotated[list[str], word("fields", FIELDS_EXAMPLE, min_length=1, max_length=len(FIELDS))]]


@with_config(ConfigDict(extra="forbid"))
class BatchItem(TypedDict):
    """The result of one bout: ok, part or error."""

    ok: NotRequired[Annotated[EstimateAnswer, Field(description="The estimate, as from POST /estimate.")]]
    part: NotRequired[Annotated[dict[str, Any], Field(description="If you sent fields: those parts of the estimate.")]]
    error: NotRequired[Annotated[Problem, Field(description="Why there is no estimate. Pointers start at the item.")]]


@with_config(ConfigDict(extra="forbid"))
class BatchSummary(TypedDict):
    """How many bouts have an estimate."""

    ok: Annotated[int, Field(description="Bouts with an estimate.")]
    errors: Annotated[int, Field(description="Bouts without an estimate.")]


@with_config(ConfigDict(extra="forbid"))
class ColumnAnswer(TypedDict):
    """One column: its known values, in order."""

    values: Annotated[list[Any], Field(description="Numbers, words, or, for warnings, lists of codes.")]
    rows: NotRequired[Annotated[list[int], Field(description="Row of each value, from 0, if some rows have none.")]]


@with_config(ConfigDict(extra="forbid"))
class BatchAnswer(TypedDict):
    """The result of each bout, in order: items for items, columns for columns."""

    items: NotRequired[Annotated[list[BatchItem], Field(description="One result for each item, in order.")]]
    columns: NotRequired[Annotated[dict[str, ColumnAnswer], Field(description="The columns you asked for.")]]
    status: NotRequired[
        Annotated[list[str], Field(description=f"Status of each row: {', '.join(STATUS)}.", examples=[["ok"]])]
    ]
    summary: Annotated[BatchSummary, Field(description="Number of bouts with and without an estimate.")]


setattr(BatchRequest, INSIDE, Inside(EstimateRequest, "item", '{"items": [{...}]}'))

validate: Final = TypeAdapter(EstimateRequest).validator.validate_python

PATH: Final = "/estimate/batch"


@router.post(
    PATH,
    operation_id="estimate_batch",
    summary="Estimate up to 10 000 bouts",
    response_model=BatchAnswer,
    response_description="The result of each bout, in the order of the request.",
    responses={
        200: {"content": {CSV: {"schema": {"type": "string"}}}},
        **problems(400, 406, 413, 415, 422, 500),
    },
    openapi_extra={"requestBody": {"content": {"application/json": {"example": {"items": [BOUT_EXAMPLE]}}}}},
)
def batch(bouts: BatchRequest) -> Any:
    """Send `items`, each a bout as in POST /estimate, or `columns`. In `fields`, list the outputs you want.

    Use it for more than a few bouts. An invalid item has its problem instead of an estimate and does not affect the
    others. An invalid row of columns has its code in `status`. Columns hold no nulls: if some rows have no value,
    `rows` lists those that do. Beside columns, `personal` is for every row.
    `Accept: text/csv` gives a table.
    """
    fields = fields_of(bouts)
    if "columns" in bouts:
        answer = estimated_rows(bouts["columns"], fields, bouts.get("personal", {}))
        return answer_columns(answer, FIELDS if fields is None else fields)
    check_length(bouts["items"])
    found = list(answers(bouts["items"], fields))
    good = sum(not item.startswith(b'{"error"') for item in found)
    counted = encode({"ok": good, "errors": len(found) - good})
    # Joined once: an answer can have seventy megabytes.
    found[0] = b'{"items":[' + found[0]
    found[-1] += b'],"summary":' + counted + b"}"
    return b",".join(found)


def check_length(items: list[Any]) -> None:
    """Raise if the answers of some items would be too long together."""
    counted = 0
    for item in items:
        if isinstance(item, dict) and item.get("energy_model") == ALL:
            counted += ALL_COUNTS
        else:
            counted += FULL_COUNTS if isinstance(item, dict) and item.get("view") == "full" else 1
    if counted > MAXIMUM_ROWS:
        raise OutOfRange(
            "items",
            f"Send at most {MAXIMUM_ROWS} bouts. One in the full view counts as {FULL_COUNTS}, and one with all "
            f"energy equations as {ALL_COUNTS}.",
        )


def fields_of(bouts: BatchRequest) -> tuple[str, ...] | None:
    """Return the fields that a request asks for, if it names them; raise if its parts contradict each other."""
    fields = checked_fields(bouts["fields"]) if "fields" in bouts else None
    if ("items" in bouts) == ("columns" in bouts):
        raise (
            Conflict("", "Give either items or columns, not both.")
            if "items" in bouts
            else Missing("", "Give items, a list of bouts, or columns.")
        )
    if "personal" in bouts and "items" in bouts:
        raise Conflict("personal", "Give it in each item. Beside columns it is the factor of every row.")
    return fields


def batch_csv(bouts: BatchRequest) -> bytes:
    """Return the answer as CSV: the columns of the table of POST /estimate/table, with a row for each bout."""
    fields = fields_of(bouts) or FIELDS
    if "columns" in bouts:
        answer = estimated_rows(bouts["columns"], fields, bouts.get("personal", {}))
        reasons = list(answer.reasons.numbers)
        table: list[list[Any]] = [[*reversed(reasons[number])] for number in answer.status.tolist()]
        columns = [output_cells(name, answer) for name in fields]
        return csv_of(dict(zip((*REASON, *fields), [*zip(*table, strict=True), *columns], strict=True)))
    rows = [row_of(orjson.loads(item), fields) for item in answers(bouts["items"], fields)]
    return csv_of(dict(zip((*REASON, *fields), zip(*rows, strict=True), strict=True)))


def row_of(item: dict[str, Any], fields: tuple[str, ...]) -> list[Any]:
    """Return the cells of one item of an answer: its status, the wrong input, and its fields."""
    if "error" in item:
        first = item["error"]["errors"][0]
        wrong = first["pointer"].split("/")[1:2]
        return [
            first["code"],
            *(wrong if wrong and wrong[0] in get_type_hints(EstimateRequest) else [None]),
            *[None] * len(fields),
        ]
    return [STATUS[0], None, *(value_at(item["part"], field) for field in fields)]


def value_at(part: dict[str, Any], field: str) -> Any:
    """Return a field of an estimate, or None if it is unknown. Warnings are a list of codes."""
    if field == WARNINGS:
        return [warning["code"] for warning in part.get(WARNINGS, [])]
    value: Any = part
    for name in OUTPUTS[field].path:
        value = value.get(name, {})
    return None if value == {} else value


def answers(items: list[Any], fields: tuple[str, ...] | None) -> list[bytes]:
    """Return the result of each item, as JSON."""
    found: list[bytes] = [b""] * len(items)
    alike: dict[tuple[str, ...], list[int]] = {}
    for place, item in enumerate(items):
        if has_too_many_fields(item):
            found[place] = failed(too_long(CROWDED))
            continue
        try:
            validate(item)
        except ValidationError as error:
            found[place] = failed(from_validation_error(error, EstimateRequest, item))
            continue
        if any(name in item for name in ONE_BY_ONE) or item.get("energy_model") == ALL:
            found[place] = single(item, fields)
        else:
            shown = (item.get("view", DEFAULT), *sorted(item.get("include", ()))) if fields is None else WHOLE
            alike.setdefault(shown, []).append(place)
    for (view, *include), places in alike.items():
        rows = [items[place] for place in places]
        sections = sections_to_compute(cast(View, view), tuple(include))
        for place, row, answer in zip(places, rows, together(rows, sections, fields), strict=True):
            found[place] = answer or single(row, fields)
    return found


def failed(problem: Response) -> bytes:
    """Return the result of an item with a problem, as JSON."""
    return b'{"error":' + complete(bytes(problem.body), PATH) + b"}"


def single(row: dict[str, Any], fields: tuple[str, ...] | None) -> bytes:
    """Return the result of one item, computed separately, as JSON."""
    try:
        return encode({"ok" if fields is None else "part": answer_of(row, fields)})
    except EstimateError as error:
        return failed(from_estimate_error(error, EstimateRequest, row))


def answer_of(row: dict[str, Any], fields: tuple[str, ...] | None) -> dict[str, Any]:
    """Return the estimate of an item in the view that it asks for, or the requested parts of the whole estimate."""
    if fields is None:
        return estimate_in_view(estimate_by, row)
    # What the item shows is chosen by `fields`.
    return part_of(estimate_in_view(estimate_by, row | {"view": DEFAULT, "include": SECTIONS}), fields)


def part_of(answer: Any, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the requested parts of an estimate, each at its path."""
    part: dict[str, Any] = {}
    for field in fields:
        path = (WARNINGS,) if field == WARNINGS else OUTPUTS[field].path
        value, place = answer, part
        for name in path:
            value = value.get(name) if value is not None else None
        if value is not None:
            for name in path[:-1]:
                place = place.setdefault(name, {})
            place[path[-1]] = value
    return part


def together(rows: list[dict[str, Any]], include: Sequence[str], fields: tuple[str, ...] | None) -> list[bytes]:
    """Return the estimates of rows as JSON, computed as columns; empty for rows to compute one by one.

    Rows that differ only in numbers have the same text around the numbers. This text comes from one estimate, and the
    numbers of each row go into its gaps.
    """
    given = {name: column_of(name, [row.get(name) for row in rows]) for name in (*NUMBERS, *WORDS)}
    columns = {name: found for name, found in given.items() if np.any(found.given)}
    wanted = {*(FIELDS if fields is None else fields), *OUTPUTS_OF_TEXT}
    sections = cast(Sequence[Section], include)
    answer = estimate_columns(columns, rows=len(rows), fields=wanted, include=sections, least_rows=LEAST_ROWS)
    found = [b""] * len(rows)
    for places in same_text(columns, answer):
        if len(places) < LEAST_ROWS:
            continue
        shared = template(rows[places[0]], sections, fields)
        for some in batched(places, ROWS_AT_ONCE):
            numbers = [answer.numbers[name][some] for name in shared.names]
            written = filled(shared.text, numbers, len(some))
            if shared.whole:
                equals = [rows[place].get("equal", "speed") for place in some]
                written = map(with_summary, written, summaries(shared, answer, some, equals, sections))
            for place, text in zip(some, written, strict=True):
                found[place] = text
    return found


def batched(places: list[int], size: int) -> Iterator[list[int]]:
    """Yield places in groups of a size."""
    for start in range(0, len(places), size):
        yield places[start : start + size]


def column_of(name: str, values: list[Any]) -> InputColumn:
    """Return the values of an input as a column; None is an omitted input."""
    if name in NUMBERS:
        numbers = np.array(values, np.float64)
        return InputColumn(numbers, ~np.isnan(numbers))
    words = (False, True) if name in FLAGS else WORDS[name]
    places = {word: place for place, word in enumerate(words)} | {None: -1}
    codes = np.array([places.get(value, UNKNOWN_WORD) for value in values], np.int8)
    return InputColumn(codes, codes != -1)


def same_text(columns: Mapping[str, InputColumn], answer: Answer) -> Iterator[list[int]]:
    """Yield groups of rows with an estimate that differ only in numbers."""
    assert answer.warnings is not None
    given = [columns[name].given for name in ASSUMED if name in columns]
    numbers = [np.isnan(answer.numbers[name]) for name in sorted(answer.gaps & answer.numbers.keys())]
    flags = np.packbits([answer.status == 0, *given, *numbers], axis=0)
    words = np.stack([*answer.words.values()]).view(np.uint8)
    key = np.concatenate([flags, words, answer.warnings[np.newaxis].view(np.uint8).reshape(answer.rows, -1).T])
    rows: dict[bytes, list[int]] = {}
    estimated = (answer.status == 0).tolist()
    for place, text in enumerate(np.ascontiguousarray(key.T).view(f"V{len(key)}").ravel().tolist()):
        if estimated[place]:
            rows.setdefault(bytes(text), []).append(place)
    yield from rows.values()


class Template(NamedTuple):
    """The part of an estimate that rows share."""

    text: list[bytes]
    """The text between the numbers."""
    names: list[str]
    """The columns of the numbers, in the order of the text."""
    whole: Any
    """The whole estimate, for the summary; nothing if the rows show no summary."""
    slots: list[tuple[dict[str, Any], str, str]]
    """The place of each number in the whole estimate, and its column."""


def template(row: dict[str, Any], include: Sequence[Section], fields: tuple[str, ...] | None) -> Template:
    """Return what a row shares with other rows that differ only in numbers."""
    answer = answer_of(row, fields)
    whole: Any = {}
    if answer.pop("summary", None) is not None:
        whole = estimate_by(**{name: value for name, value in row.items() if name not in CHOOSING}, include=include)
    found = marked(answer)
    text = orjson.dumps({"ok" if fields is None else "part": answer}).split(PLACE)
    return Template(text, [name for _, _, name in found], whole, marked(whole))


def marked(node: dict[str, Any], path: tuple[str, ...] = ()) -> list[tuple[dict[str, Any], str, str]]:
    """Replace each number of an estimate that is a column by a mark, and return its place and its column."""
    found = []
    for key, value in node.items():
        here = (*path, key)
        if here in NUMBER_AT:
            node[key] = MARK
            found.append((node, key, NUMBER_AT[here]))
        elif isinstance(value, dict):
            found += marked(value, here)
    return found


def summaries(
    shared: Template, answer: Answer, places: list[int], equals: list[Equal], include: Sequence[Section]
) -> Iterator[bytes]:
    """Yield the summary of each row, from its numbers and what it holds equal."""
    numbers = np.array([answer.numbers[name][places] for _, _, name in shared.slots]).T.tolist()
    for row, equal in zip(numbers, equals, strict=True):
        for (node, key, _), number in zip(shared.slots, row, strict=True):
            node[key] = number
        yield orjson.dumps(summary("estimate", shared.whole, equal=equal, include=include))


def with_summary(text: bytes, said: bytes) -> bytes:
    """Return the text of a row with its summary in the first place."""
    return b"".join((OPENING, b'"summary":', said, b",", text[len(OPENING) :]))


def filled(text: list[bytes], columns: list[NDArray[np.float64]], rows: int) -> Iterator[bytes]:
    """Yield the text of each row, with its numbers filled in."""
    if not columns:
        yield from itertools.repeat(text[0], rows)
        return
    table = np.stack(columns, axis=1)
    pieces = [b""] * (len(text) + len(columns))
    pieces[::2] = text
    for row in orjson.dumps(table, option=orjson.OPT_SERIALIZE_NUMPY)[2:-2].split(b"],["):
        pieces[1::2] = row.split(b",")
        yield b"".join(pieces)


def estimated_rows(
    given: Mapping[str, list[Any]], fields: tuple[str, ...] | None, personal: Mapping[str, Mapping[str, Any]]
) -> Answer:
    """Return the estimates of bouts sent as columns."""
    rows = rows_of(given)
    columns = {name: InputColumn(of_rows(column_of(name, values).values, rows)) for name, values in given.items()}
    return estimate_columns(columns | factor_columns(personal, rows), rows=rows, fields=fields)


def answer_columns(answer: Answer, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the answer to bouts sent as columns, as JSON has it."""
    codes = [code for _, code in answer.reasons.numbers]
    found = {name: output_column(name, answer) for name in fields}
    good = int((answer.status == 0).sum())
    return {
        "columns": found,
        "status": [codes[number] for number in answer.status.tolist()],
        "summary": {"ok": good, "errors": answer.rows - good},
    }


def rows_of(given: Mapping[str, list[Any]]) -> int:
    """Return the number of rows of columns: the length of the longest one. A column of length one is for all rows.

    Raises
    ------
    Conflict
        There is no column, a column is empty, or it has another length.

    Examples
    --------
    >>> rows_of({"body_mass_kg": [70], "speed_m_s": [2.5, 3.0], "duration_s": [600, 1200]})
    2
    """
    if not given:
        raise Conflict("columns", "Give at least body_mass_kg and two of speed_m_s, duration_s and distance_m.")
    longest = max(given, key=lambda name: len(given[name]))
    rows = len(given[longest])
    for name, values in given.items():
        if not values:
            raise Conflict(f"columns/{name}", f"{name} is empty. Give one value for each row, or one for all rows.")
        if len(values) not in {1, rows}:
            raise Conflict(
                f"columns/{name}",
                f"{name} has {len(values)} values, but {longest} has {rows}. Give {rows} values, or one for all rows.",
            )
    return rows


def of_rows(values: NDArray[Any], rows: int) -> NDArray[Any]:
    """Return a column with a value for each row: a single one is repeated."""
    return np.repeat(values, rows) if len(values) == 1 else values


def factor_columns(personal: Mapping[str, Mapping[str, Any]], rows: int) -> dict[str, InputColumn]:
    """Return the personal factors of one person as columns, the same in every row."""
    columns: dict[str, InputColumn] = {}
    for gait, factor in personal.items():
        for name, column in FACTOR_NUMBERS_OF[gait].items():
            columns[column] = InputColumn(np.full(rows, factor[name]))
        for name, column in FACTOR_WORDS_OF[gait].items():
            columns[column] = InputColumn(np.full(rows, WORDS[name].index(factor[name]), np.int8))
    return columns


def output_column(name: str, answer: Answer) -> dict[str, Any]:
    """Return one column of the answer, with the row numbers of its values if some rows have none."""
    if name == WARNINGS:
        assert answer.warnings is not None
        known, lists = answer.warnings >= 0, list(answer.patterns)
        values = [lists[number] for number in answer.warnings[known].tolist()]
    elif name in answer.words:
        known = answer.words[name] >= 0
        values = [OUTPUTS[name].choices[code] for code in answer.words[name][known].tolist()]
    else:
        known = ~np.isnan(answer.numbers[name])
        values = answer.numbers[name][known].tolist()
    return {"values": values} if known.all() else {"values": values, "rows": np.flatnonzero(known).tolist()}


def output_cells(name: str, answer: Answer) -> list[Any]:
    """Return one column of the answer with a cell for each row, None where the row has no value."""
    column = output_column(name, answer)
    cells: list[Any] = [None] * answer.rows
    for row, value in zip(column.get("rows", range(answer.rows)), column["values"], strict=True):
        cells[row] = value
    return cells
