"""The run and its answer in a real browser: every control, every number against the service, links and errors."""

import re
from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from retrorun.models.sources.tables import table as studies
from retrorun.models.vocabulary.quantities import INPUTS
from tests.page.answers import UNREACHED, answered, assert_shows_the_answer, browsing, clock, rounded
from tests.page.browser import PHONE, Explorer

pytestmark = browsing


class TestAnswer:
    def test_a_new_user_reads_energy_and_knee_in_words(self, page: Explorer) -> None:
        page.type("move", "6:00")
        page.type("span", "45")
        asked = {"body_mass_kg": 70, "speed_m_s": 1000 / 360, "duration_s": 2700}
        answer = answered(page, "/estimate", asked)
        for name, sentence in (("lead", "headline"), ("knee", "knee"), ("summary-caution", "caution")):
            assert page.text(name) == answer["summary"][sentence]["text"]
        assert page.text("big") == page.text("tab-speed") == "+30 % energy"
        assert page.text("big-marks") == "grade B"
        assert page.text("range") == "−1 % to +70 %. This range aims at 9 in 10 people like those studied."
        energy = answer["backward"]["total_energy_kcal"]
        assert page.text("bar-energy") == f"{rounded(energy['value'], energy)} kcal"
        knee = answer["ratio"]["load"]["patellofemoral_peak_force"]["value"]
        assert page.text("bar-knee") == f"{round(100 * (1 - knee))} % less"

    def test_equal_speed_and_equal_effort_are_tabs_of_equal_rank(self, page: Explorer) -> None:
        equal = answered(page, "/estimate", page.body | {"equal": "metabolic_rate"})
        speed = equal["backward"]["speed_m_s"]
        pace = f"{clock(1000 / speed['value'])} /km"
        assert page.text("tab-effort") == pace
        page.pick("compare", "effort")
        assert page.body["equal"] == "metabolic_rate"
        assert page.text("big") == page.text("bar-move") == pace
        assert page.text("big-marks") == "grade C"
        assert page.text("tab-speed") == "+30 % energy"
        ends = f"{clock(1000 / speed['high'])} to {clock(1000 / speed['low'])} /km"
        assert page.text("range").startswith(f"{ends}. ")
        # The sentence has the same numbers as the rest of the card: not rounded twice.
        assert f"about {pace} backward ({ends}), 27 % slower" in page.text("lead")
        assert page.one("effort-field").is_displayed()
        page.pick("compare", "speed")
        assert page.body["equal"] == "speed"
        assert not page.one("effort-field").is_displayed()

    @pytest.mark.parametrize(
        ("part", "fields"),
        [
            (
                "knee",
                [
                    "patellofemoral_peak_force_bw",
                    "patellofemoral_impulse_per_km_bw_s",
                    "patellofemoral_impulse_per_bout_bw_s",
                ],
            ),
            ("calf", ["achilles_relative_load"]),
            ("body", ["peak_vertical_force_bw", "energy_per_km_kcal", "total_energy_kcal"]),
        ],
    )
    def test_each_part_of_the_body_by_step_kilometre_and_session(
        self, page: Explorer, part: str, fields: list[str]
    ) -> None:
        page.pick("part", part)
        answer = answered(page, "/estimate", page.body | {"view": "full"})
        rows = [row.text.replace("\n", " ") for row in page.all("#part tbody tr")]
        assert [row.split(" ")[1] for row in rows] == ["step", "km", "session"][: len(fields)]
        for row, field in zip(rows, fields, strict=True):
            for way in ("backward", "forward"):
                found = {**answer[way], **answer[way]["load"]}[field]
                assert rounded(found["low"], found) in row
                assert (rounded(found["value"], found) if "value" in found else "unknown") in row
                if "evidence" in found:
                    assert found["evidence"] in row or "value" not in found
        assert ("each km, Achilles load" in page.text("part-words")) == (part == "calf")

    def test_a_weak_number_is_paler_and_says_what_was_never_measured(self, page: Explorer) -> None:
        def opacity() -> float:
            return float(page.script("return getComputedStyle(document.getElementById('big')).opacity"))

        strong = opacity()
        page.type("grade", "-10")
        assert page.text("big-marks") == "grade Dnever measured backward downhill"
        assert opacity() < strong
        assert page.text("part-words").startswith("Unknown in both directions: each step, peak knee-cap force; each km")
        assert page.text("bar-knee") == "unknown"

    def test_short_times_stay_in_seconds(self, page: Explorer) -> None:
        page.type("grade", "5")
        warnings = page.text("warnings")
        assert "0:00" not in warnings
        assert re.search(r"0\.\d+ to 0\.\d+ s\b", warnings)

    def test_a_pace_that_nobody_goes_is_unknown(self, refused: Explorer) -> None:
        refused.type("grade", "-10")
        refused.pick("compare", "effort")
        for move in ("9:00", "10:00", "11:00", "12:00", "13:00"):
            refused.type("move", move)
            shown = refused.text("big") + refused.text("tab-effort") + refused.text("range")
            assert not re.search(r"\d:\d\d:\d\d", shown), shown
        assert "unknown" in shown
        slowest = refused.driver.execute_async_script(
            "import('./static/explorer/units.js').then(({SLOWEST_M_S}) => arguments[0](SLOWEST_M_S))"
        )
        assert slowest == INPUTS["speed_m_s"].low

    def test_walking_stands_beside_running(self, page: Explorer) -> None:
        page.pick("gait", "walk")
        assert page.body["gait"] == "walk"
        assert page.one("move").get_property("value") == "12:00"
        page.type("move", "11:00")
        page.pick("gait", "run")
        assert page.body["gait"] == "run"
        assert page.one("move").get_property("value") == "5:30"
        page.pick("gait", "walk")
        assert page.one("move").get_property("value") == "11:00"

    def test_the_speed_chooses_the_gait_until_the_reader_does(self, page: Explorer) -> None:
        page.type("move", "12:00")
        assert "gait" not in page.body
        assert page.script("return document.querySelector('input[name=gait]:checked').value") == "walk"
        page.pick("gait", "walk")
        assert page.body["gait"] == "walk"

    def test_one_line_says_what_is_unknown_about_walking(self, page: Explorer) -> None:
        page.pick("gait", "walk")
        page.see("load-figure")
        assert "Unknown in both directions: knee-cap impulse per km" in page.text("load-unknown")
        answer = answered(page, "/estimate", page.body | {"view": "full"})
        known = {name for way in ("forward", "backward") for name in answer[way]["load"]}
        drawn = {row[0] for row in page.script("return document.getElementById('load-figure').rows")[1:]}
        assert len(drawn) == len(known) == 3

    def test_the_first_view_is_an_answer(self, page: Explorer) -> None:
        assert_shows_the_answer(page)
        assert page.body["body_mass_kg"] == 70

    @pytest.mark.parametrize(
        ("equal", "big"),
        [
            ("speed", r"\+30 % energy"),
            ("heart_rate", r"−17 % energy"),
            ("perceived_exertion", r"−17 % energy"),
            ("metabolic_rate", r"7:35 /km"),
        ],
    )
    def test_the_equal_quantity_changes_the_answer(self, page: Explorer, equal: str, big: str) -> None:
        page.compare(equal)
        assert page.body["equal"] == equal
        assert re.fullmatch(big, page.text("big"))
        answer = assert_shows_the_answer(page)
        assert ("speed_m_s" in answer["backward"]) == (equal not in {"heart_rate", "perceived_exertion"})
        assert page.text("equal-words")

    @pytest.mark.parametrize(
        ("equal", "said"), [("heart_rate", "at the same heart rate"), ("perceived_exertion", "at the same felt effort")]
    )
    def test_an_equal_effort_is_named(self, page: Explorer, equal: str, said: str) -> None:
        page.compare(equal)
        assert page.text("lead").startswith("A weak estimate: about ")
        assert said in page.text("lead")
        assert page.text("lead").endswith(" The backward speed is unknown.")
        assert page.text("bar-move") == "unknown"
        assert page.text("big-marks").startswith("grade D")
        assert page.text("range").endswith(". This range aims at 9 in 10 people like those studied.")
        assert "The ratio rests on two studies of 13 and 20 people." in page.text("interval-words")

    @pytest.mark.parametrize(("gait", "pace"), [("run", "5:30"), ("walk", "12:00")])
    def test_it_says_how_many_people_the_ratio_rests_on(self, page: Explorer, gait: str, pace: str) -> None:
        page.type("move", pace)
        people = [int(row["n"]) for row in studies("ratios") if row["gait"] == gait]
        said = f"The ratio rests on studies of {min(people)} to {max(people)} people."
        assert said in page.text("interval-words")

    def test_a_half_is_rounded_up(self, page: Explorer) -> None:
        page.compare("speed")
        assert "1.08 1.00–1.16" in page.text("numbers")
        assert "1.07 1.00–1.16" not in page.text("numbers")

    def test_every_interval_is_an_aim(self, page: Explorer) -> None:
        assert page.script("return document.getElementById('interval').labels[0].textContent") == "Range aims at"
        options = page.script("return [...document.getElementById('interval').options].map((one) => one.text)")
        assert options == ["half of people", "8 in 10 people", "9 in 10 people", "19 in 20 people"]

    @pytest.mark.parametrize(
        ("field", "value"),
        [
            ("energy_model", "acsm"),
            ("energy_model", "leger1984"),
            ("energy_model", "minetti2002"),
            ("direction_model", "pooled"),
            ("interval", "0.5"),
            ("interval", "0.95"),
        ],
    )
    def test_every_choice_is_asked_for_and_shown(self, page: Explorer, field: str, value: str) -> None:
        page.choose(field, value)
        assert str(page.body[field]) == value
        assert_shows_the_answer(page)
        page.wait(lambda: f"{field}={value}" in page.fragment())

    @pytest.mark.parametrize(
        ("field", "text", "key", "value"),
        [
            ("mass", "82,5", "body_mass_kg", 82.5),
            ("move", "4:30", "speed_m_s", 1000 / 270),
            ("span", "1:10:00", "duration_s", 4200.0),
            ("span", "25", "duration_s", 1500.0),
            ("grade", "-3", "grade", -0.03),
        ],
    )
    def test_a_typed_value_is_requested(self, page: Explorer, field: str, text: str, key: str, value: float) -> None:
        page.type(field, text)
        assert page.body[key] == pytest.approx(value)
        assert_shows_the_answer(page)

    @pytest.mark.parametrize(
        ("field", "key"), [("mass", "body_mass_kg"), ("move", "speed_m_s"), ("span", "duration_s"), ("grade", "grade")]
    )
    def test_a_dragged_value_is_requested(self, page: Explorer, field: str, key: str) -> None:
        before = page.body.get(key, 0.0)
        page.one(f"{field}-slide").send_keys("\ue014" * 5)  # arrow to the right
        page.settle()
        assert page.body[key] > before
        assert_shows_the_answer(page)

    def test_speed_and_distance_may_be_given_instead(self, page: Explorer) -> None:
        before = page.body
        page.choose("moveBy", "speed")
        page.choose("spanBy", "distance")
        assert page.one("move").get_property("value") == "10.9"
        assert page.one("span").get_property("value") == "7.27"
        page.type("move", "12")
        page.type("span", "10")
        assert page.body["speed_m_s"] == pytest.approx(12 / 3.6)
        assert page.body["distance_m"] == 10_000
        assert "duration_s" not in page.body
        assert before["duration_s"] == 2400
        assert " km/h" in page.text("tab-effort")
        assert_shows_the_answer(page)

    def test_imperial_units_turn_what_is_typed_and_shown(self, page: Explorer) -> None:
        page.pick("units", "imperial")
        assert page.one("mass").get_property("value") == "154.3"
        assert page.one("move").get_property("value") == "8:51"
        assert page.body["body_mass_kg"] == pytest.approx(70, abs=0.03)
        assert page.body["speed_m_s"] == pytest.approx(1609.344 / 531)
        assert page.text("tab-effort").endswith(" /mi")
        assert "Each mile" in page.text("part")
        assert_shows_the_answer(page)
        page.pick("units", "metric")
        assert page.one("mass").get_property("value") == "70"

    @pytest.mark.parametrize(
        "fragment",
        ["time=40:00", "time=40:00&equal=metabolic_rate&axis=oxygen&grade=3percent", "time=40:00&equal=heart_rate"],
    )
    def test_with_miles_and_pounds_nothing_is_in_km_or_kg(
        self, page: Explorer, fragment: str, recordings: Path
    ) -> None:
        """Neither a text nor a name for screen readers, except in the code and the choice of units."""
        page.open(f"#v=1&mass=154lb&pace=8:51/mi&{fragment}")
        page.script("for (const part of document.querySelectorAll('details')) part.open = true")
        for figure in ("load-figure", "plan-figure"):
            page.script("document.getElementById(arguments[0]).scrollIntoView()", figure)
            page.settle()
        page.one("file").send_keys(str(recordings / "run.fit"))
        page.wait(lambda: " kcal" in page.text("track-words"))
        page.settle()
        for part in ("knee", "calf", "body"):
            page.pick("part", part)
            shown = page.script(
                "const skipped = 'pre, script, style, noscript, fieldset:has([name=units]), [hidden] *';"
                "const names = ['aria-label', 'title', 'aria-valuetext', 'placeholder'];"
                "return [...document.querySelectorAll('body *')].filter((node) => !node.closest(skipped))"
                ".flatMap((node) =>"
                "[...[...node.childNodes].filter(({nodeType}) => nodeType === 3).map(({data}) => data),"
                "...names.map((name) => node.getAttribute(name)).filter(Boolean)])"
            )
            assert len(shown) > 200
            metric = re.compile(r"\b(k[mg]|kilomet\w+|kilogram\w*|m/s|metres?)\b")
            assert not [text for text in shown if metric.search(text)]
        page.driver.get("about:blank")  # the recording would be sent again with each change

    def test_start_over_takes_everything_back(self, page: Explorer) -> None:
        page.type("mass", "90")
        page.compare("metabolic_rate")
        page.one("reset").click()
        page.settle()
        assert (page.body["body_mass_kg"], page.body["equal"]) == (70, "speed")

    def fields(self, page: Explorer) -> list[str]:
        """Return what every field has, choices and the fields of the plan too."""
        values: list[str] = page.script(
            "return [...document.querySelectorAll('input:not([type=file]), select')]"
            ".map((one) => ['radio', 'checkbox'].includes(one.type) ? String(one.checked) : one.value)"
        )
        return values

    def test_starting_over_can_be_undone_with_the_keyboard(self, page: Explorer) -> None:
        page.pick("units", "imperial")
        page.pick("compare", "effort")
        page.choose("moveBy", "speed")
        for field, text in {"mass": "180", "span": "1:10:00", "planTime": "33", "planBackward": "fast"}.items():
            page.type(field, text)
        page.pick("language", "python")
        before, body = self.fields(page), page.body
        page.one("reset").send_keys(Keys.ENTER)
        page.settle()
        assert page.body["body_mass_kg"] == 70
        assert page.text("said") == "Started over. Undo"
        assert page.one("said").get_attribute("role") == "status"
        page.driver.switch_to.active_element.send_keys(Keys.TAB)
        undo = page.driver.switch_to.active_element
        assert undo.text == "Undo"
        undo.send_keys(Keys.ENTER)
        page.settle()
        assert self.fields(page) == before
        assert page.body == body
        assert page.script("return document.activeElement.id") == "reset"
        assert page.text("said") == "Undone."

    def test_with_nothing_changed_there_is_nothing_to_undo(self, page: Explorer) -> None:
        page.open()
        page.one("reset").click()
        page.settle()
        assert "Undo" not in page.text("said")


class TestFragment:
    def test_a_link_reproduces_the_view(self, page: Explorer) -> None:
        page.pick("units", "imperial")
        page.choose("moveBy", "speed")
        page.choose("spanBy", "distance")
        for field, text in {"mass": "180", "move": "7", "span": "6.2", "grade": "2"}.items():
            page.type(field, text)
        page.compare("metabolic_rate")
        page.pick("part", "body")
        page.choose("direction_model", "pooled")
        page.choose("interval", "0.8")
        page.pick("axis", "oxygen")
        page.wait(lambda: "axis=oxygen" in page.fragment())
        fragment, seen, body = page.fragment(), page.text("headline"), page.body
        assert body["body_mass_kg"] == pytest.approx(180 * 0.45359237, rel=1e-9)
        assert body["speed_m_s"] == pytest.approx(7 * 0.44704, rel=1e-9)
        assert fragment.startswith("v=1&mass=180lb&speed=7mph&distance=6.2mi&grade=2percent")
        page.open(f"#{fragment}")
        assert (page.text("headline"), page.body, page.fragment()) == (seen, body, fragment)

    def test_a_link_that_is_no_link_of_ours_shows_the_example(self, page: Explorer) -> None:
        for fragment in ("#v=9&mass=99kg", "#%E0%A4%A&equal=<b>&gait=fly&mass&&=&=="):
            page.open(fragment)
            assert page.body["body_mass_kg"] == 70
            assert_shows_the_answer(page)

    def test_an_edited_address_is_followed(self, page: Explorer) -> None:
        page.script("location.hash = '#v=1&mass=60kg&pace=7:00/mi&time=30:00'")
        page.wait(lambda: page.body["body_mass_kg"] == 60)
        page.settle()
        assert page.body["speed_m_s"] == pytest.approx(1609.344 / 420, rel=0.003)

    def test_the_back_button_goes_back(self, page: Explorer) -> None:
        page.type("mass", "71")
        page.wait(lambda: "mass=71kg" in page.fragment())
        page.script("location.hash = '#v=1&mass=60kg&pace=7:00/km&time=30:00'")
        page.wait(lambda: page.body["body_mass_kg"] == 60)
        page.settle()
        assert page.one("mass").get_property("value") == "60"  # though the caret is in it
        page.driver.back()
        page.wait(lambda: page.body["body_mass_kg"] == 71)
        page.settle()
        assert page.one("mass").get_property("value") == "71"

    def test_two_tabs_do_not_meddle(self, page: Explorer) -> None:
        page.type("mass", "66")
        first = page.driver.current_window_handle
        page.driver.switch_to.new_window("tab")
        try:
            page.load("/")
            assert page.body["body_mass_kg"] == 70
            page.type("mass", "88")
        finally:
            page.driver.close()
            page.driver.switch_to.window(first)
        page.type("span", "41")
        assert (page.body["body_mass_kg"], page.body["duration_s"]) == (66, 2460)

    def test_skipping_to_the_answer_keeps_the_run(self, page: Explorer) -> None:
        page.type("mass", "81")
        page.script("const skip = document.querySelector('.skip'); skip.focus(); skip.click()")
        page.wait(lambda: "mass=81kg" in page.fragment())
        page.settle()
        assert page.body["body_mass_kg"] == 81
        assert page.script("return document.activeElement.id") == "answer-heading"


class TestErrors:
    @pytest.mark.parametrize(
        ("field", "text", "error"),
        [
            ("mass", "12", "Give a number from 30 to 250 kg."),
            ("mass", "300", "Give a number from 30 to 250 kg."),
            ("mass", "heavy", "Enter a number, for example 70."),
            ("move", "0:30", "Give a pace from 2:05 to 1:23:20 /km."),
            ("move", "5:99", "Enter minutes and seconds, for example 5:30."),
            ("span", "", "Enter minutes or a time, for example 40, 40:00 or 1:10:00."),
            ("grade", "95", "Give a number from -50 % to 90 %."),
        ],
    )
    def test_an_error_is_shown_beside_its_field(self, refused: Explorer, field: str, text: str, error: str) -> None:
        seen = refused.text("numbers")
        refused.type(field, text)
        assert refused.text(f"{field}-error") == error
        assert refused.one(field).get_attribute("aria-invalid") == "true"
        assert field in str(refused.one(field).get_attribute("aria-describedby"))
        assert refused.text("numbers") == seen
        assert "stale" in str(
            refused.one("run").find_element("xpath", "..").find_element("xpath", "..").get_attribute("class")
        )
        refused.type(field, {"mass": "70", "move": "5:30", "span": "40", "grade": "0"}[field])
        assert refused.text(f"{field}-error") == ""
        assert refused.one(field).get_attribute("aria-invalid") is None

    def test_bounds_are_shown_in_the_readers_units(self, refused: Explorer) -> None:
        refused.pick("units", "imperial")
        refused.type("mass", "40")
        assert refused.text("mass-error") == "Give a number from 66.2 to 551.1 lb."

    def test_a_conflict_is_shown_beside_the_equation(self, refused: Explorer) -> None:
        refused.choose("energy_model", "leger1984")
        refused.type("move", "10:00")
        assert refused.text("energy_model-error").startswith("This equation is not for the gait walk")

    def test_a_bound_in_a_sentence_is_shown_in_the_readers_units(self, refused: Explorer) -> None:
        refused.pick("gait", "walk")
        refused.type("move", "5:30")
        assert refused.text("move-error") == "Walking is answered up to 5:34 /km; set gait to run."
        refused.pick("units", "imperial")
        assert refused.text("move-error") == "Walking is answered up to 8:57 /mi; set gait to run."

    def test_a_computed_distance_out_of_bounds_is_named(self, refused: Explorer) -> None:
        refused.choose("moveBy", "speed")
        refused.type("move", "28")
        refused.type("span", "20:00:00")
        assert refused.text("span-error") == "Duration and speed give a distance outside 0.01 to 500 km."

    def test_an_error_in_a_folded_part_unfolds_it(self, refused: Explorer) -> None:
        refused.load("/#v=1&mass=70kg&pace=5:30/km&time=40:00", size=PHONE)
        refused.choose("energy_model", "leger1984")
        assert not refused.one("energy_model-error").is_displayed()
        refused.type("move", "10:00")
        assert refused.text("energy_model-error")
        assert refused.one("energy_model-error").is_displayed()

    def test_a_link_that_cannot_be_answered_still_shows_the_page(self, refused: Explorer) -> None:
        refused.load("/#v=1&mass=300kg&speed=0.1km/h&time=&grade=NaNpercent")
        assert refused.text("big") == "No answer yet"
        assert [refused.text(f"{field}-error") != "" for field in ("mass", "move", "span", "grade")] == [
            False,
            False,
            True,
            True,
        ]  # what cannot be read comes first; what is out of range needs the service
        refused.type("span", "40")
        refused.type("grade", "0")
        assert [refused.text(f"{field}-error") for field in ("mass", "move")] == [
            "Give a number from 30 to 250 kg.",
            "Give a number from 0.8 to 28.8 km/h.",
        ]
        refused.type("mass", "70")
        refused.type("move", "10")
        assert_shows_the_answer(refused)
        assert refused.all("#energy-figure svg")
        assert refused.all("#curve-figure svg")

    def test_a_speed_without_equivalent_says_so(self, refused: Explorer) -> None:
        refused.compare("metabolic_rate")
        refused.pick("gait", "run")
        refused.type("move", "25:00")
        assert refused.text("big") == refused.text("tab-effort") == "unknown"
        assert "too slow to find a backward speed" in refused.text("lead")
        assert "too slow" in refused.text("move-error")
        refused.compare("speed")
        assert refused.text("big") == "+30 % energy"
        assert refused.text("tab-effort") == "unknown"

    def test_an_unreachable_service_gives_a_message(self, refused: Explorer) -> None:
        refused.devtools(
            "Network.emulateNetworkConditions", offline=True, latency=0, downloadThroughput=0, uploadThroughput=0
        )
        try:
            refused.type("mass", "71")
            assert refused.text("whole-error") == UNREACHED
        finally:
            refused.devtools(
                "Network.emulateNetworkConditions", offline=False, latency=0, downloadThroughput=-1, uploadThroughput=-1
            )
        refused.type("mass", "72")
        assert refused.text("whole-error") == ""
