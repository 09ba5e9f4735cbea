"""A Dask data frame of bouts: each row as it is by itself, with its key."""

import uuid
from decimal import Decimal
from typing import Any

import dask
import dask.dataframe as dd
import pandas as pd
import pyarrow as pa
import pytest

from retrorun.app import dask as module
from retrorun.app.dask import estimate, estimated
from retrorun.app.record_batches import estimate_plain_batch
from retrorun.models.vocabulary.errors import Conflict
from robustness.agreement import bouts, table_of

TABLE = table_of(bouts(200, seed=5))
FIELDS = ["forward_total_energy_kcal", "backward_load_peak_vertical_force_bw_low", "gait", "warnings"]
ROWS = range(len(TABLE))
KEYS: dict[str, list[Any]] = {
    "integer": [2**63 - 1 - row for row in ROWS],
    "text": [f"ä{row}" for row in ROWS],
    "decimal": [Decimal(row).scaleb(-20) for row in ROWS],
    "uuid": [uuid.UUID(int=row) for row in ROWS],
    "time": [pd.Timestamp("2024-01-05T07:30:00.000000001", tz="Europe/Rome") + pd.Timedelta(row, "D") for row in ROWS],
    "struct": [{"person": row, "tags": ["x"]} for row in ROWS],
    "mixed": [row if row % 2 else None for row in ROWS],
}


def frame_of(**columns: Any) -> pd.DataFrame:
    frame = TABLE.to_pandas(types_mapper=pd.ArrowDtype)
    for name, column in columns.items():
        frame[name] = column
    frame.index = pd.Index([f"row {row // 2}" for row in ROWS])  # some twice
    return frame


@pytest.fixture(autouse=True)
def same_objects() -> Any:
    with dask.config.set({"dataframe.convert-string": False, "scheduler": "synchronous"}):
        yield


@pytest.mark.parametrize("kind", KEYS)
def test_each_row_has_its_estimate_and_its_key(kind: str) -> None:
    frame = frame_of(other="x")
    frame["key"] = KEYS[kind] if kind == "integer" else pd.Series(KEYS[kind], index=frame.index, dtype=object)
    lazy = estimate(dd.from_pandas(frame, npartitions=7, sort=False), key="key", fields=FIELDS)
    assert list(lazy.columns) == ["key", "status", "status_field", *FIELDS]
    found = lazy.compute()
    assert found.index.equals(frame.index)
    assert found["key"].tolist() == KEYS[kind]
    assert found.dtypes.equals(lazy.dtypes)
    answer = estimate_plain_batch(TABLE.combine_chunks().to_batches()[0], FIELDS)
    again = pa.Table.from_pandas(found.drop(columns="key"), preserve_index=False)
    assert again.to_pylist() == answer.to_pylist()
    assert {"ok", "out_of_range"} < set(found["status"])


def test_columns_in_pieces_and_partitions_without_rows() -> None:
    frame = dd.from_pandas(pd.concat([frame_of(), frame_of()]).assign(key=[*ROWS] * 2), npartitions=1, sort=False)
    found = estimate(frame[frame["key"] < 5], key="key", fields=FIELDS).compute()
    assert found["key"].tolist() == [0, 1, 2, 3, 4] * 2
    assert estimate(frame[frame["key"] < 0], key="key", fields=FIELDS).compute().empty


def test_several_keys_and_every_field() -> None:
    frame = frame_of(a=KEYS["text"], b=KEYS["integer"])
    found = estimate(dd.from_pandas(frame, npartitions=2, sort=False), key=["b", "a"]).compute()
    assert list(found.columns)[:3] == ["b", "a", "status"]
    assert found["a"].tolist() == KEYS["text"]


def test_only_the_key_and_the_inputs_reach_the_workers(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[list[str]] = []

    def spy(part: pd.DataFrame, *rest: Any) -> pd.DataFrame:
        seen.append(list(part.columns))
        return estimated(part, *rest)

    monkeypatch.setattr(module, "estimated", spy)
    frame = dd.from_pandas(frame_of(key=KEYS["text"], note="x", gone=1.0), npartitions=3, sort=False)
    estimate(frame, key="key", fields=FIELDS).compute()
    assert seen == [["key", *TABLE.column_names]] * 4  # once to know the types


def test_numbers_of_numpy_may_be_nan() -> None:
    frame = pd.DataFrame(
        {"k": [1, 2], "body_mass_kg": [70.0, float("nan")], "speed_m_s": [2, 3], "duration_s": [60, 60]}
    )
    found = estimate(dd.from_pandas(frame, npartitions=1), key="k", fields=FIELDS[:1]).compute()
    assert found["status"].tolist() == ["ok", "required"]
    assert found[FIELDS[0]].isna().tolist() == [False, True]


@pytest.mark.parametrize(("key", "fields"), [("none", None), ("status", None), ("key", ["forward_mte"])])
def test_what_cannot_be_met_is_refused_before_it_is_computed(key: str, fields: Any) -> None:
    frame = dd.from_pandas(frame_of(key=KEYS["integer"], status="x"), npartitions=2, sort=False)
    with pytest.raises(Conflict):
        estimate(frame, key=key, fields=fields)
