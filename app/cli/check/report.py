"""Say what `retrorun check` found, as text or as JSON."""

import json
import os
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

from retrorun.app.cli.check.service import PINS, VERSION, Checked
from retrorun.app.contract.golden import ABSENT, TOLERANCE, Difference

SHOWN: Final = 3
"""Most differences of one answer in the text."""
SHOWN_IN_JSON: Final = 100
LONGEST: Final = 60
"""Most characters of a value in the text."""
LONGEST_PLACE: Final = 120
LONGEST_IN_JSON: Final = 1000
SAME, DIFFERS = "same", "differs"


def pins_of(checked: Sequence[Checked]) -> dict[str, list[str]]:
    """Return each version and each hash of the models that the answers name. Several mean several replicas."""
    return {pin: sorted({one.pins[pin] for one in checked if pin in one.pins}) for pin in PINS}


def is_same(checked: Sequence[Checked]) -> bool:
    """Return whether every answer, the version and the models are those of this command."""
    found = pins_of(checked)
    return not any(one.differences for one in checked) and all(found[pin] == [here] for pin, here in PINS.items())


def text(checked: Sequence[Checked]) -> str:
    """Return the version and models, a table of the answers by operation, and what differs."""
    return "\n".join([*lines(checked), ""])


def lines(checked: Sequence[Checked]) -> Iterator[str]:
    """Yield the lines of the text."""
    found = pins_of(checked)
    sent = Counter(operation(one) for one in checked)
    differ = Counter(operation(one) for one in checked if one.differences)
    hidden = Counter(operation(one) for one in checked if one.hidden)
    table = [("", "Expected", "Found", "")]
    for pin, here in PINS.items():
        label = "Version" if pin == VERSION else "Models"
        table.append((label, here, printable(" and ".join(found[pin])) or "none", verdict(found[pin] == [here])))
    yield from aligned(table)
    yield ""
    rows = [("Golden requests", "Sent", "Differ", "")]
    rows += [
        (name, str(sent[name]), str(differ[name]), "not public, as behind a proxy" if hidden[name] else "")
        for name in sent
    ]
    yield from aligned([*rows, ("All", str(sent.total()), str(differ.total()), "")])
    yield ""
    yield from difference_lines(checked)
    if differ:
        yield ""
    if len(found[VERSION]) > 1:
        yield "Several versions answer: wait until the roll-out is complete, and check again."
    same = is_same(checked)
    yield "Everything is the same." if same else "The service differs from this command."
    yield f"Numbers within {TOLERANCE:g} of their size count as the same."


def verdict(same: bool) -> str:
    """Return whether two things are the same, in a word."""
    return SAME if same else DIFFERS


def operation(one: Checked) -> str:
    """Return the operation of a golden request, or `problem`."""
    return one.name.partition(".")[0]


def aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """Yield rows with aligned columns."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip()


def difference_lines(checked: Sequence[Checked]) -> Iterator[str]:
    """Yield the differences. One that several answers share, such as that of a header, is named once."""
    sharing: dict[str, list[str]] = {}
    for one in checked:
        for difference in one.differences:
            sharing.setdefault(difference_text(difference), []).append(one.name)
    alone = Counter[str]()
    for text, (first, *others) in sharing.items():
        alone[first] += not others
        if others or alone[first] <= SHOWN:
            yield f"{first}{f' and {len(others)} more' if others else ''} {text}"
    if any(count > SHOWN for count in alone.values()):
        yield f"Only {SHOWN} of each answer are shown: --json lists all."


def difference_text(difference: Difference) -> str:
    """Return a difference in words. Two long texts are shown from where they differ.

    Examples
    --------
    >>> difference_text(Difference("/status", 200, 404))
    '/status: expected 200, found 404.'
    """
    expected, found = ("nothing" if value is ABSENT else json.dumps(value) for value in difference[1:])
    if max(len(expected), len(found)) > LONGEST:
        alike = len(os.path.commonprefix([expected, found]))  # noqa: RUF071 - these are texts, not paths
        start = max(0, alike - LONGEST // 3)
        expected, found = (f"...{text[start:]}" if start else text for text in (expected, found))
    return f"{printable(difference.place)}: expected {cut(expected)}, found {cut(found)}.".removeprefix(": ")


def cut(text: str, most: int = LONGEST) -> str:
    """Return the beginning of a text."""
    return text if len(text) <= most else f"{text[:most]}..."


def printable(text: str) -> str:
    """Return the beginning of a text in ASCII, without characters that control a terminal."""
    return cut(json.dumps(text)[1:-1], LONGEST_PLACE)


def document(checked: Sequence[Checked]) -> bytes:
    """Return the same as JSON. A part that one answer does not have is missing there too."""
    found = pins_of(checked)
    names = {pin: pin.removeprefix("retrorun-") for pin in PINS}
    content: dict[str, Any] = {"result": verdict(is_same(checked)), "tolerance": TOLERANCE}
    content |= {names[pin]: {"expected": here, "found": found[pin]} for pin, here in PINS.items()}
    content["requests"] = [
        {"name": one.name, "result": "hidden" if one.hidden else verdict(not one.differences)}
        | ({"status": one.status} if one.status else {})
        | ({"differences": [*map(entry, one.differences[:SHOWN_IN_JSON])]} if one.differences else {})
        for one in checked
    ]
    return json.dumps(content, indent=2).encode()


def entry(difference: Difference) -> dict[str, Any]:
    """Return a difference as JSON."""
    return {name: brief(value) for name, value in difference._asdict().items() if value is not ABSENT}


def brief(value: Any) -> Any:
    """Return a value, or the beginning of its JSON if it is long."""
    written = json.dumps(value)
    return value if len(written) <= LONGEST_IN_JSON else written[:LONGEST_IN_JSON]
