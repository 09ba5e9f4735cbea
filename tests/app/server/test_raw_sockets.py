"""The corpus of odd requests, a short soak and any bytes as a body: nothing kills the service, nothing gives a 500.

`robustness/corpus.py` has the requests and the allowed answers; `make soak` and `make fuzz` run long.
"""

import asyncio
import gc
import itertools
import json
import math
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from retrorun.app.api.estimate import EstimateRequest, MeasurementRequest
from retrorun.app.http.problems import PROBLEMS
from robustness.bodies import STATUSES_OF_HEADERS, check
from robustness.corpus import BODY, CASES, HOSTILE_BODIES, LIVE, PATIENCE, TOO_SLOW, Case, case
from robustness.load import HOST, STEP, Service, Tally, service
from robustness.overload import Phase, failures
from robustness.raw_http import Answer, Malformed, answer_from, play
from robustness.soak import Report, soak

QUICK_END = {"RETRORUN_DRAIN_TIME_S": "0"}
ALIVE = case("alive", LIVE, allowed="200")


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with service(tmp_path_factory.mktemp("service") / "log", settings=QUICK_END) as started:
        yield started


class TestCorpus:
    @pytest.mark.parametrize("odd", CASES, ids=lambda odd: odd.name)
    @pytest.mark.anyio
    async def test_it_is_answered_as_allowed_and_the_service_lives(self, running: Service, odd: Case) -> None:
        outcome = await play(odd, HOST, running.port)
        assert outcome.statuses in odd.allowed
        assert not outcome.rest
        for answer in outcome.answers:
            if answer.status >= 400 and not odd.head:
                assert answer.headers[b"content-type"] == b"application/problem+json"
                assert answer.headers[b"x-request-id"]
                assert json.loads(answer.body)["status"] == answer.status
        after = await play(ALIVE, HOST, running.port, quiet_s=0)
        assert after.statuses == "200"
        assert running.alive()

    @pytest.mark.anyio
    async def test_a_client_that_is_too_slow_is_ended(self, tmp_path: Path) -> None:
        with service(tmp_path / "log", settings=PATIENCE) as running:
            outcomes = await asyncio.gather(*(play(slow, HOST, running.port, quiet_s=3) for slow in TOO_SLOW))
            after = await play(ALIVE, HOST, running.port)
        found = {slow.name: outcome.statuses for slow, outcome in zip(TOO_SLOW, outcomes, strict=True)}
        odd = {slow.name: found[slow.name] for slow in TOO_SLOW if found[slow.name] not in slow.allowed}
        assert not odd
        assert not [slow.name for slow, outcome in zip(TOO_SLOW, outcomes, strict=True) if not outcome.ended]
        assert after.statuses == "200"

    def test_every_case_has_a_name_of_its_own_and_allows_no_fault(self) -> None:
        names = Counter(odd.name for odd in (*CASES, *TOO_SLOW))
        assert set(names.values()) == {1}
        for odd in CASES:
            for status in {int(status) for allowed in odd.allowed for status in allowed.split()}:
                assert status < 500 or status in {501, 505}
                assert status < 400 or status in PROBLEMS or status in {414, 417, 426, 501, 505}


class TestWire:
    """The reader of answers sees errors that a library would correct."""

    @pytest.mark.parametrize(
        "received",
        [
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\no\r\n1\r\nk\r\n0\r\n\r\n",
        ],
    )
    def test_an_answer_is_read_once_it_is_all_there(self, received: bytes) -> None:
        assert all(answer_from(received[:end]) is None for end in range(1, len(received)))
        found = answer_from(received + b"HTTP/1.1 ")
        assert found is not None
        assert (found[0].status, found[0].body, found[1]) == (200, b"ok", len(received))

    @pytest.mark.parametrize(
        "received",
        [
            b"Invalid HTTP request received.",
            b"HTTP/1.1 99 Odd\r\n\r\n",
            b"HTTP/1.1 200 OK\r\n\r\n",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\ntransfer-encoding: chunked\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\nx: a\nb\r\ncontent-length: 2\r\n\r\nok",
            b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
        ],
    )
    def test_a_broken_answer_is_detected(self, received: bytes) -> None:
        with pytest.raises(Malformed):
            answer_from(received)

    @pytest.mark.anyio
    async def test_a_case_cancelled_at_any_moment_ends_and_leaves_no_connection_open(self) -> None:
        asked: asyncio.Queue[bytes] = asyncio.Queue()
        ended: asyncio.Queue[bytes] = asyncio.Queue()

        async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await asked.put(await reader.readuntil(b"\r\n\r\n"))
            writer.write(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok")
            await ended.put(await reader.read())
            writer.close()

        server = await asyncio.start_server(answer, HOST)
        port = server.sockets[0].getsockname()[1]
        cut = 0
        for turns in itertools.count():
            played = asyncio.create_task(play(ALIVE, HOST, port, quiet_s=0))
            await asked.get()
            for _ in range(turns):
                await asyncio.sleep(0)
            if not played.cancel():
                break
            # A cancellation that got lost would let a soak go on for ever.
            with pytest.raises(asyncio.CancelledError):
                await played
            await asyncio.wait_for(ended.get(), 5)
            cut += 1
        server.close()
        assert cut

    def test_a_503_without_retry_after_is_a_fault_and_so_is_any_other_5xx(self) -> None:
        tally = Tally()
        for answer in (Answer(503, {b"retry-after": b"1"}), Answer(200, {}), Answer(503, {}), Answer(500, {})):
            tally.judge(answer, {200}.__contains__)
        assert tally.faults == {"503 without Retry-After": 1, "answer 500": 1}


class TestSoak:
    def test_a_short_soak_gives_no_5xx_but_intended_503_and_the_service_lives(self, tmp_path: Path) -> None:
        async def short(running: Service) -> None:
            report = await soak(running, duration_s=20, connections=16)
            assert not report.failures(), report.text()
            assert report.tally.statuses[200] > 100
            assert report.tally.statuses[422] > 0
            assert report.raw > 0
            after = await play(ALIVE, HOST, running.port)
            assert after.statuses == "200"

        with service(tmp_path / "log", settings=QUICK_END) as running:
            asyncio.run(short(running))


class TestCriteria:
    """Each criterion of the long runs sees what it is there to see."""

    @pytest.mark.parametrize(("per_100_000", "latency_s", "seen"), [(0.5, 0.015, 0), (1.5, 0.015, 1), (0.5, 0.03, 1)])
    def test_of_the_soak(self, per_100_000: float, latency_s: float, seen: int) -> None:
        tally = Tally()
        for second in range(300):
            steps = Counter({round(math.log(0.01 if second < 150 else latency_s, STEP)): 100})
            tally.latencies[second] = steps
        report = Report(tally, 300, [(count, 60 + count / 1e5 * per_100_000) for count in range(0, 300_000, 1000)])
        assert len(report.drifts()) == seen
        assert not report.failures()

    @pytest.mark.parametrize(
        ("probe", "rate", "fault", "seen"),
        [
            ((0.05, 200), 1000, "", 0),
            ((0.15, 200), 1000, "", 3),
            ((0.05, 503), 1000, "", 3),
            ((0.05, 200), 1200, "", 1),
            ((0.05, 200), 1000, "connection dropped without an answer", 3),
        ],
    )
    def test_of_the_overload(self, probe: tuple[float, int], rate: int, fault: str, seen: int) -> None:
        def phase(name: str, rate: int) -> Phase:
            tally = Tally(faults=Counter([fault] if fault else []))
            tally.answered.update({second: rate + second % 3 for second in range(10)})
            return Phase(name, 8, tally, 10, [probe], 0.0)

        assert len(failures(phase("before", 1000), phase("overload", 900), phase("after", rate))) == seen


FIELDS = sorted({*EstimateRequest.__annotations__, *MeasurementRequest.__annotations__})
ODD_NUMBERS = ["NaN", "Infinity", "-1e999", "1" * 400, "-0.0", "5e-324", "1e308", "070", "+1", "true", '"\\ud800"']
TOKENS = st.sampled_from(
    [
        *(f'"{name}"' for name in FIELDS),
        *ODD_NUMBERS,
        *'{}[]:,"',
        *" \n\0",
        "null",
        "2.5",
        "70",
        '"run"',
        "[[",
        "\\u0000",
    ]
)
QUICK = settings(max_examples=400, derandomize=True, database=None, deadline=None)
HEADER_VALUES = st.binary(max_size=40) | st.sampled_from(
    [
        b"application/json",
        b"*/*",
        b"application/json;q=0, */*",
        b"application/json; charset=utf-8",
        b"a/b+json",
        b";,;=",
    ]
)


class TestAnyBytes:
    @QUICK
    @given(pieces=st.lists(st.binary(max_size=300), max_size=4))
    @example(pieces=[BODY[:9], b"", BODY[9:]])
    @example(pieces=[b" " * 65_536])
    @example(pieces=[b" " * 65_536, b" "])
    def test_any_bytes_in_any_pieces(self, pieces: list[bytes]) -> None:
        check(*pieces)

    @QUICK
    @given(place=st.integers(0, len(BODY)), length=st.integers(0, 9), new=st.binary(max_size=9))
    def test_a_good_body_with_a_part_of_it_replaced(self, place: int, length: int, new: bytes) -> None:
        check(BODY[:place] + new + BODY[place + length :])

    @QUICK
    @given(tokens=st.lists(TOKENS, max_size=30))
    def test_any_words_of_json_in_any_order(self, tokens: list[str]) -> None:
        check("".join(tokens).encode())
        check(BODY[:-1] + b", " + "".join(tokens).encode() + b"}")

    @QUICK
    @given(content_type=HEADER_VALUES, accept=HEADER_VALUES, request_id=st.binary(max_size=80))
    def test_any_header_values(self, content_type: bytes, accept: bytes, request_id: bytes) -> None:
        sent = ((b"content-type", content_type), (b"accept", accept), (b"x-request-id", request_id))
        check(BODY, headers=sent, allowed=STATUSES_OF_HEADERS)

    @pytest.mark.parametrize("body", HOSTILE_BODIES, ids=range(len(HOSTILE_BODIES)))
    def test_every_body_of_the_soak_is_refused(self, body: bytes) -> None:
        assert check(body) in {400, 422}

    def test_refusals_leave_nothing_behind(self) -> None:
        """A traceback kept by a shared exception, or a cache keyed by what was sent, would grow with every refusal."""

        def objects_after_many(start: int) -> int:
            for turn in range(200):
                for body in HOSTILE_BODIES[:-4]:
                    check(body)
                check(b'{"body_mass_kg": %d, "field_%d": 1}' % (start + turn, start + turn))
                check(BODY.replace(b"1200", b"%d" % (1000 + start + turn)))
            gc.collect()
            return len(gc.get_objects())

        objects_after_many(0)
        before = objects_after_many(1000)
        after = objects_after_many(2000)
        assert after - before < 100


def test_nothing_that_a_caller_sends_is_the_key_of_a_cache_without_a_bound() -> None:
    """Each cache of the service holds at most one entry for each choice, after any requests."""
    sizes = cache_sizes()
    for turn in range(300):
        body = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200, "interval": %r}' % (0.5 + turn / 1000)
        check(body)
    grown = {name: size for name, size in cache_sizes().items() if size > max(sizes.get(name, 0), 256)}
    assert not grown


def cache_sizes() -> dict[str, int]:
    """Return how much every `functools` cache of the service holds."""
    found: dict[str, int] = {}
    for item in gc.get_objects():
        info: Any = getattr(item, "cache_info", None) if type(item).__name__ == "_lru_cache_wrapper" else None
        module = str(getattr(item, "__module__", ""))
        if info and module.partition(".")[0] in {"app", "models"}:
            found[f"{module}.{item.__qualname__}"] = info().currsize
    return found
