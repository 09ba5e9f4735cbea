"""Say where a text is not JSON, without repeating any of it."""

import re
from typing import Final

PLACE: Final = re.compile(r"(.*) at line (\d+) column (\d+)", re.DOTALL)

WIDE_MARKS: Final = (b"\xff\xfe", b"\xfe\xff")
"""The marks of UTF-16, which some editors and shells write."""

COMPRESSED_MARKS: Final = (b"\x1f\x8b", b"\x28\xb5\x2f\xfd", b"\x78\x01", b"\x78\x9c", b"\x78\xda", b"PK\x03\x04")
"""The first bytes of gzip, zstd, zlib and zip."""

FORM: Final = re.compile(rb"\s*(?:[\w.%+\[\]-]+=|--[\w-]+\r?\n)")
"""The beginning of a form: a name with its value, or the line before a part."""

MISTAKES: Final = (
    (r"//|/\*|#", "JSON has no comments. Remove them."),
    ("['`\u2018-\u201f\u00ab\u00bb\u2032\u2033]", "Use straight double quotes."),
    (r"(?<=\d)\d*:\s*\d", "Give a time in seconds, without colons."),
    (r"(?<=\d)\s*%", "A number has no unit in JSON. 5 % is 0.05."),
    (r"(?<=\d)\s*(?:[^\W\d_]|°)", "A number has no unit in JSON."),
)
"""What people write at the place where a text stops being JSON, and what to do."""

HINTS: Final = {
    "EOF": "The text ends there: a bracket, a brace or a quote is not closed.",
    "trailing comma": "Remove the comma before the closing bracket.",
    "key must be": "A name in double quotes must come there. Numbers have a decimal point, not a comma.",
    "expected `:`": "A colon must come there, after the name.",
    "expected `,`": "A comma or a closing bracket must come there.",
    "expected": "A value must come there: a number like 0.5, true, false, or a text in double quotes.",
    "trailing characters": "The JSON value ends before it. Send one value only, without comments.",
    "invalid number": "Write numbers like 0.5 or 12, without leading zeros and with digits after the point.",
    "number out of range": "The number has too many digits.",
    "control character": "A text cannot hold a line break or a tab. Write \\n or \\t.",
    "recursion limit": "It is nested too deeply.",
}
"""What to do, by the beginning of the parser's sentence. The first that fits is used."""


NEARBY: Final = 100
"""Bytes on each side of a place in which a mistake is looked for."""


def broken_json(text: bytes, sentence: str) -> str:
    r"""Return where and why a text is not JSON.

    Parameters
    ----------
    text : bytes
        The text.
    sentence : str
        What the parser of pydantic says. It holds nothing of the text.

    Examples
    --------
    >>> broken_json(b'{"grade": 0.01,}', "trailing comma at line 1 column 16")
    'The body is not valid JSON at line 1, column 16. Remove the comma before the closing bracket.'
    """
    if not text.strip():
        return "The body is empty. Send a JSON object."
    if text.startswith(COMPRESSED_MARKS):
        return "The body is compressed. Send it uncompressed."
    if FORM.match(text):
        return "This is a form. Send JSON."
    if text.startswith(WIDE_MARKS) or b"\0" in text[:4]:
        return "The body is not in UTF-8. It looks like UTF-16: send it in UTF-8."
    try:
        text.decode()
    except UnicodeDecodeError as error:
        line, column = text.count(b"\n", 0, error.start) + 1, _column(text, error.start)
        return f"The body is not valid JSON: it is not in UTF-8 at line {line}, column {column}."
    found = PLACE.fullmatch(sentence)
    if found is None:
        return "The body is not valid JSON in UTF-8."
    said, line, column = found[1], int(found[2]), int(found[3])
    start = sum(len(before) + 1 for before in text.split(b"\n", line - 1)[: line - 1])
    place = max(start + column - 1, 0)
    # A line break in a text is reported at the start of the next line.
    line, column = text.count(b"\n", 0, place) + 1, _column(text, place)
    hint = _mistake(text, place) or next((hint for beginning, hint in HINTS.items() if said.startswith(beginning)), "")
    return f"The body is not valid JSON at line {line}, column {column}. {hint}".strip()


def _mistake(text: bytes, place: int) -> str:
    """Return what to do about the characters at a place, or nothing if they are no usual mistake."""
    before, after = text[max(place - NEARBY, 0) : place].decode(errors="ignore"), text[place : place + NEARBY]
    here = before.rstrip() + after.decode(errors="ignore")
    start = len(before.rstrip())
    return next((hint for pattern, hint in MISTAKES if re.compile(pattern).match(here, start)), "")


def _column(text: bytes, place: int) -> int:
    """Return the column of a byte, in characters from 1."""
    return len(text[text.rfind(b"\n", 0, place) + 1 : place].decode(errors="replace")) + 1
