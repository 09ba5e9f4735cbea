"""The shape of an answer. Names are explained, once, in `models.vocabulary.quantities` and in `MEANINGS` here.

A key that is not required is absent when the quantity is unknown; it is never null and never zero instead.
"""

from typing import NotRequired, TypedDict

from retrorun.models.vocabulary.choices import (
    DirectionModelName,
    EnergyModelName,
    Equal,
    EvidenceGrade,
    Gait,
    Intensity,
)


class Warning(TypedDict):
    """A warning: stable code, its kind first, and a sentence for people."""

    code: str
    message: str


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
