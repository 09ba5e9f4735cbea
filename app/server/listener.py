"""The listening socket: where the service listens, and how it stops to listen without losing a connection."""

import ctypes
import errno
import socket
import sys
from contextlib import suppress
from struct import Struct
from typing import Final

from retrorun.app.settings import Settings

BACKLOG: Final = 2048
"""Connections that may wait to be accepted: uvicorn's default."""
UNSENT_BYTES: Final = 1 << 16
"""Unsent bytes that the system keeps for one client."""

ATTACH_FILTER: Final = 26
"""The socket option SO_ATTACH_FILTER of Linux, which Python does not name."""
INSTRUCTION: Final = Struct("HBBI")
"""One instruction of a packet filter: operation, jump if true, jump if false, operand."""
PROGRAM: Final = Struct("HP")
"""Number of instructions, and their address."""
DROP_FIRST_PACKETS: Final = b"".join(
    INSTRUCTION.pack(*instruction)
    for instruction in (
        (0x30, 0, 0, 13),  # load the byte with the flags of TCP
        (0x54, 0, 0, 0x12),  # keep SYN and ACK
        (0x15, 0, 1, 0x02),  # only SYN: the first packet of a connection
        (0x06, 0, 0, 0),  # drop it
        (0x06, 0, 0, 0xFFFFFFFF),  # keep every other packet
    )
)
"""A filter for `linux/filter.h` that drops the first packet of every new connection."""


class CannotListen(Exception):
    """The service cannot listen on the address. The message says why and what to do."""


def address(listener: socket.socket, settings: Settings) -> str:
    """Return the URL of a listening socket."""
    return f"http://{f'[{settings.host}]' if ':' in settings.host else settings.host}:{listener.getsockname()[1]}"


def listen(host: str, port: int, named: str = "--port") -> socket.socket:
    """Return a listening socket. :: accepts IPv4 too. Raise `CannotListen` with the reason and what to change."""
    six = ":" in host
    both = six and socket.has_dualstack_ipv6()
    try:
        listener = socket.create_server(
            (host, port), family=socket.AF_INET6 if six else socket.AF_INET, backlog=BACKLOG, dualstack_ipv6=both
        )
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):
            # Connections inherit it. Without it the system keeps megabytes for each client that does not read.
            listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, UNSENT_BYTES)
        return listener
    except OSError as error:
        why = {
            errno.EADDRINUSE: f"it is in use. Stop the other program, or choose another {named}",
            errno.EADDRNOTAVAIL: "it is not an address of this machine. Choose another --host",
            errno.EAFNOSUPPORT: "this machine has no IPv6. Choose another --host",
            errno.EACCES: f"it is not allowed. Choose a {named} of 1024 or more",
        }.get(error.errno or 0, "the --host is not an address. Give one, such as 127.0.0.1")
        raise CannotListen(f"Cannot listen on {host} port {port}: {why}.") from error


def stop_new_connections(listener: socket.socket) -> None:
    """Make the system ignore new connections, and still complete those that have begun.

    A connection that arrives between the last `accept` and `close` would be reset, with the request in it. An ignored
    client tries again after a second, and is refused then. Only Linux can do this.
    """
    if sys.platform == "linux":
        instructions = ctypes.create_string_buffer(DROP_FIRST_PACKETS, len(DROP_FIRST_PACKETS))
        count = len(DROP_FIRST_PACKETS) // INSTRUCTION.size
        with suppress(OSError):
            listener.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, PROGRAM.pack(count, ctypes.addressof(instructions)))
