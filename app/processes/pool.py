"""Open processes that compute.

This module imports nothing slow, so that the imports of the processes can begin before those of their parent.
"""

import multiprocessing
import os
import signal
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from multiprocessing import forkserver
from typing import Any, Final

AHEAD: Final = 2
"""Tasks sent to each process in advance, so that no process waits."""
ON_LINUX: Final = sys.platform == "linux"
CONTEXT: Final = multiprocessing.get_context("forkserver" if ON_LINUX else "spawn")
"""On Linux one process imports and then forks the others. On macOS some libraries do not survive a fork."""


def start_imports(module: str, workers: int | None) -> None:
    """Start the process that the others are forked from. It imports a module meanwhile.

    Parameters
    ----------
    module : str
        The module that the processes need.
    workers : int, optional
        Number of processes. One needs no other process.
    """
    if ON_LINUX and (workers or cores()) > 1:
        CONTEXT.set_forkserver_preload([module])
        with ignore_sigint():
            forkserver.ensure_running()


@contextmanager
def executor_of(
    module: str, workers: int | None, *, engine: str = "local", scheduler: str | None = None
) -> Iterator[tuple[futures.Executor, Callable[[], int]]]:
    """Open the executor, with a function that returns its current number of processes.

    Parameters
    ----------
    module : str
        The module that the processes need.
    workers : int, optional
        Number of processes. The default is one for each core.
    engine : str, optional
        `local` or `dask`.
    scheduler : str, optional
        Address of a running Dask scheduler.
    """
    workers = workers or cores()
    if engine == "dask":
        with dask_client(scheduler, workers) as client:
            yield client.get_executor(pure=False), lambda: max(1, sum(client.nthreads().values()))
    elif workers == 1:
        with futures.ThreadPoolExecutor(1) as pool:
            yield pool, lambda: 1
    else:
        start_imports(module, workers)
        with futures.ProcessPoolExecutor(workers, CONTEXT, initializer=end_with_parent) as pool:
            try:
                with ignore_sigint():
                    for _ in range(workers):
                        pool.submit(int)  # Each starts a process, which ignores SIGINT from the start.
                yield pool, lambda: workers
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                raise


@contextmanager
def ignore_sigint() -> Iterator[None]:
    """Ignore SIGINT (Ctrl-C). Child processes started here inherit that, before they reach `end_with_parent`."""
    if threading.current_thread() is not threading.main_thread():
        yield  # Only the main thread may change a handler.
        return
    before = signal.signal(signal.SIGINT, signal.SIG_IGN)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def cores() -> int:
    """Return the number of processors that this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


@contextmanager
def dask_client(scheduler: str | None, workers: int) -> Iterator[Any]:
    """Open a client of a running Dask cluster, or of a new one on the loopback interface of this machine."""
    from distributed import Client, KilledWorker, LocalCluster  # noqa: PLC0415 - the optional extra retrorun[dask]

    try:
        if scheduler:
            with Client(scheduler) as client:
                yield client
            return
        with (
            LocalCluster(
                n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address="127.0.0.1:0"
            ) as cluster,
            Client(cluster) as client,
        ):
            yield client
    except KilledWorker:
        raise futures.BrokenExecutor from None  # Every worker that computed one of the blocks was ended.


def end_with_parent() -> None:
    """End this process when its parent ends or is killed. Only the parent reacts to Ctrl-C."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()

    def watch() -> None:
        if parent is not None:
            parent.join()
        os._exit(1)

    threading.Thread(target=watch, daemon=True).start()
