"""The references for rows of a test set: proportions, resampling, ROC, counts, and many tests at once."""

from __future__ import annotations

import math
import warnings
from decimal import Decimal, localcontext
from fractions import Fraction

import numpy as np
from scipy import optimize, special, stats
from sklearn import metrics
from statsmodels.stats.contingency_tables import mcnemar as contingency_mcnemar
from statsmodels.stats.multitest import multipletests
from statsmodels.stats.proportion import proportion_confint

from references import Json, reference, t_below, verdict

# Proportions.


@reference
def mcnemar(inputs: Json, _: Json) -> Json:
    n01, n10 = int(inputs["n01"]), int(inputs["n10"])
    n, least = n01 + n10, min(n01, n10)
    if n == 0:
        ones = dict.fromkeys(("p_exact", "p_midp", "p_exact_worse", "p_midp_worse"), 1.0)
        return {"discordant": 0} | ones | {"chi2_cc": None, "p_chi2_cc": None}
    table = [[0, n01], [n10, 0]]
    cc = contingency_mcnemar(table, exact=False, correction=True)
    tail, at = stats.binom.cdf(least, n, 0.5), stats.binom.pmf(least, n, 0.5)
    return {
        "discordant": n,
        "p_exact": float(contingency_mcnemar(table, exact=True).pvalue),
        "p_midp": min(1.0, float(2 * tail - at)),
        "p_exact_worse": float(stats.binom.sf(n10 - 1, n, 0.5)),
        "p_midp_worse": float(stats.binom.sf(n10, n, 0.5) + stats.binom.pmf(n10, n, 0.5) / 2),
        "chi2_cc": float(cc.statistic),
        "p_chi2_cc": float(cc.pvalue),
    }


class Tango:
    """Tango's score statistic with fifty digits, so that neither cancellation nor huge counts matter."""

    def __init__(self, n01: int, n10: int, n: int) -> None:
        self.n01, self.n10, self.n = n01, n10, n

    def restricted(self, d: Decimal) -> Decimal:
        a, b, c = 2 * self.n, -self.n01 - self.n10 + (2 * self.n - self.n01 + self.n10) * d, -self.n10 * d * (1 - d)
        return (max(b * b - 4 * a * c, Decimal(0)).sqrt() - b) / (2 * a)

    def z(self, difference: float) -> float:
        with localcontext() as context:
            context.prec = 50
            d = Decimal(difference)
            under = self.n * (2 * self.restricted(d) + d * (1 - d))
            over = self.n01 - self.n10 - self.n * d
            if under <= 0:
                return 0.0 if over == 0 else math.copysign(math.inf, float(over))
            return float(over / under.sqrt())

    def limit(self, z: float) -> float:
        """The difference at which the statistic is z."""
        estimate = (self.n01 - self.n10) / self.n
        low, high = (-1.0, estimate) if z > 0 else (estimate, 1.0)
        if low == high:
            return low
        bound = {-1.0: -1 + 1e-15, 1.0: 1 - 1e-15}
        low, high = bound.get(low, low), bound.get(high, high)
        return float(optimize.brentq(lambda d: max(-1e9, min(1e9, self.z(d))) - z, low, high, xtol=1e-14, rtol=1e-14))

    def by_likelihood(self, d: float) -> float:
        """P(loss) that maximises the likelihood under the true difference d, by search instead of by formula."""
        low, high = max(0.0, -d), (1 - d) / 2
        same = self.n - self.n01 - self.n10

        def against(q: float) -> float:
            return -(special.xlogy(self.n01, q + d) + special.xlogy(self.n10, q) + special.xlogy(same, max(1 - 2 * q - d, 0.0)))

        return float(optimize.minimize_scalar(against, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).x)


@reference
def paired_proportion_noninferiority(inputs: Json, parameters: Json) -> Json:
    n11, n10, n01, n00 = (int(inputs[name]) for name in ("n11", "n10", "n01", "n00"))
    n, margin, alpha = n11 + n10 + n01 + n00, float(parameters["margin"]), parameters["alpha"]
    if n == 0:
        return {"n": 0, "verdict": "inconclusive", "reason": "no-examples"}
    z, estimate = float(stats.norm.isf(alpha)), (n01 - n10) / n
    se = math.sqrt(Fraction(n01 + n10) - Fraction((n01 - n10) ** 2, n)) / n
    tango = Tango(n01, n10, n)
    lower = -1.0 if n10 == n else tango.limit(z)
    upper = 1.0 if n01 == n else tango.limit(-z)
    at_margin = tango.z(-margin)
    return {
        "n": n,
        "improvement": estimate,
        "se_wald": se,
        "wald_lower": estimate - z * se,
        "wald_upper": estimate + z * se,
        "lower": lower,
        "upper": upper,
        "z_margin": at_margin,
        "p_noninferior": float(stats.norm.sf(at_margin)),
        "p_inferior": float(stats.norm.cdf(at_margin)),
        "verdict": verdict(lower, upper, margin),
    }


@reference
def proportion_interval(inputs: Json, parameters: Json) -> Json:
    asked = (int(inputs["successes"]), int(inputs["n"]), parameters["alpha_two_sided"])
    low, high = proportion_confint(*asked, method="wilson")
    exact_low, exact_high = proportion_confint(*asked, method="beta")
    limits = {"wilson_low": low, "wilson_high": high, "clopper_pearson_low": exact_low, "clopper_pearson_high": exact_high}
    return {name: float(limit) for name, limit in limits.items()}


@reference
def paired_proportion_power(inputs: Json, parameters: Json) -> Json:
    p10, p01 = inputs["p10"], inputs["p01"]
    spread = p10 + p01 - (p01 - p10) ** 2
    z = float(special.ndtri(1 - parameters["alpha"])) + float(special.ndtri(parameters["power"]))
    return {"mde": z * math.sqrt(spread / inputs["n"]), "n_required": math.ceil(spread * (z / parameters["margin"]) ** 2)}


# Resampling.


@reference
def exact_bootstrap_accuracy_difference(inputs: Json, parameters: Json) -> Json:
    """The trinomial distribution as a polynomial to the power n: by enumeration when small, by Fourier transform else."""
    n01, n10, n = int(inputs["n01"]), int(inputs["n10"]), int(inputs["n"])
    p01, p10 = n01 / n, n10 / n
    if n <= 60:
        shares = np.zeros(2 * n + 1)
        for better in range(n + 1):
            for worse in range(n + 1 - better):
                shares[better - worse + n] += stats.multinomial.pmf([better, worse, n - better - worse], n, [p01, p10, 1 - p01 - p10])
    else:
        size = 2 * n + 1
        angle = np.exp(-2j * np.pi * np.arange(size) / size)
        shares = np.fft.ifft((p01 * angle + p10 / angle + (1 - p01 - p10)) ** n).real
        shares = np.roll(shares, n)
    reached = np.cumsum(shares)
    quantiles = [float((int(np.argmax(reached >= p - 1e-12)) - n) / n) for p in parameters["p"]]
    sd = math.sqrt((p01 + p10 - (p01 - p10) ** 2) / n)
    return {"difference": (n01 - n10) / n, "bootstrap_sd": sd, "quantiles": quantiles}


@reference
def bca_interval_from_replicates(inputs: Json, parameters: Json) -> Json:
    replicates, jackknife = np.array(inputs["replicates"], float), np.array(inputs["jackknife"], float)
    estimate, tail = float(inputs["theta_hat"]), (1 - parameters["confidence"]) / 2
    share = (np.count_nonzero(replicates < estimate) + np.count_nonzero(replicates <= estimate)) / (2 * len(replicates))
    z0 = float(stats.norm.ppf(share))
    away = jackknife.mean() - jackknife
    squares = math.fsum(away**2)
    acceleration = math.fsum(away**3) / (6 * squares**1.5) if squares > 0 else 0.0
    levels = []
    for level in (tail, 1 - tail):
        z = z0 + float(stats.norm.ppf(level))
        levels.append(float(stats.norm.cdf(z0 + z / (1 - acceleration * z))))
    percentile = np.quantile(replicates, [tail, 1 - tail])
    shown = {"percentile_low": float(percentile[0]), "percentile_high": float(percentile[1])}
    if not all(map(math.isfinite, [z0, *levels])):
        return {"low": shown["percentile_low"], "high": shown["percentile_high"]} | shown
    low, high = np.quantile(replicates, levels)
    told = {"z0": z0, "acceleration": acceleration, "alpha_low": levels[0], "alpha_high": levels[1]}
    return told | {"low": float(low), "high": float(high)} | shown


RESAMPLES = 20_000


@reference
def paired_bootstrap(inputs: Json, parameters: Json) -> Json:
    """Rows drawn by numpy, both models on the same ones."""
    y = np.array(inputs["y"])
    scores = [np.array(inputs[name], float) for name in ("score_baseline", "score_candidate")]
    metric, n = parameters["metric"], len(y)
    rng = np.random.default_rng(len(y) + int(y.sum()))
    counts = rng.multinomial(n, np.full(n, 1 / n), size=RESAMPLES).astype(float)
    everything = np.ones((1, n))
    values = [weighted(metric, y, score, parameters["threshold"], np.vstack([everything, counts])) for score in scores]
    differences = values[1] - values[0]
    replicates = differences[1:][np.isfinite(differences[1:])]
    tail = (1 - parameters["confidence"]) / 2
    low, high = np.quantile(replicates, [tail, 1 - tail])
    return {"difference": float(differences[0]), "bootstrap_sd": float(replicates.std(ddof=1)), "low": float(low), "high": float(high)}


def weighted(metric: str, y: np.ndarray, score: np.ndarray, threshold: float, counts: np.ndarray) -> np.ndarray:
    """The metric of each row of `counts`, which says how often each example was drawn."""
    with np.errstate(invalid="ignore", divide="ignore"):
        if metric == "roc_auc":
            kernel = (score[y == 1][:, None] > score[y == 0]) + (score[y == 1][:, None] == score[y == 0]) / 2
            positive, negative = counts[:, y == 1], counts[:, y == 0]
            return ((positive @ kernel) * negative).sum(axis=1) / (positive.sum(axis=1) * negative.sum(axis=1))
        said = score > threshold
        if metric == "accuracy":
            return counts @ (said == (y == 1)) / counts.sum(axis=1)
        hits = counts @ (said & (y == 1))
        return 2 * hits / (counts @ said + counts @ (y == 1))


# ROC.


def kernel(y: np.ndarray, score: np.ndarray) -> np.ndarray:
    positive, negative = score[y == 1][:, None], score[y == 0][None, :]
    return (positive > negative) + (positive == negative) / 2


@reference
def roc_auc(inputs: Json, _: Json) -> Json:
    y, score = np.array(inputs["y"]), np.array(inputs["score"], float)
    weight = np.array(inputs.get("weight", np.ones(len(y))), float)
    positive, negative = weight[y == 1], weight[y == 0]
    if not len(y) or positive.sum() == 0 or negative.sum() == 0:
        return {"roc_auc": None}
    area = float(positive @ kernel(y, score) @ negative / (positive.sum() * negative.sum()))
    if np.isfinite(score).all():
        library = metrics.roc_auc_score(y, score, sample_weight=weight)
        assert abs(library - area) < 1e-9, f"scikit-learn has {library}, the kernel {area}"
    return {"roc_auc": area}


@reference
def delong_paired(inputs: Json, parameters: Json) -> Json:
    """DeLong 1988 by the full kernel matrix."""
    y = np.array(inputs["y"])
    base, head = (kernel(y, np.array(inputs[name], float)) for name in ("score_baseline", "score_candidate"))
    areas = [float(base.mean()), float(head.mean())]
    positives, negatives = base.shape
    covariance = np.cov([base.mean(axis=1), head.mean(axis=1)], ddof=1) / positives
    covariance = covariance + np.cov([base.mean(axis=0), head.mean(axis=0)], ddof=1) / negatives
    difference = areas[1] - areas[0]
    spread = float(covariance[0, 0] + covariance[1, 1] - 2 * covariance[0, 1])
    told = {"auc_baseline": areas[0], "auc_candidate": areas[1], "difference": difference}
    told |= {"var_baseline": float(covariance[0, 0]), "var_candidate": float(covariance[1, 1]), "covariance": float(covariance[0, 1])}
    if spread <= 1e-15:
        told |= {"se_difference": 0.0, "z": None}
        if np.array_equal(base, head):
            return told | {"p_two_sided": 1.0, "lower": 0.0, "upper": 0.0, "verdict": "pass", "reason": "identical-ranking"}
        nothing = dict.fromkeys(("p_two_sided", "lower", "upper"))
        return told | nothing | {"verdict": "inconclusive", "reason": "degenerate-variance"}
    se = math.sqrt(spread)
    half = float(stats.norm.isf(parameters["alpha"])) * se
    return told | {
        "se_difference": se,
        "z": difference / se,
        "p_two_sided": float(2 * stats.norm.sf(abs(difference / se))),
        "lower": difference - half,
        "upper": difference + half,
        "verdict": verdict(difference - half, difference + half, float(parameters["margin"])),
    }


@reference
def classification_metrics(inputs: Json, _: Json) -> Json:
    y, said = np.array(inputs["y"]), np.array(inputs["prediction"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        told = {
            "accuracy": float(metrics.accuracy_score(y, said)),
            "precision": float(metrics.precision_score(y, said, zero_division=np.nan)),
            "recall": float(metrics.recall_score(y, said, zero_division=np.nan)),
            "f1": float(metrics.f1_score(y, said, zero_division=np.nan)),
            "mcc": float(metrics.matthews_corrcoef(y, said)),
        }
    return {name: None if math.isnan(value) else value for name, value in told.items()}


# Many tests at once.


def adjusted(inputs: Json, parameters: Json, method: str) -> Json:
    places = [place for place, p in enumerate(inputs["p"]) if p is not None]
    told: Json = {"adjusted": [None] * len(inputs["p"]), "reject": [None] * len(inputs["p"])}
    if places:
        _, values, *_ = multipletests([inputs["p"][place] for place in places], alpha=parameters["alpha"], method=method)
        for place, value in zip(places, values, strict=True):
            told["adjusted"][place] = float(value)
            told["reject"][place] = bool(value <= parameters["alpha"])
    return told


@reference
def holm(inputs: Json, parameters: Json) -> Json:
    return adjusted(inputs, parameters, "holm")


@reference
def benjamini_hochberg(inputs: Json, parameters: Json) -> Json:
    return adjusted(inputs, parameters, "fdr_bh")


# What the vectors do not ask for.


@reference
def t_sf(inputs: Json, _: Json) -> Json:
    return {"value": t_below(-inputs["t"], inputs["df"])}


@reference
def normal_cdf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.norm.cdf(inputs["z"]))}


@reference
def beta_ppf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.beta.ppf(inputs["p"], inputs["a"], inputs["b"]))}


@reference
def kolmogorov_sf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.kstwobign.sf(inputs["x"]))}


@reference
def binomial_sf(inputs: Json, _: Json) -> Json:
    return {"value": float(stats.binom.sf(inputs["k"], inputs["n"], inputs["p"]))}


@reference
def average_precision(inputs: Json, _: Json) -> Json:
    y, weight = np.array(inputs["y"]), inputs.get("weight")
    if not (np.ones(len(y)) if weight is None else np.array(weight))[y == 1].sum() > 0:
        return {"value": None}
    return {"value": float(metrics.average_precision_score(y, inputs["score"], sample_weight=weight))}


@reference
def two_proportions(inputs: Json, parameters: Json) -> Json:
    """Score limits: the difference at which the statistic with restricted variances is z (Miettinen, Nurminen 1985)."""
    base, n_base, head, n_head = (int(inputs[name]) for name in ("baseline", "n_baseline", "candidate", "n_candidate"))
    turned = 1 if parameters["direction"] == "higher" else -1
    estimate = turned * (head / n_head - base / n_base)
    correction = (n_base + n_head) / (n_base + n_head - 1)

    def z(d: float) -> float:
        """The statistic at a true improvement d."""
        if abs(estimate - d) < 1e-13:
            return 0.0
        shared = restricted_proportion(base, n_base, head, n_head, turned * d)
        other = min(1.0, max(0.0, shared + turned * d))
        spread = correction * (shared * (1 - shared) / n_base + other * (1 - other) / n_head)
        return (estimate - d) / math.sqrt(spread) if spread > 0 else math.copysign(1e9, estimate - d)

    at = float(stats.norm.isf(parameters["alpha"]))
    ends = -1 + 1e-12, 1 - 1e-12
    lower = optimize.brentq(lambda d: z(d) - at, ends[0], estimate, xtol=1e-13) if estimate > ends[0] else -1.0
    upper = optimize.brentq(lambda d: z(d) + at, estimate, ends[1], xtol=1e-13) if estimate < ends[1] else 1.0
    return {"improvement": estimate, "lower": lower, "upper": upper, "p_noninferior": float(stats.norm.sf(z(-parameters["margin"])))}


def restricted_proportion(base: int, n_base: int, head: int, n_head: int, d: float) -> float:
    """The baseline's proportion that maximises the likelihood when the candidate's is larger by d, by search."""

    def slope(p: float) -> float:
        counts, shares = (base, head, base - n_base, head - n_head), (p, p + d, 1 - p, 1 - p - d)
        return math.fsum(count / max(share, 1e-300) for count, share in zip(counts, shares, strict=True) if count)

    low, high = max(0.0, -d), min(1.0, 1 - d)
    inside = (high - low) * 1e-13
    if slope(low + inside) <= 0:
        return low
    if slope(high - inside) >= 0:
        return high
    return float(optimize.brentq(slope, low + inside, high - inside, xtol=1e-15, rtol=1e-14))
