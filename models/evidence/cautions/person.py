"""Warnings about the person: beginners, falls, older people, and their own measurements."""

from typing import Final

from retrorun.models.evidence.cautions.parts import BACKWARD, BACKWARD_ENERGY, BACKWARD_SPEED, SUMS, top
from retrorun.models.evidence.cautions.registry import caution
from retrorun.models.physiology import timing

NOVICE: Final = caution(
    "caution",
    "novice",
    "safety",
    "Beginners may use more energy, so start slowly. After {weeks} weeks of walking, backward took {percent} % less "
    "oxygen (Heath 2001, {people} people); after {other_weeks} weeks of running {other_percent} % less, but forward "
    "{third_percent} % less too (Terblanche 2005, {other_people} people).",
    about=BACKWARD_ENERGY,
)
FALL: Final = caution("caution", "fall", "safety", "Going backward adds a risk of falling.", about=BACKWARD)
OLDER_BACKWARD_SPEED: Final = caution(
    "caution",
    "older_backward_speed",
    "safety",
    "{people} people of {age_y} years chose to walk backward at {backward_speed_m_s} m/s (SD {speed_sd_m_s}). In "
    "another study all people who had fallen walked backward below {fallers_speed_m_s} m/s (Fritz 2013). This backward "
    "speed is higher. That says nothing about you. Start slowly, on even ground, with someone near.",
    about=BACKWARD_SPEED,
    backward_speed_m_s=timing.OLDER_BACKWARD_WALK_M_S[0],
    speed_sd_m_s=timing.OLDER_BACKWARD_WALK_M_S[1],
    fallers_speed_m_s=timing.FALLERS_BACKWARD_WALK_BELOW_M_S,
)
PERSONAL_OUTDATED: Final = caution(
    "caution",
    "personal_outdated",
    "limit",
    "Your personal factor was made with other coefficients. Send your measurements to POST /estimate again.",
    about=top("personal"),
)
PERSONAL_ONE_GAIT: Final = caution(
    "caution",
    "personal_one_gait",
    "limit",
    "Your measurements or personal factor are of one gait only. The other gait is estimated without them.",
    about=SUMS,
)
UNATTAINABLE: Final[dict[str, str]] = {
    way: caution(
        "absent",
        f"unattainable_{way}",
        "limit",
        f"You cannot reach the target going {way}. unattainable has the nearest value that you can reach.",
        about=(f"{way}/unattainable",),
    )
    for way in ("forward", "backward")
}
PROBABILITY: Final = caution(
    "caution",
    "probability",
    "limit",
    "A probability is as uncertain as the range: parts of the spread are our choice, and the studies are small. It "
    "says nothing about pain or injury.",
    about=("forward/probability", "backward/probability"),
)
PROBABILITY_BEYOND: Final[dict[str, str]] = {
    way: caution(
        "absent",
        f"probability_{way}",
        "limit",
        f"Going {way}, your value is outside the widest range that an answer can have. How many people are beyond it "
        "is unknown, so the probability is missing. Compare your value with the range.",
        about=(f"{way}/",),
    )
    for way in ("forward", "backward")
}
PROBABILITY_ABSENT: Final = caution(
    "absent",
    "probability_of_range",
    "limit",
    "Going backward only a range is known, not how likely a value in it is, so the probability is missing.",
    about=("backward/",),
)
