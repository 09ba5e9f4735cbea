"""The page of hazards names warnings, files and tests that exist, and forgets no warning of safety."""

import ast
import re
from functools import cache
from pathlib import Path
from typing import Any, Final, NamedTuple

import pytest

from retrorun.app.contract.examples import pairs
from retrorun.app.contract.openapi import contract
from retrorun.app.main import create_app
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import CAUTIONS, WARNINGS
from retrorun.models.vocabulary.errors import OutOfRange

HOUSE: Final = Path(__file__).parents[2]
PAGE: Final = (HOUSE / "docs" / "safety.md").read_text(encoding="utf-8")
ROW: Final = r"^\| (minor|significant|serious) \| (\w+) \| (\w+) \| (\w+) \|$"
"""A row of the scale of residual risk."""
WARNING: Final = re.compile(r"(?:absent|caution|energy|load|timing)\.[a-z0-9_]+")
OF_A_PERSON: Final = {
    *("body_mass_kg", "age_y", "sex", "height_m", "oxygen_uptake_max_ml_kg_min", "measurements", "personal"),
    *("duration_s", "distance_m"),
}
BACKWARD: Final = [
    name
    for name, pair in pairs().items()
    if name.partition(".")[0] in {"estimate", "solve", "plan", "workout", "workout_track"}
    and "total_energy_kcal" in pair["response"].get("body", {}).get("backward", {})
    and "first" not in pair  # of which only some warnings are kept
]
"""Golden answers about going backward."""


class Hazard(NamedTuple):
    """A section about one hazard."""

    title: str
    text: str

    @property
    def mitigations(self) -> list[list[str]]:
        """The cells of its table: what is done, where, and the test."""
        rows = re.findall(r"^\|(.*)\|$", self.text, re.MULTILINE)[2:]
        return [[cell.strip() for cell in row.split("|")] for row in rows]

    def named(self, column: int) -> list[str]:
        """Return what a column names."""
        return [name for row in self.mitigations for name in re.findall(r"`([^`]+)`", row[column])]


HAZARDS: Final = [
    Hazard(*found) for found in re.findall(r"^### (.*?)\n(.*?)(?=^### |^## |\Z)", PAGE, re.MULTILINE | re.DOTALL)
]
EACH: Final = pytest.mark.parametrize("hazard", HAZARDS, ids=lambda hazard: str(hazard.title.split()[0]))


@cache
def names_of_tests(path: str) -> set[str]:
    """Return the names of the tests in a file, at any depth."""
    tree = ast.parse((HOUSE / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds) and node.name.startswith("test_")}


def missing(hazard: Hazard) -> list[str]:
    """Return what a hazard names and does not exist."""
    absent = []
    for name in hazard.named(1):
        if WARNING.fullmatch(name):
            absent += [name] * (name not in CAUTIONS)
        else:
            absent += [name] * (not (HOUSE / name).is_file())
    for name in hazard.named(2):
        path, _, test = name.partition("::")
        if not (HOUSE / path).is_file() or test not in names_of_tests(path):
            absent.append(name)
    return absent


class TestPage:
    def test_it_says_that_it_is_no_safety_case_and_for_whom_the_service_is(self) -> None:
        plain = " ".join(PAGE.split())
        assert "Its form is that of a clinical safety case" in plain
        assert "**It is none.**" in plain
        for heading in ("Intended use", "Scales", "Hazards", "What you must do"):
            assert f"\n## {heading}\n" in PAGE

    def test_hazards_are_numbered_without_a_gap(self) -> None:
        assert len(HAZARDS) > 10
        assert [hazard.title.split()[0] for hazard in HAZARDS] == [f"H{place + 1}" for place in range(len(HAZARDS))]

    @EACH
    def test_each_has_its_parts_and_each_mitigation_a_place_and_a_test(self, hazard: Hazard) -> None:
        for part in ("Harm", "Cause", "Remains"):
            assert re.search(rf"^\*\*{part}\.\*\* [A-Z\"].+", hazard.text, re.MULTILINE), part
        assert hazard.mitigations
        for does, where, test in hazard.mitigations:
            assert does
            assert re.fullmatch(r"`[^`]+`(, `[^`]+`)*", where), where
            assert re.fullmatch(r"`tests/[\w/]+\.py::test_\w+`", test), test

    @EACH
    def test_what_each_names_exists(self, hazard: Hazard) -> None:
        assert missing(hazard) == []

    def test_no_warning_of_safety_is_forgotten(self) -> None:
        named = {name for hazard in HAZARDS for name in hazard.named(1)}
        assert {code for code, caution in CAUTIONS.items() if caution.severity == "safety"} <= named

    def test_the_list_has_each_hazard_with_the_risk_that_its_scales_give(self) -> None:
        _, _, rest = PAGE.partition("| Residual risk | unlikely | possible | likely |\n")
        matrix = {
            (severity, likelihood): risk
            for severity, *risks in re.findall(
                r"^\| (minor|significant|serious) \| (\w+) \| (\w+) \| (\w+) \|$", rest, re.M
            )
            for likelihood, risk in zip(("unlikely", "possible", "likely"), risks, strict=True)
        }
        listed = re.findall(r"^\| \[(H\d+)\]\(#[\w-]+\) (.*?) \| (\w+) \| (\w+) \| (\w+) \|$", PAGE, re.MULTILINE)
        assert [f"{number} {title}" for number, title, *_ in listed] == [hazard.title for hazard in HAZARDS]
        assert {(severity, likelihood): risk for *_, severity, likelihood, risk in listed}.items() <= matrix.items()
        assert len(matrix) == 9

    @pytest.mark.parametrize(
        ("where", "test"),
        [
            ("`caution.fal`", "`tests/house/test_hazards.py::test_no_warning_of_safety_is_forgotten`"),
            ("`models/nothing.py`", "`tests/house/test_hazards.py::test_no_warning_of_safety_is_forgotten`"),
            ("`caution.fall`", "`tests/house/test_hazards.py::test_nothing`"),
            ("`caution.fall`", "`tests/house/test_nothing.py::test_nothing`"),
        ],
    )
    def test_a_name_that_does_not_exist_would_be_seen(self, where: str, test: str) -> None:
        table = f"| Mitigation | Where | Test |\n|---|---|---|\n| x | {where} | {test} |\n"
        assert len(missing(Hazard("H1 x", table))) == 1


class TestMitigations:
    """Mitigations that no other test holds."""

    @pytest.mark.parametrize("name", BACKWARD)
    def test_an_answer_about_going_backward_warns_of_falls(self, name: str) -> None:
        body = pairs()[name]["response"]["body"]
        assert "caution.fall" in [warning["code"] for warning in body["warnings"]]

    def test_there_are_such_answers_of_each_question(self) -> None:
        assert {name.partition(".")[0] for name in BACKWARD} == {"estimate", "solve", "workout", "workout_track"}

    def test_an_answer_with_loads_says_what_they_mean(self) -> None:
        answer: Any = estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0)
        assert answer["backward"]["load"]["patellofemoral_peak_force_bw"]
        assert WARNINGS["caution.load_meaning"]["code"] in [warning["code"] for warning in answer["warnings"]]

    def test_an_age_below_18_is_refused(self) -> None:
        person: dict[str, Any] = {"body_mass_kg": 40.0, "sex": "female", "height_m": 1.5}
        bout: dict[str, Any] = {"speed_m_s": 2.5, "duration_s": 1200.0}
        assert estimate(**person, **bout, age_y=18.0)
        with pytest.raises(OutOfRange):
            estimate(**person, **bout, age_y=17.9)

    def test_the_warning_of_loads_says_adults_only(self) -> None:
        assert WARNINGS["caution.load_meaning"]["message"].endswith("Adults only.")

    def test_the_contract_says_who_is_meant(self) -> None:
        assert "For adults only. This is no diagnosis." in contract(create_app())["info"]["description"]
        assert "**Adults only, and no diagnosis.**" in (HOUSE / "README.md").read_text(encoding="utf-8")

    def test_no_address_contains_data_of_a_person(self) -> None:
        whole = contract(create_app())
        in_addresses = {
            parameter["name"]
            for item in whole["paths"].values()
            for operation in item.values()
            for given in operation.get("parameters", [])
            for parameter in [whole["components"]["parameters"].get(given.get("$ref", "").rpartition("/")[2], given)]
            if parameter["in"] in {"query", "path"}
        }
        assert "speed_m_s" in in_addresses
        assert not in_addresses & OF_A_PERSON
