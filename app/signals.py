"""Handles signals to stop before the service does: they end the process at once.

Without a handler, the kernel drops a signal to process 1, which is the first process of a container.
"""

import os
import signal
import sys
from types import FrameType

STOPPING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))


def exit_on_signals() -> None:
    """Make signals to stop end a command that serves, until its server sets its own handlers."""
    if sys.argv[1:2] in (["serve"], ["mcp"]):
        for which in STOPPING:
            # nohup ignores SIGHUP, and a shell ignores SIGINT for background commands. That must stay so.
            if which == signal.SIGTERM or signal.getsignal(which) != signal.SIG_IGN:
                signal.signal(which, exit_cleanly)
    # The image starts with these signals blocked, so that none is lost before the handlers exist.
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def exit_cleanly(_signal: int, _frame: FrameType | None) -> None:
    """Exit with code 0 at once. An exception could be caught, and a full stream could delay the exit."""
    os._exit(0)
