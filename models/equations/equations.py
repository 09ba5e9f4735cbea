"""Estimate a bout by the default energy equation, and its energies by every equation of the gait."""

from typing import Any, Final, Literal, NotRequired, TypeAlias, TypedDict, cast

from retrorun.models.estimate.estimate import estimate
from retrorun.models.evidence.cautions import outside_code
from retrorun.models.physiology.energy_models import ENERGY_MODELS
from retrorun.models.validation.validation import Summary, validation
from retrorun.models.vocabulary import answer
from retrorun.models.vocabulary.answer import Bout, ForwardBout, Graded
from retrorun.models.vocabulary.choices import DirectionModelName, EnergyModelName, Gait
from retrorun.models.vocabulary.errors import Conflict, OutsideEvidence, Undefined

AnyEnergyModel: TypeAlias = Literal[EnergyModelName, "all"]

ALL: Final = "all"


class EnergyTotal(TypedDict):
    """The energy of a bout in one direction."""

    duration_s: float
    total_energy_kcal: Graded


class EnergyRatio(TypedDict):
    """The ratio of energies backward over forward."""

    total_energy: Graded


class Equation(TypedDict):
    """The energies of a bout by one equation, or the reason why it has none, and its record."""

    energy_model: EnergyModelName
    forward: NotRequired[EnergyTotal]
    backward: NotRequired[EnergyTotal]
    ratio: NotRequired[EnergyRatio]
    in_range: NotRequired[bool]
    reason: NotRequired[str]
    record: list[Summary]


class Estimate(answer.Estimate):
    """One bout, forward and backward."""

    equations: NotRequired[list[Equation]]


def estimate_by(*, energy_model: AnyEnergyModel | None = None, **asked: Any) -> Estimate:
    """Estimate a bout by one equation, or by the default one with all equations side by side.

    Parameters
    ----------
    energy_model : str, optional
        The forward energy equation, the default of the gait when left out; "all" adds `equations`.
    **asked : object
        The other arguments of `models.estimate.estimate.estimate`.

    Returns
    -------
    Estimate
        The estimate by the default equation of the gait if `energy_model` is "all". Then `equations` has the total
        energies of each equation of the gait, forward and backward, their ratio, and its record.

    Raises
    ------
    EstimateError
        As `estimate` does, and with "all" for a personal factor, which belongs to one equation.

    Examples
    --------
    >>> found = estimate_by(body_mass_kg=70.0, speed_m_s=2.5, duration_s=1200.0, grade=-0.1, energy_model="all")
    >>> [each["energy_model"] for each in found["equations"] if "forward" in each]
    ['looney2025', 'minetti2002']
    """
    if energy_model != ALL:
        return cast(Estimate, estimate(energy_model=energy_model, **asked))
    if asked.get("personal") is not None:
        raise Conflict(
            "personal", "A personal factor belongs to one equation. Name that equation, or send your measurements."
        )
    found = cast(Estimate, estimate(**asked))
    gait, direction_model = found["gait"], found["models"]["direction_model"]
    names = cast(list[EnergyModelName], list(ENERGY_MODELS[gait]))
    found["equations"] = [_equation(name, gait, direction_model, asked) for name in names]
    return found


def _equation(
    name: EnergyModelName, gait: Gait, direction_model: DirectionModelName, asked: dict[str, Any]
) -> Equation:
    """Return the energies of a bout by one equation."""
    record = record_of(name, gait, direction_model)
    try:
        found = estimate(**asked | {"energy_model": name, "include": ("energy", "ratio")})
    except (Undefined, OutsideEvidence) as error:
        return {"energy_model": name, "reason": error.message, "record": record}
    codes = {warning["code"] for warning in found["warnings"]}
    return {
        "energy_model": name,
        "forward": _total(found["forward"]),
        "backward": _total(found["backward"]),
        "ratio": {"total_energy": found["ratio"]["total_energy"]},
        "in_range": codes.isdisjoint({outside_code(name, gait, "speed"), outside_code(name, gait, "grade")}),
        "record": record,
    }


def _total(bout: Bout | ForwardBout) -> EnergyTotal:
    return {"duration_s": bout["duration_s"], "total_energy_kcal": bout["total_energy_kcal"]}


def record_of(name: EnergyModelName, gait: Gait, direction_model: DirectionModelName) -> list[Summary]:
    """Return how the oxygen uptakes of an equation compare with the published ones, forward and backward.

    Examples
    --------
    >>> [summary["direction"] for summary in record_of("acsm", "walk", "documented")]
    ['forward', 'backward']
    """
    return [
        summary.copy()
        for summary in validation(model=name, indicator="oxygen_uptake_ml_kg_min")["summary"]
        if summary["gait"] == gait and summary.get("direction_model", direction_model) == direction_model
    ]
