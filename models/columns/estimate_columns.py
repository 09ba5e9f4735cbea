"""Many bouts at once: columns in, columns out, by the same functions as a single estimate.

Rows that share their categories form a group. A group is computed in blocks that fit a processor's cache, each result
written straight to its place; nothing here runs once for each row. `models.columns.inputs` checks and completes.
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
"""Rows that are checked and grouped at once."""
BLOCK_ROWS: Final = 65_536
"""Rows that are computed at once: what one step leaves is still in the cache for the next."""
TIMING: Final = ("cadence", "contact_time", "steps")
MOTION: Final = ("speed", "duration", "distance")
FEW_CONDITIONS: Final = 12
KEPT_BYTES: Final = 1 << 24


@cache
def keep_freed_memory() -> None:
    """Have the C library keep the memory that a block frees for the next one.

    Left alone it gives that memory back to the system and faults it in again: half of the time of many batches of
    some thousand rows. glibc keeps up to twice the largest mapping that was ever freed (mallopt(3),
    M_MMAP_THRESHOLD); other libraries do not mind.
    """
    np.empty(KEPT_BYTES, np.uint8)


def sections_of(names: Collection[str]) -> frozenset[Section]:
    """Return the sections of an estimate that columns come from.

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


class LazyFactors:
    """As `Factors`, but worked out only where an estimate is wanted: a power of a column costs most of all."""

    def __init__(self, score: Number, spread: Number, ratio_spread: Number, backward_spread: Number | None) -> None:
        self.score = score
        self.spread = spread
        self.ratio_spread = ratio_spread
        self.backward_spread = backward_spread

    @cached_property
    def forward(self) -> Number:
        """Factor of the forward estimate."""
        return spread_factor(self.spread, self.score)

    @cached_property
    def backward(self) -> Number:
        """Factor of the backward estimate."""
        own = self.backward_spread
        return spread_factor(root_sum_square(self.spread, self.ratio_spread) if own is None else own, self.score)

    @cached_property
    def ratio(self) -> Number:
        """Factor of the ratio."""
        return spread_factor(self.ratio_spread, self.score)


class ColumnAnswerBuilder(AnswerBuilder):
    """A builder that writes a block's results to their places in the answer's columns, those that are wanted."""

    def __init__(self, *, gait: Gait, score: Number, answer: Answer, rows: Selection) -> None:
        super().__init__(gait=gait, score=score)
        self.answer = answer
        self.rows = rows
        self.written: set[str] = set()
        self.stems = {
            id(section): stem
            for section, stem in (
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
        stem = self.stems[id(section)] + name
        if stem not in self.answer.pairs:
            return
        names, (central, low, high) = self.answer.pairs[stem]
        rows = self.rows
        if central is not None:
            central[rows] = value
        for function, target in ((np.divide, low), (np.multiply, high)):
            if target is not None and isinstance(rows, slice):
                function(value, factor, out=target[rows])
            elif target is not None:
                target[rows] = function(value, factor)
        self.note(names, value, evidence)

    def put_bounds(
        self,
        section: Values,
        name: str,
        bounds: tuple[float, float],
        value: Number,
        evidence: Code | None = None,
    ) -> None:
        """Write what has no value: its bounds, as multiples of another value."""
        stem = self.stems[id(section)] + name
        if stem in self.answer.pairs:
            names, (_, *ends) = self.answer.pairs[stem]
            for end, bound in zip(ends, bounds, strict=True):
                if end is not None:
                    end[self.rows] = bound * value
            self.note(names, value, evidence)

    def note(self, names: tuple[str, ...], value: Number, evidence: Code | None) -> None:
        """Note that the columns of an estimate are written and, in a sum, which finds any NaN, if one is unknown."""
        self.written.update(names)
        gaps = isinstance(value, np.ndarray) and math.isnan(np.add.reduce(value))
        if gaps:
            self.answer.gaps.update(names)
        if names[-1] not in self.answer.words:
            return
        if evidence is None:
            self.answer.absent(names[-1], self.rows)
        else:
            # The choices of such a column are the grades in their order, so that a grade's place is its code.
            code = np.where(np.isnan(value), np.int8(-1), np.int8(evidence)) if gaps else evidence
            self.answer.words[names[-1]][self.rows] = code

    def number(self, name: str, value: Number) -> None:
        """Write one number."""
        if name in self.answer.numbers:
            self.answer.numbers[name][self.rows] = value
            self.note((name,), value, None)

    def word(self, name: str, word: str) -> None:
        """Write one word, the same in every row."""
        if name in self.answer.words:
            self.answer.words[name][self.rows] = OUTPUTS[name].choices.index(word)
            self.written.add(name)

    def label_intensity(self, forward_met: Number, backward_met: Number) -> None:
        """Write the intensity of both directions: its place among light, moderate and vigorous."""
        for name, met in (("forward_intensity", forward_met), ("backward_intensity", backward_met)):
            if name in self.answer.words:
                active = (met >= INTENSITY_FROM_MET["moderate"]) + np.int8(0)
                self.answer.words[name][self.rows] = active + (met >= INTENSITY_FROM_MET["vigorous"])
                self.written.add(name)

    def wants(self, name: str) -> bool:
        """Say whether any column comes from a quantity."""
        return name in self.answer.wanted

    def factors(self, *, spread: Number, ratio_spread: Number = 0.0, backward_spread: Number | None = None) -> Factors:
        """Return the interval factors of a pair, each worked out when it is first looked at."""
        return cast(Factors, LazyFactors(self.score, spread, ratio_spread, backward_spread))

    def load_pair(
        self,
        name: str,
        forward: Number,
        backward: Number,
        factors: Factors,
        known: Condition = True,
        backward_known: Condition = True,
        at_best: tuple[Code | None, Code | None] = (None, None),
    ) -> None:
        """Write a joint-load indicator in both directions, where it is known, if any of them is wanted."""
        if self.wants(name):
            super().load_pair(name, forward, backward, factors, settled(known), settled(backward_known), at_best)

    def pair(
        self,
        name: str,
        forward: Number,
        backward: Number | None,
        factors: Factors,
        backward_known: Condition = True,
        grades: Grades = UNGRADED,
    ) -> None:
        """Write a quantity in both directions and its ratio, if any of them is wanted."""
        if self.wants(name):
            super().pair(name, forward, backward, factors, settled(backward_known), grades)

    def warn(self, code: str, condition: Condition = True) -> None:
        """Note a warning, for the rows where the condition holds."""
        if self.answer.warnings is not None:
            super().warn(code, settled(condition))

    def refuse(self, condition: Condition, field: str, message: str, code: str) -> None:
        """Note the rows without an estimate."""
        condition = settled(condition)
        if condition is not False:
            self.refusals.append((Undefined(field, message, code), condition))

    def close(self) -> None:
        """Note what is left: refused rows, warnings, and that whatever was not written is unknown."""
        answer, rows = self.answer, self.rows
        for error, condition in self.refusals:
            reason = answer.reasons.number(error.field, error.code)
            here = answer.status[rows]
            answer.status[rows] = np.where((here == NO_FAULT) & condition, np.int8(reason), here)
        for name in (*answer.numbers, *answer.words):
            if name not in self.written:
                answer.absent(name, rows)
        if answer.warnings is not None:
            answer.warnings[rows] = self.patterns_of_rows()

    def patterns_of_rows(self) -> NDArray[np.int32] | int:
        """Return the number of each row's list of warnings, or one for all."""
        varying = [condition for _, condition in self.warnings if isinstance(condition, np.ndarray)]
        if not varying:
            return self.pattern(tuple(code for code, _ in self.warnings))
        few = len(varying) <= FEW_CONDITIONS
        kind: Any = np.uint16 if few else np.int64
        bits = np.zeros(len(varying[0]), kind)
        for place, condition in enumerate(varying):
            bits |= condition.astype(kind) << kind(place)
        # Of few conditions there are few combinations: each has a place in a table. Else those that occur have one.
        size, places = 1 << len(varying), bits
        if few:
            found = np.flatnonzero(np.bincount(bits, minlength=size))
        else:
            found, places = np.unique(bits, return_inverse=True)
        table = np.zeros(size if few else len(found), np.int32)
        for index, held in enumerate(found.tolist()):
            bit = itertools.count()
            table[held if few else index] = self.pattern(
                tuple(code for code, condition in self.warnings if condition is True or held >> next(bit) & 1)
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
        What is given of `models.columns.names.NUMBERS` and `WORDS`, by name, each of length `rows`.
    rows : int
        Number of rows.
    fields : collection of str, optional
        Columns of the answer, of `models.columns.names.OUTPUTS` and "warnings"; all when left out.
    include : collection of str, optional
        Sections of an estimate to compute; those that the columns come from when left out.
    least_rows : int, optional
        Groups of fewer rows that share their categories are left out, with the reason `FEW`.
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
    answer.blank(np.flatnonzero(answer.status != NO_FAULT))
    return answer


def write_block(group: Group, answer: Answer, start: int) -> None:
    """Compute some rows of a group and write them to their places."""
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
        for name, value in parts_of_spread(case, move).items():
            builder.number(f"spread_{name}", where(settled(value != 0), value, np.nan))
    builder.close()
