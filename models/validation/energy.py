"""Compare the energy and ratio tables with every energy and direction model."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, Final, cast, get_args

from retrorun.models.numerics.arithmetic import Number, outside
from retrorun.models.physiology import direction, energy, energy_models, uncertainty
from retrorun.models.physiology.uncertainty import PERSON_FORWARD_CV, PERSON_RATIO_CV, root_sum_square
from retrorun.models.sources.tables import Row, TableName, number, numbered, table
from retrorun.models.validation.comparison import (
    INTERVAL,
    Comparison,
    NotPredicted,
    compare,
    estimated,
    not_predicted_row,
)
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Gait
from retrorun.models.vocabulary.errors import Undefined

RATIO_SOURCES: Final = cast(tuple[DirectionModelName, ...], get_args(DirectionModelName))

IN_RATIOS: Final = "no speed, or no energy apart from the ratio, which is compared as a row of ratios.csv"
NO_MASS: Final = "litres per minute without body mass; no model of practice"
NO_SPEED: Final = "no speed, and unknown whether gross or net"


def compared_energy() -> Iterator[Comparison | NotPredicted]:
    """Yield each row of the energy table compared with each model defined there, or the reason if there is none."""
    for row in numbered("energy"):
        cells = row.cells
        ratio = cells["ratio_backward_forward"]
        pooled = any(_same_ratio(cells, each) for each in table("ratios"))
        if cells["oxygen_uptake_ml_kg_min"] and cells["speed_m_s"]:
            yield from _uptake(row)
        elif cells["net_cost_j_kg_m"]:
            yield _net_cost(row)
        elif cells["cost_of_transport_j_kg_m"] and not ratio:
            yield not_predicted_row("energy", row, NO_SPEED)
        elif not ratio:
            yield not_predicted_row("energy", row, NO_MASS)
        elif pooled:
            yield not_predicted_row("energy", row, IN_RATIOS)
        if ratio and not pooled:
            yield from _ratio("energy", row, _range_middle(ratio), note=cells["note"])


def _range_middle(text: str) -> float:
    """Return a number, or the middle of a range.

    Examples
    --------
    >>> _range_middle("1.35"), round(_range_middle("1.31-1.41"), 3)
    (1.35, 1.36)
    """
    return fmean(float(end) for end in text.split("-"))


def _same_ratio(cells: Mapping[str, str], ratio: Mapping[str, str]) -> bool:
    same = cells["gait"] == ratio["gait"] and cells["ratio_backward_forward"] == ratio["ratio_backward_forward"]
    return same and ratio["study"].startswith(cells["study"])


def _uptake(row: Row) -> Iterator[Comparison]:
    """Yield a comparison of oxygen uptake with each model of the gait, backward with each direction model."""
    gait, speed, grade = cast(Gait, row.cells["gait"]), float(row.cells["speed_m_s"]), float(row.cells["grade"])
    way = row.cells["direction"]
    asked: Any = {"speed_m_s": speed, "gait": gait, "grade": grade}
    for model, known in energy_models.ENERGY_MODELS[gait].items():
        for source in RATIO_SOURCES if way == "backward" else (None,):
            try:
                predicted = estimated(
                    "energy", way, "oxygen_uptake_ml_kg_min", energy_model=model, direction_model=source, **asked
                )
            except Undefined:
                continue
            in_range = not (outside(speed, known.speed_range_m_s) or outside(grade, known.grade_range))
            person: Number = PERSON_FORWARD_CV[gait]
            fixed = _model_part(gait, grade)
            if source is not None:
                in_range = in_range and _measured_backward(gait, speed)
                person = root_sum_square(person, PERSON_RATIO_CV[gait])
                fixed = root_sum_square(fixed, _study_part(gait, grade, source))
            yield compare(
                "energy",
                row,
                model=cast(EnergyModelName, model),
                direction_model=source,
                indicator="oxygen_uptake_ml_kg_min",
                unit="ml/kg/min",
                measured=float(row.cells["oxygen_uptake_ml_kg_min"]),
                predicted=predicted,
                person=person,
                fixed=fixed,
                in_range=in_range,
                fitted=source is not None and _made_from(row, gait, source),
            )


def _made_from(row: Row, gait: Gait, source: DirectionModelName) -> bool:
    """Return whether this study was used to fit a ratio. All ratios but the documented 1.30 are means of the table."""
    made_of = {cells["study"] for cells in table("ratios") if cells["gait"] == gait}
    return (gait, source) != ("run", "documented") and row.cells["study"].startswith(tuple(made_of))


def _net_cost(row: Row) -> Comparison:
    """Return the comparison of a net cost, which has no speed, with the polynomial of Minetti 2002."""
    gait, grade = cast(Gait, row.cells["gait"]), float(row.cells["grade"])
    return compare(
        "energy",
        row,
        model="minetti2002",
        indicator="net_cost_j_kg_m",
        unit="J/kg/m",
        measured=float(row.cells["net_cost_j_kg_m"]),
        predicted=energy.minetti2002_net_cost(gait=gait, grade=grade),
        person=PERSON_FORWARD_CV[gait],
        fixed=_model_part(gait, grade),
        in_range=not outside(grade, energy_models.ENERGY_MODELS[gait]["minetti2002"].grade_range),
        fitted=row.cells["study"].startswith("Minetti"),
        note="the polynomial itself; an answer uses only its shape over grade" if gait == "walk" else "",
    )


def compared_ratios() -> Iterator[Comparison | NotPredicted]:
    """Yield a comparison of every row of the ratio table with both direction models."""
    for row in numbered("ratios"):
        yield from _ratio("ratios", row, float(row.cells["ratio_backward_forward"]), note=row.cells["se_basis"])


def _ratio(name: TableName, row: Row, measured: float, note: str) -> Iterator[Comparison]:
    """Yield a comparison of a measured ratio with both direction models."""
    gait = cast(Gait, row.cells["gait"])
    speed, grade = number(row.cells["speed_m_s"]), number(row.cells["grade"]) or 0.0
    for source in RATIO_SOURCES:
        yield compare(
            name,
            row,
            model=source,
            indicator="total_energy",
            unit="1",
            measured=measured,
            predicted=direction.DIRECTION_MODELS[source][gait].ratio,
            person=PERSON_RATIO_CV[gait],
            fixed=_study_part(gait, grade, source),
            in_range=speed is None or _measured_backward(gait, speed),
            fitted=_made_from(row, gait, source),
            note=note,
        )


def _measured_backward(gait: Gait, speed_m_s: float) -> bool:
    """Return whether backward energy was measured at a speed."""
    return gait == "walk" or speed_m_s <= direction.BACKWARD_MEASURED_TO_M_S


def _model_part(gait: Gait, grade: float) -> Number:
    """Return the error that an equation has for everyone, as a coefficient of variation [1]."""
    on_grade = bool(outside(grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE)))
    return uncertainty.model_cv(gait=gait, on_grade=on_grade)


def _study_part(gait: Gait, grade: float, source: DirectionModelName) -> Number:
    """Return the spread of a ratio between studies in a group interval, as a coefficient of variation [1]."""
    studies = direction.DIRECTION_MODELS[source][gait].studies
    widening = uncertainty.widening(uncertainty.standard_score(INTERVAL), studies=studies)
    unmeasured = direction.unmeasured_grade(gait=gait, grade=grade)
    return direction.ratio_study_cv(direction_model=source, gait=gait, unmeasured=unmeasured) * widening
