"""Runs the service on a socket: uvicorn with the limits of the service, a drain before it stops, and metrics."""

import asyncio
import gc
import logging
import os
import shutil
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext, suppress
from dataclasses import replace
from time import monotonic
from types import FrameType
from typing import Any, Final

import uvicorn
from uvicorn.server import ServerState

from retrorun.app.http.guard import Observing, State
from retrorun.app.http.limits import where_it_happened
from retrorun.app.main import build, check
from retrorun.app.observe.logs import configure, lines
from retrorun.app.observe.observer import Observer, metrics_service
from retrorun.app.server.connection import LAST_S, LINGERING_TIMES, Connection, changed_uvicorn_names
from retrorun.app.server.door import Door
from retrorun.app.server.listener import address, listen
from retrorun.app.server.supervisor import Place, share_of, start_workers
from retrorun.app.settings import Settings, variable
from retrorun.app.streams import say

FILES_BESIDE: Final = 256
"""Most files that are open in addition to the connections."""
ORDERS_AT_ONCE: Final = 64
"""Most signals that a worker reads at once."""
METRICS_CONNECTIONS: Final = 16
"""Connections that the metrics port serves at once."""
LAG_EVERY_S: Final = 0.05
"""How often the lag of the event loop is measured."""
LOOK_EVERY: Final = 5
"""Every connection is checked after this many of those measurements."""


logger = logging.getLogger("retrorun")


class Server(uvicorn.Server):
    """A server that still answers during a drain time after the signal to stop, and exits with code 0.

    Parameters
    ----------
    config : uvicorn.Config
        Configuration of the service.
    settings : Settings
        Limits and times.
    state : State
        State of the server, which the guard reads.
    observer : Observing, optional
        Receives the lag of the event loop.
    metrics : tuple of socket and uvicorn.Config, optional
        Socket and configuration of the metrics port.
    place : Place, optional
        The place of this worker among several.
    """

    def __init__(
        self,
        config: uvicorn.Config,
        settings: Settings,
        state: State,
        observer: Observing | None = None,
        metrics: tuple[socket.socket, uvicorn.Config] | None = None,
        place: Place | None = None,
    ) -> None:
        super().__init__(config)
        self.observer = observer
        self.settings = settings
        self.state = state
        self.stop_at = 0.0
        self.metrics = metrics
        self.place = place
        self.doors: list[Door] = []

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """Handle a signal to stop.

        The first signal starts the drain. An interrupt or a second signal skips the drain. One more signal also skips
        the time for running requests.
        """
        if self.should_exit:
            self.force_exit = True
        elif self.state.stopping or sig == signal.SIGINT:
            self.should_exit = True
        self.stop_at = self.stop_at or monotonic() + self.settings.drain_time_s
        self.state.stopping = True

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Handle signals, SIGHUP too unless it is ignored (as under nohup). A worker gets them from its supervisor."""
        if self.place is not None:
            yield
            return
        hang_up = getattr(signal, "SIGHUP", None)
        listening = threading.current_thread() is threading.main_thread()
        with super().capture_signals():
            if hang_up is None or not listening or signal.getsignal(hang_up) == signal.SIG_IGN:
                yield
                return
            before = signal.signal(hang_up, self.handle_exit)
            try:
                yield
            finally:
                signal.signal(hang_up, before)

    async def on_tick(self, counter: int) -> bool:
        """Return whether to stop: yes once the drain is over."""
        if self.state.stopping and monotonic() >= self.stop_at:
            self.should_exit = True
        return await super().on_tick(counter)

    async def _serve(self, sockets: list[socket.socket] | None = None) -> None:
        watching = asyncio.create_task(self.watch())
        try:
            await super()._serve(sockets)
        finally:
            watching.cancel()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        """Begin to accept connections."""
        await super().startup(sockets=[])
        self.doors = [Door(listener, self.config, self.server_state, self.place) for listener in sockets or ()]
        if self.metrics:
            listener, config = self.metrics
            config.load()
            self.doors.append(Door(listener, config, ServerState()))
        for door in self.doors:
            door.open(self.lifespan.state)
        if self.place is not None:
            asyncio.get_running_loop().add_reader(self.place.orders, self.obey, self.place.orders)

    def obey(self, orders: int) -> None:
        """Handle the signals that the supervisor passes on, or its end."""
        received = os.read(orders, ORDERS_AT_ONCE)
        for which in received:
            self.handle_exit(which, None)
        if not received:
            asyncio.get_running_loop().remove_reader(orders)
            if not self.state.stopping:
                self.handle_exit(signal.SIGTERM, None)
            if self.place is not None:
                shutil.rmtree(self.place.folder, ignore_errors=True)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Accept the connections that wait or have begun to arrive, then no more, and stop."""
        for door in self.doors:
            door.stop_new_connections()
        if not self.force_exit:
            await asyncio.sleep(LAST_S)
        for door in self.doors:
            await door.close()
        if self.metrics:
            for connection in list(self.doors[-1].state.connections):
                connection.shutdown()
        await super().shutdown([])

    async def watch(self) -> None:
        """Measure how late the event loop runs, and end connections that take too long."""
        loop, late_before, count = asyncio.get_running_loop(), False, 0
        while True:
            due = monotonic() + LAG_EVERY_S
            await asyncio.sleep(LAG_EVERY_S)
            self.state.loop_lag_s = max(0.0, monotonic() - due)
            if self.observer is not None:
                self.observer.lag(self.state.loop_lag_s)
            late = self.state.loop_lag_s > self.settings.maximum_loop_lag_s
            # Late twice in a row. Once may be a pause of the machine, and then refusing does not help.
            self.state.overloaded, late_before = late and late_before, late
            if self.place is not None:
                self.place.beat(self.doors[0].connections() if self.doors else 0)
            count += 1
            if count % LOOK_EVERY == 0:
                if self.observer is not None:
                    go_on_after("the metrics could not be shared", self.observer.publish)
                now = loop.time()
                for door in self.doors:
                    for connection in list(door.state.connections):
                        if isinstance(connection, Connection):
                            go_on_after("the times of a connection could not be checked", connection.look, now)


def go_on_after(failure: str, function: Callable[..., None], *arguments: object) -> None:
    """Call a function, and log its failure: nothing may leave the connections without limits."""
    try:
        function(*arguments)
    except Exception as error:
        logger.error("%s: %s", failure, where_it_happened(error))


def run(settings: Settings) -> None:
    """Serve until a signal to stop arrives. The process then exits with code 0.

    Parameters
    ----------
    settings : Settings
        Address, limits and times.

    Raises
    ------
    CannotListen
        The address is in use, is not on this machine, or is not allowed.
    """
    say(*(f"retrorun: {sentence}" for sentence in allow_files(settings)))
    configure(settings.log_level)
    check(settings)
    with listen(settings.host, settings.port) as listener, listen_for_metrics(settings) as metrics:
        warn(settings, listener)
        if metrics:
            say(f"Metrics are on {address(metrics, settings)}/metrics")
        place = address(listener, settings)
        say(f"RetroRun listens on {place} and explains itself on {place}/docs")
        if settings.workers == 1:
            serve(settings, listener, metrics)
        else:
            freeze_garbage_collector()
            listeners = [listener, metrics] if metrics else [listener]
            if worker := start_workers(settings, listeners):
                serve(share_of(settings), listener, metrics, worker)
    lines.finish()


def serve(
    settings: Settings, listener: socket.socket, metrics: socket.socket | None, place: Place | None = None
) -> None:
    """Serve on a socket until the service stops, and the metrics on another one if there is one."""
    guard = build(settings)
    observer = guard.observer
    if place is not None and isinstance(observer, Observer):
        observer.share(place.folder, place.number)
        guard.incoming.share(place.board.incoming, place.number)
        guard.outgoing.share(place.board.outgoing, place.number)
    metrics_door = None
    if metrics is not None and isinstance(observer, Observer):
        alone = replace(settings, maximum_connections=METRICS_CONNECTIONS)
        metrics_door = metrics, configuration(metrics_service(observer.metrics, alone), alone)
    server = Server(configuration(guard, settings, observer), settings, guard.state, observer, metrics_door, place)
    freeze_garbage_collector()
    with suppress(KeyboardInterrupt):
        server.run(sockets=[listener])


def warn(settings: Settings, listener: socket.socket) -> None:
    """Say what the operator may not expect."""
    if listener.getsockname()[0] == "::" and listener.getsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY):
        say("retrorun: on this machine, :: accepts only IPv6 connections, no IPv4.")
    if settings.api_key_file is None:
        logger.warning(
            "no API keys: everybody who reaches this service can use it; to require keys, set RETRORUN_API_KEY_FILE"
        )
    if found := changed_uvicorn_names():
        logger.warning(
            "this version of uvicorn is not supported (%s differ): the limits on headers, times and slow readers "
            "are off; install the version that the service requires",
            ", ".join(found),
        )


def listen_for_metrics(settings: Settings) -> AbstractContextManager[socket.socket | None]:
    """Return the socket of the metrics port, or None if the settings have none."""
    if settings.metrics_port is None:
        return nullcontext()
    return listen(settings.host, settings.metrics_port, variable("metrics_port"))


def freeze_garbage_collector() -> None:
    """Exclude all present objects from garbage collections, which would block the event loop again and again."""
    gc.collect()
    gc.freeze()


def configuration(app: Callable[..., Any], settings: Settings, observer: Observing | None = None) -> uvicorn.Config:
    """Return the configuration of a server for an application."""
    plain = bool(changed_uvicorn_names())
    return uvicorn.Config(
        app,
        loop="auto",  # uvloop if it is installed
        http="auto" if plain else type("Bound", (Connection,), {"settings": settings, "observer": observer}),
        limit_concurrency=settings.maximum_connections if plain else None,
        ws="none",
        log_config=None,  # uvicorn logs through `logs.configure`
        log_level="warning",
        access_log=False,
        server_header=False,
        proxy_headers=bool(settings.trusted_proxies),
        forwarded_allow_ips=list(settings.trusted_proxies),
        timeout_graceful_shutdown=settings.shutdown_within_s,
    )


def allow_files(settings: Settings) -> Iterator[str]:
    """Raise the limit of open files to what the connections need, or yield a sentence if that is not allowed."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    needed = settings.maximum_connections * LINGERING_TIMES + FILES_BESIDE
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if resource.RLIM_INFINITY not in {soft, hard} and soft < needed:
        resource.setrlimit(resource.RLIMIT_NOFILE, (min(needed, hard), hard))
    if hard != resource.RLIM_INFINITY and hard < needed:
        yield (
            f"This process may open {hard} files, but {settings.maximum_connections} connections "
            f"(maximum_connections) may need {needed}. Raise the limit of open files, or lower maximum_connections."
        )
