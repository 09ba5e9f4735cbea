"""The errors of an estimate: one class for each reason why a request has no answer.

`EstimateError` is the base class. An error has the name of the wrong input, a stable code, and a message that says
what to do. It never has the value that was sent, because body mass and age are health data.
"""

from typing import Any, ClassVar


class EstimateError(ValueError):
    """A request that has no estimate.

    Parameters
    ----------
    field : str
        Name of the wrong input, or "" if the request as a whole is wrong.
    message : str
        What is wrong and what to do, without the value that was sent.
    code : str, optional
        Stable word for programs. Each class has a default.
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
    """Inputs that do not fit together."""

    default_code = "conflicting_inputs"


class Missing(Conflict):
    """Inputs that do not fit together because one is missing."""

    default_code = "required"


class Undefined(EstimateError):
    """A combination of inputs for which the chosen equations have no answer."""

    default_code = "undefined"


class Unattainable(Undefined):
    """A target that no plausible bout meets, with the nearest possible value.

    Parameters
    ----------
    field : str
        Name of the target.
    message : str
        The possible range and the nearest value, for people.
    low, high : float
        Lowest and highest possible value, in `unit`.
    nearest : float, optional
        Nearest possible value that a request may have, in `unit`.
    unit : str
        Unit of low, high and nearest, as printed.
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
        """The possible range and the nearest value, as a problem or an answer shows them."""
        nearest = {} if self.nearest is None else {"nearest": self.nearest}
        return {"low": self.low, "high": self.high, **nearest, "unit": self.unit}


class OutsideEvidence(EstimateError):
    """With `strict`: an energy estimate that would be an extrapolation."""

    default_code = "outside_evidence"
