"""Estimate many bouts at once: columns in, columns out, with the same functions as a single estimate.

Rows with the same categories form a group. A group is computed in blocks that fit the processor cache, and each result
is written directly to its column. No Python code runs once per row. `models.columns.inputs` checks and completes rows.
"""

import itertools
import math
from collections.abc import Collection, Mapping
from functools import cache, cached_property
from typing import Any, Final, cast

import numpy as np
from numpy.typing import NDArray

from retrorun.models.columns.answer import Allocate, Answer, empty
from retrorun.models.columns.inputs import NO_FAULT, Group, InputColumn, Selection, complete
from retrorun.models.columns.names import FIELDS, OUTPUTS, WARNINGS
from retrorun.models.estimate.builder import UNGRADED, AnswerBuilder, Factors, Grades, Values
from retrorun.models.estimate.estimate import fill
from retrorun.models.estimate.personal import parts_of_spread
from retrorun.models.evidence import cautions
from retrorun.models.numerics.arithmetic import Condition, Number, settled, where
from retrorun.models.physiology.energy import INTENSITY_FROM_MET
from retrorun.models.physiology.grades import Code
from retrorun.models.physiology.uncertainty import root_sum_square, spread_factor
from retrorun.models.vocabulary.choices import SECTIONS, Gait, Section
from retrorun.models.vocabulary.errors import Undefined

CHUNK_ROWS: Final = 65_536
"""Number of rows that are checked and grouped at once."""
BLOCK_ROWS: Final = 65_536
"""Number of rows that are computed at once; few enough that one step finds the result of the last in the cache."""
TIMING: Final = ("cadence", "contact_time", "steps")
MOTION: Final = ("speed", "duration", "distance")
FEW_CONDITIONS: Final = 12
"""Up to this many warnings a table of all combinations is faster than sorting the rows."""
KEPT_BYTES: Final = 1 << 24
"""Size of the memory that is freed once as a hint to the C library, see `keep_freed_memory`."""


@cache
def keep_freed_memory() -> None:
    """Make the C library keep memory that one block frees, so that the next block reuses it.

    This is a hint: glibc keeps up to twice the size of the largest block ever freed (mallopt(3), M_MMAP_THRESHOLD), so
    one large block is allocated and freed. Without it glibc returns the memory to the system and requests it again,
    which takes half of the time of many batches of some thousand rows. Other C libraries ignore the hint.
    """
    np.empty(KEPT_BYTES, np.uint8)


def sections_of(names: Collection[str]) -> frozenset[Section]:
    """Return the sections of an estimate that contain some columns.

    Examples
    --------
    >>> sorted(sections_of(["forward_met", "ratio_cadence", "gait"]))
    ['energy', 'timing']
    """
    found: set[Section] = set()
    for name in names:
        path = OUTPUTS[name].path
        if path[0] == "spread":
            found.add("energy")
        elif path[0] in ("forward", "backward", "ratio"):
            if path[1] == "load":
                found.add("load")
            elif path[1].startswith(TIMING):
                found.add("timing")
            elif not path[1].startswith(MOTION):
                found.add("energy")
    return frozenset(found)


class LazyFactor:
    """A factor that is computed on first use: the exponential of a column is slow, and often it is not needed."""

    def __init__(self, score: Number, *spreads: Number) -> None:
        self.score = score
        self.spreads = spreads

    @cached_property
    def value(self) -> Number:
        """The factor of the independent spreads together."""
        spread = self.spreads[0] if len(self.spreads) == 1 else root_sum_square(*self.spreads)
        return spread_factor(spread, self.score)


class ColumnAnswerBuilder(AnswerBuilder):
    """A builder that writes the wanted results of a block directly to the columns of the answer."""

    def __init__(self, *, gait: Gait, score: Number, answer: Answer, rows: Selection) -> None:
        super().__init__(gait=gait, score=score)
        self.answer = answer
        self.rows = rows
        self.written: set[str] = set()
        # `put` receives a section as a dict. Dicts cannot be keys, so the identity of the dict finds its column prefix;
        # the builder holds the dicts, so no identity is reused.
        self.prefix_of_section_id = {
            id(section): prefix
            for section, prefix in (
                (self.forward, "forward_"),
                (self.backward, "backward_"),
                (self.ratio, "ratio_"),
                (self.forward_load, "forward_load_"),
                (self.backward_load, "backward_load_"),
                (self.ratio_load, "ratio_load_"),
            )
        }

    def put(self, section: Values, name: str, value: Number, factor: Number, evidence: Code | None = None) -> None:
        """Write one estimate with the ends of its interval."""
        stem = self.prefix_of_section_id[id(section)] + name
        if stem not in self.answer.pairs:
            return
        names, (central, low, high) = self.answer.pairs[stem]
        rows = self.rows
        if central is not None:
            central[rows] = value
        if isinstance(factor, LazyFactor) and not low is high is None:
            factor = factor.value
        for function, target in ((np.divide, low), (np.multiply, high)):
            if target is not None and isinstance(rows, slice):
                function(value, factor, out=target[rows])
            elif target is not None:
                target[rows] = function(value, factor)
        self.mark_written(names, value, evidence)

    def put_bounds(
        self,
        section: Values,
        name: str,
        bounds: tuple[float, float],
        value: Number,
        evidence: Code | None = None,
    ) -> None:
        """Write bounds without a value, as multiples of another value."""
        stem = self.prefix_of_section_id[id(section)] + name
        if stem in self.answer.pairs:
            names, (_, *ends) = self.answer.pairs[stem]
            for end, bound in zip(ends, bounds, strict=True):
                if end is not None:
                    end[self.rows] = bound * value
            self.mark_written(names, value, evidence)

    def mark_written(self, names: tuple[str, ...], value: Number, evidence: Code | None) -> None:
        """Mark columns as written, and as having gaps if any value is NaN."""
        self.written.update(names)
        # A sum is NaN if any value is.
        gaps = isinstance(value, np.ndarray) and math.isnan(np.add.reduce(value))
        if gaps:
            self.answer.gaps.update(names)
        if names[-1] not in self.answer.words:
            return
        if evidence is None:
            self.answer.mark_unknown(names[-1], self.rows)
        else:
            # The choices of such a column are the grades in order, so the code of a grade is its position.
            code = np.where(np.isnan(value), np.int8(-1), np.int8(evidence)) if gaps else evidence
            self.answer.words[names[-1]][self.rows] = code

    def number(self, name: str, value: Number) -> None:
        """Write one number."""
        if name in self.answer.numbers:
            self.answer.numbers[name][self.rows] = value
            self.mark_written((name,), value, None)

    def word(self, name: str, word: str) -> None:
        """Write one word to every row."""
        if name in self.answer.words:
            self.answer.words[name][self.rows] = OUTPUTS[name].choices.index(word)
            self.written.add(name)

    def label_intensity(self, forward_met: Number, backward_met: Number) -> None:
        """Write the intensity of both directions, as its position among light, moderate and vigorous."""
        for name, met in (("forward_intensity", forward_met), ("backward_intensity", backward_met)):
            if name in self.answer.words:
                active = (met >= INTENSITY_FROM_MET["moderate"]) + np.int8(0)
                self.answer.words[name][self.rows] = active + (met >= INTENSITY_FROM_MET["vigorous"])
                self.written.add(name)

    def wants(self, name: str) -> bool:
        """Return whether any wanted column comes from a quantity."""
        return name in self.answer.wanted

    def factors(self, *, spread: Number, ratio_spread: Number = 0.0, backward_spread: Number | None = None) -> Factors:
        """Return the interval factors of a pair, each computed on first use."""
        backward = (spread, ratio_spread) if backward_spread is None else (backward_spread,)
        # Nothing but `put` looks into the factors of a pair.
        return cast(
            Factors,
            (LazyFactor(self.score, spread), LazyFactor(self.score, *backward), LazyFactor(self.score, ratio_spread)),
        )

    def load_pair(
        self,
        name: str,
        forward: Number,
        backward: Number,
        factors: Factors,
        known: Condition = True,
        backward_known: Condition = True,
        grades: tuple[Code, Code] | None = None,
    ) -> None:
        """Write a load indicator in both directions, where it is known, if a column of it is wanted."""
        if self.wants(name):
            super().load_pair(name, forward, backward, factors, settled(known), settled(backward_known), grades)

    def pair(
        self,
        name: str,
        forward: Number,
        backward: Number | None,
        factors: Factors,
        backward_known: Condition = True,
        grades: Grades = UNGRADED,
    ) -> None:
        """Write a quantity in both directions and its ratio, if a column of it is wanted."""
        if self.wants(name):
            super().pair(name, forward, backward, factors, settled(backward_known), grades)

    def warn(self, code: str, condition: Condition = True) -> None:
        """Add a warning for the rows where the condition holds."""
        if self.answer.warnings is not None:
            super().warn(code, settled(condition))

    def refuse(self, condition: Condition, field: str, message: str, code: str) -> None:
        """Store an error for the rows where the condition holds."""
        condition = settled(condition)
        if condition is not False:
            self.refusals.append((Undefined(field, message, code), condition))

    def close(self) -> None:
        """Write the status of refused rows and the warnings, and mark columns that were not written as unknown."""
        answer, rows = self.answer, self.rows
        for error, condition in self.refusals:
            reason = answer.reasons.number(error.field, error.code)
            here = answer.status[rows]
            answer.status[rows] = np.where((here == NO_FAULT) & condition, np.int8(reason), here)
        for name in (*answer.numbers, *answer.words):
            if name not in self.written:
                answer.mark_unknown(name, rows)
        if answer.warnings is not None:
            answer.warnings[rows] = self.patterns_of_rows()

    def patterns_of_rows(self) -> NDArray[np.int32] | int:
        """Return the number of each row's list of warnings, or one number for all rows."""
        warnings = [
            (code, condition)
            for severity in cautions.SEVERITIES
            for code, condition in self.warnings
            if cautions.WARNINGS[code]["severity"] == severity
        ]
        varying = [condition for _, condition in warnings if isinstance(condition, np.ndarray)]
        if not varying:
            return self.pattern(tuple(code for code, _ in warnings))
        few = len(varying) <= FEW_CONDITIONS
        kind: Any = np.uint16 if few else np.int64
        bits = np.zeros(len(varying[0]), kind)
        for place, condition in enumerate(varying):
            bits |= condition.astype(kind) << kind(place)
        # With few conditions a table holds every combination. With many it holds only those that occur.
        size, places = 1 << len(varying), bits
        if few:
            found = np.flatnonzero(np.bincount(bits, minlength=size))
        else:
            found, places = np.unique(bits, return_inverse=True)
        table = np.zeros(size if few else len(found), np.int32)
        for index, held in enumerate(found.tolist()):
            bit = itertools.count()
            table[held if few else index] = self.pattern(
                tuple(code for code, condition in warnings if condition is True or held >> next(bit) & 1)
            )
        return table[places]

    def pattern(self, codes: tuple[str, ...]) -> int:
        """Return the number of a list of warnings."""
        return self.answer.patterns.setdefault(codes, len(self.answer.patterns))


def estimate_columns(
    columns: Mapping[str, InputColumn],
    *,
    rows: int,
    fields: Collection[str] | None = None,
    include: Collection[Section] | None = None,
    least_rows: int = 1,
    allocate: Allocate = empty,
) -> Answer:
    """Estimate each row.

    Parameters
    ----------
    columns : mapping
        Input columns by name, of `models.columns.names.INPUT_COLUMNS`, each of length `rows`.
    rows : int
        Number of rows.
    fields : collection of str, optional
        Wanted columns, of `models.columns.names.OUTPUTS` and "warnings"; all when left out.
    include : collection of str, optional
        Sections of an estimate to compute; those of the wanted columns when left out.
    least_rows : int, optional
        Groups with fewer rows are left out, with the reason `FEW`.
    allocate : callable, optional
        Returns memory of a number of bytes.

    Returns
    -------
    Answer
        The columns.
    """
    keep_freed_memory()
    asked = FIELDS if fields is None else fields
    names = [name for name in OUTPUTS if name in asked]
    if include is None:
        include = sections_of(names) if names else frozenset(SECTIONS)
    answer = Answer(rows, names, include, WARNINGS in asked, allocate)
    with np.errstate(all="ignore"):
        for start in range(0, rows, CHUNK_ROWS):
            chunk = slice(start, min(rows, start + CHUNK_ROWS))
            for group in complete(columns, chunk, answer.status[chunk], answer.reasons, least_rows):
                for first in range(0, len(group), BLOCK_ROWS):
                    write_block(group.block(first, min(len(group), first + BLOCK_ROWS)), answer, start)
    answer.clear_rows(np.flatnonzero(answer.status != NO_FAULT))
    return answer


def write_block(group: Group, answer: Answer, start: int) -> None:
    """Compute some rows of a group and write them to the answer."""
    rows, case = group.rows, group.case
    rows = slice(rows.start + start, rows.stop + start) if isinstance(rows, slice) else rows + start
    builder = ColumnAnswerBuilder(gait=case.gait, score=group.score, answer=answer, rows=rows)
    for name in ("gait", "energy_model", "direction_model"):
        builder.word(name, getattr(case, name))
    move = fill(case, builder, answer.include)
    if "energy" in answer.include:
        builder.warn(cautions.REST_ASSUMED, group.rest_assumed)
    for name in ("duration_s", "resting_energy_kcal"):
        for section, found in (("forward", builder.forward), ("backward", builder.backward)):
            if name in found:
                builder.number(f"{section}_{name}", found[name])
    if answer.with_spread:
        for name, value in parts_of_spread(case, move, group.score).items():
            builder.number(f"spread_{name}", where(settled(value != 0), value, np.nan))
    builder.close()
