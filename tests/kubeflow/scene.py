"""What the end-to-end programs of this folder share: a project in git, real servers that have its runs, and runs of the binary.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import functools
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "e2e"))
# Behind this folder, which has modules of the same names.
sys.path.append(str(Path(__file__).resolve().parents[1] / "mlflow"))

from rig import ApiServer, Mlmd, compile_pipeline, start_apiserver, start_mlmd

from support import TIMEOUT, Repo, Run, World, strict  # isort: skip

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
#: Nothing here is far away.
QUICK = {"PROOFMARK_SETTLING_MILLISECONDS": "200", "PROOFMARK_NETWORK_SECONDS": "10"}

Task = Mapping[str, Any]


@functools.cache
def pipeline() -> str:
    """The compiled pipeline."""
    with tempfile.TemporaryDirectory() as folder:
        return compile_pipeline(Path(folder)).read_text()


def task(name: str, metrics: Mapping[str, Any], **more: Any) -> Task:
    return {"name": name, "outputs": {"metrics": {"values": metrics}}, **more}


def world_in(world: World, name: str) -> World:
    """The same world with another folder for repositories."""
    inner: World = object.__new__(World)
    inner.folder, inner.environment = world.folder / name, world.environment
    inner.folder.mkdir()
    return inner


class Lab:
    """`main` and a branch `change` with one commit, and Kubeflow Pipelines with its metadata store behind its UI."""

    def __init__(self, world: World, policy: str = "", *, users: bool = False) -> None:
        self.world, self.users = world, users
        self.apis: ApiServer = start_apiserver(multi_user=True, grants=GRANTS, tokens=TOKENS) if users else start_apiserver()
        self.ui: Mlmd = start_mlmd(self.apis.url)
        self.repo = Repo(world, "project")
        self.repo.commit("Set up", {"proofmark.toml": policy or SOURCE + RULE + TRIGGER, "pipeline.yaml": pipeline()})
        self.repo.commit("Train deeper", {"params.json": '{"depth": 6}\n'})
        self.repo.branch("change").commit("Train wider", {"params.json": '{"width": 6}\n'})
        self.variables = {"KF_PIPELINES_ENDPOINT": f"{self.ui.url}/pipeline", **QUICK}
        self.headers: dict[str, str] = {}
        if users:
            self.variables |= {"KF_PIPELINES_NAMESPACE": "team", "KF_PIPELINES_TOKEN": "t0ken-of-ada"}
            self.headers["Authorization"] = "Bearer t0ken-of-ada"

    def __enter__(self) -> Lab:
        return self

    def __exit__(self, *_: object) -> None:
        self.ui.stop()
        self.apis.stop()

    def commit(self, revision: str) -> str:
        return self.repo.git("rev-parse", revision).stdout.strip()

    # The binary.

    def command(self, *arguments: str, variables: Mapping[str, str] | None = None) -> dict[str, Any]:
        """What starts it, for `subprocess`; an empty variable is none."""
        environment = self.world.environment | self.variables | dict(variables or {})
        environment = {name: value for name, value in environment.items() if value}
        given: dict[str, Any] = {"cwd": self.repo.path, "env": environment, "stdin": subprocess.DEVNULL, "text": True, "encoding": "utf-8"}
        return {"args": ["proofmark", *arguments], **given}

    def run(self, *arguments: str, code: int | Sequence[int] = 0, variables: Mapping[str, str] | None = None) -> Run:
        done = subprocess.run(**self.command(*arguments, variables=variables), capture_output=True, timeout=TIMEOUT, check=False)
        run = Run(done.args, done.returncode, done.stdout, done.stderr)
        codes = (code,) if isinstance(code, int) else code
        assert run.returncode in codes, f"{' '.join(arguments)} ended with {run.returncode}, not {code}\n{run.told}"
        return run

    def gate(self, code: int | Sequence[int], *more: str, **variables: str) -> Gate:
        done = self.run("gate", "main", "change", *more, "--format", "json", code=code, variables=variables)
        people = self.run("gate", "main", "change", *more, code=code, variables=variables)
        return Gate(strict(done.stdout) if done.stdout.strip() else {}, people.told)

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
        """Waits until the newest run, or this one, is in a state."""
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            for found in self.runs[:1] if not run else self.runs:
                if (not run or found["run_id"] == run) and found.get("state") == state:
                    return found["run_id"]
            time.sleep(0.02)
        raise AssertionError(f"no run is {state}: {self.runs}")


class Gate:
    """What the gate said, as a document and to people."""

    def __init__(self, report: dict[str, Any], told: str) -> None:
        self.report, self.told = report, told

    def side(self, side: str) -> dict[str, Any]:
        (tracked,) = self.report["comparison"]["tracked"]
        return tracked[side]

    def runs(self, side: str = "head") -> list[str]:
        return [run["id"] for run in self.side(side)["runs"]]

    def aside(self, side: str = "head") -> str:
        return str(self.side(side).get("set_aside", ""))

    def values(self, metric: str) -> tuple[Any, Any]:
        (row,) = [row for row in self.report["comparison"]["metrics"] if row["file"] == FILE and row["key"] == metric]
        return row.get("base"), row.get("head")

    @property
    def keys(self) -> set[str]:
        return {row["key"] for row in self.report["comparison"]["metrics"] if row["file"] == FILE}


def main(cases: list[Callable[[World], None]]) -> int:
    """Runs every case that an argument is a part of the name of, each in a world of its own; the folder of one that fails is kept."""
    chosen = [case for case in cases if not sys.argv[1:] or any(part in case.__name__ for part in sys.argv[1:])]
    began, failed = time.monotonic(), 0
    for case in chosen:
        started, world = time.monotonic(), World()
        try:
            case(world)
            outcome = "ok"
            world.remove()
        except Exception:  # noqa: BLE001 (the next case has its own world)
            traceback.print_exc()
            outcome, failed = f"FAILED, see {world.folder}", failed + 1
        print(f"{case.__name__:<60} {time.monotonic() - started:5.1f} s  {outcome}", flush=True)
    print(f"{len(chosen) - failed} passed, {failed} failed, {time.monotonic() - began:.0f} s")
    return 1 if failed or not chosen else 0
