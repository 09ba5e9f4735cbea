"""Bytes that no well-meaning client sends: each is refused as documented, nothing comes back, nothing breaks."""

import itertools
import json
import logging
import math
from collections.abc import AsyncIterator, Callable
from typing import Any, TypeAlias, get_args

import httpx
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from retrorun.app.api.estimate import EstimateRequest, MeasurementRequest
from retrorun.app.http.limits import MAXIMUM_BODY_BYTES
from retrorun.app.http.problems import MAXIMUM_ERRORS
from retrorun.models.vocabulary.choices import SECTIONS, DirectionModelName, EnergyModelName, Equal, Gait, Sex
from retrorun.models.vocabulary.quantities import INPUTS

pytestmark = pytest.mark.anyio

ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]

JSON = {"content-type": "application/json"}
BOUT = '{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200'
"""An open object, to be continued or closed."""

NUMBERS = [name for name in EstimateRequest.__annotations__ if name in INPUTS]
MEASURED = [name for name in MeasurementRequest.__annotations__ if name in INPUTS]
COMPANIONS = {
    "speed_m_s": {"duration_s": "1200"},
    "duration_s": {"speed_m_s": "2.5"},
    "age_y": {"sex": '"female"', "height_m": "1.75"},
    "height_m": {"sex": '"female"', "age_y": "40"},
}
"""What a number needs beside it; the others take a whole bout."""


async def post(client: httpx.AsyncClient, body: str | bytes, **headers: str) -> httpx.Response:
    return await client.post("/estimate", content=body, headers=JSON | headers)


def with_number(name: str, literal: str) -> str:
    """Return a bout, otherwise good, with this JSON text for one of its numbers."""
    fields = {"body_mass_kg": "70"} | COMPANIONS.get(name, {}) | {name: literal}
    if name == "distance_m":
        # A speed at which both ends of distance are a bout of a possible duration.
        low = float(literal) <= 1 if literal[-1].isdigit() else False
        fields["speed_m_s"] = repr(INPUTS["speed_m_s"].low) if low else "3"
    elif "speed_m_s" not in fields:
        fields |= {"speed_m_s": "2.5", "duration_s": "1200"}
    elif "duration_s" not in fields:
        fields["duration_s"] = "1200"
    return "{" + ", ".join(f'"{key}": {value}' for key, value in fields.items()) + "}"


NOT_FINITE = ["NaN", "Infinity", "-Infinity", "1e999", "-1e999", "1" + "0" * 400]
NOT_NUMBERS = ["true", "false", "null", '"70"', '"NaN"', '""', "[]", "[70]", "{}", '{"value": 70}']
NOT_JSON = [
    "070",
    "+70",
    "70.",
    ".7e2",
    "0x46",
    "7_0",
    "7e",
    "--7",
    "nan",
    "inf",
    "-NaN",
    "undefined",
    "True",
    "'70'",
    "70f",
    "1/2",
    "\uff17\uff10",
    '"\\ud800"',
    '"\\udc00\\ud800"',
    '"\\x"',
    "9" * 5000,
    "-" + "9" * 5000,
    "0." + "0" * 100 + "x",
]


class TestNumbers:
    @pytest.mark.parametrize("literal", NOT_FINITE)
    @pytest.mark.parametrize("name", NUMBERS)
    async def test_a_number_that_is_not_finite_is_refused_by_name(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: str, literal: str
    ) -> None:
        errors = problem_of(await post(client, with_number(name, literal)), 422)["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [(f"/{name}", "not_finite")]

    @pytest.mark.parametrize("literal", NOT_NUMBERS)
    @pytest.mark.parametrize("name", NUMBERS)
    async def test_a_value_that_is_not_a_number_is_refused_by_name(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: str, literal: str
    ) -> None:
        errors = problem_of(await post(client, with_number(name, literal)), 422)["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [(f"/{name}", "not_a_number")]

    @pytest.mark.parametrize("literal", NOT_JSON)
    async def test_a_body_that_is_not_json_is_malformed(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, literal: str
    ) -> None:
        problem_of(await post(client, with_number("body_mass_kg", literal)), 400)

    @pytest.mark.parametrize("end", ["low", "high"])
    @pytest.mark.parametrize("name", NUMBERS)
    async def test_each_bound_is_inside_and_the_next_number_beyond_it_is_not(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: str, end: str
    ) -> None:
        bound = getattr(INPUTS[name], end)
        outward = -math.inf if end == "low" else math.inf
        inside = await post(client, with_number(name, repr(bound)))
        assert inside.status_code == 200, inside.text
        further_inside = await post(client, with_number(name, repr(math.nextafter(bound, -outward))))
        assert further_inside.status_code == 200, further_inside.text
        outside = await post(client, with_number(name, repr(math.nextafter(bound, outward))))
        (error,) = problem_of(outside, 422)["errors"]
        assert (error["pointer"], error["code"]) == (f"/{name}", "out_of_range")
        assert error["message"].startswith(f"Give a number from {INPUTS[name].low:.15g} to {INPUTS[name].high:.15g}")
        assert INPUTS[name].suffix in error["message"]

    @pytest.mark.parametrize("name", NUMBERS)
    @pytest.mark.parametrize("literal", ["1e300", "-1e300", "1" + "0" * 300, "1.7976931348623157e308"])
    async def test_a_finite_number_out_of_all_proportion_is_out_of_range(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: str, literal: str
    ) -> None:
        errors = problem_of(await post(client, with_number(name, literal)), 422)["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [(f"/{name}", "out_of_range")]

    @pytest.mark.parametrize("literal", ["-0", "-0.0", "-0e0", "0e99", "5e-324", "-5e-324", "2.2e-308", "1e-999"])
    async def test_zero_in_any_dress_is_level_ground(self, client: httpx.AsyncClient, literal: str) -> None:
        level = await post(client, with_number("grade", "0"))
        response = await post(client, with_number("grade", literal))
        assert response.status_code == 200
        assert response.json() == level.json()

    @pytest.mark.parametrize("literal", ["-0.0", "5e-324", "1e-999"])
    async def test_zero_in_any_dress_is_no_body_mass(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, literal: str
    ) -> None:
        (error,) = problem_of(await post(client, with_number("body_mass_kg", literal)), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/body_mass_kg", "out_of_range")

    @pytest.mark.parametrize("literal", ["7e1", "7E+1", "0.7e+02", "700e-1", "70.0", "70." + "0" * 500])
    async def test_a_number_is_the_same_however_it_is_written(self, client: httpx.AsyncClient, literal: str) -> None:
        plain = await post(client, with_number("body_mass_kg", "70"))
        response = await post(client, with_number("body_mass_kg", literal))
        assert response.content == plain.content


class TestMeasurements:
    @pytest.mark.parametrize(
        ("literal", "code"),
        [
            ("1e999", "not_finite"),
            ("NaN", "not_finite"),
            ("true", "not_a_number"),
            ('"3"', "not_a_number"),
            ("-1e300", "out_of_range"),
        ],
    )
    @pytest.mark.parametrize("name", MEASURED)
    async def test_a_number_inside_a_list_is_refused_as_any_other(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: str, literal: str, code: str
    ) -> None:
        body = f'{BOUT}, "measurements": [{{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 34, "{name}": {literal}}}]}}'
        errors = problem_of(await post(client, body), 422)["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [(f"/measurements/0/{name}", code)]

    @pytest.mark.parametrize("end", ["low", "high"])
    @pytest.mark.parametrize("name", MEASURED)
    async def test_each_bound_holds_inside_a_list(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: str, end: str
    ) -> None:
        bound = getattr(INPUTS[name], end)
        beyond = math.nextafter(bound, -math.inf if end == "low" else math.inf)
        body = f'{BOUT}, "measurements": [{{"speed_m_s": 2.5, "{name}": {beyond!r}}}]}}'
        (error,) = problem_of(await post(client, body), 422)["errors"]
        assert (error["pointer"], error["code"]) == (f"/measurements/0/{name}", "out_of_range")
        body = f'{BOUT}, "measurements": [{{"speed_m_s": 2.5, "{name}": {bound!r}}}]}}'
        response = await post(client, body)
        assert f'"/measurements/0/{name}"' not in response.text

    @pytest.mark.parametrize(
        ("literal", "code"), [("{}", "not_a_list"), ("[]", "too_short"), (f"[{'{},' * 100}{{}}]", "too_long")]
    )
    async def test_measurements_are_a_list_of_bounded_length(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, literal: str, code: str
    ) -> None:
        (error, *_) = problem_of(await post(client, f'{BOUT}, "measurements": {literal}}}'), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/measurements", code)


class TestWords:
    @pytest.mark.parametrize(
        ("name", "literal", "code"),
        [
            *[(name, '"other"', "not_a_choice") for name in ("gait", "equal", "sex")],
            *[(name, '"other"', "not_a_choice") for name in ("energy_model", "direction_model")],
            ("gait", '"RUN"', "not_a_choice"),
            ("gait", '"run "', "not_a_choice"),
            ("gait", "null", "not_a_choice"),
            ("gait", "0", "not_a_choice"),
            ("gait", "[]", "not_a_choice"),
            ("gait", '"\\u0000"', "not_a_choice"),
            ("strict", "1", "not_a_boolean"),
            ("strict", "0.0", "not_a_boolean"),
            ("strict", '"true"', "not_a_boolean"),
            ("strict", "null", "not_a_boolean"),
            ("include", "{}", "not_a_list"),
            ("include", "null", "not_a_list"),
            ("include", "true", "not_a_list"),
        ],
    )
    async def test_another_word_is_refused_by_name(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: str, literal: str, code: str
    ) -> None:
        errors = problem_of(await post(client, f'{BOUT}, "{name}": {literal}}}'), 422)["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [(f"/{name}", code)]


class TestKeys:
    @pytest.mark.parametrize(
        ("key", "near"),
        [
            ("speed_ms", "speed_m_s"),
            ("Speed_m_s", "speed_m_s"),
            ("speed_m_s ", "speed_m_s"),
            ("bodymass_kg", "body_mass_kg"),
            ("durations", "duration_s"),
            ("energy-model", "energy_model"),
            ("heigth_m", "height_m"),
            ("includes", "include"),
        ],
    )
    async def test_an_unknown_field_is_named_beside_the_near_one(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, key: str, near: str
    ) -> None:
        response = await post(client, f'{BOUT}, "{key}": 1}}')
        (error,) = problem_of(response, 422)["errors"]
        assert error["code"] == "unknown_field"
        assert error["pointer"] == ""
        assert error["message"].startswith(f"Unknown field '{key}'. Did you mean {near}?")

    async def test_an_unknown_field_like_no_other_gets_the_list_of_all(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        (error,) = problem_of(await post(client, f'{BOUT}, "qqqqq": 1}}'), 422)["errors"]
        assert all(name in error["message"] for name in EstimateRequest.__annotations__)

    @pytest.mark.parametrize("key", ["", "/", "~", "a/b", "__proto__", "\\u0000", "\\ud83d\\ude00", "k" * 50_000])
    async def test_any_key_is_only_an_unknown_field(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, key: str
    ) -> None:
        response = await post(client, f'{BOUT}, "{key}": 1}}')
        (error,) = problem_of(response, 422)["errors"]
        assert (error["pointer"], error["code"]) == ("", "unknown_field")
        assert len(response.content) < 1000

    @pytest.mark.parametrize("key", [b"\\ud800", b"\\udfff", b"\\ud800\\ud800", b"\xed\xa0\x80", b"\xff", b"\x00"])
    async def test_a_key_that_is_no_text_is_malformed(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, key: bytes
    ) -> None:
        problem_of(await post(client, BOUT.encode() + b', "' + key + b'": 1}'), 400)

    @pytest.mark.parametrize("value", [b'"\\ud800"', b'"\\udfff"', b'"\xed\xa0\x80"', b'"\xff"', b'"\x01"', b'"\n"'])
    @pytest.mark.parametrize("name", [b"gait", b"body_mass_kg", b"include", b"other"])
    async def test_a_value_that_is_no_text_is_malformed(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, name: bytes, value: bytes
    ) -> None:
        problem_of(await post(client, BOUT.encode() + b', "' + name + b'": ' + value + b"}"), 400)

    async def test_a_repeated_key_counts_with_its_last_value(self, client: httpx.AsyncClient) -> None:
        twice = await post(client, f'{BOUT}, "body_mass_kg": 80}}')
        once = await post(client, f"{BOUT}}}".replace("70", "80"))
        assert twice.status_code == 200
        assert twice.json() == once.json()
        contract = (await client.get("/openapi.json")).json()
        assert "last value" in contract["paths"]["/estimate"]["post"]["description"]

    async def test_a_bad_first_value_that_a_good_one_follows_does_not_count(self, client: httpx.AsyncClient) -> None:
        assert (await post(client, f'{{"body_mass_kg": "x", {BOUT[1:]}}}')).status_code == 200

    async def test_a_good_first_value_that_a_bad_one_follows_does_not_save_it(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        (error,) = problem_of(await post(client, f'{BOUT}, "body_mass_kg": 1}}'), 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/body_mass_kg", "out_of_range")


class TestBodies:
    @pytest.mark.parametrize(
        "body",
        [
            b"",
            b" ",
            b"{",
            b"}",
            b"{}{}",
            b"{} trailing",
            b"{,}",
            b'{"body_mass_kg": 70,}',
            b'{"body_mass_kg" 70}',
            b"{'body_mass_kg': 70}",
            b"// comment\n{}",
            b"body_mass_kg=70",
            b"<bout/>",
            b"\x00",
            b"\xff\xfe",
            b"\xef\xbb\xbf\xef\xbb\xbf{}",
            b" \xef\xbb\xbf{}",
            "{}".encode("utf-16"),
            "{}".encode("utf-16-le"),
            "{}".encode("utf-32"),
            b'{"\xe9": 1}',
            b"\x1f\x8b\x08\x00",
            b"tru",
        ],
    )
    async def test_a_body_that_is_not_json_in_utf8_is_malformed(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, body: bytes
    ) -> None:
        problem_of(await post(client, body), 400)

    @pytest.mark.parametrize("body", ["null", "[]", "[{}]", f"[{BOUT}}}]", "0", '"{}"', "true", "NaN", " null\n"])
    async def test_json_that_is_no_object_is_refused_as_a_whole(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, body: str
    ) -> None:
        errors = problem_of(await post(client, body), 422)["errors"]
        assert [(error["pointer"], error["code"]) for error in errors] == [("", "not_an_object")]

    @pytest.mark.parametrize("body", [f"\r\n\t {BOUT}}}\n", BOUT.replace(" ", "") + "}"])
    async def test_white_space_does_not_matter(self, client: httpx.AsyncClient, body: str) -> None:
        assert (await post(client, body)).content == (await post(client, f"{BOUT}}}")).content

    @pytest.mark.parametrize("filling", ["", " " * 20_000], ids=["short", "long"])
    @pytest.mark.parametrize("path", ["/estimate", "/estimate/batch"])
    async def test_a_byte_order_mark_does_not_matter(self, client: httpx.AsyncClient, path: str, filling: str) -> None:
        body = f"{BOUT}}}{filling}" if path == "/estimate" else f'{{"items": [{BOUT}}}]{filling}}}'
        headers = {"content-type": "application/json"}
        marked = await client.post(path, content="\ufeff".encode() + body.encode(), headers=headers)
        assert marked.status_code == 200, marked.text
        assert marked.content == (await client.post(path, content=body, headers=headers)).content

    async def test_a_byte_order_mark_hides_no_crowd(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        crowd = "{" + ",".join(f'"k{count}":1' for count in range(6000)) + "}"
        for path in ("/estimate", "/estimate/batch"):
            headers = {"content-type": "application/json"}
            answer = await client.post(path, content="\ufeff".encode() + crowd.encode(), headers=headers)
            assert [error["code"] for error in problem_of(answer, 422)["errors"]] == ["too_long"]

    @pytest.mark.parametrize(
        ("opening", "closing"), [("[", "]"), ('{"a":', "}"), ('{"include":[', "]}"), ('[{"":', "}]")]
    )
    async def test_deep_nesting_is_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, opening: str, closing: str
    ) -> None:
        for levels in (100, 1000, MAXIMUM_BODY_BYTES // (len(opening) + len(closing)), 100_000):
            for body in (opening * levels + closing * levels, opening * levels):
                response = await post(client, body)
                assert response.status_code in {400, 413, 422}
                assert (response.status_code == 413) == (len(body) > MAXIMUM_BODY_BYTES)
                problem_of(response, response.status_code)
                assert len(response.content) < 5000

    @pytest.mark.parametrize(
        "content_type",
        [
            None,
            "",
            "text/plain",
            "text/json",
            "application/x-www-form-urlencoded",
            "multipart/form-data; boundary=x",
            "application/jsonp",
            "application/json-seq",
            "application",
            "json",
            "application/json; charset=utf-16",
            "application/json; charset=latin-1",
            "application/octet-stream",
            "*/*",
        ],
    )
    async def test_another_content_type_is_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, content_type: str | None
    ) -> None:
        headers = {} if content_type is None else {"content-type": content_type}
        problem_of(await client.post("/estimate", content=f"{BOUT}}}", headers=headers), 415)

    @pytest.mark.parametrize(
        "content_type",
        [
            "application/json",
            "APPLICATION/JSON",
            "application/json;charset=UTF-8",
            'application/json; charset="utf-8"',
        ],
    )
    async def test_json_in_utf8_is_taken(self, client: httpx.AsyncClient, content_type: str) -> None:
        response = await client.post("/estimate", content=f"{BOUT}}}", headers={"content-type": content_type})
        assert response.status_code == 200


class Stream:
    """A body sent in pieces, which counts how many were taken."""

    def __init__(self, pieces: int, piece: bytes) -> None:
        self.pieces, self.piece, self.taken = pieces, piece, 0

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(self.pieces):
            self.taken += 1
            yield self.piece


class TestSize:
    SIXTEEN_MIB = 16 * 1024 * 1024

    async def test_a_large_body_that_says_so_is_refused_unread(
        self, client: httpx.AsyncClient, problem_of: ProblemOf
    ) -> None:
        stream = Stream(self.SIXTEEN_MIB // 1024, b" " * 1024)
        length = str(self.SIXTEEN_MIB)
        response = await client.post("/estimate", content=stream, headers=JSON | {"content-length": length})
        problem_of(response, 413)
        assert stream.taken == 0

    @pytest.mark.parametrize("length", [None, "10", "-1", "many"])
    async def test_a_large_body_that_does_not_is_refused_where_it_passes_the_cap(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, length: str | None
    ) -> None:
        stream = Stream(self.SIXTEEN_MIB // 1024, b" " * 1024)
        headers = JSON if length is None else JSON | {"content-length": length}
        problem_of(await client.post("/estimate", content=stream, headers=headers), 413)
        assert stream.taken == MAXIMUM_BODY_BYTES // 1024 + 1

    async def test_the_cap_is_64_kib_and_exact(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        body = f"{BOUT}}}".ljust(65_536)
        assert (await post(client, body)).status_code == 200
        problem_of(await post(client, body + " "), 413)
        pieces = Stream(2, body[:32_768].encode())
        assert (await client.post("/estimate", content=pieces, headers=JSON)).status_code == 400

    async def test_a_body_in_single_bytes_is_read_to_its_end(self, client: httpx.AsyncClient) -> None:
        async def drip() -> AsyncIterator[bytes]:
            for byte in f"{BOUT}}}".encode():
                yield bytes([byte])

        assert (await client.post("/estimate", content=drip(), headers=JSON)).status_code == 200

    @pytest.mark.parametrize(
        "body",
        [
            "{" + ",".join(f'"k{count}":1' for count in range(6000)) + "}",
            "{" + ",".join(f'"body_mas{count}":1' for count in range(3500)) + "}",
            '{"include":[' + ",".join("1" * 30_000) + "]}",
            '{"include":[' + ",".join(['"energy"'] * 5900) + "]}",
        ],
    )
    async def test_a_body_of_a_thousand_errors_does_not_grow_into_a_larger_answer(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, body: str
    ) -> None:
        response = await post(client, body)
        assert 1 <= len(problem_of(response, 422)["errors"]) <= MAXIMUM_ERRORS
        assert len(response.content) < min(len(body), 10_000)


MARK = "73.123456789"
DIGITS = "3123456789"
WORD = "Zq7Marker"
WAYS_TO_FAIL = {
    "mass below": (f'{{"body_mass_kg": -{MARK}}}', {}),
    "mass above": (f'{{"body_mass_kg": {MARK}e3}}', {}),
    "mass without point": (f'{{"body_mass_kg": 7{DIGITS}}}', {}),
    "mass as text": (f'{{"body_mass_kg": "{MARK}"}}', {}),
    "mass in a list": (f'{{"body_mass_kg": [{MARK}]}}', {}),
    "mass in an object": (f'{{"body_mass_kg": {{"{WORD}": {MARK}}}}}', {}),
    "mass alone": (f'{{"body_mass_kg": {MARK}}}', {}),
    "mass and one": (f'{{"body_mass_kg": {MARK}, "speed_m_s": 2.5}}', {}),
    "mass as speed": (f'{{"body_mass_kg": 70, "speed_m_s": {MARK}, "duration_s": 1200}}', {}),
    "a speed that follows": (f'{{"body_mass_kg": {MARK}, "distance_m": 7{DIGITS}e-5, "duration_s": {MARK}}}', {}),
    "no equal speed": (
        f'{{"body_mass_kg": {MARK}, "speed_m_s": 0.2{DIGITS}, "duration_s": 900, "gait": "run", '
        '"equal": "metabolic_rate"}',
        {},
    ),
    "walking too fast": (
        f'{{"body_mass_kg": {MARK}, "speed_m_s": 3.{DIGITS}, "duration_s": 900, "gait": "walk"}}',
        {},
    ),
    "measurement": (f'{BOUT}, "measurements": [{{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 1{MARK}}}]}}', {}),
    "measurement without effort": (f'{BOUT}, "measurements": [{{"speed_m_s": 2.{DIGITS}}}]}}', {}),
    "measurement that is implausible": (
        f'{BOUT}, "measurements": [{{"speed_m_s": 0.7{DIGITS}, "oxygen_uptake_ml_kg_min": 119.{DIGITS}}}]}}',
        {},
    ),
    "unknown key of a measurement": (f'{BOUT}, "measurements": [{{"{WORD}:": {MARK}}}]}}', {}),
    "measurement as text": (f'{BOUT}, "measurements": ["{WORD}"]}}', {}),
    "strict": (f'{{"body_mass_kg": {MARK}, "speed_m_s": 7.{DIGITS}, "duration_s": 900, "strict": true}}', {}),
    "part of age, sex, height": (f'{BOUT}, "age_y": {MARK}}}', {}),
    "age above": (f'{BOUT}, "age_y": 1{MARK}}}', {}),
    "unknown key": (f'{BOUT}, "{WORD}:": 1}}', {}),
    "unknown key like a known one": (f'{BOUT}, "speed_m_s={WORD}": 1}}', {}),
    "number as key": (f'{BOUT}, "{MARK}": 1}}', {}),
    "unknown key and value": (f'{BOUT}, "{WORD}:": {MARK}}}', {}),
    "nested": (f'{BOUT}, "{WORD}:": {{"{WORD}:": ["{WORD}", {MARK}]}}}}', {}),
    "word as gait": (f'{BOUT}, "gait": "{WORD}"}}', {}),
    "word in include": (f'{BOUT}, "include": ["{WORD}"]}}', {}),
    "word as include": (f'{BOUT}, "include": "{WORD}"}}', {}),
    "word as strict": (f'{BOUT}, "strict": "{WORD}"}}', {}),
    "word with a surrogate": (f'{BOUT}, "{WORD}\\ud800": {MARK}}}', {}),
    "cut short": (f'{{"body_mass_kg": {MARK}, "{WORD}', {}),
    "no JSON": (f"{WORD} {MARK}", {}),
    "text alone": (f'"{WORD} {MARK}"', {}),
    "number alone": (MARK, {}),
    "list": (f'["{WORD}", {MARK}]', {}),
    "too large": (f'{{"{WORD}:": {MARK}}}' + " " * MAXIMUM_BODY_BYTES, {}),
    "content type": (f'{{"{WORD}:": {MARK}}}', {"content-type": f"text/{WORD}; x={MARK}"}),
    "accept": (f'{{"{WORD}:": {MARK}}}', {"accept": f"text/{WORD}; x={MARK}"}),
    "request id": (f'{{"{WORD}:": {MARK}}}', {"x-request-id": f"{WORD} {MARK}"}),
}


class TestNothingComesBack:
    """A peculiar value, sent in every way that fails, is in no answer, header or log."""

    def check(self, response: httpx.Response, log: pytest.LogCaptureFixture) -> None:
        assert response.status_code >= 400
        for where in (response.text, str(response.headers.raw), log.text):
            assert DIGITS not in where
            assert WORD.lower() not in where.lower()

    @pytest.mark.parametrize("way", WAYS_TO_FAIL)
    async def test_from_a_refused_request(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, caplog: pytest.LogCaptureFixture, way: str
    ) -> None:
        body, headers = WAYS_TO_FAIL[way]
        with caplog.at_level(logging.DEBUG):
            response = await post(client, body, **headers)
        assert response.status_code < 500
        problem_of(response, response.status_code)
        self.check(response, caplog)

    @pytest.mark.parametrize(
        "path",
        [f"/{WORD}", f"/static/{WORD}", f"/estimate/{WORD}", f"/{WORD}?mass={MARK}", f"/validation?model={WORD}"],
    )
    async def test_from_a_path(self, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture, path: str) -> None:
        # The client of this test logs the address that it asks; only our own words are looked at.
        with caplog.at_level(logging.DEBUG), caplog.at_level(logging.WARNING, "httpx"):
            for method in ("GET", "POST", WORD):
                self.check(await client.request(method, path), caplog)

    @pytest.mark.parametrize("name", ["retrorun.app.api.estimate.estimate_by", "retrorun.app.http.json_route.encode"])
    async def test_from_a_fault_of_ours(
        self,
        client: httpx.AsyncClient,
        problem_of: ProblemOf,
        monkeypatch: pytest.MonkeyPatch,
        caplog: pytest.LogCaptureFixture,
        name: str,
    ) -> None:
        def broken(*arguments: Any, **named: Any) -> Any:
            raise ValueError(WORD, arguments, named)

        monkeypatch.setattr(name, broken)
        with caplog.at_level(logging.DEBUG):
            response = await post(client, f'{{"body_mass_kg": {MARK}, "speed_m_s": 2.5, "duration_s": 900}}')
        problem_of(response, 500)
        assert "ValueError" in caplog.text
        self.check(response, caplog)

    async def test_from_an_answered_request_into_the_log(
        self, client: httpx.AsyncClient, caplog: pytest.LogCaptureFixture
    ) -> None:
        with caplog.at_level(logging.DEBUG):
            response = await post(client, f'{{"body_mass_kg": {MARK}, "speed_m_s": 2.5, "duration_s": 900}}')
        assert response.status_code == 200
        assert DIGITS not in caplog.text


ANY_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=8,
)
FUZZ = settings(
    max_examples=300,
    derandomize=True,
    database=None,
    deadline=None,
    # The client holds no state from one example to the next.
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)


def within(*names: str) -> dict[str, st.SearchStrategy[Any]]:
    """Return values inside their bounds for some numbers."""
    return {name: st.floats(INPUTS[name].low, INPUTS[name].high) for name in names}


OWN_REST = {"sex": st.sampled_from(get_args(Sex))} | within("age_y", "height_m")
MEASUREMENTS = st.fixed_dictionaries(
    within("speed_m_s", "oxygen_uptake_ml_kg_min"),
    optional={"direction": st.sampled_from(["forward", "backward"])} | within("grade", "measurement_cv"),
)
BOUTS = st.builds(
    lambda *parts: {name: value for part in parts for name, value in part.items()},
    st.one_of(
        *(
            st.fixed_dictionaries(within("body_mass_kg", *two))
            for two in itertools.combinations(("speed_m_s", "duration_s", "distance_m"), 2)
        )
    ),
    st.one_of(st.just({}), st.fixed_dictionaries(OWN_REST), st.fixed_dictionaries({}, optional=OWN_REST)),
    st.fixed_dictionaries(
        {},
        optional=within(*(set(NUMBERS) - {"body_mass_kg", "speed_m_s", "duration_s", "distance_m", *OWN_REST}))
        | {
            "gait": st.sampled_from(get_args(Gait)),
            "equal": st.sampled_from(get_args(Equal)),
            "energy_model": st.sampled_from(get_args(EnergyModelName)),
            "direction_model": st.sampled_from(get_args(DirectionModelName)),
            "measurements": st.lists(MEASUREMENTS, min_size=1, max_size=3),
            "strict": st.booleans(),
            "include": st.lists(st.sampled_from(SECTIONS), min_size=1, unique=True),
        },
    ),
)
"""Bouts within the bounds of each input, not all of them answerable."""


REASONS = {
    "conflicting_inputs",
    "grade_undefined",
    "implausible_measurement",
    "no_equal_speed",
    "not_above_rest",
    "out_of_range",
    "required",
    "undefined",
}
"""Why a bout within the bounds of each input may have no estimate; with strict also every energy warning."""


class TestAnything:
    """Every input gets one of the documented answers."""

    @FUZZ
    @given(body=st.binary(max_size=200))
    @example(body=b"\xef\xbb\xbf")
    async def test_any_bytes_are_refused(self, client: httpx.AsyncClient, problem_of: ProblemOf, body: bytes) -> None:
        response = await post(client, body)
        assert response.status_code in {400, 422}
        problem_of(response, response.status_code)

    @FUZZ
    @given(fields=st.dictionaries(st.sampled_from(sorted(EstimateRequest.__annotations__)), ANY_JSON), more=ANY_JSON)
    async def test_any_json_is_answered_or_refused(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, fields: dict[str, Any], more: Any
    ) -> None:
        for document in (fields, {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200} | fields, more):
            response = await post(client, json.dumps(document))
            if response.status_code != 200:
                assert response.status_code in {400, 422}
                problem_of(response, response.status_code)

    @FUZZ
    @given(bout=BOUTS)
    async def test_any_bout_within_the_bounds_is_answered_in_finite_numbers_or_refused_with_a_reason(
        self, client: httpx.AsyncClient, problem_of: ProblemOf, bout: dict[str, Any]
    ) -> None:
        def no_constant(name: str) -> None:
            raise AssertionError(f"{name} is no JSON")

        response = await post(client, json.dumps(bout))
        if response.status_code == 200:
            assert json.loads(response.content, parse_constant=no_constant)
            assert b"null" not in response.content
        else:
            reasons = {error["code"] for error in problem_of(response, 422)["errors"]}
            assert all(reason.startswith("energy.") or reason in REASONS for reason in reasons), reasons
