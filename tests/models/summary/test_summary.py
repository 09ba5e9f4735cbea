"""The sentences of an answer: their numbers, their words, and their translation by code."""

import re
from string import Formatter
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import WARNINGS
from retrorun.models.evidence.views import answer_in_view, estimate_in_view
from retrorun.models.plan.plan import plan
from retrorun.models.solve.solve import solve
from retrorun.models.summary.rounding import rounded
from retrorun.models.summary.summary import CAUTION_BY_WARNING, UNKNOWN_BY_WARNING, change, percent_of
from retrorun.models.summary.texts import KNEE, PARAMETERS, TEXTS, WEAK
from retrorun.models.vocabulary.choices import IMPULSE, SECTIONS
from retrorun.models.workout.workout import workout

Answer = dict[str, Any]

BOUT: Answer = {"body_mass_kg": 70.0, "speed_m_s": 2.5, "duration_s": 1200.0}
RUN: Answer = {"speed_m_s": 2.5, "duration_s": 600.0}
BACK: Answer = {"direction": "backward", **RUN}
SESSION: Answer = {"body_mass_kg": 70.0, "goal": "most_energy", "duration_s": 1800.0}
OWN_LIMITS: Answer = {"oxygen_uptake_max_ml_kg_min": 50.0, "backward_speed_high_m_s": 2.0}
TARGET: Answer = {"find": "bout", "body_mass_kg": 70.0, "speed_m_s": 2.5, "total_energy_kcal": 300.0}

OF_ESTIMATES: list[Answer] = [
    {},
    {"speed_m_s": 1.2},
    {"grade": 0.05},
    {"weight_support": 0.2},
    *({"equal": equal} for equal in ("metabolic_rate", "heart_rate", "perceived_exertion")),
    {"equal": "metabolic_rate", "include": ["summary", "energy"]},
    {"equal": "heart_rate", "include": ["summary", "energy"]},
    {"include": ["summary", "energy"]},
    {"include": ["summary", "load", "ratio"]},
    {"include": ["summary"]},
    {"interval": 0.5},
    {"speed_m_s": 1.4, "age_y": 80.0, "sex": "female", "height_m": 1.6},
    {"oxygen_uptake_max_ml_kg_min": 30.0},
    {"speed_m_s": 7.5},
]
OF_WORKOUTS: list[list[Answer]] = [
    [RUN],
    [BACK],
    [RUN, BACK],
    [RUN, RUN | {"grade": 0.05}],
    [RUN | {"grade": 0.05}],
    [{"speed_m_s": 1.2, "duration_s": 600.0}, BACK],
]
OF_PLANS: list[Answer] = [
    {},
    {"gait": "walk"},
    OWN_LIMITS | {"limits": {"oxygen_uptake_ml_kg_min": 38.0, "patellofemoral_impulse_per_bout_bw_s": 1400.0}},
    OWN_LIMITS | {"grade": 0.05},
]
OF_SOLUTIONS: list[Answer] = [
    TARGET,
    {"find": "bout", "gait": "run", "duration_s": 1800.0, "total_energy_kcal": 300.0},
    TARGET | {"total_energy_kcal": 35_000.0},
    {"find": "speed", "gait": "run", "met": 8.0},
    {"find": "equal_cost_speed", "speed_m_s": 3.0},
    {"find": "equal_cost_speed", "gait": "run", "backward_speed_m_s": 2.0},
    {"find": "level_speed", "speed_m_s": 2.5, "grade": 0.05},
    {"find": "speed_range", "gait": "run", "patellofemoral_peak_force_bw": 4.5},
    {"find": "speed_range", "gait": "run", "tibial_compression_peak_bw": 8.0},
    {"find": "speed_range", "gait": "run", "peak_vertical_force_bw": 2.1},
]


def ask(function: Any, **asked: Any) -> Any:
    """Return the answer of a function."""
    return function(**asked)


def answers() -> list[Answer]:
    """Return answers of every question, with every kind of sentence."""
    found: list[Any] = [ask(estimate, **(BOUT | asked)) for asked in OF_ESTIMATES]
    found += [ask(workout, body_mass_kg=70.0, segments=listed) for listed in OF_WORKOUTS]
    found += [ask(plan, **(SESSION | asked)) for asked in OF_PLANS]
    found += [ask(solve, **({"body_mass_kg": 70.0} | asked)) for asked in OF_SOLUTIONS]
    return found


ANSWERS = answers()


def said(**asked: Any) -> dict[str, str]:
    """Return the texts of an estimate."""
    summary: Any = ask(estimate, **(BOUT | asked))["summary"]
    return {name: sentence["text"] for name, sentence in summary.items()}


class TestRounding:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            ((370.4, 310.2, 450.3), (370, 310, 450)),
            ((274.5, 198.6, 397.3), (270, 200, 400)),  # a factor of two: two digits of the value
            ((274.5, 198.6, 396.9), (270, 200, 400)),
            ((954.0, 500.0, 1500.0), (950, 500, 1500)),
            ((1020.0, 720.0, 1400.0), (1020, 720, 1400)),
            ((1020.0, 690.0, 1400.0), (1000, 700, 1400)),
            ((12.3, -1.0, 104.0), (10, 0, 100)),
            ((211.2, 175.2, 254.5), (211, 175, 254)),
            ((0.0123, 0.0082, 0.0186), (0.012, 0.008, 0.019)),
            ((2345.6, 2344.0, 2347.0), (2350, 2340, 2350)),  # never more than three digits
            ((30.0, -0.8, 70.3), (30, -1, 70)),
            ((-17.0, -39.4, 13.6), (-17, -39, 14)),
            ((-40.2, -60.2, -15.4), (-40, -60, -15)),
            ((0.0, 0.0, 0.0), (0, 0, 0)),
            ((2.5, 2.5, 2.5), (2.5, 2.5, 2.5)),
        ],
    )
    def test_the_range_decides_the_digit(self, given: tuple[float, ...], expected: tuple[float, ...]) -> None:
        value, low, high = given
        assert rounded(value=value, low=low, high=high) == expected

    @given(
        value=st.floats(1e-3, 1e6),
        below=st.floats(1.0, 5.0),
        above=st.floats(1.0, 5.0),
    )
    def test_the_order_stays_and_whole_numbers_are_ints(self, value: float, below: float, above: float) -> None:
        found = rounded(value=value, low=value / below, high=value * above)
        assert found[1] <= found[0] <= found[2]
        assert all(isinstance(number, int) == (number == int(number)) for number in found)
        assert found[0] == pytest.approx(value, rel=0.5)


class TestHeadline:
    def test_energy_at_the_same_speed(self) -> None:
        text = said()["headline"]
        expected = (
            "About 270 kcal backward (200 to 380), 30 % more than forward at the same speed (1 % less to 70 % more)."
        )
        assert text == expected

    @pytest.mark.parametrize("interval", [0.5, 0.8, 0.95])
    def test_its_percent_is_that_of_the_ratio(self, interval: float) -> None:
        answer = ask(estimate, **BOUT, interval=interval)
        params, ratio = answer["summary"]["headline"]["params"], answer["ratio"]["total_energy"]
        percent = {end: round(100 * (ratio[end] - 1)) for end in ("value", "low", "high")}
        low = params["percent_more_low"] if percent["low"] >= 0 else -params["percent_less_high"]
        assert (params["percent_more"], low, params["percent_more_high"]) == tuple(percent.values())

    @pytest.mark.parametrize(
        ("equal", "words"),
        [
            ("speed", "at the same speed"),
            ("heart_rate", "A weak estimate: about 180 kcal backward"),
            ("heart_rate", "less than forward at the same heart rate"),
            ("perceived_exertion", "less than forward at the same felt effort"),
            ("metabolic_rate", "With the same energy per minute about 1.7 m/s backward (1.1 to 2.7 m/s), 32 % slower"),
        ],
    )
    def test_it_names_what_is_equal(self, equal: str, words: str) -> None:
        assert words in said(equal=equal)["headline"]

    def test_no_percent_without_what_is_equal(self) -> None:
        """GET /evidence forbids 30 % more without the words at the same speed."""
        for code, text in TEXTS.items():
            if "{percent_" in text:
                equal = r"at the same (speeds?|heart rate|felt effort)|[Ww]ith the same energy|at your speed"
                assert re.search(equal, text), code

    def test_without_the_ratio_it_has_only_the_energy(self) -> None:
        assert said(include=["summary", "energy"])["headline"] == "About 270 kcal backward (200 to 380)."

    def test_without_the_energy_there_is_none(self) -> None:
        assert set(said(include=["summary", "load", "ratio"])) == {"knee", "caution"}

    @pytest.mark.parametrize(
        ("listed", "text"),
        [
            (
                [RUN],
                "(88 to 127). Directions swapped at the same speeds: 30 % more (1 % ",
            ),
            ([RUN, BACK], "Directions swapped at the same speeds: the same."),
            ([BACK], "Directions swapped at the same speeds: 23 % less (41 % less to 1 % more)."),
        ],
    )
    def test_of_a_workout(self, listed: Any, text: str) -> None:
        assert text in ask(workout, body_mass_kg=70.0, segments=listed)["summary"]["headline"]["text"]

    @pytest.mark.parametrize(
        ("more", "ends"),
        [
            ({"longest_backward_s": 5.0, "limits": {IMPULSE: 2.5}}, "4 s backward only."),
            ({"longest_backward_s": 900.0, "recovery_s": 900.0}, ": 15 min backward and 15 min forward."),
            ({"longest_backward_s": 42.0, "recovery_s": 1758.0}, ": 42 s backward and 29 min 18 s forward."),
            ({"longest_backward_s": 5.0, "recovery_s": 1795.0}, ": 5 s backward and 29 min 55 s forward."),
            ({"duration_s": 7300.0, "recovery_s": 7300.0}, ": 2 h 1 min 40 s forward only."),
        ],
    )
    def test_the_times_of_a_plan_in_one_piece_are_in_words(self, more: Answer, ends: str) -> None:
        wish = SESSION | {"goal": "most_backward", "speed_high_m_s": 3.0, "backward_speed_high_m_s": 2.4}
        headline = ask(plan, **(wish | {"gait": "run", "fixed_speeds": True} | more))["summary"]["headline"]
        assert headline["text"].endswith(ends)
        assert {"forward", "backward"} & set(headline["params"])

    @pytest.mark.parametrize(
        ("more", "code", "said", "german"),
        [
            (
                {"backward_speed_high_m_s": 1.2},
                "plan_repeats",
                "6 x 1 min backward, 4 min forward after each.",
                "6-mal 1 min rückwärts, danach je 4 min vorwärts",
            ),
            (
                {"backward_speed_high_m_s": 1.2, "speed_high_m_s": 1.2, "duration_s": 1810.2},
                "plan_repeats",
                "6 x 1 min backward, 4 min 2 s forward after each.",
                "6-mal 1 min rückwärts, danach je 4 min 2 s vorwärts",
            ),
        ],
    )
    def test_a_plan_says_its_repeats(self, more: dict[str, Any], code: str, said: str, german: str) -> None:
        asked = SESSION | {"goal": "most_energy", "gait": "walk", "duration_s": 1800.0, "speed_high_m_s": 1.4}
        headline = ask(plan, **(asked | {"experience": "never", "fixed_speeds": True} | more))["summary"]["headline"]
        assert headline["code"] == code
        assert headline["text"].endswith(said)
        assert "{times}-mal {backward} rückwärts, danach je {forward} vorwärts".format(**headline["params"]) == german

    @pytest.mark.parametrize(
        ("asked", "code"),
        list(
            zip(
                OF_SOLUTIONS,
                [
                    "solve_duration",
                    "weak_solve_speed",
                    "solve_duration_backward",
                    "weak_solve_speed",
                    "solve_equal_cost_backward",
                    "solve_equal_cost_forward",
                    "solve_level_speed",
                    "solve_speed_range",
                    "solve_speed_range_known_forward",
                    "solve_speed_range_forward",
                ],
                strict=True,
            )
        ),
    )
    def test_of_a_solution(self, asked: Answer, code: str) -> None:
        assert ask(solve, **({"body_mass_kg": 70.0} | asked))["summary"]["headline"]["code"] == code

    def test_the_limit_holds_in_the_range_that_is_said(self) -> None:
        answer = ask(solve, body_mass_kg=70.0, **OF_SOLUTIONS[7])
        params = answer["summary"]["headline"]["params"]
        for way in ("forward", "backward"):
            (found,) = answer[way]["speed_ranges"]
            assert found["low_speed_m_s"] <= params[f"{way}_speed_m_s_low"]
            assert params[f"{way}_speed_m_s_high"] <= found["high_speed_m_s"]


class TestSign:
    @pytest.mark.parametrize("interval", [0.93, 0.935, 0.94, 0.99])
    def test_less_stays_possible_when_the_range_widens(self, interval: float) -> None:
        answer = ask(estimate, **(BOUT | {"speed_m_s": 1.2}), interval=interval)
        ratio, headline = answer["ratio"]["total_energy"], answer["summary"]["headline"]
        assert ratio["low"] < 1
        assert headline["code"] == "energy_more_or_less"
        assert headline["params"]["percent_less_high"] == round(100 * (1 - ratio["low"]))
        assert headline["params"]["percent_more_high"] == round(100 * (ratio["high"] - 1))

    def test_a_range_that_reaches_beyond_equal_by_less_than_the_last_digit_says_so(self) -> None:
        found = change({"value": 0.76, "low": 0.58, "high": 1.004}, KNEE[False], {"evidence": "C"})
        assert "24 % less than forward at the same speed (42 % less to 0 % more)" in found["text"]


class TestKnee:
    def test_the_peak_with_its_grade(self) -> None:
        answer = ask(estimate, **BOUT)
        knee = answer["summary"]["knee"]
        assert knee["text"] == (
            "Estimated peak knee-cap force: 18 % less than forward at the same speed (47 % less to 29 % more), "
            "evidence grade C. Lower load does not mean less pain."
        )
        assert knee["params"]["evidence"] == answer["backward"]["load"]["patellofemoral_peak_force_bw"]["evidence"]

    def test_walking_it_is_as_much(self) -> None:
        text = said(speed_m_s=1.2)["knee"]
        assert text == (
            "Estimated peak knee-cap force: about as much as forward at the same speed (36 % less to 56 % more), "
            "evidence grade D."
        )

    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({"grade": 0.05}, "going backward on a slope"),
            ({"grade": 0.3}, "on such a slope"),
            ({"equal": "heart_rate"}, "because the backward speed is unknown"),
            ({"weight_support": 0.2}, "where a treadmill carries part of the weight"),
        ],
    )
    def test_unknown_is_said_with_the_reason(self, asked: Answer, words: str) -> None:
        text = said(**asked)["knee"]
        assert "unknown" in text
        assert words in text

    def test_a_workout_gives_no_reason_that_is_not_its_own(self) -> None:
        fast = {"speed_m_s": 4.0, "duration_s": 3600.0}
        for more in ([], [RUN | {"duration_s": 1.0, "grade": 0.04}]):
            answer = ask(workout, body_mass_kg=70.0, segments=[fast, *more])
            assert answer["summary"]["knee"]["code"] == "knee_unknown_swapped"

    @pytest.mark.parametrize("left_out", ["load", "ratio"])
    def test_what_was_not_asked_for_is_absent(self, left_out: str) -> None:
        assert "knee" not in said(include=[section for section in SECTIONS if section != left_out])

    def test_a_load_known_in_a_part_is_said_to_be(self) -> None:
        text = ask(workout, body_mass_kg=70.0, segments=OF_WORKOUTS[3])["summary"]["knee"]["text"]
        assert "evidence grade D, for 50 % of the time." in text

    @pytest.mark.parametrize(
        ("ratio", "change_said"),
        [
            ((1.2, 1.1, 1.3), "20 % more than forward at the same speed (10 to 30 %)"),
            ((1.2, 0.9, 1.5), "20 % more than forward at the same speed (10 % less to 50 % more)"),
            ((0.8, 0.7, 0.9), "20 % less than forward at the same speed (10 to 30 %)"),
            ((0.8, 0.5, 1.1), "20 % less than forward at the same speed (50 % less to 10 % more)"),
            ((1.001, 0.8, 1.3), "about as much as forward at the same speed (20 % less to 30 % more)"),
            ((1.0, 1.0, 1.0), "as much as forward at the same speed"),
        ],
    )
    def test_every_change_has_words(self, ratio: tuple[float, ...], change_said: str) -> None:
        found = change(dict(zip(("value", "low", "high"), ratio, strict=True)), KNEE[False], {"evidence": "C"})
        pain = " Lower load does not mean less pain." if ratio[0] < 0.999 else ""
        assert found["text"] == f"Estimated peak knee-cap force: {change_said}, evidence grade C.{pain}"


class TestCaution:
    @pytest.mark.parametrize(
        ("asked", "words"),
        [
            ({}, "Going backward adds a risk of falling."),
            ({"grade": 0.05}, "Going backward adds a risk of falling."),
            ({"speed_m_s": 1.4, "age_y": 80.0, "sex": "female", "height_m": 1.6}, "start slowly, on even ground"),
            ({"oxygen_uptake_max_ml_kg_min": 30.0}, "more than your maximal oxygen uptake"),
            ({"speed_m_s": 8.0}, "more oxygen than we think anybody can use"),
        ],
    )
    def test_it_is_the_most_important_one(self, asked: Answer, words: str) -> None:
        assert words in said(**asked)["caution"]

    def test_a_plan_without_own_limits_says_so(self) -> None:
        assert ask(plan, **SESSION)["summary"]["caution"]["code"] == "no_own_limit"
        assert ask(plan, **(SESSION | OWN_LIMITS))["summary"]["caution"]["code"] != "no_own_limit"

    @pytest.mark.parametrize(
        ("model", "asked"),
        [
            (estimate, {"gait": "walk", "speed_m_s": 1.5, "duration_s": 600.0}),
            (workout, {"segments": [{"direction": "backward", "speed_m_s": 1.5, "duration_s": 600.0}]}),
            (solve, {"find": "speed", "gait": "walk", "met": 6.0}),
            (solve, {"find": "equal_cost_speed", "gait": "walk", "speed_m_s": 1.5}),
            (
                solve,
                {
                    "find": "probability",
                    "gait": "walk",
                    "speed_m_s": 1.5,
                    "duration_s": 600.0,
                    "total_energy_kcal": 60.0,
                },
            ),
            (plan, {"goal": "most_energy", "duration_s": 1800.0, "gait": "walk"}),
        ],
    )
    def test_an_older_person_is_warned_of_a_fast_backward_speed_everywhere(self, model: Any, asked: Answer) -> None:
        person = {"body_mass_kg": 70.0, "sex": "male", "height_m": 1.8}
        older, younger = (ask(model, **person, age_y=age, **asked) for age in (80.0, 40.0))
        assert older["summary"]["caution"]["code"] == "older_backward_speed"
        assert "caution.older_backward_speed" in {warning["code"] for warning in older["warnings"]}
        assert younger["summary"]["caution"]["code"] != "older_backward_speed"

    def test_a_slow_workout_does_not_warn_an_older_person(self) -> None:
        person = {"body_mass_kg": 70.0, "age_y": 80.0, "sex": "male", "height_m": 1.8}
        slow = ask(workout, **person, segments=[{"direction": "backward", "speed_m_s": 0.5, "duration_s": 600.0}])
        assert slow["summary"]["caution"]["code"] != "older_backward_speed"

    def test_it_names_the_direction_that_is_above_the_maximum(self) -> None:
        fast = {"speed_m_s": 3.0, "oxygen_uptake_max_ml_kg_min": 33.0}
        assert "Going forward takes more" in said(**fast, equal="heart_rate")["caution"]
        assert "Going backward takes more" in said(**fast)["caution"]

    def test_a_solution_of_a_load_says_that_less_load_is_not_less_pain(self) -> None:
        asked = {"body_mass_kg": 70.0, "find": "speed_range", "gait": "run", "patellofemoral_peak_force_bw": 4.0}
        assert ask(solve, **asked)["summary"]["caution"]["code"] == "fall_and_load"


class TestWeak:
    @pytest.mark.parametrize(
        "asked",
        [
            {"speed_m_s": 6.0},
            {"grade": -0.1},
            {"weight_support": 0.1},
            {"equal": "heart_rate"},
        ],
    )
    def test_a_headline_outside_the_data_says_so(self, asked: Answer) -> None:
        answer = ask(estimate, **(BOUT | asked))
        assert answer["backward"]["total_energy_kcal"]["evidence"] == "D"
        headline = answer["summary"]["headline"]
        assert headline["text"].startswith("A weak estimate: about ")
        strong = TEXTS[headline["code"].removeprefix(WEAK)].format(**headline["params"])
        assert headline["text"].removeprefix("A weak estimate: a") == strong.removeprefix("A")

    def test_one_inside_the_data_does_not(self) -> None:
        for speed_m_s in (1.2, 2.5, 3.4):
            assert "weak" not in said(speed_m_s=speed_m_s)["headline"]

    def test_workouts_plans_and_solutions_have_it_too(self) -> None:
        downhill = RUN | {"direction": "backward", "grade": -0.1}
        for answer in (
            ask(workout, body_mass_kg=70.0, segments=[downhill]),
            ask(solve, body_mass_kg=70.0, find="speed", gait="run", met=25.0),
        ):
            assert answer["summary"]["headline"]["code"].startswith(WEAK)

    def test_every_headline_of_an_estimate_can_be_weak(self) -> None:
        answers = [answer["summary"]["headline"]["code"] for answer in ANSWERS if "headline" in answer["summary"]]
        assert all(WEAK + code.removeprefix(WEAK) in TEXTS for code in answers if "probability" not in code)


class TestProbability:
    @pytest.mark.parametrize(
        ("asked", "text"),
        [
            (
                {"total_energy_kcal": 250.0},
                "Estimated chance of more than your value: 69 % backward, 7 % forward.",
            ),
            (
                {"patellofemoral_peak_force_bw": 5.0},
                "Estimated chance of a load at or below your value: 80 % backward, 60 % forward.",
            ),
        ],
    )
    def test_it_has_the_digits_that_the_grade_allows(self, asked: Answer, text: str) -> None:
        answer = ask(solve, **BOUT, find="probability", **asked)
        assert answer["summary"]["headline"]["text"] == text

    def test_no_chance_is_certain(self) -> None:
        chances = [percent_of(chance, nearest=nearest) for chance in (1e-9, 1 - 1e-9) for nearest in (1, 10)]
        assert percent_of(0.95, nearest=10) == "> 90"
        assert chances == ["< 1", "< 10", "> 99", "> 90"]

    @given(chance=st.floats(0.0, 1.0), nearest=st.sampled_from([1, 10]))
    def test_it_is_never_0_or_100(self, chance: float, nearest: int) -> None:
        found = percent_of(chance, nearest=nearest)
        assert isinstance(found, str) or (0 < found < 100 and abs(found - 100 * chance) <= nearest / 2 + 1e-9)

    @pytest.mark.parametrize("answer", ANSWERS)
    def test_every_answer_has_one(self, answer: Answer) -> None:
        assert answer["summary"]["caution"]["text"]


class TestContract:
    @pytest.mark.parametrize("answer", ANSWERS)
    def test_a_text_is_its_template_with_the_parameters(self, answer: Answer) -> None:
        for sentence in answer["summary"].values():
            template = TEXTS[sentence["code"]]
            assert sentence["text"] == template.format(**sentence["params"])
            assert {name for _, name, _, _ in Formatter().parse(template) if name} == set(sentence["params"])

    def test_every_parameter_has_a_meaning(self) -> None:
        used = {name for text in TEXTS.values() for _, name, _, _ in Formatter().parse(text) if name}
        assert used <= set(PARAMETERS)

    def test_codes_are_those_of_no_warning(self) -> None:
        assert not TEXTS.keys() & WARNINGS.keys()
        assert all(re.fullmatch(r"[a-z]+(_[a-z]+)*", code) for code in TEXTS)
        assert (CAUTION_BY_WARNING.keys() | UNKNOWN_BY_WARNING.keys()) <= WARNINGS.keys()

    def test_the_three_sentences_of_the_default_answer_are_short(self) -> None:
        summary = ask(estimate, **BOUT)["summary"]
        assert sum(len(sentence["text"]) for sentence in summary.values()) < 340

    def test_they_say_nothing_that_a_claim_forbids(self) -> None:
        phrases = (
            "double",
            "twice",
            "protect",
            "heal",
            "softer",
            "gentler",
            "kinder",
            "free of pain",
            "pain-free",
            "safe",
        )
        assert not [text for text in TEXTS.values() for phrase in phrases if phrase in text.lower()]
        assert not [text for text in TEXTS.values() if "impact" in text.lower() or "injury" in text.lower()]
        assert not [text for text in TEXTS.values() if re.search(r"\byou (burn|will)\b", text, re.IGNORECASE)]

    @settings(max_examples=50)
    @given(
        speed_m_s=st.floats(0.3, 8.0),
        duration_s=st.floats(60.0, 7200.0),
        grade=st.sampled_from([0.0, 0.02, -0.05]),
        equal=st.sampled_from(["speed", "heart_rate", "perceived_exertion"]),
        gait=st.sampled_from(["run", None]),
    )
    def test_every_bout_has_a_headline_a_knee_and_a_caution(self, **asked: Any) -> None:
        answer = ask(estimate, body_mass_kg=70.0, **asked)
        assert list(answer["summary"]) == ["headline", "knee", "caution"]

    @pytest.mark.parametrize(
        ("model", "asked"),
        [
            (workout, {"body_mass_kg": 70.0, "segments": [RUN]}),
            (plan, SESSION),
            (solve, TARGET),
        ],
    )
    def test_an_empty_list_of_parts_leaves_it_out(self, model: Any, asked: dict[str, Any]) -> None:
        assert "summary" not in answer_in_view(model, asked | {"include": []})
        assert "summary" in answer_in_view(model, asked | {"include": ["references"]})

    def test_an_estimate_has_it_if_it_is_among_the_sections(self) -> None:
        whole = estimate_in_view(estimate, BOUT)
        assert "summary" not in estimate_in_view(estimate, BOUT | {"include": ["energy"]})
        alone = estimate_in_view(estimate, BOUT | {"include": ["summary"]})
        assert alone == {name: whole[name] for name in ("summary", "gait", "assumed", "warnings", "models")}
