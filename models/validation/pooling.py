"""Analyse the running ratio backward to forward with random effects, to predict what another study would find.

The service's `pooled` is an unweighted log mean, because only Wright & Weyand print a standard error. This analysis
uses the rows with a standard error, printed or derived. It gives the interval of their mean and the prediction
interval of a further study. With so few studies the prediction interval is very wide: that is the result.
"""

import math
from collections.abc import Mapping, Sequence
from statistics import fmean, stdev
from typing import Final, NotRequired, TypedDict

from retrorun.models.numerics.quantiles import student_t_quantile
from retrorun.models.sources.tables import table

CORRELATIONS: Final = (0.3, 0.5, 0.7)
"""Correlations of a person's forward and backward cost for which standard errors are shown (choice: `ratios.csv` uses
0.5; no study prints it)."""

ASSUMED_BASIS: Final = "SDs of both directions, correlation"
"""Beginning of `se_basis` in `ratios.csv` if the standard error uses an assumed correlation."""

WEAK_BOUND_STUDY: Final = "Paes & Fernandez 2016"
WEAK_BOUND_RATIO: Final = 1.07
"""Derived: the weak upper bound of the ratio from its report of no significant difference
(docs/evidence.md#energy-at-the-same-speed)."""


class StudyRatio(TypedDict):
    """The running ratio of one study, with its standard error if there is one."""

    study: str
    backward_over_forward: float
    se_log: NotRequired[float]
    se_basis: str
    weight: NotRequired[float]


class RandomEffects(TypedDict):
    """A random-effects mean of ratios, with its interval and the prediction interval of a further study."""

    correlation: NotRequired[float]
    studies: list[StudyRatio]
    backward_over_forward: float
    low: float
    high: float
    prediction_low: NotRequired[float]
    prediction_high: NotRequired[float]
    tau: float
    heterogeneity_q: float


class WithBound(TypedDict):
    """The unweighted log mean if a study that only bounds the ratio were included at its bound."""

    study: str
    bound: float
    pooled: float
    pooled_with_bound: float
    sd_log_with_bound: float


class Pooling(TypedDict):
    """The random-effects analysis of the running ratios, and the studies left out."""

    analysis: NotRequired[RandomEffects]
    by_correlation: list[RandomEffects]
    without_standard_error: list[StudyRatio]
    not_pooled: WithBound


def random_effects(studies: Sequence[StudyRatio], *, interval: float) -> RandomEffects:
    """Return the random-effects mean of at least two ratios with a standard error.

    Parameters
    ----------
    studies : sequence of StudyRatio
        Ratios, each with the standard error of its logarithm [1].
    interval : float
        Probability inside the intervals [1].

    Returns
    -------
    RandomEffects
        Mean, intervals and heterogeneity. The standard deviation between studies is that of logarithms [1].

    Notes
    -----
    Variance between studies after DerSimonian & Laird; interval of the mean after Hartung & Knapp with k - 1
    degrees of freedom; prediction interval with k - 2, from three studies on.

    Examples
    --------
    >>> one = StudyRatio(study="a", backward_over_forward=1.0, se_log=0.1, se_basis="")
    >>> two = [one, one | {"backward_over_forward": 1.21}]
    >>> round(random_effects(two, interval=0.9)["backward_over_forward"], 12)
    1.1
    """
    count = len(studies)
    logs = [math.log(study["backward_over_forward"]) for study in studies]
    variances = [study["se_log"] ** 2 for study in studies]
    fixed = [1 / variance for variance in variances]
    fixed_mean = _weighted(logs, fixed)
    q = sum(weight * (log - fixed_mean) ** 2 for weight, log in zip(fixed, logs, strict=True))
    scale = sum(fixed) - sum(weight * weight for weight in fixed) / sum(fixed)
    tau_squared = max(0.0, (q - (count - 1)) / scale)
    weights = [1 / (variance + tau_squared) for variance in variances]
    mean = _weighted(logs, weights)
    variance_of_mean = sum(w * (log - mean) ** 2 for w, log in zip(weights, logs, strict=True)) / (
        (count - 1) * sum(weights)
    )
    probability = (1 + interval) / 2
    reach = student_t_quantile(probability, degrees=count - 1) * math.sqrt(variance_of_mean)
    result: RandomEffects = {
        "studies": [{**study, "weight": weight / sum(weights)} for study, weight in zip(studies, weights, strict=True)],
        "backward_over_forward": math.exp(mean),
        "low": math.exp(mean - reach),
        "high": math.exp(mean + reach),
        "tau": math.sqrt(tau_squared),
        "heterogeneity_q": q,
    }
    if count > 2:  # noqa: PLR2004 - k - 2 degrees of freedom
        far = student_t_quantile(probability, degrees=count - 2) * math.sqrt(tau_squared + variance_of_mean)
        result["prediction_low"], result["prediction_high"] = math.exp(mean - far), math.exp(mean + far)
    return result


def se_of_log_ratio(row: Mapping[str, str], *, correlation: float) -> float:
    """Return the standard error of a study's log ratio from the standard deviations of both directions.

    Parameters
    ----------
    row : mapping
        Row of `ratios.csv` whose study has both directions in `energy.csv`.
    correlation : float
        Correlation of a person's forward and backward cost [1].

    Returns
    -------
    float
        sqrt((a^2 + b^2 - 2 r a b) / n), a and b the coefficients of variation forward and backward [1].

    Examples
    --------
    >>> round(se_of_log_ratio(table("ratios")[0], correlation=0.5), 3)
    0.044
    """
    cv = {
        measured["direction"]: float(measured["sd"])
        / float(measured["oxygen_uptake_ml_kg_min"] or measured["cost_of_transport_j_kg_m"])
        for measured in table("energy")
        if row["study"].startswith(measured["study"]) and measured["gait"] == row["gait"] and measured["sd"]
    }
    a, b = cv["forward"], cv["backward"]
    return math.sqrt((a * a + b * b - 2 * correlation * a * b) / float(row["n"]))


def pooling(*, interval: float) -> Pooling:
    """Return the random-effects analysis of the running rows of `ratios.csv`.

    Parameters
    ----------
    interval : float
        Probability inside the intervals [1].

    Returns
    -------
    Pooling
        With the standard errors of the table, and with other correlations if one was assumed.

    Examples
    --------
    >>> round(pooling(interval=0.9)["not_pooled"]["pooled_with_bound"], 2)
    1.23
    """
    rows = [row for row in table("ratios") if row["gait"] == "run"]
    with_error = [row for row in rows if row["se_log"]]
    result: Pooling = {
        "by_correlation": [],
        "without_standard_error": [_study(row) for row in rows if not row["se_log"]],
        "not_pooled": with_bound([float(row["ratio_backward_forward"]) for row in rows]),
    }
    if len(with_error) > 1:
        result["analysis"] = random_effects([_study(row) for row in with_error], interval=interval)
        for correlation in CORRELATIONS:
            studies = [_study(row, correlation) for row in with_error]
            result["by_correlation"].append({"correlation": correlation, **random_effects(studies, interval=interval)})
    return result


def with_bound(ratios: Sequence[float]) -> WithBound:
    """Return the unweighted log mean with the weak bound of the study that is not pooled.

    Examples
    --------
    >>> with_bound([1.07])["pooled_with_bound"]
    1.07
    """
    logs = [math.log(ratio) for ratio in ratios]
    more = [*logs, math.log(WEAK_BOUND_RATIO)]
    return {
        "study": WEAK_BOUND_STUDY,
        "bound": WEAK_BOUND_RATIO,
        "pooled": math.exp(fmean(logs)),
        "pooled_with_bound": math.exp(fmean(more)),
        "sd_log_with_bound": stdev(more),
    }


def _study(row: Mapping[str, str], correlation: float | None = None) -> StudyRatio:
    """Return a study from the table. If a correlation is given, compute an assumed standard error again."""
    study: StudyRatio = {
        "study": row["study"],
        "backward_over_forward": float(row["ratio_backward_forward"]),
        "se_basis": row["se_basis"],
    }
    if row["se_log"]:
        study["se_log"] = float(row["se_log"])
    if correlation is not None and row["se_basis"].startswith(ASSUMED_BASIS):
        study["se_log"] = se_of_log_ratio(row, correlation=correlation)
    return study


def _weighted(values: Sequence[float], weights: Sequence[float]) -> float:
    return sum(w * v for w, v in zip(weights, values, strict=True)) / sum(weights)
