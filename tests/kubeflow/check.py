#!/usr/bin/env python3
"""Starts every rig of this folder once and asks it what a rig of its kind must know; which also builds what is missing.

    python check.py [PART OF A NAME...]
"""

from __future__ import annotations

import importlib.util
import json
import os
import struct
import sys
import tempfile
import time
import traceback
from pathlib import Path
from typing import Any

from making import python

if importlib.util.find_spec("ml_metadata") is None:
    os.execv(python("mlmd"), [str(python("mlmd")), __file__, *sys.argv[1:]])

from google.protobuf import json_format
from ml_metadata.proto import metadata_store_service_pb2 as service

from rig import Mlmd, compile_pipeline, run_local_pipeline, start_apiserver, start_kubernetes, start_mlmd, start_registry

MERGE = {"Content-Type": "application/merge-patch+json"}

#: One of each kind of task: done, read by another, failed, left out, unfinished, and found in the cache.
RUNS: list[dict[str, Any]] = [
    {
        "run": "first",
        "pipeline": "churn",
        "parameters": {"git_sha": "abc", "rows": 5},
        "tasks": [
            {
                "name": "train",
                "parameters": {"rows": 5, "features": ["age"]},
                "results": {"Output": 3},
                "outputs": {"metrics": {"values": {"accuracy": 0.9, "ok": True, "steps": 3, "curve": [1, 2], "text": "x"}}},
            },
            {
                "name": "classify",
                "outputs": {"classes": {"type": "system.ClassificationMetrics", "values": {"confusionMatrix": {"rows": [{"row": [1, 2]}]}}}},
            },
            {"name": "evaluate", "inputs": {"taken": ["train", "metrics"]}, "outputs": {"metrics": {"values": {"auc": 0.7}}}},
            {"name": "failed", "state": "FAILED"},
            {"name": "left-out", "state": "CANCELED"},
            {"name": "unfinished", "state": "RUNNING"},
        ],
    },
    {
        "run": "second",
        "pipeline": "churn",
        "parameters": {"git_sha": "abd"},
        "tasks": [
            {"name": "train", "cached": ["first", "train"]},
            {"name": "evaluate", "inputs": {"taken": ["train", "metrics"]}, "outputs": {"metrics": {"values": {"auc": 0.8}}}},
        ],
    },
]


def the_api_server_runs_a_pipeline() -> None:
    with tempfile.TemporaryDirectory() as folder, start_apiserver() as apis, start_mlmd(apis.url) as ui:
        spec = compile_pipeline(Path(folder)).read_bytes()
        pipeline = apis.upload(spec, name="churn").json["pipeline_id"]
        asked = {"display_name": "r", "pipeline_version_reference": {"pipeline_id": pipeline}}
        assert apis.ask("POST", "runs", asked).status == 400, "a parameter is missing"
        run = ui.post("/pipeline/apis/v2beta1/runs", asked | {"runtime_config": {"parameters": {"git_sha": "abc"}}})["run_id"]
        assert apis.get(f"runs/{run}")["finished_at"] == "1970-01-01T00:00:00Z"
        apis.move(run, "Running", nodes=[{"displayName": "train", "phase": "Failed", "message": "exit code 1"}])
        apis.move(run, "Failed", message="child failed", metrics=[{"name": "accuracy", "node_id": "n", "number_value": 0.5}])
        old = apis.get(f"/apis/v1beta1/runs/{run}")
        assert apis.get(f"runs/{run}")["state"] == "FAILED" and old["run"]["metrics"][0]["number_value"] == 0.5
        nodes = json.loads(old["pipeline_runtime"]["workflow_manifest"])["status"]["nodes"]
        assert "exit code 1" in [node.get("message") for node in nodes.values()]
        apis.write_log("n", b"a line\n")
        assert b"a line" in apis.ask("GET", f"/apis/v1alpha1/runs/{run}/nodes/n/log").body


def the_api_server_knows_its_users() -> None:
    with start_apiserver(multi_user=True, grants={"ada": ["team"]}, tokens={"secret": "ada"}) as apis:
        for headers, status in [
            ({"kubeflow-userid": "ada"}, 200),
            ({"kubeflow-userid": "bob"}, 403),
            ({"Authorization": "Bearer secret"}, 200),
            ({"Authorization": "Bearer guess"}, 401),
            ({}, 401),
        ]:
            assert apis.ask("GET", "runs", headers=headers, namespace="team").status == status, headers


def runs_are_written_as_kubeflow_writes_them() -> None:
    with start_mlmd() as real, start_mlmd() as ours:
        real.launch(RUNS)
        for run in RUNS:
            # The client is of a release that did not write down where artifacts lie.
            tasks = [{**task, "outputs": _without_session(task.get("outputs", {}))} for task in run["tasks"]]
            ours.fill(run["run"], {**run, "tasks": tasks, "store_session_info": False})
        assert contents(real) == contents(ours)


def _without_session(outputs: dict[str, Any]) -> dict[str, Any]:
    return {name: {**output, "store_session_info": False} for name, output in outputs.items()}


def contents(store: Mlmd) -> dict[str, Any]:
    """All that a store holds, but for times and the numbers of types."""
    held: dict[str, Any] = {what: call(store, f"Get{what}") for what in ("Contexts", "Executions", "Artifacts")}
    executions = [int(execution["id"]) for execution in held["Executions"]["executions"]]
    held["Events"] = call(store, "GetEventsByExecutionIDs", execution_ids=executions)
    for context in held["Contexts"]["contexts"]:
        held[context["name"]] = call(store, "GetArtifactsByContext", context_id=int(context["id"]))
    return held


def call(store: Mlmd, method: str, **fields: Any) -> Any:
    message = getattr(service, f"{method}Request")(**fields).SerializeToString()
    kind = {"Content-Type": "application/grpc-web+proto"}
    body = store.ask("POST", f"/ml_metadata.MetadataStoreService/{method}", struct.pack(">BI", 0, len(message)) + message, kind).body
    (length,) = struct.unpack(">I", body[1:5])
    answer = getattr(service, f"{method}Response").FromString(body[5 : 5 + length])
    return cleaned(json_format.MessageToDict(answer))


def cleaned(value: Any) -> Any:
    changing = {"createTimeSinceEpoch", "lastUpdateTimeSinceEpoch", "millisecondsSinceEpoch", "typeId"}
    if isinstance(value, dict):
        return {key: cleaned(inner) for key, inner in value.items() if key not in changing}
    return [cleaned(inner) for inner in value] if isinstance(value, list) else value


def the_registry_replaces_properties() -> None:
    with start_registry() as registry:
        text = {"metadataType": "MetadataStringValue", "string_value": "x"}
        model = registry.post("registered_models", {"name": "churn", "customProperties": {"a": text}})["id"]
        registry.ask("PATCH", f"registered_models/{model}", {"customProperties": {"b": text}})
        assert list(registry.get("registered_model", name="churn")["customProperties"]) == ["b"]


def kubernetes_serves_kserve() -> None:
    with start_kubernetes(tokens={"of-a-reader": "reader"}, denials={"reader": ["patch"]}) as kubernetes:
        path = "namespaces/models/inferenceservices"
        model = {"modelFormat": {"name": "sklearn"}, "storageUri": "s3://models/1"}
        about = {"apiVersion": "serving.kserve.io/v1beta1", "kind": "InferenceService", "metadata": {"name": "churn"}}
        kubernetes.post(path, {**about, "spec": {"predictor": {"model": model}}})
        patch = {"spec": {"predictor": {"canaryTrafficPercent": 10, "model": {"storageUri": "s3://models/2"}}}}
        assert kubernetes.ask("PATCH", f"{path}/churn", patch, MERGE).json["metadata"]["generation"] == 2
        assert kubernetes.ask("PATCH", f"{path}/churn", patch, {**MERGE, "Authorization": "Bearer of-a-reader"}).status == 403
        refused = {"spec": {"predictor": {"minReplicas": 3, "maxReplicas": 1}}}
        assert kubernetes.ask("PATCH", f"{path}/churn", refused, MERGE).status == 403, "the webhook lets it in"
        kubernetes.set_status("churn", {"observedGeneration": 2, "conditions": [{"type": "Ready", "status": "True"}]})
        assert kubernetes.get(f"{path}/churn")["status"]["observedGeneration"] == 2


def pipelines_run_here() -> None:
    with tempfile.TemporaryDirectory() as folder:
        made = run_local_pipeline(Path(folder), git_sha="abc", rows=100)
        metrics = json.loads((made / "train/executor_output.json").read_text())["artifacts"]["metrics"]["artifacts"][0]["metadata"]
        assert set(metrics) == {"accuracy", "loss"}


CASES = [
    pipelines_run_here,
    the_api_server_runs_a_pipeline,
    the_api_server_knows_its_users,
    runs_are_written_as_kubeflow_writes_them,
    the_registry_replaces_properties,
    kubernetes_serves_kserve,
]


def main() -> int:
    failed = 0
    for case in [case for case in CASES if not sys.argv[1:] or any(part in case.__name__ for part in sys.argv[1:])]:
        began = time.monotonic()
        try:
            case()
            outcome = "ok"
        except Exception:  # noqa: BLE001 (the next case is another)
            traceback.print_exc()
            outcome, failed = "FAILED", failed + 1
        print(f"{case.__name__:<50} {time.monotonic() - began:5.1f} s  {outcome}", flush=True)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
