"""What the end-to-end programs of this folder share: a project in git, real servers that have its runs, and runs of the binary.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import functools
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from judging import Project
from rig import ApiServer, Mlmd, compile_pipeline, start_apiserver, start_mlmd

# `judging` makes this importable.
from support import Run, World, strict  # isort: skip

EXPERIMENT = "churn"
FILE = f"kubeflow:{EXPERIMENT}"
SOURCE = f"""\
[[kubeflow]]
experiment = "{EXPERIMENT}"
"""
RULE = """\
[[rule]]
metric = "train.accuracy"
max_regression_abs = 0.01
"""
#: Each commit is trained by a version of the pipeline that is called like it.
START = f"""\
file = "pipeline.yaml"
pipeline = "churn"
version = "{{{{ event.head.commit }}}}"
experiment = "{EXPERIMENT}"
parameters = {{ git_sha = "{{{{ event.head.commit }}}}", rows = "500" }}
"""
TRIGGER = f"""\
[[trigger]]
name = "train"
on = "push"
[trigger.start.kubeflow]
{START}"""

#: Who may see which namespace, and whose token is whose.
GRANTS = {"ada": ["team"], "bob": ["others"]}
TOKENS = {"t0ken-of-ada": "ada", "t0ken-of-ada-again": "ada", "t0ken-of-bob": "bob"}

Task = Mapping[str, Any]


@functools.cache
def pipeline() -> str:
    """The compiled pipeline."""
    with tempfile.TemporaryDirectory() as folder:
        return compile_pipeline(Path(folder)).read_text()


def task(name: str, metrics: Mapping[str, Any], **more: Any) -> Task:
    return {"name": name, "outputs": {"metrics": {"values": metrics}}, **more}


class Lab(Project):
    """`main` and a branch `change` with one commit, and Kubeflow Pipelines with its metadata store behind its UI."""

    def __init__(self, world: World, policy: str = "", *, users: bool = False) -> None:
        super().__init__(world, FILE, {"proofmark.toml": policy or SOURCE + RULE + TRIGGER, "pipeline.yaml": pipeline()})
        self.users = users
        self.apis: ApiServer = start_apiserver(multi_user=True, grants=GRANTS, tokens=TOKENS) if users else start_apiserver()
        self.ui: Mlmd = start_mlmd(self.apis.url)
        self.variables["KF_PIPELINES_ENDPOINT"] = f"{self.ui.url}/pipeline"
        self.headers: dict[str, str] = {}
        if users:
            self.variables |= {"KF_PIPELINES_NAMESPACE": "team", "KF_PIPELINES_TOKEN": "t0ken-of-ada"}
            self.headers["Authorization"] = "Bearer t0ken-of-ada"

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.ui.stop()
        self.apis.stop()

    def trigger(self, revision: str, *more: str, code: int | Sequence[int] = 0, variables: Mapping[str, str] | None = None) -> Run:
        return self.run(*self.push(revision), *more, code=code, variables=variables)

    @staticmethod
    def push(revision: str) -> list[str]:
        """The arguments for one commit that was pushed."""
        branch = revision.split("~")[0]
        return ["trigger", "--event", "push", "--from", f"{revision}~1", "--to", revision, "--branch", branch]

    # What the servers do.

    @property
    def runs(self) -> list[dict[str, Any]]:
        """All runs, newest first."""
        query = {"sort_by": "created_at desc", "page_size": "100"} | ({"namespace": "team"} if self.users else {})
        return self.apis.ask("GET", "runs", headers=self.headers, **query).json.get("runs", [])

    def start(self, revision: str, *more: str) -> str:
        """The run that a push of a commit starts."""
        document = strict(self.trigger(revision, *more, "--format", "json").stdout)
        (started,) = document["started"]
        (step,) = started["steps"]
        assert step["origin"] == "new", step
        return step["id"]

    def finish(self, tasks: Mapping[str, Sequence[Task]]) -> None:
        """Runs that end well, and what the launchers of their tasks wrote."""
        for run in tasks:
            self.apis.move(run, "Running")
            self.apis.move(run, "Succeeded")
        self.ui.launch([{"run": run, "pipeline": "churn", "tasks": list(of_run)} for run, of_run in tasks.items()])

    def train(self, revision: str, accuracy: float, *more: str) -> str:
        """A run of a commit from its start to its end."""
        run = self.start(revision, *more)
        self.finish({run: [task("train", {"accuracy": accuracy, "loss": 1 - accuracy})]})
        return run

    def train_both(self, base: float, head: float) -> tuple[str, str]:
        return self.train("main", base), self.train("change", head)

    def wait_for(self, state: str, run: str = "") -> str:
        """Waits until a run, or this one, is in a state."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for found in self.runs:
                if found.get("state") == state and run in ("", found["run_id"]):
                    return found["run_id"]
            time.sleep(0.02)
        raise AssertionError(f"no run is {state}: {self.runs}")
