"""Operations that differ between a Python float and a NumPy array.

All other code in `models` uses arithmetic operators, so the same function computes one bout with floats, without
allocating an array, and a block of rows with arrays.
"""

import math
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Number: TypeAlias = float | NDArray[np.float64]
Condition: TypeAlias = bool | NDArray[np.bool_]
Column: TypeAlias = NDArray[np.float64]
Mask: TypeAlias = NDArray[np.bool_]
Rows: TypeAlias = NDArray[np.intp]
"""Indices of rows."""


def where(condition: Condition, if_true: Any, if_false: Any) -> Any:
    """Return one of two values, row by row if the condition is an array.

    Examples
    --------
    >>> where(True, 1.0, 2.0)
    1.0
    >>> where(np.array([True, False]), 1.0, 2.0)
    array([1., 2.])
    """
    if isinstance(condition, np.ndarray):
        return np.where(condition, if_true, if_false)
    return if_true if condition else if_false


def clip(value: Number, low: float, high: float) -> Number:
    """Return a value limited to two bounds; for piecewise equations, never for a caller's input.

    Examples
    --------
    >>> clip(1.5, 0.0, 1.0)
    1.0
    >>> clip(np.array([-1.0, 0.5]), 0.0, 1.0)
    array([0. , 0.5])
    """
    if isinstance(value, np.ndarray):
        return np.clip(value, low, high)
    return min(max(value, low), high)


def greater(one: Number, other: Number) -> Number:
    """Return the greater of two values, row by row if either is an array.

    Examples
    --------
    >>> greater(1.0, 2.0)
    2.0
    >>> greater(np.array([1.0, 3.0]), 2.0)
    array([2., 3.])
    """
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.maximum(one, other)
    return max(one, other)


def exponential(value: Number) -> Number:
    """Return e to the power of a value; for a column `numpy.exp` takes a third of the time of `**`.

    Examples
    --------
    >>> exponential(0.0)
    1.0
    >>> exponential(np.array([0.0]))
    array([1.])
    """
    result: Number = np.exp(value) if isinstance(value, np.ndarray) else math.exp(value)
    return result


def absolute(value: Number) -> Number:
    """Return the magnitude of a value.

    Examples
    --------
    >>> absolute(-2.0)
    2.0
    """
    result: Number = np.abs(value) if isinstance(value, np.ndarray) else abs(value)
    return result


def outside(value: Number, bounds: tuple[float, float]) -> Condition:
    """Return whether a value is outside a closed range, row by row if it is an array.

    Examples
    --------
    >>> outside(1.0, (1.0, 2.0)), outside(2.5, (1.0, 2.0))
    (False, True)
    """
    low, high = bounds
    if isinstance(value, float):
        return value < low or value > high
    return (value < low) | (value > high)


def settled(condition: Condition) -> Condition:
    """Return one bool if all rows have the same value, so that later steps need no work per row.

    Examples
    --------
    >>> settled(np.array([True, True])), settled(np.array([False])), settled(False)
    (True, False, False)
    >>> settled(np.array([True, False]))
    array([ True, False])
    """
    if condition is True or condition is False:
        return condition
    if condition.all():
        return True
    return condition if condition.any() else False


def negate(condition: Condition) -> Condition:
    """Return the opposite of a condition, row by row if it is an array (`~True` is -2 in Python).

    Examples
    --------
    >>> negate(True)
    False
    """
    return np.logical_not(condition) if isinstance(condition, np.ndarray) else not condition


def either_outside(speeds: tuple[Number, Number], bounds: tuple[float, float]) -> Condition:
    """Return whether the speed of either direction is outside a range."""
    there, back = speeds
    left = outside(there, bounds)
    return left if back is there else left | outside(back, bounds)


def running_sum(steps: Column) -> Column:
    """Return the running sums of steps, with a 0 in front.

    Examples
    --------
    >>> running_sum(np.array([1.0, 2.0]))
    array([0., 1., 3.])
    """
    return np.concatenate(([0.0], np.cumsum(steps)))
