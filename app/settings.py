"""The settings of the service: each with its default, its meaning and its bounds.

The environment variable of a setting is `RETRORUN_` and its name in capitals. An empty value counts as not set. An
invalid value stops the start with one sentence. An unknown variable is only a warning, because other programs, such as
Kubernetes, set some of them.
"""

import os
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from ipaddress import ip_network
from pathlib import Path
from typing import Any, Final

PREFIX: Final = "RETRORUN_"
KEY_VARIABLE: Final = "RETRORUN_API_KEY"
"""The API key that the command line sends. It is not a setting of the service."""

KUBERNETES: Final = re.compile(r"RETRORUN_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
"""Variables that Kubernetes sets in every container of a namespace with a Service named retrorun."""
KUBERNETES_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://")
"""Start of the value of other such variables, for example RETRORUN_PORT."""

ORIGIN: Final = re.compile(r"\*|https?://[A-Za-z0-9.\-\[\]:]+")
MOST_WORKERS: Final = 64
CPU_QUOTA: Final = Path("/sys/fs/cgroup/cpu.max")
"""The processor time that a container may use, in microseconds, and the time in which it may use it."""
LEVELS: Final = ("debug", "info", "warning", "error")
ON: Final = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


class BadSetting(ValueError):
    """A setting has an invalid value. The message says which one, and which values are valid."""


def setting(default: Any, expected: str, meaning: str, read: Callable[[str], Any]) -> Any:
    """Return a field of the settings with its description. `read` raises ValueError for an invalid value."""
    return field(default=default, metadata={"expected": expected, "meaning": meaning, "read": read})


def number(default: float | None, low: float, high: float, meaning: str) -> Any:
    """Return a setting that is a number from low to high: a whole one unless the default is a float."""
    whole = not isinstance(default, float)

    def read(text: str) -> float:
        value = int(text) if whole else float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return setting(default, f"a {'whole ' * whole}number from {low} to {high}", meaning, read)


def several(expected: str, meaning: str, read: Callable[[str], str]) -> Any:
    """Return a setting that is a list separated by commas, empty by default."""
    return setting((), expected, meaning, lambda text: tuple(read(part.strip()) for part in text.split(",")))


def cores() -> int:
    """Return how many cores this process may use: those of its CPU set, or fewer if a container has a quota."""
    allowed = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    try:
        quota, period = CPU_QUOTA.read_text(encoding="ascii").split()
        return max(1, min(allowed, int(quota) // int(period)))
    except (OSError, ValueError):  # There is no quota.
        return allowed


def number_of_workers(text: str) -> int:
    """Return a number of workers, or raise ValueError."""
    number = min(cores(), MOST_WORKERS) if text.lower() == "auto" else int(text)
    if not 1 <= number <= MOST_WORKERS:
        raise ValueError
    return number


def origin(text: str) -> str:
    """Return an origin of web pages, or raise ValueError."""
    if not ORIGIN.fullmatch(text):
        raise ValueError
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The settings of the service. Only `from_environment` checks the values."""

    host: str = setting("127.0.0.1", "an address", "Address to listen on. --host overrides it.", str)
    port: int = number(8000, 0, 65_535, "Port to listen on; 0 means any free port. --port overrides it.")
    workers: int = setting(
        1,
        f"a whole number from 1 to {MOST_WORKERS}, or auto for the number of cores",
        "Processes that serve the port. The limits on connections and on bytes held at once, and the computing "
        "processes, are divided among them. --workers overrides it.",
        number_of_workers,
    )
    maximum_body_bytes: int = number(65_536, 1024, 16_777_216, "Largest body of a request. A larger one gets 413.")
    maximum_list_bytes: int = number(
        4_194_304, 1024, 1_073_741_824, "Largest body that is a JSON list, such as a workout. A larger one gets 413."
    )
    maximum_upload_bytes: int = number(
        67_108_864, 1024, 1_073_741_824, "Largest body that contains a watch file. A larger one gets 413."
    )
    maximum_message_bytes: int = number(
        16_777_216, 1024, 1_073_741_824, "Largest record batch of a table. A stream with a larger one gets 413."
    )
    maximum_incoming_bytes: int = number(
        134_217_728,
        65_536,
        1_099_511_627_776,
        "Most bytes of request bodies above 8 kB that are held at once. Beyond this limit requests get 503.",
    )
    maximum_outgoing_bytes: int = number(
        134_217_728,
        65_536,
        1_099_511_627_776,
        "Most bytes of long answers that are being sent at once. Beyond this limit requests get 503.",
    )
    compute_processes: int = number(
        1, 1, 64, "Processes for long computations. The service starts as many again for large bodies."
    )
    compute_wait_s: float = number(
        5.0, 0.1, 600.0, "Time in seconds that a request may wait for a process that computes. Then it gets 503."
    )
    compute_within_s: float = number(
        60.0, 0.1, 3600.0, "Time in seconds that a process may compute for one request. Then the request gets 503."
    )
    maximum_header_bytes: int = number(
        16_384, 1024, 1_048_576, "Most bytes of request line and headers together. More get 431."
    )
    maximum_connections: int = number(
        1000,
        1,
        100_000,
        "Most open connections. Beyond this limit requests get 503 with Retry-After; beyond twice the limit they are "
        "refused unread. Health checks still work between the two.",
    )
    maximum_loop_lag_s: float = number(
        0.05,
        0.001,
        60.0,
        "How late in seconds the event loop may run. While it runs later, requests get 503 with Retry-After. "
        "Health checks and metrics still work.",
    )
    header_timeout_s: float = number(
        5.0,
        0.1,
        600.0,
        "Time in seconds for the headers of a request to arrive; then it gets 408. A connection without a request is "
        "closed after this time.",
    )
    request_timeout_s: float = number(
        10.0,
        0.1,
        600.0,
        "Time in seconds for a request to arrive; then it gets 408. In the same time a client must read 8 kB of its "
        "answer.",
    )
    upload_timeout_s: float = number(
        60.0,
        0.1,
        3600.0,
        "Time in seconds for the body of a workout or a watch file, or for a record batch of a table, to arrive; then "
        "the request gets 408.",
    )
    keep_alive_timeout_s: float = number(
        65.0,
        0.1,
        3600.0,
        "Time in seconds that a connection may be idle between requests. Your proxy must close idle ones sooner.",
    )
    drain_time_s: float = number(
        3.0,
        0.0,
        600.0,
        "Time in seconds after the signal to stop in which /readyz answers 503 and the rest works.",
    )
    shutdown_within_s: int = number(
        5,
        1,
        600,
        "Time in seconds after the drain for running requests to finish. Your platform must allow more than both "
        "times together.",
    )
    trusted_proxies: tuple[str, ...] = several(
        "networks in CIDR form, separated by commas",
        "Proxies whose X-Forwarded-For and X-Forwarded-Proto the service trusts. Only traces show the values.",
        lambda text: str(ip_network(text)),
    )
    cors_origins: tuple[str, ...] = several(
        "origins such as https://app.example, separated by commas, or *",
        "Origins of web pages that may call the service.",
        origin,
    )
    api_key_file: str | None = setting(
        None, "a path", "File with the hashes of the API keys. Without it, no key is needed.", str
    )
    pages_without_key: bool = setting(
        False,
        "on or off",
        "Serve /plot, /validation, /evidence, /models and /references without a key, so that a browser can open them.",
        lambda text: ON[text.lower()],
    )
    metrics_port: int | None = number(
        None, 0, 65_535, "Separate port for /metrics; 0 means any free port. Without it, /metrics is on the main port."
    )
    log_level: str = setting(
        "info",
        f"one of {', '.join(LEVELS)}",
        "Lowest level that is logged. At info, each request has a line.",
        lambda text: LEVELS[LEVELS.index(text.lower())],
    )
    tracing: bool = setting(False, "on or off", "Send OpenTelemetry traces.", lambda text: ON[text.lower()])


SETTINGS: Final[dict[str, Field[Any]]] = {known.name: known for known in fields(Settings)}


def variable(name: str) -> str:
    """Return the environment variable of a setting.

    Examples
    --------
    >>> variable("port")
    'RETRORUN_PORT'
    """
    return PREFIX + name.upper()


def from_environment(environment: Mapping[str, str], **given: Any) -> Settings:
    """Return the settings from environment variables and from values that override them.

    Parameters
    ----------
    environment : mapping
        Environment variables.
    **given
        Settings that override the environment. Those that are None do not.

    Returns
    -------
    Settings
        For each setting the given value, else the value in the environment, else the default.

    Raises
    ------
    BadSetting
        A value is not valid. The message does not repeat it.
    """
    values = {name: value for name, value in given.items() if value is not None}
    for name, value in values.items():
        if isinstance(value, str) and not value.strip():
            # An empty host would mean every address of this machine.
            raise BadSetting(f"--{name} is empty: give {SETTINGS[name].metadata['expected']}, or leave it out.")
    for name, known in SETTINGS.items():
        text = environment.get(variable(name), "").strip()
        if not text or name in values or is_from_kubernetes(variable(name), text):
            continue
        try:
            values[name] = known.metadata["read"](text)
        except (ValueError, KeyError):
            raise BadSetting(f"{variable(name)} is not {known.metadata['expected']}.") from None
    settings = Settings(**values)
    if settings.header_timeout_s > settings.request_timeout_s:
        raise BadSetting(
            f"{variable('header_timeout_s')} is more than {variable('request_timeout_s')}: "
            "headers are part of a request, so set it to the same time or less."
        )
    if settings.metrics_port and settings.metrics_port == settings.port:
        raise BadSetting(f"{variable('metrics_port')} is the port of the service. Choose another one.")
    return settings


def warnings(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each unknown variable with our prefix, and one for all that Kubernetes set."""
    known = {variable(name) for name in SETTINGS}
    injected = []
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX):
            continue
        if is_from_kubernetes(name, text):
            injected.append(name)
        elif name not in known and name != KEY_VARIABLE:
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            yield f"{name} is not a setting and is ignored. Did you mean {near[0]}? retrorun settings lists all."
    if injected:
        yield (
            f"These variables seem to be set by Kubernetes for a Service and are ignored: {', '.join(injected)}. "
            "To avoid them, set enableServiceLinks: false."
        )


def is_from_kubernetes(name: str, text: str) -> bool:
    """Return whether a variable is one that Kubernetes sets for a Service.

    Examples
    --------
    >>> is_from_kubernetes("RETRORUN_PORT", "tcp://10.0.0.1:80"), is_from_kubernetes("RETRORUN_PORT", "8000")
    (True, False)
    """
    return bool(KUBERNETES.fullmatch(name)) or bool(KUBERNETES_ADDRESS.match(text) and "PORT" in name)


def written(value: object) -> str:
    """Return a value as the text of an environment variable.

    Examples
    --------
    >>> written(("10.0.0.0/8", "::1/128")), written(False), written(None)
    ('10.0.0.0/8,::1/128', 'off', '')
    """
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, tuple):
        return ",".join(value)
    return "" if value is None else str(value)
