#!/usr/bin/env python
"""What it costs to compare the runs of two commits in an experiment of 10,000 runs, beside Kubeflow's own client on the same server in the
same minutes.

    PROOFMARK_BIN=... PROOFMARK_FAKE_KUBEFLOW=... PROOFMARK_KUBEFLOW_PYTHON=... python tests/bench/kubeflow.py \\
        [--runs N] [--clients N] [--loose] [--json FILE]

The server is the fake one of the testkit, built for release, since a real one would have to be filled for hours; what it answers is checked
against Kubeflow's own description of its API (tests/kubeflow/openapi.py). Ours is `proofmark compare` of two branches, metrics and all.
The client of kfp does the part that it has calls for: it goes through the lists, as long as both commits are not found, and gets the two
runs. It has no way to their metrics, which the package ml-metadata reads past the UI and which cannot be installed beside it: so it does
less than ours does. Programs take turns; figures are of whole processes. The bar: ours is not slower. `--loose` lets it take twice as long.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path[0:0] = [str(Path(__file__).resolve().parents[1] / folder) for folder in ("e2e", "mlflow")]

from faulty import Proxy  # noqa: E402
from starter import Runs, Starter  # noqa: E402
from support import Repo, World  # noqa: E402

EXPERIMENT = "churn"
#: One less than are looked through at most.
RUNS, METRICS = 9_999, 10

#: The same in Python, as its documentation has it.
CLIENT = """\
import sys, warnings
warnings.filterwarnings("ignore")
import kfp
url, name, *commits = sys.argv[1:]
client = kfp.Client(host=url)
experiment = client.get_experiment(experiment_name=name).experiment_id
found, token = {}, ""
while True:
    page = client.list_runs(page_token=token, page_size=200, sort_by="created_at desc", experiment_id=experiment)
    for run in page.runs or []:
        commit = ((run.runtime_config and run.runtime_config.parameters) or {}).get("git_sha")
        if commit in commits and run.state == "SUCCEEDED":
            found.setdefault(commit, run.run_id)
    token = page.next_page_token
    if not token or len(found) == len(commits):
        break
assert [client.get_run(found[commit]).run_id for commit in commits] == [found[commit] for commit in commits]
"""


@dataclass
class Figures:
    """Of one program."""

    name: str
    runs: Runs = field(default_factory=Runs)
    requests: int = 0

    def cells(self) -> list[str]:
        fastest, slowest = (chosen(run.seconds for run in self.runs) * 1000 for chosen in (min, max))
        numbers = (fastest, self.runs.wall, slowest, self.runs.cpu, self.runs.mib)
        return [self.name, *(f"{number:.0f}" for number in numbers), str(self.requests)]


HEADER = ["", "min ms", "median", "max", "cpu ms", "MiB", "requests"]


class Server:
    """The fake Kubeflow, and what a test tells it."""

    def __init__(self) -> None:
        binary = os.environ.get("PROOFMARK_FAKE_KUBEFLOW") or sys.exit(
            "PROOFMARK_FAKE_KUBEFLOW must name it (`bash tests/run.sh bench` does)"
        )
        self.program = subprocess.Popen([binary], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert self.program.stdout
        self.url = self.program.stdout.readline().strip()
        self.opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))

    def ask(self, path: str, body: Any = None) -> Any:
        request = urllib.request.Request(f"{self.url}/_test/{path}", data=None if body is None else json.dumps(body).encode())
        with self.opener.open(request, timeout=60) as answer:
            return json.load(answer)

    def fill(self, commits: list[str]) -> None:
        """The two runs that are looked for stand somewhere in the middle."""
        experiment = self.ask("experiments", {"name": EXPERIMENT})["experiment_id"]
        others, half = RUNS - len(commits), RUNS // 2

        def put(name: str, commit: str, seed: int, copies: int = 0) -> None:
            values = [[f"m{number}", 0.5 + seed / 100 + number / 1000] for number in range(METRICS)]
            task = {"name": "train", "outputs": [{"key": "metrics", "kind": "system.Metrics", "values": values}]}
            run = {"name": name, "parameters": {"git_sha": commit, "rows": 500, "depth": 6}, "script": {"tasks": [task]}}
            self.ask("runs", {"experiment": experiment, "run": run, "copies": copies})

        put("early", "0" * 40, 0, half)
        put("of-base", commits[0], 1)
        put("between", "0" * 40, 0, half // 2)
        put("of-head", commits[1], 2)
        put("late", "0" * 40, 0, others - half - half // 2)

    def stop(self) -> None:
        assert self.program.stdin
        self.program.stdin.close()
        self.program.wait(10)


class Bench:
    def __init__(self, world: World, server: Server) -> None:
        self.world, self.server = world, server
        self.repo = Repo(world, "project")
        self.repo.commit("Set up", {"proofmark.toml": f'[[kubeflow]]\nexperiment = "{EXPERIMENT}"\n'})
        self.repo.branch("change").commit("Change", {"README.md": "Words.\n"})
        self.commits = [self.repo.git("rev-parse", name).stdout.strip() for name in ("main", "change")]
        (world.folder / "client.py").write_text(CLIENT)
        self.starter = Starter()

    def start(self, command: list[str], environment: dict[str, str], figures: Figures) -> None:
        figures.runs.append(self.starter.run(command, self.repo.path, environment))

    def ours(self, url: str, figures: Figures) -> None:
        binary = os.path.realpath(os.environ["PROOFMARK_BIN"])
        self.start([binary, "compare", "main", "change"], self.world.environment | {"KF_PIPELINES_ENDPOINT": url}, figures)

    def client(self, url: str, figures: Figures) -> None:
        python = os.environ.get("PROOFMARK_KUBEFLOW_PYTHON") or sys.exit("PROOFMARK_KUBEFLOW_PYTHON must name a Python that has kfp")
        command = [python, str(self.world.folder / "client.py"), url, EXPERIMENT, *self.commits]
        self.start(command, self.world.environment, figures)

    @staticmethod
    def requests(program: Callable[[str, Figures], None], url: str) -> int:
        """What one run of it sends. It is not measured."""
        with Proxy(url) as proxy:
            program(proxy.url, Figures("counted"))
            return len(proxy.requests)

    def does_the_same(self) -> None:
        """What is measured is the comparison of the two runs."""
        done = self.repo.run(
            "proofmark", "compare", "main", "change", "--format", "json", variables={"KF_PIPELINES_ENDPOINT": self.server.url}
        )
        document = json.loads(done.stdout)
        rows = document["comparison"]["metrics"]
        assert len(rows) == METRICS and all(row["base"] != row["head"] for row in rows), rows
        (tracked,) = document["comparison"]["tracked"]
        assert [[run["name"] for run in tracked[side]["runs"]] for side in ("base", "head")] == [["of-base"], ["of-head"]], tracked

    def close(self) -> None:
        self.starter.close()


def print_table(rows: list[list[str]]) -> None:
    widths = [max(len(line[column]) for line in rows) for column in range(len(rows[0]))]
    for line in rows:
        print(
            "  ".join(
                text.rjust(width) if column else text.ljust(width) for column, (text, width) in enumerate(zip(line, widths, strict=True))
            )
        )


def main() -> int:
    arguments = read_arguments()
    world, server = World(), Server()
    try:
        bench = Bench(world, server)
        server.fill(bench.commits)
        bench.does_the_same()
        ours, client = Figures("proofmark compare"), Figures("client of kfp")
        ours.requests = bench.requests(bench.ours, server.url)
        client.requests = bench.requests(bench.client, server.url)
        for number in range(arguments.runs):
            bench.ours(server.url, ours)
            if number < arguments.clients:
                bench.client(server.url, client)
        bench.close()
    finally:
        server.stop()
        world.remove()
    ratio, bar = client.runs.wall / ours.runs.wall, 0.5 if arguments.loose else 1.0
    load = f"load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores"
    print(f"{RUNS} runs in the experiment; {arguments.runs} runs of ours, {arguments.clients} of kfp's client; {load}\n")
    print_table([HEADER, ours.cells(), client.cells()])
    kept = ratio >= bar
    print(f"\nours is {ratio:.1f}x as fast: {'kept' if kept else 'MISSED'} (at least {bar:g}x)")
    if arguments.json:
        told = {"ours_ms": round(ours.runs.wall, 1), "client_ms": round(client.runs.wall, 1), "ratio": round(ratio, 2)}
        Path(arguments.json).write_text(json.dumps(told, indent=2) + "\n")
    return 0 if kept else 1


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=9)
    parser.add_argument("--clients", type=int, default=3, help="how often kfp's client runs")
    parser.add_argument("--loose", action="store_true")
    parser.add_argument("--json", metavar="FILE", help="write our figures there")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
