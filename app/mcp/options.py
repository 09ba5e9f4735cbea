"""The options of `retrorun mcp`. This module does not import the protocol, so the help is fast."""

import argparse
from collections.abc import Callable
from typing import Final

from retrorun.app.settings import SETTINGS

PORT: Final = 8001
"""The port beside that of `retrorun serve`."""
OVER_HTTP: Final = ("host", "port", "allow_host")
"""The options that need --http."""


def add_mcp_options(parser: argparse.ArgumentParser, port: Callable[[str], int]) -> None:
    """Add the options of the transport."""
    parser.add_argument("--http", action="store_true", help="serve streamable HTTP instead of stdin and stdout")
    parser.add_argument("--host", metavar="", help=f"address to listen on (default: {SETTINGS['host'].default})")
    parser.add_argument("--port", type=port, metavar="", help=f"port; 0 chooses a free one (default: {PORT})")
    parser.add_argument(
        "--allow-host",
        action="append",
        metavar="",
        help="a name or address, without port, by which clients reach this server, beside --host and localhost; "
        "requests to other names are refused",
    )


def check_options(chosen: argparse.Namespace) -> None:
    """Refuse an option of HTTP without --http, and set the defaults."""
    given = [name for name in OVER_HTTP if getattr(chosen, name) is not None]
    if given and not chosen.http:
        chosen.parser.error(f"--{given[0].replace('_', '-')} needs --http")
    chosen.host = SETTINGS["host"].default if chosen.host is None else chosen.host
    chosen.port = PORT if chosen.port is None else chosen.port
    chosen.allow_host = chosen.allow_host or []
