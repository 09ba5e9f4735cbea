"""The table of step timing against the equations that describe it."""

from collections.abc import Iterator
from typing import Any, Final, cast

from models import gait
from models.arithmetic import outside
from models.comparison import (
    Comparison,
    NotPredicted,
    Outcome,
    Row,
    answer_of,
    compare,
    group_spread,
    left_out,
    numbered,
)
from models.evidence import TableName
from models.not_predicted import reason_of
from models.uncertainty import Gait

CADENCES: Final = {"step_frequency", "cadence", "optimal_stride_frequency"}


def compared_gait() -> Iterator[Comparison | NotPredicted]:
    """Yield every row of the timing table, against its equation or why against none."""
    top_speed: dict[str, Row] = {}
    for row in numbered("gait"):
        quantity = row.cells["quantity"]
        if reason := reason_of(quantity):
            yield left_out("gait", row, reason)
        elif quantity in CADENCES and not row.cells["speed_m_s"]:
            yield left_out("gait", row, "no speed")
        elif quantity in {"step_frequency", "cadence"}:
            yield cadence("gait", row, float(row.cells["value"]))
        elif quantity == "optimal_stride_frequency":
            yield cadence("gait", row, 2 * float(row.cells["value"]), note="two steps a stride; the optimal one")
        elif quantity == "contact_time" and not row.cells["speed_m_s"]:
            top_speed[row.cells["direction"]] = row
        elif quantity == "contact_time":
            yield _contact_time(row)
        elif quantity == "stride_frequency_ratio_bw_fw":
            yield _timing_ratio(row, model="cadence_ratio", indicator="cadence", fitted=True)
        elif quantity == "contact_time_ratio_bw_fw":
            yield _timing_ratio(row, model="contact_time_ratio", indicator="contact_time")
        else:
            yield left_out("gait", row, "no equation for this quantity")
    for row in top_speed.values() if len(top_speed) == 1 else ():
        yield left_out("gait", row, "no speed, and one direction alone")
    if len(top_speed) > 1:
        forward, backward = top_speed["forward"], top_speed["backward"]
        yield compare(
            "gait",
            forward,
            backward,
            model="contact_time_ratio",
            indicator="contact_time",
            unit="1",
            measured=float(backward.cells["value"]) / float(forward.cells["value"]),
            outcome=Outcome(gait.CONTACT_TIME_RATIO, group_spread(backward.cells, person=gait.TIMING_RATIO_CV), False),
            note="each direction at its own top speed",
        )


def cadence(name: TableName, row: Row, measured: float, note: str = "") -> Comparison:
    """Return a cadence, in steps of both feet a minute, against the service's own answer at that speed."""
    speed, which = float(row.cells["speed_m_s"]), cast(Gait, row.cells["gait"])
    predicted = answer_of(speed_m_s=speed, gait=which, include=("timing",))["forward"]["cadence_steps_per_min"]
    bounds = gait.RUNNING_CADENCE_RANGE_M_S if which == "run" else gait.WALKING_CADENCE_RANGE_M_S
    in_range = not outside(speed, bounds)
    person = gait.CADENCE_PERSON_SD_STEPS_PER_MIN[which] / predicted["value"]
    study = gait.RUNNING_CADENCE_STUDY_CV if which == "run" else 0.0
    return compare(
        name,
        row,
        model="running_cadence" if which == "run" else "walking_cadence",
        indicator="cadence_steps_per_min",
        unit="steps/min",
        measured=measured,
        outcome=Outcome(predicted["value"], group_spread(row.cells, person=person, fixed=study), in_range),
        fitted=name == "gait" and in_range and row.cells["quantity"] in {"step_frequency", "cadence"},
        note=note,
    )


def _contact_time(row: Row) -> Comparison:
    speed = float(row.cells["speed_m_s"])
    predicted = answer_of(speed_m_s=speed, gait="run", include=("timing",))["forward"]["contact_time_s"]["value"]
    return compare(
        "gait",
        row,
        model="running_contact_time",
        indicator="contact_time_s",
        unit="s",
        measured=float(row.cells["value"]) / 1000,
        outcome=Outcome(
            predicted,
            group_spread(row.cells, person=gait.CONTACT_TIME_PERSON_CV),
            not outside(speed, gait.RUNNING_CONTACT_RANGE_M_S),
        ),
        fitted=True,
    )


def _timing_ratio(row: Row, *, model: Any, indicator: Any, fitted: bool = False) -> Comparison:
    predicted = gait.CADENCE_RATIO if indicator == "cadence" else gait.CONTACT_TIME_RATIO
    return compare(
        "gait",
        row,
        model=model,
        indicator=indicator,
        unit="1",
        measured=float(row.cells["value"]),
        outcome=Outcome(predicted, group_spread(row.cells, person=gait.TIMING_RATIO_CV), True),
        fitted=fitted,
    )
