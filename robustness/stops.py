"""Stop the service again and again under threads that open a new connection for each request: none may be lost.

A connection that is refused is not lost: the service had closed its port, and the client knows that nothing was done.
"""

import argparse
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections import Counter
from http import HTTPStatus
from pathlib import Path
from threading import Thread

from robustness.corpus import post
from robustness.load import HOST, service
from robustness.raw_http import answer_from

BODY = b'{"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200, "include": ["energy"]}'
REQUEST = post(b"Content-Length: %d\r\n" % len(BODY)) + BODY
WITHIN_S = 20.0
ANSWERED, REFUSED = "answered", "refused after the stop"


def ask(port: int) -> str:
    """Send one request over a new connection, and return what came of it."""
    try:
        opened = socket.create_connection((HOST, port), WITHIN_S)
    except ConnectionRefusedError:
        return REFUSED
    except OSError as error:
        return f"no connection: {type(error).__name__}"
    received = b""
    with opened:
        try:
            opened.sendall(REQUEST)
            while (found := answer_from(received)) is None:
                part = opened.recv(65_536)
                if not part:
                    return "closed without an answer"
                received += part
        except OSError as error:
            return f"lost: {type(error).__name__}"
    status = found[0].status
    return ANSWERED if status == HTTPStatus.OK else f"status {status}"


def stop_under_load(threads: int, seconds: float, settings: dict[str, str], log: Path) -> Counter[str]:
    """Stop a service while threads ask it, and return how their requests ended."""
    found: Counter[str] = Counter()

    def keep_asking(port: int) -> None:
        outcome = ""
        while outcome != REFUSED and time.monotonic() < end:
            outcome = ask(port)
            found[outcome] += 1

    with service(log, settings=settings) as running:
        end = time.monotonic() + seconds + WITHIN_S
        asking = [Thread(target=keep_asking, args=(running.port,)) for _ in range(threads)]
        for thread in asking:
            thread.start()
        time.sleep(seconds)
        running.process.send_signal(signal.SIGTERM)
        for thread in asking:
            thread.join()
        try:
            code = running.process.wait(WITHIN_S)
        except subprocess.TimeoutExpired:
            found["the service did not end"] += 1
        else:
            found[f"exit code {code}"] += code != 0
    return +found


def main() -> int:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--stops", type=int, default=10, help="(%(default)s)")
    parser.add_argument("--threads", type=int, default=8, help="(%(default)s)")
    parser.add_argument("--seconds", type=float, default=1.5, help="of load before each stop (%(default)s)")
    parser.add_argument("--workers", type=int, default=1, help="of the service (%(default)s)")
    chosen = parser.parse_args()
    settings = {
        "RETRORUN_WORKERS": str(chosen.workers),
        "RETRORUN_DRAIN_TIME_S": "0.5",
        "RETRORUN_LOG_LEVEL": "warning",
        "RETRORUN_MAXIMUM_LOOP_LAG_S": "60",
    }
    total: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="stops-") as folder:
        for number in range(chosen.stops):
            found = stop_under_load(chosen.threads, chosen.seconds, settings, Path(folder, f"{number}.log"))
            print(f"stop {number + 1}: {dict(found)}", flush=True)
            total += found
    lost = {outcome: count for outcome, count in total.items() if outcome not in {ANSWERED, REFUSED}}
    print(f"{total[ANSWERED]} answered in {chosen.stops} stops; lost: {lost or 'none'}")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
