"""`retrorun bulk --engine dask`: a scheduler and workers in separate processes, and one of them killed."""

import os
import signal
from collections.abc import Iterator
from concurrent.futures import CancelledError
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from dask import config
from distributed import Client, KilledWorker, LocalCluster

from retrorun.app.bulk.run import Options, Progress, run
from retrorun.app.cli.main import main
from robustness.agreement import bouts, disagreements, table_of

BOUTS = bouts(600, seed=2)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    with LocalCluster(n_workers=2, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0") as opened:
        yield opened


@pytest.fixture
def source(tmp_path: Path) -> Path:
    pq.write_table(table_of(BOUTS), tmp_path / "in.parquet")
    return tmp_path / "in.parquet"


def test_a_running_cluster_gives_the_rows_of_the_service(cluster: Any, source: Path) -> None:
    output = source.with_name("out.parquet")
    options = Options(engine="dask", scheduler=cluster.scheduler_address, partition_rows=50)
    assert run(source, output, options).rows == 600
    assert not list(disagreements(BOUTS, pq.read_table(output).to_pylist()))


def test_workers_that_do_not_see_the_directory_send_their_parts(
    cluster: Any, source: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    output = source.with_name("out.parquet")
    # The workers were started elsewhere, and a relative path leads them nowhere.
    monkeypatch.chdir(source.parent)
    monkeypatch.setattr(Path, "resolve", lambda path: path)
    with Client(cluster) as client:
        before = {os.fspath(path) for path in source.parent.rglob("*")}
        assert all(client.run(lambda: Path.cwd() != source.parent).values())
    run(Path("in.parquet"), Path("out.parquet"), Options(engine="dask", scheduler=cluster.scheduler_address))
    assert {os.fspath(path) for path in source.parent.rglob("*")} - before <= {
        os.fspath(output),
        os.fspath(source.with_name("out.rejected.csv")),
    }
    assert not list(disagreements(BOUTS, pq.read_table(output).to_pylist()))


def test_a_killed_worker_loses_and_doubles_nothing(cluster: Any, source: Path) -> None:
    output = source.with_name("out.parquet")
    with Client(cluster) as client:
        pids = list(client.run(os.getpid).values())
    far: list[Progress] = []

    def report(now: Progress) -> None:
        far.append(now)
        if len(far) == 3:
            os.kill(pids[0], signal.SIGKILL)

    options = Options(engine="dask", scheduler=cluster.scheduler_address, partition_rows=10)
    assert run(source, output, options, report).rows == 600
    assert len(far) == 60
    assert far[-1].rows == 600
    assert not list(disagreements(BOUTS, pq.read_table(output).to_pylist()))


def test_the_command_starts_a_cluster_of_this_machine(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    output = source.with_name("out.csv")
    assert main(["bulk", str(source), str(output), "--engine", "dask", "--workers", "2"]) == 0
    assert capsys.readouterr().out.startswith("600 rows: ")
    assert len(output.read_text(encoding="utf-8").splitlines()) == 601


@pytest.mark.parametrize("error", [KilledWorker("compute", None, 3), CancelledError()])
def test_a_cluster_that_is_ended(
    error: Exception, cluster: Any, source: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def ended(*_: Any, **__: Any) -> None:
        raise error

    monkeypatch.setattr("concurrent.futures.wait", ended)
    arguments = ["--engine", "dask", "--scheduler", cluster.scheduler_address]
    assert main(["bulk", str(source), str(source.with_name("out.csv")), *arguments]) == 1
    said = capsys.readouterr().err
    assert said.startswith("retrorun: ")
    assert "run the same command again" in said.lower()


def test_a_scheduler_that_does_not_answer(source: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["--engine", "dask", "--scheduler", "tcp://127.0.0.1:9"]
    with config.set({"distributed.comm.timeouts.connect": "1s"}):
        assert main(["bulk", str(source), str(source.with_name("out.csv")), *arguments]) == 1
    assert "the same command" in capsys.readouterr().err
