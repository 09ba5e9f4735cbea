"""The service on a socket: uvicorn, with what an operator needs to see and nothing else."""

import errno
import signal
import socket
import sys
from contextlib import suppress
from types import FrameType
from typing import Final

import uvicorn

from app.main import app

SHUTDOWN_WITHIN_S: Final = 10
"""How long requests under way may take once the service is told to stop."""


BACKLOG: Final = 2048
"""Connections that may wait to be taken, as many as uvicorn's own sockets let wait."""


class CannotListen(Exception):
    """The address cannot be listened on; the message says why and what to do."""


def run(*, host: str, port: int) -> None:
    """Serve until a signal says to stop; a stop that was asked for is no failure.

    Parameters
    ----------
    host : str
        Address to listen on.
    port : int
        Port, 0 for any that is free.

    Raises
    ------
    CannotListen
        The address is in use, not ours, or not allowed.
    """
    listener = listen(host, port)
    # uvicorn sends itself the signal again after a clean stop: without this, it would look like a crash.
    signal.signal(signal.SIGTERM, leave)
    place = f"http://{f'[{host}]' if ':' in host else host}:{listener.getsockname()[1]}"
    config = uvicorn.Config(
        app,
        loop="auto",  # uvloop, where it is installed
        http="auto",  # httptools, where it is installed
        ws="none",
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=False,
        timeout_graceful_shutdown=SHUTDOWN_WITHIN_S,
    )
    print(f"RetroRun listens on {place} and explains itself on {place}/docs", file=sys.stderr, flush=True)
    with suppress(KeyboardInterrupt):
        uvicorn.Server(config).run(sockets=[listener])


def leave(_signal: int, _frame: FrameType | None) -> None:
    """End the process well."""
    sys.exit(0)


def listen(host: str, port: int) -> socket.socket:
    """Return a socket that listens, or say in a sentence why there is none."""
    try:
        return socket.create_server(
            (host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET, backlog=BACKLOG
        )
    except OSError as error:
        why = {
            errno.EADDRINUSE: "it is in use. Stop what listens there, or choose another --port",
            errno.EADDRNOTAVAIL: "it is not an address of this machine. Choose another --host",
            errno.EACCES: "it is not allowed. Choose a --port from 1024",
        }.get(error.errno or 0, "the --host is not an address. Give one, such as 127.0.0.1")
        raise CannotListen(f"Cannot listen on {host} port {port}: {why}.") from error
