"""The sentences of a summary by code, with their parameters in braces.

They use only words that GET /evidence allows: a percentage names what is the same in both directions, a load is called
estimated and has its grade, and nothing is promised to one person.
"""

from collections.abc import Mapping
from typing import Final, Literal, TypeAlias

from retrorun.models.vocabulary.choices import DIRECTIONS, Direction

Variant: TypeAlias = Literal["more", "more_or_less", "less", "less_or_more", "same", "equal"]

TEXTS: Final[dict[str, str]] = {}
"""Every sentence that a summary can hold, by code."""

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


def _changes(name: str, text: str, than: str = "", same: str = "the same", **words: str) -> dict[Variant, str]:
    """Write one sentence for each way in which something can change, and return their codes.

    `than` follows "more" or "less", `same` stands for both. `words` replace "more" and "less".
    """
    codes: dict[Variant, str] = {}
    for variant, change in CHANGES.items():
        found = change.replace("{than}", than).replace("{as_much}", same)
        code = f"{name}_{variant}"
        for word, other in words.items():
            found, code = found.replace(word, other), code.replace(word, other)
        codes[variant] = _text(code, text.replace("CHANGE", found))
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
            f"A weak estimate: about {_ENERGY}, CHANGE.",
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
    "speed": _text("energy_only", f"About {_ENERGY}."),
    "heart_rate": _text("energy_only_heart_rate", f"A weak estimate at the same heart rate: about {_ENERGY}."),
    "perceived_exertion": _text(
        "energy_only_perceived_exertion", f"A weak estimate at the same felt effort: about {_ENERGY}."
    ),
}
"""Headlines of a bout whose ratio was not asked for."""

SPEED_ONLY: Final = _text("speed_only", f"With the same energy per minute about {_SPEED}.")

_TOTAL: Final = f"{_amount('total_energy_kcal', 'kcal')}"

SUMS: Final = {
    name: _changes(
        f"{name}_reversed",
        f"About {_TOTAL} {done} {_range('total_energy_kcal')}. "
        "Forward and backward swapped at the same speeds: CHANGE.",
    )
    for name, done in (("workout", "as given"), ("track", "as done"))
}
"""Headlines of a workout and of a recording."""

_COVERED: Final = ", known for {covered_percent} % of the moving time"

KNEE: Final = _changes(
    "knee", "Estimated peak knee-cap force: CHANGE, grade {evidence}.", " than forward", "as much as forward"
)
"""What a bout means for the knee-cap."""

KNEE_SUMS: Final[dict[bool, dict[Variant, str]]] = {
    partly: _changes(
        f"knee_reversed{'_partly' * partly}",
        f"Estimated knee-cap impulse, swapped: CHANGE, grade {{evidence}}{_COVERED * partly}.",
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
            f"Estimated {words}: about {_amount(name, unit)} {_range(name)}, grade {{evidence}}{_COVERED * partly}.",
        )
        for partly in (False, True)
    }
    for name, (code, words, unit) in _LOADS.items()
}
"""What a plan means for the knee-cap, by load; `True` if that is known in only a part of it."""

KNEE_UNKNOWN_REVERSED: Final = _text(
    "knee_unknown_reversed", "How reversing every direction changes the knee-cap impulse is unknown."
)
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
_PLANNED: Final = {way: f"{_amount(f'{way}_duration_min', 'min')} {way}" for way in DIRECTIONS}

PLAN: Final[dict[tuple[Direction, ...], str]] = {
    ("forward", "backward"): _text("plan_mix", f"{_PLAN}: {_PLANNED['backward']} and {_PLANNED['forward']}."),
    **{(way,): _text(f"plan_{way}", f"{_PLAN}: {_PLANNED[way]} only.") for way in DIRECTIONS},
}
"""Headlines of a plan, by the directions in it."""

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
        ("forward", "backward"): _text(f"solve_{name}", f"{lead} {parts['backward']} {joined} {parts['forward']}."),
        **{
            (way,): _text(f"solve_{name}_{way}", f"{lead} {parts[way]}. You cannot meet it going {other}.")
            for way, other in (DIRECTIONS, DIRECTIONS[::-1])
        },
    }
    for name, lead, parts, joined in (
        ("duration", "Your target takes about", _TIMES, "or"),
        ("speed", "Your target needs about", _SPEEDS, "or"),
        ("level_speed", "As much energy per minute on level ground: about", _SPEEDS, "or"),
        ("speed_range", "At the central estimate your limit holds", _HELD, "and"),
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

PROBABILITY_UNKNOWN: Final = _text("solve_probability_unknown", "How likely this is for one person is unknown.")

EQUAL_COST: Final = {
    way: _text(
        f"solve_equal_cost_{way}",
        f"As much energy per minute: about {_SPEEDS[way]}, for {_amount(f'{other}_speed_m_s', 'm/s')} {other}.",
    )
    for way, other in (DIRECTIONS, DIRECTIONS[::-1])
}
"""Headlines of speeds with the same cost, by the direction that was found."""

RANGE_KNOWN_ONE_WAY: Final = {
    way: _text(
        f"solve_speed_range_known_{way}",
        f"At the central estimate your limit holds {_HELD[way]}. The load is unknown {other}.",
    )
    for way, other in (DIRECTIONS, DIRECTIONS[::-1])
}
SEVERAL_RANGES: Final = _text(
    "solve_speed_ranges", "At the central estimate your limit holds in several ranges of speed: see speed_ranges."
)

_FALL: Final = "going backward adds a risk of falling"

FALL: Final = _text("fall", f"{_FALL.capitalize()}.")
FALL_AND_LOAD: Final = _text("fall_and_load", f"{_FALL.capitalize()}. Lower knee load does not mean less pain.")
OLDER: Final = _text(
    "older_backward_speed",
    "This is faster than older people chose to walk backward: start slowly, on even ground, with someone near.",
)
NO_OWN_LIMIT: Final = _text("no_own_limit", f"Few people can hold the fastest speeds studied, and {_FALL}.")
ABOVE_MAXIMUM: Final = _text("above_maximum", f"This takes more than your maximal oxygen uptake, and {_FALL}.")
IMPLAUSIBLE: Final = _text("implausible_uptake", f"This takes more oxygen than we think anybody can use, and {_FALL}.")

CAUTIONARY: Final = frozenset({FALL, FALL_AND_LOAD, OLDER, NO_OWN_LIMIT, ABOVE_MAXIMUM, IMPLAUSIBLE})
"""The sentences that keep a person from harm."""

_MEANINGS: Final = {
    "total_energy_kcal": "Total energy, rest included, rounded [kcal].",
    "active_energy_kcal": "Energy above rest, rounded [kcal].",
    "speed_m_s": "Speed backward, rounded [m/s].",
    "patellofemoral_peak_force_bw": "Peak force behind the knee-cap, rounded [body weights].",
    "patellofemoral_impulse_per_bout_bw_s": "Impulse behind the knee-cap of one leg, rounded [body weights x s].",
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
    **{f"{way}_percent": f"Chance {way}, rounded; below 1 and above 99 a text [%]." for way in DIRECTIONS},
    "covered_percent": "Share of the moving time in which the load is known, rounded down [%].",
    "evidence": "Evidence grade: A, B, C, C- or D.",
}
"""The meaning of each parameter of a sentence."""
