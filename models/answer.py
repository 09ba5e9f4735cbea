"""The shape of an answer. Names are explained, once, in `models.quantities` and in `MEANINGS` here.

A key that is not required is absent when the quantity is unknown; it is never null and never zero instead.
"""

from typing import Final, Literal, NotRequired, TypeAlias, TypedDict

from models.cautions import Warning
from models.direction import DirectionModelName, Equal
from models.energy import EnergyModelName, Intensity
from models.gait import RUNNING_FROM_M_S
from models.grades import EvidenceGrade
from models.uncertainty import Gait

Direction: TypeAlias = Literal["forward", "backward"]

DIRECTIONS: Final[tuple[Direction, ...]] = ("forward", "backward")

Section: TypeAlias = Literal["energy", "timing", "load", "ratio", "references"]

SECTIONS: Final[tuple[Section, ...]] = ("energy", "timing", "load", "ratio", "references")
"""The parts of an answer that `include` chooses from; all by default."""


IMPULSE: Final = "patellofemoral_impulse_per_bout_bw_s"
"""The one joint load that adds up over bouts."""


class Interval(TypedDict):
    """An estimate for one person: its value and the ends of the asked interval."""

    value: float
    low: float
    high: float


class Graded(TypedDict):
    """An estimate for one person with its evidence grade; none where it is given, or equal by definition."""

    value: float
    low: float
    high: float
    evidence: NotRequired[EvidenceGrade]


class Bounds(TypedDict):
    """What is unknown but bounded: the ends alone."""

    low: float
    high: float


class Indicator(TypedDict):
    """A joint-load estimate with its interval and evidence grade; no value where only bounds are known."""

    value: NotRequired[float]
    low: float
    high: float
    evidence: EvidenceGrade


class Load(TypedDict):
    """What each step, each kilometre and the bout ask of knees, ankles and tendons."""

    peak_vertical_force_bw: NotRequired[Indicator]
    patellofemoral_peak_force_bw: NotRequired[Indicator]
    knee_extensor_moment_ratio: NotRequired[Indicator]
    patellofemoral_impulse_per_km_bw_s: NotRequired[Indicator]
    patellofemoral_impulse_per_bout_bw_s: NotRequired[Indicator]
    achilles_relative_load: NotRequired[Indicator]
    tibial_compression_peak_bw: NotRequired[Indicator]


class Bout(TypedDict):
    """The bout in one direction."""

    speed_m_s: NotRequired[Graded]
    duration_s: float
    distance_m: NotRequired[Graded]
    total_energy_kcal: NotRequired[Graded]
    active_energy_kcal: NotRequired[Graded]
    resting_energy_kcal: NotRequired[float]
    metabolic_power_w_kg: NotRequired[Graded]
    oxygen_uptake_ml_kg_min: NotRequired[Graded]
    met: NotRequired[Graded]
    intensity: NotRequired[Intensity]
    share_of_maximum: NotRequired[Graded]
    energy_per_km_kcal: NotRequired[Interval]
    cadence_steps_per_min: NotRequired[Graded]
    steps: NotRequired[Graded]
    contact_time_s: NotRequired[Graded]
    load: NotRequired[Load]


class LoadRatio(TypedDict):
    """Backward over forward for the joint-load indicators that both directions have."""

    peak_vertical_force: NotRequired[Interval]
    patellofemoral_peak_force: NotRequired[Interval]
    patellofemoral_impulse_per_km: NotRequired[Interval]
    achilles_relative_load: NotRequired[Bounds]


class Ratio(TypedDict):
    """Backward over forward. What both directions share cancels, so the intervals are narrower.

    Duration and rest are the same both ways, so one ratio serves every pair that can only move together:
    `total_energy` also metabolic power, oxygen uptake and MET, `speed` also distance, `cadence` also steps. Energy
    per kilometre moves as total energy over distance, the impulse per bout as that per kilometre times distance.
    """

    speed: NotRequired[Graded]
    total_energy: NotRequired[Graded]
    active_energy: NotRequired[Graded]
    cadence: NotRequired[Graded]
    contact_time: NotRequired[Graded]
    load: NotRequired[LoadRatio]


class Assumed(TypedDict):
    """Every input that was left to the service, with the value it took."""

    gait: NotRequired[Gait]
    grade: NotRequired[float]
    equal: NotRequired[Equal]
    energy_model: NotRequired[EnergyModelName]
    direction_model: NotRequired[DirectionModelName]
    resting_oxygen_uptake_ml_kg_min: NotRequired[float]
    step_rate_ratio: NotRequired[float]
    interval: NotRequired[float]


class Parts(TypedDict):
    """The parts of an energy estimate's spread, as coefficients of variation [1].

    Forward is the root of the sum of squares of model_cv, person_cv and conversion_cv; backward adds ratio_person_cv
    and ratio_study_cv, which alone make the ratio; input_cv adds to both directions. ratio_study_cv is a standard
    deviation of ratio_studies studies: for the ends of an interval it is multiplied by t over z, Student's t with
    ratio_studies - 1 degrees of freedom over the standard score (1.43 for four studies at 90 %). With own measurements
    each direction and the ratio have one part, personal_..._cv, beside conversion_cv, and personal_..._study_cv is the
    part of it that is multiplied so. At equal metabolic rate the energies are the same, and the parts of the ratio go
    into the backward speed alone.
    """

    model_cv: NotRequired[float]
    person_cv: NotRequired[float]
    personal_forward_cv: NotRequired[float]
    personal_backward_cv: NotRequired[float]
    conversion_cv: float
    ratio_person_cv: NotRequired[float]
    ratio_study_cv: NotRequired[float]
    ratio_studies: NotRequired[int]
    personal_ratio_cv: NotRequired[float]
    personal_forward_study_cv: NotRequired[float]
    personal_backward_study_cv: NotRequired[float]
    personal_ratio_study_cv: NotRequired[float]
    input_cv: NotRequired[float]


class PersonalFactors(TypedDict):
    """What own measurements say of a person, weighed against the population."""

    forward_factor: Interval
    backward_factor: Interval


class Models(TypedDict):
    """Which equations answered, and which version of them."""

    version: str
    hash: str
    energy_model: EnergyModelName
    direction_model: DirectionModelName


class Estimate(TypedDict):
    """One bout, forward and backward."""

    gait: Gait
    forward: Bout
    backward: Bout
    ratio: NotRequired[Ratio]
    spread: NotRequired[Parts]
    personal: NotRequired[PersonalFactors]
    assumed: Assumed
    warnings: list[Warning]
    models: Models
    references: NotRequired[list[str]]


MEANINGS: Final[dict[str, str]] = {
    "value": "The estimate.",
    "low": "Lower end of the interval.",
    "high": "Upper end of the interval.",
    "evidence_grades": "The evidence grade of each quantity that is not a load, and where it holds.",
    "quantity": "What is graded.",
    "where": "Where the grade holds.",
    "evidence": (
        "Evidence grade: A several consistent measured studies; B a meta-analysis or consistent modelled data; "
        "C few, small, indirect or conflicting (C- weaker still); D extrapolation or a choice of this project; none: "
        "no measurement to grade."
    ),
    "gait": f"Running or walking, the same in both directions; running from {RUNNING_FROM_M_S:g} m/s when left out.",
    "equal": "What equal intensity holds equal between the directions; the duration always is.",
    "energy_model": "The forward energy equation.",
    "direction_model": "Where the backward to forward ratio comes from.",
    "sex": "Sex for the resting energy equation; with age_y and height_m.",
    "overground": "Add the drag of still air, as overground; not when left out.",
    "strict": "Refuse, instead of warning, where an energy estimate would leave the data behind it or is implausible.",
    "per": "What a plot of energy is per: second for power, km for the energy of a kilometre; second when left out.",
    "theme": (
        "Colours of a plot: light, dark, or auto for what the reader prefers where the page allows it, else light; "
        "light when left out."
    ),
    "include": "The parts of the answer to compute, all when left out; ratio holds the ratios of the parts asked for.",
    "items": "Bouts, each as in POST /estimate; a bad one fails by itself.",
    "columns": "Inputs of POST /estimate as columns of equal length, one row a bout.",
    "fields": "What comes back, by column name: the path in the answer with underscores; everything when left out.",
    "workout_include": "segments adds the answer of every segment.",
    "track_include": "segments adds the answer of every segment; profile adds their speeds and grades.",
    "track_backward": "Ranges of time that were done backward; all forward when left out.",
    "track": "What was cleaned, paused, left out and smoothed.",
    "profile": "Speed and grade of each segment.",
    "points": "Points in the file.",
    "unusable_points": "Points without time, without place and distance, or whose time does not go on; not used.",
    "removed_spikes": "Points off the way, reached faster than anybody sprints, and removed.",
    "jumps": "Places where the way goes on elsewhere, faster than anybody sprints; left out.",
    "gaps": "Times of more than a minute without a point; taken as pauses.",
    "pauses": "Pauses within the recording: segments in a row that are slower than walking.",
    "distance_source": "Where speeds come from: the device's own distance where the file has all of it, or positions.",
    "smoothing": "How elevation and positions are smoothed.",
    "segment_start_s": "When each segment begins, from the first point with time and place [s].",
    "segment_duration_s": "Duration of each segment [s].",
    "segment_speed_m_s": "Mean speed of each segment [m/s].",
    "segment_grade": "Rise over run of each segment, smoothed [1].",
    "segment_direction": "Direction of each segment.",
    "intensity": "Absolute intensity by MET: moderate from 3, vigorous from 6.",
    "load": "Joint-load indicators.",
    "forward": "The bout going forward; of a workout, what is done forward.",
    "backward": "The bout going backward; of a workout, what is done backward.",
    "ratio": "Backward over forward, of a workout reversed over as given, each with an interval of its own.",
    "assumed": "Every input left to the service, with the value it took.",
    "warnings": "Where the answer leaves its data, what is absent and why, and what to mind.",
    "models": "The equations used, their version and a hash of their coefficients.",
    "references": "The sources of the numbers in this answer, by their id in GET /references.",
    "spread": "The parts of the spread of total energy, as coefficients of variation.",
    "model_cv": "How far the forward equation may lie from a group's mean.",
    "person_cv": "How far one person may lie from a group, forward.",
    "conversion_cv": "Kilocalories per litre of oxygen.",
    "ratio_person_cv": "How far one person's backward ratio may lie from a group's.",
    "ratio_study_cv": "How far studies differ in the ratio: unscaled, the ends of an interval take t over z times it.",
    "ratio_studies": "How many studies that was taken from; t has one degree of freedom less.",
    "personal_forward_cv": "What own measurements leave of model and person.",
    "personal_backward_cv": "What own measurements leave of the backward spread.",
    "personal_ratio_cv": "What own measurements leave of the two parts of the ratio.",
    "personal_forward_study_cv": "The part of personal_forward_cv that is between studies, unscaled.",
    "personal_backward_study_cv": "The part of personal_backward_cv that is between studies, unscaled.",
    "personal_ratio_study_cv": "The part of personal_ratio_cv that is between studies, unscaled.",
    "input_cv": "What the errors given for speed and body mass add.",
    "personal": "The personal factors that own measurements give.",
    "forward_factor": "Own forward energy over the model's, shrunk towards 1.",
    "backward_factor": "Own backward energy over the model's, shrunk towards 1.",
    "measurements": "Own measurements; the answer then uses a personal factor.",
    "direction": "Forward or backward, forward when left out.",
    "segments": "Segments, in the order they are done.",
    "repeat": "How often the segments beside it are done; they hold no repeats of their own.",
    "index": "Place among the segments that move, from 0, each listed segment counted once.",
    "times": "How often the segment is done; its numbers are those of once.",
    "covered": "Share of the moving time in which the load is known, and which alone the total is of [1].",
    "totals": "The workout as given, pauses included; of a plan, its bouts without the rest.",
    "reversed": "The same workout with every segment in the other direction, at the same speeds.",
    "run": "Equation of running.",
    "walk": "Equation of walking.",
    "version": "Version of the service and its models.",
    "coefficients": "Coefficients, in the order of the equation's letters.",
    "hash": "Short hash of every number that can change an answer: constants, ranges, bounds and tables.",
    "code": (
        "Stable word for programs. In a warning the part before the point is its kind; energy, timing, load: a "
        "range was left; absent: something is not in the answer; caution: mind this."
    ),
    "message": "A sentence for people.",
    "id": "Stable key.",
    "claim": "What is said.",
    "claims": "Each claim in circulation, with its finding.",
    "finding": "What is known.",
    "sources": "Sources, by their id in GET /references.",
    "may_say": "Wording an app may use.",
    "must_not_say": "What an app must not say.",
    "caution": "What every app that shows a load must say in its own words.",
    "muscle_roles": "What joints and muscles do going backward.",
    "energy_models": "The forward energy equations.",
    "direction_models": "The ratios backward to forward at equal speed.",
    "backward_over_forward": "The ratio at equal speed, on gross energy, on the level and on every grade [1].",
    "constants": "Every constant of the models.",
    "equation": "The equation, with letters for its coefficients in order.",
    "speed_range_m_s": "Range of the data [m/s]; one number where there is no upper end.",
    "grade_range": "Range of the data, rise over run [1].",
    "defined": "Where the equation has an answer at all, when not on every grade.",
    "published_error": "Its published error.",
    "sample": "The people behind it.",
    "standing": (
        "published: in the publisher's page or abstract; secondary: transcribed by a third party; derived: arithmetic "
        "on published numbers; choice: a modelling decision of this project."
    ),
    "study_cv": "Spread of the ratio between studies, a coefficient of variation [1].",
    "studies": "How many studies the spread between them was taken from.",
    "name": "Public name, which stays where it is even when the code is moved.",
    "group": "What the constant belongs to; its name begins with it.",
    "number": "The number itself.",
    "meaning": "What it is, with its unit.",
    "citation": "Short citation.",
    "doi": "Digital object identifier, where it was checked.",
    "goal": "The most active energy in duration_s, or the least of indicator for active_energy_kcal.",
    "indicator": "What is to be least: a peak, or the impulse over all bouts.",
    "limits": "Highest values a plan may reach: the impulse over all bouts together, the others in any second.",
    "bouts": "One bout or two, each in equal parts where it is farther than is answered; their order changes nothing.",
    "binding": (
        "What keeps the plan from being better: duration_s, a limit, an own speed or maximum, or speed_range, where "
        "the data or what is plausible end."
    ),
    "forward_only": "The best plan going forward alone; where it is the best of all, the plan once more.",
    "backward_only": "The best plan going backward alone; where it is the best of all, the plan once more.",
    "speed": "Ratio of speeds, and of distances.",
    "total_energy": "Ratio of total energies, and of metabolic powers, oxygen uptakes and METs.",
    "active_energy": "Ratio of active energies; larger, because rest is the same both ways.",
    "cadence": "Ratio of cadences, and of steps.",
    "contact_time": "Ratio of contact times.",
    "find": (
        "What to find. bout: the bout that takes an energy, at a speed or for a duration. speed: that of an oxygen "
        "uptake, MET or power. equal_cost_speed: the backward speed that costs what a forward speed costs, or the "
        "reverse. level_speed: the speed on the level that costs what a speed on a grade costs. speed_range: the "
        "speeds at which a load indicator stays at or under the value given for it."
    ),
    "speed_ranges": "Closed ranges of speed, both ends included, in which the bound is kept.",
    "unattainable": "In place of what was asked for: what this direction can attain.",
    "target": "Name of what was given as target or bound.",
    "unit": "Unit of the numbers beside it.",
    "nearest": "The attainable value nearest to the target; absent where none can be asked for.",
    "peak_vertical_force": "Ratio of peak vertical forces.",
    "patellofemoral_peak_force": "Ratio of peak patellofemoral forces.",
    "patellofemoral_impulse_per_km": "Ratio of patellofemoral impulses per kilometre.",
    "achilles_relative_load": "Ratio of Achilles loads, only its bounds.",
}
"""What each word that is not a number of `models.quantities` means; for the keys of `Ratio`, the ratio."""
