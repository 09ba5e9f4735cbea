"""Warnings about joint loads: what they mean, where they are outside their data, and which are missing."""

from typing import Final

from retrorun.models.evidence.cautions.parts import (
    LOADS,
    OF_ENERGY,
    OF_IMPULSE,
    OF_KNEE_CAP,
    OF_LOAD,
    RATIO_OF_IMPULSE,
    Parts,
    backward,
    both,
    forward,
    ratio,
)
from retrorun.models.evidence.cautions.registry import caution, ranged
from retrorun.models.physiology import direction, load
from retrorun.models.vocabulary.choices import Gait

LOAD_MEANING: Final = caution(
    "caution",
    "load_meaning",
    "safety",
    "Loads are estimates from small studies of healthy adults, not of you: no diagnosis, no injury prediction. Lower "
    "knee load does not mean less pain. Calf, Achilles and forefoot may be loaded more. Adults only.",
    about=LOADS,
)
LOAD_MEANING_IN_SHORT: Final = (
    "Estimates from small studies of healthy adults, not of you: no diagnosis, no injury forecast. Lower knee load "
    "does not mean less pain. Backward may load calf and Achilles more, and people fall. Adults only."
)
"""The words beside loads where there is room for only a few lines."""
WEIGHT_SUPPORT_LOADS: Final = caution(
    "absent",
    "weight_support_loads",
    "limit",
    "Loads with weight support are unknown, so none are shown.",
    about=both(""),
)
BACKWARD_LOAD_BEYOND_MEASUREMENT: Final = caution(
    "load",
    "backward_speed_beyond_measurement",
    "limit",
    "We found no measurement of knee loads backward above {high_m_s} m/s. At this speed they are extrapolated.",
    about=backward(*OF_KNEE_CAP, "knee_extensor_moment_ratio", "speed_ranges")
    + ratio("patellofemoral_peak_force")
    + RATIO_OF_IMPULSE,
    high_m_s=direction.BACKWARD_MEASURED_TO_M_S,
)
STEP_RATE: Final = caution(
    "caution",
    "step_rate",
    "note",
    "A higher step rate lowers the estimated knee-cap force, but it takes more energy. With {percent} % more steps, "
    "oxygen uptake, heart rate and cost rose in both directions; felt effort did not (Masumoto 2020). Our energy "
    "estimate does not change with step rate.",
    about=both(*OF_KNEE_CAP, *OF_ENERGY),
)
IMPULSE_LEVEL: Final = caution(
    "caution",
    "impulse_level",
    "limit",
    "Knee-cap impulse is grade D: the modelled contact times are {low_percent} to {high_percent} % too short, and the "
    "forces {low_force_percent} to {high_force_percent} % too low.",
    about=both(*OF_IMPULSE),
)


def _load_speed(
    name: str,
    quantity: str,
    bounds: tuple[float, float],
    source: str,
    about: Parts,
    basis: str = "was studied at",
) -> str:
    return ranged(
        "load", name, f"{quantity} {basis} {{range}} ({source}). Here it is extrapolated.", bounds, about=about
    )


VERTICAL_FORCE_SPEED: Final[dict[Gait, str]] = {
    "run": ranged(
        "load",
        "run_vertical_force_speed",
        "Peak ground force was fitted at {range} (Alcantara 2021, 2022). Here it is grade D.",
        load.PEAK_VERTICAL_FORCE_RANGE_M_S["run"],
        about=both("peak_vertical_force_bw"),
    ),
    "walk": _load_speed(
        "walk_vertical_force_speed",
        "The equation of peak ground force walking",
        load.PEAK_VERTICAL_FORCE_RANGE_M_S["walk"],
        "our choice",
        both("peak_vertical_force_bw"),
        basis="is for",
    ),
}
PATELLOFEMORAL_SPEED: Final = _load_speed(
    "patellofemoral_speed",
    "The equation of knee-cap force",
    load.PATELLOFEMORAL_RANGE_M_S,
    "our choice, after Hart 2022",
    both(*OF_KNEE_CAP),
    basis="is for",
)
ACHILLES_SPEED: Final[dict[Gait, str]] = {
    "run": _load_speed(
        "run_achilles_speed",
        "Achilles load",
        load.ACHILLES_RANGE_M_S["run"],
        "Reiter 2024",
        both("achilles_relative_load"),
    ),
    "walk": _load_speed(
        "walk_achilles_speed",
        "Achilles load walking",
        load.ACHILLES_RANGE_M_S["walk"],
        "Reiter 2024",
        both("achilles_relative_load"),
    ),
}
TIBIAL_SPEED: Final = _load_speed(
    "tibial_speed",
    "Shin-bone compression",
    load.TIBIAL_RANGE_M_S,
    "data of Matijevich 2019",
    forward("tibial_compression_peak_bw"),
)
VERTICAL_FORCE_GRADE: Final = caution(
    "load",
    "vertical_force_grade",
    "limit",
    "Peak ground force was measured on slopes up to ±{slope_deg} degrees (Alcantara 2022). This slope is steeper.",
    about=forward("peak_vertical_force_bw"),
    slope_deg=load.VERTICAL_FORCE_SLOPE_RANGE_DEG[1],
)
LOAD_ON_GRADE: Final = caution(
    "load",
    "on_grade",
    "limit",
    "Forward loads on a slope are those of level ground; only shin-bone compression changes with the slope. Ground "
    "force is disputed: one study found no change up to {other_slope_deg} degrees (Gottschall & Kram 2005), another "
    "{downhill_bw} body weights at -{slope_deg}, {level_bw} at 0 and {uphill_bw} at +{slope_deg} degrees (Alcantara "
    "2022). Its range is therefore wider. Knee moments hardly change up to {knee_slope_deg} degrees (Telhan 2010). We "
    "found no measurement of Achilles load on a slope.",
    about=forward(*OF_LOAD),
)
PATELLOFEMORAL_GRADE_ABSENT: Final = caution(
    "absent",
    "patellofemoral_on_grade",
    "limit",
    "Knee-cap load is unknown on slopes beyond ±{slope_deg} degrees (Telhan 2010), so it is missing.",
    about=both("load"),
    slope_deg=load.PATELLOFEMORAL_SLOPE_RANGE_DEG[1],
)
BACKWARD_LOAD_GRADE_ABSENT: Final = caution(
    "absent",
    "backward_load_on_grade",
    "limit",
    "We found no measurement of backward loads on a slope, so none are shown.",
    about=backward(""),
)
BACKWARD_TIBIAL_ABSENT: Final = caution(
    "absent",
    "backward_tibial",
    "limit",
    "Backward shin-bone compression is unknown, so it is missing.",
    about=backward("load"),
)
WALKING_TIBIAL_ABSENT: Final = caution(
    "absent",
    "walk_tibial",
    "limit",
    "Shin-bone compression is estimated only for running forward, so it is missing here.",
    about=both("load"),
)
FORWARD_KNEE_MOMENT_ABSENT: Final = caution(
    "absent",
    "forward_knee_moment",
    "limit",
    "The knee moment ratio compares backward with forward, so only the backward answer has it.",
    about=backward("speed_ranges", "knee_extensor_moment_ratio"),
)
WALKING_KNEE_MOMENT_ABSENT: Final = caution(
    "absent",
    "walk_knee_moment",
    "limit",
    "The knee moment ratio of walking is unknown, so it is missing.",
    about=backward("load"),
)
BACKWARD_ACHILLES_UNKNOWN: Final = caution(
    "absent",
    "backward_achilles",
    "limit",
    "We found no measurement of Achilles load backward, so we assume the range. Force may be lower, but the calf works "
    "eccentrically (DeVita & Stribling 1991).",
    about=backward("achilles_relative_load", "speed_ranges") + ratio("achilles_relative_load"),
)
