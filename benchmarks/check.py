"""Check whether the service has become slower: compare its ratios at the ASGI level with the committed ones."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Final

BASELINE: Final = Path(__file__).with_name("baseline.json")
WORSE: Final = 1.15
"""A ratio this many times the committed one fails: more than the noise of a shared machine, less than users notice."""

RENEW: Final = "If this is intended, or another variant became faster, update the baseline with `make bench-baseline`."


def read_baseline() -> dict[str, float]:
    """Return the committed ratios."""
    ratios: dict[str, float] = json.loads(BASELINE.read_text(encoding="utf-8"))
    return ratios


def write_baseline(ratios: Mapping[str, float]) -> None:
    """Write the ratios to compare with from now on."""
    rounded = {name: round(value, 3) for name, value in sorted(ratios.items())}
    BASELINE.write_text(json.dumps(rounded, indent=2) + "\n", encoding="utf-8")


def complaints(measured: Mapping[str, float], baseline: Mapping[str, float]) -> list[str]:
    """Return a line for each ratio that is worse than the baseline by more than the allowed factor.

    Examples
    --------
    >>> complaints({"a/b": 0.45}, {"a/b": 0.40})
    []
    >>> complaints({"a/b": 0.60}, {"a/b": 0.40})
    ['a/b is 0.600, 50 % worse than the baseline of 0.400.']
    >>> complaints({}, {"a/b": 0.40})
    ['a/b was not measured.']
    """
    lines = []
    for name, before in baseline.items():
        if name not in measured:
            lines.append(f"{name} was not measured.")
        elif measured[name] > before * WORSE:
            worse = (measured[name] / before - 1) * 100
            lines.append(f"{name} is {measured[name]:.3f}, {worse:.0f} % worse than the baseline of {before:.3f}.")
    return lines
