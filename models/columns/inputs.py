"""Check and complete columns of bouts, as `models.estimate.inputs` does for one bout, with masks.

If all rows have the same value, a column becomes one number or word, which saves work.
"""

import functools
import itertools
import math
import operator
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import fields
from typing import Any, Final, NamedTuple, TypeAlias, cast, get_args

import numpy as np
from numpy.typing import NDArray

from retrorun.models.columns.names import ALL_NUMBERS, FACTOR_NUMBERS_OF, FACTOR_WORDS_OF, INPUT_COLUMNS, NUMBERS, WORDS
from retrorun.models.estimate.case import Case
from retrorun.models.estimate.personal import FACTOR_NUMBERS
from retrorun.models.numerics.arithmetic import Condition, Number, negate, outside, settled, where
from retrorun.models.physiology import energy, uncertainty
from retrorun.models.physiology.calibration import Personal
from retrorun.models.physiology.direction import EQUAL_EFFORT
from retrorun.models.physiology.energy_models import ENERGY_MODELS, default_energy_model
from retrorun.models.physiology.uncertainty import standard_score
from retrorun.models.vocabulary.choices import Gait, Sex
from retrorun.models.vocabulary.quantities import INPUTS, RUNNING_FROM_M_S, WALKING_SPEED_HIGH_M_S

LEFT_OUT: Final = -1
NO_FAULT: Final = 0
FEW: Final = "few"
"""Reason for a row whose group has too few rows."""
UNKNOWN_WORD: Final = -2
Selection: TypeAlias = slice | NDArray[np.intp]
Code: TypeAlias = int | NDArray[np.int8]

SOURCES: Final = ("distance_m", "duration_s", "speed_m_s")
"""The quantities of which one is computed from the other two."""
TWO: Final = 2
"""Number of them that must be given."""
WORDS_OF_CASE: Final = ("gait", "equal", "energy_model", "direction_model")
CHOICES: Final = (*(len(WORDS[name]) for name in WORDS_OF_CASE), TWO, len(SOURCES))
"""Number of choices of each code of a group: its words, whether it has personal factors, and the computed quantity."""
OF_THE_GAIT: Final = np.array(
    [[model in ENERGY_MODELS[cast(Gait, gait)] for model in WORDS["energy_model"]] for gait in WORDS["gait"]]
)
DEFAULT_EQUATION: Final = np.array(
    [WORDS["energy_model"].index(default_energy_model(cast(Gait, gait))) for gait in WORDS["gait"]], np.int8
)
RUN, WALK = (WORDS["gait"].index(gait) for gait in ("run", "walk"))
FACTOR_COLUMNS: Final = set(INPUT_COLUMNS) - {*NUMBERS, *WORDS}
EQUAL_SPEED, DOCUMENTED = WORDS["equal"].index("speed"), WORDS["direction_model"].index("documented")


class InputColumn(NamedTuple):
    """An input column: values (for words, positions among the choices), and the rows in which one is given."""

    values: NDArray[Any]
    given: Condition = True


class Reasons:
    """Numbers the reasons why rows have no estimate; a reason is a field and a code."""

    def __init__(self) -> None:
        self.numbers: dict[tuple[str, str], int] = {("", "ok"): NO_FAULT}

    def number(self, field: str, code: str) -> int:
        """Return the number of a reason."""
        return self.numbers.setdefault((field, code), len(self.numbers))


class Group(NamedTuple):
    """Rows with the same categories, and the case of the whole chunk; `block` takes the rows from it."""

    rows: Selection
    case: Case
    score: Number
    rest_assumed: Condition

    def block(self, start: int, stop: int) -> "Group":
        """Return some of the rows, with their part of each column."""
        if isinstance(self.rows, slice):
            rows: Selection = slice(start, stop)
        else:
            rows = self.rows[start:stop]
            if rows[-1] - rows[0] + 1 == len(rows):
                rows = slice(int(rows[0]), int(rows[-1]) + 1)

        def part(value: Any) -> Any:
            if isinstance(value, Personal):
                return Personal._make(map(part, value))
            return value[rows] if isinstance(value, np.ndarray) else value

        parts = {each.name: part(getattr(self.case, each.name)) for each in fields(self.case) if each.init}
        return Group(rows, Case(**parts), part(self.score), part(self.rest_assumed))

    def __len__(self) -> int:
        return self.rows.stop if isinstance(self.rows, slice) else len(self.rows)


class Chunk:
    """The input columns of some rows, while they are checked."""

    def __init__(
        self, columns: Mapping[str, InputColumn], rows: slice, status: NDArray[np.int8], reasons: Reasons
    ) -> None:
        self.size = rows.stop - rows.start
        self.status = status
        self.reasons = reasons
        self.bad = False
        self.given: dict[str, Condition] = {}
        self.values: dict[str, NDArray[Any]] = {}
        for name, column in columns.items():
            given = settled(column.given[rows] if isinstance(column.given, np.ndarray) else column.given)
            if given is not False:
                self.given[name] = given
                self.values[name] = column.values[rows]

    def refuse(self, condition: Condition, field: str, code: str) -> None:
        """Store a reason for the rows where the condition holds; a row keeps its first reason."""
        condition = settled(condition)
        if condition is not False:
            self.bad = True
            number = np.int8(self.reasons.number(field, code))
            self.status[:] = np.where((self.status == NO_FAULT) & condition, number, self.status)

    def has(self, name: str) -> Condition:
        """Return the rows in which an input is given."""
        return self.given.get(name, False)

    def checked(self, name: str, values: NDArray[np.float64], given: Condition = True) -> Number:
        """Return numbers within their bounds, one number if all are the same; refuse rows outside the bounds."""
        quantity = INPUTS[ALL_NUMBERS[name]]
        if given is not True:
            values = np.where(given, values, quantity.example)
        low, high = float(values.min()), float(values.max())
        # A NaN makes both comparisons false.
        if not (low >= quantity.low and high <= quantity.high):
            finite = np.isfinite(values)
            self.refuse(~finite, name, "not_finite")
            bad = ~finite | outside(values, (quantity.low, quantity.high))
            self.refuse(bad, name, "out_of_range")
            values = np.where(bad, quantity.example, values)
        elif low == high:
            return low
        return values

    def number(self, name: str, default: float) -> Number:
        """Return an input, with its default in rows where it is left out."""
        if name not in self.given:
            return default
        given = self.given[name]
        values = self.checked(name, self.values[name], given)
        return values if given is True else cast(Number, np.where(given, values, default))

    def word(self, name: str, default: Code) -> Code:
        """Return the positions of words among their choices, one number if all are the same."""
        if name not in self.given:
            return default
        given, codes = self.given[name], self.values[name]
        if given is not True:
            codes = np.where(given, codes, default)
        low, high = int(codes.min()), int(codes.max())
        if low == UNKNOWN_WORD:
            unknown = codes == UNKNOWN_WORD
            self.refuse(unknown, name, "not_a_choice")
            codes = np.where(unknown, default, codes)
        elif low == high:
            return low
        return codes

    def all_or_none(self, *names: str) -> Condition:
        """Return the rows that have all of several inputs; refuse rows that have only some of them."""
        whole, part = (functools.reduce(join, map(self.has, names)) for join in (operator.and_, operator.or_))
        self.refuse(part & negate(whole), "", "required")
        return whole

    def cv(self, name: str, sd: Number, value: Number) -> Number:
        """Return the coefficient of variation of an input's error; refuse rows where it is more than half."""
        if isinstance(sd, float) and sd == 0:
            return 0.0
        cv = sd / value
        self.refuse(cv > uncertainty.MAXIMUM_INPUT_CV, name, "out_of_range")
        return cv

    def fill_refused_rows(self, value: Any) -> Any:
        """Fill refused rows with the first valid row, so the block can be computed."""
        if not (self.bad and isinstance(value, np.ndarray)):
            return value
        return np.where(self.status == NO_FAULT, value, value[np.argmax(self.status == NO_FAULT)])


def complete(
    columns: Mapping[str, InputColumn], rows: slice, status: NDArray[np.int8], reasons: Reasons, least_rows: int
) -> Iterator[Group]:
    """Yield the groups of a chunk, with rows counted from its first row, and store the reasons of refused rows.

    Parameters
    ----------
    columns : mapping
        Every column that was given.
    rows : slice
        The chunk.
    status : ndarray
        Numbers of the reasons for the rows of the chunk; changed in place.
    reasons : Reasons
        The reasons and their numbers.
    least_rows : int
        Groups with fewer rows are left out, with the reason `FEW`.

    Yields
    ------
    Group
        Together the groups contain every row. Refused rows are in the group of the first valid row.
    """
    chunk = Chunk(columns, rows, status, reasons)
    chunk.refuse(negate(chunk.has("body_mass_kg")), "body_mass_kg", "required")
    # Check each input alone, in the order of the request, then their combination.
    mass = chunk.number("body_mass_kg", INPUTS["body_mass_kg"].example)
    bout = {name: chunk.number(name, INPUTS[name].example) for name in ("speed_m_s", "duration_s", "distance_m")}
    gait, grade, equal = chunk.word("gait", LEFT_OUT), chunk.number("grade", 0.0), chunk.word("equal", EQUAL_SPEED)
    equation, direction_model = chunk.word("energy_model", LEFT_OUT), chunk.word("direction_model", DOCUMENTED)
    age, sex = chunk.number("age_y", INPUTS["age_y"].example), chunk.word("sex", 0)
    height = chunk.number("height_m", INPUTS["height_m"].example)
    step_rate_ratio = chunk.number("step_rate_ratio", 1.0)
    score = scores(chunk.number("interval", uncertainty.DEFAULT_INTERVAL))
    speed_sd, mass_sd = chunk.number("speed_sd_m_s", 0.0), chunk.number("body_mass_sd_kg", 0.0)
    maximum = chunk.number("oxygen_uptake_max_ml_kg_min", math.nan)

    follows = complete_bouts(chunk, bout)
    speed = bout["speed_m_s"]
    gait = gaits(chunk, gait, speed)
    equation = equations(chunk, equation, gait)
    own_rest = chunk.all_or_none("age_y", "sex", "height_m")
    resting_w = resting_powers(own_rest, body_mass_kg=mass, height_m=height, age_y=age, sex=sex)
    speed_cv, mass_cv = chunk.cv("speed_sd_m_s", speed_sd, speed), chunk.cv("body_mass_sd_kg", mass_sd, mass)
    own, factor = factors(chunk, gait, {"energy_model": equation, "direction_model": direction_model})
    if chunk.bad and not (status == NO_FAULT).any():
        return
    if not isinstance(speed, np.ndarray):
        # At least one input must be a column: with floats only, the NaN of a refused row would raise an error.
        speed = np.full(chunk.size, speed)
    if isinstance(speed_cv, float) and speed_cv == 0:
        follows = 0  # without an error of speed it changes nothing, and the groups are larger

    codes = (gait, equal, equation, direction_model, own, follows)
    names: list[Code] = [chunk.fill_refused_rows(code) for code in codes]
    numbers: dict[str, Any] = bout | {
        "body_mass_kg": mass,
        "speed_m_s": speed,
        "grade": grade,
        "resting_w_kg": resting_w,
        "step_rate_ratio": step_rate_ratio,
        "speed_cv": speed_cv,
        "body_mass_cv": mass_cv,
    }
    if "oxygen_uptake_max_ml_kg_min" in chunk.given:
        numbers["oxygen_uptake_max_ml_kg_min"] = maximum
    numbers = {name: chunk.fill_refused_rows(number) for name, number in numbers.items()}
    support = chunk.number("weight_support", 0.0)
    if isinstance(support, np.ndarray) or support:
        for unmeasured in (gait == WALK, *(equal == WORDS["equal"].index(effort) for effort in EQUAL_EFFORT)):
            chunk.refuse((support > 0) & unmeasured, "weight_support", "conflicting_inputs")
    factor = Personal._make(map(chunk.fill_refused_rows, factor))
    score, rest_assumed = chunk.fill_refused_rows(score), chunk.fill_refused_rows(negate(own_rest))
    if own_rest is not False:
        numbers["age_y"] = chunk.fill_refused_rows(where(own_rest, age, math.nan))
    numbers["overground"] = chunk.fill_refused_rows(settled(chunk.word("overground", 0) == 1))
    numbers["weight_support"] = chunk.fill_refused_rows(support)
    for held, found in groups(names, chunk.size):
        here = status[found]
        if len(here) < least_rows:
            status[found] = np.where(here == NO_FAULT, np.int8(reasons.number("", FEW)), here)
            continue
        words: dict[str, Any] = {name: WORDS[name][code] for name, code in zip(WORDS_OF_CASE, held, strict=False)}
        case = Case(**words, **numbers, personal=factor if held[-2] else None, follows=SOURCES[held[-1]])
        yield Group(found, case, score, rest_assumed)


def groups(codes: Sequence[Code], size: int) -> Iterator[tuple[tuple[int, ...], Selection]]:
    """Yield each combination of codes that occurs, with its rows."""
    if all(isinstance(code, int) for code in codes):
        yield tuple(codes), slice(0, size)  # type: ignore[arg-type]  # the line above checked that each is an int
        return
    key = np.zeros(size, np.int16)
    for code, choices in zip(codes, CHOICES, strict=True):
        key = key * np.int16(choices) + np.asarray(code, np.int16)
    order = np.argsort(key, kind="stable")
    starts = np.flatnonzero(np.diff(key[order], prepend=-1))
    for start, stop in itertools.pairwise([*starts.tolist(), size]):
        found = order[start:stop]
        first = int(found[0])
        yield tuple(int(code if isinstance(code, int) else code[first]) for code in codes), found


def scores(interval: Number) -> Number:
    """Return the standard score of each interval."""
    if not isinstance(interval, np.ndarray):
        return standard_score(interval)
    distinct, places = np.unique(interval, return_inverse=True)
    return cast(Number, np.array([standard_score(value) for value in distinct.tolist()])[places])


def complete_bouts(chunk: Chunk, bout: dict[str, Number]) -> Code:
    """Complete speed, duration and distance in place, and return the position in `SOURCES` of the computed one."""
    speed, duration, distance = (chunk.has(name) for name in ("speed_m_s", "duration_s", "distance_m"))
    count = np.int8(0) + speed + duration + distance
    too_few, too_many = (cast(Condition, wrong) for wrong in (count < TWO, count > TWO))
    chunk.refuse(too_few, "", "required")
    chunk.refuse(too_many, "", "conflicting_inputs")
    follows: Code = where(settled(negate(speed)), 2, where(settled(negate(duration)), 1, 0))
    for place, name in enumerate(SOURCES):
        here = settled(follows == place)
        if here is not False:
            # Duration is distance over speed, and speed is distance over duration.
            of = bout["speed_m_s"] * bout["duration_s"] if place == 0 else bout["distance_m"] / bout[SOURCES[-place]]
            bout[name] = chunk.checked(name, np.atleast_1d(where(here, of, bout[name])))
    return follows


def gaits(chunk: Chunk, gait: Code, speed_m_s: Number) -> Code:
    """Return the gait of each row, from its speed if left out."""
    inferred = where(settled(speed_m_s >= RUNNING_FROM_M_S), RUN, WALK)
    gait = where(settled(gait == LEFT_OUT), inferred, gait)
    chunk.refuse((gait == WALK) & (speed_m_s > WALKING_SPEED_HIGH_M_S), "speed_m_s", "out_of_range")
    return gait


def equations(chunk: Chunk, equation: Code, gait: Code) -> Code:
    """Return the equation of each row, the default of its gait if left out."""
    default = DEFAULT_EQUATION[gait] if isinstance(gait, np.ndarray) else int(DEFAULT_EQUATION[gait])
    equation = where(settled(equation == LEFT_OUT), default, equation)
    chunk.refuse(negate(OF_THE_GAIT[gait, equation]), "energy_model", "conflicting_inputs")
    return equation


def factors(chunk: Chunk, gait: Code, equations: Mapping[str, Code]) -> tuple[Code, Personal]:
    """Return the rows with a personal factor of their gait, as 0 or 1, and the factors, one person in each row.

    A row needs all columns of a factor or none. A row with a factor of the other gait only, or of other equations, is
    refused, as by `models.estimate.personal`.
    """
    found: list[Number] = [0.0] * len(FACTOR_NUMBERS)
    if not chunk.given.keys() & FACTOR_COLUMNS:
        return 0, Personal(*found)
    own: Condition = False
    sent: Condition = False
    for place, name in enumerate(WORDS["gait"]):
        numbers, words = FACTOR_NUMBERS_OF[name], FACTOR_WORDS_OF[name]
        given = chunk.all_or_none(*numbers.values(), *words.values())
        here = settled(given & (gait == place))
        sent, own = sent | given, own | here
        for equation, column in words.items():
            chunk.refuse(here & (chunk.word(column, LEFT_OUT) != equations[equation]), column, "conflicting_inputs")
        factor = Personal(*(chunk.number(column, 0.0) for column in numbers.values()))
        extreme = outside(factor.backward_log, (INPUTS["forward_log"].low, INPUTS["forward_log"].high))
        chunk.refuse(here & extreme, numbers["ratio_log"], "out_of_range")
        apart = factor.covariance**2 > (factor.forward_spread * factor.ratio_spread) ** 2
        chunk.refuse(here & apart, numbers["covariance"], "out_of_range")
        found = [where(here, *pair) for pair in zip(factor, found, strict=True)]
    chunk.refuse(sent & negate(own), "", "conflicting_inputs")
    own = settled(own)
    return (np.int8(0) + own if isinstance(own, np.ndarray) else int(own)), Personal(*found)


def resting_powers(own_rest: Condition, *, body_mass_kg: Number, height_m: Number, age_y: Number, sex: Code) -> Number:
    """Return resting power [W/kg], computed from age, sex and height where they are given."""
    usual = energy.power_of_oxygen_uptake(oxygen_uptake_ml_kg_min=energy.MET_ML_KG_MIN)
    if own_rest is False:
        return usual
    male, female = (
        energy.mifflin1990(body_mass_kg=body_mass_kg, height_m=height_m, age_y=age_y, sex=which)
        for which in get_args(Sex)
    )
    return cast(Number, where(own_rest, where(settled(sex == 0), male, female), usual))
