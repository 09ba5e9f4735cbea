"""The header fields of a request as RFC 9110 means them, read once for everything behind the guard."""

from collections.abc import Iterable
from typing import Final

BLANKS: Final = b" \t"
ONE_VALUE: Final = frozenset(
    {b"content-length", b"content-type", b"host", b"origin", b"traceparent", b"x-api-key", b"x-request-id"}
)
"""Fields that are no lists. Several lines that differ say nothing: which one counts is anybody's guess."""


def fields_of(lines: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    r"""Return header fields by their names: without blanks around a value, and several lines as one list.

    Parameters
    ----------
    lines : iterable of (bytes, bytes)
        Names in lower case, and values as they were sent.

    Returns
    -------
    dict
        The value of each field (RFC 9110, 5.3 and 5.5); empty for a field of one value with lines that differ.

    Examples
    --------
    >>> fields_of([(b"accept", b"text/html "), (b"accept", b"*/*;q=0.1"), (b"x-api-key", b"\trr_example")])
    {b'accept': b'text/html, */*;q=0.1', b'x-api-key': b'rr_example'}
    >>> fields_of([(b"content-type", b"application/json"), (b"content-type", b"text/plain")])
    {b'content-type': b''}
    """
    fields: dict[bytes, bytes] = {}
    for name, line in lines:
        value = line.strip(BLANKS)
        if name not in fields:
            fields[name] = value
        elif fields[name] != value:
            fields[name] = b"" if name in ONE_VALUE else b"%s, %s" % (fields[name], value)
    return fields


def is_coded(content_encoding: bytes) -> bool:
    """Say whether a Content-Encoding names a coding beside `identity`, which is none.

    Examples
    --------
    >>> is_coded(b"gzip"), is_coded(b"Identity"), is_coded(b""), is_coded(b"identity, br")
    (True, False, False, True)
    """
    return any(coding.strip(BLANKS).lower() not in {b"", b"identity"} for coding in content_encoding.split(b","))
