"""Many bouts in one request: as JSON in one body, and as a stream of Arrow of any length."""

import io
import json
import math
import random
from collections.abc import AsyncIterator, Callable
from contextlib import suppress
from typing import Any, TypeAlias, get_args

import httpx
import pyarrow as pa
import pytest
from starlette.types import Message

from retrorun.app.api import batch as module
from retrorun.app.api.estimate import EstimateRequest, MeasurementRequest, PersonalFactorRequest
from retrorun.app.api.table import ARROW
from retrorun.app.formats import arrow_stream
from retrorun.app.formats.arrow_stream import END, Malformed, Messages, TooLarge, header
from retrorun.app.formats.record_batches import estimate_batch, input_schema, output_schema
from retrorun.app.http.json_route import values_of
from retrorun.app.main import build
from retrorun.app.settings import Settings
from retrorun.models.columns.names import FIELDS, OUTPUTS
from retrorun.models.vocabulary.choices import EstimatePart

pytestmark = pytest.mark.anyio

Item = dict[str, Any]
ProblemOf: TypeAlias = Callable[[httpx.Response, int], dict[str, Any]]
BOUT: Item = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
SECRET = "87.654321"
CROWD = b", ".join(b'"f%d": 1' % number for number in range(101))
"""Fields of an object, more than any has."""
JSON = {"content-type": "application/json"}


def some_bouts(count: int, seed: int = 1) -> list[Any]:
    """Return bouts of a few kinds."""
    chance = random.Random(seed)
    kinds: list[Item] = [
        {},
        {"gait": "walk", "speed_m_s": 1.3},
        {"equal": "metabolic_rate"},
        {"equal": "heart_rate", "grade": 0.05},
        {"age_y": 40, "sex": "female", "height_m": 1.7, "interval": 0.8},
        {"include": ["energy"]},
        {"speed_sd_m_s": 0.1, "oxygen_uptake_max_ml_kg_min": 45},
    ]
    numbers = {"body_mass_kg": (50, 90), "speed_m_s": (2.2, 4.2), "duration_s": (300, 4000)}
    return [
        {name: chance.uniform(*ends) for name, ends in numbers.items()} | chance.choice(kinds) for _ in range(count)
    ]


BAD: list[Any] = [
    7,
    None,
    "bout",
    [],
    {},
    {"body_mass_kg": SECRET},
    BOUT | {"speed_m_s": 99},
    BOUT | {"distance_m": 5.0},
    BOUT | {"spede": 1},
    BOUT | {"energy_model": "looney2019"},
    BOUT | {"energy_model": "acsm", "grade": -0.2},
    BOUT | {"strict": True, "speed_m_s": 7.5},
    BOUT | {"measurements": [{"speed_m_s": 2.5}]},
]


def close(found: Any, want: Any) -> bool:
    """Say whether two answers have the same keys and words in the same order, and numbers to 1e-12."""
    if isinstance(want, dict):
        return list(found) == list(want) and all(close(found[key], want[key]) for key in want)
    if isinstance(want, list):
        return len(found) == len(want) and all(map(close, found, want))
    if isinstance(want, float):
        return math.isclose(found, want, rel_tol=1e-12, abs_tol=0)
    return bool(found == want)


class TestItems:
    async def test_five_hundred_bad_items_of_ten_thousand_leave_the_others(self, client: httpx.AsyncClient) -> None:
        items = some_bouts(10_000)
        for place in range(0, 10_000, 20):
            items[place] = BAD[place // 20 % len(BAD)]
        response = await client.post("/estimate/batch", json={"items": items})
        assert response.status_code == 200, response.text[:300]
        answer = response.json()
        assert answer["summary"] == {"ok": 9500, "errors": 500}
        assert len(answer["items"]) == 10_000
        for place, found in enumerate(answer["items"]):
            assert list(found) == (["error"] if place % 20 == 0 else ["ok"]), place
        assert SECRET not in response.text
        for place in [*range(400), *range(0, 10_000, 97)]:
            # As content: httpx takes None for no body.
            alone = (await client.post("/estimate", content=json.dumps(items[place]), headers=JSON)).json()
            found = answer["items"][place]
            if "error" in found:
                # The same page, from one folder deeper. The request as a whole has the id.
                alone |= {"type": f".{alone['type']}"}
                del alone["request_id"]
            assert close(found.get("ok") or found.get("error"), alone), place

    async def test_items_that_go_one_by_one(self, client: httpx.AsyncClient) -> None:
        own = BOUT | {"measurements": [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 33}]}
        items = [own, BOUT | {"strict": True}, BOUT]
        answer = (await client.post("/estimate/batch", json={"items": items})).json()
        for item, found in zip(items, answer["items"], strict=True):
            assert found == {"ok": (await client.post("/estimate", json=item)).json()}

    @pytest.mark.parametrize(
        "bout",
        [
            {"distance_m": 5000.0, "speed_m_s": 2.5, "speed_sd_m_s": 0.1},
            {"distance_m": 5000.0, "duration_s": 2000.0, "speed_sd_m_s": 0.1},
            {"speed_m_s": 2.5, "duration_s": 2000.0, "speed_sd_m_s": 0.1, "body_mass_sd_kg": 2.0},
            {"speed_m_s": 2.5, "duration_s": 2000.0, "view": "full"},
            {"speed_m_s": 2.5, "duration_s": 2000.0, "view": "summary", "include": ["params", "about"]},
            {"speed_m_s": 1.2, "duration_s": 2000.0, "include": ["summary", "spread", "energy"]},
        ],
    )
    async def test_equal_items_have_the_answer_of_one(self, client: httpx.AsyncClient, bout: Item) -> None:
        item = {"body_mass_kg": 70.0} | bout
        alone = (await client.post("/estimate", json=item)).json()
        for count in (1, 6, 20):
            items = (await client.post("/estimate/batch", json={"items": [item] * count})).json()["items"]
            assert all(close(found["ok"], alone) for found in items)

    async def test_a_column_of_one_value_keeps_the_error_of_speed(self, client: httpx.AsyncClient) -> None:
        column: dict[str, list[float]] = {
            "body_mass_kg": [70],
            "distance_m": [5000, 6000],
            "speed_m_s": [2.5],
            "speed_sd_m_s": [0.1],
        }
        names = ["forward_distance_m_low", "backward_total_energy_kcal_high"]
        sent = {"columns": column, "fields": names}
        columns = (await client.post("/estimate/batch", json=sent)).json()["columns"]
        for place, distance_m in enumerate(column["distance_m"]):
            bout = {"body_mass_kg": 70, "distance_m": distance_m, "speed_m_s": 2.5, "speed_sd_m_s": 0.1}
            alone = (await client.post("/estimate", json=bout)).json()
            assert columns[names[0]]["values"][place] == pytest.approx(alone["forward"]["distance_m"]["low"], rel=1e-9)
            assert columns[names[1]]["values"][place] == pytest.approx(
                alone["backward"]["total_energy_kcal"]["high"], rel=1e-9
            )

    async def test_longer_answers_count_more(self, client: httpx.AsyncClient, problem_of: ProblemOf) -> None:
        for more, most in (({"view": "full"}, 5000), ({"energy_model": "all"}, 3333)):
            items = [BOUT | more] * (most + 1)
            (error,) = problem_of(await client.post("/estimate/batch", json={"items": items}), 422)["errors"]
            assert (error["pointer"], error["code"]) == ("/items", "out_of_range")

    async def test_an_item_may_ask_for_every_equation(self, client: httpx.AsyncClient) -> None:
        every = BOUT | {"energy_model": "all"}
        body = {"items": [every, *[BOUT] * 9]}
        answer = (await client.post("/estimate/batch", json=body)).json()
        assert answer["items"][0] == {"ok": (await client.post("/estimate", json=every)).json()}
        assert len(answer["items"][0]["ok"]["equations"]) == 4
        assert "equations" not in answer["items"][1]["ok"]
        columns = {name: [value] for name, value in every.items()}
        answer = (await client.post("/estimate/batch", json={"columns": columns})).json()
        assert answer["status"] == ["not_a_choice"]

    @pytest.mark.parametrize("count", [1, 40])
    async def test_fields_choose_what_comes_back(self, client: httpx.AsyncClient, count: int) -> None:
        fields = ["backward_total_energy_kcal", "backward_total_energy_kcal_high", "gait"]
        items = [BOUT | {"speed_m_s": 2.1 + place / 100} for place in range(count)]
        answer = (await client.post("/estimate/batch", json={"items": items, "fields": fields})).json()
        for item, found in zip(items, answer["items"], strict=True):
            whole = (await client.post("/estimate", json=item)).json()
            total = whole["backward"]["total_energy_kcal"]
            want = {"gait": "run", "backward": {"total_energy_kcal": {key: total[key] for key in ("value", "high")}}}
            assert found.keys() == {"part"}
            assert found["part"]["gait"] == "run"
            assert close(found["part"]["backward"], want["backward"])

    @pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999", "-1", '"70"', "true", "null", "[]"])
    async def test_a_bad_number_in_one_item_leaves_the_others(self, client: httpx.AsyncClient, number: str) -> None:
        body = f'{{"items": [{json.dumps(BOUT)}, {{"body_mass_kg": {number}, "speed_m_s": 2, "duration_s": 60}}]}}'
        response = await client.post("/estimate/batch", content=body, headers={"content-type": "application/json"})
        assert response.json()["summary"] == {"ok": 1, "errors": 1}

    @pytest.mark.parametrize(
        ("body", "status"),
        [
            (b'{"items": [', 400),
            (b"\xff", 400),
            (b"[]", 422),
            (b"{}", 422),
            (b'{"items": []}', 422),
            (b'{"items": {}}', 422),
            (b'{"items": [{}], "columns": {}}', 422),
            (b'{"items": [{}], "fields": ["forward_mte"]}', 422),
            (b'{"items": [{}], "fields": []}', 422),
            (b'{"items": [' + b"0," * 10_000 + b"0]}", 422),
            (b'{"columns": {}}', 422),
            (b'{"columns": {"body_mass_kg": [70], "speed_m_s": []}}', 422),
            (b'{"columns": {"body_mass_kg": ["87.654321"]}}', 422),
            (b'{"columns": {"mass": [87.654321]}}', 422),
            (b'{"items": [' + b"[]," * 400_000 + b"0]}", 422),
            (b'{"items": [' + b"{}," * 9000 + b'{}], "columns": {' + CROWD + b"}}", 422),
            (b'{"items": [' + b"{}," * 9000 + b"{}], " + CROWD + b"}", 422),
            (b'{"items": [{' + CROWD + b"}" + b",{}" * 9000, 400),
        ],
    )
    async def test_a_bad_request_is_a_problem(
        self, client: httpx.AsyncClient, problem_of: Callable[..., Any], body: bytes, status: int
    ) -> None:
        response = await client.post("/estimate/batch", content=body, headers={"content-type": "application/json"})
        problem_of(response, status)
        assert SECRET not in response.text

    @pytest.mark.parametrize("others", [1, 2000])
    async def test_an_item_of_too_many_fields_leaves_the_others(self, client: httpx.AsyncClient, others: int) -> None:
        crowd = json.loads(b"{" + CROWD + b"}")
        crowded = [{"measurements": [crowd]}, {"personal": crowd}, {"personal": {"run": crowd}}]
        items = [crowd, *(BOUT | own for own in crowded), *[BOUT] * others]
        answer = (await client.post("/estimate/batch", json={"items": items})).json()
        assert answer["summary"] == {"ok": others, "errors": 4}
        assert [item["error"]["errors"][0]["code"] for item in answer["items"][:4]] == ["too_long"] * 4

    def test_the_fullest_items_are_not_too_many_values(self) -> None:
        full: Item = dict.fromkeys(EstimateRequest.__annotations__, 1) | {"include": list(get_args(EstimatePart))}
        full["measurements"] = [dict.fromkeys(MeasurementRequest.__annotations__, 1)]
        personal = {"run": dict.fromkeys(PersonalFactorRequest.__annotations__, 1)}
        own = {name: 1 for name in full if name != "measurements"} | {
            "include": list(get_args(EstimatePart)),
            "personal": personal,
        }
        assert values_of(json.dumps(own).encode()) <= values_of(json.dumps(full).encode())
        body = json.dumps({"items": [full] * module.MAXIMUM_ROWS, "fields": list(FIELDS)}).encode()
        most = module.BatchRoute.maximum_values
        assert most is not None
        assert 0.9 * most < values_of(body) <= most


class TestColumns:
    async def test_columns_equal_the_rows(self, client: httpx.AsyncClient) -> None:
        columns: dict[str, list[Any]] = {
            "body_mass_kg": [70.0, 60, 999, 50, 70],
            "speed_m_s": [2.5, 1.2, 2.5, 3.9, 2.5],
            "duration_s": [1200, 60, 60, 60, 60],
            "equal": ["speed", "speed", "speed", "speed", "heart_rate"],
        }
        answer = (await client.post("/estimate/batch", json={"columns": columns})).json()
        assert answer["status"] == ["ok", "ok", "out_of_range", "ok", "ok"]
        assert answer["summary"] == {"ok": 4, "errors": 1}
        assert "null" not in json.dumps(answer)
        whole = {place: {name: column[place] for name, column in columns.items()} for place in (0, 1, 3, 4)}
        alone = {
            place: (await client.post("/estimate", json=row | {"view": "full"})).json() for place, row in whole.items()
        }
        for name, found in answer["columns"].items():
            rows = found.get("rows", range(5))
            values = dict(zip(rows, found["values"], strict=True))
            for place, answer_alone in alone.items():
                want: Any = [warning["code"] for warning in answer_alone["warnings"]]
                if name in OUTPUTS:
                    want = answer_alone
                    for part in OUTPUTS[name].path:
                        want = want.get(part) if want is not None else None
                assert (want is None) == (place not in values), (name, place)
                assert want is None or close(values[place], want), (name, place)
        assert answer["columns"]["backward_speed_m_s"]["rows"] == [0, 1, 3]

    @pytest.mark.parametrize(
        ("name", "bad", "code"),
        [("body_mass_kg", SECRET, "not_a_number"), ("gait", 7, "not_a_string"), ("grade", None, "not_a_number")],
    )
    async def test_of_a_column_that_cannot_be_read_the_first_bad_value_is_named(
        self, client: httpx.AsyncClient, problem_of: Callable[..., Any], name: str, bad: object, code: str
    ) -> None:
        columns: Item = {key: [value] * 9000 for key, value in BOUT.items()}
        good = "run" if name == "gait" else 70.0
        body = {"columns": columns | {name: [good, *[bad] * 8999]}}
        (error,) = problem_of(await client.post("/estimate/batch", json=body), 422)["errors"]
        assert (error["pointer"], error["code"]) == (f"/columns/{name}/1", code)

    async def test_a_column_of_one_value_is_for_all_rows(self, client: httpx.AsyncClient) -> None:
        columns: Item = {
            "body_mass_kg": [70, 60, 82],
            "speed_m_s": [2.5],
            "duration_s": [1200.0, 600.0, 60.0],
            "gait": ["run"],
            "overground": [True],
        }
        full = {name: values * (3 // len(values)) for name, values in columns.items()}
        answers = [(await client.post("/estimate/batch", json={"columns": each})).json() for each in (columns, full)]
        assert answers[0] == answers[1]
        assert answers[0]["status"] == ["ok"] * 3
        one = {"columns": {name: values[:1] for name, values in columns.items()}}
        assert (await client.post("/estimate/batch", json=one)).json()["status"] == ["ok"]

    @pytest.mark.parametrize("short", [2, 3, 9999])
    async def test_a_column_of_another_length_is_named_with_both_lengths(
        self, client: httpx.AsyncClient, problem_of: Callable[..., Any], short: int
    ) -> None:
        columns: Item = {"body_mass_kg": [70], "speed_m_s": [2.5] * short, "duration_s": [60.0] * 10_000}
        response = await client.post("/estimate/batch", json={"columns": columns})
        (error,) = problem_of(response, 422)["errors"]
        assert (error["pointer"], error["code"]) == ("/columns/speed_m_s", "conflicting_inputs")
        assert error["message"].startswith(f"speed_m_s has {short} values, but duration_s has 10000.")

    @pytest.mark.parametrize("rows", [0, 1, 3])
    async def test_an_empty_column_is_named(
        self, client: httpx.AsyncClient, problem_of: Callable[..., Any], rows: int
    ) -> None:
        columns: Item = {"body_mass_kg": [], "speed_m_s": [2.5] * rows, "duration_s": [60.0] * rows}
        (error,) = problem_of(await client.post("/estimate/batch", json={"columns": columns}), 422)["errors"]
        assert error["pointer"] == "/columns/body_mass_kg"
        assert error["message"].startswith("body_mass_kg is empty.")

    async def test_a_word_that_is_no_choice_is_the_status_of_its_row(self, client: httpx.AsyncClient) -> None:
        columns: Item = {name: [value, value] for name, value in BOUT.items()} | {"gait": ["run", SECRET]}
        body = {"columns": columns, "fields": ["forward_met"]}
        response = await client.post("/estimate/batch", json=body)
        answer = response.json()
        assert answer["status"] == ["ok", "not_a_choice"]
        assert list(answer["columns"]) == ["forward_met"]
        assert answer["columns"]["forward_met"]["rows"] == [0]
        assert SECRET not in response.text


def bouts_batch(rows: int, seed: int = 1) -> pa.RecordBatch:
    chance = random.Random(seed)
    row = {"body_mass_kg": (25, 90), "speed_m_s": (1.0, 3.5)}
    rows_of: list[Item] = [
        dict[str, Any]({name: chance.uniform(*ends) for name, ends in row.items()})
        | {"duration_s": chance.choice([60.0, None]), "distance_m": chance.choice([None, 200.0])}
        | {"gait": chance.choice(["run", "walk", None])}
        for _ in range(rows)
    ]
    names = ["body_mass_kg", "speed_m_s", "duration_s", "distance_m", "gait"]
    return pa.RecordBatch.from_pylist(rows_of, schema=pa.schema([input_schema().field(name) for name in names]))


def stream_of(*batches: pa.RecordBatch, schema: pa.Schema | None = None, **options: Any) -> bytes:
    sink = io.BytesIO()
    kinds = pa.ipc.IpcWriteOptions(**options)
    with pa.ipc.new_stream(sink, schema or batches[0].schema, options=kinds) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return sink.getvalue()


async def pieces(body: bytes, size: int) -> AsyncIterator[bytes]:
    for start in range(0, len(body), size):
        yield body[start : start + size]


async def post(client: httpx.AsyncClient, body: bytes, size: int = 1 << 16, query: str = "") -> httpx.Response:
    headers = {"content-type": ARROW}
    return await client.post(f"/estimate/table{query}", content=pieces(body, size), headers=headers)


class TestTable:
    @pytest.mark.parametrize("size", [1, 7, 333, 1 << 20])
    async def test_a_stream_in_pieces_of_any_size(self, client: httpx.AsyncClient, size: int) -> None:
        batches = [bouts_batch(rows, rows) for rows in (3, 1, 0, 40)]
        fields = "forward_total_energy_kcal,backward_speed_m_s,warnings"
        response = await post(client, stream_of(*batches), size, f"?fields={fields}")
        assert response.status_code == 200
        assert response.headers["content-type"] == ARROW
        found = pa.ipc.open_stream(response.content).read_all()
        found.validate(full=True)
        assert found.schema.equals(output_schema(fields.split(",")), check_metadata=True)
        want = pa.Table.from_batches([estimate_batch(batch, fields.split(",")) for batch in batches])
        assert found.to_pylist() == want.to_pylist()
        assert set(found["status"].to_pylist()) >= {"ok", "out_of_range", "conflicting_inputs"}

    async def test_a_byte_order_mark_in_the_heading_is_ignored(self, client: httpx.AsyncClient) -> None:
        batch = bouts_batch(5)
        marked = batch.rename_columns(["\ufeff" + batch.schema.names[0], *batch.schema.names[1:]])
        answer = await post(client, stream_of(marked))
        assert answer.status_code == 200
        assert answer.content == (await post(client, stream_of(batch))).content

    async def test_a_stream_without_batches_gives_one(self, client: httpx.AsyncClient) -> None:
        response = await post(client, stream_of(schema=bouts_batch(1).schema))
        assert pa.ipc.open_stream(response.content).read_all().num_rows == 0

    async def test_a_body_beyond_every_limit_in_a_few_blocks_of_memory(self) -> None:
        settings = Settings(maximum_body_bytes=1024, maximum_message_bytes=40_000)
        service = build(settings)
        batch = bouts_batch(500)
        whole = stream_of(*[batch] * 40)
        assert len(whole) > 10 * settings.maximum_message_bytes
        parts = [whole[start : start + 1000] for start in range(0, len(whole), 1000)]
        ahead, sent, most = 0, 0, 0

        async def receive() -> Message:
            nonlocal ahead
            ahead += 1
            return {"type": "http.request", "body": parts[ahead - 1], "more_body": ahead < len(parts)}

        async def send(message: Message) -> None:
            nonlocal sent, most
            if message["type"] == "http.response.start":
                assert message["status"] == 200
                assert ahead < len(parts) / 10
            sent += len(message.get("body", b""))
            most = max(most, len(message.get("body", b"")))

        scope = {
            "type": "http",
            "method": "POST",
            "path": "/estimate/table",
            "raw_path": b"/estimate/table",
            "query_string": b"fields=forward_met",
            "headers": [(b"content-type", ARROW.encode())],
        }
        await service(scope, receive, send)
        assert ahead == len(parts)
        assert sent > 10 * most
        assert service.incoming.held == 0

    async def test_a_message_that_is_too_large_is_refused_before_it_is_held(self) -> None:
        messages, body = Messages(10_000), stream_of(bouts_batch(5000))

        def take_all() -> None:
            for start in range(0, len(body), 100):
                list(messages.feed(body[start : start + 100]))

        with pytest.raises(TooLarge):
            take_all()
        assert len(messages.held) < 10_000

    @pytest.mark.parametrize(("adding", "held"), [(False, True), (True, False)])
    async def test_dictionaries_together_are_bounded(
        self, client: httpx.AsyncClient, monkeypatch: pytest.MonkeyPatch, adding: bool, held: bool
    ) -> None:
        """One that takes the place of another is held in its place; one that adds to it is held beside it."""
        batches = []
        for number in range(6):
            words = [f"{seed}{'x' * 400}" for seed in range(number + 1 if adding else 1)]
            codes = pa.DictionaryArray.from_arrays(pa.array([0] * 9, pa.int8()), pa.array([*words, "run"[number:]]))
            if adding:
                codes = pa.DictionaryArray.from_arrays(pa.array([0] * 9, pa.int8()), pa.array(words))
            batches.append(bouts_batch(9).set_column(4, "gait", codes))
        monkeypatch.setattr("retrorun.app.api.table.MAXIMUM_BODY_BYTES", 3000)
        asked = post(client, stream_of(*batches, emit_dictionary_deltas=adding), query="?fields=forward_met")
        if held:
            assert pa.ipc.open_stream((await asked).content).read_all().num_rows == 6 * 9
        else:
            with pytest.raises(RuntimeError):  # It breaks off after the answer to the first batches.
                await asked

    @pytest.mark.parametrize(
        ("body", "status", "code"),
        [
            (b"", 400, None),
            (b"not arrow at all", 400, None),
            (b"\xff\xff\xff\xff", 400, None),
            (b"\xff\xff\xff\xff\x08\x00\x00\x00\xff\xff\xff\xff\xff\xff\xff\xff", 400, None),
            (b"\xff\xff\xff\xff\xff\xff\xff\x7f", 413, None),
            (stream_of(bouts_batch(5))[:200], 400, None),
            (stream_of(bouts_batch(5)).replace(b"speed_m_s", b"\xffpeed_m_s"), 400, None),
            (stream_of(bouts_batch(5).select(["body_mass_kg"])), 422, "required"),
            (stream_of(bouts_batch(5).drop_columns(["body_mass_kg"])), 422, "required"),
            (stream_of(bouts_batch(5).rename_columns([SECRET, *"abcd"])), 422, "unknown_field"),
            (stream_of(pa.RecordBatch.from_pydict({name: [SECRET] for name in BOUT})), 422, "not_a_number"),
            (stream_of(bouts_batch(500), compression="zstd"), 422, "compressed"),
        ],
    )
    async def test_an_invalid_table_of_bouts_is_a_problem(
        self,
        client: httpx.AsyncClient,
        problem_of: Callable[..., Any],
        body: bytes,
        status: int,
        code: str | None,
    ) -> None:
        response = await post(client, body)
        problem = problem_of(response, status)
        assert code is None or problem["errors"][0]["code"] == code
        assert SECRET not in response.text
        assert response.headers["connection"] == "close"

    async def test_other_media_types_and_fields_are_problems(
        self, client: httpx.AsyncClient, problem_of: Callable[..., Any]
    ) -> None:
        body = stream_of(bouts_batch(2))
        problem_of(await client.post("/estimate/table", json=[]), 415)
        headers = {"content-type": ARROW, "accept": "text/html"}
        problem_of(await client.post("/estimate/table", content=body, headers=headers), 406)
        problem_of(await post(client, body, query="?fields=forward_mte"), 422)

    @pytest.mark.parametrize("size", [1, 1 << 20])
    async def test_what_follows_the_end_is_not_passed_over(self, client: httpx.AsyncClient, size: int) -> None:
        body = stream_of(bouts_batch(5))
        for more in (b"\0", body):
            with pytest.raises(RuntimeError):
                await post(client, body + more, size)
            messages = Messages(1 << 20)
            with pytest.raises(Malformed):
                list(messages.feed(body + more))

    async def test_a_stream_may_lack_its_end(self, client: httpx.AsyncClient) -> None:
        body = stream_of(bouts_batch(5))
        assert body.endswith(END)
        response = await post(client, body.removesuffix(END))
        assert pa.ipc.open_stream(response.content).read_all().num_rows == 5

    async def test_rows_that_take_no_bytes_are_too_many(
        self, client: httpx.AsyncClient, problem_of: Callable[..., Any]
    ) -> None:
        for rows, status in ((9, 200), (10_000_000, 413)):
            nulls = pa.RecordBatch.from_arrays([pa.nulls(rows)] * len(BOUT), names=list(BOUT))
            response = await post(client, stream_of(nulls), query="?fields=gait")
            assert response.status_code == status
        problem_of(response, 413)

    def test_a_header_is_read_once(self, monkeypatch: pytest.MonkeyPatch) -> None:
        read: list[bytes] = []

        def counted(metadata: bytes) -> Any:
            read.append(metadata)
            return header(metadata)

        monkeypatch.setattr(arrow_stream, "header", counted)
        body, messages = stream_of(bouts_batch(500)), Messages(1 << 20)
        found = [message for place in range(len(body)) for message in messages.feed(body[place : place + 1])]
        assert len(read) == len(found) == 3

    async def test_a_stream_that_turns_bad_breaks_off(self, client: httpx.AsyncClient) -> None:
        body = stream_of(bouts_batch(50))[:-8] + b"rubbish, not a message"
        with pytest.raises(RuntimeError):
            await post(client, body)

    @pytest.mark.parametrize("seed", range(60))
    async def test_no_damage_to_a_stream_is_more_than_a_problem(self, client: httpx.AsyncClient, seed: int) -> None:
        chance = random.Random(seed)
        body = bytearray(stream_of(bouts_batch(20)))
        for _ in range(chance.choice([1, 4, 40])):
            body[chance.randrange(len(body))] = chance.randrange(256)
        with suppress(RuntimeError):  # It breaks off, where the damage is behind rows that could be answered.
            answer = await post(client, bytes(body), query="?fields=forward_met")
            assert answer.status_code in {200, 400, 413, 422}
