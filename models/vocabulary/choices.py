"""The choices: words that an input or an answer may have."""

from typing import Final, Literal, TypeAlias, get_args

Gait: TypeAlias = Literal["run", "walk"]

EvidenceGrade: TypeAlias = Literal["A", "B", "C", "C-", "D"]

Standing = Literal["published", "secondary", "derived", "choice"]
"""published: in the publisher's page or abstract; secondary: transcribed by a third party; derived: arithmetic
on published numbers; choice: a decision of this project."""

EnergyModelName: TypeAlias = Literal["looney2025", "looney2019", "acsm", "leger1984", "minetti2002"]

Sex: TypeAlias = Literal["male", "female"]

Intensity: TypeAlias = Literal["light", "moderate", "vigorous"]

DirectionModelName: TypeAlias = Literal["documented", "pooled"]

Equal: TypeAlias = Literal["speed", "metabolic_rate", "heart_rate", "perceived_exertion"]

Direction: TypeAlias = Literal["forward", "backward"]

Severity: TypeAlias = Literal["safety", "limit", "note"]

View: TypeAlias = Literal["summary", "standard", "full"]

DIRECTIONS: Final[tuple[Direction, ...]] = ("forward", "backward")

Section: TypeAlias = Literal["summary", "energy", "timing", "load", "ratio", "derived", "spread", "references"]

SECTIONS: Final[tuple[Section, ...]] = get_args(Section)
"""The parts of an estimate to compute. The default is all. `derived` are the values of the other sections that follow
from the rest of the answer; `spread` are the parts of the range of an energy."""

EstimatePart: TypeAlias = Literal[Section, "params", "about"]
"""The parts of an estimate that `include` of a request can list."""

AnswerPart: TypeAlias = Literal["references", "params", "about"]
"""The parts that `include` can add to any answer."""

IMPULSE: Final = "patellofemoral_impulse_per_bout_bw_s"
"""The only joint load that adds up over bouts."""
