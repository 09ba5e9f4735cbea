"""`retrorun bulk`: every row of a Parquet, CSV or JSON Lines file, estimated into another."""

import argparse
import os
from concurrent.futures import BrokenExecutor, CancelledError
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, Final

import pyarrow as pa
from tqdm import tqdm

from retrorun.app.bulk.run import Options, Outcome, Progress, run
from retrorun.app.bulk.source import BadFile, NotRead

SHOWN: Final = 10
AGAIN: Final = "the same command goes on where it stopped"


class Failed(Exception):
    """A run that ended before its output was whole, with what to do."""


def bulk_of(chosen: argparse.Namespace) -> str:
    """Run the command, and return its summary.

    Raises
    ------
    BadFile
        The files or options are to be mended.
    Failed
        Something ended the run.
    """
    given = {name: getattr(chosen, name) for name in Options._fields if getattr(chosen, name, None) is not None}
    options = Options(**given, folder=chosen.output.endswith(("/", os.sep)))
    output = Path(chosen.output)
    if options.scheduler and options.engine != "dask":
        raise BadFile("--scheduler goes with --engine dask.")
    try:
        # tqdm shows nothing on a terminal that does not know its size; `disable=None` is off but on a terminal.
        columns, rows = get_terminal_size()
        with tqdm(unit=" rows", unit_scale=True, ncols=columns, nrows=rows, disable=None) as bar:
            outcome = run(chosen.input, output, options, partial(show, bar))
    except KeyboardInterrupt:
        raise Failed(f"Stopped; {AGAIN}.") from None
    except BrokenExecutor:
        raise Failed(f"A process that computes was ended, perhaps for want of memory; {AGAIN}.") from None
    except CancelledError:
        raise Failed(f"The scheduler was ended; {AGAIN}, with one that runs.") from None
    except NotRead as error:
        raise Failed(f"The input was not read: {error}. Once that is fixed, {AGAIN}.") from None
    except pa.ArrowException as error:
        raise Failed(f"{chosen.input.name} cannot be written as {output.name}: {error}") from None
    except OSError as error:
        said = f"{error.filename or output}: {error.strerror or error}"
        raise Failed(f"The output was not written: {said}. Once that is fixed, {AGAIN}.") from None
    return summary(outcome)


def summary(outcome: Outcome) -> str:
    """Return what a run did, and which rows have no estimate."""
    rejected = outcome.rejected.total()
    text = f"{spaced(outcome.rows)} rows: {spaced(outcome.rows - rejected)} estimated, {spaced(rejected)} rejected"
    if outcome.resumed_rows:
        text += f"; {spaced(outcome.resumed_rows)} of them by an earlier run"
    lines = [text + "."]
    for (status, field), count in outcome.rejected.most_common(SHOWN):
        lines.append(f"  {spaced(count)}  {status} {field or ''}".rstrip())
    if len(outcome.rejected) > SHOWN:
        lines.append("  ...")
    if outcome.rejected_file:
        lines.append(f"Rejected rows are in {outcome.rejected_file}.")
    if outcome.left:
        lines.append(f"{outcome.left} holds what no run made, and is left.")
    return "\n".join(lines)


def show(bar: Any, progress: Progress) -> None:
    """Show how far a run is: the rows of the whole file follow from the share of it that is done."""
    bar.initial = progress.resumed_rows
    bar.total = round(progress.rows / progress.share)
    bar.update(progress.rows - bar.n)


def spaced(number: int) -> str:
    """Return a number with blanks between its thousands.

    Examples
    --------
    >>> spaced(1234567)
    '1 234 567'
    """
    return f"{number:,}".replace(",", " ")
