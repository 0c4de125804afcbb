"""Cases: `proofmark trigger` starts runs of Pipelines, each once, waits for them, stops them and says why they failed."""

from __future__ import annotations

import shutil
import subprocess
import threading
import time
from collections.abc import Callable
from typing import Any

from judging import world_in
from scene import EXPERIMENT, GRANTS, RULE, SOURCE, START, TRIGGER, Lab, pipeline, task

# `judging` makes these importable.
import faulty  # isort: skip
from support import TIMEOUT, World, strict  # isort: skip

#: Train, and judge what came of it.
CHAIN = f"""\
[[trigger]]
name = "deliver"
on = "push"

[[trigger.step]]
name = "train"
timeout = "30s"
[trigger.step.start.kubeflow]
{START}
[[trigger.step]]
name = "judge"
start = {{ gate = {{ base = "main", head = "{{{{ event.head.commit }}}}" }} }}
"""


def policy(trigger: str = TRIGGER) -> str:
    return SOURCE + RULE + trigger


def with_start(*lines: str, without: tuple[str, ...] = ()) -> str:
    """The trigger with other lines in what it starts."""
    kept = [line for line in TRIGGER.splitlines() if not line.startswith(tuple(f"{name} =" for name in without))]
    return policy("\n".join([*kept, *lines, ""]))


class Following:
    """The binary while it runs."""

    def __init__(self, lab: Lab, *arguments: str, **variables: str) -> None:
        given = lab.command(*arguments, variables=variables)
        self.program = subprocess.Popen(**given, stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def ended(self, code: int) -> str:
        output, told = self.program.communicate(timeout=TIMEOUT)
        assert self.program.returncode == code, f"ended with {self.program.returncode}, not {code}\n{output}{told}"
        return output + told


def outcomes(document: dict[str, Any]) -> dict[str, str]:
    return {decision["rule"]: decision["outcome"] for decision in document["decisions"]}


def a_push_starts_one_run(world: World) -> None:
    with Lab(world) as lab:
        looked = lab.trigger("change", "--dry-run").stdout
        assert "Kubeflow" in looked and lab.commit("change") in looked and not lab.runs, looked
        run = lab.start("change")
        (found,) = lab.runs
        parameters = {"git_sha": lab.commit("change"), "rows": 500}
        assert found["run_id"] == run and found["runtime_config"]["parameters"] == parameters, found
        again = lab.trigger("change").stdout
        assert "was started before" in again and run in again and len(lab.runs) == 1, again
        # A fresh clone has no journal: the server's own list is the memory.
        shutil.rmtree(lab.repo.path / ".git/proofmark")
        again = lab.trigger("change").stdout
        assert "was started before" in again and run in again and len(lab.runs) == 1, again
        # And another word makes it another one.
        other = lab.start("change", "--again", "more")
        assert other != run and len(lab.runs) == 2


def the_version_is_called_like_the_commit(world: World) -> None:
    with Lab(world) as lab:
        run = lab.start("change")
        pipeline_id = lab.apis.get("pipelines")["pipelines"][0]["pipeline_id"]
        versions = {
            one["display_name"]: one["pipeline_version_id"]
            for one in lab.apis.get(f"pipelines/{pipeline_id}/versions")["pipeline_versions"]
        }
        assert lab.commit("change") in versions, versions
        reference = lab.apis.get(f"runs/{run}")["pipeline_version_reference"]
        assert reference["pipeline_version_id"] == versions[lab.commit("change")], reference
        # A second run of the commit is of the same version.
        again = lab.start("change", "--again", "more")
        assert lab.apis.get(f"runs/{again}")["pipeline_version_reference"] == reference
        assert len(lab.apis.get(f"pipelines/{pipeline_id}/versions")["pipeline_versions"]) == len(versions)
        # A version is what it was: another content under its name is refused.
        (lab.repo.path / "pipeline.yaml").write_text(pipeline().replace("python:3.12", "python:3.13"))
        ran = lab.trigger("change", "--again", "changed", code=2)
        assert lab.commit("change") in ran.told and len(lab.runs) == 2, ran.told


def other_sources_of_a_run(world: World) -> None:
    """The file alone goes with the run; without a file it is what the server has."""
    with Lab(world, with_start(without=("pipeline", "version"))) as lab:
        run = lab.apis.get(f"runs/{lab.start('change')}")
        assert run["pipeline_spec"]["pipelineInfo"]["name"] == "churn-training" and "pipelines" not in lab.apis.get("pipelines"), run
    beside = world_in(world, "named")
    with Lab(beside, with_start(without=("file", "version"))) as lab:
        ran = lab.trigger("change", code=2)
        assert "no pipeline `churn`" in ran.told, ran.told
        uploaded = lab.apis.upload(pipeline().encode(), name="churn").json["pipeline_id"]
        # The server tells times in seconds.
        time.sleep(1.1)
        newer = lab.apis.upload(pipeline().encode(), "pipelines/upload_version", name="two", pipelineid=uploaded).json[
            "pipeline_version_id"
        ]
        run = lab.apis.get(f"runs/{lab.start('change')}")
        assert run["pipeline_version_reference"] == {"pipeline_id": uploaded, "pipeline_version_id": newer}, run


def without_the_cache(world: World) -> None:
    """What is to be trained really is: all tasks of what runs say so."""
    with Lab(world, with_start("cache = false")) as lab:
        run = lab.apis.get(f"runs/{lab.start('change')}")
        tasks = run["pipeline_spec"]["root"]["dag"]["tasks"]
        assert not any(one.get("cachingOptions", {}).get("enableCache") for one in tasks.values()), tasks


def wrong_parameters_are_refused_before_anything_is_sent(world: World) -> None:
    for given, word in [
        ('{ git_sha = "x", rows = "many" }', "rows"),
        ('{ git_sha = "x", rows = 1.5 }', "rows"),
        ('{ git_sha = "x", depth = true }', "depth"),
        ('{ git_sha = "x", features = "age" }', "features"),
        ('{ git_sha = "x", learning_rate = "fast" }', "learning_rate"),
        ('{ git_sha = "x", speed = 3 }', "speed"),
        ("{ rows = 5 }", "git_sha"),
    ]:
        with Lab(world_in(world, word + str(len(given))), with_start(f"parameters = {given}", without=("parameters",))) as lab:
            with faulty.Proxy(lab.ui.url) as proxy:
                ran = lab.trigger("change", code=2, variables={"KF_PIPELINES_ENDPOINT": proxy.url})
                writes = [call for call in proxy.writes if "/ml_metadata" not in call]
                assert word in ran.told and not writes and not lab.runs, (given, ran.told, proxy.calls)


def texts_become_what_the_pipeline_takes(world: World) -> None:
    given = '{ git_sha = "12345", rows = "700", learning_rate = "0.5", balanced = "true", features = \'["a", "b"]\' }'
    with Lab(world, with_start(f"parameters = {given}", without=("parameters",))) as lab:
        parameters = lab.apis.get(f"runs/{lab.start('change')}")["runtime_config"]["parameters"]
        expected = {"git_sha": "12345", "rows": 700, "learning_rate": 0.5, "balanced": True, "features": ["a", "b"]}
        assert parameters == expected, parameters


def waiting_follows_to_the_end(world: World) -> None:
    with Lab(world) as lab:
        following = Following(lab, *lab.push("change"), "--wait")
        run = lab.wait_for("PENDING")
        lab.apis.move(run, "Running", nodes=[{"displayName": "train", "phase": "Running"}])
        time.sleep(0.3)
        lab.apis.move(run, "Succeeded", nodes=[{"displayName": "train", "phase": "Succeeded"}])
        told = following.ended(0)
        assert "succeeded" in told and "train" in told, told
        # Whoever waits for what is over has its result at once.
        again = lab.trigger("change", "--wait").told
        assert "passed" in again and len(lab.runs) == 1, again


def waiting_for_what_somebody_else_started(world: World) -> None:
    with Lab(world) as lab:
        run = lab.start("change")
        following = Following(lab, *lab.push("change"), "--wait")
        time.sleep(0.5)
        lab.apis.move(run, "Running")
        lab.apis.move(run, "Failed", message="child failed", nodes=[{"displayName": "train", "phase": "Failed", "message": "OOMKilled"}])
        told = following.ended(1)
        assert "OOMKilled" in told and len(lab.runs) == 1, told


def why_it_failed_is_said(world: World) -> None:
    with Lab(world) as lab:
        following = Following(lab, *lab.push("change"), "--wait")
        run = lab.wait_for("PENDING")
        nodes = [
            {"id": "n-prepare", "displayName": "prepare", "phase": "Succeeded"},
            {"id": "n-train", "displayName": "train", "phase": "Failed", "message": "Error (exit code 1)"},
        ]
        lab.apis.write_log("n-train", b"epoch 1\nValueError: could not convert string to float: 'none'\n\x1b[31mred\x1b[0m\n")
        lab.apis.move(run, "Running", nodes=nodes)
        lab.apis.move(run, "Failed", message="child 'n-train' failed")
        told = following.ended(1)
        assert "train failed: Error (exit code 1)" in told and "could not convert string to float" in told, told
        assert "\x1b[31m" not in told and "prepare failed" not in told, told
        # What failed is not started again by itself.
        again = lab.trigger("change", "--wait", code=1).told
        assert "failed" in again and len(lab.runs) == 1, again


def what_takes_too_long_is_stopped(world: World) -> None:
    with Lab(world, policy(CHAIN.replace('"30s"', '"2s"'))) as lab:
        following = Following(lab, *lab.push("change"), "--wait")
        run = lab.wait_for("PENDING")
        lab.apis.move(run, "Running")
        lab.wait_for("CANCELING", run)
        # As Argo's controller does.
        lab.apis.move(run, "Failed", message="Stopped with strategy 'Terminate'")
        told = following.ended(1)
        assert "was not done after 2 s and was stopped" in told, told
        assert lab.apis.get(f"runs/{run}")["state"] == "FAILED" and len(lab.runs) == 1


def a_chain_trains_and_judges(world: World) -> None:
    """From the push to the verdict, in one go."""
    with Lab(world, policy(CHAIN)) as lab:
        for revision, accuracy, code, word in [("main", 0.93, 0, "passed"), ("change", 0.90, 1, "blocked")]:
            following = Following(lab, *lab.push(revision))
            lab.finish({lab.wait_for("PENDING"): [task("train", {"accuracy": accuracy})]})
            told = following.ended(code)
            assert word in told and "judge" in told, told
        assert "train.accuracy" in told and "0.93" in told, told


def a_newer_commit_replaces_an_older_one(world: World) -> None:
    pace = '\n[trigger.pace]\ngroup = "training"\nbusy = "replace"\n'
    with Lab(world, policy(TRIGGER + pace)) as lab:
        older = lab.start("main")
        newer = lab.start("change")
        states = {run["run_id"]: run["state"] for run in lab.runs}
        assert states == {older: "CANCELING", newer: "PENDING"}, states


def two_at_one_time_start_one_run(world: World) -> None:
    """From two clones, which know nothing of each other."""
    with Lab(world) as lab:
        clones = [world.folder / name for name in ("one", "two", "three")]
        for clone in clones:
            shutil.copytree(lab.repo.path, clone)
        programs = []
        for clone in clones:
            given = lab.command(*lab.push("change"), "--format", "json") | {"cwd": clone}
            programs.append(subprocess.Popen(**given, stdout=subprocess.PIPE, stderr=subprocess.PIPE))
        ended = [program.communicate(timeout=TIMEOUT) for program in programs]
        assert [program.returncode for program in programs] == [0, 0, 0], ended
        alive = [run["run_id"] for run in lab.runs if run["state"] == "PENDING"]
        assert len(alive) == 1, lab.runs
        ids = {step["id"] for output, _ in ended for started in strict(output)["started"] for step in started["steps"]}
        assert ids == set(alive), ended


def lost_answers_start_nothing_twice(world: World) -> None:
    for number, plan in enumerate([(faulty.lost, 1), (faulty.status(502), 1), (faulty.truncated, 1), (faulty.after(lambda: None), 1)]):
        with Lab(world_in(world, str(number))) as lab, faulty.Proxy(lab.ui.url) as proxy:
            proxy.fault(*plan, "POST /apis/v2beta1/runs")
            ran = lab.trigger("change", code=(0, 3), variables={"KF_PIPELINES_ENDPOINT": proxy.url})
            # Where nobody can tell, that is said; it is never started twice.
            assert len(lab.runs) == 1 if ran.returncode == 0 else len(lab.runs) <= 1, (number, ran.told, proxy.calls)
            again = lab.trigger("change", variables={"KF_PIPELINES_ENDPOINT": proxy.url})
            assert len(lab.runs) == 1, (number, ran.told, again.told)
    for calls in ("/pipelines/upload", "/pipelines/upload_version", "POST /apis/v2beta1/experiments"):
        with Lab(world_in(world, calls.replace("/", "").replace(" ", ""))) as lab, faulty.Proxy(lab.ui.url) as proxy:
            proxy.fault(faulty.lost, 1, calls)
            lab.trigger("change", variables={"KF_PIPELINES_ENDPOINT": proxy.url})
            assert len(lab.runs) == 1 and len(lab.apis.get("pipelines")["pipelines"]) == 1, proxy.calls


def an_outage_is_waited_out(world: World) -> None:
    with Lab(world) as lab, faulty.Proxy(lab.ui.url) as proxy:
        following = Following(lab, *lab.push("change"), "--wait", KF_PIPELINES_ENDPOINT=proxy.url, PROOFMARK_NETWORK_SECONDS="1")
        run = lab.wait_for("PENDING")
        time.sleep(0.5)
        proxy.fault(faulty.status(503), 30)
        lab.apis.move(run, "Running")
        time.sleep(2)
        lab.apis.move(run, "Succeeded")
        proxy.clear()
        assert "succeeded" in following.ended(0)


def tokens_run_out_while_it_waits(world: World) -> None:
    with Lab(world, users=True) as lab, faulty.Proxy(lab.ui.url) as proxy:
        file = world.folder / "token"
        file.write_text("t0ken-of-ada\n")
        told = {"KF_PIPELINES_TOKEN": "", "KF_PIPELINES_SA_TOKEN_PATH": str(file), "KF_PIPELINES_ENDPOINT": proxy.url}
        following = Following(lab, *lab.push("change"), "--wait", **told)
        run = lab.wait_for("PENDING")
        time.sleep(0.5)

        def expired(request: faulty.Request, real: Callable[[], faulty.Reply]) -> faulty.Reply:
            if request.headers.get("authorization") == "Bearer t0ken-of-ada":
                request.headers["authorization"] = "Bearer t0ken-that-ran-out"
            return real()

        # From here on the first token is none any more.
        file.write_text("t0ken-of-ada-again\n")
        proxy.fault(expired)
        lab.apis.move(run, "Running")
        time.sleep(0.5)
        lab.apis.move(run, "Succeeded")
        assert "succeeded" in following.ended(0)
        assert {"Bearer t0ken-of-ada", "Bearer t0ken-of-ada-again"} <= {
            str(request.headers.get("authorization")) for request in proxy.requests
        }


def users_start_in_their_namespace(world: World) -> None:
    with Lab(world, users=True) as lab:
        run = lab.start("change")
        (found,) = lab.runs
        experiment = lab.apis.ask("GET", f"experiments/{found['experiment_id']}", headers=lab.headers).json
        assert (experiment["display_name"], experiment["namespace"]) == (EXPERIMENT, "team") and found["run_id"] == run, experiment
        for variables, word in [
            ({"KF_PIPELINES_NAMESPACE": ""}, "namespace"),
            ({"KF_PIPELINES_NAMESPACE": "others"}, "403"),
            ({"KF_PIPELINES_TOKEN": "wr0ng-token"}, "401"),
            ({"KF_PIPELINES_TOKEN": "t0ken-of-bob"}, "403"),
        ]:
            ran = lab.trigger("main", code=(2, 3), variables=variables)
            assert word in ran.told and "wr0ng" not in ran.told and len(lab.runs) == 1, (variables, ran.told)
        assert "bob" in GRANTS


def experiments_are_made_and_the_archived_are_left(world: World) -> None:
    with Lab(world) as lab:
        assert EXPERIMENT not in str(lab.apis.get("experiments"))
        lab.start("change")
        (made,) = [one for one in lab.apis.get("experiments")["experiments"] if one["display_name"] == EXPERIMENT]
        lab.apis.post(f"experiments/{made['experiment_id']}:archive")
        ran = lab.trigger("main", code=2)
        assert "archived" in ran.told and len(lab.runs) == 1, ran.told


def what_is_missing_is_said_first(world: World) -> None:
    with Lab(world) as lab:
        ran = lab.trigger("change", code=2, variables={"KF_PIPELINES_ENDPOINT": ""})
        assert "KF_PIPELINES_ENDPOINT" in ran.told, ran.told
        (lab.repo.path / "pipeline.yaml").unlink()
        ran = lab.trigger("change", code=2)
        assert "pipeline.yaml" in ran.told and not lab.runs, ran.told
        (world.folder / "outside.yaml").write_text(pipeline())
        (lab.repo.path / "pipeline.yaml").symlink_to(world.folder / "outside.yaml")
        ran = lab.trigger("change", code=2)
        assert "outside of the checkout" in ran.told and not lab.runs, ran.told
        (lab.repo.path / "pipeline.yaml").unlink()
        (lab.repo.path / "pipeline.yaml").write_text("metrics: 5\n")
        ran = lab.trigger("change", code=2)
        assert "compiled pipeline" in ran.told and not lab.runs, ran.told


def somebody_stops_it(world: World) -> None:
    with Lab(world) as lab:
        following = Following(lab, *lab.push("change"), "--wait")
        run = lab.wait_for("PENDING")
        lab.apis.move(run, "Running")
        lab.apis.post(f"runs/{run}:terminate")
        ended = threading.Timer(1, lambda: lab.apis.move(run, "Failed", message="Stopped with strategy 'Terminate'"))
        ended.start()
        told = following.ended(1)
        ended.join()
        assert "canceled" in told, told


CASES = [
    a_push_starts_one_run,
    the_version_is_called_like_the_commit,
    other_sources_of_a_run,
    without_the_cache,
    wrong_parameters_are_refused_before_anything_is_sent,
    texts_become_what_the_pipeline_takes,
    waiting_follows_to_the_end,
    waiting_for_what_somebody_else_started,
    why_it_failed_is_said,
    what_takes_too_long_is_stopped,
    a_chain_trains_and_judges,
    a_newer_commit_replaces_an_older_one,
    two_at_one_time_start_one_run,
    lost_answers_start_nothing_twice,
    an_outage_is_waited_out,
    tokens_run_out_while_it_waits,
    users_start_in_their_namespace,
    experiments_are_made_and_the_archived_are_left,
    what_is_missing_is_said_first,
    somebody_stops_it,
]
