"""Which columns of an answer are asked for."""

from collections.abc import Sequence
from difflib import get_close_matches

from models.column_names import FIELDS
from models.errors import Conflict


def checked_fields(fields: Sequence[str]) -> tuple[str, ...]:
    """Return the asked columns, or raise where one is unknown or asked twice.

    Examples
    --------
    >>> checked_fields(["gait", "forward_met"])
    ('gait', 'forward_met')
    """
    for field in fields:
        if field not in FIELDS:
            near = get_close_matches(field, FIELDS, n=1)
            hint = f"did you mean {near[0]}?" if near else "name a path in the estimate, with underscores."
            raise Conflict("fields", f"A field is unknown: {hint}", "unknown_field")
    if not fields or len(set(fields)) < len(fields):
        raise Conflict("fields", "Give at least one field, and each once.", "not_unique")
    return tuple(fields)
