#!/usr/bin/env python3
"""Speed and memory of proofmark beside DVC, on the same repositories in the same minutes.

    PROOFMARK_BIN=... PROOFMARK_DVC=... python tests/bench/compare_with_dvc.py [--runs N] [--slow] [--only TEXT] [--json FILE]

Both programs take turns, so that a busy minute hits both; figures are medians of whole processes, start-up included.
Without DVC only ours is measured. `--slow` also asks DVC for 300 commits, which takes minutes. `--json` writes our figures
as metrics that proofmark compares. The exit code is 1 when a bar is missed.
"""

from __future__ import annotations

import argparse
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

sys.dont_write_bytecode = True

from starter import Runs, Starter  # noqa: E402


@dataclass(frozen=True)
class Bar:
    """What we promise; None where we promise nothing."""

    milliseconds: float | None = None
    mebibytes: float | None = None


@dataclass
class Case:
    """The same question to both programs."""

    name: str
    folder: Path
    ours: list[str]
    dvc: list[str]
    bar: Bar = Bar()
    slow_for_dvc: bool = False
    our_runs: Runs = field(default_factory=Runs)
    dvc_runs: Runs = field(default_factory=Runs)


# Repositories, made with `git fast-import`.


def values(rng: random.Random, count: int) -> bytes:
    body = ",\n".join(f'  "metric_{number:02}": {rng.random()!r}' for number in range(count))
    return f"{{\n{body}\n}}\n".encode()


def history(files: int, metrics: int, commits: int, changed: int) -> Iterator[bytes]:
    """A fast-import stream: every commit changes `changed` of `files` files."""
    rng = random.Random(1)
    names = [f"metrics/m{number:03}.json" for number in range(files)]
    for number in range(commits):
        message = f"step {number}".encode()
        yield b"commit refs/heads/main\n"
        yield b"committer Tester <tester@example.org> %d +0000\n" % (1_700_000_000 + 60 * number)
        yield b"data %d\n%s\n" % (len(message), message)
        if number == 0:
            yield from file("dvc.yaml", b"metrics:\n" + b"".join(f"- {name}\n".encode() for name in names))
            yield from file(".dvc/config", b"")
            yield from file(".dvc/.gitignore", b"/config.local\n/tmp\n/cache\n")
        for name in names if number == 0 else rng.sample(names, changed):
            yield from file(name, values(rng, metrics))
        yield b"\n"


def file(path: str, content: bytes) -> Iterator[bytes]:
    yield b"M 100644 inline %s\ndata %d\n%s\n" % (path.encode(), len(content), content)


def make_repository(folder: Path, stream: Iterable[bytes], loose: bool) -> Path:
    folder.mkdir(parents=True)

    def git(*arguments: str, **options: object) -> None:
        subprocess.run(["git", *arguments], cwd=folder, check=True, env=environment(), **options)  # type: ignore[call-overload]

    git("init", "--quiet", "--initial-branch=main")
    importer = subprocess.Popen(["git", "fast-import", "--quiet"], cwd=folder, env=environment(), stdin=subprocess.PIPE)
    assert importer.stdin
    importer.stdin.writelines(stream)
    importer.stdin.close()
    if importer.wait() != 0:
        raise SystemExit("git fast-import failed")
    if loose:
        packs = folder / ".git" / "objects" / "pack"
        outside = folder.parent / f"{folder.name}-pack"
        packs.rename(outside)
        packs.mkdir()
        for pack in outside.glob("*.pack"):
            with pack.open("rb") as content:
                git("unpack-objects", "-q", stdin=content)
        shutil.rmtree(outside)
    else:
        # As after `git gc` or in a fresh clone; fast-import's own pack has hardly any deltas.
        git("repack", "-a", "-d", "-q", "-f")
    git("reset", "--quiet", "--hard", "main")
    return folder


def environment() -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "TMPDIR") if name in os.environ}
    nowhere = {"HOME": tempfile.gettempdir(), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
    return kept | nowhere | {"DVC_NO_ANALYTICS": "1", "LC_ALL": "C.UTF-8"}


# Measuring.


def measure(starter: Starter, case: Case, ours: str, dvc: str | None, runs: int, slow: bool) -> None:
    dvc_runs = 0 if dvc is None else 1 if case.slow_for_dvc and slow else 0 if case.slow_for_dvc else max(3, runs // 4)
    starter.run([ours, *case.ours], case.folder, environment())  # both begin with warm files
    if dvc and dvc_runs > 1:
        starter.run([dvc, *case.dvc], case.folder, environment())
    for number in range(runs):
        case.our_runs.append(starter.run([ours, *case.ours], case.folder, environment()))
        if dvc and number < dvc_runs:
            case.dvc_runs.append(starter.run([dvc, *case.dvc], case.folder, environment()))


# Telling.


def row(case: Case) -> tuple[list[str], bool]:
    time_ours, memory_ours = case.our_runs.wall, case.our_runs.mib
    kept_time = case.bar.milliseconds is None or time_ours <= case.bar.milliseconds
    kept_memory = case.bar.mebibytes is None or memory_ours <= case.bar.mebibytes
    bars = ((case.bar.milliseconds, "ms"), (case.bar.mebibytes, "MiB"))
    promised = [f"{bar:g} {unit}" for bar, unit in bars if bar is not None]
    verdict = "-" if not promised else ("kept" if kept_time and kept_memory else "MISSED") + f" ({', '.join(promised)})"
    fastest = min(one.seconds for one in case.our_runs) * 1000
    cells = [case.name, f"{time_ours:.1f}", f"{fastest:.1f}", f"{memory_ours:.1f}"]
    if case.dvc_runs:
        time_dvc, memory_dvc = case.dvc_runs.wall, case.dvc_runs.mib
        cells += [f"{time_dvc:.0f}", f"{memory_dvc:.0f}", f"{time_dvc / time_ours:.0f}x"]
    else:
        cells += ["-", "-", "-"]
    return [*cells, verdict], kept_time and kept_memory


def print_table(rows: list[list[str]]) -> None:
    header = ["case", "ours ms", "best", "MiB", "DVC ms", "MiB", "faster", "bar"]
    widths = [max(len(line[column]) for line in [header, *rows]) for column in range(len(header))]
    for line in [header, *rows]:
        cells = [text.ljust(width) if column in (0, 7) else text.rjust(width) for column, (text, width) in enumerate(zip(line, widths))]
        print("  ".join(cells).rstrip())


def metrics(case: Case) -> dict[str, float]:
    """Our figures. Of the times the fastest: what else a machine does only adds to it."""
    fastest = min(run.seconds for run in case.our_runs) * 1000
    return {"best_ms": round(fastest, 2), "median_ms": round(case.our_runs.wall, 2), "peak_mib": round(case.our_runs.mib, 2)}


# The cases.


def cases(root: Path, wanted: str) -> Iterator[Case]:
    """Makes a repository only when one of its cases is wanted."""

    def want(name: str) -> bool:
        return wanted in name

    compare, diff = ["compare", "HEAD~1", "HEAD"], ["metrics", "diff", "HEAD~1", "HEAD"]
    log, show = ["log", "metrics/m000.json:metric_00", "-n", "300", "--format", "json"], ["metrics", "show", "--all-commits", "--json"]
    if want("--version"):
        yield Case("--version", root, ["--version"], ["--version"], Bar(milliseconds=3))
    if want("compare, 2 files"):
        small = make_repository(root / "small", history(2, 5, 2, 2), loose=True)
        yield Case("compare, 2 files", small, compare, diff, Bar(milliseconds=10, mebibytes=20))
    for loose, kind in ((True, "loose"), (False, "packed")):
        if want(name := f"compare, 200 files of 50, {kind}"):
            wide = make_repository(root / f"wide-{kind}", history(200, 50, 2, 200), loose)
            yield Case(name, wide, compare, diff, Bar(milliseconds=40))
    for changed, loose, kind in ((20, False, "packed"), (20, True, "loose"), (200, False, "packed")):
        if want(name := f"log, 300 commits changing {changed} files, {kind}"):
            long = make_repository(root / f"long-{changed}-{kind}", history(200, 50, 300, changed), loose)
            yield Case(name, long, log, show, Bar(milliseconds=1000), slow_for_dvc=True)
        if want(name := f"compare, there, changing {changed}, {kind}") and (root / f"long-{changed}-{kind}").exists():
            yield Case(name, long, compare, diff, Bar(milliseconds=40))


def main() -> int:
    arguments = read_arguments()
    ours, dvc = arguments.binary, arguments.dvc
    size = Path(ours).stat().st_size
    root = Path(tempfile.mkdtemp(prefix="proofmark-bench-"))
    starter = Starter()
    print(f"load before: {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores; {arguments.runs} runs each")
    if dvc is None:
        print("DVC is not here (PROOFMARK_DVC): only proofmark is measured")
    nothing = shutil.which("true")
    if nothing:
        floor = Runs(starter.run([nothing], root, environment()) for _ in range(5)).mib
        print(f"peak memory below {floor:.0f} MiB cannot be told: a new process begins with that of its parent")
    rows, figures, missed = [], {}, 0
    try:
        for case in cases(root, arguments.only):
            measure(starter, case, ours, dvc, arguments.runs, arguments.slow)
            cells, kept = row(case)
            rows.append(cells)
            figures[case.name] = metrics(case)
            missed += not kept
            print(f"  measured: {case.name}", flush=True)
    finally:
        starter.close()
        shutil.rmtree(root, ignore_errors=True)
    print()
    print_table(rows)
    small_enough = size <= 12_000_000
    missed += not small_enough
    print(f"\nbinary: {size / 1e6:.2f} MB, {'kept' if small_enough else 'MISSED'} (12 MB); load after: {os.getloadavg()[0]:.1f}")
    if arguments.json:
        figures["binary"] = {"size_mb": round(size / 1e6, 3)}
        Path(arguments.json).write_text(json.dumps(figures, indent=2) + "\n")
    return 1 if missed else 0


def read_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--binary", default=os.environ.get("PROOFMARK_BIN"), help="proofmark, a release build (PROOFMARK_BIN)")
    parser.add_argument("--dvc", default=os.environ.get("PROOFMARK_DVC"), help="DVC (PROOFMARK_DVC)")
    parser.add_argument("--runs", type=int, default=21)
    parser.add_argument("--slow", action="store_true", help="DVC over 300 commits as well, once")
    parser.add_argument("--only", default="", metavar="TEXT", help="only cases with this in their name")
    parser.add_argument("--json", metavar="FILE", help="write our figures there")
    arguments = parser.parse_args()
    if not arguments.binary:
        parser.error("name the binary with --binary or PROOFMARK_BIN")
    arguments.binary = os.path.abspath(arguments.binary)
    dvc = shutil.which(arguments.dvc or "dvc")
    arguments.dvc = os.path.abspath(dvc) if dvc else None
    return arguments


if __name__ == "__main__":
    sys.exit(main())
