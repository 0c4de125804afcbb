"""Inputs for every procedure of the specification: random ones, and those on which programs go wrong."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

Json = dict[str, Any]
Case = tuple[Json, Json]
Rng = np.random.Generator
GENERATORS: dict[str, Callable[[Rng], Case]] = {}
#: Of these, what the vectors of the specification do not ask for.
BEYOND: set[str] = set()
#: Of the vectors, what the crate that knows policies answers; its own test reads them.
OF_POLICIES = {"change", "scalar_gate", "overall_verdict"}
ALPHAS = (0.05, 0.05, 0.025, 0.01, 0.1, 0.001)
#: As the vectors of the specification have them; the others have the first.
USUAL = {"rel": 1e-9, "abs": 1e-12}
DISTRIBUTIONS = ("t_cdf", "t_ppf", "normal_ppf", "normal_sf", "binomial_cdf", "chi2_sf", "t_sf", "normal_cdf", "beta_ppf", "binomial_sf", "kolmogorov_sf")
TOLERANCES = (
    dict.fromkeys(("mcnemar", "bca_interval_from_replicates", "delong_paired", "ks_two_sample"), {"rel": 1e-7, "abs": 1e-10})
    | dict.fromkeys(DISTRIBUTIONS, {"rel": 1e-9, "abs": 1e-300})
    | {"two_proportions": {"rel": 1e-7, "abs": 1e-9}, "paired_proportion_noninferiority": {"rel": 1e-7, "abs": 1e-9}, "proportion_interval": {"rel": 1e-8, "abs": 1e-12}}
    | {"exact_bootstrap_accuracy_difference": {"rel": 1e-9, "abs": 1e-9}}
)


def tolerance(procedure: str, inputs: Json, expected: Json) -> Json:
    if procedure == "paired_bootstrap":
        # Both sides draw: some standard errors of a quantile, and at least one row more or less.
        return {"rel": 0.0, "abs": max(0.09 * expected["bootstrap_sd"], 1.01 / len(inputs["y"]))}
    return TOLERANCES.get(procedure, USUAL)


def generator(function: Callable[[Rng], Case]) -> Callable[[Rng], Case]:
    """Registers a generator under the procedure's name, which is the function's."""
    GENERATORS[function.__name__] = function
    return function


def beyond(function: Callable[[Rng], Case]) -> Callable[[Rng], Case]:
    BEYOND.add(function.__name__)
    return generator(function)


def pick(rng: Rng, choices: Any) -> Any:
    return choices[int(rng.integers(len(choices)))]


def alpha(rng: Rng) -> float:
    return pick(rng, ALPHAS)


def log_uniform(rng: Rng, low: float, high: float) -> float:
    return float(math.exp(rng.uniform(math.log(low), math.log(high))))


def size(rng: Rng, least: int, most: int) -> int:
    """Small ones are as frequent as large ones."""
    return int(log_uniform(rng, least, most + 0.999))


def sample(rng: Rng, count: int, centre: float = 0.0, far: float = 1000.0) -> list[float]:
    """Numbers of one of several kinds: as metrics are, coarse, far from zero, tiny, with heavy tails, all equal.

    Not too far where differences of means are formed: the rounding of the means themselves would show.
    """
    kind = int(rng.integers(8))
    noise = rng.normal(size=count)
    values = {
        0: np.round(0.85 + centre + 0.02 * noise, 4),
        1: np.round(centre + noise, 3),
        2: np.round(centre + noise),
        3: far + np.round(centre + noise, 2),
        4: 1e-9 * (centre + noise),
        5: np.sign(noise) * np.exp(3 * np.abs(noise)),
        6: np.full(count, round(0.9 + centre, 3)),
        7: centre + noise,
    }[kind]
    return [float(value) + 0.0 for value in values]


def with_nan(rng: Rng, values: list[float], chance: float = 0.2) -> list[float]:
    """Now and then some of them are NaN."""
    if rng.random() >= chance:
        return values
    return [math.nan if rng.random() < 0.2 else value for value in values]


def margin(rng: Rng, scale: float) -> float:
    return float(pick(rng, (0.0, 0.01, 0.02, round(abs(scale), 4), round(2 * abs(scale), 4), abs(scale), 10 * abs(scale))))


def spread(values: list[float]) -> float:
    kept = [value for value in values if not math.isnan(value)]
    return max(kept) - min(kept) if kept else 1.0


def direction(rng: Rng) -> str:
    return pick(rng, ("higher", "lower"))


# Samples and distributions.


@generator
def summary(rng: Rng) -> Case:
    values = with_nan(rng, sample(rng, int(rng.integers(0, 60)), far=1e8))
    return {"x": pick(rng, (values, values, values, [1e16, 1.0, -1e16, 3.0], [1e-200, 3e-200]))}, {"ddof": 1, "quantile_type": 7}


@generator
def quantile_type7(rng: Rng) -> Case:
    levels = [0.0, 1.0, *np.round(rng.random(4), 3), float(rng.random()), 1e-9, 1 - 1e-9]
    return {"x": sample(rng, size(rng, 1, 80)), "p": [float(level) for level in levels]}, {}


@generator
def t_cdf(rng: Rng) -> Case:
    return {"t": signed(rng, 1e-10, pick(rng, (10, 60, 1e4))), "df": degrees(rng)}, {}


@generator
def t_ppf(rng: Rng) -> Case:
    return {"p": level(rng), "df": max(degrees(rng), 1.0)}, {}


@generator
def normal_ppf(rng: Rng) -> Case:
    return {"p": pick(rng, (level(rng), log_uniform(rng, 1e-300, 0.5)))}, {}


@generator
def normal_sf(rng: Rng) -> Case:
    return {"z": pick(rng, (float(rng.normal() * 3), float(rng.uniform(-10, 37)), signed(rng, 1e-12, 1)))}, {}


@generator
def binomial_cdf(rng: Rng) -> Case:
    n = size(rng, 1, pick(rng, (50, 1000, 1_000_000)))
    p = pick(rng, (0.5, float(rng.random()), log_uniform(rng, 1e-8, 0.5), 1 - log_uniform(rng, 1e-4, 0.5)))
    away = rng.normal() * pick(rng, (1, 5, 12)) * math.sqrt(n * p * (1 - p))
    return {"k": int(min(n, max(0, round(n * p + away)))), "n": n, "p": p}, {}


@generator
def chi2_sf(rng: Rng) -> Case:
    df = int(pick(rng, (1, 1, 2, 3, 4, 10, 100)))
    return {"x": pick(rng, (log_uniform(rng, 1e-6, 1000), float(df * rng.gamma(2)), 0.0)), "df": df}, {}


def signed(rng: Rng, low: float, high: float) -> float:
    return pick(rng, (-1.0, 1.0)) * log_uniform(rng, low, high)


def degrees(rng: Rng) -> float:
    return pick(rng, (float(rng.integers(1, 40)), round(float(rng.uniform(1, 30)), 3), log_uniform(rng, 0.5, 1e7)))


def level(rng: Rng) -> float:
    low = log_uniform(rng, 1e-12, 0.5)
    return pick(rng, (low, 1 - low, round(low, 4) or 0.001, pick(rng, (0.9, 0.95, 0.975, 0.99, 0.999, 0.5))))


@generator
def ks_two_sample(rng: Rng) -> Case:
    shift, digits = float(rng.normal()), int(rng.integers(0, 3))
    a, b = rng.normal(size=size(rng, 1, 300)), rng.normal(size=size(rng, 1, 300)) + shift * pick(rng, (0, 0.3, 1, 3))
    return {"a": floats(np.round(a, digits)), "b": floats(np.round(b, digits))}, {"method": "asymptotic"}


def floats(values: np.ndarray) -> list[float]:
    return [float(value) + 0.0 for value in values]


# Runs and history.


def two_samples(rng: Rng, least: int = 2) -> tuple[list[float], list[float]]:
    shift = float(rng.normal() * pick(rng, (0, 0.01, 1, 5)))
    base = sample(rng, size(rng, least, 30))
    head = like(rng, base, size(rng, least, 30), shift)
    return base, head


def like(rng: Rng, base: list[float], count: int, shift: float) -> list[float]:
    """Another sample of about the place and width of the first, seldom without any width."""
    width = spread(base) or pick(rng, (0.0, 0.0, 1e-3))
    centre = float(np.median(base)) + shift * width / 3
    noise = rng.normal(size=count) * width * pick(rng, (0.1, 0.3, 1, 0))
    # Rounded, so that equal values are equal.
    return floats(np.array([float(f"{value:.12g}") for value in centre + noise]))


@generator
def welch_noninferiority(rng: Rng) -> Case:
    base, head = two_samples(rng, 1)
    scale = spread(base) + spread(head)
    asked = {"direction": direction(rng), "margin": margin(rng, scale), "alpha": alpha(rng)}
    if rng.random() < 0.1:
        # No spread at all, and a loss of exactly the margin.
        asked = asked | {"direction": "higher", "margin": 0.01}
        base, head = [0.9] * size(rng, 2, 12), [pick(rng, (0.89, 0.8899, 0.91))] * size(rng, 2, 12)
    return {"baseline": with_nan(rng, base), "candidate": with_nan(rng, head)}, asked


def paired_samples(rng: Rng, least: int) -> tuple[list[float], list[float]]:
    base = sample(rng, size(rng, least, 40))
    width = spread(base) or 0.01
    centre = pick(rng, (0.0, 0.01, -0.3, 1.0)) * width
    noise = width * pick(rng, (0.0, 0.02, 0.5))
    if noise == 0:
        return base, [value + centre for value in base]
    return base, [float(f"{value + centre + noise * rng.normal():.12g}") for value in base]


@generator
def paired_t_noninferiority(rng: Rng) -> Case:
    base, head = paired_samples(rng, 1)
    asked = {"direction": direction(rng), "margin": margin(rng, spread(base) / 3), "alpha": alpha(rng)}
    if rng.random() < 0.1:
        base = floats(np.round(rng.random(size(rng, 2, 10)), 2))
        head, asked = [value - 0.05 for value in base], asked | {"direction": "higher", "margin": pick(rng, (0.05, 0.0499, 0.1))}
    return {"baseline": with_nan(rng, base), "candidate": with_nan(rng, head)}, asked


@generator
def tost(rng: Rng) -> Case:
    count = int(rng.integers(3, 25))
    base, noise = rng.normal(size=count), rng.normal(size=count) * pick(rng, (0.1, 1))
    reach = round(float(rng.uniform(0.05, 2)), 2)
    both = {"baseline": floats(np.round(base, 3)), "candidate": floats(np.round(base + noise + rng.normal() / 4, 3))}
    return both, {"low": -reach, "high": pick(rng, (reach, 2 * reach))}


@generator
def mann_whitney(rng: Rng) -> Case:
    base, head = rng.normal(size=size(rng, 1, 25)), rng.normal(size=size(rng, 1, 25)) + rng.normal()
    if rng.random() < 0.5:
        return {"baseline": floats(np.round(base, 6)), "candidate": floats(np.round(head, 6))}, {"method": "exact", "continuity": True}
    digits = int(rng.integers(0, 2))
    tied = {"baseline": floats(np.round(base, digits)), "candidate": floats(np.round(head, digits))}
    return tied, {"method": "asymptotic", "continuity": True}


@generator
def wilcoxon_signed_rank(rng: Rng) -> Case:
    asked = {"zero_method": "wilcox", "correction": False}
    if rng.random() < 0.5:
        differences = np.round(rng.normal(size=size(rng, 1, 50)) + rng.normal(), 8)
        return {"differences": floats(differences)}, {"method": "exact"} | asked
    return {"differences": floats(np.round(2 * rng.normal(size=size(rng, 1, 200)) + rng.normal()))}, {"method": "asymptotic"} | asked


@generator
def sign_flip_test(rng: Rng) -> Case:
    values = rng.normal(size=int(rng.integers(1, 14 if rng.random() < 0.95 else 17))) + rng.normal()
    return {"differences": floats(np.round(values, int(pick(rng, (0, 1, 2, 9)))))}, {"mode": "exact"}


@generator
def prediction_limit_t(rng: Rng) -> Case:
    history, log = sample(rng, int(rng.integers(0, 40)), 5.0), bool(rng.random() < 0.4)
    if log and rng.random() < 0.9:
        history = [float(f"{abs(value) + 1e-12:.9g}") for value in history]
    typical = float(np.median(history)) if history else 1.0
    value = typical + (spread(history) or 0.1) * rng.normal() * 2
    if log and rng.random() < 0.95:
        value = abs(value) + 1e-12
    history = with_nan(rng, history)
    return {"history": history, "value": float(f"{value:.9g}")}, {"alpha_one_sided": alpha(rng), "log": log}


@generator
def robust_z(rng: Rng) -> Case:
    history = with_nan(rng, sample(rng, int(rng.integers(0, 50))))
    return {"history": history, "value": float(np.round(rng.normal() * 3, 4))}, {}


@generator
def tukey_fence(rng: Rng) -> Case:
    return {"history": sample(rng, size(rng, 1, 60))}, {"k": pick(rng, (1.5, 3.0, 2.2))}


@generator
def paired_power(rng: Rng) -> Case:
    asked = {"margin": log_uniform(rng, 1e-4, 1), "alpha": alpha(rng), "power": pick(rng, (0.8, 0.9, 0.5, 0.95))}
    return {"sd_of_differences": pick(rng, (0.0, log_uniform(rng, 1e-4, 2))), "n": size(rng, 2, 1_000_000)}, asked


@generator
def change(rng: Rng) -> Case:
    return {"baseline": point(rng), "candidate": point(rng)}, {"direction": direction(rng)}


@generator
def scalar_gate(rng: Rng) -> Case:
    rule: Json = {}
    base, head = point(rng), point(rng)
    limits = {"min": 0.7, "max": 0.95, "max_regression_abs": pick(rng, (0.0, 0.01, 0.05, 5)), "max_regression_rel": pick(rng, (0.0, 0.1, 0.5))}
    for name, limit in limits.items():
        if rng.random() < 0.5:
            rule[name] = limit
    if rng.random() < 0.4:
        rule["combine"] = pick(rng, ("any", "all"))
    if isinstance(base, float) and math.isfinite(base) and rng.random() < 0.4:
        head = base - pick(rng, (0.01, 0.05, -0.01, 0.1 * abs(base), -0.1 * abs(base)))
    return {"baseline": base, "candidate": head}, {"direction": direction(rng), "rule": rule}


def point(rng: Rng) -> float | None:
    special = (0.0, 0.0, None, math.nan, math.inf, -math.inf, 1e-300, 1e9)
    return pick(rng, special) if rng.random() < 0.25 else float(np.round(rng.normal() * pick(rng, (0.1, 1, 100)), 3)) + 0.0


@generator
def overall_verdict(rng: Rng) -> Case:
    results = ("pass", "pass", "fail", "inconclusive", "no-baseline", "waived", "warn")
    checks = [{"result": pick(rng, results), "severity": pick(rng, ("fail", "fail", "warn", "info"))} for _ in range(int(rng.integers(0, 5)))]
    choices = ("notice", "allow", "block")
    return {"checks": checks}, {"policy": {"inconclusive": pick(rng, choices), "no-baseline": pick(rng, choices)}}


@generator
def interval_verdict(rng: Rng) -> Case:
    limit = pick(rng, (0.0, 0.01, 0.3, 1e6, 1e-9))
    ends = sorted(pick(rng, (-limit, -limit * (1 + 1e-13), -limit * (1 + 1e-11), float(rng.normal() * (limit + 0.01)), 0.0)) for _ in range(2))
    return {"lower": ends[0] + 0.0, "upper": ends[1] + 0.0}, {"margin": limit}
