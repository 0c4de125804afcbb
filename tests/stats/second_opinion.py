#!/usr/bin/env python
"""Asks scipy, statsmodels, scikit-learn and brute-force references what proofmark's statistics and tables say.

    python tests/stats/second_opinion.py [--seed N] [--share X] [--only TEXT] [--release]

The seed is printed (PROOFMARK_SEED or --seed for another). `--share 10` asks ten times as much. The programs that answer are
the `second_opinion` examples of `proofmark-stats` and `proofmark-tables`, which are built here. Exit code 1 if any figure
disagrees; each disagreement is printed with what went in.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
import warnings
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# One thread each: the matrices are small.
os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")
sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

import numpy as np  # noqa: E402

import cases_rows  # noqa: E402, F401 (registers its generators)
import references_rows  # noqa: E402, F401
import tables  # noqa: E402
from agreement import decoded, disagreements, encoded  # noqa: E402
from cases import GENERATORS, OF_POLICIES, tolerance  # noqa: E402
from references import REFERENCES  # noqa: E402

ROOT = Path(__file__).resolve().parents[2]
USUAL_COUNT = 120
#: What is quick and has many ways to go wrong; what takes long.
COUNTS = dict.fromkeys(("t_cdf", "t_sf", "t_ppf", "normal_ppf", "normal_sf", "normal_cdf", "binomial_cdf", "binomial_sf", "chi2_sf"), 800)
COUNTS |= dict.fromkeys(("interval_verdict", "benjamini_hochberg", "proportion_interval", "summary"), 300)
COUNTS |= {"holm": 60, "paired_bootstrap": 6, "exact_bootstrap_accuracy_difference": 60, "beta_ppf": 300, "paired_proportion_noninferiority": 300}


class Answerer:
    """An example program that answers lines with lines."""

    def __init__(self, package: str, release: bool) -> None:
        self.package = package
        command = ["cargo", "build", "--quiet", "--package", package, "--example", "second_opinion", "--message-format=json"]
        built = subprocess.run([*command, *["--release"] * release], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        made = [json.loads(line) for line in built.stdout.splitlines() if '"executable":"' in line]
        if built.returncode or not made:
            raise SystemExit(f"the example of {package} cannot be built")
        self.program = made[-1]["executable"]

    def answers(self, asked: list[dict[str, Any]]) -> list[Any]:
        """One for each; all are asked in one run."""
        with tempfile.TemporaryFile("w+") as lines:
            lines.writelines(json.dumps(encoded(one), allow_nan=False) + "\n" for one in asked)
            lines.seek(0)
            done = subprocess.run([self.program], stdin=lines, capture_output=True, text=True)
        answers = [decoded(json.loads(line)) for line in done.stdout.splitlines()]
        if done.returncode or len(answers) != len(asked):
            last = json.dumps(encoded(asked[min(len(answers), len(asked) - 1)]))[:2000]
            raise SystemExit(f"{self.package} stopped after {len(answers)} of {len(asked)} cases:\n{done.stderr[-2000:]}\nabout {last}")
        return answers


def of_statistics(seed: int, share: float, wanted: str) -> Iterator[tuple[dict[str, Any], dict[str, Any], dict[str, float]]]:
    """What is asked, what is expected, and how near the answer must be."""
    for number, procedure in enumerate(sorted(GENERATORS.keys() - OF_POLICIES)):
        if wanted not in procedure:
            continue
        for place in range(max(1, round(share * COUNTS.get(procedure, USUAL_COUNT)))):
            inputs, parameters = GENERATORS[procedure](np.random.default_rng([seed, number, place]))
            expected = REFERENCES[procedure](inputs, parameters)
            yield {"procedure": procedure, "inputs": inputs, "parameters": parameters}, expected, tolerance(procedure, inputs, expected)


class Tally:
    """Counts per procedure, and what disagrees."""

    def __init__(self) -> None:
        self.rows: dict[str, list[int]] = {}
        self.shown = 0

    def add(self, procedure: str, told: list[str], asked: dict[str, Any]) -> None:
        row = self.rows.setdefault(procedure, [0, 0])
        row[0] += 1
        row[1] += bool(told)
        if told and row[1] <= 5:
            print(f"DISAGREE {procedure}: {'; '.join(told)[:600]}\n    {json.dumps(encoded(asked))[:1500]}")

    def print(self) -> int:
        print(f"\n{'procedure':<42}{'cases':>7}{'disagree':>10}")
        for procedure, (asked, wrong) in sorted(self.rows.items()):
            print(f"{procedure:<42}{asked:>7}{wrong or '-':>10}")
        asked, wrong = (sum(row[column] for row in self.rows.values()) for column in (0, 1))
        print(f"{'all':<42}{asked:>7}{wrong or '-':>10}")
        return wrong


def ask_statistics(answerer: Answerer, arguments: argparse.Namespace, tally: Tally) -> None:
    asked = list(of_statistics(arguments.seed, arguments.share, arguments.only))
    for (case, expected, near), answer in zip(asked, answerer.answers([case for case, *_ in asked]), strict=True):
        told = disagreements(expected, answer, near)
        if case["procedure"] == "paired_bootstrap":
            # Its limits are of chance; the difference itself is not.
            told += disagreements({"difference": expected["difference"]}, answer, {"rel": 0.0, "abs": 1e-12})
        tally.add(case["procedure"], told, case)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("PROOFMARK_SEED", "20")))
    parser.add_argument("--share", type=float, default=1.0, metavar="X", help="so many times the usual number of cases")
    parser.add_argument("--only", default="", metavar="TEXT", help="only procedures and metrics with this in their name")
    parser.add_argument("--of", choices=("statistics", "tables", "both"), default="both")
    parser.add_argument("--release", action="store_true", help="ask release builds")
    arguments = parser.parse_args()
    warnings.simplefilter("ignore")
    print(f"seed {arguments.seed}")
    tally, started = Tally(), time.monotonic()
    if arguments.of != "tables":
        ask_statistics(Answerer("proofmark-stats", arguments.release), arguments, tally)
    if arguments.of != "statistics":
        answerer = Answerer("proofmark-tables", arguments.release)
        with tempfile.TemporaryDirectory(prefix="proofmark-stats-") as folder:
            for name, told, case in tables.compared(Path(folder), answerer, arguments.seed, arguments.share, arguments.only):
                tally.add(name, told, case)
    wrong = tally.print()
    print(f"{time.monotonic() - started:.1f} s")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
