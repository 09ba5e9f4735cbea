"""Cut the time backward of a session into short stretches, and increase their number over four weeks.

No study tested how long a person should go backward at a time, how long to recover, or how to increase it. So every
number here is a choice of this project, of evidence grade D.
"""

import math
from typing import Final, NamedTuple

from retrorun.models.numerics.roots import MOST_ROUNDING, fitting
from retrorun.models.plan.answer import Experience, Week
from retrorun.models.vocabulary.quantities import INPUTS

LEAST_BOUT_S: Final = INPUTS["duration_s"].low
"""Shortest bout allowed."""

LONGEST_BACKWARD_S: Final = 60.0
"""Longest stretch backward if the request has none (choice)."""

RECOVERY_PER_BACKWARD: Final = 1.0
"""Recovery over the longest stretch backward if the request has none (choice)."""

SESSION_BACKWARD_S: Final[dict[Experience, float]] = {"never": 360.0, "weeks": 900.0}
"""Most time backward in a session, by experience; no limit after months (choice)."""

WEEK_SHARES: Final = (1 / 2, 2 / 3, 5 / 6, 1.0)
"""Share of the stretches of the plan in each week (choice)."""

SESSIONS_PER_WEEK: Final = 2
"""Sessions backward in each week (choice)."""

EXACT_DECIMALS: Final = 9
"""Decimals of a number of stretches, so that rounding does not lose one."""


class Stretches(NamedTuple):
    """How the time backward of a session is cut."""

    longest_s: float
    recovery_s: float
    most_s: float = math.inf
    """Most time backward in the session."""

    def most_backward(self, time_s: float) -> tuple[float, str]:
        """Return the most time backward in a time, and the name of what limits it.

        The stretches are equal, and as much time as the recovery follows each of them. So they are as many as fit at
        full length, or one more and shorter. Less time backward fits too. It is 0 if no stretch fits.

        Examples
        --------
        >>> Stretches(60.0, 60.0).most_backward(1800.0), Stretches(60.0, 60.0, 360.0).most_backward(1800.0)
        ((900.0, 'longest_backward_s'), (360.0, 'experience'))
        >>> Stretches(600.0, 60.0).most_backward(1100.0)
        (980.0, 'recovery_s')
        """
        full = math.floor(time_s / (self.longest_s + self.recovery_s) * (1 + MOST_ROUNDING))
        longest = full * self.longest_s
        shorter = time_s - (full + 1) * self.recovery_s
        found = (longest, "longest_backward_s") if longest >= shorter else (shorter, "recovery_s")
        found = min(found, (self.most_s, "experience"), key=lambda most: most[0])
        return found if found[0] >= LEAST_BOUT_S else (0.0, found[1])

    def number(self, backward_s: float) -> int:
        """Return into how many stretches a time backward is cut.

        Examples
        --------
        >>> Stretches(60.0, 60.0).number(360.0), Stretches(60.0, 60.0).number(361.0), Stretches(60.0, 60.0).number(0.0)
        (6, 7, 0)
        """
        return max(math.ceil(backward_s / self.longest_s * (1 - MOST_ROUNDING)), int(backward_s > 0))

    def stretch(self, backward_s: float, *, time_s: float) -> float:
        """Return the longest stretch that a time backward may have, as it leaves time for each recovery.

        Examples
        --------
        >>> Stretches(60.0, 5.0).stretch(550.0000000000002, time_s=600.0)
        55.0
        """
        number = max(1, self.number(backward_s))
        longest_s = min(self.longest_s, self.most_backward(time_s)[0] / number)
        return fitting(longest_s, 0.0, lambda stretch_s: number * stretch_s + number * self.recovery_s <= time_s)


def weeks_of(stretches: int, *, backward_s: float, forward_s: float, rest_s: float) -> list[Week]:
    """Return the sessions of four weeks, up to the plan.

    Each week has its share of the stretches, rounded down. If the share is less than one stretch, the week has one
    shorter stretch, so no week goes backward for longer than its share.

    Parameters
    ----------
    stretches : int
        Number of stretches backward in the plan.
    backward_s, forward_s, rest_s : float
        One stretch backward, and the time forward and at rest after it [s].

    Examples
    --------
    >>> [week["times"] for week in weeks_of(6, backward_s=60.0, forward_s=240.0, rest_s=0.0)]
    [3, 4, 5, 6]
    >>> [week["backward_s"] for week in weeks_of(1, backward_s=360.0, forward_s=360.0, rest_s=0.0)]
    [180.0, 240.0, 300.0, 360.0]
    """
    return [
        {
            "week": week,
            "sessions": SESSIONS_PER_WEEK,
            "times": max(1, math.floor(round(share * stretches, EXACT_DECIMALS))),
            "backward_s": min(backward_s, max(LEAST_BOUT_S, share * stretches * backward_s)),
            "forward_s": forward_s,
            "rest_s": rest_s,
        }
        for week, share in enumerate(WEEK_SHARES, 1)
    ]
