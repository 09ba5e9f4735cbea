"""The types of the contract: requests, and answers in which every field has a description.

Bounds, units and meanings come from `models`, so each is written once. `request_of` makes a request from the signature
of the function that answers it. `described` gives pydantic an answer type of `models` with the meaning, unit and
example of each field.
"""

from collections.abc import Collection, Mapping
from functools import cache
from inspect import Parameter, signature
from types import NoneType
from typing import Annotated, Any, Final, NotRequired, cast, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import AfterValidator, ConfigDict, Field, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from retrorun.app.http.problems import MAXIMUM_ERRORS, PROBLEMS
from retrorun.models.solve.answer import Reach
from retrorun.models.vocabulary.answer import BoundedIndicator, Bounds, Graded, Indicator, Interval, LoadRatio, Ratio
from retrorun.models.vocabulary.choices import View
from retrorun.models.vocabulary.meanings import MEANINGS, VALIDATION_MEANINGS
from retrorun.models.vocabulary.quantities import INPUTS, QUANTITIES
from retrorun.models.workout.answer import BoundedTotal, LevelSpeed, LevelTotal, LoadTotal

EXAMPLES: Final = {
    "direction": "backward",
    "fixed_speeds": True,
    "overground": True,
    "sex": "female",
    "strict": False,
    "walk": "looney2019",
}
"""Examples of those words whose example is not their first choice."""

VALIDATION: Final = "retrorun.models.validation."
"""Start of the names of the modules whose answers compare models with measurements."""

IN_THE_UNIT_BESIDE: Final = {"measured", "predicted", "error", "bias", "root_mean_square_error"}
"""Numbers whose unit is in the field `unit` of the same row."""

COPIED: Final = "x-copied-from-answer"
"""Marks a field of a request that a caller copies from an answer."""


DOUBLE: Any = Annotated[float, Field(json_schema_extra={"format": "double"})]
"""The type of a number in a list or by name."""


def quantity(name: str) -> Any:
    """Return the pydantic field of an input that is a number: strict, finite and bounded."""
    known = INPUTS[name]
    return Field(
        strict=True,
        allow_inf_nan=False,
        ge=known.low,
        le=known.high,
        description=f"{known.meaning} [{known.unit}]",
        examples=[known.example],
        json_schema_extra={"format": "double", "x-unit": known.ucum},
    )


def word(name: str, *examples: object, **constraints: Any) -> Any:
    """Return the pydantic field of an input that is not a number."""
    return Field(description=MEANINGS[name], examples=list(examples), **constraints)


def each_once(items: list[str]) -> list[str]:
    """Return a list unchanged; refuse one that repeats an item."""
    if len(set(items)) < len(items):
        raise PydanticCustomError("not_unique", "items repeat")
    return items


def included(name: str, parts: Any, example: str, *, least: int = 0) -> Any:
    """Return the type of the field `include`: a list of parts of an answer, each once.

    Parameters
    ----------
    name : str
        The name of its meaning.
    parts : Literal
        The parts.
    example : str
        One of them.
    least : int, optional
        The shortest list.
    """
    most = len(get_args(parts))
    return Annotated[
        list[parts],
        # Before the validator, so that a long list is refused before its items are checked.
        word(name, [example], min_length=least or None, max_length=most, json_schema_extra={"uniqueItems": True}),
        AfterValidator(each_once),
    ]


def request_of(asked: Any, meaning: str, **beside: Any) -> Any:
    """Return a request type: the keyword arguments of a function of `models`, or the fields of a TypedDict of `models`.

    Parameters
    ----------
    asked : function or TypedDict
        The source of the fields. A field is required if it has no default.
    meaning : str
        Description of the request in the contract.
    **beside : type
        The types of those fields that the signature does not describe fully: lists, objects, and bounds that no
        quantity has. Then the optional fields that choose what the answer shows, which the function does not take.

    Returns
    -------
    TypedDict
        A type that pydantic documents and validates. It allows no other fields.
    """
    types, required = _fields_of(asked)
    fields = {name: beside.get(name) or _described_input(name, hint) for name, hint in types.items()}
    fields |= {name: field for name, field in beside.items() if name not in types}
    # "estimate" and "Measurement" become EstimateRequest and MeasurementRequest.
    name = f"{asked.__name__[0].upper()}{asked.__name__[1:]}Request"
    return _shape(name, meaning, {name: f if name in required else NotRequired[f] for name, f in fields.items()})


VIEW: Final = Annotated[View, word("view", "standard")]
"""The type of the field `view`."""


def _fields_of(asked: Any) -> tuple[dict[str, Any], Collection[str]]:
    """Return the types of the fields of a function or TypedDict, and which of them are required."""
    types = get_type_hints(asked)
    if is_typeddict(asked):
        return types, asked.__required_keys__
    found: dict[str, Any] = {}
    required = []
    for name, parameter in signature(asked).parameters.items():
        if parameter.kind is Parameter.VAR_KEYWORD:
            found |= get_type_hints(*get_args(types[name]))
        elif parameter.kind is Parameter.KEYWORD_ONLY:
            # X of X | None: an optional field can be absent, but a request has no null.
            found[name] = get_args(types[name])[0] if NoneType in get_args(types[name]) else types[name]
            required += [name] if parameter.default is Parameter.empty else []
    return found, required


def _described_input(name: str, hint: Any) -> Any:
    """Return the type of an input, a number, a word or a flag, as pydantic documents and checks it."""
    if hint is float:
        return Annotated[float, quantity(name)]
    if hint is bool:
        return Annotated[bool, word(name, EXAMPLES[name], strict=True)]
    return Annotated[hint, word(name, EXAMPLES.get(name, get_args(hint)[0]))]


def _shape(name: str, meaning: str, fields: Mapping[str, Any]) -> Any:
    """Return a TypedDict of these fields that allows no others."""
    shape = cast(Any, TypedDict)(name, fields)
    shape.__doc__ = meaning
    return with_config(ConfigDict(extra="forbid"))(shape)


@cache
def described(shape: Any) -> Any:
    """Return a TypedDict of `models` with the meaning and unit of each field, for pydantic."""
    if not is_typeddict(shape):
        origin, arguments = get_origin(shape), get_args(shape)
        if origin is dict:
            return dict[str, DOUBLE | str]
        if origin is not list:
            return shape
        if arguments == (float,):
            return list[DOUBLE]
        return origin[described(arguments[0])]
    fields = {
        name: field if name in shape.__required_keys__ else NotRequired[field]
        for name, hint in get_type_hints(shape).items()
        for field in [Annotated[described(hint), _field(shape, name, hint)]]
    }
    return _shape(shape.__name__, (shape.__doc__ or "").strip(), fields)


def _field(shape: Any, name: str, hint: Any) -> Any:
    if shape.__module__.startswith(VALIDATION):
        return _field_of_validation(shape, name, hint)
    # A ratio can have the name of a quantity, but not its meaning or unit.
    known = None if shape in (Ratio, LoadRatio) else QUANTITIES.get(name)
    extra: dict[str, Any] = {"format": "double"} if hint is float else {}
    if known is None:
        # Other numbers have the unit 1, except the ends of an interval: the field of the interval has their unit.
        indicators = (Indicator, BoundedIndicator, LoadTotal, BoundedTotal)
        held = (Interval, Graded, Bounds, *indicators, LevelSpeed, LevelTotal, Reach)
        pure = hint in (Interval, Graded, Bounds) or (hint is float and (shape not in held or name == "covered"))
        extra |= {"x-unit": "1"} if pure else {}
        meaning = MEANINGS.get(f"{shape.__name__}.{name}") or MEANINGS[name]
        return Field(description=meaning, json_schema_extra=extra)
    description = f"{known.meaning} [{known.unit}]"
    extra |= {"x-unit": known.ucum}
    return Field(description=description, json_schema_extra=extra)


def _field_of_validation(shape: Any, name: str, hint: Any) -> Any:
    """Return the pydantic field of a comparison with measurements, where words can have another meaning."""
    extra: dict[str, Any] = {"format": "double"} if hint is float else {}
    if hint is float and name not in IN_THE_UNIT_BESIDE:
        extra |= {"x-unit": "%" if name.endswith("percentage_error") else "1"}
    own = VALIDATION_MEANINGS.get(f"{shape.__name__}.{name}") or VALIDATION_MEANINGS.get(name)
    if own is None and name in QUANTITIES:
        known = QUANTITIES[name]
        own, extra = f"{known.meaning} [{known.unit}]", extra | {"x-unit": known.ucum}
    return Field(description=own or MEANINGS[name], json_schema_extra=extra)


def attainable(which: str) -> Any:
    """Return the pydantic field of an attainable value in a problem."""
    return Field(
        description=f"{which} attainable value of a target.",
        examples=[QUANTITIES["total_energy_kcal"].example],
        json_schema_extra={"format": "double"},
    )


WRONG_SPEED: Final = f"Give a number {INPUTS['speed_m_s'].bounds}."


class ProblemError(TypedDict):
    """One thing to fix in a request."""

    pointer: Annotated[
        str, Field(description="JSON Pointer to the input; empty for the whole request.", examples=["/speed_m_s"])
    ]
    code: Annotated[str, Field(description="Stable code: /problems/CODE explains it.", examples=["out_of_range"])]
    message: Annotated[
        str,
        Field(
            description="What to do.",
            examples=[WRONG_SPEED],
        ),
    ]
    low: NotRequired[Annotated[float, attainable("The least")]]
    high: NotRequired[Annotated[float, attainable("The greatest")]]
    nearest: NotRequired[Annotated[float, attainable("The nearest")]]
    unit: NotRequired[Annotated[str, Field(description="Unit of low, high and nearest.", examples=["kcal"])]]


class Problem(TypedDict):
    """A problem in the form of RFC 9457. It never repeats a value of yours."""

    type: Annotated[
        str,
        Field(
            description="Relative reference to a page about the problem. It ends with a stable code.",
            json_schema_extra={"format": "uri-reference"},
            examples=["./problems/out_of_range"],
        ),
    ]
    title: Annotated[str, Field(description="Name of the status.", examples=["Unprocessable Content"])]
    status: Annotated[int, Field(description="HTTP status.", examples=[422], ge=min(PROBLEMS), le=max(PROBLEMS))]
    detail: Annotated[
        str, Field(description="What is wrong, or the first thing to fix.", examples=[f"At /speed_m_s: {WRONG_SPEED}"])
    ]
    request_id: NotRequired[
        Annotated[str, Field(description="ID of this request in the log.", examples=["7fec547d907bc1c9"])]
    ]
    errors: NotRequired[
        Annotated[
            list[ProblemError],
            Field(description=f"Each thing to fix, at most {MAXIMUM_ERRORS}.", max_length=MAXIMUM_ERRORS),
        ]
    ]
