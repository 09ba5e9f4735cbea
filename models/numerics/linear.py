"""Find the amounts that give the most within a few totals: a linear program with few totals and many amounts."""

from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrorun.models.numerics.arithmetic import Column, Rows
from retrorun.models.numerics.roots import MOST_ROUNDING

Table: TypeAlias = NDArray[np.float64]

MOST_STEPS: Final = 500
"""Most exchanges of one amount for another. A search takes about ten."""

LEAST_USE: Final = 1e-9
"""Smallest use of an amount that can be exchanged; less is rounding."""


def most_gain(gain: Column, uses: Table, totals: Column) -> Column | None:
    """Return the amounts, none below 0, with the most gain. Return None if the last total cannot be reached.

    Parameters
    ----------
    gain : ndarray of shape (n,)
        Gain of one unit of each amount.
    uses : ndarray of shape (m, n)
        What one unit of each amount uses of each total. Some total must be used by every amount that has a gain.
    totals : ndarray of shape (m,)
        Totals that the use must not exceed, about 1 in size. Only the last one may be negative: a use that is negative
        too then has to reach it.

    Returns
    -------
    ndarray of shape (n,) or None
        At most m of the amounts are above 0.

    Notes
    -----
    The simplex method of Dantzig: the amount that gains most for the current prices of the totals takes the place of
    the first one that it uses up. The spare part of each total is an amount too.

    Examples
    --------
    >>> most_gain(np.array([3.0, 2.0]), np.array([[1.0, 1.0], [1.0, 0.0]]), np.array([1.0, 0.25]))
    array([0.25, 0.75])
    """
    basis = np.arange(gain.size, gain.size + totals.size)
    if totals[-1] < 0:
        # Find the amounts that reach most of it.
        exchange(-uses[-1], uses, totals, basis)
        if np.any(amounts_of(uses, totals, basis) < -MOST_ROUNDING):
            return None
    exchange(gain, uses, totals, basis)
    found = np.zeros(gain.size + totals.size)
    found[basis] = amounts_of(uses, totals, basis)
    return np.maximum(found[: gain.size], 0.0)


def exchange(gain: Column, uses: Table, totals: Column, basis: Rows) -> None:
    """Exchange the amounts of a basis, in place, until no other amount gains more."""
    gains = np.append(gain, np.zeros(totals.size))
    least = MOST_ROUNDING * np.abs(gain).max()
    spare = np.eye(totals.size)
    for _ in range(MOST_STEPS):
        inverse = np.linalg.inv(columns_of(uses, basis))
        prices = gains[basis] @ inverse
        better = np.concatenate((gain - prices @ uses, -prices))
        better[basis] = 0.0
        enters = int(np.argmax(better))
        if better[enters] <= least:
            return
        used = inverse @ (uses[:, enters] if enters < gain.size else spare[enters - gain.size])
        limiting = used > LEAST_USE
        lasts = np.where(limiting, np.maximum(inverse @ totals, 0.0) / np.where(limiting, used, 1.0), np.inf)
        basis[int(np.argmin(lasts))] = enters


def amounts_of(uses: Table, totals: Column, basis: Rows) -> Column:
    """Return the amounts of a basis that use up the totals."""
    return np.asarray(np.linalg.solve(columns_of(uses, basis), totals), dtype=float)


def columns_of(uses: Table, basis: Rows) -> Table:
    """Return what one unit of each amount of a basis uses; a spare part uses only its own total."""
    columns = np.zeros((uses.shape[0], basis.size))
    own = basis < uses.shape[1]
    columns[:, own] = uses[:, basis[own]]
    columns[basis[~own] - uses.shape[1], np.flatnonzero(~own)] = 1.0
    return columns
