"""The shape of the answer to a workout. Names are explained in `models.vocabulary`."""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from retrorun.models.vocabulary.answer import (
    AnswerSummary,
    BoundedIndicator,
    Energies,
    Graded,
    Indicator,
    Interval,
    Motion,
    StepsAndLoad,
    Warning,
)
from retrorun.models.vocabulary.choices import (
    AnswerPart,
    Direction,
    DirectionModelName,
    EnergyModelName,
    EvidenceGrade,
    Gait,
)

WorkoutSection: TypeAlias = Literal["segments"]
"""The sections that a caller can add to the answer."""

WorkoutPart: TypeAlias = Literal[WorkoutSection, AnswerPart]
"""The parts that `include` of a request can list."""


class LoadTotal(Indicator):
    """A load over the parts of a workout in which it is known, with their share of the moving time."""

    covered: float


class BoundedTotal(BoundedIndicator):
    """A total as `LoadTotal`. If only the range of a part is known, the value is missing."""

    covered: float


class WorkoutLoad(TypedDict):
    """The highest peaks and the summed impulse, over the parts of the workout in which the load is known."""

    peak_vertical_force_bw: NotRequired[LoadTotal]
    patellofemoral_peak_force_bw: NotRequired[LoadTotal]
    patellofemoral_impulse_per_bout_bw_s: NotRequired[LoadTotal]
    achilles_relative_load: NotRequired[BoundedTotal]
    tibial_compression_peak_bw: NotRequired[LoadTotal]


class LevelTotal(Graded):
    """The level speed over the parts of a workout in which it is known, with their share of the moving time."""

    covered: float


class LevelSpeed(TypedDict):
    """The level speed of a segment. If it is unknown, the object is empty. On level ground it has no grade."""

    value: NotRequired[float]
    low: NotRequired[float]
    high: NotRequired[float]
    evidence: NotRequired[EvidenceGrade]


class Totals(TypedDict):
    """Sums over segments, and for the whole workout its pauses. Steps are missing if those of any segment are unknown.

    Values that are compared, as given and reversed, are summed over the same parts. They are not scaled up.
    """

    duration_s: float
    moving_duration_s: float
    distance_m: float
    total_energy_kcal: Graded
    active_energy_kcal: Graded
    resting_energy_kcal: float
    level_speed_m_s: NotRequired[LevelTotal]
    steps: NotRequired[Graded]
    load: NotRequired[WorkoutLoad]


class WorkoutRatio(TypedDict):
    """The reversed workout divided by the workout as given. Shared errors cancel, so the intervals are narrower.

    Durations, distances and pauses are the same in both. So the ratio of cadences is the ratio of steps, and the ratio
    of impulses per kilometre is the ratio of impulses, over the parts in which it is known in both directions.
    """

    total_energy: Graded
    active_energy: Graded
    cadence: NotRequired[Graded]
    patellofemoral_impulse_per_km: NotRequired[Interval]


class SegmentAnswer(Motion, Energies, StepsAndLoad):
    """One segment in its own direction: the estimate for doing it once, and how often it is done."""

    index: int
    times: int
    direction: Direction
    gait: Gait


class EnergyModels(TypedDict):
    """The forward energy equation of each gait."""

    run: NotRequired[EnergyModelName]
    walk: NotRequired[EnergyModelName]


class WorkoutModels(TypedDict):
    """The equations used, and their version."""

    version: str
    hash: str
    energy_models: EnergyModels
    direction_model: DirectionModelName


class WorkoutAssumed(TypedDict):
    """Every input that was left out in any segment, with the value used instead."""

    direction: NotRequired[Direction]
    running_from_m_s: NotRequired[float]
    backward_running_from_m_s: NotRequired[float]
    grade: NotRequired[float]
    energy_models: NotRequired[EnergyModels]
    direction_model: NotRequired[DirectionModelName]
    resting_oxygen_uptake_ml_kg_min: NotRequired[float]
    step_rate_ratio: NotRequired[float]
    interval: NotRequired[float]


class WorkoutSums(TypedDict):
    """The sums over segments, as given and reversed."""

    totals: NotRequired[Totals]
    forward: NotRequired[Totals]
    backward: NotRequired[Totals]
    reversed: NotRequired[Totals]
    ratio: NotRequired[WorkoutRatio]
    segments: NotRequired[list[SegmentAnswer]]
    warnings: list[Warning]
    models: NotRequired[WorkoutModels]
    references: NotRequired[list[str]]


class Workout(WorkoutSums):
    """A workout, as given and reversed."""

    summary: NotRequired[AnswerSummary]
    assumed: NotRequired[WorkoutAssumed]
