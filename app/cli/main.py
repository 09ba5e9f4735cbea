"""The command line: `estimate`, `solve`, `plan`, `workout` ask; `bulk`; `serve`, `settings`, `key`, `openapi`.

Each command imports what it runs when it runs, so that `retrorun --help` answers at once.
"""

import argparse
import io
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import Any, Final, NamedTuple, NoReturn, TextIO

from retrorun.app.settings import SETTINGS, BadSetting, from_environment, variable, warnings, written
from retrorun.app.streams import lead_nowhere, open_streams, say
from retrorun.models import __version__

DONE: Final = 0
FAILED: Final = 1
"""Something did not answer, could not be listened on, or is not installed."""
MISTAKEN: Final = 2
"""The request or the command is to be mended."""

PORT_HIGH: Final = 65_535
WIDTH: Final = 100
INDENT: Final = "    "


class Asking(NamedTuple):
    """The help of a command that asks one of the service's questions."""

    description: str
    """Its first sentence stands in the list of commands too."""
    examples: tuple[str, ...]
    """The first is shown as the usage too."""


ASKING: Final = {
    "estimate": Asking(
        "Estimate one bout. Give --mass, and two of --speed, --duration and --distance.",
        (
            "--mass 70kg --speed 10km/h --duration 20min",
            "--mass 154lb --speed 8:30min/mile --distance 3.1mi --age 34 --sex female --height 5ft6",
            "--mass 70kg --speed 5:30min/km --distance 10km --grade 5% --equal metabolic_rate --json",
        ),
    ),
    "solve": Asking(
        "Find the bout, speed or range of speeds that meets a target. Say what to --find, and give the target by name.",
        (
            "--find bout --mass 70kg --total-energy 300kcal --speed 9km/h",
            "--find speed --mass 70kg --oxygen-uptake 35ml/kg/min --gait run",
            "--find equal-cost-speed --mass 70kg --speed 5:30min/km",
            "--find level-speed --mass 70kg --speed 9km/h --grade 5%",
            "--find speed-range --mass 70kg --patellofemoral-peak-force 4BW --gait run",
        ),
    ),
    "plan": Asking(
        "Plan bouts forward and backward. Give --duration for the most active energy in it, or --active-energy and an "
        "--indicator for the least load.",
        (
            "--goal most-energy --mass 70kg --duration 20min --limit patellofemoral-impulse-per-bout=900",
            "--goal least-load --mass 70kg --active-energy 150kcal --indicator peak-vertical-force",
        ),
    ),
    "workout": Asking(
        "Sum up a workout of a file, as given and reversed. FILE is one as JSON, the body of POST /workout, or a GPX, "
        "TCX or FIT file of a watch, told by its content; - is the standard input. An option replaces what a JSON "
        "workout says.",
        (
            "intervals.json",
            "morning.fit --mass 70kg --backward 10:00-20:00 --backward 31:00-",
        ),
    ),
}


class Parser(argparse.ArgumentParser):
    """A parser that says in one line what is wrong."""

    def error(self, message: str) -> NoReturn:
        """Say what is wrong and where help is, and leave."""
        complain(f"{message}; see {self.prog} --help.")
        sys.exit(MISTAKEN)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        What follows the program's name; that of this process when left out.

    Returns
    -------
    int
        Exit code: 0 done, 1 something did not answer or is not installed, 2 the request or the command is to be mended.
    """
    closed = open_streams()
    for stream in (sys.stdout, sys.stderr):
        lenient(stream)
    words = joined(sys.argv[1:] if arguments is None else arguments)
    parser = command_line(words)
    chosen, unknown = parser.parse_known_args(words)
    if unknown:
        # Of the command, whose help lists what there is; parse_args would point to the help of the program.
        chosen.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if chosen.command is None:
        parser.print_help(sys.stderr)
        return MISTAKEN
    serving = chosen.command is serve
    answering = chosen.command not in {serve, bulk}
    if serving and "stdout" in closed:
        complain("Standard output is closed: there is no log.")
    try:
        code: int = chosen.command(chosen)
        if sys.stdout is not None:  # as it is where standard output was closed
            sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read the output has seen enough; the interpreter would complain when it closes stdout.
        lead_nowhere(sys.stdout.fileno())
        return FAILED
    except OSError as error:
        if error.filename is not None:
            raise
        complain(f"Standard output cannot be written: {error.strerror}.")
        lead_nowhere(sys.stdout.fileno())
        return FAILED
    if code == DONE and "stdout" in closed and answering:
        complain("Standard output is closed: the answer is lost.")
        return FAILED
    return code


def command_line(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser; the options of a question need the models, and are there only when it is among the words."""
    parser = Parser(
        prog="retrorun",
        description="What a bout of running or walking costs, forward and backward.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"retrorun {__version__}")
    parser.set_defaults(command=None, parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], **options: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(name, allow_abbrev=False, **options)
        added.set_defaults(command=command, parser=added)
        return added

    serve_parser = add("serve", serve, help="run the HTTP service")
    host_default, port_default = SETTINGS["host"].default, SETTINGS["port"].default
    serve_parser.add_argument("--host", help=f"address to listen on (RETRORUN_HOST, else {host_default})")
    serve_parser.add_argument(
        "--port", type=port, help=f"port, 0 for any free one (RETRORUN_PORT, else {port_default})"
    )

    means = "List each setting: its variable, value, default, bounds and meaning."
    settings_parser = add("settings", settings, help="list what the environment can set", description=means)
    settings_parser.add_argument("--json", action="store_true", help="as JSON")

    for name, asking in ASKING.items():
        asking_parser = add(
            name,
            asked,
            help=asking.description.partition(".")[0].lower(),
            description=textwrap.fill(asking.description, WIDTH),
            usage=f"%(prog)s {asking.examples[0]} [options]",
            epilog="examples:\n" + "".join(f"  retrorun {name} {example}\n" for example in asking.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        asking_parser.set_defaults(question=name)
        if name == "workout":
            asking_parser.add_argument("file", metavar="FILE", help="the workout, or - for the standard input")
        if name in words:
            from retrorun.app.cli.options import add_options
            from retrorun.app.cli.questions import OPTIONS_OF

            add_options(asking_parser, OPTIONS_OF[name])

    bulk_parser = add("bulk", bulk, help="estimate every row of a Parquet, CSV or JSON Lines file")
    if "bulk" in words:
        from retrorun.app.bulk.options import add_bulk_options

        add_bulk_options(bulk_parser)

    key_parser = add("key", key, help="make an API key")
    key_parser.add_argument("action", choices=["new"], help="new: print a new key, and its line for the file of keys")
    key_parser.add_argument("--name", default="key", help="whose it is, once in a file (%(default)s)")

    add("openapi", openapi, help="print the OpenAPI contract")
    return parser


def joined(words: Sequence[str]) -> list[str]:
    """Return the arguments with a negative amount joined to its option: to argparse, -5% is an option itself.

    Examples
    --------
    >>> joined(["--grade", "-5%", "--json"])
    ['--grade=-5%', '--json']
    """
    result: list[str] = []
    for word in words:
        if re.match(r"-[.0-9]", word) and result and re.fullmatch(r"--[a-z-]+", result[-1]):
            result[-1] += f"={word}"
        else:
            result.append(word)
    return result


def port(text: str) -> int:
    """Return a port number, for argparse."""
    if not text.isdecimal() or int(text) > PORT_HIGH:
        raise argparse.ArgumentTypeError(f"give a number from 0 to {PORT_HIGH}")
    return int(text)


def serve(chosen: argparse.Namespace) -> int:
    """Run the service until it is told to stop."""
    try:
        chosen_settings = from_environment(os.environ, host=chosen.host, port=chosen.port)
    except BadSetting as error:
        complain(str(error))
        return MISTAKEN
    complain(*warnings(os.environ))
    from retrorun.app.http.access import BadKeys
    from retrorun.app.observe.tracing import NoTracing
    from retrorun.app.server.server import CannotListen, run

    try:
        run(chosen_settings)
    except (BadKeys, NoTracing) as error:
        complain(str(error))
        return MISTAKEN
    except CannotListen as error:
        complain(str(error))
        return FAILED
    return DONE


def settings(chosen: argparse.Namespace) -> int:
    """Print every setting as it is here."""
    try:
        current = from_environment(os.environ)
    except BadSetting as error:
        complain(str(error))
        return MISTAKEN
    complain(*warnings(os.environ))
    listed = [
        {
            "name": variable(name),
            "value": written(getattr(current, name)),
            "default": written(known.default),
            "expected": known.metadata["expected"],
            "meaning": known.metadata["meaning"],
        }
        for name, known in SETTINGS.items()
    ]
    if chosen.json:
        print(json.dumps(listed, indent=2))
        return DONE
    for entry in listed:
        default = "" if entry["value"] == entry["default"] else f" (default {entry['default'] or 'none'})"
        print(f"{entry['name']}={entry['value']}{default}")
        print(
            textwrap.fill(
                f"{entry['meaning']} Give {entry['expected']}.", WIDTH, initial_indent=INDENT, subsequent_indent=INDENT
            )
        )
    return DONE


def bulk(chosen: argparse.Namespace) -> int:
    """Estimate every row of a file into another."""
    try:
        from retrorun.app.bulk.command import Failed, bulk_of
        from retrorun.app.bulk.source import BadFile

        try:
            print(bulk_of(chosen))
        except BadFile as error:
            complain(str(error))
            return MISTAKEN
        except Failed as error:
            complain(str(error))
            return FAILED
    except ImportError as error:
        complain(not_loaded(error))
        return FAILED
    return DONE


def not_loaded(error: ImportError) -> str:
    """Return why a library of `retrorun bulk` is not there."""
    if isinstance(error, ModuleNotFoundError):
        return f"{error.name} is not installed: retrorun bulk needs the extra retrorun[bulk], with Dask retrorun[dask]."
    return f"A library that retrorun bulk needs is installed, but does not load: {error}"


def key(chosen: argparse.Namespace) -> int:
    """Print a new API key, which is nowhere kept, and the line that lets it in."""
    from retrorun.app.http.access import BadKeys, line_of, new_key

    made = new_key()
    try:
        line = line_of(chosen.name, made)
    except BadKeys as error:
        complain(str(error))
        return MISTAKEN
    print(f"Key, for the caller, shown only now: {made}")
    print(f"Line, for the file of keys:          {line}")
    return DONE


def openapi(_: argparse.Namespace) -> int:
    """Print the contract."""
    from retrorun.app.contract.openapi import contract_text
    from retrorun.app.main import create_app

    write(contract_text(create_app()).encode())
    return DONE


def asked(chosen: argparse.Namespace) -> int:
    """Print the answer to a question, as a table or as the service gives it, or what to mend."""
    if chosen.question == "workout":
        from retrorun.app.cli.workout_file import answer
    else:
        from retrorun.app.cli.questions import answer
    from retrorun.app.cli.client import NoAnswer
    from retrorun.app.cli.options import Mistaken, typed

    try:
        request, content = answer(chosen)
    except Mistaken as error:
        complain(*error.lines)
        return MISTAKEN
    except NoAnswer as error:
        complain(str(error))
        return FAILED
    if chosen.json:
        write(content + b"\n")
        return DONE
    from retrorun.app.cli.answer_table import table
    from retrorun.app.cli.terminal import Page, plain

    columns = shutil.get_terminal_size().columns
    page = Page(columns, bold=takes_bold(sys.stdout), blocks=takes_blocks(sys.stdout), typed=typed(vars(chosen)))
    text = table(chosen.question, json.loads(content), request, page)
    sys.stdout.write(text if page.blocks else plain(text))
    return DONE


def complain(*lines: str) -> None:
    """Print lines on stderr, under the program's name."""
    say(*(f"retrorun: {line}" for line in lines))


def write(content: bytes) -> None:
    """Print bytes as they are, whatever the encoding of the terminal."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)


def takes_bold(stream: TextIO) -> bool:
    """Say whether a stream is a terminal that shows bold, and may (see no-color.org)."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM", "dumb") != "dumb"


def takes_blocks(stream: TextIO) -> bool:
    """Say whether a stream's encoding has block elements."""
    return (stream.encoding or "").lower().replace("-", "").startswith("utf8")


def lenient(stream: TextIO) -> None:
    """Print a question mark for a character that the terminal's encoding does not have, instead of failing."""
    if isinstance(stream, io.TextIOWrapper):
        stream.reconfigure(errors="replace")
