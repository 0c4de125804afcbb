#!/usr/bin/env python
"""How long a pull request waits for its report: comparing, judging and posting, against a fake GitHub that takes 20 ms for every
request. Two ways: `gate --post`, as the action does it, and `compare`, `gate`, `report` one after another.

    PROOFMARK_BIN=... PROOFMARK_FAKE_GITHUB=... python tests/github/speed.py [--runs N] [--loose] [--json FILE]

Each run has a server of its own and posts twice: anew, and then over what is there. Figures are medians of whole processes; the
exit code is 1 when a bar is missed. `--loose` is for a debug build on a busy machine: fewer runs, and three times the time.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

sys.dont_write_bytecode = True
sys.path.append(str(Path(__file__).resolve().parents[1] / "bench"))

from scene import NAME, WORSE, WRITES, Change, Server, change, pull_request, world  # noqa: E402
from starter import MIB, Run, Starter  # noqa: E402

SLOW = 20
MOST_SECONDS, MOST_REQUESTS, MOST_MIB = 0.3, 12, 40


@dataclass
class Figures:
    """Of one way to post, in one of its two states."""

    seconds: list[float] = field(default_factory=list)
    requests: list[int] = field(default_factory=list)
    peaks: list[int] = field(default_factory=list)

    def row(self) -> dict[str, float]:
        return {
            "median_ms": round(statistics.median(self.seconds) * 1000, 1),
            "best_ms": round(min(self.seconds) * 1000, 1),
            "requests": max(self.requests),
            "peak_mib": round(statistics.median(self.peaks) / MIB, 1),
        }


class Bench:
    def __init__(self, folder: Path) -> None:
        self.folder, self.at = folder, change(folder, values=WORSE)
        self.starter = Starter()
        (folder / "event.json").write_text(json.dumps(pull_request(self.at)))

    def environment(self, server: Server) -> dict[str, str]:
        """As a runner has it."""
        return {
            "PATH": os.environ["PATH"],
            "HOME": str(self.folder),
            "CI": "true",
            "GITHUB_ACTIONS": "true",
            "GITHUB_API_URL": server.url,
            "GITHUB_GRAPHQL_URL": server.graphql_url,
            "GITHUB_EVENT_NAME": "pull_request",
            "GITHUB_EVENT_PATH": str(self.folder / "event.json"),
            "GITHUB_JOB": "gate",
            "GITHUB_OUTPUT": str(self.folder / "output"),
            "GITHUB_REPOSITORY": NAME,
            "GITHUB_RUN_ATTEMPT": "1",
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_SHA": self.at.merge,
            "GITHUB_STEP_SUMMARY": str(self.folder / "summary"),
            "GITHUB_TOKEN": WRITES,
            "GITHUB_WORKFLOW": "proofmark",
            "GITHUB_WORKSPACE": str(self.at.repo.path),
            "RUNNER_TEMP": str(self.folder),
        }

    def start(self, arguments: list[str], environment: dict[str, str], code: int) -> Run:
        binary = os.path.abspath(os.environ["PROOFMARK_BIN"])
        return self.starter.run([binary, *arguments], self.at.repo.path, environment, code)

    def post(self, commands: list[tuple[list[str], int]], states: dict[str, Figures]) -> None:
        """Anew and once more, each by a later run."""
        with Server(self.folder, world(self.at)) as server:
            server.ask("POST", "/__fault", {"path": "*", "hits": "all", "what": {"slow": SLOW}})
            started = time.perf_counter()
            server.ask("GET", f"/repos/{NAME}")
            assert time.perf_counter() - started >= SLOW / 1000, "the server is not slow"
            for number, figures in enumerate(states.values()):
                for name in ("output", "summary"):
                    (self.folder / name).write_text("")
                before = len(server.requests)
                environment = self.environment(server) | {"GITHUB_RUN_ID": str(4711 + number)}
                ran = [self.start(arguments, environment, code) for arguments, code in commands]
                figures.seconds.append(sum(run.seconds for run in ran))
                figures.peaks.append(max(run.peak_bytes for run in ran))
                figures.requests.append(len(server.requests) - before)
                posted(server, self.at, self.folder)

    def close(self) -> None:
        self.starter.close()


def posted(server: Server, at: Change, folder: Path) -> None:
    """What is measured was done."""
    (comment,) = server.comments
    check = server.checks[-1]
    assert "accuracy" in comment["body"] and (check["head_sha"], check["conclusion"]) == (at.head, "failure"), (comment, check)
    assert "accuracy" in (folder / "summary").read_text() and "verdict" in (folder / "output").read_text()


def ways(folder: Path) -> dict[str, list[tuple[list[str], int]]]:
    """Arguments with their exit codes."""
    report = str(folder / "report.json")
    one = [(["gate", "--post", "--output", report], 1)]
    three = [(["compare"], 0), (["gate", "--output", report], 1), (["report", report], 0)]
    return {"gate --post": one, "compare, gate, report": three}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int)
    parser.add_argument("--loose", action="store_true")
    parser.add_argument("--json", metavar="FILE")
    arguments = parser.parse_args()
    runs = arguments.runs or (3 if arguments.loose else 11)
    most_seconds = MOST_SECONDS * (3 if arguments.loose else 1)
    told: dict[str, Any] = {}
    missed = 0
    print(f"every request takes {SLOW} ms; {runs} runs each; load {os.getloadavg()[0]:.1f} on {os.cpu_count()} cores")
    with tempfile.TemporaryDirectory(prefix="proofmark-speed-") as name:
        bench = Bench(Path(name).resolve())
        for way, commands in ways(bench.folder).items():
            states = {"anew": Figures(), "once more": Figures()}
            for _ in range(runs):
                bench.post(commands, states)
            for state, figures in states.items():
                row = told[f"{way}, {state}"] = figures.row()
                kept = row["median_ms"] <= most_seconds * 1000 and row["requests"] <= MOST_REQUESTS and row["peak_mib"] <= MOST_MIB
                missed += not kept
                shown = "  ".join(
                    f"{value:7g} {unit}" for value, unit in zip(row.values(), ("ms", "ms best", "requests", "MiB"), strict=True)
                )
                print(f"  {way + ', ' + state:<36} {shown}  {'kept' if kept else 'MISSED'}")
        bench.close()
    print(f"bar: {most_seconds * 1000:g} ms, {MOST_REQUESTS} requests, {MOST_MIB} MiB")
    if arguments.json:
        Path(arguments.json).write_text(json.dumps(told, indent=2) + "\n")
    return 1 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
