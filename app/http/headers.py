"""Reads the header fields of a request by the rules of RFC 9110, once for all code behind the guard."""

from collections.abc import Iterable
from typing import Final

BLANKS: Final = b" \t"
ONE_VALUE: Final = frozenset(
    {
        *(b"content-length", b"content-type", b"host", b"origin", b"retrorun-models", b"traceparent"),
        *(b"x-api-key", b"x-request-id"),
    }
)
"""Fields that are not lists. If several lines differ, nobody can know which one counts, so the value is empty."""


def fields_of(lines: Iterable[tuple[bytes, bytes]]) -> dict[bytes, bytes]:
    r"""Return header fields by name, without blanks around a value, and with several lines joined to one list.

    Parameters
    ----------
    lines : iterable of (bytes, bytes)
        Names in lower case, and unchanged values.

    Returns
    -------
    dict
        The value of each field (RFC 9110, 5.3 and 5.5). Empty if a field of `ONE_VALUE` has lines that differ.

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


def is_encoded(content_encoding: bytes) -> bool:
    """Return whether a Content-Encoding has a coding other than `identity`, which means no coding.

    Examples
    --------
    >>> is_encoded(b"gzip"), is_encoded(b"Identity"), is_encoded(b""), is_encoded(b"identity, br")
    (True, False, False, True)
    """
    return any(coding.strip(BLANKS).lower() not in {b"", b"identity"} for coding in content_encoding.split(b","))
