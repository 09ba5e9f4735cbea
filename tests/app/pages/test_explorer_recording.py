"""The recording on the page."""

import json
import math
from pathlib import Path

import pytest

from retrorun.models.evidence.cautions import FALL, LOAD_MEANING, WARNINGS
from tests.page.answers import SERVICE, browsing, rounded
from tests.page.browser import Explorer

pytestmark = browsing


class TestTrack:
    @pytest.mark.parametrize("name", ["run.fit", "walk.tcx"])
    def test_a_recording_is_summed_up_and_drawn(self, page: Explorer, recordings: Path, name: str) -> None:
        path = recordings / name
        page.open()
        page.one("file").send_keys(str(path))
        words = page.wait(lambda: page.text("track-words") if " kcal" in page.text("track-words") else "")
        said = {"body_mass_kg": 70, "direction_model": "documented", "interval": 0.9}
        response = SERVICE.post(
            f"{page.url}/workout/track", files={"file": path.read_bytes()}, data={"request": json.dumps(said)}
        )
        answer = response.json()
        energy, ratio = answer["totals"]["total_energy_kcal"], answer["ratio"]["total_energy"]
        grades = f"Energy, grade {energy['evidence']}. Ratio, grade {ratio['evidence']}."
        assert words.endswith(f"{answer['summary']['headline']['text']} {grades}")
        assert f"{answer['track']['points']} points" in page.text("track-report")
        impulses = [
            answer[way]["load"]["patellofemoral_impulse_per_bout_bw_s"]
            for way in ("totals", "reversed")
            if "patellofemoral_impulse_per_bout_bw_s" in answer[way]["load"]
        ]
        assert len(impulses) == (2 if name.endswith(".fit") else 0), "the other one is walked, and has none"
        assert bool(page.text("track-loads")) == bool(impulses)
        for impulse in impulses:
            assert f"{rounded(impulse['value'])} BW·s" in page.text("track-loads")
            share = f"covers the {math.floor(impulse['covered'] * 100)} % of the time where it is known"
            assert share in page.text("track-loads")
        minded = page.text("track-warnings")
        assert all(WARNINGS[code]["message"] in minded for code in (LOAD_MEANING, FALL))
        page.wait(lambda: page.all("#track-figure svg") and page.all("#slope-figure svg"))

    def test_the_backward_parts_can_be_entered(self, page: Explorer, recordings: Path) -> None:
        page.open()
        page.one("file").send_keys(str(recordings / "walk.tcx"))
        page.wait(lambda: " kcal" in page.text("track-words"))
        before = page.text("track-words")
        page.one("trackFrom").send_keys("1:00")
        page.one("trackTo").send_keys("3:00\t")
        page.wait(lambda: " kcal" in page.text("track-words") and page.text("track-words") != before)

    def test_another_body_is_another_answer(self, page: Explorer, recordings: Path) -> None:
        page.open()
        page.one("file").send_keys(str(recordings / "walk.tcx"))
        before = page.wait(lambda: page.text("track-words") if " kcal" in page.text("track-words") else "")
        page.one("trackFrom").send_keys("soon\t")
        assert page.text("track-error").startswith("Enter where backward begins")
        page.script("document.getElementById('trackFrom').value = ''")
        page.type("mass", "95")
        page.script("document.getElementById('span').focus()")
        page.wait(lambda: " kcal" in page.text("track-words") and page.text("track-words") != before)
        assert page.text("track-error") == ""

    def test_a_file_may_be_dropped(self, page: Explorer, recordings: Path) -> None:
        page.open()
        name = "walk.tcx"
        page.script(
            "const held = new DataTransfer();"
            "held.items.add(new File([arguments[0]], arguments[1]));"
            "const dropped = new DragEvent('drop', {dataTransfer: held, bubbles: true, cancelable: true});"
            "document.getElementById('drop').dispatchEvent(dropped)",
            (recordings / name).read_text(encoding="utf-8"),
            name,
        )
        page.wait(lambda: " kcal" in page.text("track-words"))


class TestTrackErrors:
    def test_a_file_of_another_kind_is_refused_in_words(self, refused: Explorer, tmp_path: Path) -> None:
        other = tmp_path / "notes.gpx"
        other.write_text("no recording")
        refused.one("file").send_keys(str(other))
        refused.wait(lambda: refused.text("track-error"))
        assert refused.text("track-words") == ""
