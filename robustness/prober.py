"""Ask /livez on a new connection again and again, as an orchestrator does: `python -m robustness.prober PORT SECONDS`.

It is a separate process, because a process that makes the load would add its own busy time.
"""

import json
import socket
import sys
from contextlib import suppress
from time import monotonic, perf_counter, sleep

from robustness.corpus import LIVE
from robustness.raw_http import Malformed, answer_from

EVERY_S = 0.05
WITHIN_S = 5.0


def probe(port: int) -> tuple[float, int]:
    """Return how long the answer took [s], and its status, 0 if there was no answer."""
    start = perf_counter()
    status = 0
    with suppress(OSError, Malformed), socket.create_connection(("127.0.0.1", port), timeout=WITHIN_S) as connection:
        connection.sendall(LIVE)
        received = b""
        while not (found := answer_from(received)) and (more := connection.recv(65_536)):
            received += more
        status = found[0].status if found else 0
    return perf_counter() - start, status


def main() -> None:
    """Probe for a time, and write the results as JSON."""
    port, seconds = int(sys.argv[1]), float(sys.argv[2])
    end = monotonic() + min(seconds, 600)
    found = []
    while monotonic() < end:
        found.append(probe(port))
        sleep(EVERY_S)
    json.dump(found, sys.stdout)


if __name__ == "__main__":
    main()
