"""What the tables measured of each claim: the numbers of the validation, and a verdict that fits the finding."""

import re
from pathlib import Path
from typing import cast, get_args

import pytest

from retrorun.models.evidence import claim_studies
from retrorun.models.evidence.claim_studies import (
    EFFECTS,
    VERDICTS,
    WITHOUT_EFFECT,
    Verdict,
    reference_of,
    studies_of,
    without_number,
)
from retrorun.models.evidence.claims import CLAIMS, Claim
from retrorun.models.sources.references import REFERENCES
from retrorun.models.sources.tables import TableName, table
from retrorun.models.validation.validation import validation

DRAWN = sorted(EFFECTS)


def compared(indicator: str, tables: set[str], gaits: set[str]) -> set[tuple[str, float]]:
    """Return study and measured ratio of each comparison of one quantity."""
    return {
        (reference_of(each["study"]), round(each["measured"], 3))
        for each in validation(indicator=indicator)["comparisons"]
        if each["table"] in tables and each["gait"] in gaits
    }


class TestStudies:
    @pytest.mark.parametrize(
        ("claim", "indicator", "tables", "gaits"),
        [
            ("uplift_equal_speed", "total_energy", {"ratios"}, {"run"}),
            ("burns_double", "total_energy", {"ratios"}, {"run", "walk"}),
            ("hundred_steps", "total_energy", {"ratios"}, {"run", "walk"}),
            ("knee_cap_load", "patellofemoral_peak_force", {"load"}, {"run"}),
            ("impact", "peak_vertical_force", {"load"}, {"run"}),
        ],
    )
    def test_each_is_a_measurement_that_the_validation_compares(
        self, claim: str, indicator: str, tables: set[str], gaits: set[str]
    ) -> None:
        found = {(study["reference"], round(study["effect"], 3)) for study in studies_of(claim)}
        assert found == compared(indicator, tables, gaits)
        assert found

    def test_people_and_speed_are_those_of_the_tables(self) -> None:
        for claim in DRAWN:
            for study in studies_of(claim):
                rows = [
                    row
                    for name in ("ratios", "load")
                    for row in table(name)
                    if row["study"].replace(" ", "").startswith(study["study"].replace(" ", ""))
                ]
                assert str(study["people"]) in {row["n"] for row in rows}
                for speed in re.findall(r"[\d.]+", study["speed"]):
                    assert any(speed in row["speed_m_s"] + row.get("note", "") for row in rows), study

    def test_speeds_that_were_not_matched_are_no_effect(self) -> None:
        """The numbers of Flynn, 3.0 against 5.6 body weights, were measured at different speeds."""
        assert {row["study"] for row in table("load") if "Flynn" in row["study"]}
        drawn = {study["reference"] for claim in CLAIMS for study in studies_of(claim["id"])}
        assert "flynn1995" not in drawn
        assert studies_of("knee_cap_numbers") == []

    def test_at_equal_heart_rate_nothing_is_drawn(self) -> None:
        """The ratios are derived from lines, and our constants are made from them: no measurement to compare with."""
        assert studies_of("uplift_equal_effort") == []
        assert "lines of heart rate" in WITHOUT_EFFECT["uplift_equal_effort"]
        assert WITHOUT_EFFECT.keys() <= {claim["id"] for claim in CLAIMS} - EFFECTS.keys()

    def test_at_equal_heart_rate_the_finding_has_the_numbers_of_the_page(self) -> None:
        page = (Path(__file__).parents[3] / "docs" / "evidence.md").read_text(encoding="utf-8")
        (williford,) = re.findall(
            r"Williford 1998 \| walk and run mixed \| (\d+) \| ([\d., ]+) at ([\d, ]+) beats", page
        )
        (kim,) = re.findall(r"Kim & Choi 2001 \| walk \| (\d+) \| (0\.\d+ to 0\.\d+) \|", page)
        ratios, beats = (each.split(", ") for each in williford[1:])
        (finding,) = (claim["finding"] for claim in CLAIMS if claim["id"] == "uplift_equal_effort")
        span = f"{float(ratios[0]):.2f} to {float(ratios[-1]):.2f} times forward from {beats[0]} to {beats[-1]} beats"
        for words in (span, f"{williford[0]} people, walking and running mixed", f"{kim[1]} times", f"{kim[0]} people"):
            assert words in finding

    def test_every_effect_is_made_of_cells_of_its_study(self) -> None:
        """A constant of ours is no measurement of a study, even if it was made from some."""
        for claim in DRAWN:
            for study in studies_of(claim):
                cells = [
                    float(row[column])
                    for name, column in (("ratios", "ratio_backward_forward"), ("load", "mean"))
                    for row in table(cast(TableName, name))
                    if row["study"].replace(" ", "").startswith(study["study"].replace(" ", ""))
                ]
                found = [*cells, *(one / other for one in cells for other in cells), *(1 + one / 100 for one in cells)]
                assert any(study["effect"] == pytest.approx(each, abs=5e-4) for each in found), (claim, study)

    def test_a_speed_that_nobody_printed_is_said_to_be_unknown(self) -> None:
        by_study = {study["study"]: study["speed"] for study in studies_of("burns_double")}
        assert by_study["Masumoto & Mercer 2023"] == "speed not known"
        assert by_study["Wright & Weyand 2001"] == "1.75 to 3.50 m/s"
        assert studies_of("impact")[0]["speed"] == "mean over 0.83 to 4.72 m/s"
        assert {study["reference"]: study["speed"] for study in studies_of("knee_cap_load")}["ren2015"] == (
            "speed not known"
        )

    @pytest.mark.parametrize("claim", ["knee_cap_load", "impact"])
    def test_a_speed_of_another_source_is_shown_as_secondary(self, claim: str) -> None:
        """The speeds of Roos 2012 are those of docs/evidence.md, from a press report."""
        by_study = {study["reference"]: study["speed"] for study in studies_of(claim)}
        assert by_study["roos2012"] == "2.8 to 3.4 m/s, secondary source"

    def test_a_slope_is_named_where_it_was_not_level(self) -> None:
        slopes = {study["reference"]: study.get("slope") for study in studies_of("burns_double")}
        assert slopes["rasica2020"] == "slope 0 to 25 %"
        assert slopes["korean_walking"] == "slope 2.5 to 12.5 %"
        assert slopes["williford1998"] is None

    def test_a_study_without_people_has_no_number_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = tuple(row | {"n": ""} for row in table("ratios"))
        monkeypatch.setattr(claim_studies, "table", lambda _: rows)
        assert all("people" not in study for study in studies_of("uplift_equal_speed"))

    def test_every_study_is_among_the_sources_of_its_claim(self) -> None:
        for claim in CLAIMS:
            found = studies_of(claim["id"])
            assert {study["reference"] for study in found} <= REFERENCES.keys()
            assert bool(found) == (claim["id"] in EFFECTS)
            assert {study["reference"] for study in found} <= set(claim["sources"]), claim["id"]
            assert set(without_number(claim["id"])) <= set(claim["sources"])

    def test_a_change_of_a_cell_changes_the_effect(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = tuple(row | {"ratio_backward_forward": "2"} for row in table("ratios"))
        monkeypatch.setattr(claim_studies, "table", lambda _: rows)
        assert {study["effect"] for study in studies_of("uplift_equal_speed")} == {2.0}


class TestVerdicts:
    def test_every_claim_has_one(self) -> None:
        assert VERDICTS.keys() == {claim["id"] for claim in CLAIMS}
        assert set(VERDICTS.values()) == set(get_args(Verdict))

    @pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim["id"])
    def test_it_fits_the_finding_and_the_grade(self, claim: Claim) -> None:
        verdict, finding = VERDICTS[claim["id"]], claim["finding"]
        assert (verdict == "not supported") >= finding.startswith("Not supported.")
        assert (verdict == "most studies support it") == finding.startswith("Most studies support it.")
        assert (verdict == "not measured") == (not claim["sources"])
        if verdict == "not measured":
            assert claim["evidence"] == "none", "there is no measurement to grade"
        if verdict == "small studies support it":
            assert len(claim["sources"]) > 1
        if "contradicts it" in finding:
            assert verdict == "measurements contradict it"
        if verdict == "measurements contradict it":
            assert studies_of(claim["id"]), "something was measured going backward"
            assert claim["evidence"] != "D"
        if claim["evidence"] == "none":
            assert "support it" not in verdict

    def test_what_rests_on_few_people_says_so_where_it_may_be_said(self) -> None:
        allowed = {claim["id"]: claim["may_say"] for claim in CLAIMS}
        assert "4 people" in allowed["muscles"]
        assert "8 people" in allowed["economy"]
        assert "13 women" in allowed["economy"]
