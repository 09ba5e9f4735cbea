"""The warnings of an answer: where it leaves the data, what is missing and why, and how to read it.

The first word of a warning's stable code is its kind. `energy`, `timing` and `load` mean that an estimate is outside
the data behind it. `absent` means that something is missing, and why. `caution` says how to read or use the answer.
"""

import math
from functools import cache
from typing import Final, Literal

from retrorun.models.evidence.claims import CLAIMS
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
    """Return the code of the warning that a speed or slope is outside the data of an equation."""
    return f"energy.{_outside_name(energy_model, gait_name, what)}"


def _outside_name(energy_model: str, gait_name: Gait, what: str) -> str:
    return f"{energy_model}_{gait_name}_{what}"


for _gait, _models in energy_models.ENERGY_MODELS.items():
    for _name, _model in _models.items():
        if _model.speed_range_m_s != energy_models.EVERY_SPEED:
            _warning(
                "energy",
                _outside_name(_name, _gait, "speed"),
                f"The speed is outside the data of {_name}, {_span(_model.speed_range_m_s, 'm/s')} "
                f"({_model.speed_range_source}). Energy is extrapolated.",
            )
        if _model.grade_range != energy_models.EVERY_GRADE:
            _warning(
                "energy",
                _outside_name(_name, _gait, "grade"),
                f"The slope is outside the data of {_name}, {_span(_model.grade_range, 'rise over run')} "
                f"({_model.grade_range_source}). Energy is extrapolated.",
            )

BACKWARD_BEYOND_MEASUREMENT: Final = _warning(
    "energy",
    "backward_speed_beyond_measurement",
    f"Backward energy was measured up to {direction.BACKWARD_MEASURED_TO_M_S:g} m/s (Wright & Weyand 2001). At this "
    "speed it is extrapolated.",
)
BACKWARD_BELOW_MEASUREMENT: Final = _warning(
    "energy",
    "backward_speed_below_measurement",
    f"Backward running was measured from {direction.BACKWARD_MEASURED_FROM_M_S:g} m/s (Wright & Weyand 2001). At this "
    "slower speed we use the same ratio.",
)
BACKWARD_DOWNHILL: Final = _warning(
    "energy",
    "backward_downhill_unmeasured",
    "We found no measurement of going backward downhill. We used the flat-ground ratio and widened the range: the "
    "spread between studies is doubled. The respiratory exchange ratio is higher backward (p < .05 in a Korean study "
    "of walking). If it were 0.05 higher, energy would be 1.3 % higher.",
)


def _uphill(gait_name: Gait, going: str, source: str) -> str:
    steepest = direction.MEASURED_TO_GRADE[gait_name]
    measured = f"{going} backward uphill was measured up to {steepest:.3g} rise over run ({source})."
    return _warning(
        "energy", f"backward_{gait_name}_uphill", f"{measured} On this steeper slope we use the same ratio."
    )


BACKWARD_UPHILL: Final[dict[Gait, str]] = {
    "run": _uphill("run", "Running", "Rasica 2020"),
    "walk": _uphill("walk", "Walking", "a Korean study, DBpia NODE08826885"),
}
IMPLAUSIBLE_UPTAKE: Final[dict[str, str]] = {
    way: _warning(
        "energy",
        f"{way}_implausible_uptake",
        f"Going {way} would take more than {PLAUSIBLE_UPTAKE_ML_KG_MIN:g} ml/kg/min of oxygen. We take that as more "
        "than anybody can use (choice).",
    )
    for way in ("forward", "backward")
}
EQUAL_EFFORT_ON_GRADE: Final[dict[str, str]] = {
    "heart_rate": _warning(
        "energy",
        "heart_rate_on_grade",
        "Equal heart rate was compared only on level ground (Williford 1998, Kim & Choi 2001).",
    ),
    "perceived_exertion": _warning(
        "energy",
        "perceived_exertion_on_grade",
        "For equal felt effort we use the energy at equal heart rate, which was compared only on level ground "
        "(Williford 1998, Kim & Choi 2001).",
    ),
}
_EQUAL_HEART_RATE: Final = (
    "At equal heart rate the group means of two small studies (Williford 1998, 13 people; Kim & Choi 2001, 20 people "
    f"walking) suggest {direction.HEART_RATE_RATIO['run']:g} times the forward energy running and "
    f"{direction.HEART_RATE_RATIO['walk']:g} times walking. Above 146 beats a minute the forward line is extrapolated. "
    "Backward energy may also be no lower."
)
EQUAL_EFFORT: Final[dict[str, str]] = {
    "heart_rate": _warning("caution", "equal_heart_rate", f"This estimate is weak (grade D). {_EQUAL_HEART_RATE}"),
    "perceived_exertion": _warning(
        "caution",
        "equal_perceived_exertion",
        "This estimate is weak (grade D). We found no measurement of energy at equal felt effort. We use the energy at "
        "equal heart rate, because felt effort followed heart rate in practically the same way in both directions (10 "
        f"women walking, a Korean study). {_EQUAL_HEART_RATE} With weight support backward felt harder at the same "
        "oxygen uptake (Masumoto 2023).",
    ),
}
EQUAL_EFFORT_ABSENT: Final[dict[str, str]] = {
    "heart_rate": _warning(
        "absent",
        "heart_rate_speed",
        "The backward speed at equal heart rate is unknown, so backward distance, timing and loads are missing.",
    ),
    "perceived_exertion": _warning(
        "absent",
        "perceived_exertion_speed",
        "The backward speed at equal felt effort is unknown, so backward distance, timing and loads are missing.",
    ),
}
WALKING_RATIO: Final = _warning(
    "caution",
    "walking_ratio",
    f"Walking backward has its own ratio: {direction.WALKING_RATIO:.3f} at equal speed, not the 1.30 of running. On "
    f"slopes up to {100 * direction.MEASURED_TO_GRADE['walk']:g} % one study measured 31 to 41 % more oxygen (10 "
    "people).",
)
BACKWARD_WALKING_SPEED: Final = _warning(
    "energy",
    "backward_walk_speed",
    f"Backward walking was measured from {_span(direction.WALKING_RATIO_RANGE_M_S, 'm/s')} (Williford 1998, Kim & Choi "
    "2001, a Korean study). At this speed we use the same ratio.",
)
BACKWARD_BELOW_TRANSITION: Final = _warning(
    "timing",
    "backward_speed_below_transition",
    f"Below {timing.BACKWARD_TRANSITION_M_S:g} m/s people going backward change to walking (Hreljac 2005). The "
    "backward speed is below that, but we still compute running.",
)
REST_ASSUMED: Final = _warning(
    "caution",
    "rest",
    f"Rest is assumed: {energy.MET_ML_KG_MIN:g} ml/kg/min. Yours is probably lower "
    f"({energy.MEASURED_REST_ML_KG_MIN[0]:g}, SD {energy.MEASURED_REST_ML_KG_MIN[1]:g}) and active energy higher. Give "
    "age, sex and height.",
)
ABOVE_MAXIMUM: Final = _warning(
    "caution",
    "above_maximum",
    "In at least one direction the oxygen uptake is above the maximum you gave. Nobody holds a steady state there, so "
    "the estimate is extrapolated.",
)
PAUSE_IS_REST: Final = _warning(
    "caution",
    "pause",
    "We count a pause as rest. Standing takes somewhat more energy, which is not modelled.",
)
WORKOUT_SUM_ABSENT: Final = _warning(
    "absent",
    "workout_sum",
    "A load total is missing if the load is unknown for more than half of the moving time, or if it is known for "
    "different parts of the workout as given and reversed. Total steps are missing if they are unknown for any "
    "segment.",
)
WORKOUT_PARTS: Final = _warning(
    "absent",
    "workout_parts",
    "Some load totals leave out parts in which the load is unknown. They are not scaled up; covered gives the share of "
    "the moving time that they include.",
)
LEVEL_SPEED_ABSENT: Final = _warning(
    "absent",
    "level_speed",
    "On some slopes the level speed is unknown, for example on steep downhills: no speed of this gait on level ground "
    "takes as much energy per second. Its total leaves these parts out, and is missing if they are more than half of "
    "the moving time.",
)
TRACK_ERRORS: Final = _warning(
    "caution",
    "track_errors",
    "The ranges do not include the errors of the watch in distance and elevation.",
)
TRACK_LEVEL: Final = _warning(
    "caution",
    "track_level",
    "The recording has no altitudes, so we count it as level. If it was on a slope, for example on a treadmill, send "
    "grade.",
)
TRACK_UNUSABLE: Final = _warning(
    "absent",
    "track_unusable",
    "Many points cannot be used: they have no time, no position or distance, or a time that does not fit the others. "
    "unusable_points is their number. We bridge the time without them.",
)
TRACK_ALTITUDES: Final = _warning(
    "caution",
    "track_altitudes",
    "Many altitudes are on another level than those around them, and no foot climbs from one to the other. We removed "
    "them and interpolated. removed_altitudes is their number. Check the slopes.",
)
TRACK_SPARSE: Final = _warning(
    "caution",
    "track_sparse",
    "Many points are more than a minute apart. Where you moved at the speed of a foot between them, we count the "
    "straight way at an even speed; the real way may be longer. sparse_s is that time.",
)
TRACK_DISTANCE: Final = _warning(
    "caution",
    "track_distance",
    "The distance of the device contradicts the positions: it stops, or it is much shorter or longer than the "
    "way between them. We used the positions. Compare device_distance_m and positions_distance_m.",
)
TRACK_TOTALS: Final = _warning(
    "caution",
    "track_totals",
    "The points have no place, no distance and no speed. We spread the distance of the session evenly over its time. "
    "Pauses and faster parts are unknown.",
)
TRACK_REDATED: Final = _warning(
    "caution",
    "track_redated",
    "The clock of the device was wrong for a while, but the way continues. We dated redated_points points anew, so "
    "that the recording continues at its usual interval. Check the times of your backward ranges.",
)
TRACK_SESSIONS: Final = _warning(
    "caution",
    "track_sessions",
    "The file has several sessions. The totals are over those with used true in sessions. The time between sessions "
    "costs nothing. Sessions of sports that are not on foot are left out.",
)
TRACK_SPORT: Final = _warning(
    "caution",
    "track_sport",
    "The file names no sport, and few people run at its mean speed for as long. If it was a ride, these numbers are "
    "wrong.",
)
TRACK_GAIT: Final = _warning(
    "caution",
    "track_gait",
    f"We decide by speed whether a part was walked or run: running from {RUNNING_FROM_M_S:g} m/s forward and "
    f"{timing.BACKWARD_TRANSITION_M_S:g} m/s backward (Hreljac 2005). Some values are unknown for walking, and the "
    "totals leave them out. If you only ran or only walked, give gait.",
)
TRACK_LEFT_OUT: Final = _warning(
    "absent",
    "track_left_out",
    "Parts that are too fast for their gait, too steep or jumps are in no total. left_out_s is how long they last.",
)
TRACK_RANGE: Final = _warning(
    "absent",
    "track_range",
    "One of your ranges has only pauses, gaps or parts that were left out, so nothing of it is in the totals.",
)
MEASURED: Final = _warning(
    "caution",
    "measured",
    "We use the cadence and contact time of your watch instead of our estimate. Their assumed errors are "
    f"{100 * timing.WATCH_CADENCE_CV:g} % and {100 * timing.WATCH_CONTACT_TIME_CV:g} % (our choice, after studies of "
    "watches and foot pods). Energy and knee-cap peaks do not change.",
)
MEASURED_ONE: Final = _warning(
    "caution",
    "measured_one",
    "In some parts only one of cadence and contact time was measured. For ground force and impulse we use our estimate "
    "of the other.",
)
MEASURED_FORCE_ABSENT: Final = _warning(
    "absent",
    "measured_force",
    "Cadence and contact time change ground force and impulse only where we have an estimate of contact time: not "
    f"walking, and not backward above {timing.BACKWARD_CONTACT_TO_M_S:g} m/s.",
)
MEASURED_UNLIKELY: Final = _warning(
    "absent",
    "measured_unlikely",
    "In some parts the measured cadence or contact time is too far from what people have at that speed, for example "
    "because only one foot was counted. We keep our estimate there.",
)
HEART_RATE_CALORIES: Final = _warning(
    "caution",
    "heart_rate_calories",
    "We do not use heart rate for energy. "
    # The first sentence of the finding says the same as what may be said.
    + next(
        f"{claim['may_say']} {claim['finding'].partition('. ')[2]}"
        for claim in CLAIMS
        if claim["id"] == "watch_calories"
    ),
)
WEIGHT_SUPPORT: Final = _warning(
    "energy",
    "weight_support",
    "With weight support, active energy per second is multiplied by 1 - 0.73 times the share carried (Teunissen 2007, "
    "10 people, 3 m/s). The ratio falls to 1 at 20 % support, because at 20 and 50 % one study found no effect of "
    "direction (Masumoto 2023, 13 people). Both are our choice, grade D.",
)
WEIGHT_SUPPORT_LOADS: Final = _warning(
    "absent", "weight_support_loads", "Loads with weight support are unknown, so none are shown."
)
OVERGROUND: Final = _warning(
    "caution",
    "overground",
    "We added the drag of still air: 0.02724 V^3 ml/kg/min (secondary), the same in both directions at the same speed. "
    "The ratio is therefore a little lower. Wind, turns and terrain are not included.",
)
NOVICE: Final = _warning(
    "caution",
    "novice",
    "Beginners may use more energy. After 4 weeks of walking, backward took 19 % less oxygen (Heath 2001, n 8); after "
    "6 weeks of running 32 %, but forward 30 % too (Terblanche 2005, n 13).",
)
PERSONAL_OUTDATED: Final = _warning(
    "caution",
    "personal_outdated",
    "Your personal factor was made with other coefficients. Send your measurements to POST /estimate again.",
)
PERSONAL_ONE_GAIT: Final = _warning(
    "caution",
    "personal_one_gait",
    "Your measurements or personal factor are of one gait only. The other gait is estimated without them.",
)
STEP_RATE: Final = _warning(
    "caution",
    "step_rate",
    "A higher step rate lowers the estimated knee-cap force, but it takes more energy. With 10 % more steps, oxygen "
    "uptake, heart rate and cost rose in both directions; felt effort did not (Masumoto 2020). Our energy estimate "
    "does not change with step rate.",
)
OLDER_BACKWARD_SPEED: Final = _warning(
    "caution",
    "older_backward_speed",
    f"84 people of 76 years chose to walk backward at {timing.OLDER_BACKWARD_WALK_M_S[0]:g} m/s (SD "
    f"{timing.OLDER_BACKWARD_WALK_M_S[1]:g}). In another study all people who had fallen walked backward below "
    f"{timing.FALLERS_BACKWARD_WALK_BELOW_M_S:g} m/s (Fritz 2013). This backward speed is higher. That says nothing "
    "about you. Start slowly, on even ground, with someone near.",
)
FALL: Final = _warning("caution", "fall", "Going backward adds a risk of falling.")
LOAD_MEANING: Final = _warning(
    "caution",
    "load_meaning",
    "Loads are estimates from small studies of healthy adults, not of you: no diagnosis, no injury prediction. Lower "
    "knee load does not mean less pain. Calf, Achilles and forefoot may be loaded more. Adults only.",
)
LOAD_MEANING_IN_SHORT: Final = (
    "Estimates from small studies of healthy adults, not of you: no diagnosis, no injury forecast. Lower knee load "
    "does not mean less pain. Backward may load calf and Achilles more, and people fall. Adults only."
)
"""The words beside loads where there is room for only a few lines."""
BACKWARD_LOAD_BEYOND_MEASUREMENT: Final = _warning(
    "load",
    "backward_speed_beyond_measurement",
    f"We found no measurement of knee loads backward above {direction.BACKWARD_MEASURED_TO_M_S:g} m/s. At this speed "
    "they are extrapolated.",
)

RUNNING_TIMING: Final = _warning(
    "timing",
    "run_timing_speed",
    f"Running cadence was measured from {_span(timing.RUNNING_CADENCE_RANGE_M_S, 'm/s')} (van Oeveren 2017 to "
    "Alcantara 2021). At this speed it is extrapolated.",
)
RUNNING_CONTACT: Final = _warning(
    "timing",
    "run_contact_time_speed",
    f"Contact time is extrapolated: measured at {_span(timing.RUNNING_CONTACT_RANGE_M_S, 'm/s')} (Alcantara "
    "2021, 2022, ageing runners).",
)
IMPULSE_LEVEL: Final = _warning(
    "caution",
    "impulse_level",
    "Knee-cap impulse is grade D: modelled contacts are 3 to 10 % too short, forces 9 to 12 % too low.",
)
WALKING_TIMING: Final = _warning(
    "timing",
    "walk_timing_speed",
    f"Walking cadence was measured from {_span(timing.WALKING_CADENCE_RANGE_M_S, 'm/s')} (Fukuchi 2018). At this speed "
    "it is extrapolated.",
)
TIMING_ON_GRADE: Final = _warning(
    "timing",
    "timing_on_grade",
    "Cadence and contact time are those of level ground. Running on slopes from -10 to +10 degrees they were 186 to "
    "204 steps/min and 0.214 to 0.232 s (Alcantara 2022). Walking they were measured only on level ground.",
)
BACKWARD_CONTACT_ABSENT: Final = _warning(
    "absent",
    "backward_contact_time",
    f"Backward contact time is unknown above {timing.BACKWARD_CONTACT_TO_M_S:g} m/s, so it is missing, and so are "
    "backward impulses. At top speed both directions have nearly the same contact time (Weyand 2010).",
)
WALKING_TIMING_ABSENT: Final = _warning(
    "absent",
    "walk_timing",
    "Contact time of walking and cadence of backward walking are unknown. They are missing, and so are the steps and "
    "impulses that need them. At the same speed people take more and shorter steps backward (Fujisawa 2010, 157 "
    "people), but we do not know how many more.",
)


def _load_speed(name: str, indicator: str, bounds: tuple[float, float], source: str, basis: str = "studied at") -> str:
    return _warning("load", name, f"{indicator} is extrapolated: {basis} {_span(bounds, 'm/s')} ({source}).")


VERTICAL_FORCE_SPEED: Final[dict[Gait, str]] = {
    "run": _warning(
        "load",
        "run_vertical_force_speed",
        f"Peak ground force is grade D: fitted at {_span(load.PEAK_VERTICAL_FORCE_RANGE_M_S['run'], 'm/s')} "
        "(Alcantara 2021, 2022).",
    ),
    "walk": _load_speed(
        "walk_vertical_force_speed",
        "Peak ground force walking",
        load.PEAK_VERTICAL_FORCE_RANGE_M_S["walk"],
        "our choice",
        basis="its equation is for",
    ),
}
PATELLOFEMORAL_SPEED: Final = _load_speed(
    "patellofemoral_speed",
    "Knee-cap force",
    load.PATELLOFEMORAL_RANGE_M_S,
    "our choice, after Hart 2022",
    basis="its equation is for",
)
ACHILLES_SPEED: Final[dict[Gait, str]] = {
    "run": _load_speed("run_achilles_speed", "Achilles load", load.ACHILLES_RANGE_M_S["run"], "Reiter 2024"),
    "walk": _load_speed("walk_achilles_speed", "Achilles load walking", load.ACHILLES_RANGE_M_S["walk"], "Reiter 2024"),
}
TIBIAL_SPEED: Final = _load_speed(
    "tibial_speed", "Tibial compression", load.TIBIAL_RANGE_M_S, "data of Matijevich 2019"
)
VERTICAL_FORCE_GRADE: Final = _warning(
    "load",
    "vertical_force_grade",
    f"Peak ground force was measured on slopes up to ±{load.VERTICAL_FORCE_SLOPE_RANGE_DEG[1]:g} degrees (Alcantara "
    "2022). This slope is steeper.",
)
LOAD_ON_GRADE: Final = _warning(
    "load",
    "on_grade",
    "Forward loads on a slope are those of level ground; only tibial compression changes with the slope. Ground force "
    "is disputed: one study found no change up to 9 degrees (Gottschall & Kram 2005), another 2.36 body weights at "
    "-10, 2.51 at 0 and 2.20 at +10 degrees (Alcantara 2022). Its range is therefore wider. Knee moments hardly change "
    "up to 4 degrees (Telhan 2010). We found no measurement of Achilles load on a slope.",
)
PATELLOFEMORAL_GRADE_ABSENT: Final = _warning(
    "absent",
    "patellofemoral_on_grade",
    f"Knee-cap load is unknown on slopes beyond ±{load.PATELLOFEMORAL_SLOPE_RANGE_DEG[1]:g} degrees (Telhan 2010), so "
    "it is missing.",
)
BACKWARD_LOAD_GRADE_ABSENT: Final = _warning(
    "absent",
    "backward_load_on_grade",
    "We found no measurement of backward loads on a slope, so none are shown.",
)
BACKWARD_TIBIAL_ABSENT: Final = _warning("absent", "backward_tibial", "Backward tibial compression is unknown.")
WALKING_TIBIAL_ABSENT: Final = _warning(
    "absent", "walk_tibial", "Tibial compression is estimated only for running forward, so it is missing here."
)
FORWARD_KNEE_MOMENT_ABSENT: Final = _warning(
    "absent",
    "forward_knee_moment",
    "The knee moment ratio compares backward with forward, so only the backward answer has it.",
)
UNATTAINABLE: Final[dict[str, str]] = {
    name: _warning(
        "absent",
        f"unattainable_{name}",
        f"You cannot reach the target going {name}. unattainable has the nearest value that you can reach.",
    )
    for name in ("forward", "backward")
}
PROBABILITY: Final = _warning(
    "caution",
    "probability",
    "A probability is as uncertain as the range: parts of the spread are our choice, and the studies are small. It "
    "says nothing about pain or injury.",
)
PROBABILITY_BEYOND: Final[dict[str, str]] = {
    name: _warning(
        "absent",
        f"probability_{name}",
        f"Going {name}, your value is outside the range of 99 in 100 people. How many people are beyond it is unknown, "
        "so the probability is missing. Compare your value with the range.",
    )
    for name in ("forward", "backward")
}
PROBABILITY_ABSENT: Final = _warning(
    "absent",
    "probability_of_range",
    "Going backward only a range is known, not how likely a value in it is, so the probability is missing.",
)
WALKING_KNEE_MOMENT_ABSENT: Final = _warning(
    "absent", "walk_knee_moment", "The knee moment ratio of walking is unknown, so it is missing."
)
BACKWARD_ACHILLES_UNKNOWN: Final = _warning(
    "absent",
    "backward_achilles",
    "We found no measurement of Achilles load backward: we assume the range. Force may be lower, but the calf "
    "works eccentrically (DeVita & Stribling 1991).",
)

PLAN_CENTRAL: Final = _warning(
    "caution",
    "plan_central",
    "A plan keeps its limits at the central estimates. The ranges say how far one person may be beyond them. We do "
    "not model whether a speed or a share of the maximum can be held for as long.",
)
PLAN_CONFIDENCE: Final = _warning(
    "caution",
    "plan_confidence",
    "One person stays within each limit with the probability confidence, as far as the ranges are right: parts of the "
    "spread are our choice, and the studies are small. Energies stay central estimates. We do not model whether a "
    "speed or a share of the maximum can be held for as long.",
)
PLAN_WITHOUT_OWN_LIMIT: Final = _warning(
    "caution",
    "plan_without_own_limit",
    "You gave no fitness limit, so this plan uses the fastest speeds studied. Few people can run them, and fewer can "
    "hold them, above all backward. Give backward_speed_high_m_s, oxygen_uptake_max_ml_kg_min, and a limit of "
    "oxygen_uptake_ml_kg_min that you can hold for as long.",
)
PLAN_BACKWARD_UNKNOWN: Final = _warning(
    "absent",
    "plan_backward_unknown",
    "The plan has no backward part: for this gait and slope, a load that it limits or minimises is unknown backward.",
)
PLAN_ACHILLES_BOUND: Final = _warning(
    "caution",
    "plan_backward_achilles",
    "Achilles load backward has no estimate and no probability. A plan uses the upper end of its range.",
)
PLAN_ONE_DIRECTION_ABSENT: Final[dict[str, str]] = {
    name: _warning("absent", f"plan_{name}_only", f"No plan that goes only {name} meets your limits, so there is none.")
    for name in ("forward", "backward")
}

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
