"""Compare the rows of Spark with those of `POST /estimate`, and the keys with what was sent: `make test-spark`.

Spark runs the recipe of docs/bulk-distributed.md.
"""

import os
import re
import sys
from datetime import date, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from pyspark.sql import DataFrame, SparkSession

from retrorun.app.spark import estimate
from retrorun.models.vocabulary.errors import Conflict
from robustness.agreement import bouts, disagreements, table_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "bulk-distributed.md"
COUNT: Final = 2000
PARTITIONS: Final = 7
FIELDS: Final = ["ratio_total_energy", "forward_total_energy_kcal", "warnings"]
KEYS: Final[dict[str, tuple[str, Any]]] = {
    "string": ("string", lambda row: f"ä{row}" if row % 3 else None),
    "uuid": ("string", lambda row: str(UUID(int=row))),
    "integer": ("bigint", lambda row: 2**63 - 1 - row),
    "byte": ("tinyint", lambda row: row % 100),
    "decimal": ("decimal(38,20)", lambda row: Decimal(row).scaleb(-20)),
    "timestamp": ("timestamp", lambda row: datetime(2024, 1, 5, 7, 30, 0, 1) + timedelta(hours=row)),
    "timestamp_ntz": ("timestamp_ntz", lambda row: datetime(2024, 3, 31, 2, 30) + timedelta(microseconds=row)),
    "date": ("date", lambda row: date(1, 1, 1) + timedelta(row)),
    "boolean": ("boolean", lambda row: bool(row % 2)),
    "binary": ("binary", lambda row: bytearray(UUID(int=row).bytes)),
    "day interval": ("interval day to second", lambda row: timedelta(microseconds=row)),
    "struct": ("struct<person:bigint,tags:array<string>>", lambda row: {"person": row, "tags": ["x", None]}),
    "array": ("array<int>", lambda row: [row, None]),
    "map": ("map<string,double>", lambda row: {"a": row / 3}),
    "a name `with` dots.and blanks": ("string", str),
}
"""Kinds of keys: the type in Spark, and the value of each row."""


def recipe() -> str:
    """Return the Spark recipe of the page."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Spark\n")[2].partition("\n## ")[0]
    found = re.search(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


def keys_lost(spark: SparkSession, frame: DataFrame) -> list[str]:
    """Return the kinds of keys that do not come back as they were sent, or with other columns than asked for."""
    rows = [row.asDict() for row in frame.drop("number").limit(PARTITIONS).collect()]
    lost = []
    for name, (kind, value) in KEYS.items():
        sent = [value(place) for place in range(len(rows))]
        # Double: a name may have blanks and points.
        schema = f"`{name.replace('`', '``')}` {kind}, other string, " + frame.drop("number").schema.toDDL()
        given = spark.createDataFrame(
            [(one, "x", *row.values()) for one, row in zip(sent, rows, strict=True)], schema
        ).coalesce(1)
        found = estimate(given, key=[name], fields=FIELDS)
        plain = [row[0].asDict() if kind.startswith("struct") else row[0] for row in found.collect()]
        same_type = found.schema[name].dataType == given.schema[name].dataType
        if plain != sent or not same_type or found.columns != [name, "status", "status_field", *FIELDS]:
            lost.append(name)
    return lost


def refused(frame: DataFrame, **options: Any) -> bool:
    """Return whether an estimate is refused before it is computed."""
    try:
        estimate(frame, **options)
    except Conflict:
        return True
    return False


def main() -> int:
    """Compare the rows, and print the differences."""
    # Without this, Spark uses the first python3 on the path.
    os.environ["PYSPARK_PYTHON"] = sys.executable
    requests = bouts(COUNT, seed=3)
    spark = (
        SparkSession.builder.master("local[2]")
        .config("spark.ui.enabled", "false")
        .config("spark.driver.bindAddress", "127.0.0.1")
        .config("spark.driver.host", "127.0.0.1")
        .config("spark.sql.execution.arrow.maxRecordsPerBatch", "300")
        .getOrCreate()
    )
    try:
        table = table_of(requests)
        rows = [(number, *row.values()) for number, row in enumerate(table.to_pylist())]
        kinds = ["double" if field.type == "double" else "string" for field in table.schema]
        names = ", ".join(f"{name} {kind}" for name, kind in zip(table.schema.names, kinds, strict=True))
        frame = spark.createDataFrame(rows, f"number bigint, {names}").repartition(PARTITIONS)
        space: dict[str, Any] = {"bouts": frame}
        exec(compile(recipe(), str(PAGE), "exec"), space)
        estimates = sorted(space["estimates"].collect(), key=lambda row: row["number"])
        assert [row["number"] for row in estimates] == list(range(COUNT))
        found = [row.asDict() for row in estimates]
        wrong = list(disagreements(requests, found))
        print(f"Spark {spark.version}: {COUNT} rows, {PARTITIONS} partitions, {len(wrong)} cells differ")
        for line in wrong[:20]:
            print(f"  {line}")
        lost = keys_lost(spark, frame)
        print(f"{len(KEYS)} kinds of keys, {len(lost)} lost: {', '.join(lost) or 'none'}")
        options: list[dict[str, Any]] = [{"key": "none"}, {"key": []}, {"key": "number", "fields": ["forward_mte"]}]
        accepted = [asked for asked in options if not refused(frame, **asked)]
        print(f"{len(options)} impossible requests, {len(accepted)} accepted")
        return 1 if wrong or lost or accepted else 0
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
