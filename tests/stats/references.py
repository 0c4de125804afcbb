"""What scipy, statsmodels, scikit-learn and small brute-force computations say about a case: distributions, samples, runs,
history. (Rows: `references_rows.py`.)

A reference takes the `inputs` and `parameters` of a case, as the vectors of the specification write them, and gives
what they call `expected`. It follows the specification's conventions and takes no line from the program that it checks.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
from scipy import special, stats
from statsmodels.stats.weightstats import ttost_ind, ttost_paired

Json = dict[str, Any]
REFERENCES: dict[str, Callable[[Json, Json], Json]] = {}


def reference(function: Callable[[Json, Json], Json]) -> Callable[[Json, Json], Json]:
    """Registers a reference under the procedure's name, which is the function's."""
    REFERENCES[function.__name__] = function
    return function


# Shared conventions.


def given(values: list[float]) -> list[float]:
    return [float(value) for value in values if not math.isnan(float(value))]


def mean(values: list[float]) -> float:
    """Of equal values, that value: n times 0.9, divided by n, need not be 0.9."""
    return values[0] if min(values) == max(values) else math.fsum(values) / len(values)


def variance(values: list[float]) -> float | None:
    """Two passes, ddof 1; exactly 0 when all values are equal, whatever the rounding of the mean."""
    if len(values) < 2:
        return None
    if min(values) == max(values):
        return 0.0
    centre = mean(values)
    return math.fsum((value - centre) ** 2 for value in values) / (len(values) - 1)


def oriented(delta: float, parameters: Json) -> float:
    return delta if parameters["direction"] == "higher" else 0.0 - delta


def verdict(lower: float, upper: float, margin: float) -> str:
    slack = 1e-12 * max(abs(lower), abs(upper), abs(margin))
    if lower >= -margin - slack:
        return "pass"
    return "fail" if upper < -margin - slack else "inconclusive"


@reference
def interval_verdict(inputs: Json, parameters: Json) -> Json:
    return {"verdict": verdict(float(inputs["lower"]), float(inputs["upper"]), float(parameters["margin"]))}


# Distributions.


@reference
def t_cdf(inputs: Json, _: Json) -> Json:
    return {"value": t_below(inputs["t"], inputs["df"])}


def t_below(t: float, df: float) -> float:
    """scipy loses digits next to 0 (4e-9 at t = -8.4e-9 with one degree of freedom); there the tangent is exact enough."""
    if abs(t) < 1e-5:
        return 0.5 + t * float(stats.t.pdf(0, df))
    return float(stats.t.cdf(t, df))


@reference
def t_ppf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.t.ppf(inputs["p"], inputs["df"]))}


@reference
def normal_ppf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.norm.ppf(inputs["p"]))}


@reference
def normal_sf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.norm.sf(inputs["z"]))}


@reference
def binomial_cdf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.binom.cdf(inputs["k"], inputs["n"], inputs["p"]))}


@reference
def chi2_sf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.chi2.sf(inputs["x"], inputs["df"]))}


# Samples.


@reference
def summary(inputs: Json, _: Json) -> Json:
    kept = given(inputs["x"])
    counts = {"n": len(kept), "n_nan": len(inputs["x"]) - len(kept)}
    if not kept:
        names = ("mean", "var", "sd", "min", "max", "median", "q25", "q75", "mad")
        return counts | dict.fromkeys(names)
    spread = variance(kept)
    q25, median, q75 = (float(value) for value in np.quantile(kept, [0.25, 0.5, 0.75]))
    return counts | {
        "mean": mean(kept),
        "var": spread,
        "sd": None if spread is None else math.sqrt(spread),
        "min": min(kept),
        "max": max(kept),
        "median": median,
        "q25": q25,
        "q75": q75,
        "mad": float(np.median(np.abs(np.array(kept) - median))),
    }


@reference
def quantile_type7(inputs: Json, _: Json) -> Json:
    return {"q": [float(value) for value in np.quantile(np.array(inputs["x"], float), inputs["p"])]}


@reference
def ks_two_sample(inputs: Json, _: Json) -> Json:
    a, b = given(inputs["a"]), given(inputs["b"])
    distance = float(stats.ks_2samp(a, b, method="asymp").statistic)
    scaled = distance * math.sqrt(len(a) * len(b) / (len(a) + len(b)))
    return {"statistic": distance, "p": float(stats.kstwobign.sf(scaled))}


# Runs.


@reference
def welch_noninferiority(inputs: Json, parameters: Json) -> Json:
    base, head = given(inputs["baseline"]), given(inputs["candidate"])
    counts = {"n_b": len(base), "n_c": len(head)}
    margin = float(parameters["margin"])
    if min(len(base), len(head)) < 2:
        return counts | {"verdict": "inconclusive", "reason": "too-few-runs"}
    var_base, var_head = variance(base), variance(head)
    improvement = oriented(mean(head) - mean(base), parameters)
    told = counts | {"mean_b": mean(base), "mean_c": mean(head), "var_b": var_base, "var_c": var_head, "improvement": improvement}
    if var_base == 0 and var_head == 0:
        nothing = dict.fromkeys(("df", "p_noninferior", "p_inferior", "p_two_sided"))
        limits = {"se": 0.0, "lower": improvement, "upper": improvement}
        return told | nothing | limits | {"verdict": verdict(improvement, improvement, margin), "reason": "zero-variance"}
    a, b = var_base / len(base), var_head / len(head)
    se = math.sqrt(a + b)
    # With the larger share taken out, so that small variances do not vanish when squared.
    largest = max(a, b)
    df = (a / largest + b / largest) ** 2 / ((a / largest) ** 2 / (len(base) - 1) + (b / largest) ** 2 / (len(head) - 1))
    return told | t_limits(improvement, se, df, margin, parameters["alpha"])


def t_limits(improvement: float, se: float, df: float, margin: float, alpha: float) -> Json:
    half = float(stats.t.isf(alpha, df)) * se
    return {
        "se": se,
        "df": df,
        "lower": improvement - half,
        "upper": improvement + half,
        "p_noninferior": float(stats.t.sf((improvement + margin) / se, df)),
        "p_inferior": float(stats.t.cdf((improvement + margin) / se, df)),
        "p_two_sided": min(1.0, 2 * float(stats.t.sf(abs(improvement) / se, df))),
        "verdict": verdict(improvement - half, improvement + half, margin),
    }


def pairs(inputs: Json) -> list[tuple[float, float]]:
    both = zip(map(float, inputs["baseline"]), map(float, inputs["candidate"]), strict=True)
    return [(base, head) for base, head in both if not (math.isnan(base) or math.isnan(head))]


@reference
def paired_t_noninferiority(inputs: Json, parameters: Json) -> Json:
    kept = pairs(inputs)
    if len(kept) < 2:
        return {"n": len(kept), "verdict": "inconclusive", "reason": "too-few-pairs"}
    differences = [oriented(head - base, parameters) for base, head in kept]
    improvement, margin = mean(differences), float(parameters["margin"])
    told = {"n": len(kept), "improvement": improvement}
    largest = max(abs(value) for pair in kept for value in pair)
    if max(differences) - min(differences) <= 1e-12 * largest:
        limits = {"sd": 0.0, "se": 0.0, "df": len(kept) - 1, "lower": improvement, "upper": improvement}
        nothing = {"p_noninferior": None, "p_inferior": None, "p_two_sided": None, "reason": "zero-variance"}
        return told | limits | nothing | {"verdict": verdict(improvement, improvement, margin)}
    sd = math.sqrt(variance(differences) or 0)
    return told | {"sd": sd} | t_limits(improvement, sd / math.sqrt(len(kept)), len(kept) - 1, margin, parameters["alpha"])


@reference
def tost(inputs: Json, parameters: Json) -> Json:
    head, base = np.array(inputs["candidate"], float), np.array(inputs["baseline"], float)
    low, high = parameters["low"], parameters["high"]
    paired, paired_low, paired_high = ttost_paired(head, base, low, high)
    welch, welch_low, welch_high = ttost_ind(head, base, low, high, usevar="unequal")
    return {
        "paired_p": float(paired),
        "paired_p_lower": float(paired_low[1]),
        "paired_p_upper": float(paired_high[1]),
        "welch_p": float(welch),
        "welch_p_lower": float(welch_low[1]),
        "welch_p_upper": float(welch_high[1]),
    }


@reference
def mann_whitney(inputs: Json, parameters: Json) -> Json:
    base, head = given(inputs["baseline"]), given(inputs["candidate"])
    if min(base + head) == max(base + head):
        return {"u_candidate": len(base) * len(head) / 2, "p_two_sided": 1.0, "p_candidate_less": None}
    asked = {"method": parameters["method"], "use_continuity": parameters["continuity"]}
    two_sided = stats.mannwhitneyu(head, base, alternative="two-sided", **asked)
    less = stats.mannwhitneyu(head, base, alternative="less", **asked)
    return {"u_candidate": float(two_sided.statistic), "p_two_sided": float(two_sided.pvalue), "p_candidate_less": float(less.pvalue)}


@reference
def wilcoxon_signed_rank(inputs: Json, parameters: Json) -> Json:
    kept = np.array([value for value in given(inputs["differences"]) if value != 0])
    ranks = stats.rankdata(np.abs(kept)) if len(kept) else np.array([])
    told = {"w_plus": float(ranks[kept > 0].sum()), "w_minus": float(ranks[kept < 0].sum()), "n_nonzero": len(kept)}
    if not len(kept):
        return told | {"p_two_sided": 1.0}
    p = stats.wilcoxon(kept, zero_method="wilcox", correction=False, method=parameters["method"]).pvalue
    return told | {"p_two_sided": float(p)}


@reference
def sign_flip_test(inputs: Json, _: Json) -> Json:
    """All sign patterns by doubling, as the definition has it."""
    kept = given(inputs["differences"])
    means = np.zeros(1)
    for value in kept:
        means = np.concatenate([means - value, means + value])
    means /= len(kept)
    observed = mean(kept)
    slack = 1e-12 * max(abs(value) for value in kept)
    two_sided = np.count_nonzero(np.abs(means) >= abs(observed) - slack) / len(means)
    return {"p_two_sided": two_sided, "p_less": np.count_nonzero(means <= observed + slack) / len(means)}


# History.


@reference
def prediction_limit_t(inputs: Json, parameters: Json) -> Json:
    kept, value, alpha = given(inputs["history"]), float(inputs["value"]), parameters["alpha_one_sided"]
    nothing = {"n": len(kept), "lower": None, "upper": None}
    if not kept:
        return nothing | {"verdict": "no-baseline"}
    if parameters["log"]:
        if min([*kept, value]) <= 0:
            return nothing | {"verdict": "inconclusive", "reason": "non-positive"}
        kept, value = [math.log(one) for one in kept], math.log(value)
    if len(kept) < 2:
        return nothing | {"verdict": "inconclusive"}
    centre, sd = mean(kept), math.sqrt(variance(kept) or 0)
    scale, df = sd * math.sqrt(1 + 1 / len(kept)), len(kept) - 1
    quantile = float(stats.t.isf(alpha, df))
    limits = [centre - quantile * scale, centre + quantile * scale]
    t = (value - centre) / scale if sd > 0 else None
    if parameters["log"]:
        limits = [math.exp(limit) for limit in limits]
    return {
        "n": len(kept),
        "mean": centre,
        "sd": sd,
        "scale": scale,
        "t_quantile": quantile,
        "t": t,
        "p_lower_tail": None if t is None else float(stats.t.cdf(t, df)),
        "p_upper_tail": None if t is None else float(stats.t.sf(t, df)),
        "lower": limits[0],
        "upper": limits[1],
    }


@reference
def robust_z(inputs: Json, _: Json) -> Json:
    kept = given(inputs["history"])
    if not kept:
        return {"n": 0, "median": None, "scale": None, "z": None}
    median = float(np.median(kept))
    away = np.abs(np.array(kept) - median)
    scale, kind = float(np.median(away)) / 0.6744897501960817, "mad"
    if scale == 0:
        scale, kind = mean(list(map(float, away))) * math.sqrt(math.pi / 2), "mean-absolute-deviation"
    if scale == 0:
        kind = "none"
    z = None if scale == 0 else (float(inputs["value"]) - median) / scale
    return {"n": len(kept), "median": median, "scale": scale, "scale_kind": kind, "z": z}


@reference
def tukey_fence(inputs: Json, parameters: Json) -> Json:
    q1, median, q3 = (float(value) for value in np.quantile(given(inputs["history"]), [0.25, 0.5, 0.75]))
    reach = parameters["k"] * (q3 - q1)
    return {"q1": q1, "median": median, "q3": q3, "lower": q1 - reach, "upper": q3 + reach}


# What the specification alone defines.


@reference
def paired_power(inputs: Json, parameters: Json) -> Json:
    sd, n = float(inputs["sd_of_differences"]), int(inputs["n"])
    quantiles = float(stats.t.isf(parameters["alpha"], n - 1)) + float(stats.t.ppf(parameters["power"], n - 1))
    z = float(special.ndtri(1 - parameters["alpha"])) + float(special.ndtri(parameters["power"]))
    return {"mde": quantiles * sd / math.sqrt(n), "n_required": max(2, math.ceil((z * sd / parameters["margin"]) ** 2))}


@reference
def change(inputs: Json, parameters: Json) -> Json:
    base, head = inputs["baseline"], inputs["candidate"]
    if any(value is None or not math.isfinite(float(value)) for value in (base, head)):
        return {"delta": None, "improvement": None, "relative": None}
    delta = head - base
    improvement = oriented(delta, parameters)
    relative = improvement / abs(base) if base != 0 else 0.0 if head == 0 else None
    return {"delta": delta, "improvement": improvement, "relative": relative}
