"""A request is made from the signature of the function that answers it."""

import json
from collections.abc import Callable
from inspect import Parameter, signature
from typing import Any, Final, Literal, NotRequired, TypedDict, Unpack, get_args, get_type_hints

import pytest
from pydantic import TypeAdapter, ValidationError

from retrorun.app.api.track import TrackRequest
from retrorun.app.cli.questions import QUESTIONS
from retrorun.app.http.schema import request_of
from retrorun.models.estimate.estimate import estimate
from retrorun.models.plan.plan import plan
from retrorun.models.solve.answer import SolveFields
from retrorun.models.solve.solve import solve
from retrorun.models.track.track import track
from retrorun.models.vocabulary.choices import Gait
from retrorun.models.vocabulary.quantities import INPUTS
from retrorun.models.workout.workout import workout


class Fixed(TypedDict, total=False):
    """What is fixed."""

    age_y: float
    sex: Literal["male", "female"]


def question(
    file: bytes,
    *,
    body_mass_kg: float,
    gait: Gait | None = None,
    speed_sd_m_s: float = 0.0,
    strict: bool = False,
    repeat: int = 1,
    **fixed: Unpack[Fixed],
) -> list[object]:
    """Answer nothing."""
    return [file, body_mass_kg, gait, speed_sd_m_s, strict, repeat, fixed]


class Segment(TypedDict):
    """A segment."""

    speed_m_s: float
    direction: NotRequired[Literal["forward", "backward"]]


QUESTION: Final = TypeAdapter(request_of(question, "What is asked.", repeat=Literal[1, 2]))
SEGMENT: Final = TypeAdapter(request_of(Segment, "A segment."))


def codes(type_: TypeAdapter[Any], body: object) -> list[tuple[object, ...]]:
    """Return the kind and the place of each thing that is wrong in a body."""
    with pytest.raises(ValidationError) as caught:
        type_.validate_json(json.dumps(body))
    return [(error["type"], *error["loc"]) for error in caught.value.errors()]


class TestOfAFunction:
    def test_its_fields_are_the_named_parameters(self) -> None:
        schema = QUESTION.json_schema()
        assert (schema["title"], schema["description"]) == ("QuestionRequest", "What is asked.")
        assert list(schema["properties"]) == [
            *("body_mass_kg", "gait", "speed_sd_m_s", "strict", "repeat", "age_y", "sex"),
        ]
        assert schema["required"] == ["body_mass_kg"]
        assert schema["additionalProperties"] is False

    def test_a_number_has_the_bounds_the_unit_and_the_example_of_its_quantity(self) -> None:
        for name in ("body_mass_kg", "speed_sd_m_s", "age_y"):
            field, known = QUESTION.json_schema()["properties"][name], INPUTS[name]
            assert (field["minimum"], field["maximum"]) == (known.low, known.high)
            assert (field["x-unit"], field["examples"]) == (known.ucum, [known.example])

    def test_a_word_has_its_choices_and_one_of_them_as_its_example(self) -> None:
        for name, choices in {"gait": get_args(Gait), "sex": ("male", "female")}.items():
            field = QUESTION.json_schema()["properties"][name]
            assert field["enum"] == list(choices)
            assert set(field["examples"]) < set(choices)

    def test_a_field_written_beside_the_signature_counts(self) -> None:
        assert QUESTION.json_schema()["properties"]["repeat"]["enum"] == [1, 2]

    @pytest.mark.parametrize(
        "more", [{}, {"gait": "walk"}, {"strict": True, "repeat": 2}, {"age_y": 40, "sex": "female"}]
    )
    def test_a_request_is_taken_as_it_is(self, more: dict[str, object]) -> None:
        request = {"body_mass_kg": 70} | more
        assert QUESTION.validate_json(json.dumps(request)) == request

    @pytest.mark.parametrize(
        ("more", "code"),
        [
            ({"gait": None}, ("literal_error", "gait")),
            ({"gait": "hop"}, ("literal_error", "gait")),
            ({"speed_sd_m_s": None}, ("float_type", "speed_sd_m_s")),
            ({"speed_sd_m_s": "0.1"}, ("float_type", "speed_sd_m_s")),
            ({"speed_sd_m_s": -0.1}, ("greater_than_equal", "speed_sd_m_s")),
            ({"age_y": 111}, ("less_than_equal", "age_y")),
            ({"strict": 1}, ("bool_type", "strict")),
            ({"repeat": 3}, ("literal_error", "repeat")),
            ({"file": "x"}, ("extra_forbidden", "file")),
            ({"fixed": {}}, ("extra_forbidden", "fixed")),
            ({"return": []}, ("extra_forbidden", "return")),
        ],
    )
    def test_what_the_signature_does_not_take_is_refused(
        self, more: dict[str, object], code: tuple[object, ...]
    ) -> None:
        assert codes(QUESTION, {"body_mass_kg": 70} | more) == [code]

    def test_what_has_no_default_is_required(self) -> None:
        assert codes(QUESTION, {"strict": True}) == [("missing", "body_mass_kg")]


class TestOfATypedDict:
    def test_its_fields_are_its_own(self) -> None:
        schema = SEGMENT.json_schema()
        assert (schema["title"], list(schema["properties"])) == ("SegmentRequest", ["speed_m_s", "direction"])
        assert schema["required"] == ["speed_m_s"]

    def test_it_takes_no_others(self) -> None:
        assert codes(SEGMENT, {"speed_m_s": 2.5, "speed": 2.5}) == [("extra_forbidden", "speed")]
        assert codes(SEGMENT, {"direction": "backward"}) == [("missing", "speed_m_s")]


SHOWN: Final = {"include", "view"}
"""What a request shows of the answer: models/evidence/views.py."""


class TestOfTheService:
    @pytest.mark.parametrize(
        ("function", "shape"),
        [
            *[(function, QUESTIONS[function.__name__].shape) for function in (estimate, plan, workout, solve)],
            (track, TrackRequest),
        ],
    )
    def test_a_request_is_the_signature_of_its_function(self, function: Callable[..., object], shape: Any) -> None:
        parameters = signature(function).parameters
        named = [name for name, each in parameters.items() if each.kind is Parameter.KEYWORD_ONLY and name not in SHOWN]
        more = list(get_type_hints(SolveFields)) if function is solve else []
        assert [name for name in get_type_hints(shape) if name not in SHOWN] == named + more
        assert get_type_hints(shape).keys() >= SHOWN
        required = {name for name in named if parameters[name].default is Parameter.empty}
        assert required == shape.__required_keys__
