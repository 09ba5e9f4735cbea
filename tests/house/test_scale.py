"""Sums of many rows show a row that is lost, doubled or wrong, and the arithmetic of docs/scale.md is right."""

from pathlib import Path
from typing import Final

import pyarrow as pa
import pytest

from retrorun.app.record_batches import estimate_keyed_batch
from robustness.scale import FIELDS, NUMBER, bouts, sums_of

PAGE: Final = (Path(__file__).parents[2] / "docs" / "scale.md").read_text(encoding="utf-8")
STAGES: Final = ("read", "send", "receive", "parse", "estimate", "write")


def table(heading: str) -> dict[str, list[float]]:
    """Return the numbers of a table of the page by the first cell of each row. Its heading begins with this text."""
    lines = PAGE[PAGE.index(f"| {heading}") :].partition("\n\n")[0].splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    return {row[0]: [float(cell.replace(" ", "")) for cell in row[1:]] for row in rows}


COSTS: Final = table("Input, columns of the output | read |")
BYTES: Final = {"Parquet, ten": (26, 74), "Parquet, every": (26, 798)}


@pytest.fixture(scope="module")
def estimates() -> pa.RecordBatch:
    (given,) = bouts(1000)
    return estimate_keyed_batch(given, [NUMBER], FIELDS)


class TestSums:
    def test_they_do_not_depend_on_the_order_of_rows(self, estimates: pa.RecordBatch) -> None:
        found = sums_of([estimates.slice(400), estimates.slice(0, 400)])
        assert found == sums_of([estimates])
        assert found.rows == 1000
        assert found.estimated == 999

    def test_they_show_a_row_that_is_lost_doubled_or_in_place_of_another(self, estimates: pa.RecordBatch) -> None:
        expected = sums_of([estimates])
        for others in (
            [estimates.slice(1)],
            [estimates, estimates.slice(999)],
            [estimates.slice(0, 998), estimates.slice(997, 1), estimates.slice(999)],
        ):
            assert sums_of(others) != expected


class TestPage:
    def test_the_stages_add_up(self) -> None:
        assert len(COSTS) == 6
        for *stages, whole in COSTS.values():
            assert len(stages) == len(STAGES)
            assert round(sum(stages), 3) == whole

    def test_rows_a_second_and_core_follow(self) -> None:
        found = table("Input, columns of the output | rows a second")
        assert found == {name: [round(1e6 / row[-1]), round(3600 / row[-1])] for name, row in COSTS.items()}

    def test_workers_that_one_reader_keeps_busy_follow(self) -> None:
        shares = {name: (round(sum(row[2:6]), 3), round(sum(row[:2]), 3)) for name, row in COSTS.items()}
        expected = {name: [worker, reader, worker // reader] for name, (worker, reader) in shares.items()}
        assert table("Input, columns of the output | a worker") == expected

    def test_what_many_cores_do_follows(self) -> None:
        cost, size = COSTS["Parquet, ten"][-1], sum(BYTES["Parquet, ten"])
        found = table("Cores |")
        assert [*found] == ["1", "2", "10", "100", "1000"]
        for cores, row in found.items():
            million_rows_a_second = int(cores) / cost
            seconds, gigabytes = 1000 / million_rows_a_second, million_rows_a_second * size / 1000
            assert row == [round(seconds, 1), round(million_rows_a_second, 1), round(gigabytes, 1)]

    def test_the_cores_that_a_network_feeds_follow(self) -> None:
        for name, cores in (("Parquet, ten", 3), ("Parquet, every", 4)):
            assert 1.25e9 // (sum(BYTES[name]) * 1e6 / COSTS[name][-1]) == cores
        assert f"{sum(BYTES['Parquet, every']) / COSTS['Parquet, every'][-1] / 1000:.2f} GB a second and core" in PAGE
        assert "{} bytes of input and {} bytes of output".format(*BYTES["Parquet, ten"]) in PAGE
        assert "{} and {} bytes".format(*BYTES["Parquet, every"]) in PAGE
