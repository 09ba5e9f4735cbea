"""`retrorun bulk` copies kept columns without any change, or refuses them by name."""

import csv
import json
import shlex
import uuid
from collections.abc import Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from retrorun.app.bulk.lines import members
from retrorun.app.bulk.options import names, quoted
from retrorun.app.bulk.run import Options, run
from retrorun.app.bulk.source import BadFile
from retrorun.app.cli.main import main

BOUT = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
ID = uuid.UUID("12345678-1234-5678-1234-567812345678")


def table_of(array: pa.Array, name: str = "kept", *, bad: bool = False) -> pa.Table:
    columns = {key: [value] * len(array) for key, value in BOUT.items()}
    if bad:
        columns["body_mass_kg"] = [7.0] * len(array)
    return pa.table({**columns, name: array})


def kept(folder: Path, array: pa.Array, kind: str, *, bad: bool = False) -> list[Any]:
    """Return a column of a Parquet file after a run, as the output has it."""
    source, output = folder / "in.parquet", folder / f"out.{kind}"
    pq.write_table(table_of(array, bad=bad), source)
    run(source, output, Options(workers=1, fields=("gait",), keep=("kept",)))
    if kind == "parquet":
        cells: list[Any] = pq.read_table(output)["kept"].combine_chunks()
        return cells
    if kind == "jsonl":
        lines = output.read_text(encoding="utf-8").splitlines()
        return [json.loads(line, parse_float=str, parse_int=str).get("kept") for line in lines]
    with output.open(encoding="utf-8", newline="") as file:
        return [row["kept"] for row in csv.DictReader(file)]


EXACT: Sequence[tuple[pa.Array, list[str | None]]] = [
    (
        pa.array([1, None, -1], pa.timestamp("ns")),
        ["1970-01-01 00:00:00.000000001", None, "1969-12-31 23:59:59.999999999"],
    ),
    (pa.array([1], pa.timestamp("ms")), ["1970-01-01 00:00:00.001"]),
    (pa.array([1], pa.timestamp("us", "UTC")), ["1970-01-01 00:00:00.000001Z"]),
    (pa.array([1], pa.timestamp("ns", "Asia/Kolkata")), ["1970-01-01 05:30:00.000000001+0530"]),
    (pa.array([1], pa.time64("ns")), ["00:00:00.000000001"]),
    (pa.array([date(2024, 2, 29)]), ["2024-02-29"]),
    (pa.array([Decimal("1.10"), None]), ["1.10", None]),
    (pa.array([Decimal("12345678901234567890123456789012345678.90")]), ["12345678901234567890123456789012345678.90"]),
    (pa.array([ID.bytes, None], pa.uuid()), [str(ID), None]),
    (
        pa.array(["007", "", " a ", 'say "x, y"', "NaN", "ü\n"], pa.string()),
        ["007", "", " a ", 'say "x, y"', "NaN", "ü\n"],
    ),
    (pa.array(["a", None], pa.string_view()), ["a", None]),
    (pa.array(["a", "b", None]).dictionary_encode(), ["a", "b", None]),
    (pa.array([date(2024, 2, 29)]).dictionary_encode(), ["2024-02-29"]),
    (pa.array([2**63 - 1, -(2**63), 2**53 + 1]), ["9223372036854775807", "-9223372036854775808", "9007199254740993"]),
    (pa.array([2**64 - 1], pa.uint64()), ["18446744073709551615"]),
    (pa.array([0.1, 1e300, 5e-324]), ["0.1", "1e+300", "5e-324"]),
]


class TestTypes:
    @pytest.mark.parametrize(
        ("array", "want"), EXACT, ids=lambda value: str(value.type) if hasattr(value, "type") else ""
    )
    def test_cells_are_copied_exactly(self, array: pa.Array, want: list[str | None], tmp_path: Path) -> None:
        assert kept(tmp_path, array, "csv") == [cell or "" for cell in want]
        found = kept(tmp_path, array, "jsonl")
        if pa.types.is_floating(array.type):
            assert [float(cell) for cell in found] == array.to_pylist()
        else:
            assert found == want
        plain = pq.read_table(tmp_path / "in.parquet")["kept"].combine_chunks()
        plain = plain.cast(pa.string()) if array.type == pa.string_view() else plain
        assert kept(tmp_path, array, "parquet").equals(plain)  # type: ignore[attr-defined] # an array

    @pytest.mark.parametrize(
        ("array", "want"), EXACT, ids=lambda value: str(value.type) if hasattr(value, "type") else ""
    )
    def test_rejected_rows_show_them_too(self, array: pa.Array, want: list[str | None], tmp_path: Path) -> None:
        kept(tmp_path, array, "parquet", bad=True)
        with (tmp_path / "out.rejected.csv").open(encoding="utf-8", newline="") as file:
            found = [row["kept"] for row in csv.DictReader(file)]
        if pa.types.is_floating(array.type):
            assert list(map(float, found)) == array.to_pylist()
        else:
            assert found == [cell or "" for cell in want]

    @pytest.mark.parametrize(
        "array",
        [
            pa.array([b"\xff" * 16, None], pa.binary(16)),
            pa.array([b"\xff"]),
            pa.array([b"\xff"], pa.large_binary()),
            pa.array([b"\xff"], pa.binary_view()),
            pa.array([1], pa.duration("ns")),
            pa.array([1], pa.timestamp("ns", "Nowhere/Atlantis")),
            pa.array([[b"\xff"]]),
            pa.array([[datetime(2024, 1, 1, tzinfo=UTC)]], pa.list_(pa.timestamp("ns", "UTC"))),
            pa.array([[("a", 1)]], pa.map_(pa.string(), pa.int64())),
            pa.array([{"a": Decimal("1.1")}]),
        ],
        ids=lambda array: str(array.type),
    )
    def test_types_that_text_cannot_store_are_refused_by_name_and_kept_in_parquet(
        self, array: pa.Array, tmp_path: Path
    ) -> None:
        for kind in ("csv", "jsonl"):
            with pytest.raises(BadFile, match=r"--keep kept: .* Write Parquet"):
                kept(tmp_path, array, kind)
            assert [path.name for path in tmp_path.iterdir()] == ["in.parquet"]
        plain = array.cast(pa.binary()) if array.type == pa.binary_view() else array
        assert kept(tmp_path, array, "parquet", bad=True).equals(plain)  # type: ignore[attr-defined] # an array
        assert len((tmp_path / "out.rejected.csv").read_text(encoding="utf-8").splitlines()) == len(array) + 1

    def test_lists_are_kept_in_json_lines(self, tmp_path: Path) -> None:
        array = pa.array([[{"a": 2**53 + 1, "b": "x"}], None, []])
        assert kept(tmp_path, array, "jsonl") == [[{"a": str(2**53 + 1), "b": "x"}], None, []]
        with pytest.raises(BadFile, match="Write Parquet or JSON Lines"):
            kept(tmp_path, array, "csv")

    @pytest.mark.parametrize(
        "array",
        [pa.array([0.0, float("nan")]), pa.array([float("inf")], pa.float16()), pa.array([[1.0], [float("nan")]])],
        ids=lambda array: str(array.type),
    )
    def test_json_has_no_nan(self, array: pa.Array, tmp_path: Path) -> None:
        with pytest.raises(BadFile, match="--keep kept: JSON cannot store NaN or infinity"):
            kept(tmp_path, array, "jsonl")
        assert not (tmp_path / "out.jsonl").exists()

    def test_csv_has(self, tmp_path: Path) -> None:
        assert kept(tmp_path, pa.array([float("nan"), float("inf"), None]), "csv") == ["nan", "inf", ""]

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_a_year_of_five_digits_is_refused(self, kind: str, tmp_path: Path) -> None:
        with pytest.raises(BadFile, match="--keep kept: it has a time"):
            kept(tmp_path, pa.array([2**62], pa.timestamp("us")), kind)

    @pytest.mark.parametrize("kind", [pa.string_view(), pa.dictionary(pa.int8(), pa.string())])
    def test_words_of_a_bout_come_in_any_form_that_parquet_gives(self, kind: pa.DataType, tmp_path: Path) -> None:
        words = pa.array(["run", None, "hop"])
        array = words.dictionary_encode() if pa.types.is_dictionary(kind) else words.cast(kind)
        pq.write_table(table_of(array, "gait"), tmp_path / "in.parquet")
        run(tmp_path / "in.parquet", tmp_path / "out.parquet", Options(workers=1, fields=("gait",)))
        assert pq.read_table(tmp_path / "out.parquet")["status"].to_pylist() == ["ok", "ok", "not_a_choice"]

    @pytest.mark.parametrize("kind", [pa.list_(pa.string_view()), pa.struct([("a", pa.string_view())])], ids=str)
    def test_views_in_lists_are_kept(self, kind: pa.DataType, tmp_path: Path) -> None:
        cells = [["a"], None] if pa.types.is_list(kind) else [{"a": "b"}, None]
        for bad in (False, True):
            assert kept(tmp_path, pa.array(cells, kind), "jsonl", bad=bad) == cells

    def test_times_of_96_bits_are_kept_or_refused(self, tmp_path: Path) -> None:
        path = tmp_path / "in.parquet"
        options = Options(workers=1, fields=("gait",), keep=("kept",), partition_rows=3)
        times = [datetime(1700, 1, 1, 0, 0, 0, 1), None, datetime(1969, 12, 31), datetime(2200, 1, 1), None]
        pq.write_table(table_of(pa.array(times)), path, use_deprecated_int96_timestamps=True, row_group_size=2)
        run(path, tmp_path / "out.parquet", options)
        assert pq.read_table(tmp_path / "out.parquet")["kept"].cast(pa.timestamp("us")).to_pylist() == times
        times[3] = datetime(1, 1, 1)
        pq.write_table(table_of(pa.array(times)), path, use_deprecated_int96_timestamps=True)
        with pytest.raises(BadFile, match="--keep kept: it has a time before 1678"):
            run(path, tmp_path / "out.parquet", options)


class TestText:
    CELLS = ("007", " a ", 'say ""x, y""', "NaN", "1.10", "1" + "0" * 400, "-0", "1e400", "null", "x" * 200_000)

    @pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
    def test_cells_of_csv_are_copied_exactly(self, kind: str, tmp_path: Path) -> None:
        lines = [f'70,2.5,1200,"{cell}"' for cell in self.CELLS]
        (tmp_path / "in.csv").write_text("\n".join([",".join([*BOUT, "kept"]), *lines]), encoding="utf-8")
        assert run(tmp_path / "in.csv", tmp_path / f"out.{kind}", Options(workers=1, fields=("gait",), keep=("kept",)))
        assert self.read(tmp_path / f"out.{kind}") == [cell.replace('""', '"') for cell in self.CELLS]

    @pytest.mark.parametrize("kind", ["csv", "jsonl", "parquet"])
    def test_values_of_json_are_copied_exactly(self, kind: str, tmp_path: Path) -> None:
        values = {
            **{f'"{text}"': text for text in ("007", "NaN", " a ", "ü")},
            **{text: text for text in ("7", "1.10", "1E5", "-0", "0", "1e400", "true", "false", "9007199254740993")},
            **{
                text: text
                for text in ("NaN", "-Infinity", '{"a": [NaN, 1]}', "1.0", "-123456789012345678901", "2.50E+00")
            },
            **{
                text: text
                for text in ("1" + "0" * 400, "18446744073709551617", "-9223372036854775809", "0.1" + "0" * 30)
            },
            **{text: text for text in ('{"a":  [1.0, -0.0]}', "[]", '[{"kept": 2}, "}"]')},
            '"\\u00fc \\"x\\""': 'ü "x"',
        }
        bout = json.dumps(BOUT)[1:-1]
        lines = [f'{{{bout}, "kept" :  {value} }}' for value in values]
        (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
        run(tmp_path / "in.jsonl", tmp_path / f"out.{kind}", Options(workers=1, fields=("gait",), keep=("kept",)))
        assert self.read(tmp_path / f"out.{kind}") == list(values.values())

    def read(self, path: Path) -> list[Any]:
        if path.suffix == ".parquet":
            cells: list[Any] = pq.read_table(path)["kept"].to_pylist()
            return cells
        if path.suffix == ".jsonl":
            return [json.loads(line)["kept"] for line in path.read_text(encoding="utf-8").splitlines()]
        with path.open(encoding="utf-8", newline="") as file:
            return [row["kept"] for row in csv.DictReader(file)]

    def test_no_line_of_json_ends_the_run(self, tmp_path: Path) -> None:
        bout = json.dumps(BOUT)[1:-1]
        bad = ['"\\ud800"', "nan", "+Infinity", "[" * 200_000 + "]" * 200_000, "1e", "01"]
        lines = [f'{{{bout}, "kept": {value}}}' for value in bad] + [f'{{{bout}, "kept": 1}}']
        (tmp_path / "in.jsonl").write_text("\n".join(lines), encoding="utf-8")
        outcome = run(tmp_path / "in.jsonl", tmp_path / "out.csv", Options(workers=1, fields=("gait",), keep=("kept",)))
        assert outcome.rejected == {("not_an_object", None): len(bad)}

    def test_latin_1_is_refused_with_its_row(self, tmp_path: Path) -> None:
        text = ",".join([*BOUT, "kept"]) + "\n70,2.5,1200,ok\n\n70,2.5,1200,caf\xe9\n"
        (tmp_path / "in.csv").write_text(text, encoding="latin-1")
        with pytest.raises(BadFile, match=r"in\.csv: row 2 is not in UTF-8"):
            run(tmp_path / "in.csv", tmp_path / "out.csv", Options(workers=1, keep=("kept",)))
        assert [path.name for path in tmp_path.iterdir()] == ["in.csv"]

    def test_members_are_those_of_the_object(self) -> None:
        assert members('\t{ "a" : "}" , "b":{"a": [1]},"a":"\\"" }') == {"a": '"\\""', "b": '{"a": [1]}'}
        assert members("{}") == {}


class TestNames:
    NAMES = ("x,y", '"x"', 'a "b"', " x", "x ", "", "-x", "--fields", "ü'", "$HOME", "a\tb", "a,", ",", "a\nb", '","')

    @pytest.mark.parametrize("name", NAMES)
    def test_the_advice_for_any_column_can_be_followed(
        self, name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
    ) -> None:
        table = table_of(pa.array(["a"]), name).append_column("id", pa.array([1]))
        pq.write_table(table, tmp_path / "in.parquet")
        command = [
            "bulk",
            str(tmp_path / "in.parquet"),
            str(tmp_path / "out.parquet"),
            "--fields",
            "gait",
            "--workers",
            "1",
        ]
        for before in ([], ["--keep", "id"], ["--keep", "x,y"], ["--keep=id,x,y,z"]):
            assert main([*command, *before]) == 2
            advice = capsys.readouterr().err.rpartition(": --keep")[2]
            given = shlex.split(f"--keep{advice}")
            assert main([*command, *given]) == 0
            capsys.readouterr()
            found = pq.read_table(tmp_path / "out.parquet")
            assert sorted(found.column_names) == sorted([name, "id", "status", "status_field", "gait"])
            assert found[name].to_pylist() == ["a"]

    def test_names_are_read_as_they_are_written(self) -> None:
        for count in range(1, len(self.NAMES) + 1):
            some = self.NAMES[:count]
            assert names(",".join(map(quoted, some))) == some
        assert names(" a, b ,c") == ("a", "b", "c")
        assert names("") == ("",)

    def test_a_name_of_the_output_is_refused_at_once(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        pq.write_table(table_of(pa.array(["a"]), "status"), tmp_path / "in.parquet")
        for more in ([], ["--keep", "status"]):
            assert main(["bulk", str(tmp_path / "in.parquet"), str(tmp_path / "out.csv"), *more]) == 2
            said = capsys.readouterr().err
            assert "Rename it" in said
            assert "--fields" not in said

    def test_a_name_with_a_nul_is_refused(self, tmp_path: Path) -> None:
        pq.write_table(table_of(pa.array(["a"]), "a\0b"), tmp_path / "in.parquet")
        with pytest.raises(BadFile, match="NUL"):
            run(tmp_path / "in.parquet", tmp_path / "out.csv", Options(workers=1))

    def test_one_named_twice_is_kept_once(self, tmp_path: Path) -> None:
        pq.write_table(table_of(pa.array(["a"]), "id"), tmp_path / "in.parquet")
        run(tmp_path / "in.parquet", tmp_path / "out.parquet", Options(workers=1, fields=("gait",), keep=("id", "id")))
        assert pq.read_schema(tmp_path / "out.parquet").names == ["id", "status", "status_field", "gait"]
