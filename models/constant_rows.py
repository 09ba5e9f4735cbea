"""A constant as the catalogue lists it: where it is, and the public name that stays when it moves."""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np

from models.evidence import Standing


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


def rows(group: str, module: Any, *listed: tuple[str, str, Standing, str]) -> list[Row]:
    """Return constants of one module as rows of one group."""
    return [Row(group, module, *row) for row in listed]


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
    >>> from models import load
    >>> (row,) = rows("load", load, ("PEAK_VERTICAL_FORCE_RATIO.walk", "Backward over forward [1]", "choice", ""))
    >>> list(leaves_of(row))
    [('load.PEAK_VERTICAL_FORCE_RATIO.walk', 1.0)]
    """
    whole, _, gait_name = row.name.partition(".")
    constant = getattr(row.module, whole)
    yield from leaves(f"{row.group}.{row.name}", constant[gait_name] if gait_name else constant)
