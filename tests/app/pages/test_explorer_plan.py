"""The coach of a session on the page: short stretches backward, and the way there over four weeks."""

import json
import re
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest

from retrorun.models.evidence.cautions import FALL, LOAD_MEANING, WARNINGS
from tests.page.answers import answered, browsing, rounded, saved
from tests.page.browser import Explorer

pytestmark = browsing

IMPULSE = "patellofemoral_impulse_per_bout_bw_s"


def asked(page: Explorer) -> dict[str, Any]:
    """Return the request whose plan the page shows."""
    body: dict[str, Any] = json.loads(page.script("return document.getElementById('plan').dataset.shown"))
    return body


class TestPlan:
    @pytest.fixture
    def plan(self, page: Explorer) -> Explorer:
        """The page with a plan for the fastest speed backward of 8 km/h."""
        page.script("document.getElementById('plan').scrollIntoView()")
        page.type("planBackward", "8")
        page.see("plan-figure")
        return page

    def test_there_is_no_plan_before_the_fastest_speed_backward_is_given(self, page: Explorer) -> None:
        page.script("document.getElementById('plan').scrollIntoView()")
        page.wait(lambda: page.text("plan-words"))
        assert page.text("plan-words") == "Enter your fastest speed backward. Before that there is no plan."
        assert not [address for address, _ in page.requests() if address.endswith("/plan")]
        assert not page.one("plan-answer").is_displayed()

    def test_the_plan_is_the_services_and_in_the_readers_gait_and_speed(self, plan: Explorer) -> None:
        wish = asked(plan)
        assert wish["gait"] == "run"
        assert wish["speed_high_m_s"] == plan.body["speed_m_s"]
        assert wish["backward_speed_high_m_s"] == pytest.approx(8 / 3.6)
        assert wish["longest_backward_s"] == 60
        best = answered(plan, "/plan", wish)
        assert {bout["speed_m_s"] for bout in best["bouts"]} == {
            wish["speed_high_m_s"],
            wish["backward_speed_high_m_s"],
        }
        assert best["summary"]["headline"]["text"] in plan.text("plan-words")
        impulse = best["totals"]["load"][IMPULSE]
        assert plan.text("plan-knee") == (
            f"{best['summary']['knee']['text']} Knee-cap impulse of the session: about "
            f"{rounded(impulse['value'], impulse)} BW·s ({rounded(impulse['low'], impulse)}–"
            f"{rounded(impulse['high'], impulse)}, grade {impulse['evidence']})."
        )
        safety = plan.text("plan-safety")
        assert all(WARNINGS[code]["message"] in safety for code in (LOAD_MEANING, FALL))
        above, below = (
            plan.script("return document.getElementById(arguments[0]).getBoundingClientRect().top", name)
            for name in ("plan-safety", "plan-words")
        )
        assert above < below

    @pytest.mark.parametrize("stretch", ["5", "20", "45", "1:30", "600"])
    @pytest.mark.parametrize("minutes", ["0:02:00", "20", "90"])
    def test_no_stretch_backward_is_longer_than_what_was_entered(
        self, plan: Explorer, stretch: str, minutes: str
    ) -> None:
        plan.choose("experience", "months")
        plan.type("planStretch", stretch)
        plan.type("planTime", minutes)
        wish = asked(plan)
        assert wish["longest_backward_s"] == {"1:30": 90}.get(stretch) or float(stretch)
        best = answered(plan, "/plan", wish)
        backward = [bout["duration_s"] for bout in best["bouts"] if bout["direction"] == "backward"]
        assert all(duration <= wish["longest_backward_s"] for duration in backward)
        rows = plan.script("return document.getElementById('plan-figure').rows")
        drawn = [row for row in rows[1:] if row[1] == "backward"]
        assert all(row[3] <= wish["longest_backward_s"] * (1 + 1e-9) for row in drawn) or len(drawn) == 240
        assert bool(drawn) == bool(backward)

    @pytest.mark.parametrize(
        ("field", "value", "name", "sent"),
        [
            ("experience", "months", "experience", "months"),
            ("place", "treadmill", "place", "treadmill"),
            ("planTime", "45", "duration_s", 2700),
            ("planStretch", "30", "longest_backward_s", 30),
            ("planBackward", "7", "backward_speed_high_m_s", pytest.approx(7 / 3.6)),
        ],
    )
    def test_every_field_changes_the_plan(
        self, plan: Explorer, field: str, value: str, name: str, sent: float | str
    ) -> None:
        (plan.choose if field in {"experience", "place"} else plan.type)(field, value)
        wish = asked(plan)
        assert wish[name] == sent

    @pytest.mark.parametrize(("choice", "share"), [("same", 1.0), ("half", 0.5)])
    def test_a_limit_is_in_minutes_of_the_usual_run(self, plan: Explorer, choice: str, share: float) -> None:
        plan.choose("planKnee", choice)
        plan.type("planUsual", "25")
        wish = asked(plan)
        usual = answered(
            plan,
            "/estimate",
            {"body_mass_kg": 70, "speed_m_s": plan.body["speed_m_s"], "duration_s": 1500, "view": "full"},
        )
        assert wish["limits"] == {IMPULSE: pytest.approx(share * usual["forward"]["load"][IMPULSE]["value"])}
        assert plan.text("planKnee-error") == ""

    def test_a_limit_that_is_unknown_says_so(self, page: Explorer) -> None:
        page.pick("gait", "walk")
        page.script("document.getElementById('plan').scrollIntoView()")
        page.type("planBackward", "4")
        page.wait(lambda: page.one("plan-answer").is_displayed())
        page.choose("planKnee", "same")
        assert page.text("planKnee-error") == "The knee-cap impulse of this run is unknown. Choose no limit."
        assert not page.one("plan-answer").is_displayed()

    def test_the_way_over_four_weeks_never_exceeds_the_plan(self, plan: Explorer) -> None:
        wish = asked(plan)
        best = answered(plan, "/plan", wish)
        rows = [row.text.replace("\u00a0", " ") for row in plan.all("#plan-weeks-table tbody tr")]
        assert [row.split(" × ")[0].split()[-1] for row in rows] == [str(week["times"]) for week in best["weeks"]]
        stretches = max(bout["times"] for bout in best["bouts"] if bout["direction"] == "backward")
        assert best["weeks"][0]["times"] <= best["weeks"][-1]["times"] <= stretches
        assert all("1:00 min backward at 7:30 /km, then 4:00 min forward at 5:30 /km" in row for row in rows)
        assert "grade D" in plan.text("plan-safety")

    def test_the_calendar_file_has_every_session(self, plan: Explorer, downloads: Path) -> None:
        wish = asked(plan)
        weeks = answered(plan, "/plan", wish)["weeks"]
        plan.script("document.getElementById('plan-start').value = '2027-03-01'")
        plan.one("plan-calendar").click()
        file = plan.wait(lambda: saved(downloads / "retrorun-weeks.ics"))
        assert all(len(line) <= 75 for line in file.split(b"\r\n"))
        assert b"\n" not in file.replace(b"\r\n", b"")
        text = file.replace(b"\r\n ", b"").decode().replace("\u00a0", " ")
        days = re.findall(r"DTSTART;VALUE=DATE:(\d{8})", text)
        first = date(2027, 3, 1)
        assert days[0] == "20270301"
        assert len(days) == sum(week["sessions"] for week in weeks) == len(set(re.findall("UID:(.*)", text)))
        assert days[-1] < (first + timedelta(weeks=4)).strftime("%Y%m%d")
        assert text.count("6 × 1:00 min backward at 7:30 /km\\, then") == weeks[-1]["sessions"]
        assert "Going backward adds a risk of falling." in text
        assert "mass" not in text
        assert text.startswith("BEGIN:VCALENDAR\r\nVERSION:2.0\r\n")
        assert text.endswith("END:VCALENDAR\r\n")

    def test_the_four_weeks_print_alone(self, plan: Explorer) -> None:
        plan.script("window.print = () => {}; document.getElementById('plan-print').click()")
        plan.emulate((1360, 900), "light", "print")
        assert plan.one("plan-weeks").is_displayed()
        assert plan.one("plan-safety").is_displayed()
        assert not plan.one("headline").is_displayed()
        plan.script("dispatchEvent(new Event('afterprint'))")
        assert plan.one("headline").is_displayed()
        assert not plan.one("plan").is_displayed()
        plan.emulate((1360, 900), "light")

    def test_a_link_keeps_the_plan(self, plan: Explorer) -> None:
        plan.choose("experience", "weeks")
        plan.type("planStretch", "40")
        plan.wait(lambda: "plan_stretch=40s" in plan.fragment())
        wish, fragment = asked(plan), plan.fragment()
        plan.open(f"#{fragment}")
        plan.script("document.getElementById('plan').scrollIntoView()")
        plan.see("plan-figure")
        assert asked(plan) == wish


class TestPlanErrors:
    @pytest.mark.parametrize(
        ("field", "text", "error"),
        [
            ("planBackward", "60", "Give a number from 0.8 to 28.8 km/h."),
            ("planBackward", "fast", "Enter a number, for example 10.5."),
            ("planStretch", "2", "Give a number from 5 to 86400 s."),
            ("planStretch", "short", "Enter seconds or a time, for example 60 or 1:00."),
            ("planStretch", "100 m", "Enter seconds or a time, for example 60 or 1:00."),
            ("planTime", "", "Enter minutes or a time, for example 40, 40:00 or 1:10:00."),
        ],
    )
    def test_an_error_of_the_plan_is_shown_beside_its_field(
        self, refused: Explorer, field: str, text: str, error: str
    ) -> None:
        refused.script("document.getElementById('plan').scrollIntoView()")
        refused.type("planBackward", "8")
        refused.see("plan-figure")
        refused.type(field, text)
        assert refused.text(f"{field}-error") == error
        assert not refused.one("plan-answer").is_displayed()
        assert not refused.all("#plan-safety li")
