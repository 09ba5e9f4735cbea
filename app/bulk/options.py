"""The options of `retrorun bulk`. This module does not import the computation, so the help is fast."""

import argparse
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final

NAME: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*(?=,|\Z)|([^,]*))(?:,|\Z)')
PARTITION_ROWS: Final = 32_768


def add_bulk_options(parser: argparse.ArgumentParser, words: Sequence[str]) -> None:
    """Add the arguments for the files, and the options. With `--list-fields` among the words, no file is needed."""
    files: dict[str, Any] = {"nargs": "?"} if "--list-fields" in words else {}
    parser.usage = "%(prog)s INPUT OUTPUT [options]\n       %(prog)s --list-fields"
    parser.add_argument(
        "input",
        type=Path,
        metavar="INPUT",
        help="file of bouts to read: .parquet, .csv, .jsonl or .ndjson; text also with .gz",
        **files,
    )
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        help="file to write, of one of these kinds; a name that ends in / is a folder of Parquet files",
        **files,
    )
    parser.add_argument(
        "--list-fields", action="store_true", help="list the columns of inputs and outputs with units, and exit"
    )
    parser.add_argument(
        "--map",
        action="append",
        type=pair,
        dest="maps",
        metavar="",
        help="input=column: read an input from a column with another name, as in --map 'distance_m=Distance (km)'; "
        "a unit that the name states is converted, without one the column has the unit of the input",
    )
    parser.add_argument(
        "--set",
        action="append",
        type=pair,
        dest="constants",
        metavar="",
        help="input=value: the same value for all rows, as in --set body_mass_kg=70 or --set body_mass_kg=154lb",
    )
    parser.add_argument(
        "--ignore-others", action="store_true", help="leave out columns that are neither inputs nor kept"
    )
    parser.add_argument(
        "--fields", type=names, metavar="", help="columns to compute, separated by commas (default: all)"
    )
    parser.add_argument(
        "--keep",
        type=names,
        default=(),
        metavar="",
        help="input columns to copy to the output, separated by commas; put a name that has a comma in double quotes",
    )
    parser.add_argument(
        "--engine",
        choices=("local", "dask"),
        default="local",
        help="compute with processes on this machine, or with Dask (default: %(default)s)",
    )
    parser.add_argument(
        "--workers", type=positive, metavar="", help="processes on this machine (default: one for each core)"
    )
    parser.add_argument(
        "--scheduler", metavar="", help="address of a running Dask scheduler, for example tcp://10.0.0.1:8786"
    )
    parser.add_argument(
        "--partition-rows",
        type=positive,
        metavar="",
        help=f"rows of one part; a stopped run continues after its finished parts (default: {PARTITION_ROWS})",
    )


def names(text: str) -> tuple[str, ...]:
    """Return the names in a list separated by commas. A name may be in double quotes, as `quoted` writes it.

    Examples
    --------
    >>> names('id, "last, first",5" pace')
    ('id', 'last, first', '5" pace')
    """
    found = [match for match in NAME.finditer(text) if match.start() == 0 or text[match.start() - 1] == ","]
    return tuple(match[2].strip() if match[1] is None else match[1].replace('""', '"') for match in found)


def quoted(name: str) -> str:
    """Return a name as `--keep` reads it: in double quotes if it needs them.

    Examples
    --------
    >>> quoted("id"), quoted("last, first")
    ('id', '"last, first"')
    """
    if name and names(name) == (name,):
        return name
    return '"' + name.replace('"', '""') + '"'


def pair(text: str) -> tuple[str, str]:
    """Return the name and the text after it, for argparse.

    Examples
    --------
    >>> pair("distance_m=Distance (km)")
    ('distance_m', 'Distance (km)')
    """
    name, sign, value = text.partition("=")
    if not sign or not name.strip():
        raise argparse.ArgumentTypeError("give it as name=value, with the name of an input; see --list-fields")
    return name.strip(), value.strip()


def positive(text: str) -> int:
    """Return a whole number of at least 1, for argparse."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("give a whole number of at least 1")
    return int(text)
