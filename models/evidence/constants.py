"""Every constant of the models: where it is, and the public name that stays when it moves.

`tables/constants.csv` has a row for each, without its value: that is read from the module that computes with it, and
never written again. A number that is missing there is found by a test. The group is public, and so is the name: a
constant may move to another module, and neither its public name nor the hash changes. The group `numerics` holds how
finely a search or a series is worked out: a change there moves an answer by less than any of its digits that mean
something.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from retrorun.models.sources.tables import table
from retrorun.models.vocabulary.choices import Standing


class Row(NamedTuple):
    """One constant. Its public name is the group and the name; its module may change without either."""

    group: str
    module: Any
    """Where it is today: in no answer and in no hash."""
    name: str
    """Name in the module. A gait behind it is the gait's part of a constant whose gaits stand apart."""
    meaning: str
    standing: Standing
    references: str
    """Ids in `REFERENCES`, between blanks."""


@cache
def constant_rows() -> tuple[Row, ...]:
    """Return every constant, in the order of the table.

    Examples
    --------
    >>> row = constant_rows()[0]
    >>> row.group, row.name, row.module.__name__
    ('energy', 'ON_A_GRADE', 'retrorun.models.physiology.energy')
    """
    rows: Any = table("constants")
    # Imported only now: many of these modules ask for the hash, and with it for this list.
    return tuple(Row(**{**row, "module": import_module(f"retrorun.models.{row['module']}")}) for row in rows)


def leaves(name: str, constant: Any) -> Iterator[tuple[str, float | str]]:
    """Yield every number and word of a constant with its path.

    Examples
    --------
    >>> list(leaves("LINE", {"run": (1.0, 2.0)}))
    [('LINE.run[0]', 1.0), ('LINE.run[1]', 2.0)]
    >>> list(leaves("GRADES", {"walk": ("B", None)}))
    [('GRADES.walk[0]', 'B')]
    """
    if isinstance(constant, dict):
        for key, item in constant.items():
            yield from leaves(f"{name}.{key}", item)
    elif isinstance(constant, tuple | list | np.ndarray):
        for index, item in enumerate(constant):
            yield from leaves(f"{name}[{index}]", item)
    elif constant is not None:
        yield name, constant


def leaves_of(row: Row) -> Iterator[tuple[str, float | str]]:
    """Yield every number and word of a row's constant with its public path.

    Examples
    --------
    >>> (row,) = [row for row in constant_rows() if row.name == "PEAK_VERTICAL_FORCE_RATIO.walk"]
    >>> list(leaves_of(row))
    [('load.PEAK_VERTICAL_FORCE_RATIO.walk', 1.0)]
    """
    whole, _, gait_name = row.name.partition(".")
    constant = getattr(row.module, whole)
    yield from leaves(f"{row.group}.{row.name}", constant[gait_name] if gait_name else constant)
