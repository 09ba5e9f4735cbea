"""Sum the estimates of a workout's segments, as given and with each segment reversed.

Segments come as columns. `models.workout.workout` makes them from a list, and `models.track.track` from a recording.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final, NamedTuple, cast

import numpy as np
from numpy.typing import NDArray

from retrorun.models import __version__
from retrorun.models.estimate.builder import rows_of
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.estimate import compute, references
from retrorun.models.estimate.inputs import Person
from retrorun.models.estimate.personal import of_gaits, own_factor_of, own_warnings
from retrorun.models.evidence import cautions
from retrorun.models.evidence.catalogue import models_hash
from retrorun.models.numerics.arithmetic import Column, Rows
from retrorun.models.physiology import energy
from retrorun.models.vocabulary.answer import Interval, Warning
from retrorun.models.vocabulary.choices import IMPULSE, Gait, Section
from retrorun.models.vocabulary.errors import Conflict, Undefined
from retrorun.models.workout.answer import EnergyModels, SegmentAnswer, Totals, WorkoutLoad, WorkoutRatio, WorkoutSums
from retrorun.models.workout.covered import covers_enough, partly, parts_to_sum
from retrorun.models.workout.level import level_total, levels_of
from retrorun.models.workout.measured_steps import Measured, use_measured
from retrorun.models.workout.shared_errors import (
    Sums,
    grid,
    interval,
    largest_of,
    ratio,
    sum_by_gait,
)
from retrorun.models.workout.tallies import LOADS, PEAKS, Group, Tally, loads_of, tallies

WALKED: Final[dict[Gait, bool]] = {"run": False, "walk": True}
COMPUTED: Final[frozenset[Section]] = frozenset({"energy", "timing", "load"})


class Segments(NamedTuple):
    """The moving segments, as columns of equal length. Pauses are separate, since their order changes nothing."""

    backward: NDArray[np.bool_]
    """Whether a segment is done backward."""
    walk: NDArray[np.bool_]
    """Whether it is walked; otherwise it is run."""
    speed_m_s: Column
    duration_s: Column
    distance_m: Column
    grade: Column
    times: Column
    """How often each segment is done."""


class Rest(NamedTuple):
    """All pauses together, and their energy."""

    pause_s: float = 0.0
    resting_kcal: float = 0.0


NO_REST: Final = Rest()


def row_place(row: int) -> str:
    """Return the place of a row in a request that lists every segment once."""
    return f"segments/{row}"


def workout_of(
    segments: Segments,
    pause_s: float,
    *,
    person: Person,
    energy_models: Mapping[Gait, str],
    each: bool = False,
    place: Callable[[int], str] = row_place,
    measured: Measured | None = None,
) -> WorkoutSums:
    """Return the sums over complete and checked segments.

    Parameters
    ----------
    segments : Segments
        Columns with at least one row. A repeated segment is one row. The caller has checked them.
    pause_s : float
        Sum of all pauses, which count as rest [s].
    person : Person
        The person.
    energy_models : mapping
        Forward energy equation of each gait that occurs.
    each : bool, optional
        Whether to add the answer of every segment.
    place : callable, optional
        Returns the place of a row in the request, without the leading slash, for the pointer of an error.
    measured : Measured, optional
        What a watch measured in each segment. It replaces our estimate.

    Returns
    -------
    WorkoutSums
        The answer without `assumed`.

    Raises
    ------
    Conflict
        No segment.
    Undefined
        A grade for which the equation has no answer, or a segment whose energy is too close to rest.
    """
    rows_by_gait = {gait: np.flatnonzero(segments.walk == walked) for gait, walked in WALKED.items()}
    rows_by_gait = {gait: rows for gait, rows in rows_by_gait.items() if len(rows)}
    if not rows_by_gait:
        raise Conflict("segments", "Give at least one segment that moves.")
    person = person._replace(measurements=of_gaits(person.measurements, person.personal, list(rows_by_gait)))
    groups = [
        group_of(segments, rows, gait, person, energy_models[gait], measured) for gait, rows in rows_by_gait.items()
    ]
    refuse_first(groups, place)
    score = person.score
    gaits = [loads_of(group) for group in groups]
    parts = {name: parts_to_sum(name, gaits) for name in LOADS}
    forward = tallies(groups, parts, score, done_backward=False, backward=False)
    backward = tallies(groups, parts, score, done_backward=True, backward=True)
    given = forward + backward
    turned = tallies(groups, parts, score, done_backward=False, backward=True)
    turned += tallies(groups, parts, score, done_backward=True, backward=False)
    loads = [name for name in LOADS if parts[name].comparable]
    rest = Rest(pause_s, pause_s * person.resting_w_kg * person.body_mass_kg / energy.J_PER_KCAL)
    answer: WorkoutSums = {
        "totals": totals(given, rest, score, loads),
        "reversed": totals(turned, rest, score, loads),
        "ratio": ratios(turned, given, rest, score, loads),
        "warnings": [],
        "models": {
            "version": __version__,
            "hash": models_hash(),
            "energy_models": cast(EnergyModels, {group.gait: energy_models[group.gait] for group in groups}),
            "direction_model": person.direction_model,
        },
        "references": list(
            dict.fromkeys(
                source
                for group in groups
                for source in references(group.gait, "speed", energy_models[group.gait], person.own_rest, COMPUTED)
            )
        ),
    }
    if forward:
        answer["forward"] = totals(forward, NO_REST, score)
    if backward:
        answer["backward"] = totals(backward, NO_REST, score)
    if each:
        answer["segments"] = answers(groups)
    answer["warnings"] = workout_warnings(groups, answer, person, rest)
    return answer


def group_of(
    segments: Segments, rows: Rows, gait: Gait, person: Person, energy_model: str, measured: Measured | None
) -> Group:
    """Return the segments in some rows, all of one gait, with their estimates and what was measured."""
    case = case_of(segments, rows, gait, person, energy_model)
    personal = own_factor_of(case, person.measurements, person.personal)
    builder, move = compute(replace(case, personal=personal), score=person.score, include=COMPUTED)
    under = grid(speed_m_s=segments.speed_m_s[rows], grade=segments.grade[rows])
    backward = segments.backward[rows]
    own = (
        use_measured(builder, backward, Measured(*(column[rows] for column in measured)))
        if measured is not None
        else None
    )
    levels = levels_of(case, person.score)
    covariance = cast(float, move.covariance)
    return Group(gait, rows, backward, segments.times[rows], builder, under, own, levels, covariance)


def case_of(segments: Segments, rows: Rows, gait: Gait, person: Person, energy_model: str) -> Case:
    """Return the segments in some rows, all of one gait, as bouts."""
    return Case(
        gait=gait,
        energy_model=energy_model,
        direction_model=person.direction_model,
        body_mass_kg=person.body_mass_kg,
        speed_m_s=segments.speed_m_s[rows],
        duration_s=segments.duration_s[rows],
        distance_m=segments.distance_m[rows],
        grade=segments.grade[rows],
        resting_w_kg=person.resting_w_kg,
        step_rate_ratio=person.step_rate_ratio,
        age_y=person.age_y,
    )


def refuse_first(groups: Sequence[Group], place: Callable[[int], str]) -> None:
    """Raise for the first row that has no estimate, naming its place."""
    found = [
        (int(group.rows[np.argmax(condition)]), error)
        for group in groups
        for error, condition in group.builder.refusals
        if np.any(condition)
    ]
    if found:
        row, error = min(found, key=lambda pair: pair[0])
        field = f"{place(row)}/{error.field}" if error.field else place(row)
        raise Undefined(field, error.message, error.code)


def totals(parts: Sequence[Tally], rest: Rest, score: float, loads: Sequence[str] = LOADS) -> Totals:
    """Return the sums over tallies, with pauses, and with the loads that are known for long enough.

    Resting energy has no error, so total energy has the errors of active energy, in kcal.
    """
    moving_s = sum(part.duration_s for part in parts)
    active, resting = active_and_resting(parts, rest)
    energies = total_energy(parts)
    found: Totals = {
        "duration_s": moving_s + rest.pause_s,
        "moving_duration_s": moving_s,
        "distance_m": sum(part.distance_m for part in parts),
        "total_energy_kcal": interval(energies, score, value=active + resting),
        "active_energy_kcal": interval(energies, score, value=active),
        "resting_energy_kcal": resting,
    }
    level = level_total([part.level for part in parts], moving_s, score)
    if level is not None:
        found["level_speed_m_s"] = level
    steps = sum_by_gait((part.gait, part.steps) for part in parts)
    if steps is not None:
        found["steps"] = interval(steps, score)
    shares = {name: covered(parts, name) for name in LOADS if name in loads}
    load: dict[str, Any] = {}
    for name in PEAKS:
        if covers_enough(shares.get(name, 0.0)):
            load[name] = largest_of([part.peaks[name] for part in parts if name in part.peaks])
            load[name]["covered"] = shares[name]
    if covers_enough(shares.get(IMPULSE, 0.0)):
        load[IMPULSE] = {**interval(impulses(parts), score), "covered": shares[IMPULSE]}
    if load:
        found["load"] = cast(WorkoutLoad, load)
    return found


def covered(parts: Sequence[Tally], name: str) -> float:
    """Return the share of the moving time over which a load is summed."""
    return sum(part.covered_s[name] for part in parts) / sum(part.duration_s for part in parts)


def impulses(parts: Sequence[Tally]) -> Sums:
    """Return the impulse of each gait, from the tallies that have one."""
    found = sum_by_gait((part.gait, part.impulse) for part in parts if part.impulse is not None)
    assert found is not None
    return found


def active_and_resting(parts: Sequence[Tally], rest: Rest) -> tuple[float, float]:
    """Return active energy, and resting energy with that of pauses [kcal]."""
    return sum(part.active_kcal for part in parts), sum(part.resting_kcal for part in parts) + rest.resting_kcal


def total_energy(parts: Sequence[Tally]) -> Sums:
    """Return the total energy of each gait, without pauses [kcal]."""
    energies = sum_by_gait((part.gait, part.total) for part in parts)
    assert energies is not None
    return energies


def ratios(
    over: Sequence[Tally], under: Sequence[Tally], rest: Rest, score: float, loads: Sequence[str]
) -> WorkoutRatio:
    """Return the ratios of one workout to another that differs only in direction."""
    energies = total_energy(over), total_energy(under)
    (active, resting), (active_under, resting_under) = active_and_resting(over, rest), active_and_resting(under, rest)
    found: WorkoutRatio = {
        "total_energy": ratio(*energies, score, values=(active + resting, active_under + resting_under)),
        "active_energy": ratio(*energies, score, values=(active, active_under)),
    }
    if len(under) == 1:
        # In one gait and one direction forward energy is a factor of both totals, as in an estimate.
        found["total_energy"]["evidence"] = found["active_energy"]["evidence"] = under[0].ratio_evidence
    steps = [sum_by_gait((part.gait, part.steps) for part in parts) for parts in (over, under)]
    if steps[0] is not None and steps[1] is not None:
        found["cadence"] = ratio(steps[0], steps[1], score)
    if IMPULSE in loads and all(covers_enough(covered(parts, IMPULSE)) for parts in (over, under)):
        impulse = ratio(impulses(over), impulses(under), score)
        del impulse["evidence"]
        found["patellofemoral_impulse_per_km"] = cast(Interval, impulse)
    return found


def workout_warnings(groups: Sequence[Group], answer: WorkoutSums, person: Person, rest: Rest) -> list[Warning]:
    """Return each warning once: those of any segment, and those of the sums."""
    codes = [code for group in groups for code, condition in group.builder.warnings if np.any(condition)]
    if not person.own_rest:
        codes.append(cautions.REST_ASSUMED)
    codes += own_warnings(person.measurements, person.personal, [group.gait for group in groups])
    if rest.pause_s:
        codes.append(cautions.PAUSE_IS_REST)
    whole = {"steps", *LOADS}
    found = [answer["totals"], answer["reversed"], *(answer[way] for way in ("forward", "backward") if way in answer)]
    if any(whole - sums.keys() - sums.get("load", {}).keys() for sums in found):
        codes.append(cautions.WORKOUT_SUM_ABSENT)
    if any(map(partly, found)):
        codes.append(cautions.WORKOUT_PARTS)
    if any(np.isnan(group.levels[0].speed_m_s).any() for group in groups):
        codes.append(cautions.LEVEL_SPEED_ABSENT)
    return cautions.warnings_of(codes)


def answers(groups: Sequence[Group]) -> list[SegmentAnswer]:
    """Return the answer of every segment in its own direction, in the order given."""
    found: list[tuple[int, Any]] = []
    for group in groups:
        for name, backward, section in (
            ("forward", False, group.builder.forward),
            ("backward", True, group.builder.backward),
        ):
            rows = np.flatnonzero(group.backward == backward)
            known = zip(group.rows[rows].tolist(), group.times[rows].tolist(), rows_of(section, rows), strict=True)
            for row, times, answer in known:
                which = {"index": row, "times": int(times), "direction": name, "gait": group.gait}
                found.append((row, which | answer))
    return [answer for _, answer in sorted(found, key=lambda pair: pair[0])]
