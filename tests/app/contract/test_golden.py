"""The golden pairs: each answer is the service's own, all operations and problems have one, the contract shows them."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from retrorun.app.contract.examples import ANSWERS_SHOWN, FOLDER, six_digits
from retrorun.app.contract.golden import differences, shortened
from retrorun.app.contract.openapi import contract
from retrorun.app.http.problems import PROBLEMS
from retrorun.app.main import create_app
from tests.app.contract.golden import answer_of, write

PAIRS = sorted(FOLDER.glob("*.json"))
BINARY = {"estimate_table"}
"""Operations whose answer is not text: only their problems are here."""


def named(path: Path) -> str:
    return path.stem


def pair_of(path: Path) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return read


def operations() -> dict[str, dict[str, Any]]:
    return {
        operation["operationId"]: operation
        for item in contract(create_app())["paths"].values()
        for operation in item.values()
    }


def assert_same(found: Any, expected: Any, hint: str = "") -> None:
    """Compare answers, numbers within 1e-12 of their size, also where they stand in a text."""
    assert not list(differences(found, expected)), hint


@pytest.mark.anyio
@pytest.mark.parametrize("path", PAIRS, ids=named)
async def test_the_answer_is_that_of_the_service(path: Path) -> None:
    pair = pair_of(path)
    assert_same(await answer_of(pair), pair["response"], "if it is meant, `make openapi`: ")


@pytest.mark.anyio
async def test_the_command_rewrites_a_changed_answer(tmp_path: Path) -> None:
    pair = pair_of(FOLDER / "estimate.energy.json")
    copy = tmp_path / "estimate.energy.json"
    copy.write_text(json.dumps(pair | {"response": {}}), encoding="utf-8")
    await write(copy)
    assert_same(pair_of(copy), pair)


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"a": 1.0 + 1e-9}, {"a": 1.0}),
        ({"a": 1}, {"a": 1.0}),
        ({"a": 1.0}, {"b": 1.0}),
        ({}, {"a": 1.0}),
        ({"a": 1.0}, {}),
        ({"b": 1.0, "a": 1.0}, {"a": 1.0, "b": 1.0}),
        ([2.0, 1.0], [2.0]),
        (float("nan"), 1.0),
        ([1.0], [1.0, 2.0]),
        ("x 1.5 y", "x 1.6 y"),
        ("x", "y"),
        (True, 1),
    ],
)
def test_the_comparison_sees_a_difference(found: Any, expected: Any) -> None:
    with pytest.raises(AssertionError):
        assert_same(found, expected)


def test_the_comparison_lets_the_last_bits_be() -> None:
    assert_same({"a": [1.0 + 1e-15, "x 0.3000000000000001"]}, {"a": [1.0, "x 0.3"]})


def test_a_shortened_list_holds_the_first_of_its_objects_and_every_number() -> None:
    assert shortened({"a": [{"b": [1, 2, 3]}, {}, {}]}, 2) == {"a": [{"b": [1, 2, 3]}, {}]}


def test_a_shortened_list_of_numbers_holds_the_first_if_the_pair_says_so() -> None:
    assert shortened({"a": [1.5, 2.5, 3.5], "b": ["x", "y", "z"]}, None, 2) == {"a": [1.5, 2.5], "b": ["x", "y", "z"]}


def test_every_pair_belongs_to_an_operation_or_to_all() -> None:
    assert {path.stem.partition(".")[0] for path in PAIRS} - {"problem"} == set(operations())
    for path in PAIRS:
        pair = pair_of(path)
        assert pair["summary"], path.stem
        assert ("request" in pair) != ("refusal" in pair), path.stem
        if path.stem.startswith("problem."):
            assert pair["response"]["status"] in PROBLEMS, path.stem


@pytest.mark.parametrize("operation", sorted(set(operations()) - BINARY))
def test_every_operation_has_a_pair_that_is_answered(operation: str) -> None:
    assert 200 in [pair_of(path)["response"]["status"] for path in PAIRS if path.stem.startswith(f"{operation}.")]


@pytest.mark.parametrize("operation", sorted(operations()))
def test_every_operation_that_can_be_asked_wrongly_has_a_pair_that_says_what_to_fix(operation: str) -> None:
    statuses = [pair_of(path)["response"]["status"] for path in PAIRS if path.stem.startswith(f"{operation}.")]
    assert (422 in statuses) == ("422" in operations()[operation]["responses"])


@pytest.mark.parametrize("status", PROBLEMS)
def test_every_problem_has_a_pair(status: int) -> None:
    assert status in [pair_of(path)["response"]["status"] for path in PAIRS]


def test_the_contract_shows_the_first_pairs_of_each_operation_and_status() -> None:
    shown = json.dumps(contract(create_app()), ensure_ascii=False)
    counted: Counter[tuple[str, int, str]] = Counter()
    for path in PAIRS:
        response = pair_of(path)["response"]
        if response["status"] in {404, 405} or "body" not in response:
            continue
        kind = (path.stem.partition(".")[0], response["status"], response["headers"]["content-type"])
        counted[kind] += 1
        if counted[kind] <= ANSWERS_SHOWN:
            assert json.dumps(six_digits(response["body"]), ensure_ascii=False) in shown, path.stem
