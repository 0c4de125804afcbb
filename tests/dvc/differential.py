#!/usr/bin/env python
"""Compares `proofmark compare --format dvc-json` with DVC's own `metrics diff` and `params diff`.

    python tests/dvc/differential.py [--seed N] [--count N] [--only NUMBER] [--keep]

1. Each deliberate difference is shown on a small repository (`differences.py`, explained in README.md).
2. On random repositories (`generate.py`) our answer must be DVC's with just these differences applied (`oracle.py`).
3. A few of them go through the real `dvc` command too, to show that DVC inside this process answers the same.

PROOFMARK_BIN names the binary; without it only DVC is compared with the oracle. A repository on which the answers
differ is kept, and the commands that show it are printed.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True
sys.path.insert(0, str(Path(__file__).resolve().parent))

from differences import SHOWN  # noqa: E402
from generate import Scene, Unusable, generate  # noqa: E402
from oracle import ALL, NONE, WORKSPACE, Colliding, Diff, Difference, Side, disagreements, expected, read_sides  # noqa: E402
from workbench import Workbench, empty_environment, inside  # noqa: E402

BINARY = os.environ.get("PROOFMARK_BIN")
NO_TARGET = "refused: no such target"
DVC = os.environ.get("PROOFMARK_DVC") or str(Path(sys.executable).parent / "dvc")


@dataclass(frozen=True)
class Question:
    """One comparison to make."""

    kind: str
    old: str
    new: str
    with_unchanged: bool = False
    targets: tuple[str, ...] = ()

    def for_dvc(self) -> list[str]:
        targets = ["--targets", *self.targets] if self.targets else []
        return ["dvc", self.kind, "diff", self.old, self.new, "--json", *["--all"] * self.with_unchanged, *targets]

    def for_us(self, prefix: str) -> list[str]:
        arguments = ["compare", self.old, *([] if self.new == WORKSPACE else [self.new]), "--base-is", "tip"]
        arguments += ["--format", "dvc-json", *["--params"] * (self.kind == "params"), *["--all"] * self.with_unchanged]
        return arguments + [part for target in self.targets for part in ("--targets", prefix + target)]


@dataclass
class Outcome:
    """What one repository taught."""

    counts: Counter[str] = field(default_factory=Counter)
    complaints: list[str] = field(default_factory=list)


def as_printed(diff: Diff) -> Diff:
    """Through JSON and back, as a reader of DVC's output has it."""
    return json.loads(json.dumps(diff))


def ask_dvc(bench: Workbench, question: Question) -> Diff:
    with bench.dvc() as repo:
        ask = repo.metrics.diff if question.kind == "metrics" else repo.params.diff
        answer = ask(question.old, question.new, all=question.with_unchanged, targets=list(question.targets) or None)
    return as_printed(answer.get("diff", {}))


def ask_dvc_command(bench: Workbench, question: Question) -> Diff:
    command = [DVC, *question.for_dvc()[1:]]
    done = subprocess.run(command, cwd=bench.project, env=empty_environment(), capture_output=True, text=True, timeout=120)
    return json.loads(done.stdout)


def ask_us(bench: Workbench, question: Question) -> Diff | str:
    assert BINARY
    command = [BINARY, *question.for_us(bench.prefix)]
    done = subprocess.run(command, cwd=bench.root, env=empty_environment(), capture_output=True, text=True, timeout=60)
    if done.returncode == 2 and question.targets and "exists on neither side" in done.stderr:
        return NO_TARGET
    if done.returncode != 0:
        raise RuntimeError(f"exit code {done.returncode}\n{done.stdout}{done.stderr}")
    return json.loads(done.stdout, parse_constant=_refuse)


def _refuse(word: str) -> None:
    raise ValueError(f"{word} is not JSON")


def answers(bench: Workbench, question: Question) -> tuple[Diff, Diff | str]:
    """What the oracle makes of a question: as DVC should answer, and as we should."""
    with bench.dvc() as repo:
        sides = read_sides(repo, question.kind, [question.old, question.new], list(question.targets))
    old, new = sides[question.old], sides[question.new]
    dvc = expected(question.kind, old, new, question.with_unchanged, NONE)
    ours = expected(question.kind, old, new, question.with_unchanged, ALL)
    if question.targets and all(_absent(side, target) for side in (old, new) for target in question.targets):
        return as_printed(dvc), NO_TARGET
    return as_printed(dvc), {bench.prefix + path: entries for path, entries in as_printed(ours).items()}


def _absent(side: Side, target: str) -> bool:
    return isinstance(side.declared[target].error, FileNotFoundError)


def questions(rng: random.Random, scene: Scene) -> list[Question]:
    """A handful for each repository: commit to commit, by names, and the work tree."""
    first, second, third = scene.commits
    names = {"base": first, "v1": second, "HEAD~1": second, "HEAD": third, "main": third, first[:10]: first}
    pairs = [(first, third), (second, WORKSPACE), ("HEAD", WORKSPACE), (third, first)]
    pairs += [(one, two) for one in names for two in names if names[one] != names[two]]
    asked = [Question(kind, *rng.choice(pairs), rng.random() < 0.5) for kind in ("metrics", "metrics", "metrics", "params", "params")]
    asked.append(Question("metrics", "HEAD", WORKSPACE, rng.random() < 0.5))
    files = [str(file.relative_to(scene.bench.project)) for file in scene.bench.project.rglob("p*.json") if file.is_file()]
    files = [file for file in files if not file.startswith(".dvc")]
    if files:
        asked.append(Question("metrics", *rng.choice(pairs), rng.random() < 0.5, tuple(rng.sample(sorted(files), 1))))
    return asked


def examine(bench: Workbench, question: Question, outcome: Outcome) -> None:
    """Asks everyone and notes who disagrees."""
    problems = []
    try:
        like_dvc, like_us = answers(bench, question)
    except Colliding:
        outcome.counts["DVC crashes"] += 1
        return
    from_dvc = ask_dvc(bench, question)
    outcome.counts["questions"] += 1
    outcome.counts["entries"] += sum(map(len, from_dvc.values()))
    problems += [f"DVC | oracle: {line}" for line in disagreements(from_dvc, like_dvc)]
    if BINARY and not problems:
        problems += _examine_ours(bench, question, like_us, outcome)
    if problems:
        outcome.complaints.append(_complaint(bench, question, problems))


def _examine_ours(bench: Workbench, question: Question, like_us: Diff | str, outcome: Outcome) -> list[str]:
    try:
        ours = ask_us(bench, question)
    except (RuntimeError, ValueError, subprocess.TimeoutExpired) as error:
        return [f"proofmark: {error}"]
    outcome.counts["compared"] += 1
    if isinstance(ours, str) or isinstance(like_us, str):
        return [] if ours == like_us else [f"expected | proofmark: {like_us} | {ours}"]
    return [f"expected | proofmark: {line}" for line in disagreements(like_us, ours)]


def _complaint(bench: Workbench, question: Question, problems: list[str]) -> str:
    commands = f"  (cd {bench.project} && {shlex.join(question.for_dvc())})\n  (cd {bench.root} && proofmark {shlex.join(question.for_us(bench.prefix))})"
    return "\n".join([str(question), commands, *(f"    {problem}" for problem in problems[:12])])


def random_repository(seed: int, number: int, folder: Path, through_command: bool) -> Outcome:
    """Makes repository `number` of a seed and asks its questions."""
    rng = random.Random(f"{seed}/{number}")
    outcome = Outcome(Counter(repositories=1))
    root = folder / f"repository-{number}"
    try:
        scene = generate(rng, root)
    except Unusable:
        return Outcome(Counter({"repositories that DVC refuses": 1}))
    for question in questions(rng, scene):
        examine(scene.bench, question, outcome)
    if through_command:
        question = questions(rng, scene)[0]
        outcome.counts["through the dvc command"] += 1
        if lines := disagreements(ask_dvc_command(scene.bench, question), ask_dvc(scene.bench, question)):
            outcome.complaints.append(_complaint(scene.bench, question, [f"dvc command | DVC in process: {line}" for line in lines]))
    return outcome


def _work(job: tuple[int, int, str, bool]) -> tuple[int, Outcome]:
    seed, number, folder, through_command = job
    with inside(Path(folder)):
        try:
            return number, random_repository(seed, number, Path(folder), through_command)
        except Exception as error:  # noqa: BLE001 (a worker's traceback would be lost)
            return number, Outcome(complaints=[f"repository-{number} could not be examined: {error!r}\n{traceback.format_exc()}"])


def show_differences(folder: Path) -> Outcome:
    """Each deliberate difference on its own repository: DVC's answer and ours, both written out."""
    outcome = Outcome()
    missing = [difference.name for difference in Difference if not any(shown.difference is difference for shown in SHOWN)]
    assert not missing, f"no repository shows {missing}"
    for number, shown in enumerate(SHOWN):
        bench = Workbench(folder / f"difference-{number}")
        shown.make(bench)
        problems = []
        question = Question(shown.kind, shown.old, shown.new, shown.with_unchanged, shown.targets)
        try:
            from_dvc: Diff | str = ask_dvc(bench, question)
        except Exception as error:  # noqa: BLE001 (DVC's own)
            from_dvc = f"crash: {type(error).__name__}"
        if from_dvc != shown.dvc and (isinstance(from_dvc, str) or isinstance(shown.dvc, str) or disagreements(shown.dvc, from_dvc)):
            problems.append(f"DVC now says {json.dumps(from_dvc)}")
        if BINARY:
            problems += _examine_ours(bench, question, shown.ours, outcome)
        outcome.counts["differences shown"] += 1
        if problems:
            outcome.complaints.append(f"{shown.title}\n" + _complaint(bench, question, problems))
    return outcome


def check_readme() -> Outcome:
    """Every difference has its row."""
    text = (Path(__file__).parent / "README.md").read_text(encoding="utf-8")
    complaints = [f"README.md does not name the difference `{shown.title}`" for shown in SHOWN if shown.title not in text]
    return Outcome(complaints=complaints)


def main() -> int:
    arguments = _arguments()
    started = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="proofmark-dvc-"))
    print(f"seed {arguments.seed}, {arguments.count} repositories in {folder}", flush=True)
    if not BINARY:
        print("PROOFMARK_BIN is not set: only DVC and the oracle are compared")
    total = Outcome()
    for outcome in (check_readme(), show_differences(folder)):
        _add(total, outcome)
    numbers = [arguments.only] if arguments.only is not None else range(arguments.count)
    jobs = [(arguments.seed, number, str(folder), number < arguments.command) for number in numbers]
    with multiprocessing.get_context("spawn").Pool(min(os.cpu_count() or 1, len(jobs) or 1)) as pool:
        for number, outcome in pool.imap_unordered(_work, jobs):
            _add(total, outcome)
            if not outcome.complaints and not arguments.keep:
                for leftover in (folder / f"repository-{number}", folder / f"repository-{number}-remote"):
                    shutil.rmtree(leftover, ignore_errors=True)
    Workbench.clean_up()
    if not total.complaints and not arguments.keep:
        shutil.rmtree(folder, ignore_errors=True)
    print(", ".join(f"{count} {what}" for what, count in total.counts.items()), f"in {time.monotonic() - started:.0f} s")
    print(f"{len(total.complaints)} disagreements (seed {arguments.seed})")
    return 1 if total.complaints else 0


def _add(total: Outcome, outcome: Outcome) -> None:
    total.counts += outcome.counts
    total.complaints += outcome.complaints
    for complaint in outcome.complaints:
        print(f"\nDISAGREEMENT {complaint}", flush=True)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seed", type=int, default=int(os.environ.get("PROOFMARK_DVC_SEED", "1")))
    parser.add_argument("--count", type=int, default=int(os.environ.get("PROOFMARK_DVC_COUNT", "40")))
    parser.add_argument("--only", type=int, metavar="NUMBER", help="just this repository of the seed")
    parser.add_argument("--command", type=int, default=3, metavar="N", help="how many go through the dvc command too")
    parser.add_argument("--keep", action="store_true", help="keep all repositories")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
