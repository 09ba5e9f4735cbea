"""The columns of an answer while they are being written."""

from collections.abc import Callable, Collection
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

from retrorun.models.columns.inputs import Reasons, Selection
from retrorun.models.columns.names import OUTPUTS, PARTS
from retrorun.models.estimate.builder import RATIO_NAMES
from retrorun.models.vocabulary.choices import Section

LINE_BYTES: Final = 64
"""Size of a cache line of common processors."""
PAD_BYTES: Final = LINE_BYTES * 5
"""Space after each column. Columns whose starts differ by a power of two compete for the same few cache lines; the
space spreads them."""
PATTERNLESS: Final = -1
"""Marks a row without a list of warnings, because it has no estimate."""

Allocate: TypeAlias = Callable[[int], NDArray[np.uint8]]


def empty(size: int) -> NDArray[np.uint8]:
    """Return new memory of a number of bytes."""
    return np.empty(size, np.uint8)


def whole_lines(size: int) -> int:
    """Return a number of bytes, rounded up to whole cache lines.

    Examples
    --------
    >>> whole_lines(1), whole_lines(64), whole_lines(65)
    (64, 64, 128)
    """
    return -(-size // LINE_BYTES) * LINE_BYTES


def stem_of(name: str) -> str:
    """Return the name of the estimate that a column belongs to.

    Examples
    --------
    >>> stem_of("forward_met_low")
    'forward_met'
    """
    part = OUTPUTS[name].path[-1]
    return name.removesuffix(PARTS[part]) if part in PARTS else name


class Answer:
    """The columns of an answer, with one row for each bout.

    Parameters
    ----------
    rows : int
        Number of rows.
    names : collection of str
        Wanted columns of `OUTPUTS`.
    include : collection of str
        Sections of an estimate to compute.
    with_warnings : bool
        Whether warnings are wanted.
    allocate : callable
        Returns aligned memory of a number of bytes.
    """

    def __init__(
        self, rows: int, names: Collection[str], include: Collection[Section], with_warnings: bool, allocate: Allocate
    ) -> None:
        self.rows = rows
        self.include = include
        self.offsets: dict[str, int] = {}
        """Where each column starts in the shared memory [bytes]."""
        size = 0
        for name in names:
            self.offsets[name] = size
            size += whole_lines(rows * (1 if OUTPUTS[name].choices else 8)) + PAD_BYTES
        memory = allocate(size)
        self.numbers: dict[str, NDArray[np.float64]] = {}
        self.words: dict[str, NDArray[np.int8]] = {}
        for name, offset in self.offsets.items():
            if OUTPUTS[name].choices:
                self.words[name] = memory[offset : offset + rows].view(np.int8)
            else:
                self.numbers[name] = memory[offset : offset + rows * 8].view(np.float64)
        self.gaps: set[str] = set()
        """Columns with unknown values: NaN in numbers, -1 in words."""
        self.reasons = Reasons()
        self.status = np.zeros(rows, np.int8)
        """Number in `reasons` of why a row has no estimate; 0 if it has one."""
        self.patterns: dict[tuple[str, ...], int] = {}
        """The number of each list of warnings that occurs."""
        self.warnings = np.full(rows, PATTERNLESS, np.int32) if with_warnings else None
        """Number of each row's list of warnings; -1 if it has no estimate."""
        self.with_spread = any(name.startswith("spread_") for name in names)
        self.pairs = {stem: self.pair(stem) for stem in map(stem_of, names)}
        """For each wanted estimate: the names of its columns; its value, low and high columns, None if not wanted."""
        self.wanted = {OUTPUTS[name].quantity for name in names}
        self.wanted |= {name for name, ratio in RATIO_NAMES.items() if ratio in self.wanted}

    def pair(self, stem: str) -> tuple[tuple[str, ...], list[NDArray[np.float64] | None]]:
        """Return the column names of an estimate, and its value, low and high columns, None if not wanted."""
        names = tuple(stem + ending for ending in PARTS.values())
        return names, [self.numbers.get(name) for name in names[:-1]]

    def clear_rows(self, rows: NDArray[np.intp]) -> None:
        """Mark all columns as unknown in rows without an estimate."""
        if not len(rows):
            return
        for name in (*self.numbers, *self.words):
            self.mark_unknown(name, rows)
        if self.warnings is not None:
            self.warnings[rows] = PATTERNLESS

    def mark_unknown(self, name: str, rows: Selection) -> None:
        """Mark a column as unknown in some rows."""
        self.gaps.add(name)
        if name in self.numbers:
            self.numbers[name][rows] = np.nan
        else:
            self.words[name][rows] = -1
