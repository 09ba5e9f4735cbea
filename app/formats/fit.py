"""Reads FIT files into columns with NumPy: only the messages and fields that are used, whatever else the file holds.

The names, numbers, scales and units are those of the FIT profile, version 21.212. The checksum is CRC-16/ARC over a
whole file with its header. The checksum of the header alone may be zero (FIT protocol); nothing needs it.
"""

import math
from array import array
from collections.abc import Sequence
from functools import cache
from typing import Final, Literal, NamedTuple, TypeAlias

import numpy as np

from retrorun.app.formats.watch_errors import planned, unreadable
from retrorun.models.numerics.arithmetic import Column
from retrorun.models.track.points import Points, Session, points_from
from retrorun.models.track.recording import MAXIMUM_POINTS

Words: TypeAlias = np.ndarray[tuple[int, ...], np.dtype[np.uint16]]

FIT_MARK: Final = b".FIT"
MARK_AT: Final = 8
CHECKSUM_BYTES: Final = 2
POLYNOMIAL: Final = 0xA001
WORD_BITS: Final = 16
BLOCK_LEVELS: Final = 15
BLOCK_BYTES: Final = 2 << BLOCK_LEVELS
"""Bytes whose checksum is worked out at once."""
EPOCH_S: Final = 631_065_600
"""Zero of FIT times, in seconds since 1970."""

COMPRESSED, DEFINITION, DEVELOPERS = 0x80, 0x40, 0x20
"""Bits in the first byte of a message: a compressed time, a definition, developer fields."""
LOCAL, OFFSET, BASE_TYPE = 0x0F, 0x1F, 0x1F
"""Bits of the local number of a message, of the offset in a compressed time, and of the number of a base type."""

FILE_ID, SPORT, SESSION, LAP, RECORD = 0, 12, 18, 19, 20
READ: Final = (FILE_ID, SPORT, SESSION, LAP, RECORD)
"""Numbers of the messages that are read. A record is a point."""
TIMESTAMP: Final = 253
FILE_TYPE: Final = 0
SPORT_FIELDS: Final = {SPORT: (0, 1), SESSION: (5, 6), LAP: (25, 39)}
"""Fields of a message with the sport and the sub-sport."""
START, ELAPSED, TIMER, DISTANCE = 2, 7, 8, 9
"""Fields of a session or a lap: its start, all its time, the time its timer ran, its distance."""
PLANNED: Final = {5, 6, 7, 34, 35}
"""Types of files that are planned: workout, course, schedules, segment, segment list."""

BASE_TYPES: Final = ("u1", "i1", "u1", "i2", "u2", "i4", "u4", "", "f4", "f8", "u1", "u2", "u4", "", "i8", "u8", "u8")
"""Format of each base type; strings and bytes are no numbers."""
ZERO_IS_INVALID: Final = {10, 11, 12, 16}
SPEED_DISTANCE: Final = 8
"""Field of a point: speed in 12 bits and distance in 12 bits, which begins again at zero after the highest number."""
SPEED_DISTANCE_BYTES: Final = 3
ROLL_OVER: Final = 1 << 12

POINT_FIELDS: Final = {
    0: ("latitude_deg", 2**31 / 180, 0.0),
    1: ("longitude_deg", 2**31 / 180, 0.0),
    2: ("altitude_m", 5.0, 500.0),
    78: ("altitude_m", 5.0, 500.0),
    5: ("distance_m", 100.0, 0.0),
    6: ("speed_m_s", 1000.0, 0.0),
    73: ("speed_m_s", 1000.0, 0.0),
    3: ("heart_rate_per_min", 1.0, 0.0),
    4: ("cadence_per_min", 0.5, 0.0),
    53: ("fraction", 64.0, 0.0),
    41: ("contact_time_s", 10_000.0, 0.0),
    85: ("step_length_m", 10_000.0, 0.0),
}
"""The column of each field of a point, its scale and its offset. Of two fields for one column the later one wins.

The cadence of a FIT file counts the steps of one foot: GoldenCheetah/GoldenCheetah#2060 shows 79 and a fraction of 0.5
where Garmin shows 159 steps per minute.
"""
MAXIMUM_MESSAGES: Final = 8 * MAXIMUM_POINTS
"""Most messages and definitions together."""
MAXIMUM_READ: Final = 2 * MAXIMUM_POINTS
"""Most points that are read: several may have the same second."""
TOO_MANY: Final = "The FIT file has too many messages: split it."
MAXIMUM_LAYOUTS: Final = 1000
"""Most files in a row and different definitions, together."""

SPORTS: Final = """
generic running cycling transition fitness_equipment swimming basketball soccer tennis american_football training
walking cross_country_skiing alpine_skiing snowboarding rowing mountaineering hiking multisport paddling flying
e_biking motorcycling boating driving golf hang_gliding horseback_riding hunting fishing inline_skating
rock_climbing sailing ice_skating sky_diving snowshoeing snowmobiling stand_up_paddleboarding surfing
wakeboarding water_skiing kayaking rafting windsurfing kitesurfing tactical jumpmaster boxing floor_climbing
baseball . . . diving . . shooting . winter_sport grinding . . hiit video_gaming racket wheelchair_push_walk
wheelchair_push_run meditation para_sport disc_golf team_sport cricket rugby hockey lacrosse volleyball
water_tubing wakesurfing water_sport archery mixed_martial_arts motor_sports snorkeling dance jump_rope
pool_apnea mobility geocaching canoeing
""".split()  # noqa: SIM905 - one word a line would be a hundred lines
"""Words of the FIT profile for sports, from number 0."""
SUB_SPORTS: Final = """
generic treadmill street trail track spin indoor_cycling road mountain downhill recumbent cyclocross hand_cycling
track_cycling indoor_rowing elliptical stair_climbing lap_swimming open_water flexibility_training strength_training
warm_up match exercise challenge indoor_skiing cardio_training indoor_walking e_bike_fitness bmx casual_walking
speed_walking bike_to_run_transition run_to_bike_transition swim_to_bike_transition atv motocross backcountry resort
rc_drone wingsuit whitewater skate_skiing yoga pilates indoor_running
""".split()  # noqa: SIM905 - as a list it would be a line for each word
"""The same for sub-sports."""
UNSPECIFIC: Final = {"", "generic", "fitness_equipment"}
"""Sports for which the sub-sport says what was done, for example on a treadmill."""


class Layout:
    """A definition: the kind and length of its messages, their fields, and where they are in the file."""

    __slots__ = ("clock_at", "fields", "length", "message", "order", "places", "rows")

    def __init__(self, written: bytes) -> None:
        self.order: Literal["big", "little"] = "big" if written[1] else "little"
        self.message = int.from_bytes(written[2:4], self.order)
        own = written[5 : 5 + 3 * written[4]]
        self.fields: dict[int, tuple[int, int, int]] = {}
        """Place, size and base type of each field by its number."""
        at = 0
        for number, size, kind in zip(own[::3], own[1::3], own[2::3], strict=True):
            self.fields[number] = (at, size, kind & BASE_TYPE)
            at += size
        self.length = at + sum(written[7 + len(own) :: 3])
        self.clock_at = self.fields[TIMESTAMP][0] if TIMESTAMP in self.fields else -1
        self.places, self.rows = array("q"), array("q")


class Messages(NamedTuple):
    """The messages of one FIT file that are read."""

    data: bytes
    layouts: Sequence[Layout]
    counts: dict[int, int]
    """Messages of each kind."""
    clocks: dict[int, int]
    """Compressed time of points, by their row."""
    total: int
    """Messages and definitions."""

    def column(self, message: int, field: int, *, scale: float = 1.0, offset: float = 0.0) -> Column:
        """Return a field of all messages of a kind as numbers, NaN where it is missing or invalid."""
        found = np.full(self.counts.get(message, 0), np.nan)
        for layout in self.layouts:
            at, size, kind = layout.fields.get(field, (0, 0, 0))
            letters = BASE_TYPES[kind] if kind < len(BASE_TYPES) else ""
            if layout.message == message and size and letters.endswith(str(size)):
                dtype = np.dtype(letters).newbyteorder(layout.order)
                raw = self.bytes_of(layout, at, size).view(dtype)[:, 0]
                values = raw.astype(np.float64) / scale - offset
                if dtype.kind != "f":
                    values[raw == (0 if kind in ZERO_IS_INVALID else np.iinfo(dtype).max)] = np.nan
                found[np.frombuffer(layout.rows, np.int64)] = values
        return found

    def bytes_of(self, layout: Layout, at: int, size: int) -> "np.ndarray[tuple[int, int], np.dtype[np.uint8]]":
        """Return the bytes of a field, a row for each message of a layout."""
        places = np.frombuffer(layout.places, np.int64)
        found: np.ndarray[tuple[int, int], np.dtype[np.uint8]]
        found = np.frombuffer(self.data, np.uint8)[places[:, None] + np.arange(at, at + size)]
        return found

    def first(self, message: int, field: int) -> float:
        """Return the first known value of a field, or NaN."""
        column = self.column(message, field)
        known = column[~np.isnan(column)]
        return float(known[0]) if len(known) else np.nan

    def times(self, message: int, field: int = TIMESTAMP) -> Column:
        """Return a time of all messages of a kind, in seconds since 1970."""
        return self.column(message, field, offset=-EPOCH_S)


def read_fit(data: bytes) -> tuple[Points, list[Session]]:
    """Return the points and the sessions of a FIT file, or of several in a row.

    Raises
    ------
    Undefined
        The file is damaged, too large, or planned.
    """
    parts = [points_from(time_s=np.empty(0))]
    sessions: list[Session] = []
    plans = files = start = points = messages = layouts = 0
    try:
        while start < len(data):
            begin = start + data[start]
            end = begin + int.from_bytes(data[start + 4 : start + 8], "little")
            if data[start + MARK_AT : start + MARK_AT + len(FIT_MARK)] != FIT_MARK or end + CHECKSUM_BYTES > len(data):
                raise IndexError
            if checksum(data[start : end + CHECKSUM_BYTES]):
                raise IndexError
            found = messages_of(data, begin, end)
            files += 1
            points += found.counts[RECORD]
            messages += found.total
            layouts += len(found.layouts)
            if points > MAXIMUM_READ or messages > MAXIMUM_MESSAGES or layouts + files > MAXIMUM_LAYOUTS:
                raise unreadable(TOO_MANY)
            start = end + CHECKSUM_BYTES
            if found.first(FILE_ID, FILE_TYPE) in PLANNED:
                plans += 1
                continue
            with np.errstate(over="ignore", invalid="ignore"):
                read, own = points_of(found), sessions_of(found)
            place = np.maximum(np.searchsorted(list(own), read.time_s, side="right") - 1, 0)
            parts.append(read._replace(session=place + float(len(sessions))))
            sessions += own.values()
    except (IndexError, KeyError):
        raise unreadable("The FIT file is damaged or incomplete: send the original file of the watch.") from None
    if plans == files:
        raise planned()
    return Points(*(np.concatenate(columns) for columns in zip(*parts, strict=True))), sessions


@cache
def crc_steps() -> list[Words]:
    """Return, for each number of 2 ** index words, the checksum of a word and of as many zeros less one after it."""
    step = np.arange(1 << WORD_BITS)
    for _ in range(WORD_BITS):
        step = step >> 1 ^ (step & 1) * POLYNOMIAL
    steps: list[Words] = [step.astype(np.uint16)]
    for _ in range(BLOCK_LEVELS):
        steps.append(steps[-1][steps[-1]])
    return steps


def checksum(data: bytes) -> int:
    """Return the checksum CRC-16/ARC, which is 0 for a whole FIT file with its own checksum at the end.

    Notes
    -----
    The checksum is linear, so the words of a block are joined in pairs, the pairs in fours and so on.

    Examples
    --------
    >>> hex(checksum(b"123456789"))
    '0xbb3d'
    """
    steps = crc_steps()
    found = 0
    for end in range(len(data) % BLOCK_BYTES, len(data) + 1, BLOCK_BYTES):
        block = data[max(end - BLOCK_BYTES, 0) : end].rjust(BLOCK_BYTES, b"\0")
        words = np.frombuffer(block, "<u2")
        for step in steps[:BLOCK_LEVELS]:
            words = step[words[::2]] ^ words[1::2]
        found = int(steps[BLOCK_LEVELS][found] ^ steps[0][words[0]])
    return found


def messages_of(data: bytes, begin: int, end: int) -> Messages:
    """Return where the messages are that are read of the FIT file whose messages are from `begin` to `end`."""
    layouts: dict[bytes, Layout] = {}
    local: dict[int, Layout] = {}
    counts = dict.fromkeys(READ, 0)
    clocks: dict[int, int] = {}
    clock = clock_at = total = 0
    clock_order: Literal["big", "little"] = "little"
    at = begin
    while at < end:
        total += 1
        if total > MAXIMUM_MESSAGES or len(layouts) > MAXIMUM_LAYOUTS or counts[RECORD] > MAXIMUM_READ:
            raise unreadable(TOO_MANY)
        head = data[at]
        at += 1
        if head & COMPRESSED:
            layout = local[head >> 5 & 3]
            if clock_at:
                clock, clock_at = int.from_bytes(data[clock_at : clock_at + 4], clock_order), 0
            clock += (head - clock) & OFFSET
            if layout.message == RECORD:
                clocks[counts[RECORD]] = clock
        elif head & DEFINITION:
            stop = at + 5 + 3 * data[at + 4]
            stop += 1 + 3 * data[stop] if head & DEVELOPERS else 0
            written = data[at:stop]
            if stop > end:
                raise IndexError
            if written not in layouts:
                layouts[written] = Layout(written)
            local[head & LOCAL] = layouts[written]
            at = stop
            continue
        else:
            layout = local[head & LOCAL]
        if layout.message in counts:
            layout.places.append(at)
            layout.rows.append(counts[layout.message])
            counts[layout.message] += 1
        if layout.clock_at >= 0:
            clock_at, clock_order = at + layout.clock_at, layout.order
        at += layout.length
    if at > end:
        raise IndexError
    return Messages(data, list(layouts.values()), counts, clocks, total)


def points_of(found: Messages) -> Points:
    """Return the points of one FIT file."""
    columns = {name: np.full(found.counts[RECORD], np.nan) for name, *_ in POINT_FIELDS.values()}
    for field, (name, scale, offset) in POINT_FIELDS.items():
        column = found.column(RECORD, field, scale=scale, offset=offset)
        columns[name] = np.where(np.isnan(column), columns[name], column)
    columns["cadence_per_min"] += np.nan_to_num(columns.pop("fraction"))
    speed_m_s, distance_m = speed_and_distance(found)
    for name, column in (("speed_m_s", speed_m_s), ("distance_m", distance_m)):
        if np.isnan(columns[name]).all():
            columns[name] = column
    time_s = found.times(RECORD)
    if found.clocks:
        time_s[list(found.clocks)] = np.array(list(found.clocks.values())) + float(EPOCH_S)
    return points_from(time_s=time_s, **columns)


def speed_and_distance(found: Messages) -> tuple[Column, Column]:
    """Return speed and distance of points that have both in three bytes."""
    joined = np.full(found.counts[RECORD], -1)
    for layout in found.layouts:
        at, size, _ = layout.fields.get(SPEED_DISTANCE, (0, 0, 0))
        if layout.message == RECORD and size == SPEED_DISTANCE_BYTES:
            raw = found.bytes_of(layout, at, size).astype(np.int64) << np.array([0, 8, 16])
            joined[np.frombuffer(layout.rows, np.int64)] = raw.sum(axis=1)
    known = (joined >= 0) & (joined != 2**24 - 1)
    speed_m_s, distance_m = np.full((2, len(joined)), np.nan)
    speed_m_s[known] = (joined[known] & ROLL_OVER - 1) / 100
    way = joined[known] >> 12
    distance_m[known] = np.cumsum(np.diff(way, prepend=0) % ROLL_OVER) / 16
    return speed_m_s, distance_m


def sessions_of(found: Messages) -> dict[float, Session]:
    """Return the sessions of one FIT file by their starts in order; there is always one."""
    pairs = (found.column(SESSION, field) for field in SPORT_FIELDS[SESSION])
    sports = [word_of(*pair) for pair in zip(*pairs, strict=True)]
    start_s, way_m, lasts_s = totals_of(found, SESSION)
    lap_start_s, lap_way_m, lap_lasts_s = totals_of(found, LAP)
    if not sports:
        start_s, way_m, lasts_s = np.zeros(1), np.full(1, np.nan), np.full(1, np.nan)
        known = (word_of(*(found.first(kind, field) for field in SPORT_FIELDS[kind])) for kind in (SPORT, LAP))
        sports = [next(filter(None, known), "")]
    start_s = np.nan_to_num(start_s)
    # A session that is written several times has its last totals in the last message.
    last = {float(start_s[place]): place for place in range(len(start_s))}
    starts = sorted(last)
    lap_of = np.maximum(np.searchsorted(starts, lap_start_s, side="right") - 1, 0)
    found_sessions = {}
    for place, start in enumerate(starts):
        row, laps = last[start], lap_of == place
        way, lasts = (
            float(whole[row] if whole[row] > 0 or not laps.any() else parts[laps].sum())
            for whole, parts in ((way_m, lap_way_m), (lasts_s, lap_lasts_s))
        )
        found_sessions[start] = Session(sports[row], way, lasts)
    return found_sessions


def totals_of(found: Messages, message: int) -> tuple[Column, Column, Column]:
    """Return the starts, distances and durations of sessions or laps: the time of the timer, else all of it."""
    all_s, timer_s = (found.column(message, field, scale=1000.0) for field in (ELAPSED, TIMER))
    start_s = found.times(message, START)
    start_s = np.where(np.isnan(start_s), found.times(message) - all_s, start_s)
    return start_s, found.column(message, DISTANCE, scale=100.0), np.where(np.isnan(timer_s), all_s, timer_s)


def word_of(sport: float, sub_sport: float) -> str:
    """Return the word for a sport, or for its sub-sport where the sport says little.

    Examples
    --------
    >>> word_of(1, 3), word_of(4, 1), word_of(0, 0), word_of(math.nan, math.nan), word_of(99, 0)
    ('running', 'treadmill', 'generic', '', 'sport 99')
    """
    words = [
        names[int(number)] if number < len(names) else ""
        for names, number in ((SPORTS, sport), (SUB_SPORTS, sub_sport))
    ]
    word = words[0].strip(".") or ("" if math.isnan(sport) else f"sport {int(sport)}")
    return words[1] if word in UNSPECIFIC and words[1] not in UNSPECIFIC else word
