"""The constants of how an answer is worked out, as `models.catalogue` has those of the physiology.

Each stands under the public name of its group, which its module may change without: names in `GET /models` and the hash
stay. A number that is not here nor in `models.catalogue` is found by a test. The group `numerics` holds how finely a
search or a series is worked out: a change there moves an answer by less than any of its digits that mean something.
"""

from typing import Final

from models import (
    combine,
    compared_load,
    comparison,
    covered,
    curves,
    optimum,
    personal,
    planning,
    pooling,
    quantiles,
    recording,
    roots,
    sections,
    segments,
    speed_of_power,
    speed_ranges,
    track,
)
from models.constant_rows import Row, rows

METHOD_CONSTANTS: Final[list[Row]] = [
    *rows(
        "workout",
        combine,
        ("SPEED_APART_M_S", "Speed from which an error is not taken for that at another [m/s]", "choice", ""),
        ("GRADE_APART", "Grade from which an error is not taken for that at another [1]", "choice", ""),
    ),
    *rows(
        "workout",
        covered,
        ("LEAST_COVERED", "Share of the moving time under which a load total is absent [1]", "choice", ""),
        ("COVERED_WARNED", "Share of the moving time under which a load total is warned of [1]", "choice", ""),
    ),
    *rows("numerics", covered, ("SHARE_ROUNDING", "Share that the order of a sum may add or take [1]", "choice", "")),
    *rows(
        "numerics",
        sections,
        ("ROUNDED", "Share by which rounding may lift a plausible oxygen uptake [1]", "choice", ""),
    ),
    *rows("workout", segments, ("MAXIMUM_SEGMENTS", "Most segments and pauses, repeats counted [1]", "choice", "")),
    *rows(
        "recording",
        recording,
        ("EARTH_RADIUS_M", "Mean radius of the Earth (IUGG) [m]", "secondary", ""),
        ("MAXIMUM_POINTS", "Most points of a recording [1]", "choice", ""),
        ("LEAST_POINTS", "Points that make a way [1]", "choice", ""),
        ("POSITION_HIGH_DEG", "Largest latitude and longitude: a quarter and half a circle [deg]", "derived", ""),
        ("DISTANCE_HIGH_M", "Longest distance that is not taken as unknown [m]", "choice", ""),
        ("ALTITUDE_RANGE_M", "Altitudes that are not taken as unknown [m]", "choice", ""),
        ("SPIKE_SPEED_M_S", "Speed between points that is nobody's [m/s]", "choice", ""),
        ("SPIKE_POINTS", "Most points in a row that are taken as a spike [1]", "choice", ""),
        ("STRAY_S", "Time from the rest beyond which few points are taken as misdated [s]", "choice", ""),
        ("UNUSABLE_SHARE", "Share of unusable points beyond which a recording is refused [1]", "choice", ""),
        ("GAP_S", "Time without a point that is a pause [s]", "choice", ""),
        ("WAY_WINDOW_S", "Time over which positions are averaged [s]", "choice", ""),
        ("SLOPE_STEP_M", "Length of way over which altitudes are averaged [m]", "choice", ""),
        ("SLOPE_WINDOW_STEPS", "Such lengths on either side through which a slope is laid [1]", "choice", ""),
    ),
    *rows(
        "recording",
        track,
        ("SEGMENT_S", "Length of a segment [s]", "choice", ""),
        ("PAUSE_BELOW_M_S", "Speed of a segment under which it is a pause [m/s]", "choice", ""),
        ("GAIT_SEGMENTS", "Segments whose median speed says the gait of the middle one [1]", "choice", ""),
        ("UNUSABLE_WARNED", "Share of unusable points from which a warning says so [1]", "choice", ""),
        ("LEFT_OUT_SHARE", "Share of the moving time beyond which, left out, a recording is refused [1]", "choice", ""),
    ),
    *rows("numerics", personal, ("NOTHING", "Variance under which a part of the spread is none [1]", "choice", "")),
    *rows(
        "numerics",
        optimum,
        ("POINTS", "Speeds on the first grid of a span [1]", "choice", ""),
        ("POINTS_BETWEEN", "Speeds between neighbours of a grid, looked at more closely [1]", "choice", ""),
        ("TIMES_CLOSER", "How often a grid is looked at more closely [1]", "choice", ""),
        ("GAP", "Height above the chord under which the search ends, as a share of it [1]", "choice", ""),
        ("MARGIN", "How far below a limit a plan stays, as a share of it [1]", "choice", ""),
        ("END_M_S", "How near to the end of its span a speed is the end [m/s]", "choice", ""),
        ("MAXIMUM_CHORDS", "Most steps of the search [1]", "choice", ""),
    ),
    *rows(
        "plan",
        planning,
        ("DIGITS", "Digits of what is said to be attainable [1]", "choice", ""),
    ),
    *rows("numerics", planning, ("SPARE", "Share of the time that counts as time to spare [1]", "choice", "")),
    *rows(
        "numerics",
        roots,
        ("ROUNDING", "Relative width at which a root is found [1]", "choice", ""),
        ("MOST_ROUNDING", "Share by which a solved value may be moved so that it fits its bounds [1]", "choice", ""),
        ("MAXIMUM_STEPS", "Most steps of a search for a root [1]", "choice", ""),
        ("BISECTION", "Where a bracket is cut when no better place is known [1]", "choice", ""),
    ),
    *rows("numerics", speed_of_power, ("INWARD", "Share by which attainable ends are drawn inward [1]", "choice", "")),
    *rows(
        "numerics",
        speed_ranges,
        ("NODES", "Speeds at which a curve is looked at before its crossings are solved for [1]", "choice", ""),
        ("EXTREME_PASSES", "Times that the turning points of a curve are drawn nearer [1]", "choice", ""),
    ),
    *rows(
        "plot",
        curves,
        ("PLOTTED_M_S", "Speeds that a plot spans, by gait [m/s]", "choice", ""),
        ("SPEEDS", "Speeds in a curve [1]", "choice", ""),
        ("EXAMPLE_M_S", "Speed at which a plot is put into words, by gait [m/s]", "choice", ""),
        ("BODY_MASS_KG", "Body mass behind a plot, which cancels [kg]", "choice", ""),
    ),
    *rows(
        "validation",
        comparison,
        ("INTERVAL", "Probability inside the group interval [1]", "choice", ""),
        ("STANDARD_GRAVITY_M_S2", "Standard gravity, by definition [m/s2]", "secondary", ""),
    ),
    *rows(
        "validation",
        compared_load,
        ("SPEEDS_FROM_NOTES", "Speeds of rows whose table has none [m/s]", "secondary", ""),
        ("LENHART_STEP_RATE_RATIO", "Change of step rate that a row states [1]", "published", "lenhart2014"),
        ("DOYLE_REFERENCE_M_S", "Speed against which a row states a change [m/s]", "published", "doyle2023"),
    ),
    *rows(
        "validation",
        pooling,
        ("CORRELATIONS", "Correlations of forward and backward cost that are tried [1]", "choice", ""),
        ("WEAK_BOUND_RATIO", "Ratio that a study without a difference weakly bounds [1]", "derived", ""),
    ),
    *rows(
        "numerics",
        quantiles,
        ("TERMS", "Most halvings in the search for a quantile [1]", "choice", ""),
        ("SMALLEST", "Where that search begins, in place of zero [1]", "choice", ""),
        ("CLOSE", "Relative width at which it ends [1]", "choice", ""),
    ),
]
"""Each constant of a method: its group, module, name, meaning, standing and references."""
