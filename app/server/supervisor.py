"""Several workers, which are processes that serve one port, and the supervisor that starts, watches and stops them.

All workers accept from one socket. Its queue outlives each of them, so a worker that is killed loses only the
connections that it had accepted. With a socket for each worker (SO_REUSEPORT) it would also lose those in its queue.

The supervisor forks the workers after the imports, so they share most of their memory. It passes signals on through
pipes: a terminal and systemd send a signal to all processes, and each worker must get it once. If the supervisor is
killed, the pipes close, and the workers stop as after SIGTERM.
"""

import logging
import math
import os
import select
import shutil
import signal
import socket
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from mmap import mmap
from pathlib import Path
from time import monotonic
from typing import Final

from retrorun.app.observe.shared import Restarts, forget_worker
from retrorun.app.server.listener import CannotListen
from retrorun.app.settings import Settings
from retrorun.app.signals import STOPPING

CHECK_S: Final = 1.0
"""How often the supervisor checks the workers."""
HANGS_AFTER: Final = 30
"""A worker whose event loop has not run during so many checks is killed. One that ran for so long starts well."""
TRIES: Final = 4
"""The supervisor gives up if so many workers in a row have ended, and none has ever served."""
FOLDERS: Final = "retrorun-metrics-"
"""Beginning of the names of the folders of metrics."""
ABSENT: Final = -1
"""The number of connections of a worker that accepts none."""
NUMBER_BYTES: Final = 8
"""Bytes of a number that the processes share."""
DIVIDED: Final = ("maximum_connections", "compute_processes")
"""Settings that limit the service as a whole, of which each worker gets its part. Bytes are counted together."""

logger = logging.getLogger("retrorun")


class Board:
    """Numbers of each worker that all processes see.

    They are its connections, how often its event loop was seen to run, whether it has ever served, and the bytes of
    requests and answers that it holds.
    """

    def __init__(self, workers: int) -> None:
        shared = memoryview(mmap(-1, 5 * workers * NUMBER_BYTES)).cast("q")
        self.connections, self.beats, self.served, self.incoming, self.outgoing = (
            shared[start : start + workers] for start in range(0, 5 * workers, workers)
        )
        for number in range(workers):
            self.forget(number)

    def forget(self, number: int) -> None:
        """Forget what a worker holds that is not there."""
        self.connections[number] = ABSENT
        self.incoming[number] = self.outgoing[number] = 0


@dataclass(frozen=True, slots=True)
class Place:
    """The place of a worker among all.

    Attributes
    ----------
    number : int
        Its number, from 0 on. The worker that replaces it has the same.
    orders : int
        A file that yields the numbers of the signals to handle, and ends if the supervisor does.
    folder : str
        Folder of the metrics of all workers.
    board : Board
        The numbers that the processes share.
    """

    number: int
    orders: int
    folder: str
    board: Board

    def is_busier(self, connections: int) -> bool:
        """Tell the others how many connections this worker has, and return whether one of them has fewer."""
        self.board.connections[self.number] = connections
        return any(ABSENT < other < connections for other in self.board.connections)

    def others(self) -> list[int]:
        """Return how many connections each other worker has."""
        return [count for number, count in enumerate(self.board.connections) if number != self.number]

    def enter(self) -> None:
        """Tell the others that this worker accepts connections, and has none yet."""
        self.board.connections[self.number] = 0
        self.board.served[self.number] = 1

    def leave(self) -> None:
        """Tell the others that this worker accepts no connections."""
        self.board.connections[self.number] = ABSENT

    def beat(self, connections: int) -> None:
        """Tell the supervisor that the event loop runs, and the others how many connections are left.

        A worker that has lost connections would else look busy until it is asked again, which another one, that always
        wakes first, may prevent for ever.
        """
        if self.board.connections[self.number] != ABSENT:
            self.board.connections[self.number] = connections
        self.board.beats[self.number] += 1


def share_of(settings: Settings) -> Settings:
    """Return the settings of one worker: of each limit of the service its part, rounded up."""
    parts = {name: math.ceil(getattr(settings, name) / settings.workers) for name in DIVIDED}
    return replace(settings, **parts)


def start_workers(settings: Settings, listeners: Sequence[socket.socket]) -> Place | None:
    """Run the workers until a signal to stop. Return None when all have ended, and in each worker at once its place.

    Parameters
    ----------
    settings : Settings
        The number of workers.
    listeners : sequence of sockets
        The supervisor closes its copies as soon as it stops the workers.

    Raises
    ------
    CannotListen
        The system cannot start a process that shares the socket, or has no folder for the metrics. Or the workers end
        before one of them has served.
    """
    if not hasattr(os, "fork"):
        raise CannotListen("This system cannot run several workers. Set RETRORUN_WORKERS to 1.")
    try:
        folder = folder_of_metrics()
        supervisor = Supervisor(settings.workers, listeners, folder)
    except OSError:
        raise CannotListen(
            "Several workers need a folder for temporary files with room, in which they add up the metrics. Give them "
            "/tmp or another folder in TMPDIR, or set RETRORUN_WORKERS to 1."
        ) from None
    try:
        place = supervisor.run()
    except BaseException:
        supervisor.kill()
        shutil.rmtree(folder, ignore_errors=True)
        raise
    if place is None:
        shutil.rmtree(folder, ignore_errors=True)
    return place


def folder_of_metrics() -> str:
    """Make a folder for the metrics, locked until all processes have ended, and remove those that nobody locks.

    A supervisor that is killed leaves one. In a container they would add up, and fill the folder for temporary files.
    """
    import fcntl  # noqa: PLC0415 - not on Windows

    for left in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        with suppress(OSError):
            # Somebody else may have made it, or a link of its name.
            held = os.open(left, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
            try:
                fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
                if os.fstat(held).st_uid == os.geteuid():
                    for name in os.listdir(held):  # noqa: PTH208 - a path could lead elsewhere by now
                        if name.endswith((".db", ".new")):
                            os.unlink(name, dir_fd=held)
                    left.rmdir()
            finally:
                os.close(held)
    folder = tempfile.mkdtemp(prefix=FOLDERS)
    fcntl.flock(os.open(folder, os.O_RDONLY), fcntl.LOCK_EX | fcntl.LOCK_NB)
    return folder


class Worker:
    """A worker as the supervisor sees it."""

    def __init__(self, number: int, orders: int) -> None:
        self.number, self.orders = number, orders
        self.started_s = monotonic()
        self.beats, self.silent_checks = 0, 0

    def order(self, which: int) -> None:
        """Make the worker handle a signal, unless it has just ended."""
        with suppress(OSError):
            os.write(self.orders, bytes([which]))


class Supervisor:
    """Starts the workers, starts those again that end, and stops them.

    Parameters
    ----------
    count : int
        The number of workers.
    listeners : sequence of sockets
        The sockets that all workers accept from.
    folder : str
        Folder of the metrics of all workers.
    """

    def __init__(self, count: int, listeners: Sequence[socket.socket], folder: str) -> None:
        self.listeners, self.folder = listeners, folder
        self.board = Board(count)
        self.workers: dict[int, Worker] = {}
        """The running workers by process id."""
        self.due_s = dict.fromkeys(range(count), 0.0)
        """When to start the workers that do not run, by number."""
        self.early = [0] * count
        """How many workers of each number in a row ended soon after their start."""
        self.restarts = Restarts(folder)
        self.stopping = False
        self.received: list[int] = []

    def run(self) -> Place | None:
        """Start and watch the workers until all have stopped. Return the place of a worker in that worker."""
        with self.signals() as woken:
            next_check_s = monotonic() + CHECK_S
            while self.workers or not self.stopping:
                for number, due_s in list(self.due_s.items()):
                    if due_s <= monotonic() and (place := self.fork(number)):
                        return place
                if select.select([woken], [], [], max(0.0, next_check_s - monotonic()))[0]:
                    for which in woken.recv(4096):
                        if which in STOPPING:
                            self.stop(which)
                self.bury()
                if monotonic() >= next_check_s:
                    next_check_s = monotonic() + CHECK_S
                    self.check()
        return None

    @contextmanager
    def signals(self) -> Iterator[socket.socket]:
        """Provide a socket that receives the numbers of the signals that arrive."""
        woken, waking = socket.socketpair()
        woken.setblocking(False)
        waking.setblocking(False)
        signal.set_wakeup_fd(waking.fileno())
        # nohup ignores SIGHUP. That must stay so.
        for which in (*STOPPING, signal.SIGCHLD):
            if which != signal.SIGHUP or signal.getsignal(which) != signal.SIG_IGN:
                signal.signal(which, lambda _signal, _frame: None)
        try:
            yield woken
        finally:
            signal.set_wakeup_fd(-1)
            woken.close()
            waking.close()

    def fork(self, number: int) -> Place | None:
        """Start a worker. Return its place in the worker, and None in the supervisor."""
        sys.stdout.flush()
        sys.stderr.flush()
        reading, writing = os.pipe()
        watched = {*STOPPING, signal.SIGCHLD}
        # A signal to the new process must not reach the supervisor, which shares the socket of `signals` with it.
        signal.pthread_sigmask(signal.SIG_BLOCK, watched)
        try:
            process = os.fork()
        except OSError:
            os.close(reading)
            os.close(writing)
            self.due_s[number] = monotonic() + CHECK_S
            logger.error("a worker could not be started: the system has no room for a process")
            return None
        else:
            if not process:
                for which in STOPPING:
                    signal.signal(which, signal.SIG_IGN)
                signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, watched)
        if process:
            os.close(reading)
            self.workers[process] = Worker(number, writing)
            del self.due_s[number]
            return None
        for other in self.workers.values():
            os.close(other.orders)
        os.close(writing)
        return Place(number, reading, self.folder, self.board)

    def stop(self, which: int) -> None:
        """Pass a signal to stop on to all workers, and start none any more."""
        self.stopping = True
        self.due_s.clear()
        for listener in self.listeners:
            listener.close()
        for worker in self.workers.values():
            worker.order(which)

    def bury(self) -> None:
        """Note which workers have ended, and plan their successors."""
        while True:
            try:
                process, status = os.waitpid(-1, os.WNOHANG)
            except ChildProcessError:
                return
            if not process:
                return
            worker = self.workers.pop(process, None)
            if worker is None:
                continue  # As process 1 the supervisor also gets the computing processes that a worker left.
            os.close(worker.orders)
            self.board.forget(worker.number)
            forget_worker(self.folder, worker.number)
            if not self.stopping:
                code = os.waitstatus_to_exitcode(status)
                logger.error("worker %d ended with %d, and is started again", worker.number, code)
                self.restarts.add()
                self.due_s[worker.number] = monotonic() + self.pause_s(worker)

    def pause_s(self, ended: Worker) -> float:
        """Return how long to wait before a worker is started again: the longer, the more ended early in a row.

        Raises
        ------
        CannotListen
            No worker has ever served, after `TRIES` of them.
        """
        lived_s = monotonic() - ended.started_s
        self.early[ended.number] = self.early[ended.number] + 1 if lived_s < HANGS_AFTER * CHECK_S else 0
        if sum(self.early) >= TRIES and not any(self.board.served):
            raise CannotListen("The workers end before they serve. The log says why.")
        return CHECK_S * min(2.0 ** max(0, self.early[ended.number] - 1) - 1, HANGS_AFTER)

    def check(self) -> None:
        """Kill workers that hang: only the other workers would answer the health checks of the platform."""
        for process, worker in self.workers.items():
            beats = self.board.beats[worker.number]
            worker.silent_checks = worker.silent_checks + 1 if beats == worker.beats else 0
            worker.beats = beats
            if worker.silent_checks >= HANGS_AFTER:
                logger.error("worker %d hangs, and is killed", worker.number)
                os.kill(process, signal.SIGKILL)

    def kill(self) -> None:
        """Kill all workers."""
        for process in self.workers:
            os.kill(process, signal.SIGKILL)
