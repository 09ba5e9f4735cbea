"""The shape of an answer. `models.vocabulary.quantities` and `MEANINGS` explain each name once.

A key that is not required is missing if the quantity is unknown. It is never null or zero instead.
"""

from typing import NotRequired, TypedDict

from retrorun.models.vocabulary.choices import (
    DirectionModelName,
    EnergyModelName,
    Equal,
    EvidenceGrade,
    Gait,
    Intensity,
    Severity,
)


class Warning(TypedDict):
    """A warning: a stable code that begins with its kind, how serious it is, and a message for people."""

    code: str
    severity: NotRequired[Severity]
    message: NotRequired[str]
    docs: NotRequired[str]
    params: NotRequired[dict[str, float | str]]
    about: NotRequired[list[str]]


class Interval(TypedDict):
    """An estimate for one person: its value and the two ends of its range."""

    value: float
    low: float
    high: float


class Graded(TypedDict):
    """An estimate for one person with its evidence grade. A given value, or one equal by definition, has no grade."""

    value: float
    low: float
    high: float
    evidence: NotRequired[EvidenceGrade]


class Bounds(TypedDict):
    """An unknown value within known limits: only the two ends."""

    low: float
    high: float


class Indicator(TypedDict):
    """A joint-load estimate with its range and evidence grade."""

    value: float
    low: float
    high: float
    evidence: EvidenceGrade


class BoundedIndicator(TypedDict):
    """A joint-load estimate with its evidence grade. If only the range is known, the value is missing."""

    value: NotRequired[float]
    low: float
    high: float
    evidence: EvidenceGrade


class Load(TypedDict):
    """The load on knees, ankles and tendons: for each step, each kilometre and the bout."""

    peak_vertical_force_bw: Indicator
    patellofemoral_peak_force_bw: NotRequired[Indicator]
    knee_extensor_moment_ratio: NotRequired[Indicator]
    patellofemoral_impulse_per_km_bw_s: NotRequired[Indicator]
    patellofemoral_impulse_per_bout_bw_s: NotRequired[Indicator]
    achilles_relative_load: BoundedIndicator
    tibial_compression_peak_bw: NotRequired[Indicator]


class Motion(TypedDict):
    """The movement of a bout."""

    speed_m_s: Graded
    duration_s: float
    distance_m: Graded


class BackwardMotion(TypedDict):
    """The movement of a bout whose speed may be unknown."""

    speed_m_s: NotRequired[Graded]
    duration_s: float
    distance_m: NotRequired[Graded]


class Energies(TypedDict):
    """The energies of a bout and the intensity that follows from them."""

    total_energy_kcal: Graded
    active_energy_kcal: Graded
    resting_energy_kcal: float
    metabolic_power_w_kg: Graded
    oxygen_uptake_ml_kg_min: Graded
    met: Graded
    intensity: Intensity
    share_of_maximum: NotRequired[Graded]
    energy_per_km_kcal: Interval


class WantedEnergies(TypedDict, total=False):
    """The energies of a bout that a request can leave out."""

    total_energy_kcal: Graded
    active_energy_kcal: Graded
    resting_energy_kcal: float
    metabolic_power_w_kg: Graded
    oxygen_uptake_ml_kg_min: Graded
    met: Graded
    intensity: Intensity
    share_of_maximum: Graded
    energy_per_km_kcal: Interval


class StepsAndLoad(TypedDict, total=False):
    """The steps and the joint loads of a bout, which are not known for every bout."""

    cadence_steps_per_min: Graded
    steps: Graded
    contact_time_s: Graded
    load: Load


class ForwardBout(Motion, WantedEnergies, StepsAndLoad):
    """The bout forward."""


class Bout(BackwardMotion, WantedEnergies, StepsAndLoad):
    """The bout backward."""


class LoadRatio(TypedDict):
    """The ratio backward over forward of each joint load that both directions have."""

    peak_vertical_force: Interval
    patellofemoral_peak_force: Interval
    patellofemoral_impulse_per_km: NotRequired[Interval]
    achilles_relative_load: Bounds


class Ratio(TypedDict):
    """The ratios backward over forward. Errors that both directions share cancel, so the ranges are narrower.

    Duration and rest are the same both ways, so one ratio is enough for several quantities: `total_energy` is also
    the ratio of metabolic power, oxygen uptake and MET, `speed` that of distance, and `cadence` that of steps. The
    ratio of energy per kilometre is that of total energy over that of distance. The ratio of the impulse per bout is
    that per kilometre times that of distance.
    """

    speed: NotRequired[Graded]
    total_energy: NotRequired[Graded]
    active_energy: NotRequired[Graded]
    cadence: NotRequired[Graded]
    contact_time: NotRequired[Graded]
    load: NotRequired[LoadRatio]


class Assumed(TypedDict):
    """Every input that you left out, with the value that the service used."""

    gait: NotRequired[Gait]
    grade: NotRequired[float]
    equal: NotRequired[Equal]
    energy_model: NotRequired[EnergyModelName]
    direction_model: NotRequired[DirectionModelName]
    resting_oxygen_uptake_ml_kg_min: NotRequired[float]
    step_rate_ratio: NotRequired[float]
    interval: NotRequired[float]
    confidence: NotRequired[float]
    longest_backward_s: NotRequired[float]
    recovery_s: NotRequired[float]


class Parts(TypedDict):
    """The parts of the spread of an energy estimate, as coefficients of variation [1].

    The forward spread is the root of the sum of squares of model_cv, person_cv and conversion_cv. The backward spread
    adds ratio_person_cv and ratio_study_cv. The spread of the ratio has only these two. input_cv adds to both
    directions. ratio_study_cv is the standard deviation of ratio_studies studies. For the ends of a range it is
    multiplied by t over z: Student's t with ratio_studies - 1 degrees of freedom over the standard score (1.43 for
    four studies at 90 %). With own measurements each direction and the ratio have one part, personal_..._cv, beside
    conversion_cv. personal_..._study_cv is the share of it that is multiplied by t over z. At equal metabolic rate the
    energies are the same, and the parts of the ratio widen only the backward speed.
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


class PersonalFactor(TypedDict):
    """The personal factor of one gait in a few numbers, and the equations it belongs to. It stands for measurements."""

    energy_model: EnergyModelName
    direction_model: DirectionModelName
    made_with: float
    forward_log: float
    forward_spread: float
    ratio_log: float
    ratio_spread: float
    covariance: float


class OwnFactors(TypedDict):
    """The personal factors of a person, as a request may have them."""

    run: NotRequired[PersonalFactor]
    walk: NotRequired[PersonalFactor]


class PersonalFactors(OwnFactors):
    """The personal factors from own measurements, weighed against the population. You can send it as `personal`."""

    forward_factor: Interval
    backward_factor: Interval


class Models(TypedDict):
    """The equations that were used, and their version."""

    version: str
    hash: str
    energy_model: EnergyModelName
    direction_model: DirectionModelName


class Sentence(TypedDict):
    """A sentence for people. `text` is the text of `code` in GET /messages with the parameters filled in."""

    code: str
    params: dict[str, float | str]
    text: str


class AnswerSummary(TypedDict):
    """What an answer says, in up to three sentences. A sentence that cannot be said is missing."""

    headline: NotRequired[Sentence]
    knee: NotRequired[Sentence]
    caution: Sentence


class Estimate(TypedDict):
    """One bout, forward and backward."""

    summary: NotRequired[AnswerSummary]
    gait: Gait
    forward: NotRequired[ForwardBout]
    backward: NotRequired[Bout]
    ratio: NotRequired[Ratio]
    spread: NotRequired[Parts]
    personal: NotRequired[PersonalFactors]
    assumed: NotRequired[Assumed]
    warnings: list[Warning]
    models: NotRequired[Models]
    references: NotRequired[list[str]]
