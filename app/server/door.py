"""Accepts the connections of a listening socket, until it closes without losing one."""

import asyncio
import logging
import socket
from contextlib import suppress
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from retrorun.app.http.limits import where_it_happened
from retrorun.app.server.listener import BACKLOG, stop_new_connections

TAKEN_AT_ONCE: Final = 64
"""Most connections that are accepted in one turn of the event loop."""
TRY_AGAIN_S: Final = 0.05
"""Pause after a connection could not be accepted."""

logger = logging.getLogger("retrorun")


class Door:
    """A listening socket, the configuration of its connections, and the connections that are open.

    uvloop's own server would stop for good if memory for a connection runs out.

    Parameters
    ----------
    listener : socket
        The listening socket.
    config : uvicorn.Config
        Configuration of the connections.
    state : ServerState
        Gets the connections.
    """

    def __init__(self, listener: socket.socket, config: uvicorn.Config, state: ServerState) -> None:
        self.listener, self.config, self.state = listener, config, state
        self.app_state: dict[str, Any] = {}
        self.connecting: set[asyncio.Task[None]] = set()
        self.pause: asyncio.TimerHandle | None = None

    def open(self, app_state: dict[str, Any]) -> None:
        """Begin to accept connections."""
        self.app_state = app_state
        self.listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self.listener, self.take_connections)

    def take_connections(self) -> None:
        """Accept connections that wait. Pause after an error."""
        try:
            for _ in range(TAKEN_AT_ONCE):
                self.take_connection()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            # Out of files or memory: new connections wait, and trying again without a pause would make it worse.
            self.wait(TRY_AGAIN_S)
        except Exception as error:
            logger.error("connections could not be accepted: %s", where_it_happened(error))
            self.wait(TRY_AGAIN_S)

    def wait(self, seconds: float) -> None:
        """Accept nothing for a time."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.listener)
        self.pause = loop.call_later(seconds, self.go_on)

    def go_on(self) -> None:
        """Accept connections again."""
        self.pause = None
        asyncio.get_running_loop().add_reader(self.listener, self.take_connections)

    def take_connection(self) -> None:
        """Accept a connection, and start a task that serves it. Raise OSError if there is none or no room for it."""
        taken, _ = self.listener.accept()
        task = asyncio.get_running_loop().create_task(self.serve(taken))
        self.connecting.add(task)
        task.add_done_callback(self.connecting.discard)

    async def serve(self, taken: socket.socket) -> None:
        """Serve a connection, or close it if the client has gone already."""

        def protocol() -> asyncio.Protocol:
            options = {"server_state": self.state, "app_state": self.app_state}
            return self.config.http_protocol_class(config=self.config, **options)  # type: ignore[call-arg]  # a class at run time

        try:
            await asyncio.get_running_loop().connect_accepted_socket(protocol, taken)
        except OSError:
            taken.close()

    def stop_new_connections(self) -> None:
        """Let only those connections arrive that have begun."""
        stop_new_connections(self.listener)

    async def close(self) -> None:
        """Accept all connections that wait, and close the socket in the same turn of the event loop."""
        if self.pause is not None:
            self.pause.cancel()
        asyncio.get_running_loop().remove_reader(self.listener)
        with suppress(OSError):
            for _ in range(BACKLOG):
                self.take_connection()
        self.listener.close()
        await asyncio.gather(*self.connecting, return_exceptions=True)
