"""Fuzz the code that reads a request: `python -m robustness.fuzz bodies|bouts|headers|arrow --seconds 60`.

`bodies` takes any bytes, `bouts` writes JSON objects of known fields and odd values, `headers` takes any Content-Type
and Accept, all guided by coverage. A finding is an exception or an answer outside the contract; atheris prints it and
keeps the bytes. `arrow` sends invalid streams to a separate process: `robustness.arrow_streams`.
"""

import argparse
import random
import sys
import tempfile
from pathlib import Path

import atheris  # type: ignore[import-untyped, unused-ignore] # only where `make fuzz` installed it

with atheris.instrument_imports(include=["retrorun", "robustness"]):
    from retrorun.app.api.estimate import EstimateRequest, MeasurementRequest
    from retrorun.app.http.limits import LONGEST_LENGTH
    from robustness import arrow_streams
    from robustness.bodies import STATUSES_OF_HEADERS, check
    from robustness.corpus import BODY, HOSTILE_BODIES

FIELDS = sorted({*EstimateRequest.__annotations__, *MeasurementRequest.__annotations__, "unknown", ""})
LITERALS = [
    *("0", "-0.0", "1", "2.5", "70", "1200", "1e999", "-1e308", "5e-324", "NaN", "Infinity", "9" * 400),
    *("true", "null", '""', '"run"', '"walk"', '"female"', '"speed"', '"metabolic_rate"', '"heart_rate"'),
    '"perceived_exertion"',
    *('"documented"', '"pooled"', '"backward"', '["load"]', '["energy", "energy"]', "[]", "{}", '"\\ud800"', "[["),
]


def bodies(data: bytes) -> None:
    """Take the bytes as they are, in one piece or two."""
    provider = atheris.FuzzedDataProvider(data)
    cut = provider.ConsumeIntInRange(0, 64)
    body = provider.ConsumeBytes(len(data))
    check(*((body[:cut], body[cut:]) if cut else (body,)))


def value(provider: atheris.FuzzedDataProvider, depth: int = 0) -> str:
    """Return the JSON text of a random value."""
    choice = provider.ConsumeIntInRange(0, 5)
    if choice == 0:
        return repr(provider.ConsumeFloat()).replace("inf", "Infinity").replace("nan", "NaN")
    if choice == 1:
        return f"{provider.ConsumeFloatInRange(0, 200):.3f}"
    if choice == 2 and depth < 3:
        return members(provider, depth + 1)
    if choice == 3 and depth < 3:
        count = provider.ConsumeIntInRange(0, 4)
        return "[" + ", ".join(value(provider, depth + 1) for _ in range(count)) + "]"
    if choice == 4:
        return f"{provider.ConsumeInt(10)}"
    return str(LITERALS[provider.ConsumeIntInRange(0, len(LITERALS) - 1)])


def members(provider: atheris.FuzzedDataProvider, depth: int = 0) -> str:
    """Return the JSON text of an object of fields, most of them known."""
    count = provider.ConsumeIntInRange(0, 8)
    names = (FIELDS[provider.ConsumeIntInRange(0, len(FIELDS) - 1)] for _ in range(count))
    return "{" + ", ".join(f'"{name}": {value(provider, depth)}' for name in names) + "}"


def bouts(data: bytes) -> None:
    """Write a bout from the bytes, half of them on top of a good one."""
    provider = atheris.FuzzedDataProvider(data)
    start = BODY.decode()[:-1] + ", " if provider.ConsumeBool() else "{"
    check((start + members(provider)[1:]).encode())


def headers(data: bytes) -> None:
    """Take the bytes as Content-Type, Accept, Content-Length and X-Request-Id."""
    provider = atheris.FuzzedDataProvider(data)
    names = (b"content-type", b"accept", b"content-length", b"x-request-id")
    sent = tuple((name, provider.ConsumeBytes(provider.ConsumeIntInRange(0, 60))) for name in names)
    length = sent[2][1].strip(b" \t")
    if not (length.isdigit() and (len(length) > LONGEST_LENGTH or int(length) > len(BODY))):
        check(BODY, headers=sent, allowed=STATUSES_OF_HEADERS)


TARGETS = {"bodies": bodies, "bouts": bouts, "headers": headers}


def main() -> None:
    """Fuzz one target for a bounded time."""
    parser = argparse.ArgumentParser(prog="python -m robustness.fuzz", description=__doc__)
    parser.add_argument("target", choices=(*TARGETS, "arrow"))
    parser.add_argument("--seconds", type=int, default=60, help="how long [s] (default: 60, at most 3600)")
    parser.add_argument("--keep", type=Path, default=Path("build/fuzz"), help="where findings go (default: build/fuzz)")
    options = parser.parse_args()
    if not 1 <= options.seconds <= 3600:
        parser.error("--seconds: give 1 to 3600")
    options.keep.mkdir(parents=True, exist_ok=True)
    if options.target == "arrow":
        sys.exit(bool(arrow_streams.run(options.seconds, options.keep, random.randrange(1 << 32))))
    with tempfile.TemporaryDirectory() as place:
        seeds, words = Path(place) / "seeds", Path(place) / "words"
        seeds.mkdir()
        for count, body in enumerate((BODY, *HOSTILE_BODIES)):
            (seeds / str(count)).write_bytes(b"\0" + body[:4096])
        words.write_text("".join(f'"\\"{name}\\":"\n' for name in FIELDS if name), encoding="ascii")
        flags = [
            f"-max_total_time={options.seconds}",
            "-max_len=4096",
            "-timeout=5",
            "-rss_limit_mb=1024",
            "-print_final_stats=1",
            "-verbosity=0",
            f"-dict={words}",
            f"-artifact_prefix={options.keep}/{options.target}-",
        ]
        atheris.Setup([sys.argv[0], *flags, str(seeds)], TARGETS[options.target])
        atheris.Fuzz()


if __name__ == "__main__":
    main()
