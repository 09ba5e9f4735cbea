"""Columns of Arrow that are not what they say: each is refused, or read for what it is; none ends the process."""

import asyncio
import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pyarrow as pa
import pytest

from retrorun.app.api.table import ARROW
from retrorun.app.formats.arrow_checks import check, decimals, numbers_of, text_of, view
from retrorun.app.formats.arrow_stream import (
    BATCH,
    BATCH_OF_DICTIONARY,
    BUFFERS,
    DICTIONARY,
    DICTIONARY_OF_FIELD,
    ENDIANNESS,
    FIELDS,
    HEADER,
    NODES,
    NUMBER_OF_DICTIONARY,
    ROWS,
    SCHEMA,
    VERSION,
    Malformed,
    Table,
    TooLarge,
    header,
)
from retrorun.app.formats.record_batches import check_schema, estimate_batch, estimate_plain_batch
from retrorun.models.columns.names import NUMBERS, WORDS
from retrorun.models.vocabulary.errors import Conflict
from robustness import arrow_streams
from robustness.arrow_streams import Child, Finding, answer_to, fuzz, parts_of

BOUT = {"body_mass_kg": [70.0, 70.0], "speed_m_s": [2.5, 2.5], "duration_s": [1200.0, 1200.0]}
WRONG = (Malformed, pa.ArrowException)
WILD = 2**31 - 1


def bouts(**more: Any) -> pa.RecordBatch:
    return pa.RecordBatch.from_pydict(BOUT | more)


def stream(*batches: pa.RecordBatch, **options: Any) -> bytearray:
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, batches[0].schema, options=pa.ipc.IpcWriteOptions(**options)) as writer:
        for batch in batches:
            writer.write_batch(batch)
    return bytearray(sink.getvalue())


def answered(body: bytes | bytearray, fields: tuple[str, ...] = ("forward_met",)) -> list[dict[str, Any]]:
    """Return the rows that a stream is answered with."""
    status, answer = asyncio.run(answer_to(bytes(body), fields))
    if status == 422:
        (error,) = json.loads(answer)["errors"]
        raise Conflict(error["pointer"], error["message"], error["code"])
    if status != 200:
        raise TooLarge if status == 413 else Malformed
    rows: list[dict[str, Any]] = pa.ipc.open_stream(answer).read_all().to_pylist()
    return rows


def statuses(body: bytes | bytearray) -> list[str]:
    return [row["status"] for row in answered(body)]


def tables(body: bytearray, kind: int) -> Iterator[tuple[int, Table]]:
    """Yield where the metadata of each message of a kind begins, and what it says."""
    place = 0
    for metadata, content in parts_of(bytes(body)):
        if header(metadata[8:]).kind == kind:
            message = Table(metadata[8:], struct.unpack_from("<I", metadata, 8)[0])
            found = message.table(HEADER)
            yield place + 8, found.table(BATCH_OF_DICTIONARY) if kind == DICTIONARY else found
        place += len(metadata) + len(content)


def set_pair(body: bytearray, field: int, number: int, at: int, value: int, kind: int = BATCH) -> None:
    """Change one half of a node or of a buffer of a record batch."""
    start, table = next(tables(body, kind))
    struct.pack_into("<q", body, start + table.start(field)[0] + 16 * number + 8 * at, value)


class TestTypes:
    @pytest.mark.parametrize("kind", arrow_streams.OTHERS[1:], ids=str)
    @pytest.mark.parametrize("name", ["grade", "gait"])
    def test_what_the_schema_does_not_promise_is_refused_by_its_type(self, kind: pa.DataType, name: str) -> None:
        if name == "grade" and kind in (pa.decimal256(76, 76), pa.decimal256(76, -76)):
            return
        schema = pa.schema([*bouts().schema, pa.field(name, kind)])
        with pytest.raises(Conflict) as caught:
            check_schema(schema)
        assert caught.value.field == name
        assert caught.value.code == ("not_a_number" if name == "grade" else "not_a_choice")
        with pytest.raises((Conflict, *WRONG)):  # a dictionary of dictionaries cannot be said in a stream
            statuses(stream(pa.RecordBatch.from_arrays([*bouts().columns, pa.nulls(2, kind)], schema=schema)))

    @pytest.mark.parametrize("kind", [*arrow_streams.INTEGERS, *arrow_streams.FLOATS, *arrow_streams.DECIMALS], ids=str)
    def test_numbers_of_every_width_are_the_same_numbers(self, kind: pa.DataType) -> None:
        cells = [100, None, 100, 0]
        if pa.types.is_decimal(kind):
            array = pa.array([cell if cell is None else Decimal(cell) for cell in cells], kind)
        else:
            array = pa.array([cell if cell is None else kind.to_pandas_dtype()(cell) for cell in cells], kind)
        for start in range(4):
            values, given = numbers_of(array[start:])
            known = np.broadcast_to(given, len(values))
            assert [value if is_known else None for value, is_known in zip(values, known, strict=True)] == cells[start:]

    @pytest.mark.parametrize("texts", [pa.string(), pa.large_string()], ids=str)
    @pytest.mark.parametrize("places", [None, *arrow_streams.INTEGERS], ids=str)
    def test_words_in_every_form_are_the_same_words(self, texts: pa.DataType, places: pa.DataType | None) -> None:
        words = pa.array(["run", None, "walk", "hop", "", "run"], texts)
        if places is not None:
            coded = words.dictionary_encode()
            words = pa.DictionaryArray.from_arrays(coded.indices.cast(places), coded.dictionary)
        columns = {name: cells * 3 for name, cells in BOUT.items()}
        batch = pa.RecordBatch.from_pydict(columns | {"gait": words})
        want = ["ok", "ok", "ok", "not_a_choice", "not_a_choice", "ok"]
        for start in range(6):
            assert estimate_batch(batch[start:], ["gait"])["status"].to_pylist() == want[start:]
            assert estimate_plain_batch(batch[start:], ["gait"])["status"].to_pylist() == want[start:]
            assert statuses(stream(batch[start:])) == want[start:]

    @pytest.mark.parametrize("null", [pa.null(), pa.dictionary(pa.int8(), pa.null())], ids=str)
    def test_columns_of_nulls_are_left_out(self, null: pa.DataType) -> None:
        assert statuses(stream(bouts(gait=pa.nulls(2, null)))) == ["ok", "ok"]

    def test_a_null_in_a_dictionary_is_a_null(self) -> None:
        words = pa.DictionaryArray.from_arrays(pa.array([0, 1], pa.int8()), pa.array([None, "walk"]))
        assert estimate_batch(bouts(gait=words), ["gait"]).to_pylist() == [
            {"status": "ok", "status_field": None, "gait": word} for word in ("run", "walk")
        ]

    @pytest.mark.parametrize("number", [0, 1, -1, 2**53 + 1, -(2**64), 2**64 - 1, -(2**127), 2**127 - 1, 10**38])
    @pytest.mark.parametrize("width", [4, 8, 16, 32])
    @pytest.mark.parametrize("scale", [0, 2, -3, 40, 76, -76])
    def test_decimals_are_their_numbers(self, number: int, width: int, scale: int) -> None:
        if number.bit_length() >= 8 * width:
            return
        cell = np.frombuffer(number.to_bytes(width, "little", signed=True), f"V{width}")
        (found,) = decimals(cell, scale)
        assert found == pytest.approx(float(Decimal(number).scaleb(-scale)), rel=1e-15)


class TestPlaces:
    """Lengths and places: of strings in their data, of words in their dictionary, of buffers in their message."""

    @pytest.mark.parametrize("offsets", [(0, WILD, 3), (0, -WILD, 3), (3, 2, 3), (-1, 3, 3), (0, 3, WILD)])
    @pytest.mark.parametrize("kind", [pa.string(), pa.large_string()], ids=str)
    @pytest.mark.parametrize("bitmap", [None, 0b01, 0b10, 0b00])
    def test_a_string_outside_its_data_is_refused_also_where_a_null_hides_it(
        self, offsets: tuple[int, ...], kind: pa.DataType, bitmap: int | None
    ) -> None:
        width = np.int32 if kind == pa.string() else np.int64
        wrong = np.array(offsets, width).tobytes()
        body = stream(bouts(gait=pa.array(["run", "run" if bitmap is None else None], kind)))
        good = np.array([0, 3, 6 if bitmap is None else 3], width).tobytes()
        place = bytes(body).rindex(good)
        body[place : place + len(good)] = wrong
        with pytest.raises(WRONG):
            statuses(body)
        bits = None if bitmap is None else pa.py_buffer(bytes([bitmap]))
        with pytest.raises(pa.ArrowInvalid):
            text_of(pa.Array.from_buffers(kind, 2, [bits, pa.py_buffer(wrong), pa.py_buffer(b"runrun")]))

    @pytest.mark.parametrize("place", [-1, 2, 127, -128])
    def test_a_place_outside_its_dictionary_is_refused_and_passed_over_where_a_null_hides_it(self, place: int) -> None:
        words = pa.array(["walk", "run"])
        for bitmap, good in ((None, False), (b"\x03", False), (b"\x01", True)):
            buffers = [bitmap and pa.py_buffer(bitmap), pa.py_buffer(struct.pack("<bb", 0, place))]
            places = pa.Array.from_buffers(pa.int8(), 2, buffers)
            array = pa.DictionaryArray.from_arrays(places, words, safe=False)
            if good:
                assert estimate_batch(bouts(gait=array), ["gait"])["gait"].to_pylist() == ["walk", "run"]
                assert statuses(stream(bouts(gait=array))) == ["ok", "ok"]
                continue
            with pytest.raises(pa.ArrowInvalid):
                estimate_batch(bouts(gait=array))
            with pytest.raises(WRONG):
                statuses(stream(bouts(gait=array)))

    @pytest.mark.parametrize("value", [1, 7, 15])
    @pytest.mark.parametrize("number", [1, 3, 5, 7, 8])
    def test_a_buffer_shorter_than_its_column_is_refused(self, number: int, value: int) -> None:
        body = stream(bouts(gait=["run", "walk"]))
        set_pair(body, BUFFERS, number, 1, value if number < 7 else value // 3)
        with pytest.raises(WRONG):
            statuses(body)

    def test_a_buffer_longer_than_its_column_is_read(self) -> None:
        body = stream(bouts(gait=["run", "walk"]))
        _, table = next(tables(body, BATCH))
        for number, (_, length) in enumerate(table.vector(BUFFERS, "<qq")):
            set_pair(body, BUFFERS, number, 1, length and length + 1)
        assert statuses(body) == ["ok", "ok"]

    @pytest.mark.parametrize("value", [-1, -8, 1 << 20, 2**62, 2**63 - 8, -(2**63)])
    @pytest.mark.parametrize("at", [0, 1])
    @pytest.mark.parametrize("number", range(9))
    def test_a_buffer_outside_its_message_is_refused(self, number: int, at: int, value: int) -> None:
        body = stream(bouts(gait=["run", None]))
        set_pair(body, BUFFERS, number, at, value)
        with pytest.raises(WRONG):
            statuses(body)

    @pytest.mark.parametrize("rows", [-1, 0, 1, 3, 1000, 2**62])
    def test_columns_of_other_lengths_than_their_batch_are_refused(self, rows: int) -> None:
        for number in range(4):
            body = stream(bouts(gait=["run", "walk"]))
            set_pair(body, NODES, number, 0, rows)
            with pytest.raises(WRONG):
                statuses(body)
        body = stream(bouts(gait=["run", "walk"]))
        start, table = next(tables(body, BATCH))
        struct.pack_into("<q", body, start + table.offset(ROWS), rows)
        with pytest.raises((*WRONG, TooLarge)):
            statuses(body)

    @pytest.mark.parametrize("nulls", [-1, 0, 2, 2**62])
    @pytest.mark.parametrize("number", [0, 3])
    def test_another_number_of_nulls_than_the_bits_show_is_refused(self, number: int, nulls: int) -> None:
        batch = pa.RecordBatch.from_pydict(BOUT | {"body_mass_kg": [70.0, None], "gait": ["run", None]})
        assert statuses(stream(batch)) == ["ok", "required"]
        body = stream(batch)
        set_pair(body, NODES, number, 1, nulls)
        with pytest.raises(WRONG):
            statuses(body)

    def test_nulls_without_bits_that_show_them_are_refused(self) -> None:
        body = stream(pa.RecordBatch.from_pydict(BOUT | {"gait": ["run", None]}))
        set_pair(body, BUFFERS, 6, 1, 0)
        with pytest.raises(WRONG):
            statuses(body)

    @pytest.mark.parametrize(("start", "count"), [(0, 3), (2, 1), (1, 2), (-1, 1), (0, -1)])
    def test_no_more_is_read_of_a_buffer_than_is_there(self, start: int, count: int) -> None:
        with pytest.raises(pa.ArrowInvalid):
            view(pa.py_buffer(bytes(7)), np.int32, start, count)
        with pytest.raises(pa.ArrowInvalid):
            view(None, np.int32, 0, 1)

    @pytest.mark.parametrize("nulls", [1, 3])
    def test_an_array_that_counts_its_nulls_wrong_is_refused(self, nulls: int) -> None:
        buffers = [pa.py_buffer(b"\x04"), pa.py_buffer(bytes(24))]
        check(pa.Array.from_buffers(pa.float64(), 3, buffers, 2))
        with pytest.raises(pa.ArrowInvalid):
            check(pa.Array.from_buffers(pa.float64(), 3, buffers, nulls))

    def test_words_that_are_no_utf8_are_refused(self) -> None:
        with pytest.raises(WRONG):
            statuses(stream(bouts(gait=["run", "walk"])).replace(b"runwalk", b"r\xffnwalk"))

    def test_no_rows_need_no_buffers(self) -> None:
        body = stream(bouts(gait=["run", "walk"])[:0], bouts(gait=["run", "walk"]))
        for number in range(9):
            set_pair(body, BUFFERS, number, 1, 0)
        assert statuses(body) == ["ok", "ok"]

    def test_arrays_are_read_from_any_address(self) -> None:
        words = pa.array(["run", "walk"])
        _, offsets, data = words.buffers()
        odd = pa.py_buffer(b"x" + offsets.to_pybytes()).slice(1)
        assert text_of(pa.Array.from_buffers(pa.string(), 2, [None, odd, data])).to_pylist() == ["run", "walk"]
        floats = pa.py_buffer(b"x" + struct.pack("<dd", 70, 80)).slice(1)
        assert numbers_of(pa.Array.from_buffers(pa.float64(), 2, [None, floats]))[0].tolist() == [70, 80]

    def test_strings_without_data_are_empty(self) -> None:
        body = stream(bouts(gait=["", None]))
        set_pair(body, BUFFERS, 8, 1, 0)
        assert statuses(body) == ["not_a_choice", "ok"]

    @pytest.mark.parametrize("bits", [0x7FA00000, 0x7FC00000, 0xFF800000])
    def test_a_float_that_is_no_number_warns_nobody(self, bits: int) -> None:
        array = pa.Array.from_buffers(pa.float32(), 2, [None, pa.py_buffer(struct.pack("<II", bits, bits))])
        batch = bouts().set_column(0, "body_mass_kg", array)
        assert estimate_batch(batch, ["gait"])["status"].to_pylist() == ["not_finite"] * 2


class TestMessages:
    @pytest.mark.parametrize("version", [0, 1, 2, 5, -1])
    def test_other_versions_are_refused(self, version: int) -> None:
        for place in range(2):
            body = stream(bouts())
            starts, at = [], 0
            for metadata, content in parts_of(bytes(body)):
                starts.append(at + 8)
                at += len(metadata) + len(content)
            message = Table(bytes(body[starts[place] :]), struct.unpack_from("<I", body, starts[place])[0])
            struct.pack_into("<h", body, starts[place] + message.offset(VERSION), version)
            with pytest.raises(Malformed):
                statuses(body)

    def test_version_4_is_read(self) -> None:
        assert statuses(stream(bouts(gait=["run", None]), metadata_version=pa.ipc.MetadataVersion.V4)) == ["ok", "ok"]

    def test_numbers_of_the_other_byte_order_are_refused_by_name(self) -> None:
        body = stream(bouts())
        start, schema = next(tables(body, SCHEMA))
        struct.pack_into("<H", body, start + schema.fields + 4 + 2 * ENDIANNESS, 4)  # what is there is not 0
        with pytest.raises(Conflict) as caught:
            statuses(body)
        assert caught.value.code == "big_endian"

    def test_compressed_dictionaries_are_refused_by_name(self) -> None:
        words = pa.array(["run", "walk"]).dictionary_encode()
        with pytest.raises(Conflict) as caught:
            statuses(stream(bouts(gait=words), compression="lz4"))
        assert caught.value.code == "compressed"

    def test_more_columns_than_there_are_inputs_are_unknown_ones(self) -> None:
        wide = pa.RecordBatch.from_pydict(BOUT | {f"column {number}": [1.0, 2.0] for number in range(400)})
        with pytest.raises(Conflict) as caught:
            statuses(stream(wide))
        assert caught.value.code == "unknown_field"

    @pytest.mark.parametrize(("columns", "nodes"), [(2, 0), (1, 0), (0, 2)])
    def test_a_batch_of_another_schema_is_refused(self, columns: int, nodes: int) -> None:
        first = parts_of(bytes(stream(bouts(gait=["run", "walk"]))))
        other = bouts(**{name: [1.0, 1.0] for name in NUMBERS[4 : 4 + columns]}) if columns else bouts(gait=[0, nodes])
        second = parts_of(bytes(stream(other)))
        with pytest.raises(WRONG):
            statuses(b"".join(map(b"".join, (first[0], second[1]))))


class TestDictionaries:
    def coded(self, words: Sequence[str | None], places: Sequence[int | None]) -> pa.RecordBatch:
        return bouts(gait=pa.DictionaryArray.from_arrays(pa.array(places, pa.int8()), pa.array(words, pa.string())))

    def test_one_takes_the_place_of_another(self) -> None:
        body = stream(self.coded(["run"], [0, 0]), self.coded(["walk"], [0, None]))
        assert [row["gait"] for row in answered(body, ("gait",))] == ["run", "run", "walk", "run"]

    def test_one_adds_to_another(self) -> None:
        body = stream(self.coded(["run"], [0, 0]), self.coded(["run", "walk"], [1, 0]), emit_dictionary_deltas=True)
        assert [row["gait"] for row in answered(body, ("gait",))] == ["run", "run", "walk", "run"]

    def test_one_that_no_row_names_may_be_missing(self) -> None:
        parts = parts_of(bytes(stream(self.coded(["run"], [None, None]))))
        assert statuses(b"".join(map(b"".join, (parts[0], parts[2])))) == ["ok", "ok"]
        parts = parts_of(bytes(stream(self.coded(["run"], [0, None]))))
        with pytest.raises(WRONG):
            statuses(b"".join(map(b"".join, (parts[0], parts[2]))))

    def test_one_of_no_column_is_refused(self) -> None:
        coded, plain = (parts_of(bytes(stream(batch))) for batch in (self.coded(["run"], [0, 0]), bouts()))
        with pytest.raises(WRONG):
            statuses(b"".join(map(b"".join, (plain[0], coded[1], plain[1]))))

    def test_one_of_two_types_is_refused(self) -> None:
        """Two columns name one dictionary, of which each has another type."""
        words = [pa.array(["run", "run"], kind).dictionary_encode() for kind in (pa.string(), pa.large_string())]
        body = stream(bouts(gait=words[0], equal=words[1]))
        start, schema = next(tables(body, SCHEMA))
        field = schema.tables(FIELDS)[4].table(DICTIONARY_OF_FIELD)
        assert field.offset(NUMBER_OF_DICTIONARY)
        struct.pack_into("<q", body, start + field.offset(NUMBER_OF_DICTIONARY), 0)
        with pytest.raises(WRONG):
            statuses(body)

    @pytest.mark.parametrize("offsets", [(0, WILD), (-1, 3), (4, 3)])
    def test_words_of_one_are_looked_at_before_they_are_added(self, offsets: tuple[int, int]) -> None:
        for words in (["run"], ["run", "walk"]):
            body = stream(self.coded(["run"], [0, 0]), self.coded(words, [0, 0]), emit_dictionary_deltas=True)
            place = bytes(body).rindex(struct.pack("<ii", 0, 3) if len(words) == 1 else struct.pack("<ii", 0, 4))
            struct.pack_into("<ii", body, place, *offsets)
            with pytest.raises(WRONG):
                statuses(body)

    def test_nulls_without_bytes_are_too_many(self) -> None:
        null = pa.DictionaryArray.from_arrays(pa.array([None, None], pa.int8()), pa.nulls(1))
        body = stream(bouts(gait=null))
        start, table = next(tables(body, DICTIONARY))
        struct.pack_into("<q", body, start + table.offset(ROWS), 1 << 40)
        set_pair(body, NODES, 0, 0, 1 << 40, DICTIONARY)
        with pytest.raises(TooLarge):
            statuses(body)


def wild_views() -> bytes:
    """Return a stream whose column of `string_view` has, under a null, a view of a length of -2^31."""
    views = struct.pack("<i12s", 3, b"run") + struct.pack("<iIii", -(2**31), 0, 0, 0)
    buffers = [pa.py_buffer(b"\x01"), pa.py_buffer(views), pa.py_buffer(b"x" * 16)]
    return bytes(stream(bouts(gait=pa.Array.from_buffers(pa.string_view(), 2, buffers))))


@pytest.mark.anyio
async def test_a_view_of_a_string_is_refused_over_http(
    client: httpx.AsyncClient, problem_of: Callable[..., Any]
) -> None:
    response = await client.post("/estimate/table", content=wild_views(), headers={"content-type": ARROW})
    (error,) = problem_of(response, 422)["errors"]
    assert error["pointer"] == "/gait"


@pytest.mark.anyio
async def test_a_string_outside_its_data_is_malformed_over_http(
    client: httpx.AsyncClient, problem_of: Callable[..., Any]
) -> None:
    body = stream(bouts(gait=["run", None]))
    place = bytes(body).rindex(struct.pack("<iii", 0, 3, 3))
    struct.pack_into("<iii", body, place, 0, WILD, 3)
    problem_of(await client.post("/estimate/table", content=bytes(body), headers={"content-type": ARROW}), 400)


class TestFuzzing:
    def test_a_short_run_finds_nothing_and_accepts_some(self) -> None:
        said = list(fuzz(lambda count: count < 600, seed=1))
        assert not [found for found in said if isinstance(found, Finding)]
        assert 100 < said.count(arrow_streams.ACCEPTED) < 500

    def test_a_crash_is_a_finding_with_its_bytes(self, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
        crash = "import os, sys; n = sys.stdin.buffer.read(8); os.abort()"
        popen = subprocess.Popen
        monkeypatch.setattr(subprocess, "Popen", lambda _, **pipes: popen([sys.executable, "-c", crash], **pipes))
        (found,) = fuzz(lambda count: count < 1, seed=1, make=lambda _: b"body")
        assert found == Finding("ended by SIGABRT", b"body")

    def test_a_wrong_answer_is_a_finding(self, monkeypatch: pytest.MonkeyPatch) -> None:
        child = Child()
        try:
            assert child.ask(bytes(stream(bouts()))) == arrow_streams.ACCEPTED
            assert child.ask(b"no stream") == arrow_streams.REFUSED
        finally:
            child.end()
        monkeypatch.setattr(arrow_streams, "estimate_batch", lambda batch, fields: estimate_batch(batch[::-1], fields))
        batch = pa.RecordBatch.from_pydict(BOUT | {"body_mass_kg": [70.0, 7.0]})
        with pytest.raises((AssertionError, TypeError)):
            arrow_streams.check(bytes(stream(batch)))

    def test_words_and_numbers_are_all_drawn(self) -> None:
        assert {*arrow_streams.NEEDED, *arrow_streams.MORE} == {*NUMBERS, *WORDS}
