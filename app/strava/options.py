"""The files and the workers of `retrorun strava`. This module does not import the computation, so the help is fast."""

import argparse
from pathlib import Path

from retrorun.app.bulk.options import positive


def add_strava_options(parser: argparse.ArgumentParser) -> None:
    """Add the arguments for the files, and the number of processes."""
    parser.add_argument("export", type=Path, metavar="EXPORT.zip", help="the archive that Strava sent you, unchanged")
    parser.add_argument(
        "--output",
        type=Path,
        metavar="",
        help="table to write: .csv, .parquet, .jsonl or .ndjson (default: the name of the export with .csv, here)",
    )
    parser.add_argument(
        "--page", type=Path, metavar="", help="page to write (default: the name of the table with .html, beside it)"
    )
    parser.add_argument(
        "--workers", type=positive, metavar="", help="processes on this machine (default: one for each core)"
    )
