"""Check that rows of a table agree with the answers of `POST /estimate`.

The bouts cover every category, rows without an estimate, and rows with gaps. Each is sent to the service.
"""

import asyncio
import math
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

import httpx
import pyarrow as pa

from retrorun.app.main import app
from retrorun.models.columns.names import FIELDS, NUMBERS, PARTS, WARNINGS, WORDS
from retrorun.models.vocabulary.quantities import INPUTS

TOLERANCE: Final = 1e-12
COLUMNS: Final = pa.schema([(name, pa.float64()) for name in NUMBERS] + [(name, pa.string()) for name in WORDS])
"""Every input, as columns of a plain table."""
SECTIONS: Final = ("forward", "backward", "ratio", "spread")

Row = dict[str, Any]


def bouts(count: int, seed: int = 1) -> list[Row]:
    """Return requests without their nulls, one in eight of them with an input out of range or in conflict."""
    chance = random.Random(seed)
    return [bout(chance) for _ in range(count)]


def table_of(requests: Sequence[Row]) -> pa.Table:
    """Return requests as a table, with null for missing fields."""
    return pa.Table.from_pylist(list(requests), schema=COLUMNS)


def bout(chance: random.Random) -> Row:
    """Return one request."""
    speed, duration = chance.uniform(0.5, 5.0), chance.uniform(60, 7200)
    row: Row = {"body_mass_kg": chance.uniform(45, 110)}
    two = {"speed_m_s": speed, "duration_s": duration, "distance_m": speed * duration}
    del two[chance.choice(list(two))]
    row |= two
    if chance.random() < 0.5:
        row["grade"] = chance.uniform(-0.15, 0.15)
    if chance.random() < 0.3:
        row |= {"age_y": float(chance.randint(18, 80)), "sex": chance.choice(WORDS["sex"]), "height_m": 1.7}
    for name, low, high in (
        ("step_rate_ratio", 0.95, 1.08),
        ("interval", 0.6, 0.98),
        ("speed_sd_m_s", 0.0, 0.1),
        ("body_mass_sd_kg", 0.0, 2.0),
        ("oxygen_uptake_max_ml_kg_min", 35.0, 70.0),
    ):
        if chance.random() < 0.3:
            row[name] = chance.uniform(low, high)
    for name in ("gait", "equal", "energy_model", "direction_model"):
        if chance.random() < 0.4:
            row[name] = chance.choice(WORDS[name])
    if chance.random() < 0.125:
        name = chance.choice([name for name, value in row.items() if isinstance(value, float)])
        row[name] = INPUTS[name].high * 2
    return row


def answers(requests: Sequence[Row]) -> list[httpx.Response]:
    """Return the service's answer to each request."""

    async def ask() -> list[httpx.Response]:
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://retrorun.test") as client:
            return [await client.post("/estimate", json=request | {"view": "full"}) for request in requests]

    return asyncio.run(ask())


def leaves(tree: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[str, Any]]:
    """Yield each number and word of an answer, under the name of its column."""
    if isinstance(tree, Mapping):
        for name, inner in tree.items():
            yield from leaves(inner, (*path, name))
    else:
        yield "_".join(path[:-1]) + PARTS[path[-1]] if path[-1] in PARTS else "_".join(path), tree


def disagreements(requests: Sequence[Row], rows: Sequence[Row], fields: Sequence[str] = FIELDS) -> Iterator[str]:
    """Yield each difference between a table and the service: a number, a warning, a gap or a refusal.

    Parameters
    ----------
    requests : sequence of dict
        The requests.
    rows : sequence of dict
        The rows of the table, with null or nothing for unknown columns, and warnings as a list of codes.
    fields : sequence of str, optional
        Columns to compare; all of them when left out.
    """
    if len(requests) != len(rows):
        yield f"{len(rows)} rows for {len(requests)} requests"
        return
    for number, (row, response) in enumerate(zip(rows, answers(requests), strict=True)):
        found = {name: row.get(name) for name in ("status", "status_field", *fields) if row.get(name) is not None}
        expected = (
            refused_row(response.json(), found)
            if response.status_code == 422
            else answered_row(response.json(), fields)
        )
        for name in sorted(found.keys() | expected.keys()):
            if not same(found.get(name), expected.get(name)):
                yield f"row {number} {name}: {found.get(name)} for {expected.get(name)}"


def refused_row(problem: Any, found: Row) -> Row:
    """Return the row of a problem. If it lists several errors, return the one that the row has."""
    faults = [{"status": error["code"], "status_field": error["pointer"].strip("/")} for error in problem["errors"]]
    rows = [{name: word for name, word in fault.items() if word} for fault in faults]
    return next((row for row in rows if row["status"] == found.get("status")), rows[0])


def answered_row(answer: Any, fields: Sequence[str]) -> Row:
    """Return the table row of an answer."""
    parts = {section: answer[section] for section in SECTIONS}
    models = {name: answer["models"][name] for name in ("energy_model", "direction_model")}
    everything = {**dict(leaves(parts)), **models, "gait": answer["gait"]}
    everything[WARNINGS] = [warning["code"] for warning in answer["warnings"]]
    return {"status": "ok"} | {name: value for name, value in everything.items() if name in fields}


def same(one: Any, other: Any) -> bool:
    """Return whether two cells agree."""
    if isinstance(one, float) and isinstance(other, float | int):
        return math.isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
    return bool(one == other)
