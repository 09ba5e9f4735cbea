"""Decide which column of a file is which input of a bout, and in which unit.

A column is an input if it has the name of one, if `--map` names it, or if it has a plain known name and states its
unit, such as `Distance (km)`. A unit that is not known is an error: no unit is guessed.
"""

import re
import shlex
from collections.abc import Collection, Mapping, Sequence
from difflib import get_close_matches
from fractions import Fraction
from typing import Any, Final, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from retrorun.app.bulk.options import quoted
from retrorun.app.formats.record_batches import MARK
from retrorun.app.units import ONE, sizes_of
from retrorun.models.columns.inputs import SOURCES, TWO
from retrorun.models.columns.names import ALL_NUMBERS, ALL_WORDS, INPUT_COLUMNS
from retrorun.models.vocabulary.quantities import QUANTITIES

PLAIN_NAMES: Final = {
    plain: name
    for name, plain_names in {
        "body_mass_kg": ("body mass", "mass", "body weight", "weight"),
        "speed_m_s": ("speed", "average speed", "avg speed", "mean speed"),
        "duration_s": ("duration", "time", "total time", "elapsed time", "moving time"),
        "distance_m": ("distance", "total distance"),
        "grade": ("grade", "average grade", "avg grade", "slope", "incline"),
        "age_y": ("age",),
        "height_m": ("height", "body height"),
    }.items()
    for plain in plain_names
}
"""The input that a column with a plain name is, if it states its unit."""
IN_SI: Final = frozenset({"elapsed time", "moving time"})
"""Plain names of columns that are in SI units if they state no unit: Strava writes them in seconds."""
NEEDED: Final = f"Needed: body_mass_kg and two of {', '.join(SOURCES)}."
LIKELY: Final = {name: name for name in INPUT_COLUMNS} | {
    "weight": "body_mass_kg",
    "pace": "speed_m_s",
    "time": "duration_s",
}
"""The input that a column with a similar name probably is."""
STATUS_COLUMNS: Final = ("status", "status_field")
"""Columns that every output has."""
BRACKETS: Final = re.compile(r"(.*?)\s*[(\[]([^()\[\]]*)[)\]]")
SEPARATORS: Final = re.compile(r"[\s_,:-]+")
UNIT_WORDS: Final = 2
"""Most words of a unit without brackets, as in `speed_km_h`."""


class Unclear(Exception):
    """The columns of a file cannot be read as inputs. The message says what to do."""


class Column(NamedTuple):
    """The input that a column is, and the size of its unit in the unit of that input."""

    input: str
    size: Fraction = ONE
    unit: str = ""
    """The unit as the column states it. Empty if it is that of the input."""


def split(name: str) -> tuple[str, str]:
    """Return the plain name in the heading of a column, and the unit in brackets, both in lower case.

    Examples
    --------
    >>> split("Distance (km)"), split("Avg_Speed[KM / h]"), split("Elapsed Time")
    (('distance', 'km'), ('avg speed', 'km/h'), ('elapsed time', ''))
    """
    text = name.removeprefix(MARK).strip().lower()
    found = BRACKETS.fullmatch(text)
    plain, unit = found.groups() if found else (text, "")
    return SEPARATORS.sub(" ", plain).strip(), re.sub(r"\s*/\s*", "/", unit.strip())


def unit_at_end(name: str, plain: str) -> tuple[str, str]:
    """Return a plain name without the unit at its end, and that unit, empty if it states none.

    Examples
    --------
    >>> unit_at_end("speed_m_s", "speed km h"), unit_at_end("duration_s", "time in min"), unit_at_end("grade", "grade")
    (('speed', 'km/h'), ('time', 'min'), ('grade', ''))
    """
    words = plain.split(" ")
    for count in range(min(UNIT_WORDS, len(words) - 1), 0, -1):
        unit = "/".join(words[-count:])
        if unit in sizes_of(ALL_NUMBERS[name]):
            return " ".join(words[:-count]).removesuffix(" in"), unit
    return plain, ""


def column_of(heading: str) -> Column | None:
    """Return the input that a column is by its heading, or None if the heading does not say so.

    Examples
    --------
    >>> column_of("Distance (km)")
    Column(input='distance_m', size=Fraction(1000, 1), unit='km')
    >>> column_of("duration_min").unit, column_of("Elapsed Time").input, column_of("Distance"), column_of("Time (UTC)")
    ('min', 'duration_s', None, None)
    """
    if heading in INPUT_COLUMNS:
        return Column(heading)
    plain, unit = split(heading)
    if (name := plain.replace(" ", "_")) in INPUT_COLUMNS and not unit:
        return Column(name)
    if not unit and plain in IN_SI:
        return Column(PLAIN_NAMES[plain])
    for name in ALL_NUMBERS:
        base, stated = (plain, unit) if unit else unit_at_end(name, plain)
        if PLAIN_NAMES.get(base) == name and stated in sizes_of(ALL_NUMBERS[name]):
            return Column(name, sizes_of(ALL_NUMBERS[name])[stated], stated)
    return None


def mapped(name: str, heading: str) -> Column:
    """Return how a column that `--map` names is read; raise if it states a unit that the input does not have."""
    if name in ALL_WORDS or column_of(heading) == Column(name):
        return Column(name)
    plain, unit = split(heading)
    if not unit:
        _, unit = unit_at_end(name, plain)
    if not unit:
        return Column(name)
    if unit not in sizes_of(ALL_NUMBERS[name]):
        known = ", ".join(sizes_of(ALL_NUMBERS[name]))
        raise Unclear(f"--map {name}: the unit in brackets is unknown. Rename the column, with one of: {known}.")
    return Column(name, sizes_of(ALL_NUMBERS[name])[unit], unit)


def columns_of(
    headings: Sequence[str], keep: Collection[str], maps: Mapping[str, str], constants: Mapping[str, float | str]
) -> dict[str, Column]:
    """Return the columns of a file that are inputs.

    Parameters
    ----------
    headings : sequence of str
        The names of all columns of the file.
    keep : collection of str
        Columns that are copied. They are inputs only if they have the name of one, or if `maps` has them.
    maps : mapping
        The heading of the column to read for an input, as `--map` says.
    constants : mapping
        Inputs with one value for all rows, as `--set` says.

    Raises
    ------
    Unclear
        Two columns are one input, or a unit is unknown.
    """
    found: dict[str, Column] = {}
    for name, heading in maps.items():
        if heading in found:
            raise Unclear(f"--map {name}: another --map has this column. Name each column once.")
        found[heading] = mapped(name, heading)
    found |= {heading: Column(heading) for heading in headings if heading in INPUT_COLUMNS and heading not in found}
    sources = {*SOURCES} & {*constants, *(column.input for column in found.values())}
    for heading in headings:
        column = None if heading in found or heading in keep else column_of(heading)
        # What --map, --set or an exact name gives is not read from a plain name too.
        if column and column.input not in maps and not (column.input in SOURCES and len(sources) >= TWO):
            found[heading] = column
    by_input: dict[str, str] = {}
    for heading, column in found.items():
        if other := by_input.get(column.input):
            raise Unclear(
                f"the columns {other} and {heading} are both {column.input}. Choose one with --map {column.input}=, or "
                "remove one."
            )
        if column.input in constants:
            raise Unclear(f"--set {column.input}: the file has it in the column {heading}. Remove one of the two.")
        by_input[column.input] = heading
    if {*SOURCES} <= by_input.keys() | constants.keys() and len(sources) <= TWO:
        named = ", ".join(by_input[name] for name in SOURCES if name in by_input)
        raise Unclear(f"the columns {named} are more than needed: two of {', '.join(SOURCES)}. Choose two with --map.")
    return found


def advice(others: Sequence[str], kept: Sequence[str], inputs: Collection[str]) -> str:
    """Return what to do about columns that are neither inputs nor kept, after the name of the file."""
    if taken := [name for name in others if name in STATUS_COLUMNS]:
        return f" has a column {taken[0]}, but so has every output. Rename it."
    if nul := [name for name in others if "\0" in name]:
        return f": the column name {nul[0]!r} contains a NUL. Rename it."
    near = [(name, match) for name in others for match in likely(name) if match not in inputs]
    hints = [f" {name!r} looks like {with_unit(match)}." for name, match in near]
    if near:
        name, match = near[0]
        hints.append(f" To read it in that unit: --map {shlex.quote(f'{match}={name}')}. For another unit, write it in")
        hints.append(" brackets in the heading.")
    needed = "" if "body_mass_kg" in inputs and len({*SOURCES} & {*inputs}) > 1 else f" {NEEDED}"
    listed = ",".join(map(quoted, [*kept, *others]))
    keep = f"--keep={shlex.quote(listed)}" if listed.startswith("-") else f"--keep {shlex.quote(listed)}"
    which = "column" if len(others) == 1 else "columns"
    named = ", ".join(name or "without a name (pandas writes its index so)" for name in others)
    if len(others) > 1:
        hints.append(" To leave out columns that are not used: --ignore-others.")
    return f": unknown {which} {named}.{needed}{''.join(hints)} To copy the {which}: {keep}"


def likely(name: str) -> list[str]:
    """Return the input that a column with a similar name probably is, if any.

    Examples
    --------
    >>> likely("Weight"), likely("Distance (furlong)"), likely("who")
    (['body_mass_kg'], ['distance_m'], [])
    """
    plain, _ = split(name)
    if plain in PLAIN_NAMES:
        return [PLAIN_NAMES[plain]]
    return [LIKELY[match] for match in get_close_matches(name.lower(), LIKELY, n=1)]


def with_unit(name: str) -> str:
    """Return the name of an input, with its unit if it has one.

    Examples
    --------
    >>> with_unit("distance_m"), with_unit("gait")
    ('distance_m (in m)', 'gait')
    """
    unit = QUANTITIES[name].unit if name in QUANTITIES else "1"
    return name if unit == "1" else f"{name} (in {unit})"


def converted(values: pa.Array, size: Fraction) -> pa.Array:
    """Return numbers in the unit of the input: multiplied, then divided, so that 9 km/h is exactly 2.5 m/s."""
    if size == ONE:
        return values
    values = pc.multiply(values.cast(pa.float64(), safe=False), float(size.numerator))
    return pc.divide(values, float(size.denominator))


def with_constants(bouts: pa.RecordBatch, rows: int, constants: Mapping[str, float | str]) -> pa.RecordBatch:
    """Return bouts with the inputs that have one value for all rows."""
    if not constants:
        return bouts
    columns: dict[str, Any] = dict(zip(bouts.schema.names, bouts.columns, strict=True))
    for name, value in constants.items():
        columns[name] = pa.array([value] * rows, pa.float64() if name in ALL_NUMBERS else pa.string())
    return pa.RecordBatch.from_pydict(columns)
