"""Several workers on one port: what they share, and that the end of one or of all loses nothing else."""

import fcntl
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from threading import Thread

import pytest
from prometheus_client import generate_latest
from prometheus_client.mmap_dict import MmapedDict
from prometheus_client.openmetrics.exposition import generate_latest as generate_openmetrics
from prometheus_client.openmetrics.parser import text_string_to_metric_families as openmetrics
from prometheus_client.parser import text_string_to_metric_families

from retrorun.app.http.limits import Bytes, Refused
from retrorun.app.main import build
from retrorun.app.observe import shared
from retrorun.app.observe.observer import Observer
from retrorun.app.observe.shared import Restarts, forget_worker
from retrorun.app.server.listener import CannotListen
from retrorun.app.server.server import LAG_EVERY_S
from retrorun.app.server.supervisor import (
    FOLDERS,
    TRIES,
    Board,
    Place,
    Supervisor,
    Worker,
    folder_of_metrics,
    share_of,
    start_workers,
)
from retrorun.app.settings import Settings
from robustness.stops import ANSWERED, REFUSED, ask, stop_under_load

BOUT = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}'
HEAD = b"POST /estimate HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n" % len(BOUT)
BARE = {name: value for name, value in os.environ.items() if not name.startswith("RETRORUN_")}
SERVE = "from retrorun.app.cli.main import main; raise SystemExit(main(['serve', '--port', '0', '--workers', '2']))"
WITHIN_S = 20.0


class Service:
    """A service with two workers."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        assert process.stderr is not None
        self.process, self.metrics_port = process, 0
        for line in process.stderr:
            if found := re.search(r"^Metrics are on http://127.0.0.1:(\d+)", line):
                self.metrics_port = int(found[1])
            if found := re.search(r"listens on http://127.0.0.1:(\d+)", line):
                self.port = int(found[1])
                return
        raise AssertionError("it does not start")

    def workers(self) -> list[int]:
        """Return the process ids of the workers."""
        listed = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text(encoding="ascii")
        return [int(process) for process in listed.split()]

    def replaced(self, worker: int) -> bool:
        """Return whether a worker has ended and another one was started."""
        workers = self.workers()
        return worker not in workers and len(workers) == 2

    def connect(self) -> http.client.HTTPConnection:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=WITHIN_S)
        connection.connect()
        return connection

    def get(self, path: str) -> tuple[int, bytes, http.client.HTTPMessage]:
        """Return status, body and headers of an answer on a new connection."""
        with closing(self.connect()) as connection:
            return get(connection, path)

    def worker_of(self, connection: http.client.HTTPConnection) -> int:
        """Return the process id of the worker that serves a connection."""
        ends = f":{self.port:04X}", f":{connection.sock.getsockname()[1]:04X}"
        end = time.monotonic() + WITHIN_S
        while time.monotonic() < end:
            # The system may show a connection twice, or not at all, while others come and go.
            rows = [line.split() for line in Path("/proc/net/tcp").read_text(encoding="ascii").splitlines()]
            inodes = {row[9] for row in rows if row[1].endswith(ends[0]) and row[2].endswith(ends[1])}
            for worker in self.workers():
                with suppress(OSError):
                    for file in Path(f"/proc/{worker}/fd").iterdir():
                        if str(file.readlink()).removeprefix("socket:").strip("[]") in inodes - {"0"}:
                            return worker
        raise AssertionError("no worker has accepted this connection")

    def metrics(self) -> dict[str, float]:
        """Return the metrics by name; those with labels by their sum."""
        found: defaultdict[str, float] = defaultdict(float)
        for family in text_string_to_metric_families(self.get("/metrics")[1].decode()):
            for sample in family.samples:
                found[sample.name] += sample.value
        return dict(found)


def get(
    connection: http.client.HTTPConnection, path: str = "/livez", **headers: str
) -> tuple[int, bytes, http.client.HTTPMessage]:
    """Return status, body and headers of an answer."""
    connection.request("GET", path, headers={name.replace("_", "-"): value for name, value in headers.items()})
    answer = connection.getresponse()
    return answer.status, answer.read(), answer.headers


def wait_until(happened: Callable[[], bool]) -> None:
    """Wait until something has happened."""
    end = time.monotonic() + WITHIN_S
    while not happened():
        assert time.monotonic() < end, "it does not happen"
        time.sleep(0.05)


def exists(process: int) -> bool:
    return Path(f"/proc/{process}").exists()


@contextmanager
def serving(before: str = "", **environment: str) -> Iterator[Service]:
    """Run a service with two workers that both accept connections, after some lines of Python."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-c", f"{before}\n{SERVE}"],
            env=BARE | {"TMPDIR": folder, "RETRORUN_DRAIN_TIME_S": "0"} | environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        service = None
        try:
            service = Service(process)
            started = service
            wait_until(lambda: both_accept(started))
            yield service
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
            process.communicate(timeout=WITHIN_S)
            assert process.returncode in {0, -signal.SIGKILL}
            assert not list(Path(folder).iterdir())
        finally:
            for worker in service.workers() if service is not None and exists(process.pid) else ():
                with suppress(ProcessLookupError):
                    os.kill(worker, signal.SIGKILL)
            process.kill()


def both_accept(service: Service) -> bool:
    """Return whether two connections that are open at the same time belong to different workers."""
    with closing(service.connect()) as one, closing(service.connect()) as other:
        return len({service.worker_of(connection) for connection in (one, other)}) == 2


@contextmanager
def closing(connection: http.client.HTTPConnection) -> Iterator[http.client.HTTPConnection]:
    try:
        yield connection
    finally:
        connection.close()


def connections_to_both(service: Service, opened: ExitStack) -> list[http.client.HTTPConnection]:
    """Open some connections, of which each worker has at least one."""
    connections: list[http.client.HTTPConnection] = []
    while len(connections) < 6 or len({service.worker_of(connection) for connection in connections}) == 1:
        connections.append(opened.enter_context(closing(service.connect())))
    return connections


def close(observer: Observer) -> None:
    """Close the files of a worker's metrics."""
    assert observer.shared is not None
    for file in observer.shared.files.values():
        file.close()


def half(service: Service) -> tuple[socket.socket, int]:
    """Return a connection on which half of a request was sent, and the worker that has it."""
    connection = service.connect()
    worker = service.worker_of(connection)
    sent: socket.socket = connection.sock
    sent.sendall(HEAD + BOUT[:10])
    return sent, worker


def finish(sent: socket.socket) -> bytes:
    """Send the other half, and return the first bytes of the answer; none if the connection has ended."""
    with sent:
        try:
            sent.sendall(BOUT[10:])
            return sent.recv(12)
        except ConnectionError:
            return b""


class TestWorkers:
    def test_both_get_connections_and_name_requests_differently(self) -> None:
        with serving() as service, ExitStack() as opened:
            connections, shares = [], Counter[int]()
            for _ in range(20):
                connections.append(opened.enter_context(closing(service.connect())))
                shares[service.worker_of(connections[-1])] += 1
            assert set(shares) == set(service.workers())
            assert min(shares.values()) >= 4  # An even share, unless a worker gets no processor.
            names = [get(connection)[2]["x-request-id"] for connection in connections for _ in range(10)]
            assert len(set(names)) == len(names)

    def test_the_next_two_connections_go_to_both_whatever_was_before(self) -> None:
        """One that has lost its connections says so, also if the other one always wakes first."""
        with serving() as service:
            tries: Counter[bool] = Counter()

            def ten_times() -> bool:
                time.sleep(2 * LAG_EVERY_S)
                tries[both_accept(service)] += 1
                return tries[True] == 10

            wait_until(ten_times)

    def test_each_has_its_part_of_the_connections(self) -> None:
        with serving(RETRORUN_MAXIMUM_CONNECTIONS="8") as service, ExitStack() as opened:
            connections = [opened.enter_context(closing(service.connect())) for _ in range(12)]
            served: Counter[int] = Counter()
            for connection in connections:
                worker = service.worker_of(connection)
                status = get(connection, "/models")[0]
                served[worker] += 1
                assert status == (200 if served[worker] <= 4 else 503)

    def test_a_changed_key_file_counts_in_both(self, tmp_path: Path) -> None:
        file = tmp_path / "keys"
        keys = []
        for name in ("old", "new"):
            made = subprocess.run(
                [sys.executable, "-m", "retrorun.app.cli", "key", "new", "--name", name],
                capture_output=True,
                text=True,
                check=True,
            )
            keys.append(re.findall(r"\S+", made.stdout))
        line = {
            name: next(word for word in words if word.startswith(f"{name}:"))
            for name, words in zip(("old", "new"), keys, strict=True)
        }
        old, new = (next(word for word in words if word.startswith("rr_")) for words in keys)
        file.write_text(line["old"])
        with serving(RETRORUN_API_KEY_FILE=str(file)) as service, ExitStack() as opened:
            connections = connections_to_both(service, opened)

            def statuses(key: str) -> set[int]:
                return {get(connection, "/models", X_API_Key=key)[0] for connection in connections}

            assert (statuses(old), statuses(new)) == ({200}, {401})
            file.write_text(line["new"])
            wait_until(lambda: statuses(old) == {401})
            assert statuses(new) == {200}

    def test_a_key_file_that_cannot_be_used_is_one_sentence(self, tmp_path: Path) -> None:
        ran = subprocess.run(
            [sys.executable, "-c", SERVE],
            env=BARE | {"RETRORUN_API_KEY_FILE": str(tmp_path / "none")},
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert (ran.returncode, ran.stdout, ran.stderr.count("\n")) == (2, "", 1)

    def test_metrics_add_up_and_no_counter_goes_back_when_one_is_killed(self) -> None:
        with serving("import retrorun.app.observe.observer as it; it.PAUSE_TIMES = 0") as service:

            def ask_all(times: int) -> int:
                with ExitStack() as opened:
                    asking = connections_to_both(service, opened) * times
                    for connection in asking:
                        assert get(connection, "/references")[0] == 200
                    return len(asking)

            count = "retrorun_http_request_duration_seconds_count"

            def counted() -> float:
                text = service.get("/metrics")[1].decode()
                found = re.search(
                    rf'^{count}{{method="GET",route="/references",status="2xx"}} (\S+)$', text, re.MULTILINE
                )
                return float(found[1]) if found else 0

            asked = ask_all(10)
            wait_until(lambda: counted() == asked)
            assert service.metrics()["retrorun_worker_restarts_total"] == 0
            started_s = service.metrics()["process_start_time_seconds"]
            killed = service.workers()[0]
            os.kill(killed, signal.SIGKILL)
            wait_until(lambda: service.replaced(killed))
            assert service.metrics()["retrorun_worker_restarts_total"] == 1
            wait_until(lambda: both_accept(service))
            assert counted() == asked
            asked += ask_all(5)
            wait_until(lambda: counted() == asked)
            assert service.metrics()["process_start_time_seconds"] > started_s
            service.process.send_signal(signal.SIGTERM)
            said = service.process.communicate(timeout=WITHIN_S)[0]
        lines = [json.loads(line) for line in said.splitlines()]
        assert [line["message"] for line in lines if line["level"] == "error"] == [
            "worker 0 ended with -9, and is started again"
        ]

    def test_the_metrics_port_is_that_of_both(self) -> None:
        with serving(RETRORUN_METRICS_PORT="0") as service:
            with closing(service.connect()) as connection:
                assert get(connection, "/metrics")[0] == 404
            with ExitStack() as opened:
                service.port = service.metrics_port
                for connection in connections_to_both(service, opened):
                    status, text, _ = get(connection, "/metrics")
                    assert (status, b"retrorun_worker_restarts_total 0.0" in text) == (200, True)


class TestEnds:
    def test_a_killed_worker_loses_only_its_own_requests(self) -> None:
        with serving() as service:
            halves = [half(service) for _ in range(8)]
            killed = halves[0][1]
            while len({worker for _, worker in halves}) == 1:
                halves.append(half(service))
            found: list[str] = []
            running = True

            def keep_asking() -> None:
                while running:
                    found.append(ask(service.port))

            threads = [Thread(target=keep_asking) for _ in range(4)]
            for thread in threads:
                thread.start()
            wait_until(lambda: found.count(ANSWERED) > 50)
            os.kill(killed, signal.SIGKILL)
            before = len(found)
            wait_until(lambda: found[before:].count(ANSWERED) > 50)
            running = False
            for thread in threads:
                thread.join()
            # Each thread had at most one request under way.
            assert len(found) - found.count(ANSWERED) <= len(threads)
            for sent, worker in halves:
                assert finish(sent) == (b"" if worker == killed else b"HTTP/1.1 200")

    def test_a_worker_that_hangs_is_killed_and_started_again(self) -> None:
        quick = "import retrorun.app.server.supervisor as it; it.CHECK_S = 0.3"
        with serving(quick) as service:
            hung = service.workers()[1]
            os.kill(hung, signal.SIGSTOP)
            wait_until(lambda: service.replaced(hung))
            assert service.metrics()["retrorun_worker_restarts_total"] == 1
            wait_until(lambda: both_accept(service))

    @pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGHUP])
    def test_a_signal_to_all_processes_drains_once(self, stop: signal.Signals) -> None:
        """Systemd sends SIGTERM to all, and a terminal that closes SIGHUP."""
        with serving(RETRORUN_DRAIN_TIME_S="600") as service:
            workers = service.workers()
            halves = [half(service) for _ in range(4)]
            for process in (service.process.pid, *workers):
                os.kill(process, stop)
            wait_until(lambda: {service.get("/readyz")[0] for _ in range(6)} == {503})
            assert ask(service.port) == ANSWERED
            # A second one skips the drain. Requests that have begun are still answered.
            service.process.send_signal(stop)
            wait_until(lambda: ask(service.port) == REFUSED)
            assert [finish(sent) for sent, _ in halves] == [b"HTTP/1.1 200"] * 4
            assert service.process.wait(WITHIN_S) == 0
            assert not any(map(exists, workers))

    def test_the_workers_stop_if_the_supervisor_is_killed(self) -> None:
        with serving() as service:
            workers = service.workers()
            service.process.kill()
            wait_until(lambda: not any(map(exists, workers)))
            assert ask(service.port) == REFUSED

    @pytest.mark.parametrize("workers", [1, 2])
    def test_a_stop_loses_no_connection(self, workers: int, tmp_path: Path) -> None:
        settings = {"RETRORUN_WORKERS": str(workers), "RETRORUN_DRAIN_TIME_S": "0", "RETRORUN_MAXIMUM_LOOP_LAG_S": "60"}
        for turn in range(2):
            found = stop_under_load(8, 0.7, settings, tmp_path / f"log-{turn}")
            assert set(found) == {ANSWERED, REFUSED}


class TestShares:
    def test_limits_of_the_service_are_divided_and_those_of_a_request_are_not(self) -> None:
        whole = Settings(workers=3, maximum_connections=1000, maximum_incoming_bytes=300, maximum_upload_bytes=70)
        part = share_of(whole)
        assert (part.maximum_connections, part.maximum_incoming_bytes, part.compute_processes) == (334, 300, 1)
        assert (part.maximum_upload_bytes, part.maximum_body_bytes) == (70, whole.maximum_body_bytes)

    def test_the_one_with_more_connections_waits_for_the_others_that_accept(self) -> None:
        board = Board(3)
        one, two, three = (Place(number, 0, "", board) for number in range(3))
        assert not one.is_busier(1)
        for place in (one, two, three):
            place.enter()
        three.leave()
        assert not one.is_busier(0)
        assert two.is_busier(1)
        assert not one.is_busier(1)
        two.leave()
        assert not one.is_busier(5)

    def test_one_that_lost_its_connections_looks_free_before_it_is_asked_again(self) -> None:
        board = Board(2)
        one, two = (Place(number, 0, "", board) for number in range(2))
        one.enter()
        assert two.is_busier(7)
        assert not one.is_busier(5)
        two.beat(0)
        assert one.is_busier(5)
        two.leave()
        two.beat(0)
        assert not one.is_busier(5)

    def test_bytes_of_all_workers_count_and_those_of_one_that_ended_do_not(self) -> None:
        board = Board(2)
        one, two = (Bytes(100, "uploads") for _ in range(2))
        for number, place in enumerate((one, two)):
            place.share(board.incoming, number)
        one.add(250)  # The only client is never refused.
        with pytest.raises(Refused):
            two.add(1)
        one.held -= 200
        two.add(50)
        with pytest.raises(Refused):
            one.add(1)
        assert (one.held, two.held) == (50, 50)
        board.forget(0)
        two.add(50)

    def test_a_failure_to_share_the_metrics_is_logged_and_ends_nothing(self) -> None:
        """Without the limits on connections a worker would also look as if it hung."""
        before = (
            "from retrorun.app.observe.observer import Observer\n"
            "def broken(self):\n    raise RuntimeError\nObserver.publish = broken\n"
            "import retrorun.app.server.supervisor as it; it.CHECK_S = 0.05"
        )
        with serving(before) as service:
            workers = service.workers()
            time.sleep(2)  # Longer than a worker may hang.
            assert service.workers() == workers
            assert service.get("/livez")[0] == 200
            service.process.send_signal(signal.SIGTERM)
            said = service.process.communicate(timeout=WITHIN_S)[0]
        assert "the metrics could not be shared" in said

    def test_the_more_workers_end_early_the_longer_is_the_pause(self, tmp_path: Path) -> None:
        supervisor = Supervisor(2, [], str(tmp_path))
        ended = Worker(0, -1)
        pauses = []
        supervisor.board.served[1] = 1
        for _ in range(7):
            pauses.append(supervisor.pause_s(ended))
        assert pauses == [0, 1, 3, 7, 15, 30, 30]
        ended.started_s -= 60
        assert supervisor.pause_s(ended) == 0
        supervisor.restarts.file.close()

    def test_it_gives_up_if_none_has_ever_served(self) -> None:
        before = "import retrorun.app.server.server as it; it.build = None"
        ran = subprocess.run(
            [sys.executable, "-c", f"{before}\n{SERVE}"],
            env=BARE,
            capture_output=True,
            text=True,
            check=False,
            timeout=60,
        )
        assert ran.returncode > 0
        assert ran.stderr.endswith("The workers end before they serve. The log says why.\n")
        assert ran.stdout.count("is started again") == TRIES

    def test_folders_that_were_left_are_removed_and_no_others(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        left, used, own = (tmp_path / f"{FOLDERS}{name}" for name in ("left", "used", "own"))
        for folder in (left, used, own):
            folder.mkdir()
            (folder / "counter_0.db").touch()
        (own / "letter.txt").touch()
        elsewhere = tmp_path / "elsewhere"
        elsewhere.mkdir()
        (elsewhere / "counter_0.db").touch()
        link = tmp_path / f"{FOLDERS}link"
        link.symlink_to(elsewhere)
        held = os.open(used, os.O_RDONLY)
        fcntl.flock(held, fcntl.LOCK_EX)
        new = Path(folder_of_metrics())
        assert {*tmp_path.iterdir()} == {used, own, new, elsewhere, link}
        assert (elsewhere / "counter_0.db").exists()
        assert (used / "counter_0.db").exists()
        assert (own / "letter.txt").exists()
        os.close(held)

    def test_without_room_in_the_folder_it_does_not_start(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A process that writes into a mapped file without room is killed."""
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
        resource.setrlimit(resource.RLIMIT_FSIZE, (1024, hard))
        try:
            with pytest.raises(CannotListen, match="with room"):
                start_workers(Settings(workers=2), [])
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))

    def test_without_a_folder_or_fork_one_sentence_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def none(**_: object) -> str:
            raise FileNotFoundError

        monkeypatch.setattr(tempfile, "mkdtemp", none)
        with pytest.raises(CannotListen, match="TMPDIR"):
            start_workers(Settings(workers=2), [])
        monkeypatch.delattr(os, "fork")
        with pytest.raises(CannotListen, match="RETRORUN_WORKERS"):
            start_workers(Settings(workers=2), [])

    def test_metrics_of_two_workers_are_those_of_one_that_did_the_work_of_both(self, tmp_path: Path) -> None:
        alone, one, two = (build(Settings()).observer for _ in range(3))
        assert isinstance(alone, Observer)
        assert isinstance(one, Observer)
        assert isinstance(two, Observer)
        restarts = Restarts(str(tmp_path))
        for number, observer in enumerate((one, two)):
            observer.share(str(tmp_path), number)
        for number, observer in enumerate((one, two, two, one, two)):
            for each in (alone, observer):
                each.started()
                each.finished({"method": "GET", "path": "/livez", "headers": []}, 200, 0.01 * number, "id")
        for observer in (alone, one):
            observer.refused("key")
            observer.started()
        one.lag(0.1)
        two.lag(0.2)
        alone.lag(0.2)
        two.publish()

        def ours(observer: Observer) -> dict[str, float]:
            text = generate_latest(observer.metrics.registry).decode()
            return {
                line.rpartition(" ")[0]: float(line.rpartition(" ")[2])
                for line in text.splitlines()
                if line.startswith("retrorun_")
            }

        assert ours(one).pop("retrorun_worker_restarts_total") == 0
        restarts.add()
        assert ours(one) == ours(alone) | {"retrorun_worker_restarts_total": 1}
        assert list(openmetrics(generate_openmetrics(one.metrics.registry).decode()))
        # The counts of a worker that ended stay, its gauges do not, and its successor counts on.
        forget_worker(str(tmp_path), 1)
        successor = build(Settings()).observer
        assert isinstance(successor, Observer)
        successor.share(str(tmp_path), 1)
        successor.lag(0.0)
        for observer in (alone, successor):
            observer.refused("key")
        alone.lag(0.1)
        successor.publish()
        assert ours(one) == ours(alone) | {"retrorun_worker_restarts_total": 1}
        restarts.file.close()
        for observer in (one, two, successor):
            close(observer)

    def test_one_can_be_read_while_another_one_starts(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        reading, starting = (build(Settings()).observer for _ in range(2))
        assert isinstance(reading, Observer)
        assert isinstance(starting, Observer)
        reading.share(str(tmp_path), 0)
        reading.publish()
        registry = reading.metrics.registry
        read: list[bool] = []

        def open_slowly(name: str) -> MmapedDict:
            Path(name).touch()
            read.append(b"retrorun_build_info" in generate_latest(registry))
            return MmapedDict(name)

        monkeypatch.setattr(shared, "MmapedDict", open_slowly)
        starting.share(str(tmp_path), 1)
        starting.publish()
        assert len(read) >= 3
        assert all(read)
        for observer in (reading, starting):
            close(observer)
