"""The fields of a request to `models.solve.solve`, and the shape of its answer.

Names are explained in `models.vocabulary.quantities` and `models.vocabulary.answer`.
"""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from retrorun.models.estimate.personal import Measurement
from retrorun.models.solve.crossings import SpeedRange
from retrorun.models.vocabulary.answer import (
    AnswerSummary,
    Assumed,
    BoundedIndicator,
    Graded,
    Indicator,
    Interval,
    OwnFactors,
    Warning,
)
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Gait, Sex

Find: TypeAlias = Literal["bout", "speed", "equal_cost_speed", "level_speed", "speed_range", "probability"]


class SolveFields(TypedDict, total=False):
    """The optional fields of a request."""

    total_energy_kcal: float
    active_energy_kcal: float
    energy_per_km_kcal: float
    oxygen_uptake_ml_kg_min: float
    met: float
    metabolic_power_w_kg: float
    peak_vertical_force_bw: float
    patellofemoral_peak_force_bw: float
    knee_extensor_moment_ratio: float
    patellofemoral_impulse_per_km_bw_s: float
    patellofemoral_impulse_per_bout_bw_s: float
    achilles_relative_load: float
    tibial_compression_peak_bw: float
    speed_m_s: float
    backward_speed_m_s: float
    duration_s: float
    distance_m: float
    gait: Gait
    grade: float
    energy_model: EnergyModelName
    direction_model: DirectionModelName
    age_y: float
    sex: Sex
    height_m: float
    step_rate_ratio: float
    interval: float
    oxygen_uptake_max_ml_kg_min: float
    measurements: list[Measurement]
    personal: OwnFactors


class Reach(TypedDict):
    """The values that a direction can attain if it cannot meet the target, in the unit of the target."""

    target: str
    unit: str
    nearest: NotRequired[float]
    low: float
    high: float


class Probability(TypedDict):
    """How likely one person is above a value, or not."""

    more_than: float
    at_most: float


class SolvedLoad(TypedDict, total=False):
    """The load that was asked for."""

    peak_vertical_force_bw: Indicator
    patellofemoral_peak_force_bw: Indicator
    knee_extensor_moment_ratio: Indicator
    patellofemoral_impulse_per_km_bw_s: Indicator
    patellofemoral_impulse_per_bout_bw_s: Indicator
    achilles_relative_load: BoundedIndicator
    tibial_compression_peak_bw: Indicator


class Solved(TypedDict):
    """The result for one direction, with the given values repeated."""

    speed_m_s: NotRequired[Graded]
    duration_s: NotRequired[Interval]
    distance_m: NotRequired[Interval]
    share_of_maximum: NotRequired[Graded]
    speed_ranges: NotRequired[list[SpeedRange]]
    probability: NotRequired[Probability]
    total_energy_kcal: NotRequired[Graded]
    active_energy_kcal: NotRequired[Graded]
    energy_per_km_kcal: NotRequired[Interval]
    oxygen_uptake_ml_kg_min: NotRequired[Graded]
    met: NotRequired[Graded]
    metabolic_power_w_kg: NotRequired[Graded]
    load: NotRequired[SolvedLoad]
    unattainable: NotRequired[Reach]


class SolveModels(TypedDict):
    """The equations used, and their version. A load has no energy equation."""

    version: str
    hash: str
    energy_model: NotRequired[EnergyModelName]
    direction_model: NotRequired[DirectionModelName]


class Solution(TypedDict):
    """The result forward and backward. If a direction is unknown, it is missing."""

    summary: NotRequired[AnswerSummary]
    gait: Gait
    find: NotRequired[Find]
    forward: NotRequired[Solved]
    backward: NotRequired[Solved]
    assumed: NotRequired[Assumed]
    warnings: list[Warning]
    models: NotRequired[SolveModels]
    references: NotRequired[list[str]]
