"""The documentation is held to the service: its numbers are recomputed and its examples compared.

That its blocks run and its links lead somewhere is held by `tests/house/test_blocks.py`.

In a page, a fenced JSON block is a request or a list of them, and the table under it quotes the answers: one column
for each request after the columns of words and of field names. A table without a request quotes constants.
"""

import importlib
import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, Final, NamedTuple, get_args

import pytest

from retrorun.app.api.estimate import EstimateRequest
from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import WARNINGS, Kind
from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.physiology.energy import J_PER_KCAL
from retrorun.models.physiology.load import EVIDENCE_GRADES
from retrorun.models.vocabulary.answer import Load, Parts
from retrorun.models.vocabulary.choices import EvidenceGrade

HOUSE: Final = Path(__file__).parents[2]
DOCS: Final = HOUSE / "docs"
MEANING: Final = DOCS / "meaning.md"
PLATFORMS: Final = DOCS / "platforms.md"
EXAMPLES: Final = sorted((DOCS / "examples").glob("*.json"))

BOUT: Final = {"body_mass_kg": 70, "speed_m_s": 2.5, "duration_s": 1200}
"""The bout of every platform example."""

FORBIDDEN: Final = re.compile(
    r"\bsafe(r|st|ly)?\b|pain[- ]free|painless|low(er)?[- ]impact|(reduc|prevent|lower)\w* (the )?(risk of )?injur",
    re.IGNORECASE,
)
"""Words that no page may use of going backward, not even to forbid them: other words say what not to claim."""


def named(path: Path) -> str:
    return path.relative_to(HOUSE).as_posix()


def look(tree: object, path: str) -> Any:
    """Return what a dotted path leads to, or None where it is absent."""
    for key in path.split("."):
        if not isinstance(tree, dict) or key not in tree:
            return None
        tree = tree[key]
    return tree


def constant(path: str) -> Any:
    """Return a constant of `models` by its dotted path, through a dict if the path continues."""
    *module, name, gait = path.split(".") if path.rpartition(".")[2].islower() else [*path.split("."), ""]
    value = getattr(importlib.import_module(f"retrorun.{'.'.join(module)}"), name)
    rest = [gait] if gait else []
    return look(value, ".".join(rest)) if rest else value


def shown(field: Any, decimals: int) -> str:
    """Return a field of an answer as the pages write it."""
    if field is None:
        return "absent"
    if isinstance(field, str):
        return field
    if not isinstance(field, dict):
        return f"{field:.{decimals}f}"
    text = f"{field['low']:.{decimals}f} to {field['high']:.{decimals}f}"
    if "value" in field:
        value = f"{field['value']:.{decimals}f}"
        text = value if field["low"] == field["high"] else f"{value} ({text})"
    return f"{text}, {field['evidence']}" if "evidence" in field else text


def decimals_of(cell: str) -> int:
    number = re.match(r"-?\d+(?:\.(\d+))?", cell)
    return len(number[1] or "") if number else 0


class Quoted(NamedTuple):
    """One cell of a page that quotes the service."""

    place: str
    section: str
    field: str
    cell: str
    request: dict[str, Any] | None


def quoted(text: str) -> Iterator[Quoted]:
    """Yield every cell of a table whose second column names a field, with the request it belongs to."""
    section, fields = "", False
    requests: list[dict[str, Any]] = []
    block: list[str] | None = None
    for number, line in enumerate(text.splitlines(), start=1):
        if line.startswith("#"):
            section, requests = line, []
        elif line == "```json":
            block = []
        elif block is not None and line == "```":
            parsed = json.loads("\n".join(block))
            requests, block = parsed if isinstance(parsed, list) else [parsed], None
        elif block is not None:
            block.append(line)
        elif line.startswith("|"):
            cells = [cell.strip() for cell in line.strip("|").split("|")]
            if cells[1] in {"Field", "Where"}:
                fields = True
            elif fields and not cells[0].startswith("---"):
                answers: list[dict[str, Any] | None] = list(requests) or [None]
                for column, (request, cell) in enumerate(zip(answers, cells[2:], strict=True), start=1):
                    yield Quoted(f"line {number} answer {column}", section, cells[1].strip("`"), cell, request)
        else:
            fields = False


QUOTED: Final = list(quoted(MEANING.read_text(encoding="utf-8")))


class TestMeaning:
    def test_the_page_quotes_the_service_widely(self) -> None:
        assert len(QUOTED) > 80

    @pytest.mark.parametrize("quote", QUOTED, ids=lambda quote: quote.place)
    def test_every_cell_is_what_the_service_answers(self, quote: Quoted) -> None:
        """An answer is written as value (low to high), grade; rounded to the decimals of the cell."""
        if quote.request is None:
            expected = constant(quote.field)
        else:
            assert set(quote.request) <= set(EstimateRequest.__annotations__)
            expected = look(estimate(**quote.request), quote.field)
        assert quote.cell == shown(expected, decimals_of(quote.cell))

    def test_every_bold_number_is_in_a_table_of_its_section(self) -> None:
        for section in re.split(r"^(?=## )", MEANING.read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]:
            heading = section.splitlines()[0]
            numbers = {
                number for quote in QUOTED if quote.section == heading for number in re.findall(r"[\d.]+", quote.cell)
            }
            bold = re.findall(r"\*\*([\d.]+)\*\*", section)
            assert set(bold) <= numbers, (heading, set(bold) - numbers)

    def test_a_decimal_number_in_the_text_is_bold_or_from_the_literature(self) -> None:
        """A number of the service must not stand in the text unmarked, where nothing would recompute it."""
        text = MEANING.read_text(encoding="utf-8")
        prose = re.sub(r"^```.*?^```$|^\|.*?$|`[^`]*`|\*\*[\d.]+\*\*", "", text, flags=re.MULTILINE | re.DOTALL)
        asked = {"2.5", "3.0"}
        literature = {"1.30", "0.1", "1.43", "1.78", "12.5", "1.04", "1.11"}
        assert set(re.findall(r"\d+\.\d+", prose)) <= asked | literature

    def test_no_indicator_part_grade_or_kind_is_left_out(self) -> None:
        text = MEANING.read_text(encoding="utf-8")
        for word in (*Load.__annotations__, *Parts.__annotations__, *get_args(Kind)):
            assert f"`{word}`" in text, word
        for grade in get_args(EvidenceGrade):
            assert f"\n| {grade} | " in text, grade

    def test_the_text_on_grades_and_cautions_is_true(self) -> None:
        assert not any("A" in pair for gaits in EVIDENCE_GRADES.values() for pair in gaits.values())
        for request in (BOUT, {**BOUT, "equal": "heart_rate"}, {**BOUT, "speed_m_s": 1.2, "include": ["energy"]}):
            codes = {warning["code"] for warning in estimate(**request)["warnings"]}
            assert {"caution.novice", "caution.fall"} <= codes
        assert {code.split(".")[0] for code in WARNINGS} == set(get_args(Kind))

    def test_every_claim_is_on_the_page_with_its_grade(self) -> None:
        """In the order of the claims; injuries, which nothing here measures, come last."""
        part = MEANING.read_text(encoding="utf-8").partition("| Do not claim | Because |")[2].partition("\n\n")[0]
        rows = [line for line in part.splitlines() if line.startswith("| ") and "---" not in line]
        assert len(rows) == len(CLAIMS) + 1
        for claim, row in zip(CLAIMS, rows, strict=False):
            grades = re.findall(r"\(([A-D])\)", row)
            assert grades == ([] if claim["evidence"] == "none" else [claim["evidence"]]), (claim["id"], row)

    def test_a_changed_number_would_be_seen(self) -> None:
        quote = next(quote for quote in QUOTED if quote.field == "backward.total_energy_kcal")
        assert quote.request is not None
        answer = look(estimate(**{**quote.request, "body_mass_kg": 71}), quote.field)
        assert quote.cell != shown(answer, decimals_of(quote.cell))


class TestPages:
    @pytest.mark.parametrize("page", [*sorted(DOCS.rglob("*.md")), *EXAMPLES], ids=named)
    def test_no_page_uses_a_word_that_promises(self, page: Path) -> None:
        assert not (found := FORBIDDEN.search(page.read_text(encoding="utf-8"))), found

    @pytest.mark.parametrize(
        "claim", ["safe", "a safer way", "pain-free", "low impact", "lower-impact", "reduces injury risk"]
    )
    def test_such_words_would_be_seen(self, claim: str) -> None:
        assert FORBIDDEN.search(f"Going backward is {claim}.")

    def test_every_example_is_linked_and_every_field_of_ours_exists(self) -> None:
        text = PLATFORMS.read_text(encoding="utf-8")
        answer = estimate(**BOUT)  # type: ignore[arg-type]
        for example in EXAMPLES:
            assert f"(examples/{example.name})" in text
        ours = re.findall(r"^\| `([a-z_.]+)` \|", text, re.MULTILINE)
        assert len(ours) > 20
        for field in ours:
            assert look(answer, field) is not None, field


@pytest.fixture(name="backward")
def _backward() -> dict[str, Any]:
    return {**estimate(**BOUT)["backward"]}  # type: ignore[arg-type]


def example(name: str) -> Any:
    found = json.loads((DOCS / "examples" / f"{name}.json").read_text(encoding="utf-8"))
    if name != "fhir_observation":
        assert found["request"] == BOUT
        assert found["direction"] == "backward"
    return found


def seconds(start: str, end: str) -> float:
    return (datetime.fromisoformat(end) - datetime.fromisoformat(start)).total_seconds()


def sentence(text: str, backward: dict[str, Any]) -> None:
    """Hold the words of an example to the numbers: total with its interval, then active with its own."""
    total, active = backward["total_energy_kcal"], backward["active_energy_kcal"]
    assert f"total {total['value']:.0f} kcal ({total['low']:.0f} to {total['high']:.0f})" in text
    assert f"active {active['value']:.0f} kcal ({active['low']:.0f} to {active['high']:.0f})" in text
    assert "Estimated by RetroRun, not measured" in text
    assert "90 % interval for one person" in text


class TestHealthKit:
    def test_samples_are_those_of_the_answer(self, backward: dict[str, Any]) -> None:
        samples = {sample["type"].partition(".")[2]: sample for sample in example("healthkit")["samples"]}
        expected = {
            "activeEnergyBurned": ("kcal", round(backward["active_energy_kcal"]["value"], 1)),
            "basalEnergyBurned": ("kcal", round(backward["resting_energy_kcal"], 1)),
            "distanceWalkingRunning": ("m", backward["distance_m"]["value"]),
            "runningSpeed": ("m/s", backward["speed_m_s"]["value"]),
        }
        assert {name: (sample["unit"], sample["value"]) for name, sample in samples.items()} == expected
        assert all(seconds(sample["start"], sample["end"]) == BOUT["duration_s"] for sample in samples.values())

    def test_active_and_basal_make_the_total(self, backward: dict[str, Any]) -> None:
        samples = {sample["type"].partition(".")[2]: sample["value"] for sample in example("healthkit")["samples"]}
        total = samples["activeEnergyBurned"] + samples["basalEnergyBurned"]
        assert total == pytest.approx(backward["total_energy_kcal"]["value"], abs=0.1)

    def test_workout_keeps_direction_interval_and_apples_met(self, backward: dict[str, Any]) -> None:
        workout = example("healthkit")["workout"]
        metadata, active = workout["metadata"], backward["active_energy_kcal"]
        assert workout["activityType"] == "HKWorkoutActivityType.running"
        assert metadata["RetroRunDirection"] == "backward"
        assert metadata["RetroRunActiveEnergyLowKcal"] == round(active["low"], 1)
        assert metadata["RetroRunActiveEnergyHighKcal"] == round(active["high"], 1)
        kcal_kg_h = backward["metabolic_power_w_kg"]["value"] * 3600 / J_PER_KCAL
        assert metadata["HKMetadataKeyAverageMETs"] == {"unit": "kcal/(kg*hr)", "value": round(kcal_kg_h, 2)}
        # The page says that Apple's unit and our MET lie about 3 % apart.
        assert kcal_kg_h / backward["met"]["value"] == pytest.approx(1.03, abs=0.005)


class TestHealthConnect:
    def test_records_are_those_of_the_answer(self, backward: dict[str, Any]) -> None:
        records = {record["record"]: record for record in example("health_connect")["records"]}
        assert len(records) == len(example("health_connect")["records"])
        active = records["ActiveCaloriesBurnedRecord"]["energy"]["inKilocalories"]
        total = records["TotalCaloriesBurnedRecord"]["energy"]["inKilocalories"]
        assert active == round(backward["active_energy_kcal"]["value"], 1)
        assert total == round(backward["total_energy_kcal"]["value"], 1)
        assert total - active == pytest.approx(backward["resting_energy_kcal"], abs=0.1)
        assert records["DistanceRecord"]["distance"]["inMeters"] == backward["distance_m"]["value"]
        assert records["StepsRecord"]["count"] == round(backward["steps"]["value"])
        (speed,) = records["SpeedRecord"]["samples"]
        assert speed["speed"]["inMetersPerSecond"] == backward["speed_m_s"]["value"]
        (cadence,) = records["StepsCadenceRecord"]["samples"]
        assert cadence["rate"] == round(backward["cadence_steps_per_min"]["value"], 1)

    def test_session_says_what_it_is(self, backward: dict[str, Any]) -> None:
        for record in example("health_connect")["records"]:
            assert seconds(record["startTime"], record["endTime"]) == BOUT["duration_s"]
            assert record["metadata"]["recordingMethod"] == "RECORDING_METHOD_MANUAL_ENTRY"
            assert record["record"] != "BasalMetabolicRateRecord"
            if record["record"] == "ExerciseSessionRecord":
                assert record["exerciseType"] == "EXERCISE_TYPE_RUNNING"
                sentence(record["notes"], backward)


class TestGarminFit:
    def test_fields_are_those_of_the_answer(self, backward: dict[str, Any]) -> None:
        """Each raw number is the nearest one that the scale of its field allows; strides are half the steps."""
        fields = {field["name"]: field for field in example("garmin_fit")["fields"]}
        strides_per_min = backward["cadence_steps_per_min"]["value"] / 2
        expected = {
            "total_elapsed_time": backward["duration_s"],
            "total_timer_time": backward["duration_s"],
            "total_distance": backward["distance_m"]["value"],
            "total_strides": backward["steps"]["value"] / 2,
            "total_calories": backward["total_energy_kcal"]["value"],
            "avg_speed": backward["speed_m_s"]["value"],
            "enhanced_avg_speed": backward["speed_m_s"]["value"],
            "avg_running_cadence": strides_per_min // 1,
            "avg_fractional_cadence": strides_per_min % 1,
            "avg_stance_time": 1000 * backward["contact_time_s"]["value"],
        }
        assert set(fields) == set(expected) | {"sport", "sub_sport"}
        for name, value in expected.items():
            assert fields[name]["raw"] == round(value * fields[name]["scale"]), name
        assert (fields["sport"]["raw"], fields["sub_sport"]["raw"]) == (1, 1)

    def test_raw_numbers_are_whole_and_fit_their_type(self) -> None:
        """The largest number of a type means that the field is not there."""
        bits = {"enum": 8, "uint8": 8, "uint16": 16, "uint32": 32}
        numbers = [field["number"] for field in example("garmin_fit")["fields"]]
        assert numbers == sorted(set(numbers))
        for field in example("garmin_fit")["fields"]:
            assert isinstance(field["raw"], int)
            assert 0 <= field["raw"] < 2 ** bits[field["base_type"]] - 1

    def test_the_page_names_each_field_with_its_number(self) -> None:
        text = PLATFORMS.read_text(encoding="utf-8")
        for field in example("garmin_fit")["fields"]:
            assert re.search(rf"`{field['name']}` \({field['number']}\b", text), field["name"]


class TestStrava:
    def test_form_holds_only_what_can_be_set(self, backward: dict[str, Any]) -> None:
        found = example("strava")
        form = found["form"]
        assert (found["method"], found["path"]) == ("POST", "/api/v3/activities")
        assert set(form) <= {
            *("name", "sport_type", "start_date_local", "elapsed_time", "distance", "trainer", "commute"),
            "description",
        }
        assert form["sport_type"] == "Run"
        assert form["elapsed_time"] == backward["duration_s"]
        assert isinstance(form["elapsed_time"], int)
        assert form["distance"] == backward["distance_m"]["value"]
        sentence(form["description"], backward)


class TestFhir:
    def test_codes_and_units(self) -> None:
        found = example("fhir_observation")
        assert (found["resourceType"], found["status"]) == ("Observation", "final")
        (coding,) = found["code"]["coding"]
        assert coding == {
            "system": "http://loinc.org",
            "code": "55424-6",
            "display": "Calories burned in unspecified time Pedometer",
        }
        ((category,),) = [each["coding"] for each in found["category"]]
        assert category["code"] == "activity"
        text = json.dumps(found)
        assert "41981-2" not in text
        assert text.count('"unit"') == text.count('"system": "http://unitsofmeasure.org", "code": "kcal"')

    def test_numbers_are_those_of_the_answer(self, backward: dict[str, Any]) -> None:
        found = example("fhir_observation")
        interval, rest, total = found["component"]
        active = backward["active_energy_kcal"]
        assert found["valueQuantity"]["value"] == round(active["value"], 1)
        assert interval["valueRange"]["low"]["value"] == round(active["low"], 1)
        assert interval["valueRange"]["high"]["value"] == round(active["high"], 1)
        assert rest["valueQuantity"]["value"] == round(backward["resting_energy_kcal"], 1)
        assert total["valueQuantity"]["value"] == round(backward["total_energy_kcal"]["value"], 1)
        parts = found["valueQuantity"]["value"] + rest["valueQuantity"]["value"]
        assert parts == pytest.approx(total["valueQuantity"]["value"], abs=0.1)

    def test_it_says_who_estimated_what_from_what(self, backward: dict[str, Any]) -> None:
        found = example("fhir_observation")
        period = found["effectivePeriod"]
        assert seconds(period["start"], period["end"]) == BOUT["duration_s"]
        (device,) = found["contained"]
        assert found["device"]["reference"] == f"#{device['id']}"
        assert device["deviceName"][0]["name"] == "RetroRun"
        assert found["method"]["text"].startswith("Estimated by RetroRun")
        assert "rest excluded, estimated" in found["code"]["text"]
        for name, value in (("Body mass", "70 kg"), ("speed", "2.5 m/s"), ("duration", "1200 s")):
            assert f"{name} {value}" in found["derivedFrom"][0]["display"]
        sentence(found["note"][0]["text"], backward)
