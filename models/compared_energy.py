"""The energy and ratio tables against every energy and direction model."""

from collections.abc import Iterator, Mapping
from typing import Any, Final, cast, get_args

from models import direction, energy, energy_models, uncertainty
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
    number,
    numbered,
)
from models.direction import DirectionModelName
from models.energy import EnergyModelName
from models.errors import Undefined
from models.evidence import table
from models.uncertainty import PERSON_FORWARD_CV, PERSON_RATIO_CV, Gait, root_sum_square

DIRECTIONS: Final = cast(tuple[DirectionModelName, ...], get_args(DirectionModelName))

SAME_PEOPLE: Final = "the same four people as the row at 3.0 m/s"
IN_RATIOS: Final = "no speed or no energy of its own: the ratio is compared as a row of ratios.csv"
NO_SPEED: Final = "no speed, and not said whether gross or net"


def compared_energy() -> Iterator[Comparison | NotPredicted]:
    """Yield every row of the energy table: against each model that is defined there, or why against none."""
    for row in numbered("energy"):
        cells = row.cells
        if cells["oxygen_uptake_ml_kg_min"] and cells["speed_m_s"]:
            yield from _uptake(row)
        elif cells["net_cost_j_kg_m"]:
            yield _net_cost(row)
        elif not cells["ratio_backward_forward"]:
            yield left_out("energy", row, NO_SPEED)
        elif any(_same_ratio(cells, ratio) for ratio in table("ratios")):
            yield left_out("energy", row, IN_RATIOS)
        else:
            yield left_out("energy", row, SAME_PEOPLE)


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

    def answer(ground: float) -> Any:
        return answer_of(
            speed_m_s=speed,
            gait=gait,
            grade=ground,
            energy_model=model,
            direction_model=source,
            include=("energy",),
        )

    found = answer(grade)
    known = energy_models.ENERGY_MODELS[gait][model]
    in_range = not (outside(speed, known.speed_range_m_s) or outside(grade, known.grade_range))
    on_grade = bool(outside(grade, (-energy.ON_A_GRADE, energy.ON_A_GRADE)))
    model_part = uncertainty.model_cv(gait=gait, on_grade=on_grade)
    forward = found["forward"]["oxygen_uptake_ml_kg_min"]["value"]
    if source is None:
        spread = group_spread(row.cells, person=PERSON_FORWARD_CV[gait], fixed=cast(float, model_part))
        return Outcome(forward, spread, in_range)
    level = answer(0.0)["forward"]["oxygen_uptake_ml_kg_min"]["value"]
    ratio = direction.DIRECTION_MODELS[source][gait].ratio
    # Power and oxygen uptake are proportional, so that the sensitivity is the same in either.
    _, sensitivity = direction.backward_power(
        gait=gait, ratio=ratio, forward_w_kg=forward, level_w_kg=level, grade=grade
    )
    study = direction.ratio_study_cv(direction_model=source, gait=gait, grade=grade)
    spread = group_spread(
        row.cells,
        person=cast(float, root_sum_square(PERSON_FORWARD_CV[gait], PERSON_RATIO_CV[gait] * sensitivity)),
        fixed=cast(float, root_sum_square(model_part, study * sensitivity)),
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
        gait = cast(Gait, row.cells["gait"])
        speed = number(row.cells["speed_m_s"])
        for source in DIRECTIONS:
            known = direction.DIRECTION_MODELS[source][gait]
            yield compare(
                "ratios",
                row,
                model=source,
                indicator="total_energy",
                unit="1",
                measured=float(row.cells["ratio_backward_forward"]),
                outcome=Outcome(
                    known.ratio,
                    group_spread(row.cells, person=PERSON_RATIO_CV[gait], fixed=known.study_cv),
                    gait == "walk" or speed is None or speed <= direction.BACKWARD_MEASURED_TO_M_S,
                ),
                fitted=_rests_on(row, gait, source),
                note=row.cells["se_basis"],
            )
