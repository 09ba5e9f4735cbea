"""`retrorun bulk` reads the text files that spreadsheets and programs write: marks, line ends, quotes, NaN, gzip."""

import csv
import gzip
import io
import json
from itertools import islice
from pathlib import Path
from typing import Any, cast

import pytest

from retrorun.app.bulk import lines as bulk_lines
from retrorun.app.bulk import source as bulk_source
from retrorun.app.bulk.lines import LONGEST_QUOTED_ROW, whole_rows
from retrorun.app.bulk.run import Options, Outcome, run
from retrorun.app.bulk.source import BadFile, Source
from retrorun.app.cli.main import main

BOUT = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
HEADING = ",".join(BOUT)
ROW = "70,2.5,1200"
MARK = "\ufeff".encode()


def outcome_of(folder: Path, name: str, content: bytes, **options: Any) -> tuple[Outcome, list[dict[str, str]]]:
    """Run a file with this content, and return the outcome and the rows."""
    (folder / name).write_bytes(content)
    outcome = run(folder / name, folder / "out.csv", Options(workers=1, fields=("forward_met",), **options))
    with (folder / "out.csv").open(encoding="utf-8", newline="") as file:
        return outcome, list(csv.DictReader(file))


def rejected(folder: Path) -> list[list[str]]:
    with (folder / "out.rejected.csv").open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


class TestMarks:
    @pytest.mark.parametrize("name", ["in.jsonl", "in.ndjson", "in.csv"])
    def test_a_byte_order_mark_is_read(self, name: str, tmp_path: Path) -> None:
        line = json.dumps(BOUT)
        text = f"{HEADING}\n{ROW}\n{ROW}\n" if name == "in.csv" else f"{line}\n{line}\n"
        outcome, rows = outcome_of(tmp_path, name, MARK + text.encode())
        assert (outcome.rows, [row["status"] for row in rows]) == (2, ["ok", "ok"])

    def test_a_mark_and_nothing_else_is_a_file_without_rows(self, tmp_path: Path) -> None:
        assert outcome_of(tmp_path, "in.jsonl", MARK)[0].rows == 0

    @pytest.mark.parametrize("name", ["in.jsonl", "in.csv"])
    @pytest.mark.parametrize("coding", ["utf-16", "utf-16-be"])
    def test_utf_16_is_refused(self, name: str, coding: str, tmp_path: Path) -> None:
        text = ("" if coding == "utf-16" else "\ufeff") + (f"{HEADING}\n{ROW}\n" if "csv" in name else json.dumps(BOUT))
        with pytest.raises(BadFile, match="not in UTF-8"):
            outcome_of(tmp_path, name, text.encode(coding))

    @pytest.mark.parametrize("line", ["sep=,\n", '"sep=,"\r\n', "SEP=,\r\n"])
    @pytest.mark.parametrize("mark", [b"", MARK])
    def test_the_line_in_which_excel_names_the_comma_is_left_out(self, mark: bytes, line: str, tmp_path: Path) -> None:
        outcome, rows = outcome_of(tmp_path, "in.csv", mark + f"{line}{HEADING}\n{ROW}\n7,2.5,1200\n".encode())
        assert [row["status"] for row in rows] == ["ok", "out_of_range"]
        assert rejected(tmp_path)[1][0] == "2"
        assert outcome.rows == 2

    @pytest.mark.parametrize("separator", [";", "\t", "|", ":"])
    def test_another_separator_is_named(self, separator: str, tmp_path: Path) -> None:
        text = f"sep={separator}\n{HEADING}\n{ROW}\n".replace(",", separator)
        with pytest.raises(BadFile, match="separated by commas"):
            outcome_of(tmp_path, "in.csv", text.encode())

    def test_a_column_without_a_name_is_named_as_such(self, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        (tmp_path / "in.csv").write_text(f",{HEADING}\n0,{ROW}\n1,{ROW}\n", encoding="utf-8")
        command = ["bulk", str(tmp_path / "in.csv"), str(tmp_path / "out.csv"), "--workers", "1"]
        assert main(command) == 2
        assert "unknown column without a name (pandas writes its index so). To copy" in capsys.readouterr().err
        assert main([*command, "--keep", '""']) == 0


class TestLineEnds:
    @pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
    @pytest.mark.parametrize("last", [True, False])
    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_lines_of_any_system(self, kind: str, end: str, last: bool, tmp_path: Path) -> None:
        lines = [f"{HEADING},note", f'{ROW},"a, b"', "", f"{ROW},ü"]
        if kind == "jsonl":
            lines = [json.dumps(BOUT | {"note": note}) for note in ("a, b", "ü")]
        text = end.join(lines) + (end if last else "")
        _, rows = outcome_of(tmp_path, f"in.{kind}", text.encode(), keep=("note",))
        assert [(row["status"], row["note"]) for row in rows] == [("ok", "a, b"), ("ok", "ü")]

    def test_a_line_end_between_two_reads(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulk_lines, "HEAD_BYTES", 7)
        (tmp_path / "in.csv").write_bytes(b"abcdef\rg\r\rhijklmnopqrstuvw\r")
        with bulk_lines.lines_of(tmp_path / "in.csv") as (lines, _):
            assert list(lines) == [b"abcdef\r", b"g\r", b"\r", b"hijklmnopqrstuvw\r"]


NOTES = ("easy\nfelt good", "a\r\nb", "\n", "\n\n70,2.5,1200,x\n\n", 'say ""x""\n, y', "x", "", ",\n,", "\n" * 300)


class TestQuotedLineBreaks:
    @pytest.mark.parametrize("partition_rows", [1, 2, 3, 1000])
    @pytest.mark.parametrize("first", [True, False])
    def test_a_row_has_any_number_of_lines(self, first: bool, partition_rows: int, tmp_path: Path) -> None:
        rows = [f'"{note}",{ROW}' if first else f'{ROW},"{note}"' for note in NOTES]
        heading = f"note,{HEADING}" if first else f"{HEADING},note"
        outcome, found = outcome_of(
            tmp_path,
            "in.csv",
            "\n".join([heading, *rows]).encode(),
            keep=("note",),
            partition_rows=partition_rows,
        )
        assert outcome.rows == len(NOTES)
        assert [row["status"] for row in found] == ["ok"] * len(NOTES)
        assert [row["note"] for row in found] == [note.replace('""', '"') for note in NOTES]

    def test_processes_get_whole_rows(self, tmp_path: Path) -> None:
        text = "\n".join([f"note,{HEADING}", *(f'"{place}\nb",{60 + place % 40},2.5,1200' for place in range(500))])
        (tmp_path / "in.csv").write_text(text, encoding="utf-8")
        run(tmp_path / "in.csv", tmp_path / "out.csv", Options(workers=2, keep=("note",), partition_rows=7))
        with (tmp_path / "out.csv").open(encoding="utf-8", newline="") as file:
            assert [row["note"] for row in csv.DictReader(file)] == [f"{place}\nb" for place in range(500)]

    def test_blocks_end_with_rows_and_count_them(self, tmp_path: Path) -> None:
        text = "\n".join([HEADING + ",note", *(f'{ROW},"a\n\nb"' if place % 3 else f"{ROW},c" for place in range(40))])
        (tmp_path / "in.csv").write_text(text, encoding="utf-8")
        source = Source(tmp_path / "in.csv", ("note",))
        blocks = list(source.blocks(5))
        assert sum(block.rows for block in blocks) == 40
        assert [block.first_row for block in blocks] == [sum(b.rows for b in blocks[:i]) for i in range(len(blocks))]
        assert sum(block.share for block in blocks) == pytest.approx(1)
        notes = [note for block in blocks for note in source.parser()(block.content).given["note"].to_pylist()]
        assert notes == ["a\n\nb" if place % 3 else "c" for place in range(40)]

    def test_a_heading_may_have_one(self, tmp_path: Path) -> None:
        _, rows = outcome_of(tmp_path, "in.csv", f'"my\nnote",{HEADING}\na,{ROW}\n'.encode(), keep=("my\nnote",))
        assert rows[0]["my\nnote"] == "a"

    @pytest.mark.parametrize(
        ("lines", "statuses"),
        [
            (['"70,2.5,1200,x', f"{ROW},y"], ["not_a_row", "ok"]),
            ([f'{ROW},"x', f"{ROW},y"], ["not_a_row", "ok"]),
            ([f'{ROW},"x', f'{ROW},"y"', f"{ROW},z"], ["not_a_row", "ok", "ok"]),
            ([f'{ROW},12" pipe', f"{ROW},y"], ["ok", "ok"]),
            ([f'{ROW},"x" and "y', f"{ROW},y"], ["ok", "ok"]),
            ([f'{ROW},"a', 'b" ', f"{ROW},y"], ["ok", "ok"]),
            ([f'{ROW},"a', 'b",1', f"{ROW},y"], ["not_a_row", "ok"]),
            ([f'{ROW},"{"x" * LONGEST_QUOTED_ROW}', f"{ROW},y", f'{ROW},z"'], ["not_a_row", "ok", "ok"]),
        ],
        ids=range(8),
    )
    def test_a_quote_that_is_not_closed_takes_no_other_row(
        self, lines: list[str], statuses: list[str], tmp_path: Path
    ) -> None:
        for rows in (1, 100):
            text = "\n".join([f"{HEADING},note", *lines])
            _, found = outcome_of(tmp_path, "in.csv", text.encode(), keep=("note",), partition_rows=rows)
            assert [row["status"] for row in found] == statuses

    def test_rows_are_those_of_the_csv_module(self) -> None:
        """Any text that the csv module writes is split into its rows."""
        cells = ["", "a", '"', '""', "\n", "\r\n", ",", 'x"\n"', '\n"', '",\n"', "a\nb,c"]
        table = [[cells[(row * step) % len(cells)] for step in (1, 3, 7)] for row in range(200)]
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(table)
        lines = list(io.BytesIO(text.getvalue().encode()))
        for count in (1, 5, 1000):
            rest: list[bytes] = []
            rows: list[bytes] = []
            more = iter(lines)
            while held := rest + list(islice(more, max(0, count - len(rest)))):
                found, rest = whole_rows(held, count, more)
                rows += found
            assert [next(csv.reader([row.decode().removesuffix("\n")]), []) for row in rows] == table


class TestNotFinite:
    @pytest.mark.parametrize("word", ["NaN", "Infinity", "-Infinity"])
    @pytest.mark.parametrize("name", list(BOUT))
    def test_numbers_that_python_writes_are_not_finite_and_the_row_is_kept(
        self, name: str, word: str, tmp_path: Path
    ) -> None:
        line = json.dumps(BOUT | {"id": "x7", name: float(word)})
        assert word in line
        _, rows = outcome_of(tmp_path, "in.jsonl", f"{json.dumps(BOUT)}\n{line}\n".encode(), keep=("id",))
        assert [(row["status"], row["status_field"]) for row in rows] == [("ok", ""), ("not_finite", name)]
        heading, row = rejected(tmp_path)
        cells = dict(zip(heading, row, strict=True))
        assert (cells["row"], cells["status"], cells["status_field"]) == ("2", "not_finite", name)
        assert cells[name] == word
        assert cells["id"] == rows[1]["id"] == "x7"

    @pytest.mark.parametrize("word", ["nan", "inf", "+Infinity", "NAN", "Inf"])
    def test_other_words_are_not_json(self, word: str, tmp_path: Path) -> None:
        line = json.dumps(BOUT).replace("1200", word)
        assert outcome_of(tmp_path, "in.jsonl", line.encode())[1][0]["status"] == "not_an_object"

    def test_a_word_that_is_nan_is_no_choice(self, tmp_path: Path) -> None:
        line = json.dumps(BOUT | {"gait": float("nan")})
        assert outcome_of(tmp_path, "in.jsonl", line.encode())[1][0]["status"] == "not_a_choice"


class TestGzip:
    @pytest.mark.parametrize("name", ["in.csv.gz", "in.CSV.GZ", "in.csv", "in.jsonl.gz", "in.ndjson.gz"])
    def test_a_compressed_file_is_unpacked(self, name: str, tmp_path: Path) -> None:
        text = f"{HEADING}\n{ROW}\n7,2.5,1200\n"
        if "json" in name:
            text = "".join(json.dumps(row) + "\n" for row in (BOUT, BOUT | {"body_mass_kg": 7}))
        _, rows = outcome_of(tmp_path, name, gzip.compress(MARK + text.encode()))
        assert [row["status"] for row in rows] == ["ok", "out_of_range"]
        assert rejected(tmp_path)[1][0] == "2"

    def test_a_plain_file_with_the_name_of_one_is_read(self, tmp_path: Path) -> None:
        assert outcome_of(tmp_path, "in.csv.gz", f"{HEADING}\n{ROW}\n".encode())[0].rows == 1

    def test_members_one_after_another_are_one_file(self, tmp_path: Path) -> None:
        members = gzip.compress(f"{HEADING}\n70,2.".encode()) + gzip.compress(f"5,1200\n{ROW}\n".encode())
        outcome, rows = outcome_of(tmp_path, "in.csv.gz", members)
        assert [row["status"] for row in rows] == ["ok", "ok"]
        assert outcome.rows == 2

    @pytest.mark.parametrize(
        "damage", [lambda data: data[:-20], lambda data: data[:50] + b"\0" * 9 + data[59:]], ids=["cut", "changed"]
    )
    def test_a_damaged_one_is_named(self, damage: Any, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
        text = f"{HEADING}\n" + "".join(f"70,2.{place},1200\n" for place in range(1000))
        (tmp_path / "in.csv.gz").write_bytes(damage(gzip.compress(text.encode())))
        assert main(["bulk", str(tmp_path / "in.csv.gz"), str(tmp_path / "out.csv"), "--workers", "1"]) == 2
        assert capsys.readouterr().err.startswith("retrorun: Cannot read in.csv.gz: ")

    @pytest.mark.parametrize("kind", ["csv", "jsonl"])
    def test_an_output_is_compressed(self, kind: str, tmp_path: Path) -> None:
        (tmp_path / "in.csv").write_text(f"{HEADING}\n{ROW}\n{ROW}\n7,2.5,1200\n", encoding="utf-8")
        options = Options(workers=1, fields=("forward_met",), partition_rows=1)
        run(tmp_path / "in.csv", tmp_path / f"a.{kind}", options)
        run(tmp_path / "in.csv", tmp_path / f"b.{kind}.gz", options)
        assert gzip.decompress((tmp_path / f"b.{kind}.gz").read_bytes()) == (tmp_path / f"a.{kind}").read_bytes()
        assert (tmp_path / "b.rejected.csv").exists()

    @pytest.mark.parametrize("names", [("in.parquet.gz", "out.csv"), ("in.csv", "out.parquet.gz")])
    def test_parquet_is_compressed_already(self, names: tuple[str, str], tmp_path: Path) -> None:
        (tmp_path / "in.csv").write_text(f"{HEADING}\n{ROW}\n", encoding="utf-8")
        (tmp_path / "in.parquet.gz").write_bytes(gzip.compress(b"PAR1"))
        with pytest.raises(BadFile, match="Parquet is compressed already"):
            run(tmp_path / names[0], tmp_path / names[1], Options(workers=1))

    def test_a_file_that_grows_much_is_read_in_blocks(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(bulk_source, "BLOCK_BYTES", 1000)
        monkeypatch.setattr(bulk_lines, "BLOCK_BYTES", 1000)
        (tmp_path / "in.csv.gz").write_bytes(gzip.compress("\n".join([HEADING, *[ROW] * 1000]).encode()))
        blocks = list(Source(tmp_path / "in.csv.gz", ()).blocks(32_768))
        assert sum(block.rows for block in blocks) == 1000
        assert max(len(b"".join(cast(list[bytes], block.content))) for block in blocks) <= 1000 + len(ROW) + 1
        (tmp_path / "long.csv.gz").write_bytes(gzip.compress(f"{HEADING}\n{ROW}\n".encode() + b" " * 1_000_000))
        with pytest.raises(BadFile, match=r"the row 2 has more than 1000 bytes"):
            list(Source(tmp_path / "long.csv.gz", ()).blocks(10))
