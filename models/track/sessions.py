"""Find the sessions of a file, choose those on foot, and clean each by itself."""

import math
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Final, Literal, NamedTuple, NotRequired, TypeAlias, TypedDict

import numpy as np

from retrorun.models.track.distance import DistanceSource, with_distance
from retrorun.models.track.order import in_order
from retrorun.models.track.points import Points, Session, without_zero_places
from retrorun.models.track.recording import LEAST_POINTS, MAXIMUM_POINTS, Recording, recording, refuse_unusable
from retrorun.models.vocabulary.answer import Graded
from retrorun.models.vocabulary.errors import OutOfRange, Undefined
from retrorun.models.vocabulary.quantities import INPUTS

BREAK_S: Final = 3600.0
"""Time without a point above which the next point begins another session (choice)."""

MAXIMUM_SESSIONS: Final = 100
"""Most sessions of a file (choice)."""

Sport: TypeAlias = Literal[
    "running",
    "walking",
    "hiking",
    "snowshoeing",
    "cycling",
    "swimming",
    "paddling",
    "rowing",
    "skiing",
    "skating",
    "sailing",
    "riding",
    "driving",
    "flying",
    "climbing",
    "wheelchair",
    "fitness_equipment",
    "transition",
    "multisport",
    "other",
]

UNNAMED: Final = """
generic training other default unknown uncategorized workout activity exercise warmup challenge navigate map trackme
""".split()  # noqa: SIM905 - as a list it would be a line for each word
"""Words that name no sport. They count as on foot, as if the file had no word."""

ON_FOOT: Final[Mapping[Sport, list[str]]] = {
    "running": """
        run running jogging street streetrunning trail trailrun trailrunning track trackrunning treadmill
        treadmillrunning indoorrunning virtualrun virtualrunning ultrarun ultrarunning obstaclerun orienteering 9
    """.split(),  # noqa: SIM905 - as a list it would be a line for each word
    "walking": """
        walk walking indoorwalking casualwalking speedwalking racewalking nordicwalking powerwalking 10
    """.split(),  # noqa: SIM905 - as a list it would be a line for each word
    "hiking": ["hike", "hiking", "trekking", "backpacking", "rucking", "mountaineering", "4"],
    "snowshoeing": ["snowshoe", "snowshoes", "snowshoeing"],
}
"""Words for sports on foot, in lower case and without separators. 4, 9 and 10 are the numbers of Strava."""

NOT_ON_FOOT: Final[Mapping[Sport, tuple[str, ...]]] = {
    "wheelchair": ("wheelchair",),
    "riding": ("horse", "equestrian"),
    "driving": ("motor", "driving"),
    "cycling": ("cycl", "bik", "ride", "bmx", "mtb", "spinning"),
    "swimming": ("swim", "openwater"),
    "paddling": ("paddl", "kayak", "canoe", "raft"),
    "rowing": ("rowing", "rower"),
    "skiing": ("skiing", "nordicski", "alpineski", "backcountryski", "rollerski", "skitour", "snowboard"),
    "skating": ("skat",),
    "sailing": ("sail", "surf", "boat"),
    "flying": ("flying", "gliding", "wingsuit"),
    "fitness_equipment": ("fitnessequipment", "elliptical", "stair"),
    "climbing": ("climbing",),
    "transition": ("transition",),
    "multisport": ("multisport", "triathlon", "duathlon"),
}
"""Parts of words for other sports, to name them. A word that is nowhere here is another sport."""

STRAVA: Final[Mapping[str, Sport]] = {"1": "cycling", "16": "swimming"}
"""Numbers of Strava for sports that are not on foot, to name them."""


class SessionReport(TypedDict):
    """A session of the file, and whether it is in the totals."""

    used: bool
    sport: NotRequired[Sport]
    start_s: NotRequired[float]
    recorded_s: NotRequired[float]
    distance_m: NotRequired[float]
    total_energy_kcal: NotRequired[Graded]


class Part(NamedTuple):
    """A session, or the part of one between two breaks."""

    points: Points
    """In order; none if the session has no usable points."""
    sport: Sport | None
    """None if the file names none."""
    used: bool
    """Whether it is on foot and counts."""
    derived: DistanceSource | None = None
    """Source of its distances if its points had none."""

    @property
    def begin_s(self) -> float:
        """Return the time of the first point, in seconds since 1970."""
        return float(self.points.time_s[0]) if len(self.points.time_s) else math.inf

    @property
    def end_s(self) -> float:
        """Return the time of the last point, in seconds since 1970."""
        return float(self.points.time_s[-1]) if len(self.points.time_s) else -math.inf


class File(NamedTuple):
    """The parts of a file, the oldest first."""

    parts: list[Part]
    unusable: int
    """Records that are not used, of the sessions on foot."""
    considered: int
    """Records of the sessions on foot."""
    redated: int

    @property
    def first_s(self) -> float:
        """Return the time of the first usable point of the file, in seconds since 1970."""
        return min(part.begin_s for part in self.parts)

    @property
    def duration_s(self) -> float:
        """Return the time from the first usable point of the file to the last."""
        return max(part.end_s for part in self.parts) - self.first_s


def sport_of(word: str) -> tuple[Sport | None, bool]:
    """Return our name for the word of a file for a sport, None if it names none, and whether it is on foot.

    Examples
    --------
    >>> sport_of("Trail_Running"), sport_of("e_biking"), sport_of("generic"), sport_of("curling"), sport_of("27")
    (('running', True), ('cycling', False), (None, True), ('other', False), ('other', False))
    """
    plain = "".join(letter for letter in word.lower() if letter.isalnum())
    for sport, words in ON_FOOT.items():
        if plain in words:
            return sport, True
    if plain in STRAVA:
        return STRAVA[plain], False
    if not plain or plain in UNNAMED:
        return None, True
    found: Sport = next((sport for sport, parts in NOT_ON_FOOT.items() if any(p in plain for p in parts)), "other")
    return found, False


def read_sessions(points: Points, sessions: Sequence[Session], *, as_foot: bool) -> File:
    """Return the parts of a file.

    Parameters
    ----------
    points : Points
        The points of the file, in its order.
    sessions : sequence of Session
        The sessions of the file. A point whose session is not there has a session without a sport.
    as_foot : bool
        Whether every sport counts as on foot.

    Raises
    ------
    OutOfRange
        Too many points or sessions.
    Undefined
        Every session has a sport that is not on foot, or those on foot have too few usable points.
    """
    points = without_zero_places(points)
    numbers = np.unique(points.session).tolist() or [0.0]
    if len(numbers) > MAXIMUM_SESSIONS:
        raise too_many_sessions()
    words = {number: sessions[int(number)].sport if 0 <= number < len(sessions) else "" for number in numbers}
    named = {number: sport_of(word) for number, word in words.items()}
    if not as_foot and not any(on_foot for _, on_foot in named.values()):
        raise not_on_foot([sport for sport, _ in named.values()])
    parts: list[Part] = []
    unusable = considered = redated = used = 0
    for number, (sport, on_foot) in named.items():
        rows = points.session == number
        own = points if len(numbers) == 1 else Points(*(column[rows] for column in points))
        session = sessions[int(number)] if 0 <= number < len(sessions) else Session()
        own, derived = with_distance(own, session)
        found = in_order(own)
        counts = on_foot or as_foot
        if counts:
            unusable, considered = unusable + found.unusable, considered + int(rows.sum())
            redated, used = redated + found.redated, used + len(found.points.time_s)
        parts += [Part(points, sport, counts, derived) for points in between_breaks(found.points)]
        if len(parts) > MAXIMUM_SESSIONS:
            raise too_many_sessions()
    if used > MAXIMUM_POINTS:
        raise OutOfRange("file", f"A file may have up to {MAXIMUM_POINTS} points. Split it.")
    refuse_unusable(points.time_s, considered, unusable, used)
    return File(once(sorted(parts, key=lambda part: part.begin_s)), unusable, considered, redated)


def between_breaks(points: Points) -> list[Points]:
    """Return the points between breaks of more than `BREAK_S`."""
    ends = [0, *(np.flatnonzero(np.diff(points.time_s) > BREAK_S) + 1).tolist(), len(points.time_s)]
    if len(ends) > MAXIMUM_SESSIONS + 1:
        raise too_many_sessions()
    return [Points(*(column[begin:end] for column in points)) for begin, end in pairwise(ends)]


def once(parts: Sequence[Part]) -> list[Part]:
    """Return parts of which no two count at the same time: each begins after the ones before it that count."""
    found, until_s = [], -math.inf
    for part in parts:
        later = part.points.time_s > until_s
        if not part.used or later.all():
            found.append(part)
        elif later.sum() < LEAST_POINTS:
            found.append(part._replace(used=False))
        else:
            found.append(part._replace(points=Points(*(column[later] for column in part.points))))
        until_s = max(until_s, part.end_s) if found[-1].used else until_s
    return found


def recordings(file: File) -> tuple[list[Part], list[Recording]]:
    """Return the parts of a file, and the recording of each that counts.

    A part that cannot be cleaned does not count, if another one does.
    """
    parts, found, refused = list(file.parts), [], []
    for place, part in enumerate(file.parts):
        if part.used:
            try:
                cleaned = recording(part.points)
                source = part.derived or cleaned.distance_source
                found.append(cleaned._replace(distance_source=source))
            except Undefined as error:
                refused.append(error)
                parts[place] = part._replace(used=False)
    if not found:
        raise refused[0]
    longest = INPUTS["duration_s"].high
    if sum(each.duration_s for each in found) > longest:
        raise OutOfRange("file", f"The sessions of a file may last up to {longest:g} s together. Split it.")
    return parts, found


def not_on_foot(sports: Sequence[Sport | None]) -> Undefined:
    """Return the error of a file of which no session is on foot."""
    names = sorted({sport.replace("_", " ") for sport in sports if sport and sport != "other"})
    said = f"names its sport: {', '.join(names)}" if names else "names a sport that is not known to be on foot"
    return Undefined(
        "file",
        f"The file {said}. RetroRun answers running and walking. To answer it as running and walking anyway, send "
        "sport as_foot.",
        "not_on_foot_sport",
    )


def too_many_sessions() -> OutOfRange:
    """Return the error of a file with too many sessions."""
    return OutOfRange("file", f"A file may have up to {MAXIMUM_SESSIONS} sessions. Split it.")


def session_report(part: Part, first_s: float) -> SessionReport:
    """Return what is known of a part before its energy is computed."""
    found: SessionReport = {"used": part.used}
    if part.sport is not None:
        found["sport"] = part.sport
    if len(part.points.time_s):
        found["start_s"] = part.begin_s - first_s
        found["recorded_s"] = part.end_s - part.begin_s
    return found
