"""Compare the rows of Spark with those of `POST /estimate`: `make test-spark`.

Spark maps the function of docs/bulk-distributed.md.
"""

import os
import re
import sys
from pathlib import Path
from typing import Any, Final

from pyspark.sql import SparkSession

from robustness.agreement import bouts, disagreements, table_of

PAGE: Final = Path(__file__).parents[2] / "docs" / "bulk-distributed.md"
COUNT: Final = 2000
PARTITIONS: Final = 7


def recipe() -> str:
    """Return the Spark recipe of the page."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Spark\n")[2].partition("\n## ")[0]
    found = re.search(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    assert found
    return found[1]


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
        return 1 if wrong else 0
    finally:
        spark.stop()


if __name__ == "__main__":
    sys.exit(main())
