"""Warnings about cadence, steps and contact time."""

from typing import Final

from retrorun.models.evidence.cautions.parts import (
    BACKWARD_SPEED,
    OF_IMPULSE,
    OF_STEPS,
    RATIO_OF_TIMING,
    backward,
    both,
)
from retrorun.models.evidence.cautions.registry import caution, ranged
from retrorun.models.physiology import timing

BACKWARD_BELOW_TRANSITION: Final = caution(
    "timing",
    "backward_speed_below_transition",
    "limit",
    "Below {low_m_s} m/s people going backward change to walking (Hreljac 2005). The backward speed is below that, but "
    "we still compute running.",
    about=BACKWARD_SPEED,
    low_m_s=timing.BACKWARD_TRANSITION_M_S,
)
RUNNING_TIMING: Final = ranged(
    "timing",
    "run_timing_speed",
    "Running cadence was measured from {range} (van Oeveren 2017 to Alcantara 2021). At this speed it is extrapolated.",
    timing.RUNNING_CADENCE_RANGE_M_S,
    about=both(*OF_STEPS),
)
RUNNING_CONTACT: Final = ranged(
    "timing",
    "run_contact_time_speed",
    "Contact time was measured from {range} (Alcantara 2021, 2022, ageing runners). Here it is extrapolated.",
    timing.RUNNING_CONTACT_RANGE_M_S,
    about=both("contact_time_s", *OF_IMPULSE),
)
WALKING_TIMING: Final = ranged(
    "timing",
    "walk_timing_speed",
    "Walking cadence was measured from {range} (Fukuchi 2018). At this speed it is extrapolated.",
    timing.WALKING_CADENCE_RANGE_M_S,
    about=both(*OF_STEPS),
)
TIMING_ON_GRADE: Final = caution(
    "timing",
    "timing_on_grade",
    "limit",
    "Cadence and contact time are those of level ground. Running on slopes from -{slope_deg} to +{slope_deg} degrees "
    "they were {low_steps_per_min} to {high_steps_per_min} steps/min and {low_s} to {high_s} s (Alcantara 2022). "
    "Walking they were measured only on level ground.",
    about=both(*OF_STEPS, "contact_time_s") + RATIO_OF_TIMING,
)
BACKWARD_CONTACT_ABSENT: Final = caution(
    "absent",
    "backward_contact_time",
    "limit",
    "Backward contact time is unknown above {high_m_s} m/s, so it is missing, and so are backward impulses. At top "
    "speed both directions have nearly the same contact time (Weyand 2010).",
    about=backward(""),
    high_m_s=timing.BACKWARD_CONTACT_TO_M_S,
)
WALKING_TIMING_ABSENT: Final = caution(
    "absent",
    "walk_timing",
    "limit",
    "Contact time of walking and cadence of backward walking are unknown. They are missing, and so are the steps and "
    "impulses that need them. At the same speed people take more and shorter steps backward (Fujisawa 2010, {people} "
    "people), but we do not know how many more.",
    about=both(""),
)
MEASURED: Final = caution(
    "caution",
    "measured",
    "note",
    "We use the cadence and contact time of your watch instead of our estimate. Their assumed errors are "
    "{cadence_percent} % and {contact_time_percent} % (our choice, after studies of watches and foot pods). Energy and "
    "knee-cap peaks do not change.",
    about=("answer/measured",),
    cadence_percent=100 * timing.WATCH_CADENCE_CV,
    contact_time_percent=100 * timing.WATCH_CONTACT_TIME_CV,
)
MEASURED_ONE: Final = caution(
    "caution",
    "measured_one",
    "note",
    "In some parts only one of cadence and contact time was measured. For ground force and impulse we use our estimate "
    "of the other.",
    about=("answer/measured", *both("peak_vertical_force_bw", *OF_IMPULSE)),
)
MEASURED_FORCE_ABSENT: Final = caution(
    "absent",
    "measured_force",
    "limit",
    "Cadence and contact time change ground force and impulse only where we have an estimate of contact time: not "
    "walking, and not backward above {high_m_s} m/s.",
    about=("answer/measured", *both("peak_vertical_force_bw", *OF_IMPULSE)),
    high_m_s=timing.BACKWARD_CONTACT_TO_M_S,
)
MEASURED_UNLIKELY: Final = caution(
    "absent",
    "measured_unlikely",
    "limit",
    "In some parts the measured cadence or contact time is too far from what people have at that speed, for example "
    "because only one foot was counted. We keep our estimate there.",
    about=("answer/measured", *both(*OF_STEPS, "contact_time_s")),
)
