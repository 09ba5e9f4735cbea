"""Every constant of the models: its module, and its public name.

`models/sources/constants.csv` has a row for each constant, but not its value. The value is read from the module that
computes with it, so it is written once. A test finds a number that has no row. The group and the name are public: if a
constant moves to another module, neither its public name nor the hash changes. The group `numerics` holds the
precision of searches and series. A change there moves an answer by less than its last meaningful digit.
"""

from collections.abc import Iterator
from functools import cache
from importlib import import_module
from typing import Any, NamedTuple

import numpy as np

from retrorun.models.sources.tables import table
from retrorun.models.vocabulary.choices import Standing


class Row(NamedTuple):
    """One constant. Its public name is the group and the name. Its module is not public."""

    group: str
    module: Any
    """The module that holds the constant. No answer and no hash contains it."""
    name: str
    """Name in the module. If a gait follows it, the row is only that gait's part of the constant."""
    meaning: str
    standing: Standing
    references: str
    """Ids in `REFERENCES`, separated by spaces."""


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
    # Imported only here, because many of these modules need the hash, which needs this list.
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
