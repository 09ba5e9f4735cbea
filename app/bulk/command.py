"""Run `retrorun bulk`: estimate every row of a Parquet, CSV or JSON Lines file."""

import argparse
import os
from concurrent.futures import BrokenExecutor, CancelledError
from difflib import get_close_matches
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from textwrap import wrap
from typing import Any, Final

import pyarrow as pa
from tqdm import tqdm

from retrorun.app.bulk.run import Options, Outcome, Progress, run
from retrorun.app.bulk.source import FIX, BadFile, NotRead
from retrorun.app.formats.record_batches import input_schema, output_schema
from retrorun.models.columns.names import ALL_WORDS, INPUT_COLUMNS, WORDS
from retrorun.models.vocabulary.quantities import UCUM

SHOWN: Final = 10
INDENT: Final = "    "
UNITS: Final = {ucum: unit for unit, ucum in UCUM.items()}
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
    for name, _ in given.get("maps", ()):
        if name not in INPUT_COLUMNS:
            near = get_close_matches(name, INPUT_COLUMNS, n=1)
            hint = f"Did you mean {near[0]}?" if near else "See --list-fields."
            raise BadFile(f"--map {name}: unknown input. {hint}")
        if [other for other, _ in given["maps"]].count(name) > 1:
            raise BadFile(f"--map {name}: give it once.")
    given["maps"] = tuple(given.get("maps", ()))
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
    if outcome.columns:
        lines.append(f"Read: {'; '.join(outcome.columns)}.")
    for (status, field), count in outcome.rejected.most_common(SHOWN):
        lines.append(f"  {spaced(count)}  {status} {field or ''}".rstrip())
    if len(outcome.rejected) > SHOWN:
        lines.append("  ...")
    if outcome.rejected_file:
        lines.append(f"Rejected rows are in {outcome.rejected_file}.")
    if outcome.left:
        lines.append(f"{outcome.left} was not removed: it contains files that no run wrote.")
    return "\n".join(lines)


def fields_text(width: int) -> str:
    """Return every column of an input and of an output, with its unit and meaning, for a terminal of this width."""
    lines = []
    for title, schema in (
        (
            "Columns of an input: body_mass_kg and two of speed_m_s, duration_s and distance_m; the rest is optional",
            input_schema(),
        ),
        ("Columns of an output: status and status_field, and all others or those of --fields", output_schema()),
    ):
        lines += [title, ""]
        for field in schema:
            ucum = field.metadata.get(b"ucum", b"").decode()
            unit = UNITS.get(ucum, ucum)
            heading = f"{field.name} [{unit}]" if unit not in ("", "1") else field.name
            meaning = field.metadata[b"description"].decode()
            if field.name in ALL_WORDS:
                meaning += f" One of: {', '.join(WORDS[ALL_WORDS[field.name]])}."
            lines += [
                heading,
                *wrap(meaning, max(width, len(INDENT) + 1), initial_indent=INDENT, subsequent_indent=INDENT),
            ]
        lines.append("")
    return "\n".join(lines[:-1])


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
