"""The shape of the answer to a workout; `models/vocabulary` explains the names."""

from typing import Literal, NotRequired, TypeAlias, TypedDict

from retrorun.models.vocabulary.answer import Bout, Graded, Indicator, Interval, Warning
from retrorun.models.vocabulary.choices import Direction, DirectionModelName, EnergyModelName, Gait

WorkoutSection: TypeAlias = Literal["segments"]
"""The parts of the answer that `include` adds."""


class LoadTotal(Indicator):
    """A load of the parts of a workout in which it is known, with the share of the moving time that they take."""

    covered: float


class WorkoutLoad(TypedDict):
    """The highest peaks and the summed impulse, over the parts of the workout in which the load is known."""

    peak_vertical_force_bw: NotRequired[LoadTotal]
    patellofemoral_peak_force_bw: NotRequired[LoadTotal]
    patellofemoral_impulse_per_bout_bw_s: NotRequired[LoadTotal]
    achilles_relative_load: NotRequired[LoadTotal]
    tibial_compression_peak_bw: NotRequired[LoadTotal]


class Totals(TypedDict):
    """Sums over segments and, of the whole workout, its pauses; steps are absent where any segment's are unknown.

    What is compared, as given and reversed, is summed over the same parts, and never scaled up to the whole.
    """

    duration_s: float
    moving_duration_s: float
    distance_m: float
    total_energy_kcal: Graded
    active_energy_kcal: Graded
    resting_energy_kcal: float
    steps: NotRequired[Graded]
    load: NotRequired[WorkoutLoad]


class WorkoutRatio(TypedDict):
    """The reversed workout over the workout as given. What both share cancels, so the intervals are narrower.

    Durations, distances and pauses are the same in both, so that the ratio of cadences is that of steps, and the
    ratio of impulses per kilometre that of impulses: over the parts in which it is known both ways.
    """

    total_energy: Graded
    active_energy: Graded
    cadence: NotRequired[Graded]
    patellofemoral_impulse_per_km: NotRequired[Interval]


class SegmentAnswer(Bout):
    """One segment in the direction it was done in: what it comes to done once, and how often it is done."""

    index: int
    times: int
    direction: Direction
    gait: Gait


class EnergyModels(TypedDict):
    """The forward energy equation of each gait."""

    run: NotRequired[EnergyModelName]
    walk: NotRequired[EnergyModelName]


class WorkoutModels(TypedDict):
    """Which equations answered, and which version of them."""

    version: str
    hash: str
    energy_models: EnergyModels
    direction_model: DirectionModelName


class WorkoutAssumed(TypedDict):
    """Every input that was left to the service, in any segment, with the value it took."""

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
    """What segments come to, as given and reversed."""

    totals: Totals
    forward: NotRequired[Totals]
    backward: NotRequired[Totals]
    reversed: Totals
    ratio: WorkoutRatio
    segments: NotRequired[list[SegmentAnswer]]
    warnings: list[Warning]
    models: WorkoutModels
    references: list[str]


class Workout(WorkoutSums):
    """A workout, as given and reversed."""

    assumed: WorkoutAssumed
