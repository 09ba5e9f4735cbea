"""The page of the evidence is held to the code: its studies to the tables, its numbers to GET /models."""

import math
import re
from pathlib import Path
from statistics import fmean
from typing import Any, Final, cast, get_args

import pytest

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.catalogue import catalogue
from retrorun.models.sources.references import REFERENCES
from retrorun.models.sources.tables import TableName, table
from retrorun.models.validation.pooling import WEAK_BOUND_RATIO
from retrorun.models.vocabulary.choices import DirectionModelName, Standing

HOUSE: Final = Path(__file__).parents[3]
PAGE: Final = HOUSE / "docs" / "evidence.md"
TEXT: Final = PAGE.read_text(encoding="utf-8")

SEEN: Final = {"10.1519/JSC.0000000000004626", "10.1016/j.gaitpost.2012.09.022"}
"""Seen beside their records, of studies without a row in a table."""

GONE: Final = re.compile(r"\bEVIDENCE section|\bEVIDENCE\.md\b|\bUPDATE\.md\b|\bnew_(energy|gait|load|ratios)\.csv\b")
"""How documents were cited that are not in this repository."""


def rows_under(*head: str) -> list[list[str]]:
    """Return the rows of every table of the page whose first column heads are these."""
    found, inside = [], False
    for line in TEXT.splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")] if line.startswith("|") else []
        if cells[: len(head)] == list(head):
            inside = True
        elif not cells:
            inside = False
        elif inside and not cells[0].startswith("---"):
            found.append(cells)
    return found


NUMBERS: Final = rows_under("What", "Name", "Value")
STUDIES: Final = rows_under("Study", "Gait", "People", "Speed, m/s")


class TestNumbers:
    def test_the_page_holds_numbers_of_every_kind(self) -> None:
        groups = {row[1].strip("`").partition(".")[0] for row in NUMBERS}
        assert groups == {"direction", "uncertainty", "energy", "gait", "load"}
        assert len(NUMBERS) > 40

    @pytest.mark.parametrize("row", NUMBERS, ids=lambda row: row[1].strip("`"))
    def test_every_number_is_that_of_the_code(self, row: list[str]) -> None:
        """Rounded to the decimals of its cell."""
        known = {entry["name"]: entry for entry in catalogue()["constants"]}
        entry = known[row[1].strip("`")]
        decimals = len(row[2].partition(".")[2])
        assert row[2] == f"{entry['number']:.{decimals}f}"
        if len(row) > 3 and row[3] != "the same":
            assert row[3].startswith(entry["standing"]), "the standing of the page is that of GET /models"


class TestStudies:
    def test_the_studies_of_the_ratio_are_the_rows_of_the_table(self) -> None:
        stated = [(row[0], row[1], row[5], row[7]) for row in STUDIES]
        expected = [
            (
                row["study"],
                row["gait"],
                f"{float(row['ratio_backward_forward']):.3f}".rstrip("0").ljust(4, "0"),
                doi_of(row),
            )
            for row in table("ratios")
        ]
        assert sorted(stated) == sorted((names(study), *rest) for study, *rest in expected)
        assert [row[2] for row in STUDIES] == [row["n"] for row in sorted_as_stated()]

    def test_the_people_that_the_ratio_rests_on(self) -> None:
        (ran, most_ran), (walked, most_walked) = (
            (min(people), max(people))
            for people in (
                [int(row["n"]) for row in table("ratios") if row["gait"] == gait] for gait in ("run", "walk")
            )
        )
        said = f"studies of {ran} to {most_ran} people running and of {walked} to {most_walked} walking"
        for page in (PAGE, PAGE.with_name("meaning.md")):
            assert said in " ".join(page.read_text(encoding="utf-8").split()), page.name

    def test_the_choice_of_a_ratio_changes_the_answer(self) -> None:
        documented, pooled = (
            estimate(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0, direction_model=model)["backward"]
            for model in get_args(DirectionModelName)
        )
        said = " by `documented` and ".join(
            f"{way['total_energy_kcal']['value']:.1f}{kcal}" for way, kcal in ((documented, " kcal"), (pooled, ""))
        )
        assert f"{said} by `pooled`" in " ".join(TEXT.split())

    def test_who_prints_a_standard_error_is_said_as_it_is(self) -> None:
        basis = {row["study"]: row["se_basis"] for row in table("ratios") if row["gait"] == "run"}
        printed = [study for study, words in basis.items() if "SEM" in words]
        assert printed == ["Wright & Weyand 2001"]
        assert "only Wright & Weyand print a standard error" in " ".join(TEXT.split())
        assert [row["study"] for row in table("ratios") if row["gait"] == "run" and not row["se_log"]] == [
            "Rasica 2020"
        ]

    def test_the_fit_that_a_weak_bound_would_make(self) -> None:
        logs = [math.log(float(row["ratio_backward_forward"])) for row in table("ratios") if row["gait"] == "run"]
        mean = math.exp(fmean([*logs, math.log(WEAK_BOUND_RATIO)]))
        assert f"the mean would be {mean:.2f}" in TEXT


def names(study: str) -> str:
    """Return a study as the page names it: without the part in brackets, which is in the text."""
    return study.partition(" (")[0]


def doi_of(row: dict[str, str]) -> str:
    return row["doi"] if row["doi_checked"] == "yes" else ""


def sorted_as_stated() -> list[dict[str, str]]:
    order = [(row[0], row[1]) for row in STUDIES]
    return sorted(table("ratios"), key=lambda row: order.index((names(row["study"]), row["gait"])))


class TestPage:
    def test_a_doi_is_printed_only_where_it_was_seen(self) -> None:
        checked = {
            row["doi"] for name in get_args(TableName) for row in table(cast(Any, name)) if row["doi_checked"] == "yes"
        }
        listed = {reference["doi"] for reference in REFERENCES.values() if "doi" in reference}
        printed = set(re.findall(r"\b10\.\d{4,}/[^\s|,;)]+", TEXT))
        assert len(printed) > 20
        assert printed <= checked | listed | SEEN

    def test_every_standing_is_explained(self) -> None:
        assert [row[0] for row in rows_under("Standing", "Means")] == list(get_args(Standing))

    def test_each_part_says_what_would_change_its_answer(self) -> None:
        parts = re.split(r"^## ", TEXT, flags=re.MULTILINE)[1:]
        answering = [part for part in parts if "| Name |" in part.replace("| What | Name", "| Name |")]
        assert len(answering) == 9
        for part in answering:
            assert "*What would change this answer:*" in part, part.splitlines()[0]

    def test_no_text_cites_a_document_that_is_not_here(self) -> None:
        folders = [HOUSE / name for name in ("app", "benchmarks", "deploy", "docs", "models", "robustness", "tests")]
        files = [
            path for folder in folders for path in folder.rglob("*") if path.suffix in {".py", ".md", ".js", ".csv"}
        ]
        for path in [*files, *HOUSE.glob("*.md")]:
            if path != Path(__file__) and "node_modules" not in path.parts:
                assert not (found := GONE.search(path.read_text(encoding="utf-8"))), (path, found)

    def test_every_section_that_is_cited_exists(self) -> None:
        headings = set(re.findall(r"^## (.+)$", TEXT, flags=re.MULTILINE))
        slugs = {re.sub(r"[^a-z0-9 -]", "", heading.lower()).replace(" ", "-") for heading in headings}
        for path in [*(HOUSE / "models").rglob("*.py"), *(HOUSE / "tests").glob("*.py")]:
            for slug in re.findall(r"docs/evidence\.md#([a-z0-9-]+)", path.read_text(encoding="utf-8")):
                assert slug in slugs, (path, slug)
