"""Evidence grades: their order, the table of grades of everything except loads, and the weaker of two.

For columns a grade is its position in `GRADES`, its code: a greater code is a weaker grade.
"""

from typing import Final, NamedTuple, TypeAlias, get_args

import numpy as np
from numpy.typing import NDArray

from retrorun.models.numerics.arithmetic import Condition, where
from retrorun.models.vocabulary.choices import EvidenceGrade

GRADES: Final[tuple[EvidenceGrade, ...]] = get_args(EvidenceGrade)
"""Evidence grades, strongest first."""

Code: TypeAlias = int | NDArray[np.int8]
"""Position of a grade in `GRADES`, or a column of positions."""


class Graded(NamedTuple):
    """One row of the table of grades."""

    quantity: str
    where: str
    grade: EvidenceGrade


QUANTITY_GRADES: Final[dict[str, Graded]] = {
    "forward_energy": Graded(
        "forward power, energy, oxygen uptake and MET", "inside the range of the equation, else D", "B"
    ),
    "running_ratio": Graded(
        "ratio of energies running at equal speed, and the measured energy behind it",
        "1.75 to 3.5 m/s, -1 to +25 %, else D",
        "B",
    ),
    "walking_ratio": Graded(
        "ratio of energies walking at equal speed", "at the measured speeds, level to +12.5 %, else D", "C"
    ),
    "ratio_unmeasured": Graded(
        "ratio of energies where direction was not measured",
        "downhill, running outside 1.75 to 3.5 m/s or beyond +25 %, walking outside its measured speeds and grades",
        "D",
    ),
    "equal_effort": Graded("ratio of energies at equal heart rate or perceived exertion", "everywhere", "D"),
    "weight_support": Graded("ratio of energies with weight support", "everywhere", "D"),
    "solved_speed": Graded(
        "backward speed at equal metabolic rate, and its ratio",
        "D downhill, beyond +25 % running or +12.5 % walking, and beyond 3.5 m/s running; the ratio of energies has no "
        "grade, because it is a definition; backward energy has the weaker grade of forward energy and ratio",
        "C",
    ),
    "walking_cadence": Graded("cadence of forward walking", "inside its range on the level, else D", "B"),
    "running_cadence": Graded("cadence of forward running", "inside its range on the level, else D", "C"),
    "cadence_ratio": Graded("cadence backward, and its ratio", "everywhere", "D"),
    "running_contact_time": Graded("contact time of forward running", "inside its range on the level, else D", "C"),
    "contact_time_ratio": Graded(
        "ratio of contact times; backward the weaker of this and forward",
        "on the level, to 3.5 m/s, else D; at two speeds no better than either contact time",
        "C",
    ),
    "watch_cadence": Graded("cadence and steps that a watch measured", "in the direction done", "B"),
    "watch_contact_time": Graded("contact time that a watch measured", "in the direction done", "C"),
    "outside": Graded("any of these outside its range", "an extrapolation", "D"),
}
"""The grades of everything except loads; answers and `GET /models` both read this table (docs/evidence.md)."""


def code_of(grade: EvidenceGrade) -> int:
    """Return the position of a grade in `GRADES`.

    Examples
    --------
    >>> code_of("A"), code_of("D")
    (0, 4)
    """
    return GRADES.index(grade)


CODES: Final = {name: code_of(row.grade) for name, row in QUANTITY_GRADES.items()}
"""The same table as positions in `GRADES`."""


def graded(name: str, outside: Condition = False) -> Code:
    """Return the grade of a row of `QUANTITY_GRADES`, or the grade of an extrapolation outside its range.

    Examples
    --------
    >>> GRADES[graded("running_cadence")], GRADES[graded("running_cadence", True)]
    ('C', 'D')
    """
    inside = CODES[name]
    return inside if outside is False else either(outside, CODES["outside"], inside)


def either(condition: Condition, if_true: Code, if_false: Code) -> Code:
    """Return one of two grades, row by row if the condition is a column.

    Examples
    --------
    >>> either(True, 3, 1)
    3
    """
    if condition is True or condition is False:
        return if_true if condition else if_false
    chosen: Code = where(condition, if_true, if_false)
    return chosen.astype(np.int8) if isinstance(chosen, np.ndarray) else chosen


def weaker(one: Code, other: Code) -> Code:
    """Return the weaker of two grades, row by row if either is a column.

    Examples
    --------
    >>> GRADES[weaker(code_of("B"), code_of("D"))]
    'D'
    """
    if isinstance(one, np.ndarray) or isinstance(other, np.ndarray):
        return np.maximum(one, other)
    return max(one, other)


def grades_of(code: Code) -> EvidenceGrade | NDArray[np.str_]:
    """Return the letter of a grade, or a column of letters.

    Examples
    --------
    >>> grades_of(1), grades_of(np.array([1, 3], np.int8)).tolist()
    ('B', ['B', 'C-'])
    """
    return np.array(GRADES)[code] if isinstance(code, np.ndarray) else GRADES[code]
