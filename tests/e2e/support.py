"""What the programs of this folder share: a folder of their own, repositories in it, and runs of the real binary.

Not executable, so `tests/run.sh` does not take it for a test.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
TIMEOUT = 120


def binary() -> Path:
    """The binary under test, in a folder that holds it as `proofmark`."""
    given = os.environ.get("PROOFMARK_BIN")
    if not given:
        sys.exit("PROOFMARK_BIN must name the binary (`bash tests/run.sh e2e` does)")
    return Path(given).resolve()


def tool(name: str) -> str:
    """A program of the Python environment that the tests have."""
    return str(Path(os.environ.get("PROOFMARK_VENV") or Path(sys.executable).parent.parent) / "bin" / name)


class World:
    """A temporary folder, with nothing of this user's configuration in sight."""

    def __init__(self) -> None:
        self.folder = Path(tempfile.mkdtemp(prefix="proofmark-e2e-")).resolve()
        (home := self.folder / "home").mkdir()
        (programs := self.folder / "programs").mkdir()
        (programs / "proofmark").symlink_to(binary())
        kept = {name: value for name, value in os.environ.items() if name in {"LANG", "LD_LIBRARY_PATH", "SYSTEMROOT", "TMPDIR"}}
        path = os.pathsep.join([str(programs), str(Path(tool("python")).parent), os.environ["PATH"]])
        self.environment = kept | {
            "PATH": path,
            "HOME": str(home),
            "PRE_COMMIT_HOME": str(self.folder / "pre-commit"),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_AUTHOR_NAME": "A",
            "GIT_AUTHOR_EMAIL": "a@example.org",
            "GIT_COMMITTER_NAME": "A",
            "GIT_COMMITTER_EMAIL": "a@example.org",
            "DVC_NO_ANALYTICS": "1",
            "DVC_TEST": "true",
            "CI": "1",
        }

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)


class Run(subprocess.CompletedProcess):
    """A finished program; both its outputs are `told`."""

    @property
    def told(self) -> str:
        return f"{self.stdout}{self.stderr}"


class Repo:
    """A git repository on the branch `main`."""

    def __init__(self, world: World, name: str) -> None:
        self.world = world
        self.path = world.folder / name
        self.path.mkdir()
        self.git("init", "-q", "-b", "main")

    def run(self, *command: str, code: int | None = 0, variables: Mapping[str, str] | None = None) -> Run:
        """Runs a program here and expects its exit code; `None` takes any but 0."""
        environment = self.world.environment | dict(variables or {})
        given: dict[str, Any] = {"cwd": self.path, "env": environment, "timeout": TIMEOUT, "stdin": subprocess.DEVNULL}
        done = subprocess.run(command, capture_output=True, text=True, encoding="utf-8", **given)
        run = Run(done.args, done.returncode, done.stdout, done.stderr)
        expected = run.returncode == code if code is not None else run.returncode != 0
        assert expected, f"{' '.join(command)} ended with {run.returncode}, not {code}\n{run.told}"
        return run

    def git(self, *arguments: str, code: int | None = 0, variables: Mapping[str, str] | None = None) -> Run:
        return self.run("git", *arguments, code=code, variables=variables)

    def proofmark(self, *arguments: str, code: int = 0) -> Run:
        return self.run("proofmark", *arguments, code=code)

    def code(self, *command: str) -> int:
        """The exit code alone."""
        return subprocess.run(command, cwd=self.path, env=self.world.environment, capture_output=True, timeout=TIMEOUT).returncode

    def document(self, *arguments: str, code: int = 0) -> dict[str, Any]:
        """What the binary prints as JSON, read strictly: no NaN, no name twice."""
        return strict(self.proofmark(*arguments, "--format", "json", code=code).stdout)

    def write(self, files: Mapping[str, str | bytes]) -> Repo:
        for name, content in files.items():
            (path := self.path / name).parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return self

    def commit(self, message: str, files: Mapping[str, str | bytes] | None = None, *, verify: bool = False) -> Repo:
        """Commits all that is there; hooks run with `verify` only."""
        self.write(files or {})
        self.git("add", "-A")
        self.git("commit", "-q", "--allow-empty", "-m", message, *[] if verify else ["--no-verify"])
        return self

    def branch(self, name: str) -> Repo:
        self.git("checkout", "-q", "-b", name)
        return self

    def remote(self) -> Path:
        """A bare repository as `origin`, which has `main`."""
        path = self.path.with_name(self.path.name + "-remote.git")
        self.git("init", "-q", "--bare", "-b", "main", str(path))
        self.git("remote", "add", "origin", str(path))
        self.git("push", "-q", "--no-verify", "-u", "origin", "main")
        return path


def strict(text: str) -> dict[str, Any]:
    """JSON as a strict reader has it."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is not JSON")

    def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        names = [name for name, _ in pairs]
        assert len(names) == len(set(names)), f"a name stands twice: {names}"
        return dict(pairs)

    return json.loads(text, parse_constant=refuse, object_pairs_hook=once)


def statuses(document: dict[str, Any]) -> dict[str, str]:
    """`file:key` to status, for a comparison or a report."""
    return {f"{row['file']}:{row['key']}": row["status"] for row in document["comparison"]["metrics"]}


def main(cases: list[Callable[[World], None]]) -> None:
    """Runs every case in a world of its own; the folder of one that fails is kept."""
    failed = 0
    for case in cases:
        started, world = time.monotonic(), World()
        try:
            case(world)
            outcome = "ok"
            world.remove()
        except Exception:  # noqa: BLE001 (the next case has its own world)
            traceback.print_exc()
            outcome, failed = f"FAILED, see {world.folder}", failed + 1
        print(f"{case.__name__:<44} {time.monotonic() - started:5.1f} s  {outcome}", flush=True)
    sys.exit(1 if failed else 0)
