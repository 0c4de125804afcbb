#!/usr/bin/env python3
"""Checks the fake ModelDB against ModelDB's own description of its API, and against what its Python client sent.

    cargo build -p proofmark-testkit --bin fake_modeldb
    python tests/modeldb/openapi.py [PATH/OF/fake_modeldb]

A walk through every call that the fake knows, with the usual refusals, is made in both forms of the API; of each exchange the method,
the path, the parameters, the body and the answer are checked. Then the recorded requests of the client are sent again, and must be
taken and mean what the recording says. The description and the recording lie in `specs/`, with where they are from.
"""

import copy
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

HERE = pathlib.Path(__file__).resolve().parent
SPECS = HERE / "specs"
PREFIXES = {"--front-end": "/api/v1/modeldb", "--proxy": "/v1"}
# Of the type `google.protobuf.Value`, which is any JSON.
ANY = {"commonKeyValue": ["value"], "commonKeyValueQuery": ["value"], "modeldbObservation": ["epoch_number"]}
# What differs each time: ids and times.
ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
UNSTABLE = {"date_created", "date_updated", "version_number", "code_version_snapshot"}


class Description:
    """All calls of all files, and the checks of values against their types."""

    def __init__(self):
        self.calls, self.definitions = {}, {}
        for path in sorted(SPECS.glob("*.swagger.json")):
            document = json.loads(path.read_text(encoding="utf-8"))
            for name, definition in document["definitions"].items():
                self.definitions[name] = self.closed(name, definition)
            for name, methods in document["paths"].items():
                for method, call in methods.items():
                    self.calls[method.upper(), name] = call

    @staticmethod
    def closed(name, definition):
        """Fields that are not known are ignored in silence, so that here each one is wrong; numbers of 64 bits are text."""
        definition = copy.deepcopy(definition)
        for field in ANY.get(name, ()):
            definition["properties"][field] = {}
        if definition.get("type") == "object" and "additionalProperties" not in definition:
            definition["additionalProperties"] = False
        for field in definition.get("properties", {}).values():
            if field.get("format") in ("int64", "uint64"):
                field["pattern"] = r"^-?\d+$"
        if "enum" in definition:
            definition = {"anyOf": [definition, {"type": "integer"}]}
        return definition

    def errors(self, schema, value):
        whole = {**schema, "definitions": self.definitions}
        validator = jsonschema.Draft4Validator(whole)
        return [f"{'/'.join(map(str, error.path))}: {error.message}"[:300] for error in validator.iter_errors(value)]


class Server:
    """One fake, and the exchanges with it, each of which is checked."""

    def __init__(self, binary, description, form, *flags):
        arguments = [binary, *([form] if form == "--proxy" else []), *flags]
        self.process = subprocess.Popen(arguments, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.address = self.process.stdout.readline().strip()
        self.prefix, self.description = PREFIXES[form], description
        self.seen, self.count, self.violations = set(), 0, []

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.process.stdin.close()
        self.process.wait(timeout=10)

    def raw(self, method, target, body=None, headers=None):
        data = None if body is None else (body if isinstance(body, bytes) else json.dumps(body).encode())
        request = urllib.request.Request(self.address + target, data=data, method=method, headers=headers or {})
        if data is not None:
            request.add_header("Content-Type", "application/json")
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return answer.status, answer.headers.get("Content-Type", ""), answer.read()
        except urllib.error.HTTPError as error:
            return error.code, error.headers.get("Content-Type", ""), error.read()

    def ask(self, method, name, fields=None, status=200, loose=False):
        """One call; `loose` where what is sent is wrong on purpose."""
        call = self.description.calls.get((method, "/" + name))
        where = f"{method} {name}"
        if call is None:
            self.wrong(where, "is not in the description")
            return {}
        query = [parameter for parameter in call.get("parameters", []) if parameter["in"] == "query"]
        bodies = [parameter for parameter in call.get("parameters", []) if parameter["in"] == "body"]
        target, body = f"{self.prefix}/{name}", None
        if bodies:
            body = fields or {}
            if not loose:
                for error in self.description.errors(bodies[0]["schema"], body):
                    self.wrong(where, f"request: {error}")
        elif fields:
            known = {parameter["name"] for parameter in query}
            for field in sorted(set(fields) - known):
                self.wrong(where, f"request: there is no parameter {field}")
            target += "?" + urllib.parse.urlencode(fields, doseq=True)
        return self.check(where, call, self.raw(method, target, body), status)

    def check(self, where, call, answer, status):
        found, kind, text = answer
        self.count += 1
        self.seen.add(where)
        if found != status:
            self.wrong(where, f"answers {found} and not {status}: {text[:200]!r}")
        if kind.split(";")[0] != "application/json":
            self.wrong(where, f"answers {kind}")
            return {}
        value = json.loads(text)
        responses = call["responses"]
        for error in self.description.errors(responses.get(str(found), responses["default"])["schema"], value):
            self.wrong(where, f"answer {found}: {error}")
        for error in zero_values(value):
            self.wrong(where, f"answer {found}: {error}")
        if found >= 400 and not (value.get("code") and value.get("message") and value.get("error") == value.get("message")):
            self.wrong(where, f"answer {found}: {value}")
        return value

    def wrong(self, where, what):
        self.violations.append(f"{where}: {what}")

    def same(self, what, found, expected):
        if found != expected:
            self.wrong(what, f"{found!r} and not {expected!r}")


def zero_values(value, place=""):
    """Fields that should have been left out."""
    if isinstance(value, list):
        for item in value:
            yield from zero_values(item, place + "[]")
    elif isinstance(value, dict):
        for name, inner in value.items():
            # `value` and `epoch_number` are messages, in which zero is a value; so is the code of an error.
            if name in ("value", "epoch_number"):
                continue
            if inner in ("", "0", [], False) or inner is None:
                yield f"{place}.{name} is {inner!r} and was not left out"
            yield from zero_values(inner, f"{place}.{name}")


def walk(server):
    """Every call, and the usual refusals."""
    ask = server.ask
    ask("GET", "project/verifyConnection")
    ask("GET", "project/getProjectByName", {"name": "churn", "workspace_name": "personal"}, 404)
    server.same("an empty list", ask("GET", "project/getProjects", {"workspace_name": "personal"}), {})
    made = ask("POST", "project/createProject", {"name": "churn", "tags": ["a"], "attributes": [{"key": "k", "value": [1, "x"]}]})
    project = made["project"]["id"]
    ask("POST", "project/createProject", {"name": "churn"}, 409)
    ask("GET", "project/getProjectByName", {"name": "churn"})
    ask("GET", "project/getProjectById", {"id": project})
    ask("GET", "project/getProjects", {"page_number": 1, "page_limit": 5, "ascending": "true", "sort_key": "name"})
    ask("POST", "experiment/createExperiment", {"project_id": "none", "name": "exp"}, 404)
    experiment = ask("POST", "experiment/createExperiment", {"project_id": project, "name": "exp"})["experiment"]["id"]
    ask("POST", "experiment/createExperiment", {"project_id": project, "name": "exp"}, 409)
    ask("GET", "experiment/getExperimentByName", {"name": "exp", "project_id": project})
    ask("GET", "experiment/getExperimentByName", {"name": "Exp", "project_id": project}, 404)
    ask("GET", "experiment/getExperimentById", {"id": experiment})
    ask("GET", "experiment/getExperimentsInProject", {"project_id": project})
    dataset = ask("POST", "dataset/createDataset", {"name": "train"})["dataset"]["id"]
    ask("GET", "dataset/getDatasetByName", {"name": "train"})
    ask("GET", "dataset/getDatasetById", {"id": dataset})
    version = ask("POST", "dataset-version/createDatasetVersion", {"dataset_id": dataset})["dataset_version"]["id"]
    ask("GET", "dataset-version/getDatasetVersionById", {"id": version})
    ask("GET", "dataset-version/getLatestDatasetVersionByDatasetId", {"dataset_id": dataset})
    runs(server, project, experiment, version)
    server.same("calls that were left out", sorted(set(map(" ".join, named(server))) - server.seen), [])


def named(server):
    return [(method, name.lstrip("/")) for method, name in server.description.calls]


def runs(server, project, experiment, version):
    ask = server.ask
    place = {"project_id": project, "experiment_id": experiment}
    ask("POST", "experiment-run/createExperimentRun", {"project_id": project}, 400)
    code = {"git_snapshot": {"repo": "r", "hash": "abc", "is_dirty": "TRUE", "filepaths": ["a.py"]}}
    whole = {**place, "name": "one", "start_time": "5", "end_time": "9", "tags": ["main"], "code_version_snapshot": code,
             "metrics": [{"key": "auc", "value": 0.9, "value_type": "NUMBER"}, {"key": "zero", "value": 0}],
             "hyperparameters": [{"key": "on", "value": False}], "attributes": [{"key": "list", "value": [1, "a"], "value_type": 2}],
             "observations": [{"attribute": {"key": "loss", "value": 1}, "timestamp": "7", "epoch_number": 0}],
             "datasets": [{"key": "train", "linked_artifact_id": version, "artifact_type": "DATA"}]}
    run = ask("POST", "experiment-run/createExperimentRun", whole)["experiment_run"]["id"]
    ask("POST", "experiment-run/createExperimentRun", whole, 409)
    ask("POST", "experiment-run/createExperimentRun", {**place, "name": "two"})
    writes(server, run)
    reads(server, run, place)
    deletes(server, run)


def writes(server, run):
    ask = server.ask
    pair = {"key": "k", "value": "v"}
    for one, several, field in [("logMetric", "logMetrics", "metric"), ("logAttribute", "logAttributes", "attribute"),
                                ("logHyperparameter", "logHyperparameters", "hyperparameter")]:
        ask("POST", f"experiment-run/{one}", {"id": run, field: pair})
        ask("POST", f"experiment-run/{one}", {"id": run, field: pair}, 409)
        ask("POST", f"experiment-run/{several}", {"id": run, field + "s": [{"key": "m", "value": 1e-5}, {"key": "n", "value": 2}]})
        ask("POST", f"experiment-run/{several}", {"id": run, field + "s": [pair, pair]}, 400)
        ask("POST", f"experiment-run/{several}", {"id": "none", field + "s": [pair]}, 404)
    ask("POST", "experiment-run/addExperimentRunAttributes", {"id": run, "attributes": [{"key": "added", "value": 1}]})
    ask("POST", "experiment-run/logObservation", {"id": run, "observation": {"attribute": {"key": "loss", "value": 0.5}}})
    ask("POST", "experiment-run/logObservations", {"id": run, "observations": [{"attribute": {"key": "loss", "value": 0.25}, "epoch_number": 7.9}]})
    ask("POST", "experiment-run/addExperimentRunTag", {"id": run, "tag": "x"})
    ask("POST", "experiment-run/addExperimentRunTags", {"id": run, "tags": ["x", "y"]})
    ask("POST", "experiment-run/addExperimentRunTags", {"id": run, "tags": ["x" * 41]}, 400)
    ask("POST", "experiment-run/addExperimentRunTags", {"id": run, "tags": "x"}, 400, loose=True)
    ask("POST", "experiment-run/logExperimentRunCodeVersion", {"id": run, "code_version": {"git_snapshot": {"hash": "def"}}}, 409)
    code = {"id": run, "code_version": {"git_snapshot": {"hash": "def", "is_dirty": "FALSE"}}, "overwrite": True}
    ask("POST", "experiment-run/logExperimentRunCodeVersion", code)
    ask("POST", "experiment-run/logArtifact", {"id": run, "artifact": {"key": "model", "path": "m", "artifact_type": 1}})
    ask("POST", "experiment-run/logArtifact", {"id": run, "artifact": {"key": "model", "path": "m"}}, 409)
    ask("POST", "experiment-run/logArtifacts", {"id": run, "artifacts": [{"key": "plot"}]})
    ask("POST", "experiment-run/logDataset", {"id": run, "dataset": {"key": "eval"}})
    ask("POST", "experiment-run/logDatasets", {"id": run, "datasets": [{"key": "eval"}], "overwrite": True})
    ask("POST", "experiment-run/updateExperimentRunDescription", {"id": run, "description": "d"})


def reads(server, run, place):
    ask = server.ask
    ask("GET", "experiment-run/getExperimentRunById", {"id": run})
    ask("GET", "experiment-run/getExperimentRunById", {"id": "none"}, 404)
    ask("GET", "experiment-run/getExperimentRunByName", {"name": "one", "experiment_id": place["experiment_id"]})
    for part in ["Metrics", "Hyperparameters", "ExperimentRunTags", "Artifacts", "Datasets", "ExperimentRunCodeVersion"]:
        ask("GET", f"experiment-run/get{part}", {"id": run})
    ask("GET", "experiment-run/getAttributes", {"id": run, "get_all": "True"})
    ask("GET", "experiment-run/getAttributes", {"id": run, "attribute_keys": ["k", "m"]})
    seen = ask("GET", "experiment-run/getObservations", {"id": run, "observation_key": "loss"})["observations"]
    server.same("epochs", [one["epoch_number"] for one in seen], [0, 1, 7])
    ask("GET", "experiment-run/getObservations", {"id": run}, 400)
    page = {"page_number": 1, "page_limit": 1, "ascending": "true", "sort_key": "name"}
    ask("GET", "experiment-run/getExperimentRunsInProject", {"project_id": place["project_id"], **page})
    ask("GET", "experiment-run/getExperimentRunsInExperiment", {"experiment_id": place["experiment_id"], **page})
    ask("GET", "experiment-run/getExperimentRunsInExperiment", {"experiment_id": "none"}, 404)
    for key, value, operator, count in [("metrics.auc", 0.9, "EQ", 1), ("tags", "MAIN", 0, 1), ("attributes.k", "v", "EQ", 1), ("name", "t", "CONTAIN", 1),
                                        ("end_time", "9", "EQ", 1), ("experiment.name", "exp", "EQ", 2), ("datasets.train", "x", "EQ", 0)]:
        predicate = {"key": key, "value": value, "operator": operator}
        found = ask("POST", "experiment-run/findExperimentRuns", {**place, "predicates": [predicate], "ids_only": key == "tags"})
        server.same(f"runs by {key}", len(found.get("experiment_runs", [])), count)
    ask("POST", "experiment-run/findExperimentRuns", {**place, "predicates": [{"key": "color", "value": "x"}]}, 400)
    ask("POST", "experiment-run/findExperimentRuns", {**place, "sort_key": "color"}, 400)
    server.same("no runs", ask("POST", "experiment-run/findExperimentRuns", {"project_id": "none"}), {})
    found = ask("POST", "experiment-run/findExperimentRuns", {**place, "unheard_of": 1, "page_limit": 1}, loose=True)
    server.same("a limit without a page", found["total_records"], "2")


def deletes(server, run):
    ask = server.ask
    ask("DELETE", "experiment-run/deleteExperimentRunTag", {"id": run, "tag": "x"})
    ask("DELETE", "experiment-run/deleteExperimentRunTags", {"id": run, "tags": ["y"]})
    ask("DELETE", "experiment-run/deleteExperimentRunTags", {"id": run}, 500)
    ask("DELETE", "experiment-run/deleteMetrics", {"id": run, "metric_keys": ["k"]})
    ask("DELETE", "experiment-run/deleteHyperparameters", {"id": run, "hyperparameter_keys": ["k"]})
    ask("DELETE", "experiment-run/deleteExperimentRunAttributes", {"id": run, "attribute_keys": ["k"]})
    ask("DELETE", "experiment-run/deleteExperimentRunAttributes", {"id": run, "keys": ["m"]}, loose=True)
    server.same("attributes after a misspelt field", ask("GET", "experiment-run/getAttributes", {"id": run, "get_all": "true"}), {})
    ask("DELETE", "experiment-run/deleteObservations", {"id": run, "observation_keys": ["loss"]})
    ask("DELETE", "experiment-run/deleteExperimentRun", {"id": run})
    ask("DELETE", "experiment-run/deleteExperimentRuns", {"ids": [run]})
    ask("DELETE", "experiment-run/deleteExperimentRuns", {}, 400)


class Replay:
    """The recorded requests, with the ids that this server gave."""

    def __init__(self, server, exchanges):
        self.server, self.exchanges, self.ids = server, exchanges, {}

    def all(self):
        for one in self.exchanges:
            if "getExperimentRunById" in one["target"]:
                self.others(one["response"]["experiment_run"]["id"])
            self.exchange(one)

    def others(self, last):
        """The recording has one run's writes in full; the client made three more like it, of which it has only the answers."""
        found = next(one["response"]["experiment_runs"] for one in self.exchanges if "metrics.accuracy" in str(one["body"]) and one["body"]["page_limit"] == 100
                     and not one["body"]["predicates"] and not one["body"]["experiment_run_ids"])
        writes = [one for one in self.exchanges if one["method"] == "POST" and "/experiment-run/" in one["target"] and "find" not in one["target"]]
        first = next(run for run in found if run["name"] == "run0")
        for run in sorted(found, key=lambda run: run["name"]):
            values = {pair["key"]: pair["value"] for pair in run["metrics"]}
            for one in writes:
                again = copy.deepcopy(one)
                body = again["body"]
                if run["id"] == first["id"] and "observation" not in body:
                    continue
                body.update({"name": run["name"]} if "name" in body else {"id": run["id"]})
                if "metric" in body:
                    body["metric"]["value"] = values["accuracy"]
                if "createExperimentRun" in one["target"]:
                    again["response"]["experiment_run"].update({"id": run["id"], "name": run["name"]})
                if "observation" not in body:
                    self.exchange(again, loosely=True)
                    continue
                for seen in run["observations"][1 if run["id"] == first["id"] else 0:]:
                    body["observation"] = copy.deepcopy(seen)
                    self.exchange(again)
        assert last in self.ids

    def exchange(self, one, loosely=False):
        where = f"replayed {one['method']} {one['target'].split('?')[0]}"
        target = self.here(one["target"])
        body = None if one["body"] is None else json.loads(self.here(json.dumps(one["body"])))
        status, kind, text = self.server.raw(one["method"], target, body, one["headers"])
        self.server.same(where + ": status", status, one["status"])
        if isinstance(one["response"], str):
            self.server.same(where + ": type", kind.split(";")[0], "text/html")
            return
        value = json.loads(text)
        self.learn(one["response"], value)
        if not loosely:
            self.server.same(where, stable(value), stable(json.loads(self.here(json.dumps(one["response"])))))

    def learn(self, recorded, found):
        """What is called by one id there and by another one here."""
        for name, inner in recorded.items():
            if isinstance(inner, dict) and isinstance(found.get(name), dict) and inner.get("id") not in self.ids and "id" in inner:
                self.ids[inner["id"]] = found[name].get("id", "")

    def here(self, text):
        return ID.sub(lambda match: self.ids.get(match.group(), match.group()), text)


def stable(value):
    """Without what differs each time, and the times of what was logged. The order of attributes and the like makes no difference."""
    if isinstance(value, dict):
        return {name: stable(inner) for name, inner in value.items() if name not in UNSTABLE and name != "timestamp"}
    if isinstance(value, list):
        return [stable(item) for item in value]
    return value


def default_binary():
    cache = os.environ.get("PROOFMARK_CACHE", str(pathlib.Path.home() / ".cache/proofmark"))
    return str(pathlib.Path(os.environ.get("CARGO_TARGET_DIR", cache + "/target")) / "debug" / "fake_modeldb")


def main(arguments):
    binary = arguments[0] if arguments else default_binary()
    if not pathlib.Path(binary).exists():
        sys.exit(f"{binary} is missing: cargo build -p proofmark-testkit --bin fake_modeldb")
    description, violations, count = Description(), [], 0
    for form in PREFIXES:
        with Server(binary, description, form) as server:
            walk(server)
            violations += server.violations
            count += server.count
    exchanges = json.loads((SPECS / "client-exchanges.json").read_text(encoding="utf-8"))["exchanges"]
    with Server(binary, description, "--front-end", "--key", "me@x.io", "key-1") as server:
        Replay(server, exchanges).all()
        violations += server.violations
    for text in sorted(set(violations)):
        print(text)
    print(f"{count} exchanges checked, {len(exchanges)} recorded ones replayed")
    if violations:
        sys.exit(1)


if __name__ == "__main__":
    main(sys.argv[1:])
