"""Run the Polars and DuckDB recipes of docs/bulk-distributed.md and compare their rows with the service."""

import re
from pathlib import Path
from typing import Any, Final

import polars as pl
import pyarrow.parquet as pq
import pytest

from robustness.agreement import bouts, disagreements, table_of

PAGE: Final = (Path(__file__).parents[2] / "docs" / "bulk-distributed.md").read_text(encoding="utf-8")
BOUTS: Final = bouts(400, seed=4)


def recipe(name: str) -> str:
    """Return the program of a section."""
    section = PAGE.partition(f"\n## {name}\n")[2].partition("\n## ")[0]
    (found,) = re.findall(r"^```python\n(.*?)^```$", section, re.MULTILINE | re.DOTALL)
    return str(found)


def ran(name: str, **given: Any) -> dict[str, Any]:
    """Run the program of a section, and return its variables."""
    exec(compile(recipe(name), f"docs/bulk-distributed.md: {name}", "exec"), given)
    return given


def test_polars(tmp_path: Path) -> None:
    pq.write_table(table_of(BOUTS), tmp_path / "bouts.parquet")
    frame = pl.scan_parquet(tmp_path / "bouts.parquet")
    assert not list(disagreements(BOUTS, ran("Polars", bouts=frame)["estimates"].to_dicts()))


def test_duckdb(tmp_path: Path) -> None:
    path = tmp_path / "bouts.parquet"
    pq.write_table(table_of(BOUTS), path)
    assert not list(disagreements(BOUTS, ran("DuckDB", path=path)["estimates"].to_pylist()))


@pytest.mark.parametrize("name", ["Ray", "Spark"])
def test_the_others_are_python(name: str) -> None:
    compile(recipe(name), name, "exec")
