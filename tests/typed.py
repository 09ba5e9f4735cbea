"""Typed numbers for the command line and the page: the table of both, and random texts."""

import csv
import random
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

NAMES = {
    "mass": "body_mass_kg",
    "pace": "speed_m_s",
    "speed": "speed_m_s",
    "time": "duration_s",
    "distance": "distance_m",
    "grade": "grade",
    "energy": "total_energy_kcal",
    "impulse": "patellofemoral_impulse_per_bout_bw_s",
}
"""The quantity of each kind of field."""

FIELDS = {
    "mass": ("kg", "lb"),
    "pace": ("/km", "/mi"),
    "speed": ("km/h", "mph"),
    "time": ("min", "min"),
    "distance": ("km", "mi"),
    "grade": ("%", "%"),
    "energy": ("kcal", "kcal"),
    "impulse": ("BW·s", "BW·s"),
}
"""The unit of each kind of field, metric and imperial."""

UNIT_WORDS = (
    *("kg", "lb", "st", "km", "k", "m", "mi", "yd", "km/h", "mph", "m/s", "/km", "/mi", "min/km", "min / mile"),
    *("h", "min", "s", "'", '"', "''", "′", "″", "%", "kcal", "bws", "BW·s"),
)
DIGITS = ("0", "1", "3", "4", "5", "05", "10", "30", "59", "60", "75", "125", "500", "000", "70", "154", "1500")
MARKS = (":", ".", ",", "", "", "-", "−", "+", "/")
SPACES = ("", "", "", " ", "  ", "\u00a0", "\u202f", "\t")


class Typed(NamedTuple):
    """A row of the table: a text typed into a field, and what it means."""

    kind: str
    unit: str
    """The unit of the field; empty where there is none, on the command line."""
    text: str
    si: float | None
    """None if the text is refused."""
    echo: str
    other: str

    @property
    def system(self) -> str:
        """The units of the page in which the field has this unit."""
        return "metric" if self.unit == FIELDS[self.kind][0] else "imperial"


def table() -> list[Typed]:
    """Return the rows of tests/typed_numbers.csv."""
    path = Path(__file__).with_name("typed_numbers.csv")
    with path.open(encoding="utf-8", newline="") as file:
        return [
            Typed(
                row["kind"],
                row["unit"],
                row["text"],
                None if row["si"] == "error" else float(row["si"]),
                row["echo"],
                row["other"],
            )
            for row in csv.DictReader(file)
        ]


def random_texts(count: int, seed: int = 1) -> Iterator[tuple[str, str, str]]:
    """Yield kinds, unit systems and texts: some that people type, and some that are only like them."""
    chance = random.Random(seed)
    for _ in range(count):
        kind = chance.choice(list(FIELDS))
        parts: list[str] = []
        for _ in range(chance.choice((1, 1, 1, 2, 2, 3))):
            parts += [chance.choice(MARKS) if parts else "", chance.choice(DIGITS)]
            parts += [chance.choice(SPACES), chance.choice(UNIT_WORDS)] if chance.random() < 0.5 else []
            parts += [chance.choice(SPACES)] if chance.random() < 0.3 else []
        yield kind, chance.choice(("metric", "imperial")), "".join(parts)
