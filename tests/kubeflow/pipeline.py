"""A small training pipeline, compiled with Kubeflow's own compiler and run on this machine by Kubeflow's own local runner.

    python pipeline.py FOLDER [--git-sha SHA] [--rows N] [--depth N] [--compile]

It needs the Python that has `kfp`. `FOLDER/pipeline.yaml` is what a server would get; with `--compile` that is all. Otherwise the pipeline
runs without network or containers, and the folder that then holds `<task>/executor_output.json` is printed as the last line.

Not executable, so that nothing takes it for a test.
"""

import argparse
import sys
from pathlib import Path

from kfp import compiler, dsl, local

ROWS = 400


# Nothing is installed for a component: the runner takes this Python as it is. What a component needs is in its own body.
@dsl.component(base_image="python:3.12", install_kfp_package=False)
def train(
    rows: int,
    depth: int,
    learning_rate: float,
    git_sha: str,
    balanced: bool,
    features: list,
    model: dsl.Output[dsl.Model],
    metrics: dsl.Output[dsl.Metrics],
) -> int:
    """Finds the best threshold for data that `rows` alone decides."""
    import json
    import random

    random.seed(rows)
    scores = [(random.gauss(0.35 + 0.3 * positive, 0.2), positive) for positive in (i % 2 for i in range(rows))]
    candidates = [step / (2**depth) for step in range(1, 2**depth)]
    right = {limit: sum((score > limit) == bool(label) for score, label in scores) for limit in candidates}
    best = max(candidates, key=right.__getitem__)
    with open(model.path, "w") as file:
        json.dump({"threshold": best, "git_sha": git_sha, "features": features, "balanced": balanced}, file)
    model.metadata["git_sha"] = git_sha
    metrics.log_metric("accuracy", right[best] / rows)
    metrics.log_metric("loss", 1 - right[best] / rows + learning_rate)
    return len(candidates)


@dsl.component(base_image="python:3.12", install_kfp_package=False)
def evaluate(rows: int, model: dsl.Input[dsl.Model], metrics: dsl.Output[dsl.Metrics], classes: dsl.Output[dsl.ClassificationMetrics]) -> float:
    """Judges the threshold on other data."""
    import json
    import random

    with open(model.path) as file:
        limit = json.load(file)["threshold"]
    random.seed(rows + 1)
    scores = [(random.gauss(0.35 + 0.3 * positive, 0.2), positive) for positive in (i % 2 for i in range(rows))]

    def rates(limit: float) -> tuple:
        hits = sum(score > limit and label for score, label in scores)
        false = sum(score > limit and not label for score, label in scores)
        positives = sum(label for _, label in scores)
        return hits, false, positives - hits, len(scores) - positives - false

    hits, false, missed, rejected = rates(limit)
    accuracy = (hits + rejected) / rows
    metrics.log_metric("accuracy", accuracy)
    metrics.log_metric("f1", 2 * hits / (2 * hits + false + missed))
    classes.log_confusion_matrix(["stays", "leaves"], [[rejected, false], [missed, hits]])
    limits = [step / 10 for step in range(10, -1, -1)]
    curve = [rates(limit) for limit in limits]
    classes.log_roc_curve([f / (f + r) for _, f, _, r in curve], [h / (h + m) for h, _, m, _ in curve], limits)
    return accuracy


@dsl.pipeline(name="churn-training", description="Trains and judges a model that says who leaves.")
def churn(
    git_sha: str,
    rows: int = ROWS,
    depth: int = 4,
    learning_rate: float = 0.1,
    balanced: bool = False,
    features: list = ["age", "tenure"],  # noqa: B006 (it is compiled, and never changed)
) -> float:
    trained = train(
        rows=rows, depth=depth, learning_rate=learning_rate, git_sha=git_sha, balanced=balanced, features=features
    )
    return evaluate(rows=rows, model=trained.outputs["model"]).outputs["Output"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--git-sha", default="0" * 40)
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--depth", type=int, default=4)
    parser.add_argument("--compile", action="store_true", help="only write the compiled pipeline")
    given = parser.parse_args()
    given.folder.mkdir(parents=True, exist_ok=True)
    compiler.Compiler().compile(churn, str(given.folder / "pipeline.yaml"))
    if given.compile:
        return
    root = given.folder / "local"
    before = set(root.iterdir()) if root.is_dir() else set()
    local.init(runner=local.SubprocessRunner(use_venv=False), pipeline_root=str(root), raise_on_error=True)
    churn(git_sha=given.git_sha, rows=given.rows, depth=given.depth)
    (made,) = set(root.iterdir()) - before
    sys.stdout.flush()
    print(made.resolve())


if __name__ == "__main__":
    main()
