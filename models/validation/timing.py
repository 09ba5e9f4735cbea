"""Compare the table of step timing with its equations."""

from collections.abc import Iterator
from typing import Any, Final, cast

from retrorun.models.numerics.arithmetic import outside
from retrorun.models.physiology import timing
from retrorun.models.sources.tables import Row, TableName, numbered
from retrorun.models.validation.comparison import Comparison, NotPredicted, compare, estimated, not_predicted_row
from retrorun.models.validation.not_predicted import reason_not_predicted
from retrorun.models.vocabulary.choices import Gait

CADENCES: Final = {"step_frequency", "cadence", "optimal_stride_frequency"}


def compared_timing() -> Iterator[Comparison | NotPredicted]:
    """Yield a comparison of every row of the timing table with its equation, or the reason if there is none."""
    top_speed: dict[str, Row] = {}
    for row in numbered("gait"):
        quantity, value = row.cells["quantity"], row.cells["value"]
        if reason := reason_not_predicted(quantity):
            yield not_predicted_row("gait", row, reason)
        elif quantity in CADENCES and not row.cells["speed_m_s"]:
            yield not_predicted_row("gait", row, "no speed")
        elif quantity == "optimal_stride_frequency":
            yield cadence("gait", row, 2 * float(value), note="two steps a stride; the optimal one")
        elif quantity in CADENCES:
            yield cadence("gait", row, float(value))
        elif quantity == "contact_time" and not row.cells["speed_m_s"]:
            top_speed[row.cells["direction"]] = row
        elif quantity == "contact_time":
            yield _contact_time(row)
        elif quantity == "stride_frequency_ratio_bw_fw":
            yield _ratio(row, measured=float(value), of="cadence", predicted=timing.CADENCE_RATIO, fitted=True)
        elif quantity == "contact_time_ratio_bw_fw":
            yield _ratio(row, measured=float(value), of="contact_time", predicted=timing.CONTACT_TIME_RATIO)
        else:
            yield not_predicted_row("gait", row, "no equation for this quantity")
    for row in top_speed.values() if len(top_speed) == 1 else ():
        yield not_predicted_row("gait", row, "no speed, and only one direction")
    if len(top_speed) > 1:
        pair = top_speed["forward"], top_speed["backward"]
        forward, backward = (float(row.cells["value"]) for row in pair)
        yield _ratio(
            *pair,
            measured=backward / forward,
            of="contact_time",
            predicted=timing.CONTACT_TIME_RATIO,
            in_range=False,
            note="each direction at its own top speed",
        )


def cadence(name: TableName, row: Row, measured: float, note: str = "") -> Comparison:
    """Return the comparison of a cadence, in steps of both feet per minute, with the service's own estimate."""
    speed, which = float(row.cells["speed_m_s"]), cast(Gait, row.cells["gait"])
    running = which == "run"
    predicted = estimated("timing", "forward", "cadence_steps_per_min", speed_m_s=speed, gait=which)
    in_range = not outside(speed, timing.RUNNING_CADENCE_RANGE_M_S if running else timing.WALKING_CADENCE_RANGE_M_S)
    return compare(
        name,
        row,
        model="running_cadence" if running else "walking_cadence",
        indicator="cadence_steps_per_min",
        unit="steps/min",
        measured=measured,
        predicted=predicted,
        person=timing.CADENCE_PERSON_SD_STEPS_PER_MIN[which] / predicted,
        fixed=timing.RUNNING_CADENCE_STUDY_CV if running else 0.0,
        in_range=in_range,
        fitted=name == "gait" and in_range and row.cells["quantity"] in {"step_frequency", "cadence"},
        note=note,
    )


def _contact_time(row: Row) -> Comparison:
    speed = float(row.cells["speed_m_s"])
    return compare(
        "gait",
        row,
        model="running_contact_time",
        indicator="contact_time_s",
        unit="s",
        measured=float(row.cells["value"]) / 1000,
        predicted=estimated("timing", "forward", "contact_time_s", speed_m_s=speed, gait="run"),
        person=timing.CONTACT_TIME_PERSON_CV,
        in_range=not outside(speed, timing.RUNNING_CONTACT_RANGE_M_S),
        fitted=True,
    )


def _ratio(*rows: Row, of: Any, **further: Any) -> Comparison:
    """Return the comparison of a timing ratio, backward to forward."""
    model: Any = f"{of}_ratio"
    return compare("gait", *rows, model=model, indicator=of, unit="1", person=timing.TIMING_RATIO_CV, **further)
