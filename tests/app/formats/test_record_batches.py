"""Bouts as columns give, row by row, the answers of single requests."""

import importlib
import itertools
import math
import random
from collections.abc import Iterator
from typing import Any

import pyarrow as pa
import pytest

from retrorun.app.formats.record_batches import estimate_batch, input_schema, output_schema
from retrorun.models.columns.estimate_columns import sections_of
from retrorun.models.columns.names import FIELDS, FLAGS, NUMBERS, OUTPUTS, STATUS, WORDS
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.vocabulary.errors import Conflict, EstimateError
from retrorun.models.vocabulary.quantities import QUANTITIES

Row = dict[str, Any]
BOUT: Row = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}


def bouts(count: int, seed: int) -> list[Row]:
    """Return bouts over all categories and most ranges, some of which have no estimate."""
    chance = random.Random(seed)
    rows: list[Row] = []
    for _ in range(count):
        speed, duration = chance.uniform(0.2, 6.0), chance.uniform(60, 7200)
        whole = {"speed_m_s": speed, "duration_s": duration, "distance_m": speed * duration}
        row: Row = {"body_mass_kg": chance.uniform(40, 120)}
        row |= {name: whole[name] for name in chance.sample(sorted(whole), 2)}
        maybe: dict[str, Any] = {
            "grade": chance.choice([0.0, chance.uniform(-0.5, 0.9), chance.uniform(-0.1, 0.1)]),
            "step_rate_ratio": chance.uniform(0.9, 1.1),
            "interval": chance.choice([0.5, 0.8, 0.95]),
            "speed_sd_m_s": chance.choice([0.0, chance.uniform(0, 0.3)]),
            "body_mass_sd_kg": chance.uniform(0, 5),
            "oxygen_uptake_max_ml_kg_min": chance.uniform(20, 70),
        } | {name: chance.choice(WORDS[name]) for name in ("gait", "equal", "energy_model", "direction_model")}
        row |= {name: value for name, value in maybe.items() if chance.random() < 0.35}
        if chance.random() < 0.4:
            row |= {"age_y": chance.uniform(18, 90), "height_m": chance.uniform(1.3, 2.1)}
            row["sex"] = chance.choice(WORDS["sex"])
        fault = chance.random()
        if fault < 0.03:
            del row["body_mass_kg"]
        elif fault < 0.06:
            row.pop("sex", None)
            row["age_y"] = 40.0
        elif fault < 0.09:
            row |= whole
        rows.append(row)
    return rows


def batch_of(rows: list[Row]) -> pa.RecordBatch:
    names = {name for row in rows for name in row}
    schema = pa.schema([field for field in input_schema() if field.name in names])
    return pa.RecordBatch.from_pylist(rows, schema=schema)


def at(answer: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        answer = answer.get(name) if answer is not None else None
    return answer


def expected(row: Row, **options: Any) -> tuple[tuple[str, str | None], Any]:
    """Return status and answer of one row, as a single estimate has them."""
    if "body_mass_kg" not in row:
        return ("required", "body_mass_kg"), None
    try:
        return ("ok", None), estimate(**row, **options)
    except EstimateError as error:
        return (error.code, error.field or None), None


def differences(rows: list[Row], found: list[Row], fields: tuple[str, ...] = FIELDS, **options: Any) -> Iterator[str]:
    for place, (row, answer) in enumerate(zip(rows, found, strict=True)):
        status, whole = expected(row, **options)
        if (answer["status"], answer["status_field"]) != status:
            yield f"{place}: {answer['status']} {answer['status_field']} not {status}"
        for name in fields:
            value = answer[name]
            if name == "warnings":
                want: Any = None if whole is None else [warning["code"] for warning in whole["warnings"]]
            else:
                want = at(whole, OUTPUTS[name].path)
            same = value == want if not isinstance(want, float) else value is not None
            if not same or (isinstance(want, float) and abs(value - want) > 1e-12 * abs(want)):
                yield f"{place}: {name} {value} not {want}"


@pytest.mark.parametrize("seed", range(4))
def test_each_row_equals_a_single_request(seed: int) -> None:
    rows = bouts(1000, seed)
    found = estimate_batch(batch_of(rows))
    found.validate(full=True)
    assert not list(differences(rows, found.to_pylist()))[:5]
    ok = [row for row in found.to_pylist() if row["status"] == "ok"]
    assert 400 < len(ok) < 950
    assert {row["status"] for row in found.to_pylist()} >= {"required", "conflicting_inputs", "grade_undefined"}


@pytest.mark.parametrize("name", [*NUMBERS, *WORDS])
def test_an_input_that_only_some_rows_have_is_left_out_in_the_others(name: str) -> None:
    given: Row = {"age_y": 40.0, "sex": "female", "height_m": 1.75}
    value: Any = WORDS[name][-1] if name in WORDS else QUANTITIES[name].example
    value = True if name in FLAGS else value
    rows = [BOUT | given, BOUT | given | {name: value}, BOUT]
    assert not list(differences(rows, estimate_batch(batch_of(rows)).to_pylist()))


def test_small_blocks_and_chunks_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = bouts(300, 11)
    whole = estimate_batch(batch_of(rows)).to_pylist()
    # The package hands on a function of the same name.
    module = importlib.import_module("retrorun.models.columns.estimate_columns")
    monkeypatch.setattr(module, "CHUNK_ROWS", 64)
    monkeypatch.setattr(module, "BLOCK_ROWS", 7)
    found = estimate_batch(batch_of(rows)).to_pylist()
    assert not list(differences(rows, found))
    assert [row["status"] for row in found] == [row["status"] for row in whole]


def test_alike_rows_with_bad_ones_among_them() -> None:
    chance = random.Random(5)
    rows: list[Row] = [BOUT | {"speed_m_s": chance.uniform(2.0, 6.0)} for _ in range(1000)]
    for place in range(0, 1000, 20):
        rows[place] = chance.choice([BOUT | {"speed_m_s": 9.0}, BOUT | {"body_mass_kg": float("nan")}, {}])
    found = estimate_batch(batch_of(rows)).to_pylist()
    bad = found[::20]
    assert {row["status"] for row in bad} <= {"out_of_range", "not_finite", "required"}
    assert all(row[name] is None for row in bad for name in FIELDS)
    good = [place for place in range(1000) if place % 20]
    assert not list(differences([rows[place] for place in good], [found[place] for place in good]))


@pytest.mark.parametrize(
    "fields",
    [
        ("forward_total_energy_kcal",),
        ("backward_active_energy_kcal_high", "ratio_active_energy_low", "warnings"),
        ("backward_contact_time_s", "ratio_cadence"),
        ("forward_load_tibial_compression_peak_bw_evidence", "backward_load_achilles_relative_load_low"),
        ("spread_ratio_study_cv", "backward_intensity"),
        ("backward_distance_m", "gait"),
    ],
)
def test_only_requested_columns(fields: tuple[str, ...]) -> None:
    rows = bouts(300, 12)
    found = estimate_batch(batch_of(rows), fields)
    assert found.schema.names == ["status", "status_field", *fields]
    include = [*sections_of([name for name in fields if name != "warnings"]), "ratio", "derived", "spread"]
    assert not list(differences(rows, found.to_pylist(), fields, include=include))


def test_every_column_is_known_somewhere_and_none_is_missing() -> None:
    rows = bouts(1500, 13)
    found = estimate_batch(batch_of(rows))
    assert [name for name in found.schema.names if found[name].null_count == len(rows)] == []
    paths = {output.path for output in OUTPUTS.values()}

    def leaves(node: Any, path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
        for key, value in node.items():
            if isinstance(value, dict):
                yield from leaves(value, (*path, key))
            elif path and path[0] in {"forward", "backward", "ratio", "spread"}:
                yield (*path, key)

    answers = [answer for _, answer in map(expected, rows) if answer]
    assert not {leaf for answer in answers for leaf in leaves(answer, ())} - paths


def test_the_schema_says_what_each_column_is() -> None:
    schema = output_schema()
    assert schema.names == ["status", "status_field", *FIELDS]
    for field in (*schema, *input_schema()):
        assert field.metadata[b"description"].endswith(b"."), field.name
        assert (b"ucum" in field.metadata) == (field.type == pa.float64()), field.name
        assert field.nullable == (field.name != "status"), field.name
    assert schema.field("forward_total_energy_kcal_low").metadata[b"ucum"] == b"kcal"
    assert schema.field("ratio_total_energy").metadata[b"ucum"] == b"1"
    assert input_schema().field("oxygen_uptake_max_ml_kg_min").metadata[b"ucum"] == b"mL/kg/min"
    assert schema.metadata.keys() == {b"version", b"hash"}
    assert estimate_batch(batch_of([BOUT])).schema.equals(schema, check_metadata=True)


def test_words_are_dictionaries_that_stay_the_same() -> None:
    first, second = (estimate_batch(batch_of(rows)) for rows in ([BOUT], [BOUT | {"speed_m_s": 1.0}, {"age_y": 1.0}]))
    for name in ("status", "gait", "forward_intensity"):
        assert first[name].dictionary.equals(second[name].dictionary)
    assert first["status"].dictionary.to_pylist() == list(STATUS)
    assert first["warnings"].type == pa.list_(pa.dictionary(pa.int8(), pa.string()))
    assert set(first["warnings"].values.dictionary.to_pylist()) == set(WARNINGS)


@pytest.mark.parametrize("kind", [pa.string(), pa.large_string(), pa.dictionary(pa.int32(), pa.string())])
def test_words_come_in_any_form_of_string(kind: pa.DataType) -> None:
    rows = [BOUT | {"equal": word} for word in ("heart_rate", None, "metabolic_rate", "no such word")]
    plain = pa.RecordBatch.from_pylist(rows)
    words = plain["equal"].cast(kind) if not pa.types.is_dictionary(kind) else plain["equal"].dictionary_encode()
    found = estimate_batch(plain.set_column(plain.schema.get_field_index("equal"), "equal", words)).to_pylist()
    assert [row["status"] for row in found] == ["ok", "ok", "ok", "not_a_choice"]
    assert found[3]["status_field"] == "equal"
    assert found[0]["backward_speed_m_s"] is None
    assert found[1]["backward_speed_m_s"] == 2.5


@pytest.mark.parametrize("kind", [pa.int16(), pa.float32(), pa.uint64(), pa.decimal128(9, 3)])
def test_numbers_come_in_any_width(kind: pa.DataType) -> None:
    batch = pa.RecordBatch.from_pydict(
        {name: pa.array([int(value), None], kind) for name, value in (BOUT | {"speed_m_s": 3}).items()}
    )
    assert estimate_batch(batch)["status"].to_pylist() == ["ok", "required"]


def test_a_slice_is_a_batch() -> None:
    rows = bouts(100, 14)
    found = estimate_batch(batch_of(rows).slice(37, 41)).to_pylist()
    assert not list(differences(rows[37:78], found))


@pytest.mark.parametrize("place", [0, 2])
def test_a_byte_order_mark_in_the_name_of_a_column_is_ignored(place: int) -> None:
    batch = batch_of([BOUT])
    names = [f"\ufeff{name}" if number == place else name for number, name in enumerate(batch.schema.names)]
    assert estimate_batch(batch.rename_columns(names)).equals(estimate_batch(batch))
    twice = pa.RecordBatch.from_arrays([*batch.columns, batch.column(0)], [*batch.schema.names, "\ufeffspeed_m_s"])
    with pytest.raises(Conflict):
        estimate_batch(twice)


def test_no_rows_give_no_rows() -> None:
    assert estimate_batch(batch_of([BOUT]).slice(0, 0)).num_rows == 0


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        ({"speed_m_s": [2.5], "duration_s": [60.0]}, "required"),
        ({"body_mass_kg": [70.0], "speed_m_s": [2.5]}, "required"),
        (BOUT_COLUMNS := {name: [value] for name, value in BOUT.items()}, None),
        (BOUT_COLUMNS | {"spede": [1.0]}, "unknown_field"),
        (BOUT_COLUMNS | {"grade": ["0"]}, "not_a_number"),
        (BOUT_COLUMNS | {"grade": [True]}, "not_a_number"),
        (BOUT_COLUMNS | {"gait": [1.0]}, "not_a_choice"),
        (BOUT_COLUMNS | {"gait": [None]}, None),
    ],
)
def test_columns_that_do_not_fit_are_refused(columns: dict[str, list[Any]], code: str | None) -> None:
    batch = pa.RecordBatch.from_pydict(columns)
    if code is None:
        assert estimate_batch(batch)["status"].to_pylist() == ["ok"]
        return
    with pytest.raises(Conflict) as caught:
        estimate_batch(batch)
    assert caught.value.code == code


@pytest.mark.parametrize("fields", [[], ["forward_met", "forward_met"], ["forward_mte"]])
def test_fields_that_do_not_exist_are_refused(fields: list[str]) -> None:
    with pytest.raises(Conflict):
        estimate_batch(batch_of([BOUT]), fields)


def test_all_sections_have_columns() -> None:
    assert sections_of(OUTPUTS) == {"energy", "timing", "load"}


def factor(gait: str, **bout: Any) -> dict[str, Any]:
    """Return the personal factor of a gait as columns."""
    speed, uptake = {"run": (3.0, 38.0), "walk": (1.4, 13.0)}[gait]
    own: Any = [
        {"speed_m_s": speed, "oxygen_uptake_ml_kg_min": uptake},
        {"speed_m_s": speed, "oxygen_uptake_ml_kg_min": 1.2 * uptake, "direction": "backward"},
    ]
    found: Any = estimate(**{"body_mass_kg": 70.0, "speed_m_s": speed, "duration_s": 60.0, "measurements": own} | bout)
    numbers = {name: value for name, value in found["personal"][gait].items() if name != "made_with"}
    return {f"personal_{gait}_{name}": value for name, value in numbers.items()}


def test_each_row_has_the_factor_of_its_person_and_gait() -> None:
    both = factor("run") | factor("walk")
    bouts: list[Row] = [
        BOUT | {"speed_m_s": 2.5} | both,
        BOUT | {"speed_m_s": 1.4} | both,
        BOUT | {"speed_m_s": 3.5, "grade": 0.05, "equal": "metabolic_rate"} | factor("run"),
        BOUT | {"speed_m_s": 3.5, "weight_support": 0.1, "overground": True} | both,
        BOUT | {"speed_m_s": 3.0, "equal": "heart_rate", "interval": 0.99} | both,
        BOUT | {"speed_m_s": 3.0, "energy_model": "minetti2002"} | factor("run", energy_model="minetti2002"),
        BOUT | {"speed_m_s": 3.0},
        BOUT | {"speed_m_s": 1.4},
    ]
    names = dict.fromkeys(name for bout in bouts for name in bout)
    found = estimate_batch(batch_of([{name: bout.get(name) for name in names} for bout in bouts * 3])).to_pylist()
    for bout, row in zip(bouts * 3, found, strict=True):
        assert row["status"] == "ok"
        plain = {name: value for name, value in bout.items() if not name.startswith("personal_")}
        own: dict[str, Any] = {}
        for name in bout.keys() - plain.keys():
            _, gait, number = name.split("_", 2)
            own.setdefault(gait, {"made_with": 0})[number] = bout[name]
        asked: Any = plain | ({"personal": own} if own else {})
        alone: Any = estimate(**asked)
        for side, energy in itertools.product(("forward", "backward"), ("total_energy_kcal", "active_energy_kcal")):
            for end, suffix in (("value", ""), ("low", "_low"), ("high", "_high")):
                assert row[f"{side}_{energy}{suffix}"] == pytest.approx(alone[side][energy][end], rel=1e-12)
        if "total_energy" in alone["ratio"]:
            assert row["ratio_total_energy_low"] == pytest.approx(alone["ratio"]["total_energy"]["low"], rel=1e-12)
        if "speed_m_s" in alone["backward"]:
            assert row["backward_speed_m_s_low"] == pytest.approx(alone["backward"]["speed_m_s"]["low"], rel=1e-9)


@pytest.mark.parametrize(
    ("change", "status", "field"),
    [
        ({"speed_m_s": 1.4}, "conflicting_inputs", None),
        ({"personal_run_covariance": None}, "required", None),
        ({"personal_run_energy_model": None}, "required", None),
        ({"personal_run_energy_model": "minetti2002"}, "conflicting_inputs", "personal_run_energy_model"),
        ({"direction_model": "pooled"}, "conflicting_inputs", "personal_run_direction_model"),
        ({"personal_run_energy_model": "none"}, "not_a_choice", "personal_run_energy_model"),
        ({"personal_run_forward_log": 2.0}, "out_of_range", "personal_run_forward_log"),
        ({"personal_run_forward_log": math.nan}, "not_finite", "personal_run_forward_log"),
        ({"personal_run_forward_log": 1.0, "personal_run_ratio_log": 1.0}, "out_of_range", "personal_run_ratio_log"),
        ({"personal_run_covariance": -0.2}, "out_of_range", "personal_run_covariance"),
    ],
)
def test_a_row_with_a_factor_that_does_not_fit_is_refused(change: Row, status: str, field: str | None) -> None:
    good = BOUT | {"speed_m_s": 2.5, "direction_model": "documented"} | factor("run")
    found = estimate_batch(batch_of([good, good | change, good])).to_pylist()
    assert [row["status"] for row in found] == ["ok", status, "ok"]
    assert found[1]["status_field"] == field
    assert found[0] == found[2]
