"""Made-up prediction tables of two models: what people have, and what trips programs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from cases import Rng, pick, size

#: Values of slice columns that files and shells can stumble on.
PLACES = ("DE", "FR", 'İs, "x"', "a\nb", "07", "tab\there", "ünï=1")
OF_TWO = ("accuracy", "balanced_accuracy", "precision", "recall", "specificity", "f1", "fbeta(2)", "mcc")
OF_SCORES = ("roc_auc", "pr_auc", "log_loss", "brier", "ece", "ece(7)")
OF_CLASSES = ("accuracy", "balanced_accuracy", "mcc", "f1_macro", "f1_micro", "f1_weighted", "precision_macro", "recall_macro", "fbeta_macro(2)")
OF_CLASSES += ("precision_weighted", "recall_micro")
OF_NUMBERS = ("mae", "rmse", "r2", "mape", "pinball(0.9)", "mean(latency)", "quantile(0.95, latency)")


@dataclass
class Scenario:
    """Two tables, how they are declared, and what is asked of them."""

    base: pd.DataFrame
    head: pd.DataFrame
    spec: dict[str, Any]
    metrics: list[str]
    classes: list[str] = field(default_factory=list)


def scenario(rng: Rng) -> Scenario:
    made = pick(rng, (binary, binary, multiclass, regression))(rng)
    with_ids(rng, made)
    if rng.random() < 0.15:
        # The head lacks rows.
        made.head = made.head.iloc[: max(1, len(made.head) * 9 // 10)].reset_index(drop=True)
        if rng.random() < 0.5:
            made.spec["max_unmatched"] = len(made.base)
    if "id" in made.spec and rng.random() < 0.4:
        made.head = made.head.sample(frac=1, random_state=int(rng.integers(1 << 30))).reset_index(drop=True)
    return made


def with_ids(rng: Rng, made: Scenario) -> None:
    count = len(made.base)
    ids: Any = pick(rng, (None, np.arange(count) * 7 - 3, [f"row-{number}, é" for number in range(count)], np.arange(count) + (1 << 60)))
    if ids is not None:
        made.base.insert(0, "id", ids)
        made.head.insert(0, "id", ids)
        made.spec["id"] = "id"


def shared(rng: Rng, count: int) -> pd.DataFrame:
    """What both sides have: slices, and perhaps weights."""
    places = list(PLACES[: int(rng.integers(1, len(PLACES) + 1))])
    return pd.DataFrame({"country": [pick(rng, places) for _ in range(count)], "phone": rng.random(count) < 0.4})


def weights(rng: Rng, frame: pd.DataFrame, spec: dict[str, Any]) -> None:
    if rng.random() < 0.35:
        whole = rng.random() < 0.5
        frame["w"] = rng.integers(0, 4, len(frame)) if whole else np.round(rng.gamma(1, size=len(frame)), 4)
        spec["weight"] = "w"


def binary(rng: Rng) -> Scenario:
    count = size(rng, 1, 500)
    truth = rng.random(count) < pick(rng, (0.5, 0.5, 0.2, 0.05, 0.0, 1.0))
    names = pick(rng, (("0", "1", int), ("false", "true", bool), ("no", "yes", str), ("ham, \"fresh\"", "spam", str), ("0", "1", float)))
    written = {int: [0, 1], bool: [False, True], float: [0.0, 1.0], str: list(names[:2])}[names[2]]
    frame = shared(rng, count)
    frame["y"] = [written[int(one)] for one in truth]
    # Said, since a table of one class does not say which it is.
    spec: dict[str, Any] = {"name": "test", "task": "binary", "label": "y", "score": "p", "positive": names[1]}
    weights(rng, frame, spec)
    by_score = rng.random() < 0.3
    if not by_score:
        spec["prediction"] = "said"
    hidden, digits = rng.normal(size=count) + 1.5 * truth, int(pick(rng, (1, 2, 17)))
    sides = []
    for _ in range(2):
        side = frame.copy()
        score = 1 / (1 + np.exp(0.7 - hidden - rng.normal(size=count)))
        side["p"] = np.round(score, digits) if digits < 17 else score
        side["said"] = [written[int(one)] for one in score + rng.normal(size=count) / 10 > 0.5]
        sides.append(side)
    if rng.random() < 0.1 and count > 3:
        sides[1].loc[int(rng.integers(count)), "p"] = np.nan
    return Scenario(*sides, spec, [*OF_TWO, *OF_SCORES])


def multiclass(rng: Rng) -> Scenario:
    count, many = size(rng, 2, 400), int(rng.integers(3, 6))
    whole = rng.random() < 0.4
    classes = [str(one) for one in range(many)] if whole else ["ant", "bee", "cat", "dog, \"big\"", "eel"][:many]
    truth = rng.choice(many, size=count, p=rng.dirichlet(np.ones(many)))
    frame = shared(rng, count)
    frame["y"] = truth if whole else [classes[one] for one in truth]
    spec: dict[str, Any] = {"name": "test", "task": "multiclass", "label": "y", "prediction": "said"}
    spec["scores"] = {name: f"p{place}" for place, name in enumerate(classes)}
    weights(rng, frame, spec)
    sides = []
    for _ in range(2):
        side = frame.copy()
        strength = np.exp(rng.normal(size=(count, many)) + 1.5 * (truth[:, None] == np.arange(many)))
        strength /= strength.sum(axis=1, keepdims=True)
        for place in range(many):
            side[f"p{place}"] = strength[:, place]
        said = strength.argmax(axis=1)
        side["said"] = said if whole else [classes[one] for one in said]
        sides.append(side)
    asked = [*OF_CLASSES, "roc_auc_ovr", "log_loss", "brier", "ece", f"f1[{classes[1]}]", f"recall[{classes[0]}]", f"precision[{classes[-1]}]"]
    return Scenario(*sides, spec, asked, classes)


def regression(rng: Rng) -> Scenario:
    count, scale = size(rng, 1, 400), pick(rng, (1.0, 1000.0, 1e-3))
    truth = scale * np.round(rng.normal(size=count), 3) * pick(rng, (1, 1, 0)) + pick(rng, (0.0, 100 * scale))
    # pandas writes JSON with fifteen digits, and a label that lost one is another label.
    truth = np.array([float(f"{value:.12g}") for value in truth])
    frame = shared(rng, count)
    frame["y"] = truth
    spec: dict[str, Any] = {"name": "test", "task": "regression", "label": "y", "prediction": "said"}
    weights(rng, frame, spec)
    sides = []
    for _ in range(2):
        side = frame.copy()
        side["said"] = truth + scale * rng.normal(size=count) * 0.3
        side["latency"] = np.round(np.exp(rng.normal(size=count)), 2)
        sides.append(side)
    asked = [metric for metric in OF_NUMBERS if not (metric.startswith("quantile") and "weight" in spec)]
    return Scenario(*sides, spec, asked)
