"""Estimates that keep a key, as batches, and as the function that Spark maps."""

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import pyarrow as pa
import pytest

from retrorun.app.record_batches import estimate_keyed_batch, estimate_plain_batch, plain_schema
from retrorun.app.spark import estimated
from retrorun.models.vocabulary.errors import Conflict

BOUTS: dict[str, Any] = {"body_mass_kg": [70.0, 82.0, None], "speed_m_s": [2.5, 1.2, 3.0], "duration_s": [1200.0] * 3}
FIELDS = ("forward_total_energy_kcal", "ratio_total_energy_low", "warnings", "gait")
KEYS: dict[str, pa.Array] = {
    "string": pa.array(["b", None, "a"]),
    "large string": pa.array(["b", "", "a"], pa.large_string()),
    "long": pa.array([2**63 - 1, -1, None], pa.int64()),
    "unsigned": pa.array([2**64 - 1, 0, 1], pa.uint64()),
    "double": pa.array([float("nan"), 0.1, -0.0]),
    "decimal": pa.array([Decimal("12345678901234567890.123"), None, Decimal("0.100")], pa.decimal128(38, 3)),
    "time": pa.array([datetime(2024, 1, 5, 7, 30, 0, 1, tzinfo=UTC)] * 3, pa.timestamp("us", "Europe/Rome")),
    "date": pa.array([date(2024, 1, 5), None, date(1, 1, 1)]),
    "binary": pa.array([uuid.UUID(int=7).bytes] * 3, pa.binary(16)),
    "uuid": pa.array([str(uuid.UUID(int=number)) for number in range(3)]),
    "struct": pa.array([{"a": 1, "b": ["x"]}, None, {"a": None, "b": []}]),
    "list": pa.array([[1, 2], [], None]),
    "map": pa.array([[("a", 1)], [], None], pa.map_(pa.string(), pa.int32())),
    "dictionary": pa.array(["b", "a", None]).dictionary_encode(),
    "bool": pa.array([True, False, None]),
    "null": pa.nulls(3),
}


def batch_of(**columns: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict({**columns, **BOUTS})


@pytest.mark.parametrize("kind", KEYS)
def test_a_key_of_any_type_is_kept_exactly(kind: str) -> None:
    found = estimate_keyed_batch(batch_of(key=KEYS[kind], other=KEYS["struct"]), "key", FIELDS)
    assert found.schema.names == ["key", "status", "status_field", *FIELDS]
    assert found.schema.field("key").type == KEYS[kind].type
    assert found["key"].to_string() == KEYS[kind].to_string()
    assert found.drop_columns(["key"]).equals(estimate_plain_batch(pa.RecordBatch.from_pydict(BOUTS), FIELDS))
    assert found["status"].to_pylist() == ["ok", "ok", "required"]


def test_several_keys_and_an_input_as_key() -> None:
    found = estimate_keyed_batch(batch_of(b=KEYS["long"], a=KEYS["date"]), ["a", "b", "speed_m_s"], FIELDS[:1])
    assert found.schema.names == ["a", "b", "speed_m_s", "status", "status_field", FIELDS[0]]
    assert found["speed_m_s"].to_pylist() == BOUTS["speed_m_s"]
    assert estimate_keyed_batch(batch_of(a=KEYS["date"]), "a").schema.names == ["a", *plain_schema().names]


def test_rows_of_a_slice_keep_their_keys() -> None:
    whole = batch_of(key=KEYS["string"])
    assert estimate_keyed_batch(whole.slice(1, 2), "key", FIELDS).equals(
        estimate_keyed_batch(whole, "key", FIELDS).slice(1, 2)
    )
    assert estimate_keyed_batch(whole.slice(0, 0), "key", FIELDS).num_rows == 0


@pytest.mark.parametrize(
    ("columns", "key", "fields", "code"),
    [
        ({"key": [1, 2, 3]}, "none", None, "required"),
        ({"key": [1, 2, 3]}, [], None, "not_unique"),
        ({"key": [1, 2, 3]}, ["key", "key"], None, "not_unique"),
        ({"status": [1, 2, 3]}, "status", None, "not_unique"),
        ({"gait": ["run"] * 3}, "gait", None, "not_unique"),
        ({"key": [1, 2, 3], "grade": ["0"] * 3}, "key", None, "not_a_number"),
        ({"key": [1, 2, 3]}, "key", ["forward_mte"], None),
    ],
)
def test_what_cannot_be_met_is_refused(columns: Any, key: Any, fields: Any, code: str | None) -> None:
    with pytest.raises(Conflict) as caught:
        estimate_keyed_batch(batch_of(**columns), key, fields)
    assert code is None or caught.value.code == code


def test_a_table_without_the_inputs_is_refused() -> None:
    with pytest.raises(Conflict, match="required"):
        estimate_keyed_batch(pa.RecordBatch.from_pydict({"key": [1], "speed_m_s": [2.5], "duration_s": [60.0]}), "key")


def test_an_input_is_a_key_if_it_is_not_asked_for() -> None:
    found = estimate_keyed_batch(batch_of(gait=["run", "walk", None]), "gait", FIELDS[:1])
    assert found["gait"].to_pylist() == ["run", "walk", None]


def test_the_function_that_spark_maps_answers_each_batch() -> None:
    sent = batch_of(key_0=KEYS["struct"], key_1=KEYS["date"])
    found = list(estimated([sent, sent.slice(1, 1)], keys=["a.b", "day"], fields=FIELDS))
    assert [batch.num_rows for batch in found] == [3, 1]
    whole = pa.RecordBatch.from_pydict({"a.b": KEYS["struct"], "day": KEYS["date"], **BOUTS})
    assert found[0].equals(estimate_keyed_batch(whole, ["a.b", "day"], FIELDS))
