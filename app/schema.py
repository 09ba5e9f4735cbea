"""The contract's types: what a request may say, and the model's answer with every field explained.

Bounds, units and meanings come from `models`; nothing is written twice. The answer's shape is declared in
`models.answer`; `described` gives pydantic the same shape with each field's meaning, unit and example.
"""

from collections.abc import Callable
from functools import cache
from typing import Annotated, Any, Final, Literal, NotRequired, cast, get_args, get_origin, get_type_hints, is_typeddict

from pydantic import AfterValidator, ConfigDict, Field, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict

from app.problems import MAXIMUM_ERRORS, PROBLEMS
from models.answer import MEANINGS, SECTIONS, Bounds, Estimate, Graded, Indicator, Interval, LoadRatio, Ratio, Section
from models.direction import DirectionModelName, Equal
from models.energy import EnergyModelName, Sex
from models.quantities import QUANTITIES
from models.solve_answer import Reach
from models.uncertainty import Gait
from models.workout_answer import LoadTotal

MAXIMUM_MEASUREMENTS: Final = 100
MEASUREMENT_EXAMPLE: Final = {name: QUANTITIES[name].example for name in ("speed_m_s", "oxygen_uptake_ml_kg_min")}


def quantity(name: str) -> Any:
    """Return the pydantic field of a number that a caller sends: strict, finite and bounded."""
    known = QUANTITIES[name]
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
    """Return the pydantic field of anything that is not a number."""
    return Field(description=MEANINGS[name], examples=list(examples), **constraints)


def each_once(items: list[Section]) -> list[Section]:
    """Return a list, or refuse one that repeats an item."""
    if len(set(items)) < len(items):
        raise PydanticCustomError("not_unique", "items repeat")
    return items


@with_config(ConfigDict(extra="forbid"))
class MeasurementRequest(TypedDict):
    """One own measurement in the gait of the bout: speed, and gross oxygen uptake or energy with duration."""

    speed_m_s: Annotated[float, quantity("speed_m_s")]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    direction: NotRequired[Annotated[Literal["forward", "backward"], word("direction", "backward")]]
    oxygen_uptake_ml_kg_min: NotRequired[Annotated[float, quantity("oxygen_uptake_ml_kg_min")]]
    total_energy_kcal: NotRequired[Annotated[float, quantity("total_energy_kcal")]]
    duration_s: NotRequired[Annotated[float, quantity("duration_s")]]
    measurement_cv: NotRequired[Annotated[float, quantity("measurement_cv")]]


@with_config(ConfigDict(extra="forbid"))
class EstimateRequest(TypedDict):
    """One bout. Give body mass and exactly two of speed, duration and distance; the rest may be left out."""

    body_mass_kg: Annotated[float, quantity("body_mass_kg")]
    speed_m_s: NotRequired[Annotated[float, quantity("speed_m_s")]]
    duration_s: NotRequired[Annotated[float, quantity("duration_s")]]
    distance_m: NotRequired[Annotated[float, quantity("distance_m")]]
    gait: NotRequired[Annotated[Gait, word("gait", "run")]]
    grade: NotRequired[Annotated[float, quantity("grade")]]
    equal: NotRequired[Annotated[Equal, word("equal", "speed")]]
    energy_model: NotRequired[Annotated[EnergyModelName, word("energy_model", "looney2025")]]
    direction_model: NotRequired[Annotated[DirectionModelName, word("direction_model", "documented")]]
    age_y: NotRequired[Annotated[float, quantity("age_y")]]
    sex: NotRequired[Annotated[Sex, word("sex", "female")]]
    height_m: NotRequired[Annotated[float, quantity("height_m")]]
    step_rate_ratio: NotRequired[Annotated[float, quantity("step_rate_ratio")]]
    interval: NotRequired[Annotated[float, quantity("interval")]]
    speed_sd_m_s: NotRequired[Annotated[float, quantity("speed_sd_m_s")]]
    body_mass_sd_kg: NotRequired[Annotated[float, quantity("body_mass_sd_kg")]]
    oxygen_uptake_max_ml_kg_min: NotRequired[Annotated[float, quantity("oxygen_uptake_max_ml_kg_min")]]
    measurements: NotRequired[
        Annotated[
            list[MeasurementRequest],
            word("measurements", [MEASUREMENT_EXAMPLE], min_length=1, max_length=MAXIMUM_MEASUREMENTS),
        ]
    ]
    weight_support: NotRequired[Annotated[float, quantity("weight_support")]]
    overground: NotRequired[Annotated[bool, word("overground", True, strict=True)]]
    strict: NotRequired[Annotated[bool, word("strict", False, strict=True)]]
    include: NotRequired[
        Annotated[
            list[Section],
            # Before the validator, so that a long list is refused before its items are looked at.
            word(
                "include",
                ["energy"],
                min_length=1,
                max_length=len(SECTIONS),
                json_schema_extra={"uniqueItems": True},
            ),
            AfterValidator(each_once),
        ]
    ]


@cache
def described(shape: Any, field_of: Callable[[Any, str, Any], Any] | None = None) -> Any:
    """Return a TypedDict of `models` as one that pydantic documents: each field with meaning, unit, example.

    `field_of` gives the pydantic field of a shape, a name and a type; left out, it is that of `models.answer`.
    """
    if not is_typeddict(shape):
        origin, arguments = get_origin(shape), get_args(shape)
        if origin is not list:
            return shape
        if arguments == (float,):
            return list[Annotated[float, Field(json_schema_extra={"format": "double"})]]
        return origin[described(arguments[0], field_of)]
    fields = {
        name: field if name in shape.__required_keys__ else NotRequired[field]
        for name, hint in get_type_hints(shape).items()
        for field in [Annotated[described(hint, field_of), (field_of or _field)(shape, name, hint)]]
    }
    # The functional form: the fields are data here, not source text.
    twin = cast(Any, TypedDict)(shape.__name__, fields)
    twin.__doc__ = (shape.__doc__ or "").strip()
    return with_config(ConfigDict(extra="forbid"))(twin)


def _field(shape: Any, name: str, hint: Any) -> Any:
    # A ratio may share its name with the quantity, but has neither its meaning nor its unit.
    known = None if shape in (Ratio, LoadRatio) else QUANTITIES.get(name)
    extra: dict[str, Any] = {"format": "double"} if hint is float else {}
    if known is None:
        # What is no quantity of its own is a pure number, but for the ends of an interval: the field has their unit.
        held = (Interval, Graded, Bounds, Indicator, LoadTotal, Reach)
        pure = hint in (Interval, Graded, Bounds) or (hint is float and (shape not in held or name == "covered"))
        extra |= {"x-unit": "1"} if pure else {}
        return Field(description=MEANINGS[name], json_schema_extra=extra)
    description = f"{known.meaning} [{known.unit}]"
    extra |= {"x-unit": known.ucum}
    return Field(description=description, json_schema_extra=extra)


EstimateAnswer: Any = described(Estimate)


@with_config(ConfigDict(extra="forbid"))
class Alive(TypedDict):
    """A process that answers."""

    status: Annotated[Literal["alive"], Field(description="Always alive.", examples=["alive"])]


@with_config(ConfigDict(extra="forbid"))
class Ready(TypedDict):
    """A service that answers, and rightly."""

    status: Annotated[Literal["ready"], Field(description="Always ready.", examples=["ready"])]


def attainable(which: str) -> Any:
    """Return the pydantic field of a number in a problem that says what is attainable."""
    return Field(
        description=f"{which} attainable value of a target.",
        examples=[QUANTITIES["total_energy_kcal"].example],
        json_schema_extra={"format": "double"},
    )


class ProblemError(TypedDict):
    """One thing to mend in a request."""

    pointer: Annotated[
        str, Field(description="JSON Pointer to the input; empty for the whole.", examples=["/speed_m_s"])
    ]
    code: Annotated[str, Field(description="Stable word for programs.", examples=["out_of_range"])]
    message: Annotated[
        str,
        Field(
            description="What to do.",
            examples=[f"Give a number from {QUANTITIES['speed_m_s'].low:g} to {QUANTITIES['speed_m_s'].high:g}."],
        ),
    ]
    low: NotRequired[Annotated[float, attainable("The least")]]
    high: NotRequired[Annotated[float, attainable("The greatest")]]
    nearest: NotRequired[Annotated[float, attainable("The nearest")]]
    unit: NotRequired[Annotated[str, Field(description="Unit of low, high and nearest.", examples=["kcal"])]]


class Problem(TypedDict):
    """A problem as RFC 9457 has it. It never repeats what the caller sent."""

    type: Annotated[
        Literal["about:blank"],
        Field(description="Always about:blank: the status says the kind.", examples=["about:blank"]),
    ]
    title: Annotated[str, Field(description="Name of the status.", examples=["Unprocessable Content"])]
    status: Annotated[int, Field(description="HTTP status.", examples=[422], ge=min(PROBLEMS), le=max(PROBLEMS))]
    detail: Annotated[str, Field(description="What is wrong and what to do.", examples=[PROBLEMS[422][1]])]
    errors: NotRequired[
        Annotated[
            list[ProblemError],
            Field(description=f"Each thing to mend, at most {MAXIMUM_ERRORS}.", max_length=MAXIMUM_ERRORS),
        ]
    ]
