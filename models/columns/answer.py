"""The columns of an answer while they are written."""

from collections.abc import Callable, Collection
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrorun.models.columns.inputs import Reasons, Selection
from retrorun.models.columns.names import OUTPUTS, PARTS
from retrorun.models.estimate.builder import RATIO_NAMES
from retrorun.models.vocabulary.choices import Section

LINE_BYTES: Final = 64
PAD_BYTES: Final = LINE_BYTES * 5
"""Added to each column, so that the same row of many columns does not fall on one line of the cache."""
PATTERNLESS: Final = -1

Allocate: TypeAlias = Callable[[int], NDArray[np.uint8]]


def empty(size: int) -> NDArray[np.uint8]:
    """Return memory of a number of bytes."""
    return np.empty(size, np.uint8)


def line(size: int) -> int:
    """Return a number of bytes as whole lines of a processor's cache.

    Examples
    --------
    >>> line(1), line(64), line(65)
    (64, 64, 128)
    """
    return -(-size // LINE_BYTES) * LINE_BYTES


def stem_of(name: str) -> str:
    """Return the name of the estimate that a column is a part of.

    Examples
    --------
    >>> stem_of("forward_met_low")
    'forward_met'
    """
    part = OUTPUTS[name].path[-1]
    return name.removesuffix(PARTS[part]) if part in PARTS else name


class Answer:
    """Columns being written, row for row those of the bouts.

    Parameters
    ----------
    rows : int
        Number of rows.
    names : collection of str
        Columns of `OUTPUTS` that are wanted.
    include : collection of str
        Sections of an estimate to compute.
    with_warnings : bool
        Whether warnings are wanted.
    allocate : callable
        Returns memory of a number of bytes, aligned.
    """

    def __init__(
        self, rows: int, names: Collection[str], include: Collection[Section], with_warnings: bool, allocate: Allocate
    ) -> None:
        self.rows = rows
        self.include = include
        self.offsets: dict[str, int] = {}
        """Where each column begins in the memory of all."""
        size = 0
        for name in names:
            self.offsets[name] = size
            size += line(rows * (1 if OUTPUTS[name].choices else 8)) + PAD_BYTES
        memory = allocate(size)
        self.numbers: dict[str, NDArray[np.float64]] = {}
        self.words: dict[str, NDArray[np.int8]] = {}
        for name, offset in self.offsets.items():
            if OUTPUTS[name].choices:
                self.words[name] = memory[offset : offset + rows].view(np.int8)
            else:
                self.numbers[name] = memory[offset : offset + rows * 8].view(np.float64)
        self.gaps: set[str] = set()
        """Columns that are unknown somewhere: NaN, or -1, in those rows."""
        self.reasons = Reasons()
        self.status = np.zeros(rows, np.int8)
        """Place in `reasons` of why a row has no estimate; 0 where it has one."""
        self.patterns: dict[tuple[str, ...], int] = {}
        """Each list of warnings that occurs, with its number."""
        self.warnings = np.full(rows, PATTERNLESS, np.int32) if with_warnings else None
        """Number of each row's list of warnings; -1 where it has no estimate."""
        self.with_spread = any(name.startswith("spread_") for name in names)
        self.pairs = {stem: self.pair(stem) for stem in map(stem_of, names)}
        """Columns of each wanted estimate: their names, and those of its value and ends that are wanted themselves."""
        self.wanted = {OUTPUTS[name].quantity for name in names}
        self.wanted |= {name for name, ratio in RATIO_NAMES.items() if ratio in self.wanted}

    def pair(self, stem: str) -> tuple[tuple[str, ...], list[NDArray[np.float64] | None]]:
        """Return the wanted columns of an estimate: all their names, and the value and both ends."""
        names = tuple(stem + ending for ending in PARTS.values())
        return names, [self.numbers.get(name) for name in names[:-1]]

    def blank(self, rows: NDArray[np.intp]) -> None:
        """Leave nothing in rows that have no estimate."""
        if not len(rows):
            return
        for name in (*self.numbers, *self.words):
            self.absent(name, rows)
        if self.warnings is not None:
            self.warnings[rows] = PATTERNLESS

    def absent(self, name: str, rows: Selection) -> None:
        """Write that a column is unknown in rows."""
        self.gaps.add(name)
        if name in self.numbers:
            self.numbers[name][rows] = np.nan
        else:
            self.words[name][rows] = -1
