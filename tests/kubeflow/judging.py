"""What end-to-end programs share that judge runs of a tracking system: a project in git with two branches, and runs of the binary.

Not executable, so that nothing takes it for a test.
"""

from __future__ import annotations

import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

sys.path.insert(1, str(Path(__file__).resolve().parents[1] / "e2e"))
# Behind the test's own folder, which may have modules of the same names.
sys.path.append(str(Path(__file__).resolve().parents[1] / "mlflow"))

from support import TIMEOUT, Repo, Run, World, strict  # isort: skip

#: Nothing here is far away.
QUICK = {"PROOFMARK_SETTLING_MILLISECONDS": "200", "PROOFMARK_NETWORK_SECONDS": "10"}


def world_in(world: World, name: str) -> World:
    """The same world with another folder for repositories."""
    inner: World = object.__new__(World)
    inner.folder, inner.environment = world.folder / name, world.environment
    inner.folder.mkdir()
    return inner


class Project:
    """`main` with two commits, and a branch `change` with one more; `file` is what the metrics of runs are said to be in."""

    def __init__(self, world: World, file: str, files: Mapping[str, str]) -> None:
        self.world, self.file = world, file
        self.repo = Repo(world, "project")
        self.repo.commit("Set up", files)
        self.repo.commit("Train deeper", {"params.json": '{"depth": 6}\n'})
        self.repo.branch("change").commit("Train wider", {"params.json": '{"width": 6}\n'})
        self.variables: dict[str, str] = dict(QUICK)

    def commit(self, revision: str) -> str:
        return self.repo.git("rev-parse", revision).stdout.strip()

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
        return Gate(strict(done.stdout) if done.stdout.strip() else {}, people.told, self.file)


class Gate:
    """What the gate said, as a document and to people."""

    def __init__(self, report: dict[str, Any], told: str, file: str) -> None:
        self.report, self.told, self.file = report, told, file

    def side(self, side: str) -> dict[str, Any]:
        (tracked,) = self.report["comparison"]["tracked"]
        return tracked[side]

    def runs(self, side: str = "head") -> list[str]:
        return [run["id"] for run in self.side(side)["runs"]]

    def aside(self, side: str = "head") -> str:
        return str(self.side(side).get("set_aside", ""))

    def values(self, metric: str) -> tuple[Any, Any]:
        (row,) = [row for row in self.report["comparison"]["metrics"] if row["file"] == self.file and row["key"] == metric]
        return row.get("base"), row.get("head")

    @property
    def keys(self) -> set[str]:
        return {row["key"] for row in self.report["comparison"]["metrics"] if row["file"] == self.file}


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
