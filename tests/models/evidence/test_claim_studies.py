"""What the tables measured of each claim: the numbers of the validation, and a verdict that fits the finding."""

import re
from typing import get_args

import pytest

from retrorun.models.evidence import claim_studies
from retrorun.models.evidence.claim_studies import EFFECTS, VERDICTS, Verdict, reference_of, studies_of, without_number
from retrorun.models.evidence.claims import CLAIMS, Claim
from retrorun.models.physiology.direction import HEART_RATE_RATIO
from retrorun.models.sources.references import REFERENCES
from retrorun.models.sources.tables import table
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

    def test_at_equal_heart_rate_a_study_of_each_gait_is_drawn(self) -> None:
        """Derived from the means of 13 people running and 20 walking."""
        found = studies_of("uplift_equal_effort")
        assert [(study["reference"], study["gait"], study["people"], study["effect"]) for study in found] == [
            ("williford1998", "run", 13, HEART_RATE_RATIO["run"]),
            ("kim2001", "walk", 20, HEART_RATE_RATIO["walk"]),
        ]
        assert all("heart rate" in study["speed"] for study in found)

    def test_a_speed_that_nobody_printed_is_said_to_be_unknown(self) -> None:
        by_study = {study["study"]: study["speed"] for study in studies_of("burns_double")}
        assert by_study["Masumoto & Mercer 2023"] == "speed not known"
        assert by_study["Wright & Weyand 2001"] == "1.75 to 3.50 m/s"
        assert studies_of("impact")[0]["speed"] == "mean over 0.83 to 4.72 m/s"

    def test_a_slope_is_named_where_it_was_not_level(self) -> None:
        slopes = {study["reference"]: study.get("slope") for study in studies_of("burns_double")}
        assert slopes["rasica2020"] == "slope 0 to 25 %"
        assert slopes["korean_walking"] == "slope 2.5 to 12.5 %"
        assert slopes["williford1998"] is None

    def test_a_study_without_people_has_no_number_of_them(self, monkeypatch: pytest.MonkeyPatch) -> None:
        rows = tuple(row | {"n": ""} for row in table("ratios"))
        monkeypatch.setattr(claim_studies, "table", lambda _: rows)
        assert all("people" not in study for study in studies_of("uplift_equal_speed"))

    def test_every_study_has_its_source_and_is_one_of_the_claim_or_of_its_table(self) -> None:
        for claim in CLAIMS:
            found = studies_of(claim["id"])
            assert {study["reference"] for study in found} <= REFERENCES.keys()
            assert bool(found) == (claim["id"] in EFFECTS)
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
        if "contradicts it" in finding:
            assert verdict == "measurements contradict it"
        if claim["evidence"] == "none":
            assert "support it" not in verdict
