"""The energy and ratio tables against every energy and direction model."""

from collections.abc import Iterator, Mapping
from statistics import fmean
from typing import Any, Final, cast, get_args

from models import direction, energy, energy_models, uncertainty
from models.arithmetic import outside
from models.comparison import (
    INTERVAL,
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
from models.direction import DirectionModelName
from models.energy import EnergyModelName
from models.errors import Undefined
from models.evidence import TableName, table
from models.uncertainty import PERSON_FORWARD_CV, PERSON_RATIO_CV, Gait, root_sum_square

DIRECTIONS: Final = cast(tuple[DirectionModelName, ...], get_args(DirectionModelName))

IN_RATIOS: Final = "no speed or no energy of its own: the ratio is compared as a row of ratios.csv"
NO_MASS: Final = "litres per minute without body mass; no model of practice"
NO_SPEED: Final = "no speed, and not said whether gross or net"


def compared_energy() -> Iterator[Comparison | NotPredicted]:
    """Yield every row of the energy table: against each model that is defined there, or why against none."""
    for row in numbered("energy"):
        cells = row.cells
        ratio = cells["ratio_backward_forward"]
        pooled = any(_same_ratio(cells, each) for each in table("ratios"))
        if cells["oxygen_uptake_ml_kg_min"] and cells["speed_m_s"]:
            yield from _uptake(row)
        elif cells["net_cost_j_kg_m"]:
            yield _net_cost(row)
        elif cells["cost_of_transport_j_kg_m"] and not ratio:
            yield left_out("energy", row, NO_SPEED)
        elif not ratio:
            yield left_out("energy", row, NO_MASS)
        elif pooled:
            yield left_out("energy", row, IN_RATIOS)
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
    """Yield oxygen uptake against each model of the gait, backward with each direction model."""
    gait = cast(Gait, row.cells["gait"])
    backward = row.cells["direction"] == "backward"
    for model in cast(dict[EnergyModelName, energy_models.EnergyModel], energy_models.ENERGY_MODELS[gait]):
        for source in DIRECTIONS if backward else (None,):
            try:
                outcome = _uptake_outcome(row, gait, model, source)
            except Undefined:
                continue
            yield compare(
                "energy",
                row,
                model=model,
                direction_model=source,
                indicator="oxygen_uptake_ml_kg_min",
                unit="ml/kg/min",
                measured=float(row.cells["oxygen_uptake_ml_kg_min"]),
                outcome=outcome,
                fitted=source is not None and _rests_on(row, gait, source),
            )


def _rests_on(row: Row, gait: Gait, source: DirectionModelName) -> bool:
    """Say whether a ratio was made from this study: all but the documented 1.30 are means of the table."""
    made_of = {cells["study"] for cells in table("ratios") if cells["gait"] == gait}
    return (gait, source) != ("run", "documented") and row.cells["study"].startswith(tuple(made_of))


def _uptake_outcome(row: Row, gait: Gait, model: EnergyModelName, source: DirectionModelName | None) -> Outcome:
    speed, grade = float(row.cells["speed_m_s"]), float(row.cells["grade"])

    found: Any = answer_of(
        speed_m_s=speed,
        gait=gait,
        grade=grade,
        energy_model=model,
        direction_model=source,
        include=("energy",),
    )
    known = energy_models.ENERGY_MODELS[gait][model]
    in_range = not (outside(speed, known.speed_range_m_s) or outside(grade, known.grade_range))
    on_grade = bool(outside(grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE)))
    model_part = uncertainty.model_cv(gait=gait, on_grade=on_grade)
    forward = found["forward"]["oxygen_uptake_ml_kg_min"]["value"]
    if source is None:
        spread = group_spread(row.cells, person=PERSON_FORWARD_CV[gait], fixed=cast(float, model_part))
        return Outcome(forward, spread, in_range)
    study = direction.ratio_study_cv(direction_model=source, gait=gait, grade=grade)
    spread = group_spread(
        row.cells,
        person=cast(float, root_sum_square(PERSON_FORWARD_CV[gait], PERSON_RATIO_CV[gait])),
        fixed=cast(float, root_sum_square(model_part, study * _widening(gait, source))),
    )
    measured_speed = gait == "walk" or speed <= direction.BACKWARD_MEASURED_TO_M_S
    return Outcome(found["backward"]["oxygen_uptake_ml_kg_min"]["value"], spread, in_range and measured_speed)


def _net_cost(row: Row) -> Comparison:
    """Return a net cost, which has no speed of its own, against the polynomial of Minetti 2002."""
    gait, grade = cast(Gait, row.cells["gait"]), float(row.cells["grade"])
    on_grade = bool(outside(grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE)))
    fixed = cast(float, uncertainty.model_cv(gait=gait, on_grade=on_grade))
    return compare(
        "energy",
        row,
        model="minetti2002",
        indicator="net_cost_j_kg_m",
        unit="J/kg/m",
        measured=float(row.cells["net_cost_j_kg_m"]),
        outcome=Outcome(
            cast(float, energy.minetti2002_net_cost(gait=gait, grade=grade)),
            group_spread(row.cells, person=PERSON_FORWARD_CV[gait], fixed=fixed),
            not outside(grade, energy_models.ENERGY_MODELS[gait]["minetti2002"].grade_range),
        ),
        fitted=row.cells["study"].startswith("Minetti"),
        note="the polynomial itself, of which an answer uses the shape over grade alone" if gait == "walk" else "",
    )


def compared_ratios() -> Iterator[Comparison | NotPredicted]:
    """Yield every row of the ratio table against both direction models."""
    for row in numbered("ratios"):
        yield from _ratio("ratios", row, float(row.cells["ratio_backward_forward"]), note=row.cells["se_basis"])


def _ratio(name: TableName, row: Row, measured: float, note: str) -> Iterator[Comparison]:
    """Yield a measured ratio against both direction models."""
    gait = cast(Gait, row.cells["gait"])
    speed, grade = number(row.cells["speed_m_s"]), number(row.cells["grade"]) or 0.0
    for source in DIRECTIONS:
        known = direction.DIRECTION_MODELS[source][gait]
        study = direction.ratio_study_cv(direction_model=source, gait=gait, grade=grade)
        yield compare(
            name,
            row,
            model=source,
            indicator="total_energy",
            unit="1",
            measured=measured,
            outcome=Outcome(
                known.ratio,
                group_spread(
                    row.cells, person=PERSON_RATIO_CV[gait], fixed=cast(float, study * _widening(gait, source))
                ),
                gait == "walk" or speed is None or speed <= direction.BACKWARD_MEASURED_TO_M_S,
            ),
            fitted=_rests_on(row, gait, source),
            note=note,
        )


def _widening(gait: Gait, source: DirectionModelName) -> float:
    """Return what the part between studies is multiplied by in a group interval."""
    studies = direction.DIRECTION_MODELS[source][gait].studies
    return cast(float, uncertainty.widening(uncertainty.standard_score(INTERVAL), studies=studies))
