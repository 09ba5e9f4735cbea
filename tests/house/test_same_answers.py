"""The comparison of answers before and after a change sees the last bit of a number if it is asked to."""

import json
import math
from pathlib import Path

import pytest

from robustness.same_answers import compare


@pytest.mark.parametrize("operation", ["estimate", "plan"])
@pytest.mark.parametrize(("other", "exactly", "different"), [(2.0, True, 0), (0.0, False, 0), (0.0, True, 1)])
def test_only_an_exact_comparison_sees_the_last_bit(
    tmp_path: Path, operation: str, other: float, exactly: bool, different: int
) -> None:
    files = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    for file, value in zip(files, (2.0, other or math.nextafter(2.0, 3.0)), strict=True):
        file.write_text(json.dumps([operation, 200, {"speeds": [{"value": value}]}]) + "\n", encoding="utf-8")
    assert compare(*files, exactly=exactly) == different


def test_another_status_is_another_answer(tmp_path: Path) -> None:
    files = tmp_path / "before.jsonl", tmp_path / "after.jsonl"
    for file, status in zip(files, (200, 422), strict=True):
        file.write_text(json.dumps(["estimate", status, {}]) + "\n", encoding="utf-8")
    assert compare(*files) == 1
