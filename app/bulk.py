"""`retrorun bulk`: every row of a Parquet, CSV or JSON Lines file, estimated into another."""

import argparse
import os
import sys
from concurrent.futures import BrokenExecutor, CancelledError
from pathlib import Path
from time import monotonic
from typing import Final, TextIO

import pyarrow as pa

from app.bulk_run import Far, Options, Outcome, run
from app.bulk_source import BadFile, NotRead

BAR: Final = 24
EVERY_S: Final = 0.2
SECONDS: Final = 60
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
    progress = Progress(sys.stderr)
    try:
        outcome = run(chosen.input, output, options, progress)
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
    finally:
        progress.close()
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


class Progress:
    """A line on a terminal that says how far a run is; nothing elsewhere."""

    def __init__(self, stream: TextIO) -> None:
        self.stream = stream if stream.isatty() else None
        self.start = monotonic()
        self.said: float | None = None

    def __call__(self, far: Far) -> None:
        """Say how far it is."""
        now = monotonic()
        if self.stream and (self.said is None or now - self.said > EVERY_S or far.share >= 1):
            self.said = now
            self.write(f"\r{line(far, now - self.start)}\x1b[K")

    def close(self) -> None:
        """Leave the line."""
        if self.stream and self.said is not None:
            self.write("\n")

    def write(self, text: str) -> None:
        """Write, and be silent once nobody reads it: the terminal may be closed while the run goes on."""
        try:
            if self.stream:
                self.stream.write(text)
                self.stream.flush()
        except OSError:
            self.stream = None


def line(far: Far, elapsed_s: float) -> str:
    """Return how far a run is: its bar, rows of this run, their rate, and the time left at it.

    Examples
    --------
    >>> line(Far(share=0.25, share_now=0.25, rows_now=1_000_000), 10.0)
    '[######..................] 25 %  1 000 000 rows  100 000 rows/s  0:30 left'
    """
    full = round(far.share * BAR)
    text = f"[{'#' * full}{'.' * (BAR - full)}] {far.share:.0%}".replace("%", " %") + f"  {spaced(far.rows_now)} rows"
    if not elapsed_s or not far.share_now:
        return text
    minutes, seconds = divmod(round(elapsed_s * max(0, 1 - far.share) / far.share_now), SECONDS)
    return f"{text}  {spaced(round(far.rows_now / elapsed_s))} rows/s  {minutes}:{seconds:02} left"


def spaced(number: int) -> str:
    """Return a number with blanks between its thousands.

    Examples
    --------
    >>> spaced(1234567)
    '1 234 567'
    """
    return f"{number:,}".replace(",", " ")
