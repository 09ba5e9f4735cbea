"""Warnings of workouts and recordings: what is missing in the totals, and how the recording was read."""

from typing import Final

from retrorun.models.evidence.cautions.parts import DISTANCES, SUMS, both, top
from retrorun.models.evidence.cautions.registry import caution
from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.physiology import timing
from retrorun.models.vocabulary.quantities import RUNNING_FROM_M_S

PAUSE_IS_REST: Final = caution(
    "caution",
    "pause",
    "note",
    "We count a pause as rest. Standing takes somewhat more energy, which is not modelled.",
    about=top("totals/resting_energy_kcal", "reversed/resting_energy_kcal"),
)
WORKOUT_SUM_ABSENT: Final = caution(
    "absent",
    "workout_sum",
    "limit",
    "A load total is missing if the load is unknown for more than half of the moving time, or if it is known for "
    "different parts of the workout as given and reversed. Total steps are missing if they are unknown for any "
    "segment.",
    about=top("totals", "reversed", "forward", "backward"),
)
WORKOUT_PARTS: Final = caution(
    "absent",
    "workout_parts",
    "limit",
    "Some load totals leave out parts in which the load is unknown. They are not scaled up; covered gives the share of "
    "the moving time that they include.",
    about=both("load"),
)
LEVEL_SPEED_ABSENT: Final = caution(
    "absent",
    "level_speed",
    "limit",
    "On some slopes the level speed is unknown, for example on steep downhills: no speed of this gait on level ground "
    "takes as much energy per second. Its total leaves these parts out, and is missing if they are more than half of "
    "the moving time.",
    about=both("level_speed_m_s"),
)
TRACK_ERRORS: Final = caution(
    "caution",
    "track_errors",
    "limit",
    "The ranges do not include the errors of the watch in distance and elevation.",
    about=DISTANCES,
)
TRACK_LEVEL: Final = caution(
    "caution",
    "track_level",
    "limit",
    "The recording has no altitudes, so we count it as level. If it was on a slope, for example on a treadmill, send "
    "grade.",
    about=top("track", "assumed/grade"),
)
TRACK_UNUSABLE: Final = caution(
    "absent",
    "track_unusable",
    "limit",
    "Many points cannot be used: they have no time, no position or distance, or a time that does not fit the others. "
    "unusable_points is their number. We bridge the time without them.",
    about=top("track/unusable_points"),
)
TRACK_ALTITUDES: Final = caution(
    "caution",
    "track_altitudes",
    "limit",
    "Many altitudes are on another level than those around them, and no foot climbs from one to the other. We removed "
    "them and interpolated. removed_altitudes is their number. Check the slopes.",
    about=top("track/removed_altitudes", "track/ascent_m", "track/descent_m"),
)
TRACK_SPARSE: Final = caution(
    "caution",
    "track_sparse",
    "limit",
    "Many points are more than a minute apart. Where you moved at the speed of a foot between them, we count the "
    "straight way at an even speed; the real way may be longer. sparse_s is that time.",
    about=top("track/sparse_s", "track/sparse_intervals"),
)
TRACK_DISTANCE: Final = caution(
    "caution",
    "track_distance",
    "limit",
    "The distance of the device contradicts the positions: it stops, or it is much shorter or longer than the "
    "way between them. We used the positions. Compare device_distance_m and positions_distance_m.",
    about=top("track/distance_source", "track/device_distance_m", "track/positions_distance_m"),
)
TRACK_TOTALS: Final = caution(
    "caution",
    "track_totals",
    "limit",
    "The points have no place, no distance and no speed. We spread the distance of the session evenly over its time. "
    "Pauses and faster parts are unknown.",
    about=top("track/distance_source"),
)
TRACK_REDATED: Final = caution(
    "caution",
    "track_redated",
    "limit",
    "The clock of the device was wrong for a while, but the way continues. We dated redated_points points anew, so "
    "that the recording continues at its usual interval. Check the times of your backward ranges.",
    about=top("track/redated_points"),
)
TRACK_SESSIONS: Final = caution(
    "caution",
    "track_sessions",
    "limit",
    "The file has several sessions. The totals are over those with used true in sessions. The time between sessions "
    "costs nothing. Sessions of sports that are not on foot are left out.",
    about=top("sessions"),
)
TRACK_SPORT: Final = caution(
    "caution",
    "track_sport",
    "limit",
    "The file names no sport, and few people run at its mean speed for as long. If it was a ride, these numbers are "
    "wrong.",
    about=SUMS,
)
TRACK_GAIT: Final = caution(
    "caution",
    "track_gait",
    "limit",
    "We decide by speed whether a part was walked or run: running from {speed_m_s} m/s forward and "
    "{backward_speed_m_s} m/s backward (Hreljac 2005). Some values are unknown for walking, and the totals leave them "
    "out. If you only ran or only walked, give gait.",
    about=top("assumed/running_from_m_s", "assumed/backward_running_from_m_s"),
    speed_m_s=RUNNING_FROM_M_S,
    backward_speed_m_s=timing.BACKWARD_TRANSITION_M_S,
)
TRACK_LEFT_OUT: Final = caution(
    "absent",
    "track_left_out",
    "limit",
    "Parts that are too fast for their gait, too steep or jumps are in no total. left_out_s is how long they last.",
    about=top("track/left_out_s"),
)
TRACK_RANGE: Final = caution(
    "absent",
    "track_range",
    "limit",
    "One of your ranges has only pauses, gaps or parts that were left out, so nothing of it is in the totals.",
    about=top("totals"),
)
_watch = next(claim for claim in CLAIMS if claim["id"] == "watch_calories")
HEART_RATE_CALORIES: Final = caution(
    "caution",
    "heart_rate_calories",
    "note",
    # The first sentence of the finding is the verdict.
    "We do not use heart rate for energy. {may_say} {finding}",
    about=top("measured"),
    may_say=_watch["may_say"],
    finding=_watch["finding"].partition(". ")[2],
)
