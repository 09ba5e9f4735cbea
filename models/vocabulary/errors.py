"""Why a bout has no estimate: one exception for every way a caller's input can fall outside what is defined.

`EstimateError` is the root. Each carries the name of the input at fault, a stable code, and a message that
tells what to do; none ever carries the caller's value, because body mass and age are health data.
"""

from typing import Any, ClassVar


class EstimateError(ValueError):
    """A bout that has no estimate.

    Parameters
    ----------
    field : str
        Name of the input at fault, or "" when it is the request as a whole.
    message : str
        What is wrong and what to do, without the caller's value.
    code : str, optional
        Stable word for programs; the class has a default.
    """

    default_code: ClassVar[str] = "no_estimate"

    def __init__(self, field: str, message: str, code: str | None = None) -> None:
        super().__init__(message)
        self.field = field
        self.message = message
        self.code = code or self.default_code


class OutOfRange(EstimateError):
    """A number that is impossible or implausible for an adult's bout."""

    default_code = "out_of_range"


class Conflict(EstimateError):
    """Inputs that contradict or leave each other incomplete."""

    default_code = "conflicting_inputs"


class Undefined(EstimateError):
    """A combination for which the chosen equations have no answer."""

    default_code = "undefined"


class Unattainable(Undefined):
    """A target that no plausible bout meets, with the nearest that one does where it can be asked for.

    Parameters
    ----------
    field : str
        Name of the target.
    message : str
        Nearest value and bounds, for people.
    low, high : float
        Least and greatest attainable value, in `unit`.
    nearest : float, optional
        Nearest of them that a caller may ask for, in `unit`.
    unit : str
        Unit of the three, as printed.
    """

    default_code = "unattainable"

    def __init__(
        self, field: str, message: str, *, low: float, high: float, unit: str, nearest: float | None = None
    ) -> None:
        super().__init__(field, message)
        self.low = low
        self.high = high
        self.nearest = nearest
        self.unit = unit

    @property
    def reach(self) -> dict[str, Any]:
        """What is attainable, as a problem or an answer has it."""
        nearest = {} if self.nearest is None else {"nearest": self.nearest}
        return {"low": self.low, "high": self.high, **nearest, "unit": self.unit}


class OutsideEvidence(EstimateError):
    """With `strict`: an energy estimate that would rest on extrapolation."""

    default_code = "outside_evidence"
