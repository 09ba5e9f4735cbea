"""The sentences of a summary by code, with their parameters in braces.

They use only words that GET /evidence allows: a percentage names what is the same in both directions, a load is called
estimated and has its grade, and nothing is promised to one person.
"""

import re
from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from retrorun.models.vocabulary.choices import DIRECTIONS, Direction

Variant: TypeAlias = Literal["more", "more_or_less", "less", "less_or_more", "same", "equal"]

TEXTS: Final[dict[str, str]] = {}
"""Every sentence that a summary can hold, by code."""

NO_LESS_PAIN: Final = " Lower load does not mean less pain."

WEAK: Final = "weak_"
"""The first part of the code of a headline whose estimate is outside the data, or rests on a choice of this project."""

CHANGES: Final[dict[Variant, str]] = {
    "more": "{percent_more} % more{than} ({percent_more_low} to {percent_more_high} %)",
    "more_or_less": "{percent_more} % more{than} ({percent_less_high} % less to {percent_more_high} % more)",
    "less": "{percent_less} % less{than} ({percent_less_low} to {percent_less_high} %)",
    "less_or_more": "{percent_less} % less{than} ({percent_less_high} % less to {percent_more_high} % more)",
    "same": "about {as_much} ({percent_less_high} % less to {percent_more_high} % more)",
    "equal": "{as_much}",
}
"""A change between directions in words, by its sign and that of the ends of its range; `equal` has no range."""


def _text(code: str, text: str) -> str:
    TEXTS[code] = text
    return code


def _headline(code: str, text: str) -> str:
    """Write a sentence, and the same one for a weak estimate, and return the code of the first."""
    TEXTS[WEAK + code] = f"A weak estimate: {text[0].lower()}{text[1:]}"
    return _text(code, text)


def _changes(
    name: str,
    text: str,
    than: str = "",
    same: str = "the same",
    *,
    of_load: bool = False,
    **words: str,
) -> dict[Variant, str]:
    """Write one sentence for each way in which something can change, and return their codes.

    `than` follows "more" or "less", `same` is used in place of both. `words` replace "more" and "less". A load is no
    headline, and a lower one does not mean less pain.
    """
    write = _text if of_load else _headline
    codes: dict[Variant, str] = {}
    for variant, change in CHANGES.items():
        found = change.replace("{than}", than).replace("{as_much}", same)
        code = f"{name}_{variant}"
        for word, other in words.items():
            found, code = found.replace(word, other), code.replace(word, other)
        shown = text.replace("CHANGE", found)
        if of_load and variant.startswith("less"):
            shown += NO_LESS_PAIN
        codes[variant] = write(code, shown)
    return codes


def _amount(name: str, unit: str) -> str:
    return f"{{{name}}} {unit}"


def _range(name: str, unit: str = "") -> str:
    return f"({{{name}_low}} to {{{name}_high}}{unit})"


_ENERGY: Final = f"{_amount('total_energy_kcal', 'kcal')} backward {_range('total_energy_kcal')}"

ENERGY: Final[dict[str, dict[Variant, str]]] = {
    "speed": _changes(
        "energy",
        f"About {_ENERGY}, CHANGE.",
        " than forward at the same speed",
        "as much as forward at the same speed",
    ),
    **{
        equal: _changes(
            f"energy_{equal}",
            f"About {_ENERGY}, CHANGE.",
            f" than forward at the same {words}",
            f"as much as forward at the same {words}",
        )
        for equal, words in (("heart_rate", "heart rate"), ("perceived_exertion", "felt effort"))
    },
}
"""Headlines of a bout, by what is the same in both directions."""

_SPEED: Final = f"{_amount('speed_m_s', 'm/s')} backward {_range('speed_m_s', ' m/s')}"

SPEED: Final = _changes(
    "speed",
    f"With the same energy per minute about {_SPEED}, CHANGE.",
    " than forward",
    "as fast as forward",
    more="faster",
    less="slower",
)
"""Headlines of a bout at equal metabolic rate."""

ENERGY_ONLY: Final = {
    "speed": _headline("energy_only", f"About {_ENERGY}."),
    "heart_rate": _headline("energy_only_heart_rate", f"At the same heart rate about {_ENERGY}."),
    "perceived_exertion": _headline("energy_only_perceived_exertion", f"At the same felt effort about {_ENERGY}."),
}
"""Headlines of a bout whose ratio was not asked for."""

SPEED_ONLY: Final = _headline("speed_only", f"With the same energy per minute about {_SPEED}.")

_TOTAL: Final = f"{_amount('total_energy_kcal', 'kcal')}"

SUMS: Final = {
    name: _changes(
        name,
        f"About {_TOTAL} {done} {_range('total_energy_kcal')}. Directions swapped at the same speeds: CHANGE.",
    )
    for name, done in (("workout", "as given"), ("track", "as done"))
}
"""Headlines of a workout and of a recording."""

_COVERED: Final = ", for {covered_percent} % of the time"

KNEE: Final[dict[bool, dict[Variant, str]]] = {
    slower: _changes(
        f"knee{'_at_that_speed' * slower}",
        f"Estimated peak knee-cap force{' at that speed' * slower}: CHANGE, evidence grade {{evidence}}.",
        " than forward at your speed" if slower else " than forward at the same speed",
        "as much as forward at your speed" if slower else "as much as forward at the same speed",
        of_load=True,
    )
    for slower in (False, True)
}
"""What a bout means for the knee-cap; `True` if its backward speed is another one."""

KNEE_SUMS: Final[dict[bool, dict[Variant, str]]] = {
    partly: _changes(
        f"knee_swapped{'_partly' * partly}",
        f"Estimated knee-cap load per km if swapped at the same speeds: CHANGE, evidence grade {{evidence}}"
        f"{_COVERED * partly}.",
        of_load=True,
    )
    for partly in (False, True)
}
"""What a workout means for the knee-cap; `True` if that is known in only a part of it."""

_LOADS: Final = {
    "patellofemoral_peak_force_bw": ("plan_knee_peak", "peak knee-cap force", "body weights"),
    "patellofemoral_impulse_per_bout_bw_s": (
        "plan_knee_impulse",
        "knee-cap impulse of one leg",
        "body weight seconds",
    ),
}

KNEE_PLAN: Final[dict[str, dict[bool, str]]] = {
    name: {
        partly: _text(
            f"{code}{'_partly' * partly}",
            f"Estimated {words}: about {_amount(name, unit)} {_range(name)}, evidence grade {{evidence}}"
            f"{_COVERED * partly}.",
        )
        for partly in (False, True)
    }
    for name, (code, words, unit) in _LOADS.items()
}
"""What a plan means for the knee-cap, by load; `True` if that is known in only a part of it."""

KNEE_UNKNOWN_SWAPPED: Final = _text(
    "knee_unknown_swapped", "How swapping forward and backward changes the load on the knee-cap is unknown."
)
KNEE_UNKNOWN_SLOPE: Final = _text("knee_unknown_slope", "The load on the knee-cap is unknown on such a slope.")
KNEE_UNKNOWN: Final = _text("knee_unknown", "How this changes the load on the knee-cap is unknown.")
KNEE_UNKNOWN_ON_GRADE: Final = _text(
    "knee_unknown_on_grade", "How going backward on a slope changes the load on the knee-cap is unknown."
)
KNEE_UNKNOWN_SPEED: Final = _text(
    "knee_unknown_speed", "The load on the knee-cap is unknown backward, because the backward speed is unknown."
)
KNEE_UNKNOWN_SUPPORT: Final = _text(
    "knee_unknown_weight_support", "The load on the knee-cap is unknown where a treadmill carries part of the weight."
)

_PLAN: Final = f"About {_amount('active_energy_kcal', 'kcal')} above rest {_range('active_energy_kcal')}"
_PLANNED: Final = {way: f"{{{way}}} {way}" for way in DIRECTIONS}

PLAN: Final[dict[tuple[Direction, ...], str]] = {
    ("forward", "backward"): _headline("plan_mix", f"{_PLAN}: {_PLANNED['backward']} and {_PLANNED['forward']}."),
    **{(way,): _headline(f"plan_{way}", f"{_PLAN}: {_PLANNED[way]} only.") for way in DIRECTIONS},
}
"""Headlines of a plan in one piece each way, by the directions in it."""

_FORWARD, _REST = "{forward} forward", "{rest} of rest"

PLAN_REPEATS: Final[dict[tuple[str, ...], str]] = {
    after: _headline(code, f"{_PLAN}: {{times}} x {{backward}} backward, {words} after each.")
    for after, code, words in (
        (("forward",), "plan_repeats", _FORWARD),
        (("rest",), "plan_repeats_rest", _REST),
        (("forward", "rest"), "plan_repeats_both", f"{_FORWARD} and {_REST}"),
    )
}
"""Headlines of a plan in several stretches backward, by what follows each of them."""

_TIMES: Final = {
    way: f"{_amount(f'{way}_duration_min', 'min')} {way} {_range(f'{way}_duration_min')}" for way in DIRECTIONS
}
# With the unit also in the range, so that a page can convert all three numbers.
_SPEEDS: Final = {
    way: f"{_amount(f'{way}_speed_m_s', 'm/s')} {way} {_range(f'{way}_speed_m_s', ' m/s')}" for way in DIRECTIONS
}
_HELD: Final = {way: f"from {{{way}_speed_m_s_low}} to {{{way}_speed_m_s_high}} m/s {way}" for way in DIRECTIONS}

SOLVED: Final[dict[str, dict[tuple[Direction, ...], str]]] = {
    name: {
        ("forward", "backward"): _headline(f"solve_{name}", f"{lead} {parts['backward']} {joined} {parts['forward']}."),
        **{
            (way,): _headline(f"solve_{name}_{way}", f"{lead} {parts[way]}. You cannot meet it going {other}.")
            for way, other in (DIRECTIONS, DIRECTIONS[::-1])
        },
    }
    for name, lead, parts, joined in (
        ("duration", "Your target takes about", _TIMES, "or"),
        ("speed", "Your target needs about", _SPEEDS, "or"),
        (
            "level_speed",
            "On level ground, in the same direction, you use as much energy per minute at about",
            _SPEEDS,
            "or",
        ),
        ("speed_range", "At the central estimate, which about half of people exceed, your limit holds", _HELD, "and"),
    )
}
"""Headlines of a solution, by what was found and in which directions."""

_CHANCES: Final = {way: f"{_amount(f'{way}_percent', '%')} {way}" for way in DIRECTIONS}

PROBABILITIES: Final[dict[bool, dict[tuple[Direction, ...], str]]] = {
    of_load: {
        ("forward", "backward"): _text(
            f"solve_probability_{name}",
            f"Estimated chance of {words}: {_CHANCES['backward']}, {_CHANCES['forward']}.",
        ),
        **{
            (way,): _text(
                f"solve_probability_{name}_{way}",
                f"Estimated chance of {words}: {_CHANCES[way]}. It is unknown {other}.",
            )
            for way, other in (DIRECTIONS, DIRECTIONS[::-1])
        },
    }
    for of_load, name, words in (
        (False, "more_than", "more than your value"),
        (True, "at_most", "a load at or below your value"),
    )
}
"""Headlines of a probability, `True` for that of a load, by the directions in which it is known."""

PROBABILITY_UNKNOWN: Final = _text(
    "solve_probability_unknown",
    "Your value is beyond the widest range that we give, or only a range is known: compare it with the range.",
)

EQUAL_COST: Final = {
    way: _headline(
        f"solve_equal_cost_{way}",
        f"About {_SPEEDS[way]} takes as much energy per minute as {_amount(f'{other}_speed_m_s', 'm/s')} {other}.",
    )
    for way, other in (DIRECTIONS, DIRECTIONS[::-1])
}
"""Headlines of speeds with the same cost, by the direction that was found."""

RANGE_KNOWN_ONE_WAY: Final = {
    way: _headline(
        f"solve_speed_range_known_{way}",
        f"At the central estimate, which about half of people exceed, your limit holds {_HELD[way]}. The load is "
        f"unknown {other}.",
    )
    for way, other in (DIRECTIONS, DIRECTIONS[::-1])
}
SEVERAL_RANGES: Final = _headline(
    "solve_speed_ranges",
    "At the central estimate, which about half of people exceed, your limit holds in several ranges of speed.",
)

_FALL: Final = "going backward adds a risk of falling"

FALL: Final = _text("fall", f"{_FALL.capitalize()}.")
FALL_AND_LOAD: Final = _text("fall_and_load", f"{_FALL.capitalize()}. Lower knee load does not mean less pain.")
OLDER: Final = _text(
    "older_backward_speed",
    "Older people walked backward more slowly: start slowly, on even ground, with someone near.",
)
NO_OWN_LIMIT: Final = _text(
    "no_own_limit", f"No limit of oxygen uptake given: this may be too fast for you, and {_FALL}."
)
ABOVE_MAXIMUM: Final[dict[str, str]] = {
    way: _text(f"above_maximum_{way}", f"Going {way} takes more than your maximal oxygen uptake, and {_FALL}.")
    for way in DIRECTIONS
}
IMPLAUSIBLE: Final[dict[str, str]] = {
    way: _text(
        f"implausible_uptake_{way}", f"Going {way} takes more oxygen than we think anybody can use, and {_FALL}."
    )
    for way in DIRECTIONS
}

CAUTIONARY: Final = frozenset(
    {FALL, FALL_AND_LOAD, OLDER, NO_OWN_LIMIT, *ABOVE_MAXIMUM.values(), *IMPLAUSIBLE.values()}
)
"""The sentences that keep a person from harm."""

TEMPLATES: Final = {code: re.sub(r"\{(\w+)\}", r"%(\1)s", text.replace("%", "%%")) for code, text in TEXTS.items()}
"""The same sentences for the operator %, which fills them in faster than `format` does."""

_MEANINGS: Final = {
    "total_energy_kcal": "Total energy, rest included, rounded [kcal].",
    "active_energy_kcal": "Energy above rest, rounded [kcal].",
    "speed_m_s": "Speed backward, rounded [m/s].",
    "patellofemoral_peak_force_bw": "Peak knee-cap force, rounded [body weights].",
    "patellofemoral_impulse_per_bout_bw_s": "Knee-cap impulse of one leg, rounded [body weights x s].",
    **{f"{way}_speed_m_s": f"Speed {way}, rounded [m/s]." for way in DIRECTIONS},
    **{f"{way}_duration_min": f"Time {way}, rounded [min]." for way in DIRECTIONS},
    **{f"percent_{word}": f"Percent {word}, rounded [%]." for word in ("more", "less", "faster", "slower")},
}

_ENDS: Final = {"low": "Lower", "high": "Upper"}

PARAMETERS: Final[Mapping[str, str]] = {
    **_MEANINGS,
    **{
        f"{name}_{end}": f"{of} end of the range. {meaning}"
        for name, meaning in _MEANINGS.items()
        for end, of in _ENDS.items()
    },
    **{
        f"{way}_percent": f"Chance {way}, rounded; a text below the lowest and above the highest chance given [%]."
        for way in DIRECTIONS
    },
    "times": "How often.",
    "backward": "Time backward, of one stretch if there are several, in whole seconds [h, min, s].",
    "forward": "Time forward, after each stretch if there are several, in whole seconds [h, min, s].",
    "rest": "Rest after each stretch, in whole seconds [h, min, s].",
    "covered_percent": "Share of the moving time in which the load is known, rounded down [%].",
    "evidence": "Evidence grade: A, B, C, C- or D.",
}
"""The meaning of each parameter of a sentence."""
