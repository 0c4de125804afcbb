"""Cases: `proofmark kubeflow check`, `upload`, `run`, `stop` and `schedules` at the real API server."""

from __future__ import annotations

import time
from typing import Any

from scene import Lab, pipeline
from starting import Following

# `judging` makes this importable.
from support import World, strict  # isort: skip

RUN = ("kubeflow", "run", "pipeline.yaml", "-p", "git_sha=abc")


def document(lab: Lab, *arguments: str, code: int = 0) -> dict[str, Any]:
    return strict(lab.run(*arguments, "--format", "json", code=code).stdout)


def parameters_are_checked_without_a_server(world: World) -> None:
    with Lab(world) as lab:
        nowhere = {"KF_PIPELINES_ENDPOINT": ""}
        told = lab.run("kubeflow", "check", "pipeline.yaml", "-p", "git_sha=abc", "-p", "rows=5", variables=nowhere).stdout
        for name in ("git_sha", "rows", "depth", "learning_rate", "balanced", "features"):
            assert name in told, told
        for wrong in ("rows=many", "speed=3", "balanced=perhaps"):
            told = lab.run("kubeflow", "check", "pipeline.yaml", "-p", "git_sha=abc", "-p", wrong, code=2, variables=nowhere).told
            assert wrong.split("=")[0] in told, told
        assert "git_sha" in lab.run("kubeflow", "check", "pipeline.yaml", code=(0, 2), variables=nowhere).told
        # And a run with such parameters sends nothing.
        lab.run(*RUN, "-p", "rows=many", code=2)
        assert not lab.runs


def a_version_is_uploaded_once(world: World) -> None:
    with Lab(world) as lab:
        arguments = ("kubeflow", "upload", "pipeline.yaml", "--pipeline", "churn", "--version", "one")
        lab.run(*arguments)
        (found,) = lab.apis.get("pipelines")["pipelines"]
        versions = lab.apis.get(f"pipelines/{found['pipeline_id']}/versions")["pipeline_versions"]
        assert "one" in {version["display_name"] for version in versions}, versions
        lab.run(*arguments)
        assert len(lab.apis.get(f"pipelines/{found['pipeline_id']}/versions")["pipeline_versions"]) == len(versions)
        (lab.repo.path / "pipeline.yaml").write_text(pipeline().replace("python:3.12", "python:3.13"))
        assert "one" in lab.run(*arguments, code=2).told


def a_run_with_a_key_is_started_once(world: World) -> None:
    with Lab(world) as lab:
        first = document(lab, *RUN, "--experiment", "churn", "--key", "nightly-1")
        assert first["origin"] == "new" and first["state"] == "PENDING", first
        again = document(lab, *RUN, "--experiment", "churn", "--key", "nightly-1")
        assert (again["origin"], again["run"]) == ("earlier", first["run"]) and len(lab.runs) == 1, again
        other = document(lab, *RUN, "--experiment", "churn")
        assert other["run"] != first["run"] and len(lab.runs) == 2, other


def a_run_is_waited_for(world: World) -> None:
    with Lab(world) as lab:
        for phase, code, word in (("Succeeded", 0, "succeeded"), ("Failed", 1, "OOMKilled")):
            following = Following(lab, *RUN, "--wait")
            run = lab.wait_for("PENDING")
            lab.apis.move(run, "Running", nodes=[{"displayName": "train", "phase": "Running"}])
            time.sleep(0.2)
            message = {"message": "OOMKilled"} if code else {}
            lab.apis.move(run, phase, nodes=[{"displayName": "train", "phase": phase, **message}])
            told = following.ended(code)
            assert word in told and run in told, told


def a_run_is_stopped(world: World) -> None:
    with Lab(world) as lab:
        run = document(lab, *RUN, "--key", "nightly-1")["run"]
        lab.run("kubeflow", "stop", "nightly-1")
        assert lab.wait_for("CANCELING", run) == run
        lab.apis.move(run, "Failed", message="Stopped with strategy 'Terminate'")
        # What has ended is left alone, and what never was is said.
        lab.run("kubeflow", "stop", run)
        lab.run("kubeflow", "stop", "nightly-2", code=2)


def schedules_are_listed(world: World) -> None:
    with Lab(world) as lab:
        assert lab.run("kubeflow", "schedules").returncode == 0
        uploaded = lab.apis.upload(pipeline().encode(), name="churn").json["pipeline_id"]
        version = lab.apis.get(f"pipelines/{uploaded}/versions")["pipeline_versions"][0]["pipeline_version_id"]
        experiment = lab.apis.post("experiments", {"display_name": "churn"})["experiment_id"]
        asked = {"display_name": "nightly", "experiment_id": experiment, "max_concurrency": "1", "mode": "ENABLE"}
        asked |= {"pipeline_version_reference": {"pipeline_id": uploaded, "pipeline_version_id": version}}
        asked |= {"runtime_config": {"parameters": {"git_sha": "abc"}}, "trigger": {"cron_schedule": {"cron": "0 0 2 * * *"}}}
        lab.apis.post("recurringruns", asked)
        told = lab.run("kubeflow", "schedules").stdout
        assert "nightly" in told and "0 0 2 * * *" in told, told


CASES = [
    parameters_are_checked_without_a_server,
    a_version_is_uploaded_once,
    a_run_with_a_key_is_started_once,
    a_run_is_waited_for,
    a_run_is_stopped,
    schedules_are_listed,
]
