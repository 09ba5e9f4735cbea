"""The tables of joint load against the indicators that describe them."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from models import load
from models.arithmetic import outside
from models.compared_timing import cadence
from models.comparison import (
    STANDARD_GRAVITY_M_S2,
    Comparison,
    NotPredicted,
    Outcome,
    Row,
    answer_of,
    compare,
    group_spread,
    left_out,
    number,
    numbered,
)
from models.not_predicted import reason_of
from models.uncertainty import Gait

SPEEDS_FROM_NOTES: Final[dict[str, tuple[float, str]]] = {
    "Roos2012": (3.1, "speed: the middle of 2.8 to 3.4 m/s, secondary"),
    "Ren2015": (3.1, "speed not printed, the same both ways: taken as that of Roos 2012"),
    "Cavagna2012": (2.775, "speed: the middle of 0.83 to 4.72 m/s, over which the mean was taken"),
    "Hart2022_meta": (
        sum(load.PATELLOFEMORAL_RANGE_M_S) / 2,
        "speeds pooled: the middle of the equation's range",
    ),
}
"""Speed [m/s] taken where the table gives none but its note does, or the equation's own middle; and the words."""

LENHART_STEP_RATE_RATIO: Final = 1.1
"""The change of step rate that the indicator's name states, +10 %."""

DOYLE_REFERENCE_M_S: Final = 2.5
"""The speed against which the indicator's name says the change is."""

AT_A_SPEED: Final = {
    "stride_length",
    "strides_per_km",
    "vgrf_peak",
    "grf_resultant_at_peak_knee_moment",
    "pfj_peak_force",
    "knee_extensor_moment_peak",
    "achilles_peak_force",
    "tibial_compression_peak",
}
"""Quantities of the tables that an equation gives at a speed."""


def compared_load() -> Iterator[Comparison | NotPredicted]:
    """Yield every row of the load table, against its indicator or why against none."""
    forward: dict[tuple[str, str, str], Row] = {}
    for row in numbered("load"):
        cells = row.cells
        key = cells["study"], cells["indicator"], cells["speed_m_s"]
        if reason := reason_of(cells["indicator"]) or _unusable(cells):
            yield left_out("load", row, reason)
            continue
        if cells["direction"] == "forward":
            forward[key] = row
        match cells["indicator"]:
            case "stride_length":
                steps = 2 * 60 * float(cells["speed_m_s"]) / float(cells["mean"])
                yield cadence("load", row, steps, note="from the stride length")
            case "strides_per_km":
                steps = 2 * 60 * float(cells["speed_m_s"]) * float(cells["mean"]) / 1000
                yield cadence("load", row, steps, note="from the strides per kilometre")
            case "vgrf_peak" | "pfj_peak_force":
                yield _peak(row)
            case "pfj_peak_force_change_step_rate_+10%":
                yield _step_rate_change(row)
            case "achilles_peak_force":
                yield _achilles(row)
            case "tibial_compression_peak":
                yield from _tibia(row, forward.get((cells["study"], "vgrf_peak", cells["speed_m_s"])))
        if cells["direction"] == "backward" and key in forward:
            yield _ratio(forward[key], row)


def _unusable(cells: Mapping[str, str]) -> str | None:
    """Return why a row of an indicator that is modelled has no prediction all the same."""
    what, study = cells["indicator"], cells["study"]
    if study.startswith("Flynn"):
        return "speeds self-selected, not matched and not published"
    if study == "Hart2022_meta_PFPpatients":
        return "patients with knee pain, not the healthy adults of the model"
    if what == "achilles_peak_force" and cells["unit"] == "N":
        return "newtons without body mass"
    if what == "achilles_peak_force" and cells["unit"] == "N/kg" and cells["gait"] == "run":
        return "the same measurement as the row in body weights"
    if what == "pfj_peak_force_change_step_rate_+10%":
        return None
    if what not in AT_A_SPEED:
        return "no equation for this quantity"
    needs_speed = (what, cells["gait"]) != ("pfj_peak_force", "walk") and study not in SPEEDS_FROM_NOTES
    return "no speed" if needs_speed and not cells["speed_m_s"] else None


def _speed(cells: Mapping[str, str]) -> tuple[float, str]:
    speed = number(cells["speed_m_s"])
    return SPEEDS_FROM_NOTES[cells["study"]] if speed is None else (speed, "")


def _peak(row: Row) -> Comparison:
    """Return a peak force in body weights, forward or backward, against the service's own answer."""
    cells = row.cells
    which = cast(Gait, cells["gait"])
    vertical = cells["indicator"] == "vgrf_peak"
    if which == "walk":
        # The walking force is one number for every speed: any speed of a walk serves.
        speed, note = load.PEAK_VERTICAL_FORCE_RANGE_M_S["walk"][0], "one value for every walking speed"
    else:
        speed, note = _speed(cells)
    name = "peak_vertical_force_bw" if vertical else "patellofemoral_peak_force_bw"
    backward, grade = cells["direction"] == "backward", number(cells["grade"]) or 0.0
    answer: Any = answer_of(speed_m_s=speed, gait=which, grade=grade, include=("load",))
    forward = answer["forward"]["load"][name]["value"]
    sd = load.PEAK_VERTICAL_FORCE_SD_BW if vertical else load.PATELLOFEMORAL_SD_BW[which]
    person = sd / forward
    if backward:
        person = (person**2 + _ratio_spread(cells["indicator"]) ** 2) ** 0.5
    slope = cast(float, load.slope_deg(grade=grade))
    of_slope = load.PEAK_VERTICAL_FORCE_SLOPE_CV_PER_DEG * abs(slope) if vertical else 0.0
    in_range = which == "walk" or not (vertical and outside(slope, load.VERTICAL_FORCE_SLOPE_RANGE_DEG))
    bounds = load.PEAK_VERTICAL_FORCE_RANGE_M_S[which] if vertical else load.PATELLOFEMORAL_RANGE_M_S
    return compare(
        "load",
        row,
        model="peak_vertical_force" if vertical else "patellofemoral_peak_force",
        indicator="peak_vertical_force_bw" if vertical else "patellofemoral_peak_force_bw",
        unit="BW",
        measured=float(cells["mean"]),
        outcome=Outcome(
            answer["backward"]["load"][name]["value"] if backward else forward,
            group_spread(cells, person=person, fixed=of_slope),
            in_range and (which == "walk" or not outside(speed, bounds)),
        ),
        fitted=cells["study"] == "Hart2022_meta" or (vertical and cells["study"].startswith("Alcantara") and not grade),
        speed_m_s=speed if which == "run" else None,
        note=note,
    )


def _ratio_spread(indicator: str) -> float:
    return {
        "vgrf_peak": load.PEAK_VERTICAL_FORCE_RATIO_SD / load.PEAK_VERTICAL_FORCE_RATIO["run"],
        "grf_resultant_at_peak_knee_moment": load.PEAK_VERTICAL_FORCE_RATIO_SD / load.PEAK_VERTICAL_FORCE_RATIO["run"],
        "pfj_peak_force": load.PATELLOFEMORAL_RATIO_SD_LOG,
    }[indicator]


def _ratio(forward: Row, backward: Row) -> Comparison:
    """Return backward over forward of one study at one speed."""
    cells = backward.cells
    speed, note = _speed(cells)
    answer: Any = answer_of(speed_m_s=speed, gait="run", include=("load", "ratio"))
    if cells["indicator"] == "knee_extensor_moment_peak":
        predicted = answer["backward"]["load"]["knee_extensor_moment_ratio"]["value"]
        person = load.KNEE_MOMENT_RATIO_SD / predicted
        names: Any = ("knee_extensor_moment_ratio", "knee_extensor_moment_ratio")
    else:
        vertical = cells["indicator"] in {"vgrf_peak", "grf_resultant_at_peak_knee_moment"}
        names = (
            ("peak_vertical_force_ratio", "peak_vertical_force")
            if vertical
            else ("patellofemoral_ratio", "patellofemoral_peak_force")
        )
        predicted = answer["ratio"]["load"][names[1]]["value"]
        person = _ratio_spread(cells["indicator"])
    model, indicator = names
    bounds = load.PEAK_VERTICAL_FORCE_RANGE_M_S["run"] if model == "peak_vertical_force_ratio" else None
    return compare(
        "load",
        forward,
        backward,
        model=model,
        indicator=indicator,
        unit="1",
        measured=float(cells["mean"]) / float(forward.cells["mean"]),
        outcome=Outcome(
            predicted,
            group_spread(cells, person=person),
            not outside(speed, bounds or load.PATELLOFEMORAL_RANGE_M_S),
        ),
        fitted=True,
        speed_m_s=speed,
        note=note,
    )


def _step_rate_change(row: Row) -> Comparison:
    def peak(step_rate_ratio: float) -> float:
        answer: Any = answer_of(
            speed_m_s=DOYLE_REFERENCE_M_S, gait="run", step_rate_ratio=step_rate_ratio, include=("load",)
        )
        return cast(float, answer["forward"]["load"]["patellofemoral_peak_force_bw"]["value"])

    return compare(
        "load",
        row,
        model="patellofemoral_peak_force",
        indicator="patellofemoral_peak_force_change",
        unit="%",
        measured=float(row.cells["mean"]),
        outcome=Outcome(100 * (peak(LENHART_STEP_RATE_RATIO) / peak(1.0) - 1), None, True),
        fitted=True,
        note="step rate +10 %; the same at every speed",
    )


def _achilles(row: Row) -> Comparison:
    cells = row.cells
    speed, which = float(cells["speed_m_s"]), cast(Gait, cells["gait"])
    a, b = load.ACHILLES_COEFFICIENTS_BW
    reference = a + b * load.ACHILLES_REFERENCE_M_S
    bw = float(cells["mean"]) / (STANDARD_GRAVITY_M_S2 if cells["unit"] == "N/kg" else 1.0)
    answer: Any = answer_of(speed_m_s=speed, gait=which, include=("load",))
    return compare(
        "load",
        row,
        model="achilles_relative_load",
        indicator="achilles_relative_load",
        unit="1",
        measured=bw / reference,
        outcome=Outcome(
            answer["forward"]["load"]["achilles_relative_load"]["value"],
            # A factor between methods, which no sample size averages out.
            load.ACHILLES_CV,
            not outside(speed, load.ACHILLES_RANGE_M_S[which]),
        ),
        fitted=True,
        note=f"measured in body weights, over {reference:.2f} at {load.ACHILLES_REFERENCE_M_S:g} m/s",
    )


def _tibia(row: Row, force: Row | None) -> Iterator[Comparison]:
    """Yield tibial compression from the service's own peak force, and from the measured one of the same steps."""
    speed = float(row.cells["speed_m_s"])
    answer: Any = answer_of(speed_m_s=speed, gait="run", include=("load",))

    def at(model: Any, predicted: float, *rows: Row) -> Comparison:
        person = cast(float, load.tibial_spread(peak_bw=predicted))
        in_range = not outside(speed, load.TIBIAL_RANGE_M_S)
        return compare(
            "load",
            *rows,
            model=model,
            indicator="tibial_compression_peak_bw",
            unit="BW",
            measured=float(row.cells["mean"]),
            outcome=Outcome(predicted, group_spread(row.cells, person=person), in_range),
        )

    yield at("tibial_compression_peak", answer["forward"]["load"]["tibial_compression_peak_bw"]["value"], row)
    if force is not None:
        of_measured = load.tibial_compression_peak(
            peak_vertical_force_bw=float(force.cells["mean"]), speed_m_s=speed, grade=0.0
        )
        yield at("tibial_compression_peak_of_measured_force", cast(float, of_measured), force, row)


def compared_findings() -> Iterator[Comparison | NotPredicted]:
    """Yield every row of the findings in words; the changes over speed of Doyle 2023 are numbers after all."""
    for row in numbered("load_findings"):
        what = row.cells["indicator"]
        if what == "pfj_peak_change_vs_2.5":
            yield from _changes(row, "patellofemoral_peak_force_bw")
        elif what == "pfj_cumulative_per_km_change_vs_2.5":
            yield from _changes(row, "patellofemoral_impulse_per_km_bw_s")
        elif row.cells["gait"].startswith("stair"):
            yield left_out("load_findings", row, "stairs are no gait here")
        else:
            yield left_out("load_findings", row, reason_of(what) or "a finding in words")


def _changes(row: Row, name: str) -> Iterator[Comparison]:
    """Yield the change at both ends of a range of speeds."""

    def value(speed_m_s: float) -> float:
        answer: Any = answer_of(speed_m_s=speed_m_s, gait="run", include=("load",))
        return cast(float, answer["forward"]["load"][name]["value"])

    peak = name == "patellofemoral_peak_force_bw"
    speeds = [float(text) for text in row.cells["speed_m_s"].split("-")]
    changes = [float(text) for text in re.findall(r"[-+][\d.]+", row.cells["mean"])]
    for speed, change in zip(speeds, changes, strict=True):
        yield compare(
            "load_findings",
            row,
            model="patellofemoral_peak_force" if peak else "patellofemoral_impulse",
            indicator="patellofemoral_peak_force_change" if peak else "patellofemoral_impulse_per_km_change",
            unit="%",
            measured=change,
            outcome=Outcome(
                100 * (value(speed) / value(DOYLE_REFERENCE_M_S) - 1),
                None,
                not outside(speed, load.PATELLOFEMORAL_RANGE_M_S),
            ),
            fitted=peak,
            speed_m_s=speed,
            note=f"against {DOYLE_REFERENCE_M_S:g} m/s",
        )
