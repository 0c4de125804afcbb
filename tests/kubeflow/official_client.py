#!/usr/bin/env python3
"""Kubeflow's own Python clients against the fake Kubeflow: what they can use, other clients can rely on.

    python tests/kubeflow/official_client.py [path of fake_kubeflow]

Needs kfp, model-registry and kubernetes (see requirements.txt). Without a path the binary is looked for where
`cargo build -p proofmark-testkit` puts it.
"""

import contextlib
import json
import os
import pathlib
import subprocess
import sys
import tempfile
import urllib.request
import warnings

warnings.filterwarnings("ignore")

import kfp
import kfp_server_api
import kubernetes
from kfp import compiler, dsl
from model_registry import ModelRegistry

TOKEN = "tok-123"


@dsl.component(base_image="python:3.11-slim")
def train(rows: int, metrics: dsl.Output[dsl.Metrics]) -> float:
    metrics.log_metric("accuracy", 0.93)
    return 0.93


@dsl.pipeline(name="churn")
def churn(rows: int = 100, classes: list = ["a", "b"], dry: bool = False, options: dict = {"k": 1}):
    train(rows=rows).set_caching_options(False)


def binary():
    cache = os.environ.get("PROOFMARK_CACHE") or pathlib.Path.home() / ".cache" / "proofmark"
    target = os.environ.get("CARGO_TARGET_DIR") or pathlib.Path(cache) / "target"
    return pathlib.Path(target) / "debug" / "fake_kubeflow"


@contextlib.contextmanager
def fake(path, *settings):
    """The address of a fake that runs as long as it is needed."""
    with subprocess.Popen([path, *settings], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process.stdout.readline().strip()
        finally:
            process.stdin.close()


def control(url, name, body):
    data = json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_test/{name}", data=data, method="POST"), timeout=30) as answer:
        return json.loads(answer.read())


def refused(status, call, *arguments, **named):
    """The call has to fail with this status."""
    try:
        call(*arguments, **named)
    except (kfp_server_api.ApiException, kubernetes.client.ApiException) as error:
        assert error.status == status, f"{error.status}, not {status}: {error.body}"
        return error
    raise AssertionError(f"{call} did not fail with {status}")


def pipelines(path, folder):
    compiled = str(pathlib.Path(folder) / "churn.yaml")
    compiler.Compiler().compile(churn, compiled)
    with fake(path, f"token={TOKEN}") as url:
        client = kfp.Client(host=f"{url}/pipeline", existing_token=TOKEN)
        assert client.get_kfp_healthz().multi_user is False
        experiment = client.create_experiment("ci").experiment_id
        assert client.create_experiment("ci").experiment_id == experiment
        pipeline = client.upload_pipeline(compiled, pipeline_name="churn", description="d").pipeline_id
        refused(409, client.upload_pipeline, compiled, pipeline_name="churn")
        assert client.get_pipeline_id("churn") == pipeline
        version = client.upload_pipeline_version(compiled, "git-abc123", pipeline_name="churn").pipeline_version_id
        refused(409, client.upload_pipeline_version, compiled, "git-abc123", pipeline_name="churn")
        read = client.get_pipeline_version(pipeline, version)
        assert read.pipeline_spec["pipelineInfo"]["name"] == "churn", "the compiled YAML is read as the compiler meant it"
        assert read.pipeline_spec["root"]["inputDefinitions"]["parameters"]["classes"]["defaultValue"] == ["a", "b"]
        versions = client.list_pipeline_versions(pipeline, sort_by="created_at desc", page_size=1)
        assert versions.pipeline_versions[0].display_name == "git-abc123" and versions.total_size == 2

        outputs = [{"key": "metrics", "kind": "system.Metrics", "values": [["accuracy", 0.93]]}]
        good = {"pending": 1, "running": 1, "tasks": [{"name": "train", "outputs": outputs}], "mlflow": {"root_run_id": "a1"}}
        bad = {"pending": 0, "running": 0, "end": {"failed": ["train", "OOMKilled"]}}
        control(url, "settings", {"scripts": [good, bad, {"pending": 99}, {"pending": 99}]})
        parameters = {"rows": 5, "classes": ["x"], "dry": True, "options": {"a": 1}}
        run = client.run_pipeline(experiment, "good", params=parameters, pipeline_id=pipeline, version_id=version)
        done = client.wait_for_run_completion(run.run_id, timeout=60, sleep_duration=0)
        assert done.state == "SUCCEEDED" and done.finished_at.year == 2026, done.state
        assert [task.display_name for task in done.run_details.task_details][0] == "root"
        assert done.plugins_output["mlflow"].entries["root_run_id"].value == "a1"
        failed = client.create_run_from_pipeline_package(compiled, arguments={"rows": 1}, run_name="bad", experiment_name="ci")
        assert client.wait_for_run_completion(failed.run_id, timeout=60, sleep_duration=0).state == "FAILED"
        refused(400, client.run_pipeline, experiment, "wrong", params={"rows": "5"}, pipeline_id=pipeline, version_id=version)

        waiting = client.run_pipeline(experiment, "waiting", params={"rows": 5}, pipeline_id=pipeline, version_id=version)
        assert waiting.state == "PENDING" and waiting.finished_at.year == 1970
        client.terminate_run(waiting.run_id)
        states = [client.get_run(waiting.run_id).state for _ in range(3)]
        assert states == ["CANCELING", "CANCELING", "FAILED"], states
        client.archive_run(waiting.run_id)
        predicates = [{"operation": "EQUALS", "key": "state", "stringValue": "FAILED"}]
        listed = client.list_runs(filter=json.dumps({"predicates": predicates}), sort_by="created_at desc", experiment_id=experiment)
        assert [one.display_name for one in listed.runs] == ["waiting", "bad"]
        first = client.list_runs(page_size=2)
        second = client.list_runs(page_size=2, page_token=first.next_page_token)
        assert [one.display_name for one in first.runs + second.runs] == ["good", "bad", "waiting"]
        named = {"pipeline_id": pipeline, "version_id": version}
        recurring = client.create_recurring_run(experiment, "nightly", cron_expression="0 0 2 * * *", params={"rows": 1}, **named)
        client.disable_recurring_run(recurring.recurring_run_id)
        assert client.get_recurring_run(recurring.recurring_run_id).status == "DISABLED"
        client.delete_recurring_run(recurring.recurring_run_id)
        refused(401, kfp.Client(host=url, existing_token="wrong").list_runs)
        print("kfp: pipelines, runs, lists, what recurs")


def gateway(path):
    cookie = "authservice_session=abc"
    with fake(path, f"cookie={cookie}", "multi-user", "member=ann:team-a") as url:
        client = kfp.Client(host=f"{url}/pipeline", cookies=cookie)
        refused(401, client.list_experiments, namespace="team-a")
        # The client follows to the login page, and takes it for an answer without fields.
        control(url, "settings", {"login_page": True})
        lost = kfp.Client(host=f"{url}/pipeline", cookies="authservice_session=old").list_runs(namespace="team-a")
        assert not getattr(lost, "runs", None), lost
        print("kfp: cookies and namespaces")


def registry(path):
    with fake(path, "registry-v1") as url:
        host, port = url.rsplit(":", 1)
        client = ModelRegistry(host, int(port), author="ci", is_secure=False)
        values = {"accuracy": 0.93, "git_sha": "abc", "epochs": 3, "ok": True}
        form = {"model_format_name": "sklearn", "model_format_version": "1"}
        client.register_model("churn", "s3://models/churn/1", version="v1", metadata=values, **form)
        model = client.get_registered_model("churn")
        assert model.owner == "ci" and client.get_registered_model("nobody") is None
        version = client.get_model_version("churn", "v1")
        assert version.custom_properties == values, version.custom_properties
        assert client.get_model_artifact("churn", "v1").uri == "s3://models/churn/1"
        version.custom_properties = {"stage": "production"}
        client.update(version)
        assert client.get_model_version("churn", "v1").custom_properties == {"stage": "production"}
        client.register_model("churn", "s3://models/churn/2", version="v2", **form)
        assert [one.name for one in client.get_model_versions("churn")] == ["v1", "v2"]
        assert [one.name for one in client.get_registered_models().page_size(1)] == ["churn"]
        print("model-registry: models, versions, artifacts, properties")


def services(path):
    with fake(path, f"token={TOKEN}") as url:
        configuration = kubernetes.client.Configuration(host=url)
        configuration.api_key = {"authorization": f"Bearer {TOKEN}"}
        client = kubernetes.client.CustomObjectsApi(kubernetes.client.ApiClient(configuration))
        place = ("serving.kserve.io", "v1beta1", "team-a", "inferenceservices")
        model = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://m/v1"}
        body = {"metadata": {"name": "churn"}, "spec": {"predictor": {"model": model}}}
        client.create_namespaced_custom_object(*place, body)
        refused(409, client.create_namespaced_custom_object, *place, body)
        for _ in range(3):
            client.get_namespaced_custom_object(*place, "churn")
        change = {"spec": {"predictor": {"canaryTrafficPercent": 10, "model": {"storageUri": "s3://m/v2"}}}}
        dry = client.patch_namespaced_custom_object(*place, "churn", change, dry_run="All")
        made = client.patch_namespaced_custom_object(*place, "churn", change)
        assert dry["metadata"]["generation"] == made["metadata"]["generation"] == 2
        seen = [client.get_namespaced_custom_object(*place, "churn")["status"] for _ in range(3)]
        assert [status["observedGeneration"] for status in seen] == [1, 2, 2]
        assert [part["percent"] for part in seen[-1]["components"]["predictor"]["traffic"]] == [10, 90]
        refused(404, client.get_namespaced_custom_object, *place, "nobody")
        print("kubernetes: create, canary, dry run")


def main(arguments):
    path = arguments[0] if arguments else binary()
    with tempfile.TemporaryDirectory() as folder:
        pipelines(path, folder)
    gateway(path)
    registry(path)
    services(path)


if __name__ == "__main__":
    main(sys.argv[1:])
