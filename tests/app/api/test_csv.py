"""CSV in answer to Accept: the same values as JSON, for a batch, the validation and the profile of a recording."""

import csv
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import pytest

from retrorun.app.api.batch import row_of
from retrorun.app.bulk.run import Options, run
from retrorun.app.http.media_types import CSV, JSON
from retrorun.app.pages.csv_text import csv_of
from retrorun.models.columns.names import FIELDS, OUTPUTS, PARTS
from tests.recordings import gpx_file, recorded

pytestmark = pytest.mark.anyio

Item = dict[str, Any]
AS_CSV: Final = {"accept": CSV}
BOUT: Final[Item] = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
MEASURED: Final = {"measurements": [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 33.0}]}
ITEMS: Final[list[Any]] = [
    *[BOUT | {"body_mass_kg": 50.0 + number / 7} for number in range(9)],
    BOUT | {"grade": 0.05, "equal": "heart_rate"},
    BOUT | {"gait": "walk", "speed_m_s": 1.3, "include": ["energy"]},
    BOUT | MEASURED,
    BOUT | {"strict": True, "speed_m_s": 7.5},
    BOUT | {"speed_m_s": 99},
    BOUT | {"measurements": [{"speed_m_s": "=1+1"}]},
    BOUT | {'=HYPERLINK("x")': 1},
    {"energy_model": "@SUM(1)"},
    7,
]
FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n")
"""What makes a spreadsheet take a text for a formula."""


def rows_of(answer: httpx.Response) -> list[dict[str, str]]:
    """Return the rows of an answer as CSV, by the names in its first row."""
    assert answer.status_code == 200, answer.text[:300]
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["vary"] == "Accept"
    names, *rows = csv.reader(io.StringIO(answer.content.decode(), newline=""), strict=True)
    assert answer.text.endswith("\r\n")
    assert answer.text.count("\r\n") == len(rows) + 1
    return [dict(zip(names, row, strict=True)) for row in rows]


def text_of(value: Any) -> str:
    """Return a value of JSON as a cell has it."""
    if isinstance(value, list):
        return " ".join(map(text_of, value))
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)


def same(cell: str, value: Any) -> bool:
    """Say whether a cell holds a value of JSON."""
    number = isinstance(value, float)
    return json.loads(cell) == value if number else cell == text_of(value)


def at(node: Any, path: tuple[str, ...]) -> Any:
    for name in path:
        node = node.get(name) if node is not None else None
    return node


def without_include(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != "include"}


async def in_both(client: httpx.AsyncClient, body: Item) -> tuple[Any, list[dict[str, str]]]:
    """Return the answer to a batch as JSON and the rows of the one as CSV."""
    answer = await client.post("/estimate/batch", json=body)
    assert answer.headers["vary"] == "Accept"
    return answer.json(), rows_of(await client.post("/estimate/batch", json=body, headers=AS_CSV))


@pytest.mark.parametrize("fields", [FIELDS, ("ratio_total_energy", "gait", "warnings")], ids=["all", "three"])
async def test_a_row_has_the_values_of_its_item(client: httpx.AsyncClient, fields: tuple[str, ...]) -> None:
    whole = [without_include(item) | {"view": "full"} if isinstance(item, dict) else item for item in ITEMS]
    body = {"items": whole} if fields == FIELDS else {"items": ITEMS, "fields": list(fields)}
    answer, rows = await in_both(client, body)
    assert len(rows) == len(ITEMS)
    for found, row in zip(answer["items"], rows, strict=True):
        assert list(row) == ["status", "status_field", *fields]
        if "error" in found:
            first = found["error"]["errors"][0]
            assert row["status"] == first["code"]
            assert row["status_field"] in {"", "measurements", first["pointer"].removeprefix("/")}
            assert not any(row[name] for name in fields)
            continue
        estimate = found.get("ok") or found["part"]
        assert (row["status"], row["status_field"]) == ("ok", "")
        assert row["warnings"].split() == [warning["code"] for warning in estimate["warnings"]]
        for name in set(fields) - {"warnings"}:
            assert same(row[name], at(estimate, OUTPUTS[name].path)), name
    assert [row["status"] for row in rows[:13]] == ["ok"] * 12 + ["energy.looney2025_run_speed"]


async def test_the_input_that_is_wrong_is_named(client: httpx.AsyncClient) -> None:
    _, rows = await in_both(client, {"items": [BOUT | {"speed_m_s": 99}, ITEMS[-4], 7], "fields": ["gait"]})
    assert [row.get("status_field") for row in rows] == ["speed_m_s", "measurements", ""]


@pytest.mark.parametrize("fields", [FIELDS, ("warnings", "backward_speed_m_s")], ids=["all", "two"])
async def test_columns_are_the_same_table(client: httpx.AsyncClient, fields: tuple[str, ...]) -> None:
    columns = {
        "body_mass_kg": [70],
        "speed_m_s": [2.5, 99, 3.5, 2.5],
        "duration_s": [600],
        "equal": ["speed", "speed", "heart_rate", "x"],
    }
    answer, rows = await in_both(client, {"columns": columns, "fields": list(fields)})
    assert [row["status"] for row in rows] == answer["status"]
    assert [row["status_field"] for row in rows] == ["", "speed_m_s", "", "equal"]
    for name in fields:
        column = answer["columns"][name]
        values = dict(zip(column.get("rows", range(4)), column["values"], strict=True))
        for place, row in enumerate(rows):
            assert same(row[name], values.get(place)), (name, place)


async def test_it_is_the_table_that_bulk_writes(client: httpx.AsyncClient, tmp_path: Path) -> None:
    columns: dict[str, list[Any]] = {
        "body_mass_kg": [70, 60, 82],
        "speed_m_s": [2.5, 99, 3.5],
        "duration_s": [600, 60, 900],
    }
    source, output = tmp_path / "bouts.csv", tmp_path / "energy.csv"
    source.write_bytes(csv_of(columns))
    run(source, output, Options(workers=1))
    with output.open(encoding="utf-8", newline="") as file:
        written = list(csv.DictReader(file))
    answer = await client.post("/estimate/batch", json={"columns": columns}, headers=AS_CSV)
    for found, want in zip(rows_of(answer), written, strict=True):
        assert list(found) == list(want)
        for name, cell in want.items():
            assert found[name] == cell or json.loads(found[name]) == json.loads(cell), name


async def test_the_numbers_are_written_as_in_json(client: httpx.AsyncClient) -> None:
    body = {"items": [BOUT], "fields": ["forward_total_energy_kcal"]}
    answer = (await client.post("/estimate/batch", json=body)).text
    (row,) = rows_of(await client.post("/estimate/batch", json=body, headers=AS_CSV))
    assert f'"value":{row["forward_total_energy_kcal"]}' in answer.replace(" ", "")


async def test_the_validation_is_its_comparisons(client: httpx.AsyncClient) -> None:
    for query in ("", "?model=acsm", "?indicator=contact_time_s"):
        found = (await client.get(f"/validation{query}")).json()["comparisons"]
        rows = rows_of(await client.get(f"/validation{query}", headers=AS_CSV))
        assert len(rows) == len(found) > 0
        for row, comparison in zip(rows, found, strict=True):
            assert comparison.keys() <= row.keys()
            for name, cell in row.items():
                assert same(cell, comparison.get(name)), name


async def test_a_recording_is_its_profile(client: httpx.AsyncClient) -> None:
    file = gpx_file(recorded(600))
    sent = {"body_mass_kg": 70.0, "backward": [{"from_s": 300.0}]}

    async def post(request: Item, accept: str) -> httpx.Response:
        files = {"file": file, "request": json.dumps(request).encode()}
        return await client.post("/workout/track", files=files, headers={"accept": accept})

    answer = await post(sent | {"include": ["profile"]}, JSON)
    assert answer.headers["vary"] == "Accept"
    profile = answer.json()["profile"]
    for request in (sent, sent | {"include": ["segments"]}):
        rows = rows_of(await post(request, CSV))
        assert len(rows) == len(profile["segment_start_s"]) > 30
        for place, row in enumerate(rows):
            for name, values in profile.items():
                if name == "segment_level_speed_m_s":
                    for part, suffix in PARTS.items():
                        assert same(row[name + suffix], values[place].get(part)), part
                else:
                    assert same(row[name], values[place]), name
    assert {row["segment_direction"] for row in rows} == {"forward", "backward"}


def test_a_name_of_the_caller_is_not_repeated() -> None:
    for pointer, field in (("/=1+1", None), ("", None), ("/speed_m_s", "speed_m_s"), ("/personal/run/x", "personal")):
        error = {"pointer": pointer, "code": "unknown_field", "message": "Unknown field."}
        assert row_of({"error": {"errors": [error]}}, ("gait",)) == ["unknown_field", field, None]


async def test_no_text_begins_a_formula(client: httpx.AsyncClient) -> None:
    tables = [
        rows_of(await client.get("/validation", headers=AS_CSV)),
        rows_of(await client.post("/estimate/batch", json={"items": ITEMS}, headers=AS_CSV)),
    ]
    for cell in [cell for rows in tables for row in rows for cell in (*row, *row.values())]:
        try:
            float(cell)
        except ValueError:
            assert not cell.startswith(FORMULA), cell
    assert "HYPERLINK" not in str(tables)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("text/csv", CSV),
        ("TEXT/CSV; header=present", CSV),
        ("text/*", CSV),
        ("application/json;q=0.5, text/csv;q=0.9", CSV),
        ("application/json;q=0, */*", CSV),
        ("text/csv;q=0.5, application/json", JSON),
        ("text/csv, application/json", JSON),
        ("text/csv;q=0, */*", JSON),
        ("*/*", JSON),
        ("", JSON),
        ("text/csv;q=0", None),
        ("application/csv, image/png", None),
    ],
)
async def test_the_client_chooses(
    client: httpx.AsyncClient, problem_of: Callable[..., Any], accept: str, expected: str | None
) -> None:
    answer = await client.post("/estimate/batch", json={"items": [BOUT]}, headers={"accept": accept})
    assert answer.headers["vary"] == "Accept"
    if expected is None:
        assert problem_of(answer, 406)["detail"] == "Accept application/json or text/csv."
    else:
        assert answer.headers["content-type"].partition(";")[0] == expected


async def test_a_problem_stays_a_problem(client: httpx.AsyncClient, problem_of: Callable[..., Any]) -> None:
    bodies: list[Item] = [{}, {"items": []}, {"items": [BOUT], "fields": ["x"]}, {"columns": {"grade": ["a"]}}]
    for body in bodies:
        problem_of(await client.post("/estimate/batch", json=body, headers=AS_CSV), 422)
    problem_of(await client.get("/validation?model=x", headers=AS_CSV), 422)
    files = {"file": "no recording", "request": '{"body_mass_kg": 70}'}
    problem_of(await client.post("/workout/track", files=files, headers=AS_CSV), 422)
    answer = await client.post("/workout/track", files=files, headers={"accept": "image/png"})
    assert problem_of(answer, 406)["detail"] == "Accept application/json or text/csv."
    answer = await client.get("/validation", headers={"accept": "image/png"})
    assert problem_of(answer, 406)["detail"] == "Accept application/json, text/html or text/csv."


def test_a_cell_with_a_comma_a_quote_or_a_line_is_quoted() -> None:
    assert csv_of({"a": ['say "a, b"\nand c'], "b": [None]}) == b'a,b\r\n"say ""a, b""\nand c",\r\n'


async def test_what_an_item_shows_is_chosen_by_the_fields(client: httpx.AsyncClient) -> None:
    fields = ["forward_total_energy_kcal", "ratio_cadence", "spread_ratio_studies", "forward_met"]
    shown: list[Item] = [{}, {"view": "summary"}, {"include": ["energy"]}, {"include": ["summary"]}, {"view": "full"}]
    items = [BOUT | more for more in shown] * 2
    answer, rows = await in_both(client, {"items": items, "fields": fields})
    assert all(item == answer["items"][0] for item in answer["items"])
    assert all(row == rows[0] for row in rows)
    assert all(rows[0][name] for name in fields)
