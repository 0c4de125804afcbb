#!/usr/bin/env python3
"""Checks what the fake Kubeflow answers against Kubeflow's own descriptions of its APIs (specs/).

    python tests/kubeflow/openapi.py [path of fake_kubeflow]

A scripted walk asks the fake for everything that it has; of every answer the status, the fields and their types are checked, and
of every request that is meant to be right, the parameters and the body. The descriptions let unknown fields through; this does not.
Without a path the binary is looked for where `cargo build -p proofmark-testkit` puts it.
"""

import json
import os
import pathlib
import re
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request

import jsonschema
from referencing import Registry, Resource
from referencing.jsonschema import DRAFT202012

SPECS = pathlib.Path(__file__).parent / "specs"
ROOT = "urn:kubeflow"
CHURN = {
    "pipelineInfo": {"name": "churn"},
    "root": {
        "dag": {"tasks": {"train": {"taskInfo": {"name": "train"}}}},
        "inputDefinitions": {"parameters": {"rows": {"parameterType": "NUMBER_INTEGER", "isOptional": True}}},
    },
    "schemaVersion": "2.1.0",
    "sdkVersion": "kfp-2.17.0",
}
METRICS = [{"name": "train", "outputs": [{"key": "metrics", "kind": "system.Metrics", "values": [["accuracy", 0.93], ["zero", 0]]}]}]
FORMATS = jsonschema.FormatChecker([])


@FORMATS.checks("date-time")
def is_date_time(value):
    return not isinstance(value, str) or re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", value) is not None


@FORMATS.checks("int64")
def is_int64(value):
    return not isinstance(value, str) or re.fullmatch(r"-?\d+", value) is not None


def modern(schema):
    """The schema in the form of JSON Schema 2020-12."""
    if isinstance(schema, list):
        return [modern(part) for part in schema]
    if not isinstance(schema, dict):
        return schema
    if "discriminator" in schema and "mapping" in schema["discriminator"]:
        # Which of several schemas it is, is said by one of the fields.
        field, mapping = schema["discriminator"]["propertyName"], schema["discriminator"]["mapping"]
        cases = [
            {"if": {"properties": {field: {"const": name}}, "required": [field]}, "then": {"$ref": target}}
            for name, target in mapping.items()
        ]
        return {"type": "object", "required": [field], "properties": {field: {"enum": list(mapping)}}, "allOf": modern(cases)}
    # Swagger has files and collection formats that mean nothing here.
    return {key: modern(value) for key, value in schema.items() if key not in ("collectionFormat", "xml", "readOnly")}


class Description:
    """One of the documents, in the form of Swagger 2 or of OpenAPI 3."""

    def __init__(self, name):
        self.document = json.loads((SPECS / name).read_text(encoding="utf-8"))
        text = json.dumps(modern(self.document)).replace('"$ref": "#', f'"$ref": "{ROOT}#')
        resource = Resource.from_contents(json.loads(text), default_specification=DRAFT202012)
        self.registry = Registry().with_resource(ROOT, resource)
        self.routes = [(self.pattern(path), path) for path in self.document["paths"]]

    @staticmethod
    def pattern(path):
        parts = re.split(r"(\{[^}]+\})", path)
        return re.compile("".join("[^/:]+" if part.startswith("{") else re.escape(part) for part in parts) + "$")

    def find(self, method, path):
        found = [
            (name.count("{"), name)
            for pattern, name in self.routes
            if pattern.match(path) and method.lower() in self.document["paths"][name]
        ]
        return min(found)[1] if found else None

    def whole(self, part):
        while "$ref" in part:
            target = self.document
            for name in part["$ref"].removeprefix("#/").split("/"):
                target = target[name]
            part = target
        return part

    def answer_schema(self, operation, status):
        answer = operation["responses"].get(str(status)) or operation["responses"].get("default")
        if answer is None:
            return None, f"status {status} is not one of its answers"
        answer = self.whole(answer)
        return answer.get("schema") or answer.get("content", {}).get("application/json", {}).get("schema", {}), None

    def body_schema(self, operation):
        for parameter in map(self.whole, operation.get("parameters", [])):
            if parameter["in"] == "body":
                return parameter["schema"]
        return self.whole(operation.get("requestBody", {})).get("content", {}).get("application/json", {}).get("schema")

    def errors(self, schema, value):
        linked = json.loads(json.dumps(modern(schema)).replace('"$ref": "#', f'"$ref": "{ROOT}#'))
        validator = jsonschema.Draft202012Validator(linked, registry=self.registry, format_checker=FORMATS)
        for error in validator.iter_errors(value):
            deepest = jsonschema.exceptions.best_match([error])
            yield f"{deepest.json_path}: {deepest.message[:300]}"
        for field in sorted(set(self.unknown(schema, value, ""))):
            yield f"field `{field}` is not known"

    def parts(self, schema, value):
        """The schemas that together say which fields there are."""
        schema = self.whole(schema)
        yield schema
        for part in schema.get("allOf", []):
            yield from self.parts(part, value)
        discriminator = schema.get("discriminator", {})
        if discriminator.get("propertyName") in (value if isinstance(value, dict) else {}):
            target = discriminator.get("mapping", {}).get(value[discriminator["propertyName"]])
            if target:
                yield from self.parts({"$ref": target}, value)

    def unknown(self, schema, value, place):
        """Fields that no schema names."""
        parts = list(self.parts(schema, value))
        if isinstance(value, list):
            for item in value:
                for part in parts:
                    yield from self.unknown(part.get("items", {}), item, place + "[]")
        elif isinstance(value, dict):
            known = {name: inner for part in parts for name, inner in part.get("properties", {}).items()}
            free = [part["additionalProperties"] for part in parts if part.get("additionalProperties")]
            # What says its type itself may hold anything, as the details of an error do.
            if not known or "@type" in value:
                return
            for name, inner in value.items():
                if name in known:
                    yield from self.unknown(known[name], inner, f"{place}.{name}".lstrip("."))
                elif not free:
                    yield f"{place}.{name}".lstrip(".")


class Walk:
    """Asks and checks."""

    def __init__(self, url, description):
        self.url, self.description = url, description
        self.requests = 0
        self.met = set()
        self.violations = []

    def __call__(self, method, target, body=None, status=200, headers=None, raw=None):
        """The JSON of an answer. A body is checked when the answer is to be a good one."""
        data = raw if raw is not None else None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(self.url + target, data=data, method=method, headers=headers or {})
        if body is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                got, text, kind = answer.status, answer.read(), answer.headers.get("Content-Type", "")
        except urllib.error.HTTPError as answer:
            got, text, kind = answer.code, answer.read(), answer.headers.get("Content-Type", "")
        self.requests += 1
        path = target.split("?")[0]
        name = self.description.find(method, path)
        where = f"{method} {name or path} {got}"
        if got != status:
            self.violations.append(f"{where}: expected {status}: {text[:300]!r}")
            return {}
        if not name:
            self.violations.append(f"{where}: no such operation")
            return {}
        self.met.add((method, name))
        operation = self.description.document["paths"][name][method.lower()]
        self.query(where, name, operation, target)
        value = json.loads(text)
        if status < 300 and body is not None:
            for error in self.description.errors(self.description.body_schema(operation) or {}, body):
                self.violations.append(f"{where}: request {error}")
        if status >= 400 and not kind.startswith("application/json"):
            return value
        schema, problem = self.description.answer_schema(operation, status)
        # Uploads have errors of their own, and `healthz` is not made from the description.
        if "error_details" in value and "upload" in path or path.endswith("/healthz"):
            return value
        for error in [problem] if problem else self.description.errors(schema, value):
            self.violations.append(f"{where}: answer {error}")
        return value

    def query(self, where, name, operation, target):
        shared = self.description.document["paths"][name].get("parameters", [])
        known = {p["name"] for p in map(self.description.whole, operation.get("parameters", []) + shared) if p["in"] == "query"}
        for key, _ in urllib.parse.parse_qsl(urllib.parse.urlsplit(target).query, keep_blank_values=True):
            if key not in known:
                self.violations.append(f"{where}: parameter `{key}` is not known")


def control(url, name, body):
    data = json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(f"{url}/_test/{name}", data=data, method="POST"), timeout=30) as answer:
        return json.loads(answer.read())


def upload(walk, target, status=200):
    part = 'Content-Disposition: form-data; name="uploadfile"; filename="churn.json"\r\n\r\n'
    raw = f"--b\r\n{part}{json.dumps(CHURN)}\r\n--b--\r\n".encode()
    headers = {"Content-Type": "multipart/form-data; boundary=b"}
    return walk("POST", f"/apis/v2beta1/pipelines/{target}", raw=raw, headers=headers, status=status)


def quoted(*predicates):
    return urllib.parse.quote(json.dumps({"predicates": list(predicates)}))


def pipelines(walk):
    base = "/apis/v2beta1"
    walk("GET", f"{base}/healthz")
    made = upload(walk, "upload?name=churn&description=d&tags=%7B%22team%22%3A%22ml%22%7D")
    pipeline = made["pipeline_id"]
    upload(walk, "upload?name=churn", status=409)
    version = upload(walk, f"upload_version?name=git-1&pipelineid={pipeline}")["pipeline_version_id"]
    walk("POST", f"{base}/pipelines", {"display_name": "empty"})
    walk("POST", f"{base}/pipelines/create", {"pipeline": {"display_name": "b"}, "pipeline_version": {"pipeline_spec": CHURN}})
    walk("POST", f"{base}/pipelines/{pipeline}/versions", {"display_name": "git-2", "pipeline_spec": CHURN})
    walk("GET", f"{base}/pipelines?page_size=1&sort_by=created_at%20desc")
    walk("GET", f"{base}/pipelines/names/churn")
    walk("GET", f"{base}/pipelines/names/nobody", status=404)
    walk("GET", f"{base}/pipelines/{pipeline}")
    walk("GET", f"{base}/pipelines/{pipeline}/versions?page_size=1")
    walk("GET", f"{base}/pipelines/{pipeline}/versions/{version}")
    experiment = walk("POST", f"{base}/experiments", {"display_name": "ci", "description": "d"})["experiment_id"]
    walk("POST", f"{base}/experiments", {"display_name": "ci"}, status=409)
    walk("GET", f"{base}/experiments?filter={quoted({'operation': 1, 'key': 'display_name', 'stringValue': 'ci'})}")
    walk("GET", f"{base}/experiments/{experiment}")
    run = runs(walk, experiment, pipeline, version)
    recurring(walk, experiment, pipeline, version)
    walk("POST", f"{base}/experiments/{experiment}:archive")
    walk("POST", f"{base}/experiments/{experiment}:unarchive")
    walk("DELETE", f"{base}/runs/{run}")
    walk("DELETE", f"{base}/pipelines/{pipeline}/versions/{version}")
    walk("DELETE", f"{base}/pipelines/{pipeline}", status=400)
    walk("DELETE", f"{base}/experiments/{experiment}")


def runs(walk, experiment, pipeline, version):
    base = "/apis/v2beta1/runs"
    plugin = {"experiment_id": "42", "root_run_id": "a1", "run_url": "https://mlflow.invalid/"}
    scripts = [{"tasks": METRICS, "mlflow": plugin}, {"tasks": METRICS, "end": {"failed": ["train", "OOMKilled"]}}, {"pending": 9}]
    control(walk.url, "settings", {"scripts": scripts})
    reference = {"pipeline_id": pipeline, "pipeline_version_id": version}
    body = {"experiment_id": experiment, "display_name": "r", "pipeline_version_reference": reference}
    body["runtime_config"] = {"parameters": {"rows": 5}}
    ids = [walk("POST", base, body)["run_id"] for _ in range(3)]
    for run in ids:
        for _ in range(3):
            walk("GET", f"{base}/{run}")
    walk("POST", base, {**body, "runtime_config": {"parameters": {"rows": "5"}}}, status=400)
    walk("POST", base, {**body, "bogus": 1}, status=400)
    walk("POST", base, {**body, "pipeline_version_reference": {"pipeline_version_id": "nope"}}, status=500)
    walk("POST", f"{base}/{ids[1]}:retry")
    walk("POST", f"{base}/{ids[2]}:terminate")
    walk("POST", f"{base}/{ids[2]}:archive")
    walk("POST", f"{base}/{ids[2]}:unarchive")
    walk("POST", f"{base}/{ids[0]}:terminate", status=400)
    walk("POST", f"{base}/{ids[0]}:retry", status=409)
    walk("GET", f"{base}/nobody", status=404)
    page = walk("GET", f"{base}?experiment_id={experiment}&page_size=2&sort_by=created_at%20desc")
    walk("GET", f"{base}?experiment_id={experiment}&page_size=2&page_token={urllib.parse.quote(page['next_page_token'])}")
    walk("GET", f"{base}?filter={quoted({'operation': 'EQUALS', 'key': 'state', 'string_value': 'SUCCEEDED'})}")
    walk("GET", f"{base}?filter={quoted({'operation': 'EQUALS', 'key': 'zz', 'string_value': 'x'})}", status=400)
    return ids[0]


def recurring(walk, experiment, pipeline, version):
    base = "/apis/v2beta1/recurringruns"
    body = {
        "display_name": "nightly",
        "experiment_id": experiment,
        "pipeline_version_reference": {"pipeline_id": pipeline, "pipeline_version_id": version},
        "max_concurrency": "1",
        "mode": "ENABLE",
        "no_catchup": True,
        "trigger": {"cron_schedule": {"cron": "0 0 2 * * *"}},
    }
    made = walk("POST", base, body)["recurring_run_id"]
    walk("POST", base, {**body, "trigger": {"periodic_schedule": {"interval_second": "60"}}})
    walk("GET", f"{base}/{made}")
    walk("GET", f"{base}?page_size=1")
    walk("POST", f"{base}/{made}:disable")
    walk("POST", f"{base}/{made}:enable")
    walk("DELETE", f"{base}/{made}")
    walk("GET", f"{base}/{made}", status=404)


def old(walk):
    control(walk.url, "settings", {"version": "v1"})
    experiment = control(walk.url, "experiments", {"name": "old"})["experiment_id"]
    for end in ("succeeded", {"failed": ["train", "OOMKilled"]}):
        run = {"name": "r", "script": {"tasks": METRICS, "end": end}}
        made = control(walk.url, "runs", {"experiment": experiment, "run": run})["run_ids"][0]
        walk("GET", f"/apis/v1beta1/runs/{made}")
    control(walk.url, "settings", {"version": "mlmd"})


def artifacts(walk):
    control(walk.url, "settings", {"version": "artifacts"})
    experiment = control(walk.url, "experiments", {"name": "new"})["experiment_id"]
    matrix = {"key": "cm", "kind": "system.ClassificationMetrics", "values": [["confusionMatrix", {"rows": []}]]}
    tasks = [{"name": "train", "outputs": [METRICS[0]["outputs"][0], matrix]}, {"name": "test"}]
    base = "/apis/v2beta1"
    ids = []
    for end in ("succeeded", {"failed": ["test", "OOMKilled"]}):
        run = {"name": "r", "script": {"tasks": tasks, "end": end}}
        ids += control(walk.url, "runs", {"experiment": experiment, "run": run})["run_ids"]
    for run in ids:
        for view in ("DEFAULT", "FULL"):
            walk("GET", f"{base}/runs/{run}?view={view}")
        for task in walk("GET", f"{base}/runs/{run}/tasks")["tasks"]:
            walk("GET", f"{base}/runs/{run}/tasks/{task['task_id']}")
        for link in walk("GET", f"{base}/artifact_tasks?run_ids={run}&type=OUTPUT")["artifact_tasks"]:
            walk("GET", f"{base}/artifacts/{link['artifact_id']}")
    walk("GET", f"{base}/artifacts?page_size=2")
    walk("GET", f"{base}/artifact_tasks", status=400)
    walk("GET", f"{base}/runs?view=FULL&experiment_id={experiment}")
    control(walk.url, "settings", {"version": "mlmd"})


def registry(walk):
    base = "/api/model_registry/v1alpha3"
    properties = {"accuracy": {"metadataType": "MetadataDoubleValue", "double_value": 0.93}}
    model = walk("POST", f"{base}/registered_models", {"name": "churn", "owner": "ci", "state": "LIVE"}, 201)["id"]
    walk("POST", f"{base}/registered_models", {"name": "churn"}, 409)
    version = {"name": "v1", "registeredModelId": model, "author": "ci", "customProperties": properties}
    version = walk("POST", f"{base}/model_versions", version, 201)["id"]
    artifact = {"artifactType": "model-artifact", "name": "churn", "uri": "s3://m/1", "modelFormatName": "sklearn"}
    artifact = walk("POST", f"{base}/model_versions/{version}/artifacts", artifact, 201)["id"]
    walk("GET", f"{base}/registered_models/{model}/versions?pageSize=1&orderBy=ID&sortOrder=DESC")
    walk("GET", f"{base}/model_versions/{version}/artifacts")
    walk("GET", f"{base}/registered_model?name=churn")
    walk("GET", f"{base}/registered_model?name=nobody", status=404)
    walk("GET", f"{base}/model_version?name=v1&parentResourceId={model}")
    walk("GET", f"{base}/model_artifact?name=churn&parentResourceId={version}")
    for name, number in (("registered_models", model), ("model_versions", version), ("model_artifacts", artifact), ("artifacts", artifact)):
        walk("GET", f"{base}/{name}")
        walk("GET", f"{base}/{name}/{number}")
        walk("GET", f"{base}/{name}/99", status=404)
    walk("GET", f"{base}/model_versions?filterQuery={urllib.parse.quote('accuracy > 0.9')}")
    walk("PATCH", f"{base}/registered_models/{model}", {"state": "ARCHIVED"})
    walk("PATCH", f"{base}/model_versions/{version}", {"customProperties": properties})
    experiment = walk("POST", f"{base}/experiments", {"name": "e"}, 201)["id"]
    run = walk("POST", f"{base}/experiment_runs", {"name": "r", "experimentId": experiment, "status": "RUNNING"}, 201)["id"]
    metric = {"artifactType": "metric", "name": "accuracy", "value": 0.9, "step": 1, "timestamp": "1767225600000"}
    walk("POST", f"{base}/experiment_runs/{run}/artifacts", metric, 201)
    walk("POST", f"{base}/experiment_runs/{run}/artifacts", {**metric, "step": 2})
    walk("GET", f"{base}/experiment_runs/{run}/artifacts?artifactType=metric")
    walk("GET", f"{base}/experiment_runs/{run}/metric_history?name=accuracy&stepIds=1")
    walk("GET", f"{base}/experiment_runs/metric_history?name=accuracy")
    walk("GET", f"{base}/experiments/{experiment}/experiment_runs")
    walk("PATCH", f"{base}/experiment_runs/{run}", {"status": "FINISHED"})


def binary():
    cache = os.environ.get("PROOFMARK_CACHE") or pathlib.Path.home() / ".cache" / "proofmark"
    target = os.environ.get("CARGO_TARGET_DIR") or pathlib.Path(cache) / "target"
    return pathlib.Path(target) / "debug" / "fake_kubeflow"


def main(arguments):
    path = arguments[0] if arguments else binary()
    violations, requests = [], 0
    with subprocess.Popen([path], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as fake:
        url = fake.stdout.readline().strip()
        for walking, name in (
            (pipelines, "kfp-v2beta1.json"),
            (old, "kfp-v1beta1.json"),
            (artifacts, "kfp-v2beta1-artifacts.json"),
            (registry, "model-registry-v1alpha3.json"),
        ):
            walk = Walk(url, Description(name))
            walking(walk)
            total = sum(len(set(methods) & {"get", "post", "patch", "delete"}) for methods in walk.description.document["paths"].values())
            print(f"{name}: {walk.requests} requests, {len(walk.met)} of {total} operations, {len(walk.violations)} violations")
            violations += walk.violations
            requests += walk.requests
        fake.stdin.close()
    for violation in dict.fromkeys(violations):
        print(violation)
    if violations or not requests:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
