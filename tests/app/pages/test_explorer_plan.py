"""The plan of a session on the page."""

import pytest

from retrorun.models.evidence.cautions import FALL, LOAD_MEANING, WARNINGS
from tests.page.answers import answered, browsing, clock, rounded
from tests.page.browser import Explorer

pytestmark = browsing


class TestPlan:
    @pytest.fixture
    def plan(self, page: Explorer) -> Explorer:
        page.see("plan-figure")
        return page

    def test_the_plan_is_the_services(self, plan: Explorer) -> None:
        wish = {"body_mass_kg": 70, "goal": "most_energy", "duration_s": 1800, "speed_high_m_s": 12 / 3.6}
        wish |= {"backward_speed_high_m_s": 8 / 3.6, "limits": {"patellofemoral_impulse_per_bout_bw_s": 1500}}
        best = answered(plan, "/plan", wish)
        energy = best["totals"]["active_energy_kcal"]
        headline = best["summary"]["headline"]["text"]
        assert plan.text("plan-words").startswith(f"{headline} Energy, grade {energy['evidence']}. ")
        assert f"kcal active, grade {energy['evidence']}" in plan.text("plan-figure")
        for bout in best["bouts"]:
            assert f"{clock(bout['duration_s'])} min {bout['direction']} at " in plan.text("plan-words")
        label = str(plan.all("#plan-figure svg")[0].get_attribute("aria-label"))
        assert all(name in label for name in ("Best plan", "Only forward", "Only backward"))

    @pytest.mark.parametrize(
        ("field", "text"),
        [("planTime", "45"), ("planForward", "11"), ("planBackward", "7.5"), ("planCap", "1200"), ("planCap", "")],
    )
    def test_every_field_changes_the_plan(self, plan: Explorer, field: str, text: str) -> None:
        before = plan.text("plan-words")
        plan.type(field, text)
        assert plan.wait(lambda: plan.text("plan-words") != before)

    def test_a_time_is_needed_for_the_most_energy(self, plan: Explorer) -> None:
        plan.type("planTime", "")
        assert plan.text("planTime-error") == "Enter minutes or a time, for example 40, 40:00 or 1:10:00."
        plan.type("planTime", "30")
        assert plan.text("planTime-error") == ""

    def test_least_load_for_an_energy(self, plan: Explorer) -> None:
        plan.choose("goal", "least_load")
        plan.type("planEnergy", "250")
        assert plan.text("plan-error") == ""
        wish = {"body_mass_kg": 70, "goal": "least_load", "active_energy_kcal": 250, "duration_s": 1800}
        wish |= {"indicator": "patellofemoral_impulse_per_bout_bw_s", "speed_high_m_s": 12 / 3.6}
        best = answered(plan, "/plan", wish | {"backward_speed_high_m_s": 8 / 3.6})
        assert plan.text("plan-words").startswith(best["summary"]["headline"]["text"])
        for field in ("patellofemoral_impulse_per_bout_bw_s", "patellofemoral_peak_force_bw"):
            found = best["totals"]["load"][field]
            interval = f"({rounded(found['low'], found)} to {rounded(found['high'], found)}, grade {found['evidence']})"
            assert rounded(found["value"], found) in plan.text("plan-words")
            assert interval in plan.text("plan-words")
        minded = plan.text("plan-warnings")
        assert all(WARNINGS[code]["message"] in minded for code in (LOAD_MEANING, FALL))
        assert not plan.one("planCap-field").is_displayed()


class TestPlanErrors:
    def test_an_error_of_the_plan_is_shown_beside_its_field(self, refused: Explorer) -> None:
        refused.see("plan-figure")
        refused.type("planBackward", "60")
        assert refused.text("planBackward-error") == "Give a number from 0.8 to 28.8 km/h."
        assert not refused.one("plan-figure").is_displayed()
