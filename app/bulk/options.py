"""The options of `retrorun bulk`, without what computes it, so that its help answers at once."""

import argparse
import re
from pathlib import Path
from typing import Final

NAME: Final = re.compile(r'\s*(?:"((?:[^"]|"")*)"\s*(?=,|\Z)|([^,]*))(?:,|\Z)')


def add_bulk_options(parser: argparse.ArgumentParser) -> None:
    """Add the files and the options."""
    parser.add_argument("input", type=Path, metavar="INPUT", help="file of bouts: .parquet, .csv, .jsonl or .ndjson")
    parser.add_argument(
        "output",
        metavar="OUTPUT",
        help="file to write, of any of these kinds; with / at its end a folder of Parquet files",
    )
    parser.add_argument("--fields", type=names, metavar="", help="columns to compute, between commas; else all")
    parser.add_argument(
        "--keep",
        type=names,
        default=(),
        metavar="",
        help="columns of the input to carry to the output, between commas; one with a comma in double quotes",
    )
    parser.add_argument(
        "--engine", choices=("local", "dask"), default="local", help="this machine's processes, or Dask (%(default)s)"
    )
    parser.add_argument("--workers", type=positive, metavar="", help="processes of this machine; else one a core")
    parser.add_argument("--scheduler", metavar="", help="with dask, a running scheduler's address: tcp://10.0.0.1:8786")
    parser.add_argument("--partition-rows", type=positive, metavar="", help="rows computed, and resumed, at once")


def names(text: str) -> tuple[str, ...]:
    """Return names between commas, each as it is or as `quoted` writes it.

    Examples
    --------
    >>> names('id, "last, first",5" pace')
    ('id', 'last, first', '5" pace')
    """
    found = [match for match in NAME.finditer(text) if match.start() == 0 or text[match.start() - 1] == ","]
    return tuple(match[2].strip() if match[1] is None else match[1].replace('""', '"') for match in found)


def quoted(name: str) -> str:
    """Return a name as `--keep` reads it: in double quotes where it is not read as it is.

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
