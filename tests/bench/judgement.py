#!/usr/bin/env python3
"""Speed of proofmark's judgement on rows, beside scipy and scikit-learn on the same data in the same run.

    PROOFMARK_BIN=... python tests/bench/judgement.py [--rows N] [--runs N] [--only loaded|whole] [--json FILE]

`loaded`: rows already in memory, one thread. `whole`: the binary, from files to the verdict. Figures are medians of whole
runs; both sides have one thread. Where the peer would take minutes, some resamples are timed and the rest is reckoned, and
the table says so. The exit code is 1 when a bar is missed (bars are for a million rows).
"""

from __future__ import annotations

import argparse
import hashlib
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS"):
    os.environ[name] = "1"
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np  # noqa: E402
import pandas as pd  # noqa: E402
from compare_with_dvc import environment  # noqa: E402
from scipy import stats  # noqa: E402
from sklearn import metrics  # noqa: E402
from starter import MIB, Run, Starter  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
COUNTRIES = ("AT", "BE", "CH", "DE", "ES", "FR", "IT", "NL", "PL", "SE")
METRICS = ("accuracy", "f1", "roc_auc")
POLICY = """\
[[table]]
name = "test"
file = "predictions.{ending}"
id = "id"
label = "label"
prediction = "prediction"
score = "score"
"""
RULE = """
[[rule]]
table = "test"
metric = "{metric}"
max_regression_abs = 0.01
{more}"""


@dataclass
class Row:
    """One line of the table."""

    name: str
    ours: float
    bar: float | None = None
    theirs: float | None = None
    note: str = ""
    unit: str = "s"

    @property
    def kept(self) -> bool:
        return self.bar is None or self.ours <= self.bar


@dataclass
class Data:
    """Two models on the same rows."""

    label: np.ndarray
    scores: tuple[np.ndarray, np.ndarray]
    country: np.ndarray

    @property
    def said(self) -> list[np.ndarray]:
        return [(score >= 0.5).astype(np.int64) for score in self.scores]


def make(rows: int) -> Data:
    """Two models that are right about 84 % of the rows and differ on some."""
    rng = np.random.default_rng(1)
    label = (rng.random(rows) < 0.4).astype(np.int64)
    hidden = 2.2 * label - 1.1 + rng.normal(size=rows)
    scores = tuple(1 / (1 + np.exp(-(hidden + 0.2 * rng.normal(size=rows)))) for _ in range(2))
    return Data(label, scores, rng.choice(COUNTRIES, size=rows))


def median_seconds(work: Callable[[], Any], runs: int) -> float:
    taken = []
    for _ in range(runs):
        started = time.perf_counter()
        work()
        taken.append(time.perf_counter() - started)
    return statistics.median(taken)


# Rows already in memory.


def loaded(data: Data, folder: Path, runs: int) -> list[Row]:
    for name, column in (("labels", data.label.astype(np.uint8)), ("base", data.scores[0]), ("head", data.scores[1])):
        (folder / name).write_bytes(column.astype(column.dtype.newbyteorder("<")).tobytes())
    build = ["cargo", "build", "--quiet", "--release", "--package", "proofmark-stats", "--example", "judgement", "--message-format=json"]
    built = subprocess.run(build, cwd=ROOT, stdout=subprocess.PIPE, text=True, check=True)
    program = [json.loads(line)["executable"] for line in built.stdout.splitlines() if '"executable":"' in line][-1]
    done = subprocess.run([program, str(folder), str(runs)], stdout=subprocess.PIPE, text=True, check=True)
    told = [json.loads(line) for line in done.stdout.splitlines()]
    same_figures(data, told[0])
    ours = {name: statistics.median(one[name]["seconds"] for one in told) for name in ("counts", "auc", "delong", "auc-bootstrap")}
    some, areas = 5, 2
    counts = median_seconds(lambda: resampled(data, some, by_counts), 1) / some * 10_000
    bootstrap = median_seconds(lambda: resampled(data, areas, by_area), 1) / areas * 1_000
    area = median_seconds(lambda: metrics.roc_auc_score(data.label, data.scores[0]), 3)
    delong = median_seconds(lambda: sun_xu(data), 3)
    rows = [
        Row("accuracy + F1, 10,000 resamples", ours["counts"], 0.1, counts, f"scikit-learn, reckoned from {some} resamples"),
        Row("ROC-AUC of one model", ours["auc"], None, area, "scikit-learn"),
        Row("DeLong pair", ours["delong"], 0.25, delong, "Sun and Xu with numpy and scipy's ranks"),
        Row("ROC-AUC bootstrap, 1,000 resamples", ours["auc-bootstrap"], 6, bootstrap, f"scikit-learn, reckoned from {areas} resamples"),
    ]
    if told[-1]["kib_above_columns"] is not None:
        rows.append(Row("memory above the columns", told[-1]["kib_above_columns"] / 1024, 64, unit="MiB"))
    return rows


def resampled(data: Data, resamples: int, difference: Callable[[Data, np.ndarray], Any]) -> None:
    rng = np.random.default_rng(2)
    for _ in range(resamples):
        difference(data, rng.integers(0, len(data.label), len(data.label)))


def by_counts(data: Data, rows: np.ndarray) -> list[float]:
    label = data.label[rows]
    return [metric(label, said[rows]) for said in data.said for metric in (metrics.accuracy_score, metrics.f1_score)]


def by_area(data: Data, rows: np.ndarray) -> list[float]:
    return [metrics.roc_auc_score(data.label[rows], score[rows]) for score in data.scores]


def sun_xu(data: Data) -> tuple[float, float]:
    """DeLong by mid-ranks: the difference of the areas and its standard error."""
    positive = data.label == 1
    m, n = int(positive.sum()), int((~positive).sum())
    v10, v01, areas = [], [], []
    for score in data.scores:
        everything = stats.rankdata(score)
        v10.append((everything[positive] - stats.rankdata(score[positive])) / n)
        v01.append(1 - (everything[~positive] - stats.rankdata(score[~positive])) / m)
        areas.append(v10[-1].mean())
    spread = np.cov(v10) / m + np.cov(v01) / n
    return areas[1] - areas[0], float(np.sqrt(spread[0, 0] + spread[1, 1] - 2 * spread[0, 1]))


def same_figures(data: Data, told: dict[str, Any]) -> None:
    """What is fast and wrong is not fast."""
    difference, se = sun_xu(data)
    ours = told["delong"]["figures"]
    assert abs(ours["difference"] - difference) < 1e-9 and abs(ours["se"] - se) < 1e-9 * se + 1e-12, (ours, difference, se)
    for metric, figures in zip((metrics.accuracy_score, metrics.f1_score), told["counts"]["figures"], strict=True):
        values = [metric(data.label, said) for said in data.said]
        assert abs(figures["difference"] - (values[1] - values[0])) < 1e-12, (metric, figures, values)
    assert abs(told["auc-bootstrap"]["figures"]["sd"] / se - 1) < 0.15, (told["auc-bootstrap"], se)


# The binary, from files to the verdict.


def whole(data: Data, folder: Path, binary: str, runs: int) -> list[Row]:
    rows = []
    starter = Starter()
    frames = [
        pd.DataFrame({"id": np.arange(len(data.label)), "label": data.label, "prediction": said, "score": score, "country": data.country})
        for said, score in zip(data.said, data.scores, strict=True)
    ]
    try:
        for ending, bar in (("parquet", 1.0), ("csv", 2.0)):
            files = [write(frame, folder / f"{number}.{ending}") for number, frame in enumerate(frames)]
            peer = median_seconds(lambda files=files, ending=ending: by_pandas(files, ending), 1)
            for where in ("DVC's cache", "git"):
                repository = make_repository(folder / f"{ending}-{where[:3]}", files, ending, where)
                command = [binary, "gate", "HEAD~1", "HEAD"]
                check_report(binary, repository)
                taken = [starter.run(command, repository, environment()) for _ in range(runs)]
                name = f"{ending} in {where} to the verdict, 3 metrics, 10 slices"
                seconds = statistics.median(run.seconds for run in taken)
                note = "pandas and scikit-learn: values alone, no intervals"
                rows.append(Row(name, seconds, bar if where != "git" else None, peer, note))
                rows.append(Row(f"  processor time of it ({files[0].stat().st_size / MIB:.0f} MiB a file)", processor(taken)))
                rows.append(Row("  peak memory of it", max(run.peak_bytes for run in taken) / MIB, unit="MiB"))
                print(f"  measured: {name}", flush=True)
    finally:
        starter.close()
    return rows


def processor(taken: list[Run]) -> float:
    return statistics.median(run.processor_seconds for run in taken)


def write(frame: pd.DataFrame, path: Path) -> Path:
    if path.suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_parquet(path, index=False)
    return path


def by_pandas(files: list[Path], ending: str) -> list[float]:
    reader = pd.read_csv if ending == "csv" else pd.read_parquet
    values = []
    for frame in map(reader, files):
        for _, part in [("", frame), *frame.groupby("country")]:
            values += [metrics.accuracy_score(part.label, part.prediction), metrics.f1_score(part.label, part.prediction)]
            values.append(metrics.roc_auc_score(part.label, part.score))
    return values


def make_repository(folder: Path, files: list[Path], ending: str, where: str) -> Path:
    folder.mkdir()

    def git(*arguments: str) -> None:
        who = {"GIT_AUTHOR_NAME": "A", "GIT_AUTHOR_EMAIL": "a@example.org", "GIT_COMMITTER_NAME": "A", "GIT_COMMITTER_EMAIL": "a@example.org"}
        subprocess.run(["git", *arguments], cwd=folder, check=True, env=environment() | who)

    git("init", "--quiet", "--initial-branch=main")
    policy = POLICY.format(ending=ending)
    for metric in METRICS:
        policy += RULE.format(metric=metric, more="") + RULE.format(metric=metric, more='slice = { country = "*" }\n')
    (folder / "proofmark.toml").write_text(policy)
    named = folder / f"predictions.{ending}"
    if where != "git":
        (folder / ".dvc").mkdir()
        (folder / ".dvc" / "config").write_text("")
        (folder / ".gitignore").write_text(f"/{named.name}\n/.dvc/cache\n")
    for number, file in enumerate(files):
        if where == "git":
            shutil.copyfile(file, named)
        else:
            digest = hashlib.md5(file.read_bytes()).hexdigest()
            kept = folder / ".dvc" / "cache" / "files" / "md5" / digest[:2] / digest[2:]
            kept.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(file, kept)
            out = f"outs:\n- md5: {digest}\n  size: {file.stat().st_size}\n  hash: md5\n  path: {named.name}\n"
            named.with_name(f"{named.name}.dvc").write_text(out)
        git("add", "-A")
        git("commit", "--quiet", "-m", f"model {number}")
    return folder


def check_report(binary: str, repository: Path) -> None:
    """All that is timed was judged: three metrics, on all rows and on each slice."""
    command = [binary, "gate", "HEAD~1", "HEAD", "--format", "json"]
    done = subprocess.run(command, cwd=repository, env=environment(), capture_output=True, text=True)
    if done.returncode not in (0, 1):
        raise SystemExit(f"exit code {done.returncode}: {done.stdout[-1000:]}{done.stderr[-2000:]}")
    findings = json.loads(done.stdout)["judgement"]["findings"]
    judged = {(finding["metric"], json.dumps(finding.get("slice"))) for finding in findings}
    expected = len(METRICS) * (1 + len(COUNTRIES))
    if len(judged) < expected:
        raise SystemExit(f"{len(judged)} of {expected} metrics and slices were judged: {sorted(judged)[:50]}")


# Telling.


def print_table(rows: list[Row]) -> None:
    width = max(len(row.name) for row in rows)
    print(f"\n{'':<{width}}  {'ours':>10}  {'bar':>9}  {'':<6}  {'theirs':>11}  {'ratio':>8}  peer")
    for row in rows:
        bar, verdict = (f"{row.bar:g} {row.unit}", "kept" if row.kept else "MISSED") if row.bar is not None else ("-", "")
        theirs, ratio = (f"{row.theirs:.3f} s", f"{row.theirs / row.ours:.0f}x") if row.theirs is not None else ("-", "-")
        ours = f"{row.ours:.{4 if row.unit == 's' else 1}f} {row.unit}"
        print(f"{row.name:<{width}}  {ours:>10}  {bar:>9}  {verdict:<6}  {theirs:>11}  {ratio:>8}  {row.note}".rstrip())


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.environ.get("PROOFMARK_BIN"), help="proofmark, a release build (PROOFMARK_BIN)")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--only", choices=("loaded", "whole"))
    parser.add_argument("--json", metavar="FILE", help="write our figures there")
    arguments = parser.parse_args()
    if not arguments.binary and arguments.only != "loaded":
        parser.error("name the binary with --binary or PROOFMARK_BIN")
    data = make(arguments.rows)
    folder = Path(tempfile.mkdtemp(prefix="proofmark-judgement-"))
    print(f"{arguments.rows:,} rows, {arguments.runs} runs; load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    rows: list[Row] = []
    try:
        if arguments.only != "whole":
            rows += loaded(data, folder, arguments.runs)
        if arguments.only != "loaded":
            rows += whole(data, folder, os.path.abspath(arguments.binary), arguments.runs)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    print_table(rows)
    print(f"\nload after: {os.getloadavg()[0]:.1f}")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps({row.name.strip(): row.ours for row in rows}, indent=2) + "\n")
    return 0 if all(row.kept for row in rows) else 1


if __name__ == "__main__":
    sys.exit(main())
