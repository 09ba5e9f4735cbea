"""Send invalid Arrow streams to a child process: other types, damaged bytes, false lengths and offsets.

A child answers one stream after the other, so that a crash is a finding too and its bytes are kept. Arrow also reads
each accepted stream, and the answers must agree row by row.
"""

import asyncio
import io
import math
import random
import resource
import signal
import struct
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from decimal import Decimal
from hashlib import sha256
from http import HTTPStatus
from pathlib import Path
from select import select
from typing import Any, Final, NamedTuple

import pyarrow as pa
from starlette.types import Message

from retrorun.app.api.table import TableResponse
from retrorun.app.formats.record_batches import estimate_batch
from retrorun.app.http.limits import Refused
from retrorun.models.columns.names import NUMBERS, WORDS

NEEDED: Final = ("body_mass_kg", "speed_m_s", "duration_s")
MORE: Final = tuple(name for name in (*NUMBERS, *WORDS) if name not in NEEDED)
FIELDS: Final = ["forward_met", "backward_speed_m_s", "warnings"]
PATIENCE_S: Final = 20
MEMORY_KIB: Final = 1 << 20
ACCEPTED, REFUSED, WRONG = b"+", b"-", b"!"
SAME: Final = 1e-12

INTEGERS: Final = (pa.int8(), pa.uint8(), pa.int16(), pa.uint16(), pa.int32(), pa.uint32(), pa.int64(), pa.uint64())
FLOATS: Final = (pa.float16(), pa.float32(), pa.float64())
DECIMALS: Final = tuple(
    make(digits, scale)
    for make, digits in ((pa.decimal32, 9), (pa.decimal64, 18), (pa.decimal128, 38), (pa.decimal256, 76))
    for scale in (0, 3, -2)
)
TEXTS: Final = (pa.string(), pa.large_string())
OTHERS: Final = (
    *(pa.null(), pa.bool_(), pa.string_view(), pa.binary_view(), pa.binary(), pa.large_binary(), pa.binary(8)),
    *(pa.date32(), pa.timestamp("ns"), pa.duration("s"), pa.month_day_nano_interval()),
    *(pa.list_(pa.float64()), pa.list_view(pa.string()), pa.large_list_view(pa.float64()), pa.list_(pa.int8(), 2)),
    *(pa.struct([("a", pa.string())]), pa.map_(pa.string(), pa.float64())),
    *(pa.run_end_encoded(pa.int32(), pa.float64()), pa.run_end_encoded(pa.int16(), pa.string())),
    *(pa.dictionary(pa.int8(), pa.float64()), pa.dictionary(pa.int32(), pa.binary())),
    *(pa.dictionary(pa.int32(), pa.string_view()), pa.dictionary(pa.int8(), pa.dictionary(pa.int8(), pa.string()))),
    *(pa.decimal32(9, 10), pa.decimal64(18, -19)),
    *(pa.decimal128(38, scale) for scale in (39, 77, 100, -(2**31))),
    *(pa.decimal256(76, scale) for scale in (76, -76, 77, 2**31 - 1)),
    *(pa.bool8(), pa.uuid(), pa.json_(), pa.opaque(pa.float64(), "a", "b")),
)
SIZES: Final = (0, 1, 2, 3, 7, 8, 9, 63, 64, 255, 256, 65_535, 2**31 - 1, 2**31, 2**32 - 1, 2**62, 2**63 - 1)


class Finding(NamedTuple):
    """A stream that crashed the child or had a wrong answer."""

    what: str
    body: bytes


def column(chance: random.Random, name: str, rows: int, *, other: bool) -> pa.Array:
    """Return a column of a bout, of an allowed type, or of another type if `other`."""
    if other:
        return pa.nulls(rows, chance.choice(OTHERS))
    if name in WORDS:
        words = [chance.choice((*WORDS[name], None, "", "no such word", "ü")) for _ in range(rows)]
        plain = pa.array(words, chance.choice(TEXTS))
        if chance.random() < 0.5:
            return plain
        coded = plain.dictionary_encode()
        places = coded.indices.cast(chance.choice(INTEGERS))
        return pa.DictionaryArray.from_arrays(places, coded.dictionary)
    numbers = {"body_mass_kg": (50, 90), "speed_m_s": (2, 4), "duration_s": (60, 120)}.get(name, (0, 2))
    cells = [chance.randint(*numbers) if chance.random() < 0.9 else None for _ in range(rows)]
    kind = chance.choice((*INTEGERS, *FLOATS, *DECIMALS))
    if pa.types.is_decimal(kind):
        step = Decimal(10) ** -kind.scale
        return pa.array([cell and step * int(cell / step) for cell in cells], kind)
    return pa.array([cell if cell is None else kind.to_pandas_dtype()(cell) for cell in cells], kind)


def batch_of(chance: random.Random) -> pa.RecordBatch:
    """Return bouts with columns of many types, some of them slices, so that offsets do not begin at 0."""
    rows = chance.choice((0, 1, 2, 9, 20))
    names = [*NEEDED, *chance.sample(MORE, 3)]
    other = chance.choice(names) if chance.random() < 0.2 else ""
    arrays = [column(chance, name, rows + 3, other=name == other) for name in names]
    return pa.RecordBatch.from_arrays(arrays, names).slice(chance.randint(0, 3), rows)


def stream_of(chance: random.Random) -> bytes:
    """Return a stream of one or two record batches of one schema."""
    batch, sink = batch_of(chance), io.BytesIO()
    kinds = pa.ipc.IpcWriteOptions(emit_dictionary_deltas=chance.random() < 0.5)
    with pa.ipc.new_stream(sink, batch.schema, options=kinds) as writer:
        writer.write_batch(batch)
        if chance.random() < 0.3 and not any(map(pa.types.is_nested, batch.schema.types)):
            writer.write_batch(batch.slice(1))
    return sink.getvalue()


def parts_of(body: bytes) -> list[tuple[bytes, bytes]]:
    """Return the messages of a stream, each its metadata and its body."""
    reader, parts = pa.ipc.MessageReader.open_stream(body), []
    place = 0
    for message in reader:
        size = struct.unpack_from("<i", body, place + 4)[0] + 8
        length = message.body.size if message.body is not None else 0
        parts.append((body[place : place + size], body[place + size : place + size + length]))
        place += size + length
    return parts


def number(chance: random.Random) -> bytes:
    """Return a number of some width that is likely to break lengths and offsets."""
    value = chance.choice(SIZES) + chance.choice((0, 0, 0, 1, -1))
    value = -value if chance.random() < 0.3 else value
    width = chance.choice((1, 2, 4, 8, 8))
    return (value % (1 << 8 * width)).to_bytes(width, "little")


def overwritten(chance: random.Random, part: bytes) -> bytes:
    """Return bytes with some aligned numbers replaced."""
    changed = bytearray(part)
    for _ in range(chance.choice((1, 1, 2, 5))):
        new = number(chance)
        if len(changed) >= len(new):
            place = chance.randrange(0, len(changed) - len(new) + 1, len(new))
            changed[place : place + len(new)] = new
    return bytes(changed)


def flipped(chance: random.Random, part: bytes) -> bytes:
    """Return bytes with some of them changed to any other."""
    changed = bytearray(part)
    for _ in range(chance.choice((1, 4, 40)) if part else 0):
        changed[chance.randrange(len(changed))] = chance.randrange(256)
    return bytes(changed)


def damaged(chance: random.Random) -> bytes:
    """Return a stream that was valid before some of it was changed."""
    parts = parts_of(stream_of(chance))
    for _ in range(chance.choice((0, 1, 1, 1, 2))):
        place = chance.randrange(len(parts))
        metadata, body = parts[place]
        match chance.randrange(7):
            case 0:
                parts[place] = flipped(chance, metadata), body
            case 1:
                parts[place] = metadata, flipped(chance, body)
            case 2:
                parts[place] = metadata[:8] + overwritten(chance, metadata[8:]), body
            case 3 | 4:
                parts[place] = metadata, overwritten(chance, body)
            case 5:  # the same names with other types
                parts[0] = parts_of(stream_of(chance))[0]
            case 6:
                parts.insert(chance.randrange(len(parts) + 1), parts[place])
    whole = b"".join(metadata + body for metadata, body in parts)
    return whole if chance.random() < 0.1 else whole + b"\xff\xff\xff\xff\0\0\0\0"


async def answer_to(body: bytes, fields: Sequence[str] = FIELDS) -> tuple[int, bytes]:
    """Return the status and the body of the answer to a stream; status 0 where it breaks off."""
    status, parts = 0, list[bytes]()

    async def receive() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Message) -> None:
        nonlocal status
        status = message.get("status", status)
        parts.append(message.get("body", b""))

    try:
        await TableResponse(fields)({"type": "http"}, receive, send)
    except Refused:
        return 0, b""
    return status, b"".join(parts)


LOOP: Final = asyncio.Runner()


def check(body: bytes) -> bytes:
    """Return whether a stream is accepted or refused; raise if its answer is wrong."""
    status, answer = LOOP.run(answer_to(body))
    if status != HTTPStatus.OK:
        return REFUSED
    found = pa.ipc.open_stream(answer).read_all()
    found.validate(full=True)
    try:
        given = pa.ipc.open_stream(body).read_all()
        given.validate(full=True)
    except (pa.ArrowException, OSError):
        return ACCEPTED  # Arrow wants places that are multiples of eight, and a dictionary that no row names.
    plain = {name: [plain_cell(cell.as_py()) for cell in given[name]] for name in given.column_names}
    schema = pa.schema([(name, pa.float64() if name in NUMBERS else pa.string()) for name in plain])
    wanted = estimate_batch(pa.RecordBatch.from_pydict(plain, schema=schema), FIELDS)
    for one, other in zip(found.to_pylist(), wanted.to_pylist(), strict=True):
        assert all(same(one[name], other[name]) for name in other), (one, other)
    return ACCEPTED


def plain_cell(cell: Any) -> Any:
    """Return a cell of any type of number as a float, and a flag as its word."""
    if isinstance(cell, bool):
        return str(cell).lower()
    return cell if cell is None or isinstance(cell, str) else float(cell)


def same(one: Any, other: Any) -> bool:
    """Return whether two cells of an answer are the same, except for rounding."""
    if isinstance(one, float) and isinstance(other, float):
        return math.isclose(one, other, rel_tol=SAME)
    return bool(one == other)


class Child:
    """A process that checks streams; a stream may crash it."""

    def __init__(self) -> None:
        command = [sys.executable, "-W", "error", "-m", "robustness.arrow_streams"]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def ask(self, body: bytes) -> bytes:
        """Return its result for a stream, or nothing if it ended or does not answer."""
        stdin, stdout = self.process.stdin, self.process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            stdin.write(struct.pack("<I", len(body)) + body)
            stdin.flush()
        except BrokenPipeError:
            return b""
        return stdout.read(1) if select([stdout], [], [], PATIENCE_S)[0] else b""

    def end(self) -> str:
        """End it, and return how it ended."""
        code = self.process.poll()
        if code is None:
            self.process.kill()
        for pipe in (self.process.stdin, self.process.stdout):
            assert pipe is not None
            pipe.close()
        ended = self.process.wait()
        if code is None and ended == -signal.SIGKILL:
            return "no answer"
        return f"ended by {signal.Signals(-ended).name}" if ended < 0 else f"ended with {ended}"


def fuzz(go_on: Callable[[int], bool], *, seed: int, make: Callable[[random.Random], bytes] = damaged) -> Iterator[Any]:
    """Yield a child's result for each stream, or the finding that ended it, while `go_on(count)` is true."""
    child, count = Child(), 0
    try:
        while go_on(count):
            body = make(random.Random(f"{seed} {count}"))
            said = child.ask(body)
            if said in (ACCEPTED, REFUSED):
                yield said
            else:
                time.sleep(0.5)  # until it has ended
                yield Finding("a wrong answer" if said == WRONG else child.end(), body)
                child.end()
                child = Child()
            count += 1
    finally:
        child.end()


def run(seconds: float, keep: Path, seed: int) -> int:
    """Fuzz for a time, keep and print the findings, and return their number."""
    end = time.monotonic() + seconds
    counts = {ACCEPTED: 0, REFUSED: 0}
    found = 0
    for said in fuzz(lambda _: time.monotonic() < end, seed=seed):
        if isinstance(said, Finding):
            found += 1
            path = keep / f"arrow-{sha256(said.body).hexdigest()[:16]}"
            path.write_bytes(said.body)
            print(f"{said.what}: {path}", file=sys.stderr)
        else:
            counts[said] += 1
    print(f"arrow, seed {seed}: {counts[ACCEPTED]} accepted, {counts[REFUSED]} refused, {found} findings")
    return found


def main() -> None:
    """Answer the streams on standard input, one after the other."""
    sys.stdout.flush()
    while size := sys.stdin.buffer.read(4):
        body = sys.stdin.buffer.read(struct.unpack("<I", size)[0])
        try:
            said = check(body)
            if resource.getrusage(resource.RUSAGE_SELF).ru_maxrss > MEMORY_KIB:
                raise MemoryError
        except Exception:  # every exception is a finding
            traceback.print_exc()
            said = WRONG
        sys.stdout.buffer.write(said)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main()
