"""The shape of a plan. Names are explained in `models.vocabulary.quantities` and `models.vocabulary.answer`."""

from typing import Final, Literal, NotRequired, TypeAlias, TypedDict

from retrorun.models.vocabulary.answer import AnswerSummary, Assumed, Graded, Load, Models, Warning
from retrorun.models.vocabulary.choices import Direction, Gait
from retrorun.models.workout.answer import WorkoutLoad

Goal: TypeAlias = Literal["most_energy", "least_load", "most_backward"]
Experience: TypeAlias = Literal["never", "weeks", "months"]
Place: TypeAlias = Literal["treadmill", "track", "path"]
LoadName: TypeAlias = Literal[
    "patellofemoral_impulse_per_bout_bw_s",
    "peak_vertical_force_bw",
    "patellofemoral_peak_force_bw",
    "achilles_relative_load",
    "tibial_compression_peak_bw",
]

ENERGY: Final = "active_energy_kcal"
UPTAKE: Final = "oxygen_uptake_ml_kg_min"
DURATION: Final = "duration_s"
MAXIMUM: Final = "oxygen_uptake_max_ml_kg_min"


class Limits(TypedDict, total=False):
    """The highest values that a plan may reach: the impulse summed over all bouts, the others in each bout."""

    patellofemoral_impulse_per_bout_bw_s: float
    peak_vertical_force_bw: float
    patellofemoral_peak_force_bw: float
    achilles_relative_load: float
    tibial_compression_peak_bw: float
    oxygen_uptake_ml_kg_min: float


class PlanBout(TypedDict):
    """One bout of a plan, at one speed in one direction. Its numbers are for one time."""

    direction: Direction
    times: int
    speed_m_s: float
    duration_s: float
    distance_m: float
    total_energy_kcal: Graded
    active_energy_kcal: Graded
    oxygen_uptake_ml_kg_min: Graded
    share_of_maximum: NotRequired[Graded]
    load: NotRequired[Load]


class PlanTotals(TypedDict):
    """The sums over the bouts of a plan, as a workout has them. Rest between or after the bouts is not included."""

    duration_s: float
    distance_m: float
    total_energy_kcal: Graded
    active_energy_kcal: Graded
    load: NotRequired[WorkoutLoad]


class HeldLimit(TypedDict):
    """How likely one person stays within a limit."""

    limit: str
    at_most: float


class PlanOption(TypedDict):
    """One way to meet the goal."""

    bouts: list[PlanBout]
    rest_s: NotRequired[float]
    totals: PlanTotals
    binding: list[str]
    probabilities: NotRequired[list[HeldLimit]]


class Week(TypedDict):
    """The sessions of a week: `times` times backward, then forward, then rest."""

    week: int
    sessions: int
    times: int
    backward_s: float
    forward_s: float
    rest_s: float


class Plan(TypedDict):
    """The best way to meet the goal, and the best with only one direction."""

    summary: NotRequired[AnswerSummary]
    bouts: NotRequired[list[PlanBout]]
    rest_s: NotRequired[float]
    totals: NotRequired[PlanTotals]
    binding: NotRequired[list[str]]
    probabilities: NotRequired[list[HeldLimit]]
    goal: NotRequired[Goal]
    gait: Gait
    forward_only: NotRequired[PlanOption]
    backward_only: NotRequired[PlanOption]
    weeks: NotRequired[list[Week]]
    assumed: NotRequired[Assumed]
    warnings: list[Warning]
    models: NotRequired[Models]
    references: NotRequired[list[str]]
