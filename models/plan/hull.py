"""The upper hull of points: which two points have the highest line between them above a mean."""

import numpy as np

from retrorun.models.numerics.arithmetic import Column
from retrorun.models.numerics.roots import MOST_ROUNDING


def hull_edge(x: Column, y: Column, mean: float) -> tuple[int, int]:
    """Return the end points of the upper hull's edge above a mean x.

    Parameters
    ----------
    x, y : ndarray
        Points. The origin, standing still, is added after the last one.
    mean : float
        Mean x, greater than zero and at most the highest x.

    Examples
    --------
    >>> hull_edge(np.array([1.0, 2.0, 4.0]), np.array([2.0, 1.0, 3.0]), 1.5)
    (0, 2)
    """
    near, far = x.size, int(np.argmax(x))
    x, y = np.append(x, 0.0), np.append(y, 0.0)
    for _ in range(x.size):
        slope = (y[far] - y[near]) / (x[far] - x[near])
        above = y - y[near] - slope * (x - x[near])
        top = int(np.argmax(above))
        if not above[top] > MOST_ROUNDING * np.abs(y).max():
            break
        near, far = (top, far) if x[top] < mean else (near, top)
    return near, far
