"""Adds up the activities of an export: in total, and by week, month or year."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from typing import Final, NamedTuple

from retrorun.app.strava.activity import OK, OTHER_SPORT, Answered, is_on_foot
from retrorun.app.strava.export import MONTHS
from retrorun.models.evidence.cautions import WARNINGS, ranked
from retrorun.models.vocabulary.answer import Graded, Interval
from retrorun.models.workout.adding import add_estimates

MOST_PERIODS: Final = 36
"""Most bars of a chart in each direction."""
WEEK: Final = timedelta(days=7)


class Line(NamedTuple):
    """An answered activity, as the page shows it."""

    start: datetime | None
    name: str
    activity_type: str
    distance_m: float
    moving_s: float
    done: Graded
    """Total energy as done [kcal]."""
    turned: Graded
    """The same, had all of it been backward [kcal]."""
    ratio: Graded


class Energy(NamedTuple):
    """The total energy of several activities, with their number."""

    activities: int
    done: Interval
    turned: Interval
    ratio: Interval
    """Its range is narrower than that of the two energies, because they share most errors."""


class Period(NamedTuple):
    """A week, month or year."""

    label: str
    energy: Energy | None
    """None without activities."""


class Summary:
    """Collects what the page shows."""

    def __init__(self, interval: float) -> None:
        self.interval = interval
        self.activities = 0
        self.lines: list[Line] = []
        self.other_sports: Counter[str] = Counter()
        """Activities of other sports, by their type, or by the sport that their recording names."""
        self.problems: Counter[str] = Counter()
        """Activities on foot without an answer, by reason."""
        self.warnings: Counter[str] = Counter()
        """Activities with each warning, by its code."""

    def add(self, found: Answered) -> None:
        """Add an activity."""
        activity, answer = found.activity, found.answer
        self.activities += 1
        if found.status == OTHER_SPORT:
            of_recording = "" if not is_on_foot(activity.activity_type) else f": {found.reason}"
            self.other_sports[activity.activity_type + of_recording] += 1
        elif found.status != OK or answer is None:
            self.problems[found.reason] += 1
        else:
            self.warnings.update(warning["code"] for warning in answer["warnings"])
            totals = answer["totals"]
            self.lines.append(
                Line(
                    activity.start,
                    activity.name,
                    activity.activity_type,
                    totals["distance_m"],
                    totals["moving_duration_s"],
                    totals["total_energy_kcal"],
                    answer["reversed"]["total_energy_kcal"],
                    answer["ratio"]["total_energy"],
                )
            )

    def messages(self) -> list[tuple[str, int]]:
        """Return the message of each warning and its number of activities: safety first, then the most frequent."""
        frequent = [WARNINGS[code] for code, _ in self.warnings.most_common()]
        return [(warning["message"], self.warnings[warning["code"]]) for warning in ranked(frequent)]

    def energy(self, lines: Sequence[Line]) -> Energy:
        """Return the energy of activities of one person, with the errors that they share."""
        done = self.added([line.done for line in lines])
        # Most errors of the two energies cancel in their ratio. A ratio weighs as much as its activity.
        ratio = self.added([scaled(line.ratio, line.done["value"]) for line in lines])
        return Energy(len(lines), done, self.added([line.turned for line in lines]), scaled(ratio, 1 / done["value"]))

    def added(self, estimates: Sequence[Graded | Interval]) -> Interval:
        """Return the sum of estimates of one person."""
        found = add_estimates(
            value=[one["value"] for one in estimates],
            low=[one["low"] for one in estimates],
            high=[one["high"] for one in estimates],
            interval=self.interval,
        )
        return {"value": found.value, "low": found.low, "high": found.high}

    def periods(self) -> tuple[str, list[Period]]:
        """Return the energy of each week, month or year: the shortest of them that gives few enough bars."""
        dated = [(line.start.date(), line) for line in self.lines if line.start is not None]
        if not dated:
            return "", []
        first, last = min(day for day, _ in dated), max(day for day, _ in dated)
        begins = {kind: list(begins_of(kind.begin(first), last, kind.following)) for kind in KINDS}
        kind = next((kind for kind in KINDS if len(begins[kind]) <= MOST_PERIODS), KINDS[-1])
        inside: dict[date, list[Line]] = {day: [] for day in begins[kind][-MOST_PERIODS:]}
        for day, line in dated:
            if (begun := kind.begin(day)) in inside:
                inside[begun].append(line)
        found = [Period(kind.label(day), self.energy(lines) if lines else None) for day, lines in inside.items()]
        return kind.name, found


def scaled(interval: Graded | Interval, factor: float) -> Interval:
    """Return an interval times a factor."""
    return {"value": interval["value"] * factor, "low": interval["low"] * factor, "high": interval["high"] * factor}


def begins_of(first: date, last: date, following: Callable[[date], date]) -> Iterator[date]:
    """Yield the first day of each period from one day to another."""
    while first <= last:
        yield first
        first = following(first)


def month_after(day: date) -> date:
    """Return the first day of the next month.

    Examples
    --------
    >>> month_after(date(2024, 12, 1)).isoformat()
    '2025-01-01'
    """
    return date(day.year + day.month // len(MONTHS), day.month % len(MONTHS) + 1, 1)


def name_of_month(day: date) -> str:
    """Return the short name of the month of a day.

    Examples
    --------
    >>> name_of_month(date(2024, 12, 1))
    'Dec'
    """
    return MONTHS[day.month - 1].capitalize()


class Kind(NamedTuple):
    """A kind of period."""

    name: str
    begin: Callable[[date], date]
    """The first day of the period of a day."""
    following: Callable[[date], date]
    """The first day of the next period."""
    label: Callable[[date], str]


KINDS: Final = (
    Kind(
        "week",
        lambda day: day - timedelta(days=day.weekday()),
        lambda day: day + WEEK,
        lambda day: f"{day.day} {name_of_month(day)}",
    ),
    Kind("month", lambda day: day.replace(day=1), month_after, lambda day: f"{name_of_month(day)} {day.year}"),
    Kind(
        "year",
        lambda day: day.replace(month=1, day=1),
        lambda day: day.replace(year=day.year + 1),
        lambda day: str(day.year),
    ),
)
