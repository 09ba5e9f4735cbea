"""The options of `retrorun bulk`. This module does not import the computation, so the help is fast."""

import argparse
import re
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*(?=,|\Z)|([^,]*))(?:,|\Z)')
PARTITION_ROWS: Final = 32_768


def add_bulk_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the files, and the options."""
    parser.add_argument(
        "input", type=Path, metavar="INPUT", help="file of bouts to read: .parquet, .csv, .jsonl or .ndjson"
    )
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        help="file to write, of one of these kinds; a name that ends in / is a folder of Parquet files",
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


def positive(text: str) -> int:
    """Return a whole number of at least 1, for argparse."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError("give a whole number of at least 1")
    return int(text)
