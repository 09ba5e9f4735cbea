"""What an answer says beside its numbers: where it leaves its data, what is unknown and why, what to mind.

The first word of a warning's stable code is its kind. `energy`, `timing` and `load` name a range that was left
and its source; `absent` says why something is not in the answer; `caution` is about reading or using it.
"""

import math
from functools import cache
from typing import Final, Literal

from retrorun.models.physiology import direction, energy, energy_models, load, timing
from retrorun.models.vocabulary.answer import Warning
from retrorun.models.vocabulary.choices import Gait
from retrorun.models.vocabulary.quantities import PLAUSIBLE_UPTAKE_ML_KG_MIN, RUNNING_FROM_M_S

Kind = Literal["energy", "timing", "load", "absent", "caution"]


WARNINGS: Final[dict[str, Warning]] = {}
"""Every warning an answer can hold, by code."""


def _warning(kind: Kind, name: str, message: str) -> str:
    code = f"{kind}.{name}"
    WARNINGS[code] = {"code": code, "message": message}
    return code


def _span(bounds: tuple[float, float], unit: str) -> str:
    low, high = bounds
    if math.isinf(high):
        return f"{low:.4g} {unit} and more"
    return f"{low:.4g} {unit}" if low == high else f"{low:.4g} to {high:.4g} {unit}"


@cache
def outside_code(energy_model: str, gait_name: Gait, what: Literal["speed", "grade"]) -> str:
    """Return the code of the warning that an equation left its range of speeds or grades."""
    return f"energy.{_outside_name(energy_model, gait_name, what)}"


def _outside_name(energy_model: str, gait_name: Gait, what: str) -> str:
    return f"{energy_model}_{gait_name}_{what}"


for _gait, _models in energy_models.ENERGY_MODELS.items():
    for _name, _model in _models.items():
        if _model.speed_range_m_s != energy_models.EVERY_SPEED:
            _warning(
                "energy",
                _outside_name(_name, _gait, "speed"),
                f"Speed outside {_span(_model.speed_range_m_s, 'm/s')}, the data behind {_name} "
                f"({_model.speed_range_source}).",
            )
        if _model.grade_range != energy_models.EVERY_GRADE:
            _warning(
                "energy",
                _outside_name(_name, _gait, "grade"),
                f"Grade outside {_span(_model.grade_range, 'rise over run')}, the data behind {_name} "
                f"({_model.grade_range_source}).",
            )

BACKWARD_BEYOND_MEASUREMENT: Final = _warning(
    "energy",
    "backward_speed_beyond_measurement",
    f"Backward faster than {direction.BACKWARD_MEASURED_TO_M_S:g} m/s is beyond every measurement of energy "
    "(Wright & Weyand 2001).",
)
BACKWARD_BELOW_MEASUREMENT: Final = _warning(
    "energy",
    "backward_speed_below_measurement",
    f"Backward running slower than {direction.BACKWARD_MEASURED_FROM_M_S:g} m/s was not measured (Wright & Weyand "
    "2001): the ratio is carried over.",
)
BACKWARD_DOWNHILL: Final = _warning(
    "energy",
    "backward_downhill_unmeasured",
    "Backward downhill has never been measured. The ratio of level ground is used, with the spread between studies "
    "doubled. The exchange ratio is higher backward (p < .05 in a Korean study of walking): 0.05 more would add 1.3 % "
    "to the energy.",
)


def _uphill(gait_name: Gait, going: str, source: str) -> str:
    steepest = direction.MEASURED_TO_GRADE[gait_name]
    said = f"{going} backward uphill was measured up to {steepest:.3g} rise over run ({source}): beyond, the ratio is"
    return _warning("energy", f"backward_{gait_name}_uphill", f"{said} carried over.")


BACKWARD_UPHILL: Final[dict[Gait, str]] = {
    "run": _uphill("run", "Running", "Rasica 2020"),
    "walk": _uphill("walk", "Walking", "a Korean study, DBpia NODE08826885"),
}
IMPLAUSIBLE_UPTAKE: Final[dict[str, str]] = {
    way: _warning(
        "energy",
        f"{way}_implausible_uptake",
        f"Going {way} takes more than {PLAUSIBLE_UPTAKE_ML_KG_MIN:g} ml/kg/min of oxygen, which nobody has (choice).",
    )
    for way in ("forward", "backward")
}
EQUAL_EFFORT_ON_GRADE: Final[dict[str, str]] = {
    "heart_rate": _warning(
        "energy",
        "heart_rate_on_grade",
        "Equal heart rate was compared on the level only (Williford 1998, Kim & Choi 2001).",
    ),
    "perceived_exertion": _warning(
        "energy",
        "perceived_exertion_on_grade",
        "The energy at equal felt effort is that at equal heart rate, which was compared on the level only (Williford "
        "1998, Kim & Choi 2001).",
    ),
}
_WEAK: Final = (
    "the group means of two small studies (Williford 1998, 13 people; Kim & Choi 2001, 20 people walking) suggest "
    f"{direction.HEART_RATE_RATIO['run']:g} times the forward energy running and "
    f"{direction.HEART_RATE_RATIO['walk']:g} times walking. Above 146 beats a minute the forward line is extrapolated. "
    "It may be no less."
)
EQUAL_EFFORT: Final[dict[str, str]] = {
    "heart_rate": _warning("caution", "equal_heart_rate", f"A weak estimate, grade D: at equal heart rate {_WEAK}"),
    "perceived_exertion": _warning(
        "caution",
        "equal_perceived_exertion",
        "A weak estimate, grade D: energy at equal felt effort was never measured. It is taken as at equal heart rate, "
        "because direction left the relation of both practically unchanged (10 women walking, a Korean study). There "
        f"{_WEAK} With weight support backward felt harder at the same oxygen uptake (Masumoto 2023).",
    ),
}
EQUAL_EFFORT_ABSENT: Final[dict[str, str]] = {
    "heart_rate": _warning(
        "absent",
        "heart_rate_speed",
        "The backward speed at equal heart rate is unknown: distance, timing and loads backward are absent.",
    ),
    "perceived_exertion": _warning(
        "absent",
        "perceived_exertion_speed",
        "The backward speed at equal felt effort is unknown: distance, timing and loads backward are absent.",
    ),
}
WALKING_RATIO: Final = _warning(
    "caution",
    "walking_ratio",
    f"Walking has its own ratio, {direction.WALKING_RATIO:.3f} at equal speed, not the 30 % of running. Uphill to "
    f"{100 * direction.MEASURED_TO_GRADE['walk']:g} % one study measured 31 to 41 % more oxygen (n 10).",
)
BACKWARD_WALKING_SPEED: Final = _warning(
    "energy",
    "backward_walk_speed",
    f"Backward walking was measured at {_span(direction.WALKING_RATIO_RANGE_M_S, 'm/s')} (Williford 1998, Kim & Choi "
    "2001, a Korean study); at other speeds its ratio is carried over.",
)
BACKWARD_BELOW_TRANSITION: Final = _warning(
    "timing",
    "backward_speed_below_transition",
    f"The backward speed is under {timing.BACKWARD_TRANSITION_M_S:g} m/s, where people going backward change to "
    "walking (Hreljac 2005); the gait is kept.",
)
REST_ASSUMED: Final = _warning(
    "caution",
    "rest",
    f"Rest taken as {energy.MET_ML_KG_MIN:g} ml/kg/min; most have less ({energy.MEASURED_REST_ML_KG_MIN[0]:g}, SD "
    f"{energy.MEASURED_REST_ML_KG_MIN[1]:g}), so active energy may be higher.",
)
ABOVE_MAXIMUM: Final = _warning(
    "caution",
    "above_maximum",
    "The oxygen uptake of a direction is above the maximum given: no steady state, so that it is extrapolated.",
)
PAUSE_IS_REST: Final = _warning(
    "caution",
    "pause",
    "A pause is taken as rest: standing costs somewhat more and is not modelled.",
)
WORKOUT_SUM_ABSENT: Final = _warning(
    "absent",
    "workout_sum",
    "A total of a load is absent where it is unknown for more than half of the moving time, or where the parts known "
    "as done and those known reversed are not the same; steps, where they are unknown for any segment.",
)
WORKOUT_PARTS: Final = _warning(
    "absent",
    "workout_parts",
    "Some load totals leave out parts in which the load is unknown: covered says what share of the moving time they "
    "are of. They are not scaled up.",
)
TRACK_ERRORS: Final = _warning(
    "caution",
    "track_errors",
    "Errors of the watch in distance and elevation are not in the intervals.",
)
TRACK_UNUSABLE: Final = _warning(
    "absent",
    "track_unusable",
    "Many points have no time, neither place nor distance, or a time that does not go on: unusable_points says how "
    "many. They are bridged, beyond a minute as a pause.",
)
TRACK_GAIT: Final = _warning(
    "caution",
    "track_gait",
    f"Each part is taken as walked or run by its speed: running from {RUNNING_FROM_M_S:g} m/s forward and "
    f"{timing.BACKWARD_TRANSITION_M_S:g} m/s backward (Hreljac 2005). What is unknown of walking is missing in the "
    "sums: give gait if all was one.",
)
TRACK_LEFT_OUT: Final = _warning(
    "absent",
    "track_left_out",
    "What is faster than its gait, steeper than is answered or a jump is in no sum: left_out_s says how long.",
)
TRACK_RANGE: Final = _warning(
    "absent",
    "track_range",
    "A range of backward lies in pauses, gaps or what is left out: nothing of it is in the totals.",
)
WEIGHT_SUPPORT: Final = _warning(
    "energy",
    "weight_support",
    "With weight support the active rate is that without it times 1 - 0.73 of the share carried (Teunissen 2007, n 10, "
    "3 m/s). The ratio falls to 1 at 20 % support: at 20 and 50 % no effect of direction was found (Masumoto 2023, n "
    "13). Both are a choice, grade D.",
)
WEIGHT_SUPPORT_LOADS: Final = _warning(
    "absent", "weight_support_loads", "Loads with weight support are unknown: absent."
)
OVERGROUND: Final = _warning(
    "caution",
    "overground",
    "Still air is added: 0.02724 V^3 ml/kg/min (secondary), alike in both directions at the same speed, so that their "
    "ratio falls a little. Wind, turns and terrain are not.",
)
NOVICE: Final = _warning(
    "caution",
    "novice",
    "While backward is new it may take more energy. Oxygen changed by -19 % in 4 weeks of walking (Heath 2001, n 8), "
    "in 6 of running by -32 %, but forward by -30 % too (Terblanche 2005, n 13).",
)
STEP_RATE: Final = _warning(
    "caution",
    "step_rate",
    "A higher step rate lowers the estimated knee-cap force, but it is not free: +10 % raised oxygen uptake, heart "
    "rate and cost in both directions, though not the felt effort (Masumoto 2020). Energy here does not follow step "
    "rate.",
)
OLDER_BACKWARD_SPEED: Final = _warning(
    "caution",
    "older_backward_speed",
    f"People of 76 years chose {timing.OLDER_BACKWARD_WALK_M_S[0]:g} m/s walking backward (SD "
    f"{timing.OLDER_BACKWARD_WALK_M_S[1]:g}, n 84), and all fallers of one study stayed below "
    f"{timing.FALLERS_BACKWARD_WALK_BELOW_M_S:g} m/s (Fritz 2013). This "
    "backward speed lies above that. It says nothing about this person: start slowly, on even ground, with someone "
    "near.",
)
FALL: Final = _warning("caution", "fall", "Backward adds a risk of falling.")
LOAD_MEANING: Final = _warning(
    "caution",
    "load_meaning",
    "Loads: estimates from small studies of healthy adults, not of this person: no diagnosis, no injury prediction. "
    "Less knee load does not mean no pain; backward may load calf, Achilles and forefoot more. Adults only.",
)
LOAD_MEANING_IN_SHORT: Final = (
    "Estimates from small studies of healthy adults, not of you: no diagnosis, no injury forecast. Less knee load does "
    "not mean no pain. Backward may load calf and Achilles more, and people fall. Adults only."
)
"""What stands visibly beside loads where there is room for a few lines."""
BACKWARD_LOAD_BEYOND_MEASUREMENT: Final = _warning(
    "load",
    "backward_speed_beyond_measurement",
    f"Backward faster than {direction.BACKWARD_MEASURED_TO_M_S:g} m/s: knee loads were not measured there, so they are "
    "extrapolated.",
)

RUNNING_TIMING: Final = _warning(
    "timing",
    "run_timing_speed",
    f"Running cadence was measured at {_span(timing.RUNNING_CADENCE_RANGE_M_S, 'm/s')} (van Oeveren 2017 to Alcantara "
    "2021). At this speed it is extrapolated.",
)
RUNNING_CONTACT: Final = _warning(
    "timing",
    "run_contact_time_speed",
    f"Contact time was measured at {_span(timing.RUNNING_CONTACT_RANGE_M_S, 'm/s')} (Alcantara 2021, 2022, "
    "ageing runners): extrapolated.",
)
IMPULSE_LEVEL: Final = _warning(
    "caution",
    "impulse_level",
    "Knee-cap impulse takes half sines, 3 to 10 % short of measured steps in time, 9 to 12 % in force: grade D.",
)
WALKING_TIMING: Final = _warning(
    "timing",
    "walk_timing_speed",
    f"Speed outside {_span(timing.WALKING_CADENCE_RANGE_M_S, 'm/s')}, the data behind walking cadence (Fukuchi 2018).",
)
TIMING_ON_GRADE: Final = _warning(
    "timing",
    "timing_on_grade",
    "Cadence and contact time are those of the level. Running on slopes from -10 to +10 degrees they were 186 to 204 "
    "steps/min and 0.214 to 0.232 s (Alcantara 2022). Walking they were measured on the level only.",
)
BACKWARD_CONTACT_ABSENT: Final = _warning(
    "absent",
    "backward_contact_time",
    f"Backward contact time is unknown above {timing.BACKWARD_CONTACT_TO_M_S:g} m/s (at top speed the directions are "
    "nearly equal, Weyand 2010): it is absent, and so are backward impulses.",
)
WALKING_TIMING_ABSENT: Final = _warning(
    "absent",
    "walk_timing",
    "Contact time of walking and cadence of backward walking are unknown: they, and steps and impulses that need them, "
    "are absent. Backward, steps are more and shorter at the same speed (Fujisawa 2010, n 157), but by how much is not "
    "known.",
)


def _load_speed(name: str, indicator: str, bounds: tuple[float, float], source: str) -> str:
    low, high = bounds
    span = _span(bounds, "m/s")
    said = f"Outside the {span} of {indicator}" if low < high else f"Walking, {indicator} was measured at {span} only"
    return _warning("load", name, f"{said} ({source}).")


VERTICAL_FORCE_SPEED: Final[dict[Gait, str]] = {
    "run": _warning(
        "load",
        "run_vertical_force_speed",
        f"Peak ground force is fitted at {_span(load.PEAK_VERTICAL_FORCE_RANGE_M_S['run'], 'm/s')} (Alcantara 2021, "
        "2022): grade D.",
    ),
    "walk": _load_speed(
        "walk_vertical_force_speed",
        "peak_vertical_force_bw",
        load.PEAK_VERTICAL_FORCE_RANGE_M_S["walk"],
        "choice",
    ),
}
PATELLOFEMORAL_SPEED: Final = _load_speed(
    "patellofemoral_speed",
    "patellofemoral_peak_force_bw",
    load.PATELLOFEMORAL_RANGE_M_S,
    "choice on Hart 2022",
)
ACHILLES_SPEED: Final[dict[Gait, str]] = {
    "run": _load_speed("run_achilles_speed", "achilles_relative_load", load.ACHILLES_RANGE_M_S["run"], "Reiter 2024"),
    "walk": _load_speed(
        "walk_achilles_speed", "achilles_relative_load", load.ACHILLES_RANGE_M_S["walk"], "Reiter 2024"
    ),
}
TIBIAL_SPEED: Final = _load_speed(
    "tibial_speed", "tibial_compression_peak_bw", load.TIBIAL_RANGE_M_S, "data of Matijevich 2019"
)
VERTICAL_FORCE_GRADE: Final = _warning(
    "load",
    "vertical_force_grade",
    f"The slope is beyond ±{load.VERTICAL_FORCE_SLOPE_RANGE_DEG[1]:g} degrees, where peak ground force was measured "
    "(Alcantara 2022).",
)
LOAD_ON_GRADE: Final = _warning(
    "load",
    "on_grade",
    "Forward loads on a slope are those of the level. Ground force is disputed: no change to 9 degrees (Gottschall & "
    "Kram 2005), or 2.36 body weights at -10, 2.51 at 0 and 2.20 at +10 degrees (Alcantara 2022), so its range is "
    "wider. Knee-cap force holds to 4 degrees (Telhan 2010). Achilles load on a slope was not measured. Only tibial "
    "compression has a slope term.",
)
PATELLOFEMORAL_GRADE_ABSENT: Final = _warning(
    "absent",
    "patellofemoral_on_grade",
    f"Patellofemoral load is unknown beyond ±{load.PATELLOFEMORAL_SLOPE_RANGE_DEG[1]:g} degrees of slope (Telhan "
    "2010): absent.",
)
BACKWARD_LOAD_GRADE_ABSENT: Final = _warning(
    "absent", "backward_load_on_grade", "Loads backward on a grade: no measurement at hand, so they are absent."
)
BACKWARD_TIBIAL_ABSENT: Final = _warning("absent", "backward_tibial", "Tibial compression backward: unknown.")
WALKING_TIBIAL_ABSENT: Final = _warning(
    "absent", "walk_tibial", "Tibial compression is estimated for forward running only: absent."
)
FORWARD_KNEE_MOMENT_ABSENT: Final = _warning(
    "absent", "forward_knee_moment", "The knee moment ratio belongs to going backward: forward it is absent."
)
UNATTAINABLE: Final[dict[str, str]] = {
    name: _warning(
        "absent",
        f"unattainable_{name}",
        f"Going {name} the target cannot be met: unattainable says the nearest value that can.",
    )
    for name in ("forward", "backward")
}
WALKING_KNEE_MOMENT_ABSENT: Final = _warning(
    "absent", "walk_knee_moment", "The knee moment ratio of walking is unknown: absent."
)
BACKWARD_ACHILLES_UNKNOWN: Final = _warning(
    "absent",
    "backward_achilles",
    "Achilles load backward was never measured: the bounds are our choice. Force may be lower, but the calf works "
    "eccentrically (DeVita & Stribling 1991).",
)

PLAN_CENTRAL: Final = _warning(
    "caution",
    "plan_central",
    "A plan keeps its limits at the central estimates: the intervals say how far one person may lie beyond. Whether "
    "a speed or a share of the maximum can be held for as long is not modelled.",
)
PLAN_WITHOUT_OWN_LIMIT: Final = _warning(
    "caution",
    "plan_without_own_limit",
    "Nothing says what this person can do: the speeds are the fastest of the data, which few can run and fewer hold, "
    "backward above all. Give oxygen_uptake_max_ml_kg_min, limits of oxygen_uptake_ml_kg_min that can be held for as "
    "long, and backward_speed_high_m_s.",
)
PLAN_BACKWARD_UNKNOWN: Final = _warning(
    "absent",
    "plan_backward_unknown",
    "What is limited or made least is unknown backward for this gait and grade: the plan has no backward part.",
)
PLAN_ACHILLES_BOUND: Final = _warning(
    "caution",
    "plan_backward_achilles",
    "Achilles load backward has no value: a plan takes its upper bound.",
)
PLAN_ONE_DIRECTION_ABSENT: Final[dict[str, str]] = {
    name: _warning("absent", f"plan_{name}_only", f"No plan going {name} alone meets what is asked: absent.")
    for name in ("forward", "backward")
}

OF_FORWARD: Final = frozenset({IMPLAUSIBLE_UPTAKE["forward"], TIBIAL_SPEED, LOAD_ON_GRADE, VERTICAL_FORCE_GRADE})
OF_BACKWARD: Final = frozenset({WALKING_RATIO, NOVICE, FALL, OLDER_BACKWARD_SPEED})


def concerns(code: str, way: Literal["forward", "backward"]) -> bool:
    """Say whether a warning of a bout at equal speed concerns what is done in one direction.

    Examples
    --------
    >>> concerns(FALL, "forward"), concerns(FALL, "backward")
    (False, True)
    """
    if way == "forward":
        return "backward" not in code and code not in OF_BACKWARD
    return code not in OF_FORWARD
