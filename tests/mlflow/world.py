"""A project whose training runs are logged to MLflow: a git repository with the commits below, and runs that are tagged with them.

    python world.py --uri URI < commits.json > logged.json

As a program it fills a store, with the client of the Python that runs it; `seed` does that from a test. Each branch but `main` is
one commit on top of it and holds one question that a gate has to answer; most hold decoys as well, which are better than the runs
that count, or worse where the answer is a pass.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "e2e"))

EXPERIMENT = "churn"
MODEL = "churn-clf"
COMMIT, BRANCH, PARENT = "mlflow.source.git.commit", "mlflow.source.git.branch", "mlflow.parentRunId"
#: What is lost or won by a change of one percent of the rows is far beyond the noise of the seeds.
RULE = """\
[[rule]]
metric = "auc"
max_regression_abs = 0.01
"""
SOURCE = f"""\
[[mlflow]]
experiment = "{EXPERIMENT}"
metrics = ["auc", "val/*"]
"""
#: Each on top of `main`.
BRANCHES = [
    "better",
    "worse",
    "untrained",
    "unfinished",
    "sweep",
    "retrained",
    "diverged",
    "staged",
    "by-branch",
    "by-name",
    "new-data",
    "odd/naïve';--",
]
#: How much better than `main` (0.9) the runs of three seeds are.
GAINS = {"main~1": -0.01, "main": 0.0, "better": 0.03, "worse": -0.05, "new-data": 0.0, "odd/naïve';--": 0.03}
START = 1_700_000_000_000
ROWS = 400


def make_repository(world: Any, name: str = "project", policy: str = SOURCE + RULE) -> Any:
    """`main` has a commit without runs, called `start`, and two with; times are fixed, so commits have the same ids every time."""
    from support import Repo

    clock = iter(range(1_700_000_000, 1_800_000_000, 60))
    repo = Repo(world, name)

    def commit(message: str, files: Mapping[str, str]) -> None:
        date = f"{next(clock)} +0000"
        repo.write(files).git("add", "-A")
        repo.git("commit", "-q", "-m", message, variables={"GIT_AUTHOR_DATE": date, "GIT_COMMITTER_DATE": date})

    commit("Set up", {"proofmark.toml": policy, "train.py": "# learns nothing\n"})
    repo.git("branch", "start")
    commit("Train", {"params.json": '{"depth": 4}\n'})
    commit("Train deeper", {"params.json": '{"depth": 6}\n'})
    for branch in BRANCHES:
        repo.git("checkout", "-q", "-b", branch, "main")
        commit(f"Try: {branch}", {"params.json": json.dumps({"branch": branch}) + "\n"})
    repo.git("checkout", "-q", "better")
    return repo


def commits(repo: Any) -> dict[str, str]:
    """Ids by the names that the runs below use."""
    return {name: repo.git("rev-parse", name).stdout.strip() for name in ["start", "main~1", "main", *BRANCHES]}


def seed(uri: str, major: int, ids: Mapping[str, str], variables: Mapping[str, str] | None = None) -> dict[str, Any]:
    """Fills a store. What it says: `experiment`, and run ids by the names that they have here."""
    from server import clean_environment, python

    environment = clean_environment({"MLFLOW_ALLOW_FILE_STORE": "true"} | dict(variables or {}))
    command = [python(major), __file__, "--uri", uri]
    done = subprocess.run(command, input=json.dumps(ids), capture_output=True, text=True, env=environment, timeout=300)
    assert done.returncode == 0, done.stderr[-3000:]
    return json.loads(done.stdout.splitlines()[-1])


# What follows needs MLflow.


class Writer:
    """Logs runs to one experiment, one minute after the other."""

    def __init__(self, uri: str, ids: Mapping[str, str]) -> None:
        import mlflow
        from mlflow.tracking import MlflowClient

        mlflow.set_tracking_uri(uri)
        mlflow.set_registry_uri(uri)
        self.major = int(mlflow.__version__.split(".")[0])
        self.client, self.ids = MlflowClient(), ids
        # As MLflow has it where it is started: beside the database.
        place = str(Path(uri.removeprefix("sqlite:///")).parent / "mlruns") if uri.startswith("sqlite:") else None
        self.experiment = self.client.create_experiment(EXPERIMENT, artifact_location=place)
        self.runs: dict[str, str] = {}
        self.random = random.Random(5)
        self.clock = iter(range(START, 2 * START, 60_000))

    def run(
        self,
        name: str,
        revision: str | None,
        auc: float,
        *,
        status: str | None = "FINISHED",
        tags: Mapping[str, str] | None = None,
        params: Mapping[str, Any] | None = None,
        digest: str | None = "e1e1e1e1",
    ) -> str:
        """A run with a curve and a result. Without a status it goes on for ever."""
        from mlflow.entities import Metric, Param

        started = next(self.clock)
        branch = {} if revision is None else {COMMIT: self.ids[revision], BRANCH: revision.split("~")[0]}
        run = self.client.create_run(self.experiment, start_time=started, run_name=name, tags=branch | {"stage": "eval"} | dict(tags or {}))
        self.runs[name] = identity = run.info.run_id
        points = [Metric("auc", auc, started + 9000, 0), Metric("latency_ms", 12.5, started + 9000, 0)]
        # Falls, and rises at the end, so that its least value is not its last.
        points += [Metric("val/loss", loss, started + 1000 * step, step) for step, loss in enumerate([0.9, 0.6, 0.45, 0.4, 0.5])]
        self.client.log_batch(identity, metrics=points, params=[Param(key, str(value)) for key, value in (params or {}).items()])
        if digest:
            self.log_dataset(identity, digest)
        if status:
            self.client.set_terminated(identity, status, started + 30_000)
        return identity

    def seeds(self, revision: str, mean: float, **more: Any) -> list[str]:
        """Three runs that differ by what a seed is worth."""
        noise = [self.random.uniform(-0.001, 0.001) for _ in range(3)]
        return [
            self.run(f"{revision}/{seed}", revision, mean + by - sum(noise) / 3, params={"seed": seed, "depth": 6}, **more)
            for seed, by in enumerate(noise)
        ]

    def log_dataset(self, run: str, digest: str) -> None:
        from mlflow.entities import Dataset, DatasetInput, InputTag

        data = Dataset(name="test.parquet", digest=digest, source_type="local", source='{"uri": "data/test.parquet"}')
        self.client.log_inputs(run, [DatasetInput(dataset=data, tags=[InputTag("mlflow.data.context", "eval")])])

    def log_tables(self, run: str, wrong: int) -> None:
        """The same predictions as CSV, as MLflow's own JSON table and as Parquet, with `wrong` mistakes."""
        rows = list(predictions(wrong))
        columns = {name: [row[index] for row in rows] for index, name in enumerate(("id", "label", "prediction"))}
        self.client.log_text(run, "".join(f"{','.join(map(str, row))}\n" for row in [tuple(columns), *rows]), "predictions.csv")
        self.client.log_table(run, columns, "tables/predictions.json")
        import pyarrow
        import pyarrow.parquet

        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "predictions é.parquet"
            pyarrow.parquet.write_table(pyarrow.table(columns), path)
            self.client.log_artifact(run, str(path), "tables")

    def log_model(self, run: str, auc: float) -> None:
        """A model as MLflow 3 has them: it is no artifact, and its metrics are its own."""
        from mlflow.entities import LoggedModelOutput

        model = self.client.create_logged_model(self.experiment, name="net", source_run_id=run)
        self.client.log_outputs(run, [LoggedModelOutput(model.model_id, step=0)])
        dataset = {"dataset_name": "test.parquet", "dataset_digest": "e1e1e1e1"}
        self.client.log_metric(run, "f1", auc - 0.1, model_id=model.model_id, **dataset)

    def register(self) -> None:
        """Versions 1 to 4; `champion` is 2."""
        self.client.create_registered_model(MODEL)
        for revision in ("main~1", "main", "better", "worse"):
            run = self.client.get_run(self.runs[f"{revision}/0"])
            self.client.create_model_version(MODEL, f"{run.info.artifact_uri}/model", run.info.run_id)
        for alias, version in (("previous", "1"), ("champion", "2"), ("challenger", "3")):
            self.client.set_registered_model_alias(MODEL, alias, version)
        for version, stage in (("2", "Production"), ("3", "Staging")):
            self.client.transition_model_version_stage(MODEL, version, stage)


def predictions(wrong: int) -> Iterator[tuple[int, str, str]]:
    for row in range(ROWS):
        label = "yes" if row % 4 == 0 else "no"
        yield row, label, label if row >= wrong else {"yes": "no", "no": "yes"}[label]


def write(writer: Writer) -> None:
    for revision, gain in GAINS.items():
        for run in writer.seeds(revision, 0.9 + gain, digest="e2e2e2e2" if revision == "new-data" else "e1e1e1e1"):
            if revision in ("main", "better", "worse"):
                writer.log_tables(run, round(ROWS * (0.1 - gain)))
                if writer.major >= 3:
                    writer.log_model(run, 0.9 + gain)
    decoys(writer)
    writer.run("sweep", "sweep", 0.85)
    for trial in range(3):
        parent = {PARENT: writer.runs["sweep"]}
        writer.run(f"sweep/{trial}", "sweep", 0.95 + trial / 1000, tags=parent, params={"seed": trial})
    writer.run("retrained/old", "retrained", 0.8)
    writer.run("retrained/new", "retrained", 0.93)
    writer.seeds("diverged", 0.9)
    writer.run("diverged/3", "diverged", math.nan, params={"seed": 3})
    writer.seeds("staged", 0.93)
    writer.run("staged/train", "staged", 0.5, tags={"stage": "train"})
    writer.run("by-branch", None, 0.93, tags={BRANCH: "by-branch"})
    writer.run("by-name", None, 0.93)
    writer.register()


def decoys(writer: Writer) -> None:
    """Runs of `worse` that would let it pass; of `unfinished` there are no others."""
    for revision in ("worse", "unfinished"):
        writer.run(f"{revision}/failed", revision, 0.99, status="FAILED")
        writer.run(f"{revision}/killed", revision, 0.99, status="KILLED")
        writer.run(f"{revision}/running", revision, 0.99, status=None)
        writer.client.delete_run(writer.run(f"{revision}/deleted", revision, 0.99))
        writer.run(f"{revision}/nested", revision, 0.99, tags={PARENT: writer.runs["main~1/0"]})
    writer.run("laptop", None, 0.99)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--uri", required=True)
    writer = Writer(parser.parse_args().uri, json.load(sys.stdin))
    write(writer)
    print(json.dumps({"experiment": writer.experiment, "runs": writer.runs}))


if __name__ == "__main__":
    main()
