"""Writes columns as CSV (RFC 4180): a row of names, then a row for each item, with numbers as JSON has them.

No cell begins a formula in a spreadsheet, because all words are those of the service, never of the caller.
"""

import csv
import io
from collections.abc import Iterable, Mapping
from typing import Any

import orjson


def csv_of(columns: Mapping[str, Iterable[Any]]) -> bytes:
    r"""Return columns of equal length as CSV.

    Parameters
    ----------
    columns : mapping
        The values of each column: numbers, words, true or false, and lists of these. None is an unknown value.

    Returns
    -------
    bytes
        CSV in UTF-8. An unknown value is an empty cell. A list is separated by spaces.

    Examples
    --------
    >>> csv_of({"met": [8.5, None], "warnings": [["a", "b"], []]})
    b'met,warnings\r\n8.5,a b\r\n,\r\n'
    """
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(columns)
    writer.writerows(zip(*(map(cell_of, values) for values in columns.values()), strict=True))
    return text.getvalue().encode()


def cell_of(value: Any) -> str:
    """Return the text of one cell.

    Examples
    --------
    >>> cell_of(2.5), cell_of(True), cell_of([1, 2]), cell_of(None)
    ('2.5', 'true', '1 2', '')
    """
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    return " ".join(map(cell_of, value)) if isinstance(value, list | tuple) else orjson.dumps(value).decode()
