"""What an operator may set, by environment variables: each with its default, its meaning and its bounds, once.

The variable of a setting is its name in capitals after `RETRORUN_`. An empty value is none. A value that cannot be
stops the start with one sentence; a variable that is not known is a warning, because others set some of them too.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import Field, dataclass, field, fields
from difflib import get_close_matches
from ipaddress import ip_network
from typing import Any, Final

PREFIX: Final = "RETRORUN_"
KEY_VARIABLE: Final = "RETRORUN_API_KEY"
"""The key that the command line sends to a service; no setting of one."""

KUBERNETES: Final = re.compile(r"RETRORUN_(\w+_)?(SERVICE_HOST|SERVICE_PORT(_\w+)?|PORT_\d+_(TCP|UDP|SCTP)(_\w+)?)")
"""Variables that Kubernetes sets in every container of a namespace that has a Service of our name."""
KUBERNETES_ADDRESS: Final = re.compile(r"(tcp|udp|sctp)://")
"""What it sets others to, RETRORUN_PORT among them."""

ORIGIN: Final = re.compile(r"\*|https?://[A-Za-z0-9.\-\[\]:]+")
LEVELS: Final = ("debug", "info", "warning", "error")
ON: Final = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}


class BadSetting(ValueError):
    """A setting has a value that cannot be; the message says which and what can."""


def setting(default: Any, expected: str, meaning: str, read: Callable[[str], Any]) -> Any:
    """Return a field of the settings with what is said of it; `read` raises ValueError for what is not expected."""
    return field(default=default, metadata={"expected": expected, "meaning": meaning, "read": read})


def number(default: float | None, low: float, high: float, meaning: str) -> Any:
    """Return a setting that is a number from low to high, whole where the default is."""
    whole = not isinstance(default, float)

    def read(text: str) -> float:
        value = int(text) if whole else float(text)
        if not low <= value <= high:
            raise ValueError
        return value

    return setting(default, f"a {'whole ' * whole}number from {low} to {high}", meaning, read)


def several(expected: str, meaning: str, read: Callable[[str], str]) -> Any:
    """Return a setting that is a list, separated by commas, none by default."""
    return setting((), expected, meaning, lambda text: tuple(read(part.strip()) for part in text.split(",")))


def origin(text: str) -> str:
    """Return the origin of a web page."""
    if not ORIGIN.fullmatch(text):
        raise ValueError
    return text


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """How the service runs. Made by hand it is taken as it is; `from_environment` checks."""

    host: str = setting("127.0.0.1", "an address", "Address to listen on; --host wins.", str)
    port: int = number(8000, 0, 65_535, "Port to listen on, 0 for any free one; --port wins.")
    maximum_body_bytes: int = number(65_536, 1024, 16_777_216, "Largest body of a request; beyond it 413.")
    maximum_list_bytes: int = number(
        4_194_304, 1024, 1_073_741_824, "Largest body that is a list in JSON, such as a workout; beyond it 413."
    )
    maximum_upload_bytes: int = number(
        16_777_216, 1024, 1_073_741_824, "Largest body that holds a watch file; beyond it 413."
    )
    maximum_incoming_bytes: int = number(
        134_217_728,
        65_536,
        1_099_511_627_776,
        "Bytes of bodies larger than maximum_body_bytes that are held at once; beyond it 503.",
    )
    maximum_outgoing_bytes: int = number(
        134_217_728,
        65_536,
        1_099_511_627_776,
        "Bytes of long answers that are on their way at once; beyond it 503.",
    )
    compute_processes: int = number(
        1, 1, 64, "Processes that compute beside the event loop, and as many again for large bodies."
    )
    compute_wait_s: float = number(
        5.0, 0.1, 600.0, "Time a request may wait for its turn to be computed beside the event loop; then 503."
    )
    compute_within_s: float = number(
        60.0, 0.1, 3600.0, "Time the computation of one request may take beside the event loop; then 503."
    )
    maximum_header_bytes: int = number(
        16_384, 1024, 1_048_576, "Largest request line and headers of a request together; beyond it 431."
    )
    maximum_connections: int = number(
        1000,
        1,
        100_000,
        "Open connections that are served. As many again get 503 with Retry-After, but for probes; "
        "beyond those, 503 unread.",
    )
    maximum_loop_lag_s: float = number(
        0.05,
        0.001,
        60.0,
        "How late the event loop may run; while it is later, requests other than probes and metrics get 503 "
        "with Retry-After.",
    )
    header_timeout_s: float = number(
        5.0, 0.1, 600.0, "Time for a first request to begin, and for the headers of any to arrive; then 408 or the end."
    )
    request_timeout_s: float = number(
        10.0,
        0.1,
        600.0,
        "Time for a whole request to arrive, then 408. In each such time a client must take 8 kB of its answer.",
    )
    upload_timeout_s: float = number(
        60.0,
        0.1,
        3600.0,
        "Time for the body of a workout or a watch file, or for a record batch of a table, to arrive; then 408.",
    )
    keep_alive_timeout_s: float = number(
        65.0,
        0.1,
        3600.0,
        "Time a connection may be idle between requests; longer than a proxy in front keeps its own.",
    )
    drain_time_s: float = number(
        3.0, 0.0, 600.0, "Time from the signal to stop in which /readyz says no and everything else is still answered."
    )
    shutdown_within_s: int = number(
        5,
        1,
        600,
        "Time after the drain for requests under way to finish; with the drain under what the platform grants.",
    )
    trusted_proxies: tuple[str, ...] = several(
        "networks in CIDR form, separated by commas",
        "Proxies whose X-Forwarded-For and X-Forwarded-Proto are believed; only traces show them.",
        lambda text: str(ip_network(text)),
    )
    cors_origins: tuple[str, ...] = several(
        "origins such as https://app.example, separated by commas, or *",
        "Origins whose web pages may call the service.",
        origin,
    )
    api_key_file: str | None = setting(
        None, "a path", "File of the hashes of the API keys; without it every caller is served.", str
    )
    metrics_port: int | None = number(
        None, 0, 65_535, "Port of /metrics alone, 0 for any free one; without it /metrics is on the service's port."
    )
    log_level: str = setting(
        "info",
        f"one of {', '.join(LEVELS)}",
        "Least level that is logged; info has a line for each request.",
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
    """Return the settings of an environment.

    Parameters
    ----------
    environment : mapping
        Environment variables.
    **given
        Settings that win over the environment, where they are not None.

    Returns
    -------
    Settings
        The given, else the environment's, else the default.

    Raises
    ------
    BadSetting
        A value cannot be; it is not repeated.
    """
    values = {name: value for name, value in given.items() if value is not None}
    for name, value in values.items():
        if isinstance(value, str) and not value.strip():
            # An empty host would be every address of this machine.
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
            "headers are part of a request."
        )
    if settings.metrics_port and settings.metrics_port == settings.port:
        raise BadSetting(f"{variable('metrics_port')} is the port of the service: give another one.")
    return settings


def warnings(environment: Mapping[str, str]) -> Iterator[str]:
    """Yield a sentence for each variable that looks like ours and is not, and one for all that Kubernetes set."""
    known = {variable(name) for name in SETTINGS}
    injected = []
    for name, text in sorted(environment.items()):
        if not name.startswith(PREFIX):
            continue
        if is_from_kubernetes(name, text):
            injected.append(name)
        elif name not in known and name != KEY_VARIABLE:
            near = get_close_matches(name, known, n=1, cutoff=0.0)
            yield f"{name} is no setting and is ignored: the nearest is {near[0]}; retrorun settings lists all."
    if injected:
        yield (
            f"{', '.join(injected)} look set by Kubernetes for a Service and are ignored: "
            "enableServiceLinks: false keeps them out."
        )


def is_from_kubernetes(name: str, text: str) -> bool:
    """Say whether a variable is one that Kubernetes sets for a Service.

    Examples
    --------
    >>> is_from_kubernetes("RETRORUN_PORT", "tcp://10.0.0.1:80"), is_from_kubernetes("RETRORUN_PORT", "8000")
    (True, False)
    """
    return bool(KUBERNETES.fullmatch(name)) or bool(KUBERNETES_ADDRESS.match(text) and "PORT" in name)


def written(value: object) -> str:
    """Return a value as it would be set.

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
