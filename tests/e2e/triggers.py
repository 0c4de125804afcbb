#!/usr/bin/env python
"""Triggers and the real DVC: a change of data, code or params starts `dvc repro`, once; other changes do not; what comes of it is
judged, and undone where it is worse.
"""

from __future__ import annotations

import atexit
import functools
import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True

from support import TIMEOUT, Repo, Run, World, main, strict, tool  # noqa: E402

DVC = tool("dvc")

# More rows and a larger `lr` make the model better; a row without a number cannot be trained on. Each training leaves a line at home.
TRAIN = """\
import json
import time
from pathlib import Path

lr = float(Path("params.yaml").read_text().split("lr:")[1].split()[0])
rows = [float(line.split(",")[1]) for line in Path("data/train.csv").read_text().splitlines()[1:]]
time.sleep(float((Path.home() / "pause").read_text()) if (Path.home() / "pause").exists() else 0)
Path("metrics.json").write_text(json.dumps({"accuracy": 0.5 + 0.1 * lr + 0.01 * len(rows), "rows": len(rows)}))
with (Path.home() / "trained").open("a") as log:
    log.write(f"{len(rows)}\\n")
"""
PIPELINE = """\
stages:
  train:
    cmd: python src/train.py
    deps:
      - data/train.csv
      - src
    params:
      - lr
    metrics:
      - metrics.json:
          cache: false
"""
RETRAIN = """\
[[trigger]]
name = "retrain"
on = "push"
branches = ["main"]
dvc = { stages = ["train"] }
start = { repro = { stages = ["train"] } }
"""
#: The same by other ways to see it.
OTHERS = """
[[trigger]]
name = "by-data"
on = "push"
dvc = { data = ["data/*"] }
start = { repro = { stages = ["train"] } }

[[trigger]]
name = "by-params"
on = "push"
dvc = { params = ["lr"] }
start = { repro = { stages = ["train"] } }
"""
CHAIN = """
[[rule]]
metric = "accuracy"
max_regression_abs = 0.001

[[trigger]]
name = "deliver"
on = "push"
dvc = { stages = ["train"] }

[[trigger.step]]
name = "train"
start = { repro = { stages = ["train"] } }

# What was trained lies in the working tree, and is held against the commit that is there.
[[trigger.step]]
name = "judge"
start = { gate = { base = "HEAD" } }

[[trigger.step]]
name = "undo"
after = "failed"
start = { command = { argv = ["git", "checkout", "--quiet", "--", "metrics.json", "dvc.lock"] } }
"""


def rows(count: int) -> str:
    return "x,y\n" + "".join(f"{number},{2 * number}\n" for number in range(count))


@functools.cache
def template() -> Path:
    """A project whose results are committed, made once and copied for each case."""
    world = World()
    atexit.register(world.remove)
    repo = Repo(world, "project")
    repo.run(DVC, "init", "-q")
    files = {"src/train.py": TRAIN, "dvc.yaml": PIPELINE, "params.yaml": "lr: 0.1\nsize: 3\n", "data/train.csv": rows(10)}
    repo.write(files)
    repo.run(DVC, "add", "-q", "data/train.csv")
    repo.run(DVC, "repro", "-q")
    repo.commit("Train")
    return repo.path


def project(world: World, triggers: str = RETRAIN) -> Repo:
    """Its copy, with these triggers on `main`."""
    shutil.copytree(template(), world.folder / "project", symlinks=True)
    repo = object.__new__(Repo)
    repo.world, repo.path = world, world.folder / "project"
    return repo.commit("Add triggers", {"proofmark.toml": triggers})


def new_data(repo: Repo, content: str, message: str = "Change the data") -> None:
    repo.write({"data/train.csv": content})
    repo.run(DVC, "add", "-q", "data/train.csv")
    repo.commit(message)


def trigger(repo: Repo, *more: str, code: int = 0) -> Run:
    """For the newest commit of `main`, as if it had been pushed by itself."""
    return repo.proofmark("trigger", "--event", "push", "--from", "main~1", "--to", "main", *more, code=code)


def outcomes(repo: Repo, *more: str, code: int = 0) -> dict[str, str]:
    document = strict(trigger(repo, *more, "--format", "json", code=code).stdout)
    return {decision["rule"]: decision["outcome"] for decision in document["decisions"]}


def would(repo: Repo) -> set[str]:
    """The triggers that would fire."""
    return {rule for rule, outcome in outcomes(repo, "--dry-run").items() if outcome == "fires"}


def trainings(world: World) -> list[str]:
    """The number of rows of each training."""
    log = world.folder / "home/trained"
    return log.read_text().split() if log.exists() else []


def measured(repo: Repo) -> dict[str, Any]:
    return json.loads((repo.path / "metrics.json").read_text())


def journal(repo: Repo) -> list[dict[str, Any]]:
    return json.loads(repo.proofmark("trigger", "log", "--format", "json").stdout)


def told(repo: Repo) -> list[str]:
    """What the journal has, each in a word or with what came of it."""
    return [entry["what"] + {None: "", True: ": passed", False: ": failed"}[entry.get("passed")] for entry in journal(repo)]


def new_data_starts_a_training_once(world: World) -> None:
    repo = project(world)
    new_data(repo, rows(12))
    # A look starts nothing, and leaves nothing.
    looked = trigger(repo, "--dry-run").stdout
    assert "dvc repro train" in looked and trainings(world) == [] and not (repo.path / ".git/proofmark").exists(), looked

    ran = trigger(repo)
    assert trainings(world) == ["12"] and measured(repo)["rows"] == 12, ran.told
    # What DVC prints is not mixed into what is for programs.
    assert "Running stage 'train'" in ran.stderr and "Running stage" not in ran.stdout and "success" in ran.stdout, ran.told
    assert repo.git("status", "--porcelain").stdout.split() == ["M", "dvc.lock", "M", "metrics.json"]
    assert told(repo) == ["accepted", "matched", "started", "finished: passed"], journal(repo)

    again = trigger(repo)
    assert trainings(world) == ["12"] and "was started before" in again.stdout, again.told
    assert told(repo)[4:] == ["accepted", "duplicate"], journal(repo)
    # Results are no new data: committing them does not go in circles.
    repo.commit("Results")
    assert outcomes(repo) == {} and trainings(world) == ["12"], journal(repo)
    assert told(repo)[6:] == ["accepted", "ignored"], journal(repo)


def rules_see_what_changed(world: World) -> None:
    repo = project(world, RETRAIN + OTHERS)
    repo.commit("Write a text", {"README.md": "Read me\n"})
    assert would(repo) == set()
    repo.commit("Train slower", {"params.yaml": "lr: 0.05\nsize: 3\n"})
    assert would(repo) == {"retrain", "by-params"}
    repo.commit("A param that the stage does not read", {"params.yaml": "lr: 0.05\nsize: 4\n"})
    assert would(repo) == set()
    repo.commit("The same number", {"params.yaml": "# how fast\nlr: 0.050\nsize: 4\n"})
    assert would(repo) == set()
    repo.commit("Other code", {"src/more.py": "# not yet\n"})
    assert would(repo) == {"retrain"}
    new_data(repo, rows(11))
    assert would(repo) == {"retrain", "by-data"}
    # Two rules start it, and DVC itself sees that the second has nothing to do.
    assert outcomes(repo) == {"retrain": "fires", "by-data": "fires"} and trainings(world) == ["11"]
    # Nor does the lock, which now tells of the code and the params that were trained with, start anything.
    repo.commit("Results")
    assert would(repo) == set(), trigger(repo, "--explain").stdout
    # The triggers that count are those of `main`, and a change of them alone is no change of data.
    repo.commit("Fewer triggers", {"proofmark.toml": RETRAIN})
    assert would(repo) == set()


def a_stage_s_own_declaration_counts(world: World) -> None:
    """As DVC has it: another command is another stage, a remark is not."""
    repo = project(world)
    repo.commit("A remark", {"dvc.yaml": "# Trains.\n" + PIPELINE})
    assert would(repo) == set()
    repo.commit("One more file to read", {"dvc.yaml": PIPELINE.replace("      - src\n", "      - src\n      - proofmark.toml\n")})
    assert would(repo) == {"retrain"}
    repo.commit("Another command", {"dvc.yaml": PIPELINE.replace("python src", "python -B src")})
    assert would(repo) == {"retrain"}
    repo.commit("Only another command", {"dvc.yaml": PIPELINE})
    assert would(repo) == {"retrain"}, "the command alone counts too"


def several_commits_are_one_push(world: World) -> None:
    """What was changed and changed back is no change."""
    repo = project(world, RETRAIN + OTHERS)
    new_data(repo, rows(11))
    new_data(repo, rows(10), "Back again")
    pushed = ("trigger", "--event", "push", "--from", "main~2", "--to", "main", "--dry-run")
    assert "0 of 3" in repo.proofmark(*pushed).stdout
    assert would(repo) == {"retrain", "by-data"}, "of the last commit alone it is one"


def a_branch_is_judged_by_the_triggers_of_main(world: World) -> None:
    repo = project(world)
    repo.branch("work")
    forged = RETRAIN.replace('dvc = { stages = ["train"] }', "").replace("on = ", 'on = "pull_request"\n#').replace("retrain", "forged")
    repo.write({"proofmark.toml": forged})
    repo.commit("Write triggers and a text", {"README.md": "Read me\n"})
    ran = repo.proofmark("trigger", "--event", "pull_request")
    assert "forged" not in ran.stdout and "of main" in ran.stdout and "other triggers" in ran.told, ran.told
    assert trainings(world) == []


def it_is_explained(world: World) -> None:
    repo = project(world, RETRAIN + OTHERS)
    new_data(repo, rows(12))
    text = trigger(repo, "--explain").stdout
    for part in ("stage train (data/train.csv)", "▶ retrain", "▶ by-data", "· by-params", "nothing of it changed", "dvc repro train"):
        assert part in text, (part, text)
    repo.commit("Code and params", {"src/more.py": "# not yet\n", "params.yaml": "lr: 0.2\nsize: 3\n"})
    text = trigger(repo, "--explain").stdout
    assert "stage train (src, params.yaml:lr)" in text and "params.yaml:lr" in text.split("by-params")[1], text
    assert trainings(world) == [] and not (repo.path / ".git/proofmark").exists()


def a_training_that_fails_is_a_failure(world: World) -> None:
    repo = project(world)
    new_data(repo, "x,y\n1,none\n")
    ran = trigger(repo, code=1)
    assert "could not convert string to float" in ran.stderr and "exit code" in ran.stdout, ran.told
    assert told(repo) == ["accepted", "matched", "started", "finished: failed"], journal(repo)
    # It was started, and whether it may be once more is for people to say.
    again = trigger(repo)
    assert "failed" in again.stdout and told(repo)[-1] == "duplicate", again.told
    (repo.path / "data/train.csv").write_text(rows(12))
    assert trigger(repo, "--again", "mended").stdout and trainings(world) == ["12"], journal(repo)
    assert told(repo)[-2:] == ["started", "finished: passed"], journal(repo)


def a_worse_model_is_undone(world: World) -> None:
    """Train, judge, and roll back: each step waits for the one before."""
    repo = project(world, CHAIN)
    new_data(repo, rows(5), "Fewer data")
    ran = trigger(repo, code=1)
    assert trainings(world) == ["5"] and measured(repo)["rows"] == 10, ran.told
    assert "judge" in ran.stdout and "blocked" in ran.stdout and "accuracy" in ran.stderr, ran.told
    ended = [(entry.get("step"), entry["passed"]) for entry in journal(repo) if entry["what"] == "finished"]
    assert ended == [("train", True), ("judge", False), ("undo", True), (None, False)], journal(repo)
    assert repo.git("status", "--porcelain").stdout == ""
    # All of it once.
    assert outcomes(repo) == {"deliver": "duplicate"} and trainings(world) == ["5"]

    new_data(repo, rows(20), "More data")
    ran = trigger(repo)
    assert trainings(world) == ["5", "20"] and measured(repo)["rows"] == 20 and "left out" in ran.stdout, ran.told
    ended = [(entry.get("step"), entry["passed"]) for entry in journal(repo) if entry["what"] == "finished"]
    assert ended[4:] == [("train", True), ("judge", True), (None, True)], journal(repo)


def two_at_one_time_train_once(world: World) -> None:
    repo = project(world)
    new_data(repo, rows(12))
    (world.folder / "home/pause").write_text("2")
    command = ["proofmark", "trigger", "--event", "push", "--from", "main~1", "--to", "main", "--wait"]
    given: dict[str, Any] = {"cwd": repo.path, "env": world.environment, "stdin": subprocess.DEVNULL, "text": True}
    both = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **given) for _ in range(2)]
    ended = [process.communicate(timeout=TIMEOUT) for process in both]
    assert [process.returncode for process in both] == [0, 0], ended
    assert trainings(world) == ["12"], ended
    assert told(repo).count("finished: passed") == 1 or told(repo).count("started") == 1, journal(repo)


def what_is_missing_is_said_before_anything_starts(world: World) -> None:
    repo = project(world, CHAIN)
    new_data(repo, rows(12))
    # Without DVC on the path.
    (bare := world.folder / "bare").mkdir()
    (bare / "git").symlink_to(shutil.which("git") or "git")
    command = (str(world.folder / "programs/proofmark"), "trigger", "--event", "push", "--from", "main~1", "--to", "main")
    ran = repo.run(*command, code=2, variables={"PATH": str(bare)})
    assert "`deliver`" in ran.stderr and "dvc" in ran.stderr and "PATH" in ran.stderr and trainings(world) == [], ran.told
    assert told(repo) == ["accepted", "matched", "failed"], journal(repo)
    # Nothing was started, so it can be.
    assert outcomes(repo) == {"deliver": "fires"} and trainings(world) == ["12"]

    broken = project_with(repo, RETRAIN.replace("stages", "stage", 1))
    ran = trigger(broken, code=2)
    assert "proofmark.toml:5" in ran.stderr and "did you mean `stages`" in ran.stderr, ran.told
    broken = project_with(repo, RETRAIN.replace('stages = ["train"] } }', 'stages = ["{{ parameters.stage }}"] } }'))
    new_data(broken, rows(13))
    ran = trigger(broken, code=2)
    assert "retrain" in ran.stderr and "stage" in ran.stderr and trainings(world) == ["12"], ran.told
    # A repository without DVC has nothing that DVC sees changed.
    repo = Repo(world, "plain").commit("Begin", {"proofmark.toml": RETRAIN}).commit("Go on", {"README.md": "Read me\n"})
    assert "0 of 1" in trigger(repo, code=0).stdout


def project_with(repo: Repo, triggers: str) -> Repo:
    return repo.commit("Change triggers", {"proofmark.toml": triggers})


CASES: list[dict[str, Any]] = [
    {
        "name": "new data",
        "dvc": {"stages": {"train": ["data/train.csv"]}, "data": ["data/train.csv"], "params": []},
        "expect": {"fires": ["retrain", "by-data"]},
    },
    {
        "name": "another rate",
        "dvc": {"stages": {"train": ["params.yaml:lr"]}, "data": [], "params": ["params.yaml:lr"]},
        "expect": {"fires": ["retrain", "by-params"]},
    },
    {"name": "a text", "dvc": {"stages": {}, "data": [], "params": []}, "expect": {}},
    {"name": "what DVC sees is not given", "expect": {"undecided": ["retrain", "by-data", "by-params"]}},
]


def rules_are_tested_offline(world: World) -> None:
    repo = project(world, RETRAIN + OTHERS)
    commit = repo.git("rev-parse", "main").stdout.strip()
    event = {"sender": "git", "kind": "push", "branch": "main", "base": {}, "head": {"branch": "main", "commit": commit}}
    repo.write({"cases.json": json.dumps([{"event": event} | case for case in CASES])})
    ran = repo.proofmark("trigger", "test", "cases.json")
    assert "4 passed, 0 failed" in ran.told and "new data" in ran.stdout, ran.told

    wrong = {"event": event} | CASES[0] | {"name": "a wrong one", "expect": {"fires": ["by-params"]}}
    repo.write({"wrong.json": json.dumps(wrong)})
    ran = repo.proofmark("trigger", "test", "wrong.json", code=1)
    for part in ("✗ a wrong one", "`by-params` is not fires", "`retrain` is fires", "0 passed, 1 failed"):
        assert part in ran.told, (part, ran.told)
    assert trainings(world) == [] and not (repo.path / ".git/proofmark").exists()


def a_folder_of_data_and_a_project_in_a_folder(world: World) -> None:
    """`dvc add FOLDER`, below a folder that is the DVC project."""
    repo = Repo(world, "project")
    (repo.path / "ml").mkdir()
    repo.run(DVC, "--cd", "ml", "init", "-q", "--subdir")
    pipeline = PIPELINE.replace("data/train.csv", "data")
    repo.write({f"ml/{name}": text for name, text in {"src/train.py": TRAIN, "dvc.yaml": pipeline, "params.yaml": "lr: 0.1\n"}.items()})
    repo.write({"ml/data/train.csv": rows(10)})
    repo.run(DVC, "--cd", "ml", "add", "-q", "data")
    repo.run(DVC, "--cd", "ml", "repro", "-q")
    triggers = RETRAIN.replace('{ repro = { stages = ["train"] } }', '{ repro = { stages = ["train"], folder = "ml" } }')
    triggers += OTHERS.replace("data/*", "ml/data").replace('{ repro = { stages = ["train"] } }', '{ repro = { folder = "ml" } }')
    repo.commit("Set up", {"proofmark.toml": triggers})
    repo.commit("Write a text", {"README.md": "Read me\n"})
    assert would(repo) == set()

    repo.write({"ml/data/train.csv": rows(11), "ml/data/more.csv": rows(2)})
    repo.run(DVC, "--cd", "ml", "add", "-q", "data")
    repo.commit("More data")
    assert would(repo) == {"retrain", "by-data"}
    explained = trigger(repo, "--explain").stdout
    assert "stage ml/dvc.yaml:train (ml/data)" in explained, explained
    trigger(repo)
    assert trainings(world)[-1] == "11" and json.loads((repo.path / "ml/metrics.json").read_text())["rows"] == 11
    repo.commit("Results")
    assert would(repo) == set()


if __name__ == "__main__":
    main(
        [
            new_data_starts_a_training_once,
            rules_see_what_changed,
            a_stage_s_own_declaration_counts,
            several_commits_are_one_push,
            a_branch_is_judged_by_the_triggers_of_main,
            it_is_explained,
            a_training_that_fails_is_a_failure,
            a_worse_model_is_undone,
            two_at_one_time_train_once,
            what_is_missing_is_said_before_anything_starts,
            rules_are_tested_offline,
            a_folder_of_data_and_a_project_in_a_folder,
        ]
    )
