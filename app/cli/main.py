"""The command line: `estimate`, `solve`, `plan`, `workout`, `bulk`, `strava`, `serve`, `check`, `mcp` and others.

Each command imports its code only when it runs, so `retrorun --help` is fast.
"""

import argparse
import json
import os
import re
import shutil
import sys
import textwrap
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any, Final, NoReturn, get_type_hints

from retrorun.app.cli.check.options import add_check_options
from retrorun.app.cli.help import QUESTION_HELP
from retrorun.app.cli.help.install import import_problem
from retrorun.app.settings import SETTINGS, BadSetting, from_environment, variable, warnings, written
from retrorun.app.streams import (
    open_streams,
    redirect_to_null,
    replace_unencodable,
    say,
    supports_blocks,
    supports_bold,
)
from retrorun.models import __version__

if TYPE_CHECKING:
    from retrorun.app.cli.workout_file import FileAnswer

DONE: Final = 0
FAILED: Final = 1
"""A service did not answer or differs, a port is in use, or a library is not installed."""
INVALID: Final = 2
"""The user must fix the command or the request."""

PORT_HIGH: Final = 65_535
WIDTH: Final = 100
INDENT: Final = "    "


class Parser(argparse.ArgumentParser):
    """A parser that reports an error in one line."""

    def error(self, message: str) -> NoReturn:
        """Print the error and the command that shows the help, and exit."""
        print_errors(f"{message}; see {self.prog} --help.")
        sys.exit(INVALID)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command line.

    Parameters
    ----------
    arguments : sequence of str, optional
        The words after the program's name. Without it, those of this process.

    Returns
    -------
    int
        Exit code: 0 done; 1 something did not answer, differs or is not installed; 2 the user must fix the command or
        request, or `check` found no service.
    """
    closed = open_streams()
    for stream in (sys.stdout, sys.stderr):
        replace_unencodable(stream)
    words = joined(sys.argv[1:] if arguments is None else arguments)
    parser = command_line(words)
    chosen, unknown = parser.parse_known_args(words)
    if unknown:
        # The help of the command lists its options; parse_args would point to the help of the program.
        chosen.parser.error(f"unrecognized arguments: {' '.join(unknown)}")
    if chosen.command is None:
        parser.print_help(sys.stderr)
        return INVALID
    serving = chosen.command is serve
    answering = chosen.command not in {serve, mcp, bulk, strava}
    if serving and "stdout" in closed:
        print_errors("Standard output is closed, so there is no log.")
    try:
        code: int = chosen.command(chosen)
        if sys.stdout is not None:  # None if standard output was closed
            sys.stdout.flush()
    except BrokenPipeError:
        # The reader of the output has closed it. The interpreter would print an error when it closes stdout.
        redirect_to_null(sys.stdout.fileno())
        return FAILED
    except OSError as error:
        if error.filename is not None:
            raise
        print_errors(f"Cannot write to standard output: {error.strerror}.")
        redirect_to_null(sys.stdout.fileno())
        return FAILED
    if code == DONE and "stdout" in closed and answering:
        print_errors("Standard output is closed, so the answer is lost.")
        return FAILED
    return code


def command_line(words: Sequence[str]) -> argparse.ArgumentParser:
    """Return the parser.

    The options of a question need the models, so they are added only if the words name that question.
    """
    parser = Parser(
        prog="retrorun",
        description="Estimate the energy and joint loads of a run or walk, forward and backward.",
        allow_abbrev=False,
    )
    parser.add_argument("--version", action="version", version=f"retrorun {__version__}")
    parser.set_defaults(command=None, parser=parser)
    commands = parser.add_subparsers(title="commands", metavar="COMMAND")

    def add(name: str, command: Callable[[argparse.Namespace], int], **options: Any) -> argparse.ArgumentParser:
        added = commands.add_parser(name, allow_abbrev=False, **options)
        added.set_defaults(command=command, parser=added)
        return added

    means = "Run the HTTP service until you press Ctrl-C."
    serve_parser = add("serve", serve, help="run the HTTP service", description=means)
    host_default, port_default = SETTINGS["host"].default, SETTINGS["port"].default
    serve_parser.add_argument("--host", help=f"address to listen on (default: RETRORUN_HOST, or {host_default})")
    serve_parser.add_argument(
        "--port", type=port, help=f"port; 0 chooses a free one (default: RETRORUN_PORT, or {port_default})"
    )

    serve_parser.add_argument(
        "--workers",
        type=workers,
        metavar="N",
        help="processes that serve the port, on a machine with several cores; auto: one for each core "
        "(default: RETRORUN_WORKERS, or 1)",
    )

    means = "Serve the tools estimate, solve, plan and evidence to a client of the Model Context Protocol."
    mcp_parser = add("mcp", mcp, help="serve tools of the Model Context Protocol", description=means)
    if "mcp" in words:
        from retrorun.app.mcp.options import add_mcp_options

        add_mcp_options(mcp_parser, port)

    means = "List each setting of the service: its environment variable, value, default, bounds and meaning."
    settings_parser = add("settings", settings, help="list the settings of the service", description=means)
    settings_parser.add_argument("--json", action="store_true", help="print JSON")

    for name, question_help in QUESTION_HELP.items():
        question_parser = add(
            name,
            answer_question,
            help=question_help.description.partition(".")[0].lower(),
            description=textwrap.fill(question_help.description, WIDTH),
            usage=f"%(prog)s {question_help.examples[0]} [options]",
            epilog="examples:\n" + "".join(f"  retrorun {name} {example}\n" for example in question_help.examples),
            formatter_class=argparse.RawDescriptionHelpFormatter,
        )
        question_parser.set_defaults(question=name)
        if name == "workout":
            question_parser.add_argument("file", metavar="FILE", help="the workout; - reads standard input")
        if name in words:
            from retrorun.app.cli.options import add_options
            from retrorun.app.cli.questions import OPTIONS_OF

            add_options(question_parser, OPTIONS_OF[name])

    means = "Estimate every row of a Parquet, CSV or JSON Lines file, and write the estimates to another file."
    bulk_parser = add("bulk", bulk, help="estimate every row of a Parquet, CSV or JSON Lines file", description=means)
    if "bulk" in words:
        from retrorun.app.bulk.options import add_bulk_options

        add_bulk_options(bulk_parser, words)

    means = "Estimate every run, walk and hike of a bulk export of Strava, and write a table and a page."
    strava_parser = add("strava", strava, help="estimate a bulk export of Strava", description=means)
    strava_parser.set_defaults(question="strava", url=None)
    if "strava" in words:
        from retrorun.app.cli.options import add_inputs
        from retrorun.app.strava.options import add_strava_options
        from retrorun.app.strava.request import StravaRequest

        add_strava_options(strava_parser)
        add_inputs(strava_parser, StravaRequest)

    add_check_options(add("check", check, help="compare a running service with this command"))

    means = "Make an API key. The key is shown once and stored nowhere."
    key_parser = add("key", key, help="make an API key", description=means)
    key_parser.add_argument("action", choices=["new"], help="new: print a new key, and the line to add to the key file")
    key_parser.add_argument(
        "--name", default="key", help="name of the client, unique in a key file (default: %(default)s)"
    )

    add("openapi", openapi, help="print the OpenAPI contract")
    return parser


def joined(words: Sequence[str]) -> list[str]:
    """Join each negative amount to its option, because argparse takes -5% for an option.

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


def workers(text: str) -> int:
    """Return a number of workers, for argparse."""
    try:
        number: int = SETTINGS["workers"].metadata["read"](text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"give {SETTINGS['workers'].metadata['expected']}") from None
    return number


def serve(chosen: argparse.Namespace) -> int:
    """Run the service until a signal stops it."""
    try:
        chosen_settings = from_environment(os.environ, host=chosen.host, port=chosen.port, workers=chosen.workers)
    except BadSetting as error:
        print_errors(str(error))
        return INVALID
    print_errors(*warnings(os.environ))
    from retrorun.app.http.access import BadKeys
    from retrorun.app.observe.tracing import NoTracing
    from retrorun.app.server.listener import CannotListen
    from retrorun.app.server.server import run

    try:
        run(chosen_settings)
    except (BadKeys, NoTracing) as error:
        print_errors(str(error))
        return INVALID
    except CannotListen as error:
        print_errors(str(error))
        return FAILED
    return DONE


def mcp(chosen: argparse.Namespace) -> int:
    """Serve tools of the Model Context Protocol until the client or a signal ends it."""
    from retrorun.app.mcp.options import check_options

    check_options(chosen)
    try:
        from retrorun.app.mcp.command import serve_http, serve_stdio
    except ImportError as error:
        print_errors(import_problem("mcp", error))
        return FAILED
    if not chosen.http:
        serve_stdio()
        return DONE
    from retrorun.app.server.listener import CannotListen

    try:
        serve_http(chosen)
    except CannotListen as error:
        print_errors(str(error))
        return FAILED
    return DONE


def settings(chosen: argparse.Namespace) -> int:
    """Print every setting and its current value."""
    try:
        current = from_environment(os.environ)
    except BadSetting as error:
        print_errors(str(error))
        return INVALID
    print_errors(*warnings(os.environ))
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
    """Estimate every row of a file and write the estimates to another, or list the columns."""

    def run() -> str:
        from retrorun.app.bulk.command import bulk_of, fields_text
        from retrorun.app.cli.options import constants_of

        if chosen.list_fields:
            return fields_text(shutil.get_terminal_size().columns)
        if chosen.output is None:
            chosen.parser.error("the following arguments are required: INPUT, OUTPUT")
        chosen.constants = constants_of(chosen.constants or ())
        return bulk_of(chosen)

    if not chosen.list_fields and chosen.engine == "local":
        from retrorun.app.processes.pool import start_imports

        start_imports("retrorun.app.bulk.part", chosen.workers)  # Takes as long as the imports here.
    return write_files("bulk", run)


def strava(chosen: argparse.Namespace) -> int:
    """Estimate every activity of a bulk export of Strava, and write a table and a page."""
    from retrorun.app.cli.options import InvalidOptions
    from retrorun.app.cli.questions import answer

    try:
        request, _ = answer(chosen)  # the answer to any bout of this person
    except InvalidOptions as error:
        print_errors(*error.lines)
        return INVALID

    def run() -> str:
        from retrorun.app.strava.command import strava_of

        return strava_of(chosen, request)

    return write_files("strava", run)


def write_files(name: str, run: Callable[[], str]) -> int:
    """Run a command that writes files, and print its summary or what the user must fix."""
    try:
        from retrorun.app.bulk.command import Failed
        from retrorun.app.bulk.source import BadFile
        from retrorun.app.cli.options import InvalidOptions

        try:
            print(run())
        except InvalidOptions as error:
            print_errors(*error.lines)
            return INVALID
        except BadFile as error:
            print_errors(str(error))
            return INVALID
        except Failed as error:
            print_errors(str(error))
            return FAILED
    except ImportError as error:
        print_errors(import_problem(name, error))
        return FAILED
    return DONE


def check(chosen: argparse.Namespace) -> int:
    """Compare a running service with this command."""
    import anyio

    from retrorun.app.cli.check.report import document, is_same, text
    from retrorun.app.cli.check.service import Unreachable
    from retrorun.app.cli.check.service import check as check_service
    from retrorun.app.cli.client import NoAnswer, api_key

    try:
        checked = anyio.run(check_service, chosen.url, api_key(chosen.key))
    except (NoAnswer, Unreachable) as error:
        print_errors(str(error))
        return INVALID
    if chosen.json:
        write(document(checked) + b"\n")
    else:
        sys.stdout.write(text(checked))
    return DONE if is_same(checked) else FAILED


def key(chosen: argparse.Namespace) -> int:
    """Print a new API key, which is stored nowhere, and its line for the key file."""
    from retrorun.app.http.access import BadKeys, line_of, new_key

    made = new_key()
    try:
        line = line_of(chosen.name, made)
    except BadKeys as error:
        print_errors(str(error))
        return INVALID
    print(f"Key for the client, shown only now: {made}")
    print(f"Line to add to the key file:          {line}")
    return DONE


def openapi(_: argparse.Namespace) -> int:
    """Print the contract."""
    from retrorun.app.contract.openapi import contract_text
    from retrorun.app.main import create_app

    write(contract_text(create_app()).encode())
    return DONE


def answer_question(chosen: argparse.Namespace) -> int:
    """Print the answer to a question as a table or as JSON, or print what the user must fix."""
    from retrorun.app.cli.client import NoAnswer
    from retrorun.app.cli.options import InvalidOptions, echoes
    from retrorun.app.cli.questions import OPTIONS_OF

    print_errors(*echoes(vars(chosen), get_type_hints(OPTIONS_OF[chosen.question])))
    try:
        if chosen.question == "workout":
            from retrorun.app.cli.workout_file import answers

            return print_recordings(chosen, list(answers(chosen)))
        from retrorun.app.cli.questions import answer

        print_answer(chosen, *answer(chosen))
    except InvalidOptions as error:
        print_errors(*error.lines)
        return INVALID
    except NoAnswer as error:
        print_errors(str(error))
        return FAILED
    return DONE


def print_recordings(chosen: argparse.Namespace, found: "Sequence[FileAnswer]") -> int:
    """Print the answer about a file, or about each recording in an archive under its name."""
    if not found[0].name:
        print_answer(chosen, found[0].request, found[0].content)
        return DONE
    if chosen.json:
        listed = [
            {"file": name} | ({"errors": errors} if errors else {"answer": json.loads(content)})
            for name, _, content, errors in found
        ]
        write(json.dumps(listed).encode() + b"\n")
    for name, request, content, errors in found:
        print_errors(*errors)
        if not chosen.json and not errors:
            print(f"{name}\n{'=' * len(name)}\n")
            print_answer(chosen, request, content)
            print()
    return DONE if any(not one.errors for one in found) else INVALID


def print_answer(chosen: argparse.Namespace, request: dict[str, Any], content: bytes) -> None:
    """Print one answer as a table or as JSON."""
    from retrorun.app.cli.options import typed

    if chosen.json:
        write(content + b"\n")
        return
    from retrorun.app.cli.answer_table import table
    from retrorun.app.cli.terminal import Page, plain

    columns = shutil.get_terminal_size().columns
    page = Page(columns, bold=supports_bold(sys.stdout), blocks=supports_blocks(sys.stdout), typed=typed(vars(chosen)))
    text = table(chosen.question, json.loads(content), request, page)
    sys.stdout.write(text if page.blocks else plain(text))


def print_errors(*lines: str) -> None:
    """Print lines on standard error, each after the program's name."""
    say(*(f"retrorun: {line}" for line in lines))


def write(content: bytes) -> None:
    """Print bytes unchanged, in any encoding of the terminal."""
    sys.stdout.flush()
    sys.stdout.buffer.write(content)
