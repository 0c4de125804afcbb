"""Cases: runs of both commits are found and judged, whoever asks, and nothing passes that could not be seen."""

from __future__ import annotations

import shutil
import time
from typing import Any

from judging import world_in
from rig import run_local_pipeline
from scene import FILE, RULE, SOURCE, TRIGGER, Lab, task

# `judging` makes these importable.
import faulty  # isort: skip
from support import World, strict  # isort: skip

#: How the gate ends that found nothing to judge.
NOT_JUDGED = 2
#: A pipeline of the first version: a workflow of Argo, as its compiler wrote it.
OLD_PIPELINE = """\
apiVersion: argoproj.io/v1alpha1
kind: Workflow
metadata:
  generateName: churn-
  annotations: {pipelines.kubeflow.org/kfp_sdk_version: 1.8.22}
spec:
  entrypoint: churn
  arguments: {parameters: [{name: git_sha}]}
  serviceAccountName: pipeline-runner
  templates:
  - name: churn
    inputs: {parameters: [{name: git_sha}]}
    dag: {tasks: [{name: train, template: train}]}
  - name: train
    container: {image: "python:3.12", command: [train]}
"""


def policy(*lines: str, rule: str = RULE) -> str:
    return "\n".join([SOURCE.rstrip(), *lines, "", rule, TRIGGER])


def what_was_trained_is_judged(world: World) -> None:
    with Lab(world) as lab:
        base, head = lab.train_both(0.93, 0.95)
        judged = lab.gate(0)
        assert (judged.runs("base"), judged.runs("head")) == ([base], [head]), judged.told
        assert judged.values("train.accuracy") == (0.93, 0.95) and "allowed" in judged.told, judged.told
        assert "from the metadata store" in judged.told and lab.commit("change")[:10] in judged.told, judged.told


def what_is_worse_is_blocked_in_every_form(world: World) -> None:
    with Lab(world) as lab:
        _, head = lab.train_both(0.93, 0.90)
        judged = lab.gate(1)
        assert "BLOCKED" in judged.told and FILE in judged.told, judged.told
        compared = strict(lab.run("compare", "main", "change", "--format", "json").stdout)
        (row,) = [row for row in compared["comparison"]["metrics"] if row["key"] == "train.accuracy"]
        assert (row["file"], row["base"], row["head"], row["status"]) == (FILE, 0.93, 0.90, "regressed"), row
        markdown = lab.run("gate", "main", "change", "--format", "markdown", code=1).stdout
        assert "train.accuracy" in markdown and head[:8] in markdown and "BLOCKED" in markdown, markdown
        stored = world.folder / "report.json"
        stored.write_text(lab.run("gate", "main", "change", "--format", "json", code=1).stdout)
        loose = world.folder / "loose.toml"
        loose.write_text(policy(rule=RULE.replace("0.01", "0.05")))
        # Judged again without a server.
        assert "allowed" in lab.run("replay", str(stored), "--policy", str(loose), variables={"KF_PIPELINES_ENDPOINT": ""}).told


def a_commit_without_a_run_is_no_pass(world: World) -> None:
    with Lab(world) as lab:
        lab.train("main", 0.93)
        judged = lab.gate(NOT_JUDGED)
        assert not judged.runs() and "no run" in judged.told and "commit_parameter" in judged.told, judged.told
        assert lab.commit("change")[:10] in judged.told, judged.told


def a_base_without_a_run_takes_the_nearest(world: World) -> None:
    with Lab(world) as lab:
        base, head = lab.train_both(0.93, 0.95)
        lab.repo.git("checkout", "-q", "main")
        lab.repo.commit("Words", {"README.md": "Words.\n"})
        lab.repo.git("checkout", "-q", "change")
        lab.repo.git("rebase", "-q", "main")
        lab.finish({lab.start("change"): [task("train", {"accuracy": 0.94})]})
        judged = lab.gate(0)
        assert judged.runs("base") == [base] and head not in judged.runs(), judged.told


def what_has_not_ended_well_does_not_count(world: World) -> None:
    with Lab(world) as lab:
        lab.train("main", 0.93)
        good = {"values": {"accuracy": 0.99}}
        failed, running, pending = (lab.start("change", *more) for more in ([], ["--again", "two"], ["--again", "three"]))
        lab.apis.move(failed, "Running")
        lab.apis.move(failed, "Failed", message="child failed")
        lab.apis.move(running, "Running")
        tasks = [{"name": "train", "outputs": {"metrics": good}}, {"name": "evaluate", "state": "FAILED"}]
        lab.ui.launch([{"run": run, "pipeline": "churn", "tasks": tasks} for run in (failed, running)])
        judged = lab.gate(NOT_JUDGED)
        assert not judged.runs() and "failed" in judged.told and "not finished" in judged.told, judged.told
        names = {run["run_id"]: run["display_name"] for run in lab.runs}
        assert all(names[run] in judged.aside() for run in (pending, running, failed)), judged.aside()
        # And beside one that counts they change nothing.
        worse = lab.train("change", 0.90, "--again", "four")
        judged = lab.gate(1)
        assert judged.runs() == [worse] and judged.values("train.accuracy") == (0.93, 0.90), judged.told


def archived_runs_do_not_count(world: World) -> None:
    with Lab(world) as lab:
        _, head = lab.train_both(0.93, 0.95)
        lab.apis.post(f"runs/{head}:archive")
        judged = lab.gate(NOT_JUDGED)
        assert not judged.runs() and "no run" in judged.told, judged.told


def repeated_runs_all_count(world: World) -> None:
    with Lab(world) as lab:
        _, head = lab.train_both(0.93, 0.95)
        again = lab.train("change", 0.97, "--again", "seed-2")
        judged = lab.gate((0, 1))
        assert set(judged.runs()) == {head, again}, judged.told
    with Lab(world_in(world, "beside"), policy('runs = "newest"')) as lab:
        lab.train_both(0.93, 0.97)
        # The server tells times in seconds.
        time.sleep(1.1)
        newest = lab.train("change", 0.90, "--again", "seed-2")
        judged = lab.gate(1)
        assert judged.runs() == [newest], judged.told


def results_from_the_cache_are_named(world: World) -> None:
    """A task that was not run again says nothing of the change."""
    with Lab(world) as lab:
        base, head = lab.start("main"), lab.start("change")
        both = {"accuracy": 0.93}
        lab.finish({base: [task("train", both), task("evaluate", {"f1": 0.8})], head: [{"name": "train", "cached": [base, "train"]}]})
        judged = lab.gate((0, 1))
        assert judged.values("train.accuracy") == (0.93, 0.93), judged.told
        assert "`train`" in judged.told and "earlier run" in judged.told, judged.told
        assert "`evaluate`" not in judged.told.split("earlier run")[0].split("results of")[-1], judged.told


def all_that_a_run_logs(world: World) -> None:
    """Tasks, outputs, loops, matrices and values of every kind."""
    with Lab(world) as lab:
        base, head = lab.start("main"), lab.start("change")
        matrix = {
            "confusionMatrix": {
                "annotationSpecs": [{"displayName": "no"}, {"displayName": "yes"}],
                "rows": [{"row": [5, 1]}, {"row": [2, 7]}],
            }
        }
        tasks = [
            task("train", {"accuracy": 0.93, "ok": True, "steps": 3, "text": "x", "curve": [1, 2]}),
            {"name": "classify", "outputs": {"cm": {"type": "system.ClassificationMetrics", "values": matrix}}},
            {"name": "two", "outputs": {"a": {"values": {"auc": 0.7}}, "b": {"values": {"auc": 0.8}}}},
            task("train again", {"accuracy": 0.5}),
        ]
        lab.finish({base: tasks, head: tasks})
        judged = lab.gate(0)
        assert {"train.accuracy", "train.ok", "train.steps", "two.a.auc", "two.b.auc", "train again.accuracy"} <= judged.keys, judged.keys
        assert judged.values("classify.cm.accuracy") == (0.8, 0.8) and "train.text" not in judged.keys, judged.keys


def loops_have_their_turns(world: World) -> None:
    with Lab(world) as lab:
        base, head = lab.start("main"), lab.start("change")
        for run in (base, head):
            lab.apis.move(run, "Succeeded")
            turns = [
                {"name": "for-loop-1", "iteration": turn, "tasks": [task("train", {"accuracy": 0.9 + turn / 100})]} for turn in range(2)
            ]
            lab.ui.fill(run, {"pipeline": "churn", "tasks": [{"name": "for-loop-1", "tasks": turns}, task("train", {"accuracy": 0.93})]})
        judged = lab.gate(0)
        assert judged.values(r"train\[0\].accuracy") == (0.9, 0.9) and judged.values(r"train\[1\].accuracy") == (0.91, 0.91), judged.keys


def a_run_without_metrics_is_no_pass(world: World) -> None:
    with Lab(world) as lab:
        lab.train("main", 0.93)
        lab.finish({lab.start("change"): [{"name": "train"}]})
        judged = lab.gate((1, NOT_JUDGED))
        assert "train.accuracy" in judged.told, judged.told


def other_ways_to_find_runs(world: World) -> None:
    with Lab(world, policy('find = ["run-name"]', 'run_name = "churn {short_commit}"')) as lab:
        lab.repo.git("checkout", "-q", "change")
        start = lab.start("main"), lab.start("change")
        # What the trigger names carries a key; a person names runs otherwise.
        assert lab.gate(NOT_JUDGED).runs() == []
        specification = lab.apis.get(f"runs/{start[0]}")["pipeline_version_reference"]
        experiment = lab.apis.get("experiments")["experiments"]
        (experiment,) = [one["experiment_id"] for one in experiment if one["display_name"] == "churn"]
        named = []
        for revision, accuracy in (("main", 0.93), ("change", 0.95)):
            body = {
                "display_name": f"churn {lab.commit(revision)[:7]}",
                "experiment_id": experiment,
                "pipeline_version_reference": specification,
            }
            run = lab.apis.post("runs", body | {"runtime_config": {"parameters": {"git_sha": "unsaid"}}})["run_id"]
            lab.finish({run: [task("train", {"accuracy": accuracy})]})
            named.append(run)
        judged = lab.gate(0)
        assert [*judged.runs("base"), *judged.runs()] == named, judged.told


def other_parameters(world: World) -> None:
    source = policy('commit_parameter = "git_sha"', 'parameters = { rows = "500" }')
    with Lab(world, source) as lab:
        lab.train_both(0.93, 0.95)
        assert lab.gate(0).values("train.accuracy") == (0.93, 0.95)
    with Lab(world_in(world, "beside"), source.replace('{ rows = "500" }\n', '{ rows = "501" }\n')) as lab:
        lab.train_both(0.93, 0.95)
        assert not lab.gate(NOT_JUDGED).runs()


def metrics_of_the_first_version(world: World) -> None:
    """What the persistence agent reports of `mlpipeline-metrics` is with the run itself; no UI is needed."""
    with Lab(world) as lab:
        for revision, accuracy in (("main", 0.93), ("change", 0.90)):
            run = lab.start(revision)
            lab.apis.move(run, "Running", nodes=[{"id": "n", "displayName": "train", "phase": "Succeeded"}])
            lab.apis.move(run, "Succeeded", metrics=[{"name": "accuracy", "node_id": "n", "number_value": accuracy}])
        for address in (lab.apis.url, f"{lab.ui.url}/pipeline"):
            judged = lab.gate(1, KF_PIPELINES_ENDPOINT=address)
            assert judged.values("train.accuracy") == (0.93, 0.90) and "version 1" in judged.told, judged.told


def pipelines_of_the_first_version(world: World) -> None:
    """They are workflows of Argo; their parameters are where version 1 of the API keeps them."""
    with Lab(world) as lab:
        pipeline = lab.apis.upload(OLD_PIPELINE.encode(), name="old").json["pipeline_id"]
        experiment = lab.apis.post("experiments", {"display_name": "churn"})["experiment_id"]
        for revision, accuracy in (("main", 0.93), ("change", 0.90)):
            of = [{"key": {"type": "EXPERIMENT", "id": experiment}, "relationship": "OWNER"}]
            specification = {"pipeline_id": pipeline, "parameters": [{"name": "git_sha", "value": lab.commit(revision)}]}
            asked = {"name": f"old {revision}", "pipeline_spec": specification, "resource_references": of}
            run = lab.apis.post("/apis/v1beta1/runs", asked)["run"]["id"]
            lab.apis.move(run, "Running", nodes=[{"id": "n", "displayName": "train", "phase": "Succeeded"}])
            lab.apis.move(run, "Succeeded", metrics=[{"name": "accuracy", "node_id": "n", "number_value": accuracy}])
        judged = lab.gate(1)
        assert judged.values("train.accuracy") == (0.93, 0.90), judged.told


def the_api_server_without_its_ui(world: World) -> None:
    """It has the runs and not their metrics: nothing passes, and what to do is said."""
    with Lab(world) as lab:
        lab.train_both(0.93, 0.95)
        judged = lab.gate(NOT_JUDGED, KF_PIPELINES_ENDPOINT=lab.apis.url)
        assert "ml-pipeline-ui" in judged.told and "through its UI only" in judged.told, judged.told


def every_form_of_the_address(world: World) -> None:
    with Lab(world) as lab:
        lab.train_both(0.93, 0.95)
        for address in (lab.ui.url, f"{lab.ui.url}/", f"{lab.ui.url}/pipeline", f"{lab.ui.url}/pipeline/"):
            assert lab.gate(0, KF_PIPELINES_ENDPOINT=address).values("train.accuracy") == (0.93, 0.95), address
        lab.gate(NOT_JUDGED, KF_PIPELINES_ENDPOINT="")
        lab.gate(NOT_JUDGED, KF_PIPELINES_ENDPOINT="http://127.0.0.1:9", PROOFMARK_NETWORK_SECONDS="1")
        told = lab.gate(NOT_JUDGED, KF_PIPELINES_ENDPOINT=f"{lab.ui.url}/elsewhere").told
        assert "html" in told.lower() or "page" in told, told


def users_and_namespaces(world: World) -> None:
    with Lab(world, users=True) as lab:
        base, head = lab.train_both(0.93, 0.95)
        judged = lab.gate(0)
        assert (judged.runs("base"), judged.runs("head")) == ([base], [head]), judged.told
        # By the header that a gateway sets.
        lab.gate(0, KF_PIPELINES_TOKEN="", KF_PIPELINES_USER="ada")
        told = lab.gate(NOT_JUDGED, KF_PIPELINES_NAMESPACE="").told
        assert "has users, and no namespace is set" in told, told
        told = lab.gate(NOT_JUDGED, KF_PIPELINES_NAMESPACE="others").told
        assert "others" in told and ("403" in told or "permission" in told or "may not" in told), told
        # Somebody else's namespace has no such experiment.
        told = lab.gate(NOT_JUDGED, KF_PIPELINES_NAMESPACE="others", KF_PIPELINES_TOKEN="t0ken-of-bob").told
        assert "no experiment `churn`" in told and "others" in told, told
        told = lab.gate(NOT_JUDGED, KF_PIPELINES_TOKEN="t0ken-of-bob").told
        assert "403" in told, told
        for wrong in ({"KF_PIPELINES_TOKEN": "wr0ng-token"}, {"KF_PIPELINES_TOKEN": ""}):
            told = lab.gate(NOT_JUDGED, **wrong).told
            assert "401" in told and "KF_PIPELINES_TOKEN" in told and "wr0ng" not in told, told


def a_token_that_runs_out_is_read_again(world: World) -> None:
    """The file was filled anew while the program ran, as the kubelet does."""
    with Lab(world, users=True) as lab, faulty.Proxy(lab.ui.url) as proxy:
        lab.train_both(0.93, 0.95)
        file = world.folder / "token"
        file.write_text("t0ken-of-ada\n")

        def expire(request: faulty.Request, real: Any) -> Any:
            file.write_text("t0ken-of-ada-again\n")
            request.headers["authorization"] = "Bearer t0ken-that-ran-out"
            return real()

        told = {"KF_PIPELINES_TOKEN": "", "KF_PIPELINES_SA_TOKEN_PATH": str(file), "KF_PIPELINES_ENDPOINT": proxy.url}
        proxy.fault(expire, 1, "/runs")
        done = lab.run("gate", "main", "change", variables=told)
        assert "allowed" in done.stdout and 401 in [request.answered for request in proxy.requests], done.told
        assert proxy.requests[-1].headers["authorization"] == "Bearer t0ken-of-ada-again", proxy.requests[-1]
        file.write_text("t0ken-of-nobody\n")
        done = lab.run("gate", "main", "change", variables=told, code=NOT_JUDGED)
        assert "401" in done.told and "t0ken" not in done.told, done.told


def an_experiment_that_is_not_there_is_no_pass(world: World) -> None:
    with Lab(world) as lab:
        assert "no experiment `churn`" in lab.gate(NOT_JUDGED).told
        lab.train_both(0.93, 0.95)
        # Names are the database's business, and case counts for us.
        other = world.folder / "other.toml"
        other.write_text(policy().replace('experiment = "churn"', 'experiment = "Churn"', 1))
        done = lab.run("gate", "main", "change", "--config", str(other), code=(0, NOT_JUDGED))
        assert "Churn" in done.told and done.returncode == NOT_JUDGED, done.told


def bad_days(world: World) -> None:
    with Lab(world) as lab, faulty.Proxy(lab.ui.url) as proxy:
        lab.train_both(0.93, 0.95)
        address = {"KF_PIPELINES_ENDPOINT": f"{proxy.url}/pipeline"}
        proxy.fault(faulty.status(503), 1, "/runs").fault(faulty.reset, 1, "/ml_metadata")
        assert lab.gate(0, **address).values("train.accuracy") == (0.93, 0.95)
        for calls in ("/apis/v2beta1/runs", "/apis/v2beta1/experiments", "/ml_metadata"):
            for fault in (faulty.status(500), faulty.page(), faulty.redirect("/dex/auth"), faulty.truncated, faulty.broken_off):
                proxy.clear()
                proxy.fault(fault, calls=calls)
                judged = lab.gate((NOT_JUDGED, 3), PROOFMARK_NETWORK_SECONDS="1", **address)
                assert FILE in judged.told, (calls, judged.told)
        proxy.clear()
        lab.ui.fail(14, "the store is away", 2)
        assert lab.gate(0, **address).values("train.accuracy") == (0.93, 0.95)
        lab.ui.fail(13, "the database is broken", 1000)
        judged = lab.gate((NOT_JUDGED, 3), PROOFMARK_NETWORK_SECONDS="1", **address)
        assert "the database is broken" in judged.told, judged.told


def few_requests_and_no_writes(world: World) -> None:
    with Lab(world) as lab, faulty.Proxy(lab.ui.url) as proxy:
        lab.train_both(0.93, 0.95)
        lab.run("gate", "main", "change", variables={"KF_PIPELINES_ENDPOINT": proxy.url})
        writes = [call for call in proxy.writes if "/ml_metadata.MetadataStoreService/Get" not in call]
        assert not writes and len(proxy.calls) <= 20, proxy.calls


def a_local_run_stands_for_work_that_nobody_trained(world: World) -> None:
    """`kfp.local` itself ran it, twice; the newest counts, and only where somebody sits before the machine."""
    with Lab(world, policy('local = "local_outputs"')) as lab:
        lab.train("main", 0.99)
        for rows in (100, 400):
            made = run_local_pipeline(world.folder / "made", rows=rows, git_sha=lab.commit("change"))
            shutil.copytree(made, lab.repo.path / "local_outputs" / made.name)
        here = {"CI": ""}
        done = lab.run("gate", "main", variables=here, code=1)
        assert "local run" in done.told and made.name in done.told, done.told
        assert "evaluate.f1" in lab.run("compare", "main", variables=here).stdout
        # Files of a checkout are the change's own.
        done = lab.run("gate", "main", variables={"CI": "true"}, code=NOT_JUDGED)
        assert "no run" in done.told and made.name not in done.told, done.told
        # Nor do they stand for a commit.
        lab.run("gate", "main", "change", variables=here, code=NOT_JUDGED)
        run = lab.train("change", 0.99)
        done = lab.run("gate", "main", variables=here)
        assert run[:8] in done.told and made.name not in done.told, done.told


def the_change_s_own_configuration_leads_no_token_elsewhere(world: World) -> None:
    with Lab(world, users=True) as lab, faulty.Proxy(lab.ui.url) as thief:
        lab.train_both(0.93, 0.95)
        lab.repo.commit("Mine", {"proofmark.toml": policy(f'host = "{thief.url}"')})
        lab.run("gate", "main", "change", code=NOT_JUDGED)
        lab.run("compare", "main", "change", code=(0, NOT_JUDGED))
        assert not any("t0ken" in str(request.headers) for request in thief.requests), thief.requests


CASES = [
    what_was_trained_is_judged,
    what_is_worse_is_blocked_in_every_form,
    a_commit_without_a_run_is_no_pass,
    a_base_without_a_run_takes_the_nearest,
    what_has_not_ended_well_does_not_count,
    archived_runs_do_not_count,
    repeated_runs_all_count,
    results_from_the_cache_are_named,
    all_that_a_run_logs,
    loops_have_their_turns,
    a_run_without_metrics_is_no_pass,
    other_ways_to_find_runs,
    other_parameters,
    metrics_of_the_first_version,
    pipelines_of_the_first_version,
    the_api_server_without_its_ui,
    every_form_of_the_address,
    users_and_namespaces,
    a_token_that_runs_out_is_read_again,
    an_experiment_that_is_not_there_is_no_pass,
    bad_days,
    few_requests_and_no_writes,
    a_local_run_stands_for_work_that_nobody_trained,
    the_change_s_own_configuration_leads_no_token_elsewhere,
]
