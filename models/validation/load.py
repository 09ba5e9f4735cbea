"""Compare the tables of joint load with the estimated indicators."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, Final, cast

from retrorun.models.numerics.arithmetic import Number, outside
from retrorun.models.physiology import load
from retrorun.models.sources.tables import Row, number, numbered
from retrorun.models.validation.comparison import (
    STANDARD_GRAVITY_M_S2,
    Comparison,
    NotPredicted,
    compare,
    estimated,
    not_predicted_row,
)
from retrorun.models.validation.not_predicted import reason_not_predicted
from retrorun.models.validation.timing import cadence
from retrorun.models.vocabulary.choices import Gait

SPEEDS_FROM_NOTES: Final[dict[str, tuple[float, str]]] = {
    "Roos2012": (3.1, "speed: the middle of 2.8 to 3.4 m/s, secondary"),
    "Ren2015": (3.1, "speed not printed, the same both ways: taken as that of Roos 2012"),
    "Cavagna2012": (2.775, "speed: the middle of 0.83 to 4.72 m/s, over which the mean was taken"),
    "Hart2022_meta": (
        sum(load.PATELLOFEMORAL_RANGE_M_S) / 2,
        "speeds pooled: the middle of the equation's range",
    ),
}
"""Speed [m/s] used if the table has none: from its note, or the middle of the equation's range. Then the remark."""

VERTICAL_RATIO_CV: Final = load.PEAK_VERTICAL_FORCE_RATIO_SD / load.PEAK_VERTICAL_FORCE_RATIO["run"]
"""Spread of the ratio of vertical forces between people."""

LENHART_STEP_RATE_RATIO: Final = 1.1
"""The change of step rate in the indicator's name, +10 %."""

DOYLE_REFERENCE_M_S: Final = 2.5
"""The reference speed in the indicator's name [m/s]."""

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
"""Quantities of the tables that an equation estimates at a speed."""


def compared_load() -> Iterator[Comparison | NotPredicted]:
    """Yield a comparison of every row of the load table with its indicator, or the reason if there is none."""
    forward: dict[tuple[str, str, str], Row] = {}
    for row in numbered("load"):
        cells = row.cells
        key = cells["study"], cells["indicator"], cells["speed_m_s"]
        if reason := reason_not_predicted(cells["indicator"]) or _unusable(cells):
            yield not_predicted_row("load", row, reason)
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
    """Return why a row of a modelled indicator has no prediction, or None."""
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


def _of_load(name: str, speed_m_s: float, gait: str = "run", way: str = "forward", **further: Any) -> float:
    return estimated("load", way, "load", name, speed_m_s=speed_m_s, gait=gait, **further)


def _peak(row: Row) -> Comparison:
    """Return the comparison of a peak force in body weights with the service's own estimate."""
    cells = row.cells
    which = cast(Gait, cells["gait"])
    vertical = cells["indicator"] == "vgrf_peak"
    model: Any = "peak_vertical_force" if vertical else "patellofemoral_peak_force"
    indicator: Any = f"{model}_bw"
    grade = number(cells["grade"]) or 0.0
    # A walking force is the same at every speed, so any walking speed can be used.
    speed, note = load.PEAK_VERTICAL_FORCE_RANGE_M_S["walk"][0], "one value for every walking speed"
    in_range = True
    if which == "run":
        speed, note = _speed(cells)
        in_range = not outside(
            speed, load.PEAK_VERTICAL_FORCE_RANGE_M_S["run"] if vertical else load.PATELLOFEMORAL_RANGE_M_S
        )
    sd = load.PEAK_VERTICAL_FORCE_SD_BW if vertical else load.PATELLOFEMORAL_SD_BW[which]
    person = sd / _of_load(indicator, speed, which, grade=grade)
    if cells["direction"] == "backward":
        person = (person**2 + (VERTICAL_RATIO_CV if vertical else load.PATELLOFEMORAL_RATIO_SD_LOG) ** 2) ** 0.5
    slope = cast(float, load.slope_deg(grade=grade))
    if vertical and which == "run":
        in_range = in_range and not outside(slope, load.VERTICAL_FORCE_SLOPE_RANGE_DEG)
    return compare(
        "load",
        row,
        model=model,
        indicator=indicator,
        unit="BW",
        measured=float(cells["mean"]),
        predicted=_of_load(indicator, speed, which, cells["direction"], grade=grade),
        person=person,
        fixed=load.PEAK_VERTICAL_FORCE_SLOPE_CV_PER_DEG * abs(slope) if vertical else 0.0,
        in_range=in_range,
        fitted=cells["study"] == "Hart2022_meta" or (vertical and cells["study"].startswith("Alcantara") and not grade),
        speed_m_s=speed if which == "run" else None,
        note=note,
    )


def _ratio(forward: Row, backward: Row) -> Comparison:
    """Return the comparison of a ratio backward to forward, of one study at one speed."""
    cells = backward.cells
    speed, note = _speed(cells)
    bounds = load.PATELLOFEMORAL_RANGE_M_S
    model: Any
    if cells["indicator"] == "knee_extensor_moment_peak":
        model = indicator = "knee_extensor_moment_ratio"
        predicted = _of_load(indicator, speed, way="backward")
        person = load.KNEE_MOMENT_RATIO_SD / predicted
    elif cells["indicator"] == "pfj_peak_force":
        model, indicator = "patellofemoral_ratio", "patellofemoral_peak_force"
        predicted, person = _of_load(indicator, speed, way="ratio"), load.PATELLOFEMORAL_RATIO_SD_LOG
    else:
        model, indicator = "peak_vertical_force_ratio", "peak_vertical_force"
        predicted, person = _of_load(indicator, speed, way="ratio"), VERTICAL_RATIO_CV
        bounds = load.PEAK_VERTICAL_FORCE_RANGE_M_S["run"]
    return compare(
        "load",
        forward,
        backward,
        model=model,
        indicator=cast(Any, indicator),
        unit="1",
        measured=float(cells["mean"]) / float(forward.cells["mean"]),
        predicted=predicted,
        person=person,
        in_range=not outside(speed, bounds),
        fitted=True,
        speed_m_s=speed,
        note=note,
    )


def _step_rate_change(row: Row) -> Comparison:
    name, speed = "patellofemoral_peak_force_bw", DOYLE_REFERENCE_M_S
    changed = _of_load(name, speed, step_rate_ratio=LENHART_STEP_RATE_RATIO)
    return compare(
        "load",
        row,
        model="patellofemoral_peak_force",
        indicator="patellofemoral_peak_force_change",
        unit="%",
        measured=float(row.cells["mean"]),
        predicted=100 * (changed / _of_load(name, speed) - 1),
        fitted=True,
        note="step rate +10 %; the same at every speed",
    )


def _achilles(row: Row) -> Comparison:
    cells = row.cells
    speed, which = float(cells["speed_m_s"]), cast(Gait, cells["gait"])
    a, b = load.ACHILLES_COEFFICIENTS_BW
    reference = a + b * load.ACHILLES_REFERENCE_M_S
    bw = float(cells["mean"]) / (STANDARD_GRAVITY_M_S2 if cells["unit"] == "N/kg" else 1.0)
    return compare(
        "load",
        row,
        model="achilles_relative_load",
        indicator="achilles_relative_load",
        unit="1",
        measured=bw / reference,
        predicted=_of_load("achilles_relative_load", speed, which),
        # A factor between methods, which a larger sample does not average out.
        fixed=load.ACHILLES_CV,
        in_range=not outside(speed, load.ACHILLES_RANGE_M_S[which]),
        fitted=True,
        note=f"measured in body weights, over {reference:.2f} at {load.ACHILLES_REFERENCE_M_S:g} m/s",
    )


def _tibia(row: Row, force: Row | None) -> Iterator[Comparison]:
    """Yield tibial compression compared with estimates from the estimated and from the measured peak force."""
    speed = float(row.cells["speed_m_s"])
    found: list[tuple[Any, Number, tuple[Row, ...]]] = [
        ("tibial_compression_peak", _of_load("tibial_compression_peak_bw", speed), (row,))
    ]
    if force is not None:
        bw = float(force.cells["mean"])
        of_measured = load.tibial_compression_peak(peak_vertical_force_bw=bw, speed_m_s=speed, grade=0.0)
        found.append(("tibial_compression_peak_of_measured_force", of_measured, (force, row)))
    for model, predicted, rows in found:
        yield compare(
            "load",
            *rows,
            model=model,
            indicator="tibial_compression_peak_bw",
            unit="BW",
            measured=float(row.cells["mean"]),
            predicted=predicted,
            person=load.tibial_spread(peak_bw=predicted),
            in_range=not outside(speed, load.TIBIAL_RANGE_M_S),
        )


def compared_findings() -> Iterator[Comparison | NotPredicted]:
    """Yield every row of the findings in words. Only the changes over speed of Doyle 2023 are numbers."""
    for row in numbered("load_findings"):
        what = row.cells["indicator"]
        if what == "pfj_peak_change_vs_2.5":
            yield from _changes(row, "patellofemoral_peak_force", "bw", fitted=True)
        elif what == "pfj_cumulative_per_km_change_vs_2.5":
            yield from _changes(row, "patellofemoral_impulse", "per_km_bw_s")
        elif row.cells["gait"].startswith("stair"):
            yield not_predicted_row("load_findings", row, "stairs are not a gait of this service")
        else:
            yield not_predicted_row("load_findings", row, reason_not_predicted(what) or "a finding in words")


def _changes(row: Row, model: Any, unit: str, *, fitted: bool = False) -> Iterator[Comparison]:
    """Yield a comparison of the change at both ends of a range of speeds."""
    name = f"{model}_{unit}"
    indicator: Any = f"{name.removesuffix('_s').removesuffix('_bw')}_change"
    speeds = [float(text) for text in row.cells["speed_m_s"].split("-")]
    changes = [float(text) for text in re.findall(r"[-+][\d.]+", row.cells["mean"])]
    for speed, change in zip(speeds, changes, strict=True):
        yield compare(
            "load_findings",
            row,
            model=model,
            indicator=indicator,
            unit="%",
            measured=change,
            predicted=100 * (_of_load(name, speed) / _of_load(name, DOYLE_REFERENCE_M_S) - 1),
            in_range=not outside(speed, load.PATELLOFEMORAL_RANGE_M_S),
            fitted=fitted,
            speed_m_s=speed,
            note=f"against {DOYLE_REFERENCE_M_S:g} m/s",
        )
