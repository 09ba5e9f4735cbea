"""The metrics of several workers, added up by files in the form of prometheus_client's multiprocess mode.

A worker counts in plain numbers, as without other workers, and copies them into its files a few times a second. If it
counted in the files, every request would be slower. A worker that replaces another one continues its files, so no
counter goes back.
"""

from collections.abc import Iterator
from contextlib import suppress
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Final

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.mmap_dict import MmapedDict, mmap_key
from prometheus_client.multiprocess import MultiProcessCollector, mark_process_dead
from prometheus_client.registry import Collector

GAUGES: Final = {
    "retrorun_event_loop_lag_seconds": "livemax",
    "process_start_time_seconds": "livemax",
    "process_max_fds": "livemin",
    "process_resident_memory_bytes": "livemax",
    "process_virtual_memory_bytes": "livemax",
}
"""How to combine the gauges of the workers that run. All others are added up."""
FILE_BYTES: Final = 1 << 16
"""Size of a file of counts: prometheus_client's own."""
HISTOGRAM_BYTES: Final = 1 << 21
"""Size of the file of times: 400 methods, routes and classes of status, which is more than the contract has."""
RESTARTS: Final = "retrorun_worker_restarts"
SAME_IN_ALL: Final = "info"
"""The type of metrics that are the same in all workers."""


class SharedMetrics(Collector):
    """The metrics of all workers.

    Parameters
    ----------
    own : CollectorRegistry
        The metrics of this worker.
    folder : str
        The folder of all workers.
    number : int
        The number of this worker.
    """

    def __init__(self, own: CollectorRegistry, folder: str, number: int) -> None:
        self.own, self.folder, self.number = own, Path(folder), number
        self.lock = Lock()
        self.files: dict[str, MmapedDict] = {}
        self.earlier: dict[str, float] = {}
        """Counts of the workers that this one replaces, by key."""
        self.published: dict[tuple[str, tuple[str, ...]], float] = {}
        self.registry = CollectorRegistry()
        self.registry.register(self)

    def publish(self) -> None:
        """Copy the metrics of this worker into its files. The event loop and the thread of GET /metrics call this."""
        with self.lock:
            for family in self.own.collect():
                if family.type != SAME_IN_ALL:
                    self.publish_family(family)

    def publish_family(self, family: Metric) -> None:
        """Copy what has changed in one metric."""
        gauge = family.type == "gauge"
        kind = f"gauge_{GAUGES.get(family.name, 'livesum')}" if gauge else family.type
        if kind not in self.files:
            size = HISTOGRAM_BYTES if family.type == "histogram" else FILE_BYTES
            self.files[kind] = counts_in(self.folder / f"{kind}_{self.number}.db", size)
            if not gauge:
                self.earlier |= {key: value for key, value, _ in self.files[kind].read_all_values()}
        for sample in family.samples:
            labels = tuple(sample.labels.values())
            if self.published.get((sample.name, labels)) == sample.value:
                continue
            key = key_of(family.name, sample.name, tuple(sample.labels), labels, family.documentation)
            self.files[kind].write_value(key, sample.value + self.earlier.get(key, 0.0), 0.0)
            self.published[sample.name, labels] = sample.value

    def collect(self) -> Iterator[Metric]:
        """Yield the metrics of all workers together."""
        with suppress(OSError):  # Without room for files, the others are shown. The event loop logs it.
            self.publish()
        yield from MultiProcessCollector.merge([str(file) for file in self.folder.glob("*.db")], accumulate=False)
        yield from (family for family in self.own.collect() if family.type == SAME_IN_ALL)


def counts_in(file: Path, size: int) -> MmapedDict:
    """Open a file of counts. A new one gets its name when it has its form: another worker may read it at once.

    Raises
    ------
    OSError
        The folder has no room for the size [B]. It is taken at once, because a process that writes into a mapped file
        without room is killed.
    """
    if file.exists():
        return MmapedDict(str(file))
    new = file.with_suffix(".new")
    new.write_bytes(bytes(size))
    counts = MmapedDict(str(new))
    new.rename(file)
    return counts


@cache
def key_of(metric: str, name: str, labels: tuple[str, ...], values: tuple[str, ...], meaning: str) -> str:
    """Return the key of a sample in a file. Making one takes longer than the rest of a sample."""
    return mmap_key(metric, name, list(labels), list(values), meaning)


class Restarts:
    """Counts the workers that were started again, in a file like those of the workers."""

    def __init__(self, folder: str) -> None:
        self.file = counts_in(Path(folder, "counter_supervisor.db"), FILE_BYTES)
        self.key = mmap_key(RESTARTS, f"{RESTARTS}_total", [], [], "Workers that ended and were started again.")
        self.file.read_value(self.key)

    def add(self) -> None:
        """Count one more."""
        self.file.write_value(self.key, self.file.read_value(self.key)[0] + 1, 0.0)


def forget_worker(folder: str, number: int) -> None:
    """Remove the gauges of a worker that has ended. Its counts stay."""
    mark_process_dead(number, folder)
