"""All equations side by side: each is its own estimate, with its record from the validation or the reason for none."""

from typing import Any

import pytest

from retrorun.models.equations.equations import estimate_by
from retrorun.models.estimate.estimate import estimate
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.validation.validation import validation
from retrorun.models.vocabulary.errors import Conflict, OutOfRange, OutsideEvidence, Undefined

BOUT: dict[str, Any] = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
BOUTS: list[dict[str, Any]] = [
    {},
    {"grade": -0.1},
    {"grade": 0.1, "direction_model": "pooled"},
    {"speed_m_s": 1.3},
    {"speed_m_s": 1.3, "grade": -0.05, "equal": "metabolic_rate"},
    {"equal": "heart_rate", "interval": 0.5},
    {"age_y": 40.0, "sex": "female", "height_m": 1.7, "speed_sd_m_s": 0.1},
    {"measurements": [{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 33.0}]},
    {"include": ["load"]},
]


def together(**beside: Any) -> Any:
    return estimate_by(**BOUT | beside, energy_model="all")


@pytest.mark.parametrize("beside", BOUTS)
def test_the_answer_is_the_default_one_and_the_list_has_each_equation_of_the_gait(beside: dict[str, Any]) -> None:
    found = together(**beside)
    equations = found.pop("equations")
    assert found == estimate(**BOUT | beside)
    assert [each["energy_model"] for each in equations] == list(ENERGY_MODELS[found["gait"]])
    assert equations[0]["energy_model"] == found["models"]["energy_model"]


@pytest.mark.parametrize("beside", BOUTS)
def test_each_equation_has_the_energies_of_its_own_estimate_or_the_reason(beside: dict[str, Any]) -> None:
    for each in together(**beside)["equations"]:
        asked = BOUT | beside | {"energy_model": each["energy_model"], "include": ["energy", "ratio"]}
        if "reason" in each:
            with pytest.raises(Undefined) as refused:
                estimate(**asked)
            assert each["reason"] == refused.value.message
            assert each.keys() == {"energy_model", "reason", "record"}
            continue
        alone: Any = estimate(**asked)
        for side in ("forward", "backward"):
            assert each[side]["total_energy_kcal"] == alone[side]["total_energy_kcal"]
        assert each["ratio"] == {"total_energy": alone["ratio"]["total_energy"]}


def test_an_equation_that_is_not_defined_there_has_no_energies() -> None:
    downhill = {each["energy_model"]: each for each in together(grade=-0.1)["equations"]}
    assert [name for name, each in downhill.items() if "forward" in each] == ["looney2025", "minetti2002"]
    assert "not defined on this grade" in downhill["acsm"]["reason"]


@pytest.mark.parametrize("direction_model", ["documented", "pooled"])
@pytest.mark.parametrize("speed_m_s", [1.3, 2.5])
def test_each_has_its_record_from_the_validation(speed_m_s: float, direction_model: Any) -> None:
    found = together(speed_m_s=speed_m_s, direction_model=direction_model)
    everything = validation()["summary"]
    for each in found["equations"]:
        assert [summary["direction"] for summary in each["record"]] == ["forward", "backward"]
        for summary in each["record"]:
            assert summary in everything
            assert (summary["model"], summary["gait"]) == (each["energy_model"], found["gait"])
            assert summary.get("direction_model", direction_model) == direction_model
            assert 0 < summary["studies"] <= summary["comparisons"]


def test_rows_of_one_table_are_one_study() -> None:
    forward, backward = together()["equations"][0]["record"]
    # Williford 1998, Li 2020, the Compendium and Paes & Fernandez 2016; Williford 1998.
    assert (forward["studies"], forward["comparisons"]) == (4, 13)
    assert (backward["studies"], backward["comparisons"]) == (1, 1)


def test_it_says_where_an_equation_is_outside_its_data() -> None:
    slow = {each["energy_model"]: each["in_range"] for each in together(speed_m_s=2.1)["equations"]}
    assert slow == {"looney2025": True, "acsm": True, "leger1984": False, "minetti2002": True}
    steep = {each["energy_model"]: each.get("in_range") for each in together(grade=0.6)["equations"]}
    assert steep == {"looney2025": True, "acsm": True, "leger1984": None, "minetti2002": False}


def test_strict_gives_the_reason_for_each_equation_outside_its_data() -> None:
    equations = {each["energy_model"]: each for each in together(speed_m_s=2.1, strict=True)["equations"]}
    assert "forward" in equations["looney2025"]
    assert "reason" in equations["leger1984"]
    with pytest.raises(OutsideEvidence):
        together(speed_m_s=6.0, strict=True)


def test_a_personal_factor_belongs_to_one_equation() -> None:
    own = estimate(**BOUT, measurements=[{"speed_m_s": 2.5, "oxygen_uptake_ml_kg_min": 33.0}])["personal"]
    with pytest.raises(Conflict) as refused:
        together(personal={"run": own["run"]})
    assert refused.value.field == "personal"


def test_a_bout_that_has_no_estimate_is_refused_as_ever() -> None:
    with pytest.raises(OutOfRange):
        together(speed_m_s=99.0)
    with pytest.raises(Conflict):
        together(distance_m=1.0)


def test_without_all_it_is_the_estimate() -> None:
    assert estimate_by(**BOUT) == estimate(**BOUT)
    assert estimate_by(**BOUT, energy_model="acsm") == estimate(**BOUT, energy_model="acsm")
