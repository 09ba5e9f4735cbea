"""What the studies of the tables measured of a claim: people, speed and effect of each, and a verdict in a few words.

An effect is a ratio of two group means of one study: backward over forward at equal speed, or with more steps over the
usual step rate. A study whose speeds differed, or that printed no number, has none.
"""

import re
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final, Literal, NotRequired, TypeAlias, TypedDict

from retrorun.models.evidence.claims import CLAIMS
from retrorun.models.sources.references import REFERENCES
from retrorun.models.sources.tables import number, table

Verdict: TypeAlias = Literal[
    "most studies support it",
    "small studies support it",
    "partly supported",
    "studies disagree",
    "not supported",
    "measurements contradict it",
    "not measured",
]

VERDICTS: Final[dict[str, Verdict]] = {
    "uplift_equal_speed": "most studies support it",
    "uplift_equal_effort": "not supported",
    "burns_double": "measurements contradict it",
    "knee_cap_load": "studies disagree",
    "knee_cap_numbers": "not supported",
    "impact": "not supported",
    "achilles_pain": "not supported",
    "knee_osteoarthritis": "partly supported",
    "economy": "small studies support it",
    "muscles": "small studies support it",
    "brain": "not measured",
    "surface": "not measured",
    "watch_calories": "not supported",
    "hundred_steps": "measurements contradict it",
    "weight_support_treadmill": "not supported",
    "higher_step_rate": "partly supported",
}
"""The finding of each claim in a few words. `finding` in the claim says more."""

PEAK_KNEE_CAP_FORCE: Final = "pfj_peak_force"
STEP_RATE: Final = "pfj_peak_force_change_step_rate_+10%"
MUSCLE_VOLUME: Final = "active_muscle_volume_per_force_ratio_BR/FR"
GROUND_FORCE: Final = ("vgrf_peak", "grf_resultant_at_peak_knee_moment")
"""Names of quantities in the table of loads."""

BACKWARD_OVER_FORWARD: Final = "backward over forward at the same speed"

SECONDARY_SPEED: Final = re.compile(r"([\d.]+-[\d.]+) m/s by [^;]*\(secondary\)")
"""A speed in the note of a row that somebody else than the study gave."""

EFFECTS: Final[dict[str, str]] = {
    "uplift_equal_speed": f"Energy, {BACKWARD_OVER_FORWARD}",
    "burns_double": f"Energy, {BACKWARD_OVER_FORWARD}",
    "hundred_steps": f"Energy, {BACKWARD_OVER_FORWARD}",
    "knee_cap_load": f"Peak knee-cap force, {BACKWARD_OVER_FORWARD}",
    "impact": f"Ground force, {BACKWARD_OVER_FORWARD}",
    "muscles": f"Active muscle volume per force, {BACKWARD_OVER_FORWARD}",
    "higher_step_rate": "Peak knee-cap force forward, 10 % more steps over usual",
}
"""The effect that our tables have for a claim. The other claims have none."""

NO_EFFECT: Final = "our tables have no ratio of two means in equal conditions for this claim"

WITHOUT_EFFECT: Final[dict[str, str]] = {
    "uplift_equal_effort": "the ratios were derived from lines of heart rate",
}
"""Why a claim has no effect, if not for `NO_EFFECT`."""


class Study(TypedDict):
    """What one study measured of a claim."""

    reference: str
    study: str
    gait: str
    people: NotRequired[int]
    speed: str
    slope: NotRequired[str]
    effect: float


def studies_of(claim: str) -> list[Study]:
    """Return what the studies of the tables measured of a claim, in the order of the tables.

    Parameters
    ----------
    claim : str
        Id of the claim.

    Returns
    -------
    list of Study
        Empty if the tables have no number for it. `people` is missing if the table has none, and `speed` is in words.

    Examples
    --------
    >>> [(study["study"], study["people"], study["effect"]) for study in studies_of("impact")]
    [('Cavagna 2012', 9, 1.106), ('Roos 2012', 20, 1.043)]
    """
    match claim:
        case "uplift_equal_speed":
            return list(_energy("run"))
        case "burns_double" | "hundred_steps":
            return [*_energy("run"), *_energy("walk")]
        case "knee_cap_load":
            return list(_pairs(PEAK_KNEE_CAP_FORCE))
        case "impact":
            return list(_pairs(*GROUND_FORCE))
        case "muscles":
            return [_study(row, float(row["mean"])) for row in table("load") if row["indicator"] == MUSCLE_VOLUME]
        case "higher_step_rate":
            changes = [row for row in table("load") if row["indicator"] == STEP_RATE]
            return [_study(row, 1 + float(row["mean"]) / 100) for row in changes]
    return []


def without_number(claim: str) -> list[str]:
    """Return the ids of the sources of a claim that are not among its studies.

    Examples
    --------
    >>> without_number("uplift_equal_speed"), without_number("impact")
    (['paes2016'], [])
    """
    drawn = {study["reference"] for study in studies_of(claim)}
    (sources,) = (each["sources"] for each in CLAIMS if each["id"] == claim)
    return [source for source in sources if source not in drawn]


def _energy(gait: str) -> Iterator[Study]:
    """Yield the ratio of energies of each study of a gait."""
    for row in table("ratios"):
        if row["gait"] == gait:
            yield _study(row, float(row["ratio_backward_forward"]))


def _pairs(*indicators: str) -> Iterator[Study]:
    """Yield the ratio of a load backward to forward of each study that measured both at one speed."""
    forward: dict[tuple[str, str, str], Mapping[str, str]] = {}
    for row in table("load"):
        key = row["study"], row["indicator"], row["speed_m_s"]
        if row["indicator"] not in indicators or "self-selected" in row["note"]:
            continue
        if row["direction"] == "forward":
            forward[key] = row
        elif key in forward:
            yield _study(row, float(row["mean"]) / float(forward[key]["mean"]))


def _study(row: Mapping[str, str], effect: float) -> Study:
    reference = reference_of(row["study"])
    study: Study = {
        "reference": reference,
        "study": REFERENCES[reference]["citation"].partition(",")[0].partition(" (")[0],
        "gait": row["gait"],
        "speed": _speed(row),
        "effect": float(f"{effect:.4g}"),
    }
    people = number(row["n"])
    if people is not None:
        study["people"] = int(people)
    if number(row["grade"]) != 0:
        ends = (float(end) * 100 for end in row["grade"].split("-"))
        study["slope"] = f"slope {' to '.join(f'{end:g}' for end in ends)} %"
    return study


def _speed(row: Mapping[str, str]) -> str:
    """Return the speed of a row in words, from its cell, from its note, or from another row of its study."""
    noted = row.get("note", "").partition("speed: ")[2].partition(";")[0]
    if speed := row["speed_m_s"] or noted:
        return f"{speed.replace('-', ' to ')} m/s" if any(map(str.isdigit, speed)) else f"{speed} speed"
    for each in table("load"):
        if each["study"] == row["study"] and (found := SECONDARY_SPEED.search(each.get("note", ""))):
            return f"{found[1].replace('-', ' to ')} m/s, secondary source"
    return "speed not known"


@cache
def reference_of(study: str) -> str:
    """Return the id of the source whose citation begins with the name of a study in a table.

    Examples
    --------
    >>> reference_of("Roos2012"), reference_of("Wright & Weyand 2001")
    ('roos2012', 'wright2001')
    """
    name = study.replace(" ", "")
    (found,) = (key for key, known in REFERENCES.items() if known["citation"].replace(" ", "").startswith(name))
    return found
