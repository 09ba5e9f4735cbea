"""The notebook of the first hour runs, and shows what it prints. To rewrite its outputs, run
`.venv/bin/python tests/house/test_notebook.py`.
"""

import ast
import io
import json
import re
from collections.abc import Iterator
from contextlib import redirect_stdout
from pathlib import Path
from typing import Any, Final

import pytest

from retrorun.app.contract.golden import same
from tests.house.test_blocks import dead_links

HOUSE: Final = Path(__file__).parents[2]
NOTEBOOK: Final = HOUSE / "docs" / "first-hour.ipynb"
LARGEST_BYTES: Final = 60_000

Cell = dict[str, Any]


def cells(kind: str) -> list[Cell]:
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    return [cell for cell in notebook["cells"] if cell["cell_type"] == kind]


def outputs_of(source: str, names: dict[str, Any], count: int) -> Iterator[Cell]:
    """Run a cell as Jupyter does, and yield what it prints and the value of its last line."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    printed, value = io.StringIO(), None
    with redirect_stdout(printed):
        exec(compile(tree, "cell", "exec"), names)
        if isinstance(last, ast.Expr):
            value = eval(compile(ast.Expression(last.value), "cell", "eval"), names)
    if printed.getvalue():
        yield {"name": "stdout", "output_type": "stream", "text": printed.getvalue().splitlines(True)}
    if value is not None:
        picture = value._repr_svg_()
        data = {"image/svg+xml": picture.splitlines(True)}
        yield {"data": data, "execution_count": count, "metadata": {}, "output_type": "execute_result"}


@pytest.fixture(scope="module")
def found() -> list[list[Cell]]:
    """Return the outputs of all cells, run one after the other."""
    names: dict[str, Any] = {"__name__": "__main__"}
    return [list(outputs_of("".join(cell["source"]), names, number + 1)) for number, cell in enumerate(cells("code"))]


class TestNotebook:
    @pytest.mark.parametrize("place", range(len(cells("code"))), ids=lambda place: str(cells("code")[place]["id"]))
    def test_a_cell_shows_what_it_prints(self, found: list[list[Cell]], place: int) -> None:
        cell = cells("code")[place]
        assert cell["execution_count"] == place + 1
        assert same_outputs(found[place], cell["outputs"]), "if it is meant, run this file"

    def test_another_output_would_be_seen(self, found: list[list[Cell]]) -> None:
        shown = json.dumps(found[0])
        assert not same_outputs(found[0], json.loads(shown.replace("275 kcal", "276 kcal")))
        assert not same_outputs(found[0], [])

    def test_it_has_an_estimate_a_range_a_plot_and_a_table(self, found: list[list[Cell]]) -> None:
        shown = json.dumps(found)
        for part in ("kcal (198 to 381)", "image/svg+xml", "standard deviations", "kcal back"):
            assert part in shown, part

    def test_an_unknown_value_is_shown_as_such(self, found: list[list[Cell]]) -> None:
        assert "nan" in json.dumps(found)

    def test_it_is_small_and_has_the_form_of_version_4_5(self) -> None:
        text = NOTEBOOK.read_text(encoding="utf-8")
        notebook = json.loads(text)
        assert len(text.encode()) < LARGEST_BYTES
        assert (notebook["nbformat"], notebook["nbformat_minor"]) == (4, 5)
        names = [cell["id"] for cell in notebook["cells"]]
        assert len(names) == len(set(names))
        assert all(re.fullmatch(r"[a-zA-Z0-9_-]{1,64}", name) for name in names)

    def test_every_link_has_a_target(self) -> None:
        text = "\n\n".join("".join(cell["source"]) for cell in cells("markdown"))
        assert "](meaning.md" in text
        assert not dead_links(NOTEBOOK, text)


def same_outputs(found: list[Cell], shown: list[Cell]) -> bool:
    """Return whether outputs are the same, numbers in them to the last bits."""
    return same(json.dumps(found, sort_keys=True), json.dumps(shown, sort_keys=True))


def rewrite() -> None:
    """Write the outputs of now into the notebook."""
    notebook = json.loads(NOTEBOOK.read_text(encoding="utf-8"))
    names: dict[str, Any] = {"__name__": "__main__"}
    code = [cell for cell in notebook["cells"] if cell["cell_type"] == "code"]
    for number, cell in enumerate(code, start=1):
        cell["outputs"] = list(outputs_of("".join(cell["source"]), names, number))
        cell["execution_count"] = number
    NOTEBOOK.write_text(json.dumps(notebook, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


if __name__ == "__main__":
    rewrite()
