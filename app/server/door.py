"""Accepts the connections of a listening socket, until it closes without losing one."""

import asyncio
import logging
import socket
from collections.abc import Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Final

import uvicorn
from uvicorn.server import ServerState

from retrorun.app.http.limits import where_it_happened
from retrorun.app.server.listener import BACKLOG, stop_new_connections

if TYPE_CHECKING:
    from retrorun.app.server.supervisor import Place

TAKEN_AT_ONCE: Final = 64
"""Most connections that are accepted in one turn of the event loop."""
TRY_AGAIN_S: Final = 0.05
"""Pause after a connection could not be accepted."""
YIELD_S: Final = 0.005
"""Time that a connection waits for a worker with fewer connections."""

TAKEN_FOR_OTHERS: Final = 8
"""Most connections that are accepted after that time if no other worker has accepted any."""

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
    place : Place, optional
        The place of this worker among several, which accept from the same socket.
    """

    def __init__(
        self, listener: socket.socket, config: uvicorn.Config, state: ServerState, place: "Place | None" = None
    ) -> None:
        self.listener, self.config, self.state, self.place = listener, config, state, place
        self.app_state: dict[str, Any] = {}
        self.connecting: set[asyncio.Task[None]] = set()
        self.pause: asyncio.TimerHandle | None = None

    def open(self, app_state: dict[str, Any]) -> None:
        """Begin to accept connections."""
        self.app_state = app_state
        self.listener.setblocking(False)
        asyncio.get_running_loop().add_reader(self.listener, self.take_connections)
        if self.place is not None:
            self.place.enter()

    def connections(self) -> int:
        """Return how many connections are open or being opened."""
        return len(self.state.connections) + len(self.connecting)

    def take_connections(self) -> None:
        """Accept connections that wait, unless another worker has fewer. Pause after an error."""
        try:
            for _ in range(TAKEN_AT_ONCE):
                if self.place is not None and self.place.is_busier(self.connections()):
                    self.wait(YIELD_S, self.place.others())
                    return
                self.take_connection()
        except (BlockingIOError, ConnectionAbortedError):
            return
        except OSError:
            # Out of files or memory: new connections wait, and trying again without a pause would make it worse.
            self.wait(TRY_AGAIN_S)
        except Exception as error:
            logger.error("connections could not be accepted: %s", where_it_happened(error))
            self.wait(TRY_AGAIN_S)

    def wait(self, seconds: float, others: Sequence[int] = ()) -> None:
        """Accept nothing for a time. `others` are the connections of the other workers now."""
        loop = asyncio.get_running_loop()
        loop.remove_reader(self.listener)
        self.pause = loop.call_later(seconds, self.go_on, others)

    def go_on(self, others: Sequence[int]) -> None:
        """Accept a connection that no other worker took, or several if no other worker took any."""
        self.pause = None
        asyncio.get_running_loop().add_reader(self.listener, self.take_connections)
        stuck = self.place is not None and others == self.place.others()
        with suppress(OSError):  # After an error, the next turn of the event loop tries again and pauses.
            for _ in range(TAKEN_FOR_OTHERS if stuck else 1):
                self.take_connection()

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
        if self.place is not None:
            self.place.leave()
        await asyncio.gather(*self.connecting, return_exceptions=True)
