"""What the end-to-end programs of this folder share: a project in git, the fake ModelDB that its runs are logged to, and runs of the
binary.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import atexit
import functools
import json
import os
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

# Behind this folder, which has modules of the same names.
sys.path.append(str(Path(__file__).resolve().parents[1] / "kubeflow"))

from judging import Project

# `judging` makes this importable.
from support import World  # isort: skip

PROJECT = "churn"
SOURCE = f"""\
[[modeldb]]
project = "{PROJECT}"
"""
RULE = """\
[[rule]]
metric = "accuracy"
max_regression_abs = 0.01
"""
#: What paths begin with at the web front end and at the proxy behind it.
FORMS = {"--front-end": "/api/v1/modeldb/", "--proxy": "/v1/"}
START = 1_700_000_000_000


class Server:
    """A fake ModelDB, and its API as a training script uses it."""

    def __init__(self, form: str = "--front-end", *arguments: str, headers: dict[str, str] | None = None) -> None:
        binary = os.environ.get("PROOFMARK_FAKE_MODELDB") or sys.exit(
            "PROOFMARK_FAKE_MODELDB must name it (`bash tests/run.sh modeldb` does)"
        )
        command = [binary, *([form] if form == "--proxy" else []), *arguments]
        self.program = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.program.stdout
        atexit.register(self.stop)
        self.url = self.program.stdout.readline().strip()
        self.prefix, self.headers = FORMS[form], headers or {}
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def stop(self) -> None:
        if self.program.stdin and not self.program.stdin.closed:
            self.program.stdin.close()
            self.program.wait(10)
        atexit.unregister(self.stop)

    def ask(self, method: str, call: str, body: Any = None) -> Any:
        request = urllib.request.Request(self.url + self.prefix + call, method=method, data=json.dumps(body).encode())
        for name, value in {"Content-Type": "application/json", **self.headers}.items():
            request.add_header(name, value)
        try:
            with self.opener.open(request, timeout=30) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as error:
            raise AssertionError(f"{call}: {error.code} {error.read()!r}") from None

    @functools.cached_property
    def project(self) -> str:
        return self.ask("POST", "project/createProject", {"name": PROJECT, "workspace_name": "personal"})["project"]["id"]

    @functools.cache  # noqa: B019 (it lives as long as its case)
    def experiment(self, name: str = "nightly") -> str:
        return self.ask("POST", "experiment/createExperiment", {"project_id": self.project, "name": name})["experiment"]["id"]


class Lab(Project):
    """The project in git, and a ModelDB that its runs are logged to."""

    def __init__(self, world: World, *lines: str, server: Server | None = None, rule: str = RULE) -> None:
        policy = "\n".join([SOURCE.rstrip(), *lines, "", rule])
        super().__init__(world, f"modeldb:{PROJECT}", {"proofmark.toml": policy})
        self.server = server or Server()
        self.count = 0
        self.variables["VERTA_HOST"] = self.server.url

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.server.stop()

    def log(self, name: str, metrics: dict[str, Any], *, experiment: str = "nightly", ended: bool = True, **more: Any) -> str:
        """A run with what `createExperimentRun` takes; `snapshot` is its code's version."""
        self.count += 1
        started = START + self.count * 60_000
        times = {"date_created": str(started), "start_time": str(started)} | ({"end_time": str(started + 30_000)} if ended else {})
        about = {"project_id": self.server.project, "experiment_id": self.server.experiment(experiment), "name": name}
        pairs = {key: listed(more.pop(key, {})) for key in ("attributes", "hyperparameters")} | {"metrics": listed(metrics)}
        snapshot = more.pop("snapshot", None)
        run = self.server.ask("POST", "experiment-run/createExperimentRun", {**about, **times, **pairs, **more})["experiment_run"]["id"]
        if snapshot:
            version = {"git_snapshot": snapshot}
            self.server.ask("POST", "experiment-run/logExperimentRunCodeVersion", {"id": run, "code_version": version})
        return run

    def train(self, revision: str, accuracy: float, name: str = "", **more: Any) -> str:
        """A run that says by its attribute which commit it is of."""
        attributes = {"git_sha": self.commit(revision), **more.pop("attributes", {})}
        return self.log(name or f"of {revision}", {"accuracy": accuracy}, attributes=attributes, **more)

    def train_both(self, base: float, head: float) -> tuple[str, str]:
        return self.train("main", base), self.train("change", head)


def listed(pairs: dict[str, Any]) -> list[dict[str, Any]]:
    return [{"key": key, "value": value} for key, value in pairs.items()]
