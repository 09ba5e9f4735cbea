"""Warnings of plans."""

from collections.abc import Sequence
from typing import Final, Literal

from retrorun.models.evidence.cautions.energy import IMPLAUSIBLE_UPTAKE, WALKING_RATIO
from retrorun.models.evidence.cautions.load import LOAD_ON_GRADE, TIBIAL_SPEED, VERTICAL_FORCE_GRADE
from retrorun.models.evidence.cautions.parts import backward, top
from retrorun.models.evidence.cautions.person import FALL, NOVICE, OLDER_BACKWARD_SPEED
from retrorun.models.evidence.cautions.registry import WARNINGS, caution
from retrorun.models.physiology import timing
from retrorun.models.vocabulary.answer import Warning

PLAN_CENTRAL: Final = caution(
    "caution",
    "plan_central",
    "limit",
    "A plan keeps its limits at the central estimates. The ranges say how far one person may be beyond them. We do "
    "not model whether a speed or a share of the maximum can be held for as long.",
    about=top("binding"),
)
PLAN_CONFIDENCE: Final = caution(
    "caution",
    "plan_confidence",
    "limit",
    "One person stays within each limit with the probability confidence, as far as the ranges are right: parts of the "
    "spread are our choice, and the studies are small. Energies stay central estimates. We do not model whether a "
    "speed or a share of the maximum can be held for as long.",
    about=top("probabilities"),
)
PLAN_WITHOUT_OWN_LIMIT: Final = caution(
    "caution",
    "plan_without_own_limit",
    "safety",
    "You gave no limit of your oxygen uptake, so this plan uses the fastest speeds that were measured, or yours where "
    "they are slower. You may not reach or hold them, above all backward. Give your own fastest speed backward first, "
    "as backward_speed_high_m_s, then oxygen_uptake_max_ml_kg_min and a limit of oxygen_uptake_ml_kg_min that you can "
    "hold for as long.",
    about=top("bouts"),
)
PLAN_BACKWARD_UNKNOWN: Final = caution(
    "absent",
    "plan_backward_unknown",
    "limit",
    "The plan has no backward part: a load that it limits or minimises is unknown backward. That is "
    "tibial_compression_peak_bw always, patellofemoral_impulse_per_bout_bw_s above {high_m_s} m/s, and every load on a "
    "slope.",
    about=top("bouts"),
    high_m_s=timing.BACKWARD_CONTACT_TO_M_S,
)
PLAN_BACKWARD_DOWNHILL: Final = caution(
    "absent",
    "plan_backward_downhill",
    "limit",
    "The plan has no backward part: we found no measurement of going backward downhill. Plan it on level ground.",
    about=top("bouts"),
)
PLAN_NO_TIME_BACKWARD: Final = caution(
    "absent",
    "plan_no_time_backward",
    "limit",
    "The plan has no backward part: your time is too short for a stretch backward and the recovery after it. Give a "
    "longer duration_s or a shorter recovery_s.",
    about=top("bouts"),
)
PLAN_PLACE: Final[dict[str, str]] = {
    place: caution("caution", f"on_{place}", "safety", text, about=top("bouts"))
    for place, text in (
        (
            "treadmill",
            "Backward on a treadmill: wear the safety clip, know where the stop is, start slowly, and hold the rail "
            "while you learn.",
        ),
        (
            "track",
            "Backward on a track: take a free lane, look behind you often or let somebody look for you, and expect "
            "others to pass.",
        ),
        (
            "path",
            "Backward on a path: choose one that is flat, even and empty, go in daylight, and take somebody with you "
            "who looks where you go.",
        ),
    )
}
PLAN_WEEKS: Final = caution(
    "caution",
    "plan_weeks_are_a_choice",
    "limit",
    "No study tested this way over four weeks: it is our choice, evidence grade D. Stop if anything hurts, and ask a "
    "professional.",
    about=top("weeks"),
)
PLAN_ACHILLES_BOUND: Final = caution(
    "caution",
    "plan_backward_achilles",
    "limit",
    "Achilles load backward has no estimate and no probability. A plan uses the upper end of its range.",
    about=backward("achilles_relative_load"),
)
PLAN_ONE_DIRECTION_ABSENT: Final[dict[str, str]] = {
    way: caution(
        "absent",
        f"plan_{way}_only",
        "limit",
        f"No plan that goes only {way} meets your limits, so there is none.",
        about=top("bouts"),
    )
    for way in ("forward", "backward")
}

SINGLE: Final = ("forward_only", "backward_only")
"""The plans in one direction."""


def only_for(code: str, plans: Sequence[str]) -> Warning:
    """Return a warning that concerns only these plans in one direction. Its message names them.

    Examples
    --------
    >>> only_for("caution.fall", ["backward_only"])["message"]
    'For backward_only: Going backward adds a risk of falling.'
    """
    warning = WARNINGS[code]
    return {**warning, "message": f"For {' and '.join(plans)}: {warning['message']}"}


def plans_of(warning: Warning) -> list[str]:
    """Return the plans in one direction that a warning names, or none if it concerns the best plan."""
    named = warning["message"].removesuffix(WARNINGS[warning["code"]]["message"])
    return [plan for plan in SINGLE if plan in named]


OF_FORWARD: Final = frozenset({IMPLAUSIBLE_UPTAKE["forward"], TIBIAL_SPEED, LOAD_ON_GRADE, VERTICAL_FORCE_GRADE})
OF_BACKWARD: Final = frozenset({WALKING_RATIO, NOVICE, FALL, OLDER_BACKWARD_SPEED})


def concerns(code: str, way: Literal["forward", "backward"]) -> bool:
    """Return whether a warning of a bout at equal speed concerns one direction.

    Examples
    --------
    >>> concerns(FALL, "forward"), concerns(FALL, "backward")
    (False, True)
    """
    if way == "forward":
        return "backward" not in code and code not in OF_BACKWARD
    return code not in OF_FORWARD
