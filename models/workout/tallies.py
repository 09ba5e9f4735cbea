"""Tally the segments of a workout: sums over those of one gait and one direction, computed forward or backward."""

from collections.abc import Mapping, Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from retrorun.models.estimate.builder import AnswerBuilder
from retrorun.models.numerics.arithmetic import Column, Rows
from retrorun.models.vocabulary.answer import BoundedIndicator
from retrorun.models.vocabulary.choices import IMPULSE, EvidenceGrade, Gait
from retrorun.models.workout.covered import GaitLoads, SummedParts
from retrorun.models.workout.level import Levels, LevelSum, level_sum
from retrorun.models.workout.measured_steps import StepErrors
from retrorun.models.workout.shared_errors import Grid, Sum, grade_over, largest, sum_over

PEAKS: Final = (
    "peak_vertical_force_bw",
    "patellofemoral_peak_force_bw",
    "achilles_relative_load",
    "tibial_compression_peak_bw",
)
LOADS: Final = (*PEAKS, IMPULSE)


class Group(NamedTuple):
    """The segments of one gait: their rows, and their estimates in both directions as columns."""

    gait: Gait
    rows: Rows
    backward: NDArray[np.bool_]
    times: Column
    builder: AnswerBuilder
    under: Grid
    own: StepErrors | None
    """The errors of steps that were measured."""
    levels: tuple[Levels, Levels]
    """Level speeds forward and backward."""
    covariance: float
    """Covariance of the errors of forward energy and of the ratio; not 0 with own measurements backward."""


class Tally(NamedTuple):
    """The sums in one direction over the segments of one gait that are done forward, or over those done backward."""

    gait: Gait
    duration_s: float
    distance_m: float
    total: Sum
    ratio_evidence: EvidenceGrade
    """The weakest grade of the energy ratios of its segments."""
    active_kcal: float
    resting_kcal: float
    level: LevelSum
    steps: Sum | None
    covered_s: dict[str, float]
    """Time of the parts that each load is summed over [s]."""
    impulse: Sum | None
    """None if no part has an impulse."""
    peaks: dict[str, BoundedIndicator]


def loads_of(group: Group) -> GaitLoads:
    """Return the loads of a gait's segments in both directions, and how long each is done."""
    builder = group.builder
    return GaitLoads(
        builder.forward_load, builder.backward_load, group.backward, builder.forward["duration_s"] * group.times
    )


def tallies(
    groups: Sequence[Group], parts: Mapping[str, SummedParts], score: float, *, done_backward: bool, backward: bool
) -> list[Tally]:
    """Return for each gait the sums of the segments done in one direction, computed forward or backward."""
    found = []
    for place, group in enumerate(groups):
        rows = np.flatnonzero(group.backward == done_backward)
        if len(rows):
            of_load = {name: (one.given if backward == done_backward else one.turned) for name, one in parts.items()}
            kept = {name: rows[masks[place][rows]] for name, masks in of_load.items()}
            found.append(tally(group, rows, kept, score, backward=backward))
    return found


def tally(group: Group, rows: Rows, kept: Mapping[str, Rows], score: float, *, backward: bool) -> Tally:
    """Return the sums of some segments of one gait in one direction, with each load over its own rows."""
    builder, times, of = group.builder, group.times, (group.under, score)
    section, load = (builder.backward, builder.backward_load) if backward else (builder.forward, builder.forward_load)
    total = sum_over("total_energy_kcal", builder.forward, section, rows, times[rows], *of, covariance=group.covariance)
    assert total is not None, "energy is known in both directions at equal speed"
    summed_over = kept[IMPULSE]
    own = group.own and (group.own.backward if backward else group.own.forward)
    return Tally(
        gait=group.gait,
        duration_s=float(section["duration_s"][rows] @ times[rows]),
        distance_m=float(section["distance_m"]["value"][rows] @ times[rows]),
        total=total,
        ratio_evidence=grade_over(builder.ratio["total_energy"]["evidence"], rows),
        active_kcal=float(section["active_energy_kcal"]["value"][rows] @ times[rows]),
        resting_kcal=float(section["resting_energy_kcal"][rows] @ times[rows]),
        level=level_sum(group.levels[backward], rows, section["duration_s"][rows] * times[rows]),
        steps=sum_over("steps", builder.forward, section, rows, times[rows], *of, own=own),
        covered_s={name: float(section["duration_s"][of_load] @ times[of_load]) for name, of_load in kept.items()},
        impulse=sum_over(IMPULSE, builder.forward_load, load, summed_over, times[summed_over], *of)
        if len(summed_over)
        else None,
        peaks={name: largest(load[name], kept[name]) for name in PEAKS if len(kept[name])},
    )
