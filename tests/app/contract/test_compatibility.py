"""The contract keeps what the released one promised, and the check that says so sees each way to break it."""

import copy
import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from retrorun.app.contract.openapi import contract
from retrorun.app.main import create_app
from tests.app.contract.compatibility import breaking_version, breakings, refused

HOUSE = Path(__file__).parents[3]
RELEASED: dict[str, Any] = json.loads((HOUSE / "openapi" / "released.json").read_text(encoding="utf-8"))
NOW: dict[str, Any] = contract(create_app())
"""What the check itself is tried on, so that a release changes none of its tests."""
Change = Callable[[Any], object]


def test_nothing_breaks_a_client_of_the_released_contract() -> None:
    found = refused(RELEASED, NOW)
    assert not found, "\n".join([*found, f"raise the version, which is {NOW['info']['version']}, or take it back"])


def test_the_released_contract_is_compatible_with_itself() -> None:
    assert not list(breakings(RELEASED, copy.deepcopy(RELEASED)))
    assert not list(breakings(NOW, copy.deepcopy(NOW)))


def changed(change: Change) -> dict[str, Any]:
    new = copy.deepcopy(NOW)
    change(new)
    return new


def request(document: Any) -> Any:
    return document["components"]["schemas"]["EstimateRequest"]


def answer(document: Any) -> Any:
    return document["components"]["schemas"]["Bout"]


def post(document: Any) -> Any:
    return document["paths"]["/estimate"]["post"]


BREAKING: dict[str, tuple[Change, str]] = {
    "a new required input": (
        lambda new: request(new)["required"].append("age_y"),
        "POST /estimate.age_y: the field is required",
    ),
    "an input that is gone": (
        lambda new: request(new)["properties"].pop("equal"),
        "POST /estimate.equal: the field is gone",
    ),
    "a lower bound that is higher": (
        lambda new: request(new)["properties"]["body_mass_kg"].update(minimum=40),
        "POST /estimate.body_mass_kg: minimum is higher",
    ),
    "an upper bound that is lower": (
        lambda new: request(new)["properties"]["body_mass_kg"].update(maximum=200),
        "POST /estimate.body_mass_kg: maximum is lower",
    ),
    "a bound where there was none": (
        lambda new: request(new)["properties"]["gait"].update(maxLength=3),
        "POST /estimate.gait: maxLength is lower",
    ),
    "a choice that is gone": (
        lambda new: request(new)["properties"]["equal"]["enum"].remove("heart_rate"),
        "POST /estimate.equal: a choice is gone",
    ),
    "a constant where there were choices": (
        lambda new: request(new)["properties"]["equal"].update(const="speed"),
        "POST /estimate.equal: a choice is gone",
    ),
    "a shorter list of what may be included": (
        lambda new: request(new)["properties"]["include"].update(maxItems=2),
        "POST /estimate.include: maxItems is lower",
    ),
    "an output that is gone": (
        lambda new: answer(new)["properties"].pop("met"),
        "POST /estimate 200.backward.met: the field is gone",
    ),
    "an output that may be absent": (
        lambda new: answer(new)["required"].remove("duration_s"),
        "POST /estimate 200.backward.duration_s: the field may be absent",
    ),
    "an output of another type": (
        lambda new: answer(new)["properties"]["duration_s"].update(type="string"),
        "POST /estimate 200.backward.duration_s: type is another",
    ),
    "an output in another unit": (
        lambda new: answer(new)["properties"]["total_energy_kcal"].update({"x-unit": "kJ"}),
        "POST /estimate 200.backward.total_energy_kcal: x-unit is another",
    ),
    "an item of another type": (
        lambda new: new["components"]["schemas"]["Estimate"]["properties"]["references"]["items"].update(
            type="integer"
        ),
        "POST /estimate 200.references[]: type is another",
    ),
    "an operation that is gone": (
        lambda new: new["paths"].pop("/references"),
        "GET /references: the operation is gone",
    ),
    "an operation of another name": (
        lambda new: post(new).update(operationId="estimate_bout"),
        "POST /estimate: operationId is another, which clients name their functions by",
    ),
    "a status that is gone": (
        lambda new: post(new)["responses"].pop("413"),
        "POST /estimate: status 413 is gone",
    ),
    "a media type that is no longer sent": (
        lambda new: new["paths"]["/validation"]["get"]["responses"]["200"]["content"].pop("text/html"),
        "GET /validation 200: text/html is gone",
    ),
    "a media type that is no longer taken": (
        lambda new: post(new)["requestBody"].update(content={}),
        "POST /estimate: application/json is gone",
    ),
    "a parameter that is gone": (
        lambda new: new["paths"]["/validation"]["get"]["parameters"].pop(0),
        "GET /validation: the parameter model is gone",
    ),
    "a new required parameter": (
        lambda new: new["components"]["parameters"]["RequestID"].update(required=True),
        "POST /estimate: the parameter X-Request-ID is required",
    ),
    "a header that is gone": (
        lambda new: new["components"]["responses"]["ServiceUnavailable"]["headers"].pop("Retry-After"),
        "POST /estimate 503: the header Retry-After is gone",
    ),
    "a schema of another name": (
        lambda new: new.update(
            json.loads(json.dumps(new).replace("schemas/Reach", "schemas/Body").replace('"Reach": {', '"Body": {'))
        ),
        "the schema Reach is gone, which clients name their types by",
    ),
    "a key that is required": (lambda new: new.update(security=[{"key": []}]), "a key is required"),
}
HARMLESS: dict[str, Change] = {
    "a new operation": lambda new: new["paths"].update({"/new": new["paths"]["/references"]}),
    "a new optional input": lambda new: request(new)["properties"].update(wind_m_s={"type": "number"}),
    "an input that is no longer required": lambda new: request(new)["required"].clear(),
    "a wider bound": lambda new: request(new)["properties"]["body_mass_kg"].update(minimum=20, maximum=300),
    "a new choice": lambda new: request(new)["properties"]["equal"]["enum"].append("perceived_effort"),
    "a new output": lambda new: answer(new)["properties"].update(new={"type": "number"}),
    "an output that is always there": lambda new: answer(new)["required"].append("met"),
    "a new status": lambda new: post(new)["responses"].update({"429": {"description": "Wait."}}),
    "other words": lambda new: post(new).update(summary="Another", description="Another"),
    "a field of another schema with the same fields": lambda new: (
        new["components"]["schemas"].update(Named=new["components"]["schemas"]["Bout"]),
        new["components"]["schemas"]["Estimate"]["properties"]["backward"].update(
            {"$ref": "#/components/schemas/Named"}
        ),
    ),
}
CLOSED: dict[str, Change] = {
    "a word of an answer that is one of many": lambda old: answer(old)["properties"]["intensity"].update(const="light"),
    "words of an answer that are no longer closed": lambda old: answer(old)["properties"]["intensity"].update(
        enum=["light", "moderate"]
    ),
    "an answer that allows further fields": lambda old: answer(old).update(additionalProperties=False),
}
"""What a contract before this one had closed."""


@pytest.mark.parametrize("what", BREAKING)
def test_a_breaking_change_is_reported(what: str) -> None:
    change, sentence = BREAKING[what]
    assert sentence in list(breakings(NOW, changed(change)))


@pytest.mark.parametrize("what", HARMLESS)
def test_a_compatible_change_is_not_reported(what: str) -> None:
    assert not list(breakings(NOW, changed(HARMLESS[what])))


@pytest.mark.parametrize("what", CLOSED)
def test_what_is_opened_breaks_nobody(what: str) -> None:
    assert not list(breakings(changed(CLOSED[what]), NOW))


@pytest.mark.parametrize(
    ("before", "after", "may_break"),
    [
        ("1.2.3", "1.3.0", False),
        ("1.2.3", "2.0.0", True),
        ("0.1.0", "0.1.1", False),
        ("0.1.0", "0.2.0", True),
        ("0.1.0", "0.2.0.dev0", True),
        ("0.2.0.dev0", "0.2.0", False),
        ("0.9.0", "1.0.0", True),
        ("1.0.0", "0.9.0", False),
    ],
)
def test_only_a_version_that_says_so_may_break_a_client(before: str, after: str, may_break: bool) -> None:
    assert (breaking_version(after) > breaking_version(before)) == may_break
    old, new = copy.deepcopy(NOW), changed(BREAKING["an output that is gone"][0])
    old["info"]["version"], new["info"]["version"] = before, after
    assert bool(refused(old, new)) != may_break


class TestChangelog:
    text = (HOUSE / "CHANGELOG.md").read_text(encoding="utf-8")

    def test_it_has_the_form_of_keep_a_changelog(self) -> None:
        assert self.text.startswith("# Changelog\n")
        assert "keepachangelog.com" in self.text
        assert "semver.org" in self.text
        versions = re.findall(r"^## (.*)$", self.text, re.MULTILINE)
        assert versions[0] == "[Unreleased]"
        assert all(
            re.fullmatch(r"\[\d+\.\d+\.\d+\] - \d{4}-\d{2}-\d{2}( \[YANKED\])?", title) for title in versions[1:]
        )

    def test_its_parts_are_those_of_keep_a_changelog(self) -> None:
        parts = re.findall(r"^### (.*)$", self.text, re.MULTILINE)
        assert parts
        assert set(parts) <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
        for section in re.split(r"^## ", self.text, flags=re.MULTILINE)[1:]:
            named = re.findall(r"^### (.*)$", section, re.MULTILINE)
            assert len(named) == len(set(named))

    def test_every_entry_is_an_item_of_a_part(self) -> None:
        for part in re.split(r"^### ", self.text, flags=re.MULTILINE)[1:]:
            lines = part.partition("\n## ")[0].splitlines()[1:]
            assert all(not line or line.startswith(("- ", "  ")) for line in lines)
