#!/usr/bin/env python
"""What it costs to compare the runs of two branches, beside MLflow's own client in Python on the same stores in the same minutes.

    PROOFMARK_BIN=... PROOFMARK_MLFLOW_PYTHON=... python tests/bench/mlflow.py [--runs N] [--loose] [--json FILE]

Three stores: a server over a database of 10,000 runs, that database without its server, and a folder of 1,000 runs. Ours is
`proofmark compare` of two branches; `extra` is what that takes beyond the same repository without runs. MLflow's client does the part
that concerns it: the experiment by its name, and the runs of each commit. Programs take turns; figures are medians of whole processes.
The exit code is 1 when a bar is missed. `--loose` doubles the bars.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "mlflow"))

from faulty import Proxy  # noqa: E402
from server import Server, clean_environment, python  # noqa: E402
from starter import Runs, Starter  # noqa: E402
from world import BRANCH, COMMIT  # noqa: E402

from support import Repo, World  # noqa: E402  # isort: skip

EXPERIMENT = "churn"
IN_DATABASE, IN_FOLDER, METRICS, PARAMS = 10_000, 1_000, 10, 5
START = 1_700_000_000_000

#: The same in Python, as its documentation has it.
CLIENT = """\
import sys
from mlflow.tracking import MlflowClient
uri, name, *commits = sys.argv[1:]
client = MlflowClient(uri)
experiment = client.get_experiment_by_name(name)
for commit in commits:
    wanted = f"attributes.status = 'FINISHED' AND tags.`mlflow.source.git.commit` = '{commit}'"
    (run,) = client.search_runs([experiment.experiment_id], wanted, order_by=["start_time DESC"], max_results=10)
    assert len(run.data.metrics) == 10
"""


@dataclass
class Case:
    """One store. The bar is on the processor's time where a server does most of the work, else on the clock's."""

    name: str
    uri: str
    bar: float
    of_processor: bool = False
    requests: int | None = None
    ours: Runs = field(default_factory=Runs)
    without: Runs = field(default_factory=Runs)
    client: Runs = field(default_factory=Runs)

    @property
    def extra(self) -> float:
        return self.ours.cpu - self.without.cpu if self.of_processor else self.ours.wall - self.without.wall

    def kept(self, factor: float) -> bool:
        return self.extra <= self.bar * factor and (self.requests is None or self.requests <= 4)

    def cells(self, factor: float) -> list[str]:
        promised = f"{self.bar * factor:g} ms" + (" of processor, 4 requests" if self.of_processor else "")
        bar = f"{'kept' if self.kept(factor) else 'MISSED'} ({promised})"
        ours = [f"{self.ours.wall:.1f}", f"{self.ours.cpu:.1f}", f"{self.ours.mib:.0f}", f"{self.extra:.1f}"]
        client = [f"{self.client.wall:.0f}", f"{self.client.cpu:.0f}", f"{self.client.mib:.0f}"]
        requests = "-" if self.requests is None else str(self.requests)
        ratio = [f"{self.client.wall / self.ours.wall:.0f}x", f"{self.client.cpu / self.ours.cpu:.0f}x"]
        return [self.name, *ours, requests, *client, *ratio, bar]


HEADER = ["store", "ours ms", "cpu ms", "MiB", "extra ms", "requests", "MLflow ms", "cpu ms", "MiB", "faster", "cpu", "bar"]


# Stores, filled past MLflow since through it they would take an hour.


@dataclass
class Logged:
    """What a run says."""

    run: str
    number: int
    commit: str
    branch: str

    @property
    def tags(self) -> dict[str, str]:
        return {COMMIT: self.commit, BRANCH: self.branch, "mlflow.runName": self.name, "mlflow.user": "ci", "mlflow.source.type": "JOB"}

    @property
    def name(self) -> str:
        return f"run-{self.number}"

    @property
    def started(self) -> int:
        return START + self.number * 60_000


def runs(count: int, commits: dict[str, str]) -> Iterator[Logged]:
    """The two that are looked for stand somewhere in the middle."""
    chance = random.Random(7)
    wanted = {count // 2: "main", count // 2 + count // 4: "change"}
    for number in range(count):
        name = wanted.get(number)
        commit = commits[name] if name else f"{chance.getrandbits(160):040x}"
        yield Logged(uuid.UUID(int=chance.getrandbits(128)).hex, number, commit, name or f"feature/{number % 97}")


def made_by_mlflow(uri: str) -> list[str]:
    """An empty experiment with one run, whose form the others have; says its id and that of the run."""
    script = (
        "import sys; from mlflow.tracking import MlflowClient; c = MlflowClient(sys.argv[1]); e = c.create_experiment(sys.argv[2]);"
        "r = c.create_run(e, run_name='first').info.run_id; c.log_metric(r, 'm0', 1.0); c.set_terminated(r, 'FAILED');"
        "print(e, r)"
    )
    command = [python(), "-c", script, uri, EXPERIMENT]
    environment = clean_environment({"MLFLOW_ALLOW_FILE_STORE": "true"})
    return subprocess.run(command, env=environment, check=True, capture_output=True, text=True).stdout.split()[-2:]


def fill_database(path: Path, commits: dict[str, str]) -> None:
    experiment, first = made_by_mlflow(f"sqlite:///{path}")
    database = sqlite3.connect(path)
    database.row_factory = sqlite3.Row
    template = dict(database.execute("SELECT * FROM runs WHERE run_uuid = ?", [first]).fetchone())
    chance = random.Random(8)

    def insert(table: str, rows: Iterator[dict[str, Any]]) -> None:
        head = next(rows)
        columns, marks = ", ".join(f'"{name}"' for name in head), ", ".join("?" * len(head))
        values = [tuple(head.values()), *(tuple(row.values()) for row in rows)]
        database.executemany(f"INSERT INTO {table} ({columns}) VALUES ({marks})", values)

    def each() -> Iterator[Logged]:
        return runs(IN_DATABASE, commits)

    own = {"status": "FINISHED", "lifecycle_stage": "active"}
    insert("runs", (template | own | {"run_uuid": run.run, "name": run.name, "start_time": run.started} for run in each()))
    insert("tags", ({"key": key, "value": value, "run_uuid": run.run} for run in each() for key, value in run.tags.items()))
    insert("params", ({"key": f"p{n}", "value": str(n), "run_uuid": run.run} for run in each() for n in range(PARAMS)))
    points = [
        {"key": f"m{n}", "value": chance.random(), "timestamp": run.started, "step": 9, "is_nan": 0, "run_uuid": run.run}
        for run in each()
        for n in range(METRICS)
    ]
    insert("latest_metrics", iter(points))
    insert("metrics", iter(points))
    database.commit()
    database.close()


def fill_folder(path: Path, commits: dict[str, str]) -> None:
    experiment, first = made_by_mlflow(str(path))
    template = (path / experiment / first / "meta.yaml").read_text()
    chance = random.Random(9)
    for run in runs(IN_FOLDER, commits):
        folder = path / experiment / run.run
        for kind in ("artifacts", "metrics", "params", "tags"):
            (folder / kind).mkdir(parents=True)
        told = template.replace(first, run.run).replace("run_name: first", f"run_name: {run.name}").replace("status: 4", "status: 3")
        lines = [f"start_time: {run.started}" if line.startswith("start_time") else line for line in told.splitlines()]
        (folder / "meta.yaml").write_text("\n".join(lines) + "\n")
        for key, value in run.tags.items():
            (folder / "tags" / key).write_text(value)
        for number in range(PARAMS):
            (folder / "params" / f"p{number}").write_text(str(number))
        for number in range(METRICS):
            (folder / "metrics" / f"m{number}").write_text(f"{run.started} {chance.random()} 9\n")


# Measuring.


class Bench:
    def __init__(self, world: World) -> None:
        self.world = world
        source = f'[[mlflow]]\nexperiment = "{EXPERIMENT}"\n'
        self.repo, self.plain = self.repository("with", source), self.repository("without", "")
        self.commits = {name: self.repo.git("rev-parse", name).stdout.strip() for name in ("main", "change")}
        (world.folder / "client.py").write_text(CLIENT)
        self.starter = Starter()

    def repository(self, name: str, policy: str) -> Repo:
        repo = Repo(self.world, name)
        repo.commit("Set up", {"proofmark.toml": policy, "metrics.json": '{"auc": 0.9}\n'})
        return repo.branch("change").commit("Change", {"metrics.json": '{"auc": 0.91}\n'})

    def start(self, command: list[str], folder: Path, environment: dict[str, str], runs: Runs) -> None:
        runs.append(self.starter.run(command, folder, environment))

    def ours(self, repo: Repo, uri: str, runs: Runs) -> None:
        environment = self.world.environment | {"MLFLOW_TRACKING_URI": uri}
        binary = os.path.realpath(os.environ["PROOFMARK_BIN"])
        self.start([binary, "compare", "main", "change"], repo.path, environment, runs)

    def client(self, uri: str, runs: Runs) -> None:
        environment = clean_environment({"MLFLOW_ALLOW_FILE_STORE": "true"})
        command = [python(), str(self.world.folder / "client.py"), uri, EXPERIMENT, self.commits["main"], self.commits["change"]]
        self.start(command, self.world.folder, environment, runs)

    def measure(self, case: Case, times: int, clients: int) -> None:
        self.does_the_same(case.uri)
        for runs in (Runs(), Runs()):
            self.ours(self.repo, case.uri, runs)
            self.ours(self.plain, case.uri, runs)
        for number in range(times):
            self.ours(self.repo, case.uri, case.ours)
            self.ours(self.plain, case.uri, case.without)
            if number < clients:
                self.client(case.uri, case.client)

    def does_the_same(self, uri: str) -> None:
        """What is measured is the comparison of the two runs."""
        command = ("proofmark", "compare", "main", "change", "--format", "json")
        document = json.loads(self.repo.run(*command, variables={"MLFLOW_TRACKING_URI": uri}).stdout)
        rows = [row for row in document["comparison"]["metrics"] if row["file"] == f"mlflow:{EXPERIMENT}"]
        assert len(rows) == METRICS and all(row["base"] != row["head"] for row in rows), rows
        (tracked,) = document["comparison"]["tracked"]
        assert [len(tracked[side]["runs"]) for side in ("base", "head")] == [1, 1], tracked

    def count(self, url: str) -> int:
        with Proxy(url) as proxy:
            self.does_the_same(proxy.url)
            return len(proxy.requests)

    def close(self) -> None:
        self.starter.close()


def print_table(rows: list[list[str]]) -> None:
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    for line in rows:
        cells = [
            text.ljust(width) if column in (0, len(line) - 1) else text.rjust(width)
            for column, (text, width) in enumerate(zip(line, widths, strict=True))
        ]
        print("  ".join(cells).rstrip())


def main() -> int:
    arguments = read_arguments()
    world = World()
    factor = 2.0 if arguments.loose else 1.0
    try:
        bench = Bench(world)
        (world.folder / "server").mkdir()
        fill_database(world.folder / "server/mlflow.db", bench.commits)
        fill_folder(world.folder / "mlruns", bench.commits)
        with Server(world.folder / "server") as server:
            rest = Case(f"server, {IN_DATABASE} runs", server.url, 15, of_processor=True, requests=bench.count(server.url))
            bench.measure(rest, arguments.runs, arguments.clients)
        cases = [
            rest,
            Case(f"database, {IN_DATABASE} runs", f"sqlite:///{world.folder}/server/mlflow.db", 20),
            Case(f"folder, {IN_FOLDER} runs", str(world.folder / "mlruns"), 100),
        ]
        for case in cases[1:]:
            bench.measure(case, arguments.runs, arguments.clients)
        bench.close()
    finally:
        shutil.rmtree(world.folder, ignore_errors=True)
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{arguments.runs} runs of ours, {arguments.clients} of MLflow's client; {load}\n")
    print_table([HEADER, *(case.cells(factor) for case in cases)])
    if arguments.json:
        names = ("rest", "database", "folder")
        told = {name: {"extra_ms": round(case.extra, 2)} for name, case in zip(names, cases, strict=True)}
        Path(arguments.json).write_text(json.dumps(told, indent=2) + "\n")
    return 0 if all(case.kept(factor) for case in cases) else 1


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--clients", type=int, default=3, help="how often MLflow's client runs")
    parser.add_argument("--loose", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="write our figures there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
