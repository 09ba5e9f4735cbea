"""Replace estimated steps, contact times and ground forces by what a watch measured.

A measurement m replaces our estimate e in the direction done. In the other direction the estimate is multiplied by
m / e, because the person differs from our estimate there too, and the spread of the ratio of directions is added.
Knee-cap peaks and energies do not change.
"""

from typing import Final, NamedTuple

import numpy as np

from retrorun.models.estimate.builder import AnswerBuilder, Values
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Column, Mask, Number
from retrorun.models.physiology import load, timing
from retrorun.models.physiology.grades import GRADES, code_of, graded
from retrorun.models.physiology.uncertainty import root_sum_square, spread_factor
from retrorun.models.vocabulary.choices import IMPULSE
from retrorun.models.workout.shared_errors import OwnErrors

FORCE: Final = "peak_vertical_force_bw"
IMPULSES: Final = ("patellofemoral_impulse_per_km_bw_s", IMPULSE)


class Measured(NamedTuple):
    """What a watch measured in each segment, as columns; NaN where it measured nothing."""

    cadence_per_min: Column
    """Steps of both feet per minute."""
    contact_time_s: Column
    heart_rate_per_min: Column


class Source(NamedTuple):
    """How well a quantity is known: its error as measured, and its grades as measured and through the ratio."""

    error: float
    grade: str
    ratio_grade: str


class StepErrors(NamedTuple):
    """The errors of steps by the direction that they are computed for; NaN in rows without a measurement."""

    forward: OwnErrors
    backward: OwnErrors


def use_measured(builder: AnswerBuilder, done_backward: Mask, measured: Measured) -> StepErrors:
    """Replace what a watch measured in the answers of the segments of one gait.

    Parameters
    ----------
    builder : AnswerBuilder
        The estimates in both directions, as columns. They are changed.
    done_backward : ndarray
        Whether each segment was done backward.
    measured : Measured
        Measurements of plausible size, in the direction done.

    Returns
    -------
    StepErrors
        The errors of steps [1].

    Notes
    -----
    Steps are cadence times duration. Over a second the ground must carry one body weight, so the peak vertical force is
    proportional to 1 / (cadence x contact time): it takes the factor (our cadence x our contact time) / (m t). If only
    one is measured, the factor of the other is 1, and the range of the force stays as it is. Without an estimate of
    contact time (walking, and backward above 3.5 m/s) the force stays. The impulse is knee-cap peak / (2 x peak
    vertical force), so it is divided by that factor.
    """
    cadence, contact = measured.cadence_per_min, measured.contact_time_s
    of_steps = Source(timing.WATCH_CADENCE_CV, "watch_cadence", "cadence_ratio")
    of_ground = Source(timing.WATCH_CONTACT_TIME_CV, "watch_contact_time", "contact_time_ratio")
    if "cadence_steps_per_min" not in builder.backward and (done_backward & ~np.isnan(cadence)).any():
        unknown = np.full(len(cadence), np.nan)
        builder.backward["cadence_steps_per_min"] = {"value": unknown, "low": unknown, "high": unknown, "evidence": "D"}
    of_cadence = replace(builder, "cadence_steps_per_min", done_backward, cadence, of_steps)
    for section in (builder.forward, builder.backward):
        if "cadence_steps_per_min" in section:
            section["steps"] = scaled(section["cadence_steps_per_min"], builder.forward["duration_s"] / 60)
    # Our own contact time, before it is replaced.
    known = ~np.isnan(own_value(builder, "contact_time_s", done_backward))
    of_contact = replace(builder, "contact_time_s", done_backward, contact, of_ground)
    has = ~np.isnan(cadence), ~np.isnan(contact)
    builder.warn(cautions.MEASURED_ONE, known & (has[0] != has[1]))
    builder.warn(cautions.MEASURED_FORCE_ABSENT, ~known & (has[1] | (has[0] & (builder.gait == "run"))))
    move_force(builder, done_backward, np.where(known, of_cadence, np.nan), of_contact)
    return step_errors(done_backward, has[0], of_cadence)


def replace(builder: AnswerBuilder, name: str, done_backward: Mask, measured: Column, source: Source) -> Column:
    """Replace a quantity in both directions, and return measured over estimated, NaN where either is unknown."""
    ratio: Column = measured / own_value(builder, name, done_backward)
    for section, own in ((builder.forward, ~done_backward), (builder.backward, done_backward)):
        if name in section:
            old = section[name]
            taken, carried = own & ~np.isnan(measured), ~own & ~np.isnan(ratio)
            value = np.where(taken, measured, np.where(carried, old["value"] * ratio, old["value"]))
            error = np.where(
                taken, source.error, np.where(carried, np.hypot(source.error, timing.TIMING_RATIO_CV), np.inf)
            )
            spread = np.fmin(error, spread_of_all(old, builder.score))
            codes = codes_of(old, len(measured))
            codes = np.where(taken, np.minimum(codes, graded(source.grade)), codes)
            codes = np.where(carried, np.maximum(codes, graded(source.ratio_grade)), codes)
            section[name] = entry(value, spread, builder.score) | {"evidence": np.array(GRADES)[codes]}
    return ratio


def move_force(builder: AnswerBuilder, done_backward: Mask, of_cadence: Column, of_contact: Column) -> None:
    """Divide the peak force, and multiply the impulses, by measured over estimated cadence and contact time."""
    both = ~np.isnan(of_cadence) & ~np.isnan(of_contact)
    product = np.where(np.isnan(of_cadence), 1.0, of_cadence) * np.where(np.isnan(of_contact), 1.0, of_contact)
    error = root_sum_square(timing.WATCH_CADENCE_CV, timing.WATCH_CONTACT_TIME_CV, timing.FORCE_FROM_TIMING_CV)
    of_ratio = load.PEAK_VERTICAL_FORCE_RATIO_SD / load.PEAK_VERTICAL_FORCE_RATIO["run"]
    narrowed: Column = np.zeros_like(product)
    for section, own in ((builder.forward_load, ~done_backward), (builder.backward_load, done_backward)):
        if FORCE in section:
            old = section[FORCE]
            before = spread_of_all(old, builder.score)
            after = np.where(both, np.fmin(before, np.where(own, error, np.hypot(error, of_ratio))), before)
            section[FORCE] = old | entry(old["value"] / product, after, builder.score)
            if section is builder.forward_load:
                # This part of an impulse is the same in both directions.
                narrowed = before * before - after * after
        for name in IMPULSES:
            if name in section:
                old = section[name]
                spread = (spread_of_all(old, builder.score) ** 2 - narrowed) ** 0.5
                section[name] = old | entry(old["value"] * product, spread, builder.score)


def step_errors(done_backward: Mask, measured: Mask, of_cadence: Column) -> StepErrors:
    """Return the errors of steps: that of the watch in both directions, and that of the ratio in the other one.

    A backward measurement b gives forward steps b / ratio, so there the error of the ratio has the opposite sign.
    """
    carried = ~np.isnan(of_cadence)

    def errors(own: Mask, sign: float) -> OwnErrors:
        found = np.where(own, measured, carried)
        of_ratio = np.where(own, 0.0, sign * timing.TIMING_RATIO_CV)
        return OwnErrors(np.where(found, timing.WATCH_CADENCE_CV, np.nan), np.where(found, of_ratio, np.nan))

    return StepErrors(forward=errors(~done_backward, -1.0), backward=errors(done_backward, 1.0))


def own_value(builder: AnswerBuilder, name: str, done_backward: Mask) -> Column:
    """Return our estimate in the direction done, NaN where it is unknown."""
    unknown = np.full(len(done_backward), np.nan)
    ahead, back = (
        section[name]["value"] if name in section else unknown for section in (builder.forward, builder.backward)
    )
    return np.where(done_backward, back, ahead)


def spread_of_all(interval: Values, score: Number) -> Column:
    """Return the coefficient of variation behind each row of an interval [1]."""
    spread: Column = np.log(interval["high"] / interval["value"]) / score
    return spread


def entry(value: Column, spread: Column, score: Number) -> Values:
    """Return values with the ends of their intervals."""
    factor = spread_factor(spread, score)
    return {"value": value, "low": value / factor, "high": value * factor}


def scaled(interval: Values, factor: Column) -> Values:
    """Return an interval times a factor."""
    return interval | {end: interval[end] * factor for end in ("value", "low", "high")}


def codes_of(graded_values: Values, rows: int) -> Column:
    """Return the grade of each row as a position in `GRADES`."""
    letters = np.broadcast_to(np.asarray(graded_values["evidence"]), rows).tolist()
    return np.array([code_of(letter) for letter in letters])
