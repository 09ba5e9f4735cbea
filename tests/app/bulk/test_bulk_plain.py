"""Plain text: Arrow's readers and ours give the same rows, and a block is plain only if each of its lines is a row."""

import io
import json
import random
from itertools import pairwise
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from retrorun.app.bulk import lines as bulk_lines
from retrorun.app.bulk.lines import lines_in
from retrorun.app.bulk.part import Work, given_of
from retrorun.app.bulk.plain.readers import plain_csv, plain_json, rows_of_plain
from retrorun.app.bulk.source import Source

HEADING = ("id", "body_mass_kg", "speed_m_s", "duration_s", "Distance (km)", "gait")
BOUT = ("a b", "70", "2.5", "1200", "", "run")
CELLS = (
    "",
    " ",
    "70",
    " 70",
    "7e1",
    "-0",
    "1e400",
    "NaN",
    "inf",
    "0:20:00",
    "1_0",
    "x",
    "ü",
    "run",
    " run ",
    "\0",
    "\u2028",
    "a,b",
)
VALUES = (
    "70",
    "70.0",
    "-0",
    "1e2",
    "1e400",
    "NaN",
    "Infinity",
    "Inf",
    "null",
    "true",
    '"70"',
    '"run"',
    '"\\u00fc"',
    "[1]",
    "{}",
    "01",
)
MEMBERS = ("id", "body_mass_kg", "speed_m_s", "duration_s", "gait", "interval", "sped")


def csv_text(chance: random.Random) -> str:
    """Return lines of bouts, some with other cells than one expects."""
    rows = [list(BOUT) for _ in range(chance.randrange(1, 9))]
    for _ in range(chance.randrange(3)):
        row = chance.choice(rows)
        row[chance.randrange(len(row))] = chance.choice(CELLS)
    end = chance.choice(["\n", "\r\n"])
    return "".join(",".join(row) + end for row in rows)


def json_text(chance: random.Random) -> str:
    """Return lines of objects, some with other members than one expects."""
    rows = []
    for _ in range(chance.randrange(1, 9)):
        row = {"id": '"a"', "body_mass_kg": "70", "speed_m_s": "2.5", "duration_s": "1200", "gait": '"run"'}
        if chance.random() < 0.1:
            row[chance.choice(MEMBERS)] = chance.choice(VALUES)
        if chance.random() < 0.1:
            del row[chance.choice(list(row))]
        rows.append("{" + ", ".join(f'"{name}": {value}' for name, value in row.items()) + "}")
    return chance.choice(["\n", "\n", "\r\n", "}\n{", "\n\n", " \n"]).join(rows) + "\n"


def same(one: pa.RecordBatch, other: pa.RecordBatch) -> bool:
    """Return whether batches are equal, and also NaN is equal to NaN."""
    return one.schema == other.schema and repr(one.to_pylist()) == repr(other.to_pylist())


class TestReaders:
    def test_arrow_reads_csv_as_our_reader_does(self, tmp_path: Path) -> None:
        (tmp_path / "in.csv").write_text(",".join(HEADING) + "\n" + ",".join(BOUT), encoding="utf-8")
        parse: Any = Source(tmp_path / "in.csv", ("id",), maps={"distance_m": "Distance (km)"}).parser()
        chance, fast = random.Random(1), 0
        for _ in range(1000):
            text = csv_text(chance).encode()
            if rows_of_plain(text) is None:
                continue
            fast += plain_csv(text, len(HEADING), [0]) is not None
            found, expected = parse((text,)), parse(text.removesuffix(b"\n").split(b"\n"))
            assert same(found.bouts, expected.bouts), text
            assert found.given.equals(expected.given), text
            assert found.faults == expected.faults, text
        assert fast > 300

    def test_arrow_reads_json_lines_as_our_reader_does(self, tmp_path: Path) -> None:
        first = {name: "run" if name == "gait" else 1.0 for name in MEMBERS[:-1]} | {"id": "a"}
        (tmp_path / "in.jsonl").write_text(json.dumps(first), encoding="utf-8")
        parse: Any = Source(tmp_path / "in.jsonl", ("id",)).parser()
        work = Work(parse, ("id",), None, "csv", tmp_path, tmp_path)
        chance, fast = random.Random(1), 0
        for _ in range(1000):
            text = json_text(chance).encode()
            rows = rows_of_plain(text)
            if rows is None:
                continue
            found, expected = parse((text,)), parse(lines_in(text))
            assert same(found.bouts, expected.bouts), text
            assert found.given.select(["id"]).equals(expected.given.select(["id"])), text
            assert found.faults == expected.faults, text
            places = pa.array(range(rows))
            assert given_of(found, places, work).equals(expected.given), text
            fast += bool(found.lines)
        assert fast > 300

    @pytest.mark.parametrize(
        "text",
        [
            b'{"a": 1}{"a": 2}\n{"a":\n3}\n',
            b'{"a": 1}{"a": 2}\n',
            b'{"a":\n1}\n',
            b'{"a": 1}\n[1]\n',
            b'{"a": Inf}\n',
            b'{"a": 1, "a": 2}\n',
            b'{"a": 1e999}\n',
            b'{"b": "\xff"}\n',
            b'{"b": "\\ud800"}\n',
            b'{"b": 1}\n',
            b'{"c": 1}\n',
        ],
    )
    def test_what_is_not_an_object_a_line_is_left_to_our_reader(self, text: bytes) -> None:
        assert plain_json(text, ["a"], ["b"]) is None
        assert plain_json(b'{"a": 1, "b": "x"}\r\n{"b": null}\r\n', ["a"], ["b"]) is not None

    @pytest.mark.parametrize(
        "text",
        [b"", b"1", b"1\n\n", b"\n1\n", b" \n1\n", b"1\n \n2\n", b"1\n\t\r\n", b"1\r\r\n", b"1\r2\r\n", b"1\n2\r\n"],
    )
    def test_text_with_a_blank_line_or_two_kinds_of_line_ends_is_not_plain(self, text: bytes) -> None:
        assert rows_of_plain(text) is None


class TestBlocks:
    @pytest.mark.parametrize("most", [5, 20, 1 << 26])
    @pytest.mark.parametrize("count", [1, 2, 7, 1000])
    def test_many_lines_at_once_are_the_lines_one_by_one(
        self, most: int, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(bulk_lines, "HEAD_BYTES", 16)
        monkeypatch.setattr(bulk_lines, "BLOCK_BYTES", most)
        chance = random.Random(count)
        text = "".join("x" * chance.randrange(5) + "\n" for _ in range(300)).encode() + b"end"
        (tmp_path / "in.csv").write_bytes(text)
        with bulk_lines.lines_of(tmp_path / "in.csv") as (lines, _):
            found = list(iter(lambda: lines.take(count), b""))
        assert b"".join(found) == text + b"\n"
        for one, following in pairwise(found):
            sizes = [len(line) for line in io.BytesIO(one)]
            assert len(sizes) == count or sum(sizes) > most
            assert sum(sizes[:-1]) <= most
            assert following

    def test_a_block_with_a_quote_does_not_change_the_next(self, tmp_path: Path) -> None:
        rows = [f"{place},70,2.5,1200" for place in range(50)]
        rows[20] = '"2\n0",70,2.5,1200'
        (tmp_path / "in.csv").write_text("id,body_mass_kg,speed_m_s,duration_s\n" + "\n".join(rows), encoding="utf-8")
        blocks = list(Source(tmp_path / "in.csv", ("id",)).blocks(8))
        assert [type(block.content) for block in blocks].count(list) < 3
        assert sum(block.rows for block in blocks) == 50
        assert [block.first_row for block in blocks] == [sum(b.rows for b in blocks[:i]) for i in range(len(blocks))]
