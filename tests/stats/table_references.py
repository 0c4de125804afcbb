"""The metrics of a table as scikit-learn has them; where it warns and gives 0 or 1, the specification has no value."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pandas as pd
from sklearn import metrics

from references_rows import kernel

Declaration = dict[str, Any]
TINY = float(np.finfo(float).eps)
AVERAGES = ("macro", "micro", "weighted")


class Rows:
    """Some rows of one side, by the roles of their columns."""

    def __init__(self, frame: pd.DataFrame, spec: Declaration, classes: list[str]) -> None:
        self.frame, self.spec, self.classes = frame, spec, classes
        self.weight = frame[spec["weight"]].to_numpy(float) if "weight" in spec else np.ones(len(frame))

    def column(self, role: str) -> np.ndarray:
        return self.frame[self.spec[role]].to_numpy()

    def numbers(self, role: str) -> np.ndarray:
        return self.frame[self.spec[role]].to_numpy(float)

    @property
    def truth(self) -> np.ndarray:
        """1 where the label is the positive class."""
        return (texts(self.column("label")) == self.spec["positive"]).astype(int)

    @property
    def said(self) -> np.ndarray:
        if "prediction" in self.spec:
            return (texts(self.column("prediction")) == self.spec["positive"]).astype(int)
        return (self.numbers("score") >= self.spec.get("threshold", 0.5)).astype(int)

    @property
    def probabilities(self) -> np.ndarray:
        return self.frame[[self.spec["scores"][name] for name in self.classes]].to_numpy(float)

    @property
    def scores_are_there(self) -> bool:
        names = [self.spec["score"]] if "score" in self.spec else list(self.spec.get("scores", {}).values())
        return bool(self.frame[names].notna().all(axis=None)) if names else True


def texts(column: np.ndarray) -> np.ndarray:
    """Labels as people write them: a whole number without a point, truth in small letters."""

    def written(value: Any) -> str:
        if isinstance(value, bool | np.bool_):
            return str(bool(value)).lower()
        return str(int(value)) if isinstance(value, float) and value == int(value) else str(value)

    return np.array([written(value) for value in column], object)


def value(metric: str, rows: Rows) -> float | None:
    """None where the metric is undefined."""
    if not len(rows.frame) or rows.weight.sum() == 0:
        return None
    name, arguments, of_class = parts(metric)
    uses_scores = name in ("roc_auc", "pr_auc", "log_loss", "brier", "ece", "roc_auc_ovr") or ("prediction" not in rows.spec and "score" in rows.spec)
    if uses_scores and not rows.scores_are_there:
        return None
    if name in OF_NUMBERS:
        found = OF_NUMBERS[name](rows, arguments)
    elif rows.spec["task"] == "binary":
        found = of_two_classes(name, arguments, rows)
    else:
        found = of_classes(name, arguments, of_class, rows)
    return None if found is None or np.isnan(found) else float(found)


def parts(metric: str) -> tuple[str, list[str], str | None]:
    """`fbeta(2)[b]` is `fbeta`, `2` and `b`."""
    name, arguments, of_class = re.fullmatch(r"([a-z0-9_]+)(?:\((.*?)\))?(?:\[(.*)\])?", metric).groups()  # type: ignore[union-attr]
    return name, [one.strip() for one in (arguments or "").split(",") if one.strip()], of_class


# Numbers.


def quantile(rows: Rows, arguments: list[str]) -> float:
    return np.quantile(rows.frame[arguments[1]].to_numpy(float), float(arguments[0]))


def r2(rows: Rows, _: list[str]) -> float | None:
    truth, weight = rows.numbers("label"), rows.weight
    if len(set(truth[weight > 0])) < 2:
        return None
    return metrics.r2_score(truth, rows.numbers("prediction"), sample_weight=weight)


def of_pair(function: Any, **asked: Any) -> Any:
    return lambda rows, _: function(rows.numbers("label"), rows.numbers("prediction"), sample_weight=rows.weight, **asked)


OF_NUMBERS: dict[str, Any] = {
    "mae": of_pair(metrics.mean_absolute_error),
    "rmse": of_pair(metrics.root_mean_squared_error),
    "mape": of_pair(metrics.mean_absolute_percentage_error),
    "r2": r2,
    "pinball": lambda rows, arguments: of_pair(metrics.mean_pinball_loss, alpha=float(arguments[0]))(rows, arguments),
    "mean": lambda rows, arguments: np.average(rows.frame[arguments[0]].to_numpy(float), weights=rows.weight),
    "quantile": quantile,
}


# Classes.


def of_two_classes(name: str, arguments: list[str], rows: Rows) -> float | None:
    truth, weight = rows.truth, rows.weight
    has = weight[truth == 1].sum() > 0, weight[truth == 0].sum() > 0
    if name in ("roc_auc", "pr_auc", "log_loss", "brier", "ece"):
        score = rows.numbers("score")
        if name == "roc_auc":
            return metrics.roc_auc_score(truth, score, sample_weight=weight) if all(has) else None
        if name == "pr_auc":
            return metrics.average_precision_score(truth, score, sample_weight=weight) if has[0] else None
        if name == "log_loss":
            return metrics.log_loss(truth, score, labels=[0, 1], sample_weight=weight)
        if name == "brier":
            return metrics.brier_score_loss(truth, score, labels=[0, 1], sample_weight=weight)
        return calibration_error(score, truth, weight, arguments)
    said = rows.said
    if name in ("precision", "recall", "f1", "fbeta"):
        return of_positive(name, arguments, truth, said, weight)
    if name == "specificity":
        return metrics.recall_score(truth, said, pos_label=0, sample_weight=weight, zero_division=np.nan)
    return plain(name, truth, said, weight)


def plain(name: str, truth: np.ndarray, said: np.ndarray, weight: np.ndarray) -> float:
    function = {"accuracy": metrics.accuracy_score, "balanced_accuracy": metrics.balanced_accuracy_score, "mcc": metrics.matthews_corrcoef}[name]
    return function(truth, said, sample_weight=weight)


def of_positive(name: str, arguments: list[str], truth: np.ndarray, said: np.ndarray, weight: np.ndarray) -> float:
    asked = {"sample_weight": weight, "zero_division": np.nan}
    if name in ("f1", "fbeta"):
        return metrics.fbeta_score(truth, said, beta=float(arguments[0]) if arguments else 1.0, **asked)
    return {"precision": metrics.precision_score, "recall": metrics.recall_score}[name](truth, said, **asked)


def of_classes(name: str, arguments: list[str], of_class: str | None, rows: Rows) -> float | None:
    truth, said, weight = texts(rows.column("label")), texts(rows.column("prediction")), rows.weight
    if of_class is not None:
        return of_positive(name, arguments, (truth == of_class).astype(int), (said == of_class).astype(int), weight)
    kind, _, average = name.rpartition("_")
    if average in AVERAGES:
        asked = {"average": average, "sample_weight": weight, "zero_division": 0}
        if kind in ("f1", "fbeta"):
            return metrics.fbeta_score(truth, said, beta=float(arguments[0]) if arguments else 1.0, **asked)
        return {"precision": metrics.precision_score, "recall": metrics.recall_score}[kind](truth, said, **asked)
    if name in ("roc_auc_ovr", "log_loss", "brier", "ece"):
        return of_probabilities(name, arguments, truth, rows)
    return plain(name, truth, said, weight)


def of_probabilities(name: str, arguments: list[str], truth: np.ndarray, rows: Rows) -> float | None:
    given, weight, classes = rows.probabilities, rows.weight, rows.classes
    if name == "log_loss":
        return metrics.log_loss(truth, given, labels=classes, sample_weight=weight)
    if name == "brier":
        return metrics.brier_score_loss(truth, given, labels=classes, sample_weight=weight)
    if name == "ece":
        right = np.array(classes, object)[given.argmax(axis=1)] == truth
        return calibration_error(given.max(axis=1), right.astype(int), weight, arguments)
    areas = []
    for place, one in enumerate(classes):
        is_it = (truth == one).astype(int)
        positive, negative = weight[is_it == 1], weight[is_it == 0]
        if positive.sum() == 0 or negative.sum() == 0:
            return None
        areas.append(positive @ kernel(is_it, given[:, place]) @ negative / (positive.sum() * negative.sum()))
    return float(np.mean(areas))


def calibration_error(confidence: np.ndarray, came_true: np.ndarray, weight: np.ndarray, arguments: list[str]) -> float:
    """Bins of equal width, open on the left (Naeini 2015)."""
    bins = int(arguments[0]) if arguments else 15
    places = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    error = 0.0
    for place in range(bins):
        inside = places == place
        error += abs((weight[inside] * (confidence[inside] - came_true[inside])).sum())
    return error / weight.sum()
