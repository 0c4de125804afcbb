#!/usr/bin/env python
"""A project as a new user makes it, with the real DVC and DVCLive: metrics in git, in the cache and in a cached folder, a
remote, a lost cache, a machine that never had one, and a cache as DVC 2 laid it out.
"""

from __future__ import annotations

import json
import re
import shutil
import sys
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from support import Repo, World, main, statuses, tool  # noqa: E402

DVC = tool("dvc")

# `lr` makes the model better, `size` makes it slower.
TRAIN = """\
import json
from pathlib import Path

from dvc.api import params_show
from dvclive import Live

params = params_show()
with Live() as live:
    for epoch in range(3):
        live.log_metric("train/loss", 1 / (epoch + 1) - params["lr"])
        live.log_metric("accuracy", 0.8 + params["lr"])
        live.next_step()
Path("scores.json").write_text(json.dumps({"auc": 0.7 + params["lr"], "latency_ms": params["size"]}))
Path("results").mkdir(exist_ok=True)
for name in ("a", "b"):
    Path(f"results/{name}.json").write_text(json.dumps({"f1": 0.6 + params["lr"] * (name == "a")}))
"""


def dvc(repo: Repo, *arguments: str) -> str:
    return repo.run(DVC, *arguments).told


def train(repo: Repo, message: str, lr: float, size: int) -> None:
    repo.write({"params.yaml": f"lr: {lr}\nsize: {size}\n"})
    dvc(repo, "repro", "-q")
    repo.commit(message)
    dvc(repo, "push", "-q")


def trained_once(world: World) -> Repo:
    """A commit that only declares what there will be, and one with the first results."""
    repo = Repo(world, "project")
    dvc(repo, "init", "-q")
    repo.write({"train.py": TRAIN, "params.yaml": "lr: 0.1\nsize: 10\n"})
    metrics = ("-m", "scores.json", "-m", "results")
    dvc(repo, "stage", "add", "-q", "-n", "train", "-d", "train.py", "-p", "lr,size", *metrics, "python train.py")
    dvc(repo, "remote", "add", "-q", "-d", "storage", "../storage")
    repo.commit("Set up")
    train(repo, "Train", 0.1, 10)
    return repo


def project(world: World) -> Repo:
    """From there, `better` and `worse` (but not slower) leave `main`; the remote has everything.

    Pushed and fetched commit by commit: for a commit that is not checked out (`--all-commits`), DVC takes the remote's
    relative address from the root of the file system, and would write there.
    """
    repo = trained_once(world)
    repo.branch("better")
    train(repo, "Train with a larger rate", 0.15, 10)
    repo.git("checkout", "-q", "-b", "worse", "main")
    train(repo, "Train a smaller model", 0.05, 5)
    return repo


def values(document: dict[str, Any], side: str) -> dict[str, Any]:
    return {f"{row['file']}:{row['key']}": row.get(side) for row in document["comparison"]["metrics"]}


def near(values: dict[str, Any], expected: dict[str, float]) -> bool:
    return values.keys() == expected.keys() and all(abs(values[name] - number) < 1e-9 for name, number in expected.items())


def scores(lr: float, size: int) -> dict[str, float]:
    return {
        "dvclive/metrics.json:accuracy": 0.8 + lr,
        "dvclive/metrics.json:step": 2,
        "dvclive/metrics.json:train.loss": 1 / 3 - lr,
        "results/a.json:f1": 0.6 + lr,
        "results/b.json:f1": 0.6,
        "scores.json:auc": 0.7 + lr,
        "scores.json:latency_ms": size,
    }


BETTER = {
    "dvclive/metrics.json:accuracy": "improved",
    "dvclive/metrics.json:step": "unchanged",
    "dvclive/metrics.json:train.loss": "improved",
    "results/a.json:f1": "improved",
    "results/b.json:f1": "unchanged",
    "scores.json:auc": "improved",
    "scores.json:latency_ms": "unchanged",
}
WORSE = {name: {"improved": "regressed"}.get(status, status) for name, status in BETTER.items()} | {"scores.json:latency_ms": "improved"}


def all_is_here(repo: Repo) -> None:
    """Values, statuses and what explains them, of both branches and of the files on disk."""
    for branch, lr, size, expected, code in (("better", 0.15, 10, BETTER, 0), ("worse", 0.05, 5, WORSE, 1)):
        document = repo.document("compare", "main", branch)
        assert near(values(document, "base"), scores(0.1, 10)), values(document, "base")
        assert near(values(document, "head"), scores(lr, size)), values(document, "head")
        assert statuses(document) == expected, statuses(document)
        changed = {row["key"] for row in document["comparison"]["params"] if row["status"] == "changed"}
        assert changed == ({"lr"} if branch == "better" else {"lr", "size"}), document["comparison"]["params"]
        assert not document["comparison"]["head"].get("problems"), document["comparison"]["head"]
        report = repo.document("gate", "main", branch, code=code)
        blocked = {finding["metric"] for finding in report["judgement"]["findings"] if finding["effect"] == "block"}
        assert blocked == (set() if branch == "better" else {"accuracy", "train.loss", "f1", "auc"}), blocked
    assert statuses(repo.document("compare")) == WORSE, "the files on disk are those of `worse`"


def as_dvc_says(repo: Repo) -> None:
    """Of what DVC shows. It reads folders as well, and so all is there."""
    theirs = json.loads(repo.run(DVC, "metrics", "diff", "main", "better", "--json").stdout)
    ours = json.loads(repo.proofmark("compare", "main", "better", "--format", "dvc-json").stdout)
    assert ours == theirs, f"DVC has\n{theirs}\nand we have\n{ours}"


def log_looks_into_the_cache(repo: Repo) -> None:
    history = repo.document("log", "auc", "f1", "--from", "better")["history"]
    names = [f"{metric['file']}:{metric['key']}" for metric in history["metrics"]]
    assert sorted(names) == ["results/a.json:f1", "results/b.json:f1", "scores.json:auc"], names
    auc = names.index("scores.json:auc")
    points = {commit["subject"]: commit["points"][auc] for commit in history["commits"]}
    assert abs(points["Train with a larger rate"]["value"] - 0.85) < 1e-9 and abs(points["Train"]["value"] - 0.8) < 1e-9, points
    assert "missing" in points.get("Set up", {"missing": "left out"}), points


def without_the_cache(repo: Repo) -> None:
    """The local remote is read in its place."""
    shutil.rmtree(repo.path / ".dvc/cache")
    assert statuses(repo.document("compare", "main", "better")) == BETTER
    repo.proofmark("gate", "main", "worse", code=1)
    repo.proofmark("gate", "main", "better")
    # The files on disk are there without any cache.
    document = repo.document("compare")
    assert statuses(document) == WORSE and near(values(document, "head"), scores(0.05, 5)), statuses(document)


def fetched_by_dvc(repo: Repo) -> None:
    """What `dvc fetch` brings back is read as before, and the remote is not needed any more."""
    for branch in ("main", "better"):
        repo.git("checkout", "-q", "-f", branch)
        dvc(repo, "fetch", "-q")
    (repo.path.parent / "storage").rename(repo.path.parent / "hidden")
    assert statuses(repo.document("compare", "main", "better")) == BETTER


def legacy(repo: Repo) -> None:
    """DVC 2: objects right in the cache, and no `hash` in the lock. First all is old, then only the base is."""
    cache = repo.path / ".dvc/cache"
    for folder in (cache / "files/md5").iterdir():
        shutil.copytree(folder, cache / folder.name)
    hidden = cache / "files-hidden"
    (cache / "files").rename(hidden)
    for branch, start in (("old", "main"), ("old-better", "better")):
        repo.git("checkout", "-q", "-f", "-b", branch, start)
        lock = (repo.path / "dvc.lock").read_text()
        repo.commit("As DVC 2 writes it", {"dvc.lock": re.sub(r"^ +hash: md5\n", "", lock, flags=re.M)})
    document = repo.document("compare", "old", "old-better", "--base-is", "tip")
    assert statuses(document) == BETTER and near(values(document, "base"), scores(0.1, 10)), statuses(document)
    hidden.rename(cache / "files")
    assert statuses(repo.document("compare", "old", "better", "--base-is", "tip")) == BETTER
    assert {row["status"] for row in repo.document("compare", "main", "old", "--base-is", "tip")["comparison"]["metrics"]} == {"unchanged"}


def nothing_is_here(repo: Repo) -> None:
    """A fresh machine: what is not to be had is said with its cure, equal hashes still prove that nothing changed, and
    the gate does not pass what it could not read."""
    clone = Path(repo.path.parent / "elsewhere")
    repo.git("clone", "-q", str(repo.path), str(clone))
    fresh = object.__new__(Repo)
    fresh.world, fresh.path = repo.world, clone
    for branch in ("main", "better"):
        fresh.git("checkout", "-q", "-B", branch, f"origin/{branch}")
    found = statuses(fresh.document("compare", "main", "better", code=2))
    assert {status for name, status in found.items() if name.startswith(("scores", "results"))} == {"unavailable"}, found
    assert found["dvclive/metrics.json:accuracy"] == "improved", found
    told = fresh.proofmark("gate", "main", "better", code=2).told
    assert "dvc pull" in told and "scores.json" in told, told
    found = statuses(fresh.document("compare", "main", "main"))
    assert found["scores.json:"] == "unchanged-by-hash", found


def a_new_project(world: World) -> None:
    repo = project(world)
    all_is_here(repo)
    log_looks_into_the_cache(repo)
    as_dvc_says(repo)
    without_the_cache(repo)
    fetched_by_dvc(repo)
    legacy(repo)
    nothing_is_here(repo)


def the_first_training(world: World) -> None:
    """Against the commit that only declares the metrics, all of them are new, and nothing is wrong."""
    repo = trained_once(world)
    for head in (["main"], []):
        found = statuses(repo.document("compare", "main~1", *head))
        assert found == dict.fromkeys(BETTER, "added"), found


if __name__ == "__main__":
    main([a_new_project, the_first_training])
