"""Compute a file of bouts block by block in other processes, and resume a stopped run.

Parts are in a folder beside the output. Its name depends on the input, the options and the coefficients, so parts of
different runs never mix, and the same command continues with the complete parts. `app.bulk.files` ensures that no file
is lost that no run wrote.
"""

import errno
import hashlib
import json
import os
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent import futures
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import pyarrow as pa

from retrorun.app.bulk.columns import STATUS_COLUMNS
from retrorun.app.bulk.files import (
    folder_of_run,
    give_name,
    is_made,
    lock_directory,
    refuse_unless_made,
    remove_parts,
    written,
)
from retrorun.app.bulk.options import PARTITION_ROWS
from retrorun.app.bulk.part import REJECTED, Work, compute_block, finished_parts, join, schema_of, write_part
from retrorun.app.bulk.source import KINDS, BadFile, Block, Source, is_gz, kind_of, reading, without_gz
from retrorun.app.bulk.text import refuse_unsupported_type
from retrorun.app.processes.pool import AHEAD, executor_of
from retrorun.models import __version__
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.vocabulary.errors import Conflict

WORKING: Final = "retrorun.app.bulk.part"
"""The module that the processes need."""


class Progress(NamedTuple):
    """The progress of a run."""

    share: float
    """Share of the input that is done."""
    rows: int
    """Rows that are done."""
    resumed_rows: int
    """Those of the rows that an earlier run did."""


class Options(NamedTuple):
    """The options of a run."""

    fields: tuple[str, ...] | None = None
    keep: tuple[str, ...] = ()
    partition_rows: int = PARTITION_ROWS
    engine: str = "local"
    workers: int | None = None
    scheduler: str | None = None
    folder: bool = False
    """Whether the output is a folder with one Parquet file for each part."""
    maps: tuple[tuple[str, str], ...] = ()
    """The column to read for an input."""
    constants: tuple[tuple[str, float | str], ...] = ()
    """Inputs with one value for all rows."""
    ignore_others: bool = False
    """Whether columns that are neither inputs nor kept are left out."""


class Outcome(NamedTuple):
    """The result of a run."""

    rows: int
    resumed_rows: int
    rejected: Counter[tuple[str, str | None]]
    """The number of rows without an estimate, by status and wrong input."""
    rejected_file: Path | None
    left: Path | None = None
    """The folder of the parts, if it contains other files and so was not removed."""
    columns: tuple[str, ...] = ()
    """The columns with other names that were read as inputs, and their units."""


def run(source_path: Path, output: Path, options: Options, report: Callable[[Progress], object] = id) -> Outcome:
    """Estimate every row of a file and write the estimates to another.

    Parameters
    ----------
    source_path, output : Path
        The files. The ending of a name decides the kind.
    options : Options
        The options of the run.
    report : callable, optional
        Called with the progress after each part.

    Returns
    -------
    Outcome
        Counts of the whole output, with the parts of an earlier run.

    Raises
    ------
    BadFile
        The input is not a file of bouts, or the output cannot be written as requested.
    """
    if options.folder and os.path.lexists(output):
        raise BadFile(f"{output} already exists. Move it, or choose another output.")
    if output.is_dir():
        raise BadFile(f"{output} is a folder. Name a file, or a new folder with / at the end.")
    if source_path.resolve() in {output.resolve(), rejected_of(output).resolve()}:
        raise BadFile(f"This run would overwrite its input {source_path.name}. Choose another output.")
    if not output.parent.is_dir():
        raise FileNotFoundError(errno.ENOENT, "This folder does not exist", str(output.parent))
    options = options._replace(keep=tuple(dict.fromkeys(options.keep)))
    source = Source(
        source_path,
        options.keep,
        maps=dict(options.maps),
        constants=dict(options.constants),
        ignore_others=options.ignore_others,
    )
    names = names_of(source, options, kind_of_parts(output, options))
    for path in (output, rejected_of(output)):
        refuse_unless_made(path, output)
    with lock_directory(parts_of(output), output):
        return run_locked(source, output, names, options, report)


def run_locked(
    source: Source, output: Path, names: list[str], options: Options, report: Callable[[Progress], object]
) -> Outcome:
    """Compute the parts that are missing and write the output. The folder of the parts is locked."""
    parts, identity = parts_of(output), fingerprint(source.path, output, options)
    directory = folder_of_run(parts, identity, output)
    estimates = folder_of_run(parts, f"{identity}-estimates", output) if options.folder else directory
    kind = kind_of_parts(output, options)
    work = Work(source.parser(), options.keep, options.fields, kind, directory.resolve(), estimates.resolve())
    counts = finished_parts(work)
    resumed_rows = total(counts, "rows")
    with flushing(wanted=options.folder) as flush:
        for index in counts:
            flush(work.part(index, work.ending))
        for index, counted in computed(source, work, options, counts):
            counts[index] = counted
            flush(work.part(index, work.ending))
            report(Progress(total(counts, "share"), total(counts, "rows"), resumed_rows))
        if not counts:
            counts[0], files = compute_block(Block(0, 0, 0, 1.0, source.empty_content()), work)
            write_part(0, work, files)
            flush(work.part(0, work.ending))
    if fingerprint(source.path, output, options) != identity:
        raise BadFile(f"{source.path.name} changed during the run. Run the same command again.")
    rejected: Counter[tuple[str, str | None]] = Counter()
    for counted in counts.values():
        rejected.update({(status, field): count for status, field, count in counted["faults"]})
    name_output(source, output, names, work, sorted(counts), rejected=bool(rejected))
    left = None if remove_parts(parts) else parts
    rejected_file = rejected_of(output) if rejected else None
    columns = tuple(
        f"{column.input} is {heading!r}{f' in {column.unit}' if column.unit else ''}"
        for heading, column in source.inputs.items()
        if heading != column.input
    )
    return Outcome(total(counts, "rows"), resumed_rows, rejected, rejected_file, left, columns)


def name_output(
    source: Source, output: Path, names: list[str], work: Work, order: list[int], *, rejected: bool
) -> None:
    """Join the parts, and name the output and its rejected rows when both are complete."""
    rejected_file, unfinished = rejected_of(output), {}
    if rejected:
        heading = ["row", "status", "status_field", *source.schema.names]
        parts = [work.part(index, REJECTED) for index in order]
        unfinished[rejected_file] = written(
            rejected_file, work.directory, lambda file: join(parts, "csv", heading, file), output
        )
    estimates = [work.part(index, work.ending) for index in order]
    if work.estimates == work.directory:
        unfinished[output] = written(
            output, work.directory, lambda file: join(estimates, work.kind, names, file, packed=is_gz(output)), output
        )
    else:
        unfinished[output] = work.estimates
    if not rejected and is_made(rejected_file, output):
        rejected_file.unlink()  # from an earlier run with this output
    for path, file in unfinished.items():
        give_name(file, path, output)


@contextmanager
def flushing(*, wanted: bool) -> Iterator[Callable[[Path], object]]:
    """Give a function that sends a file to the disk while others are computed, and wait for all at the end."""
    with futures.ThreadPoolExecutor(1) as disk:
        flushed: list[futures.Future[None]] = []
        yield lambda path: flushed.append(disk.submit(reach_disk, path)) if wanted else None
        for one in flushed:
            one.result()


def reach_disk(path: Path) -> None:
    """Wait until the content of a file is on the disk."""
    with path.open("rb") as content:
        os.fsync(content.fileno())


def kind_of_parts(output: Path, options: Options) -> str:
    """Return the kind of the parts of an output: Arrow for one Parquet file, otherwise the kind of the output."""
    if options.folder:
        if output.suffix.lower() in KINDS and kind_of(output) != "parquet":
            raise BadFile(f"{output.name}: a folder contains Parquet files. Choose a name without {output.suffix}.")
        return "parquet"
    return "arrow" if kind_of(output) == "parquet" else kind_of(output)


def parts_of(output: Path) -> Path:
    """Return the folder of the parts of an output."""
    return output.with_name(f"{output.name}.parts")


def rejected_of(output: Path) -> Path:
    """Return the file of the rows without an estimate."""
    return output.with_name(f"{without_gz(output).stem}.rejected.csv")


def total(counts: dict[int, Any], what: str) -> Any:
    """Return a sum over parts."""
    return sum(part[what] for part in counts.values())


def names_of(source: Source, options: Options, kind: str) -> list[str]:
    """Return the column names of an output; raise if the options cannot be met."""
    kept = pa.schema([source.schema.field(name) for name in options.keep])
    for field in kept:
        refuse_unsupported_type(field, kind)
    try:
        names: list[str] = schema_of(kept, options.fields).names
    except Conflict as error:
        raise BadFile(f"--fields: {error.message}") from None
    if twice := [name for name in options.keep if names.count(name) > 1]:
        fix = "Rename it." if twice[0] in STATUS_COLUMNS else "Rename it, or choose other --fields."
        raise BadFile(f"--keep {twice[0]}: the output has another column with this name. {fix}")
    return names


def fingerprint(source: Path, output: Path, options: Options) -> str:
    """Return a hash of everything that the parts of a run depend on."""
    with reading(source):
        found = source.stat()
    parts = [source.resolve(), found.st_size, found.st_mtime_ns, kind_of_parts(output, options), options.fields]
    parts += [options.maps, options.constants, options.ignore_others]
    parts += [options.keep, options.partition_rows, __version__, models_hash(), pa.__version__]
    return hashlib.sha256(json.dumps(parts, default=str).encode()).hexdigest()[:16]


def computed(source: Source, work: Work, options: Options, done: dict[int, Any]) -> Iterator[tuple[int, Any]]:
    """Compute the parts that are missing, and yield the counts of each when it is written."""
    opened = executor_of(WORKING, options.workers, engine=options.engine, scheduler=options.scheduler)
    with opened as (executor, processes):
        blocks = source.blocks(options.partition_rows, frozenset(done))
        pending: dict[futures.Future[Any], int] = {}
        while True:
            while len(pending) < AHEAD * processes() and (block := next(blocks, None)):
                pending[executor.submit(compute_block, block, work)] = block.place
            if not pending:
                return
            for future in futures.wait(pending, return_when=futures.FIRST_COMPLETED).done:
                index = pending.pop(future)
                counted, files = future.result()
                if files:
                    write_part(index, work, files)
                yield index, counted
