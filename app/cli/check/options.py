"""The options of `retrorun check`."""

import argparse

from retrorun.app.settings import KEY_VARIABLE


def add_check_options(parser: argparse.ArgumentParser) -> None:
    """Add the options to a parser."""
    parser.description = (
        "Compare the answers, version, models and headers of a running service with those of this command. It sends "
        "the golden requests of the contract."
    )
    parser.epilog = (
        "Exit code: 0 everything is the same; 1 something differs; 2 there is no service that can be checked, or the "
        "command must be fixed."
    )
    parser.add_argument("url", metavar="URL", help="address of the service, with its path if it is behind a proxy")
    parser.add_argument("--key", help=f"API key (default: {KEY_VARIABLE}, which other users here cannot see)")
    parser.add_argument("--json", action="store_true", help="print JSON")
