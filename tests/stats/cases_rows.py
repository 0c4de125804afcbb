"""Inputs for the procedures on rows of a test set, and on many tests at once."""

from __future__ import annotations

import math

import numpy as np

from cases import GENERATORS, Case, Json, Rng, alpha, beyond, direction, floats, generator, log_uniform, pick, size


def count(rng: Rng, most: int) -> int:
    return pick(rng, (0, 0, 1, size(rng, 1, 20), size(rng, 1, most)))


@generator
def mcnemar(rng: Rng) -> Case:
    most = pick(rng, (10, 300, 100_000))
    n01 = count(rng, most)
    return {"n01": n01, "n10": pick(rng, (n01, count(rng, most), n01 + int(3 * math.sqrt(n01))))}, {}


@generator
def paired_proportion_noninferiority(rng: Rng) -> Case:
    most = pick(rng, (20, 1000, 1_000_000))
    discordant = count(rng, most), count(rng, most)
    same = pick(rng, ((0, 0), (count(rng, most), count(rng, most)), (size(rng, 1, most), count(rng, most))))
    counts = {"n11": same[0], "n10": discordant[0], "n01": discordant[1], "n00": same[1]}
    n = sum(counts.values())
    met = (discordant[0] - discordant[1]) / n if n > discordant[0] > discordant[1] else 0.0
    return counts, {"margin": pick(rng, (0.0, 0.001, 0.01, 0.05, 0.2, met)), "alpha": alpha(rng)}


@generator
def proportion_interval(rng: Rng) -> Case:
    n = size(rng, 1, pick(rng, (20, 1000, 1_000_000)))
    successes = pick(rng, (0, n, min(1, n), n // 2, int(rng.integers(0, n + 1))))
    return {"successes": successes, "n": n}, {"alpha_two_sided": pick(rng, (0.05, 0.1, 0.01, 0.001))}


@generator
def paired_proportion_power(rng: Rng) -> Case:
    shares = {"p10": round(log_uniform(rng, 1e-4, 0.4), 5), "p01": pick(rng, (0.0, round(log_uniform(rng, 1e-4, 0.4), 5)))}
    asked = {"margin": log_uniform(rng, 1e-3, 0.3), "alpha": alpha(rng), "power": pick(rng, (0.8, 0.9, 0.5))}
    return shares | {"n": size(rng, 1, 1_000_000)}, asked


@generator
def exact_bootstrap_accuracy_difference(rng: Rng) -> Case:
    n = size(rng, 1, pick(rng, (40, 400, 3000)))
    n01 = int(rng.integers(0, n + 1)) if rng.random() < 0.2 else int(rng.binomial(n, 0.05))
    n10 = min(n - n01, int(rng.binomial(n, pick(rng, (0.0, 0.03, 0.1)))))
    return {"n01": n01, "n10": n10, "n": n}, {"p": [0.001, 0.025, 0.05, 0.5, 0.95, 0.975, 0.999]}


@generator
def bca_interval_from_replicates(rng: Rng) -> Case:
    rows = np.round(rng.gamma(2, size=size(rng, 5, 40)) * pick(rng, (1, 10)), int(pick(rng, (0, 1, 3))))
    estimate = float(rows.mean())
    drawn = rng.choice(rows, size=(size(rng, 50, 800), len(rows)))
    replicates = drawn.mean(axis=1)
    if rng.random() < 0.05:
        estimate = float(replicates.max()) + 1  # all on one side
    jackknife = (rows.sum() - rows) / (len(rows) - 1)
    given = {"theta_hat": estimate, "replicates": floats(replicates), "jackknife": floats(jackknife)}
    return given, {"confidence": pick(rng, (0.95, 0.9, 0.99))}


def labels(rng: Rng, n: int) -> np.ndarray:
    """Both classes, at least twice each."""
    y = (rng.random(n) < pick(rng, (0.5, 0.3, 0.1, 0.9))).astype(int)
    y[:4] = [0, 1, 0, 1]
    return rng.permutation(y)


def scores(rng: Rng, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Of two models that agree in part; with ties, and now and then infinities."""
    hidden, strength = rng.normal(size=len(y)), pick(rng, (0.0, 1.0, 3.0))
    digits = int(pick(rng, (0, 1, 3)))
    base = np.round(strength * y + hidden + rng.normal(size=len(y)) * 0.7, digits) + 0.0
    head = np.round(strength * y + hidden + rng.normal(size=len(y)) * 0.7, digits) + 0.0
    kind = rng.random()
    if kind < 0.05:
        head = base.copy()
    elif kind < 0.1:
        head = np.exp(base / 4)  # the same ranking
    elif kind < 0.15:
        head[rng.integers(len(y))] = pick(rng, (math.inf, -math.inf))
    elif kind < 0.2:
        base = np.zeros(len(y))
    return base, head


@generator
def delong_paired(rng: Rng) -> Case:
    y = labels(rng, size(rng, 6, 250))
    base, head = scores(rng, y)
    given = {"y": [int(one) for one in y], "score_baseline": floats(base), "score_candidate": floats(head)}
    return given, {"margin": pick(rng, (0.0, 0.02, 0.1)), "alpha": alpha(rng)}


@generator
def roc_auc(rng: Rng) -> Case:
    y = labels(rng, size(rng, 6, 200))
    if rng.random() < 0.1:
        y[:] = pick(rng, (0, 1))
    _, head = scores(rng, y)
    given: Json = {"y": [int(one) for one in y], "score": floats(head)}
    if rng.random() < 0.4:
        given["weight"] = [float(one) for one in (rng.integers(0, 4, size=len(y)) if rng.random() < 0.5 else np.round(rng.gamma(1, size=len(y)), 3))]
    return given, {}


@generator
def classification_metrics(rng: Rng) -> Case:
    n, share, said = size(rng, 1, 200), pick(rng, (0.0, 1.0, 0.5, 0.1)), pick(rng, (0.0, 1.0, 0.5, 0.1))
    y, prediction = rng.random(n) < share, rng.random(n) < said
    return {"y": [int(one) for one in y], "prediction": [int(one) for one in prediction]}, {"zero_division": "null when undefined"}


@generator
def paired_bootstrap(rng: Rng) -> Case:
    n = int(rng.integers(120, 400))
    y = (rng.random(n) < 0.45).astype(int)
    hidden = 1.5 * y + rng.normal(size=n)
    given: Json = {"y": [int(one) for one in y]}
    for name in ("score_baseline", "score_candidate"):
        given[name] = floats(np.round(hidden + rng.normal(size=n) * 0.5, 3))
    asked = {"threshold": 0.6, "rule": "predict 1 when score > threshold", "resamples_at_least": 10_000, "confidence": 0.95}
    return given, {"metric": pick(rng, ("accuracy", "f1", "roc_auc"))} | asked | {"interval": "percentile"}


def p_values(rng: Rng) -> Case:
    values = rng.random(int(rng.integers(0, 40))) ** pick(rng, (1, 3, 8))
    listed = floats(np.round(values, int(pick(rng, (2, 5, 12)))))
    return {"p": [None if rng.random() < 0.1 else value for value in listed]}, {"alpha": pick(rng, (0.05, 0.1, 0.01))}


@generator
def holm(rng: Rng) -> Case:
    return p_values(rng)


@generator
def benjamini_hochberg(rng: Rng) -> Case:
    return p_values(rng)


# What the vectors do not ask for.


@beyond
def t_sf(rng: Rng) -> Case:
    return GENERATORS["t_cdf"](rng)


@beyond
def normal_cdf(rng: Rng) -> Case:
    return {"z": -GENERATORS["normal_sf"](rng)[0]["z"]}, {}


@beyond
def beta_ppf(rng: Rng) -> Case:
    return {"p": round(float(rng.random()), 6), "a": log_uniform(rng, 0.5, 1e5), "b": log_uniform(rng, 0.5, 1e5)}, {}


@beyond
def kolmogorov_sf(rng: Rng) -> Case:
    return {"x": log_uniform(rng, 0.05, 15)}, {}


@beyond
def binomial_sf(rng: Rng) -> Case:
    return GENERATORS["binomial_cdf"](rng)


@beyond
def average_precision(rng: Rng) -> Case:
    given, asked = GENERATORS["roc_auc"](rng)
    given["score"] = [max(-1e9, min(1e9, score)) for score in given["score"]]
    return given, asked


@beyond
def two_proportions(rng: Rng) -> Case:
    n_base, n_head = size(rng, 1, 5000), size(rng, 1, 5000)
    share = pick(rng, (0.0, 0.5, 0.9, 1.0))
    counts = {"baseline": int(rng.binomial(n_base, share)), "n_baseline": n_base, "n_candidate": n_head}
    counts["candidate"] = int(rng.binomial(n_head, min(1.0, max(0.0, share + rng.normal() / 20))))
    return counts, {"direction": direction(rng), "margin": pick(rng, (0.01, 0.05, 0.1)), "alpha": alpha(rng)}
