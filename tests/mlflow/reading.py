"""Cases: every store finds the same runs and gives the same answers, and none of them passes what it could not see."""

from __future__ import annotations

import math
import shutil
import sqlite3

from rig import NOT_JUDGED, Judged, Rig, Store, gate, run, source, user
from server import ADMIN, free_port
from world import EXPERIMENT

FILE = f"mlflow:{EXPERIMENT}"


def near(value: float, expected: float) -> bool:
    return math.isclose(value, expected, abs_tol=1e-9)


def three(revision: str) -> set[str]:
    return {f"{revision}/{seed}" for seed in range(3)}


def every_store_gives_the_same_verdicts(rig: Rig) -> None:
    """And the numbers of all stores are the same, bit by bit."""
    numbers = set()
    for store in rig.stores.values():
        better = gate(store, rig.project, "main", "better", 0)
        assert better.runs("base") == three("main") and better.runs() == three("better"), better.told
        assert better.row("auc")["status"] == "improved" and near(better.row("auc")["head"], 0.93), better.told
        assert better.findings["auc"]["verdict"] == "pass", better.told
        worse = gate(store, rig.project, "main", "worse", 1)
        assert worse.runs() == three("worse") and near(worse.row("auc")["head"], 0.85), worse.told
        assert worse.findings["auc"]["verdict"] == "fail", worse.told
        evidence = worse.findings["auc"]["evidence"]
        assert evidence["level"] == "runs" and (evidence["n_base"], evidence["n_head"]) == (3, 3), evidence
        numbers.add((evidence["lower"], evidence["upper"], worse.row("auc")["head"], worse.row("val/loss")["base"]))
    assert len(numbers) == 1, numbers


def what_does_not_count_is_set_aside_by_name(rig: Rig) -> None:
    for store in rig.kinds:
        worse = gate(store, rig.project, "main", "worse", 1)
        aside = {name for part in worse.side("head")["set_aside"] for name in part["runs"]}
        assert {"worse/failed", "worse/killed", "worse/running", "worse/nested"} <= aside, worse.told
        assert "worse/deleted" not in worse.runs(), worse.told


def no_run_at_the_head_is_no_pass(rig: Rig) -> None:
    for store in rig.kinds:
        for head in ("untrained", "unfinished"):
            judged = gate(store, rig.project, "main", head, NOT_JUDGED)
            assert not judged.runs() and rig.ids[head][:10] in judged.told and "no run" in judged.told, judged.told
            assert judged.row("auc")["status"] not in ("improved", "unchanged"), judged.told


def no_run_at_the_base_is_no_baseline(rig: Rig) -> None:
    """Not a pass: a notice, which `--fail-on notice` stops."""
    for store in rig.kinds:
        judged = gate(store, rig.project, "start", "better", 0)
        assert not judged.runs("base") and judged.findings["auc"]["verdict"] == "no-baseline", judged.told
        assert judged.findings["auc"]["effect"] == "notice", judged.told


def a_base_without_runs_of_its_own_has_those_of_the_nearest_commit(rig: Rig) -> None:
    repo = rig.variant(source())
    repo.git("checkout", "-q", "-b", "later", "main")
    repo.commit("Not trained", {"README.md": "Words.\n"})
    judged = gate(rig.newest, repo, "main", "better", 0)
    assert judged.runs("base") == three("main"), judged.told
    # `main` itself was not trained after its last change of rules; its parent was.
    repo.git("checkout", "-q", "-b", "after", "later")
    judged = gate(rig.newest, repo, "later", "after", NOT_JUDGED)
    assert judged.runs("base") == three("main") and not judged.runs(), judged.told
    assert "before" in judged.side("base")["how"], judged.side("base")


def a_server_that_is_not_there_is_no_pass(rig: Rig) -> None:
    nowhere = Store("nowhere", f"http://127.0.0.1:{free_port()}", {})
    judged = gate(nowhere, rig.project, "main", "better", (2, 3))
    assert "MLFLOW_TRACKING_URI" in judged.told or "reach" in judged.told, judged.told
    for uri in (f"sqlite:///{rig.world.folder}/none.db", str(rig.world.folder / "no-folder"), "postgresql://db/mlflow"):
        gate(Store(uri, uri, {}), rig.project, "main", "better", (2, 3))
    assert not (rig.world.folder / "none.db").exists(), "reading makes no database"


def an_experiment_that_is_not_there_is_no_pass(rig: Rig) -> None:
    repo = rig.variant(source().replace(f'experiment = "{EXPERIMENT}"', f'experiment = "Churn"\nname = "{EXPERIMENT}"'))
    for store in rig.kinds:
        judged = gate(store, repo, "main", "better", (2, 3))
        assert "Churn" in judged.told, judged.told


def users_and_passwords(rig: Rig) -> None:
    store = rig.stores["3.17 with users"]
    gate(store, rig.project, "main", "better", 0)
    gate(store, rig.project, "main", "better", 0, variables=user(*ADMIN))
    for wrong in (user(ADMIN[0], "wrong-password-1234"), user("", ""), user("", "") | {"MLFLOW_TRACKING_TOKEN": "t0ken-of-no-use"}):
        judged = gate(store, rig.project, "main", "better", (2, 3), variables=wrong)
        assert "401" in judged.told and "MLFLOW_TRACKING_USERNAME" in judged.told, judged.told
        assert "wrong-password" not in judged.told and "t0ken" not in judged.told, judged.told


def credentials_in_a_file(rig: Rig) -> None:
    store = rig.stores["3.17 with users"]
    (folder := rig.world.folder / "home/.mlflow").mkdir()
    file = folder / "credentials"
    file.write_text(f"[mlflow]\nmlflow_tracking_username = {ADMIN[0]}\nmlflow_tracking_password = {ADMIN[1]}\n")
    try:
        gate(store, rig.project, "main", "better", 0, variables=user("", ""))
    finally:
        file.unlink()


def nested_runs(rig: Rig) -> None:
    """Trials of a search are better than what came out of it; told so, they are repeated runs."""
    seeds = rig.variant(source('children = "runs"'))
    for store in rig.kinds:
        # One run cannot show that nothing got worse, and a loss beyond the spread of the base's runs it can.
        parent = gate(store, rig.project, "main", "sweep", 1)
        assert parent.runs() == {"sweep"} and near(parent.row("auc")["head"], 0.85), parent.told
        assert parent.findings["auc"]["verdict"] == "fail", parent.told
        children = gate(store, seeds, "main", "sweep", 0)
        assert children.runs() == three("sweep") and near(children.row("auc")["head"], 0.951), children.told
        assert children.findings["auc"]["verdict"] == "pass", children.told


def several_runs_of_one_commit(rig: Rig) -> None:
    newest = rig.variant(source('runs = "newest"'))
    for store in rig.kinds:
        both = gate(store, rig.project, "main", "retrained", 0)
        assert both.runs() == {"retrained/old", "retrained/new"} and near(both.row("auc")["head"], 0.865), both.told
        assert both.findings["auc"]["verdict"] == "inconclusive", both.told
        one = gate(store, newest, "main", "retrained", 0)
        assert one.runs() == {"retrained/new"} and near(one.row("auc")["head"], 0.93), one.told


def a_run_that_diverged_fails(rig: Rig) -> None:
    for store in rig.kinds:
        judged = gate(store, rig.project, "main", "diverged", 1)
        assert store.runs["diverged/3"] in judged.told and "NaN" in judged.told, judged.told


def tags_that_a_run_must_have(rig: Rig) -> None:
    staged = rig.variant(source('tags = { stage = "eval" }'))
    for store in rig.kinds:
        loose, strict = gate(store, rig.project, "main", "staged", 0), gate(store, staged, "main", "staged", 0)
        assert loose.runs() == three("staged") | {"staged/train"}, loose.told
        assert strict.runs() == three("staged") and strict.findings["auc"]["verdict"] == "pass", strict.told


def other_ways_to_find_a_run(rig: Rig) -> None:
    by_branch = rig.variant(source('find = ["commit", "branch"]'))
    by_name = rig.variant(source('find = ["commit", "run-name"]', 'run_name = "{branch}"'))
    for store in rig.kinds:
        for head, repo in (("by-branch", by_branch), ("by-name", by_name)):
            assert not gate(store, rig.project, "main", head, NOT_JUDGED).runs()
            found = gate(store, repo, "main", head, 0)
            assert found.runs() == {head} and near(found.row("auc")["head"], 0.93), found.told
            assert head in found.side("head")["how"], found.told
            # A run of the commit counts for more than one of the name.
            assert gate(store, repo, "main", "worse", 1).runs() == three("worse")


def names_of_branches_are_data(rig: Rig) -> None:
    repo = rig.variant(source('find = ["branch"]'))
    for store in rig.kinds:
        judged = gate(store, repo, "main", "odd/naïve';--", 0)
        assert judged.runs() <= three("odd/naïve';--") and judged.runs(), judged.told


def other_test_data_is_said(rig: Rig) -> None:
    for store in rig.kinds:
        judged = gate(store, rig.project, "main", "new-data", 0)
        assert "e1e1e1e1" in judged.problems and "e2e2e2e2" in judged.problems and "test.parquet" in judged.problems, judged.told


def histories(rig: Rig) -> None:
    rule = '[[rule]]\nmetric = "val/loss.min"\nmax_regression_abs = 0.1\ndirection = "lower"\n'
    repo = rig.variant(source('history = { "val/loss" = ["min", "max", "mean", "first", "last"] }', rule=rule))
    for store in rig.kinds:
        judged = gate(store, repo, "main", "better", (0, 1))
        values = {name: judged.row(f"val/loss.{name}")["head"] for name in ("min", "max", "mean", "first", "last")}
        assert values["min"] == 0.4 and values["max"] == values["first"] == 0.9 and values["last"] == 0.5, values
        assert near(values["mean"], 0.57), values


def logged_models(rig: Rig) -> None:
    """MLflow 3 only; an old server has none, and says nothing else about them."""
    repo = rig.variant(source("models = true").replace('metrics = ["auc", "val/*"]', 'metrics = ["auc", "f1"]'))
    for store in rig.kinds:
        judged = gate(store, repo, "main", "better", 0)
        rows = {row["key"]: row for row in judged.report["comparison"]["metrics"] if row["file"] == FILE}
        old = "2.22" in store.title
        assert ("models.net.f1" in rows) is not old, (store.title, sorted(rows))
        assert old or near(rows["models.net.f1"]["head"], 0.83), rows


def one_corrupt_file_costs_one_run(rig: Rig) -> None:
    """And that run is named; MLflow itself then reads nothing of the experiment."""
    whole = rig.stores["folder"]
    folder = rig.world.folder / "corrupt"
    shutil.copytree(whole.uri, folder)
    store = Store("corrupt folder", str(folder), whole.runs)
    (path,) = folder.glob(f"*/{whole.runs['better/1']}")
    intact = {file: (path / file).read_bytes() for file in ("metrics/auc", "meta.yaml")}
    for file, content in (("metrics/auc", b""), ("metrics/auc", b"1 x\n"), ("meta.yaml", b"{ broken"), ("meta.yaml", b"\xff")):
        (path / file).write_bytes(content)
        judged = gate(store, rig.project, "main", "better", (0, 1, 2))
        assert whole.runs["better/1"] in judged.told, judged.told
        assert judged.runs() == {"better/0", "better/2"}, judged.told
        # Other commits have lost nothing.
        assert gate(store, rig.project, "main", "worse", 1).runs() == three("worse")
        (path / file).write_bytes(intact[file])
    assert gate(store, rig.project, "main", "better", 0).runs() == three("better")


def a_database_is_read_while_it_is_written(rig: Rig) -> None:
    """A lock is waited for, and one that stays is no pass."""
    store = rig.stores["sqlite"]
    path = store.uri.removeprefix("sqlite:///")
    writer = sqlite3.connect(path, isolation_level=None)
    try:
        writer.execute("BEGIN IMMEDIATE")
        gate(store, rig.project, "main", "better", 0)
        writer.execute("COMMIT")
        writer.execute("BEGIN EXCLUSIVE")
        judged = gate(store, rig.project, "main", "better", (2, 3), variables={"PROOFMARK_NETWORK_SECONDS": "1"})
        assert "another program holds it" in judged.told, judged.told
        writer.execute("ROLLBACK")
    finally:
        writer.close()


def nothing_is_written_to_a_store(rig: Rig) -> None:
    for title, folder in (("sqlite", "local"), ("folder", "folder")):
        store = rig.stores[title]
        where = rig.world.folder / "stores" / folder
        before = {path: path.stat().st_mtime_ns for path in where.rglob("*")}
        gate(store, rig.project, "main", "better", 0)
        assert {path: path.stat().st_mtime_ns for path in where.rglob("*")} == before, title


def other_commands_see_the_runs(rig: Rig) -> None:
    for store in rig.kinds:
        told = run(store, rig.project, "compare", "main", "worse").told
        assert "auc" in told and "0.85" in told, told


def a_table(rig: Rig, file: str, store: Store, head: str, code: int) -> Judged:
    columns = 'id = "id"\nlabel = "label"\nprediction = "prediction"\n'
    table = f'[[table]]\nname = "predictions"\nmlflow = "{EXPERIMENT}"\nfile = "{file}"\n{columns}'
    rule = '[[rule]]\nmetric = "accuracy"\ntable = "predictions"\nmax_regression_abs = 0.02\n'
    return gate(store, rig.variant(source(table, rule=rule)), "main", head, code)


def tables_are_judged_row_by_row(rig: Rig) -> None:
    for store in rig.kinds:
        for file in ("predictions.csv", "tables/predictions.json", "tables/predictions é.parquet"):
            judged = a_table(rig, file, store, "better", 0)
            evidence = judged.findings["accuracy"]["evidence"]
            assert evidence["level"] == "rows" and evidence["n_head"] == 400 and near(evidence["improvement"], 0.03), judged.told
            assert a_table(rig, file, store, "worse", 1).findings["accuracy"]["verdict"] == "fail"


CASES = [
    every_store_gives_the_same_verdicts,
    what_does_not_count_is_set_aside_by_name,
    no_run_at_the_head_is_no_pass,
    no_run_at_the_base_is_no_baseline,
    a_base_without_runs_of_its_own_has_those_of_the_nearest_commit,
    a_server_that_is_not_there_is_no_pass,
    an_experiment_that_is_not_there_is_no_pass,
    users_and_passwords,
    credentials_in_a_file,
    nested_runs,
    several_runs_of_one_commit,
    a_run_that_diverged_fails,
    tags_that_a_run_must_have,
    other_ways_to_find_a_run,
    names_of_branches_are_data,
    other_test_data_is_said,
    histories,
    logged_models,
    one_corrupt_file_costs_one_run,
    a_database_is_read_while_it_is_written,
    nothing_is_written_to_a_store,
    other_commands_see_the_runs,
    tables_are_judged_row_by_row,
]
