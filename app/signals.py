"""Signals before the service listens to them: one that asks to stop ends the process at once.

The kernel keeps a signal from process 1, as a container's first process is, until there is a handler for it.
"""

import os
import signal
import sys
from types import FrameType

STOPPING = tuple(getattr(signal, name) for name in ("SIGTERM", "SIGHUP", "SIGINT") if hasattr(signal, name))


def begin() -> None:
    """Let a signal to stop end the service, from now until the service itself listens to signals."""
    if sys.argv[1:2] == ["serve"]:
        for which in STOPPING:
            # nohup has a hang-up ignored, and a shell an interrupt of what it runs in the background.
            if which == signal.SIGTERM or signal.getsignal(which) != signal.SIG_IGN:
                signal.signal(which, leave)
    # The image begins with them blocked: so they wait until here, and do not get lost.
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)


def leave(_signal: int, _frame: FrameType | None) -> None:
    """End the process well and at once: an exception might be caught, and a full stream might be waited for."""
    os._exit(0)
