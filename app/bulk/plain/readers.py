"""Read plain text with Arrow: CSV without quotes, and JSON Lines of numbers and words.

A block of text is plain if each of its lines is a row. A reader returns None if a row is not what it reads. Then
`app.bulk.lines` reads the block, and finds what is wrong with which row.
"""

from collections.abc import Collection, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.json

LINE_END = ord("\n")
RETURN = ord("\r")
BLANK = ord(" ")
"""The largest of the codes of blanks. No code of a visible character is as small."""
BETWEEN = (b"}\n{", b"}\r\n{")
"""What is between two objects of JSON Lines."""


def rows_of_plain(text: bytes) -> int | None:
    r"""Return the number of rows of a text, or None if a line might be no row or part of one.

    Examples
    --------
    >>> rows_of_plain(b"1,2\n3,4\n"), rows_of_plain(b"1,2\r\n3,4\r\n"), rows_of_plain(b"1,2\n \n")
    (2, 2, None)
    """
    codes = np.frombuffer(text, np.uint8)
    ends = np.flatnonzero(codes == LINE_END)
    if not ends.size or ends[0] == 0 or ends[-1] != len(text) - 1:
        return None
    if b"\r" in text:
        if not np.all(codes[ends - 1] == RETURN) or text.count(b"\r") != ends.size:
            return None
        ends = ends - 1
    # A line that is blank ends in a blank, or has no character before its end.
    return None if np.any(codes[ends - 1] <= BLANK) or text[0] <= BLANK else int(ends.size)


def plain_csv(text: bytes, columns: int, wanted: Sequence[int]) -> list[pa.Array] | None:
    """Return the cells of CSV without quotes as text, or None if a row has another number of cells.

    Parameters
    ----------
    text : bytes
        UTF-8 in which each line is a row.
    columns : int
        Number of all columns.
    wanted : sequence of int
        The places of the columns to return.
    """
    names = [str(place) for place in range(columns)]
    try:
        table = pa.csv.read_csv(
            pa.BufferReader(text),
            pa.csv.ReadOptions(use_threads=False, block_size=len(text) + 1, column_names=names),
            pa.csv.ParseOptions(quote_char=False, ignore_empty_lines=False),
            pa.csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                include_columns=[names[place] for place in wanted],
                null_values=[""],
                strings_can_be_null=True,
                check_utf8=False,
            ),
        )
    except pa.ArrowException:
        return None
    return [column.combine_chunks() for column in table.columns]


def plain_json(text: bytes, numbers: Collection[str], words: Collection[str]) -> dict[str, pa.Array] | None:
    """Return the members of JSON Lines, or None if a line is another object, or none.

    Parameters
    ----------
    text : bytes
        UTF-8 in which each line is a row.
    numbers, words : collection of str
        The members that an object may have.
    """
    rows = rows_of_plain(text)
    # With this between each two lines, and as many objects as lines, each line is an object.
    if rows is None or not text.startswith(b"{") or not text.rstrip().endswith(b"}"):
        return None
    if sum(map(text.count, BETWEEN)) != rows - 1:
        return None
    schema = pa.schema(dict.fromkeys(numbers, pa.float64()) | dict.fromkeys(words, pa.string()))
    try:
        table = pa.json.read_json(
            pa.BufferReader(text),
            pa.json.ReadOptions(use_threads=False, block_size=len(text) + 1),
            pa.json.ParseOptions(explicit_schema=schema, unexpected_field_behavior="error"),
        )
        if table.num_rows != rows or not all(is_sure(table[name]) for name in numbers):
            return None
        table.validate(full=True)
    except (pa.ArrowException, UnicodeDecodeError):
        return None
    return {name: table[name].combine_chunks() for name in schema.names}


def is_sure(numbers: pa.ChunkedArray) -> bool:
    """Return whether numbers have no other meaning in JSON: Arrow also reads `Inf`, and the integer -0 as -0.0."""
    reciprocals = pc.divide(1.0, numbers)  # Of 0 it is infinite, too.
    return not pc.any(pc.or_(pc.invert(pc.is_finite(numbers)), pc.equal(reciprocals, -np.inf)), min_count=0).as_py()
