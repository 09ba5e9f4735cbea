"""Run `retrorun strava`: answer each activity of an export, and write a table and a page. Nothing is sent anywhere."""

import argparse
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent import futures
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from shutil import get_terminal_size
from typing import Any, Final

from tqdm import tqdm

from retrorun.app.bulk.command import Failed, spaced
from retrorun.app.bulk.files import give_name, refuse_unless_made, written
from retrorun.app.bulk.source import BadFile, NotRead, kind_of
from retrorun.app.processes.pool import AHEAD, executor_of
from retrorun.app.strava.activity import OTHER_SPORT, Answered, answered, is_on_foot
from retrorun.app.strava.export import Activity, Export
from retrorun.app.strava.page import page
from retrorun.app.strava.summary import Summary
from retrorun.app.strava.table import row_of, write_table
from retrorun.models.physiology.uncertainty import DEFAULT_INTERVAL
from retrorun.models.vocabulary.errors import Undefined

WORKING: Final = "retrorun.app.strava.activity"
"""The module that the processes need."""
NOT_ON_FOOT: Final = "This activity is not a run, walk or hike."
NOTHING_WRITTEN: Final = "No file was written."


def strava_of(chosen: argparse.Namespace, request: dict[str, Any]) -> str:
    """Run the command, and return its summary.

    Parameters
    ----------
    chosen : namespace
        The files, and the number of processes.
    request : dict
        The facts about the person.

    Raises
    ------
    BadFile
        The export or the names of the outputs are wrong.
    Failed
        The run ended early.
    """
    output = chosen.output or Path(f"{chosen.export.stem}.csv")
    site = chosen.page or output.with_suffix(".html")
    kind = kind_of(output)
    paths = [path.resolve() for path in (chosen.export, output, site)]
    if len(set(paths)) < len(paths):
        raise BadFile("The export, the table and the page need different names. Choose --output and --page.")
    for path in (output, site):
        if path.is_dir() or not path.parent.is_dir():
            raise BadFile(f"{path} cannot be written: it is a folder, or its folder does not exist.")
        refuse_unless_made(path, path)
    summary = Summary(request.get("interval", DEFAULT_INTERVAL))
    try:
        write(chosen, request, summary, {"table": output, "page": site}, kind)
    except KeyboardInterrupt:
        raise Failed(f"Stopped. {NOTHING_WRITTEN}") from None
    except futures.BrokenExecutor:
        raise Failed(f"A worker process was ended, perhaps because memory ran out. {NOTHING_WRITTEN}") from None
    except NotRead as error:
        raise Failed(str(error)) from None
    except OSError as error:
        raise Failed(f"Cannot read or write {error.filename or output}: {error.strerror or error}.") from None
    return words(summary, output, site)


def write(
    chosen: argparse.Namespace, request: dict[str, Any], summary: Summary, outputs: dict[str, Path], kind: str
) -> None:
    """Write the table and the page under temporary names, and name both when they are complete."""
    table, site = outputs["table"], outputs["page"]
    columns, rows = get_terminal_size()
    with ExitStack() as unnamed:
        with Export(chosen.export) as export:
            activities = list(export.activities())
            with tqdm(activities, unit=" activities", ncols=columns, nrows=rows, disable=None) as bar:
                lines = table_rows(answers(export, bar, request, chosen.workers), summary)
                table_file = written(table, table.parent, partial(write_table, lines, kind), table)
        unnamed.callback(table_file.unlink, missing_ok=True)
        content = page(summary).encode()
        page_file = written(site, site.parent, lambda file: file.write(content), site)
        unnamed.callback(page_file.unlink, missing_ok=True)
        give_name(table_file, table, table)
        give_name(page_file, site, site)


def table_rows(answers: Iterator[Answered], summary: Summary) -> Iterator[dict[str, Any]]:
    """Yield the row of each activity, and add it to the summary."""
    for found in answers:
        summary.add(found)
        yield row_of(found)


def answers(
    export: Export, activities: Sequence[Activity], request: dict[str, Any], workers: int | None
) -> Iterator[Answered]:
    """Yield the answer to each activity, in order. Only a few recordings are in memory at once."""
    with executor_of(WORKING, workers) as (executor, processes):
        pending: deque[futures.Future[Answered]] = deque()
        for activity in activities:
            pending.append(answer_of(export, activity, request, executor))
            while len(pending) >= AHEAD * processes():
                yield pending.popleft().result()
        while pending:
            yield pending.popleft().result()


def answer_of(
    export: Export, activity: Activity, request: dict[str, Any], executor: futures.Executor
) -> "futures.Future[Answered]":
    """Return the answer to an activity, which another process may compute."""
    known: futures.Future[Answered] = futures.Future()
    if not is_on_foot(activity.activity_type):
        known.set_result(Answered(activity, OTHER_SPORT, NOT_ON_FOOT))
        return known
    try:
        content = export.content(activity.file) if activity.file else None
    except Undefined as error:
        known.set_result(Answered(activity, error.code, error.message))
        return known
    return executor.submit(answered, activity, content, request)


def words(summary: Summary, output: Path, site: Path) -> str:
    """Return the counts of a run, and where the results are."""
    others, problems = summary.other_sports, summary.problems
    noun = "activity" if summary.activities == 1 else "activities"
    lines = [
        f"{spaced(summary.activities)} {noun}: {spaced(len(summary.lines))} answered, {spaced(others.total())} of "
        f"other sports left out, {spaced(problems.total())} not answered."
    ]
    for title, counted in (("Left out:", others), ("Not answered:", problems)):
        if counted:
            lines.append(title)
        lines += [
            f"  {spaced(count)}  {printable(name) or 'no activity type'}" for name, count in counted.most_common()
        ]
    return "\n".join([*lines, f"Table: {output}", f"Page: {site}", "Nothing was sent anywhere."])


def printable(text: str) -> str:
    r"""Return a text of an export without characters that a terminal obeys.

    Examples
    --------
    >>> printable("Ride\x1b[2J")
    'Ride?[2J'
    """
    return "".join(character if character.isprintable() else "?" for character in text)
