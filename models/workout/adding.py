"""Add the estimates of many bouts of one person or of many people, with the errors that they share.

Errors do not average out as the scatter of measurements does. The equations are equally wrong for everybody, and one
person differs from them in the same way in every bout. Only the differences between people are independent.
"""

from collections.abc import Hashable, Mapping, Sequence
from typing import Any, Final, Literal, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from retrorun.models.numerics.arithmetic import Column
from retrorun.models.physiology.uncertainty import DEFAULT_INTERVAL, spread_factor, standard_score
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import check

PERSON_PARTS: Final = {
    "forward": ("person_cv",),
    "backward": ("person_cv", "ratio_person_cv"),
    "ratio": ("ratio_person_cv",),
}
"""The parts of a spread that differ from person to person, by what is estimated."""


class AddedEstimates(NamedTuple):
    """A total with its range, and the total of each person."""

    value: float
    low: float
    high: float
    bouts: int
    """Number of estimates added."""
    unknown: int
    """Number of rows without an estimate, which are not in the totals."""
    person: NDArray[Any]
    """The key of each person, each once; one empty text if there are no keys."""
    person_value: Column
    """The total of each person."""
    person_low: Column
    person_high: Column


def person_spread(parts: Mapping[str, ArrayLike], *, of: Literal["forward", "backward", "ratio"]) -> Column | float:
    """Return the part of the spread of total energy that differs from person to person.

    Parameters
    ----------
    parts : mapping
        The section `spread` of an estimate, or the columns of a table without `spread_` before their names [1].
    of : {"forward", "backward", "ratio"}
        The direction of the estimate, or the ratio of both.

    Returns
    -------
    float or ndarray
        Coefficient of variation; 0 where the parts are missing or NaN [1].

    Examples
    --------
    >>> person_spread({"person_cv": 0.03, "ratio_person_cv": 0.04, "model_cv": 0.06}, of="backward")
    0.05
    """
    squares = [np.nan_to_num(np.asarray(parts.get(name, 0.0), np.float64)) ** 2 for name in PERSON_PARTS[of]]
    found: Column | float = np.sqrt(np.sum(np.broadcast_arrays(*squares), axis=0))
    return found if np.ndim(found) else float(found)


def add_estimates(
    *,
    value: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    person_cv: ArrayLike = 0.0,
    persons: Sequence[Hashable] | NDArray[Any] | None = None,
    interval: float = DEFAULT_INTERVAL,
) -> AddedEstimates:
    """Add the estimates of many bouts of one person or of many people.

    Parameters
    ----------
    value, low, high : array_like
        Each estimate with its range, in one unit. A row with NaN is counted and not added.
    person_cv : array_like, optional
        The part of each spread that differs from person to person, see `person_spread` [1]. Without it all errors count
        as shared by everybody, which gives the widest range.
    persons : sequence, optional
        The key of the person of each row. Without it all rows are of one person.
    interval : float, optional
        Probability inside each range, the same for all rows [1].

    Returns
    -------
    AddedEstimates
        The total, and that of each person, in the unit of the estimates.

    Raises
    ------
    Conflict
        Columns of different lengths, or a missing key.
    OutOfRange
        A value that is not positive or outside its own range, or an interval outside its bounds.
    Undefined
        No row has an estimate.

    Notes
    -----
    For bout i of person p with value v, s = ln(high / low) / (2 z) is its spread, q = `person_cv` the part of it that
    differs from person to person, and m = sqrt(s² - q²) the rest, with z the standard score of the interval. Then

        (spread of the total)² = (sum over i of v m)² + sum over p of (sum over the bouts of p of v q)², over (total)²

    and the range is total × exp(± z spread). The first term does not shrink with more people or more bouts. The second
    shrinks with the number of people, and not with the number of bouts of one person. Taking all of m as common to all
    bouts, and q as common to all bouts of one person, gives the widest range (choice): how far errors at different
    speeds, slopes and gaits agree is unknown. Errors of a caller's own speed and body mass, and what remains after own
    measurements, count as shared (choice).

    Examples
    --------
    Four equal bouts of one person, and of four people:

    >>> bouts = {"value": [200.0] * 4, "low": [160.0] * 4, "high": [250.0] * 4, "person_cv": 0.1}
    >>> one, many = add_estimates(**bouts), add_estimates(**bouts, persons=["a", "b", "c", "d"])
    >>> round(one.low), round(one.high), round(many.low), round(many.high)
    (640, 1000, 674, 950)
    """
    columns = [np.atleast_1d(np.asarray(column, np.float64)) for column in (value, low, high, person_cv)]
    rows = len(columns[0])
    keys = np.zeros(rows, "U1") if persons is None else np.asarray(persons)
    if any(column.shape != (rows,) for column in columns[:-1]) or columns[-1].shape not in {(rows,), (1,)}:
        raise Conflict("", "Give value, low, high and person_cv as columns of one length.")
    if keys.shape != (rows,):
        raise Conflict("persons", "Give one key for each row.")
    score = standard_score(check("interval", interval))
    known = ~np.isnan(np.stack(columns[:-1])).any(axis=0)
    if not known.any():
        raise Undefined("", "No row has an estimate.")
    values, lows, highs, of_person = (np.broadcast_to(column, rows)[known] for column in columns)
    if not ((lows > 0) & (lows <= values) & (values <= highs) & (highs < np.inf)).all():
        raise OutOfRange("", "Give positive numbers, with each value inside its range.")
    spread = np.log(highs / lows) / (2 * score)
    of_person = np.clip(np.nan_to_num(of_person), 0.0, spread)
    shared = np.sqrt(np.maximum(spread * spread - of_person * of_person, 0.0))
    person, place = distinct(keys[known])

    def sums(column: Column) -> Column:
        found: Column = np.bincount(place, column, len(person)).astype(np.float64)
        return found

    total, person_value = float(values.sum()), sums(values)
    variance = float((values * shared).sum()) ** 2 + float((sums(values * of_person) ** 2).sum())
    factor = float(spread_factor(variance**0.5 / total, score))
    person_factor = spread_factor(sums(values * spread) / person_value, score)
    return AddedEstimates(
        total,
        total / factor,
        total * factor,
        len(values),
        rows - len(values),
        person,
        person_value,
        person_value / person_factor,
        person_value * person_factor,
    )


def distinct(keys: NDArray[Any]) -> tuple[NDArray[Any], NDArray[np.intp]]:
    """Return each key once, and the place of each row's key among them.

    Examples
    --------
    >>> distinct(np.array(["b", "a", "b"], object))
    (array(['b', 'a'], dtype=object), array([0, 1, 0]))
    """
    if keys.dtype == object:
        places: dict[Hashable, int] = {}
        place = np.array([places.setdefault(key, len(places)) for key in keys.tolist()], np.intp)
        found = np.empty(len(places), object)
        found[:] = list(places)
    else:
        found, place = np.unique(keys, return_inverse=True)
    # Only NaN and a missing time differ from themselves.
    if any(key is None for key in found.tolist()) or np.not_equal(found, found).any():
        raise Conflict("persons", "Give one key for each row.")
    return found, place
