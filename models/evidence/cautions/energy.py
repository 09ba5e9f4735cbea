"""Warnings about energy: outside the data of an equation or of the ratio, and at equal effort."""

from functools import cache
from typing import Final, Literal

from retrorun.models.evidence.cautions.parts import (
    BACKWARD,
    BACKWARD_ENERGY,
    ENERGY,
    OF_ENERGY,
    backward,
    both,
    forward,
    ratio,
    top,
)
from retrorun.models.evidence.cautions.registry import GRADE, caution, ranged
from retrorun.models.physiology import direction, energy, energy_models, surroundings
from retrorun.models.vocabulary.choices import Gait
from retrorun.models.vocabulary.quantities import PLAUSIBLE_UPTAKE_ML_KG_MIN


@cache
def outside_code(energy_model: str, gait_name: Gait, what: Literal["speed", "grade"]) -> str:
    """Return the code of the warning that a speed or slope is outside the data of an equation."""
    return f"energy.{_outside_name(energy_model, gait_name, what)}"


def _outside_name(energy_model: str, gait_name: Gait, what: str) -> str:
    return f"{energy_model}_{gait_name}_{what}"


for _gait, _models in energy_models.ENERGY_MODELS.items():
    for _name, _model in _models.items():
        if _model.speed_range_m_s != energy_models.EVERY_SPEED:
            ranged(
                "energy",
                _outside_name(_name, _gait, "speed"),
                "The speed is outside the data of {equation}, {range} ({study}). Energy is extrapolated.",
                _model.speed_range_m_s,
                about=ENERGY,
                equation=_name,
                study=_model.speed_range_source,
            )
        if _model.grade_range != energy_models.EVERY_GRADE:
            ranged(
                "energy",
                _outside_name(_name, _gait, "grade"),
                "The slope is outside the data of {equation}, {range} ({study}). Energy is extrapolated.",
                _model.grade_range,
                unit=GRADE,
                about=ENERGY,
                equation=_name,
                study=_model.grade_range_source,
            )

BACKWARD_BEYOND_MEASUREMENT: Final = caution(
    "energy",
    "backward_speed_beyond_measurement",
    "limit",
    "Backward energy was measured up to {high_m_s} m/s (Wright & Weyand 2001). At this faster speed it is "
    "extrapolated.",
    about=BACKWARD_ENERGY,
    high_m_s=direction.BACKWARD_MEASURED_TO_M_S,
)
BACKWARD_BELOW_MEASUREMENT: Final = caution(
    "energy",
    "backward_speed_below_measurement",
    "limit",
    "Backward running was measured from {low_m_s} m/s (Wright & Weyand 2001). At this slower speed we use the same "
    "ratio.",
    about=BACKWARD_ENERGY,
    low_m_s=direction.BACKWARD_MEASURED_FROM_M_S,
)
BACKWARD_DOWNHILL: Final = caution(
    "energy",
    "backward_downhill_unmeasured",
    "limit",
    "We found no measurement of going backward downhill. We used the flat-ground ratio and widened the range: the "
    "spread between studies is doubled. The respiratory exchange ratio is higher backward (p < {probability} in a "
    "Korean study of walking). If it were {exchange_ratio} higher, energy would be {percent} % higher.",
    about=BACKWARD_ENERGY,
)


def _uphill(gait_name: Gait, going: str, source: str) -> str:
    return caution(
        "energy",
        f"backward_{gait_name}_uphill",
        "limit",
        f"{going} backward uphill was measured up to {{high_grade}} rise over run ({source}). On this steeper slope we "
        "use the same ratio.",
        about=BACKWARD_ENERGY,
        high_grade=direction.MEASURED_TO_GRADE[gait_name],
    )


BACKWARD_UPHILL: Final[dict[Gait, str]] = {
    "run": _uphill("run", "Running", "Rasica 2020"),
    "walk": _uphill("walk", "Walking", "a Korean study, DBpia NODE08826885"),
}
IMPLAUSIBLE_UPTAKE: Final[dict[str, str]] = {
    way: caution(
        "energy",
        f"{way}_implausible_uptake",
        "limit",
        f"Going {way} would take more than {{oxygen_uptake_ml_kg_min}} ml/kg/min of oxygen. We take that as more than "
        "anybody can use (choice).",
        about=parts,
        oxygen_uptake_ml_kg_min=PLAUSIBLE_UPTAKE_ML_KG_MIN,
    )
    for way, parts in (("forward", forward(*OF_ENERGY)), ("backward", backward(*OF_ENERGY)))
}
EQUAL_EFFORT_ON_GRADE: Final[dict[str, str]] = {
    "heart_rate": caution(
        "energy",
        "heart_rate_on_grade",
        "limit",
        "Equal heart rate was compared only on level ground (Williford 1998, Kim & Choi 2001).",
        about=BACKWARD_ENERGY,
    ),
    "perceived_exertion": caution(
        "energy",
        "perceived_exertion_on_grade",
        "limit",
        "For equal felt effort we use the energy at equal heart rate, which was compared only on level ground "
        "(Williford 1998, Kim & Choi 2001).",
        about=BACKWARD_ENERGY,
    ),
}
_EQUAL_HEART_RATE: Final = (
    "At equal heart rate the group means of two small studies (Williford 1998, {people} people; Kim & Choi 2001, "
    "{other_people} people walking) suggest {ratio} times the forward energy running and {other_ratio} times walking. "
    "Above {heart_rate_per_min} beats a minute the forward line is extrapolated. Backward energy may also be no lower."
)
EQUAL_EFFORT: Final[dict[str, str]] = {
    "heart_rate": caution(
        "caution",
        "equal_heart_rate",
        "limit",
        f"This estimate is weak (grade D). {_EQUAL_HEART_RATE}",
        about=BACKWARD_ENERGY,
        ratio=direction.HEART_RATE_RATIO["run"],
        other_ratio=direction.HEART_RATE_RATIO["walk"],
    ),
    "perceived_exertion": caution(
        "caution",
        "equal_perceived_exertion",
        "limit",
        "This estimate is weak (grade D). We found no measurement of energy at equal felt effort. We use the energy at "
        "equal heart rate, because felt effort followed heart rate in practically the same way in both directions "
        f"({{third_people}} women walking, a Korean study). {_EQUAL_HEART_RATE} With weight support backward felt "
        "harder at the same oxygen uptake (Masumoto 2023).",
        about=BACKWARD_ENERGY,
        ratio=direction.HEART_RATE_RATIO["run"],
        other_ratio=direction.HEART_RATE_RATIO["walk"],
    ),
}
EQUAL_EFFORT_ABSENT: Final[dict[str, str]] = {
    "heart_rate": caution(
        "absent",
        "heart_rate_speed",
        "limit",
        "The backward speed at equal heart rate is unknown, so backward distance, timing and loads are missing.",
        about=BACKWARD,
    ),
    "perceived_exertion": caution(
        "absent",
        "perceived_exertion_speed",
        "limit",
        "The backward speed at equal felt effort is unknown, so backward distance, timing and loads are missing.",
        about=BACKWARD,
    ),
}
WALKING_RATIO: Final = caution(
    "caution",
    "walking_ratio",
    "note",
    "Walking backward has its own ratio: {ratio} at equal speed, not the {other_ratio} of running. On slopes up to "
    "{slope_percent} % one study measured {low_percent} to {high_percent} % more oxygen ({people} people).",
    about=BACKWARD_ENERGY,
    ratio=direction.WALKING_RATIO,
    other_ratio=direction.DOCUMENTED_RUNNING_RATIO,
    slope_percent=100 * direction.MEASURED_TO_GRADE["walk"],
)
BACKWARD_WALKING_SPEED: Final = ranged(
    "energy",
    "backward_walk_speed",
    "Backward walking was measured from {range} (Williford 1998, Kim & Choi 2001, a Korean study). At this speed we "
    "use the same ratio.",
    direction.WALKING_RATIO_RANGE_M_S,
    about=BACKWARD_ENERGY,
)
REST_ASSUMED: Final = caution(
    "caution",
    "rest",
    "note",
    "We assume {oxygen_uptake_ml_kg_min} ml/kg/min at rest. Yours is probably lower ({measured_ml_kg_min}, SD "
    "{oxygen_uptake_sd_ml_kg_min}) and your active energy higher. Send age, sex and height.",
    about=top("assumed/resting_oxygen_uptake_ml_kg_min")
    + both("active_energy_kcal", "resting_energy_kcal")
    + ratio("active_energy"),
    oxygen_uptake_ml_kg_min=energy.MET_ML_KG_MIN,
    measured_ml_kg_min=energy.MEASURED_REST_ML_KG_MIN[0],
    oxygen_uptake_sd_ml_kg_min=energy.MEASURED_REST_ML_KG_MIN[1],
)
ABOVE_MAXIMUM: Final = caution(
    "caution",
    "above_maximum",
    "limit",
    "In at least one direction the oxygen uptake is above the maximum you gave. Nobody holds a steady state there, so "
    "the estimate is extrapolated.",
    about=both("oxygen_uptake_ml_kg_min", "share_of_maximum"),
)
WEIGHT_SUPPORT: Final = caution(
    "energy",
    "weight_support",
    "limit",
    "With weight support, active energy per second is multiplied by 1 minus {factor} times the share carried "
    "(Teunissen 2007, {people} people, {speed_m_s} m/s). The ratio falls to 1 at {percent} % support, because at "
    "{percent} and {other_percent} % one study found no effect of direction (Masumoto 2023, {other_people} people). "
    "Both are our choice, grade D.",
    about=ENERGY + ratio("total_energy", "active_energy"),
    factor=surroundings.WEIGHT_SUPPORT_SLOPE,
    percent=100 * direction.WEIGHT_SUPPORT_EQUAL_FROM,
)
OVERGROUND: Final = caution(
    "caution",
    "overground",
    "note",
    "We added the drag of still air: {factor} ml/kg/min times the cube of the speed in m/s (secondary). It is the same "
    "in both directions at the same speed, so the ratio is a little lower. Wind, turns and terrain are not included.",
    about=ENERGY + ratio("total_energy", "active_energy"),
    factor=surroundings.AIR_DRAG_ML_KG_MIN,
)
