"""Run `retrorun bulk`: estimate every row of a Parquet, CSV or JSON Lines file."""

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
from retrorun.app.bulk.source import FIX, BadFile, NotRead

SHOWN: Final = 10
AGAIN: Final = "Run the same command again to continue."


class Failed(Exception):
    """The run ended before its output was complete. The message says what to do."""


def bulk_of(chosen: argparse.Namespace) -> str:
    """Run the command, and return its summary.

    Raises
    ------
    BadFile
        The files or options are wrong.
    Failed
        The run ended early.
    """
    given = {name: getattr(chosen, name) for name in Options._fields if getattr(chosen, name, None) is not None}
    options = Options(**given, folder=chosen.output.endswith(("/", os.sep)))
    output = Path(chosen.output)
    if options.scheduler and options.engine != "dask":
        raise BadFile("--scheduler needs --engine dask.")
    try:
        # tqdm shows nothing on a terminal of unknown size. `disable=None` shows the bar only on a terminal.
        columns, rows = get_terminal_size()
        with tqdm(unit=" rows", unit_scale=True, ncols=columns, nrows=rows, disable=None) as bar:
            outcome = run(chosen.input, output, options, partial(show, bar))
    except KeyboardInterrupt:
        raise Failed(f"Stopped. {AGAIN}") from None
    except BrokenExecutor:
        raise Failed(f"A worker process was ended, perhaps because memory ran out. {AGAIN}") from None
    except CancelledError:
        raise Failed("The Dask scheduler was ended. Start one, then run the same command again to continue.") from None
    except NotRead as error:
        raise Failed(str(error)) from None
    except pa.ArrowException as error:
        raise Failed(f"{chosen.input.name} cannot be written as {output.name}: {error}") from None
    except OSError as error:
        reason = f"{error.filename or output}: {error.strerror or error}"
        raise Failed(f"Cannot write the output {reason}. {FIX}") from None
    return summary(outcome)


def summary(outcome: Outcome) -> str:
    """Return the counts of a run, and why rows have no estimate."""
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
        lines.append(f"{outcome.left} was not removed: it contains files that no run wrote.")
    return "\n".join(lines)


def show(bar: Any, progress: Progress) -> None:
    """Show the progress of a run. The total number of rows follows from the share that is done."""
    bar.initial = progress.resumed_rows
    bar.total = round(progress.rows / progress.share)
    bar.update(progress.rows - bar.n)


def spaced(number: int) -> str:
    """Return a number with spaces between its thousands.

    Examples
    --------
    >>> spaced(1234567)
    '1 234 567'
    """
    return f"{number:,}".replace(",", " ")
